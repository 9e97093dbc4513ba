/* SPDX-License-Identifier: MIT
 * Policies, and the gate over results whose figures are written by hand. */
#include "compare/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool near(double got, double wanted)
{
	return fabs(got - wanted) < 1e-12;
}

static void the_default_policy_gates_what_is_exact_and_has_a_direction(void **state)
{
	(void)state;
	struct policy policy;
	policy_default(&policy);
	assert_int_equal(policy.weight[METRIC_FAILURES_TOTAL], POLICY_GATED);
	assert_int_equal(policy.weight[METRIC_RAW_NS_PER_OP], POLICY_ADVISORY);
	assert_int_equal(policy.weight[METRIC_OPERATIONS], POLICY_IGNORED);
	assert_true(near(policy.threshold[METRIC_RAW_NS_PER_OP], 0.03));
	assert_true(policy.threshold[METRIC_METADATA_BYTES] == 0);
}

static void a_policy_changes_what_it_names(void **state)
{
	(void)state;
	static const char text[] = "policy: 1\nthreshold: 5%\nmetrics:\n  - {metric: metadata_bytes, threshold: 12.5%}\n"
				   "  - {metric: steps.*, as: ignored}\n";
	struct policy policy;
	struct text messages = {0};
	assert_int_equal(policy_parse("p", text, sizeof text - 1, &policy, &messages), 0);
	assert_true(near(policy.threshold[METRIC_RAW_NS_PER_OP], 0.05));
	assert_true(near(policy.threshold[METRIC_METADATA_BYTES], 0.125));
	assert_true(policy.threshold[METRIC_METADATA_BYTES_PER_EXTENT] == 0);
	assert_int_equal(policy.weight[METRIC_STEPS_ALLOC_MAX], POLICY_IGNORED);
	assert_int_equal(policy.weight[METRIC_STEPS_FREE_MEAN], POLICY_IGNORED);
	assert_int_equal(policy.weight[METRIC_SPAN_PAGES], POLICY_GATED);
	text_release(&messages);
}

/* Nothing is below metadata_byte; what is wrong changes nothing. */
static void a_wrong_policy_is_the_default_one(void **state)
{
	(void)state;
	static const char text[] = "policy: 1\nthreshold: 5%\nmetrics:\n  - {metric: steps.*, as: ignored}\n"
				   "  - {metric: metadata_byte.*, as: ignored}\n";
	struct policy policy, usual;
	struct text messages = {0};
	policy_default(&usual);
	assert_int_equal(policy_parse("p", text, sizeof text - 1, &policy, &messages), -1);
	assert_non_null(strstr(messages.bytes, "p:5:14: metrics[1].metric: 'metadata_byte.*' is no metric"));
	for (int i = 0; i < METRIC_ALL; i++)
		assert_true(policy.weight[i] == usual.weight[i] && policy.threshold[i] == usual.threshold[i]);
	text_release(&messages);
}

/* A gate that could not look must not pass. */
static void only_gated_rows_stop_anything(void **state)
{
	(void)state;
	struct policy policy;
	policy_default(&policy);
	static const enum gate_outcome wanted[RESULT_VERDICT_COUNT] = {
		[RESULT_VERDICT_OK] = GATE_PASSED,
		[RESULT_VERDICT_IMPROVEMENT] = GATE_PASSED,
		[RESULT_VERDICT_REGRESSION] = GATE_FAILED,
		[RESULT_VERDICT_INCONCLUSIVE] = GATE_INCONCLUSIVE,
		[RESULT_VERDICT_DIFFERENT_WORK] = GATE_INCONCLUSIVE,
		[RESULT_VERDICT_NOT_COMPARED] = GATE_INCONCLUSIVE,
	};
	for (int i = 0; i < RESULT_VERDICT_COUNT; i++) {
		struct result_comparison row = {.metric = METRIC_SPAN_PAGES, .verdict = (enum result_verdict)i};
		assert_int_equal(gate_row_outcome(&policy, &row), wanted[i]);
		row.metric = METRIC_RAW_NS_PER_OP;
		assert_int_equal(gate_row_outcome(&policy, &row), GATE_PASSED);
	}
}

/* One that no policy speaks of is not judged: it would share the error rate of all. */
static void percentiles_are_judged_when_a_policy_says_so(void **state)
{
	(void)state;
	static const char text[] = "policy: 1\nmetrics:\n  - {metric: latency.alloc.p99_ns, as: gated, threshold: 10%}\n"
				   "  - {metric: latency.poll.*, as: advisory}\n";
	struct policy policy;
	struct text messages = {0}, log = {0};
	struct gate_selftest found, without;
	policy_default(&policy);
	assert_int_equal(gate_selftest(&policy, &without, &log, NULL), 0);
	assert_null(strstr(log.bytes, "latency."));
	assert_int_equal(policy_parse("p", text, sizeof text - 1, &policy, &messages), 0);
	int p99 = metric_of_latency(METRIC_KIND_ALLOC, METRIC_LATENCY_P99);
	assert_int_equal(policy.weight[p99], POLICY_GATED);
	assert_int_equal(policy.weight[metric_of_latency(METRIC_KIND_FREE, METRIC_LATENCY_P99)], POLICY_IGNORED);
	assert_int_equal(policy.weight[metric_of_latency(METRIC_KIND_POLL, METRIC_LATENCY_P50)], POLICY_ADVISORY);
	assert_int_equal(policy.weight[metric_of_latency(METRIC_KIND_POLL, METRIC_LATENCY_MAX)], POLICY_IGNORED);
	assert_int_equal(gate_selftest(&policy, &found, &log, NULL), 0);
	assert_int_equal(found.checks, without.checks + 1);
	assert_int_equal(found.good, found.checks);
	assert_non_null(strstr(log.bytes, "latency.alloc.p99_ns worse by 16%, threshold 10%: the gate failed"));
	text_release(&messages);
	text_release(&log);
}

static void the_self_test_is_good_and_notices_a_blind_policy(void **state)
{
	(void)state;
	struct policy policy;
	struct gate_selftest found;
	struct text log = {0};
	policy_default(&policy);
	policy.weight[METRIC_RAW_NS_PER_OP] = POLICY_GATED;
	assert_int_equal(gate_selftest(&policy, &found, &log, NULL), 0);
	assert_int_equal(found.good, found.checks);
	assert_true(found.checks > 30);
	/* Nothing that is better higher can be worse by more than all of it. */
	policy.threshold[METRIC_FREE_2MIB_SLOTS] = 1;
	assert_int_equal(gate_selftest(&policy, &found, &log, NULL), 0);
	assert_int_equal(found.good, found.checks - 1);
	for (int i = 0; i < METRIC_ALL; i++)
		policy.weight[i] = POLICY_ADVISORY;
	assert_int_equal(gate_selftest(&policy, &found, &log, NULL), 0);
	assert_int_equal(found.good, found.checks - 1);
	text_release(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_policy_gates_what_is_exact_and_has_a_direction),
		cmocka_unit_test(a_policy_changes_what_it_names),
		cmocka_unit_test(a_wrong_policy_is_the_default_one),
		cmocka_unit_test(only_gated_rows_stop_anything),
		cmocka_unit_test(percentiles_are_judged_when_a_policy_says_so),
		cmocka_unit_test(the_self_test_is_good_and_notices_a_blind_policy),
	};
	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
