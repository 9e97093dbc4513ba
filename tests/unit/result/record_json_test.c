/* SPDX-License-Identifier: MIT
 * Lines of the journal: what is written is read back bit for bit, and damage is told by the key. */
#include "base/memory.h"
#include "result/result.h"
#include "support/record_line.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

static char own_name[] = "a \"quoted\"\n<name>", own_spec[] = "rbtree:fit=best", own_message[] = "page 7 given twice";
static char own_notes[] = "one thing\nanother", own_distrust[] = "a thread spun", own_about[] = "a plugin of ours";
static double own_ns[] = {3.1, NAN, 0.1 + 0.2}, own_clean[] = {3.0, NAN, -0.0}, own_cpu[] = {2.5, NAN, 0.7};
static uint64_t own_values[] = {3, 255, 256}, own_samples[] = {1, UINT64_MAX / 2, 7};
static double own_cell_operations[] = {65536, 65536, 70001};
static double own_ops[] = {0, 1e6};
static unsigned char own_cells[] = {0, 1, 63, 64, 9, 10};
static struct result_record_phase own_phases[2];
static struct result_series_row own_rows[2];
static unsigned char own_cached[] = {0, 5, 0, 0, 0, 0}, own_deferred[] = {0, 0, 0, 0, 63, 0},
		     own_requests[] = {0, 1, 2, 0, 0, 1};
static uint64_t own_edges[] = {0x100000, 0x100001, 0x200000, 0xffffffffff}, own_runs[2 * RESULT_MAP_ORDERS] = {3, 0, 7};
static char *own_names[] = {own_name, own_spec};
static struct result_map own_map = {.domain = 2,
				    .first = 0x100000,
				    .count = 0xfffffffff,
				    .columns = 3,
				    .rows = 2,
				    .ops = own_ops,
				    .cells = own_cells,
				    .edges = own_edges,
				    .space_first = 0x1000,
				    .space_count = 0xfffffffffff,
				    .planes = {own_cached, own_deferred, own_requests},
				    .requests = own_names,
				    .request_count = 2,
				    .free_runs = own_runs};
static double own_failed_ops[] = {10, 20}, own_failed[] = {1, 9};
static struct result_failures own_failures[] = {{own_name, RESULT_FAILURE_PHYSICAL, 2, own_failed_ops, own_failed}};
static uint64_t own_heat_samples[] = {1, 0, UINT32_MAX};
static struct result_heat_column own_heat[] = {{7, 3, own_heat_samples}, {0, 0, NULL}};
static struct result_domain own_domains[2];

static char own_class[] = "<later> limit", own_request[] = "page\n";
static struct result_record_class own_classes[] = {
	{RESULT_BY_OUTCOME, own_class, METRIC_KIND_MAP_ALLOC, 7, {1.5, NAN, NAN, NAN, NAN}, 99, {RESULT_TAINT_MOVED, NAN}},
	{RESULT_BY_CPU, own_class, METRIC_KIND_FREE, 8, {NAN, 2, 3, 4, 5}, 98, {RESULT_TAINT_NONE, 98}}};
static struct result_sample own_worst[] = {{.round = 1,
					    .thread = 2,
					    .operation = UINT64_MAX,
					    .kind = METRIC_KIND_MAP_ALLOC,
					    .request = own_request,
					    .pages = 512,
					    .cpu = 3,
					    .latency = 99,
					    .taint = RESULT_TAINT_STEAL,
					    .steps = 4},
					   {.operation = 1,
					    .kind = METRIC_KIND_POLL,
					    .latency = 98,
					    .taint = RESULT_TAINT_NONE,
					    .steps = NAN,
					    .no_steps = RESULT_REASON_LONG_PASS}};

