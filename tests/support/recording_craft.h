/* SPDX-License-Identifier: MIT
 * Compact files with right checksums around any content: what a damaged disk cannot make, but a hostile or faulty writer
 * can. */
#ifndef UNIT_RECORDING_CRAFT_H
#define UNIT_RECORDING_CRAFT_H

#include "base/hash.h"
#include "trace/recording_layout.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define CRAFT_BYTES_MAX (1u << 21)

/* Limits: 1 + (list index) of them for each list. */
struct craft {
	uint64_t version, page_bytes, cpus, domains, slots, ops, hash, limits_count, limits_each, source_bytes;
	uint64_t block_ops, block_unpacked; /* what the combination says */
};

static inline void craft_number(uint8_t *file, size_t *length, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		file[(*length)++] = (uint8_t)(value >> (8 * i));
}

static inline void craft_header(const struct craft *craft, uint8_t *file, size_t *length)
{
	memcpy(file, LAYOUT_MAGIC, LAYOUT_MAGIC_BYTES);
	*length = LAYOUT_MAGIC_BYTES;
	uint64_t bytes =
		LAYOUT_HEADER_FIXED_BYTES + craft->limits_count * (1 + 8 * craft->limits_each) + LAYOUT_CHECKSUM_BYTES;
	craft_number(file, length, craft->version, 4);
	craft_number(file, length, bytes, 4);
	craft_number(file, length, craft->page_bytes, 4);
	craft_number(file, length, craft->cpus, 4);
	craft_number(file, length, craft->domains, 4);
	craft_number(file, length, craft->slots, 4);
	craft_number(file, length, craft->ops, 8);
	craft_number(file, length, craft->hash, 8);
	craft_number(file, length, craft->limits_count, 2);
	craft_number(file, length, craft->source_bytes, 2);
	for (uint64_t i = 0; i < craft->limits_count; i++) {
		craft_number(file, length, craft->limits_each, 1);
		for (uint64_t j = 0; j < craft->limits_each; j++)
			craft_number(file, length, 0xfffff + j, 8);
	}
	craft_number(file, length, hash_bytes(HASH_START, file, *length), 8);
}

/* One combination with these unpacked bytes. Returns the file (released with free) or NULL: too long. */
static inline uint8_t *craft_file(const struct craft *craft, const void *unpacked, size_t unpacked_bytes, size_t *length)
{
	uint8_t *file = malloc(CRAFT_BYTES_MAX);
	if (!file || unpacked_bytes > CRAFT_BYTES_MAX / 4) {
		free(file);
		return NULL;
	}
	craft_header(craft, file, length);
	size_t head = *length, packed_at = head + LAYOUT_BLOCK_HEAD_BYTES;
	size_t packed = ZSTD_compress(file + packed_at, CRAFT_BYTES_MAX - packed_at, unpacked, unpacked_bytes, 1);
	craft_number(file, length, craft->block_ops, 4);
	craft_number(file, length, craft->block_unpacked, 4);
	craft_number(file, length, packed, 4);
	uint64_t sum = hash_bytes(HASH_START, file + head, 12);
	craft_number(file, length, hash_bytes(sum, file + packed_at, packed), 8);
	*length = packed_at + packed;
	return file;
}

#endif
