/* SPDX-License-Identifier: MIT */
#include "allocator/registry.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "run/job.h"
#include "run/open_loop.h"
#include "run/run.h"
#include "workload/share.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const default_specs[] = {"buddy", "bitmap", "rbtree"};

struct arguments {
	struct run_options run;
	const char **specs;
	size_t spec_count;
	const char *json;
	const char *color;
	bool quiet;
	bool lock_given;
	struct text command;
};

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
	       "      --ops N            operations of every measured phase that ends by operations (k, M and G are "
	       "understood)\n"
	       "      --rounds N         fresh processes per arm, 1 to %u (default %u; below 6 there is no 95 %% "
	       "interval)\n"
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
	       "  -q, --quiet            no table, no progress\n"
	       "  -h, --help             this text\n\n"
	       "  iovabench run workloads/nvme-lazy.yaml -a all --rounds 3\n"
	       "  iovabench run workloads/gpu-*.yaml -a rbtree:fit=best -a ./my-allocator.so\n",
	       RUN_ROUNDS_MAX, RUN_ROUNDS_DEFAULT, WORKLOAD_THREADS_MAX, RUN_STALL_SECONDS_DEFAULT);
}

static int usage(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "iovabench run: %s '%s': %s\n", option, value, wanted);
	return EXIT_CODE_USAGE;
}

/* A whole number, decimal or hex, in [low, high]; scaled: k, M or G may follow. */
static bool read_number(const char *text, uint64_t low, uint64_t high, bool scaled, uint64_t *number)
{
	char *end;
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*number = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	uint64_t scale = 1;
	if (scaled && *end) {
		scale = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : *end == 'G' ? 1000000000 : 0;
		end++;
	}
	if (errno || *end || !scale || __builtin_mul_overflow(*number, scale, number))
		return false;
	return *number >= low && *number <= high;
}

static int add_spec(struct arguments *arguments, const char *spec)
{
	const char **grown = memory_resize(arguments->specs, arguments->spec_count + 1, sizeof grown[0]);
	if (!grown)
		return EXIT_CODE_IO;
	arguments->specs = grown;
	for (size_t i = 0; i < arguments->spec_count; i++)
		if (strcmp(grown[i], spec) == 0)
			return usage("-a", spec, "was given twice");
	grown[arguments->spec_count++] = spec;
	return EXIT_CODE_OK;
}

static int add_specs(struct arguments *arguments, const char *spec)
{
	struct error error = {0};
	int code = EXIT_CODE_OK;
	if (strcmp(spec, "all") == 0) {
		for (size_t i = 0; i < allocator_registry_count && code == EXIT_CODE_OK; i++)
			if (!(allocator_registry[i]->capabilities & (IOVA_HARNESS | IOVA_LAYER)))
				code = add_spec(arguments, allocator_registry[i]->name);
		return code;
	}
	if (strlen(spec) >= JOB_SPEC_BYTES_MAX)
		return usage("-a", "...", "is longer than 1023 characters");
	if (allocator_spec_check(spec, &error) < 0) {
		fprintf(stderr, "iovabench run: -a %s\n", error.message);
		return (int)error.exit_code;
	}
	return add_spec(arguments, spec);
}

static int read_choice(const char *option, const char *value, const char *const *choices, const char *wanted, size_t *index)
{
	for (*index = 0; choices[*index]; (*index)++)
		if (strcmp(choices[*index], value) == 0)
			return EXIT_CODE_OK;
	return usage(option, value, wanted);
}

enum {
	OPTION_SEED = 256,
	OPTION_OPS,
	OPTION_ROUNDS,
	OPTION_LATENCY,
	OPTION_AUDIT,
	OPTION_JSON,
	OPTION_STALL,
	OPTION_COLOR,
	OPTION_MEMORY,
	OPTION_LOCK,
	OPTION_RATE
};

static int read_stall(const char *value, double *seconds)
{
	char *end;
	*seconds = strtod(value, &end);
	if (end == value || *end || !(*seconds >= 0.2 && *seconds <= 86400))
		return usage("--stall", value, "takes seconds from 0.2 to 86400");
	return EXIT_CODE_OK;
}

