/* SPDX-License-Identifier: MIT
 * The hidden sub-command: one job in, one record out. Plugins are opened here and nowhere else. */
#include "run/job.h"

#include "base/file.h"
#include "base/memory.h"
#include "play/engine.h"
#include "play/pass.h"
#include "run/clock_check.h"
#include "run/machine.h"
#include "run/steps_file.h"
#include "run/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct worker {
	struct job *job;
	struct plan plan;
	struct op_source source;
	struct op_source *sources; /* several threads, timed: one each */
	int cpus[WORKLOAD_THREADS_MAX];
	bool pinned;
	enum lock_kind lock;
	const struct op *words;
	size_t words_bytes;
	void *tape_image;
	size_t tape_bytes;
	struct pass_tape tape;
	uint32_t *steps;
	struct allocator_spec spec;
	struct arena arena;
	/* Of a paired pass. */
	struct allocator_spec against;
	struct arena against_arena;
	struct pass_rival rival;
	struct interference interference;
	struct conduct conduct;
	struct result_record record;
};

/* Several threads, where times are taken. */
static bool together(const struct worker *worker)
{
	return worker->plan.threads > 1 && worker->job->pass != RESULT_PASS_AUDIT;
}

/* Words that this process plays. */
static uint64_t words_played(const struct worker *worker)
{
	return together(worker) ? worker->job->words_of_portions : worker->job->words;
}

static int map_words(struct worker *worker, struct error *error)
{
	/* The woven stream is not kept: it is played once. */
	if (worker->job->stream_words < 0 || (worker->plan.threads > 1 && !together(worker)))
		return 0;
	worker->words_bytes = (size_t)words_played(worker) * sizeof(struct op);
	if (!worker->words_bytes)
		return 0;
	/* Sealed; private pages are the same ones until somebody writes to them. */
	void *words = mmap(NULL, worker->words_bytes, PROT_READ, MAP_PRIVATE, worker->job->stream_words, 0);
	if (words == MAP_FAILED)
		return error_set(error, EXIT_CODE_IO, "cannot map the operation stream: %s", strerror(errno));
	worker->words = words;
	return 0;
}

/* All of it is there before anything is timed. */
static int map_tape(struct worker *worker, struct error *error)
{
	struct stat state;
	int descriptor = worker->job->tape;
	if (descriptor < 0)
		return 0;
	if (fstat(descriptor, &state) < 0)
		return error_set(error, EXIT_CODE_IO, "cannot read the tape: %s", strerror(errno));
	size_t bytes = (size_t)state.st_size;
	void *image = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
	if (image == MAP_FAILED)
		return error_set(error, EXIT_CODE_IO, "cannot map the tape: %s", strerror(errno));
	worker->tape_image = image;
	worker->tape_bytes = bytes;
	worker->tape.ns_per_op = worker->job->tape_ns_per_op;
	return tape_open_image(&worker->tape.tape, image, bytes) == 0
		       ? 0
		       : error_set(error, EXIT_CODE_IO, "no memory for the tape");
}

static int read_workload(struct worker *worker, struct error *error)
{
	const struct job *job = worker->job;
	struct stat state;
	if (fstat(job->workload_bytes, &state) < 0)
		return error_set(error, EXIT_CODE_IO, "cannot read the workload: %s", strerror(errno));
	size_t length = (size_t)state.st_size;
	char *bytes = memory_zeroed(length + 1, 1);
	if (!bytes)
		return error_set(error, EXIT_CODE_IO, "no memory for the workload");
	if (pread(job->workload_bytes, bytes, length, 0) != (ssize_t)length) {
		memory_release(bytes);
		return error_set(error, EXIT_CODE_IO, "cannot read the workload");
	}
	struct text messages = {0};
	int result = plan_open(&worker->plan, job->workload_file, bytes, length, &job->changes, &messages, error);
	if (result < 0)
		error_set(error, EXIT_CODE_IO, "%s", messages.bytes ? messages.bytes : "no memory");
	text_release(&messages);
	return result;
}

