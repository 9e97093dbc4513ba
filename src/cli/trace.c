/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/trace_fit.h"
#include "cli/trace_page.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "trace/cut.h"
#include "trace/fit.h"
#include "trace/import.h"
#include "trace/recording_file.h"
#include "trace/stat.h"
#include "yaml/scalar.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trace_options {
	const char *const *files;
	size_t file_count;
	const char *output;
	const char *workload;
	struct import_options import;
	struct recording_part part;
	struct fit_options fit;
	uint32_t live, domains; /* times */
	bool json, parted;
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

/* "FROM-TO", "FROM-" or "-TO"; the ends are those of the whole where they are missing. */
static bool read_span(const char *word, uint64_t most, uint64_t *from, uint64_t *to)
{
	char first[32];
	const char *dash = strchr(word, '-');
	if (!dash || (size_t)(dash - word) >= sizeof first || !word[1])
		return false;
	snprintf(first, sizeof first, "%.*s", (int)(dash - word), word);
	*from = 0;
	*to = most;
	return (!*first || option_number(first, 0, most, true, from)) &&
	       (!dash[1] || option_number(dash + 1, 0, most, true, to)) && *from <= *to;
}

static int read_ops(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	(void)error;
	uint64_t last;
	if (!read_span(word, RECORDING_OPS_MAX, &options->part.first_op, &last))
		return -1;
	options->part.end_op = last + 1;
	options->parted = true;
	return 0;
}

static int read_pages(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	(void)error;
	uint64_t least, most;
	if (!read_span(word, UINT32_MAX, &least, &most))
		return -1;
	options->part.pages_min = (uint32_t)least;
	options->part.pages_max = (uint32_t)most;
	options->parted = true;
	return 0;
}

static int read_time(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	char *end;
	(void)error;
	double from = *word == '-' ? 0 : strtod(word, &end);
	if (*word == '-')
		end = (char *)(uintptr_t)word;
	if (*end != '-' || !(from >= 0 && from < 1e9))
		return -1;
	double to = end[1] ? strtod(end + 1, &end) : 1e9;
	if ((*end && *end != '-') || !(to > from && to <= 1e9))
		return -1;
	options->import.time_first = (uint64_t)(from * 1e9);
	options->import.time_end = to < 1e9 ? (uint64_t)(to * 1e9) : UINT64_MAX;
	return 0;
}

static int read_against(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	(void)error;
	if (options->fit.against_count == FIT_AGAINST_MAX)
		return -1;
	options->fit.against[options->fit.against_count++] = word;
	return 0;
}

static int read_page(void *target, const char *word, struct error *error)
{
	struct trace_options *options = target;
	(void)error;
	for (uint64_t bytes = IMPORT_PAGE_BYTES_MIN; bytes <= IMPORT_PAGE_BYTES_MAX; bytes *= 2) {
		char text[YAML_SIZE_BYTES], number[24];
		snprintf(number, sizeof number, "%llu", (unsigned long long)bytes);
		if (strcmp(word, yaml_size_text(text, bytes)) != 0 && strcmp(word, number) != 0)
			continue;
		options->import.page_bytes = bytes;
		return 0;
	}
	return -1;
}

