/* SPDX-License-Identifier: MIT */
#include "trace/head.h"

#include "trace/field.h"
#include "trace/scan.h"

#include <ctype.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The PID that ends before at: "name-PID [", "name-PID  ( TGID) [", of perf "name PID [" or "name PID/TID [". Returns where it
 * begins, or NULL. */
static const char *task_before(const char *line, const char *at, uint64_t *pid)
{
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
	while (at > line && scan_is_digit(at[-1]))
		at--;
	if (at == end || at == line || (at[-1] != '-' && at[-1] != ' ' && at[-1] != '/' && at[-1] != '\t'))
		return NULL;
	return field_number(at, 10, pid) == end && *pid <= UINT32_MAX ? at : NULL;
}

/* "147.575762", "354181828800" or "147575762us". Returns its end, or NULL. */
static const char *read_time(const char *at, struct head *head)
{
	uint64_t whole;
	const char *end = scan_is_digit(*at) && (at[1] | 0x20) != 'x' ? field_number(at, 10, &whole) : NULL;
	if (!end)
		return NULL;
	head->time = whole;
	head->clock = CLOCK_TICKS;
	if (*end == '.' && scan_is_digit(end[1])) {
		uint64_t unit = NS_PER_SECOND, ns = 0;
		for (end++; scan_is_digit(*end); end++) {
			unit /= 10;
			ns += unit * (uint64_t)(*end - '0');
		}
		if (whole > UINT64_MAX / NS_PER_SECOND - 1)
			return NULL;
		head->time = whole * NS_PER_SECOND + ns;
		head->clock = CLOCK_SECONDS;
	} else if (strncmp(end, "us", 2) == 0) {
		end += 2;
		if (whole > UINT64_MAX / 1000)
			return NULL;
		head->time = whole * 1000;
		head->clock = CLOCK_SECONDS;
	}
	return end;
}

/* "08:00:00" or "08:00:00.123456789", as bpftrace's time() and bcc print it, as the time since midnight. Returns its end, or
 * NULL. */
static const char *read_day_time(const char *at, struct head *head)
{
	uint64_t seconds = 0;
	for (int part = 0; part < 3; part++) {
		if (!scan_is_digit(at[0]) || !scan_is_digit(at[1]) || (part < 2 && at[2] != ':'))
			return NULL;
		if (part == 2)
			break;
		seconds = 60 * (seconds + 10 * (uint64_t)(at[0] - '0') + (uint64_t)(at[1] - '0'));
		at += 3;
	}
	const char *end = read_time(at, head);
	if (!end || end < at + 2 || head->time >= 100 * NS_PER_SECOND)
		return NULL;
	head->time = (head->clock == CLOCK_TICKS ? head->time * NS_PER_SECOND : head->time) + seconds * NS_PER_SECOND;
	head->clock = CLOCK_SECONDS;
	return end;
}

/* perf can print a period, digits alone, before the event, and trace-cmd the difference to the event before: "(+39)". */
static const char *skip_columns(const char *at)
{
	at = scan_blanks(at);
	if (at[0] == '(' && at[1] == '+') {
		const char *end = strchr(at, ')');
		return end ? scan_blanks(end + 1) : at;
	}
	const char *end = scan_digits(at);
	return end > at && *end == ' ' ? scan_blanks(end) : at;
}

/* "name: payload", "group:name: payload". False: no event stands here. */
static bool read_event(const char *at, struct head *head)
{
	const char *end = scan_word(at);
	if (end == at || end[-1] != ':')
		return false;
	const char *group_end = memrchr(at, ':', (size_t)(end - 1 - at));
	head->group = group_end ? at : NULL;
	head->group_length = group_end ? (size_t)(group_end - at) : 0;
	head->name = group_end ? group_end + 1 : at;
	head->name_length = (size_t)(end - 1 - head->name);
	head->payload = scan_blanks(end);
	return true;
}

static void set_task(struct head *head, const char *line, const char *begin, uint64_t pid)
{
	head->task = pid ? pid : (UINT64_C(1) << 32) + head->cpu;
	head->task_name = scan_blanks(line);
	head->task_name_length = begin > head->task_name ? (size_t)(begin - head->task_name) : 0;
}

/* Passes the flags (5 or 7 characters, or none) and reads the time stamp behind "[cpu]". Returns what follows it, or NULL. */
static const char *time_behind(const char *at, struct head *head)
{
	for (int words = 0; words < 2; words++) {
		at = scan_blanks(at);
		const char *end = scan_word(at);
		if (scan_is_digit(*at) && end[-1] == ':' && read_time(at, head) == end - 1)
			return skip_columns(end);
		at = end;
	}
	return NULL;
}

