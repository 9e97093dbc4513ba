/* SPDX-License-Identifier: MIT */
#include "cli/suite_plan.h"

#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "cli/say.h"
#include "report/format.h"
#include "run/shard.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = {"people", "slurm", "parallel", "make", NULL};

const struct option_row suite_plan_rows[SUITE_PLAN_ROWS] = {
	{"shards", 0, OPTION_NUMBER, OPTION_SHOWS, "N", "takes a whole number from 1 to 10000",
	 "plan: in how many parts, and which has which rounds", OPTION_AT(struct suite_plan, shards), .minimum = 1,
	 .maximum = RUN_SHARDS_MAX},
	{"for", 0, OPTION_CHOICE, OPTION_SHOWS, "KIND", "takes slurm, parallel, make or people",
	 "plan: with --shards, what hands the parts to machines and merges them: a job array of Slurm, GNU parallel over "
	 "hosts, or a makefile; people: a table (default)",
	 OPTION_AT(struct suite_plan, kind), .choices = kinds},
	{"baseline", 0, OPTION_TEXT, OPTION_SHOWS, "A", "takes a result",
	 "in place of the suite's: the result that its own is held against when it ends, as gate does, which has the exit "
	 "code then",
	 OPTION_AT(struct suite_plan, baseline)},
	{"policy", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes a file",
	 "in place of the suite's: which metrics are gated, and their thresholds", OPTION_AT(struct suite_plan, policy)},
};
_Static_assert(sizeof(enum suite_for) == 4, "options store enums in four bytes");

/* The value of an option at words[*at], which may be the next word; NULL: it is another option, or has no value. */
static const char *value_of(const char *name, int count, char **words, int *at)
{
	size_t length = strlen(name);
	if (strncmp(words[*at], name, length) != 0)
		return NULL;
	if (words[*at][length] == '=')
		return words[*at] + length + 1;
	if (!words[*at][length] && *at + 1 < count)
		return words[++*at];
	/* -oDIR */
	return name[1] != '-' && words[*at][length] ? words[*at] + length : NULL;
}

int suite_plan_take(struct suite_plan *plan, const char *verb, int *count, char **words, const char **output)
{
	int kept = 0;
	bool plans = strcmp(verb, "plan") == 0;
	*output = NULL;
	for (int i = 0; i < *count; i++) {
		struct error error = {0};
		char *word = words[i];
		bool taken = false;
		for (size_t row = 0; row < SUITE_PLAN_ROWS && !taken; row++) {
			char name[32];
			snprintf(name, sizeof name, "--%s", suite_plan_rows[row].name);
			const char *value = value_of(name, *count, words, &i);
			taken = value != NULL;
			if (taken && option_read(&suite_plan_rows[row], plan, value, &error) < 0) {
				cli_say("iovabench suite %s: %s\n", verb, error.message);
				return (int)error.exit_code;
			}
		}
		const char *folder = taken || !plans ? NULL : value_of("-o", *count, words, &i);
		if (!taken && plans && !folder)
			folder = value_of("--output", *count, words, &i);
		if (folder)
			*output = folder;
		else if (!taken)
			words[kept++] = word;
	}
	*count = kept;
	if (!plans && (plan->shards || plan->kind != SUITE_FOR_PEOPLE)) {
		cli_say("iovabench suite %s: --shards and --for are suite plan's; %s takes --shard I/N: one part\n", verb,
			verb);
		return EXIT_CODE_USAGE;
	}
	if (plan->kind == SUITE_FOR_PEOPLE || plan->shards)
		return -1;
	cli_say("iovabench suite plan: --for %s: takes --shards N, too: in how many parts\n", kinds[plan->kind]);
	return EXIT_CODE_USAGE;
}

