/* SPDX-License-Identifier: MIT */
#include "cli/quick.h"

#include "allocator/registry.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "compare/quick.h"
#include "run/job.h"
#include "run/run.h"
#include "run/spawn.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of each allocator in a process. */
#define WINDOWS_MS 4u
/* Start and end take a part of the second. */
#define BUDGET_SECONDS 0.93

/* In a small space: what an allocator reserves for all of its pages is cleared for each process. */
static const char workload[] = "iovabench: 1\n"
			       "name: quick\n"
			       "about: 1 to 64 pages, a thousand live in 256 MiB, victims at random\n"
			       "space: {size: 256MiB}\n"
			       "requests: [{name: block, size: {powers_of_two: {min: 4KiB, max: 256KiB}}}]\n"
			       "phases:\n"
			       "  - {name: fill, mix: [{request: block}], until: {live: 1k}}\n"
			       "  - {name: churn, mix: [{request: block}], ops: 50k}\n";

/* The workload of our own is a file in memory only. */
static int name_workload(const struct quick *quick, int *descriptor, struct text *path, struct error *error)
{
	*descriptor = -1;
	if (quick->workload) {
		workload_folder_resolve(quick->workload, path);
	} else {
		*descriptor = spawn_memory_file("iovabench-quick", workload, sizeof workload - 1, error);
		if (*descriptor < 0)
			return -1;
		text_add(path, "/proc/self/fd/%d", *descriptor);
	}
	return path->failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
}

static enum exit_code measure(const struct quick *quick, const char *file, struct result *result, struct error *error)
{
	struct text folder = {0}, messages = {0};
	const struct run_options options = {.files = &file,
					    .file_count = 1,
					    .specs = quick->specs,
					    .spec_count = 2,
					    .named = (const bool[]){true, true},
					    .rounds = RUN_ROUNDS_MAX,
					    .latency = RUN_LATENCY_OFF,
					    .audit = true,
					    .paired = RUN_PAIRED_ONLY,
					    .paired_ms = WINDOWS_MS,
					    .brief = true,
					    .budget_seconds = BUDGET_SECONDS,
					    .rounds_least = compare_quick_processes_least(),
					    .stall_seconds = RUN_STALL_SECONDS_DEFAULT,
					    .command = "iovabench compare --quick"};
	enum exit_code code = run_matrix(&options, result, &folder, &messages, error);
	if (messages.length && !messages.failed)
		cli_say("%s", messages.bytes);
	if (code != EXIT_CODE_USAGE && code != EXIT_CODE_IO)
		cli_tell_faults("compare", result);
	text_release(&folder);
	text_release(&messages);
	return code;
}

static void add_ratios(const struct result_paired *paired, struct text *text)
{
	text_add(text, "  B / A by process, the median window:");
	for (size_t i = 0; i < paired->round_count; i++)
		if (isfinite(paired->round_typical[i]))
			text_add(text, " %.4f", paired->round_typical[i]);
	text_add(text, "\n");
}

static void add_evidence(const struct result_paired *paired, const struct result_comparison *row, struct text *text)
{
	text_add(text, "  windows of %u operations by turns, %.3g %% of the pairs disturbed\n", paired->window_words,
		 100 * paired->tainted_share);
	add_ratios(paired, text);
	text_add(text, "  median %.4f", row->ratio);
	if (isfinite(row->ci_low))
		text_add(text, ", %.1f %% interval [%.4f, %.4f]", 100 * COMPARE_QUICK_LEVEL, row->ci_low, row->ci_high);
	text_add(text, ", threshold %.3g %%; the sum of all windows %.4f\n", 100 * row->threshold, paired->ratio);
}

static void tell(const struct quick *quick, const struct result *result, const struct result_paired *paired,
		 enum compare_quick answer, const struct result_comparison *row, double seconds)
{
	struct text text = {0};
	compare_quick_tell(answer, row, &text);
	text_add(&text, ", %u processes, %.1f s\n", paired->rounds, seconds);
	text_add(&text, "  A = %s\n  B = %s\n  workload %s\n", quick->specs[0], quick->specs[1], result->workloads[0].name);
	if (paired->rounds)
		add_evidence(paired, row, &text);
	if (row->reason)
		text_add(&text, "  %s\n", row->reason);
	if (!text.failed)
		fputs(text.bytes, stdout);
	text_release(&text);
}

