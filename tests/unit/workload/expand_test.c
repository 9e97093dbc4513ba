/* SPDX-License-Identifier: MIT
 * Goal: what expand writes, as JSON and as YAML, is a workload that is read as the same one and plays the same stream. Method:
 * every workload that is shipped, the golden one and random ones are written, read, written again and played side by side. Run
 * from the root of the repository. */
#include "workload/workload_yaml.h"

#include "base/memory.h"
#include "base/rng.h"
#include "stream/op_stream.h"
#include "support/lack.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_COMPARED 30000u

static bool has_trace(const struct workload *workload)
{
	for (size_t i = 0; i < workload->phase_count; i++)
		if (workload->phases[i].body == WORKLOAD_BODY_TRACE)
			return true;
	return false;
}

static struct op_stream *open_stream(const struct workload *workload)
{
	struct error error = {0};
	return op_stream_open(workload, NULL, workload->seed, &error);
}

static void assert_same_stream(const struct workload *left, const struct workload *right, const char *name)
{
	static struct op a[4096], b[4096];
	struct op_stream *one = open_stream(left), *other = open_stream(right);
	size_t phase[2], count[2], words = 0;
	assert_true(!one == !other);
	while (one && words < WORDS_COMPARED) {
		count[0] = op_stream_next(one, a, 4096, &phase[0]);
		count[1] = op_stream_next(other, b, 4096, &phase[1]);
		if (count[0] != count[1] || phase[0] != phase[1] || memcmp(a, b, count[0] * sizeof a[0]) != 0)
			fail_msg("%s: plays another stream", name);
		if (!count[0])
			break;
		words += count[0];
	}
	if (one) {
		op_stream_close(one);
		op_stream_close(other);
	}
}

static void expand(const struct workload *workload, bool json, struct text *text)
{
	if (json)
		workload_expand(workload, text);
	else
		workload_expand_yaml(workload, text);
	assert_false(text->failed);
}

static void assert_round_trip(const struct workload *workload, const char *name)
{
	for (int json = 0; json < 2; json++) {
		struct text written = {0}, again = {0}, messages = {0};
		struct workload read;
		expand(workload, json, &written);
		if (workload_parse(name, written.bytes, written.length, &read, &messages))
			fail_msg("%s: %s\n%s", name, messages.bytes, written.bytes);
		expand(&read, json, &again);
		assert_string_equal(written.bytes, again.bytes);
		assert_int_equal(read.operations, workload->operations);
		if (!has_trace(workload))
			assert_same_stream(workload, &read, name);
		workload_release(&read);
		text_release(&written);
		text_release(&again);
		text_release(&messages);
	}
}

static void assert_files_come_back(const char *pattern, size_t least)
{
	glob_t files;
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= least);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct workload workload;
		struct text messages = {0};
		if (workload_load(files.gl_pathv[i], &workload, &messages))
			fail_msg("%s", messages.bytes);
		assert_round_trip(&workload, files.gl_pathv[i]);
		workload_release(&workload);
		text_release(&messages);
	}
	globfree(&files);
}

static void shipped_workloads_come_back(void **state)
{
	(void)state;
	assert_files_come_back("workloads/*.yaml", 20);
	assert_files_come_back("workloads/l*/*.yaml", 10);
}

static void every_key_comes_back(void **state)
{
	(void)state;
	assert_files_come_back("tests/golden/workload/full.yaml", 1);
}

/* ---- random workloads ---- */

static struct rng rng;

static unsigned below(unsigned count)
{
	return (unsigned)rng_below(&rng, count);
}

static const char *one_of(const char *const *words)
{
	size_t count = 0;
	while (words[count])
		count++;
	return words[below((unsigned)count)];
}
#define ONE_OF(...) one_of((const char *const[]){__VA_ARGS__, NULL})

static void add_simple_size(struct text *yaml)
{
	unsigned low = 1 + below(40), high = low + below(200);
	switch (below(7)) {
	case 0:
		text_add(yaml, "fixed: %u pages", low);
		break;
	case 1:
		text_add(yaml, "uniform: {min: %u pages, max: %uKiB}", low, 16 * high);
		break;
	case 2:
		text_add(yaml, "powers_of_two: {min: %u pages, max: %u pages, ratio: %u.%u%%, exact: %s}", low,
			 low << below(6), 1 + below(99), below(1000), ONE_OF("yes", "no"));
		break;
	case 3:
		text_add(yaml, "log_uniform: {min: %u pages, max: %u pages}", low, high);
		break;
	case 4:
		text_add(yaml, "lognormal: {min: %u pages, max: %u pages, median: %u pages, sigma: %u.%u}", low, high,
			 low + (high - low) / 2, 1 + below(6), below(100000));
		break;
	case 5:
		text_add(yaml, "pareto: {min: %u pages, max: %u pages, alpha: %u.%u}", low, high, 1 + below(14),
			 below(9999));
		break;
	default:
		text_add(yaml, "zipf: {min: %u pages, max: %u pages, alpha: 0.%u}", low, high, 1 + below(999));
	}
}

