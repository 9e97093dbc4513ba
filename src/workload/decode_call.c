/* SPDX-License-Identifier: MIT
 * Driver calls: the arguments of requests, and routines called literally by scripts. */
#include "workload/decode.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 64u

/* The keys of a set of arguments as a sentence has them: "of, irql and violation". */
static const char *list_arguments(uint32_t takes, char *buffer, size_t bytes)
{
	const char *found[WORKLOAD_ARGUMENT_COUNT];
	size_t count = 0, used = 0;
	for (size_t i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++)
		if (takes & (UINT32_C(1) << i))
			found[count++] = workload_argument_table[i].key;
	buffer[0] = '\0';
	for (size_t i = 0; i < count && used < bytes; i++)
		used += (size_t)snprintf(buffer + used, bytes - used, "%s%s",
					 i == 0           ? ""
					 : i + 1 == count ? " and "
							  : ", ",
					 found[i]);
	return buffer;
}

/* Keys that the call does not take, and those that it lacks. */
static void check_arguments(struct decode *decode, yaml_place place, const struct workload_call_info *info,
			    const char *what)
{
	char known[256];
	for (size_t i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++) {
		const char *key = workload_argument_table[i].key;
		bool given = decode_given(decode, place, key);
		if (given && !(info->takes & (UINT32_C(1) << i)))
			decode_fault(decode, yaml_places_value(decode->places, place, key),
				     "is no argument of %s%s; it takes %s", what, info->name,
				     list_arguments(info->takes, known, sizeof known));
		/* A request without a size is told of elsewhere. */
		if (!given && !*what && (info->required & (UINT32_C(1) << i)))
			decode_fault(decode, place, "%s needs %s; %s", info->name, key, workload_argument_table[i].help);
	}
}

static bool decode_enum(struct decode *decode, yaml_place place, const char *key, const char *raw, const char *const *words,
			unsigned *word)
{
	struct decode_value value = decode_value(decode, place, key, raw);
	return value.text && decode_word(decode, value, words, word);
}

/* Words in a list, or one number. */
static void decode_flags(struct decode *decode, yaml_place place, const struct raw_arguments *raw, const char *const *words,
			 uint32_t *flags)
{
	yaml_place list = decode_below(decode, place, "flags");
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->flags_count; i++) {
		struct decode_value value = decode_item(decode, list, i, raw->flags[i]);
		uint64_t number = 0;
		unsigned bit = 0;
		if (value.text && value.text[0] >= '0' && value.text[0] <= '9') {
			if (decode_bytes(decode, value, &number) && number > UINT32_MAX)
				decode_fault(decode, value.place, "flags have 32 bits");
			*flags |= (uint32_t)number;
		} else if (value.text && decode_word(decode, value, words, &bit)) {
			*flags |= UINT32_C(1) << bit;
		}
	}
}

static void decode_node(struct decode *decode, yaml_place place, const struct raw_arguments *raw,
			struct workload_arguments *arguments)
{
	uint64_t node = 0;
	struct decode_value value = decode_value(decode, place, "node", raw->node);
	if (value.text && decode_count(decode, value, (struct decode_range){0, NODES_MAX - 1, "as a node"}, &node))
		arguments->has_node = true;
	arguments->node = (uint32_t)node;
}

/* What requests and routines share. */
static void decode_arguments(struct decode *decode, yaml_place place, const struct raw_arguments *raw,
			     const char *const *flag_words, struct workload_arguments *arguments)
{
	unsigned word = WORKLOAD_CACHED;
	arguments->high = UINT64_MAX;
	decode_enum(decode, place, "cache", raw->cache, workload_cache_words, &word);
	arguments->cache = (enum workload_cache)word;
	word = WORKLOAD_IRQL_PASSIVE;
	decode_enum(decode, place, "irql", raw->irql, workload_irql_words, &word);
	arguments->irql = (enum workload_irql)word;
	word = WORKLOAD_CONTIGUOUS_NO;
	decode_enum(decode, place, "contiguous", raw->contiguous, workload_contiguous_words, &word);
	arguments->contiguous = (enum workload_contiguous)word;
	word = WORKLOAD_OBJECT_MDL;
	decode_enum(decode, place, "type", raw->type, workload_object_words, &word);
	arguments->type = (enum workload_object_type)word;
	struct decode_value address = decode_value(decode, place, "address", raw->address);
	arguments->has_address = address.text && decode_bytes(decode, address, &arguments->address);
	decode_bytes(decode, decode_value(decode, place, "skip", raw->skip), &arguments->skip);
	decode_flag(decode, decode_value(decode, place, "io_space", raw->io_space), &arguments->io_space);
	decode_flag(decode, decode_value(decode, place, "user", raw->user), &arguments->user_mode);
	decode_flags(decode, place, raw, flag_words, &arguments->flags);
	decode_node(decode, place, raw, arguments);
}

