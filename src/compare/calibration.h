/* SPDX-License-Identifier: MIT
 * What comparisons of an arm with itself said on a machine: how often they cry wolf, and what they can see. */
#ifndef COMPARE_CALIBRATION_H
#define COMPARE_CALIBRATION_H

#include "base/error.h"
#include "base/text.h"
#include "base/json.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALIBRATION_SCHEMA "iovabench.calibration/1"
/* The share of comparisons that must find an effect for it to count as detectable. */
#define CALIBRATION_POWER 0.95

/* Zero-initialised: a machine that was not calibrated. Texts belong to it. */
struct calibration {
	bool known;
	char *cpu, *kernel, *started; /* of the run */
	char *workload, *a, *b;       /* what was compared; a and b are the same spec unless a difference was planted */
	double threshold;             /* share */
	uint32_t rounds;              /* of each comparison */
	uint32_t comparisons;
	uint32_t verdicts[RESULT_VERDICT_COUNT]; /* how many of each */
	double median_ratio;                     /* of b / a over all rounds */
	/* the smallest slow-down, as a share, that CALIBRATION_POWER of them would have called a regression; NaN when too few
	 * rounds gave no interval */
	double detectable;
};
void calibration_release(struct calibration *calibration);

/* Takes the rounds of arm 1 against arm 0 of a result apart into comparisons of `rounds` rounds each (what is left over is
 * dropped). -1: no memory, or no comparison was possible (EXIT_CODE_UNTRUSTWORTHY). */
int calibration_make(const struct result *result, uint32_t rounds, double threshold, struct calibration *calibration,
		     struct error *error);

/* Regressions and improvements among all that were compared (NaN: none was), and the upper end of that share's 95 %
 * interval. */
double calibration_alarms(const struct calibration *calibration);
double calibration_alarms_upper(const struct calibration *calibration);

/* calibration.json. Reading refuses what does not fit with the key's path. */
int calibration_write(const struct calibration *calibration, struct text *json, struct error *error);
int calibration_read(const char *json, size_t length, struct calibration *calibration, struct error *error);

/* Whether it was made on the machine of a result (NULL: any). */
bool calibration_fits(const struct calibration *calibration, const struct result *result);
/* What it found, for people; without an end. It is known. */
void calibration_found(const struct calibration *calibration, struct text *text);
/* One line for people, and the same as an object "calibration" (null with a reason when there is none that fits). */
void calibration_tell(const struct calibration *calibration, const struct result *result, struct text *text);
void calibration_put(struct json_writer *writer, json_t *object, const struct calibration *calibration,
		     const struct result *result);

#endif
