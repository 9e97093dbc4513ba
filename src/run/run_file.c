/* SPDX-License-Identifier: MIT */
#include "run/run_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/json.h"
#include "result/looks.h"
#include "run/build.h"
#include "run/machine.h"
#include "run/settings.h"
#include "workload/portion.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIST_MAX ((size_t)100000)

int run_file_new(struct run_file *run_file, const struct run_options *options, struct error *error)
{
	assert(options->file_count && options->spec_count);
	time_t now = time(NULL);
	struct tm utc;
	char started[32], id[64], directory[4096];
	gmtime_r(&now, &utc);
	strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
	strftime(id, sizeof id, "%Y%m%dT%H%M%SZ", &utc);
	snprintf(id + strlen(id), sizeof id - strlen(id), "-%d", (int)getpid());
	*run_file = (struct run_file){.options = *options};
	if (!getcwd(directory, sizeof directory))
		return error_set(error, EXIT_CODE_IO, "cannot tell the current folder: %s", strerror(errno));
	if (!options->brief && build_hash(&run_file->build_hash, error) < 0)
		return -1;
	run_file->id = memory_text(id);
	run_file->started = memory_text(started);
	run_file->directory = memory_text(directory);
	run_file->cpu = machine_cpu_name();
	run_file->node = machine_node_id("");
	if (run_file->id && run_file->started && run_file->directory && run_file->cpu)
		return 0;
	run_file_release(run_file);
	return error_set(error, EXIT_CODE_IO, "no memory for a run");
}

void run_file_forget_request(struct run_file *run_file)
{
	struct run_options *options = &run_file->options;
	const uint32_t shard = options->shard, shards = options->shards;
	for (size_t i = 0; i < run_file->text_count; i++)
		memory_release(run_file->texts[i]);
	memory_release(run_file->texts);
	if (run_file->was_read) {
		memory_release((void *)(uintptr_t)options->files);
		memory_release((void *)(uintptr_t)options->specs);
		memory_release((void *)(uintptr_t)options->named);
		struct workload swept = {.sweeps = (struct workload_sweep *)(uintptr_t)options->sweeps,
					 .sweep_count = options->sweep_count};
		workload_release(&swept);
	}
	inputs_release(&run_file->inputs);
	run_file->inputs = (struct inputs){0};
	run_file->texts = NULL;
	run_file->text_count = 0;
	run_file->was_read = false;
	*options = (struct run_options){.shard = shard, .shards = shards};
}

void run_file_release(struct run_file *run_file)
{
	run_file_forget_request(run_file);
	memory_release(run_file->id);
	memory_release(run_file->started);
	memory_release(run_file->directory);
	memory_release(run_file->cpu);
	*run_file = (struct run_file){0};
}

static void write_list(struct json_writer *writer, json_t *object, const char *key, const char *const *texts, size_t count)
{
	json_t *list = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		json_append(writer, list, json_text(texts[i]));
}

static void write_sweeps(struct json_writer *writer, json_t *object, const struct run_options *options)
{
	json_t *list = json_put_array(writer, object, "sweeps");
	for (size_t i = 0; i < options->sweep_count; i++) {
		const struct workload_sweep *sweep = &options->sweeps[i];
		json_t *element = json_append_object(writer, list);
		json_put_text(writer, element, "key", sweep->key);
		json_t *values = json_put_array(writer, element, "values");
		for (size_t j = 0; j < sweep->value_count; j++)
			json_append(writer, values, json_text(sweep->values[j].text));
	}
}

static void write_options(struct json_writer *writer, json_t *object, const struct run_options *options)
{
	write_list(writer, object, "workloads", options->files, options->file_count);
	write_list(writer, object, "allocators", options->specs, options->spec_count);
	json_t *named = json_put_array(writer, object, "named");
	for (size_t i = 0; i < options->spec_count; i++)
		json_append(writer, named, json_boolean(options->named && options->named[i]));
	write_sweeps(writer, object, options);
	if (!options->rounds_auto)
		looks_write_list(writer, object, "looks", options->looks, options->look_count);
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		struct text value = {0};
		if (run_settings[i].effect != OPTION_SHOWS)
			option_write(&run_settings[i], options, &value);
		writer->failed |= value.failed;
		if (value.length)
			json_put_text(writer, object, run_settings[i].name, value.bytes);
		text_release(&value);
	}
}

static void write_inputs(struct json_writer *writer, json_t *document, const struct inputs *inputs)
{
	json_t *list = json_put_array(writer, document, "inputs");
	for (size_t i = 0; i < inputs->count; i++) {
		json_t *input = json_append_object(writer, list);
		json_put_text(writer, input, "path", inputs->list[i].path);
		json_put_hex(writer, input, "hash", inputs->list[i].hash);
	}
}

