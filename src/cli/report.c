/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "report/report.h"
#include "result/result.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static void json(const struct result *result, struct text *text)
{
	struct error error = {0};
	if (result_write(result, text, &error) < 0)
		text->failed = true;
}

static const struct format {
	const char *name;
	void (*write)(const struct result *result, struct text *text);
} formats[] = {{"html", report_html}, {"md", report_markdown}, {"csv", report_csv}, {"json", json}};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	fprintf(stderr, "iovabench report: --format '%s': takes html, md, csv or json\n", name);
	return NULL;
}

static void help(void)
{
	puts("usage: iovabench report RESULT [-o FILE] [--format html|md|csv|json]\n\n"
	     "Makes a report from a result: a folder that run has written, or its result.json. The default format is html "
	     "when -o ends in\n"
	     ".html, else md on standard output.");
}

static enum exit_code write_out(const struct result *result, const struct format *format, const char *output,
				struct error *error)
{
	struct text text = {0};
	format->write(result, &text);
	if (text.failed)
		error_set(error, EXIT_CODE_IO, "no memory for the report");
	else if (output)
		file_write_whole(output, text.bytes, text.length, error);
	else
		fwrite(text.bytes, 1, text.length, stdout);
	text_release(&text);
	return error->exit_code;
}

int cli_report(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{"format", required_argument, NULL, 'f'},
						{"output", required_argument, NULL, 'o'},
						{0}};
	const struct format *format = NULL;
	const char *output = NULL;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1;) {
		if (option == 'h') {
			help();
			return EXIT_CODE_OK;
		}
		if (option == 'o')
			output = optarg;
		if (option == '?' || option == ':')
			return cli_bad_option("report", argv, options, option);
		if (option == 'f' && !(format = find_format(optarg)))
			return EXIT_CODE_USAGE;
	}
	if (argc - optind != 1) {
		fprintf(stderr, "iovabench report: takes one result; iovabench report --help tells more\n");
		return EXIT_CODE_USAGE;
	}
	if (!format) {
		const char *dot = output ? strrchr(output, '.') : NULL;
		format = find_format(dot && strcmp(dot, ".html") == 0 ? "html" : "md");
	}
	struct result result = {0};
	struct error error = {0};
	if (cli_result_load(argv[optind], &result, &error) == 0) {
		write_out(&result, format, output, &error);
		result_release(&result);
	}
	if (*error.message)
		fprintf(stderr, "iovabench report: %s\n", error.message);
	return (int)error.exit_code;
}
