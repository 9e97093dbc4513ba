/* SPDX-License-Identifier: MIT
 * How slots of a recording are numbered: an allocation takes the slot that was emptied last, or the first that was never used.
 * The numbers follow from the order of operations alone, and there are as many as ranges were live at once. */
#ifndef TRACE_SLOTS_H
#define TRACE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct slots {
	uint32_t *empty; /* used before and empty now, the last emptied on top */
	size_t empty_count;
	size_t empty_capacity;
	uint8_t *domains; /* [next]: 1 + the domain of the range in it, 0 = empty */
	size_t domains_capacity;
	uint32_t next;  /* the first that was never used */
	uint32_t count; /* every slot that was taken or looked at is below this */
};

/* The slot that an allocation takes next. */
uint32_t slots_peek(struct slots *slots);

/* Takes that slot for a range of domain. Returns 0, or -1 without memory (everything as it was). */
int slots_take(struct slots *slots, uint8_t domain, uint32_t *slot) __attribute__((warn_unused_result));

/* The domain of the range in slot, or -1: empty. */
int slots_domain(const struct slots *slots, uint32_t slot);

/* Empties a live slot. Never fails: slots_take made the room. */
void slots_give(struct slots *slots, uint32_t slot);

void slots_release(struct slots *slots);

#endif
