/* SPDX-License-Identifier: MIT
 * CPUs that leave and come back: no operations, but a change of which CPUs the others carry. */
#include "stream/generator.h"

#include "base/memory.h"

#include <assert.h>

struct offline {
	size_t told; /* CPUs of the phase that have changed */
};

static int offline_open(struct op_stream *stream, size_t phase, struct error *error)
{
	(void)phase;
	uint32_t cpus = stream->workload->cpus;
	if (stream->offline)
		return 0;
	stream->offline = memory_zeroed(cpus, sizeof stream->offline[0]);
	stream->online = memory_zeroed(cpus, sizeof stream->online[0]);
	return stream->offline && stream->online ? 0 : stream_no_memory(stream, error);
}

static void count_online(struct op_stream *stream)
{
	stream->online_count = 0;
	for (uint32_t cpu = 0; cpu < stream->workload->cpus; cpu++)
		if (!stream->offline[cpu])
			stream->online[stream->online_count++] = (uint16_t)cpu;
	assert(stream->online_count);
}

void offline_rewind(struct op_stream *stream)
{
	for (uint32_t cpu = 0; stream->offline && cpu < stream->workload->cpus; cpu++)
		stream->offline[cpu] = false;
	if (stream->offline)
		count_online(stream);
}

static void offline_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct offline *offline = state;
	(void)stream;
	(void)phase;
	offline->told = 0;
}

static bool offline_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct offline *offline = state;
	bool leave = phase->body == WORKLOAD_BODY_OFFLINE;
	for (; offline->told < phase->cpu_count; offline->told++) {
		uint32_t cpu = phase->cpus[offline->told];
		if (writer_full(writer))
			return false;
		stream->offline[cpu] = leave;
		if (leave && phase->caches == WORKLOAD_CACHES_DRAIN)
			writer->ops[writer->count++] = op_control(OP_OFFLINE, cpu);
	}
	count_online(stream);
	return true;
}

const struct generator generator_offline = {
	.state_bytes = sizeof(struct offline), .open = offline_open, .begin = offline_begin, .next = offline_next};
