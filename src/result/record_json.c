/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/json.h"
#include "result/parts.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const pass_name[] = {
	[RESULT_PASS_TIMED] = "timed", [RESULT_PASS_AUDIT] = "audit", [RESULT_PASS_PAIRED] = "paired"};
static const char *const side_name[] = {[RESULT_SIDE_ARM] = "arm", [RESULT_SIDE_AGAINST] = "against"};
static const char *const backing_key[] = {[RESULT_SIDE_ARM] = "arm_backing", [RESULT_SIDE_AGAINST] = "against_backing"};

void result_record_release(struct result_record *record)
{
	for (size_t i = 0; i < record->phase_count; i++) {
		struct result_record_phase *phase = &record->phases[i];
		memory_release(phase->ns_per_op);
		memory_release(phase->clean_ns_per_op);
		memory_release(phase->cpu_ns_per_op);
		memory_release(phase->cells_ns_per_op);
		memory_release(phase->cells_operations);
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
			parts_release_histogram(&phase->latency[kind]);
		for (size_t class = 0; class < phase->class_count; class ++)
			memory_release(phase->classes[class].name);
		memory_release(phase->classes);
		result_samples_release(phase->worst, phase->worst_count);
	}
	memory_release(record->phases);
	memory_release(record->workload);
	memory_release(record->spec);
	memory_release(record->against);
	memory_release(record->message);
	result_violations_release(record->violations, record->violation_count);
	memory_release(record->plugin_about);
	memory_release(record->notes);
	memory_release(record->distrust);
	memory_release(record->series);
	parts_release_maps(record->maps, record->map_count);
	result_heat_release(&record->heat);
	result_failures_release(record->failures, record->failure_count);
	memory_release(record->domains);
	*record = (struct result_record){0};
}

void result_record_note(struct result_record *record, const char *format, ...)
{
	char line[512];
	va_list arguments;
	struct text notes = {0};
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (record->notes && strstr(record->notes, line))
		return;
	text_add(&notes, "%s%s%s", record->notes ? record->notes : "", record->notes ? "\n" : "", line);
	if (notes.failed) {
		text_release(&notes);
		return;
	}
	memory_release(record->notes);
	record->notes = notes.bytes;
}

/* Of kinds that somebody looked at. */
static void write_latency_max(struct json_writer *writer, json_t *object, const struct result_record_phase *phase)
{
	json_t *all = json_put_object(writer, object, "latency_max");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		if (phase->latency_max[kind].taint != RESULT_TAINT_UNKNOWN)
			parts_write_max(writer, json_put_object(writer, all, metric_kind_name[kind]), "clean_ticks",
					phase->latency_max[kind].taint, phase->latency_max[kind].clean);
}

static void write_classes(struct json_writer *writer, json_t *object, const struct result_record_phase *phase)
{
	json_t *array = json_put_array(writer, object, "latency_classes");
	for (size_t i = 0; i < phase->class_count; i++) {
		const struct result_record_class *class = &phase->classes[i];
		json_t *one = json_append_object(writer, array);
		json_put_text(writer, one, "by", result_class_by_name[class->by]);
		json_put_text(writer, one, "name", class->name);
		json_put_text(writer, one, "kind", metric_kind_name[class->kind]);
		json_put_u64(writer, one, "count", class->count);
		parts_write_doubles(writer, one, "percentile_ticks", class->percentile, METRIC_PERCENTILES);
		json_put_u64(writer, one, "max_ticks", class->max);
		parts_write_max(writer, one, "clean_ticks", class->of_max.taint, class->of_max.clean);
	}
}

/* Two figures, one of each side. */
static void write_sides(struct json_writer *writer, json_t *object, const char *key, const double *values)
{
	parts_write_doubles(writer, object, key, values, RESULT_SIDES);
}

static void write_pairs(struct json_writer *writer, json_t *object, const char *key,
			const struct result_record_pairs *pairs)
{
	json_t *child = json_put_object(writer, object, key);
	write_sides(writer, child, "ns", pairs->ns);
	json_put_double(writer, child, "typical", pairs->typical);
	json_put_u64(writer, child, "pairs", pairs->pairs);
	json_put_u64(writer, child, "tainted", pairs->tainted);
	json_put_u64(writer, child, "operations", pairs->operations);
}

