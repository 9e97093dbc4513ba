/* SPDX-License-Identifier: MIT */
#include "play/crew.h"

#include "base/memory.h"
#include "base/rng.h"
#include "play/engine_ddi.h"
#include "play/recorder.h"
#include "play/taint.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* Looks at the barrier before a thread lets others have its CPU. */
#define BARRIER_SPINS 4096u
#define BARRIERS_MEASURED 64

struct crew;

struct member {
	struct crew *crew;
	uint32_t index;
	pthread_t thread;
	struct engine engines[RESULT_SIDES];
	struct op_source *source;
	struct op_piece piece; /* from the source; count 0: the end */
	size_t played_words;   /* of the piece */
	size_t part_words;     /* of its parts, about */
	struct op_piece round; /* to be played next, of the piece; count 0: nothing */
	size_t warm_words;     /* of the round, before its time */
	uint64_t operations;   /* of the round, in its time */
	struct taint taint;
	const char *changed; /* of its settings, by the allocator or from outside; NULL: nothing */
	bool stays;
	/* Of the last round. */
	bool played, tainted;
	uint64_t start, stop;
	struct crew_round did; /* this thread's part of it */
};

enum start { START_WAIT, START_GO, START_FAILED };

struct crew {
	struct pass *pass;
	const struct crew_player *player;
	void *context;
	struct member *members;
	uint32_t count;
	uint32_t sides;
	bool timed;
	struct lock locks[RESULT_SIDES];
	uint64_t words, own_words; /* timed in the phase; of them with frames of one's own */
	struct recorder recorder;  /* of one thread, where the pass has no tape; on: sides have their frames off its tape */
	bool taped;                /* they have them off one or the other */
	struct rng rng;            /* of the order in which sides play */
	struct ring *rings;        /* count of them for each side */
	void *ring_memory;
	_Atomic enum start start;
	/* Barrier. */
	_Atomic uint32_t arrived, turns;
	/* Written by the first thread between two barriers. */
	size_t phase;
	enum result_side first, side; /* of the round; that plays now */
	double barrier_ns;
	bool inside, begins, stop;
	bool again;                /* the next round is begun by the other side */
	enum result_side at_fault; /* result < 0 */
	int result;
	struct error *error;
};

static void wait_for_all(struct crew *crew)
{
	uint32_t turn = atomic_load(&crew->turns);
	if (atomic_fetch_add(&crew->arrived, 1) + 1 == crew->count) {
		atomic_store(&crew->arrived, 0);
		atomic_store(&crew->turns, turn + 1);
		return;
	}
	for (uint32_t spins = 0; atomic_load(&crew->turns) == turn; spins++) {
		if (spins < BARRIER_SPINS)
			lock_pause();
		else
			sched_yield();
	}
}

/* Parts of a piece are of equal length, none below what was asked for unless the piece is. */
static size_t part_length(const struct crew *crew, struct op_piece piece)
{
	const struct crew_player *player = crew->player;
	size_t least = player->part_words ? player->part_words(crew->context, piece.phase) : PASS_WINDOW_WORDS;
	size_t parts = piece.count / least;
	return parts ? piece.count / parts : piece.count;
}

static size_t part_words(const struct member *member, struct op_piece words)
{
	return words.count / 2 < member->part_words ? words.count : op_cut(words.ops, words.count, member->part_words);
}

static struct op_piece rest_of_piece(const struct member *member)
{
	const struct op_piece *piece = &member->piece;
	return (struct op_piece){piece->ops + member->played_words, piece->count - member->played_words, piece->phase};
}

/* Of the only thread's next round. */
static size_t round_words(const struct member *member)
{
	const struct crew *crew = member->crew;
	size_t skew = crew->player->skew_words && !member->played_words ? crew->player->skew_words(crew->context) : 0;
	size_t words = part_words(member, member->round);
	return skew && skew < words ? op_cut(member->round.ops, member->round.count, words - skew) : words;
}

