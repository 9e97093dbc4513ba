/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "workload/workload_yaml.h"

#include <getopt.h>
#include <stdio.h>

int cli_expand(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
		if (option != 'h')
			return cli_bad_option("expand", argv, options, option);
		puts("usage: iovabench expand FILE\n\n"
		     "Prints a workload as one JSON document with every default written out: what a run would play.");
		return EXIT_CODE_OK;
	}
	if (argc - optind != 1) {
		fprintf(stderr, "iovabench expand: takes one file\n");
		return EXIT_CODE_USAGE;
	}
	struct workload workload;
	struct text messages = {0}, json = {0};
	int result = workload_load(argv[optind], &workload, &messages);
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
