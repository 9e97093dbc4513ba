/* SPDX-License-Identifier: MIT
 * The latency pass: randomly chosen operations are stamped, all others are played as in the throughput pass. */
#include "play/pass.h"

#include "base/memory.h"
#include "base/rng.h"
#include "measure/histogram.h"
#include "play/crew.h"
#include "play/engine_ddi.h"
#include "play/open_loop.h"
#include "play/plain_histogram.h"

#include <assert.h>
#include <math.h>

/* More than a part needs at the default gap. */
#define GAPS_AHEAD 8192u

struct sampling {
	struct pass *pass;
	struct engine *engine;
	struct rng rng;
	double log_skipped; /* ln(1 - 1 / mean gap) */
	uint32_t *gaps;     /* a ring of GAPS_AHEAD, drawn before the time that they are used in */
	uint64_t gaps_drawn, gaps_used;
	uint64_t gap; /* words to play before the next sample */
	size_t phase;
	uint64_t word; /* of the stream, at the start of the piece at hand */
	double phase_ns;
	uint64_t poll_ticks; /* of the part at hand */
	uint64_t phase_operations;
	struct histogram *kinds; /* METRIC_KIND_COUNT of them, then one for the cell of the series */
	uint64_t row_end;        /* word: of the row of the series at hand */
	uint64_t clock_backward; /* times, of polls and of operations stamped by several threads */
	struct open_loop loop;   /* with a rate, in measured phases */
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

/* A point of the series stands at the end of a row, as soon as enough samples are behind it. */
static void record_sample(struct sampling *sampling, enum metric_kind kind, uint64_t ticks, uint64_t word)
{
	while (word >= sampling->row_end) {
		if (cell(sampling)->total >= PASS_CELL_SAMPLES)
			end_cell(sampling, sampling->row_end);
		sampling->row_end += pass_row_words(sampling->pass);
	}
	histogram_record(&sampling->kinds[kind], ticks);
	if (kind == METRIC_KIND_ALLOC || kind == METRIC_KIND_CONTIGUOUS_ALLOC || kind == METRIC_KIND_MDL_ALLOC ||
	    kind == METRIC_KIND_ADL_ALLOC || kind == METRIC_KIND_MAP_ALLOC || kind == METRIC_KIND_RESERVE_ALLOC)
		histogram_record(cell(sampling), ticks);
}

/* Not control words but for the free that a receive is, nor the operation that a count belongs to. */
static bool can_sample(const struct op *ops, size_t at)
{
	if (op_is_control(&ops[at]))
		return ops[at].demand == op_control(OP_RECEIVE, 0).demand;
	return at == 0 || ops[at - 1].demand != op_control(OP_COUNT_HIGH, 0).demand;
}

/* The gap to the next sample, at least the one at hand. A draw that meets what cannot be sampled is dropped: moving it on
 * would prefer the operations behind a change of CPU. */
static uint64_t next_gap(struct sampling *sampling, const struct op *ops, size_t left)
{
	uint64_t gap = sampling->gap;
	while (gap < left && !can_sample(ops, (size_t)gap))
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
	sampling->poll_ticks += ticks;
	if (from == to && stop >= start)
		record_sample(sampling, METRIC_KIND_POLL, ticks > waited ? ticks - waited : 0, word);
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

static void play_piece(struct sampling *sampling, struct op_piece piece)
{
	for (size_t at = 0; at < piece.count;) {
		uint64_t gap = next_gap(sampling, piece.ops + at, piece.count - at);
		if (gap >= piece.count - at) {
			play_gap(sampling, piece.ops + at, piece.count - at, sampling->word + at);
			sampling->gap = gap - (piece.count - at);
			return;
		}
		size_t next = at + (size_t)gap;
		__builtin_prefetch(&sampling->engine->slots[piece.ops[next].slot], 1);
		play_gap(sampling, piece.ops + at, next - at, sampling->word + at);
		enum metric_kind kind;
		uint64_t ticks;
		if (engine_play_timed(sampling->engine, &piece.ops[next], sampling->pass->clock, &kind, &ticks))
			record_sample(sampling, kind, ticks, sampling->word + next);
		sampling->gap = take_gap(sampling);
		at = next + 1;
	}
}

static bool is_open(const struct sampling *sampling)
{
	return sampling->pass->rate > 0 && sampling->pass->workload->phases[sampling->phase].measured;
}

/* Operations that must not wait for each other: every one is stamped. */
static void play_open(struct sampling *sampling, struct op_piece piece)
{
	const struct clock *clock = sampling->pass->clock;
	struct engine *engine = sampling->engine;
	struct open_loop *loop = &sampling->loop;
	uint64_t begin = clock_start(clock), end;
	open_loop_resume(loop, begin);
	for (size_t at = 0; at < piece.count; at++) {
		size_t other = at;
		while (at < piece.count && !can_sample(piece.ops, at))
			at++;
		if (at > other) {
			/* Polls are no part of the schedule, as they are none of the windows of the throughput pass. */
			open_loop_pause(loop, clock_start(clock));
			play_gap(sampling, piece.ops + other, at - other, sampling->word + other);
			open_loop_resume(loop, clock_start(clock));
		}
		if (at == piece.count)
			break;
		if (at + 1 < piece.count)
			__builtin_prefetch(&engine->slots[piece.ops[at + 1].slot], 1);
		while ((begin = clock_start(clock)) < open_loop_intended(loop))
			lock_pause();
		enum metric_kind kind;
		uint32_t cpu;
		uint64_t ticks, skipped = engine->skipped;
		bool good = engine_play_timed(engine, &piece.ops[at], clock, &kind, &ticks);
		end = clock_stop(clock, &cpu);
		if (engine->skipped != skipped)
			continue; /* no operation: the next one takes its turn */
		if (good)
			record_sample(sampling, kind, ticks, sampling->word + at);
		histogram_record(&sampling->kinds[METRIC_KIND_RESPONSE], open_loop_done(loop, begin, end));
	}
	open_loop_pause(loop, clock_start(clock));
}

static int end_phase(struct sampling *sampling, struct error *error)
{
	struct result_record_phase *record = &sampling->pass->record->phases[sampling->phase];
	if (is_open(sampling))
		open_loop_store(&sampling->loop, sampling->pass->clock, &record->figures);
	else if (sampling->phase_operations)
		record->latency_ns_per_op = sampling->phase_ns / (double)sampling->phase_operations;
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		if (plain_histogram_store(&record->latency[kind], &sampling->kinds[kind]) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a histogram");
		sampling->kinds[kind] = (struct histogram){0};
	}
	sampling->phase_ns = 0;
	sampling->phase_operations = 0;
	return 0;
}

static void note_placement(const struct sampling *sampling)
{
	struct result_record_phase *record = &sampling->pass->record->phases[sampling->phase];
	if (sampling->engine->placement_hash != record->placement_hash)
		record->placement_hash = 0;
}

static void play_timed_part(struct sampling *sampling, struct op_piece piece)
{
	const struct clock *clock = sampling->pass->clock;
	uint64_t operations = 0;
	for (size_t i = 0; i < piece.count; i++)
		operations += !op_is_control(&piece.ops[i]);
	draw_ahead(sampling);
	uint64_t skipped = sampling->engine->skipped;
	uint32_t cpu;
	sampling->poll_ticks = 0;
	uint64_t start = clock_start(clock);
	if (is_open(sampling))
		play_open(sampling, piece);
	else
		play_piece(sampling, piece);
	uint64_t stop = clock_stop(clock, &cpu);
	sampling->pass->record->clock_backward += stop < start;
	start += sampling->poll_ticks; /* as in the throughput pass */
	sampling->phase_ns += stop < start ? 0 : (double)(stop - start) * clock->ns_per_tick;
	sampling->phase_operations += operations - (sampling->engine->skipped - skipped);
	sampling->word += piece.count;
	*sampling->pass->progress += piece.count;
}

/* In an open loop, a tenth of a second. */
static size_t part_words(const struct sampling *sampling)
{
	double words = is_open(sampling) ? sampling->pass->rate / 10 : (double)PASS_WINDOW_WORDS;
	return words < (double)PASS_WINDOW_WORDS ? (size_t)words + 1 : PASS_WINDOW_WORDS;
}

static void begin_phase(struct sampling *sampling, size_t phase)
{
	const struct pass *pass = sampling->pass;
	sampling->phase = phase;
	engine_phase_begin(sampling->engine);
	if (!is_open(sampling))
		return;
	uint64_t now = clock_start(pass->clock);
	open_loop_begin(&sampling->loop, now, 1e9 / pass->rate / pass->clock->ns_per_tick, pass->poisson,
			pass->workload->seed ^ (UINT64_C(0x6f70656e) + pass->round + phase));
	open_loop_pause(&sampling->loop, now);
}

/* A piece can take a slow allocator minutes: it is played in parts, each of which tells that the worker is alive. A part does
 * not end between a control word and its operation. */
static int play_parts(struct sampling *sampling, struct op_piece piece, struct error *error)
{
	size_t most = part_words(sampling);
	for (size_t at = 0; at < piece.count;) {
		size_t count = piece.count - at < most ? piece.count - at : most;
		while (at + count < piece.count && op_is_control(&piece.ops[at + count - 1]))
			count++;
		play_timed_part(sampling, (struct op_piece){piece.ops + at, count, piece.phase});
		at += count;
		if (sampling->engine->broken != IOVA_OK)
			return engine_broken(sampling->engine, error);
	}
	pass_own_work(sampling->pass, true);
	engine_note_placement(sampling->engine, piece.ops, piece.count);
	pass_own_work(sampling->pass, false);
	return 0;
}

static int play_stream(struct sampling *sampling, struct error *error)
{
	bool inside = false;
	op_source_rewind(sampling->pass->source);
	for (;;) {
		pass_own_work(sampling->pass, true);
		struct op_piece piece = op_source_next(sampling->pass->source);
		pass_own_work(sampling->pass, false);
		if (inside && (piece.count == 0 || piece.phase != sampling->phase)) {
			note_placement(sampling);
			if (end_phase(sampling, error) < 0)
				return -1;
		}
		if (piece.count == 0)
			break;
		if (!inside || piece.phase != sampling->phase)
			begin_phase(sampling, piece.phase);
		inside = true;
		if (play_parts(sampling, piece, error) < 0)
			return -1;
	}
	if (cell(sampling)->total)
		end_cell(sampling, sampling->row_end);
	return 0;
}

/* thread: each draws its own gaps. */
static int open_sampling(struct sampling *sampling, struct pass *pass, uint32_t thread, struct error *error)
{
	*sampling = (struct sampling){.pass = pass, .row_end = pass_row_words(pass)};
	rng_seed(&sampling->rng,
		 pass->workload->seed ^ (UINT64_C(0x6c6174656e637900) + pass->round) ^ (uint64_t)thread << 32);
	sampling->log_skipped = log(1.0 - 1.0 / pass->latency_gap);
	sampling->gap = take_gap(sampling);
	sampling->kinds = memory_zeroed(METRIC_KIND_COUNT + 1, sizeof sampling->kinds[0]);
	sampling->gaps = memory_zeroed(GAPS_AHEAD, sizeof sampling->gaps[0]);
	if (!sampling->kinds || !sampling->gaps)
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
}

static int play_alone(struct pass *pass, struct error *error)
{
	struct sampling sampling;
	struct engine engine;
	struct lock lock;
	lock_open(&lock, pass->lock);
	struct engine_surroundings surroundings = {.lock = pass->lock == LOCK_NONE ? NULL : &lock};
	int result = open_sampling(&sampling, pass, 0, error);
	if (result == 0)
		result = engine_open_in(&engine, pass->workload, pass->source->stream, pass->spec, pass->arena,
					&surroundings, error);
	if (result == 0) {
		conduct_opened(pass->conduct);
		sampling.engine = &engine;
		result = play_stream(&sampling, error);
		conduct_played(pass->conduct, PASS_LATENCY, true);
		pass->record->clock_backward += engine.clock_backward + sampling.clock_backward;
		if (result == 0)
			result = engine_end_driver(&engine, error);
		engine_close(&engine);
		conduct_closed(pass->conduct, PASS_LATENCY, true);
	}
	close_sampling(&sampling);
	lock_close(&lock);
	return result;
}

/* With several threads: one sampling each; the first one gathers. */
static void play_together(void *context, uint32_t thread, struct engine *engine, struct op_piece piece)
{
	struct sampling *sampling = (struct sampling *)context + thread;
	struct lock_waits waits = {.clock = sampling->pass->clock, .histogram = &sampling->kinds[METRIC_KIND_LOCK_WAIT]};
	sampling->engine = engine;
	uint64_t backward = engine->clock_backward;
	lock_record_waits(&waits);
	draw_ahead(sampling);
	for (size_t at = 0; at < piece.count;) {
		size_t count = piece.count - at < PASS_WINDOW_WORDS ? piece.count - at : PASS_WINDOW_WORDS;
		while (at + count < piece.count && op_is_control(&piece.ops[at + count - 1]))
			count++;
		play_piece(sampling, (struct op_piece){piece.ops + at, count, piece.phase});
		*sampling->pass->progress += count;
		at += count;
	}
	lock_record_waits(NULL);
	sampling->clock_backward += engine->clock_backward - backward;
}

/* Where the threads are in their streams is known only when they wait for each other: a point of the series stands there. */
static int note_round(void *context, const struct crew_round *round, struct error *error)
{
	struct sampling *first = context;
	(void)error;
	first->phase_ns += round->ns;
	first->phase_operations += round->operations;
	first->word += round->words;
	for (uint32_t i = 1; i < first->pass->threads; i++) {
		histogram_add(cell(first), cell(&first[i]));
		*cell(&first[i]) = (struct histogram){0};
	}
	if (cell(first)->total >= PASS_CELL_SAMPLES)
		end_cell(first, first->word);
	return 0;
}

static int note_phase(void *context, size_t phase, struct error *error)
{
	struct sampling *samplings = context;
	for (uint32_t i = 1; i < samplings->pass->threads; i++)
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
			histogram_add(&samplings->kinds[kind], &samplings[i].kinds[kind]);
			samplings[i].kinds[kind] = (struct histogram){0};
		}
	samplings->phase = phase;
	return end_phase(samplings, error);
}

static int play_crew(struct pass *pass, struct error *error)
{
	static const struct crew_player together = {play_together, note_round, note_phase};
	struct sampling *samplings = memory_zeroed(pass->threads, sizeof samplings[0]);
	int result = samplings ? 0 : error_set(error, EXIT_CODE_IO, "no memory for %u threads", pass->threads);
	for (uint32_t i = 0; result == 0 && i < pass->threads; i++) {
		result = open_sampling(&samplings[i], pass, i, error);
		samplings[i].row_end = UINT64_MAX;
	}
	if (result == 0)
		result = crew_play(pass, &together, samplings, error);
	if (result == 0 && cell(samplings)->total)
		end_cell(samplings, samplings->word);
	for (uint32_t i = 0; samplings && i < pass->threads; i++) {
		pass->record->clock_backward += samplings[i].clock_backward;
		close_sampling(&samplings[i]);
	}
	memory_release(samplings);
	return result;
}

int pass_latency(struct pass *pass, struct error *error)
{
	assert(pass->record->phase_count == pass->workload->phase_count);
	if (!pass->latency_gap)
		return 0;
	arena_reset(pass->arena);
	return pass->threads > 1 ? play_crew(pass, error) : play_alone(pass, error);
}
