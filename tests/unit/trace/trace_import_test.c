/* SPDX-License-Identifier: MIT
 * Recordings of a few lines, written by hand, and the operations that they must become. */
#include "unit/trace/trace_import.h"

#include "base/memory.h"
#include "support/lack.h"
#include "trace/op_store.h"

static void combined_lines_are_an_allocation_and_its_free(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x10", "0xfffff", "0xffff0") FREE(OTHER_TASK, "0xa", "0xffff0", "0x10"),
		       "+0:16@1 -0@2");
	assert_int_equal(recording.cpus, 3);
	assert_int_equal(recording.slot_count, 1);
	assert_int_equal(recording.limits_count, 1);
	assert_int_equal(recording.limits[0].high[0], 0xfffff);
}

static void live_ranges_stay_live_at_the_end(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x1", "0xfffff", "0x5") ALLOC(TASK, "0xa", "0x2", "0xfffff", "0x6")
			       FREE(TASK, "0xa", "0x5", "0x1"),
		       "+0:1@1 +1:2@1 -0@1");
}

static void slots_are_taken_again_last_emptied_first(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x1", "0xff", "0x5") ALLOC(TASK, "0xa", "0x2", "0xff", "0x6")
			       FREE(TASK, "0xa", "0x5", "0x1") FREE(TASK, "0xa", "0x6", "0x2")
				       ALLOC(TASK, "0xa", "0x3", "0xff", "0x9"),
		       "+0:1@1 +1:2@1 -0@1 -1@1 +1:3@1");
	assert_int_equal(recording.slot_count, 2);
}

static void split_lines_pair_last_in_first_out(void **state)
{
	(void)state;
	/* An interrupt allocates 2 pages inside the call for 1 page of the task that it stopped. */
	assert_imports(CALL(TASK, "0xa", "0x1", "0xff") CALL(TASK, "0xb", "0x2", "0xff") RETURN(TASK, "0x5")
			       RETURN(TASK, "0x6") FREE(TASK, "0xb", "0x5", "0x2") FREE(TASK, "0xa", "0x6", "0x1"),
		       "+0:2@1d1 +1:1@1 -0@1d1 -1@1");
	assert_int_equal(report.resized_frees, 0);
}

static void split_lines_of_two_tasks_do_not_mix(void **state)
{
	(void)state;
	/* The task slept in its call and woke up on another CPU. */
	assert_imports(CALL("a-1 [000] .... 1.0: ", "0xa", "0x1", "0xff") CALL("b-2 [000] .... 1.0: ", "0xa", "0x2", "0xff")
			       RETURN("a-1 [001] .... 1.0: ", "0x5") RETURN("b-2 [000] .... 1.0: ", "0x6"),
		       "+0:1@1 +1:2@0");
}

static void split_lines_of_the_idle_task_pair_per_cpu(void **state)
{
	(void)state;
	assert_imports(CALL("<idle>-0 [000] .... 1.0: ", "0xa", "0x1", "0xff") CALL("<idle>-0 [001] .... 1.0: ", "0xa",
										    "0x2", "0xff")
			       RETURN("<idle>-0 [000] .... 1.0: ", "0x5") RETURN("<idle>-0 [001] .... 1.0: ", "0x6"),
		       "+0:1@0 +1:2@1");
}

static void halves_of_split_lines_are_counted(void **state)
{
	(void)state;
	assert_imports(RETURN(TASK, "0x5") CALL(OTHER_TASK, "0xa", "0x4", "0xff") CALL(TASK, "0xa", "0x1", "0xff")
			       RETURN(TASK, "0x6"),
		       "+0:1@1");
	assert_int_equal(report.headless_returns, 1);
	assert_int_equal(report.unfinished_calls, 1);
}

static void failed_attempt_and_its_retry_are_one_demand(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(TASK, "0xa", "0x8", "0xffff", "0x100")
			       FREE(TASK, "0xa", "0x100", "0x8"),
		       "+0:8@1r1 -0@1");
	assert_int_equal(recording.limits_count, 1);
	assert_int_equal(recording.limits[0].count, 2);
	assert_int_equal(recording.limits[0].high[0], 0xff);
	assert_int_equal(recording.limits[0].high[1], 0xffff);
	assert_int_equal(report.retries_merged, 1);
}

