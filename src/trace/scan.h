/* SPDX-License-Identifier: MIT
 * Words and digits of a line. */
#ifndef TRACE_SCAN_H
#define TRACE_SCAN_H

#include <stdbool.h>

static inline const char *scan_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static inline const char *scan_word(const char *at)
{
	while (*at && *at != ' ' && *at != '\t')
		at++;
	return at;
}

static inline bool scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *scan_digits(const char *at)
{
	while (scan_is_digit(*at))
		at++;
	return at;
}

/* 1 + the value of a hexadecimal digit, 0 for anything else. */
extern const unsigned char scan_digit[256];

/* The value of a hexadecimal digit; more than 15 for anything else. */
static inline unsigned scan_hex(char c)
{
	return scan_digit[(unsigned char)c] - 1u;
}

#endif
