/* SPDX-License-Identifier: MIT
 * One audit of a workload that is small enough to work out by hand, on an allocator with a flaw. */
#ifndef UNIT_AUDIT_FIXTURE_H
#define UNIT_AUDIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/flawed_allocator.h"
#include "support/run_fixture.h"
#include "play/audit_space.h"

#define HEAD                                                                                                               \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests:\n"                                           \
	"  - {name: any, size: {fixed: 4KiB}}\n"

static struct bench bench;

static inline int set_up(void **state)
{
	(void)state;
	flaw = FLAW_NONE;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	return 0;
}

static inline void audit(const char *yaml, enum flaw which)
{
	flaw = which;
	bench_open(&bench, yaml, NULL, &flawed_table);
	if (pass_audit(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
}

static inline void assert_about(double is, double wanted, double tolerance)
{
	assert_true(fabs(is - wanted) <= tolerance);
}

static inline double figure(enum metric metric)
{
	return bench_figure(&bench, 0, metric);
}

static inline void complains(const char *sentence)
{
	assert_true(figure(METRIC_AUDIT_VIOLATIONS) > 0);
	bool said = false;
	for (size_t i = 0; i < bench.record.violation_count; i++) {
		struct text line = {0};
		result_violation_text(&bench.record.violations[i], &line);
		said |= strstr(line.bytes, sentence) != NULL;
		text_release(&line);
	}
	if (!said)
		fail_msg("said '%s', not '%s'", bench.record.message, sentence);
}

/* 16 pages: a takes [0,5), b [5,8), c [8,12), then b goes: free [5,8) and [12,16). */
#define THREE                                                                                                              \
	HEAD "phases:\n  - name: only\n    measure: yes\n    script:\n"                                                    \
	     "      - {alloc: a, request: any, size: 20KiB}\n"                                                             \
	     "      - {alloc: b, request: any, size: 12KiB}\n"                                                             \
	     "      - {alloc: c, request: any, size: 16KiB}\n"                                                             \
	     "      - {free: b}\n"

#define LIMITED                                                                                                            \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests:\n"                                           \
	"  - {name: any, size: {fixed: 4KiB}}\n"                                                                           \
	"  - {name: low, size: {fixed: 8KiB}, high: 0x7fff}\n"                                                             \
	"phases:\n  - name: only\n    measure: yes\n    script:\n"

#endif
