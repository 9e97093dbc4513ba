/* SPDX-License-Identifier: MIT
 * The HdrHistogram V2 encoding and log format 1.3, from the public description of the format (hdrhistogram.github.io). Two
 * significant digits make 256 sub-buckets: the layout of this program's own histograms. */
#include "result/result.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define COOKIE_PLAIN 0x1c849313u      /* V2, ZigZag LEB128 counts */
#define COOKIE_COMPRESSED 0x1c849314u /* the same, deflated */
#define SIGNIFICANT_DIGITS 2u
#define HALF_SUB_BUCKETS_LOG2 7u
#define LENGTH_OFFSET 4u
#define HEADER_BYTES 40u

static void add_big_endian(struct text *bytes, uint64_t value, unsigned width)
{
	while (width--) {
		unsigned char byte = (unsigned char)(value >> (8 * width));
		text_add_bytes(bytes, &byte, 1);
	}
}

/* ZigZag, then groups of seven bits, lowest first; a ninth byte carries eight. */
static void add_count(struct text *bytes, int64_t signed_count)
{
	uint64_t value = ((uint64_t)signed_count << 1) ^ (uint64_t)(signed_count >> 63);
	for (int i = 0; i < 8; i++) {
		unsigned char byte = (unsigned char)(value & 0x7f);
		value >>= 7;
		byte = (unsigned char)(byte | (value ? 0x80 : 0));
		text_add_bytes(bytes, &byte, 1);
		if (!value)
			return;
	}
	unsigned char last = (unsigned char)value;
	text_add_bytes(bytes, &last, 1);
}

static uint64_t count_index(uint64_t value)
{
	unsigned magnitude = 63u - (unsigned)__builtin_clzll(value | 0xff);
	unsigned shift = magnitude - HALF_SUB_BUCKETS_LOG2;
	return ((uint64_t)shift << HALF_SUB_BUCKETS_LOG2) + (value >> shift);
}

/* Runs of empty buckets are negative numbers. Nanoseconds that fall into one bucket are added up. */
static void add_counts(struct text *bytes, const struct result_histogram *histogram)
{
	uint64_t next = 0;
	for (size_t i = 0; i < histogram->count;) {
		uint64_t index = count_index(histogram->values[i]), samples = 0;
		for (; i < histogram->count && count_index(histogram->values[i]) == index; i++)
			samples += histogram->samples[i];
		if (samples == 0)
			continue;
		if (index > next)
			add_count(bytes, -(int64_t)(index - next));
		add_count(bytes, samples > INT64_MAX ? INT64_MAX : (int64_t)samples);
		next = index + 1;
	}
}

static void add_histogram(struct text *bytes, const struct result_histogram *histogram)
{
	uint64_t highest = histogram->count ? histogram->values[histogram->count - 1] : 2;
	add_big_endian(bytes, COOKIE_PLAIN, 4);
	add_big_endian(bytes, 0, 4); /* length of the counts, below */
	add_big_endian(bytes, 0, 4); /* normalizing index offset */
	add_big_endian(bytes, SIGNIFICANT_DIGITS, 4);
	add_big_endian(bytes, 1, 8); /* lowest discernible value */
	add_big_endian(bytes, highest > 2 ? highest : 2, 8);
	add_big_endian(bytes, UINT64_C(0x3ff0000000000000), 8); /* ratio of integers to doubles: 1.0 */
	add_counts(bytes, histogram);
	if (bytes->failed)
		return;
	uint32_t length = (uint32_t)(bytes->length - HEADER_BYTES);
	for (unsigned i = 0; i < 4; i++)
		bytes->bytes[LENGTH_OFFSET + i] = (char)(unsigned char)(length >> (24 - 8 * i));
}

static void *zlib_get(void *context, unsigned count, unsigned bytes)
{
	(void)context;
	return memory_zeroed(count, bytes);
}

static void zlib_put(void *context, void *memory)
{
	(void)context;
	memory_release(memory);
}

