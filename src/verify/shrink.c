/* SPDX-License-Identifier: MIT */
#include "verify/shrink.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* A trial that stands still for so long hangs, as what it is cut from did. */
#define STALL_SECONDS 0.15

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct shrinker {
	struct verify_options options;
	const struct verify_rule *rule;
	const struct verify_ground *ground;
	enum verify_state state; /* how it has to end */
	struct verify_shrunk *best;
	double until;
	size_t uniform_first, uniform_count; /* calls that are alike, as many as it takes: nothing to try there */
	struct error *error;
	bool failed;
};

static bool is_over(const struct shrinker *shrinker)
{
	return shrinker->failed || seconds_now() > shrinker->until;
}

static void copy(struct verify_case *to, const struct verify_case *from, size_t count)
{
	*to = *from;
	to->ops = memory_zeroed(count ? count : 1, sizeof *to->ops);
	to->count = to->ops ? count : 0;
	to->capacity = to->count;
	to->failed = !to->ops;
	if (to->ops && from->ops && count)
		memcpy(to->ops, from->ops, count * sizeof *to->ops);
}

/* Whether the candidate (taken over) breaks the rule as well; then it is the best. */
static bool try(struct shrinker *shrinker, struct verify_case *candidate)
{
	struct verify_outcome outcome;
	struct verify_shrunk *best = shrinker->best;
	best->trials++;
	if (candidate->failed) {
		shrinker->failed = true;
		error_set(shrinker->error, EXIT_CODE_IO, "no memory to cut down what was found");
	} else if (verify_once(&shrinker->options, shrinker->rule, shrinker->ground, candidate, &outcome, shrinker->error) <
		   0) {
		shrinker->failed = true;
	}
	if (shrinker->failed || outcome.state != shrinker->state) {
		verify_case_release(candidate);
		return false;
	}
	/* What comes behind the call that showed it is not needed. */
	if (outcome.op + 1 < candidate->count)
		candidate->count = (size_t)outcome.op + 1;
	if (candidate != &best->one) {
		verify_case_release(&best->one);
		best->one = *candidate;
	}
	best->outcome = outcome;
	return true;
}

static bool try_without(struct shrinker *shrinker, size_t first, size_t count)
{
	const struct verify_case *one = &shrinker->best->one;
	struct verify_case candidate;
	assert(first + count <= one->count);
	copy(&candidate, one, one->count);
	if (!candidate.failed) {
		memmove(&candidate.ops[first], &candidate.ops[first + count],
			(one->count - first - count) * sizeof *candidate.ops);
		candidate.count -= count;
	}
	return try(shrinker, &candidate);
}

/* What is not live when the last call comes is seldom to blame. */
static void try_live(struct shrinker *shrinker)
{
	const struct verify_case *one = &shrinker->best->one;
	struct verify_case candidate;
	size_t *last = memory_zeroed(one->slots, sizeof *last); /* 1 + index of the call that took the slot */
	copy(&candidate, one, one->count);
	for (size_t i = 0; last && i < one->count; i++) {
		const struct verify_op *op = &one->ops[i];
		if (!verify_op_has_slot(op))
			continue;
		if (op->kind == VERIFY_FREE)
			last[op->slot] = 0;
		else if (!last[op->slot])
			last[op->slot] = i + 1;
	}
	candidate.count = 0;
	for (size_t i = 0; last && !candidate.failed && i < one->count; i++)
		if (i + 1 == one->count || (verify_op_has_slot(&one->ops[i]) && last[one->ops[i].slot] == i + 1))
			candidate.ops[candidate.count++] = one->ops[i];
	memory_release(last);
	try(shrinker, &candidate);
}

static void try_last(struct shrinker *shrinker)
{
	for (size_t count = 1; count < shrinker->best->one.count && !is_over(shrinker); count *= 2)
		if (try_without(shrinker, 0, shrinker->best->one.count - count))
			return;
}

/* Everything is done by one CPU, and time stands still. */
static void try_plain(struct shrinker *shrinker)
{
	struct verify_case candidate;
	copy(&candidate, &shrinker->best->one, shrinker->best->one.count);
	size_t count = 0;
	for (size_t i = 0; i < candidate.count; i++) {
		candidate.ops[count] = candidate.ops[i];
		candidate.ops[count].cpu = 0;
		count += verify_op_has_slot(&candidate.ops[i]);
	}
	candidate.count = count;
	try(shrinker, &candidate);
}