static int check_stream(const struct worker *worker, struct error *error)
{
	const struct op_stream *stream = worker->plan.stream;
	size_t request_count;
	op_stream_requests(stream, &request_count);
	if (op_stream_slots(stream) == worker->job->slot_count && op_stream_domains(stream) == worker->job->domain_count &&
	    request_count == worker->job->request_count)
		return 0;
	return error_set(error, EXIT_CODE_IO, "%s: a recording of this workload changed during the run",
			 worker->job->workload_file);
}

/* Of the limits, those that bound more than the space does. */
static uint64_t limits_needed(const struct workload_space *space, const struct op_request *request)
{
	uint64_t needed = request->request.low > space->first ? IOVA_LOW : 0;
	for (uint32_t i = 0; i < request->high_count; i++)
		if (request->highs[i] < space->end - 1)
			needed |= IOVA_HIGH;
	return request->request.constraints & IOVA_CONSTRAIN_LIMIT ? needed : 0;
}

/* Says which demand of the workload a layer, or what is below it, does not understand. */
static int check_part(const struct allocator_spec_part *part, const struct workload_space *space,
		      const struct op_request *request, struct error *error)
{
	static const struct {
		uint32_t constraint;
		uint64_t capability;
		const char *what;
	} needs[] = {
		{IOVA_CONSTRAIN_ALIGN, IOVA_ALIGN, "alignment"},
		{IOVA_CONSTRAIN_BOUNDARY, IOVA_BOUNDARY, "a boundary"},
		{IOVA_CONSTRAIN_BOTTOM, IOVA_DIRECTION, "a place from the bottom"},
		{IOVA_CONSTRAIN_TOP, IOVA_DIRECTION, "a place from the top"},
	};
	uint64_t limits = limits_needed(space, request) & ~allocator_part_capabilities(part);
	if (limits)
		return error_set(error, EXIT_CODE_NO_ARM, "request %s asks for limits (%s), which %s does not honour",
				 request->name,
				 limits == IOVA_LIMIT ? "low, high"
				 : limits == IOVA_LOW ? "low"
						      : "high",
				 part->table->name);
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
		if ((request->request.constraints & needs[i].constraint) &&
		    !(allocator_part_capabilities(part) & needs[i].capability))
			return error_set(error, EXIT_CODE_NO_ARM, "request %s asks for %s, which %s does not honour",
					 request->name, needs[i].what, part->table->name);
	if (request->placed && !(allocator_part_capabilities(part) & IOVA_EXPLICIT))
		return error_set(
			error, EXIT_CODE_NO_ARM,
			"the workload reserves ranges while it runs, and %s places nothing at a given address then",
			part->table->name);
	return 0;
}

static int check_capabilities(const struct worker *worker, const struct allocator_spec *spec, struct error *error)
{
	size_t count;
	const struct op_request *requests = op_stream_requests(worker->plan.stream, &count);
	if (spec->parts[0].table->capabilities & IOVA_HARNESS)
		return 0;
	for (size_t i = 0; i < count; i++)
		for (size_t part = 0; part < spec->count; part++)
			if (check_part(&spec->parts[part], &worker->plan.workload.space, &requests[i], error) < 0)
				return -1;
	return 0;
}

static int prepare_record(struct worker *worker, struct error *error)
{
	const struct job *job = worker->job;
	struct result_record *record = &worker->record;
	record->phases = memory_zeroed(job->phase_count, sizeof record->phases[0]);
	uint64_t words = words_played(worker);
	size_t rows = job->with_series ? (size_t)((words + PASS_SERIES_ROWS - 1) / PASS_SERIES_ROWS) : 0;
	rows = rows ? (size_t)(words / rows) : 0;
	record->series = memory_zeroed(rows, sizeof record->series[0]);
	if (!record->phases || !record->series)
		return error_set(error, EXIT_CODE_IO, "no memory for a record");
	record->phase_count = job->phase_count;
	record->series_count = rows;
	for (size_t i = 0; i < record->phase_count; i++) {
		result_figures_clear(&record->phases[i].figures);
		record->phases[i].latency_ns_per_op = (double)NAN;
		record->phases[i].placement_hash = 1; /* any but 0; stays so for phases without operations */
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t column = 0; column < RESULT_SERIES_COUNT; column++)
			record->series[i].value[column] = (double)NAN;
	return 0;
}

