/* SPDX-License-Identifier: MIT
 * Comparisons of arms whose rounds are written by hand, and the intervals of percentiles. */
#include "base/memory.h"
#include "base/rng.h"
#include "compare/compare.h"
#include "compare/percentile.h"
#include "support/result_fixture.h"

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

static struct result_comparison compare_hand(const double *a, size_t a_count, const double *b, size_t b_count,
					     double threshold, size_t verdicts)
{
	struct result_comparison row = {0};
	assert_int_equal(compare_rounds(a, a_count, b, b_count, threshold, verdicts, &row, NULL), 0);
	memory_release(row.reason);
	row.reason = NULL;
	return row;
}

static const double ones[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* Twelve rounds at 95 %: the third and the tenth of the sorted ratios. The median of ratios is taken of logarithms: sqrt(6th *
 * 7th). */
static void ratio_and_interval_are_order_statistics(void **state)
{
	(void)state;
	const double b[12] = {1.12, 1.01, 1.02, 1.11, 1.03, 1.04, 1.10, 1.05, 1.06, 1.09, 1.07, 1.08};
	struct result_comparison row = compare_hand(ones, 12, b, 12, 0.0301, 1);
	assert_true(near(row.ratio, sqrt(1.06 * 1.07)));
	assert_true(near(row.ci_low, 1.03) && near(row.ci_high, 1.10));
	assert_int_equal(row.rounds, 12);
	assert_true(near(row.level, 0.95));
	assert_int_equal(row.verdict, RESULT_VERDICT_INCONCLUSIVE);
	assert_int_equal(compare_hand(ones, 12, b, 12, 0.0299, 1).verdict, RESULT_VERDICT_REGRESSION);
	assert_int_equal(compare_hand(ones, 12, b, 12, 0.11, 1).verdict, RESULT_VERDICT_OK);
	assert_int_equal(compare_hand(b, 12, ones, 12, 0.0299, 1).verdict, RESULT_VERDICT_IMPROVEMENT);
}

/* Sharing the error among a hundred leaves twelve rounds their extremes; among more, nothing. */
static void many_verdicts_widen_the_interval(void **state)
{
	(void)state;
	const double b[12] = {1.12, 1.01, 1.02, 1.11, 1.03, 1.04, 1.10, 1.05, 1.06, 1.09, 1.07, 1.08};
	struct result_comparison row = compare_hand(ones, 12, b, 12, 0.005, 100);
	assert_true(near(row.ci_low, 1.01) && near(row.ci_high, 1.12));
	assert_int_equal(row.verdict, RESULT_VERDICT_REGRESSION);
	row = compare_hand(ones, 12, b, 12, 0.005, 103);
	assert_true(isnan(row.ci_low) && isnan(row.ci_high));
	assert_int_equal(row.verdict, RESULT_VERDICT_INCONCLUSIVE);
	assert_int_equal(row.rounds_wanted, 13);
}

/* A round counts only where both have one; what drifts together is no difference. */
static void rounds_are_compared_in_pairs(void **state)
{
	(void)state;
	const double a[8] = {1, 2, 4, 8, 16, 32, (double)NAN, 128}, b[9] = {2, 4, 8, 16, 32, 64, 5, (double)NAN, 7};
	struct result_comparison row = compare_hand(a, 8, b, 9, 0.03, 1);
	assert_int_equal(row.rounds, 6);
	assert_true(near(row.ratio, 2) && near(row.ci_low, 2) && near(row.ci_high, 2));
	row = compare_hand(a, 8, b, 0, 0.03, 1);
	assert_int_equal(row.rounds, 0);
	assert_int_equal(row.verdict, RESULT_VERDICT_NOT_COMPARED);
}

/* Six rounds have their extremes as the interval. 1 / 1.03 = 0.97087…. */
static void a_verdict_is_where_the_interval_lies(void **state)
{
	(void)state;
	static const struct {
		double low, high;
		enum result_verdict verdict;
	} cases[] = {
		{1.0301, 1.5, RESULT_VERDICT_REGRESSION},
		{1.0299, 1.5, RESULT_VERDICT_INCONCLUSIVE},
		{0.5, 0.9708, RESULT_VERDICT_IMPROVEMENT},
		{0.5, 0.9709, RESULT_VERDICT_INCONCLUSIVE},
		{0.9709, 1.0299, RESULT_VERDICT_OK},
		{0.9708, 1.0299, RESULT_VERDICT_INCONCLUSIVE},
		{0.9709, 1.0301, RESULT_VERDICT_INCONCLUSIVE},
		{0.5, 1.5, RESULT_VERDICT_INCONCLUSIVE},
		{1.001, 1.0299, RESULT_VERDICT_OK},
		{0.9709, 0.999, RESULT_VERDICT_OK},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		double middle = (cases[i].low + cases[i].high) / 2;
		const double b[6] = {middle, cases[i].low, middle, middle, cases[i].high, middle};
		struct result_comparison row = compare_hand(ones, 6, b, 6, 0.03, 1);
		assert_true(near(row.ci_low, cases[i].low) && near(row.ci_high, cases[i].high));
		assert_int_equal(row.verdict, cases[i].verdict);
	}
}

/* How often verdicts are right, by simulation: log-ratios with a spread of 2 %, which is more than was seen between
 * processes. */
static void simulated_comparisons_do_not_cry_wolf(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 3);
	unsigned alarms = 0, ok = 0, found = 0;
	for (int i = 0; i < 600; i++) {
		double a[12], b[12], slow[12];
		for (int j = 0; j < 12; j++) {
			double drift = 1 + rng_unit(&rng);
			a[j] = drift * exp(0.03 * (rng_unit(&rng) + rng_unit(&rng) - 1));
			b[j] = drift * exp(0.03 * (rng_unit(&rng) + rng_unit(&rng) - 1));
			slow[j] = 1.1 * b[j];
		}
		enum result_verdict equal = compare_hand(a, 12, b, 12, 0.03, 1).verdict;
		alarms += equal == RESULT_VERDICT_REGRESSION || equal == RESULT_VERDICT_IMPROVEMENT;
		ok += equal == RESULT_VERDICT_OK;
		found += compare_hand(a, 12, slow, 12, 0.03, 1).verdict == RESULT_VERDICT_REGRESSION;
	}
	assert_int_equal(alarms, 0);
	assert_true(ok >= 480);
	assert_true(found >= 570);
}

static const struct result_comparison *row_of(const struct compare_pair *pair, enum metric metric)
{
	for (size_t i = 0; i < pair->row_count; i++)
		if (pair->rows[i].metric == metric)
			return &pair->rows[i];
	return NULL;
}

