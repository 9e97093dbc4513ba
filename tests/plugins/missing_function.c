/* SPDX-License-Identifier: MIT
 * It cannot tell how much is free. */
#include "bump.h"

static struct iova_allocator table = {BUMP("missing_function"), .alloc = bump_alloc};

const struct iova_allocator *iova_plugin(void)
{
	table.statistics = 0;
	return &table;
}
