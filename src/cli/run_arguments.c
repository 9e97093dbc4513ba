/* SPDX-License-Identifier: MIT */
#include "cli/run_arguments.h"

#include "allocator/names.h"
#include "allocator/registry.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "run/job.h"
#include "play/open_loop.h"
#include "workload/share.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const default_specs[] = {"buddy", "bitmap", "rbtree"};

static int usage(const struct run_arguments *arguments, const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "iovabench %s: %s '%s': %s\n", arguments->argv[0], option, value, wanted);
	return EXIT_CODE_USAGE;
}

bool run_read_number(const char *text, uint64_t low, uint64_t high, bool scaled, uint64_t *number)
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

static int add_spec(struct run_arguments *arguments, const char *spec, bool named)
{
	const char **grown = memory_resize(arguments->specs, arguments->spec_count + 1, sizeof grown[0]);
	if (!grown)
		return EXIT_CODE_IO;
	arguments->specs = grown;
	bool *marks = memory_resize(arguments->named, arguments->spec_count + 1, sizeof marks[0]);
	if (!marks)
		return EXIT_CODE_IO;
	arguments->named = marks;
	for (size_t i = 0; i < arguments->spec_count; i++)
		if (strcmp(grown[i], spec) == 0)
			return usage(arguments, "-a", spec, "was given twice");
	marks[arguments->spec_count] = named;
	grown[arguments->spec_count++] = spec;
	return EXIT_CODE_OK;
}

static int add_specs(struct run_arguments *arguments, const char *spec)
{
	struct error error = {0};
	int code = EXIT_CODE_OK;
	if (strcmp(spec, "all") == 0) {
		const char *name;
		for (size_t i = 0; code == EXIT_CODE_OK && (name = allocator_competitor(i)); i++)
			code = add_spec(arguments, name, false);
		return code;
	}
	if (strlen(spec) >= JOB_SPEC_BYTES_MAX)
		return usage(arguments, "-a", "...", "is longer than 1023 characters");
	if (allocator_spec_check(spec, &error) < 0) {
		fprintf(stderr, "iovabench %s: -a %s\n", arguments->argv[0], error.message);
		return (int)error.exit_code;
	}
	return add_spec(arguments, spec, true);
}

static int read_choice(const struct run_arguments *arguments, const char *option, const char *value,
		       const char *const *choices, const char *wanted, size_t *index)
{
	for (*index = 0; choices[*index]; (*index)++)
		if (strcmp(choices[*index], value) == 0)
			return EXIT_CODE_OK;
	return usage(arguments, option, value, wanted);
}

/* key=a,b,c */
static int add_sweep(struct run_arguments *arguments, const char *text)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text || !equals[1] || strchr(text, '\n'))
		return usage(arguments, "--sweep", text, "takes a key and its values: phases.churn.ops=1M,2M");
	if (arguments->sweep_count == WORKLOAD_SWEEPS_MAX)
		return usage(arguments, "--sweep", text, "is one key too many; at most 8");
	struct workload_sweep *sweeps = memory_resize(arguments->sweeps, arguments->sweep_count + 1, sizeof sweeps[0]);
	if (!sweeps)
		return EXIT_CODE_IO;
	arguments->sweeps = sweeps;
	struct workload_sweep *sweep = &sweeps[arguments->sweep_count++];
	*sweep = (struct workload_sweep){.key = memory_text(text)};
	if (!sweep->key)
		return EXIT_CODE_IO;
	sweep->key[equals - text] = '\0';
	for (size_t i = 0; i + 1 < arguments->sweep_count; i++)
		if (strcmp(sweeps[i].key, sweep->key) == 0)
			return usage(arguments, "--sweep", text,
				     "sweeps a key for the second time; write its values together");
	for (const char *at = equals + 1;;) {
		size_t length = strcspn(at, ",");
		size_t capacity = sweep->value_count;
		if (!length || sweep->value_count == WORKLOAD_SWEEP_VALUES_MAX)
			return usage(arguments, "--sweep", text, "takes 1 to 100 values with a comma between them");
		if (memory_grow(&sweep->values, &capacity, sweep->value_count, sizeof sweep->values[0]) < 0)
			return EXIT_CODE_IO;
		char *value = memory_text(at);
		if (!value)
			return EXIT_CODE_IO;
		value[length] = '\0';
		for (size_t i = 0; i < sweep->value_count; i++)
			if (strcmp(sweep->values[i].text, value) == 0) {
				memory_release(value);
				return usage(arguments, "--sweep", text, "has a value twice");
			}
		sweep->values[sweep->value_count++] = (struct workload_sweep_value){.text = value};
		if (!at[length])
			return EXIT_CODE_OK;
		at += length + 1;
	}
}

