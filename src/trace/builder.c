/* SPDX-License-Identifier: MIT */
#include "trace/builder.h"

#include "base/memory.h"
#include "trace/recording_file.h"
#include "trace/slots.h"

#include <assert.h>
#include <string.h>

static bool same_limits(const struct recording_limits *a, const struct recording_limits *b)
{
	return a->count == b->count && memcmp(a->high, b->high, a->count * sizeof *a->high) == 0;
}

int builder_limits(struct builder *builder, const struct recording_limits *limits, uint8_t *index, struct error *error)
{
	assert(limits->count && limits->count <= WORKLOAD_HIGHS_MAX);
	size_t i = 0;
	while (i < builder->limits_count && !same_limits(&builder->limits[i], limits))
		i++;
	if (i == RECORDING_LIMITS_MAX)
		return error_set(error, EXIT_CODE_USAGE,
				 "more than %d different lists of limits, the most that a recording holds",
				 RECORDING_LIMITS_MAX);
	if (i == builder->limits_count)
		builder->limits[builder->limits_count++] = *limits;
	*index = (uint8_t)i;
	return 0;
}

int builder_append(struct builder *builder, const struct recording_op *op, uint32_t *index, struct error *error)
{
	assert(op->count ? op->limits < builder->limits_count
			 : op->slot == BUILDER_NOTHING || op->slot < builder->op_count);
	if (builder->op_count >= RECORDING_OPS_MAX)
		return error_set(error, EXIT_CODE_USAGE, "more than %llu operations, the most that a recording holds",
				 (unsigned long long)RECORDING_OPS_MAX);
	if (memory_grow(&builder->ops, &builder->op_capacity, builder->op_count, sizeof *op))
		return error_set(error, EXIT_CODE_IO, "no memory for the recording");
	*index = (uint32_t)builder->op_count;
	builder->ops[builder->op_count++] = *op;
	return 0;
}

void builder_place(struct builder *builder, uint8_t domain, uint64_t first, uint64_t count)
{
	assert(domain < RECORDING_DOMAINS_MAX);
	if (!builder->end[domain] || first < builder->low[domain])
		builder->low[domain] = first;
	if (first + count > builder->end[domain])
		builder->end[domain] = first + count;
}

uint64_t builder_span(const struct builder *builder)
{
	uint64_t span = 0;
	for (size_t i = 0; i < RECORDING_DOMAINS_MAX; i++)
		span += builder->end[i] - builder->low[i];
	return span;
}

void builder_withdraw(struct builder *builder, uint32_t index)
{
	assert(index < builder->op_count);
	builder->ops[index] = (struct recording_op){.slot = BUILDER_NOTHING};
}

/* Limits that only withdrawn attempts had are dropped; the others keep their order. */
static void compact_limits(struct builder *builder, struct recording *recording)
{
	bool used[RECORDING_LIMITS_MAX] = {false};
	uint8_t renumbered[RECORDING_LIMITS_MAX] = {0};
	for (size_t i = 0; i < recording->op_count; i++)
		if (recording->ops[i].count)
			used[recording->ops[i].limits] = true;
	for (size_t i = 0; i < builder->limits_count; i++) {
		if (!used[i])
			continue;
		renumbered[i] = (uint8_t)recording->limits_count;
		recording->limits[recording->limits_count++] = builder->limits[i];
	}
	for (size_t i = 0; i < recording->op_count; i++)
		if (recording->ops[i].count)
			recording->ops[i].limits = renumbered[recording->ops[i].limits];
}

/* Moves operations over the gaps, to the front of the same array. slot_of: the slot of each allocation, by its index
 * before. */
static int assign_slots(struct builder *builder, struct slots *slots, uint32_t *slot_of, struct recording *recording)
{
	size_t kept = 0;
	for (size_t i = 0; i < builder->op_count; i++) {
		struct recording_op op = builder->ops[i];
		if (op.count == 0 && op.slot == BUILDER_NOTHING)
			continue;
		if (op.count == 0) {
			op.slot = slot_of[op.slot];
			slots_give(slots, op.slot);
		} else if (op.refused == builder->limits[op.limits].count) {
			op.slot = slots_peek(slots);
		} else {
			if (slots_take(slots, op.domain, &op.slot))
				return -1;
			slot_of[i] = op.slot;
		}
		if (op.cpu >= recording->cpus)
			recording->cpus = op.cpu + 1u;
		builder->ops[kept++] = op;
	}
	recording->op_count = kept;
	recording->slot_count = slots->count;
	return 0;
}

int builder_finish(struct builder *builder, uint32_t domain_count, struct recording *recording, struct error *error)
{
	assert(domain_count && domain_count <= RECORDING_DOMAINS_MAX);
	memset(recording, 0, sizeof *recording);
	struct slots slots = {0};
	uint32_t *slot_of = memory_resize(NULL, builder->op_count, sizeof *slot_of);
	int result = slot_of ? assign_slots(builder, &slots, slot_of, recording) : -1;
	memory_release(slot_of);
	slots_release(&slots);
	if (result)
		return error_set(error, EXIT_CODE_IO, "no memory for the recording");
	recording->ops = builder->ops;
	recording->domain_count = domain_count;
	builder->ops = NULL;
	compact_limits(builder, recording);
	recording->hash = recording_hash(recording);
	return 0;
}

void builder_release(struct builder *builder)
{
	memory_release(builder->ops);
	memset(builder, 0, sizeof *builder);
}
