/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "yaml/scalar.h"

#include <stdio.h>
#include <string.h>

#define AT YAML_AT
#define EACH YAML_EACH
#define SETS YAML_SETS
#define REQUEST struct workload_request
#define PHASE struct workload_phase
#define LINE struct workload_line

#define SPACE_MOST "the largest space"

/* ---- space, physical, adapter ---- */

static const struct yaml_word mode_words[] = {{"remap", DDI_MODE_REMAP}, {"identity", DDI_MODE_IDENTITY}, {NULL, 0}};

static const struct yaml_key hole_keys[] = {
	{"base", YAML_PAGES, .at = AT(struct workload_hole, first), .max = WORKLOAD_PAGES_MAX,
	 .what = "the largest address", .value = "address", .missing = "a reserved range is {base: address, size: length}",
	 .help = "first address of the range"},
	{"size", YAML_PAGES, .at = AT(struct workload_hole, count), .min = 1, .max = UINT64_MAX, .value = "size",
	 .missing = "a reserved range is {base: address, size: length}", .help = "its length"},
	{0}};
static const struct yaml_map hole_map = {.keys = hole_keys, .bytes = sizeof(struct workload_hole)};

#define METADATA_FAILS struct workload_metadata_fails
static const struct yaml_key metadata_fails_keys[] = {
	{"every", YAML_COUNT, .at = AT(METADATA_FAILS, every), .variant = true,
	 .sets = SETS(METADATA_FAILS, kind, WORKLOAD_METADATA_EVERY), .min = 1, .max = WORKLOAD_OPS_MAX, .what = "attempts",
	 .help = "each N-th attempt"},
	{"share", YAML_SHARE, .at = AT(METADATA_FAILS, share), .variant = true,
	 .sets = SETS(METADATA_FAILS, kind, WORKLOAD_METADATA_SHARE), .min = 1,
	 .help = "each attempt with this chance, by the seed"},
	{0}};
static const struct yaml_map metadata_fails_map = {.keys = metadata_fails_keys,
						   .none = "is empty; write {every: 1000} or {share: 0.1%}",
						   .second = "one of the two; this is $ already"};

static const struct yaml_key space_keys[] = {
	{"base", YAML_PAGES, "1 page", .at = AT(struct workload_space, first), .max = WORKLOAD_PAGES_MAX - 1,
	 .what = "the largest address", .value = "address below size", .help = "first address"},
	{"size", YAML_PAGES, "4GiB", .at = AT(struct workload_space, end), .min = 1, .max = WORKLOAD_PAGES_MAX,
	 .what = SPACE_MOST, .value = "address, up to 2^64 less a page", .help = "end of the space, exclusive"},
	{"page", YAML_PAGE, "4KiB", .at = AT(struct workload_space, page_bytes), .min = WORKLOAD_PAGE_MIN,
	 .max = UINT64_C(1) << 30, .help = "granule: extents begin and end at its multiples"},
	{"mode", YAML_WORD, "remap", .at = AT(struct workload_space, mode), .words = mode_words,
	 .help = "whether logical addresses are free to choose, or must equal physical ones"},
	{"extents", YAML_COUNT, .at = AT(struct workload_space, extents), .given = AT(struct workload_space, has_extents),
	 .min = 1, .max = WORKLOAD_LIVE_MAX, .what = "extents",
	 .help = "most that may be live at once in a domain, as vfio limits them to 65,535; more are refused"},
	{"metadata_fails", YAML_MAP, .at = AT(struct workload_space, metadata_fails), .map = &metadata_fails_map,
	 .help = "attempts that find no memory for metadata and fail, the same ones for every allocator"},
	{"reserved", YAML_LIST, .at = EACH(struct workload_space, holes), .count = AT(struct workload_space, hole_count),
	 .map = &hole_map, .help = "ranges that nobody gets; inside the space, without overlap"},
	{0}};
static const struct yaml_map space_map = {.keys = space_keys, .rule = rule_space};

static const struct yaml_key physical_keys[] = {{"size", YAML_MEMORY, .at = AT(struct workload_physical, bytes), .min = 1,
						 .max = WORKLOAD_PAGES_MAX - 1, .what = "the most memory", .value = "size",
						 .or_else = "not said", .help = "physical memory"},
						{"scatter", YAML_SHARE, "0%", .at = AT(struct workload_physical, scatter),
						 .help = "share of 2 MiB frames that are broken up"},
						{0}};
static const struct yaml_map physical_map = {.keys = physical_keys};

static const struct yaml_key adapter_keys[] = {
	{"wddm", YAML_WORD, "3.0", .at = AT(struct workload, wddm), .words = workload_wddm_words,
	 .help = "version of the driver model: decides what is fatal; in mode identity the default is 2.4"},
	{0}};
static const struct yaml_map adapter_map = {.keys = adapter_keys, .rule = rule_adapter};

#define ADAPTER struct workload_adapter
static const struct yaml_key one_adapter_keys[] = {
	{"name", YAML_NAME, .at = AT(ADAPTER, name), .names = WORKLOAD_NAMES_ADAPTERS, .what = "adapter",
	 .missing = "requests and phases name adapters", .help = "what requests and phases call it"},
	{"shares", YAML_REFERENCE, .at = AT(ADAPTER, with), .given = AT(ADAPTER, shares), .names = WORKLOAD_NAMES_ADAPTERS,
	 .what = "adapter", .value = "name of an adapter before it", .or_else = "a domain of its own",
	 .help = "the adapter whose domain it is attached to"},
	{0}};
static const struct yaml_map one_adapter_map = {
	.keys = one_adapter_keys, .bytes = sizeof(ADAPTER), .rule = rule_one_adapter};
#define OF_ADAPTER(structure, written, default_text, text)                                                                 \
	.kind = YAML_REFERENCE, .at = AT(structure, adapter), .given = AT(structure, written),                             \
	.names = WORKLOAD_NAMES_ADAPTERS, .what = "adapter", .value = "name of an adapter", .or_else = default_text,       \
	.help = text

/* ---- size ---- */

#define DISTRIBUTION struct workload_size
#define SIZE_MIN(text)                                                                                                     \
	{                                                                                                                  \
		"min", YAML_PAGES, .at = AT(DISTRIBUTION, min), .min = 1, .max = UINT64_MAX, .help = text,                 \
				   .missing = "sizes are drawn from min to max"                                            \
	}
#define SIZE_MAX_OF(text, range)                                                                                           \
	{                                                                                                                  \
		"max", YAML_PAGES, .at = AT(DISTRIBUTION, max), .min = 1, .max = UINT64_MAX, .value = range, .help = text, \
				   .missing = "sizes are drawn from min to max"                                            \
	}
#define ALPHA(structure, text)                                                                                             \
	{                                                                                                                  \
		"alpha", YAML_NUMBER, .at = AT(structure, alpha), .least = 0.01, .most = 16, .help = text,                 \
				      .missing = "the power of the distribution, for example 1.2"                          \
	}

static const struct yaml_key range_keys[] = {
	SIZE_MIN("smallest size"), SIZE_MAX_OF("largest size", "size, min and more"), {0}};
static const struct yaml_map range_map = {.keys = range_keys};

static const struct yaml_key powers_keys[] = {
	SIZE_MIN("class 0"),
	SIZE_MAX_OF("the last class", "size, min times a power of two"),
	{"ratio", YAML_SHARE, "50%", .at = AT(DISTRIBUTION, ratio), .min = 1,
	 .help = "weight of a class by that of the one below"},
	{"exact", YAML_FLAG, "no", .at = AT(DISTRIBUTION, exact), .help = "only the powers themselves"},
	{0}};
