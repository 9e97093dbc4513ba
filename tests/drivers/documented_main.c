/* SPDX-License-Identifier: MIT
 * Loads documented_driver.c: its device, over an allocator of 4 GiB and twice as many frames, is started, used, put to
 * sleep and stopped.
 *
 * usage: documented [SPEC [planted]]      exit status 1: something was found, or did not start */
#include <iovabench/dxgkrnl.h>
#include <iovabench/instance.h>

#include <stdio.h>
#include <string.h>

NTSTATUS DriverStartDevice(PDXGKRNL_INTERFACE DxgkInterface);
NTSTATUS DriverRender(VOID);
NTSTATUS DriverSetPowerState(VOID);
VOID DriverPlantMistakes(VOID);
VOID DriverStopDevice(BOOLEAN LeakOneAdl);

static int play(struct dxgkrnl *dxgkrnl, BOOLEAN planted)
{
	DXGKRNL_INTERFACE table;
	NTSTATUS status = dxgkrnl_copy_interface(dxgkrnl, &table, sizeof table);
	if (NT_SUCCESS(status))
		status = DriverStartDevice(&table);
	if (NT_SUCCESS(status))
		status = DriverRender();
	if (NT_SUCCESS(status))
		status = DriverSetPowerState();
	if (NT_SUCCESS(status) && planted)
		DriverPlantMistakes();
	DriverStopDevice(planted);
	const struct ddi_bug_check *check = dxgkrnl_stop(dxgkrnl);
	if (check)
		fprintf(stderr, "stopped with %s\n", check->why);
	if (!NT_SUCCESS(status))
		fprintf(stderr, "stopped early: %s\n", ntstatus_name((enum ntstatus)status));
	return dxgkrnl_destroy(dxgkrnl) != 0 || !NT_SUCCESS(status);
}

int main(int argc, char **argv)
{
	const struct iova_space space = {.first = 1, .count = 1 << 20, .page_bytes = PAGE_SIZE};
	const struct ddi_physical_options frames = {.frames = 1 << 21, .scatter_percent = 30, .seed = 1};
	char message[256] = "";
	const char *reason = message;
	struct iova_instance *logical =
		iova_instance_create(argc > 1 ? argv[1] : "buddy:preset=hal", &space, NULL, message, sizeof message);
	struct ddi_physical *physical = ddi_physical_create(&frames, &reason);
	struct iova_instance *views = iova_instance_create("rbtree", &space, NULL, message, sizeof message);
	struct ddi_adapter *adapter = NULL;
	if (logical && physical && views) {
		const struct ddi_adapter_options options = {.table = iova_instance_table(logical),
							    .self = iova_instance_self(logical),
							    .capabilities = iova_instance_capabilities(logical),
							    .space_first = space.first,
							    .space_count = space.count,
							    .page_bytes = PAGE_SIZE,
							    .view_table = iova_instance_table(views),
							    .view_self = iova_instance_self(views),
							    .view_first = space.first,
							    .view_count = space.count,
							    .physical = physical};
		adapter = ddi_adapter_create(&options, &reason);
	}
	const struct dxgkrnl_options options = {.adapter = adapter};
	struct dxgkrnl *dxgkrnl = adapter ? dxgkrnl_create(&options, &reason) : NULL;
	if (!dxgkrnl)
		fprintf(stderr, "no adapter: %s\n", reason);
	int failed = dxgkrnl ? play(dxgkrnl, argc > 2 && strcmp(argv[2], "planted") == 0) : 1;
	ddi_adapter_destroy(adapter);
	ddi_physical_destroy(physical);
	iova_instance_destroy(views);
	iova_instance_destroy(logical);
	return failed;
}
