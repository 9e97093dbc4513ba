/* SPDX-License-Identifier: MIT */
#include "conformance/conformance.h"

#include <stdlib.h>
#include <string.h>

/* Larger spaces are played without a model of their pages. */
#define MODEL_PAGES_MAX (1u << 16)

const char *player_begin(struct player *player, const struct subject *subject, struct iova_space space, uint64_t seed)
{
	struct error error = {0};
	memset(player, 0, sizeof *player);
	player->subject = subject;
	player->space = space;
	rng_seed(&player->rng, seed);
	counting_host_make(&player->host);
	if (space.count <= MODEL_PAGES_MAX) {
		player->owner = calloc(space.count, sizeof *player->owner);
		player->run = calloc(space.count + 1, sizeof *player->run);
		if (!player->owner || !player->run)
			return "the test has no memory";
	}
	if (!allocator_instance_create(&subject->spec, &space, &player->host.host, &player->instance, &error))
		return NULL;
	player->instance.table = NULL;
	if (error.exit_code != EXIT_CODE_NO_ARM)
		return "create fails";
	return strstr(error.message, "gives no reason") ? "create says IOVA_UNSUPPORTED without a reason" : NULL;
}

const char *player_end(struct player *player)
{
	if (player->instance.table)
		allocator_instance_destroy(&player->instance);
	free(player->owner);
	free(player->run);
	return counting_host_end(&player->host);
}

/* Enters an extent into the model. */
static const char *enter(struct player *player, size_t slot, const struct iova_extent *extent, uint64_t requested)
{
	uint64_t begin = player->space.first, end = begin + player->space.count;
	if (extent->count < requested)
		return "fewer pages are granted than requested";
	if (extent->first < begin || extent->first >= end || extent->count > end - extent->first)
		return "an extent leaves the space";
	for (size_t other = 0; !player->owner && other < SLOTS; other++) {
		const struct iova_extent *live = &player->slots[other].extent;
		if (live->count && live->first < extent->first + extent->count && extent->first < live->first + live->count)
			return "two live extents overlap";
	}
	for (uint64_t page = extent->first; player->owner && page < extent->first + extent->count; page++) {
		if (player->owner[page - begin])
			return "two live extents overlap";
		player->owner[page - begin] = (uint32_t)slot + 1;
	}
	player->slots[slot].extent = *extent;
	player->slots[slot].requested = requested;
	player->live_pages += extent->count;
	return NULL;
}

const char *player_alloc(struct player *player, size_t slot, const struct iova_request *request, enum iova_status *status)
{
	const struct iova_extent untouched = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	struct iova_extent extent = untouched;
	const struct iova_allocator *table = player->instance.table;
	uint32_t cpu = (uint32_t)slot % player->host.host.cpus;
	if (player->counted && table->alloc_counted) {
		struct iova_steps steps = {0};
		*status = table->alloc_counted(player->instance.self, request, cpu, &extent, &steps);
	} else {
		*status = table->alloc(player->instance.self, request, cpu, &extent);
	}
	if (*status == IOVA_OK)
		return enter(player, slot, &extent, request->count);
	if (memcmp(&extent, &untouched, sizeof extent) != 0)
		return "a failure changes *extent";
	return *status == IOVA_NO_SPACE || *status == IOVA_NO_MEMORY ? NULL : "alloc returns a status that is not its own";
}

const char *player_place(struct player *player, size_t slot, uint64_t first, uint64_t count, enum iova_status *status)
{
	struct iova_extent extent = {0};
	bool taken = false;
	uint32_t cpu = (uint32_t)slot % player->host.host.cpus;
	for (uint64_t page = first; player->owner && page < first + count; page++)
		taken |= player->owner[page - player->space.first] != 0;
	*status = player->instance.table->place(player->instance.self, first, count, cpu, &extent);
	if (*status == IOVA_OK) {
		if (extent.first != first || extent.count != count)
			return "place takes another range than it was told";
		return enter(player, slot, &extent, count);
	}
	if (*status == IOVA_TAKEN && !taken && player->owner)
		return "place says IOVA_TAKEN of free pages";
	return NULL;
}

