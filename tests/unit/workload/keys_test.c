/* SPDX-License-Identifier: MIT
 * Goal: what list, describe and the manual say about keys is what the parser does. Method: every range and default that the
 * table of keys tells is tried out on the parser itself (the gate `manual` holds the manual against the table). */
#include "workload/language.h"

#include "base/memory.h"
#include "workload/workload_yaml.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct yaml_key_list keys;

static int list_keys(void **state)
{
	(void)state;
	return yaml_key_list(&keys, &workload_language);
}

static int release_keys(void **state)
{
	(void)state;
	yaml_key_list_release(&keys);
	return 0;
}

static void every_key_is_told_once_and_explained(void **state)
{
	(void)state;
	assert_true(keys.count > 150);
	for (size_t i = 0; i < keys.count; i++) {
		assert_true(*keys.keys[i].value && *keys.keys[i].by_default && keys.keys[i].about && *keys.keys[i].about);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(keys.keys[i].path, keys.keys[k].path);
	}
}

static void without_memory_no_keys_are_listed(void **state)
{
	(void)state;
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct yaml_key_list list = {0};
		lack_begins(&lack);
		int result = yaml_key_list(&list, &workload_language);
		bool failed = lack_ends(&lack);
		yaml_key_list_release(&list);
		assert_int_equal(result, failed ? -1 : 0);
	}
}

/* A workload around %s, which stands for "key: value" or nothing. */
#define HEAD "iovabench: 1\nname: x\n"
#define REQUESTS "requests:\n- {name: a, size: {fixed: 1 page}, lifetime: {fixed: 9}}\n"
#define PHASES "phases:\n- {name: f, mix: [{request: a}], until: {live: 9}}\n"
#define TOP(text) HEAD REQUESTS PHASES text
#define REQUEST(text) HEAD "requests:\n- {name: a, " text "}\n" PHASES
#define SIZE(text) REQUEST("size: {" text "}")
#define LIFE(text) REQUEST("size: {fixed: 4KiB}, lifetime: {" text "}")
#define PHASE(text) HEAD REQUESTS PHASES "- {name: p, " text "}\n"
#define CHURN PHASE("mix: [{request: a}], ops: 10, %s")
#define MINMAX "min: 4KiB, max: 64KiB"

