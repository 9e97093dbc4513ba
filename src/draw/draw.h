/* SPDX-License-Identifier: MIT
 * Figures as SVG: axes, lines, bands, markers, cells, labels. Knows no result. What is drawn appears at once in the text; a
 * failure shows in text.failed alone. Texts are escaped: they may hold anything. All lengths are units of the figure. */
#ifndef DRAW_DRAW_H
#define DRAW_DRAW_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum draw_scale {
	DRAW_LINEAR,
	DRAW_LOG, /* of positive values */
	DRAW_TAIL /* of shares p below 1, by log(1 / (1 - p)): as much room for 99 to 99.9 % as for 90 to 99 % */
};
/* Counts and bytes are whole: so are their ticks. */
enum draw_unit { DRAW_COUNT, DRAW_NUMBER, DRAW_NS, DRAW_BYTES, DRAW_SHARE, DRAW_TIMES };

struct draw_axis {
	const char *title; /* with the unit of its numbers; NULL: none */
	enum draw_scale scale;
	enum draw_unit unit;
	double low, high; /* finite, low < high */
	bool bare;        /* neither ticks nor grid: a scale of rows; low > high: the first is at the top */
};

struct draw_box {
	double x, y, width, height;
};

/* Zeroed before draw_begin. A figure holds any number of plots, one after the other. */
struct draw {
	struct text *svg;
	double width, height;
	struct draw_box box; /* of the plot at hand */
	struct draw_axis x, y;
	bool in_plot;
	bool sheet, open, keys; /* of a sheet: a piece is begun, and it is of the key */
};

/* What tells one arm from another: a colour, a marker and a dash, so that neither colour vision nor a printer is needed.
 * Arms of the first DRAW_COLORS have colours of their own; up to 168 arms no two have all three in common. */
#define DRAW_COLORS 8u
#define DRAW_MARKERS 7u
#define DRAW_DASHES 3u

/* The style sheet of figures, for a page: colours follow its paper, and its variables (--ink, --soft, --grid, --paper, …). */
extern const char draw_style_sheet[];
/* The same for a file of its own: on white paper. */
void draw_style(struct text *css);

/* width, height > 0. name: for people who do not see it; about: what it shows, likewise. standalone: a document of its own. */
void draw_begin(struct draw *draw, struct text *svg, double width, double height, const char *name, const char *about,
		bool standalone);
/* The same of many plots, which a page shows side by side as far as it is wide: there they are pieces, pictures of their own,
 * and nothing is drawn before the first one; in a document of its own pieces are nothing. */
void draw_begin_sheet(struct draw *draw, struct text *svg, double width, double height, const char *name, const char *about,
		      bool standalone);
/* What is drawn next lies in this part of the figure. columns: how many of its like stand side by side where there is room,
 * 1 to 4; 0: a word of the key, which keeps its size. name: as of draw_begin. */
void draw_piece(struct draw *draw, const struct draw_box *part, unsigned columns, const char *name);
void draw_end(struct draw *draw);

/* A plot inside box, with its axes, ticks and grid around it; what is drawn before draw_plot_end is cut at its edges. key:
 * what a script finds it by. */
void draw_plot_begin(struct draw *draw, const struct draw_box *box, const struct draw_axis *x, const struct draw_axis *y,
		     const char *key);
void draw_plot_end(struct draw *draw);

/* Room that numbers and title of an axis take beside a plot. */
#define DRAW_ROOM_LEFT 64.0
#define DRAW_ROOM_BOTTOM 42.0
#define DRAW_FONT 11.0
/* How wide a text is, about, at a font of DRAW_FONT. */
double draw_text_width(const char *text);

/* Where a value stands, in units of the figure; not finite where the scale has no place for it. */
double draw_x(const struct draw *draw, double value);
double draw_y(const struct draw *draw, double value);

