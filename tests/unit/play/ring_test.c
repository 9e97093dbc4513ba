/* SPDX-License-Identifier: MIT
 * The ring between two threads: what is sent arrives once, in order and whole; full and empty are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "play/lock.h"
#include "play/ring.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define STRESS_EXTENTS UINT64_C(200000)

static struct ring ring;

static int set_up(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof ring);
	return 0;
}

static struct iova_extent extent_of(uint64_t number)
{
	return (struct iova_extent){.first = number, .count = number + 1, .cookie = ~number};
}

static void an_empty_ring_gives_nothing(void **state)
{
	(void)state;
	struct iova_extent extent = extent_of(7);
	assert_false(ring_receive(&ring, &extent));
	assert_int_equal(extent.first, 7);
}

static void extents_arrive_whole_and_in_order(void **state)
{
	(void)state;
	struct iova_extent extent;
	for (uint64_t i = 0; i < 3; i++) {
		struct iova_extent sent = extent_of(i);
		assert_true(ring_send(&ring, &sent));
	}
	for (uint64_t i = 0; i < 3; i++) {
		assert_true(ring_receive(&ring, &extent));
		assert_int_equal(extent.first, i);
		assert_int_equal(extent.count, i + 1);
		assert_int_equal(extent.cookie, ~i);
	}
	assert_false(ring_receive(&ring, &extent));
}

static void a_full_ring_takes_nothing_until_one_was_received(void **state)
{
	(void)state;
	struct iova_extent extent;
	for (uint64_t i = 0; i < RING_EXTENTS; i++) {
		struct iova_extent sent = extent_of(i);
		assert_true(ring_send(&ring, &sent));
	}
	struct iova_extent more = extent_of(RING_EXTENTS);
	assert_false(ring_send(&ring, &more));
	assert_true(ring_receive(&ring, &extent));
	assert_int_equal(extent.first, 0);
	assert_true(ring_send(&ring, &more));
	assert_false(ring_send(&ring, &more));
	for (uint64_t i = 1; i <= RING_EXTENTS; i++) {
		assert_true(ring_receive(&ring, &extent));
		assert_int_equal(extent.first, i);
	}
}

/* Positions pass the end of the array many times. */
static void places_are_used_again(void **state)
{
	(void)state;
	struct iova_extent extent;
	for (uint64_t i = 0; i < 5 * RING_EXTENTS + 3; i++) {
		struct iova_extent sent = extent_of(i);
		assert_true(ring_send(&ring, &sent));
		assert_true(ring_receive(&ring, &extent));
		assert_int_equal(extent.first, i);
	}
}

static void *send_all(void *unused)
{
	for (uint64_t i = 0; i < STRESS_EXTENTS; i++) {
		struct iova_extent sent = extent_of(i);
		while (!ring_send(&ring, &sent))
			sched_yield();
	}
	return unused;
}

static void two_threads_lose_and_repeat_nothing(void **state)
{
	(void)state;
	pthread_t sender;
	uint64_t wrong = 0;
	assert_int_equal(pthread_create(&sender, NULL, send_all, NULL), 0);
	for (uint64_t i = 0; i < STRESS_EXTENTS; i++) {
		struct iova_extent extent;
		while (!ring_receive(&ring, &extent))
			sched_yield();
		wrong += extent.first != i || extent.count != i + 1 || extent.cookie != ~i;
	}
	pthread_join(sender, NULL);
	assert_int_equal(wrong, 0);
}

/* Several threads count under a lock; those that wait are recorded where they asked for it. */
struct counting {
	struct lock lock;
	uint64_t count;
};

#define LOCKED_ADDITIONS UINT64_C(50000)

static void *count_up(void *context)
{
	struct counting *counting = context;
	for (uint64_t i = 0; i < LOCKED_ADDITIONS; i++) {
		lock_acquire(&counting->lock);
		counting->count++;
		lock_release(&counting->lock);
	}
	return NULL;
}

static void count_together(enum lock_kind kind)
{
	struct counting counting = {.count = 0};
	pthread_t other;
	lock_open(&counting.lock, kind);
	assert_int_equal(pthread_create(&other, NULL, count_up, &counting), 0);
	count_up(&counting);
	pthread_join(other, NULL);
	assert_int_equal(counting.count, 2 * LOCKED_ADDITIONS);
	lock_close(&counting.lock);
}

static void a_mutex_lets_one_thread_in(void **state)
{
	(void)state;
	count_together(LOCK_MUTEX);
}

static void a_spin_lock_lets_one_thread_in(void **state)
{
	(void)state;
	count_together(LOCK_SPIN);
}

struct holding {
	struct lock lock;
	_Atomic bool held;
};

static void *hold_for_a_while(void *context)
{
	struct holding *holding = context;
	struct timespec while_ = {.tv_nsec = 20000000};
	lock_acquire(&holding->lock);
	atomic_store(&holding->held, true);
	nanosleep(&while_, NULL);
	lock_release(&holding->lock);
	return NULL;
}

static void waiting_is_recorded_and_an_open_door_is_not(void **state)
{
	(void)state;
	for (enum lock_kind kind = LOCK_MUTEX; kind <= LOCK_SPIN; kind++) {
		static struct histogram histogram;
		struct clock clock = {.ns_per_tick = 1};
		struct lock_waits waits = {.clock = &clock, .histogram = &histogram};
		struct holding holding = {.held = false};
		pthread_t other;
		histogram = (struct histogram){0};
		lock_open(&holding.lock, kind);
		lock_record_waits(&waits);
		lock_acquire(&holding.lock);
		lock_release(&holding.lock);
		assert_int_equal(histogram.total, 0);
		assert_int_equal(pthread_create(&other, NULL, hold_for_a_while, &holding), 0);
		while (!atomic_load(&holding.held))
			sched_yield();
		lock_acquire(&holding.lock);
		lock_release(&holding.lock);
		lock_record_waits(NULL);
		pthread_join(other, NULL);
		assert_int_equal(histogram.total, 1);
		assert_true(waits.ticks > 1000000);
		assert_int_equal(histogram.max, waits.ticks);
		assert_int_equal(lock_waited_ticks(), 0);
		lock_close(&holding.lock);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_ring_gives_nothing),
		TEST(extents_arrive_whole_and_in_order),
		TEST(a_full_ring_takes_nothing_until_one_was_received),
		TEST(places_are_used_again),
		TEST(two_threads_lose_and_repeat_nothing),
		TEST(a_mutex_lets_one_thread_in),
		TEST(a_spin_lock_lets_one_thread_in),
		TEST(waiting_is_recorded_and_an_open_door_is_not),
	};
	return cmocka_run_group_tests_name("rings and locks", tests, NULL, NULL);
}
