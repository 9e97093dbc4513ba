/* SPDX-License-Identifier: MIT
 * The throughput pass: windows with nothing between two stamps but operations. */
#include "play/pass.h"

#include "base/memory.h"
#include "measure/statistics.h"
#include "play/counters.h"
#include "play/crew.h"
#include "play/engine_ddi.h"
#include "play/taint.h"

#include <assert.h>
#include <math.h>

/* A window is disturbed, too, when it took this many times the median of its phase and at least this long on top. */
#define GAP_TIMES 10.0
#define GAP_NS 100000.0

struct window {
	double ns;
	uint64_t operations; /* completed */
	bool tainted;
};

struct phase_windows {
	struct window *windows;
	size_t count, capacity;
	uint64_t failures, starved, ring_full;
};

struct iteration {
	struct pass *pass;
	struct engine engine;
	struct taint taint;
	struct counters counters;
	struct counters_total *counted; /* of all iterations so far, one per phase */
	struct phase_windows *phases;
	size_t phase;
	uint64_t word;  /* of the stream, at the start of the window at hand */
	double *row_ns; /* series: time and operations of each row; NULL when not wanted */
	double *row_operations;
};

/* Also brings the words into the cache, so that the window does not wait for them. */
static uint64_t count_operations(const struct op *ops, size_t count)
{
	uint64_t operations = 0;
	for (size_t i = 0; i < count; i++)
		operations += !op_is_control(&ops[i]);
	return operations;
}

static struct window *add_window(struct phase_windows *phase, struct error *error)
{
	if (memory_grow(&phase->windows, &phase->capacity, phase->count, sizeof phase->windows[0]) == 0)
		return &phase->windows[phase->count++];
	error_set(error, EXIT_CODE_IO, "no memory for the windows of a pass");
	return NULL;
}

/* The window of words words that was played last. */
static void note_row(struct iteration *iteration, const struct window *window, uint64_t words)
{
	if (iteration->row_ns) {
		size_t row = (size_t)(iteration->word / pass_row_words(iteration->pass));
		iteration->row_ns[row] += window->ns;
		iteration->row_operations[row] += (double)window->operations;
	}
	iteration->word += words;
}

/* Returns the ticks of count words; polls are played between two stretches that are timed. */
static uint64_t play_timed(struct engine *engine, const struct clock *clock, const struct op *ops, size_t count,
			   uint32_t *last_cpu, bool *backwards)
{
	uint64_t ticks = 0;
	for (size_t at = 0;; at++) {
		uint64_t start = clock_start(clock);
		at += engine_play_to_poll(engine, ops + at, count - at);
		uint64_t stop = clock_stop(clock, last_cpu);
		*backwards |= stop < start;
		ticks += stop < start ? 0 : stop - start;
		if (at == count)
			return ticks;
		engine_poll(engine, &ops[at]);
	}
}

static int play_window(struct iteration *iteration, const struct op *ops, size_t count, struct error *error)
{
	const struct clock *clock = iteration->pass->clock;
	struct phase_windows *phase = &iteration->phases[iteration->phase];
	struct window *window = add_window(phase, error);
	if (!window)
		return -1;
	uint64_t operations = count_operations(ops, count);
	uint64_t skipped = iteration->engine.skipped, failures = iteration->engine.failures;
	uint32_t from, to;
	counters_start(&iteration->counters);
	taint_before(&iteration->taint);
	clock_stop(clock, &from);

	bool backwards = false;
	uint64_t ticks = play_timed(&iteration->engine, clock, ops, count, &to, &backwards);

	counters_stop(&iteration->counters);
	iteration->pass->record->clock_backward += backwards;
	window->tainted = taint_after(&iteration->taint) || from != to || backwards;
	window->ns = (double)ticks * clock->ns_per_tick;
	window->operations = operations - (iteration->engine.skipped - skipped);
	phase->failures += iteration->engine.failures - failures;
	note_row(iteration, window, count);
	*iteration->pass->progress += count;
	if (iteration->engine.broken != IOVA_OK)
		return engine_broken(&iteration->engine, error);
	return 0;
}

