/* SPDX-License-Identifier: MIT */
#include "play/audit_calls.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define MISMATCHES_KEPT 5u

static struct audit_space *space_of(const struct audit_calls *calls, bool view)
{
	return &calls->spaces[engine_space_at_hand(calls->engine, view)];
}

static void granted(void *context, bool view, const struct iova_request *asked, const struct iova_extent *extent,
		    uint64_t padding)
{
	struct audit_calls *calls = context;
	const char *fault = audit_extent_fault(asked, extent);
	bool limited = asked->constraints & IOVA_CONSTRAIN_LIMIT;
	if (!fault && limited && (extent->first < asked->low || extent->first + asked->count - 1 > asked->high))
		fault = "outside of the limits";
	if (fault) {
		struct result_violation *wrong = audit_complain(calls->complaints, *calls->operations, "%s", fault);
		audit_complain_request(calls->complaints, wrong, "of a driver call", asked, asked->high);
		audit_complain_extent(wrong, extent);
	}
	struct result_violation *violation;
	audit_space_take(space_of(calls, view), extent, padding, calls->complaints, *calls->operations, &violation);
	audit_complain_request(calls->complaints, violation, "of a driver call", asked, asked->high);
	calls->granted_pages += extent->count + padding;
}

static void returned(void *context, bool view, const struct iova_extent *extent, uint64_t padding)
{
	struct audit_calls *calls = context;
	audit_space_drop(space_of(calls, view), extent, padding, calls->complaints, *calls->operations);
	calls->granted_pages -= extent->count + padding;
}

int audit_calls_open(struct audit_calls *calls, struct engine *engine, struct audit_space *spaces,
		     struct audit_complaints *complaints, const uint64_t *operations)
{
	assert(engine && spaces && complaints && operations);
	*calls = (struct audit_calls){
		.engine = engine,
		.spaces = spaces,
		.complaints = complaints,
		.operations = operations,
		.watch = {calls, granted, returned},
		.mapped_pages = memory_zeroed(engine->domain_count, sizeof calls->mapped_pages[0]),
	};
	engine->watch = &calls->watch;
	return calls->mapped_pages ? 0 : -1;
}

void audit_calls_close(struct audit_calls *calls)
{
	text_release(&calls->message);
	memory_release(calls->mapped_pages);
}

void audit_calls_forget_maps(struct audit_calls *calls, uint32_t adapter)
{
	for (uint32_t i = 0; i < calls->engine->domain_count; i++)
		if (adapter == OP_ADAPTERS_ALL || adapter == i)
			calls->mapped_pages[i] = 0;
}

void audit_calls_map_event(void *context, uint64_t logical, uint64_t frame, uint64_t count, bool mapped)
{
	struct audit_calls *calls = context;
	(void)frame;
	if (!mapped) {
		calls->mapped_pages[calls->engine->domain] -= count;
		return;
	}
	calls->mapped_pages[calls->engine->domain] += count;
	/* Contiguous memory enters the map of the audit when its call has returned. */
	if (calls->watching && occupancy_live_pages(space_of(calls, false)->occupancy, logical, count) != count)
		audit_complain(calls->complaints, *calls->operations,
			       "pages [0x%" PRIx64 ", 0x%" PRIx64 ") are mapped and not allocated", logical,
			       logical + count);
}

static struct ddi_adapter *adapter_at_hand(const struct audit_calls *calls)
{
	return calls->engine->domains[calls->engine->domain].adapter;
}

void audit_calls_before(struct audit_calls *calls, const struct op *op)
{
	calls->watching = engine_is_watched(calls->engine, op);
	calls->granted_pages = 0;
	if (!adapter_at_hand(calls))
		return;
	calls->failures_before = ddi_adapter_failures(adapter_at_hand(calls));
	calls->violations_before = ddi_adapter_violations(adapter_at_hand(calls));
}