/* A phase was recorded to its end. Of all iterations the least: what disturbs adds. */
static void tell_physical(const struct crew *crew)
{
	struct result_figures *figures = &crew->pass->record->phases[crew->recorder.phase].figures;
	double ns = recorder_ns_per_op(&crew->recorder);
	if (crew->player->tells_frames && !isnan(ns))
		result_set(figures, METRIC_PHYSICAL_NS_PER_OP, fmin(ns, figures->value[METRIC_PHYSICAL_NS_PER_OP]));
}

static int record(struct crew *crew, struct member *member)
{
	struct recorder *recorder = &crew->recorder;
	if (recorder->phase != SIZE_MAX && (!member->piece.count || member->piece.phase != recorder->phase))
		tell_physical(crew);
	return recorder_play(recorder, member->piece, member->engines, crew->sides, crew->error);
}

/* Once a piece was played. */
static void next_piece(struct member *member)
{
	struct crew *crew = member->crew;
	const struct pass *pass = crew->pass;
	bool alone = crew->count == 1;
	if (alone)
		pass_own_work(pass, true);
	for (uint32_t side = 0; alone && member->piece.count && side < crew->sides; side++)
		engine_note_placement(&member->engines[side], member->piece.ops, member->piece.count);
	member->piece = op_source_next(member->source);
	if (crew->recorder.on && crew->result == 0)
		crew->result = record(crew, member);
	member->played_words = 0;
	member->part_words = part_length(crew, member->piece);
	if (alone)
		pass_own_work(pass, false);
}

/* What to play next; a round that others made wait is still there. The last piece has no words, and no next one. */
static void next_round(struct member *member, bool first)
{
	const struct crew *crew = member->crew;
	if (member->round.count)
		return;
	if (first || (member->piece.count && member->played_words == member->piece.count))
		next_piece(member);
	member->round = rest_of_piece(member);
	if (crew->count == 1 && member->round.count)
		member->round.count = round_words(member);
	member->warm_words = crew->player->warm_words ? crew->player->warm_words(member->round) : 0;
	/* Also brings the words into this CPU's cache. */
	member->operations =
		op_count_operations(member->round.ops + member->warm_words, member->round.count - member->warm_words);
}

/* Parts of the words. */
static uint64_t play_parts(struct member *member, struct engine *engine, struct op_piece words)
{
	struct crew *crew = member->crew;
	uint64_t left_out = 0;
	while (words.count) {
		struct op_piece part = {words.ops, part_words(member, words), words.phase};
		left_out += crew->player->play(crew->context, member->index, engine, part);
		*crew->pass->progress += part.count;
		words.ops += part.count;
		words.count -= part.count;
	}
	return left_out;
}

static void play(struct member *member)
{
	struct crew *crew = member->crew;
	const struct clock *clock = crew->pass->clock;
	struct engine *engine = &member->engines[crew->side];
	size_t warm = member->warm_words;
	struct op_piece words = {member->round.ops + warm, member->round.count - warm, member->round.phase};
	engine_play(engine, member->round.ops, warm);
	struct crew_round before = {.failures = engine->failures,
				    .starved = engine->starved,
				    .ring_full = engine->ring_full,
				    .operations = engine->received - engine->skipped};
	if (crew->player->ready)
		crew->player->ready(crew->context, member->index, member->round);
	if (crew->timed) {
		uint32_t from, to;
		bool cpu_time = crew->player->cpu_time;
		taint_before(&member->taint);
		uint64_t cpu_start = cpu_time ? clock_cpu_time_ns() : 0;
		member->start = clock_start_on(clock, &from);
		uint64_t left_out = play_parts(member, engine, words);
		member->stop = clock_stop(clock, &to);
		uint64_t cpu_stop = cpu_time ? clock_cpu_time_ns() : 0;
		member->tainted = taint_after(&member->taint) || from != to;
		member->start += left_out;
		member->did.cpu_ns = !cpu_time || (left_out && member->tainted)
					     ? (double)NAN
					     : (double)(cpu_stop - cpu_start) - (double)left_out * clock->ns_per_tick;
	} else {
		play_parts(member, engine, words);
	}
	/* Words that send or receive are no operations; the frees that come of them are. */
	member->did.operations = member->operations + engine->received - engine->skipped - before.operations;
	member->did.words = words.count;
	member->did.failures = engine->failures - before.failures;
	member->did.starved = engine->starved - before.starved;
	member->did.ring_full = engine->ring_full - before.ring_full;
	member->played = true;
	/* Whoever still sends must not wait for this thread. */
	if (engine->inbox)
		atomic_store_explicit(&engine->inbox->closed, true, memory_order_release);
}

