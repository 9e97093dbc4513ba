/* SPDX-License-Identifier: MIT
 * From records to figures: medians, intervals, reasons, states, latencies. */
#include "run/gather.h"
#include "run/gather_paired.h"

#include "base/memory.h"
#include "measure/histogram.h"
#include "play/plain_histogram.h"
#include "support/lack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char fill_name[] = "fill", churn_name[] = "churn", drain_name[] = "drain";
static struct workload_phase phases[] = {{.name = fill_name}, {.name = churn_name, .measured = true}, {.name = drain_name}};
static const struct workload workload = {.phases = phases, .phase_count = 3};
static const struct clock ticking = {.counter = true, .ns_per_tick = 0.5, .step_ns = 10, .pair_ns = 20};

static struct gather_arm arm, null;
static struct result_arm gathered;
static struct error error;
static struct result result; /* releases the arm */

static int set_up(void **state)
{
	(void)state;
	error = (struct error){0};
	return 0;
}

static void release_gathered(void)
{
	result.arms = memory_zeroed(1, sizeof result.arms[0]);
	result.arms[0] = gathered;
	result.arm_count = 1;
	gathered = (struct result_arm){0};
	result_release(&result);
	result = (struct result){0};
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	gather_release(&arm);
	gather_release(&null);
	release_gathered();
	return 0;
}

static struct result_record *add(struct gather_arm *to, enum result_pass pass)
{
	struct result_record record = {.pass = pass, .ok = true, .phase_count = 3};
	record.phases = memory_zeroed(3, sizeof record.phases[0]);
	for (size_t i = 0; i < 3; i++) {
		result_figures_clear(&record.phases[i].figures);
		record.phases[i].latency_ns_per_op = (double)NAN;
		record.phases[i].placement_hash = 100 + i;
	}
	assert_int_equal(gather_add(to, &record, &error), 0);
	return &to->records[to->count - 1];
}

/* A timed record whose churn took these times per operation in its three iterations. */
static struct result_record *add_round(struct gather_arm *to, double one, double two, double three)
{
	struct result_record *record = add(to, RESULT_PASS_TIMED);
	struct result_record_phase *churn = &record->phases[1];
	const double ns[] = {one, two, three};
	churn->iterations = 3;
	churn->ns_per_op = memory_zeroed(3, sizeof ns[0]);
	churn->clean_ns_per_op = memory_zeroed(3, sizeof ns[0]);
	churn->cpu_ns_per_op = memory_zeroed(3, sizeof ns[0]);
	memcpy(churn->ns_per_op, ns, sizeof ns);
	for (size_t i = 0; i < 3; i++) {
		churn->clean_ns_per_op[i] = ns[i] - 1;
		churn->cpu_ns_per_op[i] = ns[i] - 2;
	}
	churn->operations = 1000;
	churn->windows = 10;
	churn->windows_tainted = 2;
	churn->latency_ns_per_op = 2 * two;
	return record;
}

static void gather(const struct gather_arm *harness)
{
	assert_int_equal(gather_fill(&gathered, &arm, harness, &workload, &ticking, &error), 0);
}

static double figure(enum metric metric)
{
	return gathered.phases[1].figures.value[metric];
}

static enum result_reason reason(enum metric metric)
{
	return gathered.phases[1].figures.reason[metric];
}

static void rounds_are_medians_of_iterations_and_figures_medians_of_rounds(void **state)
{
	(void)state;
	add_round(&arm, 9, 10, 500); /* 10 */
	add_round(&arm, 12, 11, 1);  /* 11 */
	add_round(&arm, 40, 30, 20); /* 30 */
	gather(NULL);
	assert_int_equal(gathered.figures_phase, 1);
	assert_true(figure(METRIC_RAW_NS_PER_OP) == 11);
	assert_true(figure(METRIC_CLEAN_NS_PER_OP) == 10);
	assert_true(figure(METRIC_CPU_NS_PER_OP) == 9);
	assert_true(figure(METRIC_ROUNDS) == 3);
	assert_true(figure(METRIC_OPERATIONS) == 1000);
	assert_true(fabs(figure(METRIC_TAINTED_SHARE) - 0.2) < 1e-12);
	/* Latency passes took 20, 22 and 60. */
	assert_true(figure(METRIC_SLOWDOWN) == 2);
}

static void a_round_without_a_figure_is_left_out(void **state)
{
	(void)state;
	add_round(&arm, NAN, NAN, NAN);
	add_round(&arm, NAN, 8, NAN);
	gather(NULL);
	assert_true(figure(METRIC_RAW_NS_PER_OP) == 8);
	assert_true(figure(METRIC_ROUNDS) == 1);
}

/* 40 windows of 50,000 operations, each 0.5 ns slower than the one before it: 10 ns in a million operations. */
static struct result_record_phase *add_windows(void)
{
	struct result_record_phase *churn = &add_round(&arm, 20, 20, 20)->phases[1];
	churn->operations = 2000000;
	churn->cell_count = 40;
	churn->cells_ns_per_op = memory_zeroed(40, sizeof churn->cells_ns_per_op[0]);
	churn->cells_operations = memory_zeroed(40, sizeof churn->cells_operations[0]);
	for (size_t i = 0; i < 40; i++) {
		churn->cells_ns_per_op[i] = 10 + 0.5 * (double)i;
		churn->cells_operations[i] = 50000;
	}
	return churn;
}

