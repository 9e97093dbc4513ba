/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "report/report.h"
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

static int write_report(const struct result *result, const char *folder, struct error *error)
{
	struct text html = {0}, path = {0};
	report_html(result, &html);
	text_add(&path, "%s/report.html", folder);
	int status = html.failed || path.failed ? error_set(error, EXIT_CODE_IO, "no memory for the report")
						: file_write_whole(path.bytes, html.bytes, html.length, error);
	text_release(&html);
	text_release(&path);
	return status;
}

static int write_json(const struct run_arguments *arguments, const struct result *result, struct error *error)
{
	struct text json = {0};
	if (!arguments->json)
		return 0;
	int status = result_write(result, &json, error);
	if (status == 0 && strcmp(arguments->json, "-") == 0)
		fwrite(json.bytes, 1, json.length, stdout);
	else if (status == 0)
		status = file_write_whole(arguments->json, json.bytes, json.length, error);
	text_release(&json);
	return status;
}

static void show(const struct run_arguments *arguments, const struct result *result, const char *folder, const char *file)
{
	bool json_on_stdout = arguments->json && strcmp(arguments->json, "-") == 0;
	FILE *out = json_on_stdout ? stderr : stdout;
	struct text table = {0};
	if (arguments->quiet)
		return;
	report_terminal(result, cli_color(fileno(out), arguments->color), cli_width(fileno(out)), &table);
	if (table.bytes && !table.failed)
		fwrite(table.bytes, 1, table.length, out);
	fprintf(out, "\nreport: %s/%s\n", folder, file);
	text_release(&table);
}

static enum exit_code run(const struct run_arguments *arguments)
{
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	enum exit_code code = run_matrix(&arguments->run, &result, &folder, &messages, &error);
	if (messages.length)
		fputs(messages.bytes, stderr);
	/* Whatever fails now: what was measured is shown, and where it lies. */
	if (error.exit_code == EXIT_CODE_OK) {
		bool reported = write_report(&result, folder.bytes, &error) == 0;
		write_json(arguments, &result, &error);
		show(arguments, &result, folder.bytes, reported ? "report.html" : "result.json");
	}
	if (*error.message)
		fprintf(stderr, "iovabench run: %s\n", error.message);
	result_release(&result);
	text_release(&folder);
	text_release(&messages);
	return error.exit_code != EXIT_CODE_OK ? error.exit_code : code;
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
