/* SPDX-License-Identifier: MIT
 * Domains of the HAL. Every mapping is a reserved range of an adapter of its own, with a segment for each run of frames, so
 * that placements are counted as those of ddi.h are. */
#include "iovabench/dma_iommu.h"

#include "base/memory.h"
#include "ddi/dxgkrnl_room.h"
#include "ddi/segments.h"
#include "iovabench/instance.h"

#include <stdlib.h>
#include <sys/mman.h>

#define DOMAINS_MAX 64u
#define PAGE_SHIFT 12u
#define PERMISSIONS 3u
#define SPACE_PAGES (UINT64_C(1) << 52)
#define LARGE_PAGES 512u

/* A reserved range: a token of the driver, a mapping or a common buffer. */
struct range {
	ddi_handle handle;
	uint64_t first; /* page */
	uint64_t pages;
	IOMMU_DMA_LOGICAL_ADDRESS_TOKEN *token; /* the driver's, or NULL */
	void *memory;                           /* of a common buffer, or NULL */
	uint32_t length;                        /* of a common buffer */
};

struct _IOMMU_DMA_DOMAIN {
	IOMMU_DMA_DOMAIN_TYPE type;
	bool allocator; /* else the caller decides addresses */
	struct iova_instance *instance;
	struct ddi_adapter *adapter;
	uint64_t attached;
	struct range *ranges; /* by index of the handle */
	size_t range_capacity;
	struct address_map mappings; /* first page → index, of what is no token */
	struct address_map tokens;   /* address of the driver's token → index */
};

struct _IOMMU_DMA_DEVICE {
	PIOMMU_DMA_DOMAIN domain;
};

static PIOMMU_DMA_DOMAIN domains[DOMAINS_MAX];
static const char *buddy_spec = "buddy:preset=hal";

void dma_iommu_set_allocator(const char *spec)
{
	buddy_spec = spec ? spec : "buddy:preset=hal";
}

static bool lives(const IOMMU_DMA_DOMAIN *domain)
{
	for (unsigned i = 0; domain && i < DOMAINS_MAX; i++)
		if (domains[i] == domain)
			return true;
	return false;
}

struct ddi_adapter *dma_iommu_domain_adapter(PIOMMU_DMA_DOMAIN domain)
{
	return lives(domain) ? domain->adapter : NULL;
}

static void release(PIOMMU_DMA_DOMAIN domain)
{
	for (size_t i = 0; i < domain->range_capacity; i++) {
		free(domain->ranges[i].token);
		free(domain->ranges[i].memory);
	}
	ddi_adapter_destroy(domain->adapter);
	iova_instance_destroy(domain->instance);
	address_map_close(&domain->mappings);
	address_map_close(&domain->tokens);
	memory_release(domain->ranges);
	memory_release(domain);
}

/* Takes the reserved regions out of the space for good, which every allocator can before its first allocation. */
static NTSTATUS reserve_regions(PIOMMU_DMA_DOMAIN domain, const IOMMU_DMA_RESERVED_REGION *region)
{
	struct ddi_adapter *adapter = domain->adapter;
	for (; region; region = region->RegionNext) {
		uint64_t first = region->Base >> PAGE_SHIFT;
		struct iova_extent extent;
		if (region->Base % PAGE_SIZE != 0 || region->NumberOfPages == 0 || first > adapter->last_page ||
		    region->NumberOfPages > adapter->last_page - first + 1)
			return STATUS_INVALID_PARAMETER;
		enum iova_status status = adapter->table->place ? adapter->table->place(adapter->self, first,
											region->NumberOfPages, 0, &extent)
								: IOVA_UNSUPPORTED;
		if (status != IOVA_OK)
			return status == IOVA_NO_MEMORY ? STATUS_INSUFFICIENT_RESOURCES : STATUS_INVALID_PARAMETER;
	}
	return STATUS_SUCCESS;
}

/* Memory that is backed when it is touched: metadata of a wide space is large and sparse. */
static void *memory_get(void *context, size_t bytes)
{
	(void)context;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static void memory_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	if (memory)
		munmap(memory, bytes);
}

/* Metadata of a space of 63 bits is reserved, and backed where it is touched. Neither a buddy nor an rbtree takes locks. */
static const struct iova_host host = {.size = sizeof host, .cpus = 1, .memory_get = memory_get, .memory_put = memory_put};

