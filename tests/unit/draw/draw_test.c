/* SPDX-License-Identifier: MIT */
#include "base/rng.h"
#include "base/text.h"
#include "draw/draw.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* ---- ticks ---- */

static void check_ticks(const struct draw_axis *axis, double pixels, double each)
{
	double ticks[DRAW_TICKS_MAX];
	size_t count = draw_ticks(axis, pixels, each, ticks);
	assert_true(count <= DRAW_TICKS_MAX);
	for (size_t i = 0; i < count; i++) {
		double slack = 1e-3 * fabs(axis->high - axis->low) + 1e-3 * fabs(ticks[i]);
		assert_true(ticks[i] >= axis->low - slack && ticks[i] <= axis->high + slack);
		assert_true(i == 0 || ticks[i] > ticks[i - 1]);
		assert_false(ticks[i] == 0 && signbit(ticks[i]));
	}
}

static void ticks_lie_on_their_axis_and_ascend(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 7);
	for (int i = 0; i < 20000; i++) {
		double low = pow(10, 18 * rng_unit(&rng) - 6), high = low * (1 + pow(10, 9 * rng_unit(&rng) - 3));
		double pixels = 60 + 800 * rng_unit(&rng);
		struct draw_axis axis = {NULL, DRAW_LOG, DRAW_NS, low, high, false};
		check_ticks(&axis, pixels, 40);
		axis.scale = DRAW_LINEAR;
		axis.unit = (enum draw_unit)(i % 6);
		check_ticks(&axis, pixels, 40);
		axis.low = -high;
		check_ticks(&axis, pixels, 40);
		axis = (struct draw_axis){NULL, DRAW_TAIL, DRAW_SHARE, 0, 1 - pow(10, -9 * rng_unit(&rng) - 0.1), false};
		check_ticks(&axis, pixels, 40);
	}
}

static void ticks_are_numbers_that_people_expect(void **state)
{
	(void)state;
	double ticks[DRAW_TICKS_MAX];
	const struct draw_axis linear = {NULL, DRAW_LINEAR, DRAW_COUNT, 0, 100, false};
	assert_int_equal(draw_ticks(&linear, 400, 80, ticks), 6);
	assert_true(ticks[1] == 20 && ticks[5] == 100);
	/* There is no half a domain. */
	const struct draw_axis few = {NULL, DRAW_LINEAR, DRAW_COUNT, -0.25, 1.25, false};
	assert_int_equal(draw_ticks(&few, 800, 40, ticks), 2);
	assert_true(ticks[0] == 0 && ticks[1] == 1);
	const struct draw_axis some = {NULL, DRAW_LINEAR, DRAW_COUNT, 0, 10, false};
	assert_int_equal(draw_ticks(&some, 160, 40, ticks), 3);
	assert_true(ticks[1] == 5);
	const struct draw_axis share = {NULL, DRAW_LINEAR, DRAW_NUMBER, -0.25, 1.25, false};
	assert_int_equal(draw_ticks(&share, 160, 40, ticks), 3);
	assert_true(ticks[1] == 0.5);
	const struct draw_axis bytes = {NULL, DRAW_LINEAR, DRAW_BYTES, 0, 4096, false};
	assert_int_equal(draw_ticks(&bytes, 400, 80, ticks), 5);
	assert_true(ticks[1] == 1024);
	const struct draw_axis decades = {NULL, DRAW_LOG, DRAW_NS, 10, 1e6, false};
	assert_int_equal(draw_ticks(&decades, 240, 40, ticks), 6);
	assert_true(fabs(ticks[0] - 10) < 1e-9 && fabs(ticks[5] / 1e6 - 1) < 1e-9);
	const struct draw_axis tail = {NULL, DRAW_TAIL, DRAW_SHARE, 0, 0.9995, false};
	assert_int_equal(draw_ticks(&tail, 400, 40, ticks), 5);
	assert_true(ticks[1] == 0.5 && fabs(ticks[4] - 0.999) < 1e-12);
}

static void numbers_have_no_digits_too_many(void **state)
{
	(void)state;
	char number[TEXT_NUMBER_BYTES];
	assert_string_equal(draw_number(number, DRAW_NS, 200), "200 ns");
	assert_string_equal(draw_number(number, DRAW_NS, 1500), "1.5 us");
	assert_string_equal(draw_number(number, DRAW_BYTES, 1536), "1.5 KiB");
	assert_string_equal(draw_number(number, DRAW_SHARE, 0.9999), "99.99 %");
	assert_string_equal(draw_number(number, DRAW_SHARE, 0.5), "50 %");
	assert_string_equal(draw_number(number, DRAW_COUNT, 250000), "250 k");
	assert_string_equal(draw_number(number, DRAW_TIMES, 1.5), "1.5\u00d7");
}

