/* SPDX-License-Identifier: MIT
 * Places from the bottom and from the top, held against a search of the map page by page. */
#include "base/rng.h"
#include "support/layer_fixture.h"

#define PAGES 700u
#define FIRST 37u
#define LIVE 60u

static bool used[PAGES];

static bool fits(const struct iova_request *request, uint64_t place, bool blocks)
{
	uint64_t page = FIRST + place;
	if (place + request->count > PAGES)
		return false;
	for (uint64_t i = 0; i < request->count; i++)
		if (used[place + i])
			return false;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && page % request->align)
		return false;
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY &&
	    page / request->boundary != (page + request->count - 1) / request->boundary)
		return false;
	return !blocks || (page & (request->count - 1)) == 0;
}

/* PAGES: there is none. */
static uint64_t outermost(const struct iova_request *request, bool top, bool blocks)
{
	uint64_t found = PAGES;
	for (uint64_t place = 0; place < PAGES; place++) {
		uint64_t page = FIRST + place;
		if (request->constraints & IOVA_CONSTRAIN_LIMIT &&
		    (page < request->low || page + request->count - 1 > request->high))
			continue;
		if ((found == PAGES || top) && fits(request, place, blocks))
			found = place;
	}
	return found;
}

static struct iova_request draw(struct rng *rng, bool blocks)
{
	struct iova_request request = {.count = blocks ? UINT64_C(1) << rng_below(rng, 6) : 1 + rng_below(rng, 40)};
	request.constraints = rng_below(rng, 2) ? IOVA_CONSTRAIN_TOP : IOVA_CONSTRAIN_BOTTOM;
	if (rng_below(rng, 2)) {
		request.constraints |= IOVA_CONSTRAIN_ALIGN;
		request.align = UINT64_C(1) << rng_below(rng, 7);
	}
	if (rng_below(rng, 3) == 0) {
		request.constraints |= IOVA_CONSTRAIN_BOUNDARY;
		request.boundary = UINT64_C(64) << rng_below(rng, 2);
	}
	if (rng_below(rng, 3) == 0) {
		request.constraints |= IOVA_CONSTRAIN_LIMIT;
		request.low = FIRST + rng_below(rng, PAGES / 2);
		request.high = FIRST + PAGES / 2 + rng_below(rng, PAGES / 2);
	}
	return request;
}

static void set(const struct iova_extent *extent, bool is)
{
	for (uint64_t i = 0; i < extent->count; i++)
		used[extent->first - FIRST + i] = is;
}

static void check(const char *spec, bool blocks)
{
	struct iova_extent live[LIVE] = {{0}};
	struct rng rng;
	unsigned served = 0;
	rng_seed(&rng, 7);
	memset(used, 0, sizeof used);
	begin(spec, FIRST, PAGES, 1);
	for (unsigned step = 0; step < 6000; step++) {
		struct iova_extent *slot = &live[rng_below(&rng, LIVE)];
		if (slot->count) {
			set(slot, false);
			give(*slot, 0);
			slot->count = 0;
			continue;
		}
		const struct iova_request request = draw(&rng, blocks);
		uint64_t place = outermost(&request, request.constraints & IOVA_CONSTRAIN_TOP, blocks);
		enum iova_status status = try_get(&request, 0, slot);
		if ((status == IOVA_OK) != (place < PAGES) || (status == IOVA_OK && slot->first != FIRST + place))
			fail_msg("%s, step %u: %d, page %llu, not %llu", spec, step, (int)status,
				 (unsigned long long)slot->first, (unsigned long long)(FIRST + place));
		if (status == IOVA_OK)
			set(slot, true);
		served += status == IOVA_OK;
	}
	assert_true(served > 1000);
	end();
}

static void the_outermost_place_of_all_is_taken(void **state)
{
	(void)state;
	check("bitmap", false);
	check("bitmap:fit=next", false);
	check("rbtree:fit=first", false);
	check("rbtree:fit=last", false);
}

/* Among places that are blocks. */
static void a_buddy_takes_the_outermost_block(void **state)
{
	(void)state;
	check("buddy", true);
	check("buddy:first=low", true);
	check("buddy:first=high", true);
}

int main(void)
{
	(void)take;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_outermost_place_of_all_is_taken),
		cmocka_unit_test(a_buddy_takes_the_outermost_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
