/* SPDX-License-Identifier: MIT
 * The throughput pass: windows with nothing between two stamps but operations. */
#include "play/pass.h"

#include "base/memory.h"
#include "measure/statistics.h"
#include "play/counters.h"
#include "play/crew.h"

#include <assert.h>
#include <math.h>

/* A window is disturbed, too, when it took this many times the median of its phase and at least this long on top. */
#define GAP_TIMES 10.0
#define GAP_NS 100000.0
/* What comes from outside and is seen by nothing else is rare; more than this share of such windows is the phase itself. */
#define GAP_SHARE_MAX 0.01

/* Fewer steps of the clock of CPU time in a window, each as long as reading it takes, say nothing. */
#define CPU_WINDOW_STEPS 100.0

struct window {
	double ns;
	double cpu_ns;       /* NaN: not known */
	uint64_t operations; /* completed */
	bool tainted;
};

struct phase_windows {
	struct window *windows;
	size_t count, capacity;
	uint64_t failures, starved, ring_full;
	uint64_t other_operations; /* of rounds that are none of the windows: they contain the physical side */
};

struct iteration {
	struct pass *pass;
	struct counters counters;
	struct counters_total *counted; /* of all iterations so far, one per phase */
	struct phase_windows *phases;
	double ns;      /* of all windows */
	uint64_t word;  /* of the stream, at the start of the window at hand */
	double *row_ns; /* series: time and operations of each row; NULL when not wanted */
	double *row_operations;
};

/* Counters are a thread's; where extents lie is chance where there are several. */
static bool is_alone(const struct iteration *iteration)
{
	return iteration->pass->threads <= 1;
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

static void ready(void *context, uint32_t thread, struct op_piece round)
{
	const struct iteration *iteration = context;
	(void)round;
	if (thread == 0 && is_alone(iteration))
		counters_start(&iteration->counters);
}

/* Polls are no part of what is measured where one thread plays; else they are: the others play on meanwhile, and feel them. */
static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	const struct iteration *iteration = context;
	(void)thread;
	if (is_alone(iteration))
		return crew_play_polls_apart(iteration->pass, engine, part);
	engine_play(engine, part.ops, part.count);
	return 0;
}

/* A round is a window. */
static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	struct iteration *iteration = context;
	struct phase_windows *phase = &iteration->phases[round->phase];
	if (is_alone(iteration))
		counters_stop(&iteration->counters);
	phase->failures += round->failures;
	phase->starved += round->starved;
	phase->ring_full += round->ring_full;
	iteration->ns += round->ns;
	if (round->own_frames) {
		phase->other_operations += round->operations;
		iteration->word += round->words;
		return 0;
	}
	struct window *window = add_window(phase, error);
	if (!window)
		return -1;
	*window = (struct window){
		.ns = round->ns, .cpu_ns = round->cpu_ns, .operations = round->operations, .tainted = round->tainted};
	note_row(iteration, window, round->words);
	return 0;
}

static bool is_gap(const struct window *window, double median)
{
	double usual = median * (double)window->operations;
	return window->ns > GAP_TIMES * usual && window->ns - usual > GAP_NS;
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
	size_t gaps = 0;
	for (size_t i = 0; i < phase->count; i++)
		gaps += is_gap(&phase->windows[i], median);
	if (gaps > 1 && (double)gaps > GAP_SHARE_MAX * (double)phase->count)
		return;
	for (size_t i = 0; i < phase->count; i++)
		phase->windows[i].tainted |= is_gap(&phase->windows[i], median);
}

/* ns per completed operation over the windows of a phase, or NaN when they are too short for the clock. */
static double per_operation(const struct phase_windows *phase, const struct clock *clock, bool clean_only)
{
	double ns = 0, operations = 0;
	for (size_t i = 0; i < phase->count; i++) {
		if (clean_only && phase->windows[i].tainted)
			continue;
		ns += phase->windows[i].ns;
		operations += (double)phase->windows[i].operations;
	}
	double least = PASS_WINDOW_STEPS * clock->step_ns;
	return operations > 0 && ns >= least ? ns / operations : (double)NAN;
}

