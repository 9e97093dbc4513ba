/* SPDX-License-Identifier: MIT */
#include "cli/trace_fit.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/result_file.h"
#include "trace/fit.h"
#include "trace/recording_file.h"
#include "workload/workload_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What both are held against: within these a fit fits. */
#define UNUSABLE_POINTS 5.0
#define SPAN_SHARE 0.20
#define FAILURES_FACTOR 2.0

static int find_space(const struct recording *recording, const struct fit_options *options, struct workload *like,
		      struct error *error)
{
	uint32_t page_bytes = recording_page_bytes(recording);
	if (!options->like) {
		like->space = fit_space(recording);
		return 0;
	}
	struct text messages = {0};
	int result = workload_load(options->like, like, &messages);
	if (result)
		error_set(error, EXIT_CODE_USAGE, "trace fit: --like: %s", messages.bytes ? messages.bytes : "no memory");
	text_release(&messages);
	if (result == 0 && like->space.page_bytes != page_bytes)
		return error_set(error, EXIT_CODE_USAGE, "%s: its space has pages of %llu KiB, the recording has %u KiB",
				 options->like, (unsigned long long)(like->space.page_bytes / 1024), page_bytes / 1024);
	return result ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *walk)
{
	(void)state, (void)kind, (void)walk;
	return remove(path);
}

/* Plays a workload on the allocators, its audit alone. */
static int play(const char *workload, const char *folder, const struct fit_options *options, struct error *error)
{
	const char *arguments[12 + 2 * FIT_AGAINST_MAX] = {"iovabench", "run",     workload, "--rounds",
							   "0",         "--quiet", "-o",     folder};
	size_t count = 8;
	for (size_t i = 0; i < options->against_count; i++) {
		arguments[count++] = "-a";
		arguments[count++] = options->against[i];
	}
	posix_spawn_file_actions_t actions;
	pid_t child;
	int status = 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int failure = posix_spawn(&child, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure)
		return error_set(error, EXIT_CODE_IO, "trace fit: cannot start itself: %s", strerror(failure));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	/* What allocators cannot do is told by their figures. */
	if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_CODE_USAGE && access(folder, R_OK) == 0)
		return 0;
	return error_set(error, EXIT_CODE_USAGE, "trace fit: %s cannot be played; what is above says why", workload);
}

static double figure(const struct result *result, size_t arm, enum metric metric)
{
	return arm < result->arm_count ? result_arm_figures(&result->arms[arm])->value[metric] : (double)NAN;
}

/* Whether one is at most so many times the other; none of both is the same. */
static bool within_factor(double a, double b, double factor)
{
	return (a + b == 0) || (a > 0 && b > 0 && a <= factor * b && b <= factor * a);
}

/* Whether it fits. */
static bool add_arm(const struct result *fit, const struct result *replay, size_t arm, struct text *text)
{
	double unusable[2] = {100 * figure(fit, arm, METRIC_UNUSABLE_2MIB),
			      100 * figure(replay, arm, METRIC_UNUSABLE_2MIB)};
	double span[2] = {figure(fit, arm, METRIC_SPAN_PAGES), figure(replay, arm, METRIC_SPAN_PAGES)};
	double failures[2] = {figure(fit, arm, METRIC_FAILURES_TOTAL), figure(replay, arm, METRIC_FAILURES_TOTAL)};
	bool known = !isnan(unusable[0] + unusable[1] + span[0] + span[1] + failures[0] + failures[1]);
	text_add(text, "%-20s", replay->arms[arm].spec);
	if (!known) {
		text_add(text, " no figures of both\n");
		return true;
	}
	bool fits[3] = {fabs(unusable[0] - unusable[1]) <= UNUSABLE_POINTS, fabs(span[0] / span[1] - 1) <= SPAN_SHARE,
			within_factor(failures[0], failures[1], FAILURES_FACTOR)};
	text_add(text, " %7.2f %% %7.2f %%  %9.0f %9.0f  %8.0f %8.0f  ", unusable[0], unusable[1], span[0], span[1],
		 failures[0], failures[1]);
	bool all = fits[0] && fits[1] && fits[2];
	if (all)
		text_add(text, "fits\n");
	else
		text_add(text, "does not fit:%s%s%s\n", fits[0] ? "" : " unusable", fits[1] ? "" : " span",
			 fits[2] ? "" : " failures");
	return all;
}

