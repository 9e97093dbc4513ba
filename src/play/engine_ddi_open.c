/* SPDX-License-Identifier: MIT
 * What driver calls stand on: the physical side, the adapters, room for all that they will hold. */
#include "play/engine_ddi.h"

#include "base/memory.h"
#include "ddi/tape.h"
#include "workload/portion.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Physical memory that a workload did not name. */
#define PHYSICAL_BYTES_MAX (UINT64_C(64) << 30)
/* Blocks of runs and extents that are taken beforehand: 64 MiB. What needs more takes it when it comes. */
#define BLOCKS_MAX (UINT64_C(1) << 20)
#define HANDLES_OF_A_SLOT 3u

static uint64_t physical_frames(const struct engine *engine, const struct workload *workload)
{
	uint64_t frames = workload->physical.bytes / engine->page_bytes;
	if (frames == 0) {
		uint64_t most = PHYSICAL_BYTES_MAX / engine->page_bytes;
		bool identity = workload->space.mode == DDI_MODE_IDENTITY;
		frames = identity ? workload->space.end : 2 * workload->space.end;
		frames = frames < most ? frames : most;
	}
	frames = frames < 2 ? 2 : frames;
	return frames < DDI_FRAMES_MAX ? frames : DDI_FRAMES_MAX;
}

/* Of several threads each has its part: what the others have is no frame of this one. */
static void cut_physical(struct engine *engine, uint64_t frames, uint32_t thread, uint32_t threads)
{
	assert(thread < threads && threads <= WORKLOAD_THREADS_MAX);
	uint64_t first = frames * thread / threads, end = frames * (thread + 1) / threads;
	ddi_physical_reserve(engine->physical, 0, first);
	ddi_physical_reserve(engine->physical, end, frames - end);
}

static int open_physical(struct engine *engine, const struct workload *workload,
			 const struct engine_surroundings *surroundings, struct error *error)
{
	struct ddi_physical_options options = {
		.frames = physical_frames(engine, workload),
		.scatter_percent = (uint32_t)lround(100 * workload->physical.scatter),
		.seed = workload->seed,
	};
	const char *reason = "no memory";
	engine->physical = ddi_physical_create(&options, &reason);
	if (!engine->physical)
		return error_set(error, EXIT_CODE_IO, "cannot create the physical side: %s", reason);
	if (surroundings->threads > 1)
		cut_physical(engine, options.frames, surroundings->cpu, surroundings->threads);
	if (workload->space.mode != DDI_MODE_IDENTITY)
		return 0;
	/* Logical addresses are physical ones: what the space does not have is no frame. */
	ddi_physical_reserve(engine->physical, 0, workload->space.first);
	for (size_t i = 0; i < workload->space.hole_count; i++)
		ddi_physical_reserve(engine->physical, workload->space.holes[i].first, workload->space.holes[i].count);
	return 0;
}

static bool is_plain_contiguous(const struct op_request *request)
{
	return request->call == WORKLOAD_CALL_CONTIGUOUS && request->arguments->irql == DDI_PASSIVE_LEVEL;
}

/* Streams of contiguous memory in remap mode need no frames, unless the workload names physical memory: their calls stay as
 * short as they are. */
static bool needs_frames(const struct engine *engine, const struct workload *workload)
{
	bool listed = false;
	for (size_t i = 0; i < engine->request_count; i++)
		listed |= engine->requests[i].call != WORKLOAD_CALL_EXTENT && !is_plain_contiguous(&engine->requests[i]);
	return listed || engine->routine_call_count || workload->physical.bytes ||
	       workload->space.mode == DDI_MODE_IDENTITY;
}

/* The handle tells all, where there is one adapter. */
static enum engine_path path_of(const struct op_request *request, bool alone)
{
	if (request->call == WORKLOAD_CALL_EXTENT)
		return request->placed ? ENGINE_PATH_PLACE : ENGINE_PATH_EXTENT;
	return alone && is_plain_contiguous(request) ? ENGINE_PATH_CONTIGUOUS : ENGINE_PATH_HELD;
}