static struct result_record sample(void)
{
	own_phases[0] = (struct result_record_phase){.ns_per_op = own_ns,
						     .clean_ns_per_op = own_clean,
						     .cpu_ns_per_op = own_cpu,
						     .iterations = 3,
						     .cells_ns_per_op = own_ns,
						     .cells_operations = own_cell_operations,
						     .cell_count = 3,
						     .operations = UINT64_MAX,
						     .failures = 2,
						     .windows = 3,
						     .windows_tainted = 1,
						     .latency_ns_per_op = NAN,
						     .placement_hash = UINT64_C(0xfedcba9876543210)};
	own_phases[0].latency[METRIC_KIND_CONTIGUOUS_FREE] =
		(struct result_histogram){3, own_values, own_samples, 3, UINT64_MAX, 1};
	own_phases[0].latency_max[METRIC_KIND_POLL] = (struct result_record_max){RESULT_TAINT_PREEMPTED, 17};
	own_phases[0].classes = own_classes;
	own_phases[0].class_count = 2;
	own_phases[0].worst = own_worst;
	own_phases[0].worst_count = 2;
	result_figures_clear(&own_phases[0].figures);
	result_figures_clear(&own_phases[1].figures);
	result_set(&own_phases[0].figures, METRIC_UNUSABLE_2MIB, 1.0 / 3);
	result_set(&own_phases[0].figures, METRIC_FIRST_FAILURE_OP, 17);
	result_set_null(&own_phases[0].figures, METRIC_STEPS_ALLOC_MEAN, RESULT_REASON_NO_STEPS);
	result_set_null(&own_phases[1].figures, METRIC_FIRST_FAILURE_OP, RESULT_REASON_NO_FAILURE);
	own_phases[1].latency_ns_per_op = 1e-300;
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++) {
		own_rows[0].value[i] = (double)NAN;
		own_rows[1].value[i] = 1.0 / (double)(i + 1);
	}
	own_rows[1].phase = 1;
	own_domains[1] = (struct result_domain){.first = 1, .count = UINT64_C(1) << 52};
	result_figures_clear(&own_domains[0].figures);
	result_figures_clear(&own_domains[1].figures);
	result_set(&own_domains[1].figures, METRIC_SPAN_PAGES, 123);
	return (struct result_record){.key = UINT64_C(0x123456789abcdef0),
				      .clock_backward = 4,
				      .workload = own_name,
				      .spec = own_spec,
				      .pass = RESULT_PASS_AUDIT,
				      .round = 11,
				      .ok = false,
				      .exit_code = EXIT_CODE_VIOLATION,
				      .owner = ERROR_OWNER_ALLOCATOR,
				      .message = own_message,
				      .plugin_about = own_about,
				      .notes = own_notes,
				      .distrust = own_distrust,
				      .stream_hash = UINT64_C(0x8000000000000001),
				      .peak_rss_bytes = 1 << 20,
				      .phases = own_phases,
				      .phase_count = 2,
				      .series = own_rows,
				      .series_count = 2,
				      .maps = &own_map,
				      .map_count = 1,
				      .failures = own_failures,
				      .failure_count = 1,
				      .heat = {.columns = own_heat, .column_count = 2},
				      .domains = own_domains,
				      .domain_count = 2};
}

static struct text written(void)
{
	struct text line = {0};
	struct result_record record = sample();
	assert_int_equal(result_record_write(&record, &line, NULL), 0);
	return line;
}

/* Reads a changed line: the first `from` is replaced by `to`. Returns the message. */
static const char *message_after(const char *from, const char *to)
{
	static struct error error;
	struct result_record record;
	struct text line = written(), changed = record_line_forged(line.bytes, from, to);
	error = (struct error){0};
	assert_int_equal(result_record_read(changed.bytes, changed.length, &record, &error), -1);
	assert_null(record.phases);
	assert_null(record.workload);
	text_release(&line);
	text_release(&changed);
	return error.message;
}

