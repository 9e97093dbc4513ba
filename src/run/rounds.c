/* SPDX-License-Identifier: MIT
 * The matrix: for every workload an audit of each arm, then rounds of one fresh process per arm in the order of Latin
 * squares. */
#include "run/run.h"

#include "base/file.h"
#include "base/memory.h"
#include "play/placements.h"
#include "result/looks.h"
#include "run/expect.h"
#include "run/join.h"
#include "run/machine.h"
#include "run/matrix.h"
#include "run/order.h"
#include "run/probe.h"
#include "run/profile_arms.h"
#include "run/process_key.h"
#include "run/progress.h"
#include "run/resume.h"
#include "run/spawn.h"
#include "run/steady.h"
#include "run/steps_file.h"
#include "run/trial.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LATENCY_GAP 64u
#define LATENCY_GAP_MIN 16u           /* at 8 operations a pair and more the stamps no longer bias their neighbours */
#define LATENCY_SAMPLES_WANTED 22000u /* of a process: p99.9 of allocations asks for 10,000 of them */
#define LOG_SECONDS 60                /* between two lines of progress in a file */

static volatile sig_atomic_t interrupted;

/* What one process of a combination does. */
struct process {
	enum result_pass pass;
	size_t arm;
	size_t against; /* paired */
	uint32_t round; /* not of an audit */
};

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static const char *spec_of(const struct matrix *matrix, size_t arm)
{
	return arm < matrix->options->spec_count ? matrix->options->specs[arm] : TRIAL_NULL_SPEC;
}

static double seconds_since(const struct matrix *matrix)
{
	return (double)(clock_system_ns() - matrix->began_ns) / 1e9;
}

/* A terminal has one line, which is written again and again; a file gets a line now and then. */
static void show_progress(void *context, uint64_t words)
{
	struct matrix *matrix = context;
	struct text line = {0};
	char count[TEXT_NUMBER_BYTES];
	double seconds = seconds_since(matrix);
	bool log = matrix->options->progress == RUN_PROGRESS_LOG;
	if (matrix->options->progress == RUN_PROGRESS_NONE || (log && seconds < matrix->told_seconds + LOG_SECONDS))
		return;
	matrix->told_seconds = seconds;
	progress_tell(&(struct progress){matrix->processes_done, matrix->processes_run, matrix->processes, seconds,
					 matrix->options->budget_seconds},
		      &line);
	text_add(&line, "  [%zu/%zu] %s  ", matrix->processes_done + 1, matrix->processes, matrix->now_workload);
	text_add_plain(&line, matrix->now_spec);
	text_add(&line, "  %s  %s operations%s", matrix->now_pass, text_count(count, (double)words),
		 interrupted ? "  (ending after this round)" : "");
	if (!line.failed)
		fprintf(stderr, log ? "%s\n" : "\r\033[K%s", line.bytes);
	text_release(&line);
}

static void end_progress(const struct matrix *matrix)
{
	if (matrix->options->progress == RUN_PROGRESS_LINE)
		fputs("\r\033[K", stderr);
}

/* Arms before it that have the same spec. */
static uint32_t twins_before(const struct matrix *matrix, size_t arm)
{
	uint32_t twins = 0;
	for (size_t i = 0; i < arm; i++)
		twins += strcmp(spec_of(matrix, i), spec_of(matrix, arm)) == 0;
	return twins;
}

