/* SPDX-License-Identifier: MIT
 * Memory of the program itself (not of the allocators under test, which get theirs from a host). Every request goes
 * through here, so that tests can make the n-th one fail. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* count objects of bytes each, zeroed, or NULL (also when the product overflows). count or bytes may be 0: the result
 * is then a pointer that memory_release takes. Released with memory_release. */
void *memory_zeroed(size_t count, size_t bytes) __attribute__((warn_unused_result));

/* As memory_zeroed, written to, and from MEMORY_HUGE_LEAST on in huge pages where the system has some: neither faults nor
 * where its pages happen to lie in physical memory show in times. */
void *memory_zeroed_huge(size_t count, size_t bytes) __attribute__((warn_unused_result));
#define MEMORY_HUGE_LEAST ((size_t)64 << 10) /* bytes */

/* As realloc to count objects of bytes each; NULL on failure, the old block is then still valid. New bytes are not set. */
void *memory_resize(void *memory, size_t count, size_t bytes) __attribute__((warn_unused_result));

/* A copy of text, or NULL; NULL for NULL. */
char *memory_text(const char *text) __attribute__((warn_unused_result));

void memory_release(void *memory);

/* Makes room for one more element in a growing array: *array has *capacity elements of bytes each, count of them used, or
 * wanted below 16 of one that has none yet. Returns 0, or -1 without memory (everything as it was). Amortised O(1). */
int memory_grow(void *array, size_t *capacity, size_t count, size_t bytes) __attribute__((warn_unused_result));

/* Addresses for bytes that come to memory later, aligned to a huge page, or NULL: a program may have far more of them than
 * of memory, and they count against none of its limits but that of addresses (ulimit -v). Given back with
 * memory_give_addresses, of NULL too, and all that was backed with them. */
void *memory_addresses(size_t bytes) __attribute__((warn_unused_result));
void memory_give_addresses(void *addresses, size_t bytes);

/* Zeroed memory at some of them that had none; both are multiples of 64 KiB, the largest page. Returns 0, or -1 without
 * memory: they are as they were. */
int memory_back(void *addresses, size_t bytes) __attribute__((warn_unused_result));

/* For tests: the request after `passes` more ones fails, once; UINT64_MAX switches this off. memory_requests counts. */
void memory_fail_after(uint64_t passes);
uint64_t memory_requests(void);

#endif
