/* SPDX-License-Identifier: MIT
 * Goal: the whole life of every driver call, as documentation by example. Read it top to bottom.
 * Method: rbtree places first fit in a space of 1024 pages from 0x10000 on; the pool of 8192 frames gives the lowest first and
 * has no scatter unless a test says so; all values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/ddi/ddi_world.h"

#define OK(call) assert_int_equal((call), NTSTATUS_SUCCESS)

static void open_world(struct world *world, bool identity, uint32_t scatter_percent)
{
	const struct world_options options = {
		.pages = 1024, .frames = 8192, .scatter_percent = scatter_percent, .identity = identity};
	assert_true(world_open(world, "rbtree:fit=first", &options));
}

/* Nothing is left: the driver gave everything back. */
static void close_clean(struct world *world)
{
	struct ddi_leaks leaks = ddi_adapter_leaks(world->adapter);
	struct ddi_failures failures = ddi_adapter_failures(world->adapter), none = {0};
	assert_int_equal(leaks.handles, 0);
	assert_int_equal(leaks.mdl_structures, 0);
	assert_memory_equal(&failures, &none, sizeof none);
	assert_int_equal(world_free_pages(world), 1024);
	assert_int_equal(world->mapped_pages, 0);
	world_close(world);
}

static void contiguous_memory_is_one_extent(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	const struct ddi_contiguous_request request = {
		.number_of_bytes = 10 * PAGE + 1, /* eleven pages */
		.highest_acceptable_address = UINT32_MAX,
		.boundary_address_multiple = 64 * 1024, /* 16 pages: [16, 32) is such a block */
		.cache_type = DDI_WRITE_COMBINED,
	};
	ddi_handle memory;
	struct iova_extent extent;
	OK(dxgk_cb_allocate_contiguous_memory(world.adapter, &request, 0, &memory));
	OK(ddi_contiguous_extent(world.adapter, memory, &extent));
	assert_int_equal(extent.first, 16);
	assert_int_equal(extent.count, 11);
	OK(dxgk_cb_free_contiguous_memory(world.adapter, memory, 0));
	close_clean(&world);
}

static void pages_for_an_mdl_scatter_behind_one_extent(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 100);
	const struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = 5 * PAGE - 1};
	ddi_handle memory, mdl;
	struct ddi_mdl description;
	struct ddi_placement cost;
	uint64_t frames[5];
	OK(dxgk_cb_allocate_pages_for_mdl(world.adapter, &request, 0, &memory, &mdl));
	OK(ddi_describe_mdl(world.adapter, mdl, &description));
	assert_int_equal(description.byte_count, 5 * PAGE - 1);
	assert_int_equal(description.byte_offset, 0);
	assert_int_equal(description.page_count, 5);
	/* Every region is broken: only even frames are ours, and frame 0 is never given. */
	OK(ddi_mdl_frames(world.adapter, mdl, 0, 5, frames));
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(frames[i], 2 * (i + 1));
	OK(ddi_placement_of(world.adapter, memory, &cost));
	assert_int_equal(cost.extents, 1);
	assert_int_equal(cost.frame_runs, 5);
	assert_int_equal(cost.leaves.leaves_4kib, 5);
	assert_int_equal(cost.page_array_bytes, 5 * 8);
	/* One handle frees pages, mapping and MDL. */
	OK(dxgk_cb_free_pages_from_mdl(world.adapter, memory, 0));
	assert_int_equal(ddi_describe_mdl(world.adapter, mdl, &description), NTSTATUS_INVALID_HANDLE);
	close_clean(&world);
}

