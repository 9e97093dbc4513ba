/* SPDX-License-Identifier: MIT */
#include "play/audit_device.h"

#include "base/memory.h"

#include <assert.h>

_Static_assert(WORKLOAD_IOTLB_ENTRIES_MAX == IOTLB_ENTRIES_MAX && WORKLOAD_IOTLB_WAYS_MAX == IOTLB_WAYS_MAX &&
		       WORKLOAD_IOTLB_WALK_MAX == IOTLB_WALK_MAX,
	       "a workload takes what can be simulated");

#define SEED UINT64_C(0x696f746c62) /* no other generator of a pass draws the same numbers */

static uint64_t key_of(uint32_t domain, uint64_t page)
{
	return (uint64_t)domain << 52 | page;
}

static uint32_t rank_of(const struct audit_device *device, uint32_t adapter)
{
	return device->engine->domains[adapter].rank;
}

int audit_device_open(struct audit_device *device, const struct workload *workload, const struct engine *engine)
{
	const struct workload_iotlb *asked = &workload->iotlb;
	const struct iotlb_shape shape = {asked->entries, asked->ways, asked->walk_l2, asked->walk_l3};
	device->engine = engine;
	if (!asked->entries)
		return 0;
	assert(engine->instance_count <= IOTLB_DOMAINS_MAX);
	device->touch = workload->touch;
	device->spaces = memory_zeroed(engine->instance_count, sizeof device->spaces[0]);
	device->iotlb = device->spaces ? iotlb_create(&shape) : NULL;
	rng_seed(&device->rng, workload->seed ^ SEED);
	for (uint32_t i = 0; device->iotlb && i < engine->domain_count; i++)
		audit_device_settle(device, i, false);
	return device->iotlb ? 0 : -1;
}

void audit_device_close(struct audit_device *device)
{
	iotlb_destroy(device->iotlb);
	span_tree_release(&device->mapped);
	memory_release(device->spaces);
	memory_release(device->live);
	memory_release(device->fresh);
	memory_release(device->gone);
	*device = (struct audit_device){0};
}

/* ---- what is mapped ---- */

static void enter(struct audit_device *device, const struct audit_mapping *mapping)
{
	if (memory_grow(&device->live, &device->live_capacity, device->live_count, sizeof device->live[0]) < 0 ||
	    span_tree_reserve(&device->mapped, 1) < 0) {
		device->failed = true;
		return;
	}
	const struct span span = {
		.first = key_of(mapping->domain, mapping->first), .count = mapping->count, .value = device->live_count};
	device->live[device->live_count++] = *mapping;
	span_tree_insert(&device->mapped, &span);
}

/* What lies at a position, which is meaningless then; the last one takes its place among those that live. */
static struct audit_mapping take_out(struct audit_device *device, const struct span_position *position, uint64_t index)
{
	const struct audit_mapping mapping = device->live[index], *last = &device->live[--device->live_count];
	span_tree_remove(&device->mapped, position);
	if (index == device->live_count)
		return mapping;
	struct span_position other;
	struct span *moved = span_tree_find(&device->mapped, key_of(last->domain, last->first), &other);
	assert(moved && moved->value == device->live_count);
	moved->value = index;
	device->live[index] = *last;
	return mapping;
}

/* The mapping with the highest pages among those that have some in [first, end) of a domain. */
static struct span *find_in(const struct audit_device *device, uint32_t domain, uint64_t first, uint64_t end,
			    struct span_position *position)
{
	struct span *span = span_tree_find(&device->mapped, key_of(domain, end - 1), position);
	return span && span->first + span->count > key_of(domain, first) ? span : NULL;
}

static struct audit_mapping part_of(const struct audit_mapping *whole, uint64_t first, uint64_t end)
{
	struct audit_mapping part = *whole;
	part.first = first;
	part.count = end - first;
	if (part.frame != AUDIT_DEVICE_NO_FRAME)
		part.frame += first - whole->first;
	return part;
}

void audit_device_map(struct audit_device *device, uint32_t adapter, uint64_t first, uint64_t count, uint64_t frame)
{
	struct span_position position;
	const struct audit_mapping mapping = {first, count, frame, rank_of(device, adapter), adapter};
	if (!device->iotlb || device->failed || !count || first >= IOTLB_PAGES_MAX || count > IOTLB_PAGES_MAX - first)
		return;
	if (find_in(device, mapping.domain, first, first + count, &position))
		return; /* a wrong answer, which was told */
	enter(device, &mapping);
	if (device->touch == WORKLOAD_TOUCH_RANDOM)
		return;
	if (memory_grow(&device->fresh, &device->fresh_capacity, device->fresh_count, sizeof device->fresh[0]) < 0)
		device->failed = true;
	else
		device->fresh[device->fresh_count++] = mapping;
}

