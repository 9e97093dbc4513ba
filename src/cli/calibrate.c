/* SPDX-License-Identifier: MIT */
#include "allocator/spec.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "run/settings.h"
#include "compare/compare.h"
#include "run/run_file.h"
#include "run/run.h"
#include "run/store.h"
#include "run/trial.h"
#include "workload/workload_yaml.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_MILLISECONDS 500u
#define COMPARISONS_DEFAULT 20u
#define RUN_BYTES_MAX ((size_t)64 << 20)

/* Small enough that a process takes a tenth of a second, long enough for its windows. */
static const char workload[] = "iovabench: 1\n"
			       "name: calibration\n"
			       "about: 1 to 64 pages, a thousand live, victims at random\n"
			       "requests: [{name: block, call: extent, size: {powers_of_two: {min: 4KiB, max: 256KiB}}}]\n"
			       "phases:\n"
			       "  - {name: fill, mix: [{request: block}], until: {live: 1k}}\n"
			       "  - {name: churn, mix: [{request: block}], ops: 200k}\n";

struct arguments {
	bool null, json;
	const char *specs[2];
	size_t spec_count;
	const char *file, *folder;
	uint64_t ops;
	uint32_t comparisons, rounds;
	double threshold;
};

static int print_clock_json(const struct clock *clock, const char *name, struct error *error)
{
	struct json_writer writer = {0};
	struct text text = {0};
	json_prepare();
	json_t *object = json_object();
	json_put_text(&writer, object, "clock", name);
	json_put_double(&writer, object, "tsc_hz", clock->counter ? 1e9 / clock->ns_per_tick : (double)NAN);
	if (!clock->counter)
		json_put_text(&writer, object, "tsc_hz_reason", "the CPU has no counter of constant rate");
	json_put_double(&writer, object, "timer_step_ns", clock->step_ns);
	json_put_double(&writer, object, "timer_pair_ns", clock->pair_ns);
	json_put_double(&writer, object, "resolution_ns", clock->step_ns + clock->pair_ns);
	json_put_double(&writer, object, "timer_drift_ppm", clock->drift_ppm);
	int result = json_finish(&writer, object, true, "calibrate", &text, error);
	if (result == 0)
		fputs(text.bytes, stdout);
	text_release(&text);
	return result < 0 ? (int)error->exit_code : EXIT_CODE_OK;
}

static int show_clock(bool json, struct error *error)
{
	struct clock clock = {0};
	clock_calibrate(&clock, CLOCK_MILLISECONDS);
	clock_compare(&clock, CLOCK_MILLISECONDS);
	const char *name = clock.counter ? "time-stamp counter" : "CLOCK_MONOTONIC_RAW";
	if (json)
		return print_clock_json(&clock, name, error);
	printf("clock       %s\n", name);
	if (clock.counter)
		printf("rate        %.6f MHz\n", 1e3 / clock.ns_per_tick);
	printf("step        %.2f ns       the smallest difference that it shows\n", clock.step_ns);
	printf("pair        %.2f ns       a start and a stop with nothing between them\n", clock.pair_ns);
	printf("resolution  %.2f ns       step and pair: shorter latencies cannot be told from nothing\n",
	       clock.step_ns + clock.pair_ns);
	printf("drift       %.2f ppm      between two calibrations of %u ms; above 100 times are not to be trusted\n",
	       clock.drift_ppm, CLOCK_MILLISECONDS);
	return EXIT_CODE_OK;
}

static int path_in(const char *folder, const char *name, struct text *path, struct error *error)
{
	path->length = 0;
	text_add(path, "%s/%s", folder, name);
	return path->failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
}

/* The run that was begun in folder is the one that would be begun now: it goes on. */
static int check_same(const char *folder, const struct run_options *options, struct error *error)
{
	struct run_file begun = {0};
	struct text path = {0};
	char *bytes = NULL, *now = NULL;
	size_t length, now_length;
	int status = path_in(folder, "run.json", &path, error);
	if (status == 0)
		status = file_read(path.bytes, RUN_BYTES_MAX, &bytes, &length, error);
	if (status == 0)
		status = run_file_read(bytes, length, &begun, error);
	if (status == 0)
		status = file_read(options->files[0], WORKLOAD_FILE_BYTES_MAX, &now, &now_length, error);
	const struct run_options *old = &begun.options;
	if (status == 0 &&
	    (old->file_count != 1 || !begun.inputs.count || old->spec_count != options->spec_count ||
	     begun.inputs.list[0].hash != workload_hash(now, now_length) || strcmp(old->specs[0], options->specs[0]) != 0 ||
	     strcmp(old->specs[1], options->specs[1]) != 0 || old->rounds != options->rounds ||
	     old->changes.ops != options->changes.ops || old->latency != options->latency ||
	     old->paired != options->paired))
		status = error_set(
			error, EXIT_CODE_USAGE,
			"%s: this folder holds another run than the one that is asked for; choose a new one with -o",
			folder);
	run_file_release(&begun);
	memory_release(bytes);
	memory_release(now);
	text_release(&path);
	return status;
}

