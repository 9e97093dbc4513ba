/* SPDX-License-Identifier: MIT
 * Cases: random calls over a small space, which fill it about once. */
#include "verify/judges.h"

#include "base/rng.h"

#include <assert.h>

#define SLOTS 256u
#define CPUS 2u
#define CALLS_BETWEEN_POLLS 100u
#define POLL_NS UINT64_C(1000000)

#define ALL_CONSTRAINTS (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)

struct maker {
	struct verify_case *made;
	const struct verify_ground *ground;
	struct rng rng;
	bool taken[SLOTS];
	uint64_t size_max;    /* pages */
	uint32_t constraints; /* that a request may have */
	unsigned place_percent;
	uint64_t now_ns;
};

static uint32_t known_constraints(const struct verify_ground *ground)
{
	uint64_t has = ground->capabilities;
	return (has & IOVA_ALIGN ? IOVA_CONSTRAIN_ALIGN : 0) | (has & IOVA_HIGH ? IOVA_CONSTRAIN_LIMIT : 0) |
	       (has & IOVA_BOUNDARY ? IOVA_CONSTRAIN_BOUNDARY : 0);
}

static void begin(struct maker *maker, struct verify_case *made, const struct verify_ground *ground, uint64_t salt)
{
	*maker = (struct maker){.made = made, .ground = ground, .size_max = 24};
	rng_seed(&maker->rng, ground->seed + salt);
	made->space = ground->space;
	made->cpus = CPUS;
	made->slots = SLOTS;
	made->failing_memory = VERIFY_MEMORY_SUFFICES;
	/* So that half of all slots are about the whole space. */
	while (maker->size_max * SLOTS / 8 < made->space.count / 2)
		maker->size_max *= 2;
}

static void add(struct maker *maker, struct verify_op op)
{
	op.cpu = (uint16_t)(op.slot % CPUS);
	verify_case_add(maker->made, &op);
}

/* Limits: half of them bound one side only, as drivers do; some leave room for the request and little else, or for nothing. */
static void limit(struct maker *maker, struct verify_op *op)
{
	struct rng *rng = &maker->rng;
	const struct iova_space *space = &maker->made->space;
	uint64_t a = rng_below(rng, space->count), b = rng_below(rng, space->count), way = rng_below(rng, 8);
	if (way < 4)
		a = 0;
	op->low = space->first + (a < b ? a : b);
	op->high = space->first + (a < b ? b : a);
	if (way >= 6 && op->count <= space->count) {
		uint64_t room = space->first + space->count - op->low, spare = rng_below(rng, 3);
		op->high = op->low + op->count - 1 + spare;
		if (op->count + spare > room) {
			op->high = space->first + space->count - 1;
			op->low = op->high - (op->count - 1);
		}
	}
	if (!(maker->ground->capabilities & IOVA_LOW))
		op->low = space->first;
	/* Few have no page at all, and limits even below the space. */
	if (op->low && rng_below(rng, 32) == 0)
		op->high = rng_below(rng, op->low);
}

/* A request of 1 to size_max pages (small ones more often) with some of the constraints. */
static struct verify_op request(struct maker *maker, uint32_t slot)
{
	struct rng *rng = &maker->rng;
	/* What does not apply is unspecified: these values would make wrong readers fail. */
	struct verify_op op = {.kind = VERIFY_ALLOC, .slot = slot, .align = UINT64_C(1) << 62, .low = 1, .boundary = 1};
	uint64_t most = 1 + rng_below(rng, maker->size_max);
	op.count = 1 + rng_below(rng, most);
	op.constraints = (uint8_t)(maker->constraints & known_constraints(maker->ground) & (uint32_t)rng_next(rng));
	if (op.constraints & IOVA_CONSTRAIN_ALIGN)
		op.align = UINT64_C(1) << rng_below(rng, 8);
	if (op.constraints & IOVA_CONSTRAIN_BOUNDARY)
		op.boundary = UINT64_C(1) << rng_below(rng, 10);
	if (op.constraints & IOVA_CONSTRAIN_LIMIT)
		limit(maker, &op);
	return op;
}