int run_file_write(const struct run_file *run_file, struct text *json, struct error *error)
{
	assert(run_file->id && run_file->started && run_file->directory);
	struct json_writer writer = {false};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", RUN_FILE_SCHEMA);
	json_put_text(&writer, document, "id", run_file->id);
	json_put_text(&writer, document, "started", run_file->started);
	json_put_text(&writer, document, "directory", run_file->directory);
	json_put_text(&writer, document, "command", run_file->options.command);
	json_put_hex(&writer, document, "build_hash", run_file->build_hash);
	json_put_text(&writer, document, "cpu", run_file->cpu);
	json_put_hex(&writer, document, "node", run_file->node);
	json_t *clock = json_put_object(&writer, document, "clock");
	json_put(&writer, clock, "counter", json_boolean(run_file->clock.counter));
	json_put_double(&writer, clock, "ns_per_tick", run_file->clock.ns_per_tick);
	json_put_double(&writer, clock, "step_ns", run_file->clock.step_ns);
	json_put_double(&writer, clock, "pair_ns", run_file->clock.pair_ns);
	write_inputs(&writer, document, &run_file->inputs);
	write_options(&writer, json_put_object(&writer, document, "options"), &run_file->options);
	json_put_digest(&writer, document);
	return json_finish(&writer, document, true, "run.json", json, error);
}

/* The text is the run file's from now on; NULL: it was none, or there is no memory. */
static char *keep_text(struct json_reader *reader, struct run_file *run_file, char *text)
{
	char **grown = text ? memory_resize(run_file->texts, run_file->text_count + 1, sizeof grown[0]) : NULL;
	if (grown) {
		run_file->texts = grown;
		run_file->texts[run_file->text_count++] = text;
		return text;
	}
	if (text)
		json_fail_memory(reader);
	memory_release(text);
	return NULL;
}

/* count texts under key, kept in run_file->texts; NULL after a failure. */
static const char *const *read_list(struct json_reader *reader, const struct json_at *at, const char *key,
				    struct run_file *run_file, size_t *count)
{
	struct json_at list = json_array_child(reader, at, key, LIST_MAX, count);
	const char **texts = memory_zeroed(*count + 1, sizeof texts[0]);
	if (!texts) {
		json_fail_memory(reader);
		return NULL;
	}
	for (size_t i = 0; i < *count && !reader->failed; i++) {
		struct json_at element = json_element(&list, i);
		texts[i] = keep_text(reader, run_file, json_text_at(reader, &element));
	}
	if (!*count)
		json_fail(reader, &list, "must not be empty");
	return texts;
}

static void read_sweep(struct json_reader *reader, const struct json_at *at, struct workload_sweep *sweep)
{
	size_t count;
	sweep->key = json_read_text(reader, at, "key");
	if (sweep->key && strpbrk(sweep->key, "=\n"))
		json_fail(reader, at, "must have a key without = and line feed");
	struct json_at values = json_array_child(reader, at, "values", WORKLOAD_SWEEP_VALUES_MAX, &count);
	sweep->values = json_room(reader, count, sizeof sweep->values[0]);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at element = json_element(&values, i);
		char *text = json_text_at(reader, &element);
		if (text && strchr(text, '\n'))
			json_fail(reader, &element, "must be one line");
		sweep->values[sweep->value_count++].text = text;
	}
	if (!reader->failed && !count)
		json_fail(reader, &values, "must not be empty");
}

static void read_sweeps(struct json_reader *reader, const struct json_at *at, struct run_options *options)
{
	size_t count;
	struct json_at list = json_array_child(reader, at, "sweeps", WORKLOAD_SWEEPS_MAX, &count);
	struct workload_sweep *sweeps = json_room(reader, count, sizeof sweeps[0]);
	options->sweeps = sweeps;
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at element = json_element(&list, i);
		read_sweep(reader, &element, &sweeps[options->sweep_count++]);
	}
}

static void read_named(struct json_reader *reader, const struct json_at *at, struct run_options *options)
{
	size_t count;
	struct json_at list = json_array_child(reader, at, "named", LIST_MAX, &count);
	bool *named = json_room(reader, count, sizeof named[0]);
	options->named = named;
	if (!reader->failed && count != options->spec_count)
		json_fail(reader, &list, "must have as many elements as allocators");
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at element = json_element(&list, i);
		if (!json_is_boolean(element.value))
			json_fail(reader, &element, "must be true or false");
		named[i] = json_is_true(element.value);
	}
}

/* One that is not there was not given. */
/* A value may point into its text. */
static void read_setting(struct json_reader *reader, const struct json_at *at, const struct option_row *row,
			 struct run_file *run_file)
{
	struct error wrong = {0};
	struct json_at child = json_child_optional(reader, at, row->name);
	const char *value = child.value ? keep_text(reader, run_file, json_text_at(reader, &child)) : NULL;
	if (value && option_read(row, &run_file->options, value, &wrong) < 0)
		json_fail(reader, &child, wrong.message);
}

