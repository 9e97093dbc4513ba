/* SPDX-License-Identifier: MIT
 * The workloads that are shipped. */
#ifndef CLI_WORKLOAD_FOLDER_H
#define CLI_WORKLOAD_FOLDER_H

#include "base/error.h"
#include "base/text.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>

/* Looks for *.yaml in ./workloads, beside the program in its build tree, and where it was installed: the first of them that
 * has any. Returns how many, in the order of names (entries and each of them to be freed), and where they lie; -1 when there
 * are none. */
int workload_folder_scan(char folder[PATH_MAX], struct dirent ***entries);

/* Adds the path of the shipped workload of this name (without .yaml); false when there is none. */
bool workload_folder_find(const char *name, struct text *path);

/* Adds what a command's word means: standard input, a file that is there, else a shipped workload of this name, else the
 * word, and says which shipped one is nearest. */
void workload_folder_resolve(const char *word, struct text *path);

/* Of suites, likewise. */
int suite_folder_scan(char folder[PATH_MAX], struct dirent ***entries);
void suite_folder_resolve(const char *word, struct text *path);

/* The same as workload_folder_resolve for a whole list, and patterns with * ? [ stand for all files that they match, else for
 * all shipped workloads whose names they match, in order. A file or name that is there is no pattern. */
struct workload_paths {
	char **list; /* NULL behind the last; released with workload_folder_release */
	size_t count, capacity;
};
/* -1: a pattern of nothing, EXIT_CODE_USAGE; no memory. */
int workload_folder_resolve_all(char *const *words, size_t count, struct workload_paths *paths, struct error *error);
void workload_folder_release(struct workload_paths *paths);

/* Describes the workload of this name, or of this file (with .yaml at its end). Returns an exit code, or -1 when there is
 * none. */
int describe_workload(const char *name);

#endif
