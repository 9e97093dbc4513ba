/* SPDX-License-Identifier: MIT
 * The paired pass: two allocators in one process play every round of words by turns. What disturbs the machine for longer than
 * a window disturbs both alike. */
#include "play/pass.h"

#include "base/memory.h"
#include "base/rng.h"
#include "measure/statistics.h"
#include "play/crew.h"
#include "play/taint.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A window is shorter than a scheduler's slice, and as long as the clock needs. */
#define WINDOW_WORDS_LEAST ((size_t)4096)
/* Of a brief pass: many short windows tell more of a moment than few long ones. */
#define WINDOW_WORDS_BRIEF ((size_t)1024)
#define WINDOW_WORDS_MOST ((size_t)65536)
#define LONG_WINDOW_TIMES 8u
#define ITERATIONS_MAX 24u
/* Of windows that begin at other words, and iterations in a row whose windows begin at the same. */
#define SKEWS 3u
#define REPEATS 3u
/* A window that took so many times the median of the same words was disturbed. */
#define DISTURBED_TIMES 1.1
/* Under interference single operations are stamped: so few to a round that it is shorter than a scheduler's slice. */
#define INTERFERED_GAP_MOST 256u
#define INTERFERED_GAP_LEAST 16u
#define INTERFERED_PER_ROUND 24u
#define EMPTY_PAIRS 256
/* Of a round of several threads, against what one barrier costs. */
#define BARRIERS_LEAST 50.0
/* Time that a hypervisor took shows in steps of 10 ms: it is looked up that often, and all pairs since are suspects. */
#define STEAL_PERIOD_NS 5e6
/* No hash of a placement: that of a phase without operations, and of iterations that placed differently. */
#define NOTHING_PLACED UINT64_C(1)
#define DISAGREES UINT64_MAX

struct pair {
	double ns[RESULT_SIDES], poll_ns[RESULT_SIDES];
	uint64_t operations[RESULT_SIDES];
	uint64_t failures[RESULT_SIDES];
	uint64_t words; /* of both */
	double took_ns; /* both, with what stands between samples */
	bool tainted;
	/* Pairs of one phase with the same two play the same words, in other iterations. */
	uint32_t skew; /* which of SKEWS */
	size_t index;  /* in its iteration of the phase */
};

struct phase_pairs {
	struct pair *pairs; /* in the order in which they were played */
	size_t count, capacity;
	size_t judged;               /* what stands behind them waits to be told of steal */
	double unjudged_ns;          /* what that took */
	size_t next_index;           /* of this iteration */
	uint64_t words, equal_words; /* of all iterations; until outcomes differed */
	uint64_t hash[RESULT_SIDES];
};

struct pairing {
	struct pass *pass;
	struct pass_rival *rival;   /* of the pass */
	struct phase_pairs *phases; /* of all iterations with this length */
	size_t window_words;
	uint32_t iteration;
	const struct engine *engines; /* RESULT_SIDES of the first thread */
	bool different;               /* outcomes differed, in this iteration */
	bool placed;                  /* short windows have shown where all extents lie */
	double equal_share;           /* of the words of the short windows of all phases */
	bool half;                    /* one side of the pair at hand has played */
	struct pair pair;
	uint64_t poll_ticks[RESULT_SIDES];
	struct taint steal;
	/* Under interference. */
	bool interfered;
	struct rng rng,
		rng_of_round; /* of the gaps; as it was when the round at hand began: both sides take the same samples */
	uint32_t gap;         /* mean words between two samples */
	double empty_ns;      /* of a pair of stamps with nothing in it */
	uint64_t sample_ticks[RESULT_SIDES], samples[RESULT_SIDES], samples_taken;
	bool moved;
	double played_ns; /* of all windows */
};

static bool is_alone(const struct pairing *pairing)
{
	return pairing->pass->threads <= 1;
}