static int deflate_text(const struct text *plain, struct text *compressed)
{
	z_stream stream = {.zalloc = zlib_get, .zfree = zlib_put};
	if (plain->failed || deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK)
		return -1;
	size_t room = deflateBound(&stream, plain->length);
	unsigned char *bytes = memory_resize(NULL, room, 1);
	int result = -1;
	if (bytes) {
		stream.next_in = (unsigned char *)plain->bytes;
		stream.avail_in = (unsigned)plain->length;
		stream.next_out = bytes;
		stream.avail_out = (unsigned)room;
		result = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -1;
	}
	if (result == 0) {
		add_big_endian(compressed, COOKIE_COMPRESSED, 4);
		add_big_endian(compressed, stream.total_out, 4);
		text_add_bytes(compressed, bytes, stream.total_out);
	}
	deflateEnd(&stream);
	memory_release(bytes);
	return compressed->failed ? -1 : result;
}

static void add_base64(struct text *text, const struct text *bytes)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes->length; i += 3) {
		uint32_t group = 0;
		for (size_t j = 0; j < 3; j++)
			group = group << 8 | (i + j < bytes->length ? (unsigned char)bytes->bytes[i + j] : 0u);
		char quad[4];
		for (unsigned j = 0; j < 4; j++)
			quad[j] = i + j > bytes->length ? '=' : alphabet[group >> (18 - 6 * j) & 63];
		text_add_bytes(text, quad, 4);
	}
}

/* started is "2026-01-31T23:59:59…" in UTC; without a time that can be read there is no line. */
static void add_start_time(const char *started, struct text *log)
{
	struct tm when = {0};
	char words[64];
	if (!started || !strptime(started, "%Y-%m-%dT%H:%M:%S", &when))
		return;
	time_t seconds = timegm(&when);
	strftime(words, sizeof words, "%a %b %d %H:%M:%S UTC %Y", &when);
	text_add(log, "#[StartTime: %lld.000 (seconds since epoch), %s]\n", (long long)seconds, words);
}

static double seconds_measured(const struct result_phase *phase)
{
	double ns = phase->figures.value[METRIC_RAW_NS_PER_OP] * phase->figures.value[METRIC_OPERATIONS];
	return isfinite(ns) ? ns / 1e9 : 0;
}

static int add_line(const struct result_phase *phase, enum metric_kind kind, struct text *log)
{
	struct text plain = {0}, compressed = {0};
	const struct result_histogram *histogram = &phase->latency[kind].histogram;
	add_histogram(&plain, histogram);
	int result = deflate_text(&plain, &compressed);
	if (result == 0) {
		text_add(log, "Tag=%s,0.000,%.3f,%.6f,", metric_kind_name[kind], seconds_measured(phase),
			 (double)histogram->max / 1e6);
		add_base64(log, &compressed);
		text_add(log, "\n");
	}
	text_release(&plain);
	text_release(&compressed);
	return result;
}

/* NULL: none. */
static const struct result_phase *logged_phase(const struct result_arm *arm)
{
	return arm->figures_phase < arm->phase_count ? &arm->phases[arm->figures_phase] : NULL;
}

bool result_has_hlog(const struct result_arm *arm)
{
	const struct result_phase *phase = logged_phase(arm);
	for (int kind = 0; phase && kind < METRIC_KIND_COUNT; kind++)
		if (phase->latency[kind].count)
			return true;
	return false;
}

int result_hlog(const struct result_arm *arm, const char *started, struct text *log, struct error *error)
{
	assert(started);
	text_add(log, "#[iovabench: latencies in nanoseconds; the column Interval_Max is in milliseconds]\n"
		      "#[Histogram log format version 1.3]\n");
	add_start_time(started, log);
	text_add(log, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
	int result = 0;
	const struct result_phase *phase = logged_phase(arm);
	for (int kind = 0; phase && kind < METRIC_KIND_COUNT && result == 0; kind++)
		if (phase->latency[kind].count)
			result = add_line(phase, (enum metric_kind)kind, log);
	if (result < 0 || log->failed)
		return error_set(error, EXIT_CODE_IO, "histogram log: no memory to write it");
	return 0;
}
