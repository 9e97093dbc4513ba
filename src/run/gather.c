/* SPDX-License-Identifier: MIT */
#include "run/gather.h"

#include "base/memory.h"
#include "measure/statistics.h"
#include "run/gather_ageing.h"
#include "run/gather_latency.h"
#include "run/gather_pictures.h"

#include <math.h>
#include <string.h>

#define NET_NS_MIN 1.0

int gather_add(struct gather_arm *arm, struct result_record *record, struct error *error)
{
	if (memory_grow(&arm->records, &arm->capacity, arm->count, sizeof arm->records[0]) < 0) {
		result_record_release(record);
		return error_set(error, EXIT_CODE_IO, "no memory for records");
	}
	arm->records[arm->count++] = *record;
	*record = (struct result_record){0};
	return 0;
}

void gather_release(struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		result_record_release(&arm->records[i]);
	memory_release(arm->records);
	*arm = (struct gather_arm){0};
}

/* Of the allocator's, or of the driver's when they were fatal. */
static double violations(const struct result_record *record)
{
	double most = 0;
	for (size_t i = 0; i < record->phase_count; i++)
		most = fmax(most, fmax(record->phases[i].figures.value[METRIC_AUDIT_VIOLATIONS],
				       record->phases[i].figures.value[METRIC_CALLS_FATAL]));
	return most;
}

const struct result_record *gather_first_fault(const struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		if (!arm->records[i].ok || violations(&arm->records[i]) > 0)
			return &arm->records[i];
	return NULL;
}

const struct result_record_phase *gather_timed_phase(const struct result_record *record, size_t index)
{
	bool timed = record->ok && record->pass == RESULT_PASS_TIMED && index < record->phase_count;
	return timed ? &record->phases[index] : NULL;
}

const struct result_record_phase *gather_grid(const struct gather_arm *records, size_t index)
{
	const struct result_record_phase *grid = NULL;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record_phase *phase = gather_timed_phase(&records->records[i], index);
		if (phase && phase->cell_count && (!grid || phase->cell_count > grid->cell_count))
			grid = phase;
	}
	return grid;
}

bool gather_locked(const struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].locked)
			return true;
	return false;
}

static const struct result_record *audit_of(const struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].ok && arm->records[i].pass == RESULT_PASS_AUDIT)
			return &arm->records[i];
	return NULL;
}

/* Which times of the iterations of a record. */
enum times { TIMES_RAW, TIMES_CLEAN, TIMES_CPU };

static const double *times_of(const struct result_record_phase *timed, enum times times)
{
	return times == TIMES_RAW ? timed->ns_per_op : times == TIMES_CLEAN ? timed->clean_ns_per_op : timed->cpu_ns_per_op;
}

/* NaN when no iteration has a figure. */
static double round_median(const struct result_record_phase *timed, enum times times)
{
	double iterations[64];
	size_t kept = 0;
	for (size_t n = 0; n < timed->iterations && kept < 64; n++) {
		double ns = times_of(timed, times)[n];
		if (!isnan(ns))
			iterations[kept++] = ns;
	}
	return statistics_median(iterations, kept);
}

/* Medians of one phase, one value per round, into values (room for all records); NaN rounds are left out. */
static size_t round_medians(const struct gather_arm *arm, size_t phase, enum times times, double *values)
{
	size_t count = 0;
	for (size_t i = 0; i < arm->count; i++) {
		const struct result_record *record = &arm->records[i];
		if (!record->ok || record->pass != RESULT_PASS_TIMED || phase >= record->phase_count)
			continue;
		double median = round_median(&record->phases[phase], times);
		if (!isnan(median))
			values[count++] = median;
	}
	return count;
}

static const struct result_record *first_timed(const struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].ok && arm->records[i].pass == RESULT_PASS_TIMED)
			return &arm->records[i];
	return NULL;
}

static enum result_reason why_no_harness(const struct gather_arm *null, size_t phase, double *values)
{
	if (!null || !first_timed(null))
		return RESULT_REASON_NO_HARNESS;
	return round_medians(null, phase, TIMES_RAW, values) ? RESULT_REASON_HARNESS_DISTURBED
							     : RESULT_REASON_HARNESS_SHORT;
}