/* About normal: the sum of twelve uniforms. */
static double noise(struct rng *rng)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += rng_unit(rng);
	return sum;
}

/* How many of 400 comparisons are ok, of ratios with a spread of 2 % of which a share is three times as large; *lost: that
 * are not though the interval of the median lies inside the threshold. */
static unsigned simulated_ok(size_t rounds, double share, unsigned *lost)
{
	struct rng rng;
	rng_seed(&rng, 5);
	unsigned ok = 0;
	*lost = 0;
	for (int i = 0; i < 400; i++) {
		double ratios[40];
		struct result_comparison row = {0};
		for (size_t j = 0; j < rounds; j++)
			ratios[j] = exp(0.02 * noise(&rng)) * (rng_unit(&rng) < share ? 3 : 1);
		assert_int_equal(compare_ratios(ratios, rounds, 0.03, 1, &row, NULL), 0);
		bool inside = row.ci_low > 1 / 1.03 && row.ci_high < 1.03;
		ok += row.verdict == RESULT_VERDICT_OK;
		*lost += inside && row.verdict != RESULT_VERDICT_OK;
		assert_true(row.verdict != RESULT_VERDICT_OK || inside);
		memory_release(row.reason);
	}
	return ok;
}

static void a_fifth_that_is_three_times_slower_is_not_ok(void **state)
{
	(void)state;
	unsigned lost;
	/* None of twelve is slow in 0.8^12 = 7 % of cases; none of forty in 0.01 %, one alone in 0.1 %. */
	assert_true(simulated_ok(12, 0.2, &lost) <= 40);
	assert_true(lost > 100);
	assert_true(simulated_ok(40, 0.2, &lost) <= 2);
	/* One in a hundred is, and may be. */
	assert_true(simulated_ok(12, 0, &lost) > 320);
	assert_true(lost <= 4);
	simulated_ok(6, 0, &lost);
	assert_true(lost <= 4);
	assert_true(simulated_ok(40, 0, &lost) > 390);
	assert_true(lost <= 4);
}

static void expect_reason(const double *ratios, size_t count, enum result_verdict verdict, const char *reason)
{
	struct result_comparison row = {0};
	assert_int_equal(compare_ratios(ratios, count, 0.03, 1, &row, NULL), 0);
	assert_int_equal(row.verdict, verdict);
	assert_true(reason ? row.reason && strcmp(row.reason, reason) == 0 : !row.reason);
	assert_true(!reason || !row.rounds_wanted);
	memory_release(row.reason);
}

static void two_modes_and_far_rounds_are_told(void **state)
{
	(void)state;
	double ratios[60] = {1, 1, 1.5, 1, 1, 1, 1.01, 1, 1, 1.4, 1, 1};
	expect_reason(ratios, 12, RESULT_VERDICT_INCONCLUSIVE, "two modes: 10 rounds at 1, 2 at 1.449");
	ratios[2] = 1.01; /* one round is no mode, and 1.4 moves the mean of twelve by 2.8 % */
	expect_reason(ratios, 12, RESULT_VERDICT_OK, NULL);
	ratios[9] = 1.43; /* 1.03^12 is 1.426 */
	expect_reason(ratios, 12, RESULT_VERDICT_INCONCLUSIVE,
		      "1 of 12 rounds lie further from 1 than 3 thresholds: the median hides them");
	ratios[9] = 1 / 1.43;
	expect_reason(ratios, 12, RESULT_VERDICT_INCONCLUSIVE,
		      "1 of 12 rounds lie further from 1 than 3 thresholds: the median hides them");
	ratios[9] = 1.1; /* 1.03^3 is 1.0927 */
	ratios[2] = 1 / 1.1;
	expect_reason(ratios, 12, RESULT_VERDICT_INCONCLUSIVE,
		      "2 of 12 rounds lie further from 1 than 3 thresholds: the median hides them");
	ratios[9] = 1.09;
	expect_reason(ratios, 12, RESULT_VERDICT_OK, NULL);
	const double both[] = {0.6, 0.58}; /* too few rounds, but nothing is hidden */
	expect_reason(both, 2, RESULT_VERDICT_INCONCLUSIVE, NULL);
	/* Modes of both sides of a difference do not undo it. */
	for (int i = 0; i < 12; i++)
		ratios[i] = i % 2 ? 2 : 3;
	expect_reason(ratios, 12, RESULT_VERDICT_REGRESSION, "two modes: 6 rounds at 2, 6 at 3");
	/* One in 46 is no more than a tenth with 95 %, one in 45 is not known to be; 4 moves a mean of as many. */
	for (int i = 0; i < 46; i++)
		ratios[i] = i ? 1 : 4;
	expect_reason(ratios, 46, RESULT_VERDICT_OK, NULL);
	expect_reason(ratios, 45, RESULT_VERDICT_INCONCLUSIVE,
		      "1 of 45 rounds lie further from 1 than 3 thresholds: the median hides them");
}

static void two_arms_of_the_fixture(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	struct compare_pair pair = {.a = {&result, 0}, .b = {&result, 1}};
	struct compare_rules rules;
	compare_rules_default(&rules, 0.03, 1);
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	const struct result_comparison *row = row_of(&pair, METRIC_SPAN_PAGES);
	assert_true(near(row->ratio, row->b_value / row->a_value));
	assert_int_equal(row->verdict, RESULT_VERDICT_IMPROVEMENT);
	assert_int_equal(row_of(&pair, METRIC_FAILURES_FRAGMENTED)->verdict, RESULT_VERDICT_OK);
	assert_true(isnan(row_of(&pair, METRIC_FAILURES_FRAGMENTED)->ratio));
	/* Only describing, or measured by neither. */
	assert_null(row_of(&pair, METRIC_OPERATIONS));
	assert_null(row_of(&pair, METRIC_NET_NS_PER_OP));
	assert_null(row_of(&pair, METRIC_LARGEST_FREE_PAGES));
	/* Arm 1 has no rounds. */
	assert_int_equal(row_of(&pair, METRIC_RAW_NS_PER_OP)->verdict, RESULT_VERDICT_NOT_COMPARED);
	assert_string_equal(row_of(&pair, METRIC_RAW_NS_PER_OP)->reason, "no round has a figure of both");
	compare_pair_release(&pair);
	/* 28 of 20,000 failed is more than 0.1 %, 28 of a million is not. */
	result_set(&result.arms[5].phases[1].figures, METRIC_FAILURES_TOTAL, 28);
	for (size_t i = 3; i < 6; i += 2) {
		result.arms[i].phases[1].round_ns_per_op = fixture_room(12, sizeof(double));
		memcpy(result.arms[i].phases[1].round_ns_per_op, ones, sizeof ones);
		result.arms[i].phases[1].round_count = 12;
	}
	pair = (struct compare_pair){.a = {&result, 3}, .b = {&result, 5}};
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	assert_int_equal(row_of(&pair, METRIC_RAW_NS_PER_OP)->verdict, RESULT_VERDICT_OK);
	assert_null(row_of(&pair, METRIC_RAW_NS_PER_OP)->reason);
	compare_pair_release(&pair);
	result_set(&result.arms[5].phases[1].figures, METRIC_ALLOCATIONS, 20000);
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	assert_int_equal(row_of(&pair, METRIC_RAW_NS_PER_OP)->verdict, RESULT_VERDICT_DIFFERENT_WORK);
	compare_pair_release(&pair);
	result_release(&result);
}

