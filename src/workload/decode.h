/* SPDX-License-Identifier: MIT
 * From texts to numbers: a workload_raw becomes a workload. Every value that is wrong is reported at its place and replaced by
 * something harmless, so that the rest of the file is read too; the caller throws the workload away when there are problems. */
#ifndef WORKLOAD_DECODE_H
#define WORKLOAD_DECODE_H

#include "workload/model.h"
#include "base/name_table.h"
#include "workload/workload_raw.h"
#include "yaml/places.h"
#include "yaml/problems.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECODE_SCRIPT_DEPTH_MAX 8u
#define DECODE_WEIGHT_MAX UINT64_C(1000000000)
#define DECODE_NAME_BYTES_MAX 64u

struct decode_slots;

/* Zero-initialise, then set the first three. */
struct decode {
	const struct yaml_places *places;
	struct yaml_problems *problems;
	struct workload *workload;
	struct name_table request_numbers;
	struct name_table slot_numbers;
	struct decode_slots *slots; /* one per script array */
	size_t array_capacity;      /* of workload->script_arrays */
	size_t slots_capacity;
	struct name_table object_numbers;
	size_t routine_call_capacity;
	size_t object_capacity;
	bool page_unit_known; /* sizes may be told in pages */
	bool something_lives; /* phases so far may have left extents */
};

/* One scalar. place is YAML_PLACE_NONE when it was not written; text is NULL then, and when it was refused already. */
struct decode_value {
	yaml_place place;
	const char *text;
};

/* Fills decode->workload. */
void decode_workload(struct decode *decode, const struct raw_workload *raw);

/* The parts of a file, in the order in which they need each other. */
void decode_space(struct decode *decode, const struct raw_workload *raw);
void decode_requests(struct decode *decode, const struct raw_workload *raw);
void decode_phases(struct decode *decode, const struct raw_workload *raw);
void decode_sweeps(struct decode *decode, const struct raw_workload *raw);
void decode_expectations(struct decode *decode, const struct raw_workload *raw);
/* The ops of one phase; ends with decode_slots_check after the last phase. */
void decode_script(struct decode *decode, const struct raw_phase *raw, yaml_place phase_place,
		   struct workload_phase *phase);
void decode_slots_check(struct decode *decode);
/* rings: and adversary: of one phase; what ends it is decoded by the caller. */
void decode_rings(struct decode *decode, yaml_place phase_place, const struct raw_rings *raw, struct workload_rings *rings);
void decode_adversary(struct decode *decode, yaml_place phase_place, const struct raw_adversary *raw,
		      struct workload_robson *robson);
void decode_slots_release(struct decode *decode);
/* adapter:, which needs the mode of the space. */
void decode_adapter(struct decode *decode, const struct raw_workload *raw);
/* call: of a request. */
void decode_call(struct decode *decode, yaml_place place, const struct raw_request *raw, struct workload_request *request);
/* What a request's call takes beside size and align; limits and boundary of calls outside the space with it. To be called after
 * decode_call. */
void decode_call_arguments(struct decode *decode, yaml_place place, const struct raw_request *raw,
			   struct workload_request *request);
/* Appends the routine call of a script operation to the workload; false when it cannot be used (reported). */
bool decode_routine_call(struct decode *decode, yaml_place place, const struct raw_script_op *raw);
/* Objects are filled before they are used; names are no slots. To be called after all scripts. */
void decode_objects_check(struct decode *decode);
/* Adds operations that a phase asks for at place to those of the workload; reports it once they pass WORKLOAD_OPS_MAX. */
void decode_add_operations(struct decode *decode, yaml_place place, uint64_t operations);
/* size: and lifetime: of a request. The former returns whether the size can be used. */
bool decode_size(struct decode *decode, yaml_place parent, const struct raw_size *raw, struct workload_size *size);
void decode_lifetime(struct decode *decode, yaml_place parent, const struct raw_lifetime *raw,
		     struct workload_lifetime *lifetime);
