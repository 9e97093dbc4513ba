/* SPDX-License-Identifier: MIT */
#include "play/thread_settings.h"

#include <string.h>
#include <sys/resource.h>

void thread_settings_read(struct thread_settings *settings)
{
	struct sched_param parameter = {0};
	memset(settings, 0, sizeof *settings);
	sched_getaffinity(0, sizeof settings->cpus, &settings->cpus);
	settings->scheduling = sched_getscheduler(0);
	if (sched_getparam(0, &parameter) == 0)
		settings->priority = parameter.sched_priority;
	settings->niceness = getpriority(PRIO_PROCESS, 0); /* of this thread alone, on Linux */
}

const char *thread_settings_restore(const struct thread_settings *settings, bool *stays)
{
	static const char *const names[] = {NULL,
					    "CPU affinity",
					    "scheduling class",
					    "CPU affinity and scheduling class",
					    "niceness",
					    "CPU affinity and niceness",
					    "scheduling class and niceness",
					    "CPU affinity, scheduling class and niceness"};
	struct thread_settings now;
	thread_settings_read(&now);
	unsigned cpus = !CPU_EQUAL(&now.cpus, &settings->cpus), niceness = now.niceness != settings->niceness,
		 scheduling = now.scheduling != settings->scheduling || now.priority != settings->priority;
	const struct sched_param parameter = {.sched_priority = settings->priority};
	*stays = false;
	if (cpus)
		*stays |= sched_setaffinity(0, sizeof settings->cpus, &settings->cpus) < 0;
	if (scheduling)
		*stays |= sched_setscheduler(0, settings->scheduling, &parameter) < 0;
	if (niceness)
		*stays |= setpriority(PRIO_PROCESS, 0, settings->niceness) < 0;
	return names[cpus | scheduling << 1 | niceness << 2];
}