static NTSTATUS stand_on(PIOMMU_DMA_DOMAIN domain, const char *spec, uint64_t pages)
{
	const struct iova_space space = {.count = pages, .page_bytes = PAGE_SIZE};
	const char *reason = NULL;
	domain->instance = iova_instance_create(spec, &space, &host, NULL, 0);
	if (!domain->instance)
		return STATUS_INSUFFICIENT_RESOURCES;
	const struct ddi_adapter_options options = {.table = iova_instance_table(domain->instance),
						    .self = iova_instance_self(domain->instance),
						    .capabilities = iova_instance_capabilities(domain->instance),
						    .space_count = pages,
						    .page_bytes = PAGE_SIZE};
	domain->adapter = ddi_adapter_create(&options, &reason);
	return domain->adapter ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS create_domain(IOMMU_DMA_DOMAIN_TYPE type, IOMMU_DMA_DOMAIN_CREATION_FLAGS flags,
			      PIOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG config, PIOMMU_DMA_RESERVED_REGION regions,
			      PIOMMU_DMA_DOMAIN *out)
{
	unsigned slot = 0;
	bool allocator = config && config->LogicalAllocatorType != IommuDmaLogicalAllocatorNone;
	if ((type != DomainTypeTranslate && type != DomainTypePassThrough) || (allocator && type != DomainTypeTranslate))
		return STATUS_NOT_SUPPORTED;
	if (flags.AsUlonglong != 0 || (allocator && config->LogicalAllocatorType != IommuDmaLogicalAllocatorBuddy))
		return STATUS_INVALID_PARAMETER;
	if (allocator &&
	    (config->BuddyAllocatorConfig.AddressWidth <= PAGE_SHIFT || config->BuddyAllocatorConfig.AddressWidth > 63))
		return STATUS_INVALID_PARAMETER;
	while (slot < DOMAINS_MAX && domains[slot])
		slot++;
	PIOMMU_DMA_DOMAIN domain = slot < DOMAINS_MAX ? memory_zeroed(1, sizeof *domain) : NULL;
	if (!domain)
		return STATUS_INSUFFICIENT_RESOURCES;
	domain->type = type;
	domain->allocator = allocator;
	NTSTATUS status = allocator ? stand_on(domain, buddy_spec,
					       UINT64_C(1) << (config->BuddyAllocatorConfig.AddressWidth - PAGE_SHIFT))
				    : stand_on(domain, "rbtree", SPACE_PAGES);
	if (status == STATUS_SUCCESS)
		status = reserve_regions(domain, regions);
	if (status != STATUS_SUCCESS) {
		release(domain);
		return status;
	}
	domains[slot] = domain;
	*out = domain;
	return STATUS_SUCCESS;
}

static NTSTATUS delete_domain(PIOMMU_DMA_DOMAIN domain)
{
	if (!lives(domain))
		return STATUS_INVALID_PARAMETER_1;
	if (domain->attached > 0)
		return STATUS_RESOURCE_IN_USE;
	for (unsigned i = 0; i < DOMAINS_MAX; i++)
		if (domains[i] == domain)
			domains[i] = NULL;
	release(domain);
	return STATUS_SUCCESS;
}

static NTSTATUS attach(PIOMMU_DMA_DOMAIN domain, PIOMMU_DMA_DEVICE device)
{
	if (!lives(domain))
		return STATUS_INVALID_PARAMETER_1;
	if (!device || device->domain)
		return device ? STATUS_INVALID_PARAMETER : STATUS_INVALID_PARAMETER_2;
	device->domain = domain;
	domain->attached++;
	return STATUS_SUCCESS;
}

static NTSTATUS detach(PIOMMU_DMA_DEVICE device)
{
	if (!device || !device->domain)
		return STATUS_INVALID_PARAMETER_1;
	device->domain->attached--;
	device->domain = NULL;
	return STATUS_SUCCESS;
}

PIOMMU_DMA_DEVICE dma_iommu_device(void)
{
	return memory_zeroed(1, sizeof(struct _IOMMU_DMA_DEVICE));
}

void dma_iommu_device_delete(PIOMMU_DMA_DEVICE device)
{
	if (device && device->domain)
		detach(device);
	memory_release(device);
}

static NTSTATUS flush(PIOMMU_DMA_DOMAIN domain)
{
	return lives(domain) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_1;
}

/* Whole pages behind a description; 0: it has none, or not whole ones. */
static uint64_t physical_pages(const IOMMU_MAP_PHYSICAL_ADDRESS *physical)
{
	switch (physical->MapType) {
	case MapPhysicalAddressTypeMdl:
		if (!physical->Mdl.Mdl || physical->Mdl.Mdl->ByteOffset || physical->Mdl.Mdl->ByteCount % PAGE_SIZE)
			return 0;
		return physical->Mdl.Mdl->ByteCount / PAGE_SIZE;
	case MapPhysicalAddressTypeContiguousRange: {
		uint64_t base = (uint64_t)physical->ContiguousRange.Base.QuadPart, size = physical->ContiguousRange.Size;
		if ((base | size) % PAGE_SIZE || size == 0 || size - 1 > UINT64_MAX - base)
			return 0;
		return size / PAGE_SIZE;
	}
	case MapPhysicalAddressTypePfn:
		return physical->PfnArray.PageFrame ? physical->PfnArray.NumberOfPages : 0;
	default:
		return 0;
	}
}

/* The run of frames from page `at` of pages on. */
static uint64_t physical_run(const IOMMU_MAP_PHYSICAL_ADDRESS *physical, uint64_t at, uint64_t pages, uint64_t *frame)
{
	if (physical->MapType == MapPhysicalAddressTypeContiguousRange) {
		*frame = ((uint64_t)physical->ContiguousRange.Base.QuadPart >> PAGE_SHIFT) + at;
		/* A segment has fewer than 2^32 pages. */
		return pages - at < UINT64_C(1) << 31 ? pages - at : UINT64_C(1) << 31;
	}
	const PFN_NUMBER *frames = physical->MapType == MapPhysicalAddressTypePfn ? physical->PfnArray.PageFrame
										  : MmGetMdlPfnArray(physical->Mdl.Mdl);
	uint64_t count = 1;
	*frame = frames[at];
	while (at + count < pages && frames[at + count] == *frame + count && count < UINT64_C(1) << 31)
		count++;
	return count;
}

static bool physical_frames_fit(const IOMMU_MAP_PHYSICAL_ADDRESS *physical, uint64_t pages)
{
	uint64_t frame;
	for (uint64_t at = 0; at < pages;) {
		at += physical_run(physical, at, pages, &frame);
		if (frame >= SPACE_PAGES)
			return false;
	}
	return true;
}

/* Room for what the next reserving gives. */
static bool prepare(PIOMMU_DMA_DOMAIN domain)
{
	size_t wanted = (size_t)domain->adapter->handles.used + 1;
	if (wanted > domain->range_capacity) {
		size_t capacity = wanted < 64 ? 64 : 2 * wanted;
		struct range *grown = memory_resize(domain->ranges, capacity, sizeof *grown);
		if (!grown)
			return false;
		for (size_t i = domain->range_capacity; i < capacity; i++)
			grown[i] = (struct range){0};
		domain->ranges = grown;
		domain->range_capacity = capacity;
	}
	return address_map_reserve(&domain->mappings, domain->mappings.count + 1) == 0 &&
	       address_map_reserve(&domain->tokens, domain->tokens.count + 1) == 0;
}

/* Reserves a range, which the caller lists under its kind. */
static NTSTATUS take(PIOMMU_DMA_DOMAIN domain, const struct ddi_reserve_request *request, uint32_t *index)
{
	ddi_handle handle;
	if (!prepare(domain))
		return STATUS_INSUFFICIENT_RESOURCES;
	NTSTATUS status = (NTSTATUS)iommu_reserve_logical_address_range(domain->adapter, request, 0, &handle);
	if (status != STATUS_SUCCESS)
		return status;
	*index = handle_index(handle);
	domain->ranges[*index] =
		(struct range){.handle = handle,
			       .first = handle_table_entry(&domain->adapter->handles, *index)->as.extent.first,
			       .pages = request->size >> PAGE_SHIFT};
	return STATUS_SUCCESS;
}

/* Unmaps the segments of [first, first + pages), which begin and end there. */
static void unmap_segments(PIOMMU_DMA_DOMAIN domain, uint32_t index, uint64_t first, uint64_t pages)
{
	struct handle_table *handles = &domain->adapter->handles;
	for (uint64_t at = first; at < first + pages;) {
		uint32_t segment = segments_at(handles, handle_table_more(handles, index)->token.segments, at);
		const struct handle_entry *entry = handle_table_entry(handles, segment);
		at += entry->as.run.count;
		iommu_unmap_reserved_logical_range(domain->adapter, entry->handle);
	}
}

/* Gives a range back, with what is mapped in it. */
static void give(PIOMMU_DMA_DOMAIN domain, uint32_t index)
{
	struct handle_table *handles = &domain->adapter->handles;
	uint32_t *root = &handle_table_more(handles, index)->token.segments;
	while (*root != HANDLE_INDEX_NONE)
		iommu_unmap_reserved_logical_range(domain->adapter, handle_table_entry(handles, *root)->handle);
	iommu_free_reserved_logical_address_range(domain->adapter, domain->ranges[index].handle, 0);
	domain->ranges[index] = (struct range){0};
}

/* A segment for each run of frames, all or none. */
static NTSTATUS map_frames(PIOMMU_DMA_DOMAIN domain, uint32_t index, uint64_t offset, ULONG permissions,
			   const IOMMU_MAP_PHYSICAL_ADDRESS *physical, uint64_t pages)
{
	NTSTATUS status = STATUS_SUCCESS;
	uint64_t at = 0;
	while (at < pages && status == STATUS_SUCCESS) {
		uint64_t frame, count = physical_run(physical, at, pages, &frame);
		ddi_handle segment;
		ddi_handle token = domain->ranges[index].handle;
		status = (NTSTATUS)iommu_map_reserved_logical_range(domain->adapter, token, (offset + at) << PAGE_SHIFT,
								    permissions, frame << PAGE_SHIFT, count << PAGE_SHIFT,
								    &segment);
		if (status == STATUS_SUCCESS)
			at += count;
	}
	if (status != STATUS_SUCCESS)
		unmap_segments(domain, index, domain->ranges[index].first + offset, at);
	return status;
}

static NTSTATUS map_new(PIOMMU_DMA_DOMAIN domain, const struct ddi_reserve_request *request, ULONG permissions,
			const IOMMU_MAP_PHYSICAL_ADDRESS *physical, uint64_t pages, uint64_t *first)
{
	uint32_t index;
	NTSTATUS status = take(domain, request, &index);
	if (status != STATUS_SUCCESS)
		return status;
	status = map_frames(domain, index, 0, permissions, physical, pages);
	if (status != STATUS_SUCCESS) {
		give(domain, index);
		return status;
	}
	*first = domain->ranges[index].first;
	address_map_add(&domain->mappings, *first, index);
	return STATUS_SUCCESS;
}

/* What both ways of mapping demand. */
static NTSTATUS check_mapping(const IOMMU_DMA_DOMAIN *domain, bool pass_through, ULONG permissions,
			      const IOMMU_MAP_PHYSICAL_ADDRESS *physical, uint64_t *pages)
{
	if (!lives(domain) || (domain->type != DomainTypeTranslate && !pass_through))
		return STATUS_INVALID_PARAMETER_1;
	if (permissions & ~PERMISSIONS)
		return STATUS_INVALID_PARAMETER_2;
	*pages = physical_pages(physical);
	return *pages == 0 || *pages > SPACE_PAGES || !physical_frames_fit(physical, *pages) ? STATUS_INVALID_PARAMETER_3
											     : STATUS_SUCCESS;
}

static NTSTATUS map_logical(PIOMMU_DMA_DOMAIN domain, ULONG permissions, PIOMMU_MAP_PHYSICAL_ADDRESS physical,
			    PIOMMU_DMA_LOGICAL_ADDRESS explicit_address, PIOMMU_DMA_LOGICAL_ADDRESS min,
			    PIOMMU_DMA_LOGICAL_ADDRESS max, PIOMMU_DMA_LOGICAL_ADDRESS out)
{
	uint64_t pages, first;
	NTSTATUS status = check_mapping(domain, false, permissions, physical, &pages);
	if (status != STATUS_SUCCESS)
		return status;
	if (explicit_address && *explicit_address % PAGE_SIZE != 0)
		return STATUS_INVALID_PARAMETER_4;
	if (!domain->allocator && !explicit_address)
		return STATUS_NOT_SUPPORTED;
	const struct ddi_reserve_request request = {.size = pages << PAGE_SHIFT,
						    .explicit_address = explicit_address,
						    .min_address = domain->allocator ? min : NULL,
						    .max_address = domain->allocator ? max : NULL};
	status = map_new(domain, &request, permissions, physical, pages, &first);
	if (status == STATUS_SUCCESS)
		*out = first << PAGE_SHIFT;
	return status;
}

/* Whether [first, first + pages) is whole mappings, one behind the other. */
static bool whole_mappings(const IOMMU_DMA_DOMAIN *domain, uint64_t first, uint64_t pages)
{
	uint32_t index;
	for (uint64_t at = first; at < first + pages; at += domain->ranges[index].pages)
		if (!address_map_find(&domain->mappings, at, &index) || domain->ranges[index].memory ||
		    domain->ranges[index].pages > first + pages - at)
			return false;
	return true;
}

static void unmap_whole(PIOMMU_DMA_DOMAIN domain, uint64_t first, uint64_t pages)
{
	uint32_t index = 0;
	for (uint64_t at = first, next; at < first + pages; at = next) {
		address_map_find(&domain->mappings, at, &index);
		next = at + domain->ranges[index].pages;
		address_map_remove(&domain->mappings, at);
		give(domain, index);
	}
}

static NTSTATUS unmap_logical(PIOMMU_DMA_DOMAIN domain, ULONGLONG logical, ULONGLONG pages)
{
	uint64_t first = logical >> PAGE_SHIFT;
	if (!lives(domain))
		return STATUS_INVALID_PARAMETER_1;
	if (logical % PAGE_SIZE != 0 || pages == 0 || pages > SPACE_PAGES - first || !whole_mappings(domain, first, pages))
		return STATUS_INVALID_PARAMETER;
	unmap_whole(domain, first, pages);
	return STATUS_SUCCESS;
}

static NTSTATUS unmap_identity(PIOMMU_DMA_DOMAIN domain, PIOMMU_MAP_PHYSICAL_ADDRESS physical)
{
	uint64_t pages, frame;
	NTSTATUS status = check_mapping(domain, true, 0, physical, &pages);
	if (status != STATUS_SUCCESS) /* it has no permissions in front of the address */
		return status == STATUS_INVALID_PARAMETER_3 ? STATUS_INVALID_PARAMETER_2 : status;
	if (domain->allocator && !domain->adapter->explicit)
		return STATUS_NOT_SUPPORTED;
	for (uint64_t at = 0; at < pages;) {
		uint64_t count = physical_run(physical, at, pages, &frame);
		if (!whole_mappings(domain, frame, count))
			return STATUS_INVALID_PARAMETER;
		at += count;
	}
	for (uint64_t at = 0; at < pages;) {
		uint64_t count = physical_run(physical, at, pages, &frame);
		/* A frame that is named twice is gone the second time. */
		if (whole_mappings(domain, frame, count))
			unmap_whole(domain, frame, count);
		at += count;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS map_identity(PIOMMU_DMA_DOMAIN domain, ULONG permissions, PIOMMU_MAP_PHYSICAL_ADDRESS physical)
{
	uint64_t pages, frame, first, at = 0;
	NTSTATUS status = check_mapping(domain, true, permissions, physical, &pages);
	if (status != STATUS_SUCCESS)
		return status;
	while (at < pages && status == STATUS_SUCCESS) {
		uint64_t count = physical_run(physical, at, pages, &frame), address = frame << PAGE_SHIFT;
		IOMMU_MAP_PHYSICAL_ADDRESS run = {.MapType = MapPhysicalAddressTypeContiguousRange};
		run.ContiguousRange.Base.QuadPart = (LONGLONG)address;
		run.ContiguousRange.Size = count << PAGE_SHIFT;
		const struct ddi_reserve_request request = {.size = count << PAGE_SHIFT, .explicit_address = &address};
		status = map_new(domain, &request, permissions, &run, count, &first);
		if (status == STATUS_SUCCESS)
			at += count;
	}
	for (uint64_t undone = 0; status != STATUS_SUCCESS && undone < at;) {
		uint64_t count = physical_run(physical, undone, pages, &frame);
		unmap_whole(domain, frame, count);
		undone += count;
	}
	return status;
}

static NTSTATUS reserve(PIOMMU_DMA_DOMAIN domain, SIZE_T size, PIOMMU_DMA_LOGICAL_ADDRESS explicit_address,
			PIOMMU_DMA_LOGICAL_ADDRESS min, PIOMMU_DMA_LOGICAL_ADDRESS max,
			PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN *token)
{
	uint32_t index;
	if (!lives(domain) || domain->type != DomainTypeTranslate)
		return STATUS_INVALID_PARAMETER_1;
	if (!domain->allocator && !explicit_address)
		return STATUS_NOT_SUPPORTED;
	const struct ddi_reserve_request request = {.size = size,
						    .explicit_address = explicit_address,
						    .min_address = domain->allocator ? min : NULL,
						    .max_address = domain->allocator ? max : NULL};
	IOMMU_DMA_LOGICAL_ADDRESS_TOKEN *made = malloc(sizeof *made);
	if (!made)
		return STATUS_INSUFFICIENT_RESOURCES;
	NTSTATUS status = take(domain, &request, &index);
	if (status != STATUS_SUCCESS) {
		free(made);
		return status;
	}
	*made = (IOMMU_DMA_LOGICAL_ADDRESS_TOKEN){domain->ranges[index].first << PAGE_SHIFT, size};
	domain->ranges[index].token = made;
	address_map_add(&domain->tokens, (uint64_t)(uintptr_t)made, index);
	*token = made;
	return STATUS_SUCCESS;
}

/* The domain of a live token, and its index there; NULL. */
static PIOMMU_DMA_DOMAIN domain_of(const IOMMU_DMA_LOGICAL_ADDRESS_TOKEN *token, uint32_t *index)
{
	for (unsigned i = 0; token && i < DOMAINS_MAX; i++)
		if (domains[i] && address_map_find(&domains[i]->tokens, (uint64_t)(uintptr_t)token, index))
			return domains[i];
	return NULL;
}

static NTSTATUS free_reserved(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN token)
{
	uint32_t index;
	PIOMMU_DMA_DOMAIN domain = domain_of(token, &index);
	if (!domain)
		return STATUS_INVALID_HANDLE;
	ddi_handle handle = domain->ranges[index].handle;
	NTSTATUS status = (NTSTATUS)iommu_free_reserved_logical_address_range(domain->adapter, handle, 0);
	if (status != STATUS_SUCCESS)
		return status;
	address_map_remove(&domain->tokens, (uint64_t)(uintptr_t)token);
	domain->ranges[index] = (struct range){0};
	free(token);
	return STATUS_SUCCESS;
}

static NTSTATUS map_reserved(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN token, SIZE_T offset, ULONG permissions,
			     PIOMMU_MAP_PHYSICAL_ADDRESS physical, PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT segment)
{
	uint32_t index;
	PIOMMU_DMA_DOMAIN domain = domain_of(token, &index);
	if (!domain)
		return STATUS_INVALID_HANDLE;
	if (offset % PAGE_SIZE != 0)
		return STATUS_INVALID_PARAMETER_2;
	if (permissions & ~PERMISSIONS)
		return STATUS_INVALID_PARAMETER_3;
	const struct handle_table *handles = &domain->adapter->handles;
	const struct range *range = &domain->ranges[index];
	uint64_t pages = physical_pages(physical), at = offset >> PAGE_SHIFT;
	if (pages == 0 || pages > SPACE_PAGES || !physical_frames_fit(physical, pages))
		return STATUS_INVALID_PARAMETER_4;
	if (at > range->pages || pages > range->pages - at)
		return STATUS_INVALID_PARAMETER;
	if (segments_meet(handles, handle_table_more(handles, index)->token.segments, range->first + at, pages))
		return STATUS_RESOURCE_IN_USE;
	NTSTATUS status = map_frames(domain, index, at, permissions, physical, pages);
	if (status == STATUS_SUCCESS)
		*segment = (IOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT){token, offset, pages << PAGE_SHIFT};
	return status;
}

/* Whether segments begin and end with [first, first + pages), without a gap. */
static bool segments_cover(const struct handle_table *handles, uint32_t root, uint64_t first, uint64_t pages)
{
	for (uint64_t at = first; at < first + pages;) {
		uint32_t segment = segments_at(handles, root, at);
		if (segment == HANDLE_INDEX_NONE || handle_table_entry(handles, segment)->as.run.count > first + pages - at)
			return false;
		at += handle_table_entry(handles, segment)->as.run.count;
	}
	return true;
}

static NTSTATUS unmap_reserved(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT segment)
{
	uint32_t index;
	PIOMMU_DMA_DOMAIN domain = domain_of(segment->OwningToken, &index);
	if (!domain)
		return STATUS_INVALID_PARAMETER;
	const struct range *range = &domain->ranges[index];
	const struct handle_table *handles = &domain->adapter->handles;
	uint64_t at = segment->Offset >> PAGE_SHIFT, pages = segment->Size >> PAGE_SHIFT;
	if ((segment->Offset | segment->Size) % PAGE_SIZE || pages == 0 || at > range->pages || pages > range->pages - at ||
	    !segments_cover(handles, handle_table_more(handles, index)->token.segments, range->first + at, pages))
		return STATUS_INVALID_PARAMETER;
	unmap_segments(domain, index, range->first + at, pages);
	return STATUS_SUCCESS;
}

static NTSTATUS not_modelled(void)
{
	return STATUS_NOT_SUPPORTED;
}

const DMA_IOMMU_INTERFACE_EX *dma_iommu_interface(void)
{
	static const DMA_IOMMU_INTERFACE_EX interface = {
		.Size = sizeof interface,
		.Version = 2,
		.V2 = {.CreateDomainEx = create_domain,
		       .DeleteDomain = delete_domain,
		       .AttachDeviceEx = attach,
		       .DetachDeviceEx = detach,
		       .FlushDomain = flush,
		       .FlushDomainByVaList = not_modelled,
		       .QueryInputMappings = not_modelled,
		       .MapLogicalRangeEx = map_logical,
		       .UnmapLogicalRange = unmap_logical,
		       .MapIdentityRangeEx = map_identity,
		       .UnmapIdentityRangeEx = unmap_identity,
		       .SetDeviceFaultReportingEx = not_modelled,
		       .ConfigureDomain = not_modelled,
		       .QueryAvailableDomainTypes = not_modelled,
		       .RegisterInterfaceStateChangeCallback = not_modelled,
		       .UnregisterInterfaceStateChangeCallback = not_modelled,
		       .ReserveLogicalAddressRange = reserve,
		       .FreeReservedLogicalAddressRange = free_reserved,
		       .MapReservedLogicalRange = map_reserved,
		       .UnmapReservedLogicalRange = unmap_reserved,
		       .CreateDevice = not_modelled,
		       .DeleteDevice = not_modelled},
	};
	return &interface;
}

NTSTATUS dma_iommu_allocate_domain_common_buffer(PIOMMU_DMA_DOMAIN domain, const PHYSICAL_ADDRESS *max, ULONG length,
						 ULONG flags, PHYSICAL_ADDRESS *logical, PVOID *virtual_address)
{
	uint32_t index;
	if (!lives(domain) || !domain->allocator || length == 0 || flags & ~DOMAIN_COMMON_BUFFER_LARGE_PAGE)
		return STATUS_INVALID_PARAMETER;
	uint64_t grain = flags & DOMAIN_COMMON_BUFFER_LARGE_PAGE ? LARGE_PAGES * PAGE_SIZE : PAGE_SIZE;
	uint64_t highest = max ? (uint64_t)max->QuadPart : UINT64_MAX;
	const struct ddi_reserve_request request = {.size = (length + grain - 1) / grain * grain,
						    .max_address = &highest,
						    .alignment_pages = grain / PAGE_SIZE};
	void *memory = dxgkrnl_memory(length);
	if (!memory)
		return STATUS_INSUFFICIENT_RESOURCES;
	NTSTATUS status = take(domain, &request, &index);
	if (status != STATUS_SUCCESS) {
		free(memory);
		return status;
	}
	struct range *range = &domain->ranges[index];
	range->memory = memory;
	range->length = length;
	address_map_add(&domain->mappings, range->first, index);
	logical->QuadPart = (LONGLONG)(range->first << PAGE_SHIFT);
	*virtual_address = memory;
	return STATUS_SUCCESS;
}

NTSTATUS dma_iommu_free_common_buffer(PIOMMU_DMA_DOMAIN domain, ULONG length, PHYSICAL_ADDRESS logical,
				      PVOID virtual_address)
{
	uint32_t index;
	uint64_t first = (uint64_t)logical.QuadPart >> PAGE_SHIFT;
	if (!lives(domain) || logical.QuadPart % PAGE_SIZE || !virtual_address ||
	    !address_map_find(&domain->mappings, first, &index) || domain->ranges[index].memory != virtual_address ||
	    domain->ranges[index].length != length)
		return STATUS_INVALID_PARAMETER;
	address_map_remove(&domain->mappings, first);
	free(virtual_address);
	domain->ranges[index].memory = NULL;
	give(domain, index);
	return STATUS_SUCCESS;
}
