/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_RECORDING_CHECK_H
#define FUZZ_RECORDING_CHECK_H

#include "trace/recording_file.h"
#include "trace/stat.h"

#include <assert.h>
#include <stdlib.h>

/* What a reader accepts keeps every rule of workload/recording.h. */
static inline void check_recording(const struct recording *recording)
{
	assert(recording->hash == recording_hash(recording));
	uint8_t *live = calloc(recording->slot_count, 1);
	for (size_t i = 0; i < recording->op_count; i++) {
		const struct recording_op *op = &recording->ops[i];
		assert(op->slot < recording->slot_count && op->cpu < recording->cpus &&
		       op->domain < recording->domain_count);
		assert(op->limits < recording->limits_count);
		assert(live[op->slot] == (op->count ? 0 : op->domain + 1));
		if (!op->count)
			live[op->slot] = 0;
		else if (op->refused < recording->limits[op->limits].count)
			live[op->slot] = (uint8_t)(op->domain + 1);
		else
			assert(op->refused == recording->limits[op->limits].count);
	}
	free(live);
	struct recording_stat stat;
	assert(recording_stat(recording, &stat, NULL) == 0);
}

#endif