static size_t part_words(const void *context, size_t phase)
{
	const struct pairing *pairing = context;
	(void)phase;
	return pairing->interfered ? (size_t)pairing->gap * INTERFERED_PER_ROUND
				   : pairing->window_words * RESULT_UNTIMED_ONE_IN / (RESULT_UNTIMED_ONE_IN - 1);
}

static size_t warm_words(struct op_piece round)
{
	return op_cut(round.ops, round.count, round.count / RESULT_UNTIMED_ONE_IN);
}

/* In SKEWS processes, or times REPEATS iterations, every word is timed, most are twice: no burst can hide in what is not. */
static uint32_t skew_of(const struct pairing *pairing)
{
	return (pairing->pass->round + pairing->iteration / REPEATS) % SKEWS;
}

static size_t skew_words(const void *context)
{
	const struct pairing *pairing = context;
	return pairing->interfered ? 0 : skew_of(pairing) * (pairing->window_words / 2);
}

static int opened(void *context, struct engine *engines, struct error *error)
{
	struct pairing *pairing = context;
	(void)error;
	pairing->engines = engines;
	return 0;
}

/* Geometric. */
static size_t draw_gap(struct pairing *pairing)
{
	return (size_t)(-log1p(-rng_unit(&pairing->rng)) * pairing->gap);
}

/* Samples at the same words for both; all between them is played plain. */
static void play_interfered(struct pairing *pairing, struct engine *engine, struct op_piece part)
{
	enum result_side side = engine == &pairing->engines[RESULT_SIDE_ARM] ? RESULT_SIDE_ARM : RESULT_SIDE_AGAINST;
	pairing->rng = pairing->rng_of_round;
	for (size_t at = 0; at < part.count;) {
		size_t next = at + draw_gap(pairing);
		while (next < part.count && !op_can_be_timed(part.ops, next))
			next++;
		next = next < part.count ? next : part.count;
		engine_play(engine, part.ops + at, next - at);
		if (next == part.count)
			return;
		struct engine_timed timed;
		interference_run(pairing->pass->interference);
		if (engine_play_timed(engine, &part.ops[next], pairing->pass->clock, &timed)) {
			pairing->sample_ticks[side] += timed.ticks;
			pairing->samples[side]++;
			pairing->moved |= timed.moved;
		}
		at = next + 1;
	}
}

static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	struct pairing *pairing = context;
	(void)thread;
	if (pairing->interfered) {
		play_interfered(pairing, engine, part);
		return 0;
	}
	if (is_alone(pairing)) {
		uint64_t ticks = crew_play_polls_apart(pairing->pass, engine, part);
		pairing->poll_ticks[engine != &pairing->engines[RESULT_SIDE_ARM]] += ticks;
		return ticks;
	}
	engine_play(engine, part.ops, part.count);
	return 0;
}

static void judge(struct pairing *pairing, struct phase_pairs *phase)
{
	bool stolen = taint_after_steal(&pairing->steal);
	for (; phase->judged < phase->count; phase->judged++)
		phase->pairs[phase->judged].tainted |= stolen;
	phase->unjudged_ns = 0;
	taint_before_steal(&pairing->steal);
}

static int hold(struct pairing *pairing, struct phase_pairs *phase)
{
	if (memory_grow(&phase->pairs, &phase->capacity, phase->count, sizeof phase->pairs[0]) < 0)
		return -1;
	phase->pairs[phase->count++] = pairing->pair;
	phase->unjudged_ns += pairing->pair.took_ns;
	if (phase->unjudged_ns >= STEAL_PERIOD_NS)
		judge(pairing, phase);
	return 0;
}

/* A slot whose allocation failed is skipped when it would be freed: who failed and skipped as often did the same. */
static bool did_the_same(const struct pairing *pairing)
{
	const struct engine *arm = &pairing->engines[RESULT_SIDE_ARM], *against = &pairing->engines[RESULT_SIDE_AGAINST];
	if (!is_alone(pairing))
		return pairing->pair.failures[RESULT_SIDE_ARM] == pairing->pair.failures[RESULT_SIDE_AGAINST];
	return arm->failures == against->failures && arm->skipped == against->skipped;
}

