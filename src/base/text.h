/* SPDX-License-Identifier: MIT
 * A growing text, and how numbers are written for people. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; bytes ends with '\0' once something was added. failed is set when memory ran out and stays set: the
 * caller asks once, at the end. */
struct text {
	char *bytes;
	size_t length;
	size_t capacity;
	bool failed;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t length);
/* "…" with JSON's escapes; text that is not UTF-8 has its wrong bytes replaced by U+FFFD. NULL writes null. */
void text_add_json(struct text *text, const char *value);
/* A document of JSON as it is, but for what its texts hold of characters that text_add_html replaces and of those that YAML
 * takes for line ends: \u and four digits. */
void text_add_json_document(struct text *text, const char *json, size_t length);
/* For text and attribute values of HTML, SVG and XML: & < > " ' are escaped; what is not UTF-8, control characters but newline
 * and tab, and those that turn the direction of text are written as U+FFFD. */
void text_add_html(struct text *text, const char *value);
/* For terminals and other lines of plain text: what would end the line, steer the terminal or turn the direction of text, and
 * what is not UTF-8, is written as an escape: \n, \x1b, \u202e. NULL: nothing. */
void text_add_plain(struct text *text, const char *value);
/* The same of several lines: their ends, and tabs, stay. */
void text_add_lines(struct text *text, const char *value);
/* A field of CSV as RFC 4180 has it, quoted when it must be. For texts alone: one that a spreadsheet would run as a formula
 * (it begins with = + - @, a tab or the end of a line) gets an apostrophe before it; a number is to be written by itself. What
 * text_add_html replaces is U+FFFD here, too, but for carriage returns.
 * NULL: empty. */
void text_add_csv(struct text *text, const char *value);
/* For manual pages: what troff would take for a command is escaped. */
void text_add_troff(struct text *text, const char *value);
/* A space, and a word of a shell's command line, quoted when it must be. */
void text_add_word(struct text *text, const char *word);
void text_release(struct text *text);

#define TEXT_NUMBER_BYTES 32

/* For people, three significant digits and a unit: "12.3 ns", "4.56 ms"; "512 B", "1.50 MiB"; "2.00 M", "950". They write at
 * most TEXT_NUMBER_BYTES and return buffer. Not finite: "-". */
const char *text_duration(char buffer[TEXT_NUMBER_BYTES], double ns);
const char *text_bytes(char buffer[TEXT_NUMBER_BYTES], double bytes);
const char *text_count(char buffer[TEXT_NUMBER_BYTES], double count);

/* How wide UTF-8 stands on a terminal where each letter is one column. */
unsigned text_columns(const char *text);

/* The entry of names (NULL at the end) that a typing slip of word could mean, or NULL: Damerau-Levenshtein distance of at most
 * a third of its length, at least 1. */
const char *text_nearest(const char *word, const char *const *names);

#endif
