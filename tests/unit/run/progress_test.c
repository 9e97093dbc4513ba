/* SPDX-License-Identifier: MIT
 * How far a run says that it is. */
#include "run/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void says(struct progress progress, const char *wanted)
{
	struct text text = {0};
	progress_tell(&progress, &text);
	assert_string_equal(text.bytes, wanted);
	text_release(&text);
}

static void percent_and_time_left(void **state)
{
	(void)state;
	says((struct progress){0, 0, 100, 0, 0}, "0 %");
	says((struct progress){2, 2, 100, 60, 0}, "2 %"); /* nothing to judge by */
	says((struct progress){50, 50, 100, 4, 0}, "50 %");
	says((struct progress){50, 50, 100, 60, 0}, "50 %, about 60 s left");
	says((struct progress){50, 50, 100, 600, 0}, "50 %, about 10 min left");
	says((struct progress){10, 10, 100, 1200, 0}, "10 %, about 3.0 h left");
	says((struct progress){999, 999, 1000, 600, 0}, "99 %, about 10 s left"); /* not yet all */
	says((struct progress){100, 100, 100, 600, 0}, "100 %, about 0 s left");
	/* What a journal had, and what is not to be run, took no time. */
	says((struct progress){90, 10, 100, 600, 0}, "90 %, about 10 min left");
	says((struct progress){90, 0, 100, 600, 0}, "90 %");
	/* No longer than the budget. */
	says((struct progress){10, 10, 100, 100, 200}, "10 %, about 2 min left");
	says((struct progress){10, 10, 100, 300, 200}, "10 %, about 0 s left");
	/* Rounds that ended earlier. */
	says((struct progress){12, 12, 10, 60, 0}, "100 %, about 0 s left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(percent_and_time_left)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
