/* SPDX-License-Identifier: MIT */
#include "result/figures.h"

#include "result/result.h"

#include <string.h>

const char *const result_reason_text[RESULT_REASON_COUNT] = {
	[RESULT_REASON_NOT_MEASURED] = "not measured",
	[RESULT_REASON_NOT_APPLICABLE] = "not applicable",
	[RESULT_REASON_SHORT_WINDOW] = "the window was shorter than 1000 steps of the clock",
	[RESULT_REASON_BELOW_HARNESS] = "less than 1 ns above the harness itself",
	[RESULT_REASON_FAILURES] = "an allocation failed, so the harness alone did other work",
	[RESULT_REASON_FEW_ROUNDS] = "too few rounds for an interval of 95 %",
	[RESULT_REASON_NO_FAILURE] = "nothing failed",
	[RESULT_REASON_NO_STEPS] = "the allocator does not count its steps",
	[RESULT_REASON_NO_HARNESS] = "the harness alone was not measured",
	[RESULT_REASON_CLOSED_LOOP] = "closed loop: no --rate was given",
	[RESULT_REASON_FEW_WINDOWS] = "fewer than 20 windows",
	[RESULT_REASON_DISTURBED] = "every window of the first or of the last tenth was disturbed",
	[RESULT_REASON_COUNTERS_REFUSED] = "unavailable: the system refuses perf_event_open",
	[RESULT_REASON_COUNTERS_MISSING] = "unavailable: this machine does not offer the counter",
	[RESULT_REASON_NO_LAYER] = "no layer in front of another allocator",
	[RESULT_REASON_ADAPTIVE] = "what is asked depends on what the allocator answers: every arm does other work",
	[RESULT_REASON_THROWN_OUT] = "the arm failed: nothing of it counts",
	[RESULT_REASON_SEVERAL_THREADS] = "several threads: the order of their operations does not repeat",
	[RESULT_REASON_LONG_PASS] = "its pass took more than a second and was not played once more",
	[RESULT_REASON_NO_CLEAN_WINDOW] = "no window was left undisturbed",
	[RESULT_REASON_CPU_CLOCK] = "the clock of CPU time is too coarse for the windows",
	[RESULT_REASON_PIECES] = "an older version counted the allocator's pieces, not runs of free pages",
	[RESULT_REASON_PLACE_CAN_FAIL] = "identity mode: place can fail, so that nothing is decided ahead",
	[RESULT_REASON_ADAPTERS] = "several adapters share physical memory, so that nothing is decided ahead",
	[RESULT_REASON_ROUTINES] = "scripts call routines, so that nothing is decided ahead",
	[RESULT_REASON_DIFFERENT_WORK] = "different work: a logical call failed before a window had ended",
	[RESULT_REASON_NO_ADDRESSES] = "the recording does not tell: an older version imported it",
	[RESULT_REASON_REMADE] = "the recording was cut or scaled from another one, whose addresses are not its own",
	[RESULT_REASON_OVERLAPS] = "ranges of the recording overlap: frees are missing in it",
	[RESULT_REASON_HARNESS_SHORT] = "the harness alone was done within 1000 steps of the clock",
	[RESULT_REASON_HARNESS_DISTURBED] = "no window of the harness alone was left undisturbed",
	[RESULT_REASON_NO_IOTLB] = "the workload has no iotlb",
	[RESULT_REASON_NO_BOUNDS] = "not asked for: --bounds on",
	[RESULT_REASON_IN_PIECES] = "driver calls, and sizes that fall back, may take other extents than were asked for",
	[RESULT_REASON_MANY_EXTENTS] = "more extents than an offline packing takes: --ops makes the stream shorter",
	[RESULT_REASON_NO_PACKING] = "no packing that was tried has room for all extents",
};

const char *const result_taint_name[RESULT_TAINT_COUNT] = {
	[RESULT_TAINT_UNKNOWN] = "",    [RESULT_TAINT_NONE] = "none",   [RESULT_TAINT_PREEMPTED] = "preempted",
	[RESULT_TAINT_MOVED] = "moved", [RESULT_TAINT_STEAL] = "steal",
};