/* The verdict on time of arms 3 and 5, which have twelve equal rounds and failed so often. */
static enum result_verdict verdict_of_failures(struct result *result, enum metric tried, double of, double a, double b)
{
	const double failed[2] = {a, b};
	for (size_t i = 0; i < 2; i++) {
		struct result_phase *phase = &result->arms[3 + 2 * i].phases[1];
		result_set_null(&phase->figures, METRIC_ALLOCATIONS, RESULT_REASON_NOT_MEASURED);
		result_set(&phase->figures, tried, of);
		result_set(&phase->figures, METRIC_FAILURES_TOTAL, failed[i]);
	}
	struct compare_pair pair = {.a = {result, 3}, .b = {result, 5}};
	struct compare_rules rules;
	compare_rules_default(&rules, 0.03, 1);
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	enum result_verdict verdict = row_of(&pair, METRIC_RAW_NS_PER_OP)->verdict;
	compare_pair_release(&pair);
	return verdict;
}

/* Arms 3 and 5 of the fixture, with twelve equal rounds each. */
static void equal_rounds(struct result *result)
{
	fixture_result(result, small);
	for (size_t i = 3; i < 6; i += 2) {
		memory_release(result->arms[i].phases[1].round_ns_per_op);
		result->arms[i].phases[1].round_ns_per_op = fixture_room(12, sizeof(double));
		memcpy(result->arms[i].phases[1].round_ns_per_op, ones, sizeof ones);
		result->arms[i].phases[1].round_count = 12;
	}
}

/* 0.1 % of a million are a thousand, whichever arm it is. Without an audit half of the operations are allocations. */
static void work_is_different_beyond_a_thousandth(void **state)
{
	(void)state;
	static const struct {
		enum metric tried;
		double of;
	} counts[] = {{METRIC_ALLOCATIONS, 1e6}, {METRIC_OPERATIONS, 2e6}};
	struct result result;
	equal_rounds(&result);
	for (size_t i = 0; i < 2; i++) {
		enum metric tried = counts[i].tried;
		double of = counts[i].of;
		assert_int_equal(verdict_of_failures(&result, tried, of, 0, 1000), RESULT_VERDICT_OK);
		assert_int_equal(verdict_of_failures(&result, tried, of, 1000, 0), RESULT_VERDICT_OK);
		assert_int_equal(verdict_of_failures(&result, tried, of, 5000, 5000), RESULT_VERDICT_OK);
		assert_int_equal(verdict_of_failures(&result, tried, of, 0, 1001), RESULT_VERDICT_DIFFERENT_WORK);
		assert_int_equal(verdict_of_failures(&result, tried, of, 1001, 0), RESULT_VERDICT_DIFFERENT_WORK);
	}
	result_release(&result);
}

/* A failed logical call of a driver ends the times of an arm; those of older results contain the physical side. */
static void times_that_end_apart_are_different_work(void **state)
{
	(void)state;
	static const struct {
		double a, b;
		enum result_verdict verdict;
	} ends[] = {{1, 1, RESULT_VERDICT_OK},
		    {0.5, 0.5, RESULT_VERDICT_OK},
		    {1, 0.5, RESULT_VERDICT_DIFFERENT_WORK},
		    {0.5, 1, RESULT_VERDICT_DIFFERENT_WORK},
		    {1, NAN, RESULT_VERDICT_DIFFERENT_WORK},
		    {NAN, 1, RESULT_VERDICT_DIFFERENT_WORK}};
	struct result result;
	equal_rounds(&result);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		result.arms[3].phases[1].figures.value[METRIC_AHEAD_SHARE] = ends[i].a;
		result.arms[5].phases[1].figures.value[METRIC_AHEAD_SHARE] = ends[i].b;
		assert_int_equal(verdict_of_failures(&result, METRIC_ALLOCATIONS, 1e6, 0, 0), ends[i].verdict);
	}
	result_release(&result);
}

static void two_runs_and_two_builds_are_told(void **state)
{
	(void)state;
	struct result a, b;
	fixture_result(&a, small);
	fixture_result(&b, small);
	struct compare_pair pair = {.a = {&a, 0}, .b = {&b, 0}};
	struct compare_rules rules;
	compare_rules_default(&rules, 0.03, 1);
	static const char *const reasons[] = {NULL, "two runs: drift between them counts, too",
					      "two runs by two builds of iovabench: drift and the harness count, too"};
	for (size_t i = 0; i < 3; i++) {
		char **text = i == 1 ? &b.run.id : i == 2 ? &b.nodes[0].build : NULL;
		if (text) {
			memory_release(*text);
			*text = memory_text("another");
		}
		assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
		const char *reason = row_of(&pair, METRIC_RAW_NS_PER_OP)->reason;
		assert_true(reasons[i] ? reason && strcmp(reason, reasons[i]) == 0 : !reason);
		compare_pair_release(&pair);
	}
	result_release(&a);
	result_release(&b);
}

