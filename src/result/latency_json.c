/* SPDX-License-Identifier: MIT
 * Latencies beyond the percentiles of a kind: their classes, their intervals, the worst of them. */
#include "result/parts.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#define KEY_BYTES 64

void parts_put_none(struct json_writer *writer, json_t *object, const char *key, const char *reason)
{
	char reason_key[KEY_BYTES];
	snprintf(reason_key, sizeof reason_key, "%s_reason", key);
	json_put(writer, object, key, json_null());
	json_put_text(writer, object, reason_key, reason);
}

static void put_double_or(struct json_writer *writer, json_t *object, const char *key, double value, const char *reason)
{
	if (isfinite(value))
		json_put_double(writer, object, key, value);
	else
		parts_put_none(writer, object, key, reason);
}

/* What is missing or null is NaN. */
static double read_double_or_none(struct json_reader *reader, const struct json_at *object, const char *key)
{
	struct json_at value = json_child_optional(reader, object, key);
	return value.value ? json_double_at(reader, &value) : (double)NAN;
}

static enum result_taint read_taint(struct json_reader *reader, const struct json_at *object, const char *key)
{
	struct json_at value = json_child_optional(reader, object, key);
	if (!value.value || json_is_null(value.value))
		return RESULT_TAINT_UNKNOWN;
	return (enum result_taint)(1 +
				   json_read_choice(reader, object, key, result_taint_name + 1, RESULT_TAINT_COUNT - 1));
}

/* ---- the largest ---- */

void parts_write_max(struct json_writer *writer, json_t *object, const char *clean_key, enum result_taint taint,
		     double clean)
{
	static const char not_looked[] = "nobody looked";
	if (taint == RESULT_TAINT_UNKNOWN)
		parts_put_none(writer, object, "max_taint", not_looked);
	else
		json_put_text(writer, object, "max_taint", result_taint_name[taint]);
	put_double_or(writer, object, clean_key, clean,
		      taint == RESULT_TAINT_UNKNOWN ? not_looked : "none was without taint");
}

void parts_read_max(struct json_reader *reader, const struct json_at *object, const char *clean_key,
		    enum result_taint *taint, double *clean)
{
	*taint = read_taint(reader, object, "max_taint");
	*clean = read_double_or_none(reader, object, clean_key);
}

/* ---- intervals ---- */

void parts_write_over_processes(struct json_writer *writer, json_t *object,
				const struct result_over_processes over[METRIC_PERCENTILES])
{
	static const char few[] = "too few processes for an interval of 95 %";
	json_t *all = json_put_object(writer, object, "over_processes");
	for (size_t i = 0; i < METRIC_PERCENTILES; i++) {
		if (!over[i].processes) {
			parts_put_none(writer, all, metric_percentile_key[i], "no process had 10 samples above it");
			continue;
		}
		json_t *one = json_put_object(writer, all, metric_percentile_key[i]);
		json_put_double(writer, one, "median_ns", over[i].median_ns);
		put_double_or(writer, one, "ci_low_ns", over[i].ci_low_ns, few);
		put_double_or(writer, one, "ci_high_ns", over[i].ci_high_ns, few);
		json_put_u64(writer, one, "processes", over[i].processes);
	}
}

void parts_read_over_processes(struct json_reader *reader, const struct json_at *object,
			       struct result_over_processes over[METRIC_PERCENTILES])
{
	struct json_at all = json_child_optional(reader, object, "over_processes");
	for (size_t i = 0; i < METRIC_PERCENTILES; i++) {
		over[i] = (struct result_over_processes){(double)NAN, (double)NAN, (double)NAN, 0};
		struct json_at one = {0};
		if (all.value)
			one = json_child(reader, &all, metric_percentile_key[i]);
		if (reader->failed || !one.value || json_is_null(one.value))
			continue;
		over[i].median_ns = json_read_double(reader, &one, "median_ns");
		over[i].ci_low_ns = json_read_double(reader, &one, "ci_low_ns");
		over[i].ci_high_ns = json_read_double(reader, &one, "ci_high_ns");
		over[i].processes = (uint32_t)json_read_u64(reader, &one, "processes", UINT32_MAX);
	}
}

/* ---- the worst ---- */

static void write_sample(struct json_writer *writer, json_t *object, const struct result_sample *sample, const char *unit)
{
	json_put_u64(writer, object, "round", sample->round);
	json_put_u64(writer, object, "thread", sample->thread);
	json_put_u64(writer, object, "operation", sample->operation);
	json_put_text(writer, object, "kind", metric_kind_name[sample->kind]);
	if (sample->request)
		json_put_text(writer, object, "request", sample->request);
	else
		parts_put_none(writer, object, "request", "only an allocation names one");
	if (sample->pages)
		json_put_u64(writer, object, "pages", sample->pages);
	else
		parts_put_none(writer, object, "pages", "not known of polls, and of what is freed by a handle or received");
	json_put_u64(writer, object, "cpu", sample->cpu);
	json_put_double(writer, object, unit, sample->latency);
	json_put_text(writer, object, "taint", result_taint_name[sample->taint]);
	put_double_or(writer, object, "steps", sample->steps, result_reason_text[sample->no_steps]);
}

