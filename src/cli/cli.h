/* SPDX-License-Identifier: MIT
 * The sub-commands, and what several of them share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"
#include "result/result.h"
#include "run/run.h"

#include <stdbool.h>
#include <stddef.h>

extern const struct cli_command cli_advise;
extern const struct cli_command cli_aperture;
extern const struct cli_command cli_calibrate;
extern const struct cli_command cli_check;
extern const struct cli_command cli_compare;
extern const struct cli_command cli_completion;
extern const struct cli_command cli_describe;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_expand;
extern const struct cli_command cli_gate;
extern const struct cli_command cli_history;
extern const struct cli_command cli_list;
extern const struct cli_command cli_plot;
extern const struct cli_command cli_plugin;
extern const struct cli_command cli_report;
extern const struct cli_command cli_merge;
extern const struct cli_command cli_resume;
extern const struct cli_command cli_run;
extern const struct cli_command cli_suite;
extern const struct cli_command cli_trace;
extern const struct cli_command cli_verify;

/* All of them, in the order of help; NULL at the end. */
extern const struct cli_command *const cli_commands[];

struct plan_changes;
/* Checks files as iovabench check does, with what a command line changes in them; command: who complains. Returns the exit
 * code. */
int cli_check_files(const char *command, const char *const *files, size_t count, const struct plan_changes *changes);

/* Writes what a manual page has of a table of the program, in troff: commands, keys, metrics or allocators. make manual puts
 * it in. Returns the exit code. */
int cli_manual(const char *table);

/* Plays the operations of a workload, with what a command line changes in it, on an allocator that gave wrong answers, cuts
 * them down and writes them as a script. Tells what became of it. Returns an exit code. */
int cli_shrink(const char *spec, const char *file, const struct plan_changes *changes, const char *script);

/* As --color takes them. */
enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };
extern const char *const cli_colors[]; /* NULL at the end */

/* Whether a descriptor takes colours: with AUTO a terminal, no NO_COLOR, and TERM is not "dumb". */
bool cli_takes_color(int descriptor, enum cli_color wanted);
/* COLUMNS where it is a number, else the columns of the terminal behind a descriptor; 124 when it is none. */
unsigned cli_width(int descriptor);
/* How a command that takes a while tells how far it is. */
enum run_progress cli_progress(bool quiet);

struct cli_gate; /* cli/gate_end.h */

/* How a run tells what it found. */
struct cli_output {
	const struct cli_gate *gate; /* holds the result against a baseline, too; NULL: none */
	const char *json;            /* a file, "-", or NULL */
	enum cli_color color;
	bool quiet, all;
	/* In place of the table, also when quiet: adds lines of width columns. NULL: the table. */
	void (*answer)(const struct result *result, unsigned width, struct text *text);
};

/* What comes behind a run with this exit code: messages, the report, the table; then all of it is released. Returns the exit
 * code of the program. */
enum exit_code cli_end_run(const char *command, enum exit_code code, const struct cli_output *output, struct result *result,
			   struct text *folder, struct text *messages, struct error *error);

/* On standard error, a line for each: arms that failed, named ones that could not play, expectations that were missed, an
 * interruption. */
void cli_tell_faults(const char *command, const struct result *result);

/* report.html into the folder of a run. */
int cli_write_report(const struct result *result, const char *folder, struct error *error);

#endif
