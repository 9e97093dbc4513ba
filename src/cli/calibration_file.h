/* SPDX-License-Identifier: MIT
 * Where the calibration of this machine lies: $XDG_CACHE_HOME/iovabench/calibration.json, else below $HOME/.cache. */
#ifndef CLI_CALIBRATION_FILE_H
#define CLI_CALIBRATION_FILE_H

#include "base/error.h"
#include "base/text.h"
#include "compare/calibration.h"

/* The folder; -1 when neither variable is set, or no memory. */
int calibration_folder(struct text *folder, struct error *error);

/* Reads file, or with NULL this machine's; that one may be missing: *calibration is then not known. */
int calibration_find(const char *file, struct calibration *calibration, struct error *error);

/* This machine's, for a run that command makes: what cannot be read is told on standard error and not known. */
void calibration_of_run(const char *command, struct calibration *calibration);

#endif
