/* SPDX-License-Identifier: MIT */
#include "play/engine_play.h"

#include <assert.h>
#include <sched.h>

/* At a full ring before a thread lets others have its CPU. */
#define SEND_LOOKS 4096u

static void set_high(struct op_request *request, uint32_t attempt)
{
	request->request.high = request->highs[attempt];
	if (attempt + 1 < request->high_count)
		request->request.constraints |= IOVA_CONSTRAIN_NO_DRAIN;
	else
		request->request.constraints &= ~IOVA_CONSTRAIN_NO_DRAIN;
}

enum iova_status engine_call_contiguous(struct ddi_adapter *adapter, const struct engine *engine,
					const struct op_request *request, uint32_t cpu, struct iova_extent *slot)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct ddi_contiguous_request call = marshal_contiguous(&asked);
	ddi_handle handle;
	enum ntstatus status = dxgk_cb_allocate_contiguous_memory(adapter, &call, cpu, &handle);
	if (status == NTSTATUS_NO_MEMORY || status == NTSTATUS_RESOURCE_IN_USE ||
	    status == NTSTATUS_INVALID_PARAMETER) /* the latter: impossible, a failure of its own kind */
		return IOVA_NO_SPACE;
	if (status != NTSTATUS_SUCCESS)
		return status == NTSTATUS_INSUFFICIENT_RESOURCES ? IOVA_NO_MEMORY : IOVA_UNSUPPORTED;
	*slot = (struct iova_extent){.first = ENGINE_SLOT_IS_HANDLE, .count = ENGINE_PATH_CONTIGUOUS, .cookie = handle};
	return IOVA_OK;
}

enum iova_status engine_place(const struct playing *playing, const struct op_request *request, struct iova_extent *slot)
{
	enum iova_status status =
		playing->table->place(playing->self, request->request.low, request->request.count, playing->cpu, slot);
	return status == IOVA_TAKEN ? IOVA_NO_SPACE : status;
}

/* The limits from that one on, one after the other until one serves it. */
static enum iova_status attempt_from(struct engine *engine, const struct playing *playing, struct op_request *request,
				     struct iova_extent *slot, uint32_t limit, enum iova_status status)
{
	for (; status == IOVA_NO_SPACE && limit < request->high_count; limit++) {
		set_high(request, limit);
		engine->last_attempt = limit;
		status = engine_attempt(engine, playing, request, slot, engine->paths);
	}
	return status;
}

__attribute__((cold)) void engine_attempt_again(struct engine *engine, const struct playing *playing,
						struct op_request *request, struct iova_extent *slot,
						enum iova_status status)
{
	status = attempt_from(engine, playing, request, slot, 1, status);
	for (uint32_t size = 0; status == IOVA_NO_SPACE && size < request->fallback_count; size++) {
		if (request->fallbacks[size] >= request->request.count)
			continue;
		request->request.count = request->fallbacks[size];
		if (request->request.constraints & IOVA_CONSTRAIN_ALIGN)
			engine_set_alignment(request, request->request.count);
		status = attempt_from(engine, playing, request, slot, 0, status);
	}
	if (request->high_count > 1)
		set_high(request, 0);
	if (status == IOVA_NO_SPACE)
		engine->failures += !request->beyond;
	else if (status != IOVA_OK && engine->broken == IOVA_OK)
		engine->broken = status;
}

static void give_back(struct engine *engine, const struct playing *playing, const struct iova_extent *extent)
{
	playing->table->free(playing->self, extent, playing->cpu);
	engine->received++;
}

bool engine_receive_one(struct engine *engine, const struct playing *playing)
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
		if (!engine_receive_one(engine, &playing))
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
	if (!engine_receive_one(engine, &playing))
		engine->starved++;
	else if (engine->owed > 0)
		engine_receive_one(engine, &playing);
}

