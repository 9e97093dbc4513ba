/* SPDX-License-Identifier: MIT */
#include "run/tape_file.h"

#include "base/memory.h"
#include "play/recorder.h"
#include "run/machine.h"
#include "run/spawn.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a tape may take of the memory that there is: one part in so many; and where nobody tells how much there is. */
#define TAPE_MEMORY_SHARE 8
#define TAPE_BYTES_MAX (UINT64_C(1) << 30)

uint64_t tape_file_bytes_most(void)
{
	uint64_t share = machine_memory_bytes("") / TAPE_MEMORY_SHARE;
	return share && share < TAPE_BYTES_MAX ? share : TAPE_BYTES_MAX;
}

/* Returns 1 when all is on the tape, 0 when it is too much for the memory. */
static int record(struct recorder *recorder, struct op_source *source, double *ns_per_op, uint64_t bytes_most)
{
	struct error lack = {0};
	for (;;) {
		struct op_piece piece = op_source_next(source);
		if (recorder->phase != SIZE_MAX && (!piece.count || piece.phase != recorder->phase))
			ns_per_op[recorder->phase] = recorder_ns_per_op(recorder);
		if (!piece.count)
			return 1;
		if (recorder_play(recorder, piece, NULL, 0, &lack) < 0 || tape_image_bytes(&recorder->tape) > bytes_most)
			return 0;
	}
}

static int append(void *context, const void *part, size_t length)
{
	const char *at = part;
	while (length) {
		ssize_t written = write(*(const int *)context, at, length);
		if (written <= 0)
			return -1;
		at += written;
		length -= (size_t)written;
	}
	return 0;
}

static int keep(struct tape_file *file, const struct tape *tape, struct error *error)
{
	file->descriptor = spawn_memory_file("iovabench-tape", NULL, 0, error);
	if (file->descriptor < 0)
		return -1;
	if (tape_image_write(tape, append, &file->descriptor) < 0)
		error_set(error, EXIT_CODE_IO, "cannot keep a tape in memory: %s", strerror(errno));
	else if (spawn_seal(file->descriptor, error) == 0)
		return 0;
	tape_file_close(file);
	return -1;
}

static int create(struct tape_file *file, struct plan *plan, const struct stream_file *stream, const struct op *words,
		  const struct clock *clock, uint64_t bytes_most, struct error *error)
{
	struct recorder recorder;
	struct op_source source;
	int result = recorder_open(&recorder, &plan->played, plan->stream, clock, NULL, 0, error);
	if (result < 0 || !recorder.on)
		return result;
	result = op_source_open(&source, plan->stream, words, stream->phase_words, stream->phase_count, error);
	if (result == 0 && record(&recorder, &source, file->ns_per_op, bytes_most) > 0)
		result = keep(file, &recorder.tape, error);
	op_source_close(&source);
	recorder_close(&recorder);
	return result;
}

int tape_file_create(struct tape_file *file, struct plan *plan, const struct stream_file *stream, const struct clock *clock,
		     uint64_t bytes_most, struct error *error)
{
	assert(!file->tried);
	*file = (struct tape_file){.tried = true, .descriptor = -1};
	for (size_t i = 0; i < WORKLOAD_PHASES_MAX; i++)
		file->ns_per_op[i] = (double)NAN;
	size_t bytes = (size_t)stream->words * sizeof(struct op);
	if (plan->threads > 1 || stream->descriptor < 0 || !bytes)
		return 0;
	void *words = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, stream->descriptor, 0);
	if (words == MAP_FAILED)
		return error_set(error, EXIT_CODE_IO, "cannot map the operation stream: %s", strerror(errno));
	int result = create(file, plan, stream, words, clock, bytes_most, error);
	munmap(words, bytes);
	return result;
}

void tape_file_close(struct tape_file *file)
{
	if (file->tried && file->descriptor >= 0)
		close(file->descriptor);
	file->descriptor = -1;
}
