/* SPDX-License-Identifier: MIT
 * What figures over time are made of: pictures of spaces, failures, latencies, time per operation. */
#include "result/parts.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- pictures of the space ---- */

const char result_map_symbols[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_#";
_Static_assert(sizeof result_map_symbols == RESULT_MAP_RESERVED + 2, "one character for each value of a cell");

const char *const result_plane_name[RESULT_PLANE_COUNT] = {"cached", "deferred", "request"};
const char *const result_failure_name[RESULT_FAILURE_COUNT] = {"malformed", "impossible", "exhausted", "fragmented",
							       "physical",  "held",       "refused",   "metadata"};

int result_map_make_room(struct result_map *map, bool planes)
{
	size_t cells = (size_t)map->rows * map->columns;
	if (!map->ops)
		map->ops = memory_zeroed(map->rows, sizeof map->ops[0]);
	map->cells = memory_zeroed(cells, 1);
	map->edges = memory_zeroed((size_t)map->columns + 1, sizeof map->edges[0]);
	bool good = map->ops && map->cells && map->edges;
	for (size_t i = 0; planes && i < RESULT_PLANE_COUNT; i++) {
		map->planes[i] = memory_zeroed(cells, 1);
		good &= map->planes[i] != NULL;
	}
	if (planes) {
		map->free_runs = memory_zeroed((size_t)map->rows * RESULT_MAP_ORDERS, sizeof map->free_runs[0]);
		good &= map->free_runs != NULL;
	}
	return good ? 0 : -1;
}

static void copy_bytes(void *to, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(to, from, bytes);
}

int result_map_copy(struct result_map *to, const struct result_map *from)
{
	size_t cells = (size_t)from->rows * from->columns;
	*to = (struct result_map){
		.domain = from->domain,
		.first = from->first,
		.count = from->count,
		.columns = from->columns,
		.rows = from->rows,
		.space_first = from->space_first,
		.space_count = from->space_count,
	};
	if (result_map_make_room(to, from->free_runs != NULL) < 0)
		return -1;
	copy_bytes(to->ops, from->ops, from->rows * sizeof to->ops[0]);
	copy_bytes(to->cells, from->cells, cells);
	copy_bytes(to->edges, from->edges, ((size_t)from->columns + 1) * sizeof to->edges[0]);
	if (!from->free_runs)
		return 0;
	for (size_t i = 0; i < RESULT_PLANE_COUNT; i++)
		copy_bytes(to->planes[i], from->planes[i], cells);
	copy_bytes(to->free_runs, from->free_runs, from->rows * RESULT_MAP_ORDERS * sizeof to->free_runs[0]);
	to->requests = memory_zeroed(from->request_count, sizeof to->requests[0]);
	for (size_t i = 0; to->requests && i < from->request_count; i++) {
		to->requests[i] = memory_text(from->requests[i]);
		if (!to->requests[i])
			return -1;
		to->request_count++;
	}
	return to->requests ? 0 : -1;
}

void parts_release_maps(struct result_map *maps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memory_release(maps[i].ops);
		memory_release(maps[i].cells);
		memory_release(maps[i].edges);
		for (size_t plane = 0; plane < RESULT_PLANE_COUNT; plane++)
			memory_release(maps[i].planes[plane]);
		for (size_t n = 0; n < maps[i].request_count; n++)
			memory_release(maps[i].requests[n]);
		memory_release(maps[i].requests);
		memory_release(maps[i].free_runs);
	}
	memory_release(maps);
}

/* More of either is taken for damage. */
#define MAP_SIDE_MAX 4096u

/* Zeros in a row that part two stretches: fewer are shorter to write. */
#define GAP_LEAST 12u

/* The stretch of a row that begins at or behind *from, [*from, returned); empty: there is none. */
static size_t stretch(const unsigned char *row, size_t columns, size_t *from)
{
	while (*from < columns && !row[*from])
		++*from;
	size_t end = *from;
	for (size_t at = *from; at < columns && at < end + GAP_LEAST; at++)
		end = row[at] ? at + 1 : end;
	return end;
}

