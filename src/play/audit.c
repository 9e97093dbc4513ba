/* SPDX-License-Identifier: MIT
 * The audit pass: nothing is timed; every answer of the allocator is checked against a map of its own, and everything that
 * repeats exactly is counted. */
#include "play/pass.h"

#include "base/memory.h"
#include "measure/histogram.h"
#include "play/adversary.h"
#include "play/audit_calls.h"
#include "play/audit_device.h"
#include "play/queue.h"
#include "play/audit_figures.h"
#include "play/audit_guard.h"
#include "play/audit_memory.h"
#include "play/audit_pictures.h"
#include "play/crew.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#define PART_WORDS ((size_t)64) /* between two signs of life: an extent of terabytes costs some allocators a second */

/* Allocators may look at every page of their space to prove their invariants: not in a space of 48 bits. */
#define INVARIANT_PAGES_MAX (UINT64_C(1) << 24)

struct audit {
	struct pass *pass;
	struct engine *engine;
	struct audit_space *spaces; /* one per domain, then one per CPU address space */
	uint32_t space_count;
	uint32_t first_space; /* whose figures are told: what the stream takes nothing of says nothing */
	struct audit_calls calls;
	struct audit_device device;
	struct audit_complaints complaints;
	unsigned char *slot_domain; /* of the extent in each slot */
	struct histogram *alloc_steps;
	struct audit_counts counts; /* of the phase at hand */
	uint64_t failures;          /* of the whole stream */
	uint64_t operations;        /* of the whole stream */
	struct audit_clock clock;
	uint64_t live_extents, peak_live_extents;
	struct audit_guard guard;
	uint64_t live_pages, peak_live_pages; /* of all spaces whose figures are told, together */
	uint64_t word;                        /* of the stream, played so far */
	size_t row, phase;                    /* at hand */
	size_t poll_row;                      /* 1 + the row in which a poll was last followed by a walk; 0: none */
	uint64_t row_steps, row_allocations;
	struct audit_totals fullest; /* of the rows of this phase, the one with the most live pages */
	uint64_t count_high;
	uint64_t stream_hash;
	struct audit_memory memory;
	struct placements placements;
	struct audit_pictures pictures;
	int result; /* -1: an adversary had no memory */
	struct error *error;
};

static double device_s(const struct audit *audit)
{
	return audit_clock_s(&audit->clock, audit->operations);
}

static void note_device_time(struct audit *audit, const struct op *poll)
{
	double before_ns = device_s(audit) * 1e9, poll_ns = audit->engine->poll_ns * poll->slot;
	audit->clock.poll_ns = fmax(before_ns, poll_ns);
	audit->clock.operations = audit->operations;
}

static void check_memory(struct audit *audit, const char *where)
{
	audit_memory_check(&audit->memory, &audit->complaints, audit->operations, where);
}

static struct audit_space *space_at_hand(struct audit *audit)
{
	return &audit->spaces[engine_space_at_hand(audit->engine, false)];
}

static struct audit_space *space_of(struct audit *audit, const struct op_request *request)
{
	return &audit->spaces[engine_space_at_hand(audit->engine, request->call == WORKLOAD_CALL_MAP)];
}

/* Domains reach their peaks at different times. */
static void note_peak(struct audit *audit)
{
	if (audit->live_pages > audit->peak_live_pages)
		audit->peak_live_pages = audit->live_pages;
}

/* Whose pages they are: told a few times in a stream, so that all slots may be looked at. */
static void tell_overlap(struct audit *audit, const struct op *op, const struct iova_extent *extent,
			 struct result_violation *violation)
{
	const struct engine *engine = audit->engine;
	struct iova_extent live = {0};
	for (uint32_t slot = 0; slot < engine->slot_count && !live.count; slot++) {
		const struct iova_extent *other = &engine->slots[slot];
		if (slot != op->slot && other->count &&
		    engine->domains[audit->slot_domain[slot]].rank == engine->domains[engine->domain].rank &&
		    other->first != ENGINE_SLOT_IS_HANDLE && other->first < extent->first + extent->count &&
		    extent->first < other->first + other->count)
			live = *other;
	}
	audit_space_tell_overlap(space_at_hand(audit), extent, &live, violation);
}

