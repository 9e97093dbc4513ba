/* SPDX-License-Identifier: MIT
 * The picture of a space over time, as fine as what was used of it allows: there are columns where anything ever was, however
 * far apart, as narrow as so many of them can be; when more is used, all become twice as wide. */
#ifndef PLAY_AUDIT_MAP_H
#define PLAY_AUDIT_MAP_H

#include "play/audit_space.h"
#include "result/result.h"

#include <stdint.h>

struct audit_map_cell;

/* What the requests of a stream are called in a picture. */
struct audit_map_names {
	const char *name[RESULT_MAP_REQUESTS_MAX]; /* the engine's, or RESULT_CLASS_OTHERS */
	size_t count;
	unsigned char of_request[OP_CONTROL + 1]; /* the last one is of all that is no request of the stream */
};
void audit_map_name(struct audit_map_names *names, const struct op_request *requests, size_t count);

struct audit_map {
	const struct audit_map_names *names;
	const unsigned char *request; /* of the operation at hand: index of a request of the stream */
	struct audit_map_cell *rows;  /* rows_max times columns_max, by place */
	double *ops;
	uint64_t *free_runs;
	uint64_t *live; /* now, of each place and request */
	struct audit_map_column {
		uint64_t number; /* of pages [number << shift, (number + 1) << shift) */
		uint32_t place;  /* of its cells in rows and live */
	} * columns;             /* that were ever used, ascending */
	uint32_t rows_max, row_count, columns_max, column_count;
	unsigned shift;
};

/* 0, or -1: no memory. names and request outlive it. */
int audit_map_open(struct audit_map *map, const struct audit_map_names *names, const unsigned char *request, uint32_t rows,
		   uint32_t columns);
void audit_map_close(struct audit_map *map);

/* The request at hand took pages, or what a request had was given back. O(columns it lies in), and of all cells when there are
 * too many columns. */
void audit_map_take(struct audit_map *map, const struct iova_extent *extent);
void audit_map_drop(struct audit_map *map, const struct iova_extent *extent);

/* Adds a row, while there is room. space has just been walked. */
void audit_map_row(struct audit_map *map, const struct audit_space *space, uint64_t operations);

/* The picture, cropped to what was used. -1: no memory; what it has is to be released then. */
int audit_map_store(const struct audit_map *map, const struct audit_space *space, uint32_t domain,
		    struct result_map *picture);

#endif
