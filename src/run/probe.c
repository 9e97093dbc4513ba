/* SPDX-License-Identifier: MIT */
#include "run/probe.h"

#include "base/memory.h"
#include "run/combination.h"
#include "run/inputs.h"
#include "run/spawn.h"

#include <stdio.h>

static bool has_plugin(const char *spec, struct error *error)
{
	struct text path = {0};
	bool found = inputs_next_plugin(&spec, &path);
	if (path.failed)
		error_set(error, EXIT_CODE_IO, "no memory for a spec");
	text_release(&path);
	return found;
}

static int probe(const struct run_options *options, const char *spec, struct text *messages, struct error *error)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct result_record record = {0};
	struct text line = {0};
	if (!job)
		return error_set(error, EXIT_CODE_IO, "no memory for a job");
	*job = (struct job){.magic = JOB_MAGIC,
			    .probe = true,
			    .cpu = -1,
			    .workload_bytes = -1,
			    .stream_words = -1,
			    .tape = -1,
			    .placements = -1};
	snprintf(job->spec, sizeof job->spec, "%s", spec);
	const struct spawn_watch watch = {.stall_seconds = options->stall_seconds,
					  .memory_limit_bytes = combination_memory_limit(options)};
	int result = spawn_worker(job, &watch, &record, &line, error);
	if (result == 0 && record.exit_code == EXIT_CODE_USAGE) {
		text_add(messages, "%s\n", record.message ? record.message : spec);
		result = -1;
		error->exit_code = EXIT_CODE_USAGE;
	}
	result_record_release(&record);
	text_release(&line);
	memory_release(job);
	return result;
}

int probe_specs(const struct run_options *options, struct text *messages, struct error *error)
{
	int result = 0;
	for (size_t i = 0; i < options->spec_count && error->exit_code != EXIT_CODE_IO; i++)
		if (has_plugin(options->specs[i], error) && probe(options, options->specs[i], messages, error) < 0)
			result = -1;
	return error->exit_code == EXIT_CODE_IO ? -1 : result;
}