static void windows_that_were_disturbed_do_not_move_the_others(void **state)
{
	(void)state;
	for (int round = 0; round < 6; round++) {
		struct result_record_phase *churn = add_windows();
		for (size_t i = 8; i < 28; i++)
			churn->cells_ns_per_op[i] = (double)NAN;
		/* In one round only: the other one has it. */
		churn->cells_ns_per_op[round ? 2 : 30] = (double)NAN;
	}
	gather(NULL);
	assert_true(figure(METRIC_AGEING_WINDOWS) == 20);
	assert_true(fabs(figure(METRIC_AGEING_SLOPE) - 10) < 1e-9);
	assert_int_equal(gathered.phases[1].ageing, RESULT_AGEING_AGEING);
	/* Means of the first four and of the last four of 40. */
	assert_true(fabs(figure(METRIC_AGEING_RATIO) - 28.75 / 10.75) < 1e-12);
}

/* Rounds that begin as slow as they end, or become faster as often as slower, have no class. */
static void ageing_is_what_rounds_agree_on(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++)
		add_windows();
	gather(NULL);
	assert_int_equal(gathered.phases[1].ageing, RESULT_AGEING_UNKNOWN);
	assert_true(gathered.phases[1].ageing_low == 0);
	assert_true(figure(METRIC_AGEING_RATIO) > 2);
	release_gathered();
	struct result_record_phase *churn = add_windows();
	gather(NULL);
	assert_int_equal(gathered.phases[1].ageing, RESULT_AGEING_AGEING);
	assert_true(fabs(gathered.phases[1].ageing_low - figure(METRIC_AGEING_RATIO)) < 1e-12);
	release_gathered();
	for (size_t i = 0; i < 20; i++) {
		double kept = churn->cells_ns_per_op[i];
		churn->cells_ns_per_op[i] = churn->cells_ns_per_op[39 - i];
		churn->cells_ns_per_op[39 - i] = kept;
	}
	gather(NULL);
	assert_int_equal(gathered.phases[1].ageing, RESULT_AGEING_FLAT);
	assert_true(gathered.phases[1].ageing_low < 1 && gathered.phases[1].ageing_high > 1);
}

/* Forty rows of the audit's series in the churn. */
static struct result_record *add_series(void)
{
	struct result_record *audit = add(&arm, RESULT_PASS_AUDIT);
	audit->series = memory_zeroed(40, sizeof audit->series[0]);
	audit->series_count = 40;
	for (size_t i = 0; i < 40; i++) {
		audit->series[i].phase = 1;
		for (size_t column = 0; column < RESULT_SERIES_COUNT; column++)
			audit->series[i].value[column] = 100;
	}
	return audit;
}

static void what_grows_while_the_load_does_not_is_ageing(void **state)
{
	(void)state;
	struct result_record *audit = add_series();
	for (size_t i = 0; i < 40; i++) {
		audit->series[i].value[RESULT_SERIES_SPAN_PAGES] += (double)i;
		audit->series[i].value[RESULT_SERIES_FREE_PAGES] += (double)i; /* nothing that ages */
	}
	gather(NULL);
	assert_true(gathered.phases[1].growth_known && !gathered.phases[0].growth_known);
	assert_int_equal(gathered.phases[1].growing, 1u << RESULT_SERIES_SPAN_PAGES);
	release_gathered();
	for (size_t i = 0; i < 40; i++)
		audit->series[i].value[RESULT_SERIES_LIVE_PAGES] += (double)i;
	gather(NULL);
	assert_true(gathered.phases[1].growth_known && !gathered.phases[1].growing);
}

/* The second half of the windows is twice as long: middles at 25,000, 75,000, … 975,000, then 1,050,000, 1,150,000, …
 * 2,950,000. */
static void windows_stand_where_their_operations_are(void **state)
{
	(void)state;
	struct result_record_phase *churn = add_windows();
	for (size_t i = 0; i < 40; i++) {
		double middle = i < 20 ? 25000 + 50000 * (double)i : 1050000 + 100000 * (double)(i - 20);
		churn->cells_operations[i] = i < 20 ? 50000 : 100000;
		churn->cells_ns_per_op[i] = 10 + middle / 100000;
	}
	gather(NULL);
	assert_true(fabs(figure(METRIC_AGEING_SLOPE) - 10) < 1e-9);
	/* Below 300,000: six, 150,000 on average. From 2,700,000: three, 2,850,000. */
	assert_true(fabs(figure(METRIC_AGEING_RATIO) - 38.5 / 11.5) < 1e-12);
	for (size_t i = 0; i < 6; i++)
		churn->cells_ns_per_op[i] = (double)NAN;
	release_gathered();
	gather(NULL);
	assert_true(isnan(figure(METRIC_AGEING_RATIO)));
	assert_int_equal(reason(METRIC_AGEING_RATIO), RESULT_REASON_DISTURBED);
	assert_true(fabs(figure(METRIC_AGEING_SLOPE) - 10) < 1e-9);
}

static void windows_too_short_for_the_clock_have_no_figure(void **state)
{
	(void)state;
	add_round(&arm, NAN, NAN, NAN);
	gather(NULL);
	assert_true(isnan(figure(METRIC_RAW_NS_PER_OP)));
	assert_int_equal(reason(METRIC_RAW_NS_PER_OP), RESULT_REASON_SHORT_WINDOW);
}

/* Six rounds are the least that a 95 % interval of the median can have: [least, most], 1 - 2/64. */
static void six_rounds_have_an_interval(void **state)
{
	(void)state;
	for (int i = 6; i > 0; i--)
		add_round(&arm, i, i, i);
	gather(NULL);
	/* Of the clean times, 1 ns below the raw ones. */
	assert_true(figure(METRIC_CI_LOW_NS) == 0);
	assert_true(figure(METRIC_CI_HIGH_NS) == 5);
}

static void five_rounds_have_none(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add_round(&arm, i, i, i);
	gather(NULL);
	assert_true(isnan(figure(METRIC_CI_LOW_NS)) && isnan(figure(METRIC_CI_HIGH_NS)));
	assert_int_equal(reason(METRIC_CI_LOW_NS), RESULT_REASON_FEW_ROUNDS);
}

