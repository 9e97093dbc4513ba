/* SPDX-License-Identifier: MIT
 * What a run left behind, as plain data. Everything that a struct points to belongs to it and is released with it. */
#ifndef RESULT_RESULT_H
#define RESULT_RESULT_H

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "result/figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESULT_CELLS_MAX 200u
#define RESULT_SCHEMA "iovabench.result/1"

/* Buckets with samples, ascending: value is the highest of its bucket. Empty: count 0. */
struct result_histogram {
	size_t count;
	uint64_t *values;
	uint64_t *samples;
	uint64_t min, max; /* exact */
	uint64_t dropped;  /* too large for a bucket; in max */
};

/* What came over a latency from outside of the program, as far as the system tells. */
enum result_taint {
	RESULT_TAINT_UNKNOWN, /* null */
	RESULT_TAINT_NONE,
	RESULT_TAINT_PREEMPTED, /* another thread had the CPU */
	RESULT_TAINT_MOVED,     /* it ended on another CPU than it began on */
	RESULT_TAINT_STEAL,     /* a hypervisor had the CPU */
	RESULT_TAINT_COUNT
};
extern const char *const result_taint_name[RESULT_TAINT_COUNT]; /* "", none, preempted, moved, steal */

/* What latencies are told apart by, within a kind. */
enum result_class_by { RESULT_BY_REQUEST, RESULT_BY_CPU, RESULT_BY_OUTCOME, RESULT_BY_COUNT };
extern const char *const result_class_by_name[RESULT_BY_COUNT]; /* request, cpu, outcome */
/* Of the class in which requests or CPUs are counted together that have none of their own. */
#define RESULT_CLASS_OTHERS "(others)"

/* The worst latencies that a phase keeps, of every process and of all. */
#define RESULT_WORST_MAX 10u

/* ---- what one worker process found: a line of rounds.jsonl ---- */

enum result_pass { RESULT_PASS_TIMED, RESULT_PASS_AUDIT, RESULT_PASS_PAIRED, RESULT_PASS_COUNT };
/* TIMED = throughput, then latency; PAIRED: two allocators in one process, by turns */

/* Of a paired pass: the arm, and the one that it is held against. */
enum result_side { RESULT_SIDE_ARM, RESULT_SIDE_AGAINST, RESULT_SIDES };

/* Where every figure of a series stands on the grid. NaN where a pass did not measure it. */
#define RESULT_SERIES_COLUMNS(X)                                                                                           \
	X(OP, "op")               /* operations of the workload done when the row was taken */                             \
	X(DEVICE_S, "device_s")   /* device time when they were done, by the workload's pace */                            \
	X(NS_PER_OP, "ns_per_op") /* throughput inside the cell, first iteration of the first round */                     \
	X(ALLOC_P50_NS, "alloc_p50_ns")                                                                                    \
	X(ALLOC_P99_NS, "alloc_p99_ns")                                                                                    \
	X(ALLOC_MAX_NS, "alloc_max_ns")                                                                                    \
	X(LIVE_PAGES, "live_pages")                                                                                        \
	X(FREE_PAGES, "free_pages")                                                                                        \
	X(CACHED_PAGES, "cached_pages")                                                                                    \
	X(DEFERRED_PAGES, "deferred_pages")                                                                                \
	X(FREE_EXTENTS, "free_extents")                                                                                    \
	X(LARGEST_FREE_PAGES, "largest_free_pages")                                                                        \
	X(UNUSABLE_64KIB, "unusable_64kib")                                                                                \
	X(UNUSABLE_2MIB, "unusable_2mib")                                                                                  \
	X(FREE_2MIB_SLOTS, "free_2mib_slots")                                                                              \
	X(PAGE_TABLE_PAGES, "page_table_pages")                                                                            \
	X(SPAN_PAGES, "span_pages")                                                                                        \
	X(STEPS_ALLOC_MEAN, "steps_alloc_mean")                                                                            \
	X(FAILURES, "failures") /* since the start of the stream */
enum result_series_column {
#define RESULT_SERIES_ENUM(name, text) RESULT_SERIES_##name,
	RESULT_SERIES_COLUMNS(RESULT_SERIES_ENUM)
#undef RESULT_SERIES_ENUM
		RESULT_SERIES_COUNT
};
extern const char *const result_series_name[RESULT_SERIES_COUNT];
_Static_assert(RESULT_SERIES_COUNT <= 32, "a set of columns is a uint32_t");

struct result_series_row {
	uint32_t phase; /* index */
	double value[RESULT_SERIES_COUNT];
};

