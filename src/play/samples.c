/* SPDX-License-Identifier: MIT */
#include "play/samples.h"

#include "base/memory.h"
#include "play/engine_ddi.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define OTHERS SAMPLES_NAMED
/* A percentile with fewer samples above it is an anecdote. */
#define SAMPLES_ABOVE 10.0

enum outcome { GRANTED, LATER_LIMIT, FAILED, FREED, OUTCOME_COUNT };
static const char *const outcome_name[OUTCOME_COUNT] = {"granted", "later limit", "failed", "freed"};

static bool is_free(enum metric_kind kind)
{
	return kind == METRIC_KIND_FREE || kind == METRIC_KIND_CONTIGUOUS_FREE || kind == METRIC_KIND_MDL_FREE ||
	       kind == METRIC_KIND_ADL_FREE || kind == METRIC_KIND_MAP_FREE || kind == METRIC_KIND_RESERVE_FREE;
}

static enum outcome outcome_of(enum metric_kind kind, uint32_t attempt)
{
	if (kind == METRIC_KIND_ALLOC_FAILED)
		return FAILED;
	if (is_free(kind))
		return FREED;
	return attempt ? LATER_LIMIT : GRANTED;
}

/* ---- which classes there are ---- */

static unsigned kind_bit(enum metric_kind kind)
{
	return kind < METRIC_KIND_COUNT ? 1u << kind : 0;
}

static void add_class(struct samples *samples, enum result_class_by by, size_t name, unsigned kinds)
{
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		if (kinds >> kind & 1 && !samples->cell[by][name][kind])
			samples->cell[by][name][kind] = (unsigned short)++samples->cell_count;
}

static unsigned char request_class(struct samples *samples, const char *name)
{
	for (unsigned i = 0; i < SAMPLES_NAMED; i++) {
		if (!samples->request_names[i])
			samples->request_names[i] = name;
		if (strcmp(samples->request_names[i], name) == 0)
			return (unsigned char)i;
	}
	return OTHERS;
}

/* Returns all kinds that the stream may have. */
static unsigned add_requests(struct samples *samples, const struct op_stream *stream)
{
	const struct workload *workload = samples->pass->workload;
	size_t count;
	const struct op_request *requests = op_stream_requests(stream, &count);
	samples->requests = requests;
	unsigned all = kind_bit(METRIC_KIND_FREE) | kind_bit(METRIC_KIND_ALLOC_FAILED);
	assert(count <= sizeof samples->request_class);
	for (size_t i = 0; i < count; i++) {
		const struct engine_call *call = &engine_call_table[requests[i].call];
		samples->request_class[i] = request_class(samples, requests[i].name);
		add_class(samples, RESULT_BY_REQUEST, samples->request_class[i],
			  kind_bit(call->alloc_kind) | kind_bit(METRIC_KIND_ALLOC_FAILED));
		all |= kind_bit(call->alloc_kind) | kind_bit(call->free_kind);
	}
	for (size_t i = 0; i < workload->routine_call_count; i++)
		all |= kind_bit(engine_routine_table[workload->routine_calls[i].routine].kind);
	return all;
}

/* The first thread gathers what all have; the others stay on their own CPU. */
static void add_cpus(struct samples *samples, const struct op_stream *stream, unsigned kinds)
{
	uint32_t cpus = op_stream_cpus(stream), threads = samples->pass->threads;
	cpus = cpus > threads ? cpus : threads;
	for (uint32_t cpu = 0; cpu < cpus && cpu < OTHERS; cpu++)
		if (samples->thread == 0 || cpu == samples->thread)
			add_class(samples, RESULT_BY_CPU, cpu, kinds);
	if (cpus > OTHERS || threads > 1)
		add_class(samples, RESULT_BY_CPU, OTHERS, kinds);
}

