/* SPDX-License-Identifier: MIT
 * The latency pass: randomly chosen operations are stamped, all others are played as in the throughput pass. */
#include "play/pass.h"

#include "base/memory.h"
#include "base/rng.h"
#include "measure/heat.h"
#include "measure/histogram.h"
#include "play/crew.h"
#include "play/open_loop.h"
#include "play/plain_histogram.h"
#include "play/samples.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* More than a part needs at the default gap. */
#define GAPS_AHEAD 16384u

struct sampling {
	struct pass *pass;
	struct engine *engine;
	struct rng rng;
	double log_skipped; /* ln(1 - 1 / mean gap) */
	uint32_t *gaps;     /* a ring of GAPS_AHEAD, drawn before the time that they are used in */
	uint64_t gaps_drawn, gaps_used;
	uint64_t gap;  /* words to play before the next sample */
	uint64_t word; /* of the thread's stream, at the start of the part at hand */
	double phase_ns;
	uint64_t other_ticks; /* of the part at hand: polls, and what the system was asked */
	uint64_t phase_operations;
	struct histogram *kinds;  /* METRIC_KIND_COUNT of them, then one for the cell of the series */
	uint64_t row_end;         /* word: of the row of the series at hand */
	uint32_t bins[HEAT_BINS]; /* samples of that row */
	uint64_t *heat;           /* RESULT_HEAT_COLUMNS times HEAT_BINS; the first one's, of all threads */
	uint64_t clock_backward;  /* times, of polls and of operations stamped by several threads */
	struct samples samples;
	struct open_loop loop; /* with a rate, in measured phases */
	uint64_t words;        /* of all threads, played so far; the first one's */
};

static struct histogram *cell(struct sampling *sampling)
{
	return &sampling->kinds[METRIC_KIND_COUNT];
}

/* Geometric: every operation has the same chance, so nothing periodic can hide between the samples. */
static uint32_t draw_gap(struct sampling *sampling)
{
	if (sampling->pass->latency_gap <= 1)
		return 0;
	double gap = log(1.0 - rng_unit(&sampling->rng)) / sampling->log_skipped;
	return gap < 1e9 ? (uint32_t)gap : UINT32_C(1000000000);
}

static void draw_ahead(struct sampling *sampling)
{
	for (; sampling->gaps_drawn < sampling->gaps_used + GAPS_AHEAD; sampling->gaps_drawn++)
		sampling->gaps[sampling->gaps_drawn % GAPS_AHEAD] = draw_gap(sampling);
}

static uint32_t take_gap(struct sampling *sampling)
{
	return sampling->gaps_used < sampling->gaps_drawn ? sampling->gaps[sampling->gaps_used++ % GAPS_AHEAD]
							  : draw_gap(sampling);
}

static double quantile_ns(const struct sampling *sampling, const struct histogram *histogram, double quantile)
{
	/* Ten samples above it, or it is an anecdote. */
	if ((double)histogram->total * (1 - quantile) < 10)
		return (double)NAN;
	return (double)histogram_quantile(histogram, quantile) * sampling->pass->clock->ns_per_tick;
}

/* What the bins of a thread have goes to the column in which word `end` of the stream is the last one. */
static void end_bins(struct sampling *first, uint32_t bins[HEAT_BINS], uint64_t end)
{
	uint64_t column_words = PASS_SERIES_ROWS / RESULT_HEAT_COLUMNS * pass_row_words(first->pass);
	size_t column = end ? (size_t)((end - 1) / column_words) : 0;
	if (column >= RESULT_HEAT_COLUMNS)
		column = RESULT_HEAT_COLUMNS - 1;
	for (size_t i = 0; i < HEAT_BINS; i++)
		first->heat[column * HEAT_BINS + i] += bins[i];
	memset(bins, 0, HEAT_BINS * sizeof bins[0]);
}