static void set_net(struct result_figures *figures, double clean, const struct gather_arm *null, size_t phase,
		    double *values)
{
	size_t count = null ? round_medians(null, phase, TIMES_CLEAN, values) : 0;
	if (!count) {
		result_set_null(figures, METRIC_NET_NS_PER_OP, why_no_harness(null, phase, values));
		return;
	}
	double net = clean - statistics_median(values, count);
	if (figures->value[METRIC_FAILURES_TOTAL] > 0)
		result_set_null(figures, METRIC_NET_NS_PER_OP, RESULT_REASON_FAILURES);
	else if (net < NET_NS_MIN)
		result_set_null(figures, METRIC_NET_NS_PER_OP, RESULT_REASON_BELOW_HARNESS);
	else
		result_set(figures, METRIC_NET_NS_PER_OP, net);
}

static void set_slowdown(struct result_figures *figures, double raw, const struct gather_arm *arm, size_t phase,
			 double *values)
{
	size_t count = 0;
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].ok && arm->records[i].pass == RESULT_PASS_TIMED &&
		    phase < arm->records[i].phase_count && !isnan(arm->records[i].phases[phase].latency_ns_per_op))
			values[count++] = arm->records[i].phases[phase].latency_ns_per_op;
	if (count)
		result_set(figures, METRIC_SLOWDOWN, statistics_median(values, count) / raw);
}

static void set_windows(struct result_figures *figures, const struct gather_arm *arm, size_t phase)
{
	double windows = 0, tainted = 0;
	for (size_t i = 0; i < arm->count; i++) {
		if (!arm->records[i].ok || arm->records[i].pass != RESULT_PASS_TIMED ||
		    phase >= arm->records[i].phase_count)
			continue;
		windows += (double)arm->records[i].phases[phase].windows;
		tainted += (double)arm->records[i].phases[phase].windows_tainted;
	}
	if (windows > 0)
		result_set(figures, METRIC_TAINTED_SHARE, tainted / windows);
}

static double record_starved(const struct result_record_phase *phase)
{
	return (double)phase->starved;
}

static double record_full(const struct result_record_phase *phase)
{
	return (double)phase->ring_full;
}

/* Median over rounds of what only mixes of several threads with free_on: next have. */
static void set_travel(struct result_figures *figures, enum metric metric, const struct gather_arm *arm, size_t phase,
		       double (*figure)(const struct result_record_phase *), double *values)
{
	size_t count = 0;
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].ok && arm->records[i].pass == RESULT_PASS_TIMED && phase < arm->records[i].phase_count)
			values[count++] = figure(&arm->records[i].phases[phase]);
	if (count)
		result_set(figures, metric, statistics_median(values, count));
}

/* Median over rounds of what workers put among their figures; without any, the reason of the first one. */
static void set_from_rounds(struct result_figures *figures, const struct gather_arm *arm, const struct gather_arm *null,
			    size_t phase, double *values)
{
	const struct result_record *first = first_timed(arm);
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		size_t count = 0;
		if (metric_table[metric].source != METRIC_SOURCE_SCHEDULE &&
		    metric_table[metric].source != METRIC_SOURCE_COUNTERS &&
		    metric_table[metric].source != METRIC_SOURCE_FRAMES)
			continue;
		/* The physical side is the workload's: one figure for all arms. */
		const struct gather_arm *from = metric == METRIC_PHYSICAL_NS_PER_OP && null && null->count ? null : arm;
		for (size_t i = 0; i < from->count; i++) {
			const struct result_record *record = &from->records[i];
			if (!record->ok || record->pass != RESULT_PASS_TIMED || phase >= record->phase_count)
				continue;
			double value = record->phases[phase].figures.value[metric];
			if (!isnan(value))
				values[count++] = value;
		}
		if (count)
			result_set(figures, metric, statistics_median(values, count));
		else if (first && phase < first->phase_count)
			result_set_null(figures, metric, (enum result_reason)first->phases[phase].figures.reason[metric]);
	}
	if (figures->value[METRIC_SATURATED] > 0)
		result_set(figures, METRIC_SATURATED, figures->value[METRIC_SATURATED] > 0.5);
}

