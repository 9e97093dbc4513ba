/* SPDX-License-Identifier: MIT */
#include "workload/model.h"

#include "base/memory.h"

void workload_release(struct workload *workload)
{
	for (size_t i = 0; i < workload->request_count; i++) {
		memory_release(workload->requests[i].name);
		memory_release(workload->requests[i].size.parts);
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		struct workload_phase *phase = &workload->phases[i];
		memory_release(phase->name);
		memory_release(phase->mix);
		memory_release(phase->script);
		memory_release(phase->trace.file);
	}
	for (size_t i = 0; i < workload->script_array_count; i++)
		memory_release(workload->script_arrays[i].name);
	for (size_t i = 0; i < workload->expectation_count; i++) {
		memory_release(workload->expectations[i].metric);
		memory_release(workload->expectations[i].allocator);
	}
	for (size_t i = 0; i < workload->sweep_count; i++) {
		for (size_t j = 0; j < workload->sweeps[i].value_count; j++)
			memory_release(workload->sweeps[i].values[j].text);
		memory_release(workload->sweeps[i].values);
		memory_release(workload->sweeps[i].key);
	}
	memory_release(workload->sweeps);
	memory_release(workload->requests);
	memory_release(workload->phases);
	memory_release(workload->script_arrays);
	memory_release(workload->expectations);
	memory_release(workload->space.holes);
	memory_release(workload->name);
	memory_release(workload->about);
	memory_release(workload->source);
	memory_release(workload->file);
	*workload = (struct workload){0};
}
