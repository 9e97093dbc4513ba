/* SPDX-License-Identifier: MIT
 * What the audit keeps for figures over time, beside the series: pictures of the spaces, and failures by request. */
#ifndef PLAY_AUDIT_PICTURES_H
#define PLAY_AUDIT_PICTURES_H

#include "play/audit_failures.h"
#include "play/audit_figures.h"
#include "play/audit_map.h"
#include "play/engine.h"
#include "play/pass.h"

struct audit_pictures {
	struct audit_map_names names;
	unsigned char request; /* of the operation at hand */
	struct audit_map maps[PASS_MAPS_MAX];
	struct audit_space *spaces; /* of which the first have pictures */
	uint32_t count;
	struct audit_failures failures;
};

/* Pictures of the first spaces, when the record has a series. -1: no memory; to be closed in any case. */
int audit_pictures_open(struct audit_pictures *pictures, const struct engine *engine, const struct result_record *record,
			struct audit_space *spaces);
void audit_pictures_close(struct audit_pictures *pictures);

/* Of what failed in the routine that has just been called. before: as they were. */
void audit_pictures_routine(struct audit_pictures *pictures, const char *name, const struct audit_counts *before,
			    const struct audit_counts *after);
/* At the row-th row of the series, when the spaces have been walked. */
void audit_pictures_row(struct audit_pictures *pictures, size_t row, uint64_t operations);
/* At the end of the stream. -1: no memory. */
int audit_pictures_store(struct audit_pictures *pictures, uint64_t operations, struct result_record *record);

#endif
