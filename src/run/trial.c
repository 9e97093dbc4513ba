/* SPDX-License-Identifier: MIT */
#include "run/trial.h"

#include "run/settings.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The first one that the arm is not made of. Null gives the same pages to everybody, which no audit could follow. */
static const char *const complete[] = {"rbtree", "segregated"};

struct trial {
	const struct run_options *options;
	struct combination *combination;
	const struct job *job;
	const struct spawn_watch *watch;
	struct error *error;
};

/* ---- the command that shows it ---- */

static void add_settings(struct text *text, const struct plan_changes *changes)
{
	for (const char *at = changes->settings; *at;) {
		size_t length = strcspn(at, "\n");
		struct text setting = {0};
		text_add_bytes(&setting, at, length);
		text_add(text, " --sweep");
		text_add_word(text, setting.failed ? "" : setting.bytes);
		text->failed |= setting.failed;
		text_release(&setting);
		at += length + (at[length] == '\n');
	}
}

static bool is_axis(const char *name, const struct plan_axis *axes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(axes[i].key, name) == 0)
			return true;
	return false;
}

static void add_command(struct text *text, const struct trial *trial, const char *spec)
{
	const struct run_options *options = trial->options, fallback = run_options_default();
	bool audit = trial->job->pass == RESULT_PASS_AUDIT, search = trial->job->changes.space_end > 0;
	text_add(text, search ? "iovabench aperture" : "iovabench run");
	text_add_word(text, trial->combination->plan.workload.file);
	text_add(text, " -a");
	text_add_word(text, spec);
	add_settings(text, &trial->combination->changes);
	struct plan_axis axes[PLAN_AXES_MAX];
	size_t axis_count = plan_axes(&trial->combination->changes, axes);
	for (size_t i = 0; i < axis_count; i++)
		if (!audit || strcmp(axes[i].key, RESULT_SETTING_RATE) != 0)
			text_add(text, " --%s %" PRIu64 "%s", axes[i].key, axes[i].value,
				 trial->combination->changes.poisson && !strcmp(axes[i].key, RESULT_SETTING_RATE)
					 ? ":poisson"
					 : "");
	if (audit && !search)
		text_add(text, " --rounds 0");
	if (!audit)
		text_add(text, " --audit off --rounds %u", trial->job->round + 1);
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		const char *name = run_settings[i].name;
		if (!strcmp(name, "rounds") || !strcmp(name, "budget") || !strcmp(name, "audit") ||
		    is_axis(name, axes, axis_count) || (audit && (!strcmp(name, "latency") || !strcmp(name, "rate"))))
			continue;
		bool told = !strcmp(name, "lock") && run_most_threads(options) > 1;
		run_setting_add(&run_settings[i], options, told ? NULL : &fallback, text);
	}
}

/* ---- verdicts ---- */

static int give(struct result_record *record, enum error_owner owner, struct text *message, struct error *error)
{
	record->owner = owner;
	/* Wrong answers stand in a record that is ok. */
	if (!record->ok)
		record->exit_code = error_owner_exit_code(owner);
	memory_release(record->message);
	record->message = message->bytes;
	return message->failed ? error_set(error, EXIT_CODE_IO, "no memory for a record") : 0;
}

/* witness NULL: nobody else was needed. */
static int convict_harness(const struct trial *trial, const char *witness, const struct result_record *seen,
			   struct result_record *record)
{
	struct text message = {0};
	text_add(&message, "%s", record->message ? record->message : "failed");
	if (witness)
		text_add(&message, "; so does %s (%s)", witness, seen->message ? seen->message : "failed");
	text_add(&message,
		 ". This is a fault of iovabench, not of the allocator: please report it, with what this shows: ");
	add_command(&message, trial, witness ? witness : trial->job->spec);
	return give(record, ERROR_OWNER_HARNESS, &message, trial->error);
}

