/* SPDX-License-Identifier: MIT
 * Goal: no word of a stream names a slot, a kind of demand, a domain, a CPU or a call that is not there, whatever phases
 * follow each other; and when one does, the stream ends and says so. Method: phases by hand and by chance, judged by the
 * player of op_stream_player.h; faults are planted into streams that were opened as in the program. */
#include "stream/op_stream.h"
#include "stream/generator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/rng.h"
#include "support/stream_fixture.h"

static struct workload_request requests[3];
static struct workload_mix_entry both[] = {{0, 1}, {1, 1}};

static int set_up(void **state)
{
	(void)state;
	memset(requests, 0, sizeof requests);
	for (size_t i = 0; i < 3; i++)
		requests[i].lifetime = (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 200};
	requests[0].size = (struct workload_size){.kind = WORKLOAD_SIZE_UNIFORM, .min = 1, .max = 16};
	requests[1].size = (struct workload_size){.kind = WORKLOAD_SIZE_FIXED, .min = 2, .max = 2};
	requests[2].size = (struct workload_size){.kind = WORKLOAD_SIZE_FIXED, .min = 1000, .max = 1000};
	stream_set_up(requests, 3, 1 << 16);
	return 0;
}

static struct workload_phase *add(enum workload_body body, enum workload_until until, uint64_t value)
{
	struct workload_phase *phase = &phases[workload.phase_count++];
	*phase = (struct workload_phase){
		.name = text, .body = body, .mix = both, .mix_count = 2, .until = until, .until_value = value};
	return phase;
}

/* The oldest leave at the front of the ring of slots, which turns. */
static void a_fifo_drain_before_a_fill_by_occupancy_stays_in_its_slots(void **state)
{
	(void)state;
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_LIVE, 100);
	add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 5)->victims = WORKLOAD_VICTIMS_FIFO;
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OCCUPANCY, 0)->until_ratio = 0.01;
	play(100);
	assert_int_equal(op_stream_slots(stream), op_stream_totals(stream, 2).live_after);
}

static void fifo_bursts_around_fills_by_occupancy_stay_in_their_slots(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OCCUPANCY, 0)->until_ratio = 0.01 * (i + 1);
		struct workload_phase *bursts = add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OPS, 20000);
		bursts->victims = WORKLOAD_VICTIMS_FIFO;
		bursts->burst = 7;
	}
	play(100);
	assert_int_equal(op_stream_slots(stream), op_stream_totals(stream, 5).live_after);
}

/* Which extent lies in which slot depends on the length of the ring; which one is a victim must not: as many slots are made as
 * were measured with a longer ring. */
static void victims_are_the_same_whatever_slots_there_are(void **state)
{
	(void)state;
	static struct workload_mix_entry sized[] = {{0, 99}, {2, 1}}, short_lived[] = {{1, 1}};
	requests[0].lifetime = requests[2].lifetime = (struct workload_lifetime){0};
	requests[1].lifetime = (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .mean = 2};
	for (int i = 0; i < 2; i++) {
		struct workload_phase *fill = add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OCCUPANCY, 0);
		fill->until_ratio = 0.4 + 0.1 * i;
		fill->mix = sized;
		fill->mix_count = 2;
		if (i == 1)
			break;
		struct workload_phase *bursts = add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OPS, 20000);
		bursts->victims = WORKLOAD_VICTIMS_FIFO;
		bursts->burst = 100;
		bursts->mix = sized;
		bursts->mix_count = 2;
		struct workload_phase *lives = add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OPS, 100);
		lives->victims = WORKLOAD_VICTIMS_LIFETIME;
		lives->mix = short_lived;
		lives->mix_count = 1;
		add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 1500);
	}
	for (uint64_t seed = 0; seed < 50; seed++) {
		op_stream_close(stream);
		stream = op_stream_open(&workload, NULL, seed, &error);
		assert_string_equal(error.message, "");
		uint32_t slots = op_stream_slots(stream);
		player_release(&player);
		player_run(&player, stream, 100, workload.phase_count);
		assert_null(op_stream_fault(stream));
		assert_int_equal(op_stream_slots(stream), slots);
	}
}

