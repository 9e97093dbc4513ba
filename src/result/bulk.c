/* SPDX-License-Identifier: MIT
 * What arms have that is large, put away and taken back. One walk does both ways, so that neither forgets a member. */
#include "result/parts.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

#define LEVEL 1 /* series and pictures pack well at any, and many arms are packed */

struct walk {
	bool takes_back; /* else puts away */
	struct text plain;
	size_t at; /* taken back so far */
	bool failed;
};

static void walk_bytes(struct walk *walk, void *bytes, size_t count)
{
	if (!walk->takes_back) {
		text_add_bytes(&walk->plain, bytes, count);
	} else if (!walk->failed && count) {
		assert(count <= walk->plain.length - walk->at);
		memcpy(bytes, walk->plain.bytes + walk->at, count);
		walk->at += count;
	}
}

/* array: NULL stays NULL. Taken back it is new; without memory NULL. */
static void *walk_array(struct walk *walk, void *array, size_t count, size_t bytes)
{
	bool there = array != NULL;
	walk_bytes(walk, &there, sizeof there);
	if (walk->takes_back) {
		array = there && !walk->failed ? memory_zeroed(count, bytes) : NULL;
		walk->failed |= there && !array;
	}
	if (array)
		walk_bytes(walk, array, count * bytes);
	return array;
}
#define WALK_ARRAY(walk, array, count) ((array) = walk_array(walk, array, count, sizeof(array)[0]))

/* The same with its length, which is 0 where there is no array. */
static size_t walk_count(struct walk *walk, size_t count)
{
	walk_bytes(walk, &count, sizeof count);
	return walk->failed ? 0 : count;
}
#define WALK_LIST(walk, array, count)                                                                                      \
	do {                                                                                                               \
		(count) = walk_count(walk, count);                                                                         \
		WALK_ARRAY(walk, array, count);                                                                            \
		(count) = (array) ? (count) : 0;                                                                           \
	} while (0)

static void walk_text(struct walk *walk, char **text)
{
	/* Taken back, what stands in a list is where it was once. */
	size_t length = walk_count(walk, !walk->takes_back && *text ? strlen(*text) + 1 : 0);
	WALK_ARRAY(walk, *text, length);
}

static void walk_map(struct walk *walk, struct result_map *map)
{
	size_t cells = (size_t)map->rows * map->columns;
	WALK_ARRAY(walk, map->ops, map->rows);
	WALK_ARRAY(walk, map->cells, cells);
	WALK_ARRAY(walk, map->edges, (size_t)map->columns + 1);
	for (size_t i = 0; i < RESULT_PLANE_COUNT; i++)
		WALK_ARRAY(walk, map->planes[i], cells);
	WALK_ARRAY(walk, map->free_runs, (size_t)map->rows * RESULT_MAP_ORDERS);
	WALK_LIST(walk, map->requests, map->request_count);
	for (size_t i = 0; i < map->request_count; i++)
		walk_text(walk, &map->requests[i]);
}

static void walk_heat(struct walk *walk, struct result_heat *heat)
{
	walk_bytes(walk, &heat->resolution_ns, sizeof heat->resolution_ns);
	WALK_LIST(walk, heat->columns, heat->column_count);
	for (size_t i = 0; i < heat->column_count; i++)
		WALK_ARRAY(walk, heat->columns[i].samples, heat->columns[i].count);
	WALK_ARRAY(walk, heat->ops, heat->column_count);
	WALK_LIST(walk, heat->edges_ns, heat->edge_count);
}

static void walk_failures(struct walk *walk, struct result_failures *failures)
{
	walk_text(walk, &failures->request);
	WALK_ARRAY(walk, failures->ops, failures->count);
	WALK_ARRAY(walk, failures->numbers, failures->count);
}

static void walk_phase(struct walk *walk, struct result_phase *phase)
{
	struct result_cells *cells = &phase->cells;
	WALK_LIST(walk, cells->ops, cells->count);
	WALK_ARRAY(walk, cells->ns_per_op, cells->count);
	WALK_ARRAY(walk, cells->ci_low, cells->count);
	WALK_ARRAY(walk, cells->ci_high, cells->count);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		struct result_histogram *histogram = &phase->latency[kind].histogram;
		WALK_LIST(walk, histogram->values, histogram->count);
		WALK_ARRAY(walk, histogram->samples, histogram->count);
	}
	WALK_LIST(walk, phase->classes, phase->class_count);
	for (size_t i = 0; i < phase->class_count; i++)
		walk_text(walk, &phase->classes[i].name);
	WALK_LIST(walk, phase->worst, phase->worst_count);
	for (size_t i = 0; i < phase->worst_count; i++)
		walk_text(walk, &phase->worst[i].request);
}

