/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/result_file.h"
#include "cli/say.h"
#include "base/json.h"
#include "run/join.h"
#include "run/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Older versions wrote lines without one. */
static int check_sums(const char *file, const char *bytes, size_t length, struct error *error)
{
	size_t number = 0;
	for (const char *line = bytes, *end; line < bytes + length; line = end) {
		end = (const char *)memchr(line, '\n', (size_t)(bytes + length - line)) + 1;
		number++;
		if (result_record_sum(line, (size_t)(end - line)) == RESULT_SUM_WRONG)
			return error_set(error, EXIT_CODE_USAGE,
					 "%s:%zu: its checksum is not that of the line: it was damaged, or changed", file,
					 number);
	}
	return 0;
}

/* The lines of a run's journal; a torn last one is left out. */
static int copy_journal(struct store *store, const char *folder, struct error *error)
{
	struct text path = {0};
	char *bytes;
	size_t length;
	text_add(&path, "%s/rounds.jsonl", folder);
	int status = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path")
				 : file_read(path.bytes, file_most_in_memory(), &bytes, &length, error);
	if (status == 0) {
		while (length && bytes[length - 1] != '\n')
			length--;
		const struct text lines = {.bytes = bytes, .length = length};
		status = check_sums(path.bytes, bytes, length, error);
		if (status == 0 && length)
			status = store_lines(store, &lines, error);
		memory_release(bytes);
	}
	text_release(&path);
	return status;
}

/* Says that this folder is a merge's while it is not whole. */
static int write_request(const struct store *store, const char **folders, size_t count, const char *command,
			 struct error *error)
{
	struct json_writer writer = {false};
	struct text json = {0};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", "iovabench.merge/1");
	json_put_text(&writer, document, "command", command);
	json_t *list = json_put_array(&writer, document, "folders");
	for (size_t i = 0; i < count; i++)
		json_append(&writer, list, json_text(folders[i]));
	int status = json_finish(&writer, document, true, "merge.json", &json, error);
	if (status == 0)
		status = store_file(store, "merge.json", &json, error);
	text_release(&json);
	return status;
}

static int write_all(struct result *merged, const char **folders, size_t count, const char *output, const char *command,
		     struct error *error)
{
	struct store store;
	struct text messages = {0};
	struct error unreported = {0};
	size_t lost = 0;
	if (store_open(&store, output, true, error) < 0)
		return -1;
	int status = write_request(&store, folders, count, command, error);
	for (size_t i = 0; i < count && status == 0; i++)
		status = copy_journal(&store, folders[i], error);
	if (status == 0)
		status = store_sync(&store, error);
	if (status == 0 && cli_write_report(merged, output, &unreported) < 0)
		text_add(&messages, "%s\n", unreported.message);
	/* Last, because a folder with a result.json is whole. */
	if (status == 0)
		status = store_result(&store, merged, &messages, &lost, error);
	if (messages.length)
		cli_say("%s", messages.bytes);
	text_release(&messages);
	/* What is no whole result is none: the folder can be used again. */
	if (status < 0)
		store_abandon(&store);
	store_close(&store);
	if (status < 0)
		rmdir(output); /* unless something else is in there */
	if (status == 0 && (lost || *unreported.message))
		error_set(error, EXIT_CODE_IO, "%s: the merged result.json is whole, other files are missing", output);
	return status;
}

/* A result.json alone has no journal. */
static int check_folder(const char *path, struct error *error)
{
	struct stat state;
	bool there = stat(path, &state) == 0;
	if (there && S_ISDIR(state.st_mode))
		return 0;
	if (!strcmp(path, FILE_STANDARD_INPUT))
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: standard input is no folder of a run, whose journal is merged as well as its result",
				 path);
	if (!there)
		return 0;
	return error_set(error, EXIT_CODE_USAGE, "%s: is not the folder of a run", path);
}

/* Journals stand in the order in which runs do, whatever that of the words was. */
static void sort_parts(const char **folders, struct result *results, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j && result_order(&results[j - 1], &results[j]) > 0; j--) {
			struct result result = results[j];
			const char *folder = folders[j];
			results[j] = results[j - 1], results[j - 1] = result;
			folders[j] = folders[j - 1], folders[j - 1] = folder;
		}
}

