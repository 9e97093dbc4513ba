/* SPDX-License-Identifier: MIT */
#include "play/audit_map.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/* Pages. Sums of floats are exact enough: a share is told in 63 steps. */
struct audit_map_cell {
	float live, cached, deferred;
	float most;            /* of one request */
	unsigned char request; /* that one */
};

void audit_map_name(struct audit_map_names *names, const struct op_request *requests, size_t count)
{
	assert(count <= OP_CONTROL);
	*names = (struct audit_map_names){0};
	for (size_t i = 0; i <= OP_CONTROL; i++) {
		const char *name = i < count ? requests[i].name : RESULT_CLASS_OTHERS;
		size_t at = 0;
		while (at < names->count && strcmp(names->name[at], name) != 0)
			at++;
		if (at == RESULT_MAP_REQUESTS_MAX)
			at--;
		if (at == names->count)
			names->name[names->count++] = at == RESULT_MAP_REQUESTS_MAX - 1 ? RESULT_CLASS_OTHERS : name;
		names->of_request[i] = (unsigned char)at;
	}
}

int audit_map_open(struct audit_map *map, const struct audit_map_names *names, const unsigned char *request, uint32_t rows,
		   uint32_t columns)
{
	assert(rows && columns >= 2);
	*map = (struct audit_map){.names = names, .request = request, .rows_max = rows, .columns_max = columns};
	map->rows = memory_zeroed((size_t)rows * columns, sizeof map->rows[0]);
	map->ops = memory_zeroed(rows, sizeof map->ops[0]);
	map->free_runs = memory_zeroed((size_t)rows * RESULT_MAP_ORDERS, sizeof map->free_runs[0]);
	map->live = memory_zeroed((size_t)columns * names->count, sizeof map->live[0]);
	map->columns = memory_zeroed(columns, sizeof map->columns[0]);
	for (uint32_t i = 0; map->columns && i < columns; i++)
		map->columns[i].place = i;
	return map->rows && map->ops && map->free_runs && map->live && map->columns ? 0 : -1;
}

void audit_map_close(struct audit_map *map)
{
	memory_release(map->rows);
	memory_release(map->ops);
	memory_release(map->free_runs);
	memory_release(map->live);
	memory_release(map->columns);
	*map = (struct audit_map){0};
}

/* ---- where columns lie ---- */

static void join_cells(struct audit_map_cell *into, const struct audit_map_cell *from)
{
	into->live += from->live;
	into->cached += from->cached;
	into->deferred += from->deferred;
	if (from->request == into->request) {
		into->most += from->most;
	} else if (from->most > into->most) {
		into->most = from->most;
		into->request = from->request;
	}
}

/* What one place has goes to another one; it is empty then. */
static void join_places(struct audit_map *map, uint32_t to, uint32_t from)
{
	size_t names = map->names->count;
	for (size_t row = 0; row < map->row_count; row++) {
		struct audit_map_cell *cells = map->rows + row * map->columns_max;
		join_cells(&cells[to], &cells[from]);
		cells[from] = (struct audit_map_cell){0};
	}
	for (size_t i = 0; i < names; i++) {
		map->live[to * names + i] += map->live[from * names + i];
		map->live[from * names + i] = 0;
	}
}

/* Columns twice as wide. Those that are left keep their places; so the others' are free, behind them. */
static void widen(struct audit_map *map)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < map->column_count; i++) {
		struct audit_map_column column = {map->columns[i].number / 2, map->columns[i].place};
		if (kept && map->columns[kept - 1].number == column.number) {
			join_places(map, map->columns[kept - 1].place, column.place);
			continue;
		}
		/* It is swapped for that of a column that was joined. */
		uint32_t free_place = map->columns[kept].place;
		map->columns[kept] = column;
		if (kept != i)
			map->columns[i].place = free_place;
		kept++;
	}
	map->column_count = kept;
	map->shift++;
}