/* All sides have played the round. */
static void leave_round(struct member *member)
{
	bool broken = false;
	for (uint32_t side = 0; side < member->crew->sides; side++)
		broken |= member->engines[side].broken != IOVA_OK;
	member->played_words = broken ? member->piece.count : member->played_words + member->round.count;
	member->round.count = 0;
}

/* What nobody may play on after; fatal misuse is what an audit looks for. */
static int end_of_broken(struct crew *crew, const struct engine *engine)
{
	crew->stop = true;
	crew->at_fault = crew->side;
	return crew->player->audits && engine_fatal(engine) ? 0 : engine_broken(engine, crew->error);
}

static void end_round(struct crew *crew)
{
	struct crew_round round = {.phase = crew->phase, .side = crew->side, .barrier_ns = crew->barrier_ns};
	uint64_t start = UINT64_MAX, stop = 0;
	for (uint32_t i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		const struct engine *engine = &member->engines[crew->side];
		if (engine->broken != IOVA_OK && crew->result == 0)
			crew->result = end_of_broken(crew, engine);
		if (!member->played)
			continue;
		member->played = false;
		start = member->start < start ? member->start : start;
		stop = member->stop > stop ? member->stop : stop;
		round.cpu_ns += member->did.cpu_ns;
		round.operations += member->did.operations;
		round.words += member->did.words;
		round.failures += member->did.failures;
		round.starved += member->did.starved;
		round.ring_full += member->did.ring_full;
		round.tainted |= member->tainted;
		round.own_frames |= engine_left_tape(engine);
	}
	round.tainted |= stop < start;
	crew->pass->record->clock_backward += stop < start;
	round.ns = stop < start ? 0 : (double)(stop - start) * crew->pass->clock->ns_per_tick;
	crew->words += round.words;
	crew->own_words += round.own_frames ? round.words : 0;
	if (crew->result == 0)
		crew->result = crew->player->round_ended(crew->context, &round, crew->error);
}

static void close_inboxes(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->count * crew->sides && crew->rings; i++) {
		const struct member *member = &crew->members[i % crew->count];
		bool plays = member->round.count && member->round.phase == crew->phase;
		atomic_store(&crew->rings[i].closed, !plays);
	}
}

static int end_phase(struct crew *crew)
{
	if (crew->player->tells_frames && crew->taped && crew->words)
		result_set(&crew->pass->record->phases[crew->phase].figures, METRIC_AHEAD_SHARE,
			   1 - (double)crew->own_words / (double)crew->words);
	crew->words = crew->own_words = 0;
	return crew->player->phase_ended(crew->context, crew->members[0].engines, crew->phase, crew->error);
}

/* Whoever plays second finds branches predicted by the first: of two rounds of a phase each side begins one. */
static enum result_side next_first(struct crew *crew)
{
	if (crew->sides == 1)
		return RESULT_SIDE_ARM;
	crew->again = crew->begins || !crew->again;
	return crew->again ? (enum result_side)rng_below(&crew->rng, crew->sides)
			   : (enum result_side)((crew->first + 1) % crew->sides);
}

/* The first thread's part while nobody plays: what was done is told, what comes next is said. turn: how many sides have
 * played the round. */
