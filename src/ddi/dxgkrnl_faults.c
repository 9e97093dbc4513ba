/* SPDX-License-Identifier: MIT
 * Calls that are made to fail: by routine, number, size and chance. */
#include "ddi/dxgkrnl_room.h"

#include <stdlib.h>
#include <string.h>

static int routine_by_name(const char *name, size_t length)
{
	for (int routine = 0; routine < ROUTINES; routine++)
		if (strlen(routine_name((enum routine)routine)) == length &&
		    strncmp(routine_name((enum routine)routine), name, length) == 0)
			return routine;
	return -1;
}

/* A decimal number that ends with its text. */
static bool number(const char *text, size_t length, uint64_t *value)
{
	if (length == 0 || length > 19)
		return false;
	*value = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

static bool chance(const char *text, size_t length, double *value)
{
	char copy[32], *end;
	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = 0;
	*value = strtod(copy, &end);
	return *end == 0 && *value > 0 && *value <= 1;
}

/* One key:value. */
static const char *read_key(struct fault *fault, const char *text, size_t length, uint64_t *seed)
{
	const char *colon = memchr(text, ':', length);
	if (!colon)
		return "a fault is keys with values: routine:, nth:, bytes:, probability:, seed:";
	const char *value = colon + 1;
	size_t key = (size_t)(colon - text), rest = length - key - 1;
	if (key == 7 && strncmp(text, "routine", key) == 0) {
		fault->routine = routine_by_name(value, rest);
		return fault->routine < 0 ? "the routine of a fault is no documented name of one that is modelled" : NULL;
	}
	if (key == 3 && strncmp(text, "nth", key) == 0)
		return number(value, rest, &fault->nth) && fault->nth > 0 ? NULL : "nth of a fault is no number above 0";
	if (key == 5 && strncmp(text, "bytes", key) == 0)
		return number(value, rest, &fault->bytes) ? NULL : "bytes of a fault is no number";
	if (key == 4 && strncmp(text, "seed", key) == 0)
		return number(value, rest, seed) ? NULL : "seed of a fault is no number";
	if (key == 11 && strncmp(text, "probability", key) == 0)
		return chance(value, rest, &fault->probability) ? NULL
								: "probability of a fault is no number above 0, at most 1";
	return "a key of a fault is none of routine, nth, bytes, probability and seed";
}

static const char *read_fault(struct fault *fault, const char *text, size_t length)
{
	uint64_t seed = 1;
	*fault = (struct fault){.routine = -1};
	for (;;) {
		const char *comma = memchr(text, ',', length);
		size_t key = comma ? (size_t)(comma - text) : length;
		const char *wrong = read_key(fault, text, key, &seed);
		if (wrong)
			return wrong;
		if (!comma)
			break;
		text += key + 1;
		length -= key + 1;
	}
	rng_seed(&fault->rng, seed);
	return NULL;
}

int dxgkrnl_set_faults(struct dxgkrnl *dxgkrnl, const char *faults, const char **reason)
{
	struct fault read[FAULTS_MAX];
	unsigned count = 0;
	while (faults && *faults) {
		size_t length = strcspn(faults, ";");
		const char *wrong =
			count < FAULTS_MAX ? read_fault(&read[count], faults, length) : "there are at most 8 faults";
		if (wrong) {
			*reason = wrong;
			return -1;
		}
		count++;
		faults += length + (faults[length] == ';');
	}
	memcpy(dxgkrnl->faults, read, count * sizeof *read);
	dxgkrnl->fault_count = count;
	dxgkrnl_set_look(dxgkrnl);
	return 0;
}

bool fault_hits(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes)
{
	bool hit = false;
	for (unsigned i = 0; i < dxgkrnl->fault_count; i++) {
		struct fault *fault = &dxgkrnl->faults[i];
		if ((fault->routine >= 0 && fault->routine != (int)routine) || bytes < fault->bytes)
			continue;
		if (fault->probability > 0 && rng_unit(&fault->rng) >= fault->probability)
			continue;
		fault->passed++;
		hit |= fault->nth == 0 || fault->passed == fault->nth;
	}
	return hit;
}
