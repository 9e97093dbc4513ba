/* SPDX-License-Identifier: MIT
 * Rules that compare two instances. */
#include "conformance/conformance.h"

#include <stdlib.h>
#include <string.h>

#define PAIR_PAGES 777

/* Two players over equal spaces; the same seed lets them ask the same. */
struct pair {
	struct player one;
	struct player other;
	struct snapshot before;
	struct snapshot after;
};

static const char *pair_begin(struct pair **pair, const struct subject *subject, uint64_t seed, uint64_t other_seed)
{
	const struct iova_space space = {5, PAIR_PAGES, 4096};
	*pair = calloc(1, sizeof **pair);
	if (!*pair)
		return "the test has no memory";
	const char *wrong = player_begin(&(*pair)->one, subject, space, seed);
	if (!wrong)
		wrong = player_begin(&(*pair)->other, subject, space, other_seed);
	if (!wrong && !(*pair)->other.instance.table)
		wrong = "create cannot manage 777 pages";
	return wrong;
}

static const char *pair_end(struct pair *pair, const char *wrong)
{
	if (!pair)
		return wrong;
	const char *one = pair->one.subject ? player_end(&pair->one) : NULL;
	const char *other = pair->other.subject ? player_end(&pair->other) : NULL;
	free(pair);
	return wrong ? wrong : one ? one : other;
}

static const char *random_step(struct player *player, size_t *slot, enum iova_status *status)
{
	*slot = rng_below(&player->rng, SLOTS);
	*status = IOVA_OK;
	if (player->slots[*slot].extent.count) {
		player_free(player, *slot);
		return NULL;
	}
	struct iova_request request = player_request(player, 24, player_constraints(player));
	return player_alloc(player, *slot, &request, status);
}

static bool same_extent(const struct pair *pair, size_t slot)
{
	const struct iova_extent *one = &pair->one.slots[slot].extent, *other = &pair->other.slots[slot].extent;
	return one->count == other->count && (!one->count || one->first == other->first);
}

/* Both play the same steps and must place the same. */
static const char *in_step(struct pair *pair, uint64_t steps, const char *difference)
{
	for (uint64_t i = 0; i < steps; i++) {
		size_t slot, other_slot;
		enum iova_status status, other_status;
		const char *wrong = random_step(&pair->one, &slot, &status);
		if (!wrong)
			wrong = random_step(&pair->other, &other_slot, &other_status);
		if (wrong)
			return wrong;
		if (status != other_status || !same_extent(pair, slot))
			return difference;
	}
	return NULL;
}

const char *rule_repeats(const struct subject *subject)
{
	struct pair *pair;
	const char *wrong = pair_begin(&pair, subject, 11, 11);
	return pair_end(pair, wrong ? wrong : in_step(pair, 5000, "two fresh instances place differently"));
}

const char *rule_twins(const struct subject *subject)
{
	struct pair *pair;
	const char *wrong = pair_begin(&pair, subject, 12, 12);
	if (!wrong) {
		pair->other.counted = true;
		wrong = in_step(pair, 5000, "alloc_counted and free_counted place differently");
	}
	return pair_end(pair, wrong);
}

#define ALONE_STEPS 2000

/* One instance plays alone; a second one plays the same while a third is busy with something else. */
const char *rule_instances(const struct subject *subject)
{
	struct pair *alone, *mixed;
	size_t slot;
	enum iova_status status;
	const char *wrong = pair_begin(&alone, subject, 13, 99), *wrong_mixed = pair_begin(&mixed, subject, 13, 14);
	for (uint64_t i = 0; !wrong && !wrong_mixed && i < ALONE_STEPS; i++)
		wrong = random_step(&alone->one, &slot, &status);
	for (uint64_t i = 0; !wrong && !wrong_mixed && i < ALONE_STEPS; i++) {
		wrong_mixed = random_step(&mixed->one, &slot, &status);
		if (!wrong_mixed)
			wrong_mixed = random_step(&mixed->other, &slot, &status);
	}
	if (!wrong && !wrong_mixed)
		for (slot = 0; slot < SLOTS; slot++)
			if (alone->one.slots[slot].extent.count != mixed->one.slots[slot].extent.count ||
			    alone->one.slots[slot].extent.first != mixed->one.slots[slot].extent.first)
				wrong = "what another instance does changes the placement";
	wrong = pair_end(alone, wrong);
	wrong_mixed = pair_end(mixed, wrong_mixed);
	return wrong ? wrong : wrong_mixed;
}