static void an_mdl_of_the_mm_routines_is_mapped_unmapped_and_released_in_two_steps(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	ddi_handle mdl = mm_allocate_pages_for_mdl(world.adapter, 0x100000, NO_LIMIT, 0, 3 * PAGE), first, second;
	uint64_t frame;
	assert_int_not_equal(mdl, 0);
	OK(ddi_mdl_frames(world.adapter, mdl, 0, 1, &frame));
	assert_int_equal(frame, 0x100);
	assert_int_equal(world_free_pages(&world), 1024); /* no logical address yet */
	OK(dxgk_cb_map_mdl_to_io_mmu(world.adapter, mdl, NULL, 0, &first));
	OK(dxgk_cb_map_mdl_to_io_mmu(world.adapter, mdl, NULL, 0, &second));
	assert_int_equal(world_free_pages(&world), 1024 - 6);
	dxgk_cb_unmap_mdl_from_io_mmu(world.adapter, first, 0);
	dxgk_cb_unmap_mdl_from_io_mmu(world.adapter, second, 0);
	mm_free_pages_from_mdl(world.adapter, mdl);
	/* Whoever stops here leaks the MDL itself. */
	assert_int_equal(ddi_adapter_leaks(world.adapter).mdl_structures, 1);
	ex_free_pool(world.adapter, mdl);
	close_clean(&world);
}

static void the_mm_routines_give_less_than_asked_unless_told_otherwise(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	/* Windows [0x200, 0x201] and [0x300, 0x301] and so on, up to frame 0x1fff: 30 windows of two frames. */
	uint64_t low = 0x200 * PAGE, high = 0x202 * PAGE - 1, skip = 0x100 * PAGE;
	struct ddi_mdl got;
	uint64_t frames[60];
	assert_int_equal(
		mm_allocate_pages_for_mdl_ex(world.adapter, low, high, skip, 61 * PAGE, DDI_CACHED, DDI_MM_FULLY_REQUIRED),
		0);
	assert_int_equal(ddi_adapter_failures(world.adapter).impossible, 1);
	ddi_handle mdl = mm_allocate_pages_for_mdl(world.adapter, low, high, skip, 61 * PAGE);
	OK(ddi_describe_mdl(world.adapter, mdl, &got));
	assert_int_equal(got.page_count, 60);
	assert_int_equal(ddi_adapter_failures(world.adapter).partial, 1);
	OK(ddi_mdl_frames(world.adapter, mdl, 0, 60, frames));
	for (uint64_t i = 0; i < 60; i++)
		assert_int_equal(frames[i], 0x200 + i / 2 * 0x100 + i % 2);
	mm_free_pages_from_mdl(world.adapter, mdl);
	ex_free_pool(world.adapter, mdl);
	/* Chunks of four frames, each aligned to four: frame 0x1fd is none's beginning. */
	mdl = mm_allocate_node_pages_for_mdl_ex(world.adapter, 0x1fd * PAGE, NO_LIMIT, 4 * PAGE, 8 * PAGE, DDI_CACHED, 1,
						DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS);
	OK(ddi_mdl_frames(world.adapter, mdl, 0, 8, frames));
	assert_int_equal(frames[0], 0x200);
	OK(ddi_describe_mdl(world.adapter, mdl, &got));
	assert_int_equal(got.node, 1);
	world_close(&world);
}

static void contiguous_memory_of_the_mm_routines_is_freed_by_its_base(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	uint64_t plain = mm_allocate_contiguous_memory(world.adapter, 2 * PAGE, UINT32_MAX), first, count;
	uint64_t cached = mm_allocate_contiguous_memory_specify_cache(world.adapter, 5 * PAGE, 0x6000, NO_LIMIT, 0x8000,
								      DDI_NON_CACHED);
	OK(ddi_mm_contiguous_frames(world.adapter, plain, &first, &count));
	assert_int_equal(first, 1);
	/* From frame 6 five frames would cross frame 8. */
	OK(ddi_mm_contiguous_frames(world.adapter, cached, &first, &count));
	assert_int_equal(first, 8);
	assert_int_equal(count, 5);
	mm_free_contiguous_memory(world.adapter, plain);
	mm_free_contiguous_memory_specify_cache(world.adapter, cached, 5 * PAGE, DDI_NON_CACHED);
	close_clean(&world);
}

