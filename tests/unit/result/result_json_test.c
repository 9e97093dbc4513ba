/* SPDX-License-Identifier: MIT
 * result.json: the keys that other programs read, and that nothing is lost on the way back. */
#include "base/file.h"
#include "base/memory.h"
#include "base/json.h"
#include "result/result.h"
#include "support/result_fixture.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct fixture_size small = {6, 4, 8};

static struct text written(void)
{
	struct result result;
	struct text json = {0};
	fixture_result(&result, small);
	assert_int_equal(result_write(&result, &json, NULL), 0);
	result_release(&result);
	return json;
}

/* The value at a path of keys and indices, for example "arms.5.failures.first.op". */
static json_t *at(json_t *json, const char *path)
{
	while (*path && json) {
		char key[64];
		size_t length = strcspn(path, "/");
		snprintf(key, sizeof key, "%.*s", (int)length, path);
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10)) : json_object_get(json, key);
		path += length + (path[length] == '/');
	}
	return json;
}

static json_t *document;

static int load(void **state)
{
	(void)state;
	struct text json = written();
	document = json_loadb(json.bytes, json.length, JSON_REJECT_DUPLICATES, NULL);
	text_release(&json);
	return document ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(document);
	return 0;
}

static void reading_gives_what_was_written(void **state)
{
	(void)state;
	struct text json = written(), again = {0};
	struct result result;
	struct error error = {0};
	assert_int_equal(result_read(json.bytes, json.length, &result, &error), 0);
	assert_int_equal(result_write(&result, &again, NULL), 0);
	assert_string_equal(json.bytes, again.bytes);
	assert_int_equal(result.workloads[2].stream_hash, 0x1236);
	assert_int_equal(result.workloads[2].interference_data_bytes, 262144);
	assert_int_equal(result.workloads[2].interference_code_bytes, 65536);
	assert_string_equal(result.machine.warnings, "a hypervisor is present: other guests share this machine\n"
						     "the CPU frequency governor is unknown");
	assert_int_equal(result.arms[0].maps[0].rows, 4);
	/* The first is of an older version, without planes. */
	assert_null(result.arms[0].maps[0].free_runs);
	assert_false(result.arms[0].failures_known);
	assert_int_equal(result.arms[0].heat.column_count, 0);
	assert_non_null(result.arms[1].maps[0].free_runs);
	assert_int_equal(result.arms[1].maps[0].request_count, 2);
	assert_true(result.arms[1].failures_known && result.arms[1].failure_count == 2);
	assert_int_equal(result.arms[1].heat.edge_count, 21);
	assert_int_equal(result.arms[6].domain_count, 2);
	assert_string_equal(result.arms[5].rate, "1000000:poisson");
	assert_null(result.arms[4].rate);
	assert_int_equal(result.machine.cache_bytes[RESULT_CACHE_L2], 2 << 20);
	assert_int_equal(result.machine.cache_bytes[RESULT_CACHE_L3], 0);
	assert_true(result.machine.before.load_1min == 0.5 && result.machine.before.core_ghz == 3.5);
	assert_true(result.machine.after.steal_ms == 1500 && isnan(result.machine.after.core_ghz));
	assert_int_equal(result.arms[0].phases[1].ageing, RESULT_AGEING_WARM_UP);
	assert_int_equal(result.arms[1].phases[1].ageing, RESULT_AGEING_UNKNOWN);
	assert_true(result.arms[0].phases[1].ageing_low == 0.25 && result.arms[0].phases[1].ageing_high == 0.75);
	assert_true(result.arms[0].phases[1].growth_known && !result.arms[1].phases[1].growth_known);
	assert_int_equal(result.arms[0].phases[1].growing,
			 1u << RESULT_SERIES_SPAN_PAGES | 1u << RESULT_SERIES_UNUSABLE_2MIB);
	result_release(&result);
	text_release(&json);
	text_release(&again);
}