static void fill_job(const struct matrix *matrix, const struct combination *combination, struct process process,
		     struct job *job)
{
	const struct run_options *options = matrix->options;
	const char *spec = spec_of(matrix, process.arm);
	bool harness = strcmp(spec, TRIAL_NULL_SPEC) == 0;
	combination_fill_job(combination, spec, job);
	job->twins = twins_before(matrix, process.arm);
	job->pass = process.pass;
	job->round = process.round;
	job->with_series =
		process.pass == RESULT_PASS_AUDIT || (process.pass == RESULT_PASS_TIMED && process.round == 0 && !harness);
	job->cpu = matrix->cpu;
	job->clock = matrix->clock;
	job->lock = options->lock;
	job->paired_ms = options->paired_ms;
	job->brief = options->brief;
	job->rate = harness ? 0 : combination->changes.rate;
	job->poisson = combination->changes.poisson;
	if (process.pass == RESULT_PASS_PAIRED) {
		snprintf(job->against, sizeof job->against, "%s", spec_of(matrix, process.against));
		job->against_twins = twins_before(matrix, process.against);
		return;
	}
	if (options->latency == RUN_LATENCY_ALL)
		job->latency_gap = 1;
	else if (options->latency == RUN_LATENCY_SAMPLED && !harness) {
		uint64_t gap = combination->stream.words / LATENCY_SAMPLES_WANTED;
		job->latency_gap = gap > LATENCY_GAP       ? LATENCY_GAP
				   : gap < LATENCY_GAP_MIN ? LATENCY_GAP_MIN
							   : (uint32_t)gap;
	}
}

/* Whether this process plays, or joins, the round. */
static bool is_mine(const struct matrix *matrix, const struct combination *combination, uint32_t round)
{
	return !matrix->shards.count || matrix->mine[shard_plan_of(&matrix->shards, combination->number, round) - 1];
}

/* From round `first` on. */
static size_t processes_left(const struct matrix *matrix, const struct combination *combination, uint32_t first)
{
	size_t count = 0;
	for (uint32_t round = first; round < matrix->options->rounds; round++)
		if (is_mine(matrix, combination, round))
			count += combination_processes_alone(combination, matrix->options, round) +
				 combination_pairs(combination, matrix->options);
	return count;
}

static void judge_stream(const struct combination *combination, struct result_record *record, struct error *error)
{
	if (record->ok && record->stream_hash && record->stream_hash != combination->stream.hash)
		error_set(error, EXIT_CODE_IO, "%s: a worker played another stream than the parent planned",
			  combination->plan.workload.name);
}

/* The line of the journal tells what came of the trial. */
static int hold(struct matrix *matrix, struct combination *combination, const struct job *job,
		const struct spawn_watch *watch, struct result_record *record, struct text *line, struct error *error)
{
	enum error_owner owner = record->owner;
	if (owner == ERROR_OWNER_NONE)
		return 0;
	matrix->now_pass = "trial";
	int result = trial_hold(matrix->options, combination, job, watch, record, error);
	if (result == 0 && (record->owner != owner || owner == ERROR_OWNER_HARNESS)) {
		text_release(line);
		result = result_record_write(record, line, error);
	}
	if (result < 0)
		result_record_release(record);
	return result;
}

/* A copy that one worker inherits: no other one, and no program of a plugin, gets the file. */
static int lend(int descriptor, int *copy, struct error *error)
{
	if (descriptor < 0)
		return 0;
	*copy = fcntl(descriptor, F_DUPFD, 0);
	return *copy >= 0 ? 0 : error_set(error, EXIT_CODE_IO, "cannot lend a file to a worker: %s", strerror(errno));
}

static int lend_files(const struct matrix *matrix, struct combination *combination, struct process process, struct job *job,
		      struct error *error)
{
	int *steps = &combination->steps[process.arm];
	bool audit = process.pass == RESULT_PASS_AUDIT;
	if (audit && combination->plan.threads <= 1)
		*steps = steps_file_create(combination->stream.words, error);
	if (error->exit_code != EXIT_CODE_OK)
		return -1;
	return (audit && lend(matrix->placements, &job->placements, error) < 0) ||
			       (process.pass != RESULT_PASS_PAIRED && lend(*steps, &job->steps, error) < 0)
		       ? -1
		       : 0;
}

static void take_files(struct job *job)
{
	int *const lent[] = {&job->placements, &job->steps};
	for (size_t i = 0; i < sizeof lent / sizeof lent[0]; i++) {
		if (*lent[i] >= 0)
			close(*lent[i]);
		*lent[i] = -1;
	}
}

