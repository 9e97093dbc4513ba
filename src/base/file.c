/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t writes_left = UINT64_MAX;
static bool disk_full;

void file_fail_writes_after(uint64_t passes)
{
	writes_left = passes;
	disk_full = false;
}

static ssize_t write_some(int descriptor, const void *bytes, size_t length)
{
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

static int read_all(int descriptor, const char *path, size_t limit, struct text *content, struct error *error)
{
	char piece[65536];
	for (;;) {
		ssize_t got = read(descriptor, piece, sizeof piece);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, errno == EISDIR ? EXIT_CODE_USAGE : EXIT_CODE_IO, "%s: cannot read: %s",
					 path, strerror(errno));
		if (got == 0)
			return 0;
		if (content->length + (size_t)got > limit)
			return error_set(error, EXIT_CODE_USAGE, "%s: larger than %zu bytes, the most that is read here",
					 path, limit);
		text_add_bytes(content, piece, (size_t)got);
		if (content->failed)
			return error_set(error, EXIT_CODE_IO, "%s: no memory for its content", path);
	}
}

int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return error_set(error, EXIT_CODE_USAGE, "%s: cannot open: %s", path, strerror(errno));
	struct text content = {0};
	int result = read_all(descriptor, path, limit, &content, error);
	close(descriptor);
	if (result == 0 && !content.bytes) {
		text_add_bytes(&content, "", 0);
		if (content.failed)
			result = error_set(error, EXIT_CODE_IO, "%s: no memory", path);
	}
	if (result) {
		text_release(&content);
		return -1;
	}
	*bytes = content.bytes;
	*length = content.length;
	return 0;
}

/* A rename is on disk only when its folder is. */
static int sync_folder(const char *path)
{
	char *copy = memory_text(path);
	if (!copy)
		return -1;
	int descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memory_release(copy);
	if (descriptor < 0)
		return -1;
	int result = fsync(descriptor);
	int cause = errno;
	close(descriptor);
	/* Some file systems cannot sync a folder; the rename is as safe there as it gets. */
	return result < 0 && cause != EINVAL && cause != EROFS ? -1 : 0;
}

static int write_partial(const char *partial, const void *bytes, size_t length)
{
	int descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (descriptor < 0)
		return -1;
	int result = write_all(descriptor, bytes, length);
	if (result == 0)
		result = fsync(descriptor);
	int cause = errno;
	if (close(descriptor) < 0 && result == 0)
		return -1;
	errno = cause;
	return result;
}

/* A device, a pipe or a link (such as /dev/stdout) is written to: renaming would put a file in its place. */
static int write_through(const char *path, const void *bytes, size_t length, struct error *error)
{
	int descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int result = descriptor < 0 ? -1 : write_all(descriptor, bytes, length);
	int cause = errno;
	if (descriptor >= 0 && close(descriptor) < 0 && result == 0) {
		cause = errno;
		result = -1;
	}
	return result == 0 ? 0 : error_set(error, EXIT_CODE_IO, "%s: cannot write: %s", path, strerror(cause));
}

int file_write_whole(const char *path, const void *bytes, size_t length, struct error *error)
{
	struct text partial = {0};
	struct stat state;
	if (lstat(path, &state) == 0 && !S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode))
		return write_through(path, bytes, length, error);
	text_add(&partial, "%s.partial", path);
	if (partial.failed)
		return error_set(error, EXIT_CODE_IO, "%s: no memory", path);
	int result = write_partial(partial.bytes, bytes, length);
	if (result == 0)
		result = rename(partial.bytes, path);
	if (result < 0) {
		error_set(error, EXIT_CODE_IO, "%s: cannot write: %s", path, strerror(errno));
		unlink(partial.bytes);
	} else if (sync_folder(path) < 0) {
		result = error_set(error, EXIT_CODE_IO, "%s: cannot force its folder to disk: %s", path, strerror(errno));
	}
	text_release(&partial);
	return result;
}

int file_append_synced(int descriptor, const char *path, const void *bytes, size_t length, struct error *error)
{
	if (write_all(descriptor, bytes, length) < 0 || fdatasync(descriptor) < 0)
		return error_set(error, EXIT_CODE_IO, "%s: cannot append: %s", path, strerror(errno));
	return 0;
}
