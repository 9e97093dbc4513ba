/* SPDX-License-Identifier: MIT */
#include "ddi/segments.h"

#include "base/bits.h"
#include "ddi/steps.h"

static uint64_t first_page(const struct handle_table *handles, uint32_t index)
{
	return handle_table_entry(handles, index)->as.run.logical;
}

/* Heap order. Neighbouring indexes are far apart (Fibonacci hashing). */
static uint64_t priority(uint32_t index)
{
	return (index + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t *below(const struct handle_table *handles, uint32_t index)
{
	DDI_STEP();
	return handle_table_more(handles, index)->segment.below;
}

bool segments_meet(const struct handle_table *handles, uint32_t root, uint64_t first, uint64_t count)
{
	/* The last that begins before the end is the only one that can reach in: they are disjoint. */
	uint32_t last = HANDLE_INDEX_NONE;
	while (root != HANDLE_INDEX_NONE) {
		bool before = first_page(handles, root) < first + count;
		last = before ? root : last;
		root = below(handles, root)[before];
	}
	return last != HANDLE_INDEX_NONE &&
	       first_page(handles, last) + handle_table_entry(handles, last)->as.run.count > first;
}

uint32_t segments_at(const struct handle_table *handles, uint32_t root, uint64_t page)
{
	while (root != HANDLE_INDEX_NONE && first_page(handles, root) != page)
		root = below(handles, root)[first_page(handles, root) < page];
	return root;
}

void segments_add(struct handle_table *handles, uint32_t *root, uint32_t index)
{
	uint64_t page = first_page(handles, index);
	while (*root != HANDLE_INDEX_NONE && priority(*root) > priority(index))
		root = &below(handles, *root)[first_page(handles, *root) < page];
	/* What lies there is split by the page into the two sides of the new one. */
	uint32_t rest = *root, *side[2] = {&below(handles, index)[0], &below(handles, index)[1]};
	*root = index;
	while (rest != HANDLE_INDEX_NONE) {
		bool lower = first_page(handles, rest) < page;
		*side[!lower] = rest;
		side[!lower] = &below(handles, rest)[lower];
		rest = *side[!lower];
	}
	*side[0] = *side[1] = HANDLE_INDEX_NONE;
}

void segments_remove(struct handle_table *handles, uint32_t *root, uint32_t index)
{
	uint64_t page = first_page(handles, index);
	while (*root != index)
		root = &below(handles, *root)[first_page(handles, *root) < page];
	uint32_t low = below(handles, index)[0], high = below(handles, index)[1];
	while (low != HANDLE_INDEX_NONE && high != HANDLE_INDEX_NONE) {
		bool low_leads = priority(low) > priority(high);
		*root = low_leads ? low : high;
		root = &below(handles, *root)[low_leads];
		if (low_leads)
			low = *root;
		else
			high = *root;
	}
	*root = low != HANDLE_INDEX_NONE ? low : high;
}
