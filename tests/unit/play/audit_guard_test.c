/* SPDX-License-Identifier: MIT
 * What the audit refuses: every wrong answer of an allocator is told with its own sentence, and what ends a pass ends it
 * cleanly. */
#include "unit/play/audit_fixture.h"
#include "support/lack.h"

static void an_overlap_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_OVERLAP);
	complains("operation 3 (3.00 us of device time): "
		  "request any (4 pages) was given [0x0, 0x4): overlaps the live extent [0x0, 0x5)");
	/* What was not its to have is not freed: once is once. */
	assert_true(figure(METRIC_AUDIT_VIOLATIONS) == 1);
}

/* No allocator makes one: the engine frees what it holds, once. Whoever stands between them could. */
static void a_double_free_is_told(void **state)
{
	(void)state;
	struct audit_space space;
	struct audit_complaints complaints = {0};
	const struct iova_extent extent = {3, 2, 0}, other = {4, 1, 0};
	uint64_t live_pages = 0;
	bench_open(&bench, THREE, NULL, &flawed_table);
	assert_int_equal(audit_space_open(&space, &bench.plan.workload, NULL, &bench.error), 0);
	space.live_pages = &live_pages;
	assert_true(audit_space_take(&space, &extent, 0, &complaints, 1, NULL));
	assert_int_equal(live_pages, 2);
	assert_true(audit_space_drop(&space, &extent, 0, &complaints, 2));
	assert_int_equal(complaints.count, 0);
	assert_false(audit_space_drop(&space, &extent, 0, &complaints, 3));
	assert_int_equal(complaints.count, 1);
	assert_string_equal(complaints.kept[0].what, "was not live, or not all of it");
	/* Nor may half of it go when the other half is free. */
	assert_true(audit_space_take(&space, &other, 0, &complaints, 4, NULL));
	assert_false(audit_space_drop(&space, &extent, 0, &complaints, 5));
	assert_int_equal(occupancy_counters(space.occupancy).live_pages, 1);
	assert_int_equal(live_pages, 1);
	audit_complaints_release(&complaints);
	audit_space_close(&space);
}

/* What was found of other sizes is remembered: it must be what looking again would find, in any order of sizes. */
static void whether_an_empty_space_could_hold_it_depends_on_nothing_before(void **state)
{
	(void)state;
	bench_open(&bench,
		   "iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB, reserved: [{base: 0x3000, size: 4KiB}, "
		   "{base: 0x9000, size: 4KiB}]}\nrequests:\n  - {name: any, size: {fixed: 4KiB}}\n"
		   "phases: [{name: only, mix: [{request: any}], ops: 2}]\n",
		   "rbtree", NULL);
	struct engine engine;
	assert_int_equal(
		engine_open(&engine, &bench.plan.workload, bench.plan.stream, &bench.spec, &bench.arena, &bench.error), 0);
	struct audit_complaints complaints = {0};
	struct op_request request = engine.requests[0];
	for (uint64_t way = 0; way < 7; way++) {
		struct audit_space space;
		assert_int_equal(audit_space_open(&space, &bench.plan.workload, &engine.domains[0].instance, &bench.error),
				 0);
		for (uint64_t i = 0; i < 50; i++) {
			/* Runs of 3, 5 and 6 pages, at 0, 4 and 10: only the first one has more than a page
			 * behind a multiple of 8. */
			request.request.count = 1 + (i * (way + 1) + way) % 9;
			request.request.constraints = i % 2 ? IOVA_CONSTRAIN_ALIGN : 0;
			request.request.align = 8;
			bool impossible = request.request.count > (i % 2 ? 3u : 6u);
			assert_int_equal(audit_space_classify(&space, &request, i % 2, &complaints, 0) == AUDIT_IMPOSSIBLE,
					 impossible);
		}
		audit_space_close(&space);
	}
	engine_close(&engine);
}

static void an_extent_outside_of_the_space_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_OUTSIDE);
	complains("operation 3 (3.00 us of device time): "
		  "request any (4 pages) was given [0x10, 0x14): lies outside of the space");
}