static void write_plane(struct json_writer *writer, json_t *planes, const char *key, const struct result_map *map,
			const unsigned char *plane)
{
	json_t *array = json_put_array(writer, planes, key);
	for (size_t row = 0; row < map->rows; row++) {
		const unsigned char *cells = plane + row * map->columns;
		for (size_t from = 0, end; (end = stretch(cells, map->columns, &from)) > from; from = end) {
			struct text symbols = {0};
			for (size_t i = from; i < end; i++)
				text_add_bytes(&symbols, &result_map_symbols[cells[i]], 1);
			json_t *one = json_append_array(writer, array);
			json_append(writer, one, json_u64(row));
			json_append(writer, one, json_u64(from));
			json_append(writer, one, symbols.failed ? NULL : json_text(symbols.bytes));
			text_release(&symbols);
		}
	}
}

static void write_planes(struct json_writer *writer, json_t *object, const struct result_map *map)
{
	json_t *edges = json_put_array(writer, object, "edges");
	for (size_t i = 0; i <= map->columns; i++)
		json_append(writer, edges, json_u64(map->edges[i]));
	json_put_hex(writer, object, "space_first", map->space_first);
	json_put_u64(writer, object, "space_count", map->space_count);
	json_t *requests = json_put_array(writer, object, "requests");
	for (size_t i = 0; i < map->request_count; i++)
		json_append(writer, requests, json_text(map->requests[i]));
	json_t *planes = json_put_object(writer, object, "planes");
	write_plane(writer, planes, "live", map, map->cells);
	for (enum result_plane plane = 0; plane < RESULT_PLANE_COUNT; plane++)
		write_plane(writer, planes, result_plane_name[plane], map, map->planes[plane]);
	json_t *rows = json_put_array(writer, object, "free_runs");
	for (size_t i = 0; i < map->rows; i++) {
		const uint64_t *runs = map->free_runs + i * RESULT_MAP_ORDERS;
		json_t *row = json_append_array(writer, rows);
		size_t orders = RESULT_MAP_ORDERS;
		while (orders && !runs[orders - 1])
			orders--;
		for (size_t order = 0; order < orders; order++)
			json_append(writer, row, json_u64(runs[order]));
	}
}

/* As older documents have them. */
static void write_cells(struct json_writer *writer, json_t *object, const struct result_map *map)
{
	json_t *rows = json_put_array(writer, object, "cells");
	char *line = memory_zeroed((size_t)map->columns + 1, 1);
	if (!line) {
		writer->failed = true;
		return;
	}
	for (size_t i = 0; i < map->rows; i++) {
		for (size_t j = 0; j < map->columns; j++) {
			unsigned cell = map->cells[i * map->columns + j];
			line[j] = result_map_symbols[cell <= RESULT_MAP_RESERVED ? cell : RESULT_MAP_RESERVED];
		}
		json_append(writer, rows, json_text(line));
	}
	memory_release(line);
}

static void write_map(struct json_writer *writer, json_t *object, const struct result_map *map)
{
	json_put_u64(writer, object, "domain", map->domain);
	json_put_hex(writer, object, "first", map->first);
	json_put_u64(writer, object, "count", map->count);
	json_put_u64(writer, object, "columns", map->columns);
	json_put_u64(writer, object, "rows", map->rows);
	parts_write_doubles(writer, object, "ops", map->ops, map->rows);
	if (map->free_runs)
		write_planes(writer, object, map);
	else
		write_cells(writer, object, map);
}

void parts_write_maps(struct json_writer *writer, json_t *object, const char *key, const struct result_map *maps,
		      size_t count)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++)
		write_map(writer, json_append_object(writer, array), &maps[i]);
}