void player_free(struct player *player, size_t slot)
{
	struct iova_extent extent = player->slots[slot].extent;
	const struct iova_allocator *table = player->instance.table;
	uint32_t cpu = (uint32_t)slot % player->host.host.cpus;
	for (uint64_t page = extent.first; player->owner && page < extent.first + extent.count; page++)
		player->owner[page - player->space.first] = 0;
	player->live_pages -= extent.count;
	player->slots[slot].extent.count = 0;
	if (player->counted && table->free_counted) {
		struct iova_steps steps = {0};
		table->free_counted(player->instance.self, &extent, cpu, &steps);
	} else {
		table->free(player->instance.self, &extent, cpu);
	}
}

void player_free_all(struct player *player)
{
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (player->slots[slot].extent.count)
			player_free(player, slot);
}

uint32_t player_constraints(const struct player *player)
{
	uint64_t has = player->instance.table->capabilities;
	return (has & IOVA_ALIGN ? IOVA_CONSTRAIN_ALIGN : 0) | (has & IOVA_LIMIT ? IOVA_CONSTRAIN_LIMIT : 0) |
	       (has & IOVA_BOUNDARY ? IOVA_CONSTRAIN_BOUNDARY : 0);
}

struct iova_request player_request(struct player *player, uint64_t size_max, uint32_t constraints)
{
	struct rng *rng = &player->rng;
	/* What does not apply is unspecified: these values would make wrong readers fail. */
	struct iova_request request = {.align = UINT64_C(1) << 62, .low = 1, .high = 0, .boundary = 1};
	uint64_t limit = 1 + rng_below(rng, size_max);
	request.count = 1 + rng_below(rng, limit);
	request.constraints = constraints & (uint32_t)rng_next(rng);
	if (request.constraints & IOVA_CONSTRAIN_ALIGN)
		request.align = UINT64_C(1) << rng_below(rng, 8);
	if (request.constraints & IOVA_CONSTRAIN_BOUNDARY)
		request.boundary = UINT64_C(1) << rng_below(rng, 10);
	if (request.constraints & IOVA_CONSTRAIN_LIMIT) {
		uint64_t a = rng_below(rng, player->space.count), b = rng_below(rng, player->space.count);
		/* Half of them bound one side only, as drivers do. */
		if (rng_below(rng, 2))
			a = 0;
		request.low = player->space.first + (a < b ? a : b);
		request.high = player->space.first + (a < b ? b : a);
		/* Few have no page at all, and limits even below the space. */
		if (request.low && rng_below(rng, 32) == 0)
			request.high = rng_below(rng, request.low);
	}
	return request;
}

static int compare_runs(const void *a, const void *b)
{
	const struct snapshot_run *one = a, *other = b;
	return (one->first > other->first) - (one->first < other->first);
}

static void keep_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct snapshot *snapshot = context;
	if (snapshot->count < SNAPSHOT_RUNS)
		snapshot->runs[snapshot->count++] = (struct snapshot_run){first, count, (uint64_t)state};
}

void snapshot_take(const struct player *player, struct snapshot *snapshot)
{
	snapshot->count = 0;
	player->instance.table->visit_free(player->instance.self, keep_run, snapshot);
	player->instance.table->statistics(player->instance.self, &snapshot->statistics);
	qsort(snapshot->runs, snapshot->count, sizeof snapshot->runs[0], compare_runs);
}

bool snapshot_equal(const struct snapshot *a, const struct snapshot *b)
{
	return a->count == b->count && !memcmp(&a->statistics, &b->statistics, sizeof a->statistics) &&
	       !memcmp(a->runs, b->runs, a->count * sizeof a->runs[0]);
}
