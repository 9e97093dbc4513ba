/* SPDX-License-Identifier: MIT
 * Calibrations from rounds that are written by hand; and every allocation of comparison, gate and calibration failing in
 * turn. */
#include "base/memory.h"
#include "compare/calibration.h"
#include "compare/compare.h"
#include "compare/gate.h"
#include "support/result_fixture.h"
#include "support/lack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct fixture_size small = {3, 2, 4};

static bool near(double got, double wanted)
{
	return fabs(got - wanted) < 1e-12;
}

/* Two arms held against each other in 4 comparisons of 6 rounds: equal, equal, twice as slow, and one that swings. */
static void fill_rounds(struct result *result)
{
	struct result_arm *arm = &result->arms[1];
	arm->paired = fixture_room(1, sizeof *arm->paired);
	arm->paired_count = 1;
	*arm->paired = (struct result_paired){.rounds = 25, .round_count = 25, .equal_share = 1, .long_ratio = (double)NAN};
	arm->paired->round_ratio = fixture_room(25, sizeof(double));
	arm->paired->round_typical = fixture_room(25, sizeof(double));
	for (size_t i = 0; i < 25; i++)
		arm->paired->round_ratio[i] = arm->paired->round_typical[i] = i < 12   ? 1.01
									      : i < 18 ? 2
									      : i % 2  ? 0.9
										       : 1.1;
}

static void a_calibration_counts_verdicts(void **state)
{
	(void)state;
	struct result result;
	struct calibration calibration, read;
	struct text json = {0}, line = {0};
	fixture_result(&result, small);
	fill_rounds(&result);
	assert_int_equal(calibration_make(&result, 6, 0.03, &calibration, NULL), 0);
	assert_int_equal(calibration.comparisons, 4);
	assert_int_equal(calibration.verdicts[RESULT_VERDICT_OK], 2);
	assert_int_equal(calibration.verdicts[RESULT_VERDICT_REGRESSION], 1);
	assert_int_equal(calibration.verdicts[RESULT_VERDICT_INCONCLUSIVE], 1);
	assert_true(near(calibration_alarms(&calibration), 0.25));
	/* The lowest lower end is that of the swinging one, 0.9: 1.03 / 0.9 would have lifted it. */
	assert_true(near(calibration.detectable, 1.03 / 0.9 - 1));
	assert_int_equal(calibration_write(&calibration, &json, NULL), 0);
	assert_int_equal(calibration_read(json.bytes, json.length, &read, NULL), 0);
	assert_true(memcmp(read.verdicts, calibration.verdicts, sizeof read.verdicts) == 0);
	assert_true(read.detectable == calibration.detectable && read.rounds == 6);
	assert_true(calibration_fits(&read, &result));
	calibration_tell(&read, &result, &line);
	assert_non_null(strstr(line.bytes, "1 false alarms in 4 comparisons of 6 rounds"));
	assert_non_null(strstr(line.bytes, "slow-down of 14%"));
	text_release(&line);
	memory_release(result.machine.kernel);
	result.machine.kernel = memory_text("another");
	assert_false(calibration_fits(&read, &result));
	calibration_tell(&read, &result, &line);
	assert_non_null(strstr(line.bytes, "not calibrated"));
	text_release(&line);
	text_release(&json);
	calibration_release(&calibration);
	calibration_release(&read);
	result_release(&result);
}

/* The first of four has no figures, the second is an improvement, the third a regression: two false alarms in three. */
static void what_was_not_compared_raised_no_alarm_either(void **state)
{
	(void)state;
	struct result result;
	struct calibration calibration;
	struct text line = {0};
	fixture_result(&result, small);
	fill_rounds(&result);
	for (size_t i = 0; i < 6; i++)
		result.arms[1].paired->round_ratio[i] = (double)NAN;
	for (size_t i = 6; i < 12; i++)
		result.arms[1].paired->round_ratio[i] = 0.5;
	assert_int_equal(calibration_make(&result, 6, 0.03, &calibration, NULL), 0);
	assert_int_equal(calibration.comparisons, 4);
	assert_int_equal(calibration.verdicts[RESULT_VERDICT_NOT_COMPARED], 1);
	assert_true(near(calibration_alarms(&calibration), 2 / 3.0));
	/* 1 - p^3 = 0.05. */
	assert_true(fabs(calibration_alarms_upper(&calibration) - cbrt(0.95)) < 1e-9);
	/* What one of them would have found is not known. */
	assert_true(isnan(calibration.detectable));
	calibration_tell(&calibration, &result, &line);
	assert_non_null(strstr(line.bytes, "2 false alarms in 3 comparisons of 6 rounds"));
	text_release(&line);
	calibration_release(&calibration);
	result_release(&result);
}

