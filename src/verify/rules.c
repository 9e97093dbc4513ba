/* SPDX-License-Identifier: MIT
 * The table of all rules, and how one is played. */
#include "verify/judges.h"

#include "base/memory.h"
#include "verify/player.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct verify_rule verify_rules[] = {
	{"table", "the table keeps the contract", 0, 0, 1, 0, make_nothing, judge_table, false, 0},
	{"disjoint", "live extents are disjoint parts of the space", 0, 0, 1, 0, make_plain, judge_overlap, true, 16},
	{"align", "alignment is honoured", IOVA_ALIGN, 0, 1, 0, make_aligned, judge_constraints, true, 16},
	{"limit", "limits are honoured", IOVA_HIGH, 0, 1, 0, make_limited, judge_constraints, true, 16},
	{"boundary", "boundaries are honoured", IOVA_BOUNDARY, 0, 1, 0, make_bounded, judge_constraints, true, 16},
	{"constraints", "all constraints hold together", 0, 0, 1, 0, make_constrained, judge_constraints, true, 16},
	{"direction", "the lowest or the highest place is found, as asked", IOVA_DIRECTION, 0, 1, 0, make_directed,
	 judge_direction, false, 1},
	{"found", "what was promised is found", 0, 0, 2, 0, make_found, judge_found, true, 8},
	{"visit", "visit_free shows every page that is not live, once", VERIFY_SHOWS_FREE, 0, 1, 0, make_short, judge_visit,
	 true, 1},
	{"statistics", "live and free pages are the space", 0, 0, 1, 0, make_short, judge_statistics, true, 1},
	{"invariant", "no invariant breaks", 0, 0, 1, 0, make_short, judge_invariant, true, 1},
	{"holes", "holes can be placed before the first allocation", VERIFY_PLACES, 0, 1, 0, make_holes, judge_state, false,
	 1},
	{"place", "with IOVA_EXPLICIT extents can be placed at any time", IOVA_EXPLICIT, 0, 1, 0, make_placed, judge_state,
	 false, 1},
	{"late-place", "without IOVA_EXPLICIT no extent is placed after the first allocation", VERIFY_PLACES, IOVA_EXPLICIT,
	 1, 0, make_late_place, judge_late_place, false, 0},
	{"as-new", "after all frees the space is as new", 0, 0, 1, 0, make_short, judge_as_new, true, 1},
	{"drain", "after drain every free page is usable", 0, 0, 1, 0, make_short, judge_drain, true, 1},
	{"longest", "length_max is served by a free space, and nothing longer", VERIFY_LENGTH, 0, 1, 0, make_longest,
	 judge_longest, false, 0},
	{"no-drain", "a request with NO_DRAIN leaves caches as they are", VERIFY_DRAINS, 0, 1, 0, make_undrained,
	 judge_undrained, false, 1},
	{"offline", "a CPU that leaves makes free pages usable, and changes no other", VERIFY_LEAVES, 0, 1, 0, make_leaving,
	 judge_leaving, false, 1},
	{"failure", "a failure changes nothing", 0, 0, 1, 0, make_failing, judge_failure, true, 1},
	{"counted", "counted calls place like plain ones", IOVA_STEPS, 0, 1, 0, make_short, judge_twins, true, 1},
	{"repeats", "the same calls place the same", 0, 0, 1, 0, make_short, judge_repeats, true, 1},
	{"instances", "instances share nothing", 0, 0, 1, 0, make_short, judge_instances, true, 1},
	{"spaces", "odd and huge spaces work or are refused", 0, 0, MAKE_SPACES, 0, make_space, judge_space, false, 0},
	{"memory", "every failing memory request leaves all as it was", 0, 0, MAKE_MEMORY_KINDS *MAKE_MEMORY_PASSES,
	 MAKE_MEMORY_PASSES, make_no_memory, judge_no_memory, false, 0},
	{"leak", "destroy gives all memory back, also with live extents", 0, 0, 1, 0, make_left, judge_no_leak, true, 1},
	{"threads", "threads that call at the same time get disjoint extents", IOVA_CONCURRENT, 0, 1, 0, make_threads,
	 judge_threads, false, 1},
};
const size_t verify_rule_count = sizeof verify_rules / sizeof verify_rules[0];

