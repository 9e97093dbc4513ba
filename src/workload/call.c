/* SPDX-License-Identifier: MIT */
#include "workload/call.h"

const struct yaml_word workload_call_words[] = {{"extent", WORKLOAD_CALL_EXTENT},
						{"contiguous", WORKLOAD_CALL_CONTIGUOUS},
						{"mdl", WORKLOAD_CALL_MDL},
						{"adl", WORKLOAD_CALL_ADL},
						{"map", WORKLOAD_CALL_MAP},
						{"mm_contiguous", WORKLOAD_CALL_MM_CONTIGUOUS},
						{"mm_mdl", WORKLOAD_CALL_MM_MDL},
						{"reserve", WORKLOAD_CALL_RESERVE},
						{NULL, 0}};
const struct yaml_word workload_contiguous_words[] = {
	{"no", DDI_CONTIGUITY_NO}, {"prefer", DDI_CONTIGUITY_PREFER}, {"require", DDI_CONTIGUITY_REQUIRE}, {NULL, 0}};
const struct yaml_word workload_cache_words[] = {
	{"non_cached", DDI_NON_CACHED}, {"cached", DDI_CACHED}, {"write_combined", DDI_WRITE_COMBINED}, {NULL, 0}};
const struct yaml_word workload_irql_words[] = {
	{"passive", DDI_PASSIVE_LEVEL}, {"apc", DDI_APC_LEVEL}, {"dispatch", DDI_DISPATCH_LEVEL}, {NULL, 0}};
const struct yaml_word workload_object_words[] = {{"mdl", DDI_MEMORY_MDL},
						  {"contiguous", DDI_MEMORY_CONTIGUOUS},
						  {"section", DDI_MEMORY_SECTION},
						  {"io_space", DDI_MEMORY_IO_SPACE},
						  {NULL, 0}};
const struct yaml_word workload_wddm_words[] = {
	{"2.4", DDI_WDDM_2_4}, {"3.0", DDI_WDDM_3_0}, {"3.2", DDI_WDDM_3_2}, {NULL, 0}};
#define FRAME_FLAGS                                                                                                        \
	{"DONT_ZERO", DDI_MM_DONT_ZERO}, {"LOCAL_NODE_ONLY", DDI_MM_LOCAL_NODE_ONLY},                                      \
		{"FULLY_REQUIRED", DDI_MM_FULLY_REQUIRED}, {"NO_WAIT", DDI_MM_NO_WAIT},                                    \
		{"PREFER_CONTIGUOUS", DDI_MM_PREFER_CONTIGUOUS},                                                           \
		{"REQUIRE_CONTIGUOUS_CHUNKS", DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS},                                           \
	{                                                                                                                  \
		"FAST_LARGE_PAGES", DDI_MM_FAST_LARGE_PAGES                                                                \
	}
#define PERMISSIONS                                                                                                        \
	{"READ", DDI_PERMISSION_READ},                                                                                     \
	{                                                                                                                  \
		"WRITE", DDI_PERMISSION_WRITE                                                                              \
	}
const struct yaml_word workload_mm_flag_words[] = {FRAME_FLAGS, {NULL, 0}};
const struct yaml_word workload_permission_words[] = {PERMISSIONS, {NULL, 0}};
const struct yaml_word workload_flag_words[] = {FRAME_FLAGS, PERMISSIONS, {NULL, 0}};
#define VIOLATION(field)                                                                                                   \
	{                                                                                                                  \
#field, 1 + offsetof(struct ddi_violations, field) / sizeof(uint64_t)                                      \
	}
const struct yaml_word workload_violation_words[] = {{"any", WORKLOAD_ANY},
						     {"none", 0},
						     VIOLATION(unmap_mdl),
						     VIOLATION(free_adl),
						     VIOLATION(close_object),
						     VIOLATION(destroy_object),
						     VIOLATION(mm_not_at_base),
						     VIOLATION(mm_mismatched),
						     VIOLATION(mdl_free_pages),
						     VIOLATION(mdl_freed_while_mapped),
						     VIOLATION(mdl_free_pool),
						     VIOLATION(irql),
						     {NULL, 0}};