static void find_calls(struct engine *engine, const struct workload *workload, bool *holds)
{
	bool alone = workload->adapter_count < 2;
	for (size_t i = 0; i < engine->request_count; i++) {
		struct op_request *request = &engine->requests[i];
		const struct engine_call *call = &engine_call_table[request->call];
		request->path = path_of(request, alone);
		engine->calls |= request->call != WORKLOAD_CALL_EXTENT;
		engine->paths |= request->path != ENGINE_PATH_EXTENT;
		engine->views |= call->maps_views;
		engine->mm_blocks |= call->takes_mm_blocks;
		*holds |= request->path == ENGINE_PATH_HELD;
	}
	engine->routine_calls = workload->routine_calls;
	engine->routine_call_count = workload->routine_call_count;
	for (size_t i = 0; i < workload->routine_call_count; i++) {
		const struct engine_routine *routine = &engine_routine_table[workload->routine_calls[i].routine];
		engine->views |= routine->maps_views;
		engine->mm_blocks |= routine->takes_mm_blocks;
	}
	engine->calls |= workload->routine_call_count > 0;
	engine->paths |= engine->calls;
}

int engine_ddi_prepare(struct engine *engine, const struct workload *workload,
		       const struct engine_surroundings *surroundings, struct error *error)
{
	bool holds = false;
	find_calls(engine, workload, &holds);
	if (!engine->calls)
		return 0;
	if (holds) {
		engine->held = memory_zeroed_huge(engine->slot_count, sizeof engine->held[0]);
		if (!engine->held)
			return error_set(error, EXIT_CODE_IO, "no memory for %u slots", engine->slot_count);
		memset(engine->held, 0, engine->slot_count * sizeof engine->held[0]);
	}
	engine->objects = memory_zeroed(workload->object_count, sizeof engine->objects[0]);
	if (!engine->objects)
		return error_set(error, EXIT_CODE_IO, "no memory for the objects of scripts");
	return needs_frames(engine, workload) ? open_physical(engine, workload, surroundings, error) : 0;
}

/* Pages that can be behind lists at one time. */
static uint64_t listed_pages(const struct engine *engine)
{
	uint64_t frames = engine->physical ? ddi_physical_free_frames(engine->physical) : 0;
	return engine->held ? frames : 0;
}

static int reserve(const struct engine *engine, struct ddi_adapter *adapter)
{
	uint64_t slots = engine->slot_count;
	uint64_t handles = (engine->held ? HANDLES_OF_A_SLOT : 1) * slots + 2 * engine->routine_call_count;
	uint64_t blocks = listed_pages(engine) / 4;
	handles = handles < DDI_HANDLES_MAX ? handles : DDI_HANDLES_MAX;
	blocks = blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
	if (ddi_adapter_reserve_handles(adapter, handles) < 0)
		return -1;
	if (blocks && ddi_adapter_reserve_blocks(adapter, blocks) < 0)
		return -1;
	uint64_t addresses = slots + engine->routine_call_count;
	if (engine->mm_blocks && ddi_adapter_reserve_mm_blocks(adapter, addresses) < 0)
		return -1;
	return engine->views ? ddi_adapter_reserve_views(adapter, addresses) : 0;
}

/* The harness places nothing: whatever is asked of it costs the same. Who constrains a request itself, as an MDL of aligned
 * chunks, is not refused by it. */
static uint64_t followed(uint64_t capabilities)
{
	return capabilities & IOVA_HARNESS ? capabilities | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY : capabilities;
}

int engine_ddi_open_adapter(struct engine *engine, uint32_t index, uint64_t capabilities, const struct workload *workload,
			    const struct engine_surroundings *surroundings, struct error *error)
{
	assert(index < engine->domain_count && !engine->domains[index].adapter);
	struct engine_domain *domain = &engine->domains[index];
	bool identity = workload->space.mode == DDI_MODE_IDENTITY;
	if (!engine->calls)
		return 0;
	struct ddi_adapter_options options = {
		.space_first = engine->space_first,
		.space_count = engine->space_count,
		.page_bytes = engine->page_bytes,
		.table = domain->table,
		.self = domain->self,
		.capabilities = followed(capabilities),
		.mode = identity ? DDI_MODE_IDENTITY : DDI_MODE_REMAP,
		.wddm = workload->wddm,
		.number =
			index < DDI_ADAPTERS_MAX ? index : 0, /* of domains that only recordings use nobody knows handles */
		.physical = engine->physical,
		.view_table = domain->view_table,
		.view_self = domain->view_self,
		.view_first = engine->space_first,
		.view_count = engine->space_count,
		.map_event = surroundings->map_event,
		.map_context = surroundings->map_context,
	};
	const char *reason = "no memory for its handles";
	domain->adapter = ddi_adapter_create(&options, &reason);
	if (!domain->adapter && identity && !(capabilities & IOVA_EXPLICIT))
		return error_set(error, EXIT_CODE_NO_ARM, "%s", reason);
	if (!domain->adapter || (!surroundings->grows && reserve(engine, domain->adapter) < 0))
		return error_set(error, EXIT_CODE_IO, "cannot create an adapter: %s", reason);
	return 0;
}

