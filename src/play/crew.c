/* SPDX-License-Identifier: MIT */
#include "play/crew.h"

#include "base/memory.h"
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
	struct op_piece piece; /* played next; count 0: the end */
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

/* Also brings the words into this CPU's cache. */
static uint64_t count_operations(struct op_piece piece)
{
	uint64_t operations = 0;
	for (size_t i = 0; i < piece.count; i++)
		operations += !op_is_control(&piece.ops[i]);
	return operations;
}

static void play(struct member *member)
{
	struct crew *crew = member->crew;
	const struct clock *clock = crew->pass->clock;
	struct engine *engine = &member->engine;
	struct crew_round before = {.failures = engine->failures,
				    .starved = engine->starved,
				    .ring_full = engine->ring_full,
				    .operations = engine->received - engine->skipped};
	uint32_t from, to;
	taint_before(&member->taint);
	member->start = clock_start_on(clock, &from);
	crew->player->play(crew->context, member->index, engine, member->piece);
	member->stop = clock_stop(clock, &to);
	member->tainted = taint_after(&member->taint) || from != to;
	/* Words that send or receive are no operations; the frees that come of them are. */
	member->did.operations += engine->received - engine->skipped - before.operations;
	member->did.words = member->piece.count;
	member->did.failures = engine->failures - before.failures;
	member->did.starved = engine->starved - before.starved;
	member->did.ring_full = engine->ring_full - before.ring_full;
	member->played = true;
	/* Whoever still sends must not wait for this thread. */
	atomic_store_explicit(&engine->inbox->closed, true, memory_order_release);
	member->piece.count = 0;
}

static void end_round(struct crew *crew)
{
	struct crew_round round = {.phase = crew->phase};
	uint64_t start = UINT64_MAX, stop = 0;
	for (uint32_t i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		if (member->engine.broken != IOVA_OK && crew->result == 0)
			crew->result = engine_broken(&member->engine, crew->error);
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
		if (crew->members[i].piece.count && crew->members[i].piece.phase < next)
			next = crew->members[i].piece.phase;
	if (crew->inside)
		end_round(crew);
	crew->begins = !crew->inside || next != crew->phase;
	if (crew->inside && crew->begins && crew->result == 0)
		crew->result = crew->player->phase_ended(crew->context, crew->phase, crew->error);
	for (uint32_t i = 0; i < crew->count; i++)
		atomic_store(&crew->rings[i].closed, !crew->members[i].piece.count || crew->members[i].piece.phase != next);
	crew->phase = next;
	crew->inside = true;
	crew->stop = next == SIZE_MAX || crew->result < 0;
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
	taint_open(&member->taint);
	bool ended = false;
	for (;;) {
		if (!member->piece.count && !ended) {
			member->piece = op_source_next(member->source);
			ended = member->piece.count == 0;
		}
		uint64_t operations = count_operations(member->piece);
		wait_for_all(crew);
		engine_drain_inbox(&member->engine);
		if (member->index == 0)
			direct(crew);
		wait_for_all(crew);
		if (crew->stop)
			break;
		if (crew->begins)
			engine_phase_begin(&member->engine);
		if (member->piece.count && member->piece.phase == crew->phase) {
			member->did.operations = operations;
			play(member);
		}
	}
	taint_close(&member->taint);
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

static int open_members(struct crew *crew, struct error *error)
{
	struct pass *pass = crew->pass;
	/* Rings begin on cache lines. */
	crew->ring_memory = memory_zeroed(crew->count + 1, sizeof crew->rings[0]);
	crew->members = memory_zeroed(crew->count, sizeof crew->members[0]);
	if (!crew->ring_memory || !crew->members)
		return error_set(error, EXIT_CODE_IO, "no memory for %u threads", crew->count);
	crew->rings = (struct ring *)(((uintptr_t)crew->ring_memory + alignof(struct ring) - 1) &
				      ~(uintptr_t)(alignof(struct ring) - 1));
	for (uint32_t i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		member->crew = crew;
		member->index = i;
		member->source = &pass->sources[i];
		op_source_rewind(member->source);
		struct engine_surroundings surroundings = {
			.lock = pass->lock == LOCK_NONE ? NULL : &crew->lock,
			.joined = i ? &crew->members[0].engine : NULL,
			.cpu = i,
			.inbox = &crew->rings[i],
			.outbox = &crew->rings[(i + 1) % crew->count],
		};
		if (engine_open_in(&member->engine, pass->workload, member->source->stream, pass->spec, pass->arena,
				   &surroundings, error) < 0)
			return -1;
	}
	return 0;
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
	for (uint32_t i = 0; i < crew->count; i++)
		conduct_changed(crew->pass->conduct, crew->members[i].changed, crew->members[i].stays, PASS_TOGETHER, true);
	if (failure)
		return error_set(error, EXIT_CODE_IO, "cannot start thread %u of %u: %s", running + 1, crew->count,
				 strerror(failure));
	return crew->result;
}

int crew_play(struct pass *pass, const struct crew_player *player, void *context, struct error *error)
{
	assert(pass->threads > 1 && pass->sources);
	struct crew crew = {.pass = pass, .player = player, .context = context, .count = pass->threads, .error = error};
	lock_open(&crew.lock, pass->lock);
	int result = open_members(&crew, error);
	if (result == 0) {
		conduct_opened(pass->conduct);
		result = run_members(&crew, error);
	}
	/* The first one owns what the others play on. */
	for (uint32_t i = crew.count; crew.members && i-- > 0;)
		engine_close(&crew.members[i].engine);
	conduct_closed(pass->conduct, PASS_TOGETHER, true);
	memory_release(crew.members);
	memory_release(crew.ring_memory);
	lock_close(&crew.lock);
	return result;
}
