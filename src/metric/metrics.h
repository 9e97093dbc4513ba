/* SPDX-License-Identifier: MIT
 * Every figure that an arm of a workload can have, in one table: its path below an arm of result.json, its unit, whether it
 * repeats, which way it is better, what it means. Expectations, policies, comparisons, results, tables and docs/results.md all
 * go by it. */
#ifndef METRIC_METRICS_H
#define METRIC_METRICS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a figure repeats exactly with the same workload, seed and allocator. */
#define METRIC_TIMED false
#define METRIC_EXACT true

/* Which way a figure is better. NEITHER: it only describes, or follows from others (net from raw, completed operations from
 * failures), so that it would be judged twice. */
enum metric_better { METRIC_BETTER_NEITHER, METRIC_BETTER_LOWER, METRIC_BETTER_HIGHER, METRIC_BETTER_COUNT };
extern const char *const metric_better_name[METRIC_BETTER_COUNT]; /* neither, lower, higher */

/* What a figure is made of: whoever fills or empties all figures of one kind goes by it. */
enum metric_source {
	METRIC_SOURCE_WINDOWS,  /* the windows of throughput passes */
	METRIC_SOURCE_SCHEDULE, /* an open loop; median over rounds */
	METRIC_SOURCE_COUNTERS, /* of the CPU; median over rounds */
	METRIC_SOURCE_FRAMES,   /* of the physical side, in throughput passes; median over rounds */
	METRIC_SOURCE_STEPS,    /* that allocators count in the audit */
	METRIC_SOURCE_LAYER,    /* likewise, of layers that cache */
	METRIC_SOURCE_CALLS,    /* driver calls of the audit */
	METRIC_SOURCE_DEVICE,   /* the IOTLB that the audit simulates */
	METRIC_SOURCE_BOUNDS,   /* of the stream, whoever plays it, and what an arm has above them */
	METRIC_SOURCE_QUEUE,    /* phases of requests that wait, in the audit */
	METRIC_SOURCE_RECORDED, /* what the recorded kernel made of a replay */
	METRIC_SOURCE_LATENCY,  /* the samples of one kind */
	METRIC_SOURCE_OTHER
};

/* Headline figures are what allocators are told apart by: few, and no two of them move together by construction
 * (docs/metrics.md). All others are details.
 * name, path, unit, exact, better, source, its name as a headline figure or NULL, what it is */
