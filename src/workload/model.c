/* SPDX-License-Identifier: MIT */
#include "workload/model.h"

#include "base/memory.h"
#include "workload/language.h"

void workload_release(struct workload *workload)
{
	for (size_t i = 0; i < workload->phase_count; i++)
		memory_release(workload->phases[i].script);
	for (size_t i = 0; i < workload->script_array_count; i++)
		memory_release(workload->script_arrays[i].name);
	for (size_t i = 0; i < workload->object_count; i++)
		memory_release(workload->objects[i]);
	memory_release(workload->script_arrays);
	memory_release(workload->routine_calls);
	memory_release(workload->objects);
	memory_release(workload->file);
	yaml_release(workload_language.root, workload);
	*workload = (struct workload){0};
}
