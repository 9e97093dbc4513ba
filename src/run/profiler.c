/* SPDX-License-Identifier: MIT */
#include "run/profiler.h"

#include "base/memory.h"
#include "run/job.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the pass calls in its windows: src/play/profile.c. */
#define WINDOW "iovabench_window"
#define ARGUMENTS_MAX 13

static const struct {
	const char *program, *package, *suffix, *reader;
} rows[PROFILER_COUNT] = {
	[PROFILER_OFF] = {0},
	[PROFILER_PERF] = {"perf", "linux-perf", ".perf.data", "perf report -i"},
	[PROFILER_VALGRIND] = {"valgrind", "valgrind", ".callgrind.out", "callgrind_annotate"},
};
const char *const profiler_words[PROFILER_COUNT + 1] = {"off", "perf", "valgrind", NULL};

static bool is_installed(const char *program)
{
	const char *folders = getenv("PATH");
	bool found = false;
	for (const char *at = folders ? folders : ""; *at && !found;) {
		struct text path = {0};
		size_t length = strcspn(at, ":");
		text_add(&path, "%.*s/%s", (int)length, at, program);
		found = !path.failed && access(path.bytes, X_OK) == 0;
		text_release(&path);
		at += length + (at[length] == ':');
	}
	return found;
}

int profiler_check(enum profiler profiler, struct error *error)
{
	if (profiler == PROFILER_OFF || is_installed(rows[profiler].program))
		return 0;
	return error_set(error, EXIT_CODE_USAGE, "--profile %s: %s is not installed (Debian: %s)", profiler_words[profiler],
			 rows[profiler].program, rows[profiler].package);
}

const char *profiler_suffix(enum profiler profiler)
{
	assert(profiler);
	return rows[profiler].suffix;
}

void profiler_add_reader(enum profiler profiler, const char *file, struct text *text)
{
	assert(profiler);
	text_add(text, "%s", rows[profiler].reader);
	text_add_word(text, file);
}

/* It has to know us by our name: /proc/self is its own by then. */
static void become(struct job *job, const struct text *words, const char **argv, size_t count)
{
	static char self[PATH_MAX], number[16];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length < 0 || words->failed) {
		fprintf(stderr, "iovabench: a profiled worker cannot be started: %s\n",
			strerror(length < 0 ? errno : ENOMEM));
		return;
	}
	snprintf(number, sizeof number, "%d", job->self);
	argv[count++] = self;
	argv[count++] = "worker";
	argv[count++] = number;
	argv[count] = NULL;
	job->profiled = true;
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	fprintf(stderr, "iovabench: %s cannot be started: %s\n", argv[0], strerror(errno));
}

static void start_perf(struct job *job)
{
	struct text control = {0};
	int *pipes = job->profiler_pipes;
	if (pipe(pipes) < 0 || pipe(pipes + 2) < 0) {
		fprintf(stderr, "iovabench: no pipe to a profiler: %s\n", strerror(errno));
		return;
	}
	text_add(&control, "--control=fd:%d,%d", pipes[0], pipes[3]);
	const char *argv[ARGUMENTS_MAX] = {"perf", "record", "-q", "-D", "-1", "-o", job->profile, control.bytes, "--"};
	become(job, &control, argv, 9);
	text_release(&control);
}

/* In the name of its file % has a meaning. */
static void start_valgrind(struct job *job)
{
	struct text file = {0};
	text_add(&file, "--callgrind-out-file=");
	for (const char *at = job->profile; *at; at++)
		text_add(&file, *at == '%' ? "%%%%" : "%c", *at);
	const char *argv[ARGUMENTS_MAX] = {"valgrind", "--tool=callgrind", "-q", "--toggle-collect=" WINDOW, file.bytes,
					   "--"};
	become(job, &file, argv, 6);
	text_release(&file);
}

int profiler_start(struct job *job)
{
	assert(job->profiler && !job->profiled);
	if (job->profiler == PROFILER_PERF)
		start_perf(job);
	else
		start_valgrind(job);
	return EXIT_CODE_IO;
}
