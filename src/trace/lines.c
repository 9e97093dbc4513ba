/* SPDX-License-Identifier: MIT */
#include "trace/lines.h"

#include "base/file.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

#define PIECE_BYTES ((size_t)1 << 17)

struct lines {
	const char *path;
	struct file *file;
	ZSTD_DStream *unpacker; /* NULL: plain text */
	char *packed;           /* what the unpacker reads */
	ZSTD_inBuffer input;
	bool frame_open; /* the packing has not come to an end */
	char *text;      /* [PIECE_BYTES + 1] */
	size_t begin;
	size_t end;
	bool ended;    /* the file is exhausted */
	bool skipping; /* inside the rest of a line that was cut */
	uint64_t number;
};

static const struct {
	const char *magic;
	size_t length;
	const char *advice;
} foreign[] = {
	{"\x17\x08\x44tracing", 10, "a binary file of trace-cmd: import what 'trace-cmd report -i FILE' prints"},
	{"PERFILE2", 8, "a binary file of perf: import what 'perf script -i FILE' prints"},
	{"\x1f\x8b", 2, "packed with gzip: import what 'zcat FILE' prints"},
	{"\xfd"
	 "7zXZ",
	 5, "packed with xz: import what 'xzcat FILE' prints"},
	{"BZh", 3, "packed with bzip2: import what 'bzcat FILE' prints"},
	{"PK\3\4", 4, "packed with zip: import what 'unzip -p FILE' prints"},
	{"\xff\xfe", 2, "text in UTF-16: import what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
	{"\xfe\xff", 2, "text in UTF-16: import what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
	{"= Start\n", 8, "a trace of mtrace: it tells of malloc, not of a kernel's addresses"},
	{"\x89IOVA\r\n\x1a", 8, "a compact recording already"},
};

static int read_piece(struct lines *lines, char *to, size_t room, size_t *got, struct error *error)
{
	return file_take(lines->file, to, room, got, error);
}

static int start_unpacking(struct lines *lines, size_t got, struct error *error)
{
	lines->packed = memory_resize(NULL, PIECE_BYTES, 1);
	lines->unpacker = ZSTD_createDStream();
	if (!lines->packed || !lines->unpacker)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to unpack it", lines->path);
	memcpy(lines->packed, lines->text, got);
	lines->input = (ZSTD_inBuffer){.src = lines->packed, .size = got};
	lines->frame_open = true;
	return 0;
}

static int start(struct lines *lines, struct error *error)
{
	size_t got;
	lines->text = memory_resize(NULL, PIECE_BYTES + 1, 1);
	if (!lines->text)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to read it", lines->path);
	if (read_piece(lines, lines->text, PIECE_BYTES, &got, error))
		return -1;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (got >= foreign[i].length && memcmp(lines->text, foreign[i].magic, foreign[i].length) == 0)
			return error_set(error, EXIT_CODE_USAGE, "%s: %s", lines->path, foreign[i].advice);
	if (got >= 4 && memcmp(lines->text, "\x28\xb5\x2f\xfd", 4) == 0)
		return start_unpacking(lines, got, error);
	lines->end = got;
	return 0;
}

struct lines *lines_open(struct file *file, struct error *error)
{
	assert(file->descriptor >= 0);
	struct lines *lines = memory_zeroed(1, sizeof *lines);
	if (!lines) {
		error_set(error, EXIT_CODE_IO, "%s: no memory to read it", file->name);
		return NULL;
	}
	lines->path = file->name;
	lines->file = file;
	if (start(lines, error)) {
		lines_close(lines);
		return NULL;
	}
	return lines;
}

static int unpack(struct lines *lines, struct error *error)
{
	ZSTD_outBuffer output = {.dst = lines->text, .size = PIECE_BYTES, .pos = lines->end};
	while (output.pos == lines->end && !lines->ended) {
		if (lines->input.pos == lines->input.size) {
			size_t got;
			if (read_piece(lines, lines->packed, PIECE_BYTES, &got, error))
				return -1;
			lines->input = (ZSTD_inBuffer){.src = lines->packed, .size = got};
		}
		bool dry = lines->input.size == 0;
		size_t taken = lines->input.pos;
		size_t left = ZSTD_decompressStream(lines->unpacker, &output, &lines->input);
		if (ZSTD_isError(left))
			return error_set(error, EXIT_CODE_USAGE, "%s: behind line %llu: cannot unpack: %s", lines->path,
					 (unsigned long long)lines->number, ZSTD_getErrorName(left));
		/* Between two frames the unpacker asks for a header that need not come. */
		if (lines->input.pos != taken || output.pos != lines->end)
			lines->frame_open = left != 0;
		lines->ended = dry && output.pos == lines->end;
	}
	lines->end = output.pos;
	if (lines->ended && lines->frame_open)
		return error_set(error, EXIT_CODE_USAGE, "%s: behind line %llu: the packed file is cut off", lines->path,
				 (unsigned long long)lines->number);
	return 0;
}

/* Moves what is left to the front and reads more behind it. */
static int refill(struct lines *lines, struct error *error)
{
	memmove(lines->text, lines->text + lines->begin, lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	if (lines->unpacker)
		return unpack(lines, error);
	size_t got;
	if (read_piece(lines, lines->text + lines->end, PIECE_BYTES - lines->end, &got, error))
		return -1;
	lines->end += got;
	lines->ended = got == 0;
	return 0;
}

/* Sets *line to the bytes up to end, at which a newline stands (newline) or not. Returns whether it begins a line. */
static bool take_line(struct lines *lines, char *end, bool newline, struct line *line)
{
	char *begin = lines->text + lines->begin;
	bool continues = lines->skipping;
	size_t length = (size_t)(end - begin);
	lines->begin += length + newline;
	lines->skipping = !newline;
	if (continues)
		return false;
	lines->number++;
	bool cut = length > LINE_BYTES_MAX || (!newline && !lines->ended);
	if (length > LINE_BYTES_MAX)
		length = LINE_BYTES_MAX;
	if (newline && !cut && length && begin[length - 1] == '\r')
		length--;
	begin[length] = '\0';
	*line = (struct line){.text = begin, .length = length, .number = lines->number, .cut = cut, .whole = newline};
	return true;
}

int lines_next(struct lines *lines, struct line *line, struct error *error)
{
	assert(lines->begin <= lines->end && lines->end <= PIECE_BYTES);
	for (;;) {
		char *begin = lines->text + lines->begin;
		size_t length = lines->end - lines->begin;
		char *newline = memchr(begin, '\n', length);
		/* A piece that is full and has no newline is the beginning of a line that nobody can want whole. */
		if (newline || length == PIECE_BYTES || (lines->ended && length)) {
			if (take_line(lines, newline ? newline : begin + length, newline, line))
				return 1;
			continue;
		}
		if (lines->ended)
			return 0;
		if (refill(lines, error))
			return -1;
	}
}

void lines_close(struct lines *lines)
{
	if (!lines)
		return;
	ZSTD_freeDStream(lines->unpacker);
	memory_release(lines->packed);
	memory_release(lines->text);
	memory_release(lines);
}