static void print_units(const struct shard_plan *plan, const struct combination_list *list, uint32_t shards)
{
	double all = 0, longest = 0;
	printf("%-9s %-11s %9s  %s\n", "shard", "rounds", "about", "workload");
	for (uint32_t shard = 1; shard <= shards; shard++) {
		double seconds = 0;
		size_t last = SIZE_MAX;
		for (size_t i = 0; i < plan->count; i++) {
			const struct shard_unit *unit = &plan->units[i];
			if (unit->shard != shard)
				continue;
			/* Whoever plays a block of a combination audits it. */
			double its = unit->seconds + (unit->combination != last ? unit->audit_seconds : 0);
			struct text label = {0};
			char name[32], rounds[32];
			const struct combination *combination = list->combinations[unit->combination];
			plan_label(&combination->plan, &combination->changes, &label);
			snprintf(name, sizeof name, "%u/%u", shard, shards);
			if (unit->rounds)
				snprintf(rounds, sizeof rounds, "%u-%u", unit->first + 1, unit->first + unit->rounds);
			else
				snprintf(rounds, sizeof rounds, "audit");
			printf("%-9s %-11s %7.1f s  %s\n", name, rounds, its, label.failed ? "?" : label.bytes);
			text_release(&label);
			seconds += its;
			last = unit->combination;
		}
		all += seconds;
		longest = seconds > longest ? seconds : longest;
	}
	printf("\n%zu units, about %.0f s of work; the longest shard about %.0f s\n", plan->count, all, longest);
}

/* Refuses what run would refuse, before anything is handed in. */
static int make_plan(const struct suite_plan *plan, int count, char **line)
{
	struct run_arguments arguments = {0};
	struct text messages = {0};
	struct error error = {0};
	struct combination_list list = {0};
	struct shard_plan shards = {0};
	int code = run_arguments_read(&arguments, &cli_run, count, line);
	if (code >= 0) {
		run_arguments_release(&arguments);
		return code;
	}
	const char *against = run_arguments_against_shards(&arguments);
	int status = 0;
	if (against)
		status = error_set(&error, EXIT_CODE_USAGE, "--shards %u: %s", plan->shards, against);
	if (status == 0)
		status = combination_list_open(&list, &arguments.run, &messages, &error);
	if (status == 0)
		status = shard_plan_make(&shards, &list, &arguments.run, plan->shards, &error);
	if (messages.length)
		cli_say("%s", messages.bytes);
	if (*error.message)
		cli_say("iovabench suite plan: %s\n", error.message);
	code = status == 0 ? EXIT_CODE_OK : error.exit_code ? (int)error.exit_code : EXIT_CODE_USAGE;
	if (status == 0 && plan->kind == SUITE_FOR_PEOPLE)
		print_units(&shards, &list, plan->shards);
	shard_plan_release(&shards);
	combination_list_close(&list, &arguments.run);
	text_release(&messages);
	run_arguments_release(&arguments);
	return code;
}

/* ---- scripts ---- */

/* %s: the words of run, behind the program; what stands around the merge. Whoever comes again goes on with what is there. */
static const char part_and_merge[] = "case $folder in /*) out=$folder ;; *) out=$dir/$folder ;; esac\n"
				     "part() { # number\n"
				     "\t[ ! -e \"$out/$1/run.json\" ] || exec \"$iovabench\" resume \"$out/$1\" -q\n"
				     "\texec \"$iovabench\"%s --shard \"$1/$shards\" -o \"$out/$1\" -q\n"
				     "}\n"
				     "merge() {\n"
				     "\tset --\n"
				     "\tfor i in $(seq \"$shards\"); do set -- \"$@\" \"$out/$i\"; done\n"
				     "\t%s\"$iovabench\" merge \"$@\" -o \"$out/merged\"%s\n"
				     "}\n"
				     "cd \"$dir\" || exit\n"
				     "case ${1-} in\n";

static const char submit_slurm[] =
	"part) part \"$SLURM_ARRAY_TASK_ID\" ;;\n"
	"merge) merge ;;\n"
	"*)\n"
	"\tmkdir -p \"$out\" || exit\n"
	"\t# One shard a node, alone on it; if its node dies it is handed in again. Then the merge, which names gaps.\n"
	"\tarray=$(sbatch --parsable --job-name=iovabench --array=1-\"$shards\" --exclusive --requeue --open-mode=append \\\n"
	"\t\t--output=\"$out/shard-%a.log\" \"$0\" part) || exit\n"
	"\tsbatch --job-name=iovabench-merge --dependency=afterany:\"${array%%;*}\" --output=\"$out/merge.log\" \"$0\" merge\n"
	"\t;;\n"
	"esac\n";

static const char submit_parallel[] =
	"part) part \"$2\" ;;\n"
	"merge) merge ;;\n"
	"*)\n"
	"\tmkdir -p \"$out\" || exit\n"
	"\tself=$(realpath \"$0\")\n"
	"\t# HOSTS: as -S of parallel takes them, node1,node2; they share this folder. One shard a host at a time.\n"
	"\t# Run again, it goes on with those that failed.\n"
	"\tparallel -S \"${HOSTS:-:}\" --jobs 1 --retries 3 --joblog \"$out/joblog\" --resume-failed \\\n"
	"\t\tsh \"$self\" part '{}' ::: $(seq \"$shards\")\n"
	"\tmerge\n"
	"\t;;\n"
	"esac\n";

