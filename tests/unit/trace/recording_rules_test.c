/* SPDX-License-Identifier: MIT
 * Compact files whose checksums are right and whose content is wrong: the reader believes nothing. */
#include "trace/recording_file.h"
#include "support/recording_craft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#define TAG(value, flags) (uint8_t)((value) << LAYOUT_OP_SHIFT | (flags))

static struct recording recording;
static struct error error;

/* Two CPUs, two domains, two lists of two limits; one range may be live. */
static struct craft sound(uint64_t ops)
{
	return (struct craft){.version = 1,
			      .page_bytes = 4096,
			      .cpus = 2,
			      .domains = 2,
			      .slots = 1,
			      .ops = ops,
			      .limits_count = 2,
			      .limits_each = 2,
			      .block_ops = ops};
}

static int read_crafted(struct craft craft, const uint8_t *unpacked, size_t unpacked_bytes)
{
	if (!craft.block_unpacked)
		craft.block_unpacked = unpacked_bytes;
	size_t length = 0;
	uint8_t *file = craft_file(&craft, unpacked, unpacked_bytes, &length);
	assert_non_null(file);
	error = (struct error){0};
	int result = recording_decode("r", file, length, &recording, NULL, &error);
	free(file);
	return result;
}

static void assert_refused(struct craft craft, const uint8_t *unpacked, size_t unpacked_bytes, const char *message)
{
	assert_int_equal(read_crafted(craft, unpacked, unpacked_bytes), -1);
	assert_string_equal(error.message, message);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_null(recording.ops);
}

#define BLOCK " of the block at byte 94, unpacked): "

static void sound_content_is_refused_for_its_hash_alone(void **state)
{
	(void)state;
	const uint8_t ops[] = {TAG(5, 0), TAG(0, LAYOUT_OP_FREE)};
	assert_int_equal(read_crafted(sound(2), ops, sizeof ops), -1);
	assert_non_null(strstr(error.message, "the content is not what the header's hash says"));
}

