/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool read_line(pid_t pid, const char *name, char *line, size_t bytes)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = descriptor < 0 ? -1 : read(descriptor, line, bytes - 1);
	if (descriptor >= 0)
		close(descriptor);
	line[length > 0 ? length : 0] = '\0';
	return length > 0;
}

bool process_read(pid_t pid, struct process_state *state)
{
	char line[512];
	int parent;
	*state = (struct process_state){0};
	if (!read_line(pid, "stat", line, sizeof line))
		return false;
	/* The name may hold anything, brackets too. */
	char *begin = strchr(line, '('), *end = strrchr(line, ')');
	if (!begin || !end || sscanf(end + 1, " %c %d", &state->letter, &parent) != 2)
		return false;
	state->parent = parent;
	snprintf(state->name, sizeof state->name, "%.*s", (int)(end - begin - 1), begin + 1);
	return true;
}

uint64_t process_resident_bytes(pid_t pid)
{
	char line[128];
	uint64_t pages;
	if (!read_line(pid, "statm", line, sizeof line) || sscanf(line, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A process that was killed may take this long to end; then it is told that it stays. */
#define SWEEP_SECONDS 10.0
#define SWEEP_NAP_SECONDS 0.002

/* Kills what is our child now; *name: of one of them, while it has none. */
static void kill_children(char *name, size_t bytes)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	while (processes && (entry = readdir(processes))) {
		struct process_state state;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!process_read(pid, &state) || state.parent != getpid() || state.letter == 'Z')
			continue;
		if (!*name)
			snprintf(name, bytes, "%s", state.name);
		kill(pid, SIGKILL);
	}
	if (processes)
		closedir(processes);
}

void process_sweep(struct process_left *left)
{
	const struct timespec nap = {0, (long)(SWEEP_NAP_SECONDS * 1e9)};
	/* Orphans of orphans become our children when their parents end: until there is none. */
	for (double seconds = 0;; seconds += SWEEP_NAP_SECONDS) {
		int status;
		pid_t ended;
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			left->killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		if (ended < 0 && errno == ECHILD)
			return;
		if (seconds > SWEEP_SECONDS) {
			left->for_good = true;
			return;
		}
		kill_children(left->name, sizeof left->name);
		nanosleep(&nap, NULL);
	}
}
