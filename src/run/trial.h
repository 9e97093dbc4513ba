/* SPDX-License-Identifier: MIT
 * Before an arm is blamed, its job is played by allocators that are trusted: what fails of them, too, is no fault of the
 * arm. */
#ifndef RUN_TRIAL_H
#define RUN_TRIAL_H

#include "base/error.h"
#include "result/result.h"
#include "run/combination.h"
#include "run/spawn.h"

/* What the harness alone is played with. */
#define TRIAL_NULL_SPEC "null"

/* A record that puts the blame on the allocator is held against null (timed passes) and a complete allocator, at the same job
 * with the same limits: when one of them fails likewise, the record is the harness's, or the machine's when it was the memory
 * limit. What belongs to the harness, and null itself does, says "please report" and the command that shows it. Other records
 * are left alone. Plays at most two processes; none when an arm of the combination, or a trial before, has shown that the
 * harness can play that pass. job: as it was played. Returns 0, or -1: no memory, no process. */
int trial_hold(const struct run_options *options, struct combination *combination, const struct job *job,
	       const struct spawn_watch *watch, struct result_record *record, struct error *error);

/* Plays a job of the combination in a worker with the run's limits, and holds its record. Returns as trial_hold. */
int trial_play(const struct run_options *options, struct combination *combination, struct job *job,
	       struct result_record *record, struct error *error);

#endif
