/* SPDX-License-Identifier: MIT */
#include "trace/import.h"

#include "base/memory.h"
#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import_exact.h"
#include "trace/import_maps.h"
#include "trace/recording_file.h"
#include "trace/source.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A file may hold events of several rules, of which the best are used: whatever worse ones built before is dropped when the
 * first better one comes. */
struct import {
	struct rule_table rules;
	struct builder builder;
	struct owners owners;
	struct exact exact;
	struct maps maps;
	const char *name; /* for messages */
	unsigned level;   /* of the rules in use; RULE_LEVELS_MAX before the first event */
	uint64_t began;   /* 1 + the time of the first event */
	uint64_t bits;    /* of all addresses and sizes, in pages */
	uint64_t level_events[RULE_LEVELS_MAX];
	struct import_trouble troubles[RULE_LEVELS_MAX];
	struct source *sources;
	size_t count;
	const struct import_options *options;
	struct import_report *report;
};

void import_options_default(struct import_options *options)
{
	*options =
		(struct import_options){.domain = OWNERS_ALL, .page_bytes = IMPORT_PAGE_BYTES_MIN, .time_end = UINT64_MAX};
}

static void start_engines(struct import *import)
{
	import->exact = (struct exact){.builder = &import->builder, .owners = &import->owners, .report = import->report};
	import->maps = (struct maps){.builder = &import->builder, .owners = &import->owners, .report = import->report};
}

static void drop_engines(struct import *import)
{
	exact_release(&import->exact);
	maps_release(&import->maps);
	owners_release(&import->owners);
	builder_release(&import->builder);
}

/* Counts of what the dropped events had led to. */
static void forget_counts(struct import_report *report)
{
	report->used_events = 0;
	report->cpuless = 0;
	report->from_maps = false;
	memset(&report->retries_merged, 0, sizeof *report - offsetof(struct import_report, retries_merged));
}

/* Whether an event is of the time that was asked for. */
static bool in_time(struct import *import, const struct event *event)
{
	const struct import_options *options = import->options;
	if (!import->began)
		import->began = event->time + 1;
	uint64_t since = event->time > import->began - 1 ? event->time - (import->began - 1) : 0;
	return since >= options->time_first && since < options->time_end;
}

static int take_event(struct import *import, const struct event *event, struct error *error)
{
	if (!in_time(import, event)) {
		import->report->outside++;
		return 0;
	}
	import->level_events[event->level]++;
	if (event->level > import->level)
		return 0;
	if (event->level < import->level) {
		drop_engines(import);
		forget_counts(import->report);
		import->bits = 0;
		start_engines(import);
		import->level = event->level;
	}
	import->report->used_events++;
	import->bits |= event->first | event->count;
	import->report->cpuless += !event->has_cpu;
	bool maps = event->kind == EVENT_MAP || event->kind == EVENT_UNMAP;
	import->report->from_maps |= maps;
	if (event->kind == EVENT_END && import->report->from_maps)
		return maps_event(&import->maps, event, error);
	return maps ? maps_event(&import->maps, event, error) : exact_event(&import->exact, event, error);
}

/* The source whose next event is the oldest; of equals the first. */
static struct source *oldest(struct import *import)
{
	struct source *found = NULL;
	for (size_t i = 0; i < import->count; i++) {
		struct source *source = &import->sources[i];
		if (source->file && (!found || source->event.time < found->event.time))
			found = source;
	}
	return found;
}

