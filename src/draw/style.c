/* SPDX-License-Identifier: MIT */
#include "draw/draw.h"

#include "base/asset.h"

#include <string.h>

ASSET("draw_style_sheet", "src/draw/figure.css");

const char *const draw_levels[DRAW_LEVELS] = {"l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8"};
#define SHADES(sort) sort " s1", sort " s2", sort " s3"
const char *const draw_sorts[DRAW_SORTS * DRAW_SHADES] = {SHADES("k0"), SHADES("k1"), SHADES("k2"), SHADES("k3"),
							  SHADES("k4"), SHADES("k5"), SHADES("k6"), SHADES("k7")};

/* What turns SVG into paper knows no variables and has no dark paper: what variables fall back to stays, and the rules outside
 * of @media. */
void draw_style(struct text *css)
{
	const char *end = strstr(draw_style_sheet, "@media");
	for (const char *at = draw_style_sheet; at < end;) {
		if (strncmp(at, "var(", 4) != 0) {
			text_add_bytes(css, at++, 1);
			continue;
		}
		for (at = strchr(at, ',') + 2; *at != ')'; at++)
			text_add_bytes(css, at, 1);
		at++;
	}
}
