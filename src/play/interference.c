/* SPDX-License-Identifier: MIT */
#include "play/interference.h"

#include "base/memory.h"

#include <assert.h>

#define LINE_WORDS 8u

/* Functions that are alike but for their constants, in a section of their own, so that its size can be told. A block
 * takes a branch that depends on what came before it, one way in seven cases of eight, as compilers lay code out; the
 * empty assembly keeps compilers from computing both sides instead. */
#define BLOCK(a)                                                                                                           \
	if (!(value >> ((a) % 61) & 7)) {                                                                                  \
		value = value * (UINT64_C(0x9e3779b97f4a7c15) + 2 * (a)) + (a);                                            \
		__asm__ volatile("" : "+r"(value));                                                                        \
	} else {                                                                                                           \
		value ^= (value >> 13) + (a);                                                                              \
		__asm__ volatile("" : "+r"(value));                                                                        \
	}
#define BLOCKS_8(a)                                                                                                        \
	BLOCK((a) + 0)                                                                                                     \
	BLOCK((a) + 1)                                                                                                     \
	BLOCK((a) + 2)                                                                                                     \
	BLOCK((a) + 3)                                                                                                     \
	BLOCK((a) + 4)                                                                                                     \
	BLOCK((a) + 5)                                                                                                     \
	BLOCK((a) + 6)                                                                                                     \
	BLOCK((a) + 7)
#define BLOCKS_64(a)                                                                                                       \
	BLOCKS_8((a) + 0)                                                                                                  \
	BLOCKS_8((a) + 8)                                                                                                  \
	BLOCKS_8((a) + 16)                                                                                                 \
	BLOCKS_8((a) + 24)                                                                                                 \
	BLOCKS_8((a) + 32)                                                                                                 \
	BLOCKS_8((a) + 40)                                                                                                 \
	BLOCKS_8((a) + 48)                                                                                                 \
	BLOCKS_8((a) + 56)

typedef uint64_t branchy(uint64_t value);
#define FUNCTION(n)                                                                                                        \
	__attribute__((noinline, used, section("interference_code"))) static uint64_t branchy_##n(uint64_t value)          \
	{                                                                                                                  \
		BLOCKS_64(64 * 0x##n + 1)                                                                                  \
		return value;                                                                                              \
	}
/* clang-format off */
#define EACH_OF_16(X, n)                                                                                                   \
	X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)                                                    \
	X(n##8) X(n##9) X(n##a) X(n##b) X(n##c) X(n##d) X(n##e) X(n##f)
#define EACH(X)                                                                                                            \
	EACH_OF_16(X, 0) EACH_OF_16(X, 1) EACH_OF_16(X, 2) EACH_OF_16(X, 3) EACH_OF_16(X, 4) EACH_OF_16(X, 5)              \
	EACH_OF_16(X, 6) EACH_OF_16(X, 7) EACH_OF_16(X, 8) EACH_OF_16(X, 9) EACH_OF_16(X, a) EACH_OF_16(X, b)              \
	EACH_OF_16(X, c) EACH_OF_16(X, d) EACH_OF_16(X, e) EACH_OF_16(X, f)
/* clang-format on */

EACH(FUNCTION)

#define NAME(n) branchy_##n,
static branchy *const functions[] = {EACH(NAME)};
#define FUNCTIONS (sizeof functions / sizeof functions[0])

/* Of the section: the linker gives them. */
extern const unsigned char code_begin[] __asm__("__start_interference_code");
extern const unsigned char code_end[] __asm__("__stop_interference_code");

uint64_t interference_code_most(void)
{
	return (uint64_t)(code_end - code_begin);
}

int interference_open(struct interference *interference, const struct workload_interference *size, struct error *error)
{
	assert(size->data_bytes <= WORKLOAD_INTERFERENCE_DATA_MAX && size->code_bytes <= WORKLOAD_INTERFERENCE_CODE_MAX);
	assert(interference_code_most() >= WORKLOAD_INTERFERENCE_CODE_MAX);
	size_t lines = (size_t)(size->data_bytes / (LINE_WORDS * sizeof(uint64_t)));
	*interference = (struct interference){
		.data = memory_zeroed(lines * LINE_WORDS, sizeof interference->data[0]),
		.lines = lines,
		.functions =
			(size_t)((size->code_bytes * FUNCTIONS + interference_code_most() / 2) / interference_code_most()),
		.value = 1,
	};
	if (!interference->data)
		return error_set(error, EXIT_CODE_IO, "no memory for %zu MiB of interference",
				 (size_t)(size->data_bytes >> 20));
	for (size_t i = 0; i < lines * LINE_WORDS; i++)
		interference->data[i] = i; /* also backs it */
	return 0;
}

void interference_close(struct interference *interference)
{
	memory_release(interference->data);
	*interference = (struct interference){0};
}

void interference_run(struct interference *interference)
{
	uint64_t value = interference->value;
	for (size_t i = 0; i < interference->lines; i++)
		value += interference->data[i * LINE_WORDS]++;
	for (size_t i = 0; i < interference->functions; i++)
		value = functions[i](value);
	interference->value = value * UINT64_C(0xd1342543de82ef95) + 1;
}

uint64_t interference_empty_pair(struct interference *interference, const struct clock *clock)
{
	uint32_t cpu;
	interference_run(interference);
	uint64_t start = clock_start(clock), stop = clock_stop(clock, &cpu);
	return stop < start ? 0 : stop - start;
}
