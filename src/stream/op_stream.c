/* SPDX-License-Identifier: MIT */
#include "stream/op_stream.h"

#include "base/memory.h"
#include "stream/generator.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Operations that may be generated to find out how many slots the fills take, before a bound has to do. */
#define MEASURE_WORDS (UINT64_C(1) << 25)
#define MEASURE_PIECE 4096u

enum random_use { RANDOM_DRAWS, RANDOM_VICTIMS, RANDOM_CPU, RANDOM_USES };
/* Where the seeds of lifetimes begin in the sequence; phases are fewer. */
#define RANDOM_LIFETIMES (UINT64_C(1) << 32)

void stream_alloc(struct op_stream *stream, struct writer *writer, uint32_t slot, uint32_t request, uint64_t pages)
{
	assert(pages && !stream->pages[slot]);
	put_alloc(stream, writer, slot, request, pages);
	stream->pages[slot] = pages;
	stream->live++;
	stream->live_pages += pages;
	stream->totals[stream->phase].allocations++;
	raise_peak(stream);
}

void stream_forget(struct op_stream *stream, uint32_t slot)
{
	assert(stream->pages[slot] && stream->live && stream->live_pages >= stream->pages[slot]);
	stream->live_pages -= stream->pages[slot];
	stream->live--;
	stream->pages[slot] = 0;
	stream->totals[stream->phase].frees++;
}

void stream_free(struct op_stream *stream, struct writer *writer, uint32_t slot)
{
	put_free(stream, writer, slot);
	stream_forget(stream, slot);
}

/* The n-th numbers of one splitmix64 sequence seed the generators: a phase that changes leaves those of the others alone. */
static void seed_generator(const struct op_stream *stream, struct rng *rng, enum random_use use)
{
	uint64_t n = (uint64_t)stream->phase * RANDOM_USES + (uint64_t)use;
	uint64_t state = stream->seed + n * UINT64_C(0x9e3779b97f4a7c15);
	rng_seed(rng, rng_splitmix(&state));
}

uint64_t stream_target(const struct op_stream *stream, const struct workload_phase *phase)
{
	switch (phase->until) {
	case WORKLOAD_UNTIL_OCCUPANCY:
		return population_share(phase->until_ratio, stream->workload->space.usable);
	case WORKLOAD_UNTIL_TURNOVERS:
		return population_share(phase->until_ratio, stream->live_pages);
	case WORKLOAD_UNTIL_OPS:
	case WORKLOAD_UNTIL_LIVE:
		break;
	}
	return phase->until_value;
}

int choice_of_mix(struct choice *choice, const struct workload_phase *phase)
{
	assert(phase->mix_count && phase->mix_count <= WORKLOAD_REQUESTS_MAX);
	uint64_t weights[WORKLOAD_REQUESTS_MAX];
	for (size_t i = 0; i < phase->mix_count; i++)
		weights[i] = phase->mix[i].weight;
	return choice_init(choice, weights, phase->mix_count);
}

static void begin(struct op_stream *stream, const struct workload_phase *phase, const struct body *body)
{
	assert(!stream->begun && stream->phase < stream->body_count);
	struct op_phase_totals *totals = &stream->totals[stream->phase];
	memset(totals, 0, sizeof *totals);
	totals->live_pages_peak = stream->live_pages;
	stream->context = 0;
	stream->begun = true;
	seed_generator(stream, &stream->draws, RANDOM_DRAWS);
	seed_generator(stream, &stream->mixes.victims, RANDOM_VICTIMS);
	seed_generator(stream, &stream->mixes.cpus, RANDOM_CPU);
	if (body->generator->begin)
		body->generator->begin(stream, phase, body->state);
}

static void end_piece(struct op_stream *stream, size_t words, bool ended)
{
	assert(stream->begun);
	struct op_phase_totals *totals = &stream->totals[stream->phase];
	totals->words += words;
	if (ended) {
		totals->live_after = stream->live;
		totals->live_pages_after = stream->live_pages;
		stream->phase++;
		stream->begun = false;
	}
}

