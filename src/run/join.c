/* SPDX-License-Identifier: MIT */
#include "run/join.h"

#include "base/file.h"
#include "base/memory.h"
#include "run/build.h"
#include "run/settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two calibrations of one counter, ten milliseconds each, do not differ by more. */
#define CLOCK_SHARE_MAX 1e-3
#define MISSING_TOLD 10u

static int read_of(const char *folder, const char *name, char **bytes, size_t *length, struct error *error)
{
	struct text path = {0};
	text_add(&path, "%s/%s", folder, name);
	int status = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path")
				 : file_read(path.bytes, file_most_in_memory(), bytes, length, error);
	text_release(&path);
	return status;
}

static int read_request(const char *folder, struct run_file *run_file, struct error *error)
{
	char *bytes;
	size_t length;
	struct error wrong = {0};
	if (read_of(folder, "run.json", &bytes, &length, error) < 0)
		return -1;
	int status = run_file_read(bytes, length, run_file, &wrong);
	memory_release(bytes);
	return status < 0 ? error_set(error, wrong.exit_code, "%s/%.900s", folder, wrong.message) : 0;
}

int join_is_shard(const char *folder, struct error *error)
{
	struct text path = {0};
	struct run_file run_file;
	text_add(&path, "%s/run.json", folder);
	bool there = !path.failed && access(path.bytes, F_OK) == 0;
	text_release(&path);
	if (!there)
		return 0;
	if (read_request(folder, &run_file, error) < 0)
		return -1;
	bool shard = run_file.options.shards > 0;
	run_file_release(&run_file);
	return shard;
}

/* ---- one part ---- */

static void release_part(struct joined_part *part)
{
	run_file_release(&part->run_file);
	memory_release(part->streams);
	memory_release(part->command);
	result_release(&part->machine);
}

/* What its document says of machine and streams. Its arms are made again, of the journal. */
static int keep_document(struct joined_part *part, struct result *result, struct error *error)
{
	part->streams = memory_zeroed(result->workload_count + 1, sizeof part->streams[0]);
	if (!part->streams)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	part->stream_count = result->workload_count;
	for (size_t i = 0; i < result->workload_count; i++)
		part->streams[i] = (struct joined_stream){result->workloads[i].stream_hash, result->workloads[i].ops};
	part->machine.machine = result->machine;
	part->machine.build = result->build;
	part->machine.nodes = result->nodes;
	part->machine.node_count = result->node_count;
	memset(&result->machine, 0, sizeof result->machine);
	memset(&result->build, 0, sizeof result->build);
	result->nodes = NULL;
	result->node_count = 0;
	return 0;
}

static int read_document(struct joined_part *part, struct error *error)
{
	char *bytes;
	size_t length;
	struct error wrong = {0};
	struct result result;
	const struct run_options *options = &part->run_file.options;
	if (read_of(part->folder, "result.json", &bytes, &length, &wrong) < 0)
		return error_set(error, wrong.exit_code,
				 "%s: shard %u/%u has not finished: iovabench resume %s goes on with it", part->folder,
				 options->shard, options->shards, part->folder);
	int status = result_read_head(bytes, length, &result, &wrong);
	memory_release(bytes);
	if (status < 0)
		return error_set(error, wrong.exit_code, "%s/result.json: %.800s", part->folder, wrong.message);
	if (result_can_go_on(&result))
		status = error_set(
			error, EXIT_CODE_USAGE,
			"%s: shard %u/%u was interrupted, or its machine failed: iovabench resume %s goes on with it",
			part->folder, options->shard, options->shards, part->folder);
	if (status == 0)
		status = keep_document(part, &result, error);
	result_release(&result);
	return status;
}

static int read_journal(const struct joined_part *part, struct journal *into, struct error *error)
{
	char *bytes;
	size_t length;
	struct journal journal;
	struct error wrong = {0};
	if (read_of(part->folder, "rounds.jsonl", &bytes, &length, error) < 0)
		return -1;
	int status = journal_read(&journal, bytes, length, &wrong);
	memory_release(bytes);
	if (status == 0)
		status = journal_join(into, &journal, &wrong);
	return status < 0 ? error_set(error, wrong.exit_code, "%s/%.900s", part->folder, wrong.message) : 0;
}