/* %s: what stands behind the merge, and the words of run. */
static const char make_rules[] = "parts := $(shell seq $(shards))\n"
				 "$(out)/merged/result.json: $(parts:%%=$(out)/%%/result.json)\n"
				 "\t$(iovabench) merge $(parts:%%=$(out)/%%) -o $(out)/merged%s\n"
				 "$(out)/%%/result.json:\n"
				 "\tif [ -e $(out)/$*/run.json ]; then $(iovabench) resume $(out)/$* -q; \\\n"
				 "\telse $(iovabench)%s --shard $*/$(shards) -o $(out)/$* -q; fi\n"
				 ".NOTPARALLEL:\n";

static void assign(struct text *text, const char *name, const char *value)
{
	struct text word = {0};
	text_add_word(&word, value);
	if (!word.failed)
		text_add(text, "%s=%s\n", name, word.bytes + 1);
	text->failed |= word.failed;
	text_release(&word);
}

/* What holds a merged result against a baseline: nothing where the suite has none. */
static void add_gate(const struct suite_plan *plan, const char *program, const char *merged, struct text *text)
{
	if (!plan->baseline)
		return;
	text_add(text, " && %s gate --baseline", program);
	text_add_word(text, plan->baseline);
	if (plan->policy)
		text_add(text, " --policy");
	if (plan->policy)
		text_add_word(text, plan->policy);
	text_add(text, " %s", merged);
}

static void add_script(const struct suite_plan *plan, const char *program, const char *folder, const char *output,
		       const char *words, struct text *text)
{
	struct text gate = {0};
	if (plan->kind == SUITE_FOR_MAKE) {
		text_add(text, "iovabench := %s\nout := %s\nshards := %u\n", program, output, plan->shards);
		add_gate(plan, "$(iovabench)", "$(out)/merged", &gate);
		text_add(text, make_rules, gate.length ? gate.bytes : "", words);
		text->failed |= gate.failed;
		text_release(&gate);
		return;
	}
	add_gate(plan, "exec \"$iovabench\"", "\"$out/merged\"", &gate);
	assign(text, "dir", folder);
	assign(text, "iovabench", program);
	assign(text, "folder", output);
	text_add(text, "shards=%u\n", plan->shards);
	text_add(text, part_and_merge, words, gate.length ? "" : "exec ", gate.length ? gate.bytes : "");
	text->failed |= gate.failed;
	text_release(&gate);
	text_add(text, "%s", plan->kind == SUITE_FOR_SLURM ? submit_slurm : submit_parallel);
}

static int print_script(const struct suite_plan *plan, const char *name, const char *output, int count, char **line)
{
	char program[PATH_MAX], folder[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	struct text text = {0}, words = {0};
	if (length < 0 || !getcwd(folder, sizeof folder)) {
		cli_say("%s", "iovabench suite plan: cannot tell where this program is\n");
		return EXIT_CODE_IO;
	}
	program[length] = '\0';
	for (int i = 0; i < count; i++)
		text_add_word(&words, line[i]);
	text_add(&text, "%s# %s in %u shards, by iovabench suite plan --for %s\n",
		 plan->kind == SUITE_FOR_MAKE ? "" : "#!/bin/sh\n", name, plan->shards, kinds[plan->kind]);
	if (!words.failed)
		add_script(plan, program, folder, output, words.bytes ? words.bytes : "", &text);
	bool failed = text.failed || words.failed;
	if (!failed)
		fputs(text.bytes, stdout);
	text_release(&text);
	text_release(&words);
	return failed ? EXIT_CODE_IO : EXIT_CODE_OK;
}

int suite_plan_print(const struct suite_plan *plan, const char *name, const char *output, int count, char **line)
{
	assert(plan->shards && name);
	struct text folder = {0};
	int code = make_plan(plan, count, line);
	if (code != EXIT_CODE_OK || plan->kind == SUITE_FOR_PEOPLE)
		return code;
	text_add(&folder, "results/%s", name);
	code = folder.failed ? EXIT_CODE_IO : print_script(plan, name, output ? output : folder.bytes, count, line);
	text_release(&folder);
	return code;
}
