/* SPDX-License-Identifier: MIT
 * What every allocator's metadata costs in a space of 48 bits: the time to create it, and memory as metadata_bytes of a run
 * tells it, which is what is resident. */
#include "allocator/registry.h"
#include "play/arena.h"
#include "support/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PAGES (UINT64_C(1) << 36)
#define PAGE_BYTES UINT64_C(4096)
#define CPUS 128

static const char *const specs[] = {
	"buddy:first=recent",
	"buddy:first=low",
	"buddy:first=high,rounding=trim",
	"buddy:preset=hal",
	"bitmap:fit=any",
	"bitmap:fit=first",
	"bitmap:fit=next",
	"rbtree:fit=first",
	"rbtree:fit=best",
	"rbtree:fit=last",
	"linux",
	"segregated",
	"leaf",
	"leaf:cache=cpu",
	"magazine+buddy",
	"magazine+bitmap",
	"magazine+rbtree",
	"magazine:key=order+linux",
	"magazine:rounds=1024,max=1024+segregated",
	"lazy+rbtree",
	"lazy:queue=single,entries=1048576+segregated",
	"lazy:entries=1048576+magazine+buddy",
};
#define SPECS (sizeof specs / sizeof specs[0])

static struct arena arena;
static struct allocator_instance instance;

static void begin(const char *spec)
{
	const struct iova_space space = {0, PAGES, PAGE_BYTES};
	struct allocator_spec parsed;
	struct error error = {0};
	if (allocator_spec_open(spec, &parsed, &error) || arena_create(&arena, false, CPUS, &error) ||
	    allocator_instance_create(&parsed, &space, &arena.host, &instance, &error))
		fail_msg("%s", error.message);
}

static void end(void)
{
	allocator_instance_destroy(&instance);
	arena_destroy(&arena);
}

static void no_allocator_is_forgotten(void **state)
{
	(void)state;
	for (size_t i = 0; i < allocator_registry_count; i++) {
		bool found = allocator_registry[i]->capabilities & IOVA_HARNESS;
		for (size_t spec = 0; spec < SPECS && !found; spec++)
			found = !strncmp(specs[spec], allocator_registry[i]->name, strlen(allocator_registry[i]->name));
		if (!found)
			fail_msg("%s is not in the list", allocator_registry[i]->name);
	}
}

/* CPU time, the best of many tries: other programs cannot lengthen it. */
static void creation_takes_less_than_a_millisecond(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPECS; i++) {
		uint64_t least_ns = UINT64_MAX;
		for (int try = 0; try < 20 && least_ns >= 1000000; try++) {
			const struct iova_space space = {0, PAGES, PAGE_BYTES};
			struct allocator_spec parsed;
			struct error error = {0};
			assert_int_equal(allocator_spec_open(specs[i], &parsed, &error), 0);
			assert_int_equal(arena_create(&arena, false, CPUS, &error), 0);
			const uint64_t begin_ns = cpu_time_ns();
			assert_int_equal(allocator_instance_create(&parsed, &space, &arena.host, &instance, &error), 0);
			const uint64_t spent_ns = cpu_time_ns() - begin_ns;
			least_ns = spent_ns < least_ns ? spent_ns : least_ns;
			end();
		}
		if (least_ns >= 1000000)
			fail_msg("%s takes %llu ns", specs[i], (unsigned long long)least_ns);
	}
}

/* With an extent at either end; without any, nothing may be resident that an allocation needs. */
static void creation_takes_less_than_a_mebibyte(void **state)
{
	(void)state;
	const struct iova_request low = {.count = 1, .high = PAGES / 2 - 1, .constraints = IOVA_CONSTRAIN_LIMIT};
	const struct iova_request high = {
		.count = 1, .low = PAGES / 2, .high = PAGES - 1, .constraints = IOVA_CONSTRAIN_LIMIT};
	for (size_t i = 0; i < SPECS; i++) {
		struct iova_extent extents[2];
		begin(specs[i]);
		const uint64_t created = arena_resident_bytes(&arena);
		assert_int_equal(instance.table->alloc(instance.self, &low, 0, &extents[0]), IOVA_OK);
		assert_int_equal(instance.table->alloc(instance.self, &high, 0, &extents[1]), IOVA_OK);
		const uint64_t used = arena_resident_bytes(&arena);
		if (!created || created >= 1 << 20 || used < created || used >= 1 << 20)
			fail_msg("%s: %llu bytes after create, %llu with two extents", specs[i],
				 (unsigned long long)created, (unsigned long long)used);
		end();
	}
}

enum { LIVE = 100000 };
static struct iova_extent live[LIVE];

/* Every other page is live: as many gaps as extents. least: what the design cannot do without. The arrays begin and end within
 * a page. */
static void check_bytes_per_extent(const char *spec, uint64_t least)
{
	begin(spec);
	const uint64_t empty = arena_resident_bytes(&arena);
	for (uint64_t i = 0; i < LIVE; i++)
		assert_int_equal(instance.table->place(instance.self, 2 * i + 1, 1, 0, &live[i]), IOVA_OK);
	assert_in_range(arena_resident_bytes(&arena) - empty, least * LIVE - PAGE_BYTES, 64 * LIVE + 5 * PAGE_BYTES);
	for (uint64_t i = 0; i < LIVE; i++)
		instance.table->free(instance.self, &live[i], 0);
	/* What was given back serves again. */
	for (uint64_t i = 0; i < LIVE; i++)
		assert_int_equal(instance.table->place(instance.self, PAGES - 2 * i - 2, 1, 0, &live[i]), IOVA_OK);
	assert_in_range(arena_resident_bytes(&arena) - empty, least * LIVE - PAGE_BYTES, 64 * LIVE + 5 * PAGE_BYTES);
	end();
}

static void a_live_extent_costs_at_most_64_bytes(void **state)
{
	(void)state;
	check_bytes_per_extent("rbtree:fit=first", 24);
	check_bytes_per_extent("rbtree:fit=last", 24);
	check_bytes_per_extent("rbtree:fit=best", 32);
	check_bytes_per_extent("linux", 32);
	check_bytes_per_extent("segregated", 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_allocator_is_forgotten),
		cmocka_unit_test(creation_takes_less_than_a_millisecond),
		cmocka_unit_test(creation_takes_less_than_a_mebibyte),
		cmocka_unit_test(a_live_extent_costs_at_most_64_bytes),
	};
	return cmocka_run_group_tests_name("metadata_cost", tests, NULL, NULL);
}
