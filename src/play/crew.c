/* SPDX-License-Identifier: MIT */
#include "play/crew.h"

#include "base/memory.h"
#include "play/engine_ddi.h"
#include "play/taint.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* Looks at the barrier before a thread lets others have its CPU. */
#define BARRIER_SPINS 4096u

struct crew;

struct member {
	struct crew *crew;
	uint32_t index;
	pthread_t thread;
	struct engine engine;
	struct op_source *source;
	struct op_piece piece; /* from the source; count 0: the end */
	size_t played_words;   /* of the piece */
	size_t part_words;     /* of its parts, about */
	struct op_piece round; /* to be played next, of the piece; count 0: nothing */
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
	bool timed;
	struct lock lock;
	struct ring *rings;
	void *ring_memory;
	_Atomic enum start start;
	/* Barrier. */
	_Atomic uint32_t arrived, turns;
	/* Written by the first thread between two barriers. */
	size_t phase;
	bool inside, begins, stop;
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

/* Once a piece was played. */
static void next_piece(struct member *member)
{
	const struct pass *pass = member->crew->pass;
	bool alone = member->crew->count == 1;
	if (alone)
		pass_own_work(pass, true);
	if (alone && member->piece.count)
		engine_note_placement(&member->engine, member->piece.ops, member->piece.count);
	member->piece = op_source_next(member->source);
	member->played_words = 0;
	member->part_words = part_length(member->crew, member->piece);
	if (alone)
		pass_own_work(pass, false);
}

/* What to play next; a round that others made wait is still there. The last piece has no words, and no next one. */
static void next_round(struct member *member, bool first)
{
	if (member->round.count)
		return;
	if (first || (member->piece.count && member->played_words == member->piece.count))
		next_piece(member);
	member->round = rest_of_piece(member);
	if (member->crew->count == 1 && member->round.count)
		member->round.count = part_words(member, member->round);
}

/* Parts of the round. */
static uint64_t play_parts(struct member *member)
{
	struct crew *crew = member->crew;
	struct op_piece words = member->round;
	uint64_t left_out = 0;
	while (words.count) {
		struct op_piece part = {words.ops, part_words(member, words), words.phase};
		left_out += crew->player->play(crew->context, member->index, &member->engine, part);
		*crew->pass->progress += part.count;
		words.ops += part.count;
		words.count -= part.count;
	}
	return left_out;
}

static void play(struct member *member, uint64_t operations)
{
	struct crew *crew = member->crew;
	const struct clock *clock = crew->pass->clock;
	struct engine *engine = &member->engine;
	struct crew_round before = {.failures = engine->failures,
				    .starved = engine->starved,
				    .ring_full = engine->ring_full,
				    .operations = engine->received - engine->skipped};
	if (crew->player->ready)
		crew->player->ready(crew->context, member->index, member->round);
	if (crew->timed) {
		uint32_t from, to;
		taint_before(&member->taint);
		member->start = clock_start_on(clock, &from);
		uint64_t left_out = play_parts(member);
		member->stop = clock_stop(clock, &to);
		member->tainted = taint_after(&member->taint) || from != to;
		member->start += left_out;
	} else {
		play_parts(member);
	}
	/* Words that send or receive are no operations; the frees that come of them are. */
	member->did.operations = operations + engine->received - engine->skipped - before.operations;
	member->did.words = member->round.count;
	member->did.failures = engine->failures - before.failures;
	member->did.starved = engine->starved - before.starved;
	member->did.ring_full = engine->ring_full - before.ring_full;
	member->played = true;
	/* Whoever still sends must not wait for this thread. */
	if (engine->inbox)
		atomic_store_explicit(&engine->inbox->closed, true, memory_order_release);
	member->played_words = engine->broken == IOVA_OK ? member->played_words + member->round.count : member->piece.count;
	member->round.count = 0;
}

/* What nobody may play on after; fatal misuse is what an audit looks for. */
static int end_of_broken(struct crew *crew, struct member *member)
{
	crew->stop = true;
	return crew->player->audits && engine_fatal(&member->engine) ? 0 : engine_broken(&member->engine, crew->error);
}

static void end_round(struct crew *crew)
{
	struct crew_round round = {.phase = crew->phase};
	uint64_t start = UINT64_MAX, stop = 0;
	for (uint32_t i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		if (member->engine.broken != IOVA_OK && crew->result == 0)
			crew->result = end_of_broken(crew, member);
		if (!member->played)
			continue;
		member->played = false;
		start = member->start < start ? member->start : start;
		stop = member->stop > stop ? member->stop : stop;
		round.operations += member->did.operations;
		round.words += member->did.words;
		round.failures += member->did.failures;
		round.starved += member->did.starved;
		round.ring_full += member->did.ring_full;
		round.tainted |= member->tainted;
	}
	round.tainted |= stop < start;
	crew->pass->record->clock_backward += stop < start;
	round.ns = stop < start ? 0 : (double)(stop - start) * crew->pass->clock->ns_per_tick;
	if (crew->result == 0)
		crew->result = crew->player->round_ended(crew->context, &round, crew->error);
}

/* The first thread's part while nobody plays: what was done is told, what comes next is said. */
static void direct(struct crew *crew)
{
	size_t next = SIZE_MAX;
	for (uint32_t i = 0; i < crew->count; i++)
		if (crew->members[i].round.count && crew->members[i].round.phase < next)
			next = crew->members[i].round.phase;
	if (crew->inside)
		end_round(crew);
	next = crew->stop ? SIZE_MAX : next;
	crew->begins = !crew->inside || next != crew->phase;
	if (crew->inside && crew->begins && crew->result == 0)
		crew->result = crew->player->phase_ended(crew->context, &crew->members[0].engine, crew->phase, crew->error);
	for (uint32_t i = 0; i < crew->count && crew->rings; i++)
		atomic_store(&crew->rings[i].closed, !crew->members[i].round.count || crew->members[i].round.phase != next);
	crew->phase = next;
	crew->inside = true;
	crew->stop = next == SIZE_MAX || crew->result < 0;
}

static void begin_phase(struct member *member)
{
	const struct crew_player *player = member->crew->player;
	engine_phase_begin(&member->engine);
	if (player->phase_begins)
		player->phase_begins(member->crew->context, member->index, member->crew->phase);
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
		taint_open(&member->taint);
	for (bool first = true;; first = false) {
		next_round(member, first);
		/* Also brings the words into this CPU's cache. */
		uint64_t operations = op_count_operations(member->round.ops, member->round.count);
		wait_for_all(crew);
		engine_drain_inbox(&member->engine);
		if (member->index == 0)
			direct(crew);
		wait_for_all(crew);
		if (crew->stop)
			break;
		if (crew->begins)
			begin_phase(member);
		if (member->round.count && member->round.phase == crew->phase)
			play(member, operations);
	}
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
	crew->ring_memory = memory_zeroed(crew->count + 1, sizeof crew->rings[0]);
	crew->rings = (struct ring *)(((uintptr_t)crew->ring_memory + alignof(struct ring) - 1) &
				      ~(uintptr_t)(alignof(struct ring) - 1));
	return crew->ring_memory ? 0 : -1;
}

static int open_member(struct crew *crew, uint32_t index, struct error *error)
{
	struct pass *pass = crew->pass;
	struct member *member = &crew->members[index];
	struct engine_surroundings surroundings = {
		.lock = crew->timed && pass->lock != LOCK_NONE ? &crew->lock : NULL,
		.joined = index ? &crew->members[0].engine : NULL,
		.cpu = index,
		.inbox = crew->rings ? &crew->rings[index] : NULL,
		.outbox = crew->rings ? &crew->rings[(index + 1) % crew->count] : NULL,
		.map_event = crew->player->map_event,
		.map_context = crew->context,
	};
	member->crew = crew;
	member->index = index;
	member->source = crew->rings ? &pass->sources[index] : pass->source;
	op_source_rewind(member->source);
	return engine_open_in(&member->engine, pass->workload, member->source->stream, pass->spec, pass->arena,
			      &surroundings, error);
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

static const char *name_of(const struct crew *crew)
{
	return crew->count > 1 ? PASS_TOGETHER : crew->player->name;
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

static int play_opened(struct crew *crew)
{
	const struct crew_player *player = crew->player;
	struct engine *first = &crew->members[0].engine;
	conduct_opened(crew->pass->conduct);
	int result = player->opened ? player->opened(crew->context, first, crew->error) : 0;
	if (result == 0)
		result = run_members(crew, crew->error);
	if (result == 0)
		result = player->ended ? player->ended(crew->context, crew->error) : engine_end_driver(first, crew->error);
	return result;
}

int crew_play(struct pass *pass, const struct crew_player *player, void *context, struct error *error)
{
	assert(player->play && player->round_ended && player->phase_ended);
	assert(player->audits || pass->threads <= 1 || pass->sources);
	struct crew crew = {
		.pass = pass,
		.player = player,
		.context = context,
		.count = player->audits || pass->threads < 1 ? 1 : pass->threads,
		.timed = !player->audits,
		.error = error,
	};
	lock_open(&crew.lock, pass->lock);
	int result = open_members(&crew, error);
	if (result == 0)
		result = play_opened(&crew);
	/* The first one owns what the others play on. */
	for (uint32_t i = crew.count; crew.members && i-- > 0;)
		engine_close(&crew.members[i].engine);
	conduct_closed(pass->conduct, name_of(&crew), crew.timed);
	memory_release(crew.members);
	memory_release(crew.ring_memory);
	lock_close(&crew.lock);
	return result;
}