static void the_keys_of_the_interface_are_there(void **state)
{
	(void)state;
	static const char *const paths[] = {"schema",
					    "run/id",
					    "run/started",
					    "run/command",
					    "run/partial",
					    "machine/cpu",
					    "machine/kernel",
					    "machine/tsc_hz",
					    "machine/timer_step_ns",
					    "machine/timer_pair_ns",
					    "build/version",
					    "build/git",
					    "build/compiler",
					    "build/flags",
					    "workloads/0/name",
					    "workloads/0/file",
					    "workloads/0/hash",
					    "workloads/0/stream_hash_reason",
					    "workloads/1/stream_hash",
					    "workloads/0/seed",
					    "workloads/0/ops",
					    "workloads/0/expanded/space/size",
					    "arms/0/workload",
					    "arms/0/allocator",
					    "arms/0/spec",
					    "arms/0/threads",
					    "arms/0/lock",
					    "arms/0/rate",
					    "arms/0/sweep",
					    "arms/0/throughput/raw_ns_per_op",
					    "arms/5/throughput/net_ns_per_op_reason",
					    "arms/0/latency/alloc/p9999_ns",
					    "arms/0/latency/free/max_ns",
					    "arms/0/latency/alloc/resolution_ns",
					    "arms/0/latency/alloc/max_taint",
					    "arms/0/latency/alloc/max_clean_ns",
					    "arms/0/latency/free/max_taint_reason",
					    "arms/0/latency/alloc/over_processes/p50_ns/ci_low_ns",
					    "arms/0/latency/alloc/over_processes/p90_ns/ci_low_ns_reason",
					    "arms/0/latency/alloc/over_processes/p99_ns_reason",
					    "arms/0/latency_classes/1/over_processes/p50_ns/median_ns",
					    "arms/0/latency_classes/1/max_clean_ns_reason",
					    "arms/0/worst_samples/0/steps",
					    "arms/0/worst_samples/1/steps_reason",
					    "arms/0/worst_samples/1/request_reason",
					    "arms/0/phases/1/latency_classes/0/name",
					    "arms/1/latency_classes_reason",
					    "arms/1/worst_samples_reason",
					    "arms/5/failures/first/op",
					    "arms/5/failures/first/occupancy",
					    "arms/0/failures/first_reason",
					    "arms/0/space/span_pages",
					    "arms/0/fragmentation/unusable_2mib",
					    "arms/0/steps/alloc_mean",
					    "arms/0/metadata_bytes",
					    "arms/0/ageing/class",
					    "arms/0/ageing/ci_low",
					    "arms/0/ageing/growing/1",
					    "arms/1/ageing/growing_reason",
					    "arms/0/ageing/first_to_last_decile",
					    "arms/0/ageing/slope_ns_per_million_ops",
					    "arms/0/open_loop/saturated",
					    "arms/0/counters/cycles_per_op",
					    "arms/0/core_ghz",
					    "machine/cache_bytes/l2",
					    "machine/cache_bytes/l3_reason",
					    "machine/before/load_1min",
					    "machine/after/core_ghz",
					    "arms/0/audit/ops",
					    "arms/0/audit/violations",
					    "arms/0/audit/placement_hash",
					    "arms/0/tainted_share",
					    "arms/0/phases/1/throughput/raw_ns_per_op",
					    "arms/6/domains/1/name",
					    "arms/0/series",
					    "arms/0/histograms",
					    "arms/0/series_table/columns/18",
					    "arms/0/address_maps/0/cells/3",
					    "arms/0/latency_heat_reason",
					    "arms/0/failures_by_request_reason",
					    "arms/0/phases/1/throughput/cells_reason",
					    "arms/1/address_maps/0/planes/live/0",
					    "arms/1/address_maps/0/planes/request/0",
					    "arms/1/address_maps/0/free_runs/3",
					    "arms/1/latency_heat/samples/0",
					    "arms/1/failures_by_request/1/failures/1",
					    "comparisons/0/verdict",
					    "comparisons/0/ratio",
					    "comparisons/0/ci_low",
					    "comparisons/0/ci_high",
					    "comparisons/1/ci_high_reason",
					    "arms/0/throughput/round_ns_per_op",
					    "expectations/1/met",
					    "expectations/1/got",
					    "expectations/1/wanted",
					    "expectations/1/metric"};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (!at(document, paths[i]))
			fail_msg("%s is missing", paths[i]);
}

