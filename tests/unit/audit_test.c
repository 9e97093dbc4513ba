/* SPDX-License-Identifier: MIT
 * The audit over workloads small enough to work out by hand: every figure exactly, and every wrong answer of an allocator told with
 * its own sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/flawed_allocator.h"
#include "unit/run_fixture.h"
#include "run/audit_space.h"

#define HEAD                                                                                                               \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests:\n"                                           \
	"  - {name: any, size: {fixed: 4KiB}}\n"

static struct bench bench;

static int set_up(void **state)
{
	(void)state;
	flaw = FLAW_NONE;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	return 0;
}

static void audit(const char *yaml, enum flaw which)
{
	flaw = which;
	bench_open(&bench, yaml, NULL, &flawed_table);
	if (pass_audit(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
}

static void assert_about(double is, double wanted, double tolerance)
{
	assert_true(fabs(is - wanted) <= tolerance);
}

static double figure(enum result_metric metric)
{
	return bench_figure(&bench, 0, metric);
}

static void complains(const char *sentence)
{
	assert_true(figure(RESULT_METRIC_AUDIT_VIOLATIONS) > 0);
	if (!bench.record.message || !strstr(bench.record.message, sentence))
		fail_msg("said '%s', not '%s'", bench.record.message, sentence);
}

/* 16 pages: a takes [0,5), b [5,8), c [8,12), then b goes: free [5,8) and [12,16). */
#define THREE                                                                                                              \
	HEAD "phases:\n  - name: only\n    measure: yes\n    script:\n"                                                    \
	     "      - {alloc: a, request: any, size: 20KiB}\n"                                                             \
	     "      - {alloc: b, request: any, size: 12KiB}\n"                                                             \
	     "      - {alloc: c, request: any, size: 16KiB}\n"                                                             \
	     "      - {free: b}\n"

static void a_right_allocator_is_not_complained_of(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_AUDIT_VIOLATIONS) == 0);
	assert_int_equal(bench.record.stream_hash, bench.stream.hash);
}

static void work_is_counted(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(RESULT_METRIC_ALLOCATIONS) == 3);
	assert_true(figure(RESULT_METRIC_FREES) == 1);
	assert_true(figure(RESULT_METRIC_FREES_SKIPPED) == 0);
	assert_true(figure(RESULT_METRIC_AUDIT_OPS) == 4);
	assert_true(figure(RESULT_METRIC_REQUESTED_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_GRANTED_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_ROUNDING_RATIO) == 1);
	assert_true(figure(RESULT_METRIC_OVER_CAPACITY) == 0);
}

static void space_is_what_was_worked_out_by_hand(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(RESULT_METRIC_PEAK_LIVE_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_SPAN_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_HIGH_WATER_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 7);
	assert_true(figure(RESULT_METRIC_FREE_EXTENTS) == 2);
	assert_true(figure(RESULT_METRIC_LARGEST_FREE_PAGES) == 4);
	/* [5,8) = 1 + 2, [12,16) = 4: three of seven pages lie in blocks below 4. */
	assert_about(figure(RESULT_METRIC_UNUSABLE_16KIB), 3.0 / 7, 1e-12);
	assert_true(figure(RESULT_METRIC_UNUSABLE_64KIB) == 1);
	/* One leaf, one of each level above it, and the root. */
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_PAGES) == 4);
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_LEAF_PAGES) == 1);
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_RATIO) == 1);
	assert_about(figure(RESULT_METRIC_FOOTPRINT_RATIO), 512.0 / 12, 1e-12);
}

static void holes_and_runs_are_what_was_worked_out_by_hand(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	/* [5,8) and [12,16). */
	assert_about(figure(RESULT_METRIC_OUTSIDE_LARGEST), 3.0 / 7, 1e-12);
	assert_about(figure(RESULT_METRIC_DRAINED_UNUSABLE_16KIB), 3.0 / 7, 1e-12);
	assert_true(figure(RESULT_METRIC_DRAINED_UNUSABLE_64KIB) == 1);
	assert_true(figure(RESULT_METRIC_FREE_RUNS_PER_PAGE) == 2.0 / 16);
	assert_true(figure(RESULT_METRIC_FREE_RUN_MEAN_PAGES) == 3.5);
	/* A row after each of four operations: none, none, none, then [5,8) between two extents; [12,16) is the end. */
	assert_about(figure(RESULT_METRIC_HOLES_PER_EXTENT), 0.5 / 4, 1e-12);
	/* Each of the three left a rest behind it. */
	assert_true(figure(RESULT_METRIC_INEXACT_SHARE) == 1);
	assert_true(figure(RESULT_METRIC_SPAN_RATIO) == 1);
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_EVER_PAGES) == 4);
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_EVER_LEAF_PAGES) == 1);
	assert_true(figure(RESULT_METRIC_PAGE_TABLE_EVER_RATIO) == 1);
	assert_true(isnan(figure(RESULT_METRIC_TURNOVERS)));
}

