// SPDX-License-Identifier: Apache-2.0
//
// What a Blender has loaded before it has a scene: preferences, Python paths, script folders, asset
// libraries, add-ons; and the command that it is started under, and how many GPUs it is to find. Part of a worker's kind, as canonical text.
//
// The text has a mark of the files as they are now, so that an add-on that is edited between two submits gets a Blender of its own and never an older one
// that is warm.
//
// Thread: any but the core strand; reads folders.
#pragma once

#include <string>

#include "api/validate.h"

namespace offstage::api {

/// True if load_of() reads files.
bool loads(const v1::Environment& environment);

/// "" if nothing is loaded. Of a validated environment, for a job with so many GPUs. Errors: LOAD_NOT_FOUND, LOAD_UNREADABLE, ADDON_VERSION, WRAPPER_NOT_FOUND.
Result<std::string> load_of(const v1::Environment& environment, unsigned gpus, const Where& where);

}  // namespace offstage::api
