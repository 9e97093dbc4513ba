/* SPDX-License-Identifier: MIT
 * What the audit keeps for figures over time. */
#include "audit_fixture.h"

#include "play/audit_map.h"
#include "play/audit_failures.h"
#include "result/parts.h"

static const struct result_map *picture(void)
{
	assert_int_equal(bench.record.map_count, 1);
	return &bench.record.maps[0];
}

static unsigned cell(enum result_plane plane, size_t row, size_t column)
{
	return picture()->planes[plane][row * picture()->columns + column];
}

/* Every other of five rows: behind a; behind a, b and c; and with b gone, d behind c. */
static void a_picture_is_what_was_worked_out_by_hand(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 4KiB}\n", FLAW_DEFERS);
	assert_int_equal(picture()->rows, 3);
	/* 13 pages were used, the 3 behind them never. */
	assert_int_equal(picture()->columns, 13);
	assert_true(picture()->first == 0 && picture()->count == 13 && picture()->space_count == 16);
	for (size_t column = 0; column < 13; column++) {
		bool a = column < 5, b = column >= 5 && column < 8, c = column >= 8 && column < 12;
		assert_int_equal(picture()->edges[column], column);
		assert_int_equal(picture()->cells[column], a ? 63 : 0);
		assert_int_equal(picture()->cells[13 + column], a || b || c ? 63 : 0);
		assert_int_equal(picture()->cells[26 + column], b ? 0 : 63);
		assert_int_equal(cell(RESULT_PLANE_DEFERRED, 1, column), 0);
		assert_int_equal(cell(RESULT_PLANE_DEFERRED, 2, column), b ? 63 : 0);
		assert_int_equal(cell(RESULT_PLANE_CACHED, 2, column), 0);
		assert_int_equal(cell(RESULT_PLANE_REQUEST, 2, column), b ? 0 : 1);
	}
	assert_true(picture()->ops[0] == 1 && picture()->ops[1] == 3 && picture()->ops[2] == 5);
}

/* 11 pages, 4, and with deferred ones cut out 3. */
static void free_runs_are_told_by_their_order(void **state)
{
	(void)state;
	audit(THREE "      - {alloc: d, request: any, size: 4KiB}\n", FLAW_DEFERS);
	for (size_t order = 0; order < RESULT_MAP_ORDERS; order++) {
		assert_int_equal(picture()->free_runs[order], order == 3);
		assert_int_equal(picture()->free_runs[RESULT_MAP_ORDERS + order], order == 2);
		assert_int_equal(picture()->free_runs[2 * RESULT_MAP_ORDERS + order], order == 1);
	}
}

static void a_cell_has_the_request_of_most_of_its_pages(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: low}\n"
		      "      - {alloc: b, request: any}\n"
		      "      - {free: a}\n"
		      "      - {alloc: c, request: any}\n"
		      "      - {alloc: d, request: any}\n",
	      FLAW_NONE);
	assert_string_equal(picture()->requests[0], "any");
	assert_string_equal(picture()->requests[1], "low");
	assert_int_equal(cell(RESULT_PLANE_REQUEST, 0, 0), 2);
	/* a went, and c took its place. */
	assert_int_equal(cell(RESULT_PLANE_REQUEST, 2, 0), 1);
	assert_int_equal(cell(RESULT_PLANE_REQUEST, 2, 2), 1);
}

