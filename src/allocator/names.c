/* SPDX-License-Identifier: MIT */
#include "allocator/names.h"

#include "allocator/registry.h"

#include <stdbool.h>
#include <string.h>

const struct allocator_named_spec allocator_named_specs[] = {
	{"linux-lazy", "lazy+magazine:key=order+linux",
	 "what a Linux kernel runs by default: its search behind its caches and a flush queue", "linux"},
	{"linux-strict", "magazine:key=order+linux",
	 "what a Linux kernel runs with iommu.strict=1: its search behind its caches", NULL},
};
const size_t allocator_named_spec_count = sizeof allocator_named_specs / sizeof allocator_named_specs[0];

/* An option of an earlier version that chose what is an allocator of its own now. */
static const struct {
	const char *name, *option, *now;
} earlier[] = {
	{"rbtree", "search=cached", "linux"},
	{"rbtree", "search=augmented", "rbtree"},
};

static const struct allocator_named_spec *find(const char *name, size_t length)
{
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		if (strlen(allocator_named_specs[i].name) == length && !memcmp(allocator_named_specs[i].name, name, length))
			return &allocator_named_specs[i];
	return NULL;
}

const struct allocator_named_spec *allocator_named_spec_find(const char *name)
{
	return find(name, strlen(name));
}

/* Appends the options [at, end) but for `without`. Returns whether that was among them. */
static bool add_options(struct text *expanded, const char *at, const char *end, const char *without)
{
	bool found = false;
	const char *before = ":";
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
		if ((size_t)(stop - at) == strlen(without) && !memcmp(at, without, strlen(without))) {
			found = true;
		} else {
			text_add(expanded, "%s%.*s", before, (int)(stop - at), at);
			before = ",";
		}
		at = stop + 1;
	}
	return found;
}

/* Whether a row of earlier spellings was written out for the part [part, end). */
static bool add_earlier(struct text *expanded, const char *part, const char *end)
{
	const char *colon = memchr(part, ':', (size_t)(end - part));
	for (size_t i = 0; colon && i < sizeof earlier / sizeof earlier[0]; i++) {
		if ((size_t)(colon - part) != strlen(earlier[i].name) ||
		    memcmp(part, earlier[i].name, (size_t)(colon - part)))
			continue;
		struct text options = {0};
		bool found = add_options(&options, colon + 1, end, earlier[i].option);
		if (found || options.failed)
			text_add(expanded, "%s%s", earlier[i].now, options.bytes ? options.bytes : "");
		expanded->failed |= options.failed;
		text_release(&options);
		if (found || expanded->failed)
			return true;
	}
	return false;
}

void allocator_spec_expand(const char *spec, struct text *expanded)
{
	for (const char *part = spec;; part++) {
		const char *end = part + allocator_spec_length(part, "+");
		const struct allocator_named_spec *named = find(part, (size_t)(end - part));
		if (named)
			text_add(expanded, "%s", named->spec);
		else if (!add_earlier(expanded, part, end))
			text_add(expanded, "%.*s", (int)(end - part), part);
		if (!*end)
			return;
		text_add(expanded, "+");
		part = end;
	}
}

static const char *competitor_name(const struct iova_allocator *table)
{
	if (table->capabilities & (IOVA_HARNESS | IOVA_LAYER))
		return NULL;
	for (size_t i = 0; i < allocator_named_spec_count; i++)
		if (allocator_named_specs[i].stands_for && !strcmp(allocator_named_specs[i].stands_for, table->name))
			return allocator_named_specs[i].name;
	return table->name;
}

const char *allocator_competitor(size_t i)
{
	for (size_t k = 0; k < allocator_registry_count; k++) {
		const char *name = competitor_name(allocator_registry[k]);
		if (name && i-- == 0)
			return name;
	}
	return NULL;
}
