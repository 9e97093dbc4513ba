/* SPDX-License-Identifier: MIT */
#include "run/cpus.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_FOLDER "sys/devices/system"

/* -1: no number below CPU_SETSIZE stands there. */
static long read_number(const char **at)
{
	if (**at < '0' || **at > '9')
		return -1;
	char *end;
	errno = 0;
	long number = strtol(*at, &end, 10);
	*at = end;
	return errno || number >= CPU_SETSIZE ? -1 : number;
}

int cpus_read_list(const char *text, cpu_set_t *set)
{
	assert(text);
	CPU_ZERO(set);
	for (const char *at = text;; at++) {
		long first = read_number(&at), last = first;
		if (*at == '-') {
			at++;
			last = read_number(&at);
		}
		if (first < 0 || last < first || (*at && *at != ','))
			return -1;
		for (long cpu = first; cpu <= last; cpu++)
			CPU_SET((size_t)cpu, set);
		if (!*at)
			return 0;
	}
}

/* As cpus_read_list writes it. */
static void add_list(const cpu_set_t *set, struct text *text)
{
	const char *before = "";
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		size_t last = cpu;
		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		text_add(text, last > cpu ? "%s%zu-%zu" : "%s%zu", before, cpu, last);
		before = ",";
		cpu = last;
	}
}

/* The list in a file of the system's folder. -1: there is none, or it is empty. */
static int read_system(const char *root, const char *name, cpu_set_t *set)
{
	char path[PATH_MAX], line[8192];
	snprintf(path, sizeof path, "%s/" SYSTEM_FOLDER "/%s", root, name);
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, sizeof line, file);
	if (file)
		fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good ? cpus_read_list(line, set) : -1;
}

/* "…: what; word are 0-3" */
static int refuse(struct error *error, const char *what, const char *word, const cpu_set_t *set)
{
	struct text list = {0};
	add_list(set, &list);
	error_set(error, EXIT_CODE_USAGE, "%s; %s %s", what, word, list.length && !list.failed ? list.bytes : "none");
	text_release(&list);
	return -1;
}

static int choose_listed(const char *root, const char *list, const cpu_set_t *allowed, cpu_set_t *chosen,
			 struct error *error)
{
	char what[RUN_CPUS_BYTES + 80];
	cpu_set_t online;
	bool good = cpus_read_list(list, chosen) == 0;
	assert(good);
	(void)good;
	if (read_system(root, "cpu/online", &online) < 0)
		online = *allowed;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, chosen) || CPU_ISSET(cpu, allowed))
			continue;
		bool there = CPU_ISSET(cpu, &online);
		snprintf(what, sizeof what, "--cpus '%s': %s CPU %zu%s", list,
			 there ? "this process may not use" : "there is no", cpu, there ? " (affinity, cpuset)" : "");
		return refuse(error, what, there ? "allowed are" : "online are", there ? allowed : &online);
	}
	return 0;
}

static int choose_node(const char *root, uint32_t node, const cpu_set_t *allowed, cpu_set_t *chosen, struct error *error)
{
	char name[64], what[128];
	cpu_set_t nodes, cpus;
	if (read_system(root, "node/online", &nodes) < 0)
		return error_set(error, EXIT_CODE_USAGE, "--node '%u': this system tells of no NUMA nodes", node);
	snprintf(what, sizeof what, "--node '%u': there is no NUMA node %u", node, node);
	if (node >= CPU_SETSIZE || !CPU_ISSET(node, &nodes))
		return refuse(error, what, "online are", &nodes);
	snprintf(name, sizeof name, "node/node%u/cpulist", node);
	if (read_system(root, name, &cpus) < 0)
		return error_set(error, EXIT_CODE_USAGE, "--node '%u': NUMA node %u has no CPU", node, node);
	CPU_AND(chosen, &cpus, allowed);
	snprintf(what, sizeof what, "--node '%u': this process may use no CPU of NUMA node %u (affinity, cpuset)", node,
		 node);
	return CPU_COUNT(chosen) ? 0 : refuse(error, what, "its CPUs are", &cpus);
}

int cpus_choose(const char *root, const struct run_options *options, const cpu_set_t *allowed, cpu_set_t *chosen,
		struct error *error)
{
	assert(root);
	*chosen = *allowed;
	if (*options->cpus && options->has_node)
		return error_set(error, EXIT_CODE_USAGE, "--node '%u': --cpus says where to run already: give one of them",
				 options->node);
	if (*options->cpus)
		return choose_listed(root, options->cpus, allowed, chosen, error);
	return options->has_node ? choose_node(root, options->node, allowed, chosen, error) : 0;
}

int cpus_use(const struct run_options *options, struct error *error)
{
	cpu_set_t allowed, chosen;
	if (!*options->cpus && !options->has_node)
		return 0;
	if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
		return error_set(error, EXIT_CODE_IO, "cannot tell which CPUs may be used: %s", strerror(errno));
	if (cpus_choose("", options, &allowed, &chosen, error) < 0)
		return -1;
	if (sched_setaffinity(0, sizeof chosen, &chosen) < 0)
		return error_set(error, EXIT_CODE_IO, "cannot keep to the CPUs of --cpus or --node: %s", strerror(errno));
	return 0;
}
