/* SPDX-License-Identifier: MIT
 * A result as a run would leave it: three workloads, three allocators, with what goes wrong in practice: an arm that is not
 * applicable, one that failed, figures that could not be measured, latencies below the clock. Always the same. */
#ifndef TESTS_RESULT_FIXTURE_H
#define TESTS_RESULT_FIXTURE_H

#include "base/memory.h"
#include "base/rng.h"
#include "result/node.h"
#include "result/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURE_PAGES (UINT64_C(1) << 20)

struct fixture_size {
	uint32_t series_rows, map_rows, map_columns;
};

static void *fixture_room(size_t count, size_t bytes)
{
	void *room = memory_zeroed(count, bytes);
	if (!room)
		abort();
	return room;
}

/* A latency that looks like one: a body around typical_ns and a tail that is tail times longer. */
static void fixture_latency(struct result_latency *latency, double typical_ns, double tail, struct rng *rng)
{
	enum { BUCKETS = 120, SAMPLES = 200000 };
	struct result_histogram *histogram = &latency->histogram;
	histogram->values = fixture_room(BUCKETS, sizeof(uint64_t));
	histogram->samples = fixture_room(BUCKETS, sizeof(uint64_t));
	double left = SAMPLES, value = typical_ns;
	for (int i = 0; i < BUCKETS && left >= 1; i++) {
		uint64_t rounded = (uint64_t)ceil(value);
		if (i > 0 && rounded <= histogram->values[histogram->count - 1])
			rounded = histogram->values[histogram->count - 1] + 1;
		double portion = i == 0 ? 0.4 : 0.12 + 0.1 * rng_unit(rng);
		uint64_t samples = (uint64_t)ceil(left * portion);
		histogram->values[histogram->count] = rounded;
		histogram->samples[histogram->count++] = samples;
		left -= (double)samples;
		value *= 1 + tail * (0.05 + 0.1 * rng_unit(rng));
	}
	histogram->min = histogram->values[0];
	histogram->max = histogram->values[histogram->count - 1];
	latency->count = SAMPLES;
	latency->resolution_ns = 10;
	struct result_point points[RESULT_CURVE_MAX];
	size_t count = result_latency_curve(latency, points);
	double *wanted[] = {&latency->p50_ns, &latency->p90_ns, &latency->p99_ns, &latency->p999_ns, &latency->p9999_ns};
	static const double percentiles[] = {50, 90, 99, 99.9, 99.99};
	for (int i = 0; i < 5; i++) {
		*wanted[i] = (double)NAN;
		for (size_t j = 0; j < count; j++)
			if (points[j].percentile >= percentiles[i] && isnan(*wanted[i]))
				*wanted[i] = points[j].ns;
	}
	latency->max_ns = (double)histogram->max;
	latency->max_clean_ns = (double)NAN;
	for (size_t i = 0; i < METRIC_PERCENTILES; i++)
		latency->over_processes[i] = (struct result_over_processes){(double)NAN, (double)NAN, (double)NAN, 0};
	latency->below_resolution = typical_ns < 10;
}

