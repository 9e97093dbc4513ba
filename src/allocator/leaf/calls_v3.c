/* SPDX-License-Identifier: MIT
 * For x86-64 of level 3, on compilers that let a file be for another CPU than the rest. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2")
#endif
#define LEAF_CALLS leaf_calls_v3
#include "allocator/leaf/calls.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
