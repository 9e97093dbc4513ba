/* SPDX-License-Identifier: MIT */
#include "metric/metrics.h"
#include "workload/decode.h"

int decode_metric(struct decode *decode, struct decode_value value)
{
	int metric = value.text ? metric_find(value.text) : -1;
	if (metric >= 0 || !value.text)
		return metric;
	char quoted[YAML_QUOTE_BYTES];
	const char *nearest = text_nearest(value.text, metric_paths);
	decode_fault(decode, value.place, "%s is no metric%s%s%s; iovabench list metrics shows them",
		     yaml_quote(quoted, value.text), nearest ? "; did you mean '" : "", nearest ? nearest : "",
		     nearest ? "'?" : "");
	return -1;
}

static void decode_expectation(struct decode *decode, yaml_place place, const struct raw_expectation *raw,
			       struct workload_expectation *expectation)
{
	static const char *const words[] = {"is", "below", "above"};
	const char *const values[] = {raw->is, raw->below, raw->above};
	size_t found = 3;
	struct decode_value metric = decode_value(decode, place, "metric", raw->metric);
	decode_missing(decode, place, "metric", "a figure of the result, for example failures.fragmented");
	if (decode_metric(decode, metric) >= 0)
		decode_text(decode, metric, &expectation->metric);
	for (size_t i = 0; i < 3; i++) {
		struct decode_value value = decode_value(decode, place, words[i], values[i]);
		if (value.place == YAML_PLACE_NONE)
			continue;
		decode_decimal(decode, value, &expectation->value);
		if (found < 3)
			decode_fault(decode, value.place, "one comparison at a time; this is '%s' already", words[found]);
		else
			found = i;
	}
	if (found == 3)
		decode_fault(decode, place, "is missing a comparison: is, below or above");
	else
		expectation->comparison = (enum workload_comparison)found;
	struct decode_value tolerance = decode_value(decode, place, "tolerance", raw->tolerance);
	if (decode_decimal(decode, tolerance, &expectation->tolerance) && expectation->tolerance < 0)
		decode_fault(decode, tolerance.place, "a tolerance is not negative");
	if (tolerance.place != YAML_PLACE_NONE && (found == 1 || found == 2))
		decode_fault(decode, tolerance.place, "belongs to is, not to %s", words[found]);
	struct decode_value allocator = decode_value(decode, place, "allocator", raw->allocator);
	decode_text(decode, allocator, &expectation->allocator);
	if (allocator.text && !*allocator.text)
		decode_fault(decode, allocator.place,
			     "is empty; a spec like rbtree:fit=best, or leave the key out for all");
}

void decode_expectations(struct decode *decode, const struct raw_workload *raw)
{
	struct workload *workload = decode->workload;
	yaml_place list = decode_below(decode, YAML_PLACE_ROOT, "expect");
	if (list == YAML_PLACE_NONE)
		return;
	workload->expectations = decode_array(decode, raw->expect_count, sizeof *workload->expectations);
	if (!workload->expectations)
		return;
	workload->expectation_count = raw->expect_count;
	for (unsigned i = 0; i < raw->expect_count; i++) {
		yaml_place place = decode_entry(decode, list, i);
		if (place != YAML_PLACE_NONE)
			decode_expectation(decode, place, &raw->expect[i], &workload->expectations[i]);
	}
}
