/* SPDX-License-Identifier: MIT */
#include "trace/recording_file.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "trace/recording_layout.h"
#include "trace/slots.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

/* The file as it is read. */
struct reader {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	size_t at;
	struct recording *recording;
	size_t ops_capacity;
	uint64_t ops_promised;
	uint64_t hash_promised;
	uint32_t slots_promised;
	struct slots slots;
	uint8_t *unpacked; /* of one block */
	struct error *error;
};

/* The operations of one block, unpacked. */
struct block {
	const uint8_t *bytes;
	size_t length;
	size_t at;
	size_t offset; /* of the block in the file */
};

static uint64_t number_at(const uint8_t *bytes, unsigned width)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static uint64_t take(struct reader *reader, unsigned width)
{
	uint64_t value = number_at(reader->bytes + reader->at, width);
	reader->at += width;
	return value;
}

static int damaged(struct reader *reader, const char *cause)
{
	return error_set(reader->error, EXIT_CODE_USAGE, "%s: byte %zu: %s", reader->name, reader->at, cause);
}

bool recording_is_compact(const void *bytes, size_t length)
{
	return length >= LAYOUT_MAGIC_BYTES && memcmp(bytes, LAYOUT_MAGIC, LAYOUT_MAGIC_BYTES) == 0;
}

static int out_of_range(struct reader *reader, const char *what, uint64_t value, uint64_t least, uint64_t most)
{
	return error_set(reader->error, EXIT_CODE_USAGE, "%s: the header says %llu %s; %llu to %llu are possible",
			 reader->name, (unsigned long long)value, what, (unsigned long long)least,
			 (unsigned long long)most);
}

/* Finds the header's end and checks its sum, so that all that follows reads what was written. */
static int check_header_sum(struct reader *reader, size_t *end)
{
	if (!recording_is_compact(reader->bytes, reader->length))
		return error_set(reader->error, EXIT_CODE_USAGE,
				 "%s: no compact recording: its first 8 bytes are not those of an .iovatrace file; "
				 "'iovabench trace import' makes one from a kernel's text",
				 reader->name);
	if (reader->length < LAYOUT_HEADER_FIXED_BYTES)
		return error_set(reader->error, EXIT_CODE_USAGE, "%s: cut off at byte %zu, in its header", reader->name,
				 reader->length);
	uint64_t version = number_at(reader->bytes + 8, 4);
	if (version < LAYOUT_VERSION_PLAIN || version > LAYOUT_VERSION)
		return error_set(reader->error, EXIT_CODE_USAGE, "%s: version %llu; this program reads versions %u to %u",
				 reader->name, (unsigned long long)version, LAYOUT_VERSION_PLAIN, LAYOUT_VERSION);
	uint64_t header_bytes = number_at(reader->bytes + 12, 4);
	if (header_bytes < LAYOUT_HEADER_FIXED_BYTES + LAYOUT_CHECKSUM_BYTES || header_bytes > LAYOUT_HEADER_BYTES_MAX)
		return out_of_range(reader, "header bytes", header_bytes, LAYOUT_HEADER_FIXED_BYTES + LAYOUT_CHECKSUM_BYTES,
				    LAYOUT_HEADER_BYTES_MAX);
	if (header_bytes > reader->length)
		return error_set(reader->error, EXIT_CODE_USAGE, "%s: cut off at byte %zu, in its header of %llu bytes",
				 reader->name, reader->length, (unsigned long long)header_bytes);
	*end = (size_t)header_bytes - LAYOUT_CHECKSUM_BYTES;
	if (hash_bytes(HASH_START, reader->bytes, *end) != number_at(reader->bytes + *end, 8))
		return error_set(reader->error, EXIT_CODE_USAGE,
				 "%s: byte 0: the checksum of the header is wrong: the file is damaged", reader->name);
	return 0;
}

static int read_limits(struct reader *reader, size_t end)
{
	struct recording *recording = reader->recording;
	for (size_t i = 0; i < recording->limits_count; i++) {
		struct recording_limits *limits = &recording->limits[i];
		if (reader->at >= end)
			return damaged(reader, "the header ends inside its limits");
		limits->count = (size_t)take(reader, 1);
		if (limits->count < 1 || limits->count > WORKLOAD_HIGHS_MAX)
			return out_of_range(reader, "limits of one demand", limits->count, 1, WORKLOAD_HIGHS_MAX);
		if (end - reader->at < 8 * limits->count)
			return damaged(reader, "the header ends inside its limits");
		for (size_t j = 0; j < limits->count; j++)
			limits->high[j] = take(reader, 8);
	}
	return 0;
}

