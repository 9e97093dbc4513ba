/* SPDX-License-Identifier: MIT
 * The driver calls that a workload can make, in tables: which arguments each takes, in which unit, what it gives and what it
 * may answer. The language and describe go by them. */
#ifndef WORKLOAD_CALL_H
#define WORKLOAD_CALL_H

#include "iovabench/ddi.h"
#include "workload/call_rows.h"
#include "yaml/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum workload_call {
#define WORKLOAD_CALL_ENUM(call, ...) WORKLOAD_CALL_##call,
	WORKLOAD_CALLS(WORKLOAD_CALL_ENUM)
#undef WORKLOAD_CALL_ENUM
		WORKLOAD_CALL_COUNT
};

enum workload_routine {
#define WORKLOAD_ROUTINE_ENUM(routine, ...) WORKLOAD_ROUTINE_##routine,
	WORKLOAD_ROUTINES(WORKLOAD_ROUTINE_ENUM)
#undef WORKLOAD_ROUTINE_ENUM
		WORKLOAD_ROUTINE_COUNT
};

enum workload_violation {
	WORKLOAD_VIOLATION_NONE,
#define WORKLOAD_VIOLATION_ENUM(violation, field) WORKLOAD_VIOLATION_##violation,
	WORKLOAD_VIOLATIONS(WORKLOAD_VIOLATION_ENUM)
#undef WORKLOAD_VIOLATION_ENUM
		WORKLOAD_VIOLATION_COUNT
};

/* Words of the language for the enumerations of iovabench/ddi.h. */
extern const struct yaml_word workload_call_words[];
extern const struct yaml_word workload_contiguous_words[];
extern const struct yaml_word workload_cache_words[];
extern const struct yaml_word workload_irql_words[];
extern const struct yaml_word workload_object_words[];
extern const struct yaml_word workload_wddm_words[];
/* Bits: of the Mm routines, of a mapped range, and both. */
extern const struct yaml_word workload_mm_flag_words[];
extern const struct yaml_word workload_permission_words[];
extern const struct yaml_word workload_flag_words[];
/* What a script may want: any, or a status that routines answer; any, or an enum workload_violation. */
extern const struct yaml_word workload_status_words[];
extern const struct yaml_word workload_violation_words[];

/* Any answer, any violation will do. No status has this code. */
#define WORKLOAD_ANY (-1)

/* Bytes, as the calls have them. */
struct workload_arguments {
	uint64_t bytes;    /* routines only: requests draw theirs */
	uint64_t low;      /* routines, and requests for physical memory */
	uint64_t high;     /* inclusive; likewise */
	uint64_t boundary; /* likewise */
	uint64_t skip;
	uint64_t offset;
	uint64_t address;
	uint32_t flags;
	uint32_t node;
	enum ddi_contiguity contiguous;
	enum ddi_cache_type cache;
	enum ddi_irql irql;
	enum ddi_memory_type type;
	bool has_low, has_high, has_address; /* given, not defaults */
	bool has_node;
	bool opened; /* an object that is open on the adapter at once */
	bool io_space, user_mode;
};

/* One argument of a call. */
enum workload_argument {
	WORKLOAD_ARGUMENT_INTO,
	WORKLOAD_ARGUMENT_OF,
	WORKLOAD_ARGUMENT_SIZE,
	WORKLOAD_ARGUMENT_LOW,
	WORKLOAD_ARGUMENT_HIGH,
	WORKLOAD_ARGUMENT_BOUNDARY,
	WORKLOAD_ARGUMENT_ALIGN,
	WORKLOAD_ARGUMENT_SKIP,
	WORKLOAD_ARGUMENT_OFFSET,
	WORKLOAD_ARGUMENT_ADDRESS,
	WORKLOAD_ARGUMENT_TYPE,
	WORKLOAD_ARGUMENT_CONTIGUOUS,
	WORKLOAD_ARGUMENT_CACHE,
	WORKLOAD_ARGUMENT_FLAGS,
	WORKLOAD_ARGUMENT_NODE,
	WORKLOAD_ARGUMENT_OPEN,
	WORKLOAD_ARGUMENT_IO_SPACE,
	WORKLOAD_ARGUMENT_USER,
	WORKLOAD_ARGUMENT_IRQL,
	WORKLOAD_ARGUMENT_STATUS,
	WORKLOAD_ARGUMENT_VIOLATION,
	WORKLOAD_ARGUMENT_COUNT
};

struct workload_argument_info {
	const char *key;
	const char *help; /* unit, default, rule */
};
extern const struct workload_argument_info workload_argument_table[WORKLOAD_ARGUMENT_COUNT];

#define WORKLOAD_TAKES(argument) (UINT32_C(1) << WORKLOAD_ARGUMENT_##argument)
#define WORKLOAD_LINE_ALLOCATES (UINT32_C(1) << 31) /* of a line of a script: alloc */

/* What a row says beside its arguments. */
enum workload_trait {
	WORKLOAD_TRAIT_CHOOSES = 2,     /* of a request: the allocator chooses the address, also in mode identity */
	WORKLOAD_TRAIT_OUTSIDE = 4,     /* of a request: takes frames or CPU addresses, and nothing of the space */
	WORKLOAD_TRAIT_PREFERS = 8,     /* contiguous: prefer is the default */
	WORKLOAD_TRAIT_GIVES_TWO = 16,  /* into: two objects */
	WORKLOAD_TRAIT_TAKES_TWO = 32,  /* of: up to two objects */
	WORKLOAD_TRAIT_PERMISSIONS = 64 /* flags: READ and WRITE, which are the default */
};

struct workload_call_info {
	const char *name;
	uint32_t takes;    /* WORKLOAD_TAKES bits */
	uint32_t required; /* of them */
	uint32_t traits;   /* of enum workload_trait */
	const char *about;
	const char *rules; /* lines */
};
extern const struct workload_call_info workload_call_table[WORKLOAD_CALL_COUNT];
extern const struct workload_call_info workload_routine_table[WORKLOAD_ROUTINE_COUNT];

static inline bool workload_call_is_outside(enum workload_call call)
{
	return workload_call_table[call].traits & WORKLOAD_TRAIT_OUTSIDE;
}

/* The routine of this name; WORKLOAD_ROUTINE_COUNT: there is none. */
enum workload_routine workload_routine_find(const char *name);

/* It has no status. */
static inline bool workload_routine_is_void(enum workload_routine routine)
{
	return !(workload_routine_table[routine].takes & WORKLOAD_TAKES(STATUS));
}

/* Of rules broken so far, by enum workload_violation; that of NONE is 0. */
struct workload_violation_counts {
	uint64_t of[WORKLOAD_VIOLATION_COUNT];
};
struct workload_violation_counts workload_violation_counts(const struct ddi_violations *violations);

#endif
