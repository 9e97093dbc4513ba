/* SPDX-License-Identifier: MIT
 * Goal: long sequences of right and wrong driver calls get the answer that the rules of docs/ddi.md demand.
 * Method: a naive model tries every page of a small space for every request, on bytes as the documentation states the rules;
 * the adapter stands on the real rbtree, which is complete and places first fit, so that status, page and counter are all
 * predicted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "allocator/builtin.h"
#include "base/rng.h"
#include "unit/ddi/ddi_fixture.h"

#include <stdbool.h>

enum { FIRST = 5, COUNT = 90, STALE = 64, CALLS = 250000 };
#define PAGE UINT64_C(4096)

struct model {
	ddi_handle owner[COUNT]; /* of each page; 0 = free */
	struct live {
		ddi_handle handle;
		uint64_t first;
		uint64_t count;
	} live[COUNT];
	size_t live_count;
	ddi_handle stale[STALE];
	size_t stale_count;
	uint64_t usable;
	struct ddi_failures failures;
};

enum verdict { MALFORMED, IMPOSSIBLE, NO_ROOM, PLACED };

static bool power_of_two_or_zero(uint64_t value)
{
	while (value > 1 && value % 2 == 0)
		value /= 2;
	return value <= 1;
}

/* Whether page and the count - 1 behind it obey every rule that does not depend on what is live. */
static bool allowed(const struct ddi_contiguous_request *request, uint64_t page, uint64_t count)
{
	uint64_t first = page * PAGE, last = (page + count) * PAGE - 1;
	return page + count <= FIRST + COUNT && first >= request->lowest_acceptable_address &&
	       last <= request->highest_acceptable_address &&
	       (request->boundary_address_multiple == 0 ||
		first / request->boundary_address_multiple == last / request->boundary_address_multiple) &&
	       (request->alignment_pages == 0 || page % request->alignment_pages == 0);
}

static bool unused(const struct model *model, uint64_t page, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (model->owner[page - FIRST + i] != 0)
			return false;
	return true;
}

static enum verdict predict(const struct model *model, const struct ddi_contiguous_request *request, uint64_t *first)
{
	enum verdict verdict = IMPOSSIBLE;
	if (request->number_of_bytes == 0 || !power_of_two_or_zero(request->boundary_address_multiple) ||
	    !power_of_two_or_zero(request->alignment_pages) ||
	    request->lowest_acceptable_address > request->highest_acceptable_address)
		return MALFORMED;
	if (request->number_of_bytes > COUNT * PAGE)
		return IMPOSSIBLE;
	uint64_t count = (request->number_of_bytes + PAGE - 1) / PAGE;
	for (uint64_t page = FIRST; page < FIRST + COUNT; page++) {
		if (!allowed(request, page, count))
			continue;
		verdict = NO_ROOM;
		if (unused(model, page, count)) {
			*first = page;
			return PLACED;
		}
	}
	return verdict;
}

/* Pages of the space that no request with these limits can get. */
static uint64_t outside(const struct ddi_contiguous_request *request)
{
	uint64_t pages = 0;
	for (uint64_t page = FIRST; page < FIRST + COUNT; page++)
		pages += page * PAGE < request->lowest_acceptable_address ||
			 page * PAGE + (PAGE - 1) > request->highest_acceptable_address;
	return pages;
}

static void count_no_room(struct model *model, const struct ddi_contiguous_request *request)
{
	uint64_t count = (request->number_of_bytes + PAGE - 1) / PAGE;
	if (request->no_drain)
		model->failures.undecided++;
	else if (model->usable < count)
		model->failures.exhausted++;
	else if (model->usable >= count + outside(request))
		model->failures.fragmented++;
	else
		model->failures.undecided++;
}

/* An address near a page's edge, below, inside or behind the space, or an extreme. */
static uint64_t some_address(struct rng *rng)
{
	if (rng_below(rng, 40) == 0)
		return rng_below(rng, 2) ? UINT64_MAX - rng_below(rng, 2) : rng_next(rng);
	return rng_below(rng, FIRST + COUNT + 4) * PAGE + PAGE + rng_below(rng, 3) - 1;
}

static uint64_t some_power(struct rng *rng, unsigned exponents)
{
	uint64_t power = UINT64_C(1) << rng_below(rng, exponents);
	return rng_below(rng, 30) == 0 ? power * 3 : power;
}

static struct ddi_contiguous_request some_request(struct rng *rng)
{
	struct ddi_contiguous_request request = {.highest_acceptable_address = UINT64_MAX};
	request.number_of_bytes = rng_below(rng, 8 * PAGE);
	if (rng_below(rng, 30) == 0)
		request.number_of_bytes =
			rng_below(rng, 2) ? rng_below(rng, 100 * PAGE) : UINT64_MAX - rng_below(rng, 2 * PAGE);
	if (rng_below(rng, 3) == 0)
		request.lowest_acceptable_address = some_address(rng);
	if (rng_below(rng, 3) == 0)
		request.highest_acceptable_address = some_address(rng);
	if (rng_below(rng, 3) == 0)
		request.boundary_address_multiple = rng_below(rng, 8) ? PAGE * some_power(rng, 8) : some_power(rng, 64);
	if (rng_below(rng, 3) == 0)
		request.alignment_pages = rng_below(rng, 8) ? some_power(rng, 5) : some_power(rng, 64);
	request.no_drain = rng_below(rng, 8) == 0;
	return request;
}

