/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "iovabench/version.h"
#include "run/job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct cli_command *const cli_commands[] = {
	&cli_run,    &cli_suite,  &cli_advise,  &cli_resume,   &cli_merge,      &cli_aperture, &cli_check,  &cli_expand,
	&cli_verify, &cli_plugin, &cli_list,    &cli_describe, &cli_compare,    &cli_gate,     &cli_doctor, &cli_calibrate,
	&cli_report, &cli_plot,   &cli_history, &cli_trace,    &cli_completion, NULL,
};
#define WIDTH_MAX 10000u
#define COMMANDS (sizeof cli_commands / sizeof cli_commands[0] - 1)

const char *const cli_colors[] = {"auto", "always", "never", NULL};

static void help(void)
{
	puts("iovabench: fio for address-space allocators\n\n"
	     "usage: iovabench COMMAND [OPTION]... [ARGUMENT]...\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->about);
	puts("\n  iovabench COMMAND --help tells more, iovabench --version the version,\n"
	     "  iovabench --parse-only FILE... checks workload files and runs nothing.\n\n"
	     "A first run:\n"
	     "  iovabench run workloads/nvme-lazy.yaml\n"
	     "  iovabench run workloads/gpu-paging.yaml -a buddy -a rbtree:fit=first -o gpu-results\n\n"
	     "Exit codes:\n"
	     "  0    ok\n"
	     "  1    an expectation was missed, a gate failed, or something is worse beyond doubt\n"
	     "  2    a wrong command, workload or plugin: nothing was run\n"
	     "  3    an allocator gave wrong answers, crashed or hung, or a driver did something fatal\n"
	     "  4    a comparison is inconclusive\n"
	     "  5    the measurement cannot be trusted\n"
	     "  6    an arm that was named, or every arm, could play none of the workloads\n"
	     "  7    a file, the machine (no memory, killed from outside: resume plays it again) "
	     "or iovabench itself failed\n"
	     "  130  interrupted; what was measured is kept\n"
	     "If several apply, the first of 2, 7, 130, 3, 6, 5, 1, 4.");
}

bool cli_takes_color(int descriptor, enum cli_color wanted)
{
	const char *term = getenv("TERM");
	if (wanted != CLI_COLOR_AUTO)
		return wanted == CLI_COLOR_ALWAYS;
	const char *no_color = getenv("NO_COLOR");
	return isatty(descriptor) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

unsigned cli_width(int descriptor)
{
	struct winsize size;
	const char *asked = getenv("COLUMNS");
	char *end = NULL;
	unsigned long columns = asked && *asked >= '0' && *asked <= '9' ? strtoul(asked, &end, 10) : 0;
	if (columns && !*end && columns <= WIDTH_MAX)
		return (unsigned)columns;
	if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 124;
}

enum run_progress cli_progress(bool quiet)
{
	return quiet ? RUN_PROGRESS_NONE : isatty(STDERR_FILENO) ? RUN_PROGRESS_LINE : RUN_PROGRESS_LOG;
}

static int unknown(const char *name)
{
	const char *names[COMMANDS + 1] = {0};
	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = cli_commands[i]->name;
	const char *nearest = text_nearest(name, names);
	cli_say("iovabench: there is no command '%s'%s%s%s; iovabench --help lists them\n", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}

/* Data that did not reach its reader is a failure, not a success with less output. */
static int finish(int exit_code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return exit_code;
	cli_say("iovabench: cannot write to standard output\n");
	return EXIT_CODE_IO;
}

/* Whoever starts us without one of the three would have the next file, a journal perhaps, take its place. Standard output
 * stays one that cannot be written to: finish() tells. */
static void fill_standard_files(void)
{
	for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0)
			(void)!open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	fill_standard_files();
	/* A file that grows beyond what the user may write is an error with a message, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return worker_run(atoi(argv[2]));
	if (argc < 2) {
		help();
		return EXIT_CODE_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		help();
		return finish(EXIT_CODE_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("iovabench " IOVABENCH_VERSION);
		return finish(EXIT_CODE_OK);
	}
	if (strcmp(argv[1], "--manual") == 0)
		return finish(cli_manual(argc > 2 ? argv[2] : "commands"));
	if (strcmp(argv[1], "--parse-only") == 0)
		return finish(cli_check.run(&cli_check, argc - 1, argv + 1));
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], cli_commands[i]->name) == 0)
			return finish(cli_commands[i]->run(cli_commands[i], argc - 1, argv + 1));
	return unknown(argv[1]);
}