static void reading_gives_what_was_written(void **state)
{
	(void)state;
	struct text line = written(), again = {0};
	struct result_record record;
	struct error error = {0};
	assert_int_equal(result_record_read(line.bytes, line.length, &record, &error), 0);
	assert_int_equal(result_record_write(&record, &again, NULL), 0);
	assert_string_equal(line.bytes, again.bytes);
	assert_string_equal(record.workload, "a \"quoted\"\n<name>");
	assert_int_equal(record.pass, RESULT_PASS_AUDIT);
	assert_true(record.key == UINT64_C(0x123456789abcdef0));
	assert_int_equal(record.clock_backward, 4);
	assert_int_equal(record.phases[0].cell_count, 3);
	assert_true(record.phases[0].cells_ns_per_op[0] == 3.1 && isnan(record.phases[0].cells_ns_per_op[1]));
	assert_true(record.phases[0].cells_operations[2] == 70001);
	assert_int_equal(record.exit_code, EXIT_CODE_VIOLATION);
	assert_int_equal(record.owner, ERROR_OWNER_ALLOCATOR);
	assert_string_equal(record.plugin_about, own_about);
	assert_string_equal(record.notes, own_notes);
	assert_string_equal(record.distrust, own_distrust);
	assert_int_equal(record.stream_hash, UINT64_C(0x8000000000000001));
	assert_int_equal(record.phases[0].operations, UINT64_MAX);
	assert_int_equal(record.phases[0].placement_hash, UINT64_C(0xfedcba9876543210));
	assert_int_equal(record.maps[0].count, 0xfffffffff);
	assert_memory_equal(record.maps[0].cells, own_cells, sizeof own_cells);
	assert_memory_equal(record.maps[0].edges, own_edges, sizeof own_edges);
	assert_memory_equal(record.maps[0].free_runs, own_runs, sizeof own_runs);
	for (size_t i = 0; i < RESULT_PLANE_COUNT; i++)
		assert_memory_equal(record.maps[0].planes[i], own_map.planes[i], sizeof own_cells);
	assert_string_equal(record.maps[0].requests[1], own_spec);
	assert_true(record.maps[0].space_first == 0x1000 && record.maps[0].space_count == 0xfffffffffff);
	assert_int_equal(record.failure_count, 1);
	assert_int_equal(record.failures[0].kind, RESULT_FAILURE_PHYSICAL);
	assert_memory_equal(record.failures[0].numbers, own_failed, sizeof own_failed);
	assert_int_equal(record.heat.column_count, 2);
	assert_int_equal(record.heat.columns[0].first, 7);
	assert_memory_equal(record.heat.columns[0].samples, own_heat_samples, sizeof own_heat_samples);
	assert_int_equal(record.heat.columns[1].count, 0);
	assert_true(record.phases[0].latency[METRIC_KIND_CONTIGUOUS_FREE].samples[1] == UINT64_MAX / 2);
	assert_true(record.domains[1].figures.value[METRIC_SPAN_PAGES] == 123);
	const struct result_record_phase *phase = &record.phases[0];
	assert_int_equal(phase->latency_max[METRIC_KIND_POLL].taint, RESULT_TAINT_PREEMPTED);
	assert_true(phase->latency_max[METRIC_KIND_POLL].clean == 17);
	assert_int_equal(phase->latency_max[METRIC_KIND_FREE].taint, RESULT_TAINT_UNKNOWN);
	assert_int_equal(phase->class_count, 2);
	assert_int_equal(phase->classes[0].by, RESULT_BY_OUTCOME);
	assert_string_equal(phase->classes[0].name, own_class);
	assert_true(phase->classes[0].percentile[0] == 1.5 && phase->classes[1].percentile[4] == 5);
	assert_true(isnan(phase->classes[0].of_max.clean) && phase->classes[1].max == 98);
	assert_int_equal(phase->classes[0].of_max.taint, RESULT_TAINT_MOVED);
	assert_int_equal(phase->worst_count, 2);
	assert_string_equal(phase->worst[0].request, own_request);
	assert_int_equal(phase->worst[0].pages, 512);
	assert_int_equal(phase->worst[0].cpu, 3);
	assert_int_equal(phase->worst[0].taint, RESULT_TAINT_STEAL);
	assert_true(phase->worst[0].steps == 4 && isnan(phase->worst[1].steps));
	assert_null(phase->worst[1].request);
	assert_int_equal(phase->worst[1].no_steps, RESULT_REASON_LONG_PASS);
	result_record_release(&record);
	text_release(&line);
	text_release(&again);
}

