/* SPDX-License-Identifier: MIT
 * What a look at every page says. */
#include "verify/player.h"

#include "base/bits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* First page at or behind `from` whose bit is `live`, as its number in the space; the count of pages when there is none. */
static uint64_t next_page(const struct verify_player *player, uint64_t from, bool live)
{
	uint64_t pages = player->space.count, flip = live ? 0 : UINT64_MAX;
	for (uint64_t word = from / 64; word * 64 < pages; word++) {
		uint64_t bits = player->live[word] ^ flip;
		if (word == from / 64)
			bits &= UINT64_MAX << from % 64;
		if (bits) {
			uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(bits);
			return page < pages ? page : pages;
		}
	}
	return pages;
}

static uint64_t round_up(uint64_t page, uint64_t align)
{
	return (page + align - 1) & ~(align - 1);
}

/* Of the places of so many pages in [first, end) that keep alignment and boundary, the lowest one, or the highest. */
static bool place_in_run(uint64_t first, uint64_t end, uint64_t count, uint64_t align, uint64_t boundary, bool highest,
			 uint64_t *place)
{
	if (first >= end || count > end - first || count > boundary)
		return false;
	uint64_t at = highest ? (end - count) & ~(align - 1) : round_up(first, align);
	if (at / boundary != (at + count - 1) / boundary)
		at = highest ? ((at + count - 1) / boundary * boundary - count) & ~(align - 1)
			     : round_up(at, align > boundary ? align : boundary);
	*place = at;
	return at >= first && at < end && count <= end - at;
}

/* Limits apply, too. */
static bool run_has_place(uint64_t first, uint64_t end, uint64_t count, uint64_t align, const struct iova_request *request,
			  bool highest, uint64_t *place)
{
	uint64_t boundary = request->constraints & IOVA_CONSTRAIN_BOUNDARY ? request->boundary : UINT64_C(1) << 63;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
		first = first > request->low ? first : request->low;
		end = end <= request->high ? end : request->high + 1;
	}
	return place_in_run(first, end, count, align, boundary, highest, place);
}

bool verify_has_place(const struct verify_player *player, const struct iova_request *request, enum iova_promise promise)
{
	uint64_t first;
	return verify_find_place(player, request, promise, false, &first);
}

bool verify_find_place(const struct verify_player *player, const struct iova_request *request, enum iova_promise promise,
		       bool highest, uint64_t *first)
{
	uint64_t count = request->count, pages = player->space.count;
	uint64_t align = request->constraints & IOVA_CONSTRAIN_ALIGN ? request->align : 1, block = 1;
	if (promise == IOVA_PROMISE_BOUNDED || count > pages || count > allocator_instance_length_max(&player->instance))
		return false;
	while (block < count)
		block *= 2;
	if (promise == IOVA_PROMISE_BUDDY) {
		count = block;
		align = align > block ? align : block;
	} else if (promise == IOVA_PROMISE_SIZE_CLASSES) {
		count = 2 * block;
	}
	bool found = false;
	for (uint64_t from = 0; from < pages && !(found && !highest);) {
		uint64_t begin = next_page(player, from, false), end = next_page(player, begin, true), place;
		bool has = run_has_place(player->space.first + begin, player->space.first + end, count, align, request,
					 highest, &place);
		found |= has;
		*first = has ? place : *first;
		from = end;
	}
	return found;
}

struct visit {
	const struct verify_player *player;
	uint64_t *seen;
	uint64_t pages[3];
	uint64_t shown;
	const char *wrong;
};

