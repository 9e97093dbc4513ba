/* SPDX-License-Identifier: MIT */
#include "report/notes.h"

#include "base/memory.h"
#include "report/format.h"

#include <math.h>
#include <string.h>

/* The next note; NULL: no memory, which is noted. */
static struct text *add(struct report_notes *notes, size_t arm, bool inner)
{
	if (memory_grow(&notes->notes, &notes->capacity, notes->count, sizeof notes->notes[0]) < 0) {
		notes->failed = true;
		return NULL;
	}
	notes->notes[notes->count] = (struct report_note){.arm = arm, .inner = inner};
	return &notes->notes[notes->count++].text;
}

/* One that says nothing is taken back. */
static void end(struct report_notes *notes)
{
	struct report_note *last = &notes->notes[notes->count - 1];
	notes->failed |= last->text.failed;
	if (last->text.length)
		return;
	text_release(&last->text);
	notes->count--;
}

static void separate(struct text *text)
{
	text_add(text, "%s", text->length ? "; " : "");
}

static void add_state(const struct result_arm *arm, struct text *text)
{
	if (arm->state != RESULT_ARM_OK) {
		format_state(arm, text);
		text_add(text, ": %s", arm->reason ? arm->reason : "no reason was recorded");
	} else if (arm->reason) {
		text_add(text, "%s", arm->reason);
	}
}

/* phase: NULL of the one whose figures are the arm's. */
static void add_failures(const struct result_figures *figures, const char *phase, struct text *text)
{
	char share[TEXT_NUMBER_BYTES], window[TEXT_NUMBER_BYTES];
	double op = figures->value[METRIC_FIRST_FAILURE_OP];
	if (!isfinite(op))
		return;
	separate(text);
	if (phase)
		text_add(text, "in phase %s: ", phase);
	format_failure_kinds(figures, text);
	format_share(share, figures->value[METRIC_FIRST_FAILURE_OCCUPANCY]);
	text_add(text, "; first failure at operation %.0f", op);
	if (isfinite(figures->value[METRIC_FIRST_FAILURE_DEVICE_S]))
		text_add(text, " (%s of device time)",
			 text_duration(window, figures->value[METRIC_FIRST_FAILURE_DEVICE_S] * 1e9));
	text_add(text, ", %.0f pages live, %s of the space", figures->value[METRIC_FIRST_FAILURE_LIVE_PAGES], share);
	double window_occupancy = figures->value[METRIC_FIRST_FAILURE_WINDOW_OCCUPANCY];
	double held = figures->value[METRIC_FIRST_FAILURE_HELD_PAGES];
	if (isfinite(window_occupancy) && strcmp(format_share(window, window_occupancy), share) != 0)
		text_add(text, ", %s of what its limits leave", window);
	if (held > 0)
		text_add(text, ", %.0f pages cached or waiting for a flush", held);
}

/* Who rounds nothing is told nothing of rounding, nor is a demand that no rounding made too large. */
static void add_capacity(const struct result_figures *figures, struct text *text)
{
	if (!(figures->value[METRIC_OVER_CAPACITY] > 0))
		return;
	bool rounds = figures->value[METRIC_ROUNDING_RATIO] > 1;
	separate(text);
	if (figures->value[METRIC_DEMAND_RATIO] > 1 || !rounds)
		text_add(text, "over capacity: the workload wants more pages at once than the space has");
	else
		text_add(text, "over capacity: its rounding makes the demand larger than the space");
}

static void add_phases(const struct result_arm *arm, struct text *text)
{
	for (size_t i = 0; i < arm->phase_count; i++)
		if (arm->phases[i].measured && i != arm->figures_phase)
			add_failures(&arm->phases[i].figures, arm->phases[i].name ? arm->phases[i].name : "-", text);
}

static void add_calls(const struct result_figures *figures, struct text *text)
{
	static const struct {
		enum metric metric;
		const char *words;
	} counts[] = {{METRIC_VIOLATIONS_TOTAL, "rules broken by the driver"},
		      {METRIC_LEAKED_HANDLES, "handles leaked"},
		      {METRIC_FELL_BACK, "requests that a smaller size served"},
		      {METRIC_AUDIT_VIOLATIONS, "wrong answers found by the audit"}};
	char mean[TEXT_NUMBER_BYTES];
	if (figures->value[METRIC_MDL_EXTENTS_MEAN] > 1) {
		separate(text);
		text_add(text, "%s extents behind an MDL or ADL, at most %.0f",
			 format_number(mean, figures->value[METRIC_MDL_EXTENTS_MEAN]),
			 figures->value[METRIC_MDL_EXTENTS_MAX]);
	}
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		if (!(figures->value[counts[i].metric] > 0))
			continue;
		separate(text);
		text_add(text, "%.0f %s", figures->value[counts[i].metric], counts[i].words);
	}
	add_capacity(figures, text);
}

/* Several: one alone stands in the reason. */
static void add_violations(const struct result_arm *arm, size_t index, struct report_notes *notes)
{
	for (size_t i = 0; arm->violation_count > 1 && i < arm->violation_count; i++) {
		struct text *text = add(notes, index, true);
		if (!text)
			return;
		result_violation_text(&arm->violations[i], text);
		end(notes);
	}
}

static void add_arm(const struct result *result, size_t index, struct report_notes *notes)
{
	const struct result_arm *arm = &result->arms[index];
	const struct result_figures *figures = result_arm_figures(arm);
	struct text *text = add(notes, index, false);
	if (!text)
		return;
	add_state(arm, text);
	add_failures(figures, NULL, text);
	add_phases(arm, text);
	add_calls(figures, text);
	end(notes);
	add_violations(arm, index, notes);
	text = add(notes, index, false);
	if (!text)
		return;
	format_timing_notes(arm, text);
	end(notes);
}

void report_notes_make(const struct report_view *view, size_t workload, struct report_notes *notes)
{
	struct report_list arms = report_arms(view, workload);
	*notes = (struct report_notes){0};
	for (size_t i = 0; i < arms.count; i++)
		add_arm(view->result, arms.at[i], notes);
	bool more = true;
	for (size_t at = 0; more;) {
		struct text *text = add(notes, SIZE_MAX, false);
		if (!text)
			return;
		more = format_workload_note(view, workload, &at, text);
		end(notes);
	}
}

void report_notes_release(struct report_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		text_release(&notes->notes[i].text);
	memory_release(notes->notes);
	*notes = (struct report_notes){0};
}
