/* SPDX-License-Identifier: MIT */
#include "workload/workload_yaml.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const call_names[] = {"extent", "contiguous"};
static const char *const mode_names[] = {"remap", "identity"};
static const char *const size_names[] = {"fixed",  "uniform", "powers_of_two", "log_uniform", "lognormal",
					 "pareto", "zipf",    "weights",       "mixed"};
static const char *const lifetime_names[] = {"none", "fixed", "uniform", "exponential", "pareto", "generational"};
static const char *const hold_names[] = {"live", "occupancy"};
static const char *const align_names[] = {"none", "natural", "fixed", "natural_up_to"};
static const char *const until_names[] = {"ops", "occupancy", "live", "turnovers"};
static const char *const victim_names[] = {"random", "fifo", "lifo", "lifetime"};
static const char *const free_on_names[] = {"same", "next"};
static const char *const between_names[] = {"drain", "keep"};
static const char *const limit_names[] = {"recorded", "first"};
static const char *const comparison_names[] = {"is", "below", "above"};

static void add_named(struct text *json, const char *key, const char *value)
{
	text_add(json, "\"%s\": ", key);
	text_add_json(json, value);
}

static void add_count(struct text *json, const char *key, uint64_t value)
{
	text_add(json, "\"%s\": %llu", key, (unsigned long long)value);
}

/* The shortest decimal that is read back as the same number. */
static void add_number(struct text *json, const char *key, double value)
{
	char buffer[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buffer, sizeof buffer, "%.*g", digits, value);
		if (strtod(buffer, NULL) == value)
			break;
	}
	text_add(json, "\"%s\": %s", key, buffer);
}

static void add_address(struct text *json, uint64_t bytes)
{
	text_add(json, "\"0x%llx\"", (unsigned long long)bytes);
}

static void add_space(struct text *json, const struct workload *workload)
{
	uint64_t page = workload->space.page_bytes;
	text_add(json, "  \"space\": {\"base\": ");
	add_address(json, workload->space.first * page);
	/* The end of a full 64-bit space is 2^64 itself; its last address always fits. */
	text_add(json, ", \"last\": ");
	add_address(json, workload->space.end * page - 1);
	text_add(json, ", ");
	add_count(json, "page_bytes", page);
	text_add(json, ", ");
	add_named(json, "mode", mode_names[workload->space.mode]);
	text_add(json, ", \"reserved\": [");
	for (size_t i = 0; i < workload->space.hole_count; i++) {
		text_add(json, "%s{\"base\": ", i ? ", " : "");
		add_address(json, workload->space.holes[i].first * page);
		text_add(json, ", ");
		add_count(json, "pages", workload->space.holes[i].count);
		text_add(json, "}");
	}
	text_add(json, "], ");
	add_count(json, "usable_pages", workload->space.usable);
	text_add(json, "},\n");
}

static void add_align(struct text *json, const struct workload_align *align)
{
	text_add(json, "\"align\": {");
	add_named(json, "kind", align_names[align->kind]);
	if (align->kind == WORKLOAD_ALIGN_FIXED || align->kind == WORKLOAD_ALIGN_NATURAL_UP_TO) {
		text_add(json, ", ");
		add_count(json, "pages", align->pages);
	}
	text_add(json, "}");
}

/* The keys of a size that is no mixture. */
static void add_size_keys(struct text *json, const struct workload_size *size)
{
	add_named(json, "kind", size_names[size->kind]);
	text_add(json, ", ");
	add_count(json, "min_pages", size->min);
	text_add(json, ", ");
	add_count(json, "max_pages", size->max);
	if (size->kind == WORKLOAD_SIZE_POWERS_OF_TWO) {
		text_add(json, ", ");
		add_number(json, "ratio", size->ratio);
		text_add(json, ", \"exact\": %s", size->exact ? "true" : "false");
	} else if (size->kind == WORKLOAD_SIZE_PARETO || size->kind == WORKLOAD_SIZE_ZIPF) {
		text_add(json, ", ");
		add_number(json, "alpha", size->alpha);
	} else if (size->kind == WORKLOAD_SIZE_LOGNORMAL) {
		text_add(json, ", ");
		add_count(json, "median_pages", size->median);
		text_add(json, ", ");
		add_number(json, "sigma", size->sigma);
	}
}

