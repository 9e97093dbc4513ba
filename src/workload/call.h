/* SPDX-License-Identifier: MIT
 * The driver calls that a workload can make, in tables: which arguments each takes, in which unit, what it gives and what it may
 * answer. The decoder, expand and describe go by them; run translates the words into iovabench/ddi.h. */
#ifndef WORKLOAD_CALL_H
#define WORKLOAD_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* call: of a request. One allocation of it is everything that a driver does to get such memory, one free all that gives it back. */
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

enum workload_contiguous { WORKLOAD_CONTIGUOUS_NO, WORKLOAD_CONTIGUOUS_PREFER, WORKLOAD_CONTIGUOUS_REQUIRE };
enum workload_cache { WORKLOAD_NON_CACHED, WORKLOAD_CACHED, WORKLOAD_WRITE_COMBINED };
enum workload_irql { WORKLOAD_IRQL_PASSIVE, WORKLOAD_IRQL_APC, WORKLOAD_IRQL_DISPATCH };
enum workload_object_type {
	WORKLOAD_OBJECT_MDL,
	WORKLOAD_OBJECT_CONTIGUOUS,
	WORKLOAD_OBJECT_SECTION,
	WORKLOAD_OBJECT_IO_SPACE
};
enum workload_wddm { WORKLOAD_WDDM_2_4, WORKLOAD_WDDM_3_0, WORKLOAD_WDDM_3_2 };

/* Words of the language, NULL at the end; indexed by the enumerations above. */
extern const char *const workload_contiguous_words[];
extern const char *const workload_cache_words[];
extern const char *const workload_irql_words[];
extern const char *const workload_object_words[];
extern const char *const workload_wddm_words[];
/* Word i is bit i. */
extern const char *const workload_mm_flag_words[];
extern const char *const workload_permission_words[];

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
	enum workload_contiguous contiguous;
	enum workload_cache cache;
	enum workload_irql irql;
	enum workload_object_type type;
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

/* What a script may want: index 0 is none, the others are struct ddi_violations in its order. NULL at the end. */
extern const char *const workload_violation_words[];

/* Statuses that a script may want, with the number that the routine answers. */
struct workload_status_info {
	const char *name; /* STATUS_SUCCESS first; NULL at the end */
	int32_t code;
};
extern const struct workload_status_info workload_status_table[];

/* Takes physical frames or CPU addresses, and nothing of the space. */
static inline bool workload_call_is_outside(enum workload_call call)
{
	return call == WORKLOAD_CALL_MAP || call == WORKLOAD_CALL_MM_CONTIGUOUS || call == WORKLOAD_CALL_MM_MDL;
}

#endif