/* ---- whether they are of one matrix ---- */

static int differ(const struct joined_part *a, const struct joined_part *b, const char *what, struct error *error)
{
	return error_set(error, EXIT_CODE_USAGE, "%s and %s are no shards of one matrix: %s", a->folder, b->folder, what);
}

static int check_settings(const struct joined_part *a, const struct joined_part *b, struct error *error)
{
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		struct text left = {0}, right = {0}, what = {0};
		if (run_settings[i].effect == OPTION_SHOWS || run_settings[i].apart)
			continue;
		option_write(&run_settings[i], &a->run_file.options, &left);
		option_write(&run_settings[i], &b->run_file.options, &right);
		const char *one = left.length ? left.bytes : "not given", *other = right.length ? right.bytes : "not given";
		bool same = strcmp(one, other) == 0, failed = left.failed || right.failed;
		text_add(&what, "--%s is %.300s and %.300s", run_settings[i].name, one, other);
		if (!same && !failed && !what.failed)
			differ(a, b, what.bytes, error);
		text_release(&left);
		text_release(&right);
		text_release(&what);
		if (failed || !same)
			return *error->message ? -1 : error_set(error, EXIT_CODE_IO, "no memory for a setting");
	}
	return 0;
}

static bool same_texts(const char *const *a, const char *const *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool same_sweeps(const struct run_options *a, const struct run_options *b)
{
	bool same = a->sweep_count == b->sweep_count;
	for (size_t i = 0; same && i < a->sweep_count; i++) {
		const struct workload_sweep *left = &a->sweeps[i], *right = &b->sweeps[i];
		same = strcmp(left->key, right->key) == 0 && left->value_count == right->value_count;
		for (size_t j = 0; same && j < left->value_count; j++)
			same = strcmp(left->values[j].text, right->values[j].text) == 0;
	}
	return same;
}

/* Paths may differ: each machine has its own clone. */
static int check_inputs(const struct joined_part *a, const struct joined_part *b, struct error *error)
{
	const struct inputs *left = &a->run_file.inputs, *right = &b->run_file.inputs;
	struct text what = {0};
	if (left->count != right->count)
		return differ(a, b, "they read different files", error);
	for (size_t i = 0; i < left->count; i++) {
		if (left->list[i].hash == right->list[i].hash)
			continue;
		text_add(&what, "%s was not the same file, so that they played different streams", right->list[i].path);
		if (what.failed)
			error_set(error, EXIT_CODE_IO, "no memory for a message");
		else
			differ(a, b, what.bytes, error);
		text_release(&what);
		return -1;
	}
	return 0;
}

static bool same_looks(const struct run_options *a, const struct run_options *b)
{
	return a->look_count == b->look_count && memcmp(a->looks, b->looks, a->look_count * sizeof a->looks[0]) == 0;
}

static int check_same(const struct joined_part *a, const struct joined_part *b, struct error *error)
{
	const struct run_options *left = &a->run_file.options, *right = &b->run_file.options;
	if (left->shards != right->shards)
		return differ(a, b, "the numbers of shards are different", error);
	if (a->run_file.build_hash != b->run_file.build_hash)
		return differ(a, b, "they were run by different builds of iovabench", error);
	if (left->spec_count != right->spec_count || !same_texts(left->specs, right->specs, left->spec_count))
		return differ(a, b, "their allocators are different", error);
	if (left->file_count != right->file_count)
		return differ(a, b, "their workloads are different", error);
	if (!same_sweeps(left, right))
		return differ(a, b, "their sweeps are different", error);
	if (check_settings(a, b, error) < 0)
		return -1;
	if (!same_looks(left, right))
		return differ(a, b, "rounds were added to one of them in other steps", error);
	return check_inputs(a, b, error);
}

static int compare_shards(const void *a, const void *b)
{
	const struct joined_part *left = a, *right = b;
	uint32_t one = left->run_file.options.shard, other = right->run_file.options.shard;
	return one != other ? (one > other) - (one < other) : strcmp(left->folder, right->folder);
}

/* parts are in order. */
static int check_all_there(const struct joined_part *parts, size_t count, struct error *error)
{
	uint32_t shards = parts[0].run_file.options.shards, told = 0, missing = 0;
	struct text names = {0};
	for (size_t i = 1; i < count; i++)
		if (parts[i].run_file.options.shard == parts[i - 1].run_file.options.shard)
			return error_set(error, EXIT_CODE_USAGE, "%s and %s are both shard %u/%u: merge takes each once",
					 parts[i - 1].folder, parts[i].folder, parts[i].run_file.options.shard, shards);
	for (uint32_t shard = 1, at = 0; shard <= shards; shard++) {
		if (at < count && parts[at].run_file.options.shard == shard) {
			at++;
			continue;
		}
		missing++;
		if (told < MISSING_TOLD)
			text_add(&names, "%s%u/%u", told++ ? ", " : "", shard, shards);
	}
	if (missing)
		error_set(error, EXIT_CODE_USAGE, "shard%s %s%s missing: the same command with --shard plays one",
			  missing > 1 ? "s" : "", names.bytes ? names.bytes : "",
			  missing > told ? " and others are"
			  : missing > 1  ? " are"
					 : " is");
	text_release(&names);
	return missing ? -1 : 0;
}

static int check_build(const struct joined_part *part, struct error *error)
{
	uint64_t build;
	if (build_hash(&build, error) < 0)
		return -1;
	return build == part->run_file.build_hash
		       ? 0
		       : error_set(error, EXIT_CODE_USAGE,
				   "%s was run by another build of iovabench: merge its shards with that one",
				   part->folder);
}

/* ---- what one machine played ---- */

static bool same_machine(const struct joined_part *a, const struct joined_part *b)
{
	return a->run_file.node == b->run_file.node && strcmp(a->run_file.cpu, b->run_file.cpu) == 0;
}

static int check_clock(const struct joined_part *a, const struct joined_part *b, struct error *error)
{
	const struct clock *left = &a->run_file.clock, *right = &b->run_file.clock;
	if (left->counter == right->counter && fabs(left->ns_per_tick / right->ns_per_tick - 1) <= CLOCK_SHARE_MAX)
		return 0;
	return error_set(
		error, EXIT_CODE_USAGE,
		"%s and %s: the clock of their machine changed between them (%s%.6g and %s%.6g ns a tick): play one "
		"of them again",
		a->folder, b->folder, left->counter ? "counter, " : "system clock, ", left->ns_per_tick,
		right->counter ? "counter, " : "system clock, ", right->ns_per_tick);
}

static int add_warnings(struct result *to, const struct result *from)
{
	struct text all = {0};
	if (!from->machine.warnings || strstr(to->machine.warnings, from->machine.warnings))
		return 0;
	text_add(&all, "%s", to->machine.warnings);
	for (const char *line = from->machine.warnings; *line;) {
		int length = (int)strcspn(line, "\n");
		struct text one = {0};
		text_add(&one, "%.*s", length, line);
		if (!one.failed && !strstr(all.bytes, one.bytes))
			text_add(&all, "%s%s", all.length ? "\n" : "", one.bytes);
		all.failed |= one.failed;
		text_release(&one);
		line += length + (line[length] == '\n');
	}
	if (all.failed) {
		text_release(&all);
		return -1;
	}
	memory_release(to->machine.warnings);
	to->machine.warnings = all.bytes;
	return 0;
}

/* Of the shards that share the machine of parts[first]. */
static int gather_parts(struct joined *joined, struct joined_part *parts, size_t first, size_t count, struct error *error)
{
	struct result *machine = &parts[first].machine;
	joined->first = &parts[first].run_file;
	joined->machine = machine;
	for (size_t i = first; i < count; i++) {
		if (!same_machine(&parts[first], &parts[i]))
			continue;
		if (check_clock(&parts[first], &parts[i], error) < 0)
			return -1;
		joined->parts[i] = &parts[i];
		machine->machine.after = parts[i].machine.machine.after;
		if (add_warnings(machine, &parts[i].machine) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
	}
	return 0;
}

static int join_machine(struct joined_part *parts, size_t first, size_t count, struct result *into, struct text *messages,
			struct error *error)
{
	struct joined joined = {.parts = memory_zeroed(count, sizeof joined.parts[0])};
	struct run_options options = parts[0].run_file.options;
	options.command = parts[first].command;
	int status = joined.parts ? 0 : error_set(error, EXIT_CODE_IO, "no memory for shards");
	if (status == 0)
		status = gather_parts(&joined, parts, first, count, error);
	if (status == 0)
		status = matrix_join(&options, &joined, into, messages, error);
	if (status == 0) {
		size_t left = journal_left(&joined.journal);
		if (left)
			text_add(messages, "%zu process%s behind a failure that another shard saw %s left out\n", left,
				 left == 1 ? "" : "es", left == 1 ? "is" : "are");
	}
	journal_release(&joined.journal);
	memory_release(joined.parts);
	return status;
}

static bool is_first_of_machine(const struct joined_part *parts, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_machine(&parts[i], &parts[at]))
			return false;
	return true;
}

/* A shard of a machine that others shared is not to be told by documents alone, so each machine is joined first. */
static int join_machines(struct joined_part *parts, size_t count, const char *command, struct result *into,
			 struct text *told, struct text *messages, struct error *error)
{
	struct result *results = memory_zeroed(count, sizeof results[0]);
	size_t machines = 0;
	int status = results ? 0 : error_set(error, EXIT_CODE_IO, "no memory for results");
	for (size_t i = 0; i < count && status == 0; i++)
		if (is_first_of_machine(parts, i)) {
			status = join_machine(parts, i, count, &results[machines], messages, error);
			machines++;
		}
	if (status == 0 && machines == 1) {
		*into = results[0];
		machines = 0;
	} else if (status == 0) {
		status = result_merge(into, results, machines, command, told, error);
	}
	for (size_t i = 0; results && i < machines; i++)
		result_release(&results[i]);
	memory_release(results);
	return status;
}

/* Files are named from where the shards were begun; where that is not, from here. */
static int go_there(const struct run_file *run_file, struct error *error)
{
	struct error none = {0};
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (here < 0)
		return error_set(error, EXIT_CODE_IO, "cannot open the current folder: %s", strerror(errno));
	if (chdir(run_file->directory) == 0 && inputs_check(&run_file->inputs, &none) == 0)
		return here;
	if (fchdir(here) == 0 && inputs_check(&run_file->inputs, error) == 0)
		return here;
	close(here);
	return -1;
}

static int join_there(struct joined_part *parts, size_t count, const char *command, struct result *into, struct text *told,
		      struct text *messages, struct error *error)
{
	int here = go_there(&parts[0].run_file, error);
	if (here < 0)
		return -1;
	int status = join_machines(parts, count, command, into, told, messages, error);
	if (fchdir(here) < 0 && status == 0)
		status = error_set(error, EXIT_CODE_IO, "cannot go back: %s", strerror(errno));
	close(here);
	return status;
}

/* Folders are named from here, files of the run from elsewhere. Of each only its number is kept yet. */
static int find_part(struct joined_part *part, const char *folder, struct error *error)
{
	struct error wrong = {0};
	part->named = folder;
	part->folder = realpath(folder, NULL);
	if (!part->folder)
		return error_set(error, EXIT_CODE_USAGE, "%s: %s", folder, strerror(errno));
	if (read_request(part->folder, &part->run_file, &wrong) < 0)
		return error_set(error, wrong.exit_code, "%s", wrong.message);
	part->command = memory_text(part->run_file.options.command);
	run_file_forget_request(&part->run_file);
	return part->command ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a command");
}

/* What all parts were asked for is kept once, of the first. */
static int check_part(struct joined_part *first, struct joined_part *part, struct error *error)
{
	run_file_release(&part->run_file);
	if (read_request(part->folder, &part->run_file, error) < 0)
		return -1;
	if (part == first)
		return 0;
	int status = check_same(first, part, error);
	run_file_forget_request(&part->run_file);
	return status;
}

static int read_parts(struct joined_part *parts, const char **folders, size_t count, struct error *error)
{
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++)
		status = find_part(&parts[i], folders[i], error);
	if (status == 0)
		qsort(parts, count, sizeof parts[0], compare_shards);
	for (size_t i = 0; i < count && status == 0; i++)
		status = check_part(&parts[0], &parts[i], error);
	if (status == 0)
		status = check_all_there(parts, count, error);
	if (status == 0)
		status = check_build(&parts[0], error);
	for (size_t i = 0; i < count; i++)
		folders[i] = parts[i].named ? parts[i].named : folders[i];
	for (size_t i = 0; i < count && status == 0; i++)
		status = read_document(&parts[i], error);
	return status;
}

