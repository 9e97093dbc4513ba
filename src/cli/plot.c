/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "report/history.h"
#include "report/report.h"
#include "run/spawn.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The kind of figure that takes several results. */
#define HISTORY "history"
#define HISTORY_ABOUT "headline figures of the same arms in several results, and where they changed"

/* One and two columns of a paper: 88 and 180 mm, with letters of 8 points. */
enum { ONE_COLUMN, TWO_COLUMNS };
static const char *const column_names[] = {"1", "2", NULL};
static const double widths[] = {[ONE_COLUMN] = 460, [TWO_COLUMNS] = 900};

struct arguments {
	const char *output, *data;
	unsigned columns;
};

static const struct option_row rows[] = {
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file",
	 "the figure: .svg, or .pdf or .png with rsvg-convert", OPTION_AT(struct arguments, output)},
	{"columns", 0, OPTION_CHOICE, OPTION_SHOWS, "1|2", "takes 1 or 2",
	 "of a paper that the figure is as wide as (default: 2)", OPTION_AT(struct arguments, columns),
	 .choices = column_names},
	{"data", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file",
	 "what is drawn, as a table (CSV); a script for gnuplot beside it ends in .gp", OPTION_AT(struct arguments, data)},
};

static int usage_kind(const struct cli_command *command, const char *word)
{
	struct text message = {0};
	const char *near = text_nearest(word, report_plot_name);
	text_add(&message, "'%s' is no kind of figure", word);
	if (near)
		text_add(&message, ", did you mean '%s'?", near);
	for (size_t i = 0; !near && i < REPORT_PLOT_COUNT; i++)
		text_add(&message, "%s%s", i ? ", " : ": there are ", report_plot_name[i]);
	int code = cli_usage(command, message.failed ? "no memory" : message.bytes);
	text_release(&message);
	return code;
}

/* ---- other forms ---- */

static int run_converter(const char *form, int from, int to, struct error *error)
{
	const char *const argv[] = {"rsvg-convert", "--format", form, "--zoom", strcmp(form, "png") == 0 ? "2" : "1", NULL};
	posix_spawn_file_actions_t actions;
	pid_t child;
	int status = 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	int failure = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure == ENOENT)
		return error_set(
			error, EXIT_CODE_USAGE,
			".%s is made by rsvg-convert, which is not installed (Debian: librsvg2-bin); .svg needs nothing",
			form);
	if (failure)
		return error_set(error, EXIT_CODE_IO, "rsvg-convert cannot be started: %s", strerror(failure));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(error, EXIT_CODE_IO, "rsvg-convert failed");
	return 0;
}

static int write_converted(const char *path, const char *form, const struct text *svg, struct error *error)
{
	int from = spawn_memory_file("figure", svg->bytes, svg->length, error), code = -1;
	int to = from < 0 ? -1 : spawn_memory_file("figure", NULL, 0, error);
	lseek(from, 0, SEEK_SET);
	if (to >= 0 && run_converter(form, from, to, error) == 0) {
		off_t length = lseek(to, 0, SEEK_END);
		void *bytes = length > 0 ? mmap(NULL, (size_t)length, PROT_READ, MAP_PRIVATE, to, 0) : MAP_FAILED;
		if (bytes == MAP_FAILED) {
			error_set(error, EXIT_CODE_IO, "rsvg-convert wrote nothing");
		} else {
			code = file_write_whole(path, bytes, (size_t)length, error);
			munmap(bytes, (size_t)length);
		}
	}
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
	return code;
}

/* ---- the command ---- */

/* What is drawn. */
struct subject {
	enum report_plot kind;
	bool history;           /* in place of kind */
	struct result *results; /* one; of a history several */
	size_t count;
};

