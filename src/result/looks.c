/* SPDX-License-Identifier: MIT */
#include "result/looks.h"

#include <assert.h>

const char *const result_end_name[RESULT_END_COUNT] = {
	[RESULT_END_UNKNOWN] = "",      [RESULT_END_ROUNDS] = "rounds",           [RESULT_END_DECIDED] = "decided",
	[RESULT_END_BUDGET] = "budget", [RESULT_END_INTERRUPTED] = "interrupted",
};

bool looks_are_due(const struct result_looks *looks, uint32_t rounds)
{
	for (uint32_t i = 0; i < looks->planned_count; i++)
		if (looks->planned[i] == rounds)
			return true;
	return false;
}

void looks_note(struct result_looks *looks, uint32_t rounds)
{
	uint32_t last = looks->made_count ? looks->made[looks->made_count - 1] : 0;
	assert(rounds >= last && (rounds == last || looks->made_count < RESULT_LOOKS_MAX));
	if (rounds > last)
		looks->made[looks->made_count++] = rounds;
}

uint32_t looks_shared(const struct result_looks *looks)
{
	uint32_t count = looks->made_count > looks->planned_count ? looks->made_count : looks->planned_count;
	return count ? count : 1;
}

void looks_write_list(struct json_writer *writer, json_t *object, const char *key, const uint32_t *rounds, size_t count)
{
	json_t *list = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		json_append(writer, list, json_u64(rounds[i]));
}

void looks_read_list(struct json_reader *reader, const struct json_at *object, const char *key, uint32_t most,
		     uint32_t rounds[RESULT_LOOKS_MAX], uint32_t *count)
{
	size_t length;
	struct json_at list = json_array_child(reader, object, key, RESULT_LOOKS_MAX, &length);
	*count = 0;
	for (size_t i = 0; i < length && !reader->failed; i++) {
		struct json_at element = json_element(&list, i);
		uint32_t number = (uint32_t)json_u64_at(reader, &element, most);
		if (!reader->failed && (!number || (i && number <= rounds[i - 1])))
			json_fail(reader, &element, "must be a number of rounds above the one before");
		rounds[(*count)++] = number;
	}
}

void looks_write(struct json_writer *writer, json_t *object, const struct result_looks *looks)
{
	json_t *its = json_put_object(writer, object, "looks");
	json_put(writer, its, "auto", json_boolean(looks->stops));
	looks_write_list(writer, its, "planned", looks->planned, looks->planned_count);
	looks_write_list(writer, its, "made", looks->made, looks->made_count);
	json_put_text(writer, its, "ended", looks->end ? result_end_name[looks->end] : NULL);
	if (!looks->end)
		json_put_text(writer, its, "ended_reason", "no rounds were played");
}

void looks_read(struct json_reader *reader, const struct json_at *object, struct result_looks *looks)
{
	struct json_at its = json_child_optional(reader, object, "looks");
	if (!its.value)
		return;
	its = json_object_child(reader, object, "looks");
	looks->stops = json_read_bool(reader, &its, "auto");
	looks_read_list(reader, &its, "planned", UINT32_MAX, looks->planned, &looks->planned_count);
	looks_read_list(reader, &its, "made", UINT32_MAX, looks->made, &looks->made_count);
	struct json_at ended = json_child(reader, &its, "ended");
	if (!json_is_null(ended.value))
		looks->end = (enum result_end)json_read_choice(reader, &its, "ended", result_end_name, RESULT_END_COUNT);
}
