/* SPDX-License-Identifier: MIT
 * Every lack of memory in turn: the act is done again and again, each time with another request for memory that fails, until
 * it asks for no more.
 *
 *	for (struct lack lack = {0}; lack_next(&lack);) {
 *		lack_begins(&lack);
 *		int result = act();
 *		bool failed = lack_ends(&lack);
 *		assert_int_equal(result, failed ? -1 : 0);
 *	}
 *
 * The last time nothing fails. A test that never saw a request fail, or no end, fails. */
#ifndef SUPPORT_LACK_H
#define SUPPORT_LACK_H

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct lack {
	uint64_t sparse; /* 0: every request; else, of many, one in 1 + n / sparse around the n-th */
	uint64_t least;  /* how many requests have to fail; 0: one */
	/* the helper's own */
	uint64_t passes, failures, before;
	bool begun, ended, failed;
};

#define LACK_PASSES_MAX 200000u

static inline bool lack_next(struct lack *lack)
{
	if (!lack->begun)
		return true;
	assert_true(lack->ended);
	if (!lack->failed) {
		assert_true(lack->failures >= (lack->least ? lack->least : 1));
		return false;
	}
	lack->passes += 1 + (lack->sparse ? lack->passes / lack->sparse : 0);
	assert_true(lack->passes < LACK_PASSES_MAX);
	return true;
}

/* Right before the act: what a test itself takes in between must not fail. */
static inline void lack_begins(struct lack *lack)
{
	lack->begun = true;
	lack->ended = false;
	lack->before = memory_requests();
	memory_fail_after(lack->passes);
}

/* Right behind it. Returns whether a request failed. */
static inline bool lack_ends(struct lack *lack)
{
	memory_fail_after(UINT64_MAX);
	lack->ended = true;
	lack->failed = memory_requests() - lack->before > lack->passes;
	lack->failures += lack->failed;
	return lack->failed;
}

#endif
