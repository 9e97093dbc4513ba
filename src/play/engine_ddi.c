/* SPDX-License-Identifier: MIT */
#include "play/engine_ddi.h"

#include <assert.h>

static enum ntstatus alloc_contiguous(const struct engine *engine, struct ddi_adapter *adapter,
				      const struct op_request *request, uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct ddi_contiguous_request call = marshal_contiguous(&asked);
	return dxgk_cb_allocate_contiguous_memory(adapter, &call, cpu, &handles[0]);
}

static void free_contiguous(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	dxgk_cb_free_contiguous_memory(adapter, handles[0], cpu);
}

static enum ntstatus alloc_mdl(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct ddi_mdl_request call = marshal_mdl(&asked);
	return dxgk_cb_allocate_pages_for_mdl(adapter, &call, cpu, &handles[0], &handles[1]);
}

static enum ntstatus alloc_aperture(const struct engine *engine, struct ddi_adapter *adapter,
				    const struct op_request *request, uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	struct ddi_mdl_request call = marshal_mdl(&asked);
	call.contiguity = DDI_CONTIGUITY_REQUIRE;
	return dxgk_cb_allocate_pages_for_mdl(adapter, &call, cpu, &handles[0], &handles[1]);
}

static void free_mdl(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	dxgk_cb_free_pages_from_mdl(adapter, handles[0], cpu);
}

/* handles: ADL, object, object on the adapter. */
static enum ntstatus alloc_adl(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct ddi_memory_object_request object = marshal_object(&asked, true);
	enum ntstatus status = dxgk_cb_create_physical_memory_object(adapter, &object, &handles[1], &handles[2]);
	if (status != NTSTATUS_SUCCESS)
		return status;
	const struct ddi_adl_request call = marshal_adl(&asked, handles[2], 0);
	struct ddi_adl adl;
	status = dxgk_cb_allocate_adl(adapter, &call, cpu, &adl);
	if (status == NTSTATUS_SUCCESS)
		handles[0] = adl.handle;
	else
		dxgk_cb_destroy_physical_memory_object(adapter, handles[1], handles[2]);
	return status;
}

static void free_adl(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	dxgk_cb_free_adl(adapter, handles[0], cpu);
	dxgk_cb_destroy_physical_memory_object(adapter, handles[1], handles[2]);
}

static enum ntstatus alloc_map(const struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
			       uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct ddi_view_request call = marshal_view(&asked);
	return dxgk_cb_map_memory(adapter, &call, cpu, &handles[0]);
}

static void free_map(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	dxgk_cb_unmap_memory(adapter, handles[0], cpu);
}

static enum ntstatus alloc_mm_contiguous(const struct engine *engine, struct ddi_adapter *adapter,
					 const struct op_request *request, uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct workload_arguments *arguments = asked.arguments; /* limits are physical */
	(void)cpu;
	handles[0] = mm_allocate_contiguous_memory_specify_cache_node(adapter, asked.bytes, arguments->low, arguments->high,
								      arguments->boundary, arguments->cache,
								      marshal_node(arguments));
	return status_unless_null(handles[0]);
}

static void free_mm_contiguous(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	(void)cpu;
	mm_free_contiguous_memory(adapter, handles[0]);
}

static enum ntstatus alloc_mm_mdl(const struct engine *engine, struct ddi_adapter *adapter,
				  const struct op_request *request, uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const struct workload_arguments *arguments = asked.arguments; /* limits are physical */
	(void)cpu;
	handles[0] =
		mm_allocate_node_pages_for_mdl_ex(adapter, arguments->low, arguments->high, arguments->skip, asked.bytes,
						  arguments->cache, marshal_node(arguments), arguments->flags);
	return status_unless_null(handles[0]);
}

static void free_mm_mdl(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	(void)cpu;
	mm_free_pages_from_mdl(adapter, handles[0]);
	ex_free_pool(adapter, handles[0]);
}

/* handles: segment, token. */
static enum ntstatus alloc_reserve(const struct engine *engine, struct ddi_adapter *adapter,
				   const struct op_request *request, uint32_t cpu, ddi_handle *handles)
{
	const struct asked asked = asked_by_request(engine, request);
	const uint64_t low = asked.low, high = asked.high;
	const struct ddi_reserve_request call = marshal_reserve(&asked, &low, &high);
	enum ntstatus status = iommu_reserve_logical_address_range(adapter, &call, cpu, &handles[1]);
	if (status != NTSTATUS_SUCCESS)
		return status;
	status = iommu_map_reserved_logical_range(adapter, handles[1], 0, DDI_PERMISSION_READ | DDI_PERMISSION_WRITE, 0,
						  asked.bytes, &handles[0]);
	if (status != NTSTATUS_SUCCESS)
		iommu_free_reserved_logical_address_range(adapter, handles[1], cpu);
	return status;
}

static void free_reserve(struct ddi_adapter *adapter, const ddi_handle *handles, uint32_t cpu)
{
	iommu_unmap_reserved_logical_range(adapter, handles[0]);
	iommu_free_reserved_logical_address_range(adapter, handles[1], cpu);
}

static void visit_first(const struct ddi_adapter *adapter, const ddi_handle *handles, ddi_visit_extent visit, void *context)
{
	ddi_visit_extents(adapter, handles[0], visit, context);
}

static void visit_token(const struct ddi_adapter *adapter, const ddi_handle *handles, ddi_visit_extent visit, void *context)
{
	ddi_visit_extents(adapter, handles[1], visit, context);
}

static void visit_view(const struct ddi_adapter *adapter, const ddi_handle *handles, ddi_visit_extent visit, void *context)
{
	struct iova_extent extent;
	if (ddi_view_extent(adapter, handles[0], &extent) == NTSTATUS_SUCCESS)
		visit(context, &extent);
}

