/* SPDX-License-Identifier: MIT
 * null: bumps an address and reads no table. What it costs is what the harness costs. */
#include "allocator/builtin.h"
#include "allocator/contract.h"

#include <assert.h>

struct null {
	uint64_t cursor; /* first page of the next extent if it fits below end */
	uint64_t first;
	uint64_t end;
	const struct iova_host *host;
};

static enum iova_status null_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	(void)options, (void)below, (void)reason;
	struct null *null = host->memory_get(host->context, sizeof(*null));
	if (!null)
		return IOVA_NO_MEMORY;
	*null = (struct null){space->first, space->first, space->first + space->count, host};
	*self = null;
	return IOVA_OK;
}

static enum iova_status null_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct null *null = self;
	uint64_t first = null->cursor;
	if (__builtin_expect(request->count > null->end - first, 0)) {
		first = null->first;
		if (request->count > null->end - first)
			return IOVA_NO_SPACE;
	}
	null->cursor = first + request->count;
	*extent = (struct iova_extent){first, request->count, 0};
	return IOVA_OK;
}

static void null_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)self, (void)extent, (void)cpu;
}

static enum iova_status null_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)self, (void)cpu;
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void null_visit_free(void *self, iova_visit visit, void *context)
{
	const struct null *null = self;
	visit(context, null->first, null->end - null->first, IOVA_USABLE);
}

static void null_statistics(void *self, struct iova_statistics *statistics)
{
	const struct null *null = self;
	*statistics = (struct iova_statistics){.usable_pages = null->end - null->first};
}

static const char *null_broken_invariant(void *self)
{
	const struct null *null = self;
	return null->cursor < null->first || null->cursor > null->end ? "the cursor lies in the space" : NULL;
}

static void null_destroy(void *self)
{
	struct null *null = self;
	if (null)
		null->host->memory_put(null->host->context, null, sizeof(*null));
}

const struct iova_allocator allocator_null = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "null",
	.about = "Bumps an address and reads no table: what the harness itself costs.",
	.capabilities = IOVA_HARNESS | IOVA_EXPLICIT,
	.create = null_create,
	.alloc = null_alloc,
	.free = null_free,
	.place = null_place,
	.visit_free = null_visit_free,
	.statistics = null_statistics,
	.broken_invariant = null_broken_invariant,
	.destroy = null_destroy,
};