static void retry_is_merged_in_split_lines_too(void **state)
{
	(void)state;
	assert_imports(CALL(TASK, "0xa", "0x8", "0xff") RETURN(TASK, "0x0") CALL(TASK, "0xa", "0x8", "0xffff")
			       RETURN(TASK, "0x100"),
		       "+0:8@1r1");
}

static void merged_demand_stands_where_it_was_granted(void **state)
{
	(void)state;
	assert_imports(ALLOC(OTHER_TASK, "0xa", "0x1", "0xff", "0x5") ALLOC(TASK, "0xa", "0x8", "0xff", "0x0")
			       FREE(OTHER_TASK, "0xa", "0x5", "0x1") ALLOC(TASK, "0xa", "0x8", "0xffff", "0x100"),
		       "+0:1@2 -0@2 +0:8@1l1r1");
	assert_int_equal(recording.slot_count, 1);
}

static void demand_may_try_three_limits(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xf", "0x0") ALLOC(TASK, "0xa", "0x8", "0xff", "0x0")
			       ALLOC(TASK, "0xa", "0x8", "0xffff", "0x100"),
		       "+0:8@1r2");
	assert_int_equal(recording.limits[0].count, 3);
}

static void demand_refused_altogether_has_no_free_and_no_slot(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(TASK, "0xa", "0x8", "0xffff", "0x0")
			       ALLOC(TASK, "0xa", "0x1", "0xff", "0x5") FREE(TASK, "0xa", "0x5", "0x1"),
		       "+0:8@1l1r2 +0:1@1 -0@1");
	assert_int_equal(report.refused_demands, 1);
	assert_int_equal(recording.slot_count, 1);
}

static void refused_demand_names_an_empty_slot_while_others_are_live(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x1", "0xff", "0x5") ALLOC(TASK, "0xa", "0x8", "0xff", "0x0"),
		       "+0:1@1 +1:8@1r1");
	assert_int_equal(recording.slot_count, 2);
}

static void attempt_of_another_size_is_no_retry(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(TASK, "0xa", "0x4", "0xffff", "0x100"),
		       "+0:8@1r1 +0:4@1l1");
}

static void attempt_with_the_same_limit_is_no_retry(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(TASK, "0xa", "0x8", "0xff", "0x10"),
		       "+0:8@1r1 +0:8@1");
}

static void attempt_of_another_task_is_no_retry(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(OTHER_TASK, "0xa", "0x8", "0xffff", "0x100"),
		       "+0:8@1r1 +0:8@2l1");
}

static void attempt_for_another_domain_is_no_retry_and_hides_none(void **state)
{
	(void)state;
	/* An interrupt serves another device between the attempt and its retry. */
	assert_imports(ALLOC(TASK, "0xa", "0x8", "0xff", "0x0") ALLOC(TASK, "0xb", "0x8", "0xffff", "0x100")
			       ALLOC(TASK, "0xa", "0x8", "0xffff", "0x100"),
		       "+0:8@1d1 +1:8@1l1r1");
}

static void domains_are_numbered_as_they_appear(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xff2ddadab9bc4808", "0x1", "0xff", "0x5") ALLOC(TASK, "0xa", "0x1", "0xff", "0x5")
			       FREE(TASK, "0xa", "0x5", "0x1") FREE(TASK, "0xff2ddadab9bc4808", "0x5", "0x1"),
		       "+0:1@1 +1:1@1d1 -1@1d1 -0@1");
	assert_int_equal(recording.domain_count, 2);
}

static const char two_domains[] = ALLOC(TASK, "0xb", "0x1", "0xff", "0x5") ALLOC(TASK, "0xa", "0x2", "0xff", "0x5")
	FREE(TASK, "0xb", "0x5", "0x1") FREE(TASK, "0xa", "0x5", "0x2");

static void one_domain_can_be_chosen(void **state)
{
	(void)state;
	assert_int_equal(import_bytes(two_domains, sizeof two_domains - 1, 1), 0);
	assert_ops("+0:2@1 -0@1");
	assert_int_equal(recording.domain_count, 1);
	assert_int_equal(report.domains, 2);
	assert_int_equal(report.foreign_frees, 0);
}

static void domain_that_is_not_there_is_refused(void **state)
{
	(void)state;
	assert_int_equal(import_bytes(two_domains, sizeof two_domains - 1, 2), -1);
	assert_non_null(strstr(error.message, "domain 2 is not in it: it has 2, counted from 0"));
}

