/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/doctor_checks.h"
#include "cli/say.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *const state_names[] = {"ok", "warn", "unknown"};

static void add_line(const struct doctor_check *check, const struct doctor_finding *finding, struct text *out)
{
	text_add(out, "%-8s %-11s %s\n", state_names[finding->state], check->name, finding->found);
	if (finding->advice)
		text_add(out, "%-8s %-11s   do: %s\n", "", "", finding->advice);
}

static void add_object(const struct doctor_check *check, const struct doctor_finding *finding, struct json_writer *writer,
		       json_t *array)
{
	json_t *object = json_append_object(writer, array);
	json_put_text(writer, object, "name", check->name);
	json_put_text(writer, object, "state", state_names[finding->state]);
	json_put_text(writer, object, "found", finding->found);
	json_put_text(writer, object, "advice", finding->advice);
}

static int diagnose(const char *root, bool json)
{
	struct text out = {0};
	struct json_writer writer = {0};
	struct error error = {0};
	unsigned warnings = 0;
	json_prepare();
	json_t *array = json ? json_array() : NULL;
	for (size_t i = 0; i < doctor_check_count; i++) {
		struct doctor_finding finding = {.state = DOCTOR_UNKNOWN};
		doctor_checks[i].look(root, &finding);
		warnings += finding.state == DOCTOR_WARN;
		if (json)
			add_object(&doctor_checks[i], &finding, &writer, array);
		else
			add_line(&doctor_checks[i], &finding, &out);
	}
	if (!json)
		text_add(&out, "\n%u of %zu could be better\n", warnings, doctor_check_count);
	else if (json_finish(&writer, array, true, "doctor", &out, &error) < 0)
		out.failed = true;
	int code = out.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	if (out.failed)
		cli_say("iovabench doctor: no memory\n");
	else
		fputs(out.bytes, stdout);
	text_release(&out);
	return code;
}

struct arguments {
	const char *root;
	bool json;
};

static const struct option_row rows[] = {
	{"json", 0, OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "findings as JSON", OPTION_AT(struct arguments, json)},
	{"root", 0, OPTION_TEXT, OPTION_SHOWS, "DIR", "takes a folder",
	 "reads proc and sys below DIR instead: those of another machine", OPTION_AT(struct arguments, root)},
};

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments = {.root = ""};
	struct cli_given given;
	struct stat state;
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	if (argc > given.first)
		return cli_usage(command, "takes no argument");
	if (*arguments.root && (stat(arguments.root, &state) < 0 || !S_ISDIR(state.st_mode))) {
		cli_say("iovabench doctor: --root '%s': is no folder\n", arguments.root);
		return EXIT_CODE_USAGE;
	}
	return diagnose(arguments.root, arguments.json);
}

const struct cli_command cli_doctor = {
	.name = "doctor",
	.about = "tell what about this machine makes its times less than trustworthy",
	.usage = (const char *const[]){"[--json] [--root DIR]", NULL},
	.text = "Tells what about this machine makes times less than trustworthy, and what to do about it. Changes "
		"nothing.\n\n"
		"Exit code: 0, whatever it finds.\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.run = run_command,
};