static bool find_bracket(const char *line, const char **at, struct head *head)
{
	for (const char *open = strchr(*at, '['); open; open = strchr(open + 1, '[')) {
		uint64_t pid;
		const char *end = scan_digits(open + 1), *begin;
		if (end == open + 1 || *end != ']' || end - open > 9 || !(begin = task_before(line, open, &pid)))
			continue;
		const char *behind = time_behind(end + 1, head);
		if (!behind || !read_event(behind, head))
			continue;
		uint64_t cpu = 0;
		field_number(open + 1, 10, &cpu);
		head->cpu = (uint32_t)cpu;
		head->has_cpu = true;
		set_task(head, line, begin, pid);
		*at = open + 1;
		return true;
	}
	return false;
}

/* "[  147.990000] " or "[  147.990000][   T12] ", which printk and dmesg put before a line. */
static const char *skip_printk(const char *line, struct head *head)
{
	const char *at = scan_blanks(line);
	while (at[0] == '[') {
		const char *inside = scan_blanks(at + 1);
		if (at != scan_blanks(line) || !read_time(inside, head)) {
			if (at == scan_blanks(line) || !strchr("TC", *inside))
				return at == scan_blanks(line) ? line : at;
		}
		const char *end = strchr(inside, ']');
		if (!end)
			return line;
		at = scan_blanks(end + 1);
	}
	return at;
}

/* The CPU and the flags that the latency format writes as one word: "0d..1.". */
static const char *read_cpu_flags(const char *at, struct head *head)
{
	const char *end = scan_digits(at);
	uint32_t cpu = 0;
	if (end == at || end - at > 6 || !*end || !strchr(".dDXbB", *end))
		return NULL;
	size_t flags = strcspn(end, " \t");
	if (flags < 4 || flags > 8)
		return NULL;
	for (; at < end; at++)
		cpu = 10 * cpu + (uint32_t)(*at - '0');
	head->cpu = cpu;
	return end + flags;
}

/* "  fio-1101    0d..1. 147575762us : map: …": trace-cmd report -l, option latency-format, ftrace_dump_on_oops. */
static bool find_latency(const char *line, const char **at, struct head *head)
{
	const char *begin = *at == line ? skip_printk(line, head) : *at;
	for (const char *dash = strchr(begin, '-'); dash; dash = strchr(dash + 1, '-')) {
		const char *end = scan_digits(dash + 1);
		uint64_t pid;
		if (end == dash + 1 || (*end != ' ' && *end != '\t') || field_number(dash + 1, 10, &pid) != end)
			continue;
		const char *behind = read_cpu_flags(scan_blanks(end), head);
		behind = behind ? read_time(scan_blanks(behind), head) : NULL;
		if (!behind)
			continue;
		behind = scan_blanks(behind);
		if (*behind && strchr("!+#*@$", *behind))
			behind++;
		if (*behind != ':' || !read_event(skip_columns(behind + 1), head))
			continue;
		head->has_cpu = true;
		set_task(head, begin, dash + 1, pid);
		*at = dash + 1;
		return true;
	}
	return false;
}

/* "[  147.575762] iommu: map: iova 0xfff70000 pa … size 0x2000": dynamic debug, as dmesg or a journal has it. */
static bool find_dmesg(const char *line, const char **at, struct head *head)
{
	if (*at != line)
		return false;
	const char *payload = strstr(line, ": iova 0x");
	if (!payload)
		return false;
	const char *name = payload;
	while (name > line && !(name[-1] == ' ' && name - 2 >= line && name[-2] == ':'))
		name--;
	if (name == line)
		return false;
	/* Other brackets hold dates, tasks and what serial loggers put there. */
	for (const char *open = line; (open = memchr(open, '[', (size_t)(name - open))); open++) {
		const char *end = read_time(scan_blanks(open + 1), head);
		if (end && *end == ']' && head->clock == CLOCK_SECONDS)
			break;
		head->clock = CLOCK_NONE;
	}
	head->name = name;
	head->name_length = (size_t)(payload - name);
	head->payload = payload + 2;
	*at = payload;
	return true;
}