static void write_paired_phase(struct json_writer *writer, json_t *object, const struct result_record_phase *phase)
{
	write_pairs(writer, object, "pairs", &phase->pairs);
	write_pairs(writer, object, "pairs_long", &phase->pairs_long);
	write_pairs(writer, object, "pairs_interfered", &phase->pairs_interfered);
	write_sides(writer, object, "poll_ns", phase->poll_ns);
	json_put_double(writer, object, "equal_share", phase->equal_share);
	json_put_hex(writer, object, "arm_hash", phase->side_hash[RESULT_SIDE_ARM]);
	json_put_hex(writer, object, "against_hash", phase->side_hash[RESULT_SIDE_AGAINST]);
}

static void write_phase(struct json_writer *writer, json_t *object, const struct result_record_phase *phase)
{
	parts_write_doubles(writer, object, "ns_per_op", phase->ns_per_op, phase->iterations);
	parts_write_doubles(writer, object, "clean_ns_per_op", phase->clean_ns_per_op, phase->iterations);
	parts_write_doubles(writer, object, "cpu_ns_per_op", phase->cpu_ns_per_op, phase->iterations);
	parts_write_doubles(writer, object, "cells_ns_per_op", phase->cells_ns_per_op, phase->cell_count);
	parts_write_doubles(writer, object, "cells_operations", phase->cells_operations, phase->cell_count);
	json_put_u64(writer, object, "operations", phase->operations);
	json_put_u64(writer, object, "failures", phase->failures);
	json_put_u64(writer, object, "windows", phase->windows);
	json_put_u64(writer, object, "windows_tainted", phase->windows_tainted);
	json_put_u64(writer, object, "starved", phase->starved);
	json_put_u64(writer, object, "ring_full", phase->ring_full);
	json_put_double(writer, object, "latency_ns_per_op", phase->latency_ns_per_op);
	json_t *latency = json_put_object(writer, object, "latency_ticks");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		if (phase->latency[kind].count || phase->latency[kind].dropped)
			parts_write_histogram(writer, json_put_object(writer, latency, metric_kind_name[kind]),
					      &phase->latency[kind]);
	write_latency_max(writer, object, phase);
	write_classes(writer, object, phase);
	parts_write_samples(writer, object, "worst_samples", phase->worst, phase->worst_count, "ticks");
	parts_write_figures(writer, json_put_object(writer, object, "figures"), &phase->figures, false);
	json_put_hex(writer, object, "placement_hash", phase->placement_hash);
}

/* The end of a line, behind all that the checksum is of. */
#define SUM_FORMAT ",\"sum\":\"0x%016" PRIx64 "\"}"
#define SUM_BYTES 28

static void put_sum(struct text *line, size_t start)
{
	line->length -= strlen("}\n");
	text_add(line, SUM_FORMAT "\n", hash_bytes(HASH_START, line->bytes + start, line->length - start));
}

enum result_sum result_record_sum(const char *line, size_t length)
{
	assert(line || !length);
	static const char key[] = ",\"sum\":\"0x";
	char sum[SUM_BYTES + 1];
	length -= length && line[length - 1] == '\n';
	if (length < SUM_BYTES || memcmp(line + length - SUM_BYTES, key, sizeof key - 1) != 0)
		return RESULT_SUM_MISSING;
	length -= SUM_BYTES;
	snprintf(sum, sizeof sum, SUM_FORMAT, hash_bytes(HASH_START, line, length));
	return memcmp(line + length, sum, SUM_BYTES) == 0 ? RESULT_SUM_RIGHT : RESULT_SUM_WRONG;
}

static void write_paired(struct json_writer *writer, json_t *object, const struct result_record *record)
{
	json_put_text(writer, object, "against", record->against);
	json_put_text(writer, object, "side", side_name[record->side]);
	json_put_double(writer, object, "empty_pair_ns", record->empty_pair_ns);
	json_put_u64(writer, object, "window_words", record->window_words[0]);
	json_put_u64(writer, object, "window_words_long", record->window_words[1]);
	for (int side = 0; side < RESULT_SIDES; side++) {
		json_t *backing = json_put_object(writer, object, backing_key[side]);
		json_put_u64(writer, backing, "resident_bytes", record->resident_bytes[side]);
		json_put_u64(writer, backing, "huge_bytes", record->huge_bytes[side]);
	}
}