int join_shards(const char **folders, size_t count, const char *command, struct result *into, struct text *told,
		struct text *messages, struct error *error)
{
	assert(count && command);
	struct joined_part *parts = memory_zeroed(count, sizeof parts[0]);
	int status =
		parts ? read_parts(parts, folders, count, error) : error_set(error, EXIT_CODE_IO, "no memory for shards");
	if (status == 0)
		status = join_there(parts, count, command, into, told, messages, error);
	if (status == 0) {
		memory_release(into->run.command);
		into->run.command = memory_text(command);
		status = into->run.command ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a result");
	}
	for (size_t i = 0; parts && i < count; i++) {
		free((void *)(uintptr_t)parts[i].folder);
		release_part(&parts[i]);
	}
	memory_release(parts);
	return status;
}

/* ---- streams ---- */

static int know(struct combination *combination, const struct joined_part *part, const struct joined_stream *stream,
		struct error *error)
{
	struct stream_file *known = &combination->stream;
	if (known->hash && stream->hash && known->hash != stream->hash)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s played another stream of %s than other shards did: merge takes shards of one matrix",
				 part->folder, combination->plan.workload.name);
	if (!stream->hash)
		return 0;
	known->hash = stream->hash;
	known->operations = stream->operations;
	known->phase_count = (uint32_t)combination->plan.workload.phase_count;
	return 0;
}