/* What was killed while it wrote the calibration of a run that had ended left a part of it. */
static void sweep(const char *folder)
{
	int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened < 0)
		return;
	file_sweep_folder(opened);
	close(opened);
}

/* Runs, or goes on with what was killed in folder, or takes what is finished there. */
static enum exit_code run_or_go_on(const struct run_options *options, struct result *result, struct text *messages,
				   struct error *error)
{
	struct text used = {0}, path = {0};
	struct error none = {0};
	enum exit_code code = EXIT_CODE_OK;
	bool finished = false;
	int status = path_in(options->folder, "run.json", &path, error);
	if (status == 0 && access(path.bytes, F_OK) < 0) {
		code = run_matrix(options, result, &used, messages, error);
	} else if (status == 0 && check_same(options->folder, options, error) == 0) {
		finished = cli_result_load(options->folder, result, &none) == 0 && !result_can_go_on(result);
		if (finished) {
			sweep(options->folder);
		} else {
			result_release(result);
			code = run_resume(options->folder, 0, options, result, &used, messages, &finished, error);
		}
	}
	text_release(&used);
	text_release(&path);
	return error->exit_code != EXIT_CODE_OK ? error->exit_code : code;
}

static enum exit_code measure(const struct arguments *arguments, const char *file, const char *folder,
			      struct result *result, struct error *error)
{
	struct text messages = {0};
	const char *specs[2] = {arguments->specs[0], arguments->specs[arguments->spec_count - 1]};
	/* Nobody audits the harness: without figures of its own it would not be measured. */
	bool harness = strcmp(specs[0], TRIAL_NULL_SPEC) == 0 || strcmp(specs[1], TRIAL_NULL_SPEC) == 0;
	struct run_options options = {.files = &file,
				      .file_count = 1,
				      .specs = specs,
				      .spec_count = 2,
				      .changes = {.ops = arguments->ops},
				      .rounds = arguments->rounds * arguments->comparisons,
				      .latency = RUN_LATENCY_OFF,
				      .audit = true,
				      .paired = harness ? RUN_PAIRED_ON : RUN_PAIRED_ONLY,
				      .paired_ms = RUN_PAIRED_MS_DEFAULT,
				      .folder = folder,
				      .stall_seconds = RUN_STALL_SECONDS_DEFAULT,
				      .progress = cli_progress(false),
				      .command = "iovabench calibrate --null"};
	enum exit_code code = run_or_go_on(&options, result, &messages, error);
	if (messages.length)
		cli_say("%s", messages.bytes);
	/* What a workload expects of allocators is nothing that rounds could tell. */
	if (code == EXIT_CODE_MISSED)
		code = EXIT_CODE_OK;
	else if (code != EXIT_CODE_OK && code == result_exit_code(result))
		cli_tell_faults("calibrate", result);
	text_release(&messages);
	return code;
}

static void tell(const struct arguments *arguments, const struct calibration *calibration)
{
	struct text text = {0};
	if (arguments->spec_count == 2) {
		text_add(&text, "%s against %s: %.4g times as slow in the median of %u comparisons of %u rounds\n",
			 calibration->b, calibration->a, calibration->median_ratio, calibration->comparisons,
			 calibration->rounds);
	} else {
		calibration_tell(calibration, NULL, &text);
	}
	text_add(&text, "verdicts at a threshold of %.4g%%:", 100 * calibration->threshold);
	for (int i = 0; i < RESULT_VERDICT_COUNT; i++)
		if (calibration->verdicts[i])
			text_add(&text, "  %s %u", result_verdict_name[i], calibration->verdicts[i]);
	text_add(&text, "\n");
	if (!text.failed)
		fputs(text.bytes, stdout);
	text_release(&text);
}

