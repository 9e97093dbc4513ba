/* SPDX-License-Identifier: MIT
 * Bytes of the compact file that its reader and its writer must agree on. Numbers are little-endian. */
#ifndef TRACE_RECORDING_LAYOUT_H
#define TRACE_RECORDING_LAYOUT_H

#include "stream/recording.h"

#include <stddef.h>
#include <stdint.h>

/* As PNG's: a file that lost its eighth bit or had its line ends changed is noticed at once. */
#define LAYOUT_MAGIC "\x89IOVA\r\n\x1a"
#define LAYOUT_MAGIC_BYTES 8
#define LAYOUT_VERSION 2u
#define LAYOUT_VERSION_PLAIN 1u /* without facts; is written where there are none */

/* Header: magic 8, version 4, header bytes 4, page bytes 4, cpus 4, domains 4, slots 4, operations 8, content hash 8,
 * limits count 2, source bytes 2; the limits (count 1, then 8 each); from version 2 on the facts (count 1, then 8 each); the
 * source; checksum 8 of all that. */
#define LAYOUT_HEADER_FIXED_BYTES 52u
#define LAYOUT_CHECKSUM_BYTES 8u
#define LAYOUT_HEADER_BYTES_MAX                                                                                            \
	(LAYOUT_HEADER_FIXED_BYTES + RECORDING_LIMITS_MAX * (1 + 8 * WORKLOAD_HIGHS_MAX) + 1 + 8 * UINT8_MAX +             \
	 UINT16_MAX + LAYOUT_CHECKSUM_BYTES)

/* Block: operations 4, bytes unpacked 4, bytes packed 4, checksum 8 of these 12 and the packed bytes; packed bytes (zstd). */
#define LAYOUT_BLOCK_HEAD_BYTES 20u
#define LAYOUT_BLOCK_OPS 65536u
#define LAYOUT_OP_BYTES_MAX 16u
/* What zstd makes of a block that does not pack, as ZSTD_compressBound has it, and more. */
#define LAYOUT_BLOCK_BYTES_MAX (LAYOUT_BLOCK_HEAD_BYTES + LAYOUT_BLOCK_OPS * LAYOUT_OP_BYTES_MAX / 128 * 129)

/* Operation: a number whose low bits tell what follows; its other bits are the slot of a free, the pages of an allocation. */
#define LAYOUT_OP_FREE 1u
#define LAYOUT_OP_CPU 2u    /* the CPU follows; else as the operation before, 0 at a block's start */
#define LAYOUT_OP_DOMAIN 4u /* likewise */
#define LAYOUT_OP_LIMITS 8u /* limits and refused follow; else as the allocation before, 0 and 0 at a block's start */
#define LAYOUT_OP_SHIFT 4

/* What an operation inherits. Zero at the start of a block. */
struct layout_context {
	uint16_t cpu;
	uint8_t domain;
	uint8_t limits;
	uint8_t refused;
};

/* The content hash takes words: operations first, one after the other, then the frame of the recording. */
static inline uint64_t layout_hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ (hash >> 29);
}

static inline uint64_t layout_hash_op(uint64_t hash, const struct recording_op *op)
{
	hash = layout_hash_word(hash, op->slot | (uint64_t)op->count << 32);
	return layout_hash_word(hash, op->cpu | (uint64_t)op->domain << 16 | (uint64_t)op->limits << 24 |
					      (uint64_t)op->refused << 32);
}

static inline uint64_t layout_hash_frame(uint64_t hash, const struct recording *recording)
{
	hash = layout_hash_word(hash, recording->op_count);
	hash = layout_hash_word(hash, recording->slot_count | (uint64_t)recording->cpus << 32);
	hash = layout_hash_word(hash, recording->domain_count | (uint64_t)recording->limits_count << 32);
	for (size_t i = 0; i < recording->limits_count; i++) {
		const struct recording_limits *limits = &recording->limits[i];
		hash = layout_hash_word(hash, limits->count);
		for (size_t j = 0; j < limits->count; j++)
			hash = layout_hash_word(hash, limits->high[j]);
	}
	/* What was recorded in pages of 4 KiB keeps the hash that it had before there were others. */
	if (recording_page_bytes(recording) != RECORDING_PAGE_BYTES_MIN)
		hash = layout_hash_word(hash, recording_page_bytes(recording));
	return hash;
}

#endif