static void every_metric_stands_at_its_path_in_arm_and_phase(void **state)
{
	(void)state;
	static const char *const parents[] = {"arms/5/", "arms/5/phases/1/"};
	for (size_t i = 0; i < 2; i++) {
		for (int metric = 0; metric < METRIC_COUNT; metric++) {
			char path[128], reason[160];
			snprintf(path, sizeof path, "%s%s", parents[i], metric_table[metric].path);
			for (char *dot = strchr(path, '.'); dot; dot = strchr(dot, '.'))
				*dot = '/';
			snprintf(reason, sizeof reason, "%s_reason", path);
			assert_non_null(at(document, path));
			assert_true(json_is_null(at(document, path)) == !!at(document, reason));
		}
	}
}

static void a_null_says_why(void **state)
{
	(void)state;
	assert_true(json_is_null(at(document, "arms/5/throughput/net_ns_per_op")));
	assert_string_equal(json_string_value(at(document, "arms/5/throughput/net_ns_per_op_reason")),
			    result_reason_text[RESULT_REASON_FAILURES]);
	assert_true(json_is_null(at(document, "arms/0/failures/first")));
	assert_string_equal(json_string_value(at(document, "arms/0/failures/first_reason")), "nothing failed");
	assert_true(json_is_null(at(document, "workloads/0/stream_hash")));
}

/* What an older version wrote. */
static void results_without_classes_and_taints_are_read(void **state)
{
	static const char *const newer[] = {"max_taint", "max_clean_ns", "over_processes"};
	struct result result;
	struct error error = {0};
	(void)state;
	json_t *old = json_deep_copy(document), *phase = at(old, "arms/0/phases/1");
	json_t *latency = at(phase, "latency/alloc");
	for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++)
		assert_int_equal(json_object_del(latency, newer[i]), 0);
	assert_int_equal(json_object_del(phase, "latency_classes"), 0);
	assert_int_equal(json_object_del(phase, "worst_samples"), 0);
	assert_int_equal(json_object_del(old, "digest"), 0);
	char *text = json_dumps(old, 0);
	if (result_read(text, strlen(text), &result, &error) < 0)
		fail_msg("%s", error.message);
	const struct result_phase *read = &result.arms[0].phases[1];
	assert_false(read->has_classes);
	assert_int_equal(read->class_count + read->worst_count, 0);
	assert_int_equal(read->latency[METRIC_KIND_ALLOC].max_taint, RESULT_TAINT_UNKNOWN);
	assert_true(isnan(read->latency[METRIC_KIND_ALLOC].max_clean_ns));
	assert_true(isnan(read->latency[METRIC_KIND_ALLOC].over_processes[0].median_ns));
	struct text again = {0};
	assert_int_equal(result_write(&result, &again, NULL), 0);
	assert_non_null(strstr(again.bytes, "\"max_taint_reason\": \"nobody looked\""));
	text_release(&again);
	result_release(&result);
	memory_release(text);
	json_decref(old);
}

/* As it was called before there was CPU time. */
static void the_older_name_of_clean_times_is_read(void **state)
{
	struct result result;
	struct error error = {0};
	(void)state;
	json_t *old = json_deep_copy(document), *throughput = at(old, "arms/0/phases/1/throughput");
	double clean_ns = json_number_value(at(throughput, "clean_ns_per_op"));
	assert_true(clean_ns > 0);
	json_object_set(throughput, "untainted_ns_per_op", at(throughput, "clean_ns_per_op"));
	json_object_del(throughput, "clean_ns_per_op");
	json_object_del(throughput, "cpu_ns_per_op");
	json_object_del(old, "digest");
	char *text = json_dumps(old, 0);
	if (result_read(text, strlen(text), &result, &error) < 0)
		fail_msg("%s", error.message);
	const struct result_figures *read = &result.arms[0].phases[1].figures;
	assert_true(read->value[METRIC_CLEAN_NS_PER_OP] == clean_ns);
	assert_true(isnan(read->value[METRIC_CPU_NS_PER_OP]));
	result_release(&result);
	memory_release(text);
	json_decref(old);
}