static enum workload_victims any_victims(struct rng *rng)
{
	return (enum workload_victims)rng_below(rng, WORKLOAD_VICTIMS_LIFETIME);
}

static void add_any_churn(struct rng *rng)
{
	bool by_ops = rng_below(rng, 4) != 0;
	struct workload_phase *phase =
		add(WORKLOAD_BODY_MIX, by_ops ? WORKLOAD_UNTIL_OPS : WORKLOAD_UNTIL_TURNOVERS, 1 + rng_below(rng, 3000));
	phase->until_ratio = 0.5 + rng_unit(rng);
	phase->victims = any_victims(rng);
	phase->burst = rng_below(rng, 3) ? 1 : rng_below(rng, 60);
	phase->think = rng_below(rng, 8) ? 0 : rng_below(rng, 50);
	phase->free_on = rng_below(rng, 2) ? WORKLOAD_FREE_ON_NEXT : WORKLOAD_FREE_ON_SAME;
	if (rng_below(rng, 4) == 0) {
		phase->victims = WORKLOAD_VICTIMS_LIFETIME;
		phase->burst = 1;
		phase->think = 0;
	} else if (phase->burst == 1 && rng_below(rng, 2)) {
		phase->hold = WORKLOAD_HOLD_OCCUPANCY;
	}
}

static void add_any_phase(struct rng *rng)
{
	switch (rng_below(rng, 6)) {
	case 0:
		add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_LIVE, 1 + rng_below(rng, 300));
		break;
	case 1:
		add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OCCUPANCY, 0)->until_ratio = rng_unit(rng) / 20;
		break;
	case 2:
		add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_LIVE, 1 + rng_below(rng, 200))->victims = any_victims(rng);
		break;
	case 3:
		add(WORKLOAD_BODY_DRAIN, WORKLOAD_UNTIL_OCCUPANCY, 0)->victims = any_victims(rng);
		phases[workload.phase_count - 1].until_ratio = rng_unit(rng) / 40;
		break;
	case 4:
		if (rng_below(rng, 4) == 0)
			add(WORKLOAD_BODY_FREE_ALL, WORKLOAD_UNTIL_OPS, 0);
		break;
	}
	add_any_churn(rng);
}

/* What was measured once has to do for the stream that is played, also where extents change their slots in between. */
static void any_phases_in_any_order_stay_in_their_slots(void **state)
{
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct rng rng;
		set_up(state);
		rng_seed(&rng, seed);
		workload.cpus = 1 + (uint32_t)rng_below(&rng, 3);
		while (workload.phase_count < 2 + rng_below(&rng, PLAYER_PHASES - 3))
			add_any_phase(&rng);
		play(100);
		tear_down(state);
	}
}

/* The stream is played until it ends: nothing of the piece with the fault was handed out. */
static void ends_with(const char *part)
{
	struct op ops[64];
	size_t phase, words = 0;
	for (size_t count; (count = op_stream_next(stream, ops, 64, &phase)) > 0; words += count)
		for (size_t i = 0; i < count; i++)
			assert_true(ops[i].demand >> OP_REQUEST_SHIFT == OP_CONTROL ||
				    ops[i].slot < op_stream_slots(stream));
	assert_non_null(op_stream_fault(stream));
	assert_non_null(strstr(op_stream_fault(stream), part));
	assert_true(words < player.words);
	op_stream_rewind(stream);
	assert_int_equal(op_stream_next(stream, ops, 64, &phase), 0);
	assert_non_null(op_stream_fault(stream));
}

