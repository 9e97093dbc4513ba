/* SPDX-License-Identifier: MIT
 * The workloads that are shipped. */
#ifndef CLI_WORKLOAD_FOLDER_H
#define CLI_WORKLOAD_FOLDER_H

#include <dirent.h>
#include <limits.h>

/* Looks for *.yaml in ./workloads, beside the program in its build tree, and where it was installed: the first of them that
 * has any. Returns how many, in the order of names (entries and each of them to be freed), and where they lie; -1 when there
 * are none. */
int workload_folder_scan(char folder[PATH_MAX], struct dirent ***entries);

/* Describes the workload of this name, or of this file (with .yaml at its end). Returns an exit code, or -1 when there is
 * none. */
int describe_workload(const char *name);

#endif
