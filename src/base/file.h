/* SPDX-License-Identifier: MIT
 * Files that are read, and files that appear whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- reading ---- */

#define FILE_STANDARD_INPUT "-"
#define FILE_HEAD_BYTES 16

/* Something to read, open. */
struct file {
	const char *name; /* for messages: its path, which must stay, or "standard input" */
	int descriptor;
	bool regular;
	uint64_t size; /* of a regular file when it was opened, bytes; 0: also what the system makes up, as in /proc */
	char head[FILE_HEAD_BYTES]; /* looked at, and not taken yet */
	size_t head_length;
};

/* Opens a file, which waits for nobody. -1 with EXIT_CODE_USAGE: missing, not readable, a folder, a pipe, a device, a socket;
 * with EXIT_CODE_IO: the system cannot. *file needs no closing then. */
int file_open(const char *path, struct file *file, struct error *error);
/* The same for what a command line names: FILE_STANDARD_INPUT, and what /dev/stdin and /dev/fd have, may be streams. */
int file_open_input(const char *path, struct file *file, struct error *error);
void file_close(struct file *file);

/* The first bytes, which stay to be taken: *length is FILE_HEAD_BYTES, or less in a shorter file. Before anything was
 * taken. */
int file_peek(struct file *file, const char **head, size_t *length, struct error *error);
/* Reads until room is full or the file ends; *got bytes. */
int file_take(struct file *file, void *to, size_t room, size_t *got, struct error *error);
/* Adds what is left to *content, which has at most limit bytes then; a larger file is refused, by its size before it is
 * read. */
int file_take_rest(struct file *file, size_t limit, struct text *content, struct error *error);

/* Opens a file, or an input, and reads it whole, at most limit bytes, into *bytes (one '\0' behind them; released with
 * memory_release). */
int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);
int file_read_input(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);

/* The most that is worth reading of what a run wrote: a run that has it in memory before it writes it cannot make more. The
 * memory of this machine, bytes. */
size_t file_most_in_memory(void);

/* ---- writing ---- */

/* A file that appears under its name only when it is complete: a new file in the same folder, fsync, rename, fsync of the
 * folder. Whatever fails, the name has what it had or the new content; nothing else stays behind, but "iovabench-*.partial"
 * after a kill. A link is replaced, never followed. */

/* Into a folder that is open; path stands in messages. What is no folder makes way, also a pipe. */
int file_write_at(int folder, const char *name, const char *path, const void *bytes, size_t length, struct error *error);
/* Into a folder that is named. */
int file_write_into(const char *folder, const char *name, const void *bytes, size_t length, struct error *error);
/* Where a user says. Pipes, character devices and open descriptors (/dev/stdout, /dev/fd) are written to as they are. */
int file_write_whole(const char *path, const void *bytes, size_t length, struct error *error);

/* The same in pieces: a writer begins, adds, and then ends, which makes the file appear, or is dropped, which leaves nothing
 * behind. path must stay. Each returns 0, or -1 with a message: a writer that did not begin, or that ended, needs no drop. */
#define FILE_PARTIAL_BYTES 48
struct file_writer {
	int folder, descriptor;
	const char *name, *path;
	char partial[FILE_PARTIAL_BYTES];
	bool stream;         /* what is written is gone */
	bool borrowed;       /* folder is somebody else's */
	struct text pending; /* that was put and is not written yet */
};
int file_writer_begin(struct file_writer *writer, const char *path, struct error *error);
int file_writer_add(struct file_writer *writer, const void *bytes, size_t length, struct error *error);
int file_writer_end(struct file_writer *writer, struct error *error);
void file_writer_drop(struct file_writer *writer);

/* Into a folder that is open, as file_write_at; it must stay open. */
int file_writer_begin_at(struct file_writer *writer, int folder, const char *name, const char *path, struct error *error);

/* Where something goes that is too large to be whole in memory. put: 0, or -1 with a message. */
struct file_sink {
	int (*put)(void *to, const void *bytes, size_t length, struct error *error);
	void *to;
};
/* Both borrow what they put to: a writer that has begun; a text. */
struct file_sink file_sink_to_writer(struct file_writer *writer);
struct file_sink file_sink_to_text(struct text *text);

/* A folder to open and create files in: a descriptor, or -1 with the exit codes of file_open. */
int file_open_folder(const char *path, struct error *error);
/* Removes what writers left in a folder when they were killed. Nobody must be writing there. */
void file_sweep_folder(int folder);

/* Appends complete records, and forces them to disk. */
int file_append(int descriptor, const char *path, const void *bytes, size_t length, struct error *error);
int file_append_synced(int descriptor, const char *path, const void *bytes, size_t length, struct error *error);

/* For tests: the disk becomes full in the write after `passes` more ones: half of its bytes are written, and it and all later
 * ones fail with ENOSPC; UINT64_MAX switches this off. */
void file_fail_writes_after(uint64_t passes);
/* For tests: of the steps that make a file (create, write, sync, rename, sync of the folder) the one after `passes` more ones
 * fails with EIO and has done nothing; UINT64_MAX switches this off. */
void file_fail_step_after(uint64_t passes);

#endif