/* asked: pages, by the word of the stream. */
static void allocated(struct audit *audit, const struct op *op, const struct op_request *request, uint64_t asked,
		      const struct engine_outcome *outcome)
{
	struct audit_space *space = space_at_hand(audit);
	const struct iova_extent *extent = &outcome->extent;
	uint64_t requested = request->request.count, granted = extent->count + outcome->padding;
	if (audit->calls.watching) {
		granted = audit->calls.granted_pages;
	} else {
		audit_check_answer(&audit->complaints, audit->operations, request, outcome);
		/* Not ours to free: somebody else's pages would go with it. */
		struct result_violation *violation;
		if (!audit_space_take(space, extent, outcome->padding, &audit->complaints, audit->operations, &violation)) {
			audit_complain_request(&audit->complaints, violation, request->name, &request->request,
					       request->highs[outcome->attempt]);
			if (violation && violation->overlaps)
				tell_overlap(audit, op, extent, violation);
			audit->engine->slots[op->slot].count = 0;
		}
	}
	audit->slot_domain[op->slot] = (unsigned char)audit->engine->domain;
	audit_guard_take(&audit->guard, op, request);
	struct audit_counts *counts = &audit->counts;
	if (granted) { /* physical frames are no pages of the space */
		counts->granted += granted;
		counts->requested += requested;
		counts->rounding_sum += (double)granted / (double)requested;
		counts->granted_allocations++;
		counts->inexact += !audit->calls.watching && !audit_space_fits_exactly(space, extent, outcome->padding);
	}
	/* Of driver calls with frames, map events tell. */
	bool maps = request->call == WORKLOAD_CALL_EXTENT ? !request->placed : !audit->engine->physical;
	if (maps && !audit->calls.watching)
		audit_device_map(&audit->device, audit->engine->domain, extent->first, requested - request->guard,
				 AUDIT_DEVICE_NO_FRAME);
	if (request->call != WORKLOAD_CALL_EXTENT)
		audit_calls_allocated(&audit->calls, op->slot);
	counts->fell_back += request->fallback_count && requested != asked;
	counts->beyond_fitted += request->refused_limits && outcome->attempt < request->refused_limits;
	if (++audit->live_extents > audit->peak_live_extents)
		audit->peak_live_extents = audit->live_extents;
	note_peak(audit);
}

static void failed(struct audit *audit, const struct op_request *request)
{
	if (request->beyond)
		return;
	struct audit_counts *counts = &audit->counts;
	struct audit_space *space = space_of(audit, request);
	audit_space_note(space, PLACEMENTS_FAIL, 0, request->request.count);
	enum audit_failure kind =
		audit_calls_lacked_frames(&audit->calls)
			? AUDIT_PHYSICAL
			: audit_space_classify(space, request, (size_t)(request - audit->engine->requests),
					       &audit->complaints, audit->operations);
	counts->failures[kind]++;
	audit_failures_count(&audit->pictures.failures, request->name, audit_failure_result[kind], 1);
	if (!counts->failed) {
		audit_space_walk(space, &audit->complaints, audit->operations);
		counts->first_index = fragmentation_index(&space->free, request->request.count);
		counts->failed = true;
		counts->first_operation = audit->operations;
		counts->first_device_s = device_s(audit);
		counts->first_live_pages = audit->live_pages;
		counts->first_occupancy = (double)occupancy_counters(space->occupancy).live_pages / (double)space->usable;
		counts->first_window_occupancy = audit_space_window_occupancy(space, request);
		counts->first_held_pages = space->cached_pages + space->deferred_pages;
		counts->first_largest_free_pages = audit_space_largest_free(space, request);
	}
	audit->failures++;
	space->failures++;
}

static void keep_most(uint64_t *most, uint64_t value)
{
	*most = value > *most ? value : *most;
}

static void count_steps(struct audit *audit, const struct engine_outcome *outcome)
{
	struct audit_counts *counts = &audit->counts;
	counts->depot_trips += outcome->steps.depot_trips;
	counts->backend_trips += outcome->steps.backend_trips;
	counts->cache_hits += outcome->steps.cache_hits;
	keep_most(&counts->backend_trips_max, outcome->steps.backend_trips);
	if (outcome->what == ENGINE_FREED) {
		counts->free_steps += outcome->steps.examined;
		keep_most(&counts->free_steps_max, outcome->steps.examined);
		counts->merges += outcome->steps.merges;
		return;
	}
	histogram_record(audit->alloc_steps, outcome->steps.examined);
	counts->alloc_steps += outcome->steps.examined;
	counts->splits += outcome->steps.splits;
	audit->row_steps += outcome->steps.examined;
	audit->row_allocations++;
}

