/* SPDX-License-Identifier: MIT
 * Goal: domains of the HAL answer as their pages say, keep what lives in them apart, and survive any order of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iovabench/dma_iommu.h"

#include <stdlib.h>
#include <string.h>

static const DMA_IOMMU_INTERFACE_V2 *v2(void)
{
	return &dma_iommu_interface()->V2;
}

static PIOMMU_DMA_DOMAIN create(ULONG width, PIOMMU_DMA_RESERVED_REGION regions)
{
	IOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG config = {.LogicalAllocatorType = IommuDmaLogicalAllocatorBuddy};
	PIOMMU_DMA_DOMAIN domain = NULL;
	config.BuddyAllocatorConfig.AddressWidth = width;
	assert_int_equal(v2()->CreateDomainEx(DomainTypeTranslate, (IOMMU_DMA_DOMAIN_CREATION_FLAGS){.AsUlonglong = 0},
					      width ? &config : NULL, regions, &domain),
			 STATUS_SUCCESS);
	return domain;
}

static IOMMU_MAP_PHYSICAL_ADDRESS range_of(uint64_t base, uint64_t size)
{
	IOMMU_MAP_PHYSICAL_ADDRESS physical = {.MapType = MapPhysicalAddressTypeContiguousRange};
	physical.ContiguousRange.Base.QuadPart = (LONGLONG)base;
	physical.ContiguousRange.Size = size;
	return physical;
}

static IOMMU_MAP_PHYSICAL_ADDRESS frames_of(PFN_NUMBER *frames, uint64_t count)
{
	IOMMU_MAP_PHYSICAL_ADDRESS physical = {.MapType = MapPhysicalAddressTypePfn};
	physical.PfnArray.PageFrame = frames;
	physical.PfnArray.NumberOfPages = count;
	return physical;
}

static void domains_have_their_parameters(void **state)
{
	(void)state;
	IOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG config = {.LogicalAllocatorType = IommuDmaLogicalAllocatorBuddy};
	const IOMMU_DMA_DOMAIN_CREATION_FLAGS none = {.AsUlonglong = 0}, some = {.AsUlonglong = 1};
	PIOMMU_DMA_DOMAIN domain = NULL;
	static const ULONG wrong[] = {0, 1, 12, 64, UINT32_MAX};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		config.BuddyAllocatorConfig.AddressWidth = wrong[i];
		assert_int_equal(v2()->CreateDomainEx(DomainTypeTranslate, none, &config, NULL, &domain),
				 STATUS_INVALID_PARAMETER);
	}
	/* The metadata of the widest is more than an address space has. */
	for (ULONG width = 13; width <= 63; width += 5) {
		config.BuddyAllocatorConfig.AddressWidth = width;
		NTSTATUS status = v2()->CreateDomainEx(DomainTypeTranslate, none, &config, NULL, &domain);
		if (width > 48 && status == STATUS_INSUFFICIENT_RESOURCES)
			continue;
		assert_int_equal(status, STATUS_SUCCESS);
		assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
	}
	assert_int_equal(v2()->CreateDomainEx(DomainTypeTranslate, some, &config, NULL, &domain), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->CreateDomainEx(DomainTypePassThrough, none, &config, NULL, &domain), STATUS_NOT_SUPPORTED);
	assert_int_equal(v2()->CreateDomainEx(DomainTypeUnmanaged, none, NULL, NULL, &domain), STATUS_NOT_SUPPORTED);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_INVALID_PARAMETER_1);
	assert_int_equal(v2()->QueryInputMappings(), STATUS_NOT_SUPPORTED);
	domain = create(32, NULL);
	PIOMMU_DMA_DEVICE device = dma_iommu_device();
	assert_int_equal(v2()->AttachDeviceEx(domain, device), STATUS_SUCCESS);
	assert_int_equal(v2()->AttachDeviceEx(domain, device), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_RESOURCE_IN_USE);
	assert_int_equal(v2()->DetachDeviceEx(device), STATUS_SUCCESS);
	assert_int_equal(v2()->DetachDeviceEx(device), STATUS_INVALID_PARAMETER_1);
	assert_int_equal(v2()->FlushDomain(domain), STATUS_SUCCESS);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
	assert_int_equal(v2()->FlushDomain(domain), STATUS_INVALID_PARAMETER_1);
	dma_iommu_device_delete(device);
}