/* ---- figures ---- */

static const struct draw_axis unit_x = {"x", DRAW_LINEAR, DRAW_COUNT, 0, 10, false};
static const struct draw_axis log_y = {"y", DRAW_LOG, DRAW_NS, 1, 1000, false};
static const struct draw_box box = {100, 50, 200, 300};

static void begin(struct draw *draw, struct text *svg, bool standalone)
{
	draw_begin(draw, svg, 400, 400, "name", "about", standalone);
	draw_plot_begin(draw, &box, &unit_x, &log_y, "key");
}

static void values_stand_where_their_scale_has_them(void **state)
{
	(void)state;
	struct draw draw;
	struct text svg = {0};
	begin(&draw, &svg, false);
	assert_true(fabs(draw_x(&draw, 5) - 200) < 1e-9);
	assert_true(fabs(draw_y(&draw, 10) - 250) < 1e-9); /* a third of the way up */
	assert_true(isnan(draw_y(&draw, 0)));
	draw_plot_end(&draw);
	/* As much room for 99 to 99.9 % as for 90 to 99 %. */
	const struct draw_box place = {100, 50, 300, 300};
	const struct draw_axis tail = {NULL, DRAW_TAIL, DRAW_SHARE, 0, 0.999, false};
	const struct draw_axis shares = {"share", DRAW_LINEAR, DRAW_TIMES, 0, 1, false};
	size_t from = svg.length;
	draw_plot_begin(&draw, &place, &tail, &shares, "tail");
	assert_true(fabs(draw_x(&draw, 0.9) - 200) < 1e-6 && fabs(draw_x(&draw, 0.99) - 300) < 1e-6);
	assert_true(isnan(draw_x(&draw, 1)));
	draw_plot_end(&draw);
	/* Each axis has its own title and numbers. */
	assert_non_null(strstr(svg.bytes + from, ">99.9 %</text>"));
	assert_non_null(strstr(svg.bytes + from, ">share</text>"));
	assert_non_null(strstr(svg.bytes + from, ">0.6\u00d7</text>"));
	draw_end(&draw);
	text_release(&svg);
}

/* A gap breaks the line, and what is not to be relied on is a path of its own that begins where the other ends. */
static void lines_break_where_there_is_no_value(void **state)
{
	(void)state;
	struct draw draw;
	struct text svg = {0};
	const struct draw_point points[] = {{0, 1}, {1, 10}, {2, (double)NAN}, {3, 0}, {4, 10}, {5, 100}, {6, 1000}};
	begin(&draw, &svg, false);
	size_t from = svg.length;
	draw_line(&draw, 9, "a", points, 7, 6, false);
	assert_non_null(
		strstr(svg.bytes + from, "class=\"line d0\" d=\"M100.0 350.0L120.0 250.0M180.0 250.0L200.0 150.0\""));
	assert_non_null(strstr(svg.bytes + from, "class=\"line unsure\" d=\"M200.0 150.0L220.0 50.0\""));
	assert_non_null(strstr(svg.bytes + from, "series a1\" data-name=\"a\""));
	from = svg.length;
	draw_line(&draw, 0, "a", points, 2, 2, true);
	assert_non_null(strstr(svg.bytes + from, "M100.0 350.0H120.0V250.0"));
	draw_plot_end(&draw);
	draw_end(&draw);
	assert_null(strstr(svg.bytes, "nan"));
	text_release(&svg);
}

static void nothing_that_is_not_finite_is_drawn(void **state)
{
	(void)state;
	struct draw draw;
	struct text svg = {0};
	const struct draw_point points[] = {{(double)NAN, 1}, {1, (double)INFINITY}};
	begin(&draw, &svg, false);
	draw_line(&draw, 0, "a", points, 2, 2, false);
	draw_line(&draw, 0, "a", points, 0, 0, false);
	draw_marker(&draw, 0, (double)NAN, 1, false);
	draw_dot(&draw, 0, 1, -1);
	draw_interval(&draw, 0, (double)NAN, 1, 1);
	draw_rule(&draw, (double)NAN, "a", 100);
	draw_floor(&draw, (double)NAN, "a");
	draw_cells(&draw, 0, 0, NULL, draw_levels, DRAW_LEVELS);
	draw_area(&draw, "l1", points, points, 2);
	draw_band(&draw, 0, points, points, 2);
	draw_tick(&draw, (double)NAN);
	draw_level_rule(&draw, (double)NAN, "a", 100);
	draw_plot_end(&draw);
	draw_end(&draw);
	assert_null(strstr(svg.bytes, "nan"));
	assert_null(strstr(svg.bytes, "inf"));
	text_release(&svg);
}