static struct verify_op place(struct maker *maker, uint32_t slot)
{
	const struct iova_space *space = &maker->made->space;
	uint64_t first = rng_below(&maker->rng, space->count), room = space->count - first;
	return (struct verify_op){.kind = VERIFY_PLACE,
				  .slot = slot,
				  .low = space->first + first,
				  .count = 1 + rng_below(&maker->rng, room < 16 ? room : 16)};
}

static void poll_sometimes(struct maker *maker, uint64_t call)
{
	if (call % CALLS_BETWEEN_POLLS)
		return;
	add(maker, (struct verify_op){.kind = VERIFY_POLL, .count = maker->now_ns});
	maker->now_ns += POLL_NS;
}

static void call(struct maker *maker, uint64_t number)
{
	uint32_t slot = (uint32_t)rng_below(&maker->rng, SLOTS);
	bool explicit = maker->ground->capabilities & IOVA_EXPLICIT;
	poll_sometimes(maker, number);
	if (maker->taken[slot])
		add(maker, (struct verify_op){.kind = VERIFY_FREE, .slot = slot});
	else if (explicit && rng_below(&maker->rng, 100) < maker->place_percent)
		add(maker, place(maker, slot));
	else
		add(maker, request(maker, slot));
	maker->taken[slot] = !maker->taken[slot];
}

static void calls(struct maker *maker, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		call(maker, i);
}

static void free_all(struct maker *maker)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		if (maker->taken[slot])
			add(maker, (struct verify_op){.kind = VERIFY_FREE, .slot = slot});
}

static void make(struct verify_case *made, const struct verify_ground *ground, uint64_t salt, uint32_t constraints,
		 unsigned place_percent, uint64_t count)
{
	struct maker maker;
	begin(&maker, made, ground, salt);
	maker.constraints = constraints;
	maker.place_percent = place_percent;
	calls(&maker, count);
	free_all(&maker);
}

#define MANY 20000u

void make_nothing(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
}

void make_plain(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, 0, 0, MANY);
}

void make_aligned(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, IOVA_CONSTRAIN_ALIGN, 0, MANY);
}

void make_limited(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, IOVA_CONSTRAIN_LIMIT, 0, MANY);
}

void make_bounded(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, IOVA_CONSTRAIN_BOUNDARY, 0, MANY);
}

void make_constrained(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, ALL_CONSTRAINTS, 0, MANY);
}

void make_found(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, part % 2 ? ALL_CONSTRAINTS : 0, part % 2 ? 10 : 0, MANY);
}

void make_short(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, ALL_CONSTRAINTS, 10, 6000);
}

/* What lives at the end stays. */
void make_left(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	maker.constraints = ALL_CONSTRAINTS;
	calls(&maker, 1000);
}

static void hole(struct maker *maker, uint32_t slot)
{
	add(maker, place(maker, slot));
	maker->taken[slot] = true;
}

void make_holes(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	for (uint32_t slot = 0; slot < 24; slot++)
		hole(&maker, slot);
	calls(&maker, 500);
	free_all(&maker);
}

void make_placed(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make(made, ground, part, 0, 60, 1500);
}

void make_late_place(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	struct verify_op late = {.kind = VERIFY_PLACE, .slot = 1, .count = 1};
	late.low = ground->space.first + ground->space.count - 1;
	add(&maker, (struct verify_op){.kind = VERIFY_ALLOC, .slot = 0, .count = 1});
	add(&maker, late);
	add(&maker, (struct verify_op){.kind = VERIFY_FREE, .slot = 0});
	late.slot = 2;
	add(&maker, late);
}

/* Many of its requests cannot be had: more pages than there are, or a window that has just room where something lives. */
void make_failing(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	maker.constraints = ALL_CONSTRAINTS;
	for (uint64_t i = 0; i < 1500; i++) {
		call(&maker, i + 1);
		uint32_t slot = (uint32_t)rng_below(&maker.rng, SLOTS);
		if (i % 2 || maker.taken[slot])
			continue;
		struct verify_op op = request(&maker, slot);
		op.constraints = 0;
		if (i % 4 && (ground->capabilities & IOVA_LIMIT) == IOVA_LIMIT) {
			op.count = 1 + i % 9;
			op.constraints = IOVA_CONSTRAIN_LIMIT;
			op.low = ground->space.first + rng_below(&maker.rng, ground->space.count - op.count);
			op.high = op.low + op.count - 1;
		} else {
			op.count = ground->space.count + 1 + i % 3;
		}
		add(&maker, op);
		add(&maker, (struct verify_op){.kind = VERIFY_FREE, .slot = slot});
	}
}

