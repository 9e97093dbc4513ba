/* SPDX-License-Identifier: MIT
 * Plays a workload through allocators in this process, without passes, rounds or workers, so that a simulator can look on.
 *
 *     play WORKLOAD OPERATIONS SPEC...       OPERATIONS: of every measured phase that ends by operations
 *
 * Under callgrind each arm leaves one dump, labelled "SPEC WORKLOAD", with what the operations of measured phases cost;
 * setting up is not in it. One line for each arm goes to stdout: spec, workload, operations of measured phases, nanoseconds of
 * CPU time per operation (meaningless under a simulator), the hash of where all extents lie. Exit status: 0, 2 (usage,
 * workload or spec), 7 (anything else). */
#include "base/file.h"
#include "base/memory.h"
#include "play/engine.h"
#include "run/plan.h"
#include "workload/workload_yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#define PIECE_WORDS ((size_t)1 << 16)
#define LABEL_BYTES 256u

struct arm {
	struct engine engine;
	struct op *ops;
	uint64_t operations;
	uint64_t ns;
};

/* Of this thread: what others do meanwhile is not in it. */
static uint64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t count_operations(const struct op *ops, size_t count)
{
	uint64_t operations = 0;
	for (size_t i = 0; i < count; i++)
		operations += ops[i].demand >> OP_REQUEST_SHIFT != OP_CONTROL;
	return operations;
}

static void play_piece(struct arm *arm, size_t count, bool measured)
{
	if (!measured) {
		engine_play(&arm->engine, arm->ops, count);
		return;
	}
	uint64_t operations = count_operations(arm->ops, count), skipped = arm->engine.skipped;
	uint64_t start = cpu_ns();
	CALLGRIND_TOGGLE_COLLECT;
	engine_play(&arm->engine, arm->ops, count);
	CALLGRIND_TOGGLE_COLLECT;
	arm->ns += cpu_ns() - start;
	arm->operations += operations - (arm->engine.skipped - skipped);
}

static int play_stream(struct arm *arm, const struct plan *plan, struct error *error)
{
	size_t phase = 0, before = SIZE_MAX, count;
	op_stream_rewind(plan->stream);
	while ((count = op_stream_next(plan->stream, arm->ops, PIECE_WORDS, &phase)) > 0) {
		if (phase != before)
			engine_phase_begin(&arm->engine);
		before = phase;
		play_piece(arm, count, plan->workload.phases[phase].measured);
		if (arm->engine.broken != IOVA_OK)
			return engine_broken(&arm->engine, error);
		engine_note_placement(&arm->engine, arm->ops, count);
	}
	return 0;
}

static int play_arm(struct arm *arm, const struct plan *plan, const char *text, struct error *error)
{
	struct allocator_spec spec;
	struct arena arena;
	if (allocator_spec_open(text, &spec, error) < 0)
		return -1;
	int result = arena_create(&arena, true, op_stream_cpus(plan->stream), error);
	if (result == 0) {
		arena.lock_kind = LOCK_NONE; /* as a run with one thread */
		result = engine_open(&arm->engine, &plan->workload, plan->stream, &spec, &arena, error);
		if (result == 0) {
			CALLGRIND_ZERO_STATS;
			result = play_stream(arm, plan, error);
			char label[LABEL_BYTES];
			snprintf(label, sizeof label, "%s %s", text, plan->workload.name);
			CALLGRIND_DUMP_STATS_AT(label);
			if (result == 0)
				printf("%-24s %-20s %10" PRIu64 " %10.2f %016" PRIx64 "\n", text, plan->workload.name,
				       arm->operations, (double)arm->ns / (double)arm->operations,
				       arm->engine.placement_hash);
			engine_close(&arm->engine);
		}
		arena_destroy(&arena);
	}
	allocator_spec_close(&spec);
	return result;
}

static int play_all(const struct plan *plan, char **specs, int count, struct error *error)
{
	struct arm arm = {.ops = memory_zeroed(PIECE_WORDS, sizeof(struct op))};
	int result = arm.ops ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a piece of the stream");
	for (int i = 0; i < count && result == 0; i++) {
		arm.operations = arm.ns = 0;
		result = play_arm(&arm, plan, specs[i], error);
	}
	memory_release(arm.ops);
	return result;
}

int main(int argc, char **argv)
{
	struct plan plan;
	struct error error = {0};
	struct text messages = {0};
	char *end = NULL, *bytes;
	size_t length;
	struct plan_changes changes = {.ops = argc > 3 ? strtoull(argv[2], &end, 10) : 0};
	if (!changes.ops || *end) {
		fputs("usage: play WORKLOAD OPERATIONS SPEC...\n", stderr);
		return EXIT_CODE_USAGE;
	}
	int result = file_read(argv[1], WORKLOAD_FILE_BYTES_MAX, &bytes, &length, &error);
	if (result == 0)
		result = plan_open(&plan, argv[1], bytes, length, &changes, &messages, &error);
	if (result == 0) {
		result = play_all(&plan, argv + 3, argc - 3, &error);
		plan_close(&plan);
	}
	if (result < 0)
		fprintf(stderr, "%s%s\n", messages.bytes ? messages.bytes : "", error.message);
	text_release(&messages);
	return result < 0 ? (error.exit_code ? (int)error.exit_code : EXIT_CODE_USAGE) : 0;
}
