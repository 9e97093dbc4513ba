/* SPDX-License-Identifier: MIT
 * The pass that a profiler watches: the stream as the throughput pass plays it, and the profiler counts inside of measured
 * windows alone. What it takes is no time of the allocator: nothing of it goes into the record. */
#include "play/pass.h"

#include "play/crew.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* perf takes about 4000 samples a second. */
#define SAMPLED_NS 1e9
#define SAMPLED_ITERATIONS_MAX 1000

struct profile {
	const struct pass *pass;
	uint64_t ticks;      /* in windows */
	struct error broken; /* of the channel */
};

/* Callgrind counts while this runs, by its name. Not inlined; and what stands behind the call keeps it from being a jump. */
__attribute__((noinline)) uint64_t iovabench_window(const struct pass *pass, struct engine *engine, struct op_piece part)
{
	uint64_t ticks = crew_play_polls_apart(pass, engine, part);
	__asm__ volatile("" ::: "memory");
	return ticks;
}

/* A sampler is told, and answers when it is so. */
static void tell(struct profile *profile, const char *command)
{
	const struct pass_profiler *profiler = profile->pass->profiler;
	char answer[16] = "";
	ssize_t got;
	if (profiler->control < 0 || profile->broken.exit_code != EXIT_CODE_OK)
		return;
	if (write(profiler->control, command, strlen(command)) != (ssize_t)strlen(command)) {
		error_set(&profile->broken, EXIT_CODE_IO, "the profiler takes no commands: %s", strerror(errno));
		return;
	}
	/* perf writes the end of its string, too: it may come by itself, before the next answer. */
	do
		got = read(profiler->acknowledged, answer, sizeof answer - 1);
	while ((got < 0 && errno == EINTR) || (got == 1 && !answer[0]));
	const char *words = answer + (got > 1 && !answer[0]);
	if (strncmp(words, "ack", 3) != 0)
		error_set(&profile->broken, EXIT_CODE_IO, "the profiler did not acknowledge a command");
}

static uint64_t play(void *context, uint32_t thread, struct engine *engine, struct op_piece part)
{
	struct profile *profile = context;
	const struct pass *pass = profile->pass;
	uint32_t cpu;
	(void)thread;
	if (!pass->workload->phases[part.phase].measured) {
		engine_play(engine, part.ops, part.count);
		return 0;
	}
	tell(profile, "enable\n");
	uint64_t start = clock_start(pass->clock);
	iovabench_window(pass, engine, part);
	uint64_t stop = clock_stop(pass->clock, &cpu);
	tell(profile, "disable\n");
	profile->ticks += stop > start ? stop - start : 0;
	return 0;
}

static int round_ended(void *context, const struct crew_round *round, struct error *error)
{
	struct profile *profile = context;
	(void)round;
	if (profile->broken.exit_code != EXIT_CODE_OK)
		*error = profile->broken;
	return profile->broken.exit_code == EXIT_CODE_OK ? 0 : -1;
}

static int phase_ended(void *context, const struct engine *engine, size_t phase, struct error *error)
{
	(void)context;
	(void)engine;
	(void)phase;
	(void)error;
	return 0;
}

int pass_profile(struct pass *pass, struct error *error)
{
	static const struct crew_player player = {
		.name = PASS_PROFILE,
		.play = play,
		.round_ended = round_ended,
		.phase_ended = phase_ended,
	};
	assert(pass->profiler && pass->threads <= 1);
	struct profile profile = {.pass = pass};
	int iterations = pass->profiler->control < 0 ? 1 : SAMPLED_ITERATIONS_MAX, result = 0;
	for (int i = 0; i < iterations && result == 0; i++) {
		if ((double)profile.ticks * pass->clock->ns_per_tick >= SAMPLED_NS)
			break;
		arena_reset(pass->arena);
		result = crew_play(pass, &player, &profile, error);
	}
	return result;
}
