/* SPDX-License-Identifier: MIT */
#include "play/counters.h"

#include <assert.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CACHE(cache, operation, result)                                                                                    \
	(PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##operation << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const struct {
	enum metric metric;
	uint32_t type;
	uint64_t config;
} table[COUNTERS_COUNT] = {
	{METRIC_INSTRUCTIONS, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	{METRIC_CYCLES, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	{METRIC_LLC_MISSES, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	{METRIC_BRANCH_MISSES, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
	{METRIC_DTLB_MISSES, PERF_TYPE_HW_CACHE, CACHE(DTLB, READ, MISS)},
};

void counters_open(struct counters *counters)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++) {
		struct perf_event_attr wanted = {
			.size = sizeof wanted,
			.type = table[i].type,
			.config = table[i].config,
			.disabled = 1,
			.exclude_kernel = 1,
			.exclude_hv = 1,
			.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		};
		counters->descriptor[i] = (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
		counters->last[i] = (struct counters_reading){0};
		bool refused = errno == EACCES || errno == EPERM || errno == ENOSYS;
		counters->why[i] = refused ? RESULT_REASON_COUNTERS_REFUSED : RESULT_REASON_COUNTERS_MISSING;
	}
}

void counters_close(struct counters *counters)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		if (counters->descriptor[i] >= 0)
			close(counters->descriptor[i]);
}

static void tell(const struct counters *counters, unsigned long request)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		if (counters->descriptor[i] >= 0)
			ioctl(counters->descriptor[i], request, 0);
}

void counters_start(const struct counters *counters)
{
	tell(counters, PERF_EVENT_IOC_ENABLE);
}

void counters_stop(const struct counters *counters)
{
	tell(counters, PERF_EVENT_IOC_DISABLE);
}

void counters_add(struct counters_total *total, size_t counter, const struct counters_reading *before,
		  const struct counters_reading *after, double operations)
{
	assert(counter < COUNTERS_COUNT);
	double enabled = (double)(after->enabled_ns - before->enabled_ns);
	double running = (double)(after->running_ns - before->running_ns);
	if (running <= 0 || operations <= 0)
		return;
	total->counted[counter] += (double)(after->value - before->value) * (enabled / running);
	total->operations[counter] += operations;
}

void counters_note(struct counters *counters, double operations, struct counters_total *total)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++) {
		/* As the system writes it, by read_format. */
		struct counters_reading now;
		total->why[i] = counters->descriptor[i] < 0 ? counters->why[i] : RESULT_REASON_COUNTERS_MISSING;
		if (counters->descriptor[i] < 0 || read(counters->descriptor[i], &now, sizeof now) != (ssize_t)sizeof now)
			continue;
		counters_add(total, i, &counters->last[i], &now, operations);
		counters->last[i] = now;
	}
}

void counters_store(const struct counters_total *total, struct result_figures *figures)
{
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		if (total->operations[i] > 0)
			result_set(figures, table[i].metric, total->counted[i] / total->operations[i]);
		else
			result_set_null(figures, table[i].metric, total->why[i]);
}
