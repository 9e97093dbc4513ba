/* SPDX-License-Identifier: MIT
 * A workload from its text, and everything that a pass over it needs, in this process. Include after cmocka.h. */
#ifndef RUN_FIXTURE_H
#define RUN_FIXTURE_H

#include "base/memory.h"
#include "play/engine.h"
#include "play/pass.h"
#include "run/plan.h"
#include "run/stream_file.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Threads of the next bench_open; 0 and 1: one. */
static uint32_t bench_threads;

struct bench {
	struct plan plan;
	struct stream_file stream;
	const struct op *words;
	struct op_source source;
	struct op_source *sources;
	struct allocator_spec spec;
	struct arena arena;
	struct clock clock;
	struct result_record record;
	_Atomic uint64_t progress;
	struct pass pass;
	struct error error;
};

static inline void bench_plan(struct plan *plan, const char *yaml)
{
	struct text messages = {0};
	struct error error = {0};
	struct plan_changes changes = {.threads = bench_threads};
	char *bytes = memory_text(yaml);
	if (plan_open(plan, "test.yaml", bytes, strlen(yaml), &changes, &messages, &error) < 0)
		fail_msg("%s %s", messages.bytes ? messages.bytes : "", error.message);
	text_release(&messages);
}

static inline void bench_record(struct result_record *record, size_t phases, uint64_t words)
{
	size_t rows = words ? (size_t)((words + PASS_SERIES_ROWS - 1) / PASS_SERIES_ROWS) : 0;
	rows = rows ? (size_t)(words / rows) : 0;
	*record = (struct result_record){.phase_count = phases, .series_count = rows};
	record->phases = memory_zeroed(phases, sizeof record->phases[0]);
	record->series = memory_zeroed(rows, sizeof record->series[0]);
	for (size_t i = 0; i < phases; i++) {
		result_figures_clear(&record->phases[i].figures);
		record->phases[i].latency_ns_per_op = (double)NAN;
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t column = 0; column < RESULT_SERIES_COUNT; column++)
			record->series[i].value[column] = (double)NAN;
}

/* The threads generate their words themselves. */
static inline void bench_open_sources(struct bench *bench)
{
	bench->sources = memory_zeroed(bench->plan.threads, sizeof bench->sources[0]);
	for (uint32_t i = 0; i < bench->plan.threads; i++)
		assert_int_equal(op_source_open(&bench->sources[i], bench->plan.portion_streams[i], NULL, NULL,
						bench->stream.phase_count, &bench->error),
				 0);
}

/* table: instead of one from the registry. */
static inline void bench_open(struct bench *bench, const char *yaml, const char *spec, const struct iova_allocator *table)
{
	*bench = (struct bench){.stream = {.descriptor = -1}};
	bench_plan(&bench->plan, yaml);
	assert_int_equal(stream_file_create(&bench->stream, &bench->plan, &bench->error), 0);
	if (bench->stream.words && bench->plan.threads == 1)
		bench->words = mmap(NULL, bench->stream.words * sizeof(struct op), PROT_READ, MAP_SHARED,
				    bench->stream.descriptor, 0);
	assert_int_equal(op_source_open(&bench->source, bench->plan.stream, bench->words, bench->stream.phase_words,
					bench->stream.phase_count, &bench->error),
			 0);
	if (bench->plan.threads > 1)
		bench_open_sources(bench);
	if (table)
		bench->spec = (struct allocator_spec){.count = 1, .parts = {{.table = table}}};
	else
		assert_int_equal(allocator_spec_open(spec, &bench->spec, &bench->error), 0);
	assert_int_equal(arena_create(&bench->arena, false, op_stream_cpus(bench->plan.stream), &bench->error), 0);
	bench->clock = (struct clock){.ns_per_tick = 1, .step_ns = 1, .pair_ns = 20};
	bench_record(&bench->record, bench->plan.workload.phase_count, bench->stream.words);
	bench->pass = (struct pass){
		.workload = &bench->plan.workload,
		.source = &bench->source,
		.spec = &bench->spec,
		.arena = &bench->arena,
		.paired_ns = 2e7,
		.clock = &bench->clock,
		.words = bench->stream.words,
		.peak_live_pages = bench->stream.peak_live_pages,
		.record = &bench->record,
		.progress = &bench->progress,
		.threads = bench->plan.threads,
		.sources = bench->sources,
		.lock = bench->plan.threads > 1 ? LOCK_MUTEX : LOCK_NONE,
	};
}

static inline uint64_t bench_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Until bench_close: a clock that names one CPU only, so that no sample is tainted by a migration on a busy machine. */
static inline void bench_on_one_cpu(struct bench *bench)
{
	bench->clock.counter = false;
	clock_pretend(bench_monotonic_ns);
}

static inline void bench_close(struct bench *bench)
{
	clock_pretend(NULL);
	result_record_release(&bench->record);
	arena_destroy(&bench->arena);
	allocator_spec_close(&bench->spec);
	op_source_close(&bench->source);
	for (uint32_t i = 0; bench->sources && i < bench->plan.threads; i++)
		op_source_close(&bench->sources[i]);
	memory_release(bench->sources);
	if (bench->words)
		munmap((void *)(uintptr_t)bench->words, bench->stream.words * sizeof(struct op));
	stream_file_close(&bench->stream);
	plan_close(&bench->plan);
	*bench = (struct bench){.stream = {.descriptor = -1}};
}

static inline double bench_figure(const struct bench *bench, size_t phase, enum metric metric)
{
	return bench->record.phases[phase].figures.value[metric];
}

#endif
