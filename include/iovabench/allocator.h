/* SPDX-License-Identifier: MIT
 *
 * The allocator contract of iovabench.
 *
 * An allocator manages one logical address space of an IOMMU: it hands out extents of pages and takes them back. It is
 * one constant table of functions, built into the program or loaded from a shared object that exports
 *
 *     const struct iova_allocator *iova_plugin(void);
 *
 * What holds for every function below:
 *  - Addresses and counts are pages, never bytes. Ranges of pages are half-open, [first, first + count); limits of a
 *    request (low, high) are inclusive, like the interfaces that they imitate.
 *  - A call that does not return IOVA_OK leaves the allocator as it was. IOVA_NO_SPACE is an outcome of a full or
 *    fragmented space; everything else is an error.
 *  - The caller is right: counts are not zero, alignments and boundaries are powers of two, low <= high, limits lie in
 *    the space, and what is freed was allocated and comes back unchanged. An allocator need not check it.
 *  - Without IOVA_CONCURRENT the caller serialises the calls of one instance. Instances never share state.
 *  - No function calls the operating system while memory suffices; memory comes from the host alone.
 *
 * This header stands on its own, in C11 and in C++11; a plugin needs nothing else.
 */
#ifndef IOVABENCH_ALLOCATOR_H
#define IOVABENCH_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IOVA_MAGIC UINT64_C(0x31766f6961766f69)
/* Raised with every change that an old plugin would not survive; loading refuses any other number. */
#define IOVA_ABI 3u

enum iova_status {
	IOVA_OK = 0,
	IOVA_NO_SPACE,    /* no free run satisfies the request now */
	IOVA_NO_MEMORY,   /* the host gave no memory for metadata */
	IOVA_TAKEN,       /* place: some page of the range is not free */
	IOVA_UNSUPPORTED, /* this allocator cannot do this at all; create says why in *reason */
};

/* Capabilities. */
#define IOVA_CONCURRENT (UINT64_C(1) << 0) /* calls on one instance need no lock around them */
#define IOVA_EXPLICIT (UINT64_C(1) << 1)   /* place works at any time, not only before the first allocation */
#define IOVA_ALIGN (UINT64_C(1) << 2)      /* honours iova_request.align */
#define IOVA_LOW (UINT64_C(1) << 3)        /* honours iova_request.low; without it, low is the first page of the space */
#define IOVA_BOUNDARY (UINT64_C(1) << 4)   /* honours iova_request.boundary */
#define IOVA_STEPS (UINT64_C(1) << 5)      /* has alloc_counted and free_counted */
#define IOVA_LAYER (UINT64_C(1) << 6)      /* stands in front of another allocator: create needs below */
#define IOVA_HARNESS (UINT64_C(1) << 7)    /* measures the harness; never a competitor, its extents may overlap */
#define IOVA_DIRECTION (UINT64_C(1) << 8)  /* honours IOVA_CONSTRAIN_BOTTOM and IOVA_CONSTRAIN_TOP */
#define IOVA_HIGH (UINT64_C(1) << 9)       /* honours iova_request.high; without it, high is the last page of the space */
#define IOVA_LIMIT (IOVA_LOW | IOVA_HIGH)

/* What an allocator promises to find: where there is such a place, IOVA_NO_SPACE is wrong. */
enum iova_promise {
	IOVA_PROMISE_COMPLETE,     /* any place that satisfies the request */
	IOVA_PROMISE_SIZE_CLASSES, /* a run of twice the pages, rounded up to a power of two, that would satisfy all of it */
	IOVA_PROMISE_BUDDY,        /* a naturally aligned block of the next power of two that satisfies the request */
	IOVA_PROMISE_BOUNDED,      /* nothing: its search may end before it has seen all */
};

/* Bits of iova_request.constraints. Zero is the fast path: any free run of count pages will do. A field whose bit is
 * clear is unspecified and must not be read. */
#define IOVA_CONSTRAIN_ALIGN (1u << 0)    /* align applies */
#define IOVA_CONSTRAIN_LIMIT (1u << 1)    /* low and high apply */
#define IOVA_CONSTRAIN_BOUNDARY (1u << 2) /* boundary applies */
#define IOVA_CONSTRAIN_NO_DRAIN (1u << 3) /* the caller has another limit to try: do not empty caches for this one */
/* Of all places that the allocator could give, the one with the lowest first page, or with the highest. Never both. */
#define IOVA_CONSTRAIN_BOTTOM (1u << 4)
#define IOVA_CONSTRAIN_TOP (1u << 5)

