/* SPDX-License-Identifier: MIT */
#include "cli/result_file.h"
#include "cli/say.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "result/packed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run that was killed, or is under way, has a journal and no result yet. */
static int check_ended(const char *folder, const struct text *file, struct error *error)
{
	struct text journal = {0};
	text_add(&journal, "%s/rounds.jsonl", folder);
	int status = journal.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
	if (status == 0 && access(file->bytes, F_OK) != 0 && access(journal.bytes, F_OK) == 0)
		status = error_set(
			error, EXIT_CODE_USAGE,
			"%s: this run has not ended and has no result.json yet; iovabench resume goes on with it", folder);
	text_release(&journal);
	return status;
}

/* What cannot be a document by its first bytes is not read further: they are all that is returned. */
static int take_document(struct file *file, struct text *content, struct error *error)
{
	const char *head;
	size_t length, at = 0;
	if (file_peek(file, &head, &length, error) < 0)
		return -1;
	while (at < length && strchr(" \t\r\n", head[at]) && head[at])
		at++;
	size_t most = file_most_in_memory();
	if (packed_begins(head, length))
		return file_take_rest(file, most, content, error) < 0 ? -1
								      : packed_unpack(content, most, file->name, error);
	if (at == length || head[at] == '{')
		return file_take_rest(file, most, content, error);
	text_add_bytes(content, head, length);
	return content->failed ? error_set(error, EXIT_CODE_IO, "%s: no memory for its content", file->name) : 0;
}

static int read_document(const char *path, char **bytes, size_t *length, struct error *error)
{
	struct file file;
	struct text content = {0};
	if (file_open_input(path, &file, error) < 0)
		return -1;
	int status = take_document(&file, &content, error);
	file_close(&file);
	if (status < 0)
		text_release(&content);
	*bytes = content.bytes;
	*length = content.length;
	return status;
}

/* Of a folder its result, plain or packed. */
static void find_document(const char *path, bool folder, struct text *file)
{
	text_add(file, folder ? "%s/result.json" : "%s", path);
	if (!folder || file->failed || access(file->bytes, F_OK) == 0)
		return;
	text_add(file, PACKED_ENDING);
	if (!file->failed && access(file->bytes, F_OK) != 0)
		file->bytes[file->length -= strlen(PACKED_ENDING)] = '\0';
}

int cli_result_load(const char *path, struct result *result, struct error *error)
{
	struct text file = {0};
	struct stat state;
	bool folder = stat(path, &state) == 0 && S_ISDIR(state.st_mode);
	find_document(path, folder, &file);
	char *bytes;
	size_t length;
	int status = file.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
	if (status == 0 && folder)
		status = check_ended(path, &file, error);
	if (status == 0)
		status = read_document(file.bytes, &bytes, &length, error);
	if (status == 0) {
		struct error wrong = {0};
		status = result_read(bytes, length, result, &wrong);
		memory_release(bytes);
		if (status < 0)
			error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE, "%s: %.900s",
				  file.bytes, wrong.message);
		else if (result->undigested)
			cli_say("note: %s has no digest, as older versions wrote it: damage would not be noticed\n",
				file.bytes);
	}
	text_release(&file);
	return status;
}

int cli_results_load(char **paths, size_t count, struct result **results, struct error *error)
{
	assert(count);
	*results = memory_zeroed(count, sizeof **results);
	if (!*results)
		return error_set(error, EXIT_CODE_IO, "no memory for results");
	for (size_t i = 0; i < count; i++)
		if (cli_result_load(paths[i], &(*results)[i], error) < 0)
			return -1;
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j && result_order(&(*results)[j - 1], &(*results)[j]) > 0; j--) {
			struct result later = (*results)[j - 1];
			(*results)[j - 1] = (*results)[j];
			(*results)[j] = later;
		}
	return 0;
}

void cli_results_release(struct result *results, size_t count)
{
	for (size_t i = 0; results && i < count; i++)
		result_release(&results[i]);
	memory_release(results);
}

int cli_result_name(const char *word, struct cli_result_name *name, struct error *error)
{
	assert(word);
	*name = (struct cli_result_name){memory_text(word), NULL};
	if (!name->path)
		return error_set(error, EXIT_CODE_IO, "no memory for a path");
	/* "-:SPEC": an arm of what comes on standard input. */
	if (strncmp(word, FILE_STANDARD_INPUT ":", 2) == 0) {
		name->path[1] = '\0';
		name->spec = word + 2;
		return 0;
	}
	if (access(word, F_OK) == 0)
		return 0;
	for (char *colon = strchr(name->path, ':'); colon; colon = strchr(colon + 1, ':')) {
		*colon = '\0';
		if (access(name->path, F_OK) == 0) {
			name->spec = word + (colon + 1 - name->path);
			return 0;
		}
		*colon = ':';
	}
	return 0;
}

bool cli_read_share(const char *value, double *share)
{
	char *end;
	if (strspn(value, "0123456789.") == 0)
		return false;
	double number = strtod(value, &end);
	*share = number / 100;
	return strcmp(end, "%") == 0 && end[-1] != '.' && *share > 0 && *share <= 1;
}