static void add_placement(struct audit_calls *calls, bool list, const struct ddi_placement *one)
{
	struct ddi_placement *sum = &calls->placed;
	sum->mappings += one->mappings;
	sum->pages += one->pages;
	sum->leaves.leaves_1gib += one->leaves.leaves_1gib;
	sum->leaves.leaves_2mib += one->leaves.leaves_2mib;
	sum->leaves.leaves_4kib += one->leaves.leaves_4kib;
	sum->page_array_bytes += one->page_array_bytes;
	sum->page_array_bytes_saved += one->page_array_bytes_saved;
	if (!list)
		return;
	calls->mdls++;
	calls->mdl_extents += one->extents;
	calls->mdl_frame_runs += one->frame_runs;
	if (one->extents > calls->mdl_extents_max)
		calls->mdl_extents_max = one->extents;
}

/* list: of an MDL or ADL. */
static void note_placement(struct audit_calls *calls, bool list, ddi_handle handle)
{
	struct ddi_placement one = {0};
	if (ddi_placement_of(adapter_at_hand(calls), handle, &one) == NTSTATUS_SUCCESS)
		add_placement(calls, list, &one);
}

void audit_calls_allocated(struct audit_calls *calls, uint32_t slot)
{
	assert(slot < calls->engine->slot_count);
	ddi_handle handle = engine_placed_handle(calls->engine, slot);
	if (handle)
		note_placement(calls, engine_call_table[engine_call_in(calls->engine, slot)].lists_pages, handle);
}

bool audit_calls_lacked_frames(const struct audit_calls *calls)
{
	if (!adapter_at_hand(calls))
		return false;
	struct ddi_failures now = ddi_adapter_failures(adapter_at_hand(calls));
	return now.physical_exhausted + now.physical_fragmented >
	       calls->failures_before.physical_exhausted + calls->failures_before.physical_fragmented;
}

/* The first rule that was broken since. */
static enum workload_violation broken_rule(const struct audit_calls *calls)
{
	const struct ddi_violations now = ddi_adapter_violations(adapter_at_hand(calls));
	const struct workload_violation_counts before = workload_violation_counts(&calls->violations_before),
					       after = workload_violation_counts(&now);
	for (enum workload_violation i = 0; i < WORKLOAD_VIOLATION_COUNT; i++)
		if (after.of[i] > before.of[i])
			return i;
	return WORKLOAD_VIOLATION_NONE;
}

static const char *violation_word(enum workload_violation violation)
{
	const struct yaml_word *word = workload_violation_words;
	while (word->word && word->value != (int)violation)
		word++;
	return word->word;
}

static void note_mismatch(struct audit_calls *calls, const struct workload_routine_call *line, enum ntstatus status,
			  enum workload_violation violation)
{
	const struct workload_call_info *info = &workload_routine_table[line->routine];
	bool wrong_status = !workload_routine_is_void(line->routine) && !line->any_status && status != line->status;
	bool wrong_violation = !line->any_violation && violation != line->violation;
	if (!wrong_status && !wrong_violation)
		return;
	if (calls->mismatches++ >= MISMATCHES_KEPT)
		return;
	text_add(&calls->message, "%sline %u: %s", calls->mismatches > 1 ? "; " : "", line->line, info->name);
	if (wrong_status)
		text_add(&calls->message, " answered %s, wanted %s", ntstatus_name(status), ntstatus_name(line->status));
	if (wrong_violation)
		text_add(&calls->message, "%s broke rule %s, wanted %s", wrong_status ? " and" : "",
			 violation_word(violation), violation_word(line->violation));
}

/* Whoever sees the free runs decides what the adapter could not. */
static enum audit_failure undecided(const struct audit_calls *calls, const struct workload_routine_call *line)
{
	struct audit_space *space = space_of(calls, engine_routine_table[line->routine].maps_views);
	uint64_t page = calls->engine->page_bytes, first = space->first, last = space->first + space->count - 1;
	uint64_t low = line->arguments.low / page, high = line->arguments.high / page;
	low = low > first ? low : first;
	high = high < last ? high : last;
	uint64_t need = (line->arguments.bytes + (page - 1)) / page;
	uint64_t usable = low <= high ? occupancy_free_pages(space->occupancy, low, high - low + 1) : 0;
	return usable < need ? AUDIT_EXHAUSTED : AUDIT_FRAGMENTED;
}

