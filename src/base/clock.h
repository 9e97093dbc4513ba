/* SPDX-License-Identifier: MIT
 * The clock of measurements: the fenced time-stamp counter where it is constant, CLOCK_MONOTONIC_RAW where not. Figures and
 * rules in docs/method.md. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* What was found out about the clock. Copied to workers, so that one calibration serves a whole run. */
struct clock {
	bool counter; /* ticks of the CPU's counter; else ticks are nanoseconds */
	double ns_per_tick;
	double step_ns;                 /* smallest difference between two readings that differ */
	double pair_ns;                 /* median cost of a start and a stop with nothing between them */
	double drift_ppm;               /* filled by clock_compare */
	uint64_t begin_ticks, begin_ns; /* one moment, from which on clock_compare judges; by the counter and the system */
	double cpu_step_ns;             /* as step_ns, of clock_cpu_time_ns; NaN: it does not move */
};

/* CLOCK_MONOTONIC_RAW, or what stands in for it. */
uint64_t clock_system_ns(void);

/* CPU time that the calling thread took. A call of the system: some hundred nanoseconds. */
uint64_t clock_cpu_time_ns(void);

/* The CPU that this thread runs on, where no counter names it. */
uint32_t clock_cpu(void);

/* For tests: a clock of their own in place of the system's, for every struct clock without a counter; NULL ends it. */
void clock_pretend(uint64_t (*ns)(void));
bool clock_is_pretended(void);
/* After clock_pretend, which ends it: the CPU that its readings name, else always 0. */
void clock_pretend_cpu(uint32_t (*cpu)(void));

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
	return clock_system_ns();
}

/* *cpu identifies the CPU that it ran on: a change between start and stop is a migration (where the hardware does not say, the
 * system is asked after the reading). */
static inline uint64_t clock_stop(const struct clock *clock, uint32_t *cpu)
{
#if defined(__x86_64__)
	if (__builtin_expect(clock->counter, 1)) {
		uint64_t ticks = __rdtscp(cpu);
		_mm_lfence();
		return ticks;
	}
#endif
	uint64_t ticks = clock_start(clock);
	*cpu = clock_cpu();
	return ticks;
}

/* As clock_start, and tells the CPU at once. */
static inline uint64_t clock_start_on(const struct clock *clock, uint32_t *cpu)
{
#if defined(__x86_64__)
	if (__builtin_expect(clock->counter, 1)) {
		_mm_lfence();
		uint64_t ticks = __rdtscp(cpu);
		_mm_lfence();
		return ticks;
	}
#endif
	*cpu = clock_cpu();
	return clock_start(clock);
}

/* Chooses the counter or the system clock (the latter also when the environment says IOVABENCH_CLOCK=system), measures steps
 * and pair cost, and calibrates for milliseconds (>= 1). */
void clock_calibrate(struct clock *clock, unsigned milliseconds);

/* Cycles of the core in a nanosecond, from a chain of additions that each wait for the one before: the best of some tries,
 * about 1 ms in all. NaN where it cannot be told. */
double clock_core_ghz(const struct clock *clock);

/* Judges from now on. clock_calibrate did so at its end; a clock that was calibrated by another process needs it. */
void clock_begin(struct clock *clock);

/* How far the rate since clock_begin is from the calibrated one, in parts per million: returned and stored. Sleeps until so
 * many milliseconds (>= 1) have gone by since then. */
double clock_compare(struct clock *clock, unsigned milliseconds);

#endif
