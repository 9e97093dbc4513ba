/* SPDX-License-Identifier: MIT */
#include "trace/import.h"

#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import_maps.h"
#include "trace/import_probes.h"
#include "trace/lines.h"

#include <assert.h>
#include <string.h>

/* A recording with probes may begin with maps: until the first probe is seen both ways are kept open. */
struct import {
	const char *name;
	struct builder probe_ops;
	struct builder map_ops;
	struct probes probes;
	struct maps maps;
	bool probed;
	struct import_report *report;
};

#define QUOTED_BYTES_MAX 300

static int malformed(const struct import *import, const struct line *line, const char *cause, struct error *error)
{
	char quoted[QUOTED_BYTES_MAX + 1];
	size_t length = line->length < QUOTED_BYTES_MAX ? line->length : QUOTED_BYTES_MAX;
	for (size_t i = 0; i < length; i++)
		quoted[i] = (unsigned char)line->text[i] < ' ' || line->text[i] == 0x7f ? '?' : line->text[i];
	quoted[length] = '\0';
	return error_set(error, EXIT_CODE_USAGE, "%s:%llu: %s\n    %s", import->name, (unsigned long long)line->number,
			 cause, quoted);
}

static bool is_probe(enum event_kind kind)
{
	return kind == EVENT_ALLOC || kind == EVENT_ALLOC_END || kind == EVENT_ALLOC_ALL || kind == EVENT_FREE;
}

static int take_event(struct import *import, const struct event *event, struct error *error)
{
	if (is_probe(event->kind)) {
		if (!import->probed) {
			import->probed = true;
			import->report->used_events = 0;
			maps_release(&import->maps);
			builder_release(&import->map_ops);
		}
		import->report->used_events++;
		return probes_event(&import->probes, event, error);
	}
	if (import->probed)
		return 0;
	import->report->used_events++;
	return maps_event(&import->maps, event, error);
}

static int take_line(struct import *import, const struct line *line, struct error *error)
{
	struct event event;
	const char *cause = event_parse(line->text, &event);
	import->report->lines = line->number;
	if (event.kind == EVENT_LOST) {
		import->report->lost_marks++;
		return 0;
	}
	if (event.kind == EVENT_OTHER && !cause) {
		import->report->other_lines++;
		return 0;
	}
	/* An interrupted copy ends anywhere, even inside a number that still looks like one. Any other line that cannot be
	 * read would leave ranges live or freed for ever, and so the whole recording is refused. */
	if (!line->whole) {
		import->report->last_line_cut = true;
		return 0;
	}
	if (!cause && line->cut)
		cause = "an event in a line of more than 8192 bytes";
	if (cause)
		return malformed(import, line, cause, error);
	struct error inner = {0};
	if (take_event(import, &event, &inner))
		return error_set(error, inner.exit_code, "%s:%llu: %s", import->name, (unsigned long long)line->number,
				 inner.message);
	return 0;
}

static int read_lines(struct import *import, struct lines *lines, struct error *error)
{
	struct line line;
	int more;
	while ((more = lines_next(lines, &line, error)) == 1)
		if (take_line(import, &line, error))
			return -1;
	return more;
}

static int finish(struct import *import, uint32_t domain, struct recording *recording, struct error *error)
{
	struct import_report *report = import->report;
	if (!report->used_events)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: none of its %llu lines is an event that can be used: allocret and freei (probes), "
				 "or map and unmap (events of iommu); docs/traces.md tells how to record them",
				 import->name, (unsigned long long)report->lines);
	report->from_maps = !import->probed;
	if (report->from_maps) {
		report->domains = 1;
		if (maps_finish(&import->maps, error))
			return -1;
	}
	if (report->domains == 0)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: it frees, but it never allocates: is the probe allocret missing?", import->name);
	if (domain != IMPORT_DOMAIN_ALL && domain >= report->domains)
		return error_set(error, EXIT_CODE_USAGE, "%s: domain %u is not in it: it has %u, counted from 0",
				 import->name, domain, report->domains);
	struct builder *builder = import->probed ? &import->probe_ops : &import->map_ops;
	if (builder_finish(builder, domain == IMPORT_DOMAIN_ALL ? report->domains : 1, recording, error))
		return -1;
	if (!recording->op_count) {
		recording_release(recording);
		return error_set(error, EXIT_CODE_USAGE, "%s: no allocation in it is complete", import->name);
	}
	for (size_t i = 0; i < recording->op_count; i++)
		if (recording->ops[i].count &&
		    recording->ops[i].refused == recording->limits[recording->ops[i].limits].count)
			report->refused_demands++;
	return 0;
}

int recording_import(const char *path, uint32_t domain, struct recording *recording, struct import_report *report,
		     struct error *error)
{
	struct file file;
	memset(recording, 0, sizeof *recording);
	memset(report, 0, sizeof *report);
	if (file_open_input(path, &file, error))
		return -1;
	int result = recording_import_open(&file, domain, recording, report, error);
	file_close(&file);
	return result;
}

int recording_import_open(struct file *file, uint32_t domain, struct recording *recording, struct import_report *report,
			  struct error *error)
{
	assert(domain == IMPORT_DOMAIN_ALL || domain < IMPORT_DOMAINS_MAX);
	memset(recording, 0, sizeof *recording);
	memset(report, 0, sizeof *report);
	struct lines *lines = lines_open(file, error);
	if (!lines)
		return -1;
	struct import import = {.name = file->name, .report = report};
	import.probes = (struct probes){.builder = &import.probe_ops, .report = report, .wanted = domain};
	import.maps = (struct maps){.builder = &import.map_ops, .report = report};
	int result = read_lines(&import, lines, error);
	if (result == 0)
		result = finish(&import, domain, recording, error);
	lines_close(lines);
	probes_release(&import.probes);
	maps_release(&import.maps);
	builder_release(&import.probe_ops);
	builder_release(&import.map_ops);
	return result;
}
