/* SPDX-License-Identifier: MIT
 * How well a stream could be packed by who knows all of it: the fewest pages and leaf tables that what lives at one moment
 * needs, and packings that are made offline. To find the best one is NP-hard (dynamic storage allocation: Garey and Johnson,
 * Computers and Intractability, problem SR2); these are simple ones. A leaf table maps 512 pages, as in occupancy.h. */
#ifndef MEASURE_PACKING_H
#define MEASURE_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKING_ALIGN_ORDERS 64u

/* What any allocator needs for what lives. Zero-initialise. */
struct packing_floor {
	uint64_t live_pages;
	uint64_t rounded_pages;                     /* the same, each extent rounded up to a power of two */
	uint64_t apart_tables, apart_pages;         /* of extents that begin at a leaf: tables that they have, and pages */
	uint64_t aligned[PACKING_ALIGN_ORDERS + 1]; /* extents that begin at multiples of 2^order and no higher power */
	/* The largest of all moments. */
	uint64_t peak_live_pages, peak_rounded_pages;
	uint64_t span_pages, tables;
	uint64_t largest_pages; /* of an extent */
};

/* pages >= 1, align a power of two. O(orders). */
void packing_floor_take(struct packing_floor *floor, uint64_t pages, uint64_t align);
void packing_floor_drop(struct packing_floor *floor, uint64_t pages, uint64_t align);

/* Robson's bound, pages: where sizes are powers of two up to the largest, there are streams of so many live pages for which
 * no allocator that moves nothing needs fewer; first and best fit need no more for those of his adversary: M (log2 n / 2 + 1)
 * - n + 1, n the largest rounded up to a power of two (J. M. Robson, JACM 21(3), 1974). */
double packing_robson_pages(uint64_t live_pages, uint64_t largest_pages);
/* What the same adversary takes of a binary buddy, of whose blocks so many pages live: M (log2 n / 2 + 1). */
double packing_robson_buddy_pages(uint64_t rounded_pages, uint64_t largest_pages);

/* Lives in [born, died), takes pages within [low, end) at a multiple of align, inside one multiple of boundary (0: any). */
struct packing_extent {
	uint64_t born, died;
	uint64_t pages, align, boundary;
	uint64_t low, end;
	uint64_t first; /* where a packing puts it */
	bool hole;      /* no extent: a range that nobody gets; low to end */
};

/* All place one extent after the other at the lowest page where it meets none of those before. */
enum packing_way {
	PACKING_SIZE,  /* the largest first */
	PACKING_LIFE,  /* the longest-lived first */
	PACKING_AREA,  /* the largest product of pages and life first */
	PACKING_BIRTH, /* in the order of birth: first fit, which knows no future; for equal sizes there is no better one */
	PACKING_WAYS
};
extern const char *const packing_way_name[PACKING_WAYS];

/* Comparisons of two extents that a packing may take: a few seconds. */
#define PACKING_WORK_MAX (UINT64_C(1) << 31)

struct packing {
	bool tried;  /* it took no more work than that */
	bool placed; /* every extent found a place */
	uint64_t span_pages;
	uint64_t tables; /* with a page that ever lived */
};

/* Places extents (holes among them), whose order is changed, and writes first of each. live: most that live at one time.
 * O(n^2) comparisons, of PACKING_BIRTH O(n live); O(n) memory. Returns 0, or -1 without memory. */
int packing_place(struct packing_extent *extents, size_t count, size_t live, enum packing_way way, struct packing *packing);

#endif
