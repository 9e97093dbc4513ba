/* SPDX-License-Identifier: MIT */
#include "play/queue.h"

#include "base/memory.h"
#include "base/rng.h"

#include <assert.h>

struct due {
	uint64_t time;  /* ticks */
	uint64_t order; /* of service */
	uint64_t pages; /* as asked for */
	uint32_t slot;
};

struct waiting {
	const struct op_queue *rules;
	const struct adversary_player *player;
	struct due *heap; /* binary, the earliest first */
	uint64_t count;
	uint32_t *empty; /* slots, the last one is taken first */
	uint64_t empty_count;
	uint64_t now, live_pages, order;
	double page_ticks;
};

static bool is_before(const struct due *a, const struct due *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void push(struct waiting *waiting, struct due due)
{
	uint64_t at = waiting->count++;
	for (; at && is_before(&due, &waiting->heap[(at - 1) / 2]); at = (at - 1) / 2)
		waiting->heap[at] = waiting->heap[(at - 1) / 2];
	waiting->heap[at] = due;
}

static struct due pop(struct waiting *waiting)
{
	struct due first = waiting->heap[0], last = waiting->heap[--waiting->count];
	uint64_t at = 0;
	for (uint64_t child; (child = 2 * at + 1) < waiting->count; at = child) {
		child += child + 1 < waiting->count && is_before(&waiting->heap[child + 1], &waiting->heap[child]);
		if (!is_before(&waiting->heap[child], &last))
			break;
		waiting->heap[at] = waiting->heap[child];
	}
	waiting->heap[at] = last;
	return first;
}

/* Time goes on to the end of the extent that is due first. */
static void free_first(struct waiting *waiting)
{
	struct due due = pop(waiting);
	const struct op op = {.slot = due.slot};
	assert(due.time >= waiting->now && due.pages <= waiting->live_pages);
	waiting->page_ticks += (double)waiting->live_pages * (double)(due.time - waiting->now);
	waiting->now = due.time;
	waiting->live_pages -= due.pages;
	waiting->player->play(waiting->player->context, &op, 0);
	waiting->empty[waiting->empty_count++] = due.slot;
}

/* Whether it was served. */
static bool attempt(struct waiting *waiting, const struct op_queue_request *request, uint32_t kind)
{
	if (!waiting->empty_count)
		return false;
	uint32_t slot = waiting->empty[waiting->empty_count - 1];
	/* One page in the word itself: a word of zeros would be a free. */
	const struct op op = {slot, kind << OP_REQUEST_SHIFT | 1};
	waiting->player->play(waiting->player->context, &op, request->pages);
	if (!waiting->player->slots[slot].count)
		return false;
	waiting->empty_count--;
	waiting->live_pages += request->pages;
	push(waiting, (struct due){waiting->now + request->ticks, waiting->order++, request->pages, slot});
	return true;
}

static void serve(struct waiting *waiting, const struct op_queue_request *request, struct queue_figures *figures)
{
	uint64_t frees = 0;
	while (!attempt(waiting, request, request->kind)) {
		if (!waiting->count) {
			figures->given_up += !attempt(waiting, request, request->last);
			break;
		}
		free_first(waiting);
		frees++;
	}
	figures->served++;
	figures->waited += frees > 0;
	figures->frees += frees;
}

int queue_play(const struct op_stream *stream, const struct op_queue *queue, const struct adversary_player *player,
	       struct queue_figures *figures, struct error *error)
{
	assert(queue->live);
	struct waiting waiting = {.rules = queue, .player = player};
	struct rng draws;
	*figures = (struct queue_figures){0};
	waiting.heap = memory_zeroed(queue->live, sizeof waiting.heap[0]);
	waiting.empty = memory_zeroed(queue->live, sizeof waiting.empty[0]);
	int result = waiting.heap && waiting.empty ? 0 : -1;
	for (uint64_t slot = queue->live; result == 0 && slot-- > 0;)
		waiting.empty[waiting.empty_count++] = queue->slot_first + (uint32_t)slot;
	op_queue_seed(stream, queue, &draws);
	while (result == 0 && figures->served < queue->served) {
		struct op_queue_request request;
		op_queue_draw(stream, queue, &draws, &request);
		serve(&waiting, &request, figures);
	}
	figures->served -= figures->given_up;
	figures->live_pages = waiting.now ? waiting.page_ticks / (double)waiting.now : 0;
	memory_release(waiting.heap);
	memory_release(waiting.empty);
	return result == 0 ? 0
			   : error_set(error, EXIT_CODE_IO, "no memory for a queue of %llu live extents",
				       (unsigned long long)queue->live);
}
