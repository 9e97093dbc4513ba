/* SPDX-License-Identifier: MIT
 * What driver calls cost over the allocator below them, each held against its target. Times are CPU time of this thread, the
 * median of 15 repetitions that alternate with those they are compared with; what is counted is the same everywhere.
 *
 * usage: ddi [SPEC]      default: rbtree. Exit status 1: a count misses its target; a time that does is only told */
#include <iovabench/ddi.h>
#include <iovabench/dxgkrnl.h>
#include <iovabench/instance.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define REPETITIONS 15
#define LIVE 10000u
#define STEPS 200000u

static int missed;

static double now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;
	return (*left > *right) - (*left < *right);
}

static double median(double *values)
{
	qsort(values, REPETITIONS, sizeof values[0], by_value);
	return values[REPETITIONS / 2];
}

static void tell(const char *what, double got, double target, const char *unit, bool counted)
{
	bool met = got <= target;
	printf("%-66s %9.2f %-12s target %6.2f  %s\n", what, got, unit, target, met ? "met" : "MISSED");
	missed |= counted && !met;
}

static void need(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "ddi: %s\n", what);
	exit(2);
}

struct made {
	struct iova_instance *logical;
	struct ddi_physical *physical;
	struct ddi_adapter *adapter;
};

/* Explicit placements that pass by. */
static uint64_t places;
static const struct iova_allocator *placer;

static enum iova_status counted_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	places++;
	return placer->place(self, first, count, cpu, extent);
}

/* frames: 0 is no physical side. */
static struct made make(const char *spec, uint64_t pages, uint64_t frames, unsigned scatter, bool identity)
{
	static struct iova_allocator counting;
	char message[256] = "";
	const char *reason = message;
	const struct iova_space space = {.first = 1, .count = pages, .page_bytes = PAGE};
	const struct ddi_physical_options physical = {.frames = frames, .scatter_percent = scatter, .seed = 1};
	struct made made = {.logical = iova_instance_create(spec, &space, NULL, message, sizeof message)};
	need(made.logical, message);
	made.physical = frames ? ddi_physical_create(&physical, &reason) : NULL;
	need(made.physical || !frames, reason);
	placer = iova_instance_table(made.logical);
	counting = *placer;
	counting.place = counted_place;
	const struct ddi_adapter_options options = {.table = identity ? &counting : placer,
						    .self = iova_instance_self(made.logical),
						    .capabilities = iova_instance_capabilities(made.logical),
						    .space_first = 1,
						    .space_count = pages,
						    .page_bytes = PAGE,
						    .mode = identity ? DDI_MODE_IDENTITY : DDI_MODE_REMAP,
						    .physical = made.physical};
	made.adapter = ddi_adapter_create(&options, &reason);
	need(made.adapter, reason);
	return made;
}

static void drop(struct made *made)
{
	ddi_adapter_destroy(made->adapter);
	ddi_physical_destroy(made->physical);
	iova_instance_destroy(made->logical);
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const struct ddi_contiguous_request one_page = {.number_of_bytes = PAGE, .highest_acceptable_address = UINT64_MAX};

/* A victim is freed, and its page taken again, STEPS times: ns of a call. */
static double churn_bare(struct made *made, struct iova_extent *live)
{
	const struct iova_allocator *table = iova_instance_table(made->logical);
	const struct iova_request request = {.count = 1};
	void *self = iova_instance_self(made->logical);
	uint64_t state = 88172645463325252u;
	double begun = now_ns();
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned victim = (unsigned)(draw(&state) % LIVE);
		table->free(self, &live[victim], 0);
		need(table->alloc(self, &request, 0, &live[victim]) == IOVA_OK, "no page");
	}
	return (now_ns() - begun) / (2 * STEPS);
}

static double churn_calls(struct made *made, ddi_handle *live)
{
	uint64_t state = 88172645463325252u;
	double begun = now_ns();
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned victim = (unsigned)(draw(&state) % LIVE);
		dxgk_cb_free_contiguous_memory(made->adapter, live[victim], 0);
		need(dxgk_cb_allocate_contiguous_memory(made->adapter, &one_page, 0, &live[victim]) == NTSTATUS_SUCCESS,
		     "no page");
	}
	return (now_ns() - begun) / (2 * STEPS);
}

static double churn_table(const DXGKRNL_INTERFACE *table, HANDLE *live)
{
	uint64_t state = 88172645463325252u;
	double begun = now_ns();
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned victim = (unsigned)(draw(&state) % LIVE);
		const DXGKARGCB_FREECONTIGUOUSMEMORY old = {live[victim]};
		DXGKARGCB_ALLOCATECONTIGUOUSMEMORY args = {.NumberOfBytes = PAGE,
							   .HighestAcceptableAddress = {.QuadPart = -1}};
		table->DxgkCbFreeContiguousMemory(table->DeviceHandle, &old);
		need(table->DxgkCbAllocateContiguousMemory(table->DeviceHandle, &args) == STATUS_SUCCESS, "no page");
		live[victim] = args.hMemoryHandle;
	}
	return (now_ns() - begun) / (2 * STEPS);
}

