/* SPDX-License-Identifier: MIT
 * A case as a workload that people read. */
#include "verify/stream.h"

#include "base/memory.h"

#include <inttypes.h>
#include <string.h>

#define RUN_LEAST 3u /* extents alike that become an array */
#define PERIOD_MAX 4u

/* How a script calls a slot. */
struct name {
	uint32_t array; /* from 1 on; 0: it has none */
	uint32_t index;
	bool indexed;
};

struct writer {
	const struct verify_case *one;
	struct verify_op *ops; /* those that a script has */
	size_t count;
	uint32_t *request; /* of each of ops */
	struct name *names;
	uint32_t arrays;
	struct text *text;
};

static bool same_demand(const struct verify_op *a, const struct verify_op *b)
{
	uint8_t constraints = a->constraints;
	return constraints == b->constraints && (!(constraints & IOVA_CONSTRAIN_ALIGN) || a->align == b->align) &&
	       (!(constraints & IOVA_CONSTRAIN_LIMIT) || (a->low == b->low && a->high == b->high)) &&
	       (!(constraints & IOVA_CONSTRAIN_BOUNDARY) || a->boundary == b->boundary);
}

static bool same_alloc(const struct verify_op *a, const struct verify_op *b)
{
	return a->kind == VERIFY_ALLOC && b->kind == VERIFY_ALLOC && a->count == b->count && same_demand(a, b);
}

static bool is_named(const struct writer *writer, size_t index)
{
	return writer->names[writer->ops[index].slot].array != 0;
}

/* Allocations alike, into slots that are new, from the one at first on. */
static size_t run_at(const struct writer *writer, size_t first)
{
	size_t end = first;
	while (end < writer->count && same_alloc(&writer->ops[first], &writer->ops[end]) && !is_named(writer, end)) {
		for (size_t i = first; i < end; i++)
			if (writer->ops[i].slot == writer->ops[end].slot)
				return end - first;
		end++;
		if (end - first == 1 && end < writer->count && writer->ops[end].kind != VERIFY_ALLOC)
			break;
	}
	return end - first;
}

static void name_slots(struct writer *writer)
{
	for (size_t i = 0; i < writer->count; i++) {
		size_t run = is_named(writer, i) ? 0 : run_at(writer, i);
		bool indexed = run >= RUN_LEAST;
		if (is_named(writer, i))
			continue;
		writer->arrays++;
		for (size_t k = 0; k < (indexed ? run : 1); k++)
			writer->names[writer->ops[i + k].slot] = (struct name){writer->arrays, (uint32_t)k, indexed};
	}
}

/* Leaves out what a script does not say. Returns whether that changes nothing. */
static bool keep_calls(struct writer *writer, struct text *reserved)
{
	const struct verify_case *one = writer->one;
	bool same = one->failing_memory == VERIFY_MEMORY_SUFFICES, allocated = false;
	unsigned char *taken = memory_zeroed(one->slots, 1); /* 2: reserved */
	for (size_t i = 0; taken && i < one->count; i++) {
		const struct verify_op *op = &one->ops[i];
		if (!verify_op_has_slot(op)) {
			same = false;
			continue;
		}
		bool frees = op->kind == VERIFY_FREE;
		same = same && !op->cpu && !(op->constraints & IOVA_CONSTRAIN_NO_DRAIN) &&
		       !(frees && taken[op->slot] == 2) && !(op->kind == VERIFY_PLACE && allocated);
		if ((taken[op->slot] != 0) != frees || taken[op->slot] == 2)
			continue;
		if (op->kind == VERIFY_PLACE) {
			taken[op->slot] = 2;
			text_add(reserved, "%s{base: 0x%" PRIx64 ", size: 0x%" PRIx64 "}", reserved->length ? ", " : "",
				 op->low * one->space.page_bytes, op->count * one->space.page_bytes);
			continue;
		}
		taken[op->slot] = !frees;
		allocated |= !frees;
		writer->ops[writer->count++] = *op;
	}
	memory_release(taken);
	return same && taken;
}

