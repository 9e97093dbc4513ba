/* SPDX-License-Identifier: MIT */
#include "compare/quick.h"

#include "base/memory.h"
#include "compare/compare.h"
#include "measure/statistics.h"

#include <assert.h>
#include <math.h>

const char *const compare_quick_name[COMPARE_QUICK_COUNT] = {
	[COMPARE_QUICK_SAME] = "same",
	[COMPARE_QUICK_SLOWER] = "slower",
	[COMPARE_QUICK_FASTER] = "faster",
	[COMPARE_QUICK_UNDECIDED] = "undecided",
};

/* So many verdicts that share the error of one family have intervals of the level. */
#define VERDICTS ((size_t)(COMPARE_ERROR_RATE / (1 - COMPARE_QUICK_LEVEL) + 0.5))

uint32_t compare_quick_processes_least(void)
{
	return (uint32_t)statistics_values_least(COMPARE_QUICK_LEVEL);
}

static enum compare_quick answer_of(const struct result_comparison *row)
{
	double half = 1 + row->threshold / 2;
	if (row->verdict == RESULT_VERDICT_NOT_COMPARED || row->verdict == RESULT_VERDICT_DIFFERENT_WORK)
		return COMPARE_QUICK_UNDECIDED;
	if (row->ci_low > 1 && row->ratio >= half)
		return COMPARE_QUICK_SLOWER;
	if (row->ci_high < 1 && row->ratio <= 1 / half)
		return COMPARE_QUICK_FASTER;
	return row->verdict == RESULT_VERDICT_OK ? COMPARE_QUICK_SAME : COMPARE_QUICK_UNDECIDED;
}

/* What is seldom is in no median: the sums must not say otherwise. NaN says nothing. */
static bool bursts_decide(const struct result_paired *paired, enum compare_quick answer, double threshold)
{
	double edge = 1 + threshold, sum = paired->ratio;
	return (answer == COMPARE_QUICK_SAME && (sum > edge * edge || sum < 1 / (edge * edge))) ||
	       (answer == COMPARE_QUICK_SLOWER && sum < 1 / edge) || (answer == COMPARE_QUICK_FASTER && sum > edge);
}

int compare_quick(const struct result_paired *paired, double threshold, enum compare_quick *answer,
		  struct result_comparison *row, struct error *error)
{
	assert(threshold > 0);
	*row = (struct result_comparison){.metric = METRIC_RAW_NS_PER_OP, .baseline = true, .threshold = threshold};
	*answer = COMPARE_QUICK_UNDECIDED;
	/* In a second the sums of a process are those of what disturbed it; the median window is not. */
	struct result_paired typical = *paired;
	typical.round_ratio = paired->round_typical;
	if (compare_pairs(&typical, 0, paired->round_count, threshold, VERDICTS, row, error) < 0)
		return -1;
	*answer = answer_of(row);
	bool bursts = bursts_decide(paired, *answer, threshold);
	if (paired->equal_share >= 1 && !bursts)
		return 0;
	struct text text = {0};
	*answer = COMPARE_QUICK_UNDECIDED;
	if (paired->equal_share < 1)
		text_add(&text, "different work: outcomes differ, and the ratio is that of the first %.3g %% of operations",
			 100 * paired->equal_share);
	else
		text_add(&text, "costs come in bursts: the sum of all windows says %.4g, the median window %.4g",
			 paired->ratio, row->ratio);
	memory_release(row->reason);
	row->reason = text.bytes;
	return text.failed ? error_set(error, EXIT_CODE_IO, "no memory for a comparison") : 0;
}

/* How much slower, in per cent; negative: faster. */
static double slower(double ratio)
{
	return 100 * (ratio - 1);
}

/* How much less time it takes is how much faster it is. */
static double faster(double ratio)
{
	return 100 * (1 - ratio);
}

void compare_quick_tell(enum compare_quick answer, const struct result_comparison *row, struct text *text)
{
	switch (answer) {
	case COMPARE_QUICK_SLOWER:
		text_add(text, "B is %.2f %% slower (%.2f to %.2f %%)", slower(row->ratio), slower(row->ci_low),
			 slower(row->ci_high));
		break;
	case COMPARE_QUICK_FASTER:
		text_add(text, "B is %.2f %% faster (%.2f to %.2f %%)", faster(row->ratio), faster(row->ci_high),
			 faster(row->ci_low));
		break;
	case COMPARE_QUICK_SAME:
		text_add(text, "no difference above %.3g %%", 100 * row->threshold);
		break;
	default:
		text_add(text, "undecided");
		if (isfinite(row->ci_low))
			text_add(text, ": B takes %+.2f %% of time (%+.2f to %+.2f %%)", slower(row->ratio),
				 slower(row->ci_low), slower(row->ci_high));
		else if (isfinite(row->ratio))
			text_add(text, ": B takes %+.2f %% of time, too few processes for an interval", slower(row->ratio));
		else
			text_add(text, ": there is no ratio");
	}
}
