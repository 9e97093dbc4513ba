/* SPDX-License-Identifier: MIT
 * What a workload file decodes to, field by field against values worked out by hand; then limits of time and memory, and every
 * failing memory request in turn. Wrong files have their own suite, bad_workloads_test. Run from the root of the repository. */
#include "workload/workload_yaml.h"

#include "base/file.h"
#include "base/memory.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#define FULL "tests/golden/workload/full.yaml"
#define HEAD "iovabench: 1\nname: x\n"
#define REQUEST "requests: [{name: a, size: {fixed: 4KiB}}]\n"
#define FILL "phases: [{name: fill, mix: [{request: a}], until: {live: 10}}]\n"

/* Sanitizers copy a growing array with every step. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define SLOWDOWN 20
#else
#define SLOWDOWN 1
#endif

static struct workload workload;
static struct text messages;

static int release(void **state)
{
	(void)state;
	workload_release(&workload);
	text_release(&messages);
	memory_fail_after(UINT64_MAX);
	return 0;
}

static void parse(const char *yaml)
{
	if (workload_parse("test.yaml", yaml, strlen(yaml), &workload, &messages))
		fail_msg("refused: %s", messages.bytes);
}

static void load_full(void)
{
	if (workload_load(FULL, &workload, &messages))
		fail_msg("refused: %s", messages.bytes);
}

static void a_minimal_file_gets_every_default(void **state)
{
	(void)state;
	parse(HEAD REQUEST FILL);
	assert_string_equal(workload.name, "x");
	assert_string_equal(workload.about, "");
	assert_string_equal(workload.source, "");
	assert_string_equal(workload.file, "test.yaml");
	assert_int_equal(workload.space.page_bytes, 4096);
	assert_int_equal(workload.space.first, 1);
	assert_int_equal(workload.space.end, 1048576);
	assert_int_equal(workload.space.usable, 1048575);
	assert_int_equal(workload.space.mode, WORKLOAD_MODE_REMAP);
	assert_int_equal(workload.space.hole_count, 0);
	assert_int_equal(workload.physical.bytes, 0);
	assert_true(workload.physical.scatter == 0.0);
	assert_int_equal(workload.cpus, 1);
	assert_true(workload.pace_ops_per_second == 0.0);
	assert_int_equal(workload.seed, 1);
	assert_int_equal(workload.expectation_count, 0);
	assert_int_equal(workload.script_array_count, 0);
}

static void a_request_gets_its_defaults(void **state)
{
	(void)state;
	parse(HEAD REQUEST FILL);
	assert_int_equal(workload.request_count, 1);
	const struct workload_request *request = &workload.requests[0];
	assert_string_equal(request->name, "a");
	assert_int_equal(request->call, WORKLOAD_CALL_EXTENT);
	assert_int_equal(request->size.kind, WORKLOAD_SIZE_FIXED);
	assert_int_equal(request->size.min, 1);
	assert_int_equal(request->size.max, 1);
	assert_int_equal(request->align.kind, WORKLOAD_ALIGN_NONE);
	assert_int_equal(request->low, 1);
	assert_int_equal(request->high_count, 1);
	assert_int_equal(request->high[0], 1048575);
	assert_false(request->limited);
	assert_int_equal(request->boundary, 0);
}

static void powers_of_two_default_to_half_and_not_exact(void **state)
{
	(void)state;
	parse(HEAD "requests: [{name: a, size: {powers_of_two: {min: 4KiB, max: 4KiB}}}]\n" FILL);
	assert_int_equal(workload.requests[0].size.kind, WORKLOAD_SIZE_POWERS_OF_TWO);
	assert_true(workload.requests[0].size.ratio == 0.5);
	assert_false(workload.requests[0].size.exact);
}

static void the_head_is_decoded(void **state)
{
	(void)state;
	load_full();
	assert_string_equal(workload.name, "full-language");
	assert_string_equal(workload.about, "every key, \"quoted\"");
	assert_string_equal(workload.source, "two\nlines\n");
	assert_string_equal(workload.file, FULL);
	assert_int_equal(workload.cpus, 4);
	assert_true(workload.pace_ops_per_second == 250000.0);
	assert_int_equal(workload.seed, 0xdeadbeef);
	assert_int_equal(workload.physical.bytes, UINT64_C(16) << 30);
	assert_true(workload.physical.scatter == 0.125);
}

static void the_space_is_decoded_in_its_own_pages(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.space.page_bytes, 65536);
	assert_int_equal(workload.space.first, 1);
	assert_int_equal(workload.space.end, 131072); /* 8 GiB / 64 KiB */
	assert_int_equal(workload.space.mode, WORKLOAD_MODE_IDENTITY);
}