/* As they were counted before there was largest_servable_pages: no figure of today is held against them. */
static void free_runs_of_an_older_version_are_no_figures(void **state)
{
	struct result result;
	struct error error = {0};
	(void)state;
	json_t *old = json_deep_copy(document), *fragmentation = at(old, "arms/0/phases/1/fragmentation");
	assert_true(json_number_value(at(fragmentation, "free_extents")) > 0);
	json_object_set_new(fragmentation, "largest_free_pages", json_real(467968));
	json_object_set_new(fragmentation, "outside_largest", json_real(0.25));
	json_object_del(fragmentation, "largest_servable_pages");
	json_object_del(old, "digest");
	char *text = json_dumps(old, 0);
	if (result_read(text, strlen(text), &result, &error) < 0)
		fail_msg("%s", error.message);
	const struct result_figures *read = &result.arms[0].phases[1].figures;
	static const enum metric gone[] = {METRIC_FREE_EXTENTS, METRIC_LARGEST_FREE_PAGES, METRIC_OUTSIDE_LARGEST};
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
		assert_true(isnan(read->value[gone[i]]));
		assert_int_equal(read->reason[gone[i]], RESULT_REASON_PIECES);
	}
	result_release(&result);
	memory_release(text);
	json_decref(old);
}

static void hashes_are_hex_strings(void **state)
{
	(void)state;
	assert_string_equal(json_string_value(at(document, "workloads/1/hash")), "0x8badf00d00000001");
	assert_string_equal(json_string_value(at(document, "arms/0/audit/placement_hash")), "0x000000000000abcd");
}

static void an_arm_that_cannot_play_says_so(void **state)
{
	(void)state;
	assert_string_equal(json_string_value(at(document, "arms/7/state")), "n/a");
	assert_non_null(strstr(json_string_value(at(document, "arms/7/reason")), "boundary"));
	assert_true(json_is_null(at(document, "arms/7/throughput/raw_ns_per_op")));
	assert_string_equal(json_string_value(at(document, "arms/8/state")), "failed");
}

static void arms_are_named_by_files_that_differ(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	memory_release(result.arms[1].spec);
	memory_release(result.arms[2].spec);
	result.arms[1].spec = memory_text("a/../b:c");
	result.arms[2].spec = memory_text("a/../b_c");
	struct text *names = result_hlog_names(&result);
	assert_non_null(names);
	assert_string_equal(names[0].bytes, "gpu-paging-buddy.hlog");
	assert_string_equal(names[1].bytes, "gpu-paging-a_.._b_c~1.hlog");
	assert_string_equal(names[2].bytes, "gpu-paging-a_.._b_c~2.hlog");
	result_release_hlog_names(names, result.arm_count);
	result_release(&result);
}

/* Long ones that begin alike, twice the same, and one that has the look of what was shortened. */
/* As many as a run of many arms and rounds has. */
static void a_million_of_anything_is_read(void **state)
{
	(void)state;
	enum { MANY = 1100000 };
	struct result result, read;
	struct text json = {0};
	struct error error = {0};
	fixture_result(&result, small);
	struct result_phase *phase = &result.arms[0].phases[0];
	memory_release(phase->round_ns_per_op);
	phase->round_ns_per_op = memory_zeroed(MANY, sizeof phase->round_ns_per_op[0]);
	phase->round_count = MANY;
	assert_int_equal(result_write(&result, &json, &error), 0);
	assert_int_equal(result_read(json.bytes, json.length, &read, &error), 0);
	assert_int_equal(read.arms[0].phases[0].round_count, MANY);
	text_release(&json);
	result_release(&result);
	result_release(&read);
}

