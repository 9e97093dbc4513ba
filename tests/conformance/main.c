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
	const struct subject *subject;
	const struct verify_rule *rule;
};

/* How the rule is answered, and *mail what it is told of. */
static enum verify_state play(const struct trial *trial, struct verify_mail *mail)
{
	struct verify_ground ground = {.seed = 1};
	const char *reason;
	*mail = (struct verify_mail){0};
	if (!verify_ground_find(&trial->subject->verified, &ground, &reason))
		fail_msg("%s: %s", trial->subject->name, reason);
	verify_play(trial->rule, &trial->subject->verified, &ground, mail);
	return mail->state;
}

static void keeps_rule(void **state)
{
	const struct trial *trial = *state;
	struct verify_mail mail;
	enum verify_state answer = play(trial, &mail);
	if (answer != VERIFY_HELD && answer != VERIFY_NOT_APPLICABLE)
		fail_msg("%s: %s", trial->subject->name, mail.message);
}

/* The mutant's own rule must reject it: that another one stumbles over it shows nothing. */
static void is_rejected(void **state)
{
	const struct trial *trial = *state;
	struct verify_mail mail;
	if (play(trial, &mail) != VERIFY_BROKEN)
		fail_msg("mutant %s passes", trial->subject->name);
	print_message("# %s: %s\n", trial->subject->name, mail.message);
}

static const struct verify_rule *rule_called(const char *name)
{
	const struct verify_rule *rule = verify_rule_find(name);
	if (rule)
		return rule;
	print_error("there is no rule \"%s\"\n", name);
	abort();
}

static void plugin_opens(void **state)
{
	if (*state)
		fail_msg("%s", (const char *)*state);
}

static struct CMUnitTest add_trial(struct trial *trial, const struct subject *subject, const struct verify_rule *rule,
				   bool must_hold)
{
	*trial = (struct trial){.subject = subject, .rule = rule};
	snprintf(trial->name, sizeof trial->name, "%s%s%s: %s", must_hold ? "" : "mutant ", subject->name,
		 must_hold ? "" : " is rejected", rule->sentence);
	return (struct CMUnitTest){trial->name, must_hold ? keeps_rule : is_rejected, NULL, NULL, trial};
}

static void subject_of_table(struct subject *subject, const struct iova_allocator *table)
{
	snprintf(subject->name, sizeof subject->name, "%s", table->name);
	verify_subject_of_table(&subject->verified, table);
}

/* A layer over the reference. */
static void subject_of_layer(struct subject *subject, const struct iova_allocator *table)
{
	subject_of_table(subject, table);
	subject->verified.spec.parts[1].table = &mutant_reference;
	subject->verified.spec.count = 2;
}

int main(void)
{
	const char *wrong;
	size_t mutants_all = mutant_count + layer_mutant_count;
	struct subject *subjects = calloc(SUBJECTS_MAX + 3 + mutants_all, sizeof *subjects);
	if (!subjects)
		return 1;
	size_t opened = subjects_make(subjects, &wrong), count = opened, tests_count = 0;
	subject_of_table(&subjects[count++], &mutant_reference);
	subject_of_table(&subjects[count++], &mutant_padded);
	subject_of_layer(&subjects[count++], &mutant_layer_reference);
	struct trial *trials = calloc(count * verify_rule_count + mutants_all, sizeof *trials);
	struct CMUnitTest *tests = calloc(count * verify_rule_count + mutants_all + 1, sizeof *tests);
	if (!trials || !tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		for (size_t rule = 0; rule < verify_rule_count; rule++, tests_count++)
			tests[tests_count] = add_trial(&trials[tests_count], &subjects[i], &verify_rules[rule], true);
	for (size_t i = 0; i < mutants_all; i++, tests_count++) {
		const struct mutant *mutant = i < mutant_count ? &mutants[i] : &layer_mutants[i - mutant_count];
		if (i < mutant_count)
			subject_of_table(&subjects[count + i], mutant->table);
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
