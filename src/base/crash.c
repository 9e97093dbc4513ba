/* SPDX-License-Identifier: MIT */
#include "base/crash.h"

#include <assert.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* backtrace begins with the handler and what called it. */
#define FRAMES_OF_HANDLER 2
#define STACK_BYTES ((size_t)256 << 10)
#define TOLD_MAX 4u

static struct crash *watched;

static void *crashed_at(const void *context)
{
	const ucontext_t *state = context;
#if defined(__x86_64__)
	return (void *)(uintptr_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (void *)(uintptr_t)state->uc_mcontext.pc;
#else
	(void)state;
	return NULL;
#endif
}

/* A return address is behind its call, which may be the last instruction of its function. */
static void note_frame(void *address, bool returns)
{
	struct crash_frame *frame = &watched->frames[watched->count];
	Dl_info info;
	uintptr_t at = (uintptr_t)address - returns;
	if (!at || !dladdr((void *)at, &info) || !info.dli_fname)
		return;
	snprintf(frame->module, sizeof frame->module, "%s", info.dli_fname);
	snprintf(frame->function, sizeof frame->function, "%s", info.dli_sname ? info.dli_sname : "");
	frame->offset = at - (uintptr_t)info.dli_fbase;
	watched->count++;
}

/* Nothing in here is safe in a handler, and all of it goes well mostly; where it does not, the process ends by the next
 * signal. */
static void note_crash(int number, siginfo_t *info, void *context)
{
	void *addresses[CRASH_FRAMES_MAX + FRAMES_OF_HANDLER];
	(void)info;
	int count = backtrace(addresses, (int)(sizeof addresses / sizeof addresses[0]));
	int first = FRAMES_OF_HANDLER;
	void *at = crashed_at(context);
	for (int i = 0; i < count; i++)
		if (addresses[i] == at)
			first = i;
	for (int i = first; i < count && watched->count < CRASH_FRAMES_MAX; i++)
		note_frame(addresses[i], i > first);
	/* Who was sent the signal would go on; the handler is gone. */
	raise(number);
}

void crash_watch(struct crash *crash)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
	struct sigaction action = {.sa_sigaction = note_crash};
	action.sa_flags = SA_SIGINFO | (int)SA_RESETHAND | SA_ONSTACK;
	void *first[1];
	assert(!watched);
	watched = crash;
	/* The first call loads a library, which a process that has crashed may not be able to. */
	(void)backtrace(first, 1);
	stack_t stack = {.ss_size = STACK_BYTES};
	stack.ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL))
		action.sa_flags &= ~SA_ONSTACK;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction before;
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
	}
}

static const char *last_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool same_module(const struct crash_frame *a, const struct crash_frame *b)
{
	return !strncmp(a->module, b->module, sizeof a->module);
}

static bool is_library(const struct crash_frame *frame)
{
	const char *name = last_of_path(frame->module);
	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libpthread.so", 13) || !strncmp(name, "ld-linux", 8);
}

/* What addr2line prints for a frame: a function and file:line, one below the other; or nothing. */
static void ask_addr2line(const struct crash_frame *frame, char *answer, size_t bytes)
{
	char offset[24], module[sizeof frame->module + 1];
	char *arguments[] = {(char[]){"addr2line"}, (char[]){"-fsCe"}, module, offset, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;
	size_t length = 0;
	answer[0] = '\0';
	/* The program is known by whatever it was called as. */
	ssize_t own = strchr(frame->module, '/') ? -1 : readlink("/proc/self/exe", module, sizeof module - 1);
	snprintf(module + (own > 0 ? own : 0), sizeof module - (size_t)(own > 0 ? own : 0), "%s",
		 own > 0 ? "" : frame->module);
	snprintf(offset, sizeof offset, "0x%" PRIx64, frame->offset);
	if (pipe2(ends, O_CLOEXEC))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, (char *[]){NULL});
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	ssize_t got;
	while (!failed && length < bytes - 1 && (got = read(ends[0], answer + length, bytes - 1 - length)) > 0)
		length += (size_t)got;
	answer[length] = '\0';
	close(ends[0]);
	if (!failed)
		waitpid(child, NULL, 0);
}

static void add_frame(const struct crash_frame *frame, struct text *text)
{
	char answer[512], *line = NULL;
	ask_addr2line(frame, answer, sizeof answer);
	if ((line = strchr(answer, '\n'))) {
		*line++ = '\0';
		line[strcspn(line, "\n (")] = '\0';
	}
	bool known = line && line[0] && line[0] != '?' && answer[0] != '?';
	if (known)
		text_add(text, "%s (%s)", answer, line);
	else if (frame->function[0])
		text_add(text, "%.*s (%s+0x%" PRIx64 ")", (int)sizeof frame->function, frame->function,
			 last_of_path(frame->module), frame->offset);
	else
		text_add(text, "%s+0x%" PRIx64, last_of_path(frame->module), frame->offset);
}

void crash_text(const struct crash *crash, struct text *text)
{
	struct crash_frame frames[CRASH_FRAMES_MAX];
	uint32_t count = crash->count < CRASH_FRAMES_MAX ? crash->count : CRASH_FRAMES_MAX, first = 0;
	memcpy(frames, crash->frames, sizeof frames);
	for (uint32_t i = 0; i < count; i++)
		frames[i].module[sizeof frames[i].module - 1] = frames[i].function[sizeof frames[i].function - 1] = '\0';
	while (first < count && is_library(&frames[first]))
		first++;
	for (uint32_t i = first; i < count && i < first + TOLD_MAX && same_module(&frames[i], &frames[first]); i++) {
		text_add(text, i == first ? " at " : ", called by ");
		add_frame(&frames[i], text);
	}
}
