/* SPDX-License-Identifier: MIT
 * Driver calls of the engine beyond contiguous memory, whose fast path stands in the loop itself. */
#ifndef PLAY_ENGINE_DDI_H
#define PLAY_ENGINE_DDI_H

#include "play/engine.h"

/* engine->requests[].call of a request for contiguous memory that the loop does not play itself: it is made at another
 * IRQL. */
#define ENGINE_CALL_CONTIGUOUS_AT_IRQL ((enum workload_call)WORKLOAD_CALL_COUNT)

struct workload;

/* What a slot holds when one handle does not tell how to free it. */
struct engine_held {
	const struct op_request *request;
	ddi_handle handles[3]; /* in the order in which they are freed */
	uint64_t bytes;        /* that were asked for */
};

/* What a request asks of logical addresses, as calls have it: bytes. */
static inline uint64_t engine_low_of(const struct engine *engine, const struct iova_request *pages)
{
	return pages->constraints & IOVA_CONSTRAIN_LIMIT ? pages->low * engine->page_bytes : 0;
}

static inline uint64_t engine_high_of(const struct engine *engine, const struct iova_request *pages)
{
	return pages->constraints & IOVA_CONSTRAIN_LIMIT ? pages->high * engine->page_bytes + (engine->page_bytes - 1)
							 : UINT64_MAX;
}

static inline uint64_t engine_alignment_of(const struct iova_request *pages)
{
	return pages->constraints & IOVA_CONSTRAIN_ALIGN ? pages->align : 1;
}

static inline uint64_t engine_boundary_of(const struct engine *engine, const struct iova_request *pages)
{
	return pages->constraints & IOVA_CONSTRAIN_BOUNDARY ? pages->boundary * engine->page_bytes : 0;
}

static inline bool engine_no_drain(const struct iova_request *pages)
{
	return (pages->constraints & IOVA_CONSTRAIN_NO_DRAIN) != 0;
}

static inline struct ddi_contiguous_request engine_contiguous_request(const struct engine *engine,
								      const struct op_request *request)
{
	const struct iova_request *pages = &request->request;
	return (struct ddi_contiguous_request){
		.number_of_bytes = pages->count * engine->page_bytes,
		.lowest_acceptable_address = engine_low_of(engine, pages),
		.highest_acceptable_address = engine_high_of(engine, pages),
		.boundary_address_multiple = engine_boundary_of(engine, pages),
		.alignment_pages = engine_alignment_of(pages),
		.cache_type = request->arguments->cache,
		.no_drain = engine_no_drain(pages),
	};
}

/* True for streams whose slots need held. */
bool engine_holds(const struct op_request *request);

/* Physical side, handles, objects of scripts. Everything that calls will need is taken here: engine_close gives it back.
 * Adapters are opened later. */
int engine_ddi_prepare(struct engine *engine, const struct workload *workload, struct error *error);
/* The adapter of a domain; needs prepare and the domain's instances, which have these capabilities. EXIT_CODE_NO_ARM with the
 * reason when the allocator cannot do what the mode needs. */
int engine_ddi_open_adapter(struct engine *engine, struct engine_domain *domain, uint64_t capabilities,
			    const struct workload *workload, const struct engine_surroundings *surroundings,
			    struct error *error);
/* After the adapters. */
void engine_ddi_close(struct engine *engine);

/* One allocation of a request that engine_holds: all calls that such memory takes. IOVA_NO_SPACE: nothing stays. */
enum iova_status engine_call_alloc(struct engine *engine, struct ddi_adapter *adapter, const struct op_request *request,
				   uint32_t cpu, uint32_t slot);
/* All calls that free it. */
void engine_call_free(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t slot);

/* Plays line `index` of the workload's routine calls on the adapter at hand. An Mm routine that gives NULL answers
 * NTSTATUS_NO_MEMORY; one without a result NTSTATUS_SUCCESS. */
enum ntstatus engine_call_routine(struct engine *engine, struct ddi_adapter *adapter, uint32_t cpu, uint32_t index);

/* NULL, or why Windows would have stopped. */
const char *engine_fatal(const struct engine *engine);

/* The driver's devices are stopped: leaks that are documented as fatal show now. Every slot is free. Returns what engine_fatal
 * does. */
const char *engine_stop_adapters(struct engine *engine);
/* The same after the last operation of a pass, nothing of which is measured: frees the slots that would look like leaks.
 * Returns 0, or -1 with the error of engine_broken. */
int engine_end_driver(struct engine *engine, struct error *error);

/* The handle behind a slot whose placement ddi_placement_of can tell; 0: none. */
ddi_handle engine_placed_handle(const struct engine *engine, uint32_t slot);

/* Kinds of latency samples. */
enum metric_kind engine_kind_of_call(enum workload_call call, bool frees);
/* METRIC_KIND_COUNT: it asks nothing of an allocator; calls of the Mm routines likewise. */
enum metric_kind engine_kind_of_routine(enum workload_routine routine);

/* Shows what the allocator granted for a live slot. */
void engine_visit_slot(const struct engine *engine, uint32_t domain, uint32_t slot, ddi_visit_extent visit, void *context);

#endif
