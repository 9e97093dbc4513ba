/* SPDX-License-Identifier: MIT
 * What placements cost the device: streams of a few operations, worked out by hand. */
#include "unit/play/audit_fixture.h"

#include "play/audit_device.h"

#define BEGIN(space) "iovabench: 1\nname: test\nspace: {base: 0, " space "}\n"
#define IOTLB "iotlb: {entries: 4, ways: 4, walk: {l2: 1, l3: 1}}\n"
#define ANY "requests: [{name: any, size: {fixed: 4KiB}}]\n"
#define SCRIPT "phases:\n  - name: only\n    measure: yes\n    script:\n"

static void play(const char *yaml, const char *spec)
{
	bench_open(&bench, yaml, spec, NULL);
	if (pass_audit(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	assert_about(figure(METRIC_AUDIT_VIOLATIONS), 0, 0);
}

/* Of a phase of so many operations. */
static void costs(double touches, double misses, double references, double flushes, double operations)
{
	assert_about(figure(METRIC_IOTLB_TOUCHES), touches, 0);
	assert_about(figure(METRIC_IOTLB_MISSES_PER_OP) * operations, misses, 1e-9);
	assert_about(figure(METRIC_IOTLB_MISS_SHARE), misses / touches, 1e-12);
	assert_about(figure(METRIC_IOTLB_WALK_REFERENCES_PER_OP) * operations, references, 1e-9);
	assert_about(figure(METRIC_IOTLB_WALK_REFERENCES_PER_MISS), references / misses, 1e-12);
	assert_about(figure(METRIC_IOTLB_FLUSHES_PER_OP) * operations, flushes, 1e-9);
	bench_close(&bench);
}

/* a = [0, 5), b = [5, 8), c = [0, 2): the first walk reads four levels, all others the leaf table. */
#define ABC                                                                                                                \
	"      - {alloc: a, request: any, size: 20KiB}\n"                                                                  \
	"      - {alloc: b, request: any, size: 12KiB}\n"                                                                  \
	"      - {free: a}\n"                                                                                              \
	"      - {alloc: c, request: any, size: 8KiB}\n"

static void what_is_mapped_is_touched_once(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") IOTLB ANY SCRIPT ABC, "bitmap");
	costs(10, 10, 13, 1, 4);
	play(BEGIN("size: 64KiB") IOTLB "touch: all\n" ANY SCRIPT ABC, "bitmap");
	costs(10, 10, 13, 1, 4);
	play(BEGIN("size: 64KiB") IOTLB "touch: first\n" ANY SCRIPT ABC, "bitmap");
	costs(3, 3, 6, 1, 4);
}

/* With every operation, while anything is live: a is one page, and b lives when a is gone. */
static void or_at_random_with_every_operation(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") IOTLB "touch: random\n" ANY SCRIPT "      - {alloc: a, request: any}\n"
					"      - {free: a}\n"
					"      - {alloc: b, request: any}\n"
					"      - {repeat: 3, script: [{alloc: c, request: any}, {free: c}]}\n"
					"      - {free: b}\n",
	     "bitmap");
	/* a; b, and six more of which three are b's alone; c may be touched while it lives, each time anew. */
	assert_about(figure(METRIC_IOTLB_TOUCHES), 8, 0);
	double misses = figure(METRIC_IOTLB_MISSES_PER_OP) * 10;
	assert_true(misses >= 2 - 1e-9 && misses <= 5 + 1e-9);
	assert_about(figure(METRIC_IOTLB_FLUSHES_PER_OP) * 10, 5, 1e-9);
	bench_close(&bench);
}

/* Seven pages of a buddy's eight, three of four with the guard. */
static void rounding_and_guards_are_not_mapped(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") IOTLB "requests: [{name: any, size: {fixed: 28KiB}}, {name: g, size: {fixed: 12KiB}, "
					"guard: 4KiB}]\n" SCRIPT "      - {alloc: a, request: any}\n"
					"      - {alloc: b, request: g}\n",
	     "buddy");
	costs(10, 10, 13, 0, 2);
}

/* Nothing of the space is mapped between a and b: their walks begin at the root, and so does that of c in the next table. */
static void a_table_goes_away_with_its_last_page(void **state)
{
	(void)state;
	play(BEGIN("size: 16MiB") IOTLB ANY SCRIPT "      - {alloc: a, request: any}\n"
						   "      - {free: a}\n"
						   "      - {alloc: b, request: any}\n"
						   "      - {free: b}\n",
	     "bitmap");
	costs(2, 2, 8, 2, 4);
	/* An extent of 513 pages: both leaf tables, one table above. */
	play(BEGIN("size: 16MiB") IOTLB ANY SCRIPT "      - {alloc: a, request: any, size: 513 pages}\n"
						   "      - {alloc: b, request: any}\n"
						   "      - {free: a}\n"
						   "      - {alloc: c, request: any}\n",
	     "bitmap");
	costs(515, 515, 4 + 511 + 2 + 1 + 2, 1, 4);
}

/* A queue of two: the third free flushes the others. Until then their entries and tables stay. */
static void what_waits_is_invalidated_with_all_that_waits(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") IOTLB ANY SCRIPT "      - {alloc: a, request: any}\n"
						   "      - {free: a}\n"
						   "      - {alloc: b, request: any}\n"
						   "      - {free: b}\n"
						   "      - {alloc: c, request: any}\n"
						   "      - {free: c}\n"
						   "      - {alloc: d, request: any}\n",
	     "lazy:entries=2+bitmap");
	costs(4, 4, 4 + 1 + 1 + 4, 1, 7);
	/* As many pages come as go: one entry, which each free flushes. */
	play(BEGIN("size: 64KiB") IOTLB ANY SCRIPT "      - {repeat: 4, script: [{alloc: a, request: any}, {free: a}]}\n",
	     "lazy:entries=1+bitmap");
	costs(4, 4, 4 + 1 + 4 + 4, 3, 8);
	/* Magazines hold what was freed, which is unmapped all the same. */
	play(BEGIN("size: 64KiB") IOTLB ANY SCRIPT "      - {repeat: 4, script: [{alloc: a, request: any}, {free: a}]}\n",
	     "magazine+bitmap");
	costs(4, 4, 16, 4, 8);
}

/* Logical and physical addresses are the same: a block of 2 MiB at its multiple is one leaf, of 1 MiB it is pages. */
static void large_leaves_are_one_translation(void **state)
{
	(void)state;
	play(BEGIN("size: 64MiB, mode: identity") "physical: {size: 32MiB}\n" IOTLB
						  "requests: [{name: a, call: contiguous, size: {fixed: 2MiB}, align: "
						  "natural}]\n" SCRIPT "      - {alloc: a, request: a}\n"
						  "      - {alloc: b, request: a}\n"
						  "      - {free: a}\n",
	     "bitmap");
	costs(1024, 2, 3 + 1, 1, 3);
	play(BEGIN("size: 64MiB, mode: identity") "physical: {size: 32MiB}\n" IOTLB
						  "requests: [{name: a, call: contiguous, size: {fixed: 1MiB}, align: "
						  "natural}]\n" SCRIPT "      - {alloc: a, request: a}\n",
	     "bitmap");
	costs(256, 256, 4 + 255, 0, 1);
	/* Without frames nobody knows. */
	play(BEGIN("size: 64MiB") IOTLB "requests: [{name: a, size: {fixed: 2MiB}, align: natural}]\n" SCRIPT
					"      - {alloc: a, request: a}\n",
	     "bitmap");
	costs(512, 512, 4 + 511, 0, 1);
}

static void ranges_that_are_reserved_are_no_mappings(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") IOTLB ANY "phases:\n  - {name: busy, measure: yes, reserve: [{base: 0, size: 8KiB}]}\n",
	     "bitmap");
	assert_about(figure(METRIC_IOTLB_TOUCHES), 0, 0);
	assert_true(isnan(figure(METRIC_IOTLB_MISS_SHARE)));
	bench_close(&bench);
}