static int read_rate(const char *value, struct run_options *run)
{
	char number[32];
	uint64_t rate;
	size_t length = strcspn(value, ":");
	const char *arrivals = value + length;
	snprintf(number, sizeof number, "%.*s", (int)length, value);
	char *unit = strstr(number, "/s");
	if (unit && unit[2] == '\0')
		*unit = '\0';
	run->poisson = strcmp(arrivals, ":poisson") == 0;
	if (length >= sizeof number || (*arrivals && !run->poisson) ||
	    !read_number(number, OPEN_LOOP_RATE_MIN, OPEN_LOOP_RATE_MAX, true, &rate))
		return usage("--rate", value, "takes operations per second from 100 to 1G, and :poisson behind it");
	run->rate = (uint32_t)rate;
	return EXIT_CODE_OK;
}

static int read_option(struct arguments *arguments, int option, const char *value)
{
	static const char *const latency[] = {"sampled", "all", "off", NULL};
	static const char *const on_off[] = {"off", "on", NULL};
	static const char *const locks[] = {"none", "mutex", "spin", NULL}; /* as enum lock_kind */
	static const char *const colors[] = {"auto", "always", "never", NULL};
	struct run_options *run = &arguments->run;
	uint64_t number;
	size_t index;
	int code = EXIT_CODE_OK;
	switch (option) {
	case 'a':
		return add_specs(arguments, value);
	case 'o':
		run->folder = value;
		return *value ? EXIT_CODE_OK : usage("-o", value, "takes the name of a folder");
	case 'q':
		arguments->quiet = true;
		return EXIT_CODE_OK;
	case OPTION_SEED:
		run->changes.has_seed = true;
		return read_number(value, 0, UINT64_MAX, false, &run->changes.seed)
			       ? EXIT_CODE_OK
			       : usage("--seed", value, "takes a whole number, decimal or 0x...");
	case OPTION_OPS:
		return read_number(value, 1, WORKLOAD_OPS_MAX, true, &run->changes.ops)
			       ? EXIT_CODE_OK
			       : usage("--ops", value, "takes a count from 1 to 1000G");
	case OPTION_ROUNDS:
		if (!read_number(value, 1, RUN_ROUNDS_MAX, false, &number))
			return usage("--rounds", value, "takes a whole number from 1 to 1000");
		run->rounds = (uint32_t)number;
		return EXIT_CODE_OK;
	case 't':
		if (!read_number(value, 1, WORKLOAD_THREADS_MAX, false, &number))
			return usage("-t", value, "takes a whole number of threads from 1 to 64");
		run->changes.threads = (uint32_t)number;
		return EXIT_CODE_OK;
	case OPTION_LOCK:
		code = read_choice("--lock", value, locks, "takes mutex, spin or none", &index);
		run->lock = (enum lock_kind)index;
		arguments->lock_given = true;
		return code;
	case OPTION_RATE:
		return read_rate(value, run);
	case OPTION_LATENCY:
		code = read_choice("--latency", value, latency, "takes sampled, all or off", &index);
		run->latency = (enum run_latency)index;
		return code;
	case OPTION_AUDIT:
		code = read_choice("--audit", value, on_off, "takes on or off", &index);
		run->audit = index == 1;
		return code;
	case OPTION_JSON:
		arguments->json = value;
		return EXIT_CODE_OK;
	case OPTION_STALL:
		return read_stall(value, &run->stall_seconds);
	case OPTION_COLOR:
		arguments->color = value;
		return read_choice("--color", value, colors, "takes auto, always or never", &index);
	case OPTION_MEMORY:
		if (!read_number(value, 1, UINT64_C(1) << 24, false, &number))
			return usage("--memory", value, "takes MiB, a whole number from 1 to 16777216");
		run->memory_limit_bytes = number << 20;
		return EXIT_CODE_OK;
	}
	return EXIT_CODE_USAGE;
}