/* Finds the next event of a source, which is closed at its end. */
static int advance(struct import *import, struct source *source, struct error *error)
{
	int more = source_next(source, error);
	if (more <= 0) {
		source_close(source);
		return more;
	}
	const struct event *event = &source->event;
	bool part = import->options->time_first || import->options->time_end != UINT64_MAX;
	if (part && event->clock != CLOCK_SECONDS)
		return error_set(error, EXIT_CODE_USAGE, "%s:%llu: no time in seconds: --time cannot be told from it",
				 source->file->name, (unsigned long long)source->line.number);
	if (import->count > 1 && event->clock == CLOCK_NONE)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s:%llu: no time: several files are merged by the times of their events",
				 source->file->name, (unsigned long long)source->line.number);
	for (size_t i = 0; i < import->count && import->count > 1; i++) {
		const struct source *other = &import->sources[i];
		if (other->before_clock && other->before_clock != event->clock)
			return error_set(error, EXIT_CODE_USAGE,
					 "%s:%llu: its time is in %s, that of another file is not: they cannot be merged",
					 source->file->name, (unsigned long long)source->line.number,
					 event->clock == CLOCK_SECONDS ? "seconds" : "ticks of a clock");
	}
	return 0;
}

static int merge(struct import *import, struct error *error)
{
	for (size_t i = 0; i < import->count; i++)
		if (advance(import, &import->sources[i], error))
			return -1;
	struct error inner = {0};
	for (struct source *source; (source = oldest(import));) {
		if (take_event(import, &source->event, &inner))
			return error_set(error, inner.exit_code, "%s:%llu: %s", source->file->name,
					 (unsigned long long)source->line.number, inner.message);
		if (advance(import, source, error))
			return -1;
	}
	return 0;
}

static const char *first_name(const struct import *import)
{
	return import->report->files > 1 ? "these files" : import->name;
}

/* Lines that cannot be read matter when their events are as good as those in use: what is skipped would leave a range live, or
 * free, for ever, and every figure after it would be wrong. */
static int check_troubles(struct import *import, struct error *error)
{
	struct import_report *report = import->report;
	struct import_trouble *first = NULL;
	uint64_t count = 0;
	for (unsigned i = 0; i < RULE_LEVELS_MAX && i <= import->level; i++) {
		if (import->troubles[i].count && !first)
			first = &import->troubles[i];
		count += import->troubles[i].count;
	}
	if (!first)
		return 0;
	report->unreadable = *first;
	report->unreadable.count = count;
	if (import->options->lenient || count * IMPORT_UNREADABLE_SHARE <= report->used_events)
		return 0;
	return error_set(
		error, EXIT_CODE_USAGE,
		"%s\n%llu line%s like this (%s): %llu events could be read, and at most one in %u may be left out; "
		"--lenient goes on without them",
		first->text, (unsigned long long)count, count == 1 ? "" : "s", first->brief,
		(unsigned long long)report->used_events, IMPORT_UNREADABLE_SHARE);
}

/* What events there are besides those in use. */
static void tell_levels(struct import *import)
{
	struct import_report *report = import->report;
	size_t length = 0;
	for (unsigned i = 0; i < import->rules.level_count; i++) {
		if (i == import->level)
			snprintf(report->level, sizeof report->level, "%s", import->rules.levels[i]);
		if (i <= import->level || !import->level_events[i])
			continue;
		report->weaker_events += import->level_events[i];
		int added = snprintf(report->weaker + length, sizeof report->weaker - length, "%s%s", length ? ", " : "",
				     import->rules.levels[i]);
		if (added > 0 && length + (size_t)added < sizeof report->weaker)
			length += (size_t)added;
	}
}

/* What whoever replays it should know. */
static void keep_facts(const struct import_report *report, const struct placed *placed, struct recording *recording)
{
	recording->facts[RECORDING_UNREADABLE] = report->unreadable.count;
	recording->facts[RECORDING_LOSSES] = report->lost_marks;
	recording->facts[RECORDING_LOST] = report->lost_events;
	recording->facts[RECORDING_OVERWRITTEN] = report->overwritten;
	recording->facts[RECORDING_BACKWARDS] = report->backwards;
	recording->facts[RECORDING_REBUILT] = report->from_maps;
	placed_tell(placed, recording->facts);
}