static void without_an_iotlb_there_are_no_figures(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") ANY SCRIPT ABC, "bitmap");
	assert_true(isnan(figure(METRIC_IOTLB_TOUCHES)));
	assert_int_equal(bench.record.phases[0].figures.reason[METRIC_IOTLB_TOUCHES], RESULT_REASON_NO_IOTLB);
}

/* ---- the device alone ---- */

static struct engine engine;
static struct audit_device device;

static void open_device(const char *touch)
{
	char yaml[512];
	snprintf(yaml, sizeof yaml, BEGIN("size: 64KiB") IOTLB "touch: %s\n" ANY SCRIPT ABC, touch);
	bench_open(&bench, yaml, "bitmap", NULL);
	struct op_stream *stream = bench.pass.source->stream;
	assert_int_equal(engine_open(&engine, bench.pass.workload, stream, bench.pass.spec, bench.pass.arena, &bench.error),
			 0);
	assert_int_equal(audit_device_open(&device, bench.pass.workload, &engine), 0);
}

static void close_device(void)
{
	audit_device_close(&device);
	engine_close(&engine);
	bench_close(&bench);
}

static void map_and_touch(uint64_t first, uint64_t count, uint64_t frame, uint64_t misses, uint64_t references)
{
	device.touches = device.misses = device.walk_references = 0;
	audit_device_map(&device, 0, first, count, frame);
	audit_device_settle(&device, 0, true);
	assert_int_equal(device.touches, count);
	assert_int_equal(device.misses, misses);
	assert_int_equal(device.walk_references, references);
}

