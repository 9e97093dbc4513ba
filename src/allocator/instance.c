/* SPDX-License-Identifier: MIT */
#include "allocator/registry.h"

#include <assert.h>
#include <string.h>

static int create_failed(const struct iova_allocator *table, const struct iova_space *space, enum iova_status status,
			 const char *reason, struct error *error)
{
	if (status == IOVA_NO_MEMORY)
		return error_set(error, EXIT_CODE_IO, "allocator \"%s\": no memory for a space of %llu pages", table->name,
				 (unsigned long long)space->count);
	return error_set(error, EXIT_CODE_NO_ARM, "allocator \"%s\" cannot manage %llu pages from page %llu: %s",
			 table->name, (unsigned long long)space->count, (unsigned long long)space->first,
			 reason ? reason : "it gives no reason");
}

uint64_t allocator_part_capabilities(const struct allocator_spec_part *part)
{
	assert(part->table);
	uint64_t capabilities = part->table->capabilities;
	for (uint64_t i = 0; i < part->table->option_count; i++)
		if (part->table->options[i].without)
			capabilities &= ~part->table->options[i].without[part->options[i]];
	return capabilities;
}

#define ASKED_OF_ALL (IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_EXPLICIT | IOVA_DIRECTION)

uint64_t allocator_spec_capabilities(const struct allocator_spec *spec)
{
	assert(spec->count && spec->count <= ALLOCATOR_SPEC_LAYERS_MAX);
	uint64_t capabilities = allocator_part_capabilities(&spec->parts[0]);
	for (size_t i = 1; i < spec->count; i++)
		capabilities &= allocator_part_capabilities(&spec->parts[i]) | ~ASKED_OF_ALL;
	return capabilities;
}

/* What a layer shows of free pages is what stands below it shows, and its own extents. */
static bool fits_below(const struct iova_allocator *table, const struct iova_allocator *layer, struct error *error)
{
	if (table->padding)
		error_set(error, EXIT_CODE_NO_ARM, "allocator \"%s\" has padding, which %s above it cannot show",
			  table->name, layer->name);
	else if (!table->visit_free)
		error_set(error, EXIT_CODE_NO_ARM, "allocator \"%s\" has no visit_free, which %s above it needs",
			  table->name, layer->name);
	else
		return true;
	return false;
}

int allocator_instance_create(const struct allocator_spec *spec, const struct iova_space *space,
			      const struct iova_host *host, struct allocator_instance *instance, struct error *error)
{
	assert(spec->count && spec->count <= ALLOCATOR_SPEC_LAYERS_MAX && host->cpus && space->count);
	assert(space->first <= UINT64_C(1) << 52 && space->count <= (UINT64_C(1) << 52) - space->first);
	memset(instance, 0, sizeof *instance);
	for (size_t i = spec->count; i-- > 0;) {
		const struct allocator_spec_part *part = &spec->parts[i];
		if (instance->count && !fits_below(instance->table, part->table, error)) {
			allocator_instance_destroy(instance);
			return -1;
		}
		const struct iova_below *below = instance->count ? &instance->stack[instance->count - 1] : NULL;
		const char *reason = NULL;
		void *self = NULL;
		enum iova_status status = part->table->create(space, part->options, host, below, &self, &reason);
		if (status != IOVA_OK) {
			allocator_instance_destroy(instance);
			return create_failed(part->table, space, status, reason, error);
		}
		instance->stack[instance->count++] = (struct iova_below){part->table, self};
		instance->table = part->table;
		instance->self = self;
	}
	instance->capabilities = allocator_spec_capabilities(spec);
	return 0;
}

void allocator_instance_destroy(struct allocator_instance *instance)
{
	assert(instance->count <= ALLOCATOR_SPEC_LAYERS_MAX);
	while (instance->count) {
		struct iova_below *outermost = &instance->stack[--instance->count];
		outermost->table->destroy(outermost->self);
	}
	instance->table = NULL;
	instance->self = NULL;
}

uint64_t allocator_instance_length_max(const struct allocator_instance *instance)
{
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; i < instance->count; i++) {
		const struct iova_below *part = &instance->stack[i];
		uint64_t length = part->table->length_max ? part->table->length_max(part->self) : UINT64_MAX;
		least = length < least ? length : least;
	}
	return least;
}

uint64_t allocator_instance_padding(const struct allocator_instance *instance, const struct iova_extent *extent)
{
	return instance->table->padding ? instance->table->padding(instance->self, extent) : 0;
}
