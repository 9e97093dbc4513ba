/* SPDX-License-Identifier: MIT
 * Paths are relative to the root of the sources, where make compiles. */
#include "report/assets.h"

#define ASSET(symbol, path)                                                                                                \
	__asm__(".pushsection .rodata\n\t"                                                                                 \
		".global " symbol "\n" symbol ":\n\t"                                                                      \
		".incbin \"" path "\"\n\t"                                                                                 \
		".byte 0\n\t"                                                                                              \
		".popsection")

ASSET("report_asset_dygraphs_script", DYGRAPHS_FOLDER "/dygraph.min.js");
ASSET("report_asset_dygraphs_style", DYGRAPHS_FOLDER "/dygraph.min.css");
ASSET("report_asset_script", "src/report/report.js");
ASSET("report_asset_style", "src/report/report.css");
