/* SPDX-License-Identifier: MIT
 * What is told once of a workload, and not of each of its arms. */
#include "compare/compare.h"
#include "report/comparison.h"
#include "report/format.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static uint32_t last_of(const uint32_t *rounds, uint32_t count)
{
	return count ? rounds[count - 1] : 0;
}

static void add_rounds(const uint32_t *rounds, uint32_t count, struct text *text)
{
	for (uint32_t i = 0; i < count; i++)
		text_add(text, "%s%u", !i ? "" : i + 1 < count ? ", " : " and ", rounds[i]);
}

static bool tells(const struct result_looks *looks)
{
	return looks->end != RESULT_END_UNKNOWN && looks->end != RESULT_END_INTERRUPTED &&
	       (looks->planned_count > 1 || looks->end == RESULT_END_BUDGET);
}

static void add_looks(const struct result_looks *looks, struct text *text)
{
	uint32_t made = last_of(looks->made, looks->made_count), most = last_of(looks->planned, looks->planned_count);
	text_add(text, "ended after %u round%s", made, made == 1 ? "" : "s");
	if (looks->end == RESULT_END_DECIDED)
		text_add(text, ": no verdict on time is inconclusive");
	else if (looks->end == RESULT_END_BUDGET)
		text_add(text, " of %u: the next one would have passed the budget of time", most);
	else
		text_add(text, ", all that were asked for");
	if (looks->planned_count > 1) {
		text_add(text, looks->stops ? "; looks planned after " : "; looks after ");
		add_rounds(looks->planned, looks->planned_count, text);
		text_add(text, " share the error");
	}
}

static bool tell_the_same(const struct result_looks *a, const struct result_looks *b)
{
	return a->end == b->end && a->planned_count == b->planned_count &&
	       last_of(a->made, a->made_count) == last_of(b->made, b->made_count) &&
	       last_of(a->planned, a->planned_count) == last_of(b->planned, b->planned_count);
}

/* Arms of one workload differ when they come of several runs. */
static void note_looks(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	const struct result_looks *before = NULL;
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_looks *looks = &result->arms[arms.at[i]].looks;
		if (!tells(looks) || (before && tell_the_same(before, looks)))
			continue;
		text_add(text, "%s", before ? "; " : "");
		add_looks(looks, text);
		before = looks;
	}
}

/* What is level stays so, as far as anybody can tell from outside; what grows says nothing of a longer run. */
static void note_steady(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result_workload_steady *steady = &view->result->workloads[workload].steady;
	char count[TEXT_NUMBER_BYTES], time[TEXT_NUMBER_BYTES];
	if (!steady->asked)
		return;
	if (!steady->operations) {
		text_add(text, "whether it is steady cannot be told: %s",
			 steady->reason ? steady->reason : "nothing was played");
		return;
	}
	text_add(text, "%s after %s operations", steady->reason ? "not steady" : "steady",
		 text_count(count, (double)steady->operations));
	if (isfinite(steady->device_s))
		text_add(text, ", %s on the device", text_duration(time, steady->device_s * 1e9));
	if (steady->reason)
		text_add(text, " (%s): nothing can be said of a longer run", steady->reason);
	else
		text_add(text,
			 ": live pages, unusable 2 MiB, page tables and span of no arm grow. That a week of this load "
			 "looks the same is an extrapolation");
}

static void note_beyond_recording(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	bool begun = false;
	for (size_t n = 0; n < arms.count; n++) {
		const struct result_arm *arm = &result->arms[arms.at[n]];
		const double *value = result_arm_figures(arm)->value;
		double demands = value[METRIC_BEYOND_DEMANDS], fitted = value[METRIC_BEYOND_FITTED];
		if (!(demands > 0) || !isfinite(fitted))
			continue;
		if (!begun)
			text_add(text,
				 "the recorded kernel could not place %.0f request%s within its first limit: ", demands,
				 demands == 1 ? "" : "s");
		text_add(text, "%s%s %.0f of %.0f", begun ? ", " : "", arm->spec, fitted, demands);
		begun = true;
	}
}

/* "span and page tables: the recorded kernel 24576 and 54 pages, rbtree 20480 and 46, buddy …"; of what it does not know the
 * reason. */