/* Of 16 pages b [5,8) goes and comes again, into the very same hole; then c and a page behind it. */
static void an_exact_fit_and_turnovers_are_seen(void **state)
{
	(void)state;
	audit(THREE "  - name: again\n    script:\n"
		    "      - {alloc: b, request: any, size: 12KiB}\n"
		    "      - {free: a}\n"
		    "      - {alloc: a, request: any, size: 12KiB}\n",
	      FLAW_NONE);
	/* b fits exactly; a takes [0,3) of [0,5). 6 pages allocated, 9 were live. */
	assert_about(bench_figure(&bench, 1, RESULT_METRIC_INEXACT_SHARE), 0.5, 1e-12);
	assert_about(bench_figure(&bench, 1, RESULT_METRIC_TURNOVERS), 6.0 / 9, 1e-12);
	/* [0,5) reaches the start of the space and is no hole; [3,5), with three extents live, is one. */
	assert_about(bench_figure(&bench, 1, RESULT_METRIC_HOLES_PER_EXTENT), 1.0 / 3 / 3, 1e-12);
}

/* Magazines of two: six pages taken and given back again and again. */
static void trips_of_a_layer_are_counted(void **state)
{
	(void)state;
	bench_open(&bench,
		   HEAD "phases:\n  - name: first\n    script:\n"
			"      - {alloc: \"p[0..5]\", request: any}\n      - {free: \"p[0..5]\"}\n"
			"  - name: again\n    script:\n"
			"      - {alloc: \"p[0..5]\", request: any}\n      - {free: \"p[0..5]\"}\n",
		   "magazine:rounds=2+buddy", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	/* The first time all six come from below. Two magazines hold four, a third one lies in the depot: one trip. */
	assert_true(bench_figure(&bench, 0, RESULT_METRIC_STEPS_CACHE_HIT_SHARE) == 0);
	assert_about(bench_figure(&bench, 0, RESULT_METRIC_STEPS_BACKEND_TRIPS_PER_OP), 6.0 / 12, 1e-12);
	assert_about(bench_figure(&bench, 0, RESULT_METRIC_STEPS_DEPOT_TRIPS_PER_OP), 1.0 / 12, 1e-12);
	/* Then none does; one trip each way. */
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_STEPS_CACHE_HIT_SHARE) == 1);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_STEPS_BACKEND_TRIPS_PER_OP) == 0);
	assert_about(bench_figure(&bench, 1, RESULT_METRIC_STEPS_DEPOT_TRIPS_PER_OP), 2.0 / 12, 1e-12);
}

static void without_a_layer_there_are_no_trips(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "rbtree", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_true(isnan(figure(RESULT_METRIC_STEPS_DEPOT_TRIPS_PER_OP)));
	assert_int_equal(bench.record.phases[0].figures.reason[RESULT_METRIC_STEPS_DEPOT_TRIPS_PER_OP],
			 RESULT_REASON_NO_LAYER);
}

static void what_does_not_count_steps_has_none(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(isnan(figure(RESULT_METRIC_STEPS_ALLOC_MEAN)));
	assert_int_equal(bench.record.phases[0].figures.reason[RESULT_METRIC_STEPS_ALLOC_MEAN], RESULT_REASON_NO_STEPS);
}

static void steps_of_a_counting_allocator_are_there(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "rbtree", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_STEPS_ALLOC_MEAN) > 0);
	assert_true(figure(RESULT_METRIC_STEPS_ALLOC_MAX) >= figure(RESULT_METRIC_STEPS_ALLOC_MEAN));
}