static void called(struct audit *audit, const struct op *op, const struct engine_outcome *outcome)
{
	const struct audit_counts before = audit->counts;
	audit_calls_routine(&audit->calls, op->slot, outcome->status, &audit->counts);
	audit_pictures_routine(&audit->pictures,
			       workload_routine_table[audit->engine->routine_calls[op->slot].routine].name, &before,
			       &audit->counts);
}

/* Behind the stream its leaks are given back. */
static void note_steps(const struct audit *audit, uint64_t examined)
{
	const struct pass *pass = audit->pass;
	if (pass->steps && audit->word < pass->words)
		pass->steps[audit->word] = examined < UINT32_MAX ? (uint32_t)examined + 1 : UINT32_MAX;
}

/* Whether anything was allocated, freed or called. */
static bool operate(struct audit *audit, const struct op *op)
{
	struct engine_outcome outcome;
	uint64_t count = audit->count_high + (op->demand & OP_COUNT_MAX);
	const struct op_request *request = &audit->engine->requests[op->demand >> OP_REQUEST_SHIFT];
	audit->count_high = 0;
	audit->placements.operation = audit->operations + 1;
	bool asks = op->demand && op->demand >> OP_REQUEST_SHIFT != OP_CONTROL; /* no free, no routine */
	audit->placements.request = asks ? request->name : NULL;
	audit->pictures.request =
		op->demand ? (unsigned char)(op->demand >> OP_REQUEST_SHIFT) : audit->guard.slot_request[op->slot];
	audit_calls_before(&audit->calls, op);
	engine_play_counted(audit->engine, op, count, &outcome);
	audit->operations++;
	note_steps(audit, outcome.steps.examined);
	check_memory(audit, "");
	if (outcome.empty_grant)
		audit_complain(&audit->complaints, audit->operations, "%" PRIu64 " pages were granted as none at all",
			       count);
	switch (outcome.what) {
	case ENGINE_SKIPPED:
		audit->counts.skipped++;
		return false;
	case ENGINE_FREED:
		audit->counts.frees++;
		audit->live_extents--;
		pass_own_work(audit->pass, true);
		audit_guard_drop(&audit->guard, op, audit->engine->requests);
		if (!audit->calls.watching)
			audit_space_drop(space_at_hand(audit), &outcome.extent, outcome.padding, &audit->complaints,
					 audit->operations);
		if (!audit->calls.watching)
			audit_device_unmap(&audit->device, audit->engine->domain, outcome.extent.first,
					   outcome.extent.count);
		pass_own_work(audit->pass, false);
		break;
	case ENGINE_CALLED:
		called(audit, op, &outcome);
		return true;
	case ENGINE_ALLOCATED:
		audit->counts.allocations++;
		audit->counts.beyond_demands += request->refused_limits > 0;
		pass_own_work(audit->pass, true);
		allocated(audit, op, request, count, &outcome);
		pass_own_work(audit->pass, false);
		break;
	case ENGINE_FAILED:
		audit->counts.allocations++;
		audit->counts.beyond_demands += request->refused_limits > 0;
		if (!engine_fatal(audit->engine))
			failed(audit, request);
		break;
	}
	count_steps(audit, &outcome);
	return outcome.what != ENGINE_FAILED;
}

static void play_operation(struct audit *audit, const struct op *op)
{
	bool done = operate(audit, op);
	pass_own_work(audit->pass, true);
	audit_device_settle(&audit->device, audit->engine->domain, done);
	pass_own_work(audit->pass, false);
}

static struct audit_totals sum_spaces(const struct audit *audit)
{
	struct audit_totals totals = {0};
	for (uint32_t i = audit->first_space; i < audit->space_count; i++)
		audit_totals_add(&totals, &audit->spaces[i]);
	if (audit->space_count - audit->first_space > 1)
		totals.map.peak_live_pages = audit->peak_live_pages;
	return totals;
}