static const struct option_row rows[] = {
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "OUT", "takes a file",
	 "the compact file (stat: a page, OUT.html; fit: the workload); it appears only when it is complete",
	 OPTION_AT(struct trace_options, output)},
	{"workload", 'w', OPTION_TEXT, OPTION_SHOWS, "OUT.yaml", "takes a file",
	 "import, cut and scale: writes a workload, too, that replays the recording in 4 GiB without page 0, or in "
	 "as much as it needs",
	 OPTION_AT(struct trace_options, workload)},
	{"domain", 'd', OPTION_OWN, OPTION_SHOWS, "N", "takes a number from 0 to 4095",
	 "keep one domain, counted from 0 in the order in which they appear; default: all", .read = read_domain},
	{"rule", 'r', OPTION_OWN, OPTION_SHOWS, "RULE", NULL,
	 "which events are allocation and free and where they say what: a file of rules, or a line like 'alloc: map, free: "
	 "unmap, address: iova, size: size'; goes before the built-in rules; may be given several times",
	 .repeats = true, .read = read_rule},
	{"page", 'p', OPTION_OWN, OPTION_SHOWS, "SIZE", "takes a power of two from 4KiB to 2MiB",
	 "pages of the kernel that was recorded; default: 4KiB", .read = read_page},
	{"time", 't', OPTION_OWN, OPTION_SHOWS, "FROM-TO", "takes seconds since the first event, like 2.5-10, 10- or -10",
	 "of a text only the events from FROM to before TO", .read = read_time},
	{"ops", 0, OPTION_OWN, OPTION_SHOWS, "FROM-TO", "takes numbers of operations, like 1000-1999, 1000- or -999",
	 "cut: operations FROM to TO, counted from 0; what lives there in the beginning is allocated first",
	 .read = read_ops},
	{"pages", 0, OPTION_OWN, OPTION_SHOWS, "MIN-MAX", "takes numbers of pages, like 1-8, 16- or -4",
	 "cut: allocations of so many pages, and their frees", .read = read_pages},
	{"live", 'l', OPTION_NUMBER, OPTION_SHOWS, "N", "takes a number from 1 to 65536",
	 "scale: each operation happens N times; default: once", OPTION_AT(struct trace_options, live), .minimum = 1,
	 .maximum = 65536},
	{"domains", 0, OPTION_NUMBER, OPTION_SHOWS, "N", "takes a number from 1 to 64",
	 "scale: in N times as many domains; default: in those that there are", OPTION_AT(struct trace_options, domains),
	 .minimum = 1, .maximum = RECORDING_DOMAINS_MAX},
	{"like", 0, OPTION_TEXT, OPTION_SHOWS, "WORKLOAD", "takes a file",
	 "fit: a workload whose space it gets; default: 4 GiB without page 0", OPTION_AT(struct trace_options, fit.like)},
	{"against", 0, OPTION_OWN, OPTION_SHOWS, "SPEC", "takes an allocator, at most 8 times",
	 "fit: plays the fit and a replay on this allocator and tells whether their figures agree; may be given several times",
	 .repeats = true, .read = read_against},
	{"lenient", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "go on past events that cannot be read and a clock that runs backwards; both are told",
	 OPTION_AT(struct trace_options, import.lenient)},
	{"json", 'j', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "figures as JSON", OPTION_AT(struct trace_options, json)},
};
_Static_assert(OWNERS_MAX == 4096, "--domain tells this");
_Static_assert(IMPORT_PAGE_BYTES_MIN == 4096 && IMPORT_PAGE_BYTES_MAX == 2 << 20, "--page tells this");

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

static int check_output(const struct trace_options *options, const char *verb, struct error *error)
{
	if (!options->output)
		return error_set(error, EXIT_CODE_USAGE,
				 "trace %s: -o OUT.iovatrace is missing: where shall the recording go?", verb);
	if (options->json)
		return error_set(error, EXIT_CODE_USAGE, "trace %s: --json belongs to 'trace stat'", verb);
	return 0;
}

/* The compact file as a workload names it: by its name where both are in one folder, else by its whole path. */
static int name_for(const char *workload, const char *compact, struct text *name)
{
	const char *slash = strrchr(workload, '/'), *other = strrchr(compact, '/');
	size_t length = slash ? (size_t)(slash - workload) : 0, other_length = other ? (size_t)(other - compact) : 0;
	bool together = length == other_length && strncmp(workload, compact, length) == 0;
	char *whole = together ? NULL : realpath(compact, NULL);
	if (together || whole)
		text_add(name, "%s", together ? (other ? other + 1 : compact) : whole);
	free(whole);
	return (together || name->length) && !name->failed ? 0 : -1;
}

static int write_workload(const struct trace_options *options, const struct recording *recording, struct error *error)
{
	struct text name = {0}, yaml = {0};
	const struct workload_space space = fit_space(recording);
	int result = name_for(options->workload, options->output, &name);
	if (result == 0)
		fit_add_replay(recording, &space, options->files[0], name.bytes, &yaml);
	if (result || yaml.failed)
		result = error_set(error, EXIT_CODE_IO, "%s: cannot name %s in it: %s", options->workload, options->output,
				   strerror(errno));
	else
		result = file_write_whole(options->workload, yaml.bytes, yaml.length, error);
	text_release(&name);
	text_release(&yaml);
	return result;
}

/* Writes the compact file, and the workload that was asked for, and releases the recording. */
static int write_compact(const struct trace_options *options, struct recording *recording, struct error *error)
{
	const char *first = options->files[0];
	char *copy = strdup(first);
	const char *source = !copy ? NULL : strcmp(first, FILE_STANDARD_INPUT) == 0 ? "standard input" : basename(copy);
	int result = source ? recording_write(options->output, source, recording, error)
			    : error_set(error, EXIT_CODE_IO, "trace: no memory");
	if (result == 0 && options->workload)
		result = write_workload(options, recording, error);
	free(copy);
	recording_release(recording);
	return result;
}

