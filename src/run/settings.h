/* SPDX-License-Identifier: MIT
 * The options of a run that are more than how it is shown: read from a command line, kept in run.json, part of the key of a
 * process. */
#ifndef RUN_SETTINGS_H
#define RUN_SETTINGS_H

#include "base/option.h"
#include "run/run.h"

/* Rows whose target is a struct run_options. */
enum { RUN_SETTINGS = 25 };
extern const struct option_row run_settings[RUN_SETTINGS];

/* What nobody gave. */
struct run_options run_options_default(void);

/* What all its arms together need. */
uint32_t run_most_threads(const struct run_options *options);
bool run_is_open_loop(const struct run_options *options);

/* Appends "name=value" of every row on which figures depend, a line each. */
void run_settings_add_key(const struct run_options *options, struct text *text);

/* Appends " --name value" when a command line has to say it: when it is not that of fallback. NULL: always. What only shows is
 * left out. */
void run_setting_add(const struct option_row *row, const struct run_options *options, const struct run_options *fallback,
		     struct text *text);

#endif
