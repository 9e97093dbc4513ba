/* SPDX-License-Identifier: MIT
 * How fast operations are generated, by the way in which victims are chosen, and that memory stays what it was: one stream for
 * each, 100,000 extents live, in pieces that are thrown away. Times are those of the thread's CPU clock. A table, not a test.
 * Arguments: operations of each stream (20,000,000), and the only way to play (all). */
#include "base/text.h"
#include "stream/op_stream.h"
#include "workload/workload_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define PIECE 4096u
#define LIVE 100000u

static const struct way {
	const char *name;
	const char *keys; /* of the churn */
} ways[] = {
	{"random", "victims: random"},     {"fifo", "victims: fifo"}, {"lifo", "victims: lifo"},
	{"lifetime", "victims: lifetime"}, {"burst", "burst: 32"},    {"hold", "hold: occupancy"},
};

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The most that this process ever had resident. */
static long peak_kib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int fail(const char *message)
{
	fprintf(stderr, "generation: %s\n", message);
	return 1;
}

static void play(const struct way *way, struct op_stream *stream)
{
	static struct op piece[PIECE];
	size_t phase = 0, count;
	long resident_kib = 0;
	double begin = 0;
	uint64_t hash = 0;
	while ((count = op_stream_next(stream, piece, PIECE, &phase)) > 0) {
		if (phase == 1 && !resident_kib) {
			resident_kib = peak_kib();
			begin = cpu_seconds();
		}
		hash ^= piece[count - 1].slot;
	}
	double seconds = cpu_seconds() - begin;
	struct op_phase_totals plan = op_stream_totals(stream, 1);
	double operations = (double)(plan.allocations + plan.frees);
	printf("%-10s %8.1f M operations/s %8.0f M operations %8ld KiB resident, %ld KiB more at the end   (%02x)\n",
	       way->name, operations / seconds * 1e-6, operations * 1e-6, resident_kib, peak_kib() - resident_kib,
	       (unsigned)(hash & 0xff));
}

static int measure(const struct way *way, uint64_t operations)
{
	struct workload workload;
	struct text yaml = {0}, messages = {0};
	struct error error = {0};
	text_add(&yaml,
		 "iovabench: 1\nname: generation\nspace: {size: 64GiB}\nrequests:\n"
		 "  - {name: any, size: {powers_of_two: {min: 4KiB, max: 1MiB, ratio: 50%%}}, lifetime: {exponential: "
		 "{mean: "
		 "%u}}}\n"
		 "phases:\n  - {name: fill, mix: [{request: any}], until: {live: %u}}\n"
		 "  - {name: churn, mix: [{request: any}], ops: %llu, %s}\n",
		 2 * LIVE, LIVE, (unsigned long long)operations, way->keys);
	if (yaml.failed || workload_parse("generation", yaml.bytes, yaml.length, &workload, &messages))
		return fail(messages.bytes ? messages.bytes : "no memory");
	struct op_stream *stream = op_stream_open(&workload, NULL, 1, &error);
	if (!stream)
		return fail(error.message);
	play(way, stream);
	op_stream_close(stream);
	workload_release(&workload);
	text_release(&yaml);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000000;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if ((argc < 3 || strcmp(argv[2], ways[i].name) == 0) && measure(&ways[i], operations))
			return 1;
	return 0;
}
