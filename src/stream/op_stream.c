/* SPDX-License-Identifier: MIT */
#include "stream/op_stream.h"

#include "base/memory.h"
#include "stream/op_stream_internal.h"

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
	put_alloc(stream, writer, slot, request, pages);
	stream->pages[slot] = pages;
	stream->live++;
	stream->live_pages += pages;
	stream->plans[stream->phase].allocations++;
	raise_peak(stream);
}

void stream_forget(struct op_stream *stream, uint32_t slot)
{
	stream->live_pages -= stream->pages[slot];
	stream->live--;
	stream->pages[slot] = 0;
	stream->plans[stream->phase].frees++;
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

void stream_phase_begin(struct op_stream *stream)
{
	struct op_phase_plan *plan = &stream->plans[stream->phase];
	memset(plan, 0, sizeof *plan);
	plan->live_pages_peak = stream->live_pages;
	stream->context = 0;
	stream->begun = true;
}

void stream_piece_end(struct op_stream *stream, size_t words, bool ended)
{
	struct op_phase_plan *plan = &stream->plans[stream->phase];
	plan->words += words;
	if (ended) {
		plan->live_after = stream->live;
		plan->live_pages_after = stream->live_pages;
		stream->phase++;
		stream->begun = false;
	}
}

static uint64_t lifetime_seed(const struct op_stream *stream)
{
	uint64_t state = stream->seed + (RANDOM_LIFETIMES + stream->phase) * UINT64_C(0x9e3779b97f4a7c15);
	return rng_splitmix(&state);
}

static void begin(struct op_stream *stream, const struct workload_phase *phase)
{
	stream_phase_begin(stream);
	seed_generator(stream, &stream->draws, RANDOM_DRAWS);
	seed_generator(stream, &stream->victims, RANDOM_VICTIMS);
	seed_generator(stream, &stream->cpu, RANDOM_CPU);
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
		mix_begin(stream, phase);
		if (!phase_fills(phase) && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
			lifetimes_begin(stream, phase, lifetime_seed(stream));
		break;
	case WORKLOAD_BODY_DRAIN:
		drain_begin(stream, phase);
		break;
	case WORKLOAD_BODY_FREE_ALL:
		stream->cursor = 0;
		break;
	case WORKLOAD_BODY_SCRIPT:
		script_begin(stream, phase);
		break;
	case WORKLOAD_BODY_TRACE:
		trace_begin(stream);
		break;
	case WORKLOAD_BODY_RINGS:
		rings_begin(stream);
		break;
	case WORKLOAD_BODY_ADVERSARY:
		stream->cursor = 0;
		break;
	}
}

static bool free_all_next(struct op_stream *stream, struct writer *writer)
{
	/* Not the slots that stand ready for later. */
	uint64_t end = (uint64_t)stream->mix_first + (stream->scattered ? stream->mix_capacity : stream->mix_live);
	for (; stream->cursor < end; stream->cursor++) {
		uint32_t slot = (uint32_t)stream->cursor;
		if (!stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_context(stream, writer, stream->domain ? stream->domain[slot] : 0, 0);
		stream_free(stream, writer, slot);
	}
	stream->mix_live = 0;
	return true;
}

static bool generate(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
		return mix_next(stream, phase, writer);
	case WORKLOAD_BODY_DRAIN:
		return drain_next(stream, phase, writer);
	case WORKLOAD_BODY_FREE_ALL:
		return free_all_next(stream, writer);
	case WORKLOAD_BODY_SCRIPT:
		return script_next(stream, phase, writer);
	case WORKLOAD_BODY_TRACE:
		return trace_next(stream, phase, writer);
	case WORKLOAD_BODY_RINGS:
		return rings_next(stream, phase, writer);
	case WORKLOAD_BODY_ADVERSARY:
		return adversary_next(stream, writer);
	}
	return true;
}

size_t stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase)
{
	while (stream->phase < stream->workload->phase_count && !stream->no_memory && !*stream->fault) {
		const struct workload_phase *current = &stream->workload->phases[stream->phase];
		if (!stream->begun)
			begin(stream, current);
		struct writer writer = {ops, 0, capacity};
		bool ended = generate(stream, current, &writer);
		*phase = stream->phase;
		stream_piece_end(stream, writer.count, ended);
		if (writer.count)
			return stream->measuring || stream_words_fit(stream, *phase, ops, writer.count) ? writer.count : 0;
	}
	return 0;
}

size_t op_stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase)
{
	return stream->weave ? weave_next(stream, ops, capacity, phase) : stream_next(stream, ops, capacity, phase);
}

void stream_rewind(struct op_stream *stream)
{
	/* Everything live lies below; slots above were never written or are empty again. */
	memset(stream->pages, 0, ((size_t)stream->mix_first + stream->mix_capacity) * sizeof *stream->pages);
	stream->phase = 0;
	stream->begun = false;
	stream->mix_live = 0;
	mix_order(stream, false);
	stream->live = 0;
	stream->live_pages = 0;
	stream->clock = 0;
	rings_rewind(stream);
	stream->polls = 0;
	stream->poll_in = stream->poll_operations;
	stream->poll_passed = 0;
}

