/* SPDX-License-Identifier: MIT */
#include "conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of an option, or a number that is none. */
static uint64_t value_of(const struct allocator_spec_part *part, const char *option)
{
	for (uint64_t i = 0; i < part->table->option_count; i++)
		if (!strcmp(part->table->options[i].name, option))
			return part->options[i];
	return UINT64_MAX;
}

static bool is_cached_search(const struct allocator_spec_part *part)
{
	return !strcmp(part->table->name, "rbtree") && value_of(part, "search") == 1;
}

/* The two searches of rbtree have options of their own, and refuse those of the other. */
static bool is_refused(const struct allocator_spec_part *part)
{
	if (strcmp(part->table->name, "rbtree") != 0)
		return false;
	if (is_cached_search(part))
		return value_of(part, "fit") != part->table->options[0].default_value;
	return !value_of(part, "hint32") || !value_of(part, "retry") || !value_of(part, "gate");
}

static void make_promise(struct subject *subject)
{
	const struct allocator_spec_part *part = &subject->spec.parts[0];
	subject->promise = strcmp(part->table->name, "buddy") ? PROMISE_COMPLETE : PROMISE_BLOCK;
	if (!is_cached_search(part))
		return;
	/* Without the second walk, what lies above the hint is not found; the gate refuses without a look. */
	subject->remembers_failures = value_of(part, "gate");
	if (!value_of(part, "retry") || value_of(part, "gate"))
		subject->promise = PROMISE_NOTHING;
}

static void add_text(struct subject *subject, const char *text)
{
	size_t length = strlen(subject->name);
	snprintf(subject->name + length, sizeof subject->name - length, "%s", text);
}

/* The values that are played: every choice; the default and both ends of a range. */
static uint64_t value_count(const struct iova_option *option)
{
	uint64_t count = 0;
	switch (option->kind) {
	case IOVA_OPTION_CHOICE:
		while (option->choices[count])
			count++;
		return count;
	case IOVA_OPTION_FLAG:
		return 2;
	default:
		return 3;
	}
}

static uint64_t value_at(const struct iova_option *option, uint64_t index)
{
	if (option->kind == IOVA_OPTION_CHOICE || option->kind == IOVA_OPTION_FLAG)
		return index;
	return index == 0 ? option->default_value : index == 1 ? option->minimum : option->maximum;
}

void subject_of_table(struct subject *subject, const struct iova_allocator *table, enum promise promise)
{
	memset(subject, 0, sizeof *subject);
	subject->spec.count = 1;
	subject->spec.parts[0].table = table;
	subject->promise = promise;
	add_text(subject, table->name);
	for (uint64_t i = 0; i < table->option_count; i++)
		subject->spec.parts[0].options[i] = table->options[i].default_value;
}

/* Combination number `combination` of the options; its name tells every value. */
static void choose(struct subject *subject, const struct iova_allocator *table, uint64_t combination)
{
	subject_of_table(subject, table, PROMISE_COMPLETE);
	for (uint64_t i = 0; i < table->option_count; i++) {
		const struct iova_option *option = &table->options[i];
		uint64_t value = value_at(option, combination % value_count(option));
		char number[24];
		combination /= value_count(option);
		subject->spec.parts[0].options[i] = value;
		add_text(subject, i ? "," : ":");
		add_text(subject, option->name);
		add_text(subject, "=");
		snprintf(number, sizeof number, "%llu", (unsigned long long)value);
		add_text(subject, option->kind == IOVA_OPTION_CHOICE ? option->choices[value]
				  : option->kind == IOVA_OPTION_FLAG ? (value ? "yes" : "no")
								     : number);
	}
	make_promise(subject);
}

size_t subjects_make(struct subject subjects[SUBJECTS_MAX], const char **wrong)
{
	static struct error error;
	size_t count = 0;
	*wrong = NULL;
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		uint64_t combinations = 1;
		if (table->capabilities & (IOVA_HARNESS | IOVA_LAYER))
			continue;
		for (uint64_t option = 0; option < table->option_count; option++)
			combinations *= value_count(&table->options[option]);
		for (uint64_t combination = 0; combination < combinations && count < SUBJECTS_MAX - 1; combination++) {
			choose(&subjects[count], table, combination);
			count += !is_refused(&subjects[count].spec.parts[0]);
		}
	}
	const char *build = getenv("BUILD");
	struct subject *plugin = &subjects[count];
	memset(plugin, 0, sizeof *plugin);
	snprintf(plugin->name, sizeof plugin->name, "%s/plugins/example.so", build ? build : "build");
	if (allocator_spec_open(plugin->name, &plugin->spec, &error))
		*wrong = error.message;
	else
		count++;
	return count;
}

void subjects_close(struct subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		allocator_spec_close(&subjects[i].spec);
}
