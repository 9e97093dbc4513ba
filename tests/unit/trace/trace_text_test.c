/* SPDX-License-Identifier: MIT
 * Which lines the import reads, passes over or refuses, and the files in which they come. */
#include "trace/trace_dat.h"
#include "unit/trace/trace_import.h"

#include <stdio.h>
#include <zstd.h>

static void places_where_events_were_lost_are_counted(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x3", "0xff", "0x8") "CPU:2 [LOST 123 EVENTS]\nCPU:1 [4 EVENTS DROPPED]\n",
		       "+0:3@1");
	assert_int_equal(report.lost_marks, 2);
}

static void unrelated_lines_are_counted(void **state)
{
	(void)state;
	assert_imports("# tracer: nop\n\n" TASK "req: (x) dev=\"0000:00:05.0\" bytes=4096 mask=0xff\n" TASK
		       "dma_map_sg: size=1\n"
		       "no event at all\n" ALLOC(TASK, "0xa", "0x3", "0xff", "0x8"),
		       "+0:3@1");
	assert_int_equal(report.other_lines, 4);
	assert_int_equal(report.foreign_events, 1);
	assert_int_equal(report.used_events, 1);
}

static void task_names_may_hold_anything(void **state)
{
	(void)state;
	assert_imports(ALLOC("   my prog-3: x/y-1234 [003] ...1. 12.5: ", "0xa", "0x1", "0xff", "0x1")
			       ALLOC(" a-1 [1] b: c:-12 [002] d..1. 12.5: ", "0xa", "0x1", "0xff", "0x2")
				       ALLOC("kworker/u16:0-12      [001] ...1.    12.5: ", "0xa", "0x1", "0xff", "0x3")
					       ALLOC(" <...>-99 [000] .....1. 13.1: ", "0xa", "0x1", "0xff", "0x4"),
		       "+0:1@3 +1:1@2 +2:1@1 +3:1@0");
}

static void columns_of_flags_and_thread_groups_are_passed_over(void **state)
{
	(void)state;
	assert_imports(CALL("fio-7 ( 1234) [001] d.H1.2. 1.5: ", "0xa", "0x1", "0xff")
			       RETURN("fio-7 (-------) [002] d.H1. 1.5: ", "0x5"),
		       "+0:1@2");
}

static void lines_of_perf_script_are_read(void **state)
{
	(void)state;
	assert_imports(
		"my prog  1101 [002]   147.575762: probe:allocret: (ffff <- ffff) dom=0xa size=0x2 limit=0xff flush=0 "
		"ret=0x5\n"
		"swapper     0/0     [003]   147.575763:    1    probe:freei: (ffffffffa1) dom=0xa pfn=0x5 size=0x2\n",
		"+0:2@2 -0@3");
}

static void lines_of_trace_cmd_are_read(void **state)
{
	(void)state;
	assert_imports(
		"cpus=4\n           fio-1101  [002]   147.575762: alloc:                (ffffffffa1) dom=0xa size=0x2 "
		"limit=0xff flush=0\n"
		"           fio-1101  [002] d..2.   147.575762: allocret:             (ffffffffa1 <- ffffffffa2) ret=0x5\n",
		"+0:2@2");
}

static void lines_may_end_with_a_carriage_return(void **state)
{
	(void)state;
	assert_imports(TASK "allocret: (x <- y) dom=0xa size=0x2 limit=0xff flush=0 ret=0x5\r\n", "+0:2@1");
}

static void map_lines_before_linux_5_17_are_read(void **state)
{
	(void)state;
	assert_imports(TASK "map: IOMMU: iova=0x0000000000010000 paddr=0x0000000141109000 size=8192\n" TASK
			    "unmap: IOMMU: iova=0x0000000000010000 size=8192 unmapped_size=8192\n",
		       "+0:2@1 -0@1");
}

