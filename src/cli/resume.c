/* SPDX-License-Identifier: MIT */
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* It may have been killed between its result and its report. What went wrong in it is told again. */
static void complete(const char *folder, struct error *error)
{
	struct text path = {0};
	struct result result;
	text_add(&path, "%s/report.html", folder);
	if (!path.failed && cli_result_load(folder, &result, error) == 0) {
		if (access(path.bytes, F_OK) < 0)
			cli_write_report(&result, folder, error);
		cli_tell_faults("resume", &result);
		if (result.run.trouble)
			cli_say("iovabench resume: %s\n", result.run.trouble);
		result_release(&result);
	}
	text_release(&path);
}

static enum exit_code resume(const char *name, uint32_t rounds, const struct cli_output *output)
{
	struct calibration calibration;
	struct run_options options = {.progress = cli_progress(output->quiet), .calibration = &calibration};
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	bool finished;
	calibration_of_run("resume", &calibration);
	enum exit_code code = run_resume(name, rounds, &options, &result, &folder, &messages, &finished, &error);
	calibration_release(&calibration);
	if (!finished)
		return cli_end_run("resume", code, output, &result, &folder, &messages, &error);
	if (messages.length)
		cli_say("%s", messages.bytes);
	text_release(&messages);
	if (error.exit_code == EXIT_CODE_OK)
		complete(name, &error);
	if (*error.message)
		cli_say("iovabench resume: %s\n", error.message);
	else if (!output->quiet)
		cli_say("%s: this run is finished; nothing was run\n", name);
	return error.exit_code == EXIT_CODE_OK ? code : error.exit_code;
}

static const struct option_row rows[] = {
	{"json", 0, OPTION_TEXT, OPTION_SHOWS, "FILE|-", "takes a file, or - for standard output",
	 "the document, also there; with - the table goes to standard error", OPTION_AT(struct cli_output, json)},
	{"color", 0, OPTION_CHOICE, OPTION_SHOWS, "WHEN", "takes auto, always or never", "auto (default), always, never",
	 OPTION_AT(struct cli_output, color), .choices = cli_colors},
	{"quiet", 'q', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "no table, no progress", OPTION_AT(struct cli_output, quiet)},
	{"all", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "of comparisons also the exact metrics that are no headline figures", OPTION_AT(struct cli_output, all)},
};

static const struct option_row round_rows[] = {
	{"rounds", 0, OPTION_NUMBER, OPTION_SHOWS, "N", "takes a whole number from 1 to 100000",
	 "play on until there are N rounds, also of a run that is finished or was to end by itself; N is not below the rounds "
	 "that there are",
	 OPTION_AT(struct run_options, rounds), .minimum = 1, .maximum = RUN_ROUNDS_MAX},
};
_Static_assert(RUN_ROUNDS_MAX == 100000, "what it takes tells this");

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_output output = {0};
	struct run_options more = {0};
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){&output, &more}, &given);
	if (code >= 0)
		return code;
	if (argc - given.first != 1)
		return cli_usage(command, "takes the folder of one run");
	return (int)resume(argv[given.first], more.rounds, &output);
}

const struct cli_command cli_resume = {
	.name = "resume",
	.about = "go on with a run that was interrupted or killed, or play more rounds of it",
	.usage = (const char *const[]){"DIR [--rounds N] [--json FILE|-] [--color WHEN] [-q] [--all]", NULL},
	.text = "Goes on with a run that was interrupted or killed: what its journal has is not run again. "
		"The result is that of a run that was not interrupted. Processes that failed by trouble of the machine "
		"(killed from outside, no memory, no space) are run again.\n"
		"A finished run is left as it is, and its exit code is given again, unless --rounds asks for more.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL},
		   {round_rows, sizeof round_rows / sizeof round_rows[0], NULL}},
	.run = run_command,
};
