/* SPDX-License-Identifier: MIT
 * What placements cost the device of a workload with an IOTLB: what is mapped, what of it the device touches with each
 * operation, when the IOMMU is told that it is mapped no more. docs/iotlb.md tells the model. */
#ifndef PLAY_AUDIT_DEVICE_H
#define PLAY_AUDIT_DEVICE_H

#include "base/rng.h"
#include "measure/iotlb.h"
#include "measure/span_tree.h"
#include "play/audit_space.h"
#include "play/engine.h"
#include "result/figures.h"
#include "workload/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of an extent that is longer than this the device touches so many pages. */
#define AUDIT_DEVICE_TOUCHES_MAX (UINT64_C(1) << 16)

#define AUDIT_DEVICE_NO_FRAME UINT64_MAX

/* One run of pages that the IOMMU maps, [first, first + count). */
struct audit_mapping {
	uint64_t first, count;
	uint64_t frame;  /* behind the first page, or AUDIT_DEVICE_NO_FRAME: nobody knows, so that its leaves are pages */
	uint32_t domain; /* rank of its space */
	uint32_t adapter;
};

struct audit_gone {
	uint32_t domain;
	uint64_t first, end;
};

/* Of a space: what was free when its last operation had ended. */
struct audit_free_pages {
	uint64_t deferred, all;
	bool defers; /* what is freed waits, at the top, for a flush of all */
};

struct audit_device {
	struct iotlb *iotlb; /* NULL: the workload has none, and nothing below does anything */
	enum workload_touch touch;
	const struct engine *engine;
	struct audit_free_pages *spaces; /* by rank */
	struct rng rng;
	struct span_tree mapped; /* numbers are the domain and the page; values: index into live */
	struct audit_mapping *live;
	size_t live_count, live_capacity;
	/* Of the operation at hand. */
	struct audit_mapping *fresh;
	size_t fresh_count, fresh_capacity;
	struct audit_gone *gone;
	size_t gone_count, gone_capacity;
	bool failed; /* no memory: its figures are null from then on */
	/* Of the phase. */
	uint64_t touches, misses, walk_references, flushes;
};

/* Zero-initialised before. engine: open, before its first operation. Returns 0, or -1 without memory. */
int audit_device_open(struct audit_device *device, const struct workload *workload, const struct engine *engine);
void audit_device_close(struct audit_device *device);

/* An adapter maps a run of pages, or does so no more: parts of what it mapped are possible, pages that it did not are passed
 * over. O(log mappings). */
void audit_device_map(struct audit_device *device, uint32_t adapter, uint64_t first, uint64_t count, uint64_t frame);
void audit_device_unmap(struct audit_device *device, uint32_t adapter, uint64_t first, uint64_t count);
/* Every mapping of an adapter, or of OP_ADAPTERS_ALL, has ended at once. */
void audit_device_forget(struct audit_device *device, uint32_t adapter);

/* An operation of an adapter has ended: invalidations, then touches where it did something. */
void audit_device_settle(struct audit_device *device, uint32_t adapter, bool done);
/* Time has passed, in all domains. */
void audit_device_polled(struct audit_device *device);

/* Figures of a phase of so many operations that ends. */
void audit_device_phase(struct audit_device *device, struct result_figures *figures, uint64_t operations);

#endif
