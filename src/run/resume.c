/* SPDX-License-Identifier: MIT */
#include "run/resume.h"

#include "base/memory.h"
#include "run/cpus.h"
#include "run/run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_request(struct resumed *resumed, struct error *error)
{
	char *bytes;
	size_t length;
	if (store_read(&resumed->store, "run.json", &bytes, &length, error) < 0)
		return -1;
	struct error wrong = {0};
	int result = run_file_read(bytes, length, &resumed->run_file, &wrong);
	memory_release(bytes);
	if (result < 0)
		return error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE, "%s/%.900s",
				 resumed->store.folder.bytes, wrong.message);
	return 0;
}

static int read_journal(struct resumed *resumed, struct text *messages, struct error *error)
{
	char *bytes;
	size_t length;
	if (store_read(&resumed->store, "rounds.jsonl", &bytes, &length, error) < 0)
		return -1;
	const struct run_options *options = &resumed->run_file.options;
	const struct journal_bounds bounds = {options->specs, options->spec_count, options->rounds};
	int result = journal_read(&resumed->journal, bytes, length, error);
	memory_release(bytes);
	if (result == 0)
		result = journal_check(&resumed->journal, &bounds, error);
	if (result < 0 || resumed->journal.whole_bytes == length)
		return result;
	text_add(messages, "rounds.jsonl: the last line was torn when the run was killed; its process is run again\n");
	return store_cut_journal(&resumed->store, resumed->journal.whole_bytes, error);
}

/* A result that says that it is whole, and what it ended with. */
static int is_finished(const struct store *store, bool *finished, enum exit_code *code, struct text *messages,
		       struct error *error)
{
	char *bytes;
	size_t length;
	struct error missing = {0}, wrong = {0};
	struct result result;
	*finished = false;
	if (store_read(store, "result.json", &bytes, &length, &missing) < 0)
		return missing.exit_code == EXIT_CODE_IO ? error_set(error, EXIT_CODE_IO, "%s", missing.message) : 0;
	int status = result_read(bytes, length, &result, &wrong);
	memory_release(bytes);
	if (status < 0)
		return error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE,
				 "%s/result.json: %.800s", store->folder.bytes, wrong.message);
	*finished = !result_can_go_on(&result);
	*code = result_exit_code(&result);
	/* It may have been killed between its result and the rest, or the rest could not be written. */
	if (*finished && store_complete(store, &result, messages))
		*code = exit_code_of_both(*code, EXIT_CODE_IO);
	result_release(&result);
	return 0;
}

/* Workloads and plugins are named from where the run was begun. */
static int go_there(const struct run_file *run_file, struct error *error)
{
	if (chdir(run_file->directory) == 0)
		return 0;
	return error_set(error, EXIT_CODE_USAGE, "%s: cannot go to the folder where this run was begun: %s",
			 run_file->directory, strerror(errno));
}

static enum exit_code go_on(struct resumed *resumed, const struct run_options *options, struct result *result,
			    struct text *folder, struct text *messages, struct error *error)
{
	if (go_there(&resumed->run_file, error) < 0 || run_file_check_here(&resumed->run_file, error) < 0 ||
	    read_journal(resumed, messages, error) < 0)
		return error->exit_code;
	struct run_options again = resumed->run_file.options;
	again.progress = options->progress;
	again.folder = resumed->store.folder.bytes;
	again.resumed = resumed;
	if (cpus_use(&again, error) < 0)
		return error->exit_code;
	return run_matrix(&again, result, folder, messages, error);
}

enum exit_code run_resume(const char *name, const struct run_options *options, struct result *result, struct text *folder,
			  struct text *messages, bool *finished, struct error *error)
{
	assert(name);
	struct resumed resumed = {.store = STORE_CLOSED};
	char *path = realpath(name, NULL);
	enum exit_code ended = EXIT_CODE_OK;
	*finished = false;
	if (!path) {
		error_set(error, EXIT_CODE_USAGE, "%s: %s", name, strerror(errno));
		return error->exit_code;
	}
	int status = store_reopen(&resumed.store, path, error);
	if (status == 0)
		status = is_finished(&resumed.store, finished, &ended, messages, error);
	if (status == 0 && !*finished)
		status = read_request(&resumed, error);
	enum exit_code code = status < 0  ? error->exit_code
			      : *finished ? ended
					  : go_on(&resumed, options, result, folder, messages, error);
	journal_release(&resumed.journal);
	run_file_release(&resumed.run_file);
	store_close(&resumed.store);
	free(path);
	return code;
}
