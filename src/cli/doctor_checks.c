/* SPDX-License-Identifier: MIT */
#include "cli/doctor_checks.h"

#include "base/text.h"
#include "run/container.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD_SHARE_MAX 0.25  /* of the CPUs, before a run begins */
#define STEAL_SHARE_MAX 1e-3 /* of all time since the start of the system */
#define PRESSURE_PERCENT_MAX 5.0
/* Version 1 says "none" with a number of this size. */
#define CONTAINER_MEMORY_NONE (UINT64_C(1) << 60)

static void say(struct doctor_finding *finding, enum doctor_state state, const char *advice, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void say(struct doctor_finding *finding, enum doctor_state state, const char *advice, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(finding->found, sizeof finding->found, format, arguments);
	va_end(arguments);
	finding->state = state;
	finding->advice = advice;
}

static FILE *open_below(const char *root, const char *path)
{
	char whole[PATH_MAX];
	int length = snprintf(whole, sizeof whole, "%s%s", root, path);
	return length < (int)sizeof whole ? fopen(whole, "re") : NULL;
}

static bool exists_below(const char *root, const char *path)
{
	char whole[PATH_MAX];
	int length = snprintf(whole, sizeof whole, "%s%s", root, path);
	return length < (int)sizeof whole && access(whole, F_OK) == 0;
}

/* The first line without its end; false when there is none. */
static bool first_line(const char *root, const char *path, char line[DOCTOR_TEXT_BYTES])
{
	FILE *file = open_below(root, path);
	bool good = file && fgets(line, DOCTOR_TEXT_BYTES, file);
	if (file)
		fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

/* The flags of the first CPU in /proc/cpuinfo, with a blank before and behind each; and how many CPUs there are. */
struct cpus {
	char flags[8192];
	unsigned count;
};

static bool read_cpus(const char *root, struct cpus *cpus)
{
	static char line[8192];
	FILE *file = open_below(root, "/proc/cpuinfo");
	*cpus = (struct cpus){.count = 0};
	while (file && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		cpus->count += strncmp(line, "processor", 9) == 0 && colon;
		if (colon && !*cpus->flags && (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(cpus->flags, sizeof cpus->flags, " %s ", colon + 1 + strspn(colon + 1, " \t"));
		}
	}
	if (file)
		fclose(file);
	return cpus->count > 0;
}

static bool has_flag(const struct cpus *cpus, const char *flag)
{
	char word[64];
	snprintf(word, sizeof word, " %s ", flag);
	return strstr(cpus->flags, word) != NULL;
}

static void look_clock(const char *root, struct doctor_finding *finding)
{
	struct cpus cpus;
	char source[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource", source))
		snprintf(source, sizeof source, "unknown");
	if (!read_cpus(root, &cpus)) {
		say(finding, DOCTOR_UNKNOWN, NULL, "/proc/cpuinfo cannot be read; the system's clock is %.64s", source);
		return;
	}
	if (strstr(cpus.flags, " evtstrm ") || strstr(cpus.flags, " asimd ")) {
		say(finding, DOCTOR_OK, NULL, "generic timer of constant rate; the system's clock is %.64s", source);
		return;
	}
	static const char *const needed[] = {"constant_tsc", "nonstop_tsc", "rdtscp"};
	for (size_t i = 0; i < 3; i++)
		if (!has_flag(&cpus, needed[i])) {
			say(finding, DOCTOR_WARN,
			    "use a CPU, or a setting of the hypervisor, with an invariant counter; the system clock costs "
			    "more",
			    "the CPU does not say %s; the system's clock is %.64s", needed[i], source);
			return;
		}
	say(finding, DOCTOR_OK, NULL, "time-stamp counter of constant rate; the system's clock is %.64s", source);
}

static void look_machine(const char *root, struct doctor_finding *finding)
{
	struct cpus cpus;
	if (!read_cpus(root, &cpus))
		say(finding, DOCTOR_UNKNOWN, NULL, "/proc/cpuinfo cannot be read");
	else if (has_flag(&cpus, "hypervisor"))
		say(finding, DOCTOR_WARN, "believe ratios of interleaved rounds, not single times; maxima are pre-emptions",
		    "%u CPUs of a virtual machine: other guests share the host", cpus.count);
	else if (cpus.count < 2)
		say(finding, DOCTOR_WARN, "use two CPUs or more",
		    "one CPU: everything else runs on the one that is measured");
	else
		say(finding, DOCTOR_OK, NULL, "%u CPUs, no hypervisor", cpus.count);
}

static void look_governor(const char *root, struct doctor_finding *finding)
{
	char governor[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor))
		say(finding, DOCTOR_UNKNOWN, NULL, "this system does not control the frequency");
	else if (strcmp(governor, "performance") != 0)
		say(finding, DOCTOR_WARN, "cpupower frequency-set -g performance", "%.64s: the frequency follows the load",
		    governor);
	else
		say(finding, DOCTOR_OK, NULL, "performance");
}

static void look_boost(const char *root, struct doctor_finding *finding)
{
	char value[DOCTOR_TEXT_BYTES];
	bool on;
	if (first_line(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", value))
		on = strcmp(value, "0") == 0;
	else if (first_line(root, "/sys/devices/system/cpu/cpufreq/boost", value))
		on = strcmp(value, "1") == 0;
	else {
		say(finding, DOCTOR_UNKNOWN, NULL, "this system does not control boosting");
		return;
	}
	if (on)
		say(finding, DOCTOR_WARN, "write 1 to intel_pstate/no_turbo, or 0 to cpufreq/boost",
		    "on: the frequency depends on temperature and neighbours");
	else
		say(finding, DOCTOR_OK, NULL, "off");
}

static void look_smt(const char *root, struct doctor_finding *finding)
{
	char value[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/sys/devices/system/cpu/smt/active", value))
		say(finding, DOCTOR_UNKNOWN, NULL, "the kernel does not tell");
	else if (strcmp(value, "1") == 0)
		say(finding, DOCTOR_WARN, "write off to /sys/devices/system/cpu/smt/control, or keep the sibling idle",
		    "on: a sibling shares the core that is measured");
	else
		say(finding, DOCTOR_OK, NULL, "off");
}

static void look_isolation(const char *root, struct doctor_finding *finding)
{
	char value[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/sys/devices/system/cpu/isolated", value))
		say(finding, DOCTOR_UNKNOWN, NULL, "the kernel does not tell");
	else if (*value == '\0')
		say(finding, DOCTOR_WARN,
		    "boot with isolcpus=, nohz_full= and rcu_nocbs= for the last CPU, and run there by taskset",
		    "no CPU is isolated: the scheduler and interrupts come in between");
	else
		say(finding, DOCTOR_OK, NULL, "CPUs %.64s", value);
}

static void look_huge_pages(const char *root, struct doctor_finding *finding)
{
	char value[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/sys/kernel/mm/transparent_hugepage/enabled", value))
		say(finding, DOCTOR_UNKNOWN, NULL, "the kernel does not tell");
	else if (strstr(value, "[never]"))
		say(finding, DOCTOR_WARN, "write madvise to /sys/kernel/mm/transparent_hugepage/enabled",
		    "never: metadata lie in small pages, other than in a kernel's direct map");
	else
		say(finding, DOCTOR_OK, NULL, "%.64s", value);
}

static void look_layout(const char *root, struct doctor_finding *finding)
{
	char value[DOCTOR_TEXT_BYTES];
	if (!first_line(root, "/proc/sys/kernel/randomize_va_space", value))
		say(finding, DOCTOR_UNKNOWN, NULL, "the kernel does not tell");
	else if (strcmp(value, "0") == 0)
		say(finding, DOCTOR_WARN, "sysctl kernel.randomize_va_space=2",
		    "off: every process has the same layout, so that all rounds share its luck");
	else
		say(finding, DOCTOR_OK, NULL, "on: every round draws a layout of its own");
}

static void look_steal(const char *root, struct doctor_finding *finding)
{
	char line[DOCTOR_TEXT_BYTES];
	unsigned long long time[8] = {0}, total = 0;
	if (!first_line(root, "/proc/stat", line) ||
	    sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &time[0], &time[1], &time[2], &time[3], &time[4],
		   &time[5], &time[6], &time[7]) != 8) {
		say(finding, DOCTOR_UNKNOWN, NULL, "/proc/stat does not tell");
		return;
	}
	for (int i = 0; i < 8; i++)
		total += time[i];
	double share = total ? (double)time[7] / (double)total : 0;
	say(finding, share > STEAL_SHARE_MAX ? DOCTOR_WARN : DOCTOR_OK,
	    share > STEAL_SHARE_MAX ? "use a host with less on it; look at tainted_share of every result" : NULL,
	    "%.2g%% of all time since the start of the system went to other guests", 100 * share);
}

static void look_container(const char *root, struct doctor_finding *finding)
{
	struct container container;
	char bytes[TEXT_NUMBER_BYTES];
	container_read(root, &container);
	if (!container.known)
		say(finding, DOCTOR_UNKNOWN, NULL, "/proc/self/cgroup cannot be read");
	else if (isfinite(container.cpus))
		say(finding, DOCTOR_WARN, "take away the quota (cpu.max): when it is used up, everything waits",
		    "%.3g s of CPU time in a second", container.cpus);
	else if (container.memory_bytes < CONTAINER_MEMORY_NONE)
		say(finding, DOCTOR_OK, NULL, "may take %s of memory; --memory is three quarters of it unless it is given",
		    text_bytes(bytes, (double)container.memory_bytes));
	else
		say(finding, DOCTOR_OK, NULL, "no limits of memory and CPU time");
}

static void look_pressure(const char *root, struct doctor_finding *finding)
{
	char line[DOCTOR_TEXT_BYTES];
	double percent;
	if (!first_line(root, "/proc/pressure/cpu", line) || sscanf(line, "some avg10=%lf", &percent) != 1) {
		say(finding, DOCTOR_UNKNOWN, NULL, "the kernel does not tell (CONFIG_PSI)");
		return;
	}
	bool high = percent > PRESSURE_PERCENT_MAX;
	say(finding, high ? DOCTOR_WARN : DOCTOR_OK, high ? "stop what else is running" : NULL,
	    "tasks waited for a CPU in %.3g%% of the last 10 s", percent);
}

static void look_load(const char *root, struct doctor_finding *finding)
{
	char line[DOCTOR_TEXT_BYTES];
	struct cpus cpus;
	double load;
	if (!first_line(root, "/proc/loadavg", line) || sscanf(line, "%lf", &load) != 1 || !read_cpus(root, &cpus)) {
		say(finding, DOCTOR_UNKNOWN, NULL, "/proc/loadavg does not tell");
		return;
	}
	bool high = load > LOAD_SHARE_MAX * cpus.count;
	say(finding, high ? DOCTOR_WARN : DOCTOR_OK, high ? "stop what else is running, and wait a minute" : NULL,
	    "%.2f on %u CPUs", load, cpus.count);
}

/* 0, or the errno with which the kernel refuses to count instructions. */
static int try_counter(void)
{
	struct perf_event_attr event = {.type = PERF_TYPE_HARDWARE,
					.size = sizeof event,
					.config = PERF_COUNT_HW_INSTRUCTIONS,
					.disabled = 1,
					.exclude_kernel = 1};
	long descriptor = syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
	if (descriptor < 0)
		return errno;
	close((int)descriptor);
	return 0;
}

static void look_counters(const char *root, struct doctor_finding *finding)
{
	static const char *const units[] = {"cpu", "cpu_core", "armv8_pmuv3", "armv8_pmuv3_0"};
	char value[DOCTOR_TEXT_BYTES], path[PATH_MAX];
	bool unit = false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s", units[i]);
		unit |= exists_below(root, path);
	}
	if (!first_line(root, "/proc/sys/kernel/perf_event_paranoid", value)) {
		say(finding, DOCTOR_WARN, "boot a kernel with CONFIG_PERF_EVENTS",
		    "missing: this kernel has no perf events");
	} else if (!unit) {
		say(finding, DOCTOR_WARN, "let the hypervisor pass the performance counters through (vPMU)",
		    "missing: this machine shows no performance counters");
	} else if (atoi(value) > 2) {
		say(finding, DOCTOR_WARN, "sysctl kernel.perf_event_paranoid=2", "missing: perf_event_paranoid is %.16s",
		    value);
	} else {
		/* Another root is another machine: its files are all that there is to see. */
		int refused = *root ? 0 : try_counter();
		if (refused)
			say(finding, DOCTOR_WARN,
			    "look at seccomp of the container, and at the hypervisor's virtual counters",
			    "missing: the kernel refuses them: %s", strerror(refused));
		else
			say(finding, DOCTOR_OK, NULL, "there");
	}
}

const struct doctor_check doctor_checks[] = {
	{"clock", look_clock},       {"machine", look_machine},     {"governor", look_governor},     {"boost", look_boost},
	{"SMT", look_smt},           {"isolation", look_isolation}, {"huge pages", look_huge_pages}, {"ASLR", look_layout},
	{"steal", look_steal},       {"container", look_container}, {"pressure", look_pressure},     {"load", look_load},
	{"counters", look_counters},
};
const size_t doctor_check_count = sizeof doctor_checks / sizeof doctor_checks[0];
