/* SPDX-License-Identifier: MIT
 * An adapter behind the interface: making and ending it, and what every call begins with. */
#include "base/memory.h"
#include "ddi/dxgkrnl_room.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX 16u
#define SAVE_BYTES (UINT64_C(256) << 20)

/* Those that live. Slots are written under the lock and read by calls of any adapter. */
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;
static struct dxgkrnl *_Atomic devices[DEVICES_MAX];
struct dxgkrnl *_Atomic current_dxgkrnl;
static uint64_t made;

/* What a routine is, for what a version forbids and what faults may hit. */
enum does { GIVES, GIVES_OLD, GIVES_MM, ENDS };

static const struct {
	enum does does;
	uint32_t since;
} kinds[] = {
#define ROW(id, name, page, does, since) {does, since},
	DXGKRNL_ROUTINES(ROW)
#undef ROW
};

static const struct {
	const char *text;
	uint32_t version;
} versions[] = {{"2.4", DXGKDDI_INTERFACE_VERSION_WDDM2_4},
		{"2.7", DXGKDDI_INTERFACE_VERSION_WDDM2_7},
		{"3.0", DXGKDDI_INTERFACE_VERSION_WDDM3_0},
		{"3.1", DXGKDDI_INTERFACE_VERSION_WDDM3_1},
		{"3.2", DXGKDDI_INTERFACE_VERSION_WDDM3_2}};

struct dxgkrnl *dxgkrnl_search(HANDLE device)
{
	for (unsigned i = 0; device && i < DEVICES_MAX; i++) {
		struct dxgkrnl *found = devices[i];
		if (found == device)
			return found;
	}
	return NULL;
}

void dxgkrnl_set_current(struct dxgkrnl *dxgkrnl)
{
	current_dxgkrnl = dxgkrnl;
}

struct dxgkrnl *dxgkrnl_of_object(HANDLE handle)
{
	for (unsigned i = 0; handle && i < DEVICES_MAX; i++) {
		struct dxgkrnl *found = devices[i];
		if (found && tracked_handle(found, handle))
			return found;
	}
	for (unsigned i = 0; handle && i < DEVICES_MAX; i++) {
		struct dxgkrnl *found = devices[i];
		/* Whoever gave it xored its own secret in, which leaves a generation that handles have. */
		uint64_t generation = found ? from_driver(found, handle) >> HANDLE_GENERATION_SHIFT : 0;
		if (found && generation - found->adapter->handles.first_generation < UINT64_C(1) << 24)
			return found;
	}
	if (current_dxgkrnl) {
		current_dxgkrnl->counts.calls++;
		dxgkrnl_find(current_dxgkrnl, ROUTINE_OPEN_OBJECT, RULE_UNKNOWN, STATUS_INVALID_HANDLE, NULL, handle);
	}
	return NULL;
}

/* The rule that forbids the routine here and now, or RULES. */
static enum rule forbidden(const struct dxgkrnl *dxgkrnl, enum routine routine)
{
	bool remapping = !dxgkrnl->adapter->identity && dxgkrnl->version >= DXGKDDI_INTERFACE_VERSION_WDDM3_0;
	if (dxgkrnl->version < kinds[routine].since)
		return RULE_VERSION;
	if (!dxgkrnl->strict)
		return RULES;
	if (kinds[routine].does == GIVES_MM)
		return RULE_MM_ROUTINE;
	return remapping && kinds[routine].does == GIVES_OLD ? RULE_OLD_CALLBACK : RULES;
}

void dxgkrnl_set_look(struct dxgkrnl *dxgkrnl)
{
	dxgkrnl->look = dxgkrnl->strict || dxgkrnl->fault_count > 0 || dxgkrnl->version < DXGKDDI_INTERFACE_VERSION_WDDM2_9;
}

bool dxgkrnl_looks(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes, NTSTATUS *status)
{
	enum rule rule = forbidden(dxgkrnl, routine);
	if (rule != RULES) {
		*status = STATUS_NOT_SUPPORTED;
		dxgkrnl_find(dxgkrnl, routine, rule, *status, NULL, NULL);
		return false;
	}
	if (dxgkrnl->fault_count > 0 && kinds[routine].does != ENDS && fault_hits(dxgkrnl, routine, bytes)) {
		dxgkrnl->counts.failed++;
		*status = STATUS_NO_MEMORY;
		return false;
	}
	return true;
}

static enum ddi_wddm wddm_of(uint32_t version)
{
	if (version >= DXGKDDI_INTERFACE_VERSION_WDDM3_2)
		return DDI_WDDM_3_2;
	return version >= DXGKDDI_INTERFACE_VERSION_WDDM3_0 ? DDI_WDDM_3_0 : DDI_WDDM_2_4;
}