size_t op_stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase)
{
	assert(capacity >= OP_STREAM_CAPACITY_MIN);
	while (stream->phase < stream->workload->phase_count && !stream->no_memory && !*stream->fault) {
		const struct workload_phase *current = &stream->workload->phases[stream->phase];
		const struct body *body = &stream->bodies[stream->phase];
		if (!stream->begun)
			begin(stream, current, body);
		struct writer writer = {ops, 0, capacity};
		bool ended = body->generator->next(stream, current, body->state, &writer);
		*phase = stream->phase;
		end_piece(stream, writer.count, ended);
		if (writer.count)
			return stream->measuring || stream_words_fit(stream, *phase, ops, writer.count) ? writer.count : 0;
	}
	return 0;
}

void op_stream_rewind(struct op_stream *stream)
{
	/* Everything live lies below; slots above were never written or are empty again. */
	memset(stream->pages, 0, ((size_t)stream->mixes.first + stream->mixes.capacity) * sizeof *stream->pages);
	stream->phase = 0;
	stream->begun = false;
	stream->live = 0;
	stream->live_pages = 0;
	stream->polls = 0;
	stream->poll_in = stream->poll_operations;
	stream->poll_passed = 0;
	offline_rewind(stream);
	population_rewind(stream);
	for (size_t i = 0; i < stream->body_count; i++)
		if (stream->bodies[i].state && stream->bodies[i].generator->rewind)
			stream->bodies[i].generator->rewind(stream->bodies[i].state);
}

int stream_no_memory(const struct op_stream *stream, struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the operation stream of %s", stream->workload->file);
}

static int too_many_slots(const struct op_stream *stream, struct error *error)
{
	return error_set(
		error, EXIT_CODE_USAGE,
		"%s: more than %llu extents could be live at once: lower the occupancy, the live count or the repetitions, "
		"or ask for larger sizes",
		stream->workload->file, (unsigned long long)WORKLOAD_LIVE_MAX);
}

int bound_add_slots(const struct op_stream *stream, struct bound *bound, rng_wide count, struct error *error)
{
	if (count > WORKLOAD_LIVE_MAX - bound->slots)
		return too_many_slots(stream, error);
	bound->slots += (uint64_t)count;
	return 0;
}

static const struct generator *generator_of(const struct workload_phase *phase)
{
	static const struct generator *const of_body[] = {
		[WORKLOAD_BODY_FREE_ALL] = &generator_free_all, [WORKLOAD_BODY_SCRIPT] = &generator_script,
		[WORKLOAD_BODY_TRACE] = &generator_trace,       [WORKLOAD_BODY_DRAIN] = &generator_drain,
		[WORKLOAD_BODY_RINGS] = &generator_rings,       [WORKLOAD_BODY_ADVERSARY] = &generator_adversary,
		[WORKLOAD_BODY_OFFLINE] = &generator_offline,   [WORKLOAD_BODY_ONLINE] = &generator_offline,
		[WORKLOAD_BODY_RESERVE] = &generator_reserve,   [WORKLOAD_BODY_UNRESERVE] = &generator_reserve,
		[WORKLOAD_BODY_QUEUE] = &generator_queue,       [WORKLOAD_BODY_ADAPTER] = &generator_adapter,
	};
	if (phase->body != WORKLOAD_BODY_MIX)
		return of_body[phase->body];
	if (phase_fills(phase))
		return &generator_fill;
	if (phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		return &generator_lifetimes;
	if (phase->hold == WORKLOAD_HOLD_OCCUPANCY)
		return &generator_hold;
	return phase->burst > 1 ? &generator_burst : &generator_churn;
}

/* In the order in which their slots lie; those behind adapter have none of their own. */
static const struct generator *const generators[] = {
	&generator_script,  &generator_trace,     &generator_rings, &generator_adversary, &generator_queue,
	&generator_reserve, &generator_adapter,   &generator_fill,  &generator_churn,     &generator_hold,
	&generator_burst,   &generator_lifetimes, &generator_drain, &generator_free_all,  &generator_offline};
#define GENERATORS (sizeof generators / sizeof generators[0])

static int open_bodies(struct op_stream *stream, const struct recording *const *recordings, struct error *error)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->phase_count; i++) {
		struct body *body = &stream->bodies[i];
		body->generator = generator_of(&workload->phases[i]);
		body->recording = body->generator == &generator_trace ? recordings[i] : NULL;
		if (!body->generator->state_bytes)
			continue;
		body->state = memory_zeroed(1, body->generator->state_bytes);
		if (!body->state)
			return stream_no_memory(stream, error);
		if (body->generator->open && body->generator->open(stream, i, error))
			return -1;
	}
	return 0;
}

