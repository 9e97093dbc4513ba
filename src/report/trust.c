/* SPDX-License-Identifier: MIT */
#include "report/trust.h"

#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static bool is_timed(const struct result_arm *arm)
{
	return isfinite(format_time_ns(result_arm_figures(arm)));
}

static bool is_time_row(const struct result_comparison *row)
{
	return row->metric == METRIC_RAW_NS_PER_OP && row->verdict != RESULT_VERDICT_DIFFERENT_WORK;
}

/* ---- doubts ---- */

/* Times of processes of their own, more than half of them with more than half of their windows disturbed. */
static void doubt_windows(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	size_t timed = 0, unclean = 0;
	for (size_t i = 0; i < result->arm_count; i++) {
		timed += is_timed(&result->arms[i]);
		unclean += is_timed(&result->arms[i]) && format_is_unclean(result_arm_figures(&result->arms[i]));
	}
	if (2 * unclean > timed)
		text_add(text,
			 "of %zu of %zu arms fewer than half of the windows are clean: ns/op means little, ratios by pairs "
			 "still do",
			 unclean, timed);
}

static void doubt_intervals(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	size_t timed = 0, without = 0, open = 0;
	for (size_t i = 0; i < result->comparison_count; i++) {
		const struct result_comparison *row = &result->comparisons[i];
		if (!is_time_row(row))
			continue;
		timed++;
		without += isnan(row->ci_low) ? 1 : 0;
		open += row->verdict == RESULT_VERDICT_INCONCLUSIVE || row->verdict == RESULT_VERDICT_NOT_COMPARED;
	}
	if (timed && without == timed)
		text_add(text, "too few rounds for an interval: no verdict on time is given");
	else if (2 * open > timed)
		text_add(text, "%zu of %zu verdicts on time are open: more rounds or a quieter machine would tell", open,
			 timed);
}

static void doubt_clock(const struct report_view *view, struct text *text)
{
	size_t count = 0;
	for (size_t i = 0; i < view->result->arm_count; i++)
		count += view->result->arms[i].state == RESULT_ARM_UNTRUSTWORTHY;
	if (count)
		text_add(text, "the times of %zu arm%s are not to be trusted: their notes tell why", count,
			 count == 1 ? "" : "s");
}

typedef void (*tell)(const struct report_view *view, struct text *text);

static bool next(const tell *tells, size_t count, const struct report_view *view, size_t *at, struct text *text)
{
	assert(!text->length);
	while (!text->length && !text->failed && *at < count)
		tells[(*at)++](view, text);
	bool more = text->length || text->failed;
	if (!more)
		text_release(text); /* nothing may take room, too */
	return more;
}

bool trust_doubt(const struct report_view *view, size_t *at, struct text *text)
{
	static const tell doubts[] = {doubt_clock, doubt_windows, doubt_intervals};
	return next(doubts, sizeof doubts / sizeof doubts[0], view, at, text);
}

/* ---- warnings ---- */

static void warn_partial(const struct report_view *view, struct text *text)
{
	if (view->result->run.partial)
		text_add(text, "this run was interrupted: its results are partial");
}

static void warn_serialised(const struct report_view *view, struct text *text)
{
	if (view->result->run.latency_serialised)
		text_add(text, "latencies are serialised: every operation was stamped, which keeps them from overlapping");
}

static void warn_trouble(const struct report_view *view, struct text *text)
{
	if (view->result->run.trouble)
		text_add(text, "%s", view->result->run.trouble);
}

bool trust_warning(const struct report_view *view, size_t *at, struct text *text)
{
	static const tell warnings[] = {warn_partial, warn_trouble, warn_serialised};
	const size_t count = sizeof warnings / sizeof warnings[0];
	if (next(warnings, count, view, at, text))
		return true;
	/* Behind them, a line of the machine's each; *at counts its bytes. */
	const char *lines = view->result->machine.warnings ? view->result->machine.warnings : "";
	const char *line = lines + (*at - count) + strspn(lines + (*at - count), "\n");
	size_t length = strcspn(line, "\n");
	*at = count + (size_t)(line - lines) + length;
	if (length)
		text_add_bytes(text, line, length);
	bool more = text->length || text->failed;
	if (!more)
		text_release(text); /* nothing may take room, too */
	return more;
}

