/* SPDX-License-Identifier: MIT
 * Routines that scripts call literally, right or wrong. */
#include "play/engine_ddi.h"

#include <assert.h>

struct playing_call {
	struct ddi_adapter *adapter;
	const struct workload_arguments *arguments;
	uint32_t cpu;
	uint64_t of[WORKLOAD_CALL_OBJECTS];
	uint64_t gives[WORKLOAD_CALL_OBJECTS];
};

static enum ntstatus allocate_contiguous(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_contiguous_request request = marshal_contiguous(&asked);
	return dxgk_cb_allocate_contiguous_memory(call->adapter, &request, call->cpu, &call->gives[0]);
}

static enum ntstatus free_contiguous(struct playing_call *call)
{
	return dxgk_cb_free_contiguous_memory(call->adapter, call->of[0], call->cpu);
}

static enum ntstatus allocate_pages_for_mdl(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_mdl_request request = marshal_mdl(&asked);
	return dxgk_cb_allocate_pages_for_mdl(call->adapter, &request, call->cpu, &call->gives[0], &call->gives[1]);
}

static enum ntstatus free_pages_from_mdl(struct playing_call *call)
{
	return dxgk_cb_free_pages_from_mdl(call->adapter, call->of[0], call->cpu);
}

static enum ntstatus map_mdl(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	const struct ddi_map_request request = {
		.contiguity = arguments->contiguous,
		.lowest_address = arguments->low,
		.highest_address = arguments->high,
	};
	return dxgk_cb_map_mdl_to_io_mmu(call->adapter, call->of[0], &request, call->cpu, &call->gives[0]);
}

