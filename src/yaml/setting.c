/* SPDX-License-Identifier: MIT */
#include "yaml/setting.h"

#include "yaml/tree.h"

#include <assert.h>
#include <string.h>

/* One word of a path. */
struct word {
	const char *bytes;
	size_t length;
};

static bool is_word(const struct yaml_tree *tree, uint32_t node, struct word word)
{
	node = yaml_tree_resolve(tree, node);
	if (tree->nodes[node].kind != YAML_NODE_SCALAR)
		return false;
	const char *text = yaml_tree_text(tree, node);
	return strlen(text) == word.length && memcmp(text, word.bytes, word.length) == 0;
}

static uint32_t value_of_key(const struct yaml_tree *tree, uint32_t map, struct word key)
{
	for (uint32_t at = tree->nodes[map].first; at != YAML_NODE_NONE;) {
		uint32_t value = tree->nodes[at].next;
		if (is_word(tree, at, key))
			return value;
		at = tree->nodes[value].next;
	}
	return YAML_NODE_NONE;
}

/* The item whose name or request is the word, or that of this number. */
static uint32_t item_of(const struct yaml_tree *tree, uint32_t list, struct word word)
{
	static const struct word names[] = {{"name", 4}, {"request", 7}};
	uint32_t number = 0;
	bool digits = word.length < 7;
	for (size_t i = 0; i < word.length; i++) {
		digits = digits && word.bytes[i] >= '0' && word.bytes[i] <= '9';
		number = digits ? number * 10 + (uint32_t)(word.bytes[i] - '0') : 0;
	}
	uint32_t index = 0, numbered = YAML_NODE_NONE;
	for (uint32_t at = tree->nodes[list].first; at != YAML_NODE_NONE; at = tree->nodes[at].next, index++) {
		uint32_t item = yaml_tree_resolve(tree, at);
		if (digits && index == number)
			numbered = at;
		for (size_t i = 0; tree->nodes[item].kind == YAML_NODE_MAP && i < 2; i++) {
			uint32_t name = value_of_key(tree, item, names[i]);
			if (name != YAML_NODE_NONE && is_word(tree, name, word))
				return at;
		}
	}
	return numbered;
}

static int refuse(struct yaml_problems *problems, const struct yaml_setting *setting, struct yaml_position fallback,
		  const char *message)
{
	struct yaml_position position = {setting->line, setting->column};
	yaml_problems_add(problems, setting->line ? position : fallback, setting->key, "%s", message);
	return -1;
}

int yaml_setting_apply(struct yaml_tree *tree, const struct yaml_setting *setting, struct yaml_problems *problems)
{
	assert(tree->count && setting->key && setting->value);
	uint32_t at = 0;
	for (const char *rest = setting->key; *rest;) {
		struct word word = {rest, strcspn(rest, ".")};
		uint32_t node = yaml_tree_resolve(tree, at);
		uint32_t next = tree->nodes[node].kind == YAML_NODE_MAP    ? value_of_key(tree, node, word)
				: tree->nodes[node].kind == YAML_NODE_LIST ? item_of(tree, node, word)
									   : YAML_NODE_NONE;
		if (next == YAML_NODE_NONE)
			return refuse(problems, setting, tree->nodes[node].position,
				      "names no value of this file; what a sweep sets must be written out in it");
		at = next;
		rest += word.length + (rest[word.length] == '.');
	}
	struct yaml_node *node = &tree->nodes[yaml_tree_resolve(tree, at)];
	/* One value and a list of it are the same. */
	if (node->kind == YAML_NODE_LIST && node->first != YAML_NODE_NONE &&
	    tree->nodes[node->first].next == YAML_NODE_NONE)
		node = &tree->nodes[yaml_tree_resolve(tree, node->first)];
	if (node->kind != YAML_NODE_SCALAR)
		return refuse(problems, setting, node->position, "is a list or a map; a sweep sets single values");
	node->text = tree->texts.length;
	text_add_bytes(&tree->texts, setting->value, strlen(setting->value) + 1);
	problems->no_memory = problems->no_memory || tree->texts.failed;
	node->plain = true;
	node->refused = false;
	if (setting->line)
		node->position = (struct yaml_position){setting->line, setting->column};
	return problems->no_memory ? -1 : 0;
}