static const struct yaml_map powers_map = {.keys = powers_keys};

static const struct yaml_key lognormal_keys[] = {
	SIZE_MIN("smallest size"),
	SIZE_MAX_OF("largest size", "size, min and more"),
	{"median", YAML_PAGES, .at = AT(DISTRIBUTION, median), .min = 1, .max = UINT64_MAX, .value = "size, min to max",
	 .missing = "half of the sizes lie below it",
	 .help = "half of the sizes lie below it, before the cut at min and max"},
	{"sigma", YAML_NUMBER, .at = AT(DISTRIBUTION, sigma), .least = 0.01, .most = 8,
	 .missing = "the standard deviation of the natural logarithm, for example 1.5",
	 .help = "standard deviation of the natural logarithm"},
	{0}};
static const struct yaml_map lognormal_map = {.keys = lognormal_keys};

static const struct yaml_key pareto_keys[] = {SIZE_MIN("smallest size"),
					      SIZE_MAX_OF("largest size", "size, min and more"),
					      ALPHA(DISTRIBUTION, "the smaller, the heavier the tail"),
					      {0}};
static const struct yaml_map pareto_map = {.keys = pareto_keys};

static const struct yaml_key zipf_keys[] = {SIZE_MIN("smallest size"),
					    SIZE_MAX_OF("largest size", "size, min and more"),
					    ALPHA(DISTRIBUTION, "1 is the classic law"),
					    {0}};
static const struct yaml_map zipf_map = {.keys = zipf_keys};

/* Those that may be a part of mixed, too. */
#define SIMPLE_SIZES                                                                                                       \
	{"fixed",                                                                                                          \
	 YAML_PAGES,                                                                                                       \
	 .at = AT(DISTRIBUTION, min),                                                                                      \
	 .min = 1,                                                                                                         \
	 .max = UINT64_MAX,                                                                                                \
	 .help = "always this one",                                                                                        \
	 .variant = true,                                                                                                  \
	 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_FIXED)},                                                           \
		{"uniform",                                                                                                \
		 YAML_MAP,                                                                                                 \
		 .map = &range_map,                                                                                        \
		 .variant = true,                                                                                          \
		 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_UNIFORM),                                                  \
		 .help = "every whole number of pages from min to max is equally likely"},                                 \
		{"powers_of_two",                                                                                          \
		 YAML_MAP,                                                                                                 \
		 .map = &powers_map,                                                                                       \
		 .variant = true,                                                                                          \
		 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_POWERS_OF_TWO),                                            \
		 .help = "classes min, 2 min, 4 min, ... max; class k has weight ratio^k, and sizes uniform above the "    \
			 "class below"},                                                                                   \
		{"log_uniform",                                                                                            \
		 YAML_MAP,                                                                                                 \
		 .map = &range_map,                                                                                        \
		 .variant = true,                                                                                          \
		 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_LOG_UNIFORM),                                              \
		 .help = "density 1/x: every octave is equally likely"},                                                   \
		{"lognormal",                                                                                              \
		 YAML_MAP,                                                                                                 \
		 .map = &lognormal_map,                                                                                    \
		 .variant = true,                                                                                          \
		 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_LOGNORMAL),                                                \
		 .help = "the logarithm of the size is normal"},                                                           \
		{"pareto",                                                                                                 \
		 YAML_MAP,                                                                                                 \
		 .map = &pareto_map,                                                                                       \
		 .variant = true,                                                                                          \
		 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_PARETO),                                                   \
		 .help = "density x^-(alpha + 1): many small, few very large"},                                            \
	{                                                                                                                  \
		"zipf", YAML_MAP, .map = &zipf_map, .variant = true, .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_ZIPF), \
				  .help = "a size of s pages has weight s^-alpha"                                          \
	}

#define SIZE_NONE "is missing a variant:"
#define SIZE_SECOND "a second variant; the size is given by $ already"

static const struct yaml_key simple_size_keys[] = {SIMPLE_SIZES, {0}};
static const struct yaml_map simple_size_map = {.keys = simple_size_keys, .none = SIZE_NONE, .second = SIZE_SECOND};

#define PART struct workload_size_part
#define NO_MIXTURE "a part is no mixture; write its parts into the list that it is in"
#define WEIGHT(structure, text)                                                                                            \
	{                                                                                                                  \
		"weight", YAML_COUNT, "1", .at = AT(structure, weight), .min = 1, .max = WORKLOAD_WEIGHT_MAX,              \
					   .what = "shares", .help = text                                                  \
	}

static const struct yaml_key weight_keys[] = {{"size", YAML_PAGES, .at = AT(PART, size.min), .min = 1, .max = UINT64_MAX,
					       .help = "one of the sizes",
					       .missing = "an entry of weights is {size: 4KiB, weight: 3}"},
					      WEIGHT(PART, "it is drawn with weight / sum of weights"),
					      {0}};
static const struct yaml_map weight_map = {.keys = weight_keys, .bytes = sizeof(PART)};

static const struct yaml_key part_keys[] = {WEIGHT(PART, "the part is drawn with weight / sum of weights"),
					    {NULL, YAML_INCLUDE, .at = AT(PART, size), .map = &simple_size_map},
					    {"weights", YAML_ABSENT, .help = NO_MIXTURE},
					    {"mixed", YAML_ABSENT, .help = NO_MIXTURE},
					    {"fallback", YAML_ABSENT, .help = "a part has one size; fallback stands alone"},
					    {0}};
static const struct yaml_map part_map = {.keys = part_keys, .bytes = sizeof(PART)};

#define PARTS(kind_name)                                                                                                   \
	.at = EACH(DISTRIBUTION, parts), .count = AT(DISTRIBUTION, part_count), .min = 1, .max = WORKLOAD_SIZE_PARTS_MAX,  \
	.what = "parts", .empty = "is an empty list; at least one part", .variant = true,                                  \
	.sets = SETS(DISTRIBUTION, kind, kind_name)

static const struct yaml_key size_keys[] = {
	SIMPLE_SIZES,
	{"weights", YAML_LIST, .map = &weight_map, PARTS(WORKLOAD_SIZE_WEIGHTS), .help = "single sizes by weight"},
	{"mixed", YAML_LIST, .map = &part_map, PARTS(WORKLOAD_SIZE_MIXED), .help = "several distributions by weight"},
	{"fallback", YAML_PAGES, .at = EACH(DISTRIBUTION, fallbacks), .count = AT(DISTRIBUTION, fallback_count),
	 .capacity = WORKLOAD_FALLBACKS_MAX, .min = 1, .max = UINT64_MAX, .variant = true,
	 .sets = SETS(DISTRIBUTION, kind, WORKLOAD_SIZE_FALLBACK),
	 .value = "list of 2 to 8 sizes, falling; call: extent only",
	 .help = "the first one; where it cannot be had the next one is tried, and so on"},
	{0}};
static const struct yaml_map size_map = {.keys = size_keys, .none = SIZE_NONE, .second = SIZE_SECOND, .rule = rule_size};

/* ---- lifetime ---- */

#define LIFE struct workload_lifetime
#define LIFETIME(key, member, advice, text)                                                                                \
	{                                                                                                                  \
		key, YAML_COUNT, .at = AT(LIFE, member), .min = 1, .max = WORKLOAD_LIFETIME_MAX, .what = "operations",     \
				 .missing = advice, .help = text                                                           \
	}
#define LIFE_FROM_TO "lifetimes are drawn from min to max operations"
#define LIFE_RANGE                                                                                                         \
	LIFETIME("min", min, LIFE_FROM_TO, "shortest, in operations"),                                                     \
		LIFETIME("max", max, LIFE_FROM_TO, "longest, in operations")
