/* SPDX-License-Identifier: MIT
 * Goal: every wrong call gets its status and its counter, and changes nothing else.
 * Method: the table of bad input of docs/ddi.md, row by row, in every built-in allocator and both modes. Before each row a
 * world is made that holds one object of every kind; a row makes one wrong call and is then compared with what was there
 * before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/ddi/ddi_world.h"

/* A world of 1024 pages, bytes [0x10000, 0x410000), and what is live in it. */
struct things {
	struct world world;
	struct ddi_adapter *adapter;
	bool identity;
	ddi_handle contiguous, allocated, allocated_mdl, mm_mdl, mapped, object, opened, closed, token, segment, stale;
	struct ddi_adl adl;
	uint64_t block, plain_block, stale_block, view;
};

/* Rows name what differs from a good call. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define DXGK_MDL(...) (&(struct ddi_mdl_request){.high_address = NO_LIMIT, .total_bytes = PAGE, __VA_ARGS__})
#define CONTIGUOUS(...)                                                                                                    \
	(&(struct ddi_contiguous_request){.number_of_bytes = PAGE, .highest_acceptable_address = NO_LIMIT, __VA_ARGS__})
#define OBJECT(...)                                                                                                        \
	(&(struct ddi_memory_object_request){                                                                              \
		.type = DDI_MEMORY_CONTIGUOUS, .size = 8 * PAGE, .highest_address = NO_LIMIT, __VA_ARGS__})

static ddi_handle map_reserved(struct things *t, uint64_t offset, uint64_t size)
{
	ddi_handle segment = 0;
	assert_int_equal(iommu_map_reserved_logical_range(t->adapter, t->token, offset, DDI_PERMISSION_READ, 0x100000, size,
							  &segment),
			 NTSTATUS_SUCCESS);
	return segment;
}

static bool make_things(struct things *t, const char *spec, bool identity)
{
	const struct world_options options = {.pages = 1024, .frames = 2048, .identity = identity};
	*t = (struct things){.identity = identity};
	if (!world_open(&t->world, spec, &options))
		return false;
	struct ddi_adapter *a = t->adapter = t->world.adapter;
	assert_int_equal(dxgk_cb_allocate_contiguous_memory(a, CONTIGUOUS(), 0, &t->stale), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_free_contiguous_memory(a, t->stale, 0), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_allocate_contiguous_memory(a, CONTIGUOUS(), 0, &t->contiguous), NTSTATUS_SUCCESS);
	assert_int_equal(
		dxgk_cb_allocate_pages_for_mdl(a, DXGK_MDL(.total_bytes = 8 * PAGE), 0, &t->allocated, &t->allocated_mdl),
		NTSTATUS_SUCCESS);
	t->mm_mdl = mm_allocate_pages_for_mdl(a, 16 * PAGE, 1000 * PAGE, 0, 4 * PAGE);
	assert_int_equal(dxgk_cb_map_mdl_to_io_mmu(a, t->mm_mdl, NULL, 0, &t->mapped), NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_create_physical_memory_object(a, OBJECT(.open = true), &t->object, &t->opened),
			 NTSTATUS_SUCCESS);
	assert_int_equal(dxgk_cb_create_physical_memory_object(a, OBJECT(.type = DDI_MEMORY_MDL), &t->closed, NULL),
			 NTSTATUS_SUCCESS);
	const struct ddi_adl_request adl = {.adapter_memory_object = t->opened, .size = 4 * PAGE};
	assert_int_equal(dxgk_cb_allocate_adl(a, &adl, 0, &t->adl), NTSTATUS_SUCCESS);
	t->stale_block = mm_allocate_contiguous_memory(a, 3 * PAGE, NO_LIMIT);
	mm_free_contiguous_memory(a, t->stale_block);
	t->plain_block = mm_allocate_contiguous_memory(a, 3 * PAGE, NO_LIMIT);
	t->block = mm_allocate_contiguous_memory_specify_cache(a, 3 * PAGE, 0, NO_LIMIT, 0, DDI_WRITE_COMBINED);
	assert_true(t->plain_block && t->block);
	const struct ddi_view_request view = {.translated_address = 0xf0000123, .length = 2 * PAGE};
	assert_int_equal(dxgk_cb_map_memory(a, &view, 0, &t->view), NTSTATUS_SUCCESS);
	if (!identity) {
		const struct ddi_reserve_request reserve = {.size = 8 * PAGE};
		assert_int_equal(iommu_reserve_logical_address_range(a, &reserve, 0, &t->token), NTSTATUS_SUCCESS);
		t->segment = map_reserved(t, 2 * PAGE, 2 * PAGE);
	}
	return true;
}

static ddi_handle out1, out2;
static struct ddi_adl out_adl;
static uint64_t out_address;

static int32_t contiguous(struct things *t, const struct ddi_contiguous_request *request)
{
	return dxgk_cb_allocate_contiguous_memory(t->adapter, request, 0, &out1);
}

static int32_t mdl(struct things *t, const struct ddi_mdl_request *request)
{
	return dxgk_cb_allocate_pages_for_mdl(t->adapter, request, 0, &out1, &out2);
}

static int32_t object(struct things *t, const struct ddi_memory_object_request *request)
{
	return dxgk_cb_create_physical_memory_object(t->adapter, request, &out1, &out2);
}

static int32_t adl(struct things *t, ddi_handle opened, uint64_t offset, uint64_t size, uint32_t flags)
{
	const struct ddi_adl_request request = {
		.adapter_memory_object = opened, .offset = offset, .size = size, .flags = flags};
	return dxgk_cb_allocate_adl(t->adapter, &request, 0, &out_adl);
}

static int32_t view(struct things *t, uint64_t address, uint64_t length)
{
	const struct ddi_view_request request = {.translated_address = address, .length = length};
	return dxgk_cb_map_memory(t->adapter, &request, 0, &out_address);
}

static int32_t view_cached(struct things *t, enum ddi_cache_type cache_type)
{
	const struct ddi_view_request request = {.translated_address = PAGE, .length = PAGE, .cache_type = cache_type};
	return dxgk_cb_map_memory(t->adapter, &request, 0, &out_address);
}

/* NULL becomes NTSTATUS_NO_MEMORY, so that rows of the Mm routines read like the others; their causes are told by the
 * counter. */