/* Pieces of one size, the last ones first. Returns whether some could go. */
static bool try_pieces(struct shrinker *shrinker, size_t size)
{
	bool any = false;
	size_t end = shrinker->best->one.count;
	while (end > 0 && !is_over(shrinker)) {
		size_t first = end > size ? end - size : 0;
		size_t uniform = shrinker->uniform_first, uniform_end = uniform + shrinker->uniform_count;
		if (first < uniform_end && end > uniform) {
			end = uniform;
			continue;
		}
		size_t before = shrinker->best->one.count;
		if (try_without(shrinker, first, end - first)) {
			any = true;
			if (first < uniform)
				shrinker->uniform_first -= before - shrinker->best->one.count;
		}
		end = first;
	}
	return any;
}

/* Levels of halving on which nothing could go, before it is taken for a matter of how many calls there were. */
#define VAIN_LEVELS 5u
#define MANY_CALLS 256u

static void try_halves(struct shrinker *shrinker)
{
	unsigned vain = 0;
	for (size_t size = shrinker->best->one.count / 2; size >= 1 && !is_over(shrinker); size /= 2) {
		vain = try_pieces(shrinker, size) ? 0 : vain + 1;
		if (vain >= VAIN_LEVELS && shrinker->best->one.count > MANY_CALLS)
			return;
	}
}

static struct verify_op page(uint8_t kind, uint32_t slot)
{
	return (struct verify_op){.kind = kind, .slot = slot, .count = 1};
}

/* Calls alike: allocations of a page that stay, others that are freed at once, more that stay, and a last call. */
struct pattern {
	size_t count[3]; /* that stay; that pass; that stay */
	struct verify_op end;
};

static bool try_pattern(struct shrinker *shrinker, const struct pattern *pattern)
{
	struct verify_case candidate;
	uint32_t slot = 0;
	copy(&candidate, &shrinker->best->one, 0);
	for (size_t part = 0; part < 3; part++)
		for (size_t i = 0; i < pattern->count[part]; i++) {
			const struct verify_op alloc = page(VERIFY_ALLOC, slot), drop = page(VERIFY_FREE, slot);
			verify_case_add(&candidate, &alloc);
			if (part == 1)
				verify_case_add(&candidate, &drop);
			else
				slot++;
			slot += part == 1 && i + 1 == pattern->count[part];
		}
	struct verify_op end = pattern->end;
	end.slot = slot;
	verify_case_add(&candidate, &end);
	candidate.slots = slot + 1 > candidate.slots ? slot + 1 : candidate.slots;
	return try(shrinker, &candidate);
}

/* The least numbers of calls alike with which it still happens. */
static void fewest(struct shrinker *shrinker, struct pattern *pattern)
{
	static const size_t order[] = {2, 0, 1, 2};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		size_t *count = &pattern->count[order[i]], works = *count, fails = 0;
		*count = 0;
		if (!works || try_pattern(shrinker, pattern))
			continue;
		while (works - fails > 1 && !is_over(shrinker)) {
			*count = fails + (works - fails) / 2;
			if (try_pattern(shrinker, pattern))
				works = *count;
			else
				fails = *count;
		}
		*count = works;
	}
	shrinker->uniform_first = 0;
	shrinker->uniform_count = shrinker->best->one.count - 1;
}

#define PATTERN_TRIALS 64u
#define MANY_PAGES 4096u

/* Returns whether calls alike do it, with this one as the last. */
static bool try_patterns(struct shrinker *shrinker, const struct verify_op *end, size_t allocations)
{
	size_t pages = (size_t)shrinker->best->one.space.count;
	/* A repeat of more calls is shorter to read than a list of them. */
	size_t many = allocations > pages || pages > MANY_PAGES ? allocations : pages + 2;
	struct pattern pattern = {.end = *end};
	for (size_t stay = 0; stay <= 2 && !is_over(shrinker); stay++) {
		pattern.count[0] = stay;
		pattern.count[1] = many;
		if (try_pattern(shrinker, &pattern)) {
			fewest(shrinker, &pattern);
			return true;
		}
	}
	if (pages > MANY_PAGES)
		return false;
	/* All pages are filled, at ever earlier times. */
	for (size_t i = 0, back = 0; i < PATTERN_TRIALS && back <= allocations && !is_over(shrinker); i++) {
		pattern = (struct pattern){{0, allocations - back, pages + 1}, *end};
		if (try_pattern(shrinker, &pattern)) {
			fewest(shrinker, &pattern);
			return true;
		}
		back += pages / 2 + 1;
		back = back > allocations && back <= allocations + pages / 2 ? allocations : back;
	}
	return false;
}

