/* SPDX-License-Identifier: MIT
 * Goal: contiguous memory through the driver calls keeps the rules of docs/ddi.md, and a refused call changes nothing.
 * Method: a space of 256 pages [16, 272) of 4 KiB, bytes [0x10000, 0x110000), on the real rbtree (complete: it finds a place
 * whenever there is one); values worked out by hand. ddi_random_test.c compares long sequences with a naive model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "allocator/builtin.h"
#include "base/memory.h"
#include "ddi/adapter.h"
#include "unit/ddi/ddi_fixture.h"
#include "support/lack.h"

#include <string.h>

#define NO_LIMIT UINT64_MAX
#define PAGE UINT64_C(4096)
#define OTHER_KIND ((enum handle_kind)(HANDLE_CONTIGUOUS + 1))

/* Bytes, lowest, highest, boundary, alignment. */
#define REQUEST(bytes, low, high, boundary, align)                                                                         \
	(&(struct ddi_contiguous_request){.number_of_bytes = (bytes),                                                      \
					  .lowest_acceptable_address = (low),                                              \
					  .highest_acceptable_address = (high),                                            \
					  .boundary_address_multiple = (boundary),                                         \
					  .alignment_pages = (align)})

static int open_space(void **state)
{
	static struct ddi_fixture fixture;
	ddi_fixture_open(&fixture, &allocator_rbtree, 16, 256);
	*state = &fixture;
	return 0;
}

static int close_space(void **state)
{
	ddi_fixture_close(*state);
	return 0;
}

/* The pages that a request which must succeed got. */
static struct iova_extent granted(const struct ddi_fixture *fixture, const struct ddi_contiguous_request *request)
{
	ddi_handle handle = 0;
	struct iova_extent extent = {0};
	assert_int_equal(dxgk_cb_allocate_contiguous_memory(fixture->adapter, request, 0, &handle), NTSTATUS_SUCCESS);
	assert_int_not_equal(handle, 0);
	assert_int_equal(ddi_contiguous_extent(fixture->adapter, handle, &extent), NTSTATUS_SUCCESS);
	return extent;
}

static ddi_handle page(const struct ddi_fixture *fixture)
{
	ddi_handle handle = 0;
	assert_int_equal(dxgk_cb_allocate_contiguous_memory(fixture->adapter, REQUEST(PAGE, 0, NO_LIMIT, 0, 0), 0, &handle),
			 NTSTATUS_SUCCESS);
	return handle;
}

/* Takes every page; handles[i] holds page 16 + i. */
static void fill(const struct ddi_fixture *fixture, ddi_handle handles[256])
{
	for (size_t i = 0; i < 256; i++) {
		handles[i] = page(fixture);
		struct iova_extent extent;
		ddi_contiguous_extent(fixture->adapter, handles[i], &extent);
		assert_int_equal(extent.first, 16 + i);
	}
}

static void give_back(const struct ddi_fixture *fixture, ddi_handle handle)
{
	assert_int_equal(dxgk_cb_free_contiguous_memory(fixture->adapter, handle, 0), NTSTATUS_SUCCESS);
}

/* The wanted status, counted once in the counter at this offset and nowhere else, and nothing else changed. */
static void refused(const struct ddi_fixture *fixture, const char *name, const struct ddi_contiguous_request *request,
		    enum ntstatus wanted, size_t counter)
{
	ddi_handle handle = 0xabcdef;
	uint64_t usable = ddi_fixture_usable(fixture), live = ddi_adapter_live_handles(fixture->adapter);
	struct ddi_failures failures = ddi_adapter_failures(fixture->adapter);
	enum ntstatus status = dxgk_cb_allocate_contiguous_memory(fixture->adapter, request, 0, &handle);
	if (status != wanted)
		fail_msg("%s: %s, wanted %s", name, ntstatus_name(status), ntstatus_name(wanted));
	(*(uint64_t *)((char *)&failures + counter))++;
	struct ddi_failures after = ddi_adapter_failures(fixture->adapter);
	if (memcmp(&failures, &after, sizeof(after)) != 0)
		fail_msg("%s: counted as something else", name);
	assert_int_equal(handle, 0xabcdef);
	assert_int_equal(ddi_fixture_usable(fixture), usable);
	assert_int_equal(ddi_adapter_live_handles(fixture->adapter), live);
	assert_null(allocator_rbtree.broken_invariant(fixture->self));
}