/* The picture of one domain's space: row after row in time, column after column in address; cell = live share 0 … 63, 64 = all
 * of it is reserved. */
#define RESULT_MAP_RESERVED 64
/* How a cell is written: the character at its value, '#' for reserved. */
extern const char result_map_symbols[RESULT_MAP_RESERVED + 2];
/* What else a cell has: the shares of pages that are held back, in the same steps, and whose pages are most of the live ones:
 * 1 + an index of requests, 0 when none are. */
enum result_plane { RESULT_PLANE_CACHED, RESULT_PLANE_DEFERRED, RESULT_PLANE_REQUEST, RESULT_PLANE_COUNT };
extern const char *const result_plane_name[RESULT_PLANE_COUNT]; /* cached, deferred, request */
/* Requests that a picture tells apart; the last one stands for all others. */
#define RESULT_MAP_REQUESTS_MAX 8u
/* Runs of 2^k to 2^(k + 1) - 1 pages are of order k. */
#define RESULT_MAP_ORDERS 53u
struct result_map {
	uint32_t domain;
	uint64_t first; /* page at the left edge */
	uint64_t count; /* pages across: from the first to the last one ever used; in an older result more */
	uint32_t columns;
	uint32_t rows;
	double *ops;          /* rows: operations done at each row */
	unsigned char *cells; /* rows * columns */
	uint64_t *edges;      /* columns + 1, ascending: column i is of pages [edges[i], edges[i + 1]) */
	/* An older result has nothing of these: 0 and NULL. */
	uint64_t space_first, space_count; /* all of the space, pages */
	unsigned char *planes[RESULT_PLANE_COUNT];
	char **requests; /* names */
	size_t request_count;
	uint64_t *free_runs; /* rows * RESULT_MAP_ORDERS: runs of usable pages */
};
/* 0, or -1 without memory; what *to has then is to be released, too. */
int result_map_copy(struct result_map *to, const struct result_map *from);
/* Zeroed room for what such a map has of its rows and columns; -1: no memory. planes: with those and free runs. */
int result_map_make_room(struct result_map *map, bool planes);

/* Requests of one name that were not served for one reason, over the stream. */
enum result_failure {
	RESULT_FAILURE_MALFORMED,
	RESULT_FAILURE_IMPOSSIBLE,
	RESULT_FAILURE_EXHAUSTED,
	RESULT_FAILURE_FRAGMENTED,
	RESULT_FAILURE_PHYSICAL,
	RESULT_FAILURE_HELD,
	RESULT_FAILURE_REFUSED,
	RESULT_FAILURE_METADATA,
	RESULT_FAILURE_COUNT
};
extern const char *const result_failure_name[RESULT_FAILURE_COUNT]; /* as failures.* among the metrics */
struct result_failures {
	char *request; /* or routine */
	enum result_failure kind;
	size_t count;    /* points, where the number grew */
	double *ops;     /* operations done */
	double *numbers; /* since the start */
};
void result_failures_release(struct result_failures *failures, size_t count);
int result_failures_copy(struct result_failures **to, size_t *to_count, const struct result_failures *from, size_t count);

/* Latencies of allocations over the stream: a column for each of up to RESULT_HEAT_COLUMNS equal parts of it, samples by
 * bins. */
#define RESULT_HEAT_COLUMNS 100u
#define RESULT_HEAT_BINS 160u /* of a record */
struct result_heat_column {
	uint32_t first, count; /* bins from the first to the last one with samples */
	uint64_t *samples;     /* count */
};
struct result_heat {
	struct result_heat_column *columns;
	size_t column_count;
	double *ops; /* operations done at the end of each column */
	/* Bin i is of [edges_ns[i], edges_ns[i + 1]). What lies below the resolution is in the first one. */
	double *edges_ns;
	size_t edge_count;
	double resolution_ns;
};
void result_heat_release(struct result_heat *heat);

/* Time per operation over a phase, all rounds together. */
struct result_cells {
	size_t count;
	double *ops;              /* of the stream, done at the end of each cell */
	double *ns_per_op;        /* median over rounds; NaN: disturbed in all of them */
	double *ci_low, *ci_high; /* 95 %; NaN below six rounds */
};
void result_cells_release(struct result_cells *cells);

#define RESULT_DOMAIN_BYTES 128u
struct result_domain {
	char name[RESULT_DOMAIN_BYTES]; /* of its adapters; "": its number stands for it */
	uint64_t first, count;          /* the space, pages */
	struct result_figures figures;
};

