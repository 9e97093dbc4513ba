/* SPDX-License-Identifier: MIT
 * Where a request with constraints fits into one gap. Addresses are those of the space. */
#ifndef ALLOCATOR_GAP_FIT_H
#define ALLOCATOR_GAP_FIT_H

#include "base/bits.h"
#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stdint.h>

/* Constraints of a request that its place depends on. */
#define GAP_CONSTRAINED (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)
#define GAP_DIRECTED (IOVA_CONSTRAIN_BOTTOM | IOVA_CONSTRAIN_TOP)

/* A request with every constraint spelled out; those that do not apply are neutral. */
struct gap_wish {
	uint64_t count;
	uint64_t align;    /* 1: any */
	uint64_t boundary; /* 0: none */
	uint64_t low;      /* lowest page */
	uint64_t end;      /* behind the highest page */
};

static inline struct gap_wish gap_wish_make(const struct iova_request *request, uint64_t first, uint64_t end)
{
	struct gap_wish wish = {request->count, 1, 0, first, end};
	if (request->constraints & IOVA_CONSTRAIN_ALIGN)
		wish.align = request->align;
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY)
		wish.boundary = request->boundary;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
		wish.low = request->low > first ? request->low : first;
		wish.end = request->high < end ? request->high + 1 : end;
	}
	return wish;
}

/* No gap whatever can satisfy it. */
static inline bool gap_wish_is_hopeless(const struct gap_wish *wish)
{
	return wish->low >= wish->end || wish->count > wish->end - wish->low ||
	       (wish->boundary && wish->count > wish->boundary);
}

static inline bool gap_crosses(uint64_t first, const struct gap_wish *wish)
{
	return wish->boundary && (first ^ (first + wish->count - 1)) >= wish->boundary;
}

/* The lowest place in [low, end), a range of at least count pages inside the wish's limits. The count is at most the boundary:
 * a place that begins on one cannot cross the next. */
static inline bool gap_fit_lowest(uint64_t low, uint64_t end, const struct gap_wish *wish, uint64_t *first)
{
	uint64_t place = bits_align_up(low, wish->align);
	/* What is aligned to a boundary or more cannot cross one: here the alignment is the smaller of the two. */
	if (gap_crosses(place, wish))
		place = bits_align_up(place, wish->boundary);
	*first = place;
	return place < end && end - place >= wish->count;
}

/* The highest place, likewise. */
static inline bool gap_fit_highest(uint64_t low, uint64_t end, const struct gap_wish *wish, uint64_t *first)
{
	uint64_t place = bits_align_down(end - wish->count, wish->align);
	if (gap_crosses(place, wish)) {
		/* A multiple of the boundary above 0: not less than the count. */
		uint64_t border = bits_align_down(place + wish->count - 1, wish->boundary);
		place = bits_align_down(border - wish->count, wish->align);
	}
	*first = place;
	return place >= low;
}

/* Fits the wish into the gap [low, end), which is cut to the wish's limits. */
static inline bool gap_fit(uint64_t low, uint64_t end, const struct gap_wish *wish, bool highest, uint64_t *first)
{
	low = low > wish->low ? low : wish->low;
	end = end < wish->end ? end : wish->end;
	if (low >= end || end - low < wish->count)
		return false;
	return highest ? gap_fit_highest(low, end, wish, first) : gap_fit_lowest(low, end, wish, first);
}

#endif
