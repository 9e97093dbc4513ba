/* SPDX-License-Identifier: MIT
 * What /proc and /sys say about how far times of this machine can be trusted. Reads only. */
#ifndef CLI_DOCTOR_CHECKS_H
#define CLI_DOCTOR_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_UNKNOWN };

#define DOCTOR_TEXT_BYTES 256

struct doctor_finding {
	enum doctor_state state;
	char found[DOCTOR_TEXT_BYTES];
	const char *advice; /* what to do; NULL when there is nothing */
};

struct doctor_check {
	const char *name;
	/* root: "" or the folder that holds proc and sys. Fills *finding. */
	void (*look)(const char *root, struct doctor_finding *finding);
};
extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;

#endif
