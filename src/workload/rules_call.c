/* SPDX-License-Identifier: MIT
 * Driver calls: the arguments of requests, and routines that scripts call literally. */
#include "workload/language.h"

#include "base/memory.h"
#include "yaml/scalar.h"

#include <stdio.h>
#include <string.h>

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
static void check_arguments(struct yaml_document *document, yaml_location location, const struct workload_call_info *info,
			    const char *what)
{
	char known[256];
	for (size_t i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++) {
		const char *key = workload_argument_table[i].key;
		bool given = yaml_given(document, location, key);
		if (given && !(info->takes & (UINT32_C(1) << i)))
			yaml_fault(document, yaml_key_location(document, location, key),
				   "is no argument of %s%s; it takes %s", what, info->name,
				   list_arguments(info->takes, known, sizeof known));
		/* A request without a size is told of elsewhere. */
		if (!given && !*what && (info->required & (UINT32_C(1) << i)))
			yaml_fault(document, location, "%s needs %s; %s", info->name, key, workload_argument_table[i].help);
	}
}

/* The rules of an argument that a whole workload would break in every call: a script may break them on purpose. */
static void check_rules(struct yaml_document *document, yaml_location location, const struct workload_request *request)
{
	const struct workload_arguments *arguments = &request->arguments;
	if (arguments->skip % document->page_bytes)
		yaml_fault(document, yaml_key_location(document, location, "skip"), "SkipBytes is a multiple of the page");
	if (request->call == WORKLOAD_CALL_ADL && yaml_good(document, location, "contiguous") &&
	    arguments->contiguous == DDI_CONTIGUITY_REQUIRE &&
	    (arguments->type == DDI_MEMORY_MDL || arguments->type == DDI_MEMORY_SECTION))
		yaml_fault(document, yaml_key_location(document, location, "contiguous"),
			   "RequireContiguous is for objects of type contiguous and io_space; 'prefer' may stand with any");
	if ((workload_call_table[request->call].traits & WORKLOAD_TRAIT_CHOOSES) &&
	    rules_of(document)->workload->space.mode == DDI_MODE_IDENTITY)
		yaml_fault(document, location,
			   "in mode identity physical memory decides every address; call %s lets the allocator choose",
			   workload_call_table[request->call].name);
	if (request->call == WORKLOAD_CALL_ADL && arguments->type == DDI_MEMORY_SECTION)
		yaml_fault(document, yaml_key_location(document, location, "type"),
			   "section objects are not modelled: mdl, contiguous or io_space");
	if (arguments->flags & ~(uint32_t)DDI_MM_FLAGS)
		yaml_fault(document, yaml_key_location(document, location, "flags"),
			   "bits beyond 0x%x are reserved: a request would fail each time", DDI_MM_FLAGS);
}

static void check_physical_limits(struct yaml_document *document, yaml_location location,
				  const struct workload_request *request)
{
	const struct workload_arguments *arguments = &request->arguments;
	yaml_location high = yaml_key_location(document, location, "high");
	if (high != YAML_LOCATION_NONE && yaml_list_length(document, high) > 1)
		yaml_fault(document, high, "call %s tries one limit", workload_call_table[request->call].name);
	if (arguments->low > arguments->high)
		yaml_fault(document, high, "lies below low");
	if (arguments->boundary & (arguments->boundary - 1))
		yaml_fault(document, yaml_key_location(document, location, "boundary"), "is no power of two");
}

void rules_request_arguments(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	const struct workload_call_info *info = &workload_call_table[request->call];
	struct workload_arguments *arguments = &request->arguments;
	if (yaml_given(document, location, "call") && !yaml_good(document, location, "call"))
		return; /* refused already: which arguments belong to it nobody knows */
	check_arguments(document, location, info, "call ");
	if ((info->traits & WORKLOAD_TRAIT_PREFERS) && !yaml_given(document, location, "contiguous"))
		arguments->contiguous = DDI_CONTIGUITY_PREFER;
	if (request->call == WORKLOAD_CALL_ADL && !yaml_given(document, location, "type") &&
	    arguments->contiguous == DDI_CONTIGUITY_REQUIRE)
		arguments->type = DDI_MEMORY_CONTIGUOUS;
	check_rules(document, location, request);
	if ((info->traits & WORKLOAD_TRAIT_OUTSIDE) && (info->takes & WORKLOAD_TAKES(HIGH)))
		check_physical_limits(document, location, request);
}

/* ---- routines ---- */

static bool find_routine(struct yaml_document *document, yaml_location location, enum workload_routine *routine)
{
	const char *words[WORKLOAD_ROUTINE_COUNT + 1] = {NULL}, *text = yaml_value_text(document, location);
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	if (!text)
		return false;
	*routine = workload_routine_find(text);
	if (*routine != WORKLOAD_ROUTINE_COUNT)
		return true;
	for (size_t i = 0; i < WORKLOAD_ROUTINE_COUNT; i++)
		words[i] = workload_routine_table[i].name;
	yaml_fault(document, location, "there is no routine %s%s; 'iovabench describe call' lists them",
		   yaml_quote(quoted, text), yaml_meant(meant, text, words));
	return false;
}

