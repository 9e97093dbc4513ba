/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/memory.h"
#include "workload/workload_yaml.h"

#include <string.h>

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
