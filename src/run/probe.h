/* SPDX-License-Identifier: MIT
 * Plugins are looked at before anything is played, in a process of their own each. */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H

#include "base/error.h"
#include "base/text.h"
#include "run/run.h"

/* Opens every spec of options that has a plugin. -1 with EXIT_CODE_USAGE and a line in *messages for each that is not there,
 * is no plugin or gets a wrong option; or with EXIT_CODE_IO and *error. One that crashes or hangs while it is opened is left
 * to its arm. */
int probe_specs(const struct run_options *options, struct text *messages, struct error *error);

#endif