/* When it is a matter of how many calls there were, they may as well be alike. */
static void try_alike(struct shrinker *shrinker)
{
	const struct verify_case *one = &shrinker->best->one;
	size_t allocations = 0;
	struct verify_op last = page(VERIFY_ALLOC, 0), plain = last;
	for (size_t i = 0; i < one->count; i++) {
		allocations += one->ops[i].kind == VERIFY_ALLOC;
		if (one->ops[i].kind == VERIFY_ALLOC)
			last = one->ops[i];
	}
	if (allocations >= 2 && !try_patterns(shrinker, &plain, allocations) && memcmp(&plain, &last, sizeof last) != 0)
		try_patterns(shrinker, &last, allocations);
}

/* Allocations that follow each other become one of all their pages. */
static void try_merge(struct shrinker *shrinker)
{
	for (size_t size = shrinker->best->one.count; size >= 2 && !is_over(shrinker);
	     size = size > 8 ? size / 2 : size - 1) {
		for (size_t first = 0; first + size <= shrinker->best->one.count && !is_over(shrinker); first++) {
			const struct verify_case *one = &shrinker->best->one;
			struct verify_op sum = page(VERIFY_ALLOC, one->ops[first].slot);
			size_t alike = 0;
			for (sum.count = 0; alike < size && one->ops[first + alike].kind == VERIFY_ALLOC; alike++)
				sum.count += one->ops[first + alike].count;
			if (alike < size) {
				first += alike;
				continue;
			}
			struct verify_case candidate;
			copy(&candidate, one, one->count);
			if (!candidate.failed) {
				candidate.ops[first] = sum;
				memmove(&candidate.ops[first + 1], &candidate.ops[first + size],
					(one->count - first - size) * sizeof sum);
				candidate.count -= size - 1;
			}
			try(shrinker, &candidate);
		}
	}
}

static bool try_op(struct shrinker *shrinker, size_t index, const struct verify_op *op)
{
	struct verify_case candidate;
	if (index >= shrinker->best->one.count || !memcmp(op, &shrinker->best->one.ops[index], sizeof *op))
		return false;
	copy(&candidate, &shrinker->best->one, shrinker->best->one.count);
	if (!candidate.failed)
		candidate.ops[index] = *op;
	return try(shrinker, &candidate);
}

/* Fewer pages and no constraints, where they do not matter. */
static bool simplify(struct shrinker *shrinker, size_t index)
{
	bool any = false;
	for (uint8_t bit = 1; bit <= IOVA_CONSTRAIN_TOP && index < shrinker->best->one.count; bit = (uint8_t)(bit * 2)) {
		struct verify_op op = shrinker->best->one.ops[index];
		op.constraints &= (uint8_t)~bit;
		any |= op.kind == VERIFY_ALLOC && try_op(shrinker, index, &op);
	}
	for (uint64_t less = UINT64_MAX; less && index < shrinker->best->one.count && !is_over(shrinker);) {
		struct verify_op op = shrinker->best->one.ops[index];
		uint64_t count = op.count;
		if ((op.kind != VERIFY_ALLOC && op.kind != VERIFY_PLACE) || count <= 1)
			break;
		less = less < count - 1 ? less : count - 1;
		op.count = count - less;
		if (try_op(shrinker, index, &op))
			any = true;
		else
			less /= 2;
	}
	return any;
}

/* Limits and counts that no script can have, as others that nothing can satisfy either. */
static void try_sayable(struct shrinker *shrinker)
{
	const struct iova_space *space = &shrinker->best->one.space;
	for (size_t i = shrinker->best->one.count; i-- > 0 && !is_over(shrinker);) {
		if (i >= shrinker->best->one.count)
			continue;
		struct verify_op op = shrinker->best->one.ops[i];
		bool limited = op.kind == VERIFY_ALLOC && op.constraints & IOVA_CONSTRAIN_LIMIT;
		if (limited && (op.high < op.low || op.high - op.low + 1 < op.count)) {
			/* One that knows no low limit is asked for none. */
			bool low = shrinker->ground->capabilities & IOVA_LOW || op.low != space->first;
			op.low = low ? space->first + space->count - 1 : space->first;
			op.high = op.low;
			op.count = 1;
			try_op(shrinker, i, &op);
		}
		if (op.kind == VERIFY_ALLOC && op.count > space->count) {
			struct verify_op whole = page(VERIFY_ALLOC, 0);
			whole.count = space->count;
			struct verify_case candidate;
			copy(&candidate, &shrinker->best->one, 0);
			verify_case_add(&candidate, &whole);
			whole = page(VERIFY_ALLOC, 1);
			verify_case_add(&candidate, &whole);
			try(shrinker, &candidate);
		}
	}
}

static bool is_uniform(const struct shrinker *shrinker, size_t index)
{
	return index >= shrinker->uniform_first && index - shrinker->uniform_first < shrinker->uniform_count;
}

