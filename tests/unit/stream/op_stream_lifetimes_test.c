/* SPDX-License-Identifier: MIT
 * Goal: phases in which the live count moves do what the manual says: lifetimes, drains, bursts, hold: occupancy, think.
 * Method: the player of op_stream_player.h judges every word; what is asserted here was worked out by hand or is Little's
 * law. */
#include "stream/op_stream.h"
#include "workload/portion.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/stream_fixture.h"
#include "support/lack.h"

static struct workload_request requests[2];
static struct workload_mix_entry both[] = {{0, 1}, {1, 1}};

static int set_up(void **state)
{
	(void)state;
	memset(requests, 0, sizeof requests);
	requests[0].size = (struct workload_size){.kind = WORKLOAD_SIZE_UNIFORM, .min = 1, .max = 16};
	requests[1].size = (struct workload_size){.kind = WORKLOAD_SIZE_FIXED, .min = 2, .max = 2};
	stream_set_up(requests, 2, 1 << 20);
	return 0;
}

static struct workload_phase *add(enum workload_body body, enum workload_until until, uint64_t value)
{
	struct workload_phase *phase = &phases[workload.phase_count++];
	*phase = (struct workload_phase){
		.name = text, .body = body, .mix = both, .mix_count = 2, .until = until, .until_value = value};
	return phase;
}

static void add_fill(uint64_t live)
{
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_LIVE, live);
}

static struct workload_phase *add_churn(uint64_t ops)
{
	return add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OPS, ops);
}

static void add_lives(uint64_t ops, struct workload_lifetime lifetime)
{
	requests[0].lifetime = requests[1].lifetime = lifetime;
	add_churn(ops)->victims = WORKLOAD_VICTIMS_LIFETIME;
}

static uint64_t live_after(size_t phase)
{
	return op_stream_totals(stream, phase).live_after;
}

struct live {
	double mean, variance;
};

/* Of what each arrival finds, which for Poisson arrivals is what an outsider sees at any time. */
static struct live live_at_arrivals(size_t phase)
{
	double live = (double)live_after(phase - 1), sum = 0, squares = 0, count = 0;
	for (size_t i = player.phase_start[phase]; i < player.phase_start[phase + 1]; i++) {
		if (player.ops[i].pages) {
			sum += live;
			squares += live * live;
			count++;
		}
		live += player.ops[i].pages ? 1 : -1;
	}
	return (struct live){sum / count, squares / count - sum / count * (sum / count)};
}

/* 10,000 lifetimes pass: the mean is known to 0.1, the variance to 1.4. */
static void assert_little(struct workload_lifetime lifetime, double mean)
{
	add_fill(100);
	add_lives(2000000, lifetime);
	play(4096);
	struct live live = live_at_arrivals(1);
	if (fabs(live.mean - mean) > 0.01 * mean || fabs(live.variance - mean) > 0.07 * mean)
		fail_msg("mean %g, variance %g, not %g", live.mean, live.variance, mean);
	assert_int_equal(player.phase_start[2] - player.phase_start[1], 2000000);
}

static void exponential_lives_keep_half_their_mean_live(void **state)
{
	(void)state;
	assert_little((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 200}, 100);
}

static void fixed_lives_keep_half_of_it_live(void **state)
{
	(void)state;
	assert_little((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 200, .max = 200}, 100);
}

static void uniform_lives_keep_half_their_mean_live(void **state)
{
	(void)state;
	assert_little((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_UNIFORM, .min = 1, .max = 399}, 100);
}

static void generations_keep_half_their_mean_live(void **state)
{
	(void)state;
	assert_little(
		(struct workload_lifetime){
			.kind = WORKLOAD_LIFETIME_GENERATIONAL, .mean = 100, .old_mean = 600, .young_share = 0.8},
		100);
}

