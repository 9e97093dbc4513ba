/* SPDX-License-Identifier: MIT
 * What is taken on a workload, and that no sentence says more than the figures do. */
#include "report/report.h"
#include "report/verdict.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#define ARMS 4
#define WORKLOADS 2
#define ROWS 24

/* Arms of each workload: a, b, c, d. Nothing fails, all figures are level, no time was compared. */
struct world {
	struct result result;
	struct result_workload workloads[WORKLOADS];
	struct result_arm arms[WORKLOADS * ARMS];
	struct result_phase phases[WORKLOADS * ARMS];
	struct result_comparison rows[ROWS];
	struct result_paired paired[WORKLOADS * ARMS];
};

static void set(struct world *world, size_t arm, enum metric metric, double value)
{
	result_set(&world->phases[arm].figures, metric, value);
}

static void make(struct world *world, size_t workloads, size_t arms)
{
	static char specs[ARMS][2] = {"a", "b", "c", "d"};
	static char names[WORKLOADS][4] = {"one", "two"};
	*world = (struct world){.result = {.workloads = world->workloads, .arms = world->arms, .comparisons = world->rows}};
	world->result.workload_count = workloads;
	for (size_t i = 0; i < workloads; i++)
		world->workloads[i].name = names[i];
	for (size_t i = 0; i < workloads * arms; i++) {
		world->result.arm_count++;
		world->arms[i] = (struct result_arm){.workload = i / arms,
						     .allocator = specs[i % arms],
						     .spec = specs[i % arms],
						     .threads = 1,
						     .phases = &world->phases[i],
						     .phase_count = 1};
		world->phases[i].measured = true;
		result_figures_clear(&world->phases[i].figures);
		set(world, i, METRIC_ALLOCATIONS, 1e6);
		set(world, i, METRIC_FAILURES_TOTAL, 0);
		set(world, i, METRIC_PAGE_TABLE_EVER_PAGES, 100);
		set(world, i, METRIC_UNUSABLE_2MIB, 0.1);
		set(world, i, METRIC_SPAN_PAGES, 1000);
		set(world, i, METRIC_METADATA_BYTES, 65536);
		set(world, i, METRIC_STEPS_ALLOC_MAX, 10);
	}
}

/* Arm b against arm a, by pairs. */
static struct result_comparison *hold(struct world *world, size_t a, size_t b, double low, double high)
{
	struct result_comparison *row = &world->rows[world->result.comparison_count++];
	*row = (struct result_comparison){.a = a,
					  .b = b,
					  .metric = METRIC_RAW_NS_PER_OP,
					  .ratio = sqrt(low * high),
					  .ci_low = low,
					  .ci_high = high,
					  .threshold = 0.03,
					  .by_pairs = true};
	row->verdict = low > 1.03                      ? RESULT_VERDICT_REGRESSION
		       : high < 1 / 1.03               ? RESULT_VERDICT_IMPROVEMENT
		       : low > 1 / 1.03 && high < 1.03 ? RESULT_VERDICT_OK
						       : RESULT_VERDICT_INCONCLUSIVE;
	return row;
}

static void interfere(struct world *world, size_t a, size_t b, double low, double high)
{
	world->paired[b] = (struct result_paired){.against = a,
						  .condition = RESULT_CONDITION_INTERFERED,
						  .rounds = 8,
						  .ratio = sqrt(low * high),
						  .ci_low = low,
						  .ci_high = high};
	world->arms[b].paired = &world->paired[b];
	world->arms[b].paired_count = 1;
}

/* "take: why" of a workload. */
static void tell(const struct world *world, size_t workload, char *into, size_t bytes)
{
	struct report_view view;
	struct text take = {0}, why = {0};
	assert_int_equal(report_view_open(&view, &world->result), 0);
	verdict_take(&view, &view.verdicts[workload], &take);
	verdict_why(&view, &view.verdicts[workload], &why);
	snprintf(into, bytes, "%s: %s", take.bytes, why.length ? why.bytes : "");
	text_release(&take);
	text_release(&why);
	report_view_close(&view);
}

static void assert_told(const struct world *world, const char *wanted)
{
	char told[2000];
	tell(world, 0, told, sizeof told);
	assert_string_equal(told, wanted);
}

static void assert_whole(const struct world *world, const char *wanted)
{
	struct report_view view;
	struct text whole = {0}, sentence = {0};
	assert_int_equal(report_view_open(&view, &world->result), 0);
	for (size_t at = 0; verdict_whole(&view, &at, &sentence); text_release(&sentence))
		text_add(&whole, "%s%s", whole.length ? " " : "", sentence.bytes);
	assert_string_equal(whole.length ? whole.bytes : "", wanted);
	text_release(&whole);
	report_view_close(&view);
}

