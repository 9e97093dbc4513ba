/* SPDX-License-Identifier: MIT
 * The frames of an adapter: out of its pool, or off a tape. Lists of them lie in adapter->frame_nodes. */
#ifndef DDI_FRAMES_H
#define DDI_FRAMES_H

#include "ddi/adapter.h"
#include "ddi/tape.h"

/* Take frames into *list, whatever was in it. NTSTATUS_SUCCESS; or NTSTATUS_NO_MEMORY or NTSTATUS_INSUFFICIENT_RESOURCES,
 * counted (but not off a tape), and the list is empty. */
enum ntstatus frames_take_any(struct ddi_adapter *adapter, uint64_t pages, struct run_list *list);
enum ntstatus frames_take_run(struct ddi_adapter *adapter, const struct frame_request *request, struct run_list *list);
/* Gives them back; the list is empty then. */
void frames_give(struct ddi_adapter *adapter, struct run_list *list);

/* A list of one run. */
static inline struct run_list frames_of_run(uint64_t first, uint64_t count)
{
	struct run_list list = run_list_empty();
	list.first = frame_run_of(first, count);
	list.runs = 1;
	list.pages = (uint32_t)count;
	return list;
}

/* Around whatever else asks the pool for frames: if (frames_off_tape(…)) return status; frames_begin; …; frames_end.
 * The status and the list go onto the tape of a recorder. */
bool frames_off_tape(struct ddi_adapter *adapter, struct run_list *list, enum ntstatus *status);
uint64_t frames_begin(const struct ddi_adapter *adapter);
enum ntstatus frames_end(struct ddi_adapter *adapter, uint64_t begun, enum ntstatus status, const struct run_list *list);

/* A logical call failed while it held these frames (NULL: none): the player's pool is made what the recorder's would be, and
 * decides from now on. O(runs that live). Returns 0, or -1 without memory, counted: it plays on as before. Nothing for others
 * than players. */
int frames_leave_tape(struct ddi_adapter *adapter, struct run_list *in_hand);

#endif
