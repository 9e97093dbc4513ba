/* SPDX-License-Identifier: MIT
 * A space as an array of bytes, and a random walk that holds an allocator against it. What an allocator promises to
 * find is the test's own function `expected`: it looks at the array alone. */
#ifndef SUPPORT_ARRAY_MODEL_H
#define SUPPORT_ARRAY_MODEL_H

#include "base/bits.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define MODEL_NOTHING UINT64_MAX
#define MODEL_PAGES_MAX 4096
#define MODEL_LIVE_MAX 512

struct model {
	uint64_t first;
	uint64_t count;
	uint64_t free_pages;
	uint8_t used[MODEL_PAGES_MAX];
	size_t live;
	struct iova_extent extents[MODEL_LIVE_MAX];
};

struct model_plan {
	const struct iova_allocator *table;
	uint64_t options[3];
	uint64_t first;
	uint64_t count;
	uint64_t largest; /* requests are 1 … largest pages */
	uint64_t steps;
	uint64_t seed;
	bool exact; /* the start must be what expected says, not only as good */
	uint64_t (*granted)(const struct model_plan *plan, uint64_t count);
	/* Start page of the request, or MODEL_NOTHING. */
	uint64_t (*expected)(const struct model_plan *plan, const struct model *model, const struct iova_request *request);
};

static inline bool model_is_free(const struct model *model, uint64_t first, uint64_t count)
{
	if (first < model->first || first - model->first + count > model->count)
		return false;
	return !memchr(model->used + (first - model->first), 1, count);
}

/* The constraints alone, for a start that is free. */
static inline bool model_satisfies(const struct iova_request *request, uint64_t first)
{
	uint64_t last = first + request->count - 1;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && first % request->align)
		return false;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT && (first < request->low || last > request->high))
		return false;
	return !(request->constraints & IOVA_CONSTRAIN_BOUNDARY) || first / request->boundary == last / request->boundary;
}

static inline void model_mark(struct model *model, const struct iova_extent *extent, uint8_t used)
{
	memset(model->used + (extent->first - model->first), used, extent->count);
	model->free_pages += used ? -extent->count : extent->count;
}

static inline void model_visit(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct model *seen = context;
	assert_int_equal(state, IOVA_USABLE);
	assert_true(model_is_free(seen, first, count));
	memset(seen->used + (first - seen->first), 1, count);
	seen->free_pages += count;
}

/* visit_free shows each free page of the model once and no other; statistics add up. */
static inline void model_check(const struct model *model, const struct iova_allocator *table, void *self)
{
	struct model seen = *model;
	seen.free_pages = 0;
	table->visit_free(self, model_visit, &seen);
	assert_int_equal(seen.free_pages, model->free_pages);
	struct iova_statistics statistics;
	table->statistics(self, &statistics);
	assert_int_equal(statistics.usable_pages, model->free_pages);
	assert_int_equal(statistics.cached_pages + statistics.deferred_pages, 0);
}

static inline struct iova_request model_request(const struct model_plan *plan, struct rng *rng)
{
	struct iova_request request = {.count = 1 + rng_below(rng, plan->largest)};
	if (rng_below(rng, 2))
		request.count = 1 + rng_below(rng, request.count);
	/* Fields that do not apply hold rubbish: they must not be read. */
	request.align = request.boundary = rng_next(rng);
	request.low = request.high = rng_next(rng);
	request.constraints = rng_below(rng, 3) ? 0 : (uint32_t)rng_below(rng, 16);
	if (request.constraints & IOVA_CONSTRAIN_ALIGN)
		request.align = UINT64_C(1) << rng_below(rng, rng_below(rng, 4) ? 9 : 50);
	if (request.constraints & IOVA_CONSTRAIN_BOUNDARY)
		request.boundary = UINT64_C(1) << rng_below(rng, rng_below(rng, 4) ? 11 : 50);
	if (request.constraints & IOVA_CONSTRAIN_LIMIT) {
		uint64_t a = plan->first + rng_below(rng, plan->count), b = plan->first + rng_below(rng, plan->count);
		request.low = a < b ? a : b;
		request.high = a < b ? b : a;
	}
	return request;
}

