/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/gate_end.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "compare/gate.h"
#include "report/comparison.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct arguments {
	const char *baseline, *result, *policy, *junit;
	bool selftest, all;
};

enum exit_code cli_gate_policy(const char *command, const char *file, struct policy *policy)
{
	struct error error = {0};
	char *bytes;
	size_t length;
	struct text messages = {0};
	policy_default(policy);
	if (!file)
		return EXIT_CODE_OK;
	if (file_read_input(file, POLICY_FILE_BYTES_MAX, &bytes, &length, &error) < 0) {
		cli_say("iovabench %s: %s\n", command, error.message);
		return error.exit_code;
	}
	enum exit_code code = EXIT_CODE_OK;
	if (policy_parse(file, bytes, length, policy, &messages) < 0) {
		if (messages.bytes)
			cli_say("%s", messages.bytes);
		else
			cli_say("iovabench %s: no memory\n", command);
		code = messages.bytes ? EXIT_CODE_USAGE : EXIT_CODE_IO;
	}
	memory_release(bytes);
	text_release(&messages);
	return code;
}

enum exit_code cli_gate_open(struct cli_gate *gate, const char *command, const char *baseline, const char *policy)
{
	struct error error = {0};
	*gate = (struct cli_gate){.held = false};
	enum exit_code code = cli_gate_policy(command, policy, &gate->policy);
	if (code != EXIT_CODE_OK || !baseline)
		return code;
	if (cli_result_load(baseline, &gate->baseline, &error) < 0) {
		cli_say("iovabench %s: %s\n", command, error.message);
		return error.exit_code;
	}
	gate->held = true;
	return EXIT_CODE_OK;
}

void cli_gate_close(struct cli_gate *gate)
{
	result_release(&gate->baseline);
	gate->held = false;
}

static enum exit_code selftest(const struct policy *policy, struct error *error)
{
	struct gate_selftest found;
	struct text log = {0};
	int status = gate_selftest(policy, &found, &log, error);
	if (status == 0 && log.failed)
		status = error_set(error, EXIT_CODE_IO, "no memory for a self-test");
	if (status == 0)
		printf("%s%u of %u checks good\n", log.bytes, found.good, found.checks);
	text_release(&log);
	if (status < 0)
		return error->exit_code;
	return found.good == found.checks ? EXIT_CODE_OK : EXIT_CODE_MISSED;
}

static const char *note_of(const struct gate *gate, const struct result_comparison *row)
{
	if (gate->policy->weight[row->metric] == POLICY_ADVISORY)
		return "advisory:";
	switch (gate_row_outcome(gate->policy, row)) {
	case GATE_FAILED:
		return "FAILED:";
	case GATE_INCONCLUSIVE:
		return "OPEN:";
	default:
		return "";
	}
}

static int add_arm(const struct gate *gate, const struct gate_arm *arm, bool all, struct text *text)
{
	const struct result_arm *its = &gate->baseline->arms[arm->baseline];
	result_workload_label(&gate->baseline->workloads[its->workload], text);
	text_add(text, "  %s\n", its->spec);
	if (!arm->present) {
		text_add(text, "  FAILED: ");
		gate_tell_absent(arm, text);
		text_add(text, "\n\n");
		return 0;
	}
	const char **notes = memory_zeroed(arm->pair.row_count, sizeof notes[0]);
	if (!notes)
		return -1;
	for (size_t i = 0; i < arm->pair.row_count; i++)
		notes[i] = note_of(gate, &arm->pair.rows[i]);
	report_comparison_table(arm->pair.rows, arm->pair.row_count, all, notes, text);
	memory_release(notes);
	text_add(text, "\n");
	return 0;
}

/* What the baseline has not measured cannot fail, and somebody may count on it. */
static void add_not_gated(const struct gate *gate, struct text *text)
{
	for (size_t i = 0; i < gate->baseline->arm_count; i++) {
		const struct result_arm *arm = &gate->baseline->arms[i];
		/* Whatever else was not measured is told as a blind spot. */
		bool gated = arm->state != RESULT_ARM_NOT_APPLICABLE;
		for (size_t j = 0; j < gate->arm_count; j++)
			gated |= gate->arms[j].baseline == i;
		if (gated)
			continue;
		result_workload_label(&gate->baseline->workloads[arm->workload], text);
		text_add(text, "  %s\n  not gated: the baseline has no figures of it (%s)\n\n", arm->spec,
			 result_arm_state_name[arm->state]);
	}
}

static void add_blinds(const struct gate *gate, struct text *text)
{
	for (size_t i = 0; i < gate->blind_count; i++) {
		const struct gate_blind *blind = &gate->blinds[i];
		const struct result_arm *arm = &blind->result->arms[blind->arm];
		result_workload_label(&blind->result->workloads[arm->workload], text);
		text_add(text, "  %s\n  %s: ", arm->spec, blind->outcome == GATE_FAILED ? "FAILED" : "OPEN");
		gate_tell_blind(gate, blind, text);
		text_add(text, "\n\n");
	}
}

