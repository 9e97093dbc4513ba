/* SPDX-License-Identifier: MIT */
#include "run/clock_check.h"

#include <math.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Clocks that are steered (NTP) may be off by 500 ppm. */
#define RATE_ERROR_MAX 0.01
#define LEAST_NS UINT64_C(20000000)
/* The two readings are not at one moment: a pre-emption between them is no suspension, which takes seconds. */
#define SUSPENDED_NS_MIN UINT64_C(500000000)

static uint64_t kernel_ns(clockid_t clock)
{
	struct timespec now = {0};
	syscall(SYS_clock_gettime, clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void clock_check_begin(struct clock_check *check, const struct clock *clock)
{
	check->boot_ns = kernel_ns(CLOCK_BOOTTIME);
	check->monotonic_ns = kernel_ns(CLOCK_MONOTONIC);
	check->real_ns = kernel_ns(CLOCK_REALTIME);
	check->measured_ticks = clock_start(clock);
}

static bool differs(double ratio)
{
	return !(fabs(ratio - 1) <= RATE_ERROR_MAX);
}

void clock_check_end(const struct clock_check *check, const struct clock *clock, struct text *why)
{
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
	if (boot_ns - monotonic_ns > (double)SUSPENDED_NS_MIN)
		text_add(why, "the machine was suspended for %.3g s while it was measured", (boot_ns - monotonic_ns) / 1e9);
	else if (differs(measured_ns / monotonic_ns) && differs(measured_ns / real_ns))
		text_add(why, "the clock of measurements ran %.4g times as fast as two clocks of the system",
			 measured_ns / monotonic_ns);
}