static int open_sources(struct worker *worker, struct error *error)
{
	const struct job *job = worker->job;
	const struct op *words = worker->words;
	if (!together(worker))
		return op_source_open(&worker->source, worker->plan.stream, words, job->phase_words, job->phase_count,
				      error);
	worker->sources = memory_zeroed(worker->plan.threads, sizeof worker->sources[0]);
	if (!worker->sources)
		return error_set(error, EXIT_CODE_IO, "no memory for %u threads", worker->plan.threads);
	for (uint32_t i = 0; i < worker->plan.threads; i++) {
		if (op_source_open(&worker->sources[i], worker->plan.portion_streams[i], words, job->portion_words[i],
				   job->phase_count, error) < 0)
			return -1;
		for (uint32_t phase = 0; words && phase < job->phase_count; phase++)
			words += job->portion_words[i][phase];
	}
	return 0;
}

/* The allocator's own word counts: what it is was not known before the plugin was open. */
static int choose_lock(const struct worker *worker, const struct allocator_spec *spec, enum lock_kind *lock,
		       struct error *error)
{
	const struct iova_allocator *table = spec->parts[0].table;
	bool concurrent = table->capabilities & IOVA_CONCURRENT;
	*lock = concurrent ? LOCK_NONE : worker->job->lock;
	if (concurrent || worker->plan.threads == 1 || *lock != LOCK_NONE)
		return 0;
	return error_set(error, EXIT_CODE_NO_ARM,
			 "%s needs a lock around its calls: %u threads cannot play it with --lock none", table->name,
			 worker->plan.threads);
}

/* Whether the spec, its plugins and their options are what they should be. */
static void probe(struct worker *worker, struct error *error)
{
	allocator_spec_open(worker->job->spec, &worker->spec, error);
}

/* What one allocator plays with. */
static int prepare_side(struct worker *worker, const char *text, struct allocator_spec *spec, struct arena *arena,
			enum lock_kind *lock, struct error *error)
{
	const struct job *job = worker->job;
	if (allocator_spec_open(text, spec, error) < 0)
		return -1;
	conduct_opened(&worker->conduct);
	if (check_capabilities(worker, spec, error) < 0 || choose_lock(worker, spec, lock, error) < 0 ||
	    arena_create(arena, job->pass != RESULT_PASS_AUDIT, op_stream_cpus(worker->plan.stream), error) < 0)
		return -1;
	/* --lock none means that threads need no lock around calls: what the allocator takes itself, it needs. */
	arena->lock_kind = job->lock == LOCK_NONE && worker->plan.threads > 1 ? LOCK_MUTEX : job->lock;
	return 0;
}

static int prepare_rival(struct worker *worker, struct error *error)
{
	struct job *job = worker->job;
	if (job->pass != RESULT_PASS_PAIRED)
		return 0;
	job->side = RESULT_SIDE_AGAINST;
	int result =
		prepare_side(worker, job->against, &worker->against, &worker->against_arena, &worker->rival.lock, error);
	worker->rival.spec = &worker->against;
	worker->rival.arena = &worker->against_arena;
	return result;
}

static int prepare(struct worker *worker, struct error *error)
{
	struct job *job = worker->job;
	if (read_workload(worker, error) < 0 || check_stream(worker, error) < 0 || map_words(worker, error) < 0 ||
	    map_tape(worker, error) < 0)
		return -1;
	worker->steps = steps_file_map(job->steps, job->words, error);
	if (job->steps >= 0 && !worker->steps)
		return -1;
	conduct_begin(&worker->conduct, &worker->record);
	if (prepare_side(worker, job->spec, &worker->spec, &worker->arena, &worker->lock, error) < 0 ||
	    prepare_rival(worker, error) < 0 || open_sources(worker, error) < 0)
		return -1;
	if (interference_open(&worker->interference, &worker->plan.workload.interference, error) < 0)
		return -1;
	worker->record.locked = worker->lock != LOCK_NONE;
	return prepare_record(worker, error);
}