#define LIFE_VARIANT(kind_name) .variant = true, .sets = SETS(LIFE, kind, kind_name)

static const struct yaml_key life_range_keys[] = {LIFE_RANGE, {0}};
static const struct yaml_map life_range_map = {.keys = life_range_keys};
static const struct yaml_key life_pareto_keys[] = {LIFE_RANGE, ALPHA(LIFE, "the smaller, the heavier the tail"), {0}};
static const struct yaml_map life_pareto_map = {.keys = life_pareto_keys};
static const struct yaml_key exponential_keys[] = {
	LIFETIME("mean", mean, "the mean lifetime in operations", "mean, in operations"), {0}};
static const struct yaml_map exponential_map = {.keys = exponential_keys};
static const struct yaml_key generational_keys[] = {
	LIFETIME("young", mean, "the mean lifetime of those that die young, in operations",
		 "mean of the young, in operations"),
	LIFETIME("old", old_mean, "the mean lifetime of the others, in operations",
		 "mean of the old, in operations; not below that of the young"),
	{"share", YAML_SHARE, .at = AT(LIFE, young_share), .min = 1,
	 .missing = "the share of those that die young, for example 90%", .help = "share of the young"},
	{0}};
static const struct yaml_map generational_map = {.keys = generational_keys};

static const struct yaml_key lifetime_keys[] = {
	{"fixed", YAML_COUNT, .at = AT(LIFE, min), .min = 1, .max = WORKLOAD_LIFETIME_MAX, .what = "operations",
	 LIFE_VARIANT(WORKLOAD_LIFETIME_FIXED), .help = "always so many operations"},
	{"uniform", YAML_MAP, .map = &life_range_map, LIFE_VARIANT(WORKLOAD_LIFETIME_UNIFORM),
	 .help = "every time from min to max is equally likely"},
	{"exponential", YAML_MAP, .map = &exponential_map, LIFE_VARIANT(WORKLOAD_LIFETIME_EXPONENTIAL),
	 .help = "without memory: what has lived long has no shorter rest"},
	{"pareto", YAML_MAP, .map = &life_pareto_map, LIFE_VARIANT(WORKLOAD_LIFETIME_PARETO),
	 .help = "density x^-(alpha + 1): most die young, few stay very long"},
	{"generational", YAML_MAP, .map = &generational_map, LIFE_VARIANT(WORKLOAD_LIFETIME_GENERATIONAL),
	 .help = "a share dies young, the rest is old: two exponentials"},
	{0}};
static const struct yaml_map lifetime_map = {.keys = lifetime_keys,
					     .none = "is missing a variant:",
					     .second = "a second variant; the lifetime is given by $ already",
					     .rule = rule_lifetime};

/* ---- align ---- */

#define ALIGNMENT struct workload_align

static const struct yaml_word align_words[] = {
	{"none", WORKLOAD_ALIGN_NONE}, {"natural", WORKLOAD_ALIGN_NATURAL}, {NULL, 0}};
static const struct yaml_key align_fixed = {.kind = YAML_POWER,
					    .at = AT(ALIGNMENT, pages),
					    .min = 1,
					    .max = UINT64_MAX,
					    .sets = SETS(ALIGNMENT, kind, WORKLOAD_ALIGN_FIXED)};
static const struct yaml_lone align_lone = {.words = align_words,
					    .at = AT(ALIGNMENT, kind),
					    .row = &align_fixed,
					    .right = "is no alignment: none, natural, a size or {natural_up_to: a size}"};
static const struct yaml_key align_keys[] = {{"natural_up_to", YAML_POWER, .at = AT(ALIGNMENT, pages), .min = 1,
					      .max = UINT64_MAX, .variant = true,
					      .sets = SETS(ALIGNMENT, kind, WORKLOAD_ALIGN_NATURAL_UP_TO),
					      .value = "size, a power of two", .help = "natural, but at most this"},
					     {0}};
static const struct yaml_map align_map = {.keys = align_keys,
					  .lone = &align_lone,
					  .none = "is empty; write none, natural, a size or {natural_up_to: a size}",
					  .rule = rule_align};
#define ALIGN_VALUE "none, natural, a size or a map"

/* ---- requests ---- */

#define ARGUMENTS struct workload_arguments
#define NEEDS(argument) .needs = WORKLOAD_TAKES(argument)

/* What requests and routines share. */
static const struct yaml_key argument_keys[] = {
	{"skip", YAML_BYTES, "0", .at = AT(ARGUMENTS, skip), NEEDS(SKIP), .value = "size",
	 .help = "SkipBytes of calls mdl, adl and mm_mdl: step between windows, or size of a chunk; a page multiple"},
	{"address", YAML_BYTES, .at = AT(ARGUMENTS, address), .given = AT(ARGUMENTS, has_address), NEEDS(ADDRESS),
	 .value = "address", .help = "physical or explicit logical address of a driver call"},
	{"type", YAML_WORD, "mdl", .at = AT(ARGUMENTS, type), .words = workload_object_words, NEEDS(TYPE),
	 .or_else = "mdl, with contiguous: require contiguous", .help = "kind of physical memory object"},
	{"contiguous", YAML_WORD, "no", .at = AT(ARGUMENTS, contiguous), .words = workload_contiguous_words,
	 NEEDS(CONTIGUOUS), .value = "require, prefer or no", .or_else = "prefer for mdl, else no",
	 .help = "how far one logical extent is asked for"},
	{"cache", YAML_WORD, "cached", .at = AT(ARGUMENTS, cache), .words = workload_cache_words, NEEDS(CACHE),
	 .help = "caching of a driver call; carried, moves nothing"},
	{"node", YAML_COUNT, .at = AT(ARGUMENTS, node), .given = AT(ARGUMENTS, has_node), .max = WORKLOAD_NODES_MAX - 1,
	 .what = "as a node", NEEDS(NODE), .help = "NUMA node that an Mm routine prefers"},
	{"io_space", YAML_FLAG, "no", .at = AT(ARGUMENTS, io_space), NEEDS(IO_SPACE), .help = "call map: I/O ports"},
	{"user", YAML_FLAG, "no", .at = AT(ARGUMENTS, user_mode), NEEDS(USER), .help = "call map: for a user-mode driver"},
	{"irql", YAML_WORD, "passive", .at = AT(ARGUMENTS, irql), .words = workload_irql_words, NEEDS(IRQL),
	 .help = "interrupt level that a driver call comes from"},
	{0}};
static const struct yaml_map argument_map = {.keys = argument_keys};
#define FLAGS(flag_words)                                                                                                  \
	{                                                                                                                  \
		"flags", YAML_BITS, .at = AT(ARGUMENTS, flags), .words = flag_words, NEEDS(FLAGS),                         \
				    .value = "list of words, or a number", .help = "MM flags of calls mdl, adl and mm_mdl" \
	}
static const struct yaml_key request_flag_keys[] = {FLAGS(workload_mm_flag_words), {0}};
static const struct yaml_map request_flag_map = {.keys = request_flag_keys};
static const struct yaml_key line_flag_keys[] = {FLAGS(workload_flag_words), {0}};
static const struct yaml_map line_flag_map = {.keys = line_flag_keys};

static uint32_t request_has(const void *item)
{
	const REQUEST *request = item;
	return workload_call_table[request->call].takes;
}

static const char *address_of(char text[24], uint64_t bytes)
{
	snprintf(text, 24, "0x%llx", (unsigned long long)bytes);
	return text;
}

