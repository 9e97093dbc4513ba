/* SPDX-License-Identifier: MIT */
#include "trace/import_maps.h"

#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN_SHIFT 52 /* above a page number; OWNERS_MAX fits */
#define LINKED_PAGES_LEAST 3u
#define LINKED_PAGES_MAX 65536u

/* What one map made. */
struct mapped {
	uint64_t first; /* domain and page */
	uint64_t task;
	uint32_t count;
	uint32_t left;  /* pages that are mapped still */
	uint32_t op;    /* its number among the operations; unused: 1 + the next unused one */
	uint32_t depth; /* maps of exactly this less unmaps over it; above 1 where devices collide; 0 = unused */
	uint32_t run;   /* of maps of one task without an unmap of its between them */
	uint32_t link;  /* the number of the link that it belongs to, 0 = none */
	bool pending;   /* no unmap came since the map */
};

struct link_member {
	uint32_t alloc; /* operations */
	uint32_t free;  /* its place is kept */
};

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the import");
}

static struct mapped *mapped_of(const struct maps *maps, uint32_t node)
{
	return &maps->mapped[maps->live.nodes[node].value];
}

/* A piece of what was mapped is no more. */
static int leave(struct maps *maps, uint64_t key, uint64_t count, struct error *error)
{
	uint8_t domain = owners_domain(maps->owners, (uint32_t)(key >> DOMAIN_SHIFT));
	return placed_drop(&maps->builder->placed, domain, key % WORKLOAD_PAGES_MAX, count, error);
}

static int remove_node(struct maps *maps, uint32_t node, struct error *error)
{
	struct range_node piece = maps->live.nodes[node];
	ranges_remove(&maps->live, node);
	return leave(maps, piece.first, piece.count, error);
}

static void become_range(struct maps *maps, uint32_t op, uint32_t count)
{
	maps->builder->store.ops[op].slot = 0;
	maps->builder->store.ops[op].count = count;
}

static int append_free(struct maps *maps, uint32_t alloc, uint32_t cpu, struct error *error)
{
	uint32_t number;
	struct recording_op op = {.slot = alloc, .cpu = (uint16_t)cpu, .domain = maps->builder->store.ops[alloc].domain};
	return builder_append(maps->builder, &op, &number, error);
}

static int find_mapped(struct maps *maps, uint32_t *index, struct error *error)
{
	*index = maps->unused;
	if (*index)
		maps->unused = maps->mapped[--*index].op;
	else if (maps->mapped_count >= UINT32_MAX - 1 ||
		 memory_grow(&maps->mapped, &maps->mapped_capacity, maps->mapped_count, sizeof *maps->mapped))
		return no_memory(error);
	else
		*index = (uint32_t)maps->mapped_count++;
	maps->mapped[*index] = (struct mapped){.depth = 0};
	return 0;
}

static void release_mapped(struct maps *maps, struct mapped *mapped)
{
	*mapped = (struct mapped){.op = maps->unused};
	maps->unused = (uint32_t)(mapped - maps->mapped) + 1;
}

/* The pages of a link are ranges of their own after all. */
static void break_link(struct maps *maps)
{
	struct link *link = &maps->link;
	for (size_t i = 0; i < link->count; i++) {
		become_range(maps, link->members[i].alloc, 1);
		maps->builder->store.ops[link->members[i].free].slot = link->members[i].alloc;
	}
	link->count = 0;
	link->pages = 0;
}

/* All its pages were unmapped, and nothing came between. */
static void complete_link(struct maps *maps)
{
	struct link *link = &maps->link;
	assert(link->count == link->pages);
	become_range(maps, link->op, (uint32_t)link->pages);
	maps->builder->store.ops[link->members[link->count - 1].free].slot = link->op;
	maps->report->linked_ranges++;
	maps->report->linked_pages += link->pages;
	link->count = 0;
	link->pages = 0;
}

/* A page that could be a part of a link: mapped alone, in the same run. */
static bool links(const struct maps *maps, uint32_t node, uint32_t run)
{
	const struct mapped *mapped = mapped_of(maps, node);
	return run && mapped->run == run && mapped->count == 1 && mapped->pending && mapped->depth == 1;
}

/* The pages around first that one run mapped, from low to its result, and the first of their operations. They are a link
 * unless they break what holds of Linux: it aligns a range to its size, and ranges of their own that come from the top lie
 * one below the other. */