static int read_stall(const struct run_arguments *arguments, const char *value, double *seconds)
{
	char *end;
	*seconds = strtod(value, &end);
	if (end == value || *end || !(*seconds >= 0.2 && *seconds <= 86400))
		return usage(arguments, "--stall", value, "takes seconds from 0.2 to 86400");
	return EXIT_CODE_OK;
}

static int read_rate(const struct run_arguments *arguments, const char *value, struct run_options *run)
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
	    !run_read_number(number, OPEN_LOOP_RATE_MIN, OPEN_LOOP_RATE_MAX, true, &rate))
		return usage(arguments, "--rate", value,
			     "takes operations per second from 100 to 1G, and :poisson behind it");
	run->rate = (uint32_t)rate;
	return EXIT_CODE_OK;
}

static int read_memory(const struct run_arguments *arguments, const char *value, struct run_options *run)
{
	uint64_t mib;
	if (!run_read_number(value, 1, UINT64_C(1) << 24, false, &mib))
		return usage(arguments, "--memory", value, "takes MiB, a whole number from 1 to 16777216");
	run->memory_limit_bytes = mib << 20;
	return EXIT_CODE_OK;
}

static int read_option(struct run_arguments *arguments, int option, const char *value)
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
		return *value ? EXIT_CODE_OK : usage(arguments, "-o", value, "takes the name of a folder");
	case 'q':
	case OPTION_PARSE_ONLY:
		*(option == 'q' ? &arguments->quiet : &arguments->parse_only) = true;
		return EXIT_CODE_OK;
	case OPTION_SEED:
		run->changes.has_seed = true;
		return run_read_number(value, 0, UINT64_MAX, false, &run->changes.seed)
			       ? EXIT_CODE_OK
			       : usage(arguments, "--seed", value, "takes a whole number, decimal or 0x...");
	case OPTION_OPS:
		return run_read_number(value, 1, WORKLOAD_OPS_MAX, true, &run->changes.ops)
			       ? EXIT_CODE_OK
			       : usage(arguments, "--ops", value, "takes a count from 1 to 1000G");
	case OPTION_ROUNDS:
		if (!run_read_number(value, 0, RUN_ROUNDS_MAX, false, &number))
			return usage(arguments, "--rounds", value, "takes a whole number from 0 (the audit alone) to 1000");
		run->rounds = (uint32_t)number;
		return EXIT_CODE_OK;
	case 't':
		if (!run_read_number(value, 1, WORKLOAD_THREADS_MAX, false, &number))
			return usage(arguments, "-t", value, "takes a whole number of threads from 1 to 64");
		run->changes.threads = (uint32_t)number;
		return EXIT_CODE_OK;
	case OPTION_LOCK:
		code = read_choice(arguments, "--lock", value, locks, "takes mutex, spin or none", &index);
		run->lock = (enum lock_kind)index;
		arguments->lock_given = true;
		return code;
	case OPTION_LATENCY:
		code = read_choice(arguments, "--latency", value, latency, "takes sampled, all or off", &index);
		run->latency = (enum run_latency)index;
		return code;
	case OPTION_AUDIT:
		code = read_choice(arguments, "--audit", value, on_off, "takes on or off", &index);
		run->audit = index == 1;
		return code;
	case OPTION_JSON:
		arguments->json = value;
		return EXIT_CODE_OK;
	case OPTION_RATE:
		return read_rate(arguments, value, run);
	case OPTION_SWEEP:
		return add_sweep(arguments, value);
	case OPTION_STALL:
		return read_stall(arguments, value, &run->stall_seconds);
	case OPTION_COLOR:
		arguments->color = value;
		return read_choice(arguments, "--color", value, colors, "takes auto, always or never", &index);
	case OPTION_MEMORY:
		return read_memory(arguments, value, run);
	}
	return EXIT_CODE_USAGE;
}

