/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include "report/format.h"

#include <assert.h>
#include <math.h>

/* Those with a column, of the percentiles. */
static const struct {
	enum metric_latency which;
	const char *name;
} shown[] = {{METRIC_LATENCY_P50, "p50"},
	     {METRIC_LATENCY_P90, "p90"},
	     {METRIC_LATENCY_P99, "p99"},
	     {METRIC_LATENCY_P999, "p99.9"},
	     {METRIC_LATENCY_P9999, "p99.99"}};
#define SHOWN (sizeof shown / sizeof shown[0])

static void add_duration(struct text *html, double ns, double resolution_ns)
{
	char number[TEXT_NUMBER_BYTES];
	if (!isfinite(ns))
		text_add(html, "–");
	else
		text_add(html, "%s%s", ns <= resolution_ns ? "&lt;" : "", text_duration(number, ns));
}

static void add_over_processes(struct text *html, const struct result_over_processes *over, double resolution_ns)
{
	text_add(html, "<td>");
	add_duration(html, over->median_ns, resolution_ns);
	if (isfinite(over->ci_low_ns) && isfinite(over->ci_high_ns)) {
		text_add(html, "<br><small>");
		add_duration(html, over->ci_low_ns, resolution_ns);
		text_add(html, " to ");
		add_duration(html, over->ci_high_ns, resolution_ns);
		text_add(html, "</small>");
	}
	text_add(html, "</td>");
}

/* Behind its first cells. */
static void add_latency(struct text *html, enum metric_kind kind, uint64_t count, const struct result_over_processes *over,
			double resolution_ns)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(html, "<td><code>%s</code></td><td>%s</td>", metric_kind_name[kind], text_count(number, (double)count));
	for (size_t i = 0; i < SHOWN; i++)
		add_over_processes(html, &over[shown[i].which], resolution_ns);
}

static void add_max(struct text *html, double max_ns, enum result_taint taint, double clean_ns, double resolution_ns)
{
	text_add(html, "<td>");
	add_duration(html, max_ns, resolution_ns);
	text_add(html, "</td><td>%s</td><td>", taint == RESULT_TAINT_UNKNOWN ? "–" : result_taint_name[taint]);
	add_duration(html, clean_ns, resolution_ns);
	text_add(html, "</td></tr>\n");
}

static void add_classes(struct text *html, const struct result_phase *phase)
{
	text_add(html, "<div class=\"scroll\"><table class=\"all\"><thead><tr><th scope=\"col\">by</th>"
		       "<th scope=\"col\">kind</th><th scope=\"col\">samples</th>");
	for (size_t i = 0; i < SHOWN; i++)
		text_add(html, "<th scope=\"col\">%s</th>", shown[i].name);
	text_add(html, "<th scope=\"col\">max</th><th scope=\"col\">its taint</th><th scope=\"col\">max without</th>"
		       "</tr></thead>\n<tbody>\n");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		const struct result_latency *latency = &phase->latency[kind];
		if (!latency->count)
			continue;
		text_add(html, "<tr><th scope=\"row\">all</th>");
		add_latency(html, (enum metric_kind)kind, latency->count, latency->over_processes, latency->resolution_ns);
		add_max(html, latency->max_ns, latency->max_taint, latency->max_clean_ns, latency->resolution_ns);
	}
	for (size_t i = 0; i < phase->class_count; i++) {
		const struct result_latency_class *class = &phase->classes[i];
		text_add(html, "<tr><th scope=\"row\">%s ", result_class_by_name[class->by]);
		text_add_html(html, class->name);
		text_add(html, "</th>");
		add_latency(html, class->kind, class->count, class->over_processes, class->resolution_ns);
		add_max(html, class->max_ns, class->max_taint, class->max_clean_ns, class->resolution_ns);
	}
	text_add(html, "</tbody></table></div>\n");
}

static void add_sample(struct text *html, const struct result_arm *arm, const struct result_sample *sample)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(html, "<tr><td>%s</td><td>%s</td>", text_duration(number, sample->latency),
		 result_taint_name[sample->taint]);
	if (isfinite(sample->steps))
		text_add(html, "<td>%.0f</td>", sample->steps);
	else
		text_add(html, "<td class=\"none\">%s</td>", result_reason_text[sample->no_steps]);
	text_add(html, "<td><code>%s</code></td><td>", metric_kind_name[sample->kind]);
	text_add_html(html, sample->request ? sample->request : "–");
	text_add(html, "</td><td>");
	if (sample->pages)
		text_add(html, "%llu", (unsigned long long)sample->pages);
	else
		text_add(html, "–");
	/* Of several threads each counts its own operations. */
	double device_s = arm->threads > 1 ? (double)NAN : format_device_s(arm, (double)sample->operation);
	text_add(html, "</td><td>%u</td><td>%u</td><td>%u</td><td>%llu</td><td>%s</td></tr>\n", sample->cpu, sample->round,
		 sample->thread, (unsigned long long)sample->operation,
		 isfinite(device_s) ? text_duration(number, device_s * 1e9) : "–");
}

static void add_worst(struct text *html, const struct result_arm *arm, const struct result_phase *phase)
{
	static const char *const heads[] = {"latency", "taint", "steps",  "kind",      "request",    "pages",
					    "CPU",     "round", "thread", "operation", "device time"};
	text_add(html, "<div class=\"scroll\"><table class=\"all\"><thead><tr>");
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		text_add(html, "<th scope=\"col\">%s</th>", heads[i]);
	text_add(html, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < phase->worst_count; i++)
		add_sample(html, arm, &phase->worst[i]);
	text_add(html, "</tbody></table></div>\n");
}

void html_latencies(const struct report_view *view, size_t workload, struct text *html)
{
	assert(workload < view->result->workload_count);
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		if (arm->figures_phase >= arm->phase_count || !arm->phases[arm->figures_phase].has_classes)
			continue;
		text_add(html, "<details><summary>Latencies of ");
		html_chip(view, arms.at[i], html);
		text_add(html, " by request, CPU and outcome, and the worst</summary>\n");
		add_classes(html, &arm->phases[arm->figures_phase]);
		text_add(
			html,
			"<p class=\"note\">Medians over processes with 95 %% intervals; max of all. The worst samples: few "
			"steps that took long were held up by something else, whether the system tells or not.</p>\n");
		add_worst(html, arm, &arm->phases[arm->figures_phase]);
		text_add(html, "</details>\n");
	}
}