static int tell_json(const struct quick *quick, const struct result *result, const struct result_paired *paired,
		     enum compare_quick answer, const struct result_comparison *row, double seconds, struct error *error)
{
	struct json_writer writer = {false};
	struct text text = {0};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", "iovabench.quick/1");
	json_put_text(&writer, document, "a", quick->specs[0]);
	json_put_text(&writer, document, "b", quick->specs[1]);
	json_put_text(&writer, document, "workload", result->workloads[0].name);
	json_put_text(&writer, document, "answer", compare_quick_name[answer]);
	json_put_double(&writer, document, "ratio", row->ratio);
	json_put_double(&writer, document, "ci_low", row->ci_low);
	json_put_double(&writer, document, "ci_high", row->ci_high);
	json_put_double(&writer, document, "level", row->level);
	json_put_double(&writer, document, "threshold", row->threshold);
	json_put_double(&writer, document, "ratio_sum", paired->ratio);
	json_put_u64(&writer, document, "processes", paired->rounds);
	json_put_double(&writer, document, "seconds", seconds);
	json_put_text(&writer, document, "reason", row->reason ? row->reason : "");
	json_t *ratios = json_put_array(&writer, document, "ratios");
	for (size_t i = 0; i < paired->round_count; i++)
		if (isfinite(paired->round_typical[i]))
			json_append(&writer, ratios, json_real(paired->round_typical[i]));
	int status = json_finish(&writer, document, true, "comparison", &text, error);
	if (status == 0)
		fwrite(text.bytes, 1, text.length, stdout);
	text_release(&text);
	return status;
}

static enum exit_code answer(const struct quick *quick, const struct result *result, uint64_t began_ns, struct error *error)
{
	static const enum exit_code codes[COMPARE_QUICK_COUNT] = {EXIT_CODE_OK, EXIT_CODE_MISSED, EXIT_CODE_OK,
								  EXIT_CODE_INCONCLUSIVE};
	const struct result_paired *paired = result_paired_find(&result->arms[1], 0, RESULT_CONDITION_HOT);
	struct result_comparison row;
	enum compare_quick found;
	if (!paired) {
		const char *reason = result->arms[1].paired_reason;
		return (enum exit_code)(error_set(error, EXIT_CODE_INCONCLUSIVE,
						  "A and B were not held against each other%s%s", reason ? ": " : "",
						  reason ? reason : ""),
					error->exit_code);
	}
	int status = compare_quick(paired, quick->threshold, &found, &row, error);
	double seconds = (double)(clock_system_ns() - began_ns) / 1e9;
	if (status == 0 && quick->json)
		status = tell_json(quick, result, paired, found, &row, seconds, error);
	else if (status == 0)
		tell(quick, result, paired, found, &row, seconds);
	memory_release(row.reason);
	return status == 0 ? codes[found] : error->exit_code;
}

static int check_specs(const struct quick *quick, struct error *error)
{
	for (int i = 0; i < 2; i++) {
		struct error wrong = {0};
		if (strlen(quick->specs[i]) >= JOB_SPEC_BYTES_MAX)
			return error_set(error, EXIT_CODE_USAGE, "%c: a spec has at most %d characters", 'A' + i,
					 JOB_SPEC_BYTES_MAX - 1);
		if (allocator_spec_check(quick->specs[i], &wrong) < 0)
			return error_set(error, wrong.exit_code, "%c: %s", 'A' + i, wrong.message);
	}
	return 0;
}

enum exit_code quick_compare(const struct quick *quick, struct error *error)
{
	uint64_t began_ns = clock_system_ns();
	struct result result = {0};
	struct text path = {0};
	int descriptor = -1;
	enum exit_code code = EXIT_CODE_OK;
	if (check_specs(quick, error) == 0 && name_workload(quick, &descriptor, &path, error) == 0)
		code = measure(quick, path.bytes, &result, error);
	if (error->exit_code == EXIT_CODE_OK && code == EXIT_CODE_OK)
		code = answer(quick, &result, began_ns, error);
	if (descriptor >= 0)
		close(descriptor);
	text_release(&path);
	result_release(&result);
	return error->exit_code != EXIT_CODE_OK ? error->exit_code : code;
}
