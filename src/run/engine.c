/* SPDX-License-Identifier: MIT */
#include "run/engine.h"

#include "base/bits.h"

#include <sched.h>

/* At a full ring before a thread lets others have its CPU. */
#define SEND_LOOKS 4096u

/* Splits a domain into what the loop needs in registers. */
struct playing {
	const struct iova_allocator *table;
	void *self;
	struct ddi_adapter *adapter;
	uint32_t cpu;
};

static inline struct playing playing_in(const struct engine *engine)
{
	const struct engine_domain *domain = &engine->domains[engine->domain];
	return (struct playing){domain->table, domain->self, domain->adapter, engine->cpu};
}

static inline void set_alignment(struct op_request *request, uint64_t count)
{
	if (request->align == WORKLOAD_ALIGN_FIXED) /* set once for all */
		return;
	uint64_t align = bits_power_of_two_ceil(count);
	if (request->align == WORKLOAD_ALIGN_NATURAL_UP_TO && align > request->align_cap)
		align = request->align_cap;
	request->request.align = align;
}

static void set_high(struct op_request *request, uint32_t attempt)
{
	request->request.high = request->highs[attempt];
	if (attempt + 1 < request->high_count)
		request->request.constraints |= IOVA_CONSTRAIN_NO_DRAIN;
	else
		request->request.constraints &= ~IOVA_CONSTRAIN_NO_DRAIN;
}

static enum iova_status call_contiguous(struct ddi_adapter *adapter, const struct engine *engine,
					const struct op_request *request, uint32_t cpu, struct iova_extent *slot)
{
	const struct iova_request *pages = &request->request;
	struct ddi_contiguous_request call = {
		.number_of_bytes = pages->count * engine->page_bytes,
		.lowest_acceptable_address = 0,
		.highest_acceptable_address = UINT64_MAX,
		.boundary_address_multiple =
			pages->constraints & IOVA_CONSTRAIN_BOUNDARY ? pages->boundary * engine->page_bytes : 0,
		.alignment_pages = pages->constraints & IOVA_CONSTRAIN_ALIGN ? pages->align : 1,
		.no_drain = (pages->constraints & IOVA_CONSTRAIN_NO_DRAIN) != 0,
	};
	if (pages->constraints & IOVA_CONSTRAIN_LIMIT) {
		call.lowest_acceptable_address = pages->low * engine->page_bytes;
		call.highest_acceptable_address = pages->high * engine->page_bytes + (engine->page_bytes - 1);
	}
	ddi_handle handle;
	enum ntstatus status = dxgk_cb_allocate_contiguous_memory(adapter, &call, cpu, &handle);
	if (status == NTSTATUS_NO_MEMORY ||
	    status == NTSTATUS_INVALID_PARAMETER) /* the latter: impossible, a failure of its own kind */
		return IOVA_NO_SPACE;
	if (status != NTSTATUS_SUCCESS)
		return status == NTSTATUS_INSUFFICIENT_RESOURCES ? IOVA_NO_MEMORY : IOVA_UNSUPPORTED;
	*slot = (struct iova_extent){.first = ENGINE_SLOT_IS_HANDLE, .count = 1, .cookie = handle};
	return IOVA_OK;
}

static inline enum iova_status attempt(const struct engine *engine, const struct playing *playing,
				       const struct op_request *request, struct iova_extent *slot, bool calls)
{
	if (calls && request->call == WORKLOAD_CALL_CONTIGUOUS)
		return call_contiguous(playing->adapter, engine, request, playing->cpu, slot);
	return playing->table->alloc(playing->self, &request->request, playing->cpu, slot);
}

/* The first limit failed: the others in their order. Away from the loop, which then need not know about them. */
static __attribute__((noinline, cold)) void attempt_again(struct engine *engine, const struct playing *playing,
							  struct op_request *request, struct iova_extent *slot,
							  enum iova_status status)
{
	for (uint32_t next = 1; status == IOVA_NO_SPACE && next < request->high_count; next++) {
		set_high(request, next);
		engine->last_attempt = next;
		status = attempt(engine, playing, request, slot, engine->calls);
	}
	if (request->high_count > 1)
		set_high(request, 0);
	if (status == IOVA_NO_SPACE)
		engine->failures += !request->beyond;
	else if (status != IOVA_OK && engine->broken == IOVA_OK)
		engine->broken = status;
}

