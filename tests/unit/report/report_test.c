/* SPDX-License-Identifier: MIT
 * Reports of one fixed result, compared with what people looked at and found right (tests/golden; IOVABENCH_GOLDEN=write
 * rewrites them), and of results that try to break out of them. */
#include "base/file.h"
#include "base/memory.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/report.h"
#include "result/result.h"
#include "support/result_fixture.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static const struct fixture_size small = {6, 4, 8};

static void compare(const char *name, const struct text *text)
{
	char path[128], *bytes;
	size_t length;
	struct error error = {0};
	assert_false(text->failed);
	snprintf(path, sizeof path, "tests/golden/%s", name);
	if (getenv("IOVABENCH_GOLDEN"))
		assert_int_equal(file_write_whole(path, text->bytes, text->length, &error), 0);
	if (file_read(path, 1 << 24, &bytes, &length, &error) < 0)
		fail_msg("%s", error.message);
	assert_string_equal(text->bytes, bytes);
	memory_release(bytes);
}

static void the_terminal_shows_what_fits_124_columns(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	report_terminal(&result, false, 124, false, &text);
	compare("report-terminal-124.txt", &text);
	text_release(&text);
	result_release(&result);
}

static void a_narrow_terminal_gets_fewer_columns_and_says_so(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0}, narrower = {0};
	fixture_result(&result, small);
	report_terminal(&result, false, 80, false, &text);
	compare("report-terminal-80.txt", &text);
	report_terminal(&result, false, 20, false, &narrower);
	assert_string_equal(text.bytes, narrower.bytes);
	text_release(&text);
	text_release(&narrower);
	result_release(&result);
}

static void colour_marks_what_is_taken_and_the_missed(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	report_terminal(&result, true, 200, false, &text);
	compare("report-terminal-color.txt", &text);
	text_release(&text);
	result_release(&result);
}

static void markdown_holds_every_figure(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	report_markdown(&result, false, &text);
	compare("report.md", &text);
	text_release(&text);
	result_release(&result);
}

/* Fields of a line, RFC 4180; *line moves behind it. */
static size_t fields(const char **line)
{
	size_t count = 1;
	bool quoted = false;
	for (; **line && (quoted || **line != '\n'); (*line)++) {
		quoted ^= **line == '"';
		count += !quoted && **line == ',';
	}
	*line += **line == '\n';
	return count;
}

static void csv_has_one_row_per_figure(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	size_t kinds = 0;
	fixture_result(&result, small);
	memory_release(result.arms[7].reason);
	result.arms[7].reason = memory_text("a \"quoted\", torn\nreason");
	for (size_t i = 0; i < result.arm_count; i++)
		for (size_t kind = 0; kind < METRIC_KIND_COUNT && result.arms[i].phase_count; kind++)
			kinds += result.arms[i].phases[result.arms[i].figures_phase].latency[kind].count > 0;
	report_csv(&result, &text);
	const char *line = text.bytes;
	size_t columns = fields(&line), rows = 0;
	for (; *line; rows++)
		assert_int_equal(fields(&line), columns);
	assert_int_equal(rows, 9 * METRIC_COUNT + kinds * METRIC_LATENCY_COUNT);
	assert_non_null(strstr(text.bytes, ",buddy,buddy,,1,none,,,ok,none,,churn,throughput.raw_ns_per_op,ns,no,lower,"
					   "18.399999999999999,,\n"));
	assert_non_null(strstr(text.bytes, ",n/a,none,\"a \"\"quoted\"\", torn\nreason\",,failures.total,requests,yes,"
					   "lower,,,not applicable\n"));
	text_release(&text);
	result_release(&result);
}

/* The text of a column in the first row of a metric, without quotes; its end is at *length. */
static const char *cell_of(const char *csv, const char *column, const char *metric, size_t *length)
{
	static char row[4000];
	snprintf(row, sizeof row, ",%s,", metric);
	const char *found = strstr(csv, row), *head = csv;
	assert_non_null(found);
	while (found[-1] != '\n')
		found--;
	for (;; head++, found++) {
		const char *wanted = head;
		size_t width = strcspn(head, ",\n"), quoted = *found == '"';
		*length = quoted ? strcspn(found + 1, "\"") : strcspn(found, ",\n");
		if (strlen(column) == width && strncmp(wanted, column, width) == 0)
			return found + quoted;
		assert_int_equal(head[width], ','); /* else there is no such column */
		head += width;
		found += *length + 2 * quoted;
	}
}

static void assert_cell(const char *csv, const char *column, const char *metric, const char *wanted)
{
	size_t length;
	const char *cell = cell_of(csv, column, metric, &length);
	if (length != strlen(wanted) || strncmp(cell, wanted, length) != 0)
		fail_msg("%s of %s: '%.*s', not '%s'", column, metric, (int)length, cell, wanted);
}