static inline void model_alloc(const struct model_plan *plan, struct model *model, void *self, struct rng *rng)
{
	struct iova_request request = model_request(plan, rng);
	struct iova_extent extent = {1, 2, 3};
	struct iova_steps steps = {0};
	uint64_t expected = plan->expected(plan, model, &request);
	enum iova_status status = rng_below(rng, 2) ? plan->table->alloc(self, &request, 0, &extent)
						    : plan->table->alloc_counted(self, &request, 0, &extent, &steps);
	if (expected == MODEL_NOTHING) {
		assert_int_equal(status, IOVA_NO_SPACE);
		assert_true(extent.first == 1 && extent.count == 2 && extent.cookie == 3);
		return;
	}
	assert_int_equal(status, IOVA_OK);
	if (plan->exact)
		assert_int_equal(extent.first, expected);
	assert_int_equal(extent.count, plan->granted(plan, request.count));
	assert_true(model_is_free(model, extent.first, extent.count));
	assert_true(model_satisfies(&request, extent.first));
	model_mark(model, &extent, 1);
	model->extents[model->live++] = extent;
}

static inline void model_place(const struct model_plan *plan, struct model *model, void *self, struct rng *rng)
{
	uint64_t first = plan->first + rng_below(rng, plan->count), count = 1 + rng_below(rng, plan->largest);
	if (count > plan->first + plan->count - first)
		count = plan->first + plan->count - first;
	struct iova_extent extent = {1, 2, 3};
	enum iova_status status = plan->table->place(self, first, count, 0, &extent);
	if (!model_is_free(model, first, count)) {
		assert_int_equal(status, IOVA_TAKEN);
		return;
	}
	assert_int_equal(status, IOVA_OK);
	assert_int_equal(extent.first, first);
	assert_int_equal(extent.count, count);
	model_mark(model, &extent, 1);
	model->extents[model->live++] = extent;
}

static inline void model_free(const struct model_plan *plan, struct model *model, void *self, size_t victim, bool counted)
{
	struct iova_extent extent = model->extents[victim];
	struct iova_steps steps = {0};
	model->extents[victim] = model->extents[--model->live];
	model_mark(model, &extent, 0);
	if (counted)
		plan->table->free_counted(self, &extent, 0, &steps);
	else
		plan->table->free(self, &extent, 0);
}

/* Fills and empties the space in turns, every invariant after every step; ends with an empty space. */
static inline void model_walk(const struct model_plan *plan)
{
	struct test_host host;
	test_host_init(&host);
	struct iova_space space = {plan->first, plan->count, 4096};
	const char *reason = NULL;
	void *self;
	assert_int_equal(plan->table->create(&space, plan->options, &host.host, NULL, &self, &reason), IOVA_OK);
	struct model model = {.first = plan->first, .count = plan->count, .free_pages = plan->count};
	struct rng rng;
	rng_seed(&rng, plan->seed);
	uint64_t fill = 60;
	for (uint64_t step = 0; step < plan->steps; step++) {
		if (step % 500 == 0)
			fill = 35 + rng_below(&rng, 60);
		uint64_t dice = rng_below(&rng, 100);
		if (model.live && (dice >= fill || model.live == MODEL_LIVE_MAX))
			model_free(plan, &model, self, rng_below(&rng, model.live), dice & 1);
		else if (dice % 8 == 0)
			model_place(plan, &model, self, &rng);
		else
			model_alloc(plan, &model, self, &rng);
		const char *broken = plan->table->broken_invariant(self);
		if (broken)
			fail_msg("seed %llu step %llu: %s", (unsigned long long)plan->seed, (unsigned long long)step,
				 broken);
		if (step % 16 == 0)
			model_check(&model, plan->table, self);
	}
	while (model.live)
		model_free(plan, &model, self, model.live - 1, false);
	assert_null(plan->table->broken_invariant(self));
	model_check(&model, plan->table, self);
	plan->table->destroy(self);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

#endif
