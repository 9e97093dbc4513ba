/* SPDX-License-Identifier: MIT
 * Who allocates: the domains or devices of a recording, numbered as they appear. */
#ifndef TRACE_OWNERS_H
#define TRACE_OWNERS_H

#include "base/error.h"
#include "stream/recording.h"
#include "trace/event.h"
#include "trace/table.h"

#define OWNERS_ALL UINT32_MAX
#define OWNERS_MAX 4096u /* in the text, of which a recording holds RECORDING_DOMAINS_MAX or the chosen one */
#define OWNER_NAME_BYTES 48u

/* Zero-initialise, then set wanted. */
struct owners {
	struct table numbers;                                /* by event.owner */
	char names[RECORDING_DOMAINS_MAX][OWNER_NAME_BYTES]; /* "" where it is a number */
	uint32_t count;
	uint32_t wanted; /* OWNERS_ALL, or the one to keep */
};

enum owner_found { OWNER_ERROR = -1, OWNER_UNKNOWN, OWNER_UNWANTED, OWNER_WANTED };

/* The owner of an event; one that is new is added if add is set. */
enum owner_found owners_find(struct owners *owners, const struct event *event, bool add, uint32_t *owner,
			     struct error *error);

/* Its domain in the recording. */
static inline uint8_t owners_domain(const struct owners *owners, uint32_t owner)
{
	return owners->wanted == OWNERS_ALL ? (uint8_t)owner : 0;
}

/* Forgets all but what is wanted. */
void owners_release(struct owners *owners);

#endif