static inline __attribute__((always_inline)) void allocate(struct engine *engine, const struct playing *playing,
							   struct op_request *request, uint64_t count, uint32_t slot_index,
							   bool calls)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	request->request.count = count;
	if (request->request.constraints & IOVA_CONSTRAIN_ALIGN)
		set_alignment(request, count);
	enum iova_status status = attempt(engine, playing, request, slot, calls);
	if (__builtin_expect(status != IOVA_OK, 0))
		attempt_again(engine, playing, request, slot, status);
}

static inline __attribute__((always_inline)) void release(struct engine *engine, const struct playing *playing,
							  uint32_t slot_index, bool calls)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	if (__builtin_expect(slot->count == 0, 0)) {
		engine->skipped++;
		return;
	}
	if (calls && slot->first == ENGINE_SLOT_IS_HANDLE)
		dxgk_cb_free_contiguous_memory(playing->adapter, slot->cookie, playing->cpu);
	else
		playing->table->free(playing->self, slot, playing->cpu);
	slot->count = 0;
}

static void give_back(struct engine *engine, const struct playing *playing, const struct iova_extent *extent)
{
	playing->table->free(playing->self, extent, playing->cpu);
	engine->received++;
}

static bool receive_one(struct engine *engine, const struct playing *playing)
{
	struct iova_extent extent;
	if (!ring_receive(engine->inbox, &extent))
		return false;
	give_back(engine, playing, &extent);
	engine->owed--;
	return true;
}

static __attribute__((cold)) void send_when_possible(struct engine *engine, const struct iova_extent *extent)
{
	struct playing playing = playing_in(engine);
	engine->ring_full++;
	for (uint32_t looks = 0; !ring_send(engine->outbox, extent); looks++) {
		if (atomic_load_explicit(&engine->outbox->closed, memory_order_acquire)) {
			give_back(engine, &playing, extent);
			return;
		}
		if (!receive_one(engine, &playing))
			lock_pause();
		if (looks >= SEND_LOOKS)
			sched_yield();
	}
}

static void send(struct engine *engine, uint32_t slot_index)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	if (slot->count && !ring_send(engine->outbox, slot))
		send_when_possible(engine, slot);
	slot->count = 0;
}

static void receive(struct engine *engine)
{
	struct playing playing = playing_in(engine);
	if (++engine->owed <= 0)
		return;
	if (!receive_one(engine, &playing))
		engine->starved++;
	else if (engine->owed > 0)
		receive_one(engine, &playing);
}

void engine_drain_inbox(struct engine *engine)
{
	struct playing playing = playing_in(engine);
	while (engine->inbox && receive_one(engine, &playing))
		;
	engine->owed = 0;
}

/* Away from the loop of streams that do not travel. */
static __attribute__((noinline)) void travel(struct engine *engine, const struct op *op)
{
	if ((op->demand & OP_COUNT_MAX) == OP_SEND)
		send(engine, op->slot);
	else
		receive(engine);
}

/* Returns where it ended: at a poll, or at the end. */
static inline __attribute__((always_inline)) const struct op *play(struct engine *engine, const struct op *op,
								   const struct op *end, bool calls)
{
	struct playing playing = playing_in(engine);
	uint64_t count_high = 0;
	for (; op != end; op++) {
		uint32_t demand = op->demand;
		uint32_t index = demand >> OP_REQUEST_SHIFT;
		if (demand == 0) {
			release(engine, &playing, op->slot, calls);
		} else if (__builtin_expect(index != OP_CONTROL, 1)) {
			allocate(engine, &playing, &engine->requests[index], count_high + (demand & OP_COUNT_MAX), op->slot,
				 calls);
			count_high = 0;
		} else if ((demand & OP_COUNT_MAX) == OP_CONTEXT) {
			engine->domain = op->slot >> 16;
			engine->cpu = op->slot & 0xffff;
			playing = playing_in(engine);
		} else if ((demand & OP_COUNT_MAX) == OP_COUNT_HIGH) {
			count_high = (uint64_t)op->slot << OP_REQUEST_SHIFT;
		} else if ((demand & OP_COUNT_MAX) != OP_POLL) {
			travel(engine, op);
		} else if (engine->polls) {
			break;
		}
	}
	return op;
}

size_t engine_play_to_poll(struct engine *engine, const struct op *ops, size_t count)
{
	if (engine->calls)
		return (size_t)(play(engine, ops, ops + count, true) - ops);
	return (size_t)(play(engine, ops, ops + count, false) - ops);
}