/* Where the record of a process goes. What an allocator did in a paired pass is its own fault, not that of the pair. */
static struct gather_arm *place_of(struct matrix *matrix, struct combination *combination, struct process process,
				   const struct result_record *record)
{
	if (process.pass != RESULT_PASS_PAIRED)
		return &combination->arms[process.arm];
	if (record->ok || record->owner != ERROR_OWNER_ALLOCATOR)
		return combination_pair(combination, matrix->options, process.arm, process.against);
	return &combination->arms[record->side == RESULT_SIDE_ARM ? process.arm : process.against];
}

/* Those that time something have one tape. */
static int lend_tape(const struct matrix *matrix, struct combination *combination, struct job *job, struct error *error)
{
	struct tape_file *tape = &combination->tape;
	if (job->pass == RESULT_PASS_AUDIT)
		return 0;
	if (!tape->tried && tape_file_create(tape, &combination->plan, &combination->stream, &matrix->clock,
					     tape_file_bytes_most(), error) < 0)
		return -1;
	job->tape = tape->descriptor;
	memcpy(job->tape_ns_per_op, tape->ns_per_op, sizeof job->tape_ns_per_op);
	return 0;
}

static int run_new(struct matrix *matrix, struct combination *combination, struct process process, struct job *job,
		   struct error *error)
{
	struct text line = {0};
	struct result_record record = {0};
	char what[JOB_SPEC_BYTES_MAX + 64];
	snprintf(what, sizeof what, "round %u of %u%s%s", job->round + 1, matrix->options->rounds,
		 process.pass == RESULT_PASS_PAIRED ? ", against " : "", job->against);
	matrix->now_workload = combination->plan.workload.name;
	matrix->now_spec = spec_of(matrix, process.arm);
	matrix->now_pass = process.pass == RESULT_PASS_AUDIT ? "audit" : what;
	show_progress(matrix, 0);
	struct spawn_watch watch = {show_progress, matrix, matrix->options->stall_seconds,
				    combination_memory_limit(matrix->options)};
	job->workload_bytes =
		spawn_memory_file("iovabench-workload", combination->plan.bytes, combination->plan.length, error);
	int result = job->workload_bytes < 0 || lend_files(matrix, combination, process, job, error) < 0 ||
				     lend_tape(matrix, combination, job, error) < 0
			     ? -1
			     : spawn_worker(job, &watch, &record, &line, error);
	take_files(job);
	if (result == 0)
		result = hold(matrix, combination, job, &watch, &record, &line, error);
	if (job->workload_bytes >= 0)
		close(job->workload_bytes);
	if (result == 0) {
		judge_stream(combination, &record, error);
		result = store_record(&matrix->store, &line, error);
		if (gather_add(place_of(matrix, combination, process, &record), &record, error) < 0 ||
		    error->exit_code != EXIT_CODE_OK)
			result = -1;
	}
	text_release(&line);
	return result;
}

static int take_back(struct journal *journal, const struct combination *combination, const struct job *job,
		     struct result_record *record, struct error *error)
{
	const struct journal_process process = {
		.key = job->key,
		.workload = combination->plan.workload.name,
		.spec = job->spec,
		.against = job->against,
		.pass = job->pass,
		.round = job->round,
		.phase_count = combination->plan.workload.phase_count,
		.space_count = 2 * (size_t)job->domain_count,
		.stream_hash = combination->stream.hash,
	};
	return journal_take(journal, &process, record, error);
}

/* What is joined is not played. */
static int tell_missing(const struct matrix *matrix, const struct combination *combination, const struct job *job,
			struct error *error)
{
	uint32_t shard = shard_plan_of(&matrix->shards, combination->number, job->round);
	const char *folder = matrix->joined->parts[shard - 1]->folder;
	return error_set(error, EXIT_CODE_USAGE,
			 "%s: shard %u/%u has not played all of its part (%s on %s, round %u): iovabench resume %s first",
			 folder, shard, matrix->options->shards, job->spec, combination->plan.workload.name, job->round + 1,
			 folder);
}