/* Values that stand at ticks, ascending, at most one each pixels_each; returns how many. */
#define DRAW_TICKS_MAX 24u
size_t draw_ticks(const struct draw_axis *axis, double pixels, double pixels_each, double ticks[DRAW_TICKS_MAX]);
/* A number of an axis as people read it. */
const char *draw_number(char buffer[TEXT_NUMBER_BYTES], enum draw_unit unit, double value);

struct draw_point {
	double x, y; /* not finite: the line breaks there */
};

/* Of an arm, by its name. The first `solid` points are joined by a whole line, what follows by dots: it is not to be relied
 * on. steps: a value holds until the next one. */
void draw_line(struct draw *draw, size_t arm, const char *name, const struct draw_point *points, size_t count, size_t solid,
	       bool steps);
/* Where values are, x and y in the plot's. hollow: it is not the same as the others. */
void draw_marker(struct draw *draw, size_t arm, double x, double y, bool hollow);
void draw_dot(struct draw *draw, size_t arm, double x, double y);
/* From low to high along x. */
void draw_interval(struct draw *draw, size_t arm, double low, double high, double y);

/* Between one line and another one, count points each, in the plot's values; style: classes of the style sheet. O(count). */
void draw_area(struct draw *draw, const char *style, const struct draw_point *one, const struct draw_point *other,
	       size_t count);
/* The same, of an arm: where a value of its line may lie. */
void draw_band(struct draw *draw, size_t arm, const struct draw_point *low, const struct draw_point *high, size_t count);
/* Something failed at a value of y: a stroke at the right edge. */
void draw_tick(struct draw *draw, double y);
/* A line at a value of y, with a label on it where room (units of the figure) is enough. */
void draw_level_rule(struct draw *draw, double y, const char *label, double room);

/* A line across the plot at a value of x, with a label at its top where room (units of the figure) is enough for it. */
void draw_rule(struct draw *draw, double x, const char *label, double room);
/* All below a value of y is shaded, and why. */
void draw_floor(struct draw *draw, double y, const char *label);
/* A table of columns times rows, row 0 at the top, spread over the plot. Cell 0 is paper; cell i has style i - 1: classes of
 * the style sheet. O(cells * styles), and neighbours of one style, beside or above each other, are one piece. */
void draw_cells(struct draw *draw, size_t columns, size_t rows, const unsigned char *cells, const char *const *styles,
		size_t style_count);
/* Styles that grow darker. */
#define DRAW_LEVELS 8u
extern const char *const draw_levels[DRAW_LEVELS];
/* Styles of what is told apart where colours stand for no arm, each in three shades, the fullest last; and of what is not in
 * use. */
#define DRAW_SORTS 8u
#define DRAW_SHADES 3u
extern const char *const draw_sorts[DRAW_SORTS * DRAW_SHADES];
#define DRAW_STYLE_CACHED "cached"
#define DRAW_STYLE_DEFERRED "deferred"
#define DRAW_STYLE_RESERVED "reserved"
/* A patch of a style and what it stands for, at a place of the figure; returns how wide it is. */
double draw_swatch(struct draw *draw, double x, double y, const char *style, const char *name);

enum draw_anchor { DRAW_START, DRAW_MIDDLE, DRAW_END };
enum draw_voice { DRAW_PLAIN, DRAW_STRONG, DRAW_SOFT, DRAW_BAD };
/* In units of the figure. */
void draw_label(struct draw *draw, double x, double y, enum draw_anchor anchor, enum draw_voice voice, const char *text);
/* An arm's marker, line and name at a place of the figure; returns how wide it is. */
double draw_key(struct draw *draw, double x, double y, size_t arm, const char *name);

/* Names at the right ends of lines, pushed apart until none touches another one; without room for all of them nothing is
 * drawn and false is returned: a key is needed. */
struct draw_end_label {
	size_t arm;
	const char *name;
	double y; /* value of the last point */
};
bool draw_end_labels(struct draw *draw, const struct draw_end_label *labels, size_t count);

#endif
