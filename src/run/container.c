/* SPDX-License-Identifier: MIT */
#include "run/container.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group of this process: its hierarchy is mounted at mount, and it is the folder path in there. */
struct group {
	char mount[PATH_MAX];
	char path[PATH_MAX]; /* "" or begins with a slash */
	bool second;         /* of version 2 */
};

static bool open_line(const char *path, char *line, size_t bytes)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, (int)bytes, file);
	if (file)
		fclose(file);
	return good;
}

/* The first line of a file in the group's folder of length bytes of its path. */
static bool read_at(const struct group *group, size_t length, const char *name, char *line, size_t bytes)
{
	char path[2 * PATH_MAX + 64];
	snprintf(path, sizeof path, "%s%.*s/%s", group->mount, (int)length, group->path, name);
	return open_line(path, line, bytes);
}

/* "max" is none, and so is -1. */
static uint64_t limit_of(const char *line)
{
	char *end;
	unsigned long long value = strtoull(line, &end, 10);
	return end == line || *line == '-' ? UINT64_MAX : value;
}

static void look_memory(const struct group *group, size_t length, struct container *container)
{
	/* Above the high one a process is slowed down until it hardly runs. */
	static const char *const first[] = {"memory.limit_in_bytes", NULL}, *const second[] = {"memory.max", "memory.high",
											       NULL};
	char line[64];
	for (const char *const *name = group->second ? second : first; *name; name++)
		if (read_at(group, length, *name, line, sizeof line) && limit_of(line) < container->memory_bytes)
			container->memory_bytes = limit_of(line);
}

static void look_cpus(const struct group *group, size_t length, struct container *container)
{
	char line[64], period[64];
	double quota_us = -1, period_us = 0;
	if (group->second) {
		if (!read_at(group, length, "cpu.max", line, sizeof line) ||
		    sscanf(line, "%lf %lf", &quota_us, &period_us) != 2)
			return;
	} else {
		if (!read_at(group, length, "cpu.cfs_quota_us", line, sizeof line) ||
		    !read_at(group, length, "cpu.cfs_period_us", period, sizeof period))
			return;
		quota_us = strtod(line, NULL);
		period_us = strtod(period, NULL);
	}
	if (quota_us > 0 && period_us > 0 && quota_us / period_us < container->cpus)
		container->cpus = quota_us / period_us;
}

/* From its own group to the root of what is mounted: each may limit. In a container the way begins outside of it, mostly, and
 * what is mounted is its own group: then only the last look finds something. */
static void look_upwards(const struct group *group, struct container *container,
			 void (*look)(const struct group *, size_t, struct container *))
{
	size_t length = strlen(group->path);
	look(group, length, container);
	while (length) {
		while (group->path[--length] != '/')
			;
		look(group, length, container);
	}
}

static void count_kills(const struct group *group, struct container *container)
{
	char path[2 * PATH_MAX + 64], line[128];
	snprintf(path, sizeof path, "%s%s/%s", group->mount, group->path,
		 group->second ? "memory.events" : "memory.oom_control");
	FILE *file = fopen(path, "re");
	uint64_t kills;
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "oom_kill %" SCNu64, &kills) == 1)
			container->oom_kills = kills;
	if (file)
		fclose(file);
}

static bool has_controller(const char *list, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* Controllers of version 1 are mounted under the names of all that are together, or each under its own. */
static void look_first(const char *root, const char *controllers, struct group *group, const char *name,
		       struct container *container, void (*look)(const struct group *, size_t, struct container *))
{
	if (!has_controller(controllers, name))
		return;
	const char *const folders[] = {controllers, name};
	for (size_t i = 0; i < 2; i++) {
		snprintf(group->mount, sizeof group->mount, "%s/sys/fs/cgroup/%s", root, folders[i]);
		look_upwards(group, container, look);
		if (look == look_memory)
			count_kills(group, container);
	}
}

static void look_second(const char *root, struct group *group, struct container *container)
{
	/* The second place: beside version 1. */
	static const char *const folders[] = {"", "/unified"};
	group->second = true;
	for (size_t i = 0; i < 2; i++) {
		snprintf(group->mount, sizeof group->mount, "%s/sys/fs/cgroup%s", root, folders[i]);
		look_upwards(group, container, look_memory);
		look_upwards(group, container, look_cpus);
		count_kills(group, container);
	}
}

void container_read(const char *root, struct container *container)
{
	assert(root);
	char path[PATH_MAX], line[PATH_MAX + 256];
	*container = (struct container){.memory_bytes = UINT64_MAX, .cpus = (double)INFINITY};
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	FILE *file = fopen(path, "re");
	container->known = file != NULL;
	while (file && fgets(line, sizeof line, file)) {
		struct group group = {0};
		line[strcspn(line, "\n")] = '\0';
		/* 4:memory:/path */
		char *controllers = strchr(line, ':'), *place = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!place)
			continue;
		*controllers++ = *place++ = '\0';
		/* What lies outside of the group's own namespace cannot be seen from here. */
		if (strncmp(place, "/..", 3) != 0 && strcmp(place, "/") != 0)
			snprintf(group.path, sizeof group.path, "%s", place);
		if (!*controllers) {
			look_second(root, &group, container);
		} else {
			look_first(root, controllers, &group, "memory", container, look_memory);
			look_first(root, controllers, &group, "cpu", container, look_cpus);
		}
	}
	if (file)
		fclose(file);
}
