/* SPDX-License-Identifier: MIT */
#include "trace/shape.h"

#include "base/memory.h"
#include "trace/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIZES_SHOWN 8u
#define CPUS_SHOWN 8u

/* What lives in a slot. */
struct lived {
	uint32_t size; /* index */
	uint32_t pages;
	uint64_t since;
};

struct making {
	struct recording_shape *shape;
	struct table numbers; /* pages: index into sizes */
	size_t capacity;
	struct lived *lived;
	uint64_t live, live_pages;
};

/* The k with 2^(k-1) < value <= 2^k. */
static unsigned order_of(uint64_t value)
{
	return value <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(value - 1);
}

static int count_size(struct making *making, uint32_t pages, uint32_t *index)
{
	struct recording_shape *shape = making->shape;
	uint32_t *known = table_find(&making->numbers, pages);
	*index = known ? *known : (uint32_t)shape->size_count;
	if (!known) {
		if (memory_grow(&shape->sizes, &making->capacity, shape->size_count, sizeof *shape->sizes) ||
		    table_put(&making->numbers, pages, *index))
			return -1;
		shape->sizes[shape->size_count++] = (struct shape_size){.pages = pages};
	}
	shape->sizes[*index].allocs++;
	return 0;
}

static int take_op(struct making *making, const struct recording *recording, size_t number)
{
	const struct recording_op *op = &recording->ops[number];
	struct recording_shape *shape = making->shape;
	struct lived *lived = &making->lived[op->slot];
	if (!op->count) {
		uint64_t lifetime = number - lived->since;
		unsigned order = order_of(lifetime);
		shape->lifetimes[order < SHAPE_LIFETIMES ? order : SHAPE_LIFETIMES - 1]++;
		shape->sizes[lived->size].freed++;
		shape->sizes[lived->size].lifetime_sum += lifetime;
		making->live--;
		making->live_pages -= lived->pages;
		return 0;
	}
	if (op->refused == recording->limits[op->limits].count)
		return 0;
	if (count_size(making, op->count, &lived->size))
		return -1;
	lived->pages = op->count;
	lived->since = number;
	shape->allocs++;
	shape->bursts += number == 0 || !recording->ops[number - 1].count;
	shape->orders[order_of(op->count)]++;
	shape->cpu_allocs[op->cpu]++;
	making->live++;
	making->live_pages += op->count;
	return 0;
}

static int by_pages(const void *left, const void *right)
{
	const struct shape_size *a = left, *b = right;
	return (a->pages > b->pages) - (a->pages < b->pages);
}

int recording_shape(const struct recording *recording, struct recording_shape *shape, struct error *error)
{
	assert(recording->op_count);
	*shape = (struct recording_shape){.cpus = recording->cpus};
	struct making making = {.shape = shape};
	making.lived = memory_zeroed(recording->slot_count, sizeof *making.lived);
	shape->cpu_allocs = memory_zeroed(recording->cpus, sizeof *shape->cpu_allocs);
	int result = making.lived && shape->cpu_allocs ? 0 : -1;
	for (size_t i = 0; i < recording->op_count && !result; i++) {
		result = take_op(&making, recording, i);
		/* The last operation of each of so many equal parts. */
		if ((i + 1) * SHAPE_POINTS / recording->op_count > i * SHAPE_POINTS / recording->op_count)
			shape->points[shape->point_count++] = (struct shape_point){i, making.live, making.live_pages};
	}
	if (!result && shape->size_count)
		qsort(shape->sizes, shape->size_count, sizeof *shape->sizes, by_pages);
	memory_release(making.lived);
	table_release(&making.numbers);
	return result ? error_set(error, EXIT_CODE_IO, "no memory for the figures of a recording") : 0;
}

