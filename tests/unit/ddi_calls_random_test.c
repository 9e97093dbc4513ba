/* SPDX-License-Identifier: MIT
 * Goal: long random sequences of all driver calls, right and wrong, never share a page or a frame, get the status that the rules
 * demand, and leave nothing behind.
 * Method: a naive model keeps the owner of every page and frame and a plain list of what is live. It tells the status of every wrong
 * call and of every release, whether a request is impossible, and, where the placer is complete (the pool of frames; rbtree), whether
 * there is room. DDI_RANDOM_CALLS sets the number of calls for each allocator and mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "ddi/frame_pool.h"
#include "unit/ddi_world.h"

#include <stdlib.h>

enum { PAGES = 700, FRAMES = 1600, BAR = 600, BAR_PAGES = 40, THINGS = 400, STALE = 64, CALLS = 100000 };

enum kind {
	CONTIGUOUS,
	MDL, /* of an ALLOCATED one */
	ALLOCATED,
	MM_MDL,
	MAPPED,
	OBJECT,
	OPENED,
	ADL,
	TOKEN,
	SEGMENT,
	BLOCK,
	VIEW,
	KINDS,
};

struct thing {
	enum kind kind;
	uint64_t name;   /* handle or address */
	size_t parent;   /* the MDL of a map, the object of what is open, the token of a segment */
	uint64_t users;  /* maps of an MDL, ADLs of an object, segments of a token */
	uint64_t pages;  /* that were asked for */
	uint64_t bytes;  /* BLOCK; 0: of the plain routine */
	uint64_t offset; /* SEGMENT, ADL: page */
	size_t opened;   /* OBJECT: THINGS = not open */
	bool pages_freed;
	bool live;
};

struct model {
	struct world world;
	bool identity, complete;
	struct rng rng;
	struct thing things[THINGS + 1];
	uint64_t live;
	uint16_t page_owner[WORLD_FIRST + PAGES];
	uint16_t frame_owner[FRAMES];
	uint64_t frames_at_first, frames_live;
	uint64_t stale[STALE];
	uint64_t outcomes[KINDS][2]; /* allocations: refused, done */
	uint64_t wrong;
};

static uint64_t below(struct model *m, uint64_t bound)
{
	return rng_below(&m->rng, bound);
}

static size_t new_thing(struct model *m)
{
	for (size_t i = 0; i < THINGS; i++)
		if (!m->things[i].live)
			return i;
	return THINGS;
}

static size_t add(struct model *m, struct thing thing)
{
	size_t at = new_thing(m);
	assert_true(at < THINGS);
	thing.live = true;
	thing.opened = THINGS;
	m->things[at] = thing;
	m->live += thing.kind != BLOCK && thing.kind != VIEW;
	m->outcomes[thing.kind][1]++;
	return at;
}

static void drop(struct model *m, size_t at)
{
	struct thing *thing = &m->things[at];
	thing->live = false;
	m->live -= thing->kind != BLOCK && thing->kind != VIEW;
	m->stale[below(m, STALE)] = thing->name;
}

static void own(uint16_t *owners, uint64_t first, uint64_t count, uint16_t from, uint16_t to)
{
	for (uint64_t i = first; i < first + count; i++) {
		assert_int_equal(owners[i], from);
		owners[i] = to;
	}
}

struct claim {
	struct model *m;
	uint16_t from, to;
	uint64_t pages;
	uint64_t low, high;
};

static void claim_extent(void *context, const struct iova_extent *extent)
{
	struct claim *claim = context;
	assert_true(extent->first >= WORLD_FIRST && extent->first + extent->count <= WORLD_FIRST + PAGES);
	own(claim->m->page_owner, extent->first, extent->count, claim->from, claim->to);
	claim->pages += extent->count;
	assert_true(extent->first >= claim->low);
}

/* Gives the logical pages of a live handle to an owner, or takes them away. */
static void claim_pages(struct model *m, uint64_t handle, uint16_t from, uint16_t to, uint64_t low, uint64_t pages)
{
	struct claim claim = {.m = m, .from = from, .to = to, .low = low};
	assert_int_equal(ddi_visit_extents(m->world.adapter, handle, claim_extent, &claim), NTSTATUS_SUCCESS);
	assert_true(claim.pages >= pages);
}

