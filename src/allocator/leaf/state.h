/* SPDX-License-Identifier: MIT
 * The state of leaf, and who may change which part of it. docs/leaf.md has the picture.
 *
 * Page numbers in here are indices: leaf 0 and the last one are no part of the space and used for ever, as are the pages of
 * their neighbours that precede and follow it. So every search stops by itself. */
#ifndef ALLOCATOR_LEAF_STATE_H
#define ALLOCATOR_LEAF_STATE_H

#include "allocator/gap/index.h"
#include "allocator/leaf/bins.h"
#include "iovabench/allocator.h"

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define NOINLINE __attribute__((noinline))
#define NOTHING UINT64_MAX

/* Classes of lengths: each below 64 has its own, above, each power of two has eight. */
#define CLASS_EXACT_LOG2 6
#define CLASS_EXACT (1u << CLASS_EXACT_LOG2)
#define CLASS_DIVISION_LOG2 3
#define CLASSES_INSIDE (CLASS_EXACT + ((LINE_LOG2 - CLASS_EXACT_LOG2) << CLASS_DIVISION_LOG2))
#define CLASSES_ACROSS (CLASS_EXACT + ((32 - CLASS_EXACT_LOG2) << CLASS_DIVISION_LOG2))

/* Holes of a length that are held, and the longest: with the used pages on either side it lies in one word. */
#define HELD 4
#define HELD_LENGTH_MOST (CLASS_EXACT - 2)
/* Only among so many pages: as a page number, HELD_NONE is negative. */
#define HELD_PAGES ((UINT64_C(1) << 31) - 1)
#define HELD_NONE UINT32_MAX

typedef uint32_t held_holes __attribute__((vector_size(16)));

/* Of one leaf. */
struct bounds {
	uint32_t across; /* the run across is not longer; UINT32_MAX: or it is */
	uint16_t inside; /* no run inside is longer, but for held holes */
};

struct leaf;

/* What is called most, for one kind of CPU; all place alike. */
struct leaf_calls {
	enum iova_status (*alloc)(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent);
	void (*free)(void *self, const struct iova_extent *extent, uint32_t cpu);
	/* The same where there are pages from HELD_PAGES on. */
	void (*free_far)(void *self, const struct iova_extent *extent, uint32_t cpu);
	/* Where in a leaf there first are so many pages, or LINE_NOTHING. */
	unsigned (*find)(const struct leaf *self, uint64_t leaf, uint64_t count);
	/* Makes the bound inside exact. */
	void (*tighten)(struct leaf *self, uint64_t leaf);
};
extern const struct leaf_calls leaf_calls_plain;
#if defined(__x86_64__)
extern const struct leaf_calls leaf_calls_v3;
#endif

struct leaf {
	held_holes held[CLASS_EXACT]; /* by length: the page before a hole, the lowest one first; HELD_NONE: no more */
	uint64_t held_some;           /* bit per length: a hole of it was held when last it was looked for one */
	struct leaf_calls calls;      /* those of caches, or inner */
	uint64_t usable_pages;
	uint64_t failed;       /* no free run has so many pages; NOTHING: unknown of any number */
	uint64_t whole;        /* a leaf that was wholly free when last it was looked for one */
	struct bins inside;    /* leaves that are used in part, by their longest free run that is cut at their ends */
	struct bins across;    /* leaves by the free run that begins in them and crosses their end, or fills one */
	struct bins in_use;    /* one bin: leaves with a used page */
	struct line *lines;    /* by leaf */
	uint64_t *words;       /* the same */
	struct bounds *bounds; /* by leaf */
	uint64_t examined;     /* leaves and holes that were looked at, for ever, but for a hole that serves at once */
	uint64_t base;         /* page of index 0, modulo 2^64 */
	uint64_t first, end;   /* indices of the space */
	uint64_t leaves;
	uint64_t begun; /* leaves that an extent was the first of, for ever */
	uint32_t cpus;  /* that have caches; 0: there are none */
	const struct iova_host *host;
	struct leaf_calls inner; /* usual, or those that tell the index of what they do */
	struct leaf_calls usual; /* of this CPU */
	struct gap_index index;  /* by length, the highest of equals first */
};

