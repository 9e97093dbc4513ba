/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, enum exit_code exit_code, const char *format, ...)
{
	if (!error || error->exit_code != EXIT_CODE_OK)
		return -1;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof error->message, format, arguments);
	va_end(arguments);
	error->exit_code = exit_code;
	return -1;
}
