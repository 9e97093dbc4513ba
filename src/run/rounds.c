/* SPDX-License-Identifier: MIT
 * The matrix: for every workload an audit of each arm, then rounds of one fresh process per arm in random order. */
#include "run/run.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "compare/compare.h"
#include "result/result.h"
#include "run/block.h"
#include "run/expect.h"
#include "run/gather.h"
#include "run/machine.h"
#include "run/spawn.h"
#include "run/store.h"
#include "run/stream_file.h"
#include "workload/workload_yaml.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALIBRATION_MILLISECONDS 200u
#define LATENCY_GAP 64u
#define LATENCY_GAP_MIN 16u /* at 8 operations a pair and more the stamps no longer bias their neighbours */
#define LATENCY_SAMPLES_WANTED 100000u
#define NULL_SPEC "null"

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

struct matrix {
	const struct run_options *options;
	struct result *result;
	struct clock clock;
	struct store store;
	struct block_list list;
	int cpu;
	/* Progress. */
	size_t processes_done, processes;
	const char *now_workload, *now_spec;
	const char *now_pass;
};

static const char *spec_of(const struct matrix *matrix, size_t arm)
{
	return arm < matrix->options->spec_count ? matrix->options->specs[arm] : NULL_SPEC;
}

static void show_progress(void *context, uint64_t words)
{
	struct matrix *matrix = context;
	char count[TEXT_NUMBER_BYTES];
	if (!matrix->options->progress)
		return;
	fprintf(stderr, "\r\033[K[%zu/%zu] %s  %s  %s  %s operations%s", matrix->processes_done + 1, matrix->processes,
		matrix->now_workload, matrix->now_spec, matrix->now_pass, text_count(count, (double)words),
		interrupted ? "  (ending after this round)" : "");
}

static void end_progress(const struct matrix *matrix)
{
	if (matrix->options->progress)
		fputs("\r\033[K", stderr);
}

static void fill_job(const struct matrix *matrix, const struct block *block, const char *spec, enum result_pass pass,
		     uint32_t round, struct job *job)
{
	const struct run_options *options = matrix->options;
	bool harness = strcmp(spec, NULL_SPEC) == 0;
	block_fill_job(block, spec, job);
	job->pass = pass;
	job->round = round;
	job->with_series = (round == 0 && !harness) || pass == RESULT_PASS_AUDIT;
	job->cpu = matrix->cpu;
	job->clock = matrix->clock;
	job->lock = options->lock;
	if (options->latency == RUN_LATENCY_ALL)
		job->latency_gap = 1;
	else if (options->latency == RUN_LATENCY_SAMPLED && !harness) {
		uint64_t gap = block->stream.words * options->rounds / LATENCY_SAMPLES_WANTED;
		job->latency_gap = gap > LATENCY_GAP       ? LATENCY_GAP
				   : gap < LATENCY_GAP_MIN ? LATENCY_GAP_MIN
							   : (uint32_t)gap;
	}
}

/* Threads have no harness figure: null under a lock would tell what the lock costs. */
static size_t processes_per_round(const struct matrix *matrix)
{
	return matrix->options->spec_count + (matrix->options->changes.threads > 1 ? 0 : 1);
}

static void judge_stream(const struct block *block, struct result_record *record, struct error *error)
{
	if (record->ok && record->stream_hash && record->stream_hash != block->stream.hash)
		error_set(error, EXIT_CODE_IO, "%s: a worker played another stream than the parent planned",
			  block->plan.workload.name);
}

