/* SPDX-License-Identifier: MIT
 * Files that are read whole and appear whole. */
#include "base/file.h"

#include "base/memory.h"
#include "support/lack.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128], link_path[128], victim[100];
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
	snprintf(link_path, sizeof link_path, "%s/link", folder);
	snprintf(victim, sizeof victim, "%s/victim", folder);
	error = (struct error){0};
	bytes = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	file_fail_writes_after(UINT64_MAX);
	file_fail_step_after(UINT64_MAX);
	memory_fail_after(UINT64_MAX);
	alarm(0);
	memory_release(bytes);
	unlink(path);
	unlink(link_path);
	unlink(victim);
	return rmdir(folder); /* fails when something stayed behind */
}

static void has(const char *file, const char *wanted)
{
	memory_release(bytes);
	bytes = NULL;
	assert_int_equal(file_read(file, 1 << 20, &bytes, &length, &error), 0);
	assert_string_equal(bytes, wanted);
}

static void holds(const char *wanted)
{
	has(path, wanted);
}

static size_t partials(void)
{
	size_t count = 0;
	DIR *entries = opendir(folder);
	assert_non_null(entries);
	for (struct dirent *entry; (entry = readdir(entries));)
		count += strstr(entry->d_name, ".partial") != NULL;
	closedir(entries);
	return count;
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole(path, "one", 3, &error), 0);
	holds("one");
	assert_int_equal(file_write_whole(path, "other", 5, &error), 0);
	holds("other");
	assert_int_equal(partials(), 0);
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
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, ": is a folder, not a file"));
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
	assert_int_equal(partials(), 0);
}

static void a_failing_rename_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(file_write_whole(path, "new", 3, &error), -1);
	assert_non_null(strstr(error.message, "Is a directory"));
	assert_int_equal(partials(), 0);
	rmdir(path);
}

static void a_missing_folder_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(file_write_whole("/tmp/iovabench-no-such-folder/file", "x", 1, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

static void refused(const char *name, const char *cause)
{
	struct file file;
	for (int input = 0; input < 2; input++) {
		error = (struct error){0};
		assert_int_equal((input ? file_open_input : file_open)(name, &file, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
		assert_non_null(strstr(error.message, cause));
	}
	assert_int_equal(file_read(name, 100, &bytes, &length, &error), -1);
}

/* Nobody is at the other end of the pipe: whoever waited would wait for ever. */
static void what_is_no_file_is_not_waited_for(void **state)
{
	(void)state;
	alarm(20);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, "/file: is a pipe, not a file");
	assert_int_equal(symlink(path, link_path), 0);
	refused(link_path, "/link: is a pipe, not a file");
	refused("/dev/zero", "/dev/zero: is a device, not a file");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, victim);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	refused(victim, "/victim: is a socket, not a file");
	close(listener);
}

static void a_size_above_the_limit_is_refused_unread(void **state)
{
	(void)state;
	int descriptor = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(descriptor, (off_t)100 << 30), 0);
	close(descriptor);
	uint64_t before = memory_requests();
	assert_int_equal(file_read(path, (size_t)1 << 30, &bytes, &length, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "/file: larger than 1073741824 bytes"));
	assert_int_equal(memory_requests(), before);
}

static void files_without_a_size_are_read(void **state)
{
	(void)state;
	assert_int_equal(file_read("/proc/self/status", 1 << 20, &bytes, &length, &error), 0);
	assert_memory_equal(bytes, "Name:", 5);
	memory_release(bytes);
	bytes = NULL;
	assert_int_equal(file_read("/proc/self/status", 100, &bytes, &length, &error), -1);
	assert_non_null(strstr(error.message, "larger than 100 bytes"));
}

/* A file as standard input while a call goes on. */
static int read_dash(int descriptor)
{
	int kept = dup(STDIN_FILENO);
	dup2(descriptor, STDIN_FILENO);
	int result = file_read_input(FILE_STANDARD_INPUT, 100, &bytes, &length, &error);
	dup2(kept, STDIN_FILENO);
	close(kept);
	return result;
}

static int pipe_with(const char *content)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], content, strlen(content)), strlen(content));
	close(ends[1]);
	return ends[0];
}

static void streams_are_inputs_and_no_files(void **state)
{
	(void)state;
	char name[32];
	int stream = pipe_with("piped");
	assert_int_equal(read_dash(stream), 0);
	assert_string_equal(bytes, "piped");
	close(stream);
	memory_release(bytes);
	stream = pipe_with("again");
	snprintf(name, sizeof name, "/dev/fd/%d", stream);
	assert_int_equal(file_read_input(name, 100, &bytes, &length, &error), 0);
	assert_string_equal(bytes, "again");
	memory_release(bytes);
	bytes = NULL;
	assert_int_equal(file_read(name, 100, &bytes, &length, &error), -1);
	close(stream);
	int itself = open(folder, O_RDONLY);
	error = (struct error){0};
	assert_int_equal(read_dash(itself), -1);
	close(itself);
	assert_string_equal(error.message, "standard input: is a folder, not a file");
	error = (struct error){0};
	assert_int_equal(file_read(FILE_STANDARD_INPUT, 100, &bytes, &length, &error), -1);
	assert_string_equal(error.message, "-: cannot open: No such file or directory");
}

