/* SPDX-License-Identifier: MIT */
#include "compare/gate.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>

enum gate_outcome gate_row_outcome(const struct policy *policy, const struct result_comparison *row)
{
	assert(row->metric < METRIC_ALL);
	if (policy->weight[row->metric] != POLICY_GATED)
		return GATE_PASSED;
	switch (row->verdict) {
	case RESULT_VERDICT_OK:
	case RESULT_VERDICT_IMPROVEMENT:
		return GATE_PASSED;
	case RESULT_VERDICT_REGRESSION:
		return GATE_FAILED;
	default: /* a gate that could not look must not pass */
		return GATE_INCONCLUSIVE;
	}
}

static bool was_measured(const struct result_arm *arm)
{
	return (arm->state == RESULT_ARM_OK || arm->state == RESULT_ARM_NONDETERMINISTIC) &&
	       arm->figures_phase < arm->phase_count;
}

/* Moves the pair of an arm to it. false: it needs none, for the same arm of another node has it. */
static bool find_pair(struct gate_arm *arm, const struct compare_arm *side, struct compare_pair *pairs, size_t count)
{
	bool told = false;
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].a.arm == side->arm) {
			arm->present = true;
			arm->pair = pairs[i];
			pairs[i].others = NULL;
			return true;
		}
		told |= compare_same_arm(&pairs[i].a, side);
	}
	return !told;
}

static int list_arms(struct gate *gate, struct error *error)
{
	struct compare_pair *pairs;
	size_t count;
	gate->arms = memory_zeroed(gate->baseline->arm_count, sizeof gate->arms[0]);
	if (!gate->arms)
		return error_set(error, EXIT_CODE_IO, "no memory for a gate");
	if (compare_match(gate->baseline, gate->result, NULL, NULL, &pairs, &count, error) < 0)
		return -1;
	for (size_t i = 0; i < gate->baseline->arm_count; i++) {
		const struct compare_arm side = {gate->baseline, i};
		struct gate_arm arm = {.baseline = i, .unmeasured = compare_unmeasured(&side, gate->result)};
		if (was_measured(&gate->baseline->arms[i]) && find_pair(&arm, &side, pairs, count))
			gate->arms[gate->arm_count++] = arm;
	}
	for (size_t i = 0; i < count; i++)
		compare_pair_release(&pairs[i]);
	memory_release(pairs);
	if (!gate->arm_count)
		return error_set(error, EXIT_CODE_USAGE, "the baseline has no arm that was measured");
	return 0;
}

static void add_blind(struct gate *gate, const struct result *result, size_t arm, enum gate_outcome outcome)
{
	gate->blinds[gate->blind_count++] = (struct gate_blind){result, arm, outcome};
	if (outcome > gate->outcome)
		gate->outcome = outcome;
}

/* Whether a counterpart that the baseline measured tells of this arm of the result already. */
static bool is_told(const struct gate *gate, const struct result_arm *arm)
{
	for (size_t i = 0; i < gate->arm_count; i++)
		if (gate->arms[i].unmeasured == arm)
			return true;
	return false;
}

/* What an allocator cannot play is no blind spot. */
static int list_blinds(struct gate *gate, struct error *error)
{
	gate->blinds = memory_zeroed(gate->baseline->arm_count + gate->result->arm_count, sizeof gate->blinds[0]);
	if (!gate->blinds)
		return error_set(error, EXIT_CODE_IO, "no memory for a gate");
	for (size_t i = 0; i < gate->baseline->arm_count; i++) {
		const struct result_arm *arm = &gate->baseline->arms[i];
		if (!was_measured(arm) && arm->state != RESULT_ARM_NOT_APPLICABLE)
			add_blind(gate, gate->baseline, i, GATE_INCONCLUSIVE);
	}
	for (size_t i = 0; i < gate->result->arm_count; i++)
		if (gate->result->arms[i].state == RESULT_ARM_FAILED && !is_told(gate, &gate->result->arms[i]))
			add_blind(gate, gate->result, i, GATE_FAILED);
	return 0;
}

static void fill_rules(const struct gate *gate, struct compare_rules *rules)
{
	size_t timed = 0;
	for (int i = 0; i < METRIC_ALL; i++) {
		rules->threshold[i] = gate->policy->weight[i] == POLICY_IGNORED ? (double)NAN : gate->policy->threshold[i];
		timed += !metric_table[i].exact && gate->policy->weight[i] == POLICY_GATED;
	}
	/* Advisory verdicts on time are one for each arm, too. */
	rules->timed_verdicts = gate->arm_count * (timed ? timed : 1);
}

static int judge_arm(struct gate *gate, struct gate_arm *arm, const struct compare_rules *rules, struct error *error)
{
	arm->outcome = arm->present ? GATE_PASSED : GATE_FAILED;
	if (arm->present && compare_arms(&arm->pair, rules, error) < 0)
		return -1;
	for (size_t i = 0; i < arm->pair.row_count; i++) {
		enum gate_outcome outcome = gate_row_outcome(gate->policy, &arm->pair.rows[i]);
		if (outcome > arm->outcome)
			arm->outcome = outcome;
	}
	if (arm->outcome > gate->outcome)
		gate->outcome = arm->outcome;
	return 0;
}

int gate_open(struct gate *gate, const struct policy *policy, const struct result *baseline, const struct result *result,
	      struct error *error)
{
	struct compare_rules rules;
	*gate = (struct gate){.policy = policy, .baseline = baseline, .result = result};
	int status = list_arms(gate, error);
	if (status == 0)
		status = list_blinds(gate, error);
	fill_rules(gate, &rules);
	for (size_t i = 0; status == 0 && i < gate->arm_count; i++)
		status = judge_arm(gate, &gate->arms[i], &rules, error);
	struct compare_pair *pairs = memory_zeroed(gate->arm_count, sizeof pairs[0]);
	size_t count = 0;
	for (size_t i = 0; pairs && i < gate->arm_count; i++)
		if (gate->arms[i].present)
			pairs[count++] = gate->arms[i].pair;
	if (status == 0 && pairs)
		status = compare_check_work(pairs, count, error);
	else if (status == 0)
		status = error_set(error, EXIT_CODE_IO, "no memory for a gate");
	memory_release(pairs);
	if (status < 0)
		gate_close(gate);
	return status;
}

void gate_tell_absent(const struct gate_arm *arm, struct text *text)
{
	assert(!arm->present);
	if (!arm->unmeasured) {
		text_add(text, "the result has no such arm");
		return;
	}
	const char *reason = arm->unmeasured->reason;
	text_add(text, "was not measured (%s)%s%s", result_arm_state_name[arm->unmeasured->state], reason ? ": " : "",
		 reason ? reason : "");
}

void gate_tell_blind(const struct gate *gate, const struct gate_blind *blind, struct text *text)
{
	assert(blind->arm < blind->result->arm_count);
	const struct result_arm *arm = &blind->result->arms[blind->arm];
	text_add(text, "the %s's arm is %s", blind->result == gate->baseline ? "baseline" : "result",
		 result_arm_state_name[arm->state]);
	if (arm->owner != ERROR_OWNER_NONE)
		text_add(text, " (%s)", error_owner_name[arm->owner]);
	text_add(text, ": %s", arm->reason ? arm->reason : "no reason was recorded");
}

void gate_close(struct gate *gate)
{
	for (size_t i = 0; i < gate->arm_count; i++)
		compare_pair_release(&gate->arms[i].pair);
	memory_release(gate->arms);
	memory_release(gate->blinds);
	*gate = (struct gate){0};
}
