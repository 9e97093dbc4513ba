/* SPDX-License-Identifier: MIT
 * Goal: what grows with the number of things that live grows with its logarithm: counted in steps of the searches, not in
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ddi/frame_pool.h"
#include "ddi/steps.h"

#include "unit/ddi/ddi_world.h"

#include <stdlib.h>

/* Expected depth of a treap is below 3 log2 n; a hop down a tree of lists costs up to 7 runs. */
#define STEPS_MAX(n) (6 * (64 - (unsigned)__builtin_clzll(n)))

static void segments_of_a_reserved_range(void **state)
{
	(void)state;
	const uint64_t segments = 32000;
	struct world world;
	const struct world_options options = {.pages = 2 * segments, .frames = 1024};
	assert_true(world_open(&world, "rbtree", &options));
	const struct ddi_reserve_request request = {.size = 2 * segments * PAGE};
	ddi_handle token, segment, *all = calloc(segments, sizeof *all);
	assert_int_equal(iommu_reserve_logical_address_range(world.adapter, &request, 0, &token), NTSTATUS_SUCCESS);
	uint64_t worst = 0;
	/* In order, which is the worst for a tree that does not keep its balance. */
	for (uint64_t at = 0; at < segments; at++) {
		uint64_t begun = ddi_steps;
		assert_int_equal(
			iommu_map_reserved_logical_range(world.adapter, token, 2 * at * PAGE, 3, at * PAGE, PAGE, &all[at]),
			NTSTATUS_SUCCESS);
		worst = ddi_steps - begun > worst ? ddi_steps - begun : worst;
	}
	for (uint64_t i = 0; i < segments; i++) {
		assert_int_equal(iommu_map_reserved_logical_range(world.adapter, token, 2 * i * PAGE, 3, 0, PAGE, &segment),
				 NTSTATUS_RESOURCE_IN_USE);
		uint64_t begun = ddi_steps, at = i * 7919 % segments;
		assert_int_equal(iommu_unmap_reserved_logical_range(world.adapter, all[at]), NTSTATUS_SUCCESS);
		worst = ddi_steps - begun > worst ? ddi_steps - begun : worst;
		assert_int_equal(
			iommu_map_reserved_logical_range(world.adapter, token, 2 * at * PAGE, 3, 0, PAGE, &all[at]),
			NTSTATUS_SUCCESS);
	}
	assert_in_range(worst, 1, 2 * STEPS_MAX(segments));
	assert_int_equal(iommu_free_reserved_logical_address_range(world.adapter, token, 0), NTSTATUS_RESOURCE_IN_USE);
	for (uint64_t i = 0; i < segments; i++)
		assert_int_equal(iommu_unmap_reserved_logical_range(world.adapter, all[i]), NTSTATUS_SUCCESS);
	assert_int_equal(iommu_free_reserved_logical_address_range(world.adapter, token, 0), NTSTATUS_SUCCESS);
	free(all);
	world_close(&world);
}

/* Every page of the object has its own run: page i lies in frame 2 i + 2. */
static void adls_at_offsets_into_scattered_memory(void **state)
{
	(void)state;
	const uint64_t pages = 32000;
	struct world world;
	const struct world_options options = {.pages = 2 * pages, .frames = 2 * pages + 1024, .scatter_percent = 100};
	assert_true(world_open(&world, "rbtree", &options));
	const struct ddi_memory_object_request object = {
		.type = DDI_MEMORY_MDL, .size = pages * PAGE, .open = true, .highest_address = NO_LIMIT};
	ddi_handle memory, opened;
	assert_int_equal(dxgk_cb_create_physical_memory_object(world.adapter, &object, &memory, &opened), NTSTATUS_SUCCESS);
	uint64_t worst = 0;
	for (uint64_t i = 0; i < pages; i += 97) {
		struct ddi_adl adl;
		const struct ddi_adl_request request = {.adapter_memory_object = opened, .offset = i * PAGE, .size = PAGE};
		uint64_t begun = ddi_steps;
		assert_int_equal(dxgk_cb_allocate_adl(world.adapter, &request, 0, &adl), NTSTATUS_SUCCESS);
		if (i > 97)
			worst = ddi_steps - begun > worst ? ddi_steps - begun : worst;
		dxgk_cb_free_adl(world.adapter, adl.handle, 0);
	}
	assert_in_range(worst, 1, STEPS_MAX(pages));
	dxgk_cb_destroy_physical_memory_object(world.adapter, memory, opened);
	assert_int_equal(ddi_adapter_live_handles(world.adapter), 0);
	assert_int_equal(world.mapped_pages, 0);
	world_close(&world);
}

