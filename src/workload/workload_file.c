/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <string.h>

size_t workload_combinations(const struct workload *workload)
{
	size_t combinations = 1;
	for (size_t i = 0; i < workload->sweep_count; i++)
		combinations *= workload->sweeps[i].value_count;
	return combinations;
}

void workload_combination(const struct workload *workload, size_t number, struct yaml_setting *settings)
{
	assert(number < workload_combinations(workload));
	for (size_t i = workload->sweep_count; i--;) {
		const struct workload_sweep *sweep = &workload->sweeps[i];
		const struct yaml_written *value = &sweep->values[number % sweep->value_count];
		settings[i] = (struct yaml_setting){sweep->key, value->text, value->line, value->column};
		number /= sweep->value_count;
	}
}

/* The first combination that is no right workload is told. */
static int check_combinations(const struct workload *workload, const char *bytes, size_t length, struct text *messages)
{
	struct yaml_setting settings[WORKLOAD_SWEEPS_MAX];
	int result = 0;
	for (size_t i = 0; result == 0 && workload->sweep_count && i < workload_combinations(workload); i++) {
		struct workload combination;
		workload_combination(workload, i, settings);
		result = workload_parse_set(workload->file, bytes, length, settings, workload->sweep_count, &combination,
					    messages);
		workload_release(&combination);
	}
	return result;
}

int workload_parse(const char *file, const char *bytes, size_t length, struct workload *workload, struct text *messages)
{
	int result = workload_parse_set(file, bytes, length, NULL, 0, workload, messages);
	if (result == 0)
		result = check_combinations(workload, bytes, length, messages);
	if (result != 0)
		workload_release(workload);
	return result;
}

int workload_load(const char *file, struct workload *workload, struct text *messages)
{
	char *bytes;
	size_t length;
	struct error error = {0};
	*workload = (struct workload){0};
	if (file_read_input(file, WORKLOAD_FILE_BYTES_MAX, &bytes, &length, &error)) {
		text_add(messages, "%s\n", error.message);
		return -1;
	}
	int result = workload_parse(file, bytes, length, workload, messages);
	memory_release(bytes);
	return result;
}

void workload_trace_path(const struct workload *workload, const struct workload_phase *phase, struct text *path)
{
	assert(phase->trace.file && workload->file);
	const char *file = phase->trace.file, *slash = strrchr(workload->file, '/');
	if (file[0] != '/' && slash)
		text_add_bytes(path, workload->file, (size_t)(slash + 1 - workload->file));
	text_add(path, "%s", file);
}

uint64_t workload_hash(const char *bytes, size_t length)
{
	assert(bytes || !length);
	return hash_bytes(HASH_START, bytes, length);
}