static void walk_arm(struct walk *walk, struct result_arm *arm)
{
	WALK_LIST(walk, arm->series, arm->series_count);
	WALK_LIST(walk, arm->maps, arm->map_count);
	for (size_t i = 0; i < arm->map_count; i++)
		walk_map(walk, &arm->maps[i]);
	walk_heat(walk, &arm->heat);
	WALK_LIST(walk, arm->failures, arm->failure_count);
	for (size_t i = 0; i < arm->failure_count; i++)
		walk_failures(walk, &arm->failures[i]);
	WALK_LIST(walk, arm->domains, arm->domain_count);
	for (size_t i = 0; i < arm->phase_count; i++)
		walk_phase(walk, &arm->phases[i]);
}

void parts_release_bulk(struct result_arm *arm)
{
	memory_release(arm->series);
	parts_release_maps(arm->maps, arm->map_count);
	result_heat_release(&arm->heat);
	result_failures_release(arm->failures, arm->failure_count);
	memory_release(arm->domains);
	arm->series = NULL;
	arm->maps = NULL;
	arm->failures = NULL;
	arm->domains = NULL;
	arm->series_count = arm->map_count = arm->failure_count = arm->domain_count = 0;
	for (size_t i = 0; i < arm->phase_count; i++) {
		struct result_phase *phase = &arm->phases[i];
		result_cells_release(&phase->cells);
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
			struct result_histogram *histogram = &phase->latency[kind].histogram;
			parts_release_histogram(histogram);
			histogram->values = histogram->samples = NULL;
			histogram->count = 0;
		}
		for (size_t class = 0; class < phase->class_count; class ++)
			memory_release(phase->classes[class].name);
		memory_release(phase->classes);
		result_samples_release(phase->worst, phase->worst_count);
		phase->classes = NULL;
		phase->worst = NULL;
		phase->class_count = phase->worst_count = 0;
	}
}

int result_arm_pack(struct result_arm *arm)
{
	assert(!arm->packed.length);
	struct walk walk = {0};
	walk_arm(&walk, arm);
	size_t bound = ZSTD_compressBound(walk.plain.length);
	struct text packed = {.bytes = memory_zeroed(sizeof walk.plain.length + bound, 1)};
	bool good = !walk.plain.failed && packed.bytes;
	if (good) {
		size_t length = ZSTD_compress(packed.bytes + sizeof walk.plain.length, bound, walk.plain.bytes,
					      walk.plain.length, LEVEL);
		memcpy(packed.bytes, &walk.plain.length, sizeof walk.plain.length);
		good = !ZSTD_isError(length);
		packed.length = sizeof walk.plain.length + length;
	}
	if (good)
		text_add_bytes(&arm->packed, packed.bytes, packed.length);
	good &= !arm->packed.failed;
	if (good)
		parts_release_bulk(arm);
	else
		text_release(&arm->packed);
	text_release(&packed);
	text_release(&walk.plain);
	return good ? 0 : -1;
}

int result_arm_open(struct result_arm *arm)
{
	struct walk walk = {.takes_back = true};
	const struct text *packed = &arm->packed;
	if (!packed->length)
		return 0;
	memcpy(&walk.plain.length, packed->bytes, sizeof walk.plain.length);
	walk.plain.bytes = memory_zeroed(walk.plain.length, 1);
	walk.failed = !walk.plain.bytes ||
		      ZSTD_decompress(walk.plain.bytes, walk.plain.length, packed->bytes + sizeof walk.plain.length,
				      packed->length - sizeof walk.plain.length) != walk.plain.length;
	if (!walk.failed)
		walk_arm(&walk, arm);
	assert(walk.failed || walk.at == walk.plain.length);
	memory_release(walk.plain.bytes);
	if (walk.failed)
		parts_release_bulk(arm);
	return walk.failed ? -1 : 0;
}

void result_arm_shut(struct result_arm *arm)
{
	if (arm->packed.length)
		parts_release_bulk(arm);
}
