/* SPDX-License-Identifier: MIT */
#include "run/journal.h"

#include "base/memory.h"

#include <string.h>

static struct result_record *find(const struct journal *journal, uint64_t key)
{
	for (size_t i = 0; i < journal->count; i++)
		if (journal->records[i].key == key)
			return &journal->records[i];
	return NULL;
}

static int add_line(struct journal *journal, const char *line, size_t length, struct error *error)
{
	struct error wrong = {0};
	size_t number = ++journal->lines;
	if (memory_grow(&journal->records, &journal->capacity, journal->count, sizeof journal->records[0]) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the journal");
	struct result_record *record = &journal->records[journal->count];
	if (result_record_read(line, length, record, &wrong) < 0)
		return error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE,
				 "rounds.jsonl:%zu: %.900s", number, wrong.message);
	struct result_record *before = find(journal, record->key);
	if (before && before->owner != ERROR_OWNER_MACHINE) {
		result_record_release(record);
		return error_set(error, EXIT_CODE_USAGE, "rounds.jsonl:%zu: this process is in the journal already",
				 number);
	}
	if (before) {
		result_record_release(before);
		*before = *record;
		*record = (struct result_record){0};
	} else {
		journal->count++;
	}
	return 0;
}

int journal_read(struct journal *journal, const char *bytes, size_t length, struct error *error)
{
	*journal = (struct journal){0};
	int result = 0;
	const char *end;
	while (result == 0 && journal->whole_bytes < length &&
	       (end = memchr(bytes + journal->whole_bytes, '\n', length - journal->whole_bytes))) {
		size_t line = (size_t)(end - bytes) + 1 - journal->whole_bytes;
		result = add_line(journal, bytes + journal->whole_bytes, line, error);
		journal->whole_bytes += line;
	}
	journal->taken = result == 0 ? memory_zeroed(journal->count, sizeof journal->taken[0]) : NULL;
	if (result == 0 && !journal->taken)
		result = error_set(error, EXIT_CODE_IO, "no memory for the journal");
	if (result < 0)
		journal_release(journal);
	return result;
}

void journal_release(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		result_record_release(&journal->records[i]);
	memory_release(journal->records);
	memory_release(journal->taken);
	*journal = (struct journal){0};
}

bool journal_take(struct journal *journal, uint64_t key, struct result_record *record)
{
	for (size_t i = 0; i < journal->count; i++) {
		if (journal->taken[i] || journal->records[i].key != key)
			continue;
		if (journal->records[i].owner == ERROR_OWNER_MACHINE) {
			journal->taken[i] = true;
			return false;
		}
		*record = journal->records[i];
		journal->records[i] = (struct result_record){0};
		journal->taken[i] = true;
		return true;
	}
	return false;
}

size_t journal_left(const struct journal *journal)
{
	size_t left = 0;
	for (size_t i = 0; i < journal->count; i++)
		left += !journal->taken[i];
	return left;
}
