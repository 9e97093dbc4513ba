/* SPDX-License-Identifier: MIT
 *
 * Creates the built-in allocators by their spec, for programs that link libiovabench: tests of a driver, plugins that want a
 * reference.
 *
 * This header stands on its own with allocator.h, in C11 and in C++11.
 */
#ifndef IOVABENCH_INSTANCE_H
#define IOVABENCH_INSTANCE_H

#include "iovabench/allocator.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A created allocator with every layer below it. */
struct iova_instance;

/* spec: name[:key=value,...], layers with '+' in front, or the path of a plugin with a slash in it: "rbtree:fit=best",
 * "magazine+segregated". host outlives the instance; NULL: memory of the program and locks of its threads, with one logical
 * CPU. Otherwise its size covers all of struct iova_host, it has CPUs and both functions for memory, and all four for locks
 * when some part is IOVA_CONCURRENT (else all four or none). NULL on failure, with the reason in message (cut to
 * message_bytes, always ended; message may be NULL when message_bytes is 0): the spec, a space or host that breaks these
 * rules, no memory. Nothing is held then. */
struct iova_instance *iova_instance_create(const char *spec, const struct iova_space *space, const struct iova_host *host,
					   char *message, size_t message_bytes);

/* Of the outermost layer: what the calls of allocator.h take. Valid until the instance is destroyed. */
const struct iova_allocator *iova_instance_table(const struct iova_instance *instance);
void *iova_instance_self(const struct iova_instance *instance);
/* IOVA_ capability bits of the whole stack: a layer passes on what the one below it cannot follow. */
uint64_t iova_instance_capabilities(const struct iova_instance *instance);

/* NULL is ignored. */
void iova_instance_destroy(struct iova_instance *instance);

#ifdef __cplusplus
}
#endif

#endif
