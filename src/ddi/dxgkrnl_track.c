/* SPDX-License-Identifier: MIT
 * What the driver was given and what became of it, and how a broken rule is told. */
#include "base/memory.h"
#include "ddi/dxgkrnl_room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a program that runs under AddressSanitizer. */
void __asan_poison_memory_region(void const volatile *address, size_t size) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *address, size_t size) __attribute__((weak));

static const struct {
	const char *name, *page;
} routines[] = {
#define ROW(id, name, page, does, since) {name, page},
	DXGKRNL_ROUTINES(ROW)
#undef ROW
};

static const struct {
	const char *name, *says;
} rules[] = {
#define ROW(id, name, says) {name, says},
	DXGKRNL_RULES(ROW)
#undef ROW
};

const char *routine_name(enum routine routine)
{
	return routines[routine].name;
}

const char *routine_page(enum routine routine)
{
	return routines[routine].page;
}

void *dxgkrnl_memory(uint64_t bytes)
{
	void *memory = NULL;
	if (bytes > SIZE_MAX / 2 || posix_memalign(&memory, PAGE_SIZE, (size_t)bytes) != 0)
		return NULL;
	return memset(memory, 0, (size_t)bytes);
}

bool track_prepare(struct dxgkrnl *dxgkrnl, bool pointer)
{
	/* A call gives two handles at most. */
	size_t wanted = (size_t)dxgkrnl->adapter->handles.used + 2;
	if (wanted > dxgkrnl->object_capacity) {
		size_t capacity = wanted < 4096 ? 4096 : 2 * wanted;
		struct tracked *grown = memory_resize(dxgkrnl->objects, capacity, sizeof *grown);
		if (!grown)
			return false;
		memset(grown + dxgkrnl->object_capacity, 0, (capacity - dxgkrnl->object_capacity) * sizeof *grown);
		dxgkrnl->objects = grown;
		dxgkrnl->object_capacity = capacity;
	}
	return !pointer || address_map_reserve(&dxgkrnl->pointers, dxgkrnl->pointers.count + 2) == 0;
}

struct tracked *track(struct dxgkrnl *dxgkrnl, enum object object, enum routine by, uint32_t index, void *name,
		      uint64_t bytes)
{
	struct tracked *made = &dxgkrnl->objects[index];
	*made = (struct tracked){.name = name,
				 .bytes = bytes,
				 .born = dxgkrnl->counts.calls,
				 .object = (uint8_t)object,
				 .born_by = (uint8_t)by};
	return made;
}

struct tracked *track_pointer(struct dxgkrnl *dxgkrnl, enum object object, enum routine by, uint32_t index, void *name,
			      uint64_t bytes)
{
	address_map_add(&dxgkrnl->pointers, (uint64_t)(uintptr_t)name, index);
	return track(dxgkrnl, object, by, index, name, bytes);
}

struct tracked *tracked_pointer(struct dxgkrnl *dxgkrnl, const void *pointer)
{
	uint32_t index;
	if (!pointer || !address_map_find(&dxgkrnl->pointers, (uint64_t)(uintptr_t)pointer, &index))
		return NULL;
	return &dxgkrnl->objects[index];
}

struct tracked *tracked_handle(struct dxgkrnl *dxgkrnl, HANDLE handle)
{
	uint32_t index = handle_index(from_driver(dxgkrnl, handle));
	if (!handle || index >= dxgkrnl->object_capacity || dxgkrnl->objects[index].name != handle)
		return NULL;
	return &dxgkrnl->objects[index];
}

static bool by_pointer(const struct tracked *object)
{
	return object->object == OBJECT_MDL || object->object == OBJECT_ADL || object->object == OBJECT_MM_BLOCK ||
	       object->object == OBJECT_MM_MDL;
}

void untrack(struct dxgkrnl *dxgkrnl, struct tracked *object, enum routine by)
{
	if (by_pointer(object))
		address_map_remove(&dxgkrnl->pointers, (uint64_t)(uintptr_t)object->name);
	object->died = dxgkrnl->counts.calls;
	object->died_by = (uint8_t)by;
	free(object->cpu);
	object->cpu = NULL;
	struct tracked *place = &dxgkrnl->dead[dxgkrnl->died++ % DEAD_KEPT];
	if (place->memory && __asan_unpoison_memory_region)
		__asan_unpoison_memory_region(place->memory, place->memory_bytes);
	free(place->memory);
	*place = *object;
	if (place->memory && __asan_poison_memory_region)
		__asan_poison_memory_region(place->memory, place->memory_bytes);
	*object = (struct tracked){0};
}

/* What ended most recently under that name, or NULL. */
static const struct tracked *dead_of(const struct dxgkrnl *dxgkrnl, const void *name)
{
	uint64_t kept = dxgkrnl->died < DEAD_KEPT ? dxgkrnl->died : DEAD_KEPT;
	for (uint64_t i = 1; name && i <= kept; i++) {
		const struct tracked *dead = &dxgkrnl->dead[(dxgkrnl->died - i) % DEAD_KEPT];
		if (dead->name == name)
			return dead;
	}
	return NULL;
}

