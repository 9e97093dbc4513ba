/* SPDX-License-Identifier: MIT
 * A suite is a command line of run as a file: what it holds becomes that line, so that one code reads both. */
#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "cli/say.h"
#include "cli/suite_file.h"
#include "cli/suite_plan.h"
#include "cli/workload_folder.h"

#include "base/file.h"
#include "base/memory.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the command line that a suite stands for; each is owned. */
struct words {
	char **list; /* NULL behind the last */
	size_t count, capacity;
	bool failed;
};

static void add_word(struct words *words, const char *word)
{
	char *copy = memory_text(word);
	while (!words->failed && words->count + 2 > words->capacity)
		words->failed = memory_grow(&words->list, &words->capacity, words->capacity, sizeof words->list[0]) < 0;
	if (!copy || words->failed) {
		words->failed = true;
		memory_release(copy);
		return;
	}
	words->list[words->count++] = copy;
	words->list[words->count] = NULL;
}

static void release_words(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		memory_release(words->list[i]);
	memory_release(words->list);
}

static void add_option(struct words *words, const char *name, const struct suite_values *values, bool repeats)
{
	struct text option = {0}, joined = {0};
	text_add(&option, "--%s", name);
	for (size_t i = 0; i < values->count; i++)
		text_add(&joined, "%s%s", joined.length ? repeats ? "\n" : "," : "", values->values[i].text);
	for (char *at = joined.length ? joined.bytes : NULL, *next; at; at = next) {
		next = repeats ? strchr(at, '\n') : NULL;
		if (next)
			*next++ = '\0';
		add_word(words, option.failed ? "" : option.bytes);
		add_word(words, at);
	}
	words->failed |= option.failed || joined.failed;
	text_release(&option);
	text_release(&joined);
}

/* false: no file has such a name. */
static bool add_pattern(struct words *words, const char *pattern)
{
	glob_t found;
	int status = glob(pattern, 0, NULL, &found);
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++)
		add_word(words, found.gl_pathv[i]);
	if (status == 0)
		globfree(&found);
	return status == 0;
}

/* A pattern is of files here, else of those beside the folder of the suite, where shipped ones lie. -1: of none; everything
 * was said. */
static int add_workload(struct words *words, const char *file, const struct yaml_written *value)
{
	struct text beside = {0};
	const char *slash = strrchr(file, '/');
	if (!strpbrk(value->text, "*?[")) {
		add_word(words, value->text);
		return 0;
	}
	text_add(&beside, "%.*s../%s", slash ? (int)(slash + 1 - file) : 0, file, value->text);
	bool found = add_pattern(words, value->text) || (slash && !beside.failed && add_pattern(words, beside.bytes));
	text_release(&beside);
	if (!found)
		cli_say("%s:%u:%u: workloads: '%s' is the name of no file here\n", file, value->line, value->column,
			value->text);
	return found ? 0 : -1;
}

/* What the command line gives, too, has the last word. */
static int add_suite(struct words *words, const char *file, const struct suite *suite, int count, char **rest)
{
	static const struct {
		int list;
		const char *option;
	} lists[] = {{SUITE_ALLOCATORS, "allocator"}, {SUITE_SWEEPS, "sweep"}};
	const struct suite_values *workloads = &suite->lists[SUITE_WORKLOADS];
	int status = 0;
	add_word(words, "run");
	for (size_t i = 0; i < workloads->count && status == 0; i++)
		status = add_workload(words, file, &workloads->values[i]);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (size_t n = 0; n < RUN_ARGUMENT_ROWS; n++)
			if (strcmp(run_argument_rows[n].name, lists[i].option) == 0 &&
			    !cli_is_among(&cli_run, lists[i].option, count, rest))
				add_option(words, lists[i].option, &suite->lists[lists[i].list], true);
	for (size_t i = 0; i < RUN_SETTINGS; i++)
		if (suite->settings[i].count && !cli_is_among(&cli_run, run_settings[i].name, count, rest))
			add_option(words, run_settings[i].name, &suite->settings[i], false);
	for (int i = 0; i < count; i++)
		add_word(words, rest[i]);
	return status;
}

static int read_suite(const char *file, struct suite *suite)
{
	char *bytes;
	size_t length;
	struct text messages = {0};
	struct error error = {0};
	if (file_read_input(file, SUITE_FILE_BYTES_MAX, &bytes, &length, &error) < 0) {
		cli_say("iovabench suite: %s\n", error.message);
		return (int)error.exit_code;
	}
	int code = EXIT_CODE_OK;
	if (suite_parse(file, bytes, length, suite, &messages) < 0) {
		cli_say("%s", messages.bytes ? messages.bytes : "iovabench suite: no memory\n");
		code = messages.bytes ? EXIT_CODE_USAGE : EXIT_CODE_IO;
	}
	memory_release(bytes);
	text_release(&messages);
	return code;
}

