/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include "base/memory.h"

#include <string.h>

/* Words joined by points. */
static bool is_path(const char *text)
{
	for (;;) {
		size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
		if (!length)
			return false;
		text += length;
		if (!*text)
			return true;
		if (*text++ != '.')
			return false;
	}
}

static bool may_be_swept(const char *key)
{
	static const char *const kept[] = {"iovabench", "name", "sweep", "expect"};
	size_t length = strcspn(key, ".");
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strlen(kept[i]) == length && memcmp(kept[i], key, length) == 0)
			return false;
	return true;
}

static void decode_key(struct decode *decode, yaml_place place, const char *raw, size_t number)
{
	struct workload_sweep *sweep = &decode->workload->sweeps[number];
	struct decode_value value = decode_value(decode, place, "key", raw);
	char quoted[YAML_QUOTE_BYTES];
	decode_missing(decode, place, "key", "the value that changes, by name: phases.churn.ops");
	if (!value.text)
		return;
	if (!is_path(value.text))
		decode_fault(decode, value.place, "%s is no key: names joined by points, like phases.churn.ops",
			     yaml_quote(quoted, value.text));
	else if (!may_be_swept(value.text))
		decode_fault(decode, value.place, "%s stays as it is in a sweep", yaml_quote(quoted, value.text));
	for (size_t i = 0; i < number; i++)
		if (decode->workload->sweeps[i].key && strcmp(decode->workload->sweeps[i].key, value.text) == 0)
			decode_fault(decode, value.place, "'%s' is swept already; add the values there", value.text);
	decode_text(decode, value, &sweep->key);
}

static void decode_values(struct decode *decode, yaml_place place, const struct raw_sweep *raw,
			  struct workload_sweep *sweep)
{
	yaml_place list = decode_below(decode, place, "values");
	decode_missing(decode, place, "values", "a list: [1M, 2M]");
	if (list == YAML_PLACE_NONE)
		return;
	if (!raw->values_count || raw->values_count > WORKLOAD_SWEEP_VALUES_MAX) {
		decode_fault(decode, list, "has %u values; from 1 to %u", raw->values_count, WORKLOAD_SWEEP_VALUES_MAX);
		return;
	}
	sweep->values = decode_array(decode, raw->values_count, sizeof *sweep->values);
	for (unsigned i = 0; sweep->values && i < raw->values_count; i++) {
		struct decode_value value = decode_item(decode, list, i, raw->values[i]);
		struct yaml_position position = yaml_places_position(decode->places, value.place);
		struct workload_sweep_value *own = &sweep->values[sweep->value_count++];
		own->line = position.line;
		own->column = position.column;
		for (size_t j = 0; value.text && j < i; j++)
			if (sweep->values[j].text && strcmp(sweep->values[j].text, value.text) == 0)
				decode_fault(decode, value.place, "'%s' is in this sweep already", value.text);
		decode_text(decode, value, &own->text);
	}
}

void decode_sweeps(struct decode *decode, const struct raw_workload *raw)
{
	struct workload *workload = decode->workload;
	yaml_place list = decode_below(decode, YAML_PLACE_ROOT, "sweep");
	size_t combinations = 1;
	if (list == YAML_PLACE_NONE)
		return;
	if (!raw->sweep_count || raw->sweep_count > WORKLOAD_SWEEPS_MAX) {
		decode_fault(decode, list, "has %u keys; from 1 to %u", raw->sweep_count, WORKLOAD_SWEEPS_MAX);
		return;
	}
	workload->sweeps = decode_array(decode, raw->sweep_count, sizeof *workload->sweeps);
	for (unsigned i = 0; workload->sweeps && i < raw->sweep_count; i++) {
		yaml_place place = decode_entry(decode, list, i);
		workload->sweep_count++;
		if (place == YAML_PLACE_NONE)
			continue;
		decode_key(decode, place, raw->sweep[i].key, i);
		decode_values(decode, place, &raw->sweep[i], &workload->sweeps[i]);
		combinations *= workload->sweeps[i].value_count ? workload->sweeps[i].value_count : 1;
		if (combinations > WORKLOAD_COMBINATIONS_MAX) {
			decode_fault(decode, place, "makes more than %u combinations", WORKLOAD_COMBINATIONS_MAX);
			return;
		}
	}
}
