/* SPDX-License-Identifier: MIT
 * What a real kernel asked of its allocator, as plain data: the room trace reads it from a file, op_stream plays it. */
#ifndef STREAM_RECORDING_H
#define STREAM_RECORDING_H

#include "base/text.h"
#include "workload/model.h"

#include <stddef.h>
#include <stdint.h>

#define RECORDING_DOMAINS_MAX 64
#define RECORDING_LIMITS_MAX 64 /* distinct lists of limits */

/* One allocation (count > 0) or free (count == 0) in recorded order. */
struct recording_op {
	uint32_t slot;  /* an allocation takes an empty slot, a free empties it */
	uint32_t count; /* pages asked for, before any rounding */
	uint16_t cpu;
	uint8_t domain;
	uint8_t limits; /* allocation: index into recording.limits */
	/* Allocation: how many of its limits the kernel tried in vain. == limits.count: refused altogether, there is no free
	 * of it in the recording, and its slot is empty afterwards. */
	uint8_t refused;
	uint8_t reserved[3];
};

/* Limits (inclusive pages, as the kernel had them) of one demand, in the order in which they were tried. */
struct recording_limits {
	uint64_t high[WORKLOAD_HIGHS_MAX];
	size_t count; /* >= 1 */
};

/* What the import could not use or had to assume, and what the kernel itself made of the demands. */
enum recording_fact {
	RECORDING_UNREADABLE, /* lines that hold an event and were left out */
	RECORDING_LOSSES,     /* places where a buffer overflowed */
	RECORDING_LOST,       /* events that are missing there */
	RECORDING_OVERWRITTEN,
	RECORDING_BACKWARDS, /* places where time runs backwards */
	RECORDING_REBUILT,   /* 1: from map and unmap, so that ranges and limits are what fits them */
	/* Pages from the lowest to the highest that the kernel gave, and page tables of what lived at its end (if nothing did,
	 * at its fullest moment) and of all that ever lived, domains added; 0: not known. */
	RECORDING_KERNEL_SPAN,
	RECORDING_KERNEL_TABLES,
	RECORDING_KERNEL_TABLES_EVER,
	RECORDING_KERNEL_OVERLAPS, /* ranges that the kernel gave where one lived still: its page tables are not known */
	RECORDING_REMADE,          /* 1: cut or scaled from another one: what is the kernel's is not known */
	RECORDING_FACTS
};
extern const struct recording_fact_row {
	const char *key, *label;
	bool flag; /* 1 or 0 */
} recording_facts[RECORDING_FACTS];

#define RECORDING_PAGE_BYTES_MIN 4096u
#define RECORDING_PAGE_BYTES_MAX (1u << 21)

struct recording {
	struct recording_op *ops;
	size_t op_count;
	size_t ops_mapped_bytes; /* ops are a map of a file; 0: they are in memory */
	uint32_t slot_count;     /* slots are below this */
	uint32_t cpus;           /* cpu numbers are below this */
	uint32_t domain_count;
	struct recording_limits limits[RECORDING_LIMITS_MAX];
	size_t limits_count;
	uint32_t page_bytes; /* of the kernel, a power of two; 0: 4096 */
	uint64_t facts[RECORDING_FACTS];
	uint64_t hash; /* of the content: part of a stream's identity */
};

static inline uint32_t recording_page_bytes(const struct recording *recording)
{
	return recording->page_bytes ? recording->page_bytes : RECORDING_PAGE_BYTES_MIN;
}

/* Those that are not 0, as "losses of events: 2, rebuilt from map and unmap"; nothing when all are 0. */
void recording_facts_add(const struct recording *recording, struct text *text);

/* Of a long recording that was just imported, operations before this one need no memory until they are looked at again:
 * whoever walks through all of them says so every RECORDING_LEAVE_OPS. */
#define RECORDING_LEAVE_OPS ((size_t)1 << 16)
void recording_leave(const struct recording *recording, size_t before);

void recording_release(struct recording *recording);

#endif