static int add_all(const struct gate *gate, bool all, bool quiet, struct text *text, struct error *error)
{
	static const char *const outcomes[] = {"passed", "inconclusive", "FAILED"};
	struct calibration calibration = {0};
	int status = quiet ? 0 : calibration_find(NULL, &calibration, error);
	for (size_t i = 0; i < gate->arm_count && !quiet; i++)
		text->failed |= add_arm(gate, &gate->arms[i], all, text) < 0;
	if (!quiet) {
		add_blinds(gate, text);
		add_not_gated(gate, text);
		calibration_tell(&calibration, gate->result, text);
	}
	if (gate->baseline->run.partial || gate->result->run.partial)
		text_add(text, "the run of %s was interrupted: not all of its rounds are there\n",
			 gate->result->run.partial ? "the result" : "the baseline");
	text_add(text, "gate: %s\n", outcomes[gate->outcome]);
	calibration_release(&calibration);
	return status;
}

enum exit_code cli_gate_tell(const struct cli_gate *held, const struct result *result, bool all, bool quiet,
			     struct text *text, struct text *junit, struct error *error)
{
	static const enum exit_code codes[] = {EXIT_CODE_OK, EXIT_CODE_INCONCLUSIVE, EXIT_CODE_MISSED};
	struct gate gate;
	assert(held->held);
	if (gate_open(&gate, &held->policy, &held->baseline, result, error) < 0)
		return error->exit_code;
	enum exit_code code = codes[gate.outcome];
	int status = add_all(&gate, all, quiet, text, error);
	if (junit)
		gate_junit(&gate, junit);
	if (status == 0 && (text->failed || (junit && junit->failed)))
		error_set(error, EXIT_CODE_IO, "no memory for the table");
	gate_close(&gate);
	return error->exit_code == EXIT_CODE_OK ? code : error->exit_code;
}

static enum exit_code gate(const struct arguments *arguments, struct cli_gate *held, struct error *error)
{
	struct result result = {0};
	struct text text = {0}, xml = {0};
	enum exit_code code = EXIT_CODE_OK;
	if (cli_result_load(arguments->result, &result, error) == 0) {
		code = cli_gate_tell(held, &result, arguments->all, false, &text, arguments->junit ? &xml : NULL, error);
		if (error->exit_code == EXIT_CODE_OK)
			cli_show(text.bytes);
		if (error->exit_code == EXIT_CODE_OK && arguments->junit)
			file_write_whole(arguments->junit, xml.bytes, xml.length, error);
	}
	result_release(&result);
	text_release(&text);
	text_release(&xml);
	return error->exit_code == EXIT_CODE_OK ? code : error->exit_code;
}

static const struct option_row rows[] = {
	{"baseline", 0, OPTION_TEXT, OPTION_SHOWS, "A", "takes a result", "the result that counts as good",
	 OPTION_AT(struct arguments, baseline)},
	{"policy", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file",
	 "which metrics are gated, advisory or ignored, and their thresholds; without one, exact metrics (failures, "
	 "fragmentation, span, page tables, steps, metadata) are gated and times advisory",
	 OPTION_AT(struct arguments, policy)},
	{"junit", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file", "also writes JUnit XML",
	 OPTION_AT(struct arguments, junit)},
	{"all", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "also the metrics that are no headline figures and not worse",
	 OPTION_AT(struct arguments, all)},
	{"selftest", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "plants a regression of every gated metric in a made-up result and shows that each is caught",
	 OPTION_AT(struct arguments, selftest)},
};

/* -1: go on; else the exit code. */
static int read_arguments(const struct cli_command *command, struct arguments *arguments, int argc, char **argv)
{
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){arguments, NULL}, &given);
	if (code >= 0)
		return code;
	if (arguments->selftest)
		return argc == given.first && !arguments->baseline && !arguments->junit
			       ? -1
			       : cli_usage(command, "--selftest makes its own results and takes no other");
	if (!arguments->baseline)
		return cli_usage(command, "needs --baseline A, the result that counts as good");
	if (argc - given.first != 1)
		return cli_usage(command, "takes one result");
	arguments->result = argv[given.first];
	const char *const words[] = {arguments->baseline, arguments->result, arguments->policy};
	return cli_one_standard_input(command, words, 3) ? -1 : EXIT_CODE_USAGE;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_gate held;
	struct error error = {0};
	int code = read_arguments(command, &arguments, argc, argv);
	if (code >= 0)
		return code;
	code = (int)cli_gate_open(&held, command->name, arguments.baseline, arguments.policy);
	if (code == EXIT_CODE_OK)
		code = arguments.selftest ? (int)selftest(&held.policy, &error) : (int)gate(&arguments, &held, &error);
	if (*error.message)
		cli_say("iovabench gate: %s\n", error.message);
	cli_gate_close(&held);
	return code;
}

const struct cli_command cli_gate = {
	.name = "gate",
	.about = "hold a result against a baseline, for CI",
	.usage = (const char *const[]){"--baseline A RESULT [--policy FILE] [--junit FILE] [--all]",
				       "--selftest [--policy FILE]", NULL},
	.text = "Holds every arm of a baseline against the same arm of RESULT (folders of runs, or their result.json).\n\n"
		"Exit codes: 0 passed, 1 a gated metric is worse, or an arm is missing or failed, "
		"4 a gated metric is inconclusive, or an arm of the baseline failed, "
		"2 results that cannot be compared or read, or a wrong policy, 7 a file that cannot be written.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
