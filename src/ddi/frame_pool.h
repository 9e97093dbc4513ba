/* SPDX-License-Identifier: MIT
 * The physical side from inside: one bit a frame, set while it is free, and a tree of summaries over regions of 512
 * frames (2 MiB). */
#ifndef DDI_FRAME_POOL_H
#define DDI_FRAME_POOL_H

#include "ddi/lists.h"
#include "iovabench/ddi_adapter.h"

#include <stdbool.h>
#include <stdint.h>

#define REGION_FRAMES 512u
#define REGION_WORDS 8u

/* Free frames of a span of frames; the runs at both ends, and the longest. Frame 0 is never free, so that all fit. */
struct frame_span {
	uint32_t free;
	uint32_t prefix;
	uint32_t suffix;
	uint32_t longest;
};

/* Invariants: spans is a complete binary tree over the regions, its root at 1 and the region r at leaves + r, in which every
 * span sums up the two below it; bits behind the last frame are clear. */
struct ddi_physical {
	uint64_t *words;
	struct frame_span *spans;
	uint64_t frames;
	uint64_t leaves; /* a power of two */
};

static inline uint64_t frame_pool_free(const struct ddi_physical *pool)
{
	return pool->spans[1].free;
}

/* A run of frames that must lie within [low, high] (inclusive), aligned, and not across a multiple of boundary (a power of
 * two, or 0 = none). */
struct frame_request {
	uint64_t count;
	uint64_t align; /* a power of two */
	uint64_t low;
	uint64_t high;
	uint64_t boundary;
};

/* Takes the lowest free frames of [low, high], at most count, and appends them to the list. The number taken in *taken; -1
 * without memory for the list (what was taken is in it). O(log regions for each region with free
 * frames + runs taken). */
int frame_pool_gather(struct ddi_physical *pool, struct node_pool *nodes, uint64_t low, uint64_t high, uint64_t count,
		      struct run_list *list, uint64_t *taken);

/* Takes the lowest run. false: there is none. O(log regions), for each free run that is long enough and that alignment or
 * boundary do not let the request into. */
bool frame_pool_take_run(struct ddi_physical *pool, const struct frame_request *request, uint64_t *first);

/* Takes exactly [first, first + count), which are free. */
void frame_pool_take(struct ddi_physical *pool, uint64_t first, uint64_t count);

/* Gives frames back that were taken. O(count / 64 + log regions for each region). */
void frame_pool_give(struct ddi_physical *pool, uint64_t first, uint64_t count);

/* Gives the frames of a list back, and its nodes stay. */
void frame_pool_give_frames(struct ddi_physical *pool, const struct node_pool *nodes, const struct run_list *list);

/* The same, and gives its nodes back: the list is empty then. */
void frame_pool_give_list(struct ddi_physical *pool, struct node_pool *nodes, struct run_list *list);

/* Free frames in [low, high]. O(log regions). */
uint64_t frame_pool_free_between(const struct ddi_physical *pool, uint64_t low, uint64_t high);

#endif
