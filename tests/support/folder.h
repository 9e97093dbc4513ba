/* SPDX-License-Identifier: MIT
 * Folders that tests write to. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* Removes the files in the folder, then the folder if nothing is left in it. Hidden files stay.
 * Returns 0, or -1 when the folder is still there or was not. */
static inline int folder_remove(const char *path)
{
	DIR *entries = opendir(path);
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		char name[512];
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			remove(name);
	}
	if (entries)
		closedir(entries);
	return rmdir(path);
}

#endif