/* Cuts a piece into windows of equal length, none shorter than PASS_WINDOW_WORDS unless the piece is. */
static int play_piece(struct iteration *iteration, struct op_piece piece, struct error *error)
{
	size_t windows = piece.count / PASS_WINDOW_WORDS;
	size_t words = windows ? piece.count / windows : piece.count;
	for (size_t at = 0; at < piece.count;) {
		size_t count = piece.count - at < 2 * words ? piece.count - at : words;
		while (at + count < piece.count && op_is_control(&piece.ops[at + count - 1]))
			count++;
		if (play_window(iteration, piece.ops + at, count, error) < 0)
			return -1;
		at += count;
	}
	pass_own_work(iteration->pass, true);
	engine_note_placement(&iteration->engine, piece.ops, piece.count);
	pass_own_work(iteration->pass, false);
	return 0;
}

static void mark_gaps(struct phase_windows *phase, double *scratch)
{
	size_t count = 0;
	for (size_t i = 0; i < phase->count; i++)
		if (phase->windows[i].operations)
			scratch[count++] = phase->windows[i].ns / (double)phase->windows[i].operations;
	if (!count)
		return;
	double median = statistics_median(scratch, count);
	for (size_t i = 0; i < phase->count; i++) {
		struct window *window = &phase->windows[i];
		double usual = median * (double)window->operations;
		window->tainted |= window->ns > GAP_TIMES * usual && window->ns - usual > GAP_NS;
	}
}

/* ns per completed operation over the windows of a phase, or NaN when they are too short for the clock. */
static double per_operation(const struct phase_windows *phase, const struct clock *clock, bool untainted_only)
{
	double ns = 0, operations = 0;
	for (size_t i = 0; i < phase->count; i++) {
		if (untainted_only && phase->windows[i].tainted)
			continue;
		ns += phase->windows[i].ns;
		operations += (double)phase->windows[i].operations;
	}
	double least = PASS_WINDOW_STEPS * clock->step_ns;
	return operations > 0 && ns >= least ? ns / operations : (double)NAN;
}

/* Cell of the series that window number of count lies in. */
static size_t cell_of(size_t number, size_t count)
{
	return count <= RESULT_CELLS_MAX ? number : number * RESULT_CELLS_MAX / count;
}

/* The grid is that of the first iteration. */
static int open_cells(const struct phase_windows *phase, struct result_record_phase *record)
{
	size_t cells = phase->count < RESULT_CELLS_MAX ? phase->count : RESULT_CELLS_MAX;
	if (record->cell_count || !cells)
		return 0;
	double *ns_per_op = memory_zeroed(cells, sizeof ns_per_op[0]);
	double *operations = memory_zeroed(cells, sizeof operations[0]);
	if (!ns_per_op || !operations) {
		memory_release(ns_per_op);
		memory_release(operations);
		return -1;
	}
	record->cells_ns_per_op = ns_per_op;
	record->cells_operations = operations;
	record->cell_count = cells;
	for (size_t i = 0; i < cells; i++)
		record->cells_ns_per_op[i] = (double)NAN;
	for (size_t i = 0; i < phase->count; i++)
		record->cells_operations[cell_of(i, phase->count)] += (double)phase->windows[i].operations;
	return 0;
}

/* The least of all iterations: what disturbs adds. Windows that were disturbed from outside are left out. */
static int store_cells(const struct phase_windows *phase, struct result_record_phase *record)
{
	if (open_cells(phase, record) < 0)
		return -1;
	for (size_t i = 0; i < phase->count;) {
		size_t cell = cell_of(i, phase->count);
		double ns = 0, operations = 0;
		for (; i < phase->count && cell_of(i, phase->count) == cell; i++) {
			if (phase->windows[i].tainted)
				continue;
			ns += phase->windows[i].ns;
			operations += (double)phase->windows[i].operations;
		}
		if (cell < record->cell_count && ns > 0 && operations > 0)
			record->cells_ns_per_op[cell] = fmin(record->cells_ns_per_op[cell], ns / operations);
	}
	return 0;
}

