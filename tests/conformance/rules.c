/* SPDX-License-Identifier: MIT
 * The rules that a random stream over a small space shows, and the table of all rules. */
#include "conformance/conformance.h"

#include <stdlib.h>

enum {
	CHECK_CONSTRAINTS = 1,
	CHECK_VISIT = 2,
	CHECK_STATISTICS = 4,
	CHECK_INVARIANT = 8,
	CHECK_FOUND = 16, /* IOVA_NO_SPACE only if the promise allows it */
};

/* What a stream asks for, and what is looked at after each of its steps. */
struct stream {
	uint64_t first;
	uint64_t steps;
	uint64_t size_max;
	uint32_t constraints;
	unsigned checks;
	bool holes_first;
	unsigned place_percent; /* of the allocations, with IOVA_EXPLICIT */
};

#define STREAM_PAGES 777

static const char *place_somewhere(struct player *player, size_t slot)
{
	enum iova_status status;
	uint64_t first = player->space.first + rng_below(&player->rng, player->space.count);
	uint64_t room = player->space.first + player->space.count - first;
	uint64_t count = 1 + rng_below(&player->rng, room < 16 ? room : 16);
	const char *wrong = player_place(player, slot, first, count, &status);
	return wrong || status == IOVA_OK || status == IOVA_TAKEN ? wrong : "place fails";
}

static const char *allocate(struct player *player, const struct stream *stream, size_t slot)
{
	enum iova_status status;
	uint32_t constraints = stream->constraints & player_constraints(player);
	struct iova_request request = player_request(player, stream->size_max, constraints);
	bool find = stream->checks & CHECK_FOUND && model_has_place(player, &request, player->subject->promise);
	const char *wrong = player_alloc(player, slot, &request, &status);
	if (wrong)
		return wrong;
	if (find && status != IOVA_OK)
		return "IOVA_NO_SPACE, although there is a place that must be found";
	if (status == IOVA_OK && stream->checks & CHECK_CONSTRAINTS)
		return check_constraints(player, slot, &request);
	return NULL;
}

static const char *check(const struct player *player, unsigned checks)
{
	const char *wrong = NULL;
	if (checks & CHECK_VISIT)
		wrong = check_visit(player);
	if (!wrong && checks & CHECK_STATISTICS)
		wrong = check_statistics(player);
	if (!wrong && checks & CHECK_INVARIANT)
		wrong = check_invariant(player);
	return wrong;
}

static const char *step(struct player *player, const struct stream *stream)
{
	bool explicit = player->instance.capabilities & IOVA_EXPLICIT;
	size_t slot = rng_below(&player->rng, SLOTS);
	const char *wrong = NULL;
	if (player->slots[slot].extent.count)
		player_free(player, slot);
	else if (explicit && rng_below(&player->rng, 100) < stream->place_percent)
		wrong = place_somewhere(player, slot);
	else
		wrong = allocate(player, stream, slot);
	return wrong ? wrong : check(player, stream->checks);
}

static const char *play(const struct subject *subject, const struct stream *stream)
{
	struct player *player = calloc(1, sizeof *player);
	struct iova_space space = {stream->first, STREAM_PAGES, 4096};
	const char *wrong = player ? player_begin(player, subject, space, 1 + stream->steps) : "the test has no memory";
	if (!wrong && !player->instance.table)
		wrong = "create cannot manage 777 pages";
	for (size_t hole = 0; !wrong && stream->holes_first && hole < 24; hole++) {
		wrong = place_somewhere(player, hole);
		wrong = wrong ? wrong : check(player, stream->checks);
	}
	for (uint64_t i = 0; !wrong && i < stream->steps; i++)
		wrong = step(player, stream);
	if (!wrong)
		player_free_all(player);
	if (!wrong)
		wrong = check(player, stream->checks);
	const char *left = player ? player_end(player) : NULL;
	free(player);
	return wrong ? wrong : left;
}

#define ALL_CONSTRAINTS (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)

static const char *rule_table(const struct subject *subject)
{
	for (size_t i = 0; i < subject->spec.count; i++) {
		const char *fault = allocator_table_fault(subject->spec.parts[i].table);
		if (fault)
			return fault;
	}
	return NULL;
}

static const char *rule_overlap(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5, .steps = 20000, .size_max = 24});
}

static const char *rule_align(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 20000,
					      .size_max = 24,
					      .constraints = IOVA_CONSTRAIN_ALIGN,
					      .checks = CHECK_CONSTRAINTS});
}

static const char *rule_limit(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 20000,
					      .size_max = 24,
					      .constraints = IOVA_CONSTRAIN_LIMIT,
					      .checks = CHECK_CONSTRAINTS});
}