/* The share or request that a character stands for; -1: none. */
static int value_of(char symbol, int limit)
{
	const char *found = symbol ? strchr(result_map_symbols, symbol) : NULL;
	return found && found - result_map_symbols <= limit ? (int)(found - result_map_symbols) : -1;
}

static void read_stretch(struct json_reader *reader, const struct json_at *at, const struct result_map *map, int limit,
			 unsigned char *plane)
{
	if (json_array_size(at->value) != 3) {
		json_fail(reader, at, "must be [row, column, text]");
		return;
	}
	struct json_at row_at = json_element(at, 0), column_at = json_element(at, 1), text_at = json_element(at, 2);
	uint64_t row = json_u64_at(reader, &row_at, UINT32_MAX), column = json_u64_at(reader, &column_at, UINT32_MAX);
	const char *text = json_string_value(text_at.value);
	if (reader->failed)
		return;
	if (!text || row >= map->rows || column + strlen(text) > map->columns) {
		json_fail(reader, at, "must lie inside of the picture");
		return;
	}
	for (size_t i = 0; text[i]; i++) {
		int value = value_of(text[i], limit);
		if (value < 0) {
			json_fail(reader, &text_at, "has a character that stands for nothing here");
			return;
		}
		plane[row * map->columns + column + i] = (unsigned char)value;
	}
}

static void read_free_runs(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	size_t rows, orders;
	struct json_at array = json_array_child(reader, object, "free_runs", PARTS_COUNT_MAX, &rows);
	if (!reader->failed && rows != map->rows)
		json_fail(reader, &array, "must have as many elements as rows says");
	for (size_t i = 0; i < rows && !reader->failed; i++) {
		struct json_at row = json_element(&array, i);
		orders = json_array_size(row.value);
		if (!json_is_array(row.value) || orders > RESULT_MAP_ORDERS)
			json_fail(reader, &row, "must be an array of numbers of runs, one for each order");
		for (size_t order = 0; order < orders && !reader->failed; order++) {
			struct json_at runs = json_element(&row, order);
			map->free_runs[i * RESULT_MAP_ORDERS + order] = json_u64_at(reader, &runs, PARTS_PAGES_MAX);
		}
	}
}

static void read_requests(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	size_t count;
	struct json_at names = json_array_child(reader, object, "requests", RESULT_MAP_REQUESTS_MAX, &count);
	map->requests = json_room(reader, count, sizeof map->requests[0]);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at name = json_element(&names, i);
		map->request_count = i + 1;
		map->requests[i] = json_text_at(reader, &name);
	}
}

static void read_plane(struct json_reader *reader, const struct json_at *planes, const char *key,
		       const struct result_map *map, int limit, unsigned char *plane)
{
	size_t count;
	struct json_at array = json_array_child(reader, planes, key, PARTS_COUNT_MAX, &count);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at one = json_element(&array, i);
		read_stretch(reader, &one, map, limit, plane);
	}
}

static void read_edges(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	size_t count;
	struct json_at array = json_array_child(reader, object, "edges", PARTS_COUNT_MAX, &count);
	if (!reader->failed && count != (size_t)map->columns + 1)
		json_fail(reader, &array, "must have one element more than columns says");
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at edge = json_element(&array, i);
		map->edges[i] = json_u64_at(reader, &edge, 2 * PARTS_PAGES_MAX);
		if (i && map->edges[i] <= map->edges[i - 1])
			json_fail(reader, &edge, "must be larger than the edge before");
	}
}

static void read_planes(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	struct json_at planes = json_object_child(reader, object, "planes");
	map->space_first = json_read_u64(reader, object, "space_first", PARTS_PAGES_MAX);
	map->space_count = json_read_u64(reader, object, "space_count", PARTS_PAGES_MAX);
	if (!reader->failed && result_map_make_room(map, true) < 0)
		json_fail_memory(reader);
	if (reader->failed)
		return;
	read_edges(reader, object, map);
	read_requests(reader, object, map);
	read_plane(reader, &planes, "live", map, RESULT_MAP_RESERVED, map->cells);
	for (enum result_plane plane = 0; plane < RESULT_PLANE_COUNT; plane++)
		read_plane(reader, &planes, result_plane_name[plane], map,
			   plane == RESULT_PLANE_REQUEST ? (int)map->request_count : RESULT_MAP_RESERVED - 1,
			   map->planes[plane]);
	read_free_runs(reader, object, map);
}