static void fixture_series(struct result_arm *arm, uint32_t rows, double speed, double wear, struct rng *rng)
{
	arm->series = fixture_room(rows, sizeof *arm->series);
	arm->series_count = rows;
	for (uint32_t i = 0; i < rows; i++) {
		double at = (double)i / rows, noise = 0.95 + 0.1 * rng_unit(rng), filled = at < 0.15 ? at / 0.15 : 1;
		double *value = arm->series[i].value;
		arm->series[i].phase = at < 0.15 ? 0 : 1;
		value[RESULT_SERIES_OP] = (double)(i + 1) * 10000;
		value[RESULT_SERIES_NS_PER_OP] = speed * noise * (1 + wear * at);
		value[RESULT_SERIES_ALLOC_P50_NS] = fmax(10, floor(speed * noise));
		value[RESULT_SERIES_ALLOC_P99_NS] =
			i % 37 == 5 ? (double)NAN : ceil(speed * noise * 4 * (1 + 3 * wear * at));
		value[RESULT_SERIES_ALLOC_MAX_NS] = ceil(speed * 60 * (0.5 + 3 * rng_unit(rng) * rng_unit(rng)));
		value[RESULT_SERIES_LIVE_PAGES] = floor(734003 * filled);
		value[RESULT_SERIES_FREE_PAGES] = (double)FIXTURE_PAGES - 256 - value[RESULT_SERIES_LIVE_PAGES];
		value[RESULT_SERIES_CACHED_PAGES] = 0;
		value[RESULT_SERIES_DEFERRED_PAGES] = 0;
		value[RESULT_SERIES_FREE_EXTENTS] = floor(1 + 900 * wear * filled * noise);
		value[RESULT_SERIES_LARGEST_FREE_PAGES] = floor((double)FIXTURE_PAGES * (1 - 0.95 * filled) * noise / 1.06);
		value[RESULT_SERIES_UNUSABLE_64KIB] = 0.01 + 0.1 * wear * at;
		value[RESULT_SERIES_UNUSABLE_2MIB] = fmin(1, (0.05 + 0.6 * wear * sqrt(at)) * filled * noise);
		value[RESULT_SERIES_FREE_2MIB_SLOTS] = floor(2048 - 1500 * filled);
		value[RESULT_SERIES_PAGE_TABLE_PAGES] = floor(1500 * filled * (1 + wear * at / 4)) + 4;
		value[RESULT_SERIES_SPAN_PAGES] = floor((double)FIXTURE_PAGES * fmin(1, 0.72 * filled * (1 + 0.3 * wear)));
		value[RESULT_SERIES_STEPS_ALLOC_MEAN] = 1.5 + wear * at;
		value[RESULT_SERIES_FAILURES] = wear > 0.7 ? floor(28 * at) : 0;
	}
}

static void fixture_heat(struct result_arm *arm, const struct result_map *map)
{
	struct result_heat *heat = &arm->heat;
	heat->column_count = map->rows < RESULT_HEAT_COLUMNS ? map->rows : RESULT_HEAT_COLUMNS;
	heat->columns = fixture_room(heat->column_count, sizeof *heat->columns);
	heat->ops = fixture_room(heat->column_count, sizeof *heat->ops);
	heat->edge_count = 21;
	heat->edges_ns = fixture_room(heat->edge_count, sizeof *heat->edges_ns);
	heat->resolution_ns = 30;
	for (size_t i = 0; i < heat->edge_count; i++)
		heat->edges_ns[i] = 25 * pow(2, (double)i / 4);
	for (size_t i = 0; i < heat->column_count; i++) {
		struct result_heat_column *column = &heat->columns[i];
		heat->ops[i] = map->ops[i];
		*column = (struct result_heat_column){(uint32_t)(i % 3), 12, fixture_room(12, sizeof *column->samples)};
		for (uint32_t bin = 0; bin < column->count; bin++)
			column->samples[bin] = bin == 4 ? 0 : UINT64_C(4096) >> bin;
	}
}