static void contiguous_blocks_of_the_mm_routines(void **state)
{
	(void)state;
	const uint64_t blocks = 4000, frames = 1 << 21;
	struct world world;
	const struct world_options options = {.pages = 64, .frames = frames, .scatter_percent = 25};
	assert_true(world_open(&world, "rbtree", &options));
	uint64_t *base = calloc(blocks, sizeof *base), worst = 0;
	for (uint64_t i = 0; i < blocks; i++)
		base[i] = mm_allocate_contiguous_memory(world.adapter, (1 + i % 300) * PAGE, NO_LIMIT);
	for (uint64_t i = 0; i < 4 * blocks; i++) {
		uint64_t at = i * 7919 % blocks, begun = ddi_steps;
		assert_int_not_equal(base[at], 0);
		mm_free_contiguous_memory(world.adapter, base[at]);
		base[at] = mm_allocate_contiguous_memory(world.adapter, (1 + i * 31 % 300) * PAGE, NO_LIMIT);
		worst = ddi_steps - begun > worst ? ddi_steps - begun : worst;
	}
	/* Down and up the tree over 4,096 regions, and through the runs of one. */
	assert_in_range(worst, 1, STEPS_MAX(frames));
	assert_null(ddi_physical_broken_invariant(world.physical));
	free(base);
	world_close(&world);
}

/* Against a search frame by frame. */
static uint64_t expected_run(const struct ddi_physical *pool, const struct frame_request *request)
{
	for (uint64_t first = request->low; first <= request->high && request->count <= request->high - first + 1;
	     first++) {
		uint64_t count = 0;
		if (first % request->align ||
		    (request->boundary && first / request->boundary != (first + request->count - 1) / request->boundary))
			continue;
		while (count < request->count && first + count < pool->frames &&
		       pool->words[(first + count) / 64] >> ((first + count) % 64) & 1)
			count++;
		if (count == request->count)
			return first;
	}
	return UINT64_MAX;
}

static void runs_are_the_lowest(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++) {
		const char *reason = NULL;
		const struct ddi_physical_options options = {600 + seed * 173, seed * 5 % 60, seed};
		struct ddi_physical *pool = ddi_physical_create(&options, &reason);
		uint64_t runs[64][2] = {{0}}, random = seed;
		for (unsigned step = 0; step < 600; step++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			uint64_t bits = random >> 20, *slot = runs[step % 64];
			if (slot[1])
				frame_pool_give(pool, slot[0], slot[1]);
			struct frame_request request = {.count = 1 + bits % (bits & 1 ? 8 : 700),
							.align = UINT64_C(1) << (bits >> 12) % 4,
							.low = (bits >> 16) % (options.frames / 2),
							.high = options.frames / 2 + (bits >> 28) % options.frames,
							.boundary = (bits >> 40) % 4 ? 0 : 1024};
			uint64_t first = UINT64_MAX, wanted = expected_run(pool, &request);
			bool found = frame_pool_take_run(pool, &request, &first);
			assert_int_equal(found, wanted != UINT64_MAX);
			assert_int_equal(first, wanted);
			slot[0] = first;
			slot[1] = found ? request.count : 0;
			assert_null(ddi_physical_broken_invariant(pool));
			uint64_t free = 0;
			for (uint64_t frame = request.low; frame <= request.high && frame < pool->frames; frame++)
				free += pool->words[frame / 64] >> (frame % 64) & 1;
			assert_int_equal(frame_pool_free_between(pool, request.low, request.high), free);
		}
		ddi_physical_destroy(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_of_a_reserved_range),
		cmocka_unit_test(adls_at_offsets_into_scattered_memory),
		cmocka_unit_test(contiguous_blocks_of_the_mm_routines),
		cmocka_unit_test(runs_are_the_lowest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
