/* SPDX-License-Identifier: MIT
 * The extents of mixes, which their phases hand to each other: the first live ones of a range of slots, or of an order of
 * them. */
#ifndef STREAM_POPULATION_H
#define STREAM_POPULATION_H

#include "base/error.h"
#include "base/rng.h"
#include "workload/model.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct op_stream;
struct writer;

struct population {
	uint32_t first; /* slot of the stream; slots of mixes count from here */
	uint32_t capacity;
	uint32_t live;
	uint64_t clock;   /* of stamps */
	uint64_t *stamps; /* age; NULL when no phase asks for it */
	/* A ring of all slots, the live ones first, from order_first on; in a phase that frees by age from the oldest to
	 * the youngest. NULL when no phase asks for it. */
	uint32_t *order;
	uint32_t order_first;
	bool scattered;              /* some phase lets the live count fall: only order tells which slots are live */
	uint16_t *cpu_of;            /* which CPU allocated it; NULL when no phase asks for it */
	uint8_t *request_of;         /* NULL without lifetimes */
	struct lifetimes *lifetimes; /* NULL when no phase asks for them */
	uint64_t hold_max;           /* live at most in every phase of hold: occupancy */
	struct rng victims;          /* of the phase at hand */
	struct rng cpus;
};

/* What a mix or a drain asks of the population. Returns 0, or -1 without memory. */
int population_ask(struct op_stream *stream, const struct workload_phase *phase, bool scatters);
/* Room for capacity slots; they only become more. Returns 0, or -1 without memory. */
int population_reserve(struct op_stream *stream, uint32_t capacity);
/* Of a rewound stream: takes back what is beyond so many. The ring turns through all that there are. */
void population_cut(struct population *mixes, uint32_t capacity);
void population_rewind(struct op_stream *stream);
void population_release(struct op_stream *stream);

/* Pages that a share of so many stands for. */
uint64_t population_share(double ratio, uint64_t pages);
/* Extents that the fills can have live at most, however the sizes fall; beyond UINT32_MAX it is cut to that. */
uint64_t population_fill_bound(const struct workload *workload);
/* Extents that phases of hold: occupancy have live at most: as many of the smallest as the pages of the fills, or the
 * space, have room for (2^24 at most), and those of a fill. */
uint64_t population_hold_bound(const struct workload *workload);

/* The order of ages, or any. */
void population_order(struct population *mixes, bool by_age);

/* The i-th live slot, i < live; of live: the one that is filled next. */
static inline uint32_t population_slot(const struct population *mixes, uint32_t i)
{
	assert(mixes->scattered ? i < mixes->capacity && mixes->order : i <= mixes->capacity);
	if (!mixes->scattered)
		return i;
	uint64_t at = (uint64_t)mixes->order_first + i;
	return mixes->order[at < mixes->capacity ? at : at - mixes->capacity];
}

/* The i-th to be the victim of a phase that picks no lifetimes; scattered only. */
static inline uint32_t population_victim(struct population *mixes, enum workload_victims victims)
{
	assert(mixes->live && victims != WORKLOAD_VICTIMS_LIFETIME);
	if (victims == WORKLOAD_VICTIMS_RANDOM)
		return (uint32_t)rng_below(&mixes->victims, mixes->live);
	return victims == WORKLOAD_VICTIMS_LIFO ? mixes->live - 1 : 0;
}

/* Takes the i-th live one out, which the caller frees; oldest: the first, of an order of ages that stays one. Scattered only.
 * Returns its slot. */
uint32_t population_remove(struct population *mixes, uint32_t i, bool oldest);
/* A free, and an allocation into the next empty slot, with all their book-keeping; scattered only. The victim is the i-th
 * live one; by age, the first or the last. */
void population_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t i);
/* Returns the slot. */
uint32_t population_alloc(struct op_stream *stream, struct writer *writer, uint32_t request, uint64_t pages);
/* The words and the book-keeping of pages of a free: order is the caller's. */
void population_give_back(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			  uint32_t slot);

/* stream/lifetimes.c; 0, or -1 without memory. */
int lifetimes_reserve(struct lifetimes *lifetimes, uint32_t capacity);
void lifetimes_close(struct lifetimes *lifetimes);

#endif