/* What a sweep sets stands in columns that are called by it, and so does all else that arms can differ in. */
static void csv_has_a_column_for_every_key(void **state)
{
	static const struct {
		const char *column, *value;
	} wanted[] = {{"run", "20260131T235959Z-7"},
		      {"version", "0.1.0"},
		      {"commit", "0c66f43a1b2c"},
		      {"cpu", "AMD EPYC 7763 64-Core Processor"},
		      {"kernel", "Linux 6.1.0-18-amd64"},
		      {"node", "0x00000000000051de"},
		      {"workload_hash", "0x8badf00d00000000"},
		      {"stream_hash", "0x0000000000001234"},
		      {"seed", "7"},
		      {"interference_data_bytes", "3"},
		      {"interference_code_bytes", "5"},
		      {"sweep.=phases", "'-1"},
		      {"sweep.live", "70%"},
		      {"allocator", "buddy"},
		      {"spec", "buddy:x"},
		      {"plugin_hash", "0x00000000000000ab"},
		      {"threads", "4"},
		      {"lock", "spin"},
		      {"rate_per_s", "100000"},
		      {"arrivals", "poisson"},
		      {"state", "ok"},
		      {"owner", "none"},
		      {"phase", "churn"},
		      {"unit", "requests"},
		      {"exact", "yes"},
		      {"better", "lower"}};
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	struct result_workload *workload = &result.workloads[0];
	for (size_t i = 0; i < workload->setting_count; i++) {
		memory_release(workload->settings[i].key);
		memory_release(workload->settings[i].value);
	}
	memory_release(workload->settings);
	workload->settings = fixture_room(3, sizeof workload->settings[0]);
	workload->setting_count = 3;
	workload->settings[0] = (struct result_setting){memory_text("=phases"), memory_text("-1")};
	workload->settings[1] = (struct result_setting){memory_text("seed"), memory_text("7")};
	workload->settings[2] = (struct result_setting){memory_text("live"), memory_text("70%")};
	workload->seed = 7;
	workload->stream_hash = 0x1234;
	workload->interference_data_bytes = 3;
	workload->interference_code_bytes = 5;
	struct result_arm *arm = &result.arms[0];
	memory_release(result.run.id);
	result.run.id = memory_text("20260131T235959Z-7");
	memory_release(arm->spec);
	arm->spec = memory_text("buddy:x");
	memory_release(arm->lock);
	arm->lock = memory_text("spin");
	arm->plugin_hash = 0xab;
	arm->threads = 4;
	memory_release(arm->rate);
	arm->rate = memory_text("100000:poisson");
	report_csv(&result, &text);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		assert_cell(text.bytes, wanted[i].column, "failures.total", wanted[i].value);
	assert_cell(text.bytes, "exact", "throughput.raw_ns_per_op", "no");
	assert_null(strstr(text.bytes, "sweep.seed"));
	text_release(&text);
	/* Without a word behind it a rate is of even gaps. */
	arm->rate[6] = '\0';
	report_csv(&result, &text);
	assert_cell(text.bytes, "rate_per_s", "failures.total", "100000");
	assert_cell(text.bytes, "arrivals", "failures.total", "even");
	text_release(&text);
	/* In a merged document an arm is of the run that it comes from. */
	result.sources = fixture_room(1, sizeof result.sources[0]);
	result.source_count = 1;
	result.sources[0].id = memory_text("other-run");
	result.sources[0].started = memory_text("2026-02-01T00:00:00Z");
	result.sources[0].cpu = memory_text("other cpu");
	result.sources[0].kernel = memory_text("other kernel");
	report_csv(&result, &text);
	assert_cell(text.bytes, "run", "failures.total", "other-run");
	assert_cell(text.bytes, "started", "failures.total", "2026-02-01T00:00:00Z");
	assert_cell(text.bytes, "cpu", "failures.total", "other cpu");
	assert_cell(text.bytes, "kernel", "failures.total", "other kernel");
	text_release(&text);
	result_release(&result);
}

/* A cell that a spreadsheet would run is a text there; numbers stay numbers, negative ones, too. */
static void no_cell_of_csv_is_a_formula(void **state)
{
	(void)state;
	struct result result;
	struct text table = {0}, series = {0};
	fixture_result(&result, small);
	memory_release(result.arms[0].spec);
	result.arms[0].spec = memory_text("=HYPERLINK(\"http://x\")");
	memory_release(result.arms[0].phases[0].name);
	result.arms[0].phases[0].name = memory_text("-2+3");
	memory_release(result.arms[7].reason);
	result.arms[7].reason = memory_text("@SUM(A1:A9)");
	result_set(&result.arms[0].phases[1].figures, METRIC_AGEING_SLOPE, -0.25);
	result.arms[0].series[0].value[RESULT_SERIES_FAILURES] = -1;
	report_csv(&result, &table);
	result_series_csv(&result, &series);
	assert_non_null(strstr(table.bytes, ",\"'=HYPERLINK(\"\"http://x\"\")\","));
	assert_non_null(strstr(table.bytes, ",\"'@SUM(A1:A9)\","));
	assert_non_null(strstr(table.bytes, ",-0.25,"));
	assert_non_null(strstr(series.bytes, "gpu-paging,\"'=HYPERLINK(\"\"http://x\"\")\",\"'-2+3\","));
	assert_non_null(strstr(series.bytes, ",-1\n"));
	text_release(&table);
	text_release(&series);
	result_release(&result);
}