int result_record_write(const struct result_record *record, struct text *line, struct error *error)
{
	struct json_writer writer = {false};
	size_t start = line->length;
	json_prepare();
	json_t *object = json_object();
	json_put_hex(&writer, object, "key", record->key);
	json_put_text(&writer, object, "workload", record->workload ? record->workload : "");
	json_put_text(&writer, object, "spec", record->spec ? record->spec : "");
	json_put_text(&writer, object, "pass", pass_name[record->pass]);
	if (record->pass == RESULT_PASS_PAIRED)
		write_paired(&writer, object, record);
	json_put_u64(&writer, object, "round", record->round);
	json_put(&writer, object, "locked", json_boolean(record->locked));
	json_put(&writer, object, "ok", json_boolean(record->ok));
	json_put_u64(&writer, object, "exit_code", (uint64_t)record->exit_code);
	json_put_text(&writer, object, "owner", error_owner_name[record->owner]);
	json_put_text(&writer, object, "message", record->message);
	parts_write_violations(&writer, object, "violations", record->violations, record->violation_count);
	json_put_text(&writer, object, "plugin_about", record->plugin_about);
	json_put_text(&writer, object, "notes", record->notes);
	json_put_text(&writer, object, "distrust", record->distrust);
	json_put_hex(&writer, object, "stream_hash", record->stream_hash);
	json_put_u64(&writer, object, "peak_rss_bytes", record->peak_rss_bytes);
	json_put_u64(&writer, object, "clock_backward", record->clock_backward);
	json_t *phases = json_put_array(&writer, object, "phases");
	for (size_t i = 0; i < record->phase_count; i++) {
		json_t *phase = json_append_object(&writer, phases);
		if (record->pass == RESULT_PASS_PAIRED)
			write_paired_phase(&writer, phase, &record->phases[i]);
		else
			write_phase(&writer, phase, &record->phases[i]);
	}
	parts_write_series(&writer, object, "series", record->series, record->series_count);
	parts_write_maps(&writer, object, "address_maps", record->maps, record->map_count);
	if (record->heat.column_count)
		parts_write_heat_columns(&writer, json_put_object(&writer, object, "latency_heat_ticks"), &record->heat);
	parts_write_failures(&writer, object, "failures_by_request", record->failures, record->failure_count);
	parts_write_domains(&writer, object, "domains", record->domains, record->domain_count);
	if (json_finish(&writer, object, false, "record", line, error) < 0)
		return -1;
	put_sum(line, start);
	return line->failed ? error_set(error, EXIT_CODE_IO, "record: no memory to write it") : 0;
}

static void read_latency_max(struct json_reader *reader, const struct json_at *at, struct result_record_phase *phase)
{
	struct json_at all = json_object_child(reader, at, "latency_max");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT && !reader->failed; kind++) {
		struct json_at one = json_child_optional(reader, &all, metric_kind_name[kind]);
		phase->latency_max[kind].clean = (double)NAN;
		if (one.value)
			parts_read_max(reader, &one, "clean_ticks", &phase->latency_max[kind].taint,
				       &phase->latency_max[kind].clean);
	}
}

static void read_class(struct json_reader *reader, const struct json_at *at, struct result_record_class *class)
{
	double *percentile = NULL;
	size_t count;
	class->by = (enum result_class_by)json_read_choice(reader, at, "by", result_class_by_name, RESULT_BY_COUNT);
	class->name = json_read_text(reader, at, "name");
	class->kind = (enum metric_kind)json_read_choice(reader, at, "kind", metric_kind_name, METRIC_KIND_COUNT);
	class->count = json_read_u64(reader, at, "count", UINT64_MAX);
	parts_read_doubles(reader, at, "percentile_ticks", &percentile, &count);
	if (count != METRIC_PERCENTILES)
		json_fail(reader, at, "must have one element of percentile_ticks per percentile");
	else if (percentile)
		memcpy(class->percentile, percentile, sizeof class->percentile);
	memory_release(percentile);
	class->max = json_read_u64(reader, at, "max_ticks", UINT64_MAX);
	parts_read_max(reader, at, "clean_ticks", &class->of_max.taint, &class->of_max.clean);
}

static void read_classes(struct json_reader *reader, const struct json_at *at, struct result_record_phase *phase)
{
	size_t count;
	struct json_at array = json_array_child(reader, at, "latency_classes", PARTS_COUNT_MAX, &count);
	phase->classes = json_room(reader, count, sizeof *phase->classes);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at one = json_element(&array, i);
		phase->class_count = i + 1;
		read_class(reader, &one, &phase->classes[i]);
	}
}

static void read_iterations(struct json_reader *reader, const struct json_at *at, const char *key, double **values,
			    size_t iterations)
{
	char should[80];
	size_t count;
	parts_read_doubles(reader, at, key, values, &count);
	snprintf(should, sizeof should, "must have as many %s as ns_per_op", key);
	if (count != iterations)
		json_fail(reader, at, should);
}

static void set_unknown(struct json_reader *reader, double **values, size_t count)
{
	*values = json_room(reader, count, sizeof **values);
	for (size_t i = 0; *values && i < count; i++)
		(*values)[i] = (double)NAN;
}