static void long_names_are_short_files_that_differ(void **state)
{
	(void)state;
	struct result result;
	char spec[1000];
	fixture_result(&result, small);
	assert_true(result.arm_count >= 6);
	for (size_t i = 0; i < 5; i++) {
		memset(spec, 'x', sizeof spec);
		snprintf(spec + 900, sizeof spec - 900, "%zu", i == 4 ? 3 : i);
		memory_release(result.arms[i].spec);
		result.arms[i].spec = memory_text(spec);
	}
	struct text *names = result_hlog_names(&result);
	assert_non_null(names);
	memory_release(result.arms[5].spec);
	result.arms[5].spec = memory_text(names[0].bytes + strlen("gpu-paging-"));
	result.arms[5].spec[strlen(result.arms[5].spec) - strlen(".hlog")] = '\0';
	struct text *again = result_hlog_names(&result);
	assert_non_null(again);
	for (size_t i = 0; i < result.arm_count; i++) {
		assert_in_range(again[i].length, 1, RESULT_FILE_NAME_MAX);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(again[i].bytes, again[j].bytes);
		assert_true(i == 5 || strcmp(names[i].bytes, again[i].bytes) == 0); /* each is named by itself */
	}
	assert_non_null(strstr(again[3].bytes, "~3.hlog"));
	result_release_hlog_names(names, result.arm_count);
	result_release_hlog_names(again, result.arm_count);
	result_release(&result);
}

static bool figure(const struct result_arm *arm, const char *path, double *value)
{
	int metric = metric_find(path);
	if (metric >= 0)
		*value = result_arm_figure(arm, metric);
	return metric >= 0;
}

static void figures_are_found_by_their_path(void **state)
{
	(void)state;
	struct result result;
	double value;
	fixture_result(&result, small);
	assert_true(figure(&result.arms[5], "failures.fragmented", &value) && value == 28);
	assert_true(figure(&result.arms[0], "latency.alloc.p50_ns", &value));
	assert_true(value == result.arms[0].phases[1].latency[METRIC_KIND_ALLOC].p50_ns);
	assert_true(figure(&result.arms[0], "latency.contiguous.alloc.count", &value) && value == 0);
	assert_true(figure(&result.arms[0], "latency.contiguous.alloc.p99_ns", &value) && isnan(value));
	assert_true(figure(&result.arms[7], "space.span_pages", &value) && isnan(value));
	assert_true(figure(&result.arms[7], "latency.free.max_ns", &value) && isnan(value));
	assert_false(figure(&result.arms[0], "latency.alloc.p51_ns", &value));
	assert_false(figure(&result.arms[0], "latency.alloc", &value));
	assert_false(figure(&result.arms[0], "failures", &value));
	result_release(&result);
}

