/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "trace/import.h"
#include "trace/recording_file.h"
#include "trace/stat.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trace_options {
	const char *const *files;
	size_t file_count;
	const char *output;
	struct import_options import;
	bool json;
};

static int read_domain(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	uint64_t number;
	(void)error;
	if (!option_number(word, 0, OWNERS_MAX - 1, false, &number))
		return -1;
	options->import.domain = (uint32_t)number;
	return 0;
}

static int read_rule(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	struct text messages = {0};
	int result = 0;
	if (rule_list_add(&options->import.rules, word, &messages)) {
		while (messages.length && messages.bytes[messages.length - 1] == '\n')
			messages.bytes[--messages.length] = '\0';
		result = error_set(error, EXIT_CODE_USAGE, "%s", messages.bytes ? messages.bytes : "--rule: no memory");
	}
	text_release(&messages);
	return result;
}

static const struct option_row rows[] = {
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "OUT", "takes a file",
	 "the compact file; it appears only when it is complete", OPTION_AT(struct trace_options, output)},
	{"domain", 'd', OPTION_OWN, OPTION_SHOWS, "N", "takes a number from 0 to 4095",
	 "keep one domain, counted from 0 in the order in which they appear; default: all", .read = read_domain},
	{"rule", 'r', OPTION_OWN, OPTION_SHOWS, "RULE", NULL,
	 "which events are allocation and free and where they say what: a file of rules, or a line like 'alloc: map, free: "
	 "unmap, address: iova, size: size'; goes before the built-in rules; may be given several times",
	 .repeats = true, .read = read_rule},
	{"lenient", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "go on past events that cannot be read and a clock that runs backwards; both are told",
	 OPTION_AT(struct trace_options, import.lenient)},
	{"json", 'j', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "figures as JSON", OPTION_AT(struct trace_options, json)},
};
_Static_assert(OWNERS_MAX == 4096, "--domain tells this");

static int print_text(struct text *text, FILE *to, struct error *error)
{
	if (text->failed)
		return error_set(error, EXIT_CODE_IO, "trace: no memory for the output");
	if (fwrite(text->bytes, 1, text->length, to) != text->length || fflush(to))
		return error_set(error, EXIT_CODE_IO, "trace: cannot write the output: %s", strerror(errno));
	return 0;
}

/* file: open, or NULL: all files of the options. */
static int import_text(const struct trace_options *options, struct file *file, struct recording *recording,
		       struct error *error)
{
	struct import_report report;
	if (file ? recording_import_open(file, &options->import, recording, &report, error)
		 : recording_import(options->files, options->file_count, &options->import, recording, &report, error))
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
	if (import_text(options, NULL, &recording, error))
		return -1;
	const char *first = options->files[0];
	char *copy = strdup(first);
	const char *source = !copy ? NULL : strcmp(first, FILE_STANDARD_INPUT) == 0 ? "standard input" : basename(copy);
	int result = source ? recording_write(options->output, source, &recording, error)
			    : error_set(error, EXIT_CODE_IO, "trace import: no memory");
	free(copy);
	recording_release(&recording);
	return result;
}

/* One compact file, or texts. */
static int read_either(const struct trace_options *options, struct recording *recording, struct error *error)
{
	if (options->file_count > 1)
		return import_text(options, NULL, recording, error);
	const char *head;
	size_t length;
	struct file file;
	if (file_open_input(options->files[0], &file, error))
		return -1;
	int result = file_peek(&file, &head, &length, error);
	if (result == 0 && !recording_is_compact(head, length))
		result = import_text(options, &file, recording, error);
	else if (result == 0 && options->import.domain != OWNERS_ALL)
		result = error_set(error, EXIT_CODE_USAGE, "trace stat: --domain is for text; choose when importing");
	else if (result == 0)
		result = recording_take(&file, recording, error);
	file_close(&file);
	return result;
}

