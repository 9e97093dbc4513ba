/* SPDX-License-Identifier: MIT */
#include "play/placements.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

int placements_open(struct placements *placements, const struct placements_target *target)
{
	assert(target->descriptor >= 0);
	struct text label = {0};
	text_add_csv(&label, target->workload);
	text_add(&label, ",");
	text_add_csv(&label, target->spec);
	int copy = label.failed ? -1 : fcntl(target->descriptor, F_DUPFD_CLOEXEC, 0);
	*placements = (struct placements){.file = copy < 0 ? NULL : fdopen(copy, "a"), .phase = ""};
	if (!placements->file) {
		if (copy >= 0)
			close(copy);
		text_release(&label);
		return -1;
	}
	placements->label = label.bytes;
	return 0;
}

void placements_close(struct placements *placements, struct result_record *record)
{
	if (!placements->file)
		return;
	bool failed = ferror(placements->file);
	int cause = errno;
	if (fclose(placements->file) != 0) {
		cause = errno;
		failed = true;
	}
	if (failed)
		result_record_note(record, "the placements could not be written: %s", strerror(cause));
	memory_release(placements->label);
	*placements = (struct placements){0};
}

void placements_note(const struct placements *placements, const char *event, uint32_t domain, bool cpu_side, uint64_t first,
		     uint64_t count)
{
	if (!placements)
		return;
	struct text names = {0};
	text_add_csv(&names, placements->phase);
	text_add(&names, ",%" PRIu64 ",%s,", placements->operation, event);
	text_add_csv(&names, placements->request);
	if (!names.failed)
		fprintf(placements->file, "%s,%s,%" PRIu32 ",%s,", placements->label, names.bytes, domain,
			cpu_side ? "cpu" : "device");
	text_release(&names);
	if (strcmp(event, "fail") == 0)
		fprintf(placements->file, ",%" PRIu64 "\n", count);
	else
		fprintf(placements->file, "%" PRIu64 ",%" PRIu64 "\n", first, count);
}
