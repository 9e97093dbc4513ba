/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "base/memory.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/notes.h"
#include "report/trust.h"
#include "report/verdict.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define WIDTH_MIN 80u
#define GAP 2u
#define SPEC_WIDTH_LONG 24u
#define COLUMNS 16

/* What a column shows of an arm. */
struct row {
	const struct result *result;
	const struct result_arm *arm;
	const struct verdict_arm *its;
	bool base; /* that times are held against */
};
typedef void (*fill_cell)(const struct row *row, struct text *cell);

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

static void fill_spec(const struct row *row, struct text *cell)
{
	struct text name = {0};
	format_arm(row->result, row->arm, &name);
	text_add_plain(cell, name.failed ? "" : name.bytes);
	cell->failed |= name.failed;
	text_release(&name);
}

static void fill_time(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	const struct result_figures *figures = result_arm_figures(row->arm);
	if (row->arm->state == RESULT_ARM_OK || isfinite(format_time_ns(figures)))
		text_add(cell, "%s", format_time(number, figures));
	else
		text_add(cell, "%s", row->arm->state == RESULT_ARM_NOT_APPLICABLE ? "n/a" : "-");
}

static void fill_interval(const struct row *row, struct text *cell)
{
	char low[TEXT_NUMBER_BYTES], high[TEXT_NUMBER_BYTES];
	const double *value = result_arm_figures(row->arm)->value;
	if (isfinite(value[METRIC_CI_LOW_NS]) && isfinite(value[METRIC_CI_HIGH_NS]))
		text_add(cell, "[%s–%s]", format_number(low, value[METRIC_CI_LOW_NS]),
			 format_number(high, value[METRIC_CI_HIGH_NS]));
	else
		text_add(cell, "-");
}

static void fill_net(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(row->arm)->value[METRIC_NET_NS_PER_OP]));
}

static void fill_p50(const struct row *row, struct text *cell)
{
	add_percentile(row->arm, format_alloc_latency(row->arm)->p50_ns, cell);
}

static void fill_p99(const struct row *row, struct text *cell)
{
	add_percentile(row->arm, format_alloc_latency(row->arm)->p99_ns, cell);
}

static void fill_p999(const struct row *row, struct text *cell)
{
	add_percentile(row->arm, format_alloc_latency(row->arm)->p999_ns, cell);
}

static void fill_max(const struct row *row, struct text *cell)
{
	const struct result_latency *latency = format_alloc_latency(row->arm);
	add_percentile(row->arm, latency->max_ns, cell);
	text_add(cell, "%s", latency->max_taint > RESULT_TAINT_NONE ? "~" : "");
}

static void fill_steps(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(row->arm)->value[METRIC_STEPS_ALLOC_MEAN]));
}

static void fill_failed(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_arm_failures(number, row->arm));
}

static void fill_failed_share(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_share(number, format_failed_share(result_arm_figures(row->arm))));
}

static void fill_unusable(const struct row *row, struct text *cell)
{
	add_metric(row->arm, METRIC_UNUSABLE_2MIB, cell);
}

static void fill_footprint(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(row->arm)->value[METRIC_FOOTPRINT_RATIO]));
}

static void fill_page_tables(const struct row *row, struct text *cell)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(cell, "%s", format_number(number, result_arm_figures(row->arm)->value[METRIC_PAGE_TABLE_RATIO]));
}

static void fill_metadata(const struct row *row, struct text *cell)
{
	add_metric(row->arm, METRIC_METADATA_BYTES, cell);
}

static void fill_pairs(const struct row *row, struct text *cell)
{
	verdict_ratio_tell(row->its, row->base, cell);
}

