/* SPDX-License-Identifier: MIT
 * The language of workload files: its table of keys, and the rules across keys that the table names. */
#ifndef WORKLOAD_LANGUAGE_H
#define WORKLOAD_LANGUAGE_H

#include "workload/model.h"
#include "yaml/document.h"

extern const struct yaml_language workload_language;

#define WORKLOAD_WEIGHT_MAX UINT64_C(1000000000)
#define WORKLOAD_NODES_MAX 64u
#define WORKLOAD_REPEATS_MAX 8u /* inside of each other */

/* Sets of names. */
enum { WORKLOAD_NAMES_REQUESTS = 1, WORKLOAD_NAMES_PHASES, WORKLOAD_NAMES_ADAPTERS };

/* A line of a script as a file has it, which the rules of its phase make flat. */
struct workload_line {
	enum workload_script_kind kind;
	char *alloc, *free, *call;
	size_t request;
	uint64_t repeat;
	struct workload_line *lines;
	size_t line_count;
	char **into, **of;
	size_t into_count, of_count;
	struct workload_arguments arguments;
	bool has_adapter;
	size_t adapter;
	int status;    /* that of a routine, or WORKLOAD_ANY */
	int violation; /* index, or WORKLOAD_ANY */
};
extern const struct yaml_map workload_line_map;

struct rules_slots;

/* What rules know while they run: document->context. Zero-initialise, then set workload. */
struct rules {
	struct workload *workload;
	bool something_lives;                     /* phases so far may have left extents */
	uint64_t offline[WORKLOAD_CPUS_MAX / 64]; /* bits: CPUs that phases so far took away */
	/* After the phases so far, by adapter. */
	enum rules_adapter { RULES_ADAPTER_RUNS, RULES_ADAPTER_ASLEEP, RULES_ADAPTER_GONE } adapters[WORKLOAD_ADAPTERS_MAX];
	struct workload_hole *reserved; /* ranges that phases so far reserved and did not give back */
	size_t reserved_count, reserved_capacity;
	struct name_table slot_numbers, object_numbers;
	struct rules_slots *slots; /* one per script array */
	size_t slots_capacity, array_capacity, object_capacity, routine_call_capacity;
};
void rules_release(struct rules *rules);

/* Named in the table; each is given the struct of its map. */
void rule_workload(struct yaml_document *document, yaml_location location, void *item);
void rule_space(struct yaml_document *document, yaml_location location, void *item);
void rule_adapter(struct yaml_document *document, yaml_location location, void *item);
void rule_one_adapter(struct yaml_document *document, yaml_location location, void *item);
void rule_iotlb(struct yaml_document *document, yaml_location location, void *item);
void rule_size(struct yaml_document *document, yaml_location location, void *item);
void rule_lifetime(struct yaml_document *document, yaml_location location, void *item);
void rule_align(struct yaml_document *document, yaml_location location, void *item);
void rule_request(struct yaml_document *document, yaml_location location, void *item);
void rule_phase(struct yaml_document *document, yaml_location location, void *item);
void rule_rings(struct yaml_document *document, yaml_location location, void *item);
void rule_robson(struct yaml_document *document, yaml_location location, void *item);
void rule_trace(struct yaml_document *document, yaml_location location, void *item);
void rule_expectation(struct yaml_document *document, yaml_location location, void *item);
void rule_sweep(struct yaml_document *document, yaml_location location, void *item);

/* Parts of them. */
struct rules *rules_of(const struct yaml_document *document);
/* Tells at location when no extent of so many pages, and its guard, can ever be had by request. */
void rules_check_fit(struct yaml_document *document, yaml_location location, const struct workload_request *request,
		     uint64_t pages);
/* Whether it is a page of the space; told when not. */
bool rules_page_inside(struct yaml_document *document, yaml_location location, uint64_t page);
/* Whether a range lies inside the space; told when not, but for what is wrong with it already. */
bool rules_hole(struct yaml_document *document, yaml_location location, const struct workload_space *space,
		const struct workload_hole *hole);
/* What a request's call takes beside size and align; limits and boundary of calls outside the space with it. */
void rules_request_arguments(struct yaml_document *document, yaml_location location, struct workload_request *request);
/* The lines of a phase become its script. */
void rules_script(struct yaml_document *document, yaml_location phase_place, struct workload_phase *phase);
void rules_release_lines(struct workload_phase *phase);
void rules_slots_check(struct yaml_document *document);
/* Appends the routine call of a line to the workload; false when it cannot be used (told). */
bool rules_routine_call(struct yaml_document *document, yaml_location location, const struct workload_line *line);
/* Objects are filled before they are used; names are no slots. After all scripts. */
void rules_objects_check(struct yaml_document *document);
/* Adds operations that a phase asks for at location to those of the workload; tells once they pass WORKLOAD_OPS_MAX. */
void rules_add_operations(struct yaml_document *document, yaml_location location, uint64_t operations);

/* The script of a phase as a file has it. */
json_t *workload_write_script(const void *root, const void *phase);

#endif
