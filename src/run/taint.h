/* SPDX-License-Identifier: MIT
 * Whether something from outside disturbed a window: an involuntary context switch or time spent runnable but not running. */
#ifndef RUN_TAINT_H
#define RUN_TAINT_H

#include <stdbool.h>
#include <stdint.h>

struct taint {
	int schedstat; /* /proc/thread-self/schedstat, or -1 */
	int64_t switches;
	uint64_t run_delay_ns;
};

void taint_open(struct taint *taint);
void taint_close(struct taint *taint);
/* Notes the state before a window. */
void taint_before(struct taint *taint);
/* True when the state moved since. */
bool taint_after(const struct taint *taint);

#endif