INLINE unsigned class_of(uint64_t pages)
{
	if (pages < CLASS_EXACT)
		return (unsigned)pages;
	unsigned log2 = line_highest(pages);
	return CLASS_EXACT + ((log2 - CLASS_EXACT_LOG2) << CLASS_DIVISION_LOG2) +
	       (unsigned)(pages >> (log2 - CLASS_DIVISION_LOG2) & ((1u << CLASS_DIVISION_LOG2) - 1));
}

/* The first class of which every length has that many pages. */
INLINE unsigned class_sufficing(uint64_t pages)
{
	if (pages < CLASS_EXACT)
		return (unsigned)pages;
	return class_of(pages + (UINT64_C(1) << (line_highest(pages) - CLASS_DIVISION_LOG2)) - 1);
}

/* A free has made a run of so many pages. */
INLINE void forget_failure(struct leaf *self, uint64_t pages)
{
	if (UNLIKELY(pages >= self->failed))
		self->failed = NOTHING;
}

INLINE uint32_t saturated(uint64_t pages)
{
	return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

INLINE bool page_is_used(const struct leaf *self, uint64_t page)
{
	return self->words[page >> 6] >> (page & 63) & 1;
}

/* runs.c */

/* The first used page at or after page, the last one at or before it. */
uint64_t runs_next_used(const struct leaf *self, uint64_t page);
uint64_t runs_previous_used(const struct leaf *self, uint64_t page);

/* The run that begins in the leaf and crosses its end, or fills it: its length, and *first. 0: there is none. */
uint64_t runs_across(const struct leaf *self, uint64_t leaf, uint64_t *first);

/* The leaf with the parts of runs that cross its ends as if they were used: what is left are the runs inside. */
void runs_close(const struct leaf *self, uint64_t leaf, struct line *line);
INLINE struct line runs_closed(const struct leaf *self, uint64_t leaf)
{
	const struct line *of = &self->lines[leaf];
	struct line line;
	for (unsigned i = 0; i < LINE_PARTS; i++)
		line.parts[i] = of->parts[i];
	if (UNLIKELY(!(of->words[0] & of->words[LINE_WORDS - 1] >> 63 & 1)))
		runs_close(self, leaf, &line);
	return line;
}

/* New bounds. */
INLINE void runs_file(struct bins *bins, uint64_t leaf, uint64_t old, uint64_t pages)
{
	unsigned from = class_of(old), to = class_of(pages);
	if (from == to)
		return;
	if (from)
		bins_remove(bins, from, leaf);
	if (to)
		bins_add(bins, to, leaf);
}
void runs_file_inside(struct leaf *self, uint64_t leaf, unsigned pages);
void runs_file_across(struct leaf *self, uint64_t leaf, uint64_t pages);

/* [first, end) is free, and the pages on either side are used: the bounds tell of it. */
void runs_tell(struct leaf *self, uint64_t first, uint64_t end);

/* The hole behind page `before`, which is held no longer, if it is still there. */
void runs_tell_hole(struct leaf *self, uint64_t before, unsigned length);

/* Free pages become used, and used ones free, wherever they lie. */
void runs_take(struct leaf *self, uint64_t first, uint64_t count);
void runs_give(struct leaf *self, uint64_t first, uint64_t count);

/* search.c: they find a place for a request, or NOTHING; nothing but bounds changes. */
uint64_t search_any(struct leaf *self, uint64_t count);
/* Whether some free run has that many pages; if not, it is remembered. Changes nothing else: so a request that fails changes
 * no later one. */
bool search_is_there(struct leaf *self, uint64_t count);
/* Looks at one leaf, which has a place or NOTHING; then its bound is made exact if *sure: there is a place elsewhere. *sure
 * becomes search_is_there. */
uint64_t search_inside(struct leaf *self, uint64_t leaf, uint64_t count, bool *sure);
uint64_t search_across(struct leaf *self, uint64_t leaf, uint64_t count, bool *sure);
uint64_t search_constrained(struct leaf *self, const struct iova_request *request);

/* leaf.c: the rest of a request. */
enum iova_status leaf_grant(struct leaf *self, uint64_t place, uint64_t count, struct iova_extent *extent);
enum iova_status leaf_alloc_constrained(struct leaf *self, const struct iova_request *request, struct iova_extent *extent);
/* Begins the index where it is wanted. True: it is on. */
bool leaf_begin_index(struct leaf *self);
enum iova_status leaf_alloc_any(struct leaf *self, uint64_t count, struct iova_extent *extent);

/* check.c */
const char *leaf_check(const struct leaf *self);

#endif
