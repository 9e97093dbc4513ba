/* SPDX-License-Identifier: MIT */
#include "allocator/spec.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t ns;
} time_units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
#define TIME_UNITS (sizeof time_units / sizeof time_units[0])

/* What is read, for messages. */
struct reading {
	const char *spec;
	const char *part;
	const struct iova_allocator *table;
	struct error *error;
};

/* Hands a composed message on; lack of memory for it is an error of its own. */
static int refuse(const struct reading *reading, struct text *message)
{
	if (message->failed)
		error_set(reading->error, EXIT_CODE_IO, "no memory");
	else
		error_set(reading->error, EXIT_CODE_USAGE, "allocator \"%s\": %s", reading->spec, message->bytes);
	text_release(message);
	return -1;
}

static void add_time(struct text *text, uint64_t ns)
{
	size_t unit = TIME_UNITS - 1;
	while (unit && (!ns || ns % time_units[unit].ns))
		unit--;
	text_add(text, "%" PRIu64 "%s", ns / time_units[unit].ns, time_units[unit].name);
}

static void add_what_it_takes(struct text *text, const struct iova_option *option)
{
	switch (option->kind) {
	case IOVA_OPTION_CHOICE:
		for (size_t i = 0; option->choices[i]; i++)
			text_add(text, "%s%s", i ? "|" : "", option->choices[i]);
		break;
	case IOVA_OPTION_NUMBER:
		text_add(text, "a number from %" PRIu64 " to %" PRIu64, option->minimum, option->maximum);
		break;
	case IOVA_OPTION_FLAG:
		text_add(text, "yes|no");
		break;
	case IOVA_OPTION_TIME:
		text_add(text, "a time from ");
		add_time(text, option->minimum);
		text_add(text, " to ");
		add_time(text, option->maximum);
		text_add(text, " (ns, us, ms or s)");
		break;
	}
}

static int unknown_option(const struct reading *reading, const char *key)
{
	const char *names[ALLOCATOR_OPTIONS_MAX + 1] = {NULL};
	struct text message = {0};
	for (size_t i = 0; i < reading->table->option_count; i++)
		names[i] = reading->table->options[i].name;
	const char *nearest = text_nearest(key, names);
	text_add(&message, "%s has no option \"%s\"", reading->part, key);
	if (nearest)
		text_add(&message, " (did you mean \"%s\"?)", nearest);
	if (!names[0])
		text_add(&message, "; it takes none");
	for (size_t i = 0; names[i]; i++) {
		text_add(&message, "%s%s=", i ? ", " : "; it takes ", names[i]);
		add_what_it_takes(&message, &reading->table->options[i]);
	}
	return refuse(reading, &message);
}

static int wrong_value(const struct reading *reading, const struct iova_option *option, const char *value)
{
	struct text message = {0};
	text_add(&message, "option %s of %s takes ", option->name, reading->part);
	add_what_it_takes(&message, option);
	text_add(&message, ", not \"%s\"", value);
	const char *nearest = option->kind == IOVA_OPTION_CHOICE ? text_nearest(value, option->choices) : NULL;
	if (nearest)
		text_add(&message, " (did you mean \"%s\"?)", nearest);
	return refuse(reading, &message);
}

/* Decimal digits from *value on, which moves behind them; false when there are none or they exceed 64 bits. */
static bool read_digits(const char **value, uint64_t *number)
{
	const char *begin = *value;
	*number = 0;
	for (; **value >= '0' && **value <= '9'; ++*value)
		if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
		    __builtin_add_overflow(*number, (uint64_t)(**value - '0'), number))
			return false;
	return *value != begin;
}

static bool read_time(const char *value, uint64_t *ns)
{
	if (!read_digits(&value, ns))
		return false;
	for (size_t i = 0; i < TIME_UNITS; i++)
		if (!strcmp(value, time_units[i].name))
			return !__builtin_mul_overflow(*ns, time_units[i].ns, ns);
	return false;
}

static bool read_choice(const struct iova_option *option, const char *value, uint64_t *index)
{
	for (size_t i = 0; option->choices[i]; i++)
		if (!strcmp(option->choices[i], value)) {
			*index = i;
			return true;
		}
	return false;
}

static bool read_value(const struct iova_option *option, const char *value, uint64_t *result)
{
	const char *rest = value;
	switch (option->kind) {
	case IOVA_OPTION_CHOICE:
		return read_choice(option, value, result);
	case IOVA_OPTION_FLAG:
		*result = !strcmp(value, "yes");
		return *result || !strcmp(value, "no");
	case IOVA_OPTION_NUMBER:
		return read_digits(&rest, result) && !*rest && *result >= option->minimum && *result <= option->maximum;
	case IOVA_OPTION_TIME:
		return read_time(value, result) && *result >= option->minimum && *result <= option->maximum;
	}
	return false;
}

static int decode(const struct reading *reading, const char *key, const char *value, uint64_t *values)
{
	if (!reading->table)
		return 0;
	for (size_t i = 0; i < reading->table->option_count; i++) {
		const struct iova_option *option = &reading->table->options[i];
		if (strcmp(option->name, key))
			continue;
		return read_value(option, value, &values[i]) ? 0 : wrong_value(reading, option, value);
	}
	return unknown_option(reading, key);
}

int allocator_options_read(const char *spec, const char *part, const struct iova_allocator *table, char *options,
			   uint64_t *values, struct error *error)
{
	assert(!table || (values && table->option_count <= ALLOCATOR_OPTIONS_MAX));
	const struct reading reading = {spec, part, table, error};
	const char *keys[ALLOCATOR_OPTIONS_MAX];
	size_t count = 0;
	for (size_t i = 0; table && i < table->option_count; i++)
		values[i] = table->options[i].default_value;
	while (options) {
		char *comma = strchr(options, ',');
		if (comma)
			*comma++ = '\0';
		char *value = strchr(options, '=');
		if (!value || value == options || !value[1])
			return error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": \"%s\" of %s is not option=value", spec,
					 options, part);
		*value++ = '\0';
		for (size_t i = 0; i < count; i++)
			if (!strcmp(keys[i], options))
				return error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": option %s of %s is given twice",
						 spec, options, part);
		if (count == ALLOCATOR_OPTIONS_MAX)
			return error_set(error, EXIT_CODE_USAGE, "allocator \"%s\": %s has more than %d options", spec,
					 part, ALLOCATOR_OPTIONS_MAX);
		keys[count++] = options;
		if (decode(&reading, options, value, values))
			return -1;
		options = comma;
	}
	return 0;
}
