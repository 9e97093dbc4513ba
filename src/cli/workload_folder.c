/* SPDX-License-Identifier: MIT */
#include "cli/workload_folder.h"

#include "base/file.h"
#include "base/memory.h"
#include "cli/say.h"

#include <assert.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_workload(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".yaml") == 0;
}

/* kind: workloads or suites. */
static int scan(const char *kind, char folder[PATH_MAX], struct dirent ***entries)
{
	static const char *const places[] = {"", "/../", "/../../", "/../share/iovabench/"};
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int bytes = snprintf(folder, PATH_MAX, "%s%s%s", i ? program : "", places[i], kind);
		char *whole = i && bytes < PATH_MAX ? realpath(folder, NULL) : NULL;
		if (whole)
			snprintf(folder, PATH_MAX, "%s", whole);
		free(whole);
		int count = bytes < PATH_MAX ? scandir(folder, entries, is_workload, alphasort) : -1;
		if (count > 0)
			return count;
		if (count == 0)
			free(*entries);
	}
	return -1;
}

int workload_folder_scan(char folder[PATH_MAX], struct dirent ***entries)
{
	return scan("workloads", folder, entries);
}

int suite_folder_scan(char folder[PATH_MAX], struct dirent ***entries)
{
	return scan("suites", folder, entries);
}

/* Whether name is that of an entry, without .yaml. */
static bool is_named(const struct dirent *entry, const char *name)
{
	size_t length = strlen(name);
	return strncmp(entry->d_name, name, length) == 0 && strcmp(entry->d_name + length, ".yaml") == 0;
}

static bool find(const char *kind, const char *name, struct text *path)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	bool found = false;
	int count = scan(kind, folder, &entries);
	for (int i = 0; i < count; i++) {
		if (is_named(entries[i], name)) {
			text_add(path, "%s/%s", folder, entries[i]->d_name);
			found = true;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return found;
}

bool workload_folder_find(const char *name, struct text *path)
{
	return find("workloads", name, path);
}

/* What a name that stands for nothing may have meant. */
static void tell_nearest(const char *kind, const char *word)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = scan(kind, folder, &entries);
	const char **names = memory_zeroed(count > 0 ? (size_t)count + 1 : 1, sizeof names[0]);
	for (int i = 0; names && i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(".yaml")] = '\0';
		names[i] = entries[i]->d_name;
	}
	const char *nearest = names ? text_nearest(word, names) : NULL;
	if (nearest)
		cli_say("iovabench: there is no %.*s '%s', and no file of that name; did you mean '%s'?\n",
			(int)strlen(kind) - 1, kind, word, nearest);
	memory_release(names);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
}

static void resolve(const char *kind, const char *word, struct text *path)
{
	bool named = *word && strcmp(word, FILE_STANDARD_INPUT) != 0 && !strchr(word, '/') && access(word, F_OK) != 0;
	if (named && find(kind, word, path))
		return;
	if (named)
		tell_nearest(kind, word);
	text_add(path, "%s", word);
}

void workload_folder_resolve(const char *word, struct text *path)
{
	resolve("workloads", word, path);
}

void suite_folder_resolve(const char *word, struct text *path)
{
	resolve("suites", word, path);
}

static int add_path(struct workload_paths *paths, const char *path)
{
	char *copy = memory_text(path);
	/* One more is behind the last. */
	if (!copy || memory_grow(&paths->list, &paths->capacity, paths->count + 1, sizeof paths->list[0]) < 0) {
		memory_release(copy);
		return -1;
	}
	paths->list[paths->count++] = copy;
	paths->list[paths->count] = NULL;
	return 0;
}

/* Returns how many files match, or -1. */
static int add_files(struct workload_paths *paths, const char *pattern)
{
	glob_t found;
	int status = glob(pattern, 0, NULL, &found);
	if (status == GLOB_NOSPACE)
		return -1;
	if (status != 0)
		return 0;
	int count = (int)found.gl_pathc;
	for (size_t i = 0; i < found.gl_pathc && count >= 0; i++)
		count = add_path(paths, found.gl_pathv[i]) < 0 ? -1 : count;
	globfree(&found);
	return count;
}

static int add_shipped(struct workload_paths *paths, const char *pattern)
{
	char folder[PATH_MAX];
	struct dirent **entries;
	int count = scan("workloads", folder, &entries), added = 0;
	for (int i = 0; i < count; i++) {
		struct text name = {0}, path = {0};
		text_add(&name, "%.*s", (int)(strlen(entries[i]->d_name) - strlen(".yaml")), entries[i]->d_name);
		text_add(&path, "%s/%s", folder, entries[i]->d_name);
		bool failed = name.failed || path.failed;
		if (!failed && added >= 0 && fnmatch(pattern, name.bytes, 0) == 0)
			added = add_path(paths, path.bytes) < 0 ? -1 : added + 1;
		added = failed ? -1 : added;
		text_release(&name);
		text_release(&path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return added;
}

static bool is_pattern(const char *word)
{
	return strpbrk(word, "*?[") && access(word, F_OK) != 0;
}

static int add_pattern(struct workload_paths *paths, const char *pattern, struct error *error)
{
	int added = add_files(paths, pattern);
	if (added == 0 && !strchr(pattern, '/'))
		added = add_shipped(paths, pattern);
	if (added == 0)
		return error_set(error, EXIT_CODE_USAGE, "'%.300s' is the name of no file here, and of no shipped workload",
				 pattern);
	return added < 0 ? error_set(error, EXIT_CODE_IO, "no memory for the names of workloads") : 0;
}

int workload_folder_resolve_all(char *const *words, size_t count, struct workload_paths *paths, struct error *error)
{
	assert(words || !count);
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++) {
		struct text path = {0};
		if (is_pattern(words[i])) {
			status = add_pattern(paths, words[i], error);
			continue;
		}
		workload_folder_resolve(words[i], &path);
		if (path.failed || add_path(paths, path.bytes) < 0)
			status = error_set(error, EXIT_CODE_IO, "no memory for the names of workloads");
		text_release(&path);
	}
	return status;
}

void workload_folder_release(struct workload_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		memory_release(paths->list[i]);
	memory_release(paths->list);
	*paths = (struct workload_paths){0};
}
