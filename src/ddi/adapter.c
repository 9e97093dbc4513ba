/* SPDX-License-Identifier: MIT */
#include "ddi/adapter.h"

#include "base/bits.h"
#include "base/memory.h"
#include "ddi/contiguous.h"
#include "ddi/frames.h"
#include "ddi/mapping.h"
#include "ddi/memory_object.h"

#define SPACE_PAGES_MAX (UINT64_C(1) << 52)

/* NULL, or what is wrong with the options. */
static const char *options_fault(const struct ddi_adapter_options *options)
{
	if (!options->table || !options->table->alloc || !options->table->free || !options->table->statistics)
		return "an adapter needs an allocator with alloc, free and statistics";
	if (options->capabilities & IOVA_EXPLICIT && !options->table->place)
		return "the allocator of an adapter is said to be IOVA_EXPLICIT and has no place";
	if (options->view_table &&
	    (!options->view_table->alloc || !options->view_table->free || !options->view_table->statistics))
		return "the allocator for views of an adapter has no alloc, free or statistics";
	if (options->number >= DDI_ADAPTERS_MAX)
		return "the number of an adapter is above 15";
	if (options->space_count == 0)
		return "the space of an adapter is empty";
	if (options->space_first > SPACE_PAGES_MAX || options->space_count > SPACE_PAGES_MAX - options->space_first)
		return "the space of an adapter ends beyond 2^52 pages";
	if (!bits_is_power_of_two(options->page_bytes))
		return "the page of an adapter is not a power of two of bytes";
	if (options->space_first + options->space_count - 1 > UINT64_MAX / options->page_bytes)
		return "the space of an adapter ends beyond 2^64 bytes";
	if (options->mode == DDI_MODE_IDENTITY && !options->physical)
		return "identity mode needs a physical side, which decides every address";
	if (options->mode == DDI_MODE_IDENTITY && !(options->capabilities & IOVA_EXPLICIT))
		return "in identity mode the physical side decides every address, and this allocator cannot place at a "
		       "given one "
		       "(IOVA_EXPLICIT)";
	if (options->view_table && (options->view_count == 0 || options->view_first > SPACE_PAGES_MAX ||
				    options->view_count > SPACE_PAGES_MAX - options->view_first ||
				    options->view_first + options->view_count - 1 > UINT64_MAX / options->page_bytes))
		return "the space for views of an adapter is empty or ends beyond 2^52 pages or 2^64 bytes";
	return NULL;
}

/* The constraints that an allocator of these capabilities is able to follow. The harness follows none and must be asked all
 * the same. */
static uint32_t constraints_honoured(uint64_t capabilities)
{
	uint32_t honoured = IOVA_CONSTRAIN_NO_DRAIN;
	if (capabilities & IOVA_HARNESS)
		return UINT32_MAX;
	if (capabilities & IOVA_ALIGN)
		honoured |= IOVA_CONSTRAIN_ALIGN;
	if ((capabilities & IOVA_LIMIT) == IOVA_LIMIT)
		honoured |= IOVA_CONSTRAIN_LIMIT;
	if (capabilities & IOVA_BOUNDARY)
		honoured |= IOVA_CONSTRAIN_BOUNDARY;
	return honoured;
}

static void set_trap(struct ddi_adapter *adapter, bool trap)
{
	adapter->trap = trap;
	adapter->plain_pages = trap || adapter->physical ? 0 : adapter->last_page - adapter->first_page + 1;
}

struct ddi_adapter *ddi_adapter_create(const struct ddi_adapter_options *options, const char **reason)
{
	const char *fault = options_fault(options);
	if (fault) {
		*reason = fault;
		return NULL;
	}
	struct ddi_adapter *adapter = memory_zeroed(1, sizeof(*adapter));
	if (!adapter || handle_table_open(&adapter->handles) != 0 || node_pool_open(&adapter->list_nodes) != 0) {
		if (adapter)
			handle_table_close(&adapter->handles);
		memory_release(adapter);
		*reason = "no memory for an adapter";
		return NULL;
	}
	adapter->honoured = constraints_honoured(options->capabilities);
	adapter->page_shift = bits_log2_floor(options->page_bytes);
	adapter->page_mask = options->page_bytes - 1;
	adapter->first_page = options->space_first;
	adapter->last_page = options->space_first + options->space_count - 1;
	adapter->first_byte = adapter->first_page << adapter->page_shift;
	adapter->last_byte = (adapter->last_page << adapter->page_shift) | adapter->page_mask;
	adapter->physical = options->physical;
	adapter->frame_nodes = &adapter->list_nodes;
	adapter->identity = options->mode == DDI_MODE_IDENTITY;
	adapter->limits_on_frames = options->limits_on_frames && options->physical && !adapter->identity;
	adapter->explicit = options->capabilities & IOVA_EXPLICIT;
	adapter->wddm = options->wddm;
	adapter->number = options->number;
	adapter->handles.first_generation = 1 + options->number * (UINT32_MAX / DDI_ADAPTERS_MAX);
	adapter->nodes = options->nodes ? options->nodes : 1;
	adapter->map_event = options->map_event;
	adapter->map_context = options->map_context;
	adapter->view_first = options->view_first;
	adapter->view_count = options->view_count;
	set_trap(adapter, false);
	ddi_adapter_set_allocator(adapter, options->table, options->self);
	ddi_adapter_set_view_allocator(adapter, options->view_table, options->view_self);
	return adapter;
}

