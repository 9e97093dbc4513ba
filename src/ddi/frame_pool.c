/* SPDX-License-Identifier: MIT */
#include "ddi/frame_pool.h"

#include "base/bits.h"
#include "base/memory.h"
#include "base/rng.h"

#include <assert.h>

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

static unsigned longest_inside(uint64_t word)
{
	unsigned longest = 0;
	for (; word; word &= word << 1)
		longest++;
	return longest;
}

static struct region summary(const uint64_t *words)
{
	unsigned free = 0, prefix = 0, longest = 0, run = 0;
	for (unsigned i = 0; i < REGION_WORDS; i++) {
		uint64_t word = words[i];
		if (word == UINT64_MAX) {
			run += 64;
			free += 64;
		} else {
			unsigned below = ones_from_below(word), inside = word ? longest_inside(word) : 0;
			free += (unsigned)__builtin_popcountll(word);
			run += below;
			if (run == i * 64 + below)
				prefix = run;
			longest = run > longest ? run : longest;
			longest = inside > longest ? inside : longest;
			run = ones_from_above(word);
		}
	}
	if (run == REGION_FRAMES)
		prefix = run;
	longest = run > longest ? run : longest;
	return (struct region){(uint16_t)free, (uint16_t)prefix, (uint16_t)run, (uint16_t)longest};
}

/* To be called after the words of a region changed. */
static void summarise(struct ddi_physical *pool, uint64_t region, bool more_is_free)
{
	struct region new = summary(&pool->words[region * REGION_WORDS]);
	pool->free += (uint64_t) new.free - pool->regions[region].free;
	pool->regions[region] = new;
	if (more_is_free)
		for (unsigned k = 0; k < REGION_CLASSES && 1u << k <= new.longest; k++)
			if (region < pool->hints[k])
				pool->hints[k] = region;
}

/* Sets or clears the bits of [first, first + count). */
static void mark(struct ddi_physical *pool, uint64_t first, uint64_t count, bool free)
{
	while (count > 0) {
		uint64_t region = first / REGION_FRAMES, region_end = (region + 1) * REGION_FRAMES;
		uint64_t end = first + count < region_end ? first + count : region_end;
		count -= end - first;
		while (first < end) {
			unsigned bit = (unsigned)(first % 64);
			uint64_t in_word = end - first < 64 - bit ? end - first : 64 - bit;
			uint64_t bits = mask(bit, (unsigned)in_word);
			if (free)
				pool->words[first / 64] |= bits;
			else
				pool->words[first / 64] &= ~bits;
			first += in_word;
		}
		summarise(pool, region, free);
	}
}

void frame_pool_take(struct ddi_physical *pool, uint64_t first, uint64_t count)
{
	assert(count && first < pool->frames && count <= pool->frames - first && count <= pool->free);
	mark(pool, first, count, false);
}

void frame_pool_give(struct ddi_physical *pool, uint64_t first, uint64_t count)
{
	assert(count && first < pool->frames && count <= pool->frames - first && count <= pool->frames - pool->free);
	mark(pool, first, count, true);
}