static void walk_spaces(struct audit *audit)
{
	for (uint32_t i = 0; i < audit->space_count; i++)
		audit_space_walk(&audit->spaces[i], &audit->complaints, audit->operations);
}

static void end_row(struct audit *audit)
{
	struct result_record *record = audit->pass->record;
	if (audit->row >= record->series_count)
		return;
	walk_spaces(audit);
	struct audit_totals totals = sum_spaces(audit);
	struct result_series_row *row = &record->series[audit->row];
	double *value = row->value;
	audit_count_holes(&audit->counts, &totals, audit->live_extents);
	row->phase = (uint32_t)audit->phase;
	value[RESULT_SERIES_OP] = (double)audit->operations;
	value[RESULT_SERIES_DEVICE_S] = device_s(audit);
	audit_set_row(value, &totals);
	if (audit->row_allocations && audit->engine->domains[0].instance.table->capabilities & IOVA_STEPS)
		value[RESULT_SERIES_STEPS_ALLOC_MEAN] = (double)audit->row_steps / (double)audit->row_allocations;
	value[RESULT_SERIES_FAILURES] = (double)audit->failures;
	audit->row_steps = audit->row_allocations = 0;
	if (totals.map.live_pages >= audit->fullest.map.live_pages)
		audit->fullest = totals;
	audit_pictures_row(&audit->pictures, audit->row, audit->operations);
	audit->row++;
}

/* What says something of a space at the end of a phase. A phase that drains leaves an empty one, which says nothing: then its
 * fullest row, if it has one, speaks for it. Marks that only rise are those of the end: that row does not know what came
 * later. */
static struct audit_totals totals_of_phase(const struct audit *audit, const struct audit_totals *end)
{
	if (end->map.live_pages || !audit->fullest.map.live_pages)
		return *end;
	struct audit_totals totals = audit->fullest;
	totals.map.peak_live_pages = end->map.peak_live_pages;
	totals.map.regions_2mib_touched = end->map.regions_2mib_touched;
	totals.span_pages = end->span_pages;
	totals.high_water_pages = end->high_water_pages;
	totals.page_table_ever_pages = end->page_table_ever_pages;
	return totals;
}

/* Every phase keeps the figures that it ended with. */
static int phase_ended(void *context, const struct engine *engine, size_t phase_index, struct error *error)
{
	struct audit *audit = context;
	struct pass *pass = audit->pass;
	struct result_record_phase *phase = &pass->record->phases[phase_index];
	(void)error;
	uint64_t capabilities = engine->domains[0].instance.table->capabilities;
	bool counts_steps = capabilities & IOVA_STEPS, layer = capabilities & IOVA_LAYER;
	walk_spaces(audit);
	for (uint32_t i = 0; i < audit->space_count; i++) {
		const struct allocator_instance *instance = audit->spaces[i].instance;
		const char *broken = audit->spaces[i].count <= INVARIANT_PAGES_MAX
					     ? instance->table->broken_invariant(instance->self)
					     : NULL;
		if (broken)
			audit_complain(&audit->complaints, audit->operations, "invariant of %s does not hold: %s",
				       instance->table->name, broken);
		/* Who checks others is checked, too. */
		broken = occupancy_broken_invariant(audit->spaces[i].occupancy);
		if (broken) {
			audit->complaints.harness = true;
			audit_complain(&audit->complaints, audit->operations, "the audit's own map is wrong: %s", broken);
		}
	}
	struct audit_totals end = sum_spaces(audit), totals = totals_of_phase(audit, &end);
	if (!audit->counts.holes_walks) /* shorter than a row of the series */
		audit_count_holes(&audit->counts, &end, audit->live_extents);
	audit_set_space(&phase->figures, &totals);
	audit->fullest = (struct audit_totals){0};
	audit_set_failures(&phase->figures, &audit->counts);
	audit->counts.device_s = device_s(audit);
	/* What waits asks for as much as it is given. */
	double planned = workload_waits(pass->workload) ? (double)NAN : (double)pass->peak_live_pages;
	audit_set_work(&phase->figures, &audit->counts, totals.usable_pages, planned);
	audit_set_queue(&phase->figures, &audit->counts, totals.usable_pages);
	audit_device_phase(&audit->device, &phase->figures,
			   audit->counts.allocations + audit->counts.frees + audit->counts.routine_calls);
	audit_calls_phase(&audit->calls, &phase->figures);
	audit_set_steps(&phase->figures, &audit->counts, counts_steps ? audit->alloc_steps : NULL, layer);
	double resident = (double)arena_resident_bytes(pass->arena);
	result_set(&phase->figures, METRIC_METADATA_BYTES, resident);
	if (audit->peak_live_extents)
		result_set(&phase->figures, METRIC_METADATA_BYTES_PER_EXTENT, resident / (double)audit->peak_live_extents);
	result_set(&phase->figures, METRIC_GUARD_PAGES, (double)audit->guard.peak_pages);
	phase->placement_hash = engine->placement_hash;
	audit->counts = (struct audit_counts){.live_pages_before = audit->live_pages, .device_s_before = device_s(audit)};
	*audit->alloc_steps = (struct histogram){0};
	return 0;
}

