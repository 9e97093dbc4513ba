/* SPDX-License-Identifier: MIT
 * Feeds a fuzz target with files, each in a process of its own, without clang's fuzzer: so every file of a corpus is played by
 * every compiler and variant. Arguments: files, and folders, whose files are fed in the order of their names. TAP. */
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (64u << 20)
#define SECONDS_MAX 60u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count, bad;

static int feed(const char *path)
{
	struct error error = {0};
	char *bytes = NULL;
	size_t length = 0;
	if (file_read(path, INPUT_BYTES_MAX, &bytes, &length, &error) < 0) {
		printf("# %s\n", error.message);
		return 1;
	}
	/* Its own size exactly, so that sanitizers see a read behind the end; no '\0' there. */
	uint8_t *exact = malloc(length ? length : 1);
	if (!exact)
		return 1;
	memcpy(exact, bytes, length);
	memory_release(bytes);
	int result = LLVMFuzzerTestOneInput(exact, length);
	free(exact);
	return result;
}

static void feed_apart(const char *path)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(SECONDS_MAX);
		int result = feed(path);
		fflush(stdout);
		exit(result);
	}
	int status = -1;
	bool waited = child > 0 && waitpid(child, &status, 0) == child;
	count++;
	if (waited && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %u - %s\n", count, path);
		return;
	}
	bad++;
	printf("not ok %u - %s\n", count, path);
	if (waited && WIFSIGNALED(status))
		printf("# ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		printf("# %s %d\n", waited ? "exit code" : "no process", waited ? WEXITSTATUS(status) : 0);
}

static void feed_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < found; i++) {
		char path[PATH_MAX];
		struct stat state;
		int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (length > 0 && (size_t)length < sizeof path && stat(path, &state) == 0 && S_ISREG(state.st_mode))
			feed_apart(path);
		free(entries[i]);
	}
	free(entries);
	if (found < 0) {
		bad++;
		printf("not ok %u - %s cannot be read\n", ++count, folder);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat state;
		if (stat(argv[i], &state) == 0 && S_ISDIR(state.st_mode))
			feed_folder(argv[i]);
		else
			feed_apart(argv[i]);
	}
	return bad || !count ? 1 : 0;
}
