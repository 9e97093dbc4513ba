/* SPDX-License-Identifier: MIT
 * What the figures of a workload cannot say: one list, which every output shows. */
#ifndef REPORT_NOTES_H
#define REPORT_NOTES_H

#include "base/text.h"
#include "report/view.h"

#include <stdbool.h>
#include <stddef.h>

struct report_note {
	size_t arm; /* SIZE_MAX: it is about the workload */
	bool inner; /* it belongs to the one before */
	struct text text;
};

/* Arms first, each with its state, the requests that it failed in every measured phase, what drivers did wrong, and what is to
 * be known of its times; then what is told once. To be released. failed: no memory. */
struct report_notes {
	struct report_note *notes;
	size_t count, capacity;
	bool failed;
};
void report_notes_make(const struct report_view *view, size_t workload, struct report_notes *notes);
void report_notes_release(struct report_notes *notes);

#endif