static void line_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *payload;
		const char *cause;
	} cases[] = {
		{"allocret: (x) dom=0xa size=0x1 limit=0xff flush=0", "no number ret="},
		{"allocret: (x) size=0x1 limit=0xff ret=0x5", "no number dom="},
		{"allocret: (x) dom=0xa limit=0xff ret=0x5", "no number size="},
		{"allocret: (x) dom=0xa size=0x1 ret=0x5", "no number limit="},
		{"allocret: (x) dom=0xa size=0x1z limit=0xff ret=0x5", "no number size="},
		{"allocret: (x) dom=0xa size= limit=0xff ret=0x5", "no number size="},
		{"allocret: (x) dom=0xa size=1f limit=0xff ret=0x5", "no number size="},
		{"allocret: (x) dom=0xa size=0x11111111111111111 limit=0xff ret=0x5", "no number size="},
		{"allocret: (x) dom=0xa size=0x0 limit=0xff ret=0x5", "a range of no pages"},
		{"allocret: (x) dom=0xa size=0x100000000 limit=0xff ret=0x5", "a range of 2^32 pages or more"},
		{"allocret: (x) dom=0xa size=0x1 limit=0xff ret=0x10000000000000", "a page number of 2^52 or more"},
		{"alloc: (x) dom=0xa limit=0xff", "no number size="},
		{"freei: (x) dom=0xa size=0x1", "no number pfn="},
		{"freei: (x) size=0x1", "no number dom="},
		{"map: IOMMU: iova=0x1000 - 0x2000 size=8192", "size= is not the distance of its two addresses"},
		{"map: IOMMU: iova=0x1000 - 0xzz size=4096", "no number behind iova=… -"},
		{"map: IOMMU: iova=0x1001 size=4096", "not whole pages of 4096 bytes"},
		{"map: IOMMU: size=4096", "no number iova="},
		{"unmap: IOMMU: iova=0x1000", "no number size="},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text lines = {0}, message = {0};
		text_add(&lines, "# head\n" TASK "%s\n", cases[i].payload);
		text_add(&message, ":2: %s\n    " TASK "%s", cases[i].cause, cases[i].payload);
		assert_refuses(lines.bytes, message.bytes);
		text_release(&lines);
		text_release(&message);
	}
}

static void cpu_beyond_the_limit_is_refused(void **state)
{
	(void)state;
	assert_refuses("a-1 [4096] .... 1.0: freei: dom=0xa\n",
		       ":1: a CPU number of 4096 or more\n    a-1 [4096] .... 1.0: freei: dom=0xa");
}

static void last_line_without_an_end_is_left_out(void **state)
{
	(void)state;
	assert_imports(ALLOC(TASK, "0xa", "0x2", "0xff", "0x5") TASK "freei: (x) dom=0xa pfn=0x5 si", "+0:2@1");
	assert_true(report.last_line_cut);
	/* What is left of ret=0x56 looks like a whole line. */
	assert_imports(ALLOC(TASK, "0xa", "0x2", "0xff", "0x5") TASK
		       "allocret: (x) dom=0xa size=0x1 limit=0xff flush=0 ret=0x5",
		       "+0:2@1");
	assert_true(report.last_line_cut);
}

static void add_long_line(struct text *text, const char *begin, size_t length)
{
	text_add(text, "%s", begin);
	for (size_t i = strlen(begin); i < length; i++)
		text_add(text, "x");
	text_add(text, "\n");
}

static void long_lines_of_other_kinds_are_passed_over(void **state)
{
	(void)state;
	for (size_t length = 8191; length < 300000; length = length < 8194 ? length + 1 : 3 * length) {
		struct text text = {0};
		add_long_line(&text, TASK "bprint: ", length);
		text_add(&text, ALLOC(TASK, "0xa", "0x2", "0xff", "0x5"));
		assert_imports(text.bytes, "+0:2@1");
		assert_int_equal(report.lines, 2);
		text_release(&text);
	}
}

static void long_line_of_a_known_event_is_refused(void **state)
{
	(void)state;
	struct text text = {0};
	add_long_line(&text, TASK "freei: (x) dom=0xa pfn=0x5 size=0x1 ", 9000);
	assert_int_equal(import_bytes(text.bytes, text.length, OWNERS_ALL), -1);
	assert_non_null(strstr(error.message, ":1: an event in a line of more than 8192 bytes\n"));
	text_release(&text);
}

static void bytes_that_are_no_text_do_no_harm(void **state)
{
	(void)state;
	static const char lines[] = "a\0b\xff\n" TASK "freei: \x1b[0m dom=0xa \0 size=1\n";
	assert_int_equal(import_bytes(lines, sizeof lines - 1, OWNERS_ALL), -1);
	assert_non_null(strstr(error.message, ":2: no number pfn=\n"));
	assert_null(strchr(error.message, 0x1b));
}

/* Long enough for several pieces of input and output. */
static void make_long_recording(struct text *text, unsigned pairs)
{
	for (unsigned i = 0; i < pairs; i++)
		text_add(text,
			 TASK "allocret: (x <- y) dom=0xa size=0x%x limit=0xff flush=0 ret=0x5\n" TASK
			      "freei: (x) dom=0xa pfn=0x5 size=0x%x\n",
			 1 + i % 7, 1 + i % 7);
}

