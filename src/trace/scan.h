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

/* The value of a hexadecimal digit; 16 for anything else. */
static inline unsigned scan_hex(char c)
{
	if (scan_is_digit(c))
		return (unsigned)(c - '0');
	char small = (char)(c | 0x20);
	return small >= 'a' && small <= 'f' ? (unsigned)(small - 'a') + 10 : 16;
}

#endif
