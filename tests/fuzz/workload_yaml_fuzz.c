/* SPDX-License-Identifier: MIT
 * Any bytes are either a workload that keeps the promises of model.h, or refused with a message. make fuzz builds and runs
 * it. */
#include "base/bits.h"
#include "metric/metrics.h"
#include "workload/workload_yaml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_space(const struct workload *workload)
{
	uint64_t at = workload->space.first, reserved = 0;
	must(bits_is_power_of_two(workload->space.page_bytes) && workload->space.page_bytes >= WORKLOAD_PAGE_MIN);
	must(workload->space.first < workload->space.end && workload->space.end <= WORKLOAD_PAGES_MAX);
	for (size_t i = 0; i < workload->space.hole_count; i++) {
		const struct workload_hole *hole = &workload->space.holes[i];
		must(hole->count && hole->first >= at && hole->count <= workload->space.end - hole->first);
		at = hole->first + hole->count;
		reserved += hole->count;
	}
	must(workload->space.usable && workload->space.usable == workload->space.end - workload->space.first - reserved);
	const struct workload_metadata_fails *fails = &workload->space.metadata_fails;
	must(fails->kind != WORKLOAD_METADATA_EVERY || fails->every >= 1);
	must(fails->kind != WORKLOAD_METADATA_SHARE || (fails->share > 0 && fails->share <= 1));
	must(workload->physical.scatter >= 0 && workload->physical.scatter <= 1);
	must(workload->interference.data_bytes <= WORKLOAD_INTERFERENCE_DATA_MAX &&
	     workload->interference.code_bytes <= WORKLOAD_INTERFERENCE_CODE_MAX);
	const struct workload_iotlb *iotlb = &workload->iotlb;
	must(iotlb->entries <= WORKLOAD_IOTLB_ENTRIES_MAX && iotlb->walk_l2 <= WORKLOAD_IOTLB_WALK_MAX &&
	     iotlb->walk_l3 <= WORKLOAD_IOTLB_WALK_MAX && workload->touch <= WORKLOAD_TOUCH_RANDOM);
	must(!iotlb->entries || (iotlb->ways && iotlb->ways <= WORKLOAD_IOTLB_WAYS_MAX &&
				 iotlb->entries % iotlb->ways == 0 && bits_is_power_of_two(iotlb->entries / iotlb->ways)));
	must(workload->cpus >= 1 && workload->cpus <= WORKLOAD_CPUS_MAX);
}

static void check_align(const struct workload_align *align)
{
	must(align->kind <= WORKLOAD_ALIGN_NATURAL_UP_TO);
	if (align->kind >= WORKLOAD_ALIGN_FIXED)
		must(bits_is_power_of_two(align->pages));
}

/* Anything but a mixture. */
static void check_simple_size(const struct workload *workload, const struct workload_size *size)
{
	must(size->kind < WORKLOAD_SIZE_WEIGHTS && !size->parts);
	must(size->min >= 1 && size->min <= size->max && size->max <= workload->space.usable);
	must(size->kind != WORKLOAD_SIZE_POWERS_OF_TWO || (size->ratio > 0 && size->ratio <= 1));
	if (size->kind == WORKLOAD_SIZE_PARETO || size->kind == WORKLOAD_SIZE_ZIPF)
		must(size->alpha >= 0.01 && size->alpha <= 16);
	if (size->kind == WORKLOAD_SIZE_LOGNORMAL)
		must(size->sigma >= 0.01 && size->sigma <= 8 && size->median >= size->min && size->median <= size->max);
}

static void check_fallbacks(const struct workload *workload, const struct workload_size *size)
{
	must(size->fallback_count >= 2 && size->fallback_count <= WORKLOAD_FALLBACKS_MAX && !size->parts);
	must(size->min == size->fallbacks[0] && size->max == size->min && size->max <= workload->space.usable);
	for (size_t i = 0; i < size->fallback_count; i++)
		must(size->fallbacks[i] && (!i || size->fallbacks[i] < size->fallbacks[i - 1]));
}

