/* SPDX-License-Identifier: MIT */
#include "iovabench/ddi.h"

const char *ntstatus_name(enum ntstatus status)
{
	switch (status) {
#define NAME(status)                                                                                                       \
	case NTSTATUS_##status:                                                                                            \
		return "STATUS_" #status;
		NTSTATUS_NAMES(NAME)
	}
	return "STATUS_UNKNOWN";
}
