/* SPDX-License-Identifier: MIT */
#include "ddi/mapping.h"

#include "base/bits.h"
#include "ddi/limits.h"

#include <assert.h>

bool mapping_possible(const struct mapping_wish *wish)
{
	assert(wish->pages);
	struct iova_request request = wish->limits;
	if (wish->limits.low > wish->limits.high)
		return false;
	if (wish->chunk_pages) {
		uint64_t first = bits_align_up(request.low, wish->chunk_pages);
		return first <= request.high &&
		       (request.high - first + 1) / wish->chunk_pages >= wish->pages / wish->chunk_pages;
	}
	request.count = wish->contiguity == DDI_CONTIGUITY_REQUIRE ? wish->pages : 1;
	return wish->pages <= request.high - request.low + 1 && limits_possible(&request);
}

/* Takes one extent and appends it. */
static enum iova_status take_extent(struct ddi_adapter *adapter, const struct iova_request *request, uint32_t cpu,
				    struct extent_list *list)
{
	struct iova_extent extent;
	if (extent_list_prepare(&adapter->list_nodes, list) != 0)
		return IOVA_NO_MEMORY;
	enum iova_status status = adapter->table->alloc(adapter->self, request, cpu, &extent);
	if (status == IOVA_OK)
		extent_list_add(&adapter->list_nodes, list, &extent, (uint32_t)request->count);
	return status;
}

/* Extents of one length. */
static enum iova_status take_chunks(struct ddi_adapter *adapter, const struct mapping_wish *wish, uint32_t cpu,
				    struct extent_list *list)
{
	struct iova_request request = wish->limits;
	request.count = wish->chunk_pages;
	if (wish->chunk_pages > 1) {
		request.align = wish->chunk_pages;
		request.constraints |= IOVA_CONSTRAIN_ALIGN;
	}
	enum iova_status status = IOVA_OK;
	for (uint64_t pages = 0; pages < wish->pages && status == IOVA_OK; pages += wish->chunk_pages)
		status = take_extent(adapter, &request, cpu, list);
	return status;
}

/* One extent for each run of frames. */
static enum iova_status take_runs(struct ddi_adapter *adapter, const struct mapping_wish *wish, struct run_cursor frames,
				  uint32_t cpu, struct extent_list *list)
{
	struct iova_request request = wish->limits;
	enum iova_status status = IOVA_OK;
	for (uint64_t left = wish->pages; left > 0 && status == IOVA_OK; left -= request.count) {
		request.count = frames.left < left ? frames.left : left;
		status = take_extent(adapter, &request, cpu, list);
		run_cursor_advance(&frames, request.count);
	}
	return status;
}

/* One extent, else ever smaller ones: powers of two, halved whenever one does not fit. While there is a smaller one to try,
 * caches need not be emptied. */
static enum iova_status take_pieces(struct ddi_adapter *adapter, const struct mapping_wish *wish, uint32_t cpu,
				    struct extent_list *list)
{
	struct iova_request request = wish->limits;
	request.count = wish->pages;
	enum iova_status status = limits_possible(&request) ? take_extent(adapter, &request, cpu, list) : IOVA_NO_SPACE;
	if (status != IOVA_NO_SPACE || wish->contiguity == DDI_CONTIGUITY_REQUIRE)
		return status;
	uint64_t left = wish->pages, piece = wish->pages;
	while (left > 0) {
		piece = UINT64_C(1) << bits_log2_floor(piece < left ? piece : left);
		request.count = piece;
		request.constraints =
			piece == 1 ? wish->limits.constraints : wish->limits.constraints | IOVA_CONSTRAIN_NO_DRAIN;
		status = limits_possible(&request) ? take_extent(adapter, &request, cpu, list) : IOVA_NO_SPACE;
		if (status == IOVA_OK)
			left -= piece;
		else if (status != IOVA_NO_SPACE || piece == 1)
			return status;
		else
			piece /= 2;
	}
	return IOVA_OK;
}

