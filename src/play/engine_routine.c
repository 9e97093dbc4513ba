/* SPDX-License-Identifier: MIT
 * Routines that scripts call literally, right or wrong. */
#include "play/engine_ddi.h"

struct playing_call {
	struct ddi_adapter *adapter;
	const struct workload_arguments *arguments;
	uint32_t cpu;
	uint64_t of[WORKLOAD_CALL_OBJECTS];
	uint64_t gives[WORKLOAD_CALL_OBJECTS];
};

static enum ntstatus or_null(uint64_t given)
{
	return given ? NTSTATUS_SUCCESS : NTSTATUS_NO_MEMORY;
}

static enum ntstatus allocate_contiguous(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_contiguous_request request = {
		.number_of_bytes = arguments->bytes,
		.lowest_acceptable_address = arguments->low,
		.highest_acceptable_address = arguments->high,
		.boundary_address_multiple = arguments->boundary,
		.cache_type = arguments->cache,
	};
	return dxgk_cb_allocate_contiguous_memory(call->adapter, &request, call->cpu, &call->gives[0]);
}

static enum ntstatus allocate_pages_for_mdl(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_mdl_request request = {
		.low_address = arguments->low,
		.high_address = arguments->high,
		.skip_bytes = arguments->skip,
		.total_bytes = arguments->bytes,
		.cache_type = arguments->cache,
		.flags = arguments->flags,
		.contiguity = arguments->contiguous,
	};
	return dxgk_cb_allocate_pages_for_mdl(call->adapter, &request, call->cpu, &call->gives[0], &call->gives[1]);
}

static enum ntstatus map_mdl(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_map_request request = {
		.contiguity = arguments->contiguous,
		.lowest_address = arguments->low,
		.highest_address = arguments->high,
	};
	return dxgk_cb_map_mdl_to_io_mmu(call->adapter, call->of[0], &request, call->cpu, &call->gives[0]);
}

static enum ntstatus map_memory(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_view_request request = {
		.translated_address = arguments->address,
		.length = arguments->bytes,
		.in_io_space = arguments->io_space,
		.map_to_user_mode = arguments->user_mode,
		.cache_type = arguments->cache,
	};
	return dxgk_cb_map_memory(call->adapter, &request, call->cpu, &call->gives[0]);
}

static enum ntstatus create_object(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_memory_object_request request = {
		.type = arguments->type,
		.size = arguments->bytes,
		.cache_type = arguments->cache,
		.open = arguments->opened,
		.lowest_address = arguments->low,
		.highest_address = arguments->high,
		.boundary_address_multiple = arguments->boundary,
		.skip_bytes = arguments->skip,
		.flags = arguments->flags,
		.base_address = arguments->address,
	};
	return dxgk_cb_create_physical_memory_object(call->adapter, &request, &call->gives[0], &call->gives[1]);
}

static enum ntstatus allocate_adl(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	uint32_t contiguous = arguments->contiguous == DDI_CONTIGUITY_REQUIRE  ? DDI_ADL_REQUIRE_CONTIGUOUS
			      : arguments->contiguous == DDI_CONTIGUITY_PREFER ? DDI_ADL_PREFER_CONTIGUOUS
									       : 0;
	struct ddi_adl_request request = {
		.adapter_memory_object = call->of[0],
		.offset = arguments->offset,
		.size = arguments->bytes,
		.flags = arguments->flags | contiguous,
	};
	struct ddi_adl adl = {0};
	enum ntstatus status = dxgk_cb_allocate_adl(call->adapter, &request, call->cpu, &adl);
	call->gives[0] = adl.handle;
	return status;
}

static enum ntstatus reserve_range(struct playing_call *call)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_reserve_request request = {
		.size = arguments->bytes,
		.explicit_address = arguments->has_address ? &arguments->address : NULL,
		.min_address = arguments->has_low ? &arguments->low : NULL,
		.max_address = arguments->has_high ? &arguments->high : NULL,
	};
	return iommu_reserve_logical_address_range(call->adapter, &request, call->cpu, &call->gives[0]);
}

static uint32_t node_of(const struct workload_arguments *arguments)
{
	return arguments->has_node ? arguments->node : DDI_MM_ANY_NODE_OK;
}

static enum ntstatus call_mm(struct playing_call *call, enum workload_routine routine)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_adapter *adapter = call->adapter;
	enum ddi_cache_type cache = arguments->cache;
	uint64_t bytes = arguments->bytes, low = arguments->low, high = arguments->high;
	switch (routine) {
	case WORKLOAD_MM_ALLOCATE_CONTIGUOUS:
		return or_null(call->gives[0] = mm_allocate_contiguous_memory(adapter, bytes, high));
	case WORKLOAD_MM_ALLOCATE_CONTIGUOUS_CACHE:
		return or_null(call->gives[0] = mm_allocate_contiguous_memory_specify_cache(adapter, bytes, low, high,
											    arguments->boundary, cache));
	case WORKLOAD_MM_ALLOCATE_CONTIGUOUS_NODE:
		return or_null(call->gives[0] = mm_allocate_contiguous_memory_specify_cache_node(
				       adapter, bytes, low, high, arguments->boundary, cache, node_of(arguments)));
	case WORKLOAD_MM_FREE_CONTIGUOUS:
		mm_free_contiguous_memory(adapter, call->of[0] + arguments->offset);
		return NTSTATUS_SUCCESS;
	case WORKLOAD_MM_FREE_CONTIGUOUS_CACHE:
		mm_free_contiguous_memory_specify_cache(adapter, call->of[0] + arguments->offset, bytes, cache);
		return NTSTATUS_SUCCESS;
	case WORKLOAD_MM_ALLOCATE_PAGES:
		return or_null(call->gives[0] = mm_allocate_pages_for_mdl(adapter, low, high, arguments->skip, bytes));
	case WORKLOAD_MM_ALLOCATE_PAGES_EX:
		return or_null(call->gives[0] = mm_allocate_pages_for_mdl_ex(adapter, low, high, arguments->skip, bytes,
									     cache, arguments->flags));
	case WORKLOAD_MM_ALLOCATE_NODE_PAGES:
		return or_null(call->gives[0] =
				       mm_allocate_node_pages_for_mdl_ex(adapter, low, high, arguments->skip, bytes, cache,
									 node_of(arguments), arguments->flags));
	case WORKLOAD_MM_FREE_PAGES:
		mm_free_pages_from_mdl(adapter, call->of[0]);
		return NTSTATUS_SUCCESS;
	default:
		ex_free_pool(adapter, call->of[0]);
		return NTSTATUS_SUCCESS;
	}
}