static void pareto_lives_keep_half_their_mean_live(void **state)
{
	(void)state;
	/* alpha 2 between 100 and 10,000: 2 m M / (m + M) */
	assert_little((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_PARETO, .min = 100, .max = 10000, .alpha = 2},
		      0.5 * 2 * 100 * 10000 / 10100.0);
}

static void fixed_lives_end_in_the_order_they_began(void **state)
{
	(void)state;
	add_lives(20000, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 50, .max = 50});
	play(4096);
	uint32_t queue[20000];
	size_t first = 0, end = 0;
	for (size_t i = 0; i < player.count; i++) {
		if (player.ops[i].pages)
			queue[end++] = player.ops[i].slot;
		else
			assert_int_equal(queue[first++], player.ops[i].slot);
	}
	assert_true(first > 9000);
}

/* From a fill in its steady state: no wave of deaths follows. */
static void what_lived_before_is_somewhere_in_its_life(void **state)
{
	(void)state;
	add_fill(10000);
	add_lives(20000, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 20000, .max = 20000});
	play(4096);
	double live = 10000, least = live, most = live;
	for (size_t i = player.phase_start[1]; i < player.count; i++) {
		live += player.ops[i].pages ? 1 : -1;
		least = fmin(least, live);
		most = fmax(most, live);
	}
	assert_true(least > 9500 && most < 10500);
}

/* Nine in ten die young, but few of those that live at one moment will: 1000 go in 2000 operations, as many as come. */
static void few_of_those_that_live_are_young(void **state)
{
	(void)state;
	add_fill(10000);
	add_lives(2000,
		  (struct workload_lifetime){
			  .kind = WORKLOAD_LIFETIME_GENERATIONAL, .mean = 2000, .old_mean = 182000, .young_share = 0.9});
	play(4096);
	assert_in_range(live_after(1), 9750, 10250);
}

static void extents_without_a_lifetime_stay(void **state)
{
	(void)state;
	add_fill(200);
	phases[0].mix = &both[1];
	phases[0].mix_count = 1;
	add_lives(5000, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 10, .max = 10});
	phases[1].mix_count = 1; /* the first request alone */
	requests[1].lifetime.kind = WORKLOAD_LIFETIME_NONE;
	play(4096);
	for (size_t i = player.phase_start[1]; i < player.count; i++)
		assert_true(player.ops[i].pages || player.ops[i].slot >= 200);
	assert_in_range(live_after(1), 200, 220);
}

static void lives_end_in_any_pieces_alike(void **state)
{
	(void)state;
	workload.cpus = 3;
	add_fill(50);
	add_lives(3001, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 70});
	phases[1].free_on = WORKLOAD_FREE_ON_NEXT;
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 9)->free_on = WORKLOAD_FREE_ON_NEXT;
	add_churn(400)->hold = WORKLOAD_HOLD_OCCUPANCY;
	add_churn(400)->burst = 5;
	add_churn(100)->victims = WORKLOAD_VICTIMS_FIFO;
	add_lives(1000, requests[0].lifetime);
	add_fill(300);
	play(65536);
	op_stream_rewind(stream);
	player_run(&other, stream, 16, workload.phase_count);
	assert_int_equal(player.hash, other.hash);
	assert_int_equal(player.phase_start[2] - player.phase_start[1], 3001);
}

static void a_drain_by_live_leaves_so_many(void **state)
{
	(void)state;
	add_fill(1000);
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 123);
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 500);
	play(4096);
	assert_int_equal(live_after(1), 123);
	assert_int_equal(op_stream_totals(stream, 2).frees, 0);
}

static void a_drain_by_occupancy_stops_at_its_pages(void **state)
{
	(void)state;
	workload.space.usable = 1000;
	add_fill(500);
	phases[0].mix = &both[1]; /* of two pages each */
	phases[0].mix_count = 1;
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_OCCUPANCY, 0)->until_ratio = 0.25;
	play(4096);
	assert_int_equal(op_stream_totals(stream, 1).live_pages_after, 250);
}

