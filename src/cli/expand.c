/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "workload/workload_yaml.h"

#include <stdio.h>

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_given given;
	int read = cli_read(command, argc, argv, (void *[]){NULL, NULL}, &given);
	if (read >= 0)
		return read;
	if (argc - given.first != 1) {
		fprintf(stderr, "iovabench expand: takes one file\n");
		return EXIT_CODE_USAGE;
	}
	struct workload workload;
	struct text messages = {0}, json = {0};
	int result = workload_load(argv[given.first], &workload, &messages);
	if (messages.length)
		fputs(messages.bytes, stderr);
	if (result == 0) {
		workload_expand(&workload, &json);
		workload_release(&workload);
		if (!json.failed)
			puts(json.bytes);
	}
	int code = result == WORKLOAD_NO_MEMORY ? EXIT_CODE_IO
		   : result < 0                 ? EXIT_CODE_USAGE
		   : json.failed                ? EXIT_CODE_IO
						: EXIT_CODE_OK;
	text_release(&messages);
	text_release(&json);
	return code;
}

const struct cli_command cli_expand = {
	.name = "expand",
	.about = "print a workload with every default written out, as JSON",
	.usage = (const char *const[]){"FILE", NULL},
	.text = "Prints a workload as one JSON document with every default written out: what a run would play.\n",
	.run = run_command,
};