static void percentiles_below_the_clock_are_not_given_as_numbers(void **state)
{
	(void)state;
	char buffer[TEXT_NUMBER_BYTES];
	struct result_latency latency = {.count = 1, .resolution_ns = 10, .below_resolution = true};
	assert_string_equal(format_percentile(buffer, &latency, 10), "<10 ns");
	assert_string_equal(format_percentile(buffer, &latency, 10.5), "10.5 ns");
	assert_string_equal(format_percentile(buffer, &latency, (double)NAN), "-");
	latency.below_resolution = false;
	assert_string_equal(format_percentile(buffer, &latency, 10), "10 ns");
	latency.count = 0;
	assert_string_equal(format_percentile(buffer, &latency, 10), "-");
}

static void the_main_time_is_clean_or_marked(void **state)
{
	(void)state;
	static const struct {
		double raw, clean, share;
		const char *shown;
	} cases[] = {
		{139, 12.2, 0, "12.2"},  {139, 12.2, 0.5, "12.2"}, {139, 12.2, 0.51, "12.2!"}, {139, NAN, 1, "139!"},
		{139, NAN, 0.2, "139!"}, {139, NAN, NAN, "139"},   {NAN, NAN, 0, "-"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char buffer[TEXT_NUMBER_BYTES];
		struct result_figures figures;
		result_figures_clear(&figures);
		result_set(&figures, METRIC_RAW_NS_PER_OP, cases[i].raw);
		result_set(&figures, METRIC_CLEAN_NS_PER_OP, cases[i].clean);
		result_set(&figures, METRIC_TAINTED_SHARE, cases[i].share);
		assert_string_equal(format_time(buffer, &figures), cases[i].shown);
	}
}

static void shares_are_never_rounded_to_nothing(void **state)
{
	(void)state;
	char buffer[TEXT_NUMBER_BYTES];
	assert_string_equal(format_share(buffer, 0), "0 %");
	assert_string_equal(format_share(buffer, 1e-9), "<0.001 %");
	assert_string_equal(format_share(buffer, 0.000028), "0.003 %");
	assert_string_equal(format_share(buffer, 0.0042), "0.42 %");
	assert_string_equal(format_share(buffer, 0.421), "42.1 %");
	assert_string_equal(format_share(buffer, (double)NAN), "-");
}

/* Two figures with a ratio of ten must not read alike. */
static void small_figures_are_not_rounded_to_nothing(void **state)
{
	(void)state;
	char buffer[TEXT_NUMBER_BYTES];
	assert_string_equal(format_metric(buffer, METRIC_STEPS_SPLITS_MEAN, 0.007), "0.007");
	assert_string_equal(format_metric(buffer, METRIC_STEPS_SPLITS_MEAN, 0), "0");
	assert_string_equal(format_metric(buffer, METRIC_STEPS_SPLITS_MEAN, 0.35), "0.35");
	assert_string_equal(format_metric(buffer, METRIC_FREE_RUNS_PER_PAGE, 0.00029), "0.00029");
	assert_string_equal(format_metric(buffer, METRIC_FREE_RUNS_PER_PAGE, 0), "0.000");
	assert_string_equal(format_metric(buffer, METRIC_OVER_CAPACITY, 0), "no");
}

/* Of arm 1 against arm 0 there are two rounds. */
static void a_comparison_without_an_interval_says_what_it_takes(void **state)
{
	(void)state;
	struct result_arm arms[2] = {{.spec = (char *)"buddy"}, {.spec = (char *)"rbtree"}};
	struct result_comparison row = {.metric = METRIC_RAW_NS_PER_OP,
					.b = 1,
					.ratio = 1.25,
					.ci_low = (double)NAN,
					.ci_high = (double)NAN,
					.threshold = 0.03,
					.verdict = RESULT_VERDICT_INCONCLUSIVE,
					.rounds_wanted = 6};
	struct result_workload workload = {.name = (char *)"x"};
	const struct result two = {.workloads = &workload,
				   .workload_count = 1,
				   .arms = arms,
				   .arm_count = 2,
				   .comparisons = &row,
				   .comparison_count = 1};
	struct report_view view;
	assert_int_equal(report_view_open(&view, &two), 0);
	struct report_comparison line;
	assert_false(report_comparison_lines(&view, 0, (size_t[]){0}, &line));
	assert_int_equal(line.headline.length, 0);
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_string_equal(line.headline.bytes, "rbtree against buddy: undecided: open in time");
	assert_string_equal(line.effects.bytes,
			    "time 1.25, inconclusive at 3 %, too few rounds for an interval: it takes 6");
	report_comparison_release(&line);
	row.ci_low = 0.9;
	row.ci_high = 1.5;
	row.rounds_wanted = 40;
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_string_equal(line.effects.bytes, "time 1.25 [0.9, 1.5], inconclusive at 3 %, 40 rounds would decide");
	report_comparison_release(&line);
	/* Under interference the other one wins. */
	struct result_paired paired[] = {
		{.condition = RESULT_CONDITION_HOT, .rounds = 6, .ratio = 1.25, .ci_low = 1.2, .ci_high = 1.3},
		{.condition = RESULT_CONDITION_INTERFERED, .rounds = 6, .ratio = 0.8, .ci_low = 0.7, .ci_high = 0.9},
	};
	arms[1].paired = paired;
	arms[1].paired_count = 2;
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_non_null(strstr(line.effects.bytes, "; under interference 0.8 [0.7, 0.9]: the ranking turns"));
	report_comparison_release(&line);
	paired[1].ci_high = 1.1;
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_null(strstr(line.effects.bytes, "the ranking turns"));
	report_comparison_release(&line);
	/* What the ratio leaves out. */
	row.by_pairs = true;
	paired[0].equal_share = 1;
	paired[0].ratio_with_polls = (double)NAN;
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_null(strstr(line.effects.bytes, "polls"));
	assert_null(strstr(line.effects.bytes, "outcomes"));
	report_comparison_release(&line);
	paired[0].equal_share = 0.75;
	paired[0].ratio_with_polls = 1.375;
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_non_null(strstr(line.effects.bytes,
			       "; of the first 75 % of operations, until outcomes differed; with polls 1.375;"));
	report_comparison_release(&line);
	arms[1].paired_count = 0;
	report_view_close(&view);
}

static struct result_comparison exact(enum metric metric, double a, double b, enum result_verdict verdict)
{
	return (struct result_comparison){.metric = metric,
					  .b = 1,
					  .a_value = a,
					  .b_value = b,
					  .ratio = a == 0 ? (double)NAN : b / a,
					  .ci_low = (double)NAN,
					  .ci_high = (double)NAN,
					  .verdict = verdict};
}

/* Each effect in its unit; what is no headline figure stands apart. */
static void a_comparison_tells_headline_figures_by_their_effects(void **state)
{
	(void)state;
	struct result_phase phases[2] = {0};
	result_figures_clear(&phases[0].figures);
	result_figures_clear(&phases[1].figures);
	result_set(&phases[1].figures, METRIC_FAILURES_FRAGMENTED, 11);
	result_set(&phases[1].figures, METRIC_FAILURES_EXHAUSTED, 1);
	struct result_arm arms[2] = {{.spec = (char *)"buddy", .phases = &phases[0], .phase_count = 1},
				     {.spec = (char *)"bitmap", .phases = &phases[1], .phase_count = 1}};
	struct result_comparison rows[] = {
		exact(METRIC_FAILURES_TOTAL, 0, 12, RESULT_VERDICT_REGRESSION),
		exact(METRIC_SPAN_PAGES, 1000, 1250, RESULT_VERDICT_REGRESSION),
		exact(METRIC_SPAN_RATIO, 1, 1.25, RESULT_VERDICT_REGRESSION),
		exact(METRIC_UNUSABLE_2MIB, 0.25, 0.125, RESULT_VERDICT_IMPROVEMENT),
		exact(METRIC_METADATA_BYTES, 4096, 4096, RESULT_VERDICT_OK),
	};
	struct result_workload workload = {.name = (char *)"x"};
	const struct result two = {.workloads = &workload,
				   .workload_count = 1,
				   .arms = arms,
				   .arm_count = 2,
				   .comparisons = rows,
				   .comparison_count = sizeof rows / sizeof rows[0]};
	struct report_view view;
	struct report_comparison line;
	assert_int_equal(report_view_open(&view, &two), 0);
	assert_true(report_comparison_lines(&view, 1, (size_t[]){0}, &line));
	assert_string_equal(line.headline.bytes, "bitmap against buddy: trade: bitmap better in unusable 2 MiB; buddy in "
						 "failures, span; level in metadata");
	assert_string_equal(line.effects.bytes,
			    "failures 0 → 12 (+12, bitmap 11 fragmented, 1 exhausted); span 1000 → 1250 "
			    "(×1.25); unusable 2 MiB 25.0 % → 12.5 % (-12.5 points)");
	assert_string_equal(line.others.bytes, "space.span_ratio 1.000 → 1.250 (×1.25)");
	report_comparison_release(&line);
	report_view_close(&view);
	struct text table = {0};
	report_comparison_table(rows, sizeof rows / sizeof rows[0], false, NULL, &table);
	assert_null(strstr(table.bytes, "space.span_ratio"));
	assert_non_null(strstr(table.bytes, "1 other metrics, of which 1 are not the same"));
	assert_non_null(strstr(table.bytes, "metadata_bytes"));
	text_release(&table);
	report_comparison_table(rows, sizeof rows / sizeof rows[0], true, NULL, &table);
	assert_non_null(strstr(table.bytes, "space.span_ratio"));
	text_release(&table);
}

/* Both reports: only when all was asked for. */
static void other_exact_metrics_are_shown_when_all_are(void **state)
{
	struct result result;
	(void)state;
	fixture_result(&result, small);
	result.comparisons[1].metric = METRIC_SPAN_RATIO;
	for (int all = 0; all < 2; all++) {
		struct text terminal = {0}, markdown = {0};
		report_terminal(&result, false, 120, all, &terminal);
		report_markdown(&result, all, &markdown);
		assert_int_equal(strstr(terminal.bytes, "    space.span_ratio 0.000 → 28.000") != NULL, all);
		assert_int_equal(strstr(markdown.bytes, "  - space.span\\_ratio 0.000 → 28.000") != NULL, all);
		text_release(&terminal);
		text_release(&markdown);
	}
	result_release(&result);
}

/* Ten workloads of four arms, as the published matrix has, with everything that can stand above the details. */
static void what_markdown_shows_first_has_forty_lines_at_most(void **state)
{
	enum { ARMS = 4, MOST = 30 };
	static struct result_workload workloads[MOST];
	static struct result_arm arms[MOST * ARMS];
	static struct result_comparison rows[MOST * ARMS];
	struct result fixture, many;
	(void)state;
	fixture_result(&fixture, small);
	many = fixture;
	for (size_t i = 0; i < MOST; i++) {
		workloads[i] = fixture.workloads[0];
		for (size_t j = 0; j < ARMS; j++) {
			arms[i * ARMS + j] = fixture.arms[j % 3];
			arms[i * ARMS + j].workload = i;
			arms[i * ARMS + j].spec = (char *[]){(char *)"one\ntwo", (char *)"b", (char *)"c", (char *)"d"}[j];
			rows[i * ARMS + j] = fixture.comparisons[0];
			rows[i * ARMS + j].a = i * ARMS;
			rows[i * ARMS + j].b = i * ARMS + (j ? j : 1);
			rows[i * ARMS + j].ci_low = (double)NAN;
		}
	}
	many.workloads = workloads;
	many.arms = arms;
	many.comparisons = rows;
	many.expectation_count = 0;
	many.run.latency_serialised = many.run.partial = true;
	for (many.workload_count = 10; many.workload_count <= MOST; many.workload_count += MOST - 10) {
		struct text text = {0};
		size_t lines = 0;
		many.arm_count = many.comparison_count = many.workload_count * ARMS;
		report_markdown(&many, false, &text);
		const char *end = strstr(text.bytes, "<details>");
		assert_non_null(end);
		for (const char *at = text.bytes; at < end; at++)
			lines += *at == '\n';
		assert_true(lines >= 30 && lines <= 40);
		assert_non_null(strstr(text.bytes, "> **Times mean little here:** "));
		assert_int_equal(strstr(text.bytes, "\n20 more workloads and 0 more allocators are below.\n") != NULL,
				 many.workload_count == MOST);
		text_release(&text);
	}
	result_release(&fixture);
}

/* One list feeds all of them. */
static void every_report_has_the_same_notes_and_facts(void **state)
{
	static const char *const notes[] = {
		"fewer than half of its windows are clean (38.0 %)",
		"its max of 123 us was disturbed",
		"warm-up: the last tenth of the phase took 0.50 times as long as the first",
		"open loop at 1.00 M/s: response p50 376 ns",
		"saturated: 400 k/s were served",
		"over capacity: its rounding makes the demand larger than the space",
		"in phase fill: 3 fragmented",
		"stamps slowed its latency pass by 50.0 %",
		"500 ms of CPU time taken by the host while it ran",
		"steps in 10 ns",
		"1 of 2 met",
		"every answer of 7 arms was checked",
		"3.0 % to 62.0 % of an arm's windows were disturbed",
		"this run was interrupted: its results are partial",
		"the CPU frequency governor is unknown",
		"the disk was full",
		"of 2 of 3 arms fewer than half of the windows are clean",
	};
	struct result result;
	(void)state;
	fixture_result(&result, small);
	result.run.partial = true;
	result.run.trouble = memory_text("the disk was full");
	result_set(&result.arms[0].phases[1].figures, METRIC_OVER_CAPACITY, 1);
	result_set(&result.arms[0].phases[1].figures, METRIC_SLOWDOWN, 1.5);
	result.arms[0].phases[0].measured = true;
	memory_release(result.arms[0].phases[0].name);
	result.arms[0].phases[0].name = memory_text("fill");
	result_set(&result.arms[0].phases[0].figures, METRIC_FIRST_FAILURE_OP, 7);
	result_set(&result.arms[0].phases[0].figures, METRIC_FAILURES_FRAGMENTED, 3);
	for (size_t i = 0; i < result.arm_count; i++)
		if (i > 2)
			for (size_t j = 0; j < result.arms[i].phase_count; j++) {
				result_set_null(&result.arms[i].phases[j].figures, METRIC_CLEAN_NS_PER_OP,
						RESULT_REASON_NOT_MEASURED);
				result_set_null(&result.arms[i].phases[j].figures, METRIC_RAW_NS_PER_OP,
						RESULT_REASON_NOT_MEASURED);
			}
	for (size_t i = 0; i < 3; i += 2)
		result_set(&result.arms[i].phases[1].figures, METRIC_TAINTED_SHARE, i ? 0.51 : 0.03);
	struct text texts[3] = {0};
	report_terminal(&result, false, 124, false, &texts[0]);
	report_html(&result, &texts[1]);
	report_markdown(&result, false, &texts[2]);
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < sizeof notes / sizeof notes[0]; n++) {
			struct text wanted = {0};
			if (i == 1)
				text_add_html(&wanted, notes[n]);
			else if (i == 2)
				format_markdown(&wanted, notes[n]);
			else
				text_add(&wanted, "%s", notes[n]);
			if (!strstr(texts[i].bytes, wanted.bytes))
				fail_msg("output %zu lacks: %s", i, notes[n]);
			text_release(&wanted);
		}
	for (size_t i = 0; i < 3; i++)
		text_release(&texts[i]);
	result_release(&result);
}

