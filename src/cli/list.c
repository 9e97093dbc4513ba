/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/suite_file.h"
#include "cli/workload_folder.h"
#include "compare/policy.h"
#include "metric/metrics.h"
#include "verify/verify.h"
#include "workload/language.h"
#include "workload/workload_yaml.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list that is being made: lines, or an array of objects. */
struct listing {
	bool as_json;
	struct text lines;
	struct json_writer writer;
	json_t *array;
};

static void add_entry(struct listing *listing, const char *name, const char *about)
{
	if (!listing->as_json) {
		text_add(&listing->lines, "%-38s %s\n", name, about);
		return;
	}
	json_t *entry = json_append_object(&listing->writer, listing->array);
	json_put_text(&listing->writer, entry, "name", name);
	json_put_text(&listing->writer, entry, "about", about);
}

static int list_allocators(struct listing *listing)
{
	for (size_t i = 0; i < allocator_registry_count; i++)
		add_entry(listing, allocator_registry[i]->name, allocator_registry[i]->about);
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		add_entry(listing, allocator_named_specs[i].name, allocator_named_specs[i].about);
	return EXIT_CODE_OK;
}

static int list_metrics(struct listing *listing)
{
	for (size_t i = 0; i < METRIC_ALL; i++) {
		const struct metric_info *metric = &metric_table[i];
		if (!listing->as_json) {
			add_entry(listing, metric->path, metric->help);
			continue;
		}
		json_t *entry = json_append_object(&listing->writer, listing->array);
		json_put_text(&listing->writer, entry, "name", metric->path);
		json_put_text(&listing->writer, entry, "unit", metric->unit);
		json_put(&listing->writer, entry, "exact", json_boolean(metric->exact));
		json_put_text(&listing->writer, entry, "better", metric_better_name[metric->better]);
		json_put_text(&listing->writer, entry, "headline", metric->headline);
		json_put_text(&listing->writer, entry, "about", metric->help);
	}
	return EXIT_CODE_OK;
}

/* file: what kind of file the key belongs to. */
static void add_key(struct listing *listing, const char *file, const struct yaml_key_text *key)
{
	const char *const members[][2] = {{"name", key->path},
					  {"file", file},
					  {"value", key->value},
					  {"default", key->by_default},
					  {"about", key->about}};
	if (!listing->as_json) {
		text_add(&listing->lines, "%-38s %s%s%s\n", key->path, strcmp(file, "workload") ? file : "",
			 strcmp(file, "workload") ? ": " : "", key->about);
		return;
	}
	json_t *entry = json_append_object(&listing->writer, listing->array);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		json_put_text(&listing->writer, entry, members[i][0], members[i][1]);
}

static int list_keys_of(struct listing *listing, const char *file, const struct yaml_language *language)
{
	struct yaml_key_list list = {0};
	int result = yaml_key_list(&list, language);
	for (size_t i = 0; result == 0 && i < list.count; i++)
		add_key(listing, file, &list.keys[i]);
	yaml_key_list_release(&list);
	return result == 0 ? EXIT_CODE_OK : EXIT_CODE_IO;
}

static int list_keys(struct listing *listing)
{
	int code = list_keys_of(listing, "workload", &workload_language);
	if (code == EXIT_CODE_OK)
		code = list_keys_of(listing, "policy", &policy_language);
	return code == EXIT_CODE_OK ? list_keys_of(listing, "suite", suite_language()) : code;
}

/* The variants of sizes and lifetimes. */
static int list_distributions(struct listing *listing)
{
	static const char *const kinds[] = {"requests.size.", "requests.lifetime."};
	struct yaml_key_list list = {0};
	int result = yaml_key_list(&list, &workload_language);
	for (size_t i = 0; result == 0 && i < list.count; i++)
		for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
			size_t length = strlen(kinds[kind]);
			const char *path = list.keys[i].path;
			if (!strncmp(path, kinds[kind], length) && !strchr(path + length, '.'))
				add_entry(listing, path + strlen("requests."), list.keys[i].about);
		}
	yaml_key_list_release(&list);
	return result == 0 ? EXIT_CODE_OK : EXIT_CODE_IO;
}