static uint64_t measure_link(struct maps *maps, uint64_t first, uint32_t run, uint64_t *low, uint32_t *op, bool *good)
{
	*low = first;
	while (first - *low<LINKED_PAGES_MAX && * low> 0) {
		uint32_t node = ranges_find(&maps->live, *low - 1);
		if (!node || maps->live.nodes[node].first != *low - 1 || !links(maps, node, run))
			break;
		--*low;
	}
	uint64_t end = *low, alignment = 1;
	uint32_t last = UINT32_MAX;
	bool descends = true;
	*op = UINT32_MAX;
	for (uint32_t node = ranges_find(&maps->live, *low); node && end - *low < LINKED_PAGES_MAX;
	     node = ranges_next(&maps->live, node), end++) {
		if (maps->live.nodes[node].first != end || !links(maps, node, run))
			break;
		uint32_t now = mapped_of(maps, node)->op;
		descends &= now < last;
		last = now;
		*op = now < *op ? now : *op;
	}
	while (alignment < end - *low)
		alignment *= 2;
	*good = !descends && end - *low >= LINKED_PAGES_LEAST && *low % alignment == 0;
	return end;
}

static bool begin_link(struct maps *maps, const struct mapped *mapped, uint64_t task)
{
	struct link *link = &maps->link;
	uint64_t low, end;
	uint32_t op;
	bool good;
	end = measure_link(maps, mapped->first, mapped->run, &low, &op, &good);
	if (good) {
		break_link(maps);
		link->first = low;
		link->pages = end - low;
		link->op = op;
		link->task = task;
		link->number++;
	}
	/* What is none now never will be, and is not measured again. */
	for (uint32_t node = ranges_find(&maps->live, low); node && maps->live.nodes[node].first < end;
	     node = ranges_next(&maps->live, node)) {
		mapped_of(maps, node)->link = good ? link->number : 0;
		mapped_of(maps, node)->run = 0;
	}
	return good;
}

static bool in_link(const struct maps *maps, const struct mapped *mapped)
{
	return maps->link.pages && mapped->link == maps->link.number;
}

/* An unmap of one page that was mapped alone. Returns 1 when it is a part of a link, 0 when not, -1 with a message. */
static int take_linked(struct maps *maps, uint32_t node, const struct event *event, struct error *error)
{
	struct mapped *mapped = mapped_of(maps, node);
	struct link *link = &maps->link;
	if (in_link(maps, mapped) && link->task != event->task)
		break_link(maps);
	if (!in_link(maps, mapped) && !(links(maps, node, mapped->run) && begin_link(maps, mapped, event->task)))
		return 0;
	if (memory_grow(&link->members, &link->capacity, link->count, sizeof *link->members))
		return no_memory(error);
	struct link_member *member = &link->members[link->count];
	struct recording_op kept = {.slot = BUILDER_NOTHING,
				    .cpu = (uint16_t)event->cpu,
				    .domain = maps->builder->store.ops[mapped->op].domain};
	if (builder_append(maps->builder, &kept, &member->free, error))
		return -1;
	member->alloc = mapped->op;
	link->count++;
	release_mapped(maps, mapped);
	if (remove_node(maps, node, error))
		return -1;
	if (link->count == link->pages)
		complete_link(maps);
	return 1;
}

/* Ends a range of which an unmap was not recorded. */
static int lose_range(struct maps *maps, uint32_t node, uint32_t cpu, struct error *error)
{
	struct mapped *mapped = mapped_of(maps, node);
	uint32_t index = maps->live.nodes[node].value;
	uint64_t end = mapped->first + mapped->count;
	if (in_link(maps, mapped))
		break_link(maps);
	if (mapped->pending) {
		become_range(maps, mapped->op, mapped->count);
		if (append_free(maps, mapped->op, cpu, error))
			return -1;
	}
	for (uint32_t at = ranges_find(&maps->live, mapped->first); at && maps->live.nodes[at].first < end;) {
		uint32_t next = ranges_next(&maps->live, at);
		if (maps->live.nodes[at].value == index && remove_node(maps, at, error))
			return -1;
		at = next;
	}
	release_mapped(maps, mapped);
	return 0;
}

static int number_run(struct maps *maps, uint64_t task, uint32_t *run, struct error *error)
{
	uint32_t *known = table_find(&maps->runs, task);
	*run = known ? *known : ++maps->run_count;
	return known || !table_put(&maps->runs, task, *run) ? 0 : no_memory(error);
}

