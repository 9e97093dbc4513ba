/* SPDX-License-Identifier: MIT */
#include "verify/verify.h"

#include <assert.h>
#include <string.h>

const char *const verify_promise_names[VERIFY_PROMISES + 1] = {"complete", "size-classes", "buddy", "bounded", NULL};

/* The value of an option, or a number that is none. */
static uint64_t value_of(const struct allocator_spec_part *part, const char *option)
{
	for (uint64_t i = 0; i < part->table->option_count; i++)
		if (!strcmp(part->table->options[i].name, option))
			return part->options[i];
	return UINT64_MAX;
}

static bool is_called(const struct allocator_spec_part *part, const char *name)
{
	return !part->library && !strcmp(part->table->name, name);
}

/* Linux's without the gate, and with the second walk, finds everything. Magazines by order round requests up. */
static enum iova_promise promise_of(const struct allocator_spec_part *part)
{
	if (is_called(part, "magazine"))
		return value_of(part, "key") == 1 ? IOVA_PROMISE_SIZE_CLASSES : IOVA_PROMISE_COMPLETE;
	bool finds_all = is_called(part, "linux") && value_of(part, "retry") && !value_of(part, "gate");
	return finds_all ? IOVA_PROMISE_COMPLETE : part->table->promise;
}

void verify_subject_promise(struct verify_subject *subject)
{
	assert(subject->spec.count);
	const struct allocator_spec_part *innermost = &subject->spec.parts[subject->spec.count - 1];
	subject->promise = IOVA_PROMISE_COMPLETE;
	for (size_t i = 0; i < subject->spec.count; i++)
		if (promise_of(&subject->spec.parts[i]) > subject->promise)
			subject->promise = promise_of(&subject->spec.parts[i]);
	subject->remembers_failures = is_called(innermost, "linux") && value_of(innermost, "gate");
	/* The old gate opens for frees at or above the hint alone, which the last ones need not be. */
	subject->never_forgets = is_called(innermost, "linux") && value_of(innermost, "gate") == 2;
}

int verify_subject_open(const char *spec, struct verify_subject *subject, struct error *error)
{
	*subject = (struct verify_subject){0};
	if (allocator_spec_open(spec, &subject->spec, error) < 0)
		return -1;
	verify_subject_promise(subject);
	return 0;
}

void verify_subject_of_table(struct verify_subject *subject, const struct iova_allocator *table)
{
	*subject = (struct verify_subject){.spec.count = 1, .spec.parts[0].table = table};
	for (uint64_t i = 0; i < table->option_count; i++)
		subject->spec.parts[0].options[i] = table->options[i].default_value;
	verify_subject_promise(subject);
}

void verify_subject_close(struct verify_subject *subject)
{
	allocator_spec_close(&subject->spec);
}

uint64_t verify_capabilities(const struct verify_subject *subject)
{
	uint64_t all = VERIFY_PLACES | VERIFY_SHOWS_FREE, some = 0;
	for (size_t i = 0; i < subject->spec.count; i++) {
		const struct iova_allocator *table = subject->spec.parts[i].table;
		all &= (table->place ? VERIFY_PLACES : 0) | (table->visit_free ? VERIFY_SHOWS_FREE : 0);
		some |= (table->drain ? VERIFY_DRAINS : 0) | (table->offline ? VERIFY_LEAVES : 0) |
			(table->length_max ? VERIFY_LENGTH : 0);
	}
	return allocator_spec_capabilities(&subject->spec) | all | some;
}