/* What a new result has beside the live share. */
static void fixture_planes(struct result_arm *arm, struct result_map *map)
{
	static const char *const names[] = {"texture <b>", "ring"};
	struct result_map more = {.rows = map->rows, .columns = map->columns};
	if (result_map_make_room(&more, true) < 0)
		abort();
	memcpy(more.ops, map->ops, map->rows * sizeof map->ops[0]);
	memcpy(more.cells, map->cells, (size_t)map->rows * map->columns);
	memcpy(more.edges, map->edges, ((size_t)map->columns + 1) * sizeof map->edges[0]);
	more.count = map->count;
	more.space_count = 2 * map->count;
	for (size_t i = 0; i < (size_t)map->rows * map->columns; i++) {
		unsigned char live = map->cells[i] < RESULT_MAP_RESERVED ? map->cells[i] : 0;
		more.planes[RESULT_PLANE_REQUEST][i] = (unsigned char)(live ? 1 + live % 2 : 0);
		more.planes[RESULT_PLANE_CACHED][i] = (unsigned char)(live && live < 10 ? 40 : 0);
		more.planes[RESULT_PLANE_DEFERRED][i] = (unsigned char)(live >= 10 && live < 15 ? 48 : 0);
	}
	for (size_t row = 0; row < map->rows; row++)
		for (size_t order = 0; order < 20; order += 3)
			more.free_runs[row * RESULT_MAP_ORDERS + order] = row + order;
	more.requests = fixture_room(2, sizeof *more.requests);
	for (size_t i = 0; i < 2; i++)
		more.requests[i] = memory_text(names[i]);
	more.request_count = 2;
	memory_release(map->ops);
	memory_release(map->cells);
	memory_release(map->edges);
	*map = more;
	fixture_heat(arm, map);
	arm->failures_known = true;
	arm->failures = fixture_room(2, sizeof *arm->failures);
	for (size_t i = 0; i < 2; i++) {
		struct result_failures *one = &arm->failures[arm->failure_count++];
		*one = (struct result_failures){memory_text(names[i]),
						i ? RESULT_FAILURE_EXHAUSTED : RESULT_FAILURE_FRAGMENTED, 2,
						fixture_room(2, sizeof *one->ops), fixture_room(2, sizeof *one->numbers)};
		one->ops[0] = 3e5, one->ops[1] = 1.2e6;
		one->numbers[0] = 1, one->numbers[1] = (double)(4 + 10 * i);
	}
}

static void fixture_map(struct result_arm *arm, const struct fixture_size *size, double wear, struct rng *rng)
{
	struct result_map *map = fixture_room(1, sizeof *map);
	*map = (struct result_map){.count = FIXTURE_PAGES, .columns = size->map_columns, .rows = size->map_rows};
	if (result_map_make_room(map, false) < 0)
		abort();
	for (uint32_t j = 0; j <= map->columns; j++)
		map->edges[j] = (uint64_t)FIXTURE_PAGES * j / map->columns;
	for (uint32_t i = 0; i < map->rows; i++) {
		double at = (double)(i + 1) / map->rows, filled = at < 0.15 ? at / 0.15 : 1;
		map->ops[i] = floor(at * 2e6);
		for (uint32_t j = 0; j < map->columns; j++) {
			unsigned char *cell = &map->cells[(size_t)i * map->columns + j];
			double x = (double)j / map->columns, edge = 0.72 * filled * (1 + 0.3 * wear * at);
			double portion = x < edge ? 1 - wear * rng_unit(rng) * x : 0;
			if (i > 0 && rng_unit(rng) < 0.9 && x < 0.72 * (at - 1.0 / map->rows) / 0.15)
				*cell = cell[-(ptrdiff_t)map->columns];
			else
				*cell = (unsigned char)(63 * portion);
			if (x > 0.98)
				*cell = RESULT_MAP_RESERVED;
		}
	}
	arm->maps = map;
	arm->map_count = 1;
	/* The first allocator's arms are of an older version. */
	if (strcmp(arm->spec, "buddy") != 0)
		fixture_planes(arm, map);
}