/* With its interval, and what comes of it. */
static void set_clean(struct result_figures *figures, const struct gather_arm *arm, const struct gather_arm *null,
		      size_t phase, double *values)
{
	size_t count = round_medians(arm, phase, TIMES_CLEAN, values);
	if (!count) {
		const enum metric none[] = {METRIC_CLEAN_NS_PER_OP, METRIC_CI_LOW_NS, METRIC_CI_HIGH_NS,
					    METRIC_NET_NS_PER_OP};
		for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
			result_set_null(figures, none[i], RESULT_REASON_NO_CLEAN_WINDOW);
		return;
	}
	struct statistics_interval interval = statistics_median_interval(values, count, GATHER_INTERVAL_LEVEL);
	double clean = statistics_median(values, count);
	result_set(figures, METRIC_CLEAN_NS_PER_OP, clean);
	if (interval.level > 0) {
		result_set(figures, METRIC_CI_LOW_NS, interval.low);
		result_set(figures, METRIC_CI_HIGH_NS, interval.high);
	} else {
		result_set_null(figures, METRIC_CI_LOW_NS, RESULT_REASON_FEW_ROUNDS);
		result_set_null(figures, METRIC_CI_HIGH_NS, RESULT_REASON_FEW_ROUNDS);
	}
	set_net(figures, clean, null, phase, values);
}

static void set_times(struct result_figures *figures, const struct gather_arm *arm, const struct gather_arm *null,
		      size_t phase, double *values)
{
	const struct result_record *timed = first_timed(arm);
	if (!timed || phase >= timed->phase_count)
		return;
	result_set(figures, METRIC_OPERATIONS, (double)timed->phases[phase].operations);
	if (isnan(figures->value[METRIC_FAILURES_TOTAL]))
		result_set(figures, METRIC_FAILURES_TOTAL, (double)timed->phases[phase].failures);
	set_windows(figures, arm, phase);
	size_t count = round_medians(arm, phase, TIMES_RAW, values);
	result_set(figures, METRIC_ROUNDS, (double)count);
	if (!count) {
		enum result_reason why =
			figures->value[METRIC_AHEAD_SHARE] < 1 ? RESULT_REASON_DIFFERENT_WORK : RESULT_REASON_SHORT_WINDOW;
		result_set_null(figures, METRIC_RAW_NS_PER_OP, why);
		result_set_null(figures, METRIC_CLEAN_NS_PER_OP, why);
		result_set_null(figures, METRIC_CPU_NS_PER_OP, why);
		return;
	}
	double raw = statistics_median(values, count);
	result_set(figures, METRIC_RAW_NS_PER_OP, raw);
	count = round_medians(arm, phase, TIMES_CPU, values);
	if (count)
		result_set(figures, METRIC_CPU_NS_PER_OP, statistics_median(values, count));
	else
		result_set_null(figures, METRIC_CPU_NS_PER_OP, RESULT_REASON_CPU_CLOCK);
	set_slowdown(figures, raw, arm, phase, values);
	set_clean(figures, arm, null, phase, values);
}

/* What comparisons pair: every round at its number. */
static int fill_rounds(struct result_phase *phase, const struct gather_arm *arm, size_t index)
{
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].pass == RESULT_PASS_TIMED && arm->records[i].round >= phase->round_count)
			phase->round_count = (size_t)arm->records[i].round + 1;
	phase->round_ns_per_op = memory_zeroed(phase->round_count, sizeof phase->round_ns_per_op[0]);
	if (!phase->round_ns_per_op)
		return -1;
	for (size_t i = 0; i < phase->round_count; i++)
		phase->round_ns_per_op[i] = (double)NAN;
	for (size_t i = 0; i < arm->count; i++) {
		const struct result_record *record = &arm->records[i];
		if (record->ok && record->pass == RESULT_PASS_TIMED && index < record->phase_count)
			phase->round_ns_per_op[record->round] = round_median(&record->phases[index], TIMES_RAW);
	}
	return 0;
}