/* Facts that this program does not know are passed over. */
static int read_facts(struct reader *reader, size_t end)
{
	if (number_at(reader->bytes + 8, 4) == LAYOUT_VERSION_PLAIN)
		return 0;
	if (reader->at >= end)
		return damaged(reader, "the header ends inside its facts");
	size_t count = (size_t)take(reader, 1);
	if (end - reader->at < 8 * count)
		return damaged(reader, "the header ends inside its facts");
	for (size_t i = 0; i < count; i++) {
		uint64_t value = take(reader, 8);
		if (i < RECORDING_FACTS)
			reader->recording->facts[i] = value;
	}
	return 0;
}

static int read_source(struct reader *reader, size_t end, size_t source_bytes, char *source)
{
	if (end - reader->at != source_bytes || source_bytes >= RECORDING_SOURCE_BYTES)
		return damaged(reader, "the name of the source does not fill the rest of the header");
	if (source) {
		memcpy(source, reader->bytes + reader->at, source_bytes);
		source[source_bytes] = '\0';
	}
	reader->at = end + LAYOUT_CHECKSUM_BYTES;
	return 0;
}

static int read_header(struct reader *reader, char *source)
{
	size_t end = 0;
	if (check_header_sum(reader, &end))
		return -1;
	struct recording *recording = reader->recording;
	reader->at = 16;
	uint64_t page_bytes = take(reader, 4);
	recording->cpus = (uint32_t)take(reader, 4);
	recording->domain_count = (uint32_t)take(reader, 4);
	reader->slots_promised = (uint32_t)take(reader, 4);
	reader->ops_promised = take(reader, 8);
	reader->hash_promised = take(reader, 8);
	recording->limits_count = (size_t)take(reader, 2);
	size_t source_bytes = (size_t)take(reader, 2);
	if (page_bytes < RECORDING_PAGE_BYTES_MIN || page_bytes > RECORDING_PAGE_BYTES_MAX)
		return out_of_range(reader, "bytes of a page", page_bytes, RECORDING_PAGE_BYTES_MIN,
				    RECORDING_PAGE_BYTES_MAX);
	if (page_bytes & (page_bytes - 1))
		return damaged(reader, "the bytes of a page are no power of two");
	recording->page_bytes = (uint32_t)page_bytes;
	if (recording->cpus < 1 || recording->cpus > WORKLOAD_CPUS_MAX)
		return out_of_range(reader, "CPUs", recording->cpus, 1, WORKLOAD_CPUS_MAX);
	if (recording->domain_count < 1 || recording->domain_count > RECORDING_DOMAINS_MAX)
		return out_of_range(reader, "domains", recording->domain_count, 1, RECORDING_DOMAINS_MAX);
	if (reader->ops_promised < 1 || reader->ops_promised > RECORDING_OPS_MAX)
		return out_of_range(reader, "operations", reader->ops_promised, 1, RECORDING_OPS_MAX);
	if (recording->limits_count < 1 || recording->limits_count > RECORDING_LIMITS_MAX)
		return out_of_range(reader, "lists of limits", recording->limits_count, 1, RECORDING_LIMITS_MAX);
	if (read_limits(reader, end) || read_facts(reader, end))
		return -1;
	return read_source(reader, end, source_bytes, source);
}

static int wrong_op(struct reader *reader, const struct block *block, const char *cause)
{
	return error_set(reader->error, EXIT_CODE_USAGE, "%s: op %zu (byte %zu of the block at byte %zu, unpacked): %s",
			 reader->name, reader->recording->op_count, block->at, block->offset, cause);
}

/* LEB128, shortest form only: one recording has one encoding. */
static int read_number(struct reader *reader, struct block *block, uint64_t most, const char *what, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		if (block->at == block->length)
			return wrong_op(reader, block, "the block ends inside a number");
		uint8_t byte = block->bytes[block->at++];
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (byte == 0 && shift > 0)
			return wrong_op(reader, block, "a number is longer than it must be");
		if (*value <= most)
			return 0;
		break;
	}
	return wrong_op(reader, block, what);
}

static int read_context(struct reader *reader, struct block *block, uint64_t tag, struct layout_context *context)
{
	const struct recording *recording = reader->recording;
	uint64_t value;
	if (tag & LAYOUT_OP_CPU) {
		if (read_number(reader, block, recording->cpus - 1, "its CPU is not below the header's", &value))
			return -1;
		context->cpu = (uint16_t)value;
	}
	if (tag & LAYOUT_OP_DOMAIN) {
		if (read_number(reader, block, recording->domain_count - 1, "its domain is not below the header's", &value))
			return -1;
		context->domain = (uint8_t)value;
	}
	if (tag & LAYOUT_OP_LIMITS) {
		if (read_number(reader, block, recording->limits_count - 1, "its limits are not in the header", &value))
			return -1;
		context->limits = (uint8_t)value;
		if (read_number(reader, block, WORKLOAD_HIGHS_MAX, "more limits were refused than it has", &value))
			return -1;
		context->refused = (uint8_t)value;
	}
	return 0;
}

