/* SPDX-License-Identifier: MIT
 * No plugin, but for LD_PRELOAD: every worker of the program that it is loaded into ends as DIES says, whatever it plays: with
 * a crash, never, or with more memory than it may take. */
#define _GNU_SOURCE 1

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the memory that was taken can be seen, or a compiler takes none. */
static char *volatile taken;

static int is_worker(void)
{
	static char line[256];
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
	while (strcmp(how, "never") == 0)
		pause();
}