static void names_are_text(void **state)
{
	(void)state;
	static const char hostile[] = "</text><script>\x1b[31m\x01\"'&\xff\xe2\x80\xae";
	struct draw draw;
	struct text svg = {0};
	const struct draw_end_label label = {0, hostile, 10};
	draw_begin(&draw, &svg, 400, 400, hostile, hostile, true);
	draw_plot_begin(&draw, &box, &unit_x, &log_y, hostile);
	draw_line(&draw, 0, hostile, NULL, 0, 0, false);
	draw_rule(&draw, 1, hostile, 1000);
	draw_plot_end(&draw);
	assert_true(draw_end_labels(&draw, &label, 1));
	draw_key(&draw, 0, 0, 0, hostile);
	draw_swatch(&draw, 0, 0, DRAW_STYLE_CACHED, hostile);
	draw_end(&draw);
	assert_null(strstr(svg.bytes, "<script"));
	assert_null(strstr(svg.bytes, "\xe2\x80\xae"));
	for (const char *at = svg.bytes; *at; at++)
		assert_true((unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t');
	text_release(&svg);
}

static void cells_of_one_level_are_one_piece(void **state)
{
	(void)state;
	struct draw draw;
	struct text svg = {0};
	const unsigned char cells[] = {1, 1, 0, 2, 2, 2, 3, 1, 2, 0, 3, 0};
	begin(&draw, &svg, false);
	size_t from = svg.length;
	draw_cells(&draw, 4, 3, cells, draw_levels, 3);
	assert_non_null(strstr(svg.bytes + from, "viewBox=\"0 0 4 3\""));
	/* Beside each other, or above each other where those are fewer. */
	assert_non_null(strstr(svg.bytes + from, "class=\"l1\" d=\"M0 0.5h2M3 1.5h1\""));
	assert_non_null(strstr(svg.bytes + from, "class=\"l2\" d=\"M3 0.5h1M0 1.5h2M0 2.5h1\""));
	assert_non_null(strstr(svg.bytes + from, "class=\"l3\" d=\"M2.5 1v2\""));
	draw_plot_end(&draw);
	draw_end(&draw);
	text_release(&svg);
}

/* Labels keep apart and inside, however close the values are; too many are refused. */
static void labels_never_touch(void **state)
{
	(void)state;
	struct draw draw;
	struct text svg = {0};
	struct draw_end_label labels[30];
	for (size_t i = 0; i < 30; i++)
		labels[i] = (struct draw_end_label){i, "arm", i < 10 ? 1.0 : 1.001};
	begin(&draw, &svg, false);
	draw_plot_end(&draw);
	size_t from = svg.length;
	assert_true(draw_end_labels(&draw, labels, 20));
	double last = -INFINITY;
	size_t count = 0;
	for (const char *at = svg.bytes + from; (at = strstr(at, " y=\"")); count++) {
		double y = strtod(at += 4, NULL);
		assert_true(y - last >= 12.99);
		assert_true(y >= box.y && y <= box.y + box.height + 5);
		last = y;
	}
	assert_int_equal(count, 20);
	assert_false(draw_end_labels(&draw, labels, 30));
	draw_end(&draw);
	text_release(&svg);
}

/* ---- colours ---- */

static void a_file_of_its_own_knows_no_variables(void **state)
{
	(void)state;
	struct text css = {0};
	draw_style(&css);
	assert_null(strstr(css.bytes, "var("));
	assert_null(strstr(css.bytes, "@media"));
	assert_non_null(strstr(css.bytes, ".figure text { fill: #1b1d20;"));
	assert_int_equal(occurrences(css.bytes, "{"), occurrences(css.bytes, "}"));
	text_release(&css);
}

struct lab {
	double v[3];
};

static double linear(double c)
{
	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double cube(double t)
{
	return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
}

static struct lab lab_of(const double rgb[3])
{
	double r = fmax(rgb[0], 0), g = fmax(rgb[1], 0), b = fmax(rgb[2], 0);
	double x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
	double z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
	return (struct lab){{116 * cube(y) - 16, 500 * (cube(x) - cube(y)), 200 * (cube(y) - cube(z))}};
}

/* As Vienot, Brettel and Mollon simulate them (1999): with every cone, without red ones, without green ones. */
static void see(const char *color, struct lab seen[3])
{
	static const double without[3][3][3] = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
						{{0.11238, 0.88762, 0}, {0.11238, 0.88762, 0}, {0.00401, -0.00401, 1}},
						{{0.29275, 0.70725, 0}, {0.29275, 0.70725, 0}, {-0.02234, 0.02234, 1}}};
	unsigned number = (unsigned)strtoul(color + 1, NULL, 16);
	const double rgb[3] = {linear((number >> 16 & 255) / 255.0), linear((number >> 8 & 255) / 255.0),
			       linear((number & 255) / 255.0)};
	for (int i = 0; i < 3; i++) {
		double its[3];
		for (int row = 0; row < 3; row++)
			its[row] = without[i][row][0] * rgb[0] + without[i][row][1] * rgb[1] + without[i][row][2] * rgb[2];
		seen[i] = lab_of(its);
	}
}

static void find_colors(const char *from, const char *colors[DRAW_COLORS])
{
	for (unsigned i = 0; i < DRAW_COLORS; i++) {
		char rule[32];
		snprintf(rule, sizeof rule, ".a%u { color: ", i);
		const char *at = strstr(from, rule);
		assert_non_null(at);
		colors[i] = at + strlen(rule);
		assert_true(colors[i][0] == '#' && colors[i][7] == ';');
	}
}

static void arms_stay_apart_for_any_eye(void **state)
{
	(void)state;
	for (int paper = 0; paper < 2; paper++) {
		const char *colors[DRAW_COLORS];
		struct lab seen[DRAW_COLORS][3];
		find_colors(paper ? strstr(draw_style_sheet, "scheme: dark") : draw_style_sheet, colors);
		for (unsigned i = 0; i < DRAW_COLORS; i++)
			see(colors[i], seen[i]);
		for (unsigned a = 0; a < DRAW_COLORS; a++)
			for (unsigned b = 0; b < a; b++) {
				assert_true(fabs(seen[a][0].v[0] - seen[b][0].v[0]) >= 3);
				for (int eye = 0; eye < 3; eye++)
					assert_true(hypot(hypot(seen[a][eye].v[0] - seen[b][eye].v[0],
								seen[a][eye].v[1] - seen[b][eye].v[1]),
							  seen[a][eye].v[2] - seen[b][eye].v[2]) >= 16);
			}
	}
}

static size_t times(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		count++;
	return count;
}

/* On a page each piece is a picture of its part of the figure; in a document of its own there are none. */
static void a_sheet_is_cut_into_pieces_on_a_page_alone(void **state)
{
	(void)state;
	const struct draw_box key = {10, 0, 30, 20}, left = {0, 20, 50, 80}, right = {50, 20, 50, 80};
	for (int standalone = 0; standalone <= 1; standalone++) {
		struct draw draw;
		struct text svg = {0};
		draw_begin_sheet(&draw, &svg, 100, 100, "a <sheet>", NULL, standalone);
		draw_piece(&draw, &key, 0, "key");
		draw_label(&draw, 12, 10, DRAW_START, DRAW_PLAIN, "word");
		draw_piece(&draw, &left, 2, "<left>");
		draw_piece(&draw, &right, 2, "right");
		draw_end(&draw);
		assert_int_equal(times(svg.bytes, "<svg"), standalone ? 1 : 3);
		assert_int_equal(times(svg.bytes, "</svg>"), standalone ? 1 : 3);
		assert_int_equal(times(svg.bytes, "<br>"), standalone ? 0 : 1);
		assert_int_equal(times(svg.bytes, "<div"), times(svg.bytes, "</div>"));
		if (!standalone) {
			assert_non_null(strstr(svg.bytes, "figure key\" width=\"30\" height=\"20\""));
			assert_non_null(strstr(svg.bytes, "viewBox=\"50.0 20.0 50.0 80.0\" aria-label=\"right\""));
			assert_non_null(strstr(svg.bytes, "aria-label=\"&lt;left&gt;\""));
			assert_non_null(strstr(svg.bytes, "aria-label=\"a &lt;sheet&gt;\""));
		}
		text_release(&svg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_lie_on_their_axis_and_ascend),
		cmocka_unit_test(ticks_are_numbers_that_people_expect),
		cmocka_unit_test(numbers_have_no_digits_too_many),
		cmocka_unit_test(values_stand_where_their_scale_has_them),
		cmocka_unit_test(lines_break_where_there_is_no_value),
		cmocka_unit_test(nothing_that_is_not_finite_is_drawn),
		cmocka_unit_test(a_sheet_is_cut_into_pieces_on_a_page_alone),
		cmocka_unit_test(names_are_text),
		cmocka_unit_test(cells_of_one_level_are_one_piece),
		cmocka_unit_test(labels_never_touch),
		cmocka_unit_test(a_file_of_its_own_knows_no_variables),
		cmocka_unit_test(arms_stay_apart_for_any_eye),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
