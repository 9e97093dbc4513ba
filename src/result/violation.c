/* SPDX-License-Identifier: MIT
 * Wrong answers that the audit found: as a sentence, and as JSON. */
#include "result/parts.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_extent(struct text *text, uint64_t first, uint64_t count)
{
	text_add(text, "[0x%" PRIx64 ", 0x%" PRIx64 ")", first, first + count);
}

static void add_request(struct text *text, const struct result_violation *violation)
{
	text_add(text, "request %s (%" PRIu64 " page%s", violation->request, violation->pages,
		 violation->pages == 1 ? "" : "s");
	if (violation->align > 1)
		text_add(text, ", aligned to %" PRIu64, violation->align);
	if (violation->boundary)
		text_add(text, ", boundary %" PRIu64, violation->boundary);
	if (violation->limited)
		text_add(text, ", within [0x%" PRIx64 ", 0x%" PRIx64 "]", violation->low, violation->high);
	text_add(text, ")");
}

void result_violation_text(const struct result_violation *violation, struct text *text)
{
	assert(violation->what);
	char time[TEXT_NUMBER_BYTES];
	text_add(text, "operation %" PRIu64, violation->operation);
	if (violation->device_s > 0)
		text_add(text, " (%s of device time)", text_duration(time, violation->device_s * 1e9));
	text_add(text, ": ");
	if (violation->request) {
		add_request(text, violation);
		text_add(text, violation->has_extent ? " was given " : ": ");
	} else if (violation->has_extent) {
		text_add(text, violation->freed ? "freed " : "was given ");
	}
	if (violation->has_extent) {
		add_extent(text, violation->first, violation->count);
		text_add(text, ": ");
	}
	text_add(text, "%s", violation->what ? violation->what : "");
	if (violation->overlaps) {
		text_add(text, " ");
		add_extent(text, violation->overlap_first, violation->overlap_count);
	}
}

static void put_extent(struct json_writer *writer, json_t *object, const char *key, const char *reason_key, bool there,
		       const char *reason, uint64_t first, uint64_t count)
{
	if (!there) {
		json_put(writer, object, key, json_null());
		json_put_text(writer, object, reason_key, reason);
		return;
	}
	json_t *extent = json_put_object(writer, object, key);
	json_put_hex(writer, extent, "first", first);
	json_put_u64(writer, extent, "count", count);
}

static void write_violation(struct json_writer *writer, json_t *object, const struct result_violation *violation)
{
	json_put_u64(writer, object, "operation", violation->operation);
	if (isfinite(violation->device_s)) {
		json_put_double(writer, object, "device_s", violation->device_s);
	} else {
		json_put(writer, object, "device_s", json_null());
		json_put_text(writer, object, "device_s_reason", "the workload has no pace");
	}
	json_put_text(writer, object, "what", violation->what);
	if (violation->request) {
		json_t *request = json_put_object(writer, object, "request");
		json_put_text(writer, request, "name", violation->request);
		json_put_u64(writer, request, "pages", violation->pages);
		if (violation->align > 1)
			json_put_u64(writer, request, "align_pages", violation->align);
		if (violation->boundary)
			json_put_u64(writer, request, "boundary_pages", violation->boundary);
		if (violation->limited) {
			json_put_hex(writer, request, "low", violation->low);
			json_put_hex(writer, request, "high", violation->high);
		}
	} else {
		json_put(writer, object, "request", json_null());
		json_put_text(writer, object, "request_reason", "it is not about one request");
	}
	json_put(writer, object, "freed", json_boolean(violation->freed));
	put_extent(writer, object, "extent", "extent_reason", violation->has_extent, "it is not about one extent",
		   violation->first, violation->count);
	put_extent(writer, object, "overlaps", "overlaps_reason", violation->overlaps, "nothing was overlapped",
		   violation->overlap_first, violation->overlap_count);
}

void parts_write_violations(struct json_writer *writer, json_t *object, const char *key,
			    const struct result_violation *violations, size_t count)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		write_violation(writer, json_append_object(writer, array), &violations[i]);
}

static uint64_t read_optional(struct json_reader *reader, const struct json_at *at, const char *key)
{
	struct json_at value = json_child_optional(reader, at, key);
	return value.value ? json_u64_at(reader, &value, UINT64_MAX) : 0;
}

static bool read_extent(struct json_reader *reader, const struct json_at *at, const char *key, uint64_t *first,
			uint64_t *count)
{
	struct json_at extent = json_child_optional(reader, at, key);
	if (!extent.value || json_is_null(extent.value))
		return false;
	*first = json_read_u64(reader, &extent, "first", UINT64_MAX);
	*count = json_read_u64(reader, &extent, "count", UINT64_MAX);
	return true;
}

static void read_violation(struct json_reader *reader, const struct json_at *at, struct result_violation *violation)
{
	violation->operation = json_read_u64(reader, at, "operation", UINT64_MAX);
	struct json_at device_s = json_child_optional(reader, at, "device_s");
	bool timed = device_s.value && !json_is_null(device_s.value);
	violation->device_s = timed ? json_read_double(reader, at, "device_s") : (double)NAN;
	violation->what = json_read_text(reader, at, "what");
	struct json_at request = json_child_optional(reader, at, "request");
	if (request.value && !json_is_null(request.value)) {
		violation->request = json_read_text(reader, &request, "name");
		violation->pages = json_read_u64(reader, &request, "pages", UINT64_MAX);
		violation->align = read_optional(reader, &request, "align_pages");
		violation->boundary = read_optional(reader, &request, "boundary_pages");
		violation->limited = json_child_optional(reader, &request, "high").value != NULL;
		violation->low = read_optional(reader, &request, "low");
		violation->high = read_optional(reader, &request, "high");
	}
	violation->freed = json_read_bool(reader, at, "freed");
	violation->has_extent = read_extent(reader, at, "extent", &violation->first, &violation->count);
	violation->overlaps = read_extent(reader, at, "overlaps", &violation->overlap_first, &violation->overlap_count);
}

void parts_read_violations(struct json_reader *reader, const struct json_at *object, const char *key,
			   struct result_violation **violations, size_t *count)
{
	size_t found;
	*violations = NULL;
	*count = 0;
	if (!json_child_optional(reader, object, key).value)
		return;
	struct json_at array = json_array_child(reader, object, key, PARTS_COUNT_MAX, &found);
	*violations = json_room(reader, found, sizeof **violations);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at element = json_element(&array, i);
		*count = i + 1;
		read_violation(reader, &element, &(*violations)[i]);
	}
}

int result_violations_copy(struct result_violation **to, size_t *to_count, const struct result_violation *from,
			   size_t count)
{
	*to_count = 0;
	*to = memory_zeroed(count, sizeof **to);
	if (!*to)
		return -1;
	for (size_t i = 0; i < count; i++) {
		(*to)[i] = from[i];
		(*to)[i].what = from[i].what ? memory_text(from[i].what) : NULL;
		(*to)[i].request = from[i].request ? memory_text(from[i].request) : NULL;
		*to_count = i + 1;
		if ((from[i].what && !(*to)[i].what) || (from[i].request && !(*to)[i].request))
			return -1;
	}
	return 0;
}

void result_violations_release(struct result_violation *violations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memory_release(violations[i].what);
		memory_release(violations[i].request);
	}
	memory_release(violations);
}
