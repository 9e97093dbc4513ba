/* SPDX-License-Identifier: MIT */
#include "run/warden.h"

#include "run/process.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process that was killed may take this long to end; then it is told that it stays. */
#define SWEEP_SECONDS 10.0
#define SWEEP_NAP_SECONDS 0.002

/* When the system has no memory left, it is this one that ends, and not its parent. */
static void offer_to_the_system(void)
{
	int descriptor = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	ssize_t ignored = write(descriptor, "1000", 4);
	(void)ignored;
	close(descriptor);
}

/* Kills what is our child now; *name: of one of them, while it has none. */
static void kill_children(char *name, size_t bytes)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	while (processes && (entry = readdir(processes))) {
		struct process_state state;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!process_read(pid, &state) || state.parent != getpid() || state.letter == 'Z')
			continue;
		if (!*name)
			snprintf(name, bytes, "%s", state.name);
		kill(pid, SIGKILL);
	}
	if (processes)
		closedir(processes);
}

/* Orphans of orphans become our children when their parents end: until there is none. */
static void sweep(struct job *job)
{
	const struct timespec nap = {0, (long)(SWEEP_NAP_SECONDS * 1e9)};
	for (double seconds = 0;; seconds += SWEEP_NAP_SECONDS) {
		int status;
		pid_t ended;
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			job->left_processes += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		if (ended < 0 && errno == ECHILD)
			return;
		if (seconds > SWEEP_SECONDS) {
			job->left_for_good = true;
			return;
		}
		kill_children(job->left_name, sizeof job->left_name);
		nanosleep(&nap, NULL);
	}
}

/* Returns its wait status. */
static int wait_for(pid_t player, const sigset_t *signals)
{
	for (;;) {
		int status;
		pid_t ended;
		if (sigwaitinfo(signals, NULL) == SIGTERM)
			kill(player, SIGKILL);
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == player)
				return status;
	}
}

int warden_run(struct job *job, int (*play)(struct job *job))
{
	assert(!job->ended && !job->player);
	sigset_t signals, before;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	pid_t warden = getpid(), player = fork();
	if (player < 0)
		return EXIT_CODE_IO;
	if (player == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != warden)
			_exit(EXIT_CODE_IO);
		sigprocmask(SIG_SETMASK, &before, NULL);
		offer_to_the_system();
		return play(job);
	}
	job->player = player;
	job->status = wait_for(player, &signals);
	sweep(job);
	job->ended = true;
	return EXIT_CODE_OK;
}
