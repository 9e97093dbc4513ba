/* SPDX-License-Identifier: MIT
 * Every figure of an arm, in one table: its path in result.json, its unit, what it means. Writer, reader, expectations, tables
 * and docs/metrics.md all go by it. */
#ifndef RESULT_METRICS_H
#define RESULT_METRICS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a figure repeats exactly with the same workload, seed and allocator. */
#define RESULT_TIMED false
#define RESULT_EXACT true

/* name, path, unit, exact, what it is */
#define RESULT_METRICS(X)                                                                                                  \
	X(RAW_NS_PER_OP, "throughput.raw_ns_per_op", "ns", RESULT_TIMED,                                                   \
	  "window time / completed operations, median over rounds")                                                        \
	X(NET_NS_PER_OP, "throughput.net_ns_per_op", "ns", RESULT_TIMED, "raw minus the same stream on null; for display") \
	X(CI_LOW_NS, "throughput.ci_low_ns", "ns", RESULT_TIMED,                                                           \
	  "lower end of the 95 % interval of raw_ns_per_op over rounds")                                                   \
	X(CI_HIGH_NS, "throughput.ci_high_ns", "ns", RESULT_TIMED,                                                         \
	  "upper end of the 95 % interval of raw_ns_per_op over rounds")                                                   \
	X(ROUNDS, "throughput.rounds", "processes", RESULT_EXACT, "fresh processes behind raw_ns_per_op")                  \
	X(OPERATIONS, "throughput.operations", "operations", RESULT_EXACT, "completed operations of one iteration")        \
	X(SLOWDOWN, "latency_slowdown", "ratio", RESULT_TIMED, "time of the latency pass / time of the throughput pass")   \
	X(TAINTED_SHARE, "tainted_share", "share", RESULT_TIMED,                                                           \
	  "share of throughput windows that were disturbed from outside")                                                  \
	X(UNTAINTED_NS_PER_OP, "throughput.untainted_ns_per_op", "ns", RESULT_TIMED,                                       \
	  "raw_ns_per_op without tainted windows")                                                                         \
	X(FAILURES_TOTAL, "failures.total", "requests", RESULT_EXACT,                                                      \
	  "demands that were not served; by kind when there was an audit")                                                 \
	X(FAILURES_MALFORMED, "failures.malformed", "requests", RESULT_EXACT,                                              \
	  "refused because the rules of a call forbid them")                                                               \
	X(FAILURES_IMPOSSIBLE, "failures.impossible", "requests", RESULT_EXACT,                                            \
	  "refused because no empty space could hold them")                                                                \
	X(FAILURES_EXHAUSTED, "failures.exhausted", "requests", RESULT_EXACT,                                              \
	  "failed with fewer usable pages in the window than asked")                                                       \
	X(FAILURES_FRAGMENTED, "failures.fragmented", "requests", RESULT_EXACT,                                            \
	  "failed although enough pages of the window were usable")                                                        \
	X(FAILURES_PHYSICAL, "failures.physical", "requests", RESULT_EXACT,                                                \
	  "refused by the physical side: too few frames, or no run of them; no allocator was to blame")                    \
	X(FIRST_FAILURE_OP, "failures.first.op", "operation", RESULT_EXACT, "operation of the first failure")              \
	X(FIRST_FAILURE_LIVE_PAGES, "failures.first.live_pages", "pages", RESULT_EXACT, "live pages at the first failure") \
	X(FIRST_FAILURE_OCCUPANCY, "failures.first.occupancy", "share", RESULT_EXACT,                                      \
	  "live / usable space at the first failure")                                                                      \
	X(FIRST_FAILURE_LARGEST_FREE_PAGES, "failures.first.largest_free_pages", "pages", RESULT_EXACT,                    \
	  "longest run of usable pages inside the request's own window at the first failure")                              \
	X(FIRST_FAILURE_INDEX, "failures.first.fragmentation_index", "index", RESULT_EXACT,                                \
	  "fragmentation index of the space for the request that failed first")                                            \
	X(ALLOCATIONS, "operations.allocations", "operations", RESULT_EXACT, "allocations tried")                          \
	X(FREES, "operations.frees", "operations", RESULT_EXACT, "frees done; a free after a failed allocation is none")   \
	X(ROUTINE_CALLS, "operations.routine_calls", "operations", RESULT_EXACT, "routines that scripts called literally") \
	X(FREES_SKIPPED, "operations.frees_skipped", "operations", RESULT_EXACT,                                           \
	  "frees of slots whose allocation had failed")                                                                    \
	X(TURNOVERS, "operations.turnovers", "turnovers", RESULT_EXACT,                                                    \
	  "pages allocated / pages live at the start of the phase")                                                        \
	X(PEAK_LIVE_PAGES, "space.peak_live_pages", "pages", RESULT_EXACT, "most pages granted at one time")               \
	X(GUARD_PAGES, "space.guard_pages", "pages", RESULT_EXACT,                                                         \
	  "most guard pages behind live extents at one time; part of the live pages")                                      \
	X(SPAN_PAGES, "space.span_pages", "pages", RESULT_EXACT, "highest - lowest page ever used + 1")                    \
	X(SPAN_RATIO, "space.span_ratio", "ratio", RESULT_EXACT, "span_pages / peak_live_pages")                           \
	X(HIGH_WATER_PAGES, "space.high_water_pages", "pages", RESULT_EXACT, "highest page ever used + 1, from the base")  \
	X(REQUESTED_PAGES, "space.requested_pages", "pages", RESULT_EXACT, "sum over successful allocations")              \
	X(GRANTED_PAGES, "space.granted_pages", "pages", RESULT_EXACT, "sum over successful allocations")                  \
	X(ROUNDING_RATIO, "space.rounding_ratio", "ratio", RESULT_EXACT, "granted / requested pages")                      \
	X(ROUNDING_RATIO_MEAN, "space.rounding_ratio_mean", "ratio", RESULT_EXACT,                                         \
	  "mean of granted / requested per allocation")                                                                    \
	X(FOOTPRINT_RATIO, "space.footprint_ratio", "ratio", RESULT_EXACT,                                                 \
	  "512 x 2 MiB regions ever touched / peak live pages")                                                            \
	X(INEXACT_SHARE, "space.inexact_share", "share", RESULT_EXACT,                                                     \
	  "placements that left a part of the free run that they took")                                                    \
	X(OVER_CAPACITY, "space.over_capacity", "flag", RESULT_EXACT,                                                      \
	  "1 when the demand, rounded by the allocator, exceeded the space")                                               \
	X(FREE_PAGES, "fragmentation.free_pages", "pages", RESULT_EXACT, "usable pages at the end of the phase")           \
	X(CACHED_PAGES, "fragmentation.cached_pages", "pages", RESULT_EXACT, "pages held by magazines")                    \
	X(DEFERRED_PAGES, "fragmentation.deferred_pages", "pages", RESULT_EXACT, "freed pages that wait for a flush")      \
	X(FREE_EXTENTS, "fragmentation.free_extents", "extents", RESULT_EXACT, "runs of usable pages")                     \
	X(LARGEST_FREE_PAGES, "fragmentation.largest_free_pages", "pages", RESULT_EXACT, "longest run of usable pages")    \
	X(OUTSIDE_LARGEST, "fragmentation.outside_largest", "share", RESULT_EXACT,                                         \
	  "usable pages outside of the longest run")                                                                       \
	X(UNUSABLE_16KIB, "fragmentation.unusable_16kib", "share", RESULT_EXACT,                                           \
	  "free space in blocks too small for aligned 16 KiB")                                                             \
	X(UNUSABLE_64KIB, "fragmentation.unusable_64kib", "share", RESULT_EXACT,                                           \
	  "free space in blocks too small for aligned 64 KiB")                                                             \
	X(UNUSABLE_2MIB, "fragmentation.unusable_2mib", "share", RESULT_EXACT,                                             \
	  "free space in blocks too small for aligned 2 MiB")                                                              \
	X(UNUSABLE_1GIB, "fragmentation.unusable_1gib", "share", RESULT_EXACT,                                             \
	  "free space in blocks too small for aligned 1 GiB")                                                              \
	X(DRAINED_UNUSABLE_16KIB, "fragmentation.drained_unusable_16kib", "share", RESULT_EXACT,                           \
	  "unusable_16kib with cached and deferred pages counted as free")                                                 \
	X(DRAINED_UNUSABLE_64KIB, "fragmentation.drained_unusable_64kib", "share", RESULT_EXACT,                           \
	  "unusable_64kib likewise")                                                                                       \
	X(DRAINED_UNUSABLE_2MIB, "fragmentation.drained_unusable_2mib", "share", RESULT_EXACT, "unusable_2mib likewise")   \
	X(DRAINED_UNUSABLE_1GIB, "fragmentation.drained_unusable_1gib", "share", RESULT_EXACT, "unusable_1gib likewise")   \
	X(FREE_RUNS_PER_PAGE, "fragmentation.free_runs_per_page", "ratio", RESULT_EXACT,                                   \
	  "longest possible runs of pages that are not live / pages of the space")                                         \
	X(FREE_RUN_MEAN_PAGES, "fragmentation.free_run_mean_pages", "pages", RESULT_EXACT, "mean length of these runs")    \
	X(HOLES_PER_EXTENT, "fragmentation.holes_per_extent", "ratio", RESULT_EXACT,                                       \
	  "such runs between live pages / live extents, mean over the series of the phase")                                \
	X(FREE_2MIB_SLOTS, "fragmentation.free_2mib_slots", "regions", RESULT_EXACT,                                       \
	  "aligned 2 MiB regions without a live page")                                                                     \
	X(FREE_1GIB_SLOTS, "fragmentation.free_1gib_slots", "regions", RESULT_EXACT,                                       \
	  "aligned 1 GiB regions without a live page")                                                                     \
	X(PAGE_TABLE_PAGES, "fragmentation.page_table_pages", "pages", RESULT_EXACT,                                       \
	  "IOMMU page tables of the live pages, all levels")                                                               \
	X(PAGE_TABLE_LEAF_PAGES, "fragmentation.page_table_leaf_pages", "pages", RESULT_EXACT,                             \
	  "leaf tables with a live page")                                                                                  \
	X(PAGE_TABLE_RATIO, "fragmentation.page_table_ratio", "ratio", RESULT_EXACT,                                       \
	  "page_table_pages / the least that could do")                                                                    \
	X(PAGE_TABLE_EVER_PAGES, "fragmentation.page_table_ever_pages", "pages", RESULT_EXACT,                             \
	  "page tables of all pages that were ever live: what a driver keeps that gives none back")                        \
	X(PAGE_TABLE_EVER_LEAF_PAGES, "fragmentation.page_table_ever_leaf_pages", "pages", RESULT_EXACT,                   \
	  "leaf tables of the same")                                                                                       \
	X(PAGE_TABLE_EVER_RATIO, "fragmentation.page_table_ever_ratio", "ratio", RESULT_EXACT,                             \
	  "page_table_ever_pages / the least that the peak of live pages could do with")                                   \
	X(STEPS_ALLOC_MEAN, "steps.alloc_mean", "steps", RESULT_EXACT, "nodes or words examined per allocation")           \
	X(STEPS_ALLOC_P99, "steps.alloc_p99", "steps", RESULT_EXACT, "99th percentile of the same")                        \
	X(STEPS_ALLOC_MAX, "steps.alloc_max", "steps", RESULT_EXACT, "largest of the same")                                \
	X(STEPS_FREE_MEAN, "steps.free_mean", "steps", RESULT_EXACT, "nodes or words examined per free")                   \
	X(STEPS_SPLITS_MEAN, "steps.splits_mean", "splits", RESULT_EXACT, "blocks split per allocation")                   \
	X(STEPS_MERGES_MEAN, "steps.merges_mean", "merges", RESULT_EXACT, "blocks merged per free")                        \
	X(STEPS_CACHE_HIT_SHARE, "steps.cache_hit_share", "share", RESULT_EXACT, "allocations that a magazine served")     \
	X(STEPS_DEPOT_TRIPS_PER_OP, "steps.depot_trips_per_op", "trips", RESULT_EXACT,                                     \
	  "magazines exchanged with the depot per operation")                                                              \
	X(STEPS_BACKEND_TRIPS_PER_OP, "steps.backend_trips_per_op", "trips", RESULT_EXACT,                                 \
	  "calls of the layer below per operation")                                                                        \
	X(METADATA_BYTES, "metadata_bytes", "B", RESULT_EXACT, "resident memory of the allocator at the end of the audit") \
	X(METADATA_BYTES_PER_EXTENT, "metadata_bytes_per_extent", "B", RESULT_EXACT,                                       \
	  "the same / most extents live at one time")                                                                      \
	X(AUDIT_OPS, "audit.ops", "operations", RESULT_EXACT, "operations that the audit checked")                         \
	X(AUDIT_POLLS, "audit.polls", "polls", RESULT_EXACT,                                                               \
	  "how often deferred work could run; docs/workload-format.md, pace")                                              \
	X(AUDIT_VIOLATIONS, "audit.violations", "violations", RESULT_EXACT, "wrong answers of the allocator")              \
	X(CALLS_PARTIAL, "calls.partial", "calls", RESULT_EXACT,                                                           \
	  "Mm routines that gave an MDL of fewer pages than asked for")                                                    \
	X(STATUS_MISMATCHES, "calls.status_mismatches", "calls", RESULT_EXACT,                                             \
	  "routines of all scripts that answered another status, or broke another rule, than the script wants")            \
	X(CALLS_FATAL, "calls.fatal", "flag", RESULT_EXACT,                                                                \
	  "1 when Windows would have stopped the machine: the figures end there")                                          \
	X(LEAKED_HANDLES, "calls.leaked_handles", "handles", RESULT_EXACT,                                                 \
	  "handles that the driver held when every slot was freed")                                                        \
	X(LEAKED_MDLS, "calls.leaked_mdls", "MDLs", RESULT_EXACT, "of these, MDLs without pages that wait for ExFreePool") \
	X(REFUSED_INVALID_HANDLE, "calls.refused.invalid_handle", "calls", RESULT_EXACT,                                   \
	  "calls with a handle that was never given, or freed before")                                                     \
	X(REFUSED_TYPE_MISMATCH, "calls.refused.type_mismatch", "calls", RESULT_EXACT,                                     \
	  "calls with a live handle that another call gave")                                                               \
	X(REFUSED_IN_USE, "calls.refused.in_use", "calls", RESULT_EXACT, "calls that met memory or an address in use")     \
	X(REFUSED_NOT_MAPPED, "calls.refused.not_mapped", "calls", RESULT_EXACT, "unmaps of what was not mapped")          \
	X(VIOLATIONS_TOTAL, "calls.violations.total", "calls", RESULT_EXACT,                                               \
	  "rules broken in calls that answer nothing, and of the interrupt level")                                         \
	X(VIOLATIONS_UNMAP_MDL, "calls.violations.unmap_mdl", "calls", RESULT_EXACT,                                       \
	  "DxgkCbUnmapMdlFromIoMmu of no live map")                                                                        \
	X(VIOLATIONS_FREE_ADL, "calls.violations.free_adl", "calls", RESULT_EXACT, "DxgkCbFreeAdl of no live ADL")         \
	X(VIOLATIONS_CLOSE_OBJECT, "calls.violations.close_object", "calls", RESULT_EXACT,                                 \
	  "DxgkCbClosePhysicalMemoryObject of no open object, or of one with a live ADL")                                  \
	X(VIOLATIONS_DESTROY_OBJECT, "calls.violations.destroy_object", "calls", RESULT_EXACT,                             \
	  "DxgkCbDestroyPhysicalMemoryObject of no live object, or of one that stays open")                                \
	X(VIOLATIONS_MM_NOT_AT_BASE, "calls.violations.mm_not_at_base", "calls", RESULT_EXACT,                             \
	  "Mm free of no base address: STATUS_FREE_VM_NOT_AT_BASE")                                                        \
	X(VIOLATIONS_MM_MISMATCHED, "calls.violations.mm_mismatched", "calls", RESULT_EXACT,                               \
	  "Mm free by another size, cache type or routine")                                                                \
	X(VIOLATIONS_MDL_FREE_PAGES, "calls.violations.mdl_free_pages", "calls", RESULT_EXACT,                             \
	  "MmFreePagesFromMdl of no Mm MDL, or twice")                                                                     \
	X(VIOLATIONS_MDL_FREED_WHILE_MAPPED, "calls.violations.mdl_freed_while_mapped", "calls", RESULT_EXACT,             \
	  "pages of an MDL freed while the IOMMU maps it")                                                                 \
	X(VIOLATIONS_MDL_FREE_POOL, "calls.violations.mdl_free_pool", "calls", RESULT_EXACT,                               \
	  "ExFreePool of no Mm MDL, twice, or before its pages were freed")                                                \
	X(VIOLATIONS_IRQL, "calls.violations.irql", "calls", RESULT_EXACT, "calls from too high an interrupt level")       \
	X(MDL_EXTENTS_MEAN, "placement.mdl_extents_mean", "extents", RESULT_EXACT, "logical extents behind an MDL or ADL") \
	X(MDL_EXTENTS_MAX, "placement.mdl_extents_max", "extents", RESULT_EXACT, "most logical extents behind one")        \
	X(MDL_FRAME_RUNS_MEAN, "placement.mdl_frame_runs_mean", "runs", RESULT_EXACT,                                      \
	  "physically contiguous runs behind an MDL or ADL")                                                               \
	X(PAGE_ARRAY_BYTES, "placement.page_array_bytes", "B", RESULT_EXACT,                                               \
	  "page arrays of MDLs and ADLs that were made, 8 bytes a page")                                                   \
	X(PAGE_ARRAY_BYTES_SAVED, "placement.page_array_bytes_saved", "B", RESULT_EXACT,                                   \
	  "page arrays that contiguous ADLs did not need")                                                                 \
	X(LEAVES_1GIB, "placement.leaves_1gib", "translations", RESULT_EXACT,                                              \
	  "1 GiB leaf translations of all mappings made")                                                                  \
	X(LEAVES_2MIB, "placement.leaves_2mib", "translations", RESULT_EXACT, "2 MiB leaf translations of the same")       \
	X(LEAVES_4KIB, "placement.leaves_4kib", "translations", RESULT_EXACT, "4 KiB leaf translations of the same")       \
	X(BEYOND_DEMANDS, "beyond_recording.demands", "requests", RESULT_EXACT,                                            \
	  "demands that the recorded kernel could not place at first")                                                     \
	X(BEYOND_FITTED, "beyond_recording.fitted", "requests", RESULT_EXACT,                                              \
	  "of those, placed here within the limit that the kernel could not")                                              \
	X(RING_STARVED, "ring.starved", "receives", RESULT_TIMED,                                                          \
	  "receives that found nothing sent; several threads and free_on: next, median over rounds")                       \
	X(RING_FULL, "ring.full", "sends", RESULT_TIMED,                                                                   \
	  "sends that found 256 extents waiting already, median over rounds")                                              \
	X(OFFERED_RATE, "open_loop.offered_per_s", "1/s", RESULT_TIMED, "operations that were to begin in a second")       \
	X(ACHIEVED_RATE, "open_loop.achieved_per_s", "1/s", RESULT_TIMED, "operations that ended in a second")             \
	X(LATENESS_MEAN_NS, "open_loop.lateness_mean_ns", "ns", RESULT_TIMED, "mean of begin - intended begin")            \
	X(LATENESS_MAX_NS, "open_loop.lateness_max_ns", "ns", RESULT_TIMED, "largest of the same")                         \
	X(SATURATED, "open_loop.saturated", "flag", RESULT_TIMED, "1 when lateness grew to the end in most rounds")        \
	X(AGEING_RATIO, "ageing.first_to_last_decile", "ratio", RESULT_TIMED,                                              \
	  "ns per operation in the last tenth of the phase / in the first tenth")                                          \
	X(AGEING_SLOPE, "ageing.slope_ns_per_million_ops", "ns", RESULT_TIMED,                                             \
	  "growth of ns per operation over a million operations (Theil-Sen)")                                              \
	X(AGEING_CHANGES, "ageing.change_points", "changes", RESULT_TIMED, "changes of level over the phase")              \
	X(AGEING_WINDOWS, "ageing.windows", "windows", RESULT_EXACT, "points of the series that ageing was judged by")     \
	X(INSTRUCTIONS, "counters.instructions_per_op", "instructions", RESULT_TIMED,                                      \
	  "user-space instructions per operation of the throughput pass, median over rounds")                              \
	X(CYCLES, "counters.cycles_per_op", "cycles", RESULT_TIMED, "core cycles, likewise")                               \
	X(LLC_MISSES, "counters.llc_misses_per_op", "misses", RESULT_TIMED, "misses of the last-level cache, likewise")    \
	X(BRANCH_MISSES, "counters.branch_misses_per_op", "misses", RESULT_TIMED, "mispredicted branches, likewise")       \
	X(DTLB_MISSES, "counters.dtlb_misses_per_op", "misses", RESULT_TIMED, "read misses of the data TLB, likewise")     \
	X(CORE_GHZ, "core_ghz", "GHz", RESULT_TIMED,                                                                       \
	  "core cycles per nanosecond, before and after the passes of a worker, median over rounds")