static int convict_limit(const struct trial *trial, const char *witness, struct result_record *record)
{
	struct text message = {0};
	text_add(&message, "%s", record->message ? record->message : "failed");
	if (witness)
		text_add(&message, "; so does %s", witness);
	text_add(&message, ": the limit is too small for this workload, whatever plays it (--memory)");
	return give(record, ERROR_OWNER_MACHINE, &message, trial->error);
}

/* ---- witnesses ---- */

static bool failed(const struct result_record *record)
{
	return record->owner == ERROR_OWNER_ALLOCATOR || record->owner == ERROR_OWNER_HARNESS;
}

/* Whether an arm of the combination has played the same pass. */
static bool played_well(const struct trial *trial, const char *spec)
{
	for (size_t arm = 0; arm <= trial->options->spec_count; arm++) {
		const struct gather_arm *records = &trial->combination->arms[arm];
		for (size_t i = 0; i < records->count; i++)
			if (records->records[i].ok && records->records[i].owner == ERROR_OWNER_NONE &&
			    records->records[i].pass == trial->job->pass && strcmp(records->records[i].spec, spec) == 0)
				return true;
	}
	return false;
}

/* Plays the job with another spec. *convicted: the record is not the allocator's any more. */
static int call(const struct trial *trial, const char *spec, struct result_record *record, bool *convicted)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct result_record seen = {0};
	struct text line = {0};
	if (!job)
		return error_set(trial->error, EXIT_CODE_IO, "no memory for a job");
	memcpy(job, trial->job, sizeof *job);
	snprintf(job->spec, sizeof job->spec, "%s", spec);
	job->progress = 0;
	job->own_work = false;
	int result = spawn_worker(job, trial->watch, &seen, &line, trial->error);
	*convicted = result == 0 && failed(&seen);
	if (*convicted)
		result = seen.over_limit && record->over_limit ? convict_limit(trial, spec, record)
							       : convict_harness(trial, spec, &seen, record);
	result_record_release(&seen);
	text_release(&line);
	memory_release(job);
	return result;
}

static const char *complete_beside(const char *spec)
{
	return strstr(spec, complete[0]) ? complete[1] : complete[0];
}

int trial_hold(const struct run_options *options, struct combination *combination, const struct job *job,
	       const struct spawn_watch *watch, struct result_record *record, struct error *error)
{
	assert(job->magic == JOB_MAGIC);
	const struct trial trial = {options, combination, job, watch, error};
	bool timed = job->pass == RESULT_PASS_TIMED, convicted = false;
	if (record->owner == ERROR_OWNER_HARNESS ||
	    (record->owner == ERROR_OWNER_ALLOCATOR && strcmp(job->spec, TRIAL_NULL_SPEC) == 0))
		return record->over_limit ? convict_limit(&trial, NULL, record)
					  : convict_harness(&trial, NULL, NULL, record);
	/* Both of a pair have played on their own. */
	if (record->owner != ERROR_OWNER_ALLOCATOR || job->pass == RESULT_PASS_PAIRED)
		return 0;
	const char *const witnesses[] = {timed && combination->plan.threads == 1 ? TRIAL_NULL_SPEC : NULL,
					 complete_beside(job->spec)};
	for (size_t i = 0; i < sizeof witnesses / sizeof witnesses[0] && !convicted; i++) {
		bool *fit = &combination->fit[job->pass][i + (witnesses[i] == complete[1])];
		if (!witnesses[i] || *fit || played_well(&trial, witnesses[i]))
			continue;
		if (call(&trial, witnesses[i], record, &convicted) < 0)
			return -1;
		*fit = !convicted;
	}
	return 0;
}

int trial_play(const struct run_options *options, struct combination *combination, struct job *job,
	       struct result_record *record, struct error *error)
{
	const struct spawn_watch watch = {.stall_seconds = options->stall_seconds,
					  .memory_limit_bytes = combination_memory_limit(options)};
	struct text line = {0};
	int result = spawn_worker(job, &watch, record, &line, error);
	if (result == 0)
		result = trial_hold(options, combination, job, &watch, record, error);
	text_release(&line);
	return result;
}