static void check_size(const struct workload *workload, const struct workload_size *size)
{
	bool mixture = size->kind == WORKLOAD_SIZE_WEIGHTS || size->kind == WORKLOAD_SIZE_MIXED;
	if (size->kind == WORKLOAD_SIZE_FALLBACK) {
		check_fallbacks(workload, size);
		return;
	}
	if (!mixture) {
		check_simple_size(workload, size);
		return;
	}
	must(size->part_count >= 1 && size->part_count <= WORKLOAD_SIZE_PARTS_MAX);
	for (size_t i = 0; i < size->part_count; i++) {
		const struct workload_size *part = &size->parts[i].size;
		check_simple_size(workload, part);
		must(size->parts[i].weight && part->min >= size->min && part->max <= size->max);
		must(size->kind == WORKLOAD_SIZE_MIXED || part->kind == WORKLOAD_SIZE_FIXED);
	}
	must(size->max <= workload->space.usable);
}

static bool is_life(uint64_t operations)
{
	return operations >= 1 && operations <= WORKLOAD_LIFETIME_MAX;
}

static void check_lifetime(const struct workload_lifetime *lifetime)
{
	switch (lifetime->kind) {
	case WORKLOAD_LIFETIME_NONE:
		break;
	case WORKLOAD_LIFETIME_PARETO:
		must(lifetime->alpha >= 0.01 && lifetime->alpha <= 16);
		/* fall through */
	case WORKLOAD_LIFETIME_FIXED:
	case WORKLOAD_LIFETIME_UNIFORM:
		must(is_life(lifetime->min) && is_life(lifetime->max) && lifetime->min <= lifetime->max);
		break;
	case WORKLOAD_LIFETIME_EXPONENTIAL:
		must(is_life(lifetime->mean));
		break;
	case WORKLOAD_LIFETIME_GENERATIONAL:
		must(is_life(lifetime->mean) && is_life(lifetime->old_mean) && lifetime->mean <= lifetime->old_mean);
		must(lifetime->young_share > 0 && lifetime->young_share <= 1);
		break;
	}
}

static void check_arguments(const struct workload_arguments *arguments)
{
	must(arguments->contiguous <= DDI_CONTIGUITY_NO && arguments->cache <= DDI_WRITE_COMBINED);
	must(arguments->irql <= DDI_DISPATCH_LEVEL && arguments->type <= DDI_MEMORY_IO_SPACE);
}

static void check_request(const struct workload *workload, const struct workload_request *request)
{
	must(request->name && *request->name);
	must(request->has_adapter ? request->adapter < workload->adapter_count : request->adapter == 0);
	check_size(workload, &request->size);
	check_lifetime(&request->lifetime);
	check_align(&request->align);
	must(request->low >= workload->space.first && request->low <= WORKLOAD_PAGES_MAX);
	must(request->high_count >= 1 && request->high_count <= WORKLOAD_HIGHS_MAX);
	/* Behind the space nothing can be had; that is no fault of a bare extent. */
	bool behind = request->low >= workload->space.end;
	must(!behind || (request->call == WORKLOAD_CALL_EXTENT && request->limited));
	for (size_t i = 0; i < request->high_count; i++)
		must((behind || request->high[i] >= request->low) && request->high[i] < workload->space.end);
	must(!request->guard || request->call == WORKLOAD_CALL_EXTENT);
	must(request->call < WORKLOAD_CALL_COUNT);
	check_arguments(&request->arguments);
	/* Scripts may say what a routine must refuse; requests not. */
	must(!request->arguments.has_low || !request->arguments.has_high ||
	     request->arguments.low <= request->arguments.high);
	must(behind || workload_request_pages_max(request) <= workload->space.usable);
	must(!request->boundary || bits_is_power_of_two(request->boundary));
	must(request->from <= WORKLOAD_FROM_TOP);
	must(request->call == WORKLOAD_CALL_EXTENT ||
	     (request->from == WORKLOAD_FROM_ANYWHERE && request->size.kind != WORKLOAD_SIZE_FALLBACK));
}