/* UINT64_MAX marks the handles of driver calls: it must not be taken for one. */
static void an_absurd_extent_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_ABSURD);
	complains("was given [0xffffffffffffffff, 0xfffffffffffffffe): lies outside of the space");
	assert_true(figure(METRIC_AUDIT_VIOLATIONS) == 1);
}

static void a_short_grant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_SHORT_GRANT);
	complains("operation 1 (1.00 us of device time): "
		  "request any (5 pages) was given [0x0, 0x4): fewer pages than requested");
}

static void an_empty_grant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_EMPTY_GRANT);
	complains("operation 1 (1.00 us of device time): 5 pages were granted as none at all");
}

static void a_misaligned_extent_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 4KiB}},"
	      " {name: natural, size: {fixed: 16KiB}, align: natural}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: natural}]}]\n",
	      FLAW_IGNORES_ALIGN);
	complains(", aligned to 4) was given [0x1, 0x5): not aligned");
	bench_close(&bench);
	/* Half of the alignment is none. */
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 8KiB}},"
	      " {name: natural, size: {fixed: 16KiB}, align: natural}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: natural}]}]\n",
	      FLAW_IGNORES_ALIGN);
	complains(", aligned to 4) was given [0x2, 0x6): not aligned");
}

static void a_fixed_alignment_is_not_replaced_by_a_natural_one(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 4KiB}},"
	      " {name: two, size: {fixed: 16KiB}, align: 8KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: two}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(METRIC_HIGH_WATER_PAGES) == 6); /* 0, then [2, 6) */
}

static void an_extent_above_its_limit_is_told(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: any, size: 28KiB}\n"
		      "      - {alloc: b, request: low, size: 8KiB}\n",
	      FLAW_IGNORES_LIMIT);
	complains("operation 2 (2.00 us of device time): "
		  "request low (2 pages, within [0x0, 0x7]) was given [0x7, 0x9): lies outside of the limits");
}

/* The page below the limit. */
static void an_extent_below_its_limit_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}},"
	      " {name: upper, size: {fixed: 4KiB}, low: 0x4000}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: upper}]}]\n",
	      FLAW_IGNORES_LIMIT);
	complains("was given [0x3, 0x4): lies outside of the limits");
}

/* Page 4 was given at the first try, which ends at page 3, though the second one would have allowed it. */
static void the_limit_is_that_of_the_try(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}},"
	      " {name: low, size: {fixed: 8KiB}, high: [0x3fff, 0x7fff]}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: low}]}]\n",
	      FLAW_IGNORES_LIMIT);
	complains("was given [0x3, 0x5): lies outside of the limits");
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
	assert_true(figure(METRIC_HIGH_WATER_PAGES) == 9);
}

static void a_crossed_boundary_is_told(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}, "
	      "boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: any}]}]\n",
	      FLAW_IGNORES_BOUNDARY);
	complains(", boundary 4) was given [0x3, 0x6): crosses the boundary");
	bench_close(&bench);
	/* With its last page only. */
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 12KiB}}, "
	      "{name: two, size: {fixed: 8KiB}, boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: two}]}]\n",
	      FLAW_IGNORES_BOUNDARY);
	complains(", boundary 4) was given [0x3, 0x5): crosses the boundary");
}

static void an_extent_that_ends_at_a_boundary_does_not_cross_it(void **state)
{
	(void)state;
	audit("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 16KiB}, "
	      "boundary: 16KiB}]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: any}]}]\n",
	      FLAW_NONE);
	assert_null(bench.record.message);
	assert_true(figure(METRIC_HIGH_WATER_PAGES) == 8);
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
	complains("operation 1 (1.00 us of device time): "
		  "live 5 + usable 0 + cached 0 + deferred 0 + reserved 0 pages are not the space of 16");
}

static void a_walk_that_shows_pages_twice_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_DOUBLE_VISIT);
	complains("operation 1 (1.00 us of device time): "
		  "live 5 + usable 22 + cached 0 + deferred 0 + reserved 0 pages are not the space of 16");
}