/* What the samples of a side took beyond the stamps. */
static double take_samples(struct pairing *pairing, enum result_side side)
{
	double ns = (double)pairing->sample_ticks[side] * pairing->pass->clock->ns_per_tick;
	pairing->sample_ticks[side] = 0;
	return ns - (double)pairing->samples[side] * pairing->empty_ns;
}

/* -1: no memory. */
static int end_pair(struct pairing *pairing, struct phase_pairs *phase)
{
	struct pair *pair = &pairing->pair;
	pair->skew = skew_of(pairing);
	pair->index = phase->next_index++;
	pairing->samples_taken += pair->operations[RESULT_SIDE_ARM];
	/* A sample that one of them had nothing to do for is no pair. */
	pair->tainted |= pairing->interfered && pair->operations[RESULT_SIDE_ARM] != pair->operations[RESULT_SIDE_AGAINST];
	pairing->different |= !did_the_same(pairing);
	phase->words += pair->words / RESULT_SIDES;
	phase->equal_words += pairing->different ? 0 : pair->words / RESULT_SIDES;
	bool empty = !(pair->ns[RESULT_SIDE_ARM] > 0 && pair->ns[RESULT_SIDE_AGAINST] > 0);
	return pairing->different || empty ? 0 : hold(pairing, phase);
}

static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	struct pairing *pairing = context;
	struct phase_pairs *phase = &pairing->phases[round->phase];
	struct pair *pair = &pairing->pair;
	if (!pairing->half)
		*pair = (struct pair){0};
	pair->words += round->words;
	pair->took_ns += round->ns;
	pair->ns[round->side] += pairing->interfered ? take_samples(pairing, round->side) : round->ns;
	pair->poll_ns[round->side] += (double)pairing->poll_ticks[round->side] * pairing->pass->clock->ns_per_tick;
	pairing->poll_ticks[round->side] = 0;
	pair->operations[round->side] += pairing->interfered ? pairing->samples[round->side] : round->operations;
	pair->failures[round->side] += round->failures;
	/* A side whose logical call failed plays with a physical side of its own from there on. */
	pairing->different |= round->own_frames;
	/* Where the barriers are what is timed, nothing is told, either. */
	pair->tainted |= round->tainted || pairing->moved || round->ns < BARRIERS_LEAST * round->barrier_ns;
	pairing->moved = false;
	pairing->samples[round->side] = 0;
	pairing->played_ns += round->ns;
	pairing->half = !pairing->half;
	if (pairing->half)
		return 0;
	pairing->rng_of_round = pairing->rng;
	return end_pair(pairing, phase) == 0 ? 0 : error_set(error, EXIT_CODE_IO, "no memory for the pairs of a pass");
}

/* Huge pages behind one of the two alone would decide. While both live: what is destroyed gives large blocks back. */
static void note_backing(const struct pass *pass)
{
	const struct arena *const arenas[RESULT_SIDES] = {pass->arena, pass->rival->arena};
	for (int side = 0; side < RESULT_SIDES; side++) {
		struct arena_backing backing = arena_backing(arenas[side]);
		pass->record->resident_bytes[side] = backing.resident_bytes;
		pass->record->huge_bytes[side] = backing.huge_bytes;
	}
}

/* What follows another outcome is played for its placement alone. */
static bool enough(const void *context)
{
	const struct pairing *pairing = context;
	return pairing->placed && pairing->different;
}

