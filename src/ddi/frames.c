/* SPDX-License-Identifier: MIT */
#include "ddi/frames.h"

#include "base/memory.h"

#include <assert.h>

bool frames_off_tape(struct ddi_adapter *adapter, struct run_list *list, enum ntstatus *status)
{
	if (__builtin_expect(adapter->frames_from != FRAMES_OFF_TAPE, 0))
		return false;
	assert(adapter->tape_next < adapter->tape->taken_count);
	const struct tape_take *take = &adapter->tape->taken[adapter->tape_next++];
	*list = take->frames;
	*status = take->status;
	return true;
}

uint64_t frames_begin(const struct ddi_adapter *adapter)
{
	return adapter->frames_from == FRAMES_ONTO_TAPE ? clock_start(adapter->tape->clock) : 0;
}

static void add_time(struct tape *tape, uint64_t begun)
{
	uint32_t cpu;
	uint64_t stop = clock_stop(tape->clock, &cpu);
	tape->ticks += stop < begun ? 0 : stop - begun;
	tape->stamps++;
}

enum ntstatus frames_end(struct ddi_adapter *adapter, uint64_t begun, enum ntstatus status, const struct run_list *list)
{
	if (adapter->frames_from != FRAMES_ONTO_TAPE)
		return status;
	struct tape *tape = adapter->tape;
	add_time(tape, begun);
	if (memory_grow(&tape->taken, &tape->taken_capacity, tape->taken_count, sizeof tape->taken[0]) < 0)
		tape->broken = true;
	else
		tape->taken[tape->taken_count++] = (struct tape_take){*list, status};
	return status;
}

static enum ntstatus take_any(struct ddi_adapter *adapter, uint64_t pages, struct run_list *list)
{
	uint64_t taken = 0;
	if (pages > frame_pool_free(adapter->physical))
		return adapter_count(&adapter->failures.physical_exhausted, NTSTATUS_NO_MEMORY);
	if (frame_pool_gather(adapter->physical, adapter->frame_nodes, 0, UINT64_MAX, pages, list, &taken) == 0)
		return NTSTATUS_SUCCESS;
	frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
	return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
}

enum ntstatus frames_take_any(struct ddi_adapter *adapter, uint64_t pages, struct run_list *list)
{
	enum ntstatus status;
	if (frames_off_tape(adapter, list, &status))
		return status;
	*list = run_list_empty();
	uint64_t begun = frames_begin(adapter);
	status = take_any(adapter, pages, list);
	return frames_end(adapter, begun, status, list);
}

enum ntstatus frames_take_run(struct ddi_adapter *adapter, const struct frame_request *request, struct run_list *list)
{
	enum ntstatus status = NTSTATUS_SUCCESS;
	uint64_t first;
	if (frames_off_tape(adapter, list, &status))
		return status;
	*list = run_list_empty();
	uint64_t begun = frames_begin(adapter);
	if (frame_pool_take_run(adapter->physical, request, &first))
		*list = frames_of_run(first, request->count);
	else
		status = adapter_no_frames(adapter, request->count, request->low, request->high);
	return frames_end(adapter, begun, status, list);
}

/* The nodes stay until the next piece, or for good. */
static void give_recorded(struct ddi_adapter *adapter, struct run_list *list)
{
	struct tape *tape = adapter->tape;
	uint64_t begun = clock_start(tape->clock);
	frame_pool_give_frames(adapter->physical, adapter->frame_nodes, list);
	add_time(tape, begun);
	bool kept = list->runs > 1 && !tape->keeps;
	if (kept && memory_grow(&tape->given, &tape->given_capacity, tape->given_count, sizeof tape->given[0]) < 0)
		tape->broken = true;
	else if (kept)
		tape->given[tape->given_count++] = *list;
	*list = run_list_empty();
}

void frames_give(struct ddi_adapter *adapter, struct run_list *list)
{
	if (adapter->frames_from == FRAMES_OFF_TAPE)
		*list = run_list_empty();
	else if (adapter->frames_from == FRAMES_ONTO_TAPE)
		give_recorded(adapter, list);
	else
		frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
}
