/* SPDX-License-Identifier: MIT */
#include "run/combination.h"

#include "base/file.h"
#include "base/memory.h"
#include "compare/compare.h"
#include "result/result.h"
#include "run/machine.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One file while its combinations are made. */
struct reading {
	const struct run_options *options;
	size_t file_index;
	const char *file;
	char *bytes;
	size_t length;
	struct text *messages;
	struct error *error;
};

static struct combination *add_block(struct combination_list *list, const struct run_options *options)
{
	if (memory_grow(&list->combinations, &list->capacity, list->count, sizeof list->combinations[0]) < 0)
		return NULL;
	struct combination *combination = memory_zeroed(1, sizeof *combination);
	struct gather_arm *arms = memory_zeroed(options->spec_count + 1, sizeof arms[0]);
	struct gather_arm *pairs = memory_zeroed(options->spec_count * options->spec_count, sizeof pairs[0]);
	int *steps = memory_zeroed(options->spec_count + 1, sizeof steps[0]);
	if (!combination || !arms || !pairs || !steps) {
		memory_release(combination);
		memory_release(steps);
		memory_release(arms);
		memory_release(pairs);
		return NULL;
	}
	*combination = (struct combination){.number = list->count,
					    .changes = options->changes,
					    .stream = {.descriptor = -1},
					    .steps = steps,
					    .arms = arms,
					    .pairs = pairs};
	for (size_t arm = 0; arm <= options->spec_count; arm++)
		steps[arm] = -1;
	list->combinations[list->count++] = combination;
	return combination;
}

static int no_memory(const struct reading *reading)
{
	return error_set(reading->error, EXIT_CODE_IO, "no memory for the workload %s", reading->file);
}

static int write_settings(const struct reading *reading, const struct workload *axes, size_t combination,
			  struct plan_changes *changes)
{
	struct yaml_setting settings[WORKLOAD_SWEEPS_MAX];
	size_t used = 0;
	workload_combination(axes, combination, settings);
	for (size_t i = 0; i < axes->sweep_count; i++) {
		size_t room = sizeof changes->settings - used;
		int length = snprintf(changes->settings + used, room, "%s=%s\n", settings[i].key, settings[i].value);
		if (length < 0 || (size_t)length >= room)
			return error_set(reading->error, EXIT_CODE_USAGE, "%s: keys and values of a sweep are too long",
					 reading->file);
		used += (size_t)length;
	}
	return 0;
}

static int open_plan(const struct reading *reading, struct combination *combination)
{
	const struct plan_changes *changes = &combination->changes;
	char *bytes = memory_zeroed(reading->length + 1, 1);
	if (!bytes)
		return no_memory(reading);
	memcpy(bytes, reading->bytes, reading->length);
	combination->file = reading->file_index;
	combination->file_hash = workload_hash(bytes, reading->length);
	if (plan_open(&combination->plan, reading->file, bytes, reading->length, changes, reading->messages,
		      reading->error) < 0)
		return -1;
	if (changes->ops && !plan_phase_operations(&combination->plan))
		text_add(reading->messages, "%s: note: --ops changes nothing here: no measured phase ends by operations\n",
			 reading->file);
	if (changes->rate && !workload_interference_is_none(&combination->plan.workload.interference))
		return error_set(reading->error, EXIT_CODE_USAGE,
				 "%s: interference does not go with --rate: it would decide when operations begin; "
				 "--interfere none leaves it out",
				 reading->file);
	uint64_t data_bytes = combination->plan.workload.interference.data_bytes;
	uint64_t limit_bytes = combination_memory_limit(reading->options);
	if (data_bytes >= limit_bytes)
		return error_set(reading->error, EXIT_CODE_USAGE,
				 "%s: interference of %" PRIu64 " MiB of data: a worker has %" PRIu64 " MiB (--memory)",
				 reading->file, data_bytes >> 20, limit_bytes >> 20);
	if (op_stream_adaptive(combination->plan.stream) && !reading->options->audit)
		return error_set(reading->error, EXIT_CODE_USAGE,
				 "%s: an adversary or a queue plays in the audit alone: --audit off leaves nothing to run",
				 reading->file);
	return 0;
}

static size_t or_one(size_t count)
{
	return count ? count : 1;
}

