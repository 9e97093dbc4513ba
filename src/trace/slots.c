/* SPDX-License-Identifier: MIT */
#include "trace/slots.h"

#include "base/memory.h"
#include "stream/recording.h"

#include <assert.h>
#include <string.h>

uint32_t slots_peek(struct slots *slots)
{
	uint32_t slot = slots->empty_count ? slots->empty[slots->empty_count - 1] : slots->next;
	if (slot >= slots->count)
		slots->count = slot + 1;
	return slot;
}

int slots_take(struct slots *slots, uint8_t domain, uint32_t *slot)
{
	assert(domain < RECORDING_DOMAINS_MAX);
	if (slots->empty_count) {
		*slot = slots_peek(slots);
		slots->empty_count--;
		slots->domains[*slot] = (uint8_t)(domain + 1);
		return 0;
	}
	/* Both arrays grow with the slots, so that emptying one needs no memory. */
	if (memory_grow(&slots->domains, &slots->domains_capacity, slots->next, 1) ||
	    memory_grow(&slots->empty, &slots->empty_capacity, slots->next, sizeof *slots->empty))
		return -1;
	*slot = slots_peek(slots);
	slots->domains[*slot] = (uint8_t)(domain + 1);
	slots->next++;
	return 0;
}

int slots_domain(const struct slots *slots, uint32_t slot)
{
	return slot < slots->next ? slots->domains[slot] - 1 : -1;
}

void slots_give(struct slots *slots, uint32_t slot)
{
	assert(slots_domain(slots, slot) >= 0);
	slots->domains[slot] = 0;
	slots->empty[slots->empty_count++] = slot;
}

void slots_release(struct slots *slots)
{
	memory_release(slots->empty);
	memory_release(slots->domains);
	memset(slots, 0, sizeof *slots);
}
