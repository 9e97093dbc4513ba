/* SPDX-License-Identifier: MIT
 * Rules of what not every allocator has: directions, a longest length, caches, CPUs that leave. */
#include "verify/judges.h"

#include "verify/player.h"

#include <inttypes.h>

/* One call of a case, and what is wrong with its answer. */
typedef const char *(*judge_call)(struct verify_player *player, const struct verify_op *op);

static const char *judge_calls(struct verify_look *look, judge_call judge)
{
	struct verify_player player;
	const struct verify_case *one = look->played;
	const char *wrong = verify_player_begin(&player, look->subject, one, VERIFY_MEMORY_SUFFICES);
	for (size_t i = 0; !wrong && player.instance.table && i < one->count; i++) {
		look->mail->op = i;
		wrong = judge(&player, &one->ops[i]);
	}
	look->mail->calls += one->count;
	return verify_player_leave(&player, wrong);
}

#define DIRECTIONS (IOVA_CONSTRAIN_BOTTOM | IOVA_CONSTRAIN_TOP)

/* What is cached or deferred is no place that could be given. */
static const char *call_directed(struct verify_player *player, const struct verify_op *op)
{
	struct verify_answer answer;
	const struct iova_request request = verify_request(op);
	bool top = op->constraints & IOVA_CONSTRAIN_TOP, found = false;
	uint64_t place = 0;
	if (op->kind == VERIFY_ALLOC && op->constraints & DIRECTIONS && !player->slots[op->slot].taken) {
		verify_player_drain(player);
		found = verify_find_place(player, &request, player->subject->promise, top, &place);
	}
	const char *wrong = verify_player_call(player, op, &answer);
	if (wrong || !found)
		return wrong;
	uint64_t first = player->slots[op->slot].extent.first;
	if (answer.status != IOVA_OK)
		return verify_say("IOVA_NO_SPACE for %" PRIu64 " pages, although page 0x%" PRIx64 " could be given",
				  op->count, place);
	if (top ? first >= place : first <= place)
		return verify_check_constraints(player, op);
	return verify_say("page 0x%" PRIx64 " was given, and the %s place is page 0x%" PRIx64, first,
			  top ? "highest" : "lowest", place);
}

const char *judge_direction(struct verify_look *look)
{
	return judge_calls(look, call_directed);
}

static const char *call_longest(struct verify_player *player, const struct verify_op *op)
{
	struct verify_answer answer;
	uint64_t longest = allocator_instance_length_max(&player->instance);
	bool all_free = player->live_pages == 0;
	const char *wrong = verify_player_call(player, op, &answer);
	if (wrong || op->kind != VERIFY_ALLOC || !answer.called)
		return wrong;
	if (answer.status == IOVA_OK && op->count > longest)
		return verify_say("%" PRIu64 " pages were found, and length_max is %" PRIu64, op->count, longest);
	if (answer.status != IOVA_OK && op->count <= longest && all_free && !op->constraints)
		return verify_say("%" PRIu64 " pages were not found, although all is free and length_max is %" PRIu64,
				  op->count, longest);
	return NULL;
}

const char *judge_longest(struct verify_look *look)
{
	return judge_calls(look, call_longest);
}

static struct iova_statistics statistics_of(const struct verify_player *player)
{
	struct iova_statistics statistics = {0};
	player->instance.table->statistics(player->instance.self, &statistics);
	return statistics;
}

static const char *call_undrained(struct verify_player *player, const struct verify_op *op)
{
	struct verify_answer answer;
	const struct iova_statistics before = statistics_of(player);
	const char *wrong = verify_player_call(player, op, &answer);
	const struct iova_statistics after = statistics_of(player);
	if (wrong || !(op->constraints & IOVA_CONSTRAIN_NO_DRAIN) || answer.status != IOVA_NO_SPACE)
		return wrong;
	if (before.cached_pages == after.cached_pages && before.deferred_pages == after.deferred_pages)
		return NULL;
	return verify_say("%" PRIu64 " pages were cached and %" PRIu64 " deferred before a failure, %" PRIu64
			  " and %" PRIu64 " after it",
			  before.cached_pages, before.deferred_pages, after.cached_pages, after.deferred_pages);
}

const char *judge_undrained(struct verify_look *look)
{
	return judge_calls(look, call_undrained);
}

static const char *call_leaving(struct verify_player *player, const struct verify_op *op)
{
	struct verify_answer answer;
	const struct iova_statistics before = statistics_of(player);
	const char *wrong = verify_player_call(player, op, &answer);
	if (wrong || op->kind != VERIFY_LEAVE)
		return wrong;
	const struct iova_statistics after = statistics_of(player);
	if (after.usable_pages < before.usable_pages || after.cached_pages > before.cached_pages)
		return verify_say(
			"CPU %u leaves: %" PRIu64 " pages were usable and %" PRIu64 " cached, now %" PRIu64 " and %" PRIu64,
			op->cpu, before.usable_pages, before.cached_pages, after.usable_pages, after.cached_pages);
	wrong = verify_check_visit(player);
	if (!wrong)
		wrong = verify_check_statistics(player);
	return !wrong && player->space.count <= INVARIANT_PAGES ? verify_check_invariant(player) : wrong;
}

const char *judge_leaving(struct verify_look *look)
{
	return judge_calls(look, call_leaving);
}
