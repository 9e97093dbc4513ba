/* SPDX-License-Identifier: MIT
 * The sub-commands. argv[0] is the sub-command's name; each returns the program's exit code. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"

#include <getopt.h>
#include <stdbool.h>

int cli_aperture(int argc, char **argv);
int cli_calibrate(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_expand(int argc, char **argv);
int cli_gate(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_resume(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_trace(int argc, char **argv);

struct plan_changes;
/* Checks files as iovabench check does, with what a command line changes in them; command: who complains. Returns the exit code. */
int cli_check_files(const char *command, char *const *files, int count, const struct plan_changes *changes);

/* Says what is wrong with an option for which getopt_long returned '?' or, with ':' first in its letters, ':' (opterr is 0); names the
 * nearest one. Returns EXIT_CODE_USAGE. */
int cli_bad_option(const char *command, char **argv, const struct option *options, int option);

/* Whether file (a descriptor) takes colours: a terminal, no NO_COLOR, and TERM is not "dumb"; wanted: "auto", "always" or "never". */
bool cli_color(int descriptor, const char *wanted);
/* Columns of the terminal behind a descriptor; 124 when it is none. */
unsigned cli_width(int descriptor);

/* How a run tells what it found. */
struct cli_output {
	const char *json; /* a file, "-", or NULL */
	const char *color;
	bool quiet;
};

/* What comes behind a run with this exit code: messages, the report, the table; then all of it is released. Returns the exit code of the
 * program. */
enum exit_code cli_end_run(const char *command, enum exit_code code, const struct cli_output *output, struct result *result,
			   struct text *folder, struct text *messages, struct error *error);

/* On standard error, a line for each: arms that failed, named ones that could not play, expectations that were missed, an interruption. */
void cli_tell_faults(const char *command, const struct result *result);

/* report.html into the folder of a run. */
int cli_write_report(const struct result *result, const char *folder, struct error *error);

#endif
