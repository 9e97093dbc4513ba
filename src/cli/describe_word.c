/* SPDX-License-Identifier: MIT */
#include "cli/describe_word.h"

#include "base/text.h"
#include "cli/cli.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

/* What tables show beside the columns of the terminal, which have legends of their own. */
static const struct word {
	const char *word, *about;
} words[] = {
	{"p50",
	 "half of the samples took no longer; percentiles are of each process, and reports show their median over rounds"},
	{"p90", "90 % of the samples took no longer"},
	{"p99", "99 % of the samples took no longer"},
	{"p999", "99.9 % of the samples took no longer, p99.9 in tables; null with fewer than 10 samples above it"},
	{"p99.9", "99.9 % of the samples took no longer, p999 among metrics; null with fewer than 10 samples above it"},
	{"p9999", "99.99 % of the samples took no longer, p99.99 in tables; null with fewer than 10 samples above it"},
	{"p99.99", "99.99 % of the samples took no longer, p9999 among metrics; null with fewer than 10 samples above it"},
	{"max without", "the longest sample over which nothing from outside of the program came"},
	{"max without taint", "the longest sample over which nothing from outside of the program came"},
	{"taint", "what came over a latency from outside: none, preempted (another thread had the CPU), moved (it ended on "
		  "another CPU), steal (a hypervisor had the CPU)"},
	{"its taint", "what came over the longest latency from outside: none, preempted, moved, steal"},
	{"by", "what latencies are told apart by: the request, the CPU or the outcome"},
	{"kind", "of operations: alloc, free, alloc_failed, a driver call, waiting for a lock, a poll, a response"},
	{"samples", "how many latencies are behind the figures"},
	{"latency", "time of one operation with two stamps around it"},
	{"latency of an allocation", "percentiles over the sampled allocations, in the latency pass"},
	{"device time", "operations / the workload's pace: when a device would have done as much"},
	{"steps", "nodes or words that the counted twin of an operation looked at"},
	{"operation", "its number in the stream, from 1"},
	{"thread", "of the workload, from 0"},
	{"round", "one fresh process of each arm, in the order of a Latin square"},
	{"request", "the name of what was asked for in the workload file"},
	{"pages", "of the request, in pages of the space"},
	{"CPU", "of the workload: which magazine or queue is used"},
	{"clean", "time of an operation without windows that were disturbed from outside; ! fewer than half are left"},
	{"time per operation, ns", "median over rounds of the time of the throughput pass / operations"},
	{"space", "what of the addresses is used up, and how"},
	{"workload", "what was played; iovabench describe NAME tells what it is"},
	{"allocator", "an arm: an allocator with its options, as -a takes it"},
	{"verdict", "which arm to take: the one that beats the others, or a trade"},
	{"why, and at what price (in brackets: the others)",
	 "the figures that decide, and those in which the choice is worse"},
	{"figure", "a metric by its path: iovabench list metrics"},
	{"unit", "of a figure"},
	{"metric", "a figure by its path: iovabench list metrics"},
	{"a", "the first result or arm of a comparison, which counts as what was there before"},
	{"b", "the second result or arm of a comparison, held against a"},
	{"b / a", "the ratio of a metric: by pairs where both were played in one process"},
	{"b - a", "the difference of a metric"},
	{"interval", "of b / a over rounds, at a level that all comparisons share; without one the metric is exact"},
	{"run", "the number of a run in the history, by time"},
	{"begun", "when a run began, UTC"},
	{"commit", "of the build that ran it"},
	{"plugins", "hashes of the plugin files of a run"},
	{"machine", "CPU and kernel of a run"},
	{"command", "the command line of a run"},
	{"from", "the level of a figure before it changed"},
	{"to", "the level of a figure after it changed"},
	{"change", "the new level of a figure / the old one"},
};

static size_t tell(const char *word, const char *about)
{
	printf("%s: %s (heading of a table)\n", word, about);
	return 1;
}

/* "foot-" over "print" is footprint, "page" over "tables" is page tables. */
static void whole_heading(const struct report_heading *heading, struct text *text)
{
	size_t length = strlen(heading->above);
	bool joined = length && heading->above[length - 1] == '-';
	text_add(text, "%.*s%s%s", (int)(length - joined), heading->above, length && !joined ? " " : "", heading->title);
}

#define ROWS_MAX 16u /* of one name */

struct search {
	const struct cli_command *command;
	const char *name; /* without dashes */
	const struct option_row *rows[ROWS_MAX];
	struct text commands[ROWS_MAX]; /* that have it */
	size_t found;
};

/* Several commands share a row. */
static void find_option(void *context, const struct option_row *row)
{
	struct search *search = context;
	size_t at = 0;
	if (strcmp(row->name, search->name) != 0)
		return;
	while (at < search->found && search->rows[at] != row)
		at++;
	if (at == ROWS_MAX)
		return;
	search->rows[at] = row;
	search->found += at == search->found;
	text_add(&search->commands[at], "%s%s", search->commands[at].length ? ", " : "", search->command->name);
}

static size_t describe_option_of_commands(const char *name)
{
	struct search search = {.name = name + strspn(name, "-")};
	for (size_t i = 0; cli_commands[i]; i++) {
		search.command = cli_commands[i];
		cli_each_option(cli_commands[i], find_option, &search);
	}
	for (size_t i = 0; i < search.found; i++) {
		const struct option_row *row = search.rows[i];
		printf("--%s%s%s, an option of %s: %s\n", row->name, row->value ? " " : "", row->value ? row->value : "",
		       search.commands[i].failed ? "a command" : search.commands[i].bytes, row->help);
		text_release(&search.commands[i]);
	}
	return search.found;
}

size_t describe_words(const char *name)
{
	struct report_heading heading;
	size_t found = 0;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		found += strcmp(name, words[i].word) == 0 ? tell(name, words[i].about) : 0;
	for (size_t i = 0; report_heading(i, &heading); i++) {
		struct text whole = {0};
		whole_heading(&heading, &whole);
		if (!whole.failed && (strcmp(name, whole.bytes) == 0 || (!found && strcmp(name, heading.title) == 0)))
			found += tell(whole.bytes, heading.legend);
		text_release(&whole);
	}
	return found + describe_option_of_commands(name);
}

void describe_offer_words(void (*offer)(void *context, const char *name, const char *about), void *context)
{
	struct report_heading heading;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		offer(context, words[i].word, words[i].about);
	for (size_t i = 0; report_heading(i, &heading); i++) {
		struct text whole = {0};
		whole_heading(&heading, &whole);
		if (!whole.failed)
			offer(context, whole.bytes, heading.legend);
		text_release(&whole);
	}
}
