/* SPDX-License-Identifier: MIT */
#include "cli/suite_file.h"

#include "yaml/document.h"

#include <assert.h>
#include <stdio.h>

#define LIST(which, singular, most, takes, missed, told)                                                                   \
	{                                                                                                                  \
		.kind = YAML_WRITTEN, .name = singular, .at = YAML_EACH(struct suite, lists[which].values),                \
		.count = YAML_AT(struct suite, lists[which].count), .min = 1, .max = (most), .what = singular,             \
		.value = takes, .missing = missed, .help = told                                                            \
	}
#define LIST_MAX 1000u
#define OWN 7u /* rows before those of run */

static struct yaml_key keys[OWN + RUN_SETTINGS + 1] = {
	{"suite", YAML_VERSION, .min = 1, .missing = "a suite begins with suite: 1", .help = "version of this format"},
	{"about", YAML_TEXT, .at = YAML_AT(struct suite, about), .help = "one line for people"},
	LIST(SUITE_WORKLOADS, "workloads", LIST_MAX, "text, or a list",
	     "what is played: [nvme-lazy, workloads/limits/*.yaml]",
	     "files, names of shipped workloads, or patterns of files with * and ?"),
	LIST(SUITE_ALLOCATORS, "allocators", LIST_MAX, "text, or a list", NULL, "arms, as -a takes them"),
	LIST(SUITE_SWEEPS, "sweep", LIST_MAX, "text, or a list", NULL,
	     "keys and their values, as --sweep takes them: phases.churn.ops=1M,2M"),
	LIST(SUITE_BASELINE, "baseline", 1, "text", NULL,
	     "a result (its folder or result.json) that suite run holds its own against when it ends, as gate does"),
	LIST(SUITE_POLICY, "policy", 1, "text", NULL, "the file of the policy by which it does; without one gate's own"),
};
static const struct yaml_map map = {.keys = keys, .bytes = sizeof(struct suite)};
static const struct yaml_language language = {&map, "is empty; a suite begins with suite: 1", NULL};

/* Each option of run that is more than how it is shown is a key of its name. */
static void add_settings(void)
{
	static char names[RUN_SETTINGS][2][32];
	size_t next = OWN;
	if (keys[next].name)
		return;
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		const struct option_row *row = &run_settings[i];
		size_t at = offsetof(struct suite, settings) + i * sizeof(struct suite_values);
		if (row->effect == OPTION_SHOWS || row->apart)
			continue;
		snprintf(names[i][0], sizeof names[i][0], "settings[%zu].values", i);
		snprintf(names[i][1], sizeof names[i][1], "settings[%zu].count", i);
		keys[next++] = (struct yaml_key){
			.name = row->name,
			.kind = YAML_WRITTEN,
			.at = {names[i][0], at + offsetof(struct suite_values, values), sizeof(struct yaml_written)},
			.count = {names[i][1], at + offsetof(struct suite_values, count), sizeof(size_t)},
			.min = 1,
			.max = LIST_MAX,
			.what = row->name,
			.value = row->value,
			.or_else = "what run takes",
			.help = row->help};
	}
}

const struct yaml_language *suite_language(void)
{
	add_settings();
	return &language;
}

int suite_parse(const char *file, const char *bytes, size_t length, struct suite *suite, struct text *messages)
{
	assert(file && (bytes || !length));
	struct yaml_problems problems = {.what = "suite", .file = file, .bytes = bytes, .length = length};
	struct yaml_document document;
	*suite = (struct suite){0};
	yaml_document_read(&document, suite_language(), NULL, 0, &problems, suite, NULL);
	yaml_document_close(&document);
	int status = yaml_problems_any(&problems) ? -1 : 0;
	if (status < 0) {
		yaml_problems_tell(&problems, messages);
		suite_release(suite);
	}
	yaml_problems_release(&problems);
	return status;
}

void suite_release(struct suite *suite)
{
	yaml_release(&map, suite);
	*suite = (struct suite){0};
}
