/* SPDX-License-Identifier: MIT
 * The cached search by hand: placements, numbers of examined nodes, and the published anomalies of Linux's search. */
#include "base/bits.h"
#include "unit/allocator/linux_fixture.h"

#define MIB UINT64_C(256) /* in pages of 4 KiB */
#define PAGES_4GIB (UINT64_C(1) << 20)

static struct iova_extent take_below(uint64_t count, uint64_t limit)
{
	return get((struct iova_request){.count = count, .high = limit - 1, .constraints = IOVA_CONSTRAIN_LIMIT});
}

static struct iova_extent take_aligned(uint64_t count)
{
	uint64_t align = bits_power_of_two_ceil(count);
	return get((struct iova_request){.count = count, .align = align, .constraints = IOVA_CONSTRAIN_ALIGN});
}

static struct iova_extent put_at(uint64_t first, uint64_t count)
{
	struct iova_extent extent = {0};
	assert_int_equal(instance.table->place(instance.self, first, count, 0, &extent), IOVA_OK);
	return extent;
}

static void expect(struct iova_extent got, uint64_t first, uint64_t nodes)
{
	assert_int_equal(got.first, first);
	assert_int_equal(examined, nodes);
}

static void space_is_taken_from_the_top(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	expect(take(3), 97, 1);
	expect(take(2), 95, 1);
	expect(take(95), 0, 1);
	end();
}

/* [90, 100), [80, 90), [70, 80) live, the middle one freed: its neighbour above becomes the hint. */
static void a_free_at_the_hint_or_above_moves_it_up(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	struct iova_extent top = take(10), middle = take(10), low = take(10);
	give(middle);
	expect(take(4), 86, 1); /* from top */
	expect(take(7), 63, 2); /* from [86, 90): [80, 86) is too short; then from low */
	give(top);
	expect(take(2), 98, 1); /* from the anchor */
	give(low);              /* below the hint: nothing moves */
	expect(take(16), 70, 2);
	end();
}

static void a_free_below_the_hint_leaves_it(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	struct iova_extent one = take(10), two = take(10), three = take(10);
	give(one);
	expect(take(10), 90, 1); /* the hint is there now */
	give(three);
	give(two);
	expect(take(30), 60, 1);
	end();
}

static void the_place_is_rounded_down_to_the_alignment(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	expect(take_aligned(3), 96, 1);
	expect(take_aligned(33), 0, 1);
	/* One node below [0, 33); two down the tree to the limit; then [99, 100) is too short, [33, 96) is not. */
	expect(take(60), 36, 1 + 2 + 2);
	end();
}

static void a_place_that_crosses_a_boundary_steps_below_it(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	const struct iova_request request = {.count = 10, .boundary = 16, .constraints = IOVA_CONSTRAIN_BOUNDARY};
	expect(get(request), 86, 1); /* [90, 100) crosses 96 */
	expect(get(request), 70, 1); /* [76, 86) crosses 80 */
	struct iova_request longer = request;
	longer.count = 17;
	expect(get(longer), NOWHERE, 0);
	end();
}

static void a_walk_starts_at_the_limit_and_ends_at_low(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	expect(take_below(4, 50), 46, 1);
	struct iova_request request = {.count = 4, .low = 40, .high = 49, .constraints = IOVA_CONSTRAIN_LIMIT};
	expect(get(request), 42, 1);
	assert_int_equal(get(request).first, NOWHERE); /* [40, 42) is too short, [50, 100) above the limit */
	request.low = 60;
	request.high = 79;
	expect(get(request), NOWHERE, 0); /* the gate: 4 pages have failed */
	end();
}

