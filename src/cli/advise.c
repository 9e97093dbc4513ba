/* SPDX-License-Identifier: MIT
 * Which allocator for my driver: a workload or a recording on all allocators, and the answer in sentences. */
#include "base/file.h"
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "cli/say.h"
#include "report/report.h"
#include "trace/fit.h"
#include "trace/import.h"
#include "trace/recording_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUDGET_SECONDS 30.0
#define SPACE_BYTES (UINT64_C(4) << 30)
#define ARGUMENTS_MAX 256

/* What stands before the words of the user, each unless it is among them. */
static const struct {
	const char *option, *value;
	bool always;
} preset[] = {{"-a", "all", true}, {"--against", "linux-lazy", false}, {"--rounds", "auto", false}};

static bool is_among(const char *option, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], option, strlen(option)) == 0)
			return true;
	return false;
}

/* Whether a file is no workload but what a kernel did. What cannot be read is told by whoever plays it. */
static bool is_recording(const char *path, bool *compact)
{
	struct file file;
	struct error error = {0};
	const char *head;
	size_t length;
	const char *ending = strrchr(path, '.');
	if (ending && (strcmp(ending, ".yaml") == 0 || strcmp(ending, ".yml") == 0))
		return false;
	if (strcmp(path, FILE_STANDARD_INPUT) == 0 || file_open_input(path, &file, &error) < 0)
		return false;
	bool read = file_peek(&file, &head, &length, &error) == 0;
	*compact = read && recording_is_compact(head, length);
	bool workload = read && !*compact && memmem(head, length, "iovabench:", strlen("iovabench:"));
	file_close(&file);
	return read && !workload;
}

/* The same name in the current folder, with another ending; what lies there is not touched. */
static int name_beside(const char *path, const char *ending, struct text *name, struct error *error)
{
	const char *base = strrchr(path, '/');
	base = base ? base + 1 : path;
	text_add(name, "%.*s%s", (int)strcspn(base, "."), base, ending);
	if (name->failed)
		return error_set(error, EXIT_CODE_IO, "no memory for a name");
	if (access(name->bytes, F_OK) == 0)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: is there already: advise it, or take it away to make it anew from %s", name->bytes,
				 path);
	return 0;
}

static int take_recording(const char *path, bool compact, struct recording *recording, struct error *error)
{
	struct import_options options;
	struct import_report report;
	struct text told = {0};
	if (compact)
		return recording_read(path, recording, error);
	import_options_default(&options);
	int result = recording_import(&path, 1, &options, recording, &report, error);
	if (result == 0)
		import_report_add(&report, &told);
	if (told.length && !told.failed)
		cli_say("%s", told.bytes);
	text_release(&told);
	return result;
}

static void add_replay(const struct recording *recording, const char *path, const char *compact, struct text *yaml)
{
	uint32_t page = recording_page_bytes(recording);
	const struct workload_space space = {.page_bytes = page, .first = 1, .end = SPACE_BYTES / page};
	text_add(yaml, "iovabench: 1\nname: replay\nabout: what a kernel did\nsource: ");
	text_add_json(yaml, path);
	text_add(yaml, "\n# 4 GiB without page 0, where the recording does not say: put in what its device can reach.\n");
	fit_add_space(&space, yaml);
	text_add(yaml, "cpus: %u\nphases:\n  - {name: replay, trace: {file: ", recording->cpus);
	text_add_json(yaml, compact);
	text_add(yaml, "}}\n");
}

/* Writes a recording as a workload: *name is its file. */
static int make_workload(const char *path, bool compact, struct text *name, struct error *error)
{
	struct recording recording;
	struct text file = {0}, yaml = {0};
	int result = name_beside(path, ".replay.yaml", name, error);
	if (result == 0)
		result = name_beside(path, ".replay.iovatrace", &file, error);
	if (result == 0)
		result = take_recording(path, compact, &recording, error);
	if (result == 0) {
		add_replay(&recording, path, file.bytes, &yaml);
		result = yaml.failed ? error_set(error, EXIT_CODE_IO, "no memory for a workload")
				     : recording_write(file.bytes, path, &recording, error);
		recording_release(&recording);
	}
	if (result == 0)
		result = file_write_whole(name->bytes, yaml.bytes, yaml.length, error);
	if (result == 0)
		cli_say("iovabench advise: %s is the workload that was made of %s\n", name->bytes, path);
	text_release(&file);
	text_release(&yaml);
	return result;
}

