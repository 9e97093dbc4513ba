/* SPDX-License-Identifier: MIT
 * Words of tables and options of commands. */
#ifndef CLI_DESCRIBE_WORD_H
#define CLI_DESCRIBE_WORD_H

#include <stddef.h>

/* Explains a heading of a table or a percentile, and the option of every command that has one of this name (with or without
 * its dashes). Returns how many there are. */
size_t describe_words(const char *name);

void describe_offer_words(void (*offer)(void *context, const char *name, const char *about), void *context);

#endif