/* What is asked for. */
struct iova_request {
	uint64_t count;    /* pages, >= 1 */
	uint64_t align;    /* pages, a power of two: extent.first is a multiple of it (of the address, not of an offset) */
	uint64_t low;      /* lowest page that may be used */
	uint64_t high;     /* highest page that may be used, inclusive; below low: nothing may be */
	uint64_t boundary; /* pages, a power of two: the count requested pages lie within one aligned block of this size */
	uint32_t constraints;
	uint32_t reserved; /* 0 */
};

/* What was given. */
struct iova_extent {
	uint64_t first;  /* page */
	uint64_t count;  /* pages granted, >= requested; granted pages beyond the request may pass high or a boundary, but
	                    never the space */
	uint64_t cookie; /* the allocator's own; the caller keeps it and gives it back with free */
};

/* The space to manage: pages [first, first + count), first + count <= 2^52. */
struct iova_space {
	uint64_t first;
	uint64_t count;      /* >= 1 */
	uint64_t page_bytes; /* a power of two; for information */
};

/* What an allocator gets from its surroundings. size is that of the caller's structure: fields are only ever added at
 * the end. */
struct iova_host {
	uint32_t size;
	uint32_t cpus; /* logical CPUs: the cpu argument of every call is below this; >= 1 */
	void *context; /* first argument of every function below */

	/* bytes of zeroed memory, aligned to 64, or NULL. Memory is backed when it is touched: reserving much and
	 * touching little is cheap, so an array over a large space is fine. Resident bytes are the metadata that the
	 * allocator is judged by. Everything is released after destroy at the latest. */
	void *(*memory_get)(void *context, size_t bytes);
	/* Gives memory back; bytes as in memory_get. NULL is ignored. */
	void (*memory_put)(void *context, void *memory, size_t bytes);

	/* A lock that records how long it was waited for; NULL when there is no memory. For IOVA_CONCURRENT allocators. */
	void *(*lock_create)(void *context);
	void (*lock_destroy)(void *context, void *lock);
	void (*lock_acquire)(void *context, void *lock);
	void (*lock_release)(void *context, void *lock);
};

struct iova_allocator;

/* The layer underneath: its table and a created instance, which the caller owns and destroys after the layer. */
struct iova_below {
	const struct iova_allocator *table;
	void *self;
};

enum iova_option_kind {
	IOVA_OPTION_CHOICE, /* the value is an index into choices */
	IOVA_OPTION_NUMBER, /* a decimal number in [minimum, maximum] */
	IOVA_OPTION_FLAG,   /* yes or no: 1 or 0 */
	IOVA_OPTION_TIME,   /* nanoseconds; written with ns, us, ms or s; in [minimum, maximum] */
};

struct iova_option {
	const char *name;
	enum iova_option_kind kind;
	uint64_t default_value;
	uint64_t minimum; /* NUMBER and TIME */
	uint64_t maximum;
	const char *const *choices; /* CHOICE: names, NULL at the end */
	const char *help;           /* one sentence, with the unit of a number */
	const uint64_t *without;    /* CHOICE: for each choice, capabilities of the table that it takes away; NULL: none */
};

/* What one call examined and did. The caller clears it; counted calls add. */
struct iova_steps {
	uint64_t examined; /* nodes of a tree, words of a bitmap, entries of a list that were looked at */
	uint64_t splits;
	uint64_t merges;
	uint64_t cache_hits;    /* served by a magazine */
	uint64_t depot_trips;   /* magazines exchanged with the depot */
	uint64_t backend_trips; /* calls that reached the layer below */
};

enum iova_free_state {
	IOVA_USABLE,   /* the next request may get it */
	IOVA_CACHED,   /* held by a magazine: some CPU or size may get it */
	IOVA_DEFERRED, /* freed, waiting for a flush */
};

struct iova_statistics {
	uint64_t usable_pages;
	uint64_t cached_pages;
	uint64_t deferred_pages;
};