static void a_buddy_rounds(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "buddy:rounding=pow2", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	/* 5, 3, 4 become 8, 4, 4: ratios 1.6, 1.333…, 1. */
	assert_true(figure(RESULT_METRIC_GRANTED_PAGES) == 16);
	assert_about(figure(RESULT_METRIC_ROUNDING_RATIO), 16.0 / 12, 1e-12);
	assert_about(figure(RESULT_METRIC_ROUNDING_RATIO_MEAN), (1.6 + 4.0 / 3 + 1) / 3, 1e-12);
	assert_true(figure(RESULT_METRIC_PEAK_LIVE_PAGES) == 16);
	/* 12 planned pages x 1.333 = 16 are the space: full, not over it. */
	assert_true(figure(RESULT_METRIC_OVER_CAPACITY) == 0);
}

/* [0,5) [5,8) [8,12) live and b freed; 7 free pages, largest run 4. */
/* Each with one guard: [0,6), [6,10), [10,15); b goes and d takes its place; one page is left for e, which wants three. */
static void guards_are_counted_apart_and_are_no_rounding(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\n"
	      "requests: [{name: any, size: {fixed: 4KiB}, guard: 1 page}]\n"
	      "phases:\n  - name: only\n    script:\n"
	      "      - {alloc: a, request: any, size: 20KiB}\n      - {alloc: b, request: any, size: 12KiB}\n"
	      "      - {alloc: c, request: any, size: 16KiB}\n      - {free: b}\n"
	      "      - {alloc: d, request: any, size: 12KiB}\n      - {alloc: e, request: any, size: 8KiB}\n"
	      "      - {free: e}\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_GUARD_PAGES) == 3);
	assert_true(figure(RESULT_METRIC_PEAK_LIVE_PAGES) == 15);
	assert_true(figure(RESULT_METRIC_REQUESTED_PAGES) == 19);
	assert_true(figure(RESULT_METRIC_GRANTED_PAGES) == 19);
	assert_true(figure(RESULT_METRIC_ROUNDING_RATIO) == 1);
	assert_true(figure(RESULT_METRIC_ROUNDING_RATIO_MEAN) == 1);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_EXHAUSTED) == 1);
}

static void without_guards_there_are_no_guard_pages(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(RESULT_METRIC_GUARD_PAGES) == 0);
}

static void a_failure_with_enough_free_pages_is_fragmentation(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 20KiB}\n      - {free: d}\n", FLAW_NONE);
	assert_true(figure(RESULT_METRIC_FAILURES_TOTAL) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_FRAGMENTED) == 1);
	assert_true(figure(RESULT_METRIC_FIRST_FAILURE_OP) == 5);
	assert_true(figure(RESULT_METRIC_FIRST_FAILURE_LIVE_PAGES) == 9);
	assert_about(figure(RESULT_METRIC_FIRST_FAILURE_OCCUPANCY), 9.0 / 16, 1e-12);
	/* Free blocks of 1, 2 and 4 pages: 1 - (1 + 7 / 5) / 3. */
	assert_about(figure(RESULT_METRIC_FIRST_FAILURE_INDEX), 0.2, 1e-12);
	/* What failed is not freed. */
	assert_true(figure(RESULT_METRIC_FREES_SKIPPED) == 1);
	assert_true(figure(RESULT_METRIC_FREES) == 1);
	assert_true(figure(RESULT_METRIC_AUDIT_OPS) == 6 - 1);
	assert_true(figure(RESULT_METRIC_REQUESTED_PAGES) == 12);
}

static void a_failure_with_too_few_free_pages_is_exhaustion(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 32KiB}\n", FLAW_NONE);
	assert_true(figure(RESULT_METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_TOTAL) == 1);
}

/* Freed pages that wait for a flush are not usable: 7 free, 3 of them deferred. */
static void deferred_pages_do_not_make_a_failure_fragmentation(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 20KiB}\n", FLAW_DEFERS);
	assert_true(figure(RESULT_METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(RESULT_METRIC_DEFERRED_PAGES) == 3);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 4);
}

#define LIMITED                                                                                                            \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests:\n"                                           \
	"  - {name: any, size: {fixed: 4KiB}}\n"                                                                           \
	"  - {name: low, size: {fixed: 8KiB}, high: 0x7fff}\n"                                                             \
	"phases:\n  - name: only\n    measure: yes\n    script:\n"