static void a_paired_pass_is_read_as_it_was_written(void **state)
{
	(void)state;
	struct result_record record = sample(), again = {0};
	struct text line = {0}, second = {0};
	struct error error = {0};
	char against[] = "buddy";
	record.pass = RESULT_PASS_PAIRED;
	record.against = against;
	record.side = RESULT_SIDE_AGAINST;
	record.window_words[0] = 4096;
	record.window_words[1] = 32768;
	record.huge_bytes[RESULT_SIDE_AGAINST] = 2 << 20;
	record.phases[0].pairs = (struct result_record_pairs){{1.5, 0.1 + 0.2}, 1.0 / 3, 7, 2, 9000};
	record.phases[0].pairs_long = (struct result_record_pairs){{15, 3}, NAN, 1, 0, 90000};
	record.phases[0].poll_ns[RESULT_SIDE_ARM] = 12;
	record.phases[0].equal_share = 0.25;
	record.phases[0].side_hash[RESULT_SIDE_AGAINST] = UINT64_MAX;
	assert_int_equal(result_record_write(&record, &line, &error), 0);
	assert_int_equal(result_record_read(line.bytes, line.length, &again, &error), 0);
	assert_int_equal(again.pass, RESULT_PASS_PAIRED);
	assert_string_equal(again.against, "buddy");
	assert_int_equal(again.side, RESULT_SIDE_AGAINST);
	assert_int_equal(again.window_words[1], 32768);
	assert_int_equal(again.huge_bytes[RESULT_SIDE_AGAINST], 2 << 20);
	assert_true(again.phases[0].pairs.ns[RESULT_SIDE_AGAINST] == 0.1 + 0.2);
	assert_true(again.phases[0].pairs.typical == 1.0 / 3 && isnan(again.phases[0].pairs_long.typical));
	assert_int_equal(again.phases[0].pairs.tainted, 2);
	assert_true(again.phases[0].poll_ns[RESULT_SIDE_ARM] == 12 && again.phases[0].equal_share == 0.25);
	assert_int_equal(again.phases[0].side_hash[RESULT_SIDE_AGAINST], UINT64_MAX);
	assert_int_equal(result_record_write(&again, &second, &error), 0);
	assert_string_equal(line.bytes, second.bytes);
	struct text wrong = record_line_forged(line.bytes, "\"poll_ns\":[12,0]", "\"poll_ns\":[12]");
	struct result_record none;
	assert_int_equal(result_record_read(wrong.bytes, wrong.length, &none, &error), -1);
	assert_non_null(strstr(error.message, "must have two figures in each list"));
	result_record_release(&again);
	text_release(&line);
	text_release(&second);
	text_release(&wrong);
}

static void doubles_keep_their_bits(void **state)
{
	(void)state;
	struct text line = written();
	struct result_record record;
	assert_int_equal(result_record_read(line.bytes, line.length, &record, NULL), 0);
	assert_true(record.phases[0].ns_per_op[2] == 0.1 + 0.2);
	assert_true(isnan(record.phases[0].ns_per_op[1]));
	assert_true(signbit(record.phases[0].clean_ns_per_op[2]));
	assert_true(record.phases[1].latency_ns_per_op == 1e-300);
	assert_true(record.phases[0].figures.value[METRIC_UNUSABLE_2MIB] == 1.0 / 3);
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++) {
		assert_true(isnan(record.series[0].value[i]));
		assert_true(record.series[1].value[i] == 1.0 / (double)(i + 1));
	}
	result_record_release(&record);
	text_release(&line);
}

/* Before there was CPU time, clean_ns_per_op had another name. */
static void older_records_are_read(void **state)
{
	(void)state;
	struct text line = written();
	struct text renamed = record_line_forged(line.bytes, "\"clean_ns_per_op\"", "\"untainted_ns_per_op\"");
	struct text older = record_line_forged(renamed.bytes, "\"cpu_ns_per_op\":[2.5,null,0.69999999999999996],", "");
	struct result_record record;
	struct error error = {0};
	if (result_record_read(older.bytes, older.length, &record, &error) < 0)
		fail_msg("%s", error.message);
	assert_true(record.phases[0].clean_ns_per_op[0] == 3);
	for (size_t i = 0; i < record.phases[0].iterations; i++)
		assert_true(isnan(record.phases[0].cpu_ns_per_op[i]));
	result_record_release(&record);
	text_release(&older);
	text_release(&renamed);
	text_release(&line);
}

static void reasons_survive(void **state)
{
	(void)state;
	struct text line = written();
	struct result_record record;
	assert_int_equal(result_record_read(line.bytes, line.length, &record, NULL), 0);
	assert_int_equal(record.phases[0].figures.reason[METRIC_STEPS_ALLOC_MEAN], RESULT_REASON_NO_STEPS);
	assert_int_equal(record.phases[1].figures.reason[METRIC_FIRST_FAILURE_OP], RESULT_REASON_NO_FAILURE);
	assert_int_equal(record.phases[1].figures.reason[METRIC_SPAN_PAGES], RESULT_REASON_NOT_MEASURED);
	result_record_release(&record);
	text_release(&line);
}

