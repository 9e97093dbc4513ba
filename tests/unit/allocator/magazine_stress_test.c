/* SPDX-License-Identifier: MIT
 * Threads with a logical CPU each work on one magazine layer, free what others allocated, and run out of space all the time.
 * Every page has an owner mark: handing it out twice is seen at once. Meant for VARIANT=tsan, right without it. */
#include "allocator/registry.h"
#include "base/rng.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 4
#define PAGES 512 /* one thread alone wants more: it runs out of space also where threads take turns */
#define MAILBOXES 64
#define HELD 192
#define STEPS 100000
#define SIZE_MAX_PAGES 12

static pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *memory_get(void *context, size_t bytes)
{
	(void)context;
	pthread_mutex_lock(&host_mutex);
	size_t rounded = (bytes + 63) / 64 * 64;
	void *memory = aligned_alloc(64, rounded);
	pthread_mutex_unlock(&host_mutex);
	return memory ? memset(memory, 0, rounded) : NULL;
}

static void memory_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	free(memory);
}

static void *lock_create(void *context)
{
	(void)context;
	pthread_mutex_t *lock = malloc(sizeof *lock);
	if (lock)
		pthread_mutex_init(lock, NULL);
	return lock;
}

static void lock_destroy(void *context, void *lock)
{
	(void)context;
	if (lock)
		pthread_mutex_destroy(lock);
	free(lock);
}

static void lock_acquire(void *context, void *lock)
{
	(void)context;
	pthread_mutex_lock(lock);
}

static void lock_release(void *context, void *lock)
{
	(void)context;
	pthread_mutex_unlock(lock);
}

static const struct iova_host host = {.size = sizeof host,
				      .cpus = CPUS,
				      .memory_get = memory_get,
				      .memory_put = memory_put,
				      .lock_create = lock_create,
				      .lock_destroy = lock_destroy,
				      .lock_acquire = lock_acquire,
				      .lock_release = lock_release};

static struct allocator_instance instance;
static uint32_t marks[PAGES];    /* 1: live */
static uint64_t wrong, no_space; /* pages handed out twice; refused requests */
static struct iova_extent *mailboxes[MAILBOXES];
static pthread_barrier_t start;

static void mark(const struct iova_extent *extent, uint32_t value)
{
	for (uint64_t page = extent->first; page < extent->first + extent->count; page++)
		if (__atomic_exchange_n(&marks[page], value, __ATOMIC_RELAXED) == value)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static void give(const struct iova_extent *extent, uint32_t cpu)
{
	mark(extent, 0);
	instance.table->free(instance.self, extent, cpu);
}

/* Puts an extent into a mailbox and frees, on this CPU, what another one had left there. */
static void post(const struct iova_extent *extent, uint64_t mailbox, uint32_t cpu)
{
	struct iova_extent *letter = malloc(sizeof *letter);
	if (!letter)
		abort();
	*letter = *extent;
	letter = __atomic_exchange_n(&mailboxes[mailbox], letter, __ATOMIC_ACQ_REL);
	if (letter)
		give(letter, cpu);
	free(letter);
}

static void step(struct rng *rng, struct iova_extent *held, uint32_t cpu)
{
	if (held->count) {
		if (rng_below(rng, 3))
			give(held, cpu);
		else
			post(held, rng_below(rng, MAILBOXES), cpu);
		held->count = 0;
		return;
	}
	struct iova_request request = {.count = 1 + rng_below(rng, SIZE_MAX_PAGES)};
	if (!rng_below(rng, 8)) {
		request.constraints = IOVA_CONSTRAIN_LIMIT;
		request.low = rng_below(rng, PAGES / 2);
		request.high = PAGES - 1;
	}
	if (instance.table->alloc(instance.self, &request, cpu, held) == IOVA_OK)
		mark(held, 1);
	else
		__atomic_fetch_add(&no_space, 1, __ATOMIC_RELAXED);
}

static void *work(void *argument)
{
	uint32_t cpu = *(const uint32_t *)argument;
	struct iova_extent held[HELD] = {0};
	struct rng rng;
	rng_seed(&rng, cpu + 1);
	pthread_barrier_wait(&start);
	for (uint64_t i = 0; i < STEPS; i++) {
		step(&rng, &held[rng_below(&rng, HELD)], cpu);
		if (cpu == 0 && i % 64 == 0)
			instance.table->poll(instance.self, i * 10000000);
		if (cpu == 1 && i % 1024 == 0)
			instance.table->drain(instance.self);
	}
	for (size_t i = 0; i < HELD; i++)
		if (held[i].count)
			give(&held[i], cpu);
	return NULL;
}

static void play(const char *spec)
{
	static const uint32_t cpus[CPUS] = {0, 1, 2, 3};
	struct allocator_spec parsed;
	const struct iova_space space = {0, PAGES, 4096};
	pthread_t threads[CPUS];
	memset(marks, 0, sizeof marks);
	wrong = no_space = 0;
	assert_int_equal(allocator_spec_open(spec, &parsed, NULL), 0);
	assert_int_equal(allocator_instance_create(&parsed, &space, &host, &instance, NULL), 0);
	pthread_barrier_init(&start, NULL, CPUS);
	for (size_t i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)&cpus[i]), 0);
	for (size_t i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (size_t i = 0; i < MAILBOXES; i++) {
		if (mailboxes[i])
			give(mailboxes[i], 0);
		free(mailboxes[i]);
		mailboxes[i] = NULL;
	}
	struct iova_statistics statistics;
	assert_int_equal(wrong, 0);
	/* The space is too small on purpose: else nobody drains. */
	assert_true(no_space > 0);
	assert_null(instance.table->broken_invariant(instance.self));
	instance.table->statistics(instance.self, &statistics);
	assert_int_equal(statistics.usable_pages + statistics.cached_pages + statistics.deferred_pages, PAGES);
	instance.table->drain(instance.self);
	instance.table->statistics(instance.self, &statistics);
	assert_int_equal(statistics.usable_pages, PAGES);
	assert_null(instance.table->broken_invariant(instance.self));
	allocator_instance_destroy(&instance);
}

static void threads_over_magazines_by_size_share_no_page(void **state)
{
	(void)state;
	play("magazine:rounds=3+segregated");
}

static void threads_over_magazines_by_order_share_no_page(void **state)
{
	(void)state;
	play("magazine:rounds=2,key=order,drain=all,depot=2+rbtree");
}

static void threads_over_two_layers_share_no_page(void **state)
{
	(void)state;
	play("magazine:rounds=4+lazy:entries=8+buddy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_over_magazines_by_size_share_no_page),
		cmocka_unit_test(threads_over_magazines_by_order_share_no_page),
		cmocka_unit_test(threads_over_two_layers_share_no_page),
	};
	return cmocka_run_group_tests_name("magazine_stress", tests, NULL, NULL);
}