/* dropped: order in which columns go when the terminal is narrow; 0 stays. */
static const struct column {
	const char *above, *title;
	unsigned dropped;
	fill_cell fill;
	const char *legend;
} columns[COLUMNS] = {
	{"", "allocator", 0, fill_spec, "what was measured, as -a takes it"},
	{"", "ns/op", 0, fill_time,
	 "time of an operation in a process of its own, median over rounds; * the verdict takes it; ! fewer than half of "
	 "its windows are clean"},
	{"time", "by pairs", 12, fill_pairs,
	 "its time / that of the arm with 1, both in one process by turns, and the interval of verdicts; in brackets: in "
	 "processes of their own"},
	{"", "95 %", 2, fill_interval, "interval of ns/op over rounds"},
	{"", "net", 1, fill_net, "ns/op less that of the harness alone (-a null)"},
	{"alloc", "p50", 0, fill_p50, "half of the sampled allocations took no longer; < what the clock can tell"},
	{"alloc", "p99", 0, fill_p99, "99 % of them took no longer"},
	{"alloc", "p99.9", 8, fill_p999, "99.9 % of them took no longer"},
	{"alloc", "max", 11, fill_max, "the longest; ~ something else held it up"},
	{"steps", "/alloc", 5, fill_steps, "nodes or words that an allocation looks at, mean"},
	{"", "failed", 0, fill_failed,
	 "requests that were not served: frag enough was free, full too little, held it waits in caches or for a flush, "
	 "mixed several kinds; + in other measured phases"},
	{"", "share", 3, fill_failed_share, "failed / tried allocations"},
	{"unusable", "2 MiB", 10, fill_unusable, "share of the free space in pieces too small for an aligned 2 MiB"},
	{"foot-", "print", 4, fill_footprint, "2 MiB regions ever touched / the fewest for what lived at most; 1 is best"},
	{"page", "tables", 6, fill_page_tables, "page tables / the fewest for what lives; 1 is best"},
	{"meta-", "data", 7, fill_metadata, "memory of the allocator itself"},
};
#define TIME_COLUMN 1

bool report_heading(size_t index, struct report_heading *heading)
{
	if (index >= COLUMNS)
		return false;
	*heading = (struct report_heading){columns[index].above, columns[index].title, columns[index].legend};
	return true;
}

struct table {
	size_t rows;
	size_t *arms;            /* index of each row's arm */
	struct text *cells;      /* rows * COLUMNS */
	unsigned width[COLUMNS]; /* 0: dropped */
	size_t taken;            /* the arm that the verdict takes; SIZE_MAX: not one alone */
	bool color;
	bool tall; /* specs stand on lines of their own */
};

/* What the tables showed, for the legend below them. */
struct shown {
	bool color;
	unsigned width, wanted; /* columns of the terminal; those that all of the tables would take */
	bool there[COLUMNS], dropped[COLUMNS];
};

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

/* Without a figure in any row a column says nothing. */
static void fit_cells(struct table *table)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		unsigned above = text_columns(columns[i].above), title = text_columns(columns[i].title);
		bool empty = columns[i].dropped > 0;
		table->width[i] = above > title ? above : title;
		for (size_t row = 0; row < table->rows; row++) {
			const char *bytes = table->cells[row * COLUMNS + i].bytes;
			unsigned cell = text_columns(bytes);
			empty &= strcmp(bytes, "-") == 0;
			if (cell > table->width[i])
				table->width[i] = cell;
		}
		if (empty)
			table->width[i] = 0;
	}
	table->width[TIME_COLUMN] += !table->color && table->taken != SIZE_MAX;
}

/* Long specs make way before columns do. */
static void measure(struct table *table, struct shown *shown)
{
	fit_cells(table);
	unsigned total = total_width(table);
	shown->wanted = total > shown->wanted ? total : shown->wanted;
	if (total > shown->width && table->width[0] > SPEC_WIDTH_LONG) {
		table->tall = true;
		table->width[0] = GAP;
	}
	for (unsigned next = 1; next <= COLUMNS && total_width(table) > shown->width; next++)
		for (size_t i = 0; i < COLUMNS; i++) {
			if (columns[i].dropped != next || !table->width[i])
				continue;
			table->width[i] = 0;
			shown->dropped[i] = true;
		}
	for (size_t i = 0; i < COLUMNS; i++)
		shown->there[i] |= table->width[i] > 0;
}

