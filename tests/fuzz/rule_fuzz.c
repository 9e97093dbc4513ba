/* SPDX-License-Identifier: MIT
 * Feeds the rules of the import and the fit: the first line is a value of --rule, the rest is a recording that is read by
 * it. What is fitted to it must be a right workload. */
#include "base/text.h"
#include "fuzz/input_path.h"
#include "fuzz/recording_check.h"
#include "trace/fit.h"
#include "trace/import.h"
#include "workload/workload_yaml.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fit(const struct recording *recording)
{
	struct workload_space space = {.page_bytes = recording_page_bytes(recording), .first = 1, .end = UINT64_C(1) << 40};
	struct text yaml = {0}, messages = {0};
	struct fit_distance distance;
	struct error error = {0};
	struct workload workload = {0};
	if (recording_fit(recording, &space, "fuzz", &yaml, &distance, &error) == 0) {
		assert(distance.lifetimes >= 0 && distance.lifetimes <= 1);
		if (workload_parse("fit", yaml.bytes, yaml.length, &workload, &messages)) {
			fprintf(stderr, "%s\n%s\n", yaml.bytes, messages.bytes);
			abort();
		}
		workload_release(&workload);
	}
	text_release(&messages);
	text_release(&yaml);
}

static void import(const struct import_options *options, const uint8_t *data, size_t size)
{
	const char *path = input_path(data, size);
	struct recording recording;
	struct import_report report;
	struct error error = {0};
	if (recording_import((const char *[]){path}, 1, options, &recording, &report, &error) == 0) {
		check_recording(&recording);
		fit(&recording);
	}
	recording_release(&recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - data) : size;
	char *rule = malloc(length + 1);
	if (!rule)
		return 0;
	memcpy(rule, data, length);
	rule[length] = '\0';
	struct import_options options;
	struct text messages = {0};
	import_options_default(&options);
	options.lenient = true;
	/* What has no colon and blank is the name of a file; what begins with a magic number may start a tool. */
	const uint8_t *text = data + length + (length < size);
	bool plain = length + 1 < size && text[0] < 0x80 && text[0] > 4 && text[0] != 'B';
	if (strstr(rule, ": ") && rule_list_add(&options.rules, rule, &messages) == 0 && plain)
		import(&options, text, size - length - 1);
	rule_list_release(&options.rules);
	text_release(&messages);
	free(rule);
	return 0;
}
