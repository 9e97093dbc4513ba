/* SPDX-License-Identifier: MIT */
#include "play/bare.h"

#include "base/memory.h"
#include "play/engine.h"

#include <time.h>

#define PIECE_WORDS ((size_t)1 << 16)

struct bare {
	struct engine engine;
	struct op ops[PIECE_WORDS];
};

/* Of this thread: what others do meanwhile is not in it. */
static uint64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

__attribute__((noinline)) void bare_measured(void *engine, const struct op *ops, size_t count)
{
	engine_play(engine, ops, count);
}

static int play(struct bare *bare, const struct workload *workload, struct op_stream *stream,
		void (*measured)(void *engine, const struct op *ops, size_t count), struct bare_figures *figures,
		struct error *error)
{
	struct engine *engine = &bare->engine;
	size_t phase = 0, before = SIZE_MAX, count;
	op_stream_rewind(stream);
	while ((count = op_stream_next(stream, bare->ops, PIECE_WORDS, &phase)) > 0) {
		if (phase != before)
			engine_phase_begin(engine);
		before = phase;
		if (workload->phases[phase].measured) {
			uint64_t skipped = engine->skipped, begin = cpu_ns();
			measured(engine, bare->ops, count);
			figures->cpu_ns += cpu_ns() - begin;
			figures->operations += op_count_operations(bare->ops, count) - (engine->skipped - skipped);
		} else {
			engine_play(engine, bare->ops, count);
		}
		if (engine->broken != IOVA_OK)
			return engine_broken(engine, error);
		engine_note_placement(engine, bare->ops, count);
	}
	figures->placement_hash = engine->placement_hash;
	return 0;
}

int bare_play(const struct workload *workload, struct op_stream *stream, const struct allocator_spec *spec,
	      void (*measured)(void *engine, const struct op *ops, size_t count), struct bare_figures *figures,
	      struct error *error)
{
	struct arena arena;
	struct bare *bare = memory_zeroed(1, sizeof *bare);
	*figures = (struct bare_figures){0};
	if (!bare)
		return error_set(error, EXIT_CODE_IO, "no memory for a piece of the stream");
	int result = arena_create(&arena, true, op_stream_cpus(stream), error);
	if (result == 0) {
		arena.lock_kind = LOCK_NONE; /* as a run with one thread */
		result = engine_open(&bare->engine, workload, stream, spec, &arena, error);
		if (result == 0) {
			result = play(bare, workload, stream, measured, figures, error);
			engine_close(&bare->engine);
		}
		arena_destroy(&arena);
	}
	memory_release(bare);
	return result;
}
