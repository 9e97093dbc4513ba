/* SPDX-License-Identifier: MIT */
#include "verify/hunt.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What the process that opens a spec tells. */
struct opening {
	const struct verify_options *options;
	struct verify_ground ground;
	enum iova_promise promise;
	struct error error;
};

static bool open_subject(const struct verify_options *options, struct verify_subject *subject, struct error *error)
{
	if (verify_subject_open(options->spec, subject, error) < 0)
		return false;
	if (options->promise != VERIFY_PROMISE_OWN)
		subject->promise = options->promise;
	return true;
}

static void open_body(void *context, struct verify_mail *mail)
{
	struct opening *opening = context;
	struct verify_subject subject;
	const char *reason;
	if (open_subject(opening->options, &subject, &opening->error)) {
		opening->promise = subject.promise;
		if (!verify_ground_find(&subject, &opening->ground, &reason))
			error_set(&opening->error, EXIT_CODE_NO_ARM, "%s", reason);
		verify_subject_close(&subject);
	}
	mail->done = true;
}

static int look_at(const struct verify_options *options, struct verify_report *report, struct error *error)
{
	struct opening *opening = verify_shared(sizeof *opening);
	struct verify_outcome outcome = {0};
	if (!opening)
		return error_set(error, EXIT_CODE_IO, "no memory for a process");
	opening->options = options;
	int result = verify_child(open_body, opening, &options->limits, &outcome, error);
	if (result == 0 && opening->error.exit_code != EXIT_CODE_OK)
		result = error_set(error, opening->error.exit_code, "%.1000s", opening->error.message);
	verify_outcome_tell_crash(&outcome);
	if (result == 0 && outcome.state != VERIFY_HELD)
		result = error_set(error, EXIT_CODE_VIOLATION, "allocator \"%.200s\" %s when it is opened", options->spec,
				   outcome.message);
	report->ground = opening->ground;
	report->promise = opening->promise;
	report->ground.seed = options->seed;
	verify_unshare(opening, sizeof *opening);
	return result;
}

struct playing {
	const struct verify_options *options;
	const struct verify_rule *rule;
	const struct verify_ground *ground;
	const struct verify_case *one; /* NULL: all of the rule's */
};

static void play_body(void *context, struct verify_mail *mail)
{
	const struct playing *playing = context;
	struct verify_subject subject;
	struct error error = {0};
	if (!open_subject(playing->options, &subject, &error)) {
		snprintf(mail->message, sizeof mail->message, "%.250s", error.message);
		mail->state = VERIFY_BROKEN;
		mail->done = true;
	} else if (playing->one) {
		verify_play_case(playing->rule, &subject, playing->ground, playing->one, mail);
	} else {
		verify_play(playing->rule, &subject, playing->ground, mail);
	}
	if (!error.exit_code)
		verify_subject_close(&subject);
}

int verify_once(const struct verify_options *options, const struct verify_rule *rule, const struct verify_ground *ground,
		const struct verify_case *one, struct verify_outcome *outcome, struct error *error)
{
	struct playing playing = {options, rule, ground, one};
	return verify_child(play_body, &playing, &options->limits, outcome, error);
}

static bool is_broken(const struct verify_outcome *outcome)
{
	return outcome->state != VERIFY_HELD && outcome->state != VERIFY_NOT_APPLICABLE;
}

/* Plays a rule on one seed, or on what a workload calls; what it adds to the row is the first thing that breaks it. */
static int play_rule(const struct verify_options *options, struct verify_report *report, struct verify_row *row,
		     const struct verify_ground *ground, struct error *error)
{
	double before = seconds_now();
	struct verify_outcome outcome;
	if (verify_once(options, row->rule, ground, NULL, &outcome, error) < 0)
		return -1;
	row->seconds += seconds_now() - before;
	report->calls += outcome.calls;
	report->refused += outcome.refused;
	if (is_broken(&row->outcome))
		return 0;
	verify_outcome_tell_crash(&outcome);
	row->outcome = outcome;
	row->seed = ground->seed;
	row->given = ground->given;
	return 0;
}