static int32_t null_is(uint64_t result, enum ntstatus status)
{
	return result ? NTSTATUS_SUCCESS : status;
}

static int32_t mm_block(struct things *t, uint64_t bytes, uint64_t low, uint64_t high, uint64_t boundary, uint32_t node)
{
	return null_is(
		mm_allocate_contiguous_memory_specify_cache_node(t->adapter, bytes, low, high, boundary, DDI_CACHED, node),
		NTSTATUS_NO_MEMORY);
}

static int32_t mm_mdl(struct things *t, uint64_t low, uint64_t high, uint64_t skip, uint64_t total, uint32_t flags)
{
	return null_is(mm_allocate_pages_for_mdl_ex(t->adapter, low, high, skip, total, DDI_CACHED, flags),
		       NTSTATUS_NO_MEMORY);
}

static const uint64_t space_begin = WORLD_FIRST * PAGE, space_end = (WORLD_FIRST + 1024) * PAGE;

static int32_t reserve(struct things *t, uint64_t size, const uint64_t *at, const uint64_t *min, const uint64_t *max)
{
	const struct ddi_reserve_request request = {
		.size = size, .explicit_address = at, .min_address = min, .max_address = max};
	return iommu_reserve_logical_address_range(t->adapter, &request, 0, &out1);
}

static int32_t segment(struct things *t, ddi_handle token, uint64_t offset, uint32_t permissions, uint64_t physical,
		       uint64_t size)
{
	return iommu_map_reserved_logical_range(t->adapter, token, offset, permissions, physical, size, &out1);
}

#define ADDRESS(value) (&(const uint64_t){value})
#define VOID(call) ((call), NTSTATUS_SUCCESS)
enum { BOTH, REMAP, IDENTITY, EXPLICIT_REMAP, NOT_EXPLICIT };

