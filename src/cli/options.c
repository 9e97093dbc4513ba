/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "base/file.h"
#include "cli/cli.h"
#include "cli/say.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* Values that getopt gives for rows without a letter: above every char. */
#define FIRST_VALUE 256

#define HELP_WIDTH 124u

static const struct option_row help_row = {
	.name = "help", .letter = 'h', .kind = OPTION_FLAG, .effect = OPTION_SHOWS, .help = "this text"};

/* The rows of a command in getopt's form; value i + FIRST_VALUE is row i of all. */
struct forms {
	struct option longs[CLI_OPTIONS_MAX + 2];
	char letters[2 * CLI_OPTIONS_MAX + 4];
	const struct option_row *rows[CLI_OPTIONS_MAX];
	size_t table[CLI_OPTIONS_MAX], index[CLI_OPTIONS_MAX];
	size_t count;
};

static bool has(const struct cli_table *table, const char *name)
{
	for (size_t i = 0; table->only && table->only[i]; i++)
		if (!strcmp(table->only[i], name))
			return true;
	return !table->only;
}

/* Calls what with every row of the command, in the order of help. */
static void each_row(const struct cli_command *command,
		     void (*what)(void *context, const struct option_row *row, size_t table, size_t index), void *context)
{
	for (size_t t = 0; t < CLI_TABLES_MAX; t++)
		for (size_t i = 0; i < command->tables[t].count; i++)
			if (has(&command->tables[t], command->tables[t].rows[i].name))
				what(context, &command->tables[t].rows[i], t, i);
}

static void add_form(void *context, const struct option_row *row, size_t table, size_t index)
{
	struct forms *forms = context;
	size_t i = forms->count++;
	assert(i < CLI_OPTIONS_MAX && index < CLI_OPTIONS_MAX);
	forms->rows[i] = row;
	forms->table[i] = table;
	forms->index[i] = index;
	forms->longs[i] =
		(struct option){row->name, row->value ? required_argument : no_argument, NULL, FIRST_VALUE + (int)i};
	if (row->letter) {
		const char letter[] = {row->letter, row->value ? ':' : '\0', '\0'};
		strcat(forms->letters, letter);
	}
}

static size_t row_of(const struct forms *forms, int option)
{
	if (option >= FIRST_VALUE)
		return (size_t)option - FIRST_VALUE;
	for (size_t i = 0; i < forms->count; i++)
		if (forms->rows[i]->letter == option)
			return i;
	assert(false && "getopt gives letters of the table only");
	return 0;
}

static const char *nearest_of(const char *word, const struct option *options)
{
	const char *names[CLI_OPTIONS_MAX + 2] = {0};
	for (size_t i = 0; i <= CLI_OPTIONS_MAX && options[i].name; i++)
		names[i] = options[i].name;
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	return text_nearest(name, names);
}

/* What getopt answered with '?' or ':'. */
static int bad_option(const char *command, char **argv, const struct option *options, int option)
{
	const char *word = argv[optind - 1];
	if (option == ':') {
		cli_say("iovabench %s: %s needs a value; iovabench %s --help tells which\n", command, word, command);
		return EXIT_CODE_USAGE;
	}
	bool is_long = strncmp(word, "--", 2) == 0;
	if (is_long && optopt) {
		cli_say("iovabench %s: %.*s takes no value\n", command, (int)strcspn(word, "="), word);
		return EXIT_CODE_USAGE;
	}
	const char *nearest = is_long ? nearest_of(word + 2, options) : NULL;
	if (is_long)
		cli_say("iovabench %s: there is no option '%s'%s%s%s; iovabench %s --help tells all\n", command, word,
			nearest ? "; did you mean '--" : "", nearest ? nearest : "", nearest ? "'?" : "", command);
	else
		cli_say("iovabench %s: there is no option '-%c'; iovabench %s --help tells all\n", command, optopt,
			command);
	return EXIT_CODE_USAGE;
}

static int show_help(const struct cli_command *command)
{
	struct text text = {0};
	cli_command_help(command, HELP_WIDTH, &text);
	int code = text.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	if (!text.failed)
		fputs(text.bytes, stdout);
	text_release(&text);
	return code;
}

/* One option; returns an exit code. */
static int take(const struct cli_command *command, const struct option_row *row, void *target, bool *given)
{
	struct error error = {0};
	if (*given && row->value && !row->repeats) {
		cli_say("iovabench %s: --%s was given twice; it takes one value\n", command->name, row->name);
		return EXIT_CODE_USAGE;
	}
	*given = true;
	if (option_read(row, target, optarg, &error) == 0)
		return EXIT_CODE_OK;
	cli_say("iovabench %s: %s\n", command->name, error.message);
	return (int)error.exit_code;
}

