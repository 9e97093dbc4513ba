/* SPDX-License-Identifier: MIT
 * For tests of the import: an expected recording reads
 *     +slot:pages@cpu  an allocation; dN domain, lN limits, rN refused attempts where they are not 0
 *     -slot@cpu        a free */
#ifndef UNIT_TRACE_IMPORT_H
#define UNIT_TRACE_IMPORT_H

#include "trace/import.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TASK "  fio-7 [001] ...1. 1.5: "
#define OTHER_TASK "  dd-8 [002] ...1. 1.5: "

static char path[64];
static struct recording recording;
static struct import_report report;
static struct error error;

static inline void write_file(const void *bytes, size_t length)
{
	strcpy(path, "/tmp/trace_import_test.XXXXXX");
	int descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, bytes, length), length);
	close(descriptor);
}

static inline int import_path(const char *name)
{
	struct import_options options;
	import_options_default(&options);
	return recording_import(&name, 1, &options, &recording, &report, &error);
}

static inline int import_bytes(const void *bytes, size_t length, uint32_t domain)
{
	recording_release(&recording);
	error = (struct error){0};
	write_file(bytes, length);
	struct import_options options;
	import_options_default(&options);
	options.domain = domain;
	int result = recording_import((const char *[]){path}, 1, &options, &recording, &report, &error);
	unlink(path);
	return result;
}

static inline void add_op(struct text *text, const struct recording_op *op)
{
	text_add(text, text->length ? " " : "");
	if (op->count)
		text_add(text, "+%u:%u@%u", op->slot, op->count, op->cpu);
	else
		text_add(text, "-%u@%u", op->slot, op->cpu);
	if (op->domain)
		text_add(text, "d%u", op->domain);
	if (op->limits)
		text_add(text, "l%u", op->limits);
	if (op->refused)
		text_add(text, "r%u", op->refused);
}

static inline void assert_ops(const char *expected)
{
	struct text text = {0};
	for (size_t i = 0; i < recording.op_count; i++)
		add_op(&text, &recording.ops[i]);
	assert_string_equal(text.bytes, expected);
	text_release(&text);
}

static inline void assert_imports(const char *lines, const char *expected)
{
	if (import_bytes(lines, strlen(lines), OWNERS_ALL))
		fail_msg("%s", error.message);
	assert_ops(expected);
}

/* message: what must stand behind the file's name, whatever follows in further lines. */
static inline void assert_refuses(const char *lines, const char *message)
{
	assert_int_equal(import_bytes(lines, strlen(lines), OWNERS_ALL), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_memory_equal(error.message, path, strlen(path));
	assert_true(strlen(error.message + strlen(path)) >= strlen(message));
	assert_memory_equal(error.message + strlen(path), message, strlen(message));
	char next = error.message[strlen(path) + strlen(message)];
	assert_true(!next || next == '\n');
	assert_null(recording.ops);
}

static inline int teardown(void **state)
{
	(void)state;
	recording_release(&recording);
	return 0;
}

#define ALLOC(head, dom, size, limit, ret)                                                                                 \
	head "allocret: (x+0x1/0x2 <- alloc_iova_fast) dom=" dom " size=" size " limit=" limit " flush=0 ret=" ret "\n"
#define FREE(head, dom, pfn, size) head "freei: (free_iova_fast+0x4/0x140) dom=" dom " pfn=" pfn " size=" size "\n"
#define CALL(head, dom, size, limit)                                                                                       \
	head "alloc: (alloc_iova_fast+0x4/0x2b0) dom=" dom " size=" size " limit=" limit " flush=0\n"
#define RETURN(head, ret) head "allocret: (x+0x1/0x2 <- alloc_iova_fast) ret=" ret "\n"
#define MAP(head, start, end, bytes) head "map: IOMMU: iova=" start " - " end " paddr=0x0000000141109000 size=" bytes "\n"
#define UNMAP(head, start, end, bytes)                                                                                     \
	head "unmap: IOMMU: iova=" start " - " end " size=" bytes " unmapped_size=" bytes "\n"

#endif