static double cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#define MANY 800
#define ROWS 40

/* CPU time of every report of the first `count` arms, `each` of them on a workload; the least of three. */
static double cost(const struct result *fixture, size_t count, size_t each)
{
	static struct result_workload workloads[MANY];
	static struct result_arm arms[MANY];
	static struct result_comparison rows[MANY * ROWS];
	static struct result_expectation expectations[MANY];
	static char specs[MANY][40];
	struct result many = *fixture;
	double least = INFINITY;
	for (size_t i = 0; i < count; i++) {
		workloads[i] = fixture->workloads[0];
		arms[i] = fixture->arms[i % 2];
		arms[i].workload = i / each;
		arms[i].series_count = arms[i].map_count = 0;
		arms[i].spec = specs[i % each];
		snprintf(specs[i % each], sizeof specs[0], "rbtree:number=%zu", i % each);
		for (size_t j = 0; j < ROWS; j++) {
			rows[i * ROWS + j] = fixture->comparisons[1];
			rows[i * ROWS + j].b = i;
		}
		expectations[i] = (struct result_expectation){i, (char *)"failures.total", (char *)"is 0", 0, true};
	}
	many.workloads = workloads;
	many.workload_count = count / each;
	many.arms = arms;
	many.arm_count = count;
	many.comparisons = rows;
	many.comparison_count = count * ROWS;
	many.expectations = expectations;
	many.expectation_count = count;
	for (int i = 0; i < 3; i++) {
		struct text text = {0};
		double begin = cpu_ns();
		report_terminal(&many, false, 120, false, &text);
		report_html(&many, &text);
		report_markdown(&many, false, &text);
		report_csv(&many, &text);
		least = fmin(least, cpu_ns() - begin);
		assert_false(text.failed);
		text_release(&text);
	}
	return least;
}