struct row {
	const char *name;
	struct ddi_contiguous_request request;
};
#define ROW(name, ...)                                                                                                     \
	{                                                                                                                  \
		name, *REQUEST(__VA_ARGS__)                                                                                \
	}

static void malformed_requests_are_invalid_parameters(void **state)
{
	const struct row rows[] = {
		ROW("zero size", 0, 0, NO_LIMIT, 0, 0),
		ROW("boundary of three pages", PAGE, 0, NO_LIMIT, 3 * PAGE, 0),
		ROW("boundary of 2^64 - 1", PAGE, 0, NO_LIMIT, UINT64_MAX, 0),
		ROW("low > high inside a page", PAGE, 0x20001, 0x20000, 0, 0),
		ROW("low > high", PAGE, 0x30000, 0x20000, 0, 0),
		ROW("alignment of three pages", PAGE, 0, NO_LIMIT, 0, 3),
		ROW("malformed and impossible at once", 0, 0x200000, NO_LIMIT, 0, 0),
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(*state, rows[i].name, &rows[i].request, NTSTATUS_INVALID_PARAMETER,
			offsetof(struct ddi_failures, malformed));
}

static void impossible_requests_are_invalid_parameters_counted_apart(void **state)
{
	const struct row rows[] = {
		ROW("one byte more than the boundary", 0x2001, 0, NO_LIMIT, 0x2000, 0),
		ROW("boundary below a page", 100, 0, NO_LIMIT, 2048, 0),
		ROW("one byte more than the space", 0x100001, 0, NO_LIMIT, 0, 0),
		ROW("2^64 - 1 bytes", UINT64_MAX, 0, NO_LIMIT, 0, 0),
		ROW("one byte more than the window", 0x2001, 0x20000, 0x21fff, 0, 0),
		ROW("window below the space", PAGE, 0, 0xffff, 0, 0),
		ROW("window of one byte at 0", PAGE, 0, 0, 0, 0),
		ROW("window that ends in the first page", PAGE, 0, 0x10ffe, 0, 0),
		ROW("window behind the space", PAGE, 0x110000, NO_LIMIT, 0, 0),
		ROW("window that starts in the last page", PAGE, 0x10f001, NO_LIMIT, 0, 0),
		ROW("window of the last byte", PAGE, UINT64_MAX, UINT64_MAX, 0, 0),
		ROW("window of two pages but no whole one", PAGE, 0x20001, 0x21ffe, 0, 0),
		ROW("no multiple of 512 pages in the space", PAGE, 0, NO_LIMIT, 0, 512),
		ROW("alignment of 2^63 pages", PAGE, 0, NO_LIMIT, 0, UINT64_C(1) << 63),
		/* Pages 30 to 33: two before 32, two from there. */
		ROW("boundary in the middle of the window", 3 * PAGE, 30 * PAGE, 34 * PAGE - 1, 32 * PAGE, 0),
		/* From page 20, six pages pass 24; from 24 they end at 29. */
		ROW("boundary and alignment", 6 * PAGE, 17 * PAGE, 29 * PAGE - 1, 8 * PAGE, 4),
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(*state, rows[i].name, &rows[i].request, NTSTATUS_INVALID_PARAMETER,
			offsetof(struct ddi_failures, impossible));
}

static void bytes_are_rounded_up_to_pages(void **state)
{
	assert_int_equal(granted(*state, REQUEST(1, 0, NO_LIMIT, 0, 0)).count, 1);
	assert_int_equal(granted(*state, REQUEST(4096, 0, NO_LIMIT, 0, 0)).count, 1);
	assert_int_equal(granted(*state, REQUEST(4097, 0, NO_LIMIT, 0, 0)).count, 2);
}

static void the_whole_space_is_one_request(void **state)
{
	struct iova_extent extent = granted(*state, REQUEST(0x100000, 0, NO_LIMIT, 0, 0));
	assert_int_equal(extent.first, 16);
	assert_int_equal(extent.count, 256);
}

static void the_last_byte_of_a_page_as_highest_address_includes_the_page(void **state)
{
	assert_int_equal(granted(*state, REQUEST(PAGE, 0, 0x10fff, 0, 0)).first, 16);
}

static void the_first_byte_of_a_page_as_highest_address_excludes_the_page(void **state)
{
	assert_int_equal(granted(*state, REQUEST(PAGE, 0, 0x11000, 0, 0)).first, 16);
	refused(*state, "page 16 is taken", REQUEST(PAGE, 0, 0x11000, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, undecided));
}

static void a_lowest_address_inside_a_page_excludes_the_page(void **state)
{
	assert_int_equal(granted(*state, REQUEST(PAGE, 0x10001, NO_LIMIT, 0, 0)).first, 17);
}

static void lowest_and_highest_may_be_one_page(void **state)
{
	assert_int_equal(granted(*state, REQUEST(PAGE, 0x42000, 0x42fff, 0, 0)).first, 0x42);
}

static void the_smallest_window_that_boundary_and_alignment_leave_is_used(void **state)
{
	assert_int_equal(granted(*state, REQUEST(6 * PAGE, 17 * PAGE, 30 * PAGE - 1, 8 * PAGE, 4)).first, 24);
}

static void a_boundary_is_not_crossed_and_no_alignment(void **state)
{
	granted(*state, REQUEST(PAGE, 0, NO_LIMIT, 0, 0)); /* page 16 */
	assert_int_equal(granted(*state, REQUEST(3 * PAGE, 0, NO_LIMIT, 4 * PAGE, 0)).first, 17);
	assert_int_equal(granted(*state, REQUEST(2 * PAGE, 0, NO_LIMIT, 4 * PAGE, 0)).first, 20);
	assert_int_equal(granted(*state, REQUEST(3 * PAGE, 0, NO_LIMIT, 4 * PAGE, 0)).first, 24);
}

static void a_window_inside_page_0_does_not_underflow(void **state)
{
	(void)state;
	struct ddi_fixture bottom;
	ddi_fixture_open(&bottom, &allocator_rbtree, 0, 256);
	refused(&bottom, "up to the last byte but one", REQUEST(PAGE, 0, 0xffe, 0, 0), NTSTATUS_INVALID_PARAMETER,
		offsetof(struct ddi_failures, impossible));
	assert_int_equal(granted(&bottom, REQUEST(PAGE, 0, 0xfff, 0, 0)).first, 0);
	ddi_fixture_close(&bottom);
}

static void the_top_of_the_address_space_does_not_overflow(void **state)
{
	(void)state;
	struct ddi_fixture top;
	ddi_fixture_open(&top, &allocator_rbtree, (UINT64_C(1) << 52) - 4, 4);
	refused(&top, "last page but one byte", REQUEST(PAGE, UINT64_MAX - 4094, NO_LIMIT, 0, 0),
		NTSTATUS_INVALID_PARAMETER, offsetof(struct ddi_failures, impossible));
	refused(&top, "2^64 - 1 bytes", REQUEST(UINT64_MAX, 0, NO_LIMIT, 0, 0), NTSTATUS_INVALID_PARAMETER,
		offsetof(struct ddi_failures, impossible));
	assert_int_equal(granted(&top, REQUEST(PAGE, UINT64_MAX - 4095, NO_LIMIT, 0, 0)).first, (UINT64_C(1) << 52) - 1);
	assert_int_equal(granted(&top, REQUEST(3 * PAGE, 0, UINT64_MAX - 4096, 0, 0)).first, (UINT64_C(1) << 52) - 4);
	ddi_fixture_close(&top);
}

/* A proxy that keeps the last request and may fail. */
static struct {
	const struct ddi_fixture *fixture;
	struct iova_request last;
	enum iova_status answer;
} proxy;

static enum iova_status proxy_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	(void)self;
	proxy.last = *request;
	if (proxy.answer != IOVA_OK)
		return proxy.answer;
	return allocator_rbtree.alloc(proxy.fixture->self, request, cpu, extent);
}

static const struct iova_allocator proxy_table = {.name = "proxy", .alloc = proxy_alloc};

static void use_proxy(const struct ddi_fixture *fixture, enum iova_status answer)
{
	proxy.fixture = fixture;
	proxy.answer = answer;
	ddi_adapter_set_allocator(fixture->adapter, &proxy_table, NULL);
}

static uint32_t constraints_of(const struct ddi_fixture *fixture, const struct ddi_contiguous_request *request)
{
	granted(fixture, request);
	return proxy.last.constraints;
}

static void what_constrains_nothing_reaches_the_allocator_as_no_constraint(void **state)
{
	use_proxy(*state, IOVA_OK);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, 0, 0)), 0);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0x10000, 0x10ffff, 0, 0)), 0);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, 0, 1)), 0);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, 0x200000, 0)), 0);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, UINT64_C(1) << 63, 0)), 0);
	ddi_adapter_set_allocator(((struct ddi_fixture *)*state)->adapter, &allocator_rbtree, proxy.fixture->self);
}