static void claim_frames(struct model *m, uint64_t mdl, uint64_t pages, uint16_t from, uint16_t to)
{
	static uint64_t frames[FRAMES];
	assert_int_equal(ddi_mdl_frames(m->world.adapter, mdl, 0, pages, frames), NTSTATUS_SUCCESS);
	for (uint64_t i = 0; i < pages; i++)
		own(m->frame_owner, frames[i], 1, from, to);
	m->frames_live += to ? pages : -pages;
}

/* Whether pages [first, first + count) are inside [low, high] bytes and a boundary block. */
static bool obeys(uint64_t first, uint64_t count, uint64_t low, uint64_t high, uint64_t boundary)
{
	uint64_t begin = first * PAGE, last = (first + count) * PAGE - 1;
	return begin >= low && last <= high && (!boundary || begin / boundary == last / boundary);
}

struct limits {
	uint64_t low, high, boundary;
};

static struct limits some_limits(struct model *m)
{
	struct limits limits = {.high = NO_LIMIT};
	if (below(m, 3) == 0)
		limits.low = below(m, PAGES) * PAGE + below(m, 3) - (limits.low > 0);
	if (below(m, 3) == 0)
		limits.high = limits.low + below(m, PAGES * PAGE);
	if (below(m, 4) == 0)
		limits.boundary = PAGE << below(m, 8);
	return limits;
}

/* Whether some run of the space obeys the limits: 0 no, 1 yes but none is free, 2 a free one. */
static int room(const uint16_t *owners, uint64_t first, uint64_t end, uint64_t count, const struct limits *limits)
{
	int best = 0;
	for (uint64_t at = first; at + count <= end; at++) {
		if (!obeys(at, count, limits->low, limits->high, limits->boundary))
			continue;
		best = best ? best : 1;
		uint64_t free = 0;
		while (free < count && owners[at + free] == 0)
			free++;
		if (free == count)
			return 2;
		at += free; /* owners[at] is taken: no run begins before it */
	}
	return best;
}

static void refused(struct model *m, enum kind kind, int32_t status, int32_t wanted)
{
	m->outcomes[kind][0]++;
	if (status != wanted)
		fail_msg("%s, %s: kind %d: %s, wanted %s", m->world.spec, m->identity ? "identity" : "remap", kind,
			 ntstatus_name((enum ntstatus)status), ntstatus_name((enum ntstatus)wanted));
}

/* Frames that the pool holds for nobody that the model knows. */
static void adopt_frames(struct model *m, uint16_t owner)
{
	for (uint64_t frame = 0; frame < FRAMES; frame++)
		if (m->frame_owner[frame] == 0 && !(m->world.physical->words[frame / 64] >> frame % 64 & 1))
			m->frame_owner[frame] = owner;
}

static void allocate_contiguous(struct model *m)
{
	struct limits limits = some_limits(m);
	struct ddi_contiguous_request request = {.number_of_bytes = below(m, 30 * PAGE),
						 .lowest_acceptable_address = limits.low,
						 .highest_acceptable_address = limits.high,
						 .boundary_address_multiple = limits.boundary};
	bool malformed = request.number_of_bytes == 0;
	if (below(m, 20) == 0 && limits.boundary)
		malformed = request.boundary_address_multiple *= 3;
	uint64_t count = (request.number_of_bytes + PAGE - 1) / PAGE;
	ddi_handle handle = 0;
	int32_t status = dxgk_cb_allocate_contiguous_memory(m->world.adapter, &request, 0, &handle);
	if (malformed) {
		refused(m, CONTIGUOUS, status, NTSTATUS_INVALID_PARAMETER);
		return;
	}
	int logical = room(m->page_owner, WORLD_FIRST, WORLD_FIRST + PAGES, count, &limits);
	int physical = room(m->frame_owner, WORLD_FIRST, WORLD_FIRST + PAGES, count, &limits);
	bool frames = ddi_physical_free_frames(m->world.physical) + (status == 0 ? count : 0) >= count;
	if (logical == 0) {
		refused(m, CONTIGUOUS, status, NTSTATUS_INVALID_PARAMETER);
	} else if (status != NTSTATUS_SUCCESS) {
		refused(m, CONTIGUOUS, status, NTSTATUS_NO_MEMORY);
		assert_false(m->identity && physical == 2);
		assert_false(m->complete && !m->identity && logical == 2 && frames);
	} else {
		struct iova_extent extent;
		size_t at = add(m, (struct thing){.kind = CONTIGUOUS, .name = handle, .pages = count});
		ddi_contiguous_extent(m->world.adapter, handle, &extent);
		assert_true(obeys(extent.first, count, limits.low, limits.high, limits.boundary));
		claim_pages(m, handle, 0, (uint16_t)(at + 1), 0, count);
		if (m->identity)
			own(m->frame_owner, extent.first, count, 0, (uint16_t)(at + 1));
		else
			adopt_frames(m, (uint16_t)(at + 1));
		m->frames_live += count;
	}
}