/* The object of a name, made when a call fills it; WORKLOAD_OBJECT_NONE (told) when it is no name or was never filled. */
static size_t find_object(struct yaml_document *document, yaml_location location, bool fills)
{
	struct rules *rules = rules_of(document);
	struct workload *workload = rules->workload;
	const char *text = yaml_value_text(document, location);
	char quoted[YAML_QUOTE_BYTES];
	if (!text)
		return WORKLOAD_OBJECT_NONE;
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	if (!length || text[length] || length > YAML_NAME_BYTES_MAX || (*text >= '0' && *text <= '9')) {
		yaml_fault(document, location, "%s names no object: a letter, then letters, digits, _ and -",
			   yaml_quote(quoted, text));
		return WORKLOAD_OBJECT_NONE;
	}
	size_t object = name_table_find(&rules->object_numbers, text);
	if (object != NAME_TABLE_NONE)
		return object;
	if (!fills) {
		yaml_fault(document, location, "no call before fills '%s': into: %s", text, text);
		return WORKLOAD_OBJECT_NONE;
	}
	object = workload->object_count;
	char *name = memory_text(text);
	if (!name || memory_grow(&workload->objects, &rules->object_capacity, object, sizeof *workload->objects)) {
		memory_release(name);
		yaml_no_memory(document);
		return WORKLOAD_OBJECT_NONE;
	}
	workload->objects[workload->object_count++] = name;
	if (name_table_set(&rules->object_numbers, name, object))
		yaml_no_memory(document);
	return object;
}

static void find_operands(struct yaml_document *document, yaml_location location, const struct workload_line *line,
			  struct workload_routine_call *call)
{
	yaml_location of = yaml_key_location(document, location, "of"),
		      into = yaml_key_location(document, location, "into");
	const char *name = workload_routine_table[call->routine].name;
	uint32_t traits = workload_routine_table[call->routine].traits;
	size_t takes = traits & WORKLOAD_TRAIT_TAKES_TWO ? 2 : 1, gives = traits & WORKLOAD_TRAIT_GIVES_TWO ? 2 : 1;
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++)
		call->into[i] = call->of[i].object = WORKLOAD_OBJECT_NONE;
	if (line->of_count > takes)
		yaml_fault(document, of, "%s takes %s", name, takes == 1 ? "one object" : "at most two objects");
	for (size_t i = 0; i < line->of_count && i < takes; i++) {
		yaml_location item = yaml_item_location(document, of, i);
		const char *text = yaml_value_text(document, item);
		if (text && *text >= '0' && *text <= '9')
			yaml_read_bytes(document, item, text, &call->of[i].number);
		else
			call->of[i].object = find_object(document, item, false);
	}
	if (line->into_count > gives)
		yaml_fault(document, into, "%s gives %s", name, gives == 1 ? "one object" : "at most two objects");
	for (size_t i = 0; i < line->into_count && i < gives; i++)
		call->into[i] = find_object(document, yaml_item_location(document, into, i), true);
}

/* The words of flags depend on the routine. */
static void check_flags(struct yaml_document *document, yaml_location location, const struct yaml_word *words)
{
	yaml_location list = yaml_key_location(document, location, "flags");
	int64_t bit;
	for (size_t i = 0; list != YAML_LOCATION_NONE; i++) {
		yaml_location item = yaml_item_location(document, list, i);
		const char *text = yaml_value_text(document, item);
		if (item == YAML_LOCATION_NONE)
			break;
		if (text && (*text < '0' || *text > '9'))
			yaml_read_word(document, item, text, words, &bit);
	}
}

bool rules_routine_call(struct yaml_document *document, yaml_location location, const struct workload_line *line)
{
	static const char *const foreign[] = {"request", "script"};
	struct rules *rules = rules_of(document);
	struct workload *workload = rules->workload;
	struct workload_routine_call call = {.line = yaml_locations_position(&document->locations, location).line,
					     .has_adapter = line->has_adapter,
					     .adapter = line->adapter,
					     .arguments = line->arguments};
	if (!find_routine(document, yaml_key_location(document, location, "call"), &call.routine))
		return false;
	const struct workload_call_info *info = &workload_routine_table[call.routine];
	check_arguments(document, location, info, "");
	for (size_t i = 0; i < 2; i++)
		yaml_fault(document, yaml_key_location(document, location, foreign[i]), "does not belong to call");
	find_operands(document, location, line, &call);
	bool permits = info->traits & WORKLOAD_TRAIT_PERMISSIONS;
	check_flags(document, location, permits ? workload_permission_words : workload_mm_flag_words);
	if (permits && !yaml_given(document, location, "flags"))
		call.arguments.flags = DDI_PERMISSION_READ | DDI_PERMISSION_WRITE;
	if ((info->traits & WORKLOAD_TRAIT_PREFERS) && !yaml_given(document, location, "contiguous"))
		call.arguments.contiguous = DDI_CONTIGUITY_PREFER;
	if (!call.arguments.has_high)
		call.arguments.high = UINT64_MAX;
	call.any_status = line->status == WORKLOAD_ANY;
	call.status = call.any_status ? NTSTATUS_SUCCESS : line->status;
	call.any_violation = line->violation == WORKLOAD_ANY;
	call.violation = WORKLOAD_VIOLATION_NONE;
	if (!call.any_violation)
		call.violation = (enum workload_violation)line->violation;
	if (memory_grow(&workload->routine_calls, &rules->routine_call_capacity, workload->routine_call_count,
			sizeof *workload->routine_calls)) {
		yaml_no_memory(document);
		return false;
	}
	workload->routine_calls[workload->routine_call_count++] = call;
	return true;
}

void rules_objects_check(struct yaml_document *document)
{
	const struct rules *rules = rules_of(document);
	const struct workload *workload = rules->workload;
	for (size_t i = 0; i < workload->script_array_count; i++)
		if (name_table_find(&rules->object_numbers, workload->script_arrays[i].name) != NAME_TABLE_NONE)
			yaml_fault(document, yaml_key_location(document, YAML_LOCATION_ROOT, "phases"),
				   "'%s' names a slot and an object; one of them needs another name",
				   workload->script_arrays[i].name);
}
