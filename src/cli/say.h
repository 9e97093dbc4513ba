/* SPDX-License-Identifier: MIT
 * What is told beside data. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

/* Onto standard error, lines with their ends. Names in it come from files and command lines: what would steer a terminal is
 * written as an escape. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A table without colours onto standard output, likewise. */
void cli_show(const char *table);

#endif