/* As older documents have them; columns are all as wide then. */
static void read_cells(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	size_t rows;
	struct json_at cells = json_array_child(reader, object, "cells", PARTS_COUNT_MAX, &rows);
	if (rows != map->rows) {
		json_fail(reader, &cells, "and ops must have as many elements as rows says");
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		struct json_at row = json_element(&cells, i);
		if (json_string_length(row.value) != map->columns)
			json_fail(reader, &row, "must be a text of as many characters as columns says");
	}
	if (!reader->failed && result_map_make_room(map, false) < 0)
		json_fail_memory(reader);
	for (uint32_t i = 0; !reader->failed && i <= map->columns; i++)
		map->edges[i] = map->first + (map->columns ? (uint64_t)((double)map->count * i / map->columns) : 0);
	for (size_t i = 0; i < rows && !reader->failed; i++) {
		struct json_at row = json_element(&cells, i);
		const char *line = json_string_value(row.value);
		for (size_t j = 0; j < map->columns; j++) {
			int value = value_of(line[j], RESULT_MAP_RESERVED);
			if (value < 0) {
				json_fail(reader, &row, "has a character that stands for no share");
				break;
			}
			map->cells[i * map->columns + j] = (unsigned char)value;
		}
	}
}

static void read_map(struct json_reader *reader, const struct json_at *object, struct result_map *map)
{
	size_t ops;
	map->domain = (uint32_t)json_read_u64(reader, object, "domain", UINT32_MAX);
	map->first = json_read_u64(reader, object, "first", PARTS_PAGES_MAX);
	map->count = json_read_u64(reader, object, "count", PARTS_PAGES_MAX);
	map->columns = (uint32_t)json_read_u64(reader, object, "columns", PARTS_COUNT_MAX);
	map->rows = (uint32_t)json_read_u64(reader, object, "rows", PARTS_COUNT_MAX);
	parts_read_doubles(reader, object, "ops", &map->ops, &ops);
	if (!reader->failed && ops != map->rows) {
		struct json_at at = json_child(reader, object, "ops");
		json_fail(reader, &at, "must have as many elements as rows says");
	}
	if (!reader->failed && (map->columns > MAP_SIDE_MAX || map->rows > MAP_SIDE_MAX))
		json_fail(reader, object, "must have at most 4096 columns and rows");
	if (reader->failed)
		return;
	if (json_object_get(object->value, "planes"))
		read_planes(reader, object, map);
	else
		read_cells(reader, object, map);
}

void parts_read_maps(struct json_reader *reader, const struct json_at *object, const char *key, struct result_map **maps,
		     size_t *count)
{
	size_t found;
	struct json_at array = json_array_child(reader, object, key, PARTS_COUNT_MAX, &found);
	*maps = json_room(reader, found, sizeof **maps);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at element = json_element(&array, i);
		*count = i + 1;
		read_map(reader, &element, &(*maps)[i]);
	}
}

/* ---- failures ---- */

void result_failures_release(struct result_failures *failures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memory_release(failures[i].request);
		memory_release(failures[i].ops);
		memory_release(failures[i].numbers);
	}
	memory_release(failures);
}