static const struct probe {
	const char *path, *around;
	const char *below, *above; /* NULL: no number of this kind lies there */
} probes[] = {
	{"space.page", HEAD REQUESTS PHASES "space: {%s}\n", "1KiB", "2GiB"},
	{"space.extents", HEAD REQUESTS PHASES "space: {%s}\n", "0", "300M"},
	{"space.metadata_fails.every", HEAD REQUESTS PHASES "space: {metadata_fails: {%s}}\n", "0", "2000G"},
	{"space.metadata_fails.share", HEAD REQUESTS PHASES "space: {metadata_fails: {%s}}\n", "0%", "101%"},
	{"phases.queue.mix.weight",
	 HEAD "requests: [{name: a, size: {fixed: 4KiB}, lifetime: {fixed: 3}}]\n"
	      "phases: [{name: p, queue: {mix: [{request: a, %s}], served: 3}}]\n",
	 "0", "2G"},
	{"phases.queue.served",
	 HEAD "requests: [{name: a, size: {fixed: 4KiB}, lifetime: {fixed: 3}}]\n"
	      "phases: [{name: p, queue: {mix: [{request: a}], %s}}]\n",
	 "0", "2000G"},
	{"space.mode", HEAD REQUESTS PHASES "space: {%s}\n", NULL, NULL},
	{"space.base", HEAD REQUESTS PHASES "space: {%s}\n", NULL, NULL},
	{"space.size", HEAD REQUESTS PHASES "space: {%s}\n", NULL, NULL},
	{"physical.scatter", TOP("physical: {size: 1GiB, %s}\n"), NULL, "101%"},
	{"cpus", TOP("%s\n"), "0", "4097"},
	{"pace", TOP("%s\n"), "0/s", NULL},
	{"seed", TOP("%s\n"), NULL, "18446744073709551616"},
	{"interference.data", TOP("interference: {%s}\n"), NULL, "1025MiB"},
	{"interference.code", TOP("interference: {%s}\n"), NULL, "769KiB"},
	{"interference.pairs", TOP("interference: {%s}\n"), NULL, "1000001"},
	{"iotlb.entries", TOP("iotlb: {ways: 1, %s}\n"), "0", "65537"},
	{"iotlb.ways", TOP("iotlb: {entries: 65536, %s}\n"), "0", "1025"},
	{"iotlb.walk.l2", TOP("iotlb: {entries: 1, ways: 1, walk: {%s}}\n"), NULL, "257"},
	{"iotlb.walk.l3", TOP("iotlb: {entries: 1, ways: 1, walk: {%s}}\n"), NULL, "257"},
	{"touch", TOP("iotlb: {entries: 1, ways: 1}\n%s\n"), NULL, NULL},
	{"requests.call", REQUEST("size: {fixed: 4KiB}, %s"), NULL, NULL},
	{"requests.size.powers_of_two.ratio", SIZE("powers_of_two: {" MINMAX ", %s}"), "0%", "101%"},
	{"requests.size.powers_of_two.exact", SIZE("powers_of_two: {" MINMAX ", %s}"), NULL, NULL},
	{"requests.size.lognormal.sigma", SIZE("lognormal: {" MINMAX ", median: 8KiB, %s}"), "0.009", "8.01"},
	{"requests.size.pareto.alpha", SIZE("pareto: {" MINMAX ", %s}"), "0.009", "16.01"},
	{"requests.size.zipf.alpha", SIZE("zipf: {" MINMAX ", %s}"), "0.009", "16.01"},
	{"requests.size.weights.weight", SIZE("weights: [{size: 4KiB, %s}]"), "0", "1000000001"},
	{"requests.size.mixed.weight", SIZE("mixed: [{fixed: 4KiB, %s}]"), "0", "1000000001"},
	{"requests.size.mixed.powers_of_two.ratio", SIZE("mixed: [{powers_of_two: {" MINMAX ", %s}}]"), "0%", NULL},
	{"requests.size.mixed.lognormal.sigma", SIZE("mixed: [{lognormal: {" MINMAX ", median: 8KiB, %s}}]"), "0", "8.01"},
	{"requests.size.mixed.pareto.alpha", SIZE("mixed: [{pareto: {" MINMAX ", %s}}]"), "0", "16.01"},
	{"requests.size.mixed.zipf.alpha", SIZE("mixed: [{zipf: {" MINMAX ", %s}}]"), "0", "16.01"},
	{"requests.lifetime.fixed", LIFE("%s"), "0", "500000001"},
	{"requests.lifetime.uniform.min", LIFE("uniform: {max: 500M, %s}"), "0", "500000001"},
	{"requests.lifetime.uniform.max", LIFE("uniform: {min: 1, %s}"), "0", "500000001"},
	{"requests.lifetime.exponential.mean", LIFE("exponential: {%s}"), "0", "500000001"},
	{"requests.lifetime.pareto.min", LIFE("pareto: {max: 500M, alpha: 1, %s}"), "0", "500000001"},
	{"requests.lifetime.pareto.max", LIFE("pareto: {min: 1, alpha: 1, %s}"), "0", "500000001"},
	{"requests.lifetime.pareto.alpha", LIFE("pareto: {min: 1, max: 9, %s}"), "0.009", "16.01"},
	{"requests.lifetime.generational.young", LIFE("generational: {old: 500M, share: 9%%, %s}"), "0", "500000001"},
	{"requests.lifetime.generational.old", LIFE("generational: {young: 1, share: 9%%, %s}"), "0", "500000001"},
	{"requests.lifetime.generational.share", LIFE("generational: {young: 1, old: 1, %s}"), "0%", "101%"},
	{"phases.mix.weight", PHASE("mix: [{request: a, %s}], ops: 3"), "0", "1000000001"},
	{"phases.until.occupancy", PHASE("mix: [{request: a}], until: {%s}"), "0%", "101%"},
	{"phases.until.live", PHASE("mix: [{request: a}], until: {%s}"), "0", "268435457"},
	{"phases.until.ops", PHASE("mix: [{request: a}], until: {%s}"), "0", "1099511627777"},
	{"phases.until.turnovers", PHASE("mix: [{request: a}], until: {%s}"), "0", "1000001"},
	{"phases.until.seconds", PHASE("mix: [{request: a}], until: {%s}"), "0", "1000001"},
	{"phases.ops", PHASE("mix: [{request: a}], %s"), "0", "1099511627777"},
	{"phases.victims", CHURN, NULL, NULL},
	{"phases.free_on", CHURN, NULL, NULL},
	{"phases.hold", CHURN, NULL, NULL},
	{"phases.burst", CHURN, "0", "1000001"},
	{"phases.think", CHURN, NULL, "1000000001"},
	{"phases.free.until.occupancy", PHASE("free: {until: {%s}}"), "0%", "101%"},
	{"phases.free.until.live", PHASE("free: {until: {%s}}"), "0", "268435457"},
	{"phases.free.victims", PHASE("free: {until: {live: 3}, %s}"), NULL, NULL},
	{"phases.free.free_on", PHASE("free: {until: {live: 3}, %s}"), NULL, NULL},
	{"phases.trace.repeat", PHASE("trace: {file: x, %s}"), "0", "1099511627777"},
	{"phases.trace.between", PHASE("trace: {file: x, %s}"), NULL, NULL},
	{"phases.trace.limits", PHASE("trace: {file: x, %s}"), NULL, NULL},
	{"phases.trace.align", PHASE("trace: {file: x, %s}"), NULL, NULL},
	{"adapter.wddm", TOP("adapter: {%s}\n"), "2.3", "3.3"},
	{"requests.node", REQUEST("size: {fixed: 4KiB}, call: mm_mdl, %s"), NULL, "64"},
	{"requests.cache", REQUEST("size: {fixed: 4KiB}, call: mdl, %s"), NULL, NULL},
	{"requests.irql", REQUEST("size: {fixed: 4KiB}, call: mdl, %s"), NULL, NULL},
	{"requests.skip", REQUEST("size: {fixed: 4KiB}, call: mdl, %s"), NULL, NULL},
	{"requests.io_space", REQUEST("size: {fixed: 4KiB}, call: map, %s"), NULL, NULL},
	{"requests.user", REQUEST("size: {fixed: 4KiB}, call: map, %s"), NULL, NULL},
	{"phases.script.node", PHASE("script: [{call: MmAllocateNodePagesForMdlEx, size: 4KiB, %s}]"), NULL, "64"},
	{"phases.script.cache", PHASE("script: [{call: DxgkCbMapMemory, address: 0, size: 4KiB, %s}]"), NULL, NULL},
	{"phases.script.irql", PHASE("script: [{call: DxgkCbFreeAdl, of: 0, %s}]"), NULL, NULL},
	{"phases.script.boundary", PHASE("script: [{call: DxgkCbAllocateContiguousMemory, size: 4KiB, %s}]"), NULL, NULL},
	{"phases.script.offset", PHASE("script: [{call: DxgkCbUnmapMemory, of: 0, %s}]"), NULL, NULL},
	{"phases.script.open", PHASE("script: [{call: DxgkCbCreatePhysicalMemoryObject, type: mdl, size: 4KiB, %s}]"), NULL,
	 NULL},
	{"phases.script.status", PHASE("script: [{call: DxgkCbFreeContiguousMemory, of: 0, %s}]"), NULL, NULL},
	{"phases.script.violation", PHASE("script: [{call: DxgkCbFreeAdl, of: 0, %s}]"), NULL, NULL},
	{"phases.rings.depth", PHASE("rings: {request: a, %s}"), "0", "268435457"},
	{"phases.rings.count", PHASE("rings: {request: a, depth: 3, %s}, ops: 9"), "0", "65"},
	{"phases.rings.pace", PHASE("rings: {request: a, depth: 3, %s}, ops: 9"), "0", NULL},
	{"phases.rings.burst", PHASE("rings: {request: a, depth: 3, %s}, ops: 9"), "0", "4"},
	{"phases.save.count",
	 HEAD "requests: [{name: a, size: {fixed: 4KiB}, call: adl}]\n" PHASES
	      "- {name: p, adapter: power_down, save: {request: a, %s}}\n",
	 "0", "268435457"},
	{"expect.tolerance", TOP("expect: [{metric: audit.violations, is: 0, %s}]\n"), "-1", NULL},
};

