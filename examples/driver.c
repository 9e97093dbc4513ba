/* SPDX-License-Identifier: MIT
 * A driver's view of libiovabench: an adapter over a built-in allocator, a buffer of scattered pages, and what its mapping costs.
 *
 *     cc driver.c $(pkg-config --cflags --libs --static iovabench) -o driver && ./driver rbtree:fit=best
 */
#include <iovabench/ddi.h>
#include <iovabench/instance.h>

#include <inttypes.h>
#include <stdio.h>

#define PAGE_BYTES 4096u
#define GIB (UINT64_C(1) << 30)

static int play(struct ddi_adapter *adapter)
{
	const struct ddi_mdl_request request = {.high_address = 4 * GIB - 1, .total_bytes = 64u << 20};
	ddi_handle memory, mdl;
	enum ntstatus status = dxgk_cb_allocate_pages_for_mdl(adapter, &request, 0, &memory, &mdl);
	if (status != NTSTATUS_SUCCESS) {
		fprintf(stderr, "no pages: %s\n", ntstatus_name(status));
		return 1;
	}
	struct ddi_placement cost;
	ddi_placement_of(adapter, memory, &cost);
	printf("%" PRIu64 " pages, %" PRIu64 " extents, %" PRIu64 " runs of frames; leaves: %" PRIu64 " x 2 MiB, %" PRIu64
	       " x 4 KiB\n",
	       cost.pages, cost.extents, cost.frame_runs, cost.leaves.leaves_2mib, cost.leaves.leaves_4kib);
	status = dxgk_cb_free_pages_from_mdl(adapter, memory, 0);
	printf("freed: %s, again: %s\n", ntstatus_name(status),
	       ntstatus_name(dxgk_cb_free_pages_from_mdl(adapter, memory, 0)));
	return 0;
}

int main(int argc, char **argv)
{
	const struct iova_space space = {.first = 1, .count = 4 * GIB / PAGE_BYTES - 1, .page_bytes = PAGE_BYTES};
	const struct ddi_physical_options frames = {.frames = 8 * GIB / PAGE_BYTES, .scatter_percent = 25, .seed = 1};
	char message[256] = "";
	const char *reason = message;
	struct ddi_adapter *adapter = NULL;
	struct iova_instance *instance =
		iova_instance_create(argc > 1 ? argv[1] : "buddy", &space, NULL, message, sizeof message);
	struct ddi_physical *physical = ddi_physical_create(&frames, &reason);
	if (instance && physical) {
		const struct ddi_adapter_options options = {
			.table = iova_instance_table(instance),
			.self = iova_instance_self(instance),
			.capabilities = iova_instance_capabilities(instance),
			.space_first = space.first,
			.space_count = space.count,
			.page_bytes = PAGE_BYTES,
			.physical = physical,
		};
		adapter = ddi_adapter_create(&options, &reason);
	}
	if (!adapter)
		fprintf(stderr, "no adapter: %s\n", reason);
	int result = adapter ? play(adapter) : 1;
	if (ddi_adapter_destroy(adapter) != 0)
		result = 1;
	ddi_physical_destroy(physical);
	iova_instance_destroy(instance);
	return result;
}