static enum ntstatus unmap_mdl(struct playing_call *call)
{
	dxgk_cb_unmap_mdl_from_io_mmu(call->adapter, call->of[0], call->cpu);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus map_memory(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_view_request request = marshal_view(&asked);
	return dxgk_cb_map_memory(call->adapter, &request, call->cpu, &call->gives[0]);
}

static enum ntstatus unmap_memory(struct playing_call *call)
{
	return dxgk_cb_unmap_memory(call->adapter, call->of[0] + call->arguments->offset, call->cpu);
}

static enum ntstatus mm_allocate_contiguous(struct playing_call *call)
{
	call->gives[0] = mm_allocate_contiguous_memory(call->adapter, call->arguments->bytes, call->arguments->high);
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_allocate_contiguous_cache(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	call->gives[0] = mm_allocate_contiguous_memory_specify_cache(
		call->adapter, arguments->bytes, arguments->low, arguments->high, arguments->boundary, arguments->cache);
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_allocate_contiguous_node(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	call->gives[0] = mm_allocate_contiguous_memory_specify_cache_node(call->adapter, arguments->bytes, arguments->low,
									  arguments->high, arguments->boundary,
									  arguments->cache, marshal_node(arguments));
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_free_contiguous(struct playing_call *call)
{
	mm_free_contiguous_memory(call->adapter, call->of[0] + call->arguments->offset);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus mm_free_contiguous_cache(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	mm_free_contiguous_memory_specify_cache(call->adapter, call->of[0] + arguments->offset, arguments->bytes,
						arguments->cache);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus mm_allocate_pages(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	call->gives[0] = mm_allocate_pages_for_mdl(call->adapter, arguments->low, arguments->high, arguments->skip,
						   arguments->bytes);
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_allocate_pages_ex(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	call->gives[0] = mm_allocate_pages_for_mdl_ex(call->adapter, arguments->low, arguments->high, arguments->skip,
						      arguments->bytes, arguments->cache, arguments->flags);
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_allocate_node_pages(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	call->gives[0] = mm_allocate_node_pages_for_mdl_ex(call->adapter, arguments->low, arguments->high, arguments->skip,
							   arguments->bytes, arguments->cache, marshal_node(arguments),
							   arguments->flags);
	return status_unless_null(call->gives[0]);
}

static enum ntstatus mm_free_pages(struct playing_call *call)
{
	mm_free_pages_from_mdl(call->adapter, call->of[0]);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus free_pool(struct playing_call *call)
{
	ex_free_pool(call->adapter, call->of[0]);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus create_object(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_memory_object_request request = marshal_object(&asked, call->arguments->opened);
	return dxgk_cb_create_physical_memory_object(call->adapter, &request, &call->gives[0], &call->gives[1]);
}

static enum ntstatus destroy_object(struct playing_call *call)
{
	dxgk_cb_destroy_physical_memory_object(call->adapter, call->of[0], call->of[1]);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus open_object(struct playing_call *call)
{
	return dxgk_cb_open_physical_memory_object(call->adapter, call->of[0], &call->gives[0]);
}

static enum ntstatus close_object(struct playing_call *call)
{
	dxgk_cb_close_physical_memory_object(call->adapter, call->of[0]);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus allocate_adl(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_adl_request request = marshal_adl(&asked, call->of[0], call->arguments->flags);
	struct ddi_adl adl = {0};
	enum ntstatus status = dxgk_cb_allocate_adl(call->adapter, &request, call->cpu, &adl);
	call->gives[0] = adl.handle;
	return status;
}

static enum ntstatus free_adl(struct playing_call *call)
{
	dxgk_cb_free_adl(call->adapter, call->of[0], call->cpu);
	return NTSTATUS_SUCCESS;
}

static enum ntstatus reserve_range(struct playing_call *call)
{
	const struct asked asked = asked_by_line(call->arguments);
	const struct ddi_reserve_request request = marshal_reserve(&asked, &asked.low, &asked.high);
	return iommu_reserve_logical_address_range(call->adapter, &request, call->cpu, &call->gives[0]);
}

static enum ntstatus free_range(struct playing_call *call)
{
	return iommu_free_reserved_logical_address_range(call->adapter, call->of[0], call->cpu);
}

static enum ntstatus map_range(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	return iommu_map_reserved_logical_range(call->adapter, call->of[0], arguments->offset, arguments->flags,
						arguments->address, arguments->bytes, &call->gives[0]);
}

static enum ntstatus unmap_range(struct playing_call *call)
{
	return iommu_unmap_reserved_logical_range(call->adapter, call->of[0]);
}

const struct engine_routine engine_routine_table[WORKLOAD_ROUTINE_COUNT] = {
	[WORKLOAD_ROUTINE_ALLOCATE_CONTIGUOUS] = {.call = allocate_contiguous,
						  .kind = METRIC_KIND_CONTIGUOUS_ALLOC,
						  .places = ENGINE_PLACES_RANGE},
	[WORKLOAD_ROUTINE_FREE_CONTIGUOUS] = {.call = free_contiguous, .kind = METRIC_KIND_CONTIGUOUS_FREE},
	[WORKLOAD_ROUTINE_ALLOCATE_PAGES_FOR_MDL] = {.call = allocate_pages_for_mdl,
						     .kind = METRIC_KIND_MDL_ALLOC,
						     .places = ENGINE_PLACES_LIST},
	[WORKLOAD_ROUTINE_FREE_PAGES_FROM_MDL] = {.call = free_pages_from_mdl, .kind = METRIC_KIND_MDL_FREE},
	[WORKLOAD_ROUTINE_MAP_MDL] = {.call = map_mdl, .kind = METRIC_KIND_MDL_ALLOC, .places = ENGINE_PLACES_LIST},
	[WORKLOAD_ROUTINE_UNMAP_MDL] = {.call = unmap_mdl, .kind = METRIC_KIND_MDL_FREE},
	[WORKLOAD_ROUTINE_MAP_MEMORY] = {.call = map_memory, .kind = METRIC_KIND_MAP_ALLOC, .maps_views = true},
	[WORKLOAD_ROUTINE_UNMAP_MEMORY] = {.call = unmap_memory, .kind = METRIC_KIND_MAP_FREE, .maps_views = true},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_CONTIGUOUS] = {.call = mm_allocate_contiguous,
						     .kind = METRIC_KIND_COUNT,
						     .takes_mm_blocks = true},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_CONTIGUOUS_CACHE] = {.call = mm_allocate_contiguous_cache,
							   .kind = METRIC_KIND_COUNT,
							   .takes_mm_blocks = true},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_CONTIGUOUS_NODE] = {.call = mm_allocate_contiguous_node,
							  .kind = METRIC_KIND_COUNT,
							  .takes_mm_blocks = true},
	[WORKLOAD_ROUTINE_MM_FREE_CONTIGUOUS] = {.call = mm_free_contiguous, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_MM_FREE_CONTIGUOUS_CACHE] = {.call = mm_free_contiguous_cache, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_PAGES] = {.call = mm_allocate_pages, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_PAGES_EX] = {.call = mm_allocate_pages_ex, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_MM_ALLOCATE_NODE_PAGES] = {.call = mm_allocate_node_pages, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_MM_FREE_PAGES] = {.call = mm_free_pages, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_EX_FREE_POOL] = {.call = free_pool, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_CREATE_OBJECT] = {.call = create_object, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_DESTROY_OBJECT] = {.call = destroy_object, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_OPEN_OBJECT] = {.call = open_object, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_CLOSE_OBJECT] = {.call = close_object, .kind = METRIC_KIND_COUNT},
	[WORKLOAD_ROUTINE_ALLOCATE_ADL] = {.call = allocate_adl,
					   .kind = METRIC_KIND_ADL_ALLOC,
					   .places = ENGINE_PLACES_LIST},
	[WORKLOAD_ROUTINE_FREE_ADL] = {.call = free_adl, .kind = METRIC_KIND_ADL_FREE},
	[WORKLOAD_ROUTINE_RESERVE_RANGE] = {.call = reserve_range, .kind = METRIC_KIND_RESERVE_ALLOC},
	[WORKLOAD_ROUTINE_FREE_RANGE] = {.call = free_range, .kind = METRIC_KIND_RESERVE_FREE},
	[WORKLOAD_ROUTINE_MAP_RANGE] = {.call = map_range, .kind = METRIC_KIND_COUNT, .places = ENGINE_PLACES_RANGE},
	[WORKLOAD_ROUTINE_UNMAP_RANGE] = {.call = unmap_range, .kind = METRIC_KIND_COUNT},
};

enum ntstatus engine_call_routine(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t index)
{
	assert(index < engine->routine_call_count);
	const struct workload_routine_call *line = &engine->routine_calls[index];
	struct playing_call call = {.adapter = adapter, .arguments = &line->arguments, .cpu = cpu};
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++)
		call.of[i] = line->of[i].object == WORKLOAD_OBJECT_NONE ? line->of[i].number
									: engine->objects[line->of[i].object];
	ddi_adapter_set_irql(adapter, line->arguments.irql);
	enum ntstatus status = engine_routine_table[line->routine].call(&call);
	ddi_adapter_set_irql(adapter, DDI_PASSIVE_LEVEL);
	for (size_t i = 0; status == NTSTATUS_SUCCESS && i < WORKLOAD_CALL_OBJECTS; i++)
		if (line->into[i] != WORKLOAD_OBJECT_NONE)
			engine->objects[line->into[i]] = call.gives[i];
	if (ddi_adapter_fatal(adapter) && engine->broken == IOVA_OK)
		engine->broken = IOVA_UNSUPPORTED;
	return status;
}
