/* SPDX-License-Identifier: MIT */
#include "run/journal.h"

#include "base/memory.h"
#include "run/trial.h"

#include <assert.h>
#include <string.h>

/* Where a key is, or would be. Keys are hashes already. */
static size_t *slot_of(const struct journal *journal, uint64_t key)
{
	assert(journal->slot_count && journal->count < journal->slot_count);
	size_t at = (size_t)key & (journal->slot_count - 1);
	while (journal->slots[at] && journal->entries[journal->slots[at] - 1].record.key != key)
		at = (at + 1) & (journal->slot_count - 1);
	return &journal->slots[at];
}

/* At most half of the slots are taken. */
static int make_room(struct journal *journal)
{
	if (memory_grow(&journal->entries, &journal->capacity, journal->count, sizeof journal->entries[0]) < 0)
		return -1;
	if (2 * (journal->count + 1) <= journal->slot_count)
		return 0;
	size_t count = journal->slot_count ? 2 * journal->slot_count : 64;
	size_t *slots = memory_zeroed(count, sizeof slots[0]);
	if (!slots)
		return -1;
	memory_release(journal->slots);
	journal->slots = slots;
	journal->slot_count = count;
	for (size_t i = 0; i < journal->count; i++)
		*slot_of(journal, journal->entries[i].record.key) = i + 1;
	return 0;
}

static int add_line(struct journal *journal, const char *line, size_t length, struct error *error)
{
	struct error wrong = {0};
	size_t number = ++journal->lines;
	if (make_room(journal) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the journal");
	struct journal_entry entry = {.line = number};
	if (result_record_read(line, length, &entry.record, &wrong) < 0)
		return error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE,
				 "rounds.jsonl:%zu: %.900s", number, wrong.message);
	size_t *slot = slot_of(journal, entry.record.key);
	if (!*slot) {
		*slot = journal->count + 1;
		journal->entries[journal->count++] = entry;
		return 0;
	}
	struct journal_entry *before = &journal->entries[*slot - 1];
	if (before->record.owner != ERROR_OWNER_MACHINE) {
		result_record_release(&entry.record);
		return error_set(error, EXIT_CODE_USAGE, "rounds.jsonl:%zu: this process is in the journal already",
				 number);
	}
	result_record_release(&before->record);
	*before = entry;
	return 0;
}

int journal_read(struct journal *journal, const char *bytes, size_t length, struct error *error)
{
	assert(bytes || !length);
	*journal = (struct journal){0};
	int result = 0;
	const char *end;
	while (result == 0 && journal->whole_bytes < length &&
	       (end = memchr(bytes + journal->whole_bytes, '\n', length - journal->whole_bytes))) {
		size_t line = (size_t)(end - bytes) + 1 - journal->whole_bytes;
		result = add_line(journal, bytes + journal->whole_bytes, line, error);
		journal->whole_bytes += line;
	}
	if (result < 0)
		journal_release(journal);
	return result;
}

void journal_release(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		result_record_release(&journal->entries[i].record);
	memory_release(journal->entries);
	memory_release(journal->slots);
	*journal = (struct journal){0};
}

/* What every audit of one workload says on any machine. */
static const char *audits_differ(const struct result_record *a, const struct result_record *b)
{
	if (a->ok != b->ok || a->exit_code != b->exit_code || a->phase_count != b->phase_count)
		return "one of them failed";
	if (a->stream_hash != b->stream_hash)
		return "their streams of operations";
	for (size_t i = 0; i < a->phase_count; i++)
		if (a->phases[i].placement_hash != b->phases[i].placement_hash)
			return "their placements";
	return NULL;
}