static void a_record_is_one_line(void **state)
{
	(void)state;
	struct text line = written();
	assert_ptr_equal(strchr(line.bytes, '\n'), line.bytes + line.length - 1);
	text_release(&line);
}

static void every_metric_goes_through_its_own_path(void **state)
{
	(void)state;
	static struct result_record_phase phase;
	struct result_record record = {.workload = own_name,
				       .spec = own_spec,
				       .ok = true,
				       .phases = &phase,
				       .phase_count = 1},
			     read;
	struct text line = {0};
	for (int i = 0; i < METRIC_COUNT; i++)
		result_set(&phase.figures, (enum metric)i, 1000 + i);
	assert_int_equal(result_record_write(&record, &line, NULL), 0);
	assert_int_equal(result_record_read(line.bytes, line.length, &read, NULL), 0);
	for (int i = 0; i < METRIC_COUNT; i++)
		assert_true(read.phases[0].figures.value[i] == 1000 + i);
	result_record_release(&read);
	text_release(&line);
}

static void wrong_values_are_named_by_their_path(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"\"round\":11", "\"round\":\"eleven\"",
		 "record: round: must be a whole number, not negative, or a hex string (0x...)"},
		{"\"round\":11", "\"round\":-1",
		 "record: round: must be a whole number, not negative, or a hex string (0x...)"},
		{"\"round\":11", "\"round\":4294967296", "record: round: is larger than possible"},
		{"\"round\":11", "\"ring\":11", "record: round: is missing"},
		{"\"pass\":\"audit\"", "\"pass\":\"both\"",
		 "record: pass: must be one of \"timed\", \"audit\", \"paired\""},
		{"\"ok\":false", "\"ok\":0", "record: ok: must be true or false"},
		{"\"exit_code\":3", "\"exit_code\":99", "record: exit_code: is no exit code of this program"},
		{"\"owner\":\"allocator\"", "\"owner\":\"nobody\"",
		 "record: owner: must be one of \"none\", \"allocator\", \"driver\", \"harness\", \"machine\""},
		{"[3.1000000000000001", "[\"3.1\"", "record: phases[0].ns_per_op[0]: must be a number or null"},
		{"[3.1000000000000001,", "[", "record: phases[0]: must have as many clean_ns_per_op as ns_per_op"},
		{"[2.5,", "[", "record: phases[0]: must have as many cpu_ns_per_op as ns_per_op"},
		{"[65536,", "[", "record: phases[0]: must have as many cells_operations as cells_ns_per_op"},
		{"[255,", "[3,",
		 "record: phases[0].latency_ticks.contiguous.free.buckets[1][0]: must be larger than the bucket before"},
		{"[256,7]", "[256]",
		 "record: phases[0].latency_ticks.contiguous.free.buckets[2]: must be [value, samples]"},
		{"[256,7]", "[256,\"0xffffffffffffffff\"]",
		 "record: phases[0].latency_ticks.contiguous.free.buckets[2][1]: makes more samples than can be counted"},
		{"\"by\":\"outcome\"", "\"by\":\"colour\"",
		 "record: phases[0].latency_classes[0].by: must be one of \"request\", \"cpu\", \"outcome\""},
		{"[null,2,3,4,5]", "[null,2,3,4]",
		 "record: phases[0].latency_classes[1]: must have one element of percentile_ticks per percentile"},
		{"\"taint\":\"steal\"", "\"taint\":\"theft\"",
		 "record: phases[0].worst_samples[0].taint: must be one of \"none\", \"preempted\", \"moved\", \"steal\""},
		{"\"op\":17", "\"op\":{}", "record: phases[0].figures.failures.first.op: must be a number or null"},
		{"\"rows\":2", "\"rows\":3", "record: address_maps[0].ops: must have as many elements as rows says"},
		{"[0,1,\"1_\"]", "[0,2,\"1_\"]", "record: address_maps[0].planes.live[0]: must lie inside of the picture"},
		{"[0,1,\"1_\"]", "[2,1,\"1_\"]", "record: address_maps[0].planes.live[0]: must lie inside of the picture"},
		{"[0,1,\"1_\"]", "[0,1]", "record: address_maps[0].planes.live[0]: must be [row, column, text]"},
		{"[0,1,\"1_\"]", "[0,1,\"1 \"]",
		 "record: address_maps[0].planes.live[0][2]: has a character that stands for nothing here"},
		{"[0,1,\"12\"]", "[0,1,\"13\"]",
		 "record: address_maps[0].planes.request[0][2]: has a character that stands for nothing here"},
		{"[0,1,\"5\"]", "[0,1,\"#\"]",
		 "record: address_maps[0].planes.cached[0][2]: has a character that stands for nothing here"},
		{"\"edges\":[1048576,", "\"edges\":[1048577,",
		 "record: address_maps[0].edges[1]: must be larger than the edge before"},
		{"\"edges\":[1048576,", "\"edges\":[",
		 "record: address_maps[0].edges: must have one element more than columns says"},
		{"\"free_runs\":[[3,0,7],[]]", "\"free_runs\":[[3,0,7]]",
		 "record: address_maps[0].free_runs: must have as many elements as rows says"},
		{"\"samples\":[[7,1,0,4294967295]", "\"samples\":[[158,1,0,4294967295]",
		 "record: latency_heat_ticks.samples[0]: must not have more bins than there are"},
		{"\"samples\":[[7,1,0,4294967295]", "\"samples\":[[]",
		 "record: latency_heat_ticks.samples[0]: must be [first bin, samples, samples, ...]"},
		{"\"failures\":[1,9]", "\"failures\":[1]",
		 "record: failures_by_request[0]: must have as many failures as ops"},
		{"\"kind\":\"physical\"", "\"kind\":\"lunar\"",
		 "record: failures_by_request[0].kind: must be one of \"malformed\", \"impossible\", \"exhausted\", "
		 "\"fragmented\", \"physical\", \"held\", \"refused\", \"metadata\""},
		{"\"columns\":[\"phase\"", "\"columns\":[\"op\"", "record: series.columns[0]: must be \"phase\""},
		{"[1,1,0.5", "[2,1,0.5", "record: series.rows[1][0]: must be the index of a phase"},
		{"[1,1,0.5", "[1,0.5", "record: series.rows[1]: must be an array with one element per column"},
		{"\"first\":\"0x0000000000100000\"", "\"first\":\"0x\"",
		 "record: address_maps[0].first: must be a whole number, not negative, or a hex string (0x...)"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(message_after(cases[i].from, cases[i].to), cases[i].message);
}