static void set_clean(struct result_record *record, double ns)
{
	for (size_t i = 0; i < 3; i++)
		record->phases[1].clean_ns_per_op[i] = ns;
}

/* What others did to the windows of either is in neither. */
static void net_is_clean_less_the_harness(void **state)
{
	(void)state;
	set_clean(add_round(&arm, 100, 100, 100), 9);
	set_clean(add_round(&null, 50, 60, 70), 2);
	gather(&null);
	assert_true(figure(METRIC_NET_NS_PER_OP) == 7);
}

/* A time is never taken from disturbed windows in silence. */
static void without_a_clean_window_there_is_no_clean_time(void **state)
{
	(void)state;
	set_clean(add_round(&arm, 100, 100, 100), NAN);
	add_round(&null, 3, 3, 3);
	gather(&null);
	assert_true(figure(METRIC_RAW_NS_PER_OP) == 100);
	assert_true(figure(METRIC_CPU_NS_PER_OP) == 98);
	const enum metric none[] = {METRIC_CLEAN_NS_PER_OP, METRIC_CI_LOW_NS, METRIC_CI_HIGH_NS, METRIC_NET_NS_PER_OP};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		assert_true(isnan(figure(none[i])));
		assert_int_equal(reason(none[i]), RESULT_REASON_NO_CLEAN_WINDOW);
	}
}

static void unknown_cpu_time_is_null_and_says_why(void **state)
{
	(void)state;
	struct result_record *record = add_round(&arm, 10, 10, 10);
	for (size_t i = 0; i < 3; i++)
		record->phases[1].cpu_ns_per_op[i] = (double)NAN;
	gather(NULL);
	assert_true(isnan(figure(METRIC_CPU_NS_PER_OP)));
	assert_int_equal(reason(METRIC_CPU_NS_PER_OP), RESULT_REASON_CPU_CLOCK);
	assert_true(figure(METRIC_CLEAN_NS_PER_OP) == 9);
}

static void net_is_null_below_one_nanosecond(void **state)
{
	(void)state;
	add_round(&arm, 3.5, 3.5, 3.5);
	add_round(&null, 3, 3, 3);
	gather(&null);
	assert_true(isnan(figure(METRIC_NET_NS_PER_OP)));
	assert_int_equal(reason(METRIC_NET_NS_PER_OP), RESULT_REASON_BELOW_HARNESS);
}

static void net_is_null_after_failures(void **state)
{
	(void)state;
	add_round(&arm, 10, 10, 10)->phases[1].failures = 1;
	add_round(&null, 3, 3, 3);
	gather(&null);
	assert_true(isnan(figure(METRIC_NET_NS_PER_OP)));
	assert_int_equal(reason(METRIC_NET_NS_PER_OP), RESULT_REASON_FAILURES);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 1);
}

static void net_is_null_without_a_harness(void **state)
{
	(void)state;
	add_round(&arm, 10, 10, 10);
	gather(&null);
	assert_true(isnan(figure(METRIC_NET_NS_PER_OP)));
	assert_int_equal(reason(METRIC_NET_NS_PER_OP), RESULT_REASON_NO_HARNESS);
}

static void net_is_null_with_what_the_harness_lacks(void **state)
{
	(void)state;
	const double nan = (double)NAN;
	add_round(&arm, 10, 10, 10);
	struct result_record_phase *churn = &add_round(&null, 3, 3, 3)->phases[1];
	for (size_t i = 0; i < 3; i++)
		churn->clean_ns_per_op[i] = nan;
	gather(&null);
	assert_true(isnan(figure(METRIC_NET_NS_PER_OP)));
	assert_int_equal(reason(METRIC_NET_NS_PER_OP), RESULT_REASON_HARNESS_DISTURBED);
	release_gathered();
	for (size_t i = 0; i < 3; i++)
		churn->ns_per_op[i] = nan;
	gather(&null);
	assert_int_equal(reason(METRIC_NET_NS_PER_OP), RESULT_REASON_HARNESS_SHORT);
}

static void exact_figures_come_from_the_audit(void **state)
{
	(void)state;
	struct result_record *audit = add(&arm, RESULT_PASS_AUDIT);
	result_set(&audit->phases[1].figures, METRIC_SPAN_PAGES, 77);
	result_set(&audit->phases[1].figures, METRIC_FAILURES_TOTAL, 5);
	add_round(&arm, 10, 10, 10)->phases[1].failures = 5;
	gather(NULL);
	assert_true(figure(METRIC_SPAN_PAGES) == 77);
	assert_true(figure(METRIC_FAILURES_TOTAL) == 5);
	assert_int_equal(gathered.state, RESULT_ARM_OK);
	assert_int_equal(gathered.placement_hash, 102);
}

static void an_arm_without_records_was_not_run(void **state)
{
	(void)state;
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_NOT_RUN);
	assert_non_null(gathered.reason);
	assert_int_equal(gathered.phase_count, 3);
}

static void hashes_that_differ_are_nondeterministic(void **state)
{
	(void)state;
	add(&arm, RESULT_PASS_AUDIT);
	add_round(&arm, 1, 1, 1)->phases[0].placement_hash = 99;
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_NONDETERMINISTIC);
	assert_non_null(gathered.reason);
}

/* 0 is what passes write that disagree among themselves: all of them may do so. */
static void passes_that_all_disagree_do_not_agree(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		add_round(&arm, 1, 1, 1)->phases[1].placement_hash = 0;
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_NONDETERMINISTIC);
}

static struct result_record *add_fault(enum exit_code code, const char *message)
{
	struct result_record *record = add(&arm, RESULT_PASS_TIMED);
	record->ok = false;
	record->exit_code = code;
	record->owner = code == EXIT_CODE_VIOLATION ? ERROR_OWNER_ALLOCATOR : ERROR_OWNER_NONE;
	record->message = memory_text(message);
	return record;
}

