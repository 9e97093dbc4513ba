/* SPDX-License-Identifier: MIT */
#include "trace/event.h"

#include "workload/model.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define PAGE_BYTES UINT64_C(4096)

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static const char *skip_word(const char *at)
{
	while (*at && *at != ' ' && *at != '\t')
		at++;
	return at;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "0x…" is hexadecimal, anything else decimal. Returns the end of the number, or NULL: no number, or it needs more than 64
 * bits. */
static const char *parse_number(const char *at, uint64_t *value)
{
	unsigned base = 10;
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		base = 16;
		at += 2;
	}
	const char *begin = at;
	*value = 0;
	for (; isxdigit((unsigned char)*at); at++) {
		unsigned digit = is_digit(*at) ? (unsigned)(*at - '0') : (unsigned)((*at | 0x20) - 'a') + 10;
		if (digit >= base)
			return NULL;
		if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, digit, value))
			return NULL;
	}
	return at == begin ? NULL : at;
}

/* key includes its '='. The value must end the word. */
static bool field(const char *payload, const char *key, uint64_t *value)
{
	size_t length = strlen(key);
	for (const char *at = skip_blanks(payload); *at; at = skip_blanks(skip_word(at))) {
		if (strncmp(at, key, length) != 0)
			continue;
		const char *end = parse_number(at + length, value);
		return end && (!*end || *end == ' ' || *end == '\t');
	}
	return false;
}

static bool has_field(const char *payload, const char *key)
{
	uint64_t value;
	return field(payload, key, &value);
}

static const char *take_count(struct event *event, uint64_t pages)
{
	if (pages == 0)
		return "a range of no pages";
	if (pages > UINT32_MAX)
		return "a range of 2^32 pages or more";
	event->count = (uint32_t)pages;
	return NULL;
}

static const char *take_first(struct event *event, uint64_t first)
{
	if (first >= WORKLOAD_PAGES_MAX)
		return "a page number of 2^52 or more";
	event->first = first;
	return NULL;
}

static const char *parse_call(const char *payload, struct event *event)
{
	uint64_t pages;
	if (!field(payload, "dom=", &event->domain))
		return "no number dom=";
	if (!field(payload, "size=", &pages))
		return "no number size=";
	if (!field(payload, "limit=", &event->limit))
		return "no number limit=";
	return take_count(event, pages);
}

static const char *parse_alloc(const char *payload, struct event *event)
{
	event->kind = EVENT_ALLOC;
	return parse_call(payload, event);
}

static const char *parse_allocret(const char *payload, struct event *event)
{
	uint64_t first;
	event->kind = EVENT_ALLOC_END;
	if (!field(payload, "ret=", &first))
		return "no number ret=";
	const char *cause = take_first(event, first);
	if (cause || (!strstr(payload, "dom=") && !has_field(payload, "size=") && !has_field(payload, "limit=")))
		return cause;
	event->kind = EVENT_ALLOC_ALL;
	return parse_call(payload, event);
}

static const char *parse_freei(const char *payload, struct event *event)
{
	uint64_t pages, first;
	event->kind = EVENT_FREE;
	if (!field(payload, "dom=", &event->domain))
		return "no number dom=";
	if (!field(payload, "pfn=", &first))
		return "no number pfn=";
	if (!field(payload, "size=", &pages))
		return "no number size=";
	const char *cause = take_first(event, first);
	return cause ? cause : take_count(event, pages);
}

/* "IOMMU: iova=0xFIRST - 0xEND paddr=… size=BYTES"; before Linux 5.17 without " - 0xEND". */
static const char *parse_range(const char *payload, struct event *event)
{
	uint64_t start, bytes, end;
	if (strncmp(payload, "IOMMU:", 6) != 0 || !field(payload, "iova=", &start))
		return "no number iova=";
	if (!field(payload, "size=", &bytes))
		return "no number size=";
	if (bytes % PAGE_BYTES || start % PAGE_BYTES)
		return "not whole pages of 4096 bytes";
	const char *behind = skip_blanks(skip_word(strstr(payload, "iova=")));
	if (behind[0] == '-' && behind[1] == ' ') {
		const char *rest = parse_number(skip_blanks(behind + 1), &end);
		if (!rest || (*rest && *rest != ' '))
			return "no number behind iova=… -";
		/* The last page of 64 bits ends at 0. */
		if (end - start != bytes)
			return "size= is not the distance of its two addresses";
	}
	const char *cause = take_first(event, start / PAGE_BYTES);
	return cause ? cause : take_count(event, bytes / PAGE_BYTES);
}