/* Those that were made before more rounds were asked for; an older run has none. */
static void read_looks(struct json_reader *reader, const struct json_at *at, struct run_options *options)
{
	uint32_t looks[RESULT_LOOKS_MAX], count;
	looks_read_list(reader, at, "looks", options->rounds, looks, &count);
	bool fits = count < RESULT_LOOKS_MAX && (!count || looks[count - 1] < options->rounds) && !options->rounds_auto;
	if (!reader->failed && !fits)
		json_fail(reader, at, "must have looks below its rounds, and none with rounds auto");
	for (options->look_count = 0; !reader->failed && options->look_count < count; options->look_count++)
		options->looks[options->look_count] = looks[options->look_count];
}

static void read_options(struct json_reader *reader, const struct json_at *at, struct run_file *run_file)
{
	struct run_options *options = &run_file->options;
	*options = run_options_default();
	run_file->was_read = true;
	options->files = read_list(reader, at, "workloads", run_file, &options->file_count);
	options->specs = read_list(reader, at, "allocators", run_file, &options->spec_count);
	read_named(reader, at, options);
	read_sweeps(reader, at, options);
	for (size_t i = 0; i < RUN_SETTINGS && !reader->failed; i++)
		if (run_settings[i].effect != OPTION_SHOWS)
			read_setting(reader, at, &run_settings[i], run_file);
	if (json_child_optional(reader, at, "looks").value)
		read_looks(reader, at, options);
	if (!reader->failed && !options->rounds && !options->audit)
		json_fail(reader, at, "must have rounds or the audit");
}

static void read_inputs(struct json_reader *reader, const struct json_at *document, struct run_file *run_file)
{
	size_t count;
	struct error none = {0};
	struct json_at list = json_array_child(reader, document, "inputs", LIST_MAX, &count);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at element = json_element(&list, i);
		char *path = json_read_text(reader, &element, "path");
		uint64_t hash = json_read_u64(reader, &element, "hash", UINT64_MAX);
		if (reader->failed)
			memory_release(path);
		else if (inputs_add(&run_file->inputs, path, hash, &none) < 0)
			json_fail_memory(reader);
	}
}

static void read_clock(struct json_reader *reader, const struct json_at *at, struct clock *clock)
{
	clock->counter = json_read_bool(reader, at, "counter");
	clock->ns_per_tick = json_read_double(reader, at, "ns_per_tick");
	clock->step_ns = json_read_double(reader, at, "step_ns");
	clock->pair_ns = json_read_double(reader, at, "pair_ns");
	if (!reader->failed && !(clock->ns_per_tick > 0 && isfinite(clock->ns_per_tick)))
		json_fail(reader, at, "must have an ns_per_tick above 0");
}

int run_file_read(const char *json, size_t length, struct run_file *run_file, struct error *error)
{
	struct json_reader reader = {.what = "run.json", .error = error};
	*run_file = (struct run_file){0};
	json_t *document = json_parse(&reader, json, length);
	struct json_at at = {.value = document};
	json_check_schema(&reader, &at, RUN_FILE_SCHEMA);
	run_file->id = json_read_text(&reader, &at, "id");
	run_file->started = json_read_text(&reader, &at, "started");
	run_file->directory = json_read_text(&reader, &at, "directory");
	run_file->cpu = json_read_text(&reader, &at, "cpu");
	if (json_child_optional(&reader, &at, "node").value)
		run_file->node = json_read_u64(&reader, &at, "node", UINT64_MAX);
	run_file->build_hash = json_read_u64(&reader, &at, "build_hash", UINT64_MAX);
	struct json_at clock = json_object_child(&reader, &at, "clock");
	read_clock(&reader, &clock, &run_file->clock);
	struct json_at options = json_object_child(&reader, &at, "options");
	read_options(&reader, &options, run_file);
	read_inputs(&reader, &at, run_file);
	run_file->options.command = keep_text(&reader, run_file, json_read_text(&reader, &at, "command"));
	json_check_digest(&reader, document);
	json_decref(document);
	if (!reader.failed)
		return 0;
	run_file_release(run_file);
	return -1;
}

int run_file_check_here(const struct run_file *run_file, struct error *error)
{
	uint64_t hash;
	if (build_hash(&hash, error) < 0)
		return -1;
	if (hash != run_file->build_hash)
		return error_set(error, EXIT_CODE_USAGE,
				 "this run was begun by another build of iovabench: its rounds cannot be mixed with those "
				 "of this one");
	char *cpu = machine_cpu_name();
	if (!cpu)
		return error_set(error, EXIT_CODE_IO, "no memory for a run");
	bool same = strcmp(cpu, run_file->cpu) == 0 && (!run_file->node || run_file->node == machine_node_id(""));
	memory_release(cpu);
	if (!same)
		return error_set(
			error, EXIT_CODE_USAGE,
			"this run was begun on another machine, or under another host name (%s); run there, and put results "
			"together with merge",
			run_file->cpu);
	return inputs_check(&run_file->inputs, error);
}