static void failures_are_told_by_request_and_kind(void **state)
{
	(void)state;
	audit(LIMITED "      - {alloc: a, request: any, size: 28KiB}\n"
		      "      - {alloc: b, request: low}\n"
		      "      - {alloc: c, request: low}\n"
		      "      - {alloc: d, request: any, size: 60KiB}\n"
		      "      - {free: a}\n"
		      "      - {alloc: e, request: any, size: 20KiB}\n"
		      "      - {alloc: f, request: any}\n"
		      "      - {free: e}\n"
		      "      - {alloc: g, request: any, size: 56KiB}\n",
	      FLAW_NONE);
	static const struct {
		const char *request;
		enum result_failure kind;
		size_t count;
		double op, number;
	} wanted[] = {{"low", RESULT_FAILURE_EXHAUSTED, 2, 3, 2},
		      {"any", RESULT_FAILURE_EXHAUSTED, 1, 4, 1},
		      {"any", RESULT_FAILURE_FRAGMENTED, 1, 9, 1}};
	assert_int_equal(bench.record.failure_count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct result_failures *one = &bench.record.failures[i];
		assert_string_equal(one->request, wanted[i].request);
		assert_int_equal(one->kind, wanted[i].kind);
		assert_int_equal(one->count, wanted[i].count);
		assert_true(one->ops[one->count - 1] == wanted[i].op);
		assert_true(one->numbers[one->count - 1] == wanted[i].number);
	}
}

/* ---- where columns lie ---- */

static struct audit_map_names names;
static unsigned char request;
static struct audit_map map;
static struct audit_space space;

static void open_map(uint32_t columns)
{
	static const struct op_request requests[] = {{.name = "one"}, {.name = "two"}};
	static const struct workload_hole hole = {.first = 1000, .count = 100};
	struct workload workload = {
		.space = {.end = UINT64_C(1) << 40, .holes = (struct workload_hole *)(uintptr_t)&hole, .hole_count = 1}};
	struct allocator_instance none = {0};
	struct error error = {0};
	workload.space.usable = workload.space.end - 100;
	audit_map_name(&names, requests, 2);
	assert_int_equal(audit_map_open(&map, &names, &request, 4, columns), 0);
	assert_int_equal(audit_space_open(&space, &workload, &none, &error), 0);
	space.map = &map;
}

static void close_map(void)
{
	space.instance = NULL;
	audit_space_close(&space);
	audit_map_close(&map);
}

static void take(uint64_t first, uint64_t count, unsigned char of)
{
	struct audit_complaints complaints = {0};
	const struct iova_extent extent = {.first = first, .count = count};
	request = of;
	assert_true(audit_space_take(&space, &extent, 0, &complaints, 1, NULL));
}

static struct result_map stored(void)
{
	struct result_map found = {0};
	assert_int_equal(audit_map_store(&map, &space, 0, &found), 0);
	return found;
}

static void drop_picture(struct result_map found)
{
	struct result_map *copy = memory_zeroed(1, sizeof *copy);
	*copy = found;
	parts_release_maps(copy, 1);
}

static void what_was_never_used_is_one_column(void **state)
{
	(void)state;
	open_map(8);
	take(UINT64_C(1) << 39, 2, 0);
	take(0, 2, 1);
	take(900, 1, 1);
	audit_map_row(&map, &space, 3);
	struct result_map found = stored();
	/* 0, 1; to 900; it; to the hole, the hole, from it on; the two far away. */
	static const uint64_t edges[] = {
		0, 1, 2, 900, 901, 1000, 1100, UINT64_C(1) << 39, (UINT64_C(1) << 39) + 1, (UINT64_C(1) << 39) + 2};
	static const unsigned char cells[] = {63, 63, 0, 63, 0, RESULT_MAP_RESERVED, 0, 63, 63};
	assert_int_equal(found.columns, 9);
	assert_memory_equal(found.edges, edges, sizeof edges);
	assert_memory_equal(found.cells, cells, sizeof cells);
	assert_int_equal(found.planes[RESULT_PLANE_REQUEST][0], 2);
	assert_int_equal(found.planes[RESULT_PLANE_REQUEST][7], 1);
	drop_picture(found);
	close_map();
}