/* Of the same model, too: no round of one is held against one of the other, so that there is no ratio either. */
static void times_of_two_machines_are_not_compared(void **state)
{
	(void)state;
	struct result a, b;
	fixture_result(&a, small);
	fixture_result(&b, small);
	struct compare_pair pair = {.a = {&a, 0}, .b = {&b, 0}};
	struct compare_rules rules;
	compare_rules_default(&rules, 0.03, 1);
	b.nodes[0].id++;
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	const struct result_comparison *row = row_of(&pair, METRIC_RAW_NS_PER_OP);
	assert_int_equal(row->verdict, RESULT_VERDICT_NOT_COMPARED);
	assert_string_equal(row->reason, "measured on different machines, whose rounds are never paired");
	assert_true(isnan(row->ratio) && isnan(row->ci_low));
	assert_int_equal(row->rounds, 0);
	assert_int_equal(row_of(&pair, METRIC_SPAN_PAGES)->verdict, RESULT_VERDICT_OK);
	compare_pair_release(&pair);
	/* One machine with another kernel is one machine. */
	b.nodes[0].id--;
	memory_release(b.nodes[0].kernel);
	b.nodes[0].kernel = memory_text("another");
	assert_int_equal(compare_arms(&pair, &rules, NULL), 0);
	assert_int_equal(row_of(&pair, METRIC_RAW_NS_PER_OP)->rounds, 2);
	compare_pair_release(&pair);
	result_release(&a);
	result_release(&b);
}

static struct result_comparison pool_hand(const double *const *b, size_t count, size_t rounds, double threshold)
{
	struct compare_series nodes[8];
	struct result_comparison row = {0};
	for (size_t i = 0; i < count; i++)
		nodes[i] = (struct compare_series){ones, b[i], 12, rounds};
	assert_int_equal(compare_nodes(nodes, count, threshold, 1, &row, NULL), 0);
	return row;
}

/* Medians 1.10, 1.11 and 1.12: t of two degrees of freedom at 95 % is 4.302653. */
static void nodes_of_a_class_are_clusters(void **state)
{
	(void)state;
	const double low[3] = {1.0, 1.10, 1.7}, middle[3] = {1.11, 1.10, 1.12}, high[3] = {1.12, 1.12, 1.12};
	const double *const b[] = {low, middle, high};
	struct result_comparison row = pool_hand(b, 3, 3, 0.03);
	double logs[3] = {log(1.10), log(1.11), log(1.12)}, mean = (logs[0] + logs[1] + logs[2]) / 3, squares = 0;
	for (size_t i = 0; i < 3; i++)
		squares += (logs[i] - mean) * (logs[i] - mean);
	double half = 4.302652729911275 * sqrt(squares / 2 / 3);
	assert_true(near(row.ratio, exp(mean)));
	assert_true(near(row.ci_low, exp(mean - half)) && near(row.ci_high, exp(mean + half)));
	assert_int_equal(row.nodes, 3);
	assert_int_equal(row.rounds, 9);
	assert_int_equal(row.verdict, RESULT_VERDICT_REGRESSION);
	/* However many rounds each has: the spread between nodes counts, with one degree of freedom for two of them. */
	row = pool_hand(b, 2, 3, 0.03);
	assert_int_equal(row.verdict, RESULT_VERDICT_REGRESSION);
	assert_int_equal(pool_hand(b, 2, 3, 0.08).verdict, RESULT_VERDICT_INCONCLUSIVE);
	assert_int_equal(pool_hand(b, 2, 3, 0.08).rounds_wanted, 0);
	assert_true(row.ci_high / row.ci_low > 1.1);
}

static void nodes_that_disagree_have_no_pooled_verdict(void **state)
{
	(void)state;
	double slow[12], fast[12];
	for (size_t i = 0; i < 12; i++)
		slow[i] = 2, fast[i] = 1.9;
	const double *const b[] = {slow, fast, slow};
	struct result_comparison row = pool_hand(b, 3, 12, 0.03);
	assert_int_equal(row.verdict, RESULT_VERDICT_NOT_COMPARED);
	assert_string_equal(row.reason, "nodes of one class disagree by more than the threshold (1.9 to 2)");
	assert_true(isnan(row.ratio) && isnan(row.ci_low));
	memory_release(row.reason);
	assert_int_equal(pool_hand(b, 3, 12, 0.06).verdict, RESULT_VERDICT_REGRESSION);
	/* A node without rounds says nothing, and one that is left alone has its own interval. */
	row = pool_hand(b, 1, 12, 0.03);
	assert_true(row.nodes == 0 && row.rounds == 12 && row.verdict == RESULT_VERDICT_REGRESSION);
	const struct compare_series nodes[2] = {{ones, slow, 0, 12}, {ones, slow, 12, 12}};
	struct result_comparison alone = {0};
	assert_int_equal(compare_nodes(nodes, 2, 0.03, 1, &alone, NULL), 0);
	assert_true(alone.nodes == 0 && alone.rounds == 12 && near(alone.ratio, 2) && near(alone.ci_low, 2));
}

/* Makes arms 3 to 5 one arm that was measured once on each node; no other was. Nodes 1 and 2 are of one class, 3 is not. */
static void spread(struct result *result, const uint64_t *ids, size_t count)
{
	result->sources = fixture_room(count, sizeof *result->sources);
	result->source_count = count;
	result_node_release(&result->nodes[0]);
	memory_release(result->nodes);
	result->nodes = fixture_room(count, sizeof *result->nodes);
	result->node_count = count;
	for (size_t i = 0; i < count; i++) {
		result->nodes[i].id = ids[i];
		result->nodes[i].cpus = ids[i] == 3 ? 64 : 8;
		result->sources[i] = (struct result_source){.id = memory_text("run"), .node = i};
	}
	for (size_t i = 0; i < result->arm_count; i++) {
		struct result_arm *arm = &result->arms[i];
		if (i < 3 || i >= 3 + count) {
			arm->state = RESULT_ARM_NOT_RUN;
			continue;
		}
		memory_release(arm->spec);
		memory_release(arm->rate);
		arm->spec = memory_text("buddy");
		arm->rate = NULL;
		arm->source = i - 3;
	}
}

/* Nodes of arms of a, against nodes of arms of b: which pairs there are, as the first nodes of both and the number of all. */
static void nodes_are_paired(size_t a_count, const uint64_t *a_ids, size_t b_count, const uint64_t *b_ids,
			     const char *wanted)
{
	struct result a, b;
	struct compare_pair *pairs;
	struct text found = {0};
	size_t count;
	fixture_result(&a, small);
	fixture_result(&b, small);
	spread(&a, a_ids, a_count);
	spread(&b, b_ids, b_count);
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	text_add(&found, "%s", "");
	for (size_t i = 0; i < count; i++) {
		text_add(&found, "%s%d/%d:%zu", i ? " " : "", (int)a_ids[a.arms[pairs[i].a.arm].source],
			 (int)b_ids[b.arms[pairs[i].b.arm].source], pairs[i].other_count + 1);
		compare_pair_release(&pairs[i]);
	}
	assert_string_equal(found.bytes, wanted);
	text_release(&found);
	memory_release(pairs);
	result_release(&a);
	result_release(&b);
}

