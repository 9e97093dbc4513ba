/* SPDX-License-Identifier: MIT
 * The compact file: what is written reads back, and whatever is wrong with a file is said, never believed. */
#include "trace/recording_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/recording_file_test.XXXXXX";
static char path[64];
static struct recording recording;
static struct error error;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/r.iovatrace", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int teardown(void **state)
{
	(void)state;
	recording_release(&recording);
	return 0;
}

/* Two ranges, one demand that was refused altogether, a retried one; three CPUs, two domains. */
static struct recording_op example_ops[] = {
	{.slot = 0, .count = 5, .cpu = 1},
	{.slot = 1, .count = 70000, .cpu = 2, .domain = 1, .limits = 1, .refused = 1},
	{.slot = 2, .count = 9, .cpu = 2, .limits = 1, .refused = 2},
	{.slot = 0, .cpu = 0},
	{.slot = 0, .count = 1, .cpu = 0},
	{.slot = 1, .cpu = 2, .domain = 1},
};

static struct recording example(void)
{
	struct recording made = {
		.ops = example_ops,
		.op_count = sizeof example_ops / sizeof *example_ops,
		.slot_count = 3,
		.cpus = 3,
		.domain_count = 2,
		.limits = {{.high = {0xfffff}, .count = 1}, {.high = {0xfffff, 0xfffffffff}, .count = 2}},
		.limits_count = 2,
	};
	made.hash = recording_hash(&made);
	return made;
}

static void assert_same(const struct recording *a, const struct recording *b)
{
	assert_int_equal(a->op_count, b->op_count);
	assert_memory_equal(a->ops, b->ops, a->op_count * sizeof *a->ops);
	assert_int_equal(a->slot_count, b->slot_count);
	assert_int_equal(a->cpus, b->cpus);
	assert_int_equal(a->domain_count, b->domain_count);
	assert_int_equal(a->limits_count, b->limits_count);
	for (size_t i = 0; i < a->limits_count; i++) {
		assert_int_equal(a->limits[i].count, b->limits[i].count);
		assert_memory_equal(a->limits[i].high, b->limits[i].high, a->limits[i].count * 8);
	}
	assert_true(a->hash == b->hash);
}

static int decode(const void *bytes, size_t length)
{
	/* A block of its exact size, so that a sanitizer sees every byte read behind it. */
	void *copy = malloc(length ? length : 1);
	memcpy(copy, bytes, length);
	recording_release(&recording);
	error = (struct error){0};
	int result = recording_decode("r", copy, length, &recording, NULL, &error);
	free(copy);
	if (result) {
		assert_null(recording.ops);
		assert_int_equal(recording.op_count, 0);
		assert_memory_equal(error.message, "r: ", 3);
	}
	return result;
}

static void write_example(char **bytes, size_t *length)
{
	struct recording made = example();
	error = (struct error){0};
	assert_int_equal(recording_write(path, "example.trace", &made, &error), 0);
	assert_int_equal(file_read(path, 1 << 20, bytes, length, &error), 0);
}

static void recording_reads_back_as_it_was(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	memory_release(bytes);
	struct recording made = example();
	assert_int_equal(recording_read(path, &recording, &error), 0);
	assert_same(&recording, &made);
}

static void source_is_kept_without_control_characters(void **state)
{
	(void)state;
	struct recording made = example();
	char *bytes, source[RECORDING_SOURCE_BYTES];
	size_t length;
	error = (struct error){0};
	assert_int_equal(recording_write(path, "a\nb\x1b.trace", &made, &error), 0);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &length, &error), 0);
	assert_int_equal(recording_decode("r", bytes, length, &recording, source, &error), 0);
	assert_string_equal(source, "a?b?.trace");
	memory_release(bytes);
}

static void long_source_is_cut(void **state)
{
	(void)state;
	struct recording made = example();
	char name[300], source[RECORDING_SOURCE_BYTES], *bytes;
	size_t length;
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	error = (struct error){0};
	assert_int_equal(recording_write(path, name, &made, &error), 0);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &length, &error), 0);
	assert_int_equal(recording_decode("r", bytes, length, &recording, source, &error), 0);
	assert_int_equal(strlen(source), RECORDING_SOURCE_BYTES - 1);
	memory_release(bytes);
}

