/* SPDX-License-Identifier: MIT
 * The versions that tables of misuse are held against. */
#ifndef UNIT_DDI_DXGKRNL_VERSIONS_H
#define UNIT_DDI_DXGKRNL_VERSIONS_H

#include "iovabench/dxgkrnl.h"

static const uint32_t dxgkrnl_versions[] = {DXGKDDI_INTERFACE_VERSION_WDDM2_4, DXGKDDI_INTERFACE_VERSION_WDDM2_7,
					    DXGKDDI_INTERFACE_VERSION_WDDM3_0, DXGKDDI_INTERFACE_VERSION_WDDM3_1,
					    DXGKDDI_INTERFACE_VERSION_WDDM3_2};
#define DXGKRNL_VERSIONS (sizeof dxgkrnl_versions / sizeof dxgkrnl_versions[0])

#endif