static void write_request(struct writer *writer, uint32_t number, const struct verify_op *op)
{
	uint64_t page = writer->one->space.page_bytes;
	text_add(writer->text, "  - {name: r%" PRIu32 ", size: {fixed: %" PRIu64 " page%s}", number, op->count,
		 op->count == 1 ? "" : "s");
	if (op->constraints & IOVA_CONSTRAIN_ALIGN)
		text_add(writer->text, ", align: 0x%" PRIx64, op->align * page);
	if (op->constraints & IOVA_CONSTRAIN_LIMIT)
		text_add(writer->text, ", low: 0x%" PRIx64 ", high: 0x%" PRIx64, op->low * page,
			 op->high * page + page - 1);
	if (op->constraints & IOVA_CONSTRAIN_BOUNDARY)
		text_add(writer->text, ", boundary: 0x%" PRIx64, op->boundary * page);
	if (op->constraints & (IOVA_CONSTRAIN_BOTTOM | IOVA_CONSTRAIN_TOP))
		text_add(writer->text, ", from: %s", op->constraints & IOVA_CONSTRAIN_TOP ? "top" : "bottom");
	text_add(writer->text, "}\n");
}

static void write_requests(struct writer *writer)
{
	uint32_t requests = 0;
	for (size_t i = 0; i < writer->count; i++) {
		size_t same = 0;
		if (writer->ops[i].kind != VERIFY_ALLOC)
			continue;
		while (same < i && !same_alloc(&writer->ops[same], &writer->ops[i]))
			same++;
		writer->request[i] = same < i ? writer->request[same] : ++requests;
		if (same == i)
			write_request(writer, requests, &writer->ops[i]);
	}
}

static void write_slots(const struct writer *writer, size_t first, size_t count)
{
	const struct name *name = &writer->names[writer->ops[first].slot];
	if (!name->indexed)
		text_add(writer->text, "e%" PRIu32, name->array);
	else if (count == 1)
		text_add(writer->text, "\"e%" PRIu32 "[%" PRIu32 "]\"", name->array, name->index);
	else
		text_add(writer->text, "\"e%" PRIu32 "[%" PRIu32 "..%zu]\"", name->array, name->index,
			 name->index + count - 1);
}

/* Calls alike on elements of one array that follow each other. */
static size_t calls_together(const struct writer *writer, size_t first)
{
	const struct verify_op *op = &writer->ops[first];
	const struct name *name = &writer->names[op->slot];
	size_t count = 1;
	for (; name->indexed && first + count < writer->count; count++) {
		const struct verify_op *next = &writer->ops[first + count];
		const struct name *other = &writer->names[next->slot];
		if (next->kind != op->kind || other->array != name->array || other->index != name->index + count ||
		    (op->kind == VERIFY_ALLOC && !same_alloc(op, next)))
			break;
	}
	return count;
}

static size_t write_call(const struct writer *writer, size_t first, bool together)
{
	const struct verify_op *op = &writer->ops[first];
	size_t count = together ? calls_together(writer, first) : 1;
	text_add(writer->text, op->kind == VERIFY_FREE ? "{free: " : "{alloc: ");
	write_slots(writer, first, count);
	if (op->kind == VERIFY_ALLOC)
		text_add(writer->text, ", request: r%" PRIu32, writer->request[first]);
	text_add(writer->text, "}");
	return count;
}

/* How often so many calls from the one at first on come one after the other. */
static size_t times(const struct writer *writer, size_t first, size_t period)
{
	size_t count = 1;
	for (;; count++) {
		size_t next = first + count * period;
		for (size_t i = 0; i < period; i++) {
			const struct verify_op *a = &writer->ops[first + i], *b = &writer->ops[next + i];
			if (next + period > writer->count || a->kind != b->kind || a->slot != b->slot ||
			    (a->kind == VERIFY_ALLOC && !same_alloc(a, b)))
				return count;
		}
	}
}