static int store_heat(const struct sampling *first, struct result_heat *heat)
{
	heat->columns = memory_zeroed(RESULT_HEAT_COLUMNS, sizeof heat->columns[0]);
	for (size_t i = 0; heat->columns && i < RESULT_HEAT_COLUMNS; i++) {
		const uint64_t *samples = first->heat + i * HEAT_BINS;
		struct result_heat_column *column = &heat->columns[i];
		uint32_t low = 0, high = HEAT_BINS;
		while (low < high && !samples[low])
			low++;
		while (high > low && !samples[high - 1])
			high--;
		*column = (struct result_heat_column){.first = low,
						      .samples = memory_zeroed(high - low, sizeof column->samples[0])};
		heat->column_count = i + 1;
		if (!column->samples)
			return -1;
		for (uint32_t bin = low; bin < high; bin++)
			column->samples[column->count++] = samples[bin];
	}
	return heat->columns ? 0 : -1;
}

/* end: the word of the stream at which the point stands. */
static void end_cell(struct sampling *sampling, uint64_t end)
{
	struct result_record *record = sampling->pass->record;
	struct histogram *samples = cell(sampling);
	size_t row = (size_t)((end - 1) / pass_row_words(sampling->pass));
	if (record->series_count && samples->total) {
		double *value = record->series[row < record->series_count ? row : record->series_count - 1].value;
		value[RESULT_SERIES_ALLOC_P50_NS] = quantile_ns(sampling, samples, 0.5);
		value[RESULT_SERIES_ALLOC_P99_NS] = quantile_ns(sampling, samples, 0.99);
		value[RESULT_SERIES_ALLOC_MAX_NS] = (double)samples->max * sampling->pass->clock->ns_per_tick;
	}
	*samples = (struct histogram){0};
}

/* A point of the series stands at the end of a row, as soon as enough samples are behind it. word: of the stream. Returns
 * the ticks that asking the system took. */
static uint64_t record_sample(struct sampling *sampling, const struct engine_timed *timed, const struct op *op,
			      uint64_t word)
{
	enum metric_kind kind = timed->kind;
	while (word >= sampling->row_end) {
		if (cell(sampling)->total >= PASS_CELL_SAMPLES)
			end_cell(sampling, sampling->row_end);
		end_bins(sampling, sampling->bins, sampling->row_end);
		sampling->row_end += pass_row_words(sampling->pass);
	}
	histogram_record(&sampling->kinds[kind], timed->ticks);
	if (kind == METRIC_KIND_ALLOC || kind == METRIC_KIND_CONTIGUOUS_ALLOC || kind == METRIC_KIND_MDL_ALLOC ||
	    kind == METRIC_KIND_ADL_ALLOC || kind == METRIC_KIND_MAP_ALLOC || kind == METRIC_KIND_RESERVE_ALLOC) {
		histogram_record(cell(sampling), timed->ticks);
		sampling->bins[heat_bin(timed->ticks)]++;
	}
	return samples_record(&sampling->samples, timed, op, sampling->engine->cpu);
}

/* The gap to the next sample, at least the one at hand. A draw that meets what cannot be sampled is dropped: moving it on
 * would prefer the operations behind a change of CPU. */
static uint64_t next_gap(struct sampling *sampling, const struct op *ops, size_t left)
{
	uint64_t gap = sampling->gap;
	while (gap < left && !op_can_be_timed(ops, (size_t)gap))
		gap += 1 + (uint64_t)take_gap(sampling);
	return gap;
}

static void time_poll(struct sampling *sampling, const struct op *op, uint64_t word)
{
	const struct clock *clock = sampling->pass->clock;
	uint32_t from, to;
	uint64_t waited = lock_waited_ticks();
	uint64_t start = clock_start_on(clock, &from);
	engine_poll(sampling->engine, op);
	uint64_t stop = clock_stop(clock, &to), ticks = stop < start ? 0 : stop - start;
	sampling->clock_backward += stop < start;
	waited = lock_waited_ticks() - waited;
	sampling->other_ticks += ticks;
	if (op->demand != op_control(OP_POLL, 0).demand) /* a CPU that leaves is none */
		return;
	const struct engine_timed timed = {
		.kind = METRIC_KIND_POLL, .ticks = ticks > waited ? ticks - waited : 0, .moved = from != to};
	if (stop >= start)
		sampling->other_ticks += record_sample(sampling, &timed, op, word);
}

