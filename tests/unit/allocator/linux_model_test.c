/* SPDX-License-Identifier: MIT
 * The cached search beside a model that knows its rules on a sorted array alone. Its invariants are broken one by one. */
#include "allocator/linux/linux.c" /* the instance is opaque elsewhere, and must be broken here */
#include "base/rng.h"
#include "unit/allocator/linux_fixture.h"

#include <stdio.h>

static struct linux_domain *whole;

static void check_broken(const char *sentence)
{
	const char *broken = allocator_linux.broken_invariant(whole);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
}

/* Breaks one thing, hears of it, and mends it. */
#define CHECK_BREAK(thing, value, sentence)                                                                                \
	do {                                                                                                               \
		__typeof__(thing) was_ = (thing);                                                                          \
		(thing) = (value);                                                                                         \
		check_broken(sentence);                                                                                    \
		(thing) = was_;                                                                                            \
	} while (0)

/* 2^26 extents are too many to try: here all nodes are taken. */
static void without_a_node_nothing_changes(void **state)
{
	(void)state;
	const struct iova_request page = {.count = 1};
	struct iova_extent none = {7, 7, 7};
	const struct iova_extent before = none;
	begin("linux", 0, 100);
	struct iova_extent one = take(10);
	whole = instance.self;
	const uint32_t capacity = whole->capacity, hint = whole->hints[HINT_LOW];
	whole->capacity = whole->fresh;
	assert_int_equal(allocator_linux.alloc(whole, &page, 0, &none), IOVA_NO_MEMORY);
	assert_int_equal(allocator_linux.place(whole, 0, 1, 0, &none), IOVA_NO_MEMORY);
	assert_memory_equal(&none, &before, sizeof none);
	assert_int_equal(whole->hints[HINT_LOW], hint);
	assert_true(whole->gate == GATE_OPEN);
	assert_null(allocator_linux.broken_invariant(whole));
	give(one);
	assert_int_equal(take(10).first, 90);
	whole->capacity = capacity;
	end();
}

static void every_invariant_is_checked(void **state)
{
	(void)state;
	begin("linux:hint32=no", 0, 100);
	struct iova_extent top = take(10), middle = take(10), low = take(10);
	whole = instance.self;
	struct gap *nodes = whole->tree.gaps;
	CHECK_BREAK(whole->live, 2, "every node of the pool is live or unused");
	CHECK_BREAK(whole->fresh, whole->fresh + 1, "every node of the pool is live or unused");
	CHECK_BREAK(nodes[0].parent, 0, "the empty subtree is black and empty");
	CHECK_BREAK(nodes[whole->tree.root].parent, 0, "the root is black and has no parent");
	CHECK_BREAK(whole->hints[HINT_LOW], (uint32_t)low.cookie, "without hint32 the low hint stays with the anchor");
	CHECK_BREAK(whole->gate, 0, "no request of no pages has failed");
	CHECK_BREAK(nodes[middle.cookie].length, 11, "ranges ascend and do not overlap");
	CHECK_BREAK(nodes[top.cookie].length, 0, "a gap in the tree has pages");
	CHECK_BREAK(nodes[NODE_ANCHOR].length, 2, "the anchor is the page behind the space");
	CHECK_BREAK(whole->hints[HINT_ANY], 77, "hints are nodes of the tree");
	CHECK_BREAK(whole->usable_pages, 69, "usable_pages is what no range has");
	CHECK_BREAK(nodes[low.cookie].parent, nodes[low.cookie].parent ^ 1, "every path has the same number of black gaps");
	end();
}

/* The rules on a sorted array, without a tree. Range 0 is the anchor; hints are pages where a range begins, which no two
 * share. */
#define MODEL_RANGES 300

struct model {
	uint64_t first;
	uint64_t hint_end, gate_end; /* 4 GiB, or 0 */
	bool retry;
	uint64_t gate;
	uint64_t hint[2]; /* first page of the hinted range: any, low */
	size_t count;
	struct iova_extent ranges[MODEL_RANGES]; /* descending */
};

static uint64_t range_end(const struct model *model, size_t range)
{
	return range < model->count ? model->ranges[range].first + model->ranges[range].count : model->first;
}

/* The highest place whose end is at most top, page by page; NOWHERE if there is none at low or above. */
static uint64_t highest_place(const struct iova_request *request, uint64_t low, uint64_t top)
{
	for (uint64_t place = top; place-- > low;) {
		if (place + request->count > top)
			continue;
		if (request->constraints & IOVA_CONSTRAIN_ALIGN && place % request->align)
			continue;
		if (request->constraints & IOVA_CONSTRAIN_BOUNDARY &&
		    place / request->boundary != (place + request->count - 1) / request->boundary)
			continue;
		return place;
	}
	return NOWHERE;
}

static uint64_t model_walk(const struct model *model, const struct iova_request *request, size_t from, uint64_t low,
			   uint64_t limit, uint64_t *nodes)
{
	for (size_t at = from;; at++) {
		uint64_t top = model->ranges[at].first < limit ? model->ranges[at].first : limit;
		uint64_t place = highest_place(request, low, top);
		++*nodes;
		if (place == NOWHERE || place >= range_end(model, at + 1))
			return place;
	}
}

