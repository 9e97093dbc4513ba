/* SPDX-License-Identifier: MIT
 * plugin template, check and bench: for people who write allocators. */
#include "base/asset.h"
#include "cli/cli.h"
#include "cli/plugin_bench.h"
#include "cli/say.h"

#include <stdio.h>
#include <string.h>

ASSET("plugin_template", "plugins/template.c");
extern const char plugin_template[];

enum language { LANGUAGE_C, LANGUAGE_CPP };
static const char *const languages[] = {"c", "c++", NULL};

struct arguments {
	enum language language;
	struct plugin_bench bench;
};

static const struct option_row rows[] = {
	{.name = "lang",
	 .kind = OPTION_CHOICE,
	 .effect = OPTION_SHOWS,
	 .value = "c|c++",
	 .wanted = "c or c++",
	 .choices = languages,
	 .help = "template: in which language (c)",
	 OPTION_AT(struct arguments, language)},
	{.name = "workload",
	 .letter = 'w',
	 .kind = OPTION_TEXT,
	 .effect = OPTION_SHOWS,
	 .value = "WORKLOAD",
	 .help = "bench: what is played (gpu-paging)",
	 OPTION_AT(struct arguments, bench.workload)},
	{.name = "ops",
	 .kind = OPTION_COUNT,
	 .effect = OPTION_SHOWS,
	 .value = "N",
	 .wanted = "1k to 1G",
	 .minimum = 1000,
	 .maximum = 1000000000,
	 .help = "bench: of every measured phase that ends by operations (200k)",
	 OPTION_AT(struct arguments, bench.ops)},
	{.name = "instructions",
	 .kind = OPTION_FLAG,
	 .effect = OPTION_SHOWS,
	 .help = "bench: count instructions, too, with valgrind, on an eighth of the operations",
	 OPTION_AT(struct arguments, bench.instructions)},
	{.name = "here",
	 .kind = OPTION_FLAG,
	 .effect = OPTION_SHOWS,
	 .help = "bench: for simulators and profilers: plays in this process, one SPEC",
	 OPTION_AT(struct arguments, bench.here)},
};

/* What is written in another way in C++. */
static const char *const in_cpp[][2] = {
	{"cc -shared -fPIC -O2 -o mine.so mine.c", "c++ -std=c++11 -shared -fPIC -O2 -o mine.so mine.cc"},
	{"const struct iova_allocator *iova_plugin(void);", "extern \"C\" const struct iova_allocator *iova_plugin(void);"},
};

static int write_template(enum language language)
{
	struct text text = {0};
	for (const char *at = plugin_template; *at;) {
		size_t length = 1;
		const char *written = NULL;
		for (size_t i = 0; language == LANGUAGE_CPP && i < sizeof in_cpp / sizeof in_cpp[0]; i++)
			if (!strncmp(at, in_cpp[i][0], strlen(in_cpp[i][0]))) {
				length = strlen(in_cpp[i][0]);
				written = in_cpp[i][1];
			}
		text_add_bytes(&text, written ? written : at, written ? strlen(written) : length);
		at += length;
	}
	int code = text.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	if (!text.failed)
		fputs(text.bytes, stdout);
	text_release(&text);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {.bench = {.workload = "gpu-paging", .ops = 200000}};
	struct cli_given given;
	/* check takes what verify takes. */
	if (argc > 1 && strcmp(argv[1], "check") == 0)
		return cli_verify.run(&cli_verify, argc - 1, argv + 1);
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	const char *verb = given.first < argc ? argv[given.first] : "";
	int words = argc - given.first - 1;
	if (strcmp(verb, "template") == 0)
		return words ? cli_usage(command, "template takes no argument: it goes to standard output")
			     : write_template(arguments.language);
	if (strcmp(verb, "bench") == 0)
		return words > 0
			       ? plugin_bench(&arguments.bench, (const char *const *)argv + given.first + 1, (size_t)words)
			       : cli_usage(command, "bench takes allocators: names, or paths of plugins");
	return cli_usage_nearest(command, "takes template, check or bench", verb,
				 (const char *const[]){"template", "check", "bench", NULL});
}

const struct cli_command cli_plugin = {
	.name = "plugin",
	.about = "begin, check and measure an allocator of your own",
	.usage = (const char *const[]){"template [--lang c|c++] > mine.c", "check SPEC [OPTION of verify]...",
				       "bench SPEC... [-w WORKLOAD] [--ops N] [--instructions]", NULL},
	.text = "template   a commented first fit of a hundred lines that compiles as it is\n"
		"check      the same as iovabench verify\n"
		"bench      CPU time per operation of plugins and built-ins beside null, which measures the harness; with "
		"valgrind "
		"instructions, too, which repeat exactly\n\n"
		"  iovabench plugin template > mine.c && cc -shared -fPIC -O2 -o mine.so mine.c\n"
		"  iovabench plugin check ./mine.so\n"
		"  iovabench plugin bench ./mine.so buddy rbtree\n"
		"  iovabench describe ./mine.so\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