/* What lies between two samples; word: of the stream, the first one. */
static void play_gap(struct sampling *sampling, const struct op *ops, size_t count, uint64_t word)
{
	for (size_t at = 0;; at++) {
		at += engine_play_to_poll(sampling->engine, ops + at, count - at);
		if (at == count)
			return;
		time_poll(sampling, &ops[at], word + at);
	}
}

/* Its time is none of the pass's. */
static void interfere(struct sampling *sampling)
{
	const struct pass *pass = sampling->pass;
	uint32_t cpu;
	uint64_t start = clock_start(pass->clock);
	interference_run(pass->interference);
	uint64_t stop = clock_stop(pass->clock, &cpu);
	sampling->other_ticks += stop < start ? 0 : stop - start;
}

static void play_part(struct sampling *sampling, struct op_piece part)
{
	for (size_t at = 0; at < part.count;) {
		uint64_t gap = next_gap(sampling, part.ops + at, part.count - at);
		if (gap >= part.count - at) {
			play_gap(sampling, part.ops + at, part.count - at, sampling->word + at);
			sampling->gap = gap - (part.count - at);
			return;
		}
		size_t next = at + (size_t)gap;
		__builtin_prefetch(&sampling->engine->slots[part.ops[next].slot], 1);
		play_gap(sampling, part.ops + at, next - at, sampling->word + at);
		struct engine_timed timed;
		if (sampling->pass->interference)
			interfere(sampling);
		if (engine_play_timed(sampling->engine, &part.ops[next], sampling->pass->clock, &timed))
			sampling->other_ticks += record_sample(sampling, &timed, &part.ops[next], sampling->word + next);
		sampling->gap = take_gap(sampling);
		at = next + 1;
	}
}

static bool is_open(const struct pass *pass, size_t phase)
{
	return pass->rate > 0 && pass->workload->phases[phase].measured;
}

/* Operations that must not wait for each other: every one is stamped. */
static void play_open(struct sampling *sampling, struct op_piece part)
{
	const struct clock *clock = sampling->pass->clock;
	struct engine *engine = sampling->engine;
	struct open_loop *loop = &sampling->loop;
	uint64_t begin = clock_start(clock), end;
	open_loop_resume(loop, begin);
	for (size_t at = 0; at < part.count; at++) {
		size_t other = at;
		while (at < part.count && !op_can_be_timed(part.ops, at))
			at++;
		if (at > other) {
			/* Polls are no part of the schedule, as they are none of the windows of the throughput pass. */
			open_loop_pause(loop, clock_start(clock));
			play_gap(sampling, part.ops + other, at - other, sampling->word + other);
			open_loop_resume(loop, clock_start(clock));
		}
		if (at == part.count)
			break;
		if (at + 1 < part.count)
			__builtin_prefetch(&engine->slots[part.ops[at + 1].slot], 1);
		while ((begin = clock_start(clock)) < open_loop_intended(loop))
			lock_pause();
		struct engine_timed timed;
		uint32_t cpu;
		uint64_t skipped = engine->skipped;
		bool good = engine_play_timed(engine, &part.ops[at], clock, &timed);
		end = clock_stop(clock, &cpu);
		if (engine->skipped != skipped)
			continue; /* no operation: the next one takes its turn */
		histogram_record(&sampling->kinds[METRIC_KIND_RESPONSE], open_loop_done(loop, begin, end));
		uint64_t asking = good ? record_sample(sampling, &timed, &part.ops[at], sampling->word + at) : 0;
		/* No part of the schedule either. */
		open_loop_pause(loop, end);
		open_loop_resume(loop, end + asking);
	}
	open_loop_pause(loop, clock_start(clock));
}

