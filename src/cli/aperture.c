/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/run_arguments.h"
#include "cli/say.h"
#include "run/aperture.h"

#include <stdio.h>
#include <string.h>

static const char *size_text(char buffer[TEXT_NUMBER_BYTES], const struct aperture *answer, uint64_t pages)
{
	return text_bytes(buffer, (double)pages * (double)answer->page_bytes);
}

static void add_row(const struct aperture *answer, struct text *text)
{
	char size[TEXT_NUMBER_BYTES], above[TEXT_NUMBER_BYTES];
	text_add(text, "%-28s %-32s ", answer->workload, answer->spec);
	if (answer->reason) {
		text_add(text, "%s", answer->exit_code == EXIT_CODE_NO_ARM ? "n/a" : "failed");
		if (answer->owner != ERROR_OWNER_NONE)
			text_add(text, " (%s)", error_owner_name[answer->owner]);
		text_add(text, ": %s\n", answer->reason);
		return;
	}
	if (!answer->found) {
		text_add(text, "none: it failed in every space up to %u times its own\n", APERTURE_GROWTH_MAX);
		return;
	}
	text_add(text, "%12s %14llu %8.3f %6u", size_text(size, answer, answer->pages), (unsigned long long)answer->pages,
		 (double)answer->pages / (double)(answer->peak_live_pages ? answer->peak_live_pages : 1), answer->runs);
	if (answer->failing_above)
		text_add(text, "  yet %s failed", size_text(above, answer, answer->failing_above));
	text_add(text, "\n");
}

static void put_null(struct json_writer *writer, json_t *object, const char *key, const char *reason)
{
	char reason_key[64];
	snprintf(reason_key, sizeof reason_key, "%s_reason", key);
	json_put(writer, object, key, json_null());
	json_put_text(writer, object, reason_key, reason);
}

static void add_object(const struct aperture *answer, struct json_writer *writer, json_t *object)
{
	json_put_text(writer, object, "workload", answer->workload);
	json_put_text(writer, object, "spec", answer->spec);
	json_put_text(writer, object, "state",
		      !answer->reason                         ? "ok"
		      : answer->exit_code == EXIT_CODE_NO_ARM ? "n/a"
							      : "failed");
	json_put_text(writer, object, "owner", error_owner_name[answer->owner]);
	json_put_text(writer, object, "reason", answer->reason);
	if (answer->found)
		json_put_u64(writer, object, "min_aperture_pages", answer->pages);
	else
		put_null(writer, object, "min_aperture_pages",
			 answer->reason ? "not played" : "it failed in every space that was tried");
	json_put_u64(writer, object, "page_bytes", answer->page_bytes);
	json_put_u64(writer, object, "written_pages", answer->written_pages);
	json_put_u64(writer, object, "peak_live_pages", answer->peak_live_pages);
	if (answer->failing_above)
		json_put_u64(writer, object, "failing_above_pages", answer->failing_above);
	else
		put_null(writer, object, "failing_above_pages", "every larger space that was tried suffices");
	json_put_u64(writer, object, "runs", answer->runs);
}

static int make_json(const struct aperture_list *list, struct text *json, struct error *error)
{
	struct json_writer writer = {0};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", "iovabench.aperture/1");
	json_t *apertures = json_put_array(&writer, document, "apertures");
	for (size_t i = 0; i < list->count; i++)
		add_object(&list->items[i], &writer, json_append_object(&writer, apertures));
	return json_finish(&writer, document, true, "apertures", json, error);
}

static int show(const struct run_arguments *arguments, const struct aperture_list *list, struct error *error)
{
	bool json_on_stdout = arguments->output.json && strcmp(arguments->output.json, "-") == 0;
	struct text table = {0}, json = {0};
	text_add(&table, "%-28s %-32s %12s %14s %8s %6s\n", "workload", "allocator", "min aperture", "pages", "/ peak",
		 "runs");
	for (size_t i = 0; i < list->count; i++)
		add_row(&list->items[i], &table);
	int result = table.failed ? error_set(error, EXIT_CODE_IO, "no memory for a table") : 0;
	if (result == 0 && arguments->output.json)
		result = make_json(list, &json, error);
	if (result == 0 && !arguments->output.quiet)
		fputs(table.bytes, json_on_stdout ? stderr : stdout);
	if (result == 0 && json_on_stdout)
		fputs(json.bytes, stdout);
	else if (result == 0 && arguments->output.json)
		result = file_write_whole(arguments->output.json, json.bytes, json.length, error);
	text_release(&table);
	text_release(&json);
	return result;
}

/* What an arm cannot play counts when no arm could play at all. */
static enum exit_code judge(const struct aperture_list *list)
{
	enum exit_code code = EXIT_CODE_OK;
	bool played = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct aperture *answer = &list->items[i];
		bool not_applicable = answer->reason && answer->exit_code == EXIT_CODE_NO_ARM;
		if (answer->reason && !not_applicable)
			code = exit_code_of_both(code, answer->exit_code);
		played |= !not_applicable;
	}
	return played ? code : EXIT_CODE_NO_ARM;
}

static int find(const struct run_arguments *arguments)
{
	struct aperture_list list = {0};
	struct text messages = {0};
	struct error error = {0};
	int result = aperture_find(&arguments->run, &list, &messages, &error);
	if (messages.length)
		cli_say("%s", messages.bytes);
	if (result == 0)
		result = show(arguments, &list, &error);
	if (*error.message)
		cli_say("iovabench aperture: %s\n", error.message);
	enum exit_code code = result < 0 ? error.exit_code : judge(&list);
	aperture_list_release(&list);
	text_release(&messages);
	return (int)code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct run_arguments arguments = {0};
	int code = run_arguments_read(&arguments, command, argc, argv);
	if (code < 0)
		code = find(&arguments);
	run_arguments_release(&arguments);
	return code;
}

const struct cli_command cli_aperture = {
	.name = "aperture",
	.about = "find the smallest space in which a workload meets no failure",
	.usage = (const char *const[]){"WORKLOAD... [-a SPEC]... [OPTION]...", NULL},
	.text = "Finds the smallest space in which a workload meets no failure on an allocator, "
		"by bisection over the end of the space. The operations stay those of the file; "
		"sizes around the answer are tried too, for failures need not be monotone.\n\n"
		"  iovabench aperture workloads/video-pool.yaml -a buddy -a rbtree:fit=best\n",
	.tables = {{run_argument_rows, RUN_ARGUMENT_ROWS,
		    (const char *const[]){"allocator", "sweep", "json", "quiet", NULL}},
		   {run_settings, RUN_SETTINGS, (const char *const[]){"seed", "ops", "stall", "memory", NULL}}},
	.run = run_command,
};