static void drains_take_the_oldest_or_the_youngest(void **state)
{
	(void)state;
	for (int lifo = 0; lifo < 2; lifo++) {
		set_up(NULL);
		add_fill(100);
		add_churn(1000); /* mixes the ages */
		add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 40)->victims =
			lifo ? WORKLOAD_VICTIMS_LIFO : WORKLOAD_VICTIMS_FIFO;
		play(4096);
		size_t born[100];
		for (size_t i = 0; i < player.phase_start[2]; i++)
			if (player.ops[i].pages)
				born[player.ops[i].slot] = i;
		for (size_t i = player.phase_start[2] + 1; i < player.count; i++) {
			size_t before = born[player.ops[i - 1].slot], after = born[player.ops[i].slot];
			assert_true(lifo ? after < before : after > before);
		}
		tear_down(NULL);
	}
}

/* The chance of each to be left is 40 %: the number of survivors in each tenth is hypergeometric, deviation 14.7. */
static void random_drains_spare_nobody(void **state)
{
	(void)state;
	add_fill(10000);
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 4000);
	play(4096);
	for (size_t tenth = 0; tenth < 10; tenth++) {
		int survivors = 0;
		for (size_t i = 0; i < 1000; i++)
			survivors += player.pages[1000 * tenth + i] > 0;
		assert_in_range(survivors, 340, 460);
	}
}

static void what_was_drained_is_filled_again(void **state)
{
	(void)state;
	add_fill(300);
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 7)->victims = WORKLOAD_VICTIMS_FIFO;
	add_fill(300);
	add_churn(1000)->victims = WORKLOAD_VICTIMS_LIFO;
	add(WORKLOAD_BODY_FREE_ALL, WORKLOAD_UNTIL_OPS, 0);
	add_fill(300);
	play(64);
	assert_int_equal(op_stream_slots(stream), 300);
	assert_int_equal(live_after(2), 300);
	assert_int_equal(live_after(4), 0);
	assert_int_equal(live_after(5), 300);
}

static void holding_pages_never_passes_their_level(void **state)
{
	(void)state;
	add_fill(1000);
	add_churn(50000)->hold = WORKLOAD_HOLD_OCCUPANCY;
	play(4096);
	uint64_t level = op_stream_totals(stream, 0).live_pages_after, pages = level, least = level;
	assert_int_equal(op_stream_totals(stream, 1).live_pages_peak, level);
	uint64_t sizes[2048];
	for (size_t i = 0; i < player.count; i++) {
		const struct played *op = &player.ops[i];
		assert_true(op->slot < 2048);
		if (i >= player.phase_start[1])
			pages = op->pages ? pages + op->pages : pages - sizes[op->slot];
		sizes[op->slot] = op->pages;
		least = pages < least ? pages : least;
	}
	assert_true(level - least <= 31); /* a victim and a request of 16 pages at most */
	assert_int_equal(player.count, 51000);
}

static void holding_pages_changes_the_count(void **state)
{
	(void)state;
	add_fill(100);
	phases[0].mix = &both[1]; /* two pages */
	phases[0].mix_count = 1;
	add_churn(2000)->hold = WORKLOAD_HOLD_OCCUPANCY;
	phases[1].mix_count = 1; /* one to sixteen pages, 8.5 in the mean */
	play(4096);
	assert_in_range(op_stream_totals(stream, 1).live_pages_after, 170, 200);
	assert_in_range(live_after(1), 12, 40);
}

static void a_burst_frees_and_allocates_so_many(void **state)
{
	(void)state;
	add_fill(64);
	add_churn(100)->burst = 8;
	play(4096);
	for (size_t i = 0; i < player.count - 64; i++)
		assert_int_equal(player.ops[64 + i].pages > 0, i / 8 % 2);
	/* Whole steps of sixteen. */
	assert_int_equal(player.count - 64, 112);
	assert_int_equal(live_after(1), 64);
}