/* The words of the round come next: nothing is drawn while it is timed, where the gap is the usual one. */
static void ready(void *context, uint32_t thread, struct op_piece round)
{
	struct sampling *sampling = (struct sampling *)context + thread;
	draw_ahead(sampling);
	samples_ready(&sampling->samples, round);
}

/* In an open loop, a tenth of a second. */
static size_t part_words(const void *context, size_t phase)
{
	const struct pass *pass = ((const struct sampling *)context)->pass;
	double words = is_open(pass, phase) ? pass->rate / 10 : (double)PASS_WINDOW_WORDS;
	return words < (double)PASS_WINDOW_WORDS ? (size_t)words + 1 : PASS_WINDOW_WORDS;
}

static void phase_begins(void *context, uint32_t thread, size_t phase)
{
	struct sampling *sampling = (struct sampling *)context + thread;
	const struct pass *pass = sampling->pass;
	if (!is_open(pass, phase))
		return;
	uint64_t now = clock_start(pass->clock);
	open_loop_begin(&sampling->loop, now, 1e9 / pass->rate / pass->clock->ns_per_tick, pass->poisson,
			pass->workload->seed ^ (UINT64_C(0x6f70656e) + pass->round + phase));
	open_loop_pause(&sampling->loop, now);
}

/* Returns the ticks of polls, which are left out as in the throughput pass, and of asking the system. */
static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	struct sampling *sampling = (struct sampling *)context + thread;
	const struct pass *pass = sampling->pass;
	struct lock_waits waits = {.clock = pass->clock, .histogram = &sampling->kinds[METRIC_KIND_LOCK_WAIT]};
	uint64_t backward = engine->clock_backward;
	sampling->engine = engine;
	sampling->other_ticks = 0;
	if (pass->threads > 1)
		lock_record_waits(&waits);
	if (is_open(pass, part.phase))
		play_open(sampling, part);
	else
		play_part(sampling, part);
	lock_record_waits(NULL);
	sampling->word += part.count;
	sampling->clock_backward += engine->clock_backward - backward;
	return pass->threads > 1 ? 0 : sampling->other_ticks;
}

/* The first one gathers. Where several threads are in their streams is known only when they wait for each other: a point of
 * the series stands there. */
static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	struct sampling *first = context;
	(void)error;
	if (!round->own_frames) {
		first->phase_ns += round->ns;
		first->phase_operations += round->operations;
	}
	if (first->pass->threads <= 1)
		return 0;
	first->words += round->words;
	for (uint32_t i = 0; i < first->pass->threads; i++)
		end_bins(first, first[i].bins, first->words);
	for (uint32_t i = 1; i < first->pass->threads; i++) {
		histogram_add(cell(first), cell(&first[i]));
		*cell(&first[i]) = (struct histogram){0};
	}
	if (cell(first)->total >= PASS_CELL_SAMPLES)
		end_cell(first, first->words);
	return 0;
}

static void gather(struct sampling *samplings)
{
	for (uint32_t i = 1; i < samplings->pass->threads; i++) {
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
			histogram_add(&samplings->kinds[kind], &samplings[i].kinds[kind]);
			samplings[i].kinds[kind] = (struct histogram){0};
		}
		samples_add(&samplings->samples, &samplings[i].samples);
	}
}