static void rounds_are_paired_by_node(void **state)
{
	(void)state;
	static const uint64_t all[] = {1, 2, 3}, turned[] = {3, 2, 1}, second[] = {2, 4}, third[] = {3};
	nodes_are_paired(3, all, 3, turned, "3/3:1 2/2:2");
	nodes_are_paired(3, turned, 3, all, "1/1:2 3/3:1");
	nodes_are_paired(3, all, 1, third, "3/3:1");
	/* What has a node in common says nothing about others; what has none is paired once, without times. */
	nodes_are_paired(2, all, 2, second, "2/2:1");
	nodes_are_paired(2, all, 1, third, "1/3:1");
	nodes_are_paired(1, third, 2, all, "3/1:1");
}

static void only_against_a_baseline_something_regresses(void **state)
{
	(void)state;
	struct result a, b;
	fixture_result(&a, small);
	fixture_result(&b, small);
	struct compare_rules rules;
	compare_rules_default(&rules, 0.03, 1);
	result_set(&b.arms[0].phases[1].figures, METRIC_SPAN_PAGES, 1e9);
	struct compare_pair same = {.a = {&a, 0}, .b = {&b, 0}}, other = {.a = {&a, 0}, .b = {&a, 1}};
	assert_int_equal(compare_arms(&same, &rules, NULL), 0);
	assert_int_equal(compare_arms(&other, &rules, NULL), 0);
	assert_string_equal(result_verdict_word(row_of(&same, METRIC_SPAN_PAGES)), "regression");
	assert_string_equal(result_verdict_word(row_of(&other, METRIC_SPAN_PAGES)), "fewer");
	struct result_comparison row = {.metric = METRIC_RAW_NS_PER_OP, .verdict = RESULT_VERDICT_REGRESSION};
	assert_string_equal(result_verdict_word(&row), "slower");
	row.verdict = RESULT_VERDICT_IMPROVEMENT;
	assert_string_equal(result_verdict_word(&row), "faster");
	row.metric = METRIC_LARGEST_FREE_PAGES; /* more is better */
	assert_string_equal(result_verdict_word(&row), "more");
	assert_int_equal(result_verdict_of_word("more", row.metric), RESULT_VERDICT_IMPROVEMENT);
	assert_int_equal(result_verdict_of_word("more", METRIC_SPAN_PAGES), RESULT_VERDICT_REGRESSION);
	assert_int_equal(result_verdict_of_word("more", METRIC_RAW_NS_PER_OP), -1);
	assert_int_equal(result_verdict_of_word("regression", METRIC_SPAN_PAGES), RESULT_VERDICT_REGRESSION);
	row.baseline = true;
	assert_string_equal(result_verdict_word(&row), "improvement");
	compare_pair_release(&same);
	compare_pair_release(&other);
	result_release(&a);
	result_release(&b);
}

static void forget_comparisons(struct result *result)
{
	for (size_t i = 0; i < result->comparison_count; i++)
		memory_release(result->comparisons[i].reason);
	memory_release(result->comparisons);
	result->comparisons = NULL;
	result->comparison_count = 0;
}

static void within_a_result_the_first_measured_arm_is_the_base(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	forget_comparisons(&result);
	assert_int_equal(compare_within(&result, 0.03, NULL, NULL), 0);
	size_t pairs[9] = {0};
	for (size_t i = 0; i < result.comparison_count; i++) {
		assert_int_equal(result.comparisons[i].a, result.comparisons[i].b / 3 * 3);
		pairs[result.comparisons[i].b]++;
	}
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(pairs[i] > 0, i == 1 || i == 2 || i == 4); /* 5 has another rate, 7 is n/a, 8 failed */
	/* When the first one failed, the second one is the base. */
	forget_comparisons(&result);
	result.arms[0].state = RESULT_ARM_FAILED;
	assert_int_equal(compare_within(&result, 0.03, NULL, NULL), 0);
	assert_int_equal(result.comparisons[0].a, 1);
	assert_int_equal(result.comparisons[0].b, 2);
	result_release(&result);
}

/* Two arms are held against the first of workload 0, one against that of workload 1. */
static void each_workload_is_a_family_of_verdicts(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	forget_comparisons(&result);
	assert_int_equal(compare_within(&result, 0.03, NULL, NULL), 0);
	size_t timed = 0;
	for (size_t i = 0; i < result.comparison_count; i++) {
		const struct result_comparison *row = &result.comparisons[i];
		if (row->metric != METRIC_RAW_NS_PER_OP)
			continue;
		timed++;
		assert_true(near(row->level, row->b < 3 ? 1 - 0.05 / 2 : 0.95));
	}
	assert_int_equal(timed, 3);
	result_release(&result);
}

static void each_look_shares_the_error(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	for (size_t arm = 0; arm < 3; arm++)
		result.arms[arm].looks =
			(struct result_looks){.planned = {6, 12, 24}, .planned_count = 3, .made = {6, 12}, .made_count = 2};
	forget_comparisons(&result);
	assert_int_equal(compare_within(&result, 0.03, NULL, NULL), 0);
	for (size_t i = 0; i < result.comparison_count; i++)
		if (result.comparisons[i].metric == METRIC_RAW_NS_PER_OP)
			assert_true(near(result.comparisons[i].level, result.comparisons[i].b < 3 ? 1 - 0.05 / 6 : 0.95));
	result_release(&result);
}

static void give_seed(struct result_workload *workload, const char *name, const char *seed)
{
	memory_release(workload->name);
	workload->name = memory_text(name);
	workload->hash = 7;
	for (size_t i = 0; i < workload->setting_count; i++) {
		memory_release(workload->settings[i].key);
		memory_release(workload->settings[i].value);
	}
	memory_release(workload->settings);
	workload->settings = memory_zeroed(1, sizeof workload->settings[0]);
	workload->setting_count = 1;
	workload->settings[0] = (struct result_setting){memory_text(RESULT_SETTING_SEED), memory_text(seed)};
}