static int add_bounds(struct op_stream *stream, struct bound *bound, struct error *error)
{
	for (size_t kind = 0; kind < GENERATORS; kind++)
		for (size_t i = 0; generators[kind]->bound && i < stream->workload->phase_count; i++)
			if (stream->bodies[i].generator == generators[kind] &&
			    generators[kind]->bound(stream, i, bound, error))
				return -1;
	return 0;
}

int stream_demands(struct op_stream *stream, bool *wide, struct error *error)
{
	for (size_t kind = 0; kind < GENERATORS; kind++)
		for (size_t i = 0; generators[kind]->demands && i < stream->workload->phase_count; i++)
			if (stream->bodies[i].generator == generators[kind] &&
			    generators[kind]->demands(stream, i, wide, error))
				return -1;
	return 0;
}

/* Slots of script arrays and of phases; those of mixes come behind them. */
static int lay_out_slots(struct op_stream *stream, struct bound *bound, struct error *error)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->script_array_count; i++) {
		stream->script_first[i] = bound->slots;
		if (bound_add_slots(stream, bound, workload->script_arrays[i].count, error))
			return -1;
	}
	if (add_bounds(stream, bound, error))
		return -1;
	stream->mixes.first = (uint32_t)bound->slots;
	stream->pages = memory_zeroed(bound->slots, sizeof *stream->pages);
	if (stream->domains > 1)
		stream->domain = memory_zeroed(bound->slots, sizeof *stream->domain);
	return stream->pages && (stream->domain || stream->domains == 1) ? 0 : stream_no_memory(stream, error);
}

/* Runs the stream until the last fill by occupancy has ended: 1 when that takes too long, -1 without memory. */
static int measure(struct op_stream *stream, size_t last_fill, uint32_t *mix_slots)
{
	struct op *piece = memory_zeroed(MEASURE_PIECE, sizeof *piece);
	if (!piece)
		return -1;
	uint64_t words = 0;
	size_t phase;
	stream->measuring = true;
	*mix_slots = 0;
	while (stream->phase <= last_fill && words <= MEASURE_WORDS) {
		size_t count = op_stream_next(stream, piece, MEASURE_PIECE, &phase);
		words += count;
		*mix_slots = stream->mixes.live > *mix_slots ? stream->mixes.live : *mix_slots;
		if (!count)
			break;
	}
	bool ended = stream->phase > last_fill;
	stream->measuring = false;
	memory_release(piece);
	return stream->no_memory ? -1 : !ended;
}

static int reserve(struct op_stream *stream, uint64_t live, struct error *error)
{
	if (live > WORKLOAD_LIVE_MAX - stream->mixes.first)
		return too_many_slots(stream, error);
	return population_reserve(stream, (uint32_t)live) ? stream_no_memory(stream, error) : 0;
}

static int find_mix_slots(struct op_stream *stream, const struct bound *bound, struct error *error)
{
	uint64_t live = bound->mixes ? bound->live + bound->beyond : 0;
	if (reserve(stream, live, error))
		return -1;
	if (bound->by_occupancy) {
		uint32_t measured;
		int result = measure(stream, bound->last_fill, &measured);
		if (result < 0)
			return stream_no_memory(stream, error);
		uint64_t wanted = (result ? population_fill_bound(stream->workload) : measured) + bound->beyond;
		live = wanted > live ? wanted : live;
		if (reserve(stream, live, error))
			return -1;
		op_stream_rewind(stream);
		population_cut(&stream->mixes, (uint32_t)live);
	}
	stream->slots = stream->mixes.first + (uint32_t)live;
	return 0;
}

