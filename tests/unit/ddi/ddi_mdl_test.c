/* SPDX-License-Identifier: MIT
 * Goal: extents, leaves, frames and memory behind MDLs are what the rules of docs/ddi.md say.
 * Method: rbtree places first fit in pages [16, 1040); values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "unit/ddi/ddi_world.h"
#include "support/lack.h"

static void open_world(struct world *world, uint64_t frames, uint32_t scatter_percent, bool identity)
{
	const struct world_options options = {
		.pages = 1024, .frames = frames, .scatter_percent = scatter_percent, .identity = identity};
	assert_true(world_open(world, "rbtree:fit=first", &options));
}

static struct ddi_leaves leaves(uint64_t logical, uint64_t frame, uint64_t count)
{
	struct ddi_leaves sum = {0};
	ddi_count_leaves(logical, frame, count, &sum);
	return sum;
}

static void large_leaves_need_both_addresses_aligned(void **state)
{
	(void)state;
	const struct {
		uint64_t logical, frame, count;
		struct ddi_leaves wanted;
	} rows[] = {
		{0, 0, 1, {0, 0, 1}},
		{512, 1024, 512, {0, 1, 0}},
		{512, 1025, 512, {0, 0, 512}},          /* not congruent */
		{513, 1025, 512, {0, 0, 512}},          /* congruent, but no whole large page */
		{511, 1023, 514, {0, 1, 2}},            /* one page on either side */
		{512, 512, 511, {0, 0, 511}},           /* a page short */
		{1 << 18, 1 << 19, 1 << 18, {1, 0, 0}}, /* 1 GiB */
		{(1 << 18) - 512, (1 << 19) - 512, (1 << 18) + 1024, {1, 2, 0}},
		{1 << 18, (1 << 19) + 512, 1 << 18, {0, 512, 0}}, /* congruent by 2 MiB only */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ddi_leaves got = leaves(rows[i].logical, rows[i].frame, rows[i].count);
		assert_memory_equal(&got, &rows[i].wanted, sizeof got);
	}
}

struct seen {
	uint64_t first[8], count[8];
	size_t extents;
};

static void see(void *context, const struct iova_extent *extent)
{
	struct seen *seen = context;
	assert_true(seen->extents < 8);
	seen->first[seen->extents] = extent->first;
	seen->count[seen->extents++] = extent->count;
}

/* Leaves runs of 5, 3 and 1 free pages at 20, 30 and 40, and none else. */
static void fragment(struct world *world)
{
	const struct iova_allocator *table = iova_instance_table(world->instance);
	struct iova_extent extent;
	const uint64_t taken[][2] = {{16, 4}, {25, 5}, {33, 7}, {41, 999}};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(table->place(iova_instance_self(world->instance), taken[i][0], taken[i][1], 0, &extent),
				 IOVA_OK);
}

static enum ntstatus eight_pages(struct world *world, enum ddi_contiguity contiguity, ddi_handle *memory)
{
	ddi_handle mdl;
	const struct ddi_mdl_request request = {
		.high_address = NO_LIMIT, .total_bytes = 8 * PAGE, .contiguity = contiguity};
	return dxgk_cb_allocate_pages_for_mdl(world->adapter, &request, 0, memory, &mdl);
}

static void pieces_are_halved_until_they_fit(void **state)
{
	(void)state;
	struct world world;
	struct seen seen = {0};
	ddi_handle memory = 0;
	struct ddi_placement cost;
	open_world(&world, 8192, 0, false);
	fragment(&world);
	assert_int_equal(eight_pages(&world, DDI_CONTIGUITY_REQUIRE, &memory), NTSTATUS_NO_MEMORY);
	assert_int_equal(ddi_adapter_failures(world.adapter).fragmented, 1);
	assert_int_equal(world_free_pages(&world), 9);
	assert_int_equal(ddi_adapter_largest_free_pages(world.adapter, 0, NO_LIMIT), 5);
	assert_int_equal(ddi_adapter_largest_free_pages(world.adapter, 21 * PAGE, 24 * PAGE - 1), 3);
	assert_int_equal(ddi_adapter_largest_free_pages(world.adapter, 25 * PAGE, 29 * PAGE), 0);
	assert_int_equal(eight_pages(&world, DDI_CONTIGUITY_PREFER, &memory), NTSTATUS_SUCCESS);
	assert_int_equal(ddi_visit_extents(world.adapter, memory, see, &seen), NTSTATUS_SUCCESS);
	/* Eight and four and four again: four pages fit once, then two, one and one: first fit. */
	const uint64_t first[] = {20, 30, 24, 32}, count[] = {4, 2, 1, 1};
	assert_int_equal(seen.extents, 4);
	assert_memory_equal(seen.first, first, sizeof first);
	assert_memory_equal(seen.count, count, sizeof count);
	assert_int_equal(ddi_placement_of(world.adapter, memory, &cost), NTSTATUS_SUCCESS);
	assert_int_equal(cost.extents, 4);
	assert_int_equal(cost.pages, 8);
	assert_int_equal(eight_pages(&world, DDI_CONTIGUITY_PREFER, &memory), NTSTATUS_NO_MEMORY);
	assert_int_equal(ddi_adapter_failures(world.adapter).exhausted, 1);
	assert_int_equal(world_free_pages(&world), 1);
	world_close(&world);
}