/* CPU time per completed operation over the windows of which it is known, or NaN. */
static double cpu_per_operation(const struct phase_windows *phase, const struct clock *clock)
{
	double ns = 0, operations = 0, windows = 0;
	for (size_t i = 0; i < phase->count; i++) {
		if (isnan(phase->windows[i].cpu_ns))
			continue;
		ns += phase->windows[i].cpu_ns;
		operations += (double)phase->windows[i].operations;
		windows++;
	}
	/* NaN: false. */
	bool enough = ns >= CPU_WINDOW_STEPS * clock->cpu_step_ns * windows;
	return operations > 0 && enough ? ns / operations : (double)NAN;
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

/* For one more than count. */
static int make_room(double **values, size_t count)
{
	double *more = memory_resize(*values, count + 1, sizeof more[0]);
	*values = more ? more : *values;
	return more ? 0 : -1;
}

static int store_phase(struct pass *pass, struct phase_windows *phase, struct result_record_phase *record,
		       struct error *error)
{
	double *scratch = memory_zeroed(phase->count, sizeof scratch[0]);
	if (!scratch || make_room(&record->ns_per_op, record->iterations) < 0 ||
	    make_room(&record->clean_ns_per_op, record->iterations) < 0 ||
	    make_room(&record->cpu_ns_per_op, record->iterations) < 0 || store_cells(phase, record) < 0) {
		memory_release(scratch);
		return error_set(error, EXIT_CODE_IO, "no memory for the figures of a pass");
	}
	mark_gaps(phase, scratch);
	memory_release(scratch);
	record->ns_per_op[record->iterations] = per_operation(phase, pass->clock, false);
	record->clean_ns_per_op[record->iterations] = per_operation(phase, pass->clock, true);
	record->cpu_ns_per_op[record->iterations++] = cpu_per_operation(phase, pass->clock);
	record->operations = phase->other_operations;
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

/* What only one thread has: others place by chance. The first iteration sets the hash; another one that disagrees makes it 0,
 * which is no hash. */
static void store_alone(struct iteration *iteration, uint64_t hash, size_t phase, struct result_record_phase *record)
{
	struct counters_total *counted = &iteration->counted[phase];
	record->placement_hash = record->iterations == 1 || record->placement_hash == hash ? hash : 0;
	counters_note(&iteration->counters, (double)record->operations, counted);
	counters_store(counted, &record->figures);
	if (record->figures.value[METRIC_AHEAD_SHARE] < 1) /* they counted what is no window, too */
		result_set_null_of(&record->figures, METRIC_SOURCE_COUNTERS, RESULT_REASON_DIFFERENT_WORK);
}

static int phase_ended(void *context, const struct engine *engine, size_t phase, struct error *error)
{
	struct iteration *iteration = context;
	struct result_record_phase *record = &iteration->pass->record->phases[phase];
	if (store_phase(iteration->pass, &iteration->phases[phase], record, error) < 0)
		return -1;
	if (is_alone(iteration))
		store_alone(iteration, engine->placement_hash, phase, record);
	return 0;
}

static int play_iteration(struct iteration *iteration, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_THROUGHPUT,
		.cpu_time = true,
		.tells_frames = true,
		.ready = ready,
		.play = play,
		.round_ended = round_ended,
		.phase_ended = phase_ended,
	};
	struct pass *pass = iteration->pass;
	iteration->phases = memory_zeroed(pass->record->phase_count, sizeof iteration->phases[0]);
	if (!iteration->phases)
		return error_set(error, EXIT_CODE_IO, "no memory for a pass");
	arena_reset(pass->arena);
	if (is_alone(iteration))
		counters_open(&iteration->counters);
	int result = crew_play(pass, &player, iteration, error);
	if (is_alone(iteration))
		counters_close(&iteration->counters);
	for (size_t i = 0; i < pass->record->phase_count; i++)
		memory_release(iteration->phases[i].windows);
	memory_release(iteration->phases);
	return result;
}

int pass_throughput(struct pass *pass, struct error *error)
{
	assert(pass->record->phase_count == pass->workload->phase_count);
	double played_ns = 0;
	double *rows = memory_zeroed(2 * (PASS_SERIES_ROWS + 1), sizeof rows[0]);
	double *row_operations = rows ? rows + PASS_SERIES_ROWS + 1 : NULL;
	struct counters_total *counted = memory_zeroed(pass->record->phase_count, sizeof counted[0]);
	int result = rows && counted ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a series");
	for (int i = 0; i < PASS_ITERATIONS_MAX && played_ns < PASS_PLAYED_NS && result == 0; i++) {
		bool first = i == 0 && pass->record->series_count > 0;
		struct iteration iteration = {
			.pass = pass,
			.counted = counted,
			.row_ns = first ? rows : NULL,
			.row_operations = row_operations,
		};
		result = play_iteration(&iteration, error);
		played_ns += iteration.ns;
		for (size_t row = 0; first && row < pass->record->series_count; row++)
			if (row_operations[row] > 0)
				pass->record->series[row].value[RESULT_SERIES_NS_PER_OP] = rows[row] / row_operations[row];
	}
	memory_release(rows);
	memory_release(counted);
	return result;
}
