/* SPDX-License-Identifier: MIT */
#include "allocator/spec.h"

#include "base/file.h"

#include <assert.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CAPABILITIES_KNOWN ((IOVA_HIGH << 1) - 1)

/* The sentence of the last fault found by this thread. Its model is one that a shared object may have: libiovabench can be
 * part of a plugin. */
static _Thread_local char fault_bytes[256] __attribute__((tls_model("initial-exec")));

__attribute__((format(printf, 1, 2))) static const char *fault(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault_bytes, sizeof fault_bytes, format, arguments);
	va_end(arguments);
	return fault_bytes;
}

/* Lower-case letters, digits, '_' and '-': what a spec can spell. */
static bool is_name(const char *name)
{
	return name && *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")];
}

static const char *choices_fault(const struct iova_option *option)
{
	size_t count = 0;
	if (!option->choices || !option->choices[0])
		return fault("option %s has no choices", option->name);
	for (; option->choices[count]; count++)
		if (!is_name(option->choices[count]))
			return fault("choice %zu of option %s is not a name of a-z, 0-9, _ and -", count, option->name);
	if (option->default_value >= count)
		return fault("the default of option %s is none of its %zu choices", option->name, count);
	return NULL;
}

static const char *option_fault(const struct iova_option *option, size_t index)
{
	if (!is_name(option->name))
		return fault("option %zu has no name of a-z, 0-9, _ and -", index);
	if (!option->help || !*option->help)
		return fault("option %s has no help", option->name);
	if (option->without && option->kind != IOVA_OPTION_CHOICE)
		return fault("option %s takes capabilities away, and is no choice", option->name);
	switch (option->kind) {
	case IOVA_OPTION_CHOICE:
		return choices_fault(option);
	case IOVA_OPTION_FLAG:
		return option->default_value > 1 ? fault("the default of option %s is neither 0 nor 1", option->name)
						 : NULL;
	case IOVA_OPTION_NUMBER:
	case IOVA_OPTION_TIME:
		if (option->default_value < option->minimum || option->default_value > option->maximum)
			return fault("the default of option %s is outside of its range", option->name);
		return NULL;
	}
	return fault("option %s has the unknown kind %d", option->name, (int)option->kind);
}

static const char *options_fault(const struct iova_allocator *table)
{
	if (table->option_count > ALLOCATOR_OPTIONS_MAX)
		return fault("%" PRIu64 " options, at most %d are possible", table->option_count, ALLOCATOR_OPTIONS_MAX);
	if (table->option_count && !table->options)
		return "option_count is not 0, but there are no options";
	for (size_t i = 0; i < table->option_count; i++) {
		const char *wrong = option_fault(&table->options[i], i);
		if (wrong)
			return wrong;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(table->options[i].name, table->options[j].name))
				return fault("two options are called %s", table->options[i].name);
	}
	return NULL;
}

static const char *functions_fault(const struct iova_allocator *table)
{
	const struct {
		bool present;
		const char *name;
	} functions[] = {
		{table->create, "create"},
		{table->alloc, "alloc"},
		{table->free, "free"},
		{table->statistics, "statistics"},
		{table->broken_invariant, "broken_invariant"},
		{table->destroy, "destroy"},
	};
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (!functions[i].present)
			return fault("the function %s is missing", functions[i].name);
	if (table->capabilities & IOVA_EXPLICIT && !table->place)
		return "it has IOVA_EXPLICIT, but the function place is missing";
	if (!table->visit_free && (table->poll || table->drain))
		return "it caches or defers (poll, drain), but the function visit_free is missing";
	bool steps = table->capabilities & IOVA_STEPS;
	if (steps && !table->alloc_counted)
		return "it has IOVA_STEPS, but the function alloc_counted is missing";
	if (steps && !table->free_counted)
		return "it has IOVA_STEPS, but the function free_counted is missing";
	if (!steps && (table->alloc_counted || table->free_counted))
		return "it has counted functions, but not IOVA_STEPS";
	return NULL;
}

const char *allocator_table_fault(const struct iova_allocator *table)
{
	if (!table)
		return "there is no table";
	if (table->magic != IOVA_MAGIC)
		return fault("its magic is 0x%016" PRIx64 ", this program's is 0x%016" PRIx64, table->magic, IOVA_MAGIC);
	if (table->abi != IOVA_ABI)
		return fault("its ABI is %" PRIu32 ", this program's is %u", table->abi, IOVA_ABI);
	if (table->size != sizeof *table)
		return fault("its table has %" PRIu32 " bytes, this program's has %zu", table->size, sizeof *table);
	if (!is_name(table->name))
		return "its name is not of a-z, 0-9, _ and -";
	if (!table->about || !*table->about)
		return "it says nothing about itself";
	if (table->capabilities & ~CAPABILITIES_KNOWN)
		return fault("it has unknown capabilities: 0x%" PRIx64, table->capabilities & ~CAPABILITIES_KNOWN);
	if ((unsigned)table->promise > IOVA_PROMISE_BOUNDED)
		return fault("it has the unknown promise %d", (int)table->promise);
	const char *wrong = functions_fault(table);
	return wrong ? wrong : options_fault(table);
}

int allocator_plugin_open(const char *path, const struct iova_allocator **table, void **library, struct error *error)
{
	assert(strchr(path, '/'));
	const char *wrong = NULL;
	iova_plugin_function function;
	struct file file;
	struct error unread = {0};
	/* The loader would wait for ever for the other end of a pipe. */
	if (file_open(path, &file, &unread) < 0)
		return error_set(error, unread.exit_code, "plugin %.900s", unread.message);
	file_close(&file);
	void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!opened) {
		const char *message = dlerror();
		size_t length = strlen(path);
		/* The loader begins with the path, mostly. */
		if (!strncmp(message, path, length) && !strncmp(message + length, ": ", 2))
			message += length + 2;
		return error_set(error, EXIT_CODE_USAGE, "plugin %s: %s", path, message);
	}
	void *symbol = dlsym(opened, IOVA_PLUGIN_SYMBOL);
	/* ISO C has no cast from an object's to a function's address. */
	memcpy(&function, &symbol, sizeof function);
	if (!symbol)
		wrong = "it exports no function " IOVA_PLUGIN_SYMBOL;
	else
		wrong = allocator_table_fault(*table = function());
	if (wrong) {
		error_set(error, EXIT_CODE_USAGE, "plugin %s: %s", path, wrong);
		dlclose(opened);
		*table = NULL;
		return -1;
	}
	*library = opened;
	return 0;
}

void allocator_plugin_close(void *library)
{
	if (library)
		dlclose(library);
}
