/* SPDX-License-Identifier: MIT
 * lazy: a layer that lets freed extents wait in a queue until a flush makes them usable; docs/lazy.md tells why. */
#include "allocator/builtin.h"
#include "allocator/contract.h"

#include <assert.h>
#include <stdbool.h>

enum { OPTION_ENTRIES, OPTION_PERIOD, OPTION_QUEUE, OPTION_FULL };
enum { FULL_FAIL, FULL_FLUSH };
enum queue_kind { QUEUE_PER_CPU, QUEUE_SINGLE };

/* What an option of 0 stands for. */
static const struct {
	uint64_t entries;
	uint64_t period_ns;
} usual[] = {
	[QUEUE_PER_CPU] = {256, UINT64_C(10000000)},
	[QUEUE_SINGLE] = {32768, UINT64_C(1000000000)},
};

struct lazy {
	struct iova_below below;
	const struct iova_host *host;
	uint64_t queue_count; /* 1, or one for each CPU */
	uint64_t entries;     /* that a queue has room for */
	uint64_t period_ns;
	uint64_t deferred_pages;
	uint64_t now_ns;        /* of the last poll */
	uint64_t flush_from_ns; /* when the first entry was queued, as far as polls tell */
	bool flushes_full;      /* no space: what waits is flushed, and the request tried once more */
	bool polled;
	bool waiting; /* something was queued since the last flush of all queues */
	uint64_t *counts;
	struct iova_extent *extents; /* queue after queue */
};

static void flush_queue(struct lazy *self, uint64_t queue, uint32_t cpu, struct iova_steps *steps)
{
	assert(queue < self->queue_count && self->counts[queue] <= self->entries);
	const struct iova_allocator *table = self->below.table;
	const struct iova_extent *extents = self->extents + queue * self->entries;
	uint64_t count = self->counts[queue];
	for (uint64_t i = 0; i < count; i++) {
		if (steps && table->free_counted)
			table->free_counted(self->below.self, &extents[i], cpu, steps);
		else
			table->free(self->below.self, &extents[i], cpu);
		self->deferred_pages -= extents[i].count;
	}
	if (steps)
		steps->backend_trips += count;
	self->counts[queue] = 0;
}

static void flush_all(struct lazy *self, uint32_t cpu, struct iova_steps *steps)
{
	for (uint64_t queue = 0; queue < self->queue_count; queue++)
		flush_queue(self, queue, cpu, steps);
	self->waiting = false;
}

static void defer(struct lazy *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	assert(extent->count && (self->queue_count == 1 || cpu < self->queue_count));
	uint64_t queue = self->queue_count == 1 ? 0 : cpu;
	if (self->counts[queue] == self->entries)
		flush_queue(self, queue, cpu, steps);
	self->extents[queue * self->entries + self->counts[queue]++] = *extent;
	self->deferred_pages += extent->count;
	if (self->waiting)
		return;
	self->waiting = true;
	self->flush_from_ns = self->now_ns;
}

static bool flushes_for(const struct lazy *self, const struct iova_request *request, enum iova_status status)
{
	return __builtin_expect(status == IOVA_NO_SPACE, 0) && self->flushes_full && self->deferred_pages &&
	       !(request->constraints & IOVA_CONSTRAIN_NO_DRAIN);
}

static enum iova_status lazy_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				   struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	struct lazy *self = context;
	enum iova_status status = self->below.table->alloc(self->below.self, request, cpu, extent);
	if (!flushes_for(self, request, status))
		return status;
	flush_all(self, cpu, NULL);
	return self->below.table->alloc(self->below.self, request, cpu, extent);
}

static enum iova_status below_alloc_counted(struct lazy *self, const struct iova_request *request, uint32_t cpu,
					    struct iova_extent *extent, struct iova_steps *steps)
{
	const struct iova_allocator *table = self->below.table;
	steps->backend_trips++;
	return table->alloc_counted ? table->alloc_counted(self->below.self, request, cpu, extent, steps)
				    : table->alloc(self->below.self, request, cpu, extent);
}

static enum iova_status lazy_alloc_counted(void *context, const struct iova_request *request, uint32_t cpu,
					   struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	struct lazy *self = context;
	enum iova_status status = below_alloc_counted(self, request, cpu, extent, steps);
	if (!flushes_for(self, request, status))
		return status;
	flush_all(self, cpu, steps);
	return below_alloc_counted(self, request, cpu, extent, steps);
}

static void lazy_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	defer(self, extent, cpu, NULL);
}

static void lazy_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	defer(self, extent, cpu, steps);
}

/* Who takes a given range cannot wait for the clock: what was freed before is flushed first. */
static enum iova_status lazy_place(void *context, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct lazy *self = context;
	if (!self->below.table->place)
		return IOVA_UNSUPPORTED;
	enum iova_status status = self->below.table->place(self->below.self, first, count, cpu, extent);
	if (status != IOVA_TAKEN || !self->deferred_pages)
		return status;
	flush_all(self, cpu, NULL);
	return self->below.table->place(self->below.self, first, count, cpu, extent);
}

static void lazy_visit_free(void *context, iova_visit visit, void *visit_context)
{
	const struct lazy *self = context;
	self->below.table->visit_free(self->below.self, visit, visit_context);
	for (uint64_t queue = 0; queue < self->queue_count; queue++)
		for (uint64_t i = 0; i < self->counts[queue]; i++) {
			const struct iova_extent *extent = &self->extents[queue * self->entries + i];
			visit(visit_context, extent->first, extent->count, IOVA_DEFERRED);
		}
}

