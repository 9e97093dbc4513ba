/* SPDX-License-Identifier: MIT */
#include "trace/import_exact.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN_SHIFT 52 /* above a page number; OWNERS_MAX fits */
_Static_assert(WORKLOAD_PAGES_MAX == UINT64_C(1) << DOMAIN_SHIFT, "a page number and a domain share 64 bits");
_Static_assert(OWNERS_MAX <= 1 << (64 - DOMAIN_SHIFT), "a page number and a domain share 64 bits");

/* A call of the allocator that has not returned. */
struct open_call {
	uint64_t limit;
	uint32_t owner;
	uint32_t count;
	uint32_t below; /* 1 + the call that this one interrupted, or the next unused index; 0 = none */
	bool limited;
};

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the import");
}

/* Where the range of an event is kept. Two matches of one domain could share a key once in 2^64 pairs. */
static struct table *table_of(struct exact *exact, const struct event *event, uint32_t owner, uint64_t *key)
{
	if (event->matched) {
		*key = (event->match ^ (uint64_t)owner << DOMAIN_SHIFT) * UINT64_C(0x9fb21c651e98df25);
		return &exact->ties;
	}
	*key = (uint64_t)owner << DOMAIN_SHIFT | event->first;
	return &exact->live;
}

static int tie(struct exact *exact, uint64_t key, uint64_t first)
{
	return table_put(&exact->tied[0], key, (uint32_t)first) || table_put(&exact->tied[1], key, (uint32_t)(first >> 32));
}

/* The first page of a range, and forgets what ties it. */
static uint64_t untie(struct exact *exact, const struct table *table, uint64_t key)
{
	if (table == &exact->live)
		return key % WORKLOAD_PAGES_MAX;
	const uint32_t *low = table_find(&exact->tied[0], key), *high = table_find(&exact->tied[1], key);
	assert(low && high);
	uint64_t first = *low | (uint64_t)*high << 32;
	table_remove(&exact->tied[0], key);
	table_remove(&exact->tied[1], key);
	return first;
}

static int take_free(struct exact *exact, uint32_t cpu, struct table *table, uint64_t key, struct error *error)
{
	uint32_t index, alloc = *table_find(table, key);
	const struct recording_op *before = &exact->builder->store.ops[alloc];
	struct recording_op op = {.slot = alloc, .cpu = (uint16_t)cpu, .domain = before->domain};
	uint64_t first = untie(exact, table, key);
	table_remove(table, key);
	/* Of a range whose size nobody told nothing stays. */
	if (!before->count)
		return 0;
	if (placed_drop(&exact->builder->placed, op.domain, first, before->count, error))
		return -1;
	return builder_append(exact->builder, &op, &index, error);
}

/* The limits of an attempt: those of the failed attempts of the same demand before it, then its own. A device's driver sleeps
 * or spins in its demand, so the next attempt of the same task for the same domain is the retry, if size and limit agree. */
static void gather_limits(struct exact *exact, uint64_t key, const struct open_call *call, struct recording_limits *limits)
{
	*limits = (struct recording_limits){.high = {call->limited ? call->limit : WORKLOAD_PAGES_MAX - 1}, .count = 1};
	uint32_t *failed = call->limited ? table_find(&exact->failed, key) : NULL;
	if (!failed)
		return;
	uint32_t index = *failed;
	table_remove(&exact->failed, key);
	const struct recording_op *before = &exact->builder->store.ops[index];
	const struct recording_limits *tried = &exact->builder->limits[before->limits];
	if (before->count != call->count || call->limit <= tried->high[tried->count - 1] ||
	    tried->count == WORKLOAD_HIGHS_MAX)
		return;
	*limits = *tried;
	limits->high[limits->count++] = call->limit;
	builder_withdraw(exact->builder, index);
	exact->report->retries_merged++;
}

/* An attempt that has ended, at the moment of its end: before that the range belongs to nobody, and a retry sees all frees
 * until then. */
static int take_attempt(struct exact *exact, const struct event *end, const struct open_call *call, struct error *error)
{
	struct recording_limits limits;
	uint64_t demand = end->task << (64 - DOMAIN_SHIFT) | call->owner, key;
	gather_limits(exact, demand, call, &limits);
	struct recording_op op = {.count = call->count,
				  .cpu = (uint16_t)end->cpu,
				  .domain = owners_domain(exact->owners, call->owner),
				  .refused = (uint8_t)(end->failed ? limits.count : limits.count - 1)};
	struct table *table = table_of(exact, end, call->owner, &key);
	if (!end->failed && table_find(table, key)) {
		exact->report->lost_frees++;
		if (take_free(exact, end->cpu, table, key, error))
			return -1;
	}
	uint32_t index;
	if (!call->count) {
		if (end->failed)
			return 0;
		op.slot = BUILDER_NOTHING;
		exact->report->sizeless++;
	}
	if (builder_limits(exact->builder, &limits, &op.limits, error) ||
	    builder_append(exact->builder, &op, &index, error))
		return -1;
	if (!end->failed) {
		if (call->count && placed_take(&exact->builder->placed, op.domain, end->first, call->count, error))
			return -1;
		bool forgotten = table == &exact->ties && tie(exact, key, end->first);
		return forgotten || table_put(table, key, index) ? no_memory(error) : 0;
	}
	return call->limited && table_put(&exact->failed, demand, index) ? no_memory(error) : 0;
}