static void unmap(uint64_t first, uint64_t count)
{
	audit_device_unmap(&device, 0, first, count);
	audit_device_settle(&device, 0, false);
}

static void leaves_are_as_large_as_frames_let_them_be(void **state)
{
	(void)state;
	open_device("all");
	/* Two of 2 MiB, and 76 pages behind them: the second takes one read, a leaf table that is new two. */
	map_and_touch(512, 1100, 1024, 2 + 76, 3 + 1 + 2 + 75);
	map_and_touch(2048, 512, 2049, 512, 2 + 511);
	/* One page is missing at each end. */
	map_and_touch(2561, 1022, 2561, 1022, 2 + 510 + 2 + 510);
	close_device();
}

static void a_table_stays_for_what_lies_on_either_side(void **state)
{
	(void)state;
	open_device("all");
	map_and_touch(0, 1, AUDIT_DEVICE_NO_FRAME, 1, 4);
	map_and_touch(600, 1, AUDIT_DEVICE_NO_FRAME, 1, 2);
	unmap(600, 1);
	map_and_touch(600, 1, AUDIT_DEVICE_NO_FRAME, 1, 2);
	map_and_touch(602, 1, AUDIT_DEVICE_NO_FRAME, 1, 1);
	unmap(602, 1);
	map_and_touch(602, 1, AUDIT_DEVICE_NO_FRAME, 1, 1);
	unmap(600, 1);
	map_and_touch(600, 1, AUDIT_DEVICE_NO_FRAME, 1, 1);
	close_device();
}

/* Parts of a mapping go, and what was mapped by nobody. */
static void mappings_end_in_parts(void **state)
{
	(void)state;
	open_device("random");
	audit_device_map(&device, 0, 0, 10, 100);
	audit_device_map(&device, 0, 9, 2, 300); /* an overlap: told by the audit, passed over here */
	audit_device_map(&device, 0, 10, 2, 200);
	audit_device_unmap(&device, 0, 3, 2);
	assert_int_equal(device.live_count, 3);
	assert_int_equal(device.gone_count, 1);
	audit_device_unmap(&device, 0, 4, 7); /* [5, 10) and page 10 */
	assert_int_equal(device.live_count, 2);
	uint64_t pages = 0;
	for (size_t i = 0; i < device.live_count; i++) {
		pages += device.live[i].count;
		assert_int_equal(device.live[i].frame, device.live[i].first == 11 ? 201 : 100);
	}
	assert_int_equal(pages, 4);
	audit_device_unmap(&device, 0, 12, 4);
	assert_int_equal(device.gone_count, 3);
	audit_device_forget(&device, OP_ADAPTERS_ALL);
	assert_int_equal(device.live_count, 0);
	assert_int_equal(device.gone_count, 5);
	audit_device_settle(&device, 0, true);
	assert_int_equal(device.flushes, 1);
	assert_int_equal(device.touches, 0);
	close_device();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_mapped_is_touched_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(or_at_random_with_every_operation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rounding_and_guards_are_not_mapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_goes_away_with_its_last_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_waits_is_invalidated_with_all_that_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_leaves_are_one_translation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ranges_that_are_reserved_are_no_mappings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_an_iotlb_there_are_no_figures, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_are_as_large_as_frames_let_them_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_stays_for_what_lies_on_either_side, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mappings_end_in_parts, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
