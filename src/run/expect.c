/* SPDX-License-Identifier: MIT */
#include "run/expect.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static bool met(const struct workload_expectation *expectation, double got)
{
	if (isnan(got))
		return false;
	switch (expectation->comparison) {
	case WORKLOAD_IS:
		return fabs(got - expectation->value) <= expectation->tolerance;
	case WORKLOAD_BELOW:
		return got < expectation->value;
	case WORKLOAD_ABOVE:
		return got > expectation->value;
	}
	return false;
}

static void describe(const struct workload_expectation *expectation, struct text *text)
{
	static const char *const words[] = {[WORKLOAD_IS] = "is", [WORKLOAD_BELOW] = "below", [WORKLOAD_ABOVE] = "above"};
	text_add(text, "%s %.10g", words[expectation->comparison], expectation->value);
	if (expectation->comparison == WORKLOAD_IS && expectation->tolerance > 0)
		text_add(text, " +- %.10g", expectation->tolerance);
}

static int add(struct result *result, size_t arm, const struct workload_expectation *expectation, struct error *error)
{
	struct result_expectation *grown =
		memory_resize(result->expectations, result->expectation_count + 1, sizeof result->expectations[0]);
	if (!grown)
		return error_set(error, EXIT_CODE_IO, "no memory for expectations");
	result->expectations = grown;
	struct text wanted = {0};
	describe(expectation, &wanted);
	struct result_expectation *judged = &grown[result->expectation_count];
	*judged =
		(struct result_expectation){.arm = arm, .metric = memory_text(expectation->metric), .wanted = wanted.bytes};
	result->expectation_count++;
	if (wanted.failed || !judged->metric)
		return error_set(error, EXIT_CODE_IO, "no memory for expectations");
	int metric = metric_find(expectation->metric);
	assert(metric >= 0);
	judged->got = result_arm_figure(&result->arms[arm], metric);
	judged->met = met(expectation, judged->got);
	return 0;
}

/* Routines of scripts say what they want beside their arguments. */
static int judge_statuses(struct result *result, size_t arm, const struct workload *model, struct error *error)
{
	static char metric[] = "calls.status_mismatches";
	const struct workload_expectation none = {.metric = metric, .comparison = WORKLOAD_IS, .value = 0};
	return model->routine_call_count ? add(result, arm, &none, error) : 0;
}

int expect_judge(struct result *result, size_t workload, const struct workload *model, struct error *error)
{
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_arm *arm = &result->arms[i];
		if (arm->workload != workload || arm->state == RESULT_ARM_NOT_APPLICABLE ||
		    arm->state == RESULT_ARM_NOT_RUN)
			continue;
		if (judge_statuses(result, i, model, error) < 0)
			return -1;
		for (size_t n = 0; n < model->expectation_count; n++) {
			const struct workload_expectation *expectation = &model->expectations[n];
			if (expectation->allocator && strcmp(expectation->allocator, arm->spec) != 0)
				continue;
			if (add(result, i, expectation, error) < 0)
				return -1;
		}
	}
	return 0;
}
