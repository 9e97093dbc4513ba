/* SPDX-License-Identifier: MIT */
#include "allocator/registry.h"

#include "allocator/builtin.h"

#include <assert.h>
#include <string.h>

const struct iova_allocator *const allocator_registry[] = {
	&allocator_buddy, &allocator_bitmap,   &allocator_rbtree, &allocator_segregated, &allocator_leaf,
	&allocator_linux, &allocator_magazine, &allocator_lazy,   &allocator_null,
};
const size_t allocator_registry_count = sizeof allocator_registry / sizeof allocator_registry[0];

const struct iova_allocator *allocator_find(const char *name)
{
	assert(name);
	for (size_t i = 0; i < allocator_registry_count; i++)
		if (!strcmp(allocator_registry[i]->name, name))
			return allocator_registry[i];
	return NULL;
}
