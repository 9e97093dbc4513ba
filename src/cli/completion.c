/* SPDX-License-Identifier: MIT
 * What may stand at the end of an unfinished command line. The scripts by which shells ask for it know nothing of the
 * program. */
#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/asset.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

ASSET("completion_bash", "src/cli/completion.bash");
ASSET("completion_zsh", "src/cli/completion.zsh");
ASSET("completion_fish", "src/cli/completion.fish");
extern const char completion_bash[], completion_zsh[], completion_fish[];

static const struct {
	const char *name, *script;
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

#define FILES "@files"

/* What is being looked for: candidates are whole words. */
struct search {
	const char *word;   /* as far as it was typed */
	const char *before; /* what stands before each candidate in its word, of `bytes` */
	size_t bytes;
	struct text *found; /* lines: candidate, tab, what it is */
};

static void offer(struct search *search, const char *candidate, const char *end, const char *about)
{
	struct text whole = {0};
	text_add(&whole, "%.*s%s%s", (int)search->bytes, search->before, candidate, end);
	if (whole.failed)
		search->found->failed = true;
	else if (!strncmp(whole.bytes, search->word, strlen(search->word)))
		text_add(search->found, "%s\t%s\n", whole.bytes, about);
	text_release(&whole);
}

static void offer_files(struct search *search)
{
	text_add(search->found, FILES "\t\n");
}

/* The options of an allocator, or the values of the one that is being typed. spec: behind the last '+'. */
static void offer_options(struct search *search, const struct iova_allocator *table, const char *spec)
{
	static const char *const flag[] = {"no", "yes", NULL};
	const char *option = strrchr(spec, ',') ? strrchr(spec, ',') + 1 : strchr(spec, ':') + 1;
	size_t length = strcspn(option, "=");
	search->before = search->word;
	search->bytes = (size_t)(option - search->word);
	for (uint64_t i = 0; i < table->option_count; i++) {
		const struct iova_option *row = &table->options[i];
		if (!option[length]) {
			offer(search, row->name, "=", row->help);
			continue;
		}
		const char *const *values = row->kind == IOVA_OPTION_FLAG ? flag : row->choices;
		if (strlen(row->name) != length || strncmp(row->name, option, length) != 0 ||
		    (row->kind != IOVA_OPTION_FLAG && row->kind != IOVA_OPTION_CHOICE))
			continue;
		search->bytes = (size_t)(option + length + 1 - search->word);
		for (size_t k = 0; values[k]; k++)
			offer(search, values[k], "", row->help);
	}
}

/* Allocators, layers in front of them, their options; begins: where the spec begins in the word. */
static void offer_specs(struct search *search, const char *begins)
{
	const char *last = strrchr(begins, '+') ? strrchr(begins, '+') + 1 : begins;
	size_t length = strcspn(last, ":");
	search->before = search->word;
	search->bytes = (size_t)(last - search->word);
	for (size_t i = 0; i < allocator_registry_count; i++) {
		const struct iova_allocator *table = allocator_registry[i];
		if (last[length] && strlen(table->name) == length && !strncmp(table->name, last, length)) {
			offer_options(search, table, last);
			return;
		}
		offer(search, table->name, table->capabilities & IOVA_LAYER ? "+" : "", table->about);
	}
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		offer(search, allocator_named_specs[i].name, "", allocator_named_specs[i].about);
	if (last == begins)
		offer(search, "all", "", "every built-in");
	if (strchr(begins, '/'))
		offer_files(search);
}

/* begins: where the value begins in the word. */
static void offer_values(struct search *search, const struct option_row *row, const char *begins)
{
	search->before = search->word;
	search->bytes = (size_t)(begins - search->word);
	if (row->kind == OPTION_CHOICE && row->choices)
		for (size_t i = 0; row->choices[i]; i++)
			offer(search, row->choices[i], "", row->help);
	else if (strstr(row->value, "SPEC"))
		offer_specs(search, begins);
	else if (strstr(row->value, "FILE") || strstr(row->value, "DIR"))
		offer_files(search);
}

static void offer_option(void *context, const struct option_row *row)
{
	struct text name = {0};
	text_add(&name, "--%s", row->name);
	if (!name.failed)
		offer(context, name.bytes, "", row->help);
	text_release(&name);
}

/* The words of a form of usage up to the first space: "bash|zsh|fish", "import", or in capitals what kind of thing it is. */
static void offer_form(struct search *search, const char *form)
{
	if (*form == '[' || !strncmp(form, "--", 2))
		return;
	for (const char *end = form + strcspn(form, " "); form < end && *form >= 'a' && *form <= 'z';) {
		char word[64];
		size_t length = strcspn(form, "| ");
		snprintf(word, sizeof word, "%.*s", (int)length, form);
		offer(search, word, "", "");
		form += length + (form[length] == '|');
	}
}

static void offer_plain(void *context, const char *candidate, const char *about)
{
	offer(context, candidate, "", about);
}

/* An argument that is no option. first: none stands before it. */
static void offer_argument(struct search *search, const struct cli_command *command, bool first)
{
	/* What usage calls that which lies in files. */
	static const char *const kinds[] = {"FILE", "RESULT", "DIR", "WORKLOAD", "A B"};
	bool files = false;
	for (size_t i = 0; command->usage[i]; i++) {
		if (first)
			offer_form(search, command->usage[i]);
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
			files = files || strstr(command->usage[i], kinds[k]);
	}
	if (first && command->names)
		command->names(offer_plain, search);
	if (files)
		offer_files(search);
}

/* The row that a word names as an option: --name, --name=..., or -x with the letter; NULL: none. *value: behind the '=', or
 * NULL. */
static const struct option_row *option_of(const struct cli_command *command, const char *word, const char **value)
{
	const char *equals = strncmp(word, "--", 2) ? NULL : strchr(word, '=');
	*value = equals ? equals + 1 : NULL;
	return cli_option(command, word, equals ? (size_t)(equals - word) : strlen(word));
}

/* Whether a word of the command line is an argument, and no option or its value. */
static bool is_argument(const struct cli_command *command, char **words, int i)
{
	const char *value;
	const struct option_row *before = i > 0 ? option_of(command, words[i - 1], &value) : NULL;
	return (*words[i] != '-' || !words[i][1]) && !(before && before->value && !value);
}

static void search_command(struct search *search, const struct cli_command *command, char **words, int count)
{
	const char *value;
	bool first = true;
	const struct option_row *row = count > 1 ? option_of(command, words[count - 2], &value) : NULL;
	if (row && row->value && !value) {
		offer_values(search, row, search->word);
		return;
	}
	row = option_of(command, search->word, &value);
	if (row && value && row->value) {
		offer_values(search, row, value);
		return;
	}
	if (*search->word == '-') {
		cli_each_option(command, offer_option, search);
		return;
	}
	for (int i = 0; i < count - 1; i++)
		first = first && !is_argument(command, words, i);
	offer_argument(search, command, first);
}

/* words: those behind the program's name, of which the last is being typed. */
static void search_words(struct search *search, char **words, int count)
{
	assert(count > 0);
	if (count == 1) {
		for (size_t i = 0; cli_commands[i]; i++)
			offer(search, cli_commands[i]->name, "", cli_commands[i]->about);
		offer(search, "--help", "", "the commands");
		offer(search, "--version", "", "the version");
		return;
	}
	for (size_t i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, words[0]))
			search_command(search, cli_commands[i], words + 1, count - 1);
}

