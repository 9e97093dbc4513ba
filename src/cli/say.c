/* SPDX-License-Identifier: MIT */
#include "cli/say.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void put(FILE *stream, const char *lines)
{
	struct text text = {0};
	text_add_lines(&text, lines);
	fputs(text.failed ? "iovabench: no memory for a message\n" : text.bytes ? text.bytes : "", stream);
	text_release(&text);
}

void cli_show(const char *table)
{
	put(stdout, table);
}

void cli_say(const char *format, ...)
{
	char *line = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	put(stderr, line ? line : "iovabench: no memory for a message\n");
	free(line);
}