enum result_metric {
#define RESULT_METRIC_ENUM(name, path, unit, exact, help) RESULT_METRIC_##name,
	RESULT_METRICS(RESULT_METRIC_ENUM)
#undef RESULT_METRIC_ENUM
		RESULT_METRIC_COUNT
};

/* What only streams with driver calls have. */
#define RESULT_METRIC_CALLS_FIRST RESULT_METRIC_CALLS_PARTIAL
#define RESULT_METRIC_CALLS_LAST RESULT_METRIC_LEAVES_4KIB

/* Which way a figure is better; NEITHER: it only describes. Every metric has an entry in result_metric_better. */
enum result_better { RESULT_BETTER_UNKNOWN, RESULT_BETTER_LOWER, RESULT_BETTER_HIGHER, RESULT_BETTER_NEITHER };
extern const enum result_better result_metric_better[RESULT_METRIC_COUNT];

struct result_metric_info {
	const char *path;
	const char *unit;
	bool exact;
	const char *help;
};
extern const struct result_metric_info result_metric_table[RESULT_METRIC_COUNT];

/* Why a figure is null. The texts are in result_reason_text. */
enum result_reason {
	RESULT_REASON_NOT_MEASURED, /* the pass that gives it was switched off or did not run */
	RESULT_REASON_NOT_APPLICABLE,
	RESULT_REASON_SHORT_WINDOW,  /* fewer than 1000 clock steps */
	RESULT_REASON_BELOW_HARNESS, /* net: less than 1 ns above null */
	RESULT_REASON_FAILURES,      /* net: an allocation failed, so null did other work */
	RESULT_REASON_FEW_ROUNDS,    /* interval: too few rounds for 95 % */
	RESULT_REASON_NO_FAILURE,    /* first failure: there was none */
	RESULT_REASON_NO_STEPS,      /* the allocator does not count */
	RESULT_REASON_NO_HARNESS,    /* net: null gave no figure */
	RESULT_REASON_CLOSED_LOOP,
	RESULT_REASON_FEW_WINDOWS,      /* ageing */
	RESULT_REASON_DISTURBED,        /* ageing: no window of the first or of the last tenth is left */
	RESULT_REASON_COUNTERS_REFUSED, /* by the system */
	RESULT_REASON_COUNTERS_MISSING, /* in the machine */
	RESULT_REASON_NO_LAYER,         /* the allocator is no layer in front of another */
	RESULT_REASON_ADAPTIVE,         /* times: an adversary asks every arm for something else */
	RESULT_REASON_COUNT
};
extern const char *const result_reason_text[RESULT_REASON_COUNT];

/* One value per metric; NaN = null, with its reason. */
struct result_figures {
	double value[RESULT_METRIC_COUNT];
	unsigned char reason[RESULT_METRIC_COUNT];
};

/* All null, not measured. */
void result_figures_clear(struct result_figures *figures);

static inline void result_set(struct result_figures *figures, enum result_metric metric, double value)
{
	figures->value[metric] = value;
}

static inline void result_set_null(struct result_figures *figures, enum result_metric metric, enum result_reason reason)
{
	figures->value[metric] = (double)NAN;
	figures->reason[metric] = (unsigned char)reason;
}

/* -1 when no metric has this path. */
int result_metric_find(const char *path);

#endif