#define ROWS(ROW)                                                                                                          \
	/* zero size */                                                                                                    \
	ROW(BOTH, INVALID_PARAMETER, malformed, contiguous(t, CONTIGUOUS(.number_of_bytes = 0)))                           \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.total_bytes = 0)))                                        \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.size = 0)))                                              \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_MDL, .size = 0)))                      \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_IO_SPACE, .size = 0)))                 \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 0, 0, 0))                                                \
	ROW(BOTH, INVALID_PARAMETER, malformed, view(t, PAGE, 0))                                                          \
	ROW(BOTH, NO_MEMORY, malformed, mm_block(t, 0, 0, NO_LIMIT, 0, 0))                                                 \
	ROW(BOTH, NO_MEMORY, malformed, mm_mdl(t, 0, NO_LIMIT, 0, 0, 0))                                                   \
	ROW(BOTH, NO_MEMORY, malformed,                                                                                    \
	    null_is(mm_allocate_contiguous_memory(t->adapter, 0, NO_LIMIT), NTSTATUS_NO_MEMORY))                           \
	ROW(BOTH, NO_MEMORY, malformed,                                                                                    \
	    null_is(mm_allocate_pages_for_mdl(t->adapter, 0, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY))                         \
	/* boundary not a power of two */                                                                                  \
	ROW(BOTH, INVALID_PARAMETER, malformed, contiguous(t, CONTIGUOUS(.boundary_address_multiple = 3 * PAGE)))          \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.boundary_address_multiple = 3 * PAGE)))                  \
	ROW(BOTH, NO_MEMORY, malformed, mm_block(t, PAGE, 0, NO_LIMIT, 3 * PAGE, 0))                                       \
	/* low > high */                                                                                                   \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    contiguous(t, CONTIGUOUS(.lowest_acceptable_address = 2, .highest_acceptable_address = 1)))                    \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.low_address = 2, .high_address = 1)))                     \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.lowest_address = 2, .highest_address = 1)))              \
	ROW(BOTH, NO_MEMORY, malformed, mm_block(t, PAGE, 2, 1, 0, 0))                                                     \
	ROW(BOTH, NO_MEMORY, malformed, mm_mdl(t, 2, 1, 0, PAGE, 0))                                                       \
	/* skip not a page multiple */                                                                                     \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.skip_bytes = PAGE + 1)))                                  \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_MDL, .skip_bytes = 7)))                \
	ROW(BOTH, NO_MEMORY, malformed, mm_mdl(t, 0, NO_LIMIT, PAGE / 2, PAGE, 0))                                         \
	/* chunks: size no power of two, or total no multiple of it; large pages without chunks of 2 MiB */                \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    mdl(t, DXGK_MDL(.total_bytes = 6 * PAGE, .skip_bytes = 3 * PAGE, .flags = 0x20)))                              \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    mdl(t, DXGK_MDL(.total_bytes = 6 * PAGE, .skip_bytes = 4 * PAGE, .flags = 0x20)))                              \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.flags = 0x40)))                                           \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.skip_bytes = PAGE, .flags = 0x60)))                       \
	/* MDL too large: 4 GiB less one page is the most */                                                               \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.total_bytes = UINT64_C(0xfffff001))))                     \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.total_bytes = UINT64_MAX)))                               \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_MDL, .size = UINT64_C(1) << 32)))      \
	ROW(BOTH, NO_MEMORY, malformed, mm_mdl(t, 0, NO_LIMIT, 0, UINT64_C(0xfffff001), 0))                                \
	/* ADL offset and size unaligned or outside; sums that overflow */                                                 \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 1, PAGE, 0))                                             \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 0, PAGE - 1, 0))                                         \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 8 * PAGE, PAGE, 0))                                      \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 0, 9 * PAGE, 0))                                         \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, PAGE, ~(PAGE - 1), 0))                                   \
	ROW(BOTH, INVALID_PARAMETER, malformed, view(t, PAGE, UINT64_MAX))                                                 \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    object(t, OBJECT(.type = DDI_MEMORY_IO_SPACE, .base_address = ~(PAGE - 1), .size = 2 * PAGE)))                 \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_IO_SPACE, .base_address = 1)))         \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = (enum ddi_memory_type)9)))                        \
	/* reserved flag bits; a node that does not exist */                                                               \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.flags = 0x80)))                                           \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.type = DDI_MEMORY_MDL, .flags = 0x80)))                  \
	ROW(BOTH, INVALID_PARAMETER, malformed, adl(t, t->opened, 4 * PAGE, PAGE, 4))                                      \
	ROW(BOTH, NO_MEMORY, malformed, mm_mdl(t, 0, NO_LIMIT, 0, PAGE, 0x80000000))                                       \
	ROW(BOTH, NO_MEMORY, malformed, mm_block(t, PAGE, 0, NO_LIMIT, 0, 2))                                              \
	ROW(BOTH, NO_MEMORY, malformed,                                                                                    \
	    null_is(mm_allocate_node_pages_for_mdl_ex(t->adapter, 0, NO_LIMIT, 0, PAGE, DDI_CACHED, 2, 0),                 \
		    NTSTATUS_NO_MEMORY))                                                                                   \
	/* RequireContiguous on an MDL object; a section is not modelled */                                                \
	ROW(BOTH, INVALID_PARAMETER, malformed, require_contiguous_of_mdl(t))                                              \
	ROW(BOTH, NOT_SUPPORTED, unsupported, object(t, OBJECT(.type = DDI_MEMORY_SECTION)))                               \
	/* a cache type that is reserved for the system, or none at all */                                                 \
	ROW(BOTH, INVALID_PARAMETER, malformed, contiguous(t, CONTIGUOUS(.cache_type = (enum ddi_cache_type)3)))           \
	ROW(BOTH, INVALID_PARAMETER, malformed, contiguous(t, CONTIGUOUS(.cache_type = (enum ddi_cache_type)256)))         \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.cache_type = (enum ddi_cache_type)77)))                   \
	ROW(BOTH, INVALID_PARAMETER, malformed, object(t, OBJECT(.cache_type = (enum ddi_cache_type)99)))                  \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    object(t, OBJECT(.type = DDI_MEMORY_MDL, .cache_type = (enum ddi_cache_type)3)))                               \
	ROW(BOTH, INVALID_PARAMETER, malformed,                                                                            \
	    object(t, OBJECT(.type = DDI_MEMORY_IO_SPACE, .cache_type = (enum ddi_cache_type)3)))                          \
	ROW(BOTH, INVALID_PARAMETER, malformed, view_cached(t, (enum ddi_cache_type)3))                                    \
	ROW(BOTH, NO_MEMORY, malformed,                                                                                    \
	    null_is(mm_allocate_contiguous_memory_specify_cache(t->adapter, PAGE, 0, NO_LIMIT, 0, (enum ddi_cache_type)3), \
		    NTSTATUS_NO_MEMORY))                                                                                   \
	ROW(BOTH, NO_MEMORY, malformed,                                                                                    \
	    null_is(mm_allocate_pages_for_mdl_ex(t->adapter, 0, NO_LIMIT, 0, PAGE, (enum ddi_cache_type)77, 0),            \
		    NTSTATUS_NO_MEMORY))                                                                                   \
	/* ours: alignment, contiguity */                                                                                  \
	ROW(BOTH, INVALID_PARAMETER, malformed, contiguous(t, CONTIGUOUS(.alignment_pages = 3)))                           \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.alignment_pages = 3)))                                    \
	ROW(BOTH, INVALID_PARAMETER, malformed, mdl(t, DXGK_MDL(.contiguity = (enum ddi_contiguity)3)))                    \
	/* well formed but impossible: bytes > boundary, window smaller than the request, or elsewhere */                  \
	ROW(BOTH, INVALID_PARAMETER, impossible,                                                                           \
	    contiguous(t, CONTIGUOUS(.number_of_bytes = 3 * PAGE, .boundary_address_multiple = 2 * PAGE)))                 \
	ROW(BOTH, INVALID_PARAMETER, impossible,                                                                           \
	    object(t, OBJECT(.size = 3 * PAGE, .boundary_address_multiple = 2 * PAGE)))                                    \
	ROW(BOTH, NO_MEMORY, impossible, mm_block(t, 3 * PAGE, 0, NO_LIMIT, 2 * PAGE, 0))                                  \
	ROW(BOTH, INVALID_PARAMETER, impossible,                                                                           \
	    contiguous(t, CONTIGUOUS(.number_of_bytes = 2 * PAGE, .lowest_acceptable_address = 32 * PAGE,                  \
				     .highest_acceptable_address = 34 * PAGE - 2)))                                        \
	ROW(BOTH, INVALID_PARAMETER, impossible,                                                                           \
	    mdl(t, DXGK_MDL(.low_address = 32 * PAGE, .high_address = 34 * PAGE - 1, .total_bytes = 3 * PAGE)))            \
	ROW(BOTH, INVALID_PARAMETER, impossible, mdl(t, DXGK_MDL(.low_address = space_end)))                               \
	ROW(BOTH, INVALID_PARAMETER, impossible, mdl(t, DXGK_MDL(.high_address = space_begin - 1)))                        \
	ROW(BOTH, INVALID_PARAMETER, impossible, mdl(t, DXGK_MDL(.low_address = 1, .high_address = PAGE - 1)))             \
	ROW(BOTH, INVALID_PARAMETER, impossible, mdl(t, DXGK_MDL(.total_bytes = 1025 * PAGE)))                             \
	ROW(BOTH, INVALID_PARAMETER, impossible,                                                                           \
	    mdl(t, DXGK_MDL(.total_bytes = 2048 * PAGE, .skip_bytes = 1024 * PAGE, .flags = 0x20)))                        \
	ROW(BOTH, INVALID_PARAMETER, impossible, object(t, OBJECT(.size = 1025 * PAGE)))                                   \
	ROW(BOTH, NO_MEMORY, impossible, mm_block(t, 2049 * PAGE, 0, NO_LIMIT, 0, 0))                                      \
	ROW(BOTH, NO_MEMORY, impossible, mm_mdl(t, 2048 * PAGE, NO_LIMIT, 0, PAGE, 0))                                     \
	ROW(BOTH, NO_MEMORY, impossible, mm_mdl(t, 0, NO_LIMIT, 0, 2049 * PAGE, DDI_MM_FULLY_REQUIRED))                    \
	ROW(BOTH, INVALID_PARAMETER, impossible, view(t, PAGE, 257 * PAGE))                                                \
	/* no room: 1024 pages or frames, but not all are free */                                                          \
	ROW(REMAP, NO_MEMORY, exhausted, contiguous(t, CONTIGUOUS(.number_of_bytes = 1024 * PAGE)))                        \
	ROW(REMAP, NO_MEMORY, exhausted, mdl(t, DXGK_MDL(.total_bytes = 1024 * PAGE)))                                     \
	ROW(REMAP, NO_MEMORY, exhausted,                                                                                   \
	    mdl(t, DXGK_MDL(.total_bytes = 1024 * PAGE, .contiguity = DDI_CONTIGUITY_REQUIRE)))                            \
	ROW(IDENTITY, NO_MEMORY, physical_exhausted, contiguous(t, CONTIGUOUS(.number_of_bytes = 1024 * PAGE)))            \
	ROW(IDENTITY, NO_MEMORY, physical_exhausted, mdl(t, DXGK_MDL(.total_bytes = 1024 * PAGE)))                         \
	ROW(BOTH, NO_MEMORY, exhausted, view(t, PAGE, 255 * PAGE))                                                         \
	ROW(BOTH, NO_MEMORY, physical_exhausted, mm_block(t, 2047 * PAGE, 0, NO_LIMIT, 0, 0))                              \
	ROW(BOTH, NO_MEMORY, physical_exhausted, mm_mdl(t, 0, NO_LIMIT, 0, 2047 * PAGE, DDI_MM_FULLY_REQUIRED))            \
	/* double free, unknown or stale handle */                                                                         \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_free_contiguous_memory(t->adapter, t->stale, 0))                \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_free_contiguous_memory(t->adapter, 0, 0))                       \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_free_pages_from_mdl(t->adapter, t->stale, 0))                   \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_free_pages_from_mdl(t->adapter, UINT64_MAX, 0))                 \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_map_mdl_to_io_mmu(t->adapter, t->stale, NULL, 0, &out1))        \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, dxgk_cb_open_physical_memory_object(t->adapter, t->stale, &out1))       \
	ROW(BOTH, INVALID_HANDLE, handles_invalid, adl(t, t->stale, 0, PAGE, 0))                                           \
	ROW(REMAP, INVALID_HANDLE, handles_invalid, iommu_free_reserved_logical_address_range(t->adapter, t->stale, 0))    \
	ROW(REMAP, INVALID_HANDLE, handles_invalid, segment(t, t->stale, 0, 1, 0, PAGE))                                   \
	/* handle of another kind */                                                                                       \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped, dxgk_cb_free_contiguous_memory(t->adapter, t->allocated, 0))     \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped, dxgk_cb_free_pages_from_mdl(t->adapter, t->allocated_mdl, 0))    \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped, dxgk_cb_free_pages_from_mdl(t->adapter, t->mapped, 0))           \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped,                                                                  \
	    dxgk_cb_map_mdl_to_io_mmu(t->adapter, t->allocated, NULL, 0, &out1))                                           \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped,                                                                  \
	    dxgk_cb_open_physical_memory_object(t->adapter, t->opened, &out1))                                             \
	ROW(BOTH, OBJECT_TYPE_MISMATCH, handles_mistyped, adl(t, t->object, 0, PAGE, 0))                                   \
	ROW(REMAP, OBJECT_TYPE_MISMATCH, handles_mistyped,                                                                 \
	    iommu_free_reserved_logical_address_range(t->adapter, t->segment, 0))                                          \
	ROW(REMAP, OBJECT_TYPE_MISMATCH, handles_mistyped, segment(t, t->contiguous, 0, 1, 0, PAGE))                       \
	/* unmap of what is not mapped */                                                                                  \
	ROW(BOTH, NOT_MAPPED_VIEW, not_mapped, dxgk_cb_unmap_memory(t->adapter, t->view + 1, 0))                           \
	ROW(BOTH, NOT_MAPPED_VIEW, not_mapped, dxgk_cb_unmap_memory(t->adapter, t->view + PAGE, 0))                        \
	ROW(BOTH, NOT_MAPPED_VIEW, not_mapped, dxgk_cb_unmap_memory(t->adapter, 0, 0))                                     \
	ROW(BOTH, NOT_MAPPED_VIEW, not_mapped, dxgk_cb_unmap_memory(t->adapter, UINT64_MAX, 0))                            \
	ROW(BOTH, INVALID_PARAMETER, not_mapped, iommu_unmap_reserved_logical_range(t->adapter, t->stale))                 \
	ROW(REMAP, INVALID_PARAMETER, not_mapped, iommu_unmap_reserved_logical_range(t->adapter, t->token))                \
	/* explicit address taken, or refused by the allocator */                                                          \
	ROW(EXPLICIT_REMAP, RESOURCE_IN_USE, in_use, reserve(t, PAGE, ADDRESS(address_of(t)), NULL, NULL))                 \
	ROW(NOT_EXPLICIT, NOT_SUPPORTED, unsupported, reserve(t, PAGE, ADDRESS(space_end - PAGE), NULL, NULL))             \
	ROW(EXPLICIT_REMAP, INVALID_PARAMETER_MIX, impossible, reserve(t, PAGE, ADDRESS(space_end), NULL, NULL))           \
	ROW(EXPLICIT_REMAP, INVALID_PARAMETER_MIX, impossible, reserve(t, PAGE, ADDRESS(0), NULL, NULL))                   \
	/* min and max cannot hold the size */                                                                             \
	ROW(REMAP, INVALID_PARAMETER_MIX, impossible, reserve(t, 2 * PAGE, NULL, ADDRESS(32 * PAGE), ADDRESS(33 * PAGE)))  \
	ROW(REMAP, INVALID_PARAMETER_MIX, impossible, reserve(t, PAGE, NULL, ADDRESS(2), ADDRESS(1)))                      \
	ROW(REMAP, INVALID_PARAMETER_MIX, impossible, reserve(t, 1025 * PAGE, NULL, NULL, NULL))                           \
	/* unaligned HAL size, explicit address, offset, physical address and size; wrong domain */                        \
	ROW(REMAP, INVALID_PARAMETER_2, malformed, reserve(t, PAGE + 1, NULL, NULL, NULL))                                 \
	ROW(REMAP, INVALID_PARAMETER_2, malformed, reserve(t, 0, NULL, NULL, NULL))                                        \
	ROW(REMAP, INVALID_PARAMETER_3, malformed, reserve(t, PAGE, ADDRESS(1), NULL, NULL))                               \
	ROW(REMAP, INVALID_PARAMETER_2, malformed, segment(t, t->token, 1, 1, 0, PAGE))                                    \
	ROW(REMAP, INVALID_PARAMETER_3, malformed, segment(t, t->token, 0, 4, 0, PAGE))                                    \
	ROW(REMAP, INVALID_PARAMETER_4, malformed, segment(t, t->token, 0, 1, 1, PAGE))                                    \
	ROW(REMAP, INVALID_PARAMETER_4, malformed, segment(t, t->token, 0, 1, 0, PAGE + 1))                                \
	ROW(REMAP, INVALID_PARAMETER_4, malformed, segment(t, t->token, 0, 1, 0, 0))                                       \
	ROW(REMAP, INVALID_PARAMETER_4, malformed, segment(t, t->token, 0, 1, ~(PAGE - 1), 2 * PAGE))                      \
	ROW(REMAP, INVALID_PARAMETER, malformed, segment(t, t->token, 7 * PAGE, 1, 0, 2 * PAGE))                           \
	ROW(REMAP, INVALID_PARAMETER, malformed, segment(t, t->token, ~(PAGE - 1), 1, 0, 2 * PAGE))                        \
	ROW(IDENTITY, INVALID_PARAMETER_1, unsupported, reserve(t, PAGE, NULL, NULL, NULL))                                \
	/* token freed while mapped, overlapping segment */                                                                \
	ROW(REMAP, RESOURCE_IN_USE, in_use, iommu_free_reserved_logical_address_range(t->adapter, t->token, 0))            \
	ROW(REMAP, RESOURCE_IN_USE, in_use, segment(t, t->token, 3 * PAGE, 1, 0, 4 * PAGE))                                \
	ROW(REMAP, RESOURCE_IN_USE, in_use, segment(t, t->token, 0, 1, 0, 3 * PAGE))                                       \
	/* identity: pages that are mapped; both: an object that is open, an MDL that is mapped twice */                   \
	ROW(IDENTITY, RESOURCE_IN_USE, in_use, dxgk_cb_map_mdl_to_io_mmu(t->adapter, t->mm_mdl, NULL, 0, &out1))           \
	ROW(IDENTITY, RESOURCE_IN_USE, in_use, adl(t, t->opened, 3 * PAGE, 2 * PAGE, 0))                                   \
	ROW(BOTH, RESOURCE_IN_USE, in_use, dxgk_cb_open_physical_memory_object(t->adapter, t->object, &out1))

