/* SPDX-License-Identifier: MIT
 * A plugin that dies while it is opened. */
#include <stdlib.h>

const void *iova_plugin(void);

__attribute__((constructor)) static void begin(void)
{
	abort();
}

const void *iova_plugin(void)
{
	return NULL;
}
