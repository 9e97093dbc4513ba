/* SPDX-License-Identifier: MIT */
#include "stream/recording.h"

#include "base/memory.h"

#include <string.h>

const struct recording_fact_row recording_facts[RECORDING_FACTS] = {
	[RECORDING_UNREADABLE] = {"unreadable_lines", "unreadable lines, left out"},
	[RECORDING_LOSSES] = {"losses", "losses of events"},
	[RECORDING_LOST] = {"lost_events", "events lost"},
	[RECORDING_OVERWRITTEN] = {"overwritten_events", "older events overwritten"},
	[RECORDING_BACKWARDS] = {"backward_times", "times that run backwards"},
	[RECORDING_REBUILT] = {"rebuilt_from_maps", "rebuilt from map and unmap"},
	[RECORDING_KERNEL_SPAN] = {"kernel_span_pages", "pages of the kernel's span"},
};

void recording_facts_add(const struct recording *recording, struct text *text)
{
	bool first = true;
	for (int i = 0; i < RECORDING_FACTS; i++) {
		if (!recording->facts[i])
			continue;
		text_add(text, first ? "" : ", ");
		text_add(text, "%s", recording_facts[i].label);
		if (i != RECORDING_REBUILT)
			text_add(text, ": %llu", (unsigned long long)recording->facts[i]);
		first = false;
	}
}

void recording_release(struct recording *recording)
{
	memory_release(recording->ops);
	memset(recording, 0, sizeof *recording);
}
