/* SPDX-License-Identifier: MIT */
#include "verify/child.h"

#include "base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_SECONDS 0.05

void *verify_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void verify_unshare(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

/* Never returns. */
static void become_child(verify_body body, void *context, const struct verify_limits *limits, struct verify_mail *mail,
			 pid_t parent)
{
	const struct rlimit no_core = {0, 0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_CODE_IO);
	signal(SIGINT, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	setpgid(0, 0);
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(nothing, STDIN_FILENO);
	dup2(limits->quiet ? nothing : STDERR_FILENO, STDOUT_FILENO);
	if (limits->quiet)
		dup2(nothing, STDERR_FILENO);
	int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0) {
		(void)!write(score, "1000", 4);
		close(score);
	}
	crash_watch(&mail->crash);
	body(context, mail);
	_exit(EXIT_CODE_OK);
}

enum killed { KILLED_NOT, KILLED_STILL, KILLED_LARGE };

static enum killed watch(pid_t child, const struct verify_limits *limits, const struct verify_mail *mail, int *status)
{
	int process = pidfd_open(child, 0);
	uint64_t before = UINT64_MAX;
	double still_seconds = 0;
	enum killed killed = KILLED_NOT;
	for (;;) {
		struct pollfd event = {.fd = process, .events = POLLIN};
		poll(&event, process >= 0, (int)(TICK_SECONDS * 1000));
		pid_t done = waitpid(child, status, WNOHANG);
		if (done == child || (done < 0 && errno != EINTR))
			break;
		/* Who takes memory lives, until it is too much. */
		uint64_t resident = limits->memory_bytes ? process_resident_bytes(child) : 0;
		uint64_t now = mail->calls + mail->part + mail->op + resident;
		still_seconds = now == before ? still_seconds + TICK_SECONDS : 0;
		before = now;
		if (still_seconds > limits->stall_seconds)
			killed = KILLED_STILL;
		else if (resident > limits->memory_bytes)
			killed = KILLED_LARGE;
		if (killed != KILLED_NOT)
			kill(child, SIGKILL);
	}
	if (process >= 0)
		close(process);
	return killed;
}

static void judge(struct verify_outcome *outcome, const struct verify_mail *mail, enum killed killed, int status,
		  const struct verify_limits *limits)
{
	char *message = outcome->message, size[TEXT_NUMBER_BYTES];
	size_t bytes = sizeof outcome->message;
	*outcome =
		(struct verify_outcome){.part = mail->part, .op = mail->op, .calls = mail->calls, .refused = mail->refused};
	if (killed == KILLED_STILL) {
		outcome->state = VERIFY_HUNG;
		snprintf(message, bytes, "hangs: no call ended for %.3g s", limits->stall_seconds);
	} else if (killed == KILLED_LARGE) {
		outcome->state = VERIFY_LARGE;
		snprintf(message, bytes, "takes more than %s of memory", text_bytes(size, (double)limits->memory_bytes));
	} else if (WIFSIGNALED(status)) {
		outcome->state = VERIFY_CRASHED;
		memcpy(&outcome->crash, (const void *)&mail->crash, sizeof outcome->crash);
		snprintf(message, bytes, "crashes: signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (!mail->done) {
		outcome->state = VERIFY_ENDED;
		snprintf(message, bytes, "ends the process, with exit code %d", WEXITSTATUS(status));
	} else {
		outcome->state = mail->state <= VERIFY_ENDED ? (enum verify_state)mail->state : VERIFY_BROKEN;
		snprintf(message, bytes, "%.*s", (int)sizeof mail->message - 1, mail->message);
	}
}

void verify_outcome_tell_crash(struct verify_outcome *outcome)
{
	struct text where = {0};
	size_t length = strlen(outcome->message);
	if (outcome->state != VERIFY_CRASHED)
		return;
	crash_text(&outcome->crash, &where);
	if (where.length && !where.failed)
		snprintf(outcome->message + length, sizeof outcome->message - length, "%s", where.bytes);
	text_release(&where);
	outcome->crash.count = 0; /* told once */
}

int verify_child(verify_body body, void *context, const struct verify_limits *limits, struct verify_outcome *outcome,
		 struct error *error)
{
	assert(limits->stall_seconds > 0);
	int status = 0;
	struct process_left left = {0};
	struct verify_mail *mail = verify_shared(sizeof *mail);
	if (!mail)
		return error_set(error, EXIT_CODE_IO, "no memory for a process");
	fflush(NULL);
	pid_t parent = getpid(), child = fork();
	if (child < 0) {
		verify_unshare(mail, sizeof *mail);
		return error_set(error, EXIT_CODE_IO, "cannot start a process: %s", strerror(errno));
	}
	if (child == 0)
		become_child(body, context, limits, mail, parent);
	enum killed killed = watch(child, limits, mail, &status);
	process_sweep(&left);
	judge(outcome, mail, killed, status, limits);
	if (left.killed && (outcome->state == VERIFY_HELD || outcome->state == VERIFY_NOT_APPLICABLE)) {
		outcome->state = VERIFY_BROKEN;
		snprintf(outcome->message, sizeof outcome->message, "leaves %u process%s behind (%.*s)", left.killed,
			 left.killed == 1 ? "" : "es", (int)sizeof left.name, left.name);
	}
	verify_unshare(mail, sizeof *mail);
	return 0;
}
