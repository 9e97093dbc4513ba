/* SPDX-License-Identifier: MIT
 * Names, specs and plugins: what is accepted, and every message word by word. */
#include "allocator/builtin.h"
#include "allocator/registry.h"
#include "allocator/spec.h"
#include "base/memory.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *host_get(void *context, size_t bytes)
{
	size_t *left = context;
	return (*left)-- ? calloc(1, bytes) : NULL;
}

static void host_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	free(memory);
}

static void check_refused(const char *spec, const char *message)
{
	struct error error = {0};
	assert_int_equal(allocator_spec_check(spec, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	/* Opening says the same. */
	struct allocator_spec parsed;
	struct error again = {0};
	assert_int_equal(allocator_spec_open(spec, &parsed, &again), -1);
	assert_string_equal(again.message, message);
	assert_int_equal(parsed.count, 0);
}

static void plugin_path(char path[256], const char *name)
{
	const char *build = getenv("BUILD");
	snprintf(path, 256, "%s/%s", build ? build : "build", name);
}

/* The message of opening a plugin of the tests, without "plugin <path>: ". */
static void check_plugin(const char *name, const char *wanted)
{
	char path[256], message[512];
	struct allocator_spec spec;
	struct error error = {0};
	plugin_path(path, name);
	snprintf(message, sizeof message, "plugin %s: %s", path, wanted);
	assert_int_equal(allocator_spec_check(path, NULL), 0);
	assert_int_equal(allocator_spec_open(path, &spec, &error), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
}

static void every_table_keeps_the_rules_of_the_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < allocator_registry_count; i++)
		assert_null(allocator_table_fault(allocator_registry[i]));
}

static void names_are_found_and_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < allocator_registry_count; i++)
		assert_ptr_equal(allocator_find(allocator_registry[i]->name), allocator_registry[i]);
	assert_null(allocator_find("slab"));
	assert_null(allocator_find(""));
}

static void competitors_come_before_the_harness(void **state)
{
	(void)state;
	bool harness = false;
	for (size_t i = 0; i < allocator_registry_count; i++) {
		bool is_harness = allocator_registry[i]->capabilities & IOVA_HARNESS;
		assert_true(is_harness || !harness);
		harness |= is_harness;
	}
	assert_string_equal(allocator_registry[0]->name, "buddy");
	assert_true(harness);
}

static void a_name_alone_has_the_defaults(void **state)
{
	(void)state;
	struct allocator_spec spec;
	struct error error = {0};
	assert_int_equal(allocator_spec_open("rbtree", &spec, &error), 0);
	assert_int_equal(spec.count, 1);
	assert_ptr_equal(spec.parts[0].table, allocator_find("rbtree"));
	assert_int_equal(spec.parts[0].options[0], spec.parts[0].table->options[0].default_value);
	assert_null(spec.parts[0].library);
	allocator_spec_close(&spec);
	assert_int_equal(spec.count, 0);
}

static void a_choice_is_its_index(void **state)
{
	(void)state;
	struct allocator_spec spec;
	assert_int_equal(allocator_spec_open("rbtree:fit=first", &spec, NULL), 0);
	assert_int_equal(spec.parts[0].options[0], 0);
	assert_int_equal(allocator_spec_open("rbtree:fit=last", &spec, NULL), 0);
	assert_int_equal(spec.parts[0].options[0], 2);
}

static void a_wrong_name_is_told_with_the_nearest(void **state)
{
	(void)state;
	check_refused(
		"rbtre",
		"allocator \"rbtre\": there is no allocator \"rbtre\" (did you mean \"rbtree\"?); there are buddy, "
		"bitmap, rbtree, segregated, leaf, linux, magazine, lazy, null, linux-lazy, linux-strict (a plugin is a "
		"path with a slash)");
	check_refused("slab", "allocator \"slab\": there is no allocator \"slab\"; there are buddy, bitmap, rbtree, "
			      "segregated, leaf, linux, magazine, lazy, null, linux-lazy, linux-strict (a plugin "
			      "is a path with a slash)");
}