static struct ddi_mdl_request some_mdl(struct model *m, bool *malformed)
{
	struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = 1 + below(m, 60 * PAGE)};
	*malformed = false;
	if (below(m, 3) == 0)
		request.low_address = below(m, PAGES / 2) * PAGE;
	if (below(m, 3) == 0)
		request.high_address = request.low_address + (1 + below(m, 200)) * PAGE - 1;
	if (below(m, 4) == 0)
		request.skip_bytes = below(m, 300) * PAGE;
	request.contiguity = (enum ddi_contiguity)below(m, 3);
	if (below(m, 4) == 0) {
		request.flags = DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS;
		request.skip_bytes = below(m, 2) ? PAGE << below(m, 4) : 0;
		if (request.skip_bytes)
			request.total_bytes = request.skip_bytes * (1 + below(m, 8));
	}
	if (below(m, 10) == 0) {
		*malformed = true;
		if (below(m, 2))
			request.flags |= 0x100;
		else
			request.total_bytes = 0;
	}
	return request;
}

static void check_allocation_status(struct model *m, enum kind kind, int32_t status, bool malformed)
{
	if (malformed)
		refused(m, kind, status, NTSTATUS_INVALID_PARAMETER);
	else /* impossible or no room: what is right is judged by the other tests */
		refused(m, kind, status,
			status == NTSTATUS_INVALID_PARAMETER ? NTSTATUS_INVALID_PARAMETER : NTSTATUS_NO_MEMORY);
}

static void allocate_mdl(struct model *m)
{
	bool malformed;
	struct ddi_mdl_request request = some_mdl(m, &malformed);
	uint64_t pages = (request.total_bytes + PAGE - 1) / PAGE;
	ddi_handle handle = 0, mdl = 0;
	int32_t status = dxgk_cb_allocate_pages_for_mdl(m->world.adapter, &request, 0, &handle, &mdl);
	if (status != NTSTATUS_SUCCESS) {
		/* Without any limit, the pool is complete in both modes, and pieces fit wherever pages are free. */
		bool free = request.low_address == 0 && request.high_address == NO_LIMIT && !request.flags &&
			    request.contiguity == DDI_CONTIGUITY_PREFER && m->complete && !m->identity;
		assert_false(!malformed && free && world_free_pages(&m->world) >= pages &&
			     ddi_physical_free_frames(m->world.physical) >= pages);
		check_allocation_status(m, ALLOCATED, status, malformed);
		return;
	}
	assert_false(malformed);
	size_t of = add(m, (struct thing){.kind = MDL, .name = mdl, .pages = pages});
	size_t at = add(m, (struct thing){.kind = ALLOCATED, .name = handle, .pages = pages, .parent = of});
	claim_pages(m, handle, 0, (uint16_t)(at + 1), request.low_address / PAGE, pages);
	claim_frames(m, mdl, pages, 0, (uint16_t)(of + 1));
}

