/* SPDX-License-Identifier: MIT
 * Goal: long random sequences of all driver calls, right and wrong, never share a page or a frame, get the status that the
 * rules demand, and leave nothing behind; what is documented to stop the machine stops it, by its bug check, and nothing else
 * does. Method: a naive model keeps the owner of every page and frame and a plain list of what is live. It tells the status of
 * every wrong call and of every release, every counter of violations and of malformed requests after each call, what an
 * adapter that is stopped then dies of, whether a request is impossible, and, where the placer is complete (the pool of
 * frames; rbtree), whether there is room. After something fatal the world is made anew. DDI_RANDOM_CALLS sets the number of
 * calls for each allocator and mode, DDI_RANDOM_SEED what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "ddi/frame_pool.h"
#include "unit/ddi/ddi_world.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGES = 700, FRAMES = 1600, BAR = 600, BAR_PAGES = 40, THINGS = 400, STALE = 64, BASES = 256, CALLS = 100000 };

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

/* What a world ends with: the subcodes of bug check 0x1E4, a Dxgk call from too high a level, or nothing. */
enum end { STOPPED_CLEANLY, CALLED_TOO_HIGH, UNLOCKED_UNDER_ADL = 5, OBJECTS_LEAKED = 6, ADLS_LEAKED = 7, ENDS };

struct thing {
	enum kind kind;
	uint64_t name;             /* handle or address */
	size_t parent;             /* the MDL of a map, the object of what is open, the token of a segment */
	uint64_t users;            /* maps of an MDL, ADLs of an object, segments of a token */
	uint64_t pages;            /* that were asked for */
	uint64_t bytes;            /* BLOCK; OBJECT: has frames */
	enum ddi_cache_type cache; /* BLOCK */
	bool plain;                /* BLOCK of MmAllocateContiguousMemory */
	uint64_t offset;           /* SEGMENT, ADL: page */
	size_t opened;             /* OBJECT: THINGS = not open */
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
	uint64_t bases[BASES]; /* the last ones that were given */
	uint64_t blocks;
	enum ddi_wddm wddm;
	struct ddi_violations wanted;
	uint64_t malformed;
	uint64_t outcomes[KINDS][2]; /* allocations: refused, done */
	uint64_t wrong, odd_levels, unknown_caches, stale_bases, mismatched_frees;
	uint64_t ends[ENDS];
};

static uint64_t below(struct model *m, uint64_t bound)
{
	return rng_below(&m->rng, bound);
}

/* The adapter, for a call that is documented for this level and those below: now and then from another one, of which none is
 * fatal. */
static struct ddi_adapter *from(struct model *m, enum ddi_irql highest)
{
	enum ddi_irql irql = below(m, 8) ? DDI_PASSIVE_LEVEL : (enum ddi_irql)below(m, 3);
	if (irql > highest && highest == DDI_APC_LEVEL && m->wddm == DDI_WDDM_3_2)
		irql = DDI_APC_LEVEL;
	ddi_adapter_set_irql(m->world.adapter, irql);
	m->wanted.irql += irql > highest;
	m->odd_levels += irql > highest;
	return m->world.adapter;
}

