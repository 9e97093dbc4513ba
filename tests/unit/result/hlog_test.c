/* SPDX-License-Identifier: MIT
 * The histogram log, taken apart by a decoder written from the format's description alone. */
#include "base/memory.h"
#include "result/result.h"
#include "support/result_fixture.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

struct decoded {
	uint32_t digits;
	uint64_t lowest, highest, ratio_bits;
	size_t count;
	uint64_t lows[4096]; /* lowest value of each bucket with samples */
	uint64_t samples[4096];
};

static size_t decode_base64(const char *text, size_t length, unsigned char *bytes)
{
	size_t count = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < length && text[i] != '='; i++) {
		int c = text[i];
		uint32_t six = (uint32_t)(c >= 'a'   ? c - 'a' + 26
					  : c >= 'A' ? c - 'A'
					  : c >= '0' ? c - '0' + 52
					  : c == '+' ? 62
						     : 63);
		bits = bits << 6 | six;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[count++] = (unsigned char)(bits >> held);
		}
	}
	return count;
}

static uint64_t big_endian(const unsigned char *bytes, int width)
{
	uint64_t value = 0;
	for (int i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Lowest value of the counts slot index: sub-bucket half count 128, unit magnitude 0. */
static uint64_t low_of(uint64_t index)
{
	int64_t bucket = (int64_t)(index >> 7) - 1;
	uint64_t sub = (index & 127) + 128;
	if (bucket < 0)
		return index;
	return sub << bucket;
}

static void decode_counts(const unsigned char *at, const unsigned char *end, struct decoded *decoded)
{
	uint64_t index = 0;
	bool ends_empty = false;
	while (at < end) {
		uint64_t raw = 0;
		for (int i = 0;; i++) {
			unsigned char byte = *at++;
			raw |= (uint64_t)(i == 8 ? byte : byte & 0x7f) << (7 * i);
			if (i == 8 || !(byte & 0x80))
				break;
		}
		int64_t value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
		ends_empty = value < 0;
		if (value < 0) {
			index += (uint64_t)-value;
		} else {
			decoded->lows[decoded->count] = low_of(index++);
			decoded->samples[decoded->count++] = (uint64_t)value;
		}
	}
	assert_ptr_equal(at, end);
	assert_false(ends_empty);
}

static void decode(const char *line, struct decoded *decoded)
{
	static unsigned char packed[1 << 16], plain[1 << 18];
	const char *base64 = strrchr(line, ',') + 1;
	size_t length = decode_base64(base64, strcspn(base64, "\n"), packed);
	assert_int_equal(big_endian(packed, 4) & ~0xf0u, 0x1c849304);
	assert_int_equal(big_endian(packed + 4, 4), length - 8);
	uLongf size = sizeof plain;
	assert_int_equal(uncompress(plain, &size, packed + 8, length - 8), Z_OK);
	assert_int_equal(big_endian(plain, 4), 0x1c849313);
	assert_int_equal(big_endian(plain + 4, 4), size - 40);
	assert_int_equal(big_endian(plain + 8, 4), 0);
	*decoded = (struct decoded){.digits = (uint32_t)big_endian(plain + 12, 4),
				    .lowest = big_endian(plain + 16, 8),
				    .highest = big_endian(plain + 24, 8),
				    .ratio_bits = big_endian(plain + 32, 8)};
	decode_counts(plain + 40, plain + size, decoded);
}

static uint64_t own_values[] = {1, 255, 256, 257, 100000, UINT64_C(1) << 40},
		own_samples[] = {7, 1, 2, 3, 300, UINT64_C(1) << 62};
static struct result_phase own_phase;

static struct text log_of_own(void)
{
	own_phase = (struct result_phase){0};
	result_figures_clear(&own_phase.figures);
	result_set(&own_phase.figures, METRIC_RAW_NS_PER_OP, 20);
	result_set(&own_phase.figures, METRIC_OPERATIONS, 1e9);
	own_phase.latency[METRIC_KIND_FREE].count = 1;
	own_phase.latency[METRIC_KIND_FREE].histogram =
		(struct result_histogram){6, own_values, own_samples, 1, UINT64_C(1500000), 0};
	struct result_arm arm = {.phases = &own_phase, .phase_count = 1};
	struct text log = {0};
	assert_int_equal(result_hlog(&arm, "2026-11-21T09:53:02Z", &log, NULL), 0);
	return log;
}

static void the_header_is_that_of_the_format(void **state)
{
	(void)state;
	struct text log = log_of_own();
	assert_non_null(strstr(log.bytes, "#[Histogram log format version 1.3]\n"));
	assert_non_null(
		strstr(log.bytes, "#[StartTime: 1795254782.000 (seconds since epoch), Sat Nov 21 09:53:02 UTC 2026]\n"));
	assert_non_null(strstr(log.bytes, "\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
					  "\"Interval_Compressed_Histogram\"\n"));
	assert_non_null(strstr(log.bytes, "\nTag=free,0.000,20.000,1.500000,HISTF"));
	text_release(&log);
}

/* 256 and 257 share a bucket of width 2; 100000 = 195 * 512 + 160, so its bucket begins at 99840. */
static void every_bucket_comes_back(void **state)
{
	(void)state;
	static struct decoded decoded;
	struct text log = log_of_own();
	decode(strstr(log.bytes, "Tag="), &decoded);
	static const uint64_t lows[] = {1, 255, 256, 99840, UINT64_C(1) << 40},
			      samples[] = {7, 1, 5, 300, UINT64_C(1) << 62};
	assert_int_equal(decoded.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(decoded.lows[i], lows[i]);
		assert_int_equal(decoded.samples[i], samples[i]);
	}
	assert_int_equal(decoded.digits, 2);
	assert_int_equal(decoded.lowest, 1);
	assert_int_equal(decoded.highest, UINT64_C(1) << 40);
	assert_int_equal(decoded.ratio_bits, UINT64_C(0x3ff0000000000000));
	text_release(&log);
}

static void every_kind_has_its_tag_and_all_its_samples(void **state)
{
	(void)state;
	static struct decoded decoded;
	struct result result;
	struct text log = {0};
	fixture_result(&result, (struct fixture_size){1, 1, 1});
	assert_int_equal(result_hlog(&result.arms[0], result.run.started, &log, NULL), 0);
	static const char *const tags[] = {"Tag=alloc,", "Tag=free,"};
	for (size_t i = 0; i < 2; i++) {
		const struct result_histogram *histogram = &result.arms[0].phases[1].latency[i].histogram;
		uint64_t wanted = 0, found = 0;
		assert_non_null(strstr(log.bytes, tags[i]));
		decode(strstr(log.bytes, tags[i]), &decoded);
		for (size_t j = 0; j < histogram->count; j++)
			wanted += histogram->samples[j];
		for (size_t j = 0; j < decoded.count; j++)
			found += decoded.samples[j];
		assert_int_equal(wanted, found);
	}
	assert_null(strstr(log.bytes, "Tag=alloc_failed"));
	text_release(&log);
	result_release(&result);
}

static void an_arm_without_figures_has_a_header_only(void **state)
{
	(void)state;
	struct result_arm arm = {0};
	struct text log = {0};
	assert_int_equal(result_hlog(&arm, "when?\n1,2,3", &log, NULL), 0);
	assert_null(strstr(log.bytes, "Tag="));
	assert_null(strstr(log.bytes, "when?"));
	text_release(&log);
}

static void without_memory_it_fails_cleanly(void **state)
{
	(void)state;
	struct result_arm arm = {.phases = &own_phase, .phase_count = 1};
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct text log = {0};
		struct error error = {0};
		lack_begins(&lack);
		int result = result_hlog(&arm, "", &log, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		text_release(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_that_of_the_format),
		cmocka_unit_test(every_bucket_comes_back),
		cmocka_unit_test(every_kind_has_its_tag_and_all_its_samples),
		cmocka_unit_test(an_arm_without_figures_has_a_header_only),
		cmocka_unit_test(without_memory_it_fails_cleanly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
