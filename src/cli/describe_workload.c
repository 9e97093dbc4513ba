/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/workload_folder.h"
#include "cli/say.h"
#include "workload/workload_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print(const char *file, const struct workload *workload)
{
	printf("%s: %s\n\n", workload->name, workload->about);
	if (*workload->source)
		printf("  source: %s\n", workload->source);
	printf("  requests:");
	for (size_t i = 0; i < workload->request_count; i++)
		printf(" %s", workload->requests[i].name);
	puts(workload->request_count ? "" : " none");
	for (size_t i = 0; i < workload->request_count; i++)
		if (workload->requests[i].about)
			printf("    %s: %s\n", workload->requests[i].name, workload->requests[i].about);
	printf("  phases:");
	for (size_t i = 0; i < workload->phase_count; i++)
		printf(" %s%s", workload->phases[i].name, workload->phases[i].measured ? "" : " (not measured)");
	printf("\n  file: %s\n\n  iovabench expand %s tells every value of it\n", file, file);
}

int describe_workload(const char *name)
{
	struct text path = {0}, messages = {0};
	struct workload workload;
	size_t length = strlen(name);
	bool is_file = strcmp(name, FILE_STANDARD_INPUT) == 0 ||
		       (length > 5 && strcmp(name + length - 5, ".yaml") == 0 && access(name, F_OK) == 0);
	int code = -1;
	if (is_file)
		text_add(&path, "%s", name);
	if (is_file || workload_folder_find(name, &path)) {
		code = path.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
		if (code == EXIT_CODE_OK && workload_load(path.bytes, &workload, &messages) == 0) {
			print(path.bytes, &workload);
			workload_release(&workload);
		} else if (code == EXIT_CODE_OK) {
			cli_say("%s", messages.bytes ? messages.bytes : "iovabench describe: no memory\n");
			code = EXIT_CODE_USAGE;
		}
	}
	text_release(&path);
	text_release(&messages);
	return code;
}
