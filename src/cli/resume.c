/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/result_file.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void help(void)
{
	puts("usage: iovabench resume DIR [--json FILE|-] [--color WHEN] [-q]\n\n"
	     "Goes on with a run that was interrupted or killed: what its journal has is not run again. The result is that "
	     "of a "
	     "run that was\n"
	     "not interrupted. Processes that failed by trouble of the machine (killed from outside, no memory, no space) "
	     "are run "
	     "again.\n"
	     "A finished run is left as it is, and its exit code is given again.");
}

/* It may have been killed between its result and its report. What went wrong in it is told again. */
static void complete(const char *folder, struct error *error)
{
	struct text path = {0};
	struct result result;
	text_add(&path, "%s/report.html", folder);
	if (!path.failed && cli_result_load(folder, &result, error) == 0) {
		if (access(path.bytes, F_OK) < 0)
			cli_write_report(&result, folder, error);
		cli_tell_faults("resume", &result);
		if (result.run.trouble)
			fprintf(stderr, "iovabench resume: %s\n", result.run.trouble);
		result_release(&result);
	}
	text_release(&path);
}

static enum exit_code resume(const char *name, const struct cli_output *output)
{
	struct run_options options = {.progress = !output->quiet && isatty(STDERR_FILENO)};
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	bool finished;
	enum exit_code code = run_resume(name, &options, &result, &folder, &messages, &finished, &error);
	if (!finished)
		return cli_end_run("resume", code, output, &result, &folder, &messages, &error);
	if (messages.length)
		fputs(messages.bytes, stderr);
	text_release(&messages);
	if (error.exit_code == EXIT_CODE_OK)
		complete(name, &error);
	if (*error.message)
		fprintf(stderr, "iovabench resume: %s\n", error.message);
	else if (!output->quiet)
		fprintf(stderr, "%s: this run is finished; nothing was run\n", name);
	return error.exit_code == EXIT_CODE_OK ? code : error.exit_code;
}

int cli_resume(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{"quiet", no_argument, NULL, 'q'},
						{"json", required_argument, NULL, 'j'},
						{"color", required_argument, NULL, 'c'},
						{0}};
	struct cli_output output = {0};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":hq", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return cli_bad_option("resume", argv, options, option);
		if (option == 'h') {
			help();
			return EXIT_CODE_OK;
		}
		if (option == 'q')
			output.quiet = true;
		else if (option == 'j')
			output.json = optarg;
		else
			output.color = optarg;
	}
	if (output.color && strcmp(output.color, "auto") != 0 && strcmp(output.color, "always") != 0 &&
	    strcmp(output.color, "never") != 0) {
		fprintf(stderr, "iovabench resume: --color '%s': takes auto, always or never\n", output.color);
		return EXIT_CODE_USAGE;
	}
	if (argc - optind != 1) {
		fprintf(stderr, "iovabench resume: takes the folder of one run; iovabench resume --help tells more\n");
		return EXIT_CODE_USAGE;
	}
	return (int)resume(argv[optind], &output);
}
