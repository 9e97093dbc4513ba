/* SPDX-License-Identifier: MIT */
#include "play/taint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Room for the lines of some 400 CPUs, which come first; of a CPU beyond it steal is not known. */
#define STAT_BYTES 32768u

uint64_t taint_steal_ticks(const char *text, unsigned cpu)
{
	char label[24];
	int length = snprintf(label, sizeof label, "\ncpu%u ", cpu);
	const char *line = strstr(text, label);
	uint64_t steal;
	/* user nice system idle iowait irq softirq steal */
	if (!line || sscanf(line + length, "%*u %*u %*u %*u %*u %*u %*u %" SCNu64, &steal) != 1)
		return 0;
	return steal;
}

static uint64_t read_steal(int stat)
{
	char text[STAT_BYTES];
	int cpu = sched_getcpu();
	ssize_t length = stat >= 0 && cpu >= 0 ? pread(stat, text, sizeof text - 1, 0) : -1;
	if (length <= 0)
		return 0;
	text[length] = '\0';
	return taint_steal_ticks(text, (unsigned)cpu);
}

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

void taint_open(struct taint *taint, bool steal)
{
	*taint = (struct taint){.schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC),
				.stat = steal ? open("/proc/stat", O_RDONLY | O_CLOEXEC) : -1};
}

void taint_close(struct taint *taint)
{
	if (taint->schedstat >= 0)
		close(taint->schedstat);
	if (taint->stat >= 0)
		close(taint->stat);
}

void taint_before_steal(struct taint *taint)
{
	taint->steal_ticks = read_steal(taint->stat);
}

bool taint_after_steal(const struct taint *taint)
{
	return read_steal(taint->stat) != taint->steal_ticks;
}

void taint_before(struct taint *taint)
{
	taint_before_steal(taint);
	/* Last: what reading costs is no part of the window. */
	read_state(taint->schedstat, &taint->switches, &taint->run_delay_ns);
}

enum result_taint taint_look(struct taint *taint)
{
	const struct taint before = *taint;
	read_state(taint->schedstat, &taint->switches, &taint->run_delay_ns);
	taint->steal_ticks = read_steal(taint->stat);
	if (taint->switches != before.switches || taint->run_delay_ns != before.run_delay_ns)
		return RESULT_TAINT_PREEMPTED;
	return taint->steal_ticks != before.steal_ticks ? RESULT_TAINT_STEAL : RESULT_TAINT_NONE;
}

bool taint_after(const struct taint *taint)
{
	struct taint now = *taint;
	return taint_look(&now) != RESULT_TAINT_NONE;
}
