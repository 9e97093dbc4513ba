/* SPDX-License-Identifier: MIT
 * magazine: extents that were freed wait, whole, in magazines of their size, two for each CPU and the full ones in a depot;
 * docs/magazine.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/magazine/check.h"
#include "allocator/magazine/drain.h"
#include "allocator/magazine/state.h"
#include "allocator/contract.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline))

#define CONSTRAINED (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)
#define TRIM_PERIOD_NS UINT64_C(100000000)
#define CACHE_LINE_BYTES 64u

enum { OPTION_ROUNDS, OPTION_MAX, OPTION_KEY, OPTION_DEPOT, OPTION_DRAIN };

/* Until the gate opens the CPU waits for the lock of who closed it. */
OUTLINE void enter_slowly(struct magazines *self, struct cpu *cpu)
{
	while (!gate_enter_slowly(&cpu->gate)) {
		acquire(self, self->drain_lock);
		release(self, self->drain_lock);
	}
}

INLINE void enter(struct magazines *self, struct cpu *cpu)
{
	if (__builtin_expect(!gate_enter(&cpu->gate), 0))
		enter_slowly(self, cpu);
}

INLINE unsigned class_of_request(const struct magazines *self, uint64_t count)
{
	return __atomic_load_n(&self->request_class[count], __ATOMIC_RELAXED);
}

/* Others may read it at any time. */
INLINE void count_cached(struct cpu *cpu, uint64_t pages)
{
	__atomic_store_n(&cpu->cached_pages, cpu->cached_pages + pages, __ATOMIC_RELAXED);
}

INLINE void swap_hands(struct pair *pair)
{
	struct hand loaded = pair->loaded;
	pair->loaded = pair->previous;
	pair->previous = loaded;
}

/* Loads a magazine with extents, if there is one: the CPU's other one, or a full one of the depot. */
OUTLINE bool reload(struct magazines *self, struct pair *pair, uint32_t number, unsigned size_class,
		    struct iova_steps *steps)
{
	if (pair->previous.count) {
		swap_hands(pair);
		return true;
	}
	/* Read without the lock: who misses a magazine that has just come goes below instead. */
	if (!__atomic_load_n(&self->depot.shelves[size_class].full, __ATOMIC_RELAXED))
		return false;
	acquire(self, self->depot_lock);
	struct magazine *full = depot_take_full(&self->depot, size_class);
	if (full && pair->previous.magazine)
		depot_put_empty(&self->depot, pair->previous.magazine);
	release(self, self->depot_lock);
	if (!full)
		return false;
	if (steps)
		steps->depot_trips++;
	wake(self, pair, number, size_class);
	pair->previous = pair->loaded;
	pair->loaded = (struct hand){full, self->rounds, self->rounds};
	return true;
}

/* The first extent from the top that satisfies the request; the top takes its place. */
OUTLINE bool pop_constrained(struct hand *loaded, const struct iova_request *request, struct iova_extent *extent,
			     struct iova_steps *steps)
{
	struct iova_extent *extents = loaded->magazine->extents;
	for (uint32_t i = loaded->count; i-- > 0;) {
		if (steps)
			steps->examined++;
		if (!contract_is_served(request, extents[i].first))
			continue;
		*extent = extents[i];
		extents[i] = extents[--loaded->count];
		return true;
	}
	return false;
}

/* Below a layer that grants more than it is asked for, extents come back longer: the next request of this size looks for
 * them. */
static void learn(struct magazines *self, const struct iova_request *request, const struct iova_extent *extent)
{
	if (self->key != KEY_SIZE || extent->count > self->largest)
		return;
	uint16_t *known = &self->request_class[request->count], size_class = self->extent_class[extent->count];
	if (__atomic_load_n(known, __ATOMIC_RELAXED) != size_class)
		__atomic_store_n(known, size_class, __ATOMIC_RELAXED);
}

