/* SPDX-License-Identifier: MIT */
#include "workload/call.h"

#include <string.h>

#define CALL_WORD(call, word, ...) {word, WORKLOAD_CALL_##call},
const struct yaml_word workload_call_words[] = {WORKLOAD_CALLS(CALL_WORD){NULL, 0}};
const struct yaml_word workload_contiguous_words[] = {
	{"no", DDI_CONTIGUITY_NO}, {"prefer", DDI_CONTIGUITY_PREFER}, {"require", DDI_CONTIGUITY_REQUIRE}, {NULL, 0}};
const struct yaml_word workload_cache_words[] = {
	{"non_cached", DDI_NON_CACHED}, {"cached", DDI_CACHED}, {"write_combined", DDI_WRITE_COMBINED}, {NULL, 0}};
const struct yaml_word workload_irql_words[] = {
	{"passive", DDI_PASSIVE_LEVEL}, {"apc", DDI_APC_LEVEL}, {"dispatch", DDI_DISPATCH_LEVEL}, {NULL, 0}};
const struct yaml_word workload_object_words[] = {{"mdl", DDI_MEMORY_MDL},
						  {"contiguous", DDI_MEMORY_CONTIGUOUS},
						  {"section", DDI_MEMORY_SECTION},
						  {"io_space", DDI_MEMORY_IO_SPACE},
						  {NULL, 0}};
const struct yaml_word workload_wddm_words[] = {
	{"2.4", DDI_WDDM_2_4}, {"3.0", DDI_WDDM_3_0}, {"3.2", DDI_WDDM_3_2}, {NULL, 0}};
#define FRAME_FLAGS                                                                                                        \
	{"DONT_ZERO", DDI_MM_DONT_ZERO}, {"LOCAL_NODE_ONLY", DDI_MM_LOCAL_NODE_ONLY},                                      \
		{"FULLY_REQUIRED", DDI_MM_FULLY_REQUIRED}, {"NO_WAIT", DDI_MM_NO_WAIT},                                    \
		{"PREFER_CONTIGUOUS", DDI_MM_PREFER_CONTIGUOUS},                                                           \
		{"REQUIRE_CONTIGUOUS_CHUNKS", DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS},                                           \
	{                                                                                                                  \
		"FAST_LARGE_PAGES", DDI_MM_FAST_LARGE_PAGES                                                                \
	}
#define PERMISSIONS                                                                                                        \
	{"READ", DDI_PERMISSION_READ},                                                                                     \
	{                                                                                                                  \
		"WRITE", DDI_PERMISSION_WRITE                                                                              \
	}
const struct yaml_word workload_mm_flag_words[] = {FRAME_FLAGS, {NULL, 0}};
const struct yaml_word workload_permission_words[] = {PERMISSIONS, {NULL, 0}};
const struct yaml_word workload_flag_words[] = {FRAME_FLAGS, PERMISSIONS, {NULL, 0}};
#define VIOLATION_WORD(violation, field) {#field, WORKLOAD_VIOLATION_##violation},
const struct yaml_word workload_violation_words[] = {
	{"any", WORKLOAD_ANY}, {"none", WORKLOAD_VIOLATION_NONE}, WORKLOAD_VIOLATIONS(VIOLATION_WORD){NULL, 0}};
#define STATUS_WORD(status) {"STATUS_" #status, NTSTATUS_##status},
const struct yaml_word workload_status_words[] = {{"any", WORKLOAD_ANY}, NTSTATUS_NAMES(STATUS_WORD){NULL, 0}};

_Static_assert(sizeof(struct ddi_violations) == (WORKLOAD_VIOLATION_COUNT - 1) * sizeof(uint64_t),
	       "every field of struct ddi_violations has its row in WORKLOAD_VIOLATIONS");
struct workload_violation_counts workload_violation_counts(const struct ddi_violations *violations)
{
#define VIOLATION_COUNT(violation, field) [WORKLOAD_VIOLATION_##violation] = violations->field,
	return (struct workload_violation_counts){{WORKLOAD_VIOLATIONS(VIOLATION_COUNT)}};
}