static void print_line(const struct words *words)
{
	struct text line = {0};
	text_add(&line, "iovabench");
	for (size_t i = 0; i < words->count; i++)
		text_add_word(&line, words->list[i]);
	if (!line.failed)
		puts(line.bytes);
	text_release(&line);
}

/* What run has no option for. */
static void print_gate(const struct suite_plan *plan, const char *output)
{
	struct words words = {0};
	add_word(&words, "gate");
	add_word(&words, "--baseline");
	add_word(&words, plan->baseline);
	if (plan->policy) {
		add_word(&words, "--policy");
		add_word(&words, plan->policy);
	}
	add_word(&words, output ? output : "RESULT");
	if (!words.failed)
		print_line(&words);
	release_words(&words);
}

/* The name of a file without its folder and ending; of standard input "suite". */
static void name_of(const char *file, struct text *name)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	size_t length = strlen(base);
	if (length > 5 && strcmp(base + length - 5, ".yaml") == 0)
		length -= 5;
	if (strcmp(file, FILE_STANDARD_INPUT) == 0)
		text_add(name, "suite");
	else
		text_add(name, "%.*s", (int)length, base);
}

static int plan(const struct suite_plan *plan, const char *file, const char *output, struct words *words)
{
	struct text name = {0};
	if (!plan->shards) {
		if (output) {
			add_word(words, "-o");
			add_word(words, output);
		}
		print_line(words);
		if (plan->baseline)
			print_gate(plan, output);
		return words->failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	}
	name_of(file, &name);
	int code = name.failed ? EXIT_CODE_IO : suite_plan_print(plan, name.bytes, output, (int)words->count, words->list);
	text_release(&name);
	return code;
}

/* A file that a suite names: here, or beside the folder of the suite. NULL: the suite does not say. In *path when it is not
 * here. -1: nowhere; everything was said. */
static int find_file(const char *file, const struct suite_values *values, const char *key, struct text *path,
		     const char **found)
{
	const struct yaml_written *value = values->values;
	const char *slash = strrchr(file, '/');
	if (*found || !values->count)
		return 0;
	*found = value->text;
	if (access(value->text, F_OK) == 0)
		return 0;
	text_add(path, "%.*s../%s", slash ? (int)(slash + 1 - file) : 0, file, value->text);
	*found = path->failed ? NULL : path->bytes;
	if (*found && slash && access(*found, F_OK) == 0)
		return 0;
	cli_say("%s:%u:%u: %s: '%s' is not there\n", file, value->line, value->column, key, value->text);
	return -1;
}

/* Paths of what a suite is held against, where they are not here. */
struct held {
	struct text baseline, policy;
};

static int find_held(const char *file, const struct suite *suite, struct suite_plan *plan, struct held *held)
{
	int status = find_file(file, &suite->lists[SUITE_BASELINE], "baseline", &held->baseline, &plan->baseline);
	if (status == 0)
		status = find_file(file, &suite->lists[SUITE_POLICY], "policy", &held->policy, &plan->policy);
	if (status < 0 || plan->baseline || !plan->policy)
		return status;
	cli_say("%s: policy: takes a baseline, too: what is the result held against?\n", file);
	return -1;
}

static int play(struct words *words, const struct suite_plan *held)
{
	struct run_arguments arguments = {0};
	int code = run_arguments_read(&arguments, &cli_run, (int)words->count, words->list);
	arguments.baseline = held->baseline;
	arguments.policy = held->policy;
	if (code < 0 && arguments.run.shards && held->baseline)
		cli_say("note: a part is not held against %s: iovabench gate holds what merge makes of all\n",
			held->baseline);
	if (code < 0)
		code = run_arguments_play(&arguments);
	run_arguments_release(&arguments);
	return code;
}

