/* SPDX-License-Identifier: MIT */
#ifndef CLI_PLUGIN_BENCH_H
#define CLI_PLUGIN_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plugin_bench {
	const char *workload;
	uint64_t ops;
	bool instructions, here;
};

/* Plays the workload on every spec and on null, each in a process of its own, and shows what an operation costs. Returns the
 * exit code. */
int plugin_bench(const struct plugin_bench *bench, const char *const *specs, size_t count);

#endif