/* Ten samples: 1, 2, … 10 ns. The point at p has at least p % of them at or below it. */
static void a_curve_goes_through_the_samples(void **state)
{
	(void)state;
	uint64_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, samples[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct result_latency latency = {.count = 10, .histogram = {10, values, samples, 1, 10, 0}};
	struct result_point points[RESULT_CURVE_MAX];
	size_t count = result_latency_curve(&latency, points);
	static const double expected[][2] = {{0, 1},  {10, 1},   {20, 2}, {30, 3},   {40, 4},    {50, 5},
					     {55, 6}, {60, 6},   {65, 7}, {70, 7},   {75, 8},    {77.5, 8},
					     {80, 8}, {82.5, 9}, {85, 9}, {87.5, 9}, {88.75, 9}, {90, 9}};
	assert_int_equal(count, sizeof expected / sizeof expected[0]);
	for (size_t i = 0; i < count; i++) {
		assert_true(fabs(points[i].percentile - expected[i][0]) < 1e-9);
		assert_true(points[i].ns == expected[i][1]);
	}
	latency.resolution_ns = 4.5;
	result_latency_curve(&latency, points);
	assert_true(points[0].ns == 4.5);
	latency.count = 0;
	latency.histogram.count = 0;
	assert_int_equal(result_latency_curve(&latency, points), 0);
}

static const char *message_after(const char *from, const char *to)
{
	static struct error error;
	struct result result;
	struct text json = written(), changed = {0};
	const char *place = strstr(json.bytes, from);
	error = (struct error){0};
	if (!place)
		fail_msg("no %s", from);
	text_add_bytes(&changed, json.bytes, (size_t)(place - json.bytes));
	text_add(&changed, "%s%s", to, place + strlen(from));
	assert_int_equal(result_read(changed.bytes, changed.length, &result, &error), -1);
	assert_null(result.arms);
	text_release(&json);
	text_release(&changed);
	return error.message;
}

static void damage_is_named_by_its_path(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"iovabench.result/1", "iovabench.result/2",
		 "result: schema: is \"iovabench.result/2\", must be \"iovabench.result/1\": this is another kind of "
		 "document, or of another version"},
		{"\"run\":", "\"ran\":", "result: run: is missing"},
		{"\"partial\": false", "\"partial\": \"no\"", "result: run.partial: must be true or false"},
		{"\"seed\": 1", "\"seed\": 1.5",
		 "result: workloads[0].seed: must be a whole number, not negative, or a hex string (0x...)"},
		{"\"workload_index\": 2", "\"workload_index\": 3",
		 "result: arms[6].workload_index: must be the index of a workload"},
		{"\"state\": \"n/a\"", "\"state\": \"\"",
		 "result: arms[7].state: must be one of \"ok\", \"n/a\", \"failed\", \"nondeterministic\", "
		 "\"untrustworthy\", \"not run\""},
		{"\"figures_phase\": 1", "\"figures_phase\": 2",
		 "result: arms[0].figures_phase: must be the index of a phase"},
		{"\"arm\": 5", "\"arm\": 9", "result: expectations[1].arm: must be the index of an arm"},
		{"\"b_arm\": 2", "\"b_arm\": 9", "result: comparisons[1].b_arm: must be the index of an arm"},
		{"\"metric\": \"failures.total\"", "\"metric\": \"failures.totally\"",
		 "result: comparisons[1].metric: must be the path of a metric"},
		{"\"verdict\": \"slower\"", "\"verdict\": \"worse\"",
		 "result: comparisons[0].verdict: must be \"ok\", \"inconclusive\", \"different work\", \"not compared\", "
		 "\"regression\", \"improvement\", or of times \"slower\", \"faster\", and of exact metrics \"more\", "
		 "\"fewer\""},
		{"\"verdict\": \"slower\"", "\"verdict\": \"more\"",
		 "result: comparisons[0].verdict: must be \"ok\", \"inconclusive\", \"different work\", \"not compared\", "
		 "\"regression\", \"improvement\", or of times \"slower\", \"faster\", and of exact metrics \"more\", "
		 "\"fewer\""},
		{"\"id\": \"0x00000000000051de\"", "\"id\": \"one\"",
		 "result: nodes[0].id: must be a whole number, not negative, or a hex string (0x...)"},
		{"\"met\": true", "\"met\": null", "result: expectations[0].met: must be true or false"},
		{"\"warnings\": [", "\"warnings\": [1, ", "result: machine.warnings[0]: must be a text"},
		{"\"expanded\": {", "\"expanded\": 0, \"rest\": {",
		 "result: workloads[0].expanded: must be an object or null"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(message_after(cases[i].from, cases[i].to), cases[i].message);
}

static void every_metric_is_found_by_its_path_and_says_which_way_it_is_better(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_ALL; i++) {
		assert_string_equal(metric_paths[i], metric_table[i].path);
		assert_int_equal(metric_find(metric_paths[i]), i);
	}
	assert_int_equal(metric_table[METRIC_FREE_2MIB_SLOTS].better, METRIC_BETTER_HIGHER);
	assert_int_equal(metric_table[METRIC_RAW_NS_PER_OP].better, METRIC_BETTER_LOWER);
}

