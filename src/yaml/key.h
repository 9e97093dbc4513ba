/* SPDX-License-Identifier: MIT
 * The table of keys of a YAML language. A key is one row: from it come the checks of a file, the schema by which libcyaml
 * fills the model, what is written back, and what list, describe and the manual tell. Rules that need more than one key are
 * functions of a map. */
#ifndef YAML_KEY_H
#define YAML_KEY_H

#include "base/json.h"
#include "yaml/locations.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yaml_document;

/* How a value is written; in brackets what the member is. */
enum yaml_kind {
	YAML_END,       /* of a table */
	YAML_VERSION,   /* the format's, min; no member */
	YAML_TEXT,      /* [char *] */
	YAML_NAME,      /* [char *] small letters, digits and . _ -; unique where names say so */
	YAML_REFERENCE, /* [size_t] the name of an item, by its index */
	YAML_WORD,      /* [an enum] one of words */
	YAML_BITS,      /* [uint32_t] words in a list, whose values are bits, or numbers like 0x24 */
	YAML_FLAG,      /* [bool] yes, no, true or false */
	YAML_COUNT,     /* [unsigned] min to max; k, M, G */
	YAML_SEED,      /* [uint64_t] decimal or hex */
	YAML_RATE,      /* [double] a count and /s, at least 1/s */
	YAML_NUMBER,    /* [double] least to most, with decimals */
	YAML_DECIMAL,   /* [double] perhaps negative, perhaps with %, k, M or G */
	YAML_SHARE,     /* [double] 0 (above 0 with min) to 1, written with % */
	YAML_BYTES,     /* [uint64_t] a size or address; with max a size of at most so many bytes */
	YAML_PAGE,    /* [uint64_t] bytes of a page, a power of two, min to max; from then on sizes may be told in pages */
	YAML_PAGES,   /* [uint64_t] a size or address in whole pages, min (0 or 1) to max of them */
	YAML_POWER,   /* [uint64_t] the same, a power of two of them, or 0 */
	YAML_MEMORY,  /* [uint64_t] bytes, whole pages, min to max of them */
	YAML_WRITTEN, /* [struct yaml_written] any one value, as it was written */
	YAML_MAP,     /* keys of their own; at: a struct, or none when their members stand beside those of this table */
	YAML_LIST,    /* [pointer and count] maps, min to max of them */
	YAML_INCLUDE, /* no key of its own: those of another table, whose members lie in at */
	YAML_ABSENT   /* one might look for it here; help says why it is not */
};

struct yaml_written {
	char *text;
	uint32_t line, column;
};

/* Where a value goes. Rows with the same name lead to the same member. */
struct yaml_member {
	const char *name; /* NULL: none */
	size_t offset;
	size_t bytes; /* of one element where there may be several */
};
#define YAML_AT(structure, member)                                                                                         \
	{                                                                                                                  \
		.name = #member, .offset = offsetof(structure, member), .bytes = sizeof((structure *)0)->member            \
	}
/* The elements of an array inside of the structure, or behind a pointer. */
#define YAML_EACH(structure, member)                                                                                       \
	{                                                                                                                  \
		.name = #member, .offset = offsetof(structure, member), .bytes = sizeof((structure *)0)->member[0]         \
	}

struct yaml_word {
	const char *word; /* NULL at the end */
	int value;
};

/* When the key is given, or stands for what the model holds: a member has this value. */
struct yaml_setter {
	struct yaml_member at; /* an enum */
	int value;
};
#define YAML_SETS(structure, member, meant)                                                                                \
	{                                                                                                                  \
		.at = YAML_AT(structure, member), .value = meant                                                           \
	}

struct yaml_map;

struct yaml_key {
	const char *name;
	enum yaml_kind kind;
	/* read in place of a key that was left out; "{}": a map with its fallbacks; NULL: nothing is */
	const char *fallback;
	const char *missing; /* not NULL: the key is required, and this is said when it is missing */
	const char *help;    /* one line */
	struct yaml_member at;
	struct yaml_member given; /* bool: the key was written */
	struct yaml_member count; /* size_t: of a list; elsewhere: the value may be a list of values too */
	size_t capacity;          /* of an array inside of the structure; 0: at is a pointer to as many as are written */
	uint64_t min, max;
	double least, most;
	const char *what;  /* what is counted, limited or named: "CPUs" */
	const char *empty; /* LIST: is said when it is empty; NULL with min: its count is told */
	const struct yaml_word *words;
	const struct yaml_map *map;
	struct yaml_setter sets;
	bool variant;        /* one of the variants of its map, of which exactly one is given */
	unsigned names;      /* NAME, REFERENCE: which set of names, from 1 to YAML_NAMES_MAX */
	uint32_t needs;      /* is written back when the item has all of these bits (struct yaml_map) */
	const char *value;   /* for people: in place of what kind and range tell */
	const char *or_else; /* for people: in place of "none" when there is no fallback */
	/* Writes a value back that the row does not tell; NULL leaves it out. */
	json_t *(*write)(const void *root, const void *item);
};

/* One value in place of a map. */
struct yaml_lone {
	const struct yaml_word *words;
	struct yaml_member at;      /* an enum: what the word means */
	const struct yaml_key *row; /* NULL, or how a value that begins with a digit is read */
	const char *right;          /* is said of anything else */
};

struct yaml_map {
	const struct yaml_key *keys;
	size_t bytes;       /* of an item of a list, or the root */
	const char *none;   /* is said when no variant is given; their names follow */
	const char *second; /* is said of a second variant; $ is the name of the first */
	const struct yaml_lone *lone;
	/* Rules across keys, after those of the maps below. item is the struct; location YAML_LOCATION_NONE when the map was
	 * left out. */
	void (*rule)(struct yaml_document *document, yaml_location location, void *item);
	uint32_t (*has)(const void *item); /* bits for needs; NULL: those of the map above, all at the root */
};

#define YAML_NAMES_MAX 4u
#define YAML_NAME_BYTES_MAX 64u

struct yaml_language {
	const struct yaml_map *root;
	const char *empty; /* is said of an empty file */
	const char *(*name_of)(const void *root, unsigned names,
			       size_t index); /* of a REFERENCE; NULL when there is none */
};

/* A key as people read of it. */
struct yaml_key_text {
	char *path;             /* keys joined by points, lists add nothing: requests.size.fixed */
	char *value;            /* kind and range: "count, 1 to 4096" */
	const char *by_default; /* "required", "none", or what is taken when the key is left out */
	const char *about;
};
struct yaml_key_list {
	struct yaml_key_text *keys;
	size_t count;
	size_t capacity;
};

/* Every key that a document may have, in the order of the tables; what holds itself is told once. Returns 0, or -1 without
 * memory. Zero-initialise; released with yaml_key_list_release in both cases. */
int yaml_key_list(struct yaml_key_list *list, const struct yaml_language *language);
void yaml_key_list_release(struct yaml_key_list *list);

/* Adds the model as one JSON document (which YAML is, too), or as YAML as people write it. What is read back is the same
 * model. Returns 0, or -1 without memory. */
int yaml_write(const struct yaml_language *language, const void *root, bool json, struct text *text);
/* For functions of a table that write: one item as an object. */
json_t *yaml_write_item(const struct yaml_language *language, const void *root, const struct yaml_map *map,
			const void *item);

/* Releases what the members of the table lead to and sets them to 0. */
void yaml_release(const struct yaml_map *map, void *item);

#endif
