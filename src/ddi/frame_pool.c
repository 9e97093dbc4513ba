/* SPDX-License-Identifier: MIT */
#include "ddi/frame_pool.h"

#include "base/bits.h"
#include "base/memory.h"
#include "base/rng.h"
#include "ddi/steps.h"

#include <assert.h>
#include <string.h>

#ifndef NDEBUG
_Thread_local uint64_t ddi_steps;
#endif

/* In a broken region the odd frames are somebody else's. */
#define BROKEN_WORD UINT64_C(0x5555555555555555)

/* Bits [from, from + count) of a word, 1 <= count <= 64 - from. */
static uint64_t mask(unsigned from, unsigned count)
{
	return (count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1) << from;
}

static unsigned ones_from_below(uint64_t word)
{
	return word == UINT64_MAX ? 64 : (unsigned)__builtin_ctzll(~word);
}

static unsigned ones_from_above(uint64_t word)
{
	return word == UINT64_MAX ? 64 : (unsigned)__builtin_clzll(~word);
}

/* The longest run of a word, which has one: of runs of 1, 2, 4, ... the longest that there are, and what it goes on by. */
static unsigned longest_inside(uint64_t word)
{
	uint64_t begins[6] = {word}, longest_begin;
	unsigned power = 0;
	while (power < 5 && (begins[power + 1] = begins[power] & begins[power] >> (1u << power)) != 0)
		power++;
	unsigned longest = 1u << power;
	longest_begin = begins[power];
	while (power-- > 0) {
		uint64_t longer = longest_begin & begins[power] >> longest;
		if (longer) {
			longest_begin = longer;
			longest += 1u << power;
		}
	}
	return longest;
}

/* The runs of a region; how many frames are free, it does not count. */
static struct frame_span runs_of(const uint64_t *words)
{
	struct frame_span span = {0};
	unsigned run = 0; /* that ends where the word begins */
	for (unsigned i = 0; i < REGION_WORDS; i++) {
		uint64_t word = words[i];
		if (word == UINT64_MAX) {
			run += 64;
			continue;
		}
		unsigned below = ones_from_below(word);
		run += below;
		if (run == i * 64 + below)
			span.prefix = run;
		span.longest = run > span.longest ? run : span.longest;
		run = 0;
		if (word == 0)
			continue;
		unsigned above = run = ones_from_above(word);
		/* Runs that reach neither end. */
		uint64_t within = word & ~((UINT64_C(1) << below) - 1) & UINT64_MAX >> above;
		unsigned inside = within ? longest_inside(within) : 0;
		span.longest = inside > span.longest ? inside : span.longest;
	}
	span.suffix = run;
	if (run == REGION_FRAMES)
		span.prefix = run;
	span.longest = run > span.longest ? run : span.longest;
	return span;
}

static bool same_runs(const struct frame_span *a, const struct frame_span *b)
{
	return a->prefix == b->prefix && a->suffix == b->suffix && a->longest == b->longest;
}

/* What two spans of half as many frames each come to. */
static struct frame_span joined(const struct frame_span *left, const struct frame_span *right, uint32_t half)
{
	struct frame_span span = {left->free + right->free, left->prefix, right->suffix, left->suffix + right->prefix};
	if (left->prefix == half)
		span.prefix += right->prefix;
	if (right->suffix == half)
		span.suffix += left->suffix;
	span.longest = span.longest > left->longest ? span.longest : left->longest;
	span.longest = span.longest > right->longest ? span.longest : right->longest;
	return span;
}

/* To be called after the words of a region changed, in which `gained` frames more are free (fewer: modulo 2^32). The runs of a
 * span follow from those of the two below it: above one whose runs stay, counts alone change. */
static void summarise(struct ddi_physical *pool, uint64_t region, uint32_t gained)
{
	uint32_t half = REGION_FRAMES;
	uint64_t node = pool->leaves + region;
	struct frame_span span = runs_of(&pool->words[region * REGION_WORDS]);
	span.free = pool->spans[node].free + gained;
	while (!same_runs(&span, &pool->spans[node])) {
		pool->spans[node] = span;
		node /= 2;
		if (node == 0)
			return;
		span = joined(&pool->spans[2 * node], &pool->spans[2 * node + 1], half);
		half *= 2;
	}
	for (; node > 0; node /= 2)
		pool->spans[node].free += gained;
}