void engine_play(struct engine *engine, const struct op *ops, size_t count)
{
	size_t at = engine_play_to_poll(engine, ops, count);
	while (at < count) {
		engine_poll(engine, &ops[at++]);
		at += engine_play_to_poll(engine, ops + at, count - at);
	}
}

static void add_ticks(struct engine_stamp *stamp, uint64_t ticks, uint64_t waited)
{
	if (ticks > INT64_MAX) {
		stamp->backward = true;
		return;
	}
	stamp->ticks += ticks > waited ? ticks - waited : 0;
}

static enum iova_status stamp_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct engine_stamp *stamp = self;
	uint32_t from, to;
	uint64_t waited = lock_waited_ticks();
	clock_stop(stamp->clock, &from);
	uint64_t start = clock_start(stamp->clock);
	enum iova_status status = stamp->table->alloc(stamp->self, request, cpu, extent);
	add_ticks(stamp, clock_stop(stamp->clock, &to) - start, lock_waited_ticks() - waited);
	stamp->migrated |= from != to;
	return status;
}

static void stamp_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct engine_stamp *stamp = self;
	uint32_t from, to;
	uint64_t waited = lock_waited_ticks();
	clock_stop(stamp->clock, &from);
	uint64_t start = clock_start(stamp->clock);
	stamp->table->free(stamp->self, extent, cpu);
	add_ticks(stamp, clock_stop(stamp->clock, &to) - start, lock_waited_ticks() - waited);
	stamp->migrated |= from != to;
}

static void stamp_statistics(void *self, struct iova_statistics *statistics)
{
	struct engine_stamp *stamp = self;
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
	.statistics = stamp_statistics,
};

/* Bare calls go through the same stamping functions as driver calls: one kind of sample. */
static bool timed_free(struct engine *engine, const struct playing *playing, struct engine_stamp *stamp,
		       uint32_t slot_index, enum result_kind *kind)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	if (slot->count == 0) {
		engine->skipped++;
		return false;
	}
	if (slot->first == ENGINE_SLOT_IS_HANDLE) {
		*kind = RESULT_KIND_CONTIGUOUS_FREE;
		ddi_adapter_set_allocator(playing->adapter, &stamping_table, stamp);
		dxgk_cb_free_contiguous_memory(playing->adapter, slot->cookie, playing->cpu);
		ddi_adapter_set_allocator(playing->adapter, playing->table, playing->self);
	} else {
		*kind = RESULT_KIND_FREE;
		stamp_free(stamp, slot, playing->cpu);
	}
	slot->count = 0;
	return !stamp->migrated;
}

static bool timed_alloc(struct engine *engine, const struct playing *playing, struct engine_stamp *stamp,
			const struct op *op, enum result_kind *kind)
{
	struct op_request *request = &engine->requests[op->demand >> OP_REQUEST_SHIFT];
	struct iova_extent *slot = &engine->slots[op->slot];
	struct playing stamped = {&stamping_table, stamp, playing->adapter, playing->cpu};
	bool call = request->call == WORKLOAD_CALL_CONTIGUOUS;
	if (call)
		ddi_adapter_set_allocator(playing->adapter, &stamping_table, stamp);
	allocate(engine, &stamped, request, op->demand & OP_COUNT_MAX, op->slot, true);
	if (call)
		ddi_adapter_set_allocator(playing->adapter, playing->table, playing->self);
	*kind = slot->count == 0 ? RESULT_KIND_ALLOC_FAILED : call ? RESULT_KIND_CONTIGUOUS_ALLOC : RESULT_KIND_ALLOC;
	return !stamp->migrated;
}

static bool timed_receive(struct engine *engine, const struct playing *playing, struct engine_stamp *stamp,
			  enum result_kind *kind)
{
	const struct playing stamped = {&stamping_table, stamp, playing->adapter, playing->cpu};
	*kind = RESULT_KIND_FREE;
	if (++engine->owed <= 0)
		return false;
	if (!receive_one(engine, &stamped)) {
		engine->starved++;
		return false;
	}
	if (engine->owed > 0)
		receive_one(engine, playing);
	return !stamp->migrated;
}

