/* SPDX-License-Identifier: MIT
 * The host of allocators under test: what memory it gives, what it counts, what it takes back. */
#include "play/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	return arena_create(&arena, false, 3, NULL);
}

static int set_up_prefault(void **state)
{
	(void)state;
	return arena_create(&arena, true, 3, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

static unsigned char *get(size_t bytes)
{
	return arena.host.memory_get(arena.host.context, bytes);
}

static void put(void *memory, size_t bytes)
{
	arena.host.memory_put(arena.host.context, memory, bytes);
}

static bool is_zero(const unsigned char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (memory[i])
			return false;
	return true;
}

static void blocks_are_aligned_and_do_not_touch(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 10, 64, 65, 4095, 4096, 4097, 100000};
	unsigned char *end = NULL;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		unsigned char *memory = get(sizes[i]);
		assert_true(memory >= end);
		assert_int_equal((uintptr_t)memory % (sizes[i] >= 4096 ? 4096 : 64), 0);
		memset(memory, 0xff, sizes[i]);
		end = memory + sizes[i];
	}
}

static void no_bytes_are_a_block_too(void **state)
{
	(void)state;
	unsigned char *memory = get(0);
	assert_non_null(memory);
	assert_ptr_not_equal(memory, get(0));
	put(memory, 0);
	put(NULL, 77);
}

static void what_comes_back_wrong_is_noted_and_changes_nothing(void **state)
{
	(void)state;
	unsigned char *small = get(100), *pages = get(3 * 4096), *top = get(8192);
	assert_int_equal(arena.book.blocks, 3);
	assert_int_equal(arena.book.bytes, 100 + 5 * 4096);
	memset(pages, 7, 3 * 4096);
	put(pages + 4096, 4096);
	put(pages + 8, 4096);
	put(pages - 64, 64);
	put(arena.base + arena.bytes, 64);
	put(&arena, 64);
	assert_int_equal(arena.book.faults, 5);
	assert_non_null(strstr(arena.book.fault, "never handed out: 64 bytes"));
	assert_int_equal(pages[0] + pages[4096] + pages[3 * 4096 - 1], 21);
	put(small, 100);
	put(small, 100);
	assert_int_equal(arena.book.faults, 6);
	assert_string_equal(arena.book.fault, "memory was given back twice: 100 bytes");
	assert_ptr_equal(get(100), small);
	assert_ptr_not_equal(get(100), small);
	put(top, 8192);
	put(top, 8192);
	assert_int_equal(arena.book.faults, 7);
	assert_non_null(strstr(arena.book.fault, "twice"));
	put(pages, 4096);
	assert_int_equal(arena.book.faults, 8);
	assert_non_null(strstr(arena.book.fault, "4096 bytes of 12288"));
	assert_int_equal(arena.book.blocks, 2);
	assert_int_equal(arena.book.bytes, 200);
	arena_reset(&arena);
	assert_int_equal(arena.book.blocks + arena.book.faults, 0);
	put(small, 100);
	assert_non_null(strstr(arena.book.fault, "never handed out"));
	/* What is asked for without bytes goes back without bytes. */
	put(get(0), 0);
	assert_int_equal(arena.book.faults, 1);
}

/* Every size, in an order of their own: nothing is a fault, and at the end nothing is out. */
static void what_comes_back_right_leaves_nothing(void **state)
{
	(void)state;
	enum { BLOCKS = 300 };
	struct {
		void *memory;
		size_t bytes;
	} blocks[BLOCKS] = {0};
	uint64_t random = 1;
	for (int i = 0; i < 100000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		size_t at = (size_t)(random >> 40) % BLOCKS, bytes = (size_t)(random >> 33) % 127;
		bytes = (random >> 62) == 0 ? bytes * 257 : bytes * 33;
		if (blocks[at].memory) {
			put(blocks[at].memory, blocks[at].bytes);
			blocks[at].memory = NULL;
		} else {
			blocks[at].memory = get(bytes);
			blocks[at].bytes = bytes;
			assert_non_null(blocks[at].memory);
		}
	}
	for (int i = 0; i < BLOCKS; i++)
		put(blocks[i].memory, blocks[i].bytes);
	assert_int_equal(arena.book.faults, 0);
	assert_int_equal(arena.book.blocks, 0);
	assert_int_equal(arena.book.bytes, 0);
}

