/* SPDX-License-Identifier: MIT */
#include "report/format.h"

#include "result/node.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum metric metric;
	const char *name, *brief;
} failure_kinds[] = {
	{METRIC_FAILURES_FRAGMENTED, "fragmented", "frag"},
	{METRIC_FAILURES_EXHAUSTED, "exhausted", "full"},
	{METRIC_FAILURES_IMPOSSIBLE, "impossible", "imposs"},
	{METRIC_FAILURES_MALFORMED, "malformed", "malf"},
	{METRIC_FAILURES_HELD, "held", "held"},
	{METRIC_FAILURES_REFUSED, "refused", "limit"},
	{METRIC_FAILURES_METADATA, "without metadata", "meta"},
	{METRIC_FAILURES_PHYSICAL, "without frames", "phys"},
};
#define FAILURE_KINDS (sizeof failure_kinds / sizeof failure_kinds[0])

const char *format_number(char buffer[TEXT_NUMBER_BYTES], double value)
{
	double size = fabs(value);
	if (!isfinite(value))
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
	else if (size < 1e6)
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.*f", size < 9.995 ? 2 : size < 99.95 ? 1 : 0, value);
	else
		text_count(buffer, value);
	return buffer;
}

const char *format_share(char buffer[TEXT_NUMBER_BYTES], double share)
{
	double percent = fabs(share * 100);
	if (!isfinite(share))
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
	else if (share == 0)
		snprintf(buffer, TEXT_NUMBER_BYTES, "0 %%");
	else if (percent < 0.00095)
		snprintf(buffer, TEXT_NUMBER_BYTES, "<0.001 %%");
	else
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.*f %%", percent < 0.095 ? 3 : percent < 0.95 ? 2 : 1, share * 100);
	return buffer;
}

/* Whole numbers are told in full as long as they can be read. */
static const char *whole_number(char buffer[TEXT_NUMBER_BYTES], double value)
{
	if (value == floor(value) && fabs(value) < 1e7)
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.0f", value);
	else if (fabs(value) < 1000)
		format_number(buffer, value);
	else
		text_count(buffer, value);
	return buffer;
}

const char *format_metric(char buffer[TEXT_NUMBER_BYTES], enum metric metric, double value)
{
	assert(metric < METRIC_ALL);
	const char *unit = metric_table[metric].unit;
	if (!isfinite(value))
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
	else if (strcmp(unit, "ns") == 0)
		text_duration(buffer, value);
	else if (strcmp(unit, "share") == 0)
		format_share(buffer, value);
	else if (strcmp(unit, "B") == 0)
		text_bytes(buffer, value);
	else if (strcmp(unit, "flag") != 0 && value != 0 &&
		 fabs(value) < 0.1) /* what is not nothing does not look like it */
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.2g", value);
	else if (strcmp(unit, "ratio") == 0)
		snprintf(buffer, TEXT_NUMBER_BYTES, fabs(value) < 1000 ? "%.3f" : "%.3g", value);
	else if (strcmp(unit, "flag") == 0)
		snprintf(buffer, TEXT_NUMBER_BYTES, "%s", value != 0 ? "yes" : "no");
	else
		whole_number(buffer, value);
	return buffer;
}

const char *format_percentile(char buffer[TEXT_NUMBER_BYTES], const struct result_latency *latency, double ns)
{
	bool below = ns < latency->resolution_ns || (latency->below_resolution && ns <= latency->resolution_ns);
	if (latency->count == 0 || !isfinite(ns)) {
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
	} else if (below) {
		buffer[0] = '<';
		char number[TEXT_NUMBER_BYTES];
		snprintf(buffer + 1, TEXT_NUMBER_BYTES - 1, "%.30s", text_duration(number, latency->resolution_ns));
	} else {
		text_duration(buffer, ns);
	}
	return buffer;
}

bool format_is_unclean(const struct result_figures *figures)
{
	double share = figures->value[METRIC_TAINTED_SHARE];
	return share > 0.5 || (share > 0 && !isfinite(figures->value[METRIC_CLEAN_NS_PER_OP]));
}