/* The sweeps of the file and of the command line. */
static int merge_sweeps(const struct reading *reading, const struct workload *base, struct workload_sweep *sweeps,
			struct workload *axes)
{
	const struct run_options *options = reading->options;
	*axes = (struct workload){.sweeps = sweeps};
	for (size_t i = 0; i < base->sweep_count; i++)
		sweeps[axes->sweep_count++] = base->sweeps[i];
	for (size_t i = 0; i < options->sweep_count; i++) {
		size_t at = 0;
		while (at < axes->sweep_count && strcmp(sweeps[at].key, options->sweeps[i].key) != 0)
			at++;
		if (at == WORKLOAD_SWEEPS_MAX)
			return error_set(reading->error, EXIT_CODE_USAGE, "%s: more than %u keys are swept", reading->file,
					 WORKLOAD_SWEEPS_MAX);
		sweeps[at] = options->sweeps[i];
		axes->sweep_count += at == axes->sweep_count;
	}
	double combinations = (double)or_one(options->seed_count) * (double)or_one(options->threads_count) *
			      (double)or_one(options->rate_count);
	for (size_t i = 0; i < axes->sweep_count && options->seed_count; i++)
		if (strcmp(sweeps[i].key, RESULT_SETTING_SEED) == 0)
			return error_set(reading->error, EXIT_CODE_USAGE,
					 "%s: --seed gives several seeds, and a sweep gives others", reading->file);
	for (size_t i = 0; i < axes->sweep_count; i++)
		combinations *= (double)sweeps[i].value_count;
	if (combinations > WORKLOAD_COMBINATIONS_MAX)
		return error_set(reading->error, EXIT_CODE_USAGE, "%s: its sweeps have more than %u combinations",
				 reading->file, WORKLOAD_COMBINATIONS_MAX);
	return 0;
}

/* One of all combinations of seeds, threads and rates; rates change first. */
static void set_axes(const struct run_options *options, size_t number, struct plan_changes *changes)
{
	if (options->rate_count) {
		changes->load = true;
		changes->rate = options->rates[number % options->rate_count];
	}
	number /= or_one(options->rate_count);
	if (options->threads_count) {
		changes->scaling = true;
		changes->threads = options->threads[number % options->threads_count];
	}
	number /= or_one(options->threads_count);
	if (options->seed_count) {
		changes->has_seed = changes->replicate = true;
		changes->seed = options->seeds[number];
	}
}

static int open_combinations(struct combination_list *list, const struct reading *reading, const struct workload *base)
{
	struct workload_sweep sweeps[WORKLOAD_SWEEPS_MAX];
	struct workload axes;
	if (merge_sweeps(reading, base, sweeps, &axes) < 0)
		return -1;
	const struct run_options *options = reading->options;
	size_t each = or_one(options->seed_count) * or_one(options->threads_count) * or_one(options->rate_count);
	for (size_t i = 0; i < workload_combinations(&axes) * each; i++) {
		struct combination *combination = add_block(list, options);
		if (!combination)
			return no_memory(reading);
		set_axes(options, i % each, &combination->changes);
		size_t told = reading->messages->length;
		if (write_settings(reading, &axes, i / each, &combination->changes) < 0)
			return -1;
		if (open_plan(reading, combination) == 0)
			continue;
		if (reading->messages->length > told && *combination->changes.settings)
			text_add(reading->messages, "with %s", combination->changes.settings);
		return -1;
	}
	return 0;
}

static int open_file(struct combination_list *list, struct reading *reading)
{
	struct workload base;
	if (file_read_input(reading->file, WORKLOAD_FILE_BYTES_MAX, &reading->bytes, &reading->length, reading->error) < 0)
		return -1;
	int result = workload_parse(reading->file, reading->bytes, reading->length, &base, reading->messages);
	if (result == WORKLOAD_NO_MEMORY)
		reading->error->exit_code = EXIT_CODE_IO;
	if (result == 0) {
		result = open_combinations(list, reading, &base);
		workload_release(&base);
	}
	memory_release(reading->bytes);
	return result;
}

int combination_list_open(struct combination_list *list, const struct run_options *options, struct text *messages,
			  struct error *error)
{
	assert(options->file_count && !list->count);
	int result = 0;
	for (size_t i = 0; i < options->file_count; i++) {
		struct error fault = {0};
		struct reading reading = {.options = options,
					  .file_index = i,
					  .file = options->files[i],
					  .messages = messages,
					  .error = &fault};
		if (open_file(list, &reading) == 0)
			continue;
		result = -1;
		if (*fault.message)
			text_add(messages, "%s\n", fault.message);
		/* Without a message of its own, the file's faults stand in messages already. */
		enum exit_code code = fault.exit_code == EXIT_CODE_OK ? EXIT_CODE_USAGE : fault.exit_code;
		if (error->exit_code != EXIT_CODE_IO)
			error->exit_code = code;
	}
	return result;
}