static int store_phase(struct pass *pass, struct phase_windows *phase, struct result_record_phase *record,
		       struct error *error)
{
	double *scratch = memory_zeroed(phase->count, sizeof scratch[0]);
	double *ns = memory_resize(record->ns_per_op, record->iterations + 1, sizeof ns[0]);
	if (ns)
		record->ns_per_op = ns;
	double *untainted = memory_resize(record->untainted_ns_per_op, record->iterations + 1, sizeof untainted[0]);
	if (untainted)
		record->untainted_ns_per_op = untainted;
	if (!scratch || !ns || !untainted || store_cells(phase, record) < 0) {
		memory_release(scratch);
		return error_set(error, EXIT_CODE_IO, "no memory for the figures of a pass");
	}
	mark_gaps(phase, scratch);
	memory_release(scratch);
	ns[record->iterations] = per_operation(phase, pass->clock, false);
	untainted[record->iterations++] = per_operation(phase, pass->clock, true);
	record->operations = 0;
	for (size_t i = 0; i < phase->count; i++) {
		record->operations += phase->windows[i].operations;
		record->windows_tainted += phase->windows[i].tainted;
	}
	record->windows += phase->count;
	record->failures = phase->failures;
	record->starved = phase->starved;
	record->ring_full = phase->ring_full;
	return 0;
}

static int end_phase(struct iteration *iteration, struct error *error)
{
	struct result_record_phase *record = &iteration->pass->record->phases[iteration->phase];
	uint64_t hash = iteration->engine.placement_hash;
	/* The first iteration sets it; another one that disagrees makes it 0, which is no hash. */
	if (record->iterations == 0)
		record->placement_hash = hash;
	else if (record->placement_hash != hash)
		record->placement_hash = 0;
	if (store_phase(iteration->pass, &iteration->phases[iteration->phase], record, error) < 0)
		return -1;
	struct counters_total *counted = &iteration->counted[iteration->phase];
	counters_note(&iteration->counters, (double)record->operations, counted);
	counters_store(counted, &record->figures);
	return 0;
}

static int play_stream(struct iteration *iteration, struct error *error)
{
	bool inside = false;
	op_source_rewind(iteration->pass->source);
	for (;;) {
		pass_own_work(iteration->pass, true);
		struct op_piece piece = op_source_next(iteration->pass->source);
		pass_own_work(iteration->pass, false);
		if (inside && (piece.count == 0 || piece.phase != iteration->phase) && end_phase(iteration, error) < 0)
			return -1;
		if (piece.count == 0)
			return 0;
		if (!inside || piece.phase != iteration->phase)
			engine_phase_begin(&iteration->engine);
		inside = true;
		iteration->phase = piece.phase;
		if (play_piece(iteration, piece, error) < 0)
			return -1;
	}
}

static int play_alone(struct iteration *iteration, struct error *error)
{
	struct pass *pass = iteration->pass;
	struct lock lock;
	lock_open(&lock, pass->lock);
	struct engine_surroundings surroundings = {.lock = pass->lock == LOCK_NONE ? NULL : &lock};
	int result = engine_open_in(&iteration->engine, pass->workload, pass->source->stream, pass->spec, pass->arena,
				    &surroundings, error);
	if (result == 0) {
		conduct_opened(pass->conduct);
		taint_open(&iteration->taint);
		counters_open(&iteration->counters);
		result = play_stream(iteration, error);
		counters_close(&iteration->counters);
		taint_close(&iteration->taint);
		conduct_played(pass->conduct, PASS_THROUGHPUT, true);
		if (result == 0)
			result = engine_end_driver(&iteration->engine, error);
		engine_close(&iteration->engine);
		conduct_closed(pass->conduct, PASS_THROUGHPUT, true);
	}
	lock_close(&lock);
	return result;
}

