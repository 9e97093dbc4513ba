/* SPDX-License-Identifier: MIT */
#include "run/machine.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "iovabench/version.h"
#include "result/node.h"
#include "run/container.h"

#include <assert.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DRIFT_PPM_MAX 100.0
#define CACHES_MAX 16u
#define CACHE_BYTES_MAX (UINT64_C(1) << 40)

/* Copies what stands behind "key   : " on the first line that has it. */
static void find_line(const char *path, const char *key, char *value, size_t bytes)
{
	char line[512];
	FILE *file = fopen(path, "re");
	*value = '\0';
	while (file && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, key, strlen(key)) != 0 || !colon)
			continue;
		colon += strspn(colon, ": \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, bytes, "%s", colon);
		break;
	}
	if (file)
		fclose(file);
}

static bool first_line(const char *path, char *line, size_t bytes)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, (int)bytes, file);
	if (file)
		fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

int machine_thread_cpus(int *cpus, uint32_t threads)
{
	assert(threads);
	cpu_set_t set;
	uint32_t found = 0;
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 0;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET((size_t)cpu, &set)) {
			if (found < threads)
				cpus[found] = cpu;
			found++;
		}
	for (uint32_t i = found; found && i < threads; i++)
		cpus[i] = cpus[i % found];
	return (int)found;
}

uint64_t machine_memory_bytes(const char *root)
{
	assert(root);
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t bytes = pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : UINT64_MAX;
	struct container container;
	container_read(root, &container);
	bytes = container.memory_bytes < bytes ? container.memory_bytes : bytes;
	return bytes == UINT64_MAX ? 0 : bytes;
}

void machine_warn_of_memory(struct text *warnings, uint64_t group_bytes, uint64_t limit_bytes)
{
	char group[TEXT_NUMBER_BYTES], limit[TEXT_NUMBER_BYTES];
	text_bytes(group, (double)group_bytes);
	text_bytes(limit, (double)(limit_bytes ? limit_bytes : group_bytes / 4 * 3));
	if (!limit_bytes)
		text_add(warnings, "the control group may take %s of memory: --memory is %s unless it is given\n", group,
			 limit);
	else if (limit_bytes > group_bytes)
		text_add(
			warnings,
			"the control group may take %s of memory, less than the %s of --memory: the system may kill a worker "
			"before it gets there\n",
			group, limit);
}

static void warn_of_container(struct text *warnings, long cpus, int usable, uint64_t limit_bytes)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	struct container container;
	container_read("", &container);
	if (pages > 0 && container.memory_bytes < (uint64_t)pages * (uint64_t)page_bytes)
		machine_warn_of_memory(warnings, container.memory_bytes, limit_bytes);
	if (container.cpus < (double)(usable > 0 ? usable : cpus))
		text_add(warnings,
			 "the control group may take %.3g s of CPU time in a second: when they are used up, everything "
			 "waits, and maxima are such waits\n",
			 container.cpus);
	if (usable > 0 && usable < cpus)
		text_add(warnings, "%d of %ld CPUs may be used (--cpus, --node, affinity, cpuset)\n", usable, cpus);
}