/* Three blocks: a ring of 1000 ranges, in which each new one replaces the oldest; sizes up to 2^32 - 1. */
static void many_blocks_read_back(void **state)
{
	(void)state;
	enum { COUNT = 150000, RING = 1000 };
	struct recording_op *ops = calloc(COUNT, sizeof *ops);
	for (uint32_t i = 0; i < RING; i++)
		ops[i] = (struct recording_op){.slot = i, .count = UINT32_MAX - i};
	for (uint32_t i = RING; i < COUNT; i += 2) {
		uint32_t slot = (i / 2) % RING;
		ops[i] = (struct recording_op){.slot = slot, .cpu = (uint16_t)(i * 7 % 4096)};
		ops[i + 1] =
			(struct recording_op){.slot = slot, .count = i, .cpu = (uint16_t)(i % 4096), .limits = i / 2 % 2};
	}
	struct recording made = example();
	made.ops = ops;
	made.op_count = COUNT;
	made.slot_count = RING;
	made.cpus = 4096;
	made.hash = recording_hash(&made);
	error = (struct error){0};
	if (recording_write(path, "x", &made, &error) || recording_read(path, &recording, &error))
		fail_msg("%s", error.message);
	assert_same(&recording, &made);
	free(ops);
}

static void slots_are_numbered_anew(void **state)
{
	(void)state;
	struct recording_op ops[] = {
		{.slot = 7, .count = 1}, {.slot = 3, .count = 2}, {.slot = 7}, {.slot = 9, .count = 3}, {.slot = 3}};
	struct recording made = {
		.ops = ops, .op_count = 5, .slot_count = 10, .cpus = 1, .domain_count = 1, .limits_count = 1};
	made.limits[0] = (struct recording_limits){.high = {0xff}, .count = 1};
	error = (struct error){0};
	assert_int_equal(recording_write(path, "x", &made, &error), 0);
	assert_int_equal(recording_read(path, &recording, &error), 0);
	const uint32_t slots[] = {0, 1, 0, 0, 1};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(recording.ops[i].slot, slots[i]);
	assert_int_equal(recording.slot_count, 2);
}

static void hash_sees_every_field(void **state)
{
	(void)state;
	struct recording made = example();
	struct recording_op ops[6];
	memcpy(ops, example_ops, sizeof ops);
	made.ops = ops;
	const uint64_t hash = made.hash;
#define CHANGED(field)                                                                                                     \
	do {                                                                                                               \
		made.field++;                                                                                              \
		assert_true(recording_hash(&made) != hash);                                                                \
		made.field--;                                                                                              \
	} while (0)
	CHANGED(ops[1].slot);
	CHANGED(ops[1].count);
	CHANGED(ops[1].cpu);
	CHANGED(ops[1].domain);
	CHANGED(ops[1].limits);
	CHANGED(ops[1].refused);
	CHANGED(slot_count);
	CHANGED(cpus);
	CHANGED(domain_count);
	CHANGED(limits[1].high[1]);
	made.op_count--;
	assert_true(recording_hash(&made) != hash);
	made.op_count++;
	made.limits_count--;
	assert_true(recording_hash(&made) != hash);
}

static void no_changed_byte_goes_unnoticed(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	assert_int_equal(decode(bytes, length), 0);
	for (size_t i = 0; i < length; i++)
		for (unsigned change = 1; change < 256; change++) {
			bytes[i] = (char)((unsigned char)bytes[i] ^ change);
			assert_int_equal(decode(bytes, length), -1);
			bytes[i] = (char)((unsigned char)bytes[i] ^ change);
		}
	memory_release(bytes);
}

static void no_missing_end_goes_unnoticed(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(decode(bytes, i), -1);
	memory_release(bytes);
}

static void cut_file_tells_where(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	assert_int_equal(decode(bytes, length - 1), -1);
	assert_string_equal(error.message, "r: op 0 (block at byte 99): cut off inside the block");
	assert_int_equal(decode(bytes, 60), -1);
	assert_string_equal(error.message, "r: cut off at byte 60, in its header of 99 bytes");
	assert_int_equal(decode(bytes, 99), -1);
	assert_string_equal(error.message,
			    "r: op 0 (block at byte 99): cut off: operations that the header promises are missing");
	memory_release(bytes);
}

static void damaged_file_tells_where(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	bytes[length - 1] ^= 1;
	assert_int_equal(decode(bytes, length), -1);
	assert_string_equal(error.message, "r: op 0 (block at byte 99): its checksum is wrong: the file is damaged");
	bytes[length - 1] ^= 1;
	bytes[20] ^= 1;
	assert_int_equal(decode(bytes, length), -1);
	assert_string_equal(error.message, "r: byte 0: the checksum of the header is wrong: the file is damaged");
	memory_release(bytes);
}

