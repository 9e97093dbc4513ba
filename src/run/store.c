/* SPDX-License-Identifier: MIT */
#include "run/store.h"

#include "base/file.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_folders(char *path, struct error *error)
{
	for (char *at = path + 1;; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char kept = *at;
		*at = '\0';
		int result = mkdir(path, 0777);
		if (result < 0 && errno != EEXIST)
			return error_set(error, EXIT_CODE_IO, "%s: cannot make this folder for results: %s", path,
					 strerror(errno));
		*at = kept;
		if (kept == '\0')
			return 0;
	}
}

int store_make_folder(const char *path, struct error *error)
{
	char *copy = memory_text(path);
	int result = copy ? make_folders(copy, error) : error_set(error, EXIT_CODE_IO, "no memory for a path");
	memory_release(copy);
	return result;
}

static int path_of(const struct store *store, const char *name, struct text *path, struct error *error)
{
	text_add(path, "%s/%s", store->folder.bytes, name);
	return path->failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
}

static bool is_there(const struct store *store, const char *name)
{
	return faccessat(store->directory, name, F_OK, 0) == 0;
}

static int refuse(const struct store *store, const char *name, struct error *error)
{
	return error_set(error, EXIT_CODE_USAGE, "%s/%s exists: this folder holds another run; choose a new one with -o",
			 store->folder.bytes, name);
}

/* What says that a folder is taken. A merge that was killed is nobody's but the next merge's. */
static int refuse_used(const struct store *store, bool merging, struct error *error)
{
	static const char *const names[] = {"run.json", "result.json", "merge.json"};
	for (size_t i = 0; i < sizeof names / sizeof names[0] - merging; i++)
		if (is_there(store, names[i]))
			return refuse(store, names[i], error);
	return 0;
}

/* The system gives the lock back when the process ends, however it does. */
static int open_journal(struct store *store, struct error *error)
{
	int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_CREAT;
	const char *folder = store->folder.bytes;
	struct stat state;
	store->journal = openat(store->directory, "rounds.jsonl", flags, 0666);
	if (store->journal < 0 && errno == ELOOP)
		return refuse(store, "rounds.jsonl", error);
	if (store->journal < 0 || fstat(store->journal, &state) < 0)
		return error_set(error, EXIT_CODE_IO, "%s/rounds.jsonl: cannot write here: %s", folder, strerror(errno));
	if (!S_ISREG(state.st_mode))
		return error_set(error, EXIT_CODE_USAGE, "%s/rounds.jsonl: is not a file; choose a new folder with -o",
				 folder);
	if (flock(store->journal, LOCK_EX | LOCK_NB) < 0)
		return error_set(error, EXIT_CODE_USAGE, "%s: another iovabench works in this folder", folder);
	/* Nobody else does: what lies there half written was somebody's who was killed. */
	file_sweep_folder(store->directory);
	return 0;
}

/* Whoever was killed before it had begun left an empty journal; whoever gave up took it away while we waited for it. */
static int take_journal(struct store *store, bool merging, struct error *error)
{
	struct stat state;
	if (open_journal(store, error) < 0 || refuse_used(store, merging, error) < 0)
		return -1;
	if (fstat(store->journal, &state) < 0)
		return error_set(error, EXIT_CODE_IO, "%s/rounds.jsonl: %s", store->folder.bytes, strerror(errno));
	if (state.st_nlink == 0 || (state.st_size && !is_there(store, "merge.json")))
		return refuse(store, "rounds.jsonl", error);
	return state.st_size ? store_cut_journal(store, 0, error) : 0;
}

static int begin(struct store *store, const char *folder, bool make, struct error *error)
{
	*store = STORE_CLOSED;
	text_add(&store->folder, "%s", folder);
	if (store->folder.failed)
		return error_set(error, EXIT_CODE_IO, "no memory for a path");
	if (make && make_folders(store->folder.bytes, error) < 0)
		return -1;
	store->directory = file_open_folder(store->folder.bytes, error);
	return store->directory < 0 ? -1 : 0;
}

int store_open(struct store *store, const char *folder, bool merging, struct error *error)
{
	int result = begin(store, folder, true, error);
	/* Before anything is made, and again when nobody else works here. */
	if (result == 0)
		result = refuse_used(store, merging, error);
	if (result == 0)
		result = take_journal(store, merging, error);
	if (result < 0)
		store_close(store);
	return result;
}

