/* SPDX-License-Identifier: MIT
 * What an engine plays on: instances of the allocator, one per domain, a lock around those that need one, adapters for driver
 * calls. */
#include "play/engine_ddi.h"
#include "play/outside.h"

#include "base/memory.h"
#include "workload/model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static enum iova_status front_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct engine_front *guard = self;
	lock_acquire(guard->lock);
	enum iova_status status = guard->table->alloc(guard->self, request, cpu, extent);
	lock_release(guard->lock);
	return status;
}

static void front_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct engine_front *guard = self;
	lock_acquire(guard->lock);
	guard->table->free(guard->self, extent, cpu);
	lock_release(guard->lock);
}

static enum iova_status front_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct engine_front *guard = self;
	if (!guard->table->place)
		return IOVA_UNSUPPORTED;
	lock_acquire(guard->lock);
	enum iova_status status = guard->table->place(guard->self, first, count, cpu, extent);
	lock_release(guard->lock);
	return status;
}

static void front_statistics(void *self, struct iova_statistics *statistics)
{
	struct engine_front *guard = self;
	lock_acquire(guard->lock);
	guard->table->statistics(guard->self, statistics);
	lock_release(guard->lock);
}

static void front_poll(void *self, uint64_t now_ns)
{
	struct engine_front *guard = self;
	if (!guard->table->poll)
		return;
	lock_acquire(guard->lock);
	guard->table->poll(guard->self, now_ns);
	lock_release(guard->lock);
}

static void tell_offline(const struct iova_allocator *table, void *self, uint32_t cpu)
{
	if (table && table->offline)
		table->offline(self, cpu);
}

static void front_offline(void *self, uint32_t cpu)
{
	struct engine_front *guard = self;
	lock_acquire(guard->lock);
	tell_offline(guard->table, guard->self, cpu);
	lock_release(guard->lock);
}

static const struct iova_allocator front_table = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "guard",
	.alloc = front_alloc,
	.free = front_free,
	.place = front_place,
	.statistics = front_statistics,
	.poll = front_poll,
	.offline = front_offline,
};

/* Every instance of an engine is of one kind. */
static void poll_all(struct engine *engine, uint64_t now_ns)
{
	for (uint32_t i = 0; engine->polls && i < engine->domain_count; i++) {
		struct engine_domain *domain = &engine->domains[i];
		if (domain->space == i)
			domain->table->poll(domain->self, now_ns);
		if (domain->view_table)
			domain->view_table->poll(domain->view_self, now_ns);
	}
}

void engine_poll(struct engine *engine, const struct op *op)
{
	if (op->demand == op_control(OP_OFFLINE, 0).demand) {
		for (uint32_t i = 0; i < engine->domain_count; i++) {
			if (engine->domains[i].space == i)
				tell_offline(engine->domains[i].table, engine->domains[i].self, op->slot);
			tell_offline(engine->domains[i].view_table, engine->domains[i].view_self, op->slot);
		}
		return;
	}
	if (op->demand == op_control(OP_ADAPTER, 0).demand) {
		engine_adapter_event(engine, (enum workload_event)(op->slot >> 16), op->slot & 0xffff);
		return;
	}
	assert(op->demand == op_control(OP_POLL, 0).demand);
	poll_all(engine, (uint64_t)llround(engine->poll_ns * op->slot));
}

/* One that places nothing allocates a hole, with limits that leave no other place. */
static enum iova_status make_hole(struct engine_domain *domain, const struct workload_hole *hole)
{
	const struct allocator_instance *instance = &domain->instance;
	const struct iova_request exactly = {.count = hole->count,
					     .low = hole->first,
					     .high = hole->first + hole->count - 1,
					     .constraints = IOVA_CONSTRAIN_LIMIT};
	struct iova_extent extent;
	enum iova_status status = instance->table->place
					  ? instance->table->place(instance->self, hole->first, hole->count, 0, &extent)
					  : IOVA_UNSUPPORTED;
	if (status != IOVA_UNSUPPORTED || (instance->capabilities & IOVA_LIMIT) != IOVA_LIMIT)
		return status;
	status = instance->table->alloc(instance->self, &exactly, 0, &extent);
	/* More than the hole would be missing from the space. */
	bool more = status == IOVA_OK && (extent.count != hole->count || allocator_instance_padding(instance, &extent));
	return more ? IOVA_UNSUPPORTED : status;
}

