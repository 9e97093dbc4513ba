/* SPDX-License-Identifier: MIT
 * Operations that somebody looks at: stamped for the latency pass, counted for the audit. Proxies stand between the adapter
 * and the allocator, so that driver calls are seen from inside. */
#include "play/engine_play.h"

#include <assert.h>

/* Stands between adapter and allocator for one sampled driver call, so that only the allocator's share is timed. */
struct stamp {
	const struct iova_allocator *table;
	void *self;
	const struct clock *clock;
	uint64_t ticks;
	uint32_t calls;
	bool migrated; /* the CPU changed between two stamps */
	bool backward; /* the clock went back between them */
	uint64_t start, waited;
	uint32_t from;
};

static void stamp_begin(struct stamp *stamp)
{
	stamp->waited = lock_waited_ticks();
	stamp->start = clock_start_on(stamp->clock, &stamp->from);
}

static void stamp_end(struct stamp *stamp)
{
	uint32_t to;
	uint64_t stop = clock_stop(stamp->clock, &to), ticks = stop < stamp->start ? 0 : stop - stamp->start;
	uint64_t waited = lock_waited_ticks() - stamp->waited;
	stamp->backward |= stop < stamp->start;
	stamp->ticks += ticks > waited ? ticks - waited : 0;
	stamp->migrated |= stamp->from != to;
	stamp->calls++;
}

static enum iova_status stamp_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct stamp *stamp = self;
	stamp_begin(stamp);
	enum iova_status status = stamp->table->alloc(stamp->self, request, cpu, extent);
	stamp_end(stamp);
	return status;
}

static void stamp_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct stamp *stamp = self;
	stamp_begin(stamp);
	stamp->table->free(stamp->self, extent, cpu);
	stamp_end(stamp);
}

static enum iova_status stamp_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct stamp *stamp = self;
	if (!stamp->table->place)
		return IOVA_UNSUPPORTED;
	stamp_begin(stamp);
	enum iova_status status = stamp->table->place(stamp->self, first, count, cpu, extent);
	stamp_end(stamp);
	return status;
}

static void stamp_statistics(void *self, struct iova_statistics *statistics)
{
	struct stamp *stamp = self;
	stamp->table->statistics(stamp->self, statistics);
}

/* Only what a driver call asks of an allocator. */
static const struct iova_allocator stamping_table = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "stamp",
	.alloc = stamp_alloc,
	.free = stamp_free,
	.place = stamp_place,
	.statistics = stamp_statistics,
};

/* Puts proxies in front of the allocators of an adapter, and takes them away. */
static void look_into(const struct engine *engine, const struct iova_allocator *table, void *self, void *view)
{
	const struct engine_domain *domain = &engine->domains[engine->domain];
	if (!domain->adapter)
		return;
	ddi_adapter_set_allocator(domain->adapter, table, self);
	if (domain->view_table)
		ddi_adapter_set_view_allocator(domain->adapter, table, view);
}

static void look_away(const struct engine *engine)
{
	const struct engine_domain *domain = &engine->domains[engine->domain];
	if (!domain->adapter)
		return;
	ddi_adapter_set_allocator(domain->adapter, domain->table, domain->self);
	if (domain->view_table)
		ddi_adapter_set_view_allocator(domain->adapter, domain->view_table, domain->view_self);
}

/* Bare calls go through the same stamping functions as driver calls: one kind of sample. */
static bool timed_free(struct engine *engine, const struct playing *stamped, uint32_t slot_index,
		       struct engine_timed *timed)
{
	const struct iova_extent *slot = &engine->slots[slot_index];
	bool live = slot->count != 0, handle = slot->first == ENGINE_SLOT_IS_HANDLE;
	timed->kind = handle ? engine_call_table[engine_call_in(engine, slot_index)].free_kind : METRIC_KIND_FREE;
	timed->pages = handle ? 0 : slot->count;
	release(engine, stamped, slot_index, true);
	return live;
}

static void timed_alloc(struct engine *engine, const struct playing *stamped, const struct op *op,
			struct engine_timed *timed)
{
	struct op_request *request = &engine->requests[op->demand >> OP_REQUEST_SHIFT];
	timed->pages = op->demand & OP_COUNT_MAX;
	engine->last_attempt = 0;
	allocate(engine, stamped, request, timed->pages, op->slot, true);
	timed->attempt = engine->last_attempt;
	timed->kind =
		engine->slots[op->slot].count ? engine_call_table[request->call].alloc_kind : METRIC_KIND_ALLOC_FAILED;
}

static void timed_routine(struct engine *engine, const struct playing *stamped, const struct op *op,
			  struct engine_timed *timed)
{
	enum ntstatus status = engine_call_routine(engine, stamped->adapter, stamped->cpu, op->slot);
	timed->kind = status == NTSTATUS_NO_MEMORY ? METRIC_KIND_ALLOC_FAILED
						   : engine_routine_table[engine->routine_calls[op->slot].routine].kind;
}