/* A process that finished before the run was killed is not run again. */
static int run_process(struct matrix *matrix, struct combination *combination, struct process process, struct error *error)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct result_record record = {0};
	if (!job)
		return error_set(error, EXIT_CODE_IO, "no memory for a job");
	fill_job(matrix, combination, process, job);
	int result =
		process_key(job, matrix->options, combination->identity, matrix->run_file.build_hash, &job->key, error);
	struct resumed *resumed = matrix->options->resumed;
	struct journal *journal = matrix->joined ? &matrix->joined->journal : resumed ? &resumed->journal : NULL;
	int taken = result == 0 && journal ? take_back(journal, combination, job, &record, error) : 0;
	if (result == 0 && taken == 0 && matrix->joined)
		taken = tell_missing(matrix, combination, job, error);
	if (taken > 0)
		result = gather_add(place_of(matrix, combination, process, &record), &record, error);
	else if (result == 0)
		result = taken < 0 ? -1 : run_new(matrix, combination, process, job, error);
	matrix->processes_run += taken == 0;
	memory_release(job);
	matrix->processes_done++;
	return result;
}

/* An arm that failed once plays no further part; the others go on. */
static bool arm_is_over(const struct combination *combination, size_t arm)
{
	return gather_first_fault(&combination->arms[arm]) != NULL;
}

/* It cannot be held, for a reason of the machine that stays. */
static bool pair_is_over(const struct matrix *matrix, const struct combination *combination, struct process process)
{
	return gather_first_fault(combination_pair(combination, matrix->options, process.arm, process.against)) != NULL;
}

static int run_audits(struct matrix *matrix, struct combination *combination, struct error *error)
{
	for (size_t arm = 0; matrix->options->audit && arm < matrix->options->spec_count && !interrupted; arm++) {
		bool harness =
			strcmp(matrix->options->specs[arm], TRIAL_NULL_SPEC) == 0; /* its extents overlap by design */
		struct process process = {.pass = RESULT_PASS_AUDIT, .arm = arm};
		if (!harness && run_process(matrix, combination, process, error) < 0)
			return -1;
	}
	return 0;
}

static int run_round(struct matrix *matrix, struct combination *combination, uint32_t round, struct error *error)
{
	size_t count = combination_processes_alone(combination, matrix->options, round);
	size_t *order = memory_zeroed(count, sizeof order[0]);
	if (!order)
		return error_set(error, EXIT_CODE_IO, "no memory for a round");
	int result = round_order(combination->plan.workload.seed, round, count, order);
	if (result < 0)
		error_set(error, EXIT_CODE_IO, "no memory for a round");
	for (size_t i = 0; i < count && result == 0; i++) {
		if (arm_is_over(combination, order[i]))
			matrix->processes_done++;
		else
			result = run_process(matrix, combination, (struct process){RESULT_PASS_TIMED, order[i], 0, round},
					     error);
	}
	memory_release(order);
	return result;
}

/* Every pair once more, in one process. */
static int run_pairs(struct matrix *matrix, struct combination *combination, uint32_t round, struct error *error)
{
	size_t count = matrix->options->spec_count;
	int result = 0;
	for (size_t i = 0; i < count * count && result == 0; i++) {
		struct process process = {RESULT_PASS_PAIRED, i / count, i % count, round};
		if (!combination_is_pair(combination, matrix->options, process.arm, process.against))
			continue;
		if (arm_is_over(combination, process.arm) || arm_is_over(combination, process.against) ||
		    pair_is_over(matrix, combination, process))
			matrix->processes_done++;
		else
			result = run_process(matrix, combination, process, error);
	}
	return result;
}

/* An adversary asks each arm for something else: there is nothing to compare times of. */
static void plan_looks(const struct run_options *options, struct combination *combination)
{
	struct result_looks *looks = &combination->looks;
	if (!options->rounds || op_stream_adaptive(combination->plan.stream))
		return;
	for (; looks->planned_count < options->look_count; looks->planned_count++)
		looks->planned[looks->planned_count] = options->looks[looks->planned_count];
	looks->planned[looks->planned_count++] = options->rounds;
	looks->stops = options->rounds_auto;
}

