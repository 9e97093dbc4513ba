/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "base/memory.h"
#include "report/comparison.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH_MIN 80u
#define GAP 2u
#define SPEC_WIDTH_MIN 12u
#define COLUMNS 15

/* What a column shows of an arm. */
typedef void (*fill_cell)(const struct result_arm *arm, struct text *cell);

static void add_metric(const struct result_arm *arm, enum metric metric, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_metric(number, metric, result_arm_figures(arm)->value[metric]));
}

static void add_percentile(const struct result_arm *arm, double ns, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_percentile(number, format_alloc_latency(arm), ns));
}

static void fill_spec(const struct result_arm *arm, struct text *cell)
{
	format_arm(arm, cell);
}

static void fill_time(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	const struct result_figures *figures = result_arm_figures(arm);
	if (arm->state == RESULT_ARM_OK || isfinite(format_time_ns(figures)))
		text_add(cell, "%s", format_time(number, figures));
	else
		text_add(cell, "%s", arm->state == RESULT_ARM_NOT_APPLICABLE ? "n/a" : "-");
}

static void fill_interval(const struct result_arm *arm, struct text *cell)
{
	char low[TEXT_NUMBER_BYTES], high[TEXT_NUMBER_BYTES];
	const double *value = result_arm_figures(arm)->value;
	if (isfinite(value[METRIC_CI_LOW_NS]) && isfinite(value[METRIC_CI_HIGH_NS]))
		text_add(cell, "[%s–%s]", format_number(low, value[METRIC_CI_LOW_NS]),
			 format_number(high, value[METRIC_CI_HIGH_NS]));
	else
		text_add(cell, "-");
}

static void fill_net(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(arm)->value[METRIC_NET_NS_PER_OP]));
}

static void fill_p50(const struct result_arm *arm, struct text *cell)
{
	add_percentile(arm, format_alloc_latency(arm)->p50_ns, cell);
}

static void fill_p99(const struct result_arm *arm, struct text *cell)
{
	add_percentile(arm, format_alloc_latency(arm)->p99_ns, cell);
}

static void fill_p999(const struct result_arm *arm, struct text *cell)
{
	add_percentile(arm, format_alloc_latency(arm)->p999_ns, cell);
}

static void fill_max(const struct result_arm *arm, struct text *cell)
{
	const struct result_latency *latency = format_alloc_latency(arm);
	add_percentile(arm, latency->max_ns, cell);
	text_add(cell, "%s", latency->max_taint > RESULT_TAINT_NONE ? "~" : "");
}

static void fill_steps(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(arm)->value[METRIC_STEPS_ALLOC_MEAN]));
}

static void fill_failed(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_failures(number, result_arm_figures(arm)));
}

static void fill_failed_share(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_share(number, format_failed_share(result_arm_figures(arm))));
}

static void fill_unusable(const struct result_arm *arm, struct text *cell)
{
	add_metric(arm, METRIC_UNUSABLE_2MIB, cell);
}

static void fill_footprint(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(arm)->value[METRIC_FOOTPRINT_RATIO]));
}

static void fill_page_tables(const struct result_arm *arm, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(arm)->value[METRIC_PAGE_TABLE_RATIO]));
}

static void fill_metadata(const struct result_arm *arm, struct text *cell)
{
	add_metric(arm, METRIC_METADATA_BYTES, cell);
}

/* dropped: order in which columns go when the terminal is narrow; 0 stays. */
static const struct column {
	const char *above, *title;
	unsigned dropped;
	fill_cell fill;
} columns[COLUMNS] = {
	{"", "allocator", 0, fill_spec},       {"", "ns/op", 0, fill_time},
	{"", "95 %", 5, fill_interval},        {"", "net", 1, fill_net},
	{"alloc", "p50", 0, fill_p50},         {"alloc", "p99", 0, fill_p99},
	{"alloc", "p99.9", 8, fill_p999},      {"alloc", "max", 11, fill_max},
	{"steps", "/alloc", 3, fill_steps},    {"", "failed", 0, fill_failed},
	{"", "share", 6, fill_failed_share},   {"unusable", "2 MiB", 10, fill_unusable},
	{"foot-", "print", 7, fill_footprint}, {"page", "tables", 4, fill_page_tables},
	{"meta-", "data", 2, fill_metadata},
};
#define TIME_COLUMN 1

struct table {
	size_t rows;
	size_t *arms;            /* index of each row's arm */
	struct text *cells;      /* rows * COLUMNS */
	unsigned width[COLUMNS]; /* 0: dropped */
	size_t fastest;
	bool color;
};