/* The window is pages 0 to 7. [0,6) live, then [6,8) and nothing is left there, though 8 pages are above it. */
static void exhaustion_is_judged_inside_the_window(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: any, size: 24KiB}\n"
		      "      - {alloc: b, request: low, size: 8KiB}\n"
		      "      - {alloc: c, request: low, size: 8KiB}\n",
	      FLAW_NONE);
	assert_true(figure(RESULT_METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_TOTAL) == 1);
}

/* Behind the hole [4,8) eight pages fit when they are empty, nine never do. */
static void a_space_that_is_a_page_too_narrow_is_impossible(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB, reserved: [{base: 0x4000, size: 16KiB}]}\n"
	      "requests: [{name: any, size: {fixed: 4KiB}}]\n"
	      "phases:\n  - name: only\n    measure: yes\n    script:\n"
	      "      - {alloc: 'a[0..4]', request: any}\n"
	      "      - {alloc: b, request: any, size: 32KiB}\n"
	      "      - {alloc: c, request: any, size: 36KiB}\n",
	      FLAW_NONE);
	/* Five single pages lie in [0,4) and at 8: seven are left. */
	assert_true(figure(RESULT_METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_IMPOSSIBLE) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_TOTAL) == 2);
}

/* Holes at [4,8) and [12,16) leave no run of 5 pages: an empty space could not hold 5 either. */
static void what_no_empty_space_could_hold_is_impossible(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB, reserved: [{base: 0x4000, size: 16KiB}, {base: "
	      "0xc000, size: 16KiB}]}\n"
	      "requests: [{name: any, size: {fixed: 4KiB}}]\n"
	      "phases:\n  - name: only\n    measure: yes\n    script:\n"
	      "      - {alloc: a, request: any, size: 20KiB}\n"
	      "      - {alloc: b, request: any, size: 16KiB}\n",
	      FLAW_NONE);
	assert_true(figure(RESULT_METRIC_FAILURES_IMPOSSIBLE) == 1);
	assert_true(figure(RESULT_METRIC_FAILURES_TOTAL) == 1);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 4);
}

static void reserved_pages_are_part_of_the_balance(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB, reserved: [{base: 0x4000, size: 16KiB}]}\n"
	      "requests: [{name: any, size: {fixed: 4KiB}}]\n"
	      "phases: [{name: only, measure: yes, script: [{alloc: a, request: any, size: 16KiB}, {alloc: b, request: "
	      "any, size: 8KiB}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 6);
	assert_true(figure(RESULT_METRIC_SPAN_PAGES) == 10);
}

/* A second phase that drains: its own row says what it drained. */
static void every_phase_has_figures_of_its_own(void **state)
{
	(void)state;
	audit(THREE "  - {name: drain, free: all}\n", FLAW_NONE);
	assert_true(bench_figure(&bench, 0, RESULT_METRIC_ALLOCATIONS) == 3);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_ALLOCATIONS) == 0);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_FREES) == 2);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_SPAN_PAGES) == 12);
}

/* Fullest with [0, 8); later [8, 12) is used with 6 pages live; then all goes. */
static void a_phase_that_drains_itself_keeps_marks_that_rose_after_its_fullest_row(void **state)
{
	(void)state;
	audit(HEAD "phases:\n  - name: only\n    measure: yes\n    script:\n"
		   "      - {alloc: a, request: any, size: 12KiB}\n"
		   "      - {alloc: b, request: any, size: 4KiB}\n"
		   "      - {alloc: c, request: any, size: 12KiB}\n"
		   "      - {alloc: d, request: any, size: 4KiB}\n"
		   "      - {free: a}\n      - {free: c}\n"
		   "      - {alloc: e, request: any, size: 16KiB}\n"
		   "      - {free: e}\n      - {free: b}\n      - {free: d}\n",
	      FLAW_NONE);
	assert_true(figure(RESULT_METRIC_PEAK_LIVE_PAGES) == 8);
	assert_true(figure(RESULT_METRIC_HIGH_WATER_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_SPAN_PAGES) == 12);
	assert_true(figure(RESULT_METRIC_FREE_PAGES) == 8); /* of the fullest row */
}