static void check_range(const struct workload *workload, const struct workload_range *range)
{
	must(range->array < workload->script_array_count && range->step);
	must(range->first < workload->script_arrays[range->array].count);
	must(range->last < workload->script_arrays[range->array].count);
	must(range->step > 0 ? range->last >= range->first : range->last <= range->first);
	uint64_t way = range->step > 0 ? range->last - range->first : range->first - range->last;
	must(way % (uint64_t)(range->step > 0 ? range->step : -range->step) == 0);
}

/* Whether a word of the language has this value. */
static bool is_word(const struct yaml_word *words, int value)
{
	while (words->word && words->value != value)
		words++;
	return words->word != NULL;
}

static void check_routine_call(const struct workload *workload, const struct workload_routine_call *call)
{
	must(call->routine < WORKLOAD_ROUTINE_COUNT && call->line >= 1);
	const struct workload_call_info *info = &workload_routine_table[call->routine];
	for (size_t i = 0; i < WORKLOAD_CALL_OBJECTS; i++) {
		must(call->into[i] == WORKLOAD_OBJECT_NONE || call->into[i] < workload->object_count);
		must(call->of[i].object == WORKLOAD_OBJECT_NONE || call->of[i].object < workload->object_count);
		must(call->into[i] == WORKLOAD_OBJECT_NONE || info->takes & WORKLOAD_TAKES(INTO));
		must(call->of[i].object == WORKLOAD_OBJECT_NONE || info->takes & WORKLOAD_TAKES(OF));
	}
	must(is_word(workload_violation_words, (int)call->violation));
	must(is_word(workload_status_words, call->status) || workload_routine_is_void(call->routine));
	check_arguments(&call->arguments);
}

static void check_rings(const struct workload *workload, const struct workload_phase *phase)
{
	const struct workload_rings *rings = &phase->rings;
	must(rings->count >= 1 && rings->count <= WORKLOAD_RINGS_MAX && rings->depth >= 1);
	must(rings->burst >= 1 && rings->burst <= rings->depth);
	must((uint64_t)rings->count * rings->depth <= WORKLOAD_LIVE_MAX);
	for (size_t i = 0; i < rings->count; i++)
		must(rings->request[i] < workload->request_count && rings->pace[i] >= 1);
	must(phase->until == WORKLOAD_UNTIL_LIVE || phase->until == WORKLOAD_UNTIL_OPS ||
	     phase->until == WORKLOAD_UNTIL_TURNOVERS);
}

static void check_sweeps(const struct workload *workload)
{
	must(workload->sweep_count <= WORKLOAD_SWEEPS_MAX && workload_combinations(workload) <= WORKLOAD_COMBINATIONS_MAX);
	for (size_t i = 0; i < workload->sweep_count; i++) {
		const struct workload_sweep *sweep = &workload->sweeps[i];
		must(sweep->key && *sweep->key && sweep->value_count >= 1 &&
		     sweep->value_count <= WORKLOAD_SWEEP_VALUES_MAX);
		for (size_t j = 0; j < sweep->value_count; j++)
			must(sweep->values[j].text && sweep->values[j].line >= 1 && sweep->values[j].column >= 1);
	}
}

static void check_script(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->script_count >= 1);
	for (size_t i = 0; i < phase->script_count; i++) {
		const struct workload_script_op *op = &phase->script[i];
		if (op->kind == WORKLOAD_SCRIPT_REPEAT)
			must(op->count && op->match > i && op->match < phase->script_count &&
			     phase->script[op->match].match == i);
		else if (op->kind == WORKLOAD_SCRIPT_END)
			must(op->match < i && phase->script[op->match].match == i);
		else if (op->kind == WORKLOAD_SCRIPT_CALL)
			must(op->call < workload->routine_call_count);
		else
			check_range(workload, &op->slots);
		must(op->kind != WORKLOAD_SCRIPT_ALLOC || op->request < workload->request_count);
	}
}