static void drain(const struct player *player)
{
	if (player->instance.table->drain)
		player->instance.table->drain(player->instance.self);
}

/* Caches may be emptied by a failure: it changes nothing once they are. */
static const char *fail_with_caches(struct player *player)
{
	enum iova_status status;
	const struct iova_request request = {.count = PAIR_PAGES + 1};
	const char *wrong = player->instance.table->drain ? player_alloc(player, SLOTS - 1, &request, &status) : NULL;
	return wrong ? wrong : check_visit(player);
}

/* A request that nothing can satisfy now: too long, or with limits around live pages. */
static const char *fail_once(struct player *player, struct pair *pair, uint64_t i)
{
	struct iova_request request = {.count = PAIR_PAGES + 1 + i % 3};
	enum iova_status status;
	size_t slot = SLOTS - 1;
	if (i % 2 && player_constraints(player) & IOVA_CONSTRAIN_LIMIT) {
		request.count = 1 + i % 9;
		request.constraints = IOVA_CONSTRAIN_LIMIT;
		request.low = request.high = player->slots[i % SLOTS].extent.first;
		if (!player->slots[i % SLOTS].extent.count)
			return NULL;
	}
	snapshot_take(player, &pair->before);
	const char *wrong = player_alloc(player, slot, &request, &status);
	if (wrong)
		return wrong;
	if (status == IOVA_OK)
		return "pages are found that are not free";
	snapshot_take(player, &pair->after);
	if (!snapshot_equal(&pair->before, &pair->after))
		return "the free pages differ after a failure";
	return player->instance.table->broken_invariant(player->instance.self);
}

/* Both play the same, but one sees failures in between. One that remembers them plays alone: its free pages must stay. */
const char *rule_failure_changes_nothing(const struct subject *subject)
{
	struct pair *pair;
	size_t slot;
	enum iova_status status;
	const char *wrong = pair_begin(&pair, subject, 15, 15);
	for (uint64_t i = 0; !wrong && i < 1500; i++) {
		bool last_is_free = !pair->other.slots[SLOTS - 1].extent.count;
		if (last_is_free && i % 8 == 0) {
			wrong = fail_with_caches(&pair->other);
			drain(&pair->one);
			drain(&pair->other);
		}
		if (!wrong && last_is_free && (i % 8 == 0 || !pair->other.instance.table->drain))
			wrong = fail_once(&pair->other, pair, i);
		if (!wrong)
			wrong = subject->remembers_failures ? random_step(&pair->other, &slot, &status)
							    : in_step(pair, 1, "a failure changes later placements");
	}
	return pair_end(pair, wrong);
}

/* How many extents of every power of two, from the longest down, can be had. */
static const char *fill(struct player *player, uint64_t counts[16])
{
	size_t slot = 0;
	for (unsigned order = 16; order-- > 0;) {
		enum iova_status status = IOVA_OK;
		counts[order] = 0;
		while (slot < SLOTS) {
			struct iova_request request = {.count = UINT64_C(1) << order};
			const char *wrong = player_alloc(player, slot, &request, &status);
			if (wrong)
				return wrong;
			if (status != IOVA_OK)
				break;
			counts[order]++;
			slot++;
		}
	}
	return NULL;
}

const char *rule_coalesces(const struct subject *subject)
{
	struct pair *pair;
	uint64_t used[16], fresh[16];
	size_t slot;
	enum iova_status status;
	const char *wrong = pair_begin(&pair, subject, 16, 17);
	for (uint64_t i = 0; !wrong && i < 5000; i++)
		wrong = random_step(&pair->one, &slot, &status);
	if (!wrong) {
		player_free_all(&pair->one);
		drain(&pair->one);
		snapshot_take(&pair->one, &pair->before);
		snapshot_take(&pair->other, &pair->after);
		if (!snapshot_equal(&pair->before, &pair->after))
			wrong = "the free runs are not those of a fresh instance";
	}
	if (!wrong && subject->promise == PROMISE_COMPLETE) {
		struct iova_request whole = {.count = PAIR_PAGES};
		wrong = player_alloc(&pair->one, 0, &whole, &status);
		if (!wrong && status != IOVA_OK)
			wrong = "the whole space cannot be allocated";
		else if (!wrong)
			player_free(&pair->one, 0);
	}
	if (!wrong)
		wrong = fill(&pair->one, used);
	if (!wrong)
		wrong = fill(&pair->other, fresh);
	if (!wrong && !subject->never_forgets && memcmp(used, fresh, sizeof used) != 0)
		wrong = "less can be allocated than from a fresh instance";
	return pair_end(pair, wrong);
}
