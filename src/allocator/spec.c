/* SPDX-License-Identifier: MIT */
#include "allocator/spec.h"

#include "allocator/names.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define ESCAPED "+:\\"

size_t allocator_spec_length(const char *text, const char *stops)
{
	size_t length = 0;
	while (text[length] && !strchr(stops, text[length]))
		length += text[length] == '\\' && text[length + 1] && strchr(ESCAPED, text[length + 1]) ? 2 : 1;
	return length;
}

void allocator_path_read(const char *text, size_t length, struct text *path)
{
	assert(text || !length);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length && strchr(ESCAPED, text[i + 1]))
			i++;
		text_add_bytes(path, &text[i], 1);
	}
}

void allocator_path_write(const char *path, struct text *spec)
{
	for (; *path; path++)
		text_add(spec, strchr(ESCAPED, *path) ? "\\%c" : "%c", *path);
}

/* The longest registry that a message lists. */
#define NAMES_MAX 32

static int unknown_name(const char *spec, const char *name, struct error *error)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	size_t count = 0;
	for (size_t i = 0; i < allocator_registry_count && count < NAMES_MAX; i++)
		names[count++] = allocator_registry[i]->name;
	for (size_t i = 0; i < allocator_named_spec_count && count < NAMES_MAX; i++)
		names[count++] = allocator_named_specs[i].name;
	struct text list = {0};
	for (size_t i = 0; names[i]; i++)
		text_add(&list, "%s%s", i ? ", " : "", names[i]);
	const char *nearest = text_nearest(name, names);
	if (list.failed)
		error_set(error, EXIT_CODE_IO, "no memory");
	else
		error_set(error, EXIT_CODE_USAGE,
			  "allocator \"%s\": there is no allocator \"%s\"%s%s%s; there are %s (a plugin is a path with a "
			  "slash)",
			  spec, name, nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "",
			  list.bytes);
	text_release(&list);
	return -1;
}

/* Layers come first, and exactly one allocator that is none comes last. */
static int check_order(const char *spec, const char *name, const struct iova_allocator *table, bool is_last,
		       struct error *error)
{
	bool layer = table->capabilities & IOVA_LAYER;
	if (layer && is_last)
		return error_set(error, EXIT_CODE_USAGE,
				 "allocator \"%s\": %s is a layer and needs an allocator under it: %s+buddy", spec, name,
				 name);
	if (!layer && !is_last)
		return error_set(
			error, EXIT_CODE_USAGE,
			"allocator \"%s\": %s is not a layer, so that nothing can stand under it; layers come first", spec,
			name);
	return 0;
}

static int open_plugin(const char *text, size_t length, const struct iova_allocator **table,
		       struct allocator_spec_part *opened, struct error *error)
{
	struct text path = {0};
	allocator_path_read(text, length, &path);
	int result = path.failed ? error_set(error, EXIT_CODE_IO, "no memory")
				 : allocator_plugin_open(path.bytes, table, &opened->library, error);
	text_release(&path);
	return result;
}

/* Reads one part, which ends at its '\0', and opens its plugin if opened is not NULL. */
static int read_part(const char *spec, char *text, bool is_last, struct allocator_spec_part *opened, struct error *error)
{
	uint64_t values[ALLOCATOR_OPTIONS_MAX];
	const struct iova_allocator *table = NULL;
	size_t length = allocator_spec_length(text, ":");
	char *options = text[length] ? &text[length + 1] : NULL;
	text[length] = '\0';
	if (!*text)
		return error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": a part has no name", spec);
	if (!strchr(text, '/')) {
		const struct allocator_named_spec *named = allocator_named_spec_find(text);
		if (named)
			return error_set(error, EXIT_CODE_USAGE,
					 "allocator \"%s\": %s stands for %s and takes no options: write that, with them",
					 spec, text, named->spec);
		table = allocator_find(text);
		if (!table)
			return unknown_name(spec, text, error);
	} else if (text[strlen(text) - 1] == '/') {
		return error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": %s is a folder, not a plugin", spec, text);
	} else if (opened && open_plugin(text, length, &table, opened, error)) {
		return -1;
	}
	if (opened)
		opened->table = table;
	if (table && check_order(spec, text, table, is_last, error))
		return -1;
	return allocator_options_read(spec, text, table, options, opened ? opened->options : values, error);
}

/* A spec that cannot be read, and is the name of a file as it stands. */
static void advise_path(const char *text, struct error *error)
{
	if (!error || error->exit_code != EXIT_CODE_USAGE || !strchr(text, '/') || !strpbrk(text, "+:") ||
	    access(text, F_OK))
		return;
	struct text spec = {0};
	allocator_path_write(text, &spec);
	if (!spec.failed) {
		*error = (struct error){0};
		error_set(error, EXIT_CODE_USAGE,
			  "allocator \"%.300s\": there is a file of this name, but + begins a layer and : options; "
			  "as a plugin write %s",
			  text, spec.bytes);
	}
	text_release(&spec);
}

static int read_spec(const char *text, struct allocator_spec *spec, struct error *error)
{
	struct text written_out = {0};
	allocator_spec_expand(text, &written_out);
	char *copy = written_out.failed ? NULL : memory_text(written_out.bytes ? written_out.bytes : "");
	text_release(&written_out);
	if (!copy)
		return error_set(error, EXIT_CODE_IO, "no memory");
	int failed = 0;
	size_t count = 0;
	for (char *part = copy, *next; part && !failed; part = next) {
		size_t length = allocator_spec_length(part, "+");
		next = part[length] ? &part[length + 1] : NULL;
		part[length] = '\0';
		if (count == ALLOCATOR_SPEC_LAYERS_MAX) {
			failed = error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": more than %d parts", text,
					   ALLOCATOR_SPEC_LAYERS_MAX);
			break;
		}
		if (spec)
			spec->count = count + 1;
		failed = read_part(text, part, !next, spec ? &spec->parts[count] : NULL, error);
		count++;
	}
	memory_release(copy);
	if (failed)
		advise_path(text, error);
	return failed;
}

int allocator_spec_check(const char *text, struct error *error)
{
	return read_spec(text, NULL, error);
}

int allocator_spec_open(const char *text, struct allocator_spec *spec, struct error *error)
{
	assert(text && spec);
	memset(spec, 0, sizeof *spec);
	if (!read_spec(text, spec, error))
		return 0;
	allocator_spec_close(spec);
	return -1;
}

void allocator_spec_close(struct allocator_spec *spec)
{
	for (size_t i = 0; i < spec->count; i++)
		allocator_plugin_close(spec->parts[i].library);
	memset(spec, 0, sizeof *spec);
}
