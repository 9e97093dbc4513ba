/* SPDX-License-Identifier: MIT
 * Conformance of the built-in allocators: the rules of `iovabench verify` on every combination of their options. */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include "verify/verify.h"

struct subject {
	char name[128]; /* as a spec would write it */
	struct verify_subject verified;
};

#define SUBJECTS_MAX 64

/* The built-in competitors with every combination of their options that they accept, layers over them, and the example plugin
 * of folder BUILD. *wrong names what could not be opened, or is NULL. Returns their number. */
size_t subjects_make(struct subject subjects[SUBJECTS_MAX], const char **wrong);
void subjects_close(struct subject *subjects, size_t count);

/* A wrong allocator, and the rule that must reject it. The references are the right ones that all are made from. A layer
 * stands over the reference. */
struct mutant {
	const struct iova_allocator *table;
	const char *rule;
};
extern const struct mutant mutants[];
extern const size_t mutant_count;
extern const struct iova_allocator mutant_reference;
extern const struct iova_allocator mutant_padded; /* right, too: what it aligns has padding */
extern const struct mutant layer_mutants[];
extern const size_t layer_mutant_count;
extern const struct iova_allocator mutant_layer_reference;

#endif
