/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "base/bits.h"
#include "base/memory.h"
#include "yaml/scalar.h"

#include <stdlib.h>

struct placed_hole {
	struct workload_hole hole;
	yaml_location location;
};

static int by_first(const void *left, const void *right)
{
	const struct placed_hole *a = left, *b = right;
	if (a->hole.first != b->hole.first)
		return a->hole.first < b->hole.first ? -1 : 1;
	return a->location < b->location ? -1 : a->location > b->location;
}

bool rules_page_inside(struct yaml_document *document, yaml_location location, uint64_t page)
{
	const struct workload_space *space = &rules_of(document)->workload->space;
	char quoted[YAML_QUOTE_BYTES];
	if (page >= space->first && page < space->end)
		return true;
	yaml_fault(document, location, "%s lies outside the space, 0x%llx to 0x%llx",
		   yaml_quote(quoted, yaml_value_text(document, location)),
		   (unsigned long long)(space->first * space->page_bytes),
		   (unsigned long long)(space->end * space->page_bytes - 1));
	return false;
}

bool rules_hole(struct yaml_document *document, yaml_location location, const struct workload_space *space,
		const struct workload_hole *hole)
{
	char at[YAML_SIZE_BYTES];
	yaml_location size = yaml_key_location(document, location, "size");
	if (!yaml_good(document, location, "base") ||
	    !rules_page_inside(document, yaml_key_location(document, location, "base"), hole->first) ||
	    !yaml_good(document, location, "size"))
		return false;
	if (hole->count <= space->end - hole->first)
		return true;
	yaml_fault(document, size, "the range passes the end of the space, %s",
		   yaml_pages_text(space->page_bytes, at, space->end));
	return false;
}

/* holes are in ascending order; a pair that overlaps is reported at the one that stands later in the file. */
static void check_overlaps(struct yaml_document *document, const struct placed_hole *holes, size_t count)
{
	uint64_t end = 0;
	size_t reaching = 0; /* the hole that ends there */
	for (size_t i = 0; i < count; i++) {
		if (i && holes[i].hole.first < end) {
			bool later = holes[i].location > holes[reaching].location;
			yaml_location here = holes[later ? i : reaching].location,
				      there = holes[later ? reaching : i].location;
			char path[YAML_PATH_BYTES];
			struct yaml_position position = yaml_locations_position(&document->locations, there);
			yaml_fault(document, here, "overlaps %s of line %u, column %u",
				   yaml_locations_path(&document->locations, there, path), position.line, position.column);
		}
		if (holes[i].hole.first + holes[i].hole.count > end) {
			end = holes[i].hole.first + holes[i].hole.count;
			reaching = i;
		}
	}
}

static void check_holes(struct yaml_document *document, yaml_location list, struct workload_space *space)
{
	struct placed_hole *holes = memory_zeroed(space->hole_count, sizeof *holes);
	size_t count = 0;
	uint64_t reserved = 0, size = space->end - space->first;
	if (!holes) {
		yaml_no_memory(document);
		return;
	}
	for (size_t i = 0; i < space->hole_count; i++) {
		yaml_location location = yaml_item_location(document, list, i);
		if (rules_hole(document, location, space, &space->holes[i]))
			holes[count++] = (struct placed_hole){space->holes[i], location};
	}
	qsort(holes, count, sizeof *holes, by_first);
	check_overlaps(document, holes, count);
	for (size_t i = 0; i < count; i++) {
		space->holes[i] = holes[i].hole;
		/* Overlapping ones may pass the size; they are reported already. */
		reserved += holes[i].hole.count < size - reserved ? holes[i].hole.count : size - reserved;
	}
	space->hole_count = count;
	if (count && reserved == size)
		yaml_fault(document, list, "nothing of the space is left");
	else
		space->usable = size - reserved;
	memory_release(holes);
}

void rule_space(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_space *space = item;
	yaml_location base = yaml_key_location(document, location, "base"),
		      size = yaml_key_location(document, location, "size");
	char at[YAML_SIZE_BYTES];
	bool good = yaml_sound(document, base) && yaml_sound(document, size);
	if (good && space->first >= space->end) {
		const char *from = yaml_value_text(document, base), *to = yaml_value_text(document, size);
		yaml_fault(document, to ? size : base,
			   "the space is empty: addresses are [base, size), and base is %s, size %s",
			   from ? from : yaml_pages_text(space->page_bytes, at, space->first), to ? to : "4GiB");
		good = false;
	}
	/* What follows is checked against a space that refuses little, so that one mistake is told once. */
	if (!good) {
		space->first = 0;
		space->end = WORKLOAD_PAGES_MAX;
	}
	space->usable = space->end - space->first;
	if (space->hole_count)
		check_holes(document, yaml_key_location(document, location, "reserved"), space);
}

void rule_one_adapter(struct yaml_document *document, yaml_location location, void *item)
{
	const struct workload *workload = rules_of(document)->workload;
	struct workload_adapter *adapter = item;
	size_t index = (size_t)(adapter - workload->adapters);
	yaml_location shares = yaml_key_location(document, location, "shares");
	adapter->domain = index;
	if (!adapter->shares || !yaml_sound(document, shares))
		return;
	if (adapter->with >= index)
		yaml_fault(document, shares, "'%s' is this adapter itself; leave it out for a domain of its own",
			   yaml_value_text(document, shares));
	else
		adapter->domain = workload->adapters[adapter->with].domain;
}

void rule_iotlb(struct yaml_document *document, yaml_location location, void *item)
{
	const struct workload_iotlb *iotlb = item;
	yaml_location ways = yaml_key_location(document, location, "ways");
	if (!iotlb->entries || !iotlb->ways || !yaml_good(document, location, "entries") || !yaml_sound(document, ways))
		return;
	if (iotlb->ways > iotlb->entries)
		yaml_fault(document, ways, "%u ways of %u entries: at most as many as entries", iotlb->ways,
			   iotlb->entries);
	else if (iotlb->entries % iotlb->ways || !bits_is_power_of_two(iotlb->entries / iotlb->ways))
		yaml_fault(document, ways,
			   "%u entries in sets of %u: the number of sets is entries / ways, and a power of two",
			   iotlb->entries, iotlb->ways);
}

void rule_adapter(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload *workload = item;
	bool identity = workload->space.mode == DDI_MODE_IDENTITY;
	yaml_location physical = yaml_key_location(document, YAML_LOCATION_ROOT, "physical");
	if (!yaml_given(document, location, "wddm"))
		workload->wddm = identity ? DDI_WDDM_2_4 : DDI_WDDM_3_0;
	else if (workload->wddm == DDI_WDDM_2_4 && !identity && yaml_good(document, location, "wddm"))
		yaml_fault(document, yaml_key_location(document, location, "wddm"),
			   "DMA remapping came with WDDM 3.0; in 2.4 logical addresses are physical ones: space: {mode: "
			   "identity}");
	if (identity && workload->physical.bytes / workload->space.page_bytes > workload->space.end)
		yaml_fault(document, yaml_key_location(document, physical, "size"),
			   "in mode identity physical memory must lie inside the space, which ends before");
}