static const char *parse_map(const char *payload, struct event *event)
{
	event->kind = EVENT_MAP;
	return parse_range(payload, event);
}

static const char *parse_unmap(const char *payload, struct event *event)
{
	event->kind = EVENT_UNMAP;
	return parse_range(payload, event);
}

static const struct {
	const char *name;
	const char *(*parse)(const char *payload, struct event *event);
} known_events[] = {
	{"map", parse_map},     {"allocret", parse_allocret}, {"freei", parse_freei},
	{"unmap", parse_unmap}, {"alloc", parse_alloc},
};

/* The PID that ends before cpu, the '[' of "[cpu]": "name-PID [", "name-PID  ( TGID) [", of perf "name PID [" or "name PID/TID
 * [". */
static bool parse_task(const char *line, const char *cpu, uint64_t *pid)
{
	const char *at = cpu;
	while (at > line && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (at > line && at[-1] == ')') {
		while (at > line && at[-1] != '(')
			at--;
		at -= at > line;
		while (at > line && (at[-1] == ' ' || at[-1] == '\t'))
			at--;
	}
	const char *end = at;
	while (at > line && is_digit(at[-1]))
		at--;
	if (at == end || at == line || (at[-1] != '-' && at[-1] != ' ' && at[-1] != '/' && at[-1] != '\t'))
		return false;
	return parse_number(at, pid) == end && *pid <= UINT32_MAX;
}

/* perf can print a period, digits alone, before the event. */
static const char *skip_period(const char *at)
{
	const char *begin = skip_blanks(at);
	const char *end = begin;
	while (is_digit(*end))
		end++;
	return end > begin && *end == ' ' ? end : at;
}

/* Passes the flags (5 or 7 characters, or none) and the time stamp behind "[cpu]". NULL: what stands there is no time
 * stamp. */
static const char *skip_time(const char *at)
{
	for (int words = 0; words < 2; words++) {
		at = skip_blanks(at);
		const char *end = skip_word(at);
		if (is_digit(*at) && end[-1] == ':') {
			const char *rest = at;
			while (is_digit(*rest) || *rest == '.')
				rest++;
			if (rest == end - 1)
				return skip_period(end);
		}
		at = end;
	}
	return NULL;
}

/* Finds task, CPU and the word that names the event. A task may be called "a [1] b": the first "[number]" that has a PID
 * before it and a time stamp behind it is the CPU. */
static const char *parse_head(const char *line, struct event *event)
{
	for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		uint64_t cpu, pid;
		const char *end = is_digit(at[1]) ? at + 1 : NULL;
		for (cpu = 0; end && is_digit(*end) && cpu < UINT32_MAX / 10; end++)
			cpu = 10 * cpu + (uint64_t)(*end - '0');
		if (!end || *end != ']' || !parse_task(line, at, &pid))
			continue;
		const char *behind = skip_time(end + 1);
		if (!behind)
			continue;
		event->cpu = (uint32_t)cpu;
		event->task = pid ? pid : (UINT64_C(1) << 32) + cpu;
		return skip_blanks(behind);
	}
	return NULL;
}

static bool is_lost(const char *line)
{
	line = skip_blanks(line);
	return strncmp(line, "CPU:", 4) == 0 && strstr(line, "EVENT") && (strstr(line, "LOST") || strstr(line, "DROPPED"));
}

const char *event_parse(const char *line, struct event *event)
{
	assert(line);
	memset(event, 0, sizeof *event);
	const char *name = parse_head(line, event);
	if (!name) {
		event->kind = is_lost(line) ? EVENT_LOST : EVENT_OTHER;
		return NULL;
	}
	const char *end = skip_word(name);
	if (end == name || end[-1] != ':')
		return NULL;
	/* perf names the group too: "iommu:map:". */
	size_t length = (size_t)(end - 1 - name);
	const char *group_end = memrchr(name, ':', length);
	if (group_end) {
		length -= (size_t)(group_end + 1 - name);
		name = group_end + 1;
	}
	for (size_t i = 0; i < sizeof known_events / sizeof *known_events; i++) {
		if (strlen(known_events[i].name) != length || memcmp(known_events[i].name, name, length) != 0)
			continue;
		if (event->cpu >= WORKLOAD_CPUS_MAX)
			return "a CPU number of 4096 or more";
		return known_events[i].parse(skip_blanks(end), event);
	}
	return NULL;
}
