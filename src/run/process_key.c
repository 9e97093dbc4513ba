/* SPDX-License-Identifier: MIT */
#include "run/process_key.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/inputs.h"
#include "run/settings.h"
#include "workload/workload_yaml.h"

#include <inttypes.h>

static int hash_text(struct text *text, uint64_t *hash, struct error *error)
{
	if (!text->failed)
		*hash = workload_hash(text->bytes, text->length);
	int result = text->failed ? error_set(error, EXIT_CODE_IO, "no memory for a key") : 0;
	text_release(text);
	return result;
}

int process_identity(const struct workload *workload, uint64_t stream_hash, size_t number, uint64_t *identity,
		     struct error *error)
{
	struct text text = {0};
	workload_expand(workload, &text);
	text_add(&text, "\n%" PRIu64 " %zu", stream_hash, number);
	return hash_text(&text, identity, error);
}

static void add_plugins(const char *spec, struct text *text)
{
	struct text path = {0};
	while (inputs_next_plugin(&spec, &path) && !path.failed) {
		struct error none = {0};
		char *bytes;
		size_t length;
		if (file_read(path.bytes, INPUTS_FILE_BYTES_MAX, &bytes, &length, &none) < 0)
			continue;
		text_add(text, "\nplugin %" PRIu64, workload_hash(bytes, length));
		memory_release(bytes);
	}
	text->failed |= path.failed;
	text_release(&path);
}

int process_key(const struct job *job, const struct run_options *options, uint64_t identity, uint64_t build_hash,
		uint64_t *key, struct error *error)
{
	struct text text = {0};
	text_add(&text, "%" PRIu64 " %" PRIu64 " %d %u %u %d\n%s\n%s", identity, build_hash, (int)job->pass, job->round,
		 job->twins, job->with_series, job->changes.settings, job->spec);
	if (job->pass == RESULT_PASS_PAIRED)
		text_add(&text, "\nagainst %u\n%s", job->against_twins, job->against);
	run_settings_add_key(options, &text);
	add_plugins(job->spec, &text);
	add_plugins(job->against, &text);
	return hash_text(&text, key, error);
}