static void add_size(struct text *json, const struct workload_size *size)
{
	text_add(json, "\"size\": {");
	add_size_keys(json, size);
	if (size->kind == WORKLOAD_SIZE_WEIGHTS || size->kind == WORKLOAD_SIZE_MIXED) {
		text_add(json, ", \"parts\": [");
		for (size_t i = 0; i < size->part_count; i++) {
			text_add(json, "%s{", i ? ", " : "");
			add_count(json, "weight", size->parts[i].weight);
			text_add(json, ", ");
			add_size_keys(json, &size->parts[i].size);
			text_add(json, "}");
		}
		text_add(json, "]");
	}
	text_add(json, "}");
}

static void add_lifetime(struct text *json, const struct workload_lifetime *lifetime)
{
	text_add(json, "\"lifetime\": {");
	add_named(json, "kind", lifetime_names[lifetime->kind]);
	switch (lifetime->kind) {
	case WORKLOAD_LIFETIME_NONE:
		break;
	case WORKLOAD_LIFETIME_FIXED:
	case WORKLOAD_LIFETIME_UNIFORM:
	case WORKLOAD_LIFETIME_PARETO:
		text_add(json, ", ");
		add_count(json, "min_ops", lifetime->min);
		text_add(json, ", ");
		add_count(json, "max_ops", lifetime->max);
		break;
	case WORKLOAD_LIFETIME_EXPONENTIAL:
		text_add(json, ", ");
		add_count(json, "mean_ops", lifetime->mean);
		break;
	case WORKLOAD_LIFETIME_GENERATIONAL:
		text_add(json, ", ");
		add_count(json, "young_mean_ops", lifetime->mean);
		text_add(json, ", ");
		add_count(json, "old_mean_ops", lifetime->old_mean);
		text_add(json, ", ");
		add_number(json, "young_share", lifetime->young_share);
		break;
	}
	if (lifetime->kind == WORKLOAD_LIFETIME_PARETO) {
		text_add(json, ", ");
		add_number(json, "alpha", lifetime->alpha);
	}
	text_add(json, "}");
}

static void add_request(struct text *json, const struct workload *workload, const struct workload_request *request)
{
	uint64_t page = workload->space.page_bytes;
	text_add(json, "    {");
	add_named(json, "name", request->name);
	text_add(json, ", ");
	add_named(json, "call", call_names[request->call]);
	text_add(json, ", ");
	add_size(json, &request->size);
	text_add(json, ", ");
	add_align(json, &request->align);
	text_add(json, ", \"low\": ");
	add_address(json, request->low * page);
	text_add(json, ", \"high\": [");
	for (size_t i = 0; i < request->high_count; i++) {
		text_add(json, "%s", i ? ", " : "");
		add_address(json, request->high[i] * page + (page - 1));
	}
	text_add(json, "], ");
	add_count(json, "boundary_pages", request->boundary);
	text_add(json, ", ");
	add_lifetime(json, &request->lifetime);
	text_add(json, "}");
}

static void add_until(struct text *json, const struct workload_phase *phase)
{
	text_add(json, ", \"until\": {");
	if (phase->until == WORKLOAD_UNTIL_OPS || phase->until == WORKLOAD_UNTIL_LIVE)
		add_count(json, until_names[phase->until], phase->until_value);
	else
		add_number(json, until_names[phase->until], phase->until_ratio);
	text_add(json, "}");
}

static void add_mix(struct text *json, const struct workload *workload, const struct workload_phase *phase)
{
	text_add(json, ", \"mix\": [");
	for (size_t i = 0; i < phase->mix_count; i++) {
		text_add(json, "%s{", i ? ", " : "");
		add_named(json, "request", workload->requests[phase->mix[i].request].name);
		text_add(json, ", ");
		add_count(json, "weight", phase->mix[i].weight);
		text_add(json, "}");
	}
	text_add(json, "]");
	add_until(json, phase);
	if (phase->until == WORKLOAD_UNTIL_OPS || phase->until == WORKLOAD_UNTIL_TURNOVERS) {
		text_add(json, ", ");
		add_named(json, "victims", victim_names[phase->victims]);
		text_add(json, ", ");
		add_named(json, "free_on", free_on_names[phase->free_on]);
		text_add(json, ", ");
		add_named(json, "hold", hold_names[phase->hold]);
		text_add(json, ", ");
		add_count(json, "burst", phase->burst ? phase->burst : 1);
		text_add(json, ", ");
		add_count(json, "think_ops", phase->think);
	}
}

