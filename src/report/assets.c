/* SPDX-License-Identifier: MIT */
#include "report/assets.h"

#include "base/asset.h"

ASSET("report_asset_script", "src/report/report.js");
ASSET("report_asset_style", "src/report/report.css");
