/* SPDX-License-Identifier: MIT */
#include "run/settings.h"

#include "play/open_loop.h"
#include "run/cpus.h"
#include "workload/portion.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_SECONDS_MAX UINT64_C(3600000)

/* As enum run_latency, enum lock_kind, enum run_paired and bool. */
static const char *const latencies[] = {"sampled", "all", "off", NULL};
static const char *const locks[] = {"none", "mutex", "spin", NULL};
static const char *const pairings[] = {"off", "on", "only", NULL};
static const char *const off_on[] = {"off", "on", NULL};
static const char *const untils[] = {"written", "steady", NULL};

static int read_seed(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	(void)error;
	size_t count = 0;
	for (const char *at = value;;) {
		char number[32];
		size_t length = strcspn(at, ",");
		if (length >= sizeof number || count == RUN_SEEDS_MAX)
			return -1;
		snprintf(number, sizeof number, "%.*s", (int)length, at);
		if (!option_number(number, 0, UINT64_MAX, false, &options->seeds[count]))
			return -1;
		for (size_t i = 0; i < count; i++)
			if (options->seeds[i] == options->seeds[count])
				return -1;
		count++;
		if (!at[length])
			break;
		at += length + 1;
	}
	options->changes.has_seed = count == 1;
	options->changes.seed = count == 1 ? options->seeds[0] : 0;
	options->seed_count = count == 1 ? 0 : count;
	return 0;
}

static void write_seed(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->changes.has_seed)
		text_add(text, "%" PRIu64, options->changes.seed);
	for (size_t i = 0; i < options->seed_count; i++)
		text_add(text, "%s%" PRIu64, i ? "," : "", options->seeds[i]);
}

/* Numbers with a comma between them, all different; unit may stand behind each. Returns how many, or 0. */
static size_t read_list(const char *value, const char *unit, uint64_t least, uint64_t most, bool suffixes,
			uint32_t list[RUN_AXIS_MAX])
{
	for (size_t count = 0; count < RUN_AXIS_MAX;) {
		char number[32];
		uint64_t read;
		size_t length = strcspn(value, ","), unit_length = strlen(unit);
		if (length >= sizeof number)
			return 0;
		snprintf(number, sizeof number, "%.*s", (int)length, value);
		if (unit_length && length > unit_length && strcmp(number + length - unit_length, unit) == 0)
			number[length - unit_length] = '\0';
		if (!option_number(number, least, most, suffixes, &read))
			return 0;
		for (size_t i = 0; i < count; i++)
			if (list[i] == read)
				return 0;
		list[count++] = (uint32_t)read;
		if (!value[length])
			return count;
		value += length + 1;
	}
	return 0;
}

static void write_list(uint32_t one, const uint32_t *list, size_t count, struct text *text)
{
	if (one)
		text_add(text, "%" PRIu32, one);
	for (size_t i = 0; i < count; i++)
		text_add(text, "%s%" PRIu32, i ? "," : "", list[i]);
}

static int read_rate(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	char numbers[RUN_AXIS_MAX * 16];
	size_t length = strcspn(value, ":");
	const char *arrivals = value + length;
	(void)error;
	options->changes.poisson = strcmp(arrivals, ":poisson") == 0;
	if (length >= sizeof numbers || (*arrivals && !options->changes.poisson))
		return -1;
	snprintf(numbers, sizeof numbers, "%.*s", (int)length, value);
	size_t count = read_list(numbers, "/s", OPEN_LOOP_RATE_MIN, OPEN_LOOP_RATE_MAX, true, options->rates);
	options->changes.rate = count == 1 ? options->rates[0] : 0;
	options->rate_count = count == 1 ? 0 : count;
	return count ? 0 : -1;
}

static void write_rate(const void *target, struct text *text)
{
	const struct run_options *options = target;
	write_list(options->changes.rate, options->rates, options->rate_count, text);
	if (options->changes.poisson)
		text_add(text, ":poisson");
}

static int read_threads(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	(void)error;
	size_t count = read_list(value, "", 1, WORKLOAD_THREADS_MAX, false, options->threads);
	options->changes.threads = count == 1 ? options->threads[0] : 0;
	options->threads_count = count == 1 ? 0 : count;
	return count ? 0 : -1;
}

static void write_threads(const void *target, struct text *text)
{
	const struct run_options *options = target;
	write_list(options->changes.threads, options->threads, options->threads_count, text);
}