static void add_domains(struct text *text, unsigned count)
{
	for (unsigned i = 1; i <= count; i++)
		text_add(text, TASK "allocret: (x <- y) dom=0x%x size=0x1 limit=0xff flush=0 ret=0x5\n", i);
}

static void more_domains_than_a_recording_holds_are_refused_unless_one_is_chosen(void **state)
{
	(void)state;
	struct text text = {0};
	add_domains(&text, 65);
	assert_refuses(text.bytes, ":65: more than 64 domains, the most that a recording holds: choose one with --domain");
	assert_int_equal(import_bytes(text.bytes, text.length, 64), 0);
	assert_ops("+0:1@1");
	text_release(&text);
}

static void frees_of_older_ranges_are_counted(void **state)
{
	(void)state;
	assert_imports(FREE(TASK, "0xa", "0x5", "0x1") ALLOC(TASK, "0xa", "0x1", "0xff", "0x5")
			       FREE(TASK, "0xa", "0x7", "0x1"),
		       "+0:1@1");
	assert_int_equal(report.foreign_frees, 2);
}

static void allocation_decides_on_the_size_of_a_free(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x3", "0xff", "0x8") FREE(TASK, "0xa", "0x8", "0x4"), "+0:3@1 -0@1");
	assert_int_equal(report.resized_frees, 1);
}

static void range_handed_out_twice_was_freed_between(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x3", "0xff", "0x8") ALLOC(OTHER_TASK, "0xa", "0x1", "0xff", "0x8"),
		       "+0:3@1 -0@2 +0:1@2");
	assert_int_equal(report.lost_frees, 1);
}

static void unmap_bounds_the_range_of_several_maps(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x0000000000010000", "0x0000000000012000", "8192")
			       MAP(TASK, "0x0000000000012000", "0x0000000000013000", "4096")
				       UNMAP(OTHER_TASK, "0x0000000000010000", "0x0000000000013000", "12288"),
		       "+0:3@1 -0@2");
	assert_true(report.from_maps);
	assert_int_equal(report.joined_maps, 1);
	assert_int_equal(recording.limits[0].high[0], WORKLOAD_PAGES_MAX - 1);
}

static void unmap_covers_maps_behind_a_very_large_one(void **state)
{
	(void)state;
	/* 1 GiB, then a page; the page's own start can be mapped again without a collision. */
	assert_imports(MAP(TASK, "0x40000000", "0x80000000", "1073741824") MAP(TASK, "0x80000000", "0x80001000", "4096")
			       UNMAP(TASK, "0x40000000", "0x80001000", "1073745920")
				       MAP(TASK, "0x80000000", "0x80001000", "4096"),
		       "+0:262145@1 -0@1 +0:1@1");
	assert_int_equal(report.colliding_maps, 0);
	assert_int_equal(report.joined_maps, 1);
}

static void adjacent_ranges_that_are_unmapped_apart_are_two(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x12000", "8192") MAP(TASK, "0x12000", "0x13000", "4096")
			       UNMAP(TASK, "0x12000", "0x13000", "4096") UNMAP(TASK, "0x10000", "0x12000", "8192"),
		       "+0:2@1 +1:1@1 -1@1 -0@1");
	assert_int_equal(report.joined_maps, 0);
}

static void maps_that_are_never_unmapped_join_if_adjacent_and_of_one_task(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x12000", "8192") MAP(OTHER_TASK, "0x12000", "0x13000", "4096")
			       MAP(TASK, "0x12000", "0x13000", "4096") MAP(TASK, "0x20000", "0x21000", "4096")
				       MAP(TASK, "0x21000", "0x22000", "4096"),
		       "+0:2@1 +1:1@2 +2:2@1");
}

static void range_can_be_mapped_again_after_its_unmap(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x12000", "8192") UNMAP(TASK, "0x10000", "0x12000", "8192")
			       MAP(TASK, "0x10000", "0x11000", "4096") UNMAP(TASK, "0x10000", "0x11000", "4096"),
		       "+0:2@1 -0@1 +0:1@1 -0@1");
	assert_int_equal(report.colliding_maps, 0);
}

