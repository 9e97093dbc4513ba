/* SPDX-License-Identifier: MIT */
#include "run/steady.h"

#include "base/memory.h"
#include "run/gather_ageing.h"
#include "run/spawn.h"
#include "run/trial.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct search {
	struct combination *combination;
	const struct run_options *options;
	struct text reason; /* why it is not steady; empty: it is */
	bool failed;        /* an arm did, and will again */
	size_t judged;      /* arms */
	struct text *messages;
	struct error *error;
};

/* The combination, of so many operations in each measured phase; 0: of those that are written. */
static int reopen(struct search *search, uint64_t ops)
{
	struct combination *combination = search->combination;
	const char *file = search->options->files[combination->file];
	size_t length = combination->plan.length;
	char *bytes = memory_zeroed(length + 1, 1);
	if (!bytes)
		return error_set(search->error, EXIT_CODE_IO, "no memory for the workload %s", file);
	memcpy(bytes, combination->plan.bytes, length);
	combination->changes.ops = ops;
	plan_close(&combination->plan);
	return plan_open(&combination->plan, file, bytes, length, &combination->changes, search->messages, search->error);
}

static void show_progress(const struct search *search, const char *spec)
{
	char count[TEXT_NUMBER_BYTES];
	if (search->options->progress == RUN_PROGRESS_LINE)
		fprintf(stderr, "\r\033[K%s  %s  until steady: audit of %s operations",
			search->combination->plan.workload.name, spec,
			text_count(count, (double)search->combination->stream.operations));
}

static size_t last_measured(const struct workload *workload)
{
	size_t index = workload->phase_count;
	while (index > 0 && !workload->phases[index - 1].measured)
		index--;
	return index ? index - 1 : 0;
}

/* "buddy: unusable 2 MiB, span still grow"; nothing when they do not. */
static void add_growing(struct search *search, const char *spec, const struct gather_growth *growth)
{
	static const struct {
		enum result_series_column column;
		const char *words;
	} told[] = {{RESULT_SERIES_LIVE_PAGES, "live pages"},
		    {RESULT_SERIES_UNUSABLE_2MIB, "unusable 2 MiB"},
		    {RESULT_SERIES_PAGE_TABLE_PAGES, "page tables"},
		    {RESULT_SERIES_SPAN_PAGES, "span"}};
	const char *between = search->reason.length ? "; " : "";
	if (!growth->known) {
		text_add(&search->reason, "%sthe series of %s has too few rows", between, spec);
		return;
	}
	if (!growth->growing)
		return;
	text_add(&search->reason, "%s%s: ", between, spec);
	bool begun = false;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		if (!(growth->growing >> told[i].column & 1))
			continue;
		text_add(&search->reason, "%s%s", begun ? ", " : "", told[i].words);
		begun = true;
	}
	text_add(&search->reason, " still grow");
}

static int judge(struct search *search, const char *spec, const struct result_record *record)
{
	struct gather_growth growth;
	struct result_workload_steady *steady = &search->combination->steady;
	if (!record->ok && record->exit_code == EXIT_CODE_NO_ARM)
		return 0;
	if (!record->ok || record->owner != ERROR_OWNER_NONE) {
		text_add(&search->reason, "%s%s failed", search->reason.length ? "; " : "", spec);
		search->failed = true;
		return 0;
	}
	size_t phase = last_measured(&search->combination->plan.workload);
	if (gather_growth(record->series, record->series_count, phase, &growth) < 0)
		return error_set(search->error, EXIT_CODE_IO, "no memory for a search");
	add_growing(search, spec, &growth);
	search->judged++;
	for (size_t i = 0; i < record->series_count; i++)
		if (record->series[i].phase == phase)
			steady->device_s = record->series[i].value[RESULT_SERIES_DEVICE_S];
	return 0;
}

static int play_arm(struct search *search, const char *spec, int workload_bytes)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct result_record record = {0};
	if (!job)
		return error_set(search->error, EXIT_CODE_IO, "no memory for a job");
	show_progress(search, spec);
	combination_fill_job(search->combination, spec, job);
	job->pass = RESULT_PASS_AUDIT;
	job->with_series = true;
	job->lock = search->options->lock;
	job->workload_bytes = workload_bytes;
	int result = trial_play(search->options, search->combination, job, &record, search->error);
	if (result == 0)
		result = judge(search, spec, &record);
	result_record_release(&record);
	memory_release(job);
	return result;
}

/* Plays the stream as long as it is now. */
static int play(struct search *search)
{
	struct combination *combination = search->combination;
	const struct plan *plan = &combination->plan;
	text_release(&search->reason);
	search->judged = 0;
	if (stream_file_create(&combination->stream, plan, search->error) < 0)
		return -1;
	combination->steady.operations = combination->stream.operations;
	int bytes = spawn_memory_file("iovabench-workload", plan->bytes, plan->length, search->error);
	int result = bytes < 0 ? -1 : 0;
	for (size_t i = 0; result == 0 && i < search->options->spec_count; i++)
		result = play_arm(search, search->options->specs[i], bytes);
	if (bytes >= 0)
		close(bytes);
	stream_file_close(&combination->stream);
	combination->stream = (struct stream_file){.descriptor = -1};
	return result;
}

static int extend(struct search *search)
{
	struct combination *combination = search->combination;
	uint64_t most = search->options->changes.ops;
	if (reopen(search, 0) < 0)
		return -1;
	uint64_t ops = plan_phase_operations(&combination->plan);
	if (!ops || op_stream_adaptive(combination->plan.stream)) {
		text_add(&search->reason, ops ? "what is asked depends on what the allocator answers"
					      : "no measured phase ends by operations");
		return most ? reopen(search, most) : 0;
	}
	if (!most)
		most = ops <= WORKLOAD_OPS_MAX / STEADY_GROWTH_MAX ? ops * STEADY_GROWTH_MAX : WORKLOAD_OPS_MAX;
	int result = ops > most ? reopen(search, ops = most) : 0;
	if (result == 0)
		result = play(search);
	while (result == 0 && search->reason.length && search->judged && !search->failed && ops < most) {
		ops = ops <= most / 2 ? 2 * ops : most;
		result = reopen(search, ops) < 0 ? -1 : play(search);
	}
	if (result == 0 && !search->judged && !search->reason.length)
		text_add(&search->reason, "no allocator plays it");
	return result;
}

int steady_extend(struct combination *combination, const struct run_options *options, struct text *messages,
		  struct error *error)
{
	assert(options->until == RUN_UNTIL_STEADY && options->audit);
	struct search search = {.combination = combination, .options = options, .messages = messages, .error = error};
	combination->steady = (struct result_workload_steady){.asked = true, .device_s = (double)NAN};
	int result = extend(&search);
	if (options->progress == RUN_PROGRESS_LINE)
		fputs("\r\033[K", stderr);
	combination->steady.reason = memory_text(search.reason.bytes);
	if (result == 0 && (search.reason.failed || (search.reason.length && !combination->steady.reason)))
		result = error_set(error, EXIT_CODE_IO, "no memory for a search");
	text_release(&search.reason);
	return result;
}