static int fill_phases(struct result_arm *arm, const struct gather_arm *records, const struct gather_arm *null,
		       const struct workload *workload, const struct clock *clock, struct error *error)
{
	const struct result_record *audit = audit_of(records);
	size_t most = null && null->count > records->count ? null->count : records->count;
	double *values = memory_zeroed(most, sizeof values[0]);
	arm->phases = memory_zeroed(workload->phase_count, sizeof arm->phases[0]);
	int result = values && arm->phases ? 0 : -1;
	for (size_t i = 0; result == 0 && i < workload->phase_count; i++) {
		struct result_phase *phase = &arm->phases[arm->phase_count++];
		result_figures_clear(&phase->figures);
		phase->name = memory_text(workload->phases[i].name);
		phase->measured = workload->phases[i].measured;
		if (audit && i < audit->phase_count)
			phase->figures = audit->phases[i].figures;
		/* What came behind something fatal has nothing to tell. */
		if (phase->measured && (!audit || !isnan(phase->figures.value[METRIC_AUDIT_OPS])))
			arm->figures_phase = i;
		set_from_rounds(&phase->figures, records, null, i, values);
		set_times(&phase->figures, records, null, i, values);
		if (!arm->rate)
			result_set_null_of(&phase->figures, METRIC_SOURCE_SCHEDULE, RESULT_REASON_CLOSED_LOOP);
		if (workload_is_adaptive(workload))
			result_set_null_of(&phase->figures, METRIC_SOURCE_WINDOWS, RESULT_REASON_ADAPTIVE);
		if (arm->threads > 1 && workload->phases[i].free_on == WORKLOAD_FREE_ON_NEXT) {
			set_travel(&phase->figures, METRIC_RING_STARVED, records, i, record_starved, values);
			set_travel(&phase->figures, METRIC_RING_FULL, records, i, record_full, values);
		} else {
			result_set_null(&phase->figures, METRIC_RING_STARVED, RESULT_REASON_NOT_APPLICABLE);
			result_set_null(&phase->figures, METRIC_RING_FULL, RESULT_REASON_NOT_APPLICABLE);
		}
		result = phase->name && fill_rounds(phase, records, i) == 0 ? gather_ageing(phase, arm, records, i) : -1;
		if (result == 0)
			result = gather_latency(phase, records, i, clock);
		if (result == 0 && !workload_is_adaptive(workload))
			result = gather_cells(phase, arm, records, i);
	}
	memory_release(values);
	return result == 0 ? 0 : error_set(error, EXIT_CODE_IO, "no memory for the figures of an arm");
}

static const struct result_record *round_zero(const struct gather_arm *arm)
{
	for (size_t i = 0; i < arm->count; i++)
		if (arm->records[i].ok && arm->records[i].pass == RESULT_PASS_TIMED && arm->records[i].series_count)
			return &arm->records[i];
	return NULL;
}

/* Both passes used the same grid: a figure comes from the one that measured it. */
static int fill_series(struct result_arm *arm, const struct gather_arm *records)
{
	const struct result_record *audit = audit_of(records), *timed = round_zero(records);
	const struct result_record *longest = audit ? audit : timed;
	if (!longest)
		return 0;
	arm->series = memory_zeroed(longest->series_count, sizeof arm->series[0]);
	if (!arm->series)
		return -1;
	arm->series_count = longest->series_count;
	for (size_t i = 0; i < arm->series_count; i++) {
		arm->series[i] = longest->series[i];
		for (size_t column = 0; timed && i < timed->series_count && column < RESULT_SERIES_COUNT; column++)
			if (isnan(arm->series[i].value[column]))
				arm->series[i].value[column] = timed->series[i].value[column];
	}
	return 0;
}

static int fill_audit_parts(struct result_arm *arm, const struct gather_arm *records)
{
	const struct result_record *audit = audit_of(records);
	if (!audit)
		return 0;
	arm->maps = memory_zeroed(audit->map_count, sizeof arm->maps[0]);
	arm->domains = memory_zeroed(audit->domain_count, sizeof arm->domains[0]);
	if (!arm->maps || !arm->domains)
		return -1;
	for (size_t i = 0; i < audit->map_count; i++) {
		arm->map_count++;
		if (result_map_copy(&arm->maps[i], &audit->maps[i]) < 0)
			return -1;
	}
	if (audit->domain_count)
		memcpy(arm->domains, audit->domains, audit->domain_count * sizeof arm->domains[0]);
	arm->domain_count = audit->domain_count;
	arm->failures_known = true;
	return result_failures_copy(&arm->failures, &arm->failure_count, audit->failures, audit->failure_count);
}