/* In older records clean_ns_per_op has its older name, and there is no cpu_ns_per_op. */
static void read_phase(struct json_reader *reader, const struct json_at *at, struct result_record_phase *phase)
{
	size_t cells;
	parts_read_doubles(reader, at, "ns_per_op", &phase->ns_per_op, &phase->iterations);
	read_iterations(reader, at,
			json_object_get(at->value, "untainted_ns_per_op") ? "untainted_ns_per_op" : "clean_ns_per_op",
			&phase->clean_ns_per_op, phase->iterations);
	if (json_object_get(at->value, "cpu_ns_per_op") || reader->failed)
		read_iterations(reader, at, "cpu_ns_per_op", &phase->cpu_ns_per_op, phase->iterations);
	else
		set_unknown(reader, &phase->cpu_ns_per_op, phase->iterations);
	parts_read_doubles(reader, at, "cells_ns_per_op", &phase->cells_ns_per_op, &phase->cell_count);
	parts_read_doubles(reader, at, "cells_operations", &phase->cells_operations, &cells);
	if (cells != phase->cell_count)
		json_fail(reader, at, "must have as many cells_operations as cells_ns_per_op");
	phase->operations = json_read_u64(reader, at, "operations", UINT64_MAX);
	phase->failures = json_read_u64(reader, at, "failures", UINT64_MAX);
	phase->windows = json_read_u64(reader, at, "windows", UINT64_MAX);
	phase->windows_tainted = json_read_u64(reader, at, "windows_tainted", UINT64_MAX);
	phase->starved = json_read_u64(reader, at, "starved", UINT64_MAX);
	phase->ring_full = json_read_u64(reader, at, "ring_full", UINT64_MAX);
	phase->latency_ns_per_op = json_read_double(reader, at, "latency_ns_per_op");
	struct json_at latency = json_object_child(reader, at, "latency_ticks");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT && !reader->failed; kind++) {
		struct json_at histogram = json_child_optional(reader, &latency, metric_kind_name[kind]);
		if (histogram.value)
			parts_read_histogram(reader, &histogram, &phase->latency[kind]);
	}
	read_latency_max(reader, at, phase);
	read_classes(reader, at, phase);
	parts_read_samples(reader, at, "worst_samples", &phase->worst, &phase->worst_count, "ticks");
	struct json_at figures = json_object_child(reader, at, "figures");
	parts_read_figures(reader, &figures, &phase->figures);
	phase->placement_hash = json_read_u64(reader, at, "placement_hash", UINT64_MAX);
}

static void read_sides(struct json_reader *reader, const struct json_at *at, const char *key, double *values)
{
	size_t count;
	double *read = NULL;
	parts_read_doubles(reader, at, key, &read, &count);
	if (!reader->failed && count != RESULT_SIDES)
		json_fail(reader, at, "must have two figures in each list, one of each side");
	for (size_t side = 0; side < RESULT_SIDES && !reader->failed; side++)
		values[side] = read[side];
	memory_release(read);
}

static void read_pairs(struct json_reader *reader, const struct json_at *at, const char *key,
		       struct result_record_pairs *pairs)
{
	struct json_at child = json_object_child(reader, at, key);
	read_sides(reader, &child, "ns", pairs->ns);
	pairs->typical = json_read_double(reader, &child, "typical");
	pairs->pairs = json_read_u64(reader, &child, "pairs", UINT64_MAX);
	pairs->tainted = json_read_u64(reader, &child, "tainted", UINT64_MAX);
	pairs->operations = json_read_u64(reader, &child, "operations", UINT64_MAX);
}

static void read_paired_phase(struct json_reader *reader, const struct json_at *at, struct result_record_phase *phase)
{
	read_pairs(reader, at, "pairs", &phase->pairs);
	read_pairs(reader, at, "pairs_long", &phase->pairs_long);
	read_pairs(reader, at, "pairs_interfered", &phase->pairs_interfered);
	read_sides(reader, at, "poll_ns", phase->poll_ns);
	phase->equal_share = json_read_double(reader, at, "equal_share");
	phase->side_hash[RESULT_SIDE_ARM] = json_read_u64(reader, at, "arm_hash", UINT64_MAX);
	phase->side_hash[RESULT_SIDE_AGAINST] = json_read_u64(reader, at, "against_hash", UINT64_MAX);
}

