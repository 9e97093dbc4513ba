/* SPDX-License-Identifier: MIT */
#include "result/parts.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 64

/* ---- figures ---- */

/* The object in which the last part of a path stands, made on the way when make is set; *leaf is that last part. */
static json_t *metric_parent(struct json_writer *writer, json_t *object, const char *path, const char **leaf)
{
	for (const char *dot = strchr(path, '.'); dot; path = dot + 1, dot = strchr(path, '.')) {
		char key[KEY_BYTES];
		snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
		json_t *child = json_object_get(object, key);
		if (!json_is_object(child))
			child = json_put_object(writer, object, key);
		object = child;
	}
	*leaf = path;
	return object;
}

static bool is_first_failure(enum metric metric)
{
	static const char path[] = "failures.first.";
	return strncmp(metric_table[metric].path, path, sizeof path - 1) == 0;
}

static const char *reason_text(const struct result_figures *figures, enum metric metric)
{
	unsigned reason = figures->reason[metric];
	return result_reason_text[reason < RESULT_REASON_COUNT ? reason : RESULT_REASON_NOT_MEASURED];
}

/* Without a failure there is no "first": one null says it. */
static void write_no_first_failure(struct json_writer *writer, json_t *object, const struct result_figures *figures,
				   bool all)
{
	bool measured = figures->reason[METRIC_FIRST_FAILURE_OP] != RESULT_REASON_NOT_MEASURED;
	const char *leaf;
	if (!measured && !all)
		return;
	json_t *failures = metric_parent(writer, object, "failures.first", &leaf);
	json_put(writer, failures, "first", json_null());
	json_put_text(writer, failures, "first_reason", reason_text(figures, METRIC_FIRST_FAILURE_OP));
}

void parts_write_figures(struct json_writer *writer, json_t *object, const struct result_figures *figures, bool all)
{
	bool failed_once = isfinite(figures->value[METRIC_FIRST_FAILURE_OP]) ||
			   isfinite(figures->value[METRIC_FIRST_FAILURE_LIVE_PAGES]) ||
			   isfinite(figures->value[METRIC_FIRST_FAILURE_OCCUPANCY]) ||
			   isfinite(figures->value[METRIC_FIRST_FAILURE_INDEX]);
	for (int i = 0; i < METRIC_COUNT; i++) {
		enum metric metric = (enum metric)i;
		double value = figures->value[metric];
		const char *leaf;
		if (is_first_failure(metric) && !failed_once) {
			if (metric == METRIC_FIRST_FAILURE_OP)
				write_no_first_failure(writer, object, figures, all);
			continue;
		}
		if (!all && !isfinite(value) && figures->reason[metric] == RESULT_REASON_NOT_MEASURED)
			continue;
		json_t *parent = metric_parent(writer, object, metric_table[metric].path, &leaf);
		json_put_double(writer, parent, leaf, value);
		if (isfinite(value))
			continue;
		char key[KEY_BYTES];
		snprintf(key, sizeof key, "%s_reason", leaf);
		json_put_text(writer, parent, key, reason_text(figures, metric));
	}
}

enum result_reason parts_reason_of(const json_t *text)
{
	const char *value = json_string_value(text);
	for (unsigned i = 0; value && i < RESULT_REASON_COUNT; i++)
		if (strcmp(result_reason_text[i], value) == 0)
			return (enum result_reason)i;
	return RESULT_REASON_NOT_MEASURED;
}

static void read_metric(struct json_reader *reader, const struct json_at *object, const char *path, double *value,
			unsigned char *reason)
{
	char key[KEY_BYTES + 8];
	struct json_at at = {object, path, 0, object->value};
	const json_t *parent = object->value;
	for (const char *part = path; part; part = strchr(part, '.') ? strchr(part, '.') + 1 : NULL) {
		if (!json_is_object(at.value)) {
			if (at.value && !json_is_null(at.value))
				json_fail(reader, &at, "must stand in an object");
			break;
		}
		snprintf(key, sizeof key, "%.*s", (int)strcspn(part, "."), part);
		parent = at.value;
		at.value = json_object_get(at.value, key);
	}
	*value = (double)NAN;
	if (at.value)
		*value = json_double_at(reader, &at);
	if (at.value && !isfinite(*value)) {
		strcat(key, "_reason");
		*reason = (unsigned char)parts_reason_of(json_object_get(parent, key));
	}
}