static void note_recorded_kernel(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	bool begun = false;
	for (size_t n = 0; n < arms.count; n++) {
		const struct result_arm *arm = &result->arms[arms.at[n]];
		const struct result_figures *figures = result_arm_figures(arm);
		double span = figures->value[METRIC_RECORDED_SPAN_PAGES];
		double tables = figures->value[METRIC_RECORDED_TABLE_EVER_PAGES];
		if (!isfinite(span) || !isfinite(figures->value[METRIC_SPAN_PAGES]))
			continue;
		if (!begun)
			text_add(text, "span and page tables ever, in pages: the recorded kernel %.0f and ", span);
		if (!begun && isfinite(tables))
			text_add(text, "%.0f", tables);
		else if (!begun)
			text_add(text, "not known (%s)",
				 result_reason_text[figures->reason[METRIC_RECORDED_TABLE_EVER_PAGES]]);
		text_add(text, "; %s %.0f and %.0f", arm->spec, figures->value[METRIC_SPAN_PAGES],
			 figures->value[METRIC_PAGE_TABLE_EVER_PAGES]);
		begun = true;
	}
}

/* ": buddy 172, linux 183 (2 failed)": what arms have of a figure; what fails places less. */
static void add_arms(const struct report_view *view, size_t workload, enum metric metric, struct text *text)
{
	struct report_list arms = report_arms(view, workload);
	const char *before = ":";
	for (size_t n = 0; n < arms.count; n++) {
		const struct result_arm *arm = &view->result->arms[arms.at[n]];
		const double *value = result_arm_figures(arm)->value;
		char number[TEXT_NUMBER_BYTES];
		if (!isfinite(value[metric]))
			continue;
		bool whole = strcmp(metric_table[metric].unit, "pages") == 0;
		if (whole)
			snprintf(number, sizeof number, "%.0f", value[metric]);
		else
			format_number(number, value[metric]);
		text_add(text, "%s %s %s", before, arm->spec, number);
		if (value[METRIC_FAILURES_TOTAL] > 0)
			text_add(text, " (%.0f failed)", value[METRIC_FAILURES_TOTAL]);
		before = ",";
	}
}

static const struct result_figures *first_with(const struct report_view *view, size_t workload, enum metric metric)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t n = 0; n < arms.count; n++) {
		const struct result_figures *figures = result_arm_figures(&view->result->arms[arms.at[n]]);
		if (isfinite(figures->value[metric]))
			return figures;
	}
	return NULL;
}

static void note_bounds(const struct report_view *view, size_t workload, struct text *text)
{
	static const struct {
		const char *what;
		enum metric floor, packed, ours;
	} rows[] = {
		{"leaf tables ever", METRIC_BOUNDS_TABLES_FLOOR, METRIC_BOUNDS_TABLES_PACKED,
		 METRIC_PAGE_TABLE_EVER_LEAF_PAGES},
		{"span in pages", METRIC_BOUNDS_SPAN_FLOOR_PAGES, METRIC_BOUNDS_SPAN_PACKED_PAGES, METRIC_SPAN_PAGES},
	};
	const struct result_figures *figures = first_with(view, workload, METRIC_BOUNDS_TABLES_FLOOR);
	if (!figures)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double packed = figures->value[rows[i].packed];
		text_add(text, "%s%s: at least %.0f, ", i ? "; " : "bounds: ", rows[i].what, figures->value[rows[i].floor]);
		if (isfinite(packed))
			text_add(text, "%.0f in the best packing found offline", packed);
		else
			text_add(text, "no packing (%s)", result_reason_text[figures->reason[rows[i].packed]]);
		add_arms(view, workload, rows[i].ours, text);
	}
	text_add(text, "; some stream of as many live pages takes %.0f pages of any allocator, %.0f of a buddy (Robson)",
		 figures->value[METRIC_BOUNDS_ROBSON_PAGES], figures->value[METRIC_BOUNDS_ROBSON_BUDDY_PAGES]);
}

static void note_iotlb(const struct report_view *view, size_t workload, struct text *text)
{
	if (!first_with(view, workload, METRIC_IOTLB_MISSES_PER_OP))
		return;
	text_add(text, "behind the IOTLB of the workload, misses an operation");
	add_arms(view, workload, METRIC_IOTLB_MISSES_PER_OP, text);
	text_add(text, "; reads of page tables for each");
	add_arms(view, workload, METRIC_IOTLB_WALK_REFERENCES_PER_MISS, text);
}

static void note_recorded(const struct report_view *view, size_t workload, struct text *text)
{
	const char *recorded = view->result->workloads[workload].recorded;
	if (recorded)
		text_add(text, "of the recording: %s", recorded);
}

/* In the largest unit that needs no fraction. */
static void add_size(struct text *text, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	size_t unit = 0;
	while (bytes && bytes % 1024 == 0 && unit + 1 < sizeof units / sizeof units[0]) {
		bytes /= 1024;
		unit++;
	}
	text_add(text, "%" PRIu64 " %s", bytes, units[unit]);
}

