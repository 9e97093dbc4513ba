/* SPDX-License-Identifier: MIT
 * The picture of a space over time. */
#ifndef PLAY_AUDIT_MAP_H
#define PLAY_AUDIT_MAP_H

#include "measure/occupancy.h"
#include "result/result.h"
#include "stream/op_stream.h"

/* Makes room for rows rows of columns cells; the picture spans the pages below the narrowest limit of the requests, or the
 * whole space when none is limited. -1: no memory. */
int audit_map_open(struct result_map *map, uint32_t domain, const struct workload *workload, const struct op_stream *stream,
		   uint32_t rows, uint32_t columns);

/* Adds a row, while there is room. */
void audit_map_row(struct result_map *map, uint32_t rows_max, const struct occupancy *occupancy, uint64_t operations);

#endif
