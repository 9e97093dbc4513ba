/* SPDX-License-Identifier: MIT
 * Feeds the reader of compact files. The first byte chooses: 0 the rest is a file; 1 a file whose checksums are put right
 * first; else the rest is the unpacked operations of one block, put into a file whose checksums are right. Build and run:
 *     clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc -Itests \
 *         -o build/recording_fuzz tests/fuzz/recording_fuzz.c src/base/{error,file,memory,text}.c src/stream/recording.c \
 *         src/trace/{recording_file,recording_writer,slots,stat}.c -lzstd -lm
 *     build/recording_fuzz -max_total_time=300 /tmp/corpus tests/fuzz/corpus/recording */
#include "base/hash.h"
#include "fuzz/recording_check.h"
#include "support/recording_craft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const void *bytes, size_t size)
{
	struct recording recording;
	struct error error = {0};
	char source[RECORDING_SOURCE_BYTES];
	if (recording_decode("fuzz", bytes, size, &recording, source, &error) == 0)
		check_recording(&recording);
	else
		assert(error.exit_code != EXIT_CODE_OK && !recording.ops);
	recording_release(&recording);
}

static uint64_t number_at(const uint8_t *bytes)
{
	return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24;
}

static void put_sum(uint8_t *at, uint64_t sum)
{
	size_t length = 0;
	craft_number(at, &length, sum, 8);
}

static void feed_mended(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size + 1);
	memcpy(file, data, size);
	uint64_t header = size >= LAYOUT_HEADER_FIXED_BYTES ? number_at(file + 12) : 0;
	if (header >= LAYOUT_HEADER_FIXED_BYTES + LAYOUT_CHECKSUM_BYTES && header <= size) {
		put_sum(file + header - 8, hash_bytes(HASH_START, file, header - 8));
		for (uint64_t at = header; size - at >= LAYOUT_BLOCK_HEAD_BYTES;) {
			uint64_t packed = number_at(file + at + 8);
			if (packed > size - at - LAYOUT_BLOCK_HEAD_BYTES)
				break;
			uint64_t sum = hash_bytes(HASH_START, file + at, 12);
			put_sum(file + at + 12, hash_bytes(sum, file + at + LAYOUT_BLOCK_HEAD_BYTES, packed));
			at += LAYOUT_BLOCK_HEAD_BYTES + packed;
		}
	}
	feed(file, size);
	free(file);
}

/* Refused in the end, for the hash of the content; every rule is looked at before that. */
static void feed_ops(const uint8_t *data, size_t size)
{
	if (size < 4)
		return;
	struct craft craft = {.version = 1,
			      .page_bytes = 4096,
			      .cpus = 1 + data[0] % 8u,
			      .domains = 1 + data[1] % 4u,
			      .slots = data[2],
			      .ops = data[3],
			      .limits_count = 2,
			      .limits_each = 2,
			      .block_ops = data[3],
			      .block_unpacked = size - 4};
	size_t length = 0;
	uint8_t *file = craft_file(&craft, data + 4, size - 4, &length);
	if (!file)
		return;
	feed(file, length);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		feed(data + 1, size - 1);
	else if (data[0] == 1)
		feed_mended(data + 1, size - 1);
	else
		feed_ops(data + 1, size - 1);
	return 0;
}