/* The first two workloads of the fixture are one with two seeds, of which each has its own arms. */
static void over_seeds_comparisons_of_the_same_arms_are_counted(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	give_seed(&result.workloads[0], "w", "1");
	give_seed(&result.workloads[1], "w", "2");
	assert_true(result_are_replicates(&result.workloads[0], &result.workloads[1]));
	assert_false(result_are_replicates(&result.workloads[0], &result.workloads[2]));
	assert_false(result_are_replicates(&result.workloads[2], &result.workloads[2]));
	for (size_t i = 0; i < 2; i++)
		for (size_t side = 0; side < 2; side++) {
			struct result_arm *arm = &result.arms[3 * i + side], *like = &result.arms[side];
			arm->threads = like->threads;
			memory_release(arm->rate);
			arm->rate = NULL;
			if (i) {
				memory_release(arm->spec);
				memory_release(arm->lock);
				arm->spec = memory_text(like->spec);
				arm->lock = like->lock ? memory_text(like->lock) : NULL;
			}
		}
	forget_comparisons(&result);
	result.comparisons = memory_zeroed(3, sizeof result.comparisons[0]);
	result.comparison_count = 3;
	for (size_t i = 0; i < 3; i++)
		result.comparisons[i] =
			(struct result_comparison){.a = i < 2 ? 3 * i : 0,
						   .b = i < 2 ? 3 * i + 1 : 2,
						   .metric = METRIC_SPAN_PAGES,
						   .ratio = 1.5 - (double)i,
						   .verdict = i ? RESULT_VERDICT_IMPROVEMENT : RESULT_VERDICT_REGRESSION};
	struct compare_seeds found = compare_over_seeds(&result, &result.comparisons[0]);
	assert_int_equal(found.seeds, 2);
	assert_int_equal(found.verdicts[RESULT_VERDICT_REGRESSION], 1);
	assert_int_equal(found.verdicts[RESULT_VERDICT_IMPROVEMENT], 1);
	assert_true(near(found.low, 0.5) && near(found.high, 1.5));
	/* Another metric, and another arm, are another comparison. */
	result.comparisons[1].metric = METRIC_HIGH_WATER_PAGES;
	assert_int_equal(compare_over_seeds(&result, &result.comparisons[0]).seeds, 1);
	result_release(&result);
}

/* ---- by pairs ---- */

/* Arm 1 against arm 0, twelve rounds around a ratio. */
static struct result_paired *pair_arms(struct result *result, double ratio)
{
	struct result_arm *arm = &result->arms[1];
	assert_int_equal(arm->paired_count, 0);
	arm->paired = memory_zeroed(1, sizeof arm->paired[0]);
	arm->paired_count = 1;
	struct result_paired *paired = arm->paired;
	*paired = (struct result_paired){.ratio = ratio,
					 .ratio_typical = ratio,
					 .long_ratio = 1,
					 .long_ci_low = 0.99,
					 .long_ci_high = 1.01,
					 .equal_share = 1,
					 .rounds = 12,
					 .round_count = 12};
	paired->round_ratio = memory_zeroed(12, sizeof(double));
	paired->round_typical = memory_zeroed(12, sizeof(double));
	for (int i = 0; i < 12; i++)
		paired->round_ratio[i] = paired->round_typical[i] = ratio * (1 + 0.0001 * (i - 5));
	return paired;
}

static const struct result_comparison *time_row(struct result *result, const char *against)
{
	forget_comparisons(result);
	assert_int_equal(compare_within(result, 0.03, against, NULL), 0);
	for (size_t i = 0; i < result->comparison_count; i++)
		if (result->comparisons[i].metric == METRIC_RAW_NS_PER_OP && result->comparisons[i].b == 1)
			return &result->comparisons[i];
	fail_msg("no comparison of times");
	return NULL;
}

static void verdicts_on_time_go_by_pairs(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	for (size_t arm = 0; arm < 2; arm++) /* the same work */
		result_set(&result.arms[arm].phases[result.arms[arm].figures_phase].figures, METRIC_FAILURES_TOTAL, 0);
	struct result_paired *paired = pair_arms(&result, 1.001);
	const struct result_comparison *row = time_row(&result, NULL);
	assert_int_equal(row->verdict, RESULT_VERDICT_OK);
	assert_true(row->by_pairs && fabs(row->ratio - 1.001) < 0.001);
	assert_int_equal(row->rounds, 12);
	/* The median pair alone would erase flushes and rehashes. */
	for (int i = 0; i < 12; i++)
		paired->round_typical[i] = 0.95;
	row = time_row(&result, NULL);
	assert_int_equal(row->verdict, RESULT_VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(row->reason, "bursts"));
	memcpy(paired->round_typical, paired->round_ratio, 12 * sizeof(double));
	/* Another ratio in longer windows: what lies in the caches decides. */
	paired->long_ratio = 1.05;
	paired->long_ci_low = 1.04;
	paired->long_ci_high = 1.06;
	row = time_row(&result, NULL);
	assert_int_equal(row->verdict, RESULT_VERDICT_NOT_COMPARED);
	assert_non_null(strstr(row->reason, "caches"));
	paired->long_ci_low = 0.97; /* chance */
	assert_int_equal(time_row(&result, NULL)->verdict, RESULT_VERDICT_OK);
	/* Of one that is slower the whole interval has to lie beyond the threshold. */
	for (int i = 0; i < 12; i++)
		paired->round_ratio[i] *= 1.5;
	paired->long_ci_low = 1.02;
	assert_int_equal(time_row(&result, NULL)->verdict, RESULT_VERDICT_REGRESSION);
	paired->long_ci_low = 1.04;
	assert_int_equal(time_row(&result, NULL)->verdict, RESULT_VERDICT_NOT_COMPARED);
	for (int i = 0; i < 12; i++)
		paired->round_ratio[i] /= 1.5;
	paired->long_ci_low = 0.97;
	paired->round_ratio[3] = paired->round_ratio[9] = 3;
	paired->reason = memory_text("one round was left out");
	row = time_row(&result, NULL);
	assert_int_equal(row->verdict, RESULT_VERDICT_INCONCLUSIVE);
	assert_string_equal(row->reason, "two modes: 10 rounds at 1.001, 2 at 3; one round was left out");
	/* No pair counts: by processes, as ever. */
	paired->rounds = 0;
	assert_false(time_row(&result, NULL)->by_pairs);
	result_release(&result);
}

/* ---- looks ---- */

static const uint32_t auto_looks[] = {6, 10, 16, 26, 40};

static struct result_paired *pair_for_looks(struct result *result, size_t arm)
{
	struct result_arm *its = &result->arms[arm];
	its->paired = memory_zeroed(1, sizeof its->paired[0]);
	its->paired_count = 1;
	*its->paired = (struct result_paired){.long_ratio = 1, .long_ci_low = 0.99, .long_ci_high = 1.01, .equal_share = 1};
	its->paired->round_ratio = memory_zeroed(40, sizeof(double));
	its->paired->round_typical = memory_zeroed(40, sizeof(double));
	return its->paired;
}