/* As older documents name them. */
static const struct {
	enum metric metric;
	const char *path;
} older_paths[] = {{METRIC_CLEAN_NS_PER_OP, "throughput.untainted_ns_per_op"}};

/* Documents of before there was largest_servable_pages counted free runs in the pieces that the allocator kept. */
static void forget_pieces(const struct json_at *object, struct result_figures *figures)
{
	static const enum metric runs[] = {METRIC_FREE_EXTENTS, METRIC_LARGEST_FREE_PAGES, METRIC_OUTSIDE_LARGEST,
					   METRIC_FIRST_FAILURE_LARGEST_FREE_PAGES};
	if (json_object_get(json_object_get(object->value, "fragmentation"), "largest_servable_pages"))
		return;
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
		if (isfinite(figures->value[runs[i]]))
			result_set_null(figures, runs[i], RESULT_REASON_PIECES);
}

void parts_read_figures(struct json_reader *reader, const struct json_at *object, struct result_figures *figures)
{
	result_figures_clear(figures);
	for (int i = 0; i < METRIC_COUNT && !reader->failed; i++)
		read_metric(reader, object, metric_table[i].path, &figures->value[i], &figures->reason[i]);
	for (size_t i = 0; i < sizeof older_paths / sizeof older_paths[0] && !reader->failed; i++)
		if (isnan(figures->value[older_paths[i].metric]))
			read_metric(reader, object, older_paths[i].path, &figures->value[older_paths[i].metric],
				    &figures->reason[older_paths[i].metric]);
	forget_pieces(object, figures);
}

/* ---- histograms ---- */

void parts_write_histogram(struct json_writer *writer, json_t *object, const struct result_histogram *histogram)
{
	json_put_u64(writer, object, "min", histogram->min);
	json_put_u64(writer, object, "max", histogram->max);
	json_put_u64(writer, object, "dropped", histogram->dropped);
	json_t *buckets = json_put_array(writer, object, "buckets");
	for (size_t i = 0; i < histogram->count; i++) {
		json_t *bucket = json_append_array(writer, buckets);
		json_append(writer, bucket, json_u64(histogram->values[i]));
		json_append(writer, bucket, json_u64(histogram->samples[i]));
	}
}

void parts_read_histogram(struct json_reader *reader, const struct json_at *object, struct result_histogram *histogram)
{
	size_t count;
	histogram->min = json_read_u64(reader, object, "min", UINT64_MAX);
	histogram->max = json_read_u64(reader, object, "max", UINT64_MAX);
	histogram->dropped = json_read_u64(reader, object, "dropped", UINT64_MAX);
	struct json_at buckets = json_array_child(reader, object, "buckets", PARTS_COUNT_MAX, &count);
	histogram->values = json_room(reader, count, sizeof *histogram->values);
	histogram->samples = json_room(reader, count, sizeof *histogram->samples);
	uint64_t total = histogram->dropped;
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at bucket = json_element(&buckets, i);
		if (json_array_size(bucket.value) != 2) {
			json_fail(reader, &bucket, "must be [value, samples]");
			return;
		}
		struct json_at value = json_element(&bucket, 0), samples = json_element(&bucket, 1);
		histogram->values[i] = json_u64_at(reader, &value, UINT64_MAX);
		histogram->samples[i] = json_u64_at(reader, &samples, UINT64_MAX);
		if (i > 0 && histogram->values[i] <= histogram->values[i - 1])
			json_fail(reader, &value, "must be larger than the bucket before");
		if (__builtin_add_overflow(total, histogram->samples[i], &total))
			json_fail(reader, &samples, "makes more samples than can be counted");
	}
	histogram->count = count;
}

/* ---- series ---- */

void parts_write_series(struct json_writer *writer, json_t *object, const char *key, const struct result_series_row *rows,
			size_t count)
{
	json_t *table = json_put_object(writer, object, key);
	json_t *columns = json_put_array(writer, table, "columns");
	json_append(writer, columns, json_text("phase"));
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
		json_append(writer, columns, json_text(result_series_name[i]));
	json_t *list = json_put_array(writer, table, "rows");
	for (size_t i = 0; i < count; i++) {
		json_t *row = json_append_array(writer, list);
		json_append(writer, row, json_u64(rows[i].phase));
		for (size_t j = 0; j < RESULT_SERIES_COUNT; j++)
			json_append(writer, row, json_double(rows[i].value[j]));
	}
}