static void direct(struct crew *crew, uint32_t turn)
{
	size_t next = SIZE_MAX;
	for (uint32_t i = 0; i < crew->count; i++)
		if (crew->members[i].round.count && crew->members[i].round.phase < next)
			next = crew->members[i].round.phase;
	if (crew->inside)
		end_round(crew);
	if (crew->inside && turn == 0 && crew->player->enough)
		crew->stop |= crew->player->enough(crew->context);
	next = crew->stop ? SIZE_MAX : next;
	crew->begins = turn == 0 && (!crew->inside || next != crew->phase);
	if (crew->inside && crew->begins && crew->result == 0)
		crew->result = end_phase(crew);
	if (turn == 0)
		crew->first = next_first(crew);
	crew->side = (enum result_side)((crew->first + turn) % crew->sides);
	pass_tell_side(crew->pass, crew->side);
	crew->phase = next;
	close_inboxes(crew);
	crew->inside = true;
	crew->stop = next == SIZE_MAX || crew->result < 0;
}

static void begin_phase(struct member *member)
{
	const struct crew_player *player = member->crew->player;
	for (uint32_t side = 0; side < member->crew->sides; side++)
		engine_phase_begin(&member->engines[side]);
	if (player->phase_begins)
		player->phase_begins(member->crew->context, member->index, member->crew->phase);
}

/* What a barrier costs, by the first thread's clock. */
static void measure_barriers(const struct member *member)
{
	struct crew *crew = member->crew;
	const struct clock *clock = crew->pass->clock;
	uint32_t cpu;
	wait_for_all(crew);
	uint64_t start = clock_start(clock);
	for (int i = 0; i < BARRIERS_MEASURED; i++)
		wait_for_all(crew);
	uint64_t stop = clock_stop(clock, &cpu);
	if (member->index == 0 && stop > start)
		crew->barrier_ns = (double)(stop - start) * clock->ns_per_tick / BARRIERS_MEASURED;
}

/* One side's turn; false: all is over. */
static bool play_turn(struct member *member, uint32_t turn)
{
	struct crew *crew = member->crew;
	wait_for_all(crew);
	for (uint32_t side = 0; side < crew->sides; side++)
		engine_drain_inbox(&member->engines[side]);
	if (member->index == 0)
		direct(crew, turn);
	wait_for_all(crew);
	if (crew->stop)
		return false;
	if (crew->begins)
		begin_phase(member);
	if (member->round.count && member->round.phase == crew->phase)
		play(member);
	return true;
}

static bool play_round(struct member *member)
{
	const struct crew *crew = member->crew;
	for (uint32_t turn = 0; turn < crew->sides; turn++)
		if (!play_turn(member, turn))
			return false;
	if (member->round.count && member->round.phase == crew->phase)
		leave_round(member);
	return true;
}

static void play_rounds(struct member *member)
{
	struct crew *crew = member->crew;
	const int *cpus = crew->pass->cpus;
	if (cpus && member->index) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET((size_t)cpus[member->index], &set);
		pthread_setaffinity_np(pthread_self(), sizeof set, &set);
	}
	struct thread_settings settings;
	thread_settings_read(&settings);
	if (crew->timed)
		taint_open(&member->taint, !crew->player->pairs);
	if (crew->count > 1)
		measure_barriers(member);
	next_round(member, true);
	while (play_round(member))
		next_round(member, false);
	if (crew->timed)
		taint_close(&member->taint);
	if (member->index) /* conduct knows the first one's */
		member->changed = thread_settings_restore(&settings, &member->stays);
}

static void *thread_main(void *argument)
{
	struct member *member = argument;
	enum start start;
	while ((start = atomic_load(&member->crew->start)) == START_WAIT)
		sched_yield();
	if (start == START_GO)
		play_rounds(member);
	return NULL;
}

/* On cache lines. */
static int open_rings(struct crew *crew)
{
	crew->ring_memory = memory_zeroed((size_t)crew->count * crew->sides + 1, sizeof crew->rings[0]);
	crew->rings = (struct ring *)(((uintptr_t)crew->ring_memory + alignof(struct ring) - 1) &
				      ~(uintptr_t)(alignof(struct ring) - 1));
	return crew->ring_memory ? 0 : -1;
}