/* "data=256KiB": the bytes behind a name, or false. */
static bool read_size_of(const char *name, const char *part, size_t length, uint64_t most, uint64_t *bytes)
{
	size_t skip = strlen(name);
	char number[32];
	char *end;
	if (length <= skip || length - skip >= sizeof number || strncmp(part, name, skip) != 0)
		return false;
	snprintf(number, sizeof number, "%.*s", (int)(length - skip), part + skip);
	uint64_t value = strtoull(number, &end, 10);
	unsigned shift = strcmp(end, "B") == 0 ? 0 : strcmp(end, "KiB") == 0 ? 10 : strcmp(end, "MiB") == 0 ? 20 : 30;
	bool unit = shift < 30 || strcmp(end, "GiB") == 0;
	if (end == number || *number < '0' || *number > '9' || !unit || value > most >> shift)
		return false;
	*bytes = value << shift;
	return true;
}

/* "pairs=2k": the count behind it, or false. */
static bool read_pairs(const char *part, size_t length, uint32_t *pairs)
{
	const char name[] = "pairs=";
	size_t skip = sizeof name - 1;
	char *end;
	if (length <= skip || strncmp(part, name, skip) != 0 || part[skip] < '0' || part[skip] > '9')
		return false;
	uint64_t value = strtoull(part + skip, &end, 10);
	uint64_t unit = *end == 'k' ? 1000 : 1;
	if (end + (unit > 1) != part + length || value == 0 || value > WORKLOAD_INTERFERENCE_PAIRS_MAX / unit)
		return false;
	*pairs = (uint32_t)(value * unit);
	return true;
}

static int read_interference(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	struct workload_interference size = {0};
	bool data = false, code = false;
	(void)error;
	for (const char *part = value; strcmp(value, "none") != 0;) {
		size_t length = strcspn(part, ",");
		if (!data && read_size_of("data=", part, length, WORKLOAD_INTERFERENCE_DATA_MAX, &size.data_bytes))
			data = true;
		else if (!code && read_size_of("code=", part, length, WORKLOAD_INTERFERENCE_CODE_MAX, &size.code_bytes))
			code = true;
		else if (size.pairs || !read_pairs(part, length, &size.pairs))
			return -1;
		if (!part[length])
			break;
		part += length + 1;
	}
	if (size.pairs && workload_interference_is_none(&size))
		return -1;
	options->changes.has_interference = true;
	options->changes.interference = size;
	return 0;
}

static void write_interference(const void *target, struct text *text)
{
	const struct run_options *options = target;
	const struct workload_interference *size = &options->changes.interference;
	if (!options->changes.has_interference)
		return;
	if (workload_interference_is_none(size))
		text_add(text, "none");
	else
		text_add(text, "data=%" PRIu64 "B,code=%" PRIu64 "B", size->data_bytes, size->code_bytes);
	if (size->pairs)
		text_add(text, ",pairs=%" PRIu32, size->pairs);
}

static int read_rounds(void *target, const char *value, struct error *error)
{
	static const uint32_t looks[] = {6, 10, 16, 26};
	struct run_options *options = target;
	uint64_t rounds = RUN_ROUNDS_AUTO_MAX;
	(void)error;
	options->rounds_auto = strcmp(value, RUN_ROUNDS_AUTO) == 0;
	options->look_count = 0;
	if (!options->rounds_auto && !option_number(value, 0, RUN_ROUNDS_MAX, false, &rounds))
		return -1;
	options->rounds = (uint32_t)rounds;
	for (size_t i = 0; options->rounds_auto && i < sizeof looks / sizeof looks[0]; i++)
		options->looks[options->look_count++] = looks[i];
	return 0;
}

static void write_rounds(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->rounds_auto)
		text_add(text, RUN_ROUNDS_AUTO);
	else
		text_add(text, "%" PRIu32, options->rounds);
}

static int read_alone(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	uint64_t rounds;
	(void)error;
	if (!option_number(value, 1, RUN_ROUNDS_MAX, false, &rounds))
		return -1;
	options->rounds_alone = (uint32_t)rounds;
	return 0;
}

static void write_alone(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->rounds_alone)
		text_add(text, "%" PRIu32, options->rounds_alone);
}

static int read_budget(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	size_t digits = strspn(value, "0123456789");
	const char *unit = value + digits;
	uint64_t seconds = strcmp(unit, "s") == 0 ? 1 : strcmp(unit, "m") == 0 ? 60 : strcmp(unit, "h") == 0 ? 3600 : 0;
	char number[16];
	uint64_t count;
	(void)error;
	if (strcmp(value, "none") == 0) {
		options->budget_seconds = 0;
		return 0;
	}
	snprintf(number, sizeof number, "%.*s", (int)(digits < sizeof number ? digits : 0), value);
	if (!seconds || !option_number(number, 1, BUDGET_SECONDS_MAX / seconds, false, &count))
		return -1;
	options->budget_seconds = (double)(count * seconds);
	return 0;
}

