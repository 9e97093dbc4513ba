/* SPDX-License-Identifier: MIT */
#include "run/plan.h"

#include "base/memory.h"
#include "result/result.h"
#include "trace/recording_file.h"
#include "workload/portion.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static bool counts_operations(const struct workload_phase *phase)
{
	bool ends_by_operations = phase->body == WORKLOAD_BODY_MIX || phase->body == WORKLOAD_BODY_RINGS;
	return phase->measured && ends_by_operations && phase->until == WORKLOAD_UNTIL_OPS;
}

static void apply(struct workload *workload, const struct plan_changes *changes)
{
	if (changes->has_seed)
		workload->seed = changes->seed;
	if (changes->has_interference)
		workload->interference = changes->interference;
	for (size_t i = 0; changes->ops && i < workload->phase_count; i++) {
		struct workload_phase *phase = &workload->phases[i];
		if (counts_operations(phase))
			phase->until_value = changes->ops;
	}
}

static int read_recordings(struct plan *plan, struct error *error)
{
	const struct workload *workload = &plan->workload;
	plan->recordings = memory_zeroed(workload->phase_count, sizeof plan->recordings[0]);
	plan->recording_of = memory_zeroed(workload->phase_count, sizeof plan->recording_of[0]);
	if (!plan->recordings || !plan->recording_of)
		return error_set(error, EXIT_CODE_IO, "no memory for a workload");
	for (size_t i = 0; i < workload->phase_count; i++) {
		if (workload->phases[i].body != WORKLOAD_BODY_TRACE)
			continue;
		struct text path = {0};
		workload_trace_path(workload, &workload->phases[i], &path);
		int result = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path")
					 : recording_read(path.bytes, &plan->recordings[i], error);
		text_release(&path);
		if (result < 0)
			return -1;
		plan->recording_of[i] = &plan->recordings[i];
	}
	return 0;
}

static int open_portions(struct plan *plan, struct error *error)
{
	uint32_t threads = plan->threads;
	if (workload_portion_check(&plan->workload, threads, error) < 0)
		return -1;
	plan->portions = memory_zeroed(threads, sizeof plan->portions[0]);
	plan->portion_streams = memory_zeroed(threads, sizeof plan->portion_streams[0]);
	if (!plan->portions || !plan->portion_streams)
		return error_set(error, EXIT_CODE_IO, "no memory for %u threads", threads);
	for (uint32_t i = 0; i < threads; i++) {
		struct workload *portion = &plan->portions[i];
		if (workload_portion(&plan->workload, i, threads, portion, error) < 0)
			return -1;
		plan->portion_streams[i] = op_stream_open(portion, plan->recording_of, portion->seed, error);
		if (!plan->portion_streams[i])
			return -1;
	}
	plan->stream = op_stream_weave(&plan->workload, plan->portion_streams, threads, error);
	return plan->stream ? 0 : -1;
}

static int open_stream(struct plan *plan, struct error *error)
{
	if (plan->threads > 1 && !workload_interference_is_none(&plan->workload.interference))
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: interference takes one thread, not %u; --interfere none leaves it out",
				 plan->workload.file, plan->threads);
	if (plan->threads > 1)
		return open_portions(plan, error);
	plan->stream = op_stream_open(&plan->workload, plan->recording_of, plan->workload.seed, error);
	return plan->stream ? 0 : -1;
}

/* Reserved ranges beyond the new end go with it. */
static int cut_space(struct plan *plan, uint64_t end, struct error *error)
{
	struct workload *played = &plan->played;
	const struct workload *whole = &plan->workload;
	*played = *whole;
	if (!end)
		return 0;
	played->space.end = end;
	played->space.usable = end - played->space.first;
	played->space.hole_count = 0;
	plan->played_holes = memory_zeroed(whole->space.hole_count, sizeof plan->played_holes[0]);
	if (!plan->played_holes)
		return error_set(error, EXIT_CODE_IO, "no memory for a workload");
	played->space.holes = plan->played_holes;
	for (size_t i = 0; i < whole->space.hole_count && whole->space.holes[i].first < end; i++) {
		struct workload_hole *hole = &plan->played_holes[played->space.hole_count++];
		*hole = whole->space.holes[i];
		if (hole->count > end - hole->first)
			hole->count = end - hole->first;
		played->space.usable -= hole->count;
	}
	return 0;
}

