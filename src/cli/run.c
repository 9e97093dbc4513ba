/* SPDX-License-Identifier: MIT */
#include "cli/calibration_file.h"
#include "cli/cli.h"
#include "cli/gate_end.h"
#include "cli/run_arguments.h"
#include "run/cpus.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The arms whose allocator failed; of one with several seeds or values of a sweep, the operations are those of the file. */
static void shrink(const struct run_arguments *arguments, const struct result *result)
{
	char script[64] = "failure.yaml";
	unsigned written = 0;
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_arm *arm = &result->arms[i];
		if (arm->state != RESULT_ARM_FAILED || arm->owner != ERROR_OWNER_ALLOCATOR)
			continue;
		if (written++)
			snprintf(script, sizeof script, "failure-%u.yaml", written);
		cli_shrink(arm->spec, result->workloads[arm->workload].file, &arguments->run.changes, script);
	}
}

static int play(const struct run_arguments *arguments, const struct cli_gate *gate)
{
	const char *command = arguments->command->name;
	struct result result = {0};
	struct text folder = {0}, messages = {0};
	struct error error = {0};
	struct calibration calibration;
	struct run_options options = arguments->run;
	struct cli_output output = arguments->output;
	output.gate = gate;
	calibration_of_run(command, &calibration);
	options.calibration = &calibration;
	enum exit_code code = cpus_use(&options, &error) < 0 ? error.exit_code
							     : run_matrix(&options, &result, &folder, &messages, &error);
	calibration_release(&calibration);
	if (arguments->shrink)
		shrink(arguments, &result);
	return (int)cli_end_run(command, code, &output, &result, &folder, &messages, &error);
}

int run_arguments_play(const struct run_arguments *arguments)
{
	const char *command = arguments->command->name;
	struct cli_gate gate;
	bool part = arguments->run.shards > 0;
	/* What a run is held against is looked at before hours are spent. */
	int code = (int)cli_gate_open(&gate, command, part ? NULL : arguments->baseline, arguments->policy);
	if (code == EXIT_CODE_OK && arguments->parse_only)
		code = cli_check_files(command, arguments->run.files, arguments->run.file_count, &arguments->run.changes);
	else if (code == EXIT_CODE_OK)
		code = play(arguments, &gate);
	cli_gate_close(&gate);
	return code;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct run_arguments arguments = {0};
	int code = run_arguments_read(&arguments, command, argc, argv);
	if (code < 0)
		code = run_arguments_play(&arguments);
	run_arguments_release(&arguments);
	return code;
}

const struct cli_command cli_run = {
	.name = "run",
	.about = "run workloads on allocators, show a table, write a report",
	.usage = (const char *const[]){"WORKLOAD... [-a SPEC]... [OPTION]...", NULL},
	.text = "Plays every workload (a file, - for standard input, the name of one that is shipped, or a quoted pattern of "
		"either with * and ?) on every allocator: "
		"an audit that checks each answer, then rounds of fresh processes that measure throughput and latency. "
		"Shows a table, and writes result.json, the journal, series and report.html.\n\n"
		"  iovabench run workloads/nvme-lazy.yaml -a all --rounds 3\n"
		"  iovabench run 'gpu-*' nvme-lazy -a rbtree:fit=best -a ./my-allocator.so\n",
	.tables = {{run_argument_rows, RUN_ARGUMENT_ROWS, NULL}, {run_settings, RUN_SETTINGS, NULL}},
	.run = run_command,
};
