/* SPDX-License-Identifier: MIT */
#include "run/gather_paired.h"

#include "base/memory.h"
#include "measure/statistics.h"
#include "play/pass.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Shares of metadata behind huge pages that are further apart are no equal backing. */
#define HUGE_SHARE_APART 0.1

/* One record, seen from the phase whose figures count. */
struct process {
	const struct result_record *record;
	const struct result_record_phase *phase;
	enum result_condition condition;
};

static const struct result_record_pairs *pairs_of(const struct process *process)
{
	return process->condition == RESULT_CONDITION_HOT ? &process->phase->pairs : &process->phase->pairs_interfered;
}

static double ratio_of(const struct result_record_pairs *pairs)
{
	return pairs->pairs ? pairs->ns[RESULT_SIDE_ARM] / pairs->ns[RESULT_SIDE_AGAINST] : (double)NAN;
}

static double huge_share(const struct result_record *record, enum result_side side)
{
	return record->resident_bytes[side] ? (double)record->huge_bytes[side] / (double)record->resident_bytes[side]
					    : (double)NAN;
}

static bool placed_as(const struct result_record *record, enum result_side side, const struct result_arm *arm)
{
	uint64_t hash = record->phase_count ? record->phases[record->phase_count - 1].side_hash[side] : 0;
	return arm->threads > 1 || !arm->placement_hash || hash == arm->placement_hash;
}

static const char *wrong_windows(const struct process *process, uint32_t threads, const struct clock *clock)
{
	const struct result_record_pairs *pairs = pairs_of(process);
	double shorter = fmin(pairs->ns[RESULT_SIDE_ARM], pairs->ns[RESULT_SIDE_AGAINST]);
	if (process->phase->equal_share == 0)
		return "outcomes differ from the first operation on: different work";
	if (!pairs->pairs)
		return pairs->tainted ? "no pair of windows was undisturbed" : "no pair of windows";
	if (!(shorter > 0))
		return "operations took no longer than two stamps";
	if (process->condition == RESULT_CONDITION_HOT &&
	    shorter < PASS_WINDOW_STEPS * clock->step_ns * (double)pairs->pairs)
		return "windows are too short for the clock";
	/* One thread that waits for a CPU makes all of them wait. */
	return threads > 1 && pairs->tainted > pairs->pairs
		       ? "there were fewer idle CPUs than threads: more than half of the pairs were disturbed"
		       : NULL;
}

/* Why a process has nothing to say; NULL: it has. */
static const char *refusal(const struct result *result, size_t arm, size_t against, const struct process *process,
			   const struct clock *clock)
{
	const struct result_record *record = process->record;
	double apart = huge_share(record, RESULT_SIDE_ARM) - huge_share(record, RESULT_SIDE_AGAINST);
	if (!record->ok)
		return record->message ? record->message : "failed";
	if (record->clock_backward)
		return "the clock went back while it was measured";
	if (record->distrust)
		return record->distrust;
	if (!placed_as(record, RESULT_SIDE_ARM, &result->arms[arm]) ||
	    !placed_as(record, RESULT_SIDE_AGAINST, &result->arms[against]))
		return "shares state: in one process with the other it places extents differently";
	if (fabs(apart) > HUGE_SHARE_APART)
		return "huge pages lay behind the metadata of one more than behind that of the other";
	return wrong_windows(process, result->arms[arm].threads, clock);
}

/* Median and interval over rounds. */
static void set_median(const double *values, size_t count, double *logs, double *median, double *low, double *high)
{
	size_t kept = statistics_logs(values, count, logs);
	struct statistics_interval interval = statistics_median_interval(logs, kept, GATHER_INTERVAL_LEVEL);
	*median = exp(statistics_median(logs, kept));
	if (low) {
		*low = exp(interval.low);
		*high = exp(interval.high);
	}
}

static double raw_of(const struct result_arm *arm)
{
	return result_arm_figure(arm, METRIC_RAW_NS_PER_OP);
}

/* Whether a round plays so. */
static bool is_asked(enum result_condition condition, uint32_t round)
{
	return condition == RESULT_CONDITION_HOT || round < PASS_ROUNDS_BESIDE;
}

