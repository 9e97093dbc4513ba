/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "base/memory.h"
#include "yaml/scalar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What the scripts of a file have said about the array of the same index so far. */
struct rules_slots {
	yaml_location plain;   /* first use without an index, or YAML_LOCATION_NONE */
	yaml_location indexed; /* first use with one */
	yaml_location freed;   /* first free */
	bool allocated;
};

/* A list of lines that is being read. */
struct level {
	const struct workload_line *lines;
	size_t count;
	size_t next;
	yaml_location list;
	size_t repeat;   /* op of the script that repeats it; unused outermost */
	uint64_t weight; /* operations of one pass, saturated */
};

struct reader {
	struct yaml_document *document;
	struct rules *rules;
	struct workload_phase *phase;
	size_t capacity; /* of phase->script */
	struct level levels[WORKLOAD_REPEATS_MAX + 1];
	size_t depth;
};

static uint64_t saturated_sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t saturated_product(uint64_t a, uint64_t b)
{
	uint64_t product;
	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Digits without a leading zero, at most WORKLOAD_LIVE_MAX. */
static bool read_index(const char **at, uint64_t *number)
{
	const char *begin = *at;
	*number = 0;
	for (; **at >= '0' && **at <= '9'; ++*at) {
		*number = *number * 10 + (uint64_t)(**at - '0');
		if (*number > WORKLOAD_LIVE_MAX)
			return false;
	}
	return *at > begin && (*begin != '0' || *at == begin + 1);
}

static bool skip(const char **at, const char *what)
{
	size_t length = strlen(what);
	if (strncmp(*at, what, length) != 0)
		return false;
	*at += length;
	return true;
}

/* [a], [a..b] or [a..b..step] behind the name. */
static bool read_range(const char *at, struct workload_range *range)
{
	uint64_t step = 1;
	range->step = 1;
	if (!skip(&at, "[") || !read_index(&at, &range->first))
		return false;
	range->last = range->first;
	if (skip(&at, "..")) {
		if (!read_index(&at, &range->last))
			return false;
		if (skip(&at, "..")) {
			bool down = skip(&at, "-");
			if (!read_index(&at, &step) || !step)
				return false;
			range->step = down ? -(int64_t)step : (int64_t)step;
		}
	}
	return skip(&at, "]") && !*at;
}

/* Checks the direction, and lets the range end at an element that it reaches. */
static bool check_range(struct yaml_document *document, yaml_location location, struct workload_range *range)
{
	char quoted[YAML_QUOTE_BYTES];
	bool down = range->step < 0;
	uint64_t low = down ? range->last : range->first, high = down ? range->first : range->last;
	uint64_t step = (uint64_t)(down ? -range->step : range->step);
	yaml_quote(quoted, yaml_value_text(document, location));
	if (low > high) {
		yaml_fault(document, location, "%s is empty: its step leads away from the end; %s", quoted,
			   down ? "leave the - out" : "downwards is first..last..-1");
		return false;
	}
	if (high >= WORKLOAD_LIVE_MAX) {
		yaml_fault(document, location, "%s passes the last slot, %llu", quoted,
			   (unsigned long long)(WORKLOAD_LIVE_MAX - 1));
		return false;
	}
	uint64_t way = (high - low) / step * step;
	range->last = down ? high - way : low + way;
	return true;
}

/* The array of a name, made when it is new; false without memory. */
static bool find_array(struct yaml_document *document, const char *text, size_t length, size_t *array)
{
	struct rules *rules = rules_of(document);
	struct workload *workload = rules->workload;
	char name[YAML_NAME_BYTES_MAX + 1];
	memcpy(name, text, length);
	name[length] = '\0';
	*array = name_table_find(&rules->slot_numbers, name);
	if (*array != NAME_TABLE_NONE)
		return true;
	*array = workload->script_array_count;
	if (memory_grow(&workload->script_arrays, &rules->array_capacity, *array, sizeof *workload->script_arrays) ||
	    memory_grow(&rules->slots, &rules->slots_capacity, *array, sizeof *rules->slots)) {
		yaml_no_memory(document);
		return false;
	}
	char *copy = memory_text(name);
	if (!copy || name_table_set(&rules->slot_numbers, copy, *array)) {
		memory_release(copy);
		yaml_no_memory(document);
		return false;
	}
	workload->script_arrays[*array] = (struct workload_script_array){copy, 1};
	rules->slots[*array] = (struct rules_slots){YAML_LOCATION_NONE, YAML_LOCATION_NONE, YAML_LOCATION_NONE, false};
	workload->script_array_count++;
	return true;
}

/* Plain x is slot 0 of an array of one: beside x[0..9] it would mean something else than it says. */
static void note_use(struct yaml_document *document, yaml_location location, size_t array, bool indexed)
{
	struct rules_slots *slots = &rules_of(document)->slots[array];
	yaml_location other = indexed ? slots->plain : slots->indexed;
	yaml_location *own = indexed ? &slots->indexed : &slots->plain;
	if (*own != YAML_LOCATION_NONE)
		return;
	*own = location;
	if (other != YAML_LOCATION_NONE)
		yaml_fault(document, location, "'%s' is used with and without [ ]; line %u has the other form",
			   rules_of(document)->workload->script_arrays[array].name,
			   yaml_locations_position(&document->locations, other).line);
}

/* name, name[i], name[a..b], name[a..b..step]. */
static bool read_slots(struct yaml_document *document, yaml_location location, struct workload_range *range)
{
	const char *text = yaml_value_text(document, location);
	char quoted[YAML_QUOTE_BYTES];
	if (!text)
		return false;
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	bool indexed = text[length] != '\0';
	*range = (struct workload_range){.step = 1};
	if (!length || length > YAML_NAME_BYTES_MAX || (indexed && !read_range(text + length, range))) {
		yaml_fault(document, location,
			   "%s names no slots: name, name[i], name[first..last] or name[first..last..step]",
			   yaml_quote(quoted, text));
		return false;
	}
	if (!check_range(document, location, range) || !find_array(document, text, length, &range->array))
		return false;
	uint64_t top = range->first > range->last ? range->first : range->last;
	struct workload_script_array *array = &rules_of(document)->workload->script_arrays[range->array];
	if (top + 1 > array->count)
		array->count = top + 1;
	note_use(document, location, range->array, indexed);
	return true;
}

static struct workload_script_op *add_op(struct reader *reader, enum workload_script_kind kind)
{
	struct workload_phase *phase = reader->phase;
	if (memory_grow(&phase->script, &reader->capacity, phase->script_count, sizeof *phase->script)) {
		yaml_no_memory(reader->document);
		return NULL;
	}
	struct workload_script_op *op = &phase->script[phase->script_count++];
	*op = (struct workload_script_op){.kind = kind};
	return op;
}

static uint64_t range_count(const struct workload_range *range)
{
	uint64_t way = range->first > range->last ? range->first - range->last : range->last - range->first;
	return way / (uint64_t)(range->step < 0 ? -range->step : range->step) + 1;
}

static void read_alloc(struct reader *reader, yaml_location location, const struct workload_line *line)
{
	struct yaml_document *document = reader->document;
	struct level *level = &reader->levels[reader->depth - 1];
	yaml_location size = yaml_key_location(document, location, "size");
	struct workload_range slots;
	uint64_t pages = 0;
	if (!yaml_given(document, location, "request"))
		yaml_fault_missing(document, location, "request", "an allocation says for which request");
	if (size != YAML_LOCATION_NONE && yaml_sound(document, size) &&
	    yaml_read_pages(document, size, line->arguments.bytes, 1, WORKLOAD_PAGES_MAX, "the largest space", &pages) &&
	    yaml_good(document, location, "request"))
		rules_check_fit(document, size, &reader->rules->workload->requests[line->request], pages);
	if (!read_slots(document, yaml_key_location(document, location, "alloc"), &slots))
		return;
	reader->rules->slots[slots.array].allocated = true;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_ALLOC);
	if (!op)
		return;
	op->request = line->request;
	op->count = pages;
	op->slots = slots;
	level->weight = saturated_sum(level->weight, range_count(&slots));
}