static bool timed_receive(struct engine *engine, const struct playing *playing, const struct playing *stamped,
			  struct engine_timed *timed)
{
	timed->kind = METRIC_KIND_FREE;
	if (++engine->owed <= 0)
		return false;
	if (!engine_receive_one(engine, stamped)) {
		engine->starved++;
		return false;
	}
	if (engine->owed > 0)
		engine_receive_one(engine, playing);
	return true;
}

bool engine_play_timed(struct engine *engine, const struct op *op, const struct clock *clock, struct engine_timed *timed)
{
	assert(!op_is_control(op) || (op->demand & OP_COUNT_MAX) == OP_RECEIVE);
	struct playing playing = playing_in(engine);
	const struct engine_domain *domain = &engine->domains[engine->domain];
	struct stamp stamp = {.table = playing.table, .self = playing.self, .clock = clock};
	struct stamp view = {.table = domain->view_table, .self = domain->view_self, .clock = clock};
	const struct playing stamped = {&stamping_table, &stamp, playing.adapter, playing.cpu};
	bool done = true;
	*timed = (struct engine_timed){0};
	look_into(engine, &stamping_table, &stamp, &view);
	if (op->demand == 0)
		done = timed_free(engine, &stamped, op->slot, timed);
	else if (op->demand >> OP_REQUEST_SHIFT != OP_CONTROL)
		timed_alloc(engine, &stamped, op, timed);
	else if ((op->demand & OP_COUNT_MAX) == OP_CALL)
		timed_routine(engine, &stamped, op, timed);
	else
		done = timed_receive(engine, &playing, &stamped, timed);
	look_away(engine);
	timed->ticks = stamp.ticks + view.ticks;
	timed->moved = stamp.migrated || view.migrated;
	bool backward = stamp.backward || view.backward;
	engine->clock_backward += backward;
	return done && stamp.calls + view.calls && !backward && timed->kind != METRIC_KIND_COUNT;
}

/* An allocator while the audit looks on. */
struct counting {
	const struct iova_allocator *table;
	void *self;
	const struct allocator_instance *instance; /* behind it */
	struct iova_steps *steps;
	const struct engine_watch *watch; /* NULL: nobody wants to see extents */
	bool view;
	bool empty_grant;
	uint64_t padding; /* of the last extent */
};

static enum iova_status note_grant(struct counting *counting, const struct iova_request *request, enum iova_status status,
				   const struct iova_extent *extent)
{
	counting->empty_grant |= status == IOVA_OK && extent->count == 0;
	if (status != IOVA_OK || extent->count == 0)
		return status;
	counting->padding = allocator_instance_padding(counting->instance, extent);
	if (counting->watch)
		counting->watch->granted(counting->watch->context, counting->view, request, extent, counting->padding);
	return status;
}

static enum iova_status counting_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				       struct iova_extent *extent)
{
	struct counting *counting = self;
	enum iova_status status;
	if (counting->table->capabilities & IOVA_STEPS)
		status = counting->table->alloc_counted(counting->self, request, cpu, extent, counting->steps);
	else
		status = counting->table->alloc(counting->self, request, cpu, extent);
	return note_grant(counting, request, status, extent);
}

static enum iova_status counting_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct counting *counting = self;
	const struct iova_request exactly = {
		.count = count, .low = first, .high = first + count - 1, .constraints = IOVA_CONSTRAIN_LIMIT};
	if (!counting->table->place)
		return IOVA_UNSUPPORTED;
	enum iova_status status = counting->table->place(counting->self, first, count, cpu, extent);
	return note_grant(counting, &exactly, status, extent);
}

static void counting_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct counting *counting = self;
	counting->padding = allocator_instance_padding(counting->instance, extent);
	if (counting->watch)
		counting->watch->returned(counting->watch->context, counting->view, extent, counting->padding);
	if (counting->table->capabilities & IOVA_STEPS)
		counting->table->free_counted(counting->self, extent, cpu, counting->steps);
	else
		counting->table->free(counting->self, extent, cpu);
}

static void counting_statistics(void *self, struct iova_statistics *statistics)
{
	struct counting *counting = self;
	counting->table->statistics(counting->self, statistics);
}

static const struct iova_allocator counting_table = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "counting",
	.alloc = counting_alloc,
	.free = counting_free,
	.place = counting_place,
	.statistics = counting_statistics,
};

static struct counting count_domain(const struct engine *engine, const struct engine_domain *domain,
				    struct iova_steps *steps)
{
	return (struct counting){.table = domain->table,
				 .self = domain->self,
				 .instance = &engine->domains[domain->space].instance,
				 .steps = steps};
}