/* Calls without a status: the counter of the violation. */
#define VIOLATIONS(ROW)                                                                                                    \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, 0))                                                      \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, t->plain_block + PAGE))                                  \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, UINT64_MAX))                                             \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, UINT64_C(1) << 62))                                      \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, t->plain_block + 3 * PAGE)) /* where it ends */          \
	ROW(mm_not_at_base, mm_free_contiguous_memory(t->adapter, t->stale_block))                                         \
	ROW(mm_not_at_base, mm_free_contiguous_memory_specify_cache(t->adapter, t->stale_block, 3 * PAGE, DDI_CACHED))     \
	ROW(mm_not_at_base, mm_free_contiguous_memory_specify_cache(t->adapter, t->block + 1, 3 * PAGE, DDI_CACHED))       \
	ROW(mm_mismatched,                                                                                                 \
	    mm_free_contiguous_memory_specify_cache(t->adapter, t->block, 3 * PAGE, (enum ddi_cache_type)258))             \
	ROW(mm_mismatched, mm_free_contiguous_memory_specify_cache(t->adapter, t->block, 2 * PAGE, DDI_WRITE_COMBINED))    \
	ROW(mm_mismatched, mm_free_contiguous_memory_specify_cache(t->adapter, t->block, 3 * PAGE, DDI_CACHED))            \
	ROW(mm_mismatched, mm_free_contiguous_memory_specify_cache(t->adapter, t->plain_block, 3 * PAGE, DDI_CACHED))      \
	ROW(unmap_mdl, dxgk_cb_unmap_mdl_from_io_mmu(t->adapter, t->stale, 0))                                             \
	ROW(unmap_mdl, dxgk_cb_unmap_mdl_from_io_mmu(t->adapter, t->allocated, 0))                                         \
	ROW(free_adl, dxgk_cb_free_adl(t->adapter, 0, 0))                                                                  \
	ROW(free_adl, dxgk_cb_free_adl(t->adapter, t->opened, 0))                                                          \
	ROW(close_object, dxgk_cb_close_physical_memory_object(t->adapter, t->object))                                     \
	ROW(close_object, dxgk_cb_close_physical_memory_object(t->adapter, t->opened)) /* its ADL lives */                 \
	ROW(destroy_object, dxgk_cb_destroy_physical_memory_object(t->adapter, t->stale, 0))                               \
	ROW(destroy_object, dxgk_cb_destroy_physical_memory_object(t->adapter, t->opened, 0))                              \
	ROW(destroy_object, dxgk_cb_destroy_physical_memory_object(t->adapter, t->closed, t->opened))                      \
	ROW(mdl_free_pages, mm_free_pages_from_mdl(t->adapter, t->allocated_mdl))                                          \
	ROW(mdl_free_pages, mm_free_pages_from_mdl(t->adapter, t->stale))                                                  \
	ROW(mdl_freed_while_mapped, mm_free_pages_from_mdl(t->adapter, t->mm_mdl))                                         \
	ROW(mdl_free_pool, ex_free_pool(t->adapter, t->mm_mdl)) /* its pages live */                                       \
	ROW(mdl_free_pool, ex_free_pool(t->adapter, t->allocated_mdl))                                                     \
	ROW(mdl_free_pool, ex_free_pool(t->adapter, 0))

