/* SPDX-License-Identifier: MIT */
#include "trace/source.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_BYTES_MAX 300

int source_open(struct source *source, const char *path, struct file *file, struct error *error)
{
	assert(!path != !file);
	if (path && file_open_input(path, &source->own, error))
		return -1;
	source->file = path ? &source->own : file;
	source->lines = lines_open(source->file, error);
	if (source->lines)
		return 0;
	if (path)
		file_close(&source->own);
	source->file = NULL;
	return -1;
}

void source_close(struct source *source)
{
	if (!source->file)
		return;
	lines_close(source->lines);
	if (source->file == &source->own)
		file_close(&source->own);
	source->file = NULL;
}

/* Counts a line that cannot be read; of each level of rules the first one is kept. */
static void note_trouble(struct source *source, const char *cause)
{
	struct import_trouble *trouble = &source->troubles[source->event.level];
	if (trouble->count++)
		return;
	char quoted[QUOTED_BYTES_MAX + 1];
	const struct line *line = &source->line;
	size_t length = line->length < QUOTED_BYTES_MAX ? line->length : QUOTED_BYTES_MAX;
	for (size_t i = 0; i < length; i++)
		quoted[i] = (unsigned char)line->text[i] < ' ' || line->text[i] == 0x7f ? '?' : line->text[i];
	quoted[length] = '\0';
	trouble->line = line->number;
	snprintf(trouble->text, sizeof trouble->text, "%.150s:%llu: %s\n    %s", source->file->name,
		 (unsigned long long)line->number, cause, quoted);
	snprintf(trouble->brief, sizeof trouble->brief, "%s", cause);
}

static int check_time(struct source *source, struct error *error)
{
	const struct event *now = &source->event;
	if (now->clock != CLOCK_NONE && now->clock == source->before_clock && now->time < source->before_time) {
		source->report->backwards++;
		if (!source->options->lenient) {
			char jump[48] = "";
			if (now->clock == CLOCK_SECONDS)
				snprintf(jump, sizeof jump, " by %.6f s", (double)(source->before_time - now->time) / 1e9);
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s:%llu: time runs backwards in line %llu%s, behind line %llu: are these files of several "
				"CPUs, or two recordings, one after the other? Give them as files of their own ('trace "
				"import A B' merges them by time); --lenient takes the lines as they stand",
				source->file->name, (unsigned long long)source->line.number,
				(unsigned long long)source->line.number, jump, (unsigned long long)source->before_line);
		}
	}
	source->before_time = now->time;
	source->before_clock = now->clock;
	source->before_line = source->line.number;
	return 0;
}

/* Returns 1 when the line holds an event to use, 0 when not, -1 with a message. */
static int take_line(struct source *source, struct error *error)
{
	struct import_report *report = source->report;
	struct event *event = &source->event;
	const char *cause = event_parse(&source->parser, source->line.text, event);
	report->lines++;
	switch (event->kind) {
	case EVENT_OTHER:
		report->other_lines++;
		report->first_line_cut |= source->line.number == 1 && event_is_rest(&source->parser, source->line.text);
		return 0;
	case EVENT_FOREIGN:
		report->foreign_events++;
		return 0;
	case EVENT_LOST:
		report->lost_marks += !event->summary;
		report->loss_summaries += event->summary;
		report->lost_events += event->lost;
		return 0;
	case EVENT_OVERWRITTEN:
		report->overwritten += event->lost;
		report->other_lines++;
		return 0;
	default:
		break;
	}
	/* An interrupted copy ends anywhere, even inside a number that still looks like one. */
	if (!source->line.whole) {
		report->last_line_cut = true;
		return 0;
	}
	if (!cause && source->line.cut)
		cause = "an event in a line of more than 8192 bytes";
	if (cause) {
		note_trouble(source, cause);
		return 0;
	}
	return check_time(source, error) ? -1 : 1;
}

int source_next(struct source *source, struct error *error)
{
	int more;
	while ((more = lines_next(source->lines, &source->line, error)) == 1) {
		int taken = take_line(source, error);
		if (taken)
			return taken;
	}
	return more;
}