int cli_read(const struct cli_command *command, int argc, char **argv, void *const *targets, struct cli_given *given)
{
	assert(argc >= 1 && command->name);
	struct forms forms = {.letters = ":h"};
	*given = (struct cli_given){0};
	each_row(command, add_form, &forms);
	forms.longs[forms.count] = (struct option){help_row.name, no_argument, NULL, 'h'};
	opterr = 0;
	optind = 0; /* glibc: starts again, argv may be another one */
	for (int option; (option = getopt_long(argc, argv, forms.letters, forms.longs, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return bad_option(command->name, argv, forms.longs, option);
		if (option == 'h')
			return show_help(command);
		size_t i = row_of(&forms, option);
		int code = take(command, forms.rows[i], targets[forms.table[i]],
				&given->given[forms.table[i]][forms.index[i]]);
		if (code != EXIT_CODE_OK)
			return code;
	}
	given->first = optind;
	return -1;
}

bool cli_was_given(const struct cli_command *command, const struct cli_given *given, const char *name)
{
	for (size_t t = 0; t < CLI_TABLES_MAX; t++)
		for (size_t i = 0; i < command->tables[t].count; i++)
			if (!strcmp(command->tables[t].rows[i].name, name))
				return given->given[t][i];
	assert(false && "the command has the option");
	return false;
}

struct visit {
	void (*what)(void *context, const struct option_row *row);
	void *context;
};

static void visit_row(void *context, const struct option_row *row, size_t table, size_t index)
{
	const struct visit *visit = context;
	(void)table;
	(void)index;
	visit->what(visit->context, row);
}

void cli_each_option(const struct cli_command *command, void (*what)(void *context, const struct option_row *row),
		     void *context)
{
	struct visit visit = {what, context};
	each_row(command, visit_row, &visit);
	what(context, &help_row);
}

struct word {
	const char *word;
	size_t bytes;
	const struct option_row *row;
};

static void is_word(void *context, const struct option_row *row)
{
	struct word *word = context;
	const char *name = word->word;
	if (word->bytes == 2 && name[0] == '-' && row->letter && name[1] == row->letter)
		word->row = row;
	if (word->bytes == strlen(row->name) + 2 && !strncmp(name, "--", 2) &&
	    !strncmp(name + 2, row->name, word->bytes - 2))
		word->row = row;
}

const struct option_row *cli_option(const struct cli_command *command, const char *text, size_t bytes)
{
	struct word word = {text, bytes, NULL};
	cli_each_option(command, is_word, &word);
	return word.row;
}

bool cli_is_among(const struct cli_command *command, const char *name, int count, char *const *words)
{
	for (int i = 0; i < count; i++) {
		const struct option_row *row = cli_option(command, words[i], strcspn(words[i], "="));
		if (row && strcmp(row->name, name) == 0)
			return true;
	}
	return false;
}

int cli_usage(const struct cli_command *command, const char *message)
{
	cli_say("iovabench %s: %s; iovabench %s --help tells more\n", command->name, message, command->name);
	return EXIT_CODE_USAGE;
}

int cli_usage_nearest(const struct cli_command *command, const char *message, const char *word, const char *const *names)
{
	const char *nearest = text_nearest(word, names);
	struct text whole = {0};
	text_add(&whole, "%s%s%s%s", message, nearest ? "; did you mean '" : "", nearest ? nearest : "",
		 nearest ? "'?" : "");
	int code = cli_usage(command, whole.failed ? message : whole.bytes);
	text_release(&whole);
	return code;
}

bool cli_one_standard_input(const struct cli_command *command, const char *const *words, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += words[i] && strcmp(words[i], FILE_STANDARD_INPUT) == 0;
	if (found > 1)
		cli_say("iovabench %s: standard input ('-') was named %zu times, and can be read once\n", command->name,
			found);
	return found <= 1;
}

struct help {
	struct text *text;
	unsigned width;
};

static void add_help(void *context, const struct option_row *row, size_t table, size_t index)
{
	(void)table;
	(void)index;
	struct help *help = context;
	option_help(row, help->width, help->text);
}

/* Paragraphs are wrapped, lines that begin with a space are not. */
static void add_paragraphs(const char *words, size_t bytes, unsigned width, struct text *text)
{
	for (const char *end = words + bytes; words < end;) {
		size_t length = strcspn(words, "\n");
		char line[4096];
		snprintf(line, sizeof line, "%.*s", (int)length, words);
		if (*words == ' ' || !length)
			text_add(text, "%s\n", line);
		else
			option_wrap(line, 0, 0, width, text);
		words += length + (words[length] == '\n');
	}
}

void cli_command_help(const struct cli_command *command, unsigned width, struct text *text)
{
	assert(command->usage[0] && width);
	struct help help = {text, width};
	const char *rest = strstr(command->text, "\n\n");
	size_t first = rest ? (size_t)(rest - command->text) + 1 : strlen(command->text);
	for (size_t i = 0; command->usage[i]; i++)
		text_add(text, "%s iovabench %s%s%s\n", i ? "      " : "usage:", command->name,
			 *command->usage[i] ? " " : "", command->usage[i]);
	text_add(text, "\n");
	add_paragraphs(command->text, first, width, text);
	text_add(text, "\n");
	each_row(command, add_help, &help);
	option_help(&help_row, width, text);
	add_paragraphs(command->text + first, strlen(command->text) - first, width, text);
}

static void add_manual(void *context, const struct option_row *row, size_t table, size_t index)
{
	struct text *text = context;
	(void)table;
	(void)index;
	text_add(text, ".TP\n\\fB");
	if (row->letter)
		text_add(text, "\\-%c, ", row->letter);
	text_add_troff(text, "--");
	text_add_troff(text, row->name);
	text_add(text, "\\fR");
	if (row->value) {
		text_add(text, " \\fI");
		text_add_troff(text, row->value);
		text_add(text, "\\fR");
	}
	text_add(text, "\n");
	text_add_troff(text, row->help);
	text_add(text, "\n");
}

void cli_command_manual(const struct cli_command *command, struct text *text)
{
	assert(command->usage[0]);
	for (size_t i = 0; command->usage[i]; i++) {
		text_add(text, i ? ".br\n.B " : ".SS \"");
		if (!i)
			text_add(text, "%s: %s\"\n.B ", command->name, command->about);
		text_add(text, "iovabench %s\n", command->name);
		text_add_troff(text, command->usage[i]);
		text_add(text, "\n");
	}
	each_row(command, add_manual, text);
}