static void what_was_looked_at_is_still_taken(void **state)
{
	(void)state;
	static const char *const contents[] = {"", "short", "0123456789abcdef", "0123456789abcdefghij"};
	for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
		struct file file;
		struct text rest = {0};
		const char *head;
		char first[3];
		size_t looked, got, whole = strlen(contents[i]);
		assert_int_equal(file_write_whole(path, contents[i], whole, &error), 0);
		assert_int_equal(file_open(path, &file, &error), 0);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(file_peek(&file, &head, &looked, &error), 0);
			assert_int_equal(looked, whole < FILE_HEAD_BYTES ? whole : FILE_HEAD_BYTES);
			assert_memory_equal(head, contents[i], looked);
		}
		assert_int_equal(file_take(&file, first, sizeof first, &got, &error), 0);
		text_add_bytes(&rest, first, got);
		assert_int_equal(file_take_rest(&file, 20, &rest, &error), 0);
		assert_string_equal(rest.bytes, contents[i]);
		text_release(&rest);
		file_close(&file);
	}
}

/* A link is replaced, and what it leads to stays as it was: also one that lies where the new file is made. */
static void links_are_not_followed(void **state)
{
	(void)state;
	char partial[192];
	struct stat found;
	snprintf(partial, sizeof partial, "%s/iovabench-%d-0.partial", folder, (int)getpid());
	assert_int_equal(file_write_whole(victim, "victim", 6, &error), 0);
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(symlink(victim, partial), 0);
	assert_int_equal(file_write_whole(path, "new", 3, &error), 0);
	assert_int_equal(lstat(path, &found), 0);
	assert_true(S_ISREG(found.st_mode));
	holds("new");
	has(victim, "victim");
	assert_int_equal(lstat(partial, &found), 0);
	assert_true(S_ISLNK(found.st_mode));
	int opened = file_open_folder(folder, &error);
	file_sweep_folder(opened);
	close(opened);
	assert_int_equal(partials(), 0);
	has(victim, "victim");
	holds("new");
}

/* In a folder of ours nothing is waited for. */
static void a_pipe_in_a_folder_makes_way(void **state)
{
	(void)state;
	alarm(20);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_write_into(folder, "file", "new", 3, &error), 0);
	holds("new");
}

static void open_descriptors_are_written_to(void **state)
{
	(void)state;
	char name[32];
	assert_int_equal(file_write_whole(path, "before, ", 8, &error), 0);
	int descriptor = open(path, O_WRONLY | O_APPEND);
	snprintf(name, sizeof name, "/dev/fd/%d", descriptor);
	assert_int_equal(file_write_whole(name, "behind", 6, &error), 0);
	holds("before, behind");
	/* As /dev/stdout is one. */
	snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
	assert_int_equal(symlink(name, link_path), 0);
	assert_int_equal(file_write_whole(link_path, ", linked", 8, &error), 0);
	close(descriptor);
	holds("before, behind, linked");
}

/* Of all steps that make a file each one fails once. */
static void whatever_fails_there_is_the_old_or_the_new(void **state)
{
	(void)state;
	static const char old[] = "the old content", new[] = "the new content, which is longer";
	bool done = false;
	uint64_t n;
	for (n = 0; !done; n++) {
		assert_true(n < 20);
		error = (struct error){0};
		assert_int_equal(file_write_whole(path, old, sizeof old - 1, &error), 0);
		file_fail_step_after(n);
		done = file_write_whole(path, new, sizeof new - 1, &error) == 0;
		file_fail_step_after(UINT64_MAX);
		assert_true(done || error.exit_code == EXIT_CODE_IO);
		assert_true(done || strstr(error.message, "Input/output error"));
		memory_release(bytes);
		bytes = NULL;
		assert_int_equal(file_read(path, 1 << 20, &bytes, &length, NULL), 0);
		assert_true(strcmp(bytes, new) == 0 || (!done && strcmp(bytes, old) == 0));
		assert_int_equal(partials(), 0);
	}
	assert_int_equal(n, 6); /* create, write, sync, rename, sync of the folder, and all went well */
}

static void a_limit_of_size_is_an_error(void **state)
{
	(void)state;
	char large[5000] = "";
	struct rlimit before, limit;
	assert_int_equal(file_write_whole(path, "old", 3, &error), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){4096, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int result = file_write_whole(path, large, sizeof large, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_non_null(strstr(error.message, "/file: cannot write: File too large"));
	holds("old");
	assert_int_equal(partials(), 0);
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
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		lack_begins(&lack);
		int written = file_write_whole(path, "x", 1, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(written, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		assert_int_equal(partials(), 0);
	}
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		lack_begins(&lack);
		int got = file_read(path, 100, &bytes, &length, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(got, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		if (!failed)
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
		A(what_is_no_file_is_not_waited_for),
		A(a_size_above_the_limit_is_refused_unread),
		A(files_without_a_size_are_read),
		A(streams_are_inputs_and_no_files),
		A(what_was_looked_at_is_still_taken),
		A(links_are_not_followed),
		A(a_pipe_in_a_folder_makes_way),
		A(open_descriptors_are_written_to),
		A(whatever_fails_there_is_the_old_or_the_new),
		A(a_limit_of_size_is_an_error),
		A(what_is_no_regular_file_is_written_to),
		A(records_are_appended),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