/* Sets or clears the bits of [first, first + count), of which some may be so already. */
static void mark(struct ddi_physical *pool, uint64_t first, uint64_t count, bool free)
{
	while (count > 0) {
		uint64_t region = first / REGION_FRAMES, region_end = (region + 1) * REGION_FRAMES;
		uint64_t end = first + count < region_end ? first + count : region_end;
		uint32_t changed = 0;
		count -= end - first;
		while (first < end) {
			unsigned bit = (unsigned)(first % 64);
			uint64_t in_word = end - first < 64 - bit ? end - first : 64 - bit;
			uint64_t bits = mask(bit, (unsigned)in_word), *word = &pool->words[first / 64];
			uint64_t change = free ? bits & ~*word : bits & *word;
			*word ^= change;
			changed += change == bits ? (uint32_t)in_word : (uint32_t)__builtin_popcountll(change);
			first += in_word;
		}
		summarise(pool, region, free ? changed : -changed);
	}
}

void frame_pool_take(struct ddi_physical *pool, uint64_t first, uint64_t count)
{
	assert(count && first < pool->frames && count <= pool->frames - first && count <= frame_pool_free(pool));
	mark(pool, first, count, false);
}

void frame_pool_give(struct ddi_physical *pool, uint64_t first, uint64_t count)
{
	assert(count && first < pool->frames && count <= pool->frames - first &&
	       count <= pool->frames - frame_pool_free(pool));
	mark(pool, first, count, true);
}

void frame_pool_give_frames(struct ddi_physical *pool, const struct node_pool *nodes, const struct run_list *list)
{
	/* Runs of one region in a row are summarised once. */
	uint64_t touched = UINT64_MAX;
	uint32_t gained = 0;
	struct run_cursor cursor = run_cursor_at(nodes, list, 0);
	while (cursor.left > 0) {
		uint64_t region = cursor.frame / REGION_FRAMES;
		if (touched != UINT64_MAX && touched != region) {
			summarise(pool, touched, gained);
			touched = UINT64_MAX;
			gained = 0;
		}
		if (cursor.frame / 64 == (cursor.frame + cursor.left - 1) / 64) {
			pool->words[cursor.frame / 64] |= mask((unsigned)(cursor.frame % 64), (unsigned)cursor.left);
			touched = region;
			gained += (uint32_t)cursor.left;
		} else {
			mark(pool, cursor.frame, cursor.left, true);
		}
		run_cursor_advance(&cursor, cursor.left);
	}
	if (touched != UINT64_MAX)
		summarise(pool, touched, gained);
}

void frame_pool_give_list(struct ddi_physical *pool, struct node_pool *nodes, struct run_list *list)
{
	frame_pool_give_frames(pool, nodes, list);
	run_list_clear(nodes, list);
}

/* Takes runs out of one word, of which only `window` counts. */
static int gather_word(struct ddi_physical *pool, struct node_pool *nodes, uint64_t word, uint64_t window, uint64_t *left,
		       struct run_list *list)
{
	uint64_t bits = pool->words[word] & window;
	while (bits && *left > 0) {
		unsigned from = (unsigned)__builtin_ctzll(bits), count = ones_from_below(bits >> from);
		if (count > *left)
			count = (unsigned)*left;
		if (run_list_add(nodes, list, word * 64 + from, count) != 0)
			return -1;
		pool->words[word] &= ~mask(from, count);
		bits &= ~mask(from, count);
		*left -= count;
	}
	return 0;
}

/* Whether the request fits into the free run [first, end); its place in *first then. */
static bool fits(const struct frame_request *request, uint64_t *first, uint64_t end)
{
	uint64_t start = *first > request->low ? *first : request->low;
	if (end > request->high + 1)
		end = request->high + 1;
	start = bits_align_up(start, request->align);
	if (request->boundary && (start & (request->boundary - 1)) + request->count > request->boundary)
		start = bits_align_up(start, request->boundary);
	if (start >= end || end - start < request->count)
		return false;
	*first = start;
	return true;
}

/* Looks for a free run of `count` frames from `frame` on that ends before its region does. */
static bool search_region(const struct ddi_physical *pool, uint64_t frame, uint64_t count, uint64_t *first, uint64_t *end)
{
	uint64_t region_end = bits_align_down(frame, REGION_FRAMES) + REGION_FRAMES;
	while (frame < region_end) {
		DDI_STEP();
		uint64_t bits = pool->words[frame / 64] >> (frame % 64);
		if (!bits) {
			frame = (frame / 64 + 1) * 64;
			continue;
		}
		frame += (unsigned)__builtin_ctzll(bits);
		uint64_t run_end = frame;
		while (run_end < region_end) {
			unsigned ones = ones_from_below(pool->words[run_end / 64] >> (run_end % 64));
			unsigned in_word = 64 - (unsigned)(run_end % 64);
			run_end += ones < in_word ? ones : in_word;
			if (ones < in_word)
				break;
		}
		if (run_end < region_end && run_end - frame >= count) {
			*first = frame;
			*end = run_end;
			return true;
		}
		frame = run_end;
	}
	return false;
}