/* A poll moves free pages from one state to another, and touches nothing else; so does a CPU that leaves. The first poll of a
 * row that moved any is looked at page by page: each of them would cost more than the stream. */
static void play_poll(struct audit *audit, const struct op *op)
{
	struct engine *engine = audit->engine;
	bool poll = (op->demand & OP_COUNT_MAX) == OP_POLL;
	audit->counts.polls += poll;
	if (poll)
		note_device_time(audit, op);
	if (poll && !engine->polls)
		return;
	for (uint32_t i = 0; i < audit->space_count; i++)
		audit_space_poll_begins(&audit->spaces[i]);
	engine_poll(engine, op);
	audit_device_polled(&audit->device);
	check_memory(audit, poll ? "in poll: " : "in offline: ");
	bool moved = false, walked = poll && audit->poll_row == audit->row + 1;
	for (uint32_t i = 0; i < audit->space_count; i++)
		moved |= audit_space_poll_ended(&audit->spaces[i], poll ? "a poll" : "a CPU that left", &audit->complaints,
						audit->operations);
	if (!moved || walked)
		return;
	walk_spaces(audit);
	audit->poll_row = audit->row + 1;
}

/* A reset and what is pulled out end every mapping, and no map event tells of one. */
static void play_event(struct audit *audit, const struct op *op)
{
	engine_poll(audit->engine, op);
	if (op->slot >> 16 != WORKLOAD_EVENT_STOP)
		audit_calls_forget_maps(&audit->calls, op->slot & 0xffff);
	if (op->slot >> 16 != WORKLOAD_EVENT_STOP)
		audit_device_forget(&audit->device, op->slot & 0xffff);
	audit_device_polled(&audit->device);
	check_memory(audit, "in a reset: ");
}

static void play_control(struct audit *audit, const struct op *op)
{
	uint32_t code = op->demand & OP_COUNT_MAX;
	if (code == OP_COUNT_HIGH)
		audit->count_high = (uint64_t)op->slot << OP_REQUEST_SHIFT;
	else if (code == OP_POLL || code == OP_OFFLINE)
		play_poll(audit, op);
	else if (code == OP_ADAPTER)
		play_event(audit, op);
	else
		engine_play(audit->engine, op, 1);
}

static void adversary_operation(void *context, const struct op *op, uint64_t count)
{
	struct audit *audit = context;
	audit->count_high = count - (op->demand & OP_COUNT_MAX);
	play_operation(audit, op);
	++*audit->pass->progress;
}

static void play_queue(struct audit *audit, const struct op_stream *stream, size_t phase,
		       const struct adversary_player *player)
{
	struct queue_figures figures;
	audit->result = queue_play(stream, op_stream_queue(stream, phase), player, &figures, audit->error);
	audit->counts.queue = figures;
}

static void play_word(struct audit *audit, const struct op *op)
{
	const struct adversary_player player = {adversary_operation, audit, audit->engine->slots};
	const struct op_stream *stream = audit->pass->source->stream;
	if (!op_is_control(op))
		play_operation(audit, op);
	else if ((op->demand & OP_COUNT_MAX) != OP_ADVERSARY)
		play_control(audit, op);
	else if (audit->pass->workload->phases[op->slot].body == WORKLOAD_BODY_QUEUE)
		play_queue(audit, stream, op->slot, &player);
	else
		audit->result = adversary_play(op_stream_adversary(stream, op->slot), audit->engine->space_first, &player,
					       audit->error);
}