static json_t *write_low(const void *root, const void *item)
{
	const struct workload *workload = root;
	const REQUEST *request = item;
	char text[24];
	bool outside = workload_call_is_outside(request->call);
	if (outside && !request->arguments.has_low)
		return NULL;
	return json_string(address_of(text, outside ? request->arguments.low : request->low * workload->space.page_bytes));
}

static json_t *write_high(const void *root, const void *item)
{
	const struct workload *workload = root;
	const REQUEST *request = item;
	uint64_t page = workload->space.page_bytes;
	char text[24];
	if (workload_call_is_outside(request->call))
		return request->arguments.has_high ? json_string(address_of(text, request->arguments.high)) : NULL;
	/* Clipped to a space that low lies behind, they would be refused. */
	if (request->low >= workload->space.end)
		return NULL;
	json_t *array = json_array();
	for (size_t i = 0; i < request->high_count; i++)
		json_array_append_new(array, json_string(address_of(text, request->high[i] * page + (page - 1))));
	return array;
}

static json_t *write_boundary(const void *root, const void *item)
{
	const struct workload *workload = root;
	const REQUEST *request = item;
	char text[YAML_SIZE_BYTES];
	bool outside = workload_call_is_outside(request->call);
	uint64_t bytes = outside ? request->arguments.boundary : request->boundary * workload->space.page_bytes;
	return json_string(yaml_size_text(text, bytes));
}

static const struct yaml_word from_words[] = {
	{"anywhere", WORKLOAD_FROM_ANYWHERE}, {"bottom", WORKLOAD_FROM_BOTTOM}, {"top", WORKLOAD_FROM_TOP}, {NULL, 0}};

static const struct yaml_key request_keys[] = {
	{"name", YAML_NAME, .at = AT(REQUEST, name), .names = WORKLOAD_NAMES_REQUESTS, .what = "request",
	 .missing = "mixes and scripts name requests", .help = "what mixes and scripts call it"},
	{"about", YAML_TEXT, .at = AT(REQUEST, about), .help = "what it stands for, one line for people"},
	{"call", YAML_WORD, "extent", .at = AT(REQUEST, call), .words = workload_call_words,
	 .help = "the bare allocator, or a driver call: 'iovabench describe call:mdl' explains one"},
	{"adapter", OF_ADAPTER(REQUEST, has_adapter, "the first one", "whose memory it is, of several adapters")},
	{"size", YAML_MAP, .at = AT(REQUEST, size), .map = &size_map, .missing = "for example size: {fixed: 4KiB}",
	 .help = "how many pages an extent has"},
	{"align", YAML_MAP, .at = AT(REQUEST, align), .map = &align_map, NEEDS(ALIGN), .value = ALIGN_VALUE,
	 .help = "alignment of the first address; natural is the size rounded up to a power of two"},
	/* Bytes, until the rule of a request makes pages of them. */
	{"low", YAML_BYTES, .at = AT(REQUEST, low), NEEDS(LOW), .write = write_low, .value = "address, not below the base",
	 .or_else = "base of the space", .help = "lowest address that may be used"},
	{"high", YAML_BYTES, .at = EACH(REQUEST, high), .count = AT(REQUEST, high_count), .capacity = WORKLOAD_HIGHS_MAX,
	 NEEDS(HIGH), .write = write_high, .value = "address, or a list of 1 to 8", .or_else = "end of the space",
	 .help = "last address that may be used, inclusive; several are tried in order"},
	{"boundary", YAML_BYTES, .at = AT(REQUEST, boundary), NEEDS(BOUNDARY), .write = write_boundary,
	 .value = "size, a power of two", .help = "an extent lies within one aligned block of this size"},
	{"from", YAML_WORD, "anywhere", .at = AT(REQUEST, from), .words = from_words,
	 .help = "which place call extent takes: the lowest, the highest, or whichever the allocator likes"},
	{"guard", YAML_PAGES, "0", .at = AT(REQUEST, guard), .max = WORKLOAD_PAGES_MAX, .what = SPACE_MOST,
	 .value = "size, 0 and more; call: extent only",
	 .help = "pages left free behind each extent: asked for with it, counted apart"},
	{"lifetime", YAML_MAP, .at = AT(REQUEST, lifetime), .map = &lifetime_map,
	 .help = "how long an extent lives in a mix with victims: lifetime, in operations"},
	{NULL, YAML_INCLUDE, .at = AT(REQUEST, arguments), .map = &argument_map},
	{NULL, YAML_INCLUDE, .at = AT(REQUEST, arguments), .map = &request_flag_map},
	{0}};
static const struct yaml_map request_map = {
	.keys = request_keys, .bytes = sizeof(REQUEST), .rule = rule_request, .has = request_has};

/* ---- scripts ---- */

static const struct yaml_key line_keys[] = {
	{"alloc", YAML_TEXT, .at = AT(LINE, alloc), .variant = true, .sets = SETS(LINE, kind, WORKLOAD_SCRIPT_ALLOC),
	 .value = "slots", .help = "allocates into each of these slots, in this order"},
	{"request", YAML_REFERENCE, .at = AT(LINE, request), .names = WORKLOAD_NAMES_REQUESTS, .what = "request",
	 .needs = WORKLOAD_LINE_ALLOCATES, .or_else = "required with alloc", .help = "what is allocated"},
	{"size", YAML_BYTES, .at = AT(LINE, arguments.bytes), NEEDS(SIZE), .value = "size, 1 page and more",
	 .or_else = "drawn by the request", .help = "overrides the size of the request"},
	{"free", YAML_TEXT, .at = AT(LINE, free), .variant = true, .sets = SETS(LINE, kind, WORKLOAD_SCRIPT_FREE),
	 .value = "slots", .help = "frees each of these slots, in this order"},
	{"repeat", YAML_COUNT, .at = AT(LINE, repeat), .variant = true, .sets = SETS(LINE, kind, WORKLOAD_SCRIPT_REPEAT),
	 .min = 1, .max = WORKLOAD_OPS_MAX, .what = "times", .value = "count, 1 and more",
	 .help = "plays the script inside so many times"},
	{"script", YAML_LIST, .at = EACH(LINE, lines), .count = AT(LINE, line_count), .map = &workload_line_map,
	 .empty = "is an empty script", .or_else = "required with repeat", .help = "what is repeated; at most 8 deep"},
	{"call", YAML_TEXT, .at = AT(LINE, call), .variant = true, .sets = SETS(LINE, kind, WORKLOAD_SCRIPT_CALL),
	 .value = "name of a routine", .help = "calls it with the arguments beside it"},
	{"adapter", OF_ADAPTER(LINE, has_adapter, "the first one", "which of several adapters is called")},
	{"into", YAML_TEXT, .at = EACH(LINE, into), .count = AT(LINE, into_count), .value = "name, or a list of two",
	 .help = "objects that keep what a routine gives"},
	{"of", YAML_TEXT, .at = EACH(LINE, of), .count = AT(LINE, of_count), .value = "name or number, or a list of two",
	 .or_else = "required by those that take an object", .help = "what a routine is called with"},
	{"low", YAML_BYTES, .at = AT(LINE, arguments.low), .given = AT(LINE, arguments.has_low), NEEDS(LOW),
	 .value = "address", .or_else = "0", .help = "lowest address of a routine, any byte"},
	{"high", YAML_BYTES, .at = AT(LINE, arguments.high), .given = AT(LINE, arguments.has_high), NEEDS(HIGH),
	 .value = "address", .help = "highest address of a routine, inclusive, any byte"},
	{"boundary", YAML_BYTES, "0", .at = AT(LINE, arguments.boundary), NEEDS(BOUNDARY),
	 .help = "never crossed by what a routine gives"},
	{"offset", YAML_BYTES, "0", .at = AT(LINE, arguments.offset), NEEDS(OFFSET),
	 .help = "bytes from the start of the object"},
	{"open", YAML_FLAG, "no", .at = AT(LINE, arguments.opened), NEEDS(OPEN),
	 .help = "the new object is opened on the adapter at once"},
	{NULL, YAML_INCLUDE, .at = AT(LINE, arguments), .map = &argument_map},
	{NULL, YAML_INCLUDE, .at = AT(LINE, arguments), .map = &line_flag_map},
	{"status", YAML_WORD, "STATUS_SUCCESS", .at = AT(LINE, status), .words = workload_status_words, NEEDS(STATUS),
	 .value = "status code or any", .help = "what the routine must answer; another answer is a missed expectation"},
	{"violation", YAML_WORD, "none", .at = AT(LINE, violation), .words = workload_violation_words, NEEDS(VIOLATION),
	 .value = "rule, none or any", .help = "the rule that the routine must be counted as breaking"},
	{0}};

