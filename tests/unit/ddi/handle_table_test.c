/* SPDX-License-Identifier: MIT
 * Goal: a handle names exactly one life of one object; a stale one and one of another kind are told apart; entries stay where
 * they are. Method: single facts with numbers worked out by hand, then a long random life against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "ddi/handle_table.h"

#include <stdlib.h>
#include <sys/resource.h>

#define OTHER_KIND ((enum handle_kind)(HANDLE_CONTIGUOUS + 1))

static int open_table(void **state)
{
	static struct handle_table table;
	assert_int_equal(handle_table_open(&table), 0);
	*state = &table;
	return 0;
}

static int close_table(void **state)
{
	handle_table_close(*state);
	return 0;
}

static ddi_handle take(struct handle_table *table, enum handle_kind kind)
{
	assert_int_equal(handle_table_prepare(table), 0);
	return handle_table_take(table, kind)->handle;
}

static enum ntstatus find(const struct handle_table *table, ddi_handle handle, enum handle_kind kind)
{
	struct handle_entry *entry = NULL;
	enum ntstatus status = handle_table_find(table, handle, kind, &entry);
	assert_true((status == NTSTATUS_SUCCESS) == (entry != NULL));
	return status;
}

static void drop(struct handle_table *table, ddi_handle handle)
{
	handle_table_drop(table, handle_table_entry(table, handle & HANDLE_INDEX_MASK));
}

static void the_first_handle_is_generation_1_of_index_0(void **state)
{
	assert_int_equal(take(*state, HANDLE_CONTIGUOUS), 0x0000000110000000);
}

static void zero_is_never_a_handle(void **state)
{
	assert_int_equal(find(*state, 0, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	take(*state, HANDLE_CONTIGUOUS);
	assert_int_equal(find(*state, 0, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(*state, 0, HANDLE_DEAD), NTSTATUS_INVALID_HANDLE);
}

static void a_dropped_handle_is_invalid_also_when_its_entry_lives_again(void **state)
{
	ddi_handle first = take(*state, HANDLE_CONTIGUOUS);
	drop(*state, first);
	assert_int_equal(find(*state, first, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	ddi_handle second = take(*state, HANDLE_CONTIGUOUS);
	assert_int_equal(second & HANDLE_INDEX_MASK, first & HANDLE_INDEX_MASK);
	assert_int_equal(find(*state, first, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(*state, second, HANDLE_CONTIGUOUS), NTSTATUS_SUCCESS);
}

static void a_live_handle_of_another_kind_is_a_type_mismatch(void **state)
{
	ddi_handle other = take(*state, OTHER_KIND);
	assert_int_equal(find(*state, other, HANDLE_CONTIGUOUS), NTSTATUS_OBJECT_TYPE_MISMATCH);
	assert_int_equal(find(*state, other, OTHER_KIND), NTSTATUS_SUCCESS);
}

static void a_stale_handle_of_another_kind_is_invalid_and_no_mismatch(void **state)
{
	ddi_handle other = take(*state, OTHER_KIND);
	drop(*state, other);
	assert_int_equal(find(*state, other, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
}

static void a_handle_whose_kind_bits_were_changed_is_invalid(void **state)
{
	ddi_handle handle = take(*state, HANDLE_CONTIGUOUS);
	ddi_handle forged = handle ^ (UINT64_C(3) << HANDLE_KIND_SHIFT);
	assert_int_equal(find(*state, forged, OTHER_KIND), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(*state, forged, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
}

static void what_a_dead_entry_holds_is_no_handle(void **state)
{
	ddi_handle handle = take(*state, HANDLE_CONTIGUOUS);
	drop(*state, handle);
	ddi_handle dead = handle_table_entry(*state, 0)->handle;
	assert_int_equal(find(*state, dead, HANDLE_DEAD), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(*state, dead, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
}

static void an_index_beyond_the_table_is_invalid(void **state)
{
	ddi_handle handle = take(*state, HANDLE_CONTIGUOUS);
	assert_int_equal(find(*state, handle | HANDLE_INDEX_MASK, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(*state, UINT64_MAX, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
}

static void an_entry_whose_generations_are_used_up_is_never_taken_again(void **state)
{
	struct handle_table *table = *state;
	drop(table, take(table, HANDLE_CONTIGUOUS));
	handle_table_entry(table, 0)->handle = (uint64_t)UINT32_MAX << HANDLE_GENERATION_SHIFT | HANDLE_INDEX_NONE;
	ddi_handle last = take(table, HANDLE_CONTIGUOUS);
	assert_int_equal(last, 0xffffffff10000000);
	drop(table, last);
	ddi_handle next = take(table, HANDLE_CONTIGUOUS);
	assert_int_equal(next, 0x0000000110000001);
	assert_int_equal(find(table, last, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(find(table, UINT64_C(1) << HANDLE_KIND_SHIFT, HANDLE_CONTIGUOUS), NTSTATUS_INVALID_HANDLE);
	assert_int_equal(table->live, 1);
}

static void entries_do_not_move_when_the_table_grows(void **state)
{
	struct handle_table *table = *state;
	take(table, HANDLE_CONTIGUOUS);
	struct handle_entry *before = handle_table_entry(table, 0);
	for (uint64_t i = 0; i < 3 * HANDLE_CHUNK_ENTRIES; i++)
		take(table, HANDLE_CONTIGUOUS);
	assert_ptr_equal(handle_table_entry(table, 0), before);
	assert_int_equal(table->capacity, 4 * HANDLE_CHUNK_ENTRIES);
}

/* Contiguous memory touches no second half; the others take 32 bytes more. */
static void ten_thousand_live_handles_cost_at_most_64_bytes_each(void **state)
{
	struct handle_table *table = *state;
	for (int i = 0; i < 10000; i++)
		take(table, HANDLE_CONTIGUOUS);
	assert_true(table->capacity * sizeof(struct handle_entry) <= 64 * table->live);
}

