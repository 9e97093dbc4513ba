/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/quick.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "compare/compare.h"
#include "compare/dominance.h"
#include "compare/percentile.h"
#include "compare/quick.h"
#include "report/comparison.h"
#include "base/json.h"
#include "result/node.h"
#include "result/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct arguments {
	const char *words[2];
	bool quick;
	double threshold;
	const char *calibration;
	bool json, all;
};

/* Two results, which may be one and the same. */
struct sides {
	struct cli_result_name names[2];
	struct result results[2];
	const struct result *a, *b;
};

static int load_sides(const struct arguments *arguments, struct sides *sides, struct error *error)
{
	for (int i = 0; i < 2; i++)
		if (cli_result_name(arguments->words[i], &sides->names[i], error) < 0)
			return -1;
	if (cli_result_load(sides->names[0].path, &sides->results[0], error) < 0)
		return -1;
	sides->a = sides->b = &sides->results[0];
	if (strcmp(sides->names[0].path, sides->names[1].path) == 0)
		return 0;
	sides->b = &sides->results[1];
	return cli_result_load(sides->names[1].path, &sides->results[1], error);
}

static void release_sides(struct sides *sides)
{
	for (int i = 0; i < 2; i++) {
		memory_release(sides->names[i].path);
		result_release(&sides->results[i]);
	}
}

static const struct result_workload *workload_of(const struct compare_arm *side)
{
	return &side->result->workloads[side->result->arms[side->arm].workload];
}

static const char *spec_of(const struct compare_arm *side)
{
	return side->result->arms[side->arm].spec;
}

/* Only arms that were measured are paired. */
static const struct result_phase *phase_of(const struct compare_arm *side)
{
	const struct result_arm *arm = &side->result->arms[side->arm];
	return &arm->phases[arm->figures_phase];
}

static const char *run_of(const struct compare_arm *side)
{
	return result_arm_run(side->result, &side->result->arms[side->arm]);
}

static const char *interrupted(const struct result *result)
{
	return result->run.partial ? ", interrupted: not all of its rounds" : "";
}

static void add_dominance(const struct compare_pair *pair, struct text *text)
{
	struct compare_dominance dominance;
	compare_dominance(pair->rows, pair->row_count, &dominance);
	bool same = strcmp(spec_of(&pair->a), spec_of(&pair->b)) == 0;
	text_add(text, "  ");
	report_dominance(&dominance, same ? "a" : spec_of(&pair->a), same ? "b" : spec_of(&pair->b), text);
	text_add(text, "\n");
}

static void add_table(const struct arguments *arguments, const struct compare_pair *pairs, size_t count,
		      const struct calibration *calibration, struct text *text)
{
	for (size_t i = 0; i < count; i++) {
		const struct compare_pair *pair = &pairs[i];
		text_add(text, "%s", i ? "\n" : "");
		result_workload_label(workload_of(&pair->b), text);
		text_add(text, "\n  a = %s, %s%s\n  b = %s, %s%s\n", spec_of(&pair->a), run_of(&pair->a),
			 interrupted(pair->a.result), spec_of(&pair->b), run_of(&pair->b), interrupted(pair->b.result));
		if (pair->other_count)
			text_add(text, "  both on %zu nodes of one class\n", pair->other_count + 1);
		add_dominance(pair, text);
		report_comparison_table(pair->rows, pair->row_count, arguments->all, NULL, text);
		report_latency_table(phase_of(&pair->a), phase_of(&pair->b), text);
	}
	text_add(text, "\n");
	calibration_tell(calibration, count ? pairs[0].b.result : NULL, text);
}

static void put_percentile(struct json_writer *writer, json_t *object, const char *key,
			   const struct result_latency *latency, unsigned which)
{
	struct compare_percentile found = compare_percentile(latency, which);
	json_t *side = json_put_object(writer, object, key);
	json_put_double(writer, side, "ns", found.ns);
	json_put_double(writer, side, "ci_low_ns", found.low_ns);
	json_put_double(writer, side, "ci_high_ns", found.high_ns);
	if (!isfinite(found.low_ns))
		json_put_text(writer, side, "ci_low_ns_reason", "too few samples for an interval");
}