/* Makes place for a map. Returns 1 when it adds nothing but a depth, 0 when it is to be added, -1 with a message. */
static int collide(struct maps *maps, const struct event *event, uint64_t key, uint32_t *index, struct error *error)
{
	uint32_t node = ranges_find(&maps->live, key);
	*index = UINT32_MAX;
	if (!node || maps->live.nodes[node].first >= key + event->count)
		return 0;
	maps->report->colliding_maps++;
	if (maps->link.pages)
		break_link(maps);
	struct mapped *mapped = mapped_of(maps, node);
	if (mapped->first == key && mapped->count == event->count && mapped->left == mapped->count) {
		mapped->depth++;
		*index = maps->live.nodes[node].value;
		return mapped->pending;
	}
	while ((node = ranges_find(&maps->live, key)) && maps->live.nodes[node].first < key + event->count)
		if (lose_range(maps, node, event->cpu, error))
			return -1;
	return 0;
}

static int take_map(struct maps *maps, const struct event *event, uint32_t owner, struct error *error)
{
	uint64_t key = (uint64_t)owner << DOMAIN_SHIFT | event->first;
	uint32_t index, run;
	maps->report->maps++;
	int known = collide(maps, event, key, &index, error);
	if (known)
		return known < 0 ? -1 : 0;
	if (maps->link.pages && (event->task == maps->link.task ||
				 (key < maps->link.first + maps->link.pages && key + event->count > maps->link.first)))
		break_link(maps);
	uint32_t depth = index == UINT32_MAX ? 1 : maps->mapped[index].depth;
	uint8_t domain = owners_domain(maps->owners, owner);
	if (index == UINT32_MAX) {
		if (find_mapped(maps, &index, error) ||
		    (ranges_insert(&maps->live, key, event->count, index) && no_memory(error)))
			return -1;
		if (placed_take(&maps->builder->placed, domain, event->first, event->count, error))
			return -1;
	}
	if (number_run(maps, event->task, &run, error))
		return -1;
	maps->mapped[index] = (struct mapped){.first = key,
					      .task = event->task,
					      .count = event->count,
					      .left = event->count,
					      .run = run,
					      .pending = true,
					      .depth = depth};
	/* Only the unmap tells whether a range begins here, and how long it is: the operation is kept. */
	struct recording_op kept = {.slot = BUILDER_NOTHING, .cpu = (uint16_t)event->cpu, .domain = domain};
	return builder_append(maps->builder, &kept, &maps->mapped[index].op, error);
}

/* What an unmap finds in [key, end). */
struct covered {
	uint32_t parts; /* ranges that wait for their unmap */
	uint32_t op;    /* the first of their operations */
	uint64_t first; /* where the first of them begins */
	bool whole;     /* it covers all of them, and none was unmapped in part before */
};

static struct covered look(struct maps *maps, uint64_t key, uint64_t end)
{
	struct covered covered = {.op = UINT32_MAX, .first = end, .whole = true};
	for (uint32_t node = ranges_find(&maps->live, key); node && maps->live.nodes[node].first < end;
	     node = ranges_next(&maps->live, node)) {
		const struct mapped *mapped = mapped_of(maps, node);
		covered.whole &=
			mapped->left == mapped->count && mapped->first >= key && mapped->first + mapped->count <= end;
		if (!mapped->pending)
			continue;
		covered.parts++;
		covered.op = mapped->op < covered.op ? mapped->op : covered.op;
		covered.first = mapped->first < covered.first ? mapped->first : covered.first;
	}
	return covered;
}

/* Takes one map away from each range in [key, end), all of which lie in it. */
static int uncover(struct maps *maps, uint64_t key, uint64_t end, struct error *error)
{
	for (uint32_t node = ranges_find(&maps->live, key); node && maps->live.nodes[node].first < end;) {
		uint32_t next = ranges_next(&maps->live, node);
		struct mapped *mapped = mapped_of(maps, node);
		mapped->pending = false;
		if (--mapped->depth == 0) {
			release_mapped(maps, mapped);
			if (remove_node(maps, node, error))
				return -1;
		}
		node = next;
	}
	return 0;
}

/* Takes [key, end) out of one piece of a range; what is left on both sides stays. */
static int clip(struct maps *maps, uint32_t node, uint64_t key, uint64_t end, const struct event *event,
		struct error *error)
{
	struct range_node piece = maps->live.nodes[node];
	uint64_t piece_end = piece.first + piece.count, from = piece.first > key ? piece.first : key,
		 to = piece_end < end ? piece_end : end;
	struct mapped *mapped = &maps->mapped[piece.value];
	ranges_remove(&maps->live, node);
	mapped->left -= (uint32_t)(to - from);
	if (leave(maps, from, to - from, error))
		return -1;
	if ((from > piece.first && ranges_insert(&maps->live, piece.first, from - piece.first, piece.value)) ||
	    (to < piece_end && ranges_insert(&maps->live, to, piece_end - to, piece.value)))
		return no_memory(error);
	if (mapped->left)
		return 0;
	bool pending = mapped->pending;
	uint32_t op = mapped->op, count = mapped->count;
	release_mapped(maps, mapped);
	if (!pending)
		return 0;
	become_range(maps, op, count);
	return append_free(maps, op, event->cpu, error);
}