static void the_plain_free_takes_blocks_of_all_three_routines(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	struct ddi_violations none = {0};
	mm_free_contiguous_memory(world.adapter, mm_allocate_contiguous_memory(world.adapter, PAGE, NO_LIMIT));
	mm_free_contiguous_memory(world.adapter, mm_allocate_contiguous_memory_specify_cache(
							 world.adapter, 2 * PAGE + 1, 0, NO_LIMIT, 0, DDI_WRITE_COMBINED));
	mm_free_contiguous_memory(world.adapter, mm_allocate_contiguous_memory_specify_cache_node(
							 world.adapter, 3 * PAGE, 0, NO_LIMIT, 0, DDI_NON_CACHED, 1));
	struct ddi_violations counted = ddi_adapter_violations(world.adapter);
	assert_memory_equal(&counted, &none, sizeof none);
	close_clean(&world);
}

/* In Windows the second block could have the address of the first, and the third free would be told of its owner. */
static void a_stale_base_is_nobody_elses(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	uint64_t stale = mm_allocate_contiguous_memory(world.adapter, 2 * PAGE, NO_LIMIT), first, count;
	mm_free_contiguous_memory(world.adapter, stale);
	uint64_t live = mm_allocate_contiguous_memory(world.adapter, 2 * PAGE, NO_LIMIT);
	OK(ddi_mm_contiguous_frames(world.adapter, live, &first, &count));
	assert_int_equal(first, 1); /* the frames are the same */
	assert_int_not_equal(live, stale);
	mm_free_contiguous_memory(world.adapter, stale);
	assert_int_equal(ddi_adapter_violations(world.adapter).mm_not_at_base, 1);
	OK(ddi_mm_contiguous_frames(world.adapter, live, &first, &count));
	mm_free_contiguous_memory(world.adapter, live);
	assert_int_equal(ddi_adapter_violations(world.adapter).mm_not_at_base, 1);
	close_clean(&world);
}

static void device_memory_is_mapped_into_a_space_of_its_own(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	const struct ddi_view_request request = {.translated_address = 0xe0000ffc, .length = 8, .in_io_space = true};
	uint64_t address;
	struct iova_extent extent;
	OK(dxgk_cb_map_memory(world.adapter, &request, 0, &address));
	OK(ddi_view_extent(world.adapter, address, &extent));
	assert_int_equal(extent.count, 2); /* eight bytes over the end of a page */
	assert_int_equal(address, extent.first * PAGE + 0xffc);
	assert_int_equal(world_free_pages(&world), 1024);
	OK(dxgk_cb_unmap_memory(world.adapter, address, 0));
	close_clean(&world);
}

static void a_memory_object_lends_its_pages_to_adls(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	const struct ddi_memory_object_request create = {
		.type = DDI_MEMORY_CONTIGUOUS, .size = 8 * PAGE, .highest_address = NO_LIMIT};
	ddi_handle object, opened;
	struct ddi_adl whole, half;
	uint64_t pages[4];
	OK(dxgk_cb_create_physical_memory_object(world.adapter, &create, &object, NULL));
	OK(dxgk_cb_open_physical_memory_object(world.adapter, object, &opened));
	struct ddi_adl_request request = {
		.adapter_memory_object = opened, .size = 8 * PAGE, .flags = DDI_ADL_REQUIRE_CONTIGUOUS};
	OK(dxgk_cb_allocate_adl(world.adapter, &request, 0, &whole));
	assert_true(whole.contiguous);
	assert_int_equal(whole.base_page, 16);
	assert_int_equal(whole.page_count, 8);
	/* Without the hint: a page array, and a logical range of its own. */
	request.offset = request.size = 4 * PAGE;
	request.flags = 0;
	OK(dxgk_cb_allocate_adl(world.adapter, &request, 0, &half));
	assert_false(half.contiguous);
	OK(ddi_adl_pages(world.adapter, half.handle, 0, 4, pages));
	assert_int_equal(pages[0], 24);
	struct ddi_placement sum = ddi_adapter_placements(world.adapter, DDI_CALL_ADL);
	assert_int_equal(sum.page_array_bytes_saved, 8 * 8);
	assert_int_equal(sum.page_array_bytes, 4 * 8);
	dxgk_cb_free_adl(world.adapter, half.handle, 0);
	dxgk_cb_free_adl(world.adapter, whole.handle, 0);
	dxgk_cb_close_physical_memory_object(world.adapter, opened);
	dxgk_cb_destroy_physical_memory_object(world.adapter, object, 0);
	close_clean(&world);
}

