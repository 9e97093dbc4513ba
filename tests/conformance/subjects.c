/* SPDX-License-Identifier: MIT */
#include "conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of an option, or a number that is none. */
static uint64_t value_of(const struct allocator_spec_part *part, const char *option)
{
	for (uint64_t i = 0; i < part->table->option_count; i++)
		if (!strcmp(part->table->options[i].name, option))
			return part->options[i];
	return UINT64_MAX;
}

/* Low first is what hal means. */
static bool is_refused(const struct allocator_spec_part *part)
{
	return !strcmp(part->table->name, "buddy") && value_of(part, "preset") == 1 && value_of(part, "first") == 2;
}

/* Magazines of few rounds, so that a small space exchanges, overflows and drains them. */
static const char *const layered[] = {
	"magazine+rbtree",
	"magazine+buddy",
	"magazine:rounds=1+segregated",
	"magazine:rounds=2,max=4+rbtree:fit=first",
	"magazine:rounds=3,key=order+buddy:rounding=trim",
	"magazine:rounds=2,key=order+segregated",
	"magazine:rounds=2,key=order,max=12,depot=1,drain=all+rbtree",
	"magazine:rounds=4,depot=2+bitmap",
	"magazine:rounds=2,drain=all+buddy",
	"magazine:rounds=3+magazine:rounds=2,key=order+segregated",
	"magazine:rounds=2,key=order,drain=all+linux",
	"magazine:rounds=2+linux:gate=no",
	"lazy+rbtree",
	"lazy:entries=4+segregated",
	"lazy:entries=3,queue=single+buddy",
	"magazine:rounds=2+lazy:entries=5+rbtree",
	"magazine:rounds=3+buddy:preset=hal",
	"magazine:rounds=2+leaf",
	"lazy:entries=4+leaf",
	"magazine:rounds=2+leaf:cache=cpu",
};

#define COMBINATIONS_MAX (SUBJECTS_MAX - 1 - sizeof layered / sizeof layered[0])

static void add_text(struct subject *subject, const char *text)
{
	size_t length = strlen(subject->name);
	snprintf(subject->name + length, sizeof subject->name - length, "%s", text);
}

/* The values that are played: every choice; the default and both ends of a range. */
static uint64_t value_count(const struct iova_option *option)
{
	uint64_t count = 0;
	switch (option->kind) {
	case IOVA_OPTION_CHOICE:
		while (option->choices[count])
			count++;
		return count;
	case IOVA_OPTION_FLAG:
		return 2;
	default:
		return 3;
	}
}

static uint64_t value_at(const struct iova_option *option, uint64_t index)
{
	if (option->kind == IOVA_OPTION_CHOICE || option->kind == IOVA_OPTION_FLAG)
		return index;
	return index == 0 ? option->default_value : index == 1 ? option->minimum : option->maximum;
}

/* Combination number `combination` of the options; its name tells every value. */
static void choose(struct subject *subject, const struct iova_allocator *table, uint64_t combination)
{
	memset(subject, 0, sizeof *subject);
	verify_subject_of_table(&subject->verified, table);
	add_text(subject, table->name);
	for (uint64_t i = 0; i < table->option_count; i++) {
		const struct iova_option *option = &table->options[i];
		uint64_t value = value_at(option, combination % value_count(option));
		char number[24];
		combination /= value_count(option);
		subject->verified.spec.parts[0].options[i] = value;
		add_text(subject, i ? "," : ":");
		add_text(subject, option->name);
		add_text(subject, "=");
		snprintf(number, sizeof number, "%llu", (unsigned long long)value);
		add_text(subject, option->kind == IOVA_OPTION_CHOICE ? option->choices[value]
				  : option->kind == IOVA_OPTION_FLAG ? (value ? "yes" : "no")
								     : number);
	}
	verify_subject_promise(&subject->verified);
}

size_t subjects_make(struct subject subjects[SUBJECTS_MAX], const char **wrong)
{
	static struct error error;
	size_t count = 0;
	*wrong = NULL;
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		uint64_t combinations = 1;
		if (table->capabilities & (IOVA_HARNESS | IOVA_LAYER))
			continue;
		for (uint64_t option = 0; option < table->option_count; option++)
			combinations *= value_count(&table->options[option]);
		for (uint64_t combination = 0; combination < combinations && count < COMBINATIONS_MAX; combination++) {
			choose(&subjects[count], table, combination);
			count += !is_refused(&subjects[count].verified.spec.parts[0]);
		}
	}
	for (size_t i = 0; i < sizeof layered / sizeof layered[0]; i++, count++) {
		memset(&subjects[count], 0, sizeof subjects[count]);
		add_text(&subjects[count], layered[i]);
		if (verify_subject_open(layered[i], &subjects[count].verified, &error)) {
			*wrong = error.message;
			return count;
		}
	}
	const char *build = getenv("BUILD");
	struct subject *plugin = &subjects[count];
	memset(plugin, 0, sizeof *plugin);
	snprintf(plugin->name, sizeof plugin->name, "%s/plugins/example.so", build ? build : "build");
	if (verify_subject_open(plugin->name, &plugin->verified, &error))
		*wrong = error.message;
	else
		count++;
	return count;
}

void subjects_close(struct subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		verify_subject_close(&subjects[i].verified);
}
