/* SPDX-License-Identifier: MIT
 * Any bytes are a result, a record, or refused with a message; what was read can be written and read again. make fuzz builds
 * and runs it. */
#include "base/hash.h"
#include "base/memory.h"
#include "result/result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_result(const char *json, size_t length)
{
	struct result result;
	struct error error = {0};
	if (result_read(json, length, &result, &error) < 0) {
		must(error.exit_code != EXIT_CODE_OK && *error.message);
		return;
	}
	struct text again = {0}, csv = {0};
	must(result_write(&result, &again, &error) == 0);
	result_series_csv(&result, &csv);
	result_release(&result);
	must(result_read(again.bytes, again.length, &result, &error) == 0);
	result_release(&result);
	text_release(&again);
	text_release(&csv);
}

static void read_line(const char *line, size_t length)
{
	struct result_record record;
	struct error error = {0};
	if (result_record_read(line, length, &record, &error) < 0) {
		must(error.exit_code != EXIT_CODE_OK && *error.message);
		return;
	}
	struct text again = {0};
	must(result_record_write(&record, &again, &error) == 0);
	result_record_release(&record);
	text_release(&again);
}

/* As it is, and with a checksum that is right. */
static void read_record(const char *line, size_t length)
{
	struct text summed = {0};
	read_line(line, length);
	length -= length && line[length - 1] == '\n';
	text_add_bytes(&summed, line, length - (length && line[length - 1] == '}'));
	text_add(&summed, ",\"sum\":\"0x%016" PRIx64 "\"}", hash_bytes(HASH_START, summed.bytes, summed.length));
	read_line(summed.bytes, summed.length);
	text_release(&summed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *copy = memory_resize(NULL, length + 1, 1);
	must(copy != NULL);
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	read_result(copy, length);
	read_record(copy, length);
	memory_release(copy);
	return 0;
}
