/* SPDX-License-Identifier: MIT */
#include "trace/import_probes.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define DOMAIN_SHIFT 52 /* above a page number; IMPORT_DOMAINS_MAX fits */
_Static_assert(WORKLOAD_PAGES_MAX == UINT64_C(1) << DOMAIN_SHIFT, "a page number and a domain share 64 bits");
_Static_assert(IMPORT_DOMAINS_MAX <= 1 << (64 - DOMAIN_SHIFT), "a page number and a domain share 64 bits");

/* A call of the allocator that has not returned. */
struct open_call {
	uint64_t limit;
	uint32_t domain;
	uint32_t count;
	uint32_t below; /* 1 + the call that this one interrupted, or the next unused index; 0 = none */
};

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the import");
}

static bool wanted(const struct probes *probes, uint32_t domain)
{
	return probes->wanted == IMPORT_DOMAIN_ALL || probes->wanted == domain;
}

static uint8_t domain_of_op(const struct probes *probes, uint32_t domain)
{
	return probes->wanted == IMPORT_DOMAIN_ALL ? (uint8_t)domain : 0;
}

static int find_domain(struct probes *probes, const struct event *event, uint32_t *domain, struct error *error)
{
	uint32_t *known = table_find(&probes->domains, event->domain);
	if (known) {
		*domain = *known;
		return 0;
	}
	*domain = probes->report->domains;
	uint32_t most = probes->wanted == IMPORT_DOMAIN_ALL ? RECORDING_DOMAINS_MAX : IMPORT_DOMAINS_MAX;
	if (*domain >= most)
		return error_set(error, EXIT_CODE_USAGE, "more than %u domains%s", most,
				 probes->wanted == IMPORT_DOMAIN_ALL
					 ? ", the most that a recording holds: choose one with --domain"
					 : "");
	if (table_put(&probes->domains, event->domain, *domain))
		return no_memory(error);
	probes->report->domains++;
	return 0;
}

static int take_free(struct probes *probes, uint32_t cpu, uint32_t domain, uint64_t key, struct error *error)
{
	uint32_t index;
	struct recording_op op = {
		.slot = *table_find(&probes->live, key), .cpu = (uint16_t)cpu, .domain = domain_of_op(probes, domain)};
	table_remove(&probes->live, key);
	return builder_append(probes->builder, &op, &index, error);
}

/* The limits of an attempt: those of the failed attempts of the same demand before it, then its own. A device's driver sleeps
 * or spins in its demand, so the next attempt of the same task for the same domain is the retry, if size and limit agree. */
static void gather_limits(struct probes *probes, uint64_t key, uint32_t count, uint64_t limit,
			  struct recording_limits *limits)
{
	*limits = (struct recording_limits){.high = {limit}, .count = 1};
	uint32_t *failed = table_find(&probes->failed, key);
	if (!failed)
		return;
	uint32_t index = *failed;
	table_remove(&probes->failed, key);
	const struct recording_op *before = &probes->builder->ops[index];
	const struct recording_limits *tried = &probes->builder->limits[before->limits];
	if (before->count != count || limit <= tried->high[tried->count - 1] || tried->count == WORKLOAD_HIGHS_MAX)
		return;
	*limits = *tried;
	limits->high[limits->count++] = limit;
	builder_withdraw(probes->builder, index);
	probes->report->retries_merged++;
	return;
}

/* An attempt that has ended, at the moment of its end: before that the range belongs to nobody, and a retry sees all frees
 * until then. */
