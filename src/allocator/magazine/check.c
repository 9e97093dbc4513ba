/* SPDX-License-Identifier: MIT */
#include "allocator/magazine/check.h"

static void magazine_visit_extents(const struct magazine *magazine, uint64_t count, iova_visit visit, void *context)
{
	for (uint64_t i = 0; i < count; i++)
		visit(context, magazine->extents[i].first, magazine->extents[i].count, IOVA_CACHED);
}

void magazine_visit_cached(const struct magazines *self, iova_visit visit, void *context)
{
	for (unsigned size_class = 0; size_class < self->classes; size_class++) {
		for (struct magazine *full = self->depot.shelves[size_class].full; full; full = full->next)
			magazine_visit_extents(full, self->rounds, visit, context);
		for (uint32_t cpu = 0; cpu < self->cpu_count; cpu++) {
			const struct pair *pair = &cpu_of(self, cpu)->pairs[size_class];
			magazine_visit_extents(pair->loaded.magazine, pair->loaded.count, visit, context);
			magazine_visit_extents(pair->previous.magazine, pair->previous.count, visit, context);
		}
	}
}

static void add_pages(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	(void)first;
	(void)state;
	*(uint64_t *)context += count;
}

static const char *broken_pair(const struct magazines *self, const struct pair *pair, uint32_t cpu, unsigned size_class)
{
	const struct hand *hands[] = {&pair->loaded, &pair->previous};
	if (!bit_is_set(cpus_of_class(self, size_class), cpu))
		return pair->loaded.count || pair->previous.count || pair->loaded.room
			       ? "a pair where no drain looks is empty and has no room"
			       : NULL;
	if (!bit_is_set(self->cached_classes, size_class))
		return "a drain looks at the classes that a CPU holds";
	for (size_t i = 0; i < 2; i++) {
		if (hands[i]->room != (hands[i]->magazine ? self->rounds : 0))
			return "the room is that of the magazine";
		if (hands[i]->count > hands[i]->room)
			return "a magazine holds at most its rounds";
	}
	return pair->previous.count == 0 || pair->previous.count == pair->previous.room
		       ? NULL
		       : "the previous magazine is full or empty";
}

const char *magazine_check(const struct magazines *self)
{
	uint64_t total = self->depot.fresh_count, pages = 0, sum = 0 - self->released_pages;
	for (struct magazine *empty = self->depot.empty; empty && total <= self->depot.total; empty = empty->next)
		total++;
	for (unsigned size_class = 0; size_class < self->classes; size_class++) {
		uint64_t full = 0;
		for (struct magazine *at = self->depot.shelves[size_class].full; at && full <= self->depot.total;
		     at = at->next)
			full++;
		if (full != self->depot.shelves[size_class].count)
			return "the full magazines of a class are counted";
		if (self->shelf_max && full > self->shelf_max)
			return "the depot keeps to its limit";
		if (full && !bit_is_set(self->cached_classes, size_class))
			return "a drain looks at the classes that the depot holds";
		total += full;
		for (uint32_t cpu = 0; cpu < self->cpu_count; cpu++) {
			const struct pair *pair = &cpu_of(self, cpu)->pairs[size_class];
			const char *broken = broken_pair(self, pair, cpu, size_class);
			if (broken)
				return broken;
			total += (pair->loaded.magazine != NULL) + (uint64_t)(pair->previous.magazine != NULL);
		}
	}
	if (total != self->depot.total)
		return "every magazine is in the depot or in the hands of one CPU";
	for (uint32_t cpu = 0; cpu < self->cpu_count; cpu++)
		sum += cpu_of(self, cpu)->cached_pages;
	magazine_visit_cached(self, add_pages, &pages);
	if (pages != sum)
		return "cached pages are what went in less what came out";
	return self->below.table->broken_invariant(self->below.self);
}
