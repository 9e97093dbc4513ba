/* SPDX-License-Identifier: MIT */
#include "play/engine_ddi.h"

static uint32_t adl_flags(const struct workload_arguments *arguments)
{
	return (arguments->contiguous == DDI_CONTIGUITY_REQUIRE  ? DDI_ADL_REQUIRE_CONTIGUOUS
		: arguments->contiguous == DDI_CONTIGUITY_PREFER ? DDI_ADL_PREFER_CONTIGUOUS
								 : 0);
}

static uint32_t node_of(const struct workload_arguments *arguments)
{
	return arguments->has_node ? arguments->node : DDI_MM_ANY_NODE_OK;
}

static enum ntstatus alloc_contiguous(const struct engine *engine, struct ddi_adapter *adapter,
				      const struct op_request *request, uint32_t cpu, struct engine_held *held)
{
	struct ddi_contiguous_request call = engine_contiguous_request(engine, request);
	return dxgk_cb_allocate_contiguous_memory(adapter, &call, cpu, &held->handles[0]);
}

static enum ntstatus alloc_mdl(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, struct engine_held *held)
{
	const struct iova_request *pages = &request->request;
	const struct workload_arguments *arguments = request->arguments;
	struct ddi_mdl_request call = {
		.low_address = engine_low_of(engine, pages),
		.high_address = engine_high_of(engine, pages),
		.skip_bytes = arguments->skip,
		.total_bytes = held->bytes,
		.cache_type = arguments->cache,
		.flags = arguments->flags,
		.contiguity = arguments->contiguous,
		.alignment_pages = engine_alignment_of(pages),
		.no_drain = engine_no_drain(pages),
	};
	return dxgk_cb_allocate_pages_for_mdl(adapter, &call, cpu, &held->handles[0], &held->handles[1]);
}

/* handles: ADL, object, object on the adapter. */
static enum ntstatus alloc_adl(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, struct engine_held *held)
{
	const struct iova_request *pages = &request->request;
	const struct workload_arguments *arguments = request->arguments;
	struct ddi_memory_object_request object = {
		.type = arguments->type,
		.size = held->bytes,
		.cache_type = arguments->cache,
		.open = true,
		.lowest_address = engine_low_of(engine, pages),
		.highest_address = engine_high_of(engine, pages),
		.boundary_address_multiple = engine_boundary_of(engine, pages),
		.skip_bytes = arguments->skip,
		.flags = arguments->flags,
		.base_address = arguments->address,
	};
	enum ntstatus status =
		dxgk_cb_create_physical_memory_object(adapter, &object, &held->handles[1], &held->handles[2]);
	if (status != NTSTATUS_SUCCESS)
		return status;
	struct ddi_adl_request call = {
		.adapter_memory_object = held->handles[2],
		.size = held->bytes,
		.flags = adl_flags(arguments),
		.alignment_pages = engine_alignment_of(pages),
		.no_drain = engine_no_drain(pages),
	};
	struct ddi_adl adl;
	status = dxgk_cb_allocate_adl(adapter, &call, cpu, &adl);
	if (status == NTSTATUS_SUCCESS)
		held->handles[0] = adl.handle;
	else
		dxgk_cb_destroy_physical_memory_object(adapter, held->handles[1], held->handles[2]);
	return status;
}

static enum ntstatus alloc_map(struct ddi_adapter *adapter, const struct op_request *request, uint32_t cpu,
			       struct engine_held *held)
{
	const struct workload_arguments *arguments = request->arguments;
	struct ddi_view_request call = {
		.translated_address = arguments->address,
		.length = held->bytes,
		.in_io_space = arguments->io_space,
		.map_to_user_mode = arguments->user_mode,
		.cache_type = arguments->cache,
	};
	return dxgk_cb_map_memory(adapter, &call, cpu, &held->handles[0]);
}

static enum ntstatus or_null(uint64_t given)
{
	return given ? NTSTATUS_SUCCESS : NTSTATUS_NO_MEMORY;
}