/* Characters, not bytes. */
static unsigned text_width(const char *text)
{
	unsigned width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Names come from files: nothing in them may steer the terminal. */
static void add_safe(struct text *text, const char *value, unsigned limit)
{
	unsigned length = text_width(value), shown = 0;
	for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
		if ((*at & 0xc0) != 0x80 && limit && ++shown >= limit && length > limit) {
			text_add(text, "…");
			return;
		}
		if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0)) {
			text_add(text, "?");
			at += *at == 0xc2 && at[1];
		} else {
			text_add_bytes(text, at, 1);
		}
	}
}

static void add_spaces(struct text *text, unsigned count)
{
	text_add(text, "%*s", (int)count, "");
}

static unsigned total_width(const struct table *table)
{
	unsigned total = 0;
	for (size_t i = 0; i < COLUMNS; i++)
		total += table->width[i] ? table->width[i] + (i ? GAP : 0) : 0;
	return total;
}

static void measure(struct table *table, unsigned width)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		unsigned above = text_width(columns[i].above), title = text_width(columns[i].title);
		table->width[i] = above > title ? above : title;
		for (size_t row = 0; row < table->rows; row++) {
			unsigned cell = text_width(table->cells[row * COLUMNS + i].bytes);
			if (cell > table->width[i])
				table->width[i] = cell;
		}
	}
	table->width[TIME_COLUMN] += !table->color && table->fastest != SIZE_MAX;
	for (unsigned next = 1; next <= COLUMNS && total_width(table) > width; next++)
		for (size_t i = 0; i < COLUMNS; i++)
			if (columns[i].dropped == next)
				table->width[i] = 0;
	unsigned total = total_width(table);
	if (total > width) {
		unsigned excess = total - width, spec = table->width[0];
		table->width[0] = spec > excess + SPEC_WIDTH_MIN ? spec - excess : SPEC_WIDTH_MIN;
	}
}

static void add_heads(const struct table *table, bool above, struct text *text)
{
	struct text line = {0};
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!table->width[i])
			continue;
		const char *word = above ? columns[i].above : columns[i].title;
		add_spaces(&line, (i ? GAP : 0) + (i ? table->width[i] - text_width(word) : 0));
		text_add(&line, "%s", word);
		if (i == 0)
			add_spaces(&line, table->width[0] - text_width(word));
	}
	while (line.length && line.bytes[line.length - 1] == ' ')
		line.bytes[--line.length] = '\0';
	text_add(text, table->color ? "\033[2m%s\033[0m\n" : "%s\n", line.failed ? "" : line.bytes);
	text->failed |= line.failed;
	text_release(&line);
}

static void add_row(const struct table *table, size_t row, struct text *text)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *cell = table->cells[row * COLUMNS + i].bytes;
		unsigned width = text_width(cell), room = table->width[i];
		bool marked = i == TIME_COLUMN && table->arms[row] == table->fastest;
		if (!room)
			continue;
		if (i == 0) {
			add_safe(text, cell, room);
			add_spaces(text, width < room ? room - width : 0);
			continue;
		}
		add_spaces(text, GAP + room - width - (marked && !table->color));
		size_t length = strlen(cell);
		bool unclean = i == TIME_COLUMN && table->color && length && cell[length - 1] == FORMAT_UNCLEAN;
		length -= unclean;
		text_add(text, !marked ? "%.*s" : table->color ? "\033[1m%.*s\033[0m" : "*%.*s", (int)length, cell);
		if (unclean)
			text_add(text, "\033[31m%c\033[0m", FORMAT_UNCLEAN);
	}
	text_add(text, "\n");
}

static void release_table(struct table *table)
{
	for (size_t i = 0; table->cells && i < table->rows * COLUMNS; i++)
		text_release(&table->cells[i]);
	memory_release(table->cells);
	memory_release(table->arms);
}

