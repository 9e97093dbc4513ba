/* SPDX-License-Identifier: MIT */
#include "workload/expand_call.h"

static void add_word(struct text *json, const char *key, const char *word)
{
	text_add(json, ", \"%s\": ", key);
	text_add_json(json, word);
}

static void add_bytes(struct text *json, const char *key, uint64_t bytes)
{
	text_add(json, ", \"%s\": \"0x%llx\"", key, (unsigned long long)bytes);
}

static void add_flag(struct text *json, const char *key, bool value)
{
	text_add(json, ", \"%s\": %s", key, value ? "true" : "false");
}

static void add_node(struct text *json, const struct workload_arguments *arguments)
{
	if (arguments->has_node)
		text_add(json, ", \"node\": %u", arguments->node);
	else
		text_add(json, ", \"node\": null");
}

/* Each begins with a comma. */
static void add_argument(struct text *json, enum workload_argument argument, const struct workload_arguments *arguments)
{
	const char *key = workload_argument_table[argument].key;
	switch (argument) {
	case WORKLOAD_ARGUMENT_SIZE:
		add_bytes(json, key, arguments->bytes);
		break;
	case WORKLOAD_ARGUMENT_LOW:
		add_bytes(json, key, arguments->low);
		break;
	case WORKLOAD_ARGUMENT_HIGH:
		add_bytes(json, key, arguments->high);
		break;
	case WORKLOAD_ARGUMENT_BOUNDARY:
		add_bytes(json, key, arguments->boundary);
		break;
	case WORKLOAD_ARGUMENT_SKIP:
		add_bytes(json, key, arguments->skip);
		break;
	case WORKLOAD_ARGUMENT_OFFSET:
		add_bytes(json, key, arguments->offset);
		break;
	case WORKLOAD_ARGUMENT_ADDRESS:
		if (arguments->has_address)
			add_bytes(json, key, arguments->address);
		else
			text_add(json, ", \"%s\": null", key);
		break;
	case WORKLOAD_ARGUMENT_TYPE:
		add_word(json, key, workload_object_words[arguments->type]);
		break;
	case WORKLOAD_ARGUMENT_CONTIGUOUS:
		add_word(json, key, workload_contiguous_words[arguments->contiguous]);
		break;
	case WORKLOAD_ARGUMENT_CACHE:
		add_word(json, key, workload_cache_words[arguments->cache]);
		break;
	case WORKLOAD_ARGUMENT_FLAGS:
		add_bytes(json, key, arguments->flags);
		break;
	case WORKLOAD_ARGUMENT_NODE:
		add_node(json, arguments);
		break;
	case WORKLOAD_ARGUMENT_OPEN:
		add_flag(json, key, arguments->opened);
		break;
	case WORKLOAD_ARGUMENT_IO_SPACE:
		add_flag(json, key, arguments->io_space);
		break;
	case WORKLOAD_ARGUMENT_USER:
		add_flag(json, key, arguments->user_mode);
		break;
	case WORKLOAD_ARGUMENT_IRQL:
		add_word(json, key, workload_irql_words[arguments->irql]);
		break;
	default: /* names and what is wanted: told by their owner */
		break;
	}
}

static void add_arguments(struct text *json, uint32_t takes, const struct workload_arguments *arguments)
{
	for (unsigned i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++)
		if (takes & (UINT32_C(1) << i))
			add_argument(json, (enum workload_argument)i, arguments);
}

void expand_request_arguments(struct text *json, const struct workload_request *request)
{
	uint32_t takes = workload_call_table[request->call].takes & ~(WORKLOAD_TAKES(SIZE) | WORKLOAD_TAKES(ALIGN));
	if (request->call == WORKLOAD_CALL_EXTENT)
		return;
	text_add(json, ", \"arguments\": {\"of\": ");
	text_add_json(json, workload_call_table[request->call].name);
	if (!workload_call_is_outside(request->call)) /* low, high and boundary stand beside it, in pages */
		takes &= ~(WORKLOAD_TAKES(LOW) | WORKLOAD_TAKES(HIGH) | WORKLOAD_TAKES(BOUNDARY));
	add_arguments(json, takes, &request->arguments);
	text_add(json, "}");
}

static void add_objects(struct text *json, const struct workload *workload, const size_t objects[WORKLOAD_CALL_OBJECTS])
{
	const char *separator = "";
	text_add(json, ", \"into\": [");
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++) {
		if (objects[i] == WORKLOAD_OBJECT_NONE)
			continue;
		text_add(json, "%s", separator);
		text_add_json(json, workload->objects[objects[i]]);
		separator = ", ";
	}
	text_add(json, "]");
}

static void add_operand(struct text *json, const struct workload *workload, const struct workload_operand *operand)
{
	if (operand->object == WORKLOAD_OBJECT_NONE)
		text_add(json, "\"0x%llx\"", (unsigned long long)operand->number);
	else
		text_add_json(json, workload->objects[operand->object]);
}

static const char *status_word(const struct workload_routine_call *call)
{
	for (size_t i = 0; workload_status_table[i].name; i++)
		if (!call->any_status && workload_status_table[i].code == call->status)
			return workload_status_table[i].name;
	return "any";
}

void expand_routine_call(struct text *json, const struct workload *workload, const struct workload_routine_call *call)
{
	const struct workload_call_info *info = &workload_routine_table[call->routine];
	text_add(json, "{\"op\": \"call\"");
	add_word(json, "routine", info->name);
	if (info->takes & WORKLOAD_TAKES(INTO))
		add_objects(json, workload, call->into);
	if (info->takes & WORKLOAD_TAKES(OF)) {
		text_add(json, ", \"of\": [");
		add_operand(json, workload, &call->of[0]);
		if (call->routine == WORKLOAD_DESTROY_OBJECT) {
			text_add(json, ", ");
			add_operand(json, workload, &call->of[1]);
		}
		text_add(json, "]");
	}
	add_arguments(json, info->takes, &call->arguments);
	if (info->takes & WORKLOAD_TAKES(STATUS))
		add_word(json, "status", status_word(call));
	add_word(json, "violation", call->any_violation ? "any" : workload_violation_words[call->violation]);
	text_add(json, "}");
}