static void add_size(struct text *yaml)
{
	bool weights = below(6) == 0, mixed = !weights && below(5) == 0;
	text_add(yaml, ", size: {");
	if (!weights && !mixed)
		add_simple_size(yaml);
	for (unsigned i = 0, parts = 1 + below(4); (weights || mixed) && i < parts; i++) {
		text_add(yaml, "%s{", i ? ", " : weights ? "weights: [" : "mixed: [");
		if (weights)
			text_add(yaml, "size: %u pages", 1 + below(64));
		else
			add_simple_size(yaml);
		text_add(yaml, "%s}%s", ONE_OF("", ", weight: 3k"), i + 1 == parts ? "]" : "");
	}
	text_add(yaml, "}");
}

static void add_lifetime(struct text *yaml)
{
	unsigned low = 1 + below(1000), high = low + below(100000);
	static const char *const shapes[] = {"fixed: %u", "uniform: {min: %u, max: %u}", "exponential: {mean: %u}",
					     "pareto: {min: %u, max: %u, alpha: 1.5}",
					     "generational: {young: %u, old: %u, share: 12.5%%}"};
	char shape[100];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(shape, sizeof shape, shapes[below(5)], low, high);
#pragma GCC diagnostic pop
	text_add(yaml, ", lifetime: {%s}", shape);
}

static void add_request(struct text *yaml, unsigned number)
{
	static const char *const calls[] = {"extent", "contiguous", "mdl",    "adl",    "map",
					    "mm_mdl", "reserve",    "extent", "extent", NULL};
	const char *call = one_of(calls);
	bool bare = !strcmp(call, "extent"), outside = !strcmp(call, "map") || !strcmp(call, "mm_mdl");
	text_add(yaml, "- {name: r%u, call: %s", number, call);
	add_size(yaml);
	add_lifetime(yaml);
	if (!outside && below(2))
		text_add(yaml, ", align: %s", ONE_OF("none", "natural", "16KiB", "{natural_up_to: 64KiB}"));
	if (!outside && below(2))
		text_add(yaml, ", low: 0x%x0000", 1 + below(1000));
	if (!outside && below(2))
		text_add(yaml, ", high: %s", ONE_OF("0xffffffff", "[0x7fffffff, 0xffffffff]", "0xffffffffffffffff"));
	if (bare && below(2))
		text_add(yaml, ", guard: %u pages", below(3));
	if ((bare || !strcmp(call, "adl")) && below(2))
		text_add(yaml, ", boundary: 64MiB");
	if (!bare && below(2))
		text_add(yaml, ", irql: %s", ONE_OF("passive", "apc", "dispatch"));
	if (!strcmp(call, "mdl") || !strcmp(call, "mm_mdl") || !strcmp(call, "adl"))
		text_add(yaml, ", flags: %s, skip: %u pages, cache: %s",
			 ONE_OF("NO_WAIT", "[DONT_ZERO, FULLY_REQUIRED]", "0x14", "0"), below(9),
			 ONE_OF("cached", "non_cached"));
	if (!strcmp(call, "mdl") && below(2))
		text_add(yaml, ", contiguous: %s", ONE_OF("no", "prefer", "require"));
	if (outside && below(2))
		text_add(yaml, "%s",
			 !strcmp(call, "map") ? ", address: 0xF0000001, user: yes" : ", node: 3, low: 7, high: 0xfffffff");
	text_add(yaml, "}\n");
}

static void add_mix(struct text *yaml, unsigned requests)
{
	text_add(yaml, ", mix: [{request: r%u, weight: %u}", below(requests / 2), 1 + below(100));
	if (requests > 1)
		text_add(yaml, ", {request: r%u}", requests / 2 + below(requests - requests / 2));
	text_add(yaml, "]");
}

static void add_script(struct text *yaml, unsigned phase, unsigned requests)
{
	text_add(yaml, ", script: [");
	for (unsigned i = 0, lines = 1 + below(4); i < lines; i++) {
		unsigned last = below(20), request = below(requests);
		text_add(yaml, "%s", i ? ", " : "");
		if (below(2))
			text_add(yaml, "{repeat: %u, script: [", 1 + below(3));
		else
			last += 100;
		text_add(yaml, "{alloc: \"s%u_%u[0..%u]\", request: r%u%s}, {free: \"s%u_%u[%u..0..-1]\"}", phase, i, last,
			 request, below(2) ? ", size: 1 page" : "", phase, i, last);
		if (last < 100)
			text_add(yaml, "]}");
	}
	text_add(yaml, "]");
}

