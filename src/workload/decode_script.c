/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include "base/memory.h"

#include <string.h>

/* What the scripts of a file have said about the array of the same index so far. */
struct decode_slots {
	yaml_place plain;   /* first use without an index, or YAML_PLACE_NONE */
	yaml_place indexed; /* first use with one */
	yaml_place freed;   /* first free */
	bool allocated;
};

/* A list of operations that is being read. */
struct level {
	const struct raw_script_op *ops;
	unsigned count;
	unsigned next;
	yaml_place list;
	size_t repeat;   /* op of the script that repeats it; unused outermost */
	uint64_t weight; /* operations of one pass, saturated */
};

struct reader {
	struct decode *decode;
	struct workload_phase *phase;
	size_t capacity; /* of phase->script */
	struct level levels[DECODE_SCRIPT_DEPTH_MAX + 1];
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
static bool check_range(struct decode *decode, struct decode_value value, struct workload_range *range)
{
	char quoted[YAML_QUOTE_BYTES];
	bool down = range->step < 0;
	uint64_t low = down ? range->last : range->first, high = down ? range->first : range->last;
	uint64_t step = (uint64_t)(down ? -range->step : range->step);
	if (low > high) {
		decode_fault(decode, value.place, "%s is empty: its step leads away from the end; %s",
			     yaml_quote(quoted, value.text), down ? "leave the - out" : "downwards is first..last..-1");
		return false;
	}
	if (high >= WORKLOAD_LIVE_MAX) {
		decode_fault(decode, value.place, "%s passes the last slot, %llu", yaml_quote(quoted, value.text),
			     (unsigned long long)(WORKLOAD_LIVE_MAX - 1));
		return false;
	}
	uint64_t way = (high - low) / step * step;
	range->last = down ? high - way : low + way;
	return true;
}

/* The array of a name, made when it is new; false without memory. */
static bool find_array(struct decode *decode, const char *text, size_t length, size_t *array)
{
	struct workload *workload = decode->workload;
	char name[DECODE_NAME_BYTES_MAX + 1];
	memcpy(name, text, length);
	name[length] = '\0';
	*array = name_table_find(&decode->slot_numbers, name);
	if (*array != NAME_TABLE_NONE)
		return true;
	*array = workload->script_array_count;
	if (memory_grow(&workload->script_arrays, &decode->array_capacity, *array, sizeof *workload->script_arrays) ||
	    memory_grow(&decode->slots, &decode->slots_capacity, *array, sizeof *decode->slots)) {
		decode_no_memory(decode);
		return false;
	}
	char *copy = memory_text(name);
	if (!copy || name_table_set(&decode->slot_numbers, copy, *array)) {
		memory_release(copy);
		decode_no_memory(decode);
		return false;
	}
	workload->script_arrays[*array] = (struct workload_script_array){copy, 1};
	decode->slots[*array] = (struct decode_slots){YAML_PLACE_NONE, YAML_PLACE_NONE, YAML_PLACE_NONE, false};
	workload->script_array_count++;
	return true;
}

/* Plain x is slot 0 of an array of one: beside x[0..9] it would mean something else than it says. */
static void note_use(struct decode *decode, struct decode_value value, size_t array, bool indexed)
{
	struct decode_slots *slots = &decode->slots[array];
	yaml_place other = indexed ? slots->plain : slots->indexed;
	yaml_place *own = indexed ? &slots->indexed : &slots->plain;
	if (*own == YAML_PLACE_NONE) {
		*own = value.place;
		if (other != YAML_PLACE_NONE)
			decode_fault(decode, value.place, "'%s' is used with and without [ ]; line %u has the other form",
				     decode->workload->script_arrays[array].name,
				     yaml_places_position(decode->places, other).line);
	}
}

/* name, name[i], name[a..b], name[a..b..step]. */
static bool decode_slots(struct decode *decode, struct decode_value value, struct workload_range *range)
{
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return false;
	size_t length = strspn(value.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	bool indexed = value.text[length] != '\0';
	*range = (struct workload_range){.step = 1};
	if (!length || length > DECODE_NAME_BYTES_MAX || (indexed && !read_range(value.text + length, range))) {
		decode_fault(decode, value.place,
			     "%s names no slots: name, name[i], name[first..last] or name[first..last..step]",
			     yaml_quote(quoted, value.text));
		return false;
	}
	if (!check_range(decode, value, range) || !find_array(decode, value.text, length, &range->array))
		return false;
	uint64_t top = range->first > range->last ? range->first : range->last;
	struct workload_script_array *array = &decode->workload->script_arrays[range->array];
	if (top + 1 > array->count)
		array->count = top + 1;
	note_use(decode, value, range->array, indexed);
	return true;
}

static struct workload_script_op *add_op(struct reader *reader, enum workload_script_kind kind)
{
	struct workload_phase *phase = reader->phase;
	if (memory_grow(&phase->script, &reader->capacity, phase->script_count, sizeof *phase->script)) {
		decode_no_memory(reader->decode);
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

static void read_alloc(struct reader *reader, yaml_place place, const struct raw_script_op *raw)
{
	struct decode *decode = reader->decode;
	struct level *level = &reader->levels[reader->depth - 1];
	struct workload_range slots;
	struct decode_value size = decode_value(decode, place, "size", raw->size);
	size_t request = 0;
	uint64_t pages = 0;
	decode_missing(decode, place, "request", "an allocation says for which request");
	bool known = decode_request_name(decode, decode_value(decode, place, "request", raw->request), &request);
	bool sized = decode_pages(decode, size, (struct decode_range){1, WORKLOAD_PAGES_MAX, "the largest space"}, &pages);
	if (known && sized && pages)
		decode_check_fit(decode, size.place, &decode->workload->requests[request], pages);
	if (!decode_slots(decode, decode_value(decode, place, "alloc", raw->alloc), &slots))
		return;
	decode->slots[slots.array].allocated = true;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_ALLOC);
	if (!op)
		return;
	op->request = request;
	op->count = pages;
	op->slots = slots;
	level->weight = saturated_sum(level->weight, range_count(&slots));
}

static void read_free(struct reader *reader, yaml_place place, const struct raw_script_op *raw)
{
	struct decode *decode = reader->decode;
	struct level *level = &reader->levels[reader->depth - 1];
	struct workload_range slots;
	struct decode_value value = decode_value(decode, place, "free", raw->free);
	if (!decode_slots(decode, value, &slots))
		return;
	if (decode->slots[slots.array].freed == YAML_PLACE_NONE)
		decode->slots[slots.array].freed = value.place;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_FREE);
	if (!op)
		return;
	op->slots = slots;
	level->weight = saturated_sum(level->weight, range_count(&slots));
}

static void open_repeat(struct reader *reader, yaml_place place, const struct raw_script_op *raw)
{
	struct decode *decode = reader->decode;
	uint64_t times = 1;
	decode_count(decode, decode_value(decode, place, "repeat", raw->repeat),
		     (struct decode_range){1, WORKLOAD_OPS_MAX, "times"}, &times);
	decode_missing(decode, place, "script", "a repeat holds the script that it repeats");
	yaml_place list = decode_below(decode, place, "script");
	if (list == YAML_PLACE_NONE)
		return;
	if (!raw->script_count) {
		decode_fault(decode, list, "is an empty script");
		return;
	}
	if (reader->depth > DECODE_SCRIPT_DEPTH_MAX) {
		decode_fault(decode, list, "repeats are nested deeper than %u", DECODE_SCRIPT_DEPTH_MAX);
		return;
	}
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_REPEAT);
	if (!op)
		return;
	op->count = times;
	reader->levels[reader->depth++] = (struct level){
		.ops = raw->script, .count = raw->script_count, .list = list, .repeat = reader->phase->script_count - 1};
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

static void read_call(struct reader *reader, yaml_place place, const struct raw_script_op *raw)
{
	struct level *level = &reader->levels[reader->depth - 1];
	if (!decode_routine_call(reader->decode, place, raw))
		return;
	struct workload_script_op *op = add_op(reader, WORKLOAD_SCRIPT_CALL);
	if (op)
		op->call = reader->decode->workload->routine_call_count - 1;
	level->weight = saturated_sum(level->weight, 1);
}

#define KINDS 4

static void read_op(struct reader *reader, yaml_place place, const struct raw_script_op *raw)
{
	static const char *const kinds[] = {"alloc", "free", "repeat", "call"};
	static const struct {
		const char *key;
		size_t kind;
	} keys[] = {{"request", 0}, {"size", 0}, {"script", 2}};
	/* size belongs to alloc and to call; of a call its routine tells what it takes. */
	static const char *const of_calls[] = {"into", "of",      "low",   "high",       "boundary", "offset", "open",
					       "skip", "address", "type",  "contiguous", "cache",    "node",   "io_space",
					       "user", "irql",    "flags", "status",     "violation"};
	struct decode *decode = reader->decode;
	size_t kind = KINDS;
	for (size_t i = 0; i < KINDS; i++) {
		if (!decode_given(decode, place, kinds[i]))
			continue;
		if (kind < KINDS)
			decode_fault(decode, yaml_places_value(decode->places, place, kinds[i]),
				     "one operation at a time; this is %s already", kinds[kind]);
		else
			kind = i;
	}
	if (kind == KINDS) {
		decode_fault(decode, place, "is no operation: alloc, free, repeat or call");
		return;
	}
	if (kind == 3) {
		read_call(reader, place, raw);
		return;
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].kind != kind && decode_given(decode, place, keys[i].key))
			decode_fault(decode, yaml_places_value(decode->places, place, keys[i].key),
				     "belongs to %s, not to %s", kinds[keys[i].kind], kinds[kind]);
	for (size_t i = 0; i < sizeof of_calls / sizeof of_calls[0]; i++)
		if (decode_given(decode, place, of_calls[i]))
			decode_fault(decode, yaml_places_value(decode->places, place, of_calls[i]),
				     "belongs to call, not to %s", kinds[kind]);
	if (kind == 0)
		read_alloc(reader, place, raw);
	else if (kind == 1)
		read_free(reader, place, raw);
	else
		open_repeat(reader, place, raw);
}

void decode_script(struct decode *decode, const struct raw_phase *raw, yaml_place phase_place, struct workload_phase *phase)
{
	yaml_place list = decode_below(decode, phase_place, "script");
	if (list == YAML_PLACE_NONE)
		return;
	if (!raw->script_count) {
		decode_fault(decode, list, "is an empty script");
		return;
	}
	struct reader reader = {.decode = decode, .phase = phase, .depth = 1};
	reader.levels[0] = (struct level){.ops = raw->script, .count = raw->script_count, .list = list};
	while (reader.depth) {
		struct level *level = &reader.levels[reader.depth - 1];
		if (level->next == level->count) {
			close_level(&reader);
			continue;
		}
		unsigned index = level->next++;
		yaml_place place = decode_entry(decode, level->list, index);
		if (place != YAML_PLACE_NONE)
			read_op(&reader, place, &level->ops[index]);
	}
	if (reader.levels[0].weight > WORKLOAD_OPS_MAX)
		decode_fault(decode, list, "more than %llu operations, repeats written out",
			     (unsigned long long)WORKLOAD_OPS_MAX);
}

void decode_slots_check(struct decode *decode)
{
	const struct workload *workload = decode->workload;
	uint64_t total = 0;
	for (size_t i = 0; i < workload->script_array_count; i++) {
		const struct decode_slots *slots = &decode->slots[i];
		yaml_place used = slots->indexed != YAML_PLACE_NONE ? slots->indexed : slots->plain;
		if (slots->freed != YAML_PLACE_NONE && !slots->allocated)
			decode_fault(decode, slots->freed, "nothing is ever allocated into '%s'",
				     workload->script_arrays[i].name);
		bool fitted = total <= WORKLOAD_LIVE_MAX;
		total = saturated_sum(total, workload->script_arrays[i].count);
		if (fitted && total > WORKLOAD_LIVE_MAX)
			decode_fault(decode, used, "the scripts have more than %llu slots together",
				     (unsigned long long)WORKLOAD_LIVE_MAX);
	}
}

void decode_slots_release(struct decode *decode)
{
	memory_release(decode->slots);
	decode->slots = NULL;
}