/* Outcomes that differ forbid a verdict on time, but not to say what it cost until then. */
static void what_serving_costs_in_time_is_told(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 3);
	set(&world, 0, METRIC_FAILURES_TOTAL, 5000);
	set(&world, 2, METRIC_FAILURES_TOTAL, 7000);
	struct result_comparison *row = hold(&world, 0, 1, 1.6, 1.8);
	row->verdict = RESULT_VERDICT_DIFFERENT_WORK;
	hold(&world, 0, 2, 0.5, 0.6)->verdict = RESULT_VERDICT_DIFFERENT_WORK;
	assert_told(&world,
		    "take b: alone serves every request (a fails 0.50 %, c 0.70 %); price: time 3.1 times that of c until "
		    "their outcomes differ");
	assert_whole(&world,
		     "Take b on one. a fails requests on one (0.50 %); c fails requests on one (0.70 %). Price of a choice "
		     "against the best of the others, at most: b time ×3.1. Where one of these counts more than what "
		     "decided, another choice is right.");
	/* Within the threshold, or the other way round, it costs none. */
	world.rows[1].ci_low = 1.5;
	world.rows[1].ci_high = 1.9;
	row->ci_low = 0.9;
	assert_told(&world, "take b: alone serves every request (a fails 0.50 %, c 0.70 %)");
}

/* However much faster, whatever it saves. */
static void who_fails_is_not_taken_over_one_that_does_not(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 2);
	set(&world, 0, METRIC_FAILURES_TOTAL, 1);
	set(&world, 1, METRIC_METADATA_BYTES, 1 << 20);
	hold(&world, 0, 1, 3, 4);
	assert_told(&world,
		    "take b: alone serves every request (a fails <0.001 %); but faster: a (0.25 to 0.333 times); price: "
		    "metadata 1.00 MiB (a 64.0 KiB)");
	/* Where both fail about as much, the rest decides. */
	set(&world, 1, METRIC_FAILURES_TOTAL, 900);
	assert_told(&world, "take a: fails <0.001 % of its requests, and so do all; b takes 3.46 times its time");
	set(&world, 1, METRIC_FAILURES_TOTAL, 2000);
	assert_told(&world, "take a: fails least, <0.001 % of its requests (b fails 0.20 %); b takes 3.46 times its time");
}

static void a_time_decides_only_where_its_interval_excludes_one(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 2);
	struct result_comparison *row = hold(&world, 0, 1, 1.05, 1.2);
	set(&world, 0, METRIC_METADATA_BYTES, 1 << 20);
	assert_told(&world, "take a: b takes 1.12 times its time; price: metadata 1.00 MiB (b 64.0 KiB)");
	row->ci_low = 0.99;
	row->verdict = RESULT_VERDICT_INCONCLUSIVE;
	row->rounds_wanted = 40;
	assert_told(&world, "take b: time open: a (0.833 to 1.01 times); needs less: metadata 64.0 KiB (a 1.00 MiB)");
	row->ci_low = row->ci_high = (double)NAN;
	assert_told(&world, "take b: time open: a (0.891 times, no interval); needs less: metadata 64.0 KiB (a 1.00 MiB)");
	/* Not beside one another in time: then the rest does not decide either. */
	row->verdict = RESULT_VERDICT_NOT_COMPARED;
	row->reason = (char *)"shared caches decide: with windows many times as long";
	assert_told(&world,
		    "nothing decides: between a, b; time not compared: b (shared caches decide); trade: metadata 64.0 KiB "
		    "(b) to 1.00 MiB (a)");
	world.result.comparison_count = 0;
	assert_told(&world, "take b: no time was compared; needs less: metadata 64.0 KiB (a 1.00 MiB)");
}