static void allocate_mm_mdl(struct model *m)
{
	bool malformed;
	struct ddi_mdl_request request = some_mdl(m, &malformed);
	uint64_t partial = ddi_adapter_failures(m->world.adapter).partial;
	if (below(m, 2))
		request.flags |= DDI_MM_FULLY_REQUIRED;
	ddi_handle mdl = mm_allocate_pages_for_mdl_ex(m->world.adapter, request.low_address, request.high_address,
						      request.skip_bytes, request.total_bytes, DDI_CACHED, request.flags);
	if (mdl == 0) {
		m->outcomes[MM_MDL][0]++;
		return;
	}
	struct ddi_mdl got;
	assert_false(malformed);
	assert_int_equal(ddi_describe_mdl(m->world.adapter, mdl, &got), NTSTATUS_SUCCESS);
	uint64_t pages = (request.total_bytes + PAGE - 1) / PAGE;
	bool less = got.page_count < pages;
	assert_false(less && request.flags & DDI_MM_FULLY_REQUIRED);
	assert_int_equal(ddi_adapter_failures(m->world.adapter).partial, partial + less);
	size_t at = add(m, (struct thing){.kind = MM_MDL, .name = mdl, .pages = got.page_count});
	claim_frames(m, mdl, got.page_count, 0, (uint16_t)(at + 1));
}

/* A live thing of a kind, or THINGS. */
static size_t some_live(struct model *m, enum kind kind)
{
	size_t from = below(m, THINGS);
	for (size_t i = 0; i < THINGS; i++) {
		size_t at = (from + i) % THINGS;
		if (m->things[at].live && m->things[at].kind == kind)
			return at;
	}
	return THINGS;
}

static void map_mdl(struct model *m)
{
	size_t of = some_live(m, below(m, 4) ? MM_MDL : MDL);
	if (of == THINGS)
		return;
	struct thing *mdl = &m->things[of];
	struct ddi_map_request request = {.highest_address = NO_LIMIT, .contiguity = (enum ddi_contiguity)below(m, 3)};
	ddi_handle handle = 0;
	int32_t status = dxgk_cb_map_mdl_to_io_mmu(m->world.adapter, mdl->name, &request, 0, &handle);
	if (mdl->pages_freed) {
		refused(m, MAPPED, status, NTSTATUS_INVALID_PARAMETER);
	} else if (m->identity && (mdl->kind == MDL || mdl->users > 0)) {
		refused(m, MAPPED, status, NTSTATUS_RESOURCE_IN_USE);
	} else if (status != NTSTATUS_SUCCESS) {
		check_allocation_status(m, MAPPED, status, false);
	} else {
		size_t at = add(m, (struct thing){.kind = MAPPED, .name = handle, .pages = mdl->pages, .parent = of});
		mdl->users++;
		claim_pages(m, handle, 0, (uint16_t)(at + 1), 0, mdl->pages);
	}
}

static void create_object(struct model *m)
{
	struct limits limits = some_limits(m);
	struct ddi_memory_object_request request = {.type = (enum ddi_memory_type)below(m, 4),
						    .size = below(m, 40 * PAGE),
						    .open = below(m, 2),
						    .lowest_address = limits.low,
						    .highest_address = limits.high,
						    .boundary_address_multiple = limits.boundary,
						    .base_address = BAR * PAGE};
	if (request.type == DDI_MEMORY_IO_SPACE)
		request.size = below(m, BAR_PAGES * PAGE + 1);
	uint64_t pages = (request.size + PAGE - 1) / PAGE;
	ddi_handle object = 0, opened = 0;
	uint64_t frames = ddi_physical_free_frames(m->world.physical);
	int32_t status = dxgk_cb_create_physical_memory_object(m->world.adapter, &request, &object, &opened);
	if (request.type == DDI_MEMORY_SECTION) {
		refused(m, OBJECT, status, NTSTATUS_NOT_SUPPORTED);
	} else if (status != NTSTATUS_SUCCESS) {
		check_allocation_status(m, OBJECT, status, request.size == 0);
	} else {
		bool in_pool = request.type != DDI_MEMORY_IO_SPACE;
		assert_int_equal(frames - ddi_physical_free_frames(m->world.physical), in_pool ? pages : 0);
		m->frames_live += in_pool ? pages : 0;
		size_t of = add(m, (struct thing){.kind = OBJECT, .name = object, .pages = pages, .bytes = in_pool});
		adopt_frames(m, (uint16_t)(of + 1));
		if (request.open)
			m->things[of].opened = add(m, (struct thing){.kind = OPENED, .name = opened, .parent = of});
	}
}

