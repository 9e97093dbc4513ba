/* SPDX-License-Identifier: MIT */
#include "compare/calibration.h"

#include "base/memory.h"
#include "compare/compare.h"
#include "measure/statistics.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NOT_CALIBRATED "not calibrated: iovabench calibrate --null tells how often this machine cries wolf"

void calibration_release(struct calibration *calibration)
{
	memory_release(calibration->cpu);
	memory_release(calibration->kernel);
	memory_release(calibration->started);
	memory_release(calibration->workload);
	memory_release(calibration->a);
	memory_release(calibration->b);
	*calibration = (struct calibration){0};
}

static int copy_texts(const struct result *result, struct calibration *calibration, struct error *error)
{
	calibration->cpu = memory_text(result->machine.cpu);
	calibration->kernel = memory_text(result->machine.kernel);
	calibration->started = memory_text(result->run.started);
	calibration->workload = memory_text(result->workloads[0].name);
	calibration->a = memory_text(result->arms[0].spec);
	calibration->b = memory_text(result->arms[1].spec);
	if (calibration->cpu && calibration->kernel && calibration->started && calibration->workload && calibration->a &&
	    calibration->b)
		return 0;
	return error_set(error, EXIT_CODE_IO, "no memory for a calibration");
}

/* lows: the logarithms of the intervals' lower ends; ratios: of every comparison. Both have room for all. */
static int compare_groups(const struct result_paired *paired, struct calibration *calibration, double *lows, double *ratios,
			  struct error *error)
{
	size_t count = paired->round_count / calibration->rounds, bounded = 0, compared = 0;
	for (size_t i = 0; i < count; i++) {
		struct result_comparison row = {0};
		if (compare_pairs(paired, i * calibration->rounds, calibration->rounds, calibration->threshold, 1, &row,
				  error) < 0)
			return -1;
		memory_release(row.reason);
		calibration->verdicts[row.verdict]++;
		calibration->comparisons++;
		if (isfinite(row.ratio))
			ratios[compared++] = row.ratio;
		if (isfinite(row.ci_low))
			lows[bounded++] = log(row.ci_low);
	}
	calibration->median_ratio = statistics_median(ratios, compared);
	double shift = statistics_detectable_shift(lows, bounded, log1p(calibration->threshold), CALIBRATION_POWER);
	calibration->detectable = bounded == count ? expm1(shift) : (double)NAN;
	return 0;
}

int calibration_make(const struct result *result, uint32_t rounds, double threshold, struct calibration *calibration,
		     struct error *error)
{
	assert(rounds && threshold >= 0);
	const struct result_arm *arms = result->arms;
	*calibration = (struct calibration){.known = true, .threshold = threshold, .rounds = rounds};
	for (int i = 0; i < 2; i++)
		if (result->arm_count < 2 || arms[i].state != RESULT_ARM_OK || arms[i].figures_phase >= arms[i].phase_count)
			return error_set(error, EXIT_CODE_UNTRUSTWORTHY, "the arms of a calibration were not measured: %s",
					 result->arm_count > 1 && arms[i].reason ? arms[i].reason : "no reason is known");
	const struct result_paired *paired = result_paired_find(&arms[1], 0, RESULT_CONDITION_HOT);
	if (!paired)
		return error_set(error, EXIT_CODE_UNTRUSTWORTHY,
				 "the arms of a calibration were not held against each other");
	double *lows = memory_zeroed(paired->round_count, sizeof lows[0]),
	       *ratios = memory_zeroed(paired->round_count, sizeof ratios[0]);
	int status = lows && ratios ? copy_texts(result, calibration, error)
				    : error_set(error, EXIT_CODE_IO, "no memory for a calibration");
	if (status == 0)
		status = compare_groups(paired, calibration, lows, ratios, error);
	memory_release(lows);
	memory_release(ratios);
	if (status == 0 && calibration->verdicts[RESULT_VERDICT_NOT_COMPARED] == calibration->comparisons)
		status = error_set(
			error, EXIT_CODE_UNTRUSTWORTHY,
			"no comparison was possible: the run ended early, or its windows were too short for the clock");
	if (status < 0)
		calibration_release(calibration);
	return status;
}

static uint64_t alarms(const struct calibration *calibration)
{
	return (uint64_t)calibration->verdicts[RESULT_VERDICT_REGRESSION] +
	       calibration->verdicts[RESULT_VERDICT_IMPROVEMENT];
}

/* What was not compared could not raise an alarm. */
static uint32_t judged(const struct calibration *calibration)
{
	return calibration->comparisons - calibration->verdicts[RESULT_VERDICT_NOT_COMPARED];
}

double calibration_alarms(const struct calibration *calibration)
{
	return judged(calibration) ? (double)alarms(calibration) / judged(calibration) : (double)NAN;
}

double calibration_alarms_upper(const struct calibration *calibration)
{
	return statistics_share_upper(alarms(calibration), judged(calibration), 0.95);
}

