/* SPDX-License-Identifier: MIT
 * Builds a file into the program, '\0' behind it. Its path is relative to the root of the sources, where make compiles. */
#ifndef BASE_ASSET_H
#define BASE_ASSET_H

/* symbol: declared elsewhere as const char symbol[]. */
#define ASSET(symbol, path)                                                                                                \
	__asm__(".pushsection .rodata\n\t"                                                                                 \
		".global " symbol "\n" symbol ":\n\t"                                                                      \
		".incbin \"" path "\"\n\t"                                                                                 \
		".byte 0\n\t"                                                                                              \
		".popsection")

#endif
