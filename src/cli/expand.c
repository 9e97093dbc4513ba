/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "workload/workload_yaml.h"

#include <stdio.h>

enum format { JSON, YAML };
static const char *const format_names[] = {[JSON] = "json", [YAML] = "yaml", NULL};

struct arguments {
	unsigned format;
};

static const struct option_row rows[] = {
	{"format", 0, OPTION_CHOICE, OPTION_SHOWS, "json|yaml", "takes json or yaml", "default: json",
	 OPTION_AT(struct arguments, format), .choices = format_names},
};

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_given given;
	struct arguments arguments = {.format = JSON};
	int read = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (read >= 0)
		return read;
	if (argc - given.first != 1) {
		cli_say("iovabench expand: takes one workload\n");
		return EXIT_CODE_USAGE;
	}
	struct workload workload;
	struct text path = {0}, messages = {0}, expanded = {0};
	workload_folder_resolve(argv[given.first], &path);
	int result = path.failed ? WORKLOAD_NO_MEMORY : workload_load(path.bytes, &workload, &messages);
	if (messages.length)
		cli_say("%s", messages.bytes);
	if (result == 0) {
		if (arguments.format == YAML)
			workload_expand_yaml(&workload, &expanded);
		else
			workload_expand(&workload, &expanded);
		workload_release(&workload);
		if (!expanded.failed)
			fputs(expanded.bytes, stdout);
	}
	int code = result == WORKLOAD_NO_MEMORY ? EXIT_CODE_IO
		   : result < 0                 ? EXIT_CODE_USAGE
		   : expanded.failed            ? EXIT_CODE_IO
						: EXIT_CODE_OK;
	text_release(&path);
	text_release(&messages);
	text_release(&expanded);
	return code;
}

const struct cli_command cli_expand = {
	.name = "expand",
	.about = "print a workload with every default written out, as JSON or YAML",
	.usage = (const char *const[]){"WORKLOAD [--format json|yaml]", NULL},
	.text = "Prints a workload (a file, - for standard input, or the name of one that is shipped) "
		"with every default written out: what a run would play. It is a workload again, as JSON too, "
		"which can be checked, changed and run; recordings are looked for beside the file that names them.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
