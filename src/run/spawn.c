/* SPDX-License-Identifier: MIT */
#include "run/spawn.h"

#include "base/file.h"
#include "base/memory.h"
#include "run/container.h"
#include "base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int spawn_memory_file(const char *name, const void *bytes, size_t length, struct error *error)
{
	assert(bytes || !length);
	int descriptor = memfd_create(name, MFD_ALLOW_SEALING);
	if (descriptor < 0)
		return error_set(error, EXIT_CODE_IO, "cannot create a memory file: %s", strerror(errno));
	const char *at = bytes;
	while (length) {
		ssize_t written = write(descriptor, at, length);
		if (written <= 0) {
			error_set(error, EXIT_CODE_IO, "cannot fill a memory file: %s", strerror(errno));
			close(descriptor);
			return -1;
		}
		at += written;
		length -= (size_t)written;
	}
	if (bytes && spawn_seal(descriptor, error) < 0) {
		close(descriptor);
		return -1;
	}
	return descriptor;
}

static int seal(int descriptor, int seals, struct error *error)
{
	if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | seals) == 0)
		return 0;
	return error_set(error, EXIT_CODE_IO, "cannot seal a memory file: %s", strerror(errno));
}

int spawn_seal(int descriptor, struct error *error)
{
	assert(descriptor >= 0);
	return seal(descriptor, F_SEAL_WRITE, error);
}

/* What a worker and this process both write to: a plugin may spoil its bytes, but cannot cut it off under us. -1 with a
 * message. */