/* 602 words make rows of 4 words: a drain of two words ends before any row does. */
static void a_drain_shorter_than_a_row_has_figures_too(void **state)
{
	(void)state;
	audit(HEAD "phases:\n  - {name: churn, measure: yes, script: [{repeat: 299, script: [{alloc: a, request: any}, "
		   "{free: a}]},"
		   " {alloc: b, request: any}, {alloc: c, request: any}]}\n  - {name: drain, free: all}\n",
	      FLAW_NONE);
	assert_int_equal(bench.stream.words, 602);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_PEAK_LIVE_PAGES) == 2);
	assert_true(bench_figure(&bench, 1, RESULT_METRIC_FREE_PAGES) == 16);
}

static void the_series_follows_the_stream(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_int_equal(bench.record.series_count, 4);
	static const double live[] = {5, 8, 12, 9}, free_pages[] = {11, 8, 4, 7}, extents[] = {1, 1, 1, 2};
	for (size_t i = 0; i < 4; i++) {
		assert_true(bench.record.series[i].value[RESULT_SERIES_OP] == (double)i + 1);
		assert_true(bench.record.series[i].value[RESULT_SERIES_LIVE_PAGES] == live[i]);
		assert_true(bench.record.series[i].value[RESULT_SERIES_FREE_PAGES] == free_pages[i]);
		assert_true(bench.record.series[i].value[RESULT_SERIES_FREE_EXTENTS] == extents[i]);
		assert_true(isnan(bench.record.series[i].value[RESULT_SERIES_NS_PER_OP]));
	}
}

/* A driver call takes whole pages, is freed by its handle, and the audit sees its extent. */
static void driver_calls_are_audited_by_their_extents(void **state)
{
	(void)state;
	bench_open(&bench,
		   "iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\n"
		   "requests: [{name: bare, size: {fixed: 4KiB}}, {name: call, call: contiguous, size: {fixed: 8KiB}}]\n"
		   "phases: [{name: only, measure: yes, script: [{alloc: a, request: bare}, {alloc: b, request: call},"
		   " {alloc: c, request: bare}, {free: b}, {alloc: b, request: call}]}]\n",
		   "rbtree:fit=first", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_PEAK_LIVE_PAGES) == 4);
	assert_true(figure(RESULT_METRIC_SPAN_PAGES) == 4);
}

static void an_overlap_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_OVERLAP);
	complains("operation 3: granted: pages [0x0, 0x4) overlap what is live or reserved");
	/* What was not its to have is not freed: once is once. */
	assert_true(figure(RESULT_METRIC_AUDIT_VIOLATIONS) == 1);
}

/* No allocator makes one: the engine frees what it holds, once. Whoever stands between them could. */
static void a_double_free_is_told(void **state)
{
	(void)state;
	struct audit_space space;
	struct audit_complaints complaints = {0};
	const struct iova_extent extent = {3, 2, 0}, other = {4, 1, 0};
	bench_open(&bench, THREE, NULL, &flawed_table);
	assert_int_equal(audit_space_open(&space, &bench.plan.workload, NULL, &bench.error), 0);
	assert_true(audit_space_take(&space, &extent, &complaints, 1));
	assert_true(audit_space_drop(&space, &extent, &complaints, 2));
	assert_int_equal(complaints.count, 0);
	assert_false(audit_space_drop(&space, &extent, &complaints, 3));
	assert_int_equal(complaints.count, 1);
	assert_string_equal(complaints.text.bytes, "operation 3: freed: pages [0x3, 0x5) were not live");
	/* Nor may half of it go when the other half is free. */
	assert_true(audit_space_take(&space, &other, &complaints, 4));
	assert_false(audit_space_drop(&space, &extent, &complaints, 5));
	assert_int_equal(audit_spaces_live_pages(&space, 1), 1);
	text_release(&complaints.text);
	audit_space_close(&space);
}

static void an_extent_outside_of_the_space_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_OUTSIDE);
	complains("operation 3: granted: pages [0x10, 0x14) lie outside of the space");
}

/* UINT64_MAX marks the handles of driver calls: it must not be taken for one. */
static void an_absurd_extent_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_ABSURD);
	complains("operation 3: granted: pages [0xffffffffffffffff, 0xfffffffffffffffe) lie outside of the space");
	assert_true(figure(RESULT_METRIC_AUDIT_VIOLATIONS) == 1);
}

static void a_short_grant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_SHORT_GRANT);
	complains("operation 1: 4 pages at 0x0: fewer pages than requested");
}

static void an_empty_grant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_EMPTY_GRANT);
	complains("operation 1: 5 pages were granted as none at all");
}