/* Sixteen times as many arms cost sixteen times as much, and not 256: as columns of one table, and as many small tables. */
static void reports_grow_with_their_arms_and_not_faster(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, small);
	assert_true(cost(&result, MANY, MANY) < 48 * cost(&result, MANY / 16, MANY / 16));
	assert_true(cost(&result, MANY, 2) < 48 * cost(&result, MANY / 16, 2));
	result_release(&result);
}

static void failures_are_told_by_kind(void **state)
{
	(void)state;
	char buffer[TEXT_NUMBER_BYTES];
	struct result_figures figures;
	result_figures_clear(&figures);
	assert_string_equal(format_failures(buffer, &figures), "-");
	result_set(&figures, METRIC_FAILURES_TOTAL, 3);
	assert_string_equal(format_failures(buffer, &figures), "3");
	result_set(&figures, METRIC_FAILURES_MALFORMED, 0);
	result_set(&figures, METRIC_FAILURES_IMPOSSIBLE, 0);
	result_set(&figures, METRIC_FAILURES_EXHAUSTED, 0);
	result_set(&figures, METRIC_FAILURES_FRAGMENTED, 28);
	assert_string_equal(format_failures(buffer, &figures), "28 frag");
	result_set(&figures, METRIC_FAILURES_EXHAUSTED, 3);
	assert_string_equal(format_failures(buffer, &figures), "31 mixed");
}

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