/* How long the rounds of a workload may take, and took. */
struct pace {
	double end_s, longest_s; /* since the run began; of one round */
};

/* An even share of what is left, for this workload and those behind it. */
static double end_of_share(const struct matrix *matrix, const struct combination *combination)
{
	double now = seconds_since(matrix), left = matrix->options->budget_seconds - now;
	return now + left / (double)(matrix->list.count - combination->number);
}

/* The first rounds of a workload are always played: without them there is no result. */
static bool is_over_budget(const struct matrix *matrix, const struct pace *pace, uint32_t rounds)
{
	const struct run_options *options = matrix->options;
	return options->budget_seconds > 0 && rounds && rounds >= options->rounds_least &&
	       seconds_since(matrix) + pace->longest_s > pace->end_s;
}

/* Whether rounds end after so many, and why. */
static int look(struct matrix *matrix, struct combination *combination, const struct pace *pace, uint32_t rounds,
		struct error *error)
{
	struct result_looks *looks = &combination->looks;
	bool decided = false;
	if (looks_are_due(looks, rounds)) {
		if (looks->stops && matrix_is_decided(matrix, combination, &decided, error) < 0)
			return -1;
		looks_note(looks, rounds);
	}
	looks->end = decided                                ? RESULT_END_DECIDED
		     : rounds == matrix->options->rounds    ? RESULT_END_ROUNDS
		     : interrupted                          ? RESULT_END_INTERRUPTED
		     : is_over_budget(matrix, pace, rounds) ? RESULT_END_BUDGET
							    : RESULT_END_UNKNOWN;
	if (looks->end)
		looks_note(looks, rounds);
	return 0;
}

static int run_rounds(struct matrix *matrix, struct combination *combination, double end_s, struct error *error)
{
	struct pace pace = {.end_s = end_s};
	for (uint32_t round = 0;; round++) {
		if (look(matrix, combination, &pace, round, error) < 0)
			return -1;
		if (combination->looks.end) {
			matrix->processes -= processes_left(matrix, combination, round);
			return 0;
		}
		if (!is_mine(matrix, combination, round))
			continue;
		double began = seconds_since(matrix);
		if (run_round(matrix, combination, round, error) < 0 || run_pairs(matrix, combination, round, error) < 0)
			return -1;
		pace.longest_s = fmax(pace.longest_s, seconds_since(matrix) - began);
	}
}

static int run_combination(struct matrix *matrix, struct combination *combination, struct error *error)
{
	double end_s = end_of_share(matrix, combination);
	bool known = matrix->joined && combination->stream.hash;
	if (!known && stream_file_create(&combination->stream, &combination->plan, error) < 0)
		return -1;
	if (process_identity(&combination->plan.workload, combination->stream.hash, combination->number,
			     &combination->identity, error) < 0)
		return -1;
	int result = run_audits(matrix, combination, error);
	if (result < 0 || !combination->looks.planned_count) {
		matrix->processes_done += processes_left(matrix, combination, 0);
		return result;
	}
	return run_rounds(matrix, combination, end_s, error);
}