static void open_object(struct model *m)
{
	size_t of = some_live(m, OBJECT);
	ddi_handle opened = 0;
	if (of == THINGS)
		return;
	int32_t status = dxgk_cb_open_physical_memory_object(m->world.adapter, m->things[of].name, &opened);
	if (m->things[of].opened < THINGS)
		refused(m, OPENED, status, NTSTATUS_RESOURCE_IN_USE);
	else
		m->things[of].opened = add(m, (struct thing){.kind = OPENED, .name = opened, .parent = of});
}

static void allocate_adl(struct model *m)
{
	size_t opened = some_live(m, OPENED);
	if (opened == THINGS)
		return;
	size_t of = m->things[opened].parent;
	uint64_t all = m->things[of].pages, offset = below(m, all + 2), size = below(m, all - offset % all + 2);
	struct ddi_adl_request request = {.adapter_memory_object = m->things[opened].name,
					  .offset = offset * PAGE,
					  .size = size * PAGE,
					  .flags = below(m, 40) ? 2 * (uint32_t)below(m, 2) : 8};
	struct ddi_adl adl;
	int32_t status = dxgk_cb_allocate_adl(m->world.adapter, &request, 0, &adl);
	bool malformed = size == 0 || offset + size > all || request.flags == 8;
	if (!malformed && m->identity && status == NTSTATUS_RESOURCE_IN_USE) {
		m->outcomes[ADL][0]++;
	} else if (status != NTSTATUS_SUCCESS) {
		check_allocation_status(m, ADL, status, malformed);
	} else {
		static uint64_t pages[FRAMES];
		assert_false(malformed);
		size_t at = add(m, (struct thing){.kind = ADL, .name = adl.handle, .pages = size, .parent = of});
		m->things[of].users++;
		claim_pages(m, adl.handle, 0, (uint16_t)(at + 1), 0, size);
		assert_int_equal(ddi_adl_pages(m->world.adapter, adl.handle, 0, size, pages), NTSTATUS_SUCCESS);
		for (uint64_t i = 0; i < size; i++) {
			assert_int_equal(m->page_owner[pages[i]], at + 1);
			assert_true(!adl.contiguous || pages[i] == adl.base_page + i);
		}
	}
}

static void allocate_block(struct model *m)
{
	struct limits limits = some_limits(m);
	uint64_t bytes = 1 + below(m, 20 * PAGE), count = (bytes + PAGE - 1) / PAGE;
	bool plain = below(m, 2);
	if (plain)
		limits.low = limits.boundary = 0;
	uint64_t base =
		plain ? mm_allocate_contiguous_memory(m->world.adapter, bytes, limits.high)
		      : mm_allocate_contiguous_memory_specify_cache(m->world.adapter, bytes, limits.low, limits.high,
								    limits.boundary, DDI_WRITE_COMBINED);
	uint64_t first, frames;
	if (base == 0) {
		m->outcomes[BLOCK][0]++;
		return;
	}
	size_t at = add(m, (struct thing){.kind = BLOCK, .name = base, .pages = count, .bytes = plain ? 0 : bytes});
	m->live++;
	assert_int_equal(ddi_mm_contiguous_frames(m->world.adapter, base, &first, &frames), NTSTATUS_SUCCESS);
	assert_int_equal(frames, count);
	assert_true(obeys(first, count, limits.low, limits.high, limits.boundary));
	own(m->frame_owner, first, count, 0, (uint16_t)(at + 1));
	m->frames_live += count;
}

static void map_view(struct model *m)
{
	struct ddi_view_request request = {.translated_address = rng_next(&m->rng) >> 8, .length = below(m, 20 * PAGE)};
	uint64_t address = 0;
	int32_t status = dxgk_cb_map_memory(m->world.adapter, &request, 0, &address);
	if (request.length == 0 || status != NTSTATUS_SUCCESS) {
		refused(m, VIEW, status, request.length ? NTSTATUS_NO_MEMORY : NTSTATUS_INVALID_PARAMETER);
		return;
	}
	assert_int_equal(address % PAGE, request.translated_address % PAGE);
	add(m, (struct thing){.kind = VIEW, .name = address});
	m->live++;
}