static struct counting count_view(const struct engine_domain *domain, struct iova_steps *steps)
{
	return (struct counting){.table = domain->view_table,
				 .self = domain->view_self,
				 .instance = &domain->view,
				 .steps = steps,
				 .view = true};
}

static void first_extent(void *context, const struct iova_extent *extent)
{
	struct iova_extent *first = context;
	if (first->count == 0)
		*first = *extent;
}

static struct iova_extent extent_of(const struct engine *engine, uint32_t slot)
{
	struct iova_extent extent = {0};
	engine_visit_slot(engine, slot, first_extent, &extent);
	return extent;
}

static void counted_alloc(struct engine *engine, const struct playing *playing, const struct op *op, uint64_t count,
			  struct engine_outcome *outcome)
{
	struct op_request *request = &engine->requests[op->demand >> OP_REQUEST_SHIFT];
	engine->last_attempt = 0;
	allocate(engine, playing, request, count, op->slot, true);
	outcome->what = engine->slots[op->slot].count ? ENGINE_ALLOCATED : ENGINE_FAILED;
	outcome->attempt = engine->last_attempt;
	/* An absurd answer to a bare call may look like a handle. */
	if (outcome->what == ENGINE_ALLOCATED)
		outcome->extent =
			request->call == WORKLOAD_CALL_EXTENT ? engine->slots[op->slot] : extent_of(engine, op->slot);
}

static void counted_free(struct engine *engine, const struct playing *playing, const struct op *op,
			 struct engine_outcome *outcome)
{
	outcome->what = engine->slots[op->slot].count ? ENGINE_FREED : ENGINE_SKIPPED;
	if (outcome->what == ENGINE_FREED)
		outcome->extent = extent_of(engine, op->slot);
	release(engine, playing, op->slot, true);
}

bool engine_is_watched(const struct engine *engine, const struct op *op)
{
	assert(!op_is_control(op));
	const struct iova_extent *slot = &engine->slots[op->slot];
	if (op->demand >> OP_REQUEST_SHIFT == OP_CONTROL)
		return true;
	if (op->demand == 0)
		return slot->count == ENGINE_PATH_HELD && slot->first == ENGINE_SLOT_IS_HANDLE;
	return engine->requests[op->demand >> OP_REQUEST_SHIFT].path == ENGINE_PATH_HELD;
}

void engine_play_counted(struct engine *engine, const struct op *op, uint64_t count, struct engine_outcome *outcome)
{
	assert(!op_is_control(op));
	*outcome = (struct engine_outcome){0};
	struct playing playing = playing_in(engine);
	const struct engine_domain *domain = &engine->domains[engine->domain];
	struct counting counting = count_domain(engine, domain, &outcome->steps),
			view = count_view(domain, &outcome->steps);
	struct playing counted = {&counting_table, &counting, playing.adapter, playing.cpu};
	if (engine->watch && engine_is_watched(engine, op))
		counting.watch = view.watch = engine->watch;
	look_into(engine, &counting_table, &counting, &view);
	if (op->demand == 0) {
		counted_free(engine, &counted, op, outcome);
	} else if (op->demand >> OP_REQUEST_SHIFT == OP_CONTROL) {
		outcome->what = ENGINE_CALLED;
		outcome->status = engine_call_routine(engine, playing.adapter, playing.cpu, op->slot);
	} else {
		counted_alloc(engine, &counted, op, count, outcome);
	}
	outcome->empty_grant = counting.empty_grant || view.empty_grant;
	outcome->padding = counting.padding + view.padding;
	look_away(engine);
}

/* One domain after the other, or one alone; the watch sees what its adapter gives back. */
static void end_adapters(struct engine *engine, uint32_t adapter, bool drop)
{
	struct iova_steps steps = {0};
	uint32_t at_hand = engine->domain;
	for (engine->domain = 0; engine->domain < engine->domain_count; engine->domain++) {
		if (adapter != OP_ADAPTERS_ALL && adapter != engine->domain)
			continue;
		struct engine_domain *domain = &engine->domains[engine->domain];
		struct counting counting = count_domain(engine, domain, &steps), view = count_view(domain, &steps);
		counting.watch = view.watch = engine->watch;
		look_into(engine, &counting_table, &counting, &view);
		if (drop) {
			ddi_adapter_destroy(domain->adapter);
			domain->adapter = NULL;
		} else if (domain->adapter) {
			ddi_adapter_reset(domain->adapter);
		}
		look_away(engine);
	}
	engine->domain = drop ? 0 : at_hand;
}

void engine_drop_adapters(struct engine *engine)
{
	end_adapters(engine, OP_ADAPTERS_ALL, true);
}

void engine_reset_adapters(struct engine *engine, uint32_t adapter)
{
	end_adapters(engine, adapter, false);
}