static void what_interference_does_not_confirm_does_not_decide(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 2);
	set(&world, 1, METRIC_PAGE_TABLE_EVER_PAGES, 1000);
	hold(&world, 0, 1, 0.5, 0.6);
	assert_told(&world, "take b: a takes 1.83 times its time; price: page tables 1000 (a 100)");
	interfere(&world, 0, 1, 0.7, 0.9);
	assert_told(&world, "take b: a takes 1.83 times its time; price: page tables 1000 (a 100)");
	interfere(&world, 0, 1, 0.9, 1.1);
	/* What is open decides nothing, nor does what is worth less decide against it. */
	assert_told(&world,
		    "nothing decides: between a, b; faster hot, under interference open: b (0.5 to 0.6 times); trade: page "
		    "tables 100 (a) to 1000 (b)");
	interfere(&world, 0, 1, 1.1, 1.3);
	assert_told(&world,
		    "take a: hot the one is faster, under interference the other: b (0.5 to 0.6 times); needs less: page "
		    "tables 100 (b 1000)");
	/* The same with the sides changed. */
	hold(&world, 0, 1, 1.7, 2);
	world.rows[0] = world.rows[1];
	world.result.comparison_count = 1;
	set(&world, 1, METRIC_PAGE_TABLE_EVER_PAGES, 10);
	interfere(&world, 0, 1, 0.9, 1.1);
	assert_told(&world,
		    "nothing decides: between a, b; slower hot, under interference open: b (1.7 to 2 times); trade: page "
		    "tables 10 (b) to 100 (a)");
	/* The one that is faster hot may need less, too. */
	set(&world, 1, METRIC_PAGE_TABLE_EVER_PAGES, 1000);
	assert_told(
		&world,
		"take a: slower hot, under interference open: b (1.7 to 2 times); needs less: page tables 100 (b 1000)");
}

static void ties_are_told_as_ties(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 3);
	hold(&world, 0, 1, 0.99, 1.01);
	hold(&world, 0, 2, 1.5, 1.6);
	assert_told(&world, "take a or b: level in all that counts: a, b; c takes 1.55 times the time of a; as fast: b");
	/* Less than counts. */
	set(&world, 1, METRIC_METADATA_BYTES, 65536 * 1.05);
	assert_told(&world, "take a or b: level in all that counts: a, b; c takes 1.55 times the time of a; as fast: b");
	set(&world, 1, METRIC_METADATA_BYTES, 65536 * 1.2);
	assert_told(&world, "take a: c takes 1.55 times its time; as fast: b; needs less: metadata 64.0 KiB (b 76.8 KiB)");
	world.rows[0].ci_high = 1.2;
	world.rows[0].verdict = RESULT_VERDICT_INCONCLUSIVE;
	world.rows[0].rounds_wanted = 40;
	set(&world, 1, METRIC_METADATA_BYTES, 65536);
	assert_told(&world,
		    "nothing decides: between a, b; c takes 1.55 times the time of a; time open: b (0.99 to 1.2 times), 40 "
		    "rounds would decide");
}

/* By the one that both were held against: their intervals hold together. */
static void arms_are_told_apart_by_a_third(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 3);
	hold(&world, 0, 1, 0.5, 0.6);
	hold(&world, 0, 2, 0.7, 0.8);
	assert_told(&world, "take b: a takes 1.83, c 1.37 times its time");
	world.rows[1].ci_low = 0.59;
	assert_told(&world,
		    "nothing decides: between b, c; a takes 1.83 times the time of b; time open: c (0.983 to 1.6 times)");
	/* The one that all were held against may be the one that fails. */
	world.rows[1].ci_low = 0.7;
	set(&world, 0, METRIC_FAILURES_TOTAL, 1000);
	assert_told(&world, "take b: serves every request (a fails 0.10 %); a takes 1.83, c 1.37 times its time");
	/* Held against the last one, as with --against. */
	make(&world, 1, 3);
	hold(&world, 2, 0, 2, 2.2);
	hold(&world, 2, 1, 1.2, 1.3);
	assert_told(&world, "take c: a takes 2.1, b 1.25 times its time");
}

static void a_price_is_named_also_in_the_tail(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 2);
	hold(&world, 0, 1, 0.5, 0.6);
	hold(&world, 0, 1, 3, 5)->metric = (enum metric)metric_of_latency(METRIC_KIND_ALLOC, METRIC_LATENCY_P999);
	set(&world, 1, METRIC_UNUSABLE_2MIB, 0.5);
	set(&world, 1, METRIC_STEPS_ALLOC_MAX, 1000);
	assert_told(
		&world,
		"take b: a takes 1.83 times its time; price: unusable 2 MiB 50.0 % (a 10.0 %), worst steps 1000 (a 10), "
		"p99.9 3.87 times that of a");
	world.rows[1].ci_low = 0.9;
	set(&world, 1, METRIC_UNUSABLE_2MIB, 0.109); /* less than a point */
	assert_told(&world, "take b: a takes 1.83 times its time; price: worst steps 1000 (a 10)");
	world.rows[0].by_pairs = false;
	assert_told(
		&world,
		"take b: a takes 1.83 times its time; times of processes of their own, not by pairs; price: worst steps "
		"1000 (a 10)");
}