static int open_engine(struct crew *crew, uint32_t index, enum result_side side, struct error *error)
{
	const struct pass *pass = crew->pass;
	const struct pass_rival own = {pass->spec, pass->arena, pass->lock};
	const struct pass_rival *plays = side == RESULT_SIDE_ARM ? &own : pass->rival;
	struct member *member = &crew->members[index];
	struct ring *rings = crew->rings ? crew->rings + (size_t)side * crew->count : NULL;
	struct engine_surroundings surroundings = {
		.lock = crew->timed && plays->lock != LOCK_NONE ? &crew->locks[side] : NULL,
		.joined = index ? &crew->members[0].engines[side] : NULL,
		.cpu = index,
		.threads = crew->count,
		.inbox = rings ? &rings[index] : NULL,
		.outbox = rings ? &rings[(index + 1) % crew->count] : NULL,
		.map_event = crew->player->map_event,
		.map_context = crew->context,
	};
	pass_tell_side(pass, side);
	crew->at_fault = side;
	return engine_open_in(&member->engines[side], pass->workload, member->source->stream, plays->spec, plays->arena,
			      &surroundings, error);
}

/* Which side is created first is chance, too. */
static int open_member(struct crew *crew, uint32_t index, struct error *error)
{
	struct member *member = &crew->members[index];
	member->crew = crew;
	member->index = index;
	member->source = crew->rings ? &crew->pass->sources[index] : crew->pass->source;
	op_source_rewind(member->source);
	for (uint32_t turn = 0; turn < crew->sides; turn++)
		if (open_engine(crew, index, (enum result_side)((crew->first + turn) % crew->sides), error) < 0)
			return -1;
	return 0;
}

static int open_members(struct crew *crew, struct error *error)
{
	crew->members = memory_zeroed(crew->count, sizeof crew->members[0]);
	if (!crew->members || (crew->count > 1 && open_rings(crew) < 0))
		return error_set(error, EXIT_CODE_IO, "no memory for %u threads", crew->count);
	for (uint32_t i = 0; i < crew->count; i++)
		if (open_member(crew, i, error) < 0)
			return -1;
	return 0;
}

/* The tape of the run, whose physical side was timed when it was recorded. */
static int play_to_tape(struct crew *crew)
{
	const struct pass *pass = crew->pass;
	for (uint32_t side = 0; side < crew->sides; side++)
		engine_play_to(&crew->members[0].engines[side], &pass->tape->tape);
	for (size_t i = 0; crew->player->tells_frames && i < pass->record->phase_count; i++)
		if (!isnan(pass->tape->ns_per_op[i]))
			result_set(&pass->record->phases[i].figures, METRIC_PHYSICAL_NS_PER_OP, pass->tape->ns_per_op[i]);
	crew->taped = true;
	return 0;
}

/* One thread's sides play to a tape where they can. */
static int open_recorder(struct crew *crew, struct error *error)
{
	const struct pass *pass = crew->pass;
	struct member *first = &crew->members[0];
	enum result_reason refusal = engine_tape_refusal(&first->engines[0], pass->workload);
	if (refusal == RESULT_REASON_COUNT && crew->count > 1)
		refusal = RESULT_REASON_SEVERAL_THREADS;
	for (size_t i = 0; refusal != RESULT_REASON_COUNT && crew->player->tells_frames && i < pass->record->phase_count;
	     i++)
		result_set_null_of(&pass->record->phases[i].figures, METRIC_SOURCE_FRAMES, refusal);
	if (refusal != RESULT_REASON_COUNT)
		return 0;
	if (pass->tape)
		return play_to_tape(crew);
	crew->taped = crew->timed;
	return !crew->timed ? 0
			    : recorder_open(&crew->recorder, pass->workload, first->source->stream, pass->clock,
					    first->engines, crew->sides, error);
}

/* The first one owns what the others play on. */
static void close_members(struct crew *crew)
{
	for (uint32_t i = crew->count; crew->members && i-- > 0;)
		for (uint32_t side = 0; side < crew->sides; side++) {
			pass_tell_side(crew->pass, (enum result_side)side);
			engine_close(&crew->members[i].engines[side]);
		}
	recorder_close(&crew->recorder);
	memory_release(crew->members);
	memory_release(crew->ring_memory);
}

