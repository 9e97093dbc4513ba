/* SPDX-License-Identifier: MIT
 * Its table does not begin like one. */
#include "bump.h"

static struct iova_allocator table = {BUMP("wrong_magic"), .alloc = bump_alloc};

const struct iova_allocator *iova_plugin(void)
{
	table.magic = 1;
	return &table;
}
