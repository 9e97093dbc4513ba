/* SPDX-License-Identifier: MIT
 * Rules of the import: which two events are an allocation and its free, and where they say what. The built-in ones are rows
 * of one table; a file or a line of the user adds rows before them. docs/traces.md tells the keys. */
#ifndef TRACE_RULE_H
#define TRACE_RULE_H

#include "base/text.h"
#include "trace/field.h"
#include "yaml/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_FILE_BYTES_MAX (1u << 20)
#define RULES_OWN_MAX 16u /* of a user */
#define RULES_MAX 32u     /* with those that are built in */
#define RULE_LEVELS_MAX RULES_MAX
#define RULE_WORDS_MAX (RULES_MAX * RULE_ROLES * FIELD_NAMES_MAX)

enum rule_unit { RULE_BYTES, RULE_PAGES, RULE_ORDER };

/* How a failed allocation looks, where no field of its own tells. */
enum rule_failure { RULE_FAILURE_NONE, RULE_FAILURE_ZERO, RULE_FAILURE_ONES };

enum rule_pairing {
	RULE_PAIRS_EXACT, /* a free names what one allocation returned */
	RULE_PAIRS_MAPS,  /* an allocation may be mapped and unmapped in parts */
};

/* One pair of events. Names of events and fields: "a|b" are alternatives; a field "a|-" may be missing, "1" is the first
 * word. NULL: there is none. */
struct rule {
	const char *name; /* what figures come from; rules of one name are read together, an earlier name before a later */
	const char *groups; /* of the events; another group's event that cannot be read is passed over */
	const char *call;   /* begins an allocation that alloc ends */
	const char *alloc;
	const char *free;
	const char *ends; /* ends the domain and whatever lives in it */
	const char *address;
	const char *freed; /* the address in free; NULL: as in alloc */
	const char *match; /* what ties a free to its allocation; NULL: the address */
	const char *size;
	const char *owner; /* the domain, or the device that has one */
	const char *limit; /* inclusive, in the unit of addresses */
	const char *error; /* not 0: the allocation failed */
	const char *cpu;   /* where the head of the line has none */
	const char *pid;
	enum rule_unit address_unit; /* RULE_BYTES or RULE_PAGES */
	enum rule_unit size_unit;
	enum rule_failure failure;
	enum rule_pairing pairing;
	bool hex; /* addresses are hexadecimal without 0x */
};

enum rule_role { RULE_CALLS, RULE_ALLOCATES, RULE_FREES, RULE_ENDS };
#define RULE_ROLES 4

/* A rule made ready for lines. */
struct rule_ready {
	const struct rule *rule;
	struct field groups, events[RULE_ROLES], address, freed, match, size, owner, limit, error, cpu, pid;
	unsigned level; /* 0: the best */
};

struct rule_word {
	const char *name;
	size_t length;
	uint16_t rule;
	uint16_t next; /* 1 + the next with this hash */
	enum rule_role role;
};

#define RULE_HEADS 256u
struct rule_table {
	struct rule_ready rules[RULES_MAX];
	size_t count;
	const char *levels[RULE_LEVELS_MAX]; /* names */
	size_t level_count;
	struct rule_word words[RULE_WORDS_MAX];
	size_t word_count;
	uint16_t heads[RULE_HEADS]; /* 1 + the first word with this hash */
};

extern const struct rule rules_built_in[];
extern const size_t rules_built_in_count;

/* What users wrote. Zero-initialise. */
struct rule_list {
	struct rule *rules;
	size_t count;
};
extern const struct yaml_language rule_language;

/* Adds the rules of one value of --rule: a file, or a line like "alloc: map, free: unmap, address: iova, size: size", which
 * has a colon and a blank. -1 with every fault in *messages; *list is then as it was. */
int rule_list_add(struct rule_list *list, const char *value, struct text *messages);
void rule_list_release(struct rule_list *list);

/* The rules of a list, which stays, before the built-in ones. */
void rule_table_make(struct rule_table *table, const struct rule_list *list);

static inline unsigned rule_hash(const char *name, size_t length)
{
	return ((unsigned)length * 37u + (unsigned char)name[0] * 5u + (unsigned char)name[length - 1]) % RULE_HEADS;
}

/* Names of events, which may hold blanks: "unmap|unmap this". Returns false: too many, an empty one. */
bool rule_events_compile(const char *text, struct field *field);

/* The first word of this name from 1 + word on (0: from the start), as 1 + its index; 0: none. */
static inline unsigned rule_word_find(const struct rule_table *table, const char *name, size_t length, unsigned word)
{
	unsigned at = word ? table->words[word - 1].next : length ? table->heads[rule_hash(name, length)] : 0;
	while (at &&
	       (table->words[at - 1].length != length || __builtin_memcmp(table->words[at - 1].name, name, length) != 0))
		at = table->words[at - 1].next;
	return at;
}

#endif