static void add_phase(struct text *yaml, unsigned number, unsigned requests)
{
	text_add(yaml, "- {name: p%u", number);
	switch (below(8)) {
	case 0:
		text_add(yaml, ", free: %s",
			 ONE_OF("all", "{until: {occupancy: 1%}}", "{until: {live: 3}, victims: lifo, free_on: next}"));
		break;
	case 1:
		add_script(yaml, number, requests);
		break;
	case 2:
		text_add(yaml, ", rings: {request: [r0, r%u], count: 2, depth: %u, pace: %s, burst: %u}, %s: %s",
			 below(requests), 4 + below(99), ONE_OF("2", "[1, 3]"), 1 + below(4), "until",
			 ONE_OF("{ops: 2k}", "{turnovers: 1.5}"));
		break;
	case 3:
		add_mix(yaml, requests);
		text_add(yaml, ", until: %s", ONE_OF("{occupancy: 0.25%}", "{live: 500}"));
		break;
	case 4:
		add_mix(yaml, requests);
		text_add(yaml, ", ops: %uk, victims: lifetime", 1 + below(9));
		break;
	default:
		add_mix(yaml, requests);
		text_add(yaml, ", %s, victims: %s, free_on: %s%s",
			 ONE_OF("ops: 5k", "until: {ops: 4k}", "until: {ops: 1M}"), ONE_OF("random", "fifo", "lifo"),
			 ONE_OF("same", "next"), ONE_OF("", ", burst: 7, think: 3k", ", hold: occupancy, think: 1"));
	}
	text_add(yaml, "%s}\n", below(3) ? "" : ", measure: yes");
}

static void add_workload(struct text *yaml)
{
	unsigned requests = 2 + below(6), phases = 1 + below(6);
	text_add(yaml, "iovabench: 1\nname: random\nabout: %s\n",
		 ONE_OF("\"x: [y]\"", "'null'", "a b", "\"\\n\\u2028\\x7f\""));
	text_add(yaml, "space: {page: %s, size: %s, reserved: [{base: 1GiB, size: 64KiB}]}\n", ONE_OF("4KiB", "16KiB"),
		 ONE_OF("4GiB", "0x200000000", "1TiB"));
	text_add(yaml,
		 "physical: {size: 8GiB, scatter: %u.%u%%}\ncpus: %u\npace: %uk/s\n"
		 "seed: %llu\ninterference: {data: %uKiB}\nrequests:\n",
		 below(100), below(1000), 1 + below(8), 1 + below(999), (unsigned long long)rng_next(&rng), below(2000));
	for (unsigned i = 0; i < requests; i++)
		add_request(yaml, i);
	text_add(yaml, "phases:\n- {name: first, mix: [{request: r0}], until: {live: %u}}\n", 10 + below(1000));
	for (unsigned i = 0; i < phases; i++)
		add_phase(yaml, i, requests);
	text_add(yaml,
		 "expect: [{metric: audit.violations, is: %u.%uk, tolerance: 0.%u}, {metric: core_ghz, above: -%u%%}]\n",
		 below(9), below(9999), below(99999), below(300));
	if (below(2))
		text_add(yaml, "sweep: [{key: phases.first.until.live, values: [5, 1k]}, {key: cpus, values: 2}]\n");
}

static void random_workloads_come_back(void **state)
{
	(void)state;
	unsigned right = 0;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct workload workload;
		struct text yaml = {0}, messages = {0};
		rng_seed(&rng, seed);
		add_workload(&yaml);
		assert_false(yaml.failed);
		if (workload_parse("random.yaml", yaml.bytes, yaml.length, &workload, &messages) == 0) {
			assert_round_trip(&workload, "random.yaml");
			right++;
		}
		workload_release(&workload);
		text_release(&yaml);
		text_release(&messages);
	}
	/* Some break a rule: a size that does not fit, a page that a limit does not end. */
	if (right < 150)
		fail_msg("only %u of 300 random workloads are right", right);
}

static void without_memory_nothing_is_written(void **state)
{
	(void)state;
	struct workload workload;
	struct text messages = {0};
	assert_int_equal(workload_load("tests/golden/workload/full.yaml", &workload, &messages), 0);
	for (int json = 0; json < 2; json++) {
		for (struct lack lack = {.sparse = 50}; lack_next(&lack);) {
			struct text text = {0};
			lack_begins(&lack);
			if (json)
				workload_expand(&workload, &text);
			else
				workload_expand_yaml(&workload, &text);
			bool failed = lack_ends(&lack);
			assert_int_equal(text.failed, failed);
			text_release(&text);
		}
	}
	workload_release(&workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_workloads_come_back),
		cmocka_unit_test(every_key_comes_back),
		cmocka_unit_test(random_workloads_come_back),
		cmocka_unit_test(without_memory_nothing_is_written),
	};
	return cmocka_run_group_tests_name("workloads written out", tests, NULL, NULL);
}
