/* SPDX-License-Identifier: MIT */
#include "trace/recording_file.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "trace/recording_layout.h"
#include "trace/slots.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

/* Recordings are written once and read for years; 19 is the highest level that needs no more memory to unpack. */
#define ZSTD_LEVEL 6

struct writer {
	const struct recording *recording;
	struct slots slots;
	uint32_t *renumbered; /* [slot_count]: 1 + the slot in the file, 0 = empty */
	uint64_t hash;
	struct text block; /* unpacked */
	uint8_t *packed;
	size_t packed_room;
	struct file_writer *file;
	struct error *error;
};

static void add_number(struct text *text, uint64_t value, unsigned width)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	text_add_bytes(text, bytes, width);
}

static void add_varint(struct text *text, uint64_t value)
{
	uint8_t bytes[10];
	size_t length = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (uint8_t)(value | 0x80);
	bytes[length++] = (uint8_t)value;
	text_add_bytes(text, bytes, length);
}

static int wrong_op(struct writer *writer, size_t index, const char *cause)
{
	return error_set(writer->error, EXIT_CODE_IO, "recording: op %zu: %s", index, cause);
}

static int check_frame(struct writer *writer)
{
	const struct recording *recording = writer->recording;
	bool fits = recording->op_count >= 1 && recording->op_count <= RECORDING_OPS_MAX && recording->cpus >= 1 &&
		    recording->cpus <= WORKLOAD_CPUS_MAX && recording->domain_count >= 1 &&
		    recording->domain_count <= RECORDING_DOMAINS_MAX && recording->limits_count >= 1 &&
		    recording->limits_count <= RECORDING_LIMITS_MAX && recording->slot_count <= WORKLOAD_LIVE_MAX;
	for (size_t i = 0; fits && i < recording->limits_count; i++)
		fits = recording->limits[i].count >= 1 && recording->limits[i].count <= WORKLOAD_HIGHS_MAX;
	if (!fits)
		return error_set(writer->error, EXIT_CODE_IO,
				 "recording: %zu operations, %u CPUs, %u domains, %u slots, %zu lists of limits do not fit "
				 "into a file",
				 recording->op_count, recording->cpus, recording->domain_count, recording->slot_count,
				 recording->limits_count);
	return 0;
}

/* Checks op and gives it the slot that it has in the file. */
static int renumber(struct writer *writer, size_t index, struct recording_op *op)
{
	const struct recording *recording = writer->recording;
	if (op->slot >= recording->slot_count || op->cpu >= recording->cpus || op->domain >= recording->domain_count)
		return wrong_op(writer, index, "its slot, CPU or domain is not below the recording's count");
	uint32_t *renumbered = &writer->renumbered[op->slot];
	if (op->count == 0) {
		if (!*renumbered || slots_domain(&writer->slots, *renumbered - 1) != op->domain)
			return wrong_op(writer, index, "it frees an empty slot, or a range of another domain");
		op->slot = *renumbered - 1;
		slots_give(&writer->slots, op->slot);
		*renumbered = 0;
		op->limits = 0;
		op->refused = 0;
		return 0;
	}
	if (*renumbered)
		return wrong_op(writer, index, "it allocates into a slot that is taken");
	if (op->limits >= recording->limits_count || op->refused > recording->limits[op->limits].count)
		return wrong_op(writer, index, "its limits are not in the recording, or more were refused than it has");
	if (op->refused == recording->limits[op->limits].count) {
		op->slot = slots_peek(&writer->slots);
		return 0;
	}
	if (slots_take(&writer->slots, op->domain, &op->slot))
		return error_set(writer->error, EXIT_CODE_IO, "recording: no memory for its slots");
	*renumbered = op->slot + 1;
	return 0;
}

static void add_op(struct text *block, struct layout_context *context, const struct recording_op *op)
{
	bool is_free = op->count == 0;
	uint64_t tag = (uint64_t)(is_free ? op->slot : op->count) << LAYOUT_OP_SHIFT;
	if (is_free)
		tag |= LAYOUT_OP_FREE;
	if (op->cpu != context->cpu)
		tag |= LAYOUT_OP_CPU;
	if (op->domain != context->domain)
		tag |= LAYOUT_OP_DOMAIN;
	if (!is_free && (op->limits != context->limits || op->refused != context->refused))
		tag |= LAYOUT_OP_LIMITS;
	add_varint(block, tag);
	if (tag & LAYOUT_OP_CPU)
		add_varint(block, context->cpu = op->cpu);
	if (tag & LAYOUT_OP_DOMAIN)
		add_varint(block, context->domain = op->domain);
	if (tag & LAYOUT_OP_LIMITS) {
		add_varint(block, context->limits = op->limits);
		add_varint(block, context->refused = op->refused);
	}
}

static int no_memory(struct writer *writer)
{
	return error_set(writer->error, EXIT_CODE_IO, "recording: no memory to write it");
}

static int pack_block(struct writer *writer, size_t count)
{
	size_t bound = ZSTD_compressBound(writer->block.length);
	if (bound > writer->packed_room) {
		uint8_t *wider = memory_resize(writer->packed, bound, 1);
		if (!wider)
			return no_memory(writer);
		writer->packed = wider;
		writer->packed_room = bound;
	}
	size_t length = ZSTD_compress(writer->packed, bound, writer->block.bytes, writer->block.length, ZSTD_LEVEL);
	if (ZSTD_isError(length))
		return error_set(writer->error, EXIT_CODE_IO, "recording: cannot pack it: %s", ZSTD_getErrorName(length));
	struct text head = {0};
	add_number(&head, count, 4);
	add_number(&head, writer->block.length, 4);
	add_number(&head, length, 4);
	int result = head.failed ? no_memory(writer) : 0;
	if (result == 0) {
		uint64_t sum = hash_bytes(HASH_START, head.bytes, head.length);
		add_number(&head, hash_bytes(sum, writer->packed, length), 8);
		result = head.failed ? no_memory(writer)
				     : file_writer_add(writer->file, head.bytes, head.length, writer->error);
	}
	text_release(&head);
	return result ? -1 : file_writer_add(writer->file, writer->packed, length, writer->error);
}

