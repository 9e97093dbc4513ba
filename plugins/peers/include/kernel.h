/* SPDX-License-Identifier: MIT
 * As much of a kernel around an allocator as one file of it needs, in a process: memory comes from the host of the instance
 * that is called, the CPU is that of the call, locks are none or spin.
 * Written for iovabench; nothing of it comes from a kernel. */
#ifndef PEERS_KERNEL_H
#define PEERS_KERNEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- where a call comes from ---- */

/* Set by the plugin before it calls in. */
struct kernel_call {
	const struct iova_host *host;
	unsigned cpu, cpus;
	struct kernel_pool *pool;
	struct delayed_work **works; /* that wait, in no order */
	uint64_t *now_ns;
	bool spin; /* locks are taken; there are none otherwise */
};
extern _Thread_local struct kernel_call kernel_call __attribute__((tls_model("initial-exec")));

void *kernel_memory_get(size_t bytes);
void kernel_memory_put(void *memory);

/* ---- words ---- */

typedef unsigned gfp_t;
typedef uint32_t u32;
typedef uint64_t u64, phys_addr_t, dma_addr_t;
#define U64_MAX UINT64_MAX
#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define __GFP_NOWARN 0u
#define ENOMEM 12
#define EBUSY 16
#define EINVAL 22
#define ENOSPC 28
#define ERR_PTR(error) ((void *)(intptr_t)(error))
#define IS_ERR(pointer) ((uintptr_t)(pointer) >= (uintptr_t)-4095)
#define PTR_ERR(pointer) ((int)(intptr_t)(pointer))
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define __percpu
#define __init
#define __exit
#define __cold
#define __always_inline inline __attribute__((always_inline))
#define __maybe_unused __attribute__((unused))
#define noinline __attribute__((noinline))
#define likely(x) (x)
#define unlikely(x) (x)
#define EXPORT_SYMBOL_GPL(symbol) struct kernel_exported_##symbol
#define EXPORT_SYMBOL(symbol) struct kernel_exported_##symbol
#define MODULE_AUTHOR(text) struct kernel_author
#define MODULE_LICENSE(text) struct kernel_licence
#define MODULE_DESCRIPTION(text) struct kernel_description
#define module_init(function)                                                                                              \
	int kernel_module_begin(void)                                                                                      \
	{                                                                                                                  \
		return function();                                                                                         \
	}
#define module_exit(function) struct kernel_module_end
#define BUG() abort()
#define BUG_ON(condition) ((condition) ? abort() : (void)0)
#define WARN_ON(condition) (!!(condition))
#define WARN_ON_ONCE(condition) (!!(condition))
#define WARN(condition, ...) (!!(condition))
#define pr_err(...) ((void)0)
#define pr_warn(...) ((void)0)
#define pr_err_once(...) ((void)0)
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define swap(a, b)                                                                                                         \
	do {                                                                                                               \
		__typeof__(a) kept_ = (a);                                                                                 \
		(a) = (b);                                                                                                 \
		(b) = kept_;                                                                                               \
	} while (0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof(array)[0])

#define READ_ONCE(place) (*(volatile __typeof__(place) *)&(place))
#define WRITE_ONCE(place, value) ((void)(*(volatile __typeof__(place) *)&(place) = (value)))
#define rcu_assign_pointer(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELEASE)
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define cond_resched() ((void)0)
#define kmemleak_update_trace(memory) ((void)(memory))
#define kmemleak_transient_leak(memory) ((void)(memory))
#ifndef static_assert
#define static_assert _Static_assert
#endif

/* ---- numbers ---- */

#define SZ_1M 0x100000
#define BIT(bit) (1UL << (bit))
#define IS_ALIGNED(number, align) (!((number) & ((__typeof__(number))(align)-1)))
#define round_up(number, power) ((((number)-1) | ((__typeof__(number))(power)-1)) + 1)
#define round_down(number, power) ((number) & ~((__typeof__(number))(power)-1))
#define range_overflows(start, size, most) ((start) >= (most) || (size) > (most) - (start))
#define hweight64(word) ((unsigned)__builtin_popcountll(word))
#define ilog2(number) (63 - __builtin_clzll(number))
#define div64_u64_rem(number, divisor, rest) (*(rest) = (number) % (divisor), (number) / (divisor))

static inline int fls(unsigned word)
{
	return word ? 32 - __builtin_clz(word) : 0;
}

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

static inline unsigned long rounddown_pow_of_two(unsigned long number)
{
	return 1UL << (fls_long(number) - 1);
}

/* ---- bits and words that several CPUs share ---- */

#define BITS_PER_LONG 64u
#define BIT_WORD(bit) ((bit) / BITS_PER_LONG)
#define BITS_TO_LONGS(bits) (((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) % BITS_PER_LONG))
#define BITMAP_LAST_WORD_MASK(bits) (~0UL >> (-(bits) % BITS_PER_LONG))
#define CONFIG_ARCH_HAVE_NMI_SAFE_CMPXCHG 1
#define cpu_relax() __builtin_ia32_pause()
#define cmpxchg(place, old, new) __sync_val_compare_and_swap(place, old, new)
#define try_cmpxchg(place, old, new) __atomic_compare_exchange_n(place, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define __set_bit(bit, word) ((void)(*(word) |= 1UL << (bit)))
#define __clear_bit(bit, word) ((void)(*(word) &= ~(1UL << (bit))))
#define clear_bit_unlock __clear_bit
#define test_bit(bit, word) (*(word) >> (bit)&1)