static int run_process(struct matrix *matrix, struct block *block, size_t arm, enum result_pass pass, uint32_t round,
		       struct error *error)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct text line = {0};
	struct result_record record = {0};
	char what[64];
	if (!job)
		return error_set(error, EXIT_CODE_IO, "no memory for a job");
	fill_job(matrix, block, spec_of(matrix, arm), pass, round, job);
	snprintf(what, sizeof what, "round %u of %u", round + 1, matrix->options->rounds);
	matrix->now_workload = block->plan.workload.name;
	matrix->now_spec = spec_of(matrix, arm);
	matrix->now_pass = pass == RESULT_PASS_AUDIT ? "audit" : what;
	show_progress(matrix, 0);
	struct spawn_watch watch = {show_progress, matrix, matrix->options->stall_seconds,
				    block_memory_limit(matrix->options)};
	job->workload_bytes = spawn_memory_file("iovabench-workload", block->plan.bytes, block->plan.length, error);
	int result = job->workload_bytes < 0 ? -1 : spawn_worker(job, &watch, &record, &line, error);
	if (job->workload_bytes >= 0)
		close(job->workload_bytes);
	memory_release(job);
	matrix->processes_done++;
	if (result == 0) {
		judge_stream(block, &record, error);
		result = store_record(&matrix->store, &line, error);
		if (gather_add(&block->arms[arm], &record, error) < 0 || error->exit_code != EXIT_CODE_OK)
			result = -1;
	}
	text_release(&line);
	return result;
}

/* An arm that failed once plays no further part; the others go on. */
static bool arm_is_over(const struct block *block, size_t arm)
{
	return gather_first_fault(&block->arms[arm]) != NULL;
}

static int run_audits(struct matrix *matrix, struct block *block, struct error *error)
{
	for (size_t arm = 0; matrix->options->audit && arm < matrix->options->spec_count && !interrupted; arm++) {
		bool harness = strcmp(matrix->options->specs[arm], NULL_SPEC) == 0; /* its extents overlap by design */
		if (!harness && run_process(matrix, block, arm, RESULT_PASS_AUDIT, 0, error) < 0)
			return -1;
	}
	return 0;
}

static int run_round(struct matrix *matrix, struct block *block, uint32_t round, struct error *error)
{
	size_t count = processes_per_round(matrix);
	size_t *order = memory_zeroed(count, sizeof order[0]);
	if (!order)
		return error_set(error, EXIT_CODE_IO, "no memory for a round");
	struct rng rng;
	rng_seed(&rng, block->plan.workload.seed * UINT64_C(0x9e3779b97f4a7c15) + round);
	for (size_t i = 0; i < count; i++) {
		size_t other = (size_t)rng_below(&rng, i + 1);
		order[i] = order[other];
		order[other] = i;
	}
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		if (arm_is_over(block, order[i]))
			matrix->processes_done++;
		else
			result = run_process(matrix, block, order[i], RESULT_PASS_TIMED, round, error);
	}
	memory_release(order);
	return result;
}

static int run_block(struct matrix *matrix, struct block *block, struct error *error)
{
	if (stream_file_create(&block->stream, &block->plan, error) < 0)
		return -1;
	int result = run_audits(matrix, block, error);
	if (op_stream_adaptive(block->plan.stream)) {
		/* Each arm is asked for something else: there is nothing to compare times of. */
		matrix->processes_done += processes_per_round(matrix) * matrix->options->rounds;
		return result;
	}
	for (uint32_t round = 0; result == 0 && round < matrix->options->rounds && !interrupted; round++)
		result = run_round(matrix, block, round, error);
	return result;
}

static int describe_settings(const struct block *block, struct result_workload *described)
{
	struct workload_setting settings[WORKLOAD_SWEEPS_MAX];
	char text[PLAN_SETTINGS_BYTES_MAX];
	size_t count = plan_settings(&block->changes, text, settings);
	described->settings = memory_zeroed(count, sizeof described->settings[0]);
	if (!described->settings)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct result_setting *setting = &described->settings[described->setting_count++];
		*setting = (struct result_setting){memory_text(settings[i].key), memory_text(settings[i].value)};
		if (!setting->key || !setting->value)
			return -1;
	}
	return 0;
}