static void fixture_figures(struct result_phase *phase, double speed, double wear)
{
	struct result_figures *figures = &phase->figures;
	bool fails = wear > 0.7;
	result_figures_clear(figures);
	result_set(figures, METRIC_RAW_NS_PER_OP, speed);
	result_set(figures, METRIC_CLEAN_NS_PER_OP, speed * 0.99);
	result_set(figures, METRIC_CPU_NS_PER_OP, speed * 0.995);
	result_set(figures, METRIC_CI_LOW_NS, speed * 0.985);
	result_set(figures, METRIC_CI_HIGH_NS, speed * 1.02);
	result_set(figures, METRIC_ROUNDS, 12);
	result_set(figures, METRIC_OPERATIONS, 2000000);
	if (fails)
		result_set_null(figures, METRIC_NET_NS_PER_OP, RESULT_REASON_FAILURES);
	else
		result_set(figures, METRIC_NET_NS_PER_OP, speed - 2.5);
	result_set(figures, METRIC_ALLOCATIONS, 1000000);
	result_set(figures, METRIC_FAILURES_MALFORMED, 0);
	result_set(figures, METRIC_FAILURES_IMPOSSIBLE, 0);
	result_set(figures, METRIC_FAILURES_EXHAUSTED, 0);
	result_set(figures, METRIC_FAILURES_FRAGMENTED, fails ? 28 : 0);
	if (fails) {
		result_set(figures, METRIC_FIRST_FAILURE_OP, 1234567);
		result_set(figures, METRIC_FIRST_FAILURE_LIVE_PAGES, 733950);
		result_set(figures, METRIC_FIRST_FAILURE_OCCUPANCY, 0.7001);
		result_set(figures, METRIC_FIRST_FAILURE_INDEX, 0.25);
	} else {
		result_set_null(figures, METRIC_FIRST_FAILURE_OP, RESULT_REASON_NO_FAILURE);
	}
	result_set(figures, METRIC_TAINTED_SHARE, 0.03);
	result_set(figures, METRIC_PEAK_LIVE_PAGES, 734003);
	result_set(figures, METRIC_SPAN_PAGES, floor(754974 * (1 + 0.3 * wear)));
	result_set(figures, METRIC_ROUNDING_RATIO, 1 + wear / 3);
	result_set(figures, METRIC_FOOTPRINT_RATIO, 1.02 + 0.3 * wear);
	result_set(figures, METRIC_FREE_EXTENTS, floor(900 * wear));
	result_set(figures, METRIC_UNUSABLE_2MIB, 0.05 + 0.6 * wear);
	result_set(figures, METRIC_PAGE_TABLE_PAGES, floor(1500 * (1 + wear / 4)));
	result_set(figures, METRIC_PAGE_TABLE_RATIO, 1 + wear / 4);
	result_set(figures, METRIC_STEPS_ALLOC_MEAN, 1.5 + wear);
	result_set(figures, METRIC_METADATA_BYTES, 4194304 * (0.25 + wear));
	result_set(figures, METRIC_AUDIT_OPS, 2000000);
	result_set(figures, METRIC_AUDIT_VIOLATIONS, 0);
}