static int finish(struct import *import, struct recording *recording, struct error *error)
{
	struct import_report *report = import->report;
	uint32_t domain = import->options->domain;
	if (check_troubles(import, error))
		return -1;
	if (!report->used_events)
		return error_set(
			error, EXIT_CODE_USAGE,
			"%s: none of its %llu lines is an event that can be used: allocret and freei (probes), dma:*, "
			"map and unmap (iommu), or what a --rule names; docs/traces.md tells how to record them",
			first_name(import), (unsigned long long)report->lines);
	if (!report->lost_marks)
		report->lost_marks = report->loss_summaries;
	tell_levels(import);
	if (report->from_maps && maps_finish(&import->maps, error))
		return -1;
	report->domains = import->owners.count;
	memcpy(report->domain_names, import->owners.names, sizeof report->domain_names);
	if (report->domains == 0)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: it frees, but it never allocates: is the event of allocations missing?",
				 first_name(import));
	if (domain != OWNERS_ALL && domain >= report->domains)
		return error_set(error, EXIT_CODE_USAGE, "%s: domain %u is not in it: it has %u, counted from 0",
				 first_name(import), domain, report->domains);
	if (builder_finish(&import->builder, domain == OWNERS_ALL ? report->domains : 1, recording, error))
		return -1;
	if (!recording->op_count) {
		recording_release(recording);
		return error_set(error, EXIT_CODE_USAGE, "%s: no allocation in it is complete", first_name(import));
	}
	recording->page_bytes = (uint32_t)report->page_bytes;
	report->granule_bytes = report->page_bytes * (import->bits & -import->bits);
	recording->hash = recording_hash(recording);
	keep_facts(report, &import->builder.placed, recording);
	report->refused_demands = import->builder.refused_demands;
	return 0;
}

static int open_sources(struct import *import, const char *const *paths, struct file *file, struct error *error)
{
	for (size_t i = 0; i < import->count; i++) {
		struct source *source = &import->sources[i];
		source->parser.rules = &import->rules;
		source->parser.page_bytes = import->options->page_bytes;
		source->options = import->options;
		source->report = import->report;
		source->troubles = import->troubles;
		if (source_open(source, paths ? paths[i] : NULL, paths ? NULL : file, error))
			return -1;
	}
	import->name = import->sources[0].file->name;
	return 0;
}

/* paths NULL: from file. */
static int import_all(const char *const *paths, size_t count, struct file *file, const struct import_options *options,
		      struct recording *recording, struct import_report *report, struct error *error)
{
	assert(options->page_bytes >= IMPORT_PAGE_BYTES_MIN && options->page_bytes <= IMPORT_PAGE_BYTES_MAX);
	memset(recording, 0, sizeof *recording);
	*report = (struct import_report){.files = (uint32_t)count, .page_bytes = options->page_bytes};
	struct import *import = memory_zeroed(1, sizeof *import);
	struct source *sources = memory_zeroed(count, sizeof *sources);
	int result = -1;
	if (!import || !sources) {
		error_set(error, EXIT_CODE_IO, "no memory for the import");
	} else {
		import->options = options;
		import->report = report;
		import->sources = sources;
		import->count = count;
		import->level = RULE_LEVELS_MAX;
		import->owners.wanted = options->domain;
		rule_table_make(&import->rules, &options->rules);
		start_engines(import);
		if (open_sources(import, paths, file, error) == 0 && merge(import, error) == 0)
			result = finish(import, recording, error);
		for (size_t i = 0; i < count; i++)
			source_close(&sources[i]);
		drop_engines(import);
	}
	memory_release(sources);
	memory_release(import);
	return result;
}

int recording_import(const char *const *paths, size_t count, const struct import_options *options,
		     struct recording *recording, struct import_report *report, struct error *error)
{
	assert(count && count <= IMPORT_FILES_MAX);
	return import_all(paths, count, NULL, options, recording, report, error);
}

int recording_import_open(struct file *file, const struct import_options *options, struct recording *recording,
			  struct import_report *report, struct error *error)
{
	return import_all(NULL, 1, file, options, recording, report, error);
}
