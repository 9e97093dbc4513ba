/* SPDX-License-Identifier: MIT
 * One document in a language that a table of keys describes. It is read in three steps: yaml/tree.h bounds it; the walk
 * (walk.c) holds it against the table, tells whatever does not fit, and writes the rest down again in one form, every number
 * in digits and every fallback filled in; libcyaml loads that text into the model by a schema of the same table. Then the
 * rules across keys look at the model. */
#ifndef YAML_DOCUMENT_H
#define YAML_DOCUMENT_H

#include "base/name_table.h"
#include "yaml/key.h"
#include "yaml/locations.h"
#include "yaml/problems.h"
#include "yaml/setting.h"
#include "yaml/tree.h"

#include <stdbool.h>

/* The names of one set, in the order of their items. */
struct yaml_names {
	struct name_table numbers;
	const char **names; /* borrowed; NULL at the end */
	size_t count;
	size_t capacity;
};

/* Released with yaml_document_close in every case. */
struct yaml_document {
	const struct yaml_language *language;
	struct yaml_problems *problems;
	void *context; /* of the rules */
	struct yaml_tree tree;
	struct yaml_locations locations;
	struct yaml_names names[YAML_NAMES_MAX];
	uint64_t page_bytes; /* 0: sizes cannot be told in pages */
};

/* Reads problems->bytes (a byte order mark is passed over), with values replaced before anything looks at them, into *root, a
 * zeroed struct of the language's root; adds what does not fit to problems. Rules have run when the document could be loaded;
 * without problems *root is right, and in every case it is released by yaml_release. */
void yaml_document_read(struct yaml_document *document, const struct yaml_language *language,
			const struct yaml_setting *settings, size_t setting_count, struct yaml_problems *problems,
			void *root, void *context);
void yaml_document_close(struct yaml_document *document);

/* ---- for rules: parent and location may be YAML_LOCATION_NONE, which has nothing below ---- */

/* Where a key of a map stands, or YAML_LOCATION_NONE. */
yaml_location yaml_key_location(const struct yaml_document *document, yaml_location parent, const char *key);
yaml_location yaml_item_location(const struct yaml_document *document, yaml_location list, size_t index);
bool yaml_given(const struct yaml_document *document, yaml_location parent, const char *key);
/* Given, and nothing is wrong with it. */
bool yaml_good(const struct yaml_document *document, yaml_location parent, const char *key);
/* Nothing is wrong with it; so with YAML_LOCATION_NONE. */
bool yaml_sound(const struct yaml_document *document, yaml_location location);
/* A single value as it was written; NULL for none, and when it was refused. */
const char *yaml_value_text(const struct yaml_document *document, yaml_location location);
const char *yaml_key_value(const struct yaml_document *document, yaml_location parent, const char *key);
/* How many items a list has in the file; 1 for a lone value. O(items). */
size_t yaml_list_length(const struct yaml_document *document, yaml_location list);

/* Tells what is wrong with a value, which is refused then; nothing at YAML_LOCATION_NONE. */
void yaml_fault(struct yaml_document *document, yaml_location location, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "; did you mean 'x'?" with the nearest of names (NULL at the end), or "". Returns buffer. */
#define YAML_MEANT_BYTES (YAML_QUOTE_BYTES + 24)
const char *yaml_meant(char buffer[YAML_MEANT_BYTES], const char *text, const char *const *names);
/* Tells that parent lacks a key. */
void yaml_fault_missing(struct yaml_document *document, yaml_location parent, const char *key, const char *advice);
void yaml_no_memory(struct yaml_document *document);

#endif
