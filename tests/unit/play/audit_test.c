/* SPDX-License-Identifier: MIT
 * What the audit measures, over workloads small enough to work out by hand: every figure exactly. */
#include "unit/play/audit_fixture.h"

static void a_right_allocator_is_not_complained_of(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(METRIC_AUDIT_VIOLATIONS) == 0);
	assert_int_equal(bench.record.stream_hash, bench.stream.hash);
}

static void work_is_counted(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(METRIC_ALLOCATIONS) == 3);
	assert_true(figure(METRIC_FREES) == 1);
	assert_true(figure(METRIC_FREES_SKIPPED) == 0);
	assert_true(figure(METRIC_AUDIT_OPS) == 4);
	assert_true(figure(METRIC_REQUESTED_PAGES) == 12);
	assert_true(figure(METRIC_GRANTED_PAGES) == 12);
	assert_true(figure(METRIC_ROUNDING_RATIO) == 1);
	assert_true(figure(METRIC_OVER_CAPACITY) == 0);
}

static void space_is_what_was_worked_out_by_hand(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(METRIC_PEAK_LIVE_PAGES) == 12);
	assert_true(figure(METRIC_SPAN_PAGES) == 12);
	assert_true(figure(METRIC_HIGH_WATER_PAGES) == 12);
	assert_true(figure(METRIC_FREE_PAGES) == 7);
	assert_true(figure(METRIC_FREE_EXTENTS) == 2);
	assert_true(figure(METRIC_LARGEST_FREE_PAGES) == 4);
	/* [5,8) = 1 + 2, [12,16) = 4: three of seven pages lie in blocks below 4. */
	assert_about(figure(METRIC_UNUSABLE_16KIB), 3.0 / 7, 1e-12);
	assert_true(figure(METRIC_UNUSABLE_64KIB) == 1);
	/* One leaf, one of each level above it, and the root. */
	assert_true(figure(METRIC_PAGE_TABLE_PAGES) == 4);
	assert_true(figure(METRIC_PAGE_TABLE_LEAF_PAGES) == 1);
	assert_true(figure(METRIC_PAGE_TABLE_RATIO) == 1);
	assert_about(figure(METRIC_FOOTPRINT_RATIO), 512.0 / 12, 1e-12);
}

static void holes_and_runs_are_what_was_worked_out_by_hand(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	/* [5,8) and [12,16). */
	assert_about(figure(METRIC_OUTSIDE_LARGEST), 3.0 / 7, 1e-12);
	assert_about(figure(METRIC_DRAINED_UNUSABLE_16KIB), 3.0 / 7, 1e-12);
	assert_true(figure(METRIC_DRAINED_UNUSABLE_64KIB) == 1);
	assert_true(figure(METRIC_FREE_RUNS_PER_PAGE) == 2.0 / 16);
	assert_true(figure(METRIC_FREE_RUN_MEAN_PAGES) == 3.5);
	/* A row after each of four operations: none, none, none, then [5,8) between two extents; [12,16) is the end. */
	assert_about(figure(METRIC_HOLES_PER_EXTENT), 0.5 / 4, 1e-12);
	/* Each of the three left a rest behind it. */
	assert_true(figure(METRIC_INEXACT_SHARE) == 1);
	assert_true(figure(METRIC_SPAN_RATIO) == 1);
	assert_true(figure(METRIC_PAGE_TABLE_EVER_PAGES) == 4);
	assert_true(figure(METRIC_PAGE_TABLE_EVER_LEAF_PAGES) == 1);
	assert_true(figure(METRIC_PAGE_TABLE_EVER_RATIO) == 1);
	assert_true(isnan(figure(METRIC_TURNOVERS)));
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
	assert_about(bench_figure(&bench, 1, METRIC_INEXACT_SHARE), 0.5, 1e-12);
	assert_about(bench_figure(&bench, 1, METRIC_TURNOVERS), 6.0 / 9, 1e-12);
	/* [0,5) reaches the start of the space and is no hole; [3,5), with three extents live, is one. */
	assert_about(bench_figure(&bench, 1, METRIC_HOLES_PER_EXTENT), 1.0 / 3 / 3, 1e-12);
}

