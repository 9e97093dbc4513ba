/* SPDX-License-Identifier: MIT
 * Conformance of allocators. A rule makes cases, which are plain lists of calls that depend on a seed alone, and judges how an
 * allocator answers them, against a map of its own. So what breaks a rule can be cut down and played again. */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "allocator/registry.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/text.h"
#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_PROMISES (IOVA_PROMISE_BOUNDED + 1)
extern const char *const verify_promise_names[VERIFY_PROMISES + 1]; /* "complete", …; NULL at the end */

struct verify_subject {
	struct allocator_spec spec;
	enum iova_promise promise;
	bool remembers_failures; /* a failed request makes later ones fail, too */
	bool never_forgets;      /* perhaps even when all is free */
};

/* Opens a spec, with the promise of the part that promises least. Returns 0, or -1 as allocator_spec_open. */
int verify_subject_open(const char *spec, struct verify_subject *subject, struct error *error);
/* One table with its default options. */
void verify_subject_of_table(struct verify_subject *subject, const struct iova_allocator *table);
/* Promise and memory of what the spec says. */
void verify_subject_promise(struct verify_subject *subject);
void verify_subject_close(struct verify_subject *subject);

enum verify_op_kind { VERIFY_ALLOC, VERIFY_FREE, VERIFY_PLACE, VERIFY_POLL, VERIFY_LEAVE /* cpu is offline */ };

/* One call. An ALLOC or PLACE into a slot that is taken, and a FREE of one that is not, are passed over: any part of a case is
 * a case. A slot whose allocation failed is taken, and holds nothing. */
struct verify_op {
	uint8_t kind;
	uint8_t constraints; /* ALLOC: IOVA_CONSTRAIN_ */
	uint16_t cpu;
	uint32_t slot;
	uint64_t count; /* pages; POLL: nanoseconds */
	uint64_t align; /* these as in a request, and garbage where the bit is clear */
	uint64_t low;   /* PLACE: the first page */
	uint64_t high;
	uint64_t boundary;
};

static inline bool verify_op_has_slot(const struct verify_op *op)
{
	return op->kind != VERIFY_POLL && op->kind != VERIFY_LEAVE;
}

#define VERIFY_MEMORY_SUFFICES UINT64_MAX

struct verify_case {
	struct iova_space space;
	uint32_t cpus;
	uint32_t slots;
	struct verify_op *ops; /* owned */
	size_t count, capacity;
	uint64_t failing_memory; /* that request for memory fails, counted from where the rule says */
	bool failed;             /* there was no memory to hold it */
};
void verify_case_release(struct verify_case *one);
void verify_case_add(struct verify_case *one, const struct verify_op *op);

/* What a case is made from, beside the seed. */
struct verify_ground {
	struct iova_space space; /* that the allocator manages */
	uint64_t length_max;     /* pages of the longest request there */
	uint64_t capabilities;   /* of the whole spec, and VERIFY_ */
	uint64_t seed;
	const struct verify_case *given; /* of a workload, or NULL: its calls are what is played */
};

enum verify_state {
	VERIFY_HELD,
	VERIFY_BROKEN,
	VERIFY_NOT_APPLICABLE,
	VERIFY_CRASHED,
	VERIFY_HUNG,
	VERIFY_LARGE,
	VERIFY_ENDED
};

#define VERIFY_MESSAGE_BYTES 256

/* Lies in memory that a player shares with who waits for it: where it is, and what it found. */
struct verify_mail {
	volatile uint64_t part;    /* case at hand */
	volatile uint64_t op;      /* index of the call at hand; the count of the case: behind all of them */
	volatile uint64_t calls;   /* of all cases so far */
	volatile uint64_t refused; /* spaces */
	volatile uint32_t state;   /* an enum verify_state */
	volatile uint32_t done;    /* it ended by itself */
	char message[VERIFY_MESSAGE_BYTES];
	struct crash crash; /* where it was when it crashed */
};

/* A player's view of a case. */
struct verify_look {
	const struct verify_subject *subject;
	const struct verify_case *played;
	const struct verify_ground *ground;
	struct verify_mail *mail;
	bool enough; /* set by a judge: further parts of this stride show nothing new */
};

/* NULL, or a sentence that is valid until the next call. */
typedef const char *(*verify_judge)(struct verify_look *look);

struct verify_rule {
	const char *name;     /* a word for command lines and documents */
	const char *sentence; /* what holds */
	uint64_t needs;       /* capabilities, without which the rule says nothing */
	uint64_t lacks;       /* capabilities, with which it does not */
	uint64_t parts;       /* cases */
	uint64_t stride;      /* parts that ask the same, and get harder; 0: each is on its own */
	void (*make)(struct verify_case *made, uint64_t part, const struct verify_ground *ground);
	verify_judge judge;
	bool takes_given; /* the calls of a workload can be played instead */
	unsigned hunts; /* of 16 seeds of a hunt, those that it is played on: rules that cost much are played less often */
};
extern const struct verify_rule verify_rules[];
extern const size_t verify_rule_count;
/* NULL: there is none of this name. */
const struct verify_rule *verify_rule_find(const char *name);

/* What the spec can do as a whole. */
uint64_t verify_capabilities(const struct verify_subject *subject);

/* Of a ground, beside those of the contract: something caches, there is a length_max, an offline, a place, a visit_free. */
#define VERIFY_DRAINS (UINT64_C(1) << 59)
#define VERIFY_LENGTH (UINT64_C(1) << 60)
#define VERIFY_LEAVES (UINT64_C(1) << 61)
#define VERIFY_PLACES (UINT64_C(1) << 62)
#define VERIFY_SHOWS_FREE (UINT64_C(1) << 63)

/* Finds a space that the allocator manages. Returns false, and *reason (valid until the next call), when it refuses all that
 * are tried, or has no memory. */
bool verify_ground_find(const struct verify_subject *subject, struct verify_ground *ground, const char **reason);

/* Plays all cases of a rule in this process, which a wrong allocator may take with it. *mail tells what was found. */
void verify_play(const struct verify_rule *rule, const struct verify_subject *subject, const struct verify_ground *ground,
		 struct verify_mail *mail);
/* The same with one case. */
void verify_play_case(const struct verify_rule *rule, const struct verify_subject *subject,
		      const struct verify_ground *ground, const struct verify_case *one, struct verify_mail *mail);
/* Makes case `part` of a rule; to be released. */
void verify_make(const struct verify_rule *rule, uint64_t part, const struct verify_ground *ground,
		 struct verify_case *made);

#endif