static int run_import(const struct trace_options *options, struct error *error)
{
	struct recording recording;
	if (options->parted || options->live || options->domains)
		return error_set(
			error, EXIT_CODE_USAGE,
			"trace import: --ops and --pages belong to 'trace cut', --live and --domains to 'trace scale'");
	if (check_output(options, "import", error) || import_text(options, NULL, &recording, error))
		return -1;
	return write_compact(options, &recording, error);
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
	else if (result == 0 && (options->import.domain != OWNERS_ALL || options->import.time_end != UINT64_MAX ||
				 options->import.time_first || options->import.rules.count))
		result = error_set(error, EXIT_CODE_USAGE,
				   "trace: --domain, --rule and --time are for text, and %s is a compact recording: choose "
				   "when importing, or with 'trace cut'",
				   options->files[0]);
	else if (result == 0)
		result = recording_take(&file, recording, error);
	file_close(&file);
	return result;
}

/* The domain of a cut is chosen behind the import. */
static int run_cut(const struct trace_options *given, struct error *error)
{
	struct trace_options options = *given;
	struct recording whole, part;
	options.part.domain = options.import.domain;
	options.import.domain = OWNERS_ALL;
	if (check_output(&options, "cut", error))
		return -1;
	if (!options.parted && options.part.domain == OWNERS_ALL && !options.import.time_first &&
	    options.import.time_end == UINT64_MAX)
		return error_set(error, EXIT_CODE_USAGE, "trace cut: what shall stay? --ops, --pages, --domain or --time");
	if (read_either(&options, &whole, error))
		return -1;
	int result = options.part.domain != OWNERS_ALL && options.part.domain >= whole.domain_count
			     ? error_set(error, EXIT_CODE_USAGE, "%s: domain %u is not in it: it has %u, counted from 0",
					 options.files[0], options.part.domain, whole.domain_count)
			     : recording_cut(&whole, &options.part, &part, error);
	recording_release(&whole);
	return result ? -1 : write_compact(&options, &part, error);
}

static int run_scale(const struct trace_options *options, struct error *error)
{
	struct recording recording, scaled;
	if (check_output(options, "scale", error))
		return -1;
	if (!options->live && !options->domains)
		return error_set(error, EXIT_CODE_USAGE, "trace scale: by what? --live N, --domains N or both");
	if (read_either(options, &recording, error))
		return -1;
	int result = recording_scale(&recording, options->live ? options->live : 1, options->domains ? options->domains : 1,
				     &scaled, error);
	recording_release(&recording);
	return result ? -1 : write_compact(options, &scaled, error);
}

static int run_fit(const struct trace_options *options, struct error *error)
{
	if (options->workload)
		return error_set(
			error, EXIT_CODE_USAGE,
			"trace fit: what it writes with -o is the workload; --workload belongs to import, cut and scale");
	struct recording recording;
	struct fit_options fit = options->fit;
	fit.source = options->files[0];
	fit.output = options->output;
	if (!options->output)
		return error_set(error, EXIT_CODE_USAGE, "trace fit: -o OUT.yaml is missing: where shall the workload go?");
	if (read_either(options, &recording, error))
		return -1;
	int result = trace_fit(&recording, &fit, error);
	recording_release(&recording);
	return result;
}

/* The page has what the text has, whatever goes to standard output. */
static int write_page(const struct trace_options *options, const struct recording_stat *stat,
		      const struct recording *recording, const struct recording_shape *shape, struct error *error)
{
	struct text told = {0};
	recording_stat_add(stat, recording, options->files[0], &told);
	recording_shape_add(shape, &told);
	int result = trace_page_write(options->output, options->files[0], shape, &told, error);
	text_release(&told);
	return result;
}

static int run_stat(const struct trace_options *options, struct error *error)
{
	if (options->workload)
		return error_set(error, EXIT_CODE_USAGE, "trace stat: --workload belongs to import, cut and scale");
	struct recording recording;
	if (read_either(options, &recording, error))
		return -1;
	struct recording_stat stat;
	struct recording_shape shape = {0};
	struct text text = {0};
	int result = recording_stat(&recording, &stat, error);
	if (result == 0)
		result = recording_shape(&recording, &shape, error);
	if (result == 0 && options->output)
		result = write_page(options, &stat, &recording, &shape, error);
	if (result == 0 && options->json) {
		result = recording_stat_add_json(&stat, &recording, &shape, options->files[0], &text, error);
	} else if (result == 0) {
		recording_stat_add(&stat, &recording, options->files[0], &text);
		recording_shape_add(&shape, &text);
	}
	if (result == 0)
		result = print_text(&text, stdout, error);
	text_release(&text);
	recording_shape_release(&shape);
	recording_release(&recording);
	return result;
}

