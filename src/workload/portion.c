/* SPDX-License-Identifier: MIT */
#include "workload/portion.h"

#include "base/memory.h"
#include "base/rng.h"

#include <assert.h>
#include <string.h>

static bool makes_driver_calls(const struct workload *workload, const struct workload_phase *phase)
{
	for (size_t i = 0; i < phase->mix_count; i++)
		if (workload->requests[phase->mix[i].request].call != WORKLOAD_CALL_EXTENT)
			return true;
	return false;
}

int workload_portion_check(const struct workload *whole, uint32_t threads, struct error *error)
{
	assert(threads && threads <= WORKLOAD_THREADS_MAX);
	static const char *const sequences[] = {
		[WORKLOAD_BODY_SCRIPT] = "is a script",
		[WORKLOAD_BODY_TRACE] = "is a recording",
		[WORKLOAD_BODY_RINGS] = "plays rings",
		[WORKLOAD_BODY_ADVERSARY] = "is an adversary",
	};
	bool driver_calls = false;
	for (size_t i = 0; i < whole->request_count; i++)
		if (!(workload_call_table[whole->requests[i].call].traits & WORKLOAD_TRAIT_ANY_THREAD))
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s: request %s: frames and handles of call %s are one adapter's: %u threads take calls "
				"extent and contiguous only",
				whole->file, whole->requests[i].name, workload_call_table[whole->requests[i].call].name,
				threads);
	for (size_t i = 0; i < whole->phase_count; i++) {
		const struct workload_phase *phase = &whole->phases[i];
		driver_calls = driver_calls || (phase->body == WORKLOAD_BODY_MIX && makes_driver_calls(whole, phase));
		if (sequences[phase->body])
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: phase %s %s: one sequence of operations, which %u threads cannot share",
					 whole->file, phase->name, sequences[phase->body], threads);
		if (phase->free_on == WORKLOAD_FREE_ON_NEXT && driver_calls)
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s: phase %s frees on the next CPU, and driver calls belong to the thread that made them: "
				"threads take free_on: next with call: extent only",
				whole->file, phase->name);
	}
	return 0;
}

static uint64_t cut(uint64_t whole, uint32_t index, uint32_t threads)
{
	return whole * (index + 1) / threads - whole * index / threads;
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
		phase->think /= threads;                /* a thread's pace is that much slower */
		if (phase->until == WORKLOAD_UNTIL_OPS) /* steps of two */
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
