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
};

void recording_release(struct recording *recording)
{
	memory_release(recording->ops);
	memset(recording, 0, sizeof *recording);
}