static void a_wrong_option_is_told_with_what_there_is(void **state)
{
	(void)state;
	check_refused("rbtree:fitt=best",
		      "allocator \"rbtree:fitt=best\": rbtree has no option \"fitt\" (did you mean \"fit\"?); it "
		      "takes fit=first|best|last");
	check_refused("null:size=1", "allocator \"null:size=1\": null has no option \"size\"; it takes none");
}

static void a_wrong_choice_is_told_with_the_nearest(void **state)
{
	(void)state;
	check_refused("rbtree:fit=bset",
		      "allocator \"rbtree:fit=bset\": option fit of rbtree takes first|best|last, not \"bset\" "
		      "(did you mean \"best\"?)");
	check_refused("rbtree:fit=0", "allocator \"rbtree:fit=0\": option fit of rbtree takes first|best|last, not \"0\"");
}

static void the_ends_of_a_range_belong_to_it(void **state)
{
	(void)state;
	static const char *const right[] = {"magazine:rounds=1+rbtree", "magazine:rounds=1024+rbtree",
					    "lazy:period=0ns+rbtree", "lazy:period=3600s+rbtree",
					    "lazy:entries=1048576+rbtree"};
	struct allocator_spec spec;
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
		assert_int_equal(allocator_spec_open(right[i], &spec, NULL), 0);
		allocator_spec_close(&spec);
	}
#define ROUNDS(value)                                                                                                      \
	"allocator \"magazine:rounds=" value                                                                               \
	"+rbtree\": option rounds of magazine takes a number from 1 to 1024, not \"" value "\""
	check_refused("magazine:rounds=0+rbtree", ROUNDS("0"));
	check_refused("magazine:rounds=1025+rbtree", ROUNDS("1025"));
	check_refused("magazine:rounds=-1+rbtree", ROUNDS("-1"));
	check_refused("magazine:rounds=18446744073709551617+rbtree", ROUNDS("18446744073709551617"));
#undef ROUNDS
#define PERIOD(value)                                                                                                      \
	"allocator \"lazy:period=" value                                                                                   \
	"+rbtree\": option period of lazy takes a time from 0ns to 3600s (ns, us, ms or s), not \"" value "\""
	check_refused("lazy:period=3601s+rbtree", PERIOD("3601s"));
	check_refused("lazy:period=3600000000001ns+rbtree", PERIOD("3600000000001ns"));
	/* No built-in has a least time above 0. */
	static const struct iova_option times[] = {
		{.name = "after", .kind = IOVA_OPTION_TIME, .default_value = 2000, .minimum = 1000, .maximum = 5000}};
	const struct iova_allocator table = {.options = times, .option_count = 1};
	uint64_t value = 0;
	struct error error = {0};
	char least[] = "after=1us", less[] = "after=999ns";
	assert_int_equal(allocator_options_read("x", "x", &table, least, &value, &error), 0);
	assert_int_equal(value, 1000);
	assert_int_equal(allocator_options_read("x", "x", &table, less, &value, &error), -1);
	assert_string_equal(
		error.message,
		"allocator \"x\": option after of x takes a time from 1us to 5us (ns, us, ms or s), not \"999ns\"");
	/* 2^64 ns and a little: the product must not wrap into the range. */
	check_refused("lazy:period=18446744074s+rbtree", PERIOD("18446744074s"));
#undef PERIOD
}

static void empty_and_doubled_pieces_are_errors(void **state)
{
	(void)state;
	check_refused("", "allocator \"\": a part has no name");
	check_refused("rbtree+",
		      "allocator \"rbtree+\": rbtree is not a layer, so that nothing can stand under it; layers come "
		      "first");
	check_refused("+rbtree", "allocator \"+rbtree\": a part has no name");
	check_refused(":fit=best", "allocator \":fit=best\": a part has no name");
	check_refused("rbtree:", "allocator \"rbtree:\": \"\" of rbtree is not option=value");
	check_refused("rbtree:fit", "allocator \"rbtree:fit\": \"fit\" of rbtree is not option=value");
	check_refused("rbtree:fit=", "allocator \"rbtree:fit=\": \"fit=\" of rbtree is not option=value");
	check_refused("rbtree:=best", "allocator \"rbtree:=best\": \"=best\" of rbtree is not option=value");
	check_refused("rbtree:fit=best,", "allocator \"rbtree:fit=best,\": \"\" of rbtree is not option=value");
	check_refused("rbtree:fit=best,fit=last",
		      "allocator \"rbtree:fit=best,fit=last\": option fit of rbtree is given twice");
}