static void fixture_arm(struct result_arm *arm, size_t workload, size_t which, const struct fixture_size *size)
{
	static const char *const specs[] = {"buddy", "bitmap:fit=first", "magazine+rbtree:search=cached"};
	static const char *const names[] = {"buddy", "bitmap", "magazine+rbtree"};
	static const double speeds[3][3] = {{18.4, 21.9, 8.72}, {44.1, 30.6, 212}, {19.7, 24.3, 8.9}};
	static const double wears[3][3] = {{0.45, 0.1, 0.2}, {0.6, 0.25, 0.9}, {0.3, 0.15, 0.2}};
	double speed = speeds[workload][which], wear = wears[workload][which];
	struct rng rng;
	rng_seed(&rng, workload * 3 + which + 1);
	*arm = (struct result_arm){.workload = workload,
				   .allocator = memory_text(names[which]),
				   .plugin_hash = which == 1 ? UINT64_C(0xfedcba9876543210) : 0,
				   .plugin_about = which == 1 ? memory_text("one of ours") : NULL,
				   .threads = 1,
				   .spec = memory_text(specs[which]),
				   .lock = memory_text("none"),
				   .rate = workload == 1 && which == 2 ? memory_text("1000000:poisson") : NULL,
				   .placement_hash = 0xabcd,
				   .figures_phase = 1};
	if (workload == 2 && which == 1) {
		arm->state = RESULT_ARM_NOT_APPLICABLE;
		arm->reason = memory_text("this allocator has no boundary constraint, and request \"ring\" needs one");
		return;
	}
	if (workload == 2 && which == 2) {
		arm->state = RESULT_ARM_FAILED;
		arm->owner = ERROR_OWNER_ALLOCATOR;
		arm->named = true;
		arm->placement_hash = 0;
		arm->reason =
			memory_text("7 wrong answers; the first: operation 3: request ring (4 pages, aligned to 4, within "
				    "[0x10, 0xff]) was given [0x12, 0x16): not aligned");
		arm->violations = fixture_room(2, sizeof *arm->violations);
		arm->violations[arm->violation_count++] = (struct result_violation){
			.operation = 3,
			.what = memory_text("not aligned"),
			.request = memory_text("ring"),
			.pages = 4,
			.align = 4,
			.limited = true,
			.low = 0x10,
			.high = 0xff,
			.has_extent = true,
			.first = 0x12,
			.count = 4,
		};
		arm->violations[arm->violation_count++] = (struct result_violation){
			.operation = 9,
			.what = memory_text("overlaps the live extent"),
			.request = memory_text("<b>page|*"),
			.pages = 1,
			.boundary = 16,
			.has_extent = true,
			.first = 0x14,
			.count = 1,
			.overlaps = true,
			.overlap_first = 0x12,
			.overlap_count = 4,
		};
		return;
	}
	arm->phases = fixture_room(2, sizeof *arm->phases);
	arm->phase_count = 2;
	arm->phases[0].name = memory_text("fill");
	arm->phases[1].name = memory_text("churn");
	arm->phases[1].measured = true;
	arm->phases[1].ageing = which == 0 ? RESULT_AGEING_WARM_UP : RESULT_AGEING_UNKNOWN;
	result_figures_clear(&arm->phases[0].figures);
	fixture_figures(&arm->phases[1], speed, wear);
	fixture_latency(&arm->phases[1].latency[METRIC_KIND_ALLOC], speed * 0.7, 1 + 2 * wear, &rng);
	fixture_latency(&arm->phases[1].latency[METRIC_KIND_FREE], speed * 0.4, 1 + wear, &rng);
	if (which == 0) {
		result_set(&arm->phases[1].figures, METRIC_AGEING_RATIO, 0.5);
		result_set(&arm->phases[1].figures, METRIC_AGEING_CHANGES, 1);
		arm->phases[1].ageing_low = 0.25;
		arm->phases[1].ageing_high = 0.75;
		arm->phases[1].growing = 1u << RESULT_SERIES_SPAN_PAGES | 1u << RESULT_SERIES_UNUSABLE_2MIB;
		arm->phases[1].growth_known = true;
	}
	if (which == 1)
		result_set(&arm->phases[1].figures, METRIC_TAINTED_SHARE, 0.62);
	if (arm->rate) {
		fixture_latency(&arm->phases[1].latency[METRIC_KIND_RESPONSE], speed, 2 + 2 * wear, &rng);
		result_set(&arm->phases[1].figures, METRIC_OFFERED_RATE, 1e6);
		result_set(&arm->phases[1].figures, METRIC_ACHIEVED_RATE, 0.4e6);
		result_set(&arm->phases[1].figures, METRIC_LATENESS_MAX_NS, 2.5e8);
		result_set(&arm->phases[1].figures, METRIC_SATURATED, 1);
	}
	fixture_series(arm, size->series_rows, speed, wear, &rng);
	fixture_map(arm, size, wear, &rng);
}

static void fixture_over_processes(struct result_over_processes over[METRIC_PERCENTILES], double ns)
{
	over[0] = (struct result_over_processes){ns, ns - 1, ns + 2, 12};
	over[1] = (struct result_over_processes){ns + 5, (double)NAN, (double)NAN, 5};
	for (size_t i = 2; i < METRIC_PERCENTILES; i++)
		over[i] = (struct result_over_processes){(double)NAN, (double)NAN, (double)NAN, 0};
}

