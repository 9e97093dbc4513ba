/* SPDX-License-Identifier: MIT */
#include "cli/workload_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_workload(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".yaml") == 0;
}

int workload_folder_scan(char folder[PATH_MAX], struct dirent ***entries)
{
	static const char *const places[] = {"workloads", "%s/../workloads", "%s/../../workloads",
					     "%s/../share/iovabench/workloads"};
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const char *from = strstr(places[i], "%s") ? places[i] + 2 : places[i];
		int bytes = snprintf(folder, PATH_MAX, "%s%s", from == places[i] ? "" : program, from);
		char *whole = from != places[i] && bytes < PATH_MAX ? realpath(folder, NULL) : NULL;
		if (whole)
			snprintf(folder, PATH_MAX, "%s", whole);
		free(whole);
		int count = bytes < PATH_MAX ? scandir(folder, entries, is_workload, alphasort) : -1;
		if (count > 0)
			return count;
		if (count == 0)
			free(*entries);
	}
	return -1;
}
