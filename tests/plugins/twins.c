/* SPDX-License-Identifier: MIT
 * Right, as long as it is alone in its process: with a second instance beside it, does what its option says. */
#include "bump.h"

enum twin { TWIN_PLAIN, TWIN_MOVES, TWIN_CRASHES, TWIN_HANGS };

static const char *const choices[] = {"plain", "moves", "crashes", "hangs", 0};
static const struct iova_option options[] = {
	{.name = "beside", .kind = IOVA_OPTION_CHOICE, .choices = choices, .help = "what it does beside another instance"},
};

/* Shared by all instances of the process, as a library's state is. */
static uint64_t instances;

struct twin_instance {
	struct bump bump;
	uint64_t beside;
};

static enum iova_status twin_create(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	struct twin_instance *twin = host->memory_get(host->context, sizeof *twin);
	(void)below;
	(void)reason;
	if (!twin)
		return IOVA_NO_MEMORY;
	*twin = (struct twin_instance){.bump = {.space = *space, .host = host}, .beside = values[0]};
	instances++;
	*self = twin;
	return IOVA_OK;
}

static void twin_destroy(void *self)
{
	struct twin_instance *twin = self;
	if (!twin)
		return;
	instances--;
	twin->bump.host->memory_put(twin->bump.host->context, twin, sizeof *twin);
}

static enum iova_status twin_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct twin_instance *twin = self;
	if (++twin->bump.calls == 100 && instances > 1) {
		if (twin->beside == TWIN_MOVES)
			twin->bump.taken++;
		if (twin->beside == TWIN_CRASHES)
			__builtin_trap();
		while (twin->beside == TWIN_HANGS)
			__asm__ volatile("" ::: "memory");
	}
	return bump_alloc(&twin->bump, request, cpu, extent);
}

static const struct iova_allocator table = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "twins",
	.about = "a plugin of the tests",
	.options = options,
	.option_count = 1,
	.create = twin_create,
	.alloc = twin_alloc,
	.free = bump_free,
	.place = bump_place,
	.visit_free = bump_visit_free,
	.statistics = bump_statistics,
	.broken_invariant = bump_broken_invariant,
	.destroy = twin_destroy,
};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
