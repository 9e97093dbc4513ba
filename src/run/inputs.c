/* SPDX-License-Identifier: MIT */
#include "run/inputs.h"

#include "allocator/registry.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <string.h>

bool inputs_next_plugin(const char **at, struct text *path)
{
	while (*at) {
		const char *part = *at, *layer = part + allocator_spec_length(part, "+");
		*at = *layer ? layer + 1 : NULL;
		path->length = 0;
		text_add(path, "%s", "");
		allocator_path_read(part, allocator_spec_length(part, ":+"), path);
		if (path->failed || strchr(path->bytes, '/'))
			return true;
	}
	return false;
}

static int hash_file(const char *path, uint64_t *hash, struct error *error)
{
	char *bytes;
	size_t length;
	if (file_read(path, INPUTS_FILE_BYTES_MAX, &bytes, &length, error) < 0)
		return -1;
	*hash = workload_hash(bytes, length);
	memory_release(bytes);
	return 0;
}

static bool is_known(const struct inputs *inputs, const char *path)
{
	for (size_t i = 0; i < inputs->count; i++)
		if (strcmp(inputs->list[i].path, path) == 0)
			return true;
	return false;
}

int inputs_add(struct inputs *inputs, char *path, uint64_t hash, struct error *error)
{
	bool known = path && is_known(inputs, path);
	if (path && !known && memory_grow(&inputs->list, &inputs->capacity, inputs->count, sizeof inputs->list[0]) == 0) {
		inputs->list[inputs->count++] = (struct input){path, hash};
		return 0;
	}
	memory_release(path);
	return known ? 0 : error_set(error, EXIT_CODE_IO, "no memory for the files of a run");
}

static int add_file(struct inputs *inputs, const struct text *path, struct error *error)
{
	uint64_t hash;
	if (path->failed)
		return error_set(error, EXIT_CODE_IO, "no memory for the files of a run");
	/* A sweep names its recording once for every combination. */
	if (is_known(inputs, path->bytes))
		return 0;
	if (hash_file(path->bytes, &hash, error) < 0)
		return -1;
	return inputs_add(inputs, memory_text(path->bytes), hash, error);
}

int inputs_add_file(struct inputs *inputs, const char *path, struct error *error)
{
	struct text text = {0};
	text_add(&text, "%s", path);
	int status = add_file(inputs, &text, error);
	text_release(&text);
	return status;
}

int inputs_add_plugins(struct inputs *inputs, const char *spec, struct error *error)
{
	assert(spec);
	struct text path = {0};
	int result = 0;
	while (result == 0 && inputs_next_plugin(&spec, &path))
		result = add_file(inputs, &path, error);
	text_release(&path);
	return result;
}

int inputs_add_recordings(struct inputs *inputs, const struct workload *workload, struct error *error)
{
	int result = 0;
	for (size_t i = 0; result == 0 && i < workload->phase_count; i++) {
		struct text path = {0};
		if (workload->phases[i].body != WORKLOAD_BODY_TRACE)
			continue;
		workload_trace_path(workload, &workload->phases[i], &path);
		result = add_file(inputs, &path, error);
		text_release(&path);
	}
	return result;
}

void inputs_release(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		memory_release(inputs->list[i].path);
	memory_release(inputs->list);
	*inputs = (struct inputs){0};
}

int inputs_check(const struct inputs *inputs, struct error *error)
{
	for (size_t i = 0; i < inputs->count; i++) {
		const struct input *begun = &inputs->list[i];
		struct error why = {0};
		uint64_t now = 0;
		bool there = hash_file(begun->path, &now, &why) == 0;
		if (!there && why.exit_code == EXIT_CODE_IO)
			return error_set(error, EXIT_CODE_IO, "%s", why.message);
		if (there && now == begun->hash)
			continue;
		return error_set(error, EXIT_CODE_USAGE, "%s %s: start a new one", begun->path,
				 there ? "changed since this run was begun"
				       : "cannot be read any more since this run was begun");
	}
	return 0;
}

uint64_t inputs_plugin_hash(const struct inputs *inputs, const char *spec)
{
	struct text path = {0};
	uint64_t hash = 0;
	while (inputs_next_plugin(&spec, &path) && !path.failed)
		for (size_t i = 0; i < inputs->count; i++)
			if (strcmp(inputs->list[i].path, path.bytes) == 0)
				hash = hash ? hash_bytes(hash, &inputs->list[i].hash, sizeof hash) : inputs->list[i].hash;
	text_release(&path);
	return hash;
}
