/* SPDX-License-Identifier: MIT */
#include "play/audit_failures.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

static struct audit_failures_one *find(struct audit_failures *failures, const char *request, enum result_failure kind)
{
	for (size_t i = 0; i < failures->count; i++)
		if (failures->of[i].kind == kind && strcmp(failures->of[i].request, request) == 0)
			return &failures->of[i];
	return NULL;
}

static bool is_named(const struct audit_failures *failures, const char *request)
{
	for (size_t i = 0; i < failures->count; i++)
		if (strcmp(failures->of[i].request, request) == 0)
			return true;
	return false;
}

void audit_failures_count(struct audit_failures *failures, const char *request, enum result_failure kind, uint64_t number)
{
	if (!number)
		return;
	struct audit_failures_one *one = find(failures, request, kind);
	if (!one && !is_named(failures, request)) {
		if (failures->names == AUDIT_FAILURES_NAMES) {
			request = RESULT_CLASS_OTHERS;
			one = find(failures, request, kind);
		} else {
			failures->names++;
		}
	}
	if (!one) {
		if (memory_grow(&failures->of, &failures->capacity, failures->count, sizeof failures->of[0]) < 0) {
			failures->failed = true;
			return;
		}
		one = &failures->of[failures->count++];
		*one = (struct audit_failures_one){.request = request, .kind = kind};
	}
	one->total += number;
}

void audit_failures_row(struct audit_failures *failures, uint64_t operations)
{
	for (size_t i = 0; i < failures->count; i++) {
		struct audit_failures_one *one = &failures->of[i];
		if (one->total == one->told)
			continue;
		if (memory_grow(&one->ops, &one->op_capacity, one->count, sizeof one->ops[0]) < 0 ||
		    memory_grow(&one->numbers, &one->number_capacity, one->count, sizeof one->numbers[0]) < 0) {
			failures->failed = true;
			return;
		}
		one->ops[one->count] = (double)operations;
		one->numbers[one->count++] = (double)one->total;
		one->told = one->total;
	}
}

int audit_failures_store(struct audit_failures *failures, struct result_record *record)
{
	assert(!record->failures);
	record->failures = memory_zeroed(failures->count, sizeof record->failures[0]);
	if (!record->failures || failures->failed)
		return -1;
	for (size_t i = 0; i < failures->count; i++) {
		struct audit_failures_one *one = &failures->of[i];
		struct result_failures *to = &record->failures[record->failure_count++];
		*to = (struct result_failures){memory_text(one->request), one->kind, one->count, one->ops, one->numbers};
		one->ops = one->numbers = NULL;
		if (!to->request)
			return -1;
	}
	return 0;
}

void audit_failures_close(struct audit_failures *failures)
{
	for (size_t i = 0; i < failures->count; i++) {
		memory_release(failures->of[i].ops);
		memory_release(failures->of[i].numbers);
	}
	memory_release(failures->of);
	*failures = (struct audit_failures){0};
}
