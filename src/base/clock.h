/* SPDX-License-Identifier: MIT
 * The clock of measurements: the fenced time-stamp counter where it is constant, CLOCK_MONOTONIC_RAW where not. Figures and
 * rules in docs/method.md. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* What was found out about the clock. Copied to workers, so that one calibration serves a whole run. */
struct clock {
	bool counter; /* ticks of the CPU's counter; else ticks are nanoseconds */
	double ns_per_tick;
	double step_ns;   /* smallest difference between two readings that differ */
	double pair_ns;   /* median cost of a start and a stop with nothing between them */
	double drift_ppm; /* between two calibrations; filled by clock_compare */
};

static inline uint64_t clock_raw_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Nothing before it is still under way, nothing after it has begun. */
static inline uint64_t clock_start(const struct clock *clock)
{
#if defined(__x86_64__)
	if (__builtin_expect(clock->counter, 1)) {
		_mm_lfence();
		uint64_t ticks = __rdtsc();
		_mm_lfence();
		return ticks;
	}
#elif defined(__aarch64__)
	if (__builtin_expect(clock->counter, 1)) {
		uint64_t ticks;
		__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks)::"memory");
		return ticks;
	}
#endif
	(void)clock;
	return clock_raw_ns();
}

/* *cpu identifies the CPU that it ran on: a change between start and stop is a migration (0 where the hardware does not say). */
static inline uint64_t clock_stop(const struct clock *clock, uint32_t *cpu)
{
#if defined(__x86_64__)
	if (__builtin_expect(clock->counter, 1)) {
		uint64_t ticks = __rdtscp(cpu);
		_mm_lfence();
		return ticks;
	}
#endif
	*cpu = 0;
	return clock_start(clock);
}

/* Chooses the counter or the system clock, measures step and pair cost, and calibrates for milliseconds (>= 1). */
void clock_calibrate(struct clock *clock, unsigned milliseconds);

/* Calibrates again; returns how far the two rates are apart in parts per million, and stores it. */
double clock_compare(struct clock *clock, unsigned milliseconds);

#endif