#define METRICS(X)                                                                                                         \
	X(RAW_NS_PER_OP, "throughput.raw_ns_per_op", "ns", TIMED, LOWER, WINDOWS, "time",                                  \
	  "window time / completed operations, median over rounds")                                                        \
	X(NET_NS_PER_OP, "throughput.net_ns_per_op", "ns", TIMED, NEITHER, WINDOWS, NULL,                                  \
	  "clean_ns_per_op minus that of the same stream on null; for display")                                            \
	X(CI_LOW_NS, "throughput.ci_low_ns", "ns", TIMED, NEITHER, WINDOWS, NULL,                                          \
	  "lower end of the 95 % interval of clean_ns_per_op over rounds")                                                 \
	X(CI_HIGH_NS, "throughput.ci_high_ns", "ns", TIMED, NEITHER, WINDOWS, NULL,                                        \
	  "upper end of the 95 % interval of clean_ns_per_op over rounds")                                                 \
	X(ROUNDS, "throughput.rounds", "processes", EXACT, NEITHER, OTHER, NULL, "fresh processes behind raw_ns_per_op")   \
	X(OPERATIONS, "throughput.operations", "operations", EXACT, NEITHER, WINDOWS, NULL,                                \
	  "completed operations of one iteration")                                                                         \
	X(SLOWDOWN, "latency_slowdown", "ratio", TIMED, NEITHER, WINDOWS, NULL,                                            \
	  "time of the latency pass / time of the throughput pass")                                                        \
	X(TAINTED_SHARE, "tainted_share", "share", TIMED, NEITHER, WINDOWS, NULL,                                          \
	  "share of throughput windows that were disturbed from outside")                                                  \
	X(CLEAN_NS_PER_OP, "throughput.clean_ns_per_op", "ns", TIMED, NEITHER, WINDOWS, NULL,                              \
	  "raw_ns_per_op of the windows that nothing disturbed: what tables show")                                         \
	X(CPU_NS_PER_OP, "throughput.cpu_ns_per_op", "ns", TIMED, NEITHER, WINDOWS, NULL,                                  \
	  "CPU time of all threads in windows / completed operations, median over rounds")                                 \
	X(PHYSICAL_NS_PER_OP, "physical.ns_per_op", "ns", TIMED, NEITHER, FRAMES, NULL,                                    \
	  "time of the physical side alone / operations: in no window of ahead_share")                                     \
	X(AHEAD_SHARE, "physical.ahead_share", "share", EXACT, NEITHER, FRAMES, NULL,                                      \
	  "words played before a logical call failed: those that are timed, without the physical side")                    \
	X(FAILURES_TOTAL, "failures.total", "requests", EXACT, LOWER, OTHER, "failures",                                   \
	  "demands that were not served; by kind when there was an audit")                                                 \
	X(FAILURES_MALFORMED, "failures.malformed", "requests", EXACT, LOWER, OTHER, NULL,                                 \
	  "refused because the rules of a call forbid them")                                                               \
	X(FAILURES_IMPOSSIBLE, "failures.impossible", "requests", EXACT, LOWER, OTHER, NULL,                               \
	  "refused because no empty space could hold them")                                                                \
	X(FAILURES_EXHAUSTED, "failures.exhausted", "requests", EXACT, LOWER, OTHER, NULL,                                 \
	  "failed with fewer usable pages in the window than asked")                                                       \
	X(FAILURES_FRAGMENTED, "failures.fragmented", "requests", EXACT, LOWER, OTHER, NULL,                               \
	  "failed although enough pages of the window were usable")                                                        \
	X(FAILURES_HELD, "failures.held", "requests", EXACT, LOWER, OTHER, NULL,                                           \
	  "failed where the pages that were cached or deferred, given back, would have sufficed")                          \
	X(FAILURES_REFUSED, "failures.refused", "requests", EXACT, LOWER, OTHER, NULL,                                     \
	  "refused because as many extents live as the space may have; no allocator was to blame")                         \
	X(FAILURES_METADATA, "failures.metadata", "requests", EXACT, LOWER, OTHER, NULL,                                   \
	  "found no memory for metadata, as the space says; no allocator was to blame")                                    \
	X(FAILURES_PHYSICAL, "failures.physical", "requests", EXACT, LOWER, OTHER, NULL,                                   \
	  "refused by the physical side: too few frames, or no run of them; no allocator was to blame")                    \
	X(FIRST_FAILURE_OP, "failures.first.op", "operation", EXACT, NEITHER, OTHER, NULL,                                 \
	  "operation of the first failure")                                                                                \
	X(FIRST_FAILURE_DEVICE_S, "failures.first.device_s", "s", EXACT, NEITHER, OTHER, NULL,                             \
	  "device time of the first failed request, by the workload's pace")                                               \
	X(FIRST_FAILURE_LIVE_PAGES, "failures.first.live_pages", "pages", EXACT, NEITHER, OTHER, NULL,                     \
	  "live pages at the first failure")                                                                               \
	X(FIRST_FAILURE_OCCUPANCY, "failures.first.occupancy", "share", EXACT, HIGHER, OTHER, NULL,                        \
	  "live / usable space at the first failure")                                                                      \
	X(FIRST_FAILURE_WINDOW_OCCUPANCY, "failures.first.window_occupancy", "share", EXACT, NEITHER, OTHER, NULL,         \
	  "live / usable pages inside the request's own window at the first failure")                                      \
	X(FIRST_FAILURE_HELD_PAGES, "failures.first.held_pages", "pages", EXACT, NEITHER, OTHER, NULL,                     \
	  "cached and deferred pages at the first failure")                                                                \
	X(FIRST_FAILURE_LARGEST_FREE_PAGES, "failures.first.largest_free_pages", "pages", EXACT, NEITHER, OTHER, NULL,     \
	  "longest run of usable pages inside the request's own window at the first failure")                              \
	X(FIRST_FAILURE_INDEX, "failures.first.fragmentation_index", "index", EXACT, NEITHER, OTHER, NULL,                 \
	  "fragmentation index of the space for the request that failed first")                                            \
	X(ALLOCATIONS, "operations.allocations", "operations", EXACT, NEITHER, OTHER, NULL, "allocations tried")           \
	X(DEVICE_S, "operations.device_s", "s", EXACT, NEITHER, OTHER, NULL,                                               \
	  "device time that the phase took, by the workload's pace")                                                       \
	X(FELL_BACK, "operations.fell_back", "operations", EXACT, NEITHER, OTHER, NULL,                                    \
	  "allocations that a smaller size served, where the request falls back on any")                                   \
	X(QUEUE_SERVED, "queue.served", "requests", EXACT, NEITHER, QUEUE, NULL,                                           \
	  "of those that wait until something is freed, those that were served")                                           \
	X(QUEUE_WAITED, "queue.waited", "requests", EXACT, NEITHER, QUEUE, NULL,                                           \
	  "of them, those that were not served at once")                                                                   \
	X(QUEUE_FREES_MEAN, "queue.frees_mean", "frees", EXACT, NEITHER, QUEUE, NULL,                                      \
	  "frees for which such a request waited, mean")                                                                   \
	X(QUEUE_OCCUPANCY_MEAN, "queue.occupancy_mean", "share", EXACT, HIGHER, QUEUE, NULL,                               \
	  "pages asked for that live / usable space, mean over the time of a queue")                                       \
	X(FREES, "operations.frees", "operations", EXACT, NEITHER, OTHER, NULL,                                            \
	  "frees done; a free after a failed allocation is none")                                                          \
	X(ROUTINE_CALLS, "operations.routine_calls", "operations", EXACT, NEITHER, OTHER, NULL,                            \
	  "routines that scripts called literally")                                                                        \
	X(FREES_SKIPPED, "operations.frees_skipped", "operations", EXACT, NEITHER, OTHER, NULL,                            \
	  "frees of slots whose allocation had failed")                                                                    \
	X(TURNOVERS, "operations.turnovers", "turnovers", EXACT, NEITHER, OTHER, NULL,                                     \
	  "pages allocated / pages live at the start of the phase")                                                        \
	X(PEAK_LIVE_PAGES, "space.peak_live_pages", "pages", EXACT, NEITHER, OTHER, NULL,                                  \
	  "most pages granted at one time")                                                                                \
	X(GUARD_PAGES, "space.guard_pages", "pages", EXACT, NEITHER, OTHER, NULL,                                          \
	  "most guard pages behind live extents at one time; part of the live pages")                                      \
	X(SPAN_PAGES, "space.span_pages", "pages", EXACT, LOWER, OTHER, "span", "highest - lowest page ever used + 1")     \
	X(SPAN_RATIO, "space.span_ratio", "ratio", EXACT, LOWER, OTHER, NULL, "span_pages / peak_live_pages")              \
	X(HIGH_WATER_PAGES, "space.high_water_pages", "pages", EXACT, LOWER, OTHER, NULL,                                  \
	  "highest page ever used + 1, from the base")                                                                     \
	X(REQUESTED_PAGES, "space.requested_pages", "pages", EXACT, NEITHER, OTHER, NULL,                                  \
	  "sum over successful allocations")                                                                               \
	X(GRANTED_PAGES, "space.granted_pages", "pages", EXACT, NEITHER, OTHER, NULL, "sum over successful allocations")   \
	X(ROUNDING_RATIO, "space.rounding_ratio", "ratio", EXACT, LOWER, OTHER, NULL, "granted / requested pages")         \
	X(ROUNDING_RATIO_MEAN, "space.rounding_ratio_mean", "ratio", EXACT, LOWER, OTHER, NULL,                            \
	  "mean of granted / requested per allocation")                                                                    \
	X(FOOTPRINT_RATIO, "space.footprint_ratio", "ratio", EXACT, LOWER, OTHER, NULL,                                    \
	  "512 x 2 MiB regions ever touched / peak live pages")                                                            \
	X(INEXACT_SHARE, "space.inexact_share", "share", EXACT, NEITHER, OTHER, NULL,                                      \
	  "placements that left a part of the free run that they took")                                                    \
	X(DEMAND_RATIO, "space.demand_ratio", "ratio", EXACT, NEITHER, OTHER, NULL,                                        \
	  "most pages that the workload wants live at once / usable pages; above 1 some request must fail")                \
	X(OVER_CAPACITY, "space.over_capacity", "flag", EXACT, LOWER, OTHER, NULL,                                         \
	  "1 when the demand, rounded by the allocator, exceeded the space")                                               \
	X(FREE_PAGES, "fragmentation.free_pages", "pages", EXACT, NEITHER, OTHER, NULL,                                    \
	  "usable pages at the end of the phase")                                                                          \
	X(CACHED_PAGES, "fragmentation.cached_pages", "pages", EXACT, NEITHER, OTHER, NULL, "pages held by magazines")     \
	X(DEFERRED_PAGES, "fragmentation.deferred_pages", "pages", EXACT, NEITHER, OTHER, NULL,                            \
	  "freed pages that wait for a flush")                                                                             \
	X(FREE_EXTENTS, "fragmentation.free_extents", "extents", EXACT, LOWER, OTHER, NULL,                                \
	  "runs of usable pages, as long as the map of live pages lets them be")                                           \
	X(LARGEST_FREE_PAGES, "fragmentation.largest_free_pages", "pages", EXACT, HIGHER, OTHER, NULL,                     \
	  "longest of these runs")                                                                                         \
	X(LARGEST_SERVABLE_PAGES, "fragmentation.largest_servable_pages", "pages", EXACT, HIGHER, OTHER, NULL,             \
	  "largest free piece that the allocator keeps: what it could serve at most")                                      \
	X(OUTSIDE_LARGEST, "fragmentation.outside_largest", "share", EXACT, LOWER, OTHER, NULL,                            \
	  "usable pages outside of the longest of these runs")                                                             \
	X(UNUSABLE_16KIB, "fragmentation.unusable_16kib", "share", EXACT, LOWER, OTHER, NULL,                              \
	  "free space in blocks too small for aligned 16 KiB")                                                             \
	X(UNUSABLE_64KIB, "fragmentation.unusable_64kib", "share", EXACT, LOWER, OTHER, NULL,                              \
	  "free space in blocks too small for aligned 64 KiB")                                                             \
	X(UNUSABLE_2MIB, "fragmentation.unusable_2mib", "share", EXACT, LOWER, OTHER, "unusable 2 MiB",                    \
	  "free space in blocks too small for aligned 2 MiB")                                                              \
	X(UNUSABLE_1GIB, "fragmentation.unusable_1gib", "share", EXACT, LOWER, OTHER, NULL,                                \
	  "free space in blocks too small for aligned 1 GiB")                                                              \
	X(DRAINED_UNUSABLE_16KIB, "fragmentation.drained_unusable_16kib", "share", EXACT, LOWER, OTHER, NULL,              \
	  "unusable_16kib with cached and deferred pages counted as free")                                                 \
	X(DRAINED_UNUSABLE_64KIB, "fragmentation.drained_unusable_64kib", "share", EXACT, LOWER, OTHER, NULL,              \
	  "unusable_64kib likewise")                                                                                       \
	X(DRAINED_UNUSABLE_2MIB, "fragmentation.drained_unusable_2mib", "share", EXACT, LOWER, OTHER, NULL,                \
	  "unusable_2mib likewise")                                                                                        \
	X(DRAINED_UNUSABLE_1GIB, "fragmentation.drained_unusable_1gib", "share", EXACT, LOWER, OTHER, NULL,                \
	  "unusable_1gib likewise")                                                                                        \
	X(FREE_RUNS_PER_PAGE, "fragmentation.free_runs_per_page", "ratio", EXACT, LOWER, OTHER, NULL,                      \
	  "longest possible runs of pages that are not live / pages of the space")                                         \
	X(FREE_RUN_MEAN_PAGES, "fragmentation.free_run_mean_pages", "pages", EXACT, HIGHER, OTHER, NULL,                   \
	  "mean length of these runs")                                                                                     \
	X(HOLES_PER_EXTENT, "fragmentation.holes_per_extent", "ratio", EXACT, LOWER, OTHER, NULL,                          \
	  "such runs between live pages / live extents, mean over the series of the phase")                                \
	X(FREE_2MIB_SLOTS, "fragmentation.free_2mib_slots", "regions", EXACT, HIGHER, OTHER, NULL,                         \
	  "aligned 2 MiB regions without a live page")                                                                     \
	X(FREE_1GIB_SLOTS, "fragmentation.free_1gib_slots", "regions", EXACT, HIGHER, OTHER, NULL,                         \
	  "aligned 1 GiB regions without a live page")                                                                     \
	X(PAGE_TABLE_PAGES, "fragmentation.page_table_pages", "pages", EXACT, LOWER, OTHER, NULL,                          \
	  "IOMMU page tables of the live pages, all levels")                                                               \
	X(PAGE_TABLE_LEAF_PAGES, "fragmentation.page_table_leaf_pages", "pages", EXACT, LOWER, OTHER, NULL,                \
	  "leaf tables with a live page")                                                                                  \
	X(PAGE_TABLE_RATIO, "fragmentation.page_table_ratio", "ratio", EXACT, LOWER, OTHER, NULL,                          \
	  "page_table_pages / the least that could do")                                                                    \
	X(PAGE_TABLE_EVER_PAGES, "fragmentation.page_table_ever_pages", "pages", EXACT, LOWER, OTHER, "page tables",       \
	  "page tables of all pages that were ever live: what a driver keeps that gives none back")                        \
	X(PAGE_TABLE_EVER_LEAF_PAGES, "fragmentation.page_table_ever_leaf_pages", "pages", EXACT, LOWER, OTHER, NULL,      \
	  "leaf tables of the same")                                                                                       \
	X(PAGE_TABLE_EVER_RATIO, "fragmentation.page_table_ever_ratio", "ratio", EXACT, LOWER, OTHER, NULL,                \
	  "page_table_ever_pages / the least that the peak of live pages could do with")                                   \
	X(BOUNDS_TABLES_FLOOR, "bounds.page_table_leaf_floor", "pages", EXACT, NEITHER, BOUNDS, NULL,                      \
	  "leaf tables that what lives needs at its worst moment, whoever places it")                                      \
	X(BOUNDS_TABLES_PACKED, "bounds.page_table_leaf_packed", "pages", EXACT, NEITHER, BOUNDS, NULL,                    \
	  "leaf tables ever touched by the best packing that was found offline")                                           \
	X(BOUNDS_TABLES_RATIO, "bounds.page_table_leaf_ratio", "ratio", EXACT, NEITHER, BOUNDS, NULL,                      \
	  "page_table_ever_leaf_pages / those of that packing")                                                            \
	X(BOUNDS_SPAN_FLOOR_PAGES, "bounds.span_floor_pages", "pages", EXACT, NEITHER, BOUNDS, NULL,                       \
	  "span that what lives needs at its worst moment, whoever places it")                                             \
	X(BOUNDS_SPAN_PACKED_PAGES, "bounds.span_packed_pages", "pages", EXACT, NEITHER, BOUNDS, NULL,                     \
	  "span of the best packing that was found offline")                                                               \
	X(BOUNDS_SPAN_RATIO, "bounds.span_ratio", "ratio", EXACT, NEITHER, BOUNDS, NULL, "span_pages / that span")         \
	X(BOUNDS_ROBSON_PAGES, "bounds.robson_pages", "pages", EXACT, NEITHER, BOUNDS, NULL,                               \
	  "Robson's bound for as many live pages and such a largest extent: some stream takes so much of any allocator")   \
	X(BOUNDS_ROBSON_BUDDY_PAGES, "bounds.robson_buddy_pages", "pages", EXACT, NEITHER, BOUNDS, NULL,                   \
	  "what the same stream takes of a buddy, whose blocks are powers of two")                                         \
	X(IOTLB_TOUCHES, "iotlb.touches", "pages", EXACT, NEITHER, DEVICE, NULL,                                           \
	  "pages that the device touched, each time, where the workload has an iotlb")                                     \
	X(IOTLB_MISSES_PER_OP, "iotlb.misses_per_op", "misses", EXACT, LOWER, DEVICE, NULL,                                \
	  "touches whose translation the IOTLB did not hold, per operation")                                               \
	X(IOTLB_MISS_SHARE, "iotlb.miss_share", "share", EXACT, LOWER, DEVICE, NULL, "the same / touches")                 \
	X(IOTLB_WALK_REFERENCES_PER_OP, "iotlb.walk_references_per_op", "reads", EXACT, LOWER, DEVICE, NULL,               \
	  "entries of page tables that walks read from memory, per operation")                                             \
	X(IOTLB_WALK_REFERENCES_PER_MISS, "iotlb.walk_references_per_miss", "reads", EXACT, LOWER, DEVICE, NULL,           \
	  "the same per miss")                                                                                             \
	X(IOTLB_FLUSHES_PER_OP, "iotlb.flushes_per_op", "flushes", EXACT, LOWER, DEVICE, NULL,                             \
	  "invalidations, per operation: one for each that unmaps, or for all that waited")                                \
	X(STEPS_ALLOC_MEAN, "steps.alloc_mean", "steps", EXACT, LOWER, STEPS, NULL,                                        \
	  "nodes or words examined per allocation")                                                                        \
	X(STEPS_ALLOC_P99, "steps.alloc_p99", "steps", EXACT, LOWER, STEPS, NULL, "99th percentile of the same")           \
	X(STEPS_ALLOC_MAX, "steps.alloc_max", "steps", EXACT, LOWER, STEPS, "worst steps", "largest of the same")          \
	X(STEPS_FREE_MEAN, "steps.free_mean", "steps", EXACT, LOWER, STEPS, NULL, "nodes or words examined per free")      \
	X(STEPS_FREE_MAX, "steps.free_max", "steps", EXACT, LOWER, STEPS, NULL, "largest of the same")                     \
	X(STEPS_SPLITS_MEAN, "steps.splits_mean", "splits", EXACT, LOWER, STEPS, NULL, "blocks split per allocation")      \
	X(STEPS_MERGES_MEAN, "steps.merges_mean", "merges", EXACT, LOWER, STEPS, NULL, "blocks merged per free")           \
	X(STEPS_CACHE_HIT_SHARE, "steps.cache_hit_share", "share", EXACT, HIGHER, LAYER, NULL,                             \
	  "allocations that a magazine served")                                                                            \
	X(STEPS_DEPOT_TRIPS_PER_OP, "steps.depot_trips_per_op", "trips", EXACT, LOWER, LAYER, NULL,                        \
	  "magazines exchanged with the depot per operation")                                                              \
	X(STEPS_BACKEND_TRIPS_PER_OP, "steps.backend_trips_per_op", "trips", EXACT, LOWER, LAYER, NULL,                    \
	  "calls of the layer below per operation")                                                                        \
	X(STEPS_BACKEND_TRIPS_MAX, "steps.backend_trips_max", "trips", EXACT, LOWER, LAYER, NULL,                          \
	  "most calls of the layer below in one operation")                                                                \
	X(METADATA_BYTES, "metadata_bytes", "B", EXACT, LOWER, OTHER, "metadata",                                          \
	  "resident memory of the allocator at the end of the audit")                                                      \
	X(METADATA_BYTES_PER_EXTENT, "metadata_bytes_per_extent", "B", EXACT, LOWER, OTHER, NULL,                          \
	  "the same / most extents live at one time")                                                                      \
	X(AUDIT_OPS, "audit.ops", "operations", EXACT, NEITHER, OTHER, NULL, "operations that the audit checked")          \
	X(AUDIT_POLLS, "audit.polls", "polls", EXACT, NEITHER, OTHER, NULL,                                                \
	  "how often deferred work could run; docs/workload-format.md, pace")                                              \
	X(AUDIT_VIOLATIONS, "audit.violations", "violations", EXACT, LOWER, OTHER, NULL, "wrong answers of the allocator") \
	X(CALLS_PARTIAL, "calls.partial", "calls", EXACT, NEITHER, CALLS, NULL,                                            \
	  "Mm routines that gave an MDL of fewer pages than asked for")                                                    \
	X(STATUS_MISMATCHES, "calls.status_mismatches", "calls", EXACT, LOWER, CALLS, NULL,                                \
	  "routines of all scripts that answered another status, or broke another rule, than the script wants")            \
	X(CALLS_FATAL, "calls.fatal", "flag", EXACT, LOWER, CALLS, NULL,                                                   \
	  "1 when Windows would have stopped the machine: the figures end there, unless it was for a leak at the end")     \
	X(LEAKED_HANDLES, "calls.leaked_handles", "handles", EXACT, NEITHER, CALLS, NULL,                                  \
	  "handles that the driver held when every slot was freed")                                                        \
	X(LEAKED_MDLS, "calls.leaked_mdls", "MDLs", EXACT, NEITHER, CALLS, NULL,                                           \
	  "of these, MDLs without pages that wait for ExFreePool")                                                         \
	X(REFUSED_INVALID_HANDLE, "calls.refused.invalid_handle", "calls", EXACT, NEITHER, CALLS, NULL,                    \
	  "calls with a handle that was never given, or freed before")                                                     \
	X(REFUSED_TYPE_MISMATCH, "calls.refused.type_mismatch", "calls", EXACT, NEITHER, CALLS, NULL,                      \
	  "calls with a live handle that another call gave")                                                               \
	X(REFUSED_IN_USE, "calls.refused.in_use", "calls", EXACT, NEITHER, CALLS, NULL,                                    \
	  "calls that met memory or an address in use")                                                                    \
	X(REFUSED_NOT_MAPPED, "calls.refused.not_mapped", "calls", EXACT, NEITHER, CALLS, NULL,                            \
	  "unmaps of what was not mapped")                                                                                 \
	X(VIOLATIONS_TOTAL, "calls.violations.total", "calls", EXACT, NEITHER, CALLS, NULL,                                \
	  "rules broken in calls that answer nothing, and of the interrupt level")                                         \
	X(VIOLATIONS_UNMAP_MDL, "calls.violations.unmap_mdl", "calls", EXACT, NEITHER, CALLS, NULL,                        \
	  "DxgkCbUnmapMdlFromIoMmu of no live map")                                                                        \
	X(VIOLATIONS_FREE_ADL, "calls.violations.free_adl", "calls", EXACT, NEITHER, CALLS, NULL,                          \
	  "DxgkCbFreeAdl of no live ADL")                                                                                  \
	X(VIOLATIONS_CLOSE_OBJECT, "calls.violations.close_object", "calls", EXACT, NEITHER, CALLS, NULL,                  \
	  "DxgkCbClosePhysicalMemoryObject of no open object, or of one with a live ADL")                                  \
	X(VIOLATIONS_DESTROY_OBJECT, "calls.violations.destroy_object", "calls", EXACT, NEITHER, CALLS, NULL,              \
	  "DxgkCbDestroyPhysicalMemoryObject of no live object, or of one that stays open")                                \
	X(VIOLATIONS_MM_NOT_AT_BASE, "calls.violations.mm_not_at_base", "calls", EXACT, NEITHER, CALLS, NULL,              \
	  "Mm free of no base address: STATUS_FREE_VM_NOT_AT_BASE")                                                        \
	X(VIOLATIONS_MM_MISMATCHED, "calls.violations.mm_mismatched", "calls", EXACT, NEITHER, CALLS, NULL,                \
	  "MmFreeContiguousMemorySpecifyCache by another size or cache type, or of a plain block")                         \
	X(VIOLATIONS_MDL_FREE_PAGES, "calls.violations.mdl_free_pages", "calls", EXACT, NEITHER, CALLS, NULL,              \
	  "MmFreePagesFromMdl of no Mm MDL, or twice")                                                                     \
	X(VIOLATIONS_MDL_FREED_WHILE_MAPPED, "calls.violations.mdl_freed_while_mapped", "calls", EXACT, NEITHER, CALLS,    \
	  NULL, "pages of an MDL freed while the IOMMU maps it")                                                           \
	X(VIOLATIONS_MDL_FREE_POOL, "calls.violations.mdl_free_pool", "calls", EXACT, NEITHER, CALLS, NULL,                \
	  "ExFreePool of no Mm MDL, twice, or before its pages were freed")                                                \
	X(VIOLATIONS_IRQL, "calls.violations.irql", "calls", EXACT, NEITHER, CALLS, NULL,                                  \
	  "calls from too high an interrupt level")                                                                        \
	X(MDL_EXTENTS_MEAN, "placement.mdl_extents_mean", "extents", EXACT, LOWER, CALLS, NULL,                            \
	  "logical extents behind an MDL or ADL")                                                                          \
	X(MDL_EXTENTS_MAX, "placement.mdl_extents_max", "extents", EXACT, LOWER, CALLS, NULL,                              \
	  "most logical extents behind one")                                                                               \
	X(MDL_FRAME_RUNS_MEAN, "placement.mdl_frame_runs_mean", "runs", EXACT, NEITHER, CALLS, NULL,                       \
	  "physically contiguous runs behind an MDL or ADL")                                                               \
	X(PAGE_ARRAY_BYTES, "placement.page_array_bytes", "B", EXACT, LOWER, CALLS, NULL,                                  \
	  "page arrays of MDLs and ADLs that were made, 8 bytes a page")                                                   \
	X(PAGE_ARRAY_BYTES_SAVED, "placement.page_array_bytes_saved", "B", EXACT, HIGHER, CALLS, NULL,                     \
	  "page arrays that contiguous ADLs did not need")                                                                 \
	X(LEAVES_1GIB, "placement.leaves_1gib", "translations", EXACT, NEITHER, CALLS, NULL,                               \
	  "1 GiB leaf translations of all mappings made")                                                                  \
	X(LEAVES_2MIB, "placement.leaves_2mib", "translations", EXACT, NEITHER, CALLS, NULL,                               \
	  "2 MiB leaf translations of the same")                                                                           \
	X(LEAVES_4KIB, "placement.leaves_4kib", "translations", EXACT, LOWER, CALLS, NULL,                                 \
	  "4 KiB leaf translations of the same")                                                                           \
	X(BEYOND_DEMANDS, "beyond_recording.demands", "requests", EXACT, NEITHER, OTHER, NULL,                             \
	  "demands that the recorded kernel could not place at first")                                                     \
	X(BEYOND_FITTED, "beyond_recording.fitted", "requests", EXACT, HIGHER, OTHER, NULL,                                \
	  "of those, placed here within the limit that the kernel could not")                                              \
	X(RECORDED_SPAN_PAGES, "recorded_kernel.span_pages", "pages", EXACT, NEITHER, RECORDED, NULL,                      \
	  "span of what the recorded kernel gave, as space.span_pages")                                                    \
	X(RECORDED_TABLE_PAGES, "recorded_kernel.page_table_pages", "pages", EXACT, NEITHER, RECORDED, NULL,               \
	  "its page tables at the recording's end, as fragmentation.page_table_pages")                                     \
	X(RECORDED_TABLE_EVER_PAGES, "recorded_kernel.page_table_ever_pages", "pages", EXACT, NEITHER, RECORDED, NULL,     \
	  "its page tables of all that ever lived, as fragmentation.page_table_ever_pages")                                \
	X(RECORDED_SPAN_RATIO, "recorded_kernel.span_ratio", "ratio", EXACT, NEITHER, RECORDED, NULL,                      \
	  "space.span_pages / that of the recorded kernel")                                                                \
	X(RECORDED_TABLE_EVER_RATIO, "recorded_kernel.page_table_ever_ratio", "ratio", EXACT, NEITHER, RECORDED, NULL,     \
	  "fragmentation.page_table_ever_pages / that of the recorded kernel")                                             \
	X(RING_STARVED, "ring.starved", "receives", TIMED, NEITHER, OTHER, NULL,                                           \
	  "receives that found nothing sent; several threads and free_on: next, median over rounds")                       \
	X(RING_FULL, "ring.full", "sends", TIMED, NEITHER, OTHER, NULL,                                                    \
	  "sends that found 256 extents waiting already, median over rounds")                                              \
	X(OFFERED_RATE, "open_loop.offered_per_s", "1/s", TIMED, NEITHER, SCHEDULE, NULL,                                  \
	  "operations that were to begin in a second")                                                                     \
	X(ACHIEVED_RATE, "open_loop.achieved_per_s", "1/s", TIMED, HIGHER, SCHEDULE, NULL,                                 \
	  "operations that ended in a second")                                                                             \
	X(LATENESS_MEAN_NS, "open_loop.lateness_mean_ns", "ns", TIMED, LOWER, SCHEDULE, NULL,                              \
	  "mean of begin - intended begin")                                                                                \
	X(LATENESS_MAX_NS, "open_loop.lateness_max_ns", "ns", TIMED, NEITHER, SCHEDULE, NULL, "largest of the same")       \
	X(SATURATED, "open_loop.saturated", "flag", TIMED, LOWER, SCHEDULE, NULL,                                          \
	  "1 when lateness grew to the end in most rounds")                                                                \
	X(AGEING_RATIO, "ageing.first_to_last_decile", "ratio", TIMED, NEITHER, OTHER, NULL,                               \
	  "ns per operation in the last tenth of the phase / in the first tenth")                                          \
	X(AGEING_SLOPE, "ageing.slope_ns_per_million_ops", "ns", TIMED, NEITHER, OTHER, NULL,                              \
	  "growth of ns per operation over a million operations (Theil-Sen)")                                              \
	X(AGEING_CHANGES, "ageing.change_points", "changes", TIMED, NEITHER, OTHER, NULL,                                  \
	  "changes of level over the phase")                                                                               \
	X(AGEING_WINDOWS, "ageing.windows", "windows", EXACT, NEITHER, OTHER, NULL,                                        \
	  "points of the series that ageing was judged by")                                                                \
	X(INSTRUCTIONS, "counters.instructions_per_op", "instructions", TIMED, LOWER, COUNTERS, NULL,                      \
	  "user-space instructions per operation of the throughput pass, median over rounds")                              \
	X(CYCLES, "counters.cycles_per_op", "cycles", TIMED, LOWER, COUNTERS, NULL, "core cycles, likewise")               \
	X(LLC_MISSES, "counters.llc_misses_per_op", "misses", TIMED, LOWER, COUNTERS, NULL,                                \
	  "misses of the last-level cache, likewise")                                                                      \
	X(BRANCH_MISSES, "counters.branch_misses_per_op", "misses", TIMED, LOWER, COUNTERS, NULL,                          \
	  "mispredicted branches, likewise")                                                                               \
	X(DTLB_MISSES, "counters.dtlb_misses_per_op", "misses", TIMED, LOWER, COUNTERS, NULL,                              \
	  "read misses of the data TLB, likewise")                                                                         \
	X(CORE_GHZ, "core_ghz", "GHz", TIMED, NEITHER, COUNTERS, NULL,                                                     \
	  "core cycles per nanosecond, before and after the passes of a worker, median over rounds")

