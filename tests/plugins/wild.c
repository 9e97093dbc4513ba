/* SPDX-License-Identifier: MIT
 * The example, which does something that no allocator should in call number `at` of the function that `in` names. */
#define _GNU_SOURCE 1

#define iova_plugin example_plugin
#include "../../plugins/example.c"
#undef iova_plugin

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum deed {
	DEED_NONE,
	DEED_CRASH,
	DEED_HANG,
	DEED_EXIT,
	DEED_ABORT,
	DEED_KILLED,
	DEED_FORK,
	DEED_CLOSE,
	DEED_EAT,
	DEED_OVERLAP,
	DEED_PRINT,
	DEED_TRAP,
	DEED_THREAD
};

static const char *const deeds[] = {"none",  "crash", "hang",    "exit",  "abort", "killed", "fork",
				    "close", "eat",   "overlap", "print", "trap",  "thread", NULL};
enum moment {
	IN_ALLOC,
	IN_CREATE,
	IN_FREE,
	IN_PLACE,
	IN_STATISTICS,
	IN_VISIT,
	IN_INVARIANT,
	IN_POLL,
	IN_DRAIN,
	IN_DESTROY
};
static const char *const moments[] = {"alloc",     "create", "free",  "place",   "statistics", "visit",
				      "invariant", "poll",   "drain", "destroy", NULL};
static const struct iova_option wild_options[] = {
	{.name = "does", .kind = IOVA_OPTION_CHOICE, .choices = deeds, .help = "what it does"},
	{.name = "at",
	 .kind = IOVA_OPTION_NUMBER,
	 .default_value = 100,
	 .minimum = 1,
	 .maximum = 1000000000,
	 .help = "in which call"},
	{.name = "in", .kind = IOVA_OPTION_CHOICE, .choices = moments, .help = "of which function"},
};
static uint64_t deed, at, moment, calls;

static void act(void);

static void happens(enum moment now)
{
	if (now == moment && ++calls == at)
		act();
}

static enum iova_status wild_create(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	const uint64_t low = 1;
	deed = values[0];
	at = values[1];
	moment = values[2];
	calls = 0;
	happens(IN_CREATE);
	return example_create(space, &low, host, below, self, reason);
}

static void *sleeps(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static void eat(void)
{
	for (;;)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static void act(void)
{
	switch ((enum deed)deed) {
	case DEED_CRASH:
		raise(SIGSEGV);
		break;
	case DEED_HANG:
		for (;;)
			pause();
	case DEED_EXIT:
		exit(0);
	case DEED_ABORT:
		abort();
	case DEED_KILLED:
		kill(getpid(), SIGKILL);
		break;
	case DEED_FORK:
		if (fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
		break;
	case DEED_CLOSE:
		for (int descriptor = 0; descriptor < 64; descriptor++)
			close(descriptor);
		break;
	case DEED_EAT:
		eat();
		break;
	case DEED_TRAP:
		raise(SIGILL);
		break;
	case DEED_THREAD: {
		pthread_t thread;
		if (pthread_create(&thread, NULL, sleeps, NULL) != 0)
			abort();
		break;
	}
	case DEED_PRINT:
		if (write(STDOUT_FILENO, "{\"not\": \"data\"}\n", 16) < 0)
			abort();
		break;
	default:
		break;
	}
}

static enum iova_status wild_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct example *example = self;
	enum iova_status status = example_alloc(self, request, cpu, extent);
	happens(IN_ALLOC);
	/* From then on what is handed out is free in its book. */
	if (status == IOVA_OK && deed == DEED_OVERLAP && calls >= at)
		mark(example, extent->first - example->space.first, 1, 0);
	return status;
}

static void wild_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	example_free(self, extent, cpu);
	happens(IN_FREE);
}

static enum iova_status wild_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	happens(IN_PLACE);
	return example_allocator.place(self, first, count, cpu, extent);
}

static void wild_statistics(void *self, struct iova_statistics *statistics)
{
	happens(IN_STATISTICS);
	example_allocator.statistics(self, statistics);
}

static void wild_visit_free(void *self, iova_visit visit, void *context)
{
	happens(IN_VISIT);
	example_allocator.visit_free(self, visit, context);
}

static const char *wild_broken_invariant(void *self)
{
	happens(IN_INVARIANT);
	return example_allocator.broken_invariant(self);
}

static void wild_poll(void *self, uint64_t now_ns)
{
	(void)self, (void)now_ns;
	happens(IN_POLL);
}

static void wild_drain(void *self)
{
	(void)self;
	happens(IN_DRAIN);
}

static void wild_destroy(void *self)
{
	happens(IN_DESTROY);
	example_allocator.destroy(self);
}

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = example_allocator;
	table.name = "wild";
	table.options = wild_options;
	table.option_count = 3;
	table.create = wild_create;
	table.alloc = wild_alloc;
	table.free = wild_free;
	table.place = wild_place;
	table.statistics = wild_statistics;
	table.visit_free = wild_visit_free;
	table.broken_invariant = wild_broken_invariant;
	table.poll = wild_poll;
	table.drain = wild_drain;
	table.destroy = wild_destroy;
	return &table;
}
