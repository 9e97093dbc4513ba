/* SPDX-License-Identifier: MIT
 * What magazines cache, exchange and give back: worked out by hand. */
#include "allocator/magazine/state.h"
#include "base/rng.h"
#include "support/layer_fixture.h"

#include <stdio.h>

#define MS UINT64_C(1000000)
#define ROUNDS 127

static struct iova_extent extents[8 * ROUNDS];

static void take_many(size_t count, uint32_t cpu)
{
	for (size_t i = 0; i < count; i++)
		extents[i] = take(1, cpu);
}

static void give_many(size_t count, uint32_t cpu)
{
	for (size_t i = 0; i < count; i++)
		give(extents[i], cpu);
}

static void a_freed_extent_serves_the_next_request_of_its_size(void **state)
{
	(void)state;
	begin("magazine+segregated", 0, 1000, 2);
	struct iova_extent a = take(3, 0), b = take(3, 0);
	assert_int_equal(steps.backend_trips, 1);
	give(a, 0);
	give(b, 0);
	assert_int_equal(steps.backend_trips, 0);
	assert_int_equal(pages().cached_pages, 6);
	assert_int_equal(pages().usable_pages, 994);
	assert_int_equal(take(3, 0).first, b.first);
	assert_int_equal(steps.cache_hits, 1);
	assert_int_equal(take(2, 0).first, 6);
	assert_int_equal(steps.cache_hits, 0);
	end();
}

static void requests_are_rounded_up_to_their_order(void **state)
{
	(void)state;
	begin("magazine:key=order+segregated", 0, 1000, 2);
	struct iova_extent extent = take(5, 0);
	assert_int_equal(extent.count, 8);
	give(extent, 0);
	assert_int_equal(take(7, 0).first, extent.first);
	assert_int_equal(steps.cache_hits, 1);
	assert_int_equal(take(33, 0).count, 33);
	end();
}

/* As Linux: the exact size is not asked for. */
static void without_room_for_the_order_there_is_none(void **state)
{
	(void)state;
	struct iova_extent extent;
	begin("magazine:key=order+segregated", 0, 7, 1);
	assert_int_equal(try_get(&(struct iova_request){.count = 5}, 0, &extent), IOVA_NO_SPACE);
	assert_int_equal(steps.backend_trips, 1);
	assert_int_equal(take(4, 0).count, 4);
	end();
}

/* Of two full magazines, Linux gives the depot the one in hand, Bonwick the one before it. */
static void the_depot_gets_the_magazine_in_hand_with_orders(void **state)
{
	static const struct {
		const char *spec;
		unsigned freed[5]; /* in the order in which they come back */
	} keys[] = {{"magazine:rounds=2,key=order+rbtree", {4, 1, 0, 3, 2}},
		    {"magazine:rounds=2,key=size+rbtree", {4, 3, 2, 1, 0}}};
	(void)state;
	for (size_t key = 0; key < 2; key++) {
		begin(keys[key].spec, 0, 100, 1);
		for (size_t i = 0; i < 5; i++)
			extents[i] = take(1, 0);
		for (size_t i = 0; i < 5; i++)
			give(extents[i], 0);
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(take(1, 0).first, extents[keys[key].freed[i]].first);
		end();
	}
}

static void extents_beyond_max_are_not_cached(void **state)
{
	(void)state;
	begin("magazine:max=4+segregated", 0, 100, 1);
	give(take(5, 0), 0);
	assert_int_equal(steps.backend_trips, 1);
	assert_int_equal(pages().cached_pages, 0);
	give(take(4, 0), 0);
	assert_int_equal(pages().cached_pages, 4);
	end();
}

static void what_is_granted_is_learnt(void **state)
{
	(void)state;
	begin("magazine+buddy", 0, 1024, 1);
	struct iova_extent extent = take(3, 0);
	assert_int_equal(extent.count, 4);
	give(extent, 0);
	assert_int_equal(take(3, 0).first, extent.first);
	assert_int_equal(steps.cache_hits, 1);
	/* The largest that is cached; what is larger passes through. */
	extent = take(20, 0);
	assert_int_equal(extent.count, 32);
	give(extent, 0);
	assert_int_equal(take(20, 0).first, extent.first);
	assert_int_equal(steps.cache_hits, 1);
	extent = take(33, 0);
	give(extent, 0);
	assert_int_equal(steps.backend_trips, 1);
	end();
}