void op_stream_rewind(struct op_stream *stream)
{
	stream_rewind(stream);
	if (stream->weave)
		weave_rewind(stream->weave);
}

static int no_memory(const struct op_stream *stream, struct error *error)
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

/* Slots of script arrays, recordings, rings and adversaries; slots of mix phases come behind them. */
static int lay_out_slots(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	uint64_t slots = 0, recorded = 0, operations = workload->operations;
	for (size_t i = 0; i < workload->script_array_count; i++) {
		stream->script_first[i] = slots;
		if (workload->script_arrays[i].count > WORKLOAD_LIVE_MAX - slots)
			return too_many_slots(stream, error);
		slots += workload->script_arrays[i].count;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct recording *recording = stream->recordings[i];
		if (!recording)
			continue;
		struct trace_layout *layout = &stream->traces[i];
		if (trace_check(stream, i, &layout->live_at_end, &operations, error))
			return -1;
		layout->slot_first = (uint32_t)slots;
		rng_wide more = recording->slot_count;
		if (workload->phases[i].trace.between == WORKLOAD_BETWEEN_KEEP)
			more += (rng_wide)(workload->phases[i].trace.repeat - 1) * layout->live_at_end;
		if (more > WORKLOAD_LIVE_MAX - slots)
			return too_many_slots(stream, error);
		slots += (uint64_t)more;
		recorded = recording->slot_count > recorded ? recording->slot_count : recorded;
	}
	if (rings_lay_out(stream, &slots) || adversaries_lay_out(stream, &slots))
		return too_many_slots(stream, error);
	stream->mix_first = (uint32_t)slots;
	stream->pages = memory_zeroed(slots, sizeof *stream->pages);
	stream->current = memory_zeroed(recorded, sizeof *stream->current);
	if (stream->domains > 1)
		stream->domain = memory_zeroed(slots, sizeof *stream->domain);
	return stream->pages && stream->current && (stream->domain || stream->domains == 1) ? 0 : no_memory(stream, error);
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
		size_t count = stream_next(stream, piece, MEASURE_PIECE, &phase);
		words += count;
		*mix_slots = stream->mix_live > *mix_slots ? stream->mix_live : *mix_slots;
		if (!count)
			break;
	}
	bool ended = stream->phase > last_fill;
	stream->measuring = false;
	memory_release(piece);
	return stream->no_memory ? -1 : !ended;
}

/* What of mix slots the phases ask for. */
static int make_slot_tables(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	bool ages = false, cpus = false, lifetimes = false;
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (phase->body != WORKLOAD_BODY_MIX && phase->body != WORKLOAD_BODY_DRAIN)
			continue;
		ages = ages || phase->victims == WORKLOAD_VICTIMS_FIFO || phase->victims == WORKLOAD_VICTIMS_LIFO;
		lifetimes = lifetimes || phase->victims == WORKLOAD_VICTIMS_LIFETIME;
		stream->scattered = stream->scattered || phase_scatters(phase);
		cpus = cpus || (phase->free_on == WORKLOAD_FREE_ON_NEXT && workload->cpus > 1);
	}
	if (ages && !(stream->stamps = memory_zeroed(0, sizeof *stream->stamps)))
		return no_memory(stream, error);
	if ((ages || stream->scattered) && !(stream->order = memory_zeroed(0, sizeof *stream->order)))
		return no_memory(stream, error);
	if (cpus && !(stream->cpu_of = memory_zeroed(0, sizeof *stream->cpu_of)))
		return no_memory(stream, error);
	return lifetimes && lifetimes_make(stream) ? no_memory(stream, error) : 0;
}

static int reserve(struct op_stream *stream, uint64_t live, struct error *error)
{
	if (live > WORKLOAD_LIVE_MAX - stream->mix_first)
		return too_many_slots(stream, error);
	return mix_reserve(stream, (uint32_t)live) ? no_memory(stream, error) : 0;
}