static void only_a_layer_can_stand_in_front(void **state)
{
	(void)state;
	check_refused("rbtree+buddy",
		      "allocator \"rbtree+buddy\": rbtree is not a layer, so that nothing can stand under it; layers "
		      "come first");
	check_refused("lazy+lazy+lazy+lazy+buddy", "allocator \"lazy+lazy+lazy+lazy+buddy\": more than 4 parts");
	struct error error = {0};
	assert_int_equal(allocator_spec_check("lazy+lazy+lazy+buddy", &error), 0);
}

static void the_form_of_a_plugins_options_is_checked_unopened(void **state)
{
	(void)state;
	struct error error = {0};
	assert_int_equal(allocator_spec_check("./any.so:a=1,b=2", &error), 0);
	assert_int_equal(allocator_spec_check("./any.so:a=1,a=2", &error), -1);
	assert_string_equal(error.message, "allocator \"./any.so:a=1,a=2\": option a of ./any.so is given twice");
	error = (struct error){0};
	assert_int_equal(allocator_spec_check("./folder/", &error), -1);
	assert_string_equal(error.message, "allocator \"./folder/\": ./folder/ is a folder, not a plugin");
}

static void the_example_plugin_opens_with_its_options(void **state)
{
	(void)state;
	char path[300];
	struct allocator_spec spec;
	plugin_path(path, "plugins/example.so:start=low");
	struct error error = {0};
	if (allocator_spec_open(path, &spec, &error))
		fail_msg("%s", error.message);
	assert_string_equal(spec.parts[0].table->name, "example");
	assert_int_equal(spec.parts[0].options[0], 1);
	assert_non_null(spec.parts[0].library);
	allocator_spec_close(&spec);
}

static void a_plugins_wrong_option_is_a_usage_error(void **state)
{
	(void)state;
	char path[300];
	struct allocator_spec spec;
	struct error error = {0};
	plugin_path(path, "plugins/example.so:start=lwo");
	assert_int_equal(allocator_spec_open(path, &spec, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "takes next|low, not \"lwo\" (did you mean \"low\"?)"));
}

static void bad_plugins_are_refused_by_what_is_wrong_with_them(void **state)
{
	(void)state;
	char message[256];
	check_plugin("tests/plugins/not_a_plugin.so", "it exports no function iova_plugin");
	check_plugin("tests/plugins/wrong_magic.so",
		     "its magic is 0x0000000000000001, this program's is 0x31766f6961766f69");
	check_plugin("tests/plugins/wrong_abi.so", "its ABI is 4, this program's is 3");
	snprintf(message, sizeof message, "its table has %zu bytes, this program's has %zu",
		 sizeof(struct iova_allocator) - 8, sizeof(struct iova_allocator));
	check_plugin("tests/plugins/wrong_size.so", message);
	check_plugin("tests/plugins/missing_function.so", "the function statistics is missing");
	check_plugin("tests/plugins/absent.so", "cannot open: No such file or directory");
}

/* A table with an option of every kind, and a layer: nothing but the tables matters to a spec. */
static const char *const choices[] = {"one", "two", NULL};
static const struct iova_option kinds[] = {
	{"choice", IOVA_OPTION_CHOICE, 1, 0, 0, choices, "help", NULL},
	{"number", IOVA_OPTION_NUMBER, 127, 1, 1024, NULL, "help", NULL},
	{"flag", IOVA_OPTION_FLAG, 1, 0, 0, NULL, "help", NULL},
	{"time", IOVA_OPTION_TIME, 10000000, 1000, UINT64_C(90000000000), NULL, "help", NULL},
};

static struct iova_allocator table_with(const struct iova_option *options, uint64_t count)
{
	struct iova_allocator table = *allocator_find("null");
	table.options = options;
	table.option_count = count;
	return table;
}