const struct workload_argument_info workload_argument_table[WORKLOAD_ARGUMENT_COUNT] = {
	[WORKLOAD_ARGUMENT_INTO] = {"into",
				    "name of an object that keeps what the call gives; two in a list where it gives two"},
	[WORKLOAD_ARGUMENT_OF] = {"of", "object that an earlier call filled, or a number in its stead (0, 0x123); freeing "
					"leaves the name with its stale value"},
	[WORKLOAD_ARGUMENT_SIZE] = {"size", "bytes; in a request a distribution of whole pages"},
	[WORKLOAD_ARGUMENT_LOW] = {"low", "lowest address, bytes; default none"},
	[WORKLOAD_ARGUMENT_HIGH] = {"high", "highest address, bytes, inclusive; default none"},
	[WORKLOAD_ARGUMENT_BOUNDARY] = {"boundary", "bytes, a power of two that is never crossed; 0 = none (default)"},
	[WORKLOAD_ARGUMENT_ALIGN] = {"align", "none, natural, a size or {natural_up_to: size} (ours)"},
	[WORKLOAD_ARGUMENT_SKIP] = {"skip",
				    "SkipBytes: step between windows, or size of a chunk; page multiple, default 0"},
	[WORKLOAD_ARGUMENT_OFFSET] = {"offset", "bytes from the start of what `of` names; default 0"},
	[WORKLOAD_ARGUMENT_ADDRESS] = {"address", "physical or explicit logical address, bytes"},
	[WORKLOAD_ARGUMENT_TYPE] = {"type", "mdl | contiguous | section | io_space"},
	[WORKLOAD_ARGUMENT_CONTIGUOUS] = {"contiguous", "require | prefer | no: how far one logical extent is asked for"},
	[WORKLOAD_ARGUMENT_CACHE] = {"cache",
				     "non_cached | cached | write_combined (default cached); carried, moves nothing"},
	[WORKLOAD_ARGUMENT_FLAGS] = {"flags", "words in a list, or a number like 0x24"},
	[WORKLOAD_ARGUMENT_NODE] = {"node", "preferred NUMA node; default any"},
	[WORKLOAD_ARGUMENT_IO_SPACE] = {"io_space", "yes: I/O ports and no memory; default no"},
	[WORKLOAD_ARGUMENT_USER] = {"user", "yes: mapped for a user-mode driver; default no"},
	[WORKLOAD_ARGUMENT_IRQL] = {"irql", "passive | apc | dispatch; default passive"},
	[WORKLOAD_ARGUMENT_STATUS] =
		{"status",
		 "what the call must answer, or any; default STATUS_SUCCESS; another answer is a missed expectation"},
	[WORKLOAD_ARGUMENT_VIOLATION] = {"violation",
					 "the rule that the call must be counted as breaking, or any; default none"},
	[WORKLOAD_ARGUMENT_OPEN] = {"open", "yes: the object is opened on the adapter at once; default no"},
};

#define T(argument) WORKLOAD_TAKES(argument)
#define WINDOW (T(LOW) | T(HIGH))

#define HANDLE_RULES                                                                                                       \
	"STATUS_INVALID_HANDLE      never given, or freed before (ours)\n"                                                 \
	"STATUS_OBJECT_TYPE_MISMATCH another call gave the handle (ours)\n"
#define ROOM_RULES                                                                                                         \
	"STATUS_NO_MEMORY           no room now: exhausted or fragmented\n"                                                \
	"STATUS_NOT_SUPPORTED       the allocator cannot follow a limit, boundary or alignment (ours)\n"