static void put_workload(struct json_writer *writer, json_t *object, const struct result_workload *workload)
{
	json_put_text(writer, object, "workload", workload->name);
	if (!workload->setting_count)
		return;
	json_t *sweep = json_put_object(writer, object, "sweep");
	for (size_t i = 0; i < workload->setting_count; i++)
		json_put_text(writer, sweep, workload->settings[i].key, workload->settings[i].value);
}

static void put_latencies(struct json_writer *writer, json_t *list, const struct compare_pair *pair)
{
	const struct result_phase *a = phase_of(&pair->a), *b = phase_of(&pair->b);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		for (unsigned which = 0; which < COMPARE_PERCENTILES; which++) {
			if (isnan(compare_percentile(&a->latency[kind], which).ns) ||
			    isnan(compare_percentile(&b->latency[kind], which).ns))
				continue;
			json_t *object = json_append_object(writer, list);
			put_workload(writer, object, workload_of(&pair->b));
			json_put_text(writer, object, "a", spec_of(&pair->a));
			json_put_text(writer, object, "b", spec_of(&pair->b));
			json_put_text(writer, object, "kind", metric_kind_name[kind]);
			json_put_text(writer, object, "percentile", compare_percentile_name[which]);
			put_percentile(writer, object, "a_latency", &a->latency[kind], which);
			put_percentile(writer, object, "b_latency", &b->latency[kind], which);
		}
	}
}

static void put_standing(struct json_writer *writer, json_t *object, const char *key,
			 const struct compare_dominance *dominance, enum compare_standing standing)
{
	json_t *list = json_put_array(writer, object, key);
	for (size_t i = 0; i < dominance->count; i++)
		if (dominance->headlines[i].standing == standing)
			json_append(writer, list, json_string(metric_table[dominance->headlines[i].metric].path));
}

/* Which two arms an entry speaks of. */
static void put_pair(struct json_writer *writer, json_t *object, const struct compare_pair *pair)
{
	put_workload(writer, object, workload_of(&pair->b));
	json_put_u64(writer, object, "threads", pair->b.result->arms[pair->b.arm].threads);
	json_put_text(writer, object, "a", spec_of(&pair->a));
	json_put_text(writer, object, "b", spec_of(&pair->b));
	json_put_text(writer, object, "a_run", run_of(&pair->a));
	json_put_text(writer, object, "b_run", run_of(&pair->b));
}

static void put_dominance(struct json_writer *writer, json_t *object, const struct compare_pair *pair)
{
	struct compare_dominance dominance;
	compare_dominance(pair->rows, pair->row_count, &dominance);
	put_pair(writer, object, pair);
	json_put_text(writer, object, "outcome", compare_outcome_name[dominance.outcome]);
	put_standing(writer, object, "better", &dominance, COMPARE_BETTER);
	put_standing(writer, object, "worse", &dominance, COMPARE_WORSE);
	put_standing(writer, object, "level", &dominance, COMPARE_LEVEL);
	put_standing(writer, object, "open", &dominance, COMPARE_OPEN);
}

static int add_json(const struct compare_pair *pairs, size_t count, const struct calibration *calibration,
		    struct text *text, struct error *error)
{
	struct json_writer writer = {false};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", "iovabench.comparison/1");
	calibration_put(&writer, document, calibration, count ? pairs[0].b.result : NULL);
	json_t *list = json_put_array(&writer, document, "dominance");
	for (size_t i = 0; i < count; i++)
		put_dominance(&writer, json_append_object(&writer, list), &pairs[i]);
	list = json_put_array(&writer, document, "comparisons");
	for (size_t i = 0; i < count; i++) {
		for (size_t row = 0; row < pairs[i].row_count; row++) {
			json_t *object = json_append_object(&writer, list);
			put_pair(&writer, object, &pairs[i]);
			parts_write_comparison(&writer, object, &pairs[i].rows[row]);
		}
	}
	list = json_put_array(&writer, document, "latencies");
	for (size_t i = 0; i < count; i++)
		put_latencies(&writer, list, &pairs[i]);
	return json_finish(&writer, document, true, "comparison", text, error);
}

/* That one allocator is slower than another is no regression. A percentile needs far more rounds than a time: as an open
 * one it would leave nearly everything open. */