static int write_figure(const struct arguments *arguments, const struct subject *subject, struct error *error)
{
	struct text svg = {0};
	const char *form = arguments->output ? strrchr(arguments->output, '.') + 1 : "svg";
	int code = 0;
	const struct history history = {subject->results, subject->count, NULL};
	if (subject->history)
		history_svg(&history, widths[arguments->columns], &svg);
	else
		report_plot_svg(subject->results, subject->kind, widths[arguments->columns], &svg);
	if (svg.failed)
		code = error_set(error, EXIT_CODE_IO, "no memory for the figure");
	else if (!arguments->output)
		fwrite(svg.bytes, 1, svg.length, stdout);
	else if (strcmp(form, "svg") == 0)
		code = file_write_whole(arguments->output, svg.bytes, svg.length, error);
	else
		code = write_converted(arguments->output, form, &svg, error);
	text_release(&svg);
	return code;
}

static int write_table(const char *path, const struct subject *subject, struct error *error)
{
	struct text csv = {0}, script = {0}, beside = {0};
	int code = 0;
	const struct history history = {subject->results, subject->count, NULL};
	if (subject->history) {
		history_plot_csv(&history, &csv);
		history_script(&history, path, &script);
	} else {
		report_plot_csv(subject->results, subject->kind, &csv);
		report_plot_script(subject->results, subject->kind, path, &script);
	}
	text_add(&beside, "%s.gp", path);
	if (csv.failed || script.failed || beside.failed)
		code = error_set(error, EXIT_CODE_IO, "no memory for the table");
	else
		code = file_write_whole(path, csv.bytes, csv.length, error);
	if (code == 0 && script.length)
		code = file_write_whole(beside.bytes, script.bytes, script.length, error);
	text_release(&csv);
	text_release(&script);
	text_release(&beside);
	return code;
}

static void plot(const struct arguments *arguments, const struct subject *subject, char **paths, struct error *error)
{
	struct subject loaded = *subject;
	if (cli_results_load(paths, loaded.count, &loaded.results, error) == 0 &&
	    write_figure(arguments, &loaded, error) == 0 && arguments->data)
		write_table(arguments->data, &loaded, error);
	cli_results_release(loaded.results, loaded.count);
}

static bool has_known_ending(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".pdf") == 0 || strcmp(dot, ".png") == 0);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {.columns = TWO_COLUMNS};
	struct cli_given given;
	struct error error = {0};
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	bool history = given.first < argc && strcmp(argv[given.first], HISTORY) == 0;
	if (history ? argc - given.first < 2 : argc - given.first != 2)
		return cli_usage(command, "takes a kind of figure and a result; history takes several");
	enum report_plot kind = 0;
	while (!history && kind < REPORT_PLOT_COUNT && strcmp(report_plot_name[kind], argv[given.first]) != 0)
		kind++;
	if (kind == REPORT_PLOT_COUNT)
		return usage_kind(command, argv[given.first]);
	if (arguments.output && !has_known_ending(arguments.output))
		return cli_usage(command, "-o takes a file that ends in .svg, .pdf or .png");
	const struct subject subject = {.kind = kind, .count = (size_t)(argc - given.first - 1), .history = history};
	plot(&arguments, &subject, argv + given.first + 1, &error);
	if (*error.message)
		cli_say("iovabench plot: %s\n", error.message);
	return (int)error.exit_code;
}

static void offer_kinds(void (*offer)(void *context, const char *name, const char *about), void *context)
{
#define KIND(id, name, about) offer(context, name, about);
	REPORT_PLOTS(KIND)
#undef KIND
	offer(context, HISTORY, HISTORY_ABOUT);
}

const struct cli_command cli_plot = {
	.name = "plot",
	.about = "draw one figure of results, for a paper or a page: svg, pdf or png",
	.usage = (const char *const[]){"KIND RESULT... [-o FILE.svg|pdf|png] [--columns 1|2] [--data FILE.csv]", NULL},
	.text = "Draws a figure of a result, or of several: a folder that run has written, or its result.json.\n\n"
		"The kinds of figures:\n"
#define KIND(id, name, about) " " name ": " about "\n"
	REPORT_PLOTS(KIND)
#undef KIND
		" " HISTORY ": " HISTORY_ABOUT "\n"
		"\nArms are told apart by colour, marker and dash, so that a figure survives a printer without colours.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.names = offer_kinds,
	.run = run_command,
};