static void without_the_gate_a_window_above_the_hint_is_found(void **state)
{
	(void)state;
	begin("linux:gate=no", 0, 100);
	assert_int_equal(take_below(4, 50).first, 46);
	const struct iova_request request = {.count = 4, .low = 60, .high = 79, .constraints = IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(get(request).first, 76);
	end();
}

static void holes_are_ranges_and_no_hints(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	put_at(95, 2);
	put_at(50, 10);
	expect(take(3), 97, 1);
	expect(take(3), 92, 2);  /* [97, 95 + 2) is empty; then below the hole */
	expect(take(40), 10, 2); /* [60, 92) is too short */
	end();
}

static void place_finds_what_is_taken(void **state)
{
	(void)state;
	struct iova_extent extent = {1, 2, 3};
	begin("linux", 10, 100);
	put_at(50, 10);
	assert_int_equal(instance.table->place(instance.self, 59, 1, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 45, 6, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 40, 30, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 9, 2, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 109, 2, 0, &extent), IOVA_TAKEN);
	assert_int_equal(extent.first, 1);
	put_at(45, 5);
	put_at(60, 50);
	put_at(10, 35);
	assert_int_equal(take(1).first, NOWHERE);
	end();
}

/* T above a ring: {free T; T = alloc 1; X = alloc 2; free X}. One page goes where T was; two pages fit nowhere above the
 * ring. */
static void play_law_5(uint64_t ring)
{
	begin("linux", 0, PAGES_4GIB);
	struct iova_extent t = take(1);
	for (uint64_t i = 0; i < ring; i++)
		take(1);
	for (int turn = 0; turn < 3; turn++) {
		give(t);
		t = take(1);
		assert_int_equal(examined, 1);
		struct iova_extent x = take(2);
		assert_int_equal(examined, ring + 1);
		give(x);
	}
	end();
}

static void two_pages_walk_a_ring_of_single_pages(void **state)
{
	(void)state;
	play_law_5(16);
	play_law_5(256);
	play_law_5(4096);
}

static void one_ring_takes_one_node(void **state)
{
	(void)state;
	static struct iova_extent ring[4096];
	begin("linux", 0, PAGES_4GIB);
	for (size_t i = 0; i < 4096; i++)
		ring[i] = take(1);
	for (size_t turn = 0; turn < 20000; turn++) {
		give(ring[turn % 4096]);
		ring[turn % 4096] = take(1);
		assert_int_equal(examined, 1);
	}
	end();
}

/* The commit that brought the retry tells this sequence. */
static uint64_t play_law_6(const char *spec)
{
	begin(spec, 0, 1024 * MIB);
	assert_int_equal(take(500 * MIB).first, 524 * MIB);
	struct iova_extent twelve = take(12 * MIB);
	assert_int_equal(twelve.first, 512 * MIB);
	assert_int_equal(take(499 * MIB).first, 13 * MIB);
	give(twelve);
	assert_int_equal(take(13 * MIB).first, 0);
	uint64_t first = take(2 * MIB).first;
	end();
	return first;
}

static void without_retry_space_above_the_hint_is_missed(void **state)
{
	(void)state;
	assert_int_equal(play_law_6("linux:gate=no,retry=no"), NOWHERE);
	assert_int_equal(play_law_6("linux:gate=no,retry=yes"), 522 * MIB);
	assert_int_equal(play_law_6("linux"), 522 * MIB);
}

/* [90, 100), [20, 80) and, where the hint is, [5, 20). */
static void make_hole_above_the_hint(void)
{
	begin("linux", 0, 100);
	take(10);
	struct iova_extent hole = take(10);
	take(60);
	give(hole);
	expect(take(15), 5, 2);
}

static void the_second_walk_starts_at_the_limit(void **state)
{
	(void)state;
	make_hole_above_the_hint();
	/* One node; two down the tree to [90, 100), which ends at the limit; there it is. */
	expect(take(8), 82, 1 + 2 + 1);
	end();
}

static void the_second_walk_ends_where_the_first_began(void **state)
{
	(void)state;
	make_hole_above_the_hint();
	/* One node; two down the tree; [10, 90) would reach below 20, where the hinted range ends. */
	expect(take(80), NOWHERE, 1 + 2 + 1);
	end();
}

#define DEPTH 2048

/* Nodes per allocation of two first-in first-out rings; ring B moves one page for every `pace` of A, or none for 0. */
static double play_rings(uint64_t pace, uint64_t turns)
{
	static struct iova_extent a[DEPTH], b[DEPTH];
	uint64_t allocations = 0, nodes = 0, next_b = 0;
	begin("linux", 0, PAGES_4GIB);
	for (size_t i = 0; i < DEPTH; i++)
		a[i] = take(1);
	for (size_t i = 0; pace && i < DEPTH; i++)
		b[i] = take(1);
	for (uint64_t turn = 0; turn < turns; turn++) {
		give(a[turn % DEPTH]);
		a[turn % DEPTH] = take(1);
		nodes += examined;
		allocations++;
		if (!pace || turn % pace != pace - 1)
			continue;
		give(b[next_b % DEPTH]);
		b[next_b++ % DEPTH] = take(1);
		nodes += examined;
		allocations++;
	}
	end();
	return (double)nodes / (double)allocations;
}

static void assert_near(double got, double expected, double tolerance)
{
	if (got < expected * (1 - tolerance) || got > expected * (1 + tolerance))
		fail_msg("%f is not %f within %f %%", got, expected, 100 * tolerance);
}

static void a_second_ring_makes_the_walk_half_a_ring(void **state)
{
	(void)state;
	assert_true(play_rings(0, 16384) == 1.0);
	assert_near(play_rings(1, 16384), 1024.5, 0.02);
	assert_near(play_rings(3, 3 * 2048), 510, 0.02);
}

#define ISA_PAGES (UINT64_C(1) << 12) /* 24 bits of address */

/* 16 MiB are full, all the rest is free. */
static struct iova_extent fill_isa(const char *spec)
{
	begin(spec, 0, 16 * PAGES_4GIB);
	return put_at(0, ISA_PAGES);
}

static void a_24_bit_failure_refuses_every_32_bit_request(void **state)
{
	(void)state;
	fill_isa("linux");
	struct iova_extent high = take_below(1, 2 * PAGES_4GIB), low = take_below(1, PAGES_4GIB);
	assert_int_equal(high.first, 2 * PAGES_4GIB - 1);
	assert_int_equal(low.first, PAGES_4GIB - 1);
	assert_int_equal(take_below(1, ISA_PAGES).first, NOWHERE);
	expect(take_below(1, PAGES_4GIB), NOWHERE, 0);
	expect(take_below(8, PAGES_4GIB), NOWHERE, 0);
	assert_int_equal(take(1).first, 2 * PAGES_4GIB - 2); /* no limit below 4 GiB, no gate */
	give(high);
	expect(take_below(1, PAGES_4GIB), NOWHERE, 0);
	give(low);
	expect(take_below(1, PAGES_4GIB), PAGES_4GIB - 1, 1);
	end();
}

static void without_gate_a_24_bit_failure_is_forgotten(void **state)
{
	(void)state;
	fill_isa("linux:gate=no");
	assert_int_equal(take_below(1, ISA_PAGES).first, NOWHERE);
	assert_int_equal(take_below(1, PAGES_4GIB).first, PAGES_4GIB - 1);
	end();
}

static void shorter_requests_pass_the_gate(void **state)
{
	(void)state;
	begin("linux", 0, 100);
	put_at(50, 1);
	assert_int_equal(take(51).first, NOWHERE);
	expect(take(51), NOWHERE, 0);
	expect(take(50), 0, 2);
	end();
}

static void a_failure_above_4_gib_is_stored_too(void **state)
{
	(void)state;
	begin("linux", 0, 2 * PAGES_4GIB);
	put_at(PAGES_4GIB / 2, 1);
	put_at(PAGES_4GIB + PAGES_4GIB / 2, 1);
	assert_int_equal(take(PAGES_4GIB + 1).first, NOWHERE);
	assert_int_equal(take_below(PAGES_4GIB / 2 + 1, PAGES_4GIB).first, NOWHERE); /* walks: it is shorter */
	assert_int_equal(take_below(PAGES_4GIB / 2, PAGES_4GIB).first, 0);
	end();
}

static void a_32_bit_request_starts_at_its_own_hint(void **state)
{
	(void)state;
	begin("linux", 0, 2 * PAGES_4GIB);
	for (uint64_t i = 0; i < 10; i++)
		expect(take(1), 2 * PAGES_4GIB - 1 - i, 1);
	expect(take_below(1, PAGES_4GIB), PAGES_4GIB - 1, 1 + 10);
	expect(take_below(1, PAGES_4GIB), PAGES_4GIB - 2, 1);
	expect(take(1), 2 * PAGES_4GIB - 11, 1);
	end();
}

static void without_hint32_both_limits_share_a_hint(void **state)
{
	(void)state;
	begin("linux:hint32=no", 0, 2 * PAGES_4GIB);
	expect(take(1), 2 * PAGES_4GIB - 1, 1);
	expect(take_below(1, PAGES_4GIB), PAGES_4GIB - 1, 1);
	expect(take(1), PAGES_4GIB - 2, 1);
	end();
}

static void four_gib_is_told_in_pages_of_the_space(void **state)
{
	(void)state;
	begin_pages("linux", 0, PAGES_4GIB, 65536);
	put_at(0, PAGES_4GIB / 32);
	assert_int_equal(take_below(1, PAGES_4GIB / 32).first, NOWHERE);
	expect(take_below(1, PAGES_4GIB / 16), NOWHERE, 0);
	assert_int_equal(take_below(1, PAGES_4GIB / 16 + 1).first, PAGES_4GIB / 16);
	end();
}

/* Specs that results of earlier versions hold. */
static void earlier_spellings_mean_the_same(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"rbtree:search=cached", "linux"},
					       {"rbtree:search=cached,gate=no", "linux:gate=no"},
					       {"magazine+rbtree:retry=no,search=cached", "magazine+linux:retry=no"},
					       {"rbtree:fit=first,search=augmented", "rbtree:fit=first"}};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct allocator_spec earlier, now;
		assert_int_equal(allocator_spec_open(pairs[i][0], &earlier, NULL), 0);
		assert_int_equal(allocator_spec_open(pairs[i][1], &now, NULL), 0);
		assert_memory_equal(&earlier, &now, sizeof now);
	}
}