static enum exit_code judge(const struct compare_pair *pairs, size_t count)
{
	bool open = false;
	for (size_t i = 0; i < count; i++)
		for (size_t row = 0; row < pairs[i].row_count; row++) {
			enum result_verdict verdict = pairs[i].rows[row].verdict;
			if (!metric_is_headline((int)pairs[i].rows[row].metric))
				continue;
			if (verdict == RESULT_VERDICT_REGRESSION && pairs[i].rows[row].baseline)
				return EXIT_CODE_MISSED;
			open |= pairs[i].rows[row].metric < METRIC_COUNT &&
				(verdict == RESULT_VERDICT_INCONCLUSIVE || verdict == RESULT_VERDICT_DIFFERENT_WORK ||
				 verdict == RESULT_VERDICT_NOT_COMPARED);
		}
	return open ? EXIT_CODE_INCONCLUSIVE : EXIT_CODE_OK;
}

/* Of an arm that was named and is not there, what it may have meant. */
static void tell_nearest(const struct result *result, const char *spec, char side, struct text *text)
{
	const char **specs = memory_zeroed(result->arm_count + 1, sizeof specs[0]);
	bool there = !spec;
	for (size_t i = 0; specs && i < result->arm_count; i++) {
		specs[i] = result->arms[i].spec;
		there |= spec && strcmp(specs[i], spec) == 0;
	}
	const char *nearest = specs && !there ? text_nearest(spec, specs) : NULL;
	if (!there)
		text_add(text, "%c has no arm '%s'%s%s%s; ", side, spec, nearest ? ", did you mean '" : "",
			 nearest ? nearest : "", nearest ? "'?" : "");
	memory_release(specs);
}

static int match(const struct sides *sides, struct compare_pair **pairs, size_t *count, struct error *error)
{
	if (sides->a == sides->b && !sides->names[0].spec && !sides->names[1].spec)
		return error_set(error, EXIT_CODE_USAGE, "A and B are the same result: name two of its arms, RESULT:SPEC");
	if (compare_match(sides->a, sides->b, sides->names[0].spec, sides->names[1].spec, pairs, count, error) < 0)
		return -1;
	if (*count)
		return compare_check_work(*pairs, *count, error);
	struct text arms = {0};
	tell_nearest(sides->a, sides->names[0].spec, 'A', &arms);
	tell_nearest(sides->b, sides->names[1].spec, 'B', &arms);
	for (int i = 0; i < 2; i++) {
		const struct result *result = i ? sides->b : sides->a;
		text_add(&arms, i ? "; B has%s" : "A has%s", result->arm_count ? "" : " none");
		for (size_t j = 0; j < result->arm_count && arms.length < 700; j++) {
			const struct result_arm *arm = &result->arms[j];
			text_add(&arms, "%s %s on %s", j ? "," : "", arm->spec, result->workloads[arm->workload].name);
			if (arm->state != RESULT_ARM_OK)
				text_add(&arms, " (%s)", result_arm_state_name[arm->state]);
		}
	}
	error_set(error, EXIT_CODE_USAGE, "no two arms to compare (same workload, threads and spec, both measured): %s",
		  arms.failed ? "" : arms.bytes);
	text_release(&arms);
	return -1;
}

static enum exit_code compare(const struct arguments *arguments, const struct sides *sides, struct error *error)
{
	struct compare_pair *pairs = NULL;
	struct compare_rules rules;
	struct calibration calibration = {0};
	struct text text = {0};
	size_t count = 0;
	int status = match(sides, &pairs, &count, error);
	compare_rules_default(&rules, arguments->threshold, count);
	for (size_t i = 0; i < count && status == 0; i++)
		status = compare_arms(&pairs[i], &rules, error);
	if (status == 0)
		status = calibration_find(arguments->calibration, &calibration, error);
	if (status == 0 && arguments->json)
		status = add_json(pairs, count, &calibration, &text, error);
	else if (status == 0)
		add_table(arguments, pairs, count, &calibration, &text);
	if (status == 0 && text.failed)
		status = error_set(error, EXIT_CODE_IO, "no memory for the table");
	if (status == 0 && arguments->json)
		fwrite(text.bytes, 1, text.length, stdout);
	else if (status == 0)
		cli_show(text.bytes);
	enum exit_code code = status == 0 ? judge(pairs, count) : error->exit_code;
	for (size_t i = 0; i < count; i++)
		compare_pair_release(&pairs[i]);
	memory_release(pairs);
	text_release(&text);
	calibration_release(&calibration);
	return code;
}