/* Kinds of operation that have a latency: name, how it is written. */
#define METRIC_KINDS(X)                                                                                                    \
	X(ALLOC, "alloc")                                                                                                  \
	X(FREE, "free")                                                                                                    \
	X(ALLOC_FAILED, "alloc_failed")                                                                                    \
	X(CONTIGUOUS_ALLOC, "contiguous.alloc")                                                                            \
	X(CONTIGUOUS_FREE, "contiguous.free")                                                                              \
	X(MDL_ALLOC, "mdl.alloc")                                                                                          \
	X(MDL_FREE, "mdl.free")                                                                                            \
	X(ADL_ALLOC, "adl.alloc")                                                                                          \
	X(ADL_FREE, "adl.free")                                                                                            \
	X(MAP_ALLOC, "map.alloc")                                                                                          \
	X(MAP_FREE, "map.free")                                                                                            \
	X(RESERVE_ALLOC, "reserve.alloc")                                                                                  \
	X(RESERVE_FREE, "reserve.free")                                                                                    \
	X(POLL, "poll")           /* every one of the latency pass */                                                      \
	X(LOCK_WAIT, "lock_wait") /* acquisitions that had to wait, in all calls of the latency pass */                    \
	X(RESPONSE, "response")   /* open loop: from the intended begin to the end, all operations */