static enum ntstatus alloc_mm_contiguous(struct ddi_adapter *adapter, const struct op_request *request,
					 struct engine_held *held)
{
	const struct workload_arguments *arguments = request->arguments;
	held->handles[0] =
		mm_allocate_contiguous_memory_specify_cache_node(adapter, held->bytes, arguments->low, arguments->high,
								 arguments->boundary, arguments->cache, node_of(arguments));
	return or_null(held->handles[0]);
}

static enum ntstatus alloc_mm_mdl(struct ddi_adapter *adapter, const struct op_request *request, struct engine_held *held)
{
	const struct workload_arguments *arguments = request->arguments;
	held->handles[0] =
		mm_allocate_node_pages_for_mdl_ex(adapter, arguments->low, arguments->high, arguments->skip, held->bytes,
						  arguments->cache, node_of(arguments), arguments->flags);
	return or_null(held->handles[0]);
}

/* handles: segment, token. */
static enum ntstatus alloc_reserve(const struct engine *engine, struct ddi_adapter *adapter,
				   const struct op_request *request, uint32_t cpu, struct engine_held *held)
{
	const struct iova_request *pages = &request->request;
	uint64_t low = engine_low_of(engine, pages), high = engine_high_of(engine, pages);
	bool limited = pages->constraints & IOVA_CONSTRAIN_LIMIT;
	struct ddi_reserve_request call = {
		.size = held->bytes,
		.min_address = limited ? &low : NULL,
		.max_address = limited ? &high : NULL,
		.alignment_pages = engine_alignment_of(pages),
		.no_drain = engine_no_drain(pages),
	};
	enum ntstatus status = iommu_reserve_logical_address_range(adapter, &call, cpu, &held->handles[1]);
	if (status != NTSTATUS_SUCCESS)
		return status;
	status = iommu_map_reserved_logical_range(adapter, held->handles[1], 0, DDI_PERMISSION_READ | DDI_PERMISSION_WRITE,
						  0, held->bytes, &held->handles[0]);
	if (status != NTSTATUS_SUCCESS)
		iommu_free_reserved_logical_address_range(adapter, held->handles[1], cpu);
	return status;
}

static enum ntstatus alloc_held(struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
				uint32_t cpu, struct engine_held *held)
{
	switch (request->call) {
	case WORKLOAD_CALL_MDL:
		return alloc_mdl(engine, adapter, request, cpu, held);
	case WORKLOAD_CALL_ADL:
		return alloc_adl(engine, adapter, request, cpu, held);
	case WORKLOAD_CALL_MAP:
		return alloc_map(adapter, request, cpu, held);
	case WORKLOAD_CALL_MM_CONTIGUOUS:
		return alloc_mm_contiguous(adapter, request, held);
	case WORKLOAD_CALL_MM_MDL:
		return alloc_mm_mdl(adapter, request, held);
	case WORKLOAD_CALL_RESERVE:
		return alloc_reserve(engine, adapter, request, cpu, held);
	default:
		return alloc_contiguous(engine, adapter, request, cpu, held);
	}
}

static enum iova_status iova_status_of(enum ntstatus status)
{
	switch (status) {
	case NTSTATUS_SUCCESS:
		return IOVA_OK;
	case NTSTATUS_INSUFFICIENT_RESOURCES:
		return IOVA_NO_MEMORY;
	case NTSTATUS_NOT_SUPPORTED:
	case NTSTATUS_UNSUCCESSFUL:
		return IOVA_UNSUPPORTED;
	default: /* no room, or impossible: failures of their own kinds */
		return IOVA_NO_SPACE;
	}
}

/* Back to where drivers usually are; something fatal may have come of it. */
static void leave_irql(struct engine *engine, struct ddi_adapter *adapter)
{
	ddi_adapter_set_irql(adapter, DDI_PASSIVE_LEVEL);
	if (ddi_adapter_fatal(adapter) && engine->broken == IOVA_OK)
		engine->broken = IOVA_UNSUPPORTED;
}