static void what_constrains_reaches_the_allocator_in_pages(void **state)
{
	use_proxy(*state, IOVA_OK);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0x10001, NO_LIMIT, 0, 0)), IOVA_CONSTRAIN_LIMIT);
	assert_int_equal(proxy.last.low, 17);
	assert_int_equal(proxy.last.high, 271);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, 0x10fffe, 0, 0)), IOVA_CONSTRAIN_LIMIT);
	assert_int_equal(proxy.last.low, 16);
	assert_int_equal(proxy.last.high, 270);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, 0x100000, 0)), IOVA_CONSTRAIN_BOUNDARY);
	assert_int_equal(proxy.last.boundary, 256);
	assert_int_equal(constraints_of(*state, REQUEST(PAGE, 0, NO_LIMIT, 0, 4)), IOVA_CONSTRAIN_ALIGN);
	assert_int_equal(proxy.last.align, 4);
	struct ddi_contiguous_request request = *REQUEST(PAGE, 0, NO_LIMIT, 0, 0);
	request.no_drain = true;
	assert_int_equal(constraints_of(*state, &request), IOVA_CONSTRAIN_NO_DRAIN);
	ddi_adapter_set_allocator(((struct ddi_fixture *)*state)->adapter, &allocator_rbtree, proxy.fixture->self);
}

