/* SPDX-License-Identifier: MIT */
#include "result/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#define PLAIN 200000

/* frames of PLAIN bytes each. */
static struct text packed_of(size_t frames)
{
	static char plain[PLAIN], frame[ZSTD_COMPRESSBOUND(PLAIN)];
	struct text packed = {0};
	for (size_t i = 0; i < PLAIN; i++)
		plain[i] = (char)('a' + i * i % 23);
	for (size_t i = 0; i < frames; i++) {
		size_t length = ZSTD_compress(frame, sizeof frame, plain, PLAIN, 3);
		assert_false(ZSTD_isError(length));
		text_add_bytes(&packed, frame, length);
	}
	assert_false(packed.failed);
	return packed;
}

static void frames_unpack_to_what_was_packed(void **state)
{
	(void)state;
	for (size_t frames = 1; frames <= 3; frames++) {
		struct text content = packed_of(frames);
		assert_true(packed_begins(content.bytes, content.length));
		assert_int_equal(packed_unpack(&content, 3 * PLAIN, "x", NULL), 0);
		assert_int_equal(content.length, frames * PLAIN);
		for (size_t i = 0; i < content.length; i++)
			assert_int_equal(content.bytes[i], 'a' + (i % PLAIN) * (i % PLAIN) % 23);
		text_release(&content);
	}
}

static void what_is_cut_anywhere_is_refused(void **state)
{
	(void)state;
	struct text whole = packed_of(1);
	for (size_t cut = 4; cut < whole.length; cut += cut < 100 ? 1 : 997) {
		struct text content = {0};
		struct error error = {0};
		text_add_bytes(&content, whole.bytes, cut);
		assert_int_equal(packed_unpack(&content, PLAIN, "x", &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
		text_release(&content);
	}
	text_release(&whole);
}

static void no_more_is_unpacked_than_the_limit(void **state)
{
	(void)state;
	struct text content = packed_of(2);
	struct error error = {0};
	assert_int_equal(packed_unpack(&content, 2 * PLAIN - 1, "big.zst", &error), -1);
	assert_string_equal(error.message, "big.zst: unpacks to more than 399999 bytes, the most that is read here");
	assert_true(content.length < 2 * PLAIN);
	text_release(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_unpack_to_what_was_packed),
		cmocka_unit_test(what_is_cut_anywhere_is_refused),
		cmocka_unit_test(no_more_is_unpacked_than_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