static void set_polls(struct op_stream *stream)
{
	double pace = stream->workload->pace_ops_per_second;
	stream->poll_operations = UINT64_MAX;
	if (pace <= 0)
		return;
	double operations = floor(pace / OP_POLLS_PER_SECOND);
	stream->poll_operations = operations > OP_POLL_OPERATIONS_MIN ? (uint64_t)operations : OP_POLL_OPERATIONS_MIN;
	stream->poll_ns = (double)stream->poll_operations * 1e9 / pace;
}

static int make_tables(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	stream->size_count = workload->request_count;
	stream->body_count = workload->phase_count;
	stream->bodies = memory_zeroed(workload->phase_count, sizeof *stream->bodies);
	stream->totals = memory_zeroed(workload->phase_count, sizeof *stream->totals);
	stream->sizes = memory_zeroed(workload->request_count, sizeof *stream->sizes);
	stream->script_first = memory_zeroed(workload->script_array_count, sizeof *stream->script_first);
	if (!stream->bodies || !stream->totals || !stream->sizes || !stream->script_first)
		return stream_no_memory(stream, error);
	for (size_t i = 0; i < workload->request_count; i++) {
		if (distribution_init(&stream->sizes[i], &workload->requests[i].size))
			return stream_no_memory(stream, error);
		distribution_shift(&stream->sizes[i], workload->requests[i].guard);
	}
	return 0;
}

struct op_stream *op_stream_open(const struct workload *workload, const struct recording *const *recordings, uint64_t seed,
				 struct error *error)
{
	assert(workload->cpus && workload->space.first < workload->space.end);
	struct op_stream *stream = memory_zeroed(1, sizeof *stream);
	struct bound bound = {.operations = workload->operations};
	if (!stream) {
		error_set(error, EXIT_CODE_IO, "no memory for the operation stream of %s", workload->file);
		return NULL;
	}
	stream->workload = workload;
	stream->seed = seed;
	stream->domains = (uint32_t)workload_adapters(workload);
	stream->cpus = stream->online_count = workload->cpus;
	set_polls(stream);
	if (make_tables(stream, error) || open_bodies(stream, recordings, error) || lay_out_slots(stream, &bound, error) ||
	    demands_make(stream, error) || script_check(stream, error) || find_mix_slots(stream, &bound, error)) {
		op_stream_close(stream);
		return NULL;
	}
	op_stream_rewind(stream);
	return stream;
}

void op_stream_close(struct op_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; stream->bodies && i < stream->body_count; i++) {
		struct body *body = &stream->bodies[i];
		if (body->state && body->generator->close)
			body->generator->close(body->state);
		memory_release(body->state);
	}
	for (size_t i = 0; stream->sizes && i < stream->size_count; i++)
		distribution_release(&stream->sizes[i]);
	population_release(stream);
	memory_release(stream->bodies);
	memory_release(stream->totals);
	memory_release(stream->requests);
	memory_release(stream->sizes);
	memory_release(stream->script_first);
	memory_release(stream->pages);
	memory_release(stream->domain);
	memory_release(stream->offline);
	memory_release(stream->online);
	memory_release(stream);
}

const struct op_request *op_stream_requests(const struct op_stream *stream, size_t *count)
{
	*count = stream->request_count;
	return stream->requests;
}

uint32_t op_stream_slots(const struct op_stream *stream)
{
	return stream->slots;
}

uint32_t op_stream_domains(const struct op_stream *stream)
{
	return stream->domains;
}

uint32_t op_stream_cpus(const struct op_stream *stream)
{
	return stream->cpus;
}

bool op_stream_adaptive(const struct op_stream *stream)
{
	return workload_is_adaptive(stream->workload);
}

double op_stream_poll_ns(const struct op_stream *stream)
{
	return stream->poll_ns;
}

uint64_t op_stream_hash(uint64_t hash, const struct op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* The sum keeps a free of slot 0, a word of zeros, from leaving the start as it is. */
		hash += ((uint64_t)ops[i].demand << 32 | ops[i].slot) + UINT64_C(0x9e3779b97f4a7c15);
		hash *= UINT64_C(0xbf58476d1ce4e5b9);
		hash ^= hash >> 32;
	}
	return hash;
}

struct op_phase_totals op_stream_totals(const struct op_stream *stream, size_t phase)
{
	assert(phase < stream->body_count);
	return stream->totals[phase];
}