/* Names that come from files. */
static void fixture_classes(struct result_phase *phase)
{
	struct result_latency *alloc = &phase->latency[METRIC_KIND_ALLOC];
	fixture_over_processes(alloc->over_processes, 20);
	alloc->max_taint = RESULT_TAINT_PREEMPTED;
	alloc->max_clean_ns = 333;
	phase->has_classes = true;
	phase->classes = fixture_room(2, sizeof *phase->classes);
	phase->class_count = 2;
	for (size_t i = 0; i < 2; i++) {
		phase->classes[i] = (struct result_latency_class){
			.by = i ? RESULT_BY_OUTCOME : RESULT_BY_REQUEST,
			.name = memory_text(i ? "later limit" : "<b>page|*"),
			.kind = METRIC_KIND_ALLOC,
			.count = 1000 + i,
			.resolution_ns = 10,
			.max_ns = 4e6,
			.max_taint = i ? RESULT_TAINT_MOVED : RESULT_TAINT_STEAL,
			.max_clean_ns = i ? (double)NAN : 444,
		};
		fixture_over_processes(phase->classes[i].over_processes, i ? 10 : 30);
	}
	phase->worst = fixture_room(2, sizeof *phase->worst);
	phase->worst_count = 2;
	phase->worst[0] = (struct result_sample){.round = 3,
						 .operation = 12345,
						 .kind = METRIC_KIND_ALLOC,
						 .request = memory_text("<b>page|*"),
						 .pages = 16,
						 .cpu = 1,
						 .latency = 4e6,
						 .taint = RESULT_TAINT_STEAL,
						 .steps = 2};
	phase->worst[1] = (struct result_sample){.thread = 1,
						 .operation = 7,
						 .kind = METRIC_KIND_CONTIGUOUS_FREE,
						 .latency = 5000,
						 .taint = RESULT_TAINT_NONE,
						 .steps = (double)NAN,
						 .no_steps = RESULT_REASON_SEVERAL_THREADS};
}

