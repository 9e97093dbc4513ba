/* An allocator for iovabench: first fit over a list of live extents. Replace the list by your structure.
 *
 *     cc -shared -fPIC -O2 -o mine.so mine.c
 *     iovabench verify ./mine.so                        is it right?
 *     iovabench run gpu-paging -a buddy -a ./mine.so    is it good?
 * iovabench/allocator.h is the whole contract: what each function may rely on, and what it has to keep. */
#include <iovabench/allocator.h>

/* A live extent. Its address is the cookie, so that free finds it at once. */
struct node {
	uint64_t first, count;
	struct node *before, *behind;
};

/* All that one instance knows: no variables outside, so that instances share nothing. */
struct mine {
	struct iova_space space;
	const struct iova_host *host; /* gives memory, zeroed; it may have none */
	uint64_t free_pages;
	struct node ends; /* of the list, in address order, a ring: begins where the space ends */
};

static enum iova_status mine_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	struct mine *mine = (struct mine *)host->memory_get(host->context, sizeof *mine);
	(void)options, (void)below, (void)reason; /* reason: why a space is IOVA_UNSUPPORTED */
	if (!mine)
		return IOVA_NO_MEMORY;
	mine->space = *space, mine->host = host;
	mine->free_pages = space->count;
	mine->ends.first = space->first + space->count;
	mine->ends.before = mine->ends.behind = &mine->ends;
	*self = mine;
	return IOVA_OK;
}

static enum iova_status mine_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct mine *mine = (struct mine *)self;
	struct node *next = mine->ends.behind, *node;
	uint64_t first = mine->space.first, end;
	for (;; first = next->first + next->count, next = next->behind) {
		end = next->first; /* free: [first, end). A field of the request is only there when its bit is set */
		if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
			first = first < request->low ? request->low : first;
			end = end <= request->high ? end : request->high + 1; /* inclusive */
		}
		if (request->constraints & IOVA_CONSTRAIN_ALIGN)
			first = (first + request->align - 1) & ~(request->align - 1);
		if (first < end && request->count <= end - first)
			break;
		if (next == &mine->ends)
			return IOVA_NO_SPACE; /* a failure leaves all as it was, *extent too */
	}
	node = (struct node *)mine->host->memory_get(mine->host->context, sizeof *node);
	if (!node)
		return IOVA_NO_MEMORY;
	(void)cpu; /* of a magazine, for example */
	node->first = extent->first = first;
	node->count = extent->count = request->count; /* more is allowed */
	extent->cookie = (uint64_t)(uintptr_t)node;
	node->behind = next, node->before = next->before;
	node->before->behind = next->before = node;
	mine->free_pages -= node->count;
	return IOVA_OK;
}

static void mine_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct mine *mine = (struct mine *)self;
	struct node *node = (struct node *)(uintptr_t)extent->cookie;
	(void)cpu;
	node->before->behind = node->behind;
	node->behind->before = node->before;
	mine->free_pages += node->count;
	mine->host->memory_put(mine->host->context, node, sizeof *node);
}

static void mine_statistics(void *self, struct iova_statistics *statistics)
{
	statistics->usable_pages = ((struct mine *)self)->free_pages;
	statistics->cached_pages = statistics->deferred_pages = 0;
}

/* Recounts, for tests: a sentence about the structure that is not true, or none. */
static const char *mine_broken_invariant(void *self)
{
	const struct node *ends = &((struct mine *)self)->ends, *node = ends->behind;
	for (; node != ends; node = node->behind)
		if (node->first + node->count > node->behind->first)
			return "the list is in address order";
	return 0;
}

static void mine_destroy(void *self)
{
	struct mine *mine = (struct mine *)self;
	struct iova_extent live = {0, 0, 0};
	while (mine && (live.cookie = (uint64_t)(uintptr_t)mine->ends.behind) != (uint64_t)(uintptr_t)&mine->ends)
		mine_free(mine, &live, 0);
	if (mine)
		mine->host->memory_put(mine->host->context, mine, sizeof *mine);
}

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator mine; /* what is left out is NULL: there is none */
	mine.magic = IOVA_MAGIC, mine.abi = IOVA_ABI, mine.size = sizeof mine;
	mine.name = "mine", mine.about = "first fit over a list of live extents";
	mine.capabilities = IOVA_ALIGN | IOVA_LIMIT; /* what it keeps; a workload that needs more is n/a */
	mine.promise = IOVA_PROMISE_COMPLETE;        /* what it finds; less than that is no shame */
	mine.create = mine_create, mine.destroy = mine_destroy;
	mine.alloc = mine_alloc, mine.free = mine_free;
	mine.statistics = mine_statistics, mine.broken_invariant = mine_broken_invariant;
	return &mine;
}
