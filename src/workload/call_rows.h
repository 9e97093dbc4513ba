/* SPDX-License-Identifier: MIT
 * The driver calls that a workload can make, a row each: all that the language, describe and the stream know of one. How the
 * engine makes it stands in play/engine_ddi.c and play/engine_routine.c. */
#ifndef WORKLOAD_CALL_ROWS_H
#define WORKLOAD_CALL_ROWS_H

/* The parts of these rows, T(argument), TRAIT(trait) and the rules that many share, are those of call.c.
 *
 * call: of a request. One allocation of it is everything that a driver does to get such memory, one free all that gives it
 * back. Name, word, arguments beside the size, traits, what it is, rules in lines. */
#define WORKLOAD_CALLS(X)                                                                                                  \
	X(EXTENT, "extent", WINDOW | T(BOUNDARY) | T(ALIGN), TRAIT(CHOOSES),                                               \
	  "the bare allocator, without handles or driver rules",                                                           \
	  "alloc and free of the allocator's table; a failure is an empty slot\n")                                         \
	X(CONTIGUOUS, "contiguous", WINDOW | T(BOUNDARY) | T(ALIGN) | T(CACHE) | T(IRQL), 0,                               \
	  "DxgkCbAllocateContiguousMemory and DxgkCbFreeContiguousMemory: one extent over one run of frames",              \
	  "STATUS_INVALID_PARAMETER   impossible: window, boundary and alignment leave no place\n" ROOM_RULES)             \
	X(APERTURE, "aperture", WINDOW | T(ALIGN) | T(CACHE) | T(IRQL), 0,                                                 \
	  "DxgkCbAllocatePagesForMdl and DxgkCbFreePagesFromMdl: one extent over scattered frames",                        \
	  "as call mdl with contiguous: require, and no other argument of an MDL: what the device sees is\n"               \
	  "contiguous, memory is not (the name is ours)\n" MDL_RULES ROOM_RULES)                                           \
	X(MDL, "mdl", WINDOW | T(ALIGN) | T(SKIP) | T(CONTIGUOUS) | T(CACHE) | T(FLAGS) | T(IRQL), TRAIT(PREFERS),         \
	  "DxgkCbAllocatePagesForMdl and DxgkCbFreePagesFromMdl: scattered frames, mapped",                                \
	  "contiguous: prefer (default) tries one extent and then pieces; require takes one or none;\n"                    \
	  "no maps every run of frames alone (all ours)\n" MDL_RULES ROOM_RULES)                                           \
	X(ADL, "adl",                                                                                                      \
	  WINDOW | T(BOUNDARY) | T(ALIGN) | T(SKIP) | T(TYPE) | T(CONTIGUOUS) | T(CACHE) | T(FLAGS) | T(ADDRESS) |         \
		  T(IRQL),                                                                                                 \
	  0, "a physical memory object and an ADL over all of it; freed in reverse order",                                 \
	  "type: contiguous when contiguous: require, else mdl\n"                                                          \
	  "contiguous: require needs an object of type contiguous or io_space; prefer is a hint that saves\n"              \
	  "the page array; no (default) takes pieces as well\n" ROOM_RULES)                                                \
	X(MAP, "map", T(ADDRESS) | T(CACHE) | T(IO_SPACE) | T(USER) | T(IRQL), TRAIT(OUTSIDE),                             \
	  "DxgkCbMapMemory and DxgkCbUnmapMemory: device memory in the CPU's address space",                               \
	  "the second space of the adapter, of the same size and under the same allocator; nothing of the\n"               \
	  "logical space is taken\n"                                                                                       \
	  "address: where the BAR begins (default 0)\n"                                                                    \
	  "violation irql             from another level than passive\n" ROOM_RULES)                                       \
	X(MM_CONTIGUOUS, "mm_contiguous", WINDOW | T(BOUNDARY) | T(CACHE) | T(NODE) | T(IRQL), TRAIT(OUTSIDE),             \
	  "MmAllocateContiguousMemorySpecifyCacheNode and MmFreeContiguousMemory: one run of physical frames",             \
	  "low, high and boundary are physical addresses; no logical address is taken (ours)\n"                            \
	  "a failure is NULL: the routine has no status\n")                                                                \
	X(MM_MDL, "mm_mdl", WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | T(NODE) | T(IRQL), TRAIT(OUTSIDE),                    \
	  "MmAllocateNodePagesForMdlEx, MmFreePagesFromMdl and ExFreePool: scattered frames",                              \
	  "may give fewer pages than asked for (calls.partial) unless FULLY_REQUIRED\n"                                    \
	  "low, high and skip are physical; no logical address is taken (ours)\n")                                         \
	X(RESERVE, "reserve", WINDOW | T(ALIGN) | T(IRQL), TRAIT(CHOOSES),                                                 \
	  "a reserved logical range of the HAL, mapped as one segment; unmapped and freed",                                \
	  "STATUS_INVALID_PARAMETER_MIX low and high cannot hold the size\n" ROOM_RULES)

