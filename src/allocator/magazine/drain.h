/* SPDX-License-Identifier: MIT
 * Asks the layer below, and gives back to it what magazines hold. */
#ifndef ALLOCATOR_MAGAZINE_DRAIN_H
#define ALLOCATOR_MAGAZINE_DRAIN_H

#include "allocator/magazine/state.h"

/* Empties a magazine in the hands of a CPU; returns its pages. */
uint64_t empty_hand(struct magazines *self, struct hand *hand, uint32_t cpu, struct iova_steps *steps);

/* Whether all is given back at once, and in the order, that Linux does it. */
bool drains_as_linux(const struct magazines *self);

/* Gives back MAGAZINE_PORTION extents of a full magazine in the hands of a CPU, if there is one: those that have been in it
 * the longest, or nearly. Returns their pages. */
uint64_t relieve_hand(struct magazines *self, struct hand *hand, uint32_t cpu, struct iova_steps *steps);

/* Frees at most so many full magazines of a class, down to those it keeps. Returns how many. */
uint64_t empty_shelf(struct magazines *self, unsigned size_class, uint64_t keep, uint64_t most, uint32_t cpu,
		     struct iova_steps *steps);

/* Every magazine is emptied into the layer below. */
void magazines_drain(struct magazines *self, uint32_t cpu);

/* What one CPU holds is emptied into the layer below; the depot stays. */
void magazines_leave(struct magazines *self, uint32_t cpu);

/* The rounded request first, so that what it gets can be cached; a run that is only long enough for the exact one is better
 * than none. */
enum iova_status ask_below(const struct magazines *self, const struct iova_request *request, uint32_t cpu,
			   struct iova_extent *extent, struct iova_steps *steps);

/* Where there is no space, caches give back what they hold. With DRAIN_LARGEST the longest extents come first, which give the
 * most pages for each free, in portions that double: no more than twice of what it takes, and few questions. A layer below
 * that keeps freed extents gives them back in turn when it is asked. */
enum iova_status drain_for(struct magazines *self, const struct iova_request *request, uint32_t cpu,
			   struct iova_extent *extent, struct iova_steps *steps);

#endif
