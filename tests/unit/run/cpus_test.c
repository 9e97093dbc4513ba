/* SPDX-License-Identifier: MIT
 * Which CPUs --cpus and --node name, on systems made up for it. */
#include "run/cpus.h"

#include "run/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[64];
static cpu_set_t allowed, chosen;
static struct run_options options;
static struct error error;

static void put(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/sys/devices/system/%s", root, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* CPUs 0 to 5, all allowed but 4; nodes 0 and 2, of which the second has no CPU. */
static int set_up(void **state)
{
	static const char *const folders[] = {"",
					      "/devices",
					      "/devices/system",
					      "/devices/system/cpu",
					      "/devices/system/node",
					      "/devices/system/node/node0",
					      "/devices/system/node/node1",
					      "/devices/system/node/node2"};
	(void)state;
	strcpy(root, "/tmp/iovabench-cpus-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char path[256];
		snprintf(path, sizeof path, "%s/sys%s", root, folders[i]);
		if (mkdir(path, 0777) < 0)
			return -1;
	}
	put("cpu/online", "0-5\n");
	put("node/online", "0-2\n");
	put("node/node0/cpulist", "0-3\n");
	put("node/node1/cpulist", "4\n");
	put("node/node2/cpulist", "\n");
	cpus_read_list("0-3,5", &allowed);
	options = run_options_default();
	error = (struct error){0};
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command);
}

static void give(const char *name, const char *value)
{
	for (size_t i = 0; i < RUN_SETTINGS; i++)
		if (strcmp(run_settings[i].name, name) == 0)
			assert_int_equal(option_read(&run_settings[i], &options, value, &error), 0);
}

static void chooses(const char *list)
{
	cpu_set_t wanted;
	assert_int_equal(cpus_read_list(list, &wanted), 0);
	if (cpus_choose(root, &options, &allowed, &chosen, &error) < 0)
		fail_msg("%s", error.message);
	assert_true(CPU_EQUAL(&chosen, &wanted));
}

static void refuses(const char *message)
{
	error = (struct error){0};
	assert_int_equal(cpus_choose(root, &options, &allowed, &chosen, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(error.message, message);
}

static void lists_are_numbers_and_ranges(void **state)
{
	static const char *const wrong[] = {"",
					    ",",
					    "1,",
					    ",1",
					    "1,,2",
					    "-1",
					    "1-",
					    "3-2",
					    "1-2-3",
					    "a",
					    "1 ",
					    " 1",
					    "+1",
					    "0x1",
					    "1024",
					    "0-1024",
					    "99999999999999999999"};
	(void)state;
	assert_int_equal(cpus_read_list("2-3,5,3-4,1023", &chosen), 0);
	assert_int_equal(CPU_COUNT(&chosen), 5);
	for (size_t cpu = 2; cpu <= 5; cpu++)
		assert_true(CPU_ISSET(cpu, &chosen));
	assert_true(CPU_ISSET(1023, &chosen));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (cpus_read_list(wrong[i], &chosen) == 0)
			fail_msg("'%s' is a list", wrong[i]);
}

static void without_options_all_that_are_allowed(void **state)
{
	(void)state;
	chooses("0-3,5");
}

static void listed_cpus_are_there_and_allowed(void **state)
{
	(void)state;
	give("cpus", "2-3,5");
	chooses("2-3,5");
	give("cpus", "2-6");
	refuses("--cpus '2-6': this process may not use CPU 4 (affinity, cpuset); allowed are 0-3,5");
	give("cpus", "5-6");
	refuses("--cpus '5-6': there is no CPU 6; online are 0-5");
}

static void a_node_gives_those_of_its_cpus_that_are_allowed(void **state)
{
	(void)state;
	CPU_CLR(1, &allowed);
	give("node", "0");
	chooses("0,2-3");
	give("node", "1");
	refuses("--node '1': this process may use no CPU of NUMA node 1 (affinity, cpuset); its CPUs are 4");
	give("node", "2");
	refuses("--node '2': NUMA node 2 has no CPU");
	give("node", "3");
	refuses("--node '3': there is no NUMA node 3; online are 0-2");
	give("cpus", "2");
	refuses("--node '3': --cpus says where to run already: give one of them");
}

static void what_a_run_keeps_is_read_again(void **state)
{
	(void)state;
	struct text text = {0};
	give("cpus", "2-3,5");
	give("node", "0");
	run_settings_add_key(&options, &text);
	assert_non_null(strstr(text.bytes, "\ncpus=2-3,5\nnode=0"));
	text_release(&text);
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(lists_are_numbers_and_ranges),      A(without_options_all_that_are_allowed),
		A(listed_cpus_are_there_and_allowed), A(a_node_gives_those_of_its_cpus_that_are_allowed),
		A(what_a_run_keeps_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
