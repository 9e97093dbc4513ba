/* SPDX-License-Identifier: MIT */
#include "run/stream_file.h"

#include "base/memory.h"
#include "play/op_source.h"
#include "run/machine.h"
#include "run/spawn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int append(int descriptor, const struct op *ops, size_t count, struct error *error)
{
	const char *at = (const char *)ops;
	size_t left = count * sizeof ops[0];
	while (left) {
		ssize_t written = write(descriptor, at, left);
		if (written <= 0)
			return error_set(error, EXIT_CODE_IO, "cannot keep the operation stream in memory: %s",
					 strerror(errno));
		at += written;
		left -= (size_t)written;
	}
	return 0;
}

/* What words may take of the memory that there is, or that a control group leaves: one part in so many. */
#define STREAM_MEMORY_SHARE 8

/* Keeps the words, until they are too many. */
static int keep(struct stream_file *file, uint64_t words, const struct op *piece, size_t count, struct error *error)
{
	if (file->descriptor >= 0 && words > file->kept_words_max) {
		close(file->descriptor);
		file->descriptor = -1;
	}
	return file->descriptor >= 0 ? append(file->descriptor, piece, count, error) : 0;
}

static int generate_shares(struct stream_file *file, const struct plan *plan, struct op *piece, struct error *error)
{
	file->portion_words = memory_zeroed(plan->threads, sizeof file->portion_words[0]);
	if (!file->portion_words)
		return error_set(error, EXIT_CODE_IO, "no memory for %u threads", plan->threads);
	for (uint32_t i = 0; i < plan->threads; i++) {
		size_t count, phase;
		op_stream_rewind(plan->portion_streams[i]);
		while ((count = op_stream_next(plan->portion_streams[i], piece, OP_SOURCE_PIECE_WORDS, &phase)) > 0) {
			file->portion_words[i][phase] += count;
			file->words_of_portions += count;
			if (keep(file, file->words_of_portions, piece, count, error) < 0)
				return -1;
		}
	}
	return 0;
}

static int generate(struct stream_file *file, const struct plan *plan, struct op *piece, struct error *error)
{
	size_t count, phase;
	if (plan->threads > 1 && generate_shares(file, plan, piece, error) < 0)
		return -1;
	op_stream_rewind(plan->stream);
	while ((count = op_stream_next(plan->stream, piece, OP_SOURCE_PIECE_WORDS, &phase)) > 0) {
		file->hash = op_stream_hash(file->hash, piece, count);
		file->phase_words[phase] += count;
		file->words += count;
		if (plan->threads == 1 && keep(file, file->words, piece, count, error) < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->workload.phase_count; i++) {
		struct op_phase_totals found = op_stream_totals(plan->stream, i);
		file->operations += found.allocations + found.frees + found.calls;
		if (found.live_pages_peak > file->peak_live_pages)
			file->peak_live_pages = found.live_pages_peak;
	}
	return 0;
}

int stream_file_create(struct stream_file *file, const struct plan *plan, struct error *error)
{
	assert(plan->stream);
	*file = (struct stream_file){.phase_count = (uint32_t)plan->workload.phase_count};
	uint64_t bytes = machine_memory_bytes("");
	file->kept_words_max = OP_SOURCE_SHARED_WORDS_MAX;
	if (bytes && bytes / STREAM_MEMORY_SHARE / sizeof(struct op) < file->kept_words_max)
		file->kept_words_max = bytes / STREAM_MEMORY_SHARE / sizeof(struct op);
	file->descriptor = spawn_memory_file("iovabench-stream", NULL, 0, error);
	struct op *piece = memory_zeroed(OP_SOURCE_PIECE_WORDS, sizeof piece[0]);
	int result = piece ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a piece of the operation stream");
	if (result == 0 && file->descriptor >= 0)
		result = generate(file, plan, piece, error);
	if (result == 0)
		result = plan_check_streams(plan, error);
	if (result == 0 && file->descriptor >= 0)
		result = spawn_seal(file->descriptor, error);
	memory_release(piece);
	if (result < 0 || error->exit_code != EXIT_CODE_OK) {
		stream_file_close(file);
		return -1;
	}
	return 0;
}

void stream_file_close_words(struct stream_file *file)
{
	if (file->descriptor >= 0)
		close(file->descriptor);
	file->descriptor = -1;
}

void stream_file_close(struct stream_file *file)
{
	stream_file_close_words(file);
	memory_release(file->portion_words);
	file->portion_words = NULL;
}