/* ---- facts ---- */

static void tell_machine(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	text_add(text, "%s, %u CPUs, %s", result->machine.cpu ? result->machine.cpu : "-", result->machine.cpus,
		 result->machine.kernel ? result->machine.kernel : "-");
	if (result->node_count > 1)
		text_add(text, "; %zu machines in all", result->node_count);
}

static void tell_clock(const struct report_view *view, struct text *text)
{
	char step[TEXT_NUMBER_BYTES], pair[TEXT_NUMBER_BYTES], least[TEXT_NUMBER_BYTES], drift[TEXT_NUMBER_BYTES];
	const struct result *result = view->result;
	text_add(text, "%s, steps in %s, two stamps cost %s, floor %s, drift %s ppm",
		 result->machine.clock ? result->machine.clock : "-", text_duration(step, result->machine.timer_step_ns),
		 text_duration(pair, result->machine.timer_pair_ns),
		 text_duration(least, result->machine.timer_step_ns + result->machine.timer_pair_ns),
		 format_number(drift, result->machine.timer_drift_ppm));
}

static void tell_rounds(const struct report_view *view, struct text *text)
{
	format_rounds(view->result, text);
	text_add(text, ", each in fresh processes");
}

/* How wide intervals by pairs are, half of them at most, and all of them. */
static void tell_noise(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	double most = 0;
	size_t counted = 0, narrow = 0;
	for (size_t i = 0; i < result->comparison_count; i++) {
		const struct result_comparison *row = &result->comparisons[i];
		if (!is_time_row(row) || !(row->ci_low > 0))
			continue;
		double half = sqrt(row->ci_high / row->ci_low) - 1;
		counted++;
		narrow += half <= row->threshold;
		most = fmax(most, half);
	}
	if (counted)
		text_add(
			text,
			"%zu of %zu intervals of ratios are within the threshold, the widest is ±%.2g %%; load %.1f before, "
			"%.1f after",
			narrow, counted, 100 * most, result->machine.before.load_1min, result->machine.after.load_1min);
	else
		text_add(text, "no interval of a ratio; load %.1f before, %.1f after", result->machine.before.load_1min,
			 result->machine.after.load_1min);
}

/* What verdicts by pairs are worth on this machine, where nothing differs. */
static void tell_calibration(const struct report_view *view, struct text *text)
{
	const char *found = view->result->machine.calibration;
	text_add(text, "%s",
		 found ? found
		       : "no comparison of equals before this run: iovabench calibrate --null tells how often this machine "
			 "cries wolf");
}

/* Where laws lie, in the sources and as installed. */
static bool is_law(const struct result_workload *workload)
{
	return workload->file && strstr(workload->file, "workloads/laws/");
}

static void tell_laws(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	size_t laws = 0, wanted = 0, met = 0;
	for (size_t i = 0; i < result->workload_count; i++)
		laws += is_law(&result->workloads[i]);
	for (size_t i = 0; laws && i < result->expectation_count; i++) {
		const struct result_expectation *expectation = &result->expectations[i];
		if (is_law(&result->workloads[result->arms[expectation->arm].workload])) {
			wanted++;
			met += expectation->met;
		}
	}
	if (laws)
		text_add(text, "%zu of %zu expectations of %zu laws met", met, wanted, laws);
	else
		text_add(text, "none was played in this run; make laws holds the build to those of docs/laws.md");
}