static void start_that_is_mapped_already_is_a_collision(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x11000", "4096") MAP(OTHER_TASK, "0x10000", "0x11000", "4096")
			       UNMAP(TASK, "0x10000", "0x11000", "4096") MAP(TASK, "0x10000", "0x11000", "4096")
				       UNMAP(TASK, "0x10000", "0x11000", "4096") UNMAP(TASK, "0x10000", "0x11000", "4096"),
		       "+0:1@1 -0@1 +0:1@1 -0@1");
	assert_int_equal(report.maps, 3);
	assert_int_equal(report.colliding_maps, 2);
	assert_int_equal(report.foreign_unmaps, 1);
}

static void unmap_of_an_older_range_is_counted(void **state)
{
	(void)state;
	assert_imports(UNMAP(TASK, "0x10000", "0x11000", "4096") MAP(TASK, "0x10000", "0x11000", "4096"), "+0:1@1");
	assert_int_equal(report.foreign_unmaps, 1);
}

static void probes_make_maps_superfluous(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x11000", "4096") ALLOC(TASK, "0xa", "0x2", "0xff", "0x5")
			       MAP(TASK, "0x5000", "0x7000", "8192"),
		       "+0:2@1");
	assert_false(report.from_maps);
	assert_int_equal(report.used_events, 1);
}

static void fail_every_request(const char *lines)
{
	assert_int_equal(import_bytes(lines, strlen(lines), OWNERS_ALL), 0);
	uint64_t hash = recording.hash;
	for (struct lack lack = {.least = 8}; lack_next(&lack);) {
		lack_begins(&lack);
		int result = import_bytes(lines, strlen(lines), OWNERS_ALL);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		if (!failed)
			continue;
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
		assert_non_null(strstr(error.message, "no memory"));
		assert_null(recording.ops);
	}
	assert_true(recording.hash == hash);
}

/* Operations beyond a few lie in a file; what comes out is the same. */
static void a_long_recording_is_put_together_in_a_file(void **state)
{
	(void)state;
	struct text text = {0};
	for (unsigned i = 1; i <= 40; i++)
		text_add(&text, TASK "allocret: (x <- y) dom=0xa size=0x1 limit=0x%x flush=0 ret=0x%x\n",
			 i == 7 ? 0xfff : 0xffff, i);
	for (unsigned i = 40; i > 1; i -= 3)
		text_add(&text, FREE(TASK, "0xa", "0x%x", "0x1"), i);
	assert_int_equal(import_bytes(text.bytes, text.length, OWNERS_ALL), 0);
	struct text whole = {0};
	for (size_t i = 0; i < recording.op_count; i++)
		add_op(&whole, &recording.ops[i]);
	uint64_t hash = recording.hash;
	assert_int_equal(recording.ops_mapped_bytes, 0);
	size_t before = op_store_memory_ops;
	op_store_memory_ops = 5;
	int result = import_bytes(text.bytes, text.length, OWNERS_ALL);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	struct recording kept = recording;
	recording.ops = NULL;
	recording.ops_mapped_bytes = 0;
	int refused = import_bytes(text.bytes, text.length, OWNERS_ALL);
	unsetenv("TMPDIR");
	op_store_memory_ops = before;
	recording = kept;
	assert_int_equal(result, 0);
	assert_int_equal(refused, -1);
	assert_non_null(strstr(error.message, "TMPDIR"));
	assert_true(recording.ops_mapped_bytes > 0);
	assert_true(recording.hash == hash);
	assert_ops(whole.bytes);
	text_release(&whole);
	text_release(&text);
}

static void import_text(const char *text)
{
	assert_int_equal(import_bytes(text, strlen(text), OWNERS_ALL), 0);
}

static uint64_t fact(enum recording_fact which)
{
	return recording.facts[which];
}

