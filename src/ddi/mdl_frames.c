/* SPDX-License-Identifier: MIT */
#include "ddi/mdl.h"

#include "base/bits.h"
#include "ddi/frames.h"
#include "ddi/limits.h"

#define MDL_BYTES_END (UINT64_C(1) << 32)
#define LARGE_PAGES UINT64_C(512)

static bool chunked(const struct ddi_mdl_request *request)
{
	return request->flags & DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS;
}

bool mdl_malformed(const struct ddi_adapter *adapter, const struct ddi_mdl_request *request)
{
	uint64_t total = request->total_bytes, skip = request->skip_bytes;
	if (total == 0 || total > MDL_BYTES_END - (adapter->page_mask + 1) || pages_of(adapter, total) > DDI_MDL_PAGES_MAX)
		return true;
	if (request->low_address > request->high_address || (skip & adapter->page_mask) != 0 ||
	    (request->flags & ~(uint32_t)DDI_MM_FLAGS) != 0)
		return true;
	if (!power_of_two_or_zero(request->alignment_pages) || request->contiguity > DDI_CONTIGUITY_NO ||
	    cache_type_unknown(request->cache_type))
		return true;
	if (chunked(request) && (!power_of_two_or_zero(skip) || (skip != 0 && total % skip != 0)))
		return true;
	return request->flags & DDI_MM_FAST_LARGE_PAGES &&
	       (!chunked(request) || skip == 0 || (skip >> adapter->page_shift) % LARGE_PAGES != 0);
}

struct page_windows page_windows_of(const struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
				    uint64_t first, uint64_t last)
{
	const struct page_windows none = {.low = 1, .high = 0};
	uint64_t mask = adapter->page_mask;
	uint64_t low = pages_of(adapter, request->low_address);
	uint64_t high = request->high_address >> adapter->page_shift;
	if ((request->high_address & mask) != mask && high-- == 0)
		return none;
	if (low > high || low > last)
		return none;
	uint64_t step = chunked(request) ? 0 : request->skip_bytes >> adapter->page_shift;
	if (step && step - 1 <= high - low) {
		high = UINT64_MAX;
		step = 0;
	}
	if (step > last)
		step = 0;
	if (high < first) {
		if (step == 0)
			return none;
		uint64_t ahead = ((first - high - 1) / step + 1) * step;
		if (ahead > last - low)
			return none;
		low += ahead;
		high += ahead;
	}
	return (struct page_windows){low, high, step, first, last};
}

bool page_windows_next(struct page_windows *windows, uint64_t *low, uint64_t *high)
{
	if (windows->low > windows->high)
		return false;
	*low = windows->low > windows->first ? windows->low : windows->first;
	*high = windows->high < windows->last ? windows->high : windows->last;
	if (windows->step == 0 || windows->step > windows->last - windows->low) {
		windows->low = 1;
		windows->high = 0;
	} else {
		windows->low += windows->step;
		windows->high += windows->step;
	}
	return true;
}

bool frame_request_of(const struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest, uint64_t boundary,
		      uint64_t count, struct frame_request *request)
{
	const struct ddi_mdl_request window = {.low_address = lowest, .high_address = highest};
	struct page_windows windows = page_windows_of(adapter, &window, 0, adapter->physical->frames - 1);
	struct iova_request limits = {.count = count};
	bool any = page_windows_next(&windows, &limits.low, &limits.high);
	limits_placement(adapter, 1, boundary, &limits);
	*request = (struct frame_request){
		.count = count, .align = 1, .low = limits.low, .high = limits.high, .boundary = limits.boundary};
	return any && limits_possible(&limits);
}

/* Whether all windows together have that many pages. */
static bool windows_hold(struct page_windows windows, uint64_t pages)
{
	uint64_t sum = 0, low, high;
	while (sum < pages && page_windows_next(&windows, &low, &high))
		sum += high - low + 1;
	return sum >= pages;
}

/* Blocks of one length in one window, aligned to it unless there is only one. At least `least` of them. */
static enum ntstatus take_chunks(struct ddi_adapter *adapter, struct page_windows windows, uint64_t chunk, uint64_t align,
				 uint64_t chunks, uint64_t least, struct run_list *list)
{
	struct frame_request request = {.count = chunk, .align = align};
	if (!page_windows_next(&windows, &request.low, &request.high))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	uint64_t slot = bits_align_up(request.low, align), room = slot <= request.high ? request.high - slot + 1 : 0;
	if (room / chunk < least)
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	uint64_t taken = 0, first;
	for (; taken < chunks && frame_pool_take_run(adapter->physical, &request, &first); taken++) {
		if (run_list_add(adapter->frame_nodes, list, first, chunk) != 0) {
			frame_pool_give(adapter->physical, first, chunk);
			frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
			return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
		}
	}
	if (taken >= least)
		return NTSTATUS_SUCCESS;
	frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
	return adapter_no_frames(adapter, least * chunk, request.low, request.high);
}

static enum ntstatus gather(struct ddi_adapter *adapter, struct page_windows windows, uint64_t pages, uint64_t least,
			    struct run_list *list)
{
	uint64_t low, high, taken = 0;
	if (!windows_hold(windows, least))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	while (taken < pages && page_windows_next(&windows, &low, &high)) {
		uint64_t more;
		int failed =
			frame_pool_gather(adapter->physical, adapter->frame_nodes, low, high, pages - taken, list, &more);
		taken += more;
		if (failed) {
			frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
			return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
		}
	}
	if (taken >= least)
		return NTSTATUS_SUCCESS;
	frame_pool_give_list(adapter->physical, adapter->frame_nodes, list);
	return adapter_count(&adapter->failures.physical_exhausted, NTSTATUS_NO_MEMORY);
}

static enum ntstatus take_frames(struct ddi_adapter *adapter, const struct ddi_mdl_request *request, uint64_t first,
				 uint64_t last, bool whole, struct run_list *list)
{
	if (last >= adapter->physical->frames)
		last = adapter->physical->frames - 1;
	struct page_windows windows = {.low = 1, .high = 0};
	if (first <= last)
		windows = page_windows_of(adapter, request, first, last);
	uint64_t pages = pages_of(adapter, request->total_bytes);
	if (!chunked(request))
		return gather(adapter, windows, pages, whole ? pages : 1, list);
	if (request->skip_bytes == 0)
		return take_chunks(adapter, windows, pages, 1, 1, 1, list);
	uint64_t chunk = request->skip_bytes >> adapter->page_shift;
	return take_chunks(adapter, windows, chunk, chunk, pages / chunk, whole ? pages / chunk : 1, list);
}

enum ntstatus mdl_take_frames(struct ddi_adapter *adapter, const struct ddi_mdl_request *request, uint64_t first,
			      uint64_t last, bool whole, struct run_list *list)
{
	enum ntstatus status;
	if (frames_off_tape(adapter, list, &status))
		return status;
	*list = run_list_empty();
	uint64_t begun = frames_begin(adapter);
	status = take_frames(adapter, request, first, last, whole, list);
	return frames_end(adapter, begun, status, list);
}
