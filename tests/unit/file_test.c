/* SPDX-License-Identifier: MIT
 * Files that are read whole and appear whole. */
#include "base/file.h"

#include "base/memory.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128], partial[160], link_path[128];
static struct error error;
static char *bytes;
static size_t length;

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/iovabench-file-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/file", folder);
	snprintf(partial, sizeof partial, "%s.partial", path);
	snprintf(link_path, sizeof link_path, "%s/link", folder);
	error = (struct error){0};
	bytes = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	file_fail_writes_after(UINT64_MAX);
	memory_fail_after(UINT64_MAX);
	memory_release(bytes);
	unlink(path);
	unlink(link_path);
	return rmdir(folder); /* fails when something stayed behind */
}

static void holds(const char *wanted)
{
	memory_release(bytes);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &length, &error), 0);
	assert_string_equal(bytes, wanted);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole(path, "one", 3, &error), 0);
	holds("one");
	assert_int_equal(file_write_whole(path, "other", 5, &error), 0);
	holds("other");
	assert_int_equal(access(partial, F_OK), -1);
}

static void empty_files_are_files(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole(path, "", 0, &error), 0);
	holds("");
	assert_int_equal(length, 0);
}

static void the_limit_is_a_limit(void **state)
{
	(void)state;
	char *large = memory_zeroed(200000, 1);
	assert_int_equal(file_write_whole(path, large, 200000, &error), 0);
	memory_release(large);
	assert_int_equal(file_read(path, 200000, &bytes, &length, &error), 0);
	assert_int_equal(length, 200000);
	memory_release(bytes);
	bytes = NULL;
	assert_int_equal(file_read(path, 199999, &bytes, &length, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "file: larger than 199999 bytes"));
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	assert_int_equal(file_read(path, 100, &bytes, &length, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "/file: cannot open: No such file or directory"));
}

static void a_folder_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(file_read(folder, 100, &bytes, &length, &error), -1);
	assert_non_null(strstr(error.message, "cannot read: Is a directory"));
}

/* The old content stays as it was, and nothing partial stays behind: the tear-down's rmdir sees to that. */
static void a_failing_write_leaves_the_old_file(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole(path, "old", 3, &error), 0);
	file_fail_writes_after(0);
	assert_int_equal(file_write_whole(path, "new", 3, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_non_null(strstr(error.message, "/file: cannot write: No space left on device"));
	holds("old");
	assert_int_equal(access(partial, F_OK), -1);
}

static void a_failing_rename_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(file_write_whole(path, "new", 3, &error), -1);
	assert_non_null(strstr(error.message, "Is a directory"));
	assert_int_equal(access(partial, F_OK), -1);
	rmdir(path);
}

static void a_missing_folder_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole("/tmp/iovabench-no-such-folder/file", "x", 1, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

/* Renaming would put a regular file where the device or the link was. */
static void what_is_no_regular_file_is_written_to(void **state)
{
	(void)state;
	struct stat found;
	assert_int_equal(symlink("/dev/null", link_path), 0);
	assert_int_equal(file_write_whole(link_path, "x", 1, &error), 0);
	assert_int_equal(lstat(link_path, &found), 0);
	assert_true(S_ISLNK(found.st_mode));
	unlink(link_path);
	assert_int_equal(symlink("/dev/full", link_path), 0);
	assert_int_equal(file_write_whole(link_path, "x", 1, &error), -1);
	assert_non_null(strstr(error.message, "No space left on device"));
	assert_int_equal(lstat(link_path, &found), 0);
	assert_true(S_ISLNK(found.st_mode));
	unlink(link_path);
	assert_int_equal(mkfifo(link_path, 0600), 0);
	int reader = open(link_path, O_RDONLY | O_NONBLOCK);
	error = (struct error){0};
	assert_int_equal(file_write_whole(link_path, "piped", 5, &error), 0);
	char piped[6] = "";
	assert_int_equal(read(reader, piped, 5), 5);
	assert_string_equal(piped, "piped");
	close(reader);
}

static void records_are_appended(void **state)
{
	(void)state;
	int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_int_equal(file_append_synced(descriptor, "journal", "a\n", 2, &error), 0);
	assert_int_equal(file_append_synced(descriptor, "journal", "b\n", 2, &error), 0);
	holds("a\nb\n");
	file_fail_writes_after(0);
	assert_int_equal(file_append_synced(descriptor, "journal", "c\n", 2, &error), -1);
	assert_string_equal(error.message, "journal: cannot append: No space left on device");
	close(descriptor);
	file_fail_writes_after(UINT64_MAX);
	holds("a\nb\nc"); /* torn, as on a full disk: who reads it must tell */
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	int written = -1, got = -1;
	for (uint64_t n = 0; written < 0 || got < 0; n++) {
		assert_true(n < 100);
		error = (struct error){0};
		memory_fail_after(n);
		written = file_write_whole(path, "x", 1, &error);
		memory_fail_after(UINT64_MAX);
		assert_true(written == 0 || error.exit_code == EXIT_CODE_IO);
		assert_int_equal(access(partial, F_OK), -1);
		if (access(path, F_OK) < 0)
			continue;
		error = (struct error){0};
		memory_fail_after(n);
		got = file_read(path, 100, &bytes, &length, &error);
		memory_fail_after(UINT64_MAX);
		assert_true(got == 0 || error.exit_code == EXIT_CODE_IO);
		if (got == 0)
			memory_release(bytes);
		bytes = NULL;
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(what_was_written_is_read),
		A(empty_files_are_files),
		A(the_limit_is_a_limit),
		A(what_is_missing_is_named),
		A(a_folder_is_no_file),
		A(a_failing_write_leaves_the_old_file),
		A(a_failing_rename_leaves_nothing),
		A(a_missing_folder_is_an_error),
		A(what_is_no_regular_file_is_written_to),
		A(records_are_appended),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