static void note_gone(struct audit_device *device, const struct audit_gone *gone)
{
	if (memory_grow(&device->gone, &device->gone_capacity, device->gone_count, sizeof device->gone[0]) < 0)
		device->failed = true;
	else
		device->gone[device->gone_count++] = *gone;
}

void audit_device_unmap(struct audit_device *device, uint32_t adapter, uint64_t first, uint64_t count)
{
	uint32_t domain = rank_of(device, adapter);
	if (!device->iotlb || !count || first >= IOTLB_PAGES_MAX || count > IOTLB_PAGES_MAX - first)
		return;
	uint64_t end = first + count;
	struct span_position position;
	for (struct span *span; !device->failed && (span = find_in(device, domain, first, end, &position));) {
		const struct audit_mapping whole = take_out(device, &position, span->value);
		uint64_t whole_end = whole.first + whole.count;
		uint64_t from = whole.first > first ? whole.first : first, to = whole_end < end ? whole_end : end;
		const struct audit_mapping below = part_of(&whole, whole.first, from),
					   above = part_of(&whole, to, whole_end);
		if (below.count)
			enter(device, &below);
		if (above.count)
			enter(device, &above);
		note_gone(device, &(struct audit_gone){domain, from, to});
	}
}

void audit_device_forget(struct audit_device *device, uint32_t adapter)
{
	for (size_t i = device->live_count; i-- > 0;) {
		const struct audit_mapping *mapping = &device->live[i];
		struct span_position position;
		if (adapter != OP_ADAPTERS_ALL && mapping->adapter != adapter)
			continue;
		note_gone(device, &(struct audit_gone){mapping->domain, mapping->first, mapping->first + mapping->count});
		struct span *span = span_tree_find(&device->mapped, key_of(mapping->domain, mapping->first), &position);
		assert(span && span->value == i);
		take_out(device, &position, span->value);
	}
}

/* ---- what the IOMMU is told ---- */

static void invalidate(struct audit_device *device, const struct audit_gone *gone)
{
	uint64_t free_first = 0, free_end = IOTLB_PAGES_MAX, base = key_of(gone->domain, 0);
	struct span_position position;
	const struct span *below = span_tree_find(&device->mapped, base + gone->first, &position), *above;
	if (below) {
		above = span_tree_next(&device->mapped, &position);
		if (below->first >= base)
			free_first = below->first + below->count - base;
	} else {
		above = device->mapped.count ? span_tree_first(&device->mapped, &position) : NULL;
	}
	if (above && above->first < base + IOTLB_PAGES_MAX)
		free_end = above->first - base;
	iotlb_invalidate(device->iotlb, gone->domain, gone->first, gone->end, free_first, free_end);
}

/* Of allocators that let freed pages wait, the IOMMU is told of all at once, when some of them wait no more; of all others
 * of each operation's own. Those are told apart by where the first free went to while nothing waited. */
static void tell_iommu(struct audit_device *device, uint32_t domain)
{
	struct audit_free_pages *space = &device->spaces[domain];
	const struct allocator_instance *instance = NULL;
	for (uint32_t i = 0; !instance; i++) /* the first one of the rank has it */
		if (device->engine->domains[i].rank == domain)
			instance = &device->engine->domains[i].instance;
	struct iova_statistics now = {0};
	instance->table->statistics(instance->self, &now);
	uint64_t all = now.usable_pages + now.cached_pages + now.deferred_pages;
	uint64_t freed = all > space->all ? all - space->all : 0;
	if (!space->deferred && freed)
		space->defers = now.deferred_pages > 0;
	bool flushed = now.deferred_pages < space->deferred + (space->defers ? freed : 0);
	if (flushed)
		iotlb_invalidate_domain(device->iotlb, domain);
	bool own = false;
	for (size_t i = 0; !space->defers && i < device->gone_count; i++)
		if (device->gone[i].domain == domain) {
			invalidate(device, &device->gone[i]);
			own = true;
		}
	device->flushes += flushed || own;
	space->deferred = now.deferred_pages;
	space->all = all;
}

