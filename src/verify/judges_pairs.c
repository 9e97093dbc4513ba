/* SPDX-License-Identifier: MIT
 * Rules that compare two instances. */
#include "verify/judges.h"

#include "verify/player.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Two players of one case. */
struct pair {
	struct verify_player one;
	struct verify_player other;
	struct verify_snapshot before;
	struct verify_snapshot after;
};

/* NULL in *pair: there is no memory. */
static const char *pair_begin(struct pair **pair, const struct verify_look *look)
{
	*pair = calloc(1, sizeof **pair);
	if (!*pair)
		return "verify has no memory";
	const char *wrong = verify_player_begin(&(*pair)->one, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	const char *other = verify_player_begin(&(*pair)->other, look->subject, look->played, VERIFY_MEMORY_SUFFICES);
	if (!wrong && !(*pair)->one.instance.table != !(*pair)->other.instance.table)
		wrong = "of two equal spaces it manages one";
	return wrong ? wrong : other;
}

static bool is_playable(const struct pair *pair, const char *wrong)
{
	return !wrong && pair->one.instance.table;
}

static const char *pair_end(struct pair *pair, const char *wrong)
{
	if (!pair)
		return wrong;
	wrong = verify_player_leave(&pair->one, wrong);
	wrong = verify_player_leave(&pair->other, wrong);
	free(pair);
	return wrong;
}

static bool same_extent(const struct pair *pair, uint32_t slot)
{
	const struct iova_extent *one = &pair->one.slots[slot].extent, *other = &pair->other.slots[slot].extent;
	return one->count == other->count && (!one->count || one->first == other->first);
}

/* Both play the call and must answer the same. */
static const char *in_step(struct pair *pair, const struct verify_op *op, const char *difference)
{
	struct verify_answer answer, other;
	const char *wrong = verify_player_call(&pair->one, op, &answer);
	if (!wrong)
		wrong = verify_player_call(&pair->other, op, &other);
	if (wrong || (answer.status == other.status && (!verify_op_has_slot(op) || same_extent(pair, op->slot))))
		return wrong;
	const struct iova_extent *a = &pair->one.slots[op->slot].extent, *b = &pair->other.slots[op->slot].extent;
	return verify_say("%s: page 0x%" PRIx64 " and page 0x%" PRIx64 " (status %d and %d)", difference, a->first,
			  b->first, (int)answer.status, (int)other.status);
}

static const char *both(struct verify_look *look, bool counted, const char *difference)
{
	struct pair *pair;
	const struct verify_case *one = look->played;
	const char *wrong = pair_begin(&pair, look);
	if (is_playable(pair, wrong)) {
		pair->other.counted = counted;
		for (size_t i = 0; !wrong && i < one->count; i++) {
			look->mail->op = i;
			wrong = in_step(pair, &one->ops[i], difference);
		}
		look->mail->calls += 2 * one->count;
	}
	return pair_end(pair, wrong);
}

const char *judge_repeats(struct verify_look *look)
{
	return both(look, false, "two fresh instances place differently");
}

const char *judge_twins(struct verify_look *look)
{
	return both(look, true, "alloc and alloc_counted place differently");
}

/* One instance plays alone; a second one plays the same while a third does so a few calls behind. */
#define BEHIND 3u

static const char *disturbed(struct verify_look *look, struct pair *pair, const uint64_t *alone)
{
	const struct verify_case *one = look->played;
	struct verify_answer answer;
	for (size_t i = 0; i < one->count; i++) {
		const struct verify_op *op = &one->ops[i];
		look->mail->op = i;
		const char *wrong = verify_player_call(&pair->one, op, &answer);
		uint64_t first = pair->one.slots[op->slot].extent.first;
		if (!wrong && op->kind == VERIFY_ALLOC && first != alone[i])
			wrong = verify_say("what another instance does changes the placement: page 0x%" PRIx64
					   " alone, page 0x%" PRIx64 " beside another one",
					   alone[i], first);
		if (!wrong && i >= BEHIND)
			wrong = verify_player_call(&pair->other, &one->ops[i - BEHIND], &answer);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Where each call of a case placed. */
static const char *note_alone(struct verify_look *look, struct pair *pair, uint64_t *alone)
{
	const struct verify_case *one = look->played;
	struct verify_answer answer;
	const char *wrong = NULL;
	for (size_t i = 0; !wrong && i < one->count; i++) {
		look->mail->op = i;
		wrong = verify_player_call(&pair->one, &one->ops[i], &answer);
		alone[i] = pair->one.slots[one->ops[i].slot].extent.first;
	}
	return wrong;
}

const char *judge_instances(struct verify_look *look)
{
	struct pair *alone, *mixed;
	uint64_t *placed = calloc(look->played->count + 1, sizeof *placed);
	const char *wrong = pair_begin(&alone, look), *wrong_mixed = pair_begin(&mixed, look);
	if (!placed && !wrong)
		wrong = "verify has no memory";
	if (is_playable(alone, wrong) && is_playable(mixed, wrong_mixed)) {
		wrong = note_alone(look, alone, placed);
		if (!wrong)
			wrong_mixed = disturbed(look, mixed, placed);
		look->mail->calls += 3 * look->played->count;
	}
	free(placed);
	wrong_mixed = pair_end(mixed, wrong_mixed);
	return pair_end(alone, wrong ? wrong : wrong_mixed);
}

/* Caches may be emptied by a failure: it changes nothing once they are. */
static const char *empty_caches(struct pair *pair, const struct verify_op *op)
{
	struct verify_answer answer;
	if (!pair->other.instance.table->drain)
		return NULL;
	const char *wrong = verify_player_call(&pair->other, op, &answer);
	pair->other.slots[op->slot].taken = false;
	verify_player_drain(&pair->one);
	verify_player_drain(&pair->other);
	return wrong ? wrong : verify_check_visit(&pair->other);
}

/* A request that nothing can satisfy now. */
static const char *fail_once(struct pair *pair, const struct verify_op *op)
{
	struct verify_player *player = &pair->other;
	struct verify_answer answer;
	const char *wrong = empty_caches(pair, op);
	if (wrong)
		return wrong;
	verify_snapshot_take(player, &pair->before);
	wrong = verify_player_call(player, op, &answer);
	if (wrong)
		return wrong;
	/* Passed over by the other one, which the call has never reached. */
	pair->one.slots[op->slot].taken = true;
	if (answer.status == IOVA_OK)
		return "pages are found that are not free";
	verify_snapshot_take(player, &pair->after);
	if (!verify_snapshot_equal(&pair->before, &pair->after))
		return "the free pages differ after a failure";
	return verify_check_invariant(player);
}

/* Both play the same, but one sees failures in between. One that remembers them plays alone: its free pages must stay. */
const char *judge_failure(struct verify_look *look)
{
	struct pair *pair;
	struct verify_answer answer;
	const struct verify_case *one = look->played;
	bool alone = look->subject->remembers_failures;
	const char *wrong = pair_begin(&pair, look);
	for (size_t i = 0; is_playable(pair, wrong) && i < one->count; i++) {
		const struct verify_op *op = &one->ops[i];
		const struct iova_request request = verify_request(op);
		look->mail->op = i;
		if (op->kind == VERIFY_ALLOC && !pair->other.slots[op->slot].taken &&
		    !verify_has_place(&pair->other, &request, IOVA_PROMISE_COMPLETE))
			wrong = fail_once(pair, op);
		else if (alone)
			wrong = verify_player_call(&pair->other, op, &answer);
		else
			wrong = in_step(pair, op, "a failure changes later placements");
	}
	look->mail->calls += one->count;
	return pair_end(pair, wrong);
}

#define ORDERS 16u

/* How many extents of every power of two, from the longest down, can be had. */
static const char *fill(struct verify_player *player, uint64_t counts[ORDERS])
{
	uint32_t slot = 0;
	for (unsigned order = ORDERS; order-- > 0;) {
		struct verify_answer answer = {.status = IOVA_OK};
		counts[order] = 0;
		for (; slot < player->slot_count; slot++) {
			const struct verify_op op = {.kind = VERIFY_ALLOC, .slot = slot, .count = UINT64_C(1) << order};
			const char *wrong = verify_player_call(player, &op, &answer);
			if (wrong)
				return wrong;
			if (answer.status != IOVA_OK) {
				player->slots[slot].taken = false;
				break;
			}
			counts[order]++;
		}
	}
	return NULL;
}

static const char *whole_space(struct verify_player *player)
{
	struct verify_answer answer;
	const struct verify_op op = {.kind = VERIFY_ALLOC, .count = player->space.count};
	const char *wrong = verify_player_call(player, &op, &answer);
	verify_player_free_all(player);
	return wrong                      ? wrong
	       : answer.status == IOVA_OK ? NULL
					  : "the whole space cannot be allocated, although all is free";
}

static const char *compare_with_fresh(struct verify_look *look, struct pair *pair)
{
	uint64_t used[ORDERS], fresh[ORDERS];
	verify_player_free_all(&pair->one);
	verify_player_drain(&pair->one);
	verify_snapshot_take(&pair->one, &pair->before);
	verify_snapshot_take(&pair->other, &pair->after);
	if (!verify_snapshot_equal(&pair->before, &pair->after))
		return verify_say(
			"after all frees the free runs are not those of a fresh instance: %zu of them, first [0x%" PRIx64
			", 0x%" PRIx64 "), and %zu, first [0x%" PRIx64 ", 0x%" PRIx64 ")",
			pair->before.count, pair->before.runs[0].first,
			pair->before.runs[0].first + pair->before.runs[0].count, pair->after.count,
			pair->after.runs[0].first, pair->after.runs[0].first + pair->after.runs[0].count);
	bool whole = look->subject->promise == IOVA_PROMISE_COMPLETE &&
		     allocator_instance_length_max(&pair->one.instance) >= pair->one.space.count;
	const char *wrong = whole ? whole_space(&pair->one) : NULL;
	if (!wrong)
		wrong = fill(&pair->one, used);
	if (!wrong)
		wrong = fill(&pair->other, fresh);
	if (!wrong && !look->subject->never_forgets && memcmp(used, fresh, sizeof used) != 0)
		wrong = "after all frees less can be allocated than from a fresh instance";
	return wrong;
}

const char *judge_as_new(struct verify_look *look)
{
	struct pair *pair;
	struct verify_answer answer;
	const struct verify_case *one = look->played;
	const char *wrong = pair_begin(&pair, look);
	if (is_playable(pair, wrong)) {
		for (size_t i = 0; !wrong && i < one->count; i++) {
			look->mail->op = i;
			wrong = verify_player_call(&pair->one, &one->ops[i], &answer);
		}
		if (!wrong) {
			look->mail->op = one->count;
			look->mail->calls += one->count;
			wrong = compare_with_fresh(look, pair);
		}
	}
	return pair_end(pair, wrong);
}