const struct engine_call engine_call_table[WORKLOAD_CALL_COUNT] = {
	[WORKLOAD_CALL_EXTENT] = {.alloc_kind = METRIC_KIND_ALLOC, .free_kind = METRIC_KIND_FREE},
	[WORKLOAD_CALL_CONTIGUOUS] = {.alloc = alloc_contiguous,
				      .free = free_contiguous,
				      .visit = visit_first,
				      .alloc_kind = METRIC_KIND_CONTIGUOUS_ALLOC,
				      .free_kind = METRIC_KIND_CONTIGUOUS_FREE},
	[WORKLOAD_CALL_MDL] = {.alloc = alloc_mdl,
			       .free = free_mdl,
			       .visit = visit_first,
			       .alloc_kind = METRIC_KIND_MDL_ALLOC,
			       .free_kind = METRIC_KIND_MDL_FREE,
			       .lists_pages = true},
	[WORKLOAD_CALL_APERTURE] = {.alloc = alloc_aperture,
				    .free = free_mdl,
				    .visit = visit_first,
				    .alloc_kind = METRIC_KIND_MDL_ALLOC,
				    .free_kind = METRIC_KIND_MDL_FREE,
				    .lists_pages = true},
	[WORKLOAD_CALL_ADL] = {.alloc = alloc_adl,
			       .free = free_adl,
			       .visit = visit_first,
			       .alloc_kind = METRIC_KIND_ADL_ALLOC,
			       .free_kind = METRIC_KIND_ADL_FREE,
			       .lists_pages = true},
	[WORKLOAD_CALL_MAP] = {.alloc = alloc_map,
			       .free = free_map,
			       .visit = visit_view,
			       .alloc_kind = METRIC_KIND_MAP_ALLOC,
			       .free_kind = METRIC_KIND_MAP_FREE,
			       .maps_views = true},
	[WORKLOAD_CALL_MM_CONTIGUOUS] = {.alloc = alloc_mm_contiguous,
					 .free = free_mm_contiguous,
					 .visit = NULL,
					 .alloc_kind = METRIC_KIND_COUNT,
					 .free_kind = METRIC_KIND_COUNT,
					 .takes_mm_blocks = true},
	[WORKLOAD_CALL_MM_MDL] = {.alloc = alloc_mm_mdl,
				  .free = free_mm_mdl,
				  .visit = NULL,
				  .alloc_kind = METRIC_KIND_COUNT,
				  .free_kind = METRIC_KIND_COUNT},
	[WORKLOAD_CALL_RESERVE] = {.alloc = alloc_reserve,
				   .free = free_reserve,
				   .visit = visit_token,
				   .alloc_kind = METRIC_KIND_RESERVE_ALLOC,
				   .free_kind = METRIC_KIND_RESERVE_FREE},
};

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
	assert(slot < engine->slot_count && engine->held);
	struct engine_held *held = &engine->held[slot];
	enum ddi_irql irql = request->arguments->irql;
	held->request = request;
	if (irql != DDI_PASSIVE_LEVEL)
		ddi_adapter_set_irql(adapter, irql);
	enum ntstatus status = engine_call_table[request->call].alloc(engine, adapter, request, cpu, held->handles);
	if (irql != DDI_PASSIVE_LEVEL)
		leave_irql(engine, adapter);
	if (status == NTSTATUS_SUCCESS)
		engine->slots[slot] = (struct iova_extent){
			.first = ENGINE_SLOT_IS_HANDLE, .count = ENGINE_PATH_HELD, .cookie = held->handles[0]};
	return iova_status_of(status);
}

void engine_call_free(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t slot)
{
	assert(slot < engine->slot_count && engine->held);
	const struct engine_held *held = &engine->held[slot];
	enum ddi_irql irql = held->request->arguments->irql;
	if (irql != DDI_PASSIVE_LEVEL)
		ddi_adapter_set_irql(adapter, irql);
	engine_call_table[held->request->call].free(adapter, held->handles, cpu);
	if (irql != DDI_PASSIVE_LEVEL)
		leave_irql(engine, adapter);
}

/* An absurd answer to a bare call may look like a handle, where nothing is held. */
static bool is_held(const struct engine *engine, uint32_t slot)
{
	return engine->held && engine->slots[slot].count == ENGINE_PATH_HELD;
}

enum workload_call engine_call_in(const struct engine *engine, uint32_t slot)
{
	return is_held(engine, slot) ? engine->held[slot].request->call : WORKLOAD_CALL_CONTIGUOUS;
}

ddi_handle engine_placed_handle(const struct engine *engine, uint32_t slot)
{
	assert(slot < engine->slot_count);
	const struct iova_extent *held = &engine->slots[slot];
	bool placed = held->first == ENGINE_SLOT_IS_HANDLE && !workload_call_is_outside(engine_call_in(engine, slot));
	return placed ? held->cookie : 0;
}

void engine_visit_slot(const struct engine *engine, uint32_t slot, ddi_visit_extent visit, void *context)
{
	assert(slot < engine->slot_count);
	const struct iova_extent *held = &engine->slots[slot];
	if (held->count == 0)
		return;
	if (held->first != ENGINE_SLOT_IS_HANDLE) {
		visit(context, held);
		return;
	}
	const struct engine_call *call = &engine_call_table[engine_call_in(engine, slot)];
	bool knows = is_held(engine, slot); /* else there is one adapter */
	const ddi_handle *handles = knows ? engine->held[slot].handles : &held->cookie;
	const struct ddi_adapter *adapter = engine->domains[knows ? engine->held[slot].request->adapter : 0].adapter;
	if (call->visit)
		call->visit(adapter, handles, visit, context);
}