typedef struct {
	long value;
} atomic_long_t;
#define atomic_long_read(atomic) __atomic_load_n(&(atomic)->value, __ATOMIC_RELAXED)
#define atomic_long_set(atomic, number) __atomic_store_n(&(atomic)->value, (long)(number), __ATOMIC_RELAXED)
#define atomic_long_add(number, atomic) ((void)__atomic_add_fetch(&(atomic)->value, (long)(number), __ATOMIC_SEQ_CST))
#define atomic_long_sub(number, atomic) ((void)__atomic_sub_fetch(&(atomic)->value, (long)(number), __ATOMIC_SEQ_CST))

/* The first bit from start on that is set, or with `flip` ~0 clear; bits when there is none. */
static inline unsigned long kernel_find_bit(const unsigned long *map, unsigned long bits, unsigned long start,
					    unsigned long flip)
{
	if (start >= bits)
		return bits;
	unsigned long at = BIT_WORD(start), word = (READ_ONCE(map[at]) ^ flip) & BITMAP_FIRST_WORD_MASK(start);
	while (!word && ++at < BITS_TO_LONGS(bits))
		word = READ_ONCE(map[at]) ^ flip;
	unsigned long bit = word ? at * BITS_PER_LONG + (unsigned)__builtin_ctzl(word) : bits;
	return bit < bits ? bit : bits;
}

#define find_next_bit(map, bits, start) kernel_find_bit(map, bits, start, 0)
#define find_first_bit(map, bits) kernel_find_bit(map, bits, 0, 0)
#define find_next_zero_bit(map, bits, start) kernel_find_bit(map, bits, start, ~0UL)

/* The first of count clear bits that, with the offset, are aligned; above bits - count when there are none. */
static inline unsigned long bitmap_find_next_zero_area_off(const unsigned long *map, unsigned long bits,
							   unsigned long start, unsigned count, unsigned long align_mask,
							   unsigned long offset)
{
	for (;;) {
		unsigned long first = find_next_zero_bit(map, bits, start);
		first = ((first + offset + align_mask) & ~align_mask) - offset;
		if (first + count > bits)
			return first + count;
		unsigned long taken = find_next_bit(map, first + count, first);
		if (taken == first + count)
			return first;
		start = taken + 1;
	}
}

#define bitmap_find_next_zero_area(map, bits, start, count, align_mask)                                                    \
	bitmap_find_next_zero_area_off(map, bits, start, count, align_mask, 0)

/* ---- locks: calls come one at a time, nobody waits; what taking and giving costs is there when it is asked for ---- */

typedef struct {
	unsigned char taken;
} spinlock_t;
struct mutex {
	char none;
};
#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(mutex) ((void)(mutex))
#define mutex_unlock(mutex) ((void)(mutex))
#define assert_spin_locked(lock) ((void)(lock))
#define spin_lock_init(lock) ((void)((lock)->taken = 0))
#define spin_lock_irqsave(lock, flags) ((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))

static inline void spin_lock(spinlock_t *lock)
{
	while (kernel_call.spin && __atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (kernel_call.spin)
		__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

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

#define kmalloc_array kcalloc
#define kmalloc_node(bytes, how, node) kmalloc(bytes, how)
#define vzalloc_node(bytes, node) kmalloc(bytes, GFP_KERNEL)
#define vfree kfree
#define kfree_const kfree
/* Pools that belong to a device: nobody calls that. */
#define kstrdup_const(text, how) ((char *)NULL)
#define devres_find(device, release, match, data) NULL
#define devres_alloc(release, bytes, how) NULL
#define devres_add(device, memory) ((void)(memory))
#define devres_free(memory) ((void)(memory))

static inline void kfree(const void *memory)
{
	kernel_memory_put((void *)(uintptr_t)memory);
}

/* Objects of one size; a cache is shared by all instances, and its objects are theirs. */
struct kmem_cache {
	size_t bytes;
	unsigned index;
	const char *name;
};
#define KERNEL_CACHES_MAX 2u /* of one plugin */
#define SLAB_HWCACHE_ALIGN 0u
#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), _Alignof(struct type), flags, NULL)
struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, unsigned flags, void (*make)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t how);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t how);
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* ---- work that is put off: poll runs it when its time has come ---- */

struct work_struct {
	void (*function)(struct work_struct *work);
};
struct delayed_work {
	struct work_struct work;
	struct delayed_work *next;
	uint64_t due_ns;
	bool pending;
};
void kernel_work_add(struct delayed_work *work, unsigned long delay_ms);
void kernel_work_cancel(struct delayed_work *work);
/* What is due. */
void kernel_work_run(void);
#define msecs_to_jiffies(ms) ((unsigned long)(ms))
#define INIT_DELAYED_WORK(delayed, run) ((void)(*(delayed) = (struct delayed_work){.work = {run}}))
#define schedule_delayed_work(work, delay) kernel_work_add(work, delay)
#define cancel_delayed_work_sync(work) kernel_work_cancel(work)

/* ---- CPUs ---- */

#define num_online_cpus() kernel_call.cpus

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

#endif
