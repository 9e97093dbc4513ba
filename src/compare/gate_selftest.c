/* SPDX-License-Identifier: MIT */
#include "compare/gate.h"

#include <math.h>
#include <string.h>

#define ROUNDS 40 /* enough for an interval at the level of a hundred gated metrics */

/* A result of one arm, all of it in one place. */
struct made {
	double rounds[ROUNDS], latencies[METRIC_KIND_COUNT][METRIC_PERCENTILES][ROUNDS];
	struct result_phase phase;
	struct result_arm arm;
	struct result_workload workload;
	struct result_node node;
	struct result result;
};

static void make_latency(struct made *made, size_t kind)
{
	struct result_latency *latency = &made->phase.latency[kind];
	*latency = (struct result_latency){.count = 1000000,
					   .p50_ns = 1000,
					   .p90_ns = 1000,
					   .p99_ns = 1000,
					   .p999_ns = 1000,
					   .p9999_ns = 1000,
					   .max_ns = 1000,
					   .resolution_ns = 1,
					   .round_count = ROUNDS};
	for (size_t i = 0; i < METRIC_PERCENTILES; i++) {
		latency->round_ns[i] = made->latencies[kind][i];
		memcpy(latency->round_ns[i], made->rounds, sizeof made->rounds);
	}
}

static void make(struct made *made)
{
	*made = (struct made){0};
	result_figures_clear(&made->phase.figures);
	for (int i = 0; i < METRIC_COUNT; i++)
		made->phase.figures.value[i] = 1000;
	result_set(&made->phase.figures, METRIC_ALLOCATIONS, 1e9);
	for (size_t i = 0; i < ROUNDS; i++)
		made->rounds[i] = 1000 + (double)(i % 5) - 2; /* a noise of 0.2 % */
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		make_latency(made, kind);
	made->phase.name = (char *)"churn";
	made->phase.measured = true;
	made->phase.round_ns_per_op = made->rounds;
	made->phase.round_count = ROUNDS;
	made->arm = (struct result_arm){.allocator = (char *)"made",
					.spec = (char *)"made",
					.threads = 1,
					.lock = (char *)"none",
					.phases = &made->phase,
					.phase_count = 1};
	made->workload = (struct result_workload){.name = (char *)"made-up", .stream_hash = 1};
	made->result.run.id = (char *)"made-up";
	made->result.nodes = &made->node;
	made->result.node_count = 1;
	made->result.workloads = &made->workload;
	made->result.workload_count = 1;
	made->result.arms = &made->arm;
	made->result.arm_count = 1;
}

/* Makes one metric worse (share > 0) or better. */
static void plant(struct made *made, int metric, double share)
{
	double factor = metric_table[metric].better == METRIC_BETTER_LOWER ? 1 + share : fmax(0, 1 - share);
	if (metric >= METRIC_COUNT) {
		int latency = metric - METRIC_COUNT;
		for (size_t i = 0; i < ROUNDS; i++)
			made->latencies[latency / METRIC_LATENCY_COUNT][latency % METRIC_LATENCY_COUNT][i] *= factor;
		return;
	}
	made->phase.figures.value[metric] *= factor;
	for (size_t i = 0; metric == METRIC_RAW_NS_PER_OP && i < ROUNDS; i++)
		made->rounds[i] *= factor;
}

struct selftest {
	const struct policy *policy;
	struct gate_selftest *found;
	struct text *log;
};

static const char *const outcome_name[] = {"passed", "was inconclusive", "failed"};

static void note(struct selftest *self, bool good, const char *what, const char *outcome)
{
	self->found->checks++;
	self->found->good += good;
	text_add(self->log, "%-6s %s: the gate %s\n", good ? "ok" : "BLIND", what, outcome);
}

/* other must be what it is made of: a result holds pointers into itself. */
static int check(struct selftest *self, const struct made *base, const struct made *other, enum gate_outcome wanted,
		 const char *what, struct error *error)
{
	struct gate gate;
	if (gate_open(&gate, self->policy, &base->result, &other->result, error) < 0)
		return -1;
	note(self, gate.outcome == wanted, what, outcome_name[gate.outcome]);
	gate_close(&gate);
	return 0;
}

static int check_metric(struct selftest *self, const struct made *base, int metric, struct error *error)
{
	struct made other;
	struct text what = {0};
	double threshold = self->policy->threshold[metric];
	make(&other);
	plant(&other, metric, 1.5 * threshold + 0.01);
	text_add(&what, "%s worse by %.3g%%, threshold %.3g%%", metric_table[metric].path, 150 * threshold + 1,
		 100 * threshold);
	int status = what.failed ? error_set(error, EXIT_CODE_IO, "no memory for a self-test")
				 : check(self, base, &other, GATE_FAILED, what.bytes, error);
	text_release(&what);
	return status;
}

/* What is no regression must pass, or the gate says nothing. */
static int check_quiet(struct selftest *self, const struct made *base, struct error *error)
{
	struct made other;
	make(&other);
	if (check(self, base, &other, GATE_PASSED, "the same figures", error) < 0)
		return -1;
	for (int i = 0; i < METRIC_ALL; i++)
		if (metric_has_direction(i))
			plant(&other, i, -0.1);
	return check(self, base, &other, GATE_PASSED, "everything better by 10%", error);
}

static int check_arms(struct selftest *self, const struct made *base, struct error *error)
{
	struct made other;
	make(&other);
	other.arm.state = RESULT_ARM_FAILED;
	if (check(self, base, &other, GATE_FAILED, "an arm that crashed", error) < 0)
		return -1;
	make(&other);
	other.arm.spec = (char *)"another";
	if (check(self, base, &other, GATE_FAILED, "an arm that is missing", error) < 0)
		return -1;
	struct gate gate;
	struct error refused = {0};
	make(&other);
	other.workload.stream_hash = 2;
	bool opened = gate_open(&gate, self->policy, &base->result, &other.result, &refused) == 0;
	note(self, !opened && refused.exit_code == EXIT_CODE_USAGE, "other operations",
	     opened ? "took them" : "refused them");
	if (opened)
		gate_close(&gate);
	return 0;
}

int gate_selftest(const struct policy *policy, struct gate_selftest *found, struct text *log, struct error *error)
{
	struct selftest self = {policy, found, log};
	struct made base;
	unsigned gated = 0;
	make(&base);
	*found = (struct gate_selftest){0, 0};
	int status = check_quiet(&self, &base, error);
	if (status == 0)
		status = check_arms(&self, &base, error);
	for (int i = 0; i < METRIC_ALL && status == 0; i++) {
		if (policy->weight[i] != POLICY_GATED)
			continue;
		gated++;
		status = check_metric(&self, &base, i, error);
	}
	if (status == 0 && gated == 0)
		note(&self, false, "the policy gates no metric", "can only miss arms");
	return status;
}
