/* SPDX-License-Identifier: MIT */
#include "run/warden.h"

#include "base/process.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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
	struct process_left left = {0};
	process_sweep(&left);
	job->left_processes = left.killed;
	job->left_for_good = left.for_good;
	memcpy(job->left_name, left.name, sizeof left.name);
	job->ended = true;
	return EXIT_CODE_OK;
}