static void add_outcomes(struct samples *samples, unsigned kinds)
{
	for (enum metric_kind kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		add_class(samples, RESULT_BY_OUTCOME, outcome_of(kind, 0), kind_bit(kind));
		add_class(samples, RESULT_BY_OUTCOME, outcome_of(kind, 1), kind_bit(kind));
	}
}

/* Writing also brings every page of them. */
static void clear(struct samples *samples)
{
	for (size_t i = 0; i < samples->cell_count; i++)
		samples->cells[i] = (struct samples_cell){0};
	memset(samples->kinds, 0, sizeof samples->kinds);
	samples->worst_count = 0;
}

int samples_open(struct samples *samples, const struct pass *pass, uint32_t thread)
{
	*samples = (struct samples){.pass = pass, .thread = thread};
	samples->look_ticks = (uint64_t)(SAMPLES_LOOK_NS / pass->clock->ns_per_tick);
	const struct op_stream *stream = pass->threads > 1 ? pass->sources[thread].stream : pass->source->stream;
	unsigned kinds = add_requests(samples, stream);
	add_cpus(samples, stream, kinds);
	add_outcomes(samples, kinds);
	samples->cells = memory_zeroed(samples->cell_count, sizeof samples->cells[0]);
	if (!samples->cells)
		return -1;
	clear(samples);
	return 0;
}

void samples_close(struct samples *samples)
{
	if (samples->has_taint)
		taint_close(&samples->taint);
	memory_release(samples->cells);
}

/* Operations of the round in front of a word. */
static uint64_t operations_before(const struct samples *samples, size_t word)
{
	size_t block = word / SAMPLES_BLOCK_WORDS;
	block = block < SAMPLES_BLOCKS ? block : SAMPLES_BLOCKS - 1;
	size_t start = block * SAMPLES_BLOCK_WORDS;
	return samples->block_operations[block] + op_count_operations(samples->round.ops + start, word - start);
}

void samples_ready(struct samples *samples, struct op_piece round)
{
	samples->words += samples->round.count;
	samples->operations += samples->round_operations;
	samples->round = round;
	samples->round_operations = 0;
	for (size_t block = 0; block < SAMPLES_BLOCKS && block * SAMPLES_BLOCK_WORDS < round.count; block++) {
		size_t start = block * SAMPLES_BLOCK_WORDS, left = round.count - start;
		samples->block_operations[block] = samples->round_operations;
		left = left < SAMPLES_BLOCK_WORDS || block == SAMPLES_BLOCKS - 1 ? left : SAMPLES_BLOCK_WORDS;
		samples->round_operations += (uint32_t)op_count_operations(round.ops + start, left);
	}
	if (!samples->has_taint)
		taint_open(&samples->taint, true);
	samples->has_taint = true;
	taint_before(&samples->taint);
}

/* ---- one sample ---- */

static bool would_be_clean_max(const struct samples_max *max, uint64_t ticks)
{
	return !max->has_clean || ticks > max->clean;
}

static void note_max(struct samples_max *max, uint64_t ticks, enum result_taint taint)
{
	if (max->taint == RESULT_TAINT_UNKNOWN || ticks > max->ticks) {
		max->ticks = ticks;
		max->taint = taint;
	}
	if (taint == RESULT_TAINT_NONE && would_be_clean_max(max, ticks)) {
		max->clean = ticks;
		max->has_clean = true;
	}
}

static bool asks(const struct op *op)
{
	return op->demand != 0 && op->demand >> OP_REQUEST_SHIFT != OP_CONTROL;
}