static const struct yaml_key_text *find(const char *path)
{
	for (size_t i = 0; i < keys.count; i++)
		if (!strcmp(keys.keys[i].path, path))
			return &keys.keys[i];
	fail_msg("%s is no key", path);
	return NULL;
}

/* Whether the parser takes the value; value NULL: without the key. What it makes of it is added to json, when json is
 * given. */
static bool takes(const struct probe *probe, const char *value, struct text *json)
{
	char pair[128] = "", yaml[1024];
	const char *key = strrchr(probe->path, '.');
	if (value)
		snprintf(pair, sizeof pair, "%s: %s", key ? key + 1 : probe->path, value);
		/* Formats are ours. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int length = snprintf(yaml, sizeof yaml, probe->around, pair);
#pragma GCC diagnostic pop
	struct workload workload;
	struct text messages = {0};
	int result = workload_parse("x.yaml", yaml, (size_t)length, &workload, &messages);
	if (!result && json)
		workload_expand(&workload, json);
	workload_release(&workload);
	text_release(&messages);
	return result == 0;
}

static void ranges_are_those_of_the_parser(void **state)
{
	(void)state;
	size_t ranges = 0;
	for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
		const struct probe *probe = &probes[i];
		const char *value = find(probe->path)->value, *to = strstr(value, " to ");
		if (probe->below && takes(probe, probe->below, NULL))
			fail_msg("%s: takes %s", probe->path, probe->below);
		if (probe->above && takes(probe, probe->above, NULL))
			fail_msg("%s: takes %s", probe->path, probe->above);
		if (!to)
			continue;
		/* "count, 1 to 4096" */
		char low[40], high[40];
		const char *first = to;
		while (first > value && first[-1] != ' ')
			first--;
		snprintf(low, sizeof low, "%.*s", (int)(to - first), first);
		snprintf(high, sizeof high, "%s", to + 4);
		if (*low >= '0' && *low <= '9') {
			ranges++;
			if (!takes(probe, low, NULL) || !takes(probe, high, NULL))
				fail_msg("%s: does not take %s to %s", probe->path, low, high);
		}
	}
	assert_true(ranges >= 24);
}

