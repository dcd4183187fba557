// SPDX-License-Identifier: Apache-2.0
//
// Checks of a spec's environment: the selector's form, isolation, variables.
//
// Thread: any; pure functions.
#pragma once

#include "api/validate.h"

namespace offstage::api {

Status validate_environment(const v1::Environment& environment, const Where& where);

}  // namespace offstage::api
