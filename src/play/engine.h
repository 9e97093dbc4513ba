/* SPDX-License-Identifier: MIT
 * Plays operations against allocators: the hot loop, and nothing in it but the operation. */
#ifndef PLAY_ENGINE_H
#define PLAY_ENGINE_H

#include "allocator/registry.h"
#include "base/clock.h"
#include "base/error.h"
#include "iovabench/ddi.h"
#include "result/result.h"
#include "play/arena.h"
#include "play/lock.h"
#include "play/quota.h"
#include "play/ring.h"
#include "stream/op_stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* extent.first of a slot that holds a driver call's handle (in cookie); count is then its path. */
#define ENGINE_SLOT_IS_HANDLE UINT64_MAX

/* How the loop plays a request: op_request.path of the engine's own copies. */
enum engine_path {
	ENGINE_PATH_EXTENT,     /* the bare allocator */
	ENGINE_PATH_CONTIGUOUS, /* contiguous memory at PASSIVE_LEVEL: the handle tells all */
	ENGINE_PATH_HELD,       /* any other driver call: engine->held of the slot */
	ENGINE_PATH_PLACE       /* the bare allocator, at the lowest page of the request */
};

/* Stands in front of an allocator that is not IOVA_CONCURRENT. */
struct engine_front {
	const struct iova_allocator *table;
	void *self;
	struct lock *lock;
};

/* Of several adapters there is one for each, though some may share a logical space. */
struct engine_domain {
	/* What is called: the instance, or a guard in front of it. */
	const struct iova_allocator *table;
	void *self;
	uint32_t space;                     /* the domain whose instance it is: its own index, or one below it */
	uint32_t rank;                      /* of that instance among all: below engine->instance_count */
	struct allocator_instance instance; /* of the engine that created it; count == 0 in those that joined or share it */
	struct engine_front guard;
	/* In front of both where the space refuses something by itself; quota.of == NULL: it does not. */
	struct quota quota;
	/* The CPU's address space, when the stream maps device memory; view_table is NULL otherwise. */
	const struct iova_allocator *view_table;
	void *view_self;
	struct allocator_instance view;
	struct engine_front view_front;
	struct ddi_adapter *adapter; /* NULL when the stream has no driver calls */
};

/* Sees every extent that passes between an adapter and its allocators in driver calls beyond contiguous memory, and in
 * routines. view: of the CPU's address space. request: what was asked, a placement being a window that leaves one place.
 * padding: pages in front of the extent that come and go with it. */
struct engine_watch {
	void *context;
	void (*granted)(void *context, bool view, const struct iova_request *request, const struct iova_extent *extent,
			uint64_t padding);
	void (*returned)(void *context, bool view, const struct iova_extent *extent, uint64_t padding);
};

struct engine_held;
struct tape;

struct engine {
	/* What the loop reads, first. */
	struct iova_extent *slots;   /* count == 0: empty. driver call: first = ENGINE_SLOT_IS_HANDLE */
	struct op_request *requests; /* the engine's own copy: request.count and .align are written for each operation */
	struct engine_domain *domains;
	uint32_t domain; /* of the operations at hand */
	uint32_t cpu;
	bool calls;        /* some request is a driver call */
	bool paths;        /* or takes another way than ENGINE_PATH_EXTENT */
	bool polls;        /* some instance has work for a poll */
	uint64_t skipped;  /* frees of slots whose allocation had failed */
	uint64_t failures; /* demands that none of their limits could serve; without those beyond a recording */
	/* of the last allocation that its first limit could not serve: index of the limit that did */
	uint32_t last_attempt;
	enum iova_status broken; /* first status that is neither IOVA_OK nor IOVA_NO_SPACE */

	/* One thread among several. A receive that finds nothing is made up for by a later one that finds two. A send that
	 * finds no room waits, and empties this thread's own inbox meanwhile, or two could wait for each other; when the
	 * receiver has ended its piece, the extent is freed here. */
	struct ring *inbox, *outbox;
	int64_t owed;            /* receives that were not made up for yet; below 0: done ahead */
	uint64_t received;       /* extents freed because of sends and receives */
	uint64_t starved;        /* receives that found nothing */
	uint64_t ring_full;      /* sends that found no room */
	uint64_t clock_backward; /* timed operations between whose stamps the clock went back */
	uint32_t home_cpu;       /* where phases begin */

	double poll_ns; /* of the stream: between two polls */
	/* Driver calls beyond contiguous memory: by slot; NULL when the stream has none. */
	struct engine_held *held;
	uint64_t *objects; /* what scripts keep: handles and addresses */
	const struct workload_routine_call *routine_calls;
	size_t routine_call_count;
	struct ddi_physical *physical;
	const struct engine_watch *watch; /* of the audit; NULL: none */
	struct outside *outside;          /* what instances give back at their end; NULL: nobody looks */
	bool views;                       /* some call maps device memory */
	bool mm_blocks;                   /* some call takes contiguous frames */

	uint64_t placement_hash; /* of all that engine_note_placement saw */
	size_t request_count;
	uint32_t slot_count;
	uint32_t domain_count;
	uint32_t instance_count; /* domains that share nothing, or are shared */
	size_t adapter_count;    /* of them, that have names; 0: there is one, without */
	const struct workload_adapter *adapters;
	uint64_t space_first, space_count, page_bytes;
};

/* Which of all spaces is at hand: one for each instance, and those of the CPU behind them, one for each domain. */
static inline uint32_t engine_space_at_hand(const struct engine *engine, bool view)
{
	return view ? engine->instance_count + engine->domain : engine->domains[engine->domain].rank;
}

