/* SPDX-License-Identifier: MIT */
#include "run/profile_arms.h"

#include "base/memory.h"
#include "run/spawn.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* log: what the arm's log of latencies is called. */
static int path_of(const struct matrix *matrix, const char *log, char path[PATH_MAX], struct error *error)
{
	int stem = (int)(strlen(log) - strlen(".hlog"));
	int length = snprintf(path, PATH_MAX, "%s/%.*s%s", matrix->store.folder.bytes, stem, log,
			      profiler_suffix(matrix->options->profiler));
	return length < PATH_MAX ? 0 : error_set(error, EXIT_CODE_IO, "%s: the name of a profile is too long", log);
}

static int play(struct matrix *matrix, struct combination *combination, struct job *job, struct error *error)
{
	struct spawn_watch watch = {.stall_seconds = matrix->options->stall_seconds,
				    .memory_limit_bytes = combination_memory_limit(matrix->options)};
	struct result_record record = {0};
	struct text line = {0};
	struct stat state;
	job->workload_bytes =
		spawn_memory_file("iovabench-workload", combination->plan.bytes, combination->plan.length, error);
	int result = job->workload_bytes < 0 ? -1 : spawn_worker(job, &watch, &record, &line, error);
	if (result == 0 && !record.ok)
		result = error_set(error, EXIT_CODE_IO, "%s", record.message);
	if (result == 0 && (stat(job->profile, &state) < 0 || !state.st_size))
		result = error_set(error, EXIT_CODE_IO, "%s wrote nothing", profiler_words[job->profiler]);
	if (job->workload_bytes >= 0)
		close(job->workload_bytes);
	result_record_release(&record);
	text_release(&line);
	return result;
}

static int profile(struct matrix *matrix, struct combination *combination, const char *spec, const char *log,
		   struct text *messages, struct error *error)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	if (!job)
		return error_set(error, EXIT_CODE_IO, "no memory for a job");
	combination_fill_job(combination, spec, job);
	job->pass = RESULT_PASS_TIMED;
	job->profiler = matrix->options->profiler;
	job->cpu = matrix->cpu;
	job->clock = matrix->clock;
	job->lock = matrix->options->lock;
	int result = path_of(matrix, log, job->profile, error);
	/* What is there was left by whoever was killed. */
	if (result == 0) {
		unlink(job->profile);
		result = play(matrix, combination, job, error);
	}
	if (result == 0) {
		text_add(messages, "profile of %s on %s: ", spec, combination->plan.workload.name);
		profiler_add_reader(job->profiler, job->profile, messages);
		text_add(messages, "\n");
	}
	memory_release(job);
	return result;
}

enum exit_code profile_arms(struct matrix *matrix, struct text *messages)
{
	const struct result *result = matrix->result;
	assert(matrix->options->profiler && result->arms);
	enum exit_code code = EXIT_CODE_OK;
	struct text *logs = result_hlog_names(result);
	if (!logs)
		text_add(messages, "no memory for the names of profiles\n");
	for (size_t i = 0; logs && i < result->arm_count; i++) {
		const struct result_arm *arm = &result->arms[i];
		struct combination *combination = matrix->list.combinations[arm->workload];
		struct error error = {0};
		if (arm->state != RESULT_ARM_OK ||
		    profile(matrix, combination, arm->spec, logs[i].bytes, messages, &error) == 0)
			continue;
		text_add(messages, "no profile of %s on %s: %s\n", arm->spec, combination->plan.workload.name,
			 error.message);
		code = EXIT_CODE_IO;
	}
	result_release_hlog_names(logs, result->arm_count);
	return logs ? code : EXIT_CODE_IO;
}