/* Memory of which no frame has a free neighbour, and memory that is whole. */
static void contiguous_memory_is_one_run_of_frames(void **state)
{
	(void)state;
	for (uint32_t broken = 0; broken <= 100; broken += 100) {
		const enum ntstatus wanted = broken ? NTSTATUS_NO_MEMORY : NTSTATUS_SUCCESS;
		const struct ddi_contiguous_request page = {.number_of_bytes = PAGE,
							    .highest_acceptable_address = NO_LIMIT};
		const struct ddi_contiguous_request block = {.number_of_bytes = 40 * PAGE,
							     .highest_acceptable_address = NO_LIMIT};
		const struct ddi_memory_object_request object = {
			.type = DDI_MEMORY_CONTIGUOUS, .size = 40 * PAGE, .highest_address = NO_LIMIT};
		struct world world;
		struct ddi_placement cost;
		ddi_handle memory, unused;
		open_world(&world, 8192, broken, false);
		assert_int_equal(dxgk_cb_allocate_contiguous_memory(world.adapter, &page, 0, &memory), NTSTATUS_SUCCESS);
		assert_int_equal(dxgk_cb_allocate_contiguous_memory(world.adapter, &block, 0, &memory), wanted);
		assert_int_equal(ddi_adapter_failures(world.adapter).physical_fragmented, broken ? 1 : 0);
		if (!broken) {
			assert_int_equal(ddi_placement_of(world.adapter, memory, &cost), NTSTATUS_SUCCESS);
			assert_int_equal(cost.frame_runs, 1);
			assert_int_equal(dxgk_cb_free_contiguous_memory(world.adapter, memory, 0), NTSTATUS_SUCCESS);
		}
		assert_int_equal(dxgk_cb_create_physical_memory_object(world.adapter, &object, &memory, &unused), wanted);
		assert_int_equal(ddi_adapter_failures(world.adapter).physical_fragmented, broken ? 2 : 0);
		world_close(&world);
	}
}

static void without_contiguity_every_run_of_frames_has_its_extent(void **state)
{
	(void)state;
	struct world world;
	ddi_handle memory;
	struct ddi_placement cost;
	open_world(&world, 8192, 100, false);
	assert_int_equal(eight_pages(&world, DDI_CONTIGUITY_NO, &memory), NTSTATUS_SUCCESS);
	struct seen seen = {0};
	ddi_visit_extents(world.adapter, memory, see, &seen);
	assert_int_equal(seen.extents, 8);
	/* They happen to be neighbours: one extent for the device. */
	assert_int_equal(ddi_placement_of(world.adapter, memory, &cost), NTSTATUS_SUCCESS);
	assert_int_equal(cost.extents, 1);
	assert_int_equal(cost.frame_runs, 8);
	world_close(&world);
}

static void scatter_breaks_exactly_its_share(void **state)
{
	(void)state;
	for (uint32_t percent = 0; percent <= 100; percent += 25) {
		const struct ddi_physical_options options = {.frames = 100 * 512, .scatter_percent = percent, .seed = 3};
		const char *reason;
		struct ddi_physical *physical = ddi_physical_create(&options, &reason);
		/* A broken 2 MiB frame has half of its frames; frame 0 is nobody's. */
		assert_int_equal(ddi_physical_free_frames(physical), 100 * 512 - percent * 256 - 1);
		assert_null(ddi_physical_broken_invariant(physical));
		ddi_physical_destroy(physical);
	}
}

