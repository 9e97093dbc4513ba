/* SPDX-License-Identifier: MIT
 * Time that does not pass while other programs run. */
#ifndef SUPPORT_CPU_TIME_H
#define SUPPORT_CPU_TIME_H

#include <stdint.h>
#include <time.h>

/* CPU time of this thread, in nanoseconds. */
static inline uint64_t cpu_time_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

#endif