static void a_calibration_of_too_few_rounds_detects_nothing(void **state)
{
	(void)state;
	struct result result;
	struct calibration calibration;
	struct error error = {0};
	fixture_result(&result, small);
	fill_rounds(&result);
	assert_int_equal(calibration_make(&result, 5, 0.03, &calibration, NULL), 0);
	assert_int_equal(calibration.comparisons, 5);
	assert_int_equal(calibration.verdicts[RESULT_VERDICT_INCONCLUSIVE], 5);
	assert_true(isnan(calibration.detectable));
	calibration_release(&calibration);
	assert_int_equal(calibration_make(&result, 26, 0.03, &calibration, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_UNTRUSTWORTHY);
	result_release(&result);
}

static void a_damaged_calibration_is_refused(void **state)
{
	(void)state;
	struct result result;
	struct calibration calibration, read;
	struct text json = {0};
	fixture_result(&result, small);
	fill_rounds(&result);
	assert_int_equal(calibration_make(&result, 6, 0.03, &calibration, NULL), 0);
	assert_int_equal(calibration_write(&calibration, &json, NULL), 0);
	char *place = strstr(json.bytes, "\"ok\": 2");
	assert_non_null(place);
	place[6] = '3';
	struct error error = {0};
	assert_int_equal(calibration_read(json.bytes, json.length, &read, &error), -1);
	assert_string_equal(error.message, "calibration: verdicts: must add up to comparisons");
	for (size_t cut = 0; cut + 2 < json.length; cut += 7)
		assert_int_equal(calibration_read(json.bytes, cut, &read, NULL), -1);
	text_release(&json);
	calibration_release(&calibration);
	result_release(&result);
}

/* Everything above once more in small, with the n-th request for memory failing, for every n. */
static int do_all(const struct result *a, struct result *b)
{
	static const char policy_text[] = "policy: 1\nmetrics: [{metric: steps.*, as: ignored}]\n";
	struct policy policy;
	struct gate gate;
	struct calibration calibration = {0}, read = {0};
	struct text xml = {0}, json = {0}, messages = {0};
	struct error error = {0};
	int status = policy_parse("p", policy_text, sizeof policy_text - 1, &policy, &messages);
	text_release(&messages);
	if (status == 0 && (status = gate_open(&gate, &policy, a, b, &error)) == 0) {
		gate_junit(&gate, &xml);
		status = xml.failed ? -1 : 0;
		gate_close(&gate);
	}
	if (status == 0)
		status = calibration_make(b, 6, 0.03, &calibration, &error);
	if (status == 0)
		status = calibration_write(&calibration, &json, &error);
	if (status == 0)
		status = calibration_read(json.bytes, json.length, &read, &error);
	if (status == 0)
		status = compare_within(b, 0.03, NULL, &error);
	text_release(&xml);
	text_release(&json);
	calibration_release(&calibration);
	calibration_release(&read);
	return status;
}

static void no_memory_anywhere_is_an_error_and_no_leak(void **state)
{
	(void)state;
	struct result a, b;
	fixture_result(&a, small);
	for (struct lack lack = {.least = 50}; lack_next(&lack);) {
		fixture_result(&b, small);
		fill_rounds(&b);
		memory_release(b.comparisons[1].reason);
		memory_release(b.comparisons);
		b.comparisons = NULL;
		b.comparison_count = 0;
		lack_begins(&lack);
		int status = do_all(&a, &b);
		assert_int_equal(status, lack_ends(&lack) ? -1 : 0);
		result_release(&b);
	}
	result_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_calibration_counts_verdicts),
		cmocka_unit_test(what_was_not_compared_raised_no_alarm_either),
		cmocka_unit_test(a_calibration_of_too_few_rounds_detects_nothing),
		cmocka_unit_test(a_damaged_calibration_is_refused),
		cmocka_unit_test(no_memory_anywhere_is_an_error_and_no_leak),
	};
	return cmocka_run_group_tests_name("calibration", tests, NULL, NULL);
}
