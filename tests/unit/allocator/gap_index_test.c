/* SPDX-License-Identifier: MIT
 * The index of constrained requests: held against a walk over an array of gaps, and every allocator that has one against its
 * twin whose host has no memory for it, and which walks. */
#include "allocator/builtin.h"
#include "allocator/gap/index.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define PAGES 20000u
#define FIRST 71u

static struct rng rng;

static struct iova_request draw(uint64_t largest)
{
	struct iova_request request = {.count = 1 + rng_below(&rng, rng_below(&rng, 2) ? 4 : largest)};
	if (rng_below(&rng, 2)) {
		request.constraints |= IOVA_CONSTRAIN_ALIGN;
		request.align = UINT64_C(1) << rng_below(&rng, 10);
	}
	if (rng_below(&rng, 8) == 0) {
		request.constraints |= IOVA_CONSTRAIN_BOUNDARY;
		request.boundary = UINT64_C(4) << rng_below(&rng, 6);
	}
	if (rng_below(&rng, 3) == 0) {
		request.constraints |= IOVA_CONSTRAIN_LIMIT;
		request.low = rng_below(&rng, 2) ? FIRST : FIRST + rng_below(&rng, PAGES / 2);
		request.high = request.low + rng_below(&rng, FIRST + PAGES - request.low);
	}
	return request;
}

/* By page: how long the gap is that begins there. */
static uint64_t lengths[FIRST + PAGES];
static uint32_t owners[FIRST + PAGES];

static bool comes_before(enum gap_order order, uint64_t a, uint64_t b)
{
	if (order == GAP_BY_ADDRESS_DOWN)
		return a > b;
	if (order == GAP_BY_ADDRESS || lengths[a] == lengths[b])
		return order == GAP_BY_LENGTH_DOWN ? a > b : a < b;
	return lengths[a] < lengths[b];
}

static void visit_gaps(void *self, iova_visit visit, void *context)
{
	(void)self;
	for (uint64_t page = 0; page < FIRST + PAGES; page++)
		if (lengths[page])
			visit(context, page, lengths[page], IOVA_USABLE);
}

static uint64_t walk(const struct gap_index *index, const struct gap_wish *wish, int side, bool highest, uint64_t *place)
{
	const enum gap_order order = index->tree.asked;
	uint64_t found = 0, there;
	for (uint64_t page = FIRST; page < FIRST + PAGES; page++)
		if (lengths[page] && gap_index_has(index, page, lengths[page]) &&
		    gap_fit(page, page + lengths[page], wish, highest, &there) &&
		    (!found || comes_before(order, page, found) == (side == 0))) {
			found = page;
			*place = there;
		}
	return found;
}

static void begin_empty(struct gap_index *index, struct test_host *host, enum gap_order order, enum gap_order filed_by)
{
	test_host_init(host);
	memset(lengths, 0, sizeof lengths);
	gap_index_create(index, PAGES, order, filed_by);
	assert_true(gap_index_begin(index, &host->host));
}

/* One gap's turn comes, in the order of filing, or none is left. */
static void file_one(struct gap_index *index)
{
	uint64_t next = 0;
	for (uint64_t page = FIRST; page < FIRST + PAGES; page++)
		if (lengths[page] && (!index->begun || !gap_index_has(index, page, lengths[page])) &&
		    (!next || comes_before(index->filed_by, page, next)))
			next = page;
	if (next)
		gap_index_file(index, next, lengths[next], owners[next]);
	else
		gap_index_finish(index);
}

