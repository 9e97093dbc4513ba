/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "trace/import.h"
#include "trace/recording_file.h"
#include "trace/stat.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: iovabench trace import FILE -o OUT.iovatrace [--domain N]\n"
	"       iovabench trace stat FILE [--json] [--domain N]\n"
	"\n"
	"import   turns the text of a kernel recording into a compact file that a workload can replay\n"
	"stat     tells what is in a compact file or in the text of a recording\n"
	"\n"
	"FILE is text from tracefs, 'perf script' or 'trace-cmd report', plain or packed with zstd; '-' is standard\n"
	"input. It holds probes on the kernel's allocator (allocret and freei: exact), or map and unmap events of the\n"
	"group iommu (rebuilt: one device only). docs/traces.md tells how to record them and what the rules are.\n"
	"\n"
	"  -o, --output OUT   the compact file; it appears only when it is complete\n"
	"  -d, --domain N     keep one domain, counted from 0 in the order in which they appear; default: all\n"
	"  -j, --json         figures as JSON\n"
	"  -h, --help         this text\n"
	"\n"
	"Examples\n"
	"  iovabench trace import trace.txt -o mine.iovatrace       then in a workload:\n"
	"      phases: [{name: replay, trace: {file: mine.iovatrace, repeat: 5, between: drain}}]\n"
	"  ssh host cat /sys/kernel/tracing/trace | iovabench trace import - -o mine.iovatrace\n"
	"  iovabench trace stat mine.iovatrace --json\n";

struct trace_options {
	const char *file;
	const char *output;
	uint32_t domain;
	bool json;
	bool help;
};

static int parse_domain(const char *word, uint32_t *domain, struct error *error)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || errno || value >= IMPORT_DOMAINS_MAX)
		return error_set(error, EXIT_CODE_USAGE, "trace: --domain %s: a number from 0 to %d is wanted", word,
				 IMPORT_DOMAINS_MAX - 1);
	*domain = (uint32_t)value;
	return 0;
}