static int phase_ended(void *context, const struct engine *engines, size_t index, struct error *error)
{
	struct pairing *pairing = context;
	struct phase_pairs *phase = &pairing->phases[index];
	(void)error;
	assert(!pairing->half);
	judge(pairing, phase);
	phase->next_index = 0;
	if (pairing->iteration == 0 && pairing->pass->workload->phases[index].measured)
		note_backing(pairing->pass);
	for (int side = 0; side < RESULT_SIDES && is_alone(pairing); side++)
		phase->hash[side] = !phase->hash[side] || phase->hash[side] == engines[side].placement_hash
					    ? engines[side].placement_hash
					    : DISAGREES;
	return 0;
}

/* Each side has the other's memory in every second iteration: what lies behind it, which a hypervisor may know alone, is
 * slower by a tenth in one process of a hundred, and would be taken for the allocator's. */
static void swap_memory(struct pairing *pairing)
{
	struct arena *arena = pairing->pass->arena;
	pairing->pass->arena = pairing->rival->arena;
	pairing->rival->arena = arena;
}

static int play_iteration(struct pairing *pairing, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_PAIRED,
		.pairs = true,
		.opened = opened,
		.part_words = part_words,
		.skew_words = skew_words,
		.warm_words = warm_words,
		.play = play,
		.round_ended = round_ended,
		.enough = enough,
		.phase_ended = phase_ended,
	};
	pairing->different = false;
	if (pairing->iteration)
		swap_memory(pairing);
	arena_reset(pairing->pass->arena);
	arena_reset(pairing->pass->rival->arena);
	taint_open(&pairing->steal, true);
	taint_before_steal(&pairing->steal);
	int result = crew_play(pairing->pass, &player, pairing, error);
	taint_close(&pairing->steal);
	pairing->iteration++;
	return result;
}

static void forget(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->pass->record->phase_count; i++) {
		memory_release(pairing->phases[i].pairs);
		pairing->phases[i] = (struct phase_pairs){0};
	}
}

/* Whether windows of some measured phase are too short for the clock, or for the barriers around them, and could be longer. */
static bool too_short(const struct pairing *pairing)
{
	const struct pass *pass = pairing->pass;
	double least = PASS_WINDOW_STEPS * pass->clock->step_ns;
	if (!is_alone(pairing) || pairing->window_words >= WINDOW_WORDS_MOST)
		return false;
	for (size_t i = 0; i < pass->record->phase_count; i++) {
		const struct phase_pairs *phase = &pairing->phases[i];
		double shorter_ns = 0;
		for (size_t at = 0; at < phase->count; at++)
			shorter_ns += fmin(phase->pairs[at].ns[RESULT_SIDE_ARM], phase->pairs[at].ns[RESULT_SIDE_AGAINST]);
		if (pass->workload->phases[i].measured && phase->count > 1 && shorter_ns < least * (double)phase->count)
			return true;
	}
	return false;
}

static int same_words_first(const void *a, const void *b)
{
	const struct pair *one = a, *two = b;
	if (one->skew != two->skew)
		return one->skew < two->skew ? -1 : 1;
	return one->index < two->index ? -1 : one->index > two->index;
}

/* What the same words took an allocator that began afresh tells a burst of its own, which returns, from a disturbance, which
 * does not. scratch has room for count values. */
static void taint_what_does_not_return(struct pair *same, size_t count, double *scratch)
{
	double most[RESULT_SIDES];
	size_t kept = 0;
	for (int side = 0; side < RESULT_SIDES; side++) {
		kept = 0;
		for (size_t i = 0; i < count; i++)
			if (!same[i].tainted)
				scratch[kept++] = same[i].ns[side];
		most[side] = DISTURBED_TIMES * statistics_median(scratch, kept);
	}
	for (size_t i = 0; i < count && kept >= REPEATS; i++)
		same[i].tainted |= same[i].ns[RESULT_SIDE_ARM] > most[RESULT_SIDE_ARM] ||
				   same[i].ns[RESULT_SIDE_AGAINST] > most[RESULT_SIDE_AGAINST];
}

