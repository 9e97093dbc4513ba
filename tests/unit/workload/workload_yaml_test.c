/* SPDX-License-Identifier: MIT
 * What a workload file decodes to, field by field against values worked out by hand. Wrong files have their own suite,
 * bad_workloads_test; limits of time and memory theirs, workload_limits_test. Run from the root of the repository. */
#include "workload/workload_yaml.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/workload_fixture.h"

#define FULL "tests/golden/workload/full.yaml"
#define HEAD "iovabench: 1\nname: x\n"
#define REQUEST "requests: [{name: a, size: {fixed: 4KiB}}]\n"
#define FILL "phases: [{name: fill, mix: [{request: a}], until: {live: 10}}]\n"

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
	assert_int_equal(workload.space.mode, DDI_MODE_REMAP);
	assert_int_equal(workload.space.hole_count, 0);
	assert_int_equal(workload.physical.bytes, 0);
	assert_true(workload.physical.scatter == 0.0);
	assert_int_equal(workload.cpus, 1);
	assert_true(workload.pace_ops_per_second == 1e6);
	assert_int_equal(workload.seed, 1);
	assert_true(workload_interference_is_none(&workload.interference));
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
	assert_int_equal(workload.interference.data_bytes, 262144);
	assert_int_equal(workload.interference.code_bytes, 65537);
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
	assert_int_equal(workload.space.mode, DDI_MODE_REMAP);
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
	assert_int_equal(workload.request_count, 13);
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

static void fills_and_drains_are_not_measured_unless_told(void **state)
{
	(void)state;
	load_full();
	const bool expected[] = {false, true, true,  false, true, false, true,  true,
				 true,  true, false, true,  true, true,  false, true};
	assert_int_equal(workload.phase_count, 16);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(workload.phases[i].measured, expected[i]);
}

static void sizes_by_a_curve_are_decoded(void **state)
{
	(void)state;
	load_full();
	const enum workload_size_kind kinds[] = {WORKLOAD_SIZE_LOG_UNIFORM, WORKLOAD_SIZE_LOGNORMAL, WORKLOAD_SIZE_PARETO,
						 WORKLOAD_SIZE_ZIPF,        WORKLOAD_SIZE_WEIGHTS,   WORKLOAD_SIZE_MIXED};
	const uint64_t largest[] = {64, 64, 1024, 1024, 32, 128};
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(workload.requests[3 + i].size.kind, kinds[i]);
		assert_int_equal(workload.requests[3 + i].size.min, 1);
		assert_int_equal(workload.requests[3 + i].size.max, largest[i]);
	}
	assert_int_equal(workload.requests[4].size.median, 4);
	assert_true(workload.requests[4].size.sigma == 1.25 && workload.requests[5].size.alpha == 1.2);
	const struct workload_size *parts = &workload.requests[7].size, *blend = &workload.requests[8].size;
	assert_int_equal(parts->part_count, 2);
	assert_int_equal(parts->parts[0].weight, 7);
	assert_int_equal(parts->parts[1].size.min, 32);
	assert_int_equal(blend->part_count, 4);
	assert_int_equal(blend->parts[2].weight, 2);
	assert_int_equal(blend->parts[3].size.kind, WORKLOAD_SIZE_ZIPF);
}

static void lifetimes_are_operations(void **state)
{
	(void)state;
	load_full();
	assert_int_equal(workload.requests[0].lifetime.kind, WORKLOAD_LIFETIME_NONE);
	assert_int_equal(workload.requests[3].lifetime.kind, WORKLOAD_LIFETIME_FIXED);
	assert_int_equal(workload.requests[3].lifetime.min, 500);
	assert_int_equal(workload.requests[4].lifetime.kind, WORKLOAD_LIFETIME_UNIFORM);
	assert_int_equal(workload.requests[4].lifetime.max, 20000);
	assert_int_equal(workload.requests[5].lifetime.kind, WORKLOAD_LIFETIME_PARETO);
	assert_true(workload.requests[5].lifetime.alpha == 0.8);
	assert_int_equal(workload.requests[6].lifetime.kind, WORKLOAD_LIFETIME_GENERATIONAL);
	assert_int_equal(workload.requests[6].lifetime.old_mean, 50000);
	assert_true(workload.requests[6].lifetime.young_share == 0.9);
	assert_int_equal(workload.requests[7].lifetime.mean, 20000);
}

