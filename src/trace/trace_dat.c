/* SPDX-License-Identifier: MIT */
#include "trace/trace_dat.h"

#ifdef HAVE_TRACECMD

#include <trace-cmd/trace-cmd.h>

#include <stdio.h>

bool trace_dat_is_readable(void)
{
	return true;
}

static int print_record(struct tracecmd_input *input, struct tep_record *record, int cpu, void *context)
{
	FILE *to = context;
	struct tep_handle *events = tracecmd_get_tep(input);
	struct trace_seq text;
	if (record->missed_events > 0)
		fprintf(to, "CPU:%d [LOST %lld EVENTS]\n", cpu, (long long)record->missed_events);
	else if (record->missed_events < 0)
		fprintf(to, "CPU:%d [EVENTS DROPPED]\n", cpu);
	trace_seq_init(&text);
	tep_print_event(events, &text, record, "%16s-%-5d [%03d] %s %6.1000d: %s: ", TEP_PRINT_COMM, TEP_PRINT_PID,
			TEP_PRINT_CPU, TEP_PRINT_LATENCY, TEP_PRINT_TIME, TEP_PRINT_NAME);
	tep_print_event(events, &text, record, "%s\n", TEP_PRINT_INFO);
	trace_seq_do_fprintf(&text, to);
	trace_seq_destroy(&text);
	return ferror(to) ? 1 : 0;
}

int trace_dat_print(int file, int to)
{
	FILE *text = fdopen(to, "w");
	struct tracecmd_input *input = text ? tracecmd_open_fd(file, TRACECMD_FL_LOAD_NO_PLUGINS) : NULL;
	/* Buffers beside the first one have owners of their own, which trace-cmd report names. */
	if (!input || tracecmd_buffer_instances(input) > 0)
		return 1;
	int result = tracecmd_iterate_events(input, NULL, 0, print_record, text);
	return fclose(text) || result ? 1 : 0;
}

#else

bool trace_dat_is_readable(void)
{
	return false;
}

int trace_dat_print(int file, int to)
{
	(void)file, (void)to;
	return 1;
}

#endif