static void reserve(struct model *m)
{
	uint64_t pages = 1 + below(m, 20), at_page = WORLD_FIRST + below(m, PAGES - 20), address = at_page * PAGE;
	bool explicit = below(m, 3) == 0, places = iova_instance_table(m->world.instance)->capabilities & IOVA_EXPLICIT;
	struct ddi_reserve_request request = {.size = pages * PAGE, .explicit_address = explicit ? &address : NULL};
	const struct limits nowhere_else = {.low = address, .high = address + pages * PAGE - 1};
	int free = room(m->page_owner, WORLD_FIRST, WORLD_FIRST + PAGES, pages, &nowhere_else);
	ddi_handle token = 0;
	int32_t status = iommu_reserve_logical_address_range(m->world.adapter, &request, 0, &token);
	if (m->identity) {
		refused(m, TOKEN, status, NTSTATUS_INVALID_PARAMETER_1);
	} else if (explicit && !places) {
		refused(m, TOKEN, status, NTSTATUS_NOT_SUPPORTED);
	} else if (explicit && free != 2) {
		refused(m, TOKEN, status, NTSTATUS_RESOURCE_IN_USE);
	} else if (status != NTSTATUS_SUCCESS) {
		refused(m, TOKEN, status, explicit && !m->complete ? status : NTSTATUS_NO_MEMORY);
	} else {
		size_t at = add(m, (struct thing){.kind = TOKEN, .name = token, .pages = pages});
		claim_pages(m, token, 0, (uint16_t)(at + 1), explicit ? at_page : 0, pages);
	}
}

static void map_segment(struct model *m)
{
	size_t of = some_live(m, TOKEN);
	if (of == THINGS)
		return;
	uint64_t offset = below(m, 22), pages = below(m, 8);
	bool taken = false;
	for (size_t i = 0; i < THINGS; i++) {
		const struct thing *other = &m->things[i];
		taken |= other->live && other->kind == SEGMENT && other->parent == of &&
			 offset < other->offset + other->pages && other->offset < offset + pages;
	}
	ddi_handle segment = 0;
	int32_t status = iommu_map_reserved_logical_range(m->world.adapter, m->things[of].name, offset * PAGE, 3,
							  below(m, 5000) * PAGE, pages * PAGE, &segment);
	if (pages == 0)
		refused(m, SEGMENT, status, NTSTATUS_INVALID_PARAMETER_4);
	else if (offset + pages > m->things[of].pages)
		refused(m, SEGMENT, status, NTSTATUS_INVALID_PARAMETER);
	else if (taken)
		refused(m, SEGMENT, status, NTSTATUS_RESOURCE_IN_USE);
	else {
		assert_int_equal(status, NTSTATUS_SUCCESS);
		add(m, (struct thing){.kind = SEGMENT, .name = segment, .parent = of, .pages = pages, .offset = offset});
		m->things[of].users++;
	}
}

/* What a release function takes, and the answer to what it does not take: void calls count a violation. */
struct release {
	enum kind kind;
	bool handle_status; /* NTSTATUS_INVALID_HANDLE or _OBJECT_TYPE_MISMATCH */
	int32_t otherwise;
};

enum { RELEASES = 12, EX_FREE = 11 };
static const struct release releases[RELEASES] = {
	{CONTIGUOUS, true, 0},
	{ALLOCATED, true, 0},
	{MM_MDL, false, 0},
	{MAPPED, false, 0},
	{OBJECT, false, 0},
	{OPENED, false, 0},
	{ADL, false, 0},
	{TOKEN, true, 0},
	{SEGMENT, false, NTSTATUS_INVALID_PARAMETER},
	{BLOCK, false, 0},
	{VIEW, false, NTSTATUS_NOT_MAPPED_VIEW},
	{MM_MDL, false, 0},
};