static void nothing_counts_of_an_arm_with_a_fault(void **state)
{
	(void)state;
	add_round(&arm, 5, 5, 5)->series_count = 0;
	add_fault(EXIT_CODE_VIOLATION, "crashed");
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_FAILED);
	assert_int_equal(gathered.owner, ERROR_OWNER_ALLOCATOR);
	assert_string_equal(gathered.reason, "crashed");
	assert_int_equal(gathered.phase_count + gathered.series_count + gathered.map_count + gathered.domain_count, 0);
	assert_int_equal(gathered.placement_hash, 0);
	assert_true(isnan(result_arm_figure(&gathered, METRIC_FAILURES_TOTAL)));
	assert_int_equal(result_arm_figures(&gathered)->reason[METRIC_FAILURES_TOTAL], RESULT_REASON_THROWN_OUT);
}

static void figures_stand_until_something_fatal_that_a_driver_did(void **state)
{
	(void)state;
	struct result_record *audit = add(&arm, RESULT_PASS_AUDIT);
	audit->owner = ERROR_OWNER_DRIVER;
	result_set(&audit->phases[2].figures, METRIC_CALLS_FATAL, 1);
	add_round(&arm, 5, 5, 5);
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_FAILED);
	assert_int_equal(gathered.owner, ERROR_OWNER_DRIVER);
	assert_true(figure(METRIC_RAW_NS_PER_OP) == 5);
}

static void what_an_allocator_cannot_do_is_not_applicable(void **state)
{
	(void)state;
	add_fault(EXIT_CODE_NO_ARM, "knows no alignment");
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_NOT_APPLICABLE);
	assert_string_equal(gathered.reason, "knows no alignment");
}

static void violations_make_an_arm_fail(void **state)
{
	(void)state;
	struct result_record *audit = add(&arm, RESULT_PASS_AUDIT);
	audit->message = memory_text("overlap");
	audit->owner = ERROR_OWNER_ALLOCATOR;
	result_set(&audit->phases[2].figures, METRIC_AUDIT_VIOLATIONS, 1);
	assert_ptr_equal(gather_first_fault(&arm), audit);
	gather(NULL);
	assert_int_equal(gathered.state, RESULT_ARM_FAILED);
	assert_string_equal(gathered.reason, "overlap");
}

/* Rounds stand at their numbers, whatever order their records came in, for comparisons pair them by number. */
static void rounds_stand_at_their_numbers(void **state)
{
	(void)state;
	add_round(&arm, 1, 7, 9)->round = 3;
	add_round(&arm, 1, 5, 9)->round = 1;
	gather(NULL);
	const struct result_phase *churn = &gathered.phases[1];
	assert_int_equal(churn->round_count, 4);
	assert_true(isnan(churn->round_ns_per_op[0]) && isnan(churn->round_ns_per_op[2]));
	assert_true(churn->round_ns_per_op[1] == 5 && churn->round_ns_per_op[3] == 7);
}

static double saturated_after(const double *rounds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		result_set(&add_round(&arm, 1, 1, 1)->phases[1].figures, METRIC_SATURATED, rounds[i]);
	gathered.rate = memory_text("1M");
	gather(NULL);
	double found = figure(METRIC_SATURATED);
	tear_down(NULL);
	return found;
}

static void an_arm_is_saturated_when_most_of_its_rounds_were(void **state)
{
	(void)state;
	assert_true(saturated_after((const double[]){0, 1, 1}, 3) == 1);
	assert_true(saturated_after((const double[]){0, 0, 1}, 3) == 0);
	assert_true(saturated_after((const double[]){0, 1, 1, 0}, 4) == 0);
	assert_true(saturated_after((const double[]){1, 0, 1, 1}, 4) == 1);
}

static void add_samples(uint64_t value, uint64_t count)
{
	struct histogram *histogram = memory_zeroed(1, sizeof *histogram);
	histogram_record_many(histogram, value, count);
	assert_int_equal(plain_histogram_store(&add_round(&arm, 1, 1, 1)->phases[1].latency[METRIC_KIND_ALLOC], histogram),
			 0);
	memory_release(histogram);
}

/* Ticks of half a nanosecond: 1000 samples of 200 and 1000 of 400 ticks are 100 and 200 ns. */
static void latencies_of_all_rounds_are_one_histogram(void **state)
{
	(void)state;
	add_samples(200, 1000);
	add_samples(400, 1000);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_int_equal(latency->count, 2000);
	assert_true(latency->p50_ns == 100);
	assert_true(latency->p90_ns >= 200 && latency->p90_ns <= 202);
	assert_true(latency->max_ns == 200);
	assert_true(latency->resolution_ns == 30);
	assert_false(latency->below_resolution);
	assert_int_equal(gathered.phases[1].latency[METRIC_KIND_FREE].count, 0);
	assert_int_equal(gathered.phases[0].latency[METRIC_KIND_ALLOC].count, 0);
}

/* A round without samples, or with too few, or below the resolution of 30 ns, has no percentile: it could not be compared. */
static void percentiles_of_rounds_stand_at_their_numbers(void **state)
{
	(void)state;
	add_samples(200, 1000);
	add_samples(400, 1000);
	add_samples(20, 1000);
	add_samples(400, 900);
	for (uint32_t i = 0; i < 4; i++)
		arm.records[i].round = 5 - i;
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_int_equal(latency->round_count, 6);
	const double *p99 = latency->round_ns[METRIC_LATENCY_P99], *p50 = latency->round_ns[METRIC_LATENCY_P50];
	assert_true(p99[5] == 100 && p99[4] >= 200 && p99[4] <= 202);
	assert_true(isnan(p99[0]) && isnan(p99[1]) && isnan(p99[2]) && isnan(p99[3]));
	assert_true(p50[2] >= 200 && isnan(p50[3]));
	assert_true(isnan(latency->round_ns[METRIC_LATENCY_P9999][5]));
}

