/* SPDX-License-Identifier: MIT
 * An adapter over a real allocator that places first fit, for the tests of the driver calls. */
#ifndef UNIT_DDI_FIXTURE_H
#define UNIT_DDI_FIXTURE_H

#include "iovabench/ddi.h"

#include <stdlib.h>
#include <string.h>

struct ddi_fixture {
	struct iova_host host;
	const struct iova_allocator *table;
	void *self;
	struct ddi_adapter_options options;
	struct ddi_adapter *adapter;
};

static void *ddi_fixture_memory_get(void *context, size_t bytes)
{
	(void)context;
	size_t rounded = (bytes + 63) / 64 * 64;
	void *memory = aligned_alloc(64, rounded);
	return memory ? memset(memory, 0, rounded) : NULL;
}

static void ddi_fixture_memory_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	free(memory);
}

static inline void ddi_fixture_open(struct ddi_fixture *fixture, const struct iova_allocator *table, uint64_t first,
				    uint64_t count)
{
	*fixture = (struct ddi_fixture){
		.host = {.size = sizeof(struct iova_host),
			 .cpus = 1,
			 .memory_get = ddi_fixture_memory_get,
			 .memory_put = ddi_fixture_memory_put},
		.table = table,
		.options = {.table = table,
			    .capabilities = table->capabilities,
			    .space_first = first,
			    .space_count = count,
			    .page_bytes = 4096},
	};
	const struct iova_space space = {first, count, 4096};
	/* The defaults, but first fit: the first choice of the first option. */
	uint64_t values[8] = {0};
	assert_true(table->option_count <= 8);
	for (uint64_t i = 1; i < table->option_count; i++)
		values[i] = table->options[i].default_value;
	const char *reason = NULL;
	assert_int_equal(table->create(&space, values, &fixture->host, NULL, &fixture->self, &reason), IOVA_OK);
	fixture->options.self = fixture->self;
	fixture->adapter = ddi_adapter_create(&fixture->options, &reason);
	assert_non_null(fixture->adapter);
}

static inline void ddi_fixture_close(struct ddi_fixture *fixture)
{
	ddi_adapter_destroy(fixture->adapter);
	fixture->table->destroy(fixture->self);
}

static inline uint64_t ddi_fixture_usable(const struct ddi_fixture *fixture)
{
	struct iova_statistics statistics;
	fixture->table->statistics(fixture->self, &statistics);
	return statistics.usable_pages;
}

#endif
