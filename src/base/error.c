/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

const char *const error_owner_name[ERROR_OWNER_COUNT] = {
	[ERROR_OWNER_NONE] = "none",       [ERROR_OWNER_ALLOCATOR] = "allocator", [ERROR_OWNER_DRIVER] = "driver",
	[ERROR_OWNER_HARNESS] = "harness", [ERROR_OWNER_MACHINE] = "machine",
};

enum exit_code exit_code_of_both(enum exit_code a, enum exit_code b)
{
	static const enum exit_code order[] = {EXIT_CODE_USAGE,     EXIT_CODE_IO,          EXIT_CODE_INTERRUPTED,
					       EXIT_CODE_VIOLATION, EXIT_CODE_NO_ARM,      EXIT_CODE_UNTRUSTWORTHY,
					       EXIT_CODE_MISSED,    EXIT_CODE_INCONCLUSIVE};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_CODE_OK;
}

enum exit_code error_owner_exit_code(enum error_owner owner)
{
	switch (owner) {
	case ERROR_OWNER_ALLOCATOR:
	case ERROR_OWNER_DRIVER:
		return EXIT_CODE_VIOLATION;
	case ERROR_OWNER_HARNESS:
	case ERROR_OWNER_MACHINE:
		return EXIT_CODE_IO;
	case ERROR_OWNER_NONE:
	case ERROR_OWNER_COUNT:
		break;
	}
	return EXIT_CODE_OK;
}

static enum error_owner usual_owner(enum exit_code code)
{
	return code == EXIT_CODE_VIOLATION ? ERROR_OWNER_ALLOCATOR
	       : code == EXIT_CODE_IO      ? ERROR_OWNER_MACHINE
					   : ERROR_OWNER_NONE;
}

static void set(struct error *error, enum exit_code code, enum error_owner owner, const char *format, va_list arguments)
	__attribute__((format(printf, 4, 0)));
static void set(struct error *error, enum exit_code code, enum error_owner owner, const char *format, va_list arguments)
{
	if (!error || error->exit_code != EXIT_CODE_OK)
		return;
	vsnprintf(error->message, sizeof error->message, format, arguments);
	error->exit_code = code;
	error->owner = owner;
}

int error_set(struct error *error, enum exit_code exit_code, const char *format, ...)
{
	assert(exit_code != EXIT_CODE_OK);
	va_list arguments;
	va_start(arguments, format);
	set(error, exit_code, usual_owner(exit_code), format, arguments);
	va_end(arguments);
	return -1;
}

int error_of(struct error *error, enum error_owner owner, const char *format, ...)
{
	assert(owner > ERROR_OWNER_NONE && owner < ERROR_OWNER_COUNT);
	va_list arguments;
	va_start(arguments, format);
	set(error, error_owner_exit_code(owner), owner, format, arguments);
	va_end(arguments);
	return -1;
}