/* M = 127: one CPU only allocates, another one only frees, the depot is primed. */
static void allocating_here_and_freeing_there_trips_once_in_m_operations(void **state)
{
	(void)state;
	enum { LOTS = 1000 };
	uint64_t trips = 0, backend = 0;
	begin("magazine+segregated", 0, 100000, 2);
	take_many(6 * ROUNDS, 0);
	give_many(6 * ROUNDS, 1);
	for (size_t i = 0; i < LOTS * ROUNDS; i++) {
		struct iova_extent extent = take(1, 0);
		trips += steps.depot_trips;
		backend += steps.backend_trips;
		give(extent, 1);
		trips += steps.depot_trips;
		backend += steps.backend_trips;
	}
	assert_int_equal(backend, 0);
	/* Each side exchanges once in every M of its own operations. */
	assert_int_equal(trips, 2 * LOTS);
	end();
}

/* The worst that one CPU can do: 2M + 1 of each in turn trip twice. */
static void one_cpu_trips_at_most_once_in_2m_plus_1_operations(void **state)
{
	(void)state;
	enum { LOTS = 100, SWING = 2 * ROUNDS + 1 };
	uint64_t trips = 0;
	begin("magazine+segregated", 0, 100000, 1);
	take_many(4 * ROUNDS, 0);
	give_many(4 * ROUNDS, 0);
	for (size_t lot = 0; lot < LOTS; lot++) {
		for (size_t i = 0; i < SWING; i++) {
			extents[i] = take(1, 0);
			trips += steps.depot_trips;
		}
		for (size_t i = 0; i < SWING; i++) {
			give(extents[i], 0);
			trips += steps.depot_trips;
		}
	}
	assert_int_equal(trips, 2 * LOTS);
	end();
}

static void a_swing_of_2m_never_leaves_the_cpu(void **state)
{
	(void)state;
	begin("magazine:rounds=5+segregated", 0, 1000, 1);
	take_many(10, 0);
	give_many(10, 0);
	for (size_t i = 0; i < 10; i++) {
		extents[i] = take(1, 0);
		assert_int_equal(steps.depot_trips + steps.backend_trips, 0);
	}
	end();
}