static int read_threshold(void *target, const char *value, struct error *error)
{
	struct arguments *arguments = target;
	(void)error;
	return cli_read_share(value, &arguments->threshold) ? 0 : -1;
}

static const struct option_row rows[] = {
	{"threshold", 0, OPTION_OWN, OPTION_SHOWS, "N%", "takes a share above 0% and up to 100%, as in 3%",
	 "how much slower is a regression, or slower beyond doubt (3%); exact metrics are compared exactly",
	 .read = read_threshold},
	{"quick", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL,
	 "A and B are allocators, specs or plugins: they are played by turns for a second (threshold 1%)",
	 OPTION_AT(struct arguments, quick)},
	{"all", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "also the metrics that are no headline figures",
	 OPTION_AT(struct arguments, all)},
	{"json", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "one JSON document instead of a table",
	 OPTION_AT(struct arguments, json)},
	{"calibration", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file", "what iovabench calibrate --null has written",
	 OPTION_AT(struct arguments, calibration)},
};

static int run_quick(const struct cli_command *command, const struct arguments *arguments, const struct cli_given *given,
		     int count, char **words)
{
	struct error error = {0};
	bool threshold = cli_was_given(command, given, "threshold");
	if (count != 2 && count != 3)
		return cli_usage(command, "--quick takes two allocators, and perhaps a workload");
	if (arguments->all || arguments->calibration)
		return cli_usage(command, "--quick does not go with --all and --calibration");
	const struct quick quick = {.specs = {words[0], words[1]},
				    .workload = count == 3 ? words[2] : NULL,
				    .threshold = threshold ? arguments->threshold : COMPARE_QUICK_THRESHOLD,
				    .json = arguments->json};
	int code = (int)quick_compare(&quick, &error);
	if (*error.message)
		cli_say("iovabench compare: %s\n", error.message);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {.threshold = COMPARE_THRESHOLD_DEFAULT};
	struct sides sides = {0};
	struct error error = {0};
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	if (arguments.quick)
		return run_quick(command, &arguments, &given, argc - given.first, argv + given.first);
	if (argc - given.first != 2)
		return cli_usage(command, "takes two results");
	arguments.words[0] = argv[given.first];
	arguments.words[1] = argv[given.first + 1];
	code = load_sides(&arguments, &sides, &error) == 0 ? (int)compare(&arguments, &sides, &error)
							   : (int)error.exit_code;
	release_sides(&sides);
	if (*error.message)
		cli_say("iovabench compare: %s\n", error.message);
	return code;
}

const struct cli_command cli_compare = {
	.name = "compare",
	.about = "hold two results or two arms against each other: ratios, intervals, verdicts",
	.usage = (const char *const[]){"A B [--threshold 3%] [--all] [--json] [--calibration FILE]",
				       "--quick A B [WORKLOAD] [--threshold 1%] [--json]", NULL},
	.text = "Holds the arms of B against those of A. A and B are results (a folder of a run, or its result.json) "
		"or one arm of a result, RESULT:SPEC (on standard input: -- -:SPEC). Arms are matched by workload, "
		"the values of its sweep, threads, rate and, unless named, spec and lock.\n"
		"Two arms of one run share their rounds, so their ratio is free of drift; two runs do not, "
		"and the table says so. Rounds of two machines are never paired; machines of one class are pooled.\n"
		"The same arm of two results has regressions and improvements; of two allocators one is slower or faster, "
		"and needs more or fewer of something.\n\n"
		"With --quick A and B are allocators, and what is compared is played now: an audit of each, then pairs in "
		"as many short processes as a second holds. The first line is the answer; B is slower or faster when its "
		"interval at 99.9 % lies on one side and the ratio is half the threshold away. Nothing is kept.\n\n"
		"  iovabench compare results/x:buddy results/x:bitmap\n"
		"  iovabench compare --quick ./before.so ./after.so\n\n"
		"Exit codes, by the headline figures: 0 no regression, 1 a regression (--quick: B is slower), 4 inconclusive, "
		"2 no two arms to compare, or no result.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