/* Needs an object of its own, which it gives back. */
static int32_t require_contiguous_of_mdl(struct things *t)
{
	ddi_handle opened = 0;
	assert_int_equal(dxgk_cb_open_physical_memory_object(t->adapter, t->closed, &opened), NTSTATUS_SUCCESS);
	int32_t status = adl(t, opened, 0, PAGE, DDI_ADL_REQUIRE_CONTIGUOUS);
	dxgk_cb_close_physical_memory_object(t->adapter, opened);
	return status;
}

/* A logical address that is taken. */
static uint64_t address_of(const struct things *t)
{
	struct iova_extent extent = {0};
	ddi_contiguous_extent(t->adapter, t->contiguous, &extent);
	return extent.first * PAGE;
}

struct row {
	const char *text;
	int where;
	int32_t status;
	size_t counter;
	bool violation;
};

#define CASE(where_, wanted, counter_name, ...)                                                                            \
	if (number-- == 0) {                                                                                               \
		*row = (struct row){#__VA_ARGS__, where_, NTSTATUS_##wanted, offsetof(struct ddi_failures, counter_name),  \
				    false};                                                                                \
		return t ? (__VA_ARGS__) : 0;                                                                              \
	}
#define VIOLATION_CASE(counter_name, ...)                                                                                  \
	if (number-- == 0) {                                                                                               \
		*row = (struct row){#__VA_ARGS__, BOTH, NTSTATUS_SUCCESS, offsetof(struct ddi_violations, counter_name),   \
				    true};                                                                                 \
		return t ? VOID(__VA_ARGS__) : 0;                                                                          \
	}

