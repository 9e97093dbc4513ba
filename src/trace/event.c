/* SPDX-License-Identifier: MIT */
#include "trace/event.h"

#include "base/hash.h"
#include "trace/scan.h"
#include "workload/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A task may be called as another line's head looks; what is longer is no name, and stands in the text of an event. */
#define TASK_NAME_BYTES_MAX 24u

static const char *cause(struct event_parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *cause(struct event_parser *parser, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(parser->cause, sizeof parser->cause, format, arguments);
	va_end(arguments);
	return parser->cause;
}

static const char *no_number(struct event_parser *parser, const struct field *field)
{
	if (field->word)
		return cause(parser, "no word %u", field->word);
	return cause(parser, "no number %.*s=", (int)field->lengths[0], field->names[0]);
}

static const char *take_pages(struct event_parser *parser, uint64_t pages, struct event *event)
{
	if (pages == 0)
		return "a range of no pages";
	if (pages > UINT32_MAX)
		return cause(parser, "a range of 2^32 pages or more");
	event->count = (uint32_t)pages;
	return NULL;
}

/* The last number of a list "{0x1000,0x2000}"; *sum of all of them. False: not a list of numbers. */
static bool read_list(const char *value, uint64_t *last, uint64_t *sum)
{
	const char *at = value + 1;
	*sum = 0;
	for (;;) {
		at = field_number(scan_blanks(at), 10, last);
		if (!at || __builtin_add_overflow(*sum, *last, sum))
			return false;
		if (*at == '}')
			return true;
		if (*at != ',')
			return false;
		at++;
	}
}

/* What is read of a line before it is made into pages. */
struct reading {
	const struct rule_ready *ready;
	const struct fields *fields;
	uint64_t start; /* in the rule's unit */
	uint64_t end;   /* of a list of addresses: the last one's start */
	uint64_t tail;  /* of a list of sizes: the last one */
	bool list;
};

static const char *read_address(struct event_parser *parser, struct reading *reading, const struct field *field,
				const char **value)
{
	unsigned base = reading->ready->rule->hex ? 16 : 10;
	uint64_t sum;
	*value = field_find(field, reading->fields);
	if (!*value)
		return no_number(parser, field);
	reading->list = **value == '{';
	if (reading->list) {
		if (!field_value_number(*value + 1, base, &reading->start) || !read_list(*value, &reading->end, &sum))
			return no_number(parser, field);
		return NULL;
	}
	if (field_value_number(*value, base, &reading->start))
		return NULL;
	if (!reading->ready->rule->hex && field_value_number(*value, 16, &reading->start))
		return cause(parser, "no number %.*s=: hexadecimal without 0x is read by a --rule with hex: yes",
			     (int)field->lengths[0], field->count ? field->names[0] : "");
	return no_number(parser, field);
}

/* "iova=0xFIRST - 0xEND": END is exclusive, and the last page of 64 bits ends at 0. */
static const char *check_end(struct event_parser *parser, const struct reading *reading, const char *value, uint64_t size)
{
	const char *behind = scan_blanks(scan_word(value));
	uint64_t end;
	if (behind[0] != '-' || (behind[1] && behind[1] != ' '))
		return NULL;
	if (!field_value_number(scan_blanks(behind + 1), 10, &end))
		return cause(parser, "no number behind %.*s=… -", (int)reading->ready->address.lengths[0],
			     reading->ready->address.names[0]);
	return end - reading->start == size ? NULL : "size= is not the distance of its two addresses";
}

static const char *read_size(struct event_parser *parser, struct reading *reading, uint64_t *size)
{
	const struct field *field = &reading->ready->size;
	const char *value = field_find(field, reading->fields);
	*size = 0;
	if (!value) {
		const char *payload = reading->fields->payload;
		size_t length = strlen(payload);
		if (length && payload[length - 1] == '-')
			return "it ends at its first address: was the line wrapped by a mail?";
		return field->may_lack ? NULL : no_number(parser, field);
	}
	if (*value == '{')
		return read_list(value, &reading->tail, size) ? NULL : no_number(parser, field);
	reading->tail = 0;
	return field_value_number(value, 10, size) ? NULL : no_number(parser, field);
}

/* Addresses and sizes of bytes as pages: what is mapped in parts must be whole ones, else the pages that are touched count. */
static const char *take_bytes(struct event_parser *parser, const struct reading *reading, uint64_t size,
			      struct event *event)
{
	uint64_t page = parser->page_bytes, offset = reading->start % page, bytes;
	if (reading->ready->rule->pairing == RULE_PAIRS_MAPS && (offset || size % page))
		return cause(parser, "not whole pages of %llu bytes", (unsigned long long)page);
	event->first = reading->start / page;
	if (reading->list && size) {
		uint64_t end;
		if (__builtin_add_overflow(reading->end, reading->tail, &end) || end <= reading->start)
			return "its addresses do not ascend";
		size = end - reading->start;
	}
	if (!size)
		return NULL;
	if (__builtin_add_overflow(offset, size, &bytes) || bytes > UINT64_MAX - page)
		return "a range that passes the end of 64 bits";
	return take_pages(parser, (bytes + page - 1) / page, event);
}

static const char *take_size(struct event_parser *parser, const struct reading *reading, uint64_t size, bool given,
			     struct event *event)
{
	const struct rule *rule = reading->ready->rule;
	if (!given)
		return NULL;
	if (rule->size_unit == RULE_ORDER) {
		if (size >= 32)
			return "an order of 32 or more";
		event->count = UINT32_C(1) << size;
		return NULL;
	}
	if (!size)
		return "a range of no pages";
	if (rule->size_unit == RULE_PAGES)
		return take_pages(parser, size, event);
	uint64_t page = parser->page_bytes;
	if (size > UINT64_MAX - page)
		return "a range that passes the end of 64 bits";
	return take_pages(parser, (size + page - 1) / page, event);
}

static const char *read_owner(struct event_parser *parser, const struct reading *reading, struct event *event)
{
	const struct field *field = &reading->ready->owner;
	const char *value = field_named(field) ? field_find(field, reading->fields) : NULL;
	if (!value) {
		bool needed = field_named(field) && !field->may_lack;
		return needed ? no_number(parser, field) : NULL;
	}
	size_t length = field_value_bytes(value);
	if (!length)
		return no_number(parser, field);
	if (field_value_number(value, 10, &event->owner))
		return NULL;
	event->owner = hash_bytes(HASH_START, value, length);
	event->owner_name = value;
	event->owner_name_length = length;
	return NULL;
}

static const char *read_limit(struct event_parser *parser, const struct reading *reading, struct event *event)
{
	const struct field *field = &reading->ready->limit;
	const char *value = field_named(field) ? field_find(field, reading->fields) : NULL;
	if (!value)
		return field_named(field) && !field->may_lack ? no_number(parser, field) : NULL;
	if (!field_value_number(value, reading->ready->rule->hex ? 16 : 10, &event->limit))
		return no_number(parser, field);
	if (reading->ready->rule->address_unit == RULE_BYTES)
		event->limit /= parser->page_bytes;
	event->limited = true;
	return NULL;
}

static bool failed(const struct reading *reading, const struct event *event)
{
	const char *error = field_find(&reading->ready->error, reading->fields);
	if (error && strncmp(error, "0", field_value_bytes(error)) != 0)
		return true;
	switch (reading->ready->rule->failure) {
	case RULE_FAILURE_ZERO: /* or the number of no page, -1 */
		return reading->start == 0 || reading->start == UINT64_MAX;
	case RULE_FAILURE_ONES:
		return reading->start == UINT64_MAX || reading->start == UINT32_MAX;
	default:
		return event->failed;
	}
}

static const char *take_address(struct event_parser *parser, const struct reading *reading, const char *value,
				struct event *event)
{
	const struct rule *rule = reading->ready->rule;
	uint64_t size = 0;
	struct reading sized = *reading;
	const char *wrong = read_size(parser, &sized, &size);
	bool given = field_find(&reading->ready->size, reading->fields) != NULL;
	if (wrong)
		return wrong;
	if (rule->address_unit == RULE_BYTES && rule->size_unit == RULE_BYTES) {
		wrong = given ? check_end(parser, reading, value, size) : NULL;
		if (!wrong && given && !size)
			wrong = "a range of no pages";
		if (!wrong)
			wrong = take_bytes(parser, &sized, size, event);
	} else {
		event->first = rule->address_unit == RULE_BYTES ? reading->start / parser->page_bytes : reading->start;
		wrong = take_size(parser, &sized, size, given, event);
	}
	if (!wrong && event->first >= WORKLOAD_PAGES_MAX)
		return "a page number of 2^52 or more";
	return wrong;
}

static const char *read_match(struct event_parser *parser, const struct reading *reading, struct event *event)
{
	const struct field *field = &reading->ready->match;
	if (!field_named(field))
		return NULL;
	const char *value = field_find(field, reading->fields);
	event->matched = true;
	if (value && *value == '{')
		value++;
	return value && field_value_number(value, 10, &event->match) ? NULL : no_number(parser, field);
}

/* A return of which the call told the rest. */
static bool is_return(const struct reading *reading)
{
	const struct rule_ready *ready = reading->ready;
	return ready->rule->call && !field_find(&ready->owner, reading->fields) &&
	       !field_find(&ready->size, reading->fields) && !field_find(&ready->limit, reading->fields);
}

static const char *read_alloc(struct event_parser *parser, struct reading *reading, struct event *event)
{
	const char *value;
	const char *wrong = read_address(parser, reading, &reading->ready->address, &value);
	if (wrong)
		return wrong;
	event->failed = failed(reading, event);
	if (is_return(reading)) {
		event->kind = EVENT_RETURN;
		event->lone = reading->ready->size.may_lack;
		event->first = reading->start;
		return event->first >= WORKLOAD_PAGES_MAX ? "a page number of 2^52 or more" : NULL;
	}
	event->kind = reading->ready->rule->pairing == RULE_PAIRS_MAPS ? EVENT_MAP : EVENT_ALLOC;
	if ((wrong = read_owner(parser, reading, event)))
		return wrong;
	if (event->failed) {
		reading->start = 0;
		reading->list = false;
	}
	if ((wrong = take_address(parser, reading, value, event)) || (wrong = read_limit(parser, reading, event)))
		return wrong;
	return read_match(parser, reading, event);
}

static const char *read_call(struct event_parser *parser, struct reading *reading, struct event *event)
{
	uint64_t size = 0;
	const char *wrong = read_owner(parser, reading, event);
	event->kind = EVENT_CALL;
	if (wrong || (wrong = read_size(parser, reading, &size)) || (wrong = read_limit(parser, reading, event)))
		return wrong;
	return take_size(parser, reading, size, field_find(&reading->ready->size, reading->fields), event);
}

static const char *read_free(struct event_parser *parser, struct reading *reading, struct event *event)
{
	const char *value;
	const char *wrong = read_owner(parser, reading, event);
	event->kind = reading->ready->rule->pairing == RULE_PAIRS_MAPS ? EVENT_UNMAP : EVENT_FREE;
	if (wrong || (wrong = read_match(parser, reading, event)))
		return wrong;
	if (event->matched)
		return NULL;
	if ((wrong = read_address(parser, reading, &reading->ready->freed, &value)))
		return wrong;
	return take_address(parser, reading, value, event);
}

static const char *read_end(struct event_parser *parser, struct reading *reading, struct event *event)
{
	event->kind = EVENT_END;
	return read_owner(parser, reading, event);
}

/* Whether a payload holds anything that the rule looks for. */
static bool concerns(const struct rule_ready *ready, const struct fields *fields)
{
	return field_find(&ready->address, fields) || field_find(&ready->freed, fields) ||
	       field_find(&ready->size, fields) ||
	       (!ready->owner.word && field_named(&ready->owner) && field_find(&ready->owner, fields));
}

static const char *apply_rule(struct event_parser *parser, const struct rule_word *word, const struct head *head,
			      struct event *event)
{
	static const char *(*const readers[RULE_ROLES])(struct event_parser *, struct reading *, struct event *) = {
		[RULE_CALLS] = read_call, [RULE_ALLOCATES] = read_alloc, [RULE_FREES] = read_free, [RULE_ENDS] = read_end};
	const struct rule_ready *ready = &parser->rules->rules[word->rule];
	struct reading reading = {.ready = ready, .fields = &parser->fields};
	memset(event, 0, sizeof *event);
	event->level = (uint8_t)ready->level;
	event->has_cpu = head->has_cpu;
	event->cpu = head->cpu;
	event->task = head->task;
	event->time = head->time;
	event->clock = head->clock;
	event->name = head->name;
	event->name_length = head->name_length;
	uint64_t number;
	if (!head->has_cpu) {
		const char *cpu = field_find(&ready->cpu, reading.fields), *pid = field_find(&ready->pid, reading.fields);
		event->has_cpu = cpu && field_value_number(cpu, 10, &number) && number <= UINT32_MAX;
		if (event->has_cpu)
			event->cpu = (uint32_t)number;
		if (pid && field_value_number(pid, 10, &number))
			event->task = number ? number : (UINT64_C(1) << 32) + event->cpu;
	}
	if (event->cpu >= WORKLOAD_CPUS_MAX)
		return "a CPU number of 4096 or more";
	return readers[word->role](parser, &reading, event);
}

static const char *match_rules(struct event_parser *parser, const struct head *head, struct event *event)
{
	const struct rule_table *rules = parser->rules;
	struct event first = {.kind = EVENT_OTHER};
	const char *wrong = NULL;
	unsigned at = rule_word_find(rules, head->name, head->name_length, 0);
	if (at)
		fields_read(&parser->fields, head->payload);
	for (; at; at = rule_word_find(rules, head->name, head->name_length, at)) {
		const struct rule_word *word = &rules->words[at - 1];
		const struct rule_ready *ready = &rules->rules[word->rule];
		const char *now = apply_rule(parser, word, head, event);
		if (!now)
			return NULL;
		bool empty = head->has_cpu && !*head->payload;
		bool foreign = head->group ? !field_names(&ready->groups, head->group, head->group_length)
					   : !empty && !concerns(ready, &parser->fields);
		if (first.kind == EVENT_UNREADABLE)
			continue;
		first = *event;
		first.kind = foreign ? EVENT_FOREIGN : EVENT_UNREADABLE;
		wrong = foreign ? NULL : empty ? "nothing behind its event: was the line wrapped, or cut?" : now;
	}
	*event = first;
	return wrong;
}

/* A line "name: cpus=4" says that a part of this name follows. */
static void note_prefix(struct event_parser *parser, const char *line)
{
	const char *at = scan_blanks(line), *end = scan_word(at);
	size_t length = end > at ? (size_t)(end - 1 - at) : 0;
	if (length && end[-1] == ':' && length < EVENT_PREFIX_BYTES && strncmp(scan_blanks(end), "cpus=", 5) == 0 &&
	    parser->prefix_count < EVENT_PREFIXES_MAX) {
		memcpy(parser->prefixes[parser->prefix_count], at, length);
		parser->prefixes[parser->prefix_count++][length] = '\0';
	}
}

/* A line's prefix "name:" where the file has said that such a one of its parts exists. */
static const char *skip_prefix(const struct event_parser *parser, const char *line, const char **name, size_t *length)
{
	*name = NULL;
	if (!parser->prefix_count)
		return line;
	const char *at = scan_blanks(line), *end = scan_word(at);
	if (end == at || end[-1] != ':')
		return line;
	*length = (size_t)(end - 1 - at);
	for (size_t i = 0; i < parser->prefix_count; i++)
		if (strncmp(parser->prefixes[i], at, *length) == 0 && !parser->prefixes[i][*length]) {
			*name = at;
			return end;
		}
	return line;
}

static void own_by_prefix(struct event *event, const char *name, size_t length)
{
	event->owner ^= hash_bytes(HASH_START, name, length);
	if (event->owner_name)
		return;
	event->owner_name = name;
	event->owner_name_length = length;
}

static uint64_t number_in(const char *text)
{
	uint64_t number;
	while (*text && !scan_is_digit(*text))
		text++;
	return field_number(text, 10, &number) ? number : 0;
}

/* What kernels and tools say of events that are not in the file. */
static bool is_lost(const char *line, struct event *event)
{
	const char *at = scan_blanks(line), *word;
	event->kind = EVENT_LOST;
	if (strncmp(at, "CPU:", 4) == 0 && (word = strchr(at, '[')) && strstr(word, "EVENT") &&
	    (strstr(word, "LOST") || strstr(word, "DROPPED"))) {
		event->lost = number_in(word);
		return true;
	}
	if ((word = strstr(at, "PERF_RECORD_LOST"))) {
		word = strstr(word, "lost");
		event->lost = word ? number_in(word) : 0;
		return true;
	}
	static const char *const counts[] = {"Lost ", "Possibly lost ", "WARNING: Lost "};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (strncmp(at, counts[i], strlen(counts[i])) == 0) {
			event->lost = number_in(at);
			return true;
		}
	if (strncmp(at, "dropped events: ", 16) == 0 && (event->lost = number_in(at)))
		return true;
	/* perf record, of its own buffers: how many events were in one nobody knows. */
	if (strncmp(at, "Processed ", 10) == 0 && strstr(at, " lost "))
		return event->summary = true;
	event->kind = EVENT_OVERWRITTEN;
	if (strncmp(at, "overrun: ", 9) == 0) {
		event->lost = number_in(at);
		return event->lost > 0;
	}
	if (*at == '#' && (word = strstr(at, "entries-in-buffer/entries-written:"))) {
		uint64_t kept = number_in(word);
		word = strchr(strchr(word, ':'), '/');
		uint64_t written = word ? number_in(word) : 0;
		event->lost = written > kept ? written - kept : 0;
		return event->lost > 0;
	}
	event->kind = EVENT_OTHER;
	return false;
}

/* Whether what stands behind a name in a line without a head is an event of that rule. What is not set off from the name by a
 * mark must have an address and a size, or it could be any text. */
static bool is_headless(struct event_parser *parser, const struct rule_ready *ready, const char *behind)
{
	fields_read(&parser->fields, behind + 1);
	if (*behind != ' ' && *behind != '\t')
		return concerns(ready, &parser->fields);
	return !ready->address.word && !ready->size.word && field_find(&ready->size, &parser->fields) &&
	       (field_find(&ready->address, &parser->fields) || field_find(&ready->freed, &parser->fields));
}

/* An event of a rule in a line that has no head, as "map:" or, of perf trace, "map(". */
static const char *find_headless(struct event_parser *parser, const char *line, struct event *event)
{
	for (const char *at = line; (at = strpbrk(at, ":( \t")); at++) {
		const char *name = at;
		while (name > line && name[-1] != ' ' && name[-1] != ':' && name[-1] != '\t')
			name--;
		size_t length = (size_t)(at - name);
		unsigned word = rule_word_find(parser->rules, name, length, 0);
		const struct rule_ready *ready = word ? &parser->rules->rules[parser->rules->words[word - 1].rule] : NULL;
		if (!word || !is_headless(parser, ready, at))
			continue;
		event->kind = EVENT_UNREADABLE;
		event->level = (uint8_t)ready->level;
		return cause(parser, "an event of %.*s, but %s before it: %s", (int)length, name, head_missing(line, name),
			     *at == '(' ? "perf trace prints this, import what 'perf script' prints"
					: "a line is read as 'name-PID [CPU] time: event:', which perf script -F "
					  "+pid,+cpu,+time prints");
	}
	return NULL;
}

/* The event of a line that has the head of a format. *known: there was such a head. */
static const char *try_format(struct event_parser *parser, const struct head_format *format, const char *line,
			      struct event *event, bool *known)
{
	const char *at = line, *wrong = NULL;
	struct head head = {0};
	struct event found = {.kind = EVENT_OTHER};
	while (format->find(line, &at, &head)) {
		if (head.task_name && *known && head.task_name_length > TASK_NAME_BYTES_MAX)
			break;
		struct event now;
		const char *fault = match_rules(parser, &head, &now);
		*known = true;
		/* The last one that is whole: what stood before it is a task's name. */
		if (now.kind >= EVENT_CALL || (now.kind != EVENT_OTHER && found.kind < EVENT_CALL)) {
			found = now;
			wrong = fault;
		}
		memset(&head, 0, sizeof head);
	}
	*event = found;
	return wrong;
}

static const char *other_format(struct event_parser *parser, unsigned format, struct event *event)
{
	const char *name = head_formats[format].name;
	event->kind = EVENT_UNREADABLE;
	return cause(parser,
		     "an event of %.*s, but no [CPU] / PID / time before it as the lines before have (%s): two formats in "
		     "one file",
		     (int)event->name_length, event->name, name);
}

const char *event_parse(struct event_parser *parser, const char *line, struct event *event)
{
	assert(parser->rules && parser->page_bytes && line);
	const char *prefix, *text;
	size_t prefix_length = 0;
	memset(event, 0, sizeof *event);
	text = skip_prefix(parser, line, &prefix, &prefix_length);
	for (unsigned i = 0; head_formats[i].name; i++) {
		/* A file has one format, so that its row is looked at first. */
		unsigned row = !parser->format ? i : i == 0 ? parser->format - 1 : i <= parser->format - 1 ? i - 1 : i;
		bool known = false;
		const char *wrong = try_format(parser, &head_formats[row], text, event, &known);
		if (event->kind == EVENT_OTHER && !(known && row <= 1))
			continue;
		if (event->kind >= EVENT_CALL && parser->format && row + 1 != parser->format)
			return other_format(parser, row, event);
		if (event->kind >= EVENT_CALL)
			parser->format = row + 1;
		if (prefix)
			own_by_prefix(event, prefix, prefix_length);
		return wrong;
	}
	note_prefix(parser, line);
	memset(event, 0, sizeof *event);
	return is_lost(line, event) ? NULL : find_headless(parser, line, event);
}

bool event_is_rest(struct event_parser *parser, const char *line)
{
	bool concerned = false;
	fields_read(&parser->fields, line);
	for (size_t i = 0; i < parser->rules->count && !concerned; i++) {
		const struct rule_ready *ready = &parser->rules->rules[i];
		concerned =
			!ready->address.word && !ready->freed.word && !ready->size.word && concerns(ready, &parser->fields);
	}
	/* A word and a number are head enough for bpftrace and bcc, and so is any rest of a line. */
	for (unsigned i = 0; i < HEAD_FORMATS_STRICT && concerned; i++) {
		const char *at = line;
		struct head head = {0};
		concerned = !head_formats[i].find(line, &at, &head);
	}
	return concerned;
}