static void read_free(struct reader *reader, yaml_location location)
{
	struct level *level = &reader->levels[reader->depth - 1];
	yaml_location freed = yaml_key_location(reader->document, location, "free");
	struct workload_range slots;
	if (!read_slots(reader->document, freed, &slots))
		return;
	if (reader->rules->slots[slots.array].freed == YAML_LOCATION_NONE)
		reader->rules->slots[slots.array].freed = freed;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_FREE);
	if (!op)
		return;
	op->slots = slots;
	level->weight = saturated_sum(level->weight, range_count(&slots));
}

static void open_repeat(struct reader *reader, yaml_location location, const struct workload_line *line)
{
	yaml_location list = yaml_key_location(reader->document, location, "script");
	if (list == YAML_LOCATION_NONE)
		yaml_fault_missing(reader->document, location, "script", "a repeat holds the script that it repeats");
	if (!line->line_count)
		return;
	if (reader->depth > WORKLOAD_REPEATS_MAX) {
		yaml_fault(reader->document, list, "repeats are nested deeper than %u", WORKLOAD_REPEATS_MAX);
		return;
	}
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_REPEAT);
	if (!op)
		return;
	op->count = line->repeat;
	reader->levels[reader->depth++] = (struct level){
		.lines = line->lines, .count = line->line_count, .list = list, .repeat = reader->phase->script_count - 1};
}

