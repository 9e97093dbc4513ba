/* SPDX-License-Identifier: MIT
 * Scripts: literal operations on slots, with repetition. */
#include "stream/generator.h"

#include "base/memory.h"

#include <string.h>

struct script {
	size_t step; /* operation of the script */
	uint64_t element;
	uint64_t *loops; /* rounds left, by operation */
};

static int script_open(struct op_stream *stream, size_t phase, struct error *error)
{
	struct script *script = stream->bodies[phase].state;
	script->loops = memory_zeroed(stream->workload->phases[phase].script_count, sizeof *script->loops);
	return script->loops ? 0 : stream_no_memory(stream, error);
}

static void script_close(void *state)
{
	struct script *script = state;
	memory_release(script->loops);
}

static int script_demands(struct op_stream *stream, size_t index, bool *wide, struct error *error)
{
	const struct workload_phase *phase = &stream->workload->phases[index];
	(void)error;
	for (size_t i = 0; i < phase->script_count; i++) {
		const struct workload_script_op *op = &phase->script[i];
		if (op->kind == WORKLOAD_SCRIPT_ALLOC &&
		    op->count + stream->workload->requests[op->request].guard > OP_COUNT_MAX)
			*wide = true;
	}
	return 0;
}

static uint64_t range_elements(const struct workload_range *range)
{
	uint64_t distance = range->last > range->first ? range->last - range->first : range->first - range->last;
	uint64_t step = range->step < 0 ? -(uint64_t)range->step : (uint64_t)range->step;
	return distance / step + 1;
}

static uint32_t range_slot(const struct op_stream *stream, const struct workload_range *range, uint64_t element)
{
	return (uint32_t)(stream->script_first[range->array] + range->first + element * (uint64_t)range->step);
}

static void script_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct script *script = state;
	(void)stream;
	(void)phase;
	script->step = 0;
	script->element = 0;
}

static void put_call(struct op_stream *stream, struct writer *writer, uint32_t call)
{
	put_context(stream, writer, (uint32_t)stream->workload->routine_calls[call].adapter, 0);
	put_poll(stream, writer);
	writer->ops[writer->count++] = op_control(OP_CALL, call);
	stream->totals[stream->phase].calls++;
}

/* Passes to the next operation that allocates, frees or calls; the count of operations is reached at the end. */
static void skip_brackets(struct script *script, const struct workload_phase *phase)
{
	while (script->step < phase->script_count) {
		const struct workload_script_op *op = &phase->script[script->step];
		if (op->kind == WORKLOAD_SCRIPT_REPEAT) {
			script->loops[script->step] = op->count;
			script->step = op->match == script->step + 1 ? op->match + 1 : script->step + 1;
		} else if (op->kind == WORKLOAD_SCRIPT_END) {
			script->step = (--script->loops[op->match] ? op->match : script->step) + 1;
		} else {
			return;
		}
	}
}

static bool script_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct script *script = state;
	for (;;) {
		skip_brackets(script, phase);
		if (script->step == phase->script_count)
			return true;
		const struct workload_script_op *op = &phase->script[script->step];
		if (op->kind == WORKLOAD_SCRIPT_CALL) {
			if (writer_full(writer))
				return false;
			put_call(stream, writer, (uint32_t)op->call);
			script->step++;
			continue;
		}
		uint64_t elements = range_elements(&op->slots);
		for (; script->element < elements; script->element++) {
			if (writer_full(writer))
				return false;
			uint32_t slot = range_slot(stream, &op->slots, script->element);
			if (op->kind == WORKLOAD_SCRIPT_FREE) {
				put_context(stream, writer, stream_domain(stream, slot), 0);
				stream_free(stream, writer, slot);
				continue;
			}
			uint64_t pages = op->count ? op->count + stream->workload->requests[op->request].guard
						   : distribution_draw(&stream->sizes[op->request], &stream->draws);
			put_context(stream, writer, stream_adapter(stream, (uint32_t)op->request), 0);
			stream_alloc(stream, writer, slot, (uint32_t)op->request, pages);
		}
		script->element = 0;
		script->step++;
	}
}