/* Free are [1,2) and [4,16), which a buddy keeps as 4 and 8 pages, so that it alone fails to place 12. */
static void runs_are_those_of_the_map(void **state)
{
	(void)state;
	static const char *const specs[] = {"buddy", "rbtree:fit=first", "bitmap:fit=first"};
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		bench_open(&bench,
			   HEAD "phases:\n  - name: only\n    measure: yes\n    script:\n"
				"      - {alloc: \"p[0..3]\", request: any, size: 4KiB}\n      - {free: \"p[1]\"}\n"
				"  - name: more\n    script: [{alloc: q, request: any, size: 48KiB}]\n",
			   specs[i], NULL);
		assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
		assert_true(figure(METRIC_FREE_EXTENTS) == 2);
		assert_true(figure(METRIC_LARGEST_FREE_PAGES) == 12);
		assert_about(figure(METRIC_OUTSIDE_LARGEST), 1.0 / 13, 1e-12);
		assert_true(figure(METRIC_LARGEST_SERVABLE_PAGES) == (i == 0 ? 8 : 12));
		assert_true(bench.record.series[4].value[RESULT_SERIES_FREE_EXTENTS] == 2);
		assert_true(bench.record.series[4].value[RESULT_SERIES_LARGEST_FREE_PAGES] == 12);
		if (i == 0)
			assert_true(bench_figure(&bench, 1, METRIC_FIRST_FAILURE_LARGEST_FREE_PAGES) == 12);
		bench_close(&bench);
	}
}

/* Live [0,1), [2,3), [4,6); in a magazine 6, 1, 3, 7; usable [8,16). */
static void what_is_held_back_parts_runs(void **state)
{
	(void)state;
	bench_open(&bench,
		   HEAD "phases:\n  - name: only\n    measure: yes\n    script:\n"
			"      - {alloc: \"p[0..7]\", request: any}\n      - {free: \"p[6]\"}\n      - {free: \"p[1]\"}\n"
			"      - {free: \"p[3]\"}\n      - {free: \"p[7]\"}\n",
		   "magazine:rounds=8+rbtree:fit=first", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_null(bench.record.message);
	assert_true(figure(METRIC_CACHED_PAGES) == 4);
	assert_true(figure(METRIC_FREE_EXTENTS) == 1);
	assert_true(figure(METRIC_LARGEST_FREE_PAGES) == 8);
	assert_true(figure(METRIC_OUTSIDE_LARGEST) == 0);
	assert_true(figure(METRIC_FREE_RUNS_PER_PAGE) == 3.0 / 16);
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
	assert_true(bench_figure(&bench, 0, METRIC_STEPS_CACHE_HIT_SHARE) == 0);
	assert_about(bench_figure(&bench, 0, METRIC_STEPS_BACKEND_TRIPS_PER_OP), 6.0 / 12, 1e-12);
	assert_about(bench_figure(&bench, 0, METRIC_STEPS_DEPOT_TRIPS_PER_OP), 1.0 / 12, 1e-12);
	assert_true(bench_figure(&bench, 0, METRIC_STEPS_BACKEND_TRIPS_MAX) == 1);
	/* Then none does; one trip each way. */
	assert_true(bench_figure(&bench, 1, METRIC_STEPS_CACHE_HIT_SHARE) == 1);
	assert_true(bench_figure(&bench, 1, METRIC_STEPS_BACKEND_TRIPS_PER_OP) == 0);
	assert_true(bench_figure(&bench, 1, METRIC_STEPS_BACKEND_TRIPS_MAX) == 0);
	assert_about(bench_figure(&bench, 1, METRIC_STEPS_DEPOT_TRIPS_PER_OP), 2.0 / 12, 1e-12);
}

static void without_a_layer_there_are_no_trips(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "rbtree", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_true(isnan(figure(METRIC_STEPS_DEPOT_TRIPS_PER_OP)));
	assert_int_equal(bench.record.phases[0].figures.reason[METRIC_STEPS_DEPOT_TRIPS_PER_OP], RESULT_REASON_NO_LAYER);
}

static void what_does_not_count_steps_has_none(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(isnan(figure(METRIC_STEPS_ALLOC_MEAN)));
	assert_int_equal(bench.record.phases[0].figures.reason[METRIC_STEPS_ALLOC_MEAN], RESULT_REASON_NO_STEPS);
}

static void steps_of_a_counting_allocator_are_there(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "rbtree", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_null(bench.record.message);
	assert_true(figure(METRIC_STEPS_ALLOC_MEAN) > 0);
	assert_true(figure(METRIC_STEPS_ALLOC_MAX) >= figure(METRIC_STEPS_ALLOC_MEAN));
	assert_true(figure(METRIC_STEPS_FREE_MEAN) > 0);
	assert_true(figure(METRIC_STEPS_FREE_MAX) >= figure(METRIC_STEPS_FREE_MEAN));
}

static void a_buddy_rounds(void **state)
{
	(void)state;
	bench_open(&bench, THREE, "buddy:rounding=pow2", NULL);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	/* 5, 3, 4 become 8, 4, 4: ratios 1.6, 1.333…, 1. */
	assert_true(figure(METRIC_GRANTED_PAGES) == 16);
	assert_about(figure(METRIC_ROUNDING_RATIO), 16.0 / 12, 1e-12);
	assert_about(figure(METRIC_ROUNDING_RATIO_MEAN), (1.6 + 4.0 / 3 + 1) / 3, 1e-12);
	assert_true(figure(METRIC_PEAK_LIVE_PAGES) == 16);
	/* 12 planned pages x 1.333 = 16 are the space: full, not over it. */
	assert_true(figure(METRIC_OVER_CAPACITY) == 0);
}

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
	assert_true(figure(METRIC_GUARD_PAGES) == 3);
	assert_true(figure(METRIC_PEAK_LIVE_PAGES) == 15);
	assert_true(figure(METRIC_REQUESTED_PAGES) == 19);
	assert_true(figure(METRIC_GRANTED_PAGES) == 19);
	assert_true(figure(METRIC_ROUNDING_RATIO) == 1);
	assert_true(figure(METRIC_ROUNDING_RATIO_MEAN) == 1);
	assert_true(figure(METRIC_FREE_PAGES) == 1);
	assert_true(figure(METRIC_FAILURES_EXHAUSTED) == 1);
}