/* Describes row `number`, and makes its call when t is not NULL. text == NULL: there is no such row. */
static int32_t play(size_t number, struct things *t, struct row *row)
{
	ROWS(CASE)
	VIOLATIONS(VIOLATION_CASE)
	row->text = NULL;
	return 0;
}

struct state {
	struct ddi_failures failures;
	struct ddi_violations violations;
	struct ddi_placement placements[DDI_CALLS];
	struct ddi_leaks leaks;
	uint64_t free_pages, free_frames, mapped_pages;
};

static struct state state_of(const struct things *t)
{
	struct state state;
	memset(&state, 0, sizeof state);
	state.failures = ddi_adapter_failures(t->adapter);
	state.violations = ddi_adapter_violations(t->adapter);
	for (int call = 0; call < DDI_CALLS; call++)
		state.placements[call] = ddi_adapter_placements(t->adapter, (enum ddi_call)call);
	state.leaks = ddi_adapter_leaks(t->adapter);
	state.free_pages = world_free_pages(&t->world);
	state.free_frames = ddi_physical_free_frames(t->world.physical);
	state.mapped_pages = t->world.mapped_pages;
	return state;
}

static bool applies(const struct things *t, int where)
{
	bool places = iova_instance_table(t->world.instance)->capabilities & IOVA_EXPLICIT;
	switch (where) {
	case BOTH:
		return true;
	case REMAP:
		return !t->identity;
	case IDENTITY:
		return t->identity;
	case EXPLICIT_REMAP:
		return places && !t->identity;
	default:
		return !places && !t->identity;
	}
}

static void one_row(struct things *t, size_t number)
{
	struct row described, *row = &described;
	struct state before = state_of(t);
	play(number, NULL, row);
	uint64_t *counter = (uint64_t *)((char *)(row->violation ? (void *)&before.violations : (void *)&before.failures) +
					 row->counter);
	out1 = out2 = out_address = 0xabcdef;
	memset(&out_adl, 0x5a, sizeof out_adl);
	const struct ddi_adl untouched = out_adl;
	int32_t status = play(number, t, row);
	if (status != row->status)
		fail_msg("%s, %s: %s: %s, wanted %s", t->world.spec, t->identity ? "identity" : "remap", row->text,
			 ntstatus_name((enum ntstatus)status), ntstatus_name(row->status));
	++*counter;
	struct state after = state_of(t);
	if (memcmp(&before, &after, sizeof after) != 0)
		fail_msg("%s, %s: %s: counted as something else, or changed something", t->world.spec,
			 t->identity ? "identity" : "remap", row->text);
	if (out1 != 0xabcdef || out2 != 0xabcdef || out_address != 0xabcdef ||
	    memcmp(&out_adl, &untouched, sizeof out_adl) != 0)
		fail_msg("%s: %s: wrote a result", t->world.spec, row->text);
	if (world_broken(&t->world))
		fail_msg("%s: %s: %s", t->world.spec, row->text, world_broken(&t->world));
}