static void phases_say_who_goes_and_how_many(void **state)
{
	(void)state;
	load_full();
	const struct workload_phase *phase = &workload.phases[8];
	assert_int_equal(phase[0].victims, WORKLOAD_VICTIMS_LIFETIME);
	assert_int_equal(phase[1].body, WORKLOAD_BODY_DRAIN);
	assert_int_equal(phase[1].until, WORKLOAD_UNTIL_OCCUPANCY);
	assert_int_equal(phase[1].victims, WORKLOAD_VICTIMS_FIFO);
	assert_int_equal(phase[2].until, WORKLOAD_UNTIL_LIVE);
	assert_int_equal(phase[2].until_value, 100);
	assert_int_equal(phase[3].hold, WORKLOAD_HOLD_OCCUPANCY);
	assert_int_equal(phase[3].burst, 1);
	assert_int_equal(phase[4].burst, 32);
}

static void a_script_is_flat_with_brackets(void **state)
{
	(void)state;
	load_full();
	const struct workload_phase *phase = &workload.phases[6];
	const enum workload_script_kind kinds[] = {WORKLOAD_SCRIPT_ALLOC,  WORKLOAD_SCRIPT_FREE,  WORKLOAD_SCRIPT_ALLOC,
						   WORKLOAD_SCRIPT_REPEAT, WORKLOAD_SCRIPT_ALLOC, WORKLOAD_SCRIPT_REPEAT,
						   WORKLOAD_SCRIPT_FREE,   WORKLOAD_SCRIPT_ALLOC, WORKLOAD_SCRIPT_END,
						   WORKLOAD_SCRIPT_FREE,   WORKLOAD_SCRIPT_END,   WORKLOAD_SCRIPT_CALL,
						   WORKLOAD_SCRIPT_CALL,   WORKLOAD_SCRIPT_CALL};
	assert_int_equal(phase->body, WORKLOAD_BODY_SCRIPT);
	assert_int_equal(phase->script_count, 14);
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
	parse(HEAD REQUEST FILL
	      "expect: [{metric: failures.first.fragmentation_index, is: -1}, {metric: core_ghz, above: -0.25}]\n");
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

static void a_later_anchor_of_the_same_name_counts(void **state)
{
	(void)state;
	parse(HEAD "about: &t first\nsource: &t second\nrequests: [{name: *t, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: drain, free: all}]\n");
	assert_string_equal(workload.requests[0].name, "second");
}

static void yes_and_true_are_the_same(void **state)
{
	(void)state;
	parse(HEAD "requests:\n"
		   "  - {name: a, size: {powers_of_two: {min: 4KiB, max: 8KiB, exact: true}}}\n"
		   "  - {name: b, size: {powers_of_two: {min: 4KiB, max: 8KiB, exact: yes}}}\n"
		   "  - {name: c, size: {powers_of_two: {min: 4KiB, max: 8KiB, exact: false}}}\n"
		   "  - {name: d, size: {powers_of_two: {min: 4KiB, max: 8KiB, exact: no}}}\n" FILL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(workload.requests[i].size.exact, i < 2);
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

static void a_setting_takes_the_place_of_a_value_and_of_a_list_of_one(void **state)
{
	(void)state;
	static const char yaml[] = HEAD "requests: [{name: a, size: {fixed: 4KiB}, high: [0xFFFFFF]}]\n" FILL;
	static const struct yaml_setting settings[] = {{.key = "requests.a.high", .value = "0xFFFFF"},
						       {.key = "phases.fill.until.live", .value = "7"}};
	if (workload_parse_set("test.yaml", yaml, strlen(yaml), settings, 2, &workload, &messages))
		fail_msg("refused: %s", messages.bytes);
	assert_int_equal(workload.requests[0].high_count, 1);
	assert_int_equal(workload.requests[0].high[0], 0xff);
	assert_int_equal(workload.phases[0].until_value, 7);
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
		TEST(fills_and_drains_are_not_measured_unless_told),
		TEST(sizes_by_a_curve_are_decoded),
		TEST(lifetimes_are_operations),
		TEST(phases_say_who_goes_and_how_many),
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
		TEST(a_later_anchor_of_the_same_name_counts),
		TEST(yes_and_true_are_the_same),
		TEST(texts_keep_every_character),
		TEST(a_byte_order_mark_is_passed_over),
		TEST(repeats_may_nest_eight_deep),
		TEST(a_setting_takes_the_place_of_a_value_and_of_a_list_of_one),
	};
	return cmocka_run_group_tests_name("workload files", tests, NULL, NULL);
}