static void bytes_behind_the_end_are_refused(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	char *longer = realloc(NULL, length + 1);
	memcpy(longer, bytes, length);
	longer[length] = 0;
	assert_int_equal(decode(longer, length + 1), -1);
	assert_non_null(strstr(error.message, "bytes follow the last operation"));
	free(longer);
	memory_release(bytes);
}

static void recordings_that_break_a_rule_are_not_written(void **state)
{
	(void)state;
	static const struct {
		struct recording_op op; /* instead of the last but one */
		const char *message;
	} cases[] = {
		{{.slot = 3, .count = 1}, "recording: op 4: its slot, CPU or domain is not below the recording's count"},
		{{.slot = 0, .count = 1, .cpu = 3},
		 "recording: op 4: its slot, CPU or domain is not below the recording's count"},
		{{.slot = 0, .count = 1, .domain = 2},
		 "recording: op 4: its slot, CPU or domain is not below the recording's count"},
		{{.slot = 1, .count = 1}, "recording: op 4: it allocates into a slot that is taken"},
		{{.slot = 0}, "recording: op 4: it frees an empty slot, or a range of another domain"},
		{{.slot = 1}, "recording: op 4: it frees an empty slot, or a range of another domain"},
		{{.slot = 0, .count = 1, .limits = 2},
		 "recording: op 4: its limits are not in the recording, or more were refused than it has"},
		{{.slot = 0, .count = 1, .refused = 2},
		 "recording: op 4: its limits are not in the recording, or more were refused than it has"},
	};
	unlink(path);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct recording_op ops[6];
		memcpy(ops, example_ops, sizeof ops);
		ops[4] = cases[i].op;
		struct recording made = example();
		made.ops = ops;
		error = (struct error){0};
		assert_int_equal(recording_write(path, "x", &made, &error), -1);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void empty_recording_is_not_written(void **state)
{
	(void)state;
	struct recording made = example();
	made.op_count = 0;
	error = (struct error){0};
	assert_int_equal(recording_write(path, "x", &made, &error), -1);
	assert_non_null(strstr(error.message, "do not fit into a file"));
}

static void full_disk_leaves_nothing_behind(void **state)
{
	(void)state;
	struct recording made = example();
	char partial[80];
	snprintf(partial, sizeof partial, "%s.partial", path);
	unlink(path);
	error = (struct error){0};
	file_fail_writes_after(0);
	int result = recording_write(path, "x", &made, &error);
	file_fail_writes_after(UINT64_MAX);
	assert_int_equal(result, -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(partial, F_OK), -1);
}

static void every_memory_request_of_the_writer_may_fail(void **state)
{
	(void)state;
	struct recording made = example();
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		unlink(path);
		lack_begins(&lack);
		int result = recording_write(path, "x", &made, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
	}
}

static void every_memory_request_of_the_reader_may_fail(void **state)
{
	(void)state;
	char *bytes;
	size_t length;
	write_example(&bytes, &length);
	memory_release(bytes);
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		recording_release(&recording);
		lack_begins(&lack);
		int result = recording_read(path, &recording, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || (error.exit_code == EXIT_CODE_IO && !recording.ops));
	}
}

static void missing_file_is_named(void **state)
{
	(void)state;
	error = (struct error){0};
	assert_int_equal(recording_read("/nowhere/x.iovatrace", &recording, &error), -1);
	assert_string_equal(error.message, "/nowhere/x.iovatrace: cannot open: No such file or directory");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recording_reads_back_as_it_was),
		TEST(source_is_kept_without_control_characters),
		TEST(long_source_is_cut),
		TEST(many_blocks_read_back),
		TEST(slots_are_numbered_anew),
		TEST(hash_sees_every_field),
		TEST(no_changed_byte_goes_unnoticed),
		TEST(no_missing_end_goes_unnoticed),
		TEST(cut_file_tells_where),
		TEST(damaged_file_tells_where),
		TEST(bytes_behind_the_end_are_refused),
		TEST(recordings_that_break_a_rule_are_not_written),
		TEST(empty_recording_is_not_written),
		TEST(full_disk_leaves_nothing_behind),
		TEST(every_memory_request_of_the_writer_may_fail),
		TEST(every_memory_request_of_the_reader_may_fail),
		TEST(missing_file_is_named),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
