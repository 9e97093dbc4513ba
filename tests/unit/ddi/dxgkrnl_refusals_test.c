/* SPDX-License-Identifier: MIT
 * Goal: what the pages do not allow is refused through the interface table as it is below it, in both modes and of every
 * version: with the status of docs/ddi.md, one finding, and nothing changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ddi/frame_pool.h"
#include "iovabench/dxgkrnl.h"
#include "unit/ddi/ddi_world.h"
#include "unit/ddi/dxgkrnl_versions.h"

#include <stdlib.h>
#include <string.h>

#define ALL UINT64_MAX
#define FOUR_GIB (UINT64_C(1) << 32)
#define PAGES(count) ((count) * (uint64_t)PAGE_SIZE)

struct bench {
	struct world world;
	struct dxgkrnl *dxgkrnl;
	const DXGKRNL_INTERFACE *table;
	HANDLE device;
	unsigned findings;
	char rule[32];
};

static void report(void *context, const struct dxgkrnl_finding *finding)
{
	struct bench *bench = context;
	bench->findings++;
	strncpy(bench->rule, finding->rule, sizeof bench->rule - 1);
}

static void open_bench(struct bench *bench, bool identity, uint32_t version)
{
	const char *reason = NULL;
	const struct world_options options = {.pages = 4096, .frames = 8192, .scatter_percent = 100, .identity = identity};
	*bench = (struct bench){0};
	assert_true(world_open(&bench->world, "rbtree", &options));
	const struct dxgkrnl_options behind = {.adapter = bench->world.adapter,
					       .version = version,
					       .save_bytes = 1 << 20,
					       .report = report,
					       .context = bench};
	bench->dxgkrnl = dxgkrnl_create(&behind, &reason);
	assert_non_null(bench->dxgkrnl);
	bench->table = dxgkrnl_interface(bench->dxgkrnl);
	bench->device = bench->table->DeviceHandle;
}

static void close_bench(struct bench *bench)
{
	dxgkrnl_destroy(bench->dxgkrnl);
	world_close(&bench->world);
}

static PHYSICAL_ADDRESS at(uint64_t byte)
{
	return (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)byte};
}

/* Holds the state before a call that must change nothing against the one after it. */
struct state {
	uint64_t handles, frames;
	unsigned findings;
};

static struct state state_of(const struct bench *bench)
{
	return (struct state){ddi_adapter_live_handles(bench->world.adapter),
			      ddi_physical_free_frames(bench->world.physical), bench->findings};
}

static void refused(const struct bench *bench, const struct state *before, NTSTATUS status, NTSTATUS wanted, size_t row)
{
	struct state after = state_of(bench);
	bool told = wanted == STATUS_INVALID_PARAMETER;
	if (status != wanted || after.findings != before->findings + told)
		print_error("row %zu: status 0x%x, wanted 0x%x, %u findings\n", row, (unsigned)status, (unsigned)wanted,
			    after.findings - before->findings);
	assert_int_equal(status, wanted);
	assert_int_equal(after.findings, before->findings + told);
	if (told)
		assert_string_equal(bench->rule, "argument");
	assert_int_equal(after.handles, before->handles);
	assert_int_equal(after.frames, before->frames);
}

