/* SPDX-License-Identifier: MIT
 * What is told once of a workload, and not of each of its arms. */
#include "report/format.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

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
static void note_looks(const struct result *result, struct report_list arms, struct text *text)
{
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

static void note_beyond_recording(const struct result *result, struct report_list arms, struct text *text)
{
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

/* "interference of 256 KiB of data and 16 KiB of code; caches here: L1d 48 KiB, L2 2 MiB". Where several machines took part, no
 * caches are told. */
static void note_interference(const struct result *result, struct report_list arms, struct text *text)
{
	if (!arms.count)
		return;
	size_t workload = result->arms[arms.at[0]].workload;
	uint64_t data_bytes = result->workloads[workload].interference_data_bytes;
	uint64_t code_bytes = result->workloads[workload].interference_code_bytes;
	bool begun = false;
	if (!data_bytes && !code_bytes)
		return;
	text_add(text, "interference of ");
	add_size(text, data_bytes);
	text_add(text, " of data and ");
	add_size(text, code_bytes);
	text_add(text, " of code");
	for (size_t i = 0; i < RESULT_CACHE_COUNT && result->node_count <= 1; i++) {
		if (!result->machine.cache_bytes[i])
			continue;
		text_add(text, "%s L%s ", begun ? "," : "; caches here:", result_cache_name[i] + 1);
		add_size(text, result->machine.cache_bytes[i]);
		begun = true;
	}
}

bool format_workload_note(const struct result *result, struct report_list arms, size_t *at, struct text *text)
{
	static void (*const notes[])(const struct result *result, struct report_list arms,
				     struct text *text) = {note_looks, note_interference, note_beyond_recording};
	assert(!text->length);
	while (!text->length && !text->failed && *at < sizeof notes / sizeof notes[0])
		notes[(*at)++](result, arms, text);
	return text->length || text->failed;
}

void format_rounds(const struct result *result, struct text *text)
{
	bool fewer = false;
	for (size_t i = 0; i < result->arm_count; i++)
		fewer |= result->arms[i].looks.end == RESULT_END_DECIDED || result->arms[i].looks.end == RESULT_END_BUDGET;
	text_add(text, "%s%u round%s", fewer ? "at most " : "", result->run.rounds, result->run.rounds == 1 ? "" : "s");
}
