/* SPDX-License-Identifier: MIT
 * What run and resume have in common once everything was measured. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/gate_end.h"
#include "cli/say.h"
#include "report/format.h"
#include "report/report.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cli_write_report(const struct result *result, const char *folder, struct error *error)
{
	struct text path = {0};
	struct file_writer writer;
	text_add(&path, "%s/report.html", folder);
	int status = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
	int opened = status == 0 ? file_open_folder(folder, error) : -1;
	if (opened >= 0) {
		const struct file_sink sink = file_sink_to_writer(&writer);
		status = file_writer_begin_at(&writer, opened, "report.html", path.bytes, error);
		if (status == 0 && (status = report_html_to(result, &sink, error)) < 0)
			file_writer_drop(&writer);
		else if (status == 0)
			status = file_writer_end(&writer, error);
		close(opened);
	}
	text_release(&path);
	return opened < 0 ? -1 : status;
}

static int write_json(const char *name, const struct result *result, struct error *error)
{
	struct text json = {0};
	if (!name)
		return 0;
	int status = result_write(result, &json, error);
	if (status == 0 && strcmp(name, "-") == 0)
		fwrite(json.bytes, 1, json.length, stdout);
	else if (status == 0)
		status = file_write_whole(name, json.bytes, json.length, error);
	text_release(&json);
	return status;
}

/* Where data goes that is for people: JSON may have standard output. */
static FILE *out_of(const struct cli_output *output)
{
	return output->json && strcmp(output->json, "-") == 0 ? stderr : stdout;
}

/* Also of an interrupted run: it says so. */
static enum exit_code hold(const struct cli_output *output, const struct result *result, struct error *error)
{
	struct text text = {0}, plain = {0};
	if (!output->gate || !output->gate->held)
		return EXIT_CODE_OK;
	enum exit_code code = cli_gate_tell(output->gate, result, output->all, output->quiet, &text, NULL, error);
	if (error->exit_code == EXIT_CODE_OK) {
		text_add_lines(&plain, text.bytes);
		fprintf(out_of(output), "%s%s", output->quiet ? "" : "\n", plain.failed ? "" : plain.bytes);
	}
	text_release(&text);
	text_release(&plain);
	return error->exit_code == EXIT_CODE_OK ? code : EXIT_CODE_OK;
}

static void show(const struct cli_output *output, const struct result *result, const char *folder, const char *file)
{
	FILE *out = out_of(output);
	struct text table = {0};
	if (output->answer)
		output->answer(result, cli_width(fileno(out)), &table);
	else if (output->quiet)
		return;
	else
		report_terminal(result, cli_takes_color(fileno(out), output->color), cli_width(fileno(out)), output->all,
				&table);
	if (table.bytes && !table.failed)
		fwrite(table.bytes, 1, table.length, out);
	if (output->answer)
		fprintf(out, "all of it: %s/%s; as a table: iovabench report %s\n", folder, file, folder);
	else
		fprintf(out, "\nreport: %s/%s\n", folder, file);
	text_release(&table);
}

static void tell_arm(const char *command, const struct result *result, const struct result_arm *arm)
{
	struct text label = {0}, state = {0};
	bool fine = arm->state == RESULT_ARM_OK || (arm->state == RESULT_ARM_NOT_APPLICABLE && !arm->named);
	if (fine || arm->state == RESULT_ARM_NOT_RUN)
		return;
	result_workload_label(&result->workloads[arm->workload], &label);
	format_state(arm, &state);
	cli_say("iovabench %s: %s, %s: %s: %s\n", command, label.bytes ? label.bytes : "", arm->spec,
		state.bytes ? state.bytes : "", arm->reason ? arm->reason : "no reason was recorded");
	text_release(&state);
	text_release(&label);
	for (size_t i = 0; arm->violation_count > 1 && i < arm->violation_count; i++) {
		struct text line = {0};
		result_violation_text(&arm->violations[i], &line);
		cli_say("  %s\n", line.failed ? "no memory" : line.bytes);
		text_release(&line);
	}
}

void cli_tell_faults(const char *command, const struct result *result)
{
	for (size_t i = 0; i < result->arm_count; i++)
		tell_arm(command, result, &result->arms[i]);
	for (size_t i = 0; i < result->expectation_count; i++) {
		const struct result_expectation *expectation = &result->expectations[i];
		const struct result_arm *arm = &result->arms[expectation->arm];
		if (expectation->met)
			continue;
		cli_say("iovabench %s: %s, %s: expected %s %s: missed", command, result->workloads[arm->workload].name,
			arm->spec, expectation->metric, expectation->wanted);
		cli_say(isfinite(expectation->got) ? " (%.6g)\n" : " (not measured)\n", expectation->got);
	}
	if (result->run.partial)
		cli_say("iovabench %s: the run was interrupted: its results are partial\n", command);
}

enum exit_code cli_end_run(const char *command, enum exit_code code, const struct cli_output *output, struct result *result,
			   struct text *folder, struct text *messages, struct error *error)
{
	assert(folder && messages && error);
	if (messages->length)
		cli_say("%s", messages->bytes);
	/* Whatever fails now: what was measured is shown, and where it lies. */
	if (error->exit_code == EXIT_CODE_OK) {
		bool reported = cli_write_report(result, folder->bytes, error) == 0;
		write_json(output->json, result, error);
		show(output, result, folder->bytes, reported ? "report.html" : "result.json");
		/* The table tells them, when there is one. */
		if (output->quiet || output->answer)
			cli_tell_faults(command, result);
		if (result->run.trouble)
			cli_say("iovabench %s: %s\n", command, result->run.trouble);
		code = exit_code_of_both(code, hold(output, result, error));
	}
	if (*error->message)
		cli_say("iovabench %s: %s\n", command, error->message);
	result_release(result);
	text_release(folder);
	text_release(messages);
	return error->exit_code != EXIT_CODE_OK ? error->exit_code : code;
}
