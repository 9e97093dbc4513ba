/* SPDX-License-Identifier: MIT */
#include "play/lock.h"

#include <assert.h>

const char *const lock_kind_name[3] = {"none", "mutex", "spin"};

static _Thread_local struct lock_waits *waits_of_thread;

void lock_open(struct lock *lock, enum lock_kind kind)
{
	lock->kind = kind;
	atomic_init(&lock->taken, false);
	pthread_mutex_init(&lock->mutex, NULL);
}

void lock_close(struct lock *lock)
{
	assert(!atomic_load(&lock->taken));
	pthread_mutex_destroy(&lock->mutex);
}

void lock_record_waits(struct lock_waits *waits)
{
	waits_of_thread = waits;
}

uint64_t lock_waited_ticks(void)
{
	return waits_of_thread ? waits_of_thread->ticks : 0;
}

/* Looks before it takes: waiting threads then share the line instead of pulling it to and fro. */
static void wait_for(struct lock *lock)
{
	if (lock->kind == LOCK_MUTEX) {
		pthread_mutex_lock(&lock->mutex);
		return;
	}
	do {
		while (atomic_load_explicit(&lock->taken, memory_order_relaxed))
			lock_pause();
	} while (atomic_exchange_explicit(&lock->taken, true, memory_order_acquire));
}

void lock_wait(struct lock *lock)
{
	assert(lock->kind != LOCK_NONE);
	struct lock_waits *waits = waits_of_thread;
	if (!waits) {
		wait_for(lock);
		return;
	}
	uint32_t cpu;
	uint64_t start = clock_start(waits->clock);
	wait_for(lock);
	uint64_t stop = clock_stop(waits->clock, &cpu), ticks = stop > start ? stop - start : 0;
	histogram_record(waits->histogram, ticks);
	waits->ticks += ticks;
}
