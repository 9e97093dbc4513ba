/* SPDX-License-Identifier: MIT */
#include "cli/workload_folder.h"

#include "base/file.h"
#include "base/memory.h"
#include "cli/say.h"

#include <assert.h>
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

char **workload_folder_resolve_all(char *const *words, size_t count)
{
	assert(words || !count);
	char **paths = memory_zeroed(count + 1, sizeof paths[0]);
	for (size_t i = 0; paths && i < count; i++) {
		struct text path = {0};
		workload_folder_resolve(words[i], &path);
		paths[i] = path.failed ? NULL : memory_text(path.bytes);
		text_release(&path);
		if (!paths[i]) {
			workload_folder_release(paths, i);
			return NULL;
		}
	}
	return paths;
}

void workload_folder_release(char **paths, size_t count)
{
	for (size_t i = 0; paths && i < count; i++)
		memory_release(paths[i]);
	memory_release(paths);
}
