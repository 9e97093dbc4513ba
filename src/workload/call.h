/* SPDX-License-Identifier: MIT
 * The driver calls that a workload can make, in tables: which arguments each takes, in which unit, what it gives and what it
 * may answer. The language and describe go by them. */
#ifndef WORKLOAD_CALL_H
#define WORKLOAD_CALL_H

#include "iovabench/ddi.h"
#include "yaml/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* call: of a request. One allocation of it is everything that a driver does to get such memory, one free all that gives it
 * back. */
enum workload_call {
	WORKLOAD_CALL_EXTENT, /* the bare allocator */
	WORKLOAD_CALL_CONTIGUOUS,
	WORKLOAD_CALL_MDL,
	WORKLOAD_CALL_ADL,
	WORKLOAD_CALL_MAP,
	WORKLOAD_CALL_MM_CONTIGUOUS,
	WORKLOAD_CALL_MM_MDL,
	WORKLOAD_CALL_RESERVE,
	WORKLOAD_CALL_COUNT
};

/* call: of a script operation: the documented routine itself. */
enum workload_routine {
	WORKLOAD_ALLOCATE_CONTIGUOUS,
	WORKLOAD_FREE_CONTIGUOUS,
	WORKLOAD_ALLOCATE_PAGES_FOR_MDL,
	WORKLOAD_FREE_PAGES_FROM_MDL,
	WORKLOAD_MAP_MDL,
	WORKLOAD_UNMAP_MDL,
	WORKLOAD_MAP_MEMORY,
	WORKLOAD_UNMAP_MEMORY,
	WORKLOAD_MM_ALLOCATE_CONTIGUOUS,
	WORKLOAD_MM_ALLOCATE_CONTIGUOUS_CACHE,
	WORKLOAD_MM_ALLOCATE_CONTIGUOUS_NODE,
	WORKLOAD_MM_FREE_CONTIGUOUS,
	WORKLOAD_MM_FREE_CONTIGUOUS_CACHE,
	WORKLOAD_MM_ALLOCATE_PAGES,
	WORKLOAD_MM_ALLOCATE_PAGES_EX,
	WORKLOAD_MM_ALLOCATE_NODE_PAGES,
	WORKLOAD_MM_FREE_PAGES,
	WORKLOAD_EX_FREE_POOL,
	WORKLOAD_CREATE_OBJECT,
	WORKLOAD_DESTROY_OBJECT,
	WORKLOAD_OPEN_OBJECT,
	WORKLOAD_CLOSE_OBJECT,
	WORKLOAD_ALLOCATE_ADL,
	WORKLOAD_FREE_ADL,
	WORKLOAD_RESERVE_RANGE,
	WORKLOAD_FREE_RANGE,
	WORKLOAD_MAP_RANGE,
	WORKLOAD_UNMAP_RANGE,
	WORKLOAD_ROUTINE_COUNT
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
/* What a script may want: any, the statuses that routines answer; any, none, and the fields of struct ddi_violations, from 1
 * on in its order. */
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

struct workload_call_info {
	const char *name;
	uint32_t takes;    /* WORKLOAD_TAKES bits */
	uint32_t required; /* of them */
	bool is_void;      /* answers no status: misuse is a violation of its own */
	const char *about;
	const char *rules; /* lines */
};
extern const struct workload_call_info workload_call_table[WORKLOAD_CALL_COUNT];
extern const struct workload_call_info workload_routine_table[WORKLOAD_ROUTINE_COUNT];

/* Takes physical frames or CPU addresses, and nothing of the space. */
static inline bool workload_call_is_outside(enum workload_call call)
{
	return call == WORKLOAD_CALL_MAP || call == WORKLOAD_CALL_MM_CONTIGUOUS || call == WORKLOAD_CALL_MM_MDL;
}

#endif
