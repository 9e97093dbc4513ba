/* SPDX-License-Identifier: MIT */
#include "verify/player.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

const char *verify_say(const char *format, ...)
{
	static _Thread_local char sentence[VERIFY_MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	return sentence;
}

const char *verify_player_begin(struct verify_player *player, const struct verify_subject *subject,
				const struct verify_case *one, uint64_t failing_memory)
{
	struct error error = {0};
	*player = (struct verify_player){.subject = subject, .space = one->space, .slot_count = one->slots};
	verify_host_make(&player->host, one->cpus);
	player->live_bytes = (size_t)(one->space.count / 64 + 1) * sizeof *player->live;
	player->live =
		mmap(NULL, player->live_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	player->slots = memory_zeroed(one->slots, sizeof *player->slots);
	if (player->live == MAP_FAILED || !player->slots)
		return "verify has no memory";
	player->host.failing_request = failing_memory;
	int failed = allocator_instance_create(&subject->spec, &one->space, &player->host.host, &player->instance, &error);
	player->host.failing_request = VERIFY_MEMORY_SUFFICES;
	if (!failed)
		return NULL;
	player->instance.table = NULL;
	if (player->host.requests > failing_memory)
		return error.exit_code == EXIT_CODE_IO ? NULL : "create without memory does not say IOVA_NO_MEMORY";
	if (error.exit_code != EXIT_CODE_NO_ARM)
		return "create says IOVA_NO_MEMORY, and was given all it asked for";
	return strstr(error.message, "gives no reason") ? "create says IOVA_UNSUPPORTED without a reason" : NULL;
}

const char *verify_player_end(struct verify_player *player)
{
	if (player->instance.table)
		allocator_instance_destroy(&player->instance);
	if (player->live && player->live != MAP_FAILED)
		munmap(player->live, player->live_bytes);
	memory_release(player->slots);
	return verify_host_end(&player->host);
}

const char *verify_player_leave(struct verify_player *player, const char *wrong)
{
	const char *left = verify_player_end(player);
	return wrong ? wrong : left;
}

/* Sets or clears the bits of an extent. Returns the first page, by its number, that was so already; UINT64_MAX: none was. */
static uint64_t mark(struct verify_player *player, const struct iova_extent *extent, bool live)
{
	uint64_t begin = extent->first - player->space.first, end = begin + extent->count, twice = UINT64_MAX;
	for (uint64_t page = begin; page < end;) {
		uint64_t word = page / 64, bits = UINT64_MAX << page % 64, next = (word + 1) * 64;
		if (next > end)
			bits &= UINT64_MAX >> (next - end);
		uint64_t already = (live ? player->live[word] : ~player->live[word]) & bits;
		if (already && twice == UINT64_MAX)
			twice = word * 64 + (uint64_t)__builtin_ctzll(already);
		player->live[word] = live ? player->live[word] | bits : player->live[word] & ~bits;
		page = next;
	}
	return twice;
}

/* An extent with its padding. */
static struct iova_extent with_padding(const struct iova_extent *extent, uint64_t padding)
{
	return (struct iova_extent){.first = extent->first - padding, .count = extent->count + padding};
}

static const char *tell_overlap(const struct verify_player *player, uint32_t slot, const struct iova_extent *extent,
				uint64_t page)
{
	for (uint32_t other = 0; other < player->slot_count; other++) {
		const struct verify_slot *holds = &player->slots[other];
		const struct iova_extent live = with_padding(&holds->extent, holds->padding);
		if (holds->extent.count && other != slot && page >= live.first && page - live.first < live.count)
			return verify_say("two live extents overlap: [0x%" PRIx64 ", 0x%" PRIx64
					  ") was given while [0x%" PRIx64 ", 0x%" PRIx64 ") lives",
					  extent->first, extent->first + extent->count, live.first,
					  live.first + live.count);
	}
	return verify_say("page 0x%" PRIx64 " was given twice", page);
}

/* Enters an extent into the map. */
static const char *enter(struct verify_player *player, uint32_t slot, const struct iova_extent *extent, uint64_t requested)
{
	uint64_t begin = player->space.first, end = begin + player->space.count;
	if (extent->count < requested)
		return verify_say("%" PRIu64 " pages are granted, and %" PRIu64 " were requested", extent->count,
				  requested);
	if (extent->first < begin || extent->first >= end || extent->count > end - extent->first)
		return verify_say("an extent leaves the space: %" PRIu64 " pages from page 0x%" PRIx64, extent->count,
				  extent->first);
	uint64_t padding = allocator_instance_padding(&player->instance, extent);
	if (padding > extent->first - begin)
		return verify_say("%" PRIu64 " pages of padding in front of page 0x%" PRIx64 " leave the space", padding,
				  extent->first);
	const struct iova_extent whole = with_padding(extent, padding);
	uint64_t twice = mark(player, &whole, true);
	if (twice != UINT64_MAX)
		return tell_overlap(player, slot, &whole, begin + twice);
	player->slots[slot].extent = *extent;
	player->slots[slot].padding = padding;
	player->live_pages += whole.count;
	return NULL;
}

const char *verify_player_adopt(struct verify_player *player)
{
	const char *wrong = NULL;
	for (uint32_t slot = 0; !wrong && slot < player->slot_count; slot++) {
		const struct iova_extent extent = player->slots[slot].extent;
		wrong = extent.count ? enter(player, slot, &extent, extent.count) : NULL;
	}
	return wrong;
}

struct iova_request verify_request(const struct verify_op *op)
{
	return (struct iova_request){.count = op->count,
				     .align = op->align,
				     .low = op->low,
				     .high = op->high,
				     .boundary = op->boundary,
				     .constraints = op->constraints};
}

static const char *call_alloc(struct verify_player *player, const struct verify_op *op, struct verify_answer *answer)
{
	const struct iova_extent untouched = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	const struct iova_request request = verify_request(op);
	struct iova_extent extent = untouched;
	const struct iova_allocator *table = player->instance.table;
	if (player->counted && table->alloc_counted) {
		struct iova_steps steps = {0};
		answer->status = table->alloc_counted(player->instance.self, &request, op->cpu, &extent, &steps);
	} else {
		answer->status = table->alloc(player->instance.self, &request, op->cpu, &extent);
	}
	if (answer->status == IOVA_OK)
		return enter(player, op->slot, &extent, op->count);
	if (memcmp(&extent, &untouched, sizeof extent) != 0)
		return "a failure changes *extent";
	return answer->status == IOVA_NO_SPACE || answer->status == IOVA_NO_MEMORY
		       ? NULL
		       : verify_say("alloc returns status %d, which is not its own", (int)answer->status);
}

static bool is_taken(const struct verify_player *player, uint64_t first, uint64_t count)
{
	for (uint64_t page = first - player->space.first; page < first - player->space.first + count; page++)
		if (player->live[page / 64] >> page % 64 & 1)
			return true;
	return false;
}

static const char *call_place(struct verify_player *player, const struct verify_op *op, struct verify_answer *answer)
{
	struct iova_extent extent = {0};
	const char *wrong;
	bool taken = is_taken(player, op->low, op->count);
	if (player->instance.table->place) {
		answer->status = player->instance.table->place(player->instance.self, op->low, op->count, op->cpu, &extent);
	} else {
		/* The hole of a workload, made as a run makes it. */
		const struct iova_request exactly = {.count = op->count,
						     .low = op->low,
						     .high = op->low + op->count - 1,
						     .constraints = IOVA_CONSTRAIN_LIMIT};
		bool limits = (player->instance.capabilities & IOVA_LIMIT) == IOVA_LIMIT;
		answer->status = limits ? player->instance.table->alloc(player->instance.self, &exactly, op->cpu, &extent)
					: IOVA_UNSUPPORTED;
	}
	switch (answer->status) {
	case IOVA_OK:
		if (extent.first == op->low && extent.count == op->count)
			return enter(player, op->slot, &extent, op->count);
		return verify_say("place takes [0x%" PRIx64 ", 0x%" PRIx64 "), and was told [0x%" PRIx64 ", 0x%" PRIx64 ")",
				  extent.first, extent.first + extent.count, op->low, op->low + op->count);
	case IOVA_TAKEN:
		wrong = verify_say("place says IOVA_TAKEN of [0x%" PRIx64 ", 0x%" PRIx64 "), which is free", op->low,
				   op->low + op->count);
		return taken ? NULL : wrong;
	case IOVA_NO_MEMORY:
	case IOVA_UNSUPPORTED:
		return NULL;
	default:
		return verify_say("place returns status %d, which is not its own", (int)answer->status);
	}
}

static const char *call_free(struct verify_player *player, uint32_t slot, uint32_t cpu)
{
	const struct iova_extent extent = player->slots[slot].extent;
	const struct iova_allocator *table = player->instance.table;
	uint64_t padding = player->slots[slot].padding, now = allocator_instance_padding(&player->instance, &extent);
	const struct iova_extent whole = with_padding(&extent, padding);
	if (now != padding)
		return verify_say("the padding of page 0x%" PRIx64 " was %" PRIu64 " pages, and is %" PRIu64
				  " when it is freed",
				  extent.first, padding, now);
	mark(player, &whole, false);
	player->live_pages -= whole.count;
	player->slots[slot].extent.count = 0;
	if (player->counted && table->free_counted) {
		struct iova_steps steps = {0};
		table->free_counted(player->instance.self, &extent, cpu, &steps);
	} else {
		table->free(player->instance.self, &extent, cpu);
	}
	return NULL;
}

const char *verify_player_call(struct verify_player *player, const struct verify_op *op, struct verify_answer *answer)
{
	struct verify_slot *slot = &player->slots[op->slot];
	*answer = (struct verify_answer){0};
	if (op->kind == VERIFY_POLL) {
		if (player->instance.table->poll)
			player->instance.table->poll(player->instance.self, op->count);
		return NULL;
	}
	if (op->kind == VERIFY_LEAVE) {
		if (player->instance.table->offline)
			player->instance.table->offline(player->instance.self, op->cpu);
		return NULL;
	}
	if (slot->taken != (op->kind == VERIFY_FREE))
		return NULL;
	slot->taken = !slot->taken;
	answer->called = true;
	switch ((enum verify_op_kind)op->kind) {
	case VERIFY_ALLOC:
		return call_alloc(player, op, answer);
	case VERIFY_PLACE:
		return call_place(player, op, answer);
	default:
		return slot->extent.count ? call_free(player, op->slot, op->cpu) : NULL;
	}
}

const char *verify_check_constraints(const struct verify_player *player, const struct verify_op *op)
{
	uint64_t first = player->slots[op->slot].extent.first, last = first + op->count - 1;
	if ((op->constraints & IOVA_CONSTRAIN_ALIGN) && first % op->align)
		return verify_say("page 0x%" PRIx64 " is no multiple of 0x%" PRIx64 " pages", first, op->align);
	if ((op->constraints & IOVA_CONSTRAIN_LIMIT) && (first < op->low || last > op->high))
		return verify_say("pages 0x%" PRIx64 " to 0x%" PRIx64 " pass the limits 0x%" PRIx64 " to 0x%" PRIx64, first,
				  last, op->low, op->high);
	if ((op->constraints & IOVA_CONSTRAIN_BOUNDARY) && first / op->boundary != last / op->boundary)
		return verify_say("pages 0x%" PRIx64 " to 0x%" PRIx64 " cross a boundary of 0x%" PRIx64 " pages", first,
				  last, op->boundary);
	return NULL;
}

void verify_player_free_all(struct verify_player *player)
{
	for (uint32_t slot = 0; slot < player->slot_count; slot++) {
		if (player->slots[slot].extent.count)
			(void)call_free(player, slot, slot % player->host.host.cpus);
		player->slots[slot].taken = false;
	}
}

void verify_player_drain(struct verify_player *player)
{
	if (player->instance.table->drain)
		player->instance.table->drain(player->instance.self);
}