const struct generator generator_script = {
	.state_bytes = sizeof(struct script),
	.open = script_open,
	.demands = script_demands,
	.begin = script_begin,
	.next = script_next,
	.close = script_close,
};

struct check {
	const struct op_stream *stream;
	const struct workload_phase *phase;
	unsigned char *live; /* by slot: 1 + the adapter whose it is; 0: nothing lives there */
	struct error *error;
};

/* One operation on all its slots. again: in the second round of a repeat. */
static int check_op(const struct check *check, size_t index, bool again)
{
	const struct workload_script_op *op = &check->phase->script[index];
	const struct workload *workload = check->stream->workload;
	bool allocates = op->kind == WORKLOAD_SCRIPT_ALLOC;
	uint64_t elements = range_elements(&op->slots);
	for (uint64_t element = 0; element < elements; element++) {
		unsigned char *live = &check->live[range_slot(check->stream, &op->slots, element)];
		if ((*live != 0) == allocates) {
			uint64_t slot = op->slots.first + element * (uint64_t)op->slots.step;
			return error_set(check->error, EXIT_CODE_USAGE,
					 "%s: phase %s: operation %zu of the script%s %s slot %s[%llu], which is %s: %s",
					 workload->file, check->phase->name, index + 1,
					 again ? " in the second round of its repeat" : "",
					 allocates ? "allocates" : "frees", workload->script_arrays[op->slots.array].name,
					 (unsigned long long)slot, allocates ? "live" : "empty",
					 allocates ? "free it first, or take another slot" : "allocate it first");
		}
		*live = allocates ? (unsigned char)(1 + workload->requests[op->request].adapter) : 0;
	}
	return 0;
}

/* A round of a repeat leaves each slot that it touches in one state, whatever it was before: when the second round passes, all
 * later ones do. Repeats inside were proven when their own end was reached, so that one round of them is enough here. */
static int check_second_round(const struct check *check, size_t repeat)
{
	for (size_t i = repeat + 1; i < check->phase->script[repeat].match; i++) {
		enum workload_script_kind kind = check->phase->script[i].kind;
		if ((kind == WORKLOAD_SCRIPT_ALLOC || kind == WORKLOAD_SCRIPT_FREE) && check_op(check, i, true))
			return -1;
	}
	return 0;
}

static int check_script(const struct check *check)
{
	for (size_t i = 0; i < check->phase->script_count; i++) {
		const struct workload_script_op *op = &check->phase->script[i];
		if (op->kind == WORKLOAD_SCRIPT_ALLOC || op->kind == WORKLOAD_SCRIPT_FREE) {
			if (check_op(check, i, false))
				return -1;
		} else if (op->kind == WORKLOAD_SCRIPT_END && check->phase->script[op->match].count > 1) {
			if (check_second_round(check, op->match))
				return -1;
		}
	}
	return 0;
}

static void end_adapter(const struct check *check, uint64_t slots)
{
	for (uint64_t slot = 0; slot < slots; slot++)
		if (check->live[slot] == 1 + check->phase->adapter)
			check->live[slot] = 0;
}

int script_check(const struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	uint64_t slots = 0;
	for (size_t i = 0; i < workload->script_array_count; i++)
		slots += workload->script_arrays[i].count;
	struct check check = {stream, NULL, memory_zeroed(slots, 1), error};
	if (!check.live)
		return error_set(error, EXIT_CODE_IO, "no memory to check the scripts of %s", workload->file);
	int result = 0;
	for (size_t i = 0; i < workload->phase_count && !result; i++) {
		check.phase = &workload->phases[i];
		if (workload_phase_ends_all(check.phase))
			memset(check.live, 0, slots);
		else if (workload_phase_ends_adapter(check.phase))
			end_adapter(&check, slots);
		else if (check.phase->body == WORKLOAD_BODY_SCRIPT)
			result = check_script(&check);
	}
	memory_release(check.live);
	return result;
}
