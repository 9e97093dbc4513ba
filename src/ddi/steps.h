/* SPDX-License-Identifier: MIT
 * Nodes, regions and words that searches of this room look at: tests hold a cost against its bound. Nothing in a release. */
#ifndef DDI_STEPS_H
#define DDI_STEPS_H

#include <stdint.h>

#ifdef NDEBUG
#define DDI_STEP() ((void)0)
#else
/* Of the calling thread; only ever grows. A shared object may have it, too. */
extern _Thread_local uint64_t ddi_steps __attribute__((tls_model("initial-exec")));
#define DDI_STEP() ((void)ddi_steps++)
#endif

#endif
