/* SPDX-License-Identifier: MIT
 * The key of a process: a hash of everything that its record depends on, but for chance. */
#ifndef RUN_PROCESS_KEY_H
#define RUN_PROCESS_KEY_H

#include "base/error.h"
#include "run/job.h"
#include "run/run.h"
#include "workload/model.h"

#include <stddef.h>
#include <stdint.h>

/* Of what is played: the workload with every default written out, its stream, and its number in the run, which may hold the
 * same twice. -1: no memory. */
int process_identity(const struct workload *workload, uint64_t stream_hash, size_t number, uint64_t *identity,
		     struct error *error);

/* Of the job (its pass, round, spec and which of several arms with that spec, settings of a sweep as they were written) and of
 * the options on which figures depend, over an identity, by a build. The bytes of a plugin count, not its name alone. -1: no
 * memory; a plugin that cannot be read counts as empty: its worker says why. */
int process_key(const struct job *job, const struct run_options *options, uint64_t identity, uint64_t build_hash,
		uint64_t *key, struct error *error);

#endif