/* The documented buddy: low addresses first, at boundaries of powers of two, around what is reserved, and none explicit. */
static void the_buddy_decides_addresses(void **state)
{
	(void)state;
	IOMMU_DMA_RESERVED_REGION second = {.Base = 0x10000, .NumberOfPages = 16, .ShouldMap = TRUE};
	IOMMU_DMA_RESERVED_REGION first = {.RegionNext = &second, .Base = 0, .NumberOfPages = 1};
	PIOMMU_DMA_DOMAIN domain = create(20, &first);
	IOMMU_DMA_LOGICAL_ADDRESS at[8] = {0}, minimum = 0x80000, maximum = 0x8ffff, wrong = 0x8001;
	IOMMU_MAP_PHYSICAL_ADDRESS physical = range_of(0x5000, 0x8000);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, NULL, NULL, NULL, &at[0]), STATUS_SUCCESS);
	assert_int_equal(at[0], 0x8000);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, NULL, NULL, NULL, &at[1]), STATUS_SUCCESS);
	assert_int_equal(at[1], 0x20000);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, NULL, &minimum, &maximum, &at[2]), STATUS_SUCCESS);
	assert_in_range(at[2], 0x80000, 0x88000);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, &minimum, NULL, NULL, &at[3]), STATUS_NOT_SUPPORTED);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, &wrong, NULL, NULL, &at[3]),
			 STATUS_INVALID_PARAMETER_4);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 4, &physical, NULL, NULL, NULL, &at[3]),
			 STATUS_INVALID_PARAMETER_2);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &physical, NULL, &maximum, &minimum, &at[3]),
			 STATUS_INVALID_PARAMETER_MIX);
	assert_int_equal(v2()->MapIdentityRangeEx(domain, 3, &physical), STATUS_NOT_SUPPORTED);
	/* Nor does it unmap what has the address by chance. */
	IOMMU_MAP_PHYSICAL_ADDRESS same = range_of(at[1], 4096);
	assert_int_equal(v2()->UnmapIdentityRangeEx(domain, &same), STATUS_NOT_SUPPORTED);
	static const uint64_t malformed[][2] = {{1, 4096}, {0, 0}, {0, 4097}, {UINT64_MAX - 4095, 8192}};
	for (size_t i = 0; i < 4; i++) {
		IOMMU_MAP_PHYSICAL_ADDRESS bad = range_of(malformed[i][0], malformed[i][1]);
		assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &bad, NULL, NULL, NULL, &at[3]),
				 STATUS_INVALID_PARAMETER_3);
	}
	IOMMU_MAP_PHYSICAL_ADDRESS huge = range_of(0, 1 << 21);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &huge, NULL, NULL, NULL, &at[3]), STATUS_INVALID_PARAMETER_MIX);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[0], 7), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[0] + 4096, 7), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[0], UINT64_MAX), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[0], 8), STATUS_SUCCESS);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[0], 8), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[1], 8), STATUS_SUCCESS);
	assert_int_equal(v2()->UnmapLogicalRange(domain, at[2], 8), STATUS_SUCCESS);
	assert_int_equal(ddi_adapter_live_handles(dma_iommu_domain_adapter(domain)), 0);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
}

static void other_allocators_are_compared_at_once(void **state)
{
	(void)state;
	IOMMU_DMA_LOGICAL_ADDRESS out, wanted = 0x40000;
	IOMMU_MAP_PHYSICAL_ADDRESS physical = range_of(0, 4096 * 3);
	dma_iommu_set_allocator("rbtree");
	PIOMMU_DMA_DOMAIN domain = create(30, NULL);
	dma_iommu_set_allocator(NULL);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 1, &physical, &wanted, NULL, NULL, &out), STATUS_SUCCESS);
	assert_int_equal(out, wanted);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 1, &physical, &wanted, NULL, NULL, &out), STATUS_RESOURCE_IN_USE);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
}

