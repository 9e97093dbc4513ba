/* SPDX-License-Identifier: MIT */
#include "run/aperture.h"

#include "base/memory.h"
#include "run/combination.h"
#include "run/probe.h"
#include "run/spawn.h"
#include "run/trial.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* One workload on one allocator while it is searched. */
struct search {
	const struct run_options *options;
	struct combination *combination;
	const char *spec;
	struct aperture *answer;
	int workload_bytes;
	struct error *error;
};

enum outcome { SUFFICES, FAILS, NO_ANSWER };

static double failures(const struct result_record *record)
{
	double sum = 0;
	for (size_t i = 0; i < record->phase_count; i++)
		sum += record->phases[i].figures.value[METRIC_FAILURES_TOTAL];
	return sum;
}

static enum outcome judge(struct search *search, const struct result_record *record)
{
	struct aperture *answer = search->answer;
	bool wrong = record->ok && record->owner != ERROR_OWNER_NONE; /* wrong answers, which the audit tells */
	if (record->ok && !wrong)
		return failures(record) > 0 ? FAILS : SUFFICES;
	answer->reason = memory_text(record->message ? record->message : "no reason was recorded");
	answer->owner = record->owner;
	answer->exit_code = record->owner != ERROR_OWNER_NONE ? error_owner_exit_code(record->owner) : record->exit_code;
	if (!answer->reason)
		error_set(search->error, EXIT_CODE_IO, "no memory for a search");
	return NO_ANSWER;
}

static void show_progress(const struct search *search, uint64_t pages)
{
	char size[TEXT_NUMBER_BYTES];
	if (search->options->progress == RUN_PROGRESS_LINE)
		fprintf(stderr, "\r\033[K%s  %s  %s", search->answer->workload, search->spec,
			text_bytes(size, (double)pages * (double)search->answer->page_bytes));
}

/* Plays the whole stream in a space of so many pages. */
static enum outcome try_pages(struct search *search, uint64_t pages)
{
	struct job *job = memory_zeroed(1, sizeof *job);
	struct result_record record = {0};
	enum outcome outcome = NO_ANSWER;
	if (!job) {
		error_set(search->error, EXIT_CODE_IO, "no memory for a job");
		return NO_ANSWER;
	}
	show_progress(search, pages);
	combination_fill_job(search->combination, search->spec, job);
	job->pass = RESULT_PASS_AUDIT;
	job->lock = search->options->lock;
	job->changes.space_end = search->combination->plan.workload.space.first + pages;
	job->workload_bytes = search->workload_bytes;
	search->answer->runs++;
	if (trial_play(search->options, search->combination, job, &record, search->error) == 0)
		outcome = judge(search, &record);
	result_record_release(&record);
	memory_release(job);
	return outcome;
}

/* Between a space that fails and one that suffices. */
static enum outcome bisect(struct search *search, uint64_t fails, uint64_t suffices)
{
	while (suffices - fails > 1) {
		uint64_t middle = fails + (suffices - fails) / 2;
		enum outcome outcome = try_pages(search, middle);
		if (outcome == NO_ANSWER)
			return NO_ANSWER;
		*(outcome == SUFFICES ? &suffices : &fails) = middle;
	}
	search->answer->pages = suffices;
	return SUFFICES;
}

/* The n-th distance from an answer: pages next to it, then shares of it. */
static uint64_t distance(uint64_t pages, unsigned n)
{
	static const unsigned shares[] = {256, 64, 16, 8};
	return n < 4 ? 2 + n : pages / shares[n - 4];
}
#define DISTANCES 8u
#define BETTER_MAX 8u /* answers that are given up for a smaller one */

/* Smaller spaces: one that suffices is a better answer, around which the search goes on. */
static enum outcome look_below(struct search *search, uint64_t least)
{
	unsigned better = 0;
	for (unsigned n = 0; n < DISTANCES;) {
		uint64_t pages = search->answer->pages, step = distance(pages, n++);
		if (step < 2 || pages - least < step)
			continue;
		enum outcome outcome = try_pages(search, pages - step);
		if (outcome == SUFFICES && better++ < BETTER_MAX) {
			outcome = bisect(search, least - 1, pages - step);
			n = 0;
		}
		if (outcome == NO_ANSWER)
			return NO_ANSWER;
	}
	return SUFFICES;
}