void decode_adapter(struct decode *decode, const struct raw_workload *raw)
{
	static const struct raw_adapter nothing;
	struct workload *workload = decode->workload;
	yaml_place place = yaml_places_value(decode->places, YAML_PLACE_ROOT, "adapter");
	struct decode_value value = decode_value(decode, place, "wddm", raw->adapter ? raw->adapter->wddm : nothing.wddm);
	bool identity = workload->space.mode == WORKLOAD_MODE_IDENTITY;
	unsigned wddm = identity ? WORKLOAD_WDDM_2_4 : WORKLOAD_WDDM_3_0;
	if (decode_word(decode, value, workload_wddm_words, &wddm) && value.text && wddm == WORKLOAD_WDDM_2_4 && !identity)
		decode_fault(decode, value.place,
			     "DMA remapping came with WDDM 3.0; in 2.4 logical addresses are physical ones: space: {mode: "
			     "identity}");
	workload->wddm = (enum workload_wddm)wddm;
	uint64_t page = workload->space.page_bytes;
	if (identity && workload->physical.bytes / page > workload->space.end)
		decode_fault(decode,
			     yaml_places_value(decode->places,
					       yaml_places_value(decode->places, YAML_PLACE_ROOT, "physical"), "size"),
			     "in mode identity physical memory must lie inside the space, which ends before");
}

void decode_call(struct decode *decode, yaml_place place, const struct raw_request *raw, struct workload_request *request)
{
	const char *words[WORKLOAD_CALL_COUNT + 1] = {NULL};
	for (size_t i = 0; i < WORKLOAD_CALL_COUNT; i++)
		words[i] = workload_call_table[i].name;
	unsigned call = WORKLOAD_CALL_EXTENT;
	decode_word(decode, decode_value(decode, place, "call", raw->call), words, &call);
	request->call = (enum workload_call)call;
}

/* The rules of an argument that a whole workload would break in every call: a script may break them on purpose. */
static void check_rules(struct decode *decode, yaml_place place, const struct raw_request *raw,
			const struct workload_request *request)
{
	const struct workload_arguments *arguments = &request->arguments;
	struct decode_value contiguous = decode_value(decode, place, "contiguous", raw->arguments.contiguous);
	struct decode_value skip = decode_value(decode, place, "skip", raw->arguments.skip);
	uint64_t page = decode->workload->space.page_bytes;
	if (skip.text && arguments->skip % page)
		decode_fault(decode, skip.place, "SkipBytes is a multiple of the page");
	if (request->call == WORKLOAD_CALL_ADL && contiguous.text && arguments->contiguous == WORKLOAD_CONTIGUOUS_REQUIRE &&
	    (arguments->type == WORKLOAD_OBJECT_MDL || arguments->type == WORKLOAD_OBJECT_SECTION))
		decode_fault(
			decode, contiguous.place,
			"RequireContiguous is for objects of type contiguous and io_space; 'prefer' may stand with any");
	bool chosen = request->call == WORKLOAD_CALL_EXTENT || request->call == WORKLOAD_CALL_RESERVE;
	if (chosen && decode->workload->space.mode == WORKLOAD_MODE_IDENTITY)
		decode_fault(decode, place,
			     "in mode identity physical memory decides every address; call %s lets the allocator choose",
			     workload_call_table[request->call].name);
	if (request->call == WORKLOAD_CALL_ADL && arguments->type == WORKLOAD_OBJECT_SECTION)
		decode_fault(decode, yaml_places_value(decode->places, place, "type"),
			     "section objects are not modelled: mdl, contiguous or io_space");
	if (arguments->flags & ~UINT32_C(0x7f))
		decode_fault(decode, yaml_places_value(decode->places, place, "flags"),
			     "bits beyond 0x7f are reserved: a request would fail each time");
}

/* Limits of physical memory and of routines: any bytes. */
static void decode_byte_limits(struct decode *decode, struct decode_value low, struct decode_value high,
			       struct decode_value boundary, struct workload_arguments *arguments)
{
	arguments->has_low = low.text && decode_bytes(decode, low, &arguments->low);
	arguments->has_high = high.text && decode_bytes(decode, high, &arguments->high);
	decode_bytes(decode, boundary, &arguments->boundary);
}

