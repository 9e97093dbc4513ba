/* SPDX-License-Identifier: MIT */
#include "play/audit_memory.h"

#include <inttypes.h>

void audit_memory_check(struct audit_memory *memory, struct audit_complaints *complaints, uint64_t operation,
			const char *where)
{
	const struct arena_book *book = &memory->arena->book;
	if (book->faults == memory->faults)
		return;
	memory->faults = book->faults;
	audit_complain(complaints, operation, "%s%s", where, book->fault);
}

void audit_memory_note(const struct audit_memory *memory, struct result_record *record)
{
	const struct arena *arena = memory->arena;
	char bytes[TEXT_NUMBER_BYTES];
	if (arena->book.blocks)
		result_record_note(record, "destroy left memory behind: %" PRIu64 " block%s, %s", arena->book.blocks,
				   arena->book.blocks == 1 ? "" : "s", text_bytes(bytes, (double)arena->book.bytes));
	if (arena->locks)
		result_record_note(record, "destroy left %" PRIu64 " lock%s of the host behind", (uint64_t)arena->locks,
				   arena->locks == 1 ? "" : "s");
	if (outside_bytes(&memory->outside))
		result_record_note(record, "had %s of memory beside the host's, which no figure of metadata counts",
				   text_bytes(bytes, (double)outside_bytes(&memory->outside)));
}
