/* SPDX-License-Identifier: MIT */
#include "trace/rule.h"

#include "base/file.h"
#include "base/memory.h"
#include "yaml/document.h"

#include <assert.h>
#include <string.h>

struct rule_file {
	struct rule *pairs;
	size_t count;
};

static const struct yaml_word unit_words[] = {{"bytes", RULE_BYTES}, {"pages", RULE_PAGES}, {NULL, 0}};
static const struct yaml_word size_words[] = {
	{"bytes", RULE_BYTES}, {"pages", RULE_PAGES}, {"order", RULE_ORDER}, {NULL, 0}};
static const struct yaml_word failure_words[] = {
	{"none", RULE_FAILURE_NONE}, {"zero", RULE_FAILURE_ZERO}, {"ones", RULE_FAILURE_ONES}, {NULL, 0}};
static const struct yaml_word pairing_words[] = {{"exact", RULE_PAIRS_EXACT}, {"maps", RULE_PAIRS_MAPS}, {NULL, 0}};

#define EVENTS "names of events, as a|b"
#define FIELDS "names of fields, as a|b; - at the end: may be missing; or the n-th word"

static const struct yaml_key pair_keys[] = {
	{"name", YAML_NAME, "own", .at = YAML_AT(struct rule, name),
	 .help = "what the figures come from; rules of one name are read together, an earlier name before a later one"},
	{"group", YAML_TEXT, .at = YAML_AT(struct rule, groups), .value = "names of groups, as a|b", .or_else = "any",
	 .help = "of the events; another group's event that cannot be read is passed over"},
	{"call", YAML_TEXT, .at = YAML_AT(struct rule, call), .value = EVENTS,
	 .help = "begins an allocation that alloc ends, with size, owner and limit"},
	{"alloc", YAML_TEXT, .at = YAML_AT(struct rule, alloc), .value = EVENTS, .missing = "which event allocates?",
	 .help = "allocates"},
	{"free", YAML_TEXT, .at = YAML_AT(struct rule, free), .value = EVENTS, .missing = "which event frees?",
	 .help = "frees"},
	{"ends", YAML_TEXT, .at = YAML_AT(struct rule, ends), .value = EVENTS, .help = "ends an owner and all that it has"},
	{"address", YAML_TEXT, .at = YAML_AT(struct rule, address), .value = FIELDS,
	 .missing = "which field of alloc is the address?", .help = "the first address, in alloc"},
	{"freed", YAML_TEXT, .at = YAML_AT(struct rule, freed), .value = FIELDS, .or_else = "as address",
	 .help = "the first address, in free"},
	{"unit", YAML_WORD, "bytes", .at = YAML_AT(struct rule, address_unit), .words = unit_words,
	 .help = "what addresses and limits count"},
	{"hex", YAML_FLAG, "no", .at = YAML_AT(struct rule, hex), .help = "addresses are hexadecimal without 0x"},
	{"match", YAML_TEXT, .at = YAML_AT(struct rule, match), .value = FIELDS, .or_else = "the address",
	 .help = "what ties a free to its allocation"},
	{"size", YAML_TEXT, .at = YAML_AT(struct rule, size), .value = FIELDS, .missing = "which field is the size?",
	 .help = "how much; where it is missing in alloc, that of free"},
	{"size_unit", YAML_WORD, "bytes", .at = YAML_AT(struct rule, size_unit), .words = size_words,
	 .help = "what sizes count; order: 2^n pages"},
	{"owner", YAML_TEXT, .at = YAML_AT(struct rule, owner), .value = FIELDS, .or_else = "one for all",
	 .help = "the domain, or the device that has one"},
	{"limit", YAML_TEXT, .at = YAML_AT(struct rule, limit), .value = FIELDS, .help = "the last address that will do"},
	{"failure", YAML_WORD, "none", .at = YAML_AT(struct rule, failure), .words = failure_words,
	 .help = "which address says that the allocation failed"},
	{"error", YAML_TEXT, .at = YAML_AT(struct rule, error), .value = FIELDS, .help = "not 0: the allocation failed"},
	{"cpu", YAML_TEXT, .at = YAML_AT(struct rule, cpu), .value = FIELDS,
	 .help = "the CPU, where the line's head has none"},
	{"pid", YAML_TEXT, .at = YAML_AT(struct rule, pid), .value = FIELDS,
	 .help = "the task, where the line's head has none"},
	{"pairs", YAML_WORD, "exact", .at = YAML_AT(struct rule, pairing), .words = pairing_words,
	 .help = "exact: a free names what one allocation returned; maps: mapped and unmapped perhaps in parts"},
	{0}};

