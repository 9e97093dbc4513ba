/* SPDX-License-Identifier: MIT
 * Two workers on private rings: one magazine+X that both share, against an X of its own for each, without a lock. Both in this
 * process, in turns, so that what disturbs one disturbs the other; medians over the turns. A table, not a test:
 * docs/magazine.md. */
#include "allocator/registry.h"
#include "base/clock.h"
#include "base/rng.h"
#include "measure/statistics.h"
#include "play/arena.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 2u
#define TURNS 201
#define TURN_OPERATIONS 200000u
#define RING_EXTENTS 512u
#define SIZES 4096u /* drawn once, used in turn */
#define SPACE_PAGES ((uint64_t)1 << 20)
#define TARGET 0.9

struct worker {
	pthread_t thread;

	int processor;
	const struct iova_allocator *table;
	void *self;
	uint32_t cpu; /* as the allocator is told */
	struct iova_extent ring[RING_EXTENTS];
	double ns_per_operation;
	unsigned char apart[128]; /* workers share no cache line */
};

static struct worker workers[WORKERS];
static uint64_t sizes[SIZES];
static struct clock clock_of_all;
static pthread_barrier_t barrier;
static atomic_bool done;

static void fail(const char *what)
{
	fprintf(stderr, "bench threads: %s\n", what);
	exit(EXIT_CODE_IO);
}

static void play(struct worker *worker)
{
	struct iova_request request = {0};
	uint32_t processor;
	uint64_t start = clock_start(&clock_of_all);
	for (uint32_t i = 0; i < TURN_OPERATIONS / 2; i++) {
		struct iova_extent *slot = &worker->ring[i % RING_EXTENTS];
		if (i >= RING_EXTENTS)
			worker->table->free(worker->self, slot, worker->cpu);
		request.count = sizes[i % SIZES];
		if (worker->table->alloc(worker->self, &request, worker->cpu, slot) != IOVA_OK)
			fail("the space is too small");
	}
	uint64_t ticks = clock_stop(&clock_of_all, &processor) - start;
	for (uint32_t i = 0; i < RING_EXTENTS; i++)
		worker->table->free(worker->self, &worker->ring[i], worker->cpu);
	worker->ns_per_operation = (double)ticks * clock_of_all.ns_per_tick / (TURN_OPERATIONS - RING_EXTENTS);
}

static void *work(void *context)
{
	struct worker *worker = context;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)worker->processor, &set);
	pthread_setaffinity_np(pthread_self(), sizeof set, &set);
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (atomic_load(&done))
			return NULL;
		play(worker);
		pthread_barrier_wait(&barrier);
	}
}

/* Operations of both in a nanosecond. */
static double play_turn(void)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	double rate = 0;
	for (uint32_t i = 0; i < WORKERS; i++)
		rate += 1 / workers[i].ns_per_operation;
	return rate;
}

struct subject {
	struct allocator_spec spec;
	struct arena arenas[WORKERS];
	struct allocator_instance instances[WORKERS];
	uint32_t count; /* instances: 1 for all workers, or one each */
};

static void open_subject(struct subject *subject, const char *spec, uint32_t count)
{
	const struct iova_space space = {1, SPACE_PAGES - 1, 4096};
	struct error error = {0};
	subject->count = count;
	if (allocator_spec_open(spec, &subject->spec, &error) < 0)
		fail(error.message);
	for (uint32_t i = 0; i < count; i++)
		if (arena_create(&subject->arenas[i], true, count == 1 ? WORKERS : 1, &error) < 0 ||
		    allocator_instance_create(&subject->spec, &space, &subject->arenas[i].host, &subject->instances[i],
					      &error) < 0)
			fail(error.message);
}

static void close_subject(struct subject *subject)
{
	for (uint32_t i = 0; i < subject->count; i++) {
		allocator_instance_destroy(&subject->instances[i]);
		arena_destroy(&subject->arenas[i]);
	}
	allocator_spec_close(&subject->spec);
}

static void seat(const struct subject *subject)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct allocator_instance *instance = &subject->instances[subject->count == 1 ? 0 : i];
		workers[i].table = instance->table;
		workers[i].self = instance->self;
		workers[i].cpu = subject->count == 1 ? i : 0;
	}
}

static void compare(const char *name, const char *work_name)
{
	static struct subject shared, own;
	static double rates[2][TURNS], ratios[TURNS];
	char layered[64];
	snprintf(layered, sizeof layered, "magazine+%s", name);
	open_subject(&shared, layered, 1);
	open_subject(&own, name, WORKERS);
	for (int turn = -1; turn < TURNS; turn++) /* the first one warms up */
		for (int half = 0; half < 2; half++) {
			int which = (turn + half) & 1; /* who comes first changes */
			seat(which ? &own : &shared);
			double rate = play_turn();
			if (turn >= 0)
				rates[which][turn] = rate;
		}
	for (int turn = 0; turn < TURNS; turn++)
		ratios[turn] = rates[0][turn] / rates[1][turn];
	double ratio = statistics_median(ratios, TURNS);
	printf("%-12s %-20s %16.2f %16.2f %10.2f   %s\n", name, work_name, WORKERS / statistics_median(rates[0], TURNS),
	       WORKERS / statistics_median(rates[1], TURNS), ratio, ratio >= TARGET ? "met" : "MISSED");
	close_subject(&shared);
	close_subject(&own);
}

static void draw_sizes(uint64_t largest)
{
	struct rng rng;
	rng_seed(&rng, 1);
	for (uint32_t i = 0; i < SIZES; i++)
		sizes[i] = 1 + rng_below(&rng, largest);
}

static void start_workers(void)
{
	cpu_set_t set;
	uint32_t found = 0;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		fail("the CPUs of this process are not known");
	for (int processor = 0; processor < CPU_SETSIZE && found < WORKERS; processor++)
		if (CPU_ISSET((size_t)processor, &set))
			workers[found++].processor = processor;
	if (found < WORKERS)
		fail("two workers need two CPUs");
	if (pthread_barrier_init(&barrier, NULL, WORKERS + 1) != 0)
		fail("no barrier");
	for (uint32_t i = 0; i < WORKERS; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			fail("no thread");
	}
}

int main(void)
{
	static const char *const names[] = {"buddy", "bitmap", "rbtree", "segregated"};
	clock_calibrate(&clock_of_all, 50);
	start_workers();
	printf("%-12s %-20s %16s %16s %10s   target >= %.1f\n", "X", "rings of", "shared, ns/op", "own, ns/op", "ratio",
	       TARGET);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		draw_sizes(1);
		compare(names[i], "single pages");
		draw_sizes(32);
		compare(names[i], "1 to 32 pages");
	}
	atomic_store(&done, true);
	pthread_barrier_wait(&barrier);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	return 0;
}
