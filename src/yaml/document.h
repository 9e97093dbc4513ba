/* SPDX-License-Identifier: MIT
 * A strict YAML language, given as libcyaml's tables, and one document in it. Whoever includes this writes such tables; libcyaml is
 * called in yaml_document.c alone. All scalars are loaded as texts: numbers are decoded by decode.h. */
#ifndef YAML_DOCUMENT_H
#define YAML_DOCUMENT_H

#include "yaml/places.h"
#include "yaml/problems.h"
#include "yaml/setting.h"
#include "yaml/tree.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>

/* 0, or a compile error when the member is not of this type: libcyaml would write through it all the same. */
#define MUST_BE(structure, member, type) _Generic(((structure *)NULL)->member, type : 0)

#define TEXT(structure, member)                                                                                            \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_OPTIONAL | MUST_BE(structure, member, char *), structure, member, 0,    \
			       CYAML_UNLIMITED)
#define MAP(structure, member, type)                                                                                       \
	CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_OPTIONAL | MUST_BE(structure, member, struct type *), structure,       \
				member, type##_fields)
#define LIST_OF(structure, member, type, entry)                                                                            \
	CYAML_FIELD_SEQUENCE(#member,                                                                                      \
			     CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | MUST_BE(structure, member, type *) |               \
				     MUST_BE(structure, member##_count, unsigned),                                         \
			     structure, member, &(entry), 0, CYAML_UNLIMITED)
#define LIST(structure, member, type) LIST_OF(structure, member, struct type, type##_entry)
#define ENTRY(type)                                                                                                        \
	static const cyaml_schema_value_t type##_entry = {                                                                 \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct type, type##_fields)}

/* Keys that are no part of a map although one might look for them there. */
struct yaml_absent {
	const cyaml_schema_field_t *fields;
	const char *const *keys; /* NULL at the end */
	const char *reason;
};

struct yaml_language {
	const cyaml_schema_value_t *schema;
	/* Maps whose first key, which nobody may write, stands for a lone value in the map's place; NULL at the end; NULL: none. */
	const cyaml_schema_field_t *const *lone;
	const struct yaml_absent *absent; /* fields NULL at the end; NULL: none */
	const char *empty;                /* what is said of an empty file */
};

/* Released with yaml_document_close in every case. */
struct yaml_document {
	const struct yaml_language *language;
	struct yaml_tree tree;
	struct yaml_places places;
	cyaml_data_t *data; /* as the tables say; NULL for a map without keys */
	bool loaded;        /* data may be decoded; there may still be problems */
};

/* Reads problems->bytes (a byte order mark is passed over) and adds what does not fit to problems. */
void yaml_document_open(struct yaml_document *document, const struct yaml_language *language,
			struct yaml_problems *problems);
/* The same with values replaced before anything looks at them (yaml/setting.h). */
void yaml_document_open_set(struct yaml_document *document, const struct yaml_language *language,
			    const struct yaml_setting *settings, size_t setting_count, struct yaml_problems *problems);
void yaml_document_close(struct yaml_document *document);

/* Calls each for every key that a document may have, in the order of the tables: "requests.size.fixed". Lists add nothing to a path,
 * and what holds itself is told once. */
void yaml_language_keys(const struct yaml_language *language, void (*each)(void *context, const char *path), void *context);

#endif
