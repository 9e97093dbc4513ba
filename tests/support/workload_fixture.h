/* SPDX-License-Identifier: MIT
 * A workload that is read, and what was told of it. Include after cmocka.h. */
#ifndef SUPPORT_WORKLOAD_FIXTURE_H
#define SUPPORT_WORKLOAD_FIXTURE_H

#include "base/memory.h"
#include "workload/workload_yaml.h"

#include <string.h>

static struct workload workload;
static struct text messages;

static int release(void **state)
{
	(void)state;
	workload_release(&workload);
	text_release(&messages);
	memory_fail_after(UINT64_MAX);
	return 0;
}

static void parse(const char *yaml)
{
	if (workload_parse("test.yaml", yaml, strlen(yaml), &workload, &messages))
		fail_msg("refused: %s", messages.bytes);
}

#endif
