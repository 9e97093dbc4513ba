/* SPDX-License-Identifier: MIT
 * Goal: who plays to a tape places every extent and has every frame as if the pool decided at the moment, also after a logical
 * call failed and the pool does decide; and it costs the pool nothing before.
 * Method: random calls in pieces, on three adapters: a recorder over null, a player over an allocator, and a plain adapter
 * over the same one. Player and plain one must agree about every status, handle, extent and frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "ddi/adapter.h"
#include "ddi/tape.h"
#include "unit/ddi/ddi_world.h"

#include <string.h>

enum { SLOTS = 96, PIECES = 60, PIECE_CALLS = 200, ROOMY = 8192, TIGHT = 700, FRAMES = 4096 };

enum kind { CONTIGUOUS, MDL, OBJECT, BLOCK, MM_MDL, KINDS };

struct call {
	bool frees;
	size_t slot;
	enum kind kind;
	uint64_t pages;
	enum ddi_contiguity contiguity;
	uint32_t flags;
	bool of_run; /* an object of contiguous memory */
};

struct slot {
	bool live;
	enum kind kind;
	uint64_t handles[3];
};

struct driver {
	struct world world;
	struct slot slots[SLOTS];
	uint64_t failed;
};

static enum ntstatus allocate(struct ddi_adapter *adapter, const struct call *call, uint64_t *handles)
{
	uint64_t bytes = call->pages * PAGE;
	const struct ddi_contiguous_request contiguous = {.number_of_bytes = bytes, .highest_acceptable_address = NO_LIMIT};
	const struct ddi_mdl_request mdl = {.high_address = NO_LIMIT,
					    .total_bytes = bytes,
					    .skip_bytes =
						    call->flags & DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS ? call->pages * PAGE : 0,
					    .contiguity = call->contiguity,
					    .flags = call->flags};
	const struct ddi_memory_object_request object = {.type = call->of_run ? DDI_MEMORY_CONTIGUOUS : DDI_MEMORY_MDL,
							 .size = bytes,
							 .open = true,
							 .highest_address = NO_LIMIT};
	enum ntstatus status;
	struct ddi_adl adl;
	switch (call->kind) {
	case CONTIGUOUS:
		return dxgk_cb_allocate_contiguous_memory(adapter, &contiguous, 0, &handles[0]);
	case MDL:
		return dxgk_cb_allocate_pages_for_mdl(adapter, &mdl, 0, &handles[0], &handles[1]);
	case OBJECT:
		status = dxgk_cb_create_physical_memory_object(adapter, &object, &handles[1], &handles[2]);
		if (status != NTSTATUS_SUCCESS)
			return status;
		status = dxgk_cb_allocate_adl(
			adapter,
			&(struct ddi_adl_request){.adapter_memory_object = handles[2],
						  .size = bytes,
						  .flags = call->of_run ? DDI_ADL_REQUIRE_CONTIGUOUS : 0},
			0, &adl);
		if (status == NTSTATUS_SUCCESS)
			handles[0] = adl.handle;
		else
			dxgk_cb_destroy_physical_memory_object(adapter, handles[1], handles[2]);
		return status;
	case BLOCK:
		handles[0] = mm_allocate_contiguous_memory(adapter, bytes, NO_LIMIT);
		return handles[0] ? NTSTATUS_SUCCESS : NTSTATUS_NO_MEMORY;
	default:
		handles[0] = mm_allocate_pages_for_mdl(adapter, 0, NO_LIMIT, 0, bytes);
		return handles[0] ? NTSTATUS_SUCCESS : NTSTATUS_NO_MEMORY;
	}
}

static void release(struct ddi_adapter *adapter, const struct slot *slot)
{
	switch (slot->kind) {
	case CONTIGUOUS:
		dxgk_cb_free_contiguous_memory(adapter, slot->handles[0], 0);
		break;
	case MDL:
		dxgk_cb_free_pages_from_mdl(adapter, slot->handles[0], 0);
		break;
	case OBJECT:
		dxgk_cb_free_adl(adapter, slot->handles[0], 0);
		dxgk_cb_destroy_physical_memory_object(adapter, slot->handles[1], slot->handles[2]);
		break;
	case BLOCK:
		mm_free_contiguous_memory(adapter, slot->handles[0]);
		break;
	default:
		mm_free_pages_from_mdl(adapter, slot->handles[0]);
		ex_free_pool(adapter, slot->handles[0]);
	}
}

