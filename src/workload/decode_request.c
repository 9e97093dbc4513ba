/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include "base/bits.h"

#include <string.h>

static const char *const not_yet_calls[] = {"mdl", "adl", "map", "mm_contiguous", "mm_mdl", "reserve", NULL};

static void decode_call(struct decode *decode, yaml_place place, const struct raw_request *raw,
			struct workload_request *request)
{
	static const char *const calls[] = {"extent", "contiguous", NULL};
	struct decode_value value = decode_value(decode, place, "call", raw->call);
	unsigned call = WORKLOAD_CALL_EXTENT;
	for (size_t i = 0; value.text && not_yet_calls[i]; i++)
		if (!strcmp(value.text, not_yet_calls[i])) {
			decode_fault(decode, value.place,
				     "call '%s' is not available in this version; extent and contiguous are", value.text);
			return;
		}
	decode_word(decode, value, calls, &call);
	request->call = (enum workload_call)call;
}

void decode_align(struct decode *decode, yaml_place parent, const struct raw_align *raw, struct workload_align *align)
{
	static const char *const words[] = {"none", "natural", NULL};
	struct decode_range range = {1, decode->workload->space.end, "the end of the space"};
	yaml_place place = decode_below(decode, parent, "align");
	char quoted[YAML_QUOTE_BYTES];
	if (place == YAML_PLACE_NONE || !raw)
		return;
	struct decode_value cap = decode_value(decode, place, "natural_up_to", raw->natural_up_to);
	struct decode_value policy = decode_value(decode, place, "policy", raw->policy);
	if (cap.text) {
		align->kind = WORKLOAD_ALIGN_NATURAL_UP_TO;
		decode_pages_power(decode, cap, range, &align->pages);
	} else if (policy.text && (!strcmp(policy.text, "none") || !strcmp(policy.text, "natural"))) {
		align->kind = strcmp(policy.text, "none") ? WORKLOAD_ALIGN_NATURAL : WORKLOAD_ALIGN_NONE;
	} else if (policy.text && policy.text[0] >= '0' && policy.text[0] <= '9') {
		align->kind = WORKLOAD_ALIGN_FIXED;
		if (decode_pages_power(decode, policy, range, &align->pages) &&
		    bits_align_up(decode->workload->space.first, align->pages) >= decode->workload->space.end)
			decode_fault(decode, policy.place, "no address of the space is a multiple of %s",
				     yaml_quote(quoted, policy.text));
	} else if (policy.text) {
		const char *nearest = text_nearest(policy.text, words);
		decode_fault(decode, policy.place,
			     "%s is no alignment: none, natural, a size or {natural_up_to: a size}%s%s%s",
			     yaml_quote(quoted, policy.text), nearest ? "; did you mean '" : "", nearest ? nearest : "",
			     nearest ? "'?" : "");
	} else if (!decode_given(decode, place, "natural_up_to") && !decode_given(decode, place, "policy")) {
		decode_fault(decode, place, "is empty; write none, natural, a size or {natural_up_to: a size}");
	}
}

/* One inclusive upper limit. */
static bool decode_high(struct decode *decode, struct decode_value value, const struct workload_request *request,
			uint64_t *high)
{
	uint64_t bytes, page = decode->workload->space.page_bytes;
	char quoted[YAML_QUOTE_BYTES], low[DECODE_SIZE_BYTES];
	if (!value.text || !decode_bytes(decode, value, &bytes))
		return false;
	if ((bytes + 1) % page) {
		uint64_t start = bytes / page * page;
		decode_fault(decode, value.place,
			     "%s is the last address that may be used, and must end a page: write 0x%llx or 0x%llx",
			     yaml_quote(quoted, value.text), (unsigned long long)((start ? start : page) - 1),
			     (unsigned long long)((start ? start : page) + (page - 1)));
		return false;
	}
	*high = bytes / page;
	if (*high < request->low) {
		decode_fault(decode, value.place, "%s lies below %s, the lowest address that may be used",
			     yaml_quote(quoted, value.text), decode_pages_text(decode, low, request->low));
		return false;
	}
	return true;
}

static void decode_highs(struct decode *decode, yaml_place place, const struct raw_request *raw,
			 struct workload_request *request)
{
	uint64_t last = decode->workload->space.end - 1;
	yaml_place list = decode_below(decode, place, "high");
	if (list != YAML_PLACE_NONE && raw->high_count > WORKLOAD_HIGHS_MAX)
		decode_fault(decode, list, "%u limits; at most %u are tried", raw->high_count, WORKLOAD_HIGHS_MAX);
	else if (list != YAML_PLACE_NONE && !raw->high_count)
		decode_fault(decode, list, "is an empty list; leave the key out for no limit");
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->high_count && i < WORKLOAD_HIGHS_MAX; i++) {
		uint64_t high;
		if (!decode_high(decode, decode_item(decode, list, i, raw->high[i]), request, &high))
			continue;
		high = high < last ? high : last;
		/* Beyond the space two limits become the same, and trying it twice would be work for nothing. */
		if (!request->high_count || request->high[request->high_count - 1] != high)
			request->high[request->high_count++] = high;
	}
	if (!request->high_count)
		request->high[request->high_count++] = last;
}

