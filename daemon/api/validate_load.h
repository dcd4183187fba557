// SPDX-License-Identifier: Apache-2.0
//
// The form of what a Blender is to load: paths, names of modules, preferences of add-ons. Whether the files are there: environment_load.h.
//
// Thread: any; pure functions.
#pragma once

#include "api/validate.h"

namespace offstage::api {

/// Errors: BAD_PATH, BAD_ADDON, TOO_MANY_PATHS.
Status validate_load(const v1::Environment& environment, const Where& where);

}  // namespace offstage::api