static void reserved_ranges_are_put_in_ascending_order(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.space.hole_count, 2);
	assert_int_equal(workload.space.holes[0].first, 16); /* 1 MiB */
	assert_int_equal(workload.space.holes[0].count, 16);
	assert_int_equal(workload.space.holes[1].first, 0xfee0);
	assert_int_equal(workload.space.holes[1].count, 16);
	assert_int_equal(workload.space.usable, 131072 - 1 - 32);
}

static void a_request_with_everything_is_decoded(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.request_count, 3);
	const struct workload_request *request = &workload.requests[0];
	assert_int_equal(request->call, WORKLOAD_CALL_CONTIGUOUS);
	assert_int_equal(request->size.min, 1);
	assert_int_equal(request->size.max, 256);
	assert_true(request->size.ratio == 0.25);
	assert_true(request->size.exact);
	assert_int_equal(request->align.kind, WORKLOAD_ALIGN_NATURAL_UP_TO);
	assert_int_equal(request->align.pages, 32);
	assert_int_equal(request->low, 32);
	assert_int_equal(request->boundary, 65536);
	assert_true(request->limited);
}

static void limits_beyond_the_space_become_its_end_once(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.requests[0].high_count, 2);
	assert_int_equal(workload.requests[0].high[0], 0xffff);
	assert_int_equal(workload.requests[0].high[1], 131071);
}

static void one_high_address_is_a_list_of_one(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.requests[2].high_count, 1);
	assert_int_equal(workload.requests[2].high[0], 0xff);
	assert_int_equal(workload.requests[2].size.kind, WORKLOAD_SIZE_UNIFORM);
	assert_int_equal(workload.requests[2].size.max, 16);
}

static void an_alignment_is_a_word_or_a_size_or_a_map(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.requests[1].align.kind, WORKLOAD_ALIGN_NATURAL);
	assert_int_equal(workload.requests[2].align.kind, WORKLOAD_ALIGN_FIXED);
	assert_int_equal(workload.requests[2].align.pages, 2);
}

static void mixes_name_requests_and_weigh_them(void **state)
{
	(void)state;
	load_full();
	const struct workload_phase *fill = &workload.phases[0];
	assert_int_equal(fill->body, WORKLOAD_BODY_MIX);
	assert_int_equal(fill->mix_count, 2);
	assert_int_equal(fill->mix[0].request, 0);
	assert_int_equal(fill->mix[0].weight, 8);
	assert_int_equal(fill->mix[1].request, 1);
	assert_int_equal(fill->mix[1].weight, 1);
}

static void a_mix_ends_in_one_of_four_ways(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.phases[0].until, WORKLOAD_UNTIL_OCCUPANCY);
	assert_true(workload.phases[0].until_ratio == 0.7);
	assert_int_equal(workload.phases[1].until, WORKLOAD_UNTIL_LIVE);
	assert_int_equal(workload.phases[1].until_value, 10000);
	assert_int_equal(workload.phases[2].until, WORKLOAD_UNTIL_OPS);
	assert_int_equal(workload.phases[2].until_value, 2000000);
	assert_int_equal(workload.phases[3].until, WORKLOAD_UNTIL_TURNOVERS);
	assert_true(workload.phases[3].until_ratio == 2.5);
	assert_int_equal(workload.phases[4].until, WORKLOAD_UNTIL_OPS);
	assert_int_equal(workload.phases[4].until_value, 1000000000);
}

static void victims_are_random_unless_told(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.phases[2].victims, WORKLOAD_VICTIMS_LIFO);
	assert_int_equal(workload.phases[3].victims, WORKLOAD_VICTIMS_FIFO);
	assert_int_equal(workload.phases[4].victims, WORKLOAD_VICTIMS_RANDOM);
}

