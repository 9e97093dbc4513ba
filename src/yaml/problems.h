/* SPDX-License-Identifier: MIT
 * What is wrong with a YAML file: collected in any order, told in the order of positions, each with its source line and a
 * caret. */
#ifndef YAML_PROBLEMS_H
#define YAML_PROBLEMS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More are counted, not told. */
#define YAML_PROBLEMS_MAX 1000u

/* Both start at 1 and count characters. */
struct yaml_position {
	uint32_t line;
	uint32_t column;
};

struct yaml_problem {
	struct yaml_position position;
	size_t order;  /* ties stay in the order of their discovery */
	size_t offset; /* of "path: message" in texts, which a '\0' ends */
};

/* Zero-initialise, then set what, file, bytes, length (borrowed). */
struct yaml_problems {
	const char *what; /* the file is: workload */
	const char *file;
	const char *bytes;
	size_t length;
	struct yaml_problem *items;
	size_t count;
	size_t capacity;
	size_t untold;
	struct text texts;
	bool no_memory; /* set here or by the caller; then that is the only message */
};

/* path: which value, for example requests[0].size. */
void yaml_problems_add(struct yaml_problems *problems, struct yaml_position position, const char *path, const char *format,
		       ...) __attribute__((format(printf, 4, 5)));

/* Whether anything went wrong. */
bool yaml_problems_any(const struct yaml_problems *problems);

/* Adds all of them to messages. */
void yaml_problems_tell(struct yaml_problems *problems, struct text *messages);

void yaml_problems_release(struct yaml_problems *problems);

/* Length of the UTF-8 sequence at bytes, its number in *code; 0 when it is none (left: bytes that are there, >= 1). */
size_t yaml_utf8_decode(const char *bytes, size_t left, uint32_t *code);

/* Length of the line break at bytes as YAML 1.1 counts lines (CR LF, LF, CR, NEL, LS, PS), or 0. */
size_t yaml_line_break(const char *bytes, size_t left);

#define YAML_QUOTE_BYTES 64

/* 'text' for a message: cut where it is long, '?' for what cannot be shown. Returns buffer. */
const char *yaml_quote(char buffer[YAML_QUOTE_BYTES], const char *text);

#endif