static uint32_t line_has(const void *item)
{
	const LINE *line = item;
	if (line->kind == WORKLOAD_SCRIPT_ALLOC)
		return WORKLOAD_LINE_ALLOCATES | (line->arguments.bytes ? WORKLOAD_TAKES(SIZE) : 0);
	if (line->kind != WORKLOAD_SCRIPT_CALL)
		return 0;
	enum workload_routine routine = workload_routine_find(line->call);
	return routine == WORKLOAD_ROUTINE_COUNT ? 0 : workload_routine_table[routine].takes;
}

const struct yaml_map workload_line_map = {.keys = line_keys,
					   .bytes = sizeof(LINE),
					   .none = "is no operation: alloc, free, repeat or call",
					   .second = "one operation at a time; this is $ already",
					   .has = line_has};

/* ---- bodies of phases ---- */

/* What a phase of its kind has. */
enum {
	HAS_SHORT_END = 1,
	HAS_LONG_END = 2,
	HAS_FREE_ON = 4, /* it frees */
	HAS_CHURN = 8,
	HAS_BURST = 16,
	HAS_THINK = 32,
	HAS_CACHES = 64,
	HAS_SAVE = 128,
	HAS_EVENT = 256
};

static uint32_t phase_has(const void *item)
{
	const PHASE *phase = item;
	bool fills = phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE;
	uint32_t has = phase->ops_alone ? HAS_SHORT_END : HAS_LONG_END;
	if (phase->body == WORKLOAD_BODY_RINGS)
		return fills ? 0 : has | HAS_FREE_ON;
	if (phase->body == WORKLOAD_BODY_OFFLINE)
		return HAS_CACHES;
	if (phase->body == WORKLOAD_BODY_ADAPTER)
		return HAS_EVENT | (phase->save.count ? HAS_SAVE : 0);
	if (phase->body != WORKLOAD_BODY_MIX)
		return 0;
	if (fills)
		return has;
	has |= HAS_FREE_ON | HAS_CHURN;
	if (phase->victims != WORKLOAD_VICTIMS_LIFETIME)
		has |= HAS_THINK | (phase->hold == WORKLOAD_HOLD_OCCUPANCY ? 0 : HAS_BURST);
	return has;
}

/* Of a value that another key stands for. */
static json_t *write_nothing(const void *root, const void *item)
{
	(void)root;
	(void)item;
	return NULL;
}

#define UNTIL(until_name) .variant = true, .sets = SETS(PHASE, until, until_name)
#define UNTIL_SECOND "a second end; until has $ already"
#define UNTIL_NONE "is missing an end: occupancy, live, turnovers, ops or seconds"
#define OCCUPANCY(text)                                                                                                    \
	{                                                                                                                  \
		"occupancy", YAML_SHARE, .at = AT(PHASE, until_ratio), .min = 1, UNTIL(WORKLOAD_UNTIL_OCCUPANCY),          \
					 .help = text                                                                      \
	}
#define LIVE(text)                                                                                                         \
	{                                                                                                                  \
		"live", YAML_COUNT, .at = AT(PHASE, until_value), .min = 1, .max = WORKLOAD_LIVE_MAX,                      \
				    .what = "live extents", UNTIL(WORKLOAD_UNTIL_LIVE), .help = text                       \
	}
#define TURNOVERS .kind = YAML_DECIMAL, .at = AT(PHASE, until_ratio), UNTIL(WORKLOAD_UNTIL_TURNOVERS)
#define OPS .kind = YAML_COUNT, .at = AT(PHASE, until_value), .min = 1, .max = WORKLOAD_OPS_MAX, .what = "operations"

static const struct yaml_key until_keys[] = {
	OCCUPANCY("share of the usable pages that is requested when a fill ends"),
	LIVE("extents of mixes that live when a fill ends"),
	{"turnovers", TURNOVERS, .value = "number, above 0, at most 1M",
	 .help = "times the live volume was allocated when a churn ends"},
	{"ops", OPS, UNTIL(WORKLOAD_UNTIL_OPS), .help = "allocations and frees of a churn"},
	/* The rule of a phase makes operations of them. */
	{"seconds", YAML_NUMBER, .at = AT(PHASE, until_ratio), .least = 0.001, .most = 1e6, UNTIL(WORKLOAD_UNTIL_OPS),
	 .write = write_nothing,
	 .help = "seconds at the pace of the workload: so many operations of a churn, less those that its think time takes"},
	{0}};
static const struct yaml_map until_map = {.keys = until_keys, .none = UNTIL_NONE, .second = UNTIL_SECOND};

static const struct yaml_key drain_until_keys[] = {
	OCCUPANCY("share of the usable pages that is left"),
	LIVE("extents of mixes that are left"),
	{"turnovers", TURNOVERS, .value = "refused", .help = "belongs to a mix"},
	{"ops", OPS, UNTIL(WORKLOAD_UNTIL_OPS), .value = "refused", .help = "belongs to a mix"},
	{0}};
static const struct yaml_map drain_until_map = {.keys = drain_until_keys, .none = UNTIL_NONE, .second = UNTIL_SECOND};

#define FREEING_WAYS                                                                                                       \
	{"random", WORKLOAD_VICTIMS_RANDOM}, {"fifo", WORKLOAD_VICTIMS_FIFO},                                              \
	{                                                                                                                  \
		"lifo", WORKLOAD_VICTIMS_LIFO                                                                              \
	}
static const struct yaml_word drain_victims[] = {FREEING_WAYS, {NULL, 0}};
static const struct yaml_word victims[] = {FREEING_WAYS, {"lifetime", WORKLOAD_VICTIMS_LIFETIME}, {NULL, 0}};
static const struct yaml_word free_on_words[] = {
	{"same", WORKLOAD_FREE_ON_SAME}, {"next", WORKLOAD_FREE_ON_NEXT}, {NULL, 0}};
static const struct yaml_word hold_words[] = {
	{"live", WORKLOAD_HOLD_LIVE}, {"occupancy", WORKLOAD_HOLD_OCCUPANCY}, {NULL, 0}};
static const struct yaml_word between_words[] = {
	{"drain", WORKLOAD_BETWEEN_DRAIN}, {"keep", WORKLOAD_BETWEEN_KEEP}, {NULL, 0}};
static const struct yaml_word limits_words[] = {
	{"recorded", WORKLOAD_LIMITS_RECORDED}, {"first", WORKLOAD_LIMITS_FIRST}, {NULL, 0}};

