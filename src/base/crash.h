/* SPDX-License-Identifier: MIT
 * Where a process was when a signal ended it, told to another one through memory that both share. */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include "base/text.h"

#include <stdint.h>

#define CRASH_FRAMES_MAX 16u

/* Zeroed by whoever makes the memory. What is in it was written by a process that had lost its mind. */
struct crash {
	volatile uint32_t count; /* of frames; 0: none, or it could not be told */
	struct crash_frame {
		char module[200];  /* path of the object; as much of it as has room */
		char function[64]; /* empty: it is not exported */
		uint64_t offset;   /* of the call, or of what crashed, in the object */
	} frames[CRASH_FRAMES_MAX];
};

/* From now on a crash of this process is told in *crash, which stays mapped; then it ends by the signal as ever. Signals that
 * something handles already (a sanitizer) are left to it. Once in a process, which has no other threads yet. */
void crash_watch(struct crash *crash);

/* Adds " at find (mine.c:31), called by alloc (mine.c:58)", and nothing when no frame was told. Names and lines come from
 * addr2line, where binutils and debug information are there; else the function, or where in the object. The C library's own
 * frames are left out, and those of this program behind another object's. A process for each frame is started, and ended. */
void crash_text(const struct crash *crash, struct text *text);

#endif
