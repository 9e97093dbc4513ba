/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/doctor_checks.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *const state_names[] = {"ok", "warn", "unknown"};

static void help(void)
{
	puts("usage: iovabench doctor [--json] [--root DIR]\n\n"
	     "Tells what about this machine makes times less than trustworthy, and what to do about it. Changes "
	     "nothing.\n\n"
	     "  --root DIR  reads proc and sys below DIR instead: those of another machine\n\n"
	     "Exit code: 0, whatever it finds.");
}

static void add_line(const struct doctor_check *check, const struct doctor_finding *finding, bool json, struct text *out)
{
	if (!json) {
		text_add(out, "%-8s %-11s %s\n", state_names[finding->state], check->name, finding->found);
		if (finding->advice)
			text_add(out, "%-8s %-11s   do: %s\n", "", "", finding->advice);
		return;
	}
	text_add(out, "%s\n  {\"name\": ", out->length > 1 ? "," : "");
	text_add_json(out, check->name);
	text_add(out, ", \"state\": \"%s\", \"found\": ", state_names[finding->state]);
	text_add_json(out, finding->found);
	text_add(out, ", \"advice\": ");
	text_add_json(out, finding->advice);
	text_add(out, "}");
}

static int diagnose(const char *root, bool json)
{
	struct text out = {0};
	unsigned warnings = 0;
	text_add(&out, "%s", json ? "[" : "");
	for (size_t i = 0; i < doctor_check_count; i++) {
		struct doctor_finding finding = {.state = DOCTOR_UNKNOWN};
		doctor_checks[i].look(root, &finding);
		warnings += finding.state == DOCTOR_WARN;
		add_line(&doctor_checks[i], &finding, json, &out);
	}
	if (json)
		text_add(&out, "\n]\n");
	else
		text_add(&out, "\n%u of %zu could be better\n", warnings, doctor_check_count);
	int code = out.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
	if (out.failed)
		fprintf(stderr, "iovabench doctor: no memory\n");
	else
		fputs(out.bytes, stdout);
	text_release(&out);
	return code;
}

int cli_doctor(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{"json", no_argument, NULL, 'j'},
						{"root", required_argument, NULL, 'r'},
						{0}};
	const char *root = "";
	bool json = false;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return cli_bad_option("doctor", argv, options, option);
		if (option == 'h') {
			help();
			return EXIT_CODE_OK;
		}
		if (option == 'r')
			root = optarg;
		json |= option == 'j';
	}
	if (argc > optind) {
		fprintf(stderr, "iovabench doctor: takes no argument; iovabench doctor --help tells more\n");
		return EXIT_CODE_USAGE;
	}
	struct stat state;
	if (*root && (stat(root, &state) < 0 || !S_ISDIR(state.st_mode))) {
		fprintf(stderr, "iovabench doctor: --root '%s': is no folder\n", root);
		return EXIT_CODE_USAGE;
	}
	return diagnose(root, json);
}