/* Called for disjoint runs in any order. */
typedef void (*iova_visit)(void *context, uint64_t first, uint64_t count, enum iova_free_state state);

struct iova_allocator {
	uint64_t magic; /* IOVA_MAGIC */
	uint32_t abi;   /* IOVA_ABI */
	uint32_t size;  /* sizeof(struct iova_allocator) */
	const char *name;
	const char *about; /* one sentence */
	uint64_t capabilities;
	const struct iova_option *options; /* option_count of them; NULL when 0 */
	uint64_t option_count;

	/* Makes an instance that manages *space, all of it free. options holds one value per entry of the options table.
	 * below is NULL unless IOVA_LAYER. space and options need not outlive the call; host and below do. On
	 * IOVA_UNSUPPORTED, *reason is a constant sentence that says what cannot be managed. Cost: O(1) touched memory is
	 * the aim, also for 2^36 pages. */
	enum iova_status (*create)(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				   const struct iova_below *below, void **self, const char **reason);

	/* Fills *extent on IOVA_OK and leaves it alone otherwise. IOVA_OK, IOVA_NO_SPACE or IOVA_NO_MEMORY. */
	enum iova_status (*alloc)(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent);

	/* Takes back what alloc or place gave. Cannot fail: what it needs, alloc has put aside. */
	void (*free)(void *self, const struct iova_extent *extent, uint32_t cpu);

	/* Takes exactly [first, first + count). Works before the first alloc, to make the holes of a space; later only with
	 * IOVA_EXPLICIT, else IOVA_UNSUPPORTED. IOVA_OK, IOVA_TAKEN, IOVA_NO_MEMORY or IOVA_UNSUPPORTED. NULL, unless it is
	 * IOVA_EXPLICIT: the holes are allocated, with limits that leave no other place; without IOVA_LIMIT it plays no
	 * workload that has some. */
	enum iova_status (*place)(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent);

	/* Shows every page that is not allocated, once. Live + visited = space. Not called while another thread works. NULL:
	 * what is not allocated is usable; not for one that has poll or drain, nor for what stands below a layer. */
	void (*visit_free)(void *self, iova_visit visit, void *context);

	/* The sums over visit_free. Cost: O(1), or O(CPUs) for a layer. */
	void (*statistics)(void *self, struct iova_statistics *statistics);

	/* NULL, or a sentence that says which invariant does not hold. Recounts from the lowest level; for tests. */
	const char *(*broken_invariant)(void *self);

	/* Runs work that is due at now_ns, which begins with 0 after create, advances with the operations at the workload's
	 * pace and never goes back. A layer passes it on to the one below. NULL: there is none. */
	void (*poll)(void *self, uint64_t now_ns);

	/* Empties every cache and queue, so that all free pages are usable. NULL: there is none. */
	void (*drain)(void *self);

	/* Ends the instance; live extents are forgotten. All memory goes back to the host. NULL is ignored. */
	void (*destroy)(void *self);

	/* With IOVA_STEPS: the same body as alloc and free, with counting. NULL otherwise. */
	enum iova_status (*alloc_counted)(void *self, const struct iova_request *request, uint32_t cpu,
					  struct iova_extent *extent, struct iova_steps *steps);
	void (*free_counted)(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps);

	/* A CPU has left and calls nothing until it is back, which nobody tells: what caches hold for it alone becomes
	 * usable by all. No page changes otherwise. A layer passes it on to the one below. NULL: there is none. */
	void (*offline)(void *self, uint32_t cpu);

	/* Pages of the longest request that this instance could ever serve: a longer one is impossible, not fragmented. NULL:
	 * the space is the only limit. */
	uint64_t (*length_max)(void *self);

	enum iova_promise promise; /* a layer's is that of what stands below it, or less */

	/* Pages in front of extent->first that a live extent holds, too, and that come back with it: those of an allocator
	 * that reaches an alignment by taking more. Free pages are what neither extents nor their padding hold. Asked by
	 * whoever checks, never by whoever measures. NULL: there are none. One that has some stands below no layer, which
	 * could not show them. */
	uint64_t (*padding)(void *self, const struct iova_extent *extent);
};

#define IOVA_PLUGIN_SYMBOL "iova_plugin"
typedef const struct iova_allocator *(*iova_plugin_function)(void);

#ifdef __cplusplus
}
#endif

#endif