/* One document is whole at a time. */
static int pack(struct result *result, struct error *error)
{
	for (size_t i = 0; i < result->arm_count; i++)
		if (result_arm_pack(&result->arms[i]) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

/* What was merged: documents, or shards of one matrix. */
static int merge_documents(struct result *merged, const char **folders, size_t count, const char *command,
			   struct text *told, struct error *error)
{
	struct result *results = memory_zeroed(count, sizeof results[0]);
	int status = results ? 0 : error_set(error, EXIT_CODE_IO, "no memory for results");
	size_t loaded = 0;
	while (status == 0 && loaded < count) {
		status = cli_result_load(folders[loaded], &results[loaded], error);
		loaded += status == 0;
		if (status == 0)
			status = pack(&results[loaded - 1], error);
	}
	if (status == 0)
		sort_parts(folders, results, count);
	if (status == 0)
		status = result_merge(merged, results, count, command, told, error);
	for (size_t i = 0; i < loaded; i++)
		result_release(&results[i]);
	memory_release(results);
	return status;
}

/* Whether all of them are shards: 1; none: 0; else -1. */
static int are_shards(const char **folders, size_t count, struct error *error)
{
	int first = join_is_shard(folders[0], error);
	for (size_t i = 1; i < count && first >= 0; i++) {
		int other = join_is_shard(folders[i], error);
		if (other < 0)
			return -1;
		if (other != first)
			return error_set(
				error, EXIT_CODE_USAGE,
				"%s is a shard, %s is none: merge the shards with each other first, then the result "
				"with others",
				folders[first ? 0 : i], folders[first ? i : 0]);
	}
	return first;
}

static enum exit_code merge(const char **folders, size_t count, const char *output, const char *command)
{
	struct error error = {0};
	struct result merged = {0};
	struct text told = {0}, messages = {0};
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++)
		status = check_folder(folders[i], &error);
	int shards = status == 0 ? are_shards(folders, count, &error) : -1;
	status = shards < 0 ? -1
		 : shards   ? join_shards(folders, count, command, &merged, &told, &messages, &error)
			    : merge_documents(&merged, folders, count, command, &told, &error);
	if (status == 0)
		status = write_all(&merged, folders, count, output, command, &error);
	if (messages.length)
		cli_say("iovabench merge: %s", messages.bytes);
	if (*error.message)
		cli_say("iovabench merge: %s\n", error.message);
	if (status == 0 && told.length)
		cli_say("iovabench merge: the merged result is not to be trusted:\n%s", told.bytes);
	enum exit_code code = told.length ? exit_code_of_both(error.exit_code, EXIT_CODE_UNTRUSTWORTHY) : error.exit_code;
	if (status == 0 && shards)
		cli_tell_faults("merge", &merged);
	if (status == 0 && shards)
		code = exit_code_of_both(code, result_exit_code(&merged));
	result_release(&merged);
	text_release(&messages);
	text_release(&told);
	return code;
}

struct arguments {
	const char *output;
};

static const struct option_row rows[] = {
	{"output", 'o', OPTION_TEXT, OPTION_SHOWS, "DIR", "takes the name of a folder", "where to write: a new folder",
	 OPTION_AT(struct arguments, output)},
};

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct cli_given given;
	struct text words = {0};
	text_add(&words, "iovabench");
	for (int i = 0; i < argc; i++)
		text_add(&words, " %s", argv[i]);
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code < 0 && words.failed)
		code = EXIT_CODE_IO;
	else if (code < 0 && (argc == given.first || !arguments.output))
		code = cli_usage(command, "takes the folders of runs, and -o with a new folder");
	else if (code < 0)
		code = (int)merge((const char **)(argv + given.first), (size_t)(argc - given.first), arguments.output,
				  words.bytes);
	text_release(&words);
	return code;
}

const struct cli_command cli_merge = {
	.name = "merge",
	.about = "put the arms of several results into one",
	.usage = (const char *const[]){"DIR... -o DIR", NULL},
	.text = "Puts the arms of several runs into one result: of parts of a matrix, on one machine or on several. "
		"Equal workloads become one, each arm names the run that it comes from, "
		"the journals stand one behind the other. Arms of several machines stay apart, and audits that were made "
		"twice must agree (5). An arm that is there twice of one machine is refused. "
		"The order of the folders does not matter.\n\n"
		"Shards of one matrix (run --shard) become the document of the whole matrix again, as if it had been played "
		"without: all of them must be there, once each, finished, of one build and one request; of several machines "
		"each keeps its own rounds, which are held against each other within it alone.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
