/* SPDX-License-Identifier: MIT */
#include "cli/describe_call.h"
#include "cli/say.h"

#include "base/error.h"
#include "base/text.h"
#include "workload/call.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void print_rules(const char *rules)
{
	while (*rules) {
		int length = (int)strcspn(rules, "\n");
		printf("  %.*s\n", length, rules);
		rules += length + (rules[length] == '\n');
	}
}

static void print_call(const struct workload_call_info *info, bool of_requests)
{
	printf("%s: %s\n\n", info->name, info->about);
	if (of_requests)
		printf("In a request: call: %s. Arguments:\n\n", info->name);
	else
		printf("In a script: {call: %s, ...}. Arguments:\n\n", info->name);
	for (unsigned i = 0; i < WORKLOAD_ARGUMENT_COUNT; i++)
		if (info->takes & (UINT32_C(1) << i))
			printf("  %-11s %s%s\n", workload_argument_table[i].key, workload_argument_table[i].help,
			       info->required & (UINT32_C(1) << i) ? " (required)" : "");
	bool answers = of_requests || info->takes & WORKLOAD_TAKES(STATUS);
	printf("\n%s\n\n", !answers ? "It answers nothing; what it may be counted as:" : "Rules and answers:");
	print_rules(info->rules);
	puts("\nA model after the public driver documentation, never run on Windows; \"ours\" marks what that leaves "
	     "open.");
}

static void list_calls(void)
{
	puts("Calls of requests, call: NAME:\n");
	for (size_t i = 0; i < WORKLOAD_CALL_COUNT; i++)
		printf("  %-42s %s\n", workload_call_table[i].name, workload_call_table[i].about);
	puts("\nRoutines of scripts, {call: NAME, ...}:\n");
	for (size_t i = 0; i < WORKLOAD_ROUTINE_COUNT; i++)
		printf("  %-42s %s\n", workload_routine_table[i].name, workload_routine_table[i].about);
	puts("\niovabench describe call:NAME explains one with its arguments and answers.");
}

int describe_call(const char *name)
{
	const char *names[WORKLOAD_CALL_COUNT + WORKLOAD_ROUTINE_COUNT + 1] = {0};
	size_t count = 0;
	if (!name) {
		list_calls();
		return EXIT_CODE_OK;
	}
	for (size_t i = 0; i < WORKLOAD_CALL_COUNT + WORKLOAD_ROUTINE_COUNT; i++) {
		bool of_requests = i < WORKLOAD_CALL_COUNT;
		const struct workload_call_info *info =
			of_requests ? &workload_call_table[i] : &workload_routine_table[i - WORKLOAD_CALL_COUNT];
		names[count++] = info->name;
		if (strcmp(info->name, name) == 0) {
			print_call(info, of_requests);
			return EXIT_CODE_OK;
		}
	}
	const char *nearest = text_nearest(name, names);
	cli_say("iovabench describe: there is no call '%s'%s%s%s; iovabench describe call lists them\n", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}
