/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/describe_allocator.h"
#include "cli/say.h"
#include "compare/policy.h"
#include "metric/metrics.h"
#include "workload/language.h"

#include <stdio.h>
#include <string.h>

/* A paragraph: what it is about in bold, more behind it, and what it says. */
static void add_entry(struct text *text, const char *name, const char *more, const char *about)
{
	text_add(text, ".TP\n\\fB");
	text_add_troff(text, name);
	text_add(text, "\\fR");
	if (more) {
		text_add(text, " (");
		text_add_troff(text, more);
		text_add(text, ")");
	}
	text_add(text, "\n");
	text_add_troff(text, about);
	text_add(text, "\n");
}

static void add_commands(struct text *text)
{
	for (size_t i = 0; cli_commands[i]; i++)
		cli_command_manual(cli_commands[i], text);
}

static void add_keys_of(struct text *text, const struct yaml_language *language)
{
	struct yaml_key_list list = {0};
	if (yaml_key_list(&list, language) != 0)
		text->failed = true;
	for (size_t i = 0; i < list.count; i++) {
		const struct yaml_key_text *key = &list.keys[i];
		struct text more = {0};
		bool has_default = strcmp(key->by_default, "none") != 0 && strcmp(key->by_default, "required") != 0;
		text_add(&more, "%s; %s%s", key->value, has_default ? "default: " : "",
			 strcmp(key->by_default, "none") ? key->by_default : "may be left out");
		add_entry(text, key->path, more.bytes, key->about);
		text->failed = text->failed || more.failed;
		text_release(&more);
	}
	yaml_key_list_release(&list);
}

static void add_keys(struct text *text)
{
	add_keys_of(text, &workload_language);
	text_add(text, ".SH KEYS OF A POLICY\n");
	add_keys_of(text, &policy_language);
}

static void add_metrics(struct text *text)
{
	for (size_t i = 0; i < METRIC_ALL; i++) {
		const struct metric_info *metric = &metric_table[i];
		struct text more = {0};
		text_add(&more, "%s, %s%s%s%s", metric->unit, metric->exact ? "exact" : "measured",
			 metric->better == METRIC_BETTER_NEITHER ? "" : ", better ",
			 metric->better == METRIC_BETTER_NEITHER ? "" : metric_better_name[metric->better],
			 metric->headline ? ", a headline figure" : "");
		add_entry(text, metric->path, more.bytes, metric->help);
		text->failed = text->failed || more.failed;
		text_release(&more);
	}
}

static void add_allocators(struct text *text)
{
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		text_add(text, ".SS ");
		text_add_troff(text, table->name);
		text_add(text, "\n");
		text_add_troff(text, table->about);
		text_add(text, "\n");
		for (uint64_t k = 0; k < table->option_count; k++) {
			struct text range = {0};
			describe_option_range(&table->options[k], &range);
			add_entry(text, table->options[k].name, range.bytes, table->options[k].help);
			text->failed = text->failed || range.failed;
			text_release(&range);
		}
	}
	text_add(text, ".SH ARMS WITH A NAME\n");
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		add_entry(text, allocator_named_specs[i].name, allocator_named_specs[i].spec,
			  allocator_named_specs[i].about);
}

static const struct {
	const char *name;
	void (*add)(struct text *text);
} manuals[] = {{"commands", add_commands}, {"keys", add_keys}, {"metrics", add_metrics}, {"allocators", add_allocators}};

int cli_manual(const char *table)
{
	struct text text = {0};
	for (size_t i = 0; i < sizeof manuals / sizeof manuals[0]; i++)
		if (!strcmp(manuals[i].name, table)) {
			manuals[i].add(&text);
			if (!text.failed)
				fputs(text.bytes, stdout);
			text_release(&text);
			return text.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
		}
	cli_say("iovabench: --manual takes commands, keys, metrics or allocators, not '%s'\n", table);
	return EXIT_CODE_USAGE;
}