static void fixture_result(struct result *result, struct fixture_size size)
{
	static const char *const names[] = {"gpu-paging", "nic-rings", "traced-nvme"};
	static const char *const abouts[] = {"textures and staging buffers come and go while rings keep running",
					     "one page per packet, two rings at different pace",
					     "a recording of fio on one NVMe drive"};
	*result = (struct result){
		.run = {.id = memory_text("2026-11-21T095302Z-7f3a"),
			.started = memory_text("2026-11-21T09:53:02Z"),
			.command = memory_text(
				"iovabench run gpu-paging.yaml nic-rings.yaml traced-nvme.yaml -a buddy -a bitmap:fit=first"
				" -a magazine+rbtree:search=cached --rounds 12"),
			.rounds = 12}};
	result->machine.cpu = memory_text("AMD EPYC 7763 64-Core Processor");
	result->machine.kernel = memory_text("Linux 6.1.0-18-amd64");
	result->machine.clock = memory_text("tsc");
	result->machine.calibration = memory_text(
		"1 false alarms in 20 comparisons of 12 rounds (at most 22% of all, with 95%); 19 of 20 would find "
		"a slow-down of 4.6%");
	result->machine.cpus = 2;
	result->machine.tsc_hz = 2.6e9;
	result->machine.timer_step_ns = 10;
	result->machine.timer_pair_ns = 20;
	result->machine.timer_drift_ppm = 3.25;
	result->machine.cache_bytes[RESULT_CACHE_L1D] = 48 << 10;
	result->machine.cache_bytes[RESULT_CACHE_L1I] = 32 << 10;
	result->machine.cache_bytes[RESULT_CACHE_L2] = 2 << 20;
	result->machine.before = (struct result_environment){0.5, 3.5, 1000};
	result->machine.after = (struct result_environment){1.25, (double)NAN, 1500};
	result->machine.warnings = memory_text("a hypervisor is present: other guests share this machine\n"
					       "the CPU frequency governor is unknown");
	result->build.version = memory_text("0.1.0");
	result->build.git = memory_text("0c66f43a1b2c");
	result->build.compiler = memory_text("gcc 12.2.0");
	result->build.flags = memory_text("-O2 -g");
	result->nodes = fixture_room(1, sizeof *result->nodes);
	result->node_count = 1;
	if (result_node_describe(result, &result->nodes[0]) < 0)
		abort();
	result->nodes[0].id = 0x51de;
	result->nodes[0].microcode = memory_text("0xa0011d1");
	result->nodes[0].memory_bytes = UINT64_C(16) << 30;
	result->workloads = fixture_room(3, sizeof *result->workloads);
	result->arms = fixture_room(9, sizeof *result->arms);
	for (size_t i = 0; i < 3; i++) {
		struct text file = {0};
		text_add(&file, "workloads/%s.yaml", names[i]);
		result->workloads[result->workload_count++] = (struct result_workload){
			.name = memory_text(names[i]),
			.about = memory_text(abouts[i]),
			.file = file.bytes,
			.hash = UINT64_C(0x8badf00d00000000) + i,
			.stream_hash = i ? 0x1234 + i : 0,
			.seed = 1,
			.ops = 2000000,
			.interference_data_bytes = i == 2 ? 262144 : 0,
			.interference_code_bytes = i == 2 ? 65536 : 0,
			.expanded = memory_text("{\"iovabench\":1,\"space\":{\"base\":\"0x1000\",\"size\":"
						"\"0x100000000\",\"page_bytes\":4096}}")};
		for (size_t j = 0; j < 3; j++)
			fixture_arm(&result->arms[result->arm_count++], i, j, &size);
	}
	result_set(&result->arms[6].phases[1].figures, METRIC_BEYOND_DEMANDS, 1);
	result_set(&result->arms[6].phases[1].figures, METRIC_BEYOND_FITTED, 1);
	result->arms[6].domains = fixture_room(2, sizeof *result->arms[6].domains);
	result->arms[6].domain_count = 2;
	for (size_t i = 0; i < 2; i++) {
		result->arms[6].domains[i].count = FIXTURE_PAGES;
		result_figures_clear(&result->arms[6].domains[i].figures);
	}
	double *rounds = fixture_room(3, sizeof *rounds);
	rounds[0] = 18.25;
	rounds[1] = (double)NAN;
	rounds[2] = 18.5;
	result->arms[0].phases[1].round_ns_per_op = rounds;
	result->arms[0].phases[1].round_count = 3;
	struct result_latency *latency = &result->arms[0].phases[1].latency[METRIC_KIND_ALLOC];
	latency->round_count = 3;
	for (size_t i = 0; i < METRIC_PERCENTILES; i++) {
		latency->round_ns[i] = fixture_room(3, sizeof *rounds);
		for (size_t j = 0; j < 3; j++)
			latency->round_ns[i][j] = j == 1 ? (double)NAN : latency->p50_ns * (double)(i + 1) + (double)j / 4;
	}
	fixture_classes(&result->arms[0].phases[1]);
	result->comparisons = fixture_room(2, sizeof *result->comparisons);
	result->comparison_count = 2;
	result->comparisons[0] = (struct result_comparison){.a = 0,
							    .b = 1,
							    .metric = METRIC_RAW_NS_PER_OP,
							    .a_value = 18.4,
							    .b_value = 21.9,
							    .ratio = 1.19,
							    .ci_low = 1.17,
							    .ci_high = 1.22,
							    .level = 0.95,
							    .threshold = 0.03,
							    .verdict = RESULT_VERDICT_REGRESSION,
							    .rounds = 12};
	result->comparisons[1] = (struct result_comparison){.a = 0,
							    .b = 2,
							    .metric = METRIC_FAILURES_TOTAL,
							    .a_value = 0,
							    .b_value = 28,
							    .ratio = (double)NAN,
							    .ci_low = (double)NAN,
							    .ci_high = (double)NAN,
							    .level = (double)NAN,
							    .threshold = 0,
							    .verdict = RESULT_VERDICT_REGRESSION,
							    .reason = memory_text("a reason")};
	result->expectations = fixture_room(2, sizeof *result->expectations);
	result->expectation_count = 2;
	result->expectations[0] =
		(struct result_expectation){0, memory_text("failures.fragmented"), memory_text("is 0"), 0, true};
	result->expectations[1] =
		(struct result_expectation){5, memory_text("failures.fragmented"), memory_text("is 0"), 28, false};
}

#endif