/* How much of a shard's streams was told, and the combination that its last one is of, from 1. */
struct told {
	size_t streams, combination;
};

static int tell_streams(struct matrix *matrix, size_t index, struct told *told, struct error *error)
{
	const struct shard_plan *plan = &matrix->shards;
	for (size_t unit = plan->first_unit[index]; unit < plan->first_unit[index + 1]; unit++) {
		uint32_t shard = plan->units[unit].shard - 1;
		const struct joined_part *part = matrix->joined->parts[shard];
		if (!part || told[shard].combination == index + 1)
			continue;
		told[shard].combination = index + 1;
		if (told[shard].streams++ < part->stream_count &&
		    know(matrix->list.combinations[index], part, &part->streams[told[shard].streams - 1], error) < 0)
			return -1;
	}
	return 0;
}

int join_streams(struct matrix *matrix, struct error *error)
{
	uint32_t shards = matrix->options->shards;
	struct told *told = memory_zeroed(shards, sizeof told[0]);
	int status = told ? 0 : error_set(error, EXIT_CODE_IO, "no memory for shards");
	for (size_t i = 0; i < matrix->list.count && status == 0; i++)
		status = tell_streams(matrix, i, told, error);
	for (uint32_t shard = 0; shard < shards && status == 0; shard++) {
		const struct joined_part *part = matrix->joined->parts[shard];
		if (part && told[shard].streams != part->stream_count)
			status = error_set(error, EXIT_CODE_USAGE, "%s: its result.json is that of another plan",
					   part->folder);
	}
	memory_release(told);
	return status;
}

int join_journals(struct matrix *matrix, size_t number, struct error *error)
{
	const struct shard_plan *plan = &matrix->shards;
	struct joined *joined = matrix->joined;
	int status = 0;
	for (size_t unit = plan->first_unit[number]; unit < plan->first_unit[number + 1] && status == 0; unit++) {
		struct joined_part *part = joined->parts[plan->units[unit].shard - 1];
		if (!part || part->told)
			continue;
		status = read_journal(part, &joined->journal, error);
		part->told = true;
	}
	return status;
}