static void a_misaligned_extent_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 4KiB}},"
	      " {name: natural, size: {fixed: 16KiB}, align: natural}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: natural}]}]\n",
	      FLAW_IGNORES_ALIGN);
	complains("operation 2: 4 pages at 0x1: not aligned");
	bench_close(&bench);
	/* Half of the alignment is none. */
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 8KiB}},"
	      " {name: natural, size: {fixed: 16KiB}, align: natural}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: natural}]}]\n",
	      FLAW_IGNORES_ALIGN);
	complains("operation 2: 4 pages at 0x2: not aligned");
}

static void a_fixed_alignment_is_not_replaced_by_a_natural_one(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 4KiB}},"
	      " {name: two, size: {fixed: 16KiB}, align: 8KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: two}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_HIGH_WATER_PAGES) == 6); /* 0, then [2, 6) */
}

static void an_extent_above_its_limit_is_told(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: any, size: 28KiB}\n"
		      "      - {alloc: b, request: low, size: 8KiB}\n",
	      FLAW_IGNORES_LIMIT);
	complains("operation 2: pages [0x7, 0x8] lie outside of the limits");
}

/* The page below the limit. */
static void an_extent_below_its_limit_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}},"
	      " {name: upper, size: {fixed: 4KiB}, low: 0x4000}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: upper}]}]\n",
	      FLAW_IGNORES_LIMIT);
	complains("operation 2: pages [0x3, 0x3] lie outside of the limits");
}

/* Page 4 was given at the first try, which ends at page 3, though the second one would have allowed it. */
static void the_limit_is_that_of_the_try(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}},"
	      " {name: low, size: {fixed: 8KiB}, high: [0x3fff, 0x7fff]}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: low}]}]\n",
	      FLAW_IGNORES_LIMIT);
	complains("operation 2: pages [0x3, 0x4] lie outside of the limits");
}

/* [0x6, 0x7] is the last place below 0x7fff; [0x8, 0x8] is the first one from 0x8000. */
static void extents_at_their_limits_are_right(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 24KiB}},"
	      " {name: low, size: {fixed: 8KiB}, high: 0x7fff}, {name: upper, size: {fixed: 4KiB}, low: 0x8000}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: low}, {alloc: c, request: "
	      "upper}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_HIGH_WATER_PAGES) == 9);
}

static void a_crossed_boundary_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}, "
	      "boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: any}]}]\n",
	      FLAW_IGNORES_BOUNDARY);
	complains("operation 2: 3 pages at 0x3: crosses the boundary");
	bench_close(&bench);
	/* With its last page only. */
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}}, "
	      "{name: two, size: {fixed: 8KiB}, boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: two}]}]\n",
	      FLAW_IGNORES_BOUNDARY);
	complains("operation 2: 2 pages at 0x3: crosses the boundary");
}

static void an_extent_that_ends_at_a_boundary_does_not_cross_it(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 16KiB}, "
	      "boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: any}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_HIGH_WATER_PAGES) == 8);
}

static void a_walk_over_live_pages_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_LYING_VISIT);
	complains("the allocator calls [0x5, 0x9) free, which is not");
}

static void a_walk_that_leaves_pages_out_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_SILENT_VISIT);
	complains("operation 1: live 5 + usable 0 + cached 0 + deferred 0 + reserved 0 pages are not the space of 16");
}

static void a_walk_that_shows_pages_twice_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_DOUBLE_VISIT);
	complains("operation 1: live 5 + usable 22 + cached 0 + deferred 0 + reserved 0 pages are not the space of 16");
}

static void a_walk_with_an_empty_run_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_EMPTY_VISIT);
	complains("operation 1: the allocator calls [0x5, 0x5) free, which is not");
}

static void lying_statistics_are_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_LYING_STATISTICS);
	complains("operation 1: statistics say 10 usable, 0 cached and 0 deferred pages, the walk finds 11, 0 and 0");
	bench_close(&bench);
	audit(THREE, FLAW_LYING_CACHED);
	complains("operation 1: statistics say 11 usable, 1 cached and 0 deferred pages, the walk finds 11, 0 and 0");
	bench_close(&bench);
	audit(THREE, FLAW_LYING_DEFERRED);
	complains("operation 1: statistics say 11 usable, 0 cached and 1 deferred pages, the walk finds 11, 0 and 0");
}