static void packed_text_reads_as_plain_text(void **state)
{
	(void)state;
	struct text text = {0};
	make_long_recording(&text, 5000);
	assert_int_equal(import_bytes(text.bytes, text.length, OWNERS_ALL), 0);
	uint64_t hash = recording.hash;
	size_t bound = ZSTD_compressBound(text.length);
	char *packed = malloc(2 * bound);
	/* Two frames, as when packed files are put together. */
	size_t length = ZSTD_compress(packed, bound, text.bytes, text.length / 3, 3);
	length += ZSTD_compress(packed + length, bound, text.bytes + text.length / 3, text.length - text.length / 3, 3);
	assert_int_equal(import_bytes(packed, length, OWNERS_ALL), 0);
	assert_int_equal(recording.op_count, 10000);
	assert_true(recording.hash == hash);
	assert_int_equal(import_bytes(packed, length - 5, OWNERS_ALL), -1);
	assert_non_null(strstr(error.message, "the packed file is cut off"));
	packed[length / 2] ^= 1;
	assert_int_equal(import_bytes(packed, length, OWNERS_ALL), -1);
	assert_non_null(strstr(error.message, "cannot unpack"));
	free(packed);
	text_release(&text);
}

static void dash_is_standard_input(void **state)
{
	(void)state;
	static const char lines[] = ALLOC(TASK, "0xa", "0x2", "0xff", "0x5");
	write_file(lines, sizeof lines - 1);
	assert_non_null(freopen(path, "r", stdin));
	unlink(path);
	recording_release(&recording);
	assert_int_equal(import_path("-"), 0);
	assert_ops("+0:2@1");
}

static void files_without_a_usable_event_are_refused(void **state)
{
	(void)state;
	assert_refuses(
		"", ": none of its 0 lines is an event that can be used: allocret and freei (probes), dma:*, map and unmap "
		    "(iommu), or what a --rule names; docs/traces.md tells how to record them");
	assert_refuses(FREE(TASK, "0xa", "0x5", "0x1"),
		       ": it frees, but it never allocates: is the event of allocations missing?");
	assert_refuses(CALL(TASK, "0xa", "0x5", "0x1"), ": no allocation in it is complete");
	assert_refuses(UNMAP(TASK, "0x10000", "0x11000", "4096"),
		       ": it frees, but it never allocates: is the event of allocations missing?");
}

static void files_of_other_programs_get_advice(void **state)
{
	(void)state;
	assert_refuses("PERFILE2xxxx", ": a binary file of perf: import what 'perf script -i FILE' prints");
	assert_refuses("\x17\x08\x44tracing6",
		       trace_dat_is_readable()
			       ? ": libtracecmd cannot read it: damaged, cut off, or with instances; a binary file of "
				 "trace-cmd: import what 'trace-cmd report -i FILE' prints"
			       : ": a binary file of trace-cmd: import what 'trace-cmd report -i FILE' prints");
	assert_refuses("\x89IOVA\r\n\x1a", ": a compact recording already");
}

static void missing_file_is_named(void **state)
{
	(void)state;
	error = (struct error){0};
	assert_int_equal(import_path("/nowhere/x.trace"), -1);
	assert_string_equal(error.message, "/nowhere/x.trace: cannot open: No such file or directory");
}

static void folder_is_no_recording(void **state)
{
	(void)state;
	error = (struct error){0};
	assert_int_equal(import_path("/tmp"), -1);
	assert_string_equal(error.message, "/tmp: is a folder, not a file");
}

static void report_tells_what_was_left_out(void **state)
{
	(void)state;
	assert_imports(MAP(TASK, "0x10000", "0x11000", "4096") MAP(OTHER_TASK, "0x10000", "0x11000", "4096") "other\n",
		       "+0:1@1");
	struct text text = {0};
	import_report_add(&report, &text);
	assert_string_equal(
		text.bytes,
		"3 lines: 2 events used, 1 lines of other kinds, 1 domain\n"
		"events of iommu\n"
		"rebuilt from map and unmap events: limits are unknown, domains too, and a lazy unmap looks like a free\n"
		"1 of 2 maps (50.0 %) lie where something was mapped already: several devices share these addresses, "
		"and ranges of theirs are mixed up; record one device, probes or dma:* events\n");
	text_release(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(places_where_events_were_lost_are_counted),
		TEST(unrelated_lines_are_counted),
		TEST(task_names_may_hold_anything),
		TEST(columns_of_flags_and_thread_groups_are_passed_over),
		TEST(lines_of_perf_script_are_read),
		TEST(lines_of_trace_cmd_are_read),
		TEST(lines_may_end_with_a_carriage_return),
		TEST(map_lines_before_linux_5_17_are_read),
		TEST(line_that_cannot_be_read_is_named),
		TEST(cpu_beyond_the_limit_is_refused),
		TEST(last_line_without_an_end_is_left_out),
		TEST(long_lines_of_other_kinds_are_passed_over),
		TEST(long_line_of_a_known_event_is_refused),
		TEST(bytes_that_are_no_text_do_no_harm),
		TEST(packed_text_reads_as_plain_text),
		TEST(dash_is_standard_input),
		TEST(files_without_a_usable_event_are_refused),
		TEST(files_of_other_programs_get_advice),
		TEST(missing_file_is_named),
		TEST(folder_is_no_recording),
		TEST(report_tells_what_was_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
