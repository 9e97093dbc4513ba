/* SPDX-License-Identifier: MIT
 * Every rule on every subject, then every mutant against its rule. */
#include "conformance/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct trial {
	char name[256];
	struct subject *subject;
	const struct rule *rule;
};

static void keeps_rule(void **state)
{
	const struct trial *trial = *state;
	const char *wrong = trial->rule->holds(trial->subject);
	if (wrong)
		fail_msg("%s: %s", trial->subject->name, wrong);
}

/* The mutant's own rule must reject it: that another one stumbles over it shows nothing. */
static void is_rejected(void **state)
{
	const struct trial *trial = *state;
	const char *wrong = trial->rule->holds(trial->subject);
	if (!wrong)
		fail_msg("mutant %s passes", trial->subject->name);
	print_message("# %s: %s\n", trial->subject->name, wrong);
}

static const struct rule *rule_called(const char *name)
{
	for (size_t i = 0; i < rule_count; i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	print_error("there is no rule \"%s\"\n", name);
	abort();
}

static void plugin_opens(void **state)
{
	if (*state)
		fail_msg("%s", (const char *)*state);
}

static struct CMUnitTest add_trial(struct trial *trial, struct subject *subject, const struct rule *rule, bool must_hold)
{
	*trial = (struct trial){.subject = subject, .rule = rule};
	snprintf(trial->name, sizeof trial->name, "%s%s%s: %s", must_hold ? "" : "mutant ", subject->name,
		 must_hold ? "" : " is rejected", rule->name);
	return (struct CMUnitTest){trial->name, must_hold ? keeps_rule : is_rejected, NULL, NULL, trial};
}

/* A layer over the reference. */
static void subject_of_layer(struct subject *subject, const struct iova_allocator *table)
{
	subject_of_table(subject, table, PROMISE_COMPLETE);
	subject->spec.parts[1].table = &mutant_reference;
	subject->spec.count = 2;
}

int main(void)
{
	const char *wrong;
	size_t mutants_all = mutant_count + layer_mutant_count;
	struct subject *subjects = calloc(SUBJECTS_MAX + 2 + mutants_all, sizeof *subjects);
	if (!subjects)
		return 1;
	size_t opened = subjects_make(subjects, &wrong), count = opened, tests_count = 0;
	subject_of_table(&subjects[count++], &mutant_reference, PROMISE_COMPLETE);
	subject_of_layer(&subjects[count++], &mutant_layer_reference);
	struct trial *trials = calloc(count * rule_count + mutants_all, sizeof *trials);
	struct CMUnitTest *tests = calloc(count * rule_count + mutants_all + 1, sizeof *tests);
	if (!trials || !tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		for (size_t rule = 0; rule < rule_count; rule++, tests_count++)
			tests[tests_count] = add_trial(&trials[tests_count], &subjects[i], &rules[rule], true);
	for (size_t i = 0; i < mutants_all; i++, tests_count++) {
		const struct mutant *mutant = i < mutant_count ? &mutants[i] : &layer_mutants[i - mutant_count];
		if (i < mutant_count)
			subject_of_table(&subjects[count + i], mutant->table, PROMISE_COMPLETE);
		else
			subject_of_layer(&subjects[count + i], mutant->table);
		tests[tests_count] =
			add_trial(&trials[tests_count], &subjects[count + i], rule_called(mutant->rule), false);
	}
	tests[tests_count++] =
		(struct CMUnitTest){"the example plugin opens", plugin_opens, NULL, NULL, (void *)(uintptr_t)wrong};
	int failed = _cmocka_run_group_tests("conformance", tests, tests_count, NULL, NULL);
	subjects_close(subjects, opened);
	free(tests);
	free(trials);
	free(subjects);
	return failed != 0;
}