const struct verify_rule *verify_rule_find(const char *name)
{
	for (size_t i = 0; i < verify_rule_count; i++)
		if (!strcmp(verify_rules[i].name, name) || !strcmp(verify_rules[i].sentence, name))
			return &verify_rules[i];
	return NULL;
}

void verify_case_add(struct verify_case *one, const struct verify_op *op)
{
	if (one->failed || memory_grow(&one->ops, &one->capacity, one->count, sizeof *one->ops) < 0)
		one->failed = true;
	else
		one->ops[one->count++] = *op;
}

void verify_case_release(struct verify_case *one)
{
	memory_release(one->ops);
	*one = (struct verify_case){0};
}

static void copy(struct verify_case *made, const struct verify_case *given)
{
	*made = *given;
	made->ops = memory_zeroed(given->count, sizeof *made->ops);
	made->capacity = given->count;
	made->failed = !made->ops;
	if (made->ops && given->count)
		memcpy(made->ops, given->ops, given->count * sizeof *made->ops);
}

void verify_make(const struct verify_rule *rule, uint64_t part, const struct verify_ground *ground,
		 struct verify_case *made)
{
	assert(part < rule->parts);
	*made = (struct verify_case){0};
	if (ground->given && rule->takes_given)
		copy(made, ground->given);
	else
		rule->make(made, part, ground);
}

static bool applies(const struct verify_rule *rule, const struct verify_ground *ground)
{
	return (ground->capabilities & rule->needs) == rule->needs && !(ground->capabilities & rule->lacks);
}

static void tell(struct verify_mail *mail, const char *wrong)
{
	snprintf(mail->message, sizeof mail->message, "%s", wrong ? wrong : "");
	mail->state = wrong ? VERIFY_BROKEN : VERIFY_HELD;
}

void verify_play_case(const struct verify_rule *rule, const struct verify_subject *subject,
		      const struct verify_ground *ground, const struct verify_case *one, struct verify_mail *mail)
{
	struct verify_look look = {.subject = subject, .played = one, .ground = ground, .mail = mail};
	tell(mail, one->failed ? "verify has no memory" : rule->judge(&look));
	mail->done = true;
}

void verify_play(const struct verify_rule *rule, const struct verify_subject *subject, const struct verify_ground *ground,
		 struct verify_mail *mail)
{
	bool given = ground->given && rule->takes_given;
	uint64_t parts = given ? 1 : rule->parts;
	mail->state = applies(rule, ground) ? VERIFY_HELD : VERIFY_NOT_APPLICABLE;
	for (uint64_t part = 0; part < parts && mail->state == VERIFY_HELD; part++) {
		struct verify_case made;
		mail->part = part;
		mail->op = 0;
		verify_make(rule, part, ground, &made);
		struct verify_look look = {.subject = subject, .played = &made, .ground = ground, .mail = mail};
		tell(mail, made.failed ? "verify has no memory" : rule->judge(&look));
		verify_case_release(&made);
		if (rule->stride && look.enough)
			part += rule->stride - 1 - part % rule->stride;
	}
	mail->done = true;
}

bool verify_ground_find(const struct verify_subject *subject, struct verify_ground *ground, const char **reason)
{
	static const struct iova_space tried[] = {
		{5, 777, 4096},
		{0, 1024, 4096},
		{0, 4096, 4096},
		{0, UINT64_C(1) << 16, 4096},
		{0, UINT64_C(1) << 20, 4096},
	};
	static char sentence[VERIFY_MESSAGE_BYTES];
	struct error error = {0};
	*reason = NULL;
	ground->capabilities = verify_capabilities(subject);
	for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
		struct verify_host host;
		struct allocator_instance instance;
		struct error refused = {0};
		verify_host_make(&host, 2);
		int failed = allocator_instance_create(&subject->spec, &tried[i], &host.host, &instance, &refused);
		if (!failed) {
			ground->length_max = allocator_instance_length_max(&instance);
			allocator_instance_destroy(&instance);
		}
		verify_host_end(&host);
		if (!failed) {
			ground->space = tried[i];
			return true;
		}
		error = error.exit_code == EXIT_CODE_OK ? refused : error;
	}
	snprintf(sentence, sizeof sentence, "%.250s", error.message);
	*reason = sentence;
	return false;
}
