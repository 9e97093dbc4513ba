/* SPDX-License-Identifier: MIT
 * The same as in calls_v3.c, for vectors of 256 bits, where the CPU has them. */
#if defined(__x86_64__) && !defined(__clang__)
#pragma GCC target("avx2,bmi,bmi2")
#endif
int test_lines(void);
#define main test_lines
#include "leaf_line_test.c"
#undef main

int main(void)
{
#if defined(__AVX2__)
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) {
		print_message("this CPU has no vectors of 256 bits\n");
		return 0;
	}
#endif
	return test_lines();
}
