/* SPDX-License-Identifier: MIT */
#include "play/conduct.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A thread that ends may be seen for a moment. */
#define LOOKS 20
#define NAP_NS 2000000L
/* Threads that were left and take more than this share of the time are not idle. */
#define IDLE_SHARE_MAX 0.01
#define IDLE_NS_MAX UINT64_C(20000000)

/* What a thread of this process has run so far; 0: cannot be told. */
static uint64_t run_ns(const char *thread)
{
	char path[64], line[128];
	uint64_t ns;
	snprintf(path, sizeof path, "/proc/self/task/%.16s/schedstat", thread);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = descriptor < 0 ? -1 : read(descriptor, line, sizeof line - 1);
	if (descriptor >= 0)
		close(descriptor);
	line[length > 0 ? length : 0] = '\0';
	return sscanf(line, "%" SCNu64, &ns) == 1 ? ns : 0;
}

static bool is_known(const struct conduct *conduct, pid_t thread)
{
	for (uint32_t i = 0; i < conduct->thread_count; i++)
		if (conduct->threads[i] == thread)
			return true;
	return false;
}

/* Returns how many threads are there that were not; *ns: what they have run. */
static uint32_t new_threads(const struct conduct *conduct, uint64_t *ns)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	uint32_t count = 0;
	*ns = 0;
	while (threads && (entry = readdir(threads))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		if (thread <= 0 || is_known(conduct, thread))
			continue;
		count++;
		*ns += run_ns(entry->d_name);
	}
	if (threads)
		closedir(threads);
	return count;
}

void conduct_begin(struct conduct *conduct, struct result_record *record)
{
	if (!conduct)
		return;
	*conduct = (struct conduct){.record = record, .begun_ns = clock_system_ns()};
	thread_settings_read(&conduct->settings);
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	while (threads && (entry = readdir(threads)) && conduct->thread_count < CONDUCT_THREADS_MAX) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		if (thread > 0)
			conduct->threads[conduct->thread_count++] = thread;
	}
	if (threads)
		closedir(threads);
}

/* The first cause wins. */
static void distrust(struct conduct *conduct, const char *reason)
{
	if (!conduct->record->distrust)
		conduct->record->distrust = memory_text(reason);
}

/* Whose doing it was cannot be told: cpusets and renice work from outside. */
void conduct_changed(struct conduct *conduct, const char *changed, bool stays, const char *pass, bool timed)
{
	struct text text = {0};
	if (!conduct || !changed)
		return;
	text_add(&text, "%s of a thread that calls it changed in the %s%s", changed, pass,
		 stays ? ", and could not be put back" : ": put back");
	if (text.failed)
		return;
	result_record_note(conduct->record, "%s", text.bytes);
	if (timed)
		distrust(conduct, text.bytes);
	text_release(&text);
}

static void put_back(struct conduct *conduct, const char *pass, bool timed)
{
	bool stays;
	const char *changed = thread_settings_restore(&conduct->settings, &stays);
	/* Told once. */
	if (stays)
		thread_settings_read(&conduct->settings);
	conduct_changed(conduct, changed, stays, pass, timed || stays);
}

void conduct_opened(struct conduct *conduct)
{
	if (conduct)
		put_back(conduct, "opening", false);
}

void conduct_played(struct conduct *conduct, const char *pass, bool timed)
{
	if (conduct)
		put_back(conduct, pass, timed);
}

void conduct_closed(struct conduct *conduct, const char *pass, bool timed)
{
	const struct timespec nap = {0, NAP_NS};
	uint64_t ns = 0;
	if (!conduct)
		return;
	put_back(conduct, pass, false);
	for (int look = 0; new_threads(conduct, &ns); look++) {
		if (look < LOOKS) {
			nanosleep(&nap, NULL);
			continue;
		}
		conduct->left_threads = true;
		result_record_note(conduct->record, "destroy left threads behind");
		if (timed && ns > IDLE_NS_MAX &&
		    (double)ns > IDLE_SHARE_MAX * (double)(clock_system_ns() - conduct->begun_ns))
			distrust(conduct, "threads that destroy left behind took CPU time while it was measured");
		return;
	}
}
