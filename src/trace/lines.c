/* SPDX-License-Identifier: MIT */
#include "trace/lines.h"

#include "base/file.h"
#include "base/memory.h"
#include "trace/unpack.h"

#include <assert.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 17)

#define ESCAPE '\33'
#define NO_BREAK "\xc2\xa0" /* the blank of web pages */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct lines {
	const char *path;
	struct file *file;
	struct unpacker *unpacker; /* NULL: plain text */
	char *text;                /* [PIECE_BYTES + 1] */
	size_t begin;
	size_t end;
	bool ended;    /* the file is exhausted */
	bool looked;   /* at what its packing holds */
	bool skipping; /* inside the rest of a line that was cut */
	bool odd;      /* what is read holds bytes that are no text */
	uint64_t number;
};

/* Whether there are bytes that clean changes: it looks at each line only then. */
static bool is_odd(const char *text, size_t length)
{
	return memchr(text, '\0', length) || memchr(text, ESCAPE, length) || memchr(text, NO_BREAK[0], length);
}

/* Makes text of a line in place: what a crash, an archive or a browser put there becomes blank, and colours go. Returns its
 * new length. */
static size_t clean(char *text, size_t length)
{
	size_t kept = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == ESCAPE && i + 1 < length && text[i + 1] == '[') {
			/* ESC [ numbers and a letter. */
			for (i += 2; i < length && (text[i] < '@' || text[i] > '~');)
				i++;
			continue;
		}
		bool no_break = i + 1 < length && memcmp(&text[i], NO_BREAK, 2) == 0;
		text[kept++] = text[i] == '\0' || text[i] == ESCAPE || no_break ? ' ' : text[i];
		i += no_break;
	}
	return kept;
}

static int start(struct lines *lines, struct error *error)
{
	size_t got;
	lines->text = memory_resize(NULL, PIECE_BYTES + 1, 1);
	if (!lines->text)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to read it", lines->path);
	if (file_take(lines->file, lines->text, PIECE_BYTES, &got, error))
		return -1;
	const struct packing *packing = packing_find(lines->text, got);
	if (packing) {
		lines->unpacker = unpacker_open(packing, lines->file, lines->text, got, error);
		return lines->unpacker ? 0 : -1;
	}
	lines->end = got;
	lines->odd = is_odd(lines->text, got);
	if (got >= strlen(BYTE_ORDER_MARK) && memcmp(lines->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		lines->begin = strlen(BYTE_ORDER_MARK);
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

/* Moves what is left to the front and reads more behind it. */
static int refill(struct lines *lines, struct error *error)
{
	memmove(lines->text, lines->text + lines->begin, lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	char *to = lines->text + lines->end;
	size_t room = PIECE_BYTES - lines->end, got;
	if (lines->unpacker ? unpacker_read(lines->unpacker, to, room, &got, error)
			    : file_take(lines->file, to, room, &got, error))
		return -1;
	const struct packing *packing = lines->unpacker && !lines->looked ? packing_find(to, got) : NULL;
	lines->looked = true;
	if (packing)
		return error_set(error, EXIT_CODE_USAGE, "%s: what is packed in it is no text: %s", lines->path,
				 packing->advice ? packing->advice : "packed once more: unpack it first");
	lines->end += got;
	lines->ended = got == 0;
	lines->odd = is_odd(lines->text, lines->end);
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
	while (newline && !cut && length && begin[length - 1] == '\r')
		length--;
	if (lines->odd)
		length = clean(begin, length);
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
	unpacker_close(lines->unpacker);
	memory_release(lines->text);
	memory_release(lines);
}
