/* SPDX-License-Identifier: MIT */
#include "workload/workload_yaml.h"

#include "base/memory.h"
#include "workload/language.h"

#include <assert.h>

static void parse(struct yaml_problems *problems, const struct yaml_setting *settings, size_t setting_count,
		  struct workload *workload)
{
	struct yaml_document document;
	struct rules rules = {.workload = workload};
	yaml_document_read(&document, &workload_language, settings, setting_count, problems, workload, &rules);
	yaml_document_close(&document);
	rules_release(&rules);
	/* What scripts were made of. */
	for (size_t i = 0; i < workload->phase_count; i++)
		rules_release_lines(&workload->phases[i]);
}

int workload_parse_set(const char *file, const char *bytes, size_t length, const struct yaml_setting *settings,
		       size_t setting_count, struct workload *workload, struct text *messages)
{
	assert(file && (bytes || !length) && (settings || !setting_count));
	struct yaml_problems problems = {.what = "workload", .file = file, .bytes = bytes, .length = length};
	*workload = (struct workload){0};
	if (length > WORKLOAD_FILE_BYTES_MAX) {
		text_add(messages, "%s: larger than %u bytes, the most that is read here\n", file, WORKLOAD_FILE_BYTES_MAX);
		return -1;
	}
	parse(&problems, settings, setting_count, workload);
	workload->file = memory_text(file);
	if (!workload->file)
		problems.no_memory = true;
	int result = yaml_problems_any(&problems) ? -1 : 0;
	if (result) {
		yaml_problems_tell(&problems, messages);
		result = problems.no_memory || messages->failed ? WORKLOAD_NO_MEMORY : -1;
		workload_release(workload);
	}
	yaml_problems_release(&problems);
	return result;
}

void workload_expand(const struct workload *workload, struct text *json)
{
	if (yaml_write(&workload_language, workload, true, json))
		json->failed = true;
}

void workload_expand_yaml(const struct workload *workload, struct text *yaml)
{
	if (yaml_write(&workload_language, workload, false, yaml))
		yaml->failed = true;
}