static void fills_are_not_measured_unless_told(void **state)
{
	(void)state;
	load_full();
	const bool expected[] = {false, true, true, false, true, true, true, true};
	assert_int_equal(workload.phase_count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(workload.phases[i].measured, expected[i]);
}

static void a_script_is_flat_with_brackets(void **state)
{
	(void)state;
	load_full();
	const struct workload_phase *phase = &workload.phases[6];
	const enum workload_script_kind kinds[] = {WORKLOAD_SCRIPT_ALLOC,  WORKLOAD_SCRIPT_FREE,  WORKLOAD_SCRIPT_ALLOC,
						   WORKLOAD_SCRIPT_REPEAT, WORKLOAD_SCRIPT_ALLOC, WORKLOAD_SCRIPT_REPEAT,
						   WORKLOAD_SCRIPT_FREE,   WORKLOAD_SCRIPT_ALLOC, WORKLOAD_SCRIPT_END,
						   WORKLOAD_SCRIPT_FREE,   WORKLOAD_SCRIPT_END};
	assert_int_equal(phase->body, WORKLOAD_BODY_SCRIPT);
	assert_int_equal(phase->script_count, 11);
	for (size_t i = 0; i < 11; i++)
		assert_int_equal(phase->script[i].kind, kinds[i]);
	assert_int_equal(phase->script[3].count, 3);
	assert_int_equal(phase->script[3].match, 10);
	assert_int_equal(phase->script[10].match, 3);
	assert_int_equal(phase->script[5].count, 2);
	assert_int_equal(phase->script[5].match, 8);
	assert_int_equal(phase->script[8].match, 5);
}

static void script_allocations_name_a_request_and_perhaps_a_size(void **state)
{
	(void)state;
	load_full();
	const struct workload_script_op *ops = workload.phases[6].script;
	assert_int_equal(ops[0].request, 1);
	assert_int_equal(ops[0].count, 0);
	assert_int_equal(ops[2].request, 2);
	assert_int_equal(ops[2].count, 2);
	assert_int_equal(ops[4].count, 32);
}

static void slot_ranges_end_at_an_element_that_they_reach(void **state)
{
	(void)state;
	load_full();
	const struct workload_range *down = &workload.phases[6].script[1].slots;
	assert_int_equal(down->array, 0);
	assert_int_equal(down->first, 9);
	assert_int_equal(down->last, 1); /* 9 7 5 3 1: written 9..0..-2 */
	assert_int_equal(down->step, -2);
	const struct workload_range *one = &workload.phases[6].script[2].slots;
	assert_int_equal(one->first, 7);
	assert_int_equal(one->last, 7);
	assert_int_equal(one->step, 1);
}

static void slot_arrays_are_as_long_as_their_largest_index(void **state)
{
	(void)state;
	parse(HEAD REQUEST "phases:\n"
			   "  - {name: s, script: [{alloc: 'r[5]', request: a}, {alloc: X, request: a}]}\n"
			   "  - {name: t, script: [{alloc: 'r[100..7..-3]', request: a}]}\n");
	assert_int_equal(workload.script_array_count, 2);
	assert_string_equal(workload.script_arrays[0].name, "r");
	assert_int_equal(workload.script_arrays[0].count, 101);
	assert_string_equal(workload.script_arrays[1].name, "X");
	assert_int_equal(workload.script_arrays[1].count, 1);
}

static void a_trace_is_decoded(void **state)
{
	(void)state;
	load_full();
	const struct workload_trace *trace = &workload.phases[7].trace;
	assert_int_equal(workload.phases[7].body, WORKLOAD_BODY_TRACE);
	assert_string_equal(trace->file, "traces/nic.iovatrace");
	assert_int_equal(trace->repeat, 3);
	assert_int_equal(trace->between, WORKLOAD_BETWEEN_KEEP);
	assert_int_equal(trace->limits, WORKLOAD_LIMITS_FIRST);
	assert_int_equal(trace->align.kind, WORKLOAD_ALIGN_NONE);
}

static void a_trace_gets_its_defaults(void **state)
{
	(void)state;
	parse(HEAD "phases: [{name: r, trace: {file: a.iovatrace}}]\n");
	const struct workload_trace *trace = &workload.phases[0].trace;
	assert_int_equal(trace->repeat, 1);
	assert_int_equal(trace->between, WORKLOAD_BETWEEN_DRAIN);
	assert_int_equal(trace->limits, WORKLOAD_LIMITS_RECORDED);
	assert_int_equal(trace->align.kind, WORKLOAD_ALIGN_NATURAL);
	assert_true(workload.phases[0].measured);
}

static void expectations_are_decoded(void **state)
{
	(void)state;
	load_full();
	const struct workload_expectation *expectations = workload.expectations;
	assert_int_equal(workload.expectation_count, 4);
	assert_string_equal(expectations[0].metric, "failures.fragmented");
	assert_int_equal(expectations[0].comparison, WORKLOAD_IS);
	assert_true(expectations[0].value == 0.0 && expectations[0].tolerance == 0.0);
	assert_null(expectations[0].allocator);
	assert_int_equal(expectations[1].comparison, WORKLOAD_BELOW);
	assert_true(expectations[1].value == 1.25);
	assert_true(expectations[2].value == 0.4003 && expectations[2].tolerance == 0.022);
	assert_string_equal(expectations[2].allocator, "rbtree:fit=first");
	assert_int_equal(expectations[3].comparison, WORKLOAD_ABOVE);
	assert_true(expectations[3].value == 1500.0);
}

static void an_expected_value_may_be_negative(void **state)
{
	(void)state;
	parse(HEAD REQUEST FILL "expect: [{metric: fragmentation.index, is: -1}, {metric: a.b, above: -0.25}]\n");
	assert_true(workload.expectations[0].value == -1.0);
	assert_true(workload.expectations[1].value == -0.25);
}

static void sizes_take_every_unit_and_hex(void **state)
{
	(void)state;
	parse(HEAD "space: {base: 0, size: 2TiB}\n"
		   "requests:\n"
		   "  - {name: a, size: {fixed: 8192B}}\n"
		   "  - {name: b, size: {fixed: 12KiB}}\n"
		   "  - {name: c, size: {fixed: 1MiB}}\n"
		   "  - {name: d, size: {fixed: 1GiB}}\n"
		   "  - {name: e, size: {fixed: 1TiB}}\n"
		   "  - {name: f, size: {fixed: 3 pages}}\n"
		   "  - {name: g, size: {fixed: 0x3000}}\n"
		   "  - {name: h, size: {fixed: 4 KiB}}\n" FILL);
	const uint64_t expected[] = {2, 3, 256, 262144, 268435456, 3, 3, 1};
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(workload.requests[i].size.min, expected[i]);
	assert_int_equal(workload.space.first, 0);
}

static void a_space_may_reach_to_the_last_page_of_64_bits(void **state)
{
	(void)state;
	parse(HEAD "space: {size: 0xFFFFFFFFFFFFF000}\n"
		   "requests: [{name: a, size: {fixed: 4KiB}, high: 0xFFFFFFFFFFFFFFFF}]\n" FILL);
	assert_int_equal(workload.space.end, (UINT64_C(1) << 52) - 1);
	assert_int_equal(workload.requests[0].high[0], (UINT64_C(1) << 52) - 2);
}

static void the_largest_seed_is_read_exactly(void **state)
{
	(void)state;
	parse(HEAD "seed: 18446744073709551615\n" REQUEST FILL);
	assert_int_equal(workload.seed, UINT64_MAX);
}

static void aliases_mean_what_they_stand_for(void **state)
{
	(void)state;
	parse(HEAD "requests:\n"
		   "  - {name: a, size: &s {uniform: {min: 4KiB, max: 16KiB}}, align: &n natural}\n"
		   "  - {name: b, size: *s, align: *n}\n" FILL);
	assert_int_equal(workload.requests[1].size.kind, WORKLOAD_SIZE_UNIFORM);
	assert_int_equal(workload.requests[1].size.max, 4);
	assert_int_equal(workload.requests[1].align.kind, WORKLOAD_ALIGN_NATURAL);
}

static void texts_keep_every_character(void **state)
{
	(void)state;
	parse(HEAD
	      "about: \"tab\\there, quote \\\" slash / back \\\\ bell \\a gr\\xf6\\xdfe \\u2192 \\U0001F600\"\n" REQUEST
		      FILL);
	assert_string_equal(workload.about, "tab\there, quote \" slash / back \\ bell \a gr\xc3\xb6\xc3\x9f"
					    "e \xe2\x86\x92 \xf0\x9f\x98\x80");
}

static void a_byte_order_mark_is_passed_over(void **state)
{
	(void)state;
	parse("\xef\xbb\xbf" HEAD REQUEST FILL);
	assert_string_equal(workload.name, "x");
}

static void repeats_may_nest_eight_deep(void **state)
{
	(void)state;
	char yaml[2048];
	size_t used =
		(size_t)snprintf(yaml, sizeof yaml, HEAD REQUEST "phases: [{name: s, script: [{alloc: x, request: a}, ");
	for (int i = 0; i < 8; i++)
		used += (size_t)snprintf(yaml + used, sizeof yaml - used, "{repeat: 2, script: [");
	used += (size_t)snprintf(yaml + used, sizeof yaml - used, "{free: x}");
	for (int i = 0; i < 8; i++)
		used += (size_t)snprintf(yaml + used, sizeof yaml - used, "]}");
	snprintf(yaml + used, sizeof yaml - used, "]}]\n");
	parse(yaml);
	assert_int_equal(workload.phases[0].script_count, 18);
}

static void a_trace_lies_beside_its_workload(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"traces/a.iovatrace"}}};
	struct workload beside = {.file = (char[]){"workloads/nic.yaml"}};
	workload_trace_path(&beside, &phase, &messages);
	assert_string_equal(messages.bytes, "workloads/traces/a.iovatrace");
}

