/* SPDX-License-Identifier: MIT
 * Whether something from outside disturbed a window: an involuntary context switch, time spent runnable but not running,
 * or time that the hypervisor took from the CPU. */
#ifndef PLAY_TAINT_H
#define PLAY_TAINT_H

#include "result/result.h"

#include <stdbool.h>
#include <stdint.h>

struct taint {
	int schedstat; /* /proc/thread-self/schedstat, or -1 */
	int64_t switches;
	uint64_t run_delay_ns;
	int stat; /* /proc/stat, or -1 */
	uint64_t steal_ticks;
};

/* steal false: what the hypervisor took is not looked at. Reading it takes longer than all the rest. */
void taint_open(struct taint *taint, bool steal);
void taint_close(struct taint *taint);
/* The ticks that the hypervisor took from a CPU, by the text of /proc/stat; 0 where it does not say. */
uint64_t taint_steal_ticks(const char *text, unsigned cpu);
/* Notes the state before a window. */
void taint_before(struct taint *taint);
/* True when the state moved since. */
bool taint_after(const struct taint *taint);
/* NONE, or what moved it since it was noted last, and notes it anew. Never MOVED: clocks tell that. */
enum result_taint taint_look(struct taint *taint);
/* The same of what the hypervisor took alone. */
void taint_before_steal(struct taint *taint);
bool taint_after_steal(const struct taint *taint);

#endif
