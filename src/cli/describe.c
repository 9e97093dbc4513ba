/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/describe_allocator.h"
#include "cli/describe_call.h"
#include "cli/describe_word.h"
#include "cli/suite_file.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "metric/metrics.h"
#include "verify/child.h"
#include "compare/policy.h"
#include "workload/call.h"
#include "workload/language.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static const struct {
	uint64_t bit;
	const char *what;
} capabilities[] = {
	{IOVA_CONCURRENT, "needs no lock around its calls"},
	{IOVA_EXPLICIT, "can place at a given address at any time"},
	{IOVA_ALIGN, "honours alignment"},
	{IOVA_LOW, "honours low limits"},
	{IOVA_HIGH, "honours high limits"},
	{IOVA_BOUNDARY, "honours boundaries"},
	{IOVA_DIRECTION, "places from below or above"},
	{IOVA_STEPS, "counts its steps"},
	{IOVA_LAYER, "stands in front of another allocator"},
	{IOVA_HARNESS, "measures the harness, is no competitor"},
};

static void add_losses(const struct iova_option *option, struct text *text)
{
	for (size_t choice = 0; option->choices[choice]; choice++)
		for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
			if (option->without[choice] & capabilities[i].bit)
				text_add(text, "  %12s with %s it no longer %s\n", "", option->choices[choice],
					 capabilities[i].what);
}

void describe_option_range(const struct iova_option *option, struct text *text)
{
	static const char *const flag[] = {"no", "yes", NULL};
	const char *const *choices = option->kind == IOVA_OPTION_FLAG ? flag : option->choices;
	if (option->kind == IOVA_OPTION_CHOICE || option->kind == IOVA_OPTION_FLAG) {
		for (size_t i = 0; choices[i]; i++)
			text_add(text, "%s%s", i ? " | " : "", choices[i]);
		text_add(text, "; default %s", choices[option->default_value]);
	} else {
		const char *unit = option->kind == IOVA_OPTION_TIME ? " ns" : "";
		text_add(text, "%" PRIu64 " to %" PRIu64 "%s; default %" PRIu64 "%s", option->minimum, option->maximum,
			 unit, option->default_value, unit);
	}
}

static void add_option(const struct iova_option *option, struct text *text)
{
	text_add(text, "  %-12s %s\n  %12s ", option->name, option->help, "");
	describe_option_range(option, text);
	text_add(text, "\n");
	if (option->without)
		add_losses(option, text);
}

static void describe_option(const struct iova_option *option)
{
	struct text text = {0};
	add_option(option, &text);
	fputs(text.failed ? "" : text.bytes, stdout);
	text_release(&text);
}

/* able: what it can do, which choices of its options may have made less. word: how a spec names it. */
static void add_allocator(const struct iova_allocator *table, uint64_t able, const char *word, struct text *text)
{
	text_add(text, "%s: %s\n\n", table->name, table->about);
	for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
		if (able & capabilities[i].bit)
			text_add(text, "  - %s\n", capabilities[i].what);
	text_add(text, "  - promises to find: %s\n", verify_promise_names[table->promise]);
	text_add(text, "\noptions: %s\n", table->option_count ? "" : "none");
	for (uint64_t i = 0; i < table->option_count; i++)
		add_option(&table->options[i], text);
	if (table->option_count)
		text_add(text, "\n  iovabench run WORKLOAD -a %s:%s=...\n", word, table->options[0].name);
}

static void describe_allocator(const struct iova_allocator *table)
{
	struct text text = {0};
	add_allocator(table, table->capabilities, table->name, &text);
	fputs(text.failed ? "" : text.bytes, stdout);
	text_release(&text);
}

#define DESCRIPTION_BYTES ((size_t)1 << 16)

/* Shared with the process that opens a spec. */
struct description {
	const char *spec;
	struct error error;
	char text[DESCRIPTION_BYTES];
};

static void add_value(const struct iova_option *option, uint64_t value, struct text *text)
{
	if (option->kind == IOVA_OPTION_CHOICE)
		text_add(text, "  %s=%s", option->name, option->choices[value]);
	else if (option->kind == IOVA_OPTION_FLAG)
		text_add(text, "  %s=%s", option->name, value ? "yes" : "no");
	else
		text_add(text, "  %s=%" PRIu64 "%s", option->name, value, option->kind == IOVA_OPTION_TIME ? "ns" : "");
}

static void open_and_describe(void *context, struct verify_mail *mail)
{
	struct description *description = context;
	struct allocator_spec spec;
	struct text text = {0};
	if (allocator_spec_open(description->spec, &spec, &description->error) == 0) {
		for (size_t i = 0; i < spec.count; i++) {
			const struct allocator_spec_part *part = &spec.parts[i];
			text_add(&text, i ? "\n" : "");
			add_allocator(part->table, allocator_part_capabilities(part),
				      part->library ? description->spec : part->table->name, &text);
			text_add(&text, part->table->option_count ? "\nhere:" : "");
			for (uint64_t k = 0; k < part->table->option_count; k++)
				add_value(&part->table->options[k], part->options[k], &text);
			text_add(&text, part->table->option_count ? "\n" : "");
		}
		snprintf(description->text, sizeof description->text, "%s", text.failed ? "" : text.bytes);
		allocator_spec_close(&spec);
	}
	text_release(&text);
	mail->done = true;
}

