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

/* What the folder's result.json tells. */
struct past {
	bool finished;             /* it is whole */
	enum exit_code code;       /* what it ended with */
	uint32_t asked;            /* rounds */
	uint32_t least;            /* that a workload has of them; UINT32_MAX: none has rounds */
	struct result_looks looks; /* of the workload that has most */
};

static void read_looks(const struct result *result, struct past *past)
{
	uint32_t most = 0;
	past->asked = result->run.rounds;
	past->least = past->asked ? UINT32_MAX : 0;
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_looks *looks = &result->arms[i].looks;
		uint32_t made = looks->made_count ? looks->made[looks->made_count - 1] : 0;
		if (looks->planned_count && made < past->least)
			past->least = made;
		if (looks->planned_count && made >= most)
			past->looks = *looks;
		most = made > most ? made : most;
	}
}

static int read_past(const struct store *store, struct past *past, struct text *messages, struct error *error)
{
	char *bytes;
	size_t length;
	struct error missing = {0}, wrong = {0};
	struct result result;
	*past = (struct past){0};
	if (store_read(store, "result.json", &bytes, &length, &missing) < 0)
		return missing.exit_code == EXIT_CODE_IO ? error_set(error, EXIT_CODE_IO, "%s", missing.message) : 0;
	int status = result_read(bytes, length, &result, &wrong);
	memory_release(bytes);
	if (status < 0)
		return error_set(error, wrong.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE,
				 "%s/result.json: %.800s", store->folder.bytes, wrong.message);
	past->finished = !result_can_go_on(&result);
	past->code = result_exit_code(&result);
	read_looks(&result, past);
	/* It may have been killed between its result and the rest, or the rest could not be written. */
	if (past->finished && store_complete(store, &result, messages))
		past->code = exit_code_of_both(past->code, EXIT_CODE_IO);
	result_release(&result);
	return 0;
}

/* Whether the result has what the run was last asked for: it may have been killed after more rounds were asked for. */
static bool is_what_was_asked(const struct past *past, const struct run_options *options)
{
	const struct result_looks *looks = &past->looks;
	bool same = past->asked == options->rounds;
	if (!looks->planned_count)
		return same;
	same &= looks->planned_count == options->look_count + 1 && looks->stops == options->rounds_auto;
	for (uint32_t i = 0; same && i < options->look_count; i++)
		same = looks->planned[i] == options->looks[i];
	return same;
}

static void add_look(uint32_t look, uint32_t looks[2 * RESULT_LOOKS_MAX], uint32_t *count)
{
	uint32_t at = *count;
	for (uint32_t i = 0; i < *count; i++)
		if (looks[i] == look)
			return;
	for (; at && looks[at - 1] > look; at--)
		looks[at] = looks[at - 1];
	looks[at] = look;
	++*count;
}

/* What was looked at before more rounds were asked for is a look. */
static int ask_for(struct resumed *resumed, const struct past *past, uint32_t rounds, struct error *error)
{
	struct run_options *options = &resumed->run_file.options;
	uint32_t looks[2 * RESULT_LOOKS_MAX], count = 0;
	/* All shards of a matrix have the same rounds, whichever of them this one played. */
	uint32_t played = options->shards ? options->rounds : journal_rounds(&resumed->journal);
	if (rounds < played)
		return error_set(error, EXIT_CODE_USAGE, "--rounds '%u': this run has %u rounds; it takes %u or more",
				 rounds, played, played);
	for (uint32_t i = 0; i < options->look_count; i++)
		if (options->looks[i] < rounds && options->looks[i] <= played)
			add_look(options->looks[i], looks, &count);
	if (options->shards && played && played < rounds)
		add_look(played, looks, &count);
	for (uint32_t i = 0; i < past->looks.made_count; i++)
		if (past->looks.made[i] < rounds)
			add_look(past->looks.made[i], looks, &count);
	if (count >= RESULT_LOOKS_MAX)
		return error_set(error, EXIT_CODE_USAGE,
				 "--rounds '%u': rounds of this run were asked for %u times already; begin a new one",
				 rounds, count);
	options->rounds = rounds;
	options->rounds_auto = false;
	options->look_count = count;
	memcpy(options->looks, looks, count * sizeof looks[0]);
	options->budget_seconds = 0;
	struct text json = {0};
	int status = run_file_write(&resumed->run_file, &json, error);
	if (status == 0)
		status = store_file(&resumed->store, "run.json", &json, error);
	text_release(&json);
	return status;
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
	struct run_options again = resumed->run_file.options;
	again.progress = options->progress;
	again.calibration = options->calibration;
	again.folder = resumed->store.folder.bytes;
	again.resumed = resumed;
	if (cpus_use(&again, error) < 0)
		return error->exit_code;
	return run_matrix(&again, result, folder, messages, error);
}

static int prepare(struct resumed *resumed, const struct past *past, uint32_t rounds, struct text *messages,
		   struct error *error)
{
	if (go_there(&resumed->run_file, error) < 0 || run_file_check_here(&resumed->run_file, error) < 0 ||
	    read_journal(resumed, messages, error) < 0)
		return -1;
	return rounds ? ask_for(resumed, past, rounds, error) : 0;
}

/* Reads the request, unless there is nothing to do: *finished. */
static int open_request(struct resumed *resumed, const struct past *past, uint32_t rounds, bool *finished,
			struct error *error)
{
	struct error none = {0};
	if (!past->finished || (rounds && rounds != past->least))
		return read_request(resumed, error);
	/* A run that is finished does not need it. */
	*finished = read_request(resumed, &none) < 0 || is_what_was_asked(past, &resumed->run_file.options);
	return 0;
}

enum exit_code run_resume(const char *name, uint32_t rounds, const struct run_options *options, struct result *result,
			  struct text *folder, struct text *messages, bool *finished, struct error *error)
{
	assert(name);
	struct resumed resumed = {.store = STORE_CLOSED};
	struct past past;
	char *path = realpath(name, NULL);
	*finished = false;
	if (!path) {
		error_set(error, EXIT_CODE_USAGE, "%s: %s", name, strerror(errno));
		return error->exit_code;
	}
	int status = store_reopen(&resumed.store, path, error);
	if (status == 0)
		status = read_past(&resumed.store, &past, messages, error);
	if (status == 0)
		status = open_request(&resumed, &past, rounds, finished, error);
	if (status == 0 && !*finished)
		status = prepare(&resumed, &past, rounds, messages, error);
	enum exit_code code = status < 0  ? error->exit_code
			      : *finished ? past.code
					  : go_on(&resumed, options, result, folder, messages, error);
	journal_release(&resumed.journal);
	run_file_release(&resumed.run_file);
	store_close(&resumed.store);
	free(path);
	return code;
}