enum iova_status mapping_take(struct ddi_adapter *adapter, const struct mapping_wish *wish, struct run_cursor pages,
			      uint32_t cpu, struct extent_list *list)
{
	assert(!adapter->identity && wish->pages);
	*list = extent_list_empty();
	uint32_t needed = wish->limits.constraints | (wish->chunk_pages > 1 ? IOVA_CONSTRAIN_ALIGN : 0);
	if (needed & ~adapter->honoured)
		return IOVA_UNSUPPORTED;
	enum iova_status status = wish->chunk_pages                       ? take_chunks(adapter, wish, cpu, list)
				  : wish->contiguity == DDI_CONTIGUITY_NO ? take_runs(adapter, wish, pages, cpu, list)
									  : take_pieces(adapter, wish, cpu, list);
	if (status != IOVA_OK)
		mapping_release(adapter, list, cpu);
	return status;
}

enum iova_status mapping_place(struct ddi_adapter *adapter, struct run_cursor frames, uint64_t pages, uint32_t cpu,
			       struct extent_list *list)
{
	assert(adapter->identity && pages && frames.left);
	enum iova_status status = IOVA_OK;
	*list = extent_list_empty();
	while (pages > 0 && status == IOVA_OK) {
		struct iova_extent extent;
		uint64_t count = frames.left < pages ? frames.left : pages;
		status = extent_list_prepare(&adapter->list_nodes, list) == 0
				 ? adapter->table->place(adapter->self, frames.frame, count, cpu, &extent)
				 : IOVA_NO_MEMORY;
		if (status == IOVA_OK)
			extent_list_add(&adapter->list_nodes, list, &extent, (uint32_t)count);
		pages -= count;
		run_cursor_advance(&frames, count);
	}
	if (status != IOVA_OK)
		mapping_release(adapter, list, cpu);
	return status;
}

void mapping_release(struct ddi_adapter *adapter, struct extent_list *list, uint32_t cpu)
{
	struct extent_cursor cursor = extent_cursor_at(&adapter->list_nodes, list);
	for (; cursor.extent; extent_cursor_next(&cursor))
		adapter->table->free(adapter->self, cursor.extent, cpu);
	extent_list_clear(&adapter->list_nodes, list);
}

struct extent_list mapping_load(const struct handle_entry *entry, const union handle_more *more)
{
	return (struct extent_list){.first = entry->as.extent,
				    .first_pages = more->map.first_pages,
				    .head = more->map.head,
				    .tail = more->map.tail,
				    .count = more->map.count};
}

void mapping_store(struct handle_entry *entry, union handle_more *more, const struct extent_list *list)
{
	entry->as.extent = list->first;
	more->map.first_pages = list->first_pages;
	more->map.head = list->head;
	more->map.tail = list->tail;
	more->map.count = list->count;
}

void ddi_count_leaves(uint64_t logical, uint64_t frame, uint64_t count, struct ddi_leaves *leaves)
{
	const uint64_t medium = 512, large = UINT64_C(512) * 512;
	uint64_t end = logical + count, apart = logical ^ frame;
	uint64_t medium_first = bits_align_up(logical, medium), medium_end = bits_align_down(end, medium);
	if (apart % medium != 0 || medium_first >= medium_end) {
		leaves->leaves_4kib += count;
		return;
	}
	leaves->leaves_4kib += count - (medium_end - medium_first);
	uint64_t large_first = bits_align_up(logical, large), large_end = bits_align_down(end, large), in_large = 0;
	if (apart % large == 0 && large_first < large_end)
		in_large = large_end - large_first;
	leaves->leaves_1gib += in_large / large;
	leaves->leaves_2mib += (medium_end - medium_first - in_large) / medium;
}

/* Walks what a list of extents and a list of runs have in common, piece by piece. */
struct walk {
	struct extent_cursor extents;
	struct run_cursor frames;
	uint64_t into;  /* pages of the extent at hand that are done */
	uint64_t pages; /* still to come */
	uint64_t logical;
	uint64_t frame;
	uint64_t count;
};