bool engine_play_timed(struct engine *engine, const struct op *op, const struct clock *clock, enum result_kind *kind,
		       uint64_t *ticks)
{
	struct playing playing = playing_in(engine);
	struct engine_stamp stamp = {.table = playing.table, .self = playing.self, .clock = clock};
	bool good = op->demand == 0                                ? timed_free(engine, &playing, &stamp, op->slot, kind)
		    : op->demand >> OP_REQUEST_SHIFT == OP_CONTROL ? timed_receive(engine, &playing, &stamp, kind)
								   : timed_alloc(engine, &playing, &stamp, op, kind);
	*ticks = stamp.ticks;
	engine->clock_backward += stamp.backward;
	return good && !stamp.backward;
}

static struct iova_extent extent_of(const struct engine *engine, uint32_t domain, uint32_t slot)
{
	struct iova_extent extent = engine->slots[slot];
	if (extent.count && extent.first == ENGINE_SLOT_IS_HANDLE)
		ddi_contiguous_extent(engine->domains[domain].adapter, extent.cookie, &extent);
	return extent;
}

/* A driver call's allocator while the audit looks on. */
struct counting {
	const struct iova_allocator *table;
	void *self;
	struct iova_steps *steps;
	bool empty_grant;
};

static enum iova_status counting_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				       struct iova_extent *extent)
{
	struct counting *counting = self;
	enum iova_status status;
	if (counting->table->capabilities & IOVA_STEPS)
		status = counting->table->alloc_counted(counting->self, request, cpu, extent, counting->steps);
	else
		status = counting->table->alloc(counting->self, request, cpu, extent);
	counting->empty_grant |= status == IOVA_OK && extent->count == 0;
	return status;
}

static void counting_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct counting *counting = self;
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
	.statistics = counting_statistics,
};

static void counted_alloc(struct engine *engine, const struct playing *playing, const struct op *op, uint64_t count,
			  struct engine_outcome *outcome)
{
	engine->last_attempt = 0;
	allocate(engine, playing, &engine->requests[op->demand >> OP_REQUEST_SHIFT], count, op->slot, true);
	outcome->what = engine->slots[op->slot].count ? ENGINE_ALLOCATED : ENGINE_FAILED;
	outcome->attempt = engine->last_attempt;
	if (outcome->what == ENGINE_ALLOCATED)
		outcome->extent = extent_of(engine, engine->domain, op->slot);
}

static void counted_free(struct engine *engine, const struct playing *playing, const struct op *op,
			 struct engine_outcome *outcome)
{
	outcome->what = engine->slots[op->slot].count ? ENGINE_FREED : ENGINE_SKIPPED;
	if (outcome->what == ENGINE_FREED)
		outcome->extent = extent_of(engine, engine->domain, op->slot);
	release(engine, playing, op->slot, true);
}

void engine_play_counted(struct engine *engine, const struct op *op, uint64_t count, struct engine_outcome *outcome)
{
	*outcome = (struct engine_outcome){0};
	struct playing playing = playing_in(engine);
	struct counting counting = {playing.table, playing.self, &outcome->steps, false};
	struct playing counted = {&counting_table, &counting, playing.adapter, playing.cpu};
	if (playing.adapter)
		ddi_adapter_set_allocator(playing.adapter, &counting_table, &counting);
	if (op->demand == 0)
		counted_free(engine, &counted, op, outcome);
	else
		counted_alloc(engine, &counted, op, count, outcome);
	outcome->empty_grant = counting.empty_grant;
	if (playing.adapter)
		ddi_adapter_set_allocator(playing.adapter, playing.table, playing.self);
}

void engine_phase_begin(struct engine *engine)
{
	engine->domain = 0;
	engine->cpu = engine->home_cpu;
}

int engine_broken(const struct engine *engine, struct error *error)
{
	return error_set(error, EXIT_CODE_VIOLATION, "the allocator ended a request with status %d (%s)",
			 (int)engine->broken,
			 engine->broken == IOVA_NO_MEMORY ? "no memory for metadata" : "which alloc must not return");
}

void engine_note_placement(struct engine *engine)
{
	uint64_t hash = engine->placement_hash + 1;
	for (uint32_t slot = 0; slot < engine->slot_count; slot++) {
		if (!engine->slots[slot].count)
			continue;
		/* Streams with driver calls have one domain: a recording has none. */
		struct iova_extent extent = extent_of(engine, 0, slot);
		uint64_t words[3] = {slot, extent.first, extent.count};
		for (size_t i = 0; i < 3; i++) {
			hash = (hash ^ words[i]) * UINT64_C(0x9fb21c651e98df25);
			hash ^= hash >> 32;
		}
	}
	engine->placement_hash = hash ? hash : 1;
}
