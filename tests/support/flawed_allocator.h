/* SPDX-License-Identifier: MIT
 * First fit over one byte for each page of a space of at most FLAWED_PAGES_MAX pages: right, but for the flaw that a test
 * sets. */
#ifndef SUPPORT_FLAWED_ALLOCATOR_H
#define SUPPORT_FLAWED_ALLOCATOR_H

#include "iovabench/allocator.h"

#include <stdbool.h>
#include <string.h>

#define FLAWED_PAGES_MAX 65536u

enum flaw {
	FLAW_NONE,
	FLAW_OVERLAP,     /* the third allocation gets the pages of the first */
	FLAW_OUTSIDE,     /* the third allocation lies behind the space */
	FLAW_ABSURD,      /* … is all that can be said in 64 bits */
	FLAW_SHORT_GRANT, /* one page less, when more than one is asked for */
	FLAW_EMPTY_GRANT, /* says IOVA_OK and gives no page */
	FLAW_IGNORES_ALIGN,
	FLAW_IGNORES_LIMIT,
	FLAW_IGNORES_BOUNDARY,
	FLAW_LYING_VISIT,  /* the first free run is shown one page longer, into what is live */
	FLAW_SILENT_VISIT, /* the first free run is not shown */
	FLAW_DOUBLE_VISIT, /* … is shown twice */
	FLAW_EMPTY_VISIT,  /* … is shown once more, without a page */
	FLAW_LYING_STATISTICS,
	FLAW_LYING_CACHED,   /* statistics tell of a cached page too many */
	FLAW_LYING_DEFERRED, /* … of a deferred one */
	FLAW_LOST_FREE,      /* the second free loses its extent: neither live nor free */
	FLAW_BROKEN_INVARIANT,
	FLAW_NO_MEMORY,  /* the third allocation ends with IOVA_NO_MEMORY */
	FLAW_ODD_STATUS, /* … with IOVA_TAKEN */
	FLAW_DEFERS,     /* no flaw: freed pages wait for a drain that never comes */
	FLAW_WANDERS,    /* places elsewhere in every other instance */
	FLAW_NO_PLACE,   /* nor between limits */
	FLAW_POLL_LOSES, /* the second poll loses the last page of the space, which is free */
	FLAW_POLL_FREES, /* … frees the first page, which is live */
	FLAW_POLL_MOVES, /* … frees the first page, and loses the last */
};

struct flawed {
	struct iova_space space;
	const struct iova_host *host;
	uint64_t calls, frees, skip, polls;
	uint64_t usable, deferred;
	unsigned char pages[FLAWED_PAGES_MAX]; /* 0 free, 1 live, 2 lost, 3 deferred */
};

static enum flaw flaw;
static unsigned flawed_instances;

static enum iova_status flawed_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	(void)options;
	(void)below;
	if (space->count > FLAWED_PAGES_MAX) {
		*reason = "only small spaces";
		return IOVA_UNSUPPORTED;
	}
	struct flawed *flawed = host->memory_get(host->context, sizeof *flawed);
	if (!flawed)
		return IOVA_NO_MEMORY;
	flawed->space = *space;
	flawed->host = host;
	flawed->usable = space->count;
	flawed->skip = flaw == FLAW_WANDERS ? flawed_instances++ % 2 * 7 : 0;
	*self = flawed;
	return IOVA_OK;
}

static bool flawed_fits(const struct flawed *flawed, const struct iova_request *request, uint64_t begin)
{
	uint64_t first = flawed->space.first + begin, last = first + request->count - 1;
	for (uint64_t page = begin; page < begin + request->count; page++)
		if (flawed->pages[page])
			return false;
	if (flaw != FLAW_IGNORES_ALIGN && request->constraints & IOVA_CONSTRAIN_ALIGN && first % request->align)
		return false;
	if (flaw != FLAW_IGNORES_LIMIT && request->constraints & IOVA_CONSTRAIN_LIMIT &&
	    (first < request->low || last > request->high))
		return false;
	return flaw == FLAW_IGNORES_BOUNDARY || !(request->constraints & IOVA_CONSTRAIN_BOUNDARY) ||
	       first / request->boundary == last / request->boundary;
}

