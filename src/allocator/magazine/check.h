/* SPDX-License-Identifier: MIT
 * The magazine layer, looked at from outside: no other thread works. */
#ifndef ALLOCATOR_MAGAZINE_CHECK_H
#define ALLOCATOR_MAGAZINE_CHECK_H

#include "allocator/magazine/state.h"

void magazine_visit_cached(const struct magazines *self, iova_visit visit, void *context);

const char *magazine_check(const struct magazines *self);

#endif