/* The second free is the one of the drain at the end: the leak shows there. */
static void a_leak_is_found_at_the_end(void **state)
{
	(void)state;
	audit(THREE, FLAW_LOST_FREE);
	complains("after everything was freed 11 of 16 pages are usable");
}

static void pages_that_stay_deferred_are_a_leak(void **state)
{
	(void)state;
	audit(THREE, FLAW_DEFERS);
	complains("after everything was freed 4 of 16 pages are usable");
}

/* One page stays live, and 150 operations go by: the poll at 0 and the one in front of operation 100, which frees b. */
#define POLLED                                                                                                             \
	HEAD "pace: 100k/s\nphases:\n  - name: only\n    measure: yes\n    script:\n"                                      \
	     "      - {alloc: a, request: any}\n"                                                                          \
	     "      - {repeat: 75, script: [{alloc: b, request: any}, {free: b}]}\n"

static void polls_are_counted(void **state)
{
	(void)state;
	audit(POLLED, FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(RESULT_METRIC_AUDIT_POLLS) == 1);
	assert_true(figure(RESULT_METRIC_AUDIT_OPS) == 151);
}

static void a_poll_that_loses_pages_is_told(void **state)
{
	(void)state;
	audit(POLLED, FLAW_POLL_LOSES);
	complains("operation 100: a poll turned 14 free pages into 13");
}

static void a_poll_that_frees_what_is_live_is_told(void **state)
{
	(void)state;
	audit(POLLED, FLAW_POLL_FREES);
	complains("operation 100: a poll turned 14 free pages into 15");
	complains("operation 100: the allocator calls [0x0, 0x1) free, which is not");
	bench_close(&bench);
	audit(POLLED, FLAW_POLL_MOVES);
	complains("the allocator calls [0x0, ");
}

static void a_broken_invariant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_BROKEN_INVARIANT);
	complains("operation 4: invariant of flawed does not hold: the sky is above");
}

static void every_phase_carries_all_violations(void **state)
{
	(void)state;
	audit(THREE "  - {name: drain, free: all}\n", FLAW_LOST_FREE);
	assert_true(bench_figure(&bench, 0, RESULT_METRIC_AUDIT_VIOLATIONS) > 0);
	assert_true(bench_figure(&bench, 0, RESULT_METRIC_AUDIT_VIOLATIONS) ==
		    bench_figure(&bench, 1, RESULT_METRIC_AUDIT_VIOLATIONS));
}

static void only_the_first_complaints_are_kept_but_all_are_counted(void **state)
{
	(void)state;
	audit(HEAD "phases: [{name: only, script: [{repeat: 50, script: [{alloc: a, request: any}, {free: a}]}]}]\n",
	      FLAW_LYING_STATISTICS);
	size_t lines = 1;
	for (const char *at = bench.record.message; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, AUDIT_COMPLAINTS_KEPT);
	assert_true(figure(RESULT_METRIC_AUDIT_VIOLATIONS) > 50);
}

static void ends_with(enum flaw which, enum exit_code code, const char *sentence)
{
	flaw = which;
	bench_open(&bench,
		   "iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB, reserved: [{base: 0x8000, size: 4KiB}]}\n"
		   "requests: [{name: any, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: only, measure: yes, script: [{alloc: 'a[0..5]', request: any}]}]\n",
		   NULL, &flawed_table);
	int (*const passes[])(struct pass *, struct error *) = {pass_audit, pass_throughput, pass_latency};
	bench.pass.latency_gap = 2;
	for (size_t i = 0; i < 3; i++) {
		bench.error = (struct error){0};
		arena_reset(&bench.arena);
		assert_int_equal(passes[i](&bench.pass, &bench.error), -1);
		assert_int_equal(bench.error.exit_code, code);
		if (!strstr(bench.error.message, sentence))
			fail_msg("said '%s'", bench.error.message);
	}
}

static void lack_of_metadata_ends_every_pass(void **state)
{
	(void)state;
	ends_with(FLAW_NO_MEMORY, EXIT_CODE_VIOLATION, "status 2 (no memory for metadata)");
}

static void an_odd_status_ends_every_pass(void **state)
{
	(void)state;
	ends_with(FLAW_ODD_STATUS, EXIT_CODE_VIOLATION, "status 3 (which alloc must not return)");
}

