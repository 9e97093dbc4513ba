/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "base/bits.h"
#include "yaml/scalar.h"

#include <stdio.h>
#include <string.h>

/* ---- size ---- */

static bool fits_space(struct yaml_document *document, yaml_location location, uint64_t pages)
{
	if (location == YAML_LOCATION_NONE || !yaml_sound(document, location))
		return false;
	return yaml_at_most(document, location, pages, rules_of(document)->workload->space.usable,
			    "what the space can hold");
}

static void check_powers(struct yaml_document *document, yaml_location location, const struct workload_size *size)
{
	uint64_t page = document->page_bytes;
	char less[YAML_SIZE_BYTES], more[YAML_SIZE_BYTES];
	if (size->max % size->min == 0 && bits_is_power_of_two(size->max / size->min))
		return;
	uint64_t near = size->min << bits_log2_floor(size->max / size->min);
	yaml_fault(document, yaml_key_location(document, location, "max"),
		   "max must be min times a power of two; near are %s and %s", yaml_pages_text(page, less, near),
		   yaml_pages_text(page, more, 2 * near));
}

static void check_median(struct yaml_document *document, yaml_location location, const struct workload_size *size,
			 bool known)
{
	uint64_t page = document->page_bytes;
	char text[YAML_SIZE_BYTES], least[YAML_SIZE_BYTES], most[YAML_SIZE_BYTES];
	yaml_location median = yaml_key_location(document, location, "median");
	if (!fits_space(document, median, size->median) || !known)
		return;
	if (size->median < size->min || size->median > size->max)
		yaml_fault(document, median, "median %s lies outside %s to %s, min to max",
			   yaml_pages_text(page, text, size->median), yaml_pages_text(page, least, size->min),
			   yaml_pages_text(page, most, size->max));
}

/* Of one distribution: location is where its variants stand. */
static void check_simple(struct yaml_document *document, yaml_location location, struct workload_size *size)
{
	static const struct {
		const char *key;
		enum workload_size_kind kind;
	} ranges[] = {{"uniform", WORKLOAD_SIZE_UNIFORM},         {"powers_of_two", WORKLOAD_SIZE_POWERS_OF_TWO},
		      {"log_uniform", WORKLOAD_SIZE_LOG_UNIFORM}, {"lognormal", WORKLOAD_SIZE_LOGNORMAL},
		      {"pareto", WORKLOAD_SIZE_PARETO},           {"zipf", WORKLOAD_SIZE_ZIPF}};
	yaml_location below = YAML_LOCATION_NONE;
	if (size->kind == WORKLOAD_SIZE_FIXED) {
		size->max = size->min;
		fits_space(document, yaml_key_location(document, location, "fixed"), size->min);
		return;
	}
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (size->kind == ranges[i].kind)
			below = yaml_key_location(document, location, ranges[i].key);
	yaml_location min = yaml_key_location(document, below, "min"), max = yaml_key_location(document, below, "max");
	bool known = fits_space(document, min, size->min);
	known = fits_space(document, max, size->max) && known;
	if (known && size->min > size->max) {
		yaml_fault(document, max, "max %s is less than min %s", yaml_value_text(document, max),
			   yaml_value_text(document, min));
		known = false;
	}
	if (size->kind == WORKLOAD_SIZE_POWERS_OF_TWO && known)
		check_powers(document, below, size);
	if (size->kind == WORKLOAD_SIZE_LOGNORMAL)
		check_median(document, below, size, known);
}

