/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include <math.h>

static void add_head(struct text *csv)
{
	text_add(csv, "workload,spec,phase");
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
		text_add(csv, ",%s", result_series_name[i]);
	text_add(csv, "\n");
}

/* As %.17g: most figures are counts. */
static void add_value(struct text *csv, double value)
{
	char digits[24];
	size_t at = sizeof digits;
	if (!isfinite(value)) {
		text_add_bytes(csv, ",", 1);
	} else if (value >= 0 && value < 1e15 && value == trunc(value) && !signbit(value)) {
		uint64_t left = (uint64_t)value;
		do
			digits[--at] = (char)('0' + left % 10);
		while (left /= 10);
		digits[--at] = ',';
		text_add_bytes(csv, digits + at, sizeof digits - at);
	} else {
		text_add(csv, ",%.17g", value);
	}
}

static void add_arm(const struct result *result, const struct result_arm *arm, struct text *csv)
{
	struct text label = {0};
	result_workload_label(&result->workloads[arm->workload], &label);
	for (size_t j = 0; j < arm->series_count; j++) {
		text_add_csv(csv, label.bytes);
		text_add(csv, ",");
		text_add_csv(csv, arm->spec);
		text_add(csv, ",");
		if (arm->series[j].phase < arm->phase_count)
			text_add_csv(csv, arm->phases[arm->series[j].phase].name);
		for (size_t k = 0; k < RESULT_SERIES_COUNT; k++)
			add_value(csv, arm->series[j].value[k]);
		text_add(csv, "\n");
	}
	csv->failed |= label.failed;
	text_release(&label);
}

static int put(const struct file_sink *sink, struct text *csv, struct error *error)
{
	int status = csv->failed ? error_set(error, EXIT_CODE_IO, "series.csv: no memory to write it")
				 : sink->put(sink->to, csv->bytes ? csv->bytes : "", csv->length, error);
	text_release(csv);
	return status;
}

int result_series_csv_to(const struct result *result, const struct file_sink *sink, struct error *error)
{
	struct text csv = {0};
	add_head(&csv);
	int status = put(sink, &csv, error);
	for (size_t i = 0; i < result->arm_count && status == 0; i++) {
		struct result_arm *arm = &result->arms[i];
		csv.failed = result_arm_open(arm) < 0;
		if (!csv.failed)
			add_arm(result, arm, &csv);
		result_arm_shut(arm);
		status = put(sink, &csv, error);
	}
	return status;
}

void result_series_csv(const struct result *result, struct text *csv)
{
	struct error error = {0};
	const struct file_sink sink = file_sink_to_text(csv);
	if (result_series_csv_to(result, &sink, &error) < 0)
		csv->failed = true;
}