enum metric_kind {
#define METRIC_KIND_ENUM(name, word) METRIC_KIND_##name,
	METRIC_KINDS(METRIC_KIND_ENUM)
#undef METRIC_KIND_ENUM
		METRIC_KIND_COUNT
};
extern const char *const metric_kind_name[METRIC_KIND_COUNT];

/* What each kind has, as metrics "latency.<kind>.<word>". kind, its word, then name, word, unit, better, what it is. */
#define METRIC_LATENCIES(X, kind, of)                                                                                      \
	X(kind, of, P50, "p50_ns", "ns", LOWER, "median of the latencies")                                                 \
	X(kind, of, P90, "p90_ns", "ns", LOWER, "90th percentile of the latencies")                                        \
	X(kind, of, P99, "p99_ns", "ns", LOWER, "99th percentile of the latencies")                                        \
	X(kind, of, P999, "p999_ns", "ns", LOWER, "99.9th percentile of the latencies")                                    \
	X(kind, of, P9999, "p9999_ns", "ns", LOWER, "99.99th percentile of the latencies")                                 \
	X(kind, of, MAX, "max_ns", "ns", NEITHER, "largest latency; max_taint tells whether it was disturbed")             \
	X(kind, of, MAX_CLEAN, "max_clean_ns", "ns", NEITHER, "largest latency that nothing was seen to disturb")          \
	X(kind, of, SAMPLES, "count", "samples", NEITHER, "latencies that were recorded")                                  \
	X(kind, of, RESOLUTION, "resolution_ns", "ns", NEITHER,                                                            \
	  "what the clock can tell from nothing; no percentile is shorter")                                                \
	X(kind, of, DROPPED, "dropped", "samples", NEITHER,                                                                \
	  "latencies too large for the histogram; part of count and max_ns")