/* target: where to store it, or NULL. */
static int keep(const struct calibration *calibration, const char *target, bool json, struct error *error)
{
	struct text document = {0};
	int status = calibration_write(calibration, &document, error);
	if (status == 0 && json)
		fwrite(document.bytes, 1, document.length, stdout);
	if (status == 0 && target)
		status = file_write_into(target, "calibration.json", document.bytes, document.length, error);
	if (status == 0 && target)
		cli_say("stored: %s/calibration.json\n", target);
	text_release(&document);
	return status;
}

static enum exit_code finish(const struct arguments *arguments, const struct result *result, const char *target,
			     struct error *error)
{
	struct calibration calibration;
	if (calibration_make(result, arguments->rounds, arguments->threshold, &calibration, error) < 0)
		return error->exit_code;
	if (!arguments->json)
		tell(arguments, &calibration);
	bool equals = arguments->spec_count == 1;
	keep(&calibration, equals || arguments->folder ? target : NULL, arguments->json, error);
	bool noisy = equals && calibration_alarms(&calibration) > COMPARE_ERROR_RATE;
	calibration_release(&calibration);
	return error->exit_code != EXIT_CODE_OK ? error->exit_code : noisy ? EXIT_CODE_UNTRUSTWORTHY : EXIT_CODE_OK;
}

/* Where the run is kept, so that what a calibration rests on can be looked at: the folder that was named, or a new one. */
static int choose_folders(const struct arguments *arguments, struct text *target, struct text *folder, struct error *error)
{
	char now[32];
	time_t seconds = time(NULL);
	struct tm utc;
	if (arguments->folder) {
		/* Whoever goes on does so from where the run was begun. */
		char *whole = store_make_folder(arguments->folder, error) == 0 ? realpath(arguments->folder, NULL) : NULL;
		if (!whole)
			return error_set(error, EXIT_CODE_IO, "%s: cannot make this folder", arguments->folder);
		text_add(target, "%s", whole);
		text_add(folder, "%s", whole);
		free(whole);
	} else {
		if (calibration_folder(target, error) < 0)
			return -1;
		strftime(now, sizeof now, "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &utc));
		text_add(folder, "%s/run-%s-%d", target->bytes ? target->bytes : "", now, (int)getpid());
	}
	return target->failed || folder->failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
}

/* The workload of our own is a file beside the run: whoever goes on needs it. */
static int write_workload(const char *folder, struct text *file, struct error *error)
{
	if (store_make_folder(folder, error) < 0 || path_in(folder, "calibration.yaml", file, error) < 0)
		return -1;
	return file_write_into(folder, "calibration.yaml", workload, sizeof workload - 1, error);
}

static enum exit_code calibrate(const struct arguments *arguments, struct error *error)
{
	struct text target = {0}, folder = {0}, file = {0};
	struct result result = {0};
	enum exit_code code = EXIT_CODE_OK;
	int status = choose_folders(arguments, &target, &folder, error);
	if (status == 0 && arguments->folder && path_in(target.bytes, "calibration.json", &file, error) == 0 &&
	    access(file.bytes, F_OK) == 0)
		status = error_set(error, EXIT_CODE_USAGE, "%s exists; choose a new folder with -o", file.bytes);
	if (status == 0 && !arguments->file)
		status = write_workload(folder.bytes, &file, error);
	if (status == 0)
		code = measure(arguments, arguments->file ? arguments->file : file.bytes, folder.bytes, &result, error);
	if (status == 0 && code == EXIT_CODE_OK)
		code = finish(arguments, &result, target.bytes, error);
	result_release(&result);
	text_release(&target);
	text_release(&folder);
	text_release(&file);
	return error->exit_code != EXIT_CODE_OK ? error->exit_code : code;
}

static int read_spec(void *target, const char *spec, struct error *error)
{
	struct arguments *arguments = target;
	struct error wrong = {0};
	if (arguments->spec_count == 2)
		return error_set(error, EXIT_CODE_USAGE, "-a '%s': may be given twice, not more often", spec);
	if (allocator_spec_check(spec, &wrong) < 0)
		return error_set(error, wrong.exit_code, "-a %s", wrong.message);
	arguments->specs[arguments->spec_count++] = spec;
	return 0;
}

static int read_threshold(void *target, const char *value, struct error *error)
{
	struct arguments *arguments = target;
	(void)error;
	return cli_read_share(value, &arguments->threshold) ? 0 : -1;
}

/* The first two are all that the clock takes. */
static const struct option_row rows[] = {
	{"json", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "one JSON document instead of text",
	 OPTION_AT(struct arguments, json)},
	{"null", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "compares equals, and stores what comes out",
	 OPTION_AT(struct arguments, null)},
	{"allocator", 'a', OPTION_OWN, OPTION_FIGURES, "SPEC", NULL,
	 "compared with itself (default rbtree), or with the second one", .repeats = true, .read = read_spec},
	{"comparisons", 0, OPTION_NUMBER, OPTION_PLANS, "N", "takes a whole number from 1 to 10000",
	 "how many (default 20)", OPTION_AT(struct arguments, comparisons), .minimum = 1, .maximum = 10000},
	{"rounds", 0, OPTION_NUMBER, OPTION_PLANS, "N", "takes a whole number from 1 to 1000",
	 "fresh processes for each (default 12)", OPTION_AT(struct arguments, rounds), .minimum = 1, .maximum = 1000},
	{"ops", 0, OPTION_COUNT, OPTION_FIGURES, "N", "takes a count from 1 to 1000G",
	 "operations of every measured phase that ends by operations", OPTION_AT(struct arguments, ops), .minimum = 1,
	 .maximum = WORKLOAD_OPS_MAX},
	{"threshold", 0, OPTION_OWN, OPTION_SHOWS, "N%", "takes a share above 0% and up to 100%, as in 3%",
	 "how much slower is a difference (3%)", .read = read_threshold},
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "DIR", "takes the name of a folder",
	 "where calibration.json goes (default: the user's cache)", OPTION_AT(struct arguments, folder)},
};