void decode_check_fit(struct decode *decode, yaml_place place, const struct workload_request *request, uint64_t pages)
{
	char size[DECODE_SIZE_BYTES], limit[DECODE_SIZE_BYTES], low[DECODE_SIZE_BYTES];
	uint64_t widest = 0;
	for (size_t i = 0; i < request->high_count; i++)
		widest = request->high[i] > widest ? request->high[i] : widest;
	uint64_t window = widest - request->low + 1;
	decode_pages_text(decode, size, pages);
	if (pages > decode->workload->space.usable)
		decode_fault(decode, place, "%s is more than %s, what the space can hold", size,
			     decode_pages_text(decode, limit, decode->workload->space.usable));
	else if (request->boundary && pages > request->boundary)
		decode_fault(decode, place, "%s never fits between two boundaries of %s", size,
			     decode_pages_text(decode, limit, request->boundary));
	else if (pages > window)
		decode_fault(decode, place, "%s never fits into the %s from %s that low and high leave", size,
			     decode_pages_text(decode, limit, window), decode_pages_text(decode, low, request->low));
}

static void decode_request(struct decode *decode, yaml_place place, const struct raw_request *raw,
			   struct workload_request *request)
{
	const struct workload *workload = decode->workload;
	struct decode_range boundary = {0, WORKLOAD_PAGES_MAX, "the largest space"};
	decode_missing(decode, place, "size", "for example size: {fixed: 4KiB}");
	decode_call(decode, place, raw, request);
	bool sized = decode_size(decode, place, raw->size, &request->size);
	decode_align(decode, place, raw->align, &request->align);
	request->low = workload->space.first;
	bool good = decode_page_inside(decode, decode_value(decode, place, "low", raw->low), &request->low);
	decode_highs(decode, place, raw, request);
	good = decode_pages_power(decode, decode_value(decode, place, "boundary", raw->boundary), boundary,
				  &request->boundary) &&
	       good;
	decode_lifetime(decode, place, raw->lifetime, &request->lifetime);
	request->limited = request->low > workload->space.first;
	for (size_t i = 0; i < request->high_count; i++)
		request->limited = request->limited || request->high[i] < workload->space.end - 1;
	if (sized && good)
		decode_check_fit(decode, yaml_places_value(decode->places, place, "size"), request, request->size.max);
}

static void decode_new_name(struct decode *decode, yaml_place place, const char *raw, size_t number)
{
	struct workload_request *requests = decode->workload->requests;
	struct decode_value value = decode_value(decode, place, "name", raw);
	decode_missing(decode, place, "name", "mixes and scripts name requests");
	if (!decode_name(decode, value, &requests[number].name) || !requests[number].name)
		return;
	size_t before = name_table_find(&decode->request_numbers, requests[number].name);
	if (before != NAME_TABLE_NONE)
		decode_fault(decode, value.place, "a second request of this name; the first is requests[%zu]", before);
	else if (name_table_set(&decode->request_numbers, requests[number].name, number))
		decode_no_memory(decode);
}

void decode_requests(struct decode *decode, const struct raw_workload *raw)
{
	struct workload *workload = decode->workload;
	yaml_place list = decode_below(decode, YAML_PLACE_ROOT, "requests");
	size_t count = raw->requests_count;
	if (list == YAML_PLACE_NONE)
		return;
	if (count > WORKLOAD_REQUESTS_MAX) {
		decode_fault(decode, yaml_places_item(decode->places, list, WORKLOAD_REQUESTS_MAX),
			     "%zu requests; at most %u", count, WORKLOAD_REQUESTS_MAX);
		count = WORKLOAD_REQUESTS_MAX;
	}
	workload->requests = decode_array(decode, count, sizeof *workload->requests);
	if (!workload->requests)
		return;
	workload->request_count = count;
	for (unsigned i = 0; i < count; i++) {
		yaml_place place = decode_entry(decode, list, i);
		workload->requests[i].high_count = 1;
		if (place == YAML_PLACE_NONE)
			continue;
		workload->requests[i].high_count = 0;
		decode_new_name(decode, place, raw->requests[i].name, i);
		decode_request(decode, place, &raw->requests[i], &workload->requests[i]);
	}
}

bool decode_request_name(struct decode *decode, struct decode_value value, size_t *request)
{
	char quoted[YAML_QUOTE_BYTES];
	const char *names[WORKLOAD_REQUESTS_MAX + 1];
	size_t count = 0;
	if (!value.text)
		return false;
	size_t found = name_table_find(&decode->request_numbers, value.text);
	if (found != NAME_TABLE_NONE) {
		*request = found;
		return true;
	}
	for (size_t i = 0; i < decode->workload->request_count; i++)
		if (decode->workload->requests[i].name)
			names[count++] = decode->workload->requests[i].name;
	names[count] = NULL;
	const char *nearest = text_nearest(value.text, names);
	decode_fault(decode, value.place, "there is no request %s%s%s%s", yaml_quote(quoted, value.text),
		     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return false;
}