static const struct yaml_word free_words[] = {{"all", WORKLOAD_BODY_FREE_ALL}, {NULL, 0}};
static const struct yaml_lone free_lone = {
	.words = free_words, .at = AT(PHASE, body), .right = "is not known here; write all, or {until: {occupancy: 10%}}"};
static const struct yaml_key free_keys[] = {
	{"until", YAML_MAP, .map = &drain_until_map, .value = "map with one key",
	 .missing = "for example until: {occupancy: 10%}", .help = "where it stops freeing"},
	{"victims", YAML_WORD, "random", .at = AT(PHASE, victims), .words = drain_victims,
	 .help = "which extents are freed"},
	{"free_on", YAML_WORD, "same", .at = AT(PHASE, free_on), .words = free_on_words, .help = "who frees"},
	{0}};
static const struct yaml_map free_map = {.keys = free_keys, .lone = &free_lone};

static const struct yaml_key share_keys[] = {
	{"request", YAML_REFERENCE, .at = AT(struct workload_mix_entry, request), .names = WORKLOAD_NAMES_REQUESTS,
	 .what = "request", .missing = "an entry of a mix is {request: name, weight: count}", .help = "each at most once"},
	WEIGHT(struct workload_mix_entry, "the request is drawn with weight / sum of weights"),
	{0}};
static const struct yaml_map share_map = {.keys = share_keys, .bytes = sizeof(struct workload_mix_entry)};

static const struct yaml_key trace_keys[] = {
	{"file", YAML_TEXT, .at = AT(struct workload_trace, file), .value = "path",
	 .missing = "the path of a recording, relative to this workload", .help = "relative to the folder of the workload"},
	{"repeat", YAML_COUNT, "1", .at = AT(struct workload_trace, repeat), .min = 1, .max = WORKLOAD_OPS_MAX,
	 .what = "times", .help = "how many times it is played"},
	{"between", YAML_WORD, "drain", .at = AT(struct workload_trace, between), .words = between_words,
	 .help = "whether what lives at the end of a pass is freed before the next one"},
	{"limits", YAML_WORD, "recorded", .at = AT(struct workload_trace, limits), .words = limits_words,
	 .help = "all limits that the recorded kernel tried, or the first alone"},
	{"align", YAML_MAP, "natural", .at = AT(struct workload_trace, align), .map = &align_map, .value = ALIGN_VALUE,
	 .help = "alignment of every allocation"},
	{0}};
static const struct yaml_map trace_map = {.keys = trace_keys, .rule = rule_trace};

#define RINGS struct workload_rings
static const struct yaml_key rings_keys[] = {
	{"request", YAML_REFERENCE, .at = EACH(RINGS, request), .count = AT(RINGS, request_count),
	 .capacity = WORKLOAD_RINGS_MAX, .names = WORKLOAD_NAMES_REQUESTS, .what = "request",
	 .value = "name of a request, or a list of them", .missing = "the name of the request that rings are filled with",
	 .help = "what a ring holds; one for all rings or one for each"},
	{"depth", YAML_COUNT, .at = AT(RINGS, depth), .min = 1, .max = WORKLOAD_LIVE_MAX, .what = "extents in a ring",
	 .missing = "how many extents a ring holds", .help = "extents in each ring"},
	{"count", YAML_COUNT, "1", .at = AT(RINGS, count), .min = 1, .max = WORKLOAD_RINGS_MAX, .what = "rings",
	 .help = "rings"},
	{"pace", YAML_COUNT, .at = EACH(RINGS, pace), .count = AT(RINGS, pace_count), .capacity = WORKLOAD_RINGS_MAX,
	 .min = 1, .max = WORKLOAD_LIVE_MAX, .what = "steps in a row", .value = "count, or a list of them", .or_else = "1",
	 .help = "steps that a ring makes before it is the next one's turn; one for all or one for each"},
	{"burst", YAML_COUNT, "1", .at = AT(RINGS, burst), .min = 1, .max = WORKLOAD_LIVE_MAX, .what = "extents at once",
	 .value = "count, 1 and more, at most the depth", .help = "extents that a step frees, then allocates"},
	{0}};
static const struct yaml_map rings_map = {.keys = rings_keys, .rule = rule_rings};

#define FOLLOWED "more than an adversary follows"
static const struct yaml_key robson_keys[] = {
	{"live", YAML_PAGES, .at = AT(struct workload_robson, live), .min = 1, .max = WORKLOAD_LIVE_MAX, .what = FOLLOWED,
	 .missing = "the most pages that live at once", .value = "size, 1 page and more",
	 .help = "most pages that live at once"},
	{"largest", YAML_POWER, .at = AT(struct workload_robson, largest), .min = 1, .max = WORKLOAD_LIVE_MAX,
	 .what = FOLLOWED, .missing = "the largest block that is asked for",
	 .value = "size, a power of two, at most what lives", .help = "largest block that is asked for"},
	{0}};
static const struct yaml_map robson_map = {.keys = robson_keys, .rule = rule_robson};
static const struct yaml_key adversary_keys[] = {
	{"robson", YAML_MAP, .at = AT(PHASE, robson), .map = &robson_map,
	 .missing = "the one adversary there is: {robson: {live: 1024 pages, largest: 16 pages}}",
	 .help = "drives an allocator to Robson's bound"},
	{0}};
static const struct yaml_map adversary_map = {.keys = adversary_keys};

#define MIX                                                                                                                \
	.kind = YAML_LIST, .at = EACH(PHASE, mix), .count = AT(PHASE, mix_count), .map = &share_map,                       \
	.empty = "is an empty mix", .help = "requests drawn by weight"
static const struct yaml_key queue_keys[] = {
	{"mix", MIX, .missing = "what waits, for example [{request: name}]"},
	{"served", YAML_COUNT, .at = AT(PHASE, served), .min = 1, .max = WORKLOAD_OPS_MAX, .what = "requests",
	 .missing = "how many requests are served, for example 100k", .help = "requests that are served, then it ends"},
	{0}};
static const struct yaml_map queue_map = {.keys = queue_keys};

#define SAVE struct workload_save
static const struct yaml_key save_keys[] = {
	{"request", YAML_REFERENCE, .at = AT(SAVE, request), .names = WORKLOAD_NAMES_REQUESTS, .what = "request",
	 .missing = "the request of a frame buffer, a driver call",
	 .help = "what a frame buffer is saved to, a driver call"},
	{"count", YAML_COUNT, "1", .at = AT(SAVE, count), .min = 1, .max = WORKLOAD_LIVE_MAX, .what = "frame buffers",
	 .help = "frame buffers: one of each adapter that is linked"},
	{0}};
static const struct yaml_map save_map = {.keys = save_keys};

/* ---- phases ---- */

static const struct yaml_word event_words[] = {{"reset", WORKLOAD_EVENT_RESET},
					       {"stop", WORKLOAD_EVENT_STOP},
					       {"start", WORKLOAD_EVENT_START},
					       {"power_down", WORKLOAD_EVENT_POWER_DOWN},
					       {"power_up", WORKLOAD_EVENT_POWER_UP},
					       {"unplug", WORKLOAD_EVENT_UNPLUG},
					       {NULL, 0}};

static const struct yaml_word caches_words[] = {
	{"drain", WORKLOAD_CACHES_DRAIN}, {"stay", WORKLOAD_CACHES_STAY}, {NULL, 0}};

#define CPUS                                                                                                               \
	.kind = YAML_COUNT, .at = EACH(PHASE, cpus), .count = AT(PHASE, cpu_count), .max = WORKLOAD_CPUS_MAX - 1,          \
	.what = "as a CPU", .value = "CPU, or a list of them, from 0 to cpus - 1"
