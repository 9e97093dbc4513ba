/* SPDX-License-Identifier: MIT */
#include "trace/owners.h"

#include <stdio.h>
#include <string.h>

enum owner_found owners_find(struct owners *owners, const struct event *event, bool add, uint32_t *owner,
			     struct error *error)
{
	uint32_t *known = table_find(&owners->numbers, event->owner);
	*owner = known ? *known : owners->count;
	if (known)
		return owners->wanted == OWNERS_ALL || owners->wanted == *owner ? OWNER_WANTED : OWNER_UNWANTED;
	if (!add)
		return OWNER_UNKNOWN;
	uint32_t most = owners->wanted == OWNERS_ALL ? RECORDING_DOMAINS_MAX : OWNERS_MAX;
	if (*owner >= most) {
		error_set(error, EXIT_CODE_USAGE, "more than %u domains%s", most,
			  owners->wanted == OWNERS_ALL ? ", the most that a recording holds: choose one with --domain"
						       : "");
		return OWNER_ERROR;
	}
	if (table_put(&owners->numbers, event->owner, *owner)) {
		error_set(error, EXIT_CODE_IO, "no memory for the import");
		return OWNER_ERROR;
	}
	if (event->owner_name && *owner < RECORDING_DOMAINS_MAX)
		snprintf(owners->names[*owner], OWNER_NAME_BYTES, "%.*s", (int)event->owner_name_length, event->owner_name);
	owners->count++;
	return owners->wanted == OWNERS_ALL || owners->wanted == *owner ? OWNER_WANTED : OWNER_UNWANTED;
}

void owners_release(struct owners *owners)
{
	table_release(&owners->numbers);
	memset(owners->names, 0, sizeof owners->names);
	owners->count = 0;
}
