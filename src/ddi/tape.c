/* SPDX-License-Identifier: MIT */
#include "ddi/tape.h"

#include "base/memory.h"
#include "ddi/frames.h"
#include "ddi/memory_object.h"

#include <assert.h>
#include <string.h>

/* Then takes, then nodes, in whole cache lines. */
struct image_head {
	uint64_t takes, nodes;
	uint64_t filler[6];
};

_Static_assert(sizeof(struct image_head) == sizeof(struct list_node), "nodes lie as in memory of their own");

int tape_open(struct tape *tape, const struct clock *clock)
{
	*tape = (struct tape){.clock = clock};
	return node_pool_open(&tape->nodes);
}

void tape_close(struct tape *tape)
{
	if (tape->mapped) {
		memory_release(tape->nodes.chunks);
		*tape = (struct tape){0};
		return;
	}
	node_pool_close(&tape->nodes);
	memory_release(tape->taken);
	memory_release(tape->given);
	*tape = (struct tape){0};
}

void tape_keep(struct tape *tape)
{
	assert(!tape->taken_count && !tape->nodes.used);
	tape->keeps = true;
}

static size_t takes_bytes(uint64_t takes)
{
	return (takes * sizeof(struct tape_take) + sizeof(struct list_node) - 1) & ~(sizeof(struct list_node) - 1);
}

uint64_t tape_image_bytes(const struct tape *tape)
{
	return sizeof(struct image_head) + takes_bytes(tape->taken_count) + tape->nodes.used * sizeof(struct list_node);
}

int tape_image_write(const struct tape *tape, int (*write)(void *context, const void *part, size_t length), void *context)
{
	assert(tape->keeps && !tape->broken);
	static const struct list_node filler;
	const struct image_head head = {.takes = tape->taken_count, .nodes = tape->nodes.used};
	size_t bytes = tape->taken_count * sizeof tape->taken[0];
	int result = write(context, &head, sizeof head);
	if (result >= 0 && bytes)
		result = write(context, tape->taken, bytes);
	if (result >= 0 && takes_bytes(tape->taken_count) > bytes)
		result = write(context, &filler, takes_bytes(tape->taken_count) - bytes);
	for (uint64_t at = 0; result >= 0 && at < head.nodes; at += NODE_CHUNK_NODES) {
		uint64_t nodes = head.nodes - at < NODE_CHUNK_NODES ? head.nodes - at : NODE_CHUNK_NODES;
		result = write(context, node_at(&tape->nodes, (uint32_t)at), nodes * sizeof(struct list_node));
	}
	return result;
}

int tape_open_image(struct tape *tape, const void *image, size_t length)
{
	struct image_head head;
	*tape = (struct tape){0};
	if (length < sizeof head)
		return -1;
	memcpy(&head, image, sizeof head);
	if (head.takes > length / sizeof(struct tape_take) || head.nodes > length / sizeof(struct list_node) ||
	    length != sizeof head + takes_bytes(head.takes) + head.nodes * sizeof(struct list_node))
		return -1;
	/* Nobody writes through them: players own nothing of a tape. */
	char *takes = (char *)(uintptr_t)image + sizeof head;
	if (node_pool_open_over(&tape->nodes, (struct list_node *)(void *)(takes + takes_bytes(head.takes)), head.nodes) <
	    0)
		return -1;
	tape->taken = (struct tape_take *)(void *)takes;
	tape->taken_count = head.takes;
	tape->keeps = tape->mapped = true;
	return 0;
}

static void attach(struct tape *tape, struct ddi_adapter *adapter, enum frames_from from)
{
	assert(!adapter->identity && adapter->physical && adapter->handles.used == 0);
	adapter->tape = tape;
	adapter->frames_from = from;
	adapter->frame_nodes = &tape->nodes;
}

void tape_record(struct tape *tape, struct ddi_adapter *recorder)
{
	attach(tape, recorder, FRAMES_ONTO_TAPE);
}

void tape_play(struct tape *tape, struct ddi_adapter *player)
{
	attach(tape, player, FRAMES_OFF_TAPE);
}

void tape_next_piece(struct tape *tape)
{
	if (tape->keeps)
		return;
	for (size_t i = 0; i < tape->given_count; i++)
		run_list_clear(&tape->nodes, &tape->given[i]);
	tape->given_count = 0;
	tape->taken_count = 0;
}

void tape_rewind(struct ddi_adapter *player)
{
	if (!player->tape->keeps)
		player->tape_next = 0;
}

bool tape_is_left(const struct ddi_adapter *player)
{
	return player->tape && player->frames_from == FRAMES_OF_POOL;
}

/* The list of frames of a live handle; NULL: it has none, or one run, which is in *run. */
static struct run_list *list_of(struct handle_entry *entry, union handle_more *more, struct run_list *run)
{
	switch (handle_kind_of(entry->handle)) {
	case HANDLE_CONTIGUOUS:
		return &more->frames;
	case HANDLE_MDL:
		return &entry->as.frames;
	case HANDLE_MEMORY_OBJECT:
		return more->object.type == DDI_MEMORY_IO_SPACE ? NULL : &entry->as.frames;
	case HANDLE_MM_CONTIGUOUS:
		*run = frames_of_run(entry->as.run.frame, entry->as.run.count);
		return run;
	default:
		return NULL;
	}
}

static uint64_t nodes_of(const struct run_list *list)
{
	return list && list->runs > 1 ? ((uint64_t)list->runs - 1 + NODE_RUNS - 1) / NODE_RUNS : 0;
}

/* From the tape into the adapter's own nodes and pool; there is room. */
static void bring_home(struct ddi_adapter *adapter, struct run_list *list)
{
	struct run_list home = run_list_empty();
	if (!list)
		return;
	struct run_cursor cursor = run_cursor_at(&adapter->tape->nodes, list, 0);
	while (cursor.left > 0) {
		int added = run_list_add(&adapter->list_nodes, &home, cursor.frame, cursor.left);
		assert(added == 0);
		(void)added;
		frame_pool_take(adapter->physical, cursor.frame, cursor.left);
		run_cursor_advance(&cursor, cursor.left);
	}
	*list = home;
}

int frames_leave_tape(struct ddi_adapter *adapter, struct run_list *in_hand)
{
	struct run_list run;
	const struct node_pool *own = &adapter->list_nodes;
	if (adapter->frames_from != FRAMES_OFF_TAPE)
		return 0;
	uint64_t nodes = own->used - own->free_count + nodes_of(in_hand);
	for (uint64_t i = 0; i < adapter->handles.used; i++)
		nodes += nodes_of(
			list_of(handle_table_entry(&adapter->handles, i), handle_table_more(&adapter->handles, i), &run));
	if (node_pool_reserve(&adapter->list_nodes, nodes) < 0) {
		adapter->failures.no_metadata++;
		return -1;
	}
	for (uint64_t i = 0; i < adapter->handles.used; i++) {
		struct handle_entry *entry = handle_table_entry(&adapter->handles, i);
		if (handle_kind_of(entry->handle) == HANDLE_MEMORY_OBJECT)
			object_drop_index(adapter, entry, handle_table_more(&adapter->handles, i));
		bring_home(adapter, list_of(entry, handle_table_more(&adapter->handles, i), &run));
	}
	bring_home(adapter, in_hand);
	adapter->frames_from = FRAMES_OF_POOL;
	adapter->frame_nodes = &adapter->list_nodes;
	return 0;
}