#define LEAK(state, subcode)                                                                                               \
	"fatal                      still " state " after the last operation: bug check 0x1E4, subcode " subcode           \
	", exit code 3\n"
#define MDL_RULES                                                                                                          \
	"STATUS_INVALID_PARAMETER   size 0, more than 4 GiB - one page, low > high, skip no page multiple, unknown "       \
	"flags,\n"                                                                                                         \
	"                           chunks that are no power of two or do not divide the size; or impossible\n"

const struct workload_call_info workload_call_table[WORKLOAD_CALL_COUNT] = {
	[WORKLOAD_CALL_EXTENT] = {.name = "extent",
				  .takes = T(SIZE) | WINDOW | T(BOUNDARY) | T(ALIGN),
				  .required = T(SIZE),
				  .about = "the bare allocator, without handles or driver rules",
				  .rules = "alloc and free of the allocator's table; a failure is an empty slot\n"},
	[WORKLOAD_CALL_CONTIGUOUS] = {.name = "contiguous",
				      .takes = T(SIZE) | WINDOW | T(BOUNDARY) | T(ALIGN) | T(CACHE) | T(IRQL),
				      .required = T(SIZE),
				      .about = "DxgkCbAllocateContiguousMemory and DxgkCbFreeContiguousMemory: one extent",
				      .rules = "STATUS_INVALID_PARAMETER   impossible: window, boundary and alignment "
					       "leave no place\n" ROOM_RULES},
	[WORKLOAD_CALL_MDL] =
		{.name = "mdl",
		 .takes = T(SIZE) | WINDOW | T(ALIGN) | T(SKIP) | T(CONTIGUOUS) | T(CACHE) | T(FLAGS) | T(IRQL),
		 .required = T(SIZE),
		 .about = "DxgkCbAllocatePagesForMdl and DxgkCbFreePagesFromMdl: scattered frames, mapped",
		 .rules = "contiguous: prefer (default) tries one extent and then pieces; require takes one or none;\n"
			  "no maps every run of frames alone (all ours)\n" MDL_RULES ROOM_RULES},
	[WORKLOAD_CALL_ADL] =
		{.name = "adl",
		 .takes = T(SIZE) | WINDOW | T(BOUNDARY) | T(ALIGN) | T(SKIP) | T(TYPE) | T(CONTIGUOUS) | T(CACHE) |
			  T(FLAGS) | T(ADDRESS) | T(IRQL),
		 .required = T(SIZE),
		 .about = "a physical memory object and an ADL over all of it; freed in reverse order",
		 .rules =
			 "type: contiguous when contiguous: require, else mdl\n"
			 "contiguous: require needs an object of type contiguous or io_space; prefer is a hint that saves\n"
			 "the page array; no (default) takes pieces as well\n" ROOM_RULES},
	[WORKLOAD_CALL_MAP] =
		{.name = "map",
		 .takes = T(SIZE) | T(ADDRESS) | T(CACHE) | T(IO_SPACE) | T(USER) | T(IRQL),
		 .required = T(SIZE),
		 .about = "DxgkCbMapMemory and DxgkCbUnmapMemory: device memory in the CPU's address space",
		 .rules = "the second space of the adapter, of the same size and under the same allocator; nothing of the\n"
			  "logical space is taken\n"
			  "address: where the BAR begins (default 0)\n"
			  "violation irql             from another level than passive\n" ROOM_RULES},
	[WORKLOAD_CALL_MM_CONTIGUOUS] =
		{.name = "mm_contiguous",
		 .takes = T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | T(NODE) | T(IRQL),
		 .required = T(SIZE),
		 .about = "MmAllocateContiguousMemorySpecifyCacheNode and MmFreeContiguousMemory: one run of physical "
			  "frames",
		 .rules = "low, high and boundary are physical addresses; no logical address is taken (ours)\n"
			  "a failure is NULL: the routine has no status\n"},
	[WORKLOAD_CALL_MM_MDL] =
		{.name = "mm_mdl",
		 .takes = T(SIZE) | WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | T(NODE) | T(IRQL),
		 .required = T(SIZE),
		 .about = "MmAllocateNodePagesForMdlEx, MmFreePagesFromMdl and ExFreePool: scattered frames",
		 .rules = "may give fewer pages than asked for (calls.partial) unless FULLY_REQUIRED\n"
			  "low, high and skip are physical; no logical address is taken (ours)\n"},
	[WORKLOAD_CALL_RESERVE] = {.name = "reserve",
				   .takes = T(SIZE) | WINDOW | T(ALIGN) | T(IRQL),
				   .required = T(SIZE),
				   .about =
					   "a reserved logical range of the HAL, mapped as one segment; unmapped and freed",
				   .rules = "STATUS_INVALID_PARAMETER_MIX low and high cannot hold the size\n" ROOM_RULES},
};

