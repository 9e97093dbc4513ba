/* SPDX-License-Identifier: MIT */
#define LEAF_CALLS leaf_calls_plain
#include "allocator/leaf/calls.h"
