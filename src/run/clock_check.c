/* SPDX-License-Identifier: MIT */
#include "run/clock_check.h"

#include <assert.h>
#include <math.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Clocks that are steered (NTP) may be off by 500 ppm. */
#define RATE_ERROR_MAX 0.01
#define LEAST_NS UINT64_C(2000000) /* a hundred spreads */
#define SUSPENDED_NS_MIN UINT64_C(500000000)
/* Clocks are read one after the other: a reading that a pre-emption tore apart is taken again. */
#define READINGS_MAX 20
#define SPREAD_NS UINT64_C(20000)

static uint64_t kernel_ns(clockid_t clock)
{
	struct timespec now = {0};
	syscall(SYS_clock_gettime, clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void clock_check_begin(struct clock_check *check, const struct clock *clock)
{
	check->spread_ns = UINT64_MAX;
	for (int i = 0; i < READINGS_MAX && check->spread_ns > SPREAD_NS; i++) {
		struct clock_check now = {.monotonic_ns = kernel_ns(CLOCK_MONOTONIC)};
		now.measured_ticks = clock_start(clock);
		now.boot_ns = kernel_ns(CLOCK_BOOTTIME);
		now.real_ns = kernel_ns(CLOCK_REALTIME);
		now.spread_ns = kernel_ns(CLOCK_MONOTONIC) - now.monotonic_ns;
		if (now.spread_ns < check->spread_ns)
			*check = now;
	}
}

static bool differs(double measured_ns, double other_ns, double spread_ns)
{
	return !(fabs(measured_ns - other_ns) <= RATE_ERROR_MAX * other_ns + spread_ns);
}

void clock_check_end(const struct clock_check *check, const struct clock *clock, struct text *why)
{
	assert(check->monotonic_ns);
	struct clock_check now;
	if (clock_is_pretended())
		return;
	clock_check_begin(&now, clock);
	if (now.monotonic_ns - check->monotonic_ns < LEAST_NS) {
		const struct timespec nap = {0, (long)LEAST_NS};
		nanosleep(&nap, NULL);
		clock_check_begin(&now, clock);
	}
	double measured_ns = (double)(now.measured_ticks - check->measured_ticks) * clock->ns_per_tick;
	double monotonic_ns = (double)(now.monotonic_ns - check->monotonic_ns);
	double real_ns = (double)(int64_t)(now.real_ns - check->real_ns), boot_ns = (double)(now.boot_ns - check->boot_ns);
	double spread_ns = (double)(check->spread_ns + now.spread_ns);
	if (boot_ns - monotonic_ns > (double)SUSPENDED_NS_MIN + spread_ns)
		text_add(why, "the machine was suspended for %.3g s while it was measured", (boot_ns - monotonic_ns) / 1e9);
	else if (differs(measured_ns, monotonic_ns, spread_ns) && differs(measured_ns, real_ns, spread_ns))
		text_add(why, "the clock of measurements ran %.4g times as fast as two clocks of the system",
			 measured_ns / monotonic_ns);
}