static void warn(struct text *warnings, const struct clock *clock, long cpus, uint32_t threads, uint64_t limit_bytes)
{
	char line[256], duration[TEXT_NUMBER_BYTES];
	double load;
	if (!clock->counter)
		text_add(warnings,
			 "no constant time-stamp counter: the system clock is used, and each reading costs more\n");
	else if (clock->drift_ppm > DRIFT_PPM_MAX)
		text_add(warnings,
			 "the counter's rate moved by %.0f ppm between two calibrations: times are not to be trusted\n",
			 clock->drift_ppm);
	if (clock->pair_ns > 0)
		text_add(warnings, "single latencies below %s cannot be told from an empty measurement here\n",
			 text_duration(duration, clock->pair_ns + clock->step_ns));
	if (first_line("/proc/loadavg", line, sizeof line) && sscanf(line, "%lf", &load) == 1 && load > (double)cpus * 0.75)
		text_add(warnings, "the machine is busy (load %.1f on %ld CPUs): maxima are pre-emptions\n", load, cpus);
	if (first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line, sizeof line) &&
	    strcmp(line, "performance") != 0)
		text_add(warnings, "frequency governor is '%s', not 'performance'\n", line);
	int first, usable = machine_thread_cpus(&first, 1);
	if (usable > 0 && threads > (uint32_t)usable)
		text_add(warnings,
			 "%u threads on %d CPUs: they take turns, and figures tell more of the scheduler than of the "
			 "allocator\n",
			 threads, usable);
	warn_of_container(warnings, cpus, usable, limit_bytes);
	if (cpus < 2 || usable == 1)
		text_add(warnings, cpus < 2 ? "one CPU only: everything else runs on the CPU that is measured\n"
					    : "one CPU may be used: iovabench itself runs on the CPU that is measured\n");
}

char *machine_cpu_name(void)
{
	char model[256];
	find_line("/proc/cpuinfo", "model name", model, sizeof model);
	return memory_text(*model ? model : "unknown");
}

int machine_worker_cpu(void)
{
	int cpu;
	return machine_thread_cpus(&cpu, 1) ? cpu : -1;
}

void machine_environment(struct result_environment *environment, const struct clock *clock)
{
	char line[512];
	double ticks_per_second = (double)sysconf(_SC_CLK_TCK), steal;
	*environment = (struct result_environment){(double)NAN, clock_core_ghz(clock), (double)NAN};
	if (first_line("/proc/loadavg", line, sizeof line))
		sscanf(line, "%lf", &environment->load_1min);
	if (first_line("/proc/stat", line, sizeof line) && sscanf(line, "cpu %*f %*f %*f %*f %*f %*f %*f %lf", &steal) == 1)
		environment->steal_ms = steal * 1000 / ticks_per_second;
}

static void hash_file(const char *root, const char *name, uint64_t *hash)
{
	char path[4096], line[512];
	snprintf(path, sizeof path, "%s/%s", root, name);
	if (!first_line(path, line, sizeof line))
		line[0] = '\0';
	*hash = hash_bytes(*hash, line, strlen(line) + 1);
}

uint64_t machine_node_id(const char *root)
{
	assert(root);
	uint64_t hash = HASH_START;
	hash_file(root, "etc/machine-id", &hash);
	hash_file(root, "proc/sys/kernel/hostname", &hash);
	return hash;
}

static uint32_t count_numa_nodes(const char *root)
{
	char path[4096];
	uint32_t count = 0;
	struct stat state;
	do
		snprintf(path, sizeof path, "%s/sys/devices/system/node/node%u", root, count);
	while (stat(path, &state) == 0 && ++count < UINT32_MAX);
	return count;
}

/* A line of a file of a cache. */
static bool cache_line(const char *root, int cpu, unsigned index, const char *name, char *line, size_t bytes)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/cache/index%u/%s", root, cpu, index, name);
	return first_line(path, line, bytes);
}

/* "48K"; 0: none. */
static uint64_t cache_size(const char *text)
{
	char *unit;
	uint64_t size = *text >= '0' && *text <= '9' ? strtoull(text, &unit, 10) : 0;
	unsigned shift = !size ? 0 : *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
	return size && (!*unit || (shift && !unit[1])) && size <= CACHE_BYTES_MAX >> shift ? size << shift : 0;
}