static void put(struct json_writer *writer, json_t *object, const struct calibration *calibration)
{
	json_put_text(writer, object, "cpu", calibration->cpu);
	json_put_text(writer, object, "kernel", calibration->kernel);
	json_put_text(writer, object, "started", calibration->started);
	json_put_text(writer, object, "workload", calibration->workload);
	json_put_text(writer, object, "a", calibration->a);
	json_put_text(writer, object, "b", calibration->b);
	json_put_double(writer, object, "threshold", calibration->threshold);
	json_put_u64(writer, object, "rounds", calibration->rounds);
	json_put_u64(writer, object, "comparisons", calibration->comparisons);
	json_t *verdicts = json_put_object(writer, object, "verdicts");
	for (int i = 0; i < RESULT_VERDICT_COUNT; i++)
		json_put_u64(writer, verdicts, result_verdict_name[i], calibration->verdicts[i]);
	json_put_double(writer, object, "median_ratio", calibration->median_ratio);
	json_put_double(writer, object, "false_alarm_share", calibration_alarms(calibration));
	json_put_double(writer, object, "false_alarm_share_upper", calibration_alarms_upper(calibration));
	json_put_double(writer, object, "detectable_share", calibration->detectable);
	if (!isfinite(calibration->detectable))
		json_put_text(writer, object, "detectable_share_reason", "too few rounds for an interval");
}

int calibration_write(const struct calibration *calibration, struct text *json, struct error *error)
{
	assert(calibration->known);
	struct json_writer writer = {false};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", CALIBRATION_SCHEMA);
	put(&writer, document, calibration);
	return json_finish(&writer, document, true, "calibration", json, error);
}

static void read_document(struct json_reader *reader, const struct json_at *at, struct calibration *calibration)
{
	calibration->cpu = json_read_text(reader, at, "cpu");
	calibration->kernel = json_read_text(reader, at, "kernel");
	calibration->started = json_read_text(reader, at, "started");
	calibration->workload = json_read_text(reader, at, "workload");
	calibration->a = json_read_text(reader, at, "a");
	calibration->b = json_read_text(reader, at, "b");
	calibration->threshold = json_read_double(reader, at, "threshold");
	calibration->rounds = (uint32_t)json_read_u64(reader, at, "rounds", UINT32_MAX);
	struct json_at count = json_child(reader, at, "comparisons");
	calibration->comparisons = (uint32_t)json_u64_at(reader, &count, UINT32_MAX);
	if (!calibration->comparisons)
		json_fail(reader, &count, "must be at least 1");
	struct json_at verdicts = json_object_child(reader, at, "verdicts");
	uint64_t sum = 0;
	for (int i = 0; i < RESULT_VERDICT_COUNT; i++) {
		calibration->verdicts[i] =
			(uint32_t)json_read_u64(reader, &verdicts, result_verdict_name[i], calibration->comparisons);
		sum += calibration->verdicts[i];
	}
	if (sum != calibration->comparisons)
		json_fail(reader, &verdicts, "must add up to comparisons");
	calibration->median_ratio = json_read_double(reader, at, "median_ratio");
	calibration->detectable = json_read_double(reader, at, "detectable_share");
}

int calibration_read(const char *json, size_t length, struct calibration *calibration, struct error *error)
{
	struct json_reader reader = {.what = "calibration", .error = error};
	*calibration = (struct calibration){.known = true};
	json_t *document = json_parse(&reader, json, length);
	struct json_at at = {.value = document};
	json_check_schema(&reader, &at, CALIBRATION_SCHEMA);
	read_document(&reader, &at, calibration);
	json_decref(document);
	if (!reader.failed)
		return 0;
	calibration_release(calibration);
	return -1;
}

bool calibration_fits(const struct calibration *calibration, const struct result *result)
{
	return calibration->known && (!result || (strcmp(calibration->cpu, result->machine.cpu) == 0 &&
						  strcmp(calibration->kernel, result->machine.kernel) == 0));
}

void calibration_found(const struct calibration *calibration, struct text *text)
{
	assert(calibration->known);
	text_add(text, "%u false alarms in %u comparisons of %u rounds (at most %.2g%% of all, with 95%%); ",
		 (unsigned)alarms(calibration), judged(calibration), calibration->rounds,
		 100 * calibration_alarms_upper(calibration));
	if (isfinite(calibration->detectable))
		text_add(text, "19 of 20 would find a slow-down of %.2g%%", 100 * calibration->detectable);
	else
		text_add(text, "too few rounds to find anything");
}

void calibration_tell(const struct calibration *calibration, const struct result *result, struct text *text)
{
	bool fits = calibration_fits(calibration, result);
	text_add(text, "%s", fits ? "calibrated: " : NOT_CALIBRATED);
	if (fits)
		calibration_found(calibration, text);
	text_add(text, "\n");
}

void calibration_put(struct json_writer *writer, json_t *object, const struct calibration *calibration,
		     const struct result *result)
{
	if (calibration_fits(calibration, result)) {
		put(writer, json_put_object(writer, object, "calibration"), calibration);
		return;
	}
	json_put(writer, object, "calibration", json_null());
	json_put_text(writer, object, "calibration_reason", NOT_CALIBRATED);
}
