/* SPDX-License-Identifier: MIT
 * What the worst samples of the latency pass did, as the audit counted. Without one, the stream is played once more, without
 * times, and their operations by the counted twins. An operation of few steps that took long was held up by something else. */
#include "play/pass.h"

#include "play/crew.h"

#include <assert.h>
#include <math.h>

/* A second of waiting for ten numbers is enough. */
#define LATENCY_NS_MAX UINT64_C(1000000000)

struct counting {
	struct pass *pass;
	struct result_sample *wanted[WORKLOAD_PHASES_MAX * RESULT_WORST_MAX]; /* by word */
	size_t wanted_count, next;
	uint64_t word; /* of the stream, at the start of the part at hand */
	bool counts;
};

static int opened(void *context, struct engine *engine, struct error *error)
{
	(void)error;
	((struct counting *)context)->counts = engine->domains[0].table->capabilities & IOVA_STEPS;
	return 0;
}

static void count_steps(const struct counting *counting, struct engine *engine, const struct op *op)
{
	struct result_sample *sample = counting->wanted[counting->next];
	struct engine_outcome outcome;
	sample->no_steps = counting->counts ? RESULT_REASON_NOT_APPLICABLE : RESULT_REASON_NO_STEPS;
	if (op_is_control(op)) { /* a poll */
		engine_play(engine, op, 1);
		return;
	}
	engine_play_counted(engine, op, op->demand & OP_COUNT_MAX, &outcome);
	if (counting->counts)
		sample->steps = (double)outcome.steps.examined;
}

static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	struct counting *counting = context;
	size_t at = 0;
	(void)thread;
	for (; counting->next < counting->wanted_count; counting->next++) {
		uint64_t word = counting->wanted[counting->next]->word - counting->word;
		if (word >= part.count)
			break;
		engine_play(engine, part.ops + at, (size_t)word - at);
		count_steps(counting, engine, &part.ops[word]);
		at = (size_t)word + 1;
	}
	engine_play(engine, part.ops + at, part.count - at);
	counting->word += part.count;
	return 0;
}

static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	(void)context;
	(void)round;
	(void)error;
	return 0;
}

static int phase_ended(void *context, const struct engine *engine, size_t phase, struct error *error)
{
	struct result_record_phase *record = &((struct counting *)context)->pass->record->phases[phase];
	(void)error;
	if (engine->placement_hash != record->placement_hash)
		record->placement_hash = 0;
	return 0;
}

/* Phases come one behind the other, and so do their words. */
static void want(struct counting *counting, struct result_record_phase *phase)
{
	size_t first = counting->wanted_count;
	for (size_t i = 0; i < phase->worst_count; i++) {
		size_t at = counting->wanted_count++;
		for (; at > first && counting->wanted[at - 1]->word > phase->worst[i].word; at--)
			counting->wanted[at] = counting->wanted[at - 1];
		counting->wanted[at] = &phase->worst[i];
	}
}

static void want_none(struct counting *counting, enum result_reason reason)
{
	for (size_t i = 0; i < counting->wanted_count; i++)
		counting->wanted[i]->no_steps = reason;
}

static void look_up(const struct counting *counting)
{
	const struct pass *pass = counting->pass;
	bool counts = pass->spec->parts[0].table->capabilities & IOVA_STEPS;
	for (size_t i = 0; i < counting->wanted_count; i++) {
		struct result_sample *sample = counting->wanted[i];
		uint32_t steps = pass->steps[sample->word];
		sample->no_steps = counts ? RESULT_REASON_NOT_APPLICABLE : RESULT_REASON_NO_STEPS;
		if (counts && steps)
			sample->steps = (double)steps - 1;
	}
}

int pass_steps(struct pass *pass, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_STEPS,
		.audits = true,
		.opened = opened,
		.play = play,
		.round_ended = round_ended,
		.phase_ended = phase_ended,
	};
	struct counting counting = {.pass = pass};
	assert(pass->record->phase_count <= WORKLOAD_PHASES_MAX);
	for (size_t i = 0; i < pass->record->phase_count; i++)
		want(&counting, &pass->record->phases[i]);
	if (pass->threads > 1)
		want_none(&counting, RESULT_REASON_SEVERAL_THREADS);
	else if (pass->steps)
		look_up(&counting);
	else if (pass->latency_took_ns > LATENCY_NS_MAX)
		want_none(&counting, RESULT_REASON_LONG_PASS);
	else if (counting.wanted_count) {
		arena_reset(pass->arena);
		return crew_play(pass, &player, &counting, error);
	}
	return 0;
}
