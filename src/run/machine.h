/* SPDX-License-Identifier: MIT
 * Where and with what a run was made. */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include "base/clock.h"
#include "result/result.h"

/* Of this moment. */
void machine_environment(struct result_environment *environment, const struct clock *clock);

/* Fills result->machine (but for the environment before the run), result->build and the one node. For warnings: threads of the
 * run, and the bytes that --memory gives a worker, 0 when it was not given. -1: no memory. */
int machine_describe(struct result *result, const struct clock *clock, uint32_t threads, uint64_t limit_bytes);

/* What a control group that may take group_bytes means for workers of limit_bytes, which is 0 when nobody gave it: nothing
 * when they have room in it. */
void machine_warn_of_memory(struct text *warnings, uint64_t group_bytes, uint64_t limit_bytes);

/* A new text, or NULL without memory: the model of the CPU, or "unknown". */
char *machine_cpu_name(void);

/* What tells this machine from others: a hash of its machine id and its host name, so that images which were copied with
 * their id are told apart by name. root: as below. */
uint64_t machine_node_id(const char *root);
/* Fills id, microcode, memory_bytes (to the nearest GiB: firmware keeps a little more on one machine than on its like) and
 * numa_nodes of a zeroed node. -1: no memory. root: as below. */
int machine_node(const char *root, struct result_node *node);

/* Sizes of the caches of a CPU, in the order of enum result_cache; 0 where the system does not tell. root: as below. */
void machine_caches(const char *root, int cpu, uint64_t cache_bytes[RESULT_CACHE_COUNT]);

/* What this process may take of memory: the machine's, or what its control group leaves of it; 0: cannot be told. root: "" or
 * the folder that holds proc and sys. */
uint64_t machine_memory_bytes(const char *root);

/* The CPU that workers are pinned to: the last one that this process may use; -1 when that cannot be told. */
int machine_worker_cpu(void);

/* CPUs for threads: the last one that this process may use first, then downwards, and around again when there are too few. How
 * many there are; 0 when that cannot be told. */
int machine_thread_cpus(int *cpus, uint32_t threads);

#endif
