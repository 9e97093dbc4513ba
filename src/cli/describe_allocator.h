/* SPDX-License-Identifier: MIT
 * How options of allocators are told. */
#ifndef CLI_DESCRIBE_ALLOCATOR_H
#define CLI_DESCRIBE_ALLOCATOR_H

#include "base/text.h"
#include "iovabench/allocator.h"

/* Adds which values an option takes, and its default. */
void describe_option_range(const struct iova_option *option, struct text *text);

#endif