/* Index of the first column whose number is not below. */
static uint32_t lower_bound(const struct audit_map *map, uint64_t number)
{
	uint32_t low = 0, high = map->column_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (map->columns[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Columns behind column_count keep places that nobody has. */
static bool add_column(struct audit_map *map, uint64_t number)
{
	uint32_t at = lower_bound(map, number);
	if (at < map->column_count && map->columns[at].number == number)
		return true;
	if (map->column_count == map->columns_max)
		return false;
	uint32_t place = map->columns[map->column_count].place;
	memmove(&map->columns[at + 1], &map->columns[at], (map->column_count++ - at) * sizeof map->columns[0]);
	map->columns[at] = (struct audit_map_column){number, place};
	return true;
}

/* Lets there be columns for all of [first, end). */
static void cover(struct audit_map *map, uint64_t first, uint64_t end)
{
	uint64_t number = first >> map->shift;
	while (number <= (end - 1) >> map->shift) {
		bool wide = ((end - 1) >> map->shift) - (first >> map->shift) < map->columns_max;
		if (wide && add_column(map, number)) {
			number++;
			continue;
		}
		widen(map);
		number = first >> map->shift;
	}
}

/* ---- what is live ---- */

/* The part of [first, end) in a column, whose place it tells, and moves on to the next one. */
static uint64_t part_of(const struct audit_map *map, uint64_t *first, uint64_t end, size_t *place)
{
	uint64_t number = *first >> map->shift, edge = (number + 1) << map->shift;
	uint64_t until = edge < end ? edge : end, pages = until - *first;
	uint32_t at = lower_bound(map, number);
	assert(at < map->column_count && map->columns[at].number == number);
	*place = map->columns[at].place;
	*first = until;
	return pages;
}

void audit_map_take(struct audit_map *map, const struct iova_extent *extent)
{
	uint64_t first = extent->first, end = first + extent->count;
	size_t names = map->names->count, name = map->names->of_request[*map->request], place;
	cover(map, first, end);
	while (first < end) {
		uint64_t pages = part_of(map, &first, end, &place);
		map->live[place * names + name] += pages;
	}
}

/* A routine gives back by a handle what another operation took: then it is somebody else's. */
static void drop_pages(uint64_t *live, size_t names, size_t name, uint64_t pages)
{
	for (size_t i = 0; i < names && pages; i++) {
		uint64_t *of = &live[(name + i) % names], part = *of < pages ? *of : pages;
		*of -= part;
		pages -= part;
	}
}

void audit_map_drop(struct audit_map *map, const struct iova_extent *extent)
{
	uint64_t first = extent->first, end = first + extent->count;
	size_t names = map->names->count, name = map->names->of_request[*map->request], place;
	while (first < end) {
		uint64_t pages = part_of(map, &first, end, &place);
		drop_pages(&map->live[place * names], names, name, pages);
	}
}

/* ---- rows ---- */

static void count_live(const struct audit_map *map, struct audit_map_cell *cells)
{
	size_t names = map->names->count;
	for (size_t column = 0; column < map->columns_max; column++)
		for (size_t name = 0; name < names; name++) {
			float pages = (float)map->live[column * names + name];
			cells[column].live += pages;
			if (pages > cells[column].most) {
				cells[column].most = pages;
				cells[column].request = (unsigned char)name;
			}
		}
}

static void count_held(const struct audit_map *map, const struct audit_space *space, struct audit_map_cell *cells)
{
	for (size_t i = 0; i < space->held_count; i++) {
		const struct audit_held *held = &space->held[i];
		uint64_t first = held->first, end = first + held->count;
		while (first < end) {
			size_t place;
			uint64_t pages = part_of(map, &first, end, &place);
			*(held->deferred ? &cells[place].deferred : &cells[place].cached) += (float)pages;
		}
	}
}

void audit_map_row(struct audit_map *map, const struct audit_space *space, uint64_t operations)
{
	if (map->row_count == map->rows_max)
		return;
	for (size_t i = 0; i < space->held_count; i++)
		cover(map, space->held[i].first, space->held[i].first + space->held[i].count);
	struct audit_map_cell *cells = map->rows + (size_t)map->row_count * map->columns_max;
	count_live(map, cells);
	count_held(map, space, cells);
	_Static_assert(RESULT_MAP_ORDERS == FRAGMENTATION_ORDERS, "a number for each order");
	memcpy(map->free_runs + (size_t)map->row_count * RESULT_MAP_ORDERS, space->runs.runs, sizeof space->runs.runs);
	map->ops[map->row_count++] = (double)operations;
}

/* ---- the picture ---- */

/* A single page shows. */
static unsigned char share_of(float pages, uint64_t usable)
{
	double share = (double)pages / (double)usable;
	return pages > 0 ? (unsigned char)(1 + (RESULT_MAP_RESERVED - 2) * (share < 1 ? share : 1)) : 0;
}

static void store_cell(const struct audit_map_cell *cell, uint64_t usable, struct result_map *picture, size_t at)
{
	if (!usable) {
		picture->cells[at] = RESULT_MAP_RESERVED;
		return;
	}
	picture->cells[at] = share_of(cell->live, usable);
	picture->planes[RESULT_PLANE_CACHED][at] = share_of(cell->cached, usable);
	picture->planes[RESULT_PLANE_DEFERRED][at] = share_of(cell->deferred, usable);
	picture->planes[RESULT_PLANE_REQUEST][at] = (unsigned char)(cell->most > 0 ? 1 + cell->request : 0);
}

/* Pages of a column of the picture that are not reserved. */
static uint64_t usable_pages(const struct audit_space *space, uint64_t first, uint64_t end)
{
	uint64_t last = space->first + space->count;
	first = first > space->first ? first : space->first;
	end = end < last ? end : last;
	if (first >= end)
		return 0;
	return occupancy_live_pages(space->occupancy, first, end - first) +
	       occupancy_free_pages(space->occupancy, first, end - first);
}

static int store_names(const struct audit_map *map, struct result_map *picture)
{
	picture->requests = memory_zeroed(map->names->count, sizeof picture->requests[0]);
	for (size_t i = 0; picture->requests && i < map->names->count; i++) {
		picture->requests[i] = memory_text(map->names->name[i]);
		if (!picture->requests[i])
			return -1;
		picture->request_count++;
	}
	return picture->requests ? 0 : -1;
}

/* The columns of a picture: those that were used and, between them, one for all that never was, but for what is reserved of
 * it. */
struct edges {
	uint64_t *at;           /* the first page of each */
	const uint32_t **place; /* NULL: never used */
	size_t count;
	uint64_t end; /* of the last one */
};

static void add_edge(struct edges *edges, uint64_t first, uint64_t end, const uint32_t *place)
{
	edges->at[edges->count] = first;
	edges->place[edges->count++] = place;
	edges->end = end;
}

/* More reserved ranges would leave no room for what was used. */
#define HOLES_SHOWN 64u

static void add_gap(struct edges *edges, const struct audit_space *space, uint64_t first, uint64_t end)
{
	for (size_t i = 0; space->hole_count <= HOLES_SHOWN && i < space->hole_count; i++) {
		uint64_t from = space->holes[i].first, to = from + space->holes[i].count;
		from = from > first ? from : first;
		to = to < end ? to : end;
		if (from >= to)
			continue;
		if (from > first)
			add_edge(edges, first, from, NULL);
		add_edge(edges, from, to, NULL);
		first = to;
	}
	if (first < end)
		add_edge(edges, first, end, NULL);
}

static void find_edges(struct edges *edges, const struct audit_map *map, const struct audit_space *space)
{
	for (uint32_t i = 0; i < map->column_count; i++) {
		uint64_t first = map->columns[i].number << map->shift, end = first + (UINT64_C(1) << map->shift);
		if (i && edges->end < first)
			add_gap(edges, space, edges->end, first);
		add_edge(edges, first, end, &map->columns[i].place);
	}
	if (!edges->count)
		add_gap(edges, space, space->first, space->first + space->count);
}

static int fill_picture(const struct audit_map *map, const struct audit_space *space, const struct edges *edges,
			struct result_map *picture)
{
	picture->first = edges->at[0];
	picture->count = edges->end - edges->at[0];
	picture->columns = (uint32_t)edges->count;
	if (result_map_make_room(picture, true) < 0 || store_names(map, picture) < 0)
		return -1;
	memcpy(picture->edges, edges->at, edges->count * sizeof edges->at[0]);
	picture->edges[edges->count] = edges->end;
	if (!map->row_count)
		return 0;
	memcpy(picture->ops, map->ops, map->row_count * sizeof map->ops[0]);
	memcpy(picture->free_runs, map->free_runs, map->row_count * RESULT_MAP_ORDERS * sizeof map->free_runs[0]);
	for (size_t column = 0; column < edges->count; column++) {
		uint64_t usable = usable_pages(space, picture->edges[column], picture->edges[column + 1]);
		for (size_t row = 0; row < picture->rows; row++) {
			const struct audit_map_cell none = {0}, *cell = &none;
			if (edges->place[column])
				cell = &map->rows[row * map->columns_max + *edges->place[column]];
			store_cell(cell, usable, picture, row * edges->count + column);
		}
	}
	return 0;
}

int audit_map_store(const struct audit_map *map, const struct audit_space *space, uint32_t domain,
		    struct result_map *picture)
{
	size_t room = 2 * (size_t)map->column_count + 4 * (size_t)HOLES_SHOWN + 1;
	struct edges edges = {memory_zeroed(room, sizeof edges.at[0]), memory_zeroed(room, sizeof edges.place[0]), 0, 0};
	*picture = (struct result_map){
		.domain = domain, .rows = map->row_count, .space_first = space->first, .space_count = space->count};
	int result = -1;
	if (edges.at && edges.place) {
		find_edges(&edges, map, space);
		result = fill_picture(map, space, &edges, picture);
	}
	memory_release(edges.at);
	memory_release(edges.place);
	return result;
}
