/* SPDX-License-Identifier: MIT
 * What a run left behind and a digit of it: no digit of a journal or of a result can be another one without a word. A whole
 * run, with this program as its worker. */
#include "base/file.h"
#include "base/memory.h"
#include "run/job.h"
#include "run/journal.h"
#include "run/run.h"
#include "support/folder.h"
#include "support/record_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 2

static char folder[64], inside[128], workload[128];
static char *journal, *document;
static size_t journal_length, document_length;

static const char yaml[] = "iovabench: 1\nname: small\nspace: {size: 4GiB}\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
			   "phases:\n  - {name: churn, mix: [{request: page}], ops: 2k}\n";

static void run(void)
{
	const char *const files[] = {workload}, *const specs[] = {"rbtree"};
	struct run_options options = {.files = files,
				      .file_count = 1,
				      .specs = specs,
				      .spec_count = 1,
				      .rounds = ROUNDS,
				      .latency = RUN_LATENCY_OFF,
				      .audit = true,
				      .folder = inside,
				      .paired_ms = RUN_PAIRED_MS_DEFAULT,
				      .stall_seconds = 60,
				      .command = "test"};
	struct result result = {0};
	struct text into = {0}, messages = {0};
	struct error error = {0};
	assert_int_equal(run_matrix(&options, &result, &into, &messages, &error), EXIT_CODE_OK);
	result_release(&result);
	text_release(&into);
	text_release(&messages);
}

static int read_file(const char *name, char **bytes, size_t *length)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", inside, name);
	return file_read(path, 1 << 24, bytes, length, NULL);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/iovabench-damage-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof inside, "%s/t", folder);
	snprintf(workload, sizeof workload, "%s/small.yaml", folder);
	if (file_write_whole(workload, yaml, sizeof yaml - 1, NULL))
		return -1;
	run();
	return read_file("rounds.jsonl", &journal, &journal_length) ||
	       read_file("result.json", &document, &document_length);
}

static int tear_down(void **state)
{
	(void)state;
	memory_release(journal);
	memory_release(document);
	folder_remove(inside);
	return folder_remove(folder);
}