static void no_metadata_in_the_allocator_is_insufficient_resources(void **state)
{
	struct ddi_fixture *fixture = *state;
	use_proxy(fixture, IOVA_NO_MEMORY);
	refused(fixture, "no metadata", REQUEST(PAGE, 0, NO_LIMIT, 0, 0), NTSTATUS_INSUFFICIENT_RESOURCES,
		offsetof(struct ddi_failures, no_metadata));
	ddi_adapter_set_allocator(fixture->adapter, &allocator_rbtree, fixture->self);
}

static void no_memory_for_a_handle_takes_nothing_from_the_allocator(void **state)
{
	memory_fail_after(0);
	refused(*state, "no handle", REQUEST(PAGE, 0, NO_LIMIT, 0, 0), NTSTATUS_INSUFFICIENT_RESOURCES,
		offsetof(struct ddi_failures, no_metadata));
	memory_fail_after(UINT64_MAX);
	assert_int_equal(granted(*state, REQUEST(PAGE, 0, NO_LIMIT, 0, 0)).first, 16);
}

static void a_full_space_is_exhausted(void **state)
{
	ddi_handle handles[256];
	fill(*state, handles);
	refused(*state, "full", REQUEST(PAGE, 0, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, exhausted));
	refused(*state, "full, in a window", REQUEST(PAGE, 0x20000, 0x3ffff, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, exhausted));
}

