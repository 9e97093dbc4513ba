/* SPDX-License-Identifier: MIT
 * Files that are built into the program, so that a report needs no other file. Each ends with '\0'. */
#ifndef REPORT_ASSETS_H
#define REPORT_ASSETS_H

extern const char report_asset_script[];
extern const char report_asset_style[];

#endif
