/* SPDX-License-Identifier: MIT
 * Parts of recordings, larger ones, their distributions, and the ordered set of ranges. */
#include "trace/cut.h"
#include "trace/ranges.h"
#include "trace/shape.h"

#include "unit/trace/trace_import.h"

static struct recording_op ops[] = {
	{.slot = 0, .count = 4, .cpu = 1},
	{.slot = 1, .count = 1},
	{.slot = 2, .count = 8, .domain = 1},
	{.slot = 1, .count = 0},
	{.slot = 1, .count = 2},
	{.slot = 3, .count = 16, .refused = 1},
	{.slot = 2, .count = 0, .domain = 1},
	{.slot = 0, .count = 0},
};

static struct recording small(void)
{
	return (struct recording){.ops = ops,
				  .op_count = sizeof ops / sizeof *ops,
				  .slot_count = 4,
				  .cpus = 2,
				  .domain_count = 2,
				  .limits = {{.high = {0xff}, .count = 1}},
				  .limits_count = 1};
}

static struct recording_part whole(void)
{
	return (struct recording_part){.end_op = UINT64_MAX, .domain = UINT32_MAX, .pages_max = UINT32_MAX};
}

static void assert_cut(struct recording_part part, const char *expected)
{
	struct recording made = small();
	recording_release(&recording);
	assert_int_equal(recording_cut(&made, &part, &recording, &error), 0);
	assert_ops(expected);
}

static void whole_of_a_recording_is_itself(void **state)
{
	(void)state;
	assert_cut(whole(), "+0:4@1 +1:1@0 +2:8@0d1 -1@0 +1:2@0 +3:16@0r1 -2@0d1 -0@0");
}

static void part_begins_with_what_lived(void **state)
{
	(void)state;
	struct recording_part part = whole();
	part.first_op = 4;
	assert_cut(part, "+0:4@1 +2:8@0d1 +1:2@0 +3:16@0r1 -2@0d1 -0@0");
	part.end_op = 7;
	assert_cut(part, "+0:4@1 +2:8@0d1 +1:2@0 +3:16@0r1 -2@0d1");
}

static void one_domain_or_some_sizes_stay(void **state)
{
	(void)state;
	struct recording_part part = whole();
	part.domain = 1;
	assert_cut(part, "+2:8@0 -2@0");
	assert_int_equal(recording.domain_count, 1);
	part = whole();
	part.pages_min = 2;
	part.pages_max = 8;
	assert_cut(part, "+0:4@1 +2:8@0d1 +1:2@0 -2@0d1 -0@0");
}

static void part_of_nothing_is_refused(void **state)
{
	(void)state;
	struct recording made = small(), part;
	struct recording_part wanted = whole();
	wanted.pages_min = 1000;
	error = (struct error){0};
	assert_int_equal(recording_cut(&made, &wanted, &part, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_null(part.ops);
}

static void scaled_recording_does_everything_several_times(void **state)
{
	(void)state;
	struct recording made = small();
	made.op_count = 2;
	recording_release(&recording);
	assert_int_equal(recording_scale(&made, 2, 2, &recording, &error), 0);
	assert_ops("+0:4@1 +1:4@1 +2:4@1d2 +3:4@1d2 +4:1@0 +5:1@0 +6:1@0d2 +7:1@0d2");
	assert_int_equal(recording.domain_count, 4);
	assert_int_equal(recording.slot_count, 16);
	struct recording large;
	error = (struct error){0};
	assert_int_equal(recording_scale(&made, 1, 33, &large, &error), -1);
	assert_non_null(strstr(error.message, "2 domains times 33 are more than 64"));
	assert_int_equal(recording_scale(&made, 1u << 28, 1, &large, &error), -1);
	assert_null(large.ops);
}

static void shape_counts_sizes_and_lifetimes(void **state)
{
	(void)state;
	struct recording made = small();
	struct recording_shape shape;
	assert_int_equal(recording_shape(&made, &shape, &error), 0);
	assert_int_equal(shape.size_count, 4);
	assert_int_equal(shape.sizes[2].pages, 4);
	assert_int_equal(shape.sizes[2].lifetime_sum, 7);
	assert_int_equal(shape.allocs, 4);
	assert_int_equal(shape.bursts, 2);
	assert_int_equal(shape.orders[3], 1);
	assert_int_equal(shape.lifetimes[1], 1);
	assert_int_equal(shape.lifetimes[2], 1);
	assert_int_equal(shape.lifetimes[3], 1);
	assert_int_equal(shape.cpu_allocs[0], 3);
	assert_int_equal(shape.points[shape.point_count - 1].live_pages, 2);
	recording_shape_release(&shape);
}

/* Against a bit for each number. */
static void ranges_hold_what_a_bitmap_holds(void **state)
{
	(void)state;
	enum { ROOM = 512 };
	struct ranges ranges = {0};
	uint16_t of[ROOM] = {0}; /* 1 + the first of the range, 0 = free */
	uint64_t random = 88172645463325252ull;
	for (int step = 0; step < 20000; step++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		unsigned first = (unsigned)(random % ROOM), count = 1 + (unsigned)(random >> 32) % 7;
		unsigned node = ranges_find(&ranges, first);
		unsigned at = first;
		while (at < ROOM && !of[at])
			at++;
		if (at == ROOM)
			assert_int_equal(node, RANGES_NONE);
		else
			assert_int_equal(ranges.nodes[node].first, of[at] - 1u);
		if (of[first]) {
			unsigned begin = of[first] - 1u;
			ranges_remove(&ranges, node);
			for (unsigned i = begin; i < ROOM && of[i] == begin + 1; i++)
				of[i] = 0;
		} else if (first + count <= ROOM && at >= first + count) {
			assert_int_equal(ranges_insert(&ranges, first, count, 0), 0);
			for (unsigned i = first; i < first + count; i++)
				of[i] = (uint16_t)(first + 1);
		}
	}
	ranges_release(&ranges);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_of_a_recording_is_itself),
		TEST(part_begins_with_what_lived),
		TEST(one_domain_or_some_sizes_stay),
		TEST(part_of_nothing_is_refused),
		TEST(scaled_recording_does_everything_several_times),
		TEST(shape_counts_sizes_and_lifetimes),
		TEST(ranges_hold_what_a_bitmap_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