/* One of the three types that drivers may name, or another number. */
static enum ddi_cache_type some_cache(struct model *m, bool *unknown)
{
	static const uint32_t none[] = {3, 4, 5, 6, 77, 256, 257, 258, UINT32_MAX};
	*unknown = below(m, 20) == 0;
	m->unknown_caches += *unknown;
	return (enum ddi_cache_type)(*unknown ? none[below(m, sizeof none / sizeof none[0])] : below(m, 3));
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

/* Frames that the pool holds for nobody that the model knows. Returns how many runs they are. */
static uint64_t adopt_frames(struct model *m, uint16_t owner)
{
	uint64_t runs = 0, end = FRAMES;
	for (uint64_t frame = 0; frame < FRAMES; frame++)
		if (m->frame_owner[frame] == 0 && !(m->world.physical->words[frame / 64] >> frame % 64 & 1)) {
			m->frame_owner[frame] = owner;
			runs += frame != end;
			end = frame + 1;
		}
	return runs;
}

/* Whether the pool has so many frames in a row, wherever. */
static bool has_run(const struct model *m, uint64_t count)
{
	const struct limits none = {.high = NO_LIMIT};
	return room(m->frame_owner, 0, FRAMES, count, &none) == 2;
}

static void allocate_contiguous(struct model *m)
{
	struct limits limits = some_limits(m);
	struct ddi_contiguous_request request = {.number_of_bytes = below(m, 30 * PAGE),
						 .lowest_acceptable_address = limits.low,
						 .highest_acceptable_address = limits.high,
						 .boundary_address_multiple = limits.boundary};
	bool malformed = false;
	request.cache_type = some_cache(m, &malformed);
	malformed |= request.number_of_bytes == 0;
	if (below(m, 20) == 0 && limits.boundary)
		malformed = request.boundary_address_multiple *= 3;
	m->malformed += malformed;
	uint64_t count = (request.number_of_bytes + PAGE - 1) / PAGE;
	ddi_handle handle = 0;
	int32_t status = dxgk_cb_allocate_contiguous_memory(from(m, DDI_APC_LEVEL), &request, 0, &handle);
	if (malformed) {
		refused(m, CONTIGUOUS, status, NTSTATUS_INVALID_PARAMETER);
		return;
	}
	int logical = room(m->page_owner, WORLD_FIRST, WORLD_FIRST + PAGES, count, &limits);
	int physical = room(m->frame_owner, WORLD_FIRST, WORLD_FIRST + PAGES, count, &limits);
	bool frames = m->identity || has_run(m, count);
	if (logical == 0) {
		refused(m, CONTIGUOUS, status, NTSTATUS_INVALID_PARAMETER);
	} else if (status != NTSTATUS_SUCCESS) {
		refused(m, CONTIGUOUS, status, NTSTATUS_NO_MEMORY);
		assert_false(m->identity && physical == 2);
		assert_false(m->complete && !m->identity && logical == 2 && frames);
	} else {
		assert_true(frames);
		struct iova_extent extent;
		size_t at = add(m, (struct thing){.kind = CONTIGUOUS, .name = handle, .pages = count});
		ddi_contiguous_extent(m->world.adapter, handle, &extent);
		assert_true(obeys(extent.first, count, limits.low, limits.high, limits.boundary));
		claim_pages(m, handle, 0, (uint16_t)(at + 1), 0, count);
		if (m->identity)
			own(m->frame_owner, extent.first, count, 0, (uint16_t)(at + 1));
		else
			assert_int_equal(adopt_frames(m, (uint16_t)(at + 1)), 1);
		m->frames_live += count;
	}
}

static struct ddi_mdl_request some_mdl(struct model *m, bool *malformed)
{
	struct ddi_mdl_request request = {.high_address = NO_LIMIT, .total_bytes = 1 + below(m, 60 * PAGE)};
	request.cache_type = some_cache(m, malformed);
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
	m->malformed += *malformed;
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
	int32_t status = dxgk_cb_allocate_pages_for_mdl(from(m, DDI_APC_LEVEL), &request, 0, &handle, &mdl);
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
	ddi_handle mdl =
		mm_allocate_pages_for_mdl_ex(from(m, DDI_DISPATCH_LEVEL), request.low_address, request.high_address,
					     request.skip_bytes, request.total_bytes, request.cache_type, request.flags);
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
	int32_t status = dxgk_cb_map_mdl_to_io_mmu(from(m, DDI_APC_LEVEL), mdl->name, &request, 0, &handle);
	m->malformed += mdl->pages_freed;
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
	bool malformed;
	request.cache_type = some_cache(m, &malformed);
	malformed |= request.size == 0;
	m->malformed += malformed && request.type != DDI_MEMORY_SECTION;
	uint64_t pages = (request.size + PAGE - 1) / PAGE;
	ddi_handle object = 0, opened = 0;
	uint64_t frames = ddi_physical_free_frames(m->world.physical);
	int32_t status = dxgk_cb_create_physical_memory_object(from(m, DDI_APC_LEVEL), &request, &object, &opened);
	if (request.type == DDI_MEMORY_SECTION) {
		refused(m, OBJECT, status, NTSTATUS_NOT_SUPPORTED);
	} else if (status != NTSTATUS_SUCCESS) {
		check_allocation_status(m, OBJECT, status, malformed);
	} else {
		assert_false(malformed);
		bool in_pool = request.type != DDI_MEMORY_IO_SPACE;
		assert_int_equal(frames - ddi_physical_free_frames(m->world.physical), in_pool ? pages : 0);
		m->frames_live += in_pool ? pages : 0;
		size_t of = add(m, (struct thing){.kind = OBJECT, .name = object, .pages = pages, .bytes = in_pool});
		uint64_t runs = adopt_frames(m, (uint16_t)(of + 1));
		assert_true(request.type != DDI_MEMORY_CONTIGUOUS || runs == 1);
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
	int32_t status = dxgk_cb_open_physical_memory_object(from(m, DDI_APC_LEVEL), m->things[of].name, &opened);
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
	int32_t status = dxgk_cb_allocate_adl(from(m, DDI_APC_LEVEL), &request, 0, &adl);
	bool malformed = size == 0 || offset + size > all || request.flags == 8;
	m->malformed += malformed;
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

/* A new block of so many pages: its addresses are nobody's, and neither is what ends at one or begins where it ends. */
static void note_base(struct model *m, uint64_t base, uint64_t pages)
{
	assert_int_equal(base % PAGE, 0);
	for (size_t i = 0; i < THINGS; i++)
		if (m->things[i].live && m->things[i].kind == BLOCK)
			assert_true(base + pages * PAGE < m->things[i].name ||
				    m->things[i].name + m->things[i].pages * PAGE < base);
	for (size_t i = 0; i < BASES; i++)
		if (m->bases[i] == base)
			fail_msg("%s: a base was given twice", m->world.spec);
	m->bases[m->blocks++ % BASES] = base;
}

/* The pool of frames is complete, and the routines limit physical addresses. */
static void allocate_block(struct model *m)
{
	struct limits limits = some_limits(m);
	uint64_t bytes = below(m, 40) ? 1 + below(m, 20 * PAGE) : 0, count = (bytes + PAGE - 1) / PAGE;
	uint64_t boundary = limits.boundary * (below(m, 20) ? 1 : 3);
	uint32_t routine = (uint32_t)below(m, 3), node = below(m, 20) ? (uint32_t)below(m, 2) : 2;
	bool malformed = false;
	enum ddi_cache_type cache = routine ? some_cache(m, &malformed) : DDI_CACHED;
	if (routine == 0)
		limits.low = boundary = limits.boundary = 0;
	malformed |= bytes == 0 || boundary != limits.boundary || (routine == 2 && node == 2);
	m->malformed += malformed;
	struct ddi_adapter *a = from(m, DDI_DISPATCH_LEVEL);
	uint64_t base = routine == 0   ? mm_allocate_contiguous_memory(a, bytes, limits.high)
			: routine == 1 ? mm_allocate_contiguous_memory_specify_cache(a, bytes, limits.low, limits.high,
										     boundary, cache)
				       : mm_allocate_contiguous_memory_specify_cache_node(a, bytes, limits.low, limits.high,
											  boundary, cache, node);
	bool fits = !malformed && room(m->frame_owner, 0, FRAMES, count, &limits) == 2;
	assert_int_equal(base != 0, fits);
	if (base == 0) {
		m->outcomes[BLOCK][0]++;
		return;
	}
	uint64_t first, frames;
	note_base(m, base, count);
	size_t at = add(m, (struct thing){.kind = BLOCK,
					  .name = base,
					  .pages = count,
					  .bytes = bytes,
					  .cache = cache,
					  .plain = routine == 0});
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
	bool malformed;
	request.cache_type = some_cache(m, &malformed);
	malformed |= request.length == 0;
	m->malformed += malformed;
	int32_t status = dxgk_cb_map_memory(from(m, DDI_PASSIVE_LEVEL), &request, 0, &address);
	if (malformed || status != NTSTATUS_SUCCESS) {
		refused(m, VIEW, status, malformed ? NTSTATUS_INVALID_PARAMETER : NTSTATUS_NO_MEMORY);
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
	int32_t status = iommu_reserve_logical_address_range(from(m, DDI_DISPATCH_LEVEL), &request, 0, &token);
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
	int32_t status = iommu_map_reserved_logical_range(from(m, DDI_DISPATCH_LEVEL), m->things[of].name, offset * PAGE, 3,
							  below(m, 5000) * PAGE, pages * PAGE, &segment);
	m->malformed += pages == 0 || offset + pages > m->things[of].pages;
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

/* What a release function takes, the level that it is documented for, and the answer to what it does not take. Calls without a
 * result count a violation: the number of its counter in struct ddi_violations. */
struct release {
	enum kind kind;
	enum ddi_irql highest;
	bool handle_status; /* NTSTATUS_INVALID_HANDLE or _OBJECT_TYPE_MISMATCH */
	int32_t otherwise;
	size_t violation;
};

#define COUNTER(name) (offsetof(struct ddi_violations, name) / sizeof(uint64_t))
enum { FREE_BLOCK = 9, EX_FREE = 11, RELEASES = 12 };
static const struct release releases[RELEASES] = {
	{CONTIGUOUS, DDI_APC_LEVEL, true, 0, 0},
	{ALLOCATED, DDI_APC_LEVEL, true, 0, 0},
	{MM_MDL, DDI_DISPATCH_LEVEL, false, 0, COUNTER(mdl_free_pages)},
	{MAPPED, DDI_APC_LEVEL, false, 0, COUNTER(unmap_mdl)},
	{OBJECT, DDI_APC_LEVEL, false, 0, COUNTER(destroy_object)},
	{OPENED, DDI_APC_LEVEL, false, 0, COUNTER(close_object)},
	{ADL, DDI_APC_LEVEL, false, 0, COUNTER(free_adl)},
	{TOKEN, DDI_DISPATCH_LEVEL, true, 0, 0},
	{SEGMENT, DDI_DISPATCH_LEVEL, false, NTSTATUS_INVALID_PARAMETER, 0},
	{BLOCK, DDI_DISPATCH_LEVEL, false, 0, COUNTER(mm_not_at_base)},
	{VIEW, DDI_PASSIVE_LEVEL, false, NTSTATUS_NOT_MAPPED_VIEW, 0},
	{MM_MDL, DDI_DISPATCH_LEVEL, false, 0, COUNTER(mdl_free_pool)},
};

/* How a block is freed. */
struct block_free {
	bool plain; /* MmFreeContiguousMemory */
	uint64_t bytes;
	enum ddi_cache_type cache;
};

static int32_t call_release(struct ddi_adapter *a, size_t which, uint64_t name, const struct block_free *block,
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
	case FREE_BLOCK:
		if (block->plain)
			return mm_free_contiguous_memory(a, name), 0;
		return mm_free_contiguous_memory_specify_cache(a, name, block->bytes, block->cache), 0;
	case 10:
		return dxgk_cb_unmap_memory(a, name, 0);
	default:
		return ex_free_pool(a, name), 0;
	}
}

/* MmFreeContiguousMemory frees every block; the other routine those of the SpecifyCache routines, by what they were asked
 * for. */
static bool matches(const struct thing *block, const struct block_free *how)
{
	return how->plain || (!block->plain && how->bytes == block->bytes && how->cache == block->cache);
}

static struct block_free some_free(struct model *m, const struct thing *block, bool right)
{
	struct block_free how = {.plain = below(m, 2), .bytes = PAGE, .cache = DDI_CACHED};
	if (block && block->kind == BLOCK) {
		how.bytes = block->bytes + (right || below(m, 4) ? 0 : 1 + below(m, PAGE));
		how.cache =
			right || below(m, 4) ? block->cache : (enum ddi_cache_type)(block->cache + (below(m, 2) ? 256 : 1));
		how.plain |= right && block->plain;
	}
	return how;
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

/* A name that is somebody's, was somebody's, is somewhere in a block, or is nobody's. *at: whose it is now, or THINGS. */
static uint64_t some_name(struct model *m, size_t which, bool right, size_t *at)
{
	uint64_t name = below(m, 4) ? m->stale[below(m, STALE)] : rng_next(&m->rng);
	size_t of = THINGS;
	if (which == FREE_BLOCK)
		name = m->bases[below(m, BASES)];
	if (right || below(m, 2)) {
		bool own = right || (which == FREE_BLOCK && below(m, 2));
		of = some_live(m, own ? releases[which].kind : (enum kind)below(m, KINDS));
	}
	if (of < THINGS)
		name = m->things[of].name;
	if (!right && of < THINGS && m->things[of].kind == BLOCK && below(m, 3) == 0)
		name += below(m, m->things[of].pages + 1) * PAGE + below(m, 2);
	/* An address of a view may be given again; a base and a handle never. */
	*at = THINGS;
	for (size_t i = 0; i < THINGS; i++)
		if (m->things[i].live && m->things[i].name == name)
			*at = i;
	return name;
}

static uint64_t *counter(struct ddi_violations *violations, size_t number)
{
	return (uint64_t *)violations + number;
}

/* What a call without a result is counted as when it does not take the thing. */
static size_t broken_rule(size_t which, const struct thing *thing)
{
	if (which == FREE_BLOCK && thing)
		return COUNTER(mm_mismatched);
	if (which == 2 && thing && !thing->pages_freed && thing->users > 0)
		return COUNTER(mdl_freed_while_mapped);
	return releases[which].violation;
}

static int32_t wanted_status(size_t which, bool go, bool fits, const struct thing *thing)
{
	bool is_handle = thing && thing->kind != BLOCK && thing->kind != VIEW;
	if (go || !releases[which].handle_status)
		return go ? NTSTATUS_SUCCESS : releases[which].otherwise;
	return fits ? NTSTATUS_RESOURCE_IN_USE : is_handle ? NTSTATUS_OBJECT_TYPE_MISMATCH : NTSTATUS_INVALID_HANDLE;
}

static void release(struct model *m, bool right)
{
	size_t which = below(m, RELEASES), at;
	uint64_t name = some_name(m, which, right, &at);
	if (right && at == THINGS)
		return;
	const struct thing *thing = at < THINGS ? &m->things[at] : NULL;
	bool fits = thing && thing->kind == releases[which].kind;
	if (which == 4 && fits && thing->users > 0)
		return; /* would stop the machine: of that elsewhere */
	const struct block_free how = some_free(m, thing, right);
	ddi_handle opened = fits && thing->opened < THINGS ? m->things[thing->opened].name : 0;
	bool go = fits && may_go(m, which, thing) && (which != FREE_BLOCK || matches(thing, &how));
	int32_t status = call_release(from(m, releases[which].highest), which, name, &how, opened);
	int32_t wanted = wanted_status(which, go, fits, thing);
	if (status != wanted)
		fail_msg("%s: release %zu: %s, wanted %s", m->world.spec, which, ntstatus_name((enum ntstatus)status),
			 ntstatus_name((enum ntstatus)wanted));
	if (!go && !releases[which].handle_status && !releases[which].otherwise)
		++*counter(&m->wanted, broken_rule(which, fits ? thing : NULL));
	m->wrong += !go;
	m->mismatched_frees += !go && which == FREE_BLOCK && fits;
	for (size_t i = 0; which == FREE_BLOCK && !thing && name && i < BASES; i++)
		m->stale_bases += m->bases[i] == name;
	if (go)
		released(m, which, at);
}

/* After every call. */
static void compare_counters(const struct model *m)
{
	const struct ddi_violations counted = ddi_adapter_violations(m->world.adapter);
	static const char *const names[] = {"unmap_mdl",      "free_adl",      "close_object",   "destroy_object",
					    "mm_not_at_base", "mm_mismatched", "mdl_free_pages", "mdl_freed_while_mapped",
					    "mdl_free_pool",  "irql"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (((const uint64_t *)&counted)[i] != ((const uint64_t *)&m->wanted)[i])
			fail_msg("%s, %s: violations.%s is %" PRIu64 ", wanted %" PRIu64, m->world.spec,
				 m->identity ? "identity" : "remap", names[i], ((const uint64_t *)&counted)[i],
				 ((const uint64_t *)&m->wanted)[i]);
	assert_int_equal(ddi_adapter_failures(m->world.adapter).malformed, m->malformed);
	assert_null(ddi_adapter_fatal(m->world.adapter));
}

static uint64_t count_live(const struct model *m, enum kind kind)
{
	uint64_t count = 0;
	for (size_t i = 0; i < THINGS; i++)
		count += m->things[i].live && m->things[i].kind == kind;
	return count;
}

static void compare_leaks(const struct model *m)
{
	struct ddi_leaks leaks = ddi_adapter_leaks(m->world.adapter);
	uint64_t waiting = 0;
	for (size_t i = 0; i < THINGS; i++)
		waiting += m->things[i].live && m->things[i].kind == MM_MDL && m->things[i].pages_freed;
	assert_int_equal(leaks.handles, m->live);
	assert_int_equal(leaks.mdl_structures, waiting);
	assert_int_equal(leaks.adapter_objects, count_live(m, OPENED));
	assert_int_equal(leaks.adls, count_live(m, ADL));
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
	compare_leaks(m);
}

static void open_model(struct model *m, size_t number)
{
	static const enum ddi_wddm versions[] = {DDI_WDDM_3_0, DDI_WDDM_2_4, DDI_WDDM_3_2};
	m->wddm = versions[below(m, 3)];
	const struct world_options options = {
		.pages = PAGES, .frames = FRAMES, .scatter_percent = 50, .identity = m->identity, .wddm = m->wddm};
	memset(m->things, 0, sizeof m->things);
	memset(m->page_owner, 0, sizeof m->page_owner);
	memset(m->frame_owner, 0, sizeof m->frame_owner);
	memset(m->bases, 0, sizeof m->bases);
	m->live = m->frames_live = m->malformed = 0;
	m->wanted = (struct ddi_violations){0};
	if (!world_open(&m->world, world_specs[number], &options)) {
		m->world.adapter = NULL;
		return;
	}
	m->complete = strcmp(m->world.spec, "rbtree") == 0;
	/* Device memory lies where no frames are. */
	ddi_physical_reserve(m->world.physical, BAR, BAR_PAGES);
	m->frames_at_first = ddi_physical_free_frames(m->world.physical);
	/* Those of somebody else. */
	adopt_frames(m, UINT16_MAX);
}

/* Everything goes back, whatever the driver held and however it ended. */
static void close_model(struct model *m)
{
	assert_int_equal(ddi_adapter_destroy(m->world.adapter), m->live);
	m->world.adapter = NULL;
	assert_int_equal(world_free_pages(&m->world), PAGES);
	assert_int_equal(ddi_physical_free_frames(m->world.physical), m->frames_at_first);
	world_close(&m->world);
}

/* Frees all things of a kind rightly. */
static void free_all(struct model *m, size_t which)
{
	for (size_t at = 0; at < THINGS; at++) {
		if (!m->things[at].live || m->things[at].kind != releases[which].kind)
			continue;
		call_release(from(m, releases[which].highest), which, m->things[at].name, NULL, 0);
		released(m, which, at);
	}
}

/* The driver's last deed: what is documented to come of it. */
static enum end last_deed(struct model *m)
{
	uint64_t deed = below(m, 6);
	size_t object = THINGS;
	struct ddi_adapter *adapter = m->world.adapter;
	for (size_t i = 0; i < THINGS; i++)
		if (m->things[i].live && m->things[i].kind == OBJECT && m->things[i].users > 0)
			object = i;
	if (deed == 0 && object < THINGS) {
		ddi_handle opened = m->things[m->things[object].opened].name;
		dxgk_cb_destroy_physical_memory_object(from(m, DDI_APC_LEVEL), m->things[object].name,
						       below(m, 2) ? opened : 0);
		return UNLOCKED_UNDER_ADL;
	}
	if (deed == 1 && m->wddm == DDI_WDDM_3_2) {
		const struct ddi_contiguous_request request = {.number_of_bytes = PAGE,
							       .highest_acceptable_address = NO_LIMIT};
		ddi_handle handle;
		ddi_adapter_set_irql(adapter, (enum ddi_irql)(DDI_DISPATCH_LEVEL + below(m, 3)));
		if (below(m, 2))
			assert_int_equal(dxgk_cb_allocate_contiguous_memory(adapter, &request, 0, &handle),
					 NTSTATUS_UNSUCCESSFUL);
		else
			dxgk_cb_free_adl(adapter, rng_next(&m->rng), 0);
		return CALLED_TOO_HIGH;
	}
	if (deed >= 3)
		free_all(m, 6);
	if (deed == 5)
		free_all(m, 5);
	compare_counters(m);
	uint64_t adls = count_live(m, ADL), opened = count_live(m, OPENED);
	ddi_adapter_stop(adapter);
	return adls ? ADLS_LEAKED : opened ? OBJECTS_LEAKED : STOPPED_CLEANLY;
}

/* Nothing works any more, and nothing counts. */
static void try_the_dead(struct model *m)
{
	struct ddi_adapter *adapter = m->world.adapter;
	const struct ddi_bug_check *fatal = ddi_adapter_fatal(adapter);
	struct ddi_failures failures = ddi_adapter_failures(adapter);
	struct ddi_violations violations = ddi_adapter_violations(adapter);
	const struct block_free how = {.plain = true};
	assert_memory_equal(&violations, &m->wanted, sizeof violations);
	for (size_t which = 0; which < RELEASES; which++) {
		size_t at = some_live(m, releases[which].kind);
		ddi_adapter_set_irql(adapter, (enum ddi_irql)below(m, 3));
		int32_t status = call_release(adapter, which, at < THINGS ? m->things[at].name : 0, &how, 0);
		assert_true(status == NTSTATUS_UNSUCCESSFUL || status == 0);
	}
	assert_int_equal(mm_allocate_contiguous_memory(adapter, PAGE, NO_LIMIT), 0);
	assert_ptr_equal(ddi_adapter_stop(adapter), fatal);
	struct ddi_failures failures_after = ddi_adapter_failures(adapter);
	struct ddi_violations violations_after = ddi_adapter_violations(adapter);
	assert_memory_equal(&failures, &failures_after, sizeof failures);
	assert_memory_equal(&violations, &violations_after, sizeof violations);
}

/* Returns whether the world is at its end. */
static bool meets_its_end(struct model *m)
{
	enum end end = last_deed(m);
	const struct ddi_bug_check *fatal = ddi_adapter_fatal(m->world.adapter);
	m->ends[end]++;
	if (end == STOPPED_CLEANLY) {
		assert_null(fatal);
		return false;
	}
	assert_non_null(fatal);
	assert_int_equal(fatal->code, end == CALLED_TOO_HIGH ? 0 : 0x1e4);
	assert_int_equal(fatal->subcode, end == CALLED_TOO_HIGH ? 0 : end);
	assert_true(end == CALLED_TOO_HIGH || strstr(fatal->why, "0x1E4 VIDEO_DXGKRNL_SYSMM_FATAL_ERROR"));
	try_the_dead(m);
	compare_leaks(m);
	return true;
}

static void play(struct model *m, size_t number, uint64_t calls)
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
		compare_counters(m);
		if (call % 512 == 0)
			compare(m);
		if (below(m, 6000) == 0 && meets_its_end(m)) {
			close_model(m);
			open_model(m, number);
		}
	}
	compare(m);
}

static void random_calls_agree_with_a_naive_model(void **state)
{
	(void)state;
	static struct model m;
	const char *wanted = getenv("DDI_RANDOM_CALLS");
	const char *seed = getenv("DDI_RANDOM_SEED");
	uint64_t calls = wanted ? strtoull(wanted, NULL, 10) : CALLS, ends[ENDS] = {0};
	uint64_t stale_bases = 0, mismatched_frees = 0;
	for (size_t i = 0; i < 2 * WORLD_SPECS; i++) {
		m = (struct model){.identity = i % 2};
		rng_seed(&m.rng, (seed ? strtoull(seed, NULL, 10) : 11) + i);
		open_model(&m, i / 2);
		if (!m.world.adapter)
			continue;
		play(&m, i / 2, calls);
		for (int kind = 0; calls >= CALLS && kind < KINDS; kind++)
			if (kind != MDL && !(m.identity && (kind == TOKEN || kind == SEGMENT)))
				assert_true(m.outcomes[kind][1] > 100);
		assert_true(m.wrong > calls / 100);
		assert_true(calls < CALLS || (m.odd_levels > calls / 1000 && m.unknown_caches > calls / 1000));
		stale_bases += m.stale_bases;
		mismatched_frees += m.mismatched_frees;
		for (size_t end = 0; end < ENDS; end++)
			ends[end] += m.ends[end];
		close_model(&m);
	}
	/* Over all worlds: in one of them few blocks may live. */
	assert_true(calls < CALLS || (stale_bases > calls / 1000 && mismatched_frees > calls / 1000));
	for (size_t end = 0; calls >= CALLS && end < ENDS; end++)
		assert_true(ends[end] > 2 || (end > CALLED_TOO_HIGH && end < UNLOCKED_UNDER_ADL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_calls_agree_with_a_naive_model)};
	return cmocka_run_group_tests_name("ddi_calls_random", tests, NULL, NULL);
}