/* The cells that a sample belongs to; polls are nobody's request, on no CPU's behalf. */
static size_t cells_of(struct samples *samples, const struct engine_timed *timed, const struct op *op, uint32_t cpu,
		       struct samples_cell *cells[RESULT_BY_COUNT])
{
	if (timed->kind == METRIC_KIND_POLL)
		return 0;
	cpu = cpu < OTHERS ? cpu : OTHERS;
	if (!samples->cell[RESULT_BY_CPU][cpu][timed->kind])
		cpu = OTHERS;
	int request = asks(op) ? samples->request_class[op->demand >> OP_REQUEST_SHIFT] : -1;
	size_t count = 0;
	const unsigned short numbers[RESULT_BY_COUNT] = {
		[RESULT_BY_REQUEST] = request < 0 ? 0 : samples->cell[RESULT_BY_REQUEST][request][timed->kind],
		[RESULT_BY_CPU] = samples->cell[RESULT_BY_CPU][cpu][timed->kind],
		[RESULT_BY_OUTCOME] =
			samples->cell[RESULT_BY_OUTCOME][outcome_of(timed->kind, timed->attempt)][timed->kind],
	};
	assert(numbers[RESULT_BY_CPU] && numbers[RESULT_BY_OUTCOME]);
	for (size_t by = 0; by < RESULT_BY_COUNT; by++)
		if (numbers[by])
			cells[count++] = &samples->cells[numbers[by] - 1];
	return count;
}

static void note_worst(struct samples *samples, const struct engine_timed *timed, const struct op *op, uint32_t cpu,
		       enum result_taint taint)
{
	size_t word = (size_t)(op - samples->round.ops);
	const struct result_sample sample = {
		.round = samples->pass->round,
		.thread = samples->thread,
		.word = samples->words + word,
		.operation = samples->operations + operations_before(samples, word) + 1,
		.kind = timed->kind,
		.request = asks(op) ? (char *)(uintptr_t)samples->requests[op->demand >> OP_REQUEST_SHIFT].name : NULL,
		.pages = timed->pages,
		.cpu = cpu,
		.latency = (double)timed->ticks,
		.taint = taint,
		.steps = (double)NAN,
	};
	result_insert_worst(samples->worst, &samples->worst_count, &sample);
}

/* Asks the system what came over a sample. *ticks: what that took. */
static enum result_taint look(struct samples *samples, const struct engine_timed *timed, uint64_t *ticks)
{
	const struct clock *clock = samples->pass->clock;
	uint64_t begin = clock_start(clock);
	enum result_taint taint = taint_look(&samples->taint);
	uint64_t end = clock_start(clock);
	*ticks = end > begin ? end - begin : 0;
	return timed->moved ? RESULT_TAINT_MOVED : taint;
}

uint64_t samples_record(struct samples *samples, const struct engine_timed *timed, const struct op *op, uint32_t cpu)
{
	struct samples_cell *cells[RESULT_BY_COUNT];
	assert(op >= samples->round.ops && op < samples->round.ops + samples->round.count);
	size_t count = cells_of(samples, timed, op, cpu, cells);
	bool worst = samples->worst_count < RESULT_WORST_MAX ||
		     (double)timed->ticks > samples->worst[RESULT_WORST_MAX - 1].latency;
	bool wanted = worst || would_be_clean_max(&samples->kinds[timed->kind], timed->ticks);
	for (size_t i = 0; i < count; i++)
		wanted |= would_be_clean_max(&cells[i]->max, timed->ticks);
	/* Others are too short, or shorter than a clean one of all their classes: their taint is nobody's. */
	enum result_taint taint = RESULT_TAINT_NONE;
	uint64_t looked = 0;
	if (timed->moved || (wanted && timed->ticks >= samples->look_ticks))
		taint = look(samples, timed, &looked);
	note_max(&samples->kinds[timed->kind], timed->ticks, taint);
	for (size_t i = 0; i < count; i++) {
		histogram_record(&cells[i]->ticks, timed->ticks);
		note_max(&cells[i]->max, timed->ticks, taint);
	}
	if (worst)
		note_worst(samples, timed, op, cpu, taint);
	return looked;
}

/* ---- a phase ---- */

