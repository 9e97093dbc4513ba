/* SPDX-License-Identifier: MIT */
#include "run/block.h"

#include "base/file.h"
#include "base/memory.h"
#include "run/machine.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One file while its blocks are made. */
struct reading {
	const struct run_options *options;
	size_t file_index;
	const char *file;
	char *bytes;
	size_t length;
	struct text *messages;
	struct error *error;
};

static struct block *add_block(struct block_list *list, const struct run_options *options)
{
	if (memory_grow(&list->blocks, &list->capacity, list->count, sizeof list->blocks[0]) < 0)
		return NULL;
	struct block *block = memory_zeroed(1, sizeof *block);
	struct gather_arm *arms = memory_zeroed(options->spec_count + 1, sizeof arms[0]);
	if (!block || !arms) {
		memory_release(block);
		memory_release(arms);
		return NULL;
	}
	*block = (struct block){
		.number = list->count, .changes = options->changes, .stream = {.descriptor = -1}, .arms = arms};
	list->blocks[list->count++] = block;
	return block;
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

static int open_plan(const struct reading *reading, struct block *block)
{
	const struct plan_changes *changes = &block->changes;
	char *bytes = memory_zeroed(reading->length + 1, 1);
	if (!bytes)
		return no_memory(reading);
	memcpy(bytes, reading->bytes, reading->length);
	block->file = reading->file_index;
	block->file_hash = workload_hash(bytes, reading->length);
	if (plan_open(&block->plan, reading->file, bytes, reading->length, changes, reading->messages, reading->error) < 0)
		return -1;
	if (changes->ops && !plan_counts_operations(&block->plan))
		text_add(reading->messages, "%s: note: --ops changes nothing here: no measured phase ends by operations\n",
			 reading->file);
	if (op_stream_adaptive(block->plan.stream) && !reading->options->audit)
		return error_set(reading->error, EXIT_CODE_USAGE,
				 "%s: an adversary plays in the audit alone: --audit off leaves nothing to run",
				 reading->file);
	return 0;
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
	double combinations = 1;
	for (size_t i = 0; i < axes->sweep_count; i++)
		combinations *= (double)sweeps[i].value_count;
	if (combinations > WORKLOAD_COMBINATIONS_MAX)
		return error_set(reading->error, EXIT_CODE_USAGE, "%s: its sweeps have more than %u combinations",
				 reading->file, WORKLOAD_COMBINATIONS_MAX);
	return 0;
}

static int open_combinations(struct block_list *list, const struct reading *reading, const struct workload *base)
{
	struct workload_sweep sweeps[WORKLOAD_SWEEPS_MAX];
	struct workload axes;
	if (merge_sweeps(reading, base, sweeps, &axes) < 0)
		return -1;
	for (size_t i = 0; i < workload_combinations(&axes); i++) {
		struct block *block = add_block(list, reading->options);
		if (!block)
			return no_memory(reading);
		size_t told = reading->messages->length;
		if (write_settings(reading, &axes, i, &block->changes) < 0)
			return -1;
		if (open_plan(reading, block) == 0)
			continue;
		if (reading->messages->length > told && *block->changes.settings)
			text_add(reading->messages, "with %s", block->changes.settings);
		return -1;
	}
	return 0;
}

static int open_file(struct block_list *list, struct reading *reading)
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

int block_list_open(struct block_list *list, const struct run_options *options, struct text *messages, struct error *error)
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

void block_list_close(struct block_list *list, const struct run_options *options)
{
	for (size_t i = 0; i < list->count; i++) {
		struct block *block = list->blocks[i];
		for (size_t arm = 0; arm <= options->spec_count; arm++)
			gather_release(&block->arms[arm]);
		memory_release(block->arms);
		stream_file_close(&block->stream);
		plan_close(&block->plan);
		memory_release(block);
	}
	memory_release(list->blocks);
	*list = (struct block_list){0};
}

void block_fill_job(const struct block *block, const char *spec, struct job *job)
{
	assert(block->plan.stream && block->stream.phase_count == block->plan.workload.phase_count);
	assert(strlen(spec) < JOB_SPEC_BYTES_MAX);
	size_t request_count;
	op_stream_requests(block->plan.stream, &request_count);
	*job = (struct job){
		.magic = JOB_MAGIC,
		.cpu = -1,
		.changes = block->changes,
		.words = block->stream.words,
		.peak_live_pages = block->stream.peak_live_pages,
		.words_of_shares = block->stream.words_of_shares,
		.phase_count = block->stream.phase_count,
		.stream_words = block->stream.descriptor,
		.request_count = request_count,
		.slot_count = op_stream_slots(block->plan.stream),
		.domain_count = op_stream_domains(block->plan.stream),
	};
	memcpy(job->phase_words, block->stream.phase_words, sizeof job->phase_words);
	if (block->stream.share_words)
		memcpy(job->share_words, block->stream.share_words, block->plan.threads * sizeof job->share_words[0]);
	snprintf(job->workload_file, sizeof job->workload_file, "%s", block->plan.workload.file);
	snprintf(job->spec, sizeof job->spec, "%s", spec);
}

/* The rest is for this process, the stream that workers share, and the system. */
uint64_t block_memory_limit(const struct run_options *options)
{
	return options->memory_limit_bytes ? options->memory_limit_bytes : machine_memory_bytes("") / 4 * 3;
}