/* Reports all but the first of the variants (ends with NULL) that are given below place, and when there is none. what: "the size". */
void decode_one_variant(struct decode *decode, yaml_place place, const char *const *variants, const char *what);
/* A plain number with decimals in [min, max]; name: what it is. */
bool decode_number(struct decode *decode, struct decode_value value, double min, double max, const char *name,
		   double *result);
/* align: of a request or a trace. */
void decode_align(struct decode *decode, yaml_place parent, const struct raw_align *raw, struct workload_align *align);
/* Reports at place when no extent of so many pages, and its guard, can ever be had by request. */
void decode_check_fit(struct decode *decode, yaml_place place, const struct workload_request *request,
		      uint64_t extent_pages);
/* The enum metric that a value names; -1 when there is none (reported with the nearest), or nothing was written. */
int decode_metric(struct decode *decode, struct decode_value value);
/* The index of the request that a value names; false when there is none (reported). */
bool decode_request_name(struct decode *decode, struct decode_value value, size_t *request);

struct decode_value decode_value(const struct decode *decode, yaml_place parent, const char *key, const char *raw);
struct decode_value decode_item(const struct decode *decode, yaml_place list, uint32_t index, const char *raw);
bool decode_given(const struct decode *decode, yaml_place parent, const char *key);
/* The place of a map or list below parent, or YAML_PLACE_NONE: not written, or refused already. */
yaml_place decode_below(const struct decode *decode, yaml_place parent, const char *key);
yaml_place decode_entry(const struct decode *decode, yaml_place list, uint32_t index);

void decode_fault(struct decode *decode, yaml_place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reports that parent lacks a key; no more is said when it has one that was refused. */
void decode_missing(struct decode *decode, yaml_place parent, const char *key, const char *advice);
void decode_no_memory(struct decode *decode);
/* count zeroed objects; NULL (noted) without memory. NULL for none. */
void *decode_array(struct decode *decode, size_t count, size_t bytes);

/* What follows returns true when *result can be used: decoded, or left alone because nothing was written. */
bool decode_text(struct decode *decode, struct decode_value value, char **result);
bool decode_name(struct decode *decode, struct decode_value value, char **result);
/* words end with NULL. */
bool decode_word(struct decode *decode, struct decode_value value, const char *const *words, unsigned *result);
bool decode_flag(struct decode *decode, struct decode_value value, bool *result);

/* what: of counts, what is counted ("from 1 to 4096 CPUs"); of pages, what max is ("more than 4GiB, what the space can hold"). */
struct decode_range {
	uint64_t min;
	uint64_t max;
	const char *what;
};

bool decode_count(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result);
bool decode_seed(struct decode *decode, struct decode_value value, uint64_t *result);
/* Operations per second: 1M/s. */
bool decode_pace(struct decode *decode, struct decode_value value, double *result);
/* A size or address in bytes. */
bool decode_bytes(struct decode *decode, struct decode_value value, uint64_t *result);
/* A size or address in whole pages; the range is in pages, its min 0 or 1. */
bool decode_pages(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result);
/* The address of a page of the space. */
bool decode_page_inside(struct decode *decode, struct decode_value value, uint64_t *result);
/* As decode_pages, a power of two. */
bool decode_pages_power(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result);
/* A share in [0, 1] or (0, 1], written with %. */
bool decode_share(struct decode *decode, struct decode_value value, bool zero_allowed, double *result);
/* A number with decimals, k M G or %, perhaps negative. */
bool decode_decimal(struct decode *decode, struct decode_value value, double *result);

#define DECODE_SIZE_BYTES 40
/* "64KiB", in the largest unit that divides it. Returns buffer. */
const char *decode_size_text(char buffer[DECODE_SIZE_BYTES], uint64_t bytes);
/* The same for pages of the workload; also beyond 2^64 bytes. */
const char *decode_pages_text(const struct decode *decode, char buffer[DECODE_SIZE_BYTES], uint64_t pages);

#endif
