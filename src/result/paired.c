/* SPDX-License-Identifier: MIT
 * What one arm of a result took against another one in the same process. */
#include "result/parts.h"

#include "base/memory.h"

#include <math.h>

const char *const result_condition_name[RESULT_CONDITION_COUNT] = {
	[RESULT_CONDITION_HOT] = "hot", [RESULT_CONDITION_INTERFERED] = "interfered"};

/* A figure that may be missing, under its key. */
struct row {
	const char *key, *reason_key;
	size_t at;
	const char *reason; /* why it can be missing; NULL: that of the whole */
};

#define AT(member) offsetof(struct result_paired, member)
static const struct row rows[] = {
	{"ratio", "ratio_reason", AT(ratio), NULL},
	{"ci_low", "ci_low_reason", AT(ci_low), "fewer than 6 rounds"},
	{"ci_high", "ci_high_reason", AT(ci_high), "fewer than 6 rounds"},
	{"ratio_typical", "ratio_typical_reason", AT(ratio_typical), NULL},
	{"ratio_with_polls", "ratio_with_polls_reason", AT(ratio_with_polls), "nothing was polled"},
	{"long_ratio", "long_ratio_reason", AT(long_ratio), "no pair of long windows"},
	{"long_ci_low", "long_ci_low_reason", AT(long_ci_low), "fewer than 6 rounds"},
	{"long_ci_high", "long_ci_high_reason", AT(long_ci_high), "fewer than 6 rounds"},
	{"shift", "shift_reason", AT(shift), "no throughput of both"},
	{"tainted_share", "tainted_share_reason", AT(tainted_share), NULL},
	{"equal_share", "equal_share_reason", AT(equal_share), NULL},
	{"empty_pair_ns", "empty_pair_ns_reason", AT(empty_pair_ns), NULL},
	{"huge_share", "huge_share_reason", AT(huge_share[RESULT_SIDE_ARM]), "not told by the system"},
	{"huge_share_against", "huge_share_against_reason", AT(huge_share[RESULT_SIDE_AGAINST]), "not told by the system"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static double *figure(const struct row *row, struct result_paired *paired)
{
	return (double *)(void *)((char *)paired + row->at);
}

void parts_write_paired(struct json_writer *writer, json_t *object, const struct result_paired *paired, const char *against)
{
	json_put_text(writer, object, "against", against);
	json_put_u64(writer, object, "against_arm", paired->against);
	json_put_text(writer, object, "condition", result_condition_name[paired->condition]);
	for (size_t i = 0; i < ROWS; i++) {
		struct result_paired copy = *paired;
		double value = *figure(&rows[i], &copy);
		json_put_double(writer, object, rows[i].key, value);
		if (!isfinite(value))
			json_put_text(writer, object, rows[i].reason_key,
				      !paired->rounds && paired->reason ? paired->reason
				      : rows[i].reason                  ? rows[i].reason
									: "no round has a figure");
	}
	json_put_u64(writer, object, "rounds", paired->rounds);
	json_put_u64(writer, object, "window_words", paired->window_words);
	json_put_double(writer, object, "untimed_share", 1.0 / RESULT_UNTIMED_ONE_IN);
	json_put_text(writer, object, "reason", paired->reason);
	parts_write_doubles(writer, object, "round_ratio", paired->round_ratio, paired->round_count);
	parts_write_doubles(writer, object, "round_typical", paired->round_typical, paired->round_count);
}

void parts_read_paired(struct json_reader *reader, const struct json_at *object, size_t arm_count,
		       struct result_paired *paired)
{
	size_t typical;
	struct json_at against = json_child(reader, object, "against_arm");
	paired->against = json_u64_at(reader, &against, SIZE_MAX);
	if (paired->against >= arm_count)
		json_fail(reader, &against, "must be the index of an arm");
	paired->condition = (enum result_condition)json_read_choice(reader, object, "condition", result_condition_name,
								    RESULT_CONDITION_COUNT);
	for (size_t i = 0; i < ROWS; i++)
		*figure(&rows[i], paired) = json_read_double(reader, object, rows[i].key);
	paired->rounds = (uint32_t)json_read_u64(reader, object, "rounds", UINT32_MAX);
	paired->window_words = (uint32_t)json_read_u64(reader, object, "window_words", UINT32_MAX);
	paired->reason = json_read_text_or_null(reader, object, "reason");
	parts_read_doubles(reader, object, "round_ratio", &paired->round_ratio, &paired->round_count);
	parts_read_doubles(reader, object, "round_typical", &paired->round_typical, &typical);
	if (typical != paired->round_count)
		json_fail(reader, object, "must have as many round_typical as round_ratio");
}

void result_paired_release(struct result_paired *paired, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memory_release(paired[i].round_ratio);
		memory_release(paired[i].round_typical);
		memory_release(paired[i].reason);
	}
	memory_release(paired);
}

const struct result_paired *result_paired_find(const struct result_arm *arm, size_t against,
					       enum result_condition condition)
{
	for (size_t i = 0; i < arm->paired_count; i++)
		if (arm->paired[i].against == against && arm->paired[i].condition == condition)
			return &arm->paired[i];
	return NULL;
}
