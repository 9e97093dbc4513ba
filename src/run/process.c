/* SPDX-License-Identifier: MIT */
#include "run/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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