/* verb: run, check or plan. */
static int use(const char *verb, const char *file, int count, char **rest)
{
	struct suite suite;
	struct words words = {0};
	struct suite_plan parts = {0};
	struct held held = {0};
	const char *output = NULL;
	int code = suite_plan_take(&parts, verb, &count, rest, &output);
	if (code < 0)
		code = read_suite(file, &suite);
	if (code != EXIT_CODE_OK)
		return code;
	if (add_suite(&words, file, &suite, count, rest) < 0 || find_held(file, &suite, &parts, &held) < 0)
		code = EXIT_CODE_USAGE;
	if (strcmp(verb, "check") == 0)
		add_word(&words, "--parse-only");
	if (words.failed) {
		cli_say("%s", "iovabench suite: no memory\n");
		code = EXIT_CODE_IO;
	}
	if (code == EXIT_CODE_OK)
		code = strcmp(verb, "plan") == 0 ? plan(&parts, file, output, &words) : play(&words, &parts);
	text_release(&held.baseline);
	text_release(&held.policy);
	suite_release(&suite);
	release_words(&words);
	return code;
}

static int list(void)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = suite_folder_scan(folder, &entries), code = EXIT_CODE_OK;
	for (int i = 0; i < count; i++) {
		struct text path = {0};
		struct suite suite;
		text_add(&path, "%s/%s", folder, entries[i]->d_name);
		int read = path.failed ? EXIT_CODE_IO : read_suite(path.bytes, &suite);
		if (read == EXIT_CODE_OK) {
			printf("%-12.*s %s\n", (int)strlen(entries[i]->d_name) - 5, entries[i]->d_name,
			       suite.about ? suite.about : "");
			suite_release(&suite);
		} else {
			code = read;
		}
		text_release(&path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	static const char *const verbs[] = {"run", "check", "plan", "list", NULL};
	struct run_arguments arguments = {.run = run_options_default()};
	struct cli_given given;
	size_t verb = 0;
	if (argc < 2 || argv[1][0] == '-' || (argc > 2 && strcmp(argv[2], "--help") == 0)) {
		int code = cli_read(command, argc, argv, (void *[]){&arguments, &arguments.run, &(struct suite_plan){0}},
				    &given);
		run_arguments_release(&arguments);
		return code >= 0 ? code : cli_usage(command, "run, check, plan or list is wanted first, then a suite");
	}
	while (verbs[verb] && strcmp(argv[1], verbs[verb]) != 0)
		verb++;
	if (!verbs[verb]) {
		const char *nearest = text_nearest(argv[1], verbs);
		cli_say("iovabench suite: unknown command %s%s%s; run, check, plan and list are known\n", argv[1],
			nearest ? ": did you mean " : "", nearest ? nearest : "");
		return EXIT_CODE_USAGE;
	}
	if (strcmp(verbs[verb], "list") == 0)
		return argc == 2 ? list() : cli_usage(command, "list takes nothing more");
	if (argc < 3)
		return cli_usage(command, "which suite? iovabench suite list shows those that are shipped");
	struct text path = {0};
	suite_folder_resolve(argv[2], &path);
	int code = path.failed ? EXIT_CODE_IO : use(verbs[verb], path.bytes, argc - 3, argv + 3);
	text_release(&path);
	return code;
}

const struct cli_command cli_suite = {
	.name = "suite",
	.about = "run what a file names: workloads, allocators, rounds",
	.usage = (const char *const[]){"run SUITE [--baseline A [--policy FILE]] [OPTION of run]...",
				       "check SUITE [OPTION of run]...",
				       "plan SUITE [--shards N [--for KIND]] [OPTION of run]...", "list", NULL},
	.text = "run      plays it, as iovabench run does\n"
		"check    checks the suite and its workloads, and runs nothing\n"
		"plan     prints the command line of run that it stands for; with --shards N which part has which rounds, "
		"and with --for what hands the parts to machines\n"
		"list     shows the suites that are shipped\n\n"
		"SUITE is a file, - for standard input, or the name of one that is shipped. Its keys are suite: 1, about, "
		"workloads, allocators, sweep, baseline, policy, and every option of run by its name; what the command line "
		"gives, too, replaces what the suite says.\n\n"
		"With a baseline (a result) the run is held against it when it ends, by the policy, as iovabench gate does: "
		"its table comes behind that of the run, and the exit code is 1 where it fails and 4 where it is "
		"inconclusive.\n\n"
		"  iovabench suite run published\n"
		"  iovabench suite run suites/published.yaml --rounds 0 -o audits\n"
		"  iovabench suite plan published --shards 4 --for slurm -o results/published >job.sh\n",
	.tables = {{run_argument_rows, RUN_ARGUMENT_ROWS, NULL},
		   {run_settings, RUN_SETTINGS, NULL},
		   {suite_plan_rows, SUITE_PLAN_ROWS, NULL}},
	.run = run_command,
};