static char other_digit(char digit, size_t place)
{
	return (char)('0' + (digit - '0' + 1 + (int)(place % 9)) % 10);
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static void no_digit_of_the_journal_can_change(void **state)
{
	(void)state;
	size_t number = 0, flipped = 0;
	for (char *line = journal, *end; line < journal + journal_length; line = end) {
		end = strchr(line, '\n') + 1;
		number++;
		for (char *at = line; at < end; at++) {
			struct journal read;
			struct error error = {0};
			char kept = *at;
			if (!is_digit(kept))
				continue;
			*at = other_digit(kept, (size_t)(at - line));
			if (journal_read(&read, line, (size_t)(end - line), &error) == 0)
				fail_msg("line %zu: %.60s is believed", number, at < line + 30 ? line : at - 30);
			assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
			assert_non_null(strstr(error.message, "rounds.jsonl:1: record"));
			*at = kept;
			flipped++;
		}
	}
	assert_int_equal(number, 1 + 2 * ROUNDS);
	assert_true(flipped > 5000);
}

/* As a text: what it says is the same when this is. */
static struct text rewritten(const char *json, size_t length)
{
	struct result result;
	struct text text = {0};
	struct error error = {0};
	if (result_read(json, length, &result, &error) == 0) {
		assert_false(result.undigested);
		assert_int_equal(result_write(&result, &text, &error), 0);
		result_release(&result);
	} else {
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	}
	return text;
}

/* Parsing takes a while: every digit of the beginning and of the end, some between. DAMAGE_ALL=1: every one. */
static bool is_tried(size_t place)
{
	static size_t digits;
	return getenv("DAMAGE_ALL") || place < 2000 || place + 500 > document_length || digits++ % 17 == 0;
}

/* A number of 17 digits is the same with another last one, now and then. */
static void no_digit_of_a_result_can_change_what_it_says(void **state)
{
	(void)state;
	size_t flipped = 0, same = 0;
	struct text whole = rewritten(document, document_length);
	assert_string_equal(whole.bytes, document);
	for (size_t i = 0; i < document_length; i++) {
		char kept = document[i];
		if (!is_digit(kept) || !is_tried(i))
			continue;
		document[i] = other_digit(kept, i);
		struct text text = rewritten(document, document_length);
		document[i] = kept;
		same += text.length > 0;
		if (text.length && strcmp(text.bytes, whole.bytes) != 0)
			fail_msg("%.60s is believed", document + (i < 30 ? 0 : i - 30));
		text_release(&text);
		flipped++;
	}
	text_release(&whole);
	assert_true(flipped > 1000);
	assert_true(same < flipped / 20);
}

static int check(const struct text *line, struct error *error)
{
	static const char *const specs[] = {"rbtree"};
	const struct journal_bounds bounds = {specs, 1, ROUNDS};
	struct journal read;
	*error = (struct error){0};
	assert_int_equal(journal_read(&read, line->bytes, line->length, error), 0);
	int result = journal_check(&read, &bounds, error);
	journal_release(&read);
	return result;
}

static void a_line_of_no_process_of_the_run_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"\"round\":0", "\"round\":100000000",
		 "rounds.jsonl:1: round 100000000 of rbtree is no process of this run of 2 rounds"},
		{"\"round\":0", "\"round\":1", "rounds.jsonl:1: round 1 of rbtree is no process"}, /* of an audit */
		{"\"spec\":\"rbtree\"", "\"spec\":\"bitmap\"", "rounds.jsonl:1: round 0 of bitmap is no process"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error error;
		struct text line = record_line_forged(journal, cases[i].from, cases[i].to);
		assert_int_equal(check(&line, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
		assert_non_null(strstr(error.message, cases[i].message));
		text_release(&line);
	}
	struct error error;
	struct text line = record_line_forged(journal, "\"round\":0", "\"round\":0");
	assert_int_equal(check(&line, &error), 0);
	text_release(&line);
}

/* What a line with a right checksum says, under a key that stands for something else. */
static void a_line_is_held_against_the_process_of_its_key(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *difference;
	} cases[] = {
		{"\"round\":0", "\"round\":0", NULL},
		{"\"round\":0", "\"round\":1", "the round is not"},
		{"\"pass\":\"audit\"", "\"pass\":\"timed\"", "the pass is not"},
		{"\"spec\":\"rbtree\"", "\"spec\":\"null\"", "the spec is not"},
		{"\"workload\":\"small\"", "\"workload\":\"large\"", "the workload is not"},
		{"\"workload\":\"small\"", "\"workload\":\"\"", "the workload is not"},
		{"\"round\":0", "\"round\":0", "the stream of operations is not"},
		{"\"address_maps\":[{\"domain\":0", "\"address_maps\":[{\"domain\":9", "the domain of a picture is not"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct journal read;
		struct error error = {0};
		struct result_record record = {0};
		struct text line = record_line_forged(journal, cases[i].from, cases[i].to);
		assert_int_equal(journal_read(&read, line.bytes, line.length, &error), 0);
		bool other_stream = cases[i].difference && strstr(cases[i].difference, "stream");
		const struct journal_process its = {.key = read.entries[0].record.key,
						    .workload = "small",
						    .spec = "rbtree",
						    .pass = RESULT_PASS_AUDIT,
						    .phase_count = 1,
						    .space_count = 2,
						    .stream_hash = read.entries[0].record.stream_hash + other_stream};
		int taken = journal_take(&read, &its, &record, &error);
		assert_int_equal(taken, cases[i].difference ? -1 : 1);
		if (cases[i].difference)
			assert_non_null(strstr(error.message, cases[i].difference));
		else
			assert_int_equal(journal_take(&read, &its, &record, &error), 0);
		result_record_release(&record);
		journal_release(&read);
		text_release(&line);
	}
}

static enum exit_code resume(struct error *error)
{
	struct run_options options = {0};
	struct result result = {0};
	struct text into = {0}, messages = {0};
	bool finished;
	*error = (struct error){0};
	enum exit_code code = run_resume(inside, 0, &options, &result, &into, &messages, &finished, error);
	result_release(&result);
	text_release(&into);
	text_release(&messages);
	return code;
}

/* In the folder of a run: its audit under the key of nobody, its audit as a round, a round that no run has. All is told,
 * nothing is cut. */
static void resume_refuses_what_the_journal_cannot_say(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"{\"key\":\"0x", "{\"key\":\"0x0", "rounds.jsonl:1: record: key: must be"},
		{"\"pass\":\"audit\"", "\"pass\":\"timed\"",
		 "rounds.jsonl:1: the pass is not that of the process whose key"},
		{"\"round\":0", "\"round\":100000000", "rounds.jsonl:1: round 100000000 of rbtree is no process"},
	};
	char path[256], *now;
	size_t now_length;
	snprintf(path, sizeof path, "%s/result.json", inside);
	remove(path);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error error;
		struct text lines = record_line_forged(journal, cases[i].from, cases[i].to);
		const char *rest = strchr(journal, '\n') + 1;
		text_add(&lines, "%s", rest);
		assert_int_equal(file_write_into(inside, "rounds.jsonl", lines.bytes, lines.length, &error), 0);
		assert_int_equal(resume(&error), EXIT_CODE_USAGE);
		assert_non_null(strstr(error.message, cases[i].message));
		assert_int_equal(read_file("rounds.jsonl", &now, &now_length), 0);
		assert_string_equal(now, lines.bytes);
		memory_release(now);
		text_release(&lines);
	}
	struct error error;
	assert_int_equal(file_write_into(inside, "rounds.jsonl", journal, journal_length, &error), 0);
	assert_int_equal(resume(&error), EXIT_CODE_OK);
	assert_int_equal(access(path, F_OK), 0);
}