enum iova_status engine_call_alloc(struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
				   uint32_t cpu, uint32_t slot)
{
	struct engine_held *held = &engine->held[slot];
	enum ddi_irql irql = request->arguments->irql;
	held->request = request;
	held->bytes = request->request.count * engine->page_bytes;
	if (irql != DDI_PASSIVE_LEVEL)
		ddi_adapter_set_irql(adapter, irql);
	enum ntstatus status = alloc_held(engine, adapter, request, cpu, held);
	if (irql != DDI_PASSIVE_LEVEL)
		leave_irql(engine, adapter);
	if (status == NTSTATUS_SUCCESS)
		engine->slots[slot] = (struct iova_extent){
			.first = ENGINE_SLOT_IS_HANDLE, .count = (uint64_t)request->call, .cookie = held->handles[0]};
	return iova_status_of(status);
}

static void free_held(struct ddi_adapter *adapter, const struct engine_held *held, uint32_t cpu)
{
	const ddi_handle *handles = held->handles;
	switch (held->request->call) {
	case WORKLOAD_CALL_MDL:
		dxgk_cb_free_pages_from_mdl(adapter, handles[0], cpu);
		break;
	case WORKLOAD_CALL_ADL:
		dxgk_cb_free_adl(adapter, handles[0], cpu);
		dxgk_cb_destroy_physical_memory_object(adapter, handles[1], handles[2]);
		break;
	case WORKLOAD_CALL_MAP:
		dxgk_cb_unmap_memory(adapter, handles[0], cpu);
		break;
	case WORKLOAD_CALL_MM_CONTIGUOUS:
		mm_free_contiguous_memory(adapter, handles[0]);
		break;
	case WORKLOAD_CALL_MM_MDL:
		mm_free_pages_from_mdl(adapter, handles[0]);
		ex_free_pool(adapter, handles[0]);
		break;
	case WORKLOAD_CALL_RESERVE:
		iommu_unmap_reserved_logical_range(adapter, handles[0]);
		iommu_free_reserved_logical_address_range(adapter, handles[1], cpu);
		break;
	default:
		dxgk_cb_free_contiguous_memory(adapter, handles[0], cpu);
		break;
	}
}

void engine_call_free(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t slot)
{
	const struct engine_held *held = &engine->held[slot];
	enum ddi_irql irql = held->request->arguments->irql;
	if (irql != DDI_PASSIVE_LEVEL)
		ddi_adapter_set_irql(adapter, irql);
	free_held(adapter, held, cpu);
	if (irql != DDI_PASSIVE_LEVEL)
		leave_irql(engine, adapter);
}

ddi_handle engine_placed_handle(const struct engine *engine, uint32_t slot)
{
	const struct iova_extent *held = &engine->slots[slot];
	if (held->first != ENGINE_SLOT_IS_HANDLE)
		return 0;
	switch ((enum workload_call)held->count) {
	case WORKLOAD_CALL_MAP:
	case WORKLOAD_CALL_MM_CONTIGUOUS:
	case WORKLOAD_CALL_MM_MDL:
		return 0;
	default:
		return held->cookie;
	}
}

void engine_visit_slot(const struct engine *engine, uint32_t domain, uint32_t slot, ddi_visit_extent visit, void *context)
{
	const struct ddi_adapter *adapter = engine->domains[domain].adapter;
	struct iova_extent extent = engine->slots[slot];
	if (extent.count == 0)
		return;
	if (extent.first != ENGINE_SLOT_IS_HANDLE) {
		visit(context, &extent);
		return;
	}
	switch ((enum workload_call)extent.count) {
	case WORKLOAD_CALL_MAP:
		if (ddi_view_extent(adapter, extent.cookie, &extent) == NTSTATUS_SUCCESS)
			visit(context, &extent);
		break;
	case WORKLOAD_CALL_MM_CONTIGUOUS: /* frames: no allocator placed them */
	case WORKLOAD_CALL_MM_MDL:
		break;
	case WORKLOAD_CALL_RESERVE:
		ddi_visit_extents(adapter, engine->held[slot].handles[1], visit, context);
		break;
	default:
		ddi_visit_extents(adapter, extent.cookie, visit, context);
		break;
	}
}