static void the_host_tells_its_cpus(void **state)
{
	(void)state;
	assert_int_equal(arena.host.cpus, 3);
	assert_int_equal(arena.host.size, sizeof(struct iova_host));
}

static void what_was_reset_is_zero_again(void **state)
{
	(void)state;
	unsigned char *before = get(300000);
	memset(before, 0xee, 300000);
	memset(get(64), 0xee, 64);
	arena_reset(&arena);
	unsigned char *after = get(300000);
	assert_ptr_equal(after, before);
	assert_true(is_zero(after, 300000));
	assert_true(is_zero(get(64), 64));
}

static void a_sparse_giant_is_zero_after_a_reset(void **state)
{
	(void)state;
	unsigned char *memory = get((size_t)1 << 32);
	memory[0] = memory[((size_t)1 << 32) - 1] = 1;
	arena_reset(&arena);
	memory = get((size_t)1 << 32);
	assert_int_equal(memory[0] + memory[((size_t)1 << 32) - 1], 0);
}

static void resident_bytes_are_what_was_touched(void **state)
{
	(void)state;
	assert_int_equal(arena_resident_bytes(&arena), 0);
	unsigned char *memory = get((size_t)1 << 30);
	assert_int_equal(arena_resident_bytes(&arena), 0);
	for (size_t page = 0; page < 100; page++)
		memory[page * 4096 * 1000] = 1;
	assert_int_equal(arena_resident_bytes(&arena), 100 * 4096);
}

static void what_is_put_is_no_longer_resident(void **state)
{
	(void)state;
	unsigned char *first = get(40 * 4096);
	unsigned char *second = get(4096);
	memset(first, 1, 40 * 4096);
	memset(second, 1, 4096);
	put(first, 40 * 4096);
	assert_int_equal(arena_resident_bytes(&arena), 4096);
	assert_int_equal(second[4095], 1);
}

static void the_last_block_is_handed_out_again_as_zeroes(void **state)
{
	(void)state;
	unsigned char *memory = get(10000);
	memset(memory, 7, 10000);
	put(memory, 10000);
	assert_ptr_equal(get(20000), memory);
	assert_true(is_zero(memory, 20000));
}

static void small_blocks_are_handed_out_again_as_zeroes(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		unsigned char *memory = get(100);
		assert_true(is_zero(memory, 100));
		memset(memory, 0xff, 100);
		put(memory, 100);
	}
	assert_true(arena_resident_bytes(&arena) <= 4096);
	/* 100 bytes took two steps of 64: so may 128, and they are clean to their end. */
	assert_true(is_zero(get(128), 128));
}

static void small_blocks_of_before_a_reset_are_forgotten(void **state)
{
	(void)state;
	unsigned char *memory = get(64);
	put(memory, 64);
	arena_reset(&arena);
	unsigned char *one = get(64), *two = get(64);
	assert_ptr_equal(one, memory);
	assert_ptr_not_equal(one, two);
}

static void what_is_too_much_is_null(void **state)
{
	(void)state;
	assert_null(get(SIZE_MAX));
	assert_null(get(arena.bytes + 1));
	assert_non_null(get(arena.bytes - 4096));
	assert_null(get(4097));
	assert_non_null(get(4096));
	assert_null(get(1));
}

static void requests_are_counted(void **state)
{
	(void)state;
	get(1);
	get(5000);
	assert_int_equal(arena.requests, 2);
}

static void prefault_backs_what_is_handed_out(void **state)
{
	(void)state;
	get(1 << 20);
	assert_true(arena_resident_bytes(&arena) >= 1 << 20);
	get(ARENA_PREFAULT_BYTES + 4096);
	assert_true(arena_resident_bytes(&arena) < ARENA_PREFAULT_BYTES);
}

