/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "base/memory.h"
#include "metric/metrics.h"

#include <assert.h>
#include <string.h>

struct rules *rules_of(const struct yaml_document *document)
{
	assert(document->context);
	return document->context;
}

void rules_release(struct rules *rules)
{
	name_table_release(&rules->slot_numbers);
	name_table_release(&rules->object_numbers);
	memory_release(rules->slots);
	memory_release(rules->reserved);
	*rules = (struct rules){0};
}

void rule_workload(struct yaml_document *document, yaml_location location, void *item)
{
	const struct workload *workload = item;
	yaml_location space = yaml_key_location(document, location, "space");
	const char *driver_call = NULL;
	for (size_t i = 0; !driver_call && i < workload->request_count; i++)
		if (workload->requests[i].call != WORKLOAD_CALL_EXTENT)
			driver_call = workload->requests[i].name ? workload->requests[i].name : "?";
	if (driver_call && workload->space.has_extents)
		yaml_fault(document, yaml_key_location(document, space, "extents"),
			   "limits extents of call: extent, and request '%s' is a driver call", driver_call);
	if (driver_call && yaml_given(document, space, "metadata_fails"))
		yaml_fault(document, yaml_key_location(document, space, "metadata_fails"),
			   "is for requests of call: extent, and request '%s' is a driver call", driver_call);
	if (!yaml_given(document, location, "iotlb") && yaml_given(document, location, "touch"))
		yaml_fault(
			document, yaml_key_location(document, location, "touch"),
			"says what is touched through an iotlb, and there is none here; for example iotlb: {entries: 64, "
			"ways: 4}");
	yaml_location phases = yaml_key_location(document, location, "phases");
	for (size_t i = 0; !driver_call && !workload->routine_call_count && i < workload->phase_count; i++)
		if (workload->phases[i].body == WORKLOAD_BODY_ADAPTER)
			yaml_fault(
				document, yaml_key_location(document, yaml_item_location(document, phases, i), "adapter"),
				"no request here is a driver call, so that there is no adapter; free: all frees extents");
	rules_slots_check(document);
	rules_objects_check(document);
}

/* ---- expect ---- */

void rule_expectation(struct yaml_document *document, yaml_location location, void *item)
{
	static const char *const comparisons[] = {
		[WORKLOAD_IS] = "is", [WORKLOAD_BELOW] = "below", [WORKLOAD_ABOVE] = "above"};
	const struct workload_expectation *expectation = item;
	yaml_location metric = yaml_key_location(document, location, "metric"),
		      tolerance = yaml_key_location(document, location, "tolerance");
	yaml_location allocator = yaml_key_location(document, location, "allocator");
	const char *path = yaml_value_text(document, metric), *spec = yaml_value_text(document, allocator);
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	if (path && metric_find(path) < 0)
		yaml_fault(document, metric, "%s is no metric%s; iovabench list metrics shows them",
			   yaml_quote(quoted, path), yaml_meant(meant, path, metric_paths));
	if (yaml_sound(document, tolerance) && expectation->tolerance < 0)
		yaml_fault(document, tolerance, "a tolerance is not negative");
	if (expectation->comparison != WORKLOAD_IS)
		yaml_fault(document, tolerance, "belongs to is, not to %s", comparisons[expectation->comparison]);
	if (spec && !*spec)
		yaml_fault(document, allocator, "is empty; a spec like rbtree:fit=best, or leave the key out for all");
}

/* ---- sweep ---- */

/* Words joined by points. */
static bool is_path(const char *text)
{
	for (;;) {
		size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
		if (!length)
			return false;
		text += length;
		if (!*text)
			return true;
		if (*text++ != '.')
			return false;
	}
}

static bool may_be_swept(const char *key)
{
	static const char *const kept[] = {"iovabench", "name", "sweep", "expect"};
	size_t length = strcspn(key, ".");
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strlen(kept[i]) == length && memcmp(kept[i], key, length) == 0)
			return false;
	return true;
}

static void check_sweep_key(struct yaml_document *document, yaml_location location, size_t number)
{
	const struct workload *workload = rules_of(document)->workload;
	yaml_location key = yaml_key_location(document, location, "key");
	const char *text = yaml_value_text(document, key);
	char quoted[YAML_QUOTE_BYTES];
	if (!text)
		return;
	if (!is_path(text))
		yaml_fault(document, key, "%s is no key: names joined by points, like phases.churn.ops",
			   yaml_quote(quoted, text));
	else if (!may_be_swept(text))
		yaml_fault(document, key, "%s stays as it is in a sweep", yaml_quote(quoted, text));
	for (size_t i = 0; i < number; i++)
		if (workload->sweeps[i].key && strcmp(workload->sweeps[i].key, text) == 0)
			yaml_fault(document, key, "'%s' is swept already; add the values there", text);
}

void rule_sweep(struct yaml_document *document, yaml_location location, void *item)
{
	assert(item);
	const struct workload *workload = rules_of(document)->workload;
	const struct workload_sweep *sweep = item;
	size_t number = (size_t)(sweep - workload->sweeps), combinations = 1;
	yaml_location list = yaml_key_location(document, location, "values");
	check_sweep_key(document, location, number);
	for (size_t i = 0; i < sweep->value_count; i++) {
		yaml_location value = yaml_item_location(document, list, i);
		const char *text = yaml_value_text(document, value);
		for (size_t k = 0; text && k < i; k++)
			if (sweep->values[k].text && strcmp(sweep->values[k].text, text) == 0) {
				yaml_fault(document, value, "'%s' is in this sweep already", text);
				break;
			}
	}
	for (size_t i = 0; i <= number && combinations <= WORKLOAD_COMBINATIONS_MAX; i++) {
		size_t count = workload->sweeps[i].value_count;
		/* A list that is too long was told. */
		combinations *= count && count <= WORKLOAD_SWEEP_VALUES_MAX ? count : 1;
		if (combinations > WORKLOAD_COMBINATIONS_MAX && i == number)
			yaml_fault(document, location, "makes more than %u combinations", WORKLOAD_COMBINATIONS_MAX);
	}
}
