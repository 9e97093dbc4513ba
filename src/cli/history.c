/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "report/history.h"

#include <stdio.h>
#include <string.h>

struct arguments {
	const char *output, *reference;
};

static const struct option_row rows[] = {
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file",
	 "a page (.html) or a table (.csv); default: the table on standard output", OPTION_AT(struct arguments, output)},
	{"reference", 0, OPTION_TEXT, OPTION_SHOWS, "SPEC", "takes the SPEC of an arm",
	 "times are ratios to this arm (default: that which an arm was held against first)",
	 OPTION_AT(struct arguments, reference)},
};

static bool ends_in(const char *path, const char *ending)
{
	const char *dot = strrchr(path, '.');
	return dot && strcmp(dot, ending) == 0;
}

static void write_out(const struct history *history, const char *output, struct error *error)
{
	struct text text = {0};
	if (output && ends_in(output, ".html"))
		history_html(history, &text);
	else
		history_csv(history, &text);
	if (text.failed)
		error_set(error, EXIT_CODE_IO, "no memory for the history");
	else if (output)
		file_write_whole(output, text.bytes, text.length, error);
	else
		fwrite(text.bytes, 1, text.length, stdout);
	text_release(&text);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_given given;
	struct error error = {0};
	struct result *results = NULL;
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	size_t count = (size_t)(argc - given.first);
	if (!count)
		return cli_usage(command, "takes results, of the same arms at several times");
	if (!cli_one_standard_input(command, (const char *const *)(argv + given.first), count))
		return EXIT_CODE_USAGE;
	if (arguments.output && strncmp(arguments.output, "/dev/", 5) != 0 && !ends_in(arguments.output, ".html") &&
	    !ends_in(arguments.output, ".csv"))
		return cli_usage(command, "-o takes a file that ends in .html or .csv");
	if (cli_results_load(argv + given.first, count, &results, &error) == 0)
		write_out(&(struct history){results, count, arguments.reference}, arguments.output, &error);
	cli_results_release(results, count);
	if (*error.message)
		cli_say("iovabench history: %s\n", error.message);
	return (int)error.exit_code;
}

const struct cli_command cli_history = {
	.name = "history",
	.about = "the same arms in many results: what changed, and when",
	.usage = (const char *const[]){"RESULT... [-o FILE.html|csv] [--reference SPEC]", NULL},
	.text = "Shows the headline figures of the same arms in several results, in the order in which these were made:\n"
		"exact ones as they are, times as ratios to a reference arm, by pairs, which holds from one machine to the\n"
		"next. A change is an exact figure that is another one, or a ratio whose interval does not touch that of the\n"
		"first run since the last change.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