/* The table of both on each allocator. */
static int compare(const char *fit_folder, const char *replay_folder, uint32_t domains, struct error *error)
{
	struct result fit = {0}, replay = {0};
	struct text text = {0};
	int result = cli_result_load(fit_folder, &fit, error);
	if (result == 0)
		result = cli_result_load(replay_folder, &replay, error);
	if (result == 0) {
		text_add(&text, "%-20s %9s %9s  %9s %9s  %8s %8s\n%-20s %9s %9s  %9s %9s  %8s %8s\n", "", "unusable",
			 "2 MiB", "span", "pages", "failures", "", "allocator", "fit", "replay", "fit", "replay", "fit",
			 "replay");
		bool fits = true;
		for (size_t i = 0; i < replay.arm_count; i++)
			fits &= add_arm(&fit, &replay, i, &text);
		text_add(&text,
			 "fits: unusable within %.0f points, span within %.0f %%, failures within a factor of %.0f\n",
			 UNUSABLE_POINTS, 100 * SPAN_SHARE, FAILURES_FACTOR);
		if (!fits && domains > 1)
			text_add(
				&text,
				"the replay's span is the sum of the spans of %u domains, each with addresses of its own, and "
				"the fit has all in one: fit the domains apart, each from what 'trace cut --domain N' keeps\n",
				domains);
	}
	if (result == 0 && (text.failed || fwrite(text.bytes, 1, text.length, stdout) != text.length))
		result = error_set(error, EXIT_CODE_IO, "trace fit: cannot write the output");
	text_release(&text);
	result_release(&fit);
	result_release(&replay);
	return result;
}

/* Writes both workloads and the recording into a folder of its own, plays them, and compares. */
static int prove(const struct recording *recording, const struct workload_space *space, const struct text *yaml,
		 const struct fit_options *options, struct error *error)
{
	const char *temporary = getenv("TMPDIR");
	char folder[200], path[5][256];
	static const char *const names[] = {"replay.iovatrace", "replay.yaml", "fit.yaml", "replay", "fit"};
	snprintf(folder, sizeof folder, "%.150s/iovabench-fit.XXXXXX", temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(folder))
		return error_set(error, EXIT_CODE_IO, "%s: cannot make this folder: %s", folder, strerror(errno));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		snprintf(path[i], sizeof path[i], "%s/%s", folder, names[i]);
	struct text replay = {0};
	fit_add_replay(recording, space, options->source, names[0], &replay);
	int result = replay.failed ? error_set(error, EXIT_CODE_IO, "trace fit: no memory")
				   : recording_write(path[0], "fit", recording, error);
	if (result == 0)
		result = file_write_whole(path[1], replay.bytes, replay.length, error);
	if (result == 0)
		result = file_write_whole(path[2], yaml->bytes, yaml->length, error);
	if (result == 0)
		result = play(path[1], path[3], options, error);
	if (result == 0)
		result = play(path[2], path[4], options, error);
	if (result == 0)
		result = compare(path[4], path[3], recording->domain_count, error);
	text_release(&replay);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return result;
}

/* What is written is a right workload. */
static int check(const struct text *yaml, const char *output, struct error *error)
{
	struct workload workload = {0};
	struct text messages = {0};
	int result = workload_parse(output, yaml->bytes, yaml->length, &workload, &messages);
	if (result)
		error_set(error, EXIT_CODE_USAGE, "trace fit: the recording does not fit into this space: %s",
			  messages.bytes ? messages.bytes : "no memory");
	text_release(&messages);
	workload_release(&workload);
	return result ? -1 : 0;
}

int trace_fit(const struct recording *recording, const struct fit_options *options, struct error *error)
{
	struct workload like = {0};
	struct text yaml = {0}, told = {0};
	struct fit_distance distance;
	int result = find_space(recording, options, &like, error);
	if (result == 0)
		result = recording_fit(recording, &like.space, options->source, &yaml, &distance, error);
	if (result == 0)
		result = check(&yaml, options->output, error);
	if (result == 0)
		result = file_write_whole(options->output, yaml.bytes, yaml.length, error);
	if (result == 0) {
		fit_distance_add(&distance, &told);
		if (told.failed || fwrite(told.bytes, 1, told.length, stdout) != told.length || fflush(stdout))
			result = error_set(error, EXIT_CODE_IO, "trace fit: cannot write the output");
	}
	if (result == 0 && options->against_count)
		result = prove(recording, &like.space, &yaml, options, error);
	if (options->like)
		workload_release(&like);
	text_release(&told);
	text_release(&yaml);
	return result;
}
