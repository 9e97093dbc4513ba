/* SPDX-License-Identifier: MIT
 * Limits of control groups, read from trees made up for it: both versions, all ancestors, and what a container sees of its own
 * group. */
#include "run/container.h"

#include "result/node.h"
#include "run/machine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[64];
static struct container container;

static int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/iovabench-container-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command);
}

/* A file below the root, with its folders. */
static void put(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, name);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0777);
		*at = '/';
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void reads(uint64_t memory_bytes, double cpus)
{
	container_read(root, &container);
	assert_int_equal(container.memory_bytes, memory_bytes);
	if (isinf(cpus))
		assert_true(isinf(container.cpus));
	else
		assert_true(fabs(container.cpus - cpus) < 1e-9);
}

static void without_groups_nothing_is_limited(void **state)
{
	(void)state;
	reads(UINT64_MAX, (double)INFINITY);
	assert_false(container.known);
	put("proc/self/cgroup", "\n:\n0\nx::\n4:memory\n");
	reads(UINT64_MAX, (double)INFINITY);
	put("proc/self/cgroup", "0::/a/b\n");
	reads(UINT64_MAX, (double)INFINITY);
	assert_true(container.known);
}

static void the_least_limit_of_all_ancestors_holds(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/system.slice/run.scope/inner\n");
	put("sys/fs/cgroup/system.slice/run.scope/inner/memory.max", "max\n");
	put("sys/fs/cgroup/system.slice/run.scope/inner/cpu.max", "max 100000\n");
	reads(UINT64_MAX, (double)INFINITY);
	put("sys/fs/cgroup/system.slice/memory.max", "157286400\n");
	put("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n");
	reads(157286400, 1.5);
	put("sys/fs/cgroup/system.slice/run.scope/inner/memory.max", "1073741824\n");
	put("sys/fs/cgroup/system.slice/run.scope/inner/cpu.max", "400000 100000\n");
	reads(157286400, 1.5);
	put("sys/fs/cgroup/system.slice/run.scope/memory.max", "104857600\n");
	put("sys/fs/cgroup/system.slice/run.scope/cpu.max", "5000 10000\n");
	reads(104857600, 0.5);
	put("sys/fs/cgroup/system.slice/run.scope/memory.high", "52428800\n");
	reads(52428800, 0.5);
	/* Of somebody else. */
	put("sys/fs/cgroup/other/memory.max", "4096\n");
	put("sys/fs/cgroup/system.slice/run.scopes/memory.max", "4096\n");
	reads(52428800, 0.5);
}

/* Without a namespace of its own, the path is that of the host, and what is mounted is the group itself. */
static void a_container_sees_its_group_at_the_root(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/docker/0123456789abcdef\n");
	put("sys/fs/cgroup/memory.max", "157286400\n");
	put("sys/fs/cgroup/cpu.max", "50000 100000\n");
	reads(157286400, 0.5);
	put("proc/self/cgroup", "0::/\n");
	reads(157286400, 0.5);
	put("proc/self/cgroup", "0::/../../elsewhere\n");
	reads(157286400, 0.5);
}