static int unmap_parts(struct maps *maps, uint64_t key, uint64_t end, const struct event *event, struct error *error)
{
	maps->report->partial_unmaps++;
	for (uint32_t node; (node = ranges_find(&maps->live, key)) && maps->live.nodes[node].first < end;)
		if (clip(maps, node, key, end, event, error))
			return -1;
	return 0;
}

static int take_unmap(struct maps *maps, const struct event *event, uint32_t owner, struct error *error)
{
	uint64_t key = (uint64_t)owner << DOMAIN_SHIFT | event->first, end = key + event->count;
	uint32_t node = ranges_find(&maps->live, key);
	table_remove(&maps->runs, event->task);
	if (node && maps->live.nodes[node].first == key && event->count == 1 && mapped_of(maps, node)->count == 1) {
		int linked = take_linked(maps, node, event, error);
		if (linked)
			return linked < 0 ? -1 : 0;
	}
	if (maps->link.pages &&
	    (event->task == maps->link.task || (key < maps->link.first + maps->link.pages && end > maps->link.first)))
		break_link(maps);
	struct covered covered = look(maps, key, end);
	if (!covered.whole)
		return unmap_parts(maps, key, end, event, error);
	if (uncover(maps, key, end, error))
		return -1;
	if (!covered.parts) {
		maps->report->foreign_unmaps++;
		return 0;
	}
	maps->report->joined_maps += covered.parts - 1;
	become_range(maps, covered.op, (uint32_t)(end - covered.first));
	return append_free(maps, covered.op, event->cpu, error);
}

/* Frees all that a domain has. */
static int end_owner(struct maps *maps, const struct event *event, uint32_t owner, struct error *error)
{
	uint64_t key = (uint64_t)owner << DOMAIN_SHIFT, end = key + (UINT64_C(1) << DOMAIN_SHIFT);
	for (uint32_t node; (node = ranges_find(&maps->live, key)) && maps->live.nodes[node].first < end;) {
		maps->report->ended_ranges++;
		if (lose_range(maps, node, event->cpu, error))
			return -1;
	}
	return 0;
}

int maps_event(struct maps *maps, const struct event *event, struct error *error)
{
	assert(event->kind == EVENT_MAP || event->kind == EVENT_UNMAP || event->kind == EVENT_END);
	uint32_t owner;
	enum owner_found found = owners_find(maps->owners, event, event->kind == EVENT_MAP, &owner, error);
	if (found == OWNER_ERROR)
		return -1;
	if (found == OWNER_UNKNOWN && event->kind == EVENT_UNMAP && maps->owners->wanted == OWNERS_ALL)
		maps->report->foreign_unmaps++;
	if (found != OWNER_WANTED)
		return 0;
	if (event->kind == EVENT_MAP)
		return take_map(maps, event, owner, error);
	return event->kind == EVENT_UNMAP ? take_unmap(maps, event, owner, error) : end_owner(maps, event, owner, error);
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
	break_link(maps);
	/* From here on the table leads from a task to its last map, in the order of time. */
	table_release(&maps->runs);
	size_t count = 0;
	for (size_t i = 0; i < maps->mapped_count; i++)
		if (maps->mapped[i].depth && maps->mapped[i].pending)
			maps->mapped[count++] = maps->mapped[i];
	maps->mapped_count = count;
	if (count)
		qsort(maps->mapped, count, sizeof *maps->mapped, by_time);
	for (size_t i = 0; i < count; i++) {
		struct mapped *mapped = &maps->mapped[i];
		uint32_t *last = table_find(&maps->runs, mapped->task);
		struct mapped *before = last ? &maps->mapped[*last] : NULL;
		if (before && before->first + before->count == mapped->first && before->left == before->count &&
		    mapped->left == mapped->count && mapped->first % WORKLOAD_PAGES_MAX &&
		    before->count <= UINT32_MAX - mapped->count) {
			before->count += mapped->count;
			before->left = before->count;
			become_range(maps, before->op, before->count);
			maps->report->joined_maps++;
			continue;
		}
		become_range(maps, mapped->op, mapped->count);
		if (table_put(&maps->runs, mapped->task, (uint32_t)i))
			return no_memory(error);
	}
	return 0;
}

void maps_release(struct maps *maps)
{
	table_release(&maps->runs);
	ranges_release(&maps->live);
	memory_release(maps->mapped);
	memory_release(maps->link.members);
	memset(maps, 0, sizeof *maps);
}
