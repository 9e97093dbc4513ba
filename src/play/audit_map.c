/* SPDX-License-Identifier: MIT */
#include "play/audit_map.h"

#include "base/memory.h"

#include <assert.h>

/* Fewer pages than this make a picture of nothing but the edge: a 24-bit limit in a 32-bit space. */
#define NARROWEST_PICTURE_PAGES (UINT64_C(1) << 18)

static uint64_t last_page(const struct workload *workload, const struct op_stream *stream)
{
	size_t count;
	const struct op_request *requests = op_stream_requests(stream, &count);
	uint64_t last = workload->space.end - 1;
	for (size_t i = 0; i < count; i++)
		for (uint32_t attempt = 0; attempt < requests[i].high_count; attempt++)
			if ((requests[i].request.constraints & IOVA_CONSTRAIN_LIMIT) && requests[i].highs[attempt] < last &&
			    requests[i].highs[attempt] >= NARROWEST_PICTURE_PAGES - 1)
				last = requests[i].highs[attempt];
	return last;
}

int audit_map_open(struct result_map *map, uint32_t domain, const struct workload *workload, const struct op_stream *stream,
		   uint32_t rows, uint32_t columns)
{
	assert(rows && columns);
	uint64_t count = last_page(workload, stream) - workload->space.first + 1;
	*map = (struct result_map){
		.domain = domain,
		.first = workload->space.first,
		.count = count,
		.columns = count < columns ? (uint32_t)count : columns,
	};
	map->ops = memory_zeroed(rows, sizeof map->ops[0]);
	map->cells = memory_zeroed((size_t)rows * map->columns, 1);
	return map->ops && map->cells ? 0 : -1;
}

void audit_map_row(struct result_map *map, uint32_t rows_max, const struct occupancy *occupancy, uint64_t operations)
{
	assert(map->rows <= rows_max);
	if (map->rows == rows_max)
		return;
	unsigned char *cells = map->cells + (size_t)map->rows * map->columns;
	map->ops[map->rows++] = (double)operations;
	for (uint32_t column = 0; column < map->columns; column++) {
		/* count * columns stays below 2^60. */
		uint64_t begin = map->count * column / map->columns, end = map->count * (column + 1) / map->columns;
		uint64_t live = occupancy_live_pages(occupancy, map->first + begin, end - begin);
		uint64_t free = occupancy_free_pages(occupancy, map->first + begin, end - begin);
		if (live + free == 0)
			cells[column] = RESULT_MAP_RESERVED;
		else
			/* A cell with a single live page shows. */
			cells[column] = (unsigned char)(live ? 1 + live * 62 / (live + free) : 0);
	}
}
