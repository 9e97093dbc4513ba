/* SPDX-License-Identifier: MIT */
#include "workload/portion.h"

#include "base/memory.h"
#include "base/rng.h"

#include <assert.h>
#include <string.h>

static bool makes_driver_calls(const struct workload *workload, const struct workload_phase *phase)
{
	for (size_t i = 0; phase->body == WORKLOAD_BODY_MIX && i < phase->mix_count; i++)
		if (workload->requests[phase->mix[i].request].call != WORKLOAD_CALL_EXTENT)
			return true;
	for (size_t i = 0; phase->body == WORKLOAD_BODY_RINGS && i < phase->rings.count; i++)
		if (workload->requests[phase->rings.request[i]].call != WORKLOAD_CALL_EXTENT)
			return true;
	return false;
}

int workload_portion_check(const struct workload *whole, uint32_t threads, struct error *error)
{
	assert(threads && threads <= WORKLOAD_THREADS_MAX);
	static const char *const sequences[WORKLOAD_BODY_ADAPTER + 1] = {
		[WORKLOAD_BODY_SCRIPT] = "is a script",          [WORKLOAD_BODY_TRACE] = "is a recording",
		[WORKLOAD_BODY_ADVERSARY] = "is an adversary",   [WORKLOAD_BODY_OFFLINE] = "takes CPUs away",
		[WORKLOAD_BODY_ONLINE] = "brings CPUs back",     [WORKLOAD_BODY_RESERVE] = "reserves ranges",
		[WORKLOAD_BODY_UNRESERVE] = "gives ranges back", [WORKLOAD_BODY_QUEUE] = "is a queue",
	};
	bool driver_calls = false;
	for (size_t i = 0; i < whole->phase_count; i++) {
		const struct workload_phase *phase = &whole->phases[i];
		driver_calls = driver_calls || makes_driver_calls(whole, phase);
		if (sequences[phase->body])
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: phase %s %s: one sequence of operations, which %u threads cannot share",
					 whole->file, phase->name, sequences[phase->body], threads);
		if (phase->body == WORKLOAD_BODY_RINGS && phase->rings.count < threads)
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: phase %s has %u ring%s, and a ring is one thread's: %u threads need as many",
					 whole->file, phase->name, phase->rings.count, phase->rings.count == 1 ? "" : "s",
					 threads);
		if (phase->free_on == WORKLOAD_FREE_ON_NEXT && driver_calls)
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s: phase %s frees on the next CPU, and driver calls belong to the thread that made them: "
				"threads take free_on: next with call: extent only",
				whole->file, phase->name);
		if (phase->free_on == WORKLOAD_FREE_ON_NEXT && whole->adapter_count > 1)
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s: phase %s frees on the next CPU, and an extent that is handed over does not tell "
				"its adapter: threads take free_on: next with one adapter only",
				whole->file, phase->name);
	}
	return 0;
}

/* whole * part / parts, rounded down. */
static uint64_t share(uint64_t whole, uint64_t part, uint64_t parts)
{
	return (uint64_t)((rng_wide)whole * part / parts);
}

static uint64_t cut(uint64_t whole, uint32_t index, uint32_t threads)
{
	return whole * (index + 1) / threads - whole * index / threads;
}

/* Ring i is thread i's, modulo the threads, and so are the steps that it makes. */
static void cut_rings(struct workload_phase *phase, uint32_t index, uint32_t threads)
{
	struct workload_rings *rings = &phase->rings;
	uint64_t steps = 0, before = 0, own = 0;
	uint32_t count = 0;
	for (uint32_t i = 0; i < rings->count; i++) {
		uint32_t thread = i % threads;
		steps += rings->pace[i];
		before += thread < index ? rings->pace[i] : 0;
		own += thread == index ? rings->pace[i] : 0;
		if (thread != index)
			continue;
		rings->request[count] = rings->request[i];
		rings->pace[count++] = rings->pace[i];
	}
	rings->count = count;
	rings->request_count = rings->pace_count = count;
	uint64_t step_ops = 2 * (uint64_t)rings->burst, whole = (phase->until_value + step_ops - 1) / step_ops;
	if (phase->until == WORKLOAD_UNTIL_OPS)
		phase->until_value = step_ops * (share(whole, before + own, steps) - share(whole, before, steps));
	else if (phase->until == WORKLOAD_UNTIL_LIVE)
		phase->until_value = (uint64_t)count * rings->depth;
}

int workload_portion(const struct workload *whole, uint32_t index, uint32_t threads, struct workload *part,
		     struct error *error)
{
	assert(index < threads && threads <= WORKLOAD_THREADS_MAX);
	*part = *whole;
	part->phases = memory_zeroed(whole->phase_count, sizeof part->phases[0]);
	if (!part->phases)
		return error_set(error, EXIT_CODE_IO, "no memory for a thread's share of %s", whole->file);
	part->cpus = 1;
	part->threads = threads;
	/* A timer runs on one CPU. */
	part->pace_ops_per_second = index ? 0 : whole->pace_ops_per_second / threads;
	uint64_t state = whole->seed ^ (index * UINT64_C(0xd1b54a32d192ed03));
	part->seed = index ? rng_splitmix(&state) : whole->seed;
	for (size_t i = 0; i < whole->phase_count; i++) {
		struct workload_phase *phase = &part->phases[i];
		*phase = whole->phases[i];
		phase->think /= threads; /* a thread's pace is that much slower */
		phase->save.count = cut(phase->save.count, index, threads);
		if (phase->body == WORKLOAD_BODY_RINGS)
			cut_rings(phase, index, threads);
		else if (phase->until == WORKLOAD_UNTIL_OPS) /* steps of two */
			phase->until_value = 2 * cut((phase->until_value + 1) / 2, index, threads);
		else if (phase->until == WORKLOAD_UNTIL_LIVE)
			phase->until_value = cut(phase->until_value, index, threads);
		else if (phase->until == WORKLOAD_UNTIL_OCCUPANCY)
			phase->until_ratio /= threads;
	}
	return 0;
}

void workload_portion_release(struct workload *part)
{
	memory_release(part->phases);
	memset(part, 0, sizeof *part);
}
