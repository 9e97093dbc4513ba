/* SPDX-License-Identifier: MIT
 * Goal: what a workload says of driver calls reaches the model, in the words and numbers of the interface. Method: the golden
 * file of the whole language, whose values differ from every default, and the tables against iovabench/ddi.h. */
#include "base/memory.h"
#include "iovabench/ddi.h"
#include "stream/op_stream.h"
#include "workload/workload_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct workload workload;

static int load(void **state)
{
	(void)state;
	struct text messages = {0};
	int result = workload_load("tests/golden/workload/full.yaml", &workload, &messages);
	text_release(&messages);
	return result;
}

static int unload(void **state)
{
	(void)state;
	workload_release(&workload);
	return 0;
}

static const struct workload_request *request_named(const char *name)
{
	for (size_t i = 0; i < workload.request_count; i++)
		if (strcmp(workload.requests[i].name, name) == 0)
			return &workload.requests[i];
	fail_msg("there is no request %s", name);
	return NULL;
}

static void statuses_are_those_of_the_interface(void **state)
{
	(void)state;
	size_t count = 0;
	for (const struct yaml_word *status = workload_status_words; status->word; status++, count++)
		if (status->value != WORKLOAD_ANY)
			assert_string_equal(status->word, ntstatus_name((enum ntstatus)status->value));
	assert_true(count >= 17);
}

static void violations_are_the_fields_of_the_interface(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		size_t offset;
	} fields[] = {
		{"unmap_mdl", offsetof(struct ddi_violations, unmap_mdl)},
		{"free_adl", offsetof(struct ddi_violations, free_adl)},
		{"close_object", offsetof(struct ddi_violations, close_object)},
		{"destroy_object", offsetof(struct ddi_violations, destroy_object)},
		{"mm_not_at_base", offsetof(struct ddi_violations, mm_not_at_base)},
		{"mm_mismatched", offsetof(struct ddi_violations, mm_mismatched)},
		{"mdl_free_pages", offsetof(struct ddi_violations, mdl_free_pages)},
		{"mdl_freed_while_mapped", offsetof(struct ddi_violations, mdl_freed_while_mapped)},
		{"mdl_free_pool", offsetof(struct ddi_violations, mdl_free_pool)},
		{"irql", offsetof(struct ddi_violations, irql)},
	};
	const size_t count = sizeof fields / sizeof fields[0];
	assert_int_equal(sizeof(struct ddi_violations), count * sizeof(uint64_t));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(workload_violation_words[i + 2].word, fields[i].word);
		int violation = workload_violation_words[i + 2].value;
		struct ddi_violations broken = {0};
		memcpy((char *)&broken + fields[i].offset, &(uint64_t){7}, sizeof(uint64_t));
		const struct workload_violation_counts counts = workload_violation_counts(&broken);
		for (int j = 0; j < WORKLOAD_VIOLATION_COUNT; j++)
			assert_int_equal(counts.of[j], j == violation ? 7 : 0);
	}
	assert_null(workload_violation_words[count + 2].word);
}

static void words_of_calls_are_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORKLOAD_CALL_COUNT; i++) {
		assert_int_equal(workload_call_words[i].value, i);
		assert_string_equal(workload_call_words[i].word, workload_call_table[i].name);
	}
	assert_null(workload_call_words[WORKLOAD_CALL_COUNT].word);
}