/* Climbs to the span of as many frames as possible that begins where this one ends. 0: there is none. */
static uint64_t span_behind(uint64_t node, uint64_t *frames)
{
	for (; node & 1; node /= 2)
		*frames *= 2;
	return node ? node + 1 : 0;
}

/* The first free run of `count` frames at or behind `from`, and up to where it goes on. One that begins above high may be
 * missed. O(log regions). */
static bool next_run(const struct ddi_physical *pool, uint64_t from, uint64_t high, uint64_t count, uint64_t *first,
		     uint64_t *end)
{
	uint64_t node = pool->leaves + from / REGION_FRAMES, frames = REGION_FRAMES;
	uint64_t at = (from / REGION_FRAMES + 1) * REGION_FRAMES;
	if (pool->spans[node].longest >= count && search_region(pool, from, count, first, end))
		return true;
	/* A run that ends where the span at hand begins. */
	uint64_t run = pool->spans[node].suffix < at - from ? pool->spans[node].suffix : at - from;
	node = span_behind(node, &frames);
	while (node && at <= high) {
		const struct frame_span *span = &pool->spans[node];
		DDI_STEP();
		if (span->free < frames && run + span->prefix >= count) {
			*first = at - run;
			*end = at + span->prefix;
			return true;
		}
		if (span->free < frames && span->longest >= count) {
			if (node < pool->leaves) {
				node *= 2;
				frames /= 2;
				continue;
			}
			if (search_region(pool, at, count, first, end))
				return true;
		}
		run = span->free == frames ? run + frames : span->suffix;
		at += frames;
		node = span_behind(node, &frames);
	}
	*first = at - run;
	*end = at;
	return run >= count;
}

int frame_pool_gather(struct ddi_physical *pool, struct node_pool *nodes, uint64_t low, uint64_t high, uint64_t count,
		      struct run_list *list, uint64_t *taken)
{
	assert(count && low <= high);
	int result = 0;
	uint64_t left = count, at = low, first, end;
	if (high >= pool->frames)
		high = pool->frames - 1;
	while (left > 0 && result == 0 && at <= high && next_run(pool, at, high, 1, &first, &end)) {
		uint64_t region = first / REGION_FRAMES, left_before = left;
		at = (region + 1) * REGION_FRAMES;
		for (uint64_t word = first / 64; word < at / 64 && word * 64 <= high && left > 0 && result == 0; word++) {
			uint64_t from = word * 64 > low ? word * 64 : low;
			uint64_t to = word * 64 + 63 < high ? word * 64 + 63 : high;
			result = gather_word(pool, nodes, word, mask((unsigned)(from % 64), (unsigned)(to - from + 1)),
					     &left, list);
		}
		summarise(pool, region, (uint32_t)(left - left_before));
	}
	*taken = count - left;
	return result;
}

bool frame_pool_take_run(struct ddi_physical *pool, const struct frame_request *request, uint64_t *first)
{
	assert(request->count && bits_is_power_of_two(request->align));
	assert(!request->boundary || bits_is_power_of_two(request->boundary));
	struct frame_request clipped = *request;
	if (clipped.high >= pool->frames)
		clipped.high = pool->frames - 1;
	if (clipped.low > clipped.high || clipped.count > clipped.high - clipped.low + 1)
		return false;
	uint64_t at = clipped.low, end;
	while (at <= clipped.high && next_run(pool, at, clipped.high, clipped.count, &at, &end)) {
		if (fits(&clipped, &at, end)) {
			frame_pool_take(pool, at, clipped.count);
			*first = at;
			return true;
		}
		at = end;
	}
	return false;
}

/* Free frames in [low, high], which lie in one region. */
static uint64_t free_in_region(const struct ddi_physical *pool, uint64_t low, uint64_t high)
{
	uint64_t free = 0;
	while (low <= high) {
		uint64_t bit = low % 64, count = high - low + 1 < 64 - bit ? high - low + 1 : 64 - bit;
		free += (unsigned)__builtin_popcountll(pool->words[low / 64] & mask((unsigned)bit, (unsigned)count));
		low += count;
	}
	return free;
}

uint64_t frame_pool_free_between(const struct ddi_physical *pool, uint64_t low, uint64_t high)
{
	if (high >= pool->frames)
		high = pool->frames - 1;
	if (low > high)
		return 0;
	uint64_t from = pool->leaves + low / REGION_FRAMES, to = pool->leaves + high / REGION_FRAMES;
	if (from == to)
		return free_in_region(pool, low, high);
	uint64_t free = free_in_region(pool, low, low | (REGION_FRAMES - 1)) +
			free_in_region(pool, bits_align_down(high, REGION_FRAMES), high);
	/* The spans strictly between: on the way up those whose sibling is on the way to the other end. */
	for (; from / 2 != to / 2; from /= 2, to /= 2) {
		DDI_STEP();
		free += from & 1 ? 0 : pool->spans[from + 1].free;
		free += to & 1 ? pool->spans[to - 1].free : 0;
	}
	return free;
}

