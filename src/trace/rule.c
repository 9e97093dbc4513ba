/* SPDX-License-Identifier: MIT */
#include "trace/rule.h"

#include <assert.h>
#include <string.h>

/* The best level of truth first. */
const struct rule rules_built_in[] = {
	{.name = "probes",
	 .groups = "iova|probe|probes|kprobes|fprobes",
	 .call = "alloc",
	 .alloc = "allocret",
	 .free = "freei",
	 .ends = "domput",
	 .address = "ret",
	 .freed = "pfn",
	 .size = "size",
	 .owner = "dom",
	 .limit = "limit",
	 .address_unit = RULE_PAGES,
	 .size_unit = RULE_PAGES,
	 .failure = RULE_FAILURE_ZERO},
	/* Names that perf probe and tracefs give by default. */
	{.name = "probes",
	 .groups = "probe|kprobes|fprobes",
	 .call = "alloc_iova_fast|p_alloc_iova_fast_0|alloc_iova_fast__entry",
	 .alloc = "alloc_iova_fast__return|r_alloc_iova_fast_0|alloc_iova_fast__exit",
	 .free = "free_iova_fast|p_free_iova_fast_0|free_iova_fast__entry",
	 .ends = "put_iova_domain|p_put_iova_domain_0",
	 .address = "ret|arg1|retval|pfn",
	 .freed = "pfn",
	 .size = "size|-",
	 .owner = "dom|iovad|-",
	 .limit = "limit|limit_pfn|-",
	 .address_unit = RULE_PAGES,
	 .size_unit = RULE_PAGES,
	 .failure = RULE_FAILURE_ZERO},
	{.name = "dma",
	 .groups = "dma",
	 .alloc = "dma_map_page|dma_map_phys|dma_map_resource",
	 .free = "dma_unmap_page|dma_unmap_phys|dma_unmap_resource",
	 .address = "dma_addr",
	 .size = "size",
	 .owner = "1",
	 .failure = RULE_FAILURE_ONES,
	 .hex = true},
	{.name = "dma",
	 .groups = "dma",
	 .alloc = "dma_alloc|dma_alloc_pages|dma_alloc_sgt",
	 .free = "dma_free|dma_free_pages|dma_free_sgt",
	 .address = "dma_addr",
	 .size = "size",
	 .owner = "1",
	 .failure = RULE_FAILURE_ONES,
	 .hex = true},
	{.name = "dma",
	 .groups = "dma",
	 .alloc = "dma_map_sg",
	 .free = "dma_unmap_sg",
	 .address = "dma_addrs",
	 .freed = "phys_addrs",
	 .match = "phys_addrs",
	 .size = "sizes|-",
	 .owner = "1",
	 .failure = RULE_FAILURE_ONES,
	 .hex = true},
	{.name = "intel_iommu",
	 .groups = "intel_iommu",
	 .alloc = "map_single|bounce_map_single|map_sg",
	 .free = "unmap_single|bounce_unmap_single|unmap_sg",
	 .address = "dev_addr",
	 .size = "size",
	 .owner = "dev|-",
	 .pairing = RULE_PAIRS_MAPS},
	{.name = "iommu",
	 .groups = "iommu",
	 .alloc = "map",
	 .free = "unmap|unmap this",
	 .address = "iova",
	 .size = "size",
	 .owner = "dev|-",
	 .cpu = "cpu",
	 .pid = "tid|pid",
	 .pairing = RULE_PAIRS_MAPS},
	{.name = "cma",
	 .groups = "cma",
	 .alloc = "cma_alloc_finish|cma_alloc",
	 .free = "cma_release",
	 .address = "pfn",
	 .size = "count",
	 .owner = "name|-",
	 .error = "errorno|-",
	 .address_unit = RULE_PAGES,
	 .size_unit = RULE_PAGES,
	 .failure = RULE_FAILURE_ZERO,
	 .hex = true},
	{.name = "kmem",
	 .groups = "kmem",
	 .alloc = "mm_page_alloc",
	 .free = "mm_page_free",
	 .address = "pfn",
	 .size = "order",
	 .address_unit = RULE_PAGES,
	 .size_unit = RULE_ORDER,
	 .failure = RULE_FAILURE_ZERO},
};
const size_t rules_built_in_count = sizeof rules_built_in / sizeof rules_built_in[0];

static void add_words(struct rule_table *table, size_t rule, enum rule_role role)
{
	const struct field *events = &table->rules[rule].events[role];
	for (size_t i = 0; i < events->count && table->word_count < RULE_WORDS_MAX; i++) {
		struct rule_word *word = &table->words[table->word_count++];
		*word = (struct rule_word){
			.name = events->names[i], .length = events->lengths[i], .rule = (uint16_t)rule, .role = role};
		uint16_t *link = &table->heads[rule_hash(word->name, word->length)];
		while (*link)
			link = &table->words[*link - 1].next;
		*link = (uint16_t)table->word_count;
	}
}

static unsigned level_of(struct rule_table *table, const char *name)
{
	for (size_t i = 0; i < table->level_count; i++)
		if (strcmp(table->levels[i], name) == 0)
			return (unsigned)i;
	assert(table->level_count < RULE_LEVELS_MAX);
	table->levels[table->level_count] = name;
	return (unsigned)table->level_count++;
}

static void add_rule(struct rule_table *table, const struct rule *rule)
{
	assert(table->count < RULES_MAX && rule->name && rule->alloc && rule->free && rule->address && rule->size);
	struct rule_ready *ready = &table->rules[table->count];
	const struct {
		const char *text;
		struct field *field;
	} fields[] = {
		{rule->address, &ready->address}, {rule->freed ? rule->freed : rule->address, &ready->freed},
		{rule->match, &ready->match},     {rule->size, &ready->size},
		{rule->owner, &ready->owner},     {rule->limit, &ready->limit},
		{rule->error, &ready->error},     {rule->cpu, &ready->cpu},
		{rule->pid, &ready->pid},
	};
	const char *const events[RULE_ROLES] = {rule->call, rule->alloc, rule->free, rule->ends};
	bool good = true;
	ready->rule = rule;
	ready->level = level_of(table, rule->name);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		good &= field_compile(fields[i].text, fields[i].field);
	good &= rule_events_compile(rule->groups, &ready->groups);
	for (int role = 0; role < RULE_ROLES; role++) {
		good &= rule_events_compile(events[role], &ready->events[role]);
		add_words(table, table->count, (enum rule_role)role);
	}
	assert(good);
	(void)good;
	table->count++;
}

bool rule_events_compile(const char *text, struct field *field)
{
	memset(field, 0, sizeof *field);
	for (const char *at = text; at; at++) {
		const char *end = strchrnul(at, '|');
		if (end == at || field->count == FIELD_NAMES_MAX)
			return false;
		field->names[field->count] = at;
		field->lengths[field->count++] = (size_t)(end - at);
		if (!*end)
			break;
		at = end;
	}
	return true;
}

void rule_table_make(struct rule_table *table, const struct rule_list *list)
{
	assert(list->count <= RULES_OWN_MAX);
	memset(table, 0, sizeof *table);
	for (size_t i = 0; i < list->count; i++)
		add_rule(table, &list->rules[i]);
	for (size_t i = 0; i < rules_built_in_count; i++)
		add_rule(table, &rules_built_in[i]);
}