OUTLINE enum iova_status alloc_missed(struct magazines *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent, struct iova_steps *steps)
{
	enum iova_status status = ask_below(self, request, cpu, extent, steps);
	if (status == IOVA_NO_SPACE && !(request->constraints & IOVA_CONSTRAIN_NO_DRAIN))
		status = drain_for(self, request, cpu, extent, steps);
	if (status == IOVA_OK)
		learn(self, request, extent);
	return status;
}

/* All that is not the usual case. */
OUTLINE enum iova_status alloc_slowly(struct magazines *self, const struct iova_request *request, uint32_t number,
				      struct iova_extent *extent, struct iova_steps *steps)
{
	if (request->count > self->largest)
		return alloc_missed(self, request, number, extent, steps);
	struct cpu *cpu = cpu_of(self, number);
	unsigned size_class = class_of_request(self, request->count);
	struct pair *pair = &cpu->pairs[size_class];
	enter(self, cpu);
	bool found = pair->loaded.count || reload(self, pair, number, size_class, steps);
	if (found && request->constraints & CONSTRAINED)
		found = pop_constrained(&pair->loaded, request, extent, steps);
	else if (found)
		*extent = pair->loaded.magazine->extents[--pair->loaded.count];
	if (found)
		count_cached(cpu, 0 - extent->count);
	gate_leave(&cpu->gate);
	if (!found)
		return alloc_missed(self, request, number, extent, steps);
	if (steps)
		steps->cache_hits++;
	return IOVA_OK;
}

/* A leaf: what calls anything is elsewhere, so that nothing is saved here. */
INLINE enum iova_status allocate(struct magazines *self, const struct iova_request *request, uint32_t number,
				 struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t count = request->count;
	if (__builtin_expect(count > self->largest || request->constraints & CONSTRAINED, 0))
		return alloc_slowly(self, request, number, extent, steps);
	struct cpu *cpu = cpu_of(self, number);
	struct hand *loaded = &cpu->pairs[class_of_request(self, count)].loaded;
	uint32_t rounds = __builtin_expect(gate_enter(&cpu->gate), 1) ? loaded->count : 0;
	if (__builtin_expect(!rounds, 0)) {
		gate_leave(&cpu->gate);
		return alloc_slowly(self, request, number, extent, steps);
	}
	const struct iova_extent *top = &loaded->magazine->extents[rounds - 1];
	loaded->count = rounds - 1;
	*extent = *top;
	count_cached(cpu, 0 - top->count);
	gate_leave(&cpu->gate);
	if (steps)
		steps->cache_hits++;
	return IOVA_OK;
}

/* An empty magazine for a CPU, and its full one, if any, to the depot. NULL: no memory, or no room in the depot. */
static struct magazine *exchange(struct magazines *self, unsigned size_class, struct magazine *full)
{
	struct magazine *empty = NULL;
	acquire(self, self->depot_lock);
	if (!full || !self->shelf_max || self->depot.shelves[size_class].count < self->shelf_max) {
		empty = depot_take_empty(&self->depot);
		if (!empty) {
			acquire(self, self->below_lock);
			bool grown = depot_grow(&self->depot);
			release(self, self->below_lock);
			empty = grown ? depot_take_empty(&self->depot) : NULL;
		}
		if (empty && full)
			depot_put_full(&self->depot, size_class, full);
	}
	release(self, self->depot_lock);
	return empty;
}

/* Loads a magazine with room: the CPU's other one, or an empty one for a full one; else the full one gives back a
 * portion, as Linux all that it has. */
OUTLINE void unload(struct magazines *self, struct cpu *cpu, uint32_t number, unsigned size_class, struct iova_steps *steps)
{
	struct pair *pair = &cpu->pairs[size_class];
	if (pair->previous.magazine && !pair->previous.count) {
		swap_hands(pair);
		return;
	}
	/* Bonwick keeps what was freed last at hand, Linux what was freed before it. */
	bool keeps_loaded = self->key != KEY_ORDER || !pair->previous.magazine;
	struct hand *full = keeps_loaded ? &pair->previous : &pair->loaded;
	struct magazine *empty = exchange(self, size_class, full->magazine);
	if (!empty) {
		bool all = drains_as_linux(self);
		uint64_t pages = all ? empty_hand(self, full, number, steps) : relieve_hand(self, full, number, steps);
		count_cached(cpu, 0 - pages);
		if (keeps_loaded)
			swap_hands(pair);
		return;
	}
	if (steps && full->magazine)
		steps->depot_trips++;
	if (keeps_loaded)
		pair->previous = pair->loaded;
	pair->loaded = (struct hand){empty, 0, self->rounds};
}

