/* SPDX-License-Identifier: MIT
 * What an allocator does to its process beside answering: settings of threads that call it, threads of its own. What can be
 * is put back; all is noted in the record, and what spoils times makes it untrustworthy. */
#ifndef PLAY_CONDUCT_H
#define PLAY_CONDUCT_H

#include "play/thread_settings.h"
#include "result/result.h"

#include <stdint.h>
#include <sys/types.h>

#define CONDUCT_THREADS_MAX 8

struct conduct {
	struct result_record *record;
	struct thread_settings settings;
	pid_t threads[CONDUCT_THREADS_MAX]; /* that were there before it */
	uint32_t thread_count;
	uint64_t begun_ns;
	bool left_threads; /* that run its code and use its memory as long as this process is there */
};

/* Before any of its code runs; the calling thread plays or directs those that do. record outlives conduct. Every function
 * takes NULL, and does nothing. */
void conduct_begin(struct conduct *conduct, struct result_record *record);

/* After it was opened or created: nothing was timed yet. */
void conduct_opened(struct conduct *conduct);

/* After operations of a pass, with or without times, by the calling thread. */
void conduct_played(struct conduct *conduct, const char *pass, bool timed);
/* The same of another thread, which put back what thread_settings_restore told it. */
void conduct_changed(struct conduct *conduct, const char *changed, bool stays, const char *pass, bool timed);

/* After destroy. */
void conduct_closed(struct conduct *conduct, const char *pass, bool timed);

#endif