static void a_walk_with_an_empty_run_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_EMPTY_VISIT);
	complains("operation 1 (1.00 us of device time): the allocator calls [0x5, 0x5) free, which is not");
}

static void lying_statistics_are_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_LYING_STATISTICS);
	complains("operation 1 (1.00 us of device time): "
		  "statistics say 10 usable, 0 cached and 0 deferred pages, the walk finds 11, 0 and 0");
	bench_close(&bench);
	audit(THREE, FLAW_LYING_CACHED);
	complains("operation 1 (1.00 us of device time): "
		  "statistics say 11 usable, 1 cached and 0 deferred pages, the walk finds 11, 0 and 0");
	bench_close(&bench);
	audit(THREE, FLAW_LYING_DEFERRED);
	complains("operation 1 (1.00 us of device time): "
		  "statistics say 11 usable, 0 cached and 1 deferred pages, the walk finds 11, 0 and 0");
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
	assert_true(figure(METRIC_AUDIT_POLLS) == 1);
	assert_true(figure(METRIC_AUDIT_OPS) == 151);
}

static void a_poll_that_loses_pages_is_told(void **state)
{
	(void)state;
	audit(POLLED, FLAW_POLL_LOSES);
	complains("operation 100 (1.00 ms of device time): a poll turned 14 free pages into 13");
}

static void a_poll_that_frees_what_is_live_is_told(void **state)
{
	(void)state;
	audit(POLLED, FLAW_POLL_FREES);
	complains("operation 100 (1.00 ms of device time): a poll turned 14 free pages into 15");
	complains("operation 100 (1.00 ms of device time): the allocator calls [0x0, 0x1) free, which is not");
	bench_close(&bench);
	audit(POLLED, FLAW_POLL_MOVES);
	complains("the allocator calls [0x0, ");
}

static void a_broken_invariant_is_told(void **state)
{
	(void)state;
	audit(THREE, FLAW_BROKEN_INVARIANT);
	complains("operation 4 (4.00 us of device time): invariant of flawed does not hold: the sky is above");
}

static void every_phase_carries_all_violations(void **state)
{
	(void)state;
	audit(THREE "  - {name: drain, free: all}\n", FLAW_LOST_FREE);
	assert_true(bench_figure(&bench, 0, METRIC_AUDIT_VIOLATIONS) > 0);
	assert_true(bench_figure(&bench, 0, METRIC_AUDIT_VIOLATIONS) == bench_figure(&bench, 1, METRIC_AUDIT_VIOLATIONS));
}

static void only_the_first_complaints_are_kept_but_all_are_counted(void **state)
{
	(void)state;
	audit(HEAD "phases: [{name: only, script: [{repeat: 50, script: [{alloc: a, request: any}, {free: a}]}]}]\n",
	      FLAW_LYING_STATISTICS);
	assert_int_equal(bench.record.violation_count, AUDIT_COMPLAINTS_KEPT);
	assert_non_null(strstr(bench.record.message,
			       " wrong answers; the first: operation 1 (1.00 us of device time): statistics say "));
	assert_null(strchr(bench.record.message, '\n'));
	assert_true(figure(METRIC_AUDIT_VIOLATIONS) > 50);
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
		for (struct lack lack = {0}; lack_next(&lack);) {
			result_record_release(&bench.record);
			bench_record(&bench.record, 2, bench.stream.words);
			arena_reset(&bench.arena);
			bench.error = (struct error){0};
			lack_begins(&lack);
			int result = passes[pass](&bench.pass, &bench.error);
			bool failed = lack_ends(&lack);
			/* The map of the audit may do without; it complains then, which is no success either. */
			assert_true(!failed || result < 0 || bench.record.message);
			assert_true(result == 0 || bench.error.exit_code == EXIT_CODE_IO);
		}
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(an_overlap_is_told),
		A(a_double_free_is_told),
		A(whether_an_empty_space_could_hold_it_depends_on_nothing_before),
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