struct simulated {
	unsigned verdicts[RESULT_VERDICT_COUNT]; /* families with one at any look */
	unsigned decided;                        /* before the last look, or there */
	double rounds;                           /* mean */
};

/* Families of two pairs as `--rounds auto` plays them: the rounds of a look, all verdicts, another look while they are not
 * decided. */
static struct simulated simulate_looks(double ratio, double spread, double threshold, unsigned families)
{
	struct simulated found = {0};
	struct result result;
	struct rng rng;
	rng_seed(&rng, 11);
	fixture_result(&result, small);
	for (size_t i = 0; i < result.arm_count; i++) {
		struct result_arm *arm = &result.arms[i];
		struct result_phase *phase = arm->phase_count ? &arm->phases[arm->figures_phase] : NULL;
		if (i > 2)
			arm->state = RESULT_ARM_NOT_RUN;
		else
			result_set(&phase->figures, METRIC_FAILURES_TOTAL, 0);
		arm->looks = (struct result_looks){.planned = {6, 10, 16, 26, 40}, .planned_count = 5, .stops = true};
	}
	struct result_paired *pairs[2] = {pair_for_looks(&result, 1), pair_for_looks(&result, 2)};
	for (unsigned family = 0; family < families; family++) {
		bool seen[RESULT_VERDICT_COUNT] = {false}, decided = false;
		uint32_t rounds = 0;
		for (size_t look = 0; look < 5 && !decided; look++) {
			for (; rounds < auto_looks[look]; rounds++)
				for (size_t i = 0; i < 2; i++)
					pairs[i]->round_ratio[rounds] = pairs[i]->round_typical[rounds] =
						ratio * exp(spread * noise(&rng));
			pairs[0]->rounds = pairs[1]->rounds = rounds;
			pairs[0]->round_count = pairs[1]->round_count = rounds;
			forget_comparisons(&result);
			assert_int_equal(compare_within(&result, threshold, NULL, NULL), 0);
			decided = compare_decided(&result);
			for (size_t i = 0; i < result.comparison_count; i++)
				if (result.comparisons[i].metric == METRIC_RAW_NS_PER_OP)
					seen[result.comparisons[i].verdict] = true;
		}
		for (int i = 0; i < RESULT_VERDICT_COUNT; i++)
			found.verdicts[i] += seen[i];
		found.decided += decided;
		found.rounds += (double)rounds / families;
	}
	result_release(&result);
	return found;
}

/* Without a threshold every verdict of equals is false, and none is `ok`, so that all looks are made. */
static void five_looks_are_wrong_no_more_often_than_one(void **state)
{
	(void)state;
	struct simulated found = simulate_looks(1, 0.02, 0, 300);
	assert_true(found.verdicts[RESULT_VERDICT_REGRESSION] + found.verdicts[RESULT_VERDICT_IMPROVEMENT] <= 15);
	assert_true(found.rounds > 39);
	/* At an edge either side is wrong. */
	found = simulate_looks(1.03, 0.02, 0.03, 300);
	assert_true(found.verdicts[RESULT_VERDICT_REGRESSION] + found.verdicts[RESULT_VERDICT_OK] <= 15);
}

static void looks_end_when_they_decide(void **state)
{
	(void)state;
	/* A large difference takes no more rounds than an interval of this level. */
	struct simulated found = simulate_looks(1.5, 0.02, 0.03, 50);
	assert_int_equal(found.verdicts[RESULT_VERDICT_REGRESSION], 50);
	assert_int_equal(found.decided, 50);
	assert_true(near(found.rounds, 10));
	found = simulate_looks(1.06, 0.02, 0.03, 50);
	assert_true(found.decided >= 49 && found.rounds > 10 && found.rounds < 20);
	found = simulate_looks(1, 0.005, 0.03, 50);
	assert_true(found.decided == 50 && near(found.rounds, 10));
	found = simulate_looks(1, 0.02, 0.03, 50);
	assert_true(found.decided >= 45 && found.rounds < 26);
	/* Nobody can tell. */
	found = simulate_looks(1.03, 0.02, 0.03, 50);
	assert_true(found.decided <= 3 && found.rounds > 38);
}

static void pairs_of_different_work_have_a_ratio_and_no_verdict(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	result_set(&result.arms[0].phases[result.arms[0].figures_phase].figures, METRIC_FAILURES_TOTAL, 0);
	result_set(&result.arms[1].phases[result.arms[1].figures_phase].figures, METRIC_FAILURES_TOTAL, 1e6);
	struct result_paired *paired = pair_arms(&result, 0.5);
	paired->equal_share = 0.25;
	paired->reason =
		memory_text("1 of 12 rounds do not count: the clock went back"); /* which another reason replaces */
	const struct result_comparison *row = time_row(&result, NULL);
	assert_int_equal(row->verdict, RESULT_VERDICT_DIFFERENT_WORK);
	assert_true(fabs(row->ratio - 0.5) < 0.001);
	assert_non_null(strstr(row->reason, "first 25 % of operations"));
	result_release(&result);
}

static size_t pairs_held(struct result *result, const char *against, size_t a)
{
	size_t pairs = 0;
	forget_comparisons(result);
	assert_int_equal(compare_within(result, 0.03, against, NULL), 0);
	for (size_t i = 0; i < result->comparison_count; i++)
		pairs += result->comparisons[i].metric == METRIC_SPAN_PAGES && result->comparisons[i].a == a;
	return pairs;
}

static void who_is_held_against_whom_can_be_chosen(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	assert_int_equal(pairs_held(&result, NULL, 0), 2);
	assert_int_equal(pairs_held(&result, result.arms[1].spec, 0), 0);
	assert_int_equal(pairs_held(&result, result.arms[1].spec, 1), 2);
	assert_int_equal(pairs_held(&result, COMPARE_AGAINST_ALL, 0), 2);
	assert_int_equal(pairs_held(&result, COMPARE_AGAINST_ALL, 1), 1);
	assert_int_equal(pairs_held(&result, COMPARE_AGAINST_ALL, 2), 0);
	/* Whom nobody finds is nobody's base. */
	assert_int_equal(pairs_held(&result, "none", 0), 2);
	result_release(&result);
}