static size_t part_words(const void *context, size_t phase)
{
	(void)context;
	(void)phase;
	return PART_WORDS;
}

static void phase_begins(void *context, uint32_t thread, size_t phase)
{
	(void)thread;
	struct audit *audit = context;
	audit->phase = phase;
	audit->placements.phase = audit->pass->workload->phases[phase].name;
}

static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	struct audit *audit = context;
	uint64_t row_words = pass_row_words(audit->pass);
	(void)thread;
	for (size_t i = 0; i < part.count && audit->result == 0; i++) {
		play_word(audit, &part.ops[i]);
		if (++audit->word % row_words == 0)
			end_row(audit);
		if (engine->calls && engine->broken != IOVA_OK)
			break; /* after something fatal nothing is what it seems */
	}
	pass_own_work(audit->pass, true);
	audit->stream_hash = op_stream_hash(audit->stream_hash, part.ops, part.count);
	pass_own_work(audit->pass, false);
	return 0;
}

static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	const struct audit *audit = context;
	(void)round;
	(void)error;
	return audit->result;
}

/* Everything that is still live goes back; then nothing may be missing. */
static void check_for_leaks(struct audit *audit)
{
	struct engine *engine = audit->engine;
	/* Driver calls give back memory of theirs, too. */
	bool looks = !engine->calls && !engine->physical;
	engine_phase_begin(engine);
	if (looks)
		outside_begin(&audit->memory.outside);
	for (uint32_t slot = 0; slot < engine->slot_count; slot++) {
		struct op op = {.slot = slot};
		engine->domain = audit->slot_domain[slot];
		if (engine->slots[slot].count)
			play_operation(audit, &op);
	}
	audit_calls_end(&audit->calls);
	for (uint32_t i = 0; i < audit->space_count; i++) {
		const struct allocator_instance *instance = audit->spaces[i].instance;
		if (instance->table->drain)
			instance->table->drain(instance->self);
	}
	if (looks)
		outside_end(&audit->memory.outside);
	check_memory(audit, "in drain: ");
	walk_spaces(audit);
	for (uint32_t i = 0; i < audit->space_count; i++)
		audit_space_check_empty(&audit->spaces[i], &audit->complaints, audit->operations);
}

static void finish(struct audit *audit)
{
	struct result_record *record = audit->pass->record;
	for (size_t i = 0; i < record->phase_count; i++)
		audit_calls_set_totals(&audit->calls, &record->phases[i].figures);
	/* Of a stream that was not played to its end nothing can be told. */
	record->stream_hash = audit->calls.cut_short ? 0 : audit->stream_hash;
	record->owner = audit->calls.fatal ? ERROR_OWNER_DRIVER : ERROR_OWNER_NONE;
	if (audit->calls.message.length)
		record->message = memory_text(audit->calls.message.bytes);
}

/* Once the instances are gone. A wrong answer spoils whatever was counted before and after it, and leaks show at the end only:
 * every phase carries the sum. */
static void conclude(struct audit *audit)
{
	struct result_record *record = audit->pass->record;
	check_memory(audit, "in destroy: ");
	audit_memory_note(&audit->memory, record);
	for (size_t i = 0; i < record->phase_count; i++)
		result_set(&record->phases[i].figures, METRIC_AUDIT_VIOLATIONS, (double)audit->complaints.count);
	if (audit->complaints.count)
		audit_complaints_tell(&audit->complaints, record);
}

/* Without them the audit goes on. */
static void open_placements(struct audit *audit)
{
	const struct pass *pass = audit->pass;
	if (placements_open(&audit->placements, pass->placements) < 0) {
		result_record_note(pass->record, "the placements could not be written: no memory");
		return;
	}
	for (uint32_t i = audit->first_space; i < audit->space_count; i++) {
		struct audit_space *space = &audit->spaces[i];
		space->cpu_side = i >= audit->engine->instance_count;
		space->domain = space->cpu_side ? i - audit->engine->instance_count : i;
		space->placements = &audit->placements;
		audit_space_note(space, PLACEMENTS_SPACE, space->first, space->count);
		for (size_t hole = 0; hole < space->hole_count; hole++)
			audit_space_note(space, PLACEMENTS_RESERVE, space->holes[hole].first, space->holes[hole].count);
	}
}