static void write_calls(const struct writer *writer)
{
	for (size_t i = 0; i < writer->count;) {
		size_t period = 2, repeats = 1;
		for (size_t tried = 2; tried <= PERIOD_MAX && repeats < RUN_LEAST && i + tried <= writer->count; tried++) {
			period = tried;
			repeats = times(writer, i, tried);
		}
		text_add(writer->text, "      - ");
		if (repeats < RUN_LEAST) {
			i += write_call(writer, i, true);
		} else {
			text_add(writer->text, "{repeat: %zu, script: [", repeats);
			for (size_t k = 0; k < period; k++) {
				text_add(writer->text, k ? ", " : "");
				write_call(writer, i + k, false);
			}
			text_add(writer->text, "]}");
			i += repeats * period;
		}
		text_add(writer->text, "\n");
	}
}

static void write_remark(const struct verify_remark *remark, bool same, struct text *text)
{
	struct text words = {0};
	text_add_word(&words, remark->spec);
	const char *spec = words.bytes ? words.bytes : "";
	text_add(text, "# Breaks the rule \"%s\" of iovabench verify:\n#", remark->rule->sentence);
	text_add(text, " %s\n", remark->outcome->message);
	if (!remark->repeats)
		text_add(text, "# It did so once, and not again: what it does depends on more than its calls.\n");
	else if (!remark->minimal)
		text_add(text, "# There was no time to try every call without.\n");
	if (!same)
		text_add(text,
			 "# A script cannot say all of it (several CPUs, time, memory that fails, places behind "
			 "allocations); this does:\n#   iovabench verify%s --rule %s --seed %" PRIu64 "\n",
			 spec, remark->rule->name, remark->seed);
	text_add(text, "# See it again:\n#   iovabench verify%s %s --rule %s\n#   iovabench run %s -a%s\n", spec,
		 remark->file, remark->rule->name, remark->file, spec);
	text_add(text, "# In a debugger:\n#   gdb --args iovabench verify%s %s --rule %s --here\n", spec, remark->file,
		 remark->rule->name);
	text_release(&words);
}

bool verify_case_write(const struct verify_case *one, const struct verify_remark *remark, struct text *text)
{
	struct text reserved = {0};
	struct writer writer = {.one = one,
				.ops = memory_zeroed(one->count + 1, sizeof *writer.ops),
				.request = memory_zeroed(one->count + 1, sizeof *writer.request),
				.names = memory_zeroed(one->slots + 1, sizeof *writer.names),
				.text = text};
	if (!writer.ops || !writer.request || !writer.names)
		text->failed = true;
	bool same = !text->failed && keep_calls(&writer, &reserved);
	if (!text->failed) {
		uint64_t page = one->space.page_bytes;
		name_slots(&writer);
		write_remark(remark, same, text);
		text_add(text, "iovabench: 1\nname: failure\nabout: ");
		text_add_json(text, remark->outcome->message);
		text_add(text, "\nspace: {base: 0x%" PRIx64 ", size: 0x%" PRIx64, one->space.first * page,
			 (one->space.first + one->space.count) * page);
		if (page != 4096)
			text_add(text, ", page: %" PRIu64 "B", page);
		if (reserved.length)
			text_add(text, ", reserved: [%s]", reserved.bytes);
		text_add(text, "}\ncpus: %" PRIu32 "\nrequests:\n", one->cpus);
		write_requests(&writer);
		text_add(text, "phases:\n  - name: failure\n    script:\n");
		write_calls(&writer);
		text_add(text, "expect:\n  - {metric: failures.fragmented, is: 0}\n");
	}
	text_release(&reserved);
	memory_release(writer.ops);
	memory_release(writer.request);
	memory_release(writer.names);
	return same;
}
