/* SPDX-License-Identifier: MIT
 * Options of a command line as rows of a table: from a row come reading and checking, the line of --help and of the manual,
 * and for those that a run keeps what is written down of it and what tells two processes apart. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,   /* takes no value; bool */
	OPTION_NUMBER, /* whole, decimal or 0x...; unsigned, of 4 or 8 bytes */
	OPTION_COUNT,  /* the same, and k, M or G (1000s) may follow */
	OPTION_CHOICE, /* the index of a word of choices; an enum, or bool */
	OPTION_TEXT,   /* const char *, not empty; points into the command line */
	OPTION_OWN,    /* read and write of the row */
};

/* What depends on an option. Every row says it. */
enum option_effect {
	OPTION_SHOWS = 1, /* only what is shown, and where things are written */
	OPTION_PLANS,     /* which processes there are and when they end: kept with a run */
	OPTION_FIGURES,   /* what a process measures: kept with a run, and part of the key of a process */
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	enum option_effect effect;
	const char *value;  /* what help calls it; NULL: none is taken */
	const char *wanted; /* a value that is wrong "takes …"; NULL: every one is right, or read tells */
	const char *help;   /* one line of any length */
	size_t at, bytes;   /* of the member in the target */
	uint64_t minimum, maximum;
	const char *const *choices; /* NULL at the end */
	bool repeats;               /* may be given more than once */
	bool apart;                 /* tells processes of one request apart: no key of a suite */
	/* 0, or -1 with *error set, or left alone when `wanted` says it all. */
	int (*read)(void *target, const char *value, struct error *error);
	/* Appends what read understands; nothing when the option was not given. */
	void (*write)(const void *target, struct text *text);
};

/* Where a member of a target lies. */
#define OPTION_AT(type, member) .at = offsetof(type, member), .bytes = sizeof(((type *)0)->member)

/* A whole number, decimal or hex, in [low, high]; scaled: k, M or G may follow. */
bool option_number(const char *text, uint64_t low, uint64_t high, bool scaled, uint64_t *number);

/* value: NULL for a flag. Returns 0, or -1 with EXIT_CODE_USAGE and a message that names option, value and what would be
 * right. */
int option_read(const struct option_row *row, void *target, const char *value, struct error *error);

/* Appends the value in a form that option_read understands; nothing for a number below the minimum, which nobody gave; of a
 * flag, "yes" when it is set. */
void option_write(const struct option_row *row, const void *target, struct text *text);

/* Appends the paragraph that help shows of a row, in lines of width columns. */
void option_help(const struct option_row *row, unsigned width, struct text *text);

/* Appends words with line feeds where width columns would be passed; what follows the first line is indented by so many
 * columns. at: the column where the first word goes. Line feeds in words stay. */
void option_wrap(const char *words, unsigned at, unsigned indent, unsigned width, struct text *text);

#endif