static double ratio_of(const struct pair *one, const struct pair *two)
{
	return (one->ns[RESULT_SIDE_ARM] + two->ns[RESULT_SIDE_ARM]) /
	       (one->ns[RESULT_SIDE_AGAINST] + two->ns[RESULT_SIDE_AGAINST]);
}

/* Of two rounds each side begins one: what the second finds in caches and predictors cancels out in both together. The median
 * over such twins; where a phase has none, over pairs. */
static double typical_ratio(const struct phase_pairs *phase, double *scratch)
{
	const struct pair *pairs = phase->pairs;
	size_t count = 0;
	for (size_t i = 1; i < phase->count; i++)
		if (pairs[i].index == pairs[i - 1].index + 1 && pairs[i].index % 2 && !pairs[i].tainted &&
		    !pairs[i - 1].tainted)
			scratch[count++] = ratio_of(&pairs[i - 1], &pairs[i]);
	bool alone = count == 0;
	for (size_t i = 0; i < phase->count && alone; i++)
		if (!pairs[i].tainted)
			scratch[count++] = pairs[i].ns[RESULT_SIDE_ARM] / pairs[i].ns[RESULT_SIDE_AGAINST];
	return statistics_median(scratch, count);
}

enum windows { SHORT, LONG, INTERFERED };

/* scratch has room for a value of each pair, which are sorted. */
static void sum_pairs(struct phase_pairs *phase, bool repeats, double *scratch, struct result_record_pairs *sum)
{
	*sum = (struct result_record_pairs){.typical = typical_ratio(phase, scratch)};
	if (repeats && phase->count)
		qsort(phase->pairs, phase->count, sizeof phase->pairs[0], same_words_first);
	for (size_t i = 0, end; i < phase->count && repeats; i = end) {
		for (end = i + 1; end < phase->count && same_words_first(&phase->pairs[i], &phase->pairs[end]) == 0; end++)
			;
		taint_what_does_not_return(&phase->pairs[i], end - i, scratch);
	}
	for (size_t i = 0; i < phase->count; i++) {
		const struct pair *pair = &phase->pairs[i];
		sum->tainted += pair->tainted;
		if (pair->tainted)
			continue;
		sum->pairs++;
		sum->operations += pair->operations[RESULT_SIDE_ARM];
		for (int side = 0; side < RESULT_SIDES; side++)
			sum->ns[side] += pair->ns[side];
	}
}

static double equal_share(const struct pairing *pairing)
{
	uint64_t words = 0, equal_words = 0;
	for (size_t i = 0; i < pairing->pass->record->phase_count; i++) {
		words += pairing->phases[i].words;
		equal_words += pairing->phases[i].equal_words;
	}
	return words ? (double)equal_words / (double)words : 1;
}

static int store(struct pairing *pairing, enum windows windows, struct error *error)
{
	struct result_record *record = pairing->pass->record;
	/* Several threads never meet in the same order twice, and no two iterations take the same samples. */
	bool repeats = windows != INTERFERED && is_alone(pairing);
	size_t most = 0;
	for (size_t i = 0; i < record->phase_count; i++)
		most = pairing->phases[i].count > most ? pairing->phases[i].count : most;
	double *scratch = memory_zeroed(most + 1, sizeof scratch[0]);
	if (!scratch)
		return error_set(error, EXIT_CODE_IO, "no memory for the pairs of a pass");
	if (windows != INTERFERED)
		record->window_words[windows] = (uint32_t)pairing->window_words;
	for (size_t i = 0; i < record->phase_count; i++) {
		struct phase_pairs *phase = &pairing->phases[i];
		struct result_record_phase *to = &record->phases[i];
		struct result_record_pairs *const targets[] = {&to->pairs, &to->pairs_long, &to->pairs_interfered};
		sum_pairs(phase, repeats, scratch, targets[windows]);
		if (windows != SHORT)
			continue;
		to->equal_share = phase->words ? (double)phase->equal_words / (double)phase->words : 1;
		for (int side = 0; side < RESULT_SIDES; side++) {
			for (size_t at = 0; at < phase->count; at++)
				to->poll_ns[side] += phase->pairs[at].tainted ? 0 : phase->pairs[at].poll_ns[side];
			to->side_hash[side] = phase->hash[side] ? phase->hash[side] : NOTHING_PLACED;
		}
	}
	memory_release(scratch);
	forget(pairing);
	return 0;
}