static void version_1_has_a_hierarchy_for_each_controller(void **state)
{
	(void)state;
	put("proc/self/cgroup", "12:pids:/x\n5:memory:/docker/one\n3:cpu,cpuacct:/docker/two\n0::/x\n");
	put("sys/fs/cgroup/memory/docker/one/memory.limit_in_bytes", "9223372036854771712\n");
	put("sys/fs/cgroup/cpu,cpuacct/docker/two/cpu.cfs_quota_us", "-1\n");
	put("sys/fs/cgroup/cpu,cpuacct/docker/two/cpu.cfs_period_us", "100000\n");
	reads(9223372036854771712u, (double)INFINITY);
	put("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "157286400\n");
	put("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "25000\n");
	put("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
	reads(157286400, 0.25);
	/* Under its own name, and by the group that is mounted. */
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "52428800\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "10000\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	reads(52428800, 0.1);
	/* cpuset is another controller than cpu. */
	put("proc/self/cgroup", "3:cpuset:/\n");
	reads(UINT64_MAX, (double)INFINITY);
}

static void both_versions_at_once(void **state)
{
	(void)state;
	put("proc/self/cgroup", "5:memory:/a\n0::/a\n");
	put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824\n");
	put("sys/fs/cgroup/unified/a/cpu.max", "70000 100000\n");
	reads(1073741824, 0.7);
}

static void what_is_no_number_limits_nothing(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/a\n");
	put("sys/fs/cgroup/a/memory.max", "soon\n");
	put("sys/fs/cgroup/a/cpu.max", "0 0\n");
	put("sys/fs/cgroup/memory.max", "");
	put("sys/fs/cgroup/cpu.max", "100000\n");
	reads(UINT64_MAX, (double)INFINITY);
	put("sys/fs/cgroup/a/cpu.max", "-5 100000\n");
	reads(UINT64_MAX, (double)INFINITY);
}

static void processes_that_were_killed_for_memory_are_counted(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/a\n");
	put("sys/fs/cgroup/a/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n");
	container_read(root, &container);
	assert_int_equal(container.oom_kills, 2);
	put("proc/self/cgroup", "5:memory:/b\n");
	put("sys/fs/cgroup/memory/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
	container_read(root, &container);
	assert_int_equal(container.oom_kills, 7);
}

static void the_machine_is_as_large_as_its_group(void **state)
{
	(void)state;
	uint64_t whole = machine_memory_bytes(root);
	assert_true(whole > (uint64_t)1 << 28);
	put("proc/self/cgroup", "5:memory:/\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(machine_memory_bytes(root), whole);
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "157286400\n");
	assert_int_equal(machine_memory_bytes(root), 157286400);
}

/* Whoever gave --memory is not told what it would be otherwise. */
static void a_memory_that_was_given_is_held_against_the_group(void **state)
{
	(void)state;
	static const struct {
		uint64_t limit_mib;
		const char *warning;
	} rows[] = {
		{0, "the control group may take 80.0 MiB of memory: --memory is 60.0 MiB unless it is given\n"},
		{1, NULL},
		{80, NULL},
		{81,
		 "the control group may take 80.0 MiB of memory, less than the 81.0 MiB of --memory: the system may kill a "
		 "worker before it gets there\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct text warnings = {0};
		machine_warn_of_memory(&warnings, 80u << 20, rows[i].limit_mib << 20);
		if (rows[i].warning)
			assert_string_equal(warnings.bytes, rows[i].warning);
		else
			assert_int_equal(warnings.length, 0);
		text_release(&warnings);
	}
}

static void put_cache(unsigned index, const char *level, const char *type, const char *size)
{
	const struct {
		const char *name, *text;
	} files[] = {{"level", level}, {"type", type}, {"size", size}};
	for (size_t i = 0; i < 3; i++) {
		char name[128];
		snprintf(name, sizeof name, "sys/devices/system/cpu/cpu3/cache/index%u/%s", index, files[i].name);
		put(name, files[i].text);
	}
}

static void caches_are_as_the_kernel_tells_them(void **state)
{
	(void)state;
	uint64_t bytes[RESULT_CACHE_COUNT];
	machine_caches(root, 3, bytes);
	for (size_t i = 0; i < RESULT_CACHE_COUNT; i++)
		assert_int_equal(bytes[i], 0);
	put_cache(0, "1\n", "Data\n", "48K\n");
	put_cache(1, "1\n", "Instruction\n", "32K\n");
	put_cache(2, "2\n", "Unified\n", "2M\n");
	put_cache(3, "3\n", "Unified\n", "307200K\n");
	put_cache(4, "3\n", "Unified\n", "1K\n");
	machine_caches(root, 3, bytes);
	assert_int_equal(bytes[RESULT_CACHE_L1D], 48 << 10);
	assert_int_equal(bytes[RESULT_CACHE_L1I], 32 << 10);
	assert_int_equal(bytes[RESULT_CACHE_L2], 2 << 20);
	assert_int_equal(bytes[RESULT_CACHE_L3], 300 << 20);
	machine_caches(root, 2, bytes);
	assert_int_equal(bytes[RESULT_CACHE_L2], 0);
	/* One of both kinds, and sizes that are none. */
	put_cache(0, "1\n", "Unified\n", "16K\n");
	static const char *const wrong[] = {"", "K", "-1K", "12Q", "12KB", "99999999999999999999K", "0K", "2048G"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		put_cache(2, "2\n", "Unified\n", wrong[i]);
		machine_caches(root, 3, bytes);
		assert_int_equal(bytes[RESULT_CACHE_L1I], 16 << 10);
		assert_int_equal(bytes[RESULT_CACHE_L1D], 16 << 10);
		assert_int_equal(bytes[RESULT_CACHE_L2], 0);
	}
}

/* Copied images share their machine id, and one machine keeps both. */
static void a_machine_is_told_by_its_id_and_its_name(void **state)
{
	(void)state;
	struct result_node node = {0}, like = {0};
	put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	put("proc/sys/kernel/hostname", "one\n");
	put("proc/cpuinfo", "processor\t: 0\nmicrocode\t: 0xa0011d1\n\nprocessor\t: 1\n");
	put("proc/meminfo", "MemTotal:       16316412 kB\nMemFree: 1 kB\n");
	put("sys/devices/system/node/node0/cpulist", "0");
	put("sys/devices/system/node/node1/cpulist", "1");
	assert_int_equal(machine_node(root, &node), 0);
	assert_int_equal(node.id, machine_node_id(root));
	assert_string_equal(node.microcode, "0xa0011d1");
	assert_int_equal(node.memory_bytes, UINT64_C(16) << 30);
	assert_int_equal(node.numa_nodes, 2);
	put("proc/sys/kernel/hostname", "two\n");
	put("proc/meminfo", "MemTotal:       16416412 kB\n");
	put("proc/cpuinfo", "processor\t: 0\n");
	assert_int_equal(machine_node(root, &like), 0);
	assert_int_not_equal(like.id, node.id);
	assert_int_equal(like.memory_bytes, node.memory_bytes);
	assert_null(like.microcode);
	put("proc/sys/kernel/hostname", "one\n");
	assert_int_equal(machine_node_id(root), node.id);
	put("etc/machine-id", "1123456789abcdef0123456789abcdef\n");
	assert_int_not_equal(machine_node_id(root), node.id);
	result_node_release(&node);
	result_node_release(&like);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(caches_are_as_the_kernel_tells_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_machine_is_told_by_its_id_and_its_name, set_up, tear_down),
		T(without_groups_nothing_is_limited),
		T(the_least_limit_of_all_ancestors_holds),
		T(a_container_sees_its_group_at_the_root),
		T(version_1_has_a_hierarchy_for_each_controller),
		T(both_versions_at_once),
		T(what_is_no_number_limits_nothing),
		T(processes_that_were_killed_for_memory_are_counted),
		T(the_machine_is_as_large_as_its_group),
		T(a_memory_that_was_given_is_held_against_the_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