/* A plugin is opened in a process of its own, and may take that with it. */
static int describe_spec(const char *spec)
{
	const struct verify_limits limits = {.stall_seconds = 5};
	struct verify_outcome outcome;
	struct error error = {0};
	struct description *description = verify_shared(sizeof *description);
	if (!description)
		return EXIT_CODE_IO;
	description->spec = spec;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (verify_child(open_and_describe, description, &limits, &outcome, &error) == 0) {
		if (description->error.exit_code != EXIT_CODE_OK)
			error_set(&error, description->error.exit_code, "%.1000s", description->error.message);
		else if (outcome.state != VERIFY_HELD)
			error_set(&error, EXIT_CODE_VIOLATION, "%s %s when it is opened", spec, outcome.message);
		else
			cli_show(description->text);
	}
	if (*error.message)
		cli_say("iovabench describe: %s\n", error.message);
	verify_unshare(description, sizeof *description);
	return (int)error.exit_code;
}

/* An option of every allocator that has one of this name. Returns how many do. */
static size_t describe_options(const char *name)
{
	size_t found = 0;
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		for (uint64_t k = 0; k < table->option_count; k++) {
			if (strcmp(table->options[k].name, name) != 0)
				continue;
			printf("option of %s:\n", table->name);
			describe_option(&table->options[k]);
			puts("");
			found++;
		}
	}
	return found;
}

static void describe_metric(const struct metric_info *metric)
{
	printf("%s: %s\n\n  unit: %s\n  %s\n", metric->path, metric->help, metric->unit,
	       metric->exact ? "repeats exactly with the same workload, seed and allocator"
			     : "measured: differs from run to run");
}

/* Whether name is the whole path, or its end after a point. */
static bool is_key(const struct yaml_key_text *key, const char *name)
{
	size_t path = strlen(key->path), length = strlen(name);
	return length <= path && !strcmp(key->path + (path - length), name) &&
	       (length == path || key->path[path - length - 1] == '.');
}

/* Describes every key of this name with those below it. Returns how many there are. */
static size_t describe_keys_of(const struct yaml_key_list *list, const char *of, const char *name, size_t found)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_key_text *key = &list->keys[i];
		size_t length = strlen(key->path);
		if (!is_key(key, name))
			continue;
		printf("%s%s: %s%s\n\n  value: %s\n  default: %s\n", found++ ? "\n" : "", key->path, key->about, of,
		       key->value, key->by_default);
		for (size_t k = i + 1; k < list->count; k++) {
			const struct yaml_key_text *below = &list->keys[k];
			if (strncmp(below->path, key->path, length) != 0 || below->path[length] != '.')
				break;
			if (!strchr(below->path + length + 1, '.'))
				printf("  - %-14s %s (%s; default: %s)\n", below->path + length + 1, below->about,
				       below->value, below->by_default);
		}
	}
	return found;
}

static size_t describe_keys(const char *name)
{
	struct yaml_key_list workload = {0}, policy = {0}, suite = {0};
	size_t found = 0;
	if (yaml_key_list(&workload, &workload_language) == 0)
		found = describe_keys_of(&workload, "", name, found);
	if (yaml_key_list(&policy, &policy_language) == 0)
		found = describe_keys_of(&policy, " (key of a policy)", name, found);
	if (yaml_key_list(&suite, suite_language()) == 0)
		found = describe_keys_of(&suite, " (key of a suite)", name, found);
	yaml_key_list_release(&workload);
	yaml_key_list_release(&policy);
	yaml_key_list_release(&suite);
	return found;
}

/* Offers every key with its path, and below a map with its own name alone. */
static void offer_keys(const struct yaml_language *language,
		       void (*offer)(void *context, const char *name, const char *about), void *context)
{
	struct yaml_key_list keys = {0};
	if (yaml_key_list(&keys, language) == 0)
		for (size_t i = 0; i < keys.count; i++) {
			const char *last = strrchr(keys.keys[i].path, '.');
			offer(context, keys.keys[i].path, keys.keys[i].about);
			if (last)
				offer(context, last + 1, keys.keys[i].about);
		}
	yaml_key_list_release(&keys);
}

static void offer_workloads(void (*offer)(void *context, const char *name, const char *about), void *context)
{
	char folder[PATH_MAX];
	struct dirent **entries = NULL;
	int count = workload_folder_scan(folder, &entries);
	for (int i = 0; i < count; i++) {
		*strrchr(entries[i]->d_name, '.') = '\0';
		offer(context, entries[i]->d_name, "workload");
		free(entries[i]);
	}
	free(entries);
}

