/* SPDX-License-Identifier: MIT */
#include "trace/op_store.h"

#include "base/memory.h"
#include "trace/recording_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPED_BYTES ((size_t)RECORDING_OPS_MAX * sizeof(struct recording_op))
#define GROWTH_OPS ((size_t)1 << 22)

size_t op_store_memory_ops = (size_t)1 << 20;

static int no_room(const char *folder, struct error *error)
{
	return error_set(error, EXIT_CODE_IO,
			 "%s: no room for the operations of a long recording: %s; TMPDIR names another folder", folder,
			 strerror(errno));
}

/* A file without a name, or one that loses it at once where the file system knows none. */
static int open_nameless(const char *folder)
{
	int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return file;
	char path[256];
	int length = snprintf(path, sizeof path, "%s/iovabench-ops.XXXXXX", folder);
	if (length < 0 || (size_t)length >= sizeof path)
		return errno = ENAMETOOLONG, -1;
	file = mkostemp(path, O_CLOEXEC);
	if (file >= 0)
		unlink(path);
	return file;
}

/* Blocks that are reserved now cannot be missing when a page is written. */
static int reserve(int file, size_t ops)
{
	int cause = posix_fallocate(file, 0, (off_t)(ops * sizeof(struct recording_op)));
	return cause ? (errno = cause, -1) : 0;
}

static int move_to_file(struct op_store *store, const char *folder, struct error *error)
{
	size_t capacity = store->count + GROWTH_OPS;
	capacity = capacity < RECORDING_OPS_MAX ? capacity : RECORDING_OPS_MAX;
	int file = open_nameless(folder);
	if (file < 0)
		return no_room(folder, error);
	void *mapped = reserve(file, capacity) ? MAP_FAILED
					       : mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (mapped == MAP_FAILED) {
		no_room(folder, error);
		close(file);
		return -1;
	}
	if (store->count)
		memcpy(mapped, store->ops, store->count * sizeof *store->ops);
	memory_release(store->ops);
	store->ops = mapped;
	store->capacity = capacity;
	store->mapped_bytes = MAPPED_BYTES;
	store->file = file;
	return 0;
}

static int make_room(struct op_store *store, struct error *error)
{
	if (store->count < op_store_memory_ops)
		return memory_grow(&store->ops, &store->capacity, store->count, sizeof *store->ops)
			       ? error_set(error, EXIT_CODE_IO, "no memory for the recording")
			       : 0;
	const char *named = getenv("TMPDIR"), *folder = named && *named ? named : "/var/tmp";
	if (!store->mapped_bytes)
		return move_to_file(store, folder, error);
	size_t capacity = store->capacity + GROWTH_OPS;
	capacity = capacity < RECORDING_OPS_MAX ? capacity : RECORDING_OPS_MAX;
	if (reserve(store->file, capacity))
		return no_room(folder, error);
	store->capacity = capacity;
	return 0;
}

int op_store_append(struct op_store *store, const struct recording_op *op, struct error *error)
{
	assert(store->count <= store->capacity);
	if (store->count >= RECORDING_OPS_MAX)
		return error_set(error, EXIT_CODE_USAGE, "more than %llu operations, the most that a recording holds",
				 (unsigned long long)RECORDING_OPS_MAX);
	if (store->count == store->capacity && make_room(store, error))
		return -1;
	store->ops[store->count++] = *op;
	if (store->mapped_bytes && store->count % RECORDING_LEAVE_OPS == 0) {
		const struct recording written = {.ops = store->ops, .ops_mapped_bytes = store->mapped_bytes};
		recording_leave(&written, store->count);
	}
	return 0;
}

void op_store_hand_over(struct op_store *store, struct recording *recording)
{
	recording->ops = store->ops;
	recording->ops_mapped_bytes = store->mapped_bytes;
	if (store->mapped_bytes)
		close(store->file);
	memset(store, 0, sizeof *store);
}

void op_store_release(struct op_store *store)
{
	struct recording all = {0};
	op_store_hand_over(store, &all);
	recording_release(&all);
}