void parts_write_samples(struct json_writer *writer, json_t *object, const char *key, const struct result_sample *samples,
			 size_t count, const char *unit)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		write_sample(writer, json_append_object(writer, array), &samples[i], unit);
}

static void read_sample(struct json_reader *reader, const struct json_at *at, struct result_sample *sample,
			const char *unit)
{
	sample->round = (uint32_t)json_read_u64(reader, at, "round", UINT32_MAX);
	sample->thread = (uint32_t)json_read_u64(reader, at, "thread", UINT32_MAX);
	sample->operation = json_read_u64(reader, at, "operation", UINT64_MAX);
	sample->kind = (enum metric_kind)json_read_choice(reader, at, "kind", metric_kind_name, METRIC_KIND_COUNT);
	sample->request = json_read_text_or_null(reader, at, "request");
	struct json_at pages = json_child(reader, at, "pages");
	if (!json_is_null(pages.value))
		sample->pages = json_u64_at(reader, &pages, PARTS_PAGES_MAX);
	sample->cpu = (uint32_t)json_read_u64(reader, at, "cpu", UINT32_MAX);
	sample->latency = json_read_double(reader, at, unit);
	sample->taint = (enum result_taint)(
		1 + json_read_choice(reader, at, "taint", result_taint_name + 1, RESULT_TAINT_COUNT - 1));
	sample->steps = json_read_double(reader, at, "steps");
	if (!isfinite(sample->steps))
		sample->no_steps = parts_reason_of(json_object_get(at->value, "steps_reason"));
}

void parts_read_samples(struct json_reader *reader, const struct json_at *object, const char *key,
			struct result_sample **samples, size_t *count, const char *unit)
{
	size_t found;
	struct json_at array = json_array_child(reader, object, key, RESULT_WORST_MAX, &found);
	*samples = json_room(reader, found, sizeof **samples);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at element = json_element(&array, i);
		*count = i + 1;
		read_sample(reader, &element, &(*samples)[i], unit);
	}
}

/* ---- classes ---- */

static void write_class(struct json_writer *writer, json_t *object, const struct result_latency_class *class)
{
	json_put_text(writer, object, "by", result_class_by_name[class->by]);
	json_put_text(writer, object, "name", class->name);
	json_put_text(writer, object, "kind", metric_kind_name[class->kind]);
	json_put_u64(writer, object, "count", class->count);
	json_put_double(writer, object, "resolution_ns", class->resolution_ns);
	json_put_double(writer, object, "max_ns", class->max_ns);
	parts_write_max(writer, object, "max_clean_ns", class->max_taint, class->max_clean_ns);
	parts_write_over_processes(writer, object, class->over_processes);
}

void parts_write_classes(struct json_writer *writer, json_t *object, const struct result_phase *phase)
{
	if (!phase || !phase->has_classes) {
		parts_put_none(writer, object, "latency_classes", "not measured");
		parts_put_none(writer, object, "worst_samples", "not measured");
		return;
	}
	json_t *array = json_put_array(writer, object, "latency_classes");
	for (size_t i = 0; i < phase->class_count; i++)
		write_class(writer, json_append_object(writer, array), &phase->classes[i]);
	parts_write_samples(writer, object, "worst_samples", phase->worst, phase->worst_count, "ns");
}

static void read_class(struct json_reader *reader, const struct json_at *at, struct result_latency_class *class)
{
	class->by = (enum result_class_by)json_read_choice(reader, at, "by", result_class_by_name, RESULT_BY_COUNT);
	class->name = json_read_text(reader, at, "name");
	class->kind = (enum metric_kind)json_read_choice(reader, at, "kind", metric_kind_name, METRIC_KIND_COUNT);
	class->count = json_read_u64(reader, at, "count", UINT64_MAX);
	class->resolution_ns = json_read_double(reader, at, "resolution_ns");
	class->max_ns = json_read_double(reader, at, "max_ns");
	parts_read_max(reader, at, "max_clean_ns", &class->max_taint, &class->max_clean_ns);
	parts_read_over_processes(reader, at, class->over_processes);
}

void parts_read_classes(struct json_reader *reader, const struct json_at *object, struct result_phase *phase)
{
	struct json_at classes = json_child_optional(reader, object, "latency_classes");
	size_t count;
	phase->has_classes = classes.value && !json_is_null(classes.value);
	if (!phase->has_classes)
		return;
	classes = json_array_child(reader, object, "latency_classes", PARTS_COUNT_MAX, &count);
	phase->classes = json_room(reader, count, sizeof *phase->classes);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at class = json_element(&classes, i);
		phase->class_count = i + 1;
		read_class(reader, &class, &phase->classes[i]);
	}
	parts_read_samples(reader, object, "worst_samples", &phase->worst, &phase->worst_count, "ns");
}
