/* SPDX-License-Identifier: MIT
 * Extents on their way from one thread to another: one sends, one receives, no lock. */
#ifndef PLAY_RING_H
#define PLAY_RING_H

#include "iovabench/allocator.h"
#include "stream/op_stream.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_EXTENTS ((uint64_t)OP_RING_EXTENTS)
_Static_assert((OP_RING_EXTENTS & (OP_RING_EXTENTS - 1)) == 0, "positions turn into places by a mask");

/* Zeroed = empty. Each side owns a cache line: its position, and where it last saw the other one. Positions only grow. */
struct ring {
	alignas(64) _Atomic uint64_t sent; /* written by the sender */
	uint64_t received_seen;
	alignas(64) _Atomic uint64_t received; /* written by the receiver */
	uint64_t sent_seen;
	atomic_bool closed; /* nobody receives now; for the users of a ring to agree on */
	alignas(64) struct iova_extent extents[RING_EXTENTS];
};

/* false: full, nothing was sent. By one thread alone. */
static inline bool ring_send(struct ring *ring, const struct iova_extent *extent)
{
	assert(extent->count &&
	       atomic_load_explicit(&ring->sent, memory_order_relaxed) - ring->received_seen <= RING_EXTENTS);
	uint64_t sent = atomic_load_explicit(&ring->sent, memory_order_relaxed);
	if (sent - ring->received_seen == RING_EXTENTS) {
		ring->received_seen = atomic_load_explicit(&ring->received, memory_order_acquire);
		if (sent - ring->received_seen == RING_EXTENTS)
			return false;
	}
	ring->extents[sent % RING_EXTENTS] = *extent;
	atomic_store_explicit(&ring->sent, sent + 1, memory_order_release);
	return true;
}

/* The oldest extent; false: empty. By one thread alone. */
static inline bool ring_receive(struct ring *ring, struct iova_extent *extent)
{
	assert(atomic_load_explicit(&ring->received, memory_order_relaxed) <= ring->sent_seen);
	uint64_t received = atomic_load_explicit(&ring->received, memory_order_relaxed);
	if (received == ring->sent_seen) {
		ring->sent_seen = atomic_load_explicit(&ring->sent, memory_order_acquire);
		if (received == ring->sent_seen)
			return false;
	}
	*extent = ring->extents[received % RING_EXTENTS];
	atomic_store_explicit(&ring->received, received + 1, memory_order_release);
	return true;
}

#endif