/* [0x200, 0x201) and [0x5ff, 0x601): three leaf tables, one table each above them; the first range goes. */
static void the_kernels_span_and_page_tables_are_kept(void **state)
{
	(void)state;
	import_text(ALLOC(TASK, "0xa", "0x1", "0xffff", "0x200") ALLOC(TASK, "0xa", "0x2", "0xffff", "0x5ff")
			    FREE(TASK, "0xa", "0x200", "0x1"));
	assert_int_equal(fact(RECORDING_KERNEL_SPAN), 0x401);
	assert_int_equal(fact(RECORDING_KERNEL_TABLES), 2 + 3);
	assert_int_equal(fact(RECORDING_KERNEL_TABLES_EVER), 3 + 3);
	/* Nothing lives at the end: the fullest moment speaks for it. */
	import_text(ALLOC(TASK, "0xa", "0x1", "0xffff", "0x200") ALLOC(TASK, "0xa", "0x2", "0xffff", "0x5ff")
			    FREE(TASK, "0xa", "0x200", "0x1") FREE(TASK, "0xa", "0x5ff", "0x2"));
	assert_int_equal(fact(RECORDING_KERNEL_TABLES), 3 + 3);
	/* The same from map and unmap, one of them in parts. */
	import_text(MAP(TASK, "0x200000", "0x201000", "4096") MAP(TASK, "0x5ff000", "0x601000", "8192")
			    UNMAP(TASK, "0x5ff000", "0x600000", "4096") UNMAP(TASK, "0x200000", "0x201000", "4096"));
	assert_int_equal(fact(RECORDING_KERNEL_SPAN), 0x401);
	assert_int_equal(fact(RECORDING_KERNEL_TABLES), 1 + 3);
	assert_int_equal(fact(RECORDING_KERNEL_TABLES_EVER), 3 + 3);
	/* A range inside of one that lives: a free is missing, and no table is told. */
	import_text(ALLOC(TASK, "0xa", "0x8", "0xffff", "0x200") ALLOC(TASK, "0xa", "0x2", "0xffff", "0x202"));
	assert_int_equal(fact(RECORDING_KERNEL_OVERLAPS), 1);
	assert_int_equal(fact(RECORDING_KERNEL_TABLES_EVER), 0);
	assert_int_equal(fact(RECORDING_KERNEL_SPAN), 8);
}

static void every_memory_request_may_fail(void **state)
{
	(void)state;
	struct text text = {0};
	add_domains(&text, 40);
	text_add(&text, CALL(TASK, "0xa", "0x1", "0xff") ALLOC(TASK, "0xa", "0x9", "0xff", "0x0") RETURN(TASK, "0x77"));
	fail_every_request(text.bytes);
	text.length = 0;
	for (unsigned i = 0; i < 40; i++)
		text_add(&text, TASK "map: IOMMU: iova=0x%x000 - 0x%x000 size=4096\n", 2 * i + 1, 2 * i + 2);
	text_add(&text, UNMAP(TASK, "0x1000", "0x2000", "4096"));
	fail_every_request(text.bytes);
	text_release(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(combined_lines_are_an_allocation_and_its_free),
		TEST(live_ranges_stay_live_at_the_end),
		TEST(slots_are_taken_again_last_emptied_first),
		TEST(split_lines_pair_last_in_first_out),
		TEST(split_lines_of_two_tasks_do_not_mix),
		TEST(split_lines_of_the_idle_task_pair_per_cpu),
		TEST(halves_of_split_lines_are_counted),
		TEST(failed_attempt_and_its_retry_are_one_demand),
		TEST(retry_is_merged_in_split_lines_too),
		TEST(merged_demand_stands_where_it_was_granted),
		TEST(demand_may_try_three_limits),
		TEST(demand_refused_altogether_has_no_free_and_no_slot),
		TEST(refused_demand_names_an_empty_slot_while_others_are_live),
		TEST(attempt_of_another_size_is_no_retry),
		TEST(attempt_with_the_same_limit_is_no_retry),
		TEST(attempt_of_another_task_is_no_retry),
		TEST(attempt_for_another_domain_is_no_retry_and_hides_none),
		TEST(domains_are_numbered_as_they_appear),
		TEST(one_domain_can_be_chosen),
		TEST(domain_that_is_not_there_is_refused),
		TEST(more_domains_than_a_recording_holds_are_refused_unless_one_is_chosen),
		TEST(frees_of_older_ranges_are_counted),
		TEST(allocation_decides_on_the_size_of_a_free),
		TEST(range_handed_out_twice_was_freed_between),
		TEST(unmap_bounds_the_range_of_several_maps),
		TEST(unmap_covers_maps_behind_a_very_large_one),
		TEST(adjacent_ranges_that_are_unmapped_apart_are_two),
		TEST(maps_that_are_never_unmapped_join_if_adjacent_and_of_one_task),
		TEST(range_can_be_mapped_again_after_its_unmap),
		TEST(start_that_is_mapped_already_is_a_collision),
		TEST(unmap_of_an_older_range_is_counted),
		TEST(probes_make_maps_superfluous),
		TEST(a_long_recording_is_put_together_in_a_file),
		TEST(the_kernels_span_and_page_tables_are_kept),
		TEST(every_memory_request_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
