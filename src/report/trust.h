/* SPDX-License-Identifier: MIT
 * How far a result is to be trusted: one list, which every output shows. */
#ifndef REPORT_TRUST_H
#define REPORT_TRUST_H

#include "base/text.h"
#include "report/view.h"

#include <stdbool.h>
#include <stddef.h>

/* Why times mean little, a sentence at a time, into an empty text; *at: 0 at first. false: no more, and with none times may be
 * read. */
bool trust_doubt(const struct report_view *view, size_t *at, struct text *text);

/* What is to be kept in mind: an interruption, serialised latencies, what the machine is warned of. As above. */
bool trust_warning(const struct report_view *view, size_t *at, struct text *text);

/* A fact, its name in *name; those that are not known are passed over. As above. */
bool trust_fact(const struct report_view *view, size_t *at, const char **name, struct text *text);

#endif