static int32_t call_release(struct ddi_adapter *a, size_t which, uint64_t name, const struct thing *thing,
			    ddi_handle opened)
{
	switch (which) {
	case 0:
		return dxgk_cb_free_contiguous_memory(a, name, 0);
	case 1:
		return dxgk_cb_free_pages_from_mdl(a, name, 0);
	case 2:
		return mm_free_pages_from_mdl(a, name), 0;
	case 3:
		return dxgk_cb_unmap_mdl_from_io_mmu(a, name, 0), 0;
	case 4:
		return dxgk_cb_destroy_physical_memory_object(a, name, opened), 0;
	case 5:
		return dxgk_cb_close_physical_memory_object(a, name), 0;
	case 6:
		return dxgk_cb_free_adl(a, name, 0), 0;
	case 7:
		return iommu_free_reserved_logical_address_range(a, name, 0);
	case 8:
		return iommu_unmap_reserved_logical_range(a, name);
	case 9:
		if (thing && thing->bytes)
			return mm_free_contiguous_memory_specify_cache(a, name, thing->bytes, DDI_WRITE_COMBINED), 0;
		return mm_free_contiguous_memory(a, name), 0;
	case 10:
		return dxgk_cb_unmap_memory(a, name, 0);
	default:
		return ex_free_pool(a, name), 0;
	}
}

static uint64_t violations(const struct model *m)
{
	struct ddi_violations v = ddi_adapter_violations(m->world.adapter);
	return v.unmap_mdl + v.free_adl + v.close_object + v.destroy_object + v.mm_not_at_base + v.mm_mismatched +
	       v.mdl_free_pages + v.mdl_freed_while_mapped + v.mdl_free_pool + v.irql;
}

/* Whether the thing may go by this call now. */
static bool may_go(const struct model *m, size_t which, const struct thing *thing)
{
	switch (which) {
	case 1:
		return m->things[thing->parent].users == 0;
	case 2:
		return !thing->pages_freed && thing->users == 0;
	case 5:
		return m->things[thing->parent].users == 0;
	case EX_FREE:
		return thing->pages_freed;
	default:
		return thing->users == 0;
	}
}

static void forget_frames(struct model *m, size_t at)
{
	for (uint64_t frame = 0; frame < FRAMES; frame++)
		if (m->frame_owner[frame] == at + 1)
			m->frame_owner[frame] = 0;
	m->frames_live -= m->things[at].pages;
}

static void forget_pages(struct model *m, size_t at)
{
	for (uint64_t page = 0; page < WORLD_FIRST + PAGES; page++)
		if (m->page_owner[page] == at + 1)
			m->page_owner[page] = 0;
}

/* What a right release changes. */
static void released(struct model *m, size_t which, size_t at)
{
	struct thing *thing = &m->things[at];
	if (which == 2) {
		forget_frames(m, at);
		thing->pages_freed = true;
		return;
	}
	forget_pages(m, at);
	if (which == 0 || which == 9 || (which == 4 && thing->bytes))
		forget_frames(m, at);
	if (which == 3 || which == 6 || which == 8)
		m->things[thing->parent].users--;
	if (which == 5)
		m->things[thing->parent].opened = THINGS;
	if (which == 4 && thing->opened < THINGS)
		drop(m, thing->opened);
	if (which == 1) {
		forget_frames(m, thing->parent);
		drop(m, thing->parent);
	}
	m->live -= thing->kind == BLOCK || thing->kind == VIEW;
	drop(m, at);
}

