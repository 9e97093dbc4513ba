/* SPDX-License-Identifier: MIT
 * Rules that one instance shows. */
#include "verify/judges.h"

#include "verify/player.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	CHECK_CONSTRAINTS = 1,
	CHECK_VISIT = 2,
	CHECK_STATISTICS = 4,
	CHECK_INVARIANT = 8,
	CHECK_FOUND = 16, /* IOVA_NO_SPACE only if the promise allows it */
};
#define CHECK_STATE (CHECK_VISIT | CHECK_STATISTICS | CHECK_INVARIANT)

/* In a larger space a look at all of it comes now and then. */
#define LOOKED_AT_PAGES 4096u
#define LOOKS_LARGE 64u

static const char *check_state(const struct verify_player *player, unsigned checks)
{
	const char *wrong = NULL;
	if (checks & CHECK_VISIT)
		wrong = verify_check_visit(player);
	if (!wrong && checks & CHECK_STATISTICS)
		wrong = verify_check_statistics(player);
	if (!wrong && checks & CHECK_INVARIANT && player->space.count <= INVARIANT_PAGES)
		wrong = verify_check_invariant(player);
	return wrong;
}

static const char *promise_broken(const struct verify_op *op)
{
	return verify_say("IOVA_NO_SPACE for %" PRIu64 " pages, although there is a place that was promised to be found",
			  op->count);
}

static const char *play_call(struct verify_player *player, const struct verify_op *op, unsigned checks, bool looks)
{
	struct verify_answer answer;
	bool must_find = false;
	if (checks & CHECK_FOUND && op->kind == VERIFY_ALLOC && !player->slots[op->slot].taken && looks) {
		const struct iova_request request = verify_request(op);
		must_find = verify_has_place(player, &request, player->subject->promise);
	}
	const char *wrong = verify_player_call(player, op, &answer);
	if (wrong || !answer.called)
		return wrong;
	bool fails = answer.status != IOVA_OK;
	if (must_find && fails)
		return promise_broken(op);
	if (op->kind == VERIFY_PLACE && fails && answer.status != IOVA_TAKEN)
		return "place fails with memory and space enough";
	if (op->kind == VERIFY_ALLOC && !fails && checks & CHECK_CONSTRAINTS)
		wrong = verify_check_constraints(player, op);
	return wrong || !looks ? wrong : check_state(player, checks);
}

/* Plays the case from its beginning to its end. */
static const char *play_calls(struct verify_player *player, struct verify_look *look, unsigned checks)
{
	const struct verify_case *one = look->played;
	size_t often = one->space.count <= LOOKED_AT_PAGES ? 1 : one->count / LOOKS_LARGE + 1;
	const char *wrong = NULL;
	for (size_t i = 0; !wrong && i < one->count; i++) {
		look->mail->op = i;
		bool looks = often == 1 || i % often == 0 || i + 1 == one->count;
		wrong = play_call(player, &one->ops[i], checks, looks);
	}
	if (!wrong)
		look->mail->op = one->count;
	look->mail->calls += look->mail->op;
	return wrong;
}

