/* SPDX-License-Identifier: MIT
 * The tables of the workload language. yaml_document.c reads a file by them; numbers are decoded in decode_*.c. */
#include "workload/workload_yaml.h"

#include "base/memory.h"
#include "workload/decode.h"
#include "workload/keys.h"
#include "workload/workload_raw.h"
#include "yaml/document.h"

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

/* Keys that requests and scripts share. */
#define ARGUMENT(structure, key)                                                                                           \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_OPTIONAL | MUST_BE(structure, arguments.key, char *), structure,           \
			       arguments.key, 0, CYAML_UNLIMITED)
#define ARGUMENTS(structure)                                                                                               \
	ARGUMENT(structure, skip), ARGUMENT(structure, address), ARGUMENT(structure, type),                                \
		ARGUMENT(structure, contiguous), ARGUMENT(structure, cache), ARGUMENT(structure, node),                    \
		ARGUMENT(structure, io_space), ARGUMENT(structure, user), ARGUMENT(structure, irql),                       \
		CYAML_FIELD_SEQUENCE_COUNT(                                                                                \
			"flags",                                                                                           \
			CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | MUST_BE(structure, arguments.flags, char **) |          \
				MUST_BE(structure, arguments.flags_count, unsigned),                                       \
			structure, arguments.flags, arguments.flags_count, &text_entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t raw_hole_fields[] = {TEXT(struct raw_hole, base), TEXT(struct raw_hole, size),
						       CYAML_FIELD_END};
ENTRY(raw_hole);

static const cyaml_schema_field_t raw_space_fields[] = {TEXT(struct raw_space, base),
							TEXT(struct raw_space, size),
							TEXT(struct raw_space, page),
							TEXT(struct raw_space, mode),
							LIST(struct raw_space, reserved, raw_hole),
							CYAML_FIELD_END};

static const cyaml_schema_field_t raw_physical_fields[] = {TEXT(struct raw_physical, size),
							   TEXT(struct raw_physical, scatter), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_adapter_fields[] = {TEXT(struct raw_adapter, wddm), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_uniform_fields[] = {TEXT(struct raw_uniform, min), TEXT(struct raw_uniform, max),
							  CYAML_FIELD_END};

static const cyaml_schema_field_t raw_powers_fields[] = {TEXT(struct raw_powers, min), TEXT(struct raw_powers, max),
							 TEXT(struct raw_powers, ratio), TEXT(struct raw_powers, exact),
							 CYAML_FIELD_END};

static const cyaml_schema_field_t raw_lognormal_fields[] = {
	TEXT(struct raw_lognormal, min), TEXT(struct raw_lognormal, max), TEXT(struct raw_lognormal, median),
	TEXT(struct raw_lognormal, sigma), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_power_fields[] = {TEXT(struct raw_power, min), TEXT(struct raw_power, max),
							TEXT(struct raw_power, alpha), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_weight_fields[] = {TEXT(struct raw_weight, size), TEXT(struct raw_weight, weight),
							 CYAML_FIELD_END};
ENTRY(raw_weight);

#define SIMPLE_SIZES                                                                                                       \
	TEXT(struct raw_size, fixed), MAP(struct raw_size, uniform, raw_uniform),                                          \
		MAP(struct raw_size, powers_of_two, raw_powers), MAP(struct raw_size, log_uniform, raw_uniform),           \
		MAP(struct raw_size, lognormal, raw_lognormal), MAP(struct raw_size, pareto, raw_power),                   \
		MAP(struct raw_size, zipf, raw_power)

static const cyaml_schema_field_t raw_part_fields[] = {TEXT(struct raw_size, weight), SIMPLE_SIZES, CYAML_FIELD_END};
static const cyaml_schema_value_t raw_part_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_size, raw_part_fields)};

static const cyaml_schema_field_t raw_size_fields[] = {SIMPLE_SIZES, LIST(struct raw_size, weights, raw_weight),
						       LIST_OF(struct raw_size, mixed, struct raw_size, raw_part_entry),
						       CYAML_FIELD_END};

static const cyaml_schema_field_t raw_mean_fields[] = {TEXT(struct raw_mean, mean), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_generational_fields[] = {TEXT(struct raw_generational, young),
							       TEXT(struct raw_generational, old),
							       TEXT(struct raw_generational, share), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_lifetime_fields[] = {TEXT(struct raw_lifetime, fixed),
							   MAP(struct raw_lifetime, uniform, raw_uniform),
							   MAP(struct raw_lifetime, exponential, raw_mean),
							   MAP(struct raw_lifetime, pareto, raw_power),
							   MAP(struct raw_lifetime, generational, raw_generational),
							   CYAML_FIELD_END};

static const cyaml_schema_field_t raw_align_fields[] = {TEXT(struct raw_align, policy),
							TEXT(struct raw_align, natural_up_to), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_request_fields[] = {TEXT(struct raw_request, name),
							  TEXT(struct raw_request, call),
							  MAP(struct raw_request, size, raw_size),
							  MAP(struct raw_request, align, raw_align),
							  TEXT(struct raw_request, low),
							  LIST_OF(struct raw_request, high, char *, text_entry),
							  TEXT(struct raw_request, boundary),
							  TEXT(struct raw_request, guard),
							  MAP(struct raw_request, lifetime, raw_lifetime),
							  ARGUMENTS(struct raw_request),
							  CYAML_FIELD_END};
ENTRY(raw_request);

static const cyaml_schema_field_t raw_share_fields[] = {TEXT(struct raw_share, request), TEXT(struct raw_share, weight),
							CYAML_FIELD_END};
ENTRY(raw_share);

static const cyaml_schema_field_t raw_until_fields[] = {TEXT(struct raw_until, occupancy), TEXT(struct raw_until, live),
							TEXT(struct raw_until, turnovers), TEXT(struct raw_until, ops),
							CYAML_FIELD_END};

static const cyaml_schema_field_t raw_free_fields[] = {
	TEXT(struct raw_free, policy), MAP(struct raw_free, until, raw_until), TEXT(struct raw_free, victims),
	TEXT(struct raw_free, free_on), CYAML_FIELD_END};

/* A script may hold scripts: its table is a part of itself. */
static const cyaml_schema_value_t raw_script_op_entry;
static const cyaml_schema_field_t raw_script_op_fields[] = {TEXT(struct raw_script_op, alloc),
							    TEXT(struct raw_script_op, request),
							    TEXT(struct raw_script_op, size),
							    TEXT(struct raw_script_op, free),
							    TEXT(struct raw_script_op, repeat),
							    LIST(struct raw_script_op, script, raw_script_op),
							    TEXT(struct raw_script_op, call),
							    LIST_OF(struct raw_script_op, into, char *, text_entry),
							    LIST_OF(struct raw_script_op, of, char *, text_entry),
							    TEXT(struct raw_script_op, low),
							    TEXT(struct raw_script_op, high),
							    TEXT(struct raw_script_op, boundary),
							    TEXT(struct raw_script_op, offset),
							    TEXT(struct raw_script_op, open),
							    ARGUMENTS(struct raw_script_op),
							    TEXT(struct raw_script_op, status),
							    TEXT(struct raw_script_op, violation),
							    CYAML_FIELD_END};
ENTRY(raw_script_op);

static const cyaml_schema_field_t raw_trace_fields[] = {
	TEXT(struct raw_trace, file),   TEXT(struct raw_trace, repeat),          TEXT(struct raw_trace, between),
	TEXT(struct raw_trace, limits), MAP(struct raw_trace, align, raw_align), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_rings_fields[] = {LIST_OF(struct raw_rings, request, char *, text_entry),
							TEXT(struct raw_rings, depth),
							TEXT(struct raw_rings, count),
							LIST_OF(struct raw_rings, pace, char *, text_entry),
							TEXT(struct raw_rings, burst),
							CYAML_FIELD_END};

static const cyaml_schema_field_t raw_robson_fields[] = {TEXT(struct raw_robson, live), TEXT(struct raw_robson, largest),
							 CYAML_FIELD_END};
static const cyaml_schema_field_t raw_adversary_fields[] = {MAP(struct raw_adversary, robson, raw_robson), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_phase_fields[] = {TEXT(struct raw_phase, name),
							LIST(struct raw_phase, mix, raw_share),
							MAP(struct raw_phase, until, raw_until),
							TEXT(struct raw_phase, ops),
							TEXT(struct raw_phase, victims),
							TEXT(struct raw_phase, free_on),
							TEXT(struct raw_phase, hold),
							TEXT(struct raw_phase, burst),
							TEXT(struct raw_phase, think),
							TEXT(struct raw_phase, measure),
							MAP(struct raw_phase, free, raw_free),
							LIST(struct raw_phase, script, raw_script_op),
							MAP(struct raw_phase, trace, raw_trace),
							MAP(struct raw_phase, rings, raw_rings),
							MAP(struct raw_phase, adversary, raw_adversary),
							CYAML_FIELD_END};
ENTRY(raw_phase);

static const cyaml_schema_field_t raw_expectation_fields[] = {TEXT(struct raw_expectation, metric),
							      TEXT(struct raw_expectation, is),
							      TEXT(struct raw_expectation, below),
							      TEXT(struct raw_expectation, above),
							      TEXT(struct raw_expectation, tolerance),
							      TEXT(struct raw_expectation, allocator),
							      CYAML_FIELD_END};
ENTRY(raw_expectation);

static const cyaml_schema_field_t raw_sweep_fields[] = {
	TEXT(struct raw_sweep, key), LIST_OF(struct raw_sweep, values, char *, text_entry), CYAML_FIELD_END};
ENTRY(raw_sweep);

static const cyaml_schema_field_t raw_workload_fields[] = {TEXT(struct raw_workload, iovabench),
							   TEXT(struct raw_workload, name),
							   TEXT(struct raw_workload, about),
							   TEXT(struct raw_workload, source),
							   MAP(struct raw_workload, space, raw_space),
							   MAP(struct raw_workload, physical, raw_physical),
							   MAP(struct raw_workload, adapter, raw_adapter),
							   TEXT(struct raw_workload, cpus),
							   TEXT(struct raw_workload, pace),
							   TEXT(struct raw_workload, seed),
							   LIST(struct raw_workload, requests, raw_request),
							   LIST(struct raw_workload, phases, raw_phase),
							   LIST(struct raw_workload, expect, raw_expectation),
							   LIST(struct raw_workload, sweep, raw_sweep),
							   CYAML_FIELD_END};
static const cyaml_schema_value_t raw_workload_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_workload, raw_workload_fields)};

static const struct yaml_absent absent[] = {
	{raw_part_fields, (const char *const[]){"mixed", "weights", NULL},
	 "a part is no mixture; write its parts into the list that it is in"},
	{NULL, NULL, NULL},
};

static const cyaml_schema_field_t *const lone[] = {raw_align_fields, raw_free_fields, NULL};

static const struct yaml_language language = {&raw_workload_schema, lone, absent,
					      "is empty; a workload begins with iovabench: 1"};

static void parse(struct yaml_problems *problems, const struct yaml_setting *settings, size_t setting_count,
		  struct workload *workload)
{
	static const struct raw_workload nothing;
	struct yaml_document document;
	yaml_document_open_set(&document, &language, settings, setting_count, problems);
	struct decode decode = {.places = &document.places, .problems = problems, .workload = workload};
	if (document.loaded)
		decode_workload(&decode, document.data ? document.data : &nothing);
	yaml_document_close(&document);
}

int workload_parse_set(const char *file, const char *bytes, size_t length, const struct yaml_setting *settings,
		       size_t setting_count, struct workload *workload, struct text *messages)
{
	struct yaml_problems problems = {.what = "workload", .file = file, .bytes = bytes, .length = length};
	*workload = (struct workload){0};
	if (length > WORKLOAD_FILE_BYTES_MAX) {
		text_add(messages, "%s: larger than %u bytes, the most that is read here\n", file, WORKLOAD_FILE_BYTES_MAX);
		return -1;
	}
	parse(&problems, settings, setting_count, workload);
	workload->file = memory_text(file);
	if (!workload->file)
		problems.no_memory = true;
	int result = yaml_problems_any(&problems) ? -1 : 0;
	if (result) {
		yaml_problems_tell(&problems, messages);
		result = problems.no_memory || messages->failed ? WORKLOAD_NO_MEMORY : -1;
		workload_release(workload);
	}
	yaml_problems_release(&problems);
	return result;
}

void workload_keys_each(void (*each)(void *context, const char *path), void *context)
{
	yaml_language_keys(&language, each, context);
}