/* Of 1000 samples 10 lie above p99 and one above p99.9; of 999 there are 9.99 above p99. */
static void no_percentile_has_fewer_than_ten_samples_above(void **state)
{
	(void)state;
	add_samples(200, 1000);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_true(latency->p99_ns == 100);
	assert_true(isnan(latency->p999_ns) && isnan(latency->p9999_ns));
}

static void nine_hundred_ninety_nine_samples_have_no_p99(void **state)
{
	(void)state;
	add_samples(200, 999);
	gather(NULL);
	assert_true(isnan(gathered.phases[1].latency[METRIC_KIND_ALLOC].p99_ns));
	assert_true(gathered.phases[1].latency[METRIC_KIND_ALLOC].p90_ns == 100);
}

static void what_is_below_the_resolution_is_the_resolution(void **state)
{
	(void)state;
	add_samples(20, 1000);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_true(latency->below_resolution);
	assert_true(latency->p50_ns == 30 && latency->p99_ns == 30 && latency->max_ns == 30);
	assert_int_equal(latency->histogram.max, 10);
}

/* 60 ticks are 30 ns, which is what can be told: no shorter. */
static void what_is_the_resolution_is_not_below_it(void **state)
{
	(void)state;
	add_samples(60, 1000);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_false(latency->below_resolution);
	assert_true(latency->p50_ns == 30);
}

/* Each process is one value: the one with a hundred times as many samples counts no more. */
static void intervals_are_over_processes_and_not_over_samples(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		add_samples(200 + 20 * i, i ? 100 : 10000);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	const struct result_over_processes *p50 = &latency->over_processes[METRIC_LATENCY_P50];
	assert_true(latency->p50_ns == 100);
	assert_true(p50->median_ns == 125 && p50->ci_low_ns == 100 && p50->ci_high_ns == 150);
	assert_int_equal(p50->processes, 6);
	/* Only the first one has ten samples above it. */
	const struct result_over_processes *p99 = &latency->over_processes[METRIC_LATENCY_P99];
	assert_true(p99->median_ns == 100 && isnan(p99->ci_low_ns) && isnan(p99->ci_high_ns));
	assert_int_equal(p99->processes, 1);
	assert_int_equal(latency->over_processes[METRIC_LATENCY_P9999].processes, 0);
	assert_true(isnan(latency->over_processes[METRIC_LATENCY_P9999].median_ns));
}

static char page_name[] = "page", cpu_name[] = "0";

/* A round in which one request and one CPU had so many samples; p50 and max in ticks. */
static struct result_record_phase *add_classes(double p50, uint64_t max, enum result_taint taint, double clean)
{
	struct result_record_phase *churn = &add_round(&arm, 1, 1, 1)->phases[1];
	struct histogram *histogram = memory_zeroed(1, sizeof *histogram);
	histogram_record_many(histogram, max, 1);
	assert_int_equal(plain_histogram_store(&churn->latency[METRIC_KIND_ALLOC], histogram), 0);
	memory_release(histogram);
	churn->latency_max[METRIC_KIND_ALLOC] = (struct result_record_max){taint, clean};
	churn->classes = memory_zeroed(2, sizeof churn->classes[0]);
	for (size_t i = 0; i < 2; i++) {
		churn->class_count++;
		churn->classes[i] = (struct result_record_class){.by = i ? RESULT_BY_CPU : RESULT_BY_REQUEST,
								 .name = memory_text(i ? cpu_name : page_name),
								 .kind = METRIC_KIND_ALLOC,
								 .count = 50 + i,
								 .percentile = {p50, NAN, NAN, NAN, NAN},
								 .max = max,
								 .of_max = {taint, clean}};
	}
	return churn;
}

static void add_worst(struct result_record_phase *churn, uint32_t round, double first)
{
	churn->worst = memory_zeroed(RESULT_WORST_MAX, sizeof churn->worst[0]);
	for (size_t i = 0; i < RESULT_WORST_MAX; i++) {
		churn->worst_count++;
		churn->worst[i] = (struct result_sample){.round = round,
							 .operation = 1 + i,
							 .request = memory_text(i ? page_name : NULL),
							 .latency = first - 1000 * (double)i,
							 .taint = RESULT_TAINT_NONE,
							 .steps = (double)i};
	}
}

static void classes_are_over_processes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		add_classes(200 + 20.0 * i, 5000 + i, RESULT_TAINT_NONE, 5000 + i);
	/* Another sort comes between those that are there. */
	struct result_record_class *late = &arm.records[5].phases[1].classes[0];
	memory_release(late->name);
	late->name = memory_text("late");
	gather(NULL);
	const struct result_phase *churn = &gathered.phases[1];
	assert_true(churn->has_classes && !gathered.phases[0].has_classes);
	assert_int_equal(churn->class_count, 3);
	assert_string_equal(churn->classes[0].name, "page");
	assert_string_equal(churn->classes[1].name, "late");
	assert_int_equal(churn->classes[2].by, RESULT_BY_CPU);
	assert_int_equal(churn->classes[0].count, 250);
	assert_int_equal(churn->classes[2].count, 306);
	const struct result_over_processes *p50 = &churn->classes[2].over_processes[0];
	assert_true(p50->median_ns == 125 && p50->ci_low_ns == 100 && p50->ci_high_ns == 150);
	assert_int_equal(p50->processes, 6);
	assert_int_equal(churn->classes[0].over_processes[0].processes, 5);
	assert_true(isnan(churn->classes[0].over_processes[0].ci_low_ns));
	assert_true(churn->classes[2].max_ns == 2503 && churn->classes[2].max_clean_ns == 2503); /* whole nanoseconds */
	assert_true(churn->classes[2].resolution_ns == 30);
}