void decode_call_arguments(struct decode *decode, yaml_place place, const struct raw_request *raw,
			   struct workload_request *request)
{
	const struct workload_call_info *info = &workload_call_table[request->call];
	struct workload_arguments *arguments = &request->arguments;
	struct decode_value call = decode_value(decode, place, "call", raw->call);
	if (call.place != YAML_PLACE_NONE && !call.text)
		return; /* refused already: which arguments belong to it nobody knows */
	check_arguments(decode, place, info, "call ");
	decode_arguments(decode, place, &raw->arguments, workload_mm_flag_words, arguments);
	if (request->call == WORKLOAD_CALL_MDL && !decode_given(decode, place, "contiguous"))
		arguments->contiguous = WORKLOAD_CONTIGUOUS_PREFER;
	if (request->call == WORKLOAD_CALL_ADL && !decode_given(decode, place, "type") &&
	    arguments->contiguous == WORKLOAD_CONTIGUOUS_REQUIRE)
		arguments->type = WORKLOAD_OBJECT_CONTIGUOUS;
	check_rules(decode, place, raw, request);
	if (!workload_call_is_outside(request->call) || request->call == WORKLOAD_CALL_MAP)
		return;
	yaml_place highs = decode_below(decode, place, "high");
	if (highs != YAML_PLACE_NONE && raw->high_count > 1)
		decode_fault(decode, highs, "call %s tries one limit", info->name);
	struct decode_value high = {YAML_PLACE_NONE, NULL};
	if (highs != YAML_PLACE_NONE && raw->high_count)
		high = decode_item(decode, highs, 0, raw->high[0]);
	struct decode_value low = decode_value(decode, place, "low", raw->low);
	decode_byte_limits(decode, low, high, decode_value(decode, place, "boundary", raw->boundary), arguments);
	if (arguments->low > arguments->high)
		decode_fault(decode, high.place, "lies below low");
	if (arguments->boundary & (arguments->boundary - 1))
		decode_fault(decode, yaml_places_value(decode->places, place, "boundary"), "is no power of two");
}

static bool decode_routine(struct decode *decode, struct decode_value value, enum workload_routine *routine)
{
	const char *words[WORKLOAD_ROUTINE_COUNT + 1] = {NULL};
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return false;
	for (unsigned i = 0; i < WORKLOAD_ROUTINE_COUNT; i++) {
		words[i] = workload_routine_table[i].name;
		if (!strcmp(words[i], value.text)) {
			*routine = (enum workload_routine)i;
			return true;
		}
	}
	const char *nearest = text_nearest(value.text, words);
	decode_fault(decode, value.place, "there is no routine %s%s%s%s; 'iovabench describe call' lists them",
		     yaml_quote(quoted, value.text), nearest ? "; did you mean '" : "", nearest ? nearest : "",
		     nearest ? "'?" : "");
	return false;
}