/* Half of the changes come before any gap is filed; then they are filed while they change. */
static void check_order(enum gap_order order, enum gap_order filed_by)
{
	struct test_host host;
	struct gap_index index;
	unsigned found = 0, partial = 0;
	rng_seed(&rng, 11);
	begin_empty(&index, &host, order, filed_by);
	index.on = false;
	for (unsigned step = 0; step < 8000; step++) {
		if (step == 2000) {
			index.on = true;
			file_one(&index);
		}
		if (step % 4 == 0 && gap_index_is_filing(&index))
			file_one(&index);
		/* Every 40 pages there may be a gap, which comes, gets another range, and goes. */
		uint64_t cell = FIRST + 40 * rng_below(&rng, PAGES / 40), from = cell;
		while (from < cell + 24 && !lengths[from])
			from++;
		uint64_t to = cell + rng_below(&rng, 24), length = 1 + rng_below(&rng, 16), before = lengths[from];
		lengths[from] = 0;
		if (!before) {
			gap_index_add(&index, to, length, step);
		} else if (rng_below(&rng, 2)) {
			gap_index_move(&index, from, before, to, length, step);
		} else {
			gap_index_remove(&index, from, before);
			length = 0;
		}
		lengths[to] = length;
		owners[to] = step;
		const struct iova_request request = draw(16);
		const struct gap_wish wish = gap_wish_make(&request, FIRST, FIRST + PAGES);
		if (step % 4 || !index.on || gap_wish_is_hopeless(&wish))
			continue;
		uint64_t place = 0, expected = 0;
		int side = order == GAP_BY_ADDRESS && rng_below(&rng, 2);
		uint64_t gap = walk(&index, &wish, side, side, &expected);
		uint32_t got = gap_index_find(&index, &wish, side, side, &place, NULL);
		assert_int_equal(gap, got ? index.tree.gaps[got].first : 0);
		assert_true(!gap || (place == expected && index.tree.gaps[got].owner == owners[gap]));
		found += gap != 0;
		partial += gap && !index.whole;
		if (step % 64 == 0)
			assert_null(gap_index_check(&index, visit_gaps, NULL));
	}
	assert_true(index.on && index.whole && found > 300 && partial > 50);
	lengths[FIRST + 39]++; /* no cell ends there */
	assert_non_null(gap_index_check(&index, visit_gaps, NULL));
	gap_index_release(&index, &host.host);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void it_finds_the_gap_that_a_walk_finds(void **state)
{
	(void)state;
	check_order(GAP_BY_ADDRESS, GAP_BY_ADDRESS);
	check_order(GAP_BY_ADDRESS, GAP_BY_ADDRESS_DOWN);
	check_order(GAP_BY_LENGTH, GAP_BY_LENGTH);
	check_order(GAP_BY_LENGTH_DOWN, GAP_BY_ADDRESS);
}

static void a_few_long_walks_or_many_begin_it(void **state)
{
	(void)state;
	struct gap_index index;
	gap_index_create(&index, PAGES, GAP_BY_ADDRESS, GAP_BY_ADDRESS);
	for (unsigned request = 0; request < 1000; request++) {
		gap_index_walk(&index);
		for (unsigned tries = 0; tries < GAP_INDEX_TRIES; tries++)
			gap_index_tried(&index);
		assert_false(gap_index_is_wanted(&index));
	}
	unsigned requests = 0;
	for (; !gap_index_is_wanted(&index); requests++) {
		gap_index_walk(&index);
		for (unsigned tries = 0; tries < 2 * GAP_INDEX_TRIES; tries++)
			gap_index_tried(&index);
	}
	assert_in_range(requests, GAP_INDEX_DEBT / GAP_INDEX_TRIES - 2, GAP_INDEX_DEBT / GAP_INDEX_TRIES);
}

static void pages_are_cut_out_and_join(void **state)
{
	(void)state;
	struct test_host host;
	struct gap_index index;
	begin_empty(&index, &host, GAP_BY_ADDRESS, GAP_BY_ADDRESS);
	gap_index_finish(&index);
	gap_index_join(&index, 0, 100, 50, 0);
	gap_index_cut(&index, 100, 50, 110, 10);
	assert_int_equal(index.count, 2);
	gap_index_cut(&index, 100, 10, 100, 10);
	gap_index_cut(&index, 120, 30, 120, 30);
	assert_int_equal(index.count, 0);
	gap_index_join(&index, 0, 120, 30, 0);
	gap_index_join(&index, 0, 100, 10, 0);
	gap_index_join(&index, 10, 110, 10, 30);
	assert_int_equal(index.count, 1);
	lengths[100] = 50;
	assert_null(gap_index_check(&index, visit_gaps, NULL));
	gap_index_release(&index, &host.host);
}

static void it_goes_off_when_nobody_asks_or_when_it_is_full(void **state)
{
	(void)state;
	struct test_host host;
	struct gap_index index;
	begin_empty(&index, &host, GAP_BY_ADDRESS, GAP_BY_ADDRESS);
	gap_index_finish(&index);
	unsigned changes = 0;
	for (; index.on && changes < 100000; changes++) {
		gap_index_add(&index, 100, 1, 0);
		gap_index_remove(&index, 100, 1);
	}
	assert_in_range(changes, GAP_INDEX_IDLE, GAP_INDEX_IDLE + 2);
	assert_true(gap_index_begin(&index, &host.host));
	gap_index_finish(&index);
	index.tree.capacity = 11;
	for (uint64_t gap = 0; gap < 10; gap++)
		gap_index_add(&index, 100 + 2 * gap, 1, 0);
	assert_true(index.on);
	gap_index_add(&index, 500, 1, 0);
	assert_false(index.on);
	index.tree.capacity = PAGES / 2 + 2;
	gap_index_release(&index, &host.host);
}

static void one_below_a_page_has_no_gap_behind_it(void **state)
{
	(void)state;
	struct test_host host;
	struct gap_index index;
	const struct gap_wish near = {1, 1, 0, 0, 500}, far = {1, 1, 0, 0, 501};
	begin_empty(&index, &host, GAP_BY_LENGTH, GAP_BY_LENGTH);
	assert_true(gap_index_reaches(&index, &far));
	assert_true(gap_index_begin_below(&index, 500, &host.host));
	assert_true(index.whole && gap_index_reaches(&index, &near) && !gap_index_reaches(&index, &far));
	gap_index_add(&index, 100, 10, 0);
	gap_index_add(&index, 600, 10, 0);
	gap_index_add(&index, 499, 20, 0);
	assert_int_equal(index.count, 2);
	/* Over the border, and back. */
	gap_index_cut(&index, 499, 20, 499, 1);
	assert_int_equal(index.count, 1);
	gap_index_join(&index, 0, 490, 10, 19);
	assert_int_equal(index.count, 2);
	gap_index_cut(&index, 490, 29, 495, 10);
	gap_index_join(&index, 0, 595, 5, 10);
	gap_index_cut(&index, 595, 15, 595, 15);
	assert_int_equal(index.count, 2);
	lengths[100] = 10, lengths[490] = 5, lengths[505] = 14;
	assert_null(gap_index_check(&index, visit_gaps, NULL));
	/* Who reaches further and walks long wants one of all gaps. */
	index.debt = GAP_INDEX_DEBT;
	assert_true(gap_index_is_wanted(&index));
	assert_true(gap_index_begin(&index, &host.host) && gap_index_reaches(&index, &far));
	index.debt = GAP_INDEX_DEBT;
	assert_false(gap_index_is_wanted(&index));
	gap_index_release(&index, &host.host);
}

#define LIVE 3000u

struct player {
	struct test_host host;
	const struct iova_allocator *table;
	void *self;
	struct iova_extent live[LIVE];
};

static void begin_in(struct player *player, const struct iova_allocator *table, uint64_t option, uint64_t pages)
{
	const struct iova_space space = {FIRST, pages, 4096};
	uint64_t options[4] = {option};
	const char *reason;
	*player = (struct player){.table = table};
	test_host_init(&player->host);
	assert_int_equal(table->create(&space, options, &player->host.host, NULL, &player->self, &reason), IOVA_OK);
}

static void begin(struct player *player, const struct iova_allocator *table, uint64_t option, bool lacks_memory)
{
	begin_in(player, table, option, PAGES);
	if (lacks_memory)
		player->host.passes = 0;
}

/* What the counted calls examined. */
static uint64_t play(struct player *player, size_t slot, const struct iova_request *request, enum iova_status *status)
{
	struct iova_steps steps = {0};
	struct iova_extent *extent = &player->live[slot];
	*status = IOVA_OK;
	if (extent->count) {
		player->table->free(player->self, extent, 0);
		*extent = (struct iova_extent){0};
		return 0;
	}
	*status = player->table->alloc_counted(player->self, request, 0, extent, &steps);
	if (*status != IOVA_OK)
		*extent = (struct iova_extent){0};
	return steps.examined;
}

#define LIMIT 8000u /* pages below it */

/* The first ten extents lie below it, and five holes between them. */
static void open_holes(struct player *player, uint64_t last)
{
	enum iova_status status;
	for (size_t slot = 0; slot < LIVE; slot++) {
		const struct iova_request request = {.count = 1 + slot % 4,
						     .low = slot < 10 ? 0 : LIMIT,
						     .high = slot < 10 ? LIMIT - 1 : last,
						     .constraints = IOVA_CONSTRAIN_LIMIT};
		play(player, slot, &request, &status);
	}
	for (size_t slot = 0; slot < LIVE; slot += 2)
		play(player, slot, NULL, &status);
}

/* 1,500 holes above a limit, and requests below it, where first little lives: what a walk would find, without the walk. */
static void check_holes_above(uint64_t pages)
{
	static struct player fast, slow;
	const uint64_t last = FIRST + pages - 1;
	uint64_t most = 0, most_slow = 0;
	begin_in(&fast, &allocator_rbtree, 1, pages); /* fit=best */
	begin_in(&slow, &allocator_rbtree, 1, pages);
	open_holes(&fast, last);
	open_holes(&slow, last);
	slow.host.passes = 0;
	rng_seed(&rng, 23);
	for (unsigned step = 0; step < 6000; step++) {
		const size_t slot = rng_below(&rng, LIVE);
		const bool low = rng_below(&rng, 4);
		const struct iova_request request = {.count = 1 + rng_below(&rng, 6),
						     .low = low ? 0 : LIMIT,
						     .high = low ? LIMIT - 1 : last,
						     .constraints = IOVA_CONSTRAIN_LIMIT};
		enum iova_status status, slow_status;
		uint64_t steps = play(&fast, slot, &request, &status),
			 slow_steps = play(&slow, slot, &request, &slow_status);
		assert_int_equal(status, slow_status);
		assert_int_equal(fast.live[slot].first, slow.live[slot].first);
		most = low && steps > most ? steps : most;
		most_slow = low && slow_steps > most_slow ? slow_steps : most_slow;
		if (step % 64 == 0)
			assert_null(fast.table->broken_invariant(fast.self));
	}
	assert_in_range(most, 1, 600);
	assert_in_range(most_slow, 1000, 3000);
	fast.table->destroy(fast.self);
	slow.table->destroy(slow.self);
	assert_int_equal(test_host_blocks_held(&fast.host), 0);
}

static void holes_above_a_limit_are_not_tried(void **state)
{
	(void)state;
	check_holes_above(PAGES);
	check_holes_above((UINT64_C(1) << 24) + 1);
}

static bool any_fits;
static void try_gap(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	uint64_t place;
	(void)state;
	any_fits |= gap_fit(first, first + count, context, false, &place);
}

/* Many requests that most gaps do not suit, two of three of them from one of the ends where they are directed, in a space
 * that is nearly full. A twin has other places when no policy says which. */
static void check_twins(const struct iova_allocator *table, uint64_t option, bool directed, bool alike,
			uint64_t examined_most)
{
	static struct player fast, slow;
	uint64_t examined[2] = {0}, most[2] = {0}, failures = 0;
	rng_seed(&rng, 5);
	begin(&fast, table, option, false);
	begin(&slow, table, option, true);
	for (unsigned step = 0; step < 20000; step++) {
		size_t slot = rng_below(&rng, LIVE);
		struct iova_request request = draw(8);
		if (step % 4) {
			request.constraints |= IOVA_CONSTRAIN_ALIGN;
			request.align = 64;
		}
		if (directed && step % 3)
			request.constraints |= rng_below(&rng, 2) ? IOVA_CONSTRAIN_TOP : IOVA_CONSTRAIN_BOTTOM;
		enum iova_status status, slow_status;
		uint64_t fast_steps = play(&fast, slot, &request, &status);
		uint64_t slow_steps = play(&slow, slot, &request, &slow_status);
		examined[0] += fast_steps;
		examined[1] += slow_steps;
		most[0] = fast_steps > most[0] ? fast_steps : most[0];
		most[1] = slow_steps > most[1] ? slow_steps : most[1];
		if (alike) {
			assert_int_equal(status, slow_status);
			assert_int_equal(fast.live[slot].first, slow.live[slot].first);
		} else if (status == IOVA_NO_SPACE) {
			struct gap_wish wish = gap_wish_make(&request, FIRST, FIRST + PAGES);
			any_fits = false;
			if (!gap_wish_is_hopeless(&wish))
				table->visit_free(fast.self, try_gap, &wish);
			assert_false(any_fits);
		}
		failures += status == IOVA_NO_SPACE;
		if (step % 1024 == 0)
			assert_null(table->broken_invariant(fast.self));
	}
	assert_true(failures > 100);
	assert_in_range(examined[0] / 20000, 1, examined_most);
	assert_true(!alike || examined[0] * 4 < examined[1]);
	/* Beginning the index costs no request more than a portion, and a look at what is filed. */
	assert_in_range(most[0], 1, most[1] + 2 * GAP_INDEX_PORTION);
	table->destroy(fast.self);
	table->destroy(slow.self);
	assert_int_equal(test_host_blocks_held(&fast.host), 0);
}

static void allocators_place_alike_with_and_without_it(void **state)
{
	(void)state;
	for (uint64_t option = 0; option < 3; option++) {
		check_twins(&allocator_buddy, option, false, true, 20);
		check_twins(&allocator_buddy, option, true, true, 20);
		check_twins(&allocator_bitmap, option, false, true, 64);
		check_twins(&allocator_bitmap, option, true, true, 64);
		check_twins(&allocator_rbtree, option, false, true, 64);
	}
	for (uint64_t option = 0; option < 2; option++) {
		check_twins(&allocator_segregated, option, false, false, 64);
		check_twins(&allocator_leaf, option, false, false, 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_the_gap_that_a_walk_finds),
		cmocka_unit_test(a_few_long_walks_or_many_begin_it),
		cmocka_unit_test(pages_are_cut_out_and_join),
		cmocka_unit_test(it_goes_off_when_nobody_asks_or_when_it_is_full),
		cmocka_unit_test(one_below_a_page_has_no_gap_behind_it),
		cmocka_unit_test(holes_above_a_limit_are_not_tried),
		cmocka_unit_test(allocators_place_alike_with_and_without_it),
	};
	return cmocka_run_group_tests_name("gap index", tests, NULL, NULL);
}
