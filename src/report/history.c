/* SPDX-License-Identifier: MIT */
#include "report/history.h"

#include "base/memory.h"
#include "compare/compare.h"
#include "report/format.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/tidy.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PAGE_WIDTH 1160.0
/* In place of a metric: time by pairs. */
#define TIME METRIC_ALL
#define NONE SIZE_MAX

/* One arm: its index in each result, or NONE. */
struct track {
	size_t *arms;
	size_t color;          /* of its spec, in the order in which specs are met */
	const char *reference; /* spec; NULL: it was held against nothing */
};

struct tracks {
	const struct history *history;
	struct track *list;
	size_t count, capacity;
	const struct result_arm **specs; /* the first arm of each spec */
	size_t spec_count, spec_capacity;
	bool failed; /* no memory */
};

enum change { CHANGE_NONE, CHANGE_BETTER, CHANGE_WORSE, CHANGE_OTHER_WORK };
static const char *const change_name[] = {"", "better", "worse", "other work"};

struct value {
	double value, low, high; /* NaN: none */
	enum change change;      /* against the first result since the last change: drift is found, too */
	double before;           /* value there */
};

static const struct result_arm *arm_in(const struct tracks *tracks, const struct track *track, size_t at)
{
	return track->arms[at] == NONE ? NULL : &tracks->history->results[at].arms[track->arms[at]];
}

static const struct result_workload *workload_in(const struct tracks *tracks, const struct track *track, size_t at)
{
	return &tracks->history->results[at].workloads[arm_in(tracks, track, at)->workload];
}

/* The oldest result that has it: there is one. */
static size_t first_of(const struct track *track)
{
	size_t at = 0;
	while (track->arms[at] == NONE)
		at++;
	return at;
}

/* ---- which arms there are ---- */

static struct track *find_track(struct tracks *tracks, size_t at, size_t arm)
{
	const struct compare_arm wanted = {&tracks->history->results[at], arm};
	for (size_t i = 0; i < tracks->count; i++) {
		struct track *track = &tracks->list[i];
		size_t first = first_of(track);
		const struct compare_arm have = {&tracks->history->results[first], track->arms[first]};
		if (track->arms[at] == NONE && compare_same_arm(&have, &wanted))
			return track;
	}
	return NULL;
}

static size_t color_of(struct tracks *tracks, const struct result_arm *arm)
{
	for (size_t i = 0; i < tracks->spec_count; i++)
		if (strcmp(tracks->specs[i]->spec, arm->spec) == 0)
			return i;
	if (memory_grow(&tracks->specs, &tracks->spec_capacity, tracks->spec_count, sizeof tracks->specs[0]) < 0) {
		tracks->failed = true;
		return 0;
	}
	tracks->specs[tracks->spec_count] = arm;
	return tracks->spec_count++;
}