static void visit_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct visit *visit = context;
	const struct verify_player *player = visit->player;
	uint64_t begin = player->space.first, pages = player->space.count;
	if (visit->wrong)
		return;
	if (!count || first < begin || first - begin >= pages || count > pages - (first - begin) ||
	    (unsigned)state > IOVA_DEFERRED) {
		visit->wrong = verify_say("visit_free shows %" PRIu64 " pages from page %" PRIu64
					  ", which is no part of the space",
					  count, first);
		return;
	}
	visit->pages[state] += count;
	visit->shown += count;
	for (uint64_t page = first - begin; page < first - begin + count; page++) {
		uint64_t bit = UINT64_C(1) << page % 64;
		if (player->live[page / 64] & bit)
			visit->wrong = verify_say("visit_free shows page %" PRIu64 ", which is live", begin + page);
		else if (visit->seen[page / 64] & bit)
			visit->wrong = verify_say("visit_free shows page %" PRIu64 " twice", begin + page);
		visit->seen[page / 64] |= bit;
	}
}

const char *verify_check_visit(const struct verify_player *player)
{
	uint64_t pages = player->space.count;
	struct visit visit = {.player = player};
	if (!player->instance.table->visit_free)
		return NULL;
	visit.seen = calloc(pages / 64 + 1, 8);
	if (!visit.seen)
		return "verify has no memory";
	player->instance.table->visit_free(player->instance.self, visit_run, &visit);
	if (!visit.wrong && visit.shown != pages - player->live_pages)
		for (uint64_t page = 0; page < pages && !visit.wrong; page++)
			if (!((visit.seen[page / 64] | player->live[page / 64]) >> page % 64 & 1))
				visit.wrong = verify_say("visit_free does not show page %" PRIu64 ", which is not live",
							 player->space.first + page);
	free(visit.seen);
	return visit.wrong;
}

static void sum_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct visit *visit = context;
	(void)first;
	if ((unsigned)state <= IOVA_DEFERRED)
		visit->pages[state] += count;
}

const char *verify_check_statistics(const struct verify_player *player)
{
	struct iova_statistics statistics = {0};
	struct visit visit = {0};
	player->instance.table->statistics(player->instance.self, &statistics);
	uint64_t sum = statistics.usable_pages + statistics.cached_pages + statistics.deferred_pages;
	if (sum + player->live_pages != player->space.count)
		return verify_say("live and free pages are not the space: %" PRIu64 " are live, statistics tell %" PRIu64
				  " of the other %" PRIu64,
				  player->live_pages, sum, player->space.count - player->live_pages);
	if (!player->instance.table->visit_free)
		return NULL;
	player->instance.table->visit_free(player->instance.self, sum_run, &visit);
	if (visit.pages[IOVA_USABLE] != statistics.usable_pages || visit.pages[IOVA_CACHED] != statistics.cached_pages ||
	    visit.pages[IOVA_DEFERRED] != statistics.deferred_pages)
		return "statistics are not the sums over visit_free";
	return NULL;
}

const char *verify_check_invariant(const struct verify_player *player)
{
	const char *broken = player->instance.table->broken_invariant(player->instance.self);
	return broken ? verify_say("its own invariant does not hold: %.180s", broken) : NULL;
}

static int compare_runs(const void *a, const void *b)
{
	const struct verify_run *one = a, *other = b;
	return (one->first > other->first) - (one->first < other->first);
}

static void keep_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct verify_snapshot *snapshot = context;
	if (snapshot->count < SNAPSHOT_RUNS)
		snapshot->runs[snapshot->count++] = (struct verify_run){first, count, (uint64_t)state};
}

void verify_snapshot_take(const struct verify_player *player, struct verify_snapshot *snapshot)
{
	snapshot->count = 0;
	if (player->instance.table->visit_free)
		player->instance.table->visit_free(player->instance.self, keep_run, snapshot);
	player->instance.table->statistics(player->instance.self, &snapshot->statistics);
	qsort(snapshot->runs, snapshot->count, sizeof snapshot->runs[0], compare_runs);
}

bool verify_snapshot_equal(const struct verify_snapshot *a, const struct verify_snapshot *b)
{
	return a->count == b->count && !memcmp(&a->statistics, &b->statistics, sizeof a->statistics) &&
	       !memcmp(a->runs, b->runs, a->count * sizeof a->runs[0]);
}