static int portion_job(const struct job *job, struct job **copy, struct error *error)
{
	int shared = spawn_memory_file("iovabench-job", NULL, 0, error);
	if (shared < 0)
		return -1;
	if (ftruncate(shared, sizeof *job) < 0)
		error_set(error, EXIT_CODE_IO, "cannot fill a memory file: %s", strerror(errno));
	else if (seal(shared, 0, error) == 0)
		*copy = mmap(NULL, sizeof *job, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
	if (*copy != MAP_FAILED) {
		memcpy(*copy, job, sizeof *job);
		return shared;
	}
	if (error->exit_code == EXIT_CODE_OK)
		error_set(error, EXIT_CODE_IO, "cannot map a memory file: %s", strerror(errno));
	close(shared);
	return -1;
}

static void become_worker(int job, pid_t parent)
{
	/* An interrupt ends the run after this round: the worker finishes. It does not outlive its parent. */
	signal(SIGINT, SIG_IGN);
	/* What a plugin prints is no data of ours, and it reads none. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing > 0)
		dup2(nothing, STDIN_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_CODE_IO);
	char number[16];
	snprintf(number, sizeof number, "%d", job);
	execl("/proc/self/exe", "iovabench", "worker", number, (char *)NULL);
	_exit(EXIT_CODE_IO);
}

#define TICK_SECONDS 0.1
#define PATIENCE_SECONDS 15.0 /* with a worker that was told to end */

enum ending { ENDED, HUNG, TOO_LARGE, STOPPED };

/* A worker while it is waited for. */
struct waiting {
	pid_t worker;
	struct job *job; /* that it shares with us */
	const struct spawn_watch *watch;
	enum ending ending;     /* why it was told to end */
	double told_seconds;    /* since then */
	uint64_t words;         /* played so far */
	double still_seconds;   /* that it ran without playing any, and of them */
	double own_seconds;     /* those in which no allocator was at work */
	double stopped_seconds; /* without a break, and */
	double stopped_in_all_seconds;
	uint64_t oom_kills; /* in our control group, before */
	int status;
};

/* 'T': by a signal, 't': by whoever traces it, 0: it runs. */
static char stop_of(pid_t pid)
{
	struct process_state state;
	bool stopped = pid > 0 && process_read(pid, &state) && (state.letter == 'T' || state.letter == 't');
	return stopped ? state.letter : 0;
}

/* Counts ticks, not what a clock says: while we were stopped ourselves, or the machine slept, nobody hung. */
static enum ending judge(struct waiting *waiting)
{
	const struct spawn_watch *watch = waiting->watch;
	pid_t player = waiting->job->player;
	uint64_t words = waiting->job->progress;
	char player_stop = stop_of(player), worker_stop = stop_of(waiting->worker);
	bool stopped = player_stop || worker_stop;
	waiting->stopped_seconds = stopped ? waiting->stopped_seconds + TICK_SECONDS : 0;
	/* A sanitizer stops, as a tracer, what it looks through at its end: nothing to tell. */
	waiting->stopped_in_all_seconds += player_stop == 'T' || worker_stop == 'T' ? TICK_SECONDS : 0;
	if (words != waiting->words)
		waiting->still_seconds = waiting->own_seconds = 0;
	else if (!stopped) {
		waiting->still_seconds += TICK_SECONDS;
		waiting->own_seconds += waiting->job->own_work ? TICK_SECONDS : 0;
	}
	waiting->words = words;
	if (waiting->stopped_seconds > watch->stall_seconds)
		return STOPPED;
	if (waiting->still_seconds > watch->stall_seconds)
		return HUNG;
	/* Before the warden has started it, there is but the one. */
	uint64_t resident = watch->memory_limit_bytes ? process_resident_bytes(player > 0 ? player : waiting->worker) : 0;
	bool large = resident > watch->memory_limit_bytes;
	return large ? TOO_LARGE : ENDED;
}

/* The warden takes all that was started in there with it. */
static void end_worker(const struct waiting *waiting)
{
	kill(waiting->worker, SIGTERM);
	kill(waiting->worker, SIGCONT);
	if (waiting->told_seconds > PATIENCE_SECONDS)
		kill(waiting->worker, SIGKILL);
}

/* Waits for the end; has a worker killed whose progress stands still or that takes too much memory. Returns 0, or -1 when it
 * cannot be waited for. */
static int wait_for(struct waiting *waiting)
{
	int process = pidfd_open(waiting->worker, 0);
	pid_t done;
	for (;;) {
		struct pollfd event = {.fd = process, .events = POLLIN};
		int ready = poll(&event, process >= 0, (int)(TICK_SECONDS * 1000));
		done = waitpid(waiting->worker, &waiting->status, WNOHANG);
		if (done == waiting->worker || (done < 0 && errno != EINTR))
			break;
		if (ready != 0)
			continue; /* a signal to us */
		if (waiting->watch->tick)
			waiting->watch->tick(waiting->watch->context, waiting->job->progress);
		if (waiting->ending == ENDED)
			waiting->ending = judge(waiting);
		if (waiting->ending != ENDED)
			end_worker(waiting);
		waiting->told_seconds += waiting->ending != ENDED ? TICK_SECONDS : 0;
	}
	if (process >= 0)
		close(process);
	/* Whoever kills the warden takes the player with it. */
	if (waiting->job->ended)
		waiting->status = waiting->job->status;
	return done == waiting->worker ? 0 : -1;
}

/* A record in place of one that the worker could not write. */
static int describe(struct result_record *record, const struct job *job, enum error_owner owner, struct error *error,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
static int describe(struct result_record *record, const struct job *job, enum error_owner owner, struct error *error,
		    const char *format, ...)
{
	char message[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	*record = (struct result_record){
		.workload = memory_text(""),
		.spec = memory_text(job->spec),
		.against = *job->against ? memory_text(job->against) : NULL,
		.side = (enum result_side)job->side,
		.key = job->key,
		.pass = job->pass,
		.round = job->round,
		.exit_code = error_owner_exit_code(owner),
		.owner = owner,
		.message = memory_text(message),
	};
	if (!record->workload || !record->spec || !record->message || (*job->against && !record->against)) {
		result_record_release(record);
		return error_set(error, EXIT_CODE_IO, "no memory for a record");
	}
	return 0;
}

/* Of the signals that end a process, those that come of what it does itself. */
static bool is_own_crash(int number)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE, SIGALRM};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (own[i] == number)
			return true;
	return false;
}

static bool killed_for_memory(const struct waiting *waiting)
{
	struct container container;
	container_read("", &container);
	return container.oom_kills > waiting->oom_kills;
}

static int describe_crash(struct result_record *record, const struct job *job, const struct crash *crash, const char *pass,
			  int number, struct error *error)
{
	struct text where = {0};
	crash_text(crash, &where);
	int result = describe(record, job, ERROR_OWNER_ALLOCATOR, error, "crashed in the %s: signal %d (%s)%.160s", pass,
			      number, strsignal(number), where.length && !where.failed ? where.bytes : "");
	text_release(&where);
	return result;
}

static int describe_ending(const struct job *job, const struct waiting *waiting, struct result_record *record,
			   struct error *error)
{
	const struct spawn_watch *watch = waiting->watch;
	int status = waiting->status;
	static const char *const names[] = {
		[RESULT_PASS_TIMED] = "timed pass", [RESULT_PASS_AUDIT] = "audit", [RESULT_PASS_PAIRED] = "paired pass"};
	const char *pass = names[job->pass];
	char limit[TEXT_NUMBER_BYTES];
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (waiting->ending == STOPPED)
		return describe(record, job, ERROR_OWNER_MACHINE, error,
				"was stopped in the %s for longer than %.3g s: by hand, by a debugger or by its terminal",
				pass, watch->stall_seconds);
	if (waiting->ending == HUNG && waiting->own_seconds > waiting->still_seconds / 2)
		return describe(
			record, job, ERROR_OWNER_HARNESS, error,
			"no window of the %s ended for %.3g s, and in %.3g s of them iovabench was at work, not the allocator",
			pass, watch->stall_seconds, waiting->own_seconds);
	if (waiting->ending == HUNG)
		return describe(record, job, ERROR_OWNER_ALLOCATOR, error, "hung in the %s: no window ended for %.3g s",
				pass, watch->stall_seconds);
	if (waiting->ending == TOO_LARGE) {
		/* Each of a pair was below it on its own. */
		enum error_owner owner = job->pass == RESULT_PASS_PAIRED ? ERROR_OWNER_MACHINE : ERROR_OWNER_ALLOCATOR;
		int result = describe(record, job, owner, error, "passed the memory limit of %s in the %s",
				      text_bytes(limit, (double)watch->memory_limit_bytes), pass);
		record->over_limit = result == 0;
		return result;
	}
	if (number && !is_own_crash(number))
		return describe(record, job, ERROR_OWNER_MACHINE, error,
				"was killed from outside in the %s: signal %d (%s)%s", pass, number, strsignal(number),
				number != SIGKILL ? ""
				: killed_for_memory(waiting)
					? "; the system did, because its control group may take no more memory"
					: "; by hand, or the system had no memory left");
	if (!number && !waiting->job->player)
		return describe(record, job, ERROR_OWNER_MACHINE, error, "no process could be started for the %s", pass);
	if (number)
		return describe_crash(record, job, &waiting->job->crash, pass, number, error);
	return describe(record, job, ERROR_OWNER_ALLOCATOR, error, "ended in the %s with exit code %d and without a record",
			pass, WEXITSTATUS(status));
}

static int read_record(int descriptor, size_t length, const struct job *job, struct result_record *record,
		       struct error *error)
{
	/* Read, not mapped: nobody keeps a plugin from cutting it. */
	char *bytes = memory_zeroed(length + 1, 1);
	if (!bytes)
		return error_set(error, EXIT_CODE_IO, "no memory for a worker's record");
	size_t at = 0;
	ssize_t got;
	while (at < length && (got = pread(descriptor, bytes + at, length - at, (off_t)at)) > 0)
		at += (size_t)got;
	struct error wrong = {0};
	int result = result_record_read(bytes, at, record, &wrong);
	memory_release(bytes);
	return result == 0 ? 0
			   : describe(record, job, ERROR_OWNER_ALLOCATOR, error,
				      "wrote a record that cannot be read: %.160s", wrong.message);
}

/* What only the outside sees. */
static void note_surroundings(const struct waiting *waiting, struct result_record *record)
{
	const struct job *job = waiting->job;
	if (job->left_processes)
		result_record_note(record, "left %u process%s behind (%.*s), which %s killed", job->left_processes,
				   job->left_processes == 1 ? "" : "es", (int)sizeof job->left_name, job->left_name,
				   job->left_processes == 1 ? "was" : "were");
	if (job->left_for_good)
		result_record_note(record, "left processes behind (%.*s) that could not be killed",
				   (int)sizeof job->left_name, job->left_name);
	if (waiting->stopped_in_all_seconds > 0 && waiting->ending != STOPPED)
		result_record_note(record, "was stopped from outside for %.1f s", waiting->stopped_in_all_seconds);
}

static pid_t start(int job)
{
	pid_t parent = getpid();
	fflush(NULL);
	pid_t worker = fork();
	if (worker == 0)
		become_worker(job, parent);
	return worker;
}

static int run_worker(struct job *job, const struct spawn_watch *watch, struct result_record *record, struct text *line,
		      struct error *error)
{
	int shared = -1, result = -1;
	struct job *copy = MAP_FAILED;
	job->record = spawn_memory_file("iovabench-record", NULL, 0, error);
	if (job->record >= 0)
		shared = portion_job(job, &copy, error);
	struct container container;
	container_read("", &container);
	pid_t worker = shared < 0 ? -1 : start(shared);
	if (worker < 0) {
		if (error->exit_code == EXIT_CODE_OK)
			error_set(error, EXIT_CODE_IO, "cannot start a worker: %s", strerror(errno));
	} else {
		struct waiting waiting = {.worker = worker, .job = copy, .watch = watch, .oom_kills = container.oom_kills};
		struct stat state;
		int waited = wait_for(&waiting);
		job->side = copy->side < RESULT_SIDES ? copy->side : RESULT_SIDE_ARM;
		if (waited < 0)
			error_set(error, EXIT_CODE_IO, "cannot wait for a worker: %s", strerror(errno));
		else if (waiting.ending == ENDED && WIFEXITED(waiting.status) && fstat(job->record, &state) == 0 &&
			 state.st_size > 0)
			result = read_record(job->record, (size_t)state.st_size, job, record, error);
		else
			result = describe_ending(job, &waiting, record, error);
		if (result == 0)
			note_surroundings(&waiting, record);
	}
	if (result == 0 && result_record_write(record, line, error) < 0) {
		result_record_release(record);
		result = -1;
	}
	if (copy != MAP_FAILED)
		munmap(copy, sizeof *copy);
	if (shared >= 0)
		close(shared);
	if (job->record >= 0)
		close(job->record);
	return result;
}

int spawn_worker(struct job *job, const struct spawn_watch *watch, struct result_record *record, struct text *line,
		 struct error *error)
{
	assert(job->magic == JOB_MAGIC);
	/* Whoever ignores SIGCHLD when it starts us would have the system throw our workers' ends away. */
	struct sigaction usual = {.sa_handler = SIG_DFL}, before;
	sigaction(SIGCHLD, &usual, &before);
	int result = run_worker(job, watch, record, line, error);
	sigaction(SIGCHLD, &before, NULL);
	return result;
}