/* A routine without a result answers no status: only what it was counted as. */
#define VOID (T(VIOLATION) | T(IRQL))
#define ANSWER (T(STATUS) | VOID)

const struct workload_call_info workload_routine_table[WORKLOAD_ROUTINE_COUNT] = {
	[WORKLOAD_ALLOCATE_CONTIGUOUS] = {.name = "DxgkCbAllocateContiguousMemory",
					  .takes = T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | ANSWER,
					  .required = T(SIZE),
					  .about = "one extent of the logical space; gives hMemoryHandle",
					  .rules = "STATUS_INVALID_PARAMETER   size 0, boundary no power of two, low > "
						   "high; or impossible\n" ROOM_RULES},
	[WORKLOAD_FREE_CONTIGUOUS] = {.name = "DxgkCbFreeContiguousMemory",
				      .takes = T(OF) | ANSWER,
				      .required = T(OF),
				      .about = "frees by hMemoryHandle",
				      .rules = HANDLE_RULES},
	[WORKLOAD_ALLOCATE_PAGES_FOR_MDL] =
		{.name = "DxgkCbAllocatePagesForMdl",
		 .takes = T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CONTIGUOUS) | T(CACHE) | T(FLAGS) | ANSWER,
		 .required = T(SIZE),
		 .about = "pages, an MDL of them and their mapping; gives [hMemoryHandle, pMdl]",
		 .rules = "never partial\n" MDL_RULES ROOM_RULES
			  "STATUS_RESOURCE_IN_USE     identity: the space refuses the address of a frame (ours)\n"},
	[WORKLOAD_FREE_PAGES_FROM_MDL] = {.name = "DxgkCbFreePagesFromMdl",
					  .takes = T(OF) | ANSWER,
					  .required = T(OF),
					  .about = "frees pages, mapping and MDL by hMemoryHandle",
					  .rules = HANDLE_RULES
					  "STATUS_RESOURCE_IN_USE     the MDL is mapped a second time (ours)\n"},
	[WORKLOAD_MAP_MDL] =
		{.name = "DxgkCbMapMdlToIoMmu",
		 .takes = T(INTO) | T(OF) | WINDOW | T(CONTIGUOUS) | ANSWER,
		 .required = T(OF),
		 .about = "logical extents for the pages of an MDL, which must outlive the map; gives hMemoryHandle",
		 .rules = HANDLE_RULES ROOM_RULES},
	[WORKLOAD_UNMAP_MDL] = {.name = "DxgkCbUnmapMdlFromIoMmu",
				.takes = T(OF) | VOID,
				.required = T(OF),
				.is_void = true,
				.about = "ends such a map by its hMemoryHandle",
				.rules = "violation unmap_mdl         it is no live map\n"},
	[WORKLOAD_MAP_MEMORY] =
		{.name = "DxgkCbMapMemory",
		 .takes = T(INTO) | T(ADDRESS) | T(SIZE) | T(IO_SPACE) | T(USER) | T(CACHE) | ANSWER,
		 .required = T(ADDRESS) | T(SIZE),
		 .about = "device addresses into the CPU's address space; gives VirtualAddress",
		 .rules = "violation irql             from another level than passive\n"
			  "STATUS_INVALID_PARAMETER   size 0, or the end beyond 2^64; or impossible\n" ROOM_RULES},
	[WORKLOAD_UNMAP_MEMORY] = {.name = "DxgkCbUnmapMemory",
				   .takes = T(OF) | T(OFFSET) | ANSWER,
				   .required = T(OF),
				   .about = "takes the VirtualAddress that mapping gave; offset is added to it",
				   .rules = "violation irql             from another level than passive\n"
					    "STATUS_NOT_MAPPED_VIEW     no view begins there (ours)\n"},
	[WORKLOAD_MM_ALLOCATE_CONTIGUOUS] =
		{.name = "MmAllocateContiguousMemory",
		 .takes = T(INTO) | T(SIZE) | T(HIGH) | ANSWER,
		 .required = T(SIZE),
		 .about = "a run of frames below a physical address; gives its base",
		 .rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_ALLOCATE_CONTIGUOUS_CACHE] =
		{.name = "MmAllocateContiguousMemorySpecifyCache",
		 .takes = T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | ANSWER,
		 .required = T(SIZE),
		 .about = "the same between two addresses, not across a boundary; gives its base",
		 .rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_ALLOCATE_CONTIGUOUS_NODE] =
		{.name = "MmAllocateContiguousMemorySpecifyCacheNode",
		 .takes = T(INTO) | T(SIZE) | WINDOW | T(BOUNDARY) | T(CACHE) | T(NODE) | ANSWER,
		 .required = T(SIZE),
		 .about = "the same, from a node when it can; gives its base",
		 .rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_FREE_CONTIGUOUS] =
		{.name = "MmFreeContiguousMemory",
		 .takes = T(OF) | T(OFFSET) | VOID,
		 .required = T(OF),
		 .is_void = true,
		 .about = "frees a block of any of the three routines by its base; offset is added to it",
		 .rules = "violation mm_not_at_base     no block begins there, or it was freed (ours: "
			  "STATUS_FREE_VM_NOT_AT_BASE)\n"},
	[WORKLOAD_MM_FREE_CONTIGUOUS_CACHE] =
		{.name = "MmFreeContiguousMemorySpecifyCache",
		 .takes = T(OF) | T(OFFSET) | T(SIZE) |
			  T(CACHE) | VOID,
		 .required = T(OF) | T(SIZE),
		 .is_void = true,
		 .about = "frees a block of the two SpecifyCache routines; size and cache must be those of its allocation",
		 .rules = "violation mm_not_at_base     no block begins there, or it was freed (ours: "
			  "STATUS_FREE_VM_NOT_AT_BASE)\n"
			  "violation mm_mismatched      size or cache is another, or MmAllocateContiguousMemory gave the "
			  "block\n"},
	[WORKLOAD_MM_ALLOCATE_PAGES] = {.name = "MmAllocatePagesForMdl",
					.takes = T(INTO) | T(SIZE) | WINDOW | T(SKIP) | ANSWER,
					.required = T(SIZE),
					.about = "frames, perhaps fewer than asked for; gives Mdl",
					.rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_ALLOCATE_PAGES_EX] = {.name = "MmAllocatePagesForMdlEx",
					   .takes = T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | ANSWER,
					   .required = T(SIZE),
					   .about = "the same with cache type and flags; gives Mdl",
					   .rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_ALLOCATE_NODE_PAGES] =
		{.name = "MmAllocateNodePagesForMdlEx",
		 .takes = T(INTO) | T(SIZE) | WINDOW | T(SKIP) | T(CACHE) | T(FLAGS) | T(NODE) | ANSWER,
		 .required = T(SIZE),
		 .about = "the same from a node when it can; gives Mdl",
		 .rules = "answers NULL for every failure: written as STATUS_NO_MEMORY (ours)\n"},
	[WORKLOAD_MM_FREE_PAGES] = {.name = "MmFreePagesFromMdl",
				    .takes = T(OF) | VOID,
				    .required = T(OF),
				    .is_void = true,
				    .about = "gives the frames back; the MDL stays until ExFreePool",
				    .rules = "violation mdl_free_pages     no MDL of the Mm routines, or twice\n"
					     "violation mdl_freed_while_mapped the IOMMU still maps it\n"},
	[WORKLOAD_EX_FREE_POOL] =
		{.name = "ExFreePool",
		 .takes = T(OF) | VOID,
		 .required = T(OF),
		 .is_void = true,
		 .about = "releases an MDL of the Mm routines",
		 .rules = "violation mdl_free_pool      no such MDL, twice, or before MmFreePagesFromMdl\n"},
	[WORKLOAD_CREATE_OBJECT] =
		{.name = "DxgkCbCreatePhysicalMemoryObject",
		 .takes = T(INTO) | T(TYPE) | T(SIZE) | WINDOW | T(BOUNDARY) | T(SKIP) | T(FLAGS) | T(ADDRESS) | T(OPEN) |
			  T(CACHE) | ANSWER,
		 .required = T(TYPE) | T(SIZE),
		 .about = "frames without logical addresses; gives [hPhysicalMemoryObject, hAdapterMemoryObject], "
			  "the second with open: yes",
		 .rules = LEAK("open", "0x6") "STATUS_INVALID_PARAMETER   size 0, and the rules of the type\n"
					      "STATUS_NOT_SUPPORTED       type section (ours: not modelled)\n"
					      "STATUS_NO_MEMORY           no frames\n"},
	[WORKLOAD_DESTROY_OBJECT] =
		{.name = "DxgkCbDestroyPhysicalMemoryObject",
		 .takes = T(OF) | VOID,
		 .required = T(OF),
		 .is_void = true,
		 .about = "ends an object: [hPhysicalMemoryObject, hAdapterMemoryObject], the second when it is open",
		 .rules = "violation destroy_object     no live object, or it would stay open\n"
			  "fatal                        a live ADL stands on it: bug check 0x1E4, subcode 0x5 (the subcode "
			  "is ours);\n"
			  "                             the arm stops, exit code 3\n"},
	[WORKLOAD_OPEN_OBJECT] = {.name = "DxgkCbOpenPhysicalMemoryObject",
				  .takes = T(INTO) | T(OF) | ANSWER,
				  .required = T(OF),
				  .about = "opens an object on the adapter; gives hAdapterMemoryObject",
				  .rules = HANDLE_RULES
				  "STATUS_RESOURCE_IN_USE     it is open already (ours)\n" LEAK("open", "0x6")},
	[WORKLOAD_CLOSE_OBJECT] = {.name = "DxgkCbClosePhysicalMemoryObject",
				   .takes = T(OF) | VOID,
				   .required = T(OF),
				   .is_void = true,
				   .about = "closes hAdapterMemoryObject",
				   .rules = "violation close_object       no open object, or one with a live ADL (ours)\n"},
	[WORKLOAD_ALLOCATE_ADL] =
		{.name = "DxgkCbAllocateAdl",
		 .takes = T(INTO) | T(OF) |
			  T(OFFSET) | T(SIZE) | T(CONTIGUOUS) | T(FLAGS) | ANSWER,
		 .required = T(OF) | T(SIZE),
		 .about = "a logical range for part of an open object; gives the ADL",
		 .rules = "STATUS_INVALID_PARAMETER   offset or size no page multiple, empty or outside, reserved flags,\n"
			  "                           contiguous: require on an MDL object\n" HANDLE_RULES ROOM_RULES LEAK(
				  "live", "0x7")},
	[WORKLOAD_FREE_ADL] = {.name = "DxgkCbFreeAdl",
			       .takes = T(OF) | VOID,
			       .required = T(OF),
			       .is_void = true,
			       .about = "gives the logical range of an ADL back",
			       .rules = "violation free_adl           no live ADL\n"},
	[WORKLOAD_RESERVE_RANGE] = {.name = "IOMMU_RESERVE_LOGICAL_ADDRESS_RANGE",
				    .takes = T(INTO) | T(SIZE) | WINDOW | T(ADDRESS) | ANSWER,
				    .required = T(SIZE),
				    .about = "one logical range with its page tables; gives a token",
				    .rules = "STATUS_INVALID_PARAMETER_2   size 0 (ours) or no page multiple\n"
					     "STATUS_INVALID_PARAMETER_3   explicit address no page multiple\n"
					     "STATUS_INVALID_PARAMETER_MIX low and high cannot hold the size\n"
					     "STATUS_RESOURCE_IN_USE       explicit range taken (ours)\n"
					     "STATUS_NOT_SUPPORTED         the allocator has no explicit placement\n"
					     "STATUS_NO_MEMORY             no room now\n"},
	[WORKLOAD_FREE_RANGE] = {.name = "IOMMU_FREE_RESERVED_LOGICAL_ADDRESS_RANGE",
				 .takes = T(OF) | ANSWER,
				 .required = T(OF),
				 .about = "gives a reserved range back by its token",
				 .rules = HANDLE_RULES "STATUS_RESOURCE_IN_USE     a segment is mapped\n"},
	[WORKLOAD_MAP_RANGE] =
		{.name = "IOMMU_MAP_RESERVED_LOGICAL_RANGE",
		 .takes = T(INTO) | T(OF) | T(OFFSET) | T(SIZE) | T(ADDRESS) | T(FLAGS) | ANSWER,
		 .required = T(OF) | T(SIZE) | T(ADDRESS),
		 .about = "maps a segment of a token to physical memory; gives the segment",
		 .rules = "STATUS_INVALID_PARAMETER_2 offset no page multiple\n"
			  "STATUS_INVALID_PARAMETER_3 reserved permission bits (ours)\n"
			  "STATUS_INVALID_PARAMETER_4 address or size no page multiple, size 0, end beyond 2^64\n"
			  "STATUS_INVALID_PARAMETER   not inside the range (ours)\n"
			  "STATUS_RESOURCE_IN_USE     part of it is mapped\n" HANDLE_RULES},
	[WORKLOAD_UNMAP_RANGE] = {.name = "IOMMU_UNMAP_RESERVED_LOGICAL_RANGE",
				  .takes = T(OF) | ANSWER,
				  .required = T(OF),
				  .about = "unmaps a segment",
				  .rules = "STATUS_INVALID_PARAMETER   no mapped segment\n"},
};

#define STATUS(name)                                                                                                       \
	{                                                                                                                  \
		"STATUS_" #name, NTSTATUS_##name                                                                           \
	}
const struct yaml_word workload_status_words[] = {{"any", WORKLOAD_ANY},         STATUS(SUCCESS),
						  STATUS(UNSUCCESSFUL),          STATUS(INVALID_HANDLE),
						  STATUS(INVALID_PARAMETER),     STATUS(NO_MEMORY),
						  STATUS(NOT_MAPPED_VIEW),       STATUS(OBJECT_TYPE_MISMATCH),
						  STATUS(INVALID_PARAMETER_MIX), STATUS(INSUFFICIENT_RESOURCES),
						  STATUS(FREE_VM_NOT_AT_BASE),   STATUS(NOT_SUPPORTED),
						  STATUS(INVALID_PARAMETER_1),   STATUS(INVALID_PARAMETER_2),
						  STATUS(INVALID_PARAMETER_3),   STATUS(INVALID_PARAMETER_4),
						  STATUS(RESOURCE_IN_USE),       {NULL, 0}};
