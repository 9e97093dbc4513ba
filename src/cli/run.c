/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "run/run.h"
#include "workload/share.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void help(void)
{
	printf("usage: iovabench run WORKLOAD... [-a SPEC]... [OPTION]...\n\n"
	       "Plays every workload on every allocator: an audit that checks each answer, then rounds of fresh processes "
	       "that measure\n"
	       "throughput and latency. Shows a table, and writes result.json, the journal, series and report.html.\n\n"
	       "  -a, --allocator SPEC   name[:key=value,...], a layer with + in front, or the path of a plugin (with a "
	       "slash);\n"
	       "                         may be repeated; all = every built-in; default: buddy, bitmap, rbtree\n"
	       "      --seed N           instead of the workload's seed\n"
	       "      --sweep KEY=A,B,...  plays the workload with each of these values of a key, named as in\n"
	       "                         phases.churn.ops; several keys: all combinations\n"
	       "      --ops N            operations of every measured phase that ends by operations (k, M and G are "
	       "understood)\n"
	       "      --rounds N         fresh processes per arm, 0 to %u (default %u; below 6 there is no 95 %% "
	       "interval;\n"
	       "                         0: the audit alone)\n"
	       "      --latency MODE     sampled (default), all (every operation: serialised, slower), off\n"
	       "      --audit on|off     check every answer and count fragmentation (default on)\n"
	       "  -t, --threads N        threads of one process, 1 to %u, that share the workload on one allocator; each "
	       "is pinned to a "
	       "CPU\n"
	       "                         (default 1); scripts and recordings take one\n"
	       "      --lock KIND        around allocators that are not made for several threads: mutex, spin or none "
	       "(default mutex "
	       "with\n"
	       "                         several threads, none with one); none with several: only for those that need no "
	       "lock\n"
	       "      --rate R[:poisson]     open loop: R operations begin in a second (k, M), at even gaps or at random; "
	       "the "
	       "latency pass\n"
	       "                         then records when each one was answered, counted from when it was to begin\n"
	       "  -o, --output DIR       where to write (default results/<time>); a folder with another run is refused\n"
	       "      --json FILE|-      the result document, also there; with - the table goes to standard error\n"
	       "      --stall SECONDS    a worker that ends no window for so long hangs (default %.0f)\n"
	       "      --memory MIB           a worker that takes more is killed (default: three quarters of the "
	       "machine's)\n"
	       "      --color WHEN       auto (default), always, never\n"
	       "      --parse-only       check the workload files, with --seed, --ops and -t, and run nothing\n"
	       "  -q, --quiet            no table, no progress\n"
	       "  -h, --help             this text\n\n"
	       "  iovabench run workloads/nvme-lazy.yaml -a all --rounds 3\n"
	       "  iovabench run workloads/gpu-*.yaml -a rbtree:fit=best -a ./my-allocator.so\n",
	       RUN_ROUNDS_MAX, RUN_ROUNDS_DEFAULT, WORKLOAD_THREADS_MAX, RUN_STALL_SECONDS_DEFAULT);
}

static enum exit_code run(const struct run_arguments *arguments)
{
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	struct cli_output output = {.json = arguments->json, .color = arguments->color, .quiet = arguments->quiet};
	enum exit_code code = run_matrix(&arguments->run, &result, &folder, &messages, &error);
	return cli_end_run("run", code, &output, &result, &folder, &messages, &error);
}

int cli_run(int argc, char **argv)
{
	static const struct option options[] = {
		{"allocator", required_argument, NULL, 'a'},
		{"output", required_argument, NULL, 'o'},
		{"threads", required_argument, NULL, 't'},
		{"lock", required_argument, NULL, OPTION_LOCK},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{"seed", required_argument, NULL, OPTION_SEED},
		{"ops", required_argument, NULL, OPTION_OPS},
		{"rounds", required_argument, NULL, OPTION_ROUNDS},
		{"latency", required_argument, NULL, OPTION_LATENCY},
		{"audit", required_argument, NULL, OPTION_AUDIT},
		{"json", required_argument, NULL, OPTION_JSON},
		{"stall", required_argument, NULL, OPTION_STALL},
		{"color", required_argument, NULL, OPTION_COLOR},
		{"memory", required_argument, NULL, OPTION_MEMORY},
		{"sweep", required_argument, NULL, OPTION_SWEEP},
		{"parse-only", no_argument, NULL, OPTION_PARSE_ONLY},
		{"rate", required_argument, NULL, OPTION_RATE},
		{0},
	};
	struct run_arguments arguments = {.options = options, .letters = ":a:o:t:qh", .help = help};
	int code = run_arguments_read(&arguments, argc, argv);
	if (code < 0)
		code = arguments.parse_only ? cli_check_files("run", argv + optind, argc - optind, &arguments.run.changes)
					    : (int)run(&arguments);
	run_arguments_release(&arguments);
	return code;
}