static void close_level(struct reader *reader)
{
	struct level *level = &reader->levels[--reader->depth];
	if (!reader->depth)
		return;
	struct workload_phase *phase = reader->phase;
	struct workload_script_op *end = add_op(reader, WORKLOAD_SCRIPT_END);
	if (!end)
		return;
	struct workload_script_op *repeat = &phase->script[level->repeat];
	repeat->match = phase->script_count - 1;
	end->match = level->repeat;
	struct level *outer = &reader->levels[reader->depth - 1];
	outer->weight = saturated_sum(outer->weight, saturated_product(level->weight, repeat->count));
}

static void read_call(struct reader *reader, yaml_location location, const struct workload_line *line)
{
	struct level *level = &reader->levels[reader->depth - 1];
	if (!rules_routine_call(reader->document, location, line))
		return;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_CALL);
	if (op)
		op->call = reader->rules->workload->routine_call_count - 1;
	level->weight = saturated_sum(level->weight, 1);
}

/* Keys that belong to another operation. Of a call its routine tells what it takes. */
static void check_line(struct yaml_document *document, yaml_location location, enum workload_script_kind kind)
{
	static const char *const names[] = {
		[WORKLOAD_SCRIPT_ALLOC] = "alloc", [WORKLOAD_SCRIPT_FREE] = "free", [WORKLOAD_SCRIPT_REPEAT] = "repeat"};
	static const struct {
		const char *key;
		enum workload_script_kind kind;
	} keys[] = {
		{"request", WORKLOAD_SCRIPT_ALLOC}, {"size", WORKLOAD_SCRIPT_ALLOC}, {"script", WORKLOAD_SCRIPT_REPEAT}};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].kind != kind)
			yaml_fault(document, yaml_key_location(document, location, keys[i].key), "belongs to %s, not to %s",
				   names[keys[i].kind], names[kind]);
	for (size_t i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++)
		if (i != WORKLOAD_ARGUMENT_SIZE)
			yaml_fault(document, yaml_key_location(document, location, workload_argument_table[i].key),
				   "belongs to call, not to %s", names[kind]);
	yaml_fault(document, yaml_key_location(document, location, "adapter"), "belongs to call; the request says it of %s",
		   names[kind]);
}

static void read_line(struct reader *reader, yaml_location location, const struct workload_line *line)
{
	static const char *const keys[] = {"alloc", "free", "repeat", "call"};
	bool given = false;
	for (size_t i = 0; i < 4; i++)
		given = given || yaml_given(reader->document, location, keys[i]);
	if (!given)
		return; /* told */
	if (line->kind == WORKLOAD_SCRIPT_CALL) {
		read_call(reader, location, line);
		return;
	}
	check_line(reader->document, location, line->kind);
	if (line->kind == WORKLOAD_SCRIPT_ALLOC)
		read_alloc(reader, location, line);
	else if (line->kind == WORKLOAD_SCRIPT_FREE)
		read_free(reader, location);
	else
		open_repeat(reader, location, line);
}

void rules_script(struct yaml_document *document, yaml_location phase_place, struct workload_phase *phase)
{
	assert(phase->body == WORKLOAD_BODY_SCRIPT && !phase->script_count);
	yaml_location list = yaml_key_location(document, phase_place, "script");
	if (!phase->line_count)
		return; /* told */
	struct reader reader = {.document = document, .rules = rules_of(document), .phase = phase, .depth = 1};
	reader.levels[0] = (struct level){.lines = phase->lines, .count = phase->line_count, .list = list};
	while (reader.depth) {
		struct level *level = &reader.levels[reader.depth - 1];
		if (level->next == level->count) {
			close_level(&reader);
			continue;
		}
		size_t index = level->next++;
		yaml_location location = yaml_item_location(document, level->list, index);
		if (!yaml_locations_refused(&document->locations, location))
			read_line(&reader, location, &level->lines[index]);
	}
	if (reader.levels[0].weight > WORKLOAD_OPS_MAX)
		yaml_fault(document, list, "more than %llu operations, repeats written out",
			   (unsigned long long)WORKLOAD_OPS_MAX);
	else
		rules_add_operations(document, list, reader.levels[0].weight);
}

void rules_release_lines(struct workload_phase *phase)
{
	for (size_t i = 0; i < phase->line_count; i++)
		yaml_release(&workload_line_map, &phase->lines[i]);
	memory_release(phase->lines);
	phase->lines = NULL;
	phase->line_count = 0;
}

