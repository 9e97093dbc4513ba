/* SPDX-License-Identifier: MIT
 * Reads a workload file. */
#ifndef WORKLOAD_WORKLOAD_YAML_H
#define WORKLOAD_WORKLOAD_YAML_H

#include "base/text.h"
#include "workload/model.h"
#include "yaml/setting.h"

#include <stddef.h>

/* The limits of what is in it: yaml/tree.h. */
#define WORKLOAD_FILE_BYTES_MAX (16u << 20)

#define WORKLOAD_NO_MEMORY (-2)

/* Decodes length bytes that were read from file (used in messages, and to resolve the paths of traces) into *workload, which
 * the caller releases. Returns 0; or -1 with *workload zeroed and every error of the file in *messages, each as
 *     file:line:col: path: message
 *     the source line
 *        ^ caret
 * in the order of their positions. Never half a workload; no file but the given bytes is read. WORKLOAD_NO_MEMORY in place of
 * -1 when that is all there is to tell. */
int workload_parse(const char *file, const char *bytes, size_t length, struct workload *workload, struct text *messages);

/* As workload_parse, with values replaced before they are decoded. The sweeps of the file are read and not followed, while
 * workload_parse wants each of their combinations to be a right workload. */
int workload_parse_set(const char *file, const char *bytes, size_t length, const struct yaml_setting *settings,
		       size_t setting_count, struct workload *workload, struct text *messages);

/* How many combinations the sweeps of a workload have, >= 1; the values of one, one setting per sweep, borrowed from the
 * workload. The last sweep changes fastest. */
size_t workload_combinations(const struct workload *workload);
void workload_combination(const struct workload *workload, size_t number, struct yaml_setting *settings);

/* Reads file and parses it; a file that cannot be read is a message too. */
int workload_load(const char *file, struct workload *workload, struct text *messages);

/* The resolved workload with every default written out, as one JSON document or as YAML: in the keys of the language, so that
 * what is read back plays the same stream (a trace lies beside the file that names it). */
void workload_expand(const struct workload *workload, struct text *json);
void workload_expand_yaml(const struct workload *workload, struct text *yaml);

/* Where the recording of a trace phase lies: trace.file, relative to the folder of workload->file unless absolute. Added to
 * path. */
void workload_trace_path(const struct workload *workload, const struct workload_phase *phase, struct text *path);

/* 64-bit FNV-1a of the bytes of a file: the workload's hash in results. */
uint64_t workload_hash(const char *bytes, size_t length);

#endif