static void check_mix(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->mix_count >= 1);
	must(phase->burst >= 1 && phase->burst <= WORKLOAD_BURST_MAX && phase->think <= WORKLOAD_THINK_MAX);
	for (size_t i = 0; i < phase->mix_count && phase->victims == WORKLOAD_VICTIMS_LIFETIME; i++)
		must(workload->requests[phase->mix[i].request].lifetime.kind != WORKLOAD_LIFETIME_NONE);
	for (size_t i = 0; i < phase->mix_count; i++)
		must(phase->mix[i].request < workload->request_count && phase->mix[i].weight);
	if (phase->until == WORKLOAD_UNTIL_OCCUPANCY)
		must(phase->until_ratio > 0 && phase->until_ratio <= 1);
	else if (phase->until == WORKLOAD_UNTIL_TURNOVERS)
		must(phase->until_ratio > 0);
	else
		must(phase->until_value >= 1);
}

static void check_cpus(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->cpu_count >= 1 && phase->caches <= WORKLOAD_CACHES_STAY);
	for (size_t i = 0; i < phase->cpu_count; i++) {
		must(phase->cpus[i] < workload->cpus);
		for (size_t j = 0; j < i; j++)
			must(phase->cpus[j] != phase->cpus[i]);
	}
}

static void check_queue(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->served >= 1 && phase->mix_count >= 1);
	for (size_t i = 0; i < phase->mix_count; i++) {
		const struct workload_request *request = &workload->requests[phase->mix[i].request];
		must(phase->mix[i].request < workload->request_count && phase->mix[i].weight);
		must(request->call == WORKLOAD_CALL_EXTENT && request->lifetime.kind != WORKLOAD_LIFETIME_NONE);
	}
}

/* Inside the space, and those of one phase apart. */
static void check_ranges(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->range_count >= 1 && phase->range_count <= WORKLOAD_RANGES_MAX);
	for (size_t i = 0; i < phase->range_count; i++) {
		const struct workload_hole *range = &phase->ranges[i];
		must(range->count && range->first >= workload->space.first && range->first < workload->space.end &&
		     range->count <= workload->space.end - range->first);
		for (size_t j = 0; j < i; j++)
			must(range->first + range->count <= phase->ranges[j].first ||
			     phase->ranges[j].first + phase->ranges[j].count <= range->first);
	}
}

static void check_phase(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->name != NULL);
	check_align(&phase->trace.align);
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
		check_mix(workload, phase);
		break;
	case WORKLOAD_BODY_FREE_ALL:
		break;
	case WORKLOAD_BODY_SCRIPT:
		check_script(workload, phase);
		break;
	case WORKLOAD_BODY_TRACE:
		must(phase->trace.file && phase->trace.repeat);
		break;
	case WORKLOAD_BODY_DRAIN:
		must(phase->until == WORKLOAD_UNTIL_LIVE
			     ? phase->until_value >= 1
			     : phase->until == WORKLOAD_UNTIL_OCCUPANCY && phase->until_ratio > 0);
		break;
	case WORKLOAD_BODY_RINGS:
		check_rings(workload, phase);
		break;
	case WORKLOAD_BODY_ADVERSARY:
		must(bits_is_power_of_two(phase->robson.largest) && phase->robson.live >= phase->robson.largest);
		must(phase->robson.live <= WORKLOAD_LIVE_MAX);
		break;
	case WORKLOAD_BODY_QUEUE:
		check_queue(workload, phase);
		break;
	case WORKLOAD_BODY_RESERVE:
	case WORKLOAD_BODY_UNRESERVE:
		check_ranges(workload, phase);
		break;
	case WORKLOAD_BODY_ADAPTER:
		must(phase->event <= WORKLOAD_EVENT_UNPLUG);
		must(phase->one_adapter ? phase->adapter < workload->adapter_count : phase->adapter == 0);
		must(!phase->save.count ||
		     (phase->event == WORKLOAD_EVENT_POWER_DOWN && phase->save.request < workload->request_count &&
		      phase->save.count <= WORKLOAD_LIVE_MAX &&
		      workload->requests[phase->save.request].call != WORKLOAD_CALL_EXTENT));
		break;
	case WORKLOAD_BODY_OFFLINE:
	case WORKLOAD_BODY_ONLINE:
		check_cpus(workload, phase);
		break;
	default:
		abort();
	}
}

