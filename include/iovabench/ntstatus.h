/* SPDX-License-Identifier: MIT
 *
 * The status codes that the driver calls of ddi.h return, with their documented numbers.
 *
 * This header stands on its own, in C11 and in C++11.
 */
#ifndef IOVABENCH_NTSTATUS_H
#define IOVABENCH_NTSTATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An NT status is a signed 32-bit number whose documented form is unsigned hexadecimal. The documentation says STATUS_ for
 * NTSTATUS_. */
#define NTSTATUS_OF(code) ((int32_t)(code))

enum ntstatus {
	NTSTATUS_SUCCESS = 0,
	NTSTATUS_UNSUCCESSFUL = NTSTATUS_OF(0xC0000001),      /* the adapter met something fatal before (ours) */
	NTSTATUS_INVALID_HANDLE = NTSTATUS_OF(0xC0000008),    /* never given, or freed since */
	NTSTATUS_INVALID_PARAMETER = NTSTATUS_OF(0xC000000D), /* malformed, or well formed but impossible: ddi_failures */
	NTSTATUS_NO_MEMORY = NTSTATUS_OF(0xC0000017),         /* no room in the space: exhausted or fragmented */
	NTSTATUS_NOT_MAPPED_VIEW = NTSTATUS_OF(0xC0000019),   /* unmap of what is not mapped */
	NTSTATUS_OBJECT_TYPE_MISMATCH = NTSTATUS_OF(0xC0000024),  /* a live handle that another call gave */
	NTSTATUS_INVALID_PARAMETER_MIX = NTSTATUS_OF(0xC0000030), /* least and greatest address cannot hold the size */
	NTSTATUS_INSUFFICIENT_RESOURCES =
		NTSTATUS_OF(0xC000009A), /* no memory for the model or the allocator's metadata (ours, but of HAL calls) */
	NTSTATUS_FREE_VM_NOT_AT_BASE = NTSTATUS_OF(0xC000009F), /* counted as violations.mm_not_at_base */
	NTSTATUS_NOT_SUPPORTED =
		NTSTATUS_OF(0xC00000BB), /* the allocator lacks the capability that the request needs (ours) */
	NTSTATUS_INVALID_PARAMETER_1 = NTSTATUS_OF(0xC00000EF),
	NTSTATUS_INVALID_PARAMETER_2 = NTSTATUS_OF(0xC00000F0),
	NTSTATUS_INVALID_PARAMETER_3 = NTSTATUS_OF(0xC00000F1),
	NTSTATUS_INVALID_PARAMETER_4 = NTSTATUS_OF(0xC00000F2),
	NTSTATUS_RESOURCE_IN_USE = NTSTATUS_OF(0xC0000708),
};

/* All of them, without NTSTATUS_. */
#define NTSTATUS_NAMES(X)                                                                                                  \
	X(SUCCESS)                                                                                                         \
	X(UNSUCCESSFUL)                                                                                                    \
	X(INVALID_HANDLE)                                                                                                  \
	X(INVALID_PARAMETER)                                                                                               \
	X(NO_MEMORY)                                                                                                       \
	X(NOT_MAPPED_VIEW)                                                                                                 \
	X(OBJECT_TYPE_MISMATCH)                                                                                            \
	X(INVALID_PARAMETER_MIX)                                                                                           \
	X(INSUFFICIENT_RESOURCES)                                                                                          \
	X(FREE_VM_NOT_AT_BASE)                                                                                             \
	X(NOT_SUPPORTED)                                                                                                   \
	X(INVALID_PARAMETER_1)                                                                                             \
	X(INVALID_PARAMETER_2)                                                                                             \
	X(INVALID_PARAMETER_3)                                                                                             \
	X(INVALID_PARAMETER_4)                                                                                             \
	X(RESOURCE_IN_USE)

/* "STATUS_INVALID_HANDLE" and so on, as documented; "STATUS_UNKNOWN" for a number that is not above. */
const char *ntstatus_name(enum ntstatus status);

#ifdef __cplusplus
}
#endif

#endif
