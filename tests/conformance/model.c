/* SPDX-License-Identifier: MIT
 * What a naive look at every page says. */
#include "conformance/conformance.h"

#include <string.h>

static bool satisfies(const struct player *player, const struct iova_request *request, uint64_t first, uint64_t count)
{
	uint64_t last = first + count - 1;
	if ((request->constraints & IOVA_CONSTRAIN_ALIGN) && first % request->align)
		return false;
	if ((request->constraints & IOVA_CONSTRAIN_LIMIT) && (first < request->low || last > request->high))
		return false;
	if ((request->constraints & IOVA_CONSTRAIN_BOUNDARY) && first / request->boundary != last / request->boundary)
		return false;
	return first >= player->space.first && last < player->space.first + player->space.count;
}

bool model_has_place(struct player *player, const struct iova_request *request, enum promise promise)
{
	uint64_t count = request->count, step = 1, first = player->space.first;
	if (promise == PROMISE_NOTHING)
		return false;
	if (promise == PROMISE_BLOCK) {
		while (step < count)
			step *= 2;
		count = step;
	}
	player->run[player->space.count] = 0;
	for (uint64_t page = player->space.count; page-- > 0;)
		player->run[page] = player->owner[page] ? 0 : player->run[page + 1] + 1;
	for (uint64_t page = 0; page < player->space.count; page++)
		if (player->run[page] >= count && (first + page) % step == 0 &&
		    satisfies(player, request, first + page, count))
			return true;
	return false;
}

const char *check_constraints(const struct player *player, size_t slot, const struct iova_request *request)
{
	uint64_t first = player->slots[slot].extent.first, last = first + request->count - 1;
	if ((request->constraints & IOVA_CONSTRAIN_ALIGN) && first % request->align)
		return "an extent is not aligned";
	if ((request->constraints & IOVA_CONSTRAIN_LIMIT) && (first < request->low || last > request->high))
		return "an extent passes its limits";
	if ((request->constraints & IOVA_CONSTRAIN_BOUNDARY) && first / request->boundary != last / request->boundary)
		return "an extent crosses its boundary";
	return NULL;
}

struct visit {
	const struct player *player;
	uint32_t *seen;
	uint64_t pages[3];
	const char *wrong;
};

static void visit_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct visit *visit = context;
	const struct player *player = visit->player;
	uint64_t begin = player->space.first, end = begin + player->space.count;
	if (!count)
		visit->wrong = "visit_free shows a run of no pages";
	if (first < begin || first > end || count > end - first || (unsigned)state > IOVA_DEFERRED) {
		visit->wrong = "visit_free shows a run that is no part of the space";
		return;
	}
	visit->pages[state] += count;
	for (uint64_t page = first - begin; page < first - begin + count; page++) {
		if (player->owner[page])
			visit->wrong = "visit_free shows a page that is live";
		if (visit->seen[page]++)
			visit->wrong = "visit_free shows a page twice";
	}
}

#define VISIT_PAGES_MAX 4096

const char *check_visit(const struct player *player)
{
	static uint32_t seen[VISIT_PAGES_MAX];
	struct visit visit = {.player = player, .seen = seen};
	if (player->space.count > VISIT_PAGES_MAX)
		return "the test's space is too large";
	memset(seen, 0, sizeof seen[0] * player->space.count);
	player->instance.table->visit_free(player->instance.self, visit_run, &visit);
	if (visit.wrong)
		return visit.wrong;
	for (uint64_t page = 0; page < player->space.count; page++)
		if (!seen[page] && !player->owner[page])
			return "visit_free does not show a page that is not live";
	return NULL;
}

static void sum_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct visit *visit = context;
	(void)first;
	visit->pages[state] += count;
}

const char *check_statistics(const struct player *player)
{
	struct iova_statistics statistics;
	struct visit visit = {0};
	player->instance.table->statistics(player->instance.self, &statistics);
	if (statistics.usable_pages + statistics.cached_pages + statistics.deferred_pages + player->live_pages !=
	    player->space.count)
		return "live and free pages are not the space";
	player->instance.table->visit_free(player->instance.self, sum_run, &visit);
	if (visit.pages[IOVA_USABLE] != statistics.usable_pages || visit.pages[IOVA_CACHED] != statistics.cached_pages ||
	    visit.pages[IOVA_DEFERRED] != statistics.deferred_pages)
		return "statistics are not the sums over visit_free";
	return NULL;
}

const char *check_invariant(const struct player *player)
{
	return player->instance.table->broken_invariant(player->instance.self);
}