/* A result is named after the run that was asked for, also when another process ends it. */
static int name_run(struct matrix *matrix, struct text *folder, struct error *error)
{
	struct result *result = matrix->result;
	result->run.id = memory_text(matrix->run_file.id);
	result->run.started = memory_text(matrix->run_file.started);
	result->run.command = memory_text(matrix->options->command);
	if (matrix->options->folder)
		text_add(folder, "%s", matrix->options->folder);
	else
		text_add(folder, "results/%s", matrix->run_file.id);
	if (folder->failed || !result->run.id || !result->run.started || !result->run.command)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

static int note_plugins(struct matrix *matrix, struct error *error)
{
	int status = 0;
	for (size_t i = 0; i < matrix->options->spec_count && status == 0; i++)
		status = inputs_add_plugins(&matrix->run_file.inputs, matrix->options->specs[i], error);
	return status;
}

/* Of the workloads, what they were when they were read. */
static int note_inputs(struct matrix *matrix, struct error *error)
{
	const struct run_options *options = matrix->options;
	struct inputs *inputs = &matrix->run_file.inputs;
	for (size_t i = 0; i < matrix->list.count; i++) {
		const struct combination *combination = matrix->list.combinations[i];
		if (inputs_add(inputs, memory_text(options->files[combination->file]), combination->file_hash, error) < 0 ||
		    inputs_add_recordings(inputs, &combination->plan.workload, error) < 0)
			return -1;
	}
	if (note_plugins(matrix, error) < 0)
		return -1;
	struct error wrong = {0};
	if (options->costs && inputs_add_file(inputs, options->costs, &wrong) < 0)
		return error_set(error, wrong.exit_code, "--costs %.900s", wrong.message);
	return 0;
}

/* Combinations of which this process has no unit are none of its document. */
int matrix_take_shards(struct matrix *matrix, struct error *error)
{
	const struct run_options *options = matrix->options;
	struct combination_list *list = &matrix->list;
	size_t kept = 0;
	if (!options->shards)
		return 0;
	if (shard_plan_make(&matrix->shards, list, options, options->shards, error) < 0 ||
	    (matrix->joined && join_streams(matrix, error) < 0))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		bool mine = shard_plan_has(&matrix->shards, i, matrix->mine);
		struct combination *combination = list->combinations[i];
		list->combinations[i] = NULL;
		if (mine)
			list->combinations[kept++] = combination;
		else
			combination_close(combination, options);
	}
	list->count = kept;
	return 0;
}

static int begin(struct matrix *matrix, struct text *folder, struct error *error)
{
	struct run_file *run_file = &matrix->run_file;
	struct text json = {0};
	if (run_file_new(run_file, matrix->options, error) < 0 || name_run(matrix, folder, error) < 0)
		return -1;
	/* The plan is known before anything is written. */
	if (note_inputs(matrix, error) < 0 || matrix_take_shards(matrix, error) < 0)
		return -1;
	if (matrix->options->brief)
		matrix->store = STORE_NOWHERE;
	else if (store_open(&matrix->store, folder->bytes, false, error) < 0)
		return -1;
	clock_calibrate(&matrix->clock, matrix_calibration_milliseconds(matrix->options));
	machine_environment(&matrix->result->machine.before, &matrix->clock);
	run_file->clock = matrix->clock;
	int result = run_file_write(run_file, &json, error);
	if (result == 0)
		result = store_file(&matrix->store, "run.json", &json, error);
	if (result < 0)
		store_abandon(&matrix->store);
	text_release(&json);
	return result;
}

static int go_on(struct matrix *matrix, struct text *folder, struct error *error)
{
	struct resumed *resumed = matrix->options->resumed;
	matrix->run_file = resumed->run_file;
	resumed->run_file = (struct run_file){0};
	matrix->store = resumed->store;
	resumed->store = STORE_CLOSED;
	matrix->clock = matrix->run_file.clock;
	clock_begin(&matrix->clock);
	machine_environment(&matrix->result->machine.before, &matrix->clock);
	return name_run(matrix, folder, error);
}

/* What the journal has and the matrix has not would be lost without a word. */
static int check_journal(const struct matrix *matrix, struct text *messages, struct error *error)
{
	size_t left = matrix->options->resumed && !interrupted ? journal_left(&matrix->options->resumed->journal) : 0;
	if (!left)
		return 0;
	/* What failed by trouble of the machine was played again, and an earlier look decided. */
	if (matrix->options->rounds_auto) {
		text_add(messages, "rounds.jsonl: %zu process%s of rounds behind the look that decides %s left out\n", left,
			 left == 1 ? "" : "es", left == 1 ? "is" : "are");
		return 0;
	}
	return error_set(error, EXIT_CODE_USAGE,
			 "rounds.jsonl holds %zu process%s of another matrix: a plugin or recording changed while this run "
			 "went on",
			 left, left == 1 ? "" : "es");
}