/* A stream of everything that a word can name, played whole once. */
static void open_everything(void)
{
	static struct workload_routine_call calls[2];
	static struct workload_script_op script[] = {{.kind = WORKLOAD_SCRIPT_CALL, .call = 0},
						     {.kind = WORKLOAD_SCRIPT_CALL, .call = 1}};
	op_stream_close(stream);
	player_release(&player);
	player = (struct player){0};
	workload.phase_count = 0;
	workload.cpus = 4;
	workload.routine_calls = calls;
	workload.routine_call_count = 0;
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_LIVE, 100);
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OPS, 1000);
	play(100);
	struct workload_phase *phase = add(WORKLOAD_BODY_SCRIPT, WORKLOAD_UNTIL_OPS, 0);
	phase->script = script;
	phase->script_count = 2;
	workload.routine_call_count = 2;
	op_stream_close(stream);
	open_stream();
	player.words += 2;
}

static void a_word_beyond_a_table_ends_the_stream(void **state)
{
	(void)state;
	open_everything();
	stream->slots--;
	ends_with("none of 99 slots");
	open_everything();
	stream->request_count -= 2; /* the third is asked for by nobody */
	ends_with("1 kinds of demand");
	open_everything();
	stream->cpus--;
	ends_with("3 CPUs");
	open_everything();
	stream->domains = 0;
	ends_with("0 domains");
	open_everything();
	workload.routine_call_count--;
	ends_with("phase 2 ");
}

static void words_that_are_none_are_no_words(void **state)
{
	(void)state;
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_LIVE, 100);
	open_stream();
	static const struct {
		struct op op;
		bool fits;
	} cases[] = {
		{{99, 0}, true},
		{{100, 0}, false},
		{{UINT32_MAX, 0}, false},
		{{99, 1}, true},
		{{100, 1}, false},
		{{0, 2u << OP_REQUEST_SHIFT | 1}, true},
		{{0, 3u << OP_REQUEST_SHIFT | 1}, false},
		{{0, 254u << OP_REQUEST_SHIFT | 1}, false},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT | OP_CONTEXT}, true},
		{{1, OP_CONTROL << OP_REQUEST_SHIFT | OP_CONTEXT}, false},
		{{1 << 16, OP_CONTROL << OP_REQUEST_SHIFT | OP_CONTEXT}, false},
		{{7, OP_CONTROL << OP_REQUEST_SHIFT | OP_COUNT_HIGH}, true},
		{{7, OP_CONTROL << OP_REQUEST_SHIFT | OP_POLL}, true},
		{{99, OP_CONTROL << OP_REQUEST_SHIFT | OP_SEND}, true},
		{{100, OP_CONTROL << OP_REQUEST_SHIFT | OP_SEND}, false},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT | OP_RECEIVE}, true},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT | OP_CALL}, false},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT | OP_ADVERSARY}, false},
		{{5, OP_CONTROL << OP_REQUEST_SHIFT | OP_ADVERSARY}, false},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT}, false},
		{{0, OP_CONTROL << OP_REQUEST_SHIFT | 99}, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		stream->fault[0] = '\0';
		assert_int_equal(stream_words_fit(stream, 0, &cases[i].op, 1), cases[i].fits);
		assert_int_equal(op_stream_fault(stream) == NULL, cases[i].fits);
	}
}

/* More than was measured: the slots behind are somebody else's memory. */
static void a_fill_beyond_what_was_measured_ends_the_stream(void **state)
{
	(void)state;
	add(WORKLOAD_BODY_MIX, WORKLOAD_UNTIL_OCCUPANCY, 0)->until_ratio = 0.1;
	play(100);
	op_stream_rewind(stream);
	population_cut(&stream->mixes, stream->mixes.capacity - 1);
	ends_with("phase 0 fills more than the");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_fifo_drain_before_a_fill_by_occupancy_stays_in_its_slots),
		TEST(fifo_bursts_around_fills_by_occupancy_stay_in_their_slots),
		TEST(victims_are_the_same_whatever_slots_there_are),
		TEST(any_phases_in_any_order_stay_in_their_slots),
		TEST(a_word_beyond_a_table_ends_the_stream),
		TEST(words_that_are_none_are_no_words),
		TEST(a_fill_beyond_what_was_measured_ends_the_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