static void add_drain(struct text *json, const struct workload_phase *phase)
{
	text_add(json, ", \"free\": {");
	add_named(json, "victims", victim_names[phase->victims]);
	text_add(json, ", ");
	add_named(json, "free_on", free_on_names[phase->free_on]);
	add_until(json, phase);
	text_add(json, "}");
}

static void add_slots(struct text *json, const struct workload *workload, const struct workload_range *range)
{
	text_add(json, "\"slots\": {");
	add_named(json, "array", workload->script_arrays[range->array].name);
	text_add(json, ", ");
	add_count(json, "first", range->first);
	text_add(json, ", ");
	add_count(json, "last", range->last);
	text_add(json, ", \"step\": %lld}", (long long)range->step);
}

static void add_script_op(struct text *json, const struct workload *workload, const struct workload_script_op *op)
{
	switch (op->kind) {
	case WORKLOAD_SCRIPT_ALLOC:
		text_add(json, "{\"op\": \"alloc\", ");
		add_named(json, "request", workload->requests[op->request].name);
		if (op->count) {
			text_add(json, ", ");
			add_count(json, "pages", op->count);
		}
		text_add(json, ", ");
		add_slots(json, workload, &op->slots);
		text_add(json, "}");
		break;
	case WORKLOAD_SCRIPT_FREE:
		text_add(json, "{\"op\": \"free\", ");
		add_slots(json, workload, &op->slots);
		text_add(json, "}");
		break;
	case WORKLOAD_SCRIPT_REPEAT:
		text_add(json, "{\"op\": \"repeat\", \"times\": %llu, \"script\": [", (unsigned long long)op->count);
		break;
	case WORKLOAD_SCRIPT_END:
		text_add(json, "]}");
		break;
	}
}

static void add_script(struct text *json, const struct workload *workload, const struct workload_phase *phase)
{
	bool first = true; /* in its brackets */
	text_add(json, ", \"script\": [");
	for (size_t i = 0; i < phase->script_count; i++) {
		const struct workload_script_op *op = &phase->script[i];
		if (!first && op->kind != WORKLOAD_SCRIPT_END)
			text_add(json, ", ");
		add_script_op(json, workload, op);
		first = op->kind == WORKLOAD_SCRIPT_REPEAT;
	}
	text_add(json, "]");
}

static void add_trace(struct text *json, const struct workload_trace *trace)
{
	text_add(json, ", \"trace\": {");
	add_named(json, "file", trace->file);
	text_add(json, ", ");
	add_count(json, "repeat", trace->repeat);
	text_add(json, ", ");
	add_named(json, "between", between_names[trace->between]);
	text_add(json, ", ");
	add_named(json, "limits", limit_names[trace->limits]);
	text_add(json, ", ");
	add_align(json, &trace->align);
	text_add(json, "}");
}

static void add_rings(struct text *json, const struct workload *workload, const struct workload_phase *phase)
{
	const struct workload_rings *rings = &phase->rings;
	text_add(json, ", \"rings\": {\"request\": [");
	for (uint32_t i = 0; i < rings->count; i++) {
		text_add(json, "%s", i ? ", " : "");
		text_add_json(json, workload->requests[rings->request[i]].name);
	}
	text_add(json, "], ");
	add_count(json, "count", rings->count);
	text_add(json, ", ");
	add_count(json, "depth", rings->depth);
	text_add(json, ", \"pace\": [");
	for (uint32_t i = 0; i < rings->count; i++)
		text_add(json, "%s%u", i ? ", " : "", rings->pace[i]);
	text_add(json, "], ");
	add_count(json, "burst", rings->burst);
	text_add(json, "}");
	add_until(json, phase);
	text_add(json, ", ");
	add_named(json, "free_on", free_on_names[phase->free_on]);
}