void combination_close_files(struct combination *combination, const struct run_options *options)
{
	stream_file_close_words(&combination->stream);
	tape_file_close(&combination->tape);
	for (size_t arm = 0; arm <= options->spec_count; arm++) {
		if (combination->steps[arm] >= 0)
			close(combination->steps[arm]);
		combination->steps[arm] = -1;
	}
}

void combination_drop_records(struct combination *combination, const struct run_options *options)
{
	for (size_t arm = 0; arm <= options->spec_count; arm++)
		gather_release(&combination->arms[arm]);
	for (size_t pair = 0; pair < options->spec_count * options->spec_count; pair++)
		gather_release(&combination->pairs[pair]);
}

void combination_close(struct combination *combination, const struct run_options *options)
{
	combination_drop_records(combination, options);
	combination_close_files(combination, options);
	memory_release(combination->steps);
	memory_release(combination->arms);
	memory_release(combination->pairs);
	stream_file_close(&combination->stream);
	plan_close(&combination->plan);
	memory_release(combination->steady.reason);
	memory_release(combination);
}

void combination_list_close(struct combination_list *list, const struct run_options *options)
{
	for (size_t i = 0; i < list->count; i++)
		combination_close(list->combinations[i], options);
	memory_release(list->combinations);
	*list = (struct combination_list){0};
}

void combination_fill_job(const struct combination *combination, const char *spec, struct job *job)
{
	assert(combination->plan.stream && combination->stream.phase_count == combination->plan.workload.phase_count);
	assert(strlen(spec) < JOB_SPEC_BYTES_MAX);
	size_t request_count;
	op_stream_requests(combination->plan.stream, &request_count);
	*job = (struct job){
		.magic = JOB_MAGIC,
		.cpu = -1,
		.changes = combination->changes,
		.words = combination->stream.words,
		.peak_live_pages = combination->stream.peak_live_pages,
		.words_of_portions = combination->stream.words_of_portions,
		.phase_count = combination->stream.phase_count,
		.stream_words = combination->stream.descriptor,
		.tape = -1,
		.steps = -1,
		.placements = -1,
		.profiler_pipes = {-1, -1, -1, -1},
		.request_count = request_count,
		.slot_count = op_stream_slots(combination->plan.stream),
		.domain_count = op_stream_domains(combination->plan.stream),
	};
	memcpy(job->phase_words, combination->stream.phase_words, sizeof job->phase_words);
	if (combination->stream.portion_words)
		memcpy(job->portion_words, combination->stream.portion_words,
		       combination->plan.threads * sizeof job->portion_words[0]);
	snprintf(job->workload_file, sizeof job->workload_file, "%s", combination->plan.workload.file);
	snprintf(job->spec, sizeof job->spec, "%s", spec);
}

/* What an audit said, and says again when the run is gone on with. */
static bool can_play(const struct gather_arm *arm)
{
	const struct result_record *fault = gather_first_fault(arm);
	return !fault || fault->exit_code != EXIT_CODE_NO_ARM;
}

bool combination_is_pair(const struct combination *combination, const struct run_options *options, size_t arm,
			 size_t against)
{
	assert(arm < options->spec_count && against < options->spec_count);
	if (!options->paired || combination->changes.rate || arm == against || op_stream_adaptive(combination->plan.stream))
		return false;
	if (options->against && strcmp(options->against, COMPARE_AGAINST_ALL) == 0)
		return against < arm;
	size_t first = 0;
	while (first < options->spec_count && (options->against ? strcmp(options->specs[first], options->against) != 0
								: !can_play(&combination->arms[first])))
		first++;
	return against == first;
}

/* Threads have no harness figure: null under a lock would tell what the lock costs. */
uint32_t combination_square(const struct combination *combination, const struct run_options *options)
{
	return (uint32_t)options->spec_count + (combination->plan.threads > 1 ? 0 : 1);
}

size_t combination_processes_alone(const struct combination *combination, const struct run_options *options, uint32_t round)
{
	if (options->paired == RUN_PAIRED_ONLY ||
	    (options->paired && options->rounds_alone && round >= options->rounds_alone))
		return 0;
	return combination_square(combination, options);
}

size_t combination_pairs(const struct combination *combination, const struct run_options *options)
{
	size_t count = options->spec_count, pairs = 0;
	for (size_t i = 0; i < count * count; i++)
		pairs += combination_is_pair(combination, options, i / count, i % count);
	return pairs;
}

/* The rest is for this process, the stream that workers share, and the system. */
uint64_t combination_memory_limit(const struct run_options *options)
{
	return options->memory_limit_bytes ? options->memory_limit_bytes : machine_memory_bytes("") / 4 * 3;
}
