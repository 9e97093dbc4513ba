/* SPDX-License-Identifier: MIT
 * A section of code that belongs to one logical CPU, and that anybody else may close for a while: for its owner two stores and
 * a load, no locked instruction and no fence. Who closes pays for both sides with a barrier on every CPU (the system call
 * membarrier); where there is none, owners use a locked instruction. */
#ifndef ALLOCATOR_MAGAZINE_GATE_H
#define ALLOCATOR_MAGAZINE_GATE_H

#include <assert.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GATE_CLOSED 1u
#define GATE_FENCED 2u /* there is no barrier for all: the owner brings its own */

struct magazine_gate {
	uint32_t inside;
	uint32_t state;
};

/* Whether gate_barrier works in this process. */
static inline bool gate_has_barrier(void)
{
	return !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

static inline void gate_barrier(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* false: the gate is or may be closed; gate_enter_slowly decides. Between the store and the load only the compiler is held
 * back: who closes the gate stores, runs the barrier, and then looks for somebody inside. */
static inline bool gate_enter(struct magazine_gate *gate)
{
	assert(!__atomic_load_n(&gate->inside, __ATOMIC_RELAXED));
	__atomic_store_n(&gate->inside, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return !__atomic_load_n(&gate->state, __ATOMIC_ACQUIRE);
}

static inline void gate_leave(struct magazine_gate *gate)
{
	assert(__atomic_load_n(&gate->inside, __ATOMIC_RELAXED));
	__atomic_store_n(&gate->inside, 0, __ATOMIC_RELEASE);
}

/* false: the gate is closed, and the owner is outside. */
static inline bool gate_enter_slowly(struct magazine_gate *gate)
{
	__atomic_exchange_n(&gate->inside, 1, __ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&gate->state, __ATOMIC_SEQ_CST) & GATE_CLOSED))
		return true;
	gate_leave(gate);
	return false;
}

/* Closing: gate_close for every gate, gate_barrier once (unless they are fenced), gate_wait for every gate. One thread at a
 * time, and not from inside. */
static inline void gate_close(struct magazine_gate *gate)
{
	assert(!(__atomic_load_n(&gate->state, __ATOMIC_RELAXED) & GATE_CLOSED));
	__atomic_fetch_or(&gate->state, GATE_CLOSED, __ATOMIC_SEQ_CST);
}

static inline void gate_wait(const struct magazine_gate *gate)
{
	assert(__atomic_load_n(&gate->state, __ATOMIC_RELAXED) & GATE_CLOSED);
	while (__atomic_load_n(&gate->inside, __ATOMIC_SEQ_CST))
		sched_yield();
}

static inline void gate_open(struct magazine_gate *gate)
{
	assert(__atomic_load_n(&gate->state, __ATOMIC_RELAXED) & GATE_CLOSED);
	__atomic_fetch_and(&gate->state, ~GATE_CLOSED, __ATOMIC_RELEASE);
}

#endif