void store_abandon(struct store *store)
{
	static const char *const names[] = {"run.json", "merge.json", "rounds.jsonl"};
	if (store->nowhere)
		return;
	assert(store->directory >= 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlinkat(store->directory, names[i], 0);
}

static int refuse_missing(const struct store *store, struct error *error)
{
	if (is_there(store, "run.json"))
		return 0;
	const char *more = is_there(store, "result.json")    ? ""
			   : is_there(store, "merge.json")   ? ", but a merge, which did not end: ask for it again"
			   : is_there(store, "rounds.jsonl") ? ": it was killed too early; ask for it again"
							     : "";
	return error_set(error, EXIT_CODE_USAGE, "%s: no run was begun here%s", store->folder.bytes, more);
}

int store_reopen(struct store *store, const char *folder, struct error *error)
{
	int result = begin(store, folder, false, error);
	if (result == 0)
		result = refuse_missing(store, error);
	if (result == 0)
		result = open_journal(store, error);
	if (result < 0)
		store_close(store);
	return result;
}

int store_cut_journal(struct store *store, size_t length, struct error *error)
{
	assert(store->journal >= 0);
	if (ftruncate(store->journal, (off_t)length) < 0 || fsync(store->journal) < 0)
		return error_set(error, EXIT_CODE_IO, "rounds.jsonl: cannot cut its torn end: %s", strerror(errno));
	return 0;
}

int store_read(const struct store *store, const char *name, char **bytes, size_t *length, struct error *error)
{
	assert(store->directory >= 0);
	struct text path = {0};
	int result = path_of(store, name, &path, error);
	if (result == 0)
		result = file_read(path.bytes, file_most_in_memory(), bytes, length, error);
	text_release(&path);
	return result;
}

void store_close(struct store *store)
{
	if (store->journal >= 0)
		close(store->journal);
	if (store->directory >= 0)
		close(store->directory);
	text_release(&store->folder);
	*store = STORE_CLOSED;
}

int store_record(struct store *store, const struct text *line, struct error *error)
{
	assert(!line->failed && line->length && line->bytes[line->length - 1] == '\n');
	if (store->nowhere)
		return 0;
	assert(store->journal >= 0);
	return file_append_synced(store->journal, "rounds.jsonl", line->bytes, line->length, error);
}

int store_lines(struct store *store, const struct text *lines, struct error *error)
{
	assert(!lines->failed && lines->length && lines->bytes[lines->length - 1] == '\n' && store->journal >= 0);
	return file_append(store->journal, "rounds.jsonl", lines->bytes, lines->length, error);
}

int store_sync(struct store *store, struct error *error)
{
	assert(store->journal >= 0);
	return fdatasync(store->journal) == 0
		       ? 0
		       : error_set(error, EXIT_CODE_IO, "rounds.jsonl: cannot force it to disk: %s", strerror(errno));
}

int store_file(const struct store *store, const char *name, const struct text *content, struct error *error)
{
	if (store->nowhere)
		return 0;
	assert(store->directory >= 0);
	struct text path = {0};
	int result = content->failed ? error_set(error, EXIT_CODE_IO, "no memory for %s", name)
				     : path_of(store, name, &path, error);
	if (result == 0)
		result = file_write_at(store->directory, name, path.bytes, content->bytes ? content->bytes : "",
				       content->length, error);
	text_release(&path);
	return result;
}

/* Files that are made from a result, beside the one that has it. */
struct secondary {
	const struct store *store;
	bool missing;          /* only what is not there */
	struct text *messages; /* why a file could not be written, for the first few */
	size_t lost;
};
#define LOST_TOLD_MAX 3

static void tell_lost(struct secondary *secondary, const struct error *why)
{
	if (why->exit_code != EXIT_CODE_OK && secondary->lost++ < LOST_TOLD_MAX)
		text_add(secondary->messages, "%s\n", why->message);
}

static bool is_wanted(const struct secondary *secondary, const char *name)
{
	return !secondary->missing || !is_there(secondary->store, name);
}

/* What a file is made of, piece by piece. */
typedef int store_pieces(const struct result *result, const struct file_sink *sink, struct error *error);

static int write_pieces(const struct store *store, const char *name, const struct result *result, store_pieces *pieces,
			struct error *error)
{
	struct text path = {0};
	struct file_writer writer;
	int status = path_of(store, name, &path, error);
	if (status == 0)
		status = file_writer_begin_at(&writer, store->directory, name, path.bytes, error);
	if (status == 0) {
		const struct file_sink sink = file_sink_to_writer(&writer);
		if (pieces(result, &sink, error) == 0) {
			status = file_writer_end(&writer, error);
		} else {
			file_writer_drop(&writer);
			status = -1;
		}
	}
	text_release(&path);
	return status;
}

static void write_series(struct secondary *secondary, const struct result *result)
{
	struct error why = {0};
	if (!is_wanted(secondary, "series.csv"))
		return;
	write_pieces(secondary->store, "series.csv", result, result_series_csv_to, &why);
	tell_lost(secondary, &why);
}

static void write_log(struct secondary *secondary, const struct result *result, size_t index, const char *name)
{
	struct text log = {0};
	struct error why = {0};
	struct result_arm *arm = &result->arms[index];
	if (!result_has_hlog(arm) || !is_wanted(secondary, name))
		return;
	if (result_arm_open(arm) < 0)
		error_set(&why, EXIT_CODE_IO, "%s: no memory to write it", name);
	else if (result_hlog(arm, result->run.started, &log, &why) == 0)
		store_file(secondary->store, name, &log, &why);
	result_arm_shut(arm);
	tell_lost(secondary, &why);
	text_release(&log);
}

static size_t write_secondaries(struct secondary *secondary, const struct result *result)
{
	struct text *logs = result_hlog_names(result);
	write_series(secondary, result);
	for (size_t i = 0; logs && i < result->arm_count; i++)
		write_log(secondary, result, i, logs[i].bytes);
	if (!logs) {
		text_add(secondary->messages, "no memory for the names of logs\n");
		secondary->lost++;
	}
	result_release_hlog_names(logs, result->arm_count);
	if (secondary->lost > LOST_TOLD_MAX)
		text_add(secondary->messages, "%zu files in all could not be written\n", secondary->lost);
	return secondary->lost;
}

int store_result(const struct store *store, const struct result *result, struct text *messages, size_t *lost,
		 struct error *error)
{
	struct secondary secondary = {.store = store, .messages = messages};
	*lost = 0;
	if (store->nowhere)
		return 0;
	*lost = write_secondaries(&secondary, result);
	/* Last, because a folder with a result.json is a finished run. */
	return write_pieces(store, "result.json", result, result_write_to, error);
}

size_t store_complete(const struct store *store, const struct result *result, struct text *messages)
{
	struct secondary secondary = {.store = store, .missing = true, .messages = messages};
	return write_secondaries(&secondary, result);
}
