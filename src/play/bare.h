/* SPDX-License-Identifier: MIT
 * Plays a workload on one allocator in this process and thread, without passes, rounds or workers: so that a simulator can
 * look on, or for a first idea of what an operation costs. */
#ifndef PLAY_BARE_H
#define PLAY_BARE_H

#include "allocator/registry.h"
#include "base/error.h"
#include "stream/op_stream.h"
#include "workload/model.h"

struct bare_figures {
	uint64_t operations; /* of measured phases, less those that were skipped */
	uint64_t cpu_ns;     /* of this thread, while it played them */
	uint64_t placement_hash;
};

/* The words of measured phases; a simulator may count what this function does, and what it calls. */
void bare_measured(void *engine, const struct op *ops, size_t count);

/* measured: called with the engine and words of measured phases, and to play them (bare_measured does). The stream is rewound
 * first. Returns 0, or -1 with a message. */
int bare_play(const struct workload *workload, struct op_stream *stream, const struct allocator_spec *spec,
	      void (*measured)(void *engine, const struct op *ops, size_t count), struct bare_figures *figures,
	      struct error *error);

#endif