/* A wrong answer of an allocator. Pages. */
struct result_violation {
	uint64_t operation;              /* of the stream, from 1; at the end: the last one */
	double device_s;                 /* device time until then; NaN: the workload has no pace */
	char *what;                      /* what is wrong: "not aligned", "overlaps the live extent" */
	char *request;                   /* name of what was asked for; NULL: it is not about one request */
	uint64_t pages, align, boundary; /* that it asked for; 0: no such constraint */
	bool limited;
	uint64_t low, high; /* when limited: the limit that was tried last, inclusive */
	bool has_extent, freed;
	uint64_t first, count; /* the extent that was given, or freed */
	bool overlaps;
	uint64_t overlap_first, overlap_count; /* what it lies on */
};
/* One line, without its end. */
void result_violation_text(const struct result_violation *violation, struct text *text);
/* -1: no memory; what *to holds then is to be released, too. */
int result_violations_copy(struct result_violation **to, size_t *to_count, const struct result_violation *from,
			   size_t count);
void result_violations_release(struct result_violation *violations, size_t count);

/* Of the largest of some latencies. */
struct result_record_max {
	enum result_taint taint;
	double clean; /* largest without taint; NaN: none */
};

/* Latencies of a kind by one name, in clock ticks. */
struct result_record_class {
	enum result_class_by by;
	char *name;
	enum metric_kind kind;
	uint64_t count;                        /* >= 1 */
	double percentile[METRIC_PERCENTILES]; /* NaN: fewer than 10 samples above it */
	uint64_t max;
	struct result_record_max of_max;
};

/* One latency, and where to find it again. */
struct result_sample {
	uint32_t round;
	uint32_t thread;
	uint64_t word;      /* of the thread's stream, from 0; not written */
	uint64_t operation; /* of the thread's stream, from 1; of a poll the one behind it */
	enum metric_kind kind;
	char *request;  /* NULL: a free, a routine or a poll */
	uint64_t pages; /* 0: not known */
	uint32_t cpu;   /* of the workload */
	double latency; /* in a record ticks, in a result ns */
	enum result_taint taint;
	double steps; /* that its counted twin took; NaN: not known */
	enum result_reason no_steps;
};
void result_samples_release(struct result_sample *samples, size_t count);
/* Keeps the RESULT_WORST_MAX largest, the largest first; of equals the first. A copy: request is still the sample's. */
void result_insert_worst(struct result_sample worst[RESULT_WORST_MAX], size_t *count, const struct result_sample *sample);

/* Of a round of a paired pass one part in so many is not timed: it warms up after the other side's turn. */
#define RESULT_UNTIMED_ONE_IN 3u

/* Windows of one length, over the same operations, in pairs. Neither window of a pair was tainted, or it only counts as
 * tainted; and all of them did equal work. */
struct result_record_pairs {
	double ns[RESULT_SIDES]; /* of all pairs */
	double typical;          /* median of arm / against over two pairs in a row, each side first in one; NaN: no pair */
	uint64_t pairs, tainted;
	uint64_t operations; /* of each side in ns */
};

struct result_record_phase {
	/* timed */
	double *ns_per_op;       /* one per iteration; NaN when its window was too short for the clock */
	double *clean_ns_per_op; /* likewise without tainted windows; NaN when all were tainted */
	double *cpu_ns_per_op; /* likewise CPU time of all threads; NaN when it is not known or the windows were too short */
	size_t iterations;
	uint64_t operations; /* completed, of one iteration */
	uint64_t failures;   /* of one iteration: failed demands */
	uint64_t windows;
	uint64_t windows_tainted;
	uint64_t starved;   /* of one iteration: receives that found nothing */
	uint64_t ring_full; /* of one iteration: sends that found no room */
	/* The least of all iterations in each of up to RESULT_CELLS_MAX equal parts of the phase; NaN where a part was too
	 * short. */
	double *cells_ns_per_op;
	double *cells_operations; /* of one iteration in each part, disturbed windows among them: where the others stand */
	size_t cell_count;
	double latency_ns_per_op; /* whole latency pass, for its slow-down; NaN when there was none */
	struct result_histogram latency[METRIC_KIND_COUNT]; /* in clock ticks */
	struct result_record_max latency_max[METRIC_KIND_COUNT];
	struct result_record_class *classes;
	size_t class_count;
	struct result_sample *worst; /* the largest first */
	size_t worst_count;
	/* paired */
	struct result_record_pairs pairs_interfered;  /* single operations behind an interference, without their stamps */
	struct result_record_pairs pairs, pairs_long; /* windows as short as the clock lets them be; many times as long */
	double poll_ns[RESULT_SIDES];                 /* in the time of pairs, but no part of it */
	uint64_t side_hash[RESULT_SIDES];             /* as placement_hash */
	double equal_share;                           /* of its words, until outcomes differed */
	/* audit */
	struct result_figures figures;
	/* of all live extents at the end of the phase; the same in every pass of a deterministic arm */
	uint64_t placement_hash;
};

