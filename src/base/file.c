/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
	return S_ISDIR(mode)                    ? "a folder"
	       : S_ISFIFO(mode)                 ? "a pipe"
	       : S_ISSOCK(mode)                 ? "a socket"
	       : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
						: "something else";
}

/* What is wrong with the path is the user's to mend, what is wrong with the machine is not. */
static int cannot(const char *name, const char *what, struct error *error)
{
	bool machine = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
	return error_set(error, machine ? EXIT_CODE_IO : EXIT_CODE_USAGE, "%s: cannot %s: %s", name, what, strerror(errno));
}

/* Opening a pipe waits for a writer, and devices do what they like: looked at first, and again once it is open. */
static int check_kind(const struct stat *state, bool stream, const char *name, struct error *error)
{
	if (S_ISREG(state->st_mode) || (stream && !S_ISDIR(state->st_mode)))
		return 0;
	return error_set(error, EXIT_CODE_USAGE, "%s: is %s, not a file", name, kind_of(state->st_mode));
}

static int finish_open(struct file *file, bool stream, struct error *error)
{
	struct stat state;
	if (fstat(file->descriptor, &state) < 0)
		return cannot(file->name, "open", error);
	file->regular = S_ISREG(state.st_mode);
	file->size = file->regular ? (uint64_t)state.st_size : 0;
	return check_kind(&state, stream, file->name, error);
}

static int open_path(const char *path, bool stream, struct file *file, struct error *error)
{
	struct stat state;
	*file = (struct file){.name = path, .descriptor = -1};
	if (stat(path, &state) < 0)
		return cannot(path, "open", error);
	if (check_kind(&state, stream, path, error) < 0)
		return -1;
	file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (stream ? 0 : O_NONBLOCK));
	if (file->descriptor < 0)
		return cannot(path, "open", error);
	if (finish_open(file, stream, error) == 0)
		return 0;
	file_close(file);
	return -1;
}

int file_open(const char *path, struct file *file, struct error *error)
{
	return open_path(path, false, file, error);
}

int file_open_input(const char *path, struct file *file, struct error *error)
{
	static const char descriptors[] = "/dev/fd/";
	bool stream = strcmp(path, "/dev/stdin") == 0 || strncmp(path, descriptors, sizeof descriptors - 1) == 0;
	if (strcmp(path, FILE_STANDARD_INPUT) != 0)
		return open_path(path, stream, file, error);
	*file = (struct file){.name = "standard input", .descriptor = STDIN_FILENO};
	return finish_open(file, true, error);
}

void file_close(struct file *file)
{
	if (file->descriptor > STDIN_FILENO)
		close(file->descriptor);
	file->descriptor = -1;
}

int file_peek(struct file *file, const char **head, size_t *length, struct error *error)
{
	assert(file->descriptor >= 0);
	size_t got = 0;
	int result = 0;
	if (!file->head_length)
		result = file_take(file, file->head, sizeof file->head, &got, error);
	file->head_length += got;
	*head = file->head;
	*length = file->head_length;
	return result;
}

static size_t take_head(struct file *file, char *to, size_t room)
{
	size_t length = room < file->head_length ? room : file->head_length;
	memcpy(to, file->head, length);
	file->head_length -= length;
	memmove(file->head, file->head + length, file->head_length);
	return length;
}

int file_take(struct file *file, void *to, size_t room, size_t *got, struct error *error)
{
	assert(file->descriptor >= 0 && (to || !room));
	char *at = to;
	for (*got = take_head(file, at, room); *got < room;) {
		ssize_t length = read(file->descriptor, at + *got, room - *got);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_set(error, EXIT_CODE_IO, "%s: cannot read: %s", file->name, strerror(errno));
		if (length == 0)
			return 0;
		*got += (size_t)length;
	}
	return 0;
}

static int too_large(const struct file *file, size_t limit, struct error *error)
{
	return error_set(error, EXIT_CODE_USAGE, "%s: larger than %zu bytes, the most that is read here", file->name,
			 limit);
}

int file_take_rest(struct file *file, size_t limit, struct text *content, struct error *error)
{
	assert(content->length <= limit);
	char piece[65536];
	size_t got = sizeof piece;
	if (file->size > limit && file->regular)
		return too_large(file, limit, error);
	while (got == sizeof piece) {
		if (file_take(file, piece, sizeof piece, &got, error) < 0)
			return -1;
		if (got > limit - content->length)
			return too_large(file, limit, error);
		text_add_bytes(content, piece, got);
		if (content->failed)
			return error_set(error, EXIT_CODE_IO, "%s: no memory for its content", file->name);
	}
	return 0;
}

static int read_whole(struct file *file, size_t limit, char **bytes, size_t *length, struct error *error)
{
	struct text content = {0};
	if (file_take_rest(file, limit, &content, error) < 0) {
		text_release(&content);
		return -1;
	}
	*bytes = content.bytes;
	*length = content.length;
	return 0;
}

int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
	struct file file;
	if (file_open(path, &file, error) < 0)
		return -1;
	int result = read_whole(&file, limit, bytes, length, error);
	file_close(&file);
	return result;
}

int file_read_input(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
	struct file file;
	if (file_open_input(path, &file, error) < 0)
		return -1;
	int result = read_whole(&file, limit, bytes, length, error);
	file_close(&file);
	return result;
}

int file_open_folder(const char *path, struct error *error)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? cannot(path, "open this folder", error) : folder;
}

size_t file_most_in_memory(void)
{
	const size_t least = (size_t)256 << 20; /* where the system does not tell */
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	size_t bytes;
	if (pages <= 0 || page_bytes <= 0 || __builtin_mul_overflow((size_t)pages, (size_t)page_bytes, &bytes))
		return least;
	return bytes > least ? bytes : least;
}