static void options_of_the_other_search_are_refused(void **state)
{
	(void)state;
	static const char *const specs[] = {"rbtree:search=cached,fit=first", "linux:fit=last", "rbtree:gate=no",
					    "rbtree:search=other"};
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		struct allocator_spec spec;
		struct error error = {0};
		assert_int_equal(allocator_spec_open(specs[i], &spec, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
		assert_non_null(strstr(error.message, "has no option"));
	}
}

static void a_named_spec_is_what_it_stands_for(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"linux-lazy", "lazy+magazine:key=order+linux"},
					       {"linux-strict", "magazine:key=order+linux"},
					       {"lazy:entries=8+linux-strict", "lazy:entries=8+magazine:key=order+linux"}};
	struct allocator_spec named, whole;
	struct error error = {0};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		assert_int_equal(allocator_spec_open(pairs[i][0], &named, NULL), 0);
		assert_int_equal(allocator_spec_open(pairs[i][1], &whole, NULL), 0);
		assert_memory_equal(&named, &whole, sizeof whole);
	}
	assert_int_equal(allocator_spec_open("linux-lazy:entries=8", &named, &error), -1);
	assert_non_null(strstr(error.message, "linux-lazy stands for lazy+magazine:key=order+linux and takes no options"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(space_is_taken_from_the_top),
		cmocka_unit_test(a_free_at_the_hint_or_above_moves_it_up),
		cmocka_unit_test(a_free_below_the_hint_leaves_it),
		cmocka_unit_test(the_place_is_rounded_down_to_the_alignment),
		cmocka_unit_test(a_place_that_crosses_a_boundary_steps_below_it),
		cmocka_unit_test(a_walk_starts_at_the_limit_and_ends_at_low),
		cmocka_unit_test(without_the_gate_a_window_above_the_hint_is_found),
		cmocka_unit_test(holes_are_ranges_and_no_hints),
		cmocka_unit_test(place_finds_what_is_taken),
		cmocka_unit_test(two_pages_walk_a_ring_of_single_pages),
		cmocka_unit_test(one_ring_takes_one_node),
		cmocka_unit_test(without_retry_space_above_the_hint_is_missed),
		cmocka_unit_test(the_second_walk_starts_at_the_limit),
		cmocka_unit_test(the_second_walk_ends_where_the_first_began),
		cmocka_unit_test(a_second_ring_makes_the_walk_half_a_ring),
		cmocka_unit_test(a_24_bit_failure_refuses_every_32_bit_request),
		cmocka_unit_test(without_gate_a_24_bit_failure_is_forgotten),
		cmocka_unit_test(shorter_requests_pass_the_gate),
		cmocka_unit_test(a_failure_above_4_gib_is_stored_too),
		cmocka_unit_test(a_32_bit_request_starts_at_its_own_hint),
		cmocka_unit_test(without_hint32_both_limits_share_a_hint),
		cmocka_unit_test(four_gib_is_told_in_pages_of_the_space),
		cmocka_unit_test(earlier_spellings_mean_the_same),
		cmocka_unit_test(options_of_the_other_search_are_refused),
		cmocka_unit_test(a_named_spec_is_what_it_stands_for),
	};
	return cmocka_run_group_tests_name("rbtree_cached", tests, NULL, NULL);
}