static int phase_ended(void *context, const struct engine *engine, size_t phase, struct error *error)
{
	struct sampling *first = context;
	const struct pass *pass = first->pass;
	struct result_record_phase *record = &pass->record->phases[phase];
	if (pass->threads <= 1 && engine->placement_hash != record->placement_hash)
		record->placement_hash = 0;
	gather(first);
	if (is_open(pass, phase))
		open_loop_store(&first->loop, pass->clock, &record->figures);
	else if (first->phase_operations && !pass->interference) /* else it is no cost of the stamps */
		record->latency_ns_per_op = first->phase_ns / (double)first->phase_operations;
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		if (plain_histogram_store(&record->latency[kind], &first->kinds[kind]) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a histogram");
		first->kinds[kind] = (struct histogram){0};
	}
	if (samples_store(&first->samples, record) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for samples");
	first->phase_ns = 0;
	first->phase_operations = 0;
	return 0;
}

/* thread: each draws its own gaps. */
static int open_sampling(struct sampling *sampling, struct pass *pass, uint32_t thread, struct error *error)
{
	*sampling = (struct sampling){.pass = pass, .row_end = pass->threads > 1 ? UINT64_MAX : pass_row_words(pass)};
	rng_seed(&sampling->rng,
		 pass->workload->seed ^ (UINT64_C(0x6c6174656e637900) + pass->round) ^ (uint64_t)thread << 32);
	sampling->log_skipped = log(1.0 - 1.0 / pass->latency_gap);
	sampling->gap = take_gap(sampling);
	sampling->kinds = memory_zeroed(METRIC_KIND_COUNT + 1, sizeof sampling->kinds[0]);
	sampling->gaps = memory_zeroed(GAPS_AHEAD, sizeof sampling->gaps[0]);
	bool first = thread == 0;
	sampling->heat = first ? memory_zeroed(RESULT_HEAT_COLUMNS * HEAT_BINS, sizeof sampling->heat[0]) : NULL;
	if (samples_open(&sampling->samples, pass, thread) < 0 || !sampling->kinds || !sampling->gaps ||
	    (first && !sampling->heat))
		return error_set(error, EXIT_CODE_IO, "no memory for histograms");
	/* Also writes to every page of them. */
	for (size_t i = 0; i <= METRIC_KIND_COUNT; i++)
		sampling->kinds[i] = (struct histogram){0};
	return 0;
}

static void close_sampling(struct sampling *sampling)
{
	memory_release(sampling->kinds);
	memory_release(sampling->gaps);
	memory_release(sampling->heat);
	samples_close(&sampling->samples);
}

static int play_samplings(struct sampling *samplings, struct pass *pass, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_LATENCY,
		.part_words = part_words,
		.phase_begins = phase_begins,
		.ready = ready,
		.play = play,
		.round_ended = round_ended,
		.phase_ended = phase_ended,
	};
	int result = crew_play(pass, &player, samplings, error);
	if (result == 0 && cell(samplings)->total)
		end_cell(samplings, pass->threads > 1 ? samplings->words : samplings->row_end);
	if (result == 0) {
		end_bins(samplings, samplings->bins, pass->threads > 1 ? samplings->words : samplings->row_end);
		result = store_heat(samplings, &pass->record->heat);
		if (result < 0)
			error_set(error, EXIT_CODE_IO, "no memory for histograms");
	}
	return result;
}

int pass_latency(struct pass *pass, struct error *error)
{
	assert(pass->record->phase_count == pass->workload->phase_count);
	if (!pass->latency_gap)
		return 0;
	uint32_t threads = pass->threads > 1 ? pass->threads : 1;
	struct sampling *samplings = memory_zeroed(threads, sizeof samplings[0]);
	int result = samplings ? 0 : error_set(error, EXIT_CODE_IO, "no memory for %u threads", threads);
	for (uint32_t i = 0; result == 0 && i < threads; i++)
		result = open_sampling(&samplings[i], pass, i, error);
	arena_reset(pass->arena);
	uint64_t begin = clock_system_ns();
	if (result == 0)
		result = play_samplings(samplings, pass, error);
	pass->latency_took_ns = clock_system_ns() - begin;
	for (uint32_t i = 0; samplings && i < threads; i++) {
		pass->record->clock_backward += samplings[i].clock_backward;
		close_sampling(&samplings[i]);
	}
	memory_release(samplings);
	return result;
}
