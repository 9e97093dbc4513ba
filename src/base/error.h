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

/* Of two that apply to one command, the one that it ends with: 2, 7, 130, 3, 6, 5, 1, 4. */
enum exit_code exit_code_of_both(enum exit_code a, enum exit_code b);

/* Whose a failure is, and so what becomes of it. */
enum error_owner {
	ERROR_OWNER_NONE, /* nothing failed, or an allocator cannot do what was asked, or a user has a mistake to mend */
	ERROR_OWNER_ALLOCATOR, /* EXIT_CODE_VIOLATION, final */
	ERROR_OWNER_DRIVER,    /* whose calls a workload plays: EXIT_CODE_VIOLATION, final */
	ERROR_OWNER_HARNESS,   /* EXIT_CODE_IO, final: a fault of this program */
	ERROR_OWNER_MACHINE, /* EXIT_CODE_IO; the same may go well another time: no memory, no space, killed from outside */
	ERROR_OWNER_COUNT
};
extern const char *const error_owner_name[ERROR_OWNER_COUNT]; /* "none", "allocator", "driver", … */

#define ERROR_MESSAGE_BYTES 1024

/* exit_code is EXIT_CODE_OK while nothing went wrong. message: one or more lines without a final newline. */
struct error {
	enum exit_code exit_code;
	char message[ERROR_MESSAGE_BYTES];
	enum error_owner owner;
};

/* Sets *error unless it is set already (the first cause wins). error may be NULL. Always returns -1, so that a caller
 * can write return error_set(...). A message that is too long is cut. The owner is who it usually is with such an exit code:
 * the allocator of a violation, the machine of EXIT_CODE_IO, else none. */
int error_set(struct error *error, enum exit_code exit_code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Likewise with an owner (not NONE), who decides the exit code. */
int error_of(struct error *error, enum error_owner owner, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a failure of this owner means. */
enum exit_code error_owner_exit_code(enum error_owner owner);

#endif