static void add_heads(const struct table *table, bool above, struct text *text)
{
	struct text line = {0};
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!table->width[i])
			continue;
		const char *word = i == 0 && table->tall ? "" : above ? columns[i].above : columns[i].title;
		add_spaces(&line, (i ? GAP : 0) + (i ? table->width[i] - text_columns(word) : 0));
		text_add(&line, "%s", word);
		if (i == 0)
			add_spaces(&line, table->width[0] - text_columns(word));
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
		unsigned width = text_columns(cell), room = table->width[i];
		bool marked = i == TIME_COLUMN && table->arms[row] == table->taken;
		if (!room)
			continue;
		if (i == 0) {
			text_add(text, table->tall ? "%s\n" : "%s", cell);
			add_spaces(text, table->tall ? room : room - width);
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

static void add_table(const struct report_view *view, size_t workload, struct shown *shown, struct text *text)
{
	const struct verdict *verdict = &view->verdicts[workload];
	struct table table = {.taken = verdict_taken_alone(verdict), .color = shown->color};
	table.arms = memory_zeroed(verdict->count + 1, sizeof *table.arms);
	table.cells = memory_zeroed((verdict->count + 1) * COLUMNS, sizeof *table.cells);
	bool failed = !table.arms || !table.cells;
	for (size_t i = 0; i < verdict->count && !failed; i++) {
		const struct row row = {view->result, &view->result->arms[verdict->arms[i].arm], &verdict->arms[i],
					i == verdict->base};
		for (size_t column = 0; column < COLUMNS; column++) {
			struct text *cell = &table.cells[table.rows * COLUMNS + column];
			columns[column].fill(&row, cell);
			text_add(cell, "%s", ""); /* never NULL */
			failed |= cell->failed;
		}
		table.arms[table.rows++] = verdict->arms[i].arm;
	}
	if (failed) {
		text->failed = true;
	} else if (table.rows) {
		measure(&table, shown);
		add_heads(&table, true, text);
		add_heads(&table, false, text);
		for (size_t row = 0; row < table.rows; row++)
			add_row(&table, row, text);
	}
	release_table(&table);
}

/* Its two lines as one: "alloc p50", "metadata". */
static void add_title(const struct column *column, struct text *text)
{
	size_t length = strlen(column->above);
	bool joined = length && column->above[length - 1] == '-';
	text_add(text, "%.*s%s%s", (int)(length - joined), column->above, length && !joined ? " " : "", column->title);
}

static void add_legend(const struct shown *shown, struct text *text)
{
	const char *before = "Left out of tables for lack of room: ";
	text_add(text, "\nColumns:\n");
	for (size_t i = 0; i < COLUMNS; i++) {
		struct text title = {0};
		if (!shown->there[i])
			continue;
		add_title(&columns[i], &title);
		text_add(text, "  %-14s  %s\n", title.failed ? "" : title.bytes, columns[i].legend);
		text->failed |= title.failed;
		text_release(&title);
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!shown->dropped[i])
			continue;
		text_add(text, "%s", before);
		add_title(&columns[i], text);
		before = ", ";
	}
	if (*before == ',')
		text_add(text, "; COLUMNS=%u shows all\n", shown->wanted);
}

static void add_note(struct text *text, const char *note)
{
	text_add(text, "  ");
	text_add_plain(text, note);
	text_add(text, "\n");
}

static void add_arm_notes(const struct report_view *view, size_t workload, struct text *text)
{
	struct report_notes notes;
	report_notes_make(view, workload, &notes);
	for (size_t i = 0; i < notes.count; i++) {
		const struct report_note *note = &notes.notes[i];
		struct text line = {0};
		if (note->inner)
			text_add(&line, "  ");
		else if (note->arm != SIZE_MAX)
			text_add(&line, "%s: ", view->result->arms[note->arm].spec);
		text_add(&line, "%s", note->text.failed ? "" : note->text.bytes);
		add_note(text, line.failed ? "" : line.bytes);
		text->failed |= line.failed;
		text_release(&line);
	}
	text->failed |= notes.failed;
	report_notes_release(&notes);
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
	add_arm_notes(view, workload, text);
	for (size_t i = 0; i < arms.count; i++)
		add_comparisons(view, arms.at[i], all, text);
	for (size_t i = 0; i < expectations.count; i++) {
		const struct result_expectation *expectation = &result->expectations[expectations.at[i]];
		const struct result_arm *arm = &result->arms[expectation->arm];
		const char *verdict = expectation->met ? "met" : "MISSED";
		text_add(&note, "%s: expected %s %s: ", arm->spec, expectation->metric, expectation->wanted);
		text_add(text, "  ");
		text_add_plain(text, note.failed ? "" : note.bytes);
		text_add(text, color && !expectation->met ? "\033[31m%s\033[0m" : "%s", verdict);
		text_add(text, isfinite(expectation->got) ? " (%.6g)\n" : " (not measured)\n", expectation->got);
		text->failed |= note.failed;
		text_release(&note);
	}
}