/* Several threads without a lock: what a plugin needs is known when its worker has opened it. */
static int check_locks(const struct run_arguments *arguments)
{
	if (arguments->run.changes.threads <= 1 || arguments->run.lock != LOCK_NONE)
		return EXIT_CODE_OK;
	for (size_t i = 0; i < arguments->spec_count; i++) {
		struct text outermost = {0};
		allocator_spec_expand(arguments->specs[i], &outermost);
		if (outermost.failed)
			return EXIT_CODE_IO;
		outermost.bytes[strcspn(outermost.bytes, ":+")] = '\0';
		const struct iova_allocator *table = allocator_find(outermost.bytes);
		text_release(&outermost);
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

static int check_rate(const struct run_arguments *arguments)
{
	const struct run_options *run = &arguments->run;
	const char *against = run->changes.threads > 1 ? "takes one thread"
			      : run->latency == RUN_LATENCY_OFF
				      ? "needs the latency pass: --latency off does not go with it"
			      : !run->rounds ? "needs the latency pass: --rounds 0 does not go with it"
					     : NULL;
	if (!run->rate || !against)
		return EXIT_CODE_OK;
	fprintf(stderr, "iovabench %s: --rate %s\n", arguments->argv[0], against);
	return EXIT_CODE_USAGE;
}

int run_arguments_read(struct run_arguments *arguments, int argc, char **argv)
{
	arguments->argv = argv;
	arguments->run.rounds = RUN_ROUNDS_DEFAULT;
	arguments->run.audit = true;
	arguments->run.stall_seconds = RUN_STALL_SECONDS_DEFAULT;
	text_add(&arguments->command, "iovabench");
	for (int i = 0; i < argc; i++)
		text_add(&arguments->command, " %s", argv[i]);
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, arguments->letters, arguments->options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return cli_bad_option(argv[0], argv, arguments->options, option);
		if (option == 'h') {
			arguments->help();
			return EXIT_CODE_OK;
		}
		int code = read_option(arguments, option, optarg);
		if (code != EXIT_CODE_OK)
			return code;
	}
	if (optind == argc) {
		fprintf(stderr,
			"iovabench %s: no workload was named; iovabench list workloads shows those that are shipped\n",
			argv[0]);
		return EXIT_CODE_USAGE;
	}
	bool none = arguments->spec_count == 0;
	for (size_t i = 0; none && i < sizeof default_specs / sizeof default_specs[0]; i++)
		if (add_spec(arguments, default_specs[i], false) != EXIT_CODE_OK)
			return EXIT_CODE_IO;
	if (!arguments->lock_given && arguments->run.changes.threads > 1)
		arguments->run.lock = LOCK_MUTEX;
	if (check_locks(arguments) != EXIT_CODE_OK || check_rate(arguments) != EXIT_CODE_OK)
		return EXIT_CODE_USAGE;
	if (!arguments->run.rounds && !arguments->run.audit)
		return usage(arguments, "--rounds", "0", "is the audit alone, and --audit is off: nothing would be run");
	arguments->run.files = (const char *const *)(argv + optind);
	arguments->run.file_count = (size_t)(argc - optind);
	arguments->run.sweeps = arguments->sweeps;
	arguments->run.sweep_count = arguments->sweep_count;
	arguments->run.specs = arguments->specs;
	arguments->run.named = arguments->named;
	arguments->run.spec_count = arguments->spec_count;
	arguments->run.command = arguments->command.bytes;
	arguments->run.progress = !arguments->quiet && isatty(STDERR_FILENO);
	return arguments->command.failed ? EXIT_CODE_IO : -1;
}

void run_arguments_release(struct run_arguments *arguments)
{
	struct workload swept = {.sweeps = arguments->sweeps, .sweep_count = arguments->sweep_count};
	workload_release(&swept);
	memory_release(arguments->specs);
	memory_release(arguments->named);
	text_release(&arguments->command);
}
