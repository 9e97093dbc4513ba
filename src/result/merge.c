/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_workload(const struct result_workload *a, const struct result_workload *b)
{
	return same(a->name, b->name) && a->seed == b->seed && a->stream_hash == b->stream_hash &&
	       same(a->expanded, b->expanded) && result_same_settings(a, b);
}

/* The index of a workload in into, moved there when it is new. */
static size_t put_workload(struct result *into, struct result_workload *workload)
{
	for (size_t i = 0; i < into->workload_count; i++)
		if (same_workload(&into->workloads[i], workload))
			return i;
	into->workloads[into->workload_count] = *workload;
	*workload = (struct result_workload){0};
	return into->workload_count++;
}

static bool same_arm(const struct result_arm *a, const struct result_arm *b)
{
	return a->workload == b->workload && same(a->spec, b->spec) && a->threads == b->threads && same(a->lock, b->lock) &&
	       same(a->rate, b->rate);
}

static int put_arm(struct result *into, struct result_arm *arm, size_t workload, size_t source, struct error *error)
{
	arm->workload = workload;
	arm->source = source;
	for (size_t i = 0; i < into->arm_count; i++)
		if (same_arm(&into->arms[i], arm))
			return error_set(error, EXIT_CODE_USAGE,
					 "%s on %s is in %s and in %s: an arm can be there once only", arm->spec,
					 into->workloads[workload].name, into->sources[into->arms[i].source].id,
					 into->sources[source].id);
	into->arms[into->arm_count++] = *arm;
	*arm = (struct result_arm){0};
	return 0;
}

static int note_run(struct result_source *source, const struct result *from)
{
	source->id = memory_text(from->run.id);
	source->started = memory_text(from->run.started);
	source->command = memory_text(from->run.command);
	source->cpu = memory_text(from->machine.cpu);
	source->kernel = memory_text(from->machine.kernel);
	return source->id && source->started && source->command && source->cpu && source->kernel ? 0 : -1;
}

/* What was merged already keeps its sources. */
static int note_sources(struct result *into, struct result *from)
{
	if (!from->source_count)
		return note_run(&into->sources[into->source_count++], from);
	for (size_t i = 0; i < from->source_count; i++) {
		into->sources[into->source_count++] = from->sources[i];
		from->sources[i] = (struct result_source){0};
	}
	return 0;
}

static int take(struct result *into, struct result *from, struct error *error)
{
	size_t first_source = into->source_count, first_arm = into->arm_count;
	if (note_sources(into, from) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	size_t *indices = memory_zeroed(from->workload_count, sizeof indices[0]);
	if (!indices)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	for (size_t i = 0; i < from->workload_count; i++)
		indices[i] = put_workload(into, &from->workloads[i]);
	int result = 0;
	for (size_t i = 0; i < from->arm_count; i++)
		for (size_t pair = 0; pair < from->arms[i].paired_count; pair++)
			from->arms[i].paired[pair].against += first_arm;
	for (size_t i = 0; i < from->arm_count && result == 0; i++)
		result = put_arm(into, &from->arms[i], indices[from->arms[i].workload], first_source + from->arms[i].source,
				 error);
	for (size_t i = 0; i < from->expectation_count && result == 0; i++) {
		struct result_expectation *expectation = &into->expectations[into->expectation_count++];
		*expectation = from->expectations[i];
		expectation->arm += first_arm;
		from->expectations[i] = (struct result_expectation){0};
	}
	memory_release(indices);
	return result;
}

/* Each line of lines that is not there yet. */
static void add_lines(struct text *text, const char *lines)
{
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n");
		struct text line = {0};
		text_add(&line, "%.*s", (int)length, lines);
		if (!line.failed && !strstr(text->bytes, line.bytes))
			text_add(text, "%s%s", text->length ? "\n" : "", line.bytes);
		text->failed |= line.failed;
		text_release(&line);
		lines += length + (lines[length] == '\n');
	}
}

static void warn(const struct result *from, size_t count, struct text *warnings)
{
	bool machines = false, builds = false, rounds = false;
	text_add(warnings, "%s", "");
	for (size_t i = 0; i < count && !warnings->failed; i++) {
		machines |= !same(from[i].machine.cpu, from[0].machine.cpu) ||
			    !same(from[i].machine.kernel, from[0].machine.kernel);
		builds |= !same(from[i].build.git, from[0].build.git) || !same(from[i].build.flags, from[0].build.flags) ||
			  !same(from[i].build.compiler, from[0].build.compiler);
		rounds |= from[i].run.rounds != from[0].run.rounds;
		add_lines(warnings, from[i].machine.warnings);
	}
	if (machines)
		add_lines(warnings, "arms come from several machines: compare times of one source only");
	if (builds)
		add_lines(warnings, "arms come from several builds of this program");
	if (rounds)
		add_lines(warnings, "arms have different numbers of rounds");
}

/* What is said once for all: of the first, and at its worst. */
static int describe(struct result *into, struct result *from, size_t count, const char *command, struct error *error)
{
	struct text warnings = {0};
	warn(from, count, &warnings);
	into->run.id = memory_text(from[0].run.id);
	into->run.started = memory_text(from[0].run.started);
	into->run.command = memory_text(command);
	into->run.rounds = from[0].run.rounds;
	for (size_t i = 0; i < count; i++) {
		into->run.partial |= from[i].run.partial;
		into->run.latency_serialised |= from[i].run.latency_serialised;
		if (!into->run.trouble) {
			into->run.trouble = from[i].run.trouble;
			into->run.trouble_owner = from[i].run.trouble_owner;
			from[i].run.trouble = NULL;
		}
		into->run.rounds = from[i].run.rounds < into->run.rounds ? from[i].run.rounds : into->run.rounds;
	}
	into->machine = from[0].machine;
	memset(&from[0].machine, 0, sizeof from[0].machine);
	memory_release(into->machine.warnings);
	into->machine.warnings = warnings.bytes;
	into->build = from[0].build;
	memset(&from[0].build, 0, sizeof from[0].build);
	return warnings.failed || !into->run.id || !into->run.started || !into->run.command
		       ? error_set(error, EXIT_CODE_IO, "no memory for a result")
		       : 0;
}

int result_merge(struct result *into, struct result *from, size_t count, const char *command, struct error *error)
{
	assert(count && from && command);
	size_t workloads = 0, arms = 0, expectations = 0, sources = 0;
	*into = (struct result){0};
	for (size_t i = 0; i < count; i++) {
		sources += from[i].source_count ? from[i].source_count : 1;
		workloads += from[i].workload_count;
		arms += from[i].arm_count;
		expectations += from[i].expectation_count;
	}
	into->sources = memory_zeroed(sources, sizeof into->sources[0]);
	into->workloads = memory_zeroed(workloads, sizeof into->workloads[0]);
	into->arms = memory_zeroed(arms, sizeof into->arms[0]);
	into->expectations = memory_zeroed(expectations, sizeof into->expectations[0]);
	if (!into->sources || !into->workloads || !into->arms || !into->expectations)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	for (size_t i = 0; i < count; i++)
		if (take(into, &from[i], error) < 0)
			return -1;
	return describe(into, from, count, command, error);
}