static void release_extents(struct ddi_adapter *adapter, const struct handle_entry *entry, const union handle_more *more)
{
	struct extent_list list = mapping_load(entry, more);
	mapping_release(adapter, &list, 0);
}

/* Gives back what a live handle holds. */
static void release_object(struct ddi_adapter *adapter, struct handle_entry *entry, union handle_more *more)
{
	switch (handle_kind_of(entry->handle)) {
	case HANDLE_CONTIGUOUS:
		adapter->table->free(adapter->self, &entry->as.extent, 0);
		contiguous_give_frames(adapter, entry, more);
		break;
	case HANDLE_TOKEN:
		adapter->table->free(adapter->self, &entry->as.extent, 0);
		break;
	case HANDLE_ALLOCATED_MDL:
	case HANDLE_MAPPED_MDL:
	case HANDLE_ADL:
		release_extents(adapter, entry, more);
		break;
	case HANDLE_MDL:
		frames_give(adapter, &entry->as.frames);
		break;
	case HANDLE_MEMORY_OBJECT:
		object_drop_index(adapter, entry, more);
		if (more->object.type != DDI_MEMORY_IO_SPACE)
			frames_give(adapter, &entry->as.frames);
		break;
	case HANDLE_MM_CONTIGUOUS: {
		struct run_list run = frames_of_run(entry->as.run.frame, entry->as.run.count);
		frames_give(adapter, &run);
		break;
	}
	case HANDLE_VIEW:
		adapter->view_table->free(adapter->view_self, &entry->as.extent, 0);
		break;
	default:
		break;
	}
}

uint64_t ddi_adapter_reset(struct ddi_adapter *adapter)
{
	uint64_t lived = adapter->handles.live;
	for (uint64_t index = 0; index < adapter->handles.used; index++) {
		struct handle_entry *entry = handle_table_entry(&adapter->handles, index);
		union handle_more *more = handle_table_more(&adapter->handles, index);
		if (handle_kind_of(entry->handle) == HANDLE_DEAD)
			continue;
		release_object(adapter, entry, more);
		handle_table_drop(&adapter->handles, entry);
	}
	address_map_clear(&adapter->views);
	address_map_clear(&adapter->blocks_at);
	adapter->mdls_waiting = adapter->open_objects = adapter->adls = 0;
	return lived;
}

uint64_t ddi_adapter_destroy(struct ddi_adapter *adapter)
{
	if (!adapter)
		return 0;
	uint64_t leaks = ddi_adapter_reset(adapter);
	address_map_close(&adapter->views);
	address_map_close(&adapter->blocks_at);
	node_pool_close(&adapter->list_nodes);
	handle_table_close(&adapter->handles);
	memory_release(adapter);
	return leaks;
}

void ddi_adapter_set_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self)
{
	adapter->table = table;
	adapter->self = self;
}

void ddi_adapter_set_view_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self)
{
	adapter->view_table = table;
	adapter->view_self = self;
}

int ddi_adapter_reserve_handles(struct ddi_adapter *adapter, uint64_t handles)
{
	return handle_table_reserve(&adapter->handles, handles);
}

int ddi_adapter_reserve_blocks(struct ddi_adapter *adapter, uint64_t blocks)
{
	return node_pool_reserve(&adapter->list_nodes, blocks);
}

int ddi_adapter_reserve_views(struct ddi_adapter *adapter, uint64_t views)
{
	return address_map_reserve(&adapter->views, views);
}

int ddi_adapter_reserve_mm_blocks(struct ddi_adapter *adapter, uint64_t blocks)
{
	return address_map_reserve(&adapter->blocks_at, blocks);
}

uint64_t ddi_adapter_live_handles(const struct ddi_adapter *adapter)
{
	return adapter->handles.live;
}

void ddi_adapter_set_irql(struct ddi_adapter *adapter, enum ddi_irql irql)
{
	adapter->irql = irql;
	set_trap(adapter, adapter->fatal || irql != DDI_PASSIVE_LEVEL);
}

const struct ddi_bug_check *ddi_adapter_fatal(const struct ddi_adapter *adapter)
{
	return adapter->fatal;
}