static enum ntstatus play(struct driver *driver, const struct call *call)
{
	struct slot *slot = &driver->slots[call->slot];
	enum ntstatus status = NTSTATUS_SUCCESS;
	if (call->frees && slot->live) {
		release(driver->world.adapter, slot);
		slot->live = false;
	} else if (!call->frees && !slot->live) {
		slot->kind = call->kind;
		status = allocate(driver->world.adapter, call, slot->handles);
		slot->live = status == NTSTATUS_SUCCESS;
		driver->failed += status != NTSTATUS_SUCCESS;
	}
	return status;
}

static struct call some_call(struct rng *rng, uint64_t most)
{
	struct call call = {.frees = rng_below(rng, 100) < 47,
			    .slot = rng_below(rng, SLOTS),
			    .kind = (enum kind)rng_below(rng, KINDS),
			    .pages = 1 + rng_below(rng, most),
			    .contiguity = (enum ddi_contiguity)rng_below(rng, 3),
			    .of_run = rng_below(rng, 2)};
	if (rng_below(rng, 6) == 0) {
		call.flags = DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS;
		call.pages = UINT64_C(1) << rng_below(rng, 4);
	}
	return call;
}

struct extents {
	uint64_t count;
	struct iova_extent of[FRAMES];
};

static void note_extent(void *context, const struct iova_extent *extent)
{
	struct extents *extents = context;
	extents->of[extents->count++] = *extent;
}

static void assert_alike(struct driver *plain, struct driver *player)
{
	static struct extents a, b;
	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *left = &plain->slots[i], *right = &player->slots[i];
		struct ddi_placement p = {0}, q = {0};
		assert_int_equal(left->live, right->live);
		if (!left->live)
			continue;
		for (size_t n = 0; n < (left->kind == OBJECT ? 3 : left->kind == MDL ? 2 : 1); n++)
			assert_int_equal(left->handles[n], right->handles[n]);
		if (left->kind == BLOCK) {
			uint64_t first[2], count[2];
			ddi_mm_contiguous_frames(plain->world.adapter, left->handles[0], &first[0], &count[0]);
			ddi_mm_contiguous_frames(player->world.adapter, left->handles[0], &first[1], &count[1]);
			assert_int_equal(first[0], first[1]);
			assert_int_equal(count[0], count[1]);
			continue;
		}
		uint64_t mdl = left->kind == MDL ? left->handles[1] : left->kind == MM_MDL ? left->handles[0] : 0;
		if (mdl) {
			static uint64_t frames[2][FRAMES];
			struct ddi_mdl described;
			assert_int_equal(ddi_describe_mdl(plain->world.adapter, mdl, &described), NTSTATUS_SUCCESS);
			ddi_mdl_frames(plain->world.adapter, mdl, 0, described.page_count, frames[0]);
			assert_int_equal(ddi_mdl_frames(player->world.adapter, mdl, 0, described.page_count, frames[1]),
					 NTSTATUS_SUCCESS);
			assert_memory_equal(frames[0], frames[1], described.page_count * sizeof frames[0][0]);
		}
		if (left->kind == MM_MDL)
			continue;
		a.count = b.count = 0;
		ddi_visit_extents(plain->world.adapter, left->handles[0], note_extent, &a);
		ddi_visit_extents(player->world.adapter, left->handles[0], note_extent, &b);
		assert_int_equal(a.count, b.count);
		for (uint64_t n = 0; n < a.count; n++) {
			assert_int_equal(a.of[n].first, b.of[n].first);
			assert_int_equal(a.of[n].count, b.of[n].count);
		}
		ddi_placement_of(plain->world.adapter, left->handles[0], &p);
		ddi_placement_of(player->world.adapter, left->handles[0], &q);
		assert_memory_equal(&p, &q, sizeof p);
	}
}

struct trio {
	struct clock clock;
	struct tape tape;
	struct driver recorder, player, plain;
};

static struct trio *open_trio(const char *spec, uint64_t pages, uint64_t frames)
{
	static struct trio trio;
	const struct world_options options = {.pages = pages, .frames = frames, .scatter_percent = 40};
	memset(&trio, 0, sizeof trio);
	clock_calibrate(&trio.clock, 1);
	assert_int_equal(tape_open(&trio.tape, &trio.clock), 0);
	assert_true(world_open(&trio.recorder.world, "null", &options));
	assert_true(world_open(&trio.player.world, spec, &options));
	assert_true(world_open(&trio.plain.world, spec, &options));
	tape_record(&trio.tape, trio.recorder.world.adapter);
	tape_play(&trio.tape, trio.player.world.adapter);
	return &trio;
}