/* NULL when all passes ended every phase with the same extents at the same places. 0 stands where those of one process did
 * not. Several threads never place alike: of them only the audit, which is played by one, counts. */
static const char *disagreement(const struct gather_arm *records, bool threads, uint64_t *hash)
{
	const struct result_record *first = NULL;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record *record = &records->records[i];
		if (!record->ok || (threads && record->pass != RESULT_PASS_AUDIT))
			continue;
		first = first ? first : record;
		for (size_t phase = 0; phase < record->phase_count && phase < first->phase_count; phase++)
			if (record->phases[phase].placement_hash == 0 ||
			    record->phases[phase].placement_hash != first->phases[phase].placement_hash)
				return "passes over the same stream placed extents differently";
	}
	*hash = first && first->phase_count ? first->phases[first->phase_count - 1].placement_hash : 0;
	return NULL;
}

static bool clock_went_back(const struct gather_arm *records)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->records[i].clock_backward)
			return true;
	return false;
}

static const char *distrust(const struct gather_arm *records)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->records[i].distrust)
			return records->records[i].distrust;
	return NULL;
}

/* Of all records, each line once. */
static void add_notes(const struct gather_arm *records, struct text *text)
{
	for (size_t i = 0; i < records->count; i++) {
		for (const char *at = records->records[i].notes; at && *at; at += strspn(at, "\n")) {
			struct text line = {0};
			int length = (int)strcspn(at, "\n");
			text_add(&line, "%.*s", length, at);
			text->failed |= line.failed;
			if (!line.failed && (!text->bytes || !strstr(text->bytes, line.bytes)))
				text_add(text, "%s%s", text->length ? "\n" : "", line.bytes);
			text_release(&line);
			at += length;
		}
	}
}

static int set_state(struct result_arm *arm, const struct gather_arm *records)
{
	const struct result_record *fault = gather_first_fault(records);
	const char *reason = fault ? fault->message : disagreement(records, arm->threads > 1, &arm->placement_hash);
	arm->state = RESULT_ARM_OK;
	if (fault && fault->exit_code == EXIT_CODE_NO_ARM)
		arm->state = RESULT_ARM_NOT_APPLICABLE;
	else if (fault)
		arm->state = RESULT_ARM_FAILED, arm->owner = fault->owner;
	else if (reason)
		arm->state = RESULT_ARM_NONDETERMINISTIC;
	else if (clock_went_back(records)) {
		arm->state = RESULT_ARM_UNTRUSTWORTHY;
		reason = "the clock went back while it was measured";
	} else if ((reason = distrust(records)) != NULL) {
		arm->state = RESULT_ARM_UNTRUSTWORTHY;
	} else if (!records->count) {
		arm->state = RESULT_ARM_NOT_RUN;
		reason = "the run was interrupted before its turn";
	}
	const struct result_record *audit = audit_of(records);
	if (!reason && audit && audit->message)
		reason = audit->message; /* statuses that a script did not want */
	struct text text = {0};
	if (reason)
		text_add(&text, "%s", reason);
	add_notes(records, &text);
	arm->reason = memory_text(text.bytes);
	bool failed = text.failed || (text.bytes && !arm->reason);
	text_release(&text);
	if (failed)
		return -1;
	return fault ? result_violations_copy(&arm->violations, &arm->violation_count, fault->violations,
					      fault->violation_count)
		     : 0;
}

static int set_plugin(struct result_arm *arm, const struct gather_arm *records)
{
	for (size_t i = 0; i < records->count && !arm->plugin_about; i++)
		if (records->records[i].plugin_about &&
		    !(arm->plugin_about = memory_text(records->records[i].plugin_about)))
			return -1;
	return 0;
}

int gather_fill(struct result_arm *arm, const struct gather_arm *records, const struct gather_arm *null,
		const struct workload *workload, const struct clock *clock, struct error *error)
{
	int result = set_state(arm, records) < 0 || set_plugin(arm, records) < 0 ? -1 : 0;
	if (result == 0 && result_arm_is_thrown_out(arm)) {
		result_arm_throw_out(arm);
		return 0;
	}
	if (result < 0 || fill_series(arm, records) < 0 || fill_audit_parts(arm, records) < 0 ||
	    gather_heat(arm, records, clock) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the figures of an arm");
	return fill_phases(arm, records, null, workload, clock, error);
}
