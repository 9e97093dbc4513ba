/* SPDX-License-Identifier: MIT
 * Binary files of trace-cmd as text, by its library where this program was built with it. */
#ifndef TRACE_TRACE_DAT_H
#define TRACE_TRACE_DAT_H

#include <stdbool.h>

/* Whether this program was built with libtracecmd. */
bool trace_dat_is_readable(void);

/* Writes all events of a file, which is open at its beginning, in the order of time and as 'trace-cmd report' does; what was
 * lost has its lines, too. Returns an exit code: 0, or 1 where the library cannot. To be called in a child. */
int trace_dat_print(int file, int to);

#endif