static void results_are_matched_by_workload_and_spec(void **state)
{
	(void)state;
	struct result a, b;
	struct compare_pair *pairs;
	size_t count;
	fixture_result(&a, small);
	fixture_result(&b, small);
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 7);
	assert_int_equal(compare_check_work(pairs, count, NULL), 0);
	memory_release(pairs);
	assert_int_equal(compare_match(&a, &b, "buddy", "bitmap:fit=first", &pairs, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(pairs[1].a.arm, 3);
	assert_int_equal(pairs[1].b.arm, 4);
	memory_release(pairs);
	b.arms[0].threads = 2;
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 6);
	memory_release(pairs);
	/* Nor is an arm behind another lock the same one, unless it is named. */
	memory_release(b.arms[1].lock);
	b.arms[1].lock = memory_text("another");
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 5);
	memory_release(pairs);
	assert_int_equal(compare_match(&a, &b, a.arms[1].spec, b.arms[1].spec, &pairs, &count, NULL), 0);
	assert_int_equal(pairs[0].b.arm, 1);
	memory_release(pairs);
	/* An open loop is another measurement than a closed one, and than one of another rate, also when it is named. */
	b.arms[2].rate = memory_text("1000000");
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 4);
	memory_release(pairs);
	assert_int_equal(compare_match(&a, &b, a.arms[2].spec, b.arms[2].spec, &pairs, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(pairs[i].b.arm, 2);
	memory_release(pairs);
	a.arms[2].rate = memory_text("1000000:poisson");
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 4);
	memory_release(pairs);
	memory_release(b.arms[2].rate);
	b.arms[2].rate = memory_text("1000000:poisson");
	assert_int_equal(compare_match(&a, &b, NULL, NULL, &pairs, &count, NULL), 0);
	assert_int_equal(count, 5);
	memory_release(pairs);
	/* Where the stream is not known, the file, the seed and the number of operations speak. */
	struct compare_arm left = {&a, 1}, right = {&b, 1};
	assert_true(compare_same_work(&left, &right));
	b.workloads[0].seed++;
	assert_false(compare_same_work(&left, &right));
	result_release(&a);
	result_release(&b);
}

/* 100 samples of 1 .. 100 ns: Hahn and Meeker's ranks of the median, 40 and 61; the 99th percentile of 100 has no upper
 * bound. */
static void percentiles_have_the_interval_of_their_samples(void **state)
{
	(void)state;
	uint64_t values[100], samples[100];
	for (uint64_t i = 0; i < 100; i++) {
		values[i] = i + 1;
		samples[i] = 1;
	}
	struct result_latency latency = {.count = 100,
					 .p50_ns = 50,
					 .p90_ns = (double)NAN,
					 .p99_ns = 99,
					 .p999_ns = (double)NAN,
					 .resolution_ns = 10,
					 .histogram = {100, values, samples, 1, 100, 0}};
	struct compare_percentile found = compare_percentile(&latency, 0);
	assert_true(found.ns == 50 && found.low_ns == 40 && found.high_ns == 61);
	latency.resolution_ns = 45;
	assert_true(compare_percentile(&latency, 0).low_ns == 45);
	assert_true(isnan(compare_percentile(&latency, 1).ns));
	found = compare_percentile(&latency, 2);
	assert_true(found.ns == 99 && isnan(found.low_ns) && isnan(found.high_ns));
	latency.count = 0;
	assert_true(isnan(compare_percentile(&latency, 0).ns));
}

/* Of 100 samples 50 were too large for the histogram: their ranks are known, of their values the largest alone. */
static void dropped_samples_are_the_largest(void **state)
{
	(void)state;
	uint64_t values[50], samples[50];
	for (uint64_t i = 0; i < 50; i++) {
		values[i] = i + 1;
		samples[i] = 1;
	}
	const struct result_latency latency = {.count = 100, .p50_ns = 50, .histogram = {50, values, samples, 1, 900, 50}};
	struct compare_percentile found = compare_percentile(&latency, 0);
	assert_true(found.low_ns == 40 && found.high_ns == 900);
}

/* The median of six lies between the extremes; the last bucket ends at 8, and nothing above 7 was seen. */
static void no_bound_is_above_the_largest_sample(void **state)
{
	(void)state;
	uint64_t values[6] = {1, 2, 3, 4, 5, 8}, samples[6] = {1, 1, 1, 1, 1, 1};
	const struct result_latency latency = {.count = 6, .p50_ns = 3, .histogram = {6, values, samples, 1, 7, 0}};
	struct compare_percentile found = compare_percentile(&latency, 0);
	assert_true(found.low_ns == 1 && found.high_ns == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratio_and_interval_are_order_statistics),
		cmocka_unit_test(many_verdicts_widen_the_interval),
		cmocka_unit_test(rounds_are_compared_in_pairs),
		cmocka_unit_test(a_verdict_is_where_the_interval_lies),
		cmocka_unit_test(work_is_different_beyond_a_thousandth),
		cmocka_unit_test(times_that_end_apart_are_different_work),
		cmocka_unit_test(two_runs_and_two_builds_are_told),
		cmocka_unit_test(times_of_two_machines_are_not_compared),
		cmocka_unit_test(nodes_of_a_class_are_clusters),
		cmocka_unit_test(nodes_that_disagree_have_no_pooled_verdict),
		cmocka_unit_test(rounds_are_paired_by_node),
		cmocka_unit_test(only_against_a_baseline_something_regresses),
		cmocka_unit_test(simulated_comparisons_do_not_cry_wolf),
		cmocka_unit_test(a_fifth_that_is_three_times_slower_is_not_ok),
		cmocka_unit_test(two_modes_and_far_rounds_are_told),
		cmocka_unit_test(two_arms_of_the_fixture),
		cmocka_unit_test(within_a_result_the_first_measured_arm_is_the_base),
		cmocka_unit_test(each_workload_is_a_family_of_verdicts),
		cmocka_unit_test(verdicts_on_time_go_by_pairs),
		cmocka_unit_test(over_seeds_comparisons_of_the_same_arms_are_counted),
		cmocka_unit_test(each_look_shares_the_error),
		cmocka_unit_test(five_looks_are_wrong_no_more_often_than_one),
		cmocka_unit_test(looks_end_when_they_decide),
		cmocka_unit_test(pairs_of_different_work_have_a_ratio_and_no_verdict),
		cmocka_unit_test(who_is_held_against_whom_can_be_chosen),
		cmocka_unit_test(results_are_matched_by_workload_and_spec),
		cmocka_unit_test(percentiles_have_the_interval_of_their_samples),
		cmocka_unit_test(dropped_samples_are_the_largest),
		cmocka_unit_test(no_bound_is_above_the_largest_sample),
	};
	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