static void a_trace_of_a_file_without_a_folder_lies_here(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"a.iovatrace"}}};
	struct workload here = {.file = (char[]){"nic.yaml"}};
	workload_trace_path(&here, &phase, &messages);
	assert_string_equal(messages.bytes, "a.iovatrace");
}

static void an_absolute_trace_stays_where_it_is(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"/a.iovatrace"}}};
	struct workload beside = {.file = (char[]){"workloads/nic.yaml"}};
	workload_trace_path(&beside, &phase, &messages);
	assert_string_equal(messages.bytes, "/a.iovatrace");
}

static void the_hash_is_fnv_1a(void **state)
{
	(void)state;
	/* Test vectors of the authors (isthe.com/chongo). */
	assert_int_equal(workload_hash("", 0), UINT64_C(0xcbf29ce484222325));
	assert_int_equal(workload_hash("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	assert_int_equal(workload_hash("foobar", 6), UINT64_C(0x85944171f73967e8));
}

static void expanding_writes_every_default_out(void **state)
{
	(void)state;
	char *expected;
	size_t length;
	struct error error = {0};
	if (file_read("tests/golden/workload/full.json", 1u << 20, &expected, &length, &error))
		fail_msg("%s", error.message);
	load_full();
	struct text json = {0};
	workload_expand(&workload, &json);
	assert_string_equal(json.bytes, expected);
	text_release(&json);
	memory_release(expected);
}

static void the_examples_of_the_manual_are_right(void **state)
{
	(void)state;
	char *manual;
	size_t length;
	struct error error = {0};
	if (file_read("docs/workload-format.md", 1u << 20, &manual, &length, &error))
		fail_msg("%s", error.message);
	int examples = 0;
	for (char *at = manual; (at = strstr(at, "```yaml\n"));) {
		at += strlen("```yaml\n");
		*strstr(at, "```") = '\0';
		parse(at);
		workload_release(&workload);
		examples++;
		at += strlen(at) + 1;
	}
	assert_int_equal(examples, 2);
	memory_release(manual);
}

static void every_workload_that_is_shipped_is_right(void **state)
{
	(void)state;
	glob_t files;
	assert_int_equal(glob("workloads/*.yaml", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 7);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		if (workload_load(files.gl_pathv[i], &workload, &messages))
			fail_msg("%s", messages.bytes);
		assert_true(*workload.about && *workload.source);
		workload_release(&workload);
	}
	globfree(&files);
}

static void a_missing_file_is_a_message(void **state)
{
	(void)state;
	assert_int_equal(workload_load("no/such.yaml", &workload, &messages), -1);
	assert_string_equal(messages.bytes, "no/such.yaml: cannot open: No such file or directory\n");
}

static void a_folder_is_a_message(void **state)
{
	(void)state;
	assert_int_equal(workload_load("tests", &workload, &messages), -1);
	assert_non_null(strstr(messages.bytes, "tests: "));
}

static void releasing_twice_does_no_harm(void **state)
{
	(void)state;
	load_full();
	workload_release(&workload);
	workload_release(&workload);
}

static void errors_beyond_the_thousandth_are_counted(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD REQUEST FILL);
	for (int i = 0; i < 1100; i++)
		text_add(&yaml, "zz%d: 1\n", i);
	assert_int_equal(workload_parse("test.yaml", yaml.bytes, yaml.length, &workload, &messages), -1);
	assert_non_null(strstr(messages.bytes, "zz999: unknown key"));
	assert_null(strstr(messages.bytes, "zz1000: unknown key"));
	assert_non_null(strstr(messages.bytes, "test.yaml: 100 more errors are not shown\n"));
	text_release(&yaml);
}

/* Each request of the program for memory fails in turn: no crash, no leak, no half workload, and the message says so. */
static void fail_each_request(const char *file, int without_failure)
{
	static const struct workload zeroed;
	for (uint64_t n = 0;; n++) {
		uint64_t before = memory_requests();
		memory_fail_after(n);
		int result = workload_load(file, &workload, &messages);
		memory_fail_after(UINT64_MAX);
		if (memory_requests() - before <= n) {
			assert_true(n > 50);
			assert_int_equal(result, without_failure);
			return;
		}
		assert_int_equal(result, -1);
		assert_memory_equal(&workload, &zeroed, sizeof workload);
		if (!messages.failed && !strstr(messages.bytes, "no memory"))
			fail_msg("request %lu: %s", (unsigned long)n, messages.bytes);
		text_release(&messages);
	}
}

static void without_memory_a_right_file_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request(FULL, 0);
}