int result_failures_copy(struct result_failures **to, size_t *to_count, const struct result_failures *from, size_t count)
{
	*to = memory_zeroed(count, sizeof **to);
	for (size_t i = 0; *to && i < count; i++) {
		struct result_failures *one = &(*to)[i];
		*one = (struct result_failures){.kind = from[i].kind, .count = from[i].count};
		*to_count = i + 1;
		one->request = memory_text(from[i].request);
		one->ops = memory_zeroed(from[i].count, sizeof one->ops[0]);
		one->numbers = memory_zeroed(from[i].count, sizeof one->numbers[0]);
		if (!one->request || !one->ops || !one->numbers)
			return -1;
		copy_bytes(one->ops, from[i].ops, from[i].count * sizeof one->ops[0]);
		copy_bytes(one->numbers, from[i].numbers, from[i].count * sizeof one->numbers[0]);
	}
	return *to ? 0 : -1;
}

void parts_write_failures(struct json_writer *writer, json_t *object, const char *key,
			  const struct result_failures *failures, size_t count)
{
	json_t *array = json_put_array(writer, object, key);
	for (size_t i = 0; i < count; i++) {
		json_t *one = json_append_object(writer, array);
		json_put_text(writer, one, "request", failures[i].request);
		json_put_text(writer, one, "kind", result_failure_name[failures[i].kind]);
		parts_write_doubles(writer, one, "ops", failures[i].ops, failures[i].count);
		parts_write_doubles(writer, one, "failures", failures[i].numbers, failures[i].count);
	}
}

bool parts_read_failures(struct json_reader *reader, const struct json_at *object, const char *key,
			 struct result_failures **failures, size_t *count)
{
	size_t found;
	struct json_at array = json_child_optional(reader, object, key);
	if (!array.value || json_is_null(array.value))
		return false;
	array = json_array_child(reader, object, key, PARTS_COUNT_MAX, &found);
	*failures = json_room(reader, found, sizeof **failures);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at at = json_element(&array, i);
		struct result_failures *one = &(*failures)[i];
		size_t numbers = 0;
		*count = i + 1;
		one->request = json_read_text(reader, &at, "request");
		one->kind = (enum result_failure)json_read_choice(reader, &at, "kind", result_failure_name,
								  RESULT_FAILURE_COUNT);
		parts_read_doubles(reader, &at, "ops", &one->ops, &one->count);
		parts_read_doubles(reader, &at, "failures", &one->numbers, &numbers);
		if (!reader->failed && numbers != one->count)
			json_fail(reader, &at, "must have as many failures as ops");
	}
	return true;
}

/* ---- latencies ---- */

void result_heat_release(struct result_heat *heat)
{
	for (size_t i = 0; i < heat->column_count; i++)
		memory_release(heat->columns[i].samples);
	memory_release(heat->columns);
	memory_release(heat->ops);
	memory_release(heat->edges_ns);
	*heat = (struct result_heat){0};
}

void parts_write_heat_columns(struct json_writer *writer, json_t *object, const struct result_heat *heat)
{
	json_t *array = json_put_array(writer, object, "samples");
	for (size_t i = 0; i < heat->column_count; i++) {
		json_t *column = json_append_array(writer, array);
		json_append(writer, column, json_u64(heat->columns[i].first));
		for (size_t bin = 0; bin < heat->columns[i].count; bin++)
			json_append(writer, column, json_u64(heat->columns[i].samples[bin]));
	}
}

void parts_read_heat_columns(struct json_reader *reader, const struct json_at *object, size_t bins,
			     struct result_heat *heat)
{
	size_t found;
	struct json_at array = json_array_child(reader, object, "samples", RESULT_HEAT_COLUMNS, &found);
	heat->columns = json_room(reader, found, sizeof heat->columns[0]);
	for (size_t i = 0; i < found && !reader->failed; i++) {
		struct json_at at = json_element(&array, i);
		struct result_heat_column *column = &heat->columns[i];
		size_t length = json_array_size(at.value);
		heat->column_count = i + 1;
		if (!length) {
			json_fail(reader, &at, "must be [first bin, samples, samples, ...]");
			return;
		}
		struct json_at first = json_element(&at, 0);
		column->first = (uint32_t)json_u64_at(reader, &first, UINT32_MAX);
		if (column->first + (length - 1) > bins)
			json_fail(reader, &at, "must not have more bins than there are");
		column->samples = json_room(reader, length - 1, sizeof column->samples[0]);
		for (size_t bin = 0; bin + 1 < length && !reader->failed; bin++) {
			struct json_at samples = json_element(&at, bin + 1);
			column->samples[bin] = json_u64_at(reader, &samples, PARTS_PAGES_MAX);
			column->count = (uint32_t)bin + 1;
		}
	}
}