static int parse_options(int argc, char **argv, struct trace_options *options, struct error *error)
{
	static const struct option known[] = {
		{"output", required_argument, NULL, 'o'},
		{"domain", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	*options = (struct trace_options){.domain = IMPORT_DOMAIN_ALL};
	optind = 0; /* glibc: start again, argv may be another one */
	opterr = 0;
	int option;
	while ((option = getopt_long(argc, argv, ":o:d:jh", known, NULL)) != -1) {
		const char *word = argv[optind - 1];
		switch (option) {
		case 'o':
			options->output = optarg;
			break;
		case 'd':
			if (parse_domain(optarg, &options->domain, error))
				return -1;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			options->help = true;
			break;
		case ':':
			return error_set(error, EXIT_CODE_USAGE, "trace: %s needs a value", word);
		default:
			return error_set(error, EXIT_CODE_USAGE,
					 "trace: unknown option %s; 'iovabench trace --help' tells them", word);
		}
	}
	if (options->help)
		return 0;
	if (optind + 1 != argc)
		return error_set(error, EXIT_CODE_USAGE, "trace %s: one FILE is wanted, %d given", argv[0], argc - optind);
	options->file = argv[optind];
	return 0;
}

static int print_text(struct text *text, FILE *to, struct error *error)
{
	if (text->failed)
		return error_set(error, EXIT_CODE_IO, "trace: no memory for the output");
	if (fwrite(text->bytes, 1, text->length, to) != text->length || fflush(to))
		return error_set(error, EXIT_CODE_IO, "trace: cannot write the output: %s", strerror(errno));
	return 0;
}

static int import_text(struct file *file, uint32_t domain, struct recording *recording, struct error *error)
{
	struct import_report report;
	if (recording_import_open(file, domain, recording, &report, error))
		return -1;
	struct text facts = {0};
	import_report_add(&report, &facts);
	int result = print_text(&facts, stderr, error);
	text_release(&facts);
	if (result)
		recording_release(recording);
	return result;
}

static int run_import(const struct trace_options *options, struct error *error)
{
	if (!options->output)
		return error_set(error, EXIT_CODE_USAGE,
				 "trace import: -o OUT.iovatrace is missing: where shall the recording go?");
	if (options->json)
		return error_set(error, EXIT_CODE_USAGE, "trace import: --json belongs to 'trace stat'");
	struct recording recording;
	struct file file;
	if (file_open_input(options->file, &file, error))
		return -1;
	int result = import_text(&file, options->domain, &recording, error);
	file_close(&file);
	if (result)
		return -1;
	char *copy = strdup(options->file);
	result =
		copy ? recording_write(options->output, strcmp(copy, FILE_STANDARD_INPUT) == 0 ? file.name : basename(copy),
				       &recording, error)
		     : error_set(error, EXIT_CODE_IO, "trace import: no memory");
	free(copy);
	recording_release(&recording);
	return result;
}

static int read_either(const struct trace_options *options, struct file *file, struct recording *recording,
		       struct error *error)
{
	const char *head;
	size_t length;
	if (file_peek(file, &head, &length, error))
		return -1;
	if (!recording_is_compact(head, length))
		return import_text(file, options->domain, recording, error);
	if (options->domain != IMPORT_DOMAIN_ALL)
		return error_set(error, EXIT_CODE_USAGE, "trace stat: --domain is for text; choose when importing");
	return recording_take(file, recording, error);
}

static int run_stat(const struct trace_options *options, struct error *error)
{
	if (options->output)
		return error_set(error, EXIT_CODE_USAGE,
				 "trace stat: -o belongs to 'trace import'; figures go to standard output");
	struct recording recording;
	struct file file;
	if (file_open_input(options->file, &file, error))
		return -1;
	int result = read_either(options, &file, &recording, error);
	file_close(&file);
	if (result)
		return -1;
	struct recording_stat stat;
	struct text text = {0};
	result = recording_stat(&recording, &stat, error);
	if (result == 0) {
		if (options->json)
			recording_stat_add_json(&stat, &recording, options->file, &text);
		else
			recording_stat_add(&stat, &recording, options->file, &text);
		result = print_text(&text, stdout, error);
	}
	text_release(&text);
	recording_release(&recording);
	return result;
}

static int run_command(int argc, char **argv, struct error *error)
{
	static const struct {
		const char *name;
		int (*run)(const struct trace_options *options, struct error *error);
	} commands[] = {{"import", run_import}, {"stat", run_stat}};
	static const char *const names[] = {"import", "stat", NULL};
	struct trace_options options = {.help = true};
	const char *command = argc > 1 ? argv[1] : NULL;
	if (!command)
		return error_set(error, EXIT_CODE_USAGE, "trace: import or stat? 'iovabench trace --help' tells");
	size_t i = 0;
	while (names[i] && strcmp(command, names[i]) != 0)
		i++;
	if (!names[i] && strcmp(command, "-h") != 0 && strcmp(command, "--help") != 0) {
		const char *nearest = text_nearest(command, names);
		return error_set(error, EXIT_CODE_USAGE, "trace: unknown command %s%s%s; import and stat are known",
				 command, nearest ? ": did you mean " : "", nearest ? nearest : "");
	}
	if (names[i] && parse_options(argc - 1, argv + 1, &options, error))
		return -1;
	if (options.help) {
		struct text text = {0};
		text_add(&text, "%s", help);
		int result = print_text(&text, stdout, error);
		text_release(&text);
		return result;
	}
	return commands[i].run(&options, error);
}

int cli_trace(int argc, char **argv)
{
	struct error error = {0};
	if (run_command(argc, argv, &error) == 0)
		return EXIT_CODE_OK;
	fprintf(stderr, "iovabench: %s\n", error.message);
	return (int)error.exit_code;
}
