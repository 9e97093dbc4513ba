/* SPDX-License-Identifier: MIT
 * One operation, as the loop plays it and as those do who look on. */
#ifndef PLAY_ENGINE_PLAY_H
#define PLAY_ENGINE_PLAY_H

#include "base/bits.h"
#include "play/engine_ddi.h"

#include <assert.h>

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

static inline void engine_set_alignment(struct op_request *request, uint64_t count)
{
	assert(count > request->guard);
	if (request->align == WORKLOAD_ALIGN_FIXED) /* set once for all */
		return;
	uint64_t align = bits_power_of_two_ceil(count - request->guard);
	if (request->align == WORKLOAD_ALIGN_NATURAL_UP_TO && align > request->align_cap)
		align = request->align_cap;
	request->request.align = align;
}

enum iova_status engine_call_contiguous(struct ddi_adapter *adapter, const struct engine *engine,
					const struct op_request *request, uint32_t cpu, struct iova_extent *slot);

enum iova_status engine_place(const struct playing *playing, const struct op_request *request, struct iova_extent *slot);

/* The first limit failed: the others in their order, then those of smaller sizes where the request falls back on any; the
 * count of the request is that of the last one. Away from the loop, which then need not know about them. */
void engine_attempt_again(struct engine *engine, const struct playing *playing, struct op_request *request,
			  struct iova_extent *slot, enum iova_status status);

/* Frees the oldest extent of the inbox. */
bool engine_receive_one(struct engine *engine, const struct playing *playing);

/* One limit. */
static inline enum iova_status engine_attempt(struct engine *engine, const struct playing *playing,
					      const struct op_request *request, struct iova_extent *slot, bool calls)
{
	if (calls && request->path == ENGINE_PATH_CONTIGUOUS)
		return engine_call_contiguous(playing->adapter, engine, request, playing->cpu, slot);
	if (calls && request->path == ENGINE_PATH_PLACE)
		return engine_place(playing, request, slot);
	if (calls && request->path != ENGINE_PATH_EXTENT)
		return engine_call_alloc(engine, playing->adapter, request, playing->cpu, (uint32_t)(slot - engine->slots));
	return playing->table->alloc(playing->self, &request->request, playing->cpu, slot);
}

static inline __attribute__((always_inline)) void allocate(struct engine *engine, const struct playing *playing,
							   struct op_request *request, uint64_t count, uint32_t slot_index,
							   bool calls)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	request->request.count = count;
	if (request->request.constraints & IOVA_CONSTRAIN_ALIGN)
		engine_set_alignment(request, count);
	enum iova_status status = engine_attempt(engine, playing, request, slot, calls);
	if (__builtin_expect(status != IOVA_OK, 0))
		engine_attempt_again(engine, playing, request, slot, status);
}

static inline __attribute__((always_inline)) void release(struct engine *engine, const struct playing *playing,
							  uint32_t slot_index, bool calls)
{
	struct iova_extent *slot = &engine->slots[slot_index];
	if (__builtin_expect(slot->count == 0, 0)) {
		engine->skipped++;
		return;
	}
	if (calls && slot->first == ENGINE_SLOT_IS_HANDLE && slot->count == ENGINE_PATH_CONTIGUOUS)
		dxgk_cb_free_contiguous_memory(playing->adapter, slot->cookie, playing->cpu);
	else if (calls && slot->first == ENGINE_SLOT_IS_HANDLE)
		engine_call_free(engine, playing->adapter, playing->cpu, slot_index);
	else
		playing->table->free(playing->self, slot, playing->cpu);
	slot->count = 0;
}

#endif