static const struct {
	const char *name;
	int (*run)(const struct trace_options *options, struct error *error);
} verbs[] = {{"import", run_import}, {"stat", run_stat}, {"cut", run_cut}, {"scale", run_scale}, {"fit", run_fit}};

/* words: what is no option, the verb first. */
static int run_verb(struct trace_options *options, char **words, int count, struct error *error)
{
	static const char *const names[] = {"import", "stat", "cut", "scale", "fit", NULL};
	if (!count)
		return error_set(error, EXIT_CODE_USAGE,
				 "trace: import, stat, cut, scale or fit? 'iovabench trace --help' tells");
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
	return error_set(error, EXIT_CODE_USAGE,
			 "trace: unknown command %s%s%s; import, stat, cut, scale and fit are known", words[0],
			 nearest ? ": did you mean " : "", nearest ? nearest : "");
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct trace_options options = {0};
	struct cli_given given;
	struct error error = {0};
	import_options_default(&options.import);
	options.part = (struct recording_part){.end_op = UINT64_MAX, .domain = OWNERS_ALL, .pages_max = UINT32_MAX};
	int code = cli_read(command, argc, argv, (void *[]){&options, NULL}, &given);
	if (code < 0 && run_verb(&options, argv + given.first, argc - given.first, &error) == 0)
		code = EXIT_CODE_OK;
	rule_list_release(&options.import.rules);
	if (code >= 0)
		return code;
	cli_say("iovabench: %s\n", error.message);
	return (int)error.exit_code;
}

const struct cli_command cli_trace = {
	.name = "trace",
	.about = "import a kernel's recording, show its figures",
	.usage =
		(const char *const[]){
			"import FILE... -o OUT.iovatrace [--workload OUT.yaml] [--domain N] [--rule RULE]... [--page SIZE] "
			"[--lenient]",
			"stat FILE... [--json] [-o PAGE.html] [--domain N] [--rule RULE]... [--page SIZE] [--lenient]",
			"cut FILE... -o OUT.iovatrace [--ops FROM-TO] [--pages MIN-MAX] [--domain N] [--time FROM-TO]",
			"scale FILE... -o OUT.iovatrace [--live N] [--domains N]",
			"fit FILE... -o OUT.yaml [--like WORKLOAD] [--against SPEC]...", NULL},
	.text = "import   turns the text of a kernel recording into a compact file that a workload can replay\n"
		"stat     tells what is in a compact file or in a text\n"
		"cut      keeps a part of it\n"
		"scale    makes it larger: every operation several times, in several domains\n"
		"fit      writes a synthetic workload of its sizes and lifetimes, and tells how far it is from it\n\n"
		"FILE is text from tracefs, 'perf script', 'trace-cmd report', dmesg, bpftrace or bcc, plain or packed with "
		"gzip, xz, zstd, bzip2 or lz4; '-' is standard input. Several files (of several CPUs) are merged by time. Of "
		"what it holds the best is used: probes on the kernel's allocator (allocret and freei: exact), dma:* events "
		"(by device), intel_iommu:* events, map and unmap of the group iommu (rebuilt: one device only), cma_* and "
		"mm_page_*; or what a --rule names. docs/traces.md tells how to record them and what the rules are.\n\n"
		"  iovabench trace import dmesg.txt -o posted.iovatrace --workload posted.yaml\n"
		"  iovabench run posted.yaml -a linux -a buddy -a rbtree -a segregated -a bitmap -a leaf\n"
		"  iovabench trace import trace.txt -o mine.iovatrace       then in a workload:\n"
		"      phases: [{name: replay, trace: {file: mine.iovatrace, repeat: 5, between: drain}}]\n"
		"  iovabench trace import log.txt -o own.iovatrace --rule 'alloc: get, free: put, address: at, size: len'\n"
		"  ssh host cat /sys/kernel/tracing/trace | iovabench trace import - -o mine.iovatrace\n"
		"  iovabench trace stat mine.iovatrace --json -o mine.html\n"
		"  iovabench trace cut mine.iovatrace -o late.iovatrace --ops 100000-199999\n"
		"  iovabench trace scale mine.iovatrace -o four.iovatrace --live 4\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
