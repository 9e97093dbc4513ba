/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "report/report.h"
#include "result/result.h"

#include <stdio.h>
#include <string.h>

static void html(const struct result *result, bool all, struct text *text)
{
	(void)all; /* it has them, folded */
	report_html(result, text);
}

static void csv(const struct result *result, bool all, struct text *text)
{
	(void)all;
	report_csv(result, text);
}

static void json(const struct result *result, bool all, struct text *text)
{
	struct error error = {0};
	(void)all;
	if (result_write(result, text, &error) < 0)
		text->failed = true;
}

static const struct format {
	const char *name;
	void (*write)(const struct result *result, bool all, struct text *text);
} formats[] = {{"html", html}, {"md", report_markdown}, {"csv", csv}, {"json", json}};

static enum exit_code write_out(const struct result *result, const struct format *format, bool all, const char *output,
				struct error *error)
{
	struct text text = {0};
	format->write(result, all, &text);
	if (text.failed)
		error_set(error, EXIT_CODE_IO, "no memory for the report");
	else if (output)
		file_write_whole(output, text.bytes, text.length, error);
	else
		fwrite(text.bytes, 1, text.length, stdout);
	text_release(&text);
	return error->exit_code;
}

static const char *const format_names[] = {"html", "md", "csv", "json", NULL};
_Static_assert(sizeof formats / sizeof formats[0] + 1 == sizeof format_names / sizeof format_names[0],
	       "--format takes every format");

struct arguments {
	unsigned format; /* index of formats */
	const char *output;
	bool all;
};

static const struct option_row rows[] = {
	{"format", 0, OPTION_CHOICE, OPTION_SHOWS, "html|md|csv|json", "takes html, md, csv or json",
	 "default: by the ending of -o; md without -o", OPTION_AT(struct arguments, format), .choices = format_names},
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file", "default: standard output",
	 OPTION_AT(struct arguments, output)},
	{"all", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "md: of comparisons also the exact metrics that are no headline figures", OPTION_AT(struct arguments, all)},
};

/* By the ending of a file; Markdown without a file. false: it ends in something else. */
static bool format_of(const char *output, unsigned *format)
{
	enum { MARKDOWN = 1 };
	const char *dot = output ? strrchr(output, '.') : NULL;
	*format = MARKDOWN;
	if (!output || strncmp(output, "/dev/", 5) == 0)
		return true;
	for (*format = 0; dot && format_names[*format]; ++*format)
		if (strcmp(dot + 1, format_names[*format]) == 0)
			return true;
	return false;
}

/* Several are parts of one matrix: merged as iovabench merge does, but for their journals. */
static int load(char **paths, size_t count, struct result *result, struct error *error)
{
	struct result *parts = NULL;
	struct text told = {0};
	if (count == 1)
		return cli_result_load(paths[0], result, error);
	int status = cli_results_load(paths, count, &parts, error);
	if (status == 0)
		status = result_merge(result, parts, count, "iovabench report", &told, error);
	if (told.length)
		cli_say("%s", told.bytes);
	if (status < 0 && error->exit_code == EXIT_CODE_USAGE && parts && parts[count - 1].arms)
		cli_say("note: iovabench history shows the same arms in several results, compare holds two against "
			"each other\n");
	text_release(&told);
	cli_results_release(parts, count);
	return status;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	size_t count = (size_t)(argc - given.first);
	if (!count)
		return cli_usage(command, "takes a result, or several");
	if (!cli_one_standard_input(command, (const char *const *)(argv + given.first), count))
		return EXIT_CODE_USAGE;
	if (!cli_was_given(command, &given, "format") && !format_of(arguments.output, &arguments.format))
		return cli_usage(
			command,
			"-o takes a file that ends in .html, .md, .csv or .json, unless --format tells what it is");
	struct result result = {0};
	struct error error = {0};
	if (load(argv + given.first, count, &result, &error) == 0)
		write_out(&result, &formats[arguments.format], arguments.all, arguments.output, &error);
	result_release(&result);
	if (*error.message)
		cli_say("iovabench report: %s\n", error.message);
	return (int)error.exit_code;
}

const struct cli_command cli_report = {
	.name = "report",
	.about = "make a report of results again: html, md, csv or json",
	.usage = (const char *const[]){"RESULT... [-o FILE] [--format html|md|csv|json] [--all]", NULL},
	.text = "Makes a report from a result: a folder that run has written, or its result.json; from several\n"
		"one, when no arm is in two of them.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