static void tell_taint(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	double least = INFINITY, most = 0;
	char low[TEXT_NUMBER_BYTES], high[TEXT_NUMBER_BYTES];
	const struct result_arm *worst = NULL;
	for (size_t i = 0; i < result->arm_count; i++) {
		double share = result_arm_figures(&result->arms[i])->value[METRIC_TAINTED_SHARE];
		if (isnan(share))
			continue;
		least = fmin(least, share);
		if (!worst || share > most) {
			most = share;
			worst = &result->arms[i];
		}
	}
	if (!worst)
		return;
	text_add(text, "%s to %s of an arm's windows were disturbed", format_share(low, least), format_share(high, most));
	if (most > 0) {
		text_add(text, "; most: %s on ", worst->spec);
		result_workload_label(&result->workloads[worst->workload], text);
	}
}

static void tell_steal(const struct report_view *view, struct text *text)
{
	double ms = view->result->machine.after.steal_ms - view->result->machine.before.steal_ms;
	char time[TEXT_NUMBER_BYTES];
	if (ms >= 0)
		text_add(text, "%s of CPU time taken by the host while it ran", text_duration(time, 1e6 * ms));
}

/* Answers that were checked, and what was wrong. */
static void tell_answers(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	size_t audited = 0, failed = 0;
	double operations = 0, rules = 0;
	char number[TEXT_NUMBER_BYTES];
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_arm *arm = &result->arms[i];
		const double *value = result_arm_figures(arm)->value;
		failed += arm->state == RESULT_ARM_FAILED || arm->state == RESULT_ARM_NONDETERMINISTIC;
		if (isfinite(value[METRIC_AUDIT_OPS])) {
			audited++;
			operations += value[METRIC_AUDIT_OPS];
		}
		if (value[METRIC_VIOLATIONS_TOTAL] > 0)
			rules += value[METRIC_VIOLATIONS_TOTAL];
	}
	if (audited)
		text_add(text, "every answer of %zu arms was checked, %s operations; ", audited,
			 text_count(number, operations));
	else
		text_add(text, "no answer was checked; ");
	if (failed)
		text_add(text, "%zu arm%s failed", failed, failed == 1 ? "" : "s");
	else
		text_add(text, "no arm failed");
	if (rules > 0)
		text_add(text, "; drivers broke %.0f rules", rules);
}

static void tell_expectations(const struct report_view *view, struct text *text)
{
	size_t met = 0;
	for (size_t i = 0; i < view->result->expectation_count; i++)
		met += view->result->expectations[i].met;
	if (view->result->expectation_count)
		text_add(text, "%zu of %zu met", met, view->result->expectation_count);
}

static void tell_build(const struct report_view *view, struct text *text)
{
	const struct result *result = view->result;
	text_add(text, "iovabench %s (%s), %s %s; started %s", result->build.version ? result->build.version : "-",
		 result->build.git ? result->build.git : "-", result->build.compiler ? result->build.compiler : "-",
		 result->build.flags ? result->build.flags : "", result->run.started ? result->run.started : "-");
}

static void tell_command(const struct report_view *view, struct text *text)
{
	text_add(text, "%s", view->result->run.command ? view->result->run.command : "");
}

bool trust_fact(const struct report_view *view, size_t *at, const char **name, struct text *text)
{
	static const struct {
		const char *name;
		tell tell;
	} facts[] = {{"Machine", tell_machine}, {"Clock", tell_clock},     {"Rounds", tell_rounds},
		     {"Noise", tell_noise},     {"A/A", tell_calibration}, {"Taint", tell_taint},
		     {"Steal", tell_steal},     {"Answers", tell_answers}, {"Expectations", tell_expectations},
		     {"Laws", tell_laws},       {"Build", tell_build},     {"Command", tell_command}};
	assert(!text->length);
	while (!text->length && !text->failed && *at < sizeof facts / sizeof facts[0]) {
		*name = facts[*at].name;
		facts[(*at)++].tell(view, text);
	}
	bool more = text->length || text->failed;
	if (!more)
		text_release(text); /* nothing may take room, too */
	return more;
}
