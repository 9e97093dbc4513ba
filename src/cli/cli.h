/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

int cli_trace(int argc, char **argv);

#endif