/* Which element of a row each column is; -1: none (written before there was such a column). */
static void read_columns(struct json_reader *reader, const struct json_at *table, size_t *width,
			 int position[RESULT_SERIES_COUNT])
{
	struct json_at columns = json_array_child(reader, table, "columns", 256, width);
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
		position[i] = -1;
	for (size_t j = 0; j < *width; j++) {
		struct json_at column = json_element(&columns, j);
		const char *name = json_string_value(column.value);
		if (!name || (j == 0) != (strcmp(name, "phase") == 0)) {
			json_fail(reader, &column, j ? "must be the name of a column" : "must be \"phase\"");
			return;
		}
		for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
			if (strcmp(result_series_name[i], name) == 0)
				position[i] = (int)j;
	}
}

void parts_read_series(struct json_reader *reader, const struct json_at *object, const char *key, size_t phase_count,
		       struct result_series_row **rows, size_t *count)
{
	size_t width, row_count;
	int position[RESULT_SERIES_COUNT];
	struct json_at table = json_object_child(reader, object, key);
	read_columns(reader, &table, &width, position);
	struct json_at list = json_array_child(reader, &table, "rows", PARTS_COUNT_MAX, &row_count);
	*rows = json_room(reader, row_count, sizeof **rows);
	for (size_t i = 0; i < row_count && !reader->failed; i++) {
		struct json_at row = json_element(&list, i);
		if (json_array_size(row.value) != width || width == 0) {
			json_fail(reader, &row, "must be an array with one element per column");
			return;
		}
		struct json_at phase = json_element(&row, 0);
		(*rows)[i].phase = (uint32_t)json_u64_at(reader, &phase, UINT32_MAX);
		if ((*rows)[i].phase >= phase_count)
			json_fail(reader, &phase, "must be the index of a phase");
		for (size_t j = 0; j < RESULT_SERIES_COUNT; j++) {
			struct json_at cell = json_element(&row, position[j] < 0 ? 0 : (size_t)position[j]);
			(*rows)[i].value[j] = position[j] < 0 ? (double)NAN : json_double_at(reader, &cell);
		}
	}
	*count = row_count;
}

/* ---- domains and plain numbers ---- */

void parts_write_domains(struct json_writer *writer, json_t *object, const char *key, const struct result_domain *domains,
			 size_t count)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++) {
		char number[24];
		snprintf(number, sizeof number, "%zu", i);
		json_t *domain = json_append_object(writer, array);
		json_put_text(writer, domain, "name", *domains[i].name ? domains[i].name : number);
		json_put_hex(writer, domain, "first", domains[i].first);
		json_put_u64(writer, domain, "count", domains[i].count);
		parts_write_figures(writer, domain, &domains[i].figures, false);
	}
}

void parts_read_domains(struct json_reader *reader, const struct json_at *object, const char *key,
			struct result_domain **domains, size_t *count)
{
	size_t found;
	struct json_at array = json_array_child(reader, object, key, PARTS_COUNT_MAX, &found);
	*domains = json_room(reader, found, sizeof **domains);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at element = json_element(&array, i);
		char *name = json_read_text(reader, &element, "name");
		snprintf((*domains)[i].name, sizeof(*domains)[i].name, "%s", name ? name : "");
		memory_release(name);
		(*domains)[i].first = json_read_u64(reader, &element, "first", PARTS_PAGES_MAX);
		(*domains)[i].count = json_read_u64(reader, &element, "count", PARTS_PAGES_MAX);
		parts_read_figures(reader, &element, &(*domains)[i].figures);
	}
	*count = found;
}

void parts_write_doubles(struct json_writer *writer, json_t *object, const char *key, const double *values, size_t count)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		json_append(writer, array, json_double(values[i]));
}

void parts_read_doubles(struct json_reader *reader, const struct json_at *object, const char *key, double **values,
			size_t *count)
{
	size_t found;
	struct json_at array = json_array_child(reader, object, key, PARTS_COUNT_MAX, &found);
	*values = json_room(reader, found, sizeof **values);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at element = json_element(&array, i);
		(*values)[i] = json_double_at(reader, &element);
	}
	*count = found;
}

/* ---- release ---- */

void parts_release_histogram(struct result_histogram *histogram)
{
	memory_release(histogram->values);
	memory_release(histogram->samples);
}