static void without_guards_there_are_no_guard_pages(void **state)
{
	(void)state;
	audit(THREE, FLAW_NONE);
	assert_true(figure(METRIC_GUARD_PAGES) == 0);
}

/* [0,5) [5,8) [8,12) live and b freed; 7 free pages, largest run 4. */
static void a_failure_with_enough_free_pages_is_fragmentation(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 20KiB}\n      - {free: d}\n", FLAW_NONE);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 1);
	assert_true(figure(METRIC_FAILURES_FRAGMENTED) == 1);
	assert_true(figure(METRIC_FIRST_FAILURE_OP) == 5);
	/* At the default of a million operations a second. */
	assert_about(figure(METRIC_FIRST_FAILURE_DEVICE_S), 5e-6, 1e-15);
	assert_about(figure(METRIC_DEVICE_S), 6e-6, 1e-15); /* the free of what failed, too */
	assert_true(figure(METRIC_FIRST_FAILURE_LIVE_PAGES) == 9);
	assert_about(figure(METRIC_FIRST_FAILURE_OCCUPANCY), 9.0 / 16, 1e-12);
	/* Free blocks of 1, 2 and 4 pages: 1 - (1 + 7 / 5) / 3. */
	assert_about(figure(METRIC_FIRST_FAILURE_INDEX), 0.2, 1e-12);
	/* What failed is not freed. */
	assert_true(figure(METRIC_FREES_SKIPPED) == 1);
	assert_true(figure(METRIC_FREES) == 1);
	assert_true(figure(METRIC_AUDIT_OPS) == 6 - 1);
	assert_true(figure(METRIC_REQUESTED_PAGES) == 12);
}

static void a_failure_with_too_few_free_pages_is_exhaustion(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 32KiB}\n", FLAW_NONE);
	assert_true(figure(METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 1);
}