enum metric_latency {
#define METRIC_LATENCY_ENUM(kind, of, name, word, unit, better, help) METRIC_LATENCY_##name,
	METRIC_LATENCIES(METRIC_LATENCY_ENUM, , )
#undef METRIC_LATENCY_ENUM
		METRIC_LATENCY_COUNT
};
/* The headline figure among them: of the allocator's share of all calls. */
#define METRIC_LATENCY_HEADLINE(kind, latency)                                                                             \
	((kind) == METRIC_KIND_ALLOC && (latency) == METRIC_LATENCY_P999 ? "p99.9" : NULL)
/* The first of them are percentiles. */
#define METRIC_PERCENTILES 5
extern const double metric_percentile_quantile[METRIC_PERCENTILES];
extern const char *const metric_percentile_key[METRIC_PERCENTILES]; /* "p50_ns", … */

/* Figures of the first table, then the latencies of all kinds. */
enum metric {
#define METRIC_ENUM(name, path, unit, exact, better, source, headline, help) METRIC_##name,
	METRICS(METRIC_ENUM)
#undef METRIC_ENUM
		METRIC_COUNT,
	METRIC_ALL = METRIC_COUNT + METRIC_KIND_COUNT * METRIC_LATENCY_COUNT
};

struct metric_info {
	const char *path;
	const char *unit;
	bool exact;
	enum metric_better better;
	enum metric_source source;
	const char *headline; /* NULL: no headline figure */
	const char *help;
};
extern const struct metric_info metric_table[METRIC_ALL];
extern const char *const metric_paths[METRIC_ALL + 1]; /* NULL at the end */

static inline int metric_of_latency(enum metric_kind kind, enum metric_latency latency)
{
	assert(kind < METRIC_KIND_COUNT && latency < METRIC_LATENCY_COUNT);
	return METRIC_COUNT + (int)kind * METRIC_LATENCY_COUNT + (int)latency;
}

static inline bool metric_has_direction(int metric)
{
	assert(metric >= 0 && metric < METRIC_ALL);
	return metric_table[metric].better != METRIC_BETTER_NEITHER;
}

#define METRIC_HEADLINES 8

static inline bool metric_is_headline(int metric)
{
	assert(metric >= 0 && metric < METRIC_ALL);
	return metric_table[metric].headline != NULL;
}

/* An enum metric; -1 when none has this path. */
int metric_find(const char *path);

#endif