/* All calls of one slot. Returns whether some could go. */
static bool try_slots(struct shrinker *shrinker)
{
	bool any = false;
	for (size_t i = 0; i < shrinker->best->one.count && !is_over(shrinker); i++) {
		const struct verify_case *one = &shrinker->best->one;
		uint32_t slot = one->ops[i].slot;
		struct verify_case candidate;
		copy(&candidate, one, one->count);
		candidate.count = 0;
		for (size_t k = 0; !candidate.failed && k < one->count; k++)
			if (one->ops[k].slot != slot || !verify_op_has_slot(&one->ops[k]))
				candidate.ops[candidate.count++] = one->ops[k];
		any |= try(shrinker, &candidate);
	}
	return any;
}

#define PAIRED_CALLS 40u

/* Any two calls. */
static bool try_two(struct shrinker *shrinker)
{
	bool any = false;
	for (size_t i = 0; i < shrinker->best->one.count && !is_over(shrinker); i++)
		for (size_t k = i + 1; k < shrinker->best->one.count && !is_over(shrinker); k++) {
			struct verify_case candidate;
			const struct verify_case *one = &shrinker->best->one;
			copy(&candidate, one, one->count);
			candidate.count = 0;
			for (size_t at = 0; !candidate.failed && at < one->count; at++)
				if (at != i && at != k)
					candidate.ops[candidate.count++] = one->ops[at];
			any |= try(shrinker, &candidate);
		}
	return any;
}

/* Calls that can be gone through one by one. */
#define FEW_CALLS 400u

static void polish(struct shrinker *shrinker)
{
	bool any = true;
	while (any && !is_over(shrinker)) {
		any = false;
		for (size_t i = shrinker->best->one.count; i-- > 0 && !is_over(shrinker);)
			if (i < shrinker->best->one.count && !is_uniform(shrinker, i))
				any |= simplify(shrinker, i);
		any |= try_pieces(shrinker, 1);
		/* A call and the one that takes it back go together. */
		any |= try_pieces(shrinker, 2);
		if (!shrinker->uniform_count) {
			any |= try_slots(shrinker);
			any |= shrinker->best->one.count <= PAIRED_CALLS && try_two(shrinker);
		}
	}
}

static void shrink(struct shrinker *shrinker)
{
	const struct verify_case *one = &shrinker->best->one;
	try_plain(shrinker);
	try_live(shrinker);
	try_last(shrinker);
	/* Where each trial that succeeds takes long, few of them are made. */
	if (shrinker->state == VERIFY_HUNG || shrinker->state == VERIFY_LARGE)
		try_alike(shrinker);
	if (!shrinker->uniform_count)
		try_halves(shrinker);
	if (one->count <= FEW_CALLS)
		try_merge(shrinker);
	if (one->count > 12 && !shrinker->uniform_count)
		try_alike(shrinker);
	if (one->count > FEW_CALLS && !shrinker->uniform_count)
		try_pieces(shrinker, 1);
	if (one->count <= FEW_CALLS || shrinker->uniform_count)
		polish(shrinker);
	try_sayable(shrinker);
	shrinker->best->minimal = !is_over(shrinker);
}

int verify_shrink(const struct verify_options *options, const struct verify_rule *rule, const struct verify_ground *ground,
		  const struct verify_case *broken, const struct verify_outcome *outcome, double seconds,
		  struct verify_shrunk *shrunk, struct error *error)
{
	double begin = seconds_now();
	struct verify_case candidate;
	struct shrinker shrinker = {.options = *options,
				    .rule = rule,
				    .ground = ground,
				    .state = outcome->state,
				    .best = shrunk,
				    .until = begin + seconds,
				    .error = error};
	size_t played = outcome->op + 1 < broken->count ? (size_t)outcome->op + 1 : broken->count;
	*shrunk = (struct verify_shrunk){.outcome = *outcome, .before = broken->count};
	shrinker.options.limits.quiet = true;
	copy(&shrunk->one, broken, broken->count);
	copy(&candidate, broken, played);
	shrunk->repeats = try(&shrinker, &candidate);
	if (!shrunk->repeats && !shrinker.failed) {
		copy(&candidate, broken, broken->count);
		shrunk->repeats = try(&shrinker, &candidate);
	}
	if (shrinker.options.limits.stall_seconds > STALL_SECONDS)
		shrinker.options.limits.stall_seconds = STALL_SECONDS;
	if (shrunk->repeats)
		shrink(&shrinker);
	shrunk->seconds = seconds_now() - begin;
	return shrinker.failed ? -1 : 0;
}

void verify_shrunk_release(struct verify_shrunk *shrunk)
{
	verify_case_release(&shrunk->one);
}
