/* SPDX-License-Identifier: MIT */
#include "trace/cut.h"

#include "base/memory.h"
#include "trace/recording_file.h"

#include <assert.h>
#include <string.h>

/* Slots stay what they are: writing a file numbers them anew. */
static void take_frame(const struct recording *recording, struct recording *made)
{
	*made = *recording;
	made->ops = NULL;
	made->ops_mapped_bytes = 0;
	made->op_count = 0;
	for (int i = RECORDING_KERNEL_SPAN; i <= RECORDING_KERNEL_OVERLAPS; i++)
		made->facts[i] = 0;
	made->facts[RECORDING_REMADE] = 1;
}

static bool fits(const struct recording_part *wanted, const struct recording_op *op)
{
	return (wanted->domain == UINT32_MAX || op->domain == wanted->domain) && op->count >= wanted->pages_min &&
	       op->count <= wanted->pages_max;
}

/* Before the part begins kept tells for each slot what lives in it, 1 + the operation; from then on whether it is of the
 * part. */
static void keep(const struct recording *recording, const struct recording_part *wanted, size_t *kept,
		 struct recording *part)
{
	size_t end = wanted->end_op < recording->op_count ? (size_t)wanted->end_op : recording->op_count;
	for (size_t i = 0; i < end; i++) {
		const struct recording_op *op = &recording->ops[i];
		bool inside = i >= wanted->first_op;
		for (size_t j = 0; j < i && i == wanted->first_op; j++)
			if (recording->ops[j].count && kept[recording->ops[j].slot] == j + 1)
				part->ops[part->op_count++] = recording->ops[j];
		if (op->count && !fits(wanted, op))
			continue;
		if (!op->count && !kept[op->slot])
			continue;
		if (inside)
			part->ops[part->op_count++] = *op;
		if (!op->count || op->refused < recording->limits[op->limits].count)
			kept[op->slot] = op->count ? i + 1 : 0;
	}
}

int recording_cut(const struct recording *recording, const struct recording_part *wanted, struct recording *part,
		  struct error *error)
{
	assert(wanted->first_op < wanted->end_op && wanted->pages_min <= wanted->pages_max);
	take_frame(recording, part);
	size_t *kept = memory_zeroed(recording->slot_count, sizeof *kept);
	/* What lives in the beginning is at most one for each slot. */
	part->ops = memory_resize(NULL, recording->op_count + recording->slot_count, sizeof *part->ops);
	int result = kept && part->ops ? 0 : error_set(error, EXIT_CODE_IO, "no memory to cut a recording");
	if (result == 0) {
		keep(recording, wanted, kept, part);
		if (!part->op_count)
			result = error_set(error, EXIT_CODE_USAGE, "nothing is left of its %zu operations",
					   recording->op_count);
	}
	for (size_t i = 0; i < part->op_count && wanted->domain != UINT32_MAX; i++)
		part->ops[i].domain = 0;
	if (wanted->domain != UINT32_MAX)
		part->domain_count = 1;
	memory_release(kept);
	if (result)
		recording_release(part);
	else
		part->hash = recording_hash(part);
	return result;
}

int recording_scale(const struct recording *recording, uint32_t live, uint32_t domains, struct recording *scaled,
		    struct error *error)
{
	assert(live && domains);
	uint64_t times = (uint64_t)live * domains;
	memset(scaled, 0, sizeof *scaled);
	if ((uint64_t)recording->domain_count * domains > RECORDING_DOMAINS_MAX)
		return error_set(error, EXIT_CODE_USAGE,
				 "%u domains times %u are more than %u, the most that a recording has",
				 recording->domain_count, domains, RECORDING_DOMAINS_MAX);
	if (recording->op_count * times > RECORDING_OPS_MAX || recording->slot_count * times > WORKLOAD_LIVE_MAX)
		return error_set(error, EXIT_CODE_USAGE,
				 "%zu operations times %llu are more than %llu, the most that a recording has",
				 recording->op_count, (unsigned long long)times, (unsigned long long)RECORDING_OPS_MAX);
	take_frame(recording, scaled);
	scaled->ops = memory_resize(NULL, recording->op_count * times, sizeof *scaled->ops);
	if (!scaled->ops) {
		memset(scaled, 0, sizeof *scaled);
		return error_set(error, EXIT_CODE_IO, "no memory to scale a recording");
	}
	for (size_t i = 0; i < recording->op_count; i++)
		for (uint32_t copy = 0; copy < times; copy++) {
			struct recording_op op = recording->ops[i];
			op.slot = op.slot * (uint32_t)times + copy;
			op.domain = (uint8_t)(op.domain + recording->domain_count * (copy / live));
			scaled->ops[scaled->op_count++] = op;
		}
	scaled->slot_count = recording->slot_count * (uint32_t)times;
	scaled->domain_count = recording->domain_count * domains;
	scaled->hash = recording_hash(scaled);
	return 0;
}
