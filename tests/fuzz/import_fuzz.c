/* SPDX-License-Identifier: MIT
 * Feeds the import of text; what it accepts must keep the rules of a recording. Build as
 * recording_fuzz.c. */
#include "fuzz/input_path.h"
#include "fuzz/recording_check.h"
#include "trace/import.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A tool for each input would take all the time there is; what the tools print is text, which is fed as such. */
	static const char *const packed[] = {"BZh", "\xfd\x37zXZ", "\x04\x22\x4d\x18"};
	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
		if (size >= strlen(packed[i]) && memcmp(data, packed[i], strlen(packed[i])) == 0)
			return 0;
	const char *path = input_path(data, size);
	struct recording recording;
	struct import_report report;
	struct error error = {0};
	struct import_options options;
	import_options_default(&options);
	options.domain = size % 4 ? OWNERS_ALL : 0;
	options.lenient = size % 3 == 0;
	options.page_bytes = size % 5 ? IMPORT_PAGE_BYTES_MIN : 65536;
	if (recording_import((const char *[]){path}, 1, &options, &recording, &report, &error) == 0)
		check_recording(&recording);
	else
		assert(error.exit_code != EXIT_CODE_OK && !recording.ops);
	struct text text = {0};
	import_report_add(&report, &text);
	text_release(&text);
	recording_release(&recording);
	return 0;
}
