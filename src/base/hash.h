/* SPDX-License-Identifier: MIT
 * 64-bit FNV-1a, by which damage is told and content is recognised: no change of a single byte escapes it, and others by one
 * chance in 2^64. It is no protection against forgers. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* hash: HASH_START, or what came before. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	assert(bytes || !length);
	const unsigned char *at = bytes;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
