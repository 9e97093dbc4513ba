/* SPDX-License-Identifier: MIT */
#include "play/audit_pictures.h"

#include "base/memory.h"

int audit_pictures_open(struct audit_pictures *pictures, const struct engine *engine, const struct result_record *record,
			struct audit_space *spaces)
{
	uint32_t count = engine->instance_count < PASS_MAPS_MAX ? engine->instance_count : PASS_MAPS_MAX;
	pictures->spaces = spaces;
	audit_map_name(&pictures->names, engine->requests, engine->request_count);
	for (uint32_t i = 0; record->series_count && i < count; i++) {
		pictures->count++;
		if (audit_map_open(&pictures->maps[i], &pictures->names, &pictures->request, PASS_MAP_ROWS,
				   PASS_MAP_COLUMNS) < 0)
			return -1;
		spaces[i].map = &pictures->maps[i];
	}
	return 0;
}

void audit_pictures_close(struct audit_pictures *pictures)
{
	for (uint32_t i = 0; i < pictures->count; i++) {
		audit_map_close(&pictures->maps[i]);
		pictures->spaces[i].map = NULL;
	}
	pictures->count = 0;
	audit_failures_close(&pictures->failures);
}

void audit_pictures_routine(struct audit_pictures *pictures, const char *name, const struct audit_counts *before,
			    const struct audit_counts *after)
{
	audit_failures_count(&pictures->failures, name, RESULT_FAILURE_MALFORMED, after->malformed - before->malformed);
	for (enum audit_failure kind = 0; kind < AUDIT_FAILURES; kind++)
		audit_failures_count(&pictures->failures, name, audit_failure_result[kind],
				     after->failures[kind] - before->failures[kind]);
}

void audit_pictures_row(struct audit_pictures *pictures, size_t row, uint64_t operations)
{
	audit_failures_row(&pictures->failures, operations);
	if (row % (PASS_SERIES_ROWS / PASS_MAP_ROWS))
		return;
	for (uint32_t i = 0; i < pictures->count; i++)
		audit_map_row(&pictures->maps[i], &pictures->spaces[i], operations);
}

int audit_pictures_store(struct audit_pictures *pictures, uint64_t operations, struct result_record *record)
{
	audit_failures_row(&pictures->failures, operations);
	if (audit_failures_store(&pictures->failures, record) < 0)
		return -1;
	record->maps = memory_zeroed(pictures->count, sizeof record->maps[0]);
	for (uint32_t i = 0; record->maps && i < pictures->count; i++) {
		record->map_count++;
		if (audit_map_store(&pictures->maps[i], &pictures->spaces[i], i, &record->maps[i]) < 0)
			return -1;
	}
	return record->maps ? 0 : -1;
}
