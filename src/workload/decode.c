/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct decode_value decode_value(const struct decode *decode, yaml_place parent, const char *key, const char *raw)
{
	yaml_place place = yaml_places_value(decode->places, parent, key);
	bool usable = place != YAML_PLACE_NONE && !yaml_places_refused(decode->places, place);
	return (struct decode_value){place, usable ? raw : NULL};
}

struct decode_value decode_item(const struct decode *decode, yaml_place list, uint32_t index, const char *raw)
{
	yaml_place place = yaml_places_item(decode->places, list, index);
	bool usable = place != YAML_PLACE_NONE && !yaml_places_refused(decode->places, place);
	return (struct decode_value){place, usable ? raw : NULL};
}

bool decode_given(const struct decode *decode, yaml_place parent, const char *key)
{
	return yaml_places_value(decode->places, parent, key) != YAML_PLACE_NONE;
}

yaml_place decode_below(const struct decode *decode, yaml_place parent, const char *key)
{
	yaml_place place = yaml_places_value(decode->places, parent, key);
	return place == YAML_PLACE_NONE || yaml_places_refused(decode->places, place) ? YAML_PLACE_NONE : place;
}

yaml_place decode_entry(const struct decode *decode, yaml_place list, uint32_t index)
{
	yaml_place place = yaml_places_item(decode->places, list, index);
	return place == YAML_PLACE_NONE || yaml_places_refused(decode->places, place) ? YAML_PLACE_NONE : place;
}

void decode_fault(struct decode *decode, yaml_place place, const char *format, ...)
{
	char path[YAML_PATH_BYTES], message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	yaml_problems_add(decode->problems, yaml_places_position(decode->places, place),
			  yaml_places_path(decode->places, place, path), "%s", message);
}

void decode_missing(struct decode *decode, yaml_place parent, const char *key, const char *advice)
{
	if (decode_given(decode, parent, key))
		return;
	char path[YAML_PATH_BYTES], whole[YAML_PATH_BYTES + 64];
	yaml_places_path(decode->places, parent, path);
	snprintf(whole, sizeof whole, "%s%s%s", parent == YAML_PLACE_ROOT ? "" : path, parent == YAML_PLACE_ROOT ? "" : ".",
		 key);
	yaml_problems_add(decode->problems, yaml_places_position(decode->places, parent), whole, "is missing; %s", advice);
}

void decode_no_memory(struct decode *decode)
{
	decode->problems->no_memory = true;
}

void *decode_array(struct decode *decode, size_t count, size_t bytes)
{
	if (!count)
		return NULL;
	void *array = memory_zeroed(count, bytes);
	if (!array)
		decode_no_memory(decode);
	return array;
}

bool decode_text(struct decode *decode, struct decode_value value, char **result)
{
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	*result = memory_text(value.text);
	if (!*result)
		decode_no_memory(decode);
	return *result != NULL;
}

bool decode_name(struct decode *decode, struct decode_value value, char **result)
{
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	char quoted[YAML_QUOTE_BYTES];
	size_t length = strlen(value.text);
	if (!length || strspn(value.text, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length) {
		decode_fault(decode, value.place, "%s is no name: small letters, digits and . _ - make one",
			     yaml_quote(quoted, value.text));
		return false;
	}
	if (length > DECODE_NAME_BYTES_MAX) {
		decode_fault(decode, value.place, "%s has %zu letters; the limit is %u", yaml_quote(quoted, value.text),
			     length, DECODE_NAME_BYTES_MAX);
		return false;
	}
	return decode_text(decode, value, result);
}

bool decode_word(struct decode *decode, struct decode_value value, const char *const *words, unsigned *result)
{
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	char known[256] = "", quoted[YAML_QUOTE_BYTES];
	size_t used = 0;
	for (unsigned i = 0; words[i]; i++) {
		if (!strcmp(value.text, words[i])) {
			*result = i;
			return true;
		}
		if (used < sizeof known)
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
						 i == 0         ? ""
						 : words[i + 1] ? ", "
								: " or ",
						 words[i]);
	}
	const char *nearest = text_nearest(value.text, words);
	decode_fault(decode, value.place, "%s is not known here; write %s%s%s%s", yaml_quote(quoted, value.text), known,
		     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return false;
}

bool decode_flag(struct decode *decode, struct decode_value value, bool *result)
{
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	bool yes = !strcmp(value.text, "yes") || !strcmp(value.text, "true");
	if (!yes && strcmp(value.text, "no") != 0 && strcmp(value.text, "false") != 0) {
		decode_fault(decode, value.place, "%s is neither yes nor no", yaml_quote(quoted, value.text));
		return false;
	}
	*result = yes;
	return true;
}

static void decode_head(struct decode *decode, const struct raw_workload *raw)
{
	struct workload *workload = decode->workload;
	struct decode_value version = decode_value(decode, YAML_PLACE_ROOT, "iovabench", raw->iovabench);
	char quoted[YAML_QUOTE_BYTES];
	if (version.text && strcmp(version.text, "1") != 0)
		decode_fault(decode, version.place, "format version %s; this program reads version 1",
			     yaml_quote(quoted, version.text));
	decode_missing(decode, YAML_PLACE_ROOT, "iovabench", "a workload begins with iovabench: 1");
	decode_missing(decode, YAML_PLACE_ROOT, "name", "every workload has a name");
	decode_name(decode, decode_value(decode, YAML_PLACE_ROOT, "name", raw->name), &workload->name);
	decode_text(decode, decode_value(decode, YAML_PLACE_ROOT, "about", raw->about), &workload->about);
	decode_text(decode, decode_value(decode, YAML_PLACE_ROOT, "source", raw->source), &workload->source);
	char **texts[] = {&workload->about, &workload->source};
	for (size_t i = 0; i < 2; i++)
		if (!*texts[i])
			decode_text(decode, (struct decode_value){YAML_PLACE_ROOT, ""}, texts[i]);
	uint64_t cpus = 1;
	decode_count(decode, decode_value(decode, YAML_PLACE_ROOT, "cpus", raw->cpus),
		     (struct decode_range){1, WORKLOAD_CPUS_MAX, "CPUs"}, &cpus);
	workload->cpus = (uint32_t)cpus;
	workload->pace_ops_per_second = WORKLOAD_PACE;
	decode_pace(decode, decode_value(decode, YAML_PLACE_ROOT, "pace", raw->pace), &workload->pace_ops_per_second);
	workload->seed = 1;
	decode_seed(decode, decode_value(decode, YAML_PLACE_ROOT, "seed", raw->seed), &workload->seed);
}

void decode_workload(struct decode *decode, const struct raw_workload *raw)
{
	decode_head(decode, raw);
	decode_space(decode, raw);
	decode_requests(decode, raw);
	decode_phases(decode, raw);
	decode_slots_check(decode);
	decode_expectations(decode, raw);
	decode_sweeps(decode, raw);
	decode_slots_release(decode);
	name_table_release(&decode->request_numbers);
	name_table_release(&decode->slot_numbers);
}
