// SPDX-License-Identifier: Apache-2.0
//
// Checks of what a spec says of GPUs: how many, what Cycles computes with, and that nobody makes them visible by himself.
//
// Thread: any; pure functions.
#pragma once

#include "api/validate.h"

namespace offstage::api {

Status validate_gpus(const v1::JobSpec& spec, const Where& where);

}  // namespace offstage::api