/* Of the largest of all rounds, not of the first or the last. */
static void the_taint_is_that_of_the_largest(void **state)
{
	(void)state;
	add_classes(200, 5000, RESULT_TAINT_NONE, 5000);
	add_classes(200, 9000, RESULT_TAINT_STEAL, 7000);
	add_classes(10, 6000, RESULT_TAINT_MOVED, NAN);
	gather(NULL);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	const struct result_latency_class *class = &gathered.phases[1].classes[0];
	assert_true(latency->max_ns == 4500 && class->max_ns == 4500);
	assert_int_equal(latency->max_taint, RESULT_TAINT_STEAL);
	assert_int_equal(class->max_taint, RESULT_TAINT_STEAL);
	assert_true(latency->max_clean_ns == 3500 && class->max_clean_ns == 3500);
	/* What lies below the resolution of 30 ns is that. */
	assert_true(class->over_processes[0].median_ns == 100);
	tear_down(NULL);
	add_classes(10, 20, RESULT_TAINT_NONE, 20);
	gather(NULL);
	assert_true(gathered.phases[1].classes[0].over_processes[0].median_ns == 30);
	assert_true(gathered.phases[1].classes[0].max_ns == 30 && gathered.phases[1].classes[0].max_clean_ns == 30);
}

static void the_worst_are_those_of_all_rounds(void **state)
{
	(void)state;
	add_worst(add_classes(200, 5000, RESULT_TAINT_NONE, 5000), 0, 20000);
	add_worst(add_classes(200, 5000, RESULT_TAINT_NONE, 5000), 1, 24500);
	gather(NULL);
	const struct result_phase *churn = &gathered.phases[1];
	assert_int_equal(churn->worst_count, RESULT_WORST_MAX);
	assert_true(churn->worst[0].latency == 12250); /* 24,500 ticks */
	assert_int_equal(churn->worst[0].round, 1);
	assert_null(churn->worst[0].request);
	assert_true(churn->worst[5].latency == 10000);
	assert_int_equal(churn->worst[5].round, 0);
	assert_string_equal(churn->worst[6].request, "page");
	assert_true(churn->worst[9].latency == 9000 && churn->worst[9].steps == 2);
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	for (struct lack lack = {0}; lack_next(&lack);) {
		tear_down(NULL);
		struct result_record *audit = add(&arm, RESULT_PASS_AUDIT);
		audit->series = memory_zeroed(2, sizeof audit->series[0]);
		audit->series_count = 2;
		audit->maps = memory_zeroed(1, sizeof audit->maps[0]);
		audit->map_count = 1;
		audit->maps[0] = (struct result_map){.columns = 2, .rows = 1};
		assert_int_equal(result_map_make_room(&audit->maps[0], true), 0);
		audit->failures = memory_zeroed(1, sizeof audit->failures[0]);
		audit->failures[0] = (struct result_failures){memory_text("page"), RESULT_FAILURE_EXHAUSTED, 1,
							      memory_zeroed(1, 8), memory_zeroed(1, 8)};
		audit->failure_count = 1;
		add_samples(200, 1000);
		add_worst(add_classes(200, 5000, RESULT_TAINT_NONE, 5000), 0, 20000);
		error = (struct error){0};
		lack_begins(&lack);
		int filled = gather_fill(&gathered, &arm, NULL, &workload, &ticking, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(filled, failed ? -1 : 0);
		assert_true(filled == 0 || error.exit_code == EXIT_CODE_IO);
	}
	assert_int_equal(gathered.series_count, 2);
	assert_int_equal(gathered.map_count, 1);
	assert_true(gathered.failures_known && gathered.failure_count == 1);
}

/* Bins of a timed record: sample counts from the first one on. */
static void add_heat(struct result_record *record, size_t column, uint32_t first, uint64_t samples)
{
	if (!record->heat.columns)
		record->heat.columns = memory_zeroed(RESULT_HEAT_COLUMNS, sizeof record->heat.columns[0]);
	record->heat.column_count = RESULT_HEAT_COLUMNS;
	record->heat.columns[column] = (struct result_heat_column){first, 1, memory_zeroed(1, sizeof(uint64_t))};
	record->heat.columns[column].samples[0] = samples;
}

static void heat_is_the_sum_of_all_rounds(void **state)
{
	(void)state;
	struct result_record *record = add(&arm, RESULT_PASS_TIMED);
	/* 1 tick is ticking.ns_per_tick; the first bin lies far below the resolution. */
	add_heat(record, 0, 0, 5);
	add_heat(record, 2, 80, 7);
	record = add(&arm, RESULT_PASS_TIMED);
	record->round = 1;
	add_heat(record, 0, 80, 1);
	add_heat(record, 2, 80, 4);
	assert_int_equal(gather_fill(&gathered, &arm, NULL, &workload, &ticking, &error), 0);
	const struct result_heat *heat = &gathered.heat;
	double resolution = ticking.pair_ns + ticking.step_ns;
	assert_int_equal(heat->column_count, 3);
	assert_true(heat->resolution_ns == resolution);
	assert_true(heat->edges_ns[0] <= resolution && heat->edges_ns[1] > resolution);
	assert_int_equal(heat->columns[0].first, 0);
	assert_int_equal(heat->columns[0].samples[0], 5);
	assert_int_equal(heat->columns[0].samples[heat->columns[0].count - 1], 1);
	assert_int_equal(heat->columns[1].count, 0);
	assert_int_equal(heat->columns[2].count, 1);
	assert_int_equal(heat->columns[2].samples[0], 11);
	assert_int_equal(heat->columns[2].first + 2, heat->edge_count);
}

static void add_cells(uint32_t round, double first, double second)
{
	struct result_record *record = add(&arm, RESULT_PASS_TIMED);
	struct result_record_phase *phase = &record->phases[0];
	record->round = round;
	phase->cell_count = 2;
	phase->cells_ns_per_op = memory_zeroed(2, sizeof(double));
	phase->cells_operations = memory_zeroed(2, sizeof(double));
	phase->cells_ns_per_op[0] = first;
	phase->cells_ns_per_op[1] = second;
	phase->cells_operations[0] = 300;
	phase->cells_operations[1] = 100;
}

static void cells_are_medians_with_their_intervals(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 6; round++)
		add_cells(round, 10 + round, round ? 20.5 : (double)NAN);
	assert_int_equal(gather_fill(&gathered, &arm, NULL, &workload, &ticking, &error), 0);
	const struct result_cells *cells = &gathered.phases[0].cells;
	assert_int_equal(cells->count, 2);
	assert_true(cells->ops[0] == 300 && cells->ops[1] == 400);
	assert_true(cells->ns_per_op[0] == 12.5 && cells->ns_per_op[1] == 20.5);
	assert_true(cells->ci_low[0] == 10 && cells->ci_high[0] == 15);
	/* Five rounds make no interval. */
	assert_true(isnan(cells->ci_low[1]) && isnan(cells->ci_high[1]));
}