static void allocate(struct model *model, const struct ddi_fixture *fixture, struct rng *rng)
{
	const struct ddi_contiguous_request request = some_request(rng);
	uint64_t first = 0;
	enum verdict verdict = predict(model, &request, &first);
	ddi_handle handle = 0;
	enum ntstatus status = dxgk_cb_allocate_contiguous_memory(fixture->adapter, &request, 0, &handle);
	if (verdict != PLACED) {
		assert_int_equal(status, verdict == NO_ROOM ? NTSTATUS_NO_MEMORY : NTSTATUS_INVALID_PARAMETER);
		assert_int_equal(handle, 0);
		model->failures.malformed += verdict == MALFORMED;
		model->failures.impossible += verdict == IMPOSSIBLE;
		if (verdict == NO_ROOM)
			count_no_room(model, &request);
		return;
	}
	uint64_t count = (request.number_of_bytes + PAGE - 1) / PAGE;
	struct iova_extent extent;
	assert_int_equal(status, NTSTATUS_SUCCESS);
	assert_int_equal(ddi_contiguous_extent(fixture->adapter, handle, &extent), NTSTATUS_SUCCESS);
	assert_int_equal(extent.first, first);
	assert_int_equal(extent.count, count);
	for (uint64_t i = 0; i < count; i++)
		model->owner[first - FIRST + i] = handle;
	model->live[model->live_count++] = (struct live){handle, first, count};
	model->usable -= count;
}

static void release(struct model *model, const struct ddi_fixture *fixture, struct rng *rng)
{
	if (model->live_count == 0)
		return;
	size_t victim = rng_below(rng, model->live_count);
	struct live live = model->live[victim];
	assert_int_equal(dxgk_cb_free_contiguous_memory(fixture->adapter, live.handle, 0), NTSTATUS_SUCCESS);
	for (uint64_t i = 0; i < live.count; i++)
		model->owner[live.first - FIRST + i] = 0;
	model->usable += live.count;
	model->stale[model->stale_count < STALE ? model->stale_count++ : rng_below(rng, STALE)] = live.handle;
	model->live[victim] = model->live[--model->live_count];
}

/* A handle that was freed before, or a live one with a bit changed. */
static void release_wrongly(struct model *model, const struct ddi_fixture *fixture, struct rng *rng)
{
	ddi_handle wrong = rng_next(rng);
	if (model->stale_count && rng_below(rng, 2))
		wrong = model->stale[rng_below(rng, model->stale_count)];
	else if (model->live_count)
		/* Not in the index: that may name a neighbour of the same generation. */
		wrong = model->live[0].handle ^ (UINT64_C(1) << (28 + rng_below(rng, 36)));
	assert_int_equal(dxgk_cb_free_contiguous_memory(fixture->adapter, wrong, 0), NTSTATUS_INVALID_HANDLE);
	model->failures.handles_invalid++;
}

static void compare(const struct model *model, const struct ddi_fixture *fixture)
{
	struct ddi_failures failures = ddi_adapter_failures(fixture->adapter);
	assert_memory_equal(&failures, &model->failures, sizeof(failures));
	assert_int_equal(ddi_adapter_live_handles(fixture->adapter), model->live_count);
	assert_int_equal(ddi_fixture_usable(fixture), model->usable);
	assert_null(allocator_rbtree.broken_invariant(fixture->self));
	for (size_t i = 0; i < model->live_count; i++) {
		struct iova_extent extent;
		assert_int_equal(ddi_contiguous_extent(fixture->adapter, model->live[i].handle, &extent), NTSTATUS_SUCCESS);
		assert_int_equal(extent.first, model->live[i].first);
	}
}

static void random_calls_agree_with_a_naive_model(void **state)
{
	(void)state;
	struct model model = {.usable = COUNT};
	struct ddi_fixture fixture;
	struct rng rng;
	rng_seed(&rng, 20);
	ddi_fixture_open(&fixture, &allocator_rbtree, FIRST, COUNT);
	for (int call = 0; call < CALLS; call++) {
		/* The space fills and empties in turns. */
		uint64_t kind = rng_below(&rng, 20), allocations = call / 1000 % 2 ? 15 : 9;
		if (kind < allocations)
			allocate(&model, &fixture, &rng);
		else if (kind < 18)
			release(&model, &fixture, &rng);
		else
			release_wrongly(&model, &fixture, &rng);
		if (call % 256 == 0)
			compare(&model, &fixture);
	}
	compare(&model, &fixture);
	/* Every outcome has been met often. */
	assert_true(model.failures.malformed > 1000 && model.failures.impossible > 1000 &&
		    model.failures.exhausted > 1000 && model.failures.fragmented > 1000 &&
		    model.failures.undecided > 1000 && model.failures.handles_invalid > 1000);
	assert_int_equal(ddi_adapter_destroy(fixture.adapter), model.live_count);
	fixture.adapter = NULL;
	assert_int_equal(ddi_fixture_usable(&fixture), COUNT);
	ddi_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_calls_agree_with_a_naive_model)};
	return cmocka_run_group_tests_name("ddi_random", tests, NULL, NULL);
}
