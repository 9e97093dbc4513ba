/* SPDX-License-Identifier: MIT
 * It cannot show what is free. */
#include "bump.h"

static struct iova_allocator table = {BUMP("missing_function"), .alloc = bump_alloc};

const struct iova_allocator *iova_plugin(void)
{
	table.visit_free = 0;
	return &table;
}