static void add_max(struct samples_max *into, const struct samples_max *from)
{
	if (from->taint != RESULT_TAINT_UNKNOWN)
		note_max(into, from->ticks, from->taint);
	if (from->has_clean)
		note_max(into, from->clean, RESULT_TAINT_NONE);
}

void samples_add(struct samples *into, struct samples *from)
{
	assert(into->thread == 0 && from != into);
	for (size_t by = 0; by < RESULT_BY_COUNT; by++)
		for (size_t name = 0; name <= OTHERS; name++)
			for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
				if (!from->cell[by][name][kind])
					continue;
				assert(into->cell[by][name][kind]); /* portions have the requests of the whole */
				struct samples_cell *cell = &into->cells[into->cell[by][name][kind] - 1];
				const struct samples_cell *other = &from->cells[from->cell[by][name][kind] - 1];
				histogram_add(&cell->ticks, &other->ticks);
				add_max(&cell->max, &other->max);
			}
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		add_max(&into->kinds[kind], &from->kinds[kind]);
	for (size_t i = 0; i < from->worst_count; i++)
		result_insert_worst(into->worst, &into->worst_count, &from->worst[i]);
	clear(from);
}

static struct result_record_max plain_max(const struct samples_max *max)
{
	return (struct result_record_max){max->taint, max->has_clean ? (double)max->clean : (double)NAN};
}

static char *class_name(const struct samples *samples, enum result_class_by by, size_t name)
{
	char number[24];
	if (by == RESULT_BY_OUTCOME)
		return memory_text(outcome_name[name]);
	if (name == OTHERS)
		return memory_text(RESULT_CLASS_OTHERS);
	if (by == RESULT_BY_REQUEST)
		return memory_text(samples->request_names[name]);
	snprintf(number, sizeof number, "%zu", name);
	return memory_text(number);
}

static int store_class(const struct samples_cell *cell, struct result_record_class *class)
{
	class->count = cell->ticks.total + cell->ticks.dropped;
	class->max = cell->ticks.max;
	class->of_max = plain_max(&cell->max);
	for (size_t which = 0; which < METRIC_PERCENTILES; which++) {
		double quantile = metric_percentile_quantile[which];
		class->percentile[which] = (double)class->count * (1 - quantile) < SAMPLES_ABOVE
						   ? (double)NAN
						   : (double)histogram_quantile(&cell->ticks, quantile);
	}
	return class->name ? 0 : -1;
}

static int store_classes(const struct samples *samples, struct result_record_phase *phase)
{
	phase->classes = memory_zeroed(samples->cell_count, sizeof phase->classes[0]);
	if (!phase->classes)
		return -1;
	for (size_t by = 0; by < RESULT_BY_COUNT; by++)
		for (size_t name = 0; name <= OTHERS; name++)
			for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
				unsigned number = samples->cell[by][name][kind];
				if (!number || samples->cells[number - 1].max.taint == RESULT_TAINT_UNKNOWN)
					continue;
				struct result_record_class *class = &phase->classes[phase->class_count++];
				class->by = (enum result_class_by)by;
				class->kind = (enum metric_kind)kind;
				class->name = class_name(samples, class->by, name);
				if (store_class(&samples->cells[number - 1], class) < 0)
					return -1;
			}
	return 0;
}

int samples_store(struct samples *samples, struct result_record_phase *phase)
{
	assert(!phase->classes && !phase->worst);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		phase->latency_max[kind] = plain_max(&samples->kinds[kind]);
	phase->worst = memory_zeroed(samples->worst_count, sizeof phase->worst[0]);
	if (store_classes(samples, phase) < 0 || !phase->worst)
		return -1;
	for (size_t i = 0; i < samples->worst_count; i++) {
		struct result_sample *sample = &phase->worst[phase->worst_count++];
		*sample = samples->worst[i];
		sample->request = memory_text(sample->request);
		if (samples->worst[i].request && !sample->request)
			return -1;
	}
	clear(samples);
	return 0;
}