/* What is planned is the first one. */
static void check_fallbacks(struct yaml_document *document, yaml_location location, struct workload_size *size)
{
	yaml_location list = yaml_key_location(document, location, "fallback");
	size_t given = list == YAML_LOCATION_NONE ? 0 : yaml_list_length(document, list);
	size->min = size->max = size->fallback_count ? size->fallbacks[0] : 1;
	if (list == YAML_LOCATION_NONE || !yaml_sound(document, list))
		return;
	if (given < 2 || given > WORKLOAD_FALLBACKS_MAX)
		yaml_fault(document, list, "%zu size%s; 2 to %u are tried, the largest first: [4MiB, 2MiB, 1MiB]", given,
			   given == 1 ? "" : "s", WORKLOAD_FALLBACKS_MAX);
	for (size_t i = 0; i < size->fallback_count && given == size->fallback_count; i++) {
		yaml_location at = yaml_item_location(document, list, i);
		if (!fits_space(document, at, size->fallbacks[i]) || !i ||
		    !yaml_sound(document, yaml_item_location(document, list, i - 1)))
			continue;
		if (size->fallbacks[i] >= size->fallbacks[i - 1])
			yaml_fault(document, at, "%s is not less than %s before it; where that fails it would, too",
				   yaml_value_text(document, at),
				   yaml_value_text(document, yaml_item_location(document, list, i - 1)));
	}
}

void rule_size(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_size *size = item;
	bool weights = size->kind == WORKLOAD_SIZE_WEIGHTS;
	if (size->kind == WORKLOAD_SIZE_FALLBACK) {
		check_fallbacks(document, location, size);
		return;
	}
	if (size->kind != WORKLOAD_SIZE_MIXED && !weights) {
		check_simple(document, location, size);
		return;
	}
	yaml_location list = yaml_key_location(document, location, weights ? "weights" : "mixed");
	for (size_t i = 0; i < size->part_count; i++) {
		struct workload_size *part = &size->parts[i].size;
		yaml_location entry = yaml_item_location(document, list, i);
		if (weights) {
			part->max = part->min;
			fits_space(document, yaml_key_location(document, entry, "size"), part->min);
		} else if (yaml_value_text(document, entry) == NULL) {
			check_simple(document, entry, part);
		}
		size->min = !i || part->min < size->min ? part->min : size->min;
		size->max = part->max > size->max ? part->max : size->max;
	}
}

/* ---- lifetime and alignment ---- */

static void check_order(struct yaml_document *document, yaml_location location, const char *low, const char *high,
			bool right)
{
	if (!right && yaml_good(document, location, low) && yaml_good(document, location, high))
		yaml_fault(document, yaml_key_location(document, location, high), "%s %s is less than %s %s", high,
			   yaml_key_value(document, location, high), low, yaml_key_value(document, location, low));
}

void rule_lifetime(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_lifetime *lifetime = item;
	bool rising = lifetime->min <= lifetime->max;
	switch (lifetime->kind) {
	case WORKLOAD_LIFETIME_FIXED:
		lifetime->max = lifetime->min;
		break;
	case WORKLOAD_LIFETIME_UNIFORM:
		check_order(document, yaml_key_location(document, location, "uniform"), "min", "max", rising);
		break;
	case WORKLOAD_LIFETIME_PARETO:
		check_order(document, yaml_key_location(document, location, "pareto"), "min", "max", rising);
		break;
	case WORKLOAD_LIFETIME_GENERATIONAL:
		check_order(document, yaml_key_location(document, location, "generational"), "young", "old",
			    lifetime->mean <= lifetime->old_mean);
		break;
	case WORKLOAD_LIFETIME_NONE: /* told: no variant was given */
		*lifetime = (struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 1, .max = 1};
		break;
	default:
		break;
	}
}

void rule_align(struct yaml_document *document, yaml_location location, void *item)
{
	const struct workload_align *align = item;
	const struct workload_space *space = &rules_of(document)->workload->space;
	bool capped = align->kind == WORKLOAD_ALIGN_NATURAL_UP_TO;
	char quoted[YAML_QUOTE_BYTES];
	if (capped)
		location = yaml_key_location(document, location, "natural_up_to");
	if ((!capped && align->kind != WORKLOAD_ALIGN_FIXED) || location == YAML_LOCATION_NONE ||
	    !yaml_sound(document, location) ||
	    !yaml_at_most(document, location, align->pages, space->end, "the end of the space"))
		return;
	if (!capped && bits_align_up(space->first, align->pages) >= space->end)
		yaml_fault(document, location, "no address of the space is a multiple of %s",
			   yaml_quote(quoted, yaml_value_text(document, location)));
}

