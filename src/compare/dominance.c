/* SPDX-License-Identifier: MIT */
#include "compare/dominance.h"

#include <assert.h>

const char *const compare_outcome_name[COMPARE_OUTCOME_COUNT] = {
	[COMPARE_OUTCOME_NONE] = "none", [COMPARE_OUTCOME_LEVEL] = "level", [COMPARE_OUTCOME_A] = "a",
	[COMPARE_OUTCOME_B] = "b",       [COMPARE_OUTCOME_TRADE] = "trade", [COMPARE_OUTCOME_OPEN] = "open",
};

static enum compare_standing standing_of(const struct result_comparison *row)
{
	switch (row->verdict) {
	case RESULT_VERDICT_OK:
		return COMPARE_LEVEL;
	case RESULT_VERDICT_IMPROVEMENT:
		return COMPARE_BETTER;
	case RESULT_VERDICT_REGRESSION:
		return COMPARE_WORSE;
	default:
		return COMPARE_OPEN;
	}
}

static enum compare_standing both(enum compare_standing left, enum compare_standing right)
{
	if (left == COMPARE_LEVEL || left == right)
		return right;
	return right == COMPARE_LEVEL ? left : COMPARE_OPEN;
}

static void add(struct compare_dominance *dominance, const struct result_comparison *row)
{
	enum compare_standing standing = standing_of(row);
	for (size_t i = 0; i < dominance->count; i++)
		if (dominance->headlines[i].metric == row->metric) {
			dominance->headlines[i].standing = both(dominance->headlines[i].standing, standing);
			return;
		}
	assert(dominance->count < METRIC_HEADLINES);
	dominance->headlines[dominance->count].metric = row->metric;
	dominance->headlines[dominance->count++].standing = standing;
}

static enum compare_outcome outcome_of(const struct compare_dominance *dominance)
{
	const size_t *counts = dominance->counts;
	if (dominance->count == 0)
		return COMPARE_OUTCOME_NONE;
	if (counts[COMPARE_BETTER] && counts[COMPARE_WORSE])
		return COMPARE_OUTCOME_TRADE;
	if (counts[COMPARE_OPEN])
		return COMPARE_OUTCOME_OPEN;
	return counts[COMPARE_BETTER]  ? COMPARE_OUTCOME_B
	       : counts[COMPARE_WORSE] ? COMPARE_OUTCOME_A
				       : COMPARE_OUTCOME_LEVEL;
}

void compare_dominance(const struct result_comparison *rows, size_t count, struct compare_dominance *dominance)
{
	*dominance = (struct compare_dominance){0};
	for (size_t i = 0; i < count; i++)
		if (metric_is_headline((int)rows[i].metric))
			add(dominance, &rows[i]);
	for (size_t i = 0; i < dominance->count; i++)
		dominance->counts[dominance->headlines[i].standing]++;
	dominance->outcome = outcome_of(dominance);
}