void frame_pool_give_frames(struct ddi_physical *pool, const struct node_pool *nodes, const struct run_list *list)
{
	/* Runs of one region in a row are summarised once. */
	uint64_t touched = UINT64_MAX;
	struct run_cursor cursor = run_cursor_at(nodes, list, 0);
	while (cursor.left > 0) {
		uint64_t region = cursor.frame / REGION_FRAMES;
		if (touched != UINT64_MAX && touched != region)
			summarise(pool, touched, true);
		touched = UINT64_MAX;
		if (cursor.frame / 64 == (cursor.frame + cursor.left - 1) / 64) {
			pool->words[cursor.frame / 64] |= mask((unsigned)(cursor.frame % 64), (unsigned)cursor.left);
			touched = region;
		} else {
			mark(pool, cursor.frame, cursor.left, true);
		}
		run_cursor_advance(&cursor, cursor.left);
	}
	if (touched != UINT64_MAX)
		summarise(pool, touched, true);
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

int frame_pool_gather(struct ddi_physical *pool, struct node_pool *nodes, uint64_t low, uint64_t high, uint64_t count,
		      struct run_list *list, uint64_t *taken)
{
	assert(count && low <= high);
	int result = 0;
	uint64_t left = count;
	if (high >= pool->frames)
		high = pool->frames - 1;
	uint64_t region = low / REGION_FRAMES;
	if (region < pool->hints[0])
		region = pool->hints[0];
	for (; region < pool->region_count && region * REGION_FRAMES <= high && left > 0 && result == 0; region++) {
		if (pool->regions[region].free == 0)
			continue;
		for (uint64_t word = region * REGION_WORDS; word < (region + 1) * REGION_WORDS && result == 0; word++) {
			uint64_t from = word * 64 > low ? word * 64 : low;
			uint64_t to = word * 64 + 63 < high ? word * 64 + 63 : high;
			if (from <= to)
				result = gather_word(pool, nodes, word,
						     mask((unsigned)(from % 64), (unsigned)(to - from + 1)), &left, list);
		}
		summarise(pool, region, false);
		if (region == pool->hints[0] && pool->regions[region].free == 0)
			pool->hints[0]++;
	}
	*taken = count - left;
	return result;
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

/* Looks at the runs that lie inside one region, without those at its ends. */
static bool search_region(const struct ddi_physical *pool, const struct frame_request *request, uint64_t region,
			  uint64_t *first)
{
	uint64_t frame = region * REGION_FRAMES, end = frame + REGION_FRAMES;
	while (frame < end) {
		uint64_t bits = pool->words[frame / 64] >> (frame % 64);
		if (!bits) {
			frame = (frame / 64 + 1) * 64;
			continue;
		}
		frame += (unsigned)__builtin_ctzll(bits);
		uint64_t run_end = frame;
		while (run_end < end) {
			unsigned ones = ones_from_below(pool->words[run_end / 64] >> (run_end % 64));
			unsigned in_word = 64 - (unsigned)(run_end % 64);
			run_end += ones < in_word ? ones : in_word;
			if (ones < in_word)
				break;
		}
		*first = frame;
		if (fits(request, first, run_end))
			return true;
		frame = run_end;
	}
	return false;
}

static bool search(const struct ddi_physical *pool, const struct frame_request *request, uint64_t region, uint64_t *first)
{
	uint64_t run_first = 0, run = 0;
	for (; region < pool->region_count && region * REGION_FRAMES <= request->high; region++) {
		const struct region *here = &pool->regions[region];
		uint64_t begin = region * REGION_FRAMES;
		if (run == 0)
			run_first = begin;
		run += here->prefix;
		*first = run_first;
		if (run >= request->count && fits(request, first, run_first + run))
			return true;
		if (here->free == REGION_FRAMES)
			continue;
		if (here->longest >= request->count && search_region(pool, request, region, first))
			return true;
		run = here->suffix;
		run_first = begin + REGION_FRAMES - run;
	}
	return false;
}

bool frame_pool_take_run(struct ddi_physical *pool, const struct frame_request *request, uint64_t *first)
{
	assert(request->count && bits_is_power_of_two(request->align));
	assert(!request->boundary || bits_is_power_of_two(request->boundary));
	struct frame_request clipped = *request;
	if (clipped.high >= pool->frames)
		clipped.high = pool->frames - 1;
	if (clipped.low > clipped.high || clipped.count > clipped.high - clipped.low + 1 || pool->free < clipped.count)
		return false;
	unsigned class = clipped.count >= REGION_FRAMES ? REGION_CLASSES - 1 : bits_log2_floor(clipped.count);
	uint64_t hint = pool->hints[class], begin = clipped.low / REGION_FRAMES;
	while (hint < pool->region_count && pool->regions[hint].longest < 1u << class)
		hint++;
	pool->hints[class] = hint;
	/* Runs across regions that are each too short lie below the hint: a second search finds them. */
	uint64_t found;
	if (!search(pool, &clipped, begin > hint ? begin : hint, &found) &&
	    (begin >= hint || !search(pool, &clipped, begin, &found)))
		return false;
	frame_pool_take(pool, found, clipped.count);
	*first = found;
	return true;
}

uint64_t frame_pool_free_between(const struct ddi_physical *pool, uint64_t low, uint64_t high)
{
	uint64_t free = 0;
	if (high >= pool->frames)
		high = pool->frames - 1;
	while (low <= high) {
		if (low % REGION_FRAMES == 0 && high - low + 1 >= REGION_FRAMES) {
			free += pool->regions[low / REGION_FRAMES].free;
			low += REGION_FRAMES;
			continue;
		}
		uint64_t bit = low % 64, count = high - low + 1 < 64 - bit ? high - low + 1 : 64 - bit;
		free += (unsigned)__builtin_popcountll(pool->words[low / 64] & mask((unsigned)bit, (unsigned)count));
		low += count;
	}
	return free;
}

/* Frees the frames that are nobody else's. Which regions are broken: selection sampling, so that the share is exact. */
static void fill(struct ddi_physical *pool, const struct ddi_physical_options *options)
{
	struct rng rng;
	rng_seed(&rng, options->seed);
	uint64_t broken = (pool->region_count * options->scatter_percent + 50) / 100;
	for (uint64_t region = 0; region < pool->region_count; region++) {
		bool whole = rng_below(&rng, pool->region_count - region) >= broken;
		broken -= !whole;
		for (uint64_t word = 0; word < REGION_WORDS; word++)
			pool->words[region * REGION_WORDS + word] = whole ? UINT64_MAX : BROKEN_WORD;
	}
	pool->words[0] &= ~UINT64_C(1);
	uint64_t end = pool->region_count * REGION_FRAMES;
	for (uint64_t frame = pool->frames; frame < end; frame++)
		pool->words[frame / 64] &= ~(UINT64_C(1) << frame % 64);
	for (uint64_t region = 0; region < pool->region_count; region++)
		summarise(pool, region, true);
}

struct ddi_physical *ddi_physical_create(const struct ddi_physical_options *options, const char **reason)
{
	if (options->frames < 2 || options->frames > DDI_FRAMES_MAX || options->scatter_percent > 100) {
		*reason = options->scatter_percent > 100 ? "the scatter of a physical side is more than 100 %"
							 : "a physical side has 2 to 2^32 frames";
		return NULL;
	}
	struct ddi_physical *pool = memory_zeroed(1, sizeof *pool);
	uint64_t regions = (options->frames + REGION_FRAMES - 1) / REGION_FRAMES;
	if (pool) {
		pool->frames = options->frames;
		pool->region_count = regions;
		pool->words = memory_zeroed(regions, REGION_WORDS * sizeof *pool->words);
		pool->regions = memory_zeroed(regions, sizeof *pool->regions);
	}
	if (!pool || !pool->words || !pool->regions) {
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
	memory_release(physical->regions);
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
	return physical->free;
}

const char *ddi_physical_broken_invariant(const struct ddi_physical *physical)
{
	uint64_t free = 0;
	for (uint64_t region = 0; region < physical->region_count; region++) {
		const struct region *kept = &physical->regions[region];
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
		free += counted;
		if (kept->free != counted || kept->longest != longest || kept->prefix != prefix || kept->suffix != run)
			return "the summary of a region is not what its frames say";
		for (unsigned k = 0; k < REGION_CLASSES; k++)
			if (longest >= 1u << k && region < physical->hints[k])
				return "a free run lies below its hint";
	}
	return free == physical->free ? NULL : "the number of free frames is not what the regions say";
}