static void prefaulted_memory_is_zero_and_backed_after_a_reset(void **state)
{
	(void)state;
	unsigned char *memory = get(2 << 20);
	memset(memory, 3, 2 << 20);
	arena_reset(&arena);
	assert_true(arena_resident_bytes(&arena) >= 2 << 20);
	assert_true(is_zero(get(2 << 20), 1 << 20));
}

/* Giving back would break up the huge page around it. */
static void prefaulted_memory_stays_and_serves_the_same_size_again(void **state)
{
	(void)state;
	unsigned char *memory = get(2 << 20), *other = get(8192);
	memset(memory, 3, 2 << 20);
	memset(other, 3, 8192);
	uint64_t resident = arena_resident_bytes(&arena);
	put(other, 8192);
	put(memory, 2 << 20);
	assert_true(arena_resident_bytes(&arena) == resident);
	assert_true(get(4096) != memory);
	assert_ptr_equal(get(2 << 20), memory);
	assert_true(is_zero(memory, 2 << 20));
	assert_ptr_equal(get(8192), other);
	assert_true(is_zero(other, 8192));
	put(other, 8192);
	arena_reset(&arena);
	assert_true(get(8192) != NULL && is_zero(get(8192), 8192));
}

static void prefault_gives_large_memory_back(void **state)
{
	(void)state;
	unsigned char *memory = get(ARENA_PREFAULT_BYTES + 4096);
	memset(memory, 3, ARENA_PREFAULT_BYTES);
	put(memory, ARENA_PREFAULT_BYTES + 4096);
	assert_int_equal(arena_resident_bytes(&arena), 0);
	assert_ptr_equal(get(4096), memory);
	assert_true(arena_resident_bytes(&arena) >= 4096);
}

static void locks_can_be_taken(void **state)
{
	(void)state;
	void *lock = arena.host.lock_create(arena.host.context);
	assert_non_null(lock);
	arena.host.lock_acquire(arena.host.context, lock);
	arena.host.lock_release(arena.host.context, lock);
	arena.host.lock_destroy(arena.host.context, lock);
	/* Without a kind nothing is locked, and nobody waits. */
	arena.lock_kind = LOCK_NONE;
	lock = arena.host.lock_create(arena.host.context);
	arena.host.lock_acquire(arena.host.context, lock);
	arena.host.lock_acquire(arena.host.context, lock);
	arena.host.lock_release(arena.host.context, lock);
	arena.host.lock_destroy(arena.host.context, lock);
}

int main(void)
{
#define IN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define IN_PREFAULT(test) cmocka_unit_test_setup_teardown(test, set_up_prefault, tear_down)
	const struct CMUnitTest tests[] = {
		IN(blocks_are_aligned_and_do_not_touch),
		IN(no_bytes_are_a_block_too),
		IN(what_comes_back_wrong_is_noted_and_changes_nothing),
		IN(what_comes_back_right_leaves_nothing),
		IN(the_host_tells_its_cpus),
		IN(what_was_reset_is_zero_again),
		IN(a_sparse_giant_is_zero_after_a_reset),
		IN(resident_bytes_are_what_was_touched),
		IN(what_is_put_is_no_longer_resident),
		IN(the_last_block_is_handed_out_again_as_zeroes),
		IN(small_blocks_are_handed_out_again_as_zeroes),
		IN(small_blocks_of_before_a_reset_are_forgotten),
		IN(what_is_too_much_is_null),
		IN(requests_are_counted),
		IN_PREFAULT(prefault_backs_what_is_handed_out),
		IN_PREFAULT(prefaulted_memory_is_zero_and_backed_after_a_reset),
		IN_PREFAULT(prefaulted_memory_stays_and_serves_the_same_size_again),
		IN_PREFAULT(prefault_gives_large_memory_back),
		IN(locks_can_be_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