static void write_budget(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->budget_seconds > 0)
		text_add(text, "%.0fs", options->budget_seconds);
}

/* I/N */
static int read_shard(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	size_t length = strcspn(value, "/");
	char first[16];
	uint64_t shard, shards;
	(void)error;
	snprintf(first, sizeof first, "%.*s", (int)(length < sizeof first ? length : 0), value);
	if (!value[length] || !option_number(value + length + 1, 1, RUN_SHARDS_MAX, false, &shards) ||
	    !option_number(first, 1, shards, false, &shard))
		return -1;
	options->shard = (uint32_t)shard;
	options->shards = (uint32_t)shards;
	return 0;
}

static void write_shard(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->shards)
		text_add(text, "%u/%u", options->shard, options->shards);
}

static int read_stall(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	char *end;
	(void)error;
	options->stall_seconds = strtod(value, &end);
	return end != value && !*end && options->stall_seconds >= 0.2 && options->stall_seconds <= 86400 ? 0 : -1;
}

static void write_stall(const void *target, struct text *text)
{
	const struct run_options *options = target;
	text_add(text, "%.17g", options->stall_seconds);
}

static int read_memory(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	uint64_t mib;
	(void)error;
	if (!option_number(value, 1, UINT64_C(1) << 24, false, &mib))
		return -1;
	options->memory_limit_bytes = mib << 20;
	return 0;
}

static void write_memory(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->memory_limit_bytes)
		text_add(text, "%" PRIu64, options->memory_limit_bytes >> 20);
}

static int read_cpus(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	cpu_set_t set;
	(void)error;
	if (strlen(value) >= sizeof options->cpus || cpus_read_list(value, &set) < 0)
		return -1;
	snprintf(options->cpus, sizeof options->cpus, "%s", value);
	return 0;
}

static void write_cpus(const void *target, struct text *text)
{
	const struct run_options *options = target;
	text_add(text, "%s", options->cpus);
}

static int read_node(void *target, const char *value, struct error *error)
{
	struct run_options *options = target;
	uint64_t node;
	(void)error;
	if (!option_number(value, 0, UINT32_MAX, false, &node))
		return -1;
	options->has_node = true;
	options->node = (uint32_t)node;
	return 0;
}

static void write_node(const void *target, struct text *text)
{
	const struct run_options *options = target;
	if (options->has_node)
		text_add(text, "%" PRIu32, options->node);
}

