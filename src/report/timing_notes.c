/* SPDX-License-Identifier: MIT */
#include "report/format.h"

#include <math.h>

#define SLOWDOWN_MAX 1.3
#define OPEN_LOOP_PERCENTILES 3

static void add_sentence(struct text *text, const char *before)
{
	text_add(text, "%s", text->length ? before : "");
}

static void note_tainted(const struct result_figures *figures, struct text *text)
{
	double share = figures->value[METRIC_TAINTED_SHARE], cpu_ns = figures->value[METRIC_CPU_NS_PER_OP];
	char number[TEXT_NUMBER_BYTES];
	if (!(share > 0))
		return;
	add_sentence(text, "; ");
	if (!isfinite(figures->value[METRIC_CLEAN_NS_PER_OP]))
		text_add(text, "none of its windows gives a clean time");
	else if (format_is_unclean(figures))
		text_add(text, "fewer than half of its windows are clean (%s)", format_share(number, 1 - share));
	else
		text_add(text, "%s of its windows were disturbed", format_share(number, share));
	text_add(text, ": %s ns with all of them", format_number(number, figures->value[METRIC_RAW_NS_PER_OP]));
	if (isfinite(cpu_ns))
		text_add(text, ", %s ns of CPU time", format_number(number, cpu_ns));
}

static void note_max(const struct result_arm *arm, struct text *text)
{
	const struct result_latency *latency = format_alloc_latency(arm);
	char max[TEXT_NUMBER_BYTES], clean[TEXT_NUMBER_BYTES];
	if (latency->max_taint <= RESULT_TAINT_NONE)
		return;
	add_sentence(text, "; ");
	text_add(text, "its max of %s was disturbed (%s), the largest that was not was %s",
		 format_percentile(max, latency, latency->max_ns), result_taint_name[latency->max_taint],
		 format_percentile(clean, latency, latency->max_clean_ns));
}

static void note_open_loop(const struct result_arm *arm, const struct result_figures *figures, struct text *text)
{
	char one[TEXT_NUMBER_BYTES], two[TEXT_NUMBER_BYTES];
	if (!arm->rate || !isfinite(figures->value[METRIC_OFFERED_RATE]))
		return;
	const struct result_latency *response = &arm->phases[arm->figures_phase].latency[METRIC_KIND_RESPONSE];
	const struct {
		const char *name;
		double ns;
	} shown[OPEN_LOOP_PERCENTILES] = {
		{"p50", response->p50_ns}, {"p99", response->p99_ns}, {"p99.99", response->p9999_ns}};
	add_sentence(text, "; ");
	text_add(text, "open loop at %s/s: response", text_count(one, figures->value[METRIC_OFFERED_RATE]));
	for (size_t i = 0; i < OPEN_LOOP_PERCENTILES; i++)
		text_add(text, "%s %s %s", i ? "," : "", shown[i].name, text_duration(one, shown[i].ns));
	text_add(text, ", at most %s late", text_duration(one, figures->value[METRIC_LATENESS_MAX_NS]));
	if (figures->value[METRIC_SATURATED] > 0)
		text_add(text, "; saturated: %s/s were served", text_count(two, figures->value[METRIC_ACHIEVED_RATE]));
}

static void note_ageing(const struct result_arm *arm, const struct result_figures *figures, struct text *text)
{
	char ratio[TEXT_NUMBER_BYTES];
	if (arm->figures_phase >= arm->phase_count || arm->phases[arm->figures_phase].ageing <= RESULT_AGEING_FLAT)
		return;
	add_sentence(text, "; ");
	text_add(text, "%s: the last tenth of the phase took %s times as long as the first",
		 result_ageing_name[arm->phases[arm->figures_phase].ageing],
		 format_number(ratio, figures->value[METRIC_AGEING_RATIO]));
}

static void note_growth(const struct result_arm *arm, struct text *text)
{
	const struct result_phase *phase = arm->figures_phase < arm->phase_count ? &arm->phases[arm->figures_phase] : NULL;
	if (!phase || !phase->growing)
		return;
	add_sentence(text, "; ");
	text_add(text, "still growing at the end of the phase:");
	const char *before = " ";
	for (unsigned i = 0; i < RESULT_SERIES_COUNT; i++) {
		if (!(phase->growing >> i & 1))
			continue;
		text_add(text, "%s%s", before, result_series_name[i]);
		before = ", ";
	}
}

static void note_end(const struct result_figures *figures, struct text *text)
{
	double share = figures->value[METRIC_AHEAD_SHARE];
	char percent[TEXT_NUMBER_BYTES];
	if (!(share < 1))
		return;
	add_sentence(text, "; ");
	if (share > 0)
		text_add(text,
			 "different work: its times are those of the first %s of the phase, before a logical call failed",
			 format_share(percent, share));
	else
		text_add(text, "different work: no times, as a logical call failed before a window had ended");
}

void format_timing_notes(const struct result_arm *arm, struct text *text)
{
	const struct result_figures *figures = result_arm_figures(arm);
	double slowdown = figures->value[METRIC_SLOWDOWN];
	char percent[TEXT_NUMBER_BYTES];
	note_end(figures, text);
	note_tainted(figures, text);
	note_max(arm, text);
	note_ageing(arm, figures, text);
	note_growth(arm, text);
	note_open_loop(arm, figures, text);
	if (slowdown > SLOWDOWN_MAX) {
		add_sentence(text, "; ");
		text_add(text, "stamps slowed its latency pass by %s", format_share(percent, slowdown - 1));
	}
}
