/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "run/plan.h"
#include "base/file.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

/* A file is right when it could be run: its recordings are read too. */
static int check_file(const char *command, const char *file, const struct plan_changes *changes)
{
	struct plan plan = {0};
	struct text messages = {0};
	struct error error = {0};
	char *bytes;
	size_t length;
	int result = file_read_input(file, WORKLOAD_FILE_BYTES_MAX, &bytes, &length, &error);
	if (result == 0 && plan_open(&plan, file, bytes, length, changes, &messages, &error) == 0) {
		printf("%s: ok\n", file);
		plan_close(&plan);
	} else {
		result = -1;
	}
	if (messages.length)
		cli_say("%s", messages.bytes);
	if (*error.message)
		cli_say("iovabench %s: %s\n", command, error.message);
	text_release(&messages);
	return result < 0 ? (error.exit_code == EXIT_CODE_IO ? EXIT_CODE_IO : EXIT_CODE_USAGE) : EXIT_CODE_OK;
}

int cli_check_files(const char *command, const char *const *files, size_t count, const struct plan_changes *changes)
{
	assert(files || !count);
	struct workload_paths paths = {0};
	struct error error = {0};
	int code = EXIT_CODE_OK;
	if (workload_folder_resolve_all((char *const *)(uintptr_t)files, count, &paths, &error) < 0) {
		cli_say("iovabench %s: %s\n", command, error.message);
		code = (int)error.exit_code;
	}
	for (size_t i = 0; i < paths.count; i++) {
		int found = check_file(command, paths.list[i], changes);
		code = found > code ? found : code;
	}
	workload_folder_release(&paths);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	static const struct plan_changes none;
	struct cli_given given;
	int code = cli_read(command, argc, argv, (void *[]){NULL, NULL}, &given);
	if (code >= 0)
		return code;
	if (given.first == argc) {
		cli_say("iovabench check: no file was named\n");
		return EXIT_CODE_USAGE;
	}
	if (!cli_one_standard_input(command, (const char *const *)argv + given.first, (size_t)(argc - given.first)))
		return EXIT_CODE_USAGE;
	return cli_check_files("check", (const char *const *)argv + given.first, (size_t)(argc - given.first), &none);
}

const struct cli_command cli_check = {
	.name = "check",
	.about = "check workload files; nothing is run",
	.usage = (const char *const[]){"WORKLOAD...", NULL},
	.text = "Reads workloads (files, - for standard input, or names of those that are shipped) and their recordings "
		"as a run would, and tells every fault of every file with line, column and what would be right. "
		"Nothing is run. Exit code 0: all are right; 2: some are not.\n"
		"iovabench --parse-only FILE... is the same; with run it checks what the other options make of them.\n",
	.run = run_command,
};
