/* SPDX-License-Identifier: MIT */
#include "compare/policy.h"

#include "compare/compare.h"
#include "yaml/document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct rule {
	char *metric;
	enum policy_weight weight;
	double threshold;
};

struct policy_file {
	double threshold;
	struct rule *rules;
	size_t rule_count;
};

static const struct yaml_word weight_words[] = {
	{"ignored", POLICY_IGNORED}, {"advisory", POLICY_ADVISORY}, {"gated", POLICY_GATED}, {NULL, 0}};

static const struct yaml_key rule_keys[] = {
	{"metric", YAML_TEXT, .at = YAML_AT(struct rule, metric), .value = "path of a figure, or fragmentation.*",
	 .missing = "a rule speaks of one metric, or of all below fragmentation.*", .help = "what the rule speaks of"},
	{"as", YAML_WORD, .at = YAML_AT(struct rule, weight), .words = weight_words, .or_else = "as by default",
	 .help = "gated fails the gate, advisory is shown and stops nothing, ignored is not looked at"},
	{"threshold", YAML_SHARE, .at = YAML_AT(struct rule, threshold), .or_else = "as by default",
	 .help = "how much worse it may get"},
	{0}};
static void apply_rule(struct yaml_document *document, yaml_location location, void *item);
static const struct yaml_map rule_map = {.keys = rule_keys, .bytes = sizeof(struct rule), .rule = apply_rule};

/* The threshold of the file counts for what its rules say nothing of, so that it goes before them. */
static void apply_threshold(struct yaml_document *document, yaml_location location, void *item)
{
	const struct policy_file *file = item;
	struct policy *policy = document->context;
	(void)location;
	for (int i = 0; i < METRIC_ALL; i++)
		if (!metric_table[i].exact)
			policy->threshold[i] = file->threshold;
}
static const struct yaml_key threshold_keys[] = {{"threshold", YAML_SHARE, COMPARE_THRESHOLD_TEXT,
						  .at = YAML_AT(struct policy_file, threshold),
						  .help = "how much worse a figure that is timed may get"},
						 {0}};
static const struct yaml_map threshold_map = {.keys = threshold_keys, .rule = apply_threshold};

static const struct yaml_key policy_keys[] = {
	{"policy", YAML_VERSION, .min = 1, .missing = "a policy begins with policy: 1", .help = "version of this format"},
	{NULL, YAML_INCLUDE, .map = &threshold_map},
	{"metrics", YAML_LIST, .at = YAML_EACH(struct policy_file, rules), .count = YAML_AT(struct policy_file, rule_count),
	 .map = &rule_map, .help = "rules, of which a later one wins"},
	{0}};
static const struct yaml_map policy_map = {.keys = policy_keys, .bytes = sizeof(struct policy_file)};

const struct yaml_language policy_language = {&policy_map, "is empty; a policy begins with policy: 1", NULL};

void policy_default(struct policy *policy)
{
	for (int i = 0; i < METRIC_ALL; i++) {
		bool exact = metric_table[i].exact, described = !metric_has_direction(i) || i >= METRIC_COUNT;
		policy->weight[i] = described ? POLICY_IGNORED : exact ? POLICY_GATED : POLICY_ADVISORY;
		policy->threshold[i] = exact ? 0 : COMPARE_THRESHOLD_DEFAULT;
	}
}

/* Which metrics a rule speaks of: one path, or all below "fragmentation.*". */
static bool speaks_of(const char *pattern, const char *path)
{
	size_t length = strlen(pattern);
	if (length >= 2 && strcmp(pattern + length - 2, ".*") == 0)
		return strncmp(pattern, path, length - 1) == 0;
	return strcmp(pattern, path) == 0;
}

/* Of a rule that speaks of nothing. */
static void tell_metric(struct yaml_document *document, yaml_location location, const char *path)
{
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	yaml_quote(quoted, path);
	if (metric_find(path) >= 0)
		yaml_fault(document, location, "%s only describes: neither more nor less of it is better", quoted);
	else
		yaml_fault(document, location, "%s is no metric%s; iovabench list metrics shows them", quoted,
			   yaml_meant(meant, path, metric_paths));
}

static void apply_rule(struct yaml_document *document, yaml_location location, void *item)
{
	const struct rule *rule = item;
	struct policy *policy = document->context;
	yaml_location metric = yaml_key_location(document, location, "metric");
	const char *path = yaml_value_text(document, metric);
	bool found = false;
	if (!yaml_given(document, location, "as") && !yaml_given(document, location, "threshold"))
		yaml_fault(document, location, "changes nothing: give as, threshold or both");
	for (int i = 0; path && i < METRIC_ALL; i++) {
		if (!metric_has_direction(i) || !speaks_of(path, metric_table[i].path))
			continue;
		found = true;
		if (yaml_good(document, location, "as"))
			policy->weight[i] = rule->weight;
		if (yaml_good(document, location, "threshold"))
			policy->threshold[i] = rule->threshold;
	}
	if (path && !found)
		tell_metric(document, metric, path);
}

int policy_parse(const char *file, const char *bytes, size_t length, struct policy *policy, struct text *messages)
{
	assert(file && (bytes || !length));
	struct yaml_problems problems = {.what = "policy", .file = file, .bytes = bytes, .length = length};
	struct yaml_document document;
	struct policy_file read = {0};
	policy_default(policy);
	yaml_document_read(&document, &policy_language, NULL, 0, &problems, &read, policy);
	yaml_document_close(&document);
	yaml_release(&policy_map, &read);
	int status = yaml_problems_any(&problems) ? -1 : 0;
	if (status < 0) {
		yaml_problems_tell(&problems, messages);
		policy_default(policy);
	}
	yaml_problems_release(&problems);
	return status;
}
