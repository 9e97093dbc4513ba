/* SPDX-License-Identifier: MIT */
#include "cli/run_arguments.h"

#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/memory.h"
#include "cli/say.h"
#include "compare/compare.h"
#include "run/job.h"
#include "workload/portion.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const default_specs[] = {"buddy", "bitmap", "rbtree"};

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the command line");
}

static int add_spec(struct run_arguments *arguments, const char *spec, bool named, struct error *error)
{
	const char **grown = memory_resize(arguments->specs, arguments->spec_count + 1, sizeof grown[0]);
	if (!grown)
		return no_memory(error);
	arguments->specs = grown;
	bool *marks = memory_resize(arguments->named, arguments->spec_count + 1, sizeof marks[0]);
	if (!marks)
		return no_memory(error);
	arguments->named = marks;
	for (size_t i = 0; i < arguments->spec_count; i++)
		if (strcmp(grown[i], spec) == 0)
			return error_set(error, EXIT_CODE_USAGE, "-a '%s': was given twice", spec);
	marks[arguments->spec_count] = named;
	grown[arguments->spec_count++] = spec;
	return 0;
}

/* Commas stand between options of one allocator. */
static int tell_apart(const char *specs, struct error *error)
{
	struct text line = {0};
	for (const char *at = specs; *at;) {
		size_t length = strcspn(at, ",");
		text_add(&line, "%s-a %.*s", line.length ? " " : "", (int)length, at);
		at += length + (at[length] == ',');
	}
	error_set(error, EXIT_CODE_USAGE, "-a '%.400s': takes one allocator, and may be repeated: %.400s", specs,
		  line.failed ? "-a buddy -a linux" : line.bytes);
	text_release(&line);
	return -1;
}

static int read_spec(void *target, const char *spec, struct error *error)
{
	struct run_arguments *arguments = target;
	struct error wrong = {0};
	const char *name;
	int result = 0;
	if (strcmp(spec, "all") == 0) {
		for (size_t i = 0; result == 0 && (name = allocator_competitor(i)); i++)
			result = add_spec(arguments, name, false, error);
		return result;
	}
	if (strlen(spec) >= JOB_SPEC_BYTES_MAX)
		return error_set(error, EXIT_CODE_USAGE, "-a '...': is longer than 1023 characters");
	if (!strpbrk(spec, ":/\\") && strchr(spec, ','))
		return tell_apart(spec, error);
	if (allocator_spec_check(spec, &wrong) < 0)
		return error_set(error, wrong.exit_code, "-a %s", wrong.message);
	return add_spec(arguments, spec, true, error);
}

static int wrong_sweep(const char *text, const char *why, struct error *error)
{
	return error_set(error, EXIT_CODE_USAGE, "--sweep '%s': %s", text, why);
}

