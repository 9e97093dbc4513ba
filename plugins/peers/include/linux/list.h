/* SPDX-License-Identifier: MIT
 * Rings through a head, by the names that kernels have for them. Written for iovabench. */
#ifndef PEERS_LINUX_LIST_H
#define PEERS_LINUX_LIST_H

#include "kernel.h"

struct list_head {
	struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(name)                                                                                               \
	{                                                                                                                  \
		&(name), &(name)                                                                                           \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(at, member) list_entry((at)->member.next, __typeof__(*(at)), member)
#define list_prev_entry(at, member) list_entry((at)->member.prev, __typeof__(*(at)), member)
#define list_first_entry_or_null(head, type, member) (list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_for_each(at, head) for ((at) = (head)->next; (at) != (head); (at) = (at)->next)
#define list_for_each_safe(at, behind, head)                                                                               \
	for ((at) = (head)->next, (behind) = (at)->next; (at) != (head); (at) = (behind), (behind) = (at)->next)
#define list_for_each_entry(at, head, member)                                                                              \
	for ((at) = list_first_entry(head, __typeof__(*(at)), member); &(at)->member != (head);                            \
	     (at) = list_next_entry(at, member))
#define list_for_each_entry_reverse(at, head, member)                                                                      \
	for ((at) = list_last_entry(head, __typeof__(*(at)), member); &(at)->member != (head);                             \
	     (at) = list_prev_entry(at, member))
#define list_for_each_entry_safe(at, behind, head, member)                                                                 \
	for ((at) = list_first_entry(head, __typeof__(*(at)), member), (behind) = list_next_entry(at, member);             \
	     &(at)->member != (head); (at) = (behind), (behind) = list_next_entry(behind, member))
#define list_for_each_entry_rcu(at, head, member, ...) list_for_each_entry(at, head, member)
#define list_add_rcu list_add

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline void __list_add(struct list_head *node, struct list_head *before, struct list_head *behind)
{
	*node = (struct list_head){behind, before};
	before->next = behind->prev = node;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	__list_add(node, head, head->next);
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	__list_add(node, head->prev, head);
}

static inline void __list_del_entry(struct list_head *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
}

static inline void list_del(struct list_head *node)
{
	__list_del_entry(node);
	node->next = node->prev = NULL;
}

static inline void list_del_init(struct list_head *node)
{
	__list_del_entry(node);
	INIT_LIST_HEAD(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	__list_del_entry(node);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	__list_del_entry(node);
	list_add_tail(node, head);
}

static inline void list_replace(struct list_head *old, struct list_head *new)
{
	__list_add(new, old->prev, old->next);
}

/* What is in `list` comes behind the head; `list` is left as it is. */
static inline void list_splice(const struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->next->prev = head;
	list->prev->next = head->next;
	head->next->prev = list->prev;
	head->next = list->next;
}

static inline void list_splice_tail(const struct list_head *list, struct list_head *head)
{
	list_splice(list, head->prev);
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_tail(list, head);
	INIT_LIST_HEAD(list);
}

#endif