/* Pages are neither lost nor doubled while columns grow, whatever the order; earlier rows grow with them. */
static void columns_grow_with_what_is_used(void **state)
{
	(void)state;
	static const uint64_t places[] = {500, 3, 70, 499, 2, 900, 64, 200, 201, 5, 800, 71};
	open_map(4);
	for (size_t i = 0; i < 12; i++) {
		take(places[i], 1, (unsigned char)(i % 2));
		if (i % 3 == 2)
			audit_map_row(&map, &space, i + 1);
	}
	struct result_map found = stored();
	assert_int_equal(found.rows, 4);
	for (size_t row = 0; row < 4; row++)
		for (size_t column = 0; column < found.columns; column++) {
			uint64_t pages = 0, wide = found.edges[column + 1] - found.edges[column];
			for (size_t i = 0; i < 3 * (row + 1); i++)
				pages += places[i] >= found.edges[column] && places[i] < found.edges[column + 1];
			assert_int_equal(found.cells[row * found.columns + column], pages ? 1 + 62 * pages / wide : 0);
		}
	drop_picture(found);
	/* What one of the names has given back is nowhere any more. */
	for (size_t i = 0; i < 12; i++)
		audit_map_drop(&map, &(struct iova_extent){.first = places[i], .count = 1});
	for (size_t i = 0; i < 4 * names.count; i++)
		assert_int_equal(map.live[i], 0);
	close_map();
}

static void an_extent_wider_than_all_columns_has_room(void **state)
{
	(void)state;
	open_map(4);
	take(10, 1, 0);
	take(11, 989, 1);
	audit_map_row(&map, &space, 2);
	struct result_map found = stored();
	assert_true(found.columns <= 6);
	for (size_t column = 0; column < found.columns; column++)
		assert_true(found.cells[column] > 0);
	drop_picture(found);
	close_map();
}

static void an_unused_space_is_a_picture_too(void **state)
{
	(void)state;
	open_map(4);
	audit_map_row(&map, &space, 0);
	struct result_map found = stored();
	assert_int_equal(found.columns, 3);
	assert_int_equal(found.cells[0], 0);
	assert_int_equal(found.cells[1], RESULT_MAP_RESERVED);
	drop_picture(found);
	close_map();
}

static void names_beyond_the_last_are_others(void **state)
{
	(void)state;
	static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "a"};
	struct op_request requests[10];
	memset(requests, 0, sizeof requests);
	for (size_t i = 0; i < 10; i++)
		requests[i].name = letters[i];
	audit_map_name(&names, requests, 10);
	assert_int_equal(names.count, RESULT_MAP_REQUESTS_MAX);
	assert_string_equal(names.name[7], RESULT_CLASS_OTHERS);
	assert_int_equal(names.of_request[6], 6);
	assert_int_equal(names.of_request[7], 7);
	assert_int_equal(names.of_request[8], 7);
	assert_int_equal(names.of_request[9], 0);
	assert_int_equal(names.of_request[OP_CONTROL], 7);
	struct audit_failures failures = {0};
	char words[20][4];
	for (size_t i = 0; i < 20; i++) {
		snprintf(words[i], sizeof words[i], "%zu", i);
		audit_failures_count(&failures, words[i], RESULT_FAILURE_PHYSICAL, 2);
	}
	assert_int_equal(failures.count, AUDIT_FAILURES_NAMES + 1);
	assert_string_equal(failures.of[AUDIT_FAILURES_NAMES].request, RESULT_CLASS_OTHERS);
	assert_int_equal(failures.of[AUDIT_FAILURES_NAMES].total, 8);
	audit_failures_close(&failures);
}

#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		A(a_picture_is_what_was_worked_out_by_hand),
		A(free_runs_are_told_by_their_order),
		A(a_cell_has_the_request_of_most_of_its_pages),
		A(failures_are_told_by_request_and_kind),
		cmocka_unit_test(what_was_never_used_is_one_column),
		cmocka_unit_test(columns_grow_with_what_is_used),
		cmocka_unit_test(an_extent_wider_than_all_columns_has_room),
		cmocka_unit_test(an_unused_space_is_a_picture_too),
		cmocka_unit_test(names_beyond_the_last_are_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