static int audit(struct worker *worker, struct pass *pass, struct error *error)
{
	struct text label = {0};
	plan_label(&worker->plan, &worker->job->changes, &label);
	const struct placements_target target = {worker->job->placements, label.bytes, worker->job->spec};
	pass->placements = target.descriptor < 0 || label.failed ? NULL : &target;
	int result = pass_audit(pass, error);
	pass->placements = NULL;
	text_release(&label);
	return result;
}

/* A worker keeps no end of a pipe that is the profiler's: it would never see the other one close. */
static int profile(const struct job *job, struct pass *pass, struct error *error)
{
	const struct pass_profiler profiler = {job->profiler_pipes[1], job->profiler_pipes[2]};
	/* One that is gone is told by what it does not answer. */
	signal(SIGPIPE, SIG_IGN);
	pass->profiler = &profiler;
	int result = pass_profile(pass, error);
	pass->profiler = NULL;
	return result;
}

static int time_alone(struct pass *pass, struct error *error)
{
	return pass_throughput(pass, error) < 0 || pass_latency(pass, error) < 0 ? -1 : 0;
}

static bool is_interfered(const struct worker *worker)
{
	const struct workload_interference *interference = &worker->plan.workload.interference;
	return !workload_interference_is_none(interference) &&
	       (!interference->pairs || worker->job->pass == RESULT_PASS_PAIRED);
}

static int play(struct worker *worker, struct error *error)
{
	struct job *job = worker->job;
	uint32_t pairs = worker->plan.workload.interference.pairs;
	struct pass pass = {
		.workload = &worker->plan.played,
		.source = &worker->source,
		.spec = &worker->spec,
		.arena = &worker->arena,
		.clock = &job->clock,
		.round = job->round,
		.words = words_played(worker),
		.latency_gap = job->latency_gap,
		.rate = job->rate,
		.poisson = job->poisson,
		.peak_live_pages = job->peak_live_pages,
		.record = &worker->record,
		.progress = &job->progress,
		.own_work = &job->own_work,
		.lock = worker->lock,
		.threads = worker->plan.threads,
		.sources = worker->sources,
		.cpus = worker->pinned ? worker->cpus : NULL,
		.conduct = &worker->conduct,
		.rival = job->pass == RESULT_PASS_PAIRED ? &worker->rival : NULL,
		.side = &job->side,
		.paired_ns = 1e6 * job->paired_ms,
		.brief = job->brief,
		.tape = worker->tape_image ? &worker->tape : NULL,
		.steps = worker->steps,
		.interference = is_interfered(worker) ? &worker->interference : NULL,
		.interfered_samples = pairs ? pairs : PASS_INTERFERED_SAMPLES,
	};
	if (job->pass == RESULT_PASS_AUDIT)
		return audit(worker, &pass, error);
	if (job->profiled)
		return profile(job, &pass, error);
	struct clock_check check;
	struct text why = {0};
	double before = job->brief ? (double)NAN : clock_core_ghz(&job->clock);
	clock_check_begin(&check, &job->clock);
	int result = job->pass == RESULT_PASS_PAIRED ? pass_paired(&pass, error) : time_alone(&pass, error);
	clock_check_end(&check, &job->clock, &why);
	if (result == 0 && job->pass == RESULT_PASS_TIMED)
		result = pass_steps(&pass, error);
	if (why.bytes && !worker->record.distrust)
		worker->record.distrust = memory_text(why.bytes);
	text_release(&why);
	double core_ghz = job->brief ? (double)NAN : (before + clock_core_ghz(&job->clock)) / 2;
	for (size_t i = 0; !job->brief && i < worker->record.phase_count; i++)
		result_set(&worker->record.phases[i].figures, METRIC_CORE_GHZ, core_ghz);
	return result;
}

/* Sentences of all of them. */
static char *plugin_about(const struct allocator_spec *spec)
{
	struct text text = {0};
	for (size_t i = 0; i < spec->count; i++)
		if (spec->parts[i].library)
			text_add(&text, "%s%s", text.length ? "; " : "", spec->parts[i].table->about);
	char *about = memory_text(text.bytes);
	text_release(&text);
	return about;
}