void engine_drain_inbox(struct engine *engine)
{
	struct playing playing = playing_in(engine);
	while (engine->inbox && engine_receive_one(engine, &playing))
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

/* So many operations ahead, slots are fetched: they are the harness's memory, and a miss there would be taken for the
 * allocator's time. */
#define AHEAD 8

/* Returns where it ended: at a poll, or at the end. */
static inline __attribute__((always_inline)) const struct op *play(struct engine *engine, const struct op *op,
								   const struct op *end, bool calls)
{
	struct playing playing = playing_in(engine);
	uint64_t count_high = 0;
	for (; op != end; op++) {
		const struct op *ahead = end - op > AHEAD ? op + AHEAD : op;
		__builtin_prefetch(&engine->slots[ahead->slot], 1);
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
			engine->cpu = engine->home_cpu + (op->slot & 0xffff); /* a thread has one, its own */
			playing = playing_in(engine);
		} else if ((demand & OP_COUNT_MAX) == OP_CALL) {
			engine_call_routine(engine, playing.adapter, playing.cpu, op->slot);
		} else if ((demand & OP_COUNT_MAX) == OP_COUNT_HIGH) {
			count_high = (uint64_t)op->slot << OP_REQUEST_SHIFT;
		} else if ((demand & OP_COUNT_MAX) < OP_POLL) {
			travel(engine, op);
		} else if ((demand & OP_COUNT_MAX) != OP_POLL || engine->polls) {
			break;
		}
	}
	return op;
}

size_t engine_play_to_poll(struct engine *engine, const struct op *ops, size_t count)
{
	assert(ops || !count);
	if (engine->paths)
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

void engine_phase_begin(struct engine *engine)
{
	engine->domain = 0;
	engine->cpu = engine->home_cpu;
}

int engine_broken(const struct engine *engine, struct error *error)
{
	const char *fatal = engine_fatal(engine);
	if (fatal)
		return error_of(error, ERROR_OWNER_DRIVER, "fatal driver misuse: %s", fatal);
	return error_set(error, EXIT_CODE_VIOLATION, "the allocator ended a request with status %d (%s)",
			 (int)engine->broken,
			 engine->broken == IOVA_NO_MEMORY ? "no memory for metadata" : "which alloc must not return");
}

struct placement_hash {
	uint64_t hash;
	uint32_t slot;
};

static void hash_extent(void *context, const struct iova_extent *extent)
{
	struct placement_hash *placement = context;
	uint64_t words[3] = {placement->slot, extent->first, extent->count};
	for (size_t i = 0; i < 3; i++) {
		placement->hash = (placement->hash ^ words[i]) * UINT64_C(0x9fb21c651e98df25);
		placement->hash ^= placement->hash >> 32;
	}
}

static void hash_slot(const struct engine *engine, struct placement_hash *placement, uint32_t slot)
{
	placement->slot = slot;
	engine_visit_slot(engine, slot, hash_extent, placement);
}

static void hash_word(const struct engine *engine, struct placement_hash *placement, const struct op *op)
{
	uint32_t code = op->demand & OP_COUNT_MAX;
	if (op->demand >> OP_REQUEST_SHIFT != OP_CONTROL || code == OP_SEND)
		hash_slot(engine, placement, op->slot);
	if (op->demand >> OP_REQUEST_SHIFT != OP_CONTROL || code != OP_ADVERSARY)
		return;
	/* Which of its slots an adversary used is not in the word. */
	for (uint32_t slot = 0; slot < engine->slot_count; slot++)
		hash_slot(engine, placement, slot);
}

void engine_note_placement(struct engine *engine, const struct op *ops, size_t count)
{
	assert(ops || !count);
	struct placement_hash placement = {.hash = engine->placement_hash + 1};
	if (engine->slot_count <= count)
		for (uint32_t slot = 0; slot < engine->slot_count; slot++)
			hash_slot(engine, &placement, slot);
	else
		for (size_t i = 0; i < count; i++) {
			__builtin_prefetch(&engine->slots[ops[count - i > AHEAD ? i + AHEAD : i].slot]);
			hash_word(engine, &placement, &ops[i]);
		}
	engine->placement_hash = placement.hash ? placement.hash : 1;
}