static void reserved_handles_are_taken_without_asking_for_memory(void **state)
{
	assert_int_equal(handle_table_reserve(*state, HANDLE_CHUNK_ENTRIES + 1), 0);
	uint64_t requests = memory_requests();
	for (uint64_t i = 0; i < HANDLE_CHUNK_ENTRIES + 1; i++)
		take(*state, HANDLE_CONTIGUOUS);
	assert_int_equal(memory_requests(), requests);
}

static void reserving_keeps_live_handles(void **state)
{
	ddi_handle handle = take(*state, HANDLE_CONTIGUOUS);
	assert_int_equal(handle_table_reserve(*state, 10000), 0);
	assert_int_equal(find(*state, handle, HANDLE_CONTIGUOUS), NTSTATUS_SUCCESS);
}

static void more_handles_than_there_are_indices_are_refused_at_once(void **state)
{
	struct handle_table *table = *state;
	assert_int_equal(handle_table_reserve(table, DDI_HANDLES_MAX + 1), -1);
	assert_int_equal(table->capacity, 0);
}

static void without_memory_for_a_chunk_preparing_fails_and_works_later(void **state)
{
	memory_fail_after(0);
	assert_int_equal(handle_table_prepare(*state), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(((struct handle_table *)*state)->capacity, 0);
	take(*state, HANDLE_CONTIGUOUS);
}

static void an_entry_dropped_last_is_taken_first(void **state)
{
	ddi_handle handles[4];
	for (size_t i = 0; i < 4; i++)
		handles[i] = take(*state, HANDLE_CONTIGUOUS);
	drop(*state, handles[2]);
	drop(*state, handles[0]);
	drop(*state, handles[3]);
	static const unsigned order[] = {3, 0, 2, 4, 5};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		assert_int_equal(take(*state, OTHER_KIND) & HANDLE_INDEX_MASK, order[i]);
}

/* Of none, one and two that are dead before it. */
static void two_that_were_prepared_are_taken_without_memory(void **state)
{
	struct handle_table *table = *state;
	for (unsigned dead = 0; dead <= 2; dead++) {
		ddi_handle handles[2] = {take(table, HANDLE_CONTIGUOUS), take(table, HANDLE_CONTIGUOUS)};
		while (table->dead != HANDLE_INDEX_NONE)
			take(table, OTHER_KIND);
		for (unsigned i = 0; i < dead; i++)
			drop(table, handles[i]);
		assert_int_equal(handle_table_prepare_pair(table), 0);
		uint64_t used = table->used;
		struct handle_entry *first = handle_table_next(table);
		assert_ptr_equal(handle_table_take(table, OTHER_KIND), first);
		assert_ptr_not_equal(handle_table_take(table, OTHER_KIND), first);
		assert_int_equal(table->used, used);
		assert_true(table->dead == HANDLE_INDEX_NONE);
	}
}

/* A sanitizer takes terabytes of them, and clang tells nothing of its own. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || defined __clang__
#define ADDRESSES_CAN_BE_LIMITED 0
#else
#define ADDRESSES_CAN_BE_LIMITED 1
#endif

#if ADDRESSES_CAN_BE_LIMITED
static void where_addresses_are_limited_an_eighth_of_them_is_set_aside(void **state)
{
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)4 << 30;
	handle_table_close(*state);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	int opened = handle_table_open(*state);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(opened, 0);
	assert_int_equal(((struct handle_table *)*state)->room, 1 << 23);
}
#endif

static void where_all_room_is_used_preparing_fails(void **state)
{
	struct handle_table *table = *state;
	uint64_t room = table->room;
	table->room = HANDLE_CHUNK_ENTRIES;
	ddi_handle handle = 0;
	for (uint64_t i = 0; i < HANDLE_CHUNK_ENTRIES; i++)
		handle = take(table, HANDLE_CONTIGUOUS);
	assert_int_equal(handle_table_prepare(table), -1);
	assert_int_equal(handle_table_reserve(table, HANDLE_CHUNK_ENTRIES + 1), -1);
	drop(table, handle);
	assert_int_equal(handle_table_prepare_pair(table), -1);
	assert_int_equal(take(table, OTHER_KIND) & HANDLE_INDEX_MASK, HANDLE_CHUNK_ENTRIES - 1);
	table->room = room;
}

static void the_last_index_is_never_given(void **state)
{
	struct handle_table *table = *state;
	table->used = table->capacity = DDI_HANDLES_MAX;
	assert_int_equal(handle_table_prepare(table), -1);
}

static void a_long_random_life_agrees_with_a_plain_list(void **state)
{
	enum { LIVE = 300, STEPS = 300000 };
	struct {
		ddi_handle handle;
		enum handle_kind kind;
	} live[LIVE];
	ddi_handle stale[LIVE];
	size_t live_count = 0, stale_count = 0;
	struct rng rng;
	rng_seed(&rng, 7);
	for (int step = 0; step < STEPS; step++) {
		if (live_count < LIVE && rng_below(&rng, 2)) {
			enum handle_kind kind = rng_below(&rng, 2) ? HANDLE_CONTIGUOUS : OTHER_KIND;
			live[live_count].kind = kind;
			live[live_count].handle = take(*state, kind);
			live_count++;
		} else if (live_count) {
			size_t victim = rng_below(&rng, live_count);
			drop(*state, live[victim].handle);
			stale[stale_count < LIVE ? stale_count++ : rng_below(&rng, LIVE)] = live[victim].handle;
			live[victim] = live[--live_count];
		}
		if (live_count) {
			size_t probe = rng_below(&rng, live_count);
			assert_int_equal(find(*state, live[probe].handle, HANDLE_CONTIGUOUS),
					 live[probe].kind == HANDLE_CONTIGUOUS ? NTSTATUS_SUCCESS
									       : NTSTATUS_OBJECT_TYPE_MISMATCH);
		}
		if (stale_count)
			assert_int_equal(find(*state, stale[rng_below(&rng, stale_count)], HANDLE_CONTIGUOUS),
					 NTSTATUS_INVALID_HANDLE);
		assert_int_equal(((struct handle_table *)*state)->live, live_count);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_handle_is_generation_1_of_index_0),
		TEST(zero_is_never_a_handle),
		TEST(a_dropped_handle_is_invalid_also_when_its_entry_lives_again),
		TEST(a_live_handle_of_another_kind_is_a_type_mismatch),
		TEST(a_stale_handle_of_another_kind_is_invalid_and_no_mismatch),
		TEST(a_handle_whose_kind_bits_were_changed_is_invalid),
		TEST(what_a_dead_entry_holds_is_no_handle),
		TEST(an_index_beyond_the_table_is_invalid),
		TEST(an_entry_whose_generations_are_used_up_is_never_taken_again),
		TEST(entries_do_not_move_when_the_table_grows),
		TEST(ten_thousand_live_handles_cost_at_most_64_bytes_each),
		TEST(reserved_handles_are_taken_without_asking_for_memory),
		TEST(reserving_keeps_live_handles),
		TEST(more_handles_than_there_are_indices_are_refused_at_once),
		TEST(without_memory_for_a_chunk_preparing_fails_and_works_later),
		TEST(an_entry_dropped_last_is_taken_first),
		TEST(two_that_were_prepared_are_taken_without_memory),
#if ADDRESSES_CAN_BE_LIMITED
		TEST(where_addresses_are_limited_an_eighth_of_them_is_set_aside),
#endif
		TEST(where_all_room_is_used_preparing_fails),
		TEST(the_last_index_is_never_given),
		TEST(a_long_random_life_agrees_with_a_plain_list),
	};
	return cmocka_run_group_tests_name("handle_table", tests, NULL, NULL);
}