/* Handles over the allocator, and the interface over the calls: three worlds that are alike, played in turn. */
static void calls_over_the_allocator(const char *spec)
{
	struct made bare = make(spec, 1 << 20, 0, 0, false), calls = make(spec, 1 << 20, 0, 0, false),
		    behind = make(spec, 1 << 20, 0, 0, false);
	const char *reason = NULL;
	const struct dxgkrnl_options options = {.adapter = behind.adapter, .no_cpu_memory = true};
	struct dxgkrnl *dxgkrnl = dxgkrnl_create(&options, &reason);
	need(dxgkrnl, reason);
	const DXGKRNL_INTERFACE *table = dxgkrnl_interface(dxgkrnl);
	struct iova_extent *extents = calloc(LIVE, sizeof *extents);
	ddi_handle *handles = calloc(LIVE, sizeof *handles);
	HANDLE *named = calloc(LIVE, sizeof *named);
	need(extents && handles && named, "no memory");
	const struct iova_request request = {.count = 1};
	for (unsigned i = 0; i < LIVE; i++) {
		DXGKARGCB_ALLOCATECONTIGUOUSMEMORY args = {.NumberOfBytes = PAGE,
							   .HighestAcceptableAddress = {.QuadPart = -1}};
		need(iova_instance_table(bare.logical)->alloc(iova_instance_self(bare.logical), &request, 0, &extents[i]) ==
				     IOVA_OK &&
			     dxgk_cb_allocate_contiguous_memory(calls.adapter, &one_page, 0, &handles[i]) ==
				     NTSTATUS_SUCCESS &&
			     table->DxgkCbAllocateContiguousMemory(table->DeviceHandle, &args) == STATUS_SUCCESS,
		     "no page");
		named[i] = args.hMemoryHandle;
	}
	double over_bare[REPETITIONS], over_calls[REPETITIONS];
	for (unsigned i = 0; i < REPETITIONS; i++) {
		double direct = churn_calls(&calls, handles);
		over_bare[i] = direct - churn_bare(&bare, extents);
		over_calls[i] = churn_table(table, named) - direct;
	}
	tell("handle table over the bare allocator, 10,000 live", median(over_bare), 8, "ns a call", false);
	tell("the interface over the same call, 10,000 live", median(over_calls), 3, "ns a call", false);
	dxgkrnl_destroy(dxgkrnl);
	drop(&bare);
	drop(&calls);
	drop(&behind);
	free(extents);
	free(handles);
	free(named);
}

/* The largest MDL there is, every page of which is a run of its own. */
static void the_largest_scattered_list(const char *spec)
{
	struct made made = make(spec, 1 << 21, UINT64_C(1) << 22, 100, false);
	const struct ddi_mdl_request request = {
		.high_address = UINT64_MAX, .total_bytes = DDI_MDL_PAGES_MAX * PAGE, .contiguity = DDI_CONTIGUITY_REQUIRE};
	double taken[REPETITIONS], given[REPETITIONS];
	for (unsigned i = 0; i < REPETITIONS; i++) {
		ddi_handle handle, mdl;
		double begun = now_ns();
		need(dxgk_cb_allocate_pages_for_mdl(made.adapter, &request, 0, &handle, &mdl) == NTSTATUS_SUCCESS,
		     "no pages");
		double between = now_ns();
		dxgk_cb_free_pages_from_mdl(made.adapter, handle, 0);
		taken[i] = (between - begun) / (double)DDI_MDL_PAGES_MAX;
		given[i] = (now_ns() - between) / (double)DDI_MDL_PAGES_MAX;
	}
	tell("1,048,575 pages at full scatter, taken", median(taken), 20, "ns a page", false);
	tell("1,048,575 pages at full scatter, given back", median(given), 20, "ns a page", false);
	drop(&made);
}

static void placements_in_identity_mode(const char *spec)
{
	for (unsigned scatter = 0; scatter <= 100; scatter += 100) {
		struct made made = make(spec, 1 << 20, 1 << 20, scatter, true);
		const struct ddi_mdl_request request = {
			.low_address = PAGE, .high_address = UINT64_MAX, .total_bytes = 100000 * PAGE};
		ddi_handle handle, mdl;
		places = 0;
		need(dxgk_cb_allocate_pages_for_mdl(made.adapter, &request, 0, &handle, &mdl) == NTSTATUS_SUCCESS,
		     "no pages");
		uint64_t runs = ddi_adapter_placements(made.adapter, DDI_CALL_MDL).frame_runs;
		char what[96];
		snprintf(what, sizeof what, "identity mode: placements for 100,000 pages in %" PRIu64 " runs", runs);
		tell(what, (double)places / (double)runs, 1, "a run", true);
		drop(&made);
	}
}

static size_t resident_bytes(void)
{
	long all, resident;
	FILE *file = fopen("/proc/self/statm", "r");
	need(file && fscanf(file, "%ld %ld", &all, &resident) == 2, "no /proc/self/statm");
	fclose(file);
	return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void memory_of_live_handles(const char *spec)
{
	const uint64_t count = 1 << 20;
	struct made made = make(spec, 1 << 21, UINT64_C(1) << 22, 0, false);
	const struct ddi_mdl_request request = {.high_address = UINT64_MAX, .total_bytes = PAGE};
	size_t before = resident_bytes();
	need(ddi_adapter_reserve_handles(made.adapter, count) == 0, "no memory for handles");
	size_t after = resident_bytes();
	for (uint64_t i = 0; i < count / 2; i++) { /* each is two handles: the MDL, and its mapping */
		ddi_handle handle, mdl;
		need(dxgk_cb_allocate_pages_for_mdl(made.adapter, &request, 0, &handle, &mdl) == NTSTATUS_SUCCESS,
		     "no page");
	}
	need(ddi_adapter_live_handles(made.adapter) == count, "handles are not as many as they should be");
	tell("1,048,576 live handles", (double)(after - before) / (double)count, 64.5, "bytes each", true);
	drop(&made);
}

int main(int argc, char **argv)
{
	const char *spec = argc > 1 ? argv[1] : "rbtree";
	calls_over_the_allocator(spec);
	the_largest_scattered_list(spec);
	placements_in_identity_mode(spec);
	memory_of_live_handles(spec);
	return missed;
}