static void finish_record(struct worker *worker, const struct error *error)
{
	const struct job *job = worker->job;
	struct result_record *record = &worker->record;
	struct rusage usage;
	record->workload = memory_text(worker->plan.workload.name ? worker->plan.workload.name : "");
	record->spec = memory_text(job->spec);
	record->plugin_about = plugin_about(&worker->spec);
	record->against = *job->against ? memory_text(job->against) : NULL;
	record->side = (enum result_side)job->side;
	record->key = job->key;
	record->pass = job->pass;
	record->round = job->round;
	record->ok = error->exit_code == EXIT_CODE_OK;
	record->exit_code = error->exit_code;
	if (!record->ok) {
		/* What was found good before anything was played, and now is not, was changed. */
		record->owner = error->exit_code == EXIT_CODE_USAGE ? ERROR_OWNER_MACHINE : error->owner;
		record->message = memory_text(error->message);
	}
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		record->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

static int write_record(struct worker *worker)
{
	struct text line = {0};
	struct error error = {0};
	int result = result_record_write(&worker->record, &line, &error);
	if (result == 0)
		result = file_append_synced(worker->job->record, "record", line.bytes, line.length, &error);
	if (result < 0)
		fprintf(stderr, "iovabench: worker: %s\n", error.message);
	text_release(&line);
	return result < 0 ? EXIT_CODE_IO : EXIT_CODE_OK;
}

static void release(struct worker *worker)
{
	op_source_close(&worker->source);
	for (uint32_t i = 0; worker->sources && i < worker->plan.threads; i++)
		op_source_close(&worker->sources[i]);
	memory_release(worker->sources);
	allocator_spec_close(&worker->spec);
	allocator_spec_close(&worker->against);
	arena_destroy(&worker->arena);
	arena_destroy(&worker->against_arena);
	interference_close(&worker->interference);
	plan_close(&worker->plan);
	tape_close(&worker->tape.tape);
	steps_file_unmap(worker->steps, worker->job->words);
	if (worker->tape_image)
		munmap(worker->tape_image, worker->tape_bytes);
	if (worker->words)
		munmap((void *)(uintptr_t)worker->words, worker->words_bytes);
	result_record_release(&worker->record);
}

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	if (cpu < 0)
		return;
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static int run_job(struct job *job)
{
	struct worker worker = {.job = job};
	struct error error = {0};
	crash_watch(&job->crash);
	worker.pinned = job->cpu >= 0 && machine_thread_cpus(worker.cpus, WORKLOAD_THREADS_MAX) > 0;
	pin(job->cpu);
	if (job->probe)
		probe(&worker, &error);
	else if (prepare(&worker, &error) == 0 && play(&worker, &error) == 0)
		plan_check_streams(&worker.plan, &error);
	finish_record(&worker, &error);
	int exit_code = write_record(&worker);
	/* Nothing is taken away from under threads that still run. */
	if (worker.conduct.left_threads)
		_exit(exit_code);
	release(&worker);
	return exit_code;
}

/* Programs that a plugin executes get none of them. */
static void keep_descriptors(const struct job *job, int descriptor)
{
	const int ours[] = {
		descriptor,  job->workload_bytes,    job->stream_words,     job->tape, job->steps, job->placements,
		job->record, job->profiler_pipes[1], job->profiler_pipes[2]};
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (ours[i] >= 0)
			fcntl(ours[i], F_SETFD, FD_CLOEXEC);
}

int worker_run(int descriptor)
{
	struct job *job = mmap(NULL, sizeof *job, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	struct stat state;
	if (job == MAP_FAILED || fstat(descriptor, &state) < 0 || (size_t)state.st_size < sizeof *job ||
	    job->magic != JOB_MAGIC) {
		fprintf(stderr, "iovabench: worker is called by the program itself, not by hand\n");
		return EXIT_CODE_USAGE;
	}
	job->self = descriptor;
	if (job->profiler && !job->profiled)
		return warden_run(job, profiler_start);
	keep_descriptors(job, descriptor);
	if (!job->profiled)
		return warden_run(job, run_job);
	for (int i = 0; i < 4; i += 3)
		if (job->profiler_pipes[i] >= 0)
			close(job->profiler_pipes[i]);
	return run_job(job);
}