static void the_page_needs_no_other_file(void **state)
{
	(void)state;
	static const char *const words[] = {
		"src=",   "<link rel=\"stylesheet", "@import", "url(", "sourceMappingURL", "<iframe", "<img",
		"fetch(", "XMLHttpRequest("};
	struct result result;
	struct text html = {0};
	fixture_result(&result, small);
	report_html(&result, &html);
	assert_false(html.failed);
	assert_int_equal(occurrences(html.bytes, "content=\"default-src 'none';"), 1);
	assert_null(strstr(html.bytes, "unsafe-inline"));
	/* Its policy would not let them stand. */
	assert_null(strstr(html.bytes, " style=\""));
	assert_null(strstr(html.bytes, " onclick="));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(html.bytes, words[i]))
			fail_msg("the page has %s", words[i]);
	text_release(&html);
	result_release(&result);
}

static void the_page_of_ten_workloads_stays_below_three_mebibytes(void **state)
{
	(void)state;
	struct result result, none = {0};
	struct text html = {0}, empty = {0};
	fixture_result(&result, (struct fixture_size){200, 100, 256});
	report_html(&result, &html);
	report_html(&none, &empty);
	/* Seven of the arms have figures. */
	assert_true((html.length - empty.length) / 7 * 30 + empty.length < 3u << 20);
	text_release(&html);
	text_release(&empty);
	result_release(&result);
}