static const char *rule_boundary(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 20000,
					      .size_max = 24,
					      .constraints = IOVA_CONSTRAIN_BOUNDARY,
					      .checks = CHECK_CONSTRAINTS});
}

static const char *rule_constraints(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 1000,
					      .steps = 20000,
					      .size_max = 40,
					      .constraints = ALL_CONSTRAINTS,
					      .checks = CHECK_CONSTRAINTS});
}

static const char *rule_found(const struct subject *subject)
{
	const struct stream plain = {.first = 5, .steps = 20000, .size_max = 40, .checks = CHECK_FOUND};
	struct stream constrained = plain;
	const char *wrong = play(subject, &plain);
	constrained.constraints = ALL_CONSTRAINTS;
	constrained.place_percent = 10;
	return wrong ? wrong : play(subject, &constrained);
}

static const char *rule_visit(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 6000,
					      .size_max = 24,
					      .constraints = ALL_CONSTRAINTS,
					      .checks = CHECK_VISIT,
					      .place_percent = 10});
}

static const char *rule_statistics(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 6000,
					      .size_max = 24,
					      .constraints = ALL_CONSTRAINTS,
					      .checks = CHECK_STATISTICS,
					      .place_percent = 10});
}

static const char *rule_invariants(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 6000,
					      .size_max = 24,
					      .constraints = ALL_CONSTRAINTS,
					      .checks = CHECK_INVARIANT,
					      .place_percent = 10});
}

static const char *rule_holes(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 500,
					      .size_max = 24,
					      .checks = CHECK_VISIT | CHECK_STATISTICS | CHECK_INVARIANT,
					      .holes_first = true});
}

static const char *rule_place(const struct subject *subject)
{
	return play(subject, &(struct stream){.first = 5,
					      .steps = 1500,
					      .size_max = 24,
					      .checks = CHECK_VISIT | CHECK_STATISTICS | CHECK_INVARIANT | CHECK_FOUND,
					      .place_percent = 60});
}

/* What an allocator does without the capability is not for sale as one. */
static const char *late_place(struct player *player)
{
	enum iova_status status;
	const struct iova_request request = {.count = 1};
	const char *wrong = player_alloc(player, 0, &request, &status);
	if (!wrong && status != IOVA_OK)
		wrong = "an empty space has no room";
	for (int again = 0; !wrong && again < 2; again++) {
		wrong = player_place(player, 1, player->space.first + STREAM_PAGES - 1, 1, &status);
		if (!wrong && status != IOVA_UNSUPPORTED)
			wrong = "without IOVA_EXPLICIT it places after the first allocation";
		if (!wrong)
			wrong = check(player, CHECK_VISIT | CHECK_STATISTICS | CHECK_INVARIANT);
		if (!again)
			player_free(player, 0);
	}
	return wrong;
}

static const char *rule_late_place(const struct subject *subject)
{
	const struct iova_space space = {5, STREAM_PAGES, 4096};
	struct player *player = calloc(1, sizeof *player);
	const char *wrong = player ? player_begin(player, subject, space, 1) : "the test has no memory";
	if (!wrong && !(player->instance.capabilities & IOVA_EXPLICIT))
		wrong = late_place(player);
	const char *left = player ? player_end(player) : NULL;
	free(player);
	return wrong ? wrong : left;
}

const struct rule rules[] = {
	{"the table keeps the contract", rule_table},
	{"live extents are disjoint parts of the space", rule_overlap},
	{"alignment is honoured", rule_align},
	{"limits are honoured", rule_limit},
	{"boundaries are honoured", rule_boundary},
	{"all constraints hold together", rule_constraints},
	{"what was promised is found", rule_found},
	{"visit_free shows every page that is not live, once", rule_visit},
	{"live and free pages are the space", rule_statistics},
	{"no invariant breaks", rule_invariants},
	{"holes can be placed before the first allocation", rule_holes},
	{"with IOVA_EXPLICIT extents can be placed at any time", rule_place},
	{"without IOVA_EXPLICIT no extent is placed after the first allocation", rule_late_place},
	{"after all frees the space is as new", rule_coalesces},
	{"a failure changes nothing", rule_failure_changes_nothing},
	{"counted calls place like plain ones", rule_twins},
	{"the same calls place the same", rule_repeats},
	{"instances share nothing", rule_instances},
	{"odd and huge spaces work or are refused", rule_odd_spaces},
	{"every failing memory request leaves all as it was", rule_no_memory},
	{"destroy gives all memory back, also with live extents", rule_no_leak},
};
const size_t rule_count = sizeof rules / sizeof rules[0];