static void add_table(const struct report_view *view, size_t workload, bool color, unsigned width, struct text *text)
{
	struct report_list arms = report_arms(view, workload);
	struct table table = {.fastest = view->fastest[workload], .color = color};
	table.arms = memory_zeroed(arms.count + 1, sizeof *table.arms);
	table.cells = memory_zeroed((arms.count + 1) * COLUMNS, sizeof *table.cells);
	bool failed = !table.arms || !table.cells;
	for (size_t i = 0; i < arms.count && !failed; i++) {
		for (size_t column = 0; column < COLUMNS; column++) {
			struct text *cell = &table.cells[table.rows * COLUMNS + column];
			columns[column].fill(&view->result->arms[arms.at[i]], cell);
			failed |= cell->failed;
		}
		table.arms[table.rows++] = arms.at[i];
	}
	if (failed) {
		text->failed = true;
	} else if (table.rows) {
		measure(&table, width);
		add_heads(&table, true, text);
		add_heads(&table, false, text);
		for (size_t row = 0; row < table.rows; row++)
			add_row(&table, row, text);
	}
	release_table(&table);
}

static void add_note(struct text *text, const char *note)
{
	text_add(text, "  ");
	add_safe(text, note, 0);
	text_add(text, "\n");
}

/* What an arm's row cannot say. */
static void note_arm(const struct result_arm *arm, struct text *note)
{
	const struct result_figures *figures = result_arm_figures(arm);
	char share[TEXT_NUMBER_BYTES];
	double op = figures->value[METRIC_FIRST_FAILURE_OP];
	if (arm->state != RESULT_ARM_OK) {
		format_state(arm, note);
		text_add(note, ": %s", arm->reason ? arm->reason : "no reason was recorded");
	} else if (arm->reason) {
		text_add(note, "%s", arm->reason);
	}
	if (isfinite(op)) {
		text_add(note, "%s", note->length ? "; " : "");
		format_failure_kinds(figures, note);
		text_add(note, "; first failure at operation %.0f, %.0f pages live, %s of the space", op,
			 figures->value[METRIC_FIRST_FAILURE_LIVE_PAGES],
			 format_share(share, figures->value[METRIC_FIRST_FAILURE_OCCUPANCY]));
	}
	if (figures->value[METRIC_MDL_EXTENTS_MEAN] > 1)
		text_add(note, "%s%s extents behind an MDL or ADL, at most %.0f", note->length ? "; " : "",
			 format_number(share, figures->value[METRIC_MDL_EXTENTS_MEAN]),
			 figures->value[METRIC_MDL_EXTENTS_MAX]);
	if (figures->value[METRIC_VIOLATIONS_TOTAL] > 0)
		text_add(note, "%s%.0f rules broken by the driver", note->length ? "; " : "",
			 figures->value[METRIC_VIOLATIONS_TOTAL]);
	if (figures->value[METRIC_LEAKED_HANDLES] > 0)
		text_add(note, "%s%.0f handles leaked", note->length ? "; " : "", figures->value[METRIC_LEAKED_HANDLES]);
	if (figures->value[METRIC_OVER_CAPACITY] > 0)
		text_add(note, "%sover capacity: its rounding makes the demand larger than the space",
			 note->length ? "; " : "");
	if (figures->value[METRIC_AUDIT_VIOLATIONS] > 0)
		text_add(note, "%s%.0f wrong answers found by the audit", note->length ? "; " : "",
			 figures->value[METRIC_AUDIT_VIOLATIONS]);
}

/* Several: one alone stands in the reason. */
static void add_violations(const struct result_arm *arm, struct text *text)
{
	for (size_t i = 0; arm->violation_count > 1 && i < arm->violation_count; i++) {
		struct text line = {0};
		text_add(&line, "  ");
		result_violation_text(&arm->violations[i], &line);
		add_note(text, line.failed ? "" : line.bytes);
		text->failed |= line.failed;
		text_release(&line);
	}
}

static void add_arm_note(const struct result_arm *arm, void (*write)(const struct result_arm *arm, struct text *note),
			 struct text *text)
{
	struct text note = {0}, line = {0};
	write(arm, &note);
	if (note.length) {
		text_add(&line, "%s: %s", arm->spec, note.bytes);
		add_note(text, line.failed ? "" : line.bytes);
	}
	text->failed |= line.failed || note.failed;
	text_release(&line);
	text_release(&note);
}

static void add_comparisons(const struct report_view *view, size_t arm, bool all, struct text *text)
{
	struct report_comparison lines;
	for (size_t at = 0; report_comparison_lines(view, arm, &at, &lines); report_comparison_release(&lines)) {
		const struct text *const further[] = {&lines.effects, all ? &lines.others : NULL};
		add_note(text, lines.headline.failed ? "" : lines.headline.bytes);
		text->failed |= lines.headline.failed;
		for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
			if (!further[i] || !(further[i]->length || further[i]->failed))
				continue;
			text_add(text, "  ");
			add_note(text, further[i]->failed ? "" : further[i]->bytes);
			text->failed |= further[i]->failed;
		}
	}
}

