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
	if (fclose(placements->file) != 0 && !placements->lost)
		placements->lost = errno;
	if (placements->lost)
		result_record_note(record, "the placements could not be written: %s", strerror(placements->lost));
	memory_release(placements->label);
	*placements = (struct placements){0};
}

void placements_note(struct placements *placements, enum placements_event event, uint32_t domain, bool cpu_side,
		     uint64_t first, uint64_t count)
{
	static const char *const names[] = {[PLACEMENTS_SPACE] = "space",
					    [PLACEMENTS_RESERVE] = "reserve",
					    [PLACEMENTS_ALLOC] = "alloc",
					    [PLACEMENTS_FREE] = "free",
					    [PLACEMENTS_FAIL] = "fail"};
	struct text line = {0};
	text_add(&line, "%s,", placements->label);
	text_add_csv(&line, placements->phase);
	text_add(&line, ",%" PRIu64 ",%s,", placements->operation, names[event]);
	text_add_csv(&line, placements->request);
	text_add(&line, ",%" PRIu32 ",%s,", domain, cpu_side ? "cpu" : "device");
	if (event != PLACEMENTS_FAIL)
		text_add(&line, "%" PRIu64, first);
	text_add(&line, ",%" PRIu64 "\n", count);
	int cause = line.failed ? ENOMEM : fwrite(line.bytes, 1, line.length, placements->file) == line.length ? 0 : errno;
	if (!placements->lost)
		placements->lost = cause;
	text_release(&line);
}
