/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/memory.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define PARTIAL_TRIES_MAX 100
#define PENDING_BYTES ((size_t)1 << 20)

static uint64_t writes_left = UINT64_MAX, steps_left = UINT64_MAX;
static bool disk_full;

void file_fail_writes_after(uint64_t passes)
{
	writes_left = passes;
	disk_full = false;
}

void file_fail_step_after(uint64_t passes)
{
	steps_left = passes;
}

static bool step_fails(void)
{
	if (steps_left == UINT64_MAX)
		return false;
	errno = EIO;
	return steps_left-- == 0;
}

static ssize_t write_some(int descriptor, const void *bytes, size_t length)
{
	if (step_fails())
		return -1;
	if (writes_left == UINT64_MAX)
		return write(descriptor, bytes, length);
	if (writes_left == 0 && (disk_full || length < 2)) {
		errno = ENOSPC;
		return -1;
	}
	disk_full = writes_left == 0;
	writes_left -= !disk_full;
	return write(descriptor, bytes, disk_full ? length / 2 : length);
}

static int write_all(int descriptor, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write_some(descriptor, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Closes; errno is the first cause. */
static int end(int descriptor, int result)
{
	int cause = errno;
	if (close(descriptor) < 0 && result == 0)
		return -1;
	errno = cause;
	return result;
}

static int cannot_write(const char *path, struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "%s: cannot write: %s", path, strerror(errno));
}

/* A new file of our own: what lies there under such a name is not touched. */
static int create_partial(int folder, char name[FILE_PARTIAL_BYTES])
{
	int descriptor = -1;
	for (unsigned i = 0; i < PARTIAL_TRIES_MAX && descriptor < 0 && (i == 0 || errno == EEXIST); i++) {
		if (step_fails())
			return -1;
		snprintf(name, FILE_PARTIAL_BYTES, "iovabench-%d-%u.partial", (int)getpid(), i);
		descriptor = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	return descriptor;
}

/* A rename is on disk only when its folder is. Some file systems cannot sync a folder; the rename is as safe there as it
 * gets. */
static int sync_folder(int folder)
{
	if (step_fails())
		return -1;
	return fsync(folder) < 0 && errno != EINVAL && errno != EROFS ? -1 : 0;
}

static int begin_partial(struct file_writer *writer, const char *name, const char *path, struct error *error)
{
	writer->name = name;
	writer->path = path;
	writer->descriptor = create_partial(writer->folder, writer->partial);
	return writer->descriptor < 0 ? cannot_write(path, error) : 0;
}

int file_writer_add(struct file_writer *writer, const void *bytes, size_t length, struct error *error)
{
	assert(writer->descriptor >= 0 && (bytes || !length));
	return write_all(writer->descriptor, bytes, length) < 0 ? cannot_write(writer->path, error) : 0;
}

static int take_name(struct file_writer *writer)
{
	int result = step_fails() ? -1 : fsync(writer->descriptor);
	result = end(writer->descriptor, result);
	writer->descriptor = -1;
	if (result == 0)
		result = step_fails() ? -1 : renameat(writer->folder, writer->partial, writer->folder, writer->name);
	return result;
}

/* All but the folder, which is whoever's opened it. */
static int end_partial(struct file_writer *writer, struct error *error)
{
	if (take_name(writer) < 0) {
		cannot_write(writer->path, error);
		unlinkat(writer->folder, writer->partial, 0);
		return -1;
	}
	if (sync_folder(writer->folder) < 0)
		return error_set(error, EXIT_CODE_IO, "%s: cannot force its folder to disk: %s", writer->path,
				 strerror(errno));
	return 0;
}

static void drop_partial(struct file_writer *writer)
{
	close(writer->descriptor);
	unlinkat(writer->folder, writer->partial, 0);
}

int file_writer_begin_at(struct file_writer *writer, int folder, const char *name, const char *path, struct error *error)
{
	assert(folder >= 0 && *name && !strchr(name, '/'));
	*writer = (struct file_writer){.folder = folder, .borrowed = true};
	return begin_partial(writer, name, path, error);
}

static int put_pending(struct file_writer *writer, struct error *error)
{
	const struct text *pending = &writer->pending;
	int result = pending->length ? file_writer_add(writer, pending->bytes, pending->length, error) : 0;
	text_release(&writer->pending);
	return result;
}

/* Pieces are small. */
static int put_to_writer(void *to, const void *bytes, size_t length, struct error *error)
{
	struct file_writer *writer = to;
	text_add_bytes(&writer->pending, bytes, length);
	if (writer->pending.failed)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to write it", writer->path);
	return writer->pending.length < PENDING_BYTES ? 0 : put_pending(writer, error);
}

struct file_sink file_sink_to_writer(struct file_writer *writer)
{
	return (struct file_sink){put_to_writer, writer};
}

static int put_to_text(void *to, const void *bytes, size_t length, struct error *error)
{
	struct text *text = to;
	text_add_bytes(text, bytes, length);
	return text->failed ? error_set(error, EXIT_CODE_IO, "no memory for a text") : 0;
}

struct file_sink file_sink_to_text(struct text *text)
{
	return (struct file_sink){put_to_text, text};
}

int file_write_at(int folder, const char *name, const char *path, const void *bytes, size_t length, struct error *error)
{
	struct file_writer writer;
	if (file_writer_begin_at(&writer, folder, name, path, error))
		return -1;
	if (file_writer_add(&writer, bytes, length, error) == 0)
		return file_writer_end(&writer, error);
	file_writer_drop(&writer);
	return -1;
}

int file_write_into(const char *folder, const char *name, const void *bytes, size_t length, struct error *error)
{
	struct text path = {0};
	text_add(&path, "%s/%s", folder, name);
	int result = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
	int opened = result == 0 ? file_open_folder(folder, error) : -1;
	if (opened >= 0) {
		result = file_write_at(opened, name, path.bytes, bytes, length, error);
		close(opened);
	}
	text_release(&path);
	return opened < 0 ? -1 : result;
}

/* Whether a name stands for a descriptor that is open already, as /dev/stdout and /dev/fd/1 do. */
static bool is_descriptor(int folder, const char *name)
{
	static const char descriptors[] = "/proc/self/fd/";
	char target[sizeof descriptors - 1];
	struct statfs system;
	struct stat own;
	if (fstatat(folder, name, &own, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(own.st_mode))
		return false;
	if (fstatfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC)
		return true;
	return readlinkat(folder, name, target, sizeof target) == (ssize_t)sizeof target &&
	       memcmp(target, descriptors, sizeof target) == 0;
}

/* Renaming would put a file in the place of what is no file. */
static bool is_stream(int folder, const char *name)
{
	struct stat state;
	return fstatat(folder, name, &state, 0) == 0 &&
	       (S_ISCHR(state.st_mode) || S_ISFIFO(state.st_mode) || is_descriptor(folder, name));
}

/* What a slip of the hand must neither fill nor take away. */
static bool is_kept(int folder, const char *name)
{
	struct stat state;
	return fstatat(folder, name, &state, 0) == 0 && (S_ISBLK(state.st_mode) || S_ISSOCK(state.st_mode));
}

#define READER_TRIES 50
#define READER_PAUSE_NS 100000000L

/* A pipe without a reader would be waited for without end: whoever is to read it has five seconds to come. */
static int open_stream(int folder, const char *name)
{
	const struct timespec pause = {.tv_nsec = READER_PAUSE_NS};
	int descriptor = -1;
	for (int i = 0; i < READER_TRIES; i++) {
		descriptor = openat(folder, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (descriptor >= 0 || errno != ENXIO)
			break;
		nanosleep(&pause, NULL);
	}
	if (descriptor >= 0)
		fcntl(descriptor, F_SETFL, O_APPEND);
	return descriptor;
}

static int begin_stream(struct file_writer *writer, const char *name, const char *path, struct error *error)
{
	writer->path = path;
	writer->stream = true;
	writer->descriptor = open_stream(writer->folder, name);
	if (writer->descriptor < 0 && errno == ENXIO)
		return error_set(error, EXIT_CODE_IO, "%s: cannot write: it is a pipe that nobody reads", path);
	return writer->descriptor < 0 ? cannot_write(path, error) : 0;
}

int file_writer_begin(struct file_writer *writer, const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct text folder = {0};
	*writer = (struct file_writer){.folder = -1, .descriptor = -1};
	text_add(&folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (folder.failed)
		return error_set(error, EXIT_CODE_IO, "%s: no memory", path);
	writer->folder = open(folder.bytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text_release(&folder);
	if (writer->folder < 0)
		return cannot_write(path, error);
	int result;
	if (!*name || is_kept(writer->folder, name))
		result = error_set(error, EXIT_CODE_IO, "%s: cannot write: is no file", path);
	else if (is_stream(writer->folder, name))
		result = begin_stream(writer, name, path, error);
	else
		result = begin_partial(writer, name, path, error);
	if (result)
		close(writer->folder);
	return result;
}

int file_writer_end(struct file_writer *writer, struct error *error)
{
	if (put_pending(writer, error) < 0) {
		file_writer_drop(writer);
		return -1;
	}
	int result = writer->stream ? end(writer->descriptor, 0) : end_partial(writer, error);
	if (writer->stream && result)
		cannot_write(writer->path, error);
	if (!writer->borrowed)
		close(writer->folder);
	return result;
}

void file_writer_drop(struct file_writer *writer)
{
	text_release(&writer->pending);
	if (writer->stream)
		close(writer->descriptor);
	else
		drop_partial(writer);
	if (!writer->borrowed)
		close(writer->folder);
}

int file_write_whole(const char *path, const void *bytes, size_t length, struct error *error)
{
	struct file_writer writer;
	if (file_writer_begin(&writer, path, error))
		return -1;
	if (file_writer_add(&writer, bytes, length, error) == 0)
		return file_writer_end(&writer, error);
	file_writer_drop(&writer);
	return -1;
}

void file_sweep_folder(int folder)
{
	assert(folder >= 0);
	/* A stream of its own: closing it closes its descriptor. */
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	for (struct dirent *entry; entries && (entry = readdir(entries));)
		if (fnmatch("iovabench-[0-9]*-[0-9]*.partial", entry->d_name, 0) == 0)
			unlinkat(folder, entry->d_name, 0);
	if (entries)
		closedir(entries);
	else if (again >= 0)
		close(again);
}

int file_append(int descriptor, const char *path, const void *bytes, size_t length, struct error *error)
{
	assert(descriptor >= 0 && length);
	return write_all(descriptor, bytes, length) < 0
		       ? error_set(error, EXIT_CODE_IO, "%s: cannot append: %s", path, strerror(errno))
		       : 0;
}

int file_append_synced(int descriptor, const char *path, const void *bytes, size_t length, struct error *error)
{
	if (file_append(descriptor, path, bytes, length, error) < 0)
		return -1;
	return fdatasync(descriptor) < 0 ? error_set(error, EXIT_CODE_IO, "%s: cannot append: %s", path, strerror(errno))
					 : 0;
}