static void without_memory_a_wrong_file_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request("tests/bad/many-errors.yaml", -1);
}

static void without_memory_a_script_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request("tests/bad/script-slots-both-forms.yaml", -1);
}

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void assert_refused_within(const struct text *yaml, double seconds, const char *message)
{
	double begin = cpu_seconds();
	assert_false(yaml->failed);
	assert_int_equal(workload_parse("test.yaml", yaml->bytes, yaml->length, &workload, &messages), -1);
	double took = cpu_seconds() - begin;
	if (took > seconds * SLOWDOWN)
		fail_msg("took %f s", took);
	if (!strstr(messages.bytes, message))
		fail_msg("says: %.500s", messages.bytes);
}

static void an_alias_bomb_is_refused_in_a_second_and_100_mib(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 100; i++) {
		text_add(&yaml, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			text_add(&yaml, "%s*a%d", j ? ", " : "", i - 1);
		text_add(&yaml, "]\n");
	}
	assert_refused_within(&yaml, 1, "more than 100000 values, aliases written out");
	text_release(&yaml);
#ifndef SANITIZED
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	assert_in_range(usage.ru_maxrss, 1, 100 * 1024);
#endif
}

static void long_texts_multiplied_by_aliases_are_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "about: &a '");
	for (int i = 0; i < 4096; i++)
		text_add(&yaml, "x");
	text_add(&yaml, "'\nrequests: [{name: a, high: [");
	for (int i = 0; i < 50000; i++)
		text_add(&yaml, "*a, ");
	text_add(&yaml, "]}]\n");
	assert_refused_within(&yaml, 1, "longer than 16777216 bytes, aliases written out");
	text_release(&yaml);
}