static int join_entry(struct journal *journal, struct journal_entry *entry, struct error *error)
{
	if (make_room(journal) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the journal");
	size_t *slot = slot_of(journal, entry->record.key);
	if (!*slot) {
		*slot = journal->count + 1;
		journal->entries[journal->count++] = *entry;
		entry->record = (struct result_record){0};
		return 0;
	}
	const struct journal_entry *known = &journal->entries[*slot - 1];
	const struct result_record *before = &known->record, *record = &entry->record;
	if (known->taken || record->pass != RESULT_PASS_AUDIT || before->pass != RESULT_PASS_AUDIT)
		return error_set(error, EXIT_CODE_USAGE, "round %u of %s on %s is in another shard, too: they overlap",
				 record->round + 1, record->spec, record->workload);
	const char *differs = audits_differ(before, record);
	return differs ? error_set(
				 error, EXIT_CODE_UNTRUSTWORTHY,
				 "the audit of %s on %s disagrees with that of another shard (%s): which is right cannot be "
				 "told",
				 record->spec, record->workload, differs)
		       : 0;
}

int journal_join(struct journal *journal, struct journal *part, struct error *error)
{
	int status = 0;
	for (size_t i = 0; i < part->count && status == 0; i++)
		status = join_entry(journal, &part->entries[i], error);
	journal_release(part);
	return status;
}

static bool is_known(const char *spec, const struct journal_bounds *bounds)
{
	for (size_t i = 0; i < bounds->spec_count; i++)
		if (strcmp(spec, bounds->specs[i]) == 0)
			return true;
	return strcmp(spec, TRIAL_NULL_SPEC) == 0;
}

static bool is_of_run(const struct result_record *record, const struct journal_bounds *bounds)
{
	return is_known(record->spec, bounds) && (!record->against || is_known(record->against, bounds)) &&
	       (record->pass == RESULT_PASS_AUDIT ? record->round == 0 : record->round < bounds->rounds);
}

int journal_check(const struct journal *journal, const struct journal_bounds *bounds, struct error *error)
{
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];
		assert(!entry->taken);
		if (!is_of_run(&entry->record, bounds))
			return error_set(error, EXIT_CODE_USAGE,
					 "rounds.jsonl:%zu: round %u of %.200s is no process of this run of %u rounds",
					 entry->line, entry->record.round, entry->record.spec, bounds->rounds);
	}
	return 0;
}

/* Of a process that failed, the rest may be empty. */
static const char *difference(const struct result_record *record, const struct journal_process *process)
{
	if (strcmp(record->spec, process->spec) != 0)
		return "spec";
	if ((record->ok || *record->workload) && strcmp(record->workload, process->workload) != 0)
		return "workload";
	if (record->pass != process->pass)
		return "pass";
	if (strcmp(record->against ? record->against : "", process->against ? process->against : "") != 0)
		return "other spec";
	if (record->round != process->round)
		return "round";
	if (record->ok ? record->phase_count != process->phase_count : record->phase_count > process->phase_count)
		return "number of phases";
	if (record->domain_count > process->space_count)
		return "number of domains";
	for (size_t i = 0; i < record->map_count; i++)
		if (record->maps[i].domain >= process->space_count)
			return "domain of a picture";
	if (record->ok && record->stream_hash && process->stream_hash && record->stream_hash != process->stream_hash)
		return "stream of operations";
	return NULL;
}

int journal_take(struct journal *journal, const struct journal_process *process, struct result_record *record,
		 struct error *error)
{
	assert(process->workload && process->spec);
	size_t *slot = journal->slot_count ? slot_of(journal, process->key) : NULL;
	if (!slot || !*slot || journal->entries[*slot - 1].taken)
		return 0;
	struct journal_entry *entry = &journal->entries[*slot - 1];
	const char *other = difference(&entry->record, process);
	if (other)
		return error_set(error, EXIT_CODE_USAGE,
				 "rounds.jsonl:%zu: the %s is not that of the process whose key this is (%s, %.200s, "
				 "round %u)",
				 entry->line, other, process->workload, process->spec, process->round);
	entry->taken = true;
	if (entry->record.owner == ERROR_OWNER_MACHINE)
		return 0;
	*record = entry->record;
	entry->record = (struct result_record){.key = process->key};
	return 1;
}

uint32_t journal_rounds(const struct journal *journal)
{
	uint32_t rounds = 0;
	for (size_t i = 0; i < journal->count; i++) {
		const struct result_record *record = &journal->entries[i].record;
		if (record->pass != RESULT_PASS_AUDIT && record->round >= rounds)
			rounds = record->round + 1;
	}
	return rounds;
}

size_t journal_left(const struct journal *journal)
{
	size_t left = 0;
	for (size_t i = 0; i < journal->count; i++)
		left += !journal->entries[i].taken;
	return left;
}