#define RANGES                                                                                                             \
	.kind = YAML_LIST, .at = EACH(PHASE, ranges), .count = AT(PHASE, range_count), .map = &hole_map,                   \
	.max = WORKLOAD_RANGES_MAX, .what = "ranges", .empty = "is an empty list; at least one range",                     \
	.value = "list of {base, size}"
#define BODY(body_name) .variant = true, .sets = SETS(PHASE, body, body_name)

static const struct yaml_key phase_keys[] = {
	{"name", YAML_NAME, .at = AT(PHASE, name), .names = WORKLOAD_NAMES_PHASES, .what = "phase",
	 .missing = "results are told by the names of phases", .help = "names the phase in results"},
	{"mix", MIX, BODY(WORKLOAD_BODY_MIX)},
	{"until", YAML_MAP, .map = &until_map, .needs = HAS_LONG_END, .value = "map with one key",
	 .or_else = "this or ops is required", .help = "when a mix ends"},
	{"ops", OPS, .given = AT(PHASE, ops_alone), .sets = SETS(PHASE, until, WORKLOAD_UNTIL_OPS), .needs = HAS_SHORT_END,
	 .or_else = "this or until is required", .help = "short for until: {ops: N}"},
	{"victims", YAML_WORD, "random", .at = AT(PHASE, victims), .words = victims, .needs = HAS_CHURN,
	 .help = "which extent a step of a churn frees"},
	{"free_on", YAML_WORD, "same", .at = AT(PHASE, free_on), .words = free_on_words, .needs = HAS_FREE_ON,
	 .help = "who frees: the CPU or thread of the step, or the one after that which allocated"},
	{"hold", YAML_WORD, "live", .at = AT(PHASE, hold), .words = hold_words, .needs = HAS_CHURN,
	 .help = "what a churn keeps: the number of extents, or their pages"},
	{"burst", YAML_COUNT, "1", .at = AT(PHASE, burst), .min = 1, .max = WORKLOAD_BURST_MAX, .what = "extents",
	 .needs = HAS_BURST, .help = "extents that a step of a churn frees, then allocates"},
	{"think", YAML_COUNT, "0", .at = AT(PHASE, think), .max = WORKLOAD_THINK_MAX, .what = "operations",
	 .needs = HAS_THINK, .help = "time before each step of a churn, in operations at the pace of the workload"},
	{"measure", YAML_FLAG, .at = AT(PHASE, measured), .or_else = "no for fills and free: all, else yes",
	 .help = "whether figures are taken"},
	{"free", YAML_MAP, .map = &free_map, BODY(WORKLOAD_BODY_DRAIN), .value = "all, or a map",
	 .help = "frees everything, or extents of mixes down to a limit"},
	{"script", YAML_LIST, .at = EACH(PHASE, lines), .count = AT(PHASE, line_count), .map = &workload_line_map,
	 BODY(WORKLOAD_BODY_SCRIPT), .empty = "is an empty script", .write = workload_write_script,
	 .help = "literal operations"},
	{"trace", YAML_MAP, .at = AT(PHASE, trace), .map = &trace_map, BODY(WORKLOAD_BODY_TRACE), .help = "a recording"},
	{"rings", YAML_MAP, .at = AT(PHASE, rings), .map = &rings_map, BODY(WORKLOAD_BODY_RINGS),
	 .help = "FIFO rings that are filled one after the other, then played in turns"},
	{"adversary", YAML_MAP, .map = &adversary_map, BODY(WORKLOAD_BODY_ADVERSARY), .value = "map with one variant",
	 .help = "a program that sees where the allocator places; plays in the audit alone"},
	{"queue", YAML_MAP, .map = &queue_map, BODY(WORKLOAD_BODY_QUEUE),
	 .help = "requests that wait until something is freed; plays in the audit alone"},
	{"offline", CPUS, BODY(WORKLOAD_BODY_OFFLINE), .help = "logical CPUs that leave"},
	{"online", CPUS, BODY(WORKLOAD_BODY_ONLINE), .help = "logical CPUs that come back"},
	{"reserve", RANGES, BODY(WORKLOAD_BODY_RESERVE),
	 .help = "ranges that are taken where they lie, until they are given back or everything is freed"},
	{"unreserve", RANGES, BODY(WORKLOAD_BODY_UNRESERVE), .help = "ranges that are given back"},
	{"adapter", YAML_WORD, .at = AT(PHASE, event), .words = event_words, BODY(WORKLOAD_BODY_ADAPTER),
	 .help = "what happens to the adapter as a whole"},
	{"of", OF_ADAPTER(PHASE, one_adapter, "all of them", "the one of several adapters that it happens to"),
	 .needs = HAS_EVENT},
	{"save", YAML_MAP, .at = AT(PHASE, save), .map = &save_map, .needs = HAS_SAVE, .value = "map",
	 .or_else = "nothing is saved", .help = "of adapter: power_down: frame buffers that are saved until power_up"},
	{"caches", YAML_WORD, "drain", .at = AT(PHASE, caches), .words = caches_words, .needs = HAS_CACHES,
	 .help = "of CPUs that leave: what their caches hold is given back, or stays there"},
	{0}};
static const struct yaml_map phase_map = {.keys = phase_keys,
					  .bytes = sizeof(PHASE),
					  .none = "is missing a body:",
					  .second = "a phase has one body; this one has $ already",
					  .rule = rule_phase,
					  .has = phase_has};

/* ---- expect, sweep, and the whole ---- */

#define EXPECTATION struct workload_expectation
#define COMPARISON(key, comparison_name, text)                                                                             \
	{                                                                                                                  \
		key, YAML_DECIMAL, .at = AT(EXPECTATION, value), .variant = true,                                          \
				   .sets = SETS(EXPECTATION, comparison, comparison_name),                                 \
				   .or_else = "one of the three is required", .help = text                                 \
	}

static uint32_t expectation_has(const void *item)
{
	return ((const EXPECTATION *)item)->comparison == WORKLOAD_IS;
}

static const struct yaml_key expectation_keys[] = {
	{"metric", YAML_TEXT, .at = AT(EXPECTATION, metric), .value = "path of a figure",
	 .missing = "a figure of the result, for example failures.fragmented",
	 .help = "iovabench list metrics has them all"},
	COMPARISON("is", WORKLOAD_IS, "equal within the tolerance"),
	COMPARISON("below", WORKLOAD_BELOW, "strictly less"),
	COMPARISON("above", WORKLOAD_ABOVE, "strictly more"),
	{"tolerance", YAML_DECIMAL, "0", .at = AT(EXPECTATION, tolerance), .needs = 1, .value = "number, not negative",
	 .help = "largest difference that is allowed"},
	{"allocator", YAML_TEXT, .at = AT(EXPECTATION, allocator), .value = "a spec", .or_else = "every one",
	 .help = "whom it is expected of"},
	{0}};
static const struct yaml_map expectation_map = {.keys = expectation_keys,
						.bytes = sizeof(EXPECTATION),
						.none = "is missing a comparison:",
						.second = "one comparison at a time; this is '$' already",
						.rule = rule_expectation,
						.has = expectation_has};

#define SWEEP struct workload_sweep
static const struct yaml_key sweep_keys[] = {
	{"key", YAML_TEXT, .at = AT(SWEEP, key), .value = "path of a value that is written in the file",
	 .missing = "the value that changes, by name: phases.churn.ops",
	 .help = "keys joined by points; items of lists by name, request or number"},
	{"values", YAML_WRITTEN, .at = EACH(SWEEP, values), .count = AT(SWEEP, value_count), .min = 1,
	 .max = WORKLOAD_SWEEP_VALUES_MAX, .what = "values", .value = "value, or a list of 1 to 100",
	 .missing = "a list: [1M, 2M]", .help = "what the key is set to, by its own rules"},
	{0}};
