/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/memory.h"
#include "workload/workload_document.h"
#include "workload/workload_yaml.h"

#include <string.h>

static void parse(struct yaml_tree *tree, struct yaml_problems *problems, struct workload *workload)
{
	struct yaml_places places = {0};
	/* A lone value that becomes a list or map takes a place more. */
	if (yaml_tree_read(tree, problems))
		return;
	if (yaml_places_prepare(&places, 2 * tree->expanded + 1, tree->nodes[0].position)) {
		problems->no_memory = true;
		return;
	}
	workload_document_read(tree, &places, problems, workload);
	yaml_places_release(&places);
}

int workload_parse(const char *file, const char *bytes, size_t length, struct workload *workload, struct text *messages)
{
	struct yaml_problems problems = {.file = file, .bytes = bytes, .length = length};
	struct yaml_tree tree = {0};
	*workload = (struct workload){0};
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		problems.bytes += 3;
		problems.length -= 3;
	}
	if (length > WORKLOAD_FILE_BYTES_MAX) {
		text_add(messages, "%s: larger than %u bytes, the most that is read here\n", file, WORKLOAD_FILE_BYTES_MAX);
		return -1;
	}
	parse(&tree, &problems, workload);
	workload->file = memory_text(file);
	if (!workload->file)
		problems.no_memory = true;
	int result = yaml_problems_any(&problems) ? -1 : 0;
	if (result) {
		yaml_problems_tell(&problems, messages);
		workload_release(workload);
	}
	yaml_tree_release(&tree);
	yaml_problems_release(&problems);
	return result;
}

int workload_load(const char *file, struct workload *workload, struct text *messages)
{
	char *bytes;
	size_t length;
	struct error error = {0};
	*workload = (struct workload){0};
	if (file_read(file, WORKLOAD_FILE_BYTES_MAX, &bytes, &length, &error)) {
		text_add(messages, "%s\n", error.message);
		return -1;
	}
	int result = workload_parse(file, bytes, length, workload, messages);
	memory_release(bytes);
	return result;
}

void workload_trace_path(const struct workload *workload, const struct workload_phase *phase, struct text *path)
{
	const char *file = phase->trace.file, *slash = strrchr(workload->file, '/');
	if (file[0] != '/' && slash)
		text_add_bytes(path, workload->file, (size_t)(slash + 1 - workload->file));
	text_add(path, "%s", file);
}

uint64_t workload_hash(const char *bytes, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}
