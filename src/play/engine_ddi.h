/* SPDX-License-Identifier: MIT
 * Driver calls of the engine beyond contiguous memory, whose fast path stands in the loop itself. */
#ifndef PLAY_ENGINE_DDI_H
#define PLAY_ENGINE_DDI_H

#include "play/marshal.h"

struct workload;

/* What a slot holds when one handle does not tell how to free it. */
struct engine_held {
	const struct op_request *request;
	ddi_handle handles[3]; /* in the order in which they are freed; the first has the placement */
};

struct playing_call;

/* How a request's call is made; one row each, in engine_ddi.c. handles: of struct engine_held. */
struct engine_call {
	enum ntstatus (*alloc)(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, ddi_handle *handles);
	void (*free)(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu);
	/* What the allocator granted; NULL: no allocator placed it. */
	void (*visit)(const struct ddi_adapter *adapter, const ddi_handle *handles, ddi_visit_extent visit, void *context);
	enum metric_kind alloc_kind, free_kind; /* METRIC_KIND_COUNT: asks nothing of an allocator */
	bool maps_views;                        /* takes the CPU's address space, and nothing of the logical one */
	bool takes_mm_blocks;
	bool lists_pages; /* its placement is that of an MDL or ADL */
};
/* That of EXTENT has kinds only: the loop plays it. */
extern const struct engine_call engine_call_table[WORKLOAD_CALL_COUNT];

/* How a routine is called, one row each, in engine_routine.c, and what the audit and the reservation of room know of it. */
struct engine_routine {
	enum ntstatus (*call)(struct playing_call *call);
	enum metric_kind kind; /* METRIC_KIND_COUNT: it asks nothing of an allocator; calls of the Mm routines likewise */
	/* What its first object can be asked the placement of: nothing, a range, or an MDL or ADL. */
	enum { ENGINE_PLACES_NOTHING, ENGINE_PLACES_RANGE, ENGINE_PLACES_LIST } places;
	bool maps_views;
	bool takes_mm_blocks;
};
extern const struct engine_routine engine_routine_table[WORKLOAD_ROUTINE_COUNT];

/* Physical side, handles, objects of scripts. Everything that calls will need is taken here: engine_close gives it back.
 * Adapters are opened later. */
int engine_ddi_prepare(struct engine *engine, const struct workload *workload,
		       const struct engine_surroundings *surroundings, struct error *error);
/* The adapter of a domain, by index; needs prepare and its instance, which has these capabilities. EXIT_CODE_NO_ARM with the
 * reason when the allocator cannot do what the mode needs. */
int engine_ddi_open_adapter(struct engine *engine, uint32_t index, uint64_t capabilities, const struct workload *workload,
			    const struct engine_surroundings *surroundings, struct error *error);
/* After the adapters. */
void engine_ddi_close(struct engine *engine);

/* One allocation of a request of ENGINE_PATH_HELD: all calls that such memory takes. IOVA_NO_SPACE: nothing stays. */
enum iova_status engine_call_alloc(struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
				   uint32_t cpu, uint32_t slot);
/* All calls that free it. */
void engine_call_free(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t slot);

/* Plays line `index` of the workload's routine calls on the adapter at hand. An Mm routine that gives NULL answers
 * NTSTATUS_NO_MEMORY; one without a result NTSTATUS_SUCCESS. */
enum ntstatus engine_call_routine(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t index);

/* NULL, or why Windows would have stopped. */
const char *engine_fatal(const struct engine *engine);

/* The driver's devices are stopped: leaks that are documented as fatal show now. Every slot is free. Returns what engine_fatal
 * does. */
const char *engine_stop_adapters(struct engine *engine);
/* What an OP_ADAPTER says: to one, or to OP_ADAPTERS_ALL. Something fatal may come of a stop: engine->broken. */
void engine_adapter_event(struct engine *engine, enum workload_event event, uint32_t adapter);
/* The same after the last operation of a pass, nothing of which is measured: frees the slots that would look like leaks.
 * Returns 0, or -1 with the error of engine_broken. */
int engine_end_driver(struct engine *engine, struct error *error);

/* The handle behind a slot whose placement ddi_placement_of can tell; 0: none. */
ddi_handle engine_placed_handle(const struct engine *engine, uint32_t slot);

/* The call whose handle is in a slot. */
enum workload_call engine_call_in(const struct engine *engine, uint32_t slot);

/* Shows what the allocator granted for a live slot. */
void engine_visit_slot(const struct engine *engine, uint32_t slot, ddi_visit_extent visit, void *context);

#endif