/* What to take on a workload, and why. */
static void add_verdict(const struct report_view *view, size_t workload, struct text *text)
{
	struct text line = {0}, why = {0};
	verdict_take(view, &view->verdicts[workload], &line);
	verdict_why(view, &view->verdicts[workload], &why);
	text_add(&line, ": %s", why.failed ? "" : why.bytes);
	text_add_plain(text, line.failed ? "" : line.bytes);
	text_add(text, "\n");
	text->failed |= line.failed || why.failed;
	text_release(&line);
	text_release(&why);
}

static void add_whole(const struct report_view *view, struct text *text)
{
	struct text sentence = {0};
	for (size_t at = 0; verdict_whole(view, &at, &sentence); text_release(&sentence)) {
		text_add_plain(text, sentence.failed ? "" : sentence.bytes);
		text_add(text, "\n");
		text->failed |= sentence.failed;
	}
}

static void add_workload(const struct report_view *view, size_t index, struct shown *shown, bool all, struct text *text)
{
	const struct result_workload *workload = &view->result->workloads[index];
	char ops[TEXT_NUMBER_BYTES], ops_text[FORMAT_OPERATIONS_BYTES];
	text_add(text, "\n%s", shown->color ? "\033[1m" : "");
	struct text label = {0};
	result_workload_label(workload, &label);
	text_add_plain(text, label.bytes ? label.bytes : "");
	text->failed |= label.failed;
	text_release(&label);
	text_add(text, "%s", shown->color ? "\033[0m" : "");
	if (workload->about && *workload->about) {
		text_add(text, " — ");
		text_add_plain(text, workload->about);
	}
	double device_s = format_device_whole_s(view, index);
	text_add(text, " (%s, ", format_workload_ops(ops_text, workload));
	if (isfinite(device_s))
		text_add(text, "%s of device time, ", text_duration(ops, device_s * 1e9));
	text_add(text, "seed %llu)\n", (unsigned long long)workload->seed);
	add_verdict(view, index, text);
	add_table(view, index, shown, text);
	add_notes(view, index, shown->color, all, text);
}

static void add_doubts(const struct report_view *view, bool color, struct text *text)
{
	struct text doubt = {0};
	for (size_t at = 0; trust_doubt(view, &at, &doubt); text_release(&doubt)) {
		text_add(text, "%sTimes mean little here: ", color ? "\033[31m" : "");
		text_add_plain(text, doubt.failed ? "" : doubt.bytes);
		text_add(text, "%s\n", color ? "\033[0m" : "");
		text->failed |= doubt.failed;
	}
}

static void add_trust(const struct report_view *view, struct text *text)
{
	struct text line = {0};
	const char *name;
	text_add(text, "\nHow far to trust it:\n");
	for (size_t at = 0; trust_fact(view, &at, &name, &line); text_release(&line)) {
		text_add(text, "  %-12s  ", name);
		text_add_plain(text, line.failed ? "" : line.bytes);
		text_add(text, "\n");
		text->failed |= line.failed;
	}
	for (size_t at = 0; trust_warning(view, &at, &line); text_release(&line)) {
		text_add(text, "warning: ");
		text_add_plain(text, line.failed ? "" : line.bytes);
		text_add(text, "\n");
		text->failed |= line.failed;
	}
}

void report_terminal(const struct result *result, bool color, unsigned width, bool all, struct text *text)
{
	assert(width);
	struct shown shown = {.color = color, .width = width < WIDTH_MIN ? WIDTH_MIN : width};
	struct report_view view;
	if (report_view_open(&view, result) < 0) {
		text->failed = true;
		return;
	}
	add_whole(&view, text);
	add_doubts(&view, color, text);
	for (size_t i = 0; i < result->workload_count; i++)
		add_workload(&view, i, &shown, all, text);
	if (result->arm_count)
		add_legend(&shown, text);
	add_trust(&view, text);
	report_view_close(&view);
}
