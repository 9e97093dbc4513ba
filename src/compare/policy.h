/* SPDX-License-Identifier: MIT
 * What a gate demands: per metric, how much worse it may get and whether that stops anything. docs/compare.md shows the
 * file. */
#ifndef COMPARE_POLICY_H
#define COMPARE_POLICY_H

#include "base/text.h"
#include "metric/metrics.h"
#include "yaml/key.h"

#include <stddef.h>

#define POLICY_FILE_BYTES_MAX (1u << 20)

enum policy_weight {
	POLICY_IGNORED,  /* not looked at */
	POLICY_ADVISORY, /* shown; stops nothing */
	POLICY_GATED,    /* a regression fails the gate */
};

struct policy {
	enum policy_weight weight[METRIC_ALL];
	double threshold[METRIC_ALL]; /* share, >= 0 */
};

extern const struct yaml_language policy_language;

/* Exact metrics gated with a threshold of 0, timed ones advisory with COMPARE_THRESHOLD_DEFAULT; latencies, and metrics
 * without a direction, are ignored. */
void policy_default(struct policy *policy);

/* Changes the default as a YAML file says. -1 with every fault of the file in *messages, as for workloads; *policy is then the
 * default. */
int policy_parse(const char *file, const char *bytes, size_t length, struct policy *policy, struct text *messages);

#endif