/* ---- pairs ---- */

static struct gather_arm pairs;

static int open_pairs(void **state)
{
	set_up(state);
	result.arms = memory_zeroed(2, sizeof result.arms[0]);
	result.arm_count = 2;
	for (size_t i = 0; i < 2; i++) {
		result.arms[i].phases = memory_zeroed(3, sizeof result.arms[i].phases[0]);
		result.arms[i].phase_count = 3;
		result.arms[i].figures_phase = 1;
		result.arms[i].placement_hash = 70 + i;
		for (size_t j = 0; j < 3; j++)
			result_figures_clear(&result.arms[i].phases[j].figures);
	}
	result_set(&result.arms[0].phases[1].figures, METRIC_RAW_NS_PER_OP, 10);
	result_set(&result.arms[1].phases[1].figures, METRIC_RAW_NS_PER_OP, 25);
	return 0;
}

static int close_pairs(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	gather_release(&pairs);
	result_release(&result);
	result = (struct result){0};
	return 0;
}

/* Of arm 1 against arm 0: a hundred pairs of windows of a million ns and of ratio times as much. */
static struct result_record *add_paired(uint32_t round, double ratio)
{
	struct result_record *record = add(&pairs, RESULT_PASS_PAIRED);
	struct result_record_phase *churn = &record->phases[1];
	record->round = round;
	record->window_words[0] = 4096;
	churn->pairs = (struct result_record_pairs){{1e8 * ratio, 1e8}, ratio * 1.01, 100, 10, 4096};
	churn->pairs_long = (struct result_record_pairs){{1e8 * ratio * 1.2, 1e8}, ratio, 10, 0, 4096};
	for (size_t i = 0; i < 3; i++)
		record->phases[i].equal_share = 1;
	record->phases[2].side_hash[RESULT_SIDE_ARM] = 71;
	record->phases[2].side_hash[RESULT_SIDE_AGAINST] = 70;
	for (int side = 0; side < RESULT_SIDES; side++) {
		record->resident_bytes[side] = 4 << 20;
		record->huge_bytes[side] = 2 << 20;
	}
	return record;
}

static const struct result_paired *gather_pair(void)
{
	assert_int_equal(gather_paired(&result, 1, 0, RESULT_CONDITION_HOT, &pairs, &ticking, &error), 0);
	assert_int_equal(result.arms[1].paired_count, 1);
	return result.arms[1].paired;
}

static bool around(double got, double wanted)
{
	return fabs(got - wanted) < 1e-9;
}

static void pairs_are_medians_over_processes(void **state)
{
	(void)state;
	static const double ratios[] = {2, 1.9, 2.2, 1.8, 2.1, 2.3};
	for (uint32_t i = 0; i < 6; i++)
		add_paired(i, ratios[i]);
	const struct result_paired *paired = gather_pair();
	assert_true(around(paired->ratio, sqrt(2 * 2.1)));
	assert_true(around(paired->ci_low, 1.8) && around(paired->ci_high, 2.3));
	assert_true(around(paired->ratio_typical, 1.01 * sqrt(2 * 2.1)));
	assert_true(around(paired->long_ratio, 1.2));
	assert_true(around(paired->shift, sqrt(2 * 2.1) / 2.5 - 1));
	assert_true(around(paired->tainted_share, 10.0 / 110));
	assert_true(around(paired->huge_share[RESULT_SIDE_ARM], 0.5));
	assert_true(isnan(paired->ratio_with_polls));
	assert_int_equal(paired->rounds, 6);
	assert_null(paired->reason);
	assert_true(around(paired->round_ratio[3], 1.8));
}

/* Interference is in the first six rounds: the others are none that do not count. */
static void rounds_without_interference_are_no_failure(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct result_record *record = add_paired(i, 2);
		record->phases[1].pairs_long = (struct result_record_pairs){0};
		if (i < 6)
			record->phases[1].pairs_interfered = (struct result_record_pairs){{3e6, 1e6}, 3, 2000, 0, 2000};
	}
	const struct result_paired *hot = gather_pair();
	assert_int_equal(hot->rounds, 8);
	assert_true(isnan(hot->long_ratio));
	assert_int_equal(gather_paired(&result, 1, 0, RESULT_CONDITION_INTERFERED, &pairs, &ticking, &error), 0);
	const struct result_paired *paired = &result.arms[1].paired[1];
	assert_int_equal(paired->rounds, 6);
	assert_int_equal(paired->round_count, 6);
	assert_true(around(paired->ratio, 3) && around(paired->ci_low, 3));
	assert_null(paired->reason);
}

static void polls_stand_beside_the_ratio(void **state)
{
	(void)state;
	struct result_record *record = add_paired(0, 2);
	record->phases[1].poll_ns[RESULT_SIDE_ARM] = 1e8;
	const struct result_paired *paired = gather_pair();
	assert_true(around(paired->ratio, 2) && around(paired->ratio_with_polls, 3));
	assert_true(isnan(paired->ci_low));
}

