/* SPDX-License-Identifier: MIT
 * The inside of an adapter, for the calls of this room. */
#ifndef DDI_ADAPTER_H
#define DDI_ADAPTER_H

#include "ddi/address_map.h"
#include "ddi/frame_pool.h"
#include "ddi/handle_table.h"
#include "ddi/lists.h"
#include "iovabench/ddi.h"

#include <stdbool.h>
#include <stdint.h>

/* Where frames come from. */
enum frames_from {
	FRAMES_OF_POOL,
	FRAMES_ONTO_TAPE, /* the same, and what the pool decides is recorded */
	FRAMES_OFF_TAPE,
};

struct tape;

struct ddi_adapter {
	const struct iova_allocator *table;
	void *self;
	uint32_t honoured; /* IOVA_CONSTRAIN_ bits that the allocator is able to follow */
	unsigned page_shift;
	uint64_t page_mask; /* page_bytes - 1 */
	uint64_t first_page;
	uint64_t last_page; /* inclusive */
	uint64_t first_byte;
	uint64_t last_byte;            /* inclusive: 2^64 - 1 for a space that ends at 2^64 */
	uint64_t plain_pages;          /* of the space; 0 while calls trap, and where frames lie behind it */
	struct ddi_physical *physical; /* or NULL */
	bool trap;                     /* the level is not passive, or something fatal has happened: calls look closer */
	bool explicit;                 /* the allocator places at any time */
	bool identity;
	bool limits_on_frames; /* remap mode, with a physical side */
	enum ddi_wddm wddm;
	enum ddi_irql irql;
	uint32_t number;
	uint32_t nodes;
	const struct ddi_bug_check *fatal; /* or NULL */
	struct handle_table handles;
	struct node_pool list_nodes;
	struct node_pool *frame_nodes; /* of lists of frames: list_nodes, or a tape's */
	enum frames_from frames_from;
	size_t tape_next;  /* off the tape: index of the next take */
	struct tape *tape; /* that frames go onto, come from or came from; NULL: none */
	struct ddi_failures failures;
	struct ddi_violations violations;
	struct ddi_placement placements[DDI_CALLS];
	uint64_t mdls_waiting; /* for ExFreePool */
	uint64_t open_objects; /* adapter objects that live */
	uint64_t adls;         /* that live */
	ddi_map_event map_event;
	void *map_context;

	const struct iova_allocator *view_table;
	void *view_self;
	uint64_t view_first;
	uint64_t view_count;
	struct address_map views; /* first page → index of the handle */

	struct address_map blocks_at; /* of the Mm routines: first page of the address → index of the handle */
	uint64_t next_base_page;      /* never goes back; 0: none was given */
};

/* Counts; returns status. */
enum ntstatus adapter_count(uint64_t *counter, enum ntstatus status);

/* Counts a failed look-up of a handle; returns status. */
enum ntstatus adapter_refuse_handle(struct ddi_adapter *adapter, enum ntstatus status);

/* Counts and translates what the allocator said instead of IOVA_OK. */
enum ntstatus adapter_refusal(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request);

/* Counts a lack of `count` frames in [low, high]. */
enum ntstatus adapter_no_frames(struct ddi_adapter *adapter, uint64_t count, uint64_t low, uint64_t high);

enum adapter_fault {
	ADAPTER_CALLED_TOO_HIGH,
	ADAPTER_UNLOCKED_UNDER_ADL,
	ADAPTER_OBJECTS_LEAKED,
	ADAPTER_ADLS_LEAKED,
};

/* Something fatal has happened. */
void adapter_bug_check(struct ddi_adapter *adapter, enum adapter_fault fault);

/* The rest of adapter_enter. */
bool adapter_trapped(struct ddi_adapter *adapter, enum ddi_irql highest);

/* Begins every call: whether it may go on. highest: the level that the call may come from. */
static inline bool adapter_enter(struct ddi_adapter *adapter, enum ddi_irql highest)
{
	return __builtin_expect(!adapter->trap, 1) || adapter_trapped(adapter, highest);
}

/* A live entry and its second half by handle. Not counted. */
static inline enum ntstatus adapter_find(const struct ddi_adapter *adapter, ddi_handle handle, enum handle_kind kind,
					 struct handle_entry **entry, union handle_more **more)
{
	enum ntstatus status = handle_table_find(&adapter->handles, handle, kind, entry);
	if (status == NTSTATUS_SUCCESS)
		*more = handle_table_more(&adapter->handles, handle_index(handle));
	return status;
}

/* A new object after handle_table_prepare. */
static inline struct handle_entry *adapter_take(struct ddi_adapter *adapter, enum handle_kind kind,
						union handle_more **more)
{
	struct handle_entry *entry = handle_table_take(&adapter->handles, kind);
	*more = handle_table_more(&adapter->handles, handle_index(entry->handle));
	return entry;
}

#endif