static void add_notes(const struct report_view *view, size_t workload, bool color, bool all, struct text *text)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload), expectations = report_expectations(view, workload);
	struct text note = {0};
	for (size_t i = 0; i < arms.count; i++) {
		add_arm_note(&result->arms[arms.at[i]], note_arm, text);
		add_violations(&result->arms[arms.at[i]], text);
		add_arm_note(&result->arms[arms.at[i]], format_timing_notes, text);
	}
	for (size_t i = 0; i < arms.count; i++)
		add_comparisons(view, arms.at[i], all, text);
	for (size_t at = 0; format_workload_note(view, workload, &at, &note); text_release(&note)) {
		add_note(text, note.failed ? "" : note.bytes);
		text->failed |= note.failed;
	}
	for (size_t i = 0; i < expectations.count; i++) {
		const struct result_expectation *expectation = &result->expectations[expectations.at[i]];
		const struct result_arm *arm = &result->arms[expectation->arm];
		const char *verdict = expectation->met ? "met" : "MISSED";
		text_add(&note, "%s: expected %s %s: ", arm->spec, expectation->metric, expectation->wanted);
		text_add(text, "  ");
		add_safe(text, note.failed ? "" : note.bytes, 0);
		text_add(text, color && !expectation->met ? "\033[31m%s\033[0m" : "%s", verdict);
		text_add(text, isfinite(expectation->got) ? " (%.6g)\n" : " (not measured)\n", expectation->got);
		text->failed |= note.failed;
		text_release(&note);
	}
}

static void add_workload(const struct report_view *view, size_t index, bool color, unsigned width, bool all,
			 struct text *text)
{
	const struct result_workload *workload = &view->result->workloads[index];
	char ops[TEXT_NUMBER_BYTES];
	text_add(text, "\n%s", color ? "\033[1m" : "");
	struct text label = {0};
	result_workload_label(workload, &label);
	add_safe(text, label.bytes ? label.bytes : "", 0);
	text->failed |= label.failed;
	text_release(&label);
	text_add(text, "%s", color ? "\033[0m" : "");
	if (workload->about && *workload->about) {
		text_add(text, " — ");
		add_safe(text, workload->about, 0);
	}
	text_add(text, " (%s operations, seed %llu)\n", text_count(ops, (double)workload->ops),
		 (unsigned long long)workload->seed);
	add_table(view, index, color, width, text);
	add_notes(view, index, color, all, text);
}

void report_terminal(const struct result *result, bool color, unsigned width, bool all, struct text *text)
{
	assert(width);
	char step[TEXT_NUMBER_BYTES], pair[TEXT_NUMBER_BYTES], least[TEXT_NUMBER_BYTES];
	double step_ns = result->machine.timer_step_ns, pair_ns = result->machine.timer_pair_ns;
	add_safe(text, result->machine.cpu ? result->machine.cpu : "", 0);
	text_add(text, ", ");
	add_safe(text, result->machine.kernel ? result->machine.kernel : "", 0);
	text_add(text, ", %u CPUs; the clock steps in %s, two stamps cost %s, floor %s; ", result->machine.cpus,
		 text_duration(step, step_ns), text_duration(pair, pair_ns), text_duration(least, step_ns + pair_ns));
	format_rounds(result, text);
	text_add(text, "\n");
	struct report_view view;
	if (report_view_open(&view, result) < 0) {
		text->failed = true;
		return;
	}
	for (size_t i = 0; i < result->workload_count; i++)
		add_workload(&view, i, color, width < WIDTH_MIN ? WIDTH_MIN : width, all, text);
	report_view_close(&view);
	if (result->run.partial)
		text_add(text, "\nInterrupted: these results are partial.\n");
	if (result->run.latency_serialised)
		text_add(text,
			 "\nLatencies are serialised: every operation was stamped, which keeps them from overlapping.\n");
	const char *line = result->machine.warnings ? result->machine.warnings : "";
	if (*line)
		text_add(text, "\n");
	while (*line) {
		struct text warning = {0};
		size_t length = strcspn(line, "\n");
		text_add(&warning, "warning: %.*s", (int)length, line);
		add_safe(text, warning.failed ? "" : warning.bytes, 0);
		text_add(text, "\n");
		text->failed |= warning.failed;
		text_release(&warning);
		line += length + (line[length] == '\n');
	}
}