OUTLINE void free_slowly(struct magazines *self, const struct iova_extent *extent, uint32_t number,
			 struct iova_steps *steps)
{
	if (extent->count > self->largest) {
		below_free(self, extent, 1, number, steps);
		return;
	}
	struct cpu *cpu = cpu_of(self, number);
	unsigned size_class = self->extent_class[extent->count];
	struct hand *loaded = &cpu->pairs[size_class].loaded;
	enter(self, cpu);
	wake(self, &cpu->pairs[size_class], number, size_class);
	if (loaded->count == loaded->room)
		unload(self, cpu, number, size_class, steps);
	bool room = loaded->count < loaded->room;
	if (room) {
		loaded->magazine->extents[loaded->count++] = *extent;
		count_cached(cpu, extent->count);
	}
	gate_leave(&cpu->gate);
	if (!room)
		below_free(self, extent, 1, number, steps);
}

INLINE void take_back(struct magazines *self, const struct iova_extent *extent, uint32_t number, struct iova_steps *steps)
{
	assert(extent->count);
	uint64_t count = extent->count;
	if (__builtin_expect(count > self->largest, 0)) {
		free_slowly(self, extent, number, steps);
		return;
	}
	struct cpu *cpu = cpu_of(self, number);
	struct hand *loaded = &cpu->pairs[self->extent_class[count]].loaded;
	if (__builtin_expect(!gate_enter(&cpu->gate) || loaded->count == loaded->room, 0)) {
		gate_leave(&cpu->gate);
		free_slowly(self, extent, number, steps);
		return;
	}
	uint32_t rounds = loaded->count;
	loaded->count = rounds + 1;
	loaded->magazine->extents[rounds] = *extent;
	count_cached(cpu, count);
	gate_leave(&cpu->gate);
}

static enum iova_status magazine_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				       struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	return allocate(self, request, cpu, extent, NULL);
}

static enum iova_status magazine_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					       struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	return allocate(self, request, cpu, extent, steps);
}

static void magazine_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	take_back(self, extent, cpu, NULL);
}

static void magazine_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	take_back(self, extent, cpu, steps);
}

static enum iova_status below_place(struct magazines *self, uint64_t first, uint64_t count, uint32_t cpu,
				    struct iova_extent *extent)
{
	if (!self->below.table->place)
		return IOVA_UNSUPPORTED;
	below_acquire(self);
	enum iova_status status = self->below.table->place(self->below.self, first, count, cpu, extent);
	below_release(self);
	return status;
}

/* Taken pages may lie in a magazine. */
static enum iova_status magazine_place(void *context, uint64_t first, uint64_t count, uint32_t cpu,
				       struct iova_extent *extent)
{
	struct magazines *self = context;
	enum iova_status status = below_place(self, first, count, cpu, extent);
	if (status != IOVA_TAKEN)
		return status;
	magazines_drain(self, cpu);
	return below_place(self, first, count, cpu, extent);
}

static void magazine_drain(void *context)
{
	struct magazines *self = context;
	magazines_drain(self, 0);
	if (!self->below.table->drain)
		return;
	below_acquire(self);
	self->below.table->drain(self->below.self);
	below_release(self);
}

static void magazine_offline(void *context, uint32_t cpu)
{
	struct magazines *self = context;
	magazines_leave(self, cpu);
	if (!self->below.table->offline)
		return;
	below_acquire(self);
	self->below.table->offline(self->below.self, cpu);
	below_release(self);
}

