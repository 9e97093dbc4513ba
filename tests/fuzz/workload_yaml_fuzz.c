/* SPDX-License-Identifier: MIT
 * Any bytes are either a workload that keeps the promises of model.h, or refused with a message. Build and run:
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc \
 *         tests/fuzz/workload_yaml_fuzz.c $(find src/base src/workload -name '*.c') -lcyaml -lyaml -lm -o build/workload_yaml_fuzz
 *     build/workload_yaml_fuzz -max_len=4096 tests/fuzz/corpus/workload */
#include "base/bits.h"
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
	must(bits_is_power_of_two(workload->space.page_bytes) && workload->space.page_bytes >= 4096);
	must(workload->space.first < workload->space.end && workload->space.end <= WORKLOAD_PAGES_MAX);
	for (size_t i = 0; i < workload->space.hole_count; i++) {
		const struct workload_hole *hole = &workload->space.holes[i];
		must(hole->count && hole->first >= at && hole->count <= workload->space.end - hole->first);
		at = hole->first + hole->count;
		reserved += hole->count;
	}
	must(workload->space.usable && workload->space.usable == workload->space.end - workload->space.first - reserved);
	must(workload->physical.scatter >= 0 && workload->physical.scatter <= 1);
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

static void check_size(const struct workload *workload, const struct workload_size *size)
{
	bool mixture = size->kind == WORKLOAD_SIZE_WEIGHTS || size->kind == WORKLOAD_SIZE_MIXED;
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

static void check_request(const struct workload *workload, const struct workload_request *request)
{
	must(request->name && *request->name);
	check_size(workload, &request->size);
	check_lifetime(&request->lifetime);
	check_align(&request->align);
	must(request->low >= workload->space.first && request->high_count >= 1 &&
	     request->high_count <= WORKLOAD_HIGHS_MAX);
	for (size_t i = 0; i < request->high_count; i++)
		must(request->high[i] >= request->low && request->high[i] < workload->space.end);
	must(!request->boundary || (bits_is_power_of_two(request->boundary) && request->size.max <= request->boundary));
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

static void check_script(const struct workload *workload, const struct workload_phase *phase)
{
	must(phase->script_count >= 1);
	for (size_t i = 0; i < phase->script_count; i++) {
		const struct workload_script_op *op = &phase->script[i];
		if (op->kind == WORKLOAD_SCRIPT_REPEAT)
			must(op->count && op->match > i && op->match < phase->script_count &&
			     phase->script[op->match].match == i);
		else if (op->kind != WORKLOAD_SCRIPT_END)
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

static void check(const struct workload *workload)
{
	must(workload->name && workload->about && workload->source && workload->file);
	must(workload->request_count <= WORKLOAD_REQUESTS_MAX);
	must(workload->phase_count >= 1 && workload->phase_count <= WORKLOAD_PHASES_MAX);
	check_space(workload);
	for (size_t i = 0; i < workload->request_count; i++)
		check_request(workload, &workload->requests[i]);
	for (size_t i = 0; i < workload->script_array_count; i++)
		must(workload->script_arrays[i].name && workload->script_arrays[i].count);
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		must(phase->name != NULL);
		if (phase->body == WORKLOAD_BODY_MIX)
			check_mix(workload, phase);
		else if (phase->body == WORKLOAD_BODY_SCRIPT)
			check_script(workload, phase);
		else if (phase->body == WORKLOAD_BODY_DRAIN)
			must(phase->until == WORKLOAD_UNTIL_LIVE
				     ? phase->until_value >= 1
				     : phase->until == WORKLOAD_UNTIL_OCCUPANCY && phase->until_ratio > 0);
		else if (phase->body == WORKLOAD_BODY_TRACE)
			must(phase->trace.file && phase->trace.repeat);
		check_align(&phase->trace.align);
	}
	for (size_t i = 0; i < workload->expectation_count; i++)
		must(workload->expectations[i].metric && workload->expectations[i].tolerance >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct workload zeroed;
	struct workload workload;
	struct text messages = {0}, json = {0};
	if (workload_parse("fuzz.yaml", (const char *)bytes, length, &workload, &messages)) {
		must(messages.length && !memcmp(&workload, &zeroed, sizeof workload));
	} else {
		must(!messages.length);
		check(&workload);
		workload_expand(&workload, &json);
		must(json.length && !json.failed);
	}
	text_release(&messages);
	text_release(&json);
	workload_release(&workload);
	return 0;
}