struct workload;

/* Creates one instance of spec per domain of the stream over the workload's space, with its holes placed. arena outlives the
 * engine. -1: the allocator refused the space (EXIT_CODE_NO_ARM, with its reason) or there was no memory; nothing is left
 * behind. */
struct engine_surroundings {
	struct lock *lock;           /* around every call; NULL: none */
	const struct engine *joined; /* NULL: create the instances; else play on those of this one, which is closed last */
	uint32_t cpu;                /* of several threads: which one */
	uint32_t threads;            /* 0 and 1: one; else each has frames out of its own part of physical memory */
	struct ring *inbox, *outbox; /* NULL: the stream neither sends nor receives */
	bool grows;                  /* driver calls take room for what they hold when they need it: nobody is timed */
	ddi_map_event map_event;     /* of the adapters; NULL: none */
	void *map_context;
};

/* As engine_open. lock and rings outlive the engine. */
int engine_open_in(struct engine *engine, const struct workload *workload, const struct op_stream *stream,
		   const struct allocator_spec *spec, struct arena *arena, const struct engine_surroundings *surroundings,
		   struct error *error);
int engine_open(struct engine *engine, const struct workload *workload, const struct op_stream *stream,
		const struct allocator_spec *spec, struct arena *arena, struct error *error);
void engine_close(struct engine *engine);

/* To be called where a phase begins: domain 0, and CPU 0 or that of its thread. */
void engine_phase_begin(struct engine *engine);

/* Frees what waits in the inbox. */
void engine_drain_inbox(struct engine *engine);

/* Plays count words. */
void engine_play(struct engine *engine, const struct op *ops, size_t count);

/* As engine_play, but stops in front of an OP_POLL that has something to do, an OP_OFFLINE or OP_ADAPTER, for engine_poll;
 * returns the words that were played. */
size_t engine_play_to_poll(struct engine *engine, const struct op *ops, size_t count);
/* Plays one OP_POLL, OP_OFFLINE or OP_ADAPTER: tells every allocator of the stream what time it is, or that a CPU has left; or
 * every adapter what becomes of it. */
void engine_poll(struct engine *engine, const struct op *op);

/* What a timed operation was. */
struct engine_timed {
	enum metric_kind kind;
	uint64_t ticks;   /* of the allocator's share */
	uint64_t pages;   /* asked for, or freed; 0: not known, of what driver calls free and of received extents */
	uint32_t attempt; /* of an allocation: index of the limit that was tried last */
	bool moved;       /* the CPU changed on the way */
};

/* Plays one operation (OP_RECEIVE or OP_CALL, but no other control word) and tells what it was. false: nothing was done (a
 * free of an empty slot, an empty inbox), nothing was asked of an allocator, or the clock went back: *timed is then
 * meaningless. Waiting for locks is no part of the ticks where lock_record_waits is on. */
bool engine_play_timed(struct engine *engine, const struct op *op, const struct clock *clock, struct engine_timed *timed);

/* What one operation did, for the audit. */
struct engine_outcome {
	enum { ENGINE_SKIPPED, ENGINE_FREED, ENGINE_ALLOCATED, ENGINE_FAILED, ENGINE_CALLED } what;
	uint32_t attempt; /* ALLOCATED: index of the limit that served it */
	bool empty_grant; /* the allocator said IOVA_OK and gave no page: FAILED, but no honest failure */
	/* ALLOCATED: what was granted; FREED: what was given back; of several extents the first */
	struct iova_extent extent;
	uint64_t padding;        /* pages in front of it */
	enum ntstatus status;    /* CALLED */
	struct iova_steps steps; /* zero for allocators that do not count */
};

/* Whether an operation (OP_CALL, or no control word) shows its extents to engine->watch instead of in the outcome. */
bool engine_is_watched(const struct engine *engine, const struct op *op);

/* RESULT_REASON_COUNT when the physical side of an open engine can decide ahead of it; else why not. */
enum result_reason engine_tape_refusal(const struct engine *engine, const struct workload *workload);
/* Those that are not refused, before their first operation: see ddi/tape.h. */
void engine_record(struct engine *engine, struct tape *tape);
void engine_play_to(struct engine *engine, struct tape *tape);
void engine_rewind_tape(struct engine *engine);
/* Whether a driver call failed for want of logical room: what is played from there on contains the physical side. */
bool engine_left_tape(const struct engine *engine);

/* Destroys the adapters before the engine is closed; the watch sees what they give back. */
void engine_drop_adapters(struct engine *engine);

/* Everything that lives on one, or on OP_ADAPTERS_ALL, is given back at once; the watch sees it. */
void engine_reset_adapters(struct engine *engine, uint32_t adapter);

/* Plays one operation (OP_CALL, or no control word) of count pages with the counted twins. */
void engine_play_counted(struct engine *engine, const struct op *op, uint64_t count, struct engine_outcome *outcome);

/* Says which status engine->broken is; returns -1. */
int engine_broken(const struct engine *engine, struct error *error);

/* Folds into placement_hash what lies in the slots of a piece of the stream that has just been played: in all of them where
 * they are no more than its words, else in those that the words name. Slots change by words alone: passes that agree after
 * every piece had the same extents in all slots at each of these ends. A phase that drains would otherwise leave nothing to
 * compare. Never 0 afterwards, which says that passes disagree. O(count), whatever lives. */
void engine_note_placement(struct engine *engine, const struct op *ops, size_t count);

#endif
