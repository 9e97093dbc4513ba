/* SPDX-License-Identifier: MIT
 * A sub-command as data: its help, its lines of the manual and the reading of its command line come from here. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/option.h"

#define CLI_TABLES_MAX 3
#define CLI_OPTIONS_MAX 40

struct cli_command {
	const char *name;
	const char *about;        /* a line in the list of commands */
	const char *const *usage; /* what follows the command's name, a form each; NULL at the end */
	const char *text;         /* paragraphs, "\n\n" between them; lines that begin with a space are examples */
	struct cli_table {
		const struct option_row *rows;
		size_t count;
		const char *const *only; /* names of the rows that this command has, NULL at the end; NULL: all */
	} tables[CLI_TABLES_MAX];
	/* Offers what the first argument may be, with a line on each, where that is neither a word of usage nor a file; NULL:
	 * nothing. */
	void (*names)(void (*offer)(void *context, const char *name, const char *about), void *context);
	int (*run)(const struct cli_command *command, int argc, char **argv);
};

/* What was read. */
struct cli_given {
	bool given[CLI_TABLES_MAX][CLI_OPTIONS_MAX]; /* by row */
	int first;                                   /* word behind the options */
};

/* Reads the options of argv (argv[0]: the command) into targets, one for each table. Returns -1 to go on, else the exit code:
 * everything was said, help included. Options and other words may be mixed; argv is permuted. */
int cli_read(const struct cli_command *command, int argc, char **argv, void *const *targets, struct cli_given *given);

/* Whether the option of that name, which the command has, was given. */
bool cli_was_given(const struct cli_command *command, const struct cli_given *given, const char *name);

/* Calls what for every option of the command, in the order of help. */
void cli_each_option(const struct cli_command *command, void (*what)(void *context, const struct option_row *row),
		     void *context);

/* The option that the first bytes of a text are: --name, or - and its letter. NULL: none of the command's. */
const struct option_row *cli_option(const struct cli_command *command, const char *text, size_t bytes);

/* Whether one of the words is the option of that name. */
bool cli_is_among(const struct cli_command *command, const char *name, int count, char *const *words);

/* Says "iovabench COMMAND: message; iovabench COMMAND --help tells more" and returns EXIT_CODE_USAGE. */
int cli_usage(const struct cli_command *command, const char *message);

/* Likewise, with what a word that is none of names may have meant: message; did you mean '...'? */
int cli_usage_nearest(const struct cli_command *command, const char *message, const char *word, const char *const *names);

/* Whether at most one of the words (NULL: none) is standard input, which can be read once; else says so. */
bool cli_one_standard_input(const struct cli_command *command, const char *const *words, size_t count);

void cli_command_help(const struct cli_command *command, unsigned width, struct text *text);
/* The command as a piece of a manual page, in troff. */
void cli_command_manual(const struct cli_command *command, struct text *text);

#endif
