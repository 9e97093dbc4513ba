/* SPDX-License-Identifier: MIT
 * Goal: a program that links the library gets a sentence for wrong surroundings, where allocators take them as they are and
 * would crash. Method: every built-in and stack over hosts that lack one thing each, and spaces that break one rule each. */
#include "iovabench/instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const alone[] = {"buddy", "bitmap", "rbtree", "rbtree:fit=best", "segregated", "lazy+rbtree", "null"};
static const char *const concurrent[] = {"magazine+buddy", "lazy+magazine+rbtree"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static size_t held;

static void *get(void *context, size_t bytes)
{
	(void)context;
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
	held += memory != NULL;
	return memory ? memset(memory, 0, bytes) : NULL;
}

static void put(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	held -= memory != NULL;
	free(memory);
}

static void *create(void *context)
{
	(void)context;
	return malloc(1);
}

static void destroy(void *context, void *lock)
{
	(void)context;
	free(lock);
}

static void hold(void *context, void *lock)
{
	(void)context;
	(void)lock;
}

static struct iova_host whole_host(void)
{
	return (struct iova_host){.size = sizeof(struct iova_host),
				  .cpus = 2,
				  .memory_get = get,
				  .memory_put = put,
				  .lock_create = create,
				  .lock_destroy = destroy,
				  .lock_acquire = hold,
				  .lock_release = hold};
}

static const struct iova_space good = {1, 4096, 4096};

static void check(const char *spec, const struct iova_space *space, const struct iova_host *host, const char *reason)
{
	char message[256] = "";
	struct iova_instance *instance = iova_instance_create(spec, space, host, message, sizeof message);
	if (!reason)
		assert_string_equal(message, "");
	else if (instance || !strstr(message, reason))
		fail_msg("%s: \"%s\", wanted \"%s\"", spec, message, reason);
	assert_true(!instance == !!reason);
	iova_instance_destroy(instance);
	assert_int_equal(held, 0);
}

static void check_all(const struct iova_space *space, const struct iova_host *host, const char *reason)
{
	for (size_t i = 0; i < COUNT(alone); i++)
		check(alone[i], space, host, reason);
	for (size_t i = 0; i < COUNT(concurrent); i++)
		check(concurrent[i], space, host, reason);
}

static void a_whole_host_and_none_will_do(void **state)
{
	(void)state;
	const struct iova_host host = whole_host();
	check_all(&good, &host, NULL);
	check_all(&good, NULL, NULL);
}

static void a_host_without_memory_or_cpus_is_an_error(void **state)
{
	(void)state;
	struct iova_host host = {0};
	check_all(&good, &host, "the host's size");
	host.size = sizeof host;
	check_all(&good, &host, "no logical CPUs");
	host.cpus = 1;
	check_all(&good, &host, "no memory_get or no memory_put");
	host.memory_get = get;
	check_all(&good, &host, "no memory_get or no memory_put");
	host = whole_host();
	host.memory_get = NULL;
	check_all(&good, &host, "no memory_get or no memory_put");
	/* A program that was built before locks came. */
	host = whole_host();
	host.size = offsetof(struct iova_host, lock_create);
	check_all(&good, &host, "the host's size");
}

static void locks_are_needed_by_who_takes_them(void **state)
{
	(void)state;
	struct iova_host host = whole_host();
	host.lock_create = NULL;
	check_all(&good, &host, "and not the others");
	host = whole_host();
	host.lock_release = NULL;
	check_all(&good, &host, "and not the others");
	host = whole_host();
	host.lock_create = NULL;
	host.lock_destroy = host.lock_acquire = host.lock_release = NULL;
	for (size_t i = 0; i < COUNT(alone); i++)
		check(alone[i], &good, &host, NULL);
	for (size_t i = 0; i < COUNT(concurrent); i++)
		check(concurrent[i], &good, &host, "no locks");
}

static void a_space_that_is_none_is_an_error(void **state)
{
	(void)state;
	const struct iova_space empty = {1, 0, 4096}, no_page = {1, 64, 0}, odd = {1, 64, 3000},
				beyond = {UINT64_MAX, 2, 4096}, past = {1, UINT64_C(1) << 52, 4096};
	const struct iova_host host = whole_host();
	check_all(&empty, &host, "the space is empty");
	check_all(&no_page, &host, "not a power of two");
	check_all(&odd, NULL, "not a power of two");
	check_all(&beyond, &host, "beyond 2^52 pages");
	check_all(&past, &host, "beyond 2^52 pages");
}

static void the_reason_is_cut_to_the_room_for_it(void **state)
{
	(void)state;
	const struct iova_host host = {0};
	char message[8] = "xxxxxxx";
	assert_null(iova_instance_create("buddy", &good, &host, message, sizeof message));
	assert_string_equal(message, "the hos");
	assert_null(iova_instance_create("buddy", &good, &host, NULL, 0));
	assert_null(iova_instance_create("no-such", &good, &host, message, sizeof message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_host_and_none_will_do),
		cmocka_unit_test(a_host_without_memory_or_cpus_is_an_error),
		cmocka_unit_test(locks_are_needed_by_who_takes_them),
		cmocka_unit_test(a_space_that_is_none_is_an_error),
		cmocka_unit_test(the_reason_is_cut_to_the_room_for_it),
	};
	return cmocka_run_group_tests_name("instance_public", tests, NULL, NULL);
}
