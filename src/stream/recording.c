/* SPDX-License-Identifier: MIT */
#include "stream/recording.h"

#include "base/memory.h"

#include <string.h>

void recording_release(struct recording *recording)
{
	memory_release(recording->ops);
	memset(recording, 0, sizeof *recording);
}
