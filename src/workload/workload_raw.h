/* SPDX-License-Identifier: MIT
 * A workload file as libcyaml loads it: every scalar is the text that was written, NULL where nothing was. */
#ifndef WORKLOAD_WORKLOAD_RAW_H
#define WORKLOAD_WORKLOAD_RAW_H

struct raw_hole {
	char *base, *size;
};

struct raw_space {
	char *base, *size, *page, *mode;
	struct raw_hole *reserved;
	unsigned reserved_count;
};

struct raw_physical {
	char *size, *scatter;
};

struct raw_uniform {
	char *min, *max;
};

struct raw_powers {
	char *min, *max, *ratio, *exact;
};

struct raw_lognormal {
	char *min, *max, *median, *sigma;
};

/* pareto and zipf */
struct raw_power {
	char *min, *max, *alpha;
};

struct raw_weight {
	char *size, *weight;
};

/* Of a request, or a part of mixed, which alone has a weight and is neither weights nor mixed. */
struct raw_size {
	char *weight, *fixed;
	struct raw_uniform *uniform, *log_uniform;
	struct raw_powers *powers_of_two;
	struct raw_lognormal *lognormal;
	struct raw_power *pareto, *zipf;
	struct raw_weight *weights;
	unsigned weights_count;
	struct raw_size *mixed;
	unsigned mixed_count;
};

struct raw_mean {
	char *mean;
};

struct raw_generational {
	char *young, *old, *share;
};

struct raw_lifetime {
	char *fixed;
	struct raw_uniform *uniform;
	struct raw_mean *exponential;
	struct raw_power *pareto;
	struct raw_generational *generational;
};

/* policy holds what was written instead of a map: none, natural or a size. */
struct raw_align {
	char *policy, *natural_up_to;
};

struct raw_request {
	char *name, *call;
	struct raw_size *size;
	struct raw_align *align;
	char *low;
	char **high; /* one address is loaded as a list of one */
	unsigned high_count;
	char *boundary;
	struct raw_lifetime *lifetime;
};

struct raw_share {
	char *request, *weight;
};

struct raw_until {
	char *occupancy, *live, *turnovers, *ops;
};

/* policy holds what was written instead of a map: all. */
struct raw_free {
	char *policy;
	struct raw_until *until;
	char *victims, *free_on;
};

struct raw_script_op {
	char *alloc, *request, *size, *free, *repeat;
	struct raw_script_op *script;
	unsigned script_count;
};

struct raw_trace {
	char *file, *repeat, *between, *limits;
	struct raw_align *align;
};

struct raw_rings {
	char **request; /* one name is loaded as a list of one; pace likewise */
	unsigned request_count;
	char *depth, *count;
	char **pace;
	unsigned pace_count;
	char *burst;
};

struct raw_robson {
	char *live, *largest;
};

struct raw_adversary {
	struct raw_robson *robson;
};

struct raw_phase {
	char *name;
	struct raw_share *mix;
	unsigned mix_count;
	struct raw_until *until;
	char *ops, *victims, *free_on, *hold, *burst, *think, *measure;
	struct raw_free *free;
	struct raw_script_op *script;
	unsigned script_count;
	struct raw_trace *trace;
	struct raw_rings *rings;
	struct raw_adversary *adversary;
};

struct raw_expectation {
	char *metric, *is, *below, *above, *tolerance, *allocator;
};

struct raw_sweep {
	char *key;
	char **values; /* one value is loaded as a list of one */
	unsigned values_count;
};

struct raw_workload {
	char *iovabench, *name, *about, *source;
	struct raw_space *space;
	struct raw_physical *physical;
	char *cpus, *pace, *seed;
	struct raw_request *requests;
	unsigned requests_count;
	struct raw_phase *phases;
	unsigned phases_count;
	struct raw_expectation *expect;
	unsigned expect_count;
	struct raw_sweep *sweep;
	unsigned sweep_count;
};

#endif
