/* SPDX-License-Identifier: MIT
 * As much of a kernel around an allocator as one file of it needs, in a process: memory comes from the host of the instance
 * that is called, the CPU is that of the call, locks are none. Written for iovabench; nothing of it comes from a kernel. */
#ifndef PEERS_KERNEL_H
#define PEERS_KERNEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* ---- where a call comes from ---- */

/* Set by the plugin before it calls in. */
struct kernel_call {
	const struct iova_host *host;
	unsigned cpu, cpus;
	struct kernel_pool *pool;
};
extern _Thread_local struct kernel_call kernel_call;

void *kernel_memory_get(size_t bytes);
void kernel_memory_put(void *memory);

/* ---- words ---- */

typedef unsigned gfp_t;
#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define __GFP_NOWARN 0u
#define ENOMEM 12
#define EINVAL 22
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define __percpu
#define __init
#define __exit
#define __cold
#define noinline __attribute__((noinline))
#define likely(x) (x)
#define unlikely(x) (x)
#define EXPORT_SYMBOL_GPL(symbol) struct kernel_exported_##symbol
#define EXPORT_SYMBOL(symbol) struct kernel_exported_##symbol
#define MODULE_AUTHOR(text) struct kernel_author
#define MODULE_LICENSE(text) struct kernel_licence
#define MODULE_DESCRIPTION(text) struct kernel_description
#define BUG_ON(condition) ((condition) ? abort() : (void)0)
#define WARN_ON(condition) (!!(condition))
#define WARN_ON_ONCE(condition) (!!(condition))
#define pr_err(...) ((void)0)
#define pr_warn(...) ((void)0)
#define pr_err_once(...) ((void)0)
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define swap(a, b)                                                                                                         \
	do {                                                                                                               \
		__typeof__(a) kept_ = (a);                                                                                 \
		(a) = (b);                                                                                                 \
		(b) = kept_;                                                                                               \
	} while (0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof(array)[0])

static inline unsigned fls_long(unsigned long word)
{
	return word ? 64u - (unsigned)__builtin_clzl(word) : 0;
}

static inline bool is_power_of_2(unsigned long number)
{
	return number && !(number & (number - 1));
}

static inline unsigned order_base_2(unsigned long number)
{
	return number > 1 ? fls_long(number - 1) : 0;
}

static inline unsigned long roundup_pow_of_two(unsigned long number)
{
	return 1UL << order_base_2(number);
}

/* ---- locks: calls come one at a time ---- */

typedef struct {
	char none;
} spinlock_t;
struct mutex {
	char none;
};
#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(mutex) ((void)(mutex))
#define mutex_unlock(mutex) ((void)(mutex))
#define assert_spin_locked(lock) ((void)(lock))
#define spin_lock_init(lock) ((void)(lock))
#define spin_lock(lock) ((void)(lock))
#define spin_unlock(lock) ((void)(lock))
#define spin_lock_irqsave(lock, flags) ((void)(lock), (flags) = 0)
#define spin_unlock_irqrestore(lock, flags) ((void)(lock), (void)(flags))

/* ---- memory ---- */

static inline void *kmalloc(size_t bytes, gfp_t how)
{
	(void)how;
	return kernel_memory_get(bytes);
}

#define kzalloc kmalloc /* the host's memory is zeroed */

static inline void *kcalloc(size_t count, size_t bytes, gfp_t how)
{
	return kmalloc(count * bytes, how);
}

static inline void kfree(const void *memory)
{
	kernel_memory_put((void *)(uintptr_t)memory);
}

/* Objects of one size; a cache is shared by all instances, and its objects are theirs. */
struct kmem_cache {
	size_t bytes;
};
#define SLAB_HWCACHE_ALIGN 0u
struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, unsigned flags, void (*make)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t how);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t how);
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* ---- CPUs ---- */

#define cache_line_size() 64u
#define __alloc_percpu(bytes, align) kernel_memory_get(kernel_call.cpus *(((bytes) + 63) / 64 * 64))
#define free_percpu(memory) kernel_memory_put(memory)
#define per_cpu_ptr(pointer, cpu)                                                                                          \
	((__typeof__(pointer))(void *)((char *)(pointer) + (size_t)(cpu) * ((sizeof *(pointer) + 63) / 64 * 64)))
#define raw_cpu_ptr(pointer) per_cpu_ptr(pointer, kernel_call.cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < kernel_call.cpus; (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)

struct hlist_node {
	struct hlist_node *next, **pprev;
};
#define hlist_entry_safe(pointer, type, member) ((pointer) ? container_of(pointer, type, member) : NULL)
#define CPUHP_IOMMU_IOVA_DEAD 0
#define cpuhp_setup_state_multi(state, name, begins, ends) ((void)(begins), (void)(ends), 0)
#define cpuhp_remove_multi_state(state) ((void)0)
#define cpuhp_state_add_instance_nocalls(state, node) ((void)(node), 0)
#define cpuhp_state_remove_instance_nocalls(state, node) ((void)(node))

/* ---- trees: balanced by a priority that the address of a node gives; what is above whom decides no placement ---- */

struct rb_node {
	struct rb_node *rb_parent, *rb_left, *rb_right;
	uint64_t priority;
};
struct rb_root {
	struct rb_node *rb_node;
};
#define RB_ROOT ((struct rb_root){NULL})
#define rb_entry(pointer, type, member) container_of(pointer, type, member)
#define rb_parent(node) ((node)->rb_parent)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	*node = (struct rb_node){.rb_parent = parent};
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* Children before their parents, which may be freed when they come. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);
#define rb_entry_or_null(pointer, type, member)                                                                            \
	({                                                                                                                 \
		struct rb_node *node_ = (pointer);                                                                         \
		node_ ? rb_entry(node_, type, member) : NULL;                                                              \
	})
#define rbtree_postorder_for_each_entry_safe(at, behind, root, member)                                                     \
	for ((at) = rb_entry_or_null(rb_first_postorder(root), __typeof__(*(at)), member);                                 \
	     (at) && ((behind) = rb_entry_or_null(rb_next_postorder(&(at)->member), __typeof__(*(at)), member), 1);        \
	     (at) = (behind))

#endif