/* scratch has room for three lists of rounds. */
static int fill(struct result *result, size_t arm, const struct gather_arm *records, const struct clock *clock,
		struct result_paired *paired, double *scratch)
{
	size_t count = paired->round_count, phase = result->arms[arm].figures_phase;
	double *longer = scratch, *polled = scratch + count, *logs = scratch + 2 * count;
	double pairs = 0, tainted = 0;
	size_t asked = 0;
	const char *reason = NULL;
	for (size_t i = 0; i < count; i++)
		paired->round_ratio[i] = paired->round_typical[i] = longer[i] = polled[i] = (double)NAN;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record *record = &records->records[i];
		if (!is_asked(paired->condition, record->round))
			continue;
		asked++;
		static const struct result_record_phase none = {.equal_share = 1};
		struct process process = {record, phase < record->phase_count ? &record->phases[phase] : &none,
					  paired->condition};
		const struct result_record_pairs *its = pairs_of(&process);
		const char *refused = refusal(result, arm, paired->against, &process, clock);
		size_t round = record->round;
		pairs += (double)(its->pairs + its->tainted);
		tainted += (double)its->tainted;
		paired->equal_share = fmin(paired->equal_share, process.phase->equal_share);
		reason = reason ? reason : refused;
		if (refused)
			continue;
		paired->rounds++;
		paired->window_words = record->window_words[0];
		paired->round_ratio[round] = ratio_of(its);
		paired->round_typical[round] = its->typical;
		bool hot = paired->condition == RESULT_CONDITION_HOT;
		paired->empty_pair_ns = record->empty_pair_ns;
		if (hot)
			longer[round] = ratio_of(&process.phase->pairs_long) / ratio_of(its);
		const double *polls = process.phase->poll_ns;
		if (hot && (polls[RESULT_SIDE_ARM] > 0 || polls[RESULT_SIDE_AGAINST] > 0))
			polled[round] = (its->ns[RESULT_SIDE_ARM] + polls[RESULT_SIDE_ARM]) /
					(its->ns[RESULT_SIDE_AGAINST] + polls[RESULT_SIDE_AGAINST]);
		for (int side = 0; side < RESULT_SIDES; side++)
			paired->huge_share[side] = huge_share(record, (enum result_side)side);
	}
	set_median(paired->round_ratio, count, logs, &paired->ratio, &paired->ci_low, &paired->ci_high);
	set_median(paired->round_typical, count, logs, &paired->ratio_typical, NULL, NULL);
	set_median(polled, count, logs, &paired->ratio_with_polls, NULL, NULL);
	set_median(longer, count, logs, &paired->long_ratio, &paired->long_ci_low, &paired->long_ci_high);
	paired->tainted_share = pairs > 0 ? tainted / pairs : (double)NAN;
	paired->shift = paired->ratio / (raw_of(&result->arms[arm]) / raw_of(&result->arms[paired->against])) - 1;
	if (!reason)
		return 0;
	struct text text = {0};
	if (paired->rounds)
		text_add(&text, "%zu of %zu rounds do not count: ", asked - paired->rounds, asked);
	text_add(&text, "%s", reason);
	paired->reason = text.bytes;
	return text.failed ? -1 : 0;
}

int gather_paired(struct result *result, size_t arm, size_t against, enum result_condition condition,
		  const struct gather_arm *records, const struct clock *clock, struct error *error)
{
	assert(arm < result->arm_count && against < result->arm_count && arm != against);
	struct result_arm *target = &result->arms[arm];
	struct result_paired *list = memory_resize(target->paired, target->paired_count + 1, sizeof list[0]);
	if (!list)
		return error_set(error, EXIT_CODE_IO, "no memory for pairs");
	target->paired = list;
	struct result_paired *paired = &list[target->paired_count++];
	*paired = (struct result_paired){.against = against, .condition = condition, .equal_share = 1};
	paired->huge_share[0] = paired->huge_share[1] = (double)NAN;
	for (size_t i = 0; i < records->count; i++)
		if (is_asked(condition, records->records[i].round) && records->records[i].round >= paired->round_count)
			paired->round_count = (size_t)records->records[i].round + 1;
	paired->round_ratio = memory_zeroed(paired->round_count, sizeof paired->round_ratio[0]);
	paired->round_typical = memory_zeroed(paired->round_count, sizeof paired->round_typical[0]);
	double *scratch = memory_zeroed(3 * paired->round_count, sizeof scratch[0]);
	int status = paired->round_ratio && paired->round_typical && scratch
			     ? fill(result, arm, records, clock, paired, scratch)
			     : -1;
	memory_release(scratch);
	return status == 0 ? 0 : error_set(error, EXIT_CODE_IO, "no memory for pairs");
}