static void close_trio(struct trio *trio)
{
	world_close(&trio->player.world);
	world_close(&trio->plain.world);
	world_close(&trio->recorder.world);
	tape_close(&trio->tape);
}

static void record(struct trio *trio, const struct call *calls, size_t count)
{
	tape_next_piece(&trio->tape);
	for (size_t i = 0; i < count; i++)
		play(&trio->recorder, &calls[i]);
	assert_false(trio->tape.broken);
	tape_rewind(trio->player.world.adapter);
}

static void play_piece(struct trio *trio, const struct call *calls, size_t count)
{
	const struct ddi_physical *untouched = trio->player.world.physical;
	record(trio, calls, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t free = ddi_physical_free_frames(untouched);
		bool left = tape_is_left(trio->player.world.adapter);
		enum ntstatus status = play(&trio->plain, &calls[i]);
		assert_int_equal(play(&trio->player, &calls[i]), status);
		assert_true(left || tape_is_left(trio->player.world.adapter) ||
			    free == ddi_physical_free_frames(untouched));
	}
	assert_alike(&trio->plain, &trio->player);
	if (!tape_is_left(trio->player.world.adapter))
		assert_int_equal(trio->player.world.adapter->tape_next, trio->tape.taken_count);
}

/* Gives everything back. */
static void play_drain(struct trio *trio)
{
	struct call calls[SLOTS];
	for (size_t i = 0; i < SLOTS; i++)
		calls[i] = (struct call){.frees = true, .slot = i};
	play_piece(trio, calls, SLOTS);
}

static void play_random(const char *spec, uint64_t seed, uint64_t most, uint64_t pages, bool leaves)
{
	struct trio *trio = open_trio(spec, pages, FRAMES);
	struct call calls[PIECE_CALLS];
	struct rng rng;
	rng_seed(&rng, seed);
	for (size_t piece = 0; piece < PIECES; piece++) {
		for (size_t i = 0; i < PIECE_CALLS; i++)
			calls[i] = some_call(&rng, most);
		play_piece(trio, calls, PIECE_CALLS);
	}
	assert_int_equal(tape_is_left(trio->player.world.adapter), leaves);
	if (leaves) {
		const struct ddi_physical *own = trio->player.world.physical, *wanted = trio->plain.world.physical;
		assert_null(ddi_physical_broken_invariant(own));
		assert_int_equal(frame_pool_free(own), frame_pool_free(wanted));
		uint64_t regions = (own->frames + REGION_FRAMES - 1) / REGION_FRAMES;
		assert_memory_equal(own->words, wanted->words, regions * REGION_WORDS * sizeof own->words[0]);
	}
	play_drain(trio);
	tape_next_piece(&trio->tape);
	assert_int_equal(trio->tape.nodes.used, trio->tape.nodes.free_count);
	assert_true(trio->tape.ticks > 0 && trio->tape.stamps > 0);
	close_trio(trio);
}

static void what_lives_has_the_same_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SPECS; i++)
		play_random(world_specs[i], i + 1, 12, ROOMY, false);
}

static void a_failed_logical_call_ends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SPECS; i++)
		play_random(world_specs[i], i + 1, 50, TIGHT, true);
}

/* The calls fail in all three alike. */
static void a_lack_of_frames_is_on_the_tape(void **state)
{
	(void)state;
	struct trio *trio = open_trio("rbtree", ROOMY, 256);
	struct call calls[8];
	for (size_t i = 0; i < 8; i++)
		calls[i] = (struct call){.slot = i, .kind = i % 2 ? MDL : CONTIGUOUS, .pages = 40};
	play_piece(trio, calls, 8);
	assert_true(trio->recorder.failed > 0);
	assert_int_equal(trio->player.failed, trio->recorder.failed);
	assert_false(tape_is_left(trio->player.world.adapter));
	play_drain(trio);
	close_trio(trio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lives_has_the_same_frames),
		cmocka_unit_test(a_failed_logical_call_ends_it),
		cmocka_unit_test(a_lack_of_frames_is_on_the_tape),
	};
	return cmocka_run_group_tests_name("tape", tests, NULL, NULL);
}
