/* SPDX-License-Identifier: MIT
 * What the audit sees of driver calls: every extent behind them, what they answer, which rules they break, what their
 * placements cost. */
#ifndef PLAY_AUDIT_CALLS_H
#define PLAY_AUDIT_CALLS_H

#include "play/audit_figures.h"
#include "play/audit_space.h"
#include "play/engine_ddi.h"

struct audit_calls {
	struct engine *engine;
	struct audit_space *spaces; /* as engine_space_at_hand counts them */
	struct audit_complaints *complaints;
	const uint64_t *operations; /* done so far */
	struct engine_watch watch;
	bool watching; /* the operation at hand shows its extents here */
	/* Of the operation at hand. */
	uint64_t granted_pages; /* less what went back: pieces of a placement that failed */
	struct ddi_failures failures_before;
	struct ddi_violations violations_before;
	/* At the start of the phase, of all adapters; of failures those that are told. */
	struct ddi_failures phase_failures;
	struct workload_violation_counts phase_violations;
	/* Of the phase. */
	struct ddi_placement placed; /* sums */
	uint64_t mdls, mdl_extents, mdl_extents_max, mdl_frame_runs;
	/* Of the whole stream. */
	uint64_t *mapped_pages; /* by adapter */
	uint64_t mismatches;
	bool fatal;
	bool cut_short;      /* by something fatal, before the end of the stream */
	struct text message; /* the first few mismatches, and what was fatal */
	struct ddi_leaks leaks;
};

/* engine is open; spaces are before the first operation. Sets engine->watch. Returns 0, or -1 without memory. */
int audit_calls_open(struct audit_calls *calls, struct engine *engine, struct audit_space *spaces,
		     struct audit_complaints *complaints, const uint64_t *operations);
void audit_calls_close(struct audit_calls *calls);

/* Of an adapter, or of OP_ADAPTERS_ALL, every mapping has ended, and no map event tells of one. */
void audit_calls_forget_maps(struct audit_calls *calls, uint32_t adapter);
/* For struct engine_surroundings; context is the audit_calls. */
void audit_calls_map_event(void *context, uint64_t logical, uint64_t frame, uint64_t count, bool mapped);

/* Around each operation. */
void audit_calls_before(struct audit_calls *calls, const struct op *op);
/* After a request's allocation that succeeded. */
void audit_calls_allocated(struct audit_calls *calls, uint32_t slot);
/* Whether the physical side refused, and no allocator. */
bool audit_calls_lacked_frames(const struct audit_calls *calls);
/* After a routine: holds status and violation against what the script wants, and counts a failed allocation. */
void audit_calls_routine(struct audit_calls *calls, uint32_t index, enum ntstatus status, struct audit_counts *counts);

/* The stream ended at the operation done last: why Windows would have stopped. */
void audit_calls_stop(struct audit_calls *calls, const char *fatal);

/* What the driver still holds, once every slot was freed, and whether that is fatal; destroys the adapters, which gives it
 * back. */
void audit_calls_end(struct audit_calls *calls);

/* Figures of a phase that ends; null when the stream has no driver calls. */
void audit_calls_phase(struct audit_calls *calls, struct result_figures *figures);
/* Figures of the whole stream, the same for every phase. */
void audit_calls_set_totals(const struct audit_calls *calls, struct result_figures *figures);

#endif