static void arguments_of_requests_are_decoded(void **state)
{
	(void)state;
	assert_int_equal(workload.wddm, DDI_WDDM_3_2);
	const struct workload_request *pages = request_named("pages");
	assert_int_equal(pages->call, WORKLOAD_CALL_MDL);
	assert_int_equal(pages->arguments.skip, 16u << 20);
	assert_int_equal(pages->arguments.contiguous, DDI_CONTIGUITY_NO);
	assert_int_equal(pages->arguments.cache, DDI_WRITE_COMBINED);
	assert_int_equal(pages->arguments.flags, DDI_MM_DONT_ZERO | DDI_MM_FULLY_REQUIRED);
	assert_int_equal(pages->arguments.irql, DDI_APC_LEVEL);
	const struct workload_request *object = request_named("object");
	assert_int_equal(object->arguments.type, DDI_MEMORY_IO_SPACE);
	assert_int_equal(object->arguments.address, 0xE0000000);
	assert_int_equal(object->arguments.contiguous, DDI_CONTIGUITY_REQUIRE);
	const struct workload_request *view = request_named("view");
	assert_true(view->arguments.io_space && view->arguments.user_mode);
	/* Limits of physical memory are bytes, and none of the space's. */
	const struct workload_request *block = request_named("block");
	assert_int_equal(block->arguments.low, 1u << 20);
	assert_int_equal(block->arguments.high, 0xFFFFFF);
	assert_int_equal(block->arguments.boundary, 4u << 20);
	assert_true(block->arguments.has_node);
	assert_int_equal(block->arguments.node, 1);
	assert_false(block->limited);
}

static void routines_name_objects_or_numbers_and_say_what_they_want(void **state)
{
	(void)state;
	assert_int_equal(workload.routine_call_count, 3);
	assert_int_equal(workload.object_count, 2);
	assert_string_equal(workload.objects[1], "there");
	const struct workload_routine_call *create = &workload.routine_calls[0], *destroy = &workload.routine_calls[1],
					   *map = &workload.routine_calls[2];
	assert_int_equal(create->routine, WORKLOAD_ROUTINE_CREATE_OBJECT);
	assert_int_equal(create->arguments.bytes, 10000);
	assert_true(create->arguments.opened);
	assert_int_equal(create->into[0], 0);
	assert_int_equal(create->into[1], 1);
	assert_int_equal(create->status, NTSTATUS_SUCCESS);
	assert_int_equal(create->violation, 0);
	assert_int_equal(destroy->of[0].object, 0);
	assert_true(destroy->of[1].object == WORKLOAD_OBJECT_NONE);
	assert_int_equal(destroy->of[1].number, 0x17);
	assert_true(destroy->any_violation);
	assert_int_equal(map->status, NTSTATUS_INVALID_HANDLE);
	assert_int_equal(map->arguments.flags, DDI_PERMISSION_READ);
	assert_int_equal(map->arguments.offset, 4096);
}

static void a_routine_is_one_operation_of_the_stream(void **state)
{
	(void)state;
	static const char yaml[] = "iovabench: 1\nname: x\nphases:\n- name: p\n  script:\n  - repeat: 3\n    script:\n"
				   "    - {call: DxgkCbAllocateContiguousMemory, size: 4KiB, into: m}\n"
				   "    - {call: DxgkCbFreeContiguousMemory, of: m}\n";
	struct workload small;
	struct text messages = {0};
	struct error error = {0};
	assert_int_equal(workload_parse("x.yaml", yaml, sizeof yaml - 1, &small, &messages), 0);
	const struct recording *recordings[1] = {NULL};
	struct op_stream *stream = op_stream_open(&small, recordings, 1, &error);
	assert_non_null(stream);
	struct op ops[32];
	size_t phase, count = op_stream_next(stream, ops, 32, &phase);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ops[i].demand, op_control(OP_CALL, 0).demand);
		assert_int_equal(ops[i].slot, i % 2);
		assert_false(op_is_control(&ops[i]));
	}
	assert_int_equal(op_stream_next(stream, ops, 32, &phase), 0);
	assert_int_equal(op_stream_totals(stream, 0).calls, 6);
	op_stream_close(stream);
	workload_release(&small);
	text_release(&messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_are_those_of_the_interface),
		cmocka_unit_test(violations_are_the_fields_of_the_interface),
		cmocka_unit_test(words_of_calls_are_their_names),
		cmocka_unit_test(arguments_of_requests_are_decoded),
		cmocka_unit_test(routines_name_objects_or_numbers_and_say_what_they_want),
		cmocka_unit_test(a_routine_is_one_operation_of_the_stream),
	};
	return cmocka_run_group_tests_name("driver calls of workloads", tests, load, unload);
}