/* The object of a name, made when a call fills it; WORKLOAD_OBJECT_NONE (reported) when it is no name or was never filled. */
static size_t decode_object(struct decode *decode, struct decode_value value, bool fills)
{
	struct workload *workload = decode->workload;
	char quoted[YAML_QUOTE_BYTES];
	size_t length =
		value.text ? strspn(value.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") : 0;
	if (!value.text)
		return WORKLOAD_OBJECT_NONE;
	if (!length || value.text[length] || length > DECODE_NAME_BYTES_MAX ||
	    (value.text[0] >= '0' && value.text[0] <= '9')) {
		decode_fault(decode, value.place, "%s names no object: a letter, then letters, digits, _ and -",
			     yaml_quote(quoted, value.text));
		return WORKLOAD_OBJECT_NONE;
	}
	size_t object = name_table_find(&decode->object_numbers, value.text);
	if (object != NAME_TABLE_NONE)
		return object;
	if (!fills) {
		decode_fault(decode, value.place, "no call before fills '%s': into: %s", value.text, value.text);
		return WORKLOAD_OBJECT_NONE;
	}
	object = workload->object_count;
	char *name = memory_text(value.text);
	if (!name || memory_grow(&workload->objects, &decode->object_capacity, object, sizeof *workload->objects)) {
		memory_release(name);
		decode_no_memory(decode);
		return WORKLOAD_OBJECT_NONE;
	}
	workload->objects[workload->object_count++] = name;
	if (name_table_set(&decode->object_numbers, name, object))
		decode_no_memory(decode);
	return object;
}

static bool gives_two(enum workload_routine routine)
{
	return routine == WORKLOAD_ALLOCATE_PAGES_FOR_MDL || routine == WORKLOAD_CREATE_OBJECT;
}

static void decode_operands(struct decode *decode, yaml_place place, const struct raw_script_op *raw,
			    struct workload_routine_call *call)
{
	yaml_place of = decode_below(decode, place, "of"), into = decode_below(decode, place, "into");
	const char *name = workload_routine_table[call->routine].name;
	unsigned takes = call->routine == WORKLOAD_DESTROY_OBJECT ? 2 : 1, gives = gives_two(call->routine) ? 2 : 1;
	call->into[0] = call->into[1] = call->of[0].object = call->of[1].object = WORKLOAD_OBJECT_NONE;
	if (of != YAML_PLACE_NONE && raw->of_count > takes)
		decode_fault(decode, of, "%s takes %s", name, takes == 1 ? "one object" : "at most two objects");
	for (unsigned i = 0; of != YAML_PLACE_NONE && i < raw->of_count && i < takes; i++) {
		struct decode_value value = decode_item(decode, of, i, raw->of[i]);
		if (value.text && value.text[0] >= '0' && value.text[0] <= '9')
			decode_bytes(decode, value, &call->of[i].number);
		else
			call->of[i].object = decode_object(decode, value, false);
	}
	if (into != YAML_PLACE_NONE && raw->into_count > gives)
		decode_fault(decode, into, "%s gives %s", name, gives == 1 ? "one object" : "at most two objects");
	for (unsigned i = 0; into != YAML_PLACE_NONE && i < raw->into_count && i < gives; i++)
		call->into[i] = decode_object(decode, decode_item(decode, into, i, raw->into[i]), true);
}

static void decode_wanted(struct decode *decode, yaml_place place, const struct raw_script_op *raw,
			  struct workload_routine_call *call)
{
	const char *statuses[32] = {"any"}, *violations[32] = {"any"};
	unsigned word;
	for (size_t i = 0; workload_status_table[i].name && i + 2 < 32; i++)
		statuses[i + 1] = workload_status_table[i].name;
	for (size_t i = 0; workload_violation_words[i] && i + 2 < 32; i++)
		violations[i + 1] = workload_violation_words[i];
	if (decode_enum(decode, place, "status", raw->status, statuses, &word)) {
		call->any_status = word == 0;
		call->status = word ? workload_status_table[word - 1].code : 0;
	}
	if (decode_enum(decode, place, "violation", raw->violation, violations, &word)) {
		call->any_violation = word == 0;
		call->violation = word ? word - 1 : 0;
	}
}

bool decode_routine_call(struct decode *decode, yaml_place place, const struct raw_script_op *raw)
{
	static const char *const foreign[] = {"request", "script"};
	struct workload *workload = decode->workload;
	struct workload_routine_call call = {.line = yaml_places_position(decode->places, place).line};
	if (!decode_routine(decode, decode_value(decode, place, "call", raw->call), &call.routine))
		return false;
	const struct workload_call_info *info = &workload_routine_table[call.routine];
	check_arguments(decode, place, info, "");
	for (size_t i = 0; i < 2; i++)
		if (decode_given(decode, place, foreign[i]))
			decode_fault(decode, yaml_places_value(decode->places, place, foreign[i]),
				     "does not belong to call");
	decode_operands(decode, place, raw, &call);
	bool maps = call.routine == WORKLOAD_MAP_RANGE;
	decode_arguments(decode, place, &raw->arguments, maps ? workload_permission_words : workload_mm_flag_words,
			 &call.arguments);
	if (maps && !decode_given(decode, place, "flags"))
		call.arguments.flags = 3;
	bool prefers = call.routine == WORKLOAD_ALLOCATE_PAGES_FOR_MDL || call.routine == WORKLOAD_MAP_MDL;
	if (prefers && !decode_given(decode, place, "contiguous"))
		call.arguments.contiguous = WORKLOAD_CONTIGUOUS_PREFER;
	decode_bytes(decode, decode_value(decode, place, "size", raw->size), &call.arguments.bytes);
	decode_bytes(decode, decode_value(decode, place, "offset", raw->offset), &call.arguments.offset);
	decode_flag(decode, decode_value(decode, place, "open", raw->open), &call.arguments.opened);
	decode_byte_limits(decode, decode_value(decode, place, "low", raw->low),
			   decode_value(decode, place, "high", raw->high),
			   decode_value(decode, place, "boundary", raw->boundary), &call.arguments);
	decode_wanted(decode, place, raw, &call);
	if (memory_grow(&workload->routine_calls, &decode->routine_call_capacity, workload->routine_call_count,
			sizeof *workload->routine_calls)) {
		decode_no_memory(decode);
		return false;
	}
	workload->routine_calls[workload->routine_call_count++] = call;
	return true;
}

void decode_objects_check(struct decode *decode)
{
	const struct workload *workload = decode->workload;
	for (size_t i = 0; i < workload->script_array_count; i++)
		if (name_table_find(&decode->object_numbers, workload->script_arrays[i].name) != NAME_TABLE_NONE)
			decode_fault(decode, yaml_places_value(decode->places, YAML_PLACE_ROOT, "phases"),
				     "'%s' names a slot and an object; one of them needs another name",
				     workload->script_arrays[i].name);
}