/* As when a plugin was another one for a while. */
static void a_line_that_nobody_asks_for_is_told(void **state)
{
	(void)state;
	char path[256], key[27], other[] = "{\"key\":\"0x0000000000000001";
	struct error error;
	snprintf(key, sizeof key, "%s", journal);
	snprintf(path, sizeof path, "%s/result.json", inside);
	remove(path);
	struct text lines = record_line_forged(journal, key, other);
	text_add(&lines, "%s", strchr(journal, '\n') + 1);
	assert_int_equal(file_write_into(inside, "rounds.jsonl", lines.bytes, lines.length, &error), 0);
	assert_int_equal(resume(&error), EXIT_CODE_USAGE);
	assert_non_null(
		strstr(error.message, "rounds.jsonl holds 1 process of another matrix: a plugin or recording changed"));
	assert_int_equal(access(path, F_OK), -1);
	text_release(&lines);
}

static uint64_t key_of(uint64_t number)
{
	return hash_bytes(HASH_START, &number, sizeof number);
}

static void a_long_journal_is_found_by_its_keys(void **state)
{
	(void)state;
	enum { LINES = 20000 };
	struct text lines = {0};
	struct journal read;
	struct error error = {0};
	for (uint64_t i = 0; i < LINES; i++) {
		struct result_record record = {
			.key = key_of(i), .spec = (char *)(uintptr_t) "rbtree", .round = (uint32_t)i};
		assert_int_equal(result_record_write(&record, &lines, &error), 0);
	}
	assert_int_equal(journal_read(&read, lines.bytes, lines.length, &error), 0);
	assert_int_equal(journal_left(&read), LINES);
	for (uint64_t i = 0; i < LINES; i++) {
		struct result_record record = {0};
		const struct journal_process process = {
			.key = key_of(i), .workload = "", .spec = "rbtree", .round = (uint32_t)i};
		assert_int_equal(journal_take(&read, &process, &record, &error), 1);
		assert_int_equal(record.round, i);
		result_record_release(&record);
	}
	assert_int_equal(journal_left(&read), 0);
	journal_release(&read);
	text_release(&lines);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_digit_of_the_journal_can_change),
		cmocka_unit_test(no_digit_of_a_result_can_change_what_it_says),
		cmocka_unit_test(a_line_of_no_process_of_the_run_is_refused),
		cmocka_unit_test(a_line_is_held_against_the_process_of_its_key),
		cmocka_unit_test(resume_refuses_what_the_journal_cannot_say),
		cmocka_unit_test(a_line_that_nobody_asks_for_is_told),
		cmocka_unit_test(a_long_journal_is_found_by_its_keys),
	};
	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return worker_run(atoi(argv[2]));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