/* How many periods have passed since the last one that was counted. */
static uint64_t periods(struct magazines *self, uint64_t now_ns)
{
	if (!self->trim_began) {
		self->trim_began = true;
		self->trim_ns = now_ns;
	}
	uint64_t passed = (now_ns - self->trim_ns) / TRIM_PERIOD_NS;
	self->trim_ns += passed * TRIM_PERIOD_NS;
	return passed;
}

static void magazine_poll(void *context, uint64_t now_ns)
{
	struct magazines *self = context;
	acquire(self, self->depot_lock);
	uint64_t passed = periods(self, now_ns);
	release(self, self->depot_lock);
	for (unsigned size_class = 0; passed && !self->shelf_max && size_class < self->classes; size_class++)
		if (bit_is_set(self->cached_classes, size_class))
			empty_shelf(self, size_class, self->cpu_count, passed, 0, NULL);
	if (!self->below.table->poll)
		return;
	below_acquire(self);
	self->below.table->poll(self->below.self, now_ns);
	below_release(self);
}

static void magazine_visit_free(void *context, iova_visit visit, void *visit_context)
{
	struct magazines *self = context;
	self->below.table->visit_free(self->below.self, visit, visit_context);
	magazine_visit_cached(self, visit, visit_context);
}

static void magazine_statistics(void *context, struct iova_statistics *statistics)
{
	struct magazines *self = context;
	below_acquire(self);
	self->below.table->statistics(self->below.self, statistics);
	below_release(self);
	for (uint32_t cpu = 0; cpu < self->cpu_count; cpu++)
		statistics->cached_pages += __atomic_load_n(&cpu_of(self, cpu)->cached_pages, __ATOMIC_RELAXED);
	acquire(self, self->depot_lock);
	statistics->cached_pages -= self->released_pages;
	release(self, self->depot_lock);
}

static const char *magazine_broken_invariant(void *context)
{
	return magazine_check(context);
}

static void magazine_destroy(void *context)
{
	struct magazines *self = context;
	if (!self)
		return;
	const struct iova_host *host = self->host;
	depot_release(&self->depot);
	host->memory_put(host->context, self->cached_cpus, self->classes * self->cpu_words * sizeof *self->cached_cpus);
	host->memory_put(host->context, self->cached_classes, words_of(self->classes) * sizeof *self->cached_classes);
	host->memory_put(host->context, self->depot.shelves, self->classes * sizeof *self->depot.shelves);
	host->memory_put(host->context, self->cpus, self->cpu_count * self->cpu_bytes);
	host->lock_destroy(host->context, self->drain_lock);
	host->lock_destroy(host->context, self->depot_lock);
	host->lock_destroy(host->context, self->below_lock);
	host->memory_put(host->context, self, sizeof *self);
}

static bool make_parts(struct magazines *self)
{
	const struct iova_host *host = self->host;
	self->drain_lock = host->lock_create(host->context);
	self->depot_lock = host->lock_create(host->context);
	self->below_lock = host->lock_create(host->context);
	self->cpus = host->memory_get(host->context, self->cpu_count * self->cpu_bytes);
	self->depot.shelves = host->memory_get(host->context, self->classes * sizeof *self->depot.shelves);
	self->cached_classes = host->memory_get(host->context, words_of(self->classes) * sizeof *self->cached_classes);
	self->cached_cpus = host->memory_get(host->context, self->classes * self->cpu_words * sizeof *self->cached_cpus);
	return self->drain_lock && self->depot_lock && self->below_lock && self->cpus && self->depot.shelves &&
	       self->cached_classes && self->cached_cpus;
}

