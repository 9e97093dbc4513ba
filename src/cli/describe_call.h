/* SPDX-License-Identifier: MIT
 * describe call:NAME. */
#ifndef CLI_DESCRIBE_CALL_H
#define CLI_DESCRIBE_CALL_H

/* Explains a call of requests or a routine of scripts by its name (NULL: lists all). Returns an exit code. */
int describe_call(const char *name);

#endif
