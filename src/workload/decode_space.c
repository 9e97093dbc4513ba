/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include "base/bits.h"
#include "base/memory.h"

#include <stdlib.h>

#define PAGE_BYTES_MIN UINT64_C(4096)
#define PAGE_BYTES_MAX (UINT64_C(1) << 30)
#define SIZE_BYTES_DEFAULT (UINT64_C(1) << 32)

static void decode_page(struct decode *decode, yaml_place space, const struct raw_space *raw)
{
	struct decode_value value = decode_value(decode, space, "page", raw->page);
	uint64_t bytes = PAGE_BYTES_MIN;
	char quoted[YAML_QUOTE_BYTES];
	decode->workload->space.page_bytes = PAGE_BYTES_MIN;
	if (decode_bytes(decode, value, &bytes)) {
		if (bits_is_power_of_two(bytes) && bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX)
			decode->workload->space.page_bytes = bytes;
		else
			decode_fault(decode, value.place, "%s is no page: a power of two from 4KiB to 1GiB",
				     yaml_quote(quoted, value.text));
	}
	decode->page_unit_known = true;
}

struct placed_hole {
	struct workload_hole hole;
	yaml_place place;
};

static int by_first(const void *left, const void *right)
{
	const struct placed_hole *a = left, *b = right;
	if (a->hole.first != b->hole.first)
		return a->hole.first < b->hole.first ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static bool decode_hole(struct decode *decode, yaml_place place, const struct raw_hole *raw, struct workload_hole *hole)
{
	const struct workload *workload = decode->workload;
	uint64_t end = workload->space.end;
	char at[DECODE_SIZE_BYTES];
	decode_missing(decode, place, "base", "a reserved range is {base: address, size: length}");
	decode_missing(decode, place, "size", "a reserved range is {base: address, size: length}");
	struct decode_value base = decode_value(decode, place, "base", raw->base);
	struct decode_value size = decode_value(decode, place, "size", raw->size);
	*hole = (struct workload_hole){0, 0};
	bool good = decode_page_inside(decode, base, &hole->first);
	good = decode_pages(decode, size, (struct decode_range){1, UINT64_MAX, ""}, &hole->count) && good;
	if (!good || !base.text || !size.text)
		return false;
	if (hole->count > end - hole->first) {
		decode_fault(decode, size.place, "the range passes the end of the space, %s",
			     decode_pages_text(decode, at, end));
		return false;
	}
	return true;
}

/* holes are in ascending order; a pair that overlaps is reported at the one that stands later in the file. */
static void check_overlaps(struct decode *decode, const struct placed_hole *holes, size_t count)
{
	uint64_t end = 0;
	size_t reaching = 0; /* the hole that ends there */
	for (size_t i = 0; i < count; i++) {
		if (i && holes[i].hole.first < end) {
			bool later = holes[i].place > holes[reaching].place;
			yaml_place here = holes[later ? i : reaching].place, there = holes[later ? reaching : i].place;
			char path[YAML_PATH_BYTES];
			struct yaml_position position = yaml_places_position(decode->places, there);
			decode_fault(decode, here, "overlaps %s of line %u, column %u",
				     yaml_places_path(decode->places, there, path), position.line, position.column);
		}
		if (holes[i].hole.first + holes[i].hole.count > end) {
			end = holes[i].hole.first + holes[i].hole.count;
			reaching = i;
		}
	}
}

static void decode_holes(struct decode *decode, yaml_place space, const struct raw_space *raw)
{
	struct workload *workload = decode->workload;
	yaml_place list = decode_below(decode, space, "reserved");
	if (list == YAML_PLACE_NONE || !raw->reserved_count)
		return;
	struct placed_hole *holes = decode_array(decode, raw->reserved_count, sizeof *holes);
	workload->space.holes = decode_array(decode, raw->reserved_count, sizeof *workload->space.holes);
	size_t count = 0;
	for (unsigned i = 0; holes && workload->space.holes && i < raw->reserved_count; i++) {
		holes[count].place = decode_entry(decode, list, i);
		if (holes[count].place != YAML_PLACE_NONE &&
		    decode_hole(decode, holes[count].place, &raw->reserved[i], &holes[count].hole))
			count++;
	}
	if (count)
		qsort(holes, count, sizeof *holes, by_first);
	check_overlaps(decode, holes, count);
	uint64_t reserved = 0, size = workload->space.end - workload->space.first;
	for (size_t i = 0; i < count; i++) {
		workload->space.holes[i] = holes[i].hole;
		/* Overlapping ones may pass the size; they are reported already. */
		reserved += holes[i].hole.count < size - reserved ? holes[i].hole.count : size - reserved;
	}
	workload->space.hole_count = count;
	if (count && reserved == size)
		decode_fault(decode, list, "nothing of the space is left");
	else
		workload->space.usable = size - reserved;
	memory_release(holes);
}

static void decode_ends(struct decode *decode, yaml_place space, const struct raw_space *raw)
{
	struct workload *workload = decode->workload;
	struct decode_value base = decode_value(decode, space, "base", raw->base);
	struct decode_value size = decode_value(decode, space, "size", raw->size);
	uint64_t first = 1, end = SIZE_BYTES_DEFAULT / workload->space.page_bytes;
	struct decode_range range = {0, WORKLOAD_PAGES_MAX - 1, "the largest address"};
	char at[DECODE_SIZE_BYTES];
	bool good = decode_pages(decode, base, range, &first);
	range = (struct decode_range){1, WORKLOAD_PAGES_MAX, "the largest space"};
	good = decode_pages(decode, size, range, &end) && good;
	if (good && first >= end) {
		decode_fault(decode, size.text ? size.place : base.place,
			     "the space is empty: addresses are [base, size), and base is %s, size %s",
			     base.text ? base.text : decode_pages_text(decode, at, first), size.text ? size.text : "4GiB");
		good = false;
	}
	/* What follows is checked against a space that refuses little, so that one mistake is told once. */
	workload->space.first = good ? first : 0;
	workload->space.end = good ? end : WORKLOAD_PAGES_MAX;
	workload->space.usable = workload->space.end - workload->space.first;
}

void decode_space(struct decode *decode, const struct raw_workload *raw)
{
	static const char *const modes[] = {"remap", "identity", NULL};
	static const struct raw_space no_space;
	static const struct raw_physical no_physical;
	struct workload *workload = decode->workload;
	const struct raw_space *raw_space = raw->space ? raw->space : &no_space;
	const struct raw_physical *raw_physical = raw->physical ? raw->physical : &no_physical;
	yaml_place space = yaml_places_value(decode->places, YAML_PLACE_ROOT, "space");
	unsigned mode = WORKLOAD_MODE_REMAP;

	decode_page(decode, space, raw_space);
	decode_ends(decode, space, raw_space);
	decode_word(decode, decode_value(decode, space, "mode", raw_space->mode), modes, &mode);
	workload->space.mode = (enum workload_mode)mode;
	decode_holes(decode, space, raw_space);

	yaml_place physical = yaml_places_value(decode->places, YAML_PLACE_ROOT, "physical");
	uint64_t pages = 0;
	decode_pages(decode, decode_value(decode, physical, "size", raw_physical->size),
		     (struct decode_range){1, WORKLOAD_PAGES_MAX - 1, "the most memory"}, &pages);
	workload->physical.bytes = pages * workload->space.page_bytes;
	decode_share(decode, decode_value(decode, physical, "scatter", raw_physical->scatter), true,
		     &workload->physical.scatter);
}