static enum iova_status magazine_create(const struct iova_space *space, const uint64_t *options,
					const struct iova_host *host, const struct iova_below *below, void **result,
					const char **reason)
{
	(void)space;
	(void)reason;
	struct magazines *self = host->memory_get(host->context, sizeof *self);
	if (!self)
		return IOVA_NO_MEMORY;
	self->host = host;
	self->below = *below;
	self->below_is_concurrent = below->table->capabilities & IOVA_CONCURRENT;
	self->cpu_count = host->cpus;
	self->rounds = (uint32_t)options[OPTION_ROUNDS];
	self->key = (enum key)options[OPTION_KEY];
	self->drain = (enum drain)options[OPTION_DRAIN];
	self->shelf_max = options[OPTION_DEPOT];
	self->largest = options[OPTION_MAX];
	if (self->key == KEY_ORDER)
		self->largest = UINT64_C(1) << bits_log2_floor(self->largest);
	for (uint64_t pages = 1; pages <= self->largest; pages++) {
		bool exact = self->key == KEY_SIZE;
		self->request_class[pages] = (uint16_t)(exact ? pages - 1 : bits_log2_ceil(pages));
		self->extent_class[pages] = (uint16_t)(exact ? pages - 1 : bits_log2_floor(pages));
	}
	self->classes = self->request_class[self->largest] + 1u;
	self->cpu_words = words_of(self->cpu_count);
	self->cpu_bytes = bits_align_up(sizeof(struct cpu) + self->classes * sizeof(struct pair), CACHE_LINE_BYTES);
	self->depot.host = host;
	self->depot.magazine_bytes = magazine_bytes(self->rounds);
	if (!make_parts(self)) {
		magazine_destroy(self);
		return IOVA_NO_MEMORY;
	}
	self->fenced = !gate_has_barrier();
	for (uint32_t cpu = 0; self->fenced && cpu < self->cpu_count; cpu++)
		cpu_of(self, cpu)->gate.state = GATE_FENCED;
	*result = self;
	return IOVA_OK;
}

static const char *const keys[] = {"size", "order", NULL};
static const char *const drains[] = {"largest", "all", NULL};
static const struct iova_option options[] = {
	[OPTION_ROUNDS] = {.name = "rounds",
			   .kind = IOVA_OPTION_NUMBER,
			   .default_value = 127,
			   .minimum = 1,
			   .maximum = 1024,
			   .help = "extents that a magazine holds"},
	[OPTION_MAX] = {.name = "max",
			.kind = IOVA_OPTION_NUMBER,
			.default_value = 32,
			.minimum = 1,
			.maximum = 1024,
			.help = "largest request that is cached, in pages; with key=order the power of two at or below it"},
	[OPTION_KEY] =
		{.name = "key",
		 .kind = IOVA_OPTION_CHOICE,
		 .default_value = KEY_SIZE,
		 .choices = keys,
		 .help = "which extents share a magazine: those of a power of two, to which requests are rounded up, or "
			 "those of one size"},
	[OPTION_DEPOT] =
		{.name = "depot",
		 .kind = IOVA_OPTION_NUMBER,
		 .default_value = 0,
		 .minimum = 0,
		 .maximum = 1000000,
		 .help = "full magazines kept for each size, what is beyond is freed by eight, with key=order,drain=all "
			 "at once; 0: any number, trimmed every 100 ms down to the number of CPUs"},
	[OPTION_DRAIN] =
		{.name = "drain",
		 .kind = IOVA_OPTION_CHOICE,
		 .default_value = DRAIN_LARGEST,
		 .choices = drains,
		 .help = "what is given back when there is no space: the largest extents, as few as it takes, or all"},
};

const struct iova_allocator allocator_magazine = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "magazine",
	.about = "layer: freed extents wait in magazines, two for each CPU and size, and in a depot, "
		 "for the next request of their size",
	.capabilities = IOVA_LAYER | IOVA_CONCURRENT | IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.options = options,
	.option_count = sizeof options / sizeof options[0],
	.create = magazine_create,
	.alloc = magazine_alloc,
	.free = magazine_free,
	.place = magazine_place,
	.visit_free = magazine_visit_free,
	.statistics = magazine_statistics,
	.broken_invariant = magazine_broken_invariant,
	.poll = magazine_poll,
	.drain = magazine_drain,
	.destroy = magazine_destroy,
	.alloc_counted = magazine_alloc_counted,
	.free_counted = magazine_free_counted,
	.offline = magazine_offline,
};