static int play_all(const struct verify_options *options, struct verify_report *report, const volatile bool *stop,
		    struct error *error)
{
	for (size_t i = 0; i < report->row_count && !*stop; i++) {
		struct verify_row *row = &report->rows[i];
		if (play_rule(options, report, row, &report->ground, error) < 0)
			return -1;
		for (size_t given = 0; given < options->given_count && row->rule->takes_given; given++) {
			struct verify_ground ground = report->ground;
			ground.given = &options->given[given];
			if (row->outcome.state == VERIFY_HELD && play_rule(options, report, row, &ground, error) < 0)
				return -1;
		}
	}
	return 0;
}

static bool any_is_broken(const struct verify_report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (is_broken(&report->rows[i].outcome))
			return true;
	return false;
}

/* Rules that random cases speak for, on new seeds: so many to a process that making it costs nothing. */
#define SEEDS_TOGETHER 16u

static void hunt_body(void *context, struct verify_mail *mail)
{
	struct playing *playing = context;
	struct verify_subject subject;
	struct error error = {0};
	struct verify_ground ground = *playing->ground;
	if (!open_subject(playing->options, &subject, &error))
		return;
	for (uint32_t i = 0; i < playing->rule->hunts && mail->state == VERIFY_HELD; i++, ground.seed++) {
		mail->done = false;
		mail->refused = i; /* which seed it is; no space is refused here */
		verify_play(playing->rule, &subject, &ground, mail);
	}
	verify_subject_close(&subject);
}

static bool hunts(const struct verify_report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->rows[i].rule->hunts && report->rows[i].outcome.state == VERIFY_HELD)
			return true;
	return false;
}

static int hunt(const struct verify_options *options, struct verify_report *report, const volatile bool *stop,
		struct error *error)
{
	double begin = seconds_now();
	struct verify_ground ground = report->ground;
	while (hunts(report) && !*stop && seconds_now() - begin < options->hunt_seconds && !any_is_broken(report)) {
		ground.seed += SEEDS_TOGETHER;
		report->seeds += SEEDS_TOGETHER;
		for (size_t i = 0; i < report->row_count && !*stop; i++) {
			struct verify_row *row = &report->rows[i];
			struct playing playing = {options, row->rule, &ground, NULL};
			struct verify_outcome outcome;
			if (!row->rule->hunts || row->outcome.state != VERIFY_HELD)
				continue;
			if (verify_child(hunt_body, &playing, &options->limits, &outcome, error) < 0)
				return -1;
			report->calls += outcome.calls;
			if (is_broken(&outcome)) {
				verify_outcome_tell_crash(&outcome);
				row->outcome = outcome;
				row->seed = ground.seed + outcome.refused;
				row->given = NULL;
				break;
			}
		}
	}
	report->hunt_seconds = seconds_now() - begin;
	return 0;
}

static int make_rows(const struct verify_rule *only, struct verify_report *report, struct error *error)
{
	report->rows = memory_zeroed(verify_rule_count, sizeof *report->rows);
	if (!report->rows)
		return error_set(error, EXIT_CODE_IO, "no memory for a report");
	for (size_t i = 0; i < verify_rule_count; i++)
		if (!only || only == &verify_rules[i])
			report->rows[report->row_count++] =
				(struct verify_row){.rule = &verify_rules[i], .outcome.state = VERIFY_NOT_APPLICABLE};
	return 0;
}

int verify_all(const struct verify_options *options, const struct verify_rule *only, struct verify_report *report,
	       const volatile bool *stop, struct error *error)
{
	double begin = seconds_now();
	*report = (struct verify_report){0};
	if (make_rows(only, report, error) < 0 || look_at(options, report, error) < 0 ||
	    play_all(options, report, stop, error) < 0)
		return -1;
	if (options->hunt_seconds > 0 && hunt(options, report, stop, error) < 0)
		return -1;
	report->seconds = seconds_now() - begin;
	for (size_t i = 0; i < report->row_count; i++) {
		const struct verify_outcome *outcome = &report->rows[i].outcome;
		report->held += outcome->state == VERIFY_HELD;
		report->not_applicable += outcome->state == VERIFY_NOT_APPLICABLE;
		report->broken += is_broken(outcome);
	}
	return 0;
}

void verify_report_release(struct verify_report *report)
{
	memory_release(report->rows);
	*report = (struct verify_report){0};
}
