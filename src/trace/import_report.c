/* SPDX-License-Identifier: MIT */
#include "trace/import.h"

static void add_fact(struct text *text, uint64_t count, const char *fact)
{
	if (count)
		text_add(text, "%s: %llu\n", fact, (unsigned long long)count);
}

static void add_map_facts(const struct import_report *report, struct text *text)
{
	text_add(text,
		 "rebuilt from map and unmap events: domains and limits are unknown, and a lazy unmap looks like a free\n");
	add_fact(text, report->joined_maps, "maps that were parts of a larger allocation");
	if (report->colliding_maps)
		text_add(text,
			 "%llu of %llu maps (%.1f %%) start where something was mapped already: "
			 "several devices share these addresses, and ranges of theirs are mixed up; record one device, "
			 "or probes\n",
			 (unsigned long long)report->colliding_maps, (unsigned long long)report->maps,
			 100.0 * (double)report->colliding_maps / (double)report->maps);
	add_fact(text, report->foreign_unmaps, "unmaps left out, because what they unmap was not seen to be mapped");
}

static void add_probe_facts(const struct import_report *report, struct text *text)
{
	uint64_t maps =
		report->lines - report->used_events - report->other_lines - report->lost_marks - report->last_line_cut;
	add_fact(text, maps, "map and unmap events left out, because the probes are exact");
	add_fact(text, report->retries_merged, "failed attempts joined with the wider attempt that followed");
	add_fact(text, report->refused_demands, "demands that the kernel refused altogether");
	add_fact(text, report->foreign_frees,
		 "frees left out, because their ranges were allocated before the recording began");
	add_fact(text, report->resized_frees, "frees that tell another size than the allocation, which was believed");
	add_fact(text, report->lost_frees,
		 "frees that are missing, because the range was handed out again while it was live");
	add_fact(text, report->unfinished_calls, "allocations left out, because the recording ends before they return");
	add_fact(text, report->headless_returns, "returns left out, because the recording begins after their call");
}

void import_report_add(const struct import_report *report, struct text *text)
{
	text_add(text, "%llu lines: %llu events used, %llu lines of other kinds, %u domain%s\n",
		 (unsigned long long)report->lines, (unsigned long long)report->used_events,
		 (unsigned long long)report->other_lines, report->domains, report->domains == 1 ? "" : "s");
	if (report->from_maps)
		add_map_facts(report, text);
	else
		add_probe_facts(report, text);
	add_fact(text, report->lost_marks,
		 "places where the kernel's buffer overflowed and events are missing (record with a larger one)");
	if (report->last_line_cut)
		text_add(text, "the last line has no end and was left out\n");
}
