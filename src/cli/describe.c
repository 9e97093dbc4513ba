/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/describe_call.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "metric/metrics.h"
#include "compare/policy.h"
#include "workload/language.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	uint64_t bit;
	const char *what;
} capabilities[] = {
	{IOVA_CONCURRENT, "needs no lock around its calls"},
	{IOVA_EXPLICIT, "can place at a given address at any time"},
	{IOVA_ALIGN, "honours alignment"},
	{IOVA_LIMIT, "honours low and high limits"},
	{IOVA_BOUNDARY, "honours boundaries"},
	{IOVA_DIRECTION, "places from below or above"},
	{IOVA_STEPS, "counts its steps"},
	{IOVA_LAYER, "stands in front of another allocator"},
	{IOVA_HARNESS, "measures the harness, is no competitor"},
};

static void describe_losses(const struct iova_option *option)
{
	for (size_t choice = 0; option->choices[choice]; choice++)
		for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
			if (option->without[choice] & capabilities[i].bit)
				printf("  %12s with %s it no longer %s\n", "", option->choices[choice],
				       capabilities[i].what);
}

static void describe_option(const struct iova_option *option)
{
	static const char *const flag[] = {"no", "yes", NULL};
	const char *const *choices = option->kind == IOVA_OPTION_FLAG ? flag : option->choices;
	printf("  %-12s %s\n  %12s ", option->name, option->help, "");
	if (option->kind == IOVA_OPTION_CHOICE || option->kind == IOVA_OPTION_FLAG) {
		for (size_t i = 0; choices[i]; i++)
			printf("%s%s", i ? " | " : "", choices[i]);
		printf(" (default %s)\n", choices[option->default_value]);
	} else {
		const char *unit = option->kind == IOVA_OPTION_TIME ? " ns" : "";
		printf("%" PRIu64 " to %" PRIu64 "%s (default %" PRIu64 "%s)\n", option->minimum, option->maximum, unit,
		       option->default_value, unit);
	}
	if (option->without)
		describe_losses(option);
}

static void describe_allocator(const struct iova_allocator *table)
{
	printf("%s: %s\n\n", table->name, table->about);
	for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
		if (table->capabilities & capabilities[i].bit)
			printf("  - %s\n", capabilities[i].what);
	printf("\noptions: %s\n", table->option_count ? "" : "none");
	for (uint64_t i = 0; i < table->option_count; i++)
		describe_option(&table->options[i]);
	if (table->option_count)
		printf("\n  iovabench run WORKLOAD -a %s:%s=...\n", table->name, table->options[0].name);
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

#define KEYS_MAX 256
#define OPTIONS_MAX 16
#define WORKLOADS_MAX 256

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
	struct yaml_key_list workload = {0}, policy = {0};
	size_t found = 0;
	if (yaml_key_list(&workload, &workload_language) == 0)
		found = describe_keys_of(&workload, "", name, found);
	if (yaml_key_list(&policy, &policy_language) == 0)
		found = describe_keys_of(&policy, " (key of a policy)", name, found);
	yaml_key_list_release(&workload);
	yaml_key_list_release(&policy);
	return found;
}

static int unknown(const char *name)
{
	const char *names[METRIC_ALL + 64 + 32 * OPTIONS_MAX + 2 * KEYS_MAX + WORKLOADS_MAX] = {0};
	char folder[PATH_MAX];
	struct dirent **entries = NULL;
	size_t count = 0;
	int workloads = workload_folder_scan(folder, &entries);
	struct yaml_key_list keys = {0};
	if (yaml_key_list(&keys, &workload_language) != 0)
		keys.count = 0;
	for (size_t i = 0; i < keys.count && i < KEYS_MAX; i++) {
		const char *last = strrchr(keys.keys[i].path, '.');
		names[count++] = keys.keys[i].path;
		if (last)
			names[count++] = last + 1;
	}
	for (size_t i = 0; i < allocator_registry_count && i < 31; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		names[count++] = table->name;
		for (uint64_t k = 0; k < table->option_count && k < OPTIONS_MAX; k++)
			names[count++] = table->options[k].name;
	}
	for (size_t i = 0; i < allocator_named_spec_count && i < 32; i++)
		names[count++] = allocator_named_specs[i].name;
	for (size_t i = 0; i < METRIC_ALL; i++)
		names[count++] = metric_paths[i];
	for (int i = 0; i < workloads && i < WORKLOADS_MAX; i++) {
		*strrchr(entries[i]->d_name, '.') = '\0';
		names[count++] = entries[i]->d_name;
	}
	const char *nearest = text_nearest(name, names);
	cli_say("iovabench describe: there is no allocator, option, metric, workload or key '%s'%s%s%s\n", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	yaml_key_list_release(&keys);
	for (int i = 0; i < workloads; i++)
		free(entries[i]);
	free(entries);
	return EXIT_CODE_USAGE;
}

/* A name may be that of a key and of an option, of a file and of its workload. */
static int describe_others(const char *name)
{
	int code = describe_workload(name);
	if (code >= 0)
		return code;
	return describe_options(name) + describe_keys(name) ? EXIT_CODE_OK : unknown(name);
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
	else
		return describe_others(name);
	return EXIT_CODE_OK;
}

const struct cli_command cli_describe = {
	.name = "describe",
	.about = "explain an allocator, option, metric, workload, key or driver call",
	.usage = (const char *const[]){"NAME", NULL},
	.text = "Explains an allocator with its options, an option, a metric with its unit, "
		"a workload that is shipped (or its file), or a key of workload files with its value, "
		"range and default (requests.size.zipf, or zipf for all keys of this name); "
		"iovabench list shows the names. call:NAME explains a driver call of workloads with its arguments and "
		"answers; call alone lists them.\n",
	.run = run_command,
};