static bool walk_next(struct walk *walk)
{
	if (walk->pages == 0)
		return false;
	if (walk->into == walk->extents.pages) {
		extent_cursor_next(&walk->extents);
		walk->into = 0;
	}
	uint64_t count = walk->extents.pages - walk->into;
	count = count < walk->frames.left ? count : walk->frames.left;
	count = count < walk->pages ? count : walk->pages;
	walk->logical = walk->extents.extent->first + walk->into;
	walk->frame = walk->frames.frame;
	walk->count = count;
	walk->into += count;
	walk->pages -= count;
	run_cursor_advance(&walk->frames, count);
	return true;
}

static void count_extents(const struct ddi_adapter *adapter, const struct extent_list *list,
			  struct ddi_placement *placement)
{
	uint64_t end = UINT64_MAX;
	struct extent_cursor cursor = extent_cursor_at(&adapter->list_nodes, list);
	for (; cursor.extent; extent_cursor_next(&cursor)) {
		placement->extents += cursor.extent->first != end;
		end = cursor.extent->first + cursor.pages;
	}
}

/* The runs behind one extent. */
static void measure_runs(uint64_t logical, struct run_cursor frames, uint64_t pages, struct ddi_placement *placement)
{
	uint64_t end = UINT64_MAX;
	while (pages > 0) {
		uint64_t count = frames.left < pages ? frames.left : pages;
		placement->frame_runs += frames.frame != end;
		end = frames.frame + count;
		ddi_count_leaves(logical, frames.frame, count, &placement->leaves);
		logical += count;
		pages -= count;
		run_cursor_advance(&frames, count);
	}
}

void mapping_measure(const struct ddi_adapter *adapter, const struct extent_list *list, struct run_cursor frames,
		     uint64_t pages, struct ddi_placement *placement)
{
	placement->mappings++;
	placement->pages += pages;
	count_extents(adapter, list, placement);
	if (frames.left == 0)
		return;
	if (list->count == 1) {
		measure_runs(list->first.first, frames, pages, placement);
		return;
	}
	uint64_t end = UINT64_MAX;
	struct walk walk = {.extents = extent_cursor_at(&adapter->list_nodes, list), .frames = frames, .pages = pages};
	while (walk_next(&walk)) {
		placement->frame_runs += walk.frame != end;
		end = walk.frame + walk.count;
		ddi_count_leaves(walk.logical, walk.frame, walk.count, &placement->leaves);
	}
}

static void tell(struct ddi_adapter *adapter, const struct extent_list *list, struct run_cursor frames, uint64_t pages,
		 bool mapped)
{
	if (!adapter->map_event)
		return;
	struct walk walk = {.extents = extent_cursor_at(&adapter->list_nodes, list), .frames = frames, .pages = pages};
	while (walk_next(&walk))
		adapter->map_event(adapter->map_context, walk.logical, walk.frame, walk.count, mapped);
}

void mapping_begin(struct ddi_adapter *adapter, enum ddi_call call, const struct extent_list *list,
		   struct run_cursor frames, uint64_t pages, uint64_t array_pages, uint64_t array_pages_saved)
{
	assert(call < DDI_CALLS && list->count && pages);
	struct ddi_placement *placement = &adapter->placements[call];
	/* As much work as finding the frames was, and nobody asks those who play to a tape. */
	if (adapter->frames_from == FRAMES_OF_POOL)
		mapping_measure(adapter, list, frames, pages, placement);
	placement->page_array_bytes += array_pages * PAGE_ARRAY_ENTRY_BYTES;
	placement->page_array_bytes_saved += array_pages_saved * PAGE_ARRAY_ENTRY_BYTES;
	tell(adapter, list, frames, pages, true);
}

void mapping_end(struct ddi_adapter *adapter, const struct extent_list *list, struct run_cursor frames, uint64_t pages)
{
	assert(list->count && pages);
	tell(adapter, list, frames, pages, false);
}