const char *const result_class_by_name[RESULT_BY_COUNT] = {
	[RESULT_BY_REQUEST] = "request",
	[RESULT_BY_CPU] = "cpu",
	[RESULT_BY_OUTCOME] = "outcome",
};

const char *const result_series_name[RESULT_SERIES_COUNT] = {
#define RESULT_SERIES_NAME(name, text) [RESULT_SERIES_##name] = text,
	RESULT_SERIES_COLUMNS(RESULT_SERIES_NAME)
#undef RESULT_SERIES_NAME
};

const char *const result_cache_name[RESULT_CACHE_COUNT] = {
	[RESULT_CACHE_L1D] = "l1d", [RESULT_CACHE_L1I] = "l1i", [RESULT_CACHE_L2] = "l2", [RESULT_CACHE_L3] = "l3"};
const char *const result_ageing_name[RESULT_AGEING_COUNT] = {
	[RESULT_AGEING_UNKNOWN] = "",
	[RESULT_AGEING_FLAT] = "flat",
	[RESULT_AGEING_WARM_UP] = "warm-up",
	[RESULT_AGEING_AGEING] = "ageing",
	[RESULT_AGEING_NO_STEADY_STATE] = "no steady state",
};

const char *const result_arm_state_name[RESULT_ARM_NOT_RUN + 1] = {
	[RESULT_ARM_OK] = "ok",
	[RESULT_ARM_NOT_APPLICABLE] = "n/a",
	[RESULT_ARM_FAILED] = "failed",
	[RESULT_ARM_NONDETERMINISTIC] = "nondeterministic",
	[RESULT_ARM_UNTRUSTWORTHY] = "untrustworthy",
	[RESULT_ARM_NOT_RUN] = "not run",
};

const char *const result_verdict_name[RESULT_VERDICT_COUNT] = {
	[RESULT_VERDICT_OK] = "ok",
	[RESULT_VERDICT_IMPROVEMENT] = "improvement",
	[RESULT_VERDICT_REGRESSION] = "regression",
	[RESULT_VERDICT_INCONCLUSIVE] = "inconclusive",
	[RESULT_VERDICT_DIFFERENT_WORK] = "different work",
	[RESULT_VERDICT_NOT_COMPARED] = "not compared",
};

/* Worse, and better, of two allocators. */
static const char *const *words_of(enum metric metric)
{
	static const char *const timed[] = {"slower", "faster"}, *const lower[] = {"more", "fewer"},
				 *const higher[] = {"fewer", "more"};
	if (!metric_table[metric].exact)
		return timed;
	return metric_table[metric].better == METRIC_BETTER_HIGHER ? higher : lower;
}

const char *result_verdict_word(const struct result_comparison *comparison)
{
	assert(comparison->metric < METRIC_ALL && comparison->verdict < RESULT_VERDICT_COUNT);
	bool differ = comparison->verdict == RESULT_VERDICT_REGRESSION || comparison->verdict == RESULT_VERDICT_IMPROVEMENT;
	if (comparison->baseline || !differ)
		return result_verdict_name[comparison->verdict];
	return words_of(comparison->metric)[comparison->verdict == RESULT_VERDICT_IMPROVEMENT];
}

int result_verdict_of_word(const char *word, enum metric metric)
{
	assert(word && metric < METRIC_ALL);
	for (int i = 0; i < RESULT_VERDICT_COUNT; i++)
		if (strcmp(word, result_verdict_name[i]) == 0)
			return i;
	if (strcmp(word, words_of(metric)[0]) == 0)
		return RESULT_VERDICT_REGRESSION;
	return strcmp(word, words_of(metric)[1]) == 0 ? RESULT_VERDICT_IMPROVEMENT : -1;
}

void result_figures_clear(struct result_figures *figures)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		result_set_null(figures, (enum metric)i, RESULT_REASON_NOT_MEASURED);
}