static enum outcome look_above(struct search *search)
{
	struct aperture *answer = search->answer;
	for (unsigned n = 0; n < DISTANCES; n++) {
		uint64_t step = n ? distance(answer->pages, n - 1) : 1;
		enum outcome outcome = step ? try_pages(search, answer->pages + step) : SUFFICES;
		if (outcome == NO_ANSWER)
			return NO_ANSWER;
		if (outcome == FAILS && answer->pages + step > answer->failing_above)
			answer->failing_above = answer->pages + step;
	}
	return SUFFICES;
}

/* What no allocator can do without; below it nothing is tried. */
static uint64_t least_pages(const struct search *search)
{
	const struct workload *workload = &search->combination->plan.workload;
	uint64_t least =
		op_stream_domains(search->combination->plan.stream) == 1 ? search->combination->stream.peak_live_pages : 1;
	for (size_t i = 0; i < workload->request_count; i++) {
		const struct workload_request *request = &workload->requests[i];
		uint64_t above = request->low - workload->space.first + request->size.min;
		least = above > least ? above : least;
	}
	return least ? least : 1;
}

static void find(struct search *search)
{
	struct aperture *answer = search->answer;
	uint64_t least = least_pages(search), most = WORKLOAD_PAGES_MAX - search->combination->plan.workload.space.first;
	uint64_t fails = least - 1, pages = answer->written_pages > least ? answer->written_pages : least;
	enum outcome outcome = try_pages(search, pages);
	for (unsigned growth = 2; outcome == FAILS && growth <= APERTURE_GROWTH_MAX && pages <= most / 2; growth *= 2) {
		fails = pages;
		pages *= 2;
		outcome = try_pages(search, pages);
	}
	if (outcome != SUFFICES || bisect(search, fails, pages) == NO_ANSWER || look_below(search, least) == NO_ANSWER ||
	    look_above(search) == NO_ANSWER)
		return;
	answer->found = true;
}

static int search_arm(struct combination *combination, const struct run_options *options, const char *spec,
		      struct aperture_list *list, struct error *error)
{
	const struct plan *plan = &combination->plan;
	struct text label = {0};
	if (memory_grow(&list->items, &list->capacity, list->count, sizeof list->items[0]) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for a search");
	struct aperture *answer = &list->items[list->count++];
	plan_label(plan, &combination->changes, &label);
	*answer = (struct aperture){
		.workload = label.bytes,
		.spec = memory_text(spec),
		.written_pages = plan->workload.space.end - plan->workload.space.first,
		.peak_live_pages = combination->stream.peak_live_pages,
		.page_bytes = plan->workload.space.page_bytes,
	};
	if (label.failed || !answer->spec)
		return error_set(error, EXIT_CODE_IO, "no memory for a search");
	struct search search = {
		.options = options, .combination = combination, .spec = spec, .answer = answer, .error = error};
	search.workload_bytes = spawn_memory_file("iovabench-workload", plan->bytes, plan->length, error);
	if (search.workload_bytes < 0)
		return -1;
	find(&search);
	close(search.workload_bytes);
	if (options->progress == RUN_PROGRESS_LINE)
		fputs("\r\033[K", stderr);
	return error->exit_code == EXIT_CODE_OK ? 0 : -1;
}

int aperture_find(const struct run_options *options, struct aperture_list *list, struct text *messages, struct error *error)
{
	assert(options->file_count && options->spec_count && !list->count);
	struct combination_list combinations = {0};
	int result = combination_list_open(&combinations, options, messages, error);
	if (error->exit_code != EXIT_CODE_IO && probe_specs(options, messages, error) < 0)
		result = -1;
	for (size_t i = 0; result == 0 && i < combinations.count; i++) {
		struct combination *combination = combinations.combinations[i];
		result = stream_file_create(&combination->stream, &combination->plan, error);
		for (size_t arm = 0; result == 0 && arm < options->spec_count; arm++)
			result = search_arm(combination, options, options->specs[arm], list, error);
		stream_file_close_words(&combination->stream);
	}
	combination_list_close(&combinations, options);
	return result;
}

void aperture_list_release(struct aperture_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		memory_release(list->items[i].workload);
		memory_release(list->items[i].spec);
		memory_release(list->items[i].reason);
	}
	memory_release(list->items);
	*list = (struct aperture_list){0};
}
