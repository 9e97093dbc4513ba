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
#include "play/bare.h"
#include "run/plan.h"
#include "workload/workload_yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#define LABEL_BYTES 256u

static void measured(void *engine, const struct op *ops, size_t count)
{
	CALLGRIND_TOGGLE_COLLECT;
	bare_measured(engine, ops, count);
	CALLGRIND_TOGGLE_COLLECT;
}

static int play_arm(const struct plan *plan, const char *text, struct error *error)
{
	struct allocator_spec spec;
	struct bare_figures figures;
	char label[LABEL_BYTES];
	if (allocator_spec_open(text, &spec, error) < 0)
		return -1;
	CALLGRIND_ZERO_STATS;
	int result = bare_play(&plan->workload, plan->stream, &spec, measured, &figures, error);
	snprintf(label, sizeof label, "%s %s", text, plan->workload.name);
	CALLGRIND_DUMP_STATS_AT(label);
	if (result == 0)
		printf("%-24s %-20s %10" PRIu64 " %10.2f %016" PRIx64 "\n", text, plan->workload.name, figures.operations,
		       (double)figures.cpu_ns / (double)figures.operations, figures.placement_hash);
	allocator_spec_close(&spec);
	return result;
}

static int play_all(const struct plan *plan, char **specs, int count, struct error *error)
{
	int result = 0;
	for (int i = 0; i < count && result == 0; i++)
		result = play_arm(plan, specs[i], error);
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