/* The one process that is changed does not count, and its reason is told. */
static void refuses(struct result_record *record, const char *why)
{
	(void)record;
	const struct result_paired *paired = gather_pair();
	assert_int_equal(paired->rounds, 1);
	assert_true(around(paired->ratio, 3));
	assert_true(isnan(paired->round_ratio[1]));
	if (!paired->reason || !strstr(paired->reason, why))
		fail_msg("%s: %s", why, paired->reason ? paired->reason : "nothing");
	assert_non_null(strstr(paired->reason, "1 of 2 rounds do not count"));
	result_paired_release(result.arms[1].paired, 1);
	result.arms[1].paired = NULL;
	result.arms[1].paired_count = 0;
	gather_release(&pairs);
}

static struct result_record *add_good_and_bad(void)
{
	add_paired(0, 3);
	return add_paired(1, 9);
}

static void what_is_not_to_be_trusted_does_not_count(void **state)
{
	(void)state;
	struct result_record *bad = add_good_and_bad();
	bad->phases[2].side_hash[RESULT_SIDE_ARM]++;
	refuses(bad, "shares state");
	bad = add_good_and_bad();
	bad->phases[2].side_hash[RESULT_SIDE_AGAINST] = UINT64_MAX;
	refuses(bad, "shares state");
	bad = add_good_and_bad();
	bad->huge_bytes[RESULT_SIDE_AGAINST] = 0;
	refuses(bad, "huge pages");
	bad = add_good_and_bad();
	bad->clock_backward = 1;
	refuses(bad, "the clock went back");
	bad = add_good_and_bad();
	bad->distrust = memory_text("a thread spun");
	refuses(bad, "a thread spun");
	bad = add_good_and_bad();
	bad->phases[1].pairs.tainted = 101;
	result.arms[1].threads = 2;
	result.arms[1].placement_hash = result.arms[0].placement_hash = 0;
	refuses(bad, "fewer idle CPUs than threads");
	result.arms[1].threads = 1;
	bad = add_good_and_bad();
	bad->phases[1].pairs.ns[0] = bad->phases[1].pairs.ns[1] = 100 * 9999; /* a thousand steps are 10,000 ns */
	refuses(bad, "too short for the clock");
	bad = add_good_and_bad();
	bad->phases[1].pairs = (struct result_record_pairs){{0, 0}, NAN, 0, 0, 0};
	refuses(bad, "no pair of windows");
	bad = add_good_and_bad();
	bad->ok = false;
	bad->message = memory_text("was killed from outside");
	refuses(bad, "killed from outside");
}

static void without_memory_pairs_end_with_a_message(void **state)
{
	for (uint64_t nth = 0;; nth++) {
		open_pairs(state);
		add_paired(0, 2);
		add_paired(1, 2)->clock_backward = 1;
		memory_fail_after(nth);
		int status = gather_paired(&result, 1, 0, RESULT_CONDITION_HOT, &pairs, &ticking, &error);
		close_pairs(state);
		if (status == 0)
			break;
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
		assert_true(nth < 100);
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(rounds_are_medians_of_iterations_and_figures_medians_of_rounds),
		A(a_round_without_a_figure_is_left_out),
		A(windows_that_were_disturbed_do_not_move_the_others),
		A(ageing_is_what_rounds_agree_on),
		A(what_grows_while_the_load_does_not_is_ageing),
		A(windows_stand_where_their_operations_are),
		A(windows_too_short_for_the_clock_have_no_figure),
		A(six_rounds_have_an_interval),
		A(five_rounds_have_none),
		A(net_is_clean_less_the_harness),
		A(without_a_clean_window_there_is_no_clean_time),
		A(unknown_cpu_time_is_null_and_says_why),
		A(net_is_null_below_one_nanosecond),
		A(net_is_null_after_failures),
		A(net_is_null_without_a_harness),
		A(net_is_null_with_what_the_harness_lacks),
		A(exact_figures_come_from_the_audit),
		A(an_arm_without_records_was_not_run),
		A(hashes_that_differ_are_nondeterministic),
		A(passes_that_all_disagree_do_not_agree),
		A(nothing_counts_of_an_arm_with_a_fault),
		A(figures_stand_until_something_fatal_that_a_driver_did),
		A(what_an_allocator_cannot_do_is_not_applicable),
		A(violations_make_an_arm_fail),
		A(latencies_of_all_rounds_are_one_histogram),
		A(percentiles_of_rounds_stand_at_their_numbers),
		A(no_percentile_has_fewer_than_ten_samples_above),
		A(nine_hundred_ninety_nine_samples_have_no_p99),
		A(rounds_stand_at_their_numbers),
		A(an_arm_is_saturated_when_most_of_its_rounds_were),
		A(what_is_below_the_resolution_is_the_resolution),
		A(what_is_the_resolution_is_not_below_it),
		A(intervals_are_over_processes_and_not_over_samples),
		A(classes_are_over_processes),
		A(the_taint_is_that_of_the_largest),
		A(the_worst_are_those_of_all_rounds),
		A(every_lack_of_memory_is_an_error),
		A(heat_is_the_sum_of_all_rounds),
		A(cells_are_medians_with_their_intervals),
#define IN_PAIRS(test) cmocka_unit_test_setup_teardown(test, open_pairs, close_pairs)
		IN_PAIRS(pairs_are_medians_over_processes),
		IN_PAIRS(rounds_without_interference_are_no_failure),
		IN_PAIRS(polls_stand_beside_the_ratio),
		IN_PAIRS(what_is_not_to_be_trusted_does_not_count),
		cmocka_unit_test(without_memory_pairs_end_with_a_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
