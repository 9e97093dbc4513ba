/* SPDX-License-Identifier: MIT
 * Arguments of driver calls, from what a request or a line of a script says to the structures of iovabench/ddi.h. */
#ifndef PLAY_MARSHAL_H
#define PLAY_MARSHAL_H

#include "iovabench/ddi.h"
#include "play/engine.h"

/* One call's arguments, in bytes, whoever makes it. */
struct asked {
	const struct workload_arguments *arguments; /* whose size and limits are not looked at */
	uint64_t bytes;
	uint64_t low, high, boundary; /* of the space; high inclusive */
	bool has_low, has_high;       /* given, and narrower than the space */
	bool no_drain;
	uint64_t alignment_pages;
};

static inline struct asked asked_by_request(const struct engine *engine, const struct op_request *request)
{
	const struct iova_request *pages = &request->request;
	uint64_t page = engine->page_bytes;
	bool limited = pages->constraints & IOVA_CONSTRAIN_LIMIT;
	return (struct asked){
		.arguments = request->arguments,
		.bytes = pages->count * page,
		.low = limited ? pages->low * page : 0,
		.high = limited ? pages->high * page + (page - 1) : UINT64_MAX,
		.boundary = pages->constraints & IOVA_CONSTRAIN_BOUNDARY ? pages->boundary * page : 0,
		.has_low = limited,
		.has_high = limited,
		.no_drain = (pages->constraints & IOVA_CONSTRAIN_NO_DRAIN) != 0,
		.alignment_pages = pages->constraints & IOVA_CONSTRAIN_ALIGN ? pages->align : 1,
	};
}

static inline struct asked asked_by_line(const struct workload_arguments *arguments)
{
	return (struct asked){
		.arguments = arguments,
		.bytes = arguments->bytes,
		.low = arguments->low,
		.high = arguments->high,
		.boundary = arguments->boundary,
		.has_low = arguments->has_low,
		.has_high = arguments->has_high,
	};
}

static inline struct ddi_contiguous_request marshal_contiguous(const struct asked *asked)
{
	return (struct ddi_contiguous_request){
		.number_of_bytes = asked->bytes,
		.lowest_acceptable_address = asked->low,
		.highest_acceptable_address = asked->high,
		.boundary_address_multiple = asked->boundary,
		.alignment_pages = asked->alignment_pages,
		.cache_type = asked->arguments->cache,
		.no_drain = asked->no_drain,
	};
}

static inline struct ddi_mdl_request marshal_mdl(const struct asked *asked)
{
	return (struct ddi_mdl_request){
		.low_address = asked->low,
		.high_address = asked->high,
		.skip_bytes = asked->arguments->skip,
		.total_bytes = asked->bytes,
		.cache_type = asked->arguments->cache,
		.flags = asked->arguments->flags,
		.contiguity = asked->arguments->contiguous,
		.alignment_pages = asked->alignment_pages,
		.no_drain = asked->no_drain,
	};
}

static inline struct ddi_view_request marshal_view(const struct asked *asked)
{
	return (struct ddi_view_request){
		.translated_address = asked->arguments->address,
		.length = asked->bytes,
		.in_io_space = asked->arguments->io_space,
		.map_to_user_mode = asked->arguments->user_mode,
		.cache_type = asked->arguments->cache,
	};
}

static inline struct ddi_memory_object_request marshal_object(const struct asked *asked, bool open)
{
	return (struct ddi_memory_object_request){
		.type = asked->arguments->type,
		.size = asked->bytes,
		.cache_type = asked->arguments->cache,
		.open = open,
		.lowest_address = asked->low,
		.highest_address = asked->high,
		.boundary_address_multiple = asked->boundary,
		.skip_bytes = asked->arguments->skip,
		.flags = asked->arguments->flags,
		.base_address = asked->arguments->address,
	};
}

/* flags: of the ADL beside those that contiguous: stands for. */
static inline struct ddi_adl_request marshal_adl(const struct asked *asked, ddi_handle adapter_object, uint32_t flags)
{
	enum ddi_contiguity contiguity = asked->arguments->contiguous;
	if (contiguity == DDI_CONTIGUITY_REQUIRE)
		flags |= DDI_ADL_REQUIRE_CONTIGUOUS;
	if (contiguity == DDI_CONTIGUITY_PREFER)
		flags |= DDI_ADL_PREFER_CONTIGUOUS;
	return (struct ddi_adl_request){
		.adapter_memory_object = adapter_object,
		.offset = asked->arguments->offset,
		.size = asked->bytes,
		.flags = flags,
		.alignment_pages = asked->alignment_pages,
		.no_drain = asked->no_drain,
	};
}

/* low and high: copies of asked's, which the structure points to; asked itself then needs no memory. */
static inline struct ddi_reserve_request marshal_reserve(const struct asked *asked, const uint64_t *low,
							 const uint64_t *high)
{
	return (struct ddi_reserve_request){
		.size = asked->bytes,
		.explicit_address = asked->arguments->has_address ? &asked->arguments->address : NULL,
		.min_address = asked->has_low ? low : NULL,
		.max_address = asked->has_high ? high : NULL,
		.alignment_pages = asked->alignment_pages,
		.no_drain = asked->no_drain,
	};
}

static inline uint32_t marshal_node(const struct workload_arguments *arguments)
{
	return arguments->has_node ? arguments->node : DDI_MM_ANY_NODE_OK;
}

/* What an Mm routine that gives NULL answers (ours: it has no status). */
static inline enum ntstatus status_unless_null(uint64_t given)
{
	return given ? NTSTATUS_SUCCESS : NTSTATUS_NO_MEMORY;
}

#endif
