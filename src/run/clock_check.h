/* SPDX-License-Identifier: MIT
 * Holds the clock of measurements against two others while something is timed, and notices that the machine slept. */
#ifndef RUN_CLOCK_CHECK_H
#define RUN_CLOCK_CHECK_H

#include "base/clock.h"
#include "base/text.h"

#include <stdint.h>

struct clock_check {
	uint64_t measured_ticks; /* of the clock of measurements */
	/* Asked of the kernel itself: what stands in for the C library's clock does not reach them. */
	uint64_t monotonic_ns, real_ns, boot_ns;
	uint64_t spread_ns; /* between the first and the last of these readings: how far they may be apart */
};

void clock_check_begin(struct clock_check *check, const struct clock *clock);

/* Appends to *why what makes times since then worthless: its rate is that of neither of the others, which were not set in
 * between, or the machine was suspended. Sleeps a little when hardly any time went by. A clock that a test put in the place of
 * the system's is not judged. */
void clock_check_end(const struct clock_check *check, const struct clock *clock, struct text *why);

#endif