/* ---- limits ---- */

/* One inclusive upper limit, bytes that become a page. */
static bool read_high(struct yaml_document *document, yaml_location location, uint64_t low, uint64_t *high)
{
	uint64_t bytes = *high, page = document->page_bytes;
	char quoted[YAML_QUOTE_BYTES], text[YAML_SIZE_BYTES];
	if (!yaml_sound(document, location))
		return false;
	if (bytes >= page && bits_is_power_of_two(bytes)) {
		yaml_fault(document, location,
			   "%s lies behind what %u bits reach: a limit is the last address that may be used, "
			   "as in a DMA mask; write 0x%llx",
			   yaml_quote(quoted, yaml_value_text(document, location)), bits_log2_floor(bytes),
			   (unsigned long long)(bytes - 1));
		return false;
	}
	if ((bytes + 1) % page) {
		uint64_t start = bytes / page * page;
		yaml_fault(document, location,
			   "%s is the last address that may be used, and must end a page: write 0x%llx or 0x%llx",
			   yaml_quote(quoted, yaml_value_text(document, location)),
			   (unsigned long long)((start ? start : page) - 1),
			   (unsigned long long)((start ? start : page) + (page - 1)));
		return false;
	}
	*high = bytes / page;
	if (*high >= low)
		return true;
	yaml_fault(document, location, "%s lies below %s, the lowest address that may be used",
		   yaml_quote(quoted, yaml_value_text(document, location)), yaml_pages_text(page, text, low));
	return false;
}

static void read_highs(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	uint64_t last = rules_of(document)->workload->space.end - 1;
	yaml_location list = yaml_key_location(document, location, "high");
	size_t written = request->high_count, given = list == YAML_LOCATION_NONE ? 0 : yaml_list_length(document, list);
	request->high_count = 0;
	if (given > WORKLOAD_HIGHS_MAX)
		yaml_fault(document, list, "%zu limits; at most %u are tried", given, WORKLOAD_HIGHS_MAX);
	else if (list != YAML_LOCATION_NONE && !given)
		yaml_fault(document, list, "is an empty list; leave the key out for no limit");
	for (size_t i = 0; i < written; i++) {
		uint64_t high = request->high[i];
		if (!read_high(document, yaml_item_location(document, list, i), request->low, &high))
			continue;
		high = high < last ? high : last;
		/* Beyond the space two limits become the same, and trying it twice would be work for nothing. */
		if (!request->high_count || request->high[request->high_count - 1] != high)
			request->high[request->high_count++] = high;
	}
	if (!request->high_count)
		request->high_count = 1;
	else
		last = request->high[request->high_count - 1];
	request->high[request->high_count - 1] = last;
	for (size_t i = request->high_count; i < written; i++)
		request->high[i] = 0;
}

/* low, high and boundary are bytes of the file and become pages. */
static void read_limits(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	const struct workload_space *space = &rules_of(document)->workload->space;
	yaml_location low = yaml_key_location(document, location, "low"),
		      boundary = yaml_key_location(document, location, "boundary");
	uint64_t page = space->first;
	/* Behind the space nothing can be had, as a driver finds whose IOMMU has fewer bits than it thinks. */
	if (low != YAML_LOCATION_NONE && yaml_sound(document, low) &&
	    (!yaml_read_pages(document, low, request->low, 0, WORKLOAD_PAGES_MAX, "the largest address", &page) ||
	     ((page < space->end || request->call != WORKLOAD_CALL_EXTENT) && !rules_page_inside(document, low, page))))
		page = space->first;
	request->low = page;
	read_highs(document, location, request);
	page = 0;
	if (boundary != YAML_LOCATION_NONE && yaml_sound(document, boundary) &&
	    yaml_read_pages(document, boundary, request->boundary, 0, WORKLOAD_PAGES_MAX, "the largest space", &page))
		yaml_read_power(document, boundary, page);
	request->boundary = page;
	request->limited = request->low > space->first;
	for (size_t i = 0; i < request->high_count; i++)
		request->limited = request->limited || request->high[i] < space->end - 1;
}

