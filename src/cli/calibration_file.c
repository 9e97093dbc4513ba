/* SPDX-License-Identifier: MIT */
#include "cli/calibration_file.h"
#include "cli/say.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CALIBRATION_BYTES_MAX ((size_t)1 << 20)

int calibration_folder(struct text *folder, struct error *error)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	/* The XDG specification: a relative path counts as none. */
	if (cache && *cache == '/')
		text_add(folder, "%s/iovabench", cache);
	else if (home && *home)
		text_add(folder, "%s/.cache/iovabench", home);
	else
		return error_set(error, EXIT_CODE_USAGE,
				 "neither XDG_CACHE_HOME nor HOME tells where a calibration lies; name "
				 "a place");
	return folder->failed ? error_set(error, EXIT_CODE_IO, "no memory for a path") : 0;
}

int calibration_find(const char *file, struct calibration *calibration, struct error *error)
{
	struct text path = {0};
	struct error homeless = {0};
	*calibration = (struct calibration){0};
	if (file)
		text_add(&path, "%s", file);
	else if (calibration_folder(&path, &homeless) == 0)
		text_add(&path, "/calibration.json");
	bool missing = !path.bytes || (!file && access(path.bytes, F_OK) != 0);
	char *bytes;
	size_t length;
	int status = 0;
	if (path.failed)
		status = error_set(error, EXIT_CODE_IO, "no memory for a path");
	else if (!missing && (status = file_read_input(path.bytes, CALIBRATION_BYTES_MAX, &bytes, &length, error)) == 0) {
		struct error wrong = {0};
		status = calibration_read(bytes, length, calibration, &wrong);
		memory_release(bytes);
		if (status < 0)
			error_set(error, wrong.exit_code, "%s: %.900s", path.bytes, wrong.message);
	}
	text_release(&path);
	return status;
}

void calibration_of_run(const char *command, struct calibration *calibration)
{
	struct error error = {0};
	if (calibration_find(NULL, calibration, &error) < 0)
		cli_say("iovabench %s: %s: this run counts as not calibrated\n", command, error.message);
}
