/* SPDX-License-Identifier: MIT */
#include "compare/policy.h"

#include "compare/compare.h"
#include "workload/decode.h"
#include "yaml/document.h"

#include <stdio.h>
#include <string.h>

const char *const policy_weight_name[POLICY_GATED + 2] = {"ignored", "advisory", "gated", NULL};

struct raw_rule {
	char *metric, *as, *threshold;
};

struct raw_policy {
	char *policy, *threshold;
	struct raw_rule *metrics;
	unsigned metrics_count;
};

static const cyaml_schema_field_t raw_rule_fields[] = {TEXT(struct raw_rule, metric), TEXT(struct raw_rule, as),
						       TEXT(struct raw_rule, threshold), CYAML_FIELD_END};
ENTRY(raw_rule);

static const cyaml_schema_field_t raw_policy_fields[] = {TEXT(struct raw_policy, policy),
							 TEXT(struct raw_policy, threshold),
							 LIST(struct raw_policy, metrics, raw_rule), CYAML_FIELD_END};
static const cyaml_schema_value_t raw_policy_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, raw_policy_fields)};

static const struct yaml_language language = {&raw_policy_schema, NULL, NULL, "is empty; a policy begins with policy: 1"};

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
static void tell_metric(struct decode *decode, struct decode_value metric)
{
	char quoted[YAML_QUOTE_BYTES];
	if (decode_metric(decode, metric) >= 0)
		decode_fault(decode, metric.place, "%s only describes: neither more nor less of it is better",
			     yaml_quote(quoted, metric.text));
}

static void decode_rule(struct decode *decode, yaml_place place, const struct raw_rule *raw, struct policy *policy)
{
	struct decode_value metric = decode_value(decode, place, "metric", raw->metric);
	struct decode_value as = decode_value(decode, place, "as", raw->as);
	struct decode_value threshold = decode_value(decode, place, "threshold", raw->threshold);
	unsigned weight = POLICY_GATED;
	double share = 0;
	decode_missing(decode, place, "metric", "a rule speaks of one metric, or of all below fragmentation.*");
	bool good = decode_word(decode, as, policy_weight_name, &weight);
	good &= decode_share(decode, threshold, true, &share);
	if (!decode_given(decode, place, "as") && !decode_given(decode, place, "threshold"))
		decode_fault(decode, place, "changes nothing: give as, threshold or both");
	if (!metric.text)
		return;
	bool found = false;
	for (int i = 0; i < METRIC_ALL; i++) {
		if (!metric_has_direction(i) || !speaks_of(metric.text, metric_table[i].path))
			continue;
		found = true;
		if (good && as.text)
			policy->weight[i] = (enum policy_weight)weight;
		if (good && threshold.text)
			policy->threshold[i] = share;
	}
	if (!found)
		tell_metric(decode, metric);
}

static void decode_policy(struct decode *decode, const struct raw_policy *raw, struct policy *policy)
{
	struct decode_value version = decode_value(decode, YAML_PLACE_ROOT, "policy", raw->policy);
	char quoted[YAML_QUOTE_BYTES];
	double share = COMPARE_THRESHOLD_DEFAULT;
	if (version.text && strcmp(version.text, "1") != 0)
		decode_fault(decode, version.place, "format version %s; this program reads version 1",
			     yaml_quote(quoted, version.text));
	decode_missing(decode, YAML_PLACE_ROOT, "policy", "a policy begins with policy: 1");
	decode_share(decode, decode_value(decode, YAML_PLACE_ROOT, "threshold", raw->threshold), true, &share);
	for (int i = 0; i < METRIC_ALL; i++)
		if (!metric_table[i].exact)
			policy->threshold[i] = share;
	yaml_place list = decode_below(decode, YAML_PLACE_ROOT, "metrics");
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->metrics_count; i++) {
		yaml_place place = decode_entry(decode, list, i);
		if (place != YAML_PLACE_NONE)
			decode_rule(decode, place, &raw->metrics[i], policy);
	}
}

int policy_parse(const char *file, const char *bytes, size_t length, struct policy *policy, struct text *messages)
{
	static const struct raw_policy nothing;
	struct yaml_problems problems = {.what = "policy", .file = file, .bytes = bytes, .length = length};
	struct yaml_document document;
	policy_default(policy);
	yaml_document_open(&document, &language, &problems);
	struct decode decode = {.places = &document.places, .problems = &problems};
	if (document.loaded)
		decode_policy(&decode, document.data ? document.data : &nothing, policy);
	yaml_document_close(&document);
	int status = yaml_problems_any(&problems) ? -1 : 0;
	if (status < 0) {
		yaml_problems_tell(&problems, messages);
		policy_default(policy);
	}
	yaml_problems_release(&problems);
	return status;
}
