/* SPDX-License-Identifier: MIT
 * The example allocator, with every answer right, that does one thing beside answering, which its options name. */
#define _GNU_SOURCE 1
#define iova_plugin example_plugin
#include "../../plugins/example.c"
#undef iova_plugin

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum does { NOTHING, TWICE, SIZE, STRAY, LEAK, LOCK, IDLE, SPIN, CPUS, NICE, CLASS, CHILD, DAEMON, TREE, STOP };
static const char *const deeds[] = {"nothing", "twice", "size",  "stray", "leak",   "lock", "idle", "spin",
				    "cpus",    "nice",  "class", "child", "daemon", "tree", "stop", 0};
static const char *const moments[] = {"alloc", "create", "destroy", 0};
enum { IN_ALLOC, IN_CREATE, IN_DESTROY };
static const struct iova_option guest_options[] = {
	{"start", IOVA_OPTION_CHOICE, 0, 0, 0, starts, "as the example has it", 0},
	{"does", IOVA_OPTION_CHOICE, 0, 0, 0, deeds, "what it does beside answering", 0},
	{"in", IOVA_OPTION_CHOICE, 0, 0, 0, moments, "in its 100th allocation, in create, or in destroy", 0},
};

/* One instance at a time, or all alike. */
static enum does does;
static uint64_t moment, calls;
static const struct iova_host *host;

static void *stay(void *argument)
{
	volatile int forever = 1;
	while (forever)
		if (!argument)
			pause();
	return NULL;
}

static void start_thread(int spins)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, stay, spins ? &does : NULL) == 0)
		pthread_detach(thread);
}

/* Each writes a byte once it is what it wants to be. */
static void child(int deep, int away, int there)
{
	if (fork() != 0)
		return;
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (away)
		setsid();
	if (away && fork() != 0)
		_exit(0);
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_NAME, "guest-child");
	while (deep--)
		child(deep, away, there);
	if (write(there, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void children(int deep, int away)
{
	int ends[2];
	char byte;
	if (pipe(ends) < 0)
		return;
	child(deep, away, ends[1]);
	for (int i = 0; i < 1 << deep; i++)
		if (read(ends[0], &byte, 1) != 1)
			return;
	close(ends[0]);
	close(ends[1]);
}

static void change_thread(enum does what)
{
	struct sched_param none = {0};
	cpu_set_t all;
	CPU_ZERO(&all);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	if (what == CPUS)
		sched_setaffinity(0, sizeof all, &all);
	else if (what == NICE)
		setpriority(PRIO_PROCESS, 0, 5);
	else
		sched_setscheduler(0, SCHED_BATCH, &none);
}

static void spoil_memory(enum does what)
{
	void *memory = host->memory_get(host->context, 100);
	if (what == LEAK)
		return;
	host->memory_put(host->context, what == STRAY ? (char *)memory + 1024 : (char *)memory, what == SIZE ? 500 : 100);
	if (what == TWICE || what == STRAY)
		host->memory_put(host->context, memory, 100);
}

static void act(void)
{
	switch (does) {
	case NOTHING:
		break;
	case TWICE:
	case SIZE:
	case STRAY:
	case LEAK:
		spoil_memory(does);
		break;
	case LOCK:
		host->lock_create(host->context);
		break;
	case IDLE:
	case SPIN:
		start_thread(does == SPIN);
		break;
	case CPUS:
	case NICE:
	case CLASS:
		change_thread(does);
		break;
	case CHILD:
		children(0, 0);
		break;
	case DAEMON:
		children(0, 1);
		break;
	case TREE:
		children(2, 1);
		break;
	case STOP:
		kill(getpid(), SIGSTOP);
		break;
	}
}

static enum iova_status guest_create(const struct iova_space *space, const uint64_t *values,
				     const struct iova_host *its_host, const struct iova_below *below, void **self,
				     const char **reason)
{
	does = (enum does)values[1];
	moment = values[2];
	calls = 0;
	host = its_host;
	if (moment == IN_CREATE)
		act();
	return example_create(space, values, its_host, below, self, reason);
}

static enum iova_status guest_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	if (++calls == 100 && moment == IN_ALLOC)
		act();
	return example_alloc(self, request, cpu, extent);
}

static void guest_destroy(void *self)
{
	if (self && moment == IN_DESTROY)
		act();
	example_destroy(self);
}

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = *example_plugin();
	table.name = "guest";
	table.options = guest_options;
	table.option_count = sizeof guest_options / sizeof guest_options[0];
	table.create = guest_create;
	table.alloc = guest_alloc;
	table.destroy = guest_destroy;
	return &table;
}