static int place_op(struct reader *reader, struct block *block, struct recording_op *op)
{
	struct slots *slots = &reader->slots;
	if (op->count == 0) {
		int domain = slots_domain(slots, op->slot);
		if (domain < 0)
			return wrong_op(reader, block, "it frees an empty slot");
		if (domain != op->domain)
			return wrong_op(reader, block, "it frees a range of another domain");
		slots_give(slots, op->slot);
		return 0;
	}
	size_t limits_count = reader->recording->limits[op->limits].count;
	if (op->refused > limits_count)
		return wrong_op(reader, block, "more limits were refused than it has");
	if (op->refused == limits_count)
		op->slot = slots_peek(slots);
	else if (slots_take(slots, op->domain, &op->slot))
		return error_set(reader->error, EXIT_CODE_IO, "%s: no memory for its slots", reader->name);
	if (slots->count > reader->slots_promised)
		return wrong_op(reader, block, "more ranges are live than the header says");
	return 0;
}

static int read_op(struct reader *reader, struct block *block, struct layout_context *context)
{
	uint64_t tag;
	const uint64_t tag_max = (uint64_t)UINT32_MAX << LAYOUT_OP_SHIFT | 15;
	if (read_number(reader, block, tag_max, "a number does not fit into 32 bits", &tag))
		return -1;
	bool is_free = tag & LAYOUT_OP_FREE;
	if (is_free && (tag & LAYOUT_OP_LIMITS))
		return wrong_op(reader, block, "a free carries limits");
	if (!is_free && !(tag >> LAYOUT_OP_SHIFT))
		return wrong_op(reader, block, "an allocation of no pages");
	if (read_context(reader, block, tag, context))
		return -1;
	struct recording_op op = {.cpu = context->cpu, .domain = context->domain};
	if (is_free) {
		op.slot = (uint32_t)(tag >> LAYOUT_OP_SHIFT);
	} else {
		op.count = (uint32_t)(tag >> LAYOUT_OP_SHIFT);
		op.limits = context->limits;
		op.refused = context->refused;
	}
	if (place_op(reader, block, &op))
		return -1;
	struct recording *recording = reader->recording;
	if (memory_grow(&recording->ops, &reader->ops_capacity, recording->op_count, sizeof op))
		return error_set(reader->error, EXIT_CODE_IO, "%s: no memory for its operations", reader->name);
	recording->ops[recording->op_count++] = op;
	return 0;
}

static int read_ops(struct reader *reader, struct block *block, uint64_t count)
{
	struct layout_context context = {0};
	for (uint64_t i = 0; i < count; i++)
		if (read_op(reader, block, &context))
			return -1;
	if (block->at != block->length)
		return wrong_op(reader, block, "the block holds more bytes than operations");
	return 0;
}

static int wrong_block(struct reader *reader, size_t offset, const char *cause)
{
	return error_set(reader->error, EXIT_CODE_USAGE, "%s: op %zu (block at byte %zu): %s", reader->name,
			 reader->recording->op_count, offset, cause);
}

static int read_block(struct reader *reader)
{
	size_t offset = reader->at;
	uint64_t missing = reader->ops_promised - reader->recording->op_count;
	if (reader->length - reader->at < LAYOUT_BLOCK_HEAD_BYTES)
		return wrong_block(reader, offset, "cut off: operations that the header promises are missing");
	uint64_t count = take(reader, 4);
	uint64_t unpacked = take(reader, 4);
	uint64_t packed = take(reader, 4);
	uint64_t sum = take(reader, 8);
	if (packed > reader->length - reader->at)
		return wrong_block(reader, offset, "cut off inside the block");
	const uint8_t *bytes = reader->bytes + reader->at;
	uint64_t computed = hash_bytes(HASH_START, reader->bytes + offset, 12);
	if (hash_bytes(computed, bytes, (size_t)packed) != sum)
		return wrong_block(reader, offset, "its checksum is wrong: the file is damaged");
	if (count != (missing < LAYOUT_BLOCK_OPS ? missing : LAYOUT_BLOCK_OPS))
		return wrong_block(reader, offset, "its number of operations does not follow from the header's");
	if (unpacked < count || unpacked > count * LAYOUT_OP_BYTES_MAX)
		return wrong_block(reader, offset, "its unpacked size cannot belong to its operations");
	size_t got = ZSTD_decompress(reader->unpacked, (size_t)unpacked, bytes, (size_t)packed);
	if (ZSTD_isError(got) || got != unpacked)
		return wrong_block(reader, offset,
				   ZSTD_isError(got) ? ZSTD_getErrorName(got) : "it unpacks to another size");
	reader->at += (size_t)packed;
	struct block block = {.bytes = reader->unpacked, .length = got, .offset = offset};
	return read_ops(reader, &block, count);
}