static void read_paired(struct json_reader *reader, const struct json_at *at, struct result_record *record)
{
	record->against = json_read_text(reader, at, "against");
	record->side = (enum result_side)json_read_choice(reader, at, "side", side_name, RESULT_SIDES);
	record->empty_pair_ns = json_read_double(reader, at, "empty_pair_ns");
	record->window_words[0] = (uint32_t)json_read_u64(reader, at, "window_words", UINT32_MAX);
	record->window_words[1] = (uint32_t)json_read_u64(reader, at, "window_words_long", UINT32_MAX);
	for (int side = 0; side < RESULT_SIDES; side++) {
		struct json_at backing = json_object_child(reader, at, backing_key[side]);
		record->resident_bytes[side] = json_read_u64(reader, &backing, "resident_bytes", UINT64_MAX);
		record->huge_bytes[side] = json_read_u64(reader, &backing, "huge_bytes", UINT64_MAX);
	}
}

static void read_phases(struct json_reader *reader, const struct json_at *at, struct result_record *record)
{
	size_t count;
	struct json_at phases = json_array_child(reader, at, "phases", PARTS_COUNT_MAX, &count);
	record->phases = json_room(reader, count, sizeof *record->phases);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at phase = json_element(&phases, i);
		record->phase_count = i + 1;
		if (record->pass == RESULT_PASS_PAIRED)
			read_paired_phase(reader, &phase, &record->phases[i]);
		else
			read_phase(reader, &phase, &record->phases[i]);
	}
}

static enum exit_code read_exit_code(struct json_reader *reader, const struct json_at *at)
{
	struct json_at code = json_child(reader, at, "exit_code");
	uint64_t value = json_u64_at(reader, &code, EXIT_CODE_INTERRUPTED);
	if (value > EXIT_CODE_IO && value != EXIT_CODE_INTERRUPTED)
		json_fail(reader, &code, "is no exit code of this program");
	return (enum exit_code)value;
}

int result_record_read(const char *line, size_t length, struct result_record *record, struct error *error)
{
	assert(line || !length);
	struct json_reader reader = {.what = "record", .error = error};
	*record = (struct result_record){0};
	struct json_at at = {0}, sum = {&at, "sum", 0, NULL};
	enum result_sum found = result_record_sum(line, length);
	if (found == RESULT_SUM_WRONG) {
		json_fail(&reader, &sum, "is not that of the line: it was damaged, or changed");
		return -1;
	}
	json_t *document = json_parse(&reader, line, length);
	at.value = document;
	record->key = json_read_u64(&reader, &at, "key", UINT64_MAX);
	record->workload = json_read_text(&reader, &at, "workload");
	record->spec = json_read_text(&reader, &at, "spec");
	record->pass = (enum result_pass)json_read_choice(&reader, &at, "pass", pass_name, RESULT_PASS_COUNT);
	if (record->pass == RESULT_PASS_PAIRED)
		read_paired(&reader, &at, record);
	record->round = (uint32_t)json_read_u64(&reader, &at, "round", UINT32_MAX);
	record->locked = json_read_bool(&reader, &at, "locked");
	record->ok = json_read_bool(&reader, &at, "ok");
	record->exit_code = read_exit_code(&reader, &at);
	record->owner = (enum error_owner)json_read_choice(&reader, &at, "owner", error_owner_name, ERROR_OWNER_COUNT);
	record->message = json_read_text_or_null(&reader, &at, "message");
	parts_read_violations(&reader, &at, "violations", &record->violations, &record->violation_count);
	record->plugin_about = json_read_text_or_null(&reader, &at, "plugin_about");
	record->notes = json_read_text_or_null(&reader, &at, "notes");
	record->distrust = json_read_text_or_null(&reader, &at, "distrust");
	record->stream_hash = json_read_u64(&reader, &at, "stream_hash", UINT64_MAX);
	record->peak_rss_bytes = json_read_u64(&reader, &at, "peak_rss_bytes", UINT64_MAX);
	record->clock_backward = json_read_u64(&reader, &at, "clock_backward", UINT64_MAX);
	read_phases(&reader, &at, record);
	parts_read_series(&reader, &at, "series", record->phase_count, &record->series, &record->series_count);
	parts_read_maps(&reader, &at, "address_maps", &record->maps, &record->map_count);
	struct json_at heat = json_child_optional(&reader, &at, "latency_heat_ticks");
	if (heat.value)
		parts_read_heat_columns(&reader, &heat, RESULT_HEAT_BINS, &record->heat);
	parts_read_failures(&reader, &at, "failures_by_request", &record->failures, &record->failure_count);
	parts_read_domains(&reader, &at, "domains", &record->domains, &record->domain_count);
	if (found == RESULT_SUM_MISSING)
		json_fail(&reader, &sum, "is missing");
	json_decref(document);
	if (!reader.failed)
		return 0;
	result_record_release(record);
	return -1;
}