static void enough_free_pages_without_a_run_are_fragmented(void **state)
{
	ddi_handle handles[256];
	fill(*state, handles);
	for (size_t i = 0; i < 256; i += 2)
		give_back(*state, handles[i]);
	refused(*state, "every other page", REQUEST(2 * PAGE, 0, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, fragmented));
	/* 128 pages are free, one of them at most is page 16: the window has 127. */
	refused(*state, "window without one page", REQUEST(127 * PAGE, 0x11000, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, fragmented));
	refused(*state, "one page more", REQUEST(128 * PAGE, 0x11000, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, undecided));
	refused(*state, "129 of 128", REQUEST(129 * PAGE, 0, NO_LIMIT, 0, 0), NTSTATUS_NO_MEMORY,
		offsetof(struct ddi_failures, exhausted));
}

static void a_request_that_will_try_elsewhere_is_undecided(void **state)
{
	ddi_handle handles[256];
	fill(*state, handles);
	struct ddi_contiguous_request request = *REQUEST(PAGE, 0, NO_LIMIT, 0, 0);
	request.no_drain = true;
	refused(*state, "no drain", &request, NTSTATUS_NO_MEMORY, offsetof(struct ddi_failures, undecided));
}

static void what_the_allocator_cannot_follow_is_not_supported(void **state)
{
	(void)state;
	struct iova_allocator plain = allocator_rbtree;
	plain.capabilities = 0;
	struct ddi_fixture fixture;
	ddi_fixture_open(&fixture, &plain, 16, 256);
	size_t counter = offsetof(struct ddi_failures, unsupported);
	refused(&fixture, "limit", REQUEST(PAGE, 0x20000, NO_LIMIT, 0, 0), NTSTATUS_NOT_SUPPORTED, counter);
	refused(&fixture, "boundary", REQUEST(PAGE, 0, NO_LIMIT, 0x2000, 0), NTSTATUS_NOT_SUPPORTED, counter);
	refused(&fixture, "alignment", REQUEST(PAGE, 0, NO_LIMIT, 0, 2), NTSTATUS_NOT_SUPPORTED, counter);
	assert_int_equal(granted(&fixture, REQUEST(PAGE, 0x10000, 0x10ffff, 0x200000, 1)).first, 16);
	ddi_fixture_close(&fixture);
}

/* The wanted status for a handle, by free and by query; only the counter changes. */
static void handle_refused(const struct ddi_fixture *fixture, ddi_handle handle, enum ntstatus wanted)
{
	struct iova_extent extent = {1, 2, 3};
	uint64_t usable = ddi_fixture_usable(fixture), live = ddi_adapter_live_handles(fixture->adapter);
	struct ddi_failures failures = ddi_adapter_failures(fixture->adapter);
	assert_int_equal(ddi_contiguous_extent(fixture->adapter, handle, &extent), wanted);
	assert_true(extent.first == 1 && extent.count == 2 && extent.cookie == 3);
	assert_int_equal(dxgk_cb_free_contiguous_memory(fixture->adapter, handle, 0), wanted);
	failures.handles_invalid += wanted == NTSTATUS_INVALID_HANDLE;
	failures.handles_mistyped += wanted == NTSTATUS_OBJECT_TYPE_MISMATCH;
	struct ddi_failures after = ddi_adapter_failures(fixture->adapter);
	assert_memory_equal(&failures, &after, sizeof(after));
	assert_int_equal(ddi_fixture_usable(fixture), usable);
	assert_int_equal(ddi_adapter_live_handles(fixture->adapter), live);
}