static void who_was_not_measured_is_not_taken(void **state)
{
	struct world world;
	(void)state;
	make(&world, 1, 4);
	hold(&world, 0, 1, 0.1, 0.2);
	world.arms[1].state = RESULT_ARM_UNTRUSTWORTHY;
	world.arms[2].state = RESULT_ARM_FAILED;
	world.arms[2].owner = ERROR_OWNER_ALLOCATOR;
	world.arms[3].threads = 2;
	assert_told(&world,
		    "only a: alone was judged; not judged: b, untrustworthy, c, failed (allocator); of other threads, "
		    "rates, locks or machines than the first, not judged: 1");
	assert_whole(&world,
		     "Nothing decides: on no workload is one allocator to be taken before another. No allocator fails a "
		     "request. b is untrustworthy on one; c is failed (allocator) on one.");
	set(&world, 3, METRIC_FAILURES_TOTAL, 5e5);
	assert_whole(&world,
		     "Nothing decides: on no workload is one allocator to be taken before another. d fails requests on one "
		     "(50.0 %). b is untrustworthy on one; c is failed (allocator) on one.");
	set(&world, 3, METRIC_FAILURES_TOTAL, 0);
	world.arms[3].threads = 1;
	world.arms[3].allocator = (char *)"null"; /* the harness alone */
	assert_told(&world, "only a: alone was judged; not judged: b, untrustworthy, c, failed (allocator)");
	world.arms[0].state = RESULT_ARM_NOT_RUN;
	assert_told(&world,
		    "none: no allocator could be judged; not judged: a, not run, b, untrustworthy, c, failed (allocator)");
}

static void the_whole_names_every_choice_its_reasons_and_prices(void **state)
{
	struct world world;
	(void)state;
	make(&world, 2, 3);
	hold(&world, 0, 1, 1.5, 1.6);
	hold(&world, 0, 2, 0.99, 1.2)->rounds_wanted = 60;
	hold(&world, 3, 4, 2.5, 2.6);
	hold(&world, 3, 5, 1.1, 1.2);
	set(&world, 0, METRIC_METADATA_BYTES, 1 << 20);
	set(&world, 2, METRIC_METADATA_BYTES, 2 << 20);
	set(&world, 5, METRIC_FAILURES_TOTAL, 0);
	assert_whole(
		&world,
		"Take a on all 2 workloads. No allocator fails a request. Time against a: b 1.55 to 2.55 times (slower on "
		"2); c 1.15 times (slower on 1, open on 1). Price of a choice against the best of the others, at most: "
		"a metadata ×16. Where one of these counts more than what decided, another choice is right. 1 of 4 "
		"verdicts on time is open and may still fall either way; 60 rounds would decide 1.");
	set(&world, 3, METRIC_FAILURES_TOTAL, 5000);
	set(&world, 5, METRIC_FAILURES_TOTAL, 5000);
	assert_whole(&world,
		     "No allocator is the one to take everywhere: a on one; b on two. a fails requests on two (0.50 %); c "
		     "fails requests on two (0.50 %). Time against a: b 1.55 to 2.55 times (slower on 2); c 1.15 times "
		     "(slower on 1, open on 1). Price of a choice against the best of the others, at most: a metadata "
		     "×16. Where one of these counts more than what decided, another choice is right. 1 of 4 verdicts on "
		     "time is open and may still fall either way; 60 rounds would decide 1.");
}

/* A document may hold any numbers; none of them makes a verdict, or an end of the program. */
static void forged_intervals_decide_nothing(void **state)
{
	static const double numbers[] = {0, -1, 1e300, 1e-300, 0.5, 2, INFINITY, NAN};
	struct world world;
	(void)state;
	make(&world, 1, 3);
	hold(&world, 0, 1, 1, 1);
	hold(&world, 0, 2, 1, 1);
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < 8; j++)
			for (size_t k = 0; k < 8; k++) {
				char told[2000];
				world.rows[0].ci_low = numbers[i];
				world.rows[0].ci_high = numbers[j];
				world.rows[1].ci_low = numbers[k];
				world.rows[1].ci_high = numbers[i];
				world.rows[1].ratio = numbers[j];
				interfere(&world, 0, 1, numbers[j], numbers[k]);
				set(&world, 2, METRIC_FAILURES_TOTAL, numbers[k]);
				tell(&world, 0, told, sizeof told);
				if (!(numbers[i] <= numbers[j]))
					assert_null(strstr(told, "b takes"));
			}
}

