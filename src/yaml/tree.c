/* SPDX-License-Identifier: MIT */
#include "yaml/tree.h"

#include "base/memory.h"
#include "base/name_table.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

struct frame {
	uint32_t node;
	uint32_t last;   /* child, or YAML_NODE_NONE */
	uint32_t height; /* of the children so far */
	bool is_map;
	bool wants_value; /* map: a key was read */
	uint32_t expanded_before;
	size_t bytes_before;
};

struct builder {
	struct yaml_tree *tree;
	struct yaml_problems *problems;
	struct frame frames[YAML_DEPTH_MAX];
	size_t depth;
	uint32_t expanded;
	size_t text_bytes;
	struct name_table anchors;
	char **anchor_names;
	size_t anchor_count;
	size_t anchor_capacity;
	size_t documents;
};

static int fail(struct builder *builder, struct yaml_position position, const char *message)
{
	yaml_problems_add(builder->problems, position, "document", "%s", message);
	return -1;
}

static int fail_no_memory(struct builder *builder)
{
	builder->problems->no_memory = true;
	return -1;
}

static struct yaml_position position_of(yaml_mark_t mark)
{
	return (struct yaml_position){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static bool is_allowed(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	if (code < 0xa0)
		return code < 0x7f || code == 0x85;
	return code != 0xfeff && code != 0xfffe && code != 0xffff;
}

/* libyaml would find these too, but tells bytes instead of lines. */
static int check_characters(struct yaml_problems *problems)
{
	struct yaml_position position = {1, 1};
	for (size_t at = 0; at < problems->length;) {
		const char *bytes = problems->bytes + at;
		size_t left = problems->length - at, line_break = yaml_line_break(bytes, left);
		uint32_t code = 0;
		size_t length = line_break ? line_break : yaml_utf8_decode(bytes, left, &code);
		if (!length) {
			yaml_problems_add(problems, position, "document", "byte 0x%02x: the file must be text in UTF-8",
					  (unsigned)(unsigned char)bytes[0]);
			return -1;
		}
		if (!line_break && !is_allowed(code)) {
			yaml_problems_add(problems, position, "document",
					  "character U+%04X: YAML allows no control characters but tab and line breaks",
					  code);
			return -1;
		}
		at += length;
		position.line += line_break != 0;
		position.column = line_break ? 1 : position.column + 1;
	}
	return 0;
}

static int tell_syntax(struct builder *builder, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return fail_no_memory(builder);
	struct yaml_position position = position_of(parser->problem_mark);
	const char *hint = "";
	size_t at = parser->problem_mark.index;
	/* A slot in a flow map without quotes: {free: ring[0..9]}. The index counts characters; good enough for a hint. */
	if (at < builder->problems->length && builder->problems->bytes[at] == '[')
		hint = "; a text with [ ] needs quotes inside { }";
	if (parser->context)
		yaml_problems_add(builder->problems, position, "document",
				  "not valid YAML: %s (%s that begins at %zu:%zu)%s", parser->problem, parser->context,
				  parser->context_mark.line + 1, parser->context_mark.column + 1, hint);
	else
		yaml_problems_add(builder->problems, position, "document", "not valid YAML: %s%s",
				  parser->problem ? parser->problem : "it cannot be read", hint);
	return -1;
}

/* A new last child of the collection that is open, or the root. */
static int add_node(struct builder *builder, enum yaml_node_kind kind, struct yaml_position position, uint32_t *index)
{
	struct yaml_tree *tree = builder->tree;
	struct frame *frame = builder->depth ? &builder->frames[builder->depth - 1] : NULL;
	if (frame && frame->is_map && !frame->wants_value && kind != YAML_NODE_SCALAR)
		return fail(builder, position, "a key must be a plain word");
	if (memory_grow(&tree->nodes, &tree->capacity, tree->count, sizeof *tree->nodes))
		return fail_no_memory(builder);
	uint32_t node = (uint32_t)tree->count++;
	tree->nodes[node] =
		(struct yaml_node){.kind = kind, .position = position, .first = YAML_NODE_NONE, .next = YAML_NODE_NONE};
	if (frame) {
		if (frame->last == YAML_NODE_NONE)
			tree->nodes[frame->node].first = node;
		else
			tree->nodes[frame->last].next = node;
		frame->last = node;
		if (frame->is_map)
			frame->wants_value = !frame->wants_value;
	}
	*index = node;
	return 0;
}

/* Counts what a node adds to the document. Refused here, an alias bomb costs no more than its text. */
static int count_node(struct builder *builder, uint32_t node, uint32_t nodes, size_t bytes)
{
	builder->expanded += nodes;
	builder->text_bytes += bytes;
	builder->tree->nodes[node].expanded = nodes;
	builder->tree->nodes[node].text_bytes = bytes;
	struct yaml_position position = builder->tree->nodes[node].position;
	if (builder->expanded > YAML_NODES_MAX) {
		yaml_problems_add(builder->problems, position, "document", "more than %u values, aliases written out",
				  YAML_NODES_MAX);
		return -1;
	}
	if (builder->text_bytes > YAML_TEXT_BYTES_MAX) {
		yaml_problems_add(builder->problems, position, "document",
				  "values of more than %u bytes together, aliases written out", YAML_TEXT_BYTES_MAX);
		return -1;
	}
	return 0;
}

static int set_anchor(struct builder *builder, const yaml_char_t *anchor, uint32_t node)
{
	if (!anchor)
		return 0;
	if (memory_grow(&builder->anchor_names, &builder->anchor_capacity, builder->anchor_count,
			sizeof *builder->anchor_names))
		return fail_no_memory(builder);
	char *name = memory_text((const char *)anchor);
	if (!name)
		return fail_no_memory(builder);
	builder->anchor_names[builder->anchor_count++] = name;
	return name_table_set(&builder->anchors, name, node) ? fail_no_memory(builder) : 0;
}

static void refuse_tag(struct builder *builder, struct yaml_position position)
{
	yaml_problems_add(builder->problems, position, "document", "tags (!...) are not used in %ss; leave it out",
			  builder->problems->what);
}

static int add_scalar(struct builder *builder, const yaml_event_t *event)
{
	struct yaml_position position = position_of(event->start_mark);
	struct yaml_tree *tree = builder->tree;
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	uint32_t node;
	if (add_node(builder, YAML_NODE_SCALAR, position, &node))
		return -1;
	bool refused = true;
	if (event->data.scalar.tag || (plain && !event->data.scalar.plain_implicit))
		refuse_tag(builder, position);
	else if (length > YAML_SCALAR_BYTES_MAX)
		yaml_problems_add(builder->problems, position, "document", "a value of %zu bytes; the limit is %u", length,
				  YAML_SCALAR_BYTES_MAX);
	else if (memchr(text, '\0', length))
		yaml_problems_add(builder->problems, position, "document", "a value must not contain the character U+0000");
	else
		refused = false;
	tree->nodes[node].plain = plain;
	tree->nodes[node].refused = refused;
	tree->nodes[node].text = tree->texts.length;
	text_add_bytes(&tree->texts, text, refused ? 0 : length);
	text_add_bytes(&tree->texts, "", 1);
	if (tree->texts.failed)
		return fail_no_memory(builder);
	if (set_anchor(builder, event->data.scalar.anchor, node))
		return -1;
	return count_node(builder, node, 1, refused ? 0 : length);
}

static int add_alias(struct builder *builder, const yaml_event_t *event)
{
	struct yaml_position position = position_of(event->start_mark);
	const char *name = (const char *)event->data.alias.anchor;
	char quoted[YAML_QUOTE_BYTES];
	uint32_t node;
	if (add_node(builder, YAML_NODE_ALIAS, position, &node))
		return -1;
	size_t found = name_table_find(&builder->anchors, name);
	if (found == NAME_TABLE_NONE) {
		yaml_problems_add(builder->problems, position, "document", "there is no anchor %s before this alias",
				  yaml_quote(quoted, name));
		return -1;
	}
	struct yaml_node *nodes = builder->tree->nodes;
	if (!nodes[found].expanded)
		return fail(builder, position, "an alias of what it is a part of has no end");
	if (builder->depth + nodes[found].height > YAML_DEPTH_MAX) {
		yaml_problems_add(builder->problems, position, "document", "nested deeper than %u levels", YAML_DEPTH_MAX);
		return -1;
	}
	nodes[node].first = (uint32_t)found;
	nodes[node].height = nodes[found].height;
	if (builder->depth && builder->frames[builder->depth - 1].height < nodes[found].height)
		builder->frames[builder->depth - 1].height = nodes[found].height;
	return count_node(builder, node, nodes[found].expanded, nodes[found].text_bytes);
}

static int open_collection(struct builder *builder, bool is_map, struct yaml_position position, const yaml_char_t *anchor,
			   const yaml_char_t *tag)
{
	if (builder->depth == YAML_DEPTH_MAX) {
		yaml_problems_add(builder->problems, position, "document", "nested deeper than %u levels", YAML_DEPTH_MAX);
		return -1;
	}
	if (tag)
		refuse_tag(builder, position);
	uint32_t expanded_before = builder->expanded, node;
	size_t bytes_before = builder->text_bytes;
	if (add_node(builder, is_map ? YAML_NODE_MAP : YAML_NODE_LIST, position, &node) || count_node(builder, node, 1, 0))
		return -1;
	builder->tree->nodes[node].expanded = 0; /* open */
	builder->frames[builder->depth++] = (struct frame){.node = node,
							   .last = YAML_NODE_NONE,
							   .is_map = is_map,
							   .expanded_before = expanded_before,
							   .bytes_before = bytes_before};
	return set_anchor(builder, anchor, node);
}

static int close_collection(struct builder *builder)
{
	struct frame frame = builder->frames[--builder->depth];
	struct yaml_node *node = &builder->tree->nodes[frame.node];
	node->height = frame.height + 1;
	node->expanded = builder->expanded - frame.expanded_before;
	node->text_bytes = builder->text_bytes - frame.bytes_before;
	if (builder->depth && builder->frames[builder->depth - 1].height < node->height)
		builder->frames[builder->depth - 1].height = node->height;
	return 0;
}

static int take(struct builder *builder, const yaml_event_t *event)
{
	struct yaml_position position = position_of(event->start_mark);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++builder->documents > 1)
			return fail(builder, position, "a second document begins here; a file is one document");
		return 0;
	case YAML_SCALAR_EVENT:
		return add_scalar(builder, event);
	case YAML_ALIAS_EVENT:
		return add_alias(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(builder, false, position, event->data.sequence_start.anchor,
				       event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_collection(builder, true, position, event->data.mapping_start.anchor,
				       event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_collection(builder);
	default:
		return 0;
	}
}

static int build(struct builder *builder, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return tell_syntax(builder, parser);
		yaml_event_type_t type = event.type;
		int result = take(builder, &event);
		yaml_event_delete(&event);
		if (result)
			return -1;
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	}
}

int yaml_tree_read(struct yaml_tree *tree, const char *empty, struct yaml_problems *problems)
{
	assert(!tree->count && empty);
	if (check_characters(problems))
		return -1;
	struct builder builder = {.tree = tree, .problems = problems};
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return fail_no_memory(&builder);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)problems->bytes, problems->length);
	int result = build(&builder, &parser);
	yaml_parser_delete(&parser);
	for (size_t i = 0; i < builder.anchor_count; i++)
		memory_release(builder.anchor_names[i]);
	memory_release(builder.anchor_names);
	name_table_release(&builder.anchors);
	if (!result && !tree->count)
		return fail(&builder, (struct yaml_position){1, 1}, empty);
	tree->expanded = builder.expanded;
	return result;
}

void yaml_tree_release(struct yaml_tree *tree)
{
	memory_release(tree->nodes);
	text_release(&tree->texts);
	*tree = (struct yaml_tree){0};
}

const char *yaml_tree_text(const struct yaml_tree *tree, uint32_t node)
{
	assert(node < tree->count && tree->nodes[node].kind == YAML_NODE_SCALAR);
	return tree->texts.bytes + tree->nodes[node].text;
}

uint32_t yaml_tree_resolve(const struct yaml_tree *tree, uint32_t node)
{
	assert(node < tree->count);
	return tree->nodes[node].kind == YAML_NODE_ALIAS ? tree->nodes[node].first : node;
}