static void operation_that_breaks_a_rule_is_named(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[8];
		size_t length;
		const char *message;
	} cases[] = {
		{{TAG(5, 0), TAG(1, 1)}, 2, "r: op 1 (byte 2" BLOCK "it frees an empty slot"},
		{{TAG(0, 1), TAG(5, 0)}, 2, "r: op 0 (byte 1" BLOCK "it frees an empty slot"},
		{{TAG(5, 0), TAG(0, 1 | 4), 1}, 3, "r: op 1 (byte 3" BLOCK "it frees a range of another domain"},
		{{TAG(5, 0), TAG(0, 0)}, 2, "r: op 1 (byte 2" BLOCK "an allocation of no pages"},
		{{TAG(5, 0), TAG(5, 0)}, 2, "r: op 1 (byte 2" BLOCK "more ranges are live than the header says"},
		{{TAG(5, 2), 2, TAG(0, 1)}, 3, "r: op 0 (byte 2" BLOCK "its CPU is not below the header's"},
		{{TAG(5, 4), 2, TAG(0, 1)}, 3, "r: op 0 (byte 2" BLOCK "its domain is not below the header's"},
		{{TAG(5, 8), 2, 0, TAG(0, 1)}, 4, "r: op 0 (byte 2" BLOCK "its limits are not in the header"},
		{{TAG(5, 8), 0, 3, TAG(0, 1)}, 4, "r: op 0 (byte 3" BLOCK "more limits were refused than it has"},
		{{TAG(5, 8), 0, 9, TAG(0, 1)}, 4, "r: op 0 (byte 3" BLOCK "more limits were refused than it has"},
		{{TAG(5, 8), 0, 2, TAG(0, 1)}, 4, "r: op 1 (byte 4" BLOCK "it frees an empty slot"},
		{{TAG(5, 0), TAG(0, 1 | 8), 0, 0}, 4, "r: op 1 (byte 2" BLOCK "a free carries limits"},
		{{0xd0, 0x00, TAG(0, 1)}, 3, "r: op 0 (byte 2" BLOCK "a number is longer than it must be"},
		{{0xf0, 0xff, 0xff, 0xff, 0xff, 0x7f, TAG(0, 1)},
		 7,
		 "r: op 0 (byte 6" BLOCK "a number does not fit into 32 bits"},
		{{TAG(5, 0), 0x81}, 2, "r: op 1 (byte 2" BLOCK "the block ends inside a number"},
		{{TAG(5, 0), TAG(0, 1), TAG(5, 0)},
		 3,
		 "r: op 2 (byte 2" BLOCK "the block holds more bytes than operations"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_refused(sound(2), cases[i].bytes, cases[i].length, cases[i].message);
}

static void header_with_impossible_counts_is_refused(void **state)
{
	(void)state;
	const uint8_t ops[] = {TAG(5, 0), TAG(0, LAYOUT_OP_FREE)};
	const struct {
		size_t field;
		uint64_t value;
		const char *message;
	} cases[] = {
		{offsetof(struct craft, version), 3, "r: version 3; this program reads versions 1 to 2"},
		{offsetof(struct craft, page_bytes), 2048,
		 "r: the header says 2048 bytes of a page; 4096 to 2097152 are possible"},
		{offsetof(struct craft, cpus), 0, "r: the header says 0 CPUs; 1 to 4096 are possible"},
		{offsetof(struct craft, cpus), 4097, "r: the header says 4097 CPUs; 1 to 4096 are possible"},
		{offsetof(struct craft, domains), 0, "r: the header says 0 domains; 1 to 64 are possible"},
		{offsetof(struct craft, domains), 65, "r: the header says 65 domains; 1 to 64 are possible"},
		{offsetof(struct craft, ops), 0, "r: the header says 0 operations; 1 to 134217728 are possible"},
		{offsetof(struct craft, ops), UINT64_MAX,
		 "r: the header says 18446744073709551615 operations; 1 to 134217728 are possible"},
		{offsetof(struct craft, limits_count), 0, "r: the header says 0 lists of limits; 1 to 64 are possible"},
		{offsetof(struct craft, limits_count), 65, "r: the header says 65 lists of limits; 1 to 64 are possible"},
		{offsetof(struct craft, limits_each), 0, "r: the header says 0 limits of one demand; 1 to 8 are possible"},
		{offsetof(struct craft, limits_each), 9, "r: the header says 9 limits of one demand; 1 to 8 are possible"},
		{offsetof(struct craft, source_bytes), 1,
		 "r: byte 86: the name of the source does not fill the rest of the header"},
		{offsetof(struct craft, block_ops), 3,
		 "r: op 0 (block at byte 94): its number of operations does not follow from the header's"},
		{offsetof(struct craft, block_ops), 1,
		 "r: op 0 (block at byte 94): its number of operations does not follow from the header's"},
		{offsetof(struct craft, block_unpacked), 33,
		 "r: op 0 (block at byte 94): its unpacked size cannot belong to its operations"},
		{offsetof(struct craft, block_unpacked), UINT32_MAX,
		 "r: op 0 (block at byte 94): its unpacked size cannot belong to its operations"},
		{offsetof(struct craft, block_unpacked), 3, "r: op 0 (block at byte 94): it unpacks to another size"},
		{offsetof(struct craft, slots), 0,
		 "r: op 0 (byte 1 of the block at byte 94, unpacked): more ranges are live than the header says"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct craft craft = sound(2);
		memcpy((char *)&craft + cases[i].field, &cases[i].value, sizeof cases[i].value);
		assert_refused(craft, ops, sizeof ops, cases[i].message);
	}
}

static void slots_that_were_never_live_are_refused(void **state)
{
	(void)state;
	const uint8_t ops[] = {TAG(5, 0), TAG(0, LAYOUT_OP_FREE)};
	struct craft craft = sound(2);
	craft.slots = 2;
	assert_int_equal(read_crafted(craft, ops, sizeof ops), -1);
	assert_non_null(strstr(error.message, "fewer ranges were live than the header says"));
}

/* 2^27 operations and 2^32 - 1 slots would need 6 GiB. */
static void promises_of_the_header_cost_no_memory(void **state)
{
	(void)state;
	const uint8_t ops[] = {TAG(5, 0), TAG(0, LAYOUT_OP_FREE)};
	struct craft craft = sound(UINT64_C(1) << 27);
	craft.slots = UINT32_MAX;
	craft.block_ops = 2;
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	assert_refused(craft, ops, sizeof ops,
		       "r: op 0 (block at byte 94): its number of operations does not follow from the header's");
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_content_is_refused_for_its_hash_alone),
		cmocka_unit_test(operation_that_breaks_a_rule_is_named),
		cmocka_unit_test(header_with_impossible_counts_is_refused),
		cmocka_unit_test(slots_that_were_never_live_are_refused),
		cmocka_unit_test(promises_of_the_header_cost_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
