/* SPDX-License-Identifier: MIT
 * Between the table of rules and the files that say how cases are judged and made. */
#ifndef VERIFY_JUDGES_H
#define VERIFY_JUDGES_H

#include "verify/verify.h"

/* How cases are judged. */
const char *judge_table(struct verify_look *look);
const char *judge_overlap(struct verify_look *look);
const char *judge_constraints(struct verify_look *look);
const char *judge_direction(struct verify_look *look);
const char *judge_longest(struct verify_look *look);
const char *judge_undrained(struct verify_look *look);
const char *judge_leaving(struct verify_look *look);
const char *judge_found(struct verify_look *look);
const char *judge_visit(struct verify_look *look);
const char *judge_statistics(struct verify_look *look);
const char *judge_invariant(struct verify_look *look);
const char *judge_state(struct verify_look *look);
const char *judge_late_place(struct verify_look *look);
const char *judge_as_new(struct verify_look *look);
const char *judge_failure(struct verify_look *look);
const char *judge_twins(struct verify_look *look);
const char *judge_repeats(struct verify_look *look);
const char *judge_instances(struct verify_look *look);
const char *judge_drain(struct verify_look *look);
const char *judge_space(struct verify_look *look);
const char *judge_no_memory(struct verify_look *look);
const char *judge_no_leak(struct verify_look *look);
const char *judge_threads(struct verify_look *look);

/* How cases are made. */
void make_nothing(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_plain(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_aligned(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_limited(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_bounded(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_constrained(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_directed(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_longest(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_undrained(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_leaving(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_found(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_short(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_left(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_holes(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_placed(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_late_place(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_failing(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_space(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_no_memory(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
void make_threads(struct verify_case *made, uint64_t part, const struct verify_ground *ground);

#define MAKE_SPACES 12u
/* Memory fails in create, in calls, in calls on a large space, in place: at the first request, the second, … */
#define MAKE_MEMORY_PASSES 200u
#define MAKE_MEMORY_KINDS 4u
#define MAKE_THREADS 4u

#endif
