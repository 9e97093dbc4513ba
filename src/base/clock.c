/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* A clock of CPU time may move with the timer of the kernel: 10 ms at most. */
#define CPU_STEPS_NS 50000000u

static uint64_t (*pretended)(void);
static uint32_t (*pretended_cpu)(void);

void clock_pretend(uint64_t (*ns)(void))
{
	pretended = ns;
	pretended_cpu = NULL;
}

bool clock_is_pretended(void)
{
	return pretended != NULL;
}

void clock_pretend_cpu(uint32_t (*cpu)(void))
{
	pretended_cpu = cpu;
}

uint64_t clock_system_ns(void)
{
	struct timespec now;
	if (pretended)
		return pretended();
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_cpu_time_ns(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint32_t clock_cpu(void)
{
	if (pretended_cpu)
		return pretended_cpu();
	int cpu = pretended ? 0 : sched_getcpu();
	return cpu < 0 ? 0 : (uint32_t)cpu;
}

/* True when the CPU's counter runs at one rate through frequency changes and sleep, and its stop names the CPU. */
static bool counter_is_constant(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;
	if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(d & (1u << 27))) /* rdtscp */
		return false;
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8)); /* invariant TSC */
#elif defined(__aarch64__)
	return true; /* the generic timer runs at a constant rate by definition */
#else
	return false;
#endif
}

/* Counter and system clock at one moment: of several tries the one with the shortest way around the system clock. */
static void read_both(const struct clock *clock, uint64_t *ticks, uint64_t *ns)
{
	uint64_t shortest = UINT64_MAX;
	for (int i = 0; i < 50; i++) {
		uint32_t cpu;
		uint64_t before = clock_start(clock);
		uint64_t now = clock_system_ns();
		uint64_t after = clock_stop(clock, &cpu);
		if (after - before < shortest) {
			shortest = after - before;
			*ticks = before + (after - before) / 2;
			*ns = now;
		}
	}
}

void clock_begin(struct clock *clock)
{
	if (clock->counter)
		read_both(clock, &clock->begin_ticks, &clock->begin_ns);
}

/* Since clock_begin, which lies so many milliseconds back at least. */
static double rate(const struct clock *clock, unsigned milliseconds)
{
	uint64_t ticks, ns, least_ns = milliseconds * UINT64_C(1000000), gone_ns = clock_system_ns() - clock->begin_ns;
	if (gone_ns < least_ns) {
		uint64_t left_ns = least_ns - gone_ns;
		struct timespec pause = {(time_t)(left_ns / 1000000000), (long)(left_ns % 1000000000)};
		nanosleep(&pause, NULL);
	}
	read_both(clock, &ticks, &ns);
	return (double)(ns - clock->begin_ns) / (double)(ticks - clock->begin_ticks);
}

static int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void measure_step_and_pair(struct clock *clock)
{
	enum { SAMPLES = 2001 };
	uint64_t pairs[SAMPLES], step = UINT64_MAX, last = clock_start(clock);
	for (int i = 0; i < SAMPLES; i++) {
		uint32_t from, to;
		uint64_t start = clock_start_on(clock, &from);
		uint64_t stop = clock_stop(clock, &to);
		pairs[i] = stop - start;
		if (start > last && start - last < step)
			step = start - last;
		if (stop > start && stop - start < step)
			step = stop - start;
		last = stop;
	}
	qsort(pairs, SAMPLES, sizeof pairs[0], compare_ticks);
	clock->pair_ns = (double)pairs[SAMPLES / 2] * clock->ns_per_tick;

	/* The counter may advance in strides: the step is the greatest common divisor of what was seen, not one tick. */
	uint64_t divisor = step;
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t a = divisor, b = pairs[i];
		while (b) {
			uint64_t rest = a % b;
			a = b;
			b = rest;
		}
		divisor = a;
	}
	clock->step_ns = (double)divisor * clock->ns_per_tick;
}

/* Where a reading takes longer than a step, what it takes. */
static double cpu_step_ns(void)
{
	enum { STEPS = 100, READINGS = 1000000 };
	uint64_t step = UINT64_MAX, last = clock_cpu_time_ns(), begin = clock_system_ns();
	for (int seen = 0, i = 0; seen < STEPS && i < READINGS; i++) {
		uint64_t now = clock_cpu_time_ns();
		if (now > last) {
			step = now - last < step ? now - last : step;
			seen++;
		}
		last = now;
		if (clock_system_ns() - begin > CPU_STEPS_NS)
			break;
	}
	return step < UINT64_MAX ? (double)step : (double)NAN;
}

void clock_calibrate(struct clock *clock, unsigned milliseconds)
{
	assert(milliseconds);
	const char *wanted = getenv("IOVABENCH_CLOCK");
	bool system = wanted && strcmp(wanted, "system") == 0;
	*clock = (struct clock){.counter = !system && counter_is_constant(), .ns_per_tick = 1};
	clock_begin(clock);
	if (clock->counter)
		clock->ns_per_tick = rate(clock, milliseconds);
	measure_step_and_pair(clock);
	clock->cpu_step_ns = cpu_step_ns();
	clock_begin(clock);
}

#define CHAIN_LENGTH 64
#define CHAIN_TURNS 1000

/* Additions of a register, not of a constant: some cores fold those. */
static void chain(void)
{
#if defined(__x86_64__)
	uint64_t sum = 1, one = 1;
	for (int i = 0; i < CHAIN_TURNS; i++)
		__asm__ volatile(".rept 64\n\tadd %1, %0\n\t.endr" : "+r"(sum) : "r"(one) : "cc");
#elif defined(__aarch64__)
	uint64_t sum = 1, one = 1;
	for (int i = 0; i < CHAIN_TURNS; i++)
		__asm__ volatile(".rept 64\n\tadd %0, %0, %1\n\t.endr" : "+r"(sum) : "r"(one));
#endif
}

double clock_core_ghz(const struct clock *clock)
{
#if defined(__x86_64__) || defined(__aarch64__)
	double best = 0;
	for (int i = 0; i < 50; i++) {
		uint32_t from, to;
		uint64_t start = clock_start_on(clock, &from);
		chain();
		uint64_t stop = clock_stop(clock, &to);
		double ns = (double)(stop - start) * clock->ns_per_tick - clock->pair_ns;
		double ghz = (double)CHAIN_LENGTH * CHAIN_TURNS / ns;
		if (from == to && stop > start && ns > 0 && ghz > best)
			best = ghz;
	}
	return best > 0 ? best : (double)NAN;
#else
	(void)clock;
	return (double)NAN;
#endif
}

double clock_compare(struct clock *clock, unsigned milliseconds)
{
	assert(milliseconds);
	clock->drift_ppm = 0;
	if (clock->counter)
		clock->drift_ppm = fabs(rate(clock, milliseconds) / clock->ns_per_tick - 1) * 1e6;
	return clock->drift_ppm;
}