/* A word of a date or a time: "2026-11-30", "08:00:00", "[147.575762]". The time is that of the first one that has one. */
static bool read_stamp(const char *word, const char *end, struct head *head)
{
	const char *inside = word + (*word == '[');
	if (!scan_is_digit(*inside) || strspn(inside, "0123456789:.,+-TZus]") < (size_t)(end - inside))
		return false;
	struct head stamp = {.clock = CLOCK_NONE};
	const char *behind = read_day_time(inside, &stamp);
	if (!behind)
		behind = read_time(inside, &stamp);
	if (behind && (*behind == ']' || *behind == ':'))
		behind++;
	if (behind == end && head->clock == CLOCK_NONE) {
		head->time = stamp.time;
		head->clock = stamp.clock;
	}
	return true;
}

/* "147575762000 map cpu=0 pid=1101 iova=…": what a printf of bpftrace is advised to print. */
static bool find_bpftrace(const char *line, const char **at, struct head *head)
{
	if (*at != line)
		return false;
	const char *word = scan_blanks(line), *end = scan_word(word);
	head->clock = CLOCK_NONE;
	while (end > word && read_stamp(word, end, head)) {
		word = scan_blanks(end);
		end = scan_word(word);
	}
	if (end == word || !isalpha((unsigned char)*word))
		return false;
	head->name = word;
	head->name_length = (size_t)(end - word) - (end[-1] == ':');
	const char *group_end = memrchr(word, ':', head->name_length);
	if (group_end) {
		head->group = word;
		head->group_length = (size_t)(group_end - word);
		head->name = group_end + 1;
		head->name_length -= head->group_length + 1;
	}
	head->payload = scan_blanks(end);
	*at = end;
	return head->name_length > 0;
}

/* The number that a word is. Returns the next word, or NULL: it is none. */
static const char *number_word(const char *word, uint64_t *number)
{
	const char *end = scan_word(word);
	return end > word && field_number(word, 10, number) == end ? scan_blanks(end) : NULL;
}

/* "1101    1101    fio             map              iova=… size=…": trace of bcc, with or without columns of time and CPU. */
static bool find_bcc(const char *line, const char **at, struct head *head)
{
	if (*at != line)
		return false;
	const char *word = scan_blanks(line), *end = scan_word(word);
	struct head found = {.clock = CLOCK_NONE};
	if (memchr(word, ':', (size_t)(end - word)) || memchr(word, '.', (size_t)(end - word))) {
		if (!read_stamp(word, end, &found))
			return false;
		word = scan_blanks(end);
	}
	uint64_t numbers[3];
	const char *third = number_word(word, &numbers[0]);
	third = third ? number_word(third, &numbers[1]) : NULL;
	const char *payload = third ? strchr(third, '=') : NULL;
	if (!payload)
		return false;
	while (payload > third && payload[-1] != ' ' && payload[-1] != '\t')
		payload--;
	const char *name_end = payload;
	while (name_end > third && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	const char *name = name_end;
	while (name > third && name[-1] != ' ' && name[-1] != '\t' && name[-1] != ':')
		name--;
	if (name == name_end || name == third)
		return false;
	/* CPU, PID and TID stand before a task's name, which may be a number, too. */
	const char *fourth = number_word(third, &numbers[2]);
	found.has_cpu = fourth && fourth < name && numbers[0] <= UINT32_MAX;
	found.cpu = found.has_cpu ? (uint32_t)numbers[0] : 0;
	uint64_t tid = numbers[found.has_cpu ? 2 : 1];
	found.task = !tid && found.has_cpu ? (UINT64_C(1) << 32) + found.cpu : tid;
	found.name = name;
	found.name_length = (size_t)(name_end - name);
	found.payload = payload;
	*head = found;
	*at = payload;
	return true;
}

const struct head_format head_formats[] = {
	{"tracefs, trace-cmd or perf", find_bracket},
	{"the latency format", find_latency},
	{"dmesg", find_dmesg},
	{"bpftrace", find_bpftrace},
	{"bcc", find_bcc},
	{NULL, NULL},
};

const char *head_missing(const char *line, const char *name)
{
	bool cpu = false, time = false;
	for (const char *at = line; at < name; at++) {
		const char *end = scan_digits(at + 1);
		cpu |= at[0] == '[' && end > at + 1 && *end == ']';
		time |= at[0] == '.' && end > at + 1 && *end == ':' && at > line && scan_is_digit(at[-1]);
	}
	if (!cpu && !time)
		return "no [CPU] and no time";
	if (!cpu)
		return "no [CPU]";
	return time ? "no PID" : "no time";
}
