/* SPDX-License-Identifier: MIT
 * Operations that arrive by a clock of their own, whether the allocator is ready or not: when each one was meant to begin, how
 * late it did, and when lateness grows without end. All times are ticks of one clock. */
#ifndef PLAY_OPEN_LOOP_H
#define PLAY_OPEN_LOOP_H

#include "base/clock.h"
#include "base/rng.h"
#include "result/figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPEN_LOOP_RATE_MIN 100u
#define OPEN_LOOP_RATE_MAX 1000000000u
#define OPEN_LOOP_BINS 64u

struct open_loop {
	double gap; /* mean between two arrivals */
	bool poisson;
	struct rng rng;
	uint64_t start;
	uint64_t paused; /* when it was paused */
	double next;     /* of the next arrival, since start */
	uint64_t done, last;
	uint64_t lateness_max;
	/* Lateness over the operations done, bin_size of them in each; when all bins are full, two become one. */
	double bins[OPEN_LOOP_BINS];
	size_t bin_size;
};

/* The schedule begins now: intended_i = now + the sum of i gaps, each the mean one, or exponential around it (poisson). */
void open_loop_begin(struct open_loop *loop, uint64_t now, double gap, bool poisson, uint64_t seed);

/* What lies between the two is no part of the schedule: it goes on where it stood. */
void open_loop_pause(struct open_loop *loop, uint64_t now);
void open_loop_resume(struct open_loop *loop, uint64_t now);

/* When the next operation is meant to begin. */
uint64_t open_loop_intended(const struct open_loop *loop);

/* It began and ended then, both not before its arrival. Returns its response: end - intended. */
uint64_t open_loop_done(struct open_loop *loop, uint64_t begin, uint64_t end);

/* Lateness grows: over the last half of the operations by 1 % of the time or more (Theil-Sen, so that one stall, which a queue
 * below its capacity catches up with, neither makes nor hides it), it rises within the last quarter, and it is 1 % of all the
 * time or more. false below 16 bins. */
bool open_loop_saturated(const struct open_loop *loop);

/* open_loop.* of a schedule in which something was done. */
void open_loop_store(const struct open_loop *loop, const struct clock *clock, struct result_figures *figures);

#endif