static void a_reserved_range_is_mapped_in_disjoint_segments(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, false, 0);
	const uint64_t min = 0x20001, max = 0x3ffff, at = 0x100000;
	const struct ddi_reserve_request between = {.size = 4 * PAGE, .min_address = &min, .max_address = &max};
	const struct ddi_reserve_request there = {.size = PAGE, .explicit_address = &at};
	ddi_handle token, other, low, high;
	struct ddi_placement cost;
	OK(iommu_reserve_logical_address_range(world.adapter, &between, 0, &token));
	OK(iommu_reserve_logical_address_range(world.adapter, &there, 0, &other));
	/* Page 0x21 is the first whole one above the minimum; the second half goes to device memory. */
	OK(iommu_map_reserved_logical_range(world.adapter, token, 0, DDI_PERMISSION_READ, 0x5000, 2 * PAGE, &low));
	OK(iommu_map_reserved_logical_range(world.adapter, token, 2 * PAGE, DDI_PERMISSION_READ | DDI_PERMISSION_WRITE,
					    0xf0000000, 2 * PAGE, &high));
	OK(ddi_placement_of(world.adapter, high, &cost));
	assert_int_equal(cost.pages, 2);
	OK(iommu_unmap_reserved_logical_range(world.adapter, low));
	OK(iommu_unmap_reserved_logical_range(world.adapter, high));
	OK(iommu_free_reserved_logical_address_range(world.adapter, token, 0));
	OK(iommu_free_reserved_logical_address_range(world.adapter, other, 0));
	close_clean(&world);
}

static void in_identity_mode_logical_addresses_are_physical_ones(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, true, 0);
	const struct ddi_contiguous_request request = {.number_of_bytes = 4 * PAGE, .highest_acceptable_address = NO_LIMIT};
	const struct ddi_mdl_request pages = {.high_address = NO_LIMIT, .total_bytes = 3 * PAGE};
	/* Three frames of somebody else: no block of four begins before 23, and the MDL takes what is left around them. */
	ddi_physical_reserve(world.physical, 17, 1);
	ddi_physical_reserve(world.physical, 19, 1);
	ddi_physical_reserve(world.physical, 22, 1);
	ddi_handle memory, scattered, mdl;
	struct iova_extent extent;
	struct ddi_placement cost;
	uint64_t frames[3];
	OK(dxgk_cb_allocate_contiguous_memory(world.adapter, &request, 0, &memory));
	OK(ddi_contiguous_extent(world.adapter, memory, &extent));
	assert_int_equal(extent.first, 23);
	OK(dxgk_cb_allocate_pages_for_mdl(world.adapter, &pages, 0, &scattered, &mdl));
	OK(ddi_mdl_frames(world.adapter, mdl, 0, 3, frames));
	assert_int_equal(frames[0], 16);
	assert_int_equal(frames[1], 18);
	assert_int_equal(frames[2], 20);
	OK(ddi_placement_of(world.adapter, scattered, &cost));
	assert_int_equal(cost.extents, 3);
	OK(dxgk_cb_free_pages_from_mdl(world.adapter, scattered, 0));
	OK(dxgk_cb_free_contiguous_memory(world.adapter, memory, 0));
	close_clean(&world);
}

