/* SPDX-License-Identifier: MIT
 * The sub-commands. argv[0] is the sub-command's name; each returns the program's exit code. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

int cli_check(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_expand(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_trace(int argc, char **argv);

/* Whether file (a descriptor) takes colours: a terminal, no NO_COLOR, and TERM is not "dumb"; wanted: "auto", "always" or "never". */
bool cli_color(int descriptor, const char *wanted);
/* Columns of the terminal behind a descriptor; 124 when it is none. */
unsigned cli_width(int descriptor);

#endif
