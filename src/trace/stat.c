/* SPDX-License-Identifier: MIT */
#include "trace/stat.h"

#include "base/json.h"
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct range {
	uint32_t pages;
	uint32_t cpu;
};

static void note_refusal(struct recording_stat *stat, size_t index, const struct recording_op *op, bool altogether,
			 uint64_t live_pages)
{
	if (altogether)
		stat->refused++;
	else
		stat->retried++;
	if (stat->refusal_count < STAT_REFUSALS_MAX)
		stat->refusals[stat->refusal_count++] = (struct stat_refusal){
			.op = index, .pages = op->count, .live_pages = live_pages, .altogether = altogether};
}

static void count_alloc(struct recording_stat *stat, const struct recording_op *op, struct range *range)
{
	*range = (struct range){op->count, op->cpu};
	stat->allocs++;
	stat->domain_allocs[op->domain]++;
	stat->pages += op->count;
	if (op->count > stat->pages_max)
		stat->pages_max = op->count;
	if (++stat->live_at_end > stat->peak_live)
		stat->peak_live = stat->live_at_end;
	stat->live_pages_at_end += op->count;
	if (stat->live_pages_at_end > stat->peak_live_pages)
		stat->peak_live_pages = stat->live_pages_at_end;
}

int recording_stat(const struct recording *recording, struct recording_stat *stat, struct error *error)
{
	assert(recording->domain_count <= RECORDING_DOMAINS_MAX && recording->limits_count <= RECORDING_LIMITS_MAX);
	*stat = (struct recording_stat){
		.ops = recording->op_count, .domains = recording->domain_count, .cpus = recording->cpus};
	struct range *ranges = memory_zeroed(recording->slot_count, sizeof *ranges);
	if (!ranges)
		return error_set(error, EXIT_CODE_IO, "no memory for the figures of a recording");
	for (size_t i = 0; i < recording->op_count; i++) {
		const struct recording_op *op = &recording->ops[i];
		struct range *range = &ranges[op->slot];
		if (op->count == 0) {
			stat->frees++;
			stat->frees_other_cpu += op->cpu != range->cpu;
			stat->live_at_end--;
			stat->live_pages_at_end -= range->pages;
			continue;
		}
		stat->limits_demands[op->limits]++;
		bool altogether = op->refused == recording->limits[op->limits].count;
		if (op->refused)
			note_refusal(stat, i, op, altogether, stat->live_pages_at_end);
		if (!altogether)
			count_alloc(stat, op, range);
	}
	if (stat->allocs)
		stat->pages_mean = (double)stat->pages / (double)stat->allocs;
	memory_release(ranges);
	return 0;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void add_limits(struct text *text, const struct recording_limits *limits, const char *separator)
{
	for (size_t i = 0; i < limits->count; i++)
		text_add(text, "%s0x%llx", i ? separator : "", (unsigned long long)limits->high[i]);
}

static void add_row(struct text *text, const char *label, unsigned long long value, const char *unit)
{
	text_add(text, "  %-26s %12llu%s%s\n", label, value, *unit ? " " : "", unit);
}

static double mib(const struct recording *recording, uint64_t pages)
{
	return (double)pages * recording_page_bytes(recording) / (1 << 20);
}

static void add_refusals(const struct recording_stat *stat, const struct recording *recording, struct text *text)
{
	for (size_t i = 0; i < stat->refusal_count; i++) {
		const struct stat_refusal *refusal = &stat->refusals[i];
		text_add(text, "  op %zu: %u pages refused at %.1f MiB live, %s\n", refusal->op, refusal->pages,
			 mib(recording, refusal->live_pages),
			 refusal->altogether ? "altogether" : "granted with a wider limit");
	}
	uint64_t more = stat->refused + stat->retried - stat->refusal_count;
	if (more)
		text_add(text, "  … and %llu more\n", (unsigned long long)more);
}

void recording_stat_add(const struct recording_stat *stat, const struct recording *recording, const char *name,
			struct text *text)
{
	text_add(text, "%s\n", name);
	add_row(text, "operations", stat->ops, "");
	add_row(text, "allocations", stat->allocs, "");
	add_row(text, "frees", stat->frees, "");
	text_add(text, "  %-26s %12.2f pages\n", "size, mean", stat->pages_mean);
	add_row(text, "size, largest", stat->pages_max, "pages");
	add_row(text, "live at peak", stat->peak_live, "ranges");
	text_add(text, "  %-26s %12.1f MiB\n", "live at peak", mib(recording, stat->peak_live_pages));
	add_row(text, "live at the end", stat->live_at_end, "ranges");
	text_add(text, "  %-26s %12.1f MiB\n", "live at the end", mib(recording, stat->live_pages_at_end));
	text_add(text, "  %-26s %12.1f %%\n", "freed on another CPU", 100 * share(stat->frees_other_cpu, stat->frees));
	add_row(text, "CPUs", stat->cpus, "");
	add_row(text, "domains", stat->domains, "");
	for (uint32_t i = 0; i < stat->domains && stat->domains > 1; i++)
		text_add(text, "    %-24u %12llu allocations\n", i, (unsigned long long)stat->domain_allocs[i]);
	add_row(text, "lists of limits", recording->limits_count, "");
	for (size_t i = 0; i < recording->limits_count; i++) {
		struct text limits = {0};
		add_limits(&limits, &recording->limits[i], ", then ");
		text_add(text, "    %-24s %12llu demands\n", limits.bytes ? limits.bytes : "",
			 (unsigned long long)stat->limits_demands[i]);
		text->failed |= limits.failed;
		text_release(&limits);
	}
	add_row(text, "retried with a wider limit", stat->retried, "");
	add_row(text, "refused altogether", stat->refused, "");
	add_refusals(stat, recording, text);
	if (recording_page_bytes(recording) != RECORDING_PAGE_BYTES_MIN)
		add_row(text, "page", recording_page_bytes(recording) / 1024, "KiB");
	for (int i = 0; i < RECORDING_FACTS; i++)
		if (recording->facts[i])
			add_row(text, recording_facts[i].label, recording->facts[i], "");
}

static void put_lists(struct json_writer *writer, json_t *object, const struct recording_stat *stat,
		      const struct recording *recording)
{
	json_t *domains = json_put_array(writer, object, "domains");
	for (uint32_t i = 0; i < stat->domains; i++)
		json_put_u64(writer, json_append_object(writer, domains), "allocs", stat->domain_allocs[i]);
	json_t *lists = json_put_array(writer, object, "limits");
	for (size_t i = 0; i < recording->limits_count; i++) {
		json_t *list = json_append_object(writer, lists);
		json_t *highs = json_put_array(writer, list, "high_pages");
		for (size_t n = 0; n < recording->limits[i].count; n++) {
			char high[24];
			snprintf(high, sizeof high, "0x%llx", (unsigned long long)recording->limits[i].high[n]);
			json_append(writer, highs, json_text(high));
		}
		json_put_u64(writer, list, "demands", stat->limits_demands[i]);
	}
	json_t *refusals = json_put_array(writer, object, "refusals");
	for (size_t i = 0; i < stat->refusal_count; i++) {
		const struct stat_refusal *refusal = &stat->refusals[i];
		json_t *entry = json_append_object(writer, refusals);
		json_put_u64(writer, entry, "op", refusal->op);
		json_put_u64(writer, entry, "pages", refusal->pages);
		json_put_u64(writer, entry, "live_pages", refusal->live_pages);
		json_put(writer, entry, "altogether", json_boolean(refusal->altogether));
	}
}

int recording_stat_add_json(const struct recording_stat *stat, const struct recording *recording,
			    const struct recording_shape *shape, const char *name, struct text *text, struct error *error)
{
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{"ops", stat->ops},
		{"allocs", stat->allocs},
		{"frees", stat->frees},
		{"allocated_pages", stat->pages},
		{"size_max_pages", stat->pages_max},
		{"peak_live", stat->peak_live},
		{"peak_live_pages", stat->peak_live_pages},
		{"live_at_end", stat->live_at_end},
		{"live_at_end_pages", stat->live_pages_at_end},
		{"frees_other_cpu", stat->frees_other_cpu},
		{"cpus", stat->cpus},
		{"retried", stat->retried},
		{"refused", stat->refused},
	};
	struct json_writer writer = {0};
	json_prepare();
	json_t *object = json_object();
	json_put_text(&writer, object, "schema", "iovabench.trace_stat/1");
	json_put_text(&writer, object, "name", name);
	json_put_hex(&writer, object, "hash", recording->hash);
	json_put_u64(&writer, object, "page_bytes", recording_page_bytes(recording));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		json_put_u64(&writer, object, numbers[i].key, numbers[i].value);
	json_put_double(&writer, object, "size_mean_pages", stat->pages_mean);
	put_lists(&writer, object, stat, recording);
	for (int i = 0; i < RECORDING_FACTS; i++)
		if (recording->facts[i])
			json_put_u64(&writer, object, recording_facts[i].key, recording->facts[i]);
	if (shape)
		recording_shape_put(shape, &writer, json_put_object(&writer, object, "shape"));
	return json_finish(&writer, object, true, name, text, error);
}