static const struct yaml_map sweep_map = {.keys = sweep_keys, .bytes = sizeof(SWEEP), .rule = rule_sweep};

static const struct yaml_key interference_keys[] = {
	{"data", YAML_BYTES, "0", .at = AT(struct workload_interference, data_bytes), .max = WORKLOAD_INTERFERENCE_DATA_MAX,
	 .help = "data that is walked: a word of each cache line is read and written"},
	{"code", YAML_BYTES, "0", .at = AT(struct workload_interference, code_bytes), .max = WORKLOAD_INTERFERENCE_CODE_MAX,
	 .help = "code that is run, with branches that never repeat"},
	{"pairs", YAML_COUNT, "0", .at = AT(struct workload_interference, pairs), .max = WORKLOAD_INTERFERENCE_PAIRS_MAX,
	 .what = "operations",
	 .help = "only so many operations of a process in the pass of pairs, and no latencies; 0: both, 20,000 there"},
	{0}};
static const struct yaml_map interference_map = {.keys = interference_keys};

#define IOTLB struct workload_iotlb
static const struct yaml_key walk_keys[] = {
	{"l2", YAML_COUNT, "0", .at = AT(IOTLB, walk_l2), .max = WORKLOAD_IOTLB_WALK_MAX, .what = "cached entries",
	 .help = "cached entries that lead to a leaf table: 2 MiB each"},
	{"l3", YAML_COUNT, "0", .at = AT(IOTLB, walk_l3), .max = WORKLOAD_IOTLB_WALK_MAX, .what = "cached entries",
	 .help = "cached entries that lead to a table above those: 1 GiB each"},
	{0}};
static const struct yaml_map walk_map = {.keys = walk_keys};
static const struct yaml_key iotlb_keys[] = {
	{"entries", YAML_COUNT, .at = AT(IOTLB, entries), .min = 1, .max = WORKLOAD_IOTLB_ENTRIES_MAX, .what = "entries",
	 .missing = "how many translations it holds, for example 64", .help = "translations that it holds"},
	{"ways", YAML_COUNT, .at = AT(IOTLB, ways), .min = 1, .max = WORKLOAD_IOTLB_WAYS_MAX, .what = "ways",
	 .missing = "how many of the entries may hold one page, for example 4",
	 .help = "entries that may hold one page; entries / ways is a power of two"},
	{"walk", YAML_MAP, "{}", .map = &walk_map, .help = "what is kept of walks: paging-structure caches"},
	{0}};
static const struct yaml_map iotlb_map = {.keys = iotlb_keys, .rule = rule_iotlb};
static const struct yaml_word touch_words[] = {
	{"all", WORKLOAD_TOUCH_ALL}, {"first", WORKLOAD_TOUCH_FIRST}, {"random", WORKLOAD_TOUCH_RANDOM}, {NULL, 0}};

#define HAS_IOTLB 1u /* of a workload */
static uint32_t workload_has(const void *item)
{
	return ((const struct workload *)item)->iotlb.entries ? HAS_IOTLB : 0;
}

#define WHOLE struct workload
static const struct yaml_key workload_keys[] = {
	{"iovabench", YAML_VERSION, .min = 1, .missing = "a workload begins with iovabench: 1",
	 .help = "version of this format"},
	{"name", YAML_NAME, .at = AT(WHOLE, name), .missing = "every workload has a name",
	 .help = "names the workload in results"},
	{"about", YAML_TEXT, "", .at = AT(WHOLE, about), .help = "one line for people"},
	{"source", YAML_TEXT, "", .at = AT(WHOLE, source), .help = "where the numbers come from"},
	{"space", YAML_MAP, "{}", .at = AT(WHOLE, space), .map = &space_map, .help = "the address space"},
	{"physical", YAML_MAP, "{}", .at = AT(WHOLE, physical), .map = &physical_map,
	 .help = "the memory behind the space"},
	{"adapter", YAML_MAP, "{}", .map = &adapter_map, .help = "the display adapter of driver calls"},
	{"adapters", YAML_LIST, .at = EACH(WHOLE, adapters), .count = AT(WHOLE, adapter_count), .map = &one_adapter_map,
	 .min = 1, .max = WORKLOAD_ADAPTERS_MAX, .what = "adapters", .or_else = "one without a name",
	 .help = "several adapters, with domains of their own or shared ones"},
	{"cpus", YAML_COUNT, "1", .at = AT(WHOLE, cpus), .min = 1, .max = WORKLOAD_CPUS_MAX, .what = "CPUs",
	 .help = "logical CPUs that operations carry, drawn uniformly; one thread plays them all"},
	{"pace", YAML_RATE, WORKLOAD_PACE_TEXT, .at = AT(WHOLE, pace_ops_per_second),
	 .help = "how many operations are a second: delays of flush queues and depots become operations"},
	{"seed", YAML_SEED, "1", .at = AT(WHOLE, seed), .help = "the same seed gives the same operations on every machine"},
	{"interference", YAML_MAP, "{}", .at = AT(WHOLE, interference), .map = &interference_map,
	 .help = "what a driver does between two calls, before every sampled operation; --interfere overrides it"},
	{"iotlb", YAML_MAP, .at = AT(WHOLE, iotlb), .map = &iotlb_map, .needs = HAS_IOTLB,
	 .or_else = "no IOTLB is simulated", .help = "what the IOMMU keeps of translations: the audit simulates it"},
	{"touch", YAML_WORD, "all", .at = AT(WHOLE, touch), .words = touch_words, .needs = HAS_IOTLB,
	 .help = "of what is mapped with iotlb: what the device touches, once per operation; docs/iotlb.md"},
	{"requests", YAML_LIST, .at = EACH(WHOLE, requests), .count = AT(WHOLE, request_count), .map = &request_map,
	 .max = WORKLOAD_REQUESTS_MAX, .what = "requests", .help = "kinds of requests"},
	{"phases", YAML_LIST, .at = EACH(WHOLE, phases), .count = AT(WHOLE, phase_count), .map = &phase_map, .min = 1,
	 .max = WORKLOAD_PHASES_MAX, .what = "phases", .missing = "a workload has at least one phase",
	 .empty = "is an empty list; a workload has at least one phase",
	 .help = "what happens, in order; each has one body: mix, free, script, trace, rings, adversary, queue, offline, "
		 "online, reserve, unreserve or adapter"},
	{"expect", YAML_LIST, .at = EACH(WHOLE, expectations), .count = AT(WHOLE, expectation_count),
	 .map = &expectation_map, .help = "what must come out; a missed one makes exit code 1"},
	{"sweep", YAML_LIST, .at = EACH(WHOLE, sweeps), .count = AT(WHOLE, sweep_count), .map = &sweep_map, .min = 1,
	 .max = WORKLOAD_SWEEPS_MAX, .what = "keys",
	 .help = "values that change: the workload is played with every combination, at most 1000"},
	{0}};
static const struct yaml_map workload_map = {
	.keys = workload_keys, .bytes = sizeof(WHOLE), .rule = rule_workload, .has = workload_has};

static const char *name_of(const void *root, unsigned names, size_t index)
{
	const struct workload *workload = root;
	if (names == WORKLOAD_NAMES_ADAPTERS)
		return workload->adapters[index].name;
	return names == WORKLOAD_NAMES_REQUESTS ? workload->requests[index].name : workload->phases[index].name;
}

const struct yaml_language workload_language = {&workload_map, "is empty; a workload begins with iovabench: 1", name_of};