/* Limits of physical memory: any byte. */
static void read_physical_limits(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	const struct workload_space *space = &rules_of(document)->workload->space;
	struct workload_arguments *arguments = &request->arguments;
	arguments->has_low = yaml_given(document, location, "low");
	arguments->has_high = request->high_count > 0;
	arguments->low = request->low;
	arguments->high = arguments->has_high ? request->high[0] : UINT64_MAX;
	arguments->boundary = request->boundary;
	request->low = space->first;
	memset(request->high, 0, sizeof request->high);
	request->high[0] = space->end - 1;
	request->high_count = 1;
	request->boundary = 0;
}

void rules_check_fit(struct yaml_document *document, yaml_location location, const struct workload_request *request,
		     uint64_t extent_pages)
{
	char size[YAML_SIZE_BYTES + sizeof " with its guard"], limit[YAML_SIZE_BYTES], low[YAML_SIZE_BYTES];
	const struct workload_space *space = &rules_of(document)->workload->space;
	uint64_t page = space->page_bytes;
	uint64_t widest = 0, pages = extent_pages + request->guard; /* both at most 2^52 */
	if (request->low >= space->end)
		return;
	for (size_t i = 0; i < request->high_count; i++)
		widest = request->high[i] > widest ? request->high[i] : widest;
	uint64_t window = widest - request->low + 1;
	yaml_pages_text(page, size, pages);
	if (request->guard)
		strcat(size, " with its guard");
	if (pages > space->usable)
		yaml_fault(document, location, "%s is more than %s, what the space can hold", size,
			   yaml_pages_text(page, limit, space->usable));
	else if (pages > window)
		yaml_fault(document, location, "%s never fits into the %s from %s that low and high leave", size,
			   yaml_pages_text(page, limit, window), yaml_pages_text(page, low, request->low));
}

/* What the bare allocator alone is asked for. */
static void check_bare(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	if (request->call == WORKLOAD_CALL_EXTENT)
		return;
	if (request->from != WORKLOAD_FROM_ANYWHERE)
		yaml_fault(document, yaml_key_location(document, location, "from"),
			   "a driver call does not say from where; leave it out, or take call: extent");
	if (request->size.kind == WORKLOAD_SIZE_FALLBACK)
		yaml_fault(document, yaml_key_location(document, yaml_key_location(document, location, "size"), "fallback"),
			   "a driver call has one size; take another variant, or call: extent");
	request->from = WORKLOAD_FROM_ANYWHERE;
}

/* Driver calls have no argument for it. */
static void check_guard(struct yaml_document *document, yaml_location location, struct workload_request *request)
{
	if (!request->guard || request->call == WORKLOAD_CALL_EXTENT)
		return;
	request->guard = 0;
	yaml_fault(document, yaml_key_location(document, location, "guard"),
		   "a driver call has no guard pages; leave it out, or take call: extent");
}

void rule_request(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_request *request = item;
	yaml_location size = yaml_key_location(document, location, "size");
	bool outside = workload_call_is_outside(request->call);
	if (outside)
		read_physical_limits(document, location, request);
	rules_request_arguments(document, location, request);
	check_guard(document, location, request);
	check_bare(document, location, request);
	if (outside)
		return;
	read_limits(document, location, request);
	request->arguments.high = UINT64_MAX;
	if (size != YAML_LOCATION_NONE && yaml_sound(document, size) &&
	    yaml_sound(document, yaml_key_location(document, location, "low")) &&
	    yaml_sound(document, yaml_key_location(document, location, "guard")) &&
	    yaml_sound(document, yaml_key_location(document, location, "boundary")))
		rules_check_fit(document, size, request, request->size.max);
}