static void many_are_counted(void **state)
{
	enum { MANY = 12 };
	struct world world;
	static struct result_arm arms[MANY];
	static struct result_comparison rows[MANY];
	static char specs[MANY][4];
	(void)state;
	make(&world, 1, 1);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(specs[i], sizeof specs[0], "x%zu", i);
		arms[i] = world.arms[0];
		arms[i].spec = specs[i];
		world.result.comparison_count = 0;
		if (i)
			rows[i - 1] = *hold(&world, 0, i, 2, 2);
	}
	world.result.arms = arms;
	world.result.arm_count = MANY;
	world.result.comparisons = rows;
	world.result.comparison_count = MANY - 1;
	assert_told(&world, "take x0: x1 takes 2, x2 2, x3 2, x4 2, x5 2, x6 2 and 5 more times its time");
}

static void without_memory_there_is_no_view(void **state)
{
	struct world world;
	(void)state;
	make(&world, 2, 3);
	hold(&world, 0, 1, 1.5, 1.6);
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct report_view view;
		lack_begins(&lack);
		int status = report_view_open(&view, &world.result);
		bool failed = lack_ends(&lack);
		assert_int_equal(status < 0, failed);
		if (status == 0)
			report_view_close(&view);
	}
}

static void assert_advised(const struct world *world, const char *words, bool wanted)
{
	struct text advice = {0};
	report_advice(&world->result, 400, &advice);
	assert_false(advice.failed);
	if (!!strstr(advice.bytes, words) != wanted)
		fail_msg("%s: %s\n%s", words, wanted ? "not found" : "found", advice.bytes);
	text_release(&advice);
}

/* A time that is open, and one better figure, keep an arm from being beaten. */
static void advice_tells_who_is_beaten_in_everything(void **state)
{
	(void)state;
	struct world world;
	make(&world, 1, 3);
	hold(&world, 0, 1, 0.99, 1.01);
	hold(&world, 0, 2, 0.9, 1.2);
	set(&world, 1, METRIC_SPAN_PAGES, 2000);
	set(&world, 2, METRIC_SPAN_PAGES, 2000);
	assert_advised(&world, "beaten in everything: b by a\n", true);
	set(&world, 1, METRIC_METADATA_BYTES, 4096);
	assert_advised(&world, "beaten in everything: none", true);
	set(&world, 1, METRIC_METADATA_BYTES, 65536);
	set(&world, 1, METRIC_SPAN_PAGES, 1000);
	assert_advised(&world, "beaten in everything: none", true);
	world.result.comparison_count = 0;
	hold(&world, 0, 1, 1.2, 1.3);
	assert_advised(&world, "beaten in everything: b by a\n", true);
}

static void advice_tells_what_ages(void **state)
{
	(void)state;
	struct world world;
	make(&world, 1, 2);
	hold(&world, 0, 1, 0.99, 1.01);
	world.phases[1].ageing = RESULT_AGEING_WARM_UP;
	assert_advised(&world, "ages:", false);
	world.phases[1].ageing = RESULT_AGEING_AGEING;
	assert_advised(&world, "ages: b: ", true);
	assert_advised(&world, "ages: a: ", false);
	world.arms[1].state = RESULT_ARM_FAILED;
	assert_advised(&world, "ages:", false);
}

static void advice_without_memory_is_none(void **state)
{
	(void)state;
	struct world world;
	make(&world, 1, 2);
	hold(&world, 0, 1, 1.2, 1.3);
	for (struct lack lack = {.least = 4}; lack_next(&lack);) {
		struct text advice = {0};
		lack_begins(&lack);
		report_advice(&world.result, 100, &advice);
		bool failed = lack_ends(&lack);
		assert_int_equal(advice.failed, failed);
		text_release(&advice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice_tells_who_is_beaten_in_everything),
		cmocka_unit_test(advice_tells_what_ages),
		cmocka_unit_test(advice_without_memory_is_none),
		cmocka_unit_test(what_serving_costs_in_time_is_told),
		cmocka_unit_test(who_fails_is_not_taken_over_one_that_does_not),
		cmocka_unit_test(a_time_decides_only_where_its_interval_excludes_one),
		cmocka_unit_test(what_interference_does_not_confirm_does_not_decide),
		cmocka_unit_test(ties_are_told_as_ties),
		cmocka_unit_test(arms_are_told_apart_by_a_third),
		cmocka_unit_test(a_price_is_named_also_in_the_tail),
		cmocka_unit_test(who_was_not_measured_is_not_taken),
		cmocka_unit_test(the_whole_names_every_choice_its_reasons_and_prices),
		cmocka_unit_test(forged_intervals_decide_nothing),
		cmocka_unit_test(many_are_counted),
		cmocka_unit_test(without_memory_there_is_no_view),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
