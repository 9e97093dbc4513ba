/* SPDX-License-Identifier: MIT
 * No plugin, but for LD_PRELOAD: every worker of the program that it is loaded into ends as DIES says, whatever it plays:
 * with a crash, never, with more memory than it may take, or never and in work of its own. */
#define _GNU_SOURCE 1

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/job.h"

/* Where the memory that was taken can be seen, or a compiler takes none. */
static char *volatile taken;

static char line[256]; /* of the command */

static int is_worker(void)
{
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
	if (file)
		fclose(file);
	const char *second = line + strlen(line) + 1;
	return second < line + length && strcmp(second, "worker") == 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *how = getenv("DIES");
	if (!how || !is_worker())
		return;
	if (strcmp(how, "crash") == 0)
		raise(SIGSEGV);
	while (strcmp(how, "large") == 0) {
		taken = malloc(1 << 20);
		if (taken)
			memset(taken, 1, 1 << 20);
		usleep(1000);
	}
	if (strcmp(how, "own") == 0) {
		int shared = atoi(line + strlen(line) + 1 + sizeof "worker");
		struct job *job = mmap(NULL, sizeof *job, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
		if (job != MAP_FAILED)
			job->own_work = true;
	}
	while (strcmp(how, "never") == 0 || strcmp(how, "own") == 0)
		pause();
}