static void release(struct model *m, bool right)
{
	size_t which = below(m, RELEASES), at = THINGS;
	uint64_t name = below(m, 4) ? m->stale[below(m, STALE)] : rng_next(&m->rng);
	if (right || below(m, 2)) {
		at = some_live(m, right ? releases[which].kind : (enum kind)below(m, KINDS));
		if (at == THINGS)
			return;
		name = m->things[at].name;
	}
	/* A stale address may be live again. */
	for (size_t i = 0; at == THINGS && i < THINGS; i++)
		if (m->things[i].live && m->things[i].name == name)
			at = i;
	const struct thing *thing = at < THINGS ? &m->things[at] : NULL;
	bool fits = thing && thing->kind == releases[which].kind;
	if (which == 4 && fits && thing->users > 0)
		return; /* would stop the machine */
	ddi_handle opened = fits && thing->opened < THINGS ? m->things[thing->opened].name : 0;
	bool go = fits && may_go(m, which, thing);
	uint64_t before = violations(m);
	int32_t status = call_release(m->world.adapter, which, name, thing, opened);
	int32_t wanted = releases[which].otherwise;
	bool is_handle = thing && thing->kind != BLOCK && thing->kind != VIEW;
	if (go)
		wanted = NTSTATUS_SUCCESS;
	else if (releases[which].handle_status)
		wanted = fits        ? NTSTATUS_RESOURCE_IN_USE
			 : is_handle ? NTSTATUS_OBJECT_TYPE_MISMATCH
				     : NTSTATUS_INVALID_HANDLE;
	if (status != wanted)
		fail_msg("%s: release %zu: %s, wanted %s", m->world.spec, which, ntstatus_name((enum ntstatus)status),
			 ntstatus_name((enum ntstatus)wanted));
	bool violation = !go && !releases[which].handle_status && !releases[which].otherwise;
	assert_int_equal(violations(m), before + violation);
	m->wrong += !go;
	if (go)
		released(m, which, at);
}

static void compare(const struct model *m)
{
	uint64_t pages = 0;
	for (uint64_t page = WORLD_FIRST; page < WORLD_FIRST + PAGES; page++)
		pages += m->page_owner[page] == 0;
	assert_int_equal(world_free_pages(&m->world), pages);
	assert_int_equal(ddi_physical_free_frames(m->world.physical), m->frames_at_first - m->frames_live);
	assert_int_equal(ddi_adapter_live_handles(m->world.adapter), m->live);
	assert_null(world_broken(&m->world));
	assert_null(ddi_adapter_fatal(m->world.adapter));
}

static void play(struct model *m, uint64_t calls)
{
	static void (*const allocations[])(struct model *) = {
		allocate_contiguous, allocate_mdl,   allocate_mm_mdl, map_mdl, create_object, open_object,
		allocate_adl,        allocate_block, map_view,        reserve, map_segment,
	};
	for (uint64_t call = 0; call < calls; call++) {
		uint64_t turn = below(m, 20);
		if (turn < (call / 2000 % 2 ? 8 : 11) && m->live < THINGS - 40)
			allocations[below(m, sizeof allocations / sizeof allocations[0])](m);
		else
			release(m, turn < 18);
		if (call % 512 == 0)
			compare(m);
	}
	compare(m);
}

static void random_calls_agree_with_a_naive_model(void **state)
{
	(void)state;
	static struct model m;
	const char *wanted = getenv("DDI_RANDOM_CALLS");
	uint64_t calls = wanted ? strtoull(wanted, NULL, 10) : CALLS;
	for (size_t i = 0; i < 2 * WORLD_SPECS; i++) {
		const struct world_options options = {
			.pages = PAGES, .frames = FRAMES, .scatter_percent = 50, .identity = i % 2};
		m = (struct model){.identity = options.identity};
		if (!world_open(&m.world, world_specs[i / 2], &options))
			continue;
		/* Device memory lies where no frames are. */
		ddi_physical_reserve(m.world.physical, BAR, BAR_PAGES);
		m.complete = strcmp(m.world.spec, "rbtree") == 0;
		m.frames_at_first = ddi_physical_free_frames(m.world.physical);
		/* Those of somebody else. */
		adopt_frames(&m, UINT16_MAX);
		rng_seed(&m.rng, 11 + i);
		play(&m, calls);
		for (int kind = 0; calls >= CALLS && kind < KINDS; kind++)
			if (kind != MDL && !(m.identity && (kind == TOKEN || kind == SEGMENT)))
				assert_true(m.outcomes[kind][1] > 100);
		assert_true(m.wrong > calls / 100);
		uint64_t live = m.live;
		assert_int_equal(ddi_adapter_destroy(m.world.adapter), live);
		m.world.adapter = NULL;
		assert_int_equal(world_free_pages(&m.world), PAGES);
		assert_int_equal(ddi_physical_free_frames(m.world.physical), m.frames_at_first);
		world_close(&m.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_calls_agree_with_a_naive_model)};
	return cmocka_run_group_tests_name("ddi_calls_random", tests, NULL, NULL);
}