static void an_allocator_that_cannot_reserve_is_not_applicable(void **state)
{
	(void)state;
	ends_with(FLAW_NO_PLACE, EXIT_CODE_NO_ARM, "flawed cannot reserve pages [0x8, 0x9) (not supported)");
}

/* Every request of the program's own memory fails once: an error each time, nothing lost, and never a wrong figure. */
static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	bench_open(&bench, THREE "  - {name: drain, free: all}\n", NULL, &flawed_table);
	int (*const passes[])(struct pass *, struct error *) = {pass_audit, pass_throughput, pass_latency};
	bench.pass.latency_gap = 2;
	for (size_t pass = 0; pass < 3; pass++) {
		int result = -1;
		for (uint64_t n = 0; result < 0; n++) {
			assert_true(n < 1000);
			result_record_release(&bench.record);
			bench_record(&bench.record, 2, bench.stream.words);
			arena_reset(&bench.arena);
			bench.error = (struct error){0};
			memory_fail_after(n);
			uint64_t before = memory_requests();
			result = passes[pass](&bench.pass, &bench.error);
			bool failed = memory_requests() - before > n;
			memory_fail_after(UINT64_MAX);
			/* The map of the audit may do without; it complains then, which is no success either. */
			assert_true(!failed || result < 0 || bench.record.message);
			assert_true(result == 0 || bench.error.exit_code == EXIT_CODE_IO);
			result = failed ? -1 : result;
		}
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(a_right_allocator_is_not_complained_of),
		A(work_is_counted),
		A(space_is_what_was_worked_out_by_hand),
		A(holes_and_runs_are_what_was_worked_out_by_hand),
		A(an_exact_fit_and_turnovers_are_seen),
		A(trips_of_a_layer_are_counted),
		A(without_a_layer_there_are_no_trips),
		A(what_does_not_count_steps_has_none),
		A(steps_of_a_counting_allocator_are_there),
		A(a_buddy_rounds),
		A(guards_are_counted_apart_and_are_no_rounding),
		A(without_guards_there_are_no_guard_pages),
		A(a_failure_with_enough_free_pages_is_fragmentation),
		A(a_failure_with_too_few_free_pages_is_exhaustion),
		A(deferred_pages_do_not_make_a_failure_fragmentation),
		A(exhaustion_is_judged_inside_the_window),
		A(a_space_that_is_a_page_too_narrow_is_impossible),
		A(what_no_empty_space_could_hold_is_impossible),
		A(reserved_pages_are_part_of_the_balance),
		A(every_phase_has_figures_of_its_own),
		A(a_phase_that_drains_itself_keeps_marks_that_rose_after_its_fullest_row),
		A(a_drain_shorter_than_a_row_has_figures_too),
		A(the_series_follows_the_stream),
		A(driver_calls_are_audited_by_their_extents),
		A(an_overlap_is_told),
		A(a_double_free_is_told),
		A(an_extent_outside_of_the_space_is_told),
		A(an_absurd_extent_is_told),
		A(a_short_grant_is_told),
		A(an_empty_grant_is_told),
		A(a_misaligned_extent_is_told),
		A(a_fixed_alignment_is_not_replaced_by_a_natural_one),
		A(an_extent_above_its_limit_is_told),
		A(an_extent_below_its_limit_is_told),
		A(the_limit_is_that_of_the_try),
		A(extents_at_their_limits_are_right),
		A(a_crossed_boundary_is_told),
		A(an_extent_that_ends_at_a_boundary_does_not_cross_it),
		A(a_walk_over_live_pages_is_told),
		A(a_walk_that_leaves_pages_out_is_told),
		A(a_walk_that_shows_pages_twice_is_told),
		A(a_walk_with_an_empty_run_is_told),
		A(lying_statistics_are_told),
		A(a_leak_is_found_at_the_end),
		A(pages_that_stay_deferred_are_a_leak),
		A(polls_are_counted),
		A(a_poll_that_loses_pages_is_told),
		A(a_poll_that_frees_what_is_live_is_told),
		A(a_broken_invariant_is_told),
		A(every_phase_carries_all_violations),
		A(only_the_first_complaints_are_kept_but_all_are_counted),
		A(lack_of_metadata_ends_every_pass),
		A(an_odd_status_ends_every_pass),
		A(an_allocator_that_cannot_reserve_is_not_applicable),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