static void a_hundred_thousand_levels_are_refused_in_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "[");
	assert_refused_within(&yaml, 1, "nested deeper than 32 levels");
	text_release(&yaml);
}

static void a_hundred_thousand_block_levels_are_refused_in_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "- ");
	assert_refused_within(&yaml, 1, "nested deeper than 32 levels");
	text_release(&yaml);
}

static void too_many_values_are_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "expect: [");
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "x, ");
	text_add(&yaml, "]\n");
	assert_refused_within(&yaml, 1, "more than 100000 values");
	text_release(&yaml);
}

static void too_large_a_file_is_refused_before_it_is_read(void **state)
{
	(void)state;
	static char yaml[WORKLOAD_FILE_BYTES_MAX + 1];
	memset(yaml, '#', sizeof yaml);
	assert_int_equal(workload_parse("test.yaml", yaml, sizeof yaml, &workload, &messages), -1);
	assert_string_equal(messages.bytes, "test.yaml: larger than 16777216 bytes, the most that is read here\n");
}

static void five_thousand_lines_are_read_in_a_fifth_of_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD REQUEST "phases:\n  - name: s\n    script:\n");
	for (int i = 0; i < 5000; i++)
		text_add(&yaml, "      - {alloc: 'slot%d[0..9]', request: a, size: 8KiB}\n", i);
	double begin = cpu_seconds();
	parse(yaml.bytes);
	double took = cpu_seconds() - begin;
	assert_int_equal(workload.phases[0].script_count, 5000);
	assert_int_equal(workload.script_array_count, 5000);
	if (took > 0.2 * SLOWDOWN)
		fail_msg("took %f s", took);
	text_release(&yaml);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, release)
	const struct CMUnitTest tests[] = {
		TEST(a_minimal_file_gets_every_default),
		TEST(a_request_gets_its_defaults),
		TEST(powers_of_two_default_to_half_and_not_exact),
		TEST(the_head_is_decoded),
		TEST(the_space_is_decoded_in_its_own_pages),
		TEST(reserved_ranges_are_put_in_ascending_order),
		TEST(a_request_with_everything_is_decoded),
		TEST(limits_beyond_the_space_become_its_end_once),
		TEST(one_high_address_is_a_list_of_one),
		TEST(an_alignment_is_a_word_or_a_size_or_a_map),
		TEST(mixes_name_requests_and_weigh_them),
		TEST(a_mix_ends_in_one_of_four_ways),
		TEST(victims_are_random_unless_told),
		TEST(fills_are_not_measured_unless_told),
		TEST(a_script_is_flat_with_brackets),
		TEST(script_allocations_name_a_request_and_perhaps_a_size),
		TEST(slot_ranges_end_at_an_element_that_they_reach),
		TEST(slot_arrays_are_as_long_as_their_largest_index),
		TEST(a_trace_is_decoded),
		TEST(a_trace_gets_its_defaults),
		TEST(expectations_are_decoded),
		TEST(an_expected_value_may_be_negative),
		TEST(sizes_take_every_unit_and_hex),
		TEST(a_space_may_reach_to_the_last_page_of_64_bits),
		TEST(the_largest_seed_is_read_exactly),
		TEST(aliases_mean_what_they_stand_for),
		TEST(texts_keep_every_character),
		TEST(a_byte_order_mark_is_passed_over),
		TEST(repeats_may_nest_eight_deep),
		TEST(a_trace_lies_beside_its_workload),
		TEST(a_trace_of_a_file_without_a_folder_lies_here),
		TEST(an_absolute_trace_stays_where_it_is),
		TEST(the_hash_is_fnv_1a),
		TEST(expanding_writes_every_default_out),
		TEST(the_examples_of_the_manual_are_right),
		TEST(every_workload_that_is_shipped_is_right),
		TEST(a_missing_file_is_a_message),
		TEST(a_folder_is_a_message),
		TEST(releasing_twice_does_no_harm),
		TEST(errors_beyond_the_thousandth_are_counted),
		TEST(an_alias_bomb_is_refused_in_a_second_and_100_mib),
		TEST(long_texts_multiplied_by_aliases_are_refused),
		TEST(a_hundred_thousand_levels_are_refused_in_a_second),
		TEST(a_hundred_thousand_block_levels_are_refused_in_a_second),
		TEST(too_many_values_are_refused),
		TEST(too_large_a_file_is_refused_before_it_is_read),
		TEST(five_thousand_lines_are_read_in_a_fifth_of_a_second),
		TEST(without_memory_a_right_file_is_refused_cleanly),
		TEST(without_memory_a_wrong_file_is_refused_cleanly),
		TEST(without_memory_a_script_is_refused_cleanly),
	};
	return cmocka_run_group_tests_name("workload files", tests, NULL, NULL);
}