static void the_caller_decides_without_an_allocator(void **state)
{
	(void)state;
	PIOMMU_DMA_DOMAIN domain = create(0, NULL);
	PFN_NUMBER frames[6] = {9, 10, 11, 40, 7, 8};
	IOMMU_DMA_LOGICAL_ADDRESS out, low = 0x100000, next = low + 6 * 4096;
	IOMMU_MAP_PHYSICAL_ADDRESS list = frames_of(frames, 6), page = range_of(40 << 12, 4096);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &list, NULL, NULL, NULL, &out), STATUS_NOT_SUPPORTED);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &list, &low, NULL, NULL, &out), STATUS_SUCCESS);
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &list, &next, NULL, NULL, &out), STATUS_SUCCESS);
	assert_int_equal(ddi_adapter_placements(dma_iommu_domain_adapter(domain), DDI_CALL_RESERVED).pages, 12);
	assert_int_equal(v2()->UnmapLogicalRange(domain, low, 13), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, low, 12), STATUS_SUCCESS);
	/* Identity: three runs, of which the last one's address is taken. */
	assert_int_equal(v2()->MapIdentityRangeEx(domain, 3, &page), STATUS_SUCCESS);
	assert_int_equal(v2()->MapIdentityRangeEx(domain, 3, &list), STATUS_RESOURCE_IN_USE);
	assert_int_equal(v2()->UnmapIdentityRangeEx(domain, &list), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapIdentityRangeEx(domain, &page), STATUS_SUCCESS);
	assert_int_equal(v2()->MapIdentityRangeEx(domain, 3, &list), STATUS_SUCCESS);
	assert_int_equal(v2()->UnmapIdentityRangeEx(domain, &list), STATUS_SUCCESS);
	assert_int_equal(ddi_adapter_live_handles(dma_iommu_domain_adapter(domain)), 0);
	frames[0] = UINT64_C(1) << 52;
	assert_int_equal(v2()->MapIdentityRangeEx(domain, 3, &list), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
}