/* Makes the table anew, as large as the version says. */
static int set_version(struct dxgkrnl *dxgkrnl, uint32_t version)
{
	DXGKRNL_INTERFACE *table = malloc(dxgkrnl_interface_bytes(version));
	if (!table)
		return -1;
	free(dxgkrnl->interface);
	dxgkrnl->interface = table;
	dxgkrnl->version = version;
	dxgkrnl->adapter->wddm = wddm_of(version);
	dxgkrnl_fill_interface(dxgkrnl);
	dxgkrnl_set_look(dxgkrnl);
	return 0;
}

int dxgkrnl_set_strict(struct dxgkrnl *dxgkrnl, const char *version, const char **reason)
{
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		if (strcmp(versions[i].text, version) != 0)
			continue;
		if (set_version(dxgkrnl, versions[i].version) < 0) {
			*reason = "no memory for the interface";
			return -1;
		}
		dxgkrnl->strict = true;
		dxgkrnl_set_look(dxgkrnl);
		return 0;
	}
	*reason = "the version to be strict about is none of 2.4, 2.7, 3.0, 3.1 and 3.2";
	return -1;
}

static bool version_known(uint32_t version)
{
	if (version == 0 || version == DXGKDDI_INTERFACE_VERSION_WDDM2_9)
		return true;
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
		if (versions[i].version == version)
			return true;
	return false;
}

/* Options, then the environment. */
static int set_up(struct dxgkrnl *dxgkrnl, const struct dxgkrnl_options *options, const char **reason)
{
	const char *strict = getenv("IOVABENCH_DXGKRNL_STRICT"), *fail = getenv("IOVABENCH_DXGKRNL_FAIL");
	if (!version_known(options->version)) {
		*reason = "the version of the interface is none of DXGKDDI_INTERFACE_VERSION_WDDM2_4 to WDDM3_2";
		return -1;
	}
	*reason = "no memory for an adapter";
	dxgkrnl->dead = memory_zeroed(DEAD_KEPT, sizeof *dxgkrnl->dead);
	if (!dxgkrnl->dead ||
	    set_version(dxgkrnl, options->version ? options->version : DXGKDDI_INTERFACE_VERSION_WDDM3_2) < 0)
		return -1;
	dxgkrnl->strict = options->strict;
	if (strict && *strict && dxgkrnl_set_strict(dxgkrnl, strict, reason) < 0)
		return -1;
	return dxgkrnl_set_faults(dxgkrnl, fail && *fail ? fail : options->fail, reason);
}

static int enlist(struct dxgkrnl *dxgkrnl)
{
	int result = -1;
	pthread_mutex_lock(&devices_lock);
	/* The upper half: handles of two adapters never look alike. */
	dxgkrnl->secret = made++ * UINT64_C(0x9e3779b9) << 32;
	for (unsigned i = 0; i < DEVICES_MAX && result < 0; i++) {
		if (devices[i])
			continue;
		devices[i] = dxgkrnl;
		result = 0;
	}
	pthread_mutex_unlock(&devices_lock);
	return result;
}

struct dxgkrnl *dxgkrnl_create(const struct dxgkrnl_options *options, const char **reason)
{
	struct dxgkrnl *dxgkrnl = memory_zeroed(1, sizeof *dxgkrnl);
	*reason = "no memory for an adapter";
	if (!dxgkrnl)
		return NULL;
	dxgkrnl->adapter = options->adapter;
	dxgkrnl->report = options->report;
	dxgkrnl->context = options->context;
	dxgkrnl->no_memory = options->no_cpu_memory;
	dxgkrnl->linked = options->linked ? options->linked : 1;
	dxgkrnl->save_bytes = options->save_bytes ? options->save_bytes / PAGE_SIZE * PAGE_SIZE : SAVE_BYTES;
	int result = -1;
	if (!options->adapter || options->adapter->page_mask != PAGE_SIZE - 1 || options->adapter->handles.live)
		*reason = "the interface needs an adapter with pages of 4096 bytes that nobody has used";
	else if (dxgkrnl->linked > LINKED_MAX)
		*reason = "at most 8 linked adapters share a domain";
	else
		result = set_up(dxgkrnl, options, reason);
	if (result == 0 && enlist(dxgkrnl) < 0) {
		*reason = "at most 16 adapters are behind the interface at a time";
		result = -1;
	}
	if (result < 0) {
		dxgkrnl_destroy(dxgkrnl);
		return NULL;
	}
	/* As the pages say. */
	dxgkrnl->adapter->limits_on_frames = dxgkrnl->adapter->physical && !dxgkrnl->adapter->identity;
	current_dxgkrnl = dxgkrnl;
	return dxgkrnl;
}

/* Gives the program's memory of all that lives back. */
static void forget(struct dxgkrnl *dxgkrnl, enum routine by)
{
	for (size_t i = 0; i < dxgkrnl->object_capacity; i++)
		if (dxgkrnl->objects[i].name)
			untrack(dxgkrnl, &dxgkrnl->objects[i], by);
	for (size_t i = 0; i < dxgkrnl->view_count; i++)
		untrack(dxgkrnl, &dxgkrnl->views[i], by);
	dxgkrnl->view_count = 0;
	for (unsigned i = 0; i < LINKED_MAX; i++) {
		if (dxgkrnl->pins[i].adl_or_mdl.name)
			untrack(dxgkrnl, &dxgkrnl->pins[i].adl_or_mdl, by);
		memory_release(dxgkrnl->pins[i].save);
		dxgkrnl->pins[i].save = NULL;
	}
}

