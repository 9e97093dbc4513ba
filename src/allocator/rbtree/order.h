/* SPDX-License-Identifier: MIT
 * The orders of rbtree's gaps, each with the same functions: address.c for fit=first (and fit=last, in a mirrored space),
 * key.c for fit=best, length.c for it in spaces of more than RBTREE_KEYS_PAGES. They do all of a call, with an instance of
 * their kind; create and release do what the kind alone has. place returns IOVA_OK, IOVA_TAKEN or IOVA_NO_MEMORY; create
 * IOVA_OK or IOVA_NO_MEMORY, and release takes what was left then. */
#ifndef ALLOCATOR_RBTREE_ORDER_H
#define ALLOCATOR_RBTREE_ORDER_H

#include "allocator/rbtree/state.h"

/* A portion of the gaps enters the index, which wants them; each counts as examined. */
void rbtree_file(struct rbtree *self, uint64_t *examined);

/* Pages of the gap that begins at a page, or 0. The one that ends there is not asked for. */
typedef uint64_t (*rbtree_length_at)(const struct rbtree *self, uint64_t page);

/* Turns the index on for a wish with an upper limit, of the gaps that begin below it, where a look along them is a short one:
 * little lives there. Looks count as examined. False: it is as it was. */
bool rbtree_index_below(struct rbtree *self, const struct gap_wish *wish, rbtree_length_at length_at, uint64_t *examined);

/* Begins the index where it is wanted. True: it is on. */
bool rbtree_begin_index(struct rbtree *self, uint64_t *examined);

enum iova_status address_create(struct rbtree *self);
void address_release(struct rbtree *self);
enum iova_status address_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent);
enum iova_status address_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				       struct iova_steps *steps);
void address_free(struct rbtree *self, const struct iova_extent *extent);
void address_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps);
enum iova_status address_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent);
/* Files a portion in the index, in the order of the tree. Returns how many gaps it has fewer. */
unsigned address_file(struct rbtree *self);
void address_visit(const struct rbtree *self, iova_visit visit, void *context);

enum iova_status key_create(struct rbtree *self);
void key_release(struct rbtree *self);
enum iova_status key_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent);
enum iova_status key_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				   struct iova_steps *steps);
void key_free(struct rbtree *self, const struct iova_extent *extent);
void key_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps);
enum iova_status key_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent);
unsigned key_file(struct rbtree *self);
void key_visit(const struct rbtree *self, iova_visit visit, void *context);

enum iova_status length_create(struct rbtree *self);
void length_release(struct rbtree *self);
enum iova_status length_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent);
enum iova_status length_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				      struct iova_steps *steps);
void length_free(struct rbtree *self, const struct iova_extent *extent);
void length_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps);
enum iova_status length_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent);
unsigned length_file(struct rbtree *self);
void length_visit(const struct rbtree *self, iova_visit visit, void *context);

#endif