static void every_range_is_probed(void **state)
{
	(void)state;
	for (size_t i = 0; i < keys.count; i++) {
		const struct yaml_key_text *key = &keys.keys[i];
		const char *to = strstr(key->value, " to ");
		bool probed = !to || !strncmp(key->value, "list", 4) || strstr(key->value, "up to") ||
			      strstr(key->value, "list of") || strstr(key->value, "min to max");
		for (size_t k = 0; k < sizeof probes / sizeof probes[0]; k++)
			probed = probed || !strcmp(probes[k].path, key->path);
		if (!probed)
			fail_msg("%s: its range %s is not probed here", key->path, key->value);
	}
}

static void defaults_are_those_of_the_parser(void **state)
{
	(void)state;
	size_t defaults = 0;
	static const char *const words[] = {"required", "none", "this or"};
	for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
		const char *by_default = find(probes[i].path)->by_default;
		bool is_value = true;
		for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
			is_value = is_value && strncmp(by_default, words[k], strlen(words[k])) != 0;
		if (!is_value)
			continue;
		struct text with = {0}, without = {0};
		assert_true(takes(&probes[i], by_default, &with) && takes(&probes[i], NULL, &without));
		assert_string_equal(with.bytes, without.bytes);
		text_release(&with);
		text_release(&without);
		defaults++;
	}
	assert_true(defaults >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_told_once_and_explained), cmocka_unit_test(without_memory_no_keys_are_listed),
		cmocka_unit_test(ranges_are_those_of_the_parser),       cmocka_unit_test(every_range_is_probed),
		cmocka_unit_test(defaults_are_those_of_the_parser),
	};
	return cmocka_run_group_tests_name("keys of workloads", tests, list_keys, release_keys);
}