static void tokens_are_mapped_in_segments(void **state)
{
	(void)state;
	PIOMMU_DMA_DOMAIN domain = create(32, NULL);
	PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN token = NULL;
	IOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT one, two, part;
	struct {
		MDL mdl;
		PFN_NUMBER frames[4];
	} list = {.mdl = {.ByteCount = 4 * 4096}, .frames = {100, 102, 103, 7}};
	IOMMU_MAP_PHYSICAL_ADDRESS mdl = {.MapType = MapPhysicalAddressTypeMdl}, range = range_of(0x40000, 4 * 4096);
	mdl.Mdl.Mdl = &list.mdl;
	assert_int_equal(v2()->ReserveLogicalAddressRange(domain, 4097, NULL, NULL, NULL, &token),
			 STATUS_INVALID_PARAMETER_2);
	assert_int_equal(v2()->ReserveLogicalAddressRange(domain, 8 * 4096, NULL, NULL, NULL, &token), STATUS_SUCCESS);
	assert_int_equal(token->Size, 8 * 4096);
	assert_int_equal(v2()->MapReservedLogicalRange(token, 1, 3, &mdl, &one), STATUS_INVALID_PARAMETER_2);
	assert_int_equal(v2()->MapReservedLogicalRange(token, 5 * 4096, 3, &mdl, &one), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->MapReservedLogicalRange(token, 4096, 3, &mdl, &one), STATUS_SUCCESS);
	assert_int_equal(one.Size, 4 * 4096);
	assert_int_equal(v2()->MapReservedLogicalRange(token, 4 * 4096, 3, &range, &two), STATUS_RESOURCE_IN_USE);
	range = range_of(0x40000, 3 * 4096);
	assert_int_equal(v2()->MapReservedLogicalRange(token, 5 * 4096, 3, &range, &two), STATUS_SUCCESS);
	assert_int_equal(v2()->FreeReservedLogicalAddressRange(token), STATUS_RESOURCE_IN_USE);
	part = two;
	part.Size -= 4096;
	assert_int_equal(v2()->UnmapReservedLogicalRange(&part), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapReservedLogicalRange(&one), STATUS_SUCCESS);
	assert_int_equal(v2()->UnmapReservedLogicalRange(&one), STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapReservedLogicalRange(&two), STATUS_SUCCESS);
	assert_int_equal(v2()->FreeReservedLogicalAddressRange(token), STATUS_SUCCESS);
	assert_int_equal(v2()->FreeReservedLogicalAddressRange(token), STATUS_INVALID_HANDLE);
	list.mdl.ByteOffset = 8;
	IOMMU_DMA_LOGICAL_ADDRESS out;
	assert_int_equal(v2()->MapLogicalRangeEx(domain, 3, &mdl, NULL, NULL, NULL, &out), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
}

static void common_buffers_have_memory_and_an_address(void **state)
{
	(void)state;
	PIOMMU_DMA_DOMAIN domain = create(32, NULL), without = create(0, NULL);
	PHYSICAL_ADDRESS maximum = {.QuadPart = 0xffffff}, at, large;
	PVOID buffer, other;
	assert_int_equal(dma_iommu_allocate_domain_common_buffer(domain, &maximum, 5000, 0, &at, &buffer), STATUS_SUCCESS);
	assert_in_range(at.QuadPart, 0, 0xffffff - 8191);
	memset(buffer, 1, 5000);
	assert_int_equal(dma_iommu_allocate_domain_common_buffer(domain, NULL, 5000, DOMAIN_COMMON_BUFFER_LARGE_PAGE,
								 &large, &other),
			 STATUS_SUCCESS);
	assert_int_equal(large.QuadPart % (1 << 21), 0);
	assert_int_equal(dma_iommu_allocate_domain_common_buffer(domain, NULL, 0, 0, &large, &other),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(dma_iommu_allocate_domain_common_buffer(domain, NULL, 1, 2, &large, &other),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(dma_iommu_allocate_domain_common_buffer(without, NULL, 1, 0, &large, &other),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(v2()->UnmapLogicalRange(domain, (uint64_t)at.QuadPart, 2), STATUS_INVALID_PARAMETER);
	assert_int_equal(dma_iommu_free_common_buffer(domain, 5001, at, buffer), STATUS_INVALID_PARAMETER);
	assert_int_equal(dma_iommu_free_common_buffer(domain, 5000, at, buffer), STATUS_SUCCESS);
	assert_int_equal(dma_iommu_free_common_buffer(domain, 5000, at, buffer), STATUS_INVALID_PARAMETER);
	/* What lives goes with its domain. */
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
	assert_int_equal(v2()->DeleteDomain(without), STATUS_SUCCESS);
}

/* Random mappings of two domains against an array of pages. */
static void random_mappings_do_not_meet(void **state)
{
	(void)state;
	const uint64_t space = 1 << 10;
	PIOMMU_DMA_DOMAIN domain = create(22, NULL);
	uint8_t *owner = calloc(space, 1);
	uint64_t first[64] = {0}, pages[64] = {0}, random = 1;
	PFN_NUMBER frames[40];
	for (unsigned step = 0; step < 20000; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		unsigned slot = (unsigned)(random >> 58);
		if (pages[slot]) {
			assert_int_equal(v2()->UnmapLogicalRange(domain, first[slot] << 12, pages[slot]), STATUS_SUCCESS);
			memset(owner + first[slot], 0, pages[slot]);
			pages[slot] = 0;
			continue;
		}
		uint64_t count = 1 + (random >> 40) % 40;
		for (uint64_t i = 0; i < count; i++)
			frames[i] = (random >> 8) % 1000 + i + (random >> 20 & i) * 3;
		IOMMU_MAP_PHYSICAL_ADDRESS physical = frames_of(frames, count);
		IOMMU_DMA_LOGICAL_ADDRESS at;
		NTSTATUS status = v2()->MapLogicalRangeEx(domain, 3, &physical, NULL, NULL, NULL, &at);
		if (status == STATUS_NO_MEMORY)
			continue;
		assert_int_equal(status, STATUS_SUCCESS);
		first[slot] = at >> 12;
		pages[slot] = count;
		for (uint64_t i = 0; i < count; i++) {
			assert_int_equal(owner[first[slot] + i], 0);
			owner[first[slot] + i] = 1;
		}
	}
	free(owner);
	assert_int_equal(v2()->DeleteDomain(domain), STATUS_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_have_their_parameters),
		cmocka_unit_test(the_buddy_decides_addresses),
		cmocka_unit_test(other_allocators_are_compared_at_once),
		cmocka_unit_test(the_caller_decides_without_an_allocator),
		cmocka_unit_test(tokens_are_mapped_in_segments),
		cmocka_unit_test(common_buffers_have_memory_and_an_address),
		cmocka_unit_test(random_mappings_do_not_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
