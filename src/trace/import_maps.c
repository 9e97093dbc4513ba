/* SPDX-License-Identifier: MIT */
#include "trace/import_maps.h"

#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How many pages without a map are looked at inside one unmap. The maps of a range are adjacent, so that there are none,
 * except where the recording lost events or mixes devices. */
#define GAP_PAGES_MAX 65536u

struct mapped {
	uint64_t first;
	uint64_t task;
	uint32_t count;
	uint32_t op;    /* its number among the operations; unused: 1 + the next unused one */
	uint32_t depth; /* maps at first less unmaps over it; above 1 where devices collide; 0 = unused */
	bool pending;   /* no unmap came since the map */
};

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the import");
}

static int find_mapped(struct maps *maps, uint32_t *index, struct error *error)
{
	*index = maps->unused;
	if (*index)
		maps->unused = maps->mapped[--*index].op;
	else if (memory_grow(&maps->mapped, &maps->mapped_capacity, maps->mapped_count, sizeof *maps->mapped))
		return no_memory(error);
	else
		*index = (uint32_t)maps->mapped_count++;
	maps->mapped[*index] = (struct mapped){.depth = 0};
	return 0;
}

static int take_map(struct maps *maps, const struct event *event, struct error *error)
{
	maps->report->maps++;
	uint32_t *known = table_find(&maps->starts, event->first);
	uint32_t index;
	if (known) {
		index = *known;
		maps->report->colliding_maps++;
		maps->mapped[index].depth++;
		if (maps->mapped[index].pending)
			return 0;
	} else if (find_mapped(maps, &index, error)) {
		return -1;
	}
	struct mapped *mapped = &maps->mapped[index];
	*mapped = (struct mapped){.first = event->first,
				  .task = event->task,
				  .count = event->count,
				  .pending = true,
				  .depth = known ? mapped->depth : 1};
	/* Only the unmap tells whether a range begins here, and how long it is: the operation is kept. */
	struct recording_op kept = {.slot = BUILDER_NOTHING, .cpu = (uint16_t)event->cpu};
	if (builder_append(maps->builder, &kept, &mapped->op, error))
		return -1;
	return table_put(&maps->starts, event->first, index) ? no_memory(error) : 0;
}

/* Takes one map away from each start in [at, end). */
static void uncover(struct maps *maps, uint64_t at, uint64_t end)
{
	uint32_t parts = 0, gap = 0;
	while (at < end && gap < GAP_PAGES_MAX) {
		uint32_t *index = table_find(&maps->starts, at);
		if (!index) {
			at++;
			gap++;
			continue;
		}
		struct mapped *mapped = &maps->mapped[*index];
		parts += mapped->pending;
		mapped->pending = false;
		at += mapped->count;
		if (--mapped->depth == 0) {
			mapped->op = maps->unused;
			maps->unused = *index + 1;
			table_remove(&maps->starts, mapped->first);
		}
	}
	if (parts)
		maps->report->joined_maps += parts - 1;
}

static void become_range(struct maps *maps, uint32_t op, uint32_t count)
{
	maps->builder->ops[op].slot = 0;
	maps->builder->ops[op].count = count;
}

static int take_unmap(struct maps *maps, const struct event *event, struct error *error)
{
	uint32_t *index = table_find(&maps->starts, event->first);
	bool pending = index && maps->mapped[*index].pending;
	struct recording_op op = {.slot = pending ? maps->mapped[*index].op : 0, .cpu = (uint16_t)event->cpu};
	if (index)
		uncover(maps, event->first, event->first + event->count);
	if (!pending) {
		maps->report->foreign_unmaps++;
		return 0;
	}
	become_range(maps, op.slot, event->count);
	uint32_t number;
	return builder_append(maps->builder, &op, &number, error);
}

int maps_event(struct maps *maps, const struct event *event, struct error *error)
{
	assert(event->kind == EVENT_MAP || event->kind == EVENT_UNMAP);
	return event->kind == EVENT_MAP ? take_map(maps, event, error) : take_unmap(maps, event, error);
}

static int by_time(const void *left, const void *right)
{
	const struct mapped *a = left, *b = right;
	return (a->op > b->op) - (a->op < b->op);
}

int maps_finish(struct maps *maps, struct error *error)
{
	assert(maps->builder && maps->report);
	/* Nobody recorded the limits of these ranges. */
	const struct recording_limits limits = {.high = {WORKLOAD_PAGES_MAX - 1}, .count = 1};
	uint8_t limits_index;
	if (builder_limits(maps->builder, &limits, &limits_index, error))
		return -1;
	/* From here on the table leads from a task to its last map, in the order of time. */
	table_release(&maps->starts);
	size_t count = 0;
	for (size_t i = 0; i < maps->mapped_count; i++)
		if (maps->mapped[i].depth && maps->mapped[i].pending)
			maps->mapped[count++] = maps->mapped[i];
	maps->mapped_count = count;
	if (count)
		qsort(maps->mapped, count, sizeof *maps->mapped, by_time);
	for (size_t i = 0; i < count; i++) {
		struct mapped *mapped = &maps->mapped[i];
		uint32_t *last = table_find(&maps->starts, mapped->task);
		struct mapped *before = last ? &maps->mapped[*last] : NULL;
		if (before && before->first + before->count == mapped->first &&
		    before->count <= UINT32_MAX - mapped->count) {
			before->count += mapped->count;
			become_range(maps, before->op, before->count);
			maps->report->joined_maps++;
			continue;
		}
		become_range(maps, mapped->op, mapped->count);
		if (table_put(&maps->starts, mapped->task, (uint32_t)i))
			return no_memory(error);
	}
	return 0;
}

void maps_release(struct maps *maps)
{
	table_release(&maps->starts);
	memory_release(maps->mapped);
	memset(maps, 0, sizeof *maps);
}
