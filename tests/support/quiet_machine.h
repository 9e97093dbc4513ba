/* SPDX-License-Identifier: MIT
 * In place of the C library's getrusage and pread, for one test program: while it is quiet, nobody disturbs a thread, whatever
 * the machine is at. */
#ifndef SUPPORT_QUIET_MACHINE_H
#define SUPPORT_QUIET_MACHINE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool quiet;
static int (*quiet_steal_ticks)(void); /* of all CPUs, what /proc/stat tells; NULL: nothing is told */

int getrusage(__rusage_who_t who, struct rusage *usage)
{
	*usage = (struct rusage){.ru_nivcsw = 0};
	return quiet ? 0 : (int)syscall(SYS_getrusage, who, usage);
}

/* Of /proc, which tells of delays and steal. */
ssize_t pread(int descriptor, void *bytes, size_t length, off_t offset)
{
	bool tells_steal = length > 1024;
	size_t used = 0;
	if (!quiet)
		return syscall(SYS_pread64, descriptor, bytes, length, offset);
	if (!tells_steal || !quiet_steal_ticks)
		return -1;
	for (int cpu = 0; cpu < 256; cpu++)
		used += (size_t)snprintf((char *)bytes + used, length - used, "\ncpu%d 0 0 0 0 0 0 0 %d 0", cpu,
					 quiet_steal_ticks());
	return (ssize_t)used;
}

#endif