static int opened(void *context, struct engine *engine, struct error *error)
{
	struct audit *audit = context;
	audit->engine = engine;
	engine->outside = &audit->memory.outside;
	int result = audit_calls_open(&audit->calls, engine, audit->spaces, &audit->complaints, &audit->operations);
	check_memory(audit, "in create: ");
	if (result < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the audit of %u domains", engine->domain_count);
	result = audit_spaces_open(audit->spaces, &audit->space_count, &audit->first_space, audit->pass->workload, engine,
				   error);
	for (uint32_t i = audit->first_space; i < audit->space_count; i++)
		audit->spaces[i].live_pages = &audit->live_pages;
	if (result == 0 && audit_device_open(&audit->device, audit->pass->workload, engine) < 0)
		result = error_set(error, EXIT_CODE_IO, "no memory for the model of the IOTLB");
	if (result == 0 && audit->pass->placements)
		open_placements(audit);
	if (result == 0 &&
	    audit_pictures_open(&audit->pictures, engine, audit->pass->record, &audit->spaces[audit->first_space]) < 0)
		result = error_set(error, EXIT_CODE_IO, "no memory for the picture of the space");
	return result;
}

static int ended(void *context, struct error *error)
{
	struct audit *audit = context;
	const char *fatal = engine_fatal(audit->engine);
	/* What comes now is no part of the stream. */
	for (uint32_t i = 0; i < audit->space_count; i++)
		audit->spaces[i].placements = NULL;
	if (audit_pictures_store(&audit->pictures, audit->operations, audit->pass->record) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the picture of the space");
	audit_pictures_close(&audit->pictures);
	if (audit_store_domains(audit->pass->record, audit->engine, audit->spaces, audit->space_count, error) < 0)
		return -1;
	if (fatal)
		audit_calls_stop(&audit->calls, fatal);
	else
		check_for_leaks(audit);
	finish(audit);
	return 0;
}

static void map_event(void *context, uint64_t logical, uint64_t frame, uint64_t count, bool mapped)
{
	struct audit *audit = context;
	audit_calls_map_event(&audit->calls, logical, frame, count, mapped);
	if (mapped)
		audit_device_map(&audit->device, audit->engine->domain, logical, count, frame);
	else
		audit_device_unmap(&audit->device, audit->engine->domain, logical, count);
}

static int open_audit(struct audit *audit, struct error *error)
{
	const struct op_stream *stream = audit->pass->source->stream;
	audit->spaces = memory_zeroed(2 * (size_t)op_stream_domains(stream), sizeof audit->spaces[0]);
	audit->alloc_steps = memory_zeroed(1, sizeof *audit->alloc_steps);
	audit->slot_domain = memory_zeroed(op_stream_slots(stream), 1);
	if (!audit->spaces || !audit->alloc_steps || !audit->slot_domain ||
	    audit_guard_open(&audit->guard, op_stream_slots(stream)) != 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the audit");
	return 0;
}

int pass_audit(struct pass *pass, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_AUDIT,
		.audits = true,
		.opened = opened,
		.phase_begins = phase_begins,
		.part_words = part_words,
		.play = play,
		.round_ended = round_ended,
		.phase_ended = phase_ended,
		.ended = ended,
		.map_event = map_event,
	};
	assert(pass->record->phase_count == pass->workload->phase_count);
	struct audit audit = {.pass = pass, .memory = {.arena = pass->arena, .outside.arena = pass->arena}, .error = error};
	audit.clock.pace = pass->workload->pace_ops_per_second;
	audit.complaints.clock = &audit.clock;
	int result = open_audit(&audit, error);
	if (result == 0)
		result = crew_play(pass, &player, &audit, error);
	if (result == 0)
		conclude(&audit);
	audit_pictures_close(&audit.pictures);
	for (uint32_t i = 0; i < audit.space_count; i++)
		audit_space_close(&audit.spaces[i]);
	placements_close(&audit.placements, pass->record);
	audit_calls_close(&audit.calls);
	if (audit.device.failed)
		result_record_note(pass->record, "the IOTLB could not be followed: no memory");
	audit_device_close(&audit.device);
	audit_complaints_release(&audit.complaints);
	memory_release(audit.guard.slot_request);
	memory_release(audit.slot_domain);
	memory_release(audit.alloc_steps);
	memory_release(audit.spaces);
	return result;
}