static void describe(const struct tracked *object, const void *name, char *text, size_t bytes)
{
	static const char *const phrases[] = {
		[OBJECT_NONE] = "nothing",
		[OBJECT_CONTIGUOUS] = "contiguous memory",
		[OBJECT_MDL] = "the MDL",
		[OBJECT_MDL_MAP] = "the mapping of an MDL",
		[OBJECT_MEMORY] = "the physical memory object",
		[OBJECT_OPENED] = "the adapter memory object",
		[OBJECT_ADL] = "the ADL",
		[OBJECT_VIEW] = "the view of device memory",
		[OBJECT_MM_BLOCK] = "the block",
		[OBJECT_MM_MDL] = "the MDL",
		[OBJECT_PHYSICAL_VIEW] = "the view of physical memory",
	};
	if (!object) {
		snprintf(text, bytes, name ? "%p, which no call gave" : "the call itself", name);
		return;
	}
	int length =
		snprintf(text, bytes, "%s %p of %" PRIu64 " bytes, given by %s in call %" PRIu64, phrases[object->object],
			 object->name, object->bytes, routine_name(object->born_by), object->born);
	if (object->context && object->object == OBJECT_MEMORY)
		length += snprintf(text + length, bytes - (size_t)length, " with context 0x%" PRIx64, object->context);
	if (object->died)
		snprintf(text + length, bytes - (size_t)length, ", taken back by %s in call %" PRIu64,
			 routine_name(object->died_by), object->died);
}

static void to_standard_error(void *context, const struct dxgkrnl_finding *finding)
{
	(void)context;
	fprintf(stderr, "dxgkrnl: call %" PRIu64 ", %s: %s: rule %s: %s", finding->call, finding->routine, finding->object,
		finding->rule, finding->says);
	if (finding->status != STATUS_SUCCESS)
		fprintf(stderr, " (%s)", ntstatus_name((enum ntstatus)finding->status));
	fputc('\n', stderr);
}

void dxgkrnl_find(struct dxgkrnl *dxgkrnl, enum routine routine, enum rule rule, NTSTATUS status,
		  const struct tracked *object, void *name)
{
	char text[512], says[256];
	dxgkrnl->counts.findings++;
	describe(object, name, text, sizeof text);
	snprintf(says, sizeof says, "%s; page %s", rules[rule].says, routine_page(routine));
	const struct dxgkrnl_finding finding = {.call = dxgkrnl->counts.calls,
						.routine = routine_name(routine),
						.object = text,
						.rule = rules[rule].name,
						.says = says,
						.status = status};
	(dxgkrnl->report ? dxgkrnl->report : to_standard_error)(dxgkrnl->context, &finding);
}

void dxgkrnl_blame(struct dxgkrnl *dxgkrnl, enum routine routine, void *name)
{
	const struct tracked *live = tracked_pointer(dxgkrnl, name);
	live = live ? live : tracked_handle(dxgkrnl, name);
	const struct tracked *dead = live ? NULL : dead_of(dxgkrnl, name);
	enum rule rule = live ? RULE_WRONG_KIND : RULE_UNKNOWN;
	if (dead)
		rule = dead->object == OBJECT_MDL || dead->object == OBJECT_MM_MDL ? RULE_MDL_LIFETIME : RULE_AFTER_FREE;
	if (dead && dead->died_by == routine)
		rule = RULE_DOUBLE_FREE;
	dxgkrnl_find(dxgkrnl, routine, rule, STATUS_SUCCESS, live ? live : dead, name);
}

/* The view that an address lies in, or NULL. */
static const struct tracked *view_around(const struct dxgkrnl *dxgkrnl, const void *name)
{
	uint64_t at = (uint64_t)(uintptr_t)name;
	for (size_t i = 0; i < dxgkrnl->object_capacity; i++) {
		const struct tracked *object = &dxgkrnl->objects[i];
		if (object->object == OBJECT_VIEW && at - (uint64_t)(uintptr_t)object->name < object->bytes)
			return object;
	}
	return NULL;
}

/* The rule that a status is about; the object is looked for by name. */
static void blame_status(struct dxgkrnl *dxgkrnl, enum routine routine, NTSTATUS status, void *name)
{
	const struct tracked *live = tracked_pointer(dxgkrnl, name), *dead = NULL;
	live = live ? live : tracked_handle(dxgkrnl, name);
	dead = live ? NULL : dead_of(dxgkrnl, name);
	enum rule rule = RULE_UNKNOWN;
	if (status == STATUS_OBJECT_TYPE_MISMATCH)
		rule = RULE_WRONG_KIND;
	else if (status == STATUS_INVALID_PARAMETER)
		rule = RULE_ARGUMENT;
	else if (status == STATUS_RESOURCE_IN_USE)
		rule = routine == ROUTINE_FREE_PAGES ? RULE_MDL_LIFETIME : RULE_IN_USE;
	else if (status == STATUS_NOT_MAPPED_VIEW && (live = view_around(dxgkrnl, name)))
		rule = RULE_PART;
	else if (dead)
		rule = dead->died_by == routine ? RULE_DOUBLE_FREE : RULE_AFTER_FREE;
	dxgkrnl_find(dxgkrnl, routine, rule, status, live ? live : dead, name);
}

NTSTATUS dxgkrnl_judge(struct dxgkrnl *dxgkrnl, enum routine routine, NTSTATUS status, void *name)
{
	struct ddi_adapter *adapter = dxgkrnl->adapter;
	if (status == STATUS_INVALID_HANDLE || status == STATUS_OBJECT_TYPE_MISMATCH ||
	    status == STATUS_INVALID_PARAMETER || status == STATUS_RESOURCE_IN_USE || status == STATUS_NOT_MAPPED_VIEW)
		blame_status(dxgkrnl, routine, status, name);
	if (adapter->irql > (routine >= ROUTINE_MM_ALLOCATE    ? DDI_DISPATCH_LEVEL
			     : routine <= ROUTINE_UNMAP_MEMORY ? DDI_PASSIVE_LEVEL
							       : DDI_APC_LEVEL))
		dxgkrnl_find(dxgkrnl, routine, RULE_IRQL, status, NULL, name);
	return status;
}