void recording_shape_release(struct recording_shape *shape)
{
	memory_release(shape->sizes);
	memory_release(shape->cpu_allocs);
	memset(shape, 0, sizeof *shape);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* The most frequent sizes. */
static void add_sizes(const struct recording_shape *shape, struct text *text)
{
	uint64_t below = UINT64_MAX, told = 0;
	uint32_t behind = 0;
	for (unsigned n = 0; n < SIZES_SHOWN; n++) {
		const struct shape_size *next = NULL;
		for (size_t i = 0; i < shape->size_count; i++) {
			const struct shape_size *size = &shape->sizes[i];
			bool later = size->allocs < below || (size->allocs == below && size->pages > behind);
			if (later && (!next || size->allocs > next->allocs))
				next = size;
		}
		if (!next)
			return;
		below = next->allocs;
		behind = next->pages;
		told++;
		text_add(text, "    %-10u %s %12llu allocations, %4.1f %%\n", next->pages,
			 next->pages == 1 ? "page " : "pages", (unsigned long long)next->allocs,
			 percent(next->allocs, shape->allocs));
	}
	if (shape->size_count > told)
		text_add(text, "    … and %llu more sizes\n", (unsigned long long)(shape->size_count - told));
}

static void add_lifetimes(const struct recording_shape *shape, struct text *text)
{
	uint64_t frees = 0;
	for (unsigned k = 0; k < SHAPE_LIFETIMES; k++)
		frees += shape->lifetimes[k];
	uint64_t below = 0;
	for (unsigned k = 0; k < SHAPE_LIFETIMES; k++) {
		below += shape->lifetimes[k];
		if (shape->lifetimes[k])
			text_add(text, "    up to %-12llu %12llu ranges, %5.1f %% so far\n", 1ull << k,
				 (unsigned long long)shape->lifetimes[k], percent(below, frees));
	}
}

static void add_line(const struct recording_shape *shape, struct text *text)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	uint64_t most = 1;
	for (size_t i = 0; i < shape->point_count; i++)
		most = shape->points[i].live_pages > most ? shape->points[i].live_pages : most;
	text_add(text, "  live pages over time       ");
	for (size_t i = 0; i < shape->point_count; i++)
		text_add(text, "%s", blocks[(shape->points[i].live_pages * 7 + most / 2) / most]);
	text_add(text, "\n");
}

void recording_shape_add(const struct recording_shape *shape, struct text *text)
{
	text_add(text, "  sizes, the most frequent first\n");
	add_sizes(shape, text);
	text_add(text, "  lifetimes, in operations\n");
	add_lifetimes(shape, text);
	add_line(shape, text);
	text_add(text, "  allocations in a row       %12.2f on average\n",
		 shape->bursts ? (double)shape->allocs / (double)shape->bursts : 0);
	for (uint32_t i = 0; i < shape->cpus && i < CPUS_SHOWN; i++)
		text_add(text, "    CPU %-20u %12.1f %% of allocations\n", i, percent(shape->cpu_allocs[i], shape->allocs));
	if (shape->cpus > CPUS_SHOWN)
		text_add(text, "    … and %u more CPUs\n", shape->cpus - CPUS_SHOWN);
}

static void put_counts(struct json_writer *writer, json_t *object, const char *key, const uint64_t *counts, size_t count)
{
	json_t *list = json_put_array(writer, object, key);
	while (count && !counts[count - 1])
		count--;
	for (size_t i = 0; i < count; i++)
		json_append(writer, list, json_integer((json_int_t)counts[i]));
}

void recording_shape_put(const struct recording_shape *shape, struct json_writer *writer, json_t *object)
{
	json_t *sizes = json_put_array(writer, object, "sizes");
	for (size_t i = 0; i < shape->size_count; i++) {
		json_t *size = json_append_object(writer, sizes);
		json_put_u64(writer, size, "pages", shape->sizes[i].pages);
		json_put_u64(writer, size, "allocs", shape->sizes[i].allocs);
	}
	put_counts(writer, object, "orders_allocs", shape->orders, SHAPE_ORDERS);
	put_counts(writer, object, "lifetime_orders_ranges", shape->lifetimes, SHAPE_LIFETIMES);
	put_counts(writer, object, "cpu_allocs", shape->cpu_allocs, shape->cpus);
	json_t *points = json_put_array(writer, object, "live");
	for (size_t i = 0; i < shape->point_count; i++) {
		json_t *point = json_append_object(writer, points);
		json_put_u64(writer, point, "op", shape->points[i].op);
		json_put_u64(writer, point, "live", shape->points[i].live);
		json_put_u64(writer, point, "live_pages", shape->points[i].live_pages);
	}
	json_put_double(writer, object, "burst_mean", shape->bursts ? (double)shape->allocs / (double)shape->bursts : 0);
}
