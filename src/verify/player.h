/* SPDX-License-Identifier: MIT
 * Plays calls on one instance and checks what every answer must keep, against a map of one bit for each page. */
#ifndef VERIFY_PLAYER_H
#define VERIFY_PLAYER_H

#include "verify/host.h"
#include "verify/verify.h"

struct verify_player {
	const struct verify_subject *subject;
	struct verify_host host;
	struct allocator_instance instance; /* table NULL: the space was refused, with a reason */
	struct iova_space space;
	bool counted;   /* calls the counted twins, where there are some */
	uint64_t *live; /* a bit for each page that an extent or its padding holds, backed when it is touched */
	size_t live_bytes;
	uint64_t live_pages;
	struct verify_slot {
		struct iova_extent extent; /* count 0: holds nothing */
		uint64_t padding;          /* pages in front of it that it holds, too */
		bool taken;                /* as the case has it, as if nothing had failed */
	} * slots;
	uint32_t slot_count;
};

/* Creates. Returns NULL or a sentence; verify_player_end is due in both cases. failing_memory: of create's requests. */
const char *verify_player_begin(struct verify_player *player, const struct verify_subject *subject,
				const struct verify_case *one, uint64_t failing_memory);
/* Destroys and says what was left behind. */
const char *verify_player_end(struct verify_player *player);
/* wrong, or what verify_player_end says. */
const char *verify_player_leave(struct verify_player *player, const char *wrong);

struct verify_answer {
	bool called;             /* false: the call was passed over */
	enum iova_status status; /* of ALLOC and PLACE */
};

/* Plays a call and checks range, size, overlap, and what a failure must leave alone. */
const char *verify_player_call(struct verify_player *player, const struct verify_op *op, struct verify_answer *answer);
struct iova_request verify_request(const struct verify_op *op);
/* Whether the extent in the slot keeps what the call asked for. */
const char *verify_check_constraints(const struct verify_player *player, const struct verify_op *op);
void verify_player_free_all(struct verify_player *player);
/* Enters what the slots hold into the map, which the calls that gave it have not. */
const char *verify_player_adopt(struct verify_player *player);
void verify_player_drain(struct verify_player *player);

/* Whether what is not live has a place that the promise lets a request have. *first: first page of the lowest one, or of the
 * highest. Cost: O(space / 64 + runs). */
bool verify_find_place(const struct verify_player *player, const struct iova_request *request, enum iova_promise promise,
		       bool highest, uint64_t *first);
bool verify_has_place(const struct verify_player *player, const struct iova_request *request, enum iova_promise promise);

const char *verify_check_visit(const struct verify_player *player);
const char *verify_check_statistics(const struct verify_player *player);
/* Recounting may look at every page: for spaces of at most so many. */
#define INVARIANT_PAGES (UINT64_C(1) << 20)
const char *verify_check_invariant(const struct verify_player *player);

/* The free runs in address order: equal texts are equal states. At most SNAPSHOT_RUNS are kept. */
#define SNAPSHOT_RUNS 1024
struct verify_snapshot {
	size_t count;
	struct iova_statistics statistics;
	struct verify_run {
		uint64_t first;
		uint64_t count;
		uint64_t state;
	} runs[SNAPSHOT_RUNS];
};
void verify_snapshot_take(const struct verify_player *player, struct verify_snapshot *snapshot);
bool verify_snapshot_equal(const struct verify_snapshot *a, const struct verify_snapshot *b);

/* A sentence of this thread, valid until the next one. */
const char *verify_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
