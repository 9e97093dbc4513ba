/* SPDX-License-Identifier: MIT
 * Meets the end that its option names in its 100th allocation: each time, or, where FATE names a file, when that is there,
 * which is removed. What it gives is right; it is none for the audit, as it does not know its free pages. */
#define _GNU_SOURCE 1

#include "bump.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum fate { FATE_NONE, FATE_KILLED, FATE_TERMINATED, FATE_EXIT };

static const char *const choices[] = {"none", "killed", "terminated", "exit", 0};
static const struct iova_option options[] = {
	{.name = "end", .kind = IOVA_OPTION_CHOICE, .choices = choices, .help = "what ends the process"},
};
static uint64_t fate;

static enum iova_status fate_create(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	fate = values[0];
	return bump_create(space, values, host, below, self, reason);
}

static void meet(void)
{
	const char *file = getenv("FATE");
	if (file && unlink(file) != 0)
		return;
	if (fate == FATE_KILLED)
		kill(getpid(), SIGKILL);
	if (fate == FATE_TERMINATED)
		kill(getpid(), SIGTERM);
	if (fate == FATE_EXIT)
		_exit(0);
}

static enum iova_status fate_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct bump *bump = self;
	if (++bump->calls == 100)
		meet();
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP_MADE_BY("fate", fate_create), .options = options, .option_count = 1,
					    .alloc = fate_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
