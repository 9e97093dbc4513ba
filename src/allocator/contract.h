/* SPDX-License-Identifier: MIT
 * What iovabench/allocator.h lets an allocator rely on, for assertions where the calls come in, and asks of a place. */
#ifndef ALLOCATOR_CONTRACT_H
#define ALLOCATOR_CONTRACT_H

#include "base/bits.h"
#include "iovabench/allocator.h"

#include <stdbool.h>

static inline bool contract_request_is_right(const struct iova_request *request)
{
	if (!request->count)
		return false;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && !bits_is_power_of_two(request->align))
		return false;
	/* high may lie below low, as a recording in a space that begins above its limits has it: nothing fits. */
	return !(request->constraints & IOVA_CONSTRAIN_BOUNDARY) || bits_is_power_of_two(request->boundary);
}

/* [first, first + count) is not empty and lies in [low, end). */
static inline bool contract_range_is_inside(uint64_t first, uint64_t count, uint64_t low, uint64_t end)
{
	return count && first >= low && first < end && count <= end - first;
}

/* Whether the requested pages from a page on keep to the constraints. */
static inline bool contract_is_served(const struct iova_request *request, uint64_t first)
{
	uint64_t last = first + request->count - 1;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && first & (request->align - 1))
		return false;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT && (first < request->low || last > request->high))
		return false;
	return !(request->constraints & IOVA_CONSTRAIN_BOUNDARY) || (first ^ last) < request->boundary;
}

#endif