static void a_burst_is_no_larger_than_what_lives(void **state)
{
	(void)state;
	add_fill(5);
	add_churn(20)->burst = 1000;
	add(WORKLOAD_BODY_FREE_ALL, WORKLOAD_UNTIL_OPS, 0);
	add_churn(20)->burst = 10;
	play(4096);
	assert_int_equal(player.phase_start[2] - player.phase_start[1], 20);
	assert_int_equal(live_after(1), 5);
	/* With nothing live ten come, and ten go. */
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(player.ops[player.phase_start[3] + i].pages > 0, i < 10);
	assert_int_equal(live_after(3), 0);
}

/* A step is two operations and 4,500 of time: 4.502 ms at 1M/s, of which no part is lost. */
static void thinking_lets_polls_pass(void **state)
{
	(void)state;
	workload.pace_ops_per_second = 1e6;
	add_fill(1);
	add_churn(2000)->think = 4500;
	stream = op_stream_open(&workload, NULL, 1, &error);
	struct op piece[64];
	size_t which, count;
	uint32_t last = 0, polls = 0;
	while ((count = op_stream_next(stream, piece, 64, &which)) > 0)
		for (size_t i = 0; i < count; i++)
			if (piece[i].demand == op_control(OP_POLL, 0).demand) {
				assert_true(piece[i].slot > last);
				last = piece[i].slot;
				polls++;
			}
	assert_int_equal(op_stream_poll_ns(stream), 1000000);
	assert_in_range(polls, 1000, 2000);
	assert_in_range(last, 4497, 4502);
}

static void threads_share_lives_and_drains(void **state)
{
	(void)state;
	struct workload part;
	add_fill(4000);
	add_lives(400000, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 8000});
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 400);
	assert_int_equal(workload_portion(&workload, 1, 4, &part, &error), 0);
	stream = op_stream_open(&part, NULL, 42, &error);
	player_run(&player, stream, 4096, 3);
	assert_int_equal(live_after(0), 1000);
	assert_in_range(live_after(1), 850, 1150);
	assert_int_equal(live_after(2), 100);
	op_stream_close(stream);
	stream = NULL;
	workload_portion_release(&part);
}

static void every_failing_allocation_is_an_error(void **state)
{
	(void)state;
	add_fill(50);
	add_lives(100, (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 70});
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 9)->victims = WORKLOAD_VICTIMS_FIFO;
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		lack_begins(&lack);
		stream = op_stream_open(&workload, NULL, 1, &error);
		if (!lack_ends(&lack)) {
			assert_non_null(stream);
			continue;
		}
		assert_null(stream);
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exponential_lives_keep_half_their_mean_live),
		TEST(fixed_lives_keep_half_of_it_live),
		TEST(uniform_lives_keep_half_their_mean_live),
		TEST(generations_keep_half_their_mean_live),
		TEST(pareto_lives_keep_half_their_mean_live),
		TEST(fixed_lives_end_in_the_order_they_began),
		TEST(what_lived_before_is_somewhere_in_its_life),
		TEST(few_of_those_that_live_are_young),
		TEST(extents_without_a_lifetime_stay),
		TEST(lives_end_in_any_pieces_alike),
		TEST(a_drain_by_live_leaves_so_many),
		TEST(a_drain_by_occupancy_stops_at_its_pages),
		TEST(drains_take_the_oldest_or_the_youngest),
		TEST(random_drains_spare_nobody),
		TEST(what_was_drained_is_filled_again),
		TEST(holding_pages_never_passes_their_level),
		TEST(holding_pages_changes_the_count),
		TEST(a_burst_frees_and_allocates_so_many),
		TEST(a_burst_is_no_larger_than_what_lives),
		TEST(thinking_lets_polls_pass),
		TEST(threads_share_lives_and_drains),
		TEST(every_failing_allocation_is_an_error),
	};
	return cmocka_run_group_tests_name("op_stream lifetimes", tests, NULL, NULL);
}