/* Returns the place. *retried tells that nodes are a lower bound: the second walk descends the tree first. */
static uint64_t model_alloc(struct model *model, const struct iova_request *request, uint64_t *nodes, bool *retried)
{
	uint64_t low = model->first, limit = model->ranges[0].first;
	*nodes = 0;
	*retried = false;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
		low = request->low;
		limit = request->high + 1;
	}
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY && request->count > request->boundary)
		return NOWHERE;
	if (limit <= model->gate_end && request->count >= model->gate)
		return NOWHERE;
	size_t start = 0;
	while (model->ranges[start].first != model->hint[limit <= model->hint_end])
		start++;
	uint64_t place = model_walk(model, request, start, low, limit, nodes), start_end = range_end(model, start);
	if (place == NOWHERE && model->retry && start_end < limit) {
		size_t from = 0;
		*retried = true;
		while (range_end(model, from + 1) >= limit)
			from++;
		place = model_walk(model, request, from, low > start_end ? low : start_end, limit, nodes);
	}
	if (place == NOWHERE)
		model->gate = request->count;
	return place;
}

static void model_enter(struct model *model, struct iova_extent extent)
{
	size_t at = model->count++;
	for (; model->ranges[at - 1].first < extent.first; at--)
		model->ranges[at] = model->ranges[at - 1];
	model->ranges[at] = extent;
}

static void model_free(struct model *model, size_t victim)
{
	const struct iova_extent freed = model->ranges[victim];
	uint64_t above = model->ranges[victim - 1].first;
	if (freed.first == model->hint[1] ||
	    (freed.first + freed.count <= model->hint_end && freed.first >= model->hint[1]))
		model->hint[1] = above;
	if (freed.first >= model->hint[0])
		model->hint[0] = above;
	if (freed.first < model->gate_end)
		model->gate = UINT64_MAX;
	model->count--;
	memmove(&model->ranges[victim], &model->ranges[victim + 1], (model->count - victim) * sizeof freed);
}

static struct iova_request random_request(struct rng *rng, uint64_t first, uint64_t count)
{
	struct iova_request request = {.count = 1 + rng_below(rng, 1 + rng_below(rng, 30)),
				       .constraints = (uint32_t)rng_below(rng, 8) & (uint32_t)rng_below(rng, 8)};
	uint64_t a = first + rng_below(rng, count), b = first + rng_below(rng, count);
	request.align = UINT64_C(1) << rng_below(rng, 6);
	request.boundary = UINT64_C(1) << rng_below(rng, 7);
	request.low = a < b ? a : b;
	request.high = a < b ? b : a;
	if (rng_below(rng, 2))
		request.low = first;
	return request;
}

/* Pages of 2^22 bytes: 4 GiB are 1024 of them, in the midst of the space. */
static void walk_beside_the_model(bool hint32, bool retry, bool gated, uint64_t seed)
{
	char spec[64];
	struct model model = {.first = 500,
			      .hint_end = hint32 ? 1024 : 0,
			      .gate_end = gated ? 1024 : 0,
			      .retry = retry,
			      .gate = UINT64_MAX,
			      .hint = {1500, 1500},
			      .count = 1,
			      .ranges = {{1500, 1, 0}}};
	struct rng rng;
	rng_seed(&rng, seed);
	snprintf(spec, sizeof spec, "linux:hint32=%s,retry=%s,gate=%s", hint32 ? "yes" : "no", retry ? "yes" : "no",
		 gated ? "yes" : "no");
	begin_pages(spec, 500, 1000, UINT64_C(1) << 22);
	for (int step = 0; step < 4000; step++) {
		if (model.count > 1 && (model.count == MODEL_RANGES || rng_below(&rng, 100) < (step / 500 % 2 ? 55 : 40))) {
			size_t victim = 1 + rng_below(&rng, model.count - 1);
			give(model.ranges[victim]);
			model_free(&model, victim);
		} else {
			uint64_t nodes;
			bool retried;
			struct iova_request request = random_request(&rng, 500, 1000);
			uint64_t place = model_alloc(&model, &request, &nodes, &retried);
			struct iova_extent extent = get(request);
			assert_int_equal(extent.first, place);
			assert_true(retried ? examined > nodes : examined == nodes);
			if (place != NOWHERE) {
				model_enter(&model, extent);
				model.hint[place + request.count <= model.hint_end] = place;
			}
		}
		const char *broken = instance.table->broken_invariant(instance.self);
		if (broken)
			fail_msg("step %d: %s", step, broken);
	}
	end();
}

static void a_random_walk_places_and_counts_like_the_rules(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 16; seed++)
		walk_beside_the_model(!(seed & 4), seed & 1, seed & 2, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_node_nothing_changes),
		cmocka_unit_test(every_invariant_is_checked),
		cmocka_unit_test(a_random_walk_places_and_counts_like_the_rules),
	};
	return cmocka_run_group_tests_name("rbtree_cached_model", tests, NULL, NULL);
}