static const char *name_of(const struct crew *crew)
{
	return crew->count > 1 && !crew->player->pairs ? PASS_TOGETHER : crew->player->name;
}

static int run_members(struct crew *crew, struct error *error)
{
	uint32_t running = 1;
	int failure = 0;
	while (running < crew->count && failure == 0) {
		struct member *member = &crew->members[running];
		failure = pthread_create(&member->thread, NULL, thread_main, member);
		running += failure == 0;
	}
	atomic_store(&crew->start, failure ? START_FAILED : START_GO);
	if (!failure)
		play_rounds(&crew->members[0]);
	for (uint32_t i = 1; i < running; i++)
		pthread_join(crew->members[i].thread, NULL);
	conduct_played(crew->pass->conduct, name_of(crew), crew->timed);
	for (uint32_t i = 1; i < crew->count; i++)
		conduct_changed(crew->pass->conduct, crew->members[i].changed, crew->members[i].stays, name_of(crew), true);
	if (failure)
		return error_set(error, EXIT_CODE_IO, "cannot start thread %u of %u: %s", running + 1, crew->count,
				 strerror(failure));
	return crew->result;
}

static int end_drivers(struct crew *crew)
{
	int result = 0;
	for (uint32_t side = 0; side < crew->sides && result == 0; side++) {
		pass_tell_side(crew->pass, (enum result_side)side);
		crew->at_fault = (enum result_side)side;
		result = engine_end_driver(&crew->members[0].engines[side], crew->error);
	}
	return result;
}

static int play_opened(struct crew *crew)
{
	const struct crew_player *player = crew->player;
	conduct_opened(crew->pass->conduct);
	int result = player->opened ? player->opened(crew->context, crew->members[0].engines, crew->error) : 0;
	if (result == 0)
		result = run_members(crew, crew->error);
	if (result == 0)
		result = player->ended ? player->ended(crew->context, crew->error) : end_drivers(crew);
	return result;
}

uint64_t crew_play_polls_apart(const struct pass *pass, struct engine *engine, struct op_piece part)
{
	const struct clock *clock = pass->clock;
	uint64_t poll_ticks = 0;
	for (size_t at = 0;; at++) {
		at += engine_play_to_poll(engine, part.ops + at, part.count - at);
		if (at == part.count)
			return poll_ticks;
		uint32_t cpu;
		uint64_t start = clock_start(clock);
		engine_poll(engine, &part.ops[at]);
		uint64_t stop = clock_stop(clock, &cpu);
		pass->record->clock_backward += stop < start;
		poll_ticks += stop < start ? 0 : stop - start;
	}
}

int crew_play(struct pass *pass, const struct crew_player *player, void *context, struct error *error)
{
	assert(player->play && player->round_ended && player->phase_ended);
	assert(player->audits || pass->threads <= 1 || pass->sources);
	assert(!player->pairs || (pass->rival && !player->audits));
	struct crew crew = {
		.pass = pass,
		.player = player,
		.context = context,
		.count = player->audits || pass->threads < 1 ? 1 : pass->threads,
		.sides = player->pairs ? RESULT_SIDES : 1,
		.timed = !player->audits,
		.error = error,
	};
	lock_open(&crew.locks[RESULT_SIDE_ARM], pass->lock);
	lock_open(&crew.locks[RESULT_SIDE_AGAINST], player->pairs ? pass->rival->lock : LOCK_NONE);
	rng_seed(&crew.rng, pass->workload->seed * UINT64_C(0x9e3779b97f4a7c15) + pass->round);
	crew.first = (enum result_side)rng_below(&crew.rng, crew.sides);
	int result = open_members(&crew, error);
	if (result == 0)
		result = open_recorder(&crew, error);
	if (result == 0)
		result = play_opened(&crew);
	close_members(&crew);
	pass_tell_side(pass, crew.at_fault);
	conduct_closed(pass->conduct, name_of(&crew), crew.timed);
	for (uint32_t side = 0; side < RESULT_SIDES; side++)
		lock_close(&crew.locks[side]);
	return result;
}
