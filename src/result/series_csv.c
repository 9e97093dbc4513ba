/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include <math.h>

void result_series_csv(const struct result *result, struct text *csv)
{
	text_add(csv, "workload,spec,phase");
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
		text_add(csv, ",%s", result_series_name[i]);
	text_add(csv, "\n");
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_arm *arm = &result->arms[i];
		for (size_t j = 0; j < arm->series_count; j++) {
			struct text label = {0};
			result_workload_label(&result->workloads[arm->workload], &label);
			text_add_csv(csv, label.bytes);
			csv->failed |= label.failed;
			text_release(&label);
			text_add(csv, ",");
			text_add_csv(csv, arm->spec);
			text_add(csv, ",");
			if (arm->series[j].phase < arm->phase_count)
				text_add_csv(csv, arm->phases[arm->series[j].phase].name);
			for (size_t k = 0; k < RESULT_SERIES_COUNT; k++) {
				double value = arm->series[j].value[k];
				text_add(csv, isfinite(value) ? ",%.17g" : ",", value);
			}
			text_add(csv, "\n");
		}
	}
}