static uint64_t region_count(const struct ddi_physical *pool)
{
	return (pool->frames + REGION_FRAMES - 1) / REGION_FRAMES;
}

/* Frees the frames that are nobody else's. Which regions are broken: selection sampling, so that the share is exact. */
static void fill(struct ddi_physical *pool, const struct ddi_physical_options *options)
{
	struct rng rng;
	rng_seed(&rng, options->seed);
	uint64_t regions = region_count(pool), broken = (regions * options->scatter_percent + 50) / 100;
	for (uint64_t region = 0; region < regions; region++) {
		bool whole = rng_below(&rng, regions - region) >= broken;
		broken -= !whole;
		for (uint64_t word = 0; word < REGION_WORDS; word++)
			pool->words[region * REGION_WORDS + word] = whole ? UINT64_MAX : BROKEN_WORD;
	}
	pool->words[0] &= ~UINT64_C(1);
	uint64_t end = regions * REGION_FRAMES;
	for (uint64_t frame = pool->frames; frame < end; frame++)
		pool->words[frame / 64] &= ~(UINT64_C(1) << frame % 64);
	for (uint64_t region = 0; region < regions; region++)
		summarise(pool, region,
			  (uint32_t)free_in_region(pool, region * REGION_FRAMES, (region + 1) * REGION_FRAMES - 1));
}

struct ddi_physical *ddi_physical_create(const struct ddi_physical_options *options, const char **reason)
{
	if (options->frames < 2 || options->frames > DDI_FRAMES_MAX || options->scatter_percent > 100) {
		*reason = options->scatter_percent > 100 ? "the scatter of a physical side is more than 100 %"
							 : "a physical side has 2 to 2^32 frames";
		return NULL;
	}
	struct ddi_physical *pool = memory_zeroed(1, sizeof *pool);
	if (pool) {
		pool->frames = options->frames;
		pool->leaves = bits_power_of_two_ceil(region_count(pool));
		pool->words = memory_zeroed(region_count(pool), REGION_WORDS * sizeof *pool->words);
		pool->spans = memory_zeroed(2 * pool->leaves, sizeof *pool->spans);
	}
	if (!pool || !pool->words || !pool->spans) {
		ddi_physical_destroy(pool);
		*reason = "no memory for a physical side";
		return NULL;
	}
	fill(pool, options);
	return pool;
}

void ddi_physical_destroy(struct ddi_physical *physical)
{
	if (!physical)
		return;
	memory_release(physical->words);
	memory_release(physical->spans);
	memory_release(physical);
}

void ddi_physical_reserve(struct ddi_physical *physical, uint64_t first, uint64_t count)
{
	if (first >= physical->frames || count == 0)
		return;
	uint64_t left = physical->frames - first;
	mark(physical, first, count < left ? count : left, false); /* some may be taken already */
}

uint64_t ddi_physical_free_frames(const struct ddi_physical *physical)
{
	return frame_pool_free(physical);
}

const char *ddi_physical_broken_invariant(const struct ddi_physical *physical)
{
	for (uint64_t region = 0; region < region_count(physical); region++) {
		const struct frame_span *kept = &physical->spans[physical->leaves + region];
		unsigned counted = 0, run = 0, longest = 0, prefix = 0;
		for (uint64_t frame = 0; frame < REGION_FRAMES; frame++) {
			uint64_t at = region * REGION_FRAMES + frame;
			bool bit = physical->words[at / 64] >> (at % 64) & 1;
			if (bit && at >= physical->frames)
				return "a frame behind the pool is free";
			counted += bit;
			run = bit ? run + 1 : 0;
			longest = run > longest ? run : longest;
			prefix = run == frame + 1 ? run : prefix;
		}
		if (kept->free != counted || kept->longest != longest || kept->prefix != prefix || kept->suffix != run)
			return "the summary of a region is not what its frames say";
	}
	for (uint64_t node = physical->leaves - 1; node > 0; node--) {
		uint64_t half = REGION_FRAMES * physical->leaves >> bits_log2_floor(2 * node);
		const struct frame_span sum =
			joined(&physical->spans[2 * node], &physical->spans[2 * node + 1], (uint32_t)half);
		if (memcmp(&sum, &physical->spans[node], sizeof sum) != 0)
			return "a span of frames is not what the two below it say";
	}
	return NULL;
}
