/* SPDX-License-Identifier: MIT */
#include "trace/placed.h"

#include "measure/occupancy.h"

#include <assert.h>
#include <string.h>

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_CODE_IO, "no memory for the import");
}

static void widen(struct placed *placed, uint8_t domain, uint64_t first, uint64_t count)
{
	if (!placed->end[domain] || first < placed->low[domain])
		placed->low[domain] = first;
	if (first + count > placed->end[domain])
		placed->end[domain] = first + count;
}

int placed_take(struct placed *placed, uint8_t domain, uint64_t first, uint64_t count, struct error *error)
{
	assert(domain < RECORDING_DOMAINS_MAX && count && first < WORKLOAD_PAGES_MAX);
	/* A range that passes the end of the largest space is told by what it is replayed in. */
	if (count > WORKLOAD_PAGES_MAX - first)
		count = WORKLOAD_PAGES_MAX - first;
	widen(placed, domain, first, count);
	struct occupancy **map = &placed->domains[domain];
	if (!*map && !(*map = occupancy_create(0, WORKLOAD_PAGES_MAX)))
		return no_memory(error);
	uint64_t tables = occupancy_page_table_pages(*map);
	switch (occupancy_take(*map, first, count)) {
	case OCCUPANCY_OK:
		break;
	case OCCUPANCY_NO_MEMORY:
		return no_memory(error);
	default:
		placed->overlaps++;
		return 0;
	}
	placed->live_pages += count;
	placed->live_tables += occupancy_page_table_pages(*map) - tables;
	if (placed->live_pages >= placed->fullest_pages) {
		placed->fullest_pages = placed->live_pages;
		placed->fullest_tables = placed->live_tables;
	}
	return 0;
}

int placed_drop(struct placed *placed, uint8_t domain, uint64_t first, uint64_t count, struct error *error)
{
	assert(domain < RECORDING_DOMAINS_MAX && count && first < WORKLOAD_PAGES_MAX);
	if (count > WORKLOAD_PAGES_MAX - first)
		count = WORKLOAD_PAGES_MAX - first;
	struct occupancy *map = placed->domains[domain];
	if (!map)
		return 0;
	uint64_t tables = occupancy_page_table_pages(map);
	switch (occupancy_drop(map, first, count)) {
	case OCCUPANCY_OK:
		placed->live_pages -= count;
		placed->live_tables += occupancy_page_table_pages(map) - tables;
		return 0;
	case OCCUPANCY_NO_MEMORY:
		return no_memory(error);
	default:
		/* It overlapped when it was given. */
		return 0;
	}
}

void placed_tell(const struct placed *placed, uint64_t facts[RECORDING_FACTS])
{
	for (size_t i = 0; i < RECORDING_DOMAINS_MAX; i++)
		facts[RECORDING_KERNEL_SPAN] += placed->end[i] - placed->low[i];
	facts[RECORDING_KERNEL_OVERLAPS] = placed->overlaps;
	if (placed->overlaps)
		return;
	/* An empty space at the end says nothing: as in the audit its fullest moment speaks for it. */
	facts[RECORDING_KERNEL_TABLES] = placed->live_pages ? placed->live_tables : placed->fullest_tables;
	for (size_t i = 0; i < RECORDING_DOMAINS_MAX; i++)
		facts[RECORDING_KERNEL_TABLES_EVER] +=
			placed->domains[i] ? occupancy_page_tables_ever(placed->domains[i]) : 0;
}

void placed_release(struct placed *placed)
{
	for (size_t i = 0; i < RECORDING_DOMAINS_MAX; i++)
		occupancy_destroy(placed->domains[i]);
	memset(placed, 0, sizeof *placed);
}
