/* SPDX-License-Identifier: MIT */
#include "cli/plugin_bench.h"

#include "base/file.h"
#include "cli/say.h"
#include "cli/workload_folder.h"
#include "play/bare.h"
#include "run/plan.h"
#include "verify/child.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RUNS 3u
#define STALL_SECONDS 600.0
#define SIMULATED_SHARE 8u

/* Shared with the process that plays. */
struct outcome {
	struct bare_figures figures;
	struct error error;
};

struct arm {
	const struct plan *plan;
	const char *spec;
	struct outcome *outcome;
};

static void play(const struct arm *arm)
{
	struct allocator_spec spec;
	struct outcome *outcome = arm->outcome;
	if (allocator_spec_open(arm->spec, &spec, &outcome->error) < 0)
		return;
	bare_play(&arm->plan->workload, arm->plan->stream, &spec, bare_measured, &outcome->figures, &outcome->error);
	allocator_spec_close(&spec);
}

static void play_body(void *context, struct verify_mail *mail)
{
	play(context);
	mail->done = true;
}

static int open_plan(const struct plugin_bench *bench, uint64_t ops, struct plan *plan, struct error *error)
{
	const struct plan_changes changes = {.ops = ops};
	struct text path = {0}, messages = {0};
	char *bytes;
	size_t length;
	workload_folder_resolve(bench->workload, &path);
	int result = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path")
				 : file_read_input(path.bytes, WORKLOAD_FILE_BYTES_MAX, &bytes, &length, error);
	if (result == 0 && plan_open(plan, path.bytes, bytes, length, &changes, &messages, error) < 0)
		result = error_set(error, EXIT_CODE_USAGE, "%s cannot be played", bench->workload);
	if (messages.length)
		cli_say("%s", messages.bytes);
	text_release(&messages);
	text_release(&path);
	return result;
}

/* The least of some runs; NaN, and a message, when it cannot be played. */
static double cpu_ns(const struct plan *plan, const char *spec, struct bare_figures *figures, struct error *error)
{
	const struct verify_limits limits = {.stall_seconds = STALL_SECONDS};
	double least = INFINITY;
	for (unsigned run = 0; run < RUNS && error->exit_code == EXIT_CODE_OK; run++) {
		struct verify_outcome ended;
		struct outcome *outcome = verify_shared(sizeof *outcome);
		if (!outcome) {
			error_set(error, EXIT_CODE_IO, "no memory for a process");
			break;
		}
		struct arm arm = {plan, spec, outcome};
		if (verify_child(play_body, &arm, &limits, &ended, error) == 0) {
			*figures = outcome->figures;
			if (outcome->error.exit_code != EXIT_CODE_OK)
				error_set(error, outcome->error.exit_code, "%.1000s", outcome->error.message);
			else if (ended.state != VERIFY_HELD)
				error_set(error, EXIT_CODE_VIOLATION, "%s %s", spec, ended.message);
		}
		double ns = (double)figures->cpu_ns / (double)(figures->operations ? figures->operations : 1);
		least = ns < least ? ns : least;
		verify_unshare(outcome, sizeof *outcome);
	}
	return error->exit_code == EXIT_CODE_OK ? least : (double)NAN;
}

/* Of operations of measured phases, as valgrind counts them; NaN when it is not there. */
static double instructions(const struct plugin_bench *bench, const char *spec)
{
	char self[PATH_MAX], line[512];
	struct text command = {0};
	double counted = NAN, operations = NAN;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length <= 0)
		return counted;
	self[length] = '\0';
	text_add(&command, "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=bare_measured");
	text_add_word(&command, self);
	text_add(&command, " plugin bench --here --ops %" PRIu64 " -w", bench->ops / SIMULATED_SHARE + 1000);
	text_add_word(&command, bench->workload);
	text_add_word(&command, spec);
	text_add(&command, " 2>&1");
	FILE *output = command.failed ? NULL : popen(command.bytes, "r");
	while (output && fgets(line, sizeof line, output)) {
		const char *at = strstr(line, "Collected : ");
		if (at)
			counted = strtod(at + strlen("Collected : "), NULL);
		sscanf(line, "operations %lf", &operations);
	}
	if (output)
		pclose(output);
	text_release(&command);
	return counted / operations;
}

static int play_here(const struct plan *plan, const char *spec, struct error *error)
{
	struct outcome outcome = {0};
	const struct arm arm = {plan, spec, &outcome};
	play(&arm);
	if (outcome.error.exit_code != EXIT_CODE_OK)
		return error_set(error, outcome.error.exit_code, "%.1000s", outcome.error.message);
	printf("operations %" PRIu64 "\n", outcome.figures.operations);
	return 0;
}

/* A line of the table; the first one is the harness, which the others are held against. */
static enum exit_code add_arm(const struct plugin_bench *bench, const struct plan *plan, const char *spec,
			      double harness[2], struct text *table)
{
	struct bare_figures figures = {0};
	struct error error = {0};
	double ns = cpu_ns(plan, spec, &figures, &error);
	if (error.exit_code != EXIT_CODE_OK) {
		text_add(table, "%-32s %s\n", spec, error.message);
		return error.exit_code;
	}
	double counted = bench->instructions ? instructions(bench, spec) : (double)NAN;
	if (isnan(harness[0])) {
		harness[0] = ns;
		harness[1] = counted;
	}
	text_add(table, "%-32s %13.1f %13.1f", spec, ns, ns - harness[0]);
	if (isfinite(counted))
		text_add(table, " %13.1f %13.1f", counted, counted - harness[1]);
	else if (bench->instructions)
		text_add(table, " %13s %13s", "-", "-");
	text_add(table, " %12" PRIu64 "  %016" PRIx64 "\n", figures.operations, figures.placement_hash);
	return EXIT_CODE_OK;
}

static enum exit_code bench_all(const struct plugin_bench *bench, const struct plan *plan, const char *const *specs,
				size_t count)
{
	struct text table = {0};
	double harness[2] = {NAN, NAN};
	enum exit_code code = EXIT_CODE_OK;
	text_add(&table, "%-32s %13s %13s", plan->workload.name, "CPU ns/op", "less null");
	if (bench->instructions)
		text_add(&table, " %13s %13s", "instr/op", "less null");
	text_add(&table, " %12s  %s\n", "operations", "placement");
	add_arm(bench, plan, "null", harness, &table);
	for (size_t i = 0; i < count; i++)
		code = exit_code_of_both(code, add_arm(bench, plan, specs[i], harness, &table));
	if (table.failed)
		return EXIT_CODE_IO;
	cli_show(table.bytes);
	if (bench->instructions && !isfinite(harness[1]))
		cli_say("iovabench plugin bench: no instructions were counted: is valgrind installed?\n");
	text_release(&table);
	return code;
}

int plugin_bench(const struct plugin_bench *bench, const char *const *specs, size_t count)
{
	struct plan plan = {0};
	struct error error = {0};
	enum exit_code code = EXIT_CODE_OK;
	for (size_t i = 0; i < count; i++)
		if (allocator_spec_check(specs[i], &error) < 0)
			break;
	if (error.exit_code == EXIT_CODE_OK && open_plan(bench, bench->ops, &plan, &error) == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (bench->here)
			play_here(&plan, specs[0], &error);
		else
			code = bench_all(bench, &plan, specs, count);
		plan_close(&plan);
	}
	if (*error.message)
		cli_say("iovabench plugin bench: %s\n", error.message);
	return (int)exit_code_of_both(code, error.exit_code);
}
