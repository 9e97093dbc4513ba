/* SPDX-License-Identifier: MIT
 * What is said of an option that a sub-command does not have. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 32

static const char *nearest_of(const char *word, const struct option *options)
{
	const char *names[OPTIONS_MAX + 1] = {0};
	for (size_t i = 0; i < OPTIONS_MAX && options[i].name; i++)
		names[i] = options[i].name;
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	return text_nearest(name, names);
}

int cli_bad_option(const char *command, char **argv, const struct option *options, int option)
{
	const char *word = argv[optind - 1];
	if (option == ':') {
		fprintf(stderr, "iovabench %s: %s needs a value; iovabench %s --help tells which\n", command, word,
			command);
		return EXIT_CODE_USAGE;
	}
	bool is_long = strncmp(word, "--", 2) == 0;
	if (is_long && optopt) {
		fprintf(stderr, "iovabench %s: %.*s takes no value\n", command, (int)strcspn(word, "="), word);
		return EXIT_CODE_USAGE;
	}
	const char *nearest = is_long ? nearest_of(word + 2, options) : NULL;
	if (is_long)
		fprintf(stderr, "iovabench %s: there is no option '%s'%s%s%s; iovabench %s --help tells all\n", command,
			word, nearest ? "; did you mean '--" : "", nearest ? nearest : "", nearest ? "'?" : "", command);
	else
		fprintf(stderr, "iovabench %s: there is no option '-%c'; iovabench %s --help tells all\n", command, optopt,
			command);
	return EXIT_CODE_USAGE;
}
