/* SPDX-License-Identifier: MIT
 * The inside of an adapter, for the calls of this room. */
#ifndef DDI_ADAPTER_H
#define DDI_ADAPTER_H

#include "ddi/handle_table.h"
#include "iovabench/ddi.h"

#include <stdint.h>

struct ddi_adapter {
	const struct iova_allocator *table;
	void *self;
	uint32_t honoured; /* IOVA_CONSTRAIN_ bits that the allocator is able to follow */
	unsigned page_shift;
	uint64_t page_mask; /* page_bytes - 1 */
	uint64_t first_page;
	uint64_t last_page; /* inclusive */
	uint64_t first_byte;
	uint64_t last_byte; /* inclusive: 2^64 - 1 for a space that ends at 2^64 */
	struct handle_table handles;
	struct ddi_failures failures;
};

/* Counts a failed look-up of a handle; returns status. */
enum ntstatus adapter_refuse_handle(struct ddi_adapter *adapter, enum ntstatus status);

/* Counts and translates what the allocator said instead of IOVA_OK. */
enum ntstatus adapter_refusal(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request);

#endif