static void a_double_free_is_an_invalid_handle(void **state)
{
	ddi_handle handle = page(*state);
	give_back(*state, handle);
	handle_refused(*state, handle, NTSTATUS_INVALID_HANDLE);
}

static void a_stale_handle_does_not_free_its_successor(void **state)
{
	ddi_handle stale = page(*state);
	give_back(*state, stale);
	ddi_handle successor = page(*state);
	handle_refused(*state, stale, NTSTATUS_INVALID_HANDLE);
	give_back(*state, successor);
}

static void unknown_handles_are_invalid(void **state)
{
	page(*state);
	handle_refused(*state, 0, NTSTATUS_INVALID_HANDLE);
	handle_refused(*state, 1, NTSTATUS_INVALID_HANDLE);
	handle_refused(*state, UINT64_MAX, NTSTATUS_INVALID_HANDLE);
}

static void a_handle_of_another_adapter_that_names_nothing_here_is_invalid(void **state)
{
	struct ddi_fixture other;
	ddi_fixture_open(&other, &allocator_rbtree, 16, 256);
	handle_refused(*state, page(&other), NTSTATUS_INVALID_HANDLE);
	ddi_fixture_close(&other);
}

static void a_live_handle_of_another_kind_is_a_type_mismatch(void **state)
{
	struct ddi_fixture *fixture = *state;
	assert_int_equal(handle_table_prepare(&fixture->adapter->handles), 0);
	ddi_handle other = handle_table_take(&fixture->adapter->handles, OTHER_KIND)->handle;
	handle_refused(fixture, other, NTSTATUS_OBJECT_TYPE_MISMATCH);
}

static void freeing_gives_the_pages_back(void **state)
{
	ddi_handle handle = page(*state);
	assert_int_equal(ddi_fixture_usable(*state), 255);
	give_back(*state, handle);
	assert_int_equal(ddi_fixture_usable(*state), 256);
	assert_int_equal(ddi_adapter_live_handles(((struct ddi_fixture *)*state)->adapter), 0);
}

static void destroying_gives_leaked_extents_back_and_counts_them(void **state)
{
	struct ddi_fixture *fixture = *state;
	page(fixture);
	give_back(fixture, page(fixture));
	page(fixture);
	assert_int_equal(ddi_adapter_destroy(fixture->adapter), 2);
	fixture->adapter = NULL;
	assert_int_equal(ddi_fixture_usable(fixture), 256);
}

static void reserved_handles_need_no_memory_of_the_program(void **state)
{
	struct ddi_fixture *fixture = *state;
	assert_int_equal(ddi_adapter_reserve_handles(fixture->adapter, 256), 0);
	uint64_t requests = memory_requests();
	ddi_handle handles[256];
	fill(fixture, handles);
	assert_int_equal(memory_requests(), requests);
	assert_int_equal(ddi_adapter_reserve_handles(fixture->adapter, DDI_HANDLES_MAX + 1), -1);
}

static void creating_without_memory_says_so_for_every_allocation(void **state)
{
	struct ddi_fixture *fixture = *state;
	for (struct lack lack = {.least = 2}; lack_next(&lack);) {
		const char *reason = NULL;
		lack_begins(&lack);
		struct ddi_adapter *adapter = ddi_adapter_create(&fixture->options, &reason);
		bool failed = lack_ends(&lack);
		if (failed) {
			assert_null(adapter);
			assert_string_equal(reason, "no memory for an adapter");
		} else {
			assert_non_null(adapter);
			ddi_adapter_destroy(adapter);
		}
	}
}

