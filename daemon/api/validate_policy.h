// SPDX-License-Identifier: Apache-2.0
//
// Checks of a spec's resources and policy: sizes, durations, retries.
//
// Thread: any; pure functions.
#pragma once

#include "api/validate.h"

namespace offstage::api {

Status validate_resources(const v1::Resources& resources, const Where& where);
Status validate_policy(const v1::Policy& policy, const Where& where);

}  // namespace offstage::api