/* "interference of 256 KiB of data and 16 KiB of code; caches here: L1d 48 KiB, L2 2 MiB". Of several machines
 * no caches are told. */
static void note_interference(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	uint64_t data_bytes = result->workloads[workload].interference_data_bytes;
	uint64_t code_bytes = result->workloads[workload].interference_code_bytes;
	char count[TEXT_NUMBER_BYTES];
	bool begun = false;
	if (!data_bytes && !code_bytes)
		return;
	text_add(text, "interference of ");
	add_size(text, data_bytes);
	text_add(text, " of data and ");
	add_size(text, code_bytes);
	text_add(text, " of code");
	if (result->workloads[workload].interference_pairs)
		text_add(text, ", before %s operations of a process of pairs",
			 text_count(count, (double)result->workloads[workload].interference_pairs));
	for (size_t i = 0; i < RESULT_CACHE_COUNT && result->node_count <= 1; i++) {
		if (!result->machine.cache_bytes[i])
			continue;
		text_add(text, "%s L%s ", begun ? "," : "; caches here:", result_cache_name[i] + 1);
		add_size(text, result->machine.cache_bytes[i]);
		begun = true;
	}
}

/* ---- over seeds ---- */

static bool is_first_replicate(const struct result *result, size_t workload)
{
	const struct result_workload *its = &result->workloads[workload];
	if (!result_are_replicates(its, its))
		return false;
	for (size_t i = 0; i < workload; i++)
		if (result_are_replicates(&result->workloads[i], its))
			return false;
	return true;
}

static unsigned seeds_of(const struct result *result, size_t workload)
{
	unsigned seeds = 0;
	for (size_t i = 0; i < result->workload_count; i++)
		seeds += result_are_replicates(&result->workloads[workload], &result->workloads[i]);
	return seeds;
}

/* The verdict of all seeds; RESULT_VERDICT_COUNT: they differ, or one has none. */
static enum result_verdict common_verdict(const struct compare_seeds *found, unsigned seeds)
{
	int verdict = 0;
	while (verdict < RESULT_VERDICT_COUNT && found->verdicts[verdict] != seeds)
		verdict++;
	return (enum result_verdict)verdict;
}

static void add_range(const struct compare_seeds *found, struct text *text)
{
	if (isfinite(found->low))
		text_add(text, found->low < found->high ? " %.4g to %.4g" : " %.4g", found->low, found->high);
}

static void add_seed_timed(const struct result_comparison *row, const struct compare_seeds *found, unsigned seeds,
			   struct text *text)
{
	text_add(text, " %s",
		 metric_is_headline((int)row->metric) ? metric_table[row->metric].headline
						      : metric_table[row->metric].path);
	add_range(found, text);
	if (common_verdict(found, seeds) != RESULT_VERDICT_COUNT)
		text_add(text, ", %s on every seed;", result_verdict_word(row));
	else
		text_add(text, ", verdicts differ by seed;");
}

/* Who is better counts only where every seed says so. */
static void add_seed_dominance(const struct result *result, struct report_list rows, size_t a, unsigned seeds,
			       struct text *text)
{
	struct result_comparison headlines[METRIC_HEADLINES];
	struct compare_dominance dominance;
	size_t count = 0;
	for (size_t i = 0; i < rows.count; i++) {
		const struct result_comparison *row = &result->comparisons[rows.at[i]];
		if (row->a != a || !metric_is_headline((int)row->metric))
			continue;
		struct compare_seeds found = compare_over_seeds(result, row);
		enum result_verdict verdict = common_verdict(&found, seeds);
		assert(count < METRIC_HEADLINES);
		headlines[count] = *row;
		headlines[count++].verdict = verdict == RESULT_VERDICT_COUNT ? RESULT_VERDICT_INCONCLUSIVE : verdict;
	}
	compare_dominance(headlines, count, &dominance);
	text_add(text, " ");
	report_dominance(&dominance, result->arms[a].spec, result->arms[result->comparisons[rows.at[0]].b].spec, text);
	text_add(text, ";");
}

/* The exact metrics of a pair with one verdict on every seed; of RESULT_VERDICT_COUNT those that differ, with their range. */
static void add_seed_exact(const struct result *result, struct report_list rows, size_t a, unsigned seeds,
			   enum result_verdict wanted, const char *words, struct text *text)
{
	bool begun = false;
	for (size_t i = 0; i < rows.count; i++) {
		const struct result_comparison *row = &result->comparisons[rows.at[i]];
		if (row->a != a || !metric_table[row->metric].exact)
			continue;
		struct compare_seeds found = compare_over_seeds(result, row);
		if (common_verdict(&found, seeds) != wanted)
			continue;
		text_add(text, "%s%s", begun ? ", " : words, metric_table[row->metric].path);
		if (wanted == RESULT_VERDICT_COUNT)
			add_range(&found, text);
		begun = true;
	}
	text_add(text, "%s", begun ? ";" : "");
}