static void a_pop_takes_the_first_from_the_top_within_its_limits(void **state)
{
	(void)state;
	struct iova_extent extent;
	begin("magazine+segregated", 0, 1000, 1);
	take_many(4, 0);
	give_many(4, 0);
	/* From the top: pages 3, 2, 1, 0. */
	struct iova_request low = {.count = 1, .low = 0, .high = 1, .constraints = IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(try_get(&low, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, 1);
	assert_int_equal(steps.examined, 3);
	assert_int_equal(steps.cache_hits, 1);
	struct iova_request even = {.count = 1, .align = 2, .constraints = IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(try_get(&even, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, 2);
	assert_int_equal(take(1, 0).first, 3);
	assert_int_equal(take(1, 0).first, 0);
	end();
}

static void no_space_empties_every_magazine_and_asks_again(void **state)
{
	(void)state;
	struct iova_extent extent;
	begin("magazine:rounds=3+segregated", 0, 64, 2);
	take_many(64, 0);
	give_many(64, 1);
	assert_int_equal(pages().cached_pages, 64);
	struct iova_request whole = {.count = 64, .constraints = IOVA_CONSTRAIN_NO_DRAIN};
	assert_int_equal(try_get(&whole, 0, &extent), IOVA_NO_SPACE);
	assert_int_equal(pages().cached_pages, 64);
	whole.constraints = 0;
	assert_int_equal(try_get(&whole, 0, &extent), IOVA_OK);
	end();
}

/* Both hands of the CPU are empty: pages 0 and 1 are in the depot. */
static void no_space_empties_the_depot_alone(void **state)
{
	(void)state;
	begin("magazine:rounds=2+segregated", 0, 6, 1);
	take_many(6, 0);
	give_many(6, 0);
	for (uint64_t page = 5; page >= 2; page--)
		assert_int_equal(take(1, 0).first, page);
	assert_int_equal(pages().cached_pages, 2);
	assert_int_equal(take(2, 0).first, 0);
	end();
}

static void the_largest_extents_are_given_back_first(void **state)
{
	(void)state;
	begin("magazine+segregated", 0, 64, 1);
	struct iova_extent small = take(8, 0), large = take(32, 0), rest = take(24, 0);
	give(small, 0);
	give(large, 0);
	assert_int_equal(take(20, 0).first, 8);
	assert_int_equal(pages().cached_pages, 8);
	give(rest, 0);
	end();
}

/* A space full of single pages, all of them cached: the first magazine that is given back has two in a row. */
static void no_more_is_given_back_than_twice_what_it_takes(void **state)
{
	(void)state;
	enum { BURST = 100000 };
	static struct iova_extent burst[BURST];
	for (int all = 0; all < 2; all++) {
		begin(all ? "magazine:drain=all+segregated" : "magazine+segregated", 0, BURST, 1);
		for (size_t i = 0; i < BURST; i++)
			burst[i] = take(1, 0);
		for (size_t i = 0; i < BURST; i++)
			give(burst[i], 0);
		/* A call that fails, the frees, and the call that does not. */
		take(2, 0);
		assert_int_equal(steps.backend_trips, 1 + (all ? BURST : ROUNDS) + 1);
		/* Then one, two and four more of them, but for two pages that are taken. */
		take(6 * ROUNDS, 0);
		assert_int_equal(steps.backend_trips, all ? 1 : 1 + ROUNDS + 1 + 2 * ROUNDS + 1 + 4 * ROUNDS + 1);
		end();
	}
}

/* The layer below keeps what it gets, until it is asked. */
static void over_a_caching_layer_it_is_so_too(void **state)
{
	(void)state;
	enum { BURST = 20000 };
	static struct iova_extent burst[BURST];
	static const char *const specs[] = {"magazine+magazine+segregated", "magazine+lazy:full=flush+segregated"};
	for (size_t spec = 0; spec < sizeof specs / sizeof specs[0]; spec++) {
		begin(specs[spec], 0, BURST, 1);
		for (size_t i = 0; i < BURST; i++)
			burst[i] = take(1, 0);
		for (size_t i = 0; i < BURST; i++)
			give(burst[i], 0);
		struct iova_extent two = take(2, 0);
		assert_true(pages().cached_pages + pages().deferred_pages >= BURST - 2 - 2 * ROUNDS);
		assert_true(steps.backend_trips <= 4 * ROUNDS);
		give(two, 0);
		assert_int_equal(take(BURST, 0).count, BURST);
		end();
	}
}

static void drain_all_gives_everything_back_at_once(void **state)
{
	(void)state;
	begin("magazine:drain=all+segregated", 0, 64, 1);
	struct iova_extent small = take(8, 0), large = take(32, 0), rest = take(24, 0);
	give(small, 0);
	give(large, 0);
	assert_int_equal(take(20, 0).first, 0);
	assert_int_equal(pages().cached_pages, 0);
	give(rest, 0);
	end();
}

static void small_magazines_are_freed_whole_beside_a_full_depot(void **state)
{
	(void)state;
	begin("magazine:rounds=4,depot=2+segregated", 0, 1000, 1);
	take_many(17, 0);
	give_many(16, 0);
	/* Two in the CPU's hands, two in the depot. */
	assert_int_equal(pages().cached_pages, 16);
	give(extents[16], 0);
	assert_int_equal(steps.backend_trips, 4);
	assert_int_equal(pages().cached_pages, 13);
	end();
}

/* Which of so many extents the layer below has got back. */
static uint64_t given_back(uint64_t count)
{
	uint64_t mask = 0;
	const struct magazines *self = instance.self;
	for (uint64_t i = 0; i < count; i++) {
		struct iova_extent extent;
		const struct iova_allocator *below = self->below.table;
		if (below->place(self->below.self, extents[i].first, 1, 0, &extent) != IOVA_OK)
			continue;
		below->free(self->below.self, &extent, 0);
		mask |= UINT64_C(1) << i;
	}
	return mask;
}

/* Three magazines of 20 are full. What comes then finds the older one of the CPU's two in hand: 12 places around which it
 * goes, 8 where extents come in. */
static void a_full_depot_frees_the_overflow_in_portions(void **state)
{
	(void)state;
	static const struct {
		uint64_t frees, trips, first, last; /* what the first of these frees gives back */
	} all[] = {{8, 8, 20, 27}, {8, 8, 40, 47}, {4, 4, 28, 31}, {4, 4, 48, 51}, {8, 8, 32, 39}};
	uint64_t at = 60, cached = 60, gone = 0;
	begin("magazine:rounds=20,depot=1+segregated", 0, 1000, 1);
	take_many(100, 0);
	give_many(60, 0);
	assert_int_equal(pages().cached_pages, cached);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		for (uint64_t j = 0; j < all[i].frees; j++) {
			give(extents[at++], 0);
			assert_int_equal(steps.backend_trips, j ? 0 : all[i].trips);
			cached += 1 - (j ? 0 : all[i].trips);
			assert_int_equal(pages().cached_pages, cached);
			assert_null(instance.table->broken_invariant(instance.self));
			if (j == 0)
				gone |= ((UINT64_C(2) << all[i].last) - 1) & ~((UINT64_C(1) << all[i].first) - 1);
			assert_int_equal(given_back(60), gone);
		}
	/* Nothing waits where a request could not have it. */
	take_many(1, 0);
	assert_int_equal(steps.cache_hits, 1);
	struct iova_extent none;
	assert_int_equal(try_get(&(struct iova_request){.count = 1000}, 0, &none), IOVA_NO_SPACE);
	assert_int_equal(pages().cached_pages, 0);
	end();
}

/* As many extents as a magazine holds are given back while as many come, whatever its size. */
static void portions_suffice_for_magazines_of_any_size(void **state)
{
	(void)state;
	static const unsigned rounds[] = {1, 7, 8, 9, 15, 16, 17, 127};
	char spec[64];
	for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
		snprintf(spec, sizeof spec, "magazine:rounds=%u,depot=1+segregated", rounds[i]);
		begin(spec, 0, 1000, 1);
		take_many(6 * rounds[i], 0);
		for (unsigned j = 0; j < 6 * rounds[i]; j++) {
			give(extents[j], 0);
			assert_in_range(steps.backend_trips, 0, 8);
			assert_null(instance.table->broken_invariant(instance.self));
		}
		assert_in_range(pages().cached_pages, 2 * rounds[i] + 1, 3 * rounds[i]);
		end();
	}
}

/* Eight frees of the layer below, of which two give back eight. */
static void portions_stay_small_over_a_layer_that_caches(void **state)
{
	(void)state;
	begin("magazine:depot=1+magazine:depot=1+segregated", 0, 2000, 1);
	take_many(8 * ROUNDS, 0);
	for (unsigned i = 0; i < 8 * ROUNDS; i++) {
		give(extents[i], 0);
		assert_in_range(steps.backend_trips, 0, 8 + 2 * 8);
	}
	end();
}

/* 300 slots that are taken and given back in any order hold no page twice. */
static void portions_lose_nothing(void **state)
{
	(void)state;
	static struct iova_extent owned[300];
	bool live[300] = {false};
	struct rng rng;
	memset(owned, 0, sizeof owned);
	rng_seed(&rng, 19);
	begin("magazine:rounds=20,depot=1+segregated", 0, 300, 1);
	for (unsigned i = 0; i < 40000; i++) {
		uint64_t slot = rng_below(&rng, 300);
		bool takes = i / 400 % 2 && !owned[slot].count;
		if (takes) {
			owned[slot] = take(1, 0);
			assert_false(live[owned[slot].first]);
			live[owned[slot].first] = true;
		} else if (owned[slot].count) {
			live[owned[slot].first] = false;
			give(owned[slot], 0);
			owned[slot].count = 0;
		}
	}
	assert_null(instance.table->broken_invariant(instance.self));
	instance.table->drain(instance.self);
	uint64_t count = 0;
	for (size_t i = 0; i < 300; i++)
		count += owned[i].count;
	assert_int_equal(pages().usable_pages, 300 - count);
	end();
}

/* What Linux does is a burst. */
static void as_linux_a_full_depot_frees_a_whole_magazine(void **state)
{
	(void)state;
	begin("magazine:rounds=20,depot=1,key=order,drain=all+segregated", 0, 1000, 1);
	take_many(61, 0);
	give_many(60, 0);
	give(extents[60], 0);
	assert_int_equal(steps.backend_trips, 20);
	assert_int_equal(given_back(60), ((UINT64_C(1) << 60) - 1) & ~((UINT64_C(1) << 40) - 1));
	end();
}

static void a_poll_trims_one_magazine_every_100_ms_down_to_the_cpus(void **state)
{
	(void)state;
	begin("magazine:rounds=4+segregated", 0, 1000, 2);
	/* Eight magazines: two in the CPU's hands, six in the depot, of which two stay. */
	take_many(32, 0);
	give_many(32, 0);
	instance.table->poll(instance.self, 1000 * MS);
	instance.table->poll(instance.self, 1099 * MS);
	assert_int_equal(pages().cached_pages, 32);
	instance.table->poll(instance.self, 1100 * MS);
	assert_int_equal(pages().cached_pages, 28);
	instance.table->poll(instance.self, 1350 * MS);
	assert_int_equal(pages().cached_pages, 20);
	instance.table->poll(instance.self, 9000 * MS);
	assert_int_equal(pages().cached_pages, 16);
	end();
}

/* 100,000 = 787 * 127 + 51: two magazines stay with the CPU, 786 are in the depot, where one stays. */
static void a_burst_of_100000_frees_takes_79_seconds_to_leave_the_depot(void **state)
{
	(void)state;
	enum { BURST = 100000 };
	static struct iova_extent burst[BURST];
	begin("magazine+segregated", 0, BURST, 1);
	instance.table->poll(instance.self, 0);
	for (size_t i = 0; i < BURST; i++)
		burst[i] = take(1, 0);
	for (size_t i = 0; i < BURST; i++)
		give(burst[i], 0);
	instance.table->poll(instance.self, 78400 * MS);
	assert_int_equal(pages().cached_pages, 51 + ROUNDS + 2 * ROUNDS);
	instance.table->poll(instance.self, 78500 * MS);
	assert_int_equal(pages().cached_pages, 51 + ROUNDS + ROUNDS);
	instance.table->poll(instance.self, 100000 * MS);
	assert_int_equal(pages().cached_pages, 51 + ROUNDS + ROUNDS);
	end();
}

static void a_depot_with_a_limit_is_not_trimmed(void **state)
{
	(void)state;
	begin("magazine:rounds=4,depot=6+segregated", 0, 1000, 1);
	take_many(32, 0);
	give_many(32, 0);
	instance.table->poll(instance.self, 0);
	instance.table->poll(instance.self, 9000 * MS);
	assert_int_equal(pages().cached_pages, 32);
	end();
}

static void a_poll_goes_on_to_the_layer_below(void **state)
{
	(void)state;
	begin("magazine:max=1+lazy+segregated", 0, 100, 1);
	instance.table->poll(instance.self, 0);
	give(take(5, 0), 0);
	assert_int_equal(pages().deferred_pages, 5);
	instance.table->poll(instance.self, 10 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	end();
}

static void without_memory_for_a_magazine_extents_go_straight_below(void **state)
{
	(void)state;
	begin("magazine+segregated", 0, 100, 1);
	struct iova_extent extent = take(1, 0);
	memory_host.passes = 0;
	give(extent, 0);
	assert_int_equal(pages().cached_pages, 0);
	assert_int_equal(pages().usable_pages, 100);
	end();
}

static void a_range_in_a_magazine_can_be_placed(void **state)
{
	(void)state;
	struct iova_extent extent;
	begin("magazine+segregated", 0, 100, 1);
	give(take(8, 0), 0);
	assert_int_equal(instance.table->place(instance.self, 2, 3, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, 2);
	end();
}

/* A request that fails pays for what is cached, not for the CPUs and classes that could hold something. */
static void a_drain_looks_where_something_is_cached(void **state)
{
	(void)state;
	struct iova_extent all[64], extent;
	begin("magazine:max=1024+segregated", 0, 64, 128);
	for (size_t i = 0; i < 64; i++)
		all[i] = take(1, (uint32_t)i);
	for (unsigned round = 0; round < 3; round++) {
		give(all[3], 5);
		give(all[20], 70);
		give(all[40], 127);
		acquisitions = 0;
		assert_int_equal(try_get(&(struct iova_request){.count = 40}, 1, &extent), IOVA_NO_SPACE);
		assert_in_range(acquisitions, 1, 60);
		assert_int_equal(pages().cached_pages, 0);
		assert_null(instance.table->broken_invariant(instance.self));
		acquisitions = 0;
		assert_int_equal(try_get(&(struct iova_request){.count = 40}, 1, &extent), IOVA_NO_SPACE);
		assert_int_equal(acquisitions, 1); /* of the layer below */
		all[3] = take(1, 0);
		all[20] = take(1, 0);
		all[40] = take(1, 0);
	}
	for (size_t i = 0; i < 64; i++)
		give(all[i], 9);
	assert_int_equal(take(64, 1).count, 64);
	end();
}

/* What was emptied by a drain is filled again, from the CPU's own frees and from the depot. */
static void caches_work_after_a_drain(void **state)
{
	(void)state;
	begin("magazine+segregated", 0, 4 * ROUNDS, 2);
	for (unsigned round = 0; round < 2; round++) {
		take_many(4 * ROUNDS, 0);
		give_many(4 * ROUNDS, 0); /* one loaded, one previous, two in the depot */
		give(take(4 * ROUNDS, 0), 0);
		take_many(4 * ROUNDS, 0);
		give_many(3 * ROUNDS, 0);
		extents[0] = take(1, 1);
		assert_int_equal(steps.cache_hits, 1);
		assert_int_equal(steps.depot_trips, 1);
		assert_null(instance.table->broken_invariant(instance.self));
		give(extents[0], 1);
		for (size_t i = 3 * ROUNDS; i < 4 * ROUNDS; i++)
			give(extents[i], 1);
		instance.table->drain(instance.self);
		assert_int_equal(pages().cached_pages, 0);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_freed_extent_serves_the_next_request_of_its_size),
		cmocka_unit_test(a_drain_looks_where_something_is_cached),
		cmocka_unit_test(caches_work_after_a_drain),
		cmocka_unit_test(requests_are_rounded_up_to_their_order),
		cmocka_unit_test(without_room_for_the_order_there_is_none),
		cmocka_unit_test(the_depot_gets_the_magazine_in_hand_with_orders),
		cmocka_unit_test(extents_beyond_max_are_not_cached),
		cmocka_unit_test(what_is_granted_is_learnt),
		cmocka_unit_test(allocating_here_and_freeing_there_trips_once_in_m_operations),
		cmocka_unit_test(one_cpu_trips_at_most_once_in_2m_plus_1_operations),
		cmocka_unit_test(a_swing_of_2m_never_leaves_the_cpu),
		cmocka_unit_test(a_pop_takes_the_first_from_the_top_within_its_limits),
		cmocka_unit_test(no_space_empties_every_magazine_and_asks_again),
		cmocka_unit_test(no_space_empties_the_depot_alone),
		cmocka_unit_test(the_largest_extents_are_given_back_first),
		cmocka_unit_test(no_more_is_given_back_than_twice_what_it_takes),
		cmocka_unit_test(over_a_caching_layer_it_is_so_too),
		cmocka_unit_test(drain_all_gives_everything_back_at_once),
		cmocka_unit_test(small_magazines_are_freed_whole_beside_a_full_depot),
		cmocka_unit_test(a_full_depot_frees_the_overflow_in_portions),
		cmocka_unit_test(portions_suffice_for_magazines_of_any_size),
		cmocka_unit_test(portions_stay_small_over_a_layer_that_caches),
		cmocka_unit_test(portions_lose_nothing),
		cmocka_unit_test(as_linux_a_full_depot_frees_a_whole_magazine),
		cmocka_unit_test(a_poll_trims_one_magazine_every_100_ms_down_to_the_cpus),
		cmocka_unit_test(a_burst_of_100000_frees_takes_79_seconds_to_leave_the_depot),
		cmocka_unit_test(a_depot_with_a_limit_is_not_trimmed),
		cmocka_unit_test(a_poll_goes_on_to_the_layer_below),
		cmocka_unit_test(without_memory_for_a_magazine_extents_go_straight_below),
		cmocka_unit_test(a_range_in_a_magazine_can_be_placed),
	};
	return cmocka_run_group_tests_name("magazine", tests, NULL, NULL);
}