static int describe_workload(struct matrix *matrix, const struct block *block, struct error *error)
{
	const struct workload *workload = &block->plan.workload;
	struct result_workload *described = &matrix->result->workloads[matrix->result->workload_count++];
	struct text expanded = {0};
	workload_expand(workload, &expanded);
	described->name = memory_text(workload->name);
	described->about = memory_text(workload->about);
	described->file = memory_text(workload->file);
	described->expanded = expanded.bytes;
	int settings = describe_settings(block, described);
	described->hash = block->file_hash;
	described->adaptive = op_stream_adaptive(block->plan.stream);
	described->stream_hash = described->adaptive ? 0 : block->stream.hash;
	described->seed = workload->seed;
	described->ops = block->stream.operations;
	if (settings < 0 || expanded.failed || !described->name || !described->about || !described->file)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

static enum exit_code arm_exit_code(const struct result_arm *arm)
{
	if (arm->state == RESULT_ARM_FAILED)
		return EXIT_CODE_VIOLATION;
	if (arm->state == RESULT_ARM_NONDETERMINISTIC)
		return EXIT_CODE_UNTRUSTWORTHY;
	return EXIT_CODE_OK;
}

static int gather_block(struct matrix *matrix, size_t index, struct error *error)
{
	struct block *block = &matrix->list.blocks[index];
	size_t spec_count = matrix->options->spec_count;
	if (describe_workload(matrix, block, error) < 0)
		return -1;
	for (size_t i = 0; i < spec_count; i++) {
		const char *spec = matrix->options->specs[i];
		struct result_arm *arm = &matrix->result->arms[matrix->result->arm_count++];
		*arm = (struct result_arm){.workload = index, .threads = block->plan.threads};
		arm->allocator = memory_text(spec);
		arm->spec = memory_text(spec);
		arm->lock = memory_text(lock_kind_name[gather_locked(&block->arms[i]) ? matrix->options->lock : LOCK_NONE]);
		if (!arm->allocator || !arm->spec || !arm->lock)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
		if (!strchr(spec, '/'))
			arm->allocator[strcspn(spec, ":")] = '\0';
		if (gather_fill(arm, &block->arms[i], &block->arms[spec_count], &block->plan.workload, &matrix->clock,
				error) < 0)
			return -1;
	}
	return expect_judge(matrix->result, index, &block->plan.workload, error);
}

static int gather(struct matrix *matrix, struct error *error)
{
	struct result *result = matrix->result;
	size_t workloads = matrix->list.count;
	clock_compare(&matrix->clock, CALIBRATION_MILLISECONDS);
	result->run.partial = interrupted;
	result->run.rounds = matrix->options->rounds;
	result->run.latency_serialised = matrix->options->latency == RUN_LATENCY_ALL;
	result->workloads = memory_zeroed(workloads, sizeof result->workloads[0]);
	result->arms = memory_zeroed(workloads * matrix->options->spec_count, sizeof result->arms[0]);
	if (!result->workloads || !result->arms ||
	    machine_describe(result, &matrix->clock, matrix->options->changes.threads) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	for (size_t i = 0; i < workloads; i++)
		if (gather_block(matrix, i, error) < 0)
			return -1;
	return compare_within(result, COMPARE_THRESHOLD_DEFAULT, error);
}

/* A worker that had trouble of our own: neither the allocator's fault nor something that it cannot do. */
static bool had_trouble(const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->list.count; i++)
		for (size_t arm = 0; arm <= matrix->options->spec_count; arm++) {
			const struct result_record *fault = gather_first_fault(&matrix->list.blocks[i].arms[arm]);
			if (fault && (fault->exit_code == EXIT_CODE_IO || fault->exit_code == EXIT_CODE_USAGE))
				return true;
		}
	return false;
}

/* If several apply: 7, 130, 3, 5, 1; 6 when nothing could run at all. */
static enum exit_code judge(const struct matrix *matrix)
{
	const struct result *result = matrix->result;
	bool violation = false, untrustworthy = false, missed = false, ran = false;
	for (size_t i = 0; i < result->arm_count; i++) {
		enum exit_code code = arm_exit_code(&result->arms[i]);
		violation |= code == EXIT_CODE_VIOLATION;
		untrustworthy |= code == EXIT_CODE_UNTRUSTWORTHY;
		ran |= result->arms[i].state != RESULT_ARM_NOT_APPLICABLE;
	}
	for (size_t i = 0; i < result->expectation_count; i++)
		missed |= !result->expectations[i].met;
	if (had_trouble(matrix))
		return EXIT_CODE_IO;
	if (result->run.partial)
		return EXIT_CODE_INTERRUPTED;
	if (!ran)
		return EXIT_CODE_NO_ARM;
	return violation       ? EXIT_CODE_VIOLATION
	       : untrustworthy ? EXIT_CODE_UNTRUSTWORTHY
	       : missed        ? EXIT_CODE_MISSED
			       : EXIT_CODE_OK;
}

static int name_run(struct matrix *matrix, struct text *folder, struct error *error)
{
	struct result *result = matrix->result;
	time_t now = time(NULL);
	struct tm utc;
	char started[32], id[64];
	gmtime_r(&now, &utc);
	strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
	strftime(id, sizeof id, "%Y%m%dT%H%M%SZ", &utc);
	snprintf(id + strlen(id), sizeof id - strlen(id), "-%d", (int)getpid());
	result->run.id = memory_text(id);
	result->run.started = memory_text(started);
	result->run.command = memory_text(matrix->options->command);
	if (matrix->options->folder)
		text_add(folder, "%s", matrix->options->folder);
	else
		text_add(folder, "results/%s", id);
	if (folder->failed || !result->run.id || !result->run.started || !result->run.command)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

static int run_blocks(struct matrix *matrix, struct error *error)
{
	const struct run_options *options = matrix->options;
	matrix->processes = matrix->list.count *
			    ((options->audit ? options->spec_count : 0) + processes_per_round(matrix) * options->rounds);
	matrix->cpu = machine_worker_cpu();
	clock_calibrate(&matrix->clock, CALIBRATION_MILLISECONDS);
	/* The first interrupt ends the run after this round, the second one at once. */
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)}, before, children;
	/* Whoever ignores SIGCHLD when it starts us would have the system throw our workers' ends away. */
	struct sigaction usual = {.sa_handler = SIG_DFL};
	interrupted = 0;
	sigaction(SIGCHLD, &usual, &children);
	sigaction(SIGINT, &action, &before);
	int result = 0;
	for (size_t i = 0; result == 0 && i < matrix->list.count; i++) {
		if (!interrupted)
			result = run_block(matrix, &matrix->list.blocks[i], error);
		stream_file_close_words(&matrix->list.blocks[i].stream);
	}
	sigaction(SIGINT, &before, NULL);
	sigaction(SIGCHLD, &children, NULL);
	end_progress(matrix);
	return result;
}

static int prepare(struct matrix *matrix, struct text *folder, struct text *messages, struct error *error)
{
	if (block_list_open(&matrix->list, matrix->options, messages, error) < 0 || name_run(matrix, folder, error) < 0)
		return -1;
	return store_open(&matrix->store, folder->bytes, error);
}

enum exit_code run_matrix(const struct run_options *options, struct result *result, struct text *folder,
			  struct text *messages, struct error *error)
{
	struct matrix matrix = {.options = options, .result = result, .store = {.journal = -1}};
	int status = prepare(&matrix, folder, messages, error);
	if (status == 0)
		status = run_blocks(&matrix, error);
	if (status == 0)
		status = gather(&matrix, error);
	if (status == 0)
		status = store_result(&matrix.store, result, error);
	enum exit_code code = status == 0 ? judge(&matrix) : error->exit_code;
	block_list_close(&matrix.list, options);
	store_close(&matrix.store);
	return code;
}
