/* SPDX-License-Identifier: MIT */
#include "stream/recording.h"

#include "base/memory.h"

#include <string.h>
#include <sys/mman.h>

const struct recording_fact_row recording_facts[RECORDING_FACTS] = {
	[RECORDING_UNREADABLE] = {"unreadable_lines", "unreadable lines, left out", false},
	[RECORDING_LOSSES] = {"losses", "losses of events", false},
	[RECORDING_LOST] = {"lost_events", "events lost", false},
	[RECORDING_OVERWRITTEN] = {"overwritten_events", "older events overwritten", false},
	[RECORDING_BACKWARDS] = {"backward_times", "times that run backwards", false},
	[RECORDING_REBUILT] = {"rebuilt_from_maps", "rebuilt from map and unmap", true},
	[RECORDING_KERNEL_SPAN] = {"kernel_span_pages", "pages of the kernel's span", false},
	[RECORDING_KERNEL_TABLES] = {"kernel_page_table_pages", "the kernel's page tables", false},
	[RECORDING_KERNEL_TABLES_EVER] = {"kernel_page_table_ever_pages", "the kernel's page tables, ever", false},
	[RECORDING_KERNEL_OVERLAPS] = {"kernel_overlaps", "ranges that overlap", false},
	[RECORDING_REMADE] = {"remade", "cut or scaled from another one", true},
};

void recording_facts_add(const struct recording *recording, struct text *text)
{
	bool first = true;
	for (int i = 0; i < RECORDING_FACTS; i++) {
		if (!recording->facts[i])
			continue;
		text_add(text, first ? "" : ", ");
		text_add(text, "%s", recording_facts[i].label);
		if (!recording_facts[i].flag)
			text_add(text, ": %llu", (unsigned long long)recording->facts[i]);
		first = false;
	}
}

void recording_leave(const struct recording *recording, size_t before)
{
	const size_t least = (size_t)1 << 16; /* any system's page divides it */
	if (recording->ops_mapped_bytes)
		madvise(recording->ops, before * sizeof *recording->ops / least * least, MADV_DONTNEED);
}

void recording_release(struct recording *recording)
{
	if (recording->ops_mapped_bytes)
		munmap(recording->ops, recording->ops_mapped_bytes);
	else
		memory_release(recording->ops);
	memset(recording, 0, sizeof *recording);
}