void parts_write_heat(struct json_writer *writer, json_t *object, const struct result_heat *heat)
{
	json_put_double(writer, object, "resolution_ns", heat->resolution_ns);
	parts_write_doubles(writer, object, "ops", heat->ops, heat->column_count);
	parts_write_doubles(writer, object, "edges_ns", heat->edges_ns, heat->edge_count);
	parts_write_heat_columns(writer, object, heat);
}

static void check_ascending(struct json_reader *reader, const struct json_at *at, const double *values, size_t count)
{
	for (size_t i = 0; i < count && !reader->failed; i++)
		if (!(values[i] >= 0) || (i && values[i] <= values[i - 1]))
			json_fail(reader, at, "must have edges_ns that ascend");
}

/* Older documents have none. */
void parts_read_heat(struct json_reader *reader, const struct json_at *object, const char *key, struct result_heat *heat)
{
	size_t columns;
	struct json_at at = json_child_optional(reader, object, key);
	if (!at.value || json_is_null(at.value))
		return;
	at = json_object_child(reader, object, key);
	heat->resolution_ns = json_read_double(reader, &at, "resolution_ns");
	parts_read_doubles(reader, &at, "ops", &heat->ops, &columns);
	parts_read_doubles(reader, &at, "edges_ns", &heat->edges_ns, &heat->edge_count);
	check_ascending(reader, &at, heat->edges_ns, heat->edge_count);
	parts_read_heat_columns(reader, &at, heat->edge_count ? heat->edge_count - 1 : 0, heat);
	if (!reader->failed && columns != heat->column_count)
		json_fail(reader, &at, "must have as many ops as columns of samples");
}

/* ---- time per operation ---- */

void result_cells_release(struct result_cells *cells)
{
	memory_release(cells->ops);
	memory_release(cells->ns_per_op);
	memory_release(cells->ci_low);
	memory_release(cells->ci_high);
	*cells = (struct result_cells){0};
}

void parts_write_cells(struct json_writer *writer, json_t *object, const struct result_cells *cells)
{
	parts_write_doubles(writer, object, "ops", cells->ops, cells->count);
	parts_write_doubles(writer, object, "ns_per_op", cells->ns_per_op, cells->count);
	parts_write_doubles(writer, object, "ci_low_ns", cells->ci_low, cells->count);
	parts_write_doubles(writer, object, "ci_high_ns", cells->ci_high, cells->count);
}

/* Older documents have none. */
void parts_read_cells(struct json_reader *reader, const struct json_at *object, const char *key, struct result_cells *cells)
{
	size_t counts[3] = {0};
	struct json_at at = json_child_optional(reader, object, key);
	if (!at.value || json_is_null(at.value))
		return;
	at = json_object_child(reader, object, key);
	parts_read_doubles(reader, &at, "ops", &cells->ops, &cells->count);
	parts_read_doubles(reader, &at, "ns_per_op", &cells->ns_per_op, &counts[0]);
	parts_read_doubles(reader, &at, "ci_low_ns", &cells->ci_low, &counts[1]);
	parts_read_doubles(reader, &at, "ci_high_ns", &cells->ci_high, &counts[2]);
	for (size_t i = 0; i < 3 && !reader->failed; i++)
		if (counts[i] != cells->count)
			json_fail(reader, &at, "must have as many of each list as ops");
}