/* call: of a script operation: the documented routine itself. Name, word, arguments, those that are required, traits, what it
 * does, rules in lines. One that takes no STATUS answers nothing: misuse is a violation of its own. */
#define WORKLOAD_ROUTINES(X)                                                                                               \
	X(ALLOCATE_CONTIGUOUS, "DxgkCbAllocateContiguousMemory",                                                           \
	  T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | ANSWER, T(SIZE), 0,                                        \
	  "one extent of the logical space over one run of frames; gives hMemoryHandle",                                   \
	  "STATUS_INVALID_PARAMETER   size 0, boundary no power of two, low > high; or impossible\n" ROOM_RULES)           \
	X(FREE_CONTIGUOUS, "DxgkCbFreeContiguousMemory", T(OF) | ANSWER, T(OF), 0, "frees by hMemoryHandle", HANDLE_RULES) \
	X(ALLOCATE_PAGES_FOR_MDL, "DxgkCbAllocatePagesForMdl",                                                             \
	  T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CONTIGUOUS) | T(CACHE) | T(FLAGS) | ANSWER, T(SIZE),                    \
	  TRAIT(PREFERS) | TRAIT(GIVES_TWO), "pages, an MDL of them and their mapping; gives [hMemoryHandle, pMdl]",       \
	  "never partial\n" MDL_RULES ROOM_RULES                                                                           \
	  "STATUS_RESOURCE_IN_USE     identity: the space refuses the address of a frame (ours)\n")                        \
	X(FREE_PAGES_FROM_MDL, "DxgkCbFreePagesFromMdl", T(OF) | ANSWER, T(OF), 0,                                         \
	  "frees pages, mapping and MDL by hMemoryHandle",                                                                 \
	  HANDLE_RULES "STATUS_RESOURCE_IN_USE     the MDL is mapped a second time (ours)\n")                              \
	X(MAP_MDL, "DxgkCbMapMdlToIoMmu", T(INTO) | T(OF) | WINDOW | T(CONTIGUOUS) | ANSWER, T(OF), TRAIT(PREFERS),        \
	  "logical extents for the pages of an MDL, which must outlive the map; gives hMemoryHandle",                      \
	  HANDLE_RULES ROOM_RULES)                                                                                         \
	X(UNMAP_MDL, "DxgkCbUnmapMdlFromIoMmu", T(OF) | VOID, T(OF), 0, "ends such a map by its hMemoryHandle",            \
	  "violation unmap_mdl         it is no live map\n")                                                               \
	X(MAP_MEMORY, "DxgkCbMapMemory", T(INTO) | T(ADDRESS) | T(SIZE) | T(IO_SPACE) | T(USER) | T(CACHE) | ANSWER,       \
	  T(ADDRESS) | T(SIZE), 0, "device addresses into the CPU's address space; gives VirtualAddress",                  \
	  "violation irql             from another level than passive\n"                                                   \
	  "STATUS_INVALID_PARAMETER   size 0, or the end beyond 2^64; or impossible\n" ROOM_RULES)                         \
	X(UNMAP_MEMORY, "DxgkCbUnmapMemory", T(OF) | T(OFFSET) | ANSWER, T(OF), 0,                                         \
	  "takes the VirtualAddress that mapping gave; offset is added to it",                                             \
	  "violation irql             from another level than passive\n"                                                   \
	  "STATUS_NOT_MAPPED_VIEW     no view begins there (ours)\n")                                                      \
	X(MM_ALLOCATE_CONTIGUOUS, "MmAllocateContiguousMemory", T(INTO) | T(SIZE) | T(HIGH) | ANSWER, T(SIZE), 0,          \
	  "a run of frames below a physical address; gives its base", NULL_RULES)                                          \
	X(MM_ALLOCATE_CONTIGUOUS_CACHE, "MmAllocateContiguousMemorySpecifyCache",                                          \
	  T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | ANSWER, T(SIZE), 0,                                        \
	  "the same between two addresses, not across a boundary; gives its base", NULL_RULES)                             \
	X(MM_ALLOCATE_CONTIGUOUS_NODE, "MmAllocateContiguousMemorySpecifyCacheNode",                                       \
	  T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | T(NODE) | ANSWER, T(SIZE), 0,                              \
	  "the same, from a node when it can; gives its base", NULL_RULES)                                                 \
	X(MM_FREE_CONTIGUOUS, "MmFreeContiguousMemory", T(OF) | T(OFFSET) | VOID, T(OF), 0,                                \
	  "frees a block of any of the three routines by its base; offset is added to it",                                 \
	  "violation mm_not_at_base     no block begins there, or it was freed (ours: STATUS_FREE_VM_NOT_AT_BASE)\n")      \
	X(MM_FREE_CONTIGUOUS_CACHE, "MmFreeContiguousMemorySpecifyCache", T(OF) | T(OFFSET) | T(SIZE) | T(CACHE) | VOID,   \
	  T(OF) | T(SIZE), 0,                                                                                              \
	  "frees a block of the two SpecifyCache routines; size and cache must be those of its allocation",                \
	  "violation mm_not_at_base     no block begins there, or it was freed (ours: STATUS_FREE_VM_NOT_AT_BASE)\n"       \
	  "violation mm_mismatched      size or cache is another, or MmAllocateContiguousMemory gave the block\n")         \
	X(MM_ALLOCATE_PAGES, "MmAllocatePagesForMdl", T(INTO) | T(SIZE) | WINDOW | T(SKIP) | ANSWER, T(SIZE), 0,           \
	  "frames, perhaps fewer than asked for; gives Mdl", NULL_RULES)                                                   \
	X(MM_ALLOCATE_PAGES_EX, "MmAllocatePagesForMdlEx",                                                                 \
	  T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | ANSWER, T(SIZE), 0,                                 \
	  "the same with cache type and flags; gives Mdl", NULL_RULES)                                                     \
	X(MM_ALLOCATE_NODE_PAGES, "MmAllocateNodePagesForMdlEx",                                                           \
	  T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | T(NODE) | ANSWER, T(SIZE), 0,                       \
	  "the same from a node when it can; gives Mdl", NULL_RULES)                                                       \
	X(MM_FREE_PAGES, "MmFreePagesFromMdl", T(OF) | VOID, T(OF), 0,                                                     \
	  "gives the frames back; the MDL stays until ExFreePool",                                                         \
	  "violation mdl_free_pages     no MDL of the Mm routines, or twice\n"                                             \
	  "violation mdl_freed_while_mapped the IOMMU still maps it\n")                                                    \
	X(EX_FREE_POOL, "ExFreePool", T(OF) | VOID, T(OF), 0, "releases an MDL of the Mm routines",                        \
	  "violation mdl_free_pool      no such MDL, twice, or before MmFreePagesFromMdl\n")                               \
	X(CREATE_OBJECT, "DxgkCbCreatePhysicalMemoryObject",                                                               \
	  T(INTO) | T(TYPE) | T(SIZE) | WINDOW | T(BOUNDARY) | T(SKIP) | T(FLAGS) | T(ADDRESS) | T(OPEN) | T(CACHE) |      \
		  ANSWER,                                                                                                  \
	  T(TYPE) | T(SIZE), TRAIT(GIVES_TWO),                                                                             \
	  "frames without logical addresses; gives [hPhysicalMemoryObject, hAdapterMemoryObject], "                        \
	  "the second with open: yes",                                                                                     \
	  LEAK("open", "0x6") "STATUS_INVALID_PARAMETER   size 0, and the rules of the type\n"                             \
			      "STATUS_NOT_SUPPORTED       type section (ours: not modelled)\n"                             \
			      "STATUS_NO_MEMORY           no frames\n")                                                    \
	X(DESTROY_OBJECT, "DxgkCbDestroyPhysicalMemoryObject", T(OF) | VOID, T(OF), TRAIT(TAKES_TWO),                      \
	  "ends an object: [hPhysicalMemoryObject, hAdapterMemoryObject], the second when it is open",                     \
	  "violation destroy_object     no live object, or it would stay open\n"                                           \
	  "fatal                        a live ADL stands on it: bug check 0x1E4, subcode 0x5 (the subcode is ours);\n"    \
	  "                             the arm stops, exit code 3\n")                                                     \
	X(OPEN_OBJECT, "DxgkCbOpenPhysicalMemoryObject", T(INTO) | T(OF) | ANSWER, T(OF), 0,                               \
	  "opens an object on the adapter; gives hAdapterMemoryObject",                                                    \
	  HANDLE_RULES "STATUS_RESOURCE_IN_USE     it is open already (ours)\n" LEAK("open", "0x6"))                       \
	X(CLOSE_OBJECT, "DxgkCbClosePhysicalMemoryObject", T(OF) | VOID, T(OF), 0, "closes hAdapterMemoryObject",          \
	  "violation close_object       no open object, or one with a live ADL (ours)\n")                                  \
	X(ALLOCATE_ADL, "DxgkCbAllocateAdl", T(INTO) | T(OF) | T(OFFSET) | T(SIZE) | T(CONTIGUOUS) | T(FLAGS) | ANSWER,    \
	  T(OF) | T(SIZE), 0, "a logical range for part of an open object; gives the ADL",                                 \
	  "STATUS_INVALID_PARAMETER   offset or size no page multiple, empty or outside, reserved flags,\n"                \
	  "                           contiguous: require on an MDL object\n" HANDLE_RULES ROOM_RULES LEAK("live", "0x7")) \
	X(FREE_ADL, "DxgkCbFreeAdl", T(OF) | VOID, T(OF), 0, "gives the logical range of an ADL back",                     \
	  "violation free_adl           no live ADL\n")                                                                    \
	X(RESERVE_RANGE, "IOMMU_RESERVE_LOGICAL_ADDRESS_RANGE", T(INTO) | T(SIZE) | WINDOW | T(ADDRESS) | ANSWER, T(SIZE), \
	  0, "one logical range with its page tables; gives a token",                                                      \
	  "STATUS_INVALID_PARAMETER_2   size 0 (ours) or no page multiple\n"                                               \
	  "STATUS_INVALID_PARAMETER_3   explicit address no page multiple\n"                                               \
	  "STATUS_INVALID_PARAMETER_MIX low and high cannot hold the size\n"                                               \
	  "STATUS_RESOURCE_IN_USE       explicit range taken (ours)\n"                                                     \
	  "STATUS_NOT_SUPPORTED         the allocator has no explicit placement\n"                                         \
	  "STATUS_NO_MEMORY             no room now\n")                                                                    \
	X(FREE_RANGE, "IOMMU_FREE_RESERVED_LOGICAL_ADDRESS_RANGE", T(OF) | ANSWER, T(OF), 0,                               \
	  "gives a reserved range back by its token", HANDLE_RULES "STATUS_RESOURCE_IN_USE     a segment is mapped\n")     \
	X(MAP_RANGE, "IOMMU_MAP_RESERVED_LOGICAL_RANGE",                                                                   \
	  T(INTO) | T(OF) | T(OFFSET) | T(SIZE) | T(ADDRESS) | T(FLAGS) | ANSWER, T(OF) | T(SIZE) | T(ADDRESS),            \
	  TRAIT(PERMISSIONS), "maps a segment of a token to physical memory; gives the segment",                           \
	  "STATUS_INVALID_PARAMETER_2 offset no page multiple\n"                                                           \
	  "STATUS_INVALID_PARAMETER_3 reserved permission bits (ours)\n"                                                   \
	  "STATUS_INVALID_PARAMETER_4 address or size no page multiple, size 0, end beyond 2^64\n"                         \
	  "STATUS_INVALID_PARAMETER   not inside the range (ours)\n"                                                       \
	  "STATUS_RESOURCE_IN_USE     part of it is mapped\n" HANDLE_RULES)                                                \
	X(UNMAP_RANGE, "IOMMU_UNMAP_RESERVED_LOGICAL_RANGE", T(OF) | ANSWER, T(OF), 0, "unmaps a segment",                 \
	  "STATUS_INVALID_PARAMETER   no mapped segment\n")

/* The fields of struct ddi_violations: rules that a call breaks without a status. Name, field. */
#define WORKLOAD_VIOLATIONS(X)                                                                                             \
	X(UNMAP_MDL, unmap_mdl)                                                                                            \
	X(FREE_ADL, free_adl)                                                                                              \
	X(CLOSE_OBJECT, close_object)                                                                                      \
	X(DESTROY_OBJECT, destroy_object)                                                                                  \
	X(MM_NOT_AT_BASE, mm_not_at_base)                                                                                  \
	X(MM_MISMATCHED, mm_mismatched)                                                                                    \
	X(MDL_FREE_PAGES, mdl_free_pages)                                                                                  \
	X(MDL_FREED_WHILE_MAPPED, mdl_freed_while_mapped)                                                                  \
	X(MDL_FREE_POOL, mdl_free_pool)                                                                                    \
	X(IRQL, irql)

#endif
