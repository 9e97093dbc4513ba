/* SPDX-License-Identifier: MIT
 * One workload made ready to be played: its bytes, its recordings, its stream of operations. */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "base/error.h"
#include "base/text.h"
#include "workload/model.h"
#include "stream/op_stream.h"
#include "workload/workload_yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_SETTINGS_BYTES_MAX 4096u

/* What the command line and sweeps change in a workload. */
struct plan_changes {
	bool has_seed;
	uint64_t seed;
	bool replicate; /* seed is one of several: it is part of the label, as what a sweep sets */
	bool scaling;   /* likewise threads */
	bool load;      /* likewise rate */
	uint32_t rate;  /* of an open loop, operations per second; 0: closed. One thread */
	bool poisson;   /* its gaps are exponential */
	uint64_t ops;   /* > 0: of every measured phase that ends by operations */
	bool has_interference;
	struct workload_interference interference; /* instead of the workload's */
	uint32_t threads;                          /* that share the workload; 0 and 1: none */
	char settings[PLAN_SETTINGS_BYTES_MAX];    /* of a sweep: lines of key=value */
	uint64_t space_end; /* > 0: page at which the space ends that is played on; the operations stay those of the file */
};

/* Not to be moved while it is open: its streams point into it. */
struct plan {
	struct workload workload; /* changed already */
	struct workload played;   /* the same, with the space that is played on; borrows from workload */
	char *bytes;              /* of the file: workers parse the very same ones */
	size_t length;
	struct workload_hole *played_holes;    /* NULL: those of workload */
	struct recording *recordings;          /* one per phase; empty where it is no trace */
	const struct recording **recording_of; /* one per phase; NULL where it is no trace */
	struct op_stream *stream;              /* of the one thread, or the streams of all threads woven into one */
	uint32_t threads;                      /* >= 1 */
	struct workload *portions;             /* one per thread; NULL with one */
	struct op_stream **portion_streams;    /* likewise: playing one and the woven stream disturb each other */
};

/* Parses bytes (taken over, also on failure), applies changes, reads the recordings and opens the stream. Returns 0, or -1
 * with every fault of the file in *messages or one in *error. */
int plan_open(struct plan *plan, const char *file, char *bytes, size_t length, const struct plan_changes *changes,
	      struct text *messages, struct error *error);
void plan_close(struct plan *plan);

/* How the workload is called among others: its name, and the values of its sweep. */
void plan_label(const struct plan *plan, const struct plan_changes *changes, struct text *label);

/* What is one of several values of an option: at most PLAN_AXES_MAX. Returns how many there are. */
#define PLAN_AXES_MAX 3u
struct plan_axis {
	const char *key;
	uint64_t value;
};
size_t plan_axes(const struct plan_changes *changes, struct plan_axis axes[PLAN_AXES_MAX]);

/* Takes the settings of *changes apart, into text, which they point to. Returns how many there are, at most
 * WORKLOAD_SWEEPS_MAX. */
size_t plan_settings(const struct plan_changes *changes, char text[PLAN_SETTINGS_BYTES_MAX],
		     struct yaml_setting settings[WORKLOAD_SWEEPS_MAX]);

/* After streams were played to their ends: -1, and a message that says whose fault it is, when one of them ended before its
 * end. */
int plan_check_streams(const struct plan *plan, struct error *error);

/* Operations of the longest phase that plan_changes.ops changes; 0: there is none. */
uint64_t plan_phase_operations(const struct plan *plan);

#endif