void rules_slots_check(struct yaml_document *document)
{
	const struct rules *rules = rules_of(document);
	const struct workload *workload = rules->workload;
	uint64_t total = 0;
	for (size_t i = 0; i < workload->script_array_count; i++) {
		const struct rules_slots *slots = &rules->slots[i];
		yaml_location used = slots->indexed != YAML_LOCATION_NONE ? slots->indexed : slots->plain;
		if (slots->freed != YAML_LOCATION_NONE && !slots->allocated)
			yaml_fault(document, slots->freed, "nothing is ever allocated into '%s'",
				   workload->script_arrays[i].name);
		bool fitted = total <= WORKLOAD_LIVE_MAX;
		total = saturated_sum(total, workload->script_arrays[i].count);
		if (fitted && total > WORKLOAD_LIVE_MAX)
			yaml_fault(document, used, "the scripts have more than %llu slots together",
				   (unsigned long long)WORKLOAD_LIVE_MAX);
	}
}

/* ---- back ---- */

/* An array of one is written without [ ]: all of its uses are. */
static void write_slots(char *text, size_t bytes, const struct workload_script_array *array,
			const struct workload_range *range)
{
	unsigned long long first = range->first, last = range->last;
	if (array->count == 1)
		snprintf(text, bytes, "%s", array->name);
	else if (first == last)
		snprintf(text, bytes, "%s[%llu]", array->name, first);
	else if (range->step == 1)
		snprintf(text, bytes, "%s[%llu..%llu]", array->name, first, last);
	else
		snprintf(text, bytes, "%s[%llu..%llu..%lld]", array->name, first, last, (long long)range->step);
}

static json_t *write_line(const struct workload *workload, const struct workload_script_op *op)
{
	char slots[YAML_NAME_BYTES_MAX + 80];
	struct workload_line line = {.kind = op->kind};
	if (op->kind == WORKLOAD_SCRIPT_ALLOC || op->kind == WORKLOAD_SCRIPT_FREE)
		write_slots(slots, sizeof slots, &workload->script_arrays[op->slots.array], &op->slots);
	line.alloc = line.free = slots;
	line.request = op->request;
	line.repeat = op->count;
	line.arguments.bytes = op->kind == WORKLOAD_SCRIPT_ALLOC ? op->count * workload->space.page_bytes : 0;
	if (op->kind != WORKLOAD_SCRIPT_CALL)
		return yaml_write_item(&workload_language, workload, &workload_line_map, &line);
	const struct workload_routine_call *call = &workload->routine_calls[op->call];
	char numbers[WORKLOAD_CALL_OBJECTS][24], *of[WORKLOAD_CALL_OBJECTS], *into[WORKLOAD_CALL_OBJECTS];
	uint32_t takes = workload_routine_table[call->routine].takes, traits = workload_routine_table[call->routine].traits;
	line.call = (char *)(uintptr_t)workload_routine_table[call->routine].name;
	line.arguments = call->arguments;
	line.has_adapter = call->has_adapter;
	line.adapter = call->adapter;
	line.of = of;
	line.into = into;
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++) {
		const struct workload_operand *operand = &call->of[i];
		snprintf(numbers[i], sizeof numbers[i], "0x%llx", (unsigned long long)operand->number);
		of[i] = operand->object == WORKLOAD_OBJECT_NONE ? numbers[i] : workload->objects[operand->object];
		if (call->into[i] != WORKLOAD_OBJECT_NONE)
			into[line.into_count++] = workload->objects[call->into[i]];
	}
	line.of_count = !(takes & WORKLOAD_TAKES(OF)) ? 0 : traits & WORKLOAD_TRAIT_TAKES_TWO ? 2 : 1;
	line.status = call->any_status ? WORKLOAD_ANY : call->status;
	line.violation = call->any_violation ? WORKLOAD_ANY : (int)call->violation;
	return yaml_write_item(&workload_language, workload, &workload_line_map, &line);
}

json_t *workload_write_script(const void *root, const void *item)
{
	const struct workload_phase *phase = item;
	json_t *lists[WORKLOAD_REPEATS_MAX + 1] = {json_array()};
	size_t depth = 1;
	for (size_t i = 0; i < phase->script_count; i++) {
		const struct workload_script_op *op = &phase->script[i];
		if (op->kind == WORKLOAD_SCRIPT_END) {
			depth--;
			continue;
		}
		json_t *line = write_line(root, op);
		json_array_append_new(lists[depth - 1], line);
		if (op->kind == WORKLOAD_SCRIPT_REPEAT) {
			lists[depth] = json_array();
			json_object_set_new(line, "script", lists[depth++]);
		}
	}
	return lists[0];
}
