/* SPDX-License-Identifier: MIT */
#include "verify/host.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* From here on memory is mapped, so that an array over a large space costs what is touched; below, the sanitizer watches. */
#define MAPPED_BYTES (1u << 20)

/* A table by address, with linear probing. memory NULL: never taken; &given_back: not any more. */
struct piece {
	void *memory;
	size_t bytes;
};
static char given_back;

static size_t slot_of(const struct verify_host *host, const void *memory)
{
	uint64_t hash = (uint64_t)(uintptr_t)memory / 64 * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 20) & (host->piece_slots - 1);
}

/* Where it stands, or the first place that was never taken. */
static struct piece *find(struct verify_host *host, const void *memory)
{
	size_t slot = slot_of(host, memory);
	while (host->pieces[slot].memory && host->pieces[slot].memory != memory)
		slot = (slot + 1) & (host->piece_slots - 1);
	return &host->pieces[slot];
}

#define PIECES_LEAST 64u

static bool grow(struct verify_host *host)
{
	struct verify_host larger = *host;
	if (host->piece_marks * 2 < host->piece_slots)
		return true;
	while (larger.piece_slots < PIECES_LEAST || larger.piece_slots < host->outstanding * 4)
		larger.piece_slots = larger.piece_slots ? larger.piece_slots * 2 : PIECES_LEAST;
	larger.pieces = memory_zeroed(larger.piece_slots, sizeof *larger.pieces);
	if (!larger.pieces)
		return false;
	for (size_t i = 0; i < host->piece_slots; i++)
		if (host->pieces[i].memory && host->pieces[i].memory != &given_back)
			*find(&larger, host->pieces[i].memory) = host->pieces[i];
	memory_release(host->pieces);
	host->pieces = larger.pieces;
	host->piece_slots = larger.piece_slots;
	host->piece_marks = host->outstanding;
	return true;
}

static bool is_mapped(size_t bytes)
{
	return bytes >= MAPPED_BYTES;
}

static void *get(struct verify_host *host, size_t bytes)
{
	void *memory;
	if (host->requests++ == host->failing_request || !grow(host))
		return NULL;
	if (is_mapped(bytes)) {
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
	} else if (posix_memalign(&memory, 64, bytes ? bytes : 1)) {
		return NULL;
	} else {
		memset(memory, 0, bytes);
	}
	*find(host, memory) = (struct piece){memory, bytes};
	host->piece_marks++;
	host->outstanding++;
	return memory;
}

static void *memory_get(void *context, size_t bytes)
{
	struct verify_host *host = context;
	pthread_mutex_lock(&host->mutex);
	void *memory = get(host, bytes);
	pthread_mutex_unlock(&host->mutex);
	return memory;
}

static void give_back(void *memory, size_t bytes)
{
	if (is_mapped(bytes))
		munmap(memory, bytes);
	else
		free(memory);
}

static void put(struct verify_host *host, void *memory, size_t bytes)
{
	struct piece *piece = memory && host->pieces ? find(host, memory) : NULL;
	if (!memory)
		return;
	if (!piece || !piece->memory) {
		host->wrong = "memory goes back that was never given";
		return;
	}
	if (piece->bytes != bytes)
		host->wrong = "memory goes back with another size than it came with";
	give_back(memory, piece->bytes);
	piece->memory = &given_back;
	host->outstanding--;
}

static void memory_put(void *context, void *memory, size_t bytes)
{
	struct verify_host *host = context;
	pthread_mutex_lock(&host->mutex);
	put(host, memory, bytes);
	pthread_mutex_unlock(&host->mutex);
}

const char *verify_host_end(struct verify_host *host)
{
	const char *wrong = host->wrong;
	if (host->outstanding)
		wrong = "memory is left behind after destroy";
	else if (host->locks)
		wrong = "a lock is left behind after destroy";
	for (size_t i = 0; i < host->piece_slots; i++)
		if (host->pieces[i].memory && host->pieces[i].memory != &given_back)
			give_back(host->pieces[i].memory, host->pieces[i].bytes);
	memory_release(host->pieces);
	host->pieces = NULL;
	return wrong;
}

static void *lock_create(void *context)
{
	struct verify_host *host = context;
	pthread_mutex_lock(&host->mutex);
	pthread_mutex_t *lock = host->requests++ == host->failing_request ? NULL : malloc(sizeof *lock);
	host->locks += lock != NULL;
	pthread_mutex_unlock(&host->mutex);
	if (lock)
		pthread_mutex_init(lock, NULL);
	return lock;
}

static void lock_destroy(void *context, void *lock)
{
	struct verify_host *host = context;
	if (!lock)
		return;
	pthread_mutex_lock(&host->mutex);
	host->locks--;
	pthread_mutex_unlock(&host->mutex);
	pthread_mutex_destroy(lock);
	free(lock);
}

static void lock_acquire(void *context, void *lock)
{
	(void)context;
	pthread_mutex_lock(lock);
}

static void lock_release(void *context, void *lock)
{
	(void)context;
	pthread_mutex_unlock(lock);
}

void verify_host_make(struct verify_host *host, uint32_t cpus)
{
	*host = (struct verify_host){
		.host = {.size = sizeof host->host,
			 .cpus = cpus,
			 .context = host,
			 .memory_get = memory_get,
			 .memory_put = memory_put,
			 .lock_create = lock_create,
			 .lock_destroy = lock_destroy,
			 .lock_acquire = lock_acquire,
			 .lock_release = lock_release},
		.failing_request = UINT64_MAX,
	};
	pthread_mutex_init(&host->mutex, NULL);
}