static int list_workloads(struct listing *listing)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = workload_folder_scan(folder, &entries), code = EXIT_CODE_OK;
	if (count < 0) {
		cli_say("iovabench list: there is no folder of workloads here, beside the program or where it was "
			"installed\n");
		return EXIT_CODE_IO;
	}
	for (int i = 0; i < count; i++) {
		struct text path = {0}, messages = {0};
		struct workload workload;
		text_add(&path, "%s/%s", folder, entries[i]->d_name);
		if (!path.failed && workload_load(path.bytes, &workload, &messages) == 0) {
			add_entry(listing, path.bytes, workload.about);
			workload_release(&workload);
		} else {
			cli_say("%s", messages.bytes ? messages.bytes : "iovabench list: no memory\n");
			code = EXIT_CODE_USAGE;
		}
		text_release(&path);
		text_release(&messages);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int list_rules(struct listing *listing)
{
	for (size_t i = 0; i < verify_rule_count; i++)
		add_entry(listing, verify_rules[i].name, verify_rules[i].sentence);
	return EXIT_CODE_OK;
}

static int list_suites(struct listing *listing)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = suite_folder_scan(folder, &entries), code = EXIT_CODE_OK;
	if (count < 0) {
		cli_say("iovabench list: there is no folder of suites here, beside the program or where it was "
			"installed\n");
		return EXIT_CODE_IO;
	}
	for (int i = 0; i < count; i++) {
		struct text path = {0}, messages = {0};
		struct suite suite;
		struct error error = {0};
		char *bytes = NULL;
		size_t length = 0;
		text_add(&path, "%s/%s", folder, entries[i]->d_name);
		if (!path.failed && file_read(path.bytes, SUITE_FILE_BYTES_MAX, &bytes, &length, &error) == 0 &&
		    suite_parse(path.bytes, bytes, length, &suite, &messages) == 0) {
			add_entry(listing, path.bytes, suite.about);
			suite_release(&suite);
		} else {
			cli_say("%s", messages.bytes ? messages.bytes : "iovabench list: a suite cannot be read\n");
			code = EXIT_CODE_USAGE;
		}
		memory_release(bytes);
		text_release(&path);
		text_release(&messages);
		free(entries[i]);
	}
	free(entries);
	return code;
}

/* Comma and or stand between them, or before the last one. */
#define LISTS(X, comma, or)                                                                                                \
	X(allocators) comma X(distributions)                                                                               \
	comma X(keys)                                                                                                      \
	comma X(metrics)                                                                                                   \
	comma X(rules)                                                                                                     \
	comma X(suites) or X(workloads)
#define LIST_WORD(list) #list
#define LIST_ROW(list)                                                                                                     \
	{                                                                                                                  \
#list, list_##list                                                                                         \
	}
#define COMMA ,

static const struct list {
	const char *name;
	int (*add)(struct listing *listing);
} lists[] = {LISTS(LIST_ROW, COMMA, COMMA)};

#define LIST_COUNT (sizeof lists / sizeof lists[0])

static int show(const struct list *list, bool as_json)
{
	struct listing listing = {.as_json = as_json};
	struct error error = {0};
	if (as_json) {
		json_prepare();
		listing.array = json_array();
	}
	int code = list->add(&listing);
	if (as_json && json_finish(&listing.writer, listing.array, true, "list", &listing.lines, &error) < 0)
		listing.lines.failed = true;
	if (listing.lines.failed)
		code = EXIT_CODE_IO;
	else if (listing.lines.bytes)
		fputs(listing.lines.bytes, stdout);
	text_release(&listing.lines);
	return code;
}

struct arguments {
	bool json;
};

static const struct option_row rows[] = {
	{"json", 'j', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "the list as JSON", OPTION_AT(struct arguments, json)},
};

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_given given;
	const char *names[LIST_COUNT + 1] = {NULL};
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	const char *name = argc - given.first == 1 ? argv[given.first] : NULL;
	for (size_t i = 0; i < LIST_COUNT; i++) {
		names[i] = lists[i].name;
		if (name && !strcmp(name, lists[i].name))
			return show(&lists[i], arguments.json);
	}
	const char *nearest = name ? text_nearest(name, names) : NULL;
	cli_say("iovabench list: takes one of " LISTS(LIST_WORD, ", ", ", ") "%s%s%s\n", nearest ? "; did you mean '" : "",
		nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}

const struct cli_command cli_list = {
	.name = "list",
	.about = "list " LISTS(LIST_WORD, ", ", " or "),
	.usage = (const char *const[]){LISTS(LIST_WORD, "|", "|") " [--json]", NULL},
	.text = "One line each; iovabench describe NAME tells more of one.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
