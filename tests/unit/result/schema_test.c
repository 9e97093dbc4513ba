/* SPDX-License-Identifier: MIT
 * The words of docs/result.schema.json are those of the program's tables; its metrics are held by tests/gates/schema. */
#include "base/error.h"
#include "result/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* Words without a name are written as null. */
static bool has(const char *const *table, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (table[i] && *table[i] && strcmp(table[i], word) == 0)
			return true;
	return false;
}

static void check(const json_t *defs, const char *name, const char *const *table, size_t count)
{
	const json_t *words = json_object_get(json_object_get(defs, name), "enum");
	size_t wanted = 0;
	assert_true(json_is_array(words));
	for (size_t i = 0; i < count; i++)
		wanted += table[i] && *table[i];
	if (json_array_size(words) != wanted)
		fail_msg("%s has %zu words, the program %zu", name, json_array_size(words), wanted);
	for (size_t i = 0; i < json_array_size(words); i++)
		if (!has(table, count, json_string_value(json_array_get(words, i))))
			fail_msg("%s: the program has no \"%s\"", name, json_string_value(json_array_get(words, i)));
}

/* Of two allocators there are other words, by the kind of metric. */
static void check_verdicts(const json_t *defs)
{
	const char *table[RESULT_VERDICT_COUNT + 4];
	size_t count = 0;
	for (; count < RESULT_VERDICT_COUNT; count++)
		table[count] = result_verdict_name[count];
	for (int i = 0; i < 4; i++) {
		const struct result_comparison comparison = {.metric = i < 2 ? METRIC_RAW_NS_PER_OP : METRIC_FAILURES_TOTAL,
							     .verdict = i % 2 ? RESULT_VERDICT_REGRESSION
									      : RESULT_VERDICT_IMPROVEMENT};
		table[count++] = result_verdict_word(&comparison);
	}
	check(defs, "verdict", table, count);
}

static void words_are_those_of_the_tables(void **state)
{
	(void)state;
	const char *columns[RESULT_SERIES_COUNT + 1] = {"phase"};
	json_error_t cause;
	json_t *schema = json_load_file("docs/result.schema.json", JSON_REJECT_DUPLICATES, &cause);
	const json_t *defs = json_object_get(schema, "$defs");
	if (!schema)
		fail_msg("docs/result.schema.json:%d: %s", cause.line, cause.text);
	for (size_t i = 0; i < RESULT_SERIES_COUNT; i++)
		columns[i + 1] = result_series_name[i];
	check(defs, "state", result_arm_state_name, RESULT_ARM_NOT_RUN + 1);
	check(defs, "owner", error_owner_name, ERROR_OWNER_COUNT);
	check(defs, "taint", result_taint_name, RESULT_TAINT_COUNT);
	check(defs, "failure", result_failure_name, RESULT_FAILURE_COUNT);
	check(defs, "class_by", result_class_by_name, RESULT_BY_COUNT);
	check(defs, "ageing", result_ageing_name, RESULT_AGEING_COUNT);
	check(defs, "end", result_end_name, RESULT_END_COUNT);
	check(defs, "condition", result_condition_name, RESULT_CONDITION_COUNT);
	check(defs, "kind", metric_kind_name, METRIC_KIND_COUNT);
	check(defs, "series_column", columns, RESULT_SERIES_COUNT + 1);
	check_verdicts(defs);
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_those_of_the_tables)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
