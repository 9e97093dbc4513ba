/* SPDX-License-Identifier: MIT
 * Finds allocators by name and reads specs: name[:key=value,...], layers with '+' in front, a path with a slash is a plugin.
 * In its path \+ \: and \\ stand for + : and \; any other backslash is one. */
#ifndef ALLOCATOR_REGISTRY_H
#define ALLOCATOR_REGISTRY_H

#include "base/error.h"
#include "base/text.h"
#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stddef.h>

#define ALLOCATOR_SPEC_LAYERS_MAX 4
#define ALLOCATOR_OPTIONS_MAX 16

/* The built-in allocators, competitors first, in the order in which tables show them. */
extern const struct iova_allocator *const allocator_registry[];
extern const size_t allocator_registry_count;

/* NULL when there is none of that name. */
const struct iova_allocator *allocator_find(const char *name);

/* Bytes up to the first of the stops that no backslash stands before, or to the end. */
size_t allocator_spec_length(const char *text, const char *stops);
/* Adds the path that so many bytes of a spec write, and the other way round. */
void allocator_path_read(const char *text, size_t length, struct text *path);
void allocator_path_write(const char *path, struct text *spec);

/* One parsed spec, outermost layer first. */
struct allocator_spec {
	size_t count; /* >= 1 */
	struct allocator_spec_part {
		const struct iova_allocator *table;
		uint64_t options[ALLOCATOR_OPTIONS_MAX];
		void *library; /* of dlopen, or NULL */
	} parts[ALLOCATOR_SPEC_LAYERS_MAX];
};

/* What the table of a part can do, less what the choices of its options take away. */
uint64_t allocator_part_capabilities(const struct allocator_spec_part *part);
/* Of the outermost part, less what a request may ask for (ALIGN, LIMIT, BOUNDARY, EXPLICIT, DIRECTION) and one below does not
 * follow. */
uint64_t allocator_spec_capabilities(const struct allocator_spec *spec);

/* Checks a spec without opening plugins: names, options, values and layer order of built-ins; a part with a slash only needs
 * to look like a path. Returns 0, or -1 with EXIT_CODE_USAGE and a message that names the part, the option, what it takes and
 * the nearest name. */
int allocator_spec_check(const char *text, struct error *error);

/* Parses a spec and opens its plugins (in this process: a worker). Plugins are refused with EXIT_CODE_USAGE and a message: no
 * such file, no iova_plugin, other magic, ABI number or size (both numbers are named), a missing function (named). Nothing
 * stays open on failure. */
int allocator_spec_open(const char *text, struct allocator_spec *spec, struct error *error);
void allocator_spec_close(struct allocator_spec *spec);

/* NULL when the table keeps the rules of the contract's header, else a sentence that is valid until the next call of this
 * thread: for plugins and for tests of built-ins. */
const char *allocator_table_fault(const struct iova_allocator *table);

/* A created allocator with everything below it. table and self belong to the outermost layer. Layers point into stack: an
 * instance must not be moved or copied. */
struct allocator_instance {
	const struct iova_allocator *table;
	void *self;
	uint64_t capabilities; /* as allocator_spec_capabilities has them */
	size_t count;
	struct iova_below stack[ALLOCATOR_SPEC_LAYERS_MAX]; /* innermost first */
};

/* Creates the stack of a spec over one space. host must outlive the instance. Returns 0, or -1 with the allocator's own reason
 * (EXIT_CODE_NO_ARM) or for lack of memory (EXIT_CODE_IO); nothing is left behind. */
int allocator_instance_create(const struct allocator_spec *spec, const struct iova_space *space,
			      const struct iova_host *host, struct allocator_instance *instance, struct error *error);
void allocator_instance_destroy(struct allocator_instance *instance);
/* Pages of the longest request that all of the stack could ever serve; UINT64_MAX: the space is the only limit. */
uint64_t allocator_instance_length_max(const struct allocator_instance *instance);
/* Pages in front of a live extent that come and go with it. */
uint64_t allocator_instance_padding(const struct allocator_instance *instance, const struct iova_extent *extent);

#endif