static void count_failure(struct audit_calls *calls, const struct workload_routine_call *line, struct audit_counts *counts)
{
	const struct ddi_failures before = calls->failures_before, now = ddi_adapter_failures(adapter_at_hand(calls));
	if (now.malformed > before.malformed)
		counts->malformed++;
	if (now.impossible > before.impossible)
		counts->failures[AUDIT_IMPOSSIBLE]++;
	if (now.exhausted > before.exhausted)
		counts->failures[AUDIT_EXHAUSTED]++;
	if (now.fragmented > before.fragmented)
		counts->failures[AUDIT_FRAGMENTED]++;
	if (now.undecided > before.undecided)
		counts->failures[undecided(calls, line)]++;
	if (audit_calls_lacked_frames(calls))
		counts->failures[AUDIT_PHYSICAL]++;
}

void audit_calls_routine(struct audit_calls *calls, uint32_t index, enum ntstatus status, struct audit_counts *counts)
{
	assert(index < calls->engine->routine_call_count);
	const struct workload_routine_call *line = &calls->engine->routine_calls[index];
	counts->routine_calls++;
	count_failure(calls, line, counts);
	note_mismatch(calls, line, status, broken_rule(calls));
	const struct engine_routine *routine = &engine_routine_table[line->routine];
	if (status == NTSTATUS_SUCCESS && line->into[0] != WORKLOAD_OBJECT_NONE && routine->places != ENGINE_PLACES_NOTHING)
		note_placement(calls, routine->places == ENGINE_PLACES_LIST, calls->engine->objects[line->into[0]]);
}

void audit_calls_end(struct audit_calls *calls)
{
	uint64_t mapped = 0;
	for (uint32_t i = 0; i < calls->engine->domain_count; i++) {
		const struct ddi_adapter *adapter = calls->engine->domains[i].adapter;
		mapped += calls->mapped_pages[i];
		if (!adapter)
			continue;
		struct ddi_leaks leaks = ddi_adapter_leaks(adapter);
		calls->leaks.handles += leaks.handles;
		calls->leaks.mdl_structures += leaks.mdl_structures;
		calls->leaks.adapter_objects += leaks.adapter_objects;
		calls->leaks.adls += leaks.adls;
	}
	if (calls->leaks.handles == 0 && mapped)
		audit_complain(calls->complaints, *calls->operations,
			       "after everything was freed %" PRIu64 " pages are still mapped", mapped);
	const char *fatal = engine_stop_adapters(calls->engine);
	if (fatal) {
		calls->fatal = true;
		text_add(&calls->message,
			 "%safter the last operation: fatal driver misuse: %s (%" PRIu64 " ADLs, %" PRIu64
			 " adapter objects)",
			 calls->message.length ? "; " : "", fatal, calls->leaks.adls, calls->leaks.adapter_objects);
	}
	engine_drop_adapters(calls->engine);
}

void audit_calls_stop(struct audit_calls *calls, const char *fatal)
{
	assert(fatal);
	calls->fatal = calls->cut_short = true;
	text_add(&calls->message, "%soperation %" PRIu64 ": fatal driver misuse: %s", calls->message.length ? "; " : "",
		 *calls->operations, fatal);
}

static void set_violations(struct audit_calls *calls, struct result_figures *figures)
{
#define METRIC_OF_VIOLATION(violation, field) [WORKLOAD_VIOLATION_##violation] = METRIC_VIOLATIONS_##violation,
	static const enum metric metrics[WORKLOAD_VIOLATION_COUNT] = {WORKLOAD_VIOLATIONS(METRIC_OF_VIOLATION)};
	struct workload_violation_counts sum = {0};
	for (uint32_t i = 0; i < calls->engine->domain_count; i++) {
		const struct ddi_violations now = ddi_adapter_violations(calls->engine->domains[i].adapter);
		const struct workload_violation_counts of_one = workload_violation_counts(&now);
		for (enum workload_violation rule = WORKLOAD_VIOLATION_NONE + 1; rule < WORKLOAD_VIOLATION_COUNT; rule++)
			sum.of[rule] += of_one.of[rule];
	}
	uint64_t total = 0;
	for (enum workload_violation i = WORKLOAD_VIOLATION_NONE + 1; i < WORKLOAD_VIOLATION_COUNT; i++) {
		result_set(figures, metrics[i], (double)(sum.of[i] - calls->phase_violations.of[i]));
		total += sum.of[i] - calls->phase_violations.of[i];
	}
	result_set(figures, METRIC_VIOLATIONS_TOTAL, (double)total);
	calls->phase_violations = sum;
}