const struct option_row run_settings[RUN_SETTINGS] = {
	{"seed", 0, OPTION_OWN, OPTION_FIGURES, "N[,N...]",
	 "takes a whole number, decimal or 0x..., or 2 to 64 different ones with a comma between them",
	 "instead of the workload's seed; several: each workload is played with each of them, and reports say what holds for "
	 "every seed",
	 .read = read_seed, .write = write_seed},
	{"ops", 0, OPTION_COUNT, OPTION_FIGURES, "N", "takes a count from 1 to 1000G",
	 "operations of every measured phase that ends by operations (k, M and G are understood)",
	 OPTION_AT(struct run_options, changes.ops), .minimum = 1, .maximum = WORKLOAD_OPS_MAX},
	{"until", 0, OPTION_CHOICE, OPTION_PLANS, "written|steady", "takes written or steady",
	 "how long streams are: as workloads say (default), or ever twice as long until neither live pages nor unusable 2 "
	 "MiB, page tables or span of any arm grow, which audits tell; --ops is the most operations then (default: 64 times "
	 "as many as written)",
	 OPTION_AT(struct run_options, until), .choices = untils},
	{"rounds", 0, OPTION_OWN, OPTION_PLANS, "N|auto",
	 "takes a whole number from 0 (the audit alone) to 100000, or auto",
	 "fresh processes per arm, 0 to 100000 (default 12; below 6 there is no 95 % interval; 0: the audit alone); auto: "
	 "until no verdict on time is inconclusive, which is looked at after 6, 10, 16, 26 and at most 40, each with a fifth "
	 "of the error",
	 .read = read_rounds, .write = write_rounds},
	{"alone", 0, OPTION_OWN, OPTION_PLANS, "N", "takes a whole number of rounds from 1 to 100000",
	 "rounds that time every arm alone, too: throughput and latency; those behind them hold arms against each other "
	 "only, which verdicts on time come of (default: all)",
	 .read = read_alone, .write = write_alone},
	{"budget", 0, OPTION_OWN, OPTION_PLANS, "TIME|none",
	 "takes a time with its unit, from 1s to 1000h: 30s, 10m, 2h; or none",
	 "no round begins that would end later than so long after the start; what there is then is the result (each workload "
	 "has its share of the time, and at least one round)",
	 .read = read_budget, .write = write_budget},
	{"latency", 0, OPTION_CHOICE, OPTION_FIGURES, "MODE", "takes sampled, all or off",
	 "sampled (default), all (every operation: serialised, slower), off", OPTION_AT(struct run_options, latency),
	 .choices = latencies},
	{"audit", 0, OPTION_CHOICE, OPTION_PLANS, "on|off", "takes on or off",
	 "check every answer and count fragmentation (default on)", OPTION_AT(struct run_options, audit),
	 .choices = off_on},
	{"bounds", 0, OPTION_CHOICE, OPTION_PLANS, "on|off", "takes on or off",
	 "pack every stream offline and tell between which bounds allocators lie; seconds for long ones (default off)",
	 OPTION_AT(struct run_options, bounds), .choices = off_on},
	{"paired", 0, OPTION_CHOICE, OPTION_PLANS, "on|off|only", "takes on, off or only",
	 "hold arms against each other in one process, in short windows by turns: verdicts on time that a busy machine does "
	 "not blur (default on; only: no arm is timed on its own)",
	 OPTION_AT(struct run_options, paired), .choices = pairings},
	{"against", 0, OPTION_TEXT, OPTION_PLANS, "SPEC|all", "takes the SPEC of an arm, or all: every pair",
	 "which arm the others are held against (default: the first that can play)",
	 OPTION_AT(struct run_options, against)},
	{"paired-ms", 0, OPTION_NUMBER, OPTION_FIGURES, "MS", "takes a whole number from 1 to 10000",
	 "milliseconds of windows that each of a pair plays in a process, at least (default 40): ratios spread by the square "
	 "root less",
	 OPTION_AT(struct run_options, paired_ms), .minimum = 1, .maximum = RUN_PAIRED_MS_MAX},
	{"interfere", 0, OPTION_OWN, OPTION_FIGURES, "none|data=SIZE,code=SIZE[,pairs=N]",
	 "takes none, or sizes with a unit: data=256KiB,code=256KiB; data up to 1GiB, code up to 768KiB; and "
	 "pairs from 1 to 1000k",
	 "what a driver does between two calls: before every sampled operation data of that size is walked and code of that "
	 "size is run; latencies are those behind it, and pairs are taken so, too, by 20,000 operations of a process; with "
	 "pairs=N by N, and latencies without it (default: what the workload says, else none)",
	 .read = read_interference, .write = write_interference},
	{"threads", 't', OPTION_OWN, OPTION_FIGURES, "N[,N...]",
	 "takes a whole number of threads from 1 to 64, or 2 to 16 different ones with a comma between them",
	 "threads of one process, 1 to 64, that share the workload on one allocator; each is pinned to a CPU (default 1); "
	 "several: each workload is played with each of them, behind the same lock; scripts and recordings take one",
	 .read = read_threads, .write = write_threads},
	{"lock", 0, OPTION_CHOICE, OPTION_FIGURES, "KIND", "takes mutex, spin or none",
	 "around allocators that are not made for several threads: mutex, spin or none (default mutex with several "
	 "threads, none with one); none with several: only for those that need no lock",
	 OPTION_AT(struct run_options, lock), .choices = locks},
	{"rate", 0, OPTION_OWN, OPTION_FIGURES, "R[,R...][:poisson]",
	 "takes operations per second from 100 to 1G, or 2 to 16 different ones with a comma between them, and :poisson "
	 "behind it",
	 "open loop: R operations begin in a second (k, M), at even gaps or at random; the latency pass then records when "
	 "each one was answered, counted from when it was to begin; several: each workload is played at each of them",
	 .read = read_rate, .write = write_rate},
	{"shard", 0, OPTION_OWN, OPTION_PLANS, "I/N", "takes the number of a part and how many there are, up to 10000: 2/8",
	 "play part I of N alone: blocks of rounds of a workload, each with all arms; merge joins the parts to the document "
	 "of the whole (iovabench suite plan lists them)",
	 .apart = true, .read = read_shard, .write = write_shard},
	{"costs", 0, OPTION_TEXT, OPTION_PLANS, "RESULT.json", "takes the result.json of an earlier run",
	 "what an operation of each workload takes, so that parts take as long as each other (default: 50 ns for all); every "
	 "part wants the same file",
	 OPTION_AT(struct run_options, costs)},
	{"stall", 0, OPTION_OWN, OPTION_PLANS, "SECONDS", "takes seconds from 0.2 to 86400",
	 "a worker that ends no window for so long hangs (default 60)", .read = read_stall, .write = write_stall},
	{"memory", 0, OPTION_OWN, OPTION_PLANS, "MIB", "takes MiB, a whole number from 1 to 16777216",
	 "a worker that takes more is killed (default: three quarters of the machine's, or of its control group's)",
	 .read = read_memory, .write = write_memory},
	{"cpus", 0, OPTION_OWN, OPTION_FIGURES, "LIST", "takes numbers of CPUs and ranges of them, such as 2-3,5",
	 "CPUs to run on, such as 2-3,5: the highest has the first thread, and the lower ones the others (default: all that "
	 "are allowed)",
	 .read = read_cpus, .write = write_cpus},
	{"node", 0, OPTION_OWN, OPTION_FIGURES, "N", "takes the number of a NUMA node",
	 "run on the CPUs of NUMA node N, and with its memory as far as there is some", .read = read_node,
	 .write = write_node},
	{"dump-placements", 0, OPTION_TEXT, OPTION_SHOWS, "FILE", "takes the name of a new file",
	 "every extent that the audits saw, as CSV: docs/placements.md (about 60 bytes an operation)",
	 OPTION_AT(struct run_options, placements)},
	{"profile", 0, OPTION_CHOICE, OPTION_SHOWS, "PROFILER", "takes perf, valgrind or off",
	 "play every arm once more under perf or valgrind (callgrind), which see the windows of measured phases alone; what "
	 "they wrote is in the folder, and the command that reads it is told (default off; one thread)",
	 OPTION_AT(struct run_options, profiler), .choices = profiler_words},
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "DIR", "takes the name of a folder",
	 "where to write (default results/<time>); a folder with another run is refused",
	 OPTION_AT(struct run_options, folder)},
};
_Static_assert(RUN_ROUNDS_MAX == 100000 && RUN_ROUNDS_DEFAULT == 12 && WORKLOAD_THREADS_MAX == 64,
	       "the help of rounds and threads tells these");