static void a_cut_line_is_told_with_its_column(void **state)
{
	(void)state;
	struct text line = written();
	for (size_t length = 0; length + 1 < line.length; length += 1 + line.length / 500) {
		struct result_record record;
		struct error error = {0};
		assert_int_equal(result_record_read(line.bytes, length, &record, &error), -1);
		assert_non_null(strstr(error.message, "record:1:"));
	}
	text_release(&line);
}

static void keys_twice_and_other_values_are_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {"[]",    "null", "{}", "{\"workload\":\"a\",\"workload\":\"b\"}",
					    "\"x\"", "{} {}"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct result_record record;
		struct error error = {0};
		assert_int_equal(result_record_read(lines[i], strlen(lines[i]), &record, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	}
}

static void writing_without_memory_fails_cleanly(void **state)
{
	(void)state;
	struct result_record record = sample();
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct text line = {0};
		struct error error = {0};
		lack_begins(&lack);
		int result = result_record_write(&record, &line, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		text_release(&line);
	}
}

static void reading_without_memory_fails_cleanly(void **state)
{
	(void)state;
	struct text line = written();
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct result_record record;
		struct error error = {0};
		lack_begins(&lack);
		int result = result_record_read(line.bytes, line.length, &record, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		if (!failed)
			result_record_release(&record);
		else
			assert_int_equal(error.exit_code, EXIT_CODE_IO);
	}
	text_release(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_gives_what_was_written),
		cmocka_unit_test(a_paired_pass_is_read_as_it_was_written),
		cmocka_unit_test(doubles_keep_their_bits),
		cmocka_unit_test(older_records_are_read),
		cmocka_unit_test(reasons_survive),
		cmocka_unit_test(a_record_is_one_line),
		cmocka_unit_test(every_metric_goes_through_its_own_path),
		cmocka_unit_test(wrong_values_are_named_by_their_path),
		cmocka_unit_test(a_cut_line_is_told_with_its_column),
		cmocka_unit_test(keys_twice_and_other_values_are_refused),
		cmocka_unit_test(writing_without_memory_fails_cleanly),
		cmocka_unit_test(reading_without_memory_fails_cleanly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