static int play_short(struct pairing *pairing, struct error *error)
{
	pairing->window_words = pairing->pass->brief ? WINDOW_WORDS_BRIEF : WINDOW_WORDS_LEAST;
	if (play_iteration(pairing, error) < 0)
		return -1;
	while (too_short(pairing)) {
		pairing->window_words *= 2;
		forget(pairing);
		if (play_iteration(pairing, error) < 0)
			return -1;
	}
	double enough_ns = RESULT_SIDES * pairing->pass->paired_ns;
	for (uint32_t i = 1; i < ITERATIONS_MAX && pairing->played_ns < enough_ns; i++)
		if (play_iteration(pairing, error) < 0)
			return -1;
	return 0;
}

/* Behind the interference that samples have, too. */
static double empty_pair_ns(const struct pass *pass)
{
	uint64_t ticks = 0;
	for (int i = 0; i < EMPTY_PAIRS; i++)
		ticks += interference_empty_pair(pass->interference, pass->clock);
	return (double)ticks * pass->clock->ns_per_tick / EMPTY_PAIRS;
}

static int play_under_interference(struct pairing *pairing, struct error *error)
{
	struct pass *pass = pairing->pass;
	/* One iteration, if it can be: a third of a round is not timed, and some draws meet what cannot be. */
	uint64_t words = (uint64_t)((double)pass->words * pairing->equal_share);
	uint64_t gap = words * 7 / (UINT64_C(12) * pass->interfered_samples);
	assert(pass->interfered_samples);
	pairing->interfered = true;
	pairing->gap = gap > INTERFERED_GAP_MOST    ? INTERFERED_GAP_MOST
		       : gap < INTERFERED_GAP_LEAST ? INTERFERED_GAP_LEAST
						    : (uint32_t)gap;
	rng_seed(&pairing->rng_of_round, pass->workload->seed + pass->round);
	pairing->samples_taken = 0;
	pairing->empty_ns = pass->record->empty_pair_ns = empty_pair_ns(pass);
	for (uint32_t i = 0; i < ITERATIONS_MAX && pairing->samples_taken < pass->interfered_samples; i++)
		if (play_iteration(pairing, error) < 0)
			return -1;
	return store(pairing, INTERFERED, error);
}

int pass_paired(struct pass *pass, struct error *error)
{
	assert(pass->record->phase_count == pass->workload->phase_count && pass->rival);
	struct pass_rival rival = *pass->rival;
	struct pass its = *pass; /* whose memory is swapped */
	struct pairing pairing = {.pass = &its, .rival = &rival};
	its.rival = &rival;
	bool beside = !pass->brief && pass->round < PASS_ROUNDS_BESIDE;
	pairing.phases = memory_zeroed(pass->record->phase_count, sizeof pairing.phases[0]);
	int result = pairing.phases ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a pass");
	if (result == 0 && (result = play_short(&pairing, error)) == 0) {
		pairing.equal_share = equal_share(&pairing);
		pairing.placed = true;
		result = store(&pairing, SHORT, error);
	}
	if (result == 0 && beside) {
		pairing.window_words *= LONG_WINDOW_TIMES;
		result = play_iteration(&pairing, error) == 0 ? store(&pairing, LONG, error) : -1;
	}
	if (result == 0 && beside && pass->interference && pass->threads <= 1)
		result = play_under_interference(&pairing, error);
	if (pairing.phases)
		forget(&pairing);
	memory_release(pairing.phases);
	return result;
}