enum result_reason engine_tape_refusal(const struct engine *engine, const struct workload *workload)
{
	if (!engine->physical)
		return RESULT_REASON_NOT_APPLICABLE;
	if (workload->space.mode == DDI_MODE_IDENTITY)
		return RESULT_REASON_PLACE_CAN_FAIL;
	if (engine->adapter_count > 1)
		return RESULT_REASON_ADAPTERS;
	return engine->routine_call_count ? RESULT_REASON_ROUTINES : RESULT_REASON_COUNT;
}

/* There is one adapter. */
void engine_record(struct engine *engine, struct tape *tape)
{
	tape_record(tape, engine->domains[0].adapter);
}

void engine_play_to(struct engine *engine, struct tape *tape)
{
	tape_play(tape, engine->domains[0].adapter);
}

void engine_rewind_tape(struct engine *engine)
{
	tape_rewind(engine->domains[0].adapter);
}

bool engine_left_tape(const struct engine *engine)
{
	const struct ddi_adapter *adapter = engine->domains[0].adapter;
	return adapter && tape_is_left(adapter);
}

void engine_ddi_close(struct engine *engine)
{
	ddi_physical_destroy(engine->physical);
	memory_release(engine->objects);
	memory_release(engine->held);
}

const char *engine_fatal(const struct engine *engine)
{
	for (uint32_t i = 0; engine->calls && i < engine->domain_count; i++)
		if (engine->domains[i].adapter && ddi_adapter_fatal(engine->domains[i].adapter))
			return ddi_adapter_fatal(engine->domains[i].adapter)->why;
	return NULL;
}

static const char *stop(struct engine *engine, uint32_t adapter)
{
	for (uint32_t i = 0; engine->calls && i < engine->domain_count; i++)
		if (engine->domains[i].adapter && (adapter == OP_ADAPTERS_ALL || adapter == i))
			ddi_adapter_stop(engine->domains[i].adapter);
	return engine_fatal(engine);
}

const char *engine_stop_adapters(struct engine *engine)
{
	return stop(engine, OP_ADAPTERS_ALL);
}

/* What lived in slots was freed: what is left, scripts made. */
void engine_adapter_event(struct engine *engine, enum workload_event event, uint32_t adapter)
{
	assert(event == WORKLOAD_EVENT_RESET || event == WORKLOAD_EVENT_UNPLUG || event == WORKLOAD_EVENT_STOP);
	if (event == WORKLOAD_EVENT_STOP) {
		if (stop(engine, adapter) && engine->broken == IOVA_OK)
			engine->broken = IOVA_UNSUPPORTED;
		return;
	}
	engine_reset_adapters(engine, adapter);
}

/* Requests free whatever they took, so only those ADLs are leaked that a script made; what lives in slots lives by right. */
int engine_end_driver(struct engine *engine, struct error *error)
{
	if (engine->routine_call_count == 0)
		return 0;
	for (uint32_t slot = 0; engine->held && slot < engine->slot_count; slot++) {
		struct iova_extent *held = &engine->slots[slot];
		if (held->first != ENGINE_SLOT_IS_HANDLE || engine_call_in(engine, slot) != WORKLOAD_CALL_ADL)
			continue;
		engine_call_free(engine, engine->domains[engine->held[slot].request->adapter].adapter, engine->home_cpu,
				 slot);
		*held = (struct iova_extent){0};
	}
	return engine_stop_adapters(engine) ? engine_broken(engine, error) : 0;
}