static const struct iova_space spaces[MAKE_SPACES] = {
	{0, 1, 4096},
	{7, 1, 4096},
	{0, 2, 4096},
	{1, 63, 4096},
	{63, 66, 4096},
	{0, 64, 4096},
	{1, 4095, 65536},
	{12345, 1000, 4096},
	{0, UINT64_C(1) << 16, 4096},
	{1, (UINT64_C(1) << 20) - 1, 4096},
	{0, UINT64_C(1) << 36, 4096},
	{UINT64_C(1) << 40, (UINT64_C(1) << 30) + 3, 4096},
};

/* A bitmap writes every page of an extent. */
#define LONG_EXTENT_PAGES 10000u

void make_space(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	const struct iova_space *space = &spaces[part % MAKE_SPACES];
	begin(&maker, made, ground, part);
	made->space = *space;
	maker.constraints = ALL_CONSTRAINTS;
	maker.size_max = space->count < 48 ? space->count : space->count / 48;
	if (maker.size_max > LONG_EXTENT_PAGES)
		maker.size_max = LONG_EXTENT_PAGES;
	calls(&maker, space->count > 100000 ? 400 : 1500);
}

void make_directed(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct rng rng;
	rng_seed(&rng, ground->seed + part);
	make(made, ground, part, ALL_CONSTRAINTS, 0, 1500);
	for (size_t i = 0; i < made->count; i++)
		if (made->ops[i].kind == VERIFY_ALLOC)
			made->ops[i].constraints |= rng_below(&rng, 2) ? IOVA_CONSTRAIN_BOTTOM : IOVA_CONSTRAIN_TOP;
}

void make_longest(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	for (uint64_t more = 0; more < 2; more++) {
		add(&maker, (struct verify_op){.kind = VERIFY_ALLOC, .count = ground->length_max + more});
		add(&maker, (struct verify_op){.kind = VERIFY_FREE});
	}
}

void make_undrained(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	make_failing(made, part, ground);
	for (size_t i = 0; i < made->count; i++)
		if (made->ops[i].kind == VERIFY_ALLOC)
			made->ops[i].constraints |= IOVA_CONSTRAIN_NO_DRAIN;
}

void make_leaving(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	maker.constraints = ALL_CONSTRAINTS;
	for (uint64_t i = 0; i < 3000; i++) {
		call(&maker, i);
		if (i % 37 == 0) /* its slot says which CPU */
			add(&maker,
			    (struct verify_op){.kind = VERIFY_LEAVE, .slot = (uint32_t)rng_below(&maker.rng, CPUS)});
	}
}

#define CALLS_WITHOUT_MEMORY 600u
/* What is an array over a small space may grow in a large one. */
#define LARGE_SPACE ((UINT64_C(1) << 24) + 1)

void make_no_memory(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part / MAKE_MEMORY_PASSES);
	maker.constraints = ALL_CONSTRAINTS;
	maker.size_max = 3;
	made->failing_memory = part % MAKE_MEMORY_PASSES;
	switch (part / MAKE_MEMORY_PASSES) {
	case 0: /* create */
		break;
	case 2:
		made->space.count = LARGE_SPACE;
		calls(&maker, CALLS_WITHOUT_MEMORY);
		break;
	case 3:
		if (!(ground->capabilities & VERIFY_PLACES))
			break;
		for (uint32_t slot = 0; slot < 100; slot++)
			hole(&maker, slot);
		break;
	default:
		calls(&maker, CALLS_WITHOUT_MEMORY + 200);
	}
}

void make_threads(struct verify_case *made, uint64_t part, const struct verify_ground *ground)
{
	struct maker maker;
	begin(&maker, made, ground, part);
	made->cpus = MAKE_THREADS;
	maker.constraints = ALL_CONSTRAINTS;
	calls(&maker, 2 * MANY);
	for (size_t i = 0; i < made->count; i++)
		made->ops[i].cpu = (uint16_t)(made->ops[i].slot % MAKE_THREADS);
}