/* In parts, each of which tells that the worker is alive. Polls are inside: the others play on meanwhile, and feel them. */
static void play_together(void *context, uint32_t thread, struct engine *engine, struct op_piece piece)
{
	struct iteration *iteration = context;
	(void)thread;
	for (size_t at = 0; at < piece.count;) {
		size_t count = piece.count - at < PASS_WINDOW_WORDS ? piece.count - at : PASS_WINDOW_WORDS;
		while (at + count < piece.count && op_is_control(&piece.ops[at + count - 1]))
			count++;
		engine_play(engine, piece.ops + at, count);
		*iteration->pass->progress += count;
		at += count;
	}
}

static int note_round(void *context, const struct crew_round *round, struct error *error)
{
	struct iteration *iteration = context;
	struct phase_windows *phase = &iteration->phases[round->phase];
	struct window *window = add_window(phase, error);
	if (!window)
		return -1;
	*window = (struct window){.ns = round->ns, .operations = round->operations, .tainted = round->tainted};
	phase->failures += round->failures;
	phase->starved += round->starved;
	phase->ring_full += round->ring_full;
	note_row(iteration, window, round->words);
	return 0;
}

/* Where extents lie is chance: there is no hash to keep. */
static int note_phase(void *context, size_t phase, struct error *error)
{
	struct iteration *iteration = context;
	return store_phase(iteration->pass, &iteration->phases[phase], &iteration->pass->record->phases[phase], error);
}

static const struct crew_player together = {play_together, note_round, note_phase};

static double measured_ns(const struct iteration *iteration)
{
	double ns = 0;
	for (size_t i = 0; i < iteration->pass->record->phase_count; i++)
		for (size_t w = 0; w < iteration->phases[i].count; w++)
			if (iteration->pass->workload->phases[i].measured)
				ns += iteration->phases[i].windows[w].ns;
	return ns;
}

static int play_iteration(struct pass *pass, struct counters_total *counted, double *row_ns, double *row_operations,
			  double *ns, struct error *error)
{
	struct iteration iteration = {.pass = pass, .counted = counted, .row_ns = row_ns, .row_operations = row_operations};
	iteration.phases = memory_zeroed(pass->record->phase_count, sizeof iteration.phases[0]);
	if (!iteration.phases)
		return error_set(error, EXIT_CODE_IO, "no memory for a pass");
	arena_reset(pass->arena);
	int result = pass->threads > 1 ? crew_play(pass, &together, &iteration, error) : play_alone(&iteration, error);
	if (result == 0)
		*ns = measured_ns(&iteration);
	for (size_t i = 0; i < pass->record->phase_count; i++)
		memory_release(iteration.phases[i].windows);
	memory_release(iteration.phases);
	return result;
}

int pass_throughput(struct pass *pass, struct error *error)
{
	assert(pass->record->phase_count == pass->workload->phase_count);
	double total = 0;
	double *rows = memory_zeroed(2 * (PASS_SERIES_ROWS + 1), sizeof rows[0]);
	struct counters_total *counted = memory_zeroed(pass->record->phase_count, sizeof counted[0]);
	int result = rows && counted ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a series");
	for (int i = 0; i < PASS_ITERATIONS_MAX && total < PASS_MEASURED_NS && result == 0; i++) {
		double ns = 0;
		bool first = i == 0 && pass->record->series_count > 0;
		result = play_iteration(pass, counted, first ? rows : NULL, rows + PASS_SERIES_ROWS + 1, &ns, error);
		total += ns;
		for (size_t row = 0; first && row < pass->record->series_count; row++)
			if (rows[PASS_SERIES_ROWS + 1 + row] > 0)
				pass->record->series[row].value[RESULT_SERIES_NS_PER_OP] =
					rows[row] / rows[PASS_SERIES_ROWS + 1 + row];
	}
	memory_release(rows);
	memory_release(counted);
	return result;
}
