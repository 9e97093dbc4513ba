/* SPDX-License-Identifier: MIT
 * Which allocator for my driver: a workload or a recording on all allocators, and the answer in sentences. */
#include "base/file.h"
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
#define ARGUMENTS_MAX 256

/* What stands before the words of the user: allocators beside theirs, the others unless they give them. */
static const struct {
	const char *option, *word, *value;
	bool always;
} preset[] = {{"allocator", "--allocator", "all", true},
	      {"against", "--against", "linux-lazy", false},
	      {"rounds", "--rounds", "auto", false}};
enum { PRESETS = sizeof preset / sizeof preset[0] };

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
		const struct workload_space space = fit_space(&recording);
		fit_add_replay(&recording, &space, path, file.bytes, &yaml);
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

/* Recordings become workloads in place. */
static int prepare(struct run_arguments *arguments, struct error *error)
{
	for (size_t i = 0; i < arguments->run.file_count; i++) {
		struct text name = {0};
		bool compact = false;
		if (!is_recording(arguments->files.list[i], &compact))
			continue;
		if (make_workload(arguments->files.list[i], compact, &name, error) < 0) {
			text_release(&name);
			return -1;
		}
		free(arguments->files.list[i]);
		arguments->files.list[i] = name.bytes;
	}
	return 0;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	char *words[ARGUMENTS_MAX];
	struct run_arguments arguments = {0};
	struct error error = {0};
	int count = 1;
	if (argc >= ARGUMENTS_MAX - 2 * PRESETS)
		return cli_usage(command, "too many words");
	words[0] = argv[0];
	for (size_t i = 0; i < PRESETS; i++) {
		if (!preset[i].always && cli_is_among(command, preset[i].option, argc - 1, argv + 1))
			continue;
		words[count++] = (char *)(uintptr_t)preset[i].word;
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
	/* All allocators on all pairs take what time there is. */
	if (!(arguments.run.budget_seconds > 0))
		arguments.run.budget_seconds = BUDGET_SECONDS;
	arguments.output.answer = report_advice;
	if (code < 0)
		code = run_arguments_play(&arguments);
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