void audit_device_polled(struct audit_device *device)
{
	for (uint32_t i = 0; device->iotlb && !device->failed && i < device->engine->instance_count; i++)
		tell_iommu(device, i);
	device->gone_count = 0;
}

/* ---- what the device touches ---- */

/* The largest leaf that maps a page: an aligned block of the mapping, over frames that are aligned alike. */
static enum iotlb_leaf leaf_of(const struct audit_mapping *mapping, uint64_t page)
{
	static const enum iotlb_leaf large[] = {IOTLB_LEAF_HUGE, IOTLB_LEAF_LARGE};
	for (size_t i = 0; mapping->frame != AUDIT_DEVICE_NO_FRAME && i < sizeof large / sizeof large[0]; i++) {
		uint64_t pages = UINT64_C(1) << large[i], block = page & ~(pages - 1);
		if ((mapping->first & (pages - 1)) == (mapping->frame & (pages - 1)) && block >= mapping->first &&
		    pages <= mapping->count && block - mapping->first <= mapping->count - pages)
			return large[i];
	}
	return IOTLB_LEAF_PAGE;
}

static void touch(struct audit_device *device, const struct audit_mapping *mapping, uint64_t page)
{
	unsigned references = iotlb_touch(device->iotlb, mapping->domain, page, leaf_of(mapping, page));
	device->touches++;
	device->misses += references > 0;
	device->walk_references += references;
}

static void touch_fresh(struct audit_device *device, const struct audit_mapping *fresh)
{
	uint64_t pages = device->touch == WORKLOAD_TOUCH_FIRST ? 1 : fresh->count;
	if (pages > AUDIT_DEVICE_TOUCHES_MAX)
		pages = AUDIT_DEVICE_TOUCHES_MAX;
	for (uint64_t i = 0; i < pages; i++)
		touch(device, fresh, fresh->first + i);
}

/* What failed half-way was mapped and is no more. */
static bool is_live(const struct audit_device *device, const struct audit_mapping *fresh)
{
	struct span_position position;
	const struct span *span = span_tree_find(&device->mapped, key_of(fresh->domain, fresh->first), &position);
	return span && span->first == key_of(fresh->domain, fresh->first) && span->count == fresh->count;
}

static void touch_some(struct audit_device *device)
{
	if (device->touch == WORKLOAD_TOUCH_RANDOM && device->live_count) {
		const struct audit_mapping *mapping = &device->live[rng_below(&device->rng, device->live_count)];
		touch(device, mapping, mapping->first + rng_below(&device->rng, mapping->count));
	}
	for (size_t i = 0; i < device->fresh_count; i++) {
		if (!is_live(device, &device->fresh[i]))
			continue;
		touch_fresh(device, &device->fresh[i]);
		if (device->touch == WORKLOAD_TOUCH_FIRST)
			break;
	}
}

void audit_device_settle(struct audit_device *device, uint32_t adapter, bool done)
{
	if (device->iotlb && !device->failed)
		tell_iommu(device, rank_of(device, adapter));
	if (device->iotlb && !device->failed && done)
		touch_some(device);
	device->fresh_count = device->gone_count = 0;
}

/* ---- figures ---- */

static void set_ratio(struct result_figures *figures, enum metric metric, uint64_t part, uint64_t whole)
{
	if (whole)
		result_set(figures, metric, (double)part / (double)whole);
	else
		result_set_null(figures, metric, RESULT_REASON_NOT_APPLICABLE);
}

void audit_device_phase(struct audit_device *device, struct result_figures *figures, uint64_t operations)
{
	if (!device->iotlb || device->failed) {
		result_set_null_of(figures, METRIC_SOURCE_DEVICE,
				   device->iotlb ? RESULT_REASON_NOT_MEASURED : RESULT_REASON_NO_IOTLB);
		return;
	}
	result_set(figures, METRIC_IOTLB_TOUCHES, (double)device->touches);
	set_ratio(figures, METRIC_IOTLB_MISSES_PER_OP, device->misses, operations);
	set_ratio(figures, METRIC_IOTLB_MISS_SHARE, device->misses, device->touches);
	set_ratio(figures, METRIC_IOTLB_WALK_REFERENCES_PER_OP, device->walk_references, operations);
	set_ratio(figures, METRIC_IOTLB_WALK_REFERENCES_PER_MISS, device->walk_references, device->misses);
	set_ratio(figures, METRIC_IOTLB_FLUSHES_PER_OP, device->flushes, operations);
	device->touches = device->misses = device->walk_references = device->flushes = 0;
}