static int read_all(struct reader *reader, char *source)
{
	struct recording *recording = reader->recording;
	if (read_header(reader, source))
		return -1;
	reader->unpacked = memory_resize(NULL, LAYOUT_BLOCK_OPS, LAYOUT_OP_BYTES_MAX);
	if (!reader->unpacked)
		return error_set(reader->error, EXIT_CODE_IO, "%s: no memory to unpack it", reader->name);
	while (recording->op_count < reader->ops_promised)
		if (read_block(reader))
			return -1;
	if (reader->at != reader->length)
		return damaged(reader, "bytes follow the last operation");
	recording->slot_count = reader->slots.count;
	if (recording->slot_count != reader->slots_promised)
		return damaged(reader, "fewer ranges were live than the header says");
	recording->hash = recording_hash(recording);
	if (recording->hash != reader->hash_promised)
		return damaged(reader, "the content is not what the header's hash says");
	return 0;
}

int recording_decode(const char *name, const void *bytes, size_t length, struct recording *recording,
		     char source[RECORDING_SOURCE_BYTES], struct error *error)
{
	assert(name && (bytes || !length));
	memset(recording, 0, sizeof *recording);
	struct reader reader = {.name = name, .bytes = bytes, .length = length, .recording = recording, .error = error};
	int result = read_all(&reader, source);
	slots_release(&reader.slots);
	memory_release(reader.unpacked);
	if (result)
		recording_release(recording);
	return result;
}

/* Takes a header from the file and believes it alone about how much may follow. */
static int take_header(struct file *file, struct text *content, size_t *limit, struct error *error)
{
	struct recording frame = {0};
	const char *head;
	size_t got;
	/* What is none is not read. */
	if (file_peek(file, &head, &got, error))
		return -1;
	size_t wanted = recording_is_compact(head, got) ? LAYOUT_HEADER_BYTES_MAX : got;
	char *bytes = memory_resize(NULL, wanted + 1, 1);
	if (!bytes || file_take(file, bytes, wanted, &got, error)) {
		memory_release(bytes);
		return error_set(error, EXIT_CODE_IO, "%s: no memory for its header", file->name);
	}
	*content = (struct text){.bytes = bytes, .length = got, .capacity = wanted + 1};
	struct reader reader = {
		.name = file->name, .bytes = (const uint8_t *)bytes, .length = got, .recording = &frame, .error = error};
	if (read_header(&reader, NULL))
		return -1;
	uint64_t blocks = (reader.ops_promised + LAYOUT_BLOCK_OPS - 1) / LAYOUT_BLOCK_OPS;
	uint64_t most = LAYOUT_HEADER_BYTES_MAX + blocks * LAYOUT_BLOCK_BYTES_MAX;
	*limit = most < RECORDING_FILE_BYTES_MAX ? (size_t)most : RECORDING_FILE_BYTES_MAX;
	return 0;
}

int recording_take(struct file *file, struct recording *recording, struct error *error)
{
	assert(file->descriptor >= 0);
	struct text content = {0};
	size_t limit;
	memset(recording, 0, sizeof *recording);
	int result = take_header(file, &content, &limit, error);
	if (result == 0)
		result = file_take_rest(file, limit, &content, error);
	if (result == 0)
		result = recording_decode(file->name, content.bytes, content.length, recording, NULL, error);
	text_release(&content);
	return result;
}

int recording_read(const char *path, struct recording *recording, struct error *error)
{
	struct file file;
	memset(recording, 0, sizeof *recording);
	if (file_open(path, &file, error))
		return -1;
	int result = recording_take(&file, recording, error);
	file_close(&file);
	return result;
}

uint64_t recording_hash(const struct recording *recording)
{
	assert(recording->limits_count <= RECORDING_LIMITS_MAX);
	uint64_t hash = 0;
	for (size_t i = 0; i < recording->op_count; i++) {
		hash = layout_hash_op(hash, &recording->ops[i]);
		if (i % RECORDING_LEAVE_OPS == 0)
			recording_leave(recording, i);
	}
	return layout_hash_frame(hash, recording);
}