static int place_holes(struct engine_domain *domain, const struct workload *workload, struct error *error)
{
	for (size_t i = 0; i < workload->space.hole_count; i++) {
		const struct workload_hole *hole = &workload->space.holes[i];
		enum iova_status status = make_hole(domain, hole);
		if (status != IOVA_OK)
			return error_set(error, EXIT_CODE_NO_ARM, "%s cannot reserve pages [0x%llx, 0x%llx) (%s)",
					 domain->instance.table->name, (unsigned long long)hole->first,
					 (unsigned long long)(hole->first + hole->count),
					 status == IOVA_NO_MEMORY ? "no memory"
					 : status == IOVA_TAKEN   ? "taken"
								  : "not supported");
	}
	return 0;
}

/* The instance of a domain, and what is called for it. */
static int open_instance(struct engine *engine, uint32_t index, const struct workload *workload,
			 const struct allocator_spec *spec, struct arena *arena,
			 const struct engine_surroundings *surroundings, struct error *error)
{
	struct engine_domain *domain = &engine->domains[index];
	struct iova_space space = {engine->space_first, engine->space_count, engine->page_bytes};
	domain->space = index < workload->adapter_count ? (uint32_t)workload->adapters[index].domain : index;
	domain->rank = domain->space == index ? engine->instance_count++ : engine->domains[domain->space].rank;
	const struct engine *has = surroundings->joined ? surroundings->joined : engine;
	if (surroundings->joined || domain->space != index) {
		domain->table = has->domains[domain->space].table;
		domain->self = has->domains[domain->space].self;
		return 0;
	}
	if (allocator_instance_create(spec, &space, &arena->host, &domain->instance, error) < 0)
		return -1;
	if (!(domain->instance.table->capabilities & IOVA_HARNESS) && place_holes(domain, workload, error) < 0)
		return -1;
	domain->guard = (struct engine_front){domain->instance.table, domain->instance.self, surroundings->lock};
	domain->table = surroundings->lock ? &front_table : domain->instance.table;
	domain->self = surroundings->lock ? &domain->guard : domain->instance.self;
	if (!quota_is_needed(&workload->space))
		return 0;
	quota_open(&domain->quota, domain->table, domain->self, domain->instance.table->capabilities, &workload->space,
		   workload->seed + index);
	domain->table = &domain->quota.table;
	domain->self = &domain->quota;
	return 0;
}

/* A second one, for device memory in the CPU's address space: as large, without holes. */
static int open_view(struct engine *engine, uint32_t index, const struct allocator_spec *spec, struct arena *arena,
		     const struct engine_surroundings *surroundings, struct error *error)
{
	struct engine_domain *domain = &engine->domains[index];
	struct iova_space space = {engine->space_first, engine->space_count, engine->page_bytes};
	if (!engine->views)
		return 0;
	if (surroundings->joined) {
		domain->view_table = surroundings->joined->domains[index].view_table;
		domain->view_self = surroundings->joined->domains[index].view_self;
		return 0;
	}
	if (allocator_instance_create(spec, &space, &arena->host, &domain->view, error) < 0)
		return -1;
	domain->view_front = (struct engine_front){domain->view.table, domain->view.self, surroundings->lock};
	domain->view_table = surroundings->lock ? &front_table : domain->view.table;
	domain->view_self = surroundings->lock ? &domain->view_front : domain->view.self;
	return 0;
}

static int open_domain(struct engine *engine, uint32_t index, const struct workload *workload,
		       const struct allocator_spec *spec, struct arena *arena,
		       const struct engine_surroundings *surroundings, struct error *error)
{
	/* Who has the domain's instance. */
	const struct engine *owner = surroundings->joined ? surroundings->joined : engine;
	struct engine_domain *domain = &engine->domains[index];
	if (open_instance(engine, index, workload, spec, arena, surroundings, error) < 0 ||
	    open_view(engine, index, spec, arena, surroundings, error) < 0)
		return -1;
	return engine_ddi_open_adapter(engine, index, owner->domains[domain->space].instance.capabilities, workload,
				       surroundings, error);
}