static void check_adapters(const struct workload *workload)
{
	must(workload->adapter_count <= WORKLOAD_ADAPTERS_MAX);
	for (size_t i = 0; i < workload->adapter_count; i++) {
		const struct workload_adapter *adapter = &workload->adapters[i];
		must(adapter->name && *adapter->name);
		must(adapter->shares ? adapter->with < i && adapter->domain < i : adapter->domain == i);
		must(!workload->adapters[adapter->domain].shares);
	}
	for (size_t i = 0; i < workload->routine_call_count; i++) {
		const struct workload_routine_call *call = &workload->routine_calls[i];
		must(call->has_adapter ? call->adapter < workload->adapter_count : call->adapter == 0);
	}
}

static void check(const struct workload *workload)
{
	must(workload->name && workload->about && workload->source && workload->file);
	must(workload->request_count <= WORKLOAD_REQUESTS_MAX);
	must(workload->phase_count >= 1 && workload->phase_count <= WORKLOAD_PHASES_MAX);
	must(workload->operations <= WORKLOAD_OPS_MAX);
	check_space(workload);
	check_adapters(workload);
	for (size_t i = 0; i < workload->request_count; i++)
		check_request(workload, &workload->requests[i]);
	for (size_t i = 0; i < workload->script_array_count; i++)
		must(workload->script_arrays[i].name && workload->script_arrays[i].count);
	for (size_t i = 0; i < workload->object_count; i++)
		must(workload->objects[i] && *workload->objects[i]);
	for (size_t i = 0; i < workload->routine_call_count; i++)
		check_routine_call(workload, &workload->routine_calls[i]);
	for (size_t i = 0; i < workload->phase_count; i++)
		check_phase(workload, &workload->phases[i]);
	check_sweeps(workload);
	for (size_t i = 0; i < workload->expectation_count; i++)
		must(metric_find(workload->expectations[i].metric) >= 0 && workload->expectations[i].tolerance >= 0);
}

/* With every default in it, a text may pass the limits of a file that the workload itself does not. */
#define WRITTEN_MAX (256u << 10)

/* What is written of a workload is read as the same one: written again, it is the same text. */
static void check_written(const struct text *written, bool json)
{
	struct workload workload;
	struct text messages = {0}, again = {0};
	must(written->length && !written->failed);
	if (written->length > WRITTEN_MAX)
		return;
	must(workload_parse("again.yaml", written->bytes, written->length, &workload, &messages) == 0);
	check(&workload);
	if (json)
		workload_expand(&workload, &again);
	else
		workload_expand_yaml(&workload, &again);
	must(again.length == written->length && !memcmp(again.bytes, written->bytes, again.length));
	text_release(&messages);
	text_release(&again);
	workload_release(&workload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct workload zeroed;
	struct workload workload;
	struct text messages = {0}, json = {0}, yaml = {0};
	if (workload_parse("fuzz.yaml", (const char *)bytes, length, &workload, &messages)) {
		must(messages.length && !memcmp(&workload, &zeroed, sizeof workload));
	} else {
		must(!messages.length);
		check(&workload);
		workload_expand(&workload, &json);
		check_written(&json, true);
		workload_expand_yaml(&workload, &yaml);
		check_written(&yaml, false);
	}
	text_release(&messages);
	text_release(&json);
	text_release(&yaml);
	workload_release(&workload);
	return 0;
}
