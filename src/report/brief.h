/* SPDX-License-Identifier: MIT */
#ifndef REPORT_BRIEF_H
#define REPORT_BRIEF_H

#include "base/text.h"
#include "report/view.h"

/* What stands below the title of Markdown, as in a pull request: the verdict, and headline figures. At most BRIEF_LINES lines,
 * whatever the number of workloads and arms: those that have no room are counted. */
#define BRIEF_LINES 37u
void brief_markdown(const struct report_view *view, struct text *markdown);

#endif