size_t plan_settings(const struct plan_changes *changes, char text[PLAN_SETTINGS_BYTES_MAX],
		     struct yaml_setting settings[WORKLOAD_SWEEPS_MAX])
{
	size_t count = 0;
	memcpy(text, changes->settings, PLAN_SETTINGS_BYTES_MAX);
	for (char *line = text; *line && count < WORKLOAD_SWEEPS_MAX;) {
		char *value = strchr(line, '='), *end = strchr(line, '\n');
		*value = '\0';
		*end = '\0';
		settings[count++] = (struct yaml_setting){.key = line, .value = value + 1};
		line = end + 1;
	}
	return count;
}

int plan_open(struct plan *plan, const char *file, char *bytes, size_t length, const struct plan_changes *changes,
	      struct text *messages, struct error *error)
{
	assert(changes->threads <= WORKLOAD_THREADS_MAX);
	*plan = (struct plan){.bytes = bytes, .length = length, .threads = changes->threads ? changes->threads : 1};
	struct yaml_setting settings[WORKLOAD_SWEEPS_MAX];
	char text[PLAN_SETTINGS_BYTES_MAX];
	size_t setting_count = plan_settings(changes, text, settings);
	int result = setting_count
			     ? workload_parse_set(file, bytes, length, settings, setting_count, &plan->workload, messages)
			     : workload_parse(file, bytes, length, &plan->workload, messages);
	if (result == WORKLOAD_NO_MEMORY && error)
		error->exit_code = EXIT_CODE_IO; /* the message is among the others */
	if (result == 0) {
		apply(&plan->workload, changes);
		result = read_recordings(plan, error);
	}
	if (result == 0)
		result = open_stream(plan, error);
	if (result == 0)
		result = cut_space(plan, changes->space_end, error);
	if (result < 0)
		plan_close(plan);
	return result < 0 ? -1 : 0;
}

void plan_close(struct plan *plan)
{
	op_stream_close(plan->stream);
	for (uint32_t i = 0; plan->portion_streams && i < plan->threads; i++)
		op_stream_close(plan->portion_streams[i]);
	for (uint32_t i = 0; plan->portions && i < plan->threads; i++)
		workload_portion_release(&plan->portions[i]);
	memory_release(plan->portion_streams);
	memory_release(plan->portions);
	for (size_t i = 0; plan->recordings && i < plan->workload.phase_count; i++)
		recording_release(&plan->recordings[i]);
	memory_release(plan->recordings);
	memory_release(plan->recording_of);
	memory_release(plan->played_holes);
	workload_release(&plan->workload);
	memory_release(plan->bytes);
	*plan = (struct plan){0};
}

size_t plan_axes(const struct plan_changes *changes, struct plan_axis axes[PLAN_AXES_MAX])
{
	size_t count = 0;
	if (changes->replicate)
		axes[count++] = (struct plan_axis){RESULT_SETTING_SEED, changes->seed};
	if (changes->scaling)
		axes[count++] = (struct plan_axis){RESULT_SETTING_THREADS, changes->threads};
	if (changes->load)
		axes[count++] = (struct plan_axis){RESULT_SETTING_RATE, changes->rate};
	return count;
}

void plan_label(const struct plan *plan, const struct plan_changes *changes, struct text *label)
{
	text_add(label, "%s", plan->workload.name);
	for (const char *line = changes->settings; *line;) {
		size_t length = strcspn(line, "\n");
		text_add(label, " %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
	struct plan_axis axes[PLAN_AXES_MAX];
	size_t count = plan_axes(changes, axes);
	for (size_t i = 0; i < count; i++)
		text_add(label, " %s=%" PRIu64, axes[i].key, axes[i].value);
}

int plan_check_streams(const struct plan *plan, struct error *error)
{
	assert(plan->stream);
	const char *fault = op_stream_fault(plan->stream);
	for (uint32_t i = 0; plan->portion_streams && i < plan->threads && !fault; i++)
		fault = op_stream_fault(plan->portion_streams[i]);
	if (!fault)
		return 0;
	return error_of(
		error, ERROR_OWNER_HARNESS,
		"%s: the operations of this workload were made wrongly: %s. This is a fault of iovabench, not of an "
		"allocator or of the workload: please report it with the workload and the command",
		plan->workload.file, fault);
}

uint64_t plan_phase_operations(const struct plan *plan)
{
	uint64_t most = 0;
	for (size_t i = 0; i < plan->workload.phase_count; i++) {
		const struct workload_phase *phase = &plan->workload.phases[i];
		if (counts_operations(phase) && phase->until_value > most)
			most = phase->until_value;
	}
	return most;
}