static void a_cut_file_is_told_with_line_and_column(void **state)
{
	(void)state;
	struct text json = written();
	struct result result;
	struct error error = {0};
	size_t length = (size_t)(strstr(json.bytes, "\"run\"") - json.bytes);
	assert_int_equal(result_read(json.bytes, length, &result, &error), -1);
	assert_non_null(strstr(error.message, "result:3:"));
	for (size_t cut = 0; cut < json.length - 2; cut += 1 + json.length / 200) {
		error = (struct error){0};
		assert_int_equal(result_read(json.bytes, cut, &result, &error), -1);
	}
	text_release(&json);
}

static void names_may_hold_anything(void **state)
{
	(void)state;
	struct result result, read;
	struct text json = {0};
	fixture_result(&result, small);
	memory_release(result.workloads[0].name);
	memory_release(result.run.command);
	result.workloads[0].name = memory_text("</script>\"'\\\x01\n[{ \xc3\xa4");
	result.run.command = memory_text("not UTF-8: \xff [ ]");
	assert_int_equal(result_write(&result, &json, NULL), 0);
	assert_int_equal(result_read(json.bytes, json.length, &read, NULL), 0);
	assert_string_equal(read.workloads[0].name, result.workloads[0].name);
	assert_string_equal(read.run.command, "not UTF-8: \xef\xbf\xbd [ ]");
	text_release(&json);
	result_release(&result);
	result_release(&read);
}

static void nothing_measured_at_all_can_be_written_and_read(void **state)
{
	(void)state;
	struct result result = {0}, read;
	struct text json = {0};
	struct error error = {0};
	result.machine.tsc_hz = result.machine.timer_step_ns = result.machine.timer_pair_ns = (double)NAN;
	result.machine.timer_drift_ppm = (double)INFINITY;
	assert_int_equal(result_write(&result, &json, &error), 0);
	assert_int_equal(result_read(json.bytes, json.length, &read, &error), 0);
	assert_true(isnan(read.machine.timer_drift_ppm));
	assert_string_equal(read.run.id, "");
	result_release(&read);
	text_release(&json);
}

static void a_broken_expansion_is_an_error(void **state)
{
	(void)state;
	struct result result;
	struct text json = {0};
	struct error error = {0};
	fixture_result(&result, small);
	strcpy(result.workloads[1].expanded, "{");
	assert_int_equal(result_write(&result, &json, &error), -1);
	assert_non_null(strstr(error.message, "expanded workload:1:"));
	result_release(&result);
	text_release(&json);
}

static void a_series_row_takes_one_line(void **state)
{
	(void)state;
	struct text json = written();
	const char *rows = strstr(json.bytes, "\"rows\": [\n");
	assert_non_null(rows);
	const char *first = strchr(rows + 9, '[');
	assert_true(strcspn(first, "\n") > strcspn(first, "]"));
	text_release(&json);
}

static void series_csv_has_a_row_for_each_cell(void **state)
{
	(void)state;
	struct result result;
	struct text csv = {0};
	fixture_result(&result, small);
	memory_release(result.workloads[0].name);
	result.workloads[0].name = memory_text("a \"b\", c");
	result_series_csv(&result, &csv);
	size_t lines = 0;
	for (const char *at_line = csv.bytes; (at_line = strchr(at_line, '\n')); at_line++)
		lines++;
	assert_int_equal(lines, 1 + 7 * 6);
	assert_non_null(strstr(csv.bytes, "workload,spec,phase,op,device_s,ns_per_op,alloc_p50_ns"));
	assert_non_null(strstr(csv.bytes, "\n\"a \"\"b\"\", c\",buddy,fill,10000,"));
	assert_non_null(strstr(csv.bytes, "churn,60000,"));
	assert_null(strstr(csv.bytes, "nan"));
	text_release(&csv);
	result_release(&result);
}

