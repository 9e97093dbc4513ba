/* SPDX-License-Identifier: MIT
 * What the audit knows of one domain: its own map of live pages, and the walk of the allocator's free pages held against
 * it. */
#ifndef PLAY_AUDIT_SPACE_H
#define PLAY_AUDIT_SPACE_H

#include "base/error.h"
#include "measure/fragmentation.h"
#include "measure/occupancy.h"
#include "play/engine.h"
#include "play/placements.h"
#include "result/result.h"
#include "workload/model.h"

#include <stdbool.h>
#include <stdint.h>

#define AUDIT_COMPLAINTS_KEPT 5

/* Device time of a stream: the polls tell it, think times too, and operations pass between two of them at the pace. */
struct audit_clock {
	double pace;         /* operations a second; 0: there is none */
	double poll_ns;      /* of the last poll … */
	uint64_t operations; /* … and the operations before it */
};
/* When so many operations were done, s; NaN: there is no pace. */
double audit_clock_s(const struct audit_clock *clock, uint64_t operations);

/* Violations: all are counted, the first few are kept. */
struct audit_complaints {
	const struct audit_clock *clock; /* NULL: none */
	uint64_t count;
	bool harness; /* one of them is about the audit itself, which cannot judge anybody then */
	bool failed;  /* there was no memory for one */
	size_t kept_count;
	struct result_violation kept[AUDIT_COMPLAINTS_KEPT];
};
/* What is wrong, without the operation. Returns the violation for more to be said of it, NULL when it is only counted. */
struct result_violation *audit_complain(struct audit_complaints *complaints, uint64_t operation, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What a violation (NULL: nothing is done) is about. name: of the request; highest: the limit that was tried last. */
void audit_complain_request(struct audit_complaints *complaints, struct result_violation *violation, const char *name,
			    const struct iova_request *asked, uint64_t highest);
void audit_complain_extent(struct result_violation *violation, const struct iova_extent *extent);
void audit_complaints_release(struct audit_complaints *complaints);
/* There are some: owner and message of the record are theirs. */
void audit_complaints_tell(const struct audit_complaints *complaints, struct result_record *record);

enum audit_failure {
	AUDIT_IMPOSSIBLE,
	AUDIT_REFUSED,
	AUDIT_METADATA,
	AUDIT_EXHAUSTED,
	AUDIT_HELD,
	AUDIT_FRAGMENTED,
	AUDIT_PHYSICAL,
	AUDIT_FAILURES
};

/* As results call them. */
extern const enum result_failure audit_failure_result[AUDIT_FAILURES];

/* Of one kind of demand: whether an empty space could hold it falls with its pages, so that two numbers keep what was
 * found. */
struct audit_fit {
	uint64_t fits;  /* the most pages that are known to fit */
	uint64_t never; /* the fewest that are known not to; 0: none */
};

/* Pages that an allocator holds back. */
struct audit_held {
	uint64_t first, count;
	bool deferred; /* else cached */
};

struct audit_map;

struct audit_space {
	struct occupancy *occupancy;
	const struct allocator_instance *instance;
	const struct quota *quota;         /* NULL: the space refuses nothing by itself */
	uint64_t held_looks;               /* runs that may still be looked at to tell HELD from FRAGMENTED */
	uint64_t first, count;             /* pages */
	uint64_t usable;                   /* count - holes */
	const struct workload_hole *holes; /* the workload's */
	size_t hole_count;
	struct audit_fit fit[OP_CONTROL]; /* by kind of demand */
	uint64_t *live_pages;             /* a sum over several spaces, kept by every take and drop; NULL: none */
	uint64_t failures;
	struct audit_map *map;         /* its picture; NULL: none */
	struct placements *placements; /* NULL: nobody wants them */
	uint32_t domain;
	bool cpu_side;
	struct iova_statistics before_poll;
	/* The last walk. */
	struct fragmentation free; /* usable pages, in the pieces that the allocator keeps */
	struct fragmentation runs; /* the same pages by the map, in runs as long as can be */
	uint64_t cached_pages, deferred_pages;
	struct audit_held *held; /* ascending */
	size_t held_count, held_capacity;
	struct fragmentation drained; /* all that is neither live nor reserved, in runs as long as can be */
	uint64_t gaps;                /* of these runs, those that do not reach an end of the space */
};

int audit_space_open(struct audit_space *space, const struct workload *workload, const struct allocator_instance *instance,
		     struct error *error);
/* Opens one space per instance and, when the stream maps device memory, one per CPU address space behind them: count is how
 * many, first the first one that the stream takes anything of. spaces: zeroed, two for each domain. On failure those that are
 * open are count. */
int audit_spaces_open(struct audit_space *spaces, uint32_t *count, uint32_t *first, const struct workload *workload,
		      const struct engine *engine, struct error *error);
void audit_space_close(struct audit_space *space);

/* A line of placements, where somebody wants them. */
void audit_space_note(const struct audit_space *space, enum placements_event event, uint64_t first, uint64_t count);

/* Enter a granted extent into the map with the pages of padding in front of it, and take it out. false: it overlaps a live one
 * or leaves the space (complained of), or there was no memory for the map (also complained of: the audit cannot go on trusting
 * itself). *told: the violation that is kept of it, or NULL; told may be NULL. */
bool audit_space_take(struct audit_space *space, const struct iova_extent *extent, uint64_t padding,
		      struct audit_complaints *complaints, uint64_t operation, struct result_violation **told);
bool audit_space_drop(struct audit_space *space, const struct iova_extent *extent, uint64_t padding,
		      struct audit_complaints *complaints, uint64_t operation);

/* After the last walk: nothing is live, nothing is missing. */
void audit_space_check_empty(const struct audit_space *space, struct audit_complaints *complaints, uint64_t operation);

/* The extent, live already, fills the whole free run that it was taken from. */
bool audit_space_fits_exactly(const struct audit_space *space, const struct iova_extent *extent, uint64_t padding);

/* Names what a granted extent overlaps: the live extent that the caller knows (count 0: it knows none), a reserved range, or
 * pages. */
void audit_space_tell_overlap(const struct audit_space *space, const struct iova_extent *extent,
			      const struct iova_extent *live, struct result_violation *violation);

/* What is wrong with an extent that was given for a request, limits aside; NULL: nothing. */
const char *audit_extent_fault(const struct iova_request *asked, const struct iova_extent *extent);
/* Complains about an extent that is none of what the request asked for, or lies outside of the limit that was tried last. */
void audit_check_answer(struct audit_complaints *complaints, uint64_t operation, const struct op_request *request,
			const struct engine_outcome *outcome);

/* Why a request failed: impossible (an empty space could not hold it), metadata (its last attempt found no memory for any),
 * refused (as many extents live as may), held (it would fit if what is cached or deferred were given back, and only then),
 * exhausted (fewer usable pages in its window than asked) or fragmented. The window is that of the last limit tried. kind:
 * index of the request. Whether it would fit is looked up run by run, AUDIT_HELD_LOOKS of them in a space; from then on held
 * is what has fewer usable pages than asked, and enough with those that are held back. */
#define AUDIT_HELD_LOOKS (UINT64_C(1) << 25)
enum audit_failure audit_space_classify(struct audit_space *space, const struct op_request *request, size_t kind,
					struct audit_complaints *complaints, uint64_t operation);

/* Around what runs beside the operations ("a poll"): complains when it changed the number of free pages. Returns whether some
 * moved from one state to another. */
void audit_space_poll_begins(struct audit_space *space);
bool audit_space_poll_ended(const struct audit_space *space, const char *what, struct audit_complaints *complaints,
			    uint64_t operation);

/* Live pages in the window of the request's last limit, by those and the free ones there; 1 where there is neither. */
double audit_space_window_occupancy(const struct audit_space *space, const struct op_request *request);

/* The longest run of usable pages in the window of the request's last limit, by the map and the last walk, since which nothing
 * has changed. O(free runs). */
uint64_t audit_space_largest_free(const struct audit_space *space, const struct op_request *request);

/* Walks the allocator's free pages: fills what the last walk found, and complains when they overlap live pages, leave the
 * space, disagree with the allocator's own statistics, or do not add up with live and reserved pages to the space.
 * O(free runs), and O(h log h) of h that are held back. */
void audit_space_walk(struct audit_space *space, struct audit_complaints *complaints, uint64_t operation);

#endif