static int run_combinations(struct matrix *matrix, struct error *error)
{
	const struct run_options *options = matrix->options;
	for (size_t i = 0; i < matrix->list.count; i++) {
		struct combination *combination = matrix->list.combinations[i];
		plan_looks(options, combination);
		matrix->processes += (options->audit ? options->spec_count : 0) + processes_left(matrix, combination, 0);
	}
	matrix->cpu = machine_worker_cpu();
	/* The first interrupt ends the run after this round, the second one at once. Who started us with interrupts ignored
	 * (nohup, a shell script's background) wants none. */
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)}, before;
	interrupted = 0;
	sigaction(SIGINT, NULL, &before);
	if (before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
	int result = 0;
	for (size_t i = 0; result == 0 && i < matrix->list.count; i++) {
		if (!interrupted)
			result = run_combination(matrix, matrix->list.combinations[i], error);
		else if (matrix->list.combinations[i]->looks.planned_count)
			matrix->list.combinations[i]->looks.end = RESULT_END_INTERRUPTED;
		combination_close_files(matrix->list.combinations[i], options);
	}
	sigaction(SIGINT, &before, NULL);
	end_progress(matrix);
	return result;
}

static void release(struct matrix *matrix)
{
	combination_list_close(&matrix->list, matrix->options);
	run_file_release(&matrix->run_file);
	shard_plan_release(&matrix->shards);
	memory_release(matrix->mine);
	store_close(&matrix->store);
	if (matrix->placements >= 0)
		close(matrix->placements);
}

/* Workers add to it, each to the end. Whoever goes on with a run adds nothing: audits are not played twice. */
static int open_placements(struct matrix *matrix, struct error *error)
{
	const char *path = matrix->options->placements;
	if (!path || matrix->options->resumed)
		return 0;
	if (!matrix->options->audit)
		return error_set(error, EXIT_CODE_USAGE, "--dump-placements %s: audits write it, and --audit is off", path);
	matrix->placements = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0666);
	if (matrix->placements < 0)
		return error_set(error, errno == EEXIST ? EXIT_CODE_USAGE : EXIT_CODE_IO,
				 "--dump-placements %s: cannot be made: %s", path, strerror(errno));
	const char header[] = PLACEMENTS_HEADER;
	if (write(matrix->placements, header, sizeof header - 1) == (ssize_t)(sizeof header - 1))
		return 0;
	error_set(error, EXIT_CODE_IO, "--dump-placements %s: cannot write: %s", path, strerror(errno));
	unlink(path);
	return -1;
}

static int prepare(struct matrix *matrix, struct text *folder, struct text *messages, struct error *error)
{
	int result = combination_list_open(&matrix->list, matrix->options, messages, error);
	/* Whoever goes on has compared the files. */
	if (error->exit_code != EXIT_CODE_IO && !matrix->options->resumed &&
	    probe_specs(matrix->options, messages, error) < 0)
		result = -1;
	for (size_t i = 0; result == 0 && matrix->options->until == RUN_UNTIL_STEADY && i < matrix->list.count; i++)
		result = steady_extend(matrix->list.combinations[i], matrix->options, messages, error);
	if (result < 0)
		return -1;
	matrix->mine = memory_zeroed(matrix->options->shards + 1, sizeof matrix->mine[0]);
	if (!matrix->mine)
		return error_set(error, EXIT_CODE_IO, "no memory for a plan");
	if (matrix->options->shards)
		matrix->mine[matrix->options->shard - 1] = true;
	if (!matrix->options->resumed)
		return begin(matrix, folder, error);
	return matrix_take_shards(matrix, error) < 0 ? -1 : go_on(matrix, folder, error);
}