static int show(const struct run_arguments *arguments, const struct result *result, const char *folder)
{
	struct text text = {0}, json = {0};
	struct error error = {0};
	bool on_stdout = arguments->output.json && strcmp(arguments->output.json, "-") == 0;
	report_advice(result, cli_width(STDOUT_FILENO), &text);
	text_add(&text, "all of it: %s/report.html; as a table: iovabench report %s\n", folder, folder);
	int status = text.failed ? error_set(&error, EXIT_CODE_IO, "no memory for the answer")
				 : cli_write_report(result, folder, &error);
	if (!text.failed)
		fputs(text.bytes, on_stdout ? stderr : stdout);
	if (status == 0 && arguments->output.json)
		status = result_write(result, &json, &error);
	if (status == 0 && on_stdout)
		fputs(json.bytes, stdout);
	else if (status == 0 && arguments->output.json)
		status = file_write_whole(arguments->output.json, json.bytes, json.length, &error);
	text_release(&json);
	text_release(&text);
	if (status)
		cli_say("iovabench advise: %s\n", error.message);
	return status ? (int)error.exit_code : EXIT_CODE_OK;
}

/* What the time decides is not enough for a matrix: without --budget half a minute. */
static enum exit_code play(struct run_arguments *arguments)
{
	struct run_options options = arguments->run;
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	struct calibration calibration;
	calibration_of_run("advise", &calibration);
	options.calibration = &calibration;
	if (!(options.budget_seconds > 0))
		options.budget_seconds = BUDGET_SECONDS;
	enum exit_code code = run_matrix(&options, &result, &folder, &messages, &error);
	calibration_release(&calibration);
	if (messages.length)
		cli_say("%s", messages.bytes);
	if (*error.message)
		cli_say("iovabench advise: %s\n", error.message);
	if (error.exit_code == EXIT_CODE_OK) {
		cli_tell_faults("advise", &result);
		code = exit_code_of_both(code, (enum exit_code)show(arguments, &result, folder.bytes));
	} else {
		code = error.exit_code;
	}
	result_release(&result);
	text_release(&folder);
	text_release(&messages);
	return code;
}

/* Recordings become workloads in place. */
static int prepare(struct run_arguments *arguments, struct error *error)
{
	for (size_t i = 0; i < arguments->run.file_count; i++) {
		struct text name = {0};
		bool compact = false;
		if (!is_recording(arguments->files[i], &compact))
			continue;
		if (make_workload(arguments->files[i], compact, &name, error) < 0) {
			text_release(&name);
			return -1;
		}
		free(arguments->files[i]);
		arguments->files[i] = name.bytes;
	}
	return 0;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	char *words[ARGUMENTS_MAX];
	struct run_arguments arguments = {0};
	struct error error = {0};
	int count = 1;
	if (argc > ARGUMENTS_MAX - 8)
		return cli_usage(command, "too many words");
	words[0] = argv[0];
	for (size_t i = 0; i < sizeof preset / sizeof preset[0]; i++) {
		if (!preset[i].always && is_among(preset[i].option, argc, argv))
			continue;
		words[count++] = (char *)(uintptr_t)preset[i].option;
		words[count++] = (char *)(uintptr_t)preset[i].value;
	}
	for (int i = 1; i < argc; i++)
		words[count++] = argv[i];
	words[count] = NULL;
	int code = run_arguments_read(&arguments, command, count, words);
	if (code < 0 && prepare(&arguments, &error) < 0) {
		cli_say("iovabench advise: %s\n", error.message);
		code = (int)error.exit_code;
	}
	if (code < 0)
		code = (int)play(&arguments);
	run_arguments_release(&arguments);
	return code;
}

const struct cli_command cli_advise = {
	.name = "advise",
	.about = "tell which allocator fits a driver",
	.usage = (const char *const[]){"WORKLOAD|RECORDING... [-a SPEC]... [OPTION]...", NULL},
	.text = "Plays a workload on what Linux does and on every built-in, and says which fits: who fails requests, what "
		"each costs in time, page tables and memory, who is beaten in everything, what ages, and how sure that is. A "
		"recording of a kernel (text, or a compact file) becomes a workload first, NAME.replay.yaml in the current "
		"folder. Rounds go on until verdicts on time are no longer inconclusive, or for half a minute (--budget); -a "
		"adds allocators of your own.\n\n"
		"  iovabench advise nvme-lazy\n"
		"  iovabench advise trace.txt -a ./mine.so --budget 2m\n",
	.tables = {{run_argument_rows, RUN_ARGUMENT_ROWS,
		    (const char *const[]){"allocator", "sweep", "json", "quiet", NULL}},
		   {run_settings, RUN_SETTINGS,
		    (const char *const[]){"seed", "ops", "rounds", "against", "budget", "output", "cpus", "stall", "memory",
					  NULL}}},
	.run = run_command,
};