static void contiguous_memory(struct bench *bench)
{
	static const struct {
		uint64_t bytes, low, high, boundary;
		int cache;
		NTSTATUS status;
	} rows[] = {
		{0, 0, ALL, 0, 1, STATUS_INVALID_PARAMETER},
		{ALL, 0, ALL, 0, 1, STATUS_INVALID_PARAMETER},
		{1, 0, ALL, 3, 1, STATUS_INVALID_PARAMETER},
		{1, 8192, 8191, 0, 1, STATUS_INVALID_PARAMETER},
		{1, 0, ALL, 0, 3, STATUS_INVALID_PARAMETER},
		{1, 0, ALL, 0, 77, STATUS_INVALID_PARAMETER},
		{8192, 0, ALL, 4096, 1, STATUS_INVALID_PARAMETER}, /* impossible from here on */
		{1, 0, ALL, 1, 1, STATUS_INVALID_PARAMETER},
		{8192, 8192, 8192 + 8190, 0, 1, STATUS_INVALID_PARAMETER},
		{UINT64_C(1) << 40, 0, ALL, 0, 1, STATUS_INVALID_PARAMETER},
		{PAGES(2), 0, ALL, 0, 1, STATUS_NO_MEMORY}, /* no frame has a neighbour */
	};
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		DXGKARGCB_ALLOCATECONTIGUOUSMEMORY args = {.NumberOfBytes = rows[row].bytes,
							   .LowestAcceptableAddress = at(rows[row].low),
							   .HighestAcceptableAddress = at(rows[row].high),
							   .BoundaryAddressMultiple = at(rows[row].boundary),
							   .CacheType = (DXGK_MEMORY_CACHING_TYPE)rows[row].cache};
		const struct state before = state_of(bench);
		refused(bench, &before, bench->table->DxgkCbAllocateContiguousMemory(bench->device, &args),
			rows[row].status, row);
	}
}

static void pages_for_an_mdl(struct bench *bench)
{
	static const struct {
		uint64_t bytes, low, high, skip;
		int cache;
		ULONG flags;
		NTSTATUS status;
	} rows[] = {
		{0, 0, ALL, 0, 1, 0, STATUS_INVALID_PARAMETER},
		{FOUR_GIB - 4095, 0, ALL, 0, 1, 0, STATUS_INVALID_PARAMETER},
		{ALL, 0, ALL, 0, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, 1, 0, 0, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, 0, ALL, 100, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, 0, ALL, 0, 4, 0, STATUS_INVALID_PARAMETER},
		{4096, 0, ALL, 0, 1, 0x100, STATUS_INVALID_PARAMETER},
		{4096, 0, ALL, 0, 1, 0x80000000, STATUS_INVALID_PARAMETER},
		{PAGES(3), 0, ALL, PAGES(3), 1, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS, STATUS_INVALID_PARAMETER},
		{PAGES(3), 0, ALL, PAGES(2), 1, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS, STATUS_INVALID_PARAMETER},
		{FOUR_GIB - 4096, 0, ALL, 0, 1, 0, STATUS_INVALID_PARAMETER}, /* no space is as large */
		{PAGES(4096), 0, ALL, 0, 1, 0, STATUS_NO_MEMORY},             /* half of the frames, less the first */
	};
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		DXGKARGCB_ALLOCATEPAGESFORMDL args = {.LowAddress = at(rows[row].low),
						      .HighAddress = at(rows[row].high),
						      .SkipBytes = at(rows[row].skip),
						      .TotalBytes = rows[row].bytes,
						      .CacheType = (DXGK_MEMORY_CACHING_TYPE)rows[row].cache,
						      .Flags = rows[row].flags};
		const struct state before = state_of(bench);
		refused(bench, &before, bench->table->DxgkCbAllocatePagesForMdl(bench->device, &args), rows[row].status,
			row);
	}
}

