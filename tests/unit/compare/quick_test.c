/* SPDX-License-Identifier: MIT
 * The answers of a comparison of a second. */
#include "compare/quick.h"

#include "base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PROCESSES 16

/* Of processes around middle, evenly spread as far as spread on both sides. */
static void answers(double middle, double spread, size_t processes, enum compare_quick wanted, const char *words)
{
	double ratios[PROCESSES];
	struct result_paired paired = {.round_ratio = ratios,
				       .round_typical = ratios,
				       .round_count = processes,
				       .rounds = (uint32_t)processes,
				       .equal_share = 1,
				       .ratio = middle,
				       .long_ratio = (double)NAN};
	struct result_comparison row;
	struct error error = {0};
	struct text text = {0};
	enum compare_quick answer;
	for (size_t i = 0; i < processes; i++)
		ratios[i] = middle + spread * (2.0 * (double)i / (double)(processes - 1) - 1);
	assert_int_equal(compare_quick(&paired, COMPARE_QUICK_THRESHOLD, &answer, &row, &error), 0);
	assert_int_equal(answer, wanted);
	compare_quick_tell(answer, &row, &text);
	assert_string_equal(text.bytes, words);
	text_release(&text);
	memory_release(row.reason);
}

static void an_answer_is_where_the_interval_lies(void **state)
{
	(void)state;
	answers(1.012, 0.006, 16, COMPARE_QUICK_SLOWER, "B is 1.20 % slower (0.68 to 1.72 %)");
	answers(0.980, 0.006, 16, COMPARE_QUICK_FASTER, "B is 2.00 % faster (1.48 to 2.52 %)");
	answers(1.000, 0.006, 16, COMPARE_QUICK_SAME, "no difference above 1 %");
	answers(1.006, 0.030, 16, COMPARE_QUICK_UNDECIDED, "undecided: B takes +0.60 % of time (-2.00 to +3.20 %)");
}

/* Beside 1, but by less than half of the threshold: two builds may differ so by where they lie. */
static void a_difference_that_is_too_small_is_none(void **state)
{
	(void)state;
	answers(1.004, 0.003, 16, COMPARE_QUICK_SAME, "no difference above 1 %");
	answers(1.006, 0.003, 16, COMPARE_QUICK_SLOWER, "B is 0.60 % slower (0.34 to 0.86 %)");
}

static void too_few_processes_say_nothing(void **state)
{
	(void)state;
	assert_int_equal(compare_quick_processes_least(), 11);
	answers(1.2, 0.001, 11, COMPARE_QUICK_SLOWER, "B is 20.00 % slower (19.90 to 20.10 %)");
	answers(1.2, 0.001, 10, COMPARE_QUICK_UNDECIDED,
		"undecided: B takes +20.00 % of time, too few processes for an interval");
}

static void who_did_other_work_is_not_judged(void **state)
{
	(void)state;
	double ratios[PROCESSES];
	struct result_paired paired = {.round_ratio = ratios,
				       .round_typical = ratios,
				       .round_count = PROCESSES,
				       .rounds = PROCESSES,
				       .equal_share = 0.25,
				       .ratio = 2,
				       .long_ratio = (double)NAN};
	struct result_comparison row;
	struct error error = {0};
	enum compare_quick answer;
	for (size_t i = 0; i < PROCESSES; i++)
		ratios[i] = 2;
	assert_int_equal(compare_quick(&paired, COMPARE_QUICK_THRESHOLD, &answer, &row, &error), 0);
	assert_int_equal(answer, COMPARE_QUICK_UNDECIDED);
	assert_non_null(strstr(row.reason, "different work: outcomes differ, and the ratio is that of the first 25 %"));
	memory_release(row.reason);
}

/* Every process has a median window of middle, and sums of all windows that say sum. */
static enum compare_quick answer_with_sums(double middle, double sum)
{
	double typical[PROCESSES], sums[PROCESSES];
	struct result_paired paired = {.round_ratio = sums,
				       .round_typical = typical,
				       .round_count = PROCESSES,
				       .rounds = PROCESSES,
				       .equal_share = 1,
				       .ratio = sum,
				       .long_ratio = (double)NAN};
	struct result_comparison row;
	struct error error = {0};
	enum compare_quick answer;
	for (size_t i = 0; i < PROCESSES; i++) {
		typical[i] = middle;
		sums[i] = sum;
	}
	assert_int_equal(compare_quick(&paired, COMPARE_QUICK_THRESHOLD, &answer, &row, &error), 0);
	assert_true((answer == COMPARE_QUICK_UNDECIDED) == (row.reason && strstr(row.reason, "costs come in bursts")));
	memory_release(row.reason);
	return answer;
}

/* The median window decides, and what it cannot see must not say otherwise. */
static void seldom_costs_are_not_passed_over(void **state)
{
	(void)state;
	assert_int_equal(answer_with_sums(1.00, 1.015), COMPARE_QUICK_SAME);
	assert_int_equal(answer_with_sums(1.00, 1.05), COMPARE_QUICK_UNDECIDED);
	assert_int_equal(answer_with_sums(1.00, 0.95), COMPARE_QUICK_UNDECIDED);
	assert_int_equal(answer_with_sums(1.02, 1.05), COMPARE_QUICK_SLOWER);
	assert_int_equal(answer_with_sums(1.02, 0.98), COMPARE_QUICK_UNDECIDED);
	assert_int_equal(answer_with_sums(0.98, 0.99), COMPARE_QUICK_FASTER);
	assert_int_equal(answer_with_sums(0.98, 1.02), COMPARE_QUICK_UNDECIDED);
	assert_int_equal(answer_with_sums(0.98, (double)NAN), COMPARE_QUICK_FASTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_where_the_interval_lies),
		cmocka_unit_test(a_difference_that_is_too_small_is_none),
		cmocka_unit_test(too_few_processes_say_nothing),
		cmocka_unit_test(who_did_other_work_is_not_judged),
		cmocka_unit_test(seldom_costs_are_not_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