static bool is_events(const char *text)
{
	struct field field;
	return rule_events_compile(text, &field);
}

static bool is_field(const char *text)
{
	struct field field;
	return field_compile(text, &field);
}

static void check_pair(struct yaml_document *document, yaml_location location, void *item)
{
	static const struct {
		const char *key;
		bool (*right)(const char *text);
	} texts[] = {
		{"group", is_events},  {"call", is_events}, {"alloc", is_events}, {"free", is_events}, {"ends", is_events},
		{"address", is_field}, {"freed", is_field}, {"match", is_field},  {"size", is_field},  {"owner", is_field},
		{"limit", is_field},   {"error", is_field}, {"cpu", is_field},    {"pid", is_field},
	};
	(void)item;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *text = yaml_key_value(document, location, texts[i].key);
		if (text && !texts[i].right(text))
			yaml_fault(document, yaml_key_location(document, location, texts[i].key),
				   "1 to %u names joined by | are wanted%s", FIELD_NAMES_MAX,
				   texts[i].right == is_field
					   ? ", without blanks and =; a last - says that it may be missing"
					   : "");
	}
}

static const struct yaml_map pair_map = {.keys = pair_keys, .bytes = sizeof(struct rule), .rule = check_pair};

static const struct yaml_key file_keys[] = {
	{"rules", YAML_VERSION, .min = 1, .missing = "a file of rules begins with rules: 1",
	 .help = "version of this format"},
	{"pairs", YAML_LIST, .at = YAML_EACH(struct rule_file, pairs), .count = YAML_AT(struct rule_file, count),
	 .map = &pair_map, .min = 1, .max = RULES_OWN_MAX, .what = "pairs", .missing = "which events are a pair?",
	 .empty = "has no pair of events", .help = "pairs of events, the best first"},
	{0}};
static const struct yaml_map file_map = {.keys = file_keys, .bytes = sizeof(struct rule_file)};

const struct yaml_language rule_language = {&file_map, "is empty; a file of rules begins with rules: 1", NULL};

static int add_pairs(struct rule_list *list, struct rule_file *read, struct text *messages)
{
	if (list->count + read->count > RULES_OWN_MAX) {
		text_add(messages, "--rule: more than %u pairs of events\n", RULES_OWN_MAX);
		return -1;
	}
	struct rule *rules = memory_resize(list->rules, list->count + read->count, sizeof *rules);
	if (!rules) {
		text_add(messages, "--rule: no memory\n");
		return -1;
	}
	memcpy(rules + list->count, read->pairs, read->count * sizeof *rules);
	list->rules = rules;
	list->count += read->count;
	/* What the members lead to is the list's now; the array is not. */
	memset(read->pairs, 0, read->count * sizeof *rules);
	return 0;
}

static int parse(struct rule_list *list, const char *name, const struct text *text, struct text *messages)
{
	struct yaml_problems problems = {.what = "rule", .file = name, .bytes = text->bytes, .length = text->length};
	struct yaml_document document;
	struct rule_file read = {0};
	yaml_document_read(&document, &rule_language, NULL, 0, &problems, &read, NULL);
	yaml_document_close(&document);
	int status = yaml_problems_any(&problems) ? -1 : add_pairs(list, &read, messages);
	yaml_problems_tell(&problems, messages);
	yaml_problems_release(&problems);
	yaml_release(&file_map, &read);
	return status;
}

int rule_list_add(struct rule_list *list, const char *value, struct text *messages)
{
	assert(list && value);
	struct text text = {0};
	struct error error = {0};
	if (strstr(value, ": ")) {
		text_add(&text, "rules: 1\npairs:\n- {%s}\n", value);
	} else if (file_read(value, RULE_FILE_BYTES_MAX, &text.bytes, &text.length, &error)) {
		text_add(messages, "--rule: %s; or a line like 'alloc: map, free: unmap, address: iova, size: size'\n",
			 error.message);
		return -1;
	}
	int status = -1;
	if (text.failed)
		text_add(messages, "--rule: no memory\n");
	else
		status = parse(list, strstr(value, ": ") ? "--rule" : value, &text, messages);
	text_release(&text);
	return status;
}

void rule_list_release(struct rule_list *list)
{
	struct rule_file file = {.pairs = list->rules, .count = list->count};
	yaml_release(&file_map, &file);
	memset(list, 0, sizeof *list);
}
