/* SPDX-License-Identifier: MIT
 * Arms that are packed are the same arms, in a part of the memory. */
#include "base/json.h"
#include "report/report.h"
#include "result/result.h"
#include "support/lack.h"
#include "support/result_fixture.h"

#include <string.h>

static const struct fixture_size some = {3, 3, 40};

static void pack_all(struct result *result)
{
	for (size_t i = 0; i < result->arm_count; i++)
		assert_int_equal(result_arm_pack(&result->arms[i]), 0);
}

/* Everything that is made of a whole result. */
static void write_all(const struct result *result, struct text *texts)
{
	assert_int_equal(result_write(result, &texts[0], NULL), 0);
	result_series_csv(result, &texts[1]);
	report_html(result, &texts[2]);
	report_terminal(result, false, 120, true, &texts[3]);
	for (size_t i = 0; i < 4; i++)
		assert_true(texts[i].length && !texts[i].failed);
}

static void what_is_written_of_packed_arms_is_the_same(void **state)
{
	(void)state;
	struct result result;
	struct text plain[4] = {0}, packed[4] = {0}, again[4] = {0};
	fixture_result(&result, some);
	write_all(&result, plain);
	pack_all(&result);
	for (size_t i = 0; i < result.arm_count; i++) {
		const struct result_arm *arm = &result.arms[i];
		assert_true(arm->packed.length && !arm->series_count && !arm->series && !arm->map_count &&
			    !arm->heat.column_count && !arm->failure_count);
		for (size_t phase = 0; phase < arm->phase_count; phase++)
			assert_int_equal(arm->phases[phase].latency[METRIC_KIND_ALLOC].histogram.count, 0);
	}
	write_all(&result, packed);
	write_all(&result, again);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(plain[i].bytes, packed[i].bytes);
		assert_string_equal(plain[i].bytes, again[i].bytes);
		text_release(&plain[i]);
		text_release(&packed[i]);
		text_release(&again[i]);
	}
	result_release(&result);
}

static void packed_arms_take_a_part_of_the_memory(void **state)
{
	(void)state;
	struct result result;
	struct text json = {0};
	size_t bytes = 0;
	fixture_result(&result, some);
	assert_int_equal(result_write(&result, &json, NULL), 0);
	pack_all(&result);
	for (size_t i = 0; i < result.arm_count; i++)
		bytes += result.arms[i].packed.length;
	assert_true(bytes < json.length / 4);
	text_release(&json);
	result_release(&result);
}

static void an_arm_opens_and_shuts(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, some);
	struct result_arm *arm = &result.arms[1];
	size_t series = arm->series_count, maps = arm->map_count;
	double last = arm->series[series - 1].value[RESULT_SERIES_OP];
	/* Shutting what was never packed loses nothing. */
	result_arm_shut(arm);
	assert_int_equal(arm->series_count, series);
	assert_int_equal(result_arm_pack(arm), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(result_arm_open(arm), 0);
		assert_int_equal(arm->series_count, series);
		assert_int_equal(arm->map_count, maps);
		assert_true(arm->series[series - 1].value[RESULT_SERIES_OP] == last);
		result_arm_shut(arm);
		assert_int_equal(arm->series_count, 0);
	}
	result_release(&result);
}

static void without_memory_an_arm_stays_what_it_was(void **state)
{
	(void)state;
	for (struct lack lack = {.sparse = 64}; lack_next(&lack);) {
		struct result result;
		fixture_result(&result, some);
		size_t series = result.arms[1].series_count;
		lack_begins(&lack);
		int status = result_arm_pack(&result.arms[1]);
		bool failed = lack_ends(&lack);
		assert_int_equal(status, failed ? -1 : 0);
		assert_int_equal(result.arms[1].series_count, failed ? series : 0);
		result_release(&result);
	}
	for (struct lack lack = {.sparse = 64}; lack_next(&lack);) {
		struct result result;
		fixture_result(&result, some);
		size_t series = result.arms[1].series_count;
		assert_int_equal(result_arm_pack(&result.arms[1]), 0);
		lack_begins(&lack);
		int status = result_arm_open(&result.arms[1]);
		bool failed = lack_ends(&lack);
		assert_int_equal(status, failed ? -1 : 0);
		assert_int_equal(result.arms[1].series_count, failed ? 0 : series);
		assert_int_equal(result.arms[1].map_count > 0, !failed);
		result_release(&result);
	}
}

/* ---- the head of a document ---- */

static void a_head_is_read_without_its_arms(void **state)
{
	(void)state;
	struct result result, head;
	struct text json = {0};
	struct error error = {0};
	fixture_result(&result, some);
	assert_int_equal(result_write(&result, &json, NULL), 0);
	/* What stands in the arms is not looked at. */
	char *arms = strstr(json.bytes, "\"series_table\"");
	assert_non_null(arms);
	memset(arms, 'x', 8);
	assert_int_equal(result_read_head(json.bytes, json.length, &head, &error), 0);
	assert_int_equal(head.arm_count, 0);
	assert_int_equal(head.comparison_count, 0);
	assert_int_equal(head.workload_count, result.workload_count);
	for (size_t i = 0; i < head.workload_count; i++)
		assert_true(head.workloads[i].stream_hash == result.workloads[i].stream_hash);
	assert_string_equal(head.machine.cpu, result.machine.cpu);
	result_release(&head);
	/* Cut off anywhere it is refused, or was whole. */
	for (size_t length = 0; length + 3 < json.length; length += 1 + length / 7) {
		error = (struct error){0};
		assert_int_equal(result_read_head(json.bytes, length, &head, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	}
	text_release(&json);
	result_release(&result);
}

static void only_named_arrays_of_the_outermost_object_are_left_out(void **state)
{
	(void)state;
	static const char *const names[] = {"a", NULL};
	static const struct {
		const char *from, *kept;
	} cases[] = {
		{"{\"a\": [1, [2], \"]\"], \"b\": 1}", "{\"a\":[],\"b\":1}"},
		{"{\"b\": {\"a\": [1]}, \"c\": [\"a\", [3]]}", "{\"b\":{\"a\":[1]},\"c\":[\"a\",[3]]}"},
		{"{\"b\": \"a\", \"c\": [4], \"a\": {\"a\": [5]}}", "{\"b\":\"a\",\"c\":[4],\"a\":{\"a\":[5]}}"},
		{"{\"\\\"a\": [1], \"a\": []}", "{\"\\\"a\":[1],\"a\":[]}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error error = {0};
		struct json_reader reader = {.what = "case", .error = &error};
		json_t *document = json_parse_without(&reader, cases[i].from, strlen(cases[i].from), names);
		char *kept = document ? json_dumps(document, JSON_COMPACT) : NULL;
		assert_non_null(kept);
		assert_string_equal(kept, cases[i].kept);
		memory_release(kept);
		json_decref(document);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_of_packed_arms_is_the_same),
		cmocka_unit_test(packed_arms_take_a_part_of_the_memory),
		cmocka_unit_test(an_arm_opens_and_shuts),
		cmocka_unit_test(without_memory_an_arm_stays_what_it_was),
		cmocka_unit_test(a_head_is_read_without_its_arms),
		cmocka_unit_test(only_named_arrays_of_the_outermost_object_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