static void creating_over_a_wrong_space_gives_a_reason(void **state)
{
	const struct ddi_adapter_options good = ((struct ddi_fixture *)*state)->options;
	struct iova_allocator no_alloc = *good.table, no_statistics = *good.table, no_place = *good.table;
	no_alloc.alloc = NULL;
	no_statistics.statistics = NULL;
	no_place.place = NULL;
	struct ddi_adapter_options bad[] = {good, good, good, good, good, good, good, good, good, good, good, good};
	bad[0].space_count = 0;
	bad[1].space_first = (UINT64_C(1) << 52) - 4; /* 256 pages more */
	bad[2].space_first = UINT64_MAX;              /* the sum would overflow */
	bad[3].page_bytes = 0;
	bad[4].page_bytes = 4095;
	bad[5].space_first = (UINT64_C(1) << 52) - 256; /* 2^52 pages of 8 KiB pass 2^64 */
	bad[5].page_bytes = 8192;
	bad[6].mode = DDI_MODE_IDENTITY;
	bad[7].table = NULL;
	bad[8].table = &no_alloc;
	bad[9].table = &no_statistics;
	bad[10].table = &no_place;
	bad[10].capabilities |= IOVA_EXPLICIT;
	bad[11].view_table = &no_alloc;
	bad[11].view_count = 1;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *reason = NULL;
		assert_null(ddi_adapter_create(&bad[i], &reason));
		assert_non_null(reason);
	}
}

static void every_status_has_its_documented_number_and_name(void **state)
{
	(void)state;
	assert_int_equal((uint32_t)NTSTATUS_INVALID_HANDLE, 0xC0000008);
	assert_int_equal((uint32_t)NTSTATUS_INVALID_PARAMETER, 0xC000000D);
	assert_int_equal((uint32_t)NTSTATUS_NO_MEMORY, 0xC0000017);
	assert_int_equal((uint32_t)NTSTATUS_OBJECT_TYPE_MISMATCH, 0xC0000024);
	assert_string_equal(ntstatus_name(NTSTATUS_OBJECT_TYPE_MISMATCH), "STATUS_OBJECT_TYPE_MISMATCH");
	assert_string_equal(ntstatus_name((enum ntstatus)1), "STATUS_UNKNOWN");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_space, close_space)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(malformed_requests_are_invalid_parameters),
		TEST(impossible_requests_are_invalid_parameters_counted_apart),
		TEST(bytes_are_rounded_up_to_pages),
		TEST(the_whole_space_is_one_request),
		TEST(the_last_byte_of_a_page_as_highest_address_includes_the_page),
		TEST(the_first_byte_of_a_page_as_highest_address_excludes_the_page),
		TEST(a_lowest_address_inside_a_page_excludes_the_page),
		TEST(lowest_and_highest_may_be_one_page),
		TEST(the_smallest_window_that_boundary_and_alignment_leave_is_used),
		TEST(a_boundary_is_not_crossed_and_no_alignment),
		TEST(a_window_inside_page_0_does_not_underflow),
		TEST(the_top_of_the_address_space_does_not_overflow),
		TEST(what_constrains_nothing_reaches_the_allocator_as_no_constraint),
		TEST(what_constrains_reaches_the_allocator_in_pages),
		TEST(no_metadata_in_the_allocator_is_insufficient_resources),
		TEST(no_memory_for_a_handle_takes_nothing_from_the_allocator),
		TEST(a_full_space_is_exhausted),
		TEST(enough_free_pages_without_a_run_are_fragmented),
		TEST(a_request_that_will_try_elsewhere_is_undecided),
		TEST(what_the_allocator_cannot_follow_is_not_supported),
		TEST(a_double_free_is_an_invalid_handle),
		TEST(a_stale_handle_does_not_free_its_successor),
		TEST(unknown_handles_are_invalid),
		TEST(a_handle_of_another_adapter_that_names_nothing_here_is_invalid),
		TEST(a_live_handle_of_another_kind_is_a_type_mismatch),
		TEST(freeing_gives_the_pages_back),
		TEST(destroying_gives_leaked_extents_back_and_counts_them),
		TEST(reserved_handles_need_no_memory_of_the_program),
		TEST(creating_without_memory_says_so_for_every_allocation),
		TEST(creating_over_a_wrong_space_gives_a_reason),
		TEST(every_status_has_its_documented_number_and_name),
	};
	return cmocka_run_group_tests_name("ddi_contiguous", tests, NULL, NULL);
}
