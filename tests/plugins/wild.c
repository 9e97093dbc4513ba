/* SPDX-License-Identifier: MIT
 * The example, which does something that no allocator should in its call number `at`. */
#define _GNU_SOURCE 1

#define iova_plugin example_plugin
#include "../../plugins/example.c"
#undef iova_plugin

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
	DEED_PRINT
};

static const char *const deeds[] = {"none", "crash", "hang", "exit",    "abort", "killed",
				    "fork", "close", "eat",  "overlap", "print", NULL};
static const struct iova_option wild_options[] = {
	{.name = "does", .kind = IOVA_OPTION_CHOICE, .choices = deeds, .help = "what it does"},
	{.name = "at",
	 .kind = IOVA_OPTION_NUMBER,
	 .default_value = 100,
	 .minimum = 1,
	 .maximum = 1000000000,
	 .help = "in which allocation"},
};
static uint64_t deed, at, calls;

static enum iova_status wild_create(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	const uint64_t low = 1;
	deed = values[0];
	at = values[1];
	calls = 0;
	return example_create(space, &low, host, below, self, reason);
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
	if (++calls == at)
		act();
	/* From then on what is handed out is free in its book. */
	if (status == IOVA_OK && deed == DEED_OVERLAP && calls >= at)
		mark(example, extent->first - example->space.first, 1, 0);
	return status;
}

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = example_allocator;
	table.name = "wild";
	table.options = wild_options;
	table.option_count = 2;
	table.create = wild_create;
	table.alloc = wild_alloc;
	return &table;
}
