/* SPDX-License-Identifier: MIT
 * Manages small spaces only. */
#include "bump.h"

static enum iova_status picky_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				     const struct iova_below *below, void **self, const char **reason)
{
	if (space->count < 100)
		return bump_create(space, options, host, below, self, reason);
	*reason = "no such space is good enough";
	return IOVA_UNSUPPORTED;
}

static const struct iova_allocator table = {BUMP_MADE_BY("picky", picky_create), .alloc = bump_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
