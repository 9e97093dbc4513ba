/* SPDX-License-Identifier: MIT */
#include "trace/import.h"

#include "yaml/scalar.h"

#define GRANULE_TOLD 4u /* pages */

static void add_fact(struct text *text, uint64_t count, const char *fact)
{
	if (count)
		text_add(text, "%s: %llu\n", fact, (unsigned long long)count);
}

static void add_map_facts(const struct import_report *report, struct text *text)
{
	text_add(text, "rebuilt from map and unmap events: limits are unknown%s, and a lazy unmap looks like a free\n",
		 report->domain_names[0][0] ? "" : ", domains too");
	add_fact(text, report->joined_maps, "maps that were parts of a larger allocation");
	if (report->linked_ranges)
		text_add(text, "ranges that were mapped and unmapped page by page: %llu, of %llu pages\n",
			 (unsigned long long)report->linked_ranges, (unsigned long long)report->linked_pages);
	add_fact(text, report->partial_unmaps,
		 "unmaps of a part of what was mapped: the range is freed with the last of its parts");
	if (report->colliding_maps)
		text_add(text,
			 "%llu of %llu maps (%.1f %%) lie where something was mapped already: "
			 "several devices share these addresses, and ranges of theirs are mixed up; record one device, "
			 "probes or dma:* events\n",
			 (unsigned long long)report->colliding_maps, (unsigned long long)report->maps,
			 100.0 * (double)report->colliding_maps / (double)report->maps);
	add_fact(text, report->foreign_unmaps, "unmaps left out, because what they unmap was not seen to be mapped");
}

static void add_exact_facts(const struct import_report *report, struct text *text)
{
	add_fact(text, report->retries_merged, "failed attempts joined with the wider attempt that followed");
	add_fact(text, report->refused_demands, "demands that the kernel refused altogether");
	add_fact(text, report->foreign_frees,
		 "frees left out, because their ranges were allocated before the recording began");
	add_fact(text, report->resized_frees, "frees that tell another size than the allocation, which was believed");
	add_fact(text, report->lost_frees,
		 "frees that are missing, because the range was handed out again while it was live");
	add_fact(text, report->unfinished_calls, "allocations left out, because the recording ends before they return");
	add_fact(text, report->headless_returns, "returns left out, because the recording begins after their call");
	add_fact(text, report->sizeless, "allocations left out, because neither they nor a free tell their size");
}

static void add_losses(const struct import_report *report, struct text *text)
{
	if (report->lost_marks)
		text_add(text,
			 "events are missing, because a buffer overflowed: %llu loss%s, %llu event%s (record with a larger "
			 "one)\n",
			 (unsigned long long)report->lost_marks, report->lost_marks == 1 ? "" : "es",
			 (unsigned long long)report->lost_events, report->lost_events == 1 ? "" : "s");
	if (report->overwritten)
		text_add(text, "%llu older events were overwritten before the recording was read\n",
			 (unsigned long long)report->overwritten);
	add_fact(text, report->backwards, "places where time runs backwards; the lines were taken as they stand");
	if (report->unreadable.count)
		text_add(text, "%llu line%s with an event cannot be read and %s left out; the first is line %llu: %s\n",
			 (unsigned long long)report->unreadable.count, report->unreadable.count == 1 ? "" : "s",
			 report->unreadable.count == 1 ? "was" : "were", (unsigned long long)report->unreadable.line,
			 report->unreadable.brief);
	if (report->first_line_cut)
		text_add(text, "the first line has no beginning and was left out\n");
	if (report->last_line_cut)
		text_add(text, "the last line has no end and was left out\n");
}

/* Nothing in a text says how large a page was; all that it can say is how large one may have been. */
static void add_granule(const struct import_report *report, struct text *text)
{
	uint64_t most = report->granule_bytes < IMPORT_PAGE_BYTES_MAX ? report->granule_bytes : IMPORT_PAGE_BYTES_MAX;
	char found[YAML_SIZE_BYTES];
	if (report->page_bytes > IMPORT_PAGE_BYTES_MIN || most < GRANULE_TOLD * IMPORT_PAGE_BYTES_MIN)
		return;
	text_add(text,
		 "every address and size is a multiple of %s, and pages of 4KiB were taken: where the kernel had others "
		 "(arm64, ppc64), --page tells which\n",
		 yaml_size_text(found, most));
}

void import_report_add(const struct import_report *report, struct text *text)
{
	text_add(text, "%llu lines: %llu events used, %llu lines of other kinds, %u domain%s\n",
		 (unsigned long long)report->lines, (unsigned long long)report->used_events,
		 (unsigned long long)report->other_lines, report->domains, report->domains == 1 ? "" : "s");
	if (report->level[0])
		text_add(text, "events of %s", report->level);
	if (report->level[0] && report->weaker_events)
		text_add(text, ", the best that is in it; %llu of %s left out", (unsigned long long)report->weaker_events,
			 report->weaker);
	if (report->level[0])
		text_add(text, "\n");
	for (uint32_t i = 0; i < report->domains && i < RECORDING_DOMAINS_MAX; i++)
		if (report->domain_names[i][0])
			text_add(text, "domain %u: %s\n", i, report->domain_names[i]);
	if (report->from_maps)
		add_map_facts(report, text);
	else
		add_exact_facts(report, text);
	add_granule(report, text);
	add_fact(text, report->ended_ranges, "ranges that ended with their domain");
	add_fact(text, report->outside, "events before or behind the time that was asked for");
	add_fact(text, report->cpuless, "events whose CPU nobody tells, all put on CPU 0");
	add_fact(text, report->foreign_events, "events of the same name from another group, passed over");
	add_losses(report, text);
}