static void the_page_has_the_figures_as_text(void **state)
{
	(void)state;
	struct result result;
	struct text html = {0};
	fixture_result(&result, small);
	report_html(&result, &html);
	assert_non_null(strstr(html.bytes, "<b>18.2</b>"));
	assert_non_null(strstr(html.bytes, "<b>21.7</b><b class=\"unclean\""));
	assert_non_null(strstr(html.bytes, "<td>&lt;10 ns</td>"));
	assert_non_null(strstr(html.bytes, "28 frag"));
	assert_non_null(
		strstr(html.bytes, "<li>interference of 256 KiB of data and 64 KiB of code; caches here: L1d 48 KiB, "));
	assert_non_null(strstr(html.bytes, "request &quot;ring&quot; needs one"));
	assert_non_null(strstr(html.bytes, "an allocation failed, so the harness alone did other work"));
	/* A max with what came over it; a class with its interval; a worst sample with its steps, and one without. */
	assert_non_null(strstr(html.bytes, "<td>123 us<br><small>preempted; 333 ns without</small></td>"));
	assert_non_null(strstr(html.bytes, ">request &lt;b&gt;page|*</th><td><code>alloc</code></td><td>1.00 k</td>"
					   "<td>30 ns<br><small>29 ns to 32 ns</small></td><td>35 ns</td><td>–</td>"));
	assert_non_null(strstr(html.bytes, "<td>4.00 ms</td><td>steal</td><td>444 ns</td>"));
	assert_non_null(strstr(html.bytes, ">outcome later limit</th><td><code>alloc</code></td><td>1.00 k</td>"
					   "<td>&lt;10 ns<br>"));
	assert_non_null(strstr(html.bytes, "<td>4.00 ms</td><td>steal</td><td>2</td><td><code>alloc</code></td>"
					   "<td>&lt;b&gt;page|*</td><td>16</td><td>1</td><td>3</td><td>0</td>"
					   "<td>12345</td>"));
	assert_non_null(strstr(html.bytes, result_reason_text[RESULT_REASON_SEVERAL_THREADS]));
	for (int i = 0; i < METRIC_COUNT; i++)
		assert_non_null(strstr(html.bytes, metric_table[i].path));
	text_release(&html);
	result_release(&result);
}

static const char hostile[] = "</script><script>alert(1)</script>\"'&|`\x1b[31m\x01\n\xc2\x9b\xff";

static void make_hostile(struct result *result)
{
	char **const texts[] = {&result->run.id,
				&result->run.started,
				&result->run.command,
				&result->machine.cpu,
				&result->machine.kernel,
				&result->machine.clock,
				&result->machine.warnings,
				&result->build.version,
				&result->build.git,
				&result->build.compiler,
				&result->build.flags,
				&result->workloads[0].name,
				&result->workloads[0].about,
				&result->workloads[0].file,
				&result->workloads[0].expanded,
				&result->arms[0].spec,
				&result->arms[0].allocator,
				&result->arms[0].phases[0].name,
				&result->arms[0].phases[1].classes[0].name,
				&result->arms[0].phases[1].worst[0].request,
				&result->arms[7].reason,
				&result->arms[8].spec,
				&result->expectations[0].metric,
				&result->expectations[0].wanted};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		memory_release(*texts[i]);
		*texts[i] = memory_text(hostile);
	}
}

static void names_cannot_break_out_of_the_page(void **state)
{
	(void)state;
	struct result result;
	struct text html = {0}, plain = {0};
	fixture_result(&result, small);
	report_html(&result, &plain);
	make_hostile(&result);
	report_html(&result, &html);
	assert_int_equal(occurrences(html.bytes, "</script"), occurrences(plain.bytes, "</script"));
	assert_int_equal(occurrences(html.bytes, "<script"), occurrences(plain.bytes, "<script"));
	assert_non_null(strstr(html.bytes, "&lt;script&gt;alert(1)"));
	text_release(&html);
	text_release(&plain);
	result_release(&result);
}