double format_time_ns(const struct result_figures *figures)
{
	double clean = figures->value[METRIC_CLEAN_NS_PER_OP];
	return isfinite(clean) ? clean : figures->value[METRIC_RAW_NS_PER_OP];
}

const char *format_time(char buffer[TEXT_NUMBER_BYTES], const struct result_figures *figures)
{
	const char mark[] = {format_is_unclean(figures) ? FORMAT_UNCLEAN : '\0', '\0'};
	char number[TEXT_NUMBER_BYTES];
	snprintf(buffer, TEXT_NUMBER_BYTES, "%.30s%s", format_number(number, format_time_ns(figures)), mark);
	return buffer;
}

static double failures_of(const struct result_figures *figures)
{
	double sum = 0;
	for (size_t i = 0; i < FAILURE_KINDS; i++)
		/* Results of older runs do not have the kinds that came later. */
		if (failure_kinds[i].metric == METRIC_FAILURES_FRAGMENTED ||
		    isfinite(figures->value[failure_kinds[i].metric]))
			sum += figures->value[failure_kinds[i].metric];
	return isfinite(sum) ? sum : figures->value[METRIC_FAILURES_TOTAL];
}

const char *format_failures(char buffer[TEXT_NUMBER_BYTES], const struct result_figures *figures)
{
	double sum = failures_of(figures);
	const char *brief = "";
	for (size_t i = 0; i < FAILURE_KINDS; i++)
		if (figures->value[failure_kinds[i].metric] > 0)
			brief = figures->value[failure_kinds[i].metric] == sum ? failure_kinds[i].brief : "mixed";
	char number[TEXT_NUMBER_BYTES];
	if (!isfinite(sum))
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
	else if (sum == 0)
		snprintf(buffer, TEXT_NUMBER_BYTES, "0");
	else
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.20s%s%s", whole_number(number, sum), *brief ? " " : "", brief);
	return buffer;
}

const char *format_arm_failures(char buffer[TEXT_NUMBER_BYTES], const struct result_arm *arm)
{
	char own[TEXT_NUMBER_BYTES], others[TEXT_NUMBER_BYTES];
	double sum = 0;
	for (size_t i = 0; i < arm->phase_count; i++)
		if (arm->phases[i].measured && i != arm->figures_phase && failures_of(&arm->phases[i].figures) > 0)
			sum += failures_of(&arm->phases[i].figures);
	format_failures(own, result_arm_figures(arm));
	if (sum > 0)
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.18s +%.10s", own, whole_number(others, sum));
	else
		snprintf(buffer, TEXT_NUMBER_BYTES, "%s", own);
	return buffer;
}

double format_failed_share(const struct result_figures *figures)
{
	double failures = failures_of(figures), tried = figures->value[METRIC_ALLOCATIONS];
	return failures == 0 ? 0 : failures / tried;
}

const struct result_latency *format_alloc_latency(const struct result_arm *arm)
{
	static const struct result_latency none;
	if (arm->figures_phase >= arm->phase_count)
		return &none;
	static const enum metric_kind calls[] = {METRIC_KIND_CONTIGUOUS_ALLOC, METRIC_KIND_MDL_ALLOC, METRIC_KIND_ADL_ALLOC,
						 METRIC_KIND_MAP_ALLOC, METRIC_KIND_RESERVE_ALLOC};
	const struct result_latency *latency = arm->phases[arm->figures_phase].latency;
	const struct result_latency *most = &latency[METRIC_KIND_ALLOC];
	for (size_t i = 0; !latency[METRIC_KIND_ALLOC].count && i < sizeof calls / sizeof calls[0]; i++)
		if (latency[calls[i]].count > most->count)
			most = &latency[calls[i]];
	return most;
}