static int take_attempt(struct probes *probes, const struct event *end, const struct open_call *call, struct error *error)
{
	if (!wanted(probes, call->domain))
		return 0;
	struct recording_limits limits;
	uint64_t demand = end->task << (64 - DOMAIN_SHIFT) | call->domain;
	gather_limits(probes, demand, call->count, call->limit, &limits);
	bool failed = end->first == 0;
	struct recording_op op = {.count = call->count,
				  .cpu = (uint16_t)end->cpu,
				  .domain = domain_of_op(probes, call->domain),
				  .refused = (uint8_t)(failed ? limits.count : limits.count - 1)};
	uint64_t key = (uint64_t)call->domain << DOMAIN_SHIFT | end->first;
	if (!failed && table_find(&probes->live, key)) {
		probes->report->lost_frees++;
		if (take_free(probes, end->cpu, call->domain, key, error))
			return -1;
	}
	uint32_t index;
	if (builder_limits(probes->builder, &limits, &op.limits, error) ||
	    builder_append(probes->builder, &op, &index, error))
		return -1;
	if (failed ? table_put(&probes->failed, demand, index) : table_put(&probes->live, key, index))
		return no_memory(error);
	return 0;
}

static int begin_call(struct probes *probes, const struct event *event, struct error *error)
{
	struct open_call call = {.limit = event->limit, .count = event->count};
	if (find_domain(probes, event, &call.domain, error))
		return -1;
	uint32_t *outer = table_find(&probes->callers, event->task);
	call.below = outer ? *outer + 1 : 0;
	uint32_t index = probes->unused_call;
	if (index)
		probes->unused_call = probes->calls[--index].below;
	else if (probes->call_count >= BUILDER_NOTHING - 1 ||
		 memory_grow(&probes->calls, &probes->call_capacity, probes->call_count, sizeof call))
		return no_memory(error);
	else
		index = (uint32_t)probes->call_count++;
	probes->calls[index] = call;
	if (table_put(&probes->callers, event->task, index))
		return no_memory(error);
	probes->report->unfinished_calls++;
	return 0;
}

static int end_call(struct probes *probes, const struct event *event, struct error *error)
{
	uint32_t *innermost = table_find(&probes->callers, event->task);
	if (!innermost) {
		probes->report->headless_returns++;
		return 0;
	}
	uint32_t index = *innermost;
	struct open_call call = probes->calls[index];
	if (call.below)
		*innermost = call.below - 1;
	else
		table_remove(&probes->callers, event->task);
	probes->calls[index].below = probes->unused_call;
	probes->unused_call = index + 1;
	probes->report->unfinished_calls--;
	return take_attempt(probes, event, &call, error);
}

static int whole_call(struct probes *probes, const struct event *event, struct error *error)
{
	struct open_call call = {.limit = event->limit, .count = event->count};
	if (find_domain(probes, event, &call.domain, error))
		return -1;
	return take_attempt(probes, event, &call, error);
}

static int freed(struct probes *probes, const struct event *event, struct error *error)
{
	uint32_t *domain = table_find(&probes->domains, event->domain);
	if (probes->wanted != IMPORT_DOMAIN_ALL && (!domain || *domain != probes->wanted))
		return 0;
	uint64_t key = domain ? (uint64_t)*domain << DOMAIN_SHIFT | event->first : 0;
	uint32_t *live = domain ? table_find(&probes->live, key) : NULL;
	if (!live) {
		probes->report->foreign_frees++;
		return 0;
	}
	if (probes->builder->ops[*live].count != event->count)
		probes->report->resized_frees++;
	return take_free(probes, event->cpu, *domain, key, error);
}

int probes_event(struct probes *probes, const struct event *event, struct error *error)
{
	assert(event->kind >= EVENT_ALLOC && event->kind <= EVENT_FREE);
	switch (event->kind) {
	case EVENT_ALLOC:
		return begin_call(probes, event, error);
	case EVENT_ALLOC_END:
		return end_call(probes, event, error);
	case EVENT_ALLOC_ALL:
		return whole_call(probes, event, error);
	case EVENT_FREE:
		return freed(probes, event, error);
	default:
		return 0;
	}
}

void probes_release(struct probes *probes)
{
	table_release(&probes->domains);
	table_release(&probes->live);
	table_release(&probes->failed);
	table_release(&probes->callers);
	memory_release(probes->calls);
	memset(probes, 0, sizeof *probes);
}
