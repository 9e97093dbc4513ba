/* SPDX-License-Identifier: MIT
 * Who is better in all that counts: from verdicts written by hand. */
#include "compare/dominance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct given {
	enum metric metric;
	enum result_verdict verdict;
};

static struct compare_dominance of(const struct given *given, size_t count)
{
	struct result_comparison rows[8] = {0};
	struct compare_dominance dominance;
	assert_true(count <= 8);
	for (size_t i = 0; i < count; i++) {
		rows[i].metric = given[i].metric;
		rows[i].verdict = given[i].verdict;
	}
	compare_dominance(rows, count, &dominance);
	return dominance;
}
#define OF(...) of((const struct given[]){__VA_ARGS__}, sizeof((const struct given[]){__VA_ARGS__}) / sizeof(struct given))

#define LEVEL RESULT_VERDICT_OK
#define BETTER RESULT_VERDICT_IMPROVEMENT
#define WORSE RESULT_VERDICT_REGRESSION

static void one_arm_dominates_when_it_is_nowhere_worse(void **state)
{
	(void)state;
	struct compare_dominance found = OF({METRIC_RAW_NS_PER_OP, BETTER}, {METRIC_SPAN_PAGES, LEVEL});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_B);
	assert_int_equal(found.count, 2);
	found = OF({METRIC_RAW_NS_PER_OP, LEVEL}, {METRIC_SPAN_PAGES, WORSE});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_A);
	found = OF({METRIC_RAW_NS_PER_OP, LEVEL}, {METRIC_SPAN_PAGES, LEVEL});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_LEVEL);
	assert_string_equal(compare_outcome_name[found.outcome], "level");
}

static void each_better_in_something_is_a_trade_whatever_is_open(void **state)
{
	(void)state;
	struct compare_dominance found = OF({METRIC_RAW_NS_PER_OP, BETTER}, {METRIC_SPAN_PAGES, WORSE},
					    {METRIC_METADATA_BYTES, RESULT_VERDICT_INCONCLUSIVE});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_TRADE);
	assert_int_equal(found.counts[COMPARE_OPEN], 1);
}

static void what_is_open_decides_the_rest(void **state)
{
	static const enum result_verdict open[] = {RESULT_VERDICT_INCONCLUSIVE, RESULT_VERDICT_DIFFERENT_WORK,
						   RESULT_VERDICT_NOT_COMPARED};
	(void)state;
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
		struct compare_dominance found = OF({METRIC_RAW_NS_PER_OP, open[i]}, {METRIC_SPAN_PAGES, BETTER});
		assert_int_equal(found.outcome, COMPARE_OUTCOME_OPEN);
		assert_int_equal(found.headlines[0].standing, COMPARE_OPEN);
	}
}

static void only_headline_figures_count(void **state)
{
	(void)state;
	struct compare_dominance found = OF({METRIC_SPAN_RATIO, WORSE}, {METRIC_SPAN_PAGES, BETTER});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_B);
	assert_int_equal(found.count, 1);
	found = OF({METRIC_SPAN_RATIO, WORSE});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_NONE);
	found = of(NULL, 0);
	assert_int_equal(found.outcome, COMPARE_OUTCOME_NONE);
}

/* As of several seeds. */
static void replicates_have_to_agree(void **state)
{
	(void)state;
	struct compare_dominance found =
		OF({METRIC_SPAN_PAGES, BETTER}, {METRIC_SPAN_PAGES, LEVEL}, {METRIC_SPAN_PAGES, BETTER});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_B);
	assert_int_equal(found.count, 1);
	found = OF({METRIC_SPAN_PAGES, LEVEL}, {METRIC_SPAN_PAGES, WORSE});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_A);
	found = OF({METRIC_SPAN_PAGES, BETTER}, {METRIC_SPAN_PAGES, WORSE}, {METRIC_SPAN_PAGES, BETTER});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_OPEN);
	found = OF({METRIC_SPAN_PAGES, BETTER}, {METRIC_SPAN_PAGES, RESULT_VERDICT_INCONCLUSIVE});
	assert_int_equal(found.outcome, COMPARE_OUTCOME_OPEN);
}

static void there_are_eight_headline_figures_each_with_a_direction_and_a_name(void **state)
{
	size_t count = 0;
	(void)state;
	for (int i = 0; i < METRIC_ALL; i++) {
		if (!metric_is_headline(i))
			continue;
		count++;
		assert_true(metric_has_direction(i));
		for (int j = 0; j < i; j++)
			assert_true(!metric_is_headline(j) ||
				    strcmp(metric_table[i].headline, metric_table[j].headline) != 0);
	}
	assert_int_equal(count, METRIC_HEADLINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_arm_dominates_when_it_is_nowhere_worse),
		cmocka_unit_test(each_better_in_something_is_a_trade_whatever_is_open),
		cmocka_unit_test(what_is_open_decides_the_rest),
		cmocka_unit_test(only_headline_figures_count),
		cmocka_unit_test(replicates_have_to_agree),
		cmocka_unit_test(there_are_eight_headline_figures_each_with_a_direction_and_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
