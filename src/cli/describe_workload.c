/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/text.h"
#include "cli/workload_folder.h"
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

/* Whether name is that of an entry, without .yaml. */
static bool is_named(const struct dirent *entry, const char *name)
{
	size_t length = strlen(name);
	return strncmp(entry->d_name, name, length) == 0 && strcmp(entry->d_name + length, ".yaml") == 0;
}

/* The path of a shipped workload; false when there is none. */
static bool find(const char *name, struct text *path)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	bool found = false;
	int count = workload_folder_scan(folder, &entries);
	for (int i = 0; i < count; i++) {
		if (is_named(entries[i], name)) {
			text_add(path, "%s/%s", folder, entries[i]->d_name);
			found = true;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return found;
}

int describe_workload(const char *name)
{
	struct text path = {0}, messages = {0};
	struct workload workload;
	size_t length = strlen(name);
	bool is_file = length > 5 && strcmp(name + length - 5, ".yaml") == 0 && access(name, F_OK) == 0;
	int code = -1;
	if (is_file)
		text_add(&path, "%s", name);
	if (is_file || find(name, &path)) {
		code = path.failed ? EXIT_CODE_IO : EXIT_CODE_OK;
		if (code == EXIT_CODE_OK && workload_load(path.bytes, &workload, &messages) == 0) {
			print(path.bytes, &workload);
			workload_release(&workload);
		} else if (code == EXIT_CODE_OK) {
			fputs(messages.bytes ? messages.bytes : "iovabench describe: no memory\n", stderr);
			code = EXIT_CODE_USAGE;
		}
	}
	text_release(&path);
	text_release(&messages);
	return code;
}
