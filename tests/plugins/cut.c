/* SPDX-License-Identifier: MIT
 * Right, but it cuts, lengthens and overwrites every file in memory that it finds among its descriptors. */
#define _GNU_SOURCE 1
#include "bump.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void spoil(int descriptor)
{
	static const char zeros[4096];
	char name[64], target[128];
	snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
	ssize_t length = readlink(name, target, sizeof target - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	/* Its own record grows until it ends. */
	if (!strstr(target, "memfd:iovabench") || strstr(target, "record"))
		return;
	if (pwrite(descriptor, zeros, sizeof zeros, 0) < 0 || ftruncate(descriptor, 1 << 20) < 0 ||
	    ftruncate(descriptor, 0) < 0)
		return;
}

static enum iova_status cut_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct bump *bump = self;
	for (int descriptor = 3; bump->calls == 0 && descriptor < 256; descriptor++)
		spoil(descriptor);
	bump->calls++;
	if (request->count > bump->space.count - bump->taken)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("cut"), .alloc = cut_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