static void every_row_has_its_status_and_changes_nothing(void **unused)
{
	(void)unused;
	size_t identities = 0;
	for (size_t spec = 0; spec < WORLD_SPECS; spec++) {
		for (int identity = 0; identity <= 1; identity++) {
			struct things things;
			struct row row;
			if (!make_things(&things, world_specs[spec], identity))
				continue;
			identities += identity != 0;
			for (size_t number = 0; play(number, NULL, &row), row.text; number++)
				if (applies(&things, row.where))
					one_row(&things, number);
			world_close(&things.world);
		}
	}
	assert_true(identities >= 2);
}

/* A stop of the machine: the adapter says why, and every call after it changes nothing, not even a counter. */
static void stopped(struct things *t)
{
	struct state before = state_of(t);
	struct ddi_adl unused;
	const struct ddi_adl_request request = {.adapter_memory_object = t->opened, .offset = 4 * PAGE, .size = PAGE};
	assert_non_null(ddi_adapter_fatal(t->adapter));
	assert_int_equal(contiguous(t, CONTIGUOUS()), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_free_contiguous_memory(t->adapter, t->contiguous, 0), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(mdl(t, DXGK_MDL(.total_bytes = 0)), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_free_pages_from_mdl(t->adapter, t->allocated, 0), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_map_mdl_to_io_mmu(t->adapter, t->mm_mdl, NULL, 0, &out1), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(object(t, OBJECT()), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_open_physical_memory_object(t->adapter, t->closed, &out1), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_allocate_adl(t->adapter, &request, 0, &unused), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(view(t, PAGE, PAGE), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(dxgk_cb_unmap_memory(t->adapter, t->view, 0), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(reserve(t, PAGE, NULL, NULL, NULL), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(segment(t, t->token, 0, 1, 0, PAGE), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(iommu_unmap_reserved_logical_range(t->adapter, t->segment), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(iommu_free_reserved_logical_address_range(t->adapter, t->token, 0), NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(mm_allocate_contiguous_memory(t->adapter, PAGE, NO_LIMIT), 0);
	assert_int_equal(mm_allocate_pages_for_mdl(t->adapter, 0, NO_LIMIT, 0, PAGE), 0);
	mm_free_contiguous_memory(t->adapter, t->plain_block);
	mm_free_contiguous_memory_specify_cache(t->adapter, t->block, 3 * PAGE, DDI_WRITE_COMBINED);
	mm_free_pages_from_mdl(t->adapter, t->allocated_mdl);
	ex_free_pool(t->adapter, t->mm_mdl);
	dxgk_cb_unmap_mdl_from_io_mmu(t->adapter, t->mapped, 0);
	dxgk_cb_free_adl(t->adapter, t->adl.handle, 0);
	dxgk_cb_close_physical_memory_object(t->adapter, t->opened);
	dxgk_cb_destroy_physical_memory_object(t->adapter, t->closed, 0);
	struct state after = state_of(t);
	assert_memory_equal(&before, &after, sizeof after);
}

static void destroying_an_object_under_a_live_adl_is_fatal(void **unused)
{
	(void)unused;
	struct things t;
	make_things(&t, "rbtree", false);
	struct state before = state_of(&t);
	dxgk_cb_destroy_physical_memory_object(t.adapter, t.object, t.opened);
	struct state after = state_of(&t);
	assert_memory_equal(&before, &after, sizeof after);
	assert_int_equal(ddi_adapter_fatal(t.adapter)->code, 0x1e4);
	assert_int_equal(ddi_adapter_fatal(t.adapter)->subcode, 5);
	assert_non_null(strstr(ddi_adapter_fatal(t.adapter)->why, "live ADL"));
	stopped(&t);
	world_close(&t.world);
}

static void a_high_level_counts_before_wddm_3_2_and_is_fatal_from_then_on(void **unused)
{
	(void)unused;
	const enum ddi_wddm versions[] = {DDI_WDDM_2_4, DDI_WDDM_3_0, DDI_WDDM_3_2};
	for (size_t i = 0; i < 3; i++) {
		struct world world;
		ddi_handle handle = 0;
		const struct world_options options = {.pages = 64, .frames = 64, .wddm = versions[i]};
		bool fatal = versions[i] == DDI_WDDM_3_2;
		assert_true(world_open(&world, "rbtree", &options));
		ddi_adapter_set_irql(world.adapter, DDI_APC_LEVEL);
		assert_int_equal(dxgk_cb_allocate_contiguous_memory(world.adapter, CONTIGUOUS(), 0, &handle),
				 NTSTATUS_SUCCESS);
		ddi_adapter_set_irql(world.adapter, DDI_DISPATCH_LEVEL);
		uint64_t base = mm_allocate_contiguous_memory(world.adapter, PAGE, NO_LIMIT);
		assert_int_not_equal(base, 0);
		mm_free_contiguous_memory(world.adapter, base);
		assert_int_equal(ddi_adapter_violations(world.adapter).irql, 0);
		assert_int_equal(dxgk_cb_free_contiguous_memory(world.adapter, handle, 0),
				 fatal ? NTSTATUS_UNSUCCESSFUL : NTSTATUS_SUCCESS);
		assert_int_equal(ddi_adapter_violations(world.adapter).irql, !fatal);
		assert_int_equal(ddi_adapter_fatal(world.adapter) != NULL, fatal);
		/* Back at passive level nothing is healed. */
		ddi_adapter_set_irql(world.adapter, DDI_PASSIVE_LEVEL);
		assert_int_equal(dxgk_cb_allocate_contiguous_memory(world.adapter, CONTIGUOUS(), 0, &handle),
				 fatal ? NTSTATUS_UNSUCCESSFUL : NTSTATUS_SUCCESS);
		ddi_adapter_set_irql(world.adapter, (enum ddi_irql)15);
		mm_free_contiguous_memory(world.adapter, 0);
		assert_int_equal(ddi_adapter_violations(world.adapter).irql, fatal ? 0 : 2);
		world_close(&world);
	}
}

static void stopping_under_a_leak_is_fatal(void **unused)
{
	(void)unused;
	struct things t;
	make_things(&t, "rbtree", false);
	dxgk_cb_free_adl(t.adapter, t.adl.handle, 0);
	struct ddi_leaks leaks = ddi_adapter_leaks(t.adapter);
	assert_int_equal(leaks.adls, 0);
	assert_int_equal(leaks.adapter_objects, 1);
	/* Closing takes the one that is open; an object that is not is no adapter object, and everything else only counts. */
	dxgk_cb_close_physical_memory_object(t.adapter, t.opened);
	assert_null(ddi_adapter_stop(t.adapter));
	assert_true(ddi_adapter_leaks(t.adapter).handles > 5);
	assert_int_equal(dxgk_cb_open_physical_memory_object(t.adapter, t.object, &t.opened), NTSTATUS_SUCCESS);
	struct state before = state_of(&t);
	assert_int_equal(ddi_adapter_stop(t.adapter)->subcode, 6);
	assert_int_equal(ddi_adapter_fatal(t.adapter)->code, 0x1e4);
	assert_non_null(strstr(ddi_adapter_fatal(t.adapter)->why, "VIDEO_DXGKRNL_SYSMM_FATAL_ERROR, subcode 0x6"));
	struct state after = state_of(&t);
	assert_memory_equal(&before, &after, sizeof after);
	stopped(&t);
	world_close(&t.world);

	make_things(&t, "rbtree", false);
	assert_int_equal(ddi_adapter_stop(t.adapter)->subcode,
			 7); /* an object leaks, too: the ADL is the one that is told */
	assert_non_null(strstr(ddi_adapter_fatal(t.adapter)->why, "subcode 0x7"));
	stopped(&t);
	dxgk_cb_destroy_physical_memory_object(t.adapter, t.object, t.opened);
	assert_int_equal(ddi_adapter_fatal(t.adapter)->subcode, 7); /* the first cause stays */
	world_close(&t.world);
}

/* Only PASSIVE_LEVEL is documented for these two, and no bug check. */
static void device_memory_is_mapped_from_passive_level(void **unused)
{
	(void)unused;
	const enum ddi_wddm versions[] = {DDI_WDDM_3_0, DDI_WDDM_3_2};
	for (size_t i = 0; i < 2; i++) {
		struct world world;
		const struct world_options options = {.pages = 64, .frames = 64, .wddm = versions[i]};
		const struct ddi_view_request request = {.translated_address = PAGE, .length = PAGE};
		uint64_t address = 0, violations = 0;
		assert_true(world_open(&world, "rbtree", &options));
		for (int level = DDI_PASSIVE_LEVEL; level <= DDI_DISPATCH_LEVEL; level++) {
			ddi_adapter_set_irql(world.adapter, (enum ddi_irql)level);
			violations += level != DDI_PASSIVE_LEVEL;
			assert_int_equal(dxgk_cb_map_memory(world.adapter, &request, 0, &address), NTSTATUS_SUCCESS);
			assert_int_equal(ddi_adapter_violations(world.adapter).irql, violations);
			violations += level != DDI_PASSIVE_LEVEL;
			assert_int_equal(dxgk_cb_unmap_memory(world.adapter, address, 0), NTSTATUS_SUCCESS);
			assert_int_equal(ddi_adapter_violations(world.adapter).irql, violations);
		}
		assert_null(ddi_adapter_fatal(world.adapter));
		world_close(&world);
	}
}

/* Pages of 2^62 bytes: two are in the upper half of the addresses, one for a block and one behind it. */
static void base_addresses_run_out_before_one_is_given_twice(void **unused)
{
	(void)unused;
	const struct iova_space space = {0, 2, UINT64_C(1) << 62};
	const struct ddi_physical_options frames = {.frames = 8};
	const char *reason = NULL;
	struct iova_instance *instance = iova_instance_create("rbtree", &space, NULL, NULL, 0);
	struct ddi_physical *physical = ddi_physical_create(&frames, &reason);
	const struct ddi_adapter_options options = {
		.table = iova_instance_table(instance),
		.self = iova_instance_self(instance),
		.space_count = space.count,
		.page_bytes = space.page_bytes,
		.physical = physical,
	};
	struct ddi_adapter *adapter = ddi_adapter_create(&options, &reason);
	assert_int_equal(mm_allocate_contiguous_memory(adapter, space.page_bytes + 1, NO_LIMIT), 0);
	uint64_t base = mm_allocate_contiguous_memory(adapter, PAGE, NO_LIMIT);
	assert_true(base == UINT64_C(1) << 63);
	mm_free_contiguous_memory(adapter, base);
	assert_int_equal(mm_allocate_contiguous_memory(adapter, PAGE, NO_LIMIT), 0);
	assert_int_equal(ddi_adapter_failures(adapter).no_metadata, 2);
	assert_int_equal(ddi_physical_free_frames(physical), 7);
	ddi_adapter_destroy(adapter);
	ddi_physical_destroy(physical);
	iova_instance_destroy(instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopping_under_a_leak_is_fatal),
		cmocka_unit_test(device_memory_is_mapped_from_passive_level),
		cmocka_unit_test(base_addresses_run_out_before_one_is_given_twice),
		cmocka_unit_test(every_row_has_its_status_and_changes_nothing),
		cmocka_unit_test(destroying_an_object_under_a_live_adl_is_fatal),
		cmocka_unit_test(a_high_level_counts_before_wddm_3_2_and_is_fatal_from_then_on),
	};
	return cmocka_run_group_tests_name("ddi_bad_input", tests, NULL, NULL);
}