static void faults_of_tables_are_named(void **state)
{
	(void)state;
	struct iova_allocator table = table_with(kinds, 4);
	assert_null(allocator_table_fault(&table));
	assert_string_equal(allocator_table_fault(NULL), "there is no table");
	table.capabilities |= IOVA_STEPS;
	table.alloc_counted = NULL;
	assert_string_equal(allocator_table_fault(&table), "it has IOVA_STEPS, but the function alloc_counted is missing");
	table = table_with(kinds, 17);
	assert_string_equal(allocator_table_fault(&table), "17 options, at most 16 are possible");
	table = table_with(NULL, 1);
	assert_string_equal(allocator_table_fault(&table), "option_count is not 0, but there are no options");
	table = table_with(kinds, 4);
	table.name = "Two words";
	assert_string_equal(allocator_table_fault(&table), "its name is not of a-z, 0-9, _ and -");
	table = table_with(kinds, 4);
	table.capabilities |= UINT64_C(1) << 40;
	assert_string_equal(allocator_table_fault(&table), "it has unknown capabilities: 0x10000000000");
}

static void faults_of_options_are_named(void **state)
{
	(void)state;
	struct iova_option options[2] = {kinds[0], kinds[0]};
	struct iova_allocator table = table_with(options, 2);
	assert_string_equal(allocator_table_fault(&table), "two options are called choice");
	options[1] = kinds[1];
	options[1].default_value = 0;
	assert_string_equal(allocator_table_fault(&table), "the default of option number is outside of its range");
	options[1] = kinds[2];
	options[1].default_value = 2;
	assert_string_equal(allocator_table_fault(&table), "the default of option flag is neither 0 nor 1");
	options[0].default_value = 2;
	assert_string_equal(allocator_table_fault(&table), "the default of option choice is none of its 2 choices");
	const uint64_t without[2] = {0};
	options[1] = kinds[2];
	options[1].without = without;
	options[0] = kinds[0];
	assert_string_equal(allocator_table_fault(&table), "option flag takes capabilities away, and is no choice");
	options[0].help = "";
	assert_string_equal(allocator_table_fault(&table), "option choice has no help");
}

