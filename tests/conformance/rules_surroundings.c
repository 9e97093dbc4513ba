/* SPDX-License-Identifier: MIT
 * Rules about spaces and memory. */
#include "conformance/conformance.h"

#include <stdlib.h>

static const char *random_step(struct player *player, uint64_t size_max, enum iova_status *status)
{
	size_t slot = rng_below(&player->rng, SLOTS);
	*status = IOVA_OK;
	if (player->slots[slot].extent.count) {
		player_free(player, slot);
		return NULL;
	}
	struct iova_request request = player_request(player, size_max, player_constraints(player));
	const char *wrong = player_alloc(player, slot, &request, status);
	return wrong || *status != IOVA_OK ? wrong : check_constraints(player, slot, &request);
}

#define LONG_EXTENT_PAGES 10000

static const char *play_space(const struct subject *subject, struct iova_space space)
{
	static struct player player;
	enum iova_status status;
	struct iova_statistics statistics;
	uint64_t steps = space.count > 100000 ? 400 : 1500, size_max = space.count < 48 ? space.count : space.count / 48;
	/* A bitmap writes every page of an extent. */
	if (size_max > LONG_EXTENT_PAGES)
		size_max = LONG_EXTENT_PAGES;
	const char *wrong = player_begin(&player, subject, space, space.count);
	if (!wrong && player.instance.table) {
		for (uint64_t i = 0; !wrong && i < steps; i++)
			wrong = random_step(&player, size_max, &status);
		if (!wrong)
			wrong = check_statistics(&player);
		/* Recounting may look at every page. */
		if (!wrong && player.owner)
			wrong = check_invariant(&player);
		if (!wrong) {
			player_free_all(&player);
			player.instance.table->statistics(player.instance.self, &statistics);
			if (statistics.usable_pages + statistics.cached_pages + statistics.deferred_pages != space.count)
				wrong = "after all frees not every page is free";
		}
	}
	const char *left = player_end(&player);
	return wrong ? wrong : left;
}

const char *rule_odd_spaces(const struct subject *subject)
{
	static const struct iova_space spaces[] = {
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
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
		const char *wrong = play_space(subject, spaces[i]);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *rule_no_leak(const struct subject *subject)
{
	static struct player player;
	enum iova_status status;
	const char *wrong = player_begin(&player, subject, (struct iova_space){5, 777, 4096}, 21);
	for (uint64_t i = 0; !wrong && i < 1000; i++)
		wrong = random_step(&player, 24, &status);
	const char *left = player_end(&player);
	return wrong ? wrong : left;
}

/* The memory request after `passes` ones fails while an instance is made. NULL, too, when so many were never made. */
static const char *create_without_memory(const struct subject *subject, uint64_t passes, bool *reached)
{
	const struct iova_space space = {5, 777, 4096};
	struct counting_host host;
	struct allocator_instance instance;
	struct error error = {0};
	counting_host_make(&host);
	host.failing_request = passes;
	int failed = allocator_instance_create(&subject->spec, &space, &host.host, &instance, &error);
	*reached = host.requests > passes;
	if (!failed)
		allocator_instance_destroy(&instance);
	const char *left = counting_host_end(&host);
	if (left)
		return left;
	if (failed && error.exit_code != EXIT_CODE_IO)
		return "create without memory does not say IOVA_NO_MEMORY";
	return failed && !*reached ? "create fails" : NULL;
}

static const char *step_without_memory(struct player *player, struct snapshot *before, struct snapshot *after)
{
	enum iova_status status;
	snapshot_take(player, before);
	const char *wrong = random_step(player, 3, &status);
	if (wrong || status != IOVA_NO_MEMORY)
		return wrong;
	snapshot_take(player, after);
	if (!snapshot_equal(before, after))
		return "the free pages differ after IOVA_NO_MEMORY";
	return check_invariant(player);
}

#define STEPS_WITHOUT_MEMORY 600

/* Many small extents, and the memory request after `passes` ones fails. */
static const char *steps_without_memory(const struct subject *subject, struct iova_space space, uint64_t passes,
					bool *reached)
{
	static struct player player;
	static struct snapshot before, after;
	enum iova_status status;
	const char *wrong = player_begin(&player, subject, space, 22);
	*reached = false;
	if (!wrong && !player.instance.table)
		return player_end(&player);
	player.host.failing_request = player.host.requests + passes;
	for (uint64_t i = 0; !wrong && i < STEPS_WITHOUT_MEMORY; i++)
		wrong = step_without_memory(&player, &before, &after);
	*reached = player.host.requests > player.host.failing_request;
	for (uint64_t i = 0; !wrong && i < 200; i++)
		wrong = random_step(&player, 3, &status);
	if (!wrong && player.owner)
		wrong = check_visit(&player);
	const char *left = player_end(&player);
	return wrong ? wrong : left;
}

static const char *alloc_without_memory(const struct subject *subject, uint64_t passes, bool *reached)
{
	return steps_without_memory(subject, (struct iova_space){5, 777, 4096}, passes, reached);
}

/* What is an array over a small space may grow in a large one. Who asks for nothing there is not played: free pages of a large
 * space may take long to walk over. */
static const char *alloc_in_a_large_space(const struct subject *subject, uint64_t passes, bool *reached)
{
	static struct player player;
	const struct iova_space space = {5, (UINT64_C(1) << 24) + 1, 4096};
	enum iova_status status;
	const char *wrong = player_begin(&player, subject, space, 22);
	const uint64_t before = player.host.requests;
	for (uint64_t i = 0; !wrong && player.instance.table && i < STEPS_WITHOUT_MEMORY; i++)
		wrong = random_step(&player, 3, &status);
	const uint64_t requests = player.host.requests - before;
	const char *left = player_end(&player);
	*reached = false;
	if (wrong || left || passes >= requests)
		return wrong ? wrong : left;
	return steps_without_memory(subject, space, passes, reached);
}

static const char *place_without_memory(const struct subject *subject, uint64_t passes, bool *reached)
{
	static struct player player;
	static struct snapshot before, after;
	enum iova_status status;
	const char *wrong = player_begin(&player, subject, (struct iova_space){5, 777, 4096}, 23);
	player.host.failing_request = player.host.requests + passes;
	for (size_t hole = 0; !wrong && hole < 100; hole++) {
		snapshot_take(&player, &before);
		wrong = player_place(&player, hole, 5 + hole * 7, 1 + hole % 5, &status);
		if (wrong || status != IOVA_NO_MEMORY)
			continue;
		snapshot_take(&player, &after);
		if (!snapshot_equal(&before, &after))
			wrong = "the free pages differ after a place without memory";
	}
	*reached = player.host.requests > player.host.failing_request;
	if (!wrong)
		wrong = check_visit(&player);
	const char *left = player_end(&player);
	return wrong ? wrong : left;
}

#define PASSES_MAX 200

const char *rule_no_memory(const struct subject *subject)
{
	const char *(*const plays[])(const struct subject *, uint64_t, bool *) = {
		create_without_memory, alloc_without_memory, alloc_in_a_large_space, place_without_memory};
	for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++) {
		bool reached = true;
		for (uint64_t passes = 0; reached && passes < PASSES_MAX; passes++) {
			const char *wrong = plays[i](subject, passes, &reached);
			if (wrong)
				return wrong;
		}
		if (reached)
			return "it asks for memory more often than was tried";
	}
	return NULL;
}