static void every_failure_of_memory_leaves_things_as_they_were(void **state)
{
	(void)state;
	for (int identity = 0; identity <= 1; identity++) {
		struct world world;
		ddi_handle memory, mdl;
		const struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = 300 * PAGE};
		open_world(&world, 8192, 100, identity);
		uint64_t frames = ddi_physical_free_frames(world.physical);
		/* Handles (two arrays), blocks: each failed once. */
		for (struct lack lack = {.least = 3}; lack_next(&lack);) {
			lack_begins(&lack);
			enum ntstatus status = dxgk_cb_allocate_pages_for_mdl(world.adapter, &request, 0, &memory, &mdl);
			if (!lack_ends(&lack)) {
				assert_int_equal(status, NTSTATUS_SUCCESS);
				continue;
			}
			assert_int_equal(status, NTSTATUS_INSUFFICIENT_RESOURCES);
			assert_int_equal(world_free_pages(&world), 1024);
			assert_int_equal(ddi_physical_free_frames(world.physical), frames);
			assert_int_equal(ddi_adapter_live_handles(world.adapter), 0);
			assert_null(world_broken(&world));
		}
		world_close(&world);
	}
}

static void what_is_reserved_needs_no_memory(void **state)
{
	(void)state;
	struct world world;
	ddi_handle memory, mdl;
	uint64_t address;
	const struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = 1000 * PAGE};
	const struct ddi_view_request view = {.length = 1};
	open_world(&world, 8192, 100, false);
	assert_int_equal(ddi_adapter_reserve_handles(world.adapter, 3), 0);
	assert_int_equal(ddi_adapter_reserve_blocks(world.adapter, (999 + 6) / 7), 0);
	assert_int_equal(ddi_adapter_reserve_views(world.adapter, 1), 0);
	/* The allocators' own first blocks. */
	assert_int_equal(dxgk_cb_map_memory(world.adapter, &view, 0, &address), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_unmap_memory(world.adapter, address, 0), NTSTATUS_SUCCESS);
	assert_int_equal(eight_pages(&world, DDI_CONTIGUITY_PREFER, &memory), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_free_pages_from_mdl(world.adapter, memory, 0), NTSTATUS_SUCCESS);
	uint64_t requests = memory_requests();
	assert_int_equal(dxgk_cb_allocate_pages_for_mdl(world.adapter, &request, 0, &memory, &mdl), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_map_memory(world.adapter, &view, 0, &address), NTSTATUS_SUCCESS);
	assert_int_equal(memory_requests(), requests);
	world_close(&world);
}

static void the_largest_mdl_has_a_page_less_than_4_gib(void **state)
{
	(void)state;
	struct world world;
	ddi_handle memory, mdl;
	const struct world_options options = {.pages = 1 << 20, .frames = 1 << 22, .scatter_percent = 100};
	struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = (UINT64_C(1) << 32) - PAGE};
	struct ddi_mdl description;
	uint64_t last;
	assert_true(world_open(&world, "rbtree", &options));
	assert_int_equal(dxgk_cb_allocate_pages_for_mdl(world.adapter, &request, 0, &memory, &mdl), NTSTATUS_SUCCESS);
	assert_int_equal(ddi_describe_mdl(world.adapter, mdl, &description), NTSTATUS_SUCCESS);
	assert_int_equal(description.page_count, DDI_MDL_PAGES_MAX);
	assert_int_equal(description.frame_runs, DDI_MDL_PAGES_MAX);
	assert_int_equal(ddi_mdl_frames(world.adapter, mdl, DDI_MDL_PAGES_MAX - 1, 1, &last), NTSTATUS_SUCCESS);
	assert_int_equal(last, 2 * DDI_MDL_PAGES_MAX);
	assert_int_equal(ddi_mdl_frames(world.adapter, mdl, DDI_MDL_PAGES_MAX, 1, &last), NTSTATUS_INVALID_PARAMETER);
	assert_int_equal(dxgk_cb_free_pages_from_mdl(world.adapter, memory, 0), NTSTATUS_SUCCESS);
	assert_null(ddi_physical_broken_invariant(world.physical));
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_leaves_need_both_addresses_aligned),
		cmocka_unit_test(pieces_are_halved_until_they_fit),
		cmocka_unit_test(contiguous_memory_is_one_run_of_frames),
		cmocka_unit_test(without_contiguity_every_run_of_frames_has_its_extent),
		cmocka_unit_test(scatter_breaks_exactly_its_share),
		cmocka_unit_test(every_failure_of_memory_leaves_things_as_they_were),
		cmocka_unit_test(what_is_reserved_needs_no_memory),
		cmocka_unit_test(the_largest_mdl_has_a_page_less_than_4_gib),
	};
	return cmocka_run_group_tests_name("ddi_mdl", tests, NULL, NULL);
}