static int show_words(char **words, int count)
{
	struct text found = {0};
	struct search search = {.word = words[count - 1], .before = "", .found = &found};
	search_words(&search, words, count);
	int code = found.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	if (!found.failed && found.bytes)
		fputs(found.bytes, stdout);
	text_release(&found);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){NULL, NULL}, &given);
	if (code >= 0)
		return code;
	char **words = argv + given.first;
	int count = argc - given.first;
	if (count > 1 && !strcmp(words[0], "words"))
		return show_words(words + 1, count - 1);
	for (size_t i = 0; count == 1 && i < sizeof shells / sizeof shells[0]; i++)
		if (!strcmp(words[0], shells[i].name)) {
			fputs(shells[i].script, stdout);
			return EXIT_CODE_OK;
		}
	return cli_usage_nearest(command, "takes one of bash, zsh, fish", count == 1 ? words[0] : "",
				 (const char *const[]){"bash", "zsh", "fish", NULL});
}

const struct cli_command cli_completion = {
	.name = "completion",
	.about = "a script by which bash, zsh or fish complete command lines",
	.usage = (const char *const[]){"bash|zsh|fish", "words -- WORD...", NULL},
	.text = "Writes the script for a shell. It asks the program itself what may stand where, so that it never is older "
		"than the program.\n\n"
		"words tells what may stand for the last of these words, a line each with what it is; the scripts ask for "
		"it. A line " FILES " stands for the names of files.\n\n"
		"  . <(iovabench completion bash)                                  make install puts it where bash looks\n"
		"  iovabench completion zsh > \"${fpath[1]}/_iovabench\"\n"
		"  iovabench completion fish > ~/.config/fish/completions/iovabench.fish\n",
	.run = run_command,
};