static void add_phase(struct text *json, const struct workload *workload, const struct workload_phase *phase)
{
	text_add(json, "    {");
	add_named(json, "name", phase->name);
	text_add(json, ", \"measure\": %s", phase->measured ? "true" : "false");
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
		add_mix(json, workload, phase);
		break;
	case WORKLOAD_BODY_DRAIN:
		add_drain(json, phase);
		break;
	case WORKLOAD_BODY_FREE_ALL:
		text_add(json, ", \"free\": \"all\"");
		break;
	case WORKLOAD_BODY_SCRIPT:
		add_script(json, workload, phase);
		break;
	case WORKLOAD_BODY_TRACE:
		add_trace(json, &phase->trace);
		break;
	case WORKLOAD_BODY_RINGS:
		add_rings(json, workload, phase);
		break;
	case WORKLOAD_BODY_ADVERSARY:
		text_add(json, ", \"adversary\": {\"robson\": {");
		add_count(json, "live_pages", phase->robson.live);
		text_add(json, ", ");
		add_count(json, "largest_pages", phase->robson.largest);
		text_add(json, "}}");
		break;
	}
	text_add(json, "}");
}

static void add_expectation(struct text *json, const struct workload_expectation *expectation)
{
	text_add(json, "    {");
	add_named(json, "metric", expectation->metric);
	text_add(json, ", ");
	add_number(json, comparison_names[expectation->comparison], expectation->value);
	if (expectation->comparison == WORKLOAD_IS) {
		text_add(json, ", ");
		add_number(json, "tolerance", expectation->tolerance);
	}
	text_add(json, ", ");
	add_named(json, "allocator", expectation->allocator);
	text_add(json, "}");
}

static void add_sweep(struct text *json, const struct workload_sweep *sweep, size_t number)
{
	text_add(json, "%s\n    {", number ? "," : "");
	add_named(json, "key", sweep->key);
	text_add(json, ", \"values\": [");
	for (size_t i = 0; i < sweep->value_count; i++) {
		text_add(json, "%s", i ? ", " : "");
		text_add_json(json, sweep->values[i].text);
	}
	text_add(json, "]}");
}

static void add_head(struct text *json, const struct workload *workload)
{
	text_add(json, "{\n  \"iovabench\": 1,\n  ");
	add_named(json, "name", workload->name);
	text_add(json, ",\n  ");
	add_named(json, "about", workload->about);
	text_add(json, ",\n  ");
	add_named(json, "source", workload->source);
	text_add(json, ",\n");
	add_space(json, workload);
	text_add(json, "  \"physical\": {");
	if (workload->physical.bytes)
		text_add(json, "\"size\": \"0x%llx\"", (unsigned long long)workload->physical.bytes);
	else
		add_named(json, "size", NULL);
	text_add(json, ", ");
	add_number(json, "scatter", workload->physical.scatter);
	text_add(json, "},\n  ");
	add_count(json, "cpus", workload->cpus);
	text_add(json, ",\n  ");
	add_number(json, "pace_ops_per_second", workload->pace_ops_per_second);
	text_add(json, ",\n  \"seed\": ");
	add_address(json, workload->seed);
	text_add(json, ",\n");
}

void workload_expand(const struct workload *workload, struct text *json)
{
	add_head(json, workload);
	text_add(json, "  \"requests\": [");
	for (size_t i = 0; i < workload->request_count; i++) {
		text_add(json, "%s\n", i ? "," : "");
		add_request(json, workload, &workload->requests[i]);
	}
	text_add(json, "%s],\n  \"phases\": [", workload->request_count ? "\n  " : "");
	for (size_t i = 0; i < workload->phase_count; i++) {
		text_add(json, "%s\n", i ? "," : "");
		add_phase(json, workload, &workload->phases[i]);
	}
	text_add(json, "\n  ],\n  \"slot_arrays\": [");
	for (size_t i = 0; i < workload->script_array_count; i++) {
		text_add(json, "%s{", i ? ", " : "");
		add_named(json, "name", workload->script_arrays[i].name);
		text_add(json, ", ");
		add_count(json, "slots", workload->script_arrays[i].count);
		text_add(json, "}");
	}
	text_add(json, "],\n  \"expect\": [");
	for (size_t i = 0; i < workload->expectation_count; i++) {
		text_add(json, "%s\n", i ? "," : "");
		add_expectation(json, &workload->expectations[i]);
	}
	text_add(json, "%s],\n  \"sweep\": [", workload->expectation_count ? "\n  " : "");
	for (size_t i = 0; i < workload->sweep_count; i++)
		add_sweep(json, &workload->sweeps[i], i);
	text_add(json, "%s]\n}\n", workload->sweep_count ? "\n  " : "");
}