static void the_documentation_names_every_metric_and_column(void **state)
{
	(void)state;
	char *text, wanted[160];
	size_t length;
	assert_int_equal(file_read("docs/results.md", 1 << 20, &text, &length, NULL), 0);
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *metric = &metric_table[i];
		snprintf(wanted, sizeof wanted, "| `%s` | %s | %s | ", metric->path, metric->unit,
			 metric->exact ? "exact" : "timed");
		if (!strstr(text, wanted))
			fail_msg("docs/results.md needs a row: %s%s |", wanted, metric->help);
	}
	for (int i = 0; i < RESULT_SERIES_COUNT; i++) {
		snprintf(wanted, sizeof wanted, "`%s`", result_series_name[i]);
		assert_non_null(strstr(text, wanted));
	}
	for (int i = 0; i < METRIC_KIND_COUNT; i++) {
		snprintf(wanted, sizeof wanted, "`%s`", metric_kind_name[i]);
		assert_non_null(strstr(text, wanted));
	}
	memory_release(text);
}

static void without_memory_both_ways_fail_cleanly(void **state)
{
	(void)state;
	struct result result = {0}, read;
	struct fixture_size tiny = {1, 1, 1};
	fixture_result(&result, tiny);
	struct text whole = {0};
	assert_int_equal(result_write(&result, &whole, NULL), 0);
	for (struct lack lack = {.sparse = 64}; lack_next(&lack);) {
		struct error error = {0};
		lack_begins(&lack);
		int status = result_read(whole.bytes, whole.length, &read, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(status, failed ? -1 : 0);
		if (failed && error.exit_code != EXIT_CODE_IO)
			fail_msg("request %d: %s", (int)lack.passes, error.message);
		if (!failed)
			result_release(&read);
	}
	for (struct lack lack = {.sparse = 64}; lack_next(&lack);) {
		struct text again = {0};
		struct error error = {0};
		lack_begins(&lack);
		int status = result_write(&result, &again, &error);
		bool failed = lack_ends(&lack);
		assert_true(status == -1 ? failed && error.exit_code == EXIT_CODE_IO
					 : strcmp(again.bytes, whole.bytes) == 0);
		text_release(&again);
	}
	text_release(&whole);
	result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_gives_what_was_written),
		cmocka_unit_test(the_keys_of_the_interface_are_there),
		cmocka_unit_test(every_metric_stands_at_its_path_in_arm_and_phase),
		cmocka_unit_test(a_null_says_why),
		cmocka_unit_test(results_without_classes_and_taints_are_read),
		cmocka_unit_test(the_older_name_of_clean_times_is_read),
		cmocka_unit_test(free_runs_of_an_older_version_are_no_figures),
		cmocka_unit_test(hashes_are_hex_strings),
		cmocka_unit_test(an_arm_that_cannot_play_says_so),
		cmocka_unit_test(arms_are_named_by_files_that_differ),
		cmocka_unit_test(a_million_of_anything_is_read),
		cmocka_unit_test(long_names_are_short_files_that_differ),
		cmocka_unit_test(figures_are_found_by_their_path),
		cmocka_unit_test(a_curve_goes_through_the_samples),
		cmocka_unit_test(damage_is_named_by_its_path),
		cmocka_unit_test(every_metric_is_found_by_its_path_and_says_which_way_it_is_better),
		cmocka_unit_test(a_cut_file_is_told_with_line_and_column),
		cmocka_unit_test(names_may_hold_anything),
		cmocka_unit_test(nothing_measured_at_all_can_be_written_and_read),
		cmocka_unit_test(a_broken_expansion_is_an_error),
		cmocka_unit_test(a_series_row_takes_one_line),
		cmocka_unit_test(series_csv_has_a_row_for_each_cell),
		cmocka_unit_test(the_documentation_names_every_metric_and_column),
		cmocka_unit_test(without_memory_both_ways_fail_cleanly),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
