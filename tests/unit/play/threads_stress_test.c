/* SPDX-License-Identifier: MIT
 * Several threads on one rbtree under each kind of lock, with frees that travel between them; every page is marked by whom it
 * is given to, so that no page is ever live twice. Made for VARIANT=tsan as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/run_fixture.h"

#define PAGES 65536u
#define YAML                                                                                                               \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 256MiB}\nrequests: [{name: any, size: {uniform: {min: 4KiB, "  \
	"max: 64KiB}}}]\n"                                                                                                 \
	"phases:\n  - {name: fill, mix: [{request: any}], until: {occupancy: 98%}}\n"                                      \
	"  - {name: churn, mix: [{request: any}], ops: 30k}\n"                                                             \
	"  - {name: travel, mix: [{request: any}], ops: 60k, free_on: next}\n"                                             \
	"  - {name: drain, free: all}\n"

/* Each thread has an adapter of its own, and its part of the frames; in identity mode these are the pages. */
#define CALLS                                                                                                              \
	"requests:\n  - {name: object, call: adl, size: {uniform: {min: 4KiB, max: 64KiB}}}\n"                             \
	"  - {name: list, call: mdl, size: {uniform: {min: 4KiB, max: 64KiB}}}\n"                                          \
	"  - {name: ring, call: contiguous, size: {fixed: 16KiB}}\n"                                                       \
	"  - {name: frames, call: mm_mdl, size: {fixed: 20KiB}}\n"                                                         \
	"phases:\n  - {name: fill, mix: &all [{request: object}, {request: list}, {request: ring}, {request: frames}], "   \
	"until: {live: 2k}}\n"                                                                                             \
	"  - {name: churn, mix: *all, ops: 20k}\n  - {name: hang, adapter: reset}\n"                                       \
	"  - {name: again, mix: *all, until: {live: 1k}}\n  - {name: sleep, adapter: power_down, save: {request: object, " \
	"count: 3}}\n  - {name: wake, adapter: power_up}\n  - {name: drain, free: all}\n"
#define REMAP "iovabench: 1\nname: test\nspace: {base: 0x0, size: 256MiB}\nphysical: {size: 512MiB, scatter: 50%}\n" CALLS
#define IDENTITY                                                                                                           \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 256MiB, mode: identity}\nphysical: {size: 256MiB}\n" CALLS

static const char bare[] = YAML;
static struct bench bench;
static _Atomic unsigned char marks[PAGES];
static _Atomic uint64_t wrong;
static const struct iova_allocator *below;

static enum iova_status create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
			       const struct iova_below *none, void **self, const char **reason)
{
	(void)options;
	for (size_t i = 0; i < PAGES; i++)
		marks[i] = 0;
	uint64_t defaults[ALLOCATOR_OPTIONS_MAX];
	for (uint64_t i = 0; i < below->option_count; i++)
		defaults[i] = below->options[i].default_value;
	return below->create(space, defaults, host, none, self, reason);
}

static void mark(const struct iova_extent *extent, unsigned char from, unsigned char to)
{
	for (uint64_t page = extent->first; page < extent->first + extent->count; page++)
		wrong += page >= PAGES || atomic_exchange(&marks[page], to) != from;
}

static enum iova_status alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	enum iova_status status = below->alloc(self, request, cpu, extent);
	if (status == IOVA_OK)
		mark(extent, 0, 1);
	return status;
}

static void give_back(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	mark(extent, 1, 0);
	below->free(self, extent, cpu);
}

static enum iova_status place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	enum iova_status status = below->place(self, first, count, cpu, extent);
	if (status == IOVA_OK)
		mark(extent, 0, 1);
	return status;
}

static void play(uint32_t threads, enum lock_kind lock, const char *yaml)
{
	static struct iova_allocator table;
	below = allocator_find("rbtree");
	table = *below;
	table.create = create;
	table.alloc = alloc;
	table.free = give_back;
	table.place = place;
	table.capabilities &= ~IOVA_STEPS;
	bench_threads = threads;
	wrong = 0;
	bench_open(&bench, yaml, NULL, &table);
	bench.pass.lock = lock;
	if (pass_throughput(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	/* No thread was given frames that another one has; the bare requests fill the space. */
	for (size_t i = 0; yaml != bare && i < bench.record.phase_count; i++)
		assert_int_equal(bench.record.phases[i].failures, 0);
	bench.pass.latency_gap = 16;
	if (pass_latency(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	uint64_t live = 0;
	for (size_t i = 0; i < PAGES; i++)
		live += marks[i];
	assert_int_equal(wrong, 0);
	assert_int_equal(live, 0); /* the last phase freed everything */
	bench_close(&bench);
}

static void two_threads_with_a_mutex(void **state)
{
	(void)state;
	play(2, LOCK_MUTEX, bare);
}

static void two_threads_with_a_spin_lock(void **state)
{
	(void)state;
	play(2, LOCK_SPIN, bare);
}

static void four_threads_with_a_mutex(void **state)
{
	(void)state;
	play(4, LOCK_MUTEX, bare);
}

static void driver_calls_of_three_threads(void **state)
{
	(void)state;
	play(3, LOCK_MUTEX, REMAP);
	play(3, LOCK_SPIN, IDENTITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_with_a_mutex),
		cmocka_unit_test(two_threads_with_a_spin_lock),
		cmocka_unit_test(four_threads_with_a_mutex),
		cmocka_unit_test(driver_calls_of_three_threads),
	};
	return cmocka_run_group_tests_name("threads under stress", tests, NULL, NULL);
}
