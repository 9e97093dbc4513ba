/* SPDX-License-Identifier: MIT
 * What decides where and when a thread runs. */
#ifndef PLAY_THREAD_SETTINGS_H
#define PLAY_THREAD_SETTINGS_H

#include <sched.h>
#include <stdbool.h>

struct thread_settings {
	cpu_set_t cpus;
	int scheduling; /* SCHED_OTHER, … */
	int priority;   /* of the real-time ones */
	int niceness;
};

/* Of the calling thread. */
void thread_settings_read(struct thread_settings *settings);

/* Holds the calling thread against what was read of it before, and puts that back. Returns what was changed, a constant text
 * for people; NULL: nothing. *stays: some of it could not be put back. */
const char *thread_settings_restore(const struct thread_settings *settings, bool *stays);

#endif
