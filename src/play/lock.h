/* SPDX-License-Identifier: MIT
 * Locks around allocators and inside of them. Waiting is recorded, apart from the work that it delays, by threads that ask for
 * it. */
#ifndef PLAY_LOCK_H
#define PLAY_LOCK_H

#include "base/clock.h"
#include "measure/histogram.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum lock_kind { LOCK_NONE, LOCK_MUTEX, LOCK_SPIN };
extern const char *const lock_kind_name[3]; /* none, mutex, spin */

struct lock {
	enum lock_kind kind;
	atomic_bool taken; /* SPIN */
	pthread_mutex_t mutex;
};

/* Where a thread's waiting goes. */
struct lock_waits {
	const struct clock *clock;
	struct histogram *histogram; /* ticks of every acquisition that had to wait */
	uint64_t ticks;              /* their sum */
};

void lock_open(struct lock *lock, enum lock_kind kind);
void lock_close(struct lock *lock);

/* Of the calling thread, from now on; NULL: waiting is not recorded. An acquisition that need not wait is never stamped. */
void lock_record_waits(struct lock_waits *waits);
/* Ticks recorded so far for the calling thread; 0 when nobody asked. */
uint64_t lock_waited_ticks(void);

/* The slow way of lock_acquire. */
void lock_wait(struct lock *lock);

static inline void lock_acquire(struct lock *lock)
{
	if (lock->kind == LOCK_MUTEX) {
		if (pthread_mutex_trylock(&lock->mutex) != 0)
			lock_wait(lock);
	} else if (lock->kind == LOCK_SPIN) {
		if (atomic_exchange_explicit(&lock->taken, true, memory_order_acquire))
			lock_wait(lock);
	}
}

static inline void lock_release(struct lock *lock)
{
	assert(lock->kind != LOCK_SPIN || atomic_load_explicit(&lock->taken, memory_order_relaxed));
	if (lock->kind == LOCK_MUTEX)
		pthread_mutex_unlock(&lock->mutex);
	else if (lock->kind == LOCK_SPIN)
		atomic_store_explicit(&lock->taken, false, memory_order_release);
}

/* What a waiting thread does between two looks. */
static inline void lock_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
