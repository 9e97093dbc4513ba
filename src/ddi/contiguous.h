/* SPDX-License-Identifier: MIT
 * Of contiguous memory, for the end of an adapter. */
#ifndef DDI_CONTIGUOUS_H
#define DDI_CONTIGUOUS_H

#include "ddi/adapter.h"

/* Gives back the frames behind a block of contiguous memory, if it has any. */
void contiguous_give_frames(struct ddi_adapter *adapter, const struct handle_entry *entry, union handle_more *more);

#endif