static enum iova_status flawed_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	struct flawed *flawed = self;
	(void)cpu;
	flawed->calls++;
	if (flaw == FLAW_NO_PLACE)
		return IOVA_NO_SPACE;
	if (flawed->calls == 3 && flaw == FLAW_NO_MEMORY)
		return IOVA_NO_MEMORY;
	if (flawed->calls == 3 && flaw == FLAW_ODD_STATUS)
		return IOVA_TAKEN;
	if (flawed->calls == 3 && flaw == FLAW_OVERLAP) {
		*extent = (struct iova_extent){flawed->space.first, request->count, 0};
		return IOVA_OK;
	}
	if (flawed->calls == 3 && flaw == FLAW_OUTSIDE) {
		*extent = (struct iova_extent){flawed->space.first + flawed->space.count, request->count, 0};
		return IOVA_OK;
	}
	if (flawed->calls == 3 && flaw == FLAW_ABSURD) {
		*extent = (struct iova_extent){UINT64_MAX, UINT64_MAX, UINT64_MAX};
		return IOVA_OK;
	}
	for (uint64_t begin = flawed->skip; begin + request->count <= flawed->space.count; begin++) {
		if (!flawed_fits(flawed, request, begin))
			continue;
		uint64_t count = request->count - (flaw == FLAW_SHORT_GRANT && request->count > 1);
		if (flaw == FLAW_EMPTY_GRANT)
			count = 0;
		memset(flawed->pages + begin, 1, count);
		flawed->usable -= count;
		*extent = (struct iova_extent){flawed->space.first + begin, count, 0};
		return IOVA_OK;
	}
	return IOVA_NO_SPACE;
}

static void flawed_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct flawed *flawed = self;
	(void)cpu;
	flawed->frees++;
	if (extent->first >= flawed->space.first + flawed->space.count ||
	    extent->count > flawed->space.first + flawed->space.count - extent->first)
		return;
	bool second = flawed->frees == 2;
	int state = second && flaw == FLAW_LOST_FREE ? 2 : flaw == FLAW_DEFERS ? 3 : 0;
	memset(flawed->pages + (extent->first - flawed->space.first), state, extent->count);
	flawed->usable += state == 0 ? extent->count : 0;
	flawed->deferred += state == 3 ? extent->count : 0;
}

static enum iova_status flawed_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct flawed *flawed = self;
	(void)cpu;
	if (flaw == FLAW_NO_PLACE)
		return IOVA_UNSUPPORTED;
	memset(flawed->pages + (first - flawed->space.first), 1, count);
	flawed->usable -= count;
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void flawed_visit_free(void *self, iova_visit visit, void *context)
{
	struct flawed *flawed = self;
	uint64_t run = 0, runs = 0;
	for (uint64_t page = 0; page <= flawed->space.count; page++) {
		bool is_free = page < flawed->space.count && (flawed->pages[page] == 0 || flawed->pages[page] == 3);
		if (is_free && (!run || flawed->pages[page] == flawed->pages[page - 1])) {
			run++;
			continue;
		}
		if (run) {
			uint64_t longer = runs == 0 && flaw == FLAW_LYING_VISIT && page < flawed->space.count;
			enum iova_free_state state = flawed->pages[page - 1] == 3 ? IOVA_DEFERRED : IOVA_USABLE;
			uint64_t first = flawed->space.first + page - run;
			if (runs > 0 || flaw != FLAW_SILENT_VISIT)
				visit(context, first, run + longer, state);
			if (runs == 0 && flaw == FLAW_DOUBLE_VISIT)
				visit(context, first, run, state);
			if (runs == 0 && flaw == FLAW_EMPTY_VISIT)
				visit(context, first, 0, state);
			runs++;
		}
		run = is_free;
	}
}

static void flawed_statistics(void *self, struct iova_statistics *statistics)
{
	struct flawed *flawed = self;
	*statistics = (struct iova_statistics){.usable_pages = flawed->usable - (flaw == FLAW_LYING_STATISTICS),
					       .cached_pages = flaw == FLAW_LYING_CACHED,
					       .deferred_pages = flawed->deferred + (flaw == FLAW_LYING_DEFERRED)};
}

static const char *flawed_broken_invariant(void *self)
{
	(void)self;
	return flaw == FLAW_BROKEN_INVARIANT ? "the sky is above" : NULL;
}

static void flawed_poll(void *self, uint64_t now_ns)
{
	struct flawed *flawed = self;
	(void)now_ns;
	if (++flawed->polls != 2)
		return;
	if (flaw == FLAW_POLL_LOSES || flaw == FLAW_POLL_MOVES) {
		flawed->pages[flawed->space.count - 1] = 2;
		flawed->usable--;
	}
	if (flaw == FLAW_POLL_FREES || flaw == FLAW_POLL_MOVES) {
		flawed->pages[0] = 0;
		flawed->usable++;
	}
}

static void flawed_destroy(void *self)
{
	struct flawed *flawed = self;
	if (flawed)
		flawed->host->memory_put(flawed->host->context, flawed, sizeof *flawed);
}

static const struct iova_allocator flawed_table = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "flawed",
	.about = "first fit with a flaw",
	.capabilities = IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY,
	.create = flawed_create,
	.alloc = flawed_alloc,
	.free = flawed_free,
	.place = flawed_place,
	.visit_free = flawed_visit_free,
	.statistics = flawed_statistics,
	.broken_invariant = flawed_broken_invariant,
	.poll = flawed_poll,
	.destroy = flawed_destroy,
};

#endif