/* All rows of one pair, of the first seed. */
static void add_seed_pair(const struct result *result, struct report_list rows, size_t a, unsigned seeds, struct text *text)
{
	unsigned same = 0;
	for (size_t i = 0; i < rows.count; i++) {
		const struct result_comparison *row = &result->comparisons[rows.at[i]];
		if (row->a != a)
			continue;
		struct compare_seeds found = compare_over_seeds(result, row);
		if (!metric_table[row->metric].exact)
			add_seed_timed(row, &found, seeds, text);
		else
			same += common_verdict(&found, seeds) == RESULT_VERDICT_OK;
	}
	add_seed_exact(result, rows, a, seeds, RESULT_VERDICT_REGRESSION, " worse on every seed: ", text);
	add_seed_exact(result, rows, a, seeds, RESULT_VERDICT_IMPROVEMENT, " better on every seed: ", text);
	add_seed_exact(result, rows, a, seeds, RESULT_VERDICT_COUNT, " differ by seed: ", text);
	text_add(text, " %u exact figures the same on every seed", same);
}

/* Told at the first of them. */
static void note_seeds(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	if (!is_first_replicate(result, workload))
		return;
	unsigned seeds = seeds_of(result, workload);
	for (size_t i = 0; i < arms.count; i++) {
		struct report_list rows = report_comparisons(view, arms.at[i]);
		for (size_t j = 0; j < rows.count; j++) {
			size_t a = result->comparisons[rows.at[j]].a;
			if (j && result->comparisons[rows.at[j - 1]].a == a)
				continue;
			if (text->length)
				text_add(text, "; ");
			else
				text_add(text, "over %u seeds: ", seeds);
			text_add(text, "%s against %s:", result->arms[arms.at[i]].spec, result->arms[a].spec);
			add_seed_dominance(result, rows, a, seeds, text);
			add_seed_pair(result, rows, a, seeds, text);
		}
	}
}

/* Figures that driver calls have are there whenever the stream made some. The physical side is the same for all arms. */
static void note_driver_calls(const struct report_view *view, size_t workload, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	const enum metric physical = METRIC_PHYSICAL_NS_PER_OP;
	const struct result_figures *found = NULL;
	char number[TEXT_NUMBER_BYTES];
	for (size_t n = 0; n < arms.count; n++) {
		const struct result_figures *figures = result_arm_figures(&result->arms[arms.at[n]]);
		bool calls = isfinite(figures->value[METRIC_VIOLATIONS_TOTAL]);
		if (calls && (!found || (isnan(found->value[physical]) && isfinite(figures->value[physical]))))
			found = figures;
	}
	if (!found)
		return;
	if (isfinite(found->value[physical]))
		text_add(
			text,
			"driver calls: ns/op contains the layer, the same for all; the physical side, not in these times: %s "
			"ns/op",
			format_number(number, found->value[physical]));
	else if (found->reason[physical] == RESULT_REASON_NOT_APPLICABLE)
		text_add(text, "driver calls: ns/op contains the layer, the same for all");
	else
		text_add(text, "driver calls: ns/op contains the layer and the physical side, the same for all (%s)",
			 result_reason_text[found->reason[physical]]);
	text_add(text, "; alloc is the allocator's share of a call");
}

bool format_workload_note(const struct report_view *view, size_t workload, size_t *at, struct text *text)
{
	static void (*const notes[])(const struct report_view *view, size_t workload, struct text *text) = {
		note_looks,           note_steady,           note_interference, note_driver_calls, note_recorded,
		note_recorded_kernel, note_beyond_recording, note_bounds,       note_iotlb,        note_seeds};
	assert(!text->length);
	while (!text->length && !text->failed && *at < sizeof notes / sizeof notes[0])
		notes[(*at)++](view, workload, text);
	return text->length || text->failed;
}

void format_rounds(const struct result *result, struct text *text)
{
	bool fewer = false;
	for (size_t i = 0; i < result->arm_count; i++)
		fewer |= result->arms[i].looks.end == RESULT_END_DECIDED || result->arms[i].looks.end == RESULT_END_BUDGET;
	text_add(text, "%s%u round%s", fewer ? "at most " : "", result->run.rounds, result->run.rounds == 1 ? "" : "s");
}
