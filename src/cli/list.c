/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/workload_folder.h"
#include "metric/metrics.h"
#include "workload/keys.h"
#include "workload/workload_yaml.h"

#include <dirent.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of a list. text belongs to the list when it was copied. */
static void add_entry(struct text *out, bool json, const char *name, const char *about)
{
	if (json) {
		text_add(out, "%s{\"name\": ", out->length ? ",\n " : "[");
		text_add_json(out, name);
		text_add(out, ", \"about\": ");
		text_add_json(out, about);
		text_add(out, "}");
	} else {
		text_add(out, "%-38s %s\n", name, about);
	}
}

static int list_allocators(struct text *out, bool json)
{
	for (size_t i = 0; i < allocator_registry_count; i++)
		add_entry(out, json, allocator_registry[i]->name, allocator_registry[i]->about);
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		add_entry(out, json, allocator_named_specs[i].name, allocator_named_specs[i].about);
	return EXIT_CODE_OK;
}

static int list_metrics(struct text *out, bool json)
{
	for (size_t i = 0; i < METRIC_ALL; i++)
		add_entry(out, json, metric_table[i].path, metric_table[i].help);
	return EXIT_CODE_OK;
}

static int list_keys(struct text *out, bool json)
{
	for (size_t i = 0; i < workload_key_count; i++)
		add_entry(out, json, workload_keys[i].path, workload_keys[i].about);
	return EXIT_CODE_OK;
}

/* The variants of sizes and lifetimes. */
static int list_distributions(struct text *out, bool json)
{
	static const char *const kinds[] = {"requests.size.", "requests.lifetime."};
	for (size_t i = 0; i < workload_key_count; i++)
		for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
			size_t length = strlen(kinds[kind]);
			const char *path = workload_keys[i].path;
			if (!strncmp(path, kinds[kind], length) && !strchr(path + length, '.'))
				add_entry(out, json, path + strlen("requests."), workload_keys[i].about);
		}
	return EXIT_CODE_OK;
}

static int list_workloads(struct text *out, bool json)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = workload_folder_scan(folder, &entries), code = EXIT_CODE_OK;
	if (count < 0) {
		fprintf(stderr, "iovabench list: there is no folder of workloads here, beside the program or where it was "
				"installed\n");
		return EXIT_CODE_IO;
	}
	for (int i = 0; i < count; i++) {
		struct text path = {0}, messages = {0};
		struct workload workload;
		text_add(&path, "%s/%s", folder, entries[i]->d_name);
		if (!path.failed && workload_load(path.bytes, &workload, &messages) == 0) {
			add_entry(out, json, path.bytes, workload.about);
			workload_release(&workload);
		} else {
			fputs(messages.bytes ? messages.bytes : "iovabench list: no memory\n", stderr);
			code = EXIT_CODE_USAGE;
		}
		text_release(&path);
		text_release(&messages);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static const struct list {
	const char *name;
	int (*add)(struct text *out, bool json);
} lists[] = {{"allocators", list_allocators},
	     {"distributions", list_distributions},
	     {"keys", list_keys},
	     {"metrics", list_metrics},
	     {"workloads", list_workloads}};

int cli_list(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
	bool json = false;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":hj", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return cli_bad_option("list", argv, options, option);
		if (option == 'h') {
			puts("usage: iovabench list allocators|distributions|keys|metrics|workloads [--json]\n\n"
			     "One line each; iovabench describe NAME tells more of one.");
			return EXIT_CODE_OK;
		}
		json = true;
	}
	for (size_t i = 0; optind + 1 == argc && i < sizeof lists / sizeof lists[0]; i++) {
		if (strcmp(lists[i].name, argv[optind]) != 0)
			continue;
		struct text out = {0};
		int code = lists[i].add(&out, json);
		if (json)
			text_add(&out, "%s]\n", out.length ? "" : "[");
		if (out.failed)
			code = EXIT_CODE_IO;
		else if (out.bytes)
			fputs(out.bytes, stdout);
		text_release(&out);
		return code;
	}
	static const char *const names[] = {"allocators", "distributions", "keys", "metrics", "workloads", NULL};
	const char *nearest = optind + 1 == argc ? text_nearest(argv[optind], names) : NULL;
	fprintf(stderr, "iovabench list: takes one of allocators, distributions, keys, metrics, workloads%s%s%s\n",
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}