void machine_caches(const char *root, int cpu, uint64_t cache_bytes[RESULT_CACHE_COUNT])
{
	assert(root);
	char level[32], type[32], size[32];
	memset(cache_bytes, 0, RESULT_CACHE_COUNT * sizeof cache_bytes[0]);
	for (unsigned i = 0; i < CACHES_MAX && cache_line(root, cpu, i, "level", level, sizeof level); i++) {
		if (!cache_line(root, cpu, i, "type", type, sizeof type) ||
		    !cache_line(root, cpu, i, "size", size, sizeof size))
			continue;
		bool data = strcmp(type, "Instruction") != 0, code = strcmp(type, "Data") != 0;
		const bool is[RESULT_CACHE_COUNT] = {
			[RESULT_CACHE_L1D] = strcmp(level, "1") == 0 && data,
			[RESULT_CACHE_L1I] = strcmp(level, "1") == 0 && code,
			[RESULT_CACHE_L2] = strcmp(level, "2") == 0 && data,
			[RESULT_CACHE_L3] = strcmp(level, "3") == 0 && data,
		};
		for (size_t which = 0; which < RESULT_CACHE_COUNT; which++)
			if (is[which] && !cache_bytes[which])
				cache_bytes[which] = cache_size(size);
	}
}

int machine_node(const char *root, struct result_node *node)
{
	char path[4096], line[256];
	unsigned long long kib;
	node->id = machine_node_id(root);
	snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
	find_line(path, "microcode", line, sizeof line);
	node->microcode = *line ? memory_text(line) : NULL;
	bool good = !*line || node->microcode;
	snprintf(path, sizeof path, "%s/proc/meminfo", root);
	find_line(path, "MemTotal", line, sizeof line);
	if (sscanf(line, "%llu kB", &kib) == 1)
		node->memory_bytes = (uint64_t)((kib + (1u << 19)) >> 20) << 30;
	node->numa_nodes = count_numa_nodes(root);
	return good ? 0 : -1;
}

int machine_describe(struct result *result, const struct clock *clock, uint32_t threads, uint64_t limit_bytes)
{
	char kernel[512];
	struct utsname name;
	struct text warnings = {0};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (uname(&name) == 0)
		snprintf(kernel, sizeof kernel, "%s %s %s", name.sysname, name.release, name.machine);
	else
		kernel[0] = '\0';
	text_add(&warnings, "%s", "");
	warn(&warnings, clock, cpus, threads, limit_bytes);
	if (warnings.length)
		warnings.bytes[--warnings.length] = '\0';
	machine_environment(&result->machine.after, clock);
	int cpu = machine_worker_cpu();
	machine_caches("", cpu < 0 ? 0 : cpu, result->machine.cache_bytes);
	result->machine.cpu = machine_cpu_name();
	result->machine.kernel = memory_text(kernel);
	result->machine.clock = memory_text(clock->counter ? "time-stamp counter" : "CLOCK_MONOTONIC_RAW");
	result->machine.cpus = cpus > 0 ? (uint32_t)cpus : 1;
	result->machine.tsc_hz = clock->counter ? 1e9 / clock->ns_per_tick : (double)NAN;
	result->machine.timer_step_ns = clock->step_ns;
	result->machine.timer_pair_ns = clock->pair_ns;
	result->machine.timer_drift_ppm = clock->drift_ppm;
	result->machine.warnings = memory_text(warnings.bytes);
	result->build.version = memory_text(IOVABENCH_VERSION);
	result->build.git = memory_text(BUILD_GIT);
	result->build.compiler = memory_text(
#if defined(__clang__)
		"clang " __clang_version__
#else
		"gcc " __VERSION__
#endif
	);
	result->build.flags = memory_text(BUILD_FLAGS);
	bool failed = warnings.failed;
	text_release(&warnings);
	result->nodes = memory_zeroed(1, sizeof result->nodes[0]);
	result->node_count = result->nodes ? 1 : 0;
	return failed || !result->machine.cpu || !result->machine.kernel || !result->machine.clock ||
			       !result->machine.warnings || !result->build.version || !result->build.git ||
			       !result->build.compiler || !result->build.flags || !result->nodes ||
			       machine_node("", &result->nodes[0]) < 0 ||
			       result_node_describe(result, &result->nodes[0]) < 0
		       ? -1
		       : 0;
}
