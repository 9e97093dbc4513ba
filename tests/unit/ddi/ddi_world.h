/* SPDX-License-Identifier: MIT
 * An adapter over any built-in allocator in either mode, with a physical side and a space for views, for the tests of the
 * driver calls. The space is pages [16, 16 + pages) of 4 KiB; in identity mode the pool has frames at exactly these addresses
 * and others behind. */
#ifndef UNIT_DDI_WORLD_H
#define UNIT_DDI_WORLD_H

#include "iovabench/ddi.h"
#include "iovabench/instance.h"

#include <stdbool.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define NO_LIMIT UINT64_MAX
#define WORLD_FIRST 16u

struct world {
	const char *spec;
	struct iova_instance *instance;
	struct iova_instance *views;
	struct ddi_physical *physical;
	struct ddi_adapter *adapter;
	uint64_t mapped_pages; /* that map events told and took back */
};

static const char *const world_specs[] = {
	"buddy",       "buddy:first=low,rounding=pow2",
	"bitmap",      "bitmap:fit=first",
	"rbtree",      "segregated",
	"linux",       "magazine+buddy",
	"lazy+rbtree",
};
#define WORLD_SPECS (sizeof world_specs / sizeof world_specs[0])

static inline void world_map_event(void *context, uint64_t logical, uint64_t frame, uint64_t count, bool mapped)
{
	struct world *world = context;
	(void)logical;
	(void)frame;
	world->mapped_pages += mapped ? count : -count;
}

struct world_options {
	uint64_t pages;
	uint64_t frames;
	uint32_t scatter_percent;
	bool identity;
	enum ddi_wddm wddm;
	uint32_t number;
};

/* false: the allocator cannot stand under identity mode; nothing is open then. */
static inline bool world_open(struct world *world, const char *spec, const struct world_options *wanted)
{
	const struct iova_space space = {WORLD_FIRST, wanted->pages, PAGE}, views = {1 << 20, 256, PAGE};
	const struct ddi_physical_options frames = {wanted->frames, wanted->scatter_percent, 7};
	char message[256] = "";
	const char *reason = NULL;
	*world = (struct world){.spec = spec};
	world->instance = iova_instance_create(spec, &space, NULL, message, sizeof message);
	world->views = iova_instance_create("rbtree", &views, NULL, message, sizeof message);
	world->physical = ddi_physical_create(&frames, &reason);
	assert_string_equal(message, "");
	assert_non_null(world->physical);
	const struct ddi_adapter_options options = {
		.table = iova_instance_table(world->instance),
		.self = iova_instance_self(world->instance),
		.capabilities = iova_instance_capabilities(world->instance),
		.space_first = space.first,
		.space_count = space.count,
		.page_bytes = PAGE,
		.mode = wanted->identity ? DDI_MODE_IDENTITY : DDI_MODE_REMAP,
		.wddm = wanted->wddm,
		.number = wanted->number,
		.physical = world->physical,
		.nodes = 2,
		.view_table = iova_instance_table(world->views),
		.view_self = iova_instance_self(world->views),
		.view_first = views.first,
		.view_count = views.count,
		.map_event = world_map_event,
		.map_context = world,
	};
	world->adapter = ddi_adapter_create(&options, &reason);
	if (world->adapter)
		return true;
	assert_true(wanted->identity);
	assert_non_null(strstr(reason, "IOVA_EXPLICIT"));
	ddi_physical_destroy(world->physical);
	iova_instance_destroy(world->views);
	iova_instance_destroy(world->instance);
	return false;
}

static inline void world_close(struct world *world)
{
	ddi_adapter_destroy(world->adapter);
	ddi_physical_destroy(world->physical);
	iova_instance_destroy(world->views);
	iova_instance_destroy(world->instance);
}

static inline void world_add_run(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	(void)first;
	(void)state;
	*(uint64_t *)context += count;
}

/* Pages of the space that are not allocated, wherever a layer keeps them. */
static inline uint64_t world_free_pages(const struct world *world)
{
	uint64_t pages = 0;
	iova_instance_table(world->instance)->visit_free(iova_instance_self(world->instance), world_add_run, &pages);
	return pages;
}

static inline const char *world_broken(const struct world *world)
{
	const struct iova_allocator *table = iova_instance_table(world->instance);
	const char *broken = table->broken_invariant(iova_instance_self(world->instance));
	return broken ? broken : ddi_physical_broken_invariant(world->physical);
}

#endif