static void names_cannot_steer_the_terminal(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	make_hostile(&result);
	report_terminal(&result, false, 100, false, &text);
	assert_null(strchr(text.bytes, '\x1b'));
	assert_null(strchr(text.bytes, '\x01'));
	assert_null(strstr(text.bytes, "\xc2\x9b"));
	assert_non_null(strstr(text.bytes, "</script><script>alert(1)</script>\"'&|`\\x1b[31m\\x01\\n\\u009b\\xff"));
	text_release(&text);
	result_release(&result);
}

static void names_cannot_break_a_markdown_table(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	make_hostile(&result);
	report_markdown(&result, false, &text);
	assert_null(strstr(text.bytes, "<script>"));
	assert_non_null(strstr(text.bytes, "\\<script\\>alert(1)"));
	text_release(&text);
	result_release(&result);
}

static void nothing_measured_at_all_can_be_shown(void **state)
{
	(void)state;
	struct result result;
	struct text text = {0};
	fixture_result(&result, small);
	for (size_t i = 0; i < result.arm_count; i++) {
		struct result_arm *arm = &result.arms[i];
		for (size_t j = 0; j < arm->phase_count; j++) {
			result_figures_clear(&arm->phases[j].figures);
			for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
				arm->phases[j].latency[kind].count = 0;
		}
		for (size_t j = 0; j < arm->series_count; j++)
			for (size_t column = 0; column < RESULT_SERIES_COUNT; column++)
				arm->series[j].value[column] = (double)NAN;
	}
	result.machine.timer_step_ns = result.machine.timer_pair_ns = result.machine.timer_drift_ppm = (double)NAN;
	report_terminal(&result, true, 124, false, &text);
	report_markdown(&result, false, &text);
	report_csv(&result, &text);
	assert_null(strstr(text.bytes, "nan"));
	text_release(&text);
	report_html(&result, &text);
	for (const char *at = text.bytes; (at = strstr(at, "<svg")); at++) {
		size_t length = (size_t)(strstr(at, "</figure>") - at);
		assert_null(memmem(at, length, "nan", 3));
		assert_null(memmem(at, length, "inf", 3));
	}
	text_release(&text);
	result_release(&result);
}

static void an_empty_result_can_be_shown(void **state)
{
	(void)state;
	struct result result = {0};
	struct text text = {0};
	report_terminal(&result, true, 80, false, &text);
	report_markdown(&result, false, &text);
	report_csv(&result, &text);
	report_html(&result, &text);
	assert_false(text.failed);
	text_release(&text);
}

static void all_of_them(const struct result *result, struct text *text)
{
	report_terminal(result, true, 124, false, text);
	report_markdown(result, false, text);
	report_csv(result, text);
	report_html(result, text);
}

static void without_memory_the_text_says_that_it_failed(void **state)
{
	(void)state;
	struct result result;
	fixture_result(&result, (struct fixture_size){1, 1, 1});
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct text text = {0};
		lack_begins(&lack);
		all_of_them(&result, &text);
		bool failed = lack_ends(&lack);
		if (text.failed != failed)
			fail_msg("request %d", (int)lack.passes);
		text_release(&text);
	}
	result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_terminal_shows_what_fits_124_columns),
		cmocka_unit_test(a_narrow_terminal_gets_fewer_columns_and_says_so),
		cmocka_unit_test(colour_marks_what_is_taken_and_the_missed),
		cmocka_unit_test(markdown_holds_every_figure),
		cmocka_unit_test(what_markdown_shows_first_has_forty_lines_at_most),
		cmocka_unit_test(every_report_has_the_same_notes_and_facts),
		cmocka_unit_test(csv_has_one_row_per_figure),
		cmocka_unit_test(csv_has_a_column_for_every_key),
		cmocka_unit_test(reports_grow_with_their_arms_and_not_faster),
		cmocka_unit_test(no_cell_of_csv_is_a_formula),
		cmocka_unit_test(percentiles_below_the_clock_are_not_given_as_numbers),
		cmocka_unit_test(the_main_time_is_clean_or_marked),
		cmocka_unit_test(shares_are_never_rounded_to_nothing),
		cmocka_unit_test(small_figures_are_not_rounded_to_nothing),
		cmocka_unit_test(a_comparison_without_an_interval_says_what_it_takes),
		cmocka_unit_test(a_comparison_tells_headline_figures_by_their_effects),
		cmocka_unit_test(other_exact_metrics_are_shown_when_all_are),
		cmocka_unit_test(failures_are_told_by_kind),
		cmocka_unit_test(the_page_needs_no_other_file),
		cmocka_unit_test(the_page_of_ten_workloads_stays_below_three_mebibytes),
		cmocka_unit_test(the_page_has_the_figures_as_text),
		cmocka_unit_test(names_cannot_break_out_of_the_page),
		cmocka_unit_test(names_cannot_steer_the_terminal),
		cmocka_unit_test(names_cannot_break_a_markdown_table),
		cmocka_unit_test(nothing_measured_at_all_can_be_shown),
		cmocka_unit_test(an_empty_result_can_be_shown),
		cmocka_unit_test(without_memory_the_text_says_that_it_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