static void an_instance_is_created_and_gives_its_memory_back(void **state)
{
	(void)state;
	size_t left = 100;
	const struct iova_host host = {
		.size = sizeof host, .cpus = 1, .context = &left, .memory_get = host_get, .memory_put = host_put};
	const struct iova_space space = {0, 100, 4096};
	const struct iova_request request = {.count = 3};
	struct iova_extent extent;
	struct allocator_spec spec;
	struct allocator_instance instance;
	assert_int_equal(allocator_spec_open("rbtree:fit=first", &spec, NULL), 0);
	assert_int_equal(allocator_instance_create(&spec, &space, &host, &instance, NULL), 0);
	assert_int_equal(instance.count, 1);
	assert_int_equal(instance.table->alloc(instance.self, &request, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, 0);
	assert_int_equal(extent.count, 3);
	allocator_instance_destroy(&instance);
	assert_null(instance.self);
	left = 0;
	struct error error = {0};
	assert_int_equal(allocator_instance_create(&spec, &space, &host, &instance, &error), -1);
	assert_string_equal(error.message, "allocator \"rbtree\": no memory for a space of 100 pages");
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_int_equal(instance.count, 0);
}

static void a_stack_follows_what_all_of_its_layers_follow(void **state)
{
	(void)state;
	size_t left = 100;
	const struct iova_host host = {
		.size = sizeof host, .cpus = 1, .context = &left, .memory_get = host_get, .memory_put = host_put};
	const struct iova_space space = {0, 100, 4096};
	struct allocator_spec spec;
	struct allocator_instance instance;
	assert_int_equal(allocator_spec_open("lazy+rbtree", &spec, NULL), 0);
	struct iova_allocator below = allocator_rbtree, above = allocator_lazy;
	below.capabilities = IOVA_ALIGN | IOVA_BOUNDARY | IOVA_CONCURRENT;
	above.capabilities = IOVA_LAYER | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS;
	spec.parts[0].table = &above;
	spec.parts[1].table = &below;
	assert_int_equal(allocator_instance_create(&spec, &space, &host, &instance, NULL), 0);
	assert_int_equal(instance.capabilities, IOVA_LAYER | IOVA_BOUNDARY | IOVA_STEPS);
	allocator_instance_destroy(&instance);
	spec.parts[0] = spec.parts[1];
	spec.count = 1;
	assert_int_equal(allocator_instance_create(&spec, &space, &host, &instance, NULL), 0);
	assert_int_equal(instance.capabilities, below.capabilities);
	allocator_instance_destroy(&instance);
}

static void what_an_option_takes_away_is_gone_from_the_stack(void **state)
{
	(void)state;
	struct allocator_spec spec;
	assert_int_equal(allocator_spec_open("buddy:preset=hal", &spec, NULL), 0);
	assert_int_equal(allocator_part_capabilities(&spec.parts[0]), allocator_buddy.capabilities & ~IOVA_EXPLICIT);
	allocator_spec_close(&spec);
	assert_int_equal(allocator_spec_open("buddy", &spec, NULL), 0);
	assert_int_equal(allocator_part_capabilities(&spec.parts[0]), allocator_buddy.capabilities);
	allocator_spec_close(&spec);
}

static void without_memory_a_spec_fails_cleanly(void **state)
{
	(void)state;
	const char *const specs[] = {"rbtree", "slab", "rbtree:fitt=1"};
	for (size_t i = 0; i < 3; i++) {
		for (struct lack lack = {0}; lack_next(&lack);) {
			struct error error = {0};
			lack_begins(&lack);
			int result = allocator_spec_check(specs[i], &error);
			bool failed = lack_ends(&lack);
			assert_int_equal(result, !failed && !i ? 0 : -1);
			assert_int_equal(error.exit_code, failed ? EXIT_CODE_IO : i ? EXIT_CODE_USAGE : EXIT_CODE_OK);
		}
	}
}

static void paths_are_escaped(void **state)
{
	(void)state;
	static const struct {
		const char *written, *path;
	} cases[] = {
		{"./a\\+b\\:c.so", "./a+b:c.so"},
		{"./a\\\\+", "./a\\"},
		{"./\\a\\", "./\\a\\"},
		{"./a:b", "./a"},
		{"./a+b", "./a"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text path = {0}, again = {0}, back = {0};
		allocator_path_read(cases[i].written, allocator_spec_length(cases[i].written, "+:"), &path);
		assert_string_equal(path.bytes ? path.bytes : "", cases[i].path);
		allocator_path_write(cases[i].path, &again);
		const char *written = again.bytes ? again.bytes : "";
		assert_int_equal(allocator_spec_length(written, "+:"), strlen(written));
		allocator_path_read(written, strlen(written), &back);
		assert_string_equal(back.bytes ? back.bytes : "", cases[i].path);
		text_release(&path);
		text_release(&again);
		text_release(&back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_keeps_the_rules_of_the_header),
		cmocka_unit_test(names_are_found_and_unique),
		cmocka_unit_test(paths_are_escaped),
		cmocka_unit_test(competitors_come_before_the_harness),
		cmocka_unit_test(a_name_alone_has_the_defaults),
		cmocka_unit_test(a_choice_is_its_index),
		cmocka_unit_test(a_wrong_name_is_told_with_the_nearest),
		cmocka_unit_test(a_wrong_option_is_told_with_what_there_is),
		cmocka_unit_test(a_wrong_choice_is_told_with_the_nearest),
		cmocka_unit_test(the_ends_of_a_range_belong_to_it),
		cmocka_unit_test(empty_and_doubled_pieces_are_errors),
		cmocka_unit_test(only_a_layer_can_stand_in_front),
		cmocka_unit_test(the_form_of_a_plugins_options_is_checked_unopened),
		cmocka_unit_test(the_example_plugin_opens_with_its_options),
		cmocka_unit_test(a_plugins_wrong_option_is_a_usage_error),
		cmocka_unit_test(bad_plugins_are_refused_by_what_is_wrong_with_them),
		cmocka_unit_test(faults_of_tables_are_named),
		cmocka_unit_test(faults_of_options_are_named),
		cmocka_unit_test(an_instance_is_created_and_gives_its_memory_back),
		cmocka_unit_test(a_stack_follows_what_all_of_its_layers_follow),
		cmocka_unit_test(what_an_option_takes_away_is_gone_from_the_stack),
		cmocka_unit_test(without_memory_a_spec_fails_cleanly),
	};
	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