static const char *play(struct verify_look *look, unsigned checks)
{
	struct verify_player player;
	const char *wrong = verify_player_begin(&player, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	if (!wrong && !player.instance.table)
		look->mail->refused++;
	else if (!wrong)
		wrong = play_calls(&player, look, checks);
	return verify_player_leave(&player, wrong);
}

const char *judge_table(struct verify_look *look)
{
	const struct allocator_spec *spec = &look->subject->spec;
	for (size_t i = 0; i < spec->count; i++) {
		const char *fault = allocator_table_fault(spec->parts[i].table);
		if (fault)
			return fault;
	}
	return NULL;
}

const char *judge_overlap(struct verify_look *look)
{
	return play(look, 0);
}

const char *judge_constraints(struct verify_look *look)
{
	return play(look, CHECK_CONSTRAINTS);
}

const char *judge_found(struct verify_look *look)
{
	return play(look, CHECK_FOUND);
}

const char *judge_visit(struct verify_look *look)
{
	return play(look, CHECK_VISIT);
}

const char *judge_statistics(struct verify_look *look)
{
	return play(look, CHECK_STATISTICS);
}

const char *judge_invariant(struct verify_look *look)
{
	return play(look, CHECK_INVARIANT);
}

const char *judge_state(struct verify_look *look)
{
	return play(look, CHECK_STATE | CHECK_FOUND);
}

/* What an allocator does without the capability is not for sale as one. */
const char *judge_late_place(struct verify_look *look)
{
	struct verify_player player;
	struct verify_answer answer;
	const struct verify_case *one = look->played;
	bool allocated = false;
	const char *wrong = verify_player_begin(&player, look->subject, one, VERIFY_MEMORY_SUFFICES);
	for (size_t i = 0; !wrong && player.instance.table && i < one->count; i++) {
		const struct verify_op *op = &one->ops[i];
		look->mail->op = i;
		wrong = verify_player_call(&player, op, &answer);
		if (!wrong && op->kind == VERIFY_PLACE && answer.called && allocated && answer.status != IOVA_UNSUPPORTED)
			wrong = "without IOVA_EXPLICIT it places after the first allocation";
		allocated |= op->kind == VERIFY_ALLOC && answer.called;
		if (!wrong)
			wrong = check_state(&player, CHECK_STATE);
	}
	return verify_player_leave(&player, wrong);
}

/* After a drain nothing is cached or deferred, and no page is lost. */
const char *judge_drain(struct verify_look *look)
{
	struct verify_player player;
	struct iova_statistics statistics;
	const char *wrong = verify_player_begin(&player, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	if (!wrong && player.instance.table)
		wrong = play_calls(&player, look, 0);
	if (!wrong && player.instance.table) {
		verify_player_drain(&player);
		player.instance.table->statistics(player.instance.self, &statistics);
		if (statistics.cached_pages || statistics.deferred_pages)
			wrong = verify_say("after drain %" PRIu64 " pages are cached and %" PRIu64 " deferred",
					   statistics.cached_pages, statistics.deferred_pages);
		else
			wrong = check_state(&player, CHECK_STATE);
	}
	return verify_player_leave(&player, wrong);
}

const char *judge_space(struct verify_look *look)
{
	struct verify_player player;
	struct iova_statistics statistics;
	const char *wrong = verify_player_begin(&player, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	if (!wrong && !player.instance.table)
		look->mail->refused++;
	else if (!wrong)
		wrong = play_calls(&player, look, CHECK_CONSTRAINTS);
	if (!wrong && player.instance.table) {
		/* Free runs of a huge space may be many pages to look at. */
		bool small = player.space.count <= UINT64_C(1) << 16;
		wrong = check_state(&player, small ? CHECK_STATISTICS | CHECK_INVARIANT : CHECK_STATISTICS);
		verify_player_free_all(&player);
		player.instance.table->statistics(player.instance.self, &statistics);
		uint64_t sum = statistics.usable_pages + statistics.cached_pages + statistics.deferred_pages;
		if (!wrong && sum != player.space.count)
			wrong = verify_say("after all frees %" PRIu64 " of %" PRIu64 " pages are free", sum,
					   player.space.count);
	}
	return verify_player_leave(&player, wrong);
}

const char *judge_no_leak(struct verify_look *look)
{
	return play(look, CHECK_CONSTRAINTS);
}

/* The request for memory fails in one call; that one, and those behind it, leave all as it was. */
static const char *call_without_memory(struct verify_player *player, const struct verify_op *op)
{
	static struct verify_snapshot before, after;
	struct verify_answer answer;
	bool places = op->kind != VERIFY_FREE;
	if (places)
		verify_snapshot_take(player, &before);
	const char *wrong = verify_player_call(player, op, &answer);
	if (wrong || !places || !answer.called || answer.status != IOVA_NO_MEMORY)
		return wrong;
	verify_snapshot_take(player, &after);
	if (!verify_snapshot_equal(&before, &after))
		return "the free pages differ after IOVA_NO_MEMORY";
	return player->space.count <= INVARIANT_PAGES ? verify_check_invariant(player) : NULL;
}

/* So long in a large space, or slow is who looks at every page of it. */
#define LARGE_SECONDS 0.1

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One that never asks in a large space is not looked at there: its free runs may be many. */
static bool asks_for_memory(struct verify_look *look)
{
	struct verify_player player;
	struct verify_answer answer;
	const struct verify_case *one = look->played;
	const char *wrong = verify_player_begin(&player, look->subject, one, VERIFY_MEMORY_SUFFICES);
	uint64_t before = player.host.requests;
	double begin = seconds_now();
	for (size_t i = 0; !wrong && player.instance.table && i < one->count; i++) {
		look->mail->op = i;
		wrong = verify_player_call(&player, &one->ops[i], &answer);
		if (seconds_now() - begin > LARGE_SECONDS)
			break;
	}
	bool asks = player.host.requests - before > one->failing_memory;
	verify_player_leave(&player, wrong);
	return asks;
}

const char *judge_no_memory(struct verify_look *look)
{
	struct verify_player player;
	const struct verify_case *one = look->played;
	bool create = !one->count;
	look->mail->op = 0;
	if (one->space.count > INVARIANT_PAGES && !asks_for_memory(look)) {
		look->enough = true;
		return NULL;
	}
	const char *wrong =
		verify_player_begin(&player, look->subject, one, create ? one->failing_memory : VERIFY_MEMORY_SUFFICES);
	uint64_t fails_at = create ? one->failing_memory : player.host.requests + one->failing_memory;
	player.host.failing_request = fails_at;
	for (size_t i = 0; !wrong && player.instance.table && i < one->count; i++) {
		look->mail->op = i;
		wrong = call_without_memory(&player, &one->ops[i]);
	}
	look->mail->calls += one->count;
	look->enough = player.host.requests <= fails_at;
	if (!wrong && !create && player.instance.table && player.space.count <= LOOKED_AT_PAGES)
		wrong = verify_check_visit(&player);
	return verify_player_leave(&player, wrong);
}

/* Threads that call one instance at the same time, each with slots of its own. */
struct crew {
	struct verify_look *look;
	struct verify_player *player;
	atomic_uint_fast64_t *pages; /* a bit for each that lives */
	_Atomic(const char *) wrong;
};
struct hand {
	struct crew *crew;
	uint32_t number;
	pthread_t thread;
};

static void mark_together(struct crew *crew, const struct iova_extent *extent, bool live)
{
	uint64_t begin = extent->first - crew->player->space.first;
	for (uint64_t page = begin; page < begin + extent->count; page++) {
		uint64_t bit = UINT64_C(1) << page % 64;
		uint64_t before = live ? atomic_fetch_or(&crew->pages[page / 64], bit)
				       : atomic_fetch_and(&crew->pages[page / 64], ~bit);
		if (live && before & bit)
			crew->wrong = "two extents that threads hold at the same time overlap";
	}
}

static void call_together(struct hand *hand, const struct verify_op *op)
{
	struct crew *crew = hand->crew;
	struct verify_player *player = crew->player;
	const struct iova_request request = verify_request(op);
	struct iova_extent *extent = &player->slots[op->slot].extent;
	if (op->kind == VERIFY_ALLOC && !extent->count) {
		struct iova_extent given;
		if (player->instance.table->alloc(player->instance.self, &request, op->cpu, &given) != IOVA_OK)
			return;
		uint64_t begin = given.first - player->space.first;
		if (given.count < op->count || begin >= player->space.count || given.count > player->space.count - begin) {
			crew->wrong = "an extent is too short or leaves the space";
			return;
		}
		mark_together(crew, &given, true);
		*extent = given;
	} else if (op->kind == VERIFY_FREE && extent->count) {
		mark_together(crew, extent, false);
		player->instance.table->free(player->instance.self, extent, op->cpu);
		extent->count = 0;
	}
}

static void *work(void *context)
{
	struct hand *hand = context;
	const struct verify_case *one = hand->crew->look->played;
	for (size_t i = 0; i < one->count && !hand->crew->wrong; i++)
		if (one->ops[i].slot % MAKE_THREADS == hand->number)
			call_together(hand, &one->ops[i]);
	return NULL;
}

const char *judge_threads(struct verify_look *look)
{
	struct verify_player player;
	struct hand hands[MAKE_THREADS];
	uint32_t started = 0;
	struct crew crew = {.look = look, .player = &player};
	const char *wrong = verify_player_begin(&player, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	crew.pages = calloc(look->played->space.count / 64 + 1, sizeof *crew.pages);
	if (!wrong && !crew.pages)
		wrong = "verify has no memory";
	for (; !wrong && player.instance.table && started < MAKE_THREADS; started++) {
		hands[started] = (struct hand){.crew = &crew, .number = started};
		if (pthread_create(&hands[started].thread, NULL, work, &hands[started]))
			wrong = "verify can start no thread";
	}
	for (uint32_t i = 0; i < started; i++)
		pthread_join(hands[i].thread, NULL);
	look->mail->op = look->played->count;
	look->mail->calls += look->played->count;
	if (!wrong)
		wrong = crew.wrong;
	if (!wrong && player.instance.table)
		wrong = verify_player_adopt(&player);
	if (!wrong && player.instance.table)
		wrong = check_state(&player, CHECK_STATE);
	free(crew.pages);
	return verify_player_leave(&player, wrong);
}
