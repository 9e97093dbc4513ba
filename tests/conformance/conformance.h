/* SPDX-License-Identifier: MIT
 * Conformance of allocators: every rule is played on every subject against a naive model, one word for each page.
 * A rule returns NULL, or a sentence that says what was seen. */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include "allocator/registry.h"
#include "base/rng.h"
#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an allocator promises to find. */
enum promise {
	PROMISE_COMPLETE, /* any place that satisfies the request */
	PROMISE_BLOCK,    /* a free naturally aligned block of the next power of two that satisfies the request */
	PROMISE_NOTHING,
};

struct subject {
	char name[128]; /* as a spec would write it */
	struct allocator_spec spec;
	enum promise promise;
	bool remembers_failures; /* a failed request makes later ones fail, too */
	bool never_forgets;      /* perhaps even when all is free */
};

#define SUBJECTS_MAX 64

/* The built-in competitors with every combination of their options that they accept, layers over them, and the example plugin
 * of folder BUILD. *wrong names what could not be opened, or is NULL. Returns their number. */
size_t subjects_make(struct subject subjects[SUBJECTS_MAX], const char **wrong);
void subjects_close(struct subject *subjects, size_t count);
/* One table with its default options. */
void subject_of_table(struct subject *subject, const struct iova_allocator *table, enum promise promise);

struct rule {
	const char *name;
	const char *(*holds)(const struct subject *subject);
};
extern const struct rule rules[];
extern const size_t rule_count;

/* Rules in other files than their table. */
const char *rule_twins(const struct subject *subject);
const char *rule_repeats(const struct subject *subject);
const char *rule_instances(const struct subject *subject);
const char *rule_failure_changes_nothing(const struct subject *subject);
const char *rule_coalesces(const struct subject *subject);
const char *rule_odd_spaces(const struct subject *subject);
const char *rule_no_memory(const struct subject *subject);
const char *rule_no_leak(const struct subject *subject);

/* A wrong allocator, and the rule that must reject it. The references are the right ones that all are made from. A layer
 * stands over the reference. */
struct mutant {
	const struct iova_allocator *table;
	const char *rule;
};
extern const struct mutant mutants[];
extern const size_t mutant_count;
extern const struct iova_allocator mutant_reference;
extern const struct mutant layer_mutants[];
extern const size_t layer_mutant_count;
extern const struct iova_allocator mutant_layer_reference;

#define PIECES_MAX 256

/* Memory that is counted, and fails when told to. */
struct counting_host {
	struct iova_host host;
	uint64_t requests;
	uint64_t failing_request; /* UINT64_MAX: none */
	uint64_t outstanding;     /* pieces */
	uint64_t locks;
	const char *wrong; /* what was done to memory that must not be */
	struct {
		void *memory;
		size_t bytes;
	} pieces[PIECES_MAX];
};
void counting_host_make(struct counting_host *host);
/* What is wrong with the memory after destroy, or NULL; everything is released. */
const char *counting_host_end(struct counting_host *host);

#define SLOTS 256

struct player {
	const struct subject *subject;
	struct counting_host host;
	struct allocator_instance instance;
	struct iova_space space;
	struct rng rng;
	bool counted;
	uint32_t *owner; /* for each page: 0 or slot + 1; NULL for a space that is too large */
	uint64_t *run;   /* scratch of model_has_place */
	uint64_t live_pages;
	struct slot {
		struct iova_extent extent; /* count 0: empty */
		uint64_t requested;
	} slots[SLOTS];
};

/* Creates. Returns NULL or a sentence; then player_end is still due. A space that the allocator says it cannot manage leaves
 * instance.table NULL. */
const char *player_begin(struct player *player, const struct subject *subject, struct iova_space space, uint64_t seed);
/* Destroys and says whether memory was left behind. */
const char *player_end(struct player *player);

/* They call the allocator, keep the model, and check what every call must keep: range, size and overlap. */
const char *player_alloc(struct player *player, size_t slot, const struct iova_request *request, enum iova_status *status);
const char *player_place(struct player *player, size_t slot, uint64_t first, uint64_t count, enum iova_status *status);
void player_free(struct player *player, size_t slot);
void player_free_all(struct player *player);

/* A request of 1 to size_max pages (small ones more often) with some of the constraints. */
struct iova_request player_request(struct player *player, uint64_t size_max, uint32_t constraints);
/* Those that the allocator knows. */
uint32_t player_constraints(const struct player *player);

/* What the model says. */
bool model_has_place(struct player *player, const struct iova_request *request, enum promise promise);
const char *check_constraints(const struct player *player, size_t slot, const struct iova_request *request);
const char *check_visit(const struct player *player);
const char *check_statistics(const struct player *player);
const char *check_invariant(const struct player *player);

/* The free runs in address order: equal texts are equal states. At most SNAPSHOT_RUNS are kept. */
#define SNAPSHOT_RUNS 1024
struct snapshot {
	size_t count;
	struct iova_statistics statistics;
	struct snapshot_run {
		uint64_t first;
		uint64_t count;
		uint64_t state;
	} runs[SNAPSHOT_RUNS];
};
void snapshot_take(const struct player *player, struct snapshot *snapshot);
bool snapshot_equal(const struct snapshot *a, const struct snapshot *b);

#endif