/* Several threads without a lock: what a plugin needs is known when its worker has opened it. */
static int check_locks(const struct arguments *arguments)
{
	char name[JOB_SPEC_BYTES_MAX];
	for (size_t i = 0;
	     arguments->run.changes.threads > 1 && arguments->run.lock == LOCK_NONE && i < arguments->spec_count; i++) {
		snprintf(name, sizeof name, "%.*s", (int)strcspn(arguments->specs[i], ":+"), arguments->specs[i]);
		const struct iova_allocator *table = allocator_find(name);
		if (table && !(table->capabilities & IOVA_CONCURRENT)) {
			fprintf(stderr,
				"iovabench run: --lock none: %s is not made for several threads; it takes --lock mutex or "
				"spin, or one thread\n",
				arguments->specs[i]);
			return EXIT_CODE_USAGE;
		}
	}
	return EXIT_CODE_OK;
}

static int check_rate(const struct run_options *run)
{
	const char *against = run->changes.threads > 1 ? "takes one thread"
			      : run->latency == RUN_LATENCY_OFF
				      ? "needs the latency pass: --latency off does not go with it"
				      : NULL;
	if (!run->rate || !against)
		return EXIT_CODE_OK;
	fprintf(stderr, "iovabench run: --rate %s\n", against);
	return EXIT_CODE_USAGE;
}

/* -1: go on; else the exit code. */
static int read_arguments(struct arguments *arguments, int argc, char **argv)
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
		{"rate", required_argument, NULL, OPTION_RATE},
		{0},
	};
	text_add(&arguments->command, "iovabench");
	for (int i = 0; i < argc; i++)
		text_add(&arguments->command, " %s", argv[i]);
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":a:o:t:qh", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return cli_bad_option("run", argv, options, option);
		if (option == 'h') {
			help();
			return EXIT_CODE_OK;
		}
		int code = read_option(arguments, option, optarg);
		if (code != EXIT_CODE_OK)
			return code;
	}
	if (optind == argc) {
		fprintf(stderr,
			"iovabench run: no workload was named; iovabench list workloads shows those that are shipped\n");
		return EXIT_CODE_USAGE;
	}
	bool none = arguments->spec_count == 0;
	for (size_t i = 0; none && i < sizeof default_specs / sizeof default_specs[0]; i++)
		if (add_spec(arguments, default_specs[i]) != EXIT_CODE_OK)
			return EXIT_CODE_IO;
	if (!arguments->lock_given && arguments->run.changes.threads > 1)
		arguments->run.lock = LOCK_MUTEX;
	if (check_locks(arguments) != EXIT_CODE_OK || check_rate(&arguments->run) != EXIT_CODE_OK)
		return EXIT_CODE_USAGE;
	arguments->run.files = (const char *const *)(argv + optind);
	arguments->run.file_count = (size_t)(argc - optind);
	arguments->run.specs = arguments->specs;
	arguments->run.spec_count = arguments->spec_count;
	arguments->run.command = arguments->command.bytes;
	arguments->run.progress = !arguments->quiet && isatty(STDERR_FILENO);
	return arguments->command.failed ? EXIT_CODE_IO : -1;
}

static enum exit_code run(const struct arguments *arguments)
{
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	struct cli_output output = {.json = arguments->json, .color = arguments->color, .quiet = arguments->quiet};
	enum exit_code code = run_matrix(&arguments->run, &result, &folder, &messages, &error);
	code = cli_end_run("run", code, &output, &result, &folder, &messages, &error);
	return code;
}

int cli_run(int argc, char **argv)
{
	struct arguments arguments = {
		.run = {.rounds = RUN_ROUNDS_DEFAULT, .audit = true, .stall_seconds = RUN_STALL_SECONDS_DEFAULT}};
	int code = read_arguments(&arguments, argc, argv);
	if (code < 0)
		code = (int)run(&arguments);
	memory_release(arguments.specs);
	text_release(&arguments.command);
	return code;
}
