/* SPDX-License-Identifier: MIT
 * The files that a run reads (workloads, plugins, recordings) with a hash of what was in them: a run goes on with the same
 * alone. */
#ifndef RUN_INPUTS_H
#define RUN_INPUTS_H

#include "base/error.h"
#include "base/text.h"
#include "workload/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUTS_FILE_BYTES_MAX ((size_t)1 << 30) /* of a plugin or recording */

struct input {
	char *path;    /* as it was named, from the folder where the run was begun */
	uint64_t hash; /* of its bytes, as workload_hash */
};

/* Zero-initialise. */
struct inputs {
	struct input *list;
	size_t count, capacity;
};

/* Takes path over, also on failure; NULL is no memory. One that is there already is left as it is. -1: no memory. */
int inputs_add(struct inputs *inputs, char *path, uint64_t hash, struct error *error);
/* Its bytes are read now. */
int inputs_add_file(struct inputs *inputs, const char *path, struct error *error);
/* The plugins of a spec, and the recordings of a workload, read now. -1: no memory, or a file that cannot be read. */
int inputs_add_plugins(struct inputs *inputs, const char *spec, struct error *error);
int inputs_add_recordings(struct inputs *inputs, const struct workload *workload, struct error *error);
void inputs_release(struct inputs *inputs);

/* Reads all of them again. -1 with EXIT_CODE_USAGE and the name of the first one that is not what it was. */
int inputs_check(const struct inputs *inputs, struct error *error);

/* Of all plugins of a spec, as they were read; 0: it has none, or they were not read. */
uint64_t inputs_plugin_hash(const struct inputs *inputs, const char *spec);

/* The next plugin of a spec: *at is the spec at first, and moves on. Its path replaces what is in *path (path->failed: no
 * memory). false: no more. The path of a plugin has a slash and ends before its options; layers may be plugins, too. */
bool inputs_next_plugin(const char **at, struct text *path);

#endif