static int find_mix_slots(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	bool mixes = false, fills = false;
	size_t last_fill = 0;
	uint64_t live = 1, beyond = 0;
	stream->hold_max = mix_hold_bound(stream);
	if (make_slot_tables(stream, error))
		return -1;
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (phase->body != WORKLOAD_BODY_MIX)
			continue;
		mixes = true;
		if (phase->until == WORKLOAD_UNTIL_LIVE && phase->until_value > live)
			live = phase->until_value;
		if (phase->until == WORKLOAD_UNTIL_OCCUPANCY) {
			fills = true;
			last_fill = i;
		}
		if (!phase_fills(phase) && phase->burst > live)
			live = phase->burst;
		if (!phase_fills(phase) && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
			beyond += lifetimes_bound(stream, phase);
	}
	live = (stream->hold_max > live ? stream->hold_max : live) + beyond;
	if (!mixes)
		live = 0;
	if (reserve(stream, live, error))
		return -1;
	if (fills) {
		uint32_t measured;
		int result = measure(stream, last_fill, &measured);
		if (result < 0)
			return no_memory(stream, error);
		uint64_t wanted = (result ? mix_live_bound(stream) : measured) + beyond;
		live = wanted > live ? wanted : live;
		if (reserve(stream, live, error))
			return -1;
		stream_rewind(stream);
		mix_cut(stream, (uint32_t)live);
	}
	stream->slots = stream->mix_first + (uint32_t)live;
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

static int make_tables(struct op_stream *stream, const struct recording *const *recordings, struct error *error)
{
	const struct workload *workload = stream->workload;
	size_t longest_script = 0;
	stream->size_count = workload->request_count;
	stream->mix_count = workload->phase_count;
	stream->recordings = memory_zeroed(workload->phase_count, sizeof *stream->recordings);
	stream->sizes = memory_zeroed(workload->request_count, sizeof *stream->sizes);
	stream->mixes = memory_zeroed(workload->phase_count, sizeof *stream->mixes);
	stream->traces = memory_zeroed(workload->phase_count, sizeof *stream->traces);
	stream->rings = memory_zeroed(workload->phase_count, sizeof *stream->rings);
	stream->adversaries = memory_zeroed(workload->phase_count, sizeof *stream->adversaries);
	stream->script_first = memory_zeroed(workload->script_array_count, sizeof *stream->script_first);
	stream->plans = memory_zeroed(workload->phase_count, sizeof *stream->plans);
	if (!stream->recordings || !stream->sizes || !stream->mixes || !stream->traces || !stream->script_first ||
	    !stream->plans || !stream->rings || !stream->adversaries)
		return no_memory(stream, error);
	for (size_t i = 0; i < workload->request_count; i++) {
		if (distribution_init(&stream->sizes[i], &workload->requests[i].size))
			return no_memory(stream, error);
		distribution_shift(&stream->sizes[i], workload->requests[i].guard);
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		uint64_t weights[WORKLOAD_REQUESTS_MAX];
		if (phase->body == WORKLOAD_BODY_TRACE) {
			const struct recording *recording = recordings[i];
			stream->recordings[i] = recording;
			stream->domains =
				recording->domain_count > stream->domains ? recording->domain_count : stream->domains;
			stream->cpus = recording->cpus > stream->cpus ? recording->cpus : stream->cpus;
		}
		if (phase->script_count > longest_script)
			longest_script = phase->script_count;
		if (phase->body != WORKLOAD_BODY_MIX)
			continue;
		for (size_t j = 0; j < phase->mix_count; j++)
			weights[j] = phase->mix[j].weight;
		if (choice_init(&stream->mixes[i], weights, phase->mix_count))
			return no_memory(stream, error);
	}
	stream->loops = memory_zeroed(longest_script, sizeof *stream->loops);
	return stream->loops ? 0 : no_memory(stream, error);
}

struct op_stream *op_stream_open(const struct workload *workload, const struct recording *const *recordings, uint64_t seed,
				 struct error *error)
{
	struct op_stream *stream = memory_zeroed(1, sizeof *stream);
	if (!stream) {
		error_set(error, EXIT_CODE_IO, "no memory for the operation stream of %s", workload->file);
		return NULL;
	}
	stream->workload = workload;
	stream->seed = seed;
	stream->domains = 1;
	stream->cpus = workload->cpus;
	set_polls(stream);
	if (make_tables(stream, recordings, error) || lay_out_slots(stream, error) || requests_make(stream, error) ||
	    script_check(stream, error) || find_mix_slots(stream, error)) {
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
	weave_close(stream->weave);
	for (size_t i = 0; stream->sizes && i < stream->size_count; i++)
		distribution_release(&stream->sizes[i]);
	for (size_t i = 0; stream->mixes && i < stream->mix_count; i++)
		choice_release(&stream->mixes[i]);
	lifetimes_close(stream->lifetimes, stream->size_count);
	memory_release(stream->recordings);
	memory_release(stream->requests);
	memory_release(stream->sizes);
	memory_release(stream->mixes);
	memory_release(stream->traces);
	memory_release(stream->rings);
	memory_release(stream->adversaries);
	memory_release(stream->script_first);
	memory_release(stream->pages);
	memory_release(stream->domain);
	memory_release(stream->stamps);
	memory_release(stream->order);
	memory_release(stream->cpu_of);
	memory_release(stream->current);
	memory_release(stream->loops);
	memory_release(stream->plans);
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

struct op_phase_plan op_stream_plan(const struct op_stream *stream, size_t phase)
{
	return stream->plans[phase];
}