static struct track *add_track(struct tracks *tracks, const struct result_arm *arm)
{
	size_t count = tracks->history->count;
	size_t *arms = memory_zeroed(count, sizeof arms[0]);
	if (!arms || memory_grow(&tracks->list, &tracks->capacity, tracks->count, sizeof tracks->list[0]) < 0) {
		memory_release(arms);
		tracks->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		arms[i] = NONE;
	struct track *track = &tracks->list[tracks->count++];
	*track = (struct track){.arms = arms, .color = color_of(tracks, arm)};
	return track;
}

static void tracks_open(struct tracks *tracks, const struct history *history)
{
	*tracks = (struct tracks){.history = history};
	assert(history->count);
	for (size_t at = 0; at < history->count; at++)
		for (size_t arm = 0; arm < history->results[at].arm_count && !tracks->failed; arm++) {
			const struct result *result = &history->results[at];
			const struct result_arm *found = &result->arms[arm];
			struct track *track = find_track(tracks, at, arm);
			if (!track)
				track = add_track(tracks, found);
			if (!track)
				return;
			track->arms[at] = arm;
			if (!track->reference)
				track->reference = history->reference    ? history->reference
						   : found->paired_count ? result->arms[found->paired[0].against].spec
									 : NULL;
		}
}

static void tracks_close(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		memory_release(tracks->list[i].arms);
	memory_release(tracks->list);
	memory_release(tracks->specs);
}

/* ---- figures, and their changes ---- */

static bool is_shown(int metric)
{
	return metric == TIME || (metric_table[metric].exact && metric_is_headline(metric));
}

static const struct result_paired *pair_of(const struct result *result, const struct result_arm *arm, const char *reference)
{
	for (size_t i = 0; reference && i < arm->paired_count; i++)
		if (arm->paired[i].condition == RESULT_CONDITION_HOT &&
		    strcmp(result->arms[arm->paired[i].against].spec, reference) == 0)
			return &arm->paired[i];
	return NULL;
}

static struct value value_of(const struct tracks *tracks, const struct track *track, size_t at, int metric)
{
	const struct result_arm *arm = arm_in(tracks, track, at);
	struct value value = {(double)NAN, (double)NAN, (double)NAN, CHANGE_NONE, (double)NAN};
	if (!arm)
		return value;
	if (metric != TIME) {
		value.value = value.low = value.high = result_arm_figure(arm, metric);
		return value;
	}
	const struct result_paired *pair = pair_of(&tracks->history->results[at], arm, track->reference);
	if (pair) {
		value.value = pair->ratio;
		value.low = pair->ci_low;
		value.high = pair->ci_high;
	}
	return value;
}

/* Intervals that touch tell nothing. */
static enum change change_of(const struct value *before, const struct value *now, int metric)
{
	bool higher = metric != TIME && metric_table[metric].better == METRIC_BETTER_HIGHER;
	if (now->low > before->high)
		return higher ? CHANGE_BETTER : CHANGE_WORSE;
	if (now->high < before->low)
		return higher ? CHANGE_WORSE : CHANGE_BETTER;
	return CHANGE_NONE;
}

/* values: one for each result. */
static void fill_values(const struct tracks *tracks, const struct track *track, int metric, struct value *values)
{
	size_t base = NONE;
	for (size_t at = 0; at < tracks->history->count; at++) {
		values[at] = value_of(tracks, track, at, metric);
		if (!isfinite(values[at].value))
			continue;
		if (base == NONE) {
			base = at;
			continue;
		}
		bool same = workload_in(tracks, track, at)->stream_hash == workload_in(tracks, track, base)->stream_hash;
		values[at].change = same ? change_of(&values[base], &values[at], metric) : CHANGE_OTHER_WORK;
		values[at].before = values[base].value;
		if (values[at].change)
			base = at;
	}
}

static const char *name_of(int metric)
{
	return metric == TIME ? "paired.ratio" : metric_table[metric].path;
}

/* ---- the table ---- */

static void add_row(const struct tracks *tracks, const struct track *track, size_t at, int metric,
		    const struct value *value, const struct tidy_keys *keys, struct text *csv)
{
	bool is_time = metric == TIME;
	const double numbers[] = {value->value, is_time ? value->low : (double)NAN, is_time ? value->high : (double)NAN};
	tidy_add_start(&tracks->history->results[at], arm_in(tracks, track, at), keys, csv);
	text_add(csv, "%s,%s,%s,%s,", name_of(metric), is_time ? "ratio" : metric_table[metric].unit,
		 is_time ? "no" : "yes", metric_better_name[is_time ? METRIC_BETTER_LOWER : metric_table[metric].better]);
	if (is_time)
		text_add_csv(csv, track->reference);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		text_add(csv, isfinite(numbers[i]) ? ",%.17g" : ",", numbers[i]);
	text_add(csv, ",%s\n", change_name[value->change]);
}

void history_csv(const struct history *history, struct text *csv)
{
	struct tracks tracks;
	struct tidy_keys keys = {0};
	struct value *values = memory_zeroed(history->count, sizeof values[0]);
	tracks_open(&tracks, history);
	csv->failed |= !values;
	for (size_t i = 0; i < history->count; i++)
		csv->failed |= !tidy_find_keys(&history->results[i], &keys);
	tidy_add_head(&keys, csv);
	text_add(csv, "metric,unit,exact,better,reference,value,ci_low,ci_high,change\n");
	for (size_t i = 0; i < tracks.count && !csv->failed; i++)
		for (int metric = 0; metric <= TIME; metric++) {
			if (!is_shown(metric))
				continue;
			fill_values(&tracks, &tracks.list[i], metric, values);
			for (size_t at = 0; at < history->count; at++)
				if (arm_in(&tracks, &tracks.list[i], at))
					add_row(&tracks, &tracks.list[i], at, metric, &values[at], &keys, csv);
		}
	csv->failed |= tracks.failed;
	tracks_close(&tracks);
	memory_release(values);
	memory_release(keys.names);
}

/* ---- figures ---- */

static bool same_workload(const struct tracks *tracks, const struct track *a, const struct track *b)
{
	const struct result_workload *one = workload_in(tracks, a, first_of(a));
	const struct result_workload *other = workload_in(tracks, b, first_of(b));
	return strcmp(one->name, other->name) == 0 && result_same_settings(one, other);
}

/* Marks the runs in which something of a plot changed, by the commit of the program. */
static void add_rules(const struct tracks *tracks, struct plot *plot, const bool *changed, struct plots *plots)
{
	plot->rules = memory_zeroed(tracks->history->count, sizeof plot->rules[0]);
	plots->failed |= !plot->rules;
	plot->moments = true;
	for (size_t at = 0; plot->rules && at < tracks->history->count; at++)
		if (changed[at])
			plot->rules[plot->rule_count++] =
				(struct plot_rule){(double)at + 1, tracks->history->results[at].build.git};
}

static enum draw_unit unit_of(int metric)
{
	const char *unit = metric == TIME ? "" : metric_table[metric].unit;
	return metric == TIME               ? DRAW_TIMES
	       : strcmp(unit, "B") == 0     ? DRAW_BYTES
	       : strcmp(unit, "share") == 0 ? DRAW_SHARE
					    : DRAW_COUNT;
}

/* One plot: a metric of all arms of a workload, of which `first` is the first. */
static void add_plot(const struct tracks *tracks, size_t first, int metric, struct value *values, struct plots *plots)
{
	const struct track *like = &tracks->list[first];
	size_t count = tracks->history->count;
	struct text title = {0};
	bool *changed = memory_zeroed(count, sizeof changed[0]);
	result_workload_label(workload_in(tracks, like, first_of(like)), &title);
	text_add(&title, ": %s", metric == TIME ? "time by pairs" : metric_table[metric].headline);
	struct plot *plot = plots_add(plots, title.failed ? "" : title.bytes, tracks->count);
	plots->failed |= title.failed || !changed;
	text_release(&title);
	for (size_t i = first; plot && changed && i < tracks->count; i++) {
		const struct track *track = &tracks->list[i];
		if (!same_workload(tracks, like, track))
			continue;
		struct plot_line *line =
			plots_add_line(plots, plot, track->color, tracks->specs[track->color]->spec, count);
		if (!line)
			break;
		fill_values(tracks, track, metric, values);
		for (size_t at = 0; at < count; at++) {
			line->points[line->count++] = (struct draw_point){(double)at + 1, values[at].value};
			changed[at] |= values[at].change != CHANGE_NONE;
		}
		line->marked = true;
		line->steps = metric != TIME;
	}
	if (plot && !plots->failed) {
		plot->x = (struct draw_axis){"run, the oldest first", DRAW_LINEAR, DRAW_COUNT, 0.8,
					     (double)count + 0.2,     false};
		plot->y = (struct draw_axis){metric == TIME ? "ratio to the reference" : metric_table[metric].unit,
					     DRAW_LINEAR,
					     unit_of(metric),
					     0,
					     0,
					     false};
		add_rules(tracks, plot, changed, plots);
		plots_fit(plots, false);
	}
	memory_release(changed);
}

static void fill_plots(const struct tracks *tracks, struct plots *plots)
{
	struct value *values = memory_zeroed(tracks->history->count, sizeof values[0]);
	plots->failed |= !values || tracks->failed;
	for (size_t i = 0; i < tracks->count; i++) {
		bool first = true;
		for (size_t before = 0; before < i; before++)
			first &= !same_workload(tracks, &tracks->list[before], &tracks->list[i]);
		for (int metric = TIME; first && metric >= 0 && !plots->failed; metric--)
			if (is_shown(metric))
				add_plot(tracks, i, metric, values, plots);
	}
	memory_release(values);
}

/* The key of a figure has the specs of all results. */
static void draw_plots(const struct tracks *tracks, const struct plots *plots, double width, bool standalone,
		       struct text *svg)
{
	struct result_arm *arms = memory_zeroed(tracks->spec_count + 1, sizeof arms[0]);
	size_t *first = memory_zeroed(tracks->spec_count + 1, sizeof first[0]);
	struct result specs = {.arms = arms, .arm_count = tracks->spec_count};
	struct report_view view = {.result = &specs, .first = first, .color_count = tracks->spec_count};
	svg->failed |= !arms || !first || plots->failed;
	for (size_t i = 0; !svg->failed && i < tracks->spec_count; i++) {
		arms[i].spec = tracks->specs[i]->spec;
		first[i] = i;
	}
	if (!svg->failed)
		plots_draw(&view, plots, "headline figures of the same arms in several results", width >= 600 ? 2 : 1,
			   width, standalone, svg);
	memory_release(arms);
	memory_release(first);
}

void history_svg(const struct history *history, double width, struct text *svg)
{
	struct tracks tracks;
	struct plots plots = {0};
	tracks_open(&tracks, history);
	fill_plots(&tracks, &plots);
	draw_plots(&tracks, &plots, width, true, svg);
	plots_release(&plots);
	tracks_close(&tracks);
}

/* data: a script for that file; NULL: the table. */
static void write_plots(const struct history *history, const char *data, struct text *text)
{
	struct tracks tracks;
	struct plots plots = {0};
	tracks_open(&tracks, history);
	fill_plots(&tracks, &plots);
	if (data)
		plots_script(&plots, data, text);
	else
		plots_write(&plots, text);
	text->failed |= plots.failed;
	plots_release(&plots);
	tracks_close(&tracks);
}

void history_plot_csv(const struct history *history, struct text *csv)
{
	write_plots(history, NULL, csv);
}

void history_script(const struct history *history, const char *data, struct text *script)
{
	write_plots(history, data, script);
}

/* ---- the page ---- */

static void add_cell(struct text *html, const char *value)
{
	text_add(html, "<td>");
	text_add_html(html, value);
	text_add(html, "</td>");
}

/* The plugins of a result, each with its hash. */
static void add_plugins(const struct result *result, struct text *html)
{
	text_add(html, "<td>");
	for (size_t i = 0; i < result->arm_count; i++) {
		bool told = !result->arms[i].plugin_hash;
		for (size_t before = 0; before < i && !told; before++)
			told = strcmp(result->arms[before].spec, result->arms[i].spec) == 0;
		if (told)
			continue;
		text_add_html(html, result->arms[i].spec);
		text_add(html, " %016" PRIx64 " ", result->arms[i].plugin_hash);
	}
	text_add(html, "</td>");
}

static void add_runs(const struct history *history, struct text *html)
{
	text_add(html,
		 "<section><h2>Runs</h2><div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>run</th><th>begun</th>"
		 "<th>commit</th><th>plugins</th><th>machine</th><th>command</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < history->count; i++) {
		const struct result *result = &history->results[i];
		text_add(html, "<tr><th scope=\"row\">%zu</th>", i + 1);
		add_cell(html, result->run.started);
		add_cell(html, result->build.git);
		add_plugins(result, html);
		add_cell(html, result->machine.cpu);
		add_cell(html, result->run.command);
		text_add(html, "</tr>\n");
	}
	text_add(html, "</tbody></table></div></section>\n");
}

static void add_change(const struct tracks *tracks, const struct track *track, size_t at, int metric,
		       const struct value *value, struct text *html)
{
	char from[TEXT_NUMBER_BYTES], to[TEXT_NUMBER_BYTES];
	struct text label = {0};
	result_workload_label(workload_in(tracks, track, at), &label);
	text_add(html, "<tr><th scope=\"row\">%zu</th>", at + 1);
	add_cell(html, tracks->history->results[at].build.git);
	add_cell(html, label.bytes);
	add_cell(html, arm_in(tracks, track, at)->spec);
	add_cell(html, metric == TIME ? "time by pairs" : metric_table[metric].headline);
	enum metric shown = metric == TIME ? METRIC_SLOWDOWN : (enum metric)metric; /* a ratio, too */
	text_add(html, "<td class=\"number\">%s</td><td class=\"number\">%s</td><td>%s</td></tr>\n",
		 format_metric(from, shown, value->before), format_metric(to, shown, value->value),
		 change_name[value->change]);
	html->failed |= label.failed;
	text_release(&label);
}

static void add_changes(const struct tracks *tracks, struct text *html)
{
	struct value *values = memory_zeroed(tracks->history->count, sizeof values[0]);
	size_t found = 0;
	html->failed |= !values;
	text_add(html,
		 "<section><h2>What changed</h2><p>An exact figure that is another one, or a ratio of times whose interval "
		 "(95 %%) does not touch that of the first run since the last change.</p><div class=\"scroll\" "
		 "tabindex=\"0\"><table><thead><tr><th>run</th><th>commit</th><th>workload</th><th>allocator</th>"
		 "<th>figure</th><th>from</th><th>to</th><th>change</th></tr></thead><tbody>\n");
	for (size_t i = 0; values && i < tracks->count; i++)
		for (int metric = TIME; metric >= 0; metric--) {
			if (!is_shown(metric))
				continue;
			fill_values(tracks, &tracks->list[i], metric, values);
			for (size_t at = 0; at < tracks->history->count; at++)
				if (values[at].change) {
					add_change(tracks, &tracks->list[i], at, metric, &values[at], html);
					found++;
				}
		}
	text_add(html, "</tbody></table></div>%s</section>\n", found ? "" : "<p>Nothing.</p>");
	memory_release(values);
}

void history_html(const struct history *history, struct text *html)
{
	struct tracks tracks;
	struct plots plots = {0};
	struct text svg = {0};
	tracks_open(&tracks, history);
	fill_plots(&tracks, &plots);
	html_begin(html, "Address-space allocators over time", "history");
	text_add(html, "<p class=\"run\">%zu runs</p>\n</header>\n<main>\n", history->count);
	add_runs(history, html);
	add_changes(&tracks, html);
	draw_plots(&tracks, &plots, PAGE_WIDTH, false, &svg);
	text_add(
		html,
		"<section><h2>Figures</h2><figure class=\"chart\"><div class=\"scroll\" tabindex=\"0\">%s</div><figcaption>"
		"Exact figures are steps. Times are ratios to a reference arm by pairs in one process: below 1 is faster. A "
		"line stands where something changed, with the commit of the program.</figcaption></figure></section>\n"
		"</main>\n</body>\n</html>\n",
		svg.bytes ? svg.bytes : "");
	html->failed |= svg.failed || plots.failed || tracks.failed;
	text_release(&svg);
	plots_release(&plots);
	tracks_close(&tracks);
}