_Static_assert(RUN_PAIRED_MS_DEFAULT == 40 && RUN_PAIRED_MS_MAX == 10000, "so does that of paired-ms");
_Static_assert(RUN_AXIS_MAX == 16, "so does that of rate");
_Static_assert(RUN_SHARDS_MAX == 10000, "so does that of shard");
_Static_assert(WORKLOAD_INTERFERENCE_DATA_MAX == 1 << 30 && WORKLOAD_INTERFERENCE_CODE_MAX == 768 << 10,
	       "what interfere takes tells these");
_Static_assert(RUN_SEEDS_MAX == 64 && RUN_ROUNDS_AUTO_MAX == 40 && BUDGET_SECONDS_MAX == 1000 * 3600,
	       "so does that of rounds and budget");
_Static_assert(sizeof(enum run_latency) == 4 && sizeof(enum run_paired) == 4 && sizeof(enum lock_kind) == 4 &&
		       sizeof(enum run_until) == 4 && sizeof(enum profiler) == 4,
	       "options store enums in four bytes");

struct run_options run_options_default(void)
{
	return (struct run_options){.rounds = RUN_ROUNDS_DEFAULT,
				    .paired_ms = RUN_PAIRED_MS_DEFAULT,
				    .audit = true,
				    .paired = RUN_PAIRED_ON,
				    .stall_seconds = RUN_STALL_SECONDS_DEFAULT};
}

uint32_t run_most_threads(const struct run_options *options)
{
	uint32_t most = options->changes.threads;
	for (size_t i = 0; i < options->threads_count; i++)
		most = options->threads[i] > most ? options->threads[i] : most;
	return most;
}

bool run_is_open_loop(const struct run_options *options)
{
	return options->changes.rate || options->rate_count;
}

void run_settings_add_key(const struct run_options *options, struct text *text)
{
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		if (run_settings[i].effect != OPTION_FIGURES)
			continue;
		text_add(text, "\n%s=", run_settings[i].name);
		option_write(&run_settings[i], options, text);
	}
}

void run_setting_add(const struct option_row *row, const struct run_options *options, const struct run_options *fallback,
		     struct text *text)
{
	assert(row->effect);
	struct text value = {0}, usual = {0};
	if (row->effect == OPTION_SHOWS)
		return;
	option_write(row, options, &value);
	if (fallback)
		option_write(row, fallback, &usual);
	if (value.length && !(fallback && usual.length == value.length && !memcmp(usual.bytes, value.bytes, value.length)))
		text_add(text, " --%s %s", row->name, value.bytes);
	text->failed |= value.failed | usual.failed;
	text_release(&value);
	text_release(&usual);
}