void adapter_bug_check(struct ddi_adapter *adapter, enum adapter_fault fault)
{
#define SYSMM(subcode, words)                                                                                              \
	DDI_BUG_CHECK_SYSMM, subcode, "bug check 0x1E4 VIDEO_DXGKRNL_SYSMM_FATAL_ERROR, subcode " words
	static const struct ddi_bug_check bug_checks[] = {
		[ADAPTER_CALLED_TOO_HIGH] = {0, 0, "a Dxgk call came from DISPATCH_LEVEL or above"},
		[ADAPTER_UNLOCKED_UNDER_ADL] = {SYSMM(DDI_SYSMM_UNLOCKED_UNDER_ADL,
						      "0x5, memory is unlocked while ADLs exist: a physical memory object "
						      "was destroyed under a live ADL")},
		[ADAPTER_OBJECTS_LEAKED] = {SYSMM(DDI_SYSMM_ADAPTER_OBJECT_LEAKED,
						  "0x6, adapter objects leaked: the adapter was stopped while a physical "
						  "memory object was open on it")},
		[ADAPTER_ADLS_LEAKED] = {SYSMM(DDI_SYSMM_ADL_LEAKED,
					       "0x7, ADL leaked: the adapter was stopped while an ADL lived")},
	};
#undef SYSMM
	adapter->fatal = &bug_checks[fault];
	set_trap(adapter, true);
}

const struct ddi_bug_check *ddi_adapter_stop(struct ddi_adapter *adapter)
{
	if (!adapter->fatal && adapter->adls > 0)
		adapter_bug_check(adapter, ADAPTER_ADLS_LEAKED);
	else if (!adapter->fatal && adapter->open_objects > 0)
		adapter_bug_check(adapter, ADAPTER_OBJECTS_LEAKED);
	return adapter->fatal;
}

bool adapter_trapped(struct ddi_adapter *adapter, enum ddi_irql highest)
{
	if (adapter->fatal)
		return false;
	if (adapter->irql <= highest)
		return true;
	if (highest == DDI_APC_LEVEL && adapter->wddm == DDI_WDDM_3_2) {
		adapter_bug_check(adapter, ADAPTER_CALLED_TOO_HIGH);
		return false;
	}
	adapter->violations.irql++;
	return true;
}

struct ddi_failures ddi_adapter_failures(const struct ddi_adapter *adapter)
{
	return adapter->failures;
}

struct ddi_violations ddi_adapter_violations(const struct ddi_adapter *adapter)
{
	return adapter->violations;
}

struct ddi_leaks ddi_adapter_leaks(const struct ddi_adapter *adapter)
{
	return (struct ddi_leaks){.handles = adapter->handles.live,
				  .mdl_structures = adapter->mdls_waiting,
				  .adapter_objects = adapter->open_objects,
				  .adls = adapter->adls};
}

enum ntstatus adapter_count(uint64_t *counter, enum ntstatus status)
{
	++*counter;
	return status;
}

enum ntstatus adapter_no_frames(struct ddi_adapter *adapter, uint64_t count, uint64_t low, uint64_t high)
{
	if (frame_pool_free_between(adapter->physical, low, high) < count)
		adapter->failures.physical_exhausted++;
	else
		adapter->failures.physical_fragmented++;
	return NTSTATUS_NO_MEMORY;
}

enum ntstatus adapter_refuse_handle(struct ddi_adapter *adapter, enum ntstatus status)
{
	if (status == NTSTATUS_OBJECT_TYPE_MISMATCH)
		adapter->failures.handles_mistyped++;
	else
		adapter->failures.handles_invalid++;
	return status;
}

/* Counts a request that found no room. The allocator knows how many usable pages the space has, not how many the window:
 * outside it there are at most as many as it has pages. */
static void count_no_room(struct ddi_adapter *adapter, const struct iova_request *request)
{
	if (request->constraints & IOVA_CONSTRAIN_NO_DRAIN) {
		adapter->failures.undecided++;
		return;
	}
	struct iova_statistics statistics = {0};
	adapter->table->statistics(adapter->self, &statistics);
	uint64_t outside = 0;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT)
		outside = (request->low - adapter->first_page) + (adapter->last_page - request->high);
	if (statistics.usable_pages < request->count)
		adapter->failures.exhausted++;
	else if (statistics.usable_pages - request->count >= outside)
		adapter->failures.fragmented++;
	else
		adapter->failures.undecided++;
}

enum ntstatus adapter_refusal(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request)
{
	switch (status) {
	case IOVA_NO_SPACE:
		count_no_room(adapter, request);
		return NTSTATUS_NO_MEMORY;
	case IOVA_NO_MEMORY:
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	case IOVA_TAKEN:
		return adapter_count(&adapter->failures.in_use, NTSTATUS_RESOURCE_IN_USE);
	default:
		return adapter_count(&adapter->failures.unsupported, NTSTATUS_NOT_SUPPORTED);
	}
}
