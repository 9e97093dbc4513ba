/* SPDX-License-Identifier: MIT
 * What the audit sees of the host's memory: what came back wrong, and what did not come back. */
#ifndef PLAY_AUDIT_MEMORY_H
#define PLAY_AUDIT_MEMORY_H

#include "play/arena.h"
#include "play/audit_space.h"
#include "play/outside.h"

struct audit_memory {
	const struct arena *arena;
	uint64_t faults; /* of its book, as far as they were told */
	struct outside outside;
};

/* Complains about what came back wrong since it was asked last. where: before the fault, "in poll: " or "". */
void audit_memory_check(struct audit_memory *memory, struct audit_complaints *complaints, uint64_t operation,
			const char *where);

/* Once the instances are gone: notes what they kept, and what they had beside the host's. */
void audit_memory_note(const struct audit_memory *memory, struct result_record *record);

#endif