/* The same operations twice: the header, which comes first, tells their hash and their slots. */
static int restart(struct writer *writer)
{
	slots_release(&writer->slots);
	memory_release(writer->renumbered);
	writer->renumbered = memory_zeroed(writer->recording->slot_count, sizeof *writer->renumbered);
	return writer->renumbered ? 0 : no_memory(writer);
}

static int hash_ops(struct writer *writer)
{
	const struct recording *recording = writer->recording;
	for (size_t i = 0; i < recording->op_count; i++) {
		struct recording_op op = recording->ops[i];
		if (renumber(writer, i, &op))
			return -1;
		writer->hash = layout_hash_op(writer->hash, &op);
		if (i % RECORDING_LEAVE_OPS == 0)
			recording_leave(recording, i);
	}
	return 0;
}

static int add_blocks(struct writer *writer)
{
	const struct recording *recording = writer->recording;
	for (size_t first = 0; first < recording->op_count; first += LAYOUT_BLOCK_OPS) {
		size_t count = recording->op_count - first;
		if (count > LAYOUT_BLOCK_OPS)
			count = LAYOUT_BLOCK_OPS;
		struct layout_context context = {0};
		writer->block.length = 0;
		recording_leave(recording, first);
		for (size_t i = first; i < first + count; i++) {
			struct recording_op op = recording->ops[i];
			if (renumber(writer, i, &op))
				return -1;
			add_op(&writer->block, &context, &op);
		}
		if (writer->block.failed)
			return no_memory(writer);
		if (pack_block(writer, count))
			return -1;
	}
	return 0;
}

static bool has_facts(const struct recording *recording)
{
	bool has = false;
	for (size_t i = 0; i < RECORDING_FACTS; i++)
		has |= recording->facts[i] != 0;
	return has;
}

static void add_header(const struct writer *writer, const char *source, struct text *file)
{
	struct recording frame = *writer->recording;
	frame.slot_count = writer->slots.count;
	size_t source_bytes = strnlen(source, RECORDING_SOURCE_BYTES - 1);
	size_t header_bytes = LAYOUT_HEADER_FIXED_BYTES + source_bytes + LAYOUT_CHECKSUM_BYTES;
	for (size_t i = 0; i < frame.limits_count; i++)
		header_bytes += 1 + 8 * frame.limits[i].count;
	text_add_bytes(file, LAYOUT_MAGIC, LAYOUT_MAGIC_BYTES);
	bool plain = !has_facts(&frame);
	header_bytes += plain ? 0 : 1 + 8 * RECORDING_FACTS;
	add_number(file, plain ? LAYOUT_VERSION_PLAIN : LAYOUT_VERSION, 4);
	add_number(file, header_bytes, 4);
	add_number(file, recording_page_bytes(&frame), 4);
	add_number(file, frame.cpus, 4);
	add_number(file, frame.domain_count, 4);
	add_number(file, frame.slot_count, 4);
	add_number(file, frame.op_count, 8);
	add_number(file, layout_hash_frame(writer->hash, &frame), 8);
	add_number(file, frame.limits_count, 2);
	add_number(file, source_bytes, 2);
	for (size_t i = 0; i < frame.limits_count; i++) {
		add_number(file, frame.limits[i].count, 1);
		for (size_t j = 0; j < frame.limits[i].count; j++)
			add_number(file, frame.limits[i].high[j], 8);
	}
	if (!plain)
		add_number(file, RECORDING_FACTS, 1);
	for (size_t i = 0; i < RECORDING_FACTS && !plain; i++)
		add_number(file, frame.facts[i], 8);
	for (size_t i = 0; i < source_bytes; i++)
		text_add_bytes(file, (unsigned char)source[i] < ' ' || source[i] == 0x7f ? "?" : &source[i], 1);
	if (!file->failed)
		add_number(file, hash_bytes(HASH_START, file->bytes, file->length), LAYOUT_CHECKSUM_BYTES);
}

static int write_file(struct writer *writer, const char *source)
{
	struct text header = {0};
	add_header(writer, source, &header);
	int result = header.failed ? no_memory(writer)
				   : file_writer_add(writer->file, header.bytes, header.length, writer->error);
	text_release(&header);
	return result || restart(writer) || add_blocks(writer) ? -1 : 0;
}

int recording_write(const char *path, const char *source, const struct recording *recording, struct error *error)
{
	assert(source && (recording->ops || !recording->op_count));
	struct file_writer file;
	struct writer writer = {.recording = recording, .file = &file, .error = error};
	int result = check_frame(&writer) || restart(&writer) || hash_ops(&writer) ? -1 : 0;
	if (result == 0)
		result = file_writer_begin(&file, path, error);
	if (result == 0 && write_file(&writer, source) == 0)
		result = file_writer_end(&file, error);
	else if (result == 0) {
		file_writer_drop(&file);
		result = -1;
	}
	slots_release(&writer.slots);
	memory_release(writer.renumbered);
	memory_release(writer.packed);
	text_release(&writer.block);
	return result;
}