static void frames_are_reserved_once_however_often_they_are_named(void **state)
{
	(void)state;
	const char *reason = NULL;
	struct ddi_physical *physical = ddi_physical_create(&(struct ddi_physical_options){.frames = 64}, &reason);
	assert_non_null(physical);
	uint64_t before = ddi_physical_free_frames(physical);
	ddi_physical_reserve(physical, 32, 16);
	ddi_physical_reserve(physical, 40, 1000);
	assert_int_equal(ddi_physical_free_frames(physical), before - 32);
	ddi_physical_reserve(physical, 0, 64);
	ddi_physical_reserve(physical, 1, 62);
	assert_int_equal(ddi_physical_free_frames(physical), 0);
	ddi_physical_destroy(physical);
}

static void what_one_adapter_gave_is_unknown_to_another(void **state)
{
	(void)state;
	const struct world_options first = {.pages = 1024, .frames = 8192},
				   last = {.pages = 1024, .frames = 8192, .number = DDI_ADAPTERS_MAX - 1};
	const struct ddi_contiguous_request request = {.number_of_bytes = PAGE, .highest_acceptable_address = NO_LIMIT};
	struct world here, there;
	ddi_handle own, foreign;
	assert_true(world_open(&here, "rbtree", &first) && world_open(&there, "rbtree", &last));
	OK(dxgk_cb_allocate_contiguous_memory(here.adapter, &request, 0, &own));
	OK(dxgk_cb_allocate_contiguous_memory(there.adapter, &request, 0, &foreign));
	uint64_t base = mm_allocate_contiguous_memory(here.adapter, PAGE, NO_LIMIT),
		 elsewhere = mm_allocate_contiguous_memory(there.adapter, PAGE, NO_LIMIT);
	assert_true(base && elsewhere && base != elsewhere);
	assert_int_equal(dxgk_cb_free_contiguous_memory(here.adapter, foreign, 0), NTSTATUS_INVALID_HANDLE);
	mm_free_contiguous_memory(here.adapter, elsewhere);
	assert_int_equal(ddi_adapter_violations(here.adapter).mm_not_at_base, 1);
	OK(dxgk_cb_free_contiguous_memory(here.adapter, own, 0));
	OK(dxgk_cb_free_contiguous_memory(there.adapter, foreign, 0));
	mm_free_contiguous_memory(here.adapter, base);
	mm_free_contiguous_memory(there.adapter, elsewhere);
	assert_int_equal(ddi_adapter_live_handles(here.adapter) + ddi_adapter_live_handles(there.adapter), 0);
	assert_int_equal(ddi_adapter_violations(there.adapter).mm_not_at_base, 0);
	world_close(&here);
	world_close(&there);
	const struct ddi_adapter_options beyond = {.number = DDI_ADAPTERS_MAX};
	const char *reason = NULL;
	assert_null(ddi_adapter_create(&beyond, &reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contiguous_memory_is_one_extent),
		cmocka_unit_test(pages_for_an_mdl_scatter_behind_one_extent),
		cmocka_unit_test(an_mdl_of_the_mm_routines_is_mapped_unmapped_and_released_in_two_steps),
		cmocka_unit_test(the_mm_routines_give_less_than_asked_unless_told_otherwise),
		cmocka_unit_test(contiguous_memory_of_the_mm_routines_is_freed_by_its_base),
		cmocka_unit_test(the_plain_free_takes_blocks_of_all_three_routines),
		cmocka_unit_test(a_stale_base_is_nobody_elses),
		cmocka_unit_test(device_memory_is_mapped_into_a_space_of_its_own),
		cmocka_unit_test(a_memory_object_lends_its_pages_to_adls),
		cmocka_unit_test(a_reserved_range_is_mapped_in_disjoint_segments),
		cmocka_unit_test(in_identity_mode_logical_addresses_are_physical_ones),
		cmocka_unit_test(frames_are_reserved_once_however_often_they_are_named),
		cmocka_unit_test(what_one_adapter_gave_is_unknown_to_another),
	};
	return cmocka_run_group_tests_name("ddi_life", tests, NULL, NULL);
}
