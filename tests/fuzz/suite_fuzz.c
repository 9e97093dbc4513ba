/* SPDX-License-Identifier: MIT
 * Any bytes are a suite, or refused with a message. make fuzz builds and runs it. */
#include "base/memory.h"
#include "cli/suite_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is given has a text each. */
static void look_at(const struct suite_values *values)
{
	must(!values->count == !values->values);
	for (size_t i = 0; i < values->count; i++)
		must(values->values[i].text && strlen(values->values[i].text) < SUITE_FILE_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct suite suite;
	struct text messages = {0};
	char *copy = memory_resize(NULL, length + 1, 1);
	must(copy != NULL);
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	bool good = suite_parse("fuzz", copy, length, &suite, &messages) == 0;
	must(good == (messages.length == 0));
	must(!good || suite.lists[SUITE_WORKLOADS].count > 0);
	for (int i = 0; i < SUITE_LISTS; i++)
		look_at(&suite.lists[i]);
	for (int i = 0; i < RUN_SETTINGS; i++)
		look_at(&suite.settings[i]);
	suite_release(&suite);
	text_release(&messages);
	memory_release(copy);
	return 0;
}
