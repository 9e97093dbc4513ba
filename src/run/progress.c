/* SPDX-License-Identifier: MIT */
#include "run/progress.h"

#include <assert.h>
#include <math.h>

/* Before so long, and so many processes, an estimate would jump about. */
#define SECONDS_LEAST 5.0
#define PROCESSES_LEAST 3u

static void add_time(struct text *text, double seconds)
{
	if (seconds < 90)
		text_add(text, "%.0f s", ceil(seconds / 10) * 10);
	else if (seconds < 5400)
		text_add(text, "%.0f min", ceil(seconds / 60));
	else
		text_add(text, "%.1f h", seconds / 3600);
}

void progress_tell(const struct progress *progress, struct text *text)
{
	assert(progress->run <= progress->done && progress->seconds >= 0);
	size_t left = progress->all > progress->done ? progress->all - progress->done : 0;
	/* 100 % is said when nothing is left. */
	text_add(text, "%zu %%", progress->all ? 100 * (progress->all - left) / progress->all : 100);
	if (progress->run < PROCESSES_LEAST || progress->seconds < SECONDS_LEAST)
		return;
	double seconds = progress->seconds / (double)progress->run * (double)left;
	if (progress->budget_seconds > 0)
		seconds = fmin(seconds, fmax(progress->budget_seconds - progress->seconds, 0));
	text_add(text, ", about ");
	add_time(text, seconds);
	text_add(text, " left");
}