/* key=a,b,c */
static int read_sweep(void *target, const char *text, struct error *error)
{
	struct run_arguments *arguments = target;
	const char *equals = strchr(text, '=');
	if (!equals || equals == text || !equals[1] || strchr(text, '\n'))
		return wrong_sweep(text, "takes a key and its values: phases.churn.ops=1M,2M", error);
	if (arguments->sweep_count == WORKLOAD_SWEEPS_MAX)
		return wrong_sweep(text, "is one key too many; at most 8", error);
	struct workload_sweep *sweeps = memory_resize(arguments->sweeps, arguments->sweep_count + 1, sizeof sweeps[0]);
	if (!sweeps)
		return no_memory(error);
	arguments->sweeps = sweeps;
	struct workload_sweep *sweep = &sweeps[arguments->sweep_count++];
	*sweep = (struct workload_sweep){.key = memory_text(text)};
	if (!sweep->key)
		return no_memory(error);
	sweep->key[equals - text] = '\0';
	for (size_t i = 0; i + 1 < arguments->sweep_count; i++)
		if (strcmp(sweeps[i].key, sweep->key) == 0)
			return wrong_sweep(text, "sweeps a key for the second time; write its values together", error);
	for (const char *at = equals + 1;;) {
		size_t length = strcspn(at, ",");
		size_t capacity = sweep->value_count;
		if (!length || sweep->value_count == WORKLOAD_SWEEP_VALUES_MAX)
			return wrong_sweep(text, "takes 1 to 100 values with a comma between them", error);
		if (memory_grow(&sweep->values, &capacity, sweep->value_count, sizeof sweep->values[0]) < 0)
			return no_memory(error);
		char *value = memory_text(at);
		if (!value)
			return no_memory(error);
		value[length] = '\0';
		for (size_t i = 0; i < sweep->value_count; i++)
			if (strcmp(sweep->values[i].text, value) == 0) {
				memory_release(value);
				return wrong_sweep(text, "has a value twice", error);
			}
		sweep->values[sweep->value_count++] = (struct yaml_written){.text = value};
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

const struct option_row run_argument_rows[RUN_ARGUMENT_ROWS] = {
	{"allocator", 'a', OPTION_OWN, OPTION_PLANS, "SPEC", NULL,
	 "name[:key=value,...], a layer with + in front, or the path of a plugin (with a slash); may be repeated; "
	 "all = every built-in; default: buddy, bitmap, rbtree",
	 .repeats = true, .read = read_spec},
	{"sweep", 0, OPTION_OWN, OPTION_PLANS, "KEY=A,B,...", NULL,
	 "plays the workload with each of these values of a key, named as in phases.churn.ops; several keys: all "
	 "combinations",
	 .repeats = true, .read = read_sweep},
	{"json", 0, OPTION_TEXT, OPTION_SHOWS, "FILE|-", "takes a file, or - for standard output",
	 "the document, also there; with - the table goes to standard error", OPTION_AT(struct run_arguments, output.json)},
	{"color", 0, OPTION_CHOICE, OPTION_SHOWS, "WHEN", "takes auto, always or never", "auto (default), always, never",
	 OPTION_AT(struct run_arguments, output.color), .choices = cli_colors},
	{"parse-only", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "check the workload files, with --seed, --ops and -t, and run nothing",
	 OPTION_AT(struct run_arguments, parse_only)},
	{"shrink", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "cut the operations with which an allocator gave a wrong answer, crashed or hung down to a few, and write them as "
	 "failure.yaml",
	 OPTION_AT(struct run_arguments, shrink)},
	{"quiet", 'q', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "no table, no progress",
	 OPTION_AT(struct run_arguments, output.quiet)},
	{"all", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "of comparisons also the exact metrics that are no headline figures", OPTION_AT(struct run_arguments, output.all)},
};

/* Several threads without a lock: what a plugin needs is known when its worker has opened it. */
static int check_locks(const struct run_arguments *arguments)
{
	if (run_most_threads(&arguments->run) <= 1 || arguments->run.lock != LOCK_NONE)
		return EXIT_CODE_OK;
	for (size_t i = 0; i < arguments->spec_count; i++) {
		struct text outermost = {0};
		allocator_spec_expand(arguments->specs[i], &outermost);
		if (outermost.failed)
			return EXIT_CODE_IO;
		outermost.bytes[strcspn(outermost.bytes, ":+")] = '\0';
		const struct iova_allocator *table = allocator_find(outermost.bytes);
		text_release(&outermost);
		if (table && !(table->capabilities & IOVA_CONCURRENT)) {
			cli_say("iovabench run: --lock none: %s is not made for several threads; it takes --lock mutex or "
				"spin, or one thread\n",
				arguments->specs[i]);
			return EXIT_CODE_USAGE;
		}
	}
	return EXIT_CODE_OK;
}

static int check_rate(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against = run_most_threads(run) > 1 ? "takes one thread"
			      : run->latency == RUN_LATENCY_OFF
				      ? "needs the latency pass: --latency off does not go with it"
			      : !run->rounds ? "needs the latency pass: --rounds 0 does not go with it"
					     : NULL;
	if (!run_is_open_loop(run) || !against)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --rate %s\n", arguments->command->name, against);
	return EXIT_CODE_USAGE;
}

/* Without pairs nothing would be left. */
static int check_paired(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against = arguments->spec_count < 2 ? "takes two arms or more"
			      : run_is_open_loop(run)   ? "does not go with --rate: an open loop measures waiting"
							: NULL;
	if (run->paired != RUN_PAIRED_ONLY || !against)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --paired only: %s\n", arguments->command->name, against);
	return EXIT_CODE_USAGE;
}

/* Behind them nothing would be left. */
static int check_alone(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against =
		run->paired == RUN_PAIRED_OFF    ? "--paired off leaves nothing to the rounds behind them"
		: run->paired == RUN_PAIRED_ONLY ? "--paired only times no arm alone"
		: arguments->spec_count == 1     ? "one arm has no pairs, which are what the rounds behind them play"
		: run_is_open_loop(run)          ? "an open loop has no pairs, which are what the rounds behind them play"
						 : NULL;
	if (!run->rounds_alone || !against)
		return EXIT_CODE_OK;
	fprintf(stderr, "iovabench %s: --alone %u: %s\n", arguments->command->name, run->rounds_alone, against);
	return EXIT_CODE_USAGE;
}

static int check_interference(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against = run_most_threads(run) > 1 ? "takes one thread"
			      : run_is_open_loop(run)   ? "does not go with --rate: it would decide when operations begin"
							: NULL;
	if (workload_interference_is_none(&run->changes.interference) || !against)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --interfere %s\n", arguments->command->name, against);
	return EXIT_CODE_USAGE;
}

static const char *nearest_spec(const struct run_arguments *arguments, const char *word)
{
	const char **names = memory_zeroed(arguments->spec_count + 2, sizeof names[0]);
	for (size_t i = 0; names && i < arguments->spec_count; i++)
		names[i] = arguments->specs[i];
	if (names)
		names[arguments->spec_count] = COMPARE_AGAINST_ALL;
	const char *nearest = names ? text_nearest(word, names) : NULL;
	memory_release(names);
	return nearest;
}

static int check_against(const struct run_arguments *arguments)
{
	const char *against = arguments->run.against;
	bool found = !against || strcmp(against, COMPARE_AGAINST_ALL) == 0;
	for (size_t i = 0; i < arguments->spec_count && !found; i++)
		found = strcmp(arguments->specs[i], against) == 0;
	if (found)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --against '%s': is no arm of this run; it takes all, or one of", arguments->command->name,
		against);
	for (size_t i = 0; i < arguments->spec_count; i++)
		cli_say("%s %s", i ? "," : "", arguments->specs[i]);
	const char *nearest = nearest_spec(arguments, against);
	cli_say("%s%s%s\n", nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}

static int check_profiler(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	struct error error = {0};
	if (run->profiler && run->changes.threads > 1)
		error_set(&error, EXIT_CODE_USAGE, "--profile %s: takes one thread", profiler_words[run->profiler]);
	else
		profiler_check(run->profiler, &error);
	if (error.exit_code != EXIT_CODE_OK)
		cli_say("iovabench %s: %s\n", arguments->command->name, error.message);
	return (int)error.exit_code;
}

/* Every machine is to make the same plan. */
const char *run_arguments_against_shards(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	return run->rounds_auto          ? "--rounds auto ends by what was measured, on each machine at another round: "
					   "it takes --rounds N"
	       : run->budget_seconds > 0 ? "--budget ends by time, on each machine at another round: it takes "
					   "--budget none"
	       : run->placements         ? "--dump-placements is of a whole run"
	       : run->until              ? "--until steady looks at all arms before anything is planned: play it once with "
					   "--rounds 0, then --ops N"
					 : NULL;
}

static int check_shard(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against = run->shards ? run_arguments_against_shards(arguments) : NULL;
	if (!against)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --shard %u/%u: %s\n", arguments->command->name, run->shard, run->shards, against);
	return EXIT_CODE_USAGE;
}

static int check_until(const struct run_arguments *arguments)
{
	if (!arguments->run.until || arguments->run.audit)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: --until steady: is told by audits, and --audit is off\n", arguments->command->name);
	return EXIT_CODE_USAGE;
}

/* What several options are together. */
static int check_together(const struct run_arguments *arguments)
{
	int code = check_locks(arguments);
	if (code == EXIT_CODE_OK)
		code = check_rate(arguments);
	if (code == EXIT_CODE_OK)
		code = check_against(arguments);
	if (code == EXIT_CODE_OK)
		code = check_paired(arguments);
	if (code == EXIT_CODE_OK)
		code = check_alone(arguments);
	if (code == EXIT_CODE_OK)
		code = check_interference(arguments);
	if (code == EXIT_CODE_OK)
		code = check_profiler(arguments);
	if (code == EXIT_CODE_OK)
		code = check_shard(arguments);
	if (code == EXIT_CODE_OK)
		code = check_until(arguments);
	if (code != EXIT_CODE_OK || arguments->run.rounds || arguments->run.audit)
		return code;
	cli_say("iovabench %s: --rounds '0': is the audit alone, and --audit is off: nothing would be run\n",
		arguments->command->name);
	return EXIT_CODE_USAGE;
}

static int add_default_specs(struct run_arguments *arguments)
{
	for (size_t i = 0; i < sizeof default_specs / sizeof default_specs[0]; i++)
		if (add_spec(arguments, default_specs[i], false, NULL) < 0)
			return EXIT_CODE_IO;
	return EXIT_CODE_OK;
}

static int take_files(struct run_arguments *arguments, size_t count, char **words)
{
	struct error error = {0};
	if (!cli_one_standard_input(arguments->command, (const char *const *)words, count))
		return EXIT_CODE_USAGE;
	if (workload_folder_resolve_all(words, count, &arguments->files, &error) < 0) {
		cli_say("iovabench %s: %s\n", arguments->command->name, error.message);
		return (int)error.exit_code;
	}
	arguments->run.files = (const char *const *)arguments->files.list;
	arguments->run.file_count = arguments->files.count;
	return EXIT_CODE_OK;
}

int run_arguments_read(struct run_arguments *arguments, const struct cli_command *command, int argc, char **argv)
{
	assert(argc >= 1 && !arguments->specs && !arguments->files.count);
	struct run_options *run = &arguments->run;
	struct cli_given given;
	arguments->command = command;
	*run = run_options_default();
	text_add(&arguments->words, "iovabench");
	for (int i = 0; i < argc; i++)
		text_add(&arguments->words, " %s", argv[i]);
	int code = cli_read(command, argc, argv, (void *[]){arguments, run}, &given);
	if (code >= 0)
		return code;
	if (given.first == argc) {
		cli_say("iovabench %s: no workload was named; iovabench list workloads shows those that are shipped\n",
			command->name);
		return EXIT_CODE_USAGE;
	}
	if (!arguments->spec_count && add_default_specs(arguments) != EXIT_CODE_OK)
		return EXIT_CODE_IO;
	if (!cli_was_given(command, &given, "lock") && run_most_threads(run) > 1)
		run->lock = LOCK_MUTEX;
	code = check_together(arguments);
	if (code != EXIT_CODE_OK)
		return code;
	code = take_files(arguments, (size_t)(argc - given.first), argv + given.first);
	if (code != EXIT_CODE_OK)
		return code;
	run->sweeps = arguments->sweeps;
	run->sweep_count = arguments->sweep_count;
	run->specs = arguments->specs;
	run->named = arguments->named;
	run->spec_count = arguments->spec_count;
	run->command = arguments->words.bytes;
	run->progress = cli_progress(arguments->output.quiet);
	return arguments->words.failed ? EXIT_CODE_IO : -1;
}

void run_arguments_release(struct run_arguments *arguments)
{
	struct workload swept = {.sweeps = arguments->sweeps, .sweep_count = arguments->sweep_count};
	workload_release(&swept);
	workload_folder_release(&arguments->files);
	memory_release(arguments->specs);
	memory_release(arguments->named);
	text_release(&arguments->words);
}