static int run_stat(const struct trace_options *options, struct error *error)
{
	if (options->output)
		return error_set(error, EXIT_CODE_USAGE,
				 "trace stat: -o belongs to 'trace import'; figures go to standard output");
	struct recording recording;
	if (read_either(options, &recording, error))
		return -1;
	struct recording_stat stat;
	struct text text = {0};
	int result = recording_stat(&recording, &stat, error);
	if (result == 0) {
		if (options->json)
			result = recording_stat_add_json(&stat, &recording, options->files[0], &text, error);
		else
			recording_stat_add(&stat, &recording, options->files[0], &text);
		if (result == 0)
			result = print_text(&text, stdout, error);
	}
	text_release(&text);
	recording_release(&recording);
	return result;
}

static const struct {
	const char *name;
	int (*run)(const struct trace_options *options, struct error *error);
} verbs[] = {{"import", run_import}, {"stat", run_stat}};

/* words: what is no option, the verb first. */
static int run_verb(struct trace_options *options, char **words, int count, struct error *error)
{
	static const char *const names[] = {"import", "stat", NULL};
	if (!count)
		return error_set(error, EXIT_CODE_USAGE, "trace: import or stat? 'iovabench trace --help' tells");
	for (size_t i = 0; names[i]; i++) {
		if (strcmp(words[0], names[i]) != 0)
			continue;
		if (count < 2 || count - 1 > (int)IMPORT_FILES_MAX)
			return error_set(error, EXIT_CODE_USAGE, "trace %s: 1 to %u files are wanted, %d given", words[0],
					 IMPORT_FILES_MAX, count - 1);
		options->files = (const char *const *)&words[1];
		options->file_count = (size_t)count - 1;
		return verbs[i].run(options, error);
	}
	const char *nearest = text_nearest(words[0], names);
	return error_set(error, EXIT_CODE_USAGE, "trace: unknown command %s%s%s; import and stat are known", words[0],
			 nearest ? ": did you mean " : "", nearest ? nearest : "");
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct trace_options options = {0};
	struct cli_given given;
	struct error error = {0};
	import_options_default(&options.import);
	int code = cli_read(command, argc, argv, (void *[]){&options, NULL}, &given);
	if (code < 0 && run_verb(&options, argv + given.first, argc - given.first, &error) == 0)
		code = EXIT_CODE_OK;
	rule_list_release(&options.import.rules);
	if (code >= 0)
		return code;
	fprintf(stderr, "iovabench: %s\n", error.message);
	return (int)error.exit_code;
}

const struct cli_command cli_trace = {
	.name = "trace",
	.about = "import a kernel's recording, show its figures",
	.usage = (const char *const[]){"import FILE... -o OUT.iovatrace [--domain N] [--rule RULE]... [--lenient]",
				       "stat FILE... [--json] [--domain N] [--rule RULE]... [--lenient]", NULL},
	.text = "import   turns the text of a kernel recording into a compact file that a workload can replay\n"
		"stat     tells what is in a compact file or in the text of a recording\n\n"
		"FILE is text from tracefs, 'perf script', 'trace-cmd report', dmesg, bpftrace or bcc, plain or packed with "
		"zstd; '-' is standard input. Several files (of several CPUs) are merged by time. Of what it holds the best "
		"is used: probes on the kernel's allocator (allocret and freei: exact), dma:* events (by device), "
		"intel_iommu:* events, map and unmap of the group iommu (rebuilt: one device only), cma_* and mm_page_*; or "
		"what a --rule names. docs/traces.md tells how to record them and what the rules are.\n\n"
		"  iovabench trace import trace.txt -o mine.iovatrace       then in a workload:\n"
		"      phases: [{name: replay, trace: {file: mine.iovatrace, repeat: 5, between: drain}}]\n"
		"  iovabench trace import log.txt -o own.iovatrace --rule 'alloc: get, free: put, address: at, size: len'\n"
		"  ssh host cat /sys/kernel/tracing/trace | iovabench trace import - -o mine.iovatrace\n"
		"  iovabench trace stat mine.iovatrace --json\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