struct result_record {
	uint64_t key;   /* of everything that makes this process what it is */
	char *workload; /* name */
	char *spec;
	char *against; /* the other spec of a paired pass; else NULL */
	enum result_pass pass;
	uint32_t round;
	enum result_side side;                 /* paired, not ok: whose fault it was */
	double empty_pair_ns;                  /* paired, of two stamps behind an interference; 0: there was none */
	uint32_t window_words[2];              /* paired: of pairs, of pairs_long */
	uint64_t resident_bytes[RESULT_SIDES]; /* paired: metadata and slots; of them */
	uint64_t huge_bytes[RESULT_SIDES];     /* behind huge pages */
	bool locked;                           /* a lock stood around the calls */
	bool ok;                               /* else exit_code and message say what happened, and the rest may be empty */
	enum exit_code exit_code;
	enum error_owner owner; /* of the failure: also of wrong answers, with which a record is ok */
	char *message;
	struct result_violation *violations; /* the first few */
	size_t violation_count;
	char *plugin_about;   /* what the plugins of its spec say of themselves; NULL: there are none */
	char *notes;          /* lines: what the allocator did to its process beside answering; NULL: nothing */
	char *distrust;       /* why its times, but not its answers, are not to be trusted; NULL: they are */
	uint64_t stream_hash; /* of the operations played; 0 when not known */
	uint64_t peak_rss_bytes;
	uint64_t clock_backward; /* times that the clock went back between two stamps */
	bool over_limit;         /* it was killed for the memory that it took; not written */
	struct result_record_phase *phases;
	size_t phase_count;
	struct result_series_row *series;
	size_t series_count;
	struct result_map *maps;
	size_t map_count;
	struct result_heat heat;          /* timed: columns alone; bins are measure/heat.h's, in clock ticks */
	struct result_failures *failures; /* audit */
	size_t failure_count;
	struct result_domain *domains; /* audit of a workload with several domains */
	size_t domain_count;
};
void result_record_release(struct result_record *record);
/* Adds a line to its notes, once. Without memory it is lost. */
void result_record_note(struct result_record *record, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of JSON with its '\n', and a checksum of it at its end. Doubles are written so that reading gives the same bits. */
int result_record_write(const struct result_record *record, struct text *line, struct error *error);
/* Reads one line (without '\n' or with it) whose checksum is right. -1 with a message that names the key and what it should
 * be; *record is then zeroed. */
int result_record_read(const char *line, size_t length, struct result_record *record, struct error *error);

/* Whether a line ends with the checksum of what stands before it. */
enum result_sum { RESULT_SUM_MISSING, RESULT_SUM_RIGHT, RESULT_SUM_WRONG };
enum result_sum result_record_sum(const char *line, size_t length);

/* ---- the whole run: result.json ---- */

/* A percentile over processes: each process is one value, however many samples it had. */
struct result_over_processes {
	double median_ns;             /* NaN: no process had 10 samples above it */
	double ci_low_ns, ci_high_ns; /* 95 %, order statistics; NaN: fewer than 6 processes */
	uint32_t processes;           /* behind them */
};

struct result_latency {
	uint64_t count; /* samples; 0: this kind did not occur, everything else is meaningless */
	double p50_ns, p90_ns, p99_ns, p999_ns, p9999_ns, max_ns; /* NaN: fewer than 10 samples above it */
	double resolution_ns;
	bool below_resolution; /* p50 is below the resolution and was replaced by it */
	uint64_t dropped;
	struct result_histogram histogram; /* in nanoseconds (rounded up) */
	/* What comparisons pair: each percentile of each round, at the round's number; NaN where a round had too few samples,
	 * or where it lay below the resolution. NULL: an older result. */
	double *round_ns[METRIC_PERCENTILES];
	size_t round_count;
	struct result_over_processes over_processes[METRIC_PERCENTILES];
	enum result_taint max_taint; /* of the one that is max_ns */
	double max_clean_ns;         /* the largest without taint; NaN: none, or not known */
};

/* Latencies of a kind by one name. Percentiles are over processes; samples of several are never put together. */
struct result_latency_class {
	enum result_class_by by;
	char *name;
	enum metric_kind kind;
	uint64_t count; /* of all processes, >= 1 */
	double resolution_ns;
	struct result_over_processes over_processes[METRIC_PERCENTILES];
	double max_ns;
	enum result_taint max_taint;
	double max_clean_ns;
};

enum result_ageing {
	RESULT_AGEING_UNKNOWN, /* null */
	RESULT_AGEING_FLAT,
	RESULT_AGEING_WARM_UP,
	RESULT_AGEING_AGEING,
	RESULT_AGEING_NO_STEADY_STATE,
	RESULT_AGEING_COUNT
};
extern const char *const result_ageing_name[RESULT_AGEING_COUNT]; /* "", flat, warm-up, ageing, no steady state */

struct result_phase {
	char *name;
	enum result_ageing ageing;
	double ageing_low, ageing_high; /* of first_to_last_decile over rounds, at 95 %; 0: too few rounds */
	uint32_t growing;               /* bit of each RESULT_SERIES that still grew at the end, of those that can age */
	bool growth_known;              /* false: no audit, or a phase with too few rows */
	bool measured;
	struct result_figures figures;
	/* What comparisons pair: the median of each round, at the round's number; NaN where a round gave none. */
	double *round_ns_per_op;
	size_t round_count;
	struct result_cells cells; /* none: too short, an adversary, or an older result */
	struct result_latency latency[METRIC_KIND_COUNT];
	bool has_classes; /* false: no latency pass, or an older result; there are no classes and worst samples then */
	struct result_latency_class *classes;
	size_t class_count;
	struct result_sample *worst; /* of all processes, the largest first */
	size_t worst_count;
};

/* Under what conditions two arms were held against each other. */
enum result_condition { RESULT_CONDITION_HOT, RESULT_CONDITION_INTERFERED, RESULT_CONDITION_COUNT };
extern const char *const result_condition_name[RESULT_CONDITION_COUNT]; /* hot, interfered */

/* An arm's time against another arm's, both in one process: of the figures phase. Ratios are arm / against; those without a
 * round behind them are NaN. */
struct result_paired {
	size_t against; /* index of an arm of the same workload */
	enum result_condition condition;
	/* What the rest is made of: of each process, at its round's number, the time of all pairs, and the median pair; NaN:
	 * none, or not to be trusted. */
	double *round_ratio, *round_typical;
	size_t round_count;
	double ratio, ci_low, ci_high; /* median over rounds, and its interval at 95 % */
	double ratio_typical;          /* median over rounds; far from ratio: costs come in bursts */
	double ratio_with_polls;       /* as ratio, with the time of polls; NaN: nothing is polled */
	/* How many times the ratio grows with windows many times as long, and the interval at 95 %: caches decide then. */
	double long_ratio, long_ci_low, long_ci_high;
	double shift;         /* how many times the ratio of the throughput passes this is, less 1 */
	double tainted_share; /* of pairs, which do not count */
	double equal_share;   /* of words, until outcomes differed: what follows does not count */
	double empty_pair_ns; /* interfered: of two stamps with nothing between them, which no operation's time has; else 0 */
	double huge_share[RESULT_SIDES]; /* of metadata, behind huge pages */
	uint32_t rounds;                 /* with a ratio */
	uint32_t window_words;
	char *reason; /* why there is no ratio, or why rounds were left out; NULL: nothing to tell */
};

/* Numbers of rounds at which it is looked whether they decide. All looks of a run share the error of its verdicts. */
#define RESULT_LOOKS_MAX 16u
enum result_end {
	RESULT_END_UNKNOWN, /* null: the audit alone, or an older result */
	RESULT_END_ROUNDS,  /* all that were asked for */
	RESULT_END_DECIDED, /* at a look nothing was left inconclusive */
	RESULT_END_BUDGET,  /* the next round would have ended after the budget of time */
	RESULT_END_INTERRUPTED,
	RESULT_END_COUNT
};
extern const char *const result_end_name[RESULT_END_COUNT]; /* "", rounds, decided, budget, interrupted */
struct result_looks {
	/* Both ascending. The last one planned is all rounds that were asked for; the last one made is how many there are, and
	 * a budget may add it. */
	uint32_t planned[RESULT_LOOKS_MAX], made[RESULT_LOOKS_MAX];
	uint32_t planned_count; /* 0: as RESULT_END_UNKNOWN */
	uint32_t made_count;
	bool stops; /* rounds end at the first look that decides: --rounds auto */
	enum result_end end;
};

enum result_arm_state {
	RESULT_ARM_OK,
	RESULT_ARM_NOT_APPLICABLE,   /* cannot play this workload; reason says why */
	RESULT_ARM_FAILED,           /* crash, hang, violation, limit passed; figures may be missing */
	RESULT_ARM_NONDETERMINISTIC, /* passes disagree on the placement hash */
	RESULT_ARM_UNTRUSTWORTHY,    /* the clock went back while it was measured */
	RESULT_ARM_NOT_RUN,          /* interrupted before */
};
extern const char *const result_arm_state_name[RESULT_ARM_NOT_RUN + 1]; /* ok, n/a, failed, … */

struct result_arm {
	size_t workload; /* index */
	size_t source;   /* index; 0 where nothing was merged */
	char *allocator; /* name, for a plugin its table's name or its path */
	char *spec;
	uint64_t plugin_hash; /* of the files of its plugins; 0: built in, or an older result */
	char *plugin_about;   /* what they say of themselves; NULL: likewise, or never opened */
	uint32_t threads;
	char *lock;
	char *rate; /* operations per second, ":poisson" behind it; NULL: closed loop */
	bool named; /* asked for by name: not with "all", and not because nothing was named */
	enum result_arm_state state;
	enum error_owner owner; /* failed: of the failure */
	char *reason; /* NULL when ok, no routine of a script answered what it should not, and there are no notes */
	struct result_violation *violations; /* the first few; reason tells how many there are */
	size_t violation_count;
	uint64_t placement_hash;
	size_t figures_phase; /* the phase whose figures are the arm's: the last measured one */
	struct result_phase *phases;
	size_t phase_count;
	struct result_series_row *series;
	size_t series_count;
	struct result_map *maps;
	size_t map_count;
	struct result_heat heat; /* no columns: no latency pass, or an older result */
	bool failures_known;     /* false: no audit, or an older result */
	struct result_failures *failures;
	size_t failure_count;
	struct result_domain *domains;
	size_t domain_count;
	struct result_paired *paired; /* against other arms, the first in hot windows */
	size_t paired_count;
	char *paired_reason;       /* why there is none; NULL: there is, or an older result */
	struct result_looks looks; /* of its workload, in its run */
	struct text packed;        /* its bulk: result_arm_pack; empty: never packed */
};

/* Many arms do not fit into memory whole. What only an arm's own tables and figures show is its bulk: series, maps, heat,
 * failures, domains, and of each phase cells, histograms, classes and worst samples. Verdicts, and whatever speaks of several
 * workloads, take none of it. Packed, it takes about a tenth of the bytes, and counts are 0 where it was.
 * -1: no memory; the arm is as it was. */
int result_arm_pack(struct result_arm *arm);
/* Has the bulk at hand again until result_arm_shut; nothing on an arm that was never packed. -1: no memory; it is shut. */
int result_arm_open(struct result_arm *arm);
void result_arm_shut(struct result_arm *arm);

struct result_expectation {
	size_t arm; /* index */
	char *metric;
	char *wanted; /* as a person would write it: "is 0", "below 1.25" */
	double got;   /* NaN: not measured */
	bool met;
};

/* A value that a sweep gave, or one of several seeds, numbers of threads or rates. */
#define RESULT_SETTING_SEED "seed"
#define RESULT_SETTING_THREADS "threads"
#define RESULT_SETTING_RATE "rate"
struct result_setting {
	char *key, *value;
};

enum result_verdict {
	RESULT_VERDICT_OK,             /* a change is excluded that is as large as the threshold */
	RESULT_VERDICT_IMPROVEMENT,    /* b is better than a by more than the threshold */
	RESULT_VERDICT_REGRESSION,     /* b is worse than a by more than the threshold */
	RESULT_VERDICT_INCONCLUSIVE,   /* the interval holds more than one of these */
	RESULT_VERDICT_DIFFERENT_WORK, /* a and b did not do the same, so that their times say nothing */
	RESULT_VERDICT_NOT_COMPARED,   /* reason says why */
	RESULT_VERDICT_COUNT
};
extern const char *const result_verdict_name[RESULT_VERDICT_COUNT]; /* "ok", "improvement", "regression", … */

/* One metric of two arms, b held against a. */
struct result_comparison {
	size_t a, b;   /* arms */
	bool baseline; /* a is the same arm of another result; else two allocators differ, and neither is a baseline */
	enum metric metric;
	double a_value, b_value;
	double ratio;           /* b / a: of a timed metric the median over rounds; NaN when a is 0 */
	double ci_low, ci_high; /* of a timed metric; NaN when there were too few rounds */
	double level;     /* of that interval as it was asked for, after sharing among all comparisons; NaN: exact metric */
	double threshold; /* share, >= 0 */
	enum result_verdict verdict;
	bool by_pairs;          /* of a timed metric: both ran in one process, by turns; else in processes of their own */
	uint32_t rounds;        /* behind the interval; 0: exact metric */
	uint32_t nodes;         /* that were pooled; 0: all pairs are of one */
	uint32_t rounds_wanted; /* inconclusive: in all, to decide; 0: not known, or more than 100,000 */
	char *reason;           /* NULL, or what else there is to say */
};

/* How its verdict is told: only against a baseline something is a regression or an improvement; of two allocators one is
 * "slower" or "faster", and needs "more" or "fewer". */
const char *result_verdict_word(const struct result_comparison *comparison);
/* The verdict that a word stands for; -1: none. */
int result_verdict_of_word(const char *word, enum metric metric);

/* What --until steady found. */
struct result_workload_steady {
	bool asked;
	char *reason;        /* NULL: no series grows */
	uint64_t operations; /* of the stream that was judged last; 0: none was */
	double device_s;     /* that they are on the device; NaN: the workload has no pace */
};

struct result_workload {
	char *name, *about, *file;
	uint64_t hash, stream_hash, seed, ops;
	uint64_t interference_data_bytes, interference_code_bytes; /* before sampled operations; both 0: none */
	uint64_t interference_pairs; /* of a process, in pairs alone; 0: 20,000, and latencies, too */
	char *expanded;              /* JSON text */
	char *recorded;              /* what its recordings lack, and what the kernel made of them; NULL: nothing */
	struct result_workload_steady steady;
	bool adaptive;                   /* an adversary answers the allocator: no stream_hash, no times */
	struct result_setting *settings; /* of this combination; none: not part of a sweep */
	size_t setting_count;
};

/* A machine on which rounds ran. But for id, its class. */
struct result_node {
	uint64_t id; /* tells machines apart; no name can be read from it */
	char *cpu, *kernel, *build;
	char *microcode; /* NULL: the system does not tell */
	uint32_t cpus;
	uint32_t numa_nodes;   /* 0: the system does not tell */
	uint64_t memory_bytes; /* to the nearest GiB; 0: the system does not tell */
};

/* A run whose arms were merged into another document. */
struct result_source {
	char *id, *started, *command, *cpu, *kernel;
	size_t node; /* index: all its rounds ran there */
};

/* What can change while a run goes on. */
struct result_environment {
	double load_1min;
	double core_ghz; /* NaN: cannot be told */
	double steal_ms; /* of all CPUs since the machine started: what its host took */
};

/* Caches of the CPU that workers ran on. */
enum result_cache { RESULT_CACHE_L1D, RESULT_CACHE_L1I, RESULT_CACHE_L2, RESULT_CACHE_L3, RESULT_CACHE_COUNT };
extern const char *const result_cache_name[RESULT_CACHE_COUNT]; /* l1d, l1i, l2, l3 */

struct result {
	struct {
		char *id, *started, *command;
		bool partial;
		uint32_t rounds;
		bool latency_serialised; /* every operation was stamped: the stamps keep them from overlapping */
		char *trouble;           /* what failed and belongs to no arm: the harness on its own; NULL: nothing */
		enum error_owner trouble_owner;
	} run;
	struct {
		char *cpu, *kernel, *clock;
		uint32_t cpus;
		double tsc_hz; /* NaN without a constant counter */
		double timer_step_ns, timer_pair_ns, timer_drift_ppm;
		uint64_t cache_bytes[RESULT_CACHE_COUNT]; /* 0: the system does not tell */
		struct result_environment before, after;
		/* lines of text: what about this machine makes its timing less than trustworthy; "" = nothing */
		char *warnings;
		char *calibration; /* what comparisons of equals had found on it before the run; NULL: nothing is known */
	} machine;
	struct {
		char *version, *git, *compiler, *flags;
	} build;
	struct result_node *nodes; /* one, unless documents were merged */
	size_t node_count;
	struct result_source *sources; /* only in a merged document */
	size_t source_count;
	struct result_workload *workloads;
	size_t workload_count;
	struct result_arm *arms;
	size_t arm_count;
	struct result_comparison *comparisons;
	size_t comparison_count;
	struct result_expectation *expectations;
	size_t expectation_count;
	bool undigested; /* read from a document that has no digest: damage would not be noticed */
};
void result_release(struct result *result);

/* What the run ends with, by everything that the document tells: see error.h for the order. An arm that was named and could
 * play none of the workloads is EXIT_CODE_NO_ARM, and so is a run in which none could. */
enum exit_code result_exit_code(const struct result *result);
/* Something of it can be run again with another outcome: an interruption, trouble of the machine. */
bool result_can_go_on(const struct result *result);

/* Whether a sweep set the same values in both, in whatever order. */
bool result_same_settings(const struct result_workload *a, const struct result_workload *b);
/* Whether they are one workload with several seeds: settings are the same but for RESULT_SETTING_SEED, which both have. Each
 * is a replicate of itself then. */
bool result_are_replicates(const struct result_workload *a, const struct result_workload *b);
/* The name of a workload, and of a sweep what it set: "gpu-paging phases.churn.ops=2M". */
void result_workload_label(const struct result_workload *workload, struct text *text);

/* result.json as interface.md has it, indented, with every metric of the table nested by its path in each arm and in each of
 * its phases, null with "<key>_reason" beside it. */
int result_write(const struct result *result, struct text *json, struct error *error);
/* The same, arm by arm: peak memory is that of the largest. Arms that are packed are opened one at a time. */
int result_write_to(const struct result *result, const struct file_sink *sink, struct error *error);
/* Reads what result_write wrote, of the same schema; anything else, and what does not fit its digest, is refused with the
 * key's path. */
int result_read(const char *json, size_t length, struct result *result, struct error *error);
/* Of such a document what is no arm and speaks of none, at a tenth of the cost; it is not held against its digest. */
int result_read_head(const char *json, size_t length, struct result *result, struct error *error);

/* What arm holds against another one under a condition; NULL: nothing. */
const struct result_paired *result_paired_find(const struct result_arm *arm, size_t against,
					       enum result_condition condition);
void result_paired_release(struct result_paired *paired, size_t count);

/* Puts the arms of count results into one: equal workloads (name, seed, stream, all defaults) become one, each arm names its
 * source, which names its node, and comparisons stay what they were. The order of from does not matter: runs stand in that of
 * their ids. Machine and build are those of the first; where others differ a warning says so. *into (zeroed) takes what it
 * needs from them; command is the merge's. Arms of one build whose audits disagree on two nodes become untrustworthy; *told
 * gets a line for each. -1: the same arm (workload, spec, threads, lock, rate) of one node is there twice (EXIT_CODE_USAGE,
 * naming it), no memory. All are to be released either way. O(arms^2). */
int result_merge(struct result *into, struct result *from, size_t count, const char *command, struct text *told,
		 struct error *error);
/* Which of two results goes first in a merged one, as of qsort. */
int result_order(const struct result *a, const struct result *b);

/* series.csv of all arms: workload, spec, phase, then the columns; empty where there is no figure. */
void result_series_csv(const struct result *result, struct text *csv);
/* The same, arm by arm. */
int result_series_csv_to(const struct result *result, const struct file_sink *sink, struct error *error);

/* One HdrHistogram log (version 1.3 text with base64 V2 compressed histograms, as HistogramLogReader takes it), all kinds of
 * an arm's figures phase, tagged by kind, in nanoseconds. */
int result_hlog(const struct result_arm *arm, const char *started, struct text *log, struct error *error);
/* Whether there is a latency to log: other arms have no file. */
bool result_has_hlog(const struct result_arm *arm);

/* File names of the logs of all arms, "<workload>-<spec>.hlog" with everything but letters, digits, '.', '_' and '-' replaced
 * by '_'. Of a long name only its beginning, then '~' and a hash of all of it; arms whose names would be the same get '~' and
 * their index. At most RESULT_FILE_NAME_MAX characters, all different. NULL without memory; released with
 * result_release_hlog_names. O(n log n). */
#define RESULT_FILE_NAME_MAX 200
struct text *result_hlog_names(const struct result *result);
void result_release_hlog_names(struct text *names, size_t count);

/* The percentiles of a histogram as HdrHistogram plots them: five per halving of the distance to 100 %, ending where no sample
 * lies above. Nothing below resolution_ns. Writes at most RESULT_CURVE_MAX points and returns how many. */
#define RESULT_CURVE_MAX 256
struct result_point {
	double percentile; /* [0, 100) */
	double ns;
};
size_t result_latency_curve(const struct result_latency *latency, struct result_point points[RESULT_CURVE_MAX]);

/* Whether an arm failed so that nothing of it counts: it has no phases, series, maps and domains then. After something fatal
 * that a driver did, the figures until then stand. */
bool result_arm_is_thrown_out(const struct result_arm *arm);
/* Takes away what such an arm must not have. */
void result_arm_throw_out(struct result_arm *arm);

/* The metrics of an arm: those of its figures phase, or all null with the reason. Never NULL. */
const struct result_figures *result_arm_figures(const struct result_arm *arm);

/* A figure of a phase, and of the phase whose figures are the arm's; NaN when null. metric: below METRIC_ALL. */
double result_phase_figure(const struct result_phase *phase, int metric);
double result_arm_figure(const struct result_arm *arm, int metric);

#endif