static void memory_objects(struct bench *bench)
{
	static const struct {
		uint64_t bytes;
		int type, cache;
		uint64_t argument; /* a boundary, or a base */
		NTSTATUS status;
	} rows[] = {
		{0, DXGK_PHYSICAL_MEMORY_TYPE_MDL, 1, 0, STATUS_INVALID_PARAMETER},
		{FOUR_GIB, DXGK_PHYSICAL_MEMORY_TYPE_MDL, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, DXGK_PHYSICAL_MEMORY_TYPE_MDL, 9, 0, STATUS_INVALID_PARAMETER},
		{4096, 4, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, -1, 1, 0, STATUS_INVALID_PARAMETER},
		{0, DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY, 1, 0, STATUS_INVALID_PARAMETER},
		{4096, DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY, 1, 3, STATUS_INVALID_PARAMETER},
		{4096, DXGK_PHYSICAL_MEMORY_TYPE_IO_SPACE, 1, 1, STATUS_INVALID_PARAMETER},
		{4096, DXGK_PHYSICAL_MEMORY_TYPE_SECTION, 1, 0, STATUS_NOT_SUPPORTED},
	};
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT args = {.hAdapter = bench->device,
								.Size = rows[row].bytes,
								.Type = (DXGK_PHYSICAL_MEMORY_TYPE)rows[row].type,
								.CacheType = (DXGK_MEMORY_CACHING_TYPE)rows[row].cache};
		if (rows[row].type == DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY) {
			args.ContiguousMemory.HighestAcceptableAddress = at(ALL);
			args.ContiguousMemory.BoundaryAddressMultiple = at(rows[row].argument);
		} else if (rows[row].type == DXGK_PHYSICAL_MEMORY_TYPE_IO_SPACE) {
			args.IOSpace.BaseAddress = at(rows[row].argument);
		} else {
			args.Mdl.HighAddress = at(ALL);
		}
		const struct state before = state_of(bench);
		refused(bench, &before, bench->table->DxgkCbCreatePhysicalMemoryObject(&args), rows[row].status, row);
	}
}

static void address_lists(struct bench *bench)
{
	static const struct {
		uint64_t offset, bytes;
		UINT32 flags; /* RequireContiguous is 1 */
		NTSTATUS status;
	} rows[] = {
		{1, 4096, 0, STATUS_INVALID_PARAMETER},     {0, 0, 0, STATUS_INVALID_PARAMETER},
		{0, 100, 0, STATUS_INVALID_PARAMETER},      {PAGES(8), 4096, 0, STATUS_INVALID_PARAMETER},
		{0, PAGES(9), 0, STATUS_INVALID_PARAMETER}, {ALL - 4095, 4096, 0, STATUS_INVALID_PARAMETER},
		{0, 4096, 1, STATUS_INVALID_PARAMETER},     {0, 4096, 4, STATUS_INVALID_PARAMETER},
	};
	DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT object = {
		.hAdapter = bench->device, .Size = PAGES(8), .CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED};
	object.Mdl.HighAddress = at(ALL);
	assert_int_equal(bench->table->DxgkCbCreatePhysicalMemoryObject(&object), STATUS_SUCCESS);
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		DXGKARGCB_ALLOCATE_ADL args = {.hAdapterMemoryObject = object.hAdapterMemoryObject,
					       .Offset = rows[row].offset,
					       .Size = rows[row].bytes};
		args.Flags.Value = rows[row].flags;
		const struct state before = state_of(bench);
		refused(bench, &before, bench->table->DxgkCbAllocateAdl(&args), rows[row].status, row);
	}
	const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT destroy = {object.hPhysicalMemoryObject,
								  object.hAdapterMemoryObject};
	bench->table->DxgkCbDestroyPhysicalMemoryObject(&destroy);
}

static void every_refusal_comes_through_the_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * DXGKRNL_VERSIONS; i++) {
		struct bench bench;
		open_bench(&bench, i % 2, dxgkrnl_versions[i / 2]);
		contiguous_memory(&bench);
		pages_for_an_mdl(&bench);
		if (dxgkrnl_versions[i / 2] >= DXGKDDI_INTERFACE_VERSION_WDDM2_9) {
			memory_objects(&bench);
			address_lists(&bench);
		}
		assert_null(dxgkrnl_stop(bench.dxgkrnl));
		assert_int_equal(ddi_adapter_live_handles(bench.world.adapter), 0);
		close_bench(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_refusal_comes_through_the_table)};
	return cmocka_run_group_tests_name("dxgkrnl_refusals", tests, NULL, NULL);
}