/* The space may end below that of the workload. */
static void clip(struct op_request *request, uint64_t last)
{
	for (uint32_t i = 0; i < request->high_count; i++)
		request->highs[i] = request->highs[i] < last ? request->highs[i] : last;
	request->request.high = request->highs[0];
}

/* Slots of what is timed are written to, so that no window meets a first touch. */
static int copy_requests(struct engine *engine, const struct op_stream *stream, bool timed, struct error *error)
{
	const struct op_request *requests = op_stream_requests(stream, &engine->request_count);
	engine->requests = memory_zeroed(engine->request_count, sizeof engine->requests[0]);
	engine->slots = timed ? memory_zeroed_huge(engine->slot_count, sizeof engine->slots[0])
			      : memory_zeroed(engine->slot_count, sizeof engine->slots[0]);
	engine->domains = memory_zeroed(engine->domain_count, sizeof engine->domains[0]);
	if (!engine->requests || !engine->slots || !engine->domains)
		return error_set(error, EXIT_CODE_IO, "no memory for %u slots", engine->slot_count);
	if (timed)
		memset(engine->slots, 0, engine->slot_count * sizeof engine->slots[0]);
	for (size_t i = 0; i < engine->request_count; i++) {
		engine->requests[i] = requests[i];
		clip(&engine->requests[i], engine->space_first + engine->space_count - 1);
		if (requests[i].high_count > 1)
			engine->requests[i].request.constraints |= IOVA_CONSTRAIN_NO_DRAIN;
	}
	return 0;
}

int engine_open_in(struct engine *engine, const struct workload *workload, const struct op_stream *stream,
		   const struct allocator_spec *spec, struct arena *arena, const struct engine_surroundings *surroundings,
		   struct error *error)
{
	*engine = (struct engine){
		.slot_count = op_stream_slots(stream),
		.domain_count = op_stream_domains(stream),
		.adapter_count = workload->adapter_count,
		.adapters = workload->adapters,
		.space_first = workload->space.first,
		.space_count = workload->space.end - workload->space.first,
		.page_bytes = workload->space.page_bytes,
		.poll_ns = op_stream_poll_ns(stream),
		.inbox = surroundings->inbox,
		.outbox = surroundings->outbox,
		.home_cpu = surroundings->cpu,
		.cpu = surroundings->cpu,
	};
	const struct engine *owner = surroundings->joined ? surroundings->joined : engine;
	int result = copy_requests(engine, stream, arena->prefault, error);
	if (result == 0)
		result = engine_ddi_prepare(engine, workload, surroundings, error);
	for (uint32_t i = 0; result == 0 && i < engine->domain_count; i++)
		result = open_domain(engine, i, workload, spec, arena, surroundings, error);
	if (result < 0) {
		engine_close(engine);
		return result;
	}
	engine->polls = owner->domains[0].instance.table->poll != NULL;
	if (owner == engine) /* time begins */
		poll_all(engine, 0);
	return 0;
}

int engine_open(struct engine *engine, const struct workload *workload, const struct op_stream *stream,
		const struct allocator_spec *spec, struct arena *arena, struct error *error)
{
	const struct engine_surroundings alone = {0};
	return engine_open_in(engine, workload, stream, spec, arena, &alone, error);
}

void engine_close(struct engine *engine)
{
	/* Some may share an instance. */
	for (uint32_t i = 0; engine->domains && i < engine->domain_count; i++)
		ddi_adapter_destroy(engine->domains[i].adapter);
	for (uint32_t i = 0; engine->domains && i < engine->domain_count; i++) {
		if (engine->outside)
			outside_begin(engine->outside);
		allocator_instance_destroy(&engine->domains[i].view);
		allocator_instance_destroy(&engine->domains[i].instance);
		if (engine->outside)
			outside_end(engine->outside);
	}
	engine_ddi_close(engine);
	memory_release(engine->domains);
	memory_release(engine->slots);
	memory_release(engine->requests);
	*engine = (struct engine){0};
}
