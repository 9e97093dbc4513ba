/* SPDX-License-Identifier: MIT
 * A matrix in parts, for several machines. Its unit is a block of rounds of one combination with all arms, so that whatever is
 * compared ran on one machine; blocks are whole Latin squares. Every machine makes the same plan, by what the workloads
 * declare, or by one result whose hash is kept with the run. */
#ifndef RUN_SHARD_H
#define RUN_SHARD_H

#include "base/error.h"
#include "run/combination.h"
#include "run/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shard_unit {
	size_t combination;     /* its number */
	uint32_t first, rounds; /* [first, first + rounds); 0 rounds: the audit alone */
	uint32_t generation;    /* 0; later ones are rounds that were asked for afterwards */
	uint32_t shard;         /* 1 … count */
	double seconds;         /* planned, of its rounds */
	double audit_seconds;   /* planned, of the audit that whoever plays a block of a combination makes once */
};

struct shard_plan {
	struct shard_unit *units; /* by combination, then by round */
	size_t count;
	size_t *first_unit; /* of each combination, and count behind the last */
	size_t combinations;
};

/* Units in `shards` parts that are contiguous and take about as long as each other; none is empty. Rounds of a later
 * generation leave those of earlier ones where they were. -1 with EXIT_CODE_USAGE: there are fewer units than parts, or
 * options->costs is no result; no memory. O(units). */
int shard_plan_make(struct shard_plan *plan, const struct combination_list *list, const struct run_options *options,
		    uint32_t shards, struct error *error);
void shard_plan_release(struct shard_plan *plan);

/* The shard that a round is of; of a combination without rounds, round 0. */
uint32_t shard_plan_of(const struct shard_plan *plan, size_t combination, uint32_t round);

/* Whether a shard with mine[shard - 1] has a unit of a combination. */
bool shard_plan_has(const struct shard_plan *plan, size_t combination, const bool *mine);

#endif
