/* SPDX-License-Identifier: MIT
 * Figures of recordings: of a small one by hand, of the shipped ones against what was published with them. */
#include "trace/recording_file.h"
#include "trace/stat.h"

#include "base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static struct recording recording;
static struct recording_stat figures;

static int teardown(void **state)
{
	(void)state;
	recording_release(&recording);
	return 0;
}

static void read_shipped(const char *path)
{
	struct error error = {0};
	if (recording_read(path, &recording, &error) || recording_stat(&recording, &figures, &error))
		fail_msg("%s", error.message);
}

static void assert_figures(uint64_t allocs, uint64_t frees, double mean, uint32_t max, uint64_t live, double live_mib)
{
	assert_int_equal(figures.allocs, allocs);
	assert_int_equal(figures.frees, frees);
	assert_true(fabs(figures.pages_mean - mean) <= 0.005);
	assert_int_equal(figures.pages_max, max);
	assert_int_equal(figures.peak_live, live);
	assert_true(fabs((double)figures.peak_live_pages / 256 - live_mib) <= 0.15);
	assert_int_equal(figures.cpus, 4);
	assert_int_equal(recording.slot_count, live);
	assert_int_equal(figures.ops, figures.allocs + figures.frees + figures.refused);
	assert_int_equal(figures.live_at_end, figures.allocs - figures.frees);
}

static void nvme_lazy_is_what_was_recorded(void **state)
{
	(void)state;
	read_shipped("workloads/traces/nvme.lazy.iovatrace");
	assert_figures(113150, 113137, 9.32, 32, 549, 20.5);
	assert_int_equal(figures.domains, 1);
	assert_true(fabs((double)figures.frees_other_cpu / (double)figures.frees - 0.65) < 0.005);
}

static void e1000e_is_what_was_recorded(void **state)
{
	(void)state;
	read_shipped("workloads/traces/e1000e.strict.iovatrace");
	assert_figures(115112, 114586, 1.38, 7, 631, 3.2);
	assert_int_equal(figures.domains, 2);
	assert_int_equal(figures.domain_allocs[0] + figures.domain_allocs[1], 115112);
}

static void gpu_is_what_was_recorded(void **state)
{
	(void)state;
	read_shipped("workloads/traces/gpu.strict.iovatrace");
	assert_figures(66013, 66010, 29.70, 16384, 2529, 2840);
}

static void gpu_was_refused_once_and_asked_for_the_full_range_from_then_on(void **state)
{
	(void)state;
	read_shipped("workloads/traces/gpu.strict.iovatrace");
	assert_int_equal(figures.retried, 1);
	assert_int_equal(figures.refused, 0);
	assert_int_equal(figures.refusals[0].pages, 8100);
	assert_int_equal(figures.refusals[0].live_pages / 256, 1615);
	assert_int_equal(recording.limits_count, 3);
	/* 53,724 with the retry */
	assert_int_equal(figures.limits_demands[2], 53723);
	assert_int_equal(recording.limits[2].high[0], 0xfffffffff);
	assert_int_equal(figures.limits_demands[1], 1);
	assert_int_equal(recording.limits[1].count, 2);
}

static void shipped_recordings_keep_their_hash(void **state)
{
	(void)state;
	read_shipped("workloads/traces/gpu.strict.iovatrace");
	assert_true(recording.hash == recording_hash(&recording));
}

static struct recording_op small_ops[] = {
	{.slot = 0, .count = 256, .cpu = 0},
	{.slot = 1, .count = 512, .cpu = 1, .domain = 1},
	{.slot = 2, .count = 1024, .limits = 1, .refused = 2},
	{.slot = 0, .cpu = 1},
	{.slot = 0, .count = 128, .limits = 1, .refused = 1},
	{.slot = 1, .cpu = 1, .domain = 1},
};

static struct recording small(void)
{
	return (struct recording){
		.ops = small_ops,
		.op_count = 6,
		.slot_count = 3,
		.cpus = 2,
		.domain_count = 2,
		.limits = {{.high = {0xff}, .count = 1}, {.high = {0xff, 0xffff}, .count = 2}},
		.limits_count = 2,
	};
}

static void figures_follow_the_operations(void **state)
{
	(void)state;
	struct recording made = small();
	assert_int_equal(recording_stat(&made, &figures, NULL), 0);
	assert_int_equal(figures.ops, 6);
	assert_int_equal(figures.allocs, 3);
	assert_int_equal(figures.frees, 2);
	assert_int_equal(figures.pages, 896);
	assert_int_equal(figures.pages_max, 512);
	assert_int_equal(figures.peak_live, 2);
	assert_int_equal(figures.peak_live_pages, 768);
	assert_int_equal(figures.live_at_end, 1);
	assert_int_equal(figures.live_pages_at_end, 128);
	assert_int_equal(figures.frees_other_cpu, 1);
	assert_int_equal(figures.retried, 1);
	assert_int_equal(figures.refused, 1);
	assert_int_equal(figures.domain_allocs[0], 2);
	assert_int_equal(figures.limits_demands[0], 2);
	assert_int_equal(figures.limits_demands[1], 2);
}