static void set_refusals(struct audit_calls *calls, struct result_figures *figures)
{
	struct ddi_failures before = calls->phase_failures, now = {0};
	for (uint32_t i = 0; i < calls->engine->domain_count; i++) {
		const struct ddi_failures of_one = ddi_adapter_failures(calls->engine->domains[i].adapter);
		now.partial += of_one.partial;
		now.handles_invalid += of_one.handles_invalid;
		now.handles_mistyped += of_one.handles_mistyped;
		now.in_use += of_one.in_use;
		now.not_mapped += of_one.not_mapped;
	}
	result_set(figures, METRIC_CALLS_PARTIAL, (double)(now.partial - before.partial));
	result_set(figures, METRIC_REFUSED_INVALID_HANDLE, (double)(now.handles_invalid - before.handles_invalid));
	result_set(figures, METRIC_REFUSED_TYPE_MISMATCH, (double)(now.handles_mistyped - before.handles_mistyped));
	result_set(figures, METRIC_REFUSED_IN_USE, (double)(now.in_use - before.in_use));
	result_set(figures, METRIC_REFUSED_NOT_MAPPED, (double)(now.not_mapped - before.not_mapped));
	calls->phase_failures = now;
}

static void set_placements(struct audit_calls *calls, struct result_figures *figures)
{
	const struct ddi_placement *placed = &calls->placed;
	if (calls->mdls) {
		result_set(figures, METRIC_PAGE_ARRAY_BYTES, (double)placed->page_array_bytes);
		result_set(figures, METRIC_PAGE_ARRAY_BYTES_SAVED, (double)placed->page_array_bytes_saved);
	}
	/* Contiguous memory alone has no frames. */
	if (placed->leaves.leaves_1gib + placed->leaves.leaves_2mib + placed->leaves.leaves_4kib) {
		result_set(figures, METRIC_LEAVES_1GIB, (double)placed->leaves.leaves_1gib);
		result_set(figures, METRIC_LEAVES_2MIB, (double)placed->leaves.leaves_2mib);
		result_set(figures, METRIC_LEAVES_4KIB, (double)placed->leaves.leaves_4kib);
	}
	if (calls->mdls) {
		result_set(figures, METRIC_MDL_EXTENTS_MEAN, (double)calls->mdl_extents / (double)calls->mdls);
		result_set(figures, METRIC_MDL_EXTENTS_MAX, (double)calls->mdl_extents_max);
		result_set(figures, METRIC_MDL_FRAME_RUNS_MEAN, (double)calls->mdl_frame_runs / (double)calls->mdls);
	}
	calls->placed = (struct ddi_placement){0};
	calls->mdls = calls->mdl_extents = calls->mdl_extents_max = calls->mdl_frame_runs = 0;
}

void audit_calls_phase(struct audit_calls *calls, struct result_figures *figures)
{
	result_set_null_of(figures, METRIC_SOURCE_CALLS, RESULT_REASON_NOT_APPLICABLE);
	if (!calls->engine->calls)
		return;
	set_refusals(calls, figures);
	set_violations(calls, figures);
	set_placements(calls, figures);
}

void audit_calls_set_totals(const struct audit_calls *calls, struct result_figures *figures)
{
	if (!calls->engine->calls)
		return;
	result_set(figures, METRIC_STATUS_MISMATCHES, (double)calls->mismatches);
	result_set(figures, METRIC_CALLS_FATAL, calls->fatal);
	if (calls->cut_short)
		return; /* what is held then is no leak */
	result_set(figures, METRIC_LEAKED_HANDLES, (double)calls->leaks.handles);
	result_set(figures, METRIC_LEAKED_MDLS, (double)calls->leaks.mdl_structures);
}