void format_failure_kinds(const struct result_figures *figures, struct text *text)
{
	bool begun = false;
	for (size_t i = 0; i < FAILURE_KINDS; i++) {
		double count = figures->value[failure_kinds[i].metric];
		if (!(count > 0))
			continue;
		text_add(text, "%s%.0f %s", begun ? ", " : "", count, failure_kinds[i].name);
		begun = true;
	}
}

void format_state(const struct result_arm *arm, struct text *text)
{
	text_add(text, "%s", result_arm_state_name[arm->state]);
	if (arm->owner != ERROR_OWNER_NONE)
		text_add(text, " (%s)", error_owner_name[arm->owner]);
}

static bool is_on_another_node(const struct result *result, const struct result_arm *arm, const struct result_arm *other)
{
	return other->workload == arm->workload && other->threads == arm->threads && strcmp(other->spec, arm->spec) == 0 &&
	       result_arm_node(result, other) != result_arm_node(result, arm);
}

void format_node(const struct result *result, const struct result_arm *arm, struct text *text)
{
	bool several = false;
	for (size_t i = 0; result->node_count > 1 && i < result->arm_count && !several; i++)
		several = is_on_another_node(result, arm, &result->arms[i]);
	if (several)
		text_add(text, ", node %td", result_arm_node(result, arm) - result->nodes);
}

void format_arm(const struct result *result, const struct result_arm *arm, struct text *text)
{
	text_add(text, "%s", arm->spec);
	if (arm->threads > 1)
		text_add(text, ", %u threads", arm->threads);
	format_node(result, arm, text);
}

void format_markdown(struct text *markdown, const char *value)
{
	struct text plain = {0};
	text_add_plain(&plain, value);
	for (const char *at = plain.length ? plain.bytes : ""; *at; at++) {
		if (strchr("\\`*_{}[]<>#|&~!", *at))
			text_add_bytes(markdown, "\\", 1);
		text_add_bytes(markdown, at, 1);
	}
	markdown->failed |= plain.failed;
	text_release(&plain);
}

double format_device_s(const struct result_arm *arm, double operation)
{
	double from = 0, from_s = 0;
	for (size_t i = 0; i < arm->series_count; i++) {
		double at = arm->series[i].value[RESULT_SERIES_OP], at_s = arm->series[i].value[RESULT_SERIES_DEVICE_S];
		if (!isfinite(at) || !isfinite(at_s)) /* a row of another pass */
			continue;
		if (at >= operation)
			return at > from ? from_s + (at_s - from_s) * (operation - from) / (at - from) : at_s;
		from = at;
		from_s = at_s;
	}
	return from_s > 0 ? from_s : (double)NAN;
}

static double whole_s(const struct result_arm *arm)
{
	double sum = 0;
	for (size_t i = 0; i < arm->phase_count; i++)
		sum += arm->phases[i].figures.value[METRIC_DEVICE_S];
	return arm->phase_count ? sum : (double)NAN;
}

double format_device_whole_s(const struct report_view *view, size_t workload)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		double sum = whole_s(&view->result->arms[arms.at[i]]);
		if (isfinite(sum))
			return sum;
	}
	return (double)NAN;
}

const char *format_workload_ops(char buffer[FORMAT_OPERATIONS_BYTES], const struct result_workload *workload)
{
	char ops[TEXT_NUMBER_BYTES];
	if (workload->adaptive && !workload->ops)
		snprintf(buffer, FORMAT_OPERATIONS_BYTES, "operations by what is answered");
	else
		snprintf(buffer, FORMAT_OPERATIONS_BYTES, "%s operations%s", text_count(ops, (double)workload->ops),
			 workload->adaptive ? " and what is answered" : "");
	return buffer;
}

const char *format_operations(char buffer[FORMAT_OPERATIONS_BYTES], double whole_s)
{
	char time[TEXT_NUMBER_BYTES];
	if (isfinite(whole_s))
		snprintf(buffer, FORMAT_OPERATIONS_BYTES, "operations (%s of device time in all)",
			 text_duration(time, whole_s * 1e9));
	else
		snprintf(buffer, FORMAT_OPERATIONS_BYTES, "operations");
	return buffer;
}