/* Whatever cannot be written now, what was measured is in the journal. */
static enum exit_code keep(struct matrix *matrix, const struct text *folder, struct text *messages, struct error *error)
{
	size_t lost;
	int status = store_result(&matrix->store, matrix->result, messages, &lost, error);
	if (status < 0 || lost)
		text_add(messages, "all that was measured is in %s: iovabench resume %s writes what is missing\n",
			 status < 0 ? "rounds.jsonl" : "result.json", folder->bytes);
	if (status < 0)
		return error->exit_code;
	return exit_code_of_both(result_exit_code(matrix->result), lost ? EXIT_CODE_IO : EXIT_CODE_OK);
}

/* Its records are read, made an arm of each, and gone: memory is not that of all shards. */
static int join_combination(struct matrix *matrix, struct combination *combination, struct error *error)
{
	plan_looks(matrix->options, combination);
	size_t first_arm = matrix->result->arm_count;
	int status = join_journals(matrix, combination->number, error);
	if (status == 0)
		status = run_combination(matrix, combination, error);
	combination_close_files(combination, matrix->options);
	if (status == 0)
		status = matrix_gather_next(matrix, error);
	combination_drop_records(combination, matrix->options);
	for (size_t arm = first_arm; arm < matrix->result->arm_count && status == 0; arm++)
		if (result_arm_pack(&matrix->result->arms[arm]) < 0)
			status = error_set(error, EXIT_CODE_IO, "no memory for a result");
	return status;
}

int matrix_join(const struct run_options *options, struct joined *joined, struct result *result, struct text *messages,
		struct error *error)
{
	assert(options->shards && !options->resumed);
	struct matrix matrix = {.options = options,
				.result = result,
				.store = STORE_NOWHERE,
				.placements = -1,
				.joined = joined,
				.clock = joined->first->clock,
				.began_ns = clock_system_ns()};
	interrupted = 0;
	matrix.mine = memory_zeroed(options->shards, sizeof matrix.mine[0]);
	int status = matrix.mine ? combination_list_open(&matrix.list, options, messages, error)
				 : error_set(error, EXIT_CODE_IO, "no memory for a plan");
	for (uint32_t i = 0; status == 0 && i < options->shards; i++)
		matrix.mine[i] = joined->parts[i] != NULL;
	matrix.run_file.build_hash = joined->first->build_hash;
	result->run.id = memory_text(joined->first->id);
	result->run.started = memory_text(joined->first->started);
	result->run.command = memory_text(options->command);
	if (status == 0 && !(result->run.id && result->run.started && result->run.command))
		status = error_set(error, EXIT_CODE_IO, "no memory for a result");
	if (status == 0)
		status = note_plugins(&matrix, error);
	if (status == 0)
		status = matrix_take_shards(&matrix, error);
	if (status == 0)
		status = matrix_gather_begin(&matrix, false, error);
	for (size_t i = 0; status == 0 && i < matrix.list.count; i++)
		status = join_combination(&matrix, matrix.list.combinations[i], error);
	if (status == 0)
		status = matrix_gather_end(&matrix, error);
	release(&matrix);
	return status;
}

enum exit_code run_matrix(const struct run_options *options, struct result *result, struct text *folder,
			  struct text *messages, struct error *error)
{
	assert(options->file_count && options->spec_count && (options->rounds || options->audit));
	struct matrix matrix = {.options = options,
				.result = result,
				.store = STORE_CLOSED,
				.placements = -1,
				.began_ns = clock_system_ns()};
	int status = open_placements(&matrix, error);
	if (status == 0 && (status = prepare(&matrix, folder, messages, error)) < 0 && matrix.placements >= 0)
		unlink(options->placements);
	if (status == 0)
		status = run_combinations(&matrix, error);
	if (status == 0)
		status = check_journal(&matrix, messages, error);
	if (status == 0)
		status = matrix_gather(&matrix, interrupted, error);
	enum exit_code code = status == 0 ? keep(&matrix, folder, messages, error) : error->exit_code;
	if (status == 0 && options->profiler && !interrupted)
		code = exit_code_of_both(code, profile_arms(&matrix, messages));
	release(&matrix);
	return code;
}