static void refusals_tell_what_was_live(void **state)
{
	(void)state;
	struct recording made = small();
	assert_int_equal(recording_stat(&made, &figures, NULL), 0);
	assert_int_equal(figures.refusal_count, 2);
	assert_int_equal(figures.refusals[0].op, 2);
	assert_int_equal(figures.refusals[0].live_pages, 768);
	assert_true(figures.refusals[0].altogether);
	assert_int_equal(figures.refusals[1].op, 4);
	assert_int_equal(figures.refusals[1].live_pages, 512);
	assert_false(figures.refusals[1].altogether);
}

static void table_is_aligned(void **state)
{
	(void)state;
	struct recording made = small();
	struct text text = {0};
	assert_int_equal(recording_stat(&made, &figures, NULL), 0);
	recording_stat_add(&figures, &made, "small", &text);
	assert_string_equal(text.bytes, "small\n"
					"  operations                            6\n"
					"  allocations                           3\n"
					"  frees                                 2\n"
					"  size, mean                       298.67 pages\n"
					"  size, largest                       512 pages\n"
					"  live at peak                          2 ranges\n"
					"  live at peak                        3.0 MiB\n"
					"  live at the end                       1 ranges\n"
					"  live at the end                     0.5 MiB\n"
					"  freed on another CPU               50.0 %\n"
					"  CPUs                                  2\n"
					"  domains                               2\n"
					"    0                                   2 allocations\n"
					"    1                                   1 allocations\n"
					"  lists of limits                       2\n"
					"    0xff                                2 demands\n"
					"    0xff, then 0xffff                   2 demands\n"
					"  retried with a wider limit            1\n"
					"  refused altogether                    1\n"
					"  op 2: 1024 pages refused at 3.0 MiB live, altogether\n"
					"  op 4: 128 pages refused at 2.0 MiB live, granted with a wider limit\n");
	text_release(&text);
}

static void json_has_units_in_its_names(void **state)
{
	(void)state;
	struct recording made = small();
	made.hash = 0x1234;
	struct text text = {0};
	assert_int_equal(recording_stat(&made, &figures, NULL), 0);
	assert_int_equal(recording_stat_add_json(&figures, &made, NULL, "a\"b", &text, NULL), 0);
	json_t *wanted = json_loads(
		"{\"schema\": \"iovabench.trace_stat/1\", \"name\": \"a\\\"b\", \"hash\": \"0x0000000000001234\", "
		"\"page_bytes\": 4096, \"ops\": 6, \"allocs\": 3, \"frees\": 2, \"allocated_pages\": 896, "
		"\"size_max_pages\": 512, \"peak_live\": 2, \"peak_live_pages\": 768, \"live_at_end\": 1, "
		"\"live_at_end_pages\": 128, \"frees_other_cpu\": 1, \"cpus\": 2, \"retried\": 1, \"refused\": 1, "
		"\"size_mean_pages\": 298.66666666666669, \"domains\": [{\"allocs\": 2}, {\"allocs\": 1}], "
		"\"limits\": [{\"high_pages\": [\"0xff\"], \"demands\": 2}, {\"high_pages\": [\"0xff\", \"0xffff\"], "
		"\"demands\": 2}], \"refusals\": [{\"op\": 2, \"pages\": 1024, \"live_pages\": 768, "
		"\"altogether\": true}, {\"op\": 4, \"pages\": 128, \"live_pages\": 512, \"altogether\": false}]}",
		0, NULL);
	json_t *written = json_loads(text.bytes, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(written);
	assert_true(json_equal(written, wanted));
	json_decref(written);
	json_decref(wanted);
	text_release(&text);
}

static void missing_memory_is_told(void **state)
{
	(void)state;
	struct recording made = small();
	struct error error = {0};
	memory_fail_after(0);
	int result = recording_stat(&made, &figures, &error);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(result, -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nvme_lazy_is_what_was_recorded),
		TEST(e1000e_is_what_was_recorded),
		TEST(gpu_is_what_was_recorded),
		TEST(gpu_was_refused_once_and_asked_for_the_full_range_from_then_on),
		TEST(shipped_recordings_keep_their_hash),
		TEST(figures_follow_the_operations),
		TEST(refusals_tell_what_was_live),
		TEST(table_is_aligned),
		TEST(json_has_units_in_its_names),
		TEST(missing_memory_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
