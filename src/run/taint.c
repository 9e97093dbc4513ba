/* SPDX-License-Identifier: MIT */
#include "run/taint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_state(int schedstat, int64_t *switches, uint64_t *run_delay_ns)
{
	struct rusage usage;
	*switches = getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
	*run_delay_ns = 0;
	char line[128];
	ssize_t length = schedstat >= 0 ? pread(schedstat, line, sizeof line - 1, 0) : -1;
	if (length > 0) {
		line[length] = '\0';
		uint64_t running;
		if (sscanf(line, "%" SCNu64 " %" SCNu64, &running, run_delay_ns) != 2)
			*run_delay_ns = 0;
	}
}

void taint_open(struct taint *taint)
{
	*taint = (struct taint){.schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)};
}

void taint_close(struct taint *taint)
{
	if (taint->schedstat >= 0)
		close(taint->schedstat);
}

void taint_before(struct taint *taint)
{
	read_state(taint->schedstat, &taint->switches, &taint->run_delay_ns);
}

bool taint_after(const struct taint *taint)
{
	int64_t switches;
	uint64_t run_delay_ns;
	read_state(taint->schedstat, &switches, &run_delay_ns);
	return switches != taint->switches || run_delay_ns != taint->run_delay_ns;
}