static void offer_calls(void (*offer)(void *context, const char *name, const char *about), void *context)
{
	offer(context, "call", "every driver call");
	for (size_t i = 0; i < WORKLOAD_CALL_COUNT + WORKLOAD_ROUTINE_COUNT; i++) {
		const struct workload_call_info *info = i < WORKLOAD_CALL_COUNT
								? &workload_call_table[i]
								: &workload_routine_table[i - WORKLOAD_CALL_COUNT];
		struct text name = {0};
		text_add(&name, "call:%s", info->name);
		if (!name.failed)
			offer(context, name.bytes, info->about);
		text_release(&name);
	}
}

/* All that can be described. */
static void offer_names(void (*offer)(void *context, const char *name, const char *about), void *context)
{
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		offer(context, table->name, table->about);
		for (uint64_t k = 0; k < table->option_count; k++)
			offer(context, table->options[k].name, table->options[k].help);
	}
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		offer(context, allocator_named_specs[i].name, allocator_named_specs[i].about);
	for (size_t i = 0; i < METRIC_ALL; i++)
		offer(context, metric_table[i].path, metric_table[i].help);
	offer_keys(&workload_language, offer, context);
	offer_keys(&policy_language, offer, context);
	offer_keys(suite_language(), offer, context);
	offer_workloads(offer, context);
	offer_calls(offer, context);
	describe_offer_words(offer, context);
}

/* Names of what was asked for nearly so; NULL behind the last. */
struct names {
	char **names;
	size_t count, capacity;
};

static void collect(void *context, const char *name, const char *about)
{
	struct names *names = context;
	(void)about;
	if (memory_grow(&names->names, &names->capacity, names->count + 1, sizeof *names->names) < 0)
		return;
	names->names[names->count] = memory_text(name);
	names->count += names->names[names->count] != NULL;
	names->names[names->count] = NULL;
}

static int unknown(const char *name)
{
	struct names names = {0};
	offer_names(collect, &names);
	const char *nearest = names.count ? text_nearest(name, (const char *const *)names.names) : NULL;
	cli_say("iovabench describe: there is no allocator, option, metric, workload, key or call '%s'%s%s%s\n", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	for (size_t i = 0; i < names.count; i++)
		memory_release(names.names[i]);
	memory_release(names.names);
	return EXIT_CODE_USAGE;
}

/* A name may be that of a key and of an option, of a file and of its workload. */
static int describe_others(const char *name)
{
	int code = describe_workload(name);
	if (code >= 0)
		return code;
	return describe_options(name) + describe_keys(name) + describe_words(name) ? EXIT_CODE_OK : unknown(name);
}

/* Options, layers and plugins make a spec; a workload is a file of YAML, and - is standard input. */
static bool is_spec(const char *name)
{
	size_t length = strlen(name);
	bool yaml = length > 5 && !strcmp(name + length - 5, ".yaml");
	return strpbrk(name, ":+") || (strchr(name, '/') && !yaml);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){NULL, NULL}, &given);
	if (code >= 0)
		return code;
	if (argc - given.first != 1) {
		cli_say("iovabench describe: takes one name\n");
		return EXIT_CODE_USAGE;
	}
	const char *name = argv[given.first];
	if (strcmp(name, "call") == 0)
		return describe_call(NULL);
	if (strncmp(name, "call:", 5) == 0)
		return describe_call(name + 5);
	const struct iova_allocator *table = allocator_find(name);
	const struct allocator_named_spec *named = allocator_named_spec_find(name);
	int metric = metric_find(name);
	if (table)
		describe_allocator(table);
	else if (named)
		printf("%s: %s\n\n  %s stands for %s\n", named->name, named->about, named->name, named->spec);
	else if (metric >= 0)
		describe_metric(&metric_table[metric]);
	else if (is_spec(name))
		return describe_words(name) ? EXIT_CODE_OK : describe_spec(name); /* b / a, ns/op */
	else
		return describe_others(name);
	return EXIT_CODE_OK;
}

const struct cli_command cli_describe = {
	.name = "describe",
	.about = "explain an allocator, option, metric, workload, key or driver call",
	.usage = (const char *const[]){"NAME|SPEC", NULL},
	.text = "Explains an allocator with its options (also a plugin, ./mine.so, and a spec with what it chose, "
		"rbtree:fit=best), an option, a metric with its unit, "
		"a workload that is shipped (or its file), a key of workload files, policies or suites with its value, "
		"range and default (requests.size.zipf, or zipf for all keys of this name), a heading of a table "
		"('by pairs', p999) or an option of a command (rounds); "
		"iovabench list shows the names. call:NAME explains a driver call of workloads with its arguments and "
		"answers; call alone lists them.\n",
	.names = offer_names,
	.run = run_command,
};