/* Freed pages that wait for a flush are not usable: 7 free, 3 of them deferred. */
static void deferred_pages_do_not_make_a_failure_fragmentation(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 20KiB}\n", FLAW_DEFERS);
	assert_true(figure(METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(METRIC_DEFERRED_PAGES) == 3);
	assert_true(figure(METRIC_FREE_PAGES) == 4);
}

/* The window is pages 0 to 7. [0,6) live, then [6,8) and nothing is left there, though 8 pages are above it. */
static void exhaustion_is_judged_inside_the_window(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: any, size: 24KiB}\n"
		      "      - {alloc: b, request: low, size: 8KiB}\n"
		      "      - {alloc: c, request: low, size: 8KiB}\n",
	      FLAW_NONE);
	assert_true(figure(METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 1);
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
	assert_true(figure(METRIC_FAILURES_EXHAUSTED) == 1);
	assert_true(figure(METRIC_FAILURES_IMPOSSIBLE) == 1);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 2);
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
	assert_true(figure(METRIC_FAILURES_IMPOSSIBLE) == 1);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 1);
	assert_true(figure(METRIC_FREE_PAGES) == 4);
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
	assert_true(figure(METRIC_FREE_PAGES) == 6);
	assert_true(figure(METRIC_SPAN_PAGES) == 10);
}

/* A second phase that drains: its own row says what it drained. */
static void every_phase_has_figures_of_its_own(void **state)
{
	(void)state;
	audit(THREE "  - {name: drain, free: all}\n", FLAW_NONE);
	assert_true(bench_figure(&bench, 0, METRIC_ALLOCATIONS) == 3);
	assert_true(bench_figure(&bench, 1, METRIC_ALLOCATIONS) == 0);
	assert_true(bench_figure(&bench, 1, METRIC_FREES) == 2);
	assert_true(bench_figure(&bench, 1, METRIC_SPAN_PAGES) == 12);
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
	assert_true(figure(METRIC_PEAK_LIVE_PAGES) == 8);
	assert_true(figure(METRIC_HIGH_WATER_PAGES) == 12);
	assert_true(figure(METRIC_SPAN_PAGES) == 12);
	assert_true(figure(METRIC_FREE_PAGES) == 8); /* of the fullest row */
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
	assert_true(bench_figure(&bench, 1, METRIC_PEAK_LIVE_PAGES) == 2);
	assert_true(bench_figure(&bench, 1, METRIC_FREE_PAGES) == 16);
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
	assert_true(figure(METRIC_PEAK_LIVE_PAGES) == 4);
	assert_true(figure(METRIC_SPAN_PAGES) == 4);
}

/* 100 steps of two operations after a think time of 998 each: a millisecond a step at a million operations a second. */
static void device_time_has_the_think_times(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 1MiB}\nrequests:\n"
	      "  - {name: any, size: {fixed: 4KiB}}\nphases:\n"
	      "  - {name: fill, mix: [{request: any, weight: 1}], until: {live: 8}}\n"
	      "  - {name: slow, measure: yes, mix: [{request: any, weight: 1}], ops: 200, think: 998, victims: random}\n",
	      FLAW_NONE);
	assert_about(bench_figure(&bench, 0, METRIC_DEVICE_S), 8e-6, 1e-12);
	assert_about(bench_figure(&bench, 1, METRIC_DEVICE_S), 0.1, 0.0011);
	const struct result_series_row *last = &bench.record.series[bench.record.series_count - 1];
	assert_about(last->value[RESULT_SERIES_DEVICE_S], 0.1, 0.0011);
	assert_true(bench_figure(&bench, 1, METRIC_AUDIT_POLLS) > 90);
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(a_right_allocator_is_not_complained_of),
		A(work_is_counted),
		A(space_is_what_was_worked_out_by_hand),
		A(holes_and_runs_are_what_was_worked_out_by_hand),
		A(runs_are_those_of_the_map),
		A(what_is_held_back_parts_runs),
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
		A(device_time_has_the_think_times),
		A(driver_calls_are_audited_by_their_extents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