static void lazy_statistics(void *context, struct iova_statistics *statistics)
{
	const struct lazy *self = context;
	self->below.table->statistics(self->below.self, statistics);
	statistics->deferred_pages += self->deferred_pages;
}

static const char *lazy_broken_invariant(void *context)
{
	const struct lazy *self = context;
	uint64_t pages = 0;
	for (uint64_t queue = 0; queue < self->queue_count; queue++) {
		if (self->counts[queue] > self->entries)
			return "a queue holds at most its entries";
		if (self->counts[queue] && !self->waiting)
			return "what is queued waits for a flush";
		for (uint64_t i = 0; i < self->counts[queue]; i++)
			pages += self->extents[queue * self->entries + i].count;
	}
	if (pages != self->deferred_pages)
		return "deferred_pages is the sum of all queues";
	return self->below.table->broken_invariant(self->below.self);
}

static void lazy_poll(void *context, uint64_t now_ns)
{
	struct lazy *self = context;
	assert(!self->polled || now_ns >= self->now_ns);
	if (!self->polled)
		self->flush_from_ns = now_ns;
	self->polled = true;
	self->now_ns = now_ns;
	if (self->waiting && now_ns - self->flush_from_ns >= self->period_ns)
		flush_all(self, 0, NULL);
	if (self->below.table->poll)
		self->below.table->poll(self->below.self, now_ns);
}

static void lazy_drain(void *context)
{
	struct lazy *self = context;
	flush_all(self, 0, NULL);
	if (self->below.table->drain)
		self->below.table->drain(self->below.self);
}

/* Queues of CPUs that left are flushed with the others. */
static void lazy_offline(void *context, uint32_t cpu)
{
	struct lazy *self = context;
	if (self->below.table->offline)
		self->below.table->offline(self->below.self, cpu);
}

static void lazy_destroy(void *context)
{
	struct lazy *self = context;
	if (!self)
		return;
	const struct iova_host *host = self->host;
	host->memory_put(host->context, self->extents, self->queue_count * self->entries * sizeof *self->extents);
	host->memory_put(host->context, self->counts, self->queue_count * sizeof *self->counts);
	host->memory_put(host->context, self, sizeof *self);
}

static enum iova_status lazy_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **result, const char **reason)
{
	(void)space;
	(void)reason;
	struct lazy *self = host->memory_get(host->context, sizeof *self);
	if (!self)
		return IOVA_NO_MEMORY;
	enum queue_kind kind = (enum queue_kind)options[OPTION_QUEUE];
	self->host = host;
	self->below = *below;
	self->flushes_full = options[OPTION_FULL] == FULL_FLUSH;
	self->queue_count = kind == QUEUE_SINGLE ? 1 : host->cpus;
	self->entries = options[OPTION_ENTRIES] ? options[OPTION_ENTRIES] : usual[kind].entries;
	self->period_ns = options[OPTION_PERIOD] ? options[OPTION_PERIOD] : usual[kind].period_ns;
	self->counts = host->memory_get(host->context, self->queue_count * sizeof *self->counts);
	self->extents = host->memory_get(host->context, self->queue_count * self->entries * sizeof *self->extents);
	if (!self->counts || !self->extents) {
		lazy_destroy(self);
		return IOVA_NO_MEMORY;
	}
	*result = self;
	return IOVA_OK;
}

static const char *const queues[] = {"per_cpu", "single", NULL};
static const char *const fulls[] = {"fail", "flush", NULL};
static const struct iova_option options[] = {
	[OPTION_ENTRIES] = {.name = "entries",
			    .kind = IOVA_OPTION_NUMBER,
			    .default_value = 0,
			    .minimum = 0,
			    .maximum = 1048576,
			    .help = "extents that a queue holds before a free flushes it; 0: 256 for each CPU, 32768 in a "
				    "single queue"},
	[OPTION_PERIOD] =
		{.name = "period",
		 .kind = IOVA_OPTION_TIME,
		 .default_value = 0,
		 .minimum = 0,
		 .maximum = UINT64_C(3600000000000),
		 .help = "time from the first entry until all queues are flushed; 0: 10 ms, in a single queue 1 s"},
	[OPTION_QUEUE] = {.name = "queue",
			  .kind = IOVA_OPTION_CHOICE,
			  .default_value = QUEUE_PER_CPU,
			  .choices = queues,
			  .help = "where freed extents wait: one queue for each CPU, or a single one"},
	[OPTION_FULL] = {.name = "full",
			 .kind = IOVA_OPTION_CHOICE,
			 .default_value = FULL_FAIL,
			 .choices = fulls,
			 .help = "what happens where there is no space while freed extents wait: the request fails, or all "
				 "queues are flushed and it is tried once more"},
};

const struct iova_allocator allocator_lazy = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "lazy",
	.about = "layer: freed extents wait in a queue until a flush, as behind an IOMMU that is invalidated lazily",
	.capabilities = IOVA_LAYER | IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS | IOVA_DIRECTION,
	.promise = IOVA_PROMISE_BOUNDED,
	.options = options,
	.option_count = sizeof options / sizeof options[0],
	.create = lazy_create,
	.alloc = lazy_alloc,
	.free = lazy_free,
	.place = lazy_place,
	.visit_free = lazy_visit_free,
	.statistics = lazy_statistics,
	.broken_invariant = lazy_broken_invariant,
	.poll = lazy_poll,
	.drain = lazy_drain,
	.destroy = lazy_destroy,
	.alloc_counted = lazy_alloc_counted,
	.free_counted = lazy_free_counted,
	.offline = lazy_offline,
};