uint64_t dxgkrnl_destroy(struct dxgkrnl *dxgkrnl)
{
	if (!dxgkrnl)
		return 0;
	uint64_t findings = dxgkrnl->counts.findings;
	pthread_mutex_lock(&devices_lock);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		if (devices[i] == dxgkrnl)
			devices[i] = NULL;
	if (current_dxgkrnl == dxgkrnl)
		current_dxgkrnl = NULL;
	pthread_mutex_unlock(&devices_lock);
	if (dxgkrnl->dead) {
		forget(dxgkrnl, ROUTINE_STOP);
		/* What is kept goes when it is pushed out. */
		struct tracked nothing = {0};
		for (unsigned i = 0; i < DEAD_KEPT; i++, nothing = (struct tracked){0})
			untrack(dxgkrnl, &nothing, ROUTINE_STOP);
	}
	address_map_close(&dxgkrnl->pointers);
	memory_release(dxgkrnl->dead);
	memory_release(dxgkrnl->objects);
	memory_release(dxgkrnl->views);
	free(dxgkrnl->interface);
	memory_release(dxgkrnl);
	return findings;
}

const DXGKRNL_INTERFACE *dxgkrnl_interface(const struct dxgkrnl *dxgkrnl)
{
	return dxgkrnl->interface;
}

NTSTATUS dxgkrnl_copy_interface(const struct dxgkrnl *dxgkrnl, void *to, ULONG size)
{
	const ULONG first = offsetof(DXGKRNL_INTERFACE, DxgkCbEvalAcpiMethod);
	if (size < first)
		return STATUS_BUFFER_TOO_SMALL;
	if ((size - first) % sizeof(DXGKRNL_NOT_MODELLED) != 0)
		return STATUS_INVALID_PARAMETER;
	ULONG both = size < dxgkrnl->interface->Size ? size : dxgkrnl->interface->Size;
	memset(to, 0, size);
	memcpy(to, dxgkrnl->interface, both);
	memcpy(to, &both, sizeof both);
	return STATUS_SUCCESS;
}

/* The rule that an object breaks which lives at the stop; RULES: it is told with another. */
static enum rule leak_of(const struct dxgkrnl *dxgkrnl, uint32_t index)
{
	const struct tracked *object = &dxgkrnl->objects[index];
	const struct handle_table *handles = &dxgkrnl->adapter->handles;
	if (!object->name)
		return RULES;
	switch (object->object) {
	case OBJECT_ADL:
		return RULE_ADL_LEAKED;
	case OBJECT_OPENED: {
		uint32_t target = handle_table_entry(handles, index)->as.target;
		return handle_table_more(handles, target)->object.adls ? RULES : RULE_OBJECT_LEAKED;
	}
	case OBJECT_MEMORY:
		return handle_table_more(handles, index)->object.adapter_object == HANDLE_INDEX_NONE ? RULE_LEAKED : RULES;
	case OBJECT_MDL_MAP:
		return object->born_by == ROUTINE_ALLOCATE_PAGES ? RULES : RULE_LEAKED;
	default:
		return RULE_LEAKED;
	}
}

const struct ddi_bug_check *dxgkrnl_stop(struct dxgkrnl *dxgkrnl)
{
	dxgkrnl->counts.calls++;
	for (uint32_t i = 0; i < dxgkrnl->object_capacity; i++) {
		enum rule rule = leak_of(dxgkrnl, i);
		if (rule != RULES)
			dxgkrnl_find(dxgkrnl, ROUTINE_STOP, rule, STATUS_SUCCESS, &dxgkrnl->objects[i], NULL);
	}
	for (size_t i = 0; i < dxgkrnl->view_count; i++)
		dxgkrnl_find(dxgkrnl, ROUTINE_STOP, RULE_LEAKED, STATUS_SUCCESS, &dxgkrnl->views[i], NULL);
	for (unsigned i = 0; i < LINKED_MAX; i++)
		if (dxgkrnl->pins[i].adl_or_mdl.name)
			dxgkrnl_find(dxgkrnl, ROUTINE_STOP, RULE_LEAKED, STATUS_SUCCESS, &dxgkrnl->pins[i].adl_or_mdl,
				     NULL);
	return ddi_adapter_stop(dxgkrnl->adapter);
}

void dxgkrnl_reset(struct dxgkrnl *dxgkrnl)
{
	dxgkrnl->counts.calls++;
	forget(dxgkrnl, ROUTINE_RESET);
	ddi_adapter_reset(dxgkrnl->adapter);
}

struct dxgkrnl_counts dxgkrnl_counts(const struct dxgkrnl *dxgkrnl)
{
	struct dxgkrnl_counts counts = dxgkrnl->counts;
	counts.not_modelled = dxgkrnl_not_modelled();
	return counts;
}
