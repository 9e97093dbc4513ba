/* SPDX-License-Identifier: MIT */
#include "play/open_loop.h"

#include "measure/statistics.h"

#include <assert.h>
#include <math.h>

#define SHARE_OF_TIME 0.01

static void draw_next(struct open_loop *loop)
{
	loop->next += loop->poisson ? -log(1.0 - rng_unit(&loop->rng)) * loop->gap : loop->gap;
}

void open_loop_begin(struct open_loop *loop, uint64_t now, double gap, bool poisson, uint64_t seed)
{
	assert(gap > 0);
	*loop = (struct open_loop){.gap = gap, .poisson = poisson, .start = now, .last = now, .bin_size = 1};
	rng_seed(&loop->rng, seed);
	draw_next(loop);
}

void open_loop_pause(struct open_loop *loop, uint64_t now)
{
	loop->paused = now;
}

void open_loop_resume(struct open_loop *loop, uint64_t now)
{
	loop->start += now - loop->paused;
	loop->last += now - loop->paused;
}

uint64_t open_loop_intended(const struct open_loop *loop)
{
	return loop->start + (uint64_t)loop->next;
}

static void note_lateness(struct open_loop *loop, uint64_t lateness)
{
	assert(loop->bin_size && loop->done <= loop->bin_size * OPEN_LOOP_BINS);
	size_t bin = (size_t)(loop->done / loop->bin_size);
	if (bin == OPEN_LOOP_BINS) {
		for (size_t i = 0; i < OPEN_LOOP_BINS; i++)
			loop->bins[i] = i < OPEN_LOOP_BINS / 2 ? loop->bins[2 * i] + loop->bins[2 * i + 1] : 0;
		loop->bin_size *= 2;
		bin = OPEN_LOOP_BINS / 2;
	}
	loop->bins[bin] += (double)lateness;
	loop->done++;
	if (lateness > loop->lateness_max)
		loop->lateness_max = lateness;
}

uint64_t open_loop_done(struct open_loop *loop, uint64_t begin, uint64_t end)
{
	uint64_t intended = open_loop_intended(loop);
	note_lateness(loop, begin > intended ? begin - intended : 0);
	loop->last = end;
	draw_next(loop);
	return end > intended ? end - intended : 0;
}

/* Mean lateness of a full bin. */
static double mean(const struct open_loop *loop, size_t bin)
{
	return loop->bins[bin] / (double)loop->bin_size;
}

/* Theil-Sen: the median growth from a bin to the next, of all pairs of the bins from … to - 1. One stall moves few of them. */
static double growth(const struct open_loop *loop, size_t from, size_t to)
{
	double slopes[(OPEN_LOOP_BINS / 2 + 1) * (OPEN_LOOP_BINS / 2) / 2];
	size_t count = 0;
	for (size_t i = from; i < to; i++)
		for (size_t j = i + 1; j < to; j++)
			slopes[count++] = (mean(loop, j) - mean(loop, i)) / (double)(j - i);
	return statistics_median(slopes, count);
}

bool open_loop_saturated(const struct open_loop *loop)
{
	size_t full = (size_t)(loop->done / loop->bin_size);
	if (full < 16)
		return false;
	double whole = (double)(loop->last - loop->start), last = mean(loop, full - 1);
	return last > mean(loop, full - full / 4) && last >= SHARE_OF_TIME * whole &&
	       growth(loop, full / 2, full) >= SHARE_OF_TIME * whole / (double)full;
}

void open_loop_store(const struct open_loop *loop, const struct clock *clock, struct result_figures *figures)
{
	double sum = 0;
	for (size_t i = 0; i < OPEN_LOOP_BINS; i++)
		sum += loop->bins[i];
	if (!loop->done || loop->last <= loop->start)
		return;
	double ns = (double)(loop->last - loop->start) * clock->ns_per_tick;
	/* Rates are whole operations a second; on its way through ticks it lost the last digit. */
	result_set(figures, METRIC_OFFERED_RATE, round(1e9 / (loop->gap * clock->ns_per_tick)));
	result_set(figures, METRIC_ACHIEVED_RATE, (double)loop->done * 1e9 / ns);
	result_set(figures, METRIC_LATENESS_MEAN_NS, sum / (double)loop->done * clock->ns_per_tick);
	result_set(figures, METRIC_LATENESS_MAX_NS, (double)loop->lateness_max * clock->ns_per_tick);
	result_set(figures, METRIC_SATURATED, open_loop_saturated(loop));
}
