/* SPDX-License-Identifier: MIT
 * A workload by hand, its stream and who plays it, for each test anew. Include after cmocka.h. */
#ifndef SUPPORT_STREAM_FIXTURE_H
#define SUPPORT_STREAM_FIXTURE_H

#include "base/memory.h"
#include "support/op_stream_player.h"

static char text[] = "test"; /* names and file */
static struct workload_phase phases[PLAYER_PHASES];
static struct workload workload;
static const struct recording *recordings[PLAYER_PHASES]; /* by phase; none but what a test puts there */
static struct op_stream *stream;
static struct player player, other;
static struct error error;

/* Requests of a test, in a space of so many pages. */
static void stream_set_up(struct workload_request *requests, size_t count, uint64_t pages)
{
	memset(phases, 0, sizeof phases);
	memset(recordings, 0, sizeof recordings);
	error = (struct error){0};
	for (size_t i = 0; i < count; i++) {
		requests[i].name = text;
		requests[i].high[0] = pages - 1;
		requests[i].high_count = 1;
	}
	workload = (struct workload){.name = text, .file = text, .cpus = 1, .requests = requests, .request_count = count};
	workload.phases = phases;
	workload.space.page_bytes = 4096;
	workload.space.end = workload.space.usable = pages;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	op_stream_close(stream);
	stream = NULL;
	player_release(&player);
	player_release(&other);
	return 0;
}

static void open_stream(void)
{
	stream = op_stream_open(&workload, recordings, 42, &error);
	assert_string_equal(error.message, "");
}

static void play(size_t capacity)
{
	open_stream();
	player_run(&player, stream, capacity, workload.phase_count);
	assert_null(op_stream_fault(stream));
}

#endif
