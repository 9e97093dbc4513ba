/* SPDX-License-Identifier: MIT
 * No plugin, but for LD_PRELOAD: a program that is killed in the n-th of its calls that write, force to disk or rename, n =
 * KILLED_AT. Half of the bytes of a write are written then. Programs that it starts are left alone. */
#define _GNU_SOURCE 1

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("KILLED_AT");
	left = at ? atol(at) : -1;
	unsetenv("KILLED_AT");
	unsetenv("LD_PRELOAD");
}

static int is_last(void)
{
	return left > 0 && --left == 0;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* A pointer to a function and one to an object are not the same in ISO C. */
#define REAL(name, type)                                                                                                   \
	type real;                                                                                                         \
	void *found = dlsym(RTLD_NEXT, name);                                                                              \
	memcpy(&real, &found, sizeof real)

typedef ssize_t write_type(int, const void *, size_t);
typedef int sync_type(int);
typedef int rename_type(int, const char *, int, const char *);

ssize_t write(int descriptor, const void *bytes, size_t count)
{
	REAL("write", write_type *);
	int last = is_last();
	ssize_t written = last && count < 2 ? 0 : real(descriptor, bytes, last ? count / 2 : count);
	if (last)
		die();
	return written;
}

int fsync(int descriptor)
{
	REAL("fsync", sync_type *);
	if (is_last())
		die();
	return real(descriptor);
}

int fdatasync(int descriptor)
{
	REAL("fdatasync", sync_type *);
	if (is_last())
		die();
	return real(descriptor);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	REAL("renameat", rename_type *);
	if (is_last())
		die();
	return real(from_folder, from, to_folder, to);
}