static int fault(const char *option, const char *value, const char *wanted)
{
	cli_say("iovabench calibrate: %s '%s': %s\n", option, value, wanted);
	return EXIT_CODE_USAGE;
}

/* -1: go on; else the exit code. */
static int read_arguments(const struct cli_command *command, struct arguments *arguments, int argc, char **argv)
{
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){arguments, NULL}, &given);
	if (code >= 0)
		return code;
	const int first = given.first;
	bool more = false;
	for (size_t i = 2; i < sizeof rows / sizeof rows[0]; i++)
		more |= given.given[0][i];
	if (argc - first > 1)
		return fault("WORKLOAD", argv[first + 1], "one is enough");
	if (!arguments->null && (more || argc > first))
		return fault("calibrate", argc > first ? argv[first] : "",
			     "the clock needs nothing; --null takes the rest");
	arguments->file = argc > first ? argv[first] : NULL;
	if (arguments->rounds * (uint64_t)arguments->comparisons > RUN_ROUNDS_MAX)
		return fault("--comparisons", "", "times --rounds is more than 100000");
	if (arguments->spec_count == 0)
		arguments->specs[arguments->spec_count++] = "rbtree";
	return -1;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {
		.comparisons = COMPARISONS_DEFAULT, .rounds = RUN_ROUNDS_DEFAULT, .threshold = COMPARE_THRESHOLD_DEFAULT};
	struct error error = {0};
	int code = read_arguments(command, &arguments, argc, argv);
	if (code < 0)
		code = arguments.null ? (int)calibrate(&arguments, &error) : show_clock(arguments.json, &error);
	if (*error.message)
		cli_say("iovabench calibrate: %s\n", error.message);
	return code;
}

const struct cli_command cli_calibrate = {
	.name = "calibrate",
	.about = "tell what the clock can, or with --null what comparisons can",
	.usage =
		(const char *const[]){
			"[--json]",
			"--null [-a SPEC [-a SPEC]] [--comparisons 20] [--rounds 12] [--ops N] [--threshold 3%] "
			"[-o DIR] [--json] [WORKLOAD]",
			NULL},
	.text = "Without --null: what the clock can tell, and how constant it is.\n"
		"With it: compares an allocator (rbtree) with itself again and again, "
		"and stores how often that was called a difference and which slow-down would have been found, "
		"as calibration.json in DIR or in the user's cache (XDG_CACHE_HOME or ~/.cache, folder iovabench), "
		"where compare and gate look for it. A second -a is held against the first instead, "
		"which shows how often a known difference is found; that is stored with -o only.\n\n"
		"Exit codes: 0 ok, 5 more than one comparison in twenty called equals different.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