const struct workload_argument_info workload_argument_table[WORKLOAD_ARGUMENT_COUNT] = {
	[WORKLOAD_ARGUMENT_INTO] = {"into",
				    "name of an object that keeps what the call gives; two in a list where it gives two"},
	[WORKLOAD_ARGUMENT_OF] = {"of", "object that an earlier call filled, or a number in its stead (0, 0x123); freeing "
					"leaves the name with its stale value"},
	[WORKLOAD_ARGUMENT_SIZE] = {"size", "bytes; in a request a distribution of whole pages"},
	[WORKLOAD_ARGUMENT_LOW] = {"low", "lowest address, bytes; default none"},
	[WORKLOAD_ARGUMENT_HIGH] = {"high", "highest address, bytes, inclusive; default none"},
	[WORKLOAD_ARGUMENT_BOUNDARY] = {"boundary", "bytes, a power of two that is never crossed; 0 = none (default)"},
	[WORKLOAD_ARGUMENT_ALIGN] = {"align", "none, natural, a size or {natural_up_to: size} (ours)"},
	[WORKLOAD_ARGUMENT_SKIP] = {"skip",
				    "SkipBytes: step between windows, or size of a chunk; page multiple, default 0"},
	[WORKLOAD_ARGUMENT_OFFSET] = {"offset", "bytes from the start of what `of` names; default 0"},
	[WORKLOAD_ARGUMENT_ADDRESS] = {"address", "physical or explicit logical address, bytes"},
	[WORKLOAD_ARGUMENT_TYPE] = {"type", "mdl | contiguous | section | io_space"},
	[WORKLOAD_ARGUMENT_CONTIGUOUS] = {"contiguous", "require | prefer | no: how far one logical extent is asked for"},
	[WORKLOAD_ARGUMENT_CACHE] = {"cache",
				     "non_cached | cached | write_combined (default cached); carried, moves nothing"},
	[WORKLOAD_ARGUMENT_FLAGS] = {"flags", "words in a list, or a number like 0x24"},
	[WORKLOAD_ARGUMENT_NODE] = {"node", "preferred NUMA node; default any"},
	[WORKLOAD_ARGUMENT_IO_SPACE] = {"io_space", "yes: I/O ports and no memory; default no"},
	[WORKLOAD_ARGUMENT_USER] = {"user", "yes: mapped for a user-mode driver; default no"},
	[WORKLOAD_ARGUMENT_IRQL] = {"irql", "passive | apc | dispatch; default passive"},
	[WORKLOAD_ARGUMENT_STATUS] =
		{"status",
		 "what the call must answer, or any; default STATUS_SUCCESS; another answer is a missed expectation"},
	[WORKLOAD_ARGUMENT_VIOLATION] = {"violation",
					 "the rule that the call must be counted as breaking, or any; default none"},
	[WORKLOAD_ARGUMENT_OPEN] = {"open", "yes: the object is opened on the adapter at once; default no"},
};

#define T(argument) WORKLOAD_TAKES(argument)
#define WINDOW (T(LOW) | T(HIGH))

#define HANDLE_RULES                                                                                                       \
	"STATUS_INVALID_HANDLE      never given, or freed before (ours)\n"                                                 \
	"STATUS_OBJECT_TYPE_MISMATCH another call gave the handle (ours)\n"
#define ROOM_RULES                                                                                                         \
	"STATUS_NO_MEMORY           no room now: exhausted or fragmented\n"                                                \
	"STATUS_NOT_SUPPORTED       the allocator cannot follow a limit, boundary or alignment (ours)\n"
#define LEAK(state, subcode)                                                                                               \
	"fatal                      still " state " after the last operation: bug check 0x1E4, subcode " subcode           \
	", exit code 3\n"
#define MDL_RULES                                                                                                          \
	"STATUS_INVALID_PARAMETER   size 0, more than 4 GiB - one page, low > high, skip no page multiple, unknown "       \
	"flags,\n"                                                                                                         \
	"                           chunks that are no power of two or do not divide the size; or impossible\n"

#define NULL_RULES "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"
#define TRAIT(trait) WORKLOAD_TRAIT_##trait
/* A routine without a result answers no status: only what it was counted as. */
#define VOID (T(VIOLATION) | T(IRQL))
#define ANSWER (T(STATUS) | VOID)

#define CALL_ROW(call, name, takes, traits, about, rules)                                                                  \
	[WORKLOAD_CALL_##call] = {name, T(SIZE) | (takes), T(SIZE), traits, about, rules},
const struct workload_call_info workload_call_table[WORKLOAD_CALL_COUNT] = {WORKLOAD_CALLS(CALL_ROW)};

#define ROUTINE_ROW(routine, name, takes, required, traits, about, rules)                                                  \
	[WORKLOAD_ROUTINE_##routine] = {name, takes, required, traits, about, rules},
const struct workload_call_info workload_routine_table[WORKLOAD_ROUTINE_COUNT] = {WORKLOAD_ROUTINES(ROUTINE_ROW)};

enum workload_routine workload_routine_find(const char *name)
{
	enum workload_routine routine = 0;
	while (routine < WORKLOAD_ROUTINE_COUNT && strcmp(workload_routine_table[routine].name, name) != 0)
		routine++;
	return routine;
}
