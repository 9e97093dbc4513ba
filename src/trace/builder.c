/* SPDX-License-Identifier: MIT */
#include "trace/builder.h"

#include "trace/slots.h"
#include "trace/table.h"

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
			 : op->slot == BUILDER_NOTHING || op->slot < builder->store.count);
	*index = (uint32_t)builder->store.count;
	return op_store_append(&builder->store, op, error);
}

void builder_withdraw(struct builder *builder, uint32_t index)
{
	assert(index < builder->store.count);
	builder->store.ops[index] = (struct recording_op){.slot = BUILDER_NOTHING};
}

/* Limits that only withdrawn attempts had are dropped; the others keep their order. */
static void compact_limits(struct builder *builder, const bool used[RECORDING_LIMITS_MAX], struct recording *recording)
{
	uint8_t renumbered[RECORDING_LIMITS_MAX] = {0};
	for (size_t i = 0; i < builder->limits_count; i++) {
		if (!used[i])
			continue;
		renumbered[i] = (uint8_t)recording->limits_count;
		recording->limits[recording->limits_count++] = builder->limits[i];
	}
	for (size_t i = 0; i < recording->op_count && recording->limits_count < builder->limits_count; i++) {
		if (recording->ops[i].count)
			recording->ops[i].limits = renumbered[recording->ops[i].limits];
		if (i % RECORDING_LEAVE_OPS == 0)
			recording_leave(recording, i);
	}
}

/* What is numbered anew when all operations are there. */
struct numbering {
	struct slots slots;
	struct table slot_of; /* of each live range, by the index of its allocation */
	bool used[RECORDING_LIMITS_MAX];
};

static int assign_slot(struct builder *builder, struct numbering *numbering, size_t index, struct recording_op *op)
{
	struct slots *slots = &numbering->slots;
	if (op->count == 0) {
		uint32_t *live = table_find(&numbering->slot_of, op->slot);
		assert(live);
		uint32_t slot = *live;
		table_remove(&numbering->slot_of, op->slot);
		op->slot = slot;
		slots_give(slots, slot);
		return 0;
	}
	numbering->used[op->limits] = true;
	if (op->refused == builder->limits[op->limits].count) {
		builder->refused_demands++;
		op->slot = slots_peek(slots);
		return 0;
	}
	return slots_take(slots, op->domain, &op->slot) || table_put(&numbering->slot_of, index, op->slot) ? -1 : 0;
}

/* Moves operations over the gaps, to the front of the same array. */
static int assign_slots(struct builder *builder, struct numbering *numbering, struct recording *recording)
{
	for (size_t i = 0; i < builder->store.count; i++) {
		struct recording_op op = recording->ops[i];
		if (i % RECORDING_LEAVE_OPS == 0)
			recording_leave(recording, i);
		if (op.count == 0 && op.slot == BUILDER_NOTHING)
			continue;
		if (assign_slot(builder, numbering, i, &op))
			return -1;
		if (op.cpu >= recording->cpus)
			recording->cpus = op.cpu + 1u;
		recording->ops[recording->op_count++] = op;
	}
	recording->slot_count = numbering->slots.count;
	return 0;
}

int builder_finish(struct builder *builder, uint32_t domain_count, struct recording *recording, struct error *error)
{
	assert(domain_count && domain_count <= RECORDING_DOMAINS_MAX);
	*recording = (struct recording){
		.ops = builder->store.ops, .ops_mapped_bytes = builder->store.mapped_bytes, .domain_count = domain_count};
	struct numbering numbering = {0};
	int result = assign_slots(builder, &numbering, recording);
	slots_release(&numbering.slots);
	table_release(&numbering.slot_of);
	if (result) {
		memset(recording, 0, sizeof *recording);
		return error_set(error, EXIT_CODE_IO, "no memory for the recording");
	}
	op_store_hand_over(&builder->store, recording);
	compact_limits(builder, numbering.used, recording);
	return 0;
}

void builder_release(struct builder *builder)
{
	op_store_release(&builder->store);
	placed_release(&builder->placed);
	memset(builder, 0, sizeof *builder);
}