static enum ntstatus call_object(struct playing_call *call, enum workload_routine routine)
{
	struct ddi_adapter *adapter = call->adapter;
	switch (routine) {
	case WORKLOAD_CREATE_OBJECT:
		return create_object(call);
	case WORKLOAD_DESTROY_OBJECT:
		dxgk_cb_destroy_physical_memory_object(adapter, call->of[0], call->of[1]);
		return NTSTATUS_SUCCESS;
	case WORKLOAD_OPEN_OBJECT:
		return dxgk_cb_open_physical_memory_object(adapter, call->of[0], &call->gives[0]);
	case WORKLOAD_CLOSE_OBJECT:
		dxgk_cb_close_physical_memory_object(adapter, call->of[0]);
		return NTSTATUS_SUCCESS;
	case WORKLOAD_ALLOCATE_ADL:
		return allocate_adl(call);
	default:
		dxgk_cb_free_adl(adapter, call->of[0], call->cpu);
		return NTSTATUS_SUCCESS;
	}
}

static enum ntstatus call_range(struct playing_call *call, enum workload_routine routine)
{
	const struct workload_arguments *arguments = call->arguments;
	struct ddi_adapter *adapter = call->adapter;
	switch (routine) {
	case WORKLOAD_RESERVE_RANGE:
		return reserve_range(call);
	case WORKLOAD_FREE_RANGE:
		return iommu_free_reserved_logical_address_range(adapter, call->of[0], call->cpu);
	case WORKLOAD_MAP_RANGE:
		return iommu_map_reserved_logical_range(adapter, call->of[0], arguments->offset, arguments->flags,
							arguments->address, arguments->bytes, &call->gives[0]);
	default:
		return iommu_unmap_reserved_logical_range(adapter, call->of[0]);
	}
}

static enum ntstatus call_routine(struct playing_call *call, enum workload_routine routine)
{
	struct ddi_adapter *adapter = call->adapter;
	if (routine >= WORKLOAD_RESERVE_RANGE)
		return call_range(call, routine);
	if (routine >= WORKLOAD_CREATE_OBJECT)
		return call_object(call, routine);
	if (routine >= WORKLOAD_MM_ALLOCATE_CONTIGUOUS)
		return call_mm(call, routine);
	switch (routine) {
	case WORKLOAD_ALLOCATE_CONTIGUOUS:
		return allocate_contiguous(call);
	case WORKLOAD_FREE_CONTIGUOUS:
		return dxgk_cb_free_contiguous_memory(adapter, call->of[0], call->cpu);
	case WORKLOAD_ALLOCATE_PAGES_FOR_MDL:
		return allocate_pages_for_mdl(call);
	case WORKLOAD_FREE_PAGES_FROM_MDL:
		return dxgk_cb_free_pages_from_mdl(adapter, call->of[0], call->cpu);
	case WORKLOAD_MAP_MDL:
		return map_mdl(call);
	case WORKLOAD_UNMAP_MDL:
		dxgk_cb_unmap_mdl_from_io_mmu(adapter, call->of[0], call->cpu);
		return NTSTATUS_SUCCESS;
	case WORKLOAD_MAP_MEMORY:
		return map_memory(call);
	default:
		return dxgk_cb_unmap_memory(adapter, call->of[0] + call->arguments->offset, call->cpu);
	}
}

enum ntstatus engine_call_routine(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t index)
{
	const struct workload_routine_call *line = &engine->routine_calls[index];
	struct playing_call call = {.adapter = adapter, .arguments = &line->arguments, .cpu = cpu};
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++)
		call.of[i] = line->of[i].object == WORKLOAD_OBJECT_NONE ? line->of[i].number
									: engine->objects[line->of[i].object];
	ddi_adapter_set_irql(adapter, line->arguments.irql);
	enum ntstatus status = call_routine(&call, line->routine);
	ddi_adapter_set_irql(adapter, DDI_PASSIVE_LEVEL);
	for (size_t i = 0; status == NTSTATUS_SUCCESS && i < WORKLOAD_CALL_OBJECTS; i++)
		if (line->into[i] != WORKLOAD_OBJECT_NONE)
			engine->objects[line->into[i]] = call.gives[i];
	if (ddi_adapter_fatal(adapter) && engine->broken == IOVA_OK)
		engine->broken = IOVA_UNSUPPORTED;
	return status;
}
