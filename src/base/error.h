/* SPDX-License-Identifier: MIT
 * Exit codes of the program and the one way in which a room tells a caller what went wrong. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_MISSED = 1,    /* gate failed, expectation missed, confident regression */
	EXIT_CODE_USAGE = 2,     /* usage or workload error, nothing was run */
	EXIT_CODE_VIOLATION = 3, /* correctness violation, plugin crash or hang, fatal driver misuse */
	EXIT_CODE_INCONCLUSIVE = 4,
	EXIT_CODE_UNTRUSTWORTHY = 5,
	EXIT_CODE_NO_ARM = 6, /* no arm could run */
	EXIT_CODE_IO = 7,     /* I/O or internal error, no memory */
	EXIT_CODE_INTERRUPTED = 130,
};

#define ERROR_MESSAGE_BYTES 1024

/* exit_code is EXIT_CODE_OK while nothing went wrong. message: one or more lines without a final newline. */
struct error {
	enum exit_code exit_code;
	char message[ERROR_MESSAGE_BYTES];
};

/* Sets *error unless it is set already (the first cause wins). error may be NULL. Always returns -1, so that a caller
 * can write return error_set(...). A message that is too long is cut. */
int error_set(struct error *error, enum exit_code exit_code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