static int begin_call(struct exact *exact, const struct event *event, uint32_t owner, struct error *error)
{
	struct open_call call = {.limit = event->limit, .limited = event->limited, .count = event->count, .owner = owner};
	exact->called = true;
	uint32_t *outer = table_find(&exact->callers, event->task);
	call.below = outer ? *outer + 1 : 0;
	uint32_t index = exact->unused_call;
	if (index)
		exact->unused_call = exact->calls[--index].below;
	else if (exact->call_count >= BUILDER_NOTHING - 1 ||
		 memory_grow(&exact->calls, &exact->call_capacity, exact->call_count, sizeof call))
		return no_memory(error);
	else
		index = (uint32_t)exact->call_count++;
	exact->calls[index] = call;
	if (table_put(&exact->callers, event->task, index))
		return no_memory(error);
	exact->report->unfinished_calls++;
	return 0;
}

static bool wanted(const struct exact *exact, uint32_t owner)
{
	return exact->owners->wanted == OWNERS_ALL || exact->owners->wanted == owner;
}

static int end_call(struct exact *exact, const struct event *event, struct error *error)
{
	uint32_t *innermost = table_find(&exact->callers, event->task);
	if (!innermost && event->lone && !exact->called) {
		struct open_call call = {0};
		enum owner_found found = owners_find(exact->owners, event, true, &call.owner, error);
		return found == OWNER_ERROR ? -1 : found == OWNER_WANTED ? take_attempt(exact, event, &call, error) : 0;
	}
	if (!innermost) {
		exact->report->headless_returns++;
		return 0;
	}
	uint32_t index = *innermost;
	struct open_call call = exact->calls[index];
	if (call.below)
		*innermost = call.below - 1;
	else
		table_remove(&exact->callers, event->task);
	exact->calls[index].below = exact->unused_call;
	exact->unused_call = index + 1;
	exact->report->unfinished_calls--;
	return wanted(exact, call.owner) ? take_attempt(exact, event, &call, error) : 0;
}

static int whole_call(struct exact *exact, const struct event *event, uint32_t owner, struct error *error)
{
	struct open_call call = {.limit = event->limit, .limited = event->limited, .count = event->count, .owner = owner};
	return take_attempt(exact, event, &call, error);
}

static int freed(struct exact *exact, const struct event *event, uint32_t owner, struct error *error)
{
	uint64_t key;
	struct table *table = table_of(exact, event, owner, &key);
	uint32_t *live = table_find(table, key);
	if (!live) {
		exact->report->foreign_frees++;
		return 0;
	}
	struct recording_op *op = &exact->builder->store.ops[*live];
	if (!op->count && event->count) {
		op->count = event->count;
		op->slot = 0;
		exact->report->sizeless--;
		/* Where it lay is known now; of a tied one its free tells no address. */
		if (table == &exact->live &&
		    placed_take(&exact->builder->placed, op->domain, event->first, op->count, error))
			return -1;
	} else if (event->count && op->count != event->count) {
		exact->report->resized_frees++;
	}
	return take_free(exact, event->cpu, table, key, error);
}

static int by_number(const void *left, const void *right)
{
	const struct table_entry *a = left, *b = right;
	return (a->value > b->value) - (a->value < b->value);
}

/* Frees what lives in a domain, in the order in which it was allocated. */
static int end_owner(struct exact *exact, const struct event *event, struct table *table, uint8_t domain,
		     struct error *error)
{
	struct table_entry *ended = memory_resize(NULL, table->count, sizeof *ended);
	size_t count = 0;
	if (!ended)
		return no_memory(error);
	for (size_t i = 0; i < table->capacity; i++)
		if (table->entries[i].used && exact->builder->store.ops[table->entries[i].value].domain == domain)
			ended[count++] = table->entries[i];
	if (count)
		qsort(ended, count, sizeof *ended, by_number);
	int result = 0;
	for (size_t i = 0; i < count && !result; i++)
		result = take_free(exact, event->cpu, table, ended[i].key, error);
	exact->report->ended_ranges += count;
	memory_release(ended);
	return result;
}

int exact_event(struct exact *exact, const struct event *event, struct error *error)
{
	assert(event->kind == EVENT_CALL || event->kind == EVENT_RETURN || event->kind == EVENT_ALLOC ||
	       event->kind == EVENT_FREE || event->kind == EVENT_END);
	if (event->kind == EVENT_RETURN)
		return end_call(exact, event, error);
	uint32_t owner;
	bool adds = event->kind == EVENT_CALL || event->kind == EVENT_ALLOC;
	enum owner_found found = owners_find(exact->owners, event, adds, &owner, error);
	if (found == OWNER_ERROR)
		return -1;
	/* A call is kept whoever makes it, so that its return finds it. */
	if (event->kind == EVENT_CALL)
		return begin_call(exact, event, owner, error);
	if (found == OWNER_UNKNOWN && event->kind == EVENT_FREE && exact->owners->wanted == OWNERS_ALL)
		exact->report->foreign_frees++;
	if (found != OWNER_WANTED)
		return 0;
	if (event->kind == EVENT_ALLOC)
		return whole_call(exact, event, owner, error);
	if (event->kind == EVENT_FREE)
		return freed(exact, event, owner, error);
	uint8_t domain = owners_domain(exact->owners, owner);
	return end_owner(exact, event, &exact->live, domain, error) ? -1
								    : end_owner(exact, event, &exact->ties, domain, error);
}

void exact_release(struct exact *exact)
{
	table_release(&exact->live);
	table_release(&exact->ties);
	table_release(&exact->tied[0]);
	table_release(&exact->tied[1]);
	table_release(&exact->failed);
	table_release(&exact->callers);
	memory_release(exact->calls);
	memset(exact, 0, sizeof *exact);
}
